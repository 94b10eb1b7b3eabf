"""The matrix of a heritability model as a file: SNP, and a_kj of each category, for per-SNP heritabilities.

E[h2_j] = sum_k tau_k a_kj for every reference SNP, whether it is a regression SNP or not (LDAK's ``.matrix``).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from ldscores.building.build import ChromosomeColumns, family_name
from ldscores.shared import tables
from ldscores.shared.arrow_arrays import as_arrow

#: Ending of these files; `sumh2 h2 --print-snp-h2` finds them beside ``<out>.tagging.parquet``.
MATRIX_SUFFIX = ".matrix.parquet"


def matrix_tables(prepared: ChromosomeColumns) -> dict[str, pa.Table]:
    """SNP, CHR, BP and the columns of each family of models, on the polymorphic SNPs of a chromosome."""
    panel = prepared.panel
    if panel is None:  # LDAK counts SNPs that do not vary; their values are zero and they have no line
        snps = {"SNP": pa.array([], pa.string()), "CHR": pa.array([], pa.string()), "BP": pa.array([], pa.int64())}
    else:
        snps = {"SNP": panel.snp, "CHR": panel.chrom, "BP": as_arrow(panel.bp)}
    named: dict[str, dict[str, pa.Array]] = {}
    for columns in prepared.columns:
        family = family_name(columns.model)
        ending = f"[{columns.model.power:g}]" if "(" in columns.model.name else ""
        start = dict(snps)
        values = {f"{name}{ending}": as_arrow(columns.values[:, place]) for place, name in enumerate(columns.names)}
        named.setdefault(family, start).update(values)
    return {family: pa.table(columns) for family, columns in named.items()}


def write_matrix(path: Path, parts: Sequence[Path]) -> Path:
    """One file of those of the chromosomes, in this order; memory holds one chromosome."""

    def read() -> Iterator[pa.Table]:
        for part in parts:
            yield tables.read_parquet(part)[0]

    tables.write_parquet(path, read(), {"format": "ldscores matrix", "format_version": 1}, ["CHR"])
    return path


def write_matrix_part(path: Path, table: pa.Table) -> None:
    """The part of one chromosome; an infinite or missing value would be a bug of the model."""
    if not all(np.isfinite(table[name].to_numpy()).all() for name in table.column_names[3:]):
        raise ValueError(f"{path}: the matrix of the model is not finite")
    tables.write_parquet(path, table, {}, ["CHR"])
