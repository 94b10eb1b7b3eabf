"""Alleles as one byte each, looked at on both strands or not used.

A SNP's two alleles are stored as codes ``A C G T -> 0 1 2 3`` and ``4`` for anything else, so that the complement of
a base is ``3 - code``.  Of the sixteen ordered pairs, eight are SNPs whose strand can be told (not A/T, not C/G).  These
eight fall into two kinds, each with two orientations:

====================  ===========  ===========
kind                  orientation  orientation
                      +1           -1
====================  ===========  ===========
transversion (1)      A/C, T/G     C/A, G/T
transition (2)        A/G, T/C     G/A, C/T
====================  ===========  ===========

Two studies describe the same variant exactly when the kinds are equal (and known), and their effects have the same sign
exactly when the orientations are equal.  So every study can be put on one common orientation on its own, before it ever
meets another: this is what lets a genetic correlation atlas align each trait once.  It is the same rule as LDSC's table
of matching allele quadruples (same, complement, swapped, swapped complement).
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ldscores.shared.arrow_arrays import as_arrow, as_arrow_texts, as_numpy, one_chunk

BASES = ("A", "C", "G", "T")
NOT_A_BASE = 4

TRANSVERSION, TRANSITION = 1, 2

_KIND = np.zeros((5, 5), dtype=np.int8)
_ORIENTATION = np.zeros((5, 5), dtype=np.int8)
for _first, _second, _kind in (("A", "C", TRANSVERSION), ("A", "G", TRANSITION)):
    _a, _b = BASES.index(_first), BASES.index(_second)
    for _x, _y, _sign in ((_a, _b, 1), (3 - _a, 3 - _b, 1), (_b, _a, -1), (3 - _b, 3 - _a, -1)):
        _KIND[_x, _y] = _kind
        _ORIENTATION[_x, _y] = _sign


def encode_alleles(alleles: pa.Array | pa.ChunkedArray) -> NDArray[np.uint8]:
    """Codes of one-letter alleles, (n_snps,): A C G T in either case are 0 1 2 3, everything else is 4."""
    alleles = one_chunk(alleles)
    # A dictionary has a handful of entries: only these are compared with letters, the rest is a table look-up.
    if not pa.types.is_dictionary(alleles.type):
        alleles = pc.dictionary_encode(alleles)
    codes = [
        BASES.index(letter.upper()) if letter is not None and letter.upper() in BASES else NOT_A_BASE
        for letter in alleles.dictionary.to_pylist()
    ]
    look_up = np.array([*codes, NOT_A_BASE], dtype=np.uint8)
    indices = as_numpy(alleles.indices)
    if alleles.null_count:
        indices = np.nan_to_num(indices, nan=len(codes)).astype(np.int64)
    return look_up[indices]


def decode_alleles(codes: NDArray[np.uint8]) -> pa.DictionaryArray:
    """Letters of allele codes, dictionary encoded; code 4 is null."""
    mask = codes == NOT_A_BASE
    indices = as_arrow(np.where(mask, 0, codes).astype(np.int8))
    if mask.any():
        indices = pc.if_else(as_arrow(~mask), indices, pa.nulls(len(codes), pa.int8()))
    return pa.DictionaryArray.from_arrays(indices, as_arrow_texts(BASES))


def allele_kinds(a1: NDArray[np.uint8], a2: NDArray[np.uint8]) -> NDArray[np.int8]:
    """Kind of each allele pair, (n_snps,): 1 transversion, 2 transition, 0 no SNP or ambiguous strand (A/T, C/G)."""
    return _KIND[a1, a2]


def allele_orientations(a1: NDArray[np.uint8], a2: NDArray[np.uint8]) -> NDArray[np.int8]:
    """+1 or -1 for each allele pair, (n_snps,); 0 where :func:`allele_kinds` is 0."""
    return _ORIENTATION[a1, a2]


def effect_signs(
    a1: NDArray[np.uint8], a2: NDArray[np.uint8], ref_a1: NDArray[np.uint8], ref_a2: NDArray[np.uint8]
) -> NDArray[np.int8]:
    """+1 same effect allele, -1 swapped, 0 no match, no SNP or ambiguous strand; each on either strand, (n_snps,)."""
    matches = (allele_kinds(a1, a2) == allele_kinds(ref_a1, ref_a2)).astype(np.int8)
    return matches * allele_orientations(a1, a2) * allele_orientations(ref_a1, ref_a2)
