"""What is known of variants: names, positions in one or two builds, alleles and frequencies of a panel."""

from __future__ import annotations

import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ldscores.shared.alleles import NOT_A_BASE
from ldscores.shared.arrow_arrays import as_numpy

_LETTERS = {"X": 23, "Y": 24, "XY": 25, "PAR": 25, "MT": 26, "M": 26}

#: Positions fit below this.
_LONGEST_CHROMOSOME = np.int64(1) << 34

#: Where a smaller share of the variants with a name of the panel lie where the panel has them, the build is another.
ANOTHER_BUILD = 0.5

#: Panels hold no more variants at one position than this; more are not looked at.
_MOST_AT_ONE_POSITION = 8

#: Which variant an unordered pair of alleles is, on either strand: A/C 1, A/G 2, A/T 3, C/G 4; 0 for anything else.
_PAIRS = np.zeros((5, 5), dtype=np.int8)
for _first, _second, _code in ((0, 1, 1), (0, 2, 2), (0, 3, 3), (1, 2, 4)):
    for _x, _y in ((_first, _second), (3 - _first, 3 - _second)):
        _PAIRS[_x, _y] = _PAIRS[_y, _x] = _code


def allele_pairs(a1: NDArray[np.uint8], a2: NDArray[np.uint8]) -> NDArray[np.int8]:
    """Code of each unordered pair of alleles, the same on both strands, (n,); 0 where one is no base."""
    return _PAIRS[a1, a2]


def is_palindromic(a1: NDArray[np.uint8], a2: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Whether a pair of alleles reads the same on both strands (A/T, C/G), (n,)."""
    return (a1 != NOT_A_BASE) & (a2 != NOT_A_BASE) & (a1 == 3 - a2)


def chromosome_codes(chrom: pa.Array) -> NDArray[np.int64]:
    """A number for each chromosome whatever its spelling (``chr1``, ``01``, ``X`` and ``23``), (n,); -1 where missing."""
    encoded = chrom if pa.types.is_dictionary(chrom.type) else pc.dictionary_encode(chrom)
    codes = [_chromosome_code(name) for name in encoded.dictionary.to_pylist()]
    indices = as_numpy(pc.fill_null(encoded.indices, len(codes)))
    return np.array([*codes, -1], dtype=np.int64)[indices]


def _chromosome_code(name: object) -> int:
    if name is None:
        return -1
    bare = re.sub(r"^chr(omosome)?_?(?=.)", "", str(name).strip(), flags=re.IGNORECASE).upper()
    bare = re.sub(r"\.0+$", "", bare).lstrip("0")
    if bare in _LETTERS:
        return _LETTERS[bare]
    if bare.isascii() and bare.isdigit() and len(bare) < 6:
        return int(bare)
    return 1_000_000 + zlib.crc32(bare.encode())


def position_keys(chrom: NDArray[np.int64], bp: NDArray[np.int64]) -> NDArray[np.int64]:
    """One number for chromosome and position, (n,); -1 where either is missing."""
    known = (chrom >= 0) & (bp > 0) & (bp < _LONGEST_CHROMOSOME)
    return np.where(known, (chrom % (1 << 28)) * _LONGEST_CHROMOSOME + bp, np.int64(-1))


@dataclass(frozen=True, eq=False)
class KnownVariants:
    """Variants of a panel or a list, one row each.

    Parameters
    ----------
    snp : string array, (n_variants,)
        Names.
    chrom : int64, (n_variants,)
        Chromosomes as :func:`chromosome_codes` gives them.
    positions
        Build (``hg19``, ``hg38``, or the file's name where that is unknown) to positions, int64, (n_variants,); 0 where
        a position is missing.
    a1, a2 : uint8, (n_variants,), optional
        Alleles as codes of :mod:`ldscores.shared.alleles`.
    frequency : float64, (n_variants,), optional
        Frequency of a1; NaN where missing.
    folded
        The frequency is the minor allele's, and that a1 is the minor allele is an assumption (PLINK 1 makes it so).
    n_people
        People in the panel; NaN if unknown.
    name, source
        What it is called and where it came from, for messages.
    """

    snp: pa.Array
    chrom: NDArray[np.int64]
    positions: Mapping[str, NDArray[np.int64]]
    a1: NDArray[np.uint8] | None = None
    a2: NDArray[np.uint8] | None = None
    frequency: NDArray[np.float64] | None = None
    folded: bool = False
    n_people: float = float("nan")
    name: str = ""
    source: str = ""
    _sorted: dict = field(default_factory=dict, repr=False)

    def __len__(self) -> int:
        return len(self.snp)

    @property
    def alleles(self) -> tuple[NDArray[np.uint8], NDArray[np.uint8]] | None:
        """Codes of both alleles, (n_variants,) each; None unless both are known."""
        return None if self.a1 is None or self.a2 is None else (self.a1, self.a2)

    @property
    def has_alleles(self) -> bool:
        """Whether the alleles are known."""
        return self.alleles is not None

    @cached_property
    def pairs(self) -> NDArray[np.int8] | None:
        """Code of each pair of alleles, (n_variants,); None where alleles are unknown."""
        return None if self.alleles is None else allele_pairs(*self.alleles)

    def find_names(self, snp: pa.Array) -> NDArray[np.int64]:
        """Row of each name, (n,); -1 where there is none."""
        return as_numpy(pc.fill_null(pc.index_in(snp, value_set=self.snp), -1)).astype(np.int64)

    def find_positions(
        self, build: str, keys: NDArray[np.int64], pairs: NDArray[np.int8] | None = None
    ) -> NDArray[np.int64]:
        """Row of the variant at each position with these alleles, (n,); -1 where there is none.

        Parameters
        ----------
        build
            One of :attr:`positions`.
        keys : int64, (n,)
            From :func:`position_keys`.
        pairs : int8, (n,), optional
            From :func:`allele_pairs`; without them, or without alleles here, the first variant at the position counts.
        """
        order, known = self._sorted_keys(build)
        start = np.searchsorted(known, keys)
        rows = np.full(len(keys), -1, dtype=np.int64)
        own_pairs = None if pairs is None else self.pairs
        for step in range(_MOST_AT_ONE_POSITION):
            place = start + step
            there = place < len(known)
            there &= known[np.minimum(place, len(known) - 1)] == keys if len(known) else False
            if not there.any():
                break
            row = order[np.minimum(place, len(known) - 1)]
            fits = there & (rows < 0) & (keys >= 0)
            if pairs is not None and own_pairs is not None:
                fits &= (own_pairs[row] == pairs) & (pairs > 0)
            rows[fits] = row[fits]
        return rows

    def _sorted_keys(self, build: str) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        if build not in self._sorted:
            keys = position_keys(self.chrom, self.positions[build])
            order = np.argsort(keys, kind="stable")
            self._sorted[build] = (order, keys[order])
        return self._sorted[build]
