"""Files of per-SNP heritabilities, and of the matrices they come from."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa

from ldscores.shared.arrow_arrays import as_numpy
from ldscores.shared.errors import InputError
from ldscores.shared.outputs import written_together, written_whole
from ldscores.shared.streams import is_parquet
from ldscores.shared.tables import read_header, read_parquet, read_table, write_parquet
from ldscores.taggings.tagging import Tagging
from sumh2.sumher.snp_heritabilities import CategoryMatrix, SnpHeritabilities, table_with_alleles

#: Ending of our own files of a model's matrix, beside the tagging.
MATRIX_SUFFIX = ".matrix.parquet"

#: Columns of a matrix in Parquet that are no categories.
_NOT_CATEGORIES = ("SNP", "CHR", "BP", "CM", "A1", "A2", "MAF")

_LINES_AT_A_TIME = 100_000


def find_matrix(tagging: Tagging) -> Path | None:
    """The matrix that lies beside a tagging: ``x.matrix.parquet`` of ``x.tagging.parquet``, or LDAK's ``x.matrix``."""
    for source in tagging.sources:
        name = str(source)
        for ending, matrix_endings in (
            (".tagging.parquet", (MATRIX_SUFFIX,)),
            (".tagging", (".matrix", ".matrix.gz", ".matrix.xz")),
            (".tagging.gz", (".matrix", ".matrix.gz")),
            (".tagging.xz", (".matrix", ".matrix.xz")),
        ):
            candidates = [Path(name.removesuffix(ending) + one) for one in matrix_endings if name.endswith(ending)]
            there = next((path for path in candidates if path.is_file()), None)
            if there is not None:
                return there
    return None


def read_category_matrix(path: str | Path) -> CategoryMatrix:
    """The matrix of a heritability model: LDAK's ``.matrix`` (plain or compressed), or Parquet with a column SNP.

    Parameters
    ----------
    path
        E.g. ``<stem>.matrix.parquet`` of ``ldscores build --save-matrix``.

    Raises
    ------
    InputError
        The header is neither, or a value is no number.
    """
    if is_parquet(path):
        table, _ = read_parquet(path)
        key = "SNP"
    else:
        header, _ = read_header(path)
        key = header[0]
        types = {key: pa.string()} | dict.fromkeys(header[1:], pa.float64())
        table = read_table(path, types=types, fill_short_lines=False) if key == "Predictor" else pa.table({})
    names = tuple(name for name in table.column_names if name not in (key, *_NOT_CATEGORIES))
    if key not in table.column_names or not names:
        raise InputError(
            f"{path}: found no column {key if is_parquet(path) else 'Predictor'} followed by categories; expected LDAK's "
            ".matrix (Predictor and the labels), or Parquet with SNP and the categories; name that file"
        )
    values = np.empty((table.num_rows, len(names)))
    for place, name in enumerate(names):
        values[:, place] = as_numpy(table[name])
    if not np.isfinite(values).all():
        row = int(np.argmax(~np.isfinite(values).all(axis=1)))
        raise InputError(f"{path}: SNP {table[key][row]} misses a value, expected one a category; write the file again")
    snp = table[key].combine_chunks().cast(pa.string())
    return CategoryMatrix(snp if isinstance(snp, pa.Array) else snp.chunk(0), names, values, str(path))


@written_together()
def write_snp_heritabilities(
    heritabilities: SnpHeritabilities, tagging: Tagging, stem: str | Path, provenance: dict | None = None
) -> list[Path]:
    """Write ``<stem>.ind.hers`` and ``<stem>.ind.hers.positive`` as LDAK does, and ``<stem>.snp_h2.parquet``.

    LDAK's files (``Predictor Heritability``, seven digits; the second without SNPs of zero or less) are what its
    MegaPRS reads as ``--ind-hers``; ours has SNP, A1, A2 (where the tagging knows them) and h2 with all digits.

    Parameters
    ----------
    heritabilities
        Of :func:`sumh2.expect_snp_heritabilities`.
    tagging
        Whose alleles are written.
    stem
        Of the files' names.
    provenance
        Program, inputs and options.

    Returns
    -------
    list of Path
        The three files.
    """
    text, positive, table = (Path(f"{stem}.{end}") for end in ("ind.hers", "ind.hers.positive", "snp_h2.parquet"))
    every = np.arange(len(heritabilities.h2))
    for path, rows in ((text, every), (positive, every[heritabilities.h2 > 0])):
        with written_whole(path) as partial, partial.open("w", encoding="utf-8") as stream:
            stream.write("Predictor Heritability\n")
            stream.writelines(_ind_hers_lines(heritabilities, rows))
    write_parquet(table, table_with_alleles(heritabilities, tagging), {"provenance": provenance or {}})
    return [text, positive, table]


def _ind_hers_lines(heritabilities: SnpHeritabilities, rows: np.ndarray) -> Iterator[str]:
    for first in range(0, len(rows), _LINES_AT_A_TIME):
        chosen = rows[first : first + _LINES_AT_A_TIME]
        names = heritabilities.snp.take(pa.array(chosen)).to_pylist()
        numbers = heritabilities.h2[chosen].tolist()
        yield "".join(f"{name} {number:.6e}\n" for name, number in zip(names, numbers, strict=True))
