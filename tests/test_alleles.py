"""Kinds and orientations of alleles against LDSC's rule, spelled out slowly."""

from __future__ import annotations

import itertools

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ldscores.shared.alleles import (
    allele_kinds,
    allele_orientations,
    decode_alleles,
    effect_signs,
    encode_alleles,
)

COMPLEMENT = {"A": "T", "T": "A", "C": "G", "G": "C"}
letters = st.sampled_from("ACGT")
alleles = st.tuples(letters, letters, letters, letters)


def plain_sign(a1, a2, b1, b2):
    """LDSC's rule: both pairs unambiguous SNPs; the same or swapped, as they are or on the other strand."""
    for first, second in ((a1, a2), (b1, b2)):
        if first == second or COMPLEMENT[first] == second:
            return 0
    for x1, x2 in ((a1, a2), (COMPLEMENT[a1], COMPLEMENT[a2])):
        if (x1, x2) == (b1, b2):
            return 1
        if (x2, x1) == (b1, b2):
            return -1
    return 0


def codes(text):
    return encode_alleles(pa.array(list(text)))


def test_all_256_quadruples__follow_ldsc_rule():
    quadruples = list(itertools.product("ACGT", repeat=4))
    columns = [codes(column) for column in zip(*quadruples, strict=True)]
    assert effect_signs(*columns).tolist() == [plain_sign(*quadruple) for quadruple in quadruples]


def test_eight_pairs__are_unambiguous_snps():
    pairs = list(itertools.product("ACGT", repeat=2))
    kinds = allele_kinds(codes([a for a, _ in pairs]), codes([b for _, b in pairs]))
    assert (kinds > 0).sum() == 8
    for (a, b), kind in zip(pairs, kinds, strict=True):
        assert (kind > 0) == (a != b and COMPLEMENT[a] != b)


@given(st.lists(alleles, min_size=1))
def test_effect_signs__swap_negates(rows):
    a1, a2, b1, b2 = (codes(column) for column in zip(*rows, strict=True))
    assert (effect_signs(a2, a1, b1, b2) == -effect_signs(a1, a2, b1, b2)).all()
    assert (effect_signs(b1, b2, a1, a2) == effect_signs(a1, a2, b1, b2)).all()


@given(st.lists(st.tuples(letters, letters), min_size=1))
def test_other_strand__changes_neither_kind_nor_orientation(rows):
    a1, a2 = (codes(column) for column in zip(*rows, strict=True))
    flipped = [codes([COMPLEMENT[letter] for letter in column]) for column in zip(*rows, strict=True)]
    assert (allele_kinds(a1, a2) == allele_kinds(*flipped)).all()
    assert (allele_orientations(a1, a2) == allele_orientations(*flipped)).all()


@pytest.mark.parametrize("kind", [pa.string(), pa.dictionary(pa.int32(), pa.string())])
def test_encode__takes_either_case_and_marks_everything_else(kind):
    found = encode_alleles(pa.array(["A", "c", "G", "t", "AT", "I", None, ""]).cast(kind))
    assert found.tolist() == [0, 1, 2, 3, 4, 4, 4, 4]


def test_decode__is_the_inverse():
    assert decode_alleles(np.array([0, 1, 2, 3, 4], np.uint8)).to_pylist() == ["A", "C", "G", "T", None]
