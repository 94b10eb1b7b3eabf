"""The columns of a GWAS file, lists of SNPs, and the arithmetic on single columns that munge and ``--ldsc`` share."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from scipy.special import ndtri, ndtri_exp

from ldscores.shared.alleles import allele_kinds
from ldscores.shared.arrow_arrays import as_numpy, one_chunk
from ldscores.shared.errors import InputError
from sumh2.gwas.headers import ColumnMap
from sumh2.gwas.number_texts import describe_odd_text

#: Base pairs; a position beyond is no position.
_LONGEST_GENOME = 1e12

_LN10, _LN2 = np.log(10.0), np.log(2.0)


@dataclass(frozen=True)
class SnpList:
    """SNPs to keep: their names and, for ``--merge-alleles``, their alleles as codes, (n_listed,)."""

    snp: pa.Array
    a1: NDArray[np.uint8] | None = None
    a2: NDArray[np.uint8] | None = None
    source: str = ""

    @cached_property
    def kinds(self) -> NDArray[np.int8]:
        """Kind of each pair of alleles, see :mod:`ldscores.shared.alleles`."""
        if self.a1 is None or self.a2 is None:
            raise ValueError(f"{self.source}: the list has no alleles")
        return allele_kinds(self.a1, self.a2)

    def contains(self, snp: pa.Array) -> NDArray[np.bool_]:
        """Which SNPs are in the list, by name."""
        return as_numpy(pc.fill_null(pc.is_in(snp, value_set=self.snp), False))

    def same_alleles(self, snp: pa.Array, kinds: NDArray[np.int8]) -> NDArray[np.bool_]:
        """Which SNPs are in the list with the same pair of alleles, on either strand and in either order."""
        encoded = pc.dictionary_encode(self.snp)
        bits = np.zeros(len(encoded.dictionary) + 1, dtype=np.int8)
        np.bitwise_or.at(bits, as_numpy(encoded.indices), np.int8(1) << self.kinds)
        rows = pc.fill_null(pc.index_in(snp, value_set=encoded.dictionary), len(encoded.dictionary))
        return (kinds > 0) & ((bits[as_numpy(rows)] >> kinds) & 1).astype(bool)


@dataclass(frozen=True)
class GwasTable:
    """The columns of a GWAS file that munge uses, under the names of :data:`sumh2.gwas.header_names.FIELDS`.

    Parameters
    ----------
    table
        SNP as strings, alleles and CHR dictionary encoded, numbers as float64; P may be text, so that values too small
        for a float64 can still be read.  PAIR1 and PAIR2 stand for ``column_map.allele_pair``, ROWS for ``keep_rows``.
    column_map
        What was taken for what.
    source
        The file, for messages.
    """

    table: pa.Table
    column_map: ColumnMap
    source: str = "the GWAS"

    def __contains__(self, name: str) -> bool:
        return name in self.table.column_names

    def array(self, name: str) -> pa.Array:
        """A column as one array."""
        return one_chunk(self.table.column(name))

    def number(self, name: str) -> NDArray[np.float64]:
        """A column of numbers, missing as NaN, (n_rows,)."""
        return as_numpy(self.array(name))


def minimum_n(n: NDArray[np.float64]) -> float:
    """LDSC's least sample size: the 90th percentile divided by 1.5 (its help says 2)."""
    return float(np.quantile(n, 0.9)) / 1.5


def z_from_p(p: NDArray[np.float64]) -> NDArray[np.float64]:
    """|Z| of two-sided p-values in [0, 1], (n,); infinite for 0.

    Near P = 1 the rounding of P itself (1.1e-16) moves Z by 1.4e-16, so that a Z of 2e-6 has ten digits and no more; there
    LDSC's numbers differ from these in the tenth (one SNP of the reference case m02).
    """
    return np.abs(ndtri(p / 2))


def z_from_log10p(log10p: NDArray[np.float64]) -> NDArray[np.float64]:
    """|Z| of -log10 of two-sided p-values, (n,): does not underflow."""
    return np.abs(ndtri_exp(-_LN10 * log10p - _LN2))


def p_from_text(texts: pa.Array, column: str, where: str) -> tuple[NDArray[np.float64], NDArray[np.float64] | None]:
    """P and, if the text of one is too small for a float64, -log10 P of all; missing is NaN, (n_rows,) each.

    Raises
    ------
    InputError
        A text is no number.
    """
    try:
        p = as_numpy(texts.cast(pa.float64()))
    except pa.ArrowInvalid as error:
        numbered = ((row, text or "") for row, text in enumerate(texts.to_pylist(), start=1))
        raise InputError(f"{where}: column {column}: {describe_odd_text(numbered, 'row') or error}") from None
    # Below 1e-300 doubles lose digits, and then vanish.
    small = np.flatnonzero((p >= 0) & (p < 1e-300))
    if len(small) == 0:
        return p, None
    with np.errstate(divide="ignore", invalid="ignore"):
        log10p = np.where(p < 0, -1.0, -np.log10(p))  # a negative P stays impossible
    for row, text in zip(small, texts.take(pa.array(small)).to_pylist(), strict=True):
        mantissa, _, exponent = text.strip().lower().partition("e")
        if float(mantissa) > 0:
            log10p[row] = -np.log10(float(mantissa)) - float(exponent or 0)
    return p, log10p


def read_positions(texts: pa.Array) -> tuple[NDArray[np.int64], int]:
    """Positions, (n_snps,), and how many texts are no number; 0, as in PLINK's files, for those and where there is none."""
    if not (pa.types.is_string(texts.type) or pa.types.is_large_string(texts.type)):
        return _whole_positions(as_numpy(texts.cast(pa.float64()))), 0
    n_odd = 0
    try:
        numbers = texts.cast(pa.float64())
    except pa.ArrowInvalid:
        is_number = pc.match_substring_regex(texts, r"^\s*\d+(\.\d*)?([eE][+-]?\d+)?\s*$")
        numbers = pc.if_else(is_number, texts, None).cast(pa.float64())
        n_odd = numbers.null_count - texts.null_count
    return _whole_positions(as_numpy(numbers)), n_odd


def _whole_positions(numbers: NDArray[np.float64]) -> NDArray[np.int64]:
    """Whole numbers; 0 for what is missing, negative or longer than any genome."""
    return np.where((numbers > 0) & (numbers < _LONGEST_GENOME), numbers, 0).astype(np.int64)
