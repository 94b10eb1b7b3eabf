"""Columns of tables of SNPs that other programs wrote, in the types that ours have."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ldscores.shared.arrow_arrays import as_numpy, one_chunk
from ldscores.shared.errors import InputError


def text_column(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    """Names of SNPs or chromosomes as text, (n_snps,)."""
    column = one_chunk(column)
    if pa.types.is_floating(column.type):  # chromosome 1 as 1.0, from pandas with missing values
        column = column.cast(pa.int64())
    return column.cast(pa.string())


def number_column(path: Path, table: pa.Table, name: str) -> NDArray[np.float64]:
    """A column as float64, (n_snps,), missing as NaN; true is 1.

    Raises
    ------
    InputError
        It holds no numbers.
    """
    try:
        return as_numpy(table[name].cast(pa.float64()))
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise InputError(
            f"{path}: column {name} holds {table[name].type}, expected numbers; leave that column out"
        ) from error


def position_column(path: Path, table: pa.Table, name: str, snp: pa.Array | None = None) -> NDArray[np.int64]:
    """Positions in base pairs, (n_snps,).

    R writes some of them as 1e+05, and pandas as 16886873.0 where it has seen a missing value: read for what they mean.

    Raises
    ------
    InputError
        One is missing, negative or no whole number.
    """
    bp = number_column(path, table, name)
    bad = ~np.isfinite(bp) | (bp != np.rint(bp)) | (bp < 0)
    if bad.any():
        row = int(np.argmax(bad))
        where = f"in row {row + 1}" if snp is None else f"of SNP {snp[row]}"
        raise InputError(
            f"{path}: {int(bad.sum())} positions are not whole numbers (first: {bp[row]} {where}); "
            "expected base pairs in column BP; correct them or delete those lines"
        )
    return bp.astype(np.int64)
