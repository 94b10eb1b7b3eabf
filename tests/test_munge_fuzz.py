"""Damaged GWAS files: each ends in a correct table or in an InputError; no traceback, no wrong sign, no silent loss.

The suite of 20,000 files: ``pytest -m slow tests/test_munge_fuzz.py``; 400 run with the others.  Each file is made of a
clean one by one to three mutations, from a seed; a failing seed is in the test's message and makes the same file again.
"""

from __future__ import annotations

import warnings
from collections import Counter

import numpy as np
import pytest
from gwas_mutations import TRUTH, damaged_file

from ldscores.shared.errors import InputError
from sumh2.munging.munge_files import munge


def one_file(seed: int, folder) -> str:
    """Make the file of a seed, munge it, check what comes out; what came out, in a word."""
    each, file = damaged_file(seed)
    path = folder / "gwas.txt"
    path.write_bytes(file.encode())
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            result = munge(path, **{"n_min": 0, **dict(each.options)})
    except InputError as error:
        assert str(path.name) in str(error), error
        return "refused"
    lost = sum(step.removed for step in result.sumstats.filters)
    assert len(result.sumstats) + lost == result.n_read, "a loss that is not counted"
    assert np.isfinite(result.sumstats.z).all() and (result.sumstats.n > 0).all()
    if file.trust_signs:
        # A line that was not touched keeps its SNP's Z on its allele.
        touched = {
            file.rows[row][place]
            for row in file.touched
            if row < len(file.rows)
            for place in range(len(file.rows[row]))
        }
        for row in result.sumstats.to_frame().itertuples():
            snp = TRUTH.get(row.SNP)
            if snp is None or row.SNP in touched or any(snp.name in word for word in touched):
                continue
            expected = snp.z if snp.alt == row.A1 else -snp.z
            assert {row.A1, row.A2} == {snp.ref, snp.alt}
            assert abs(row.Z - expected) < 0.05 + 0.02 * abs(expected), (row, expected)
    return "munged"


def run_seeds(seeds, folder) -> Counter:
    counts: Counter = Counter()
    for seed in seeds:
        try:
            counts[one_file(seed, folder)] += 1
        except Exception as error:
            raise AssertionError(f"seed {seed}: {type(error).__name__}: {error}") from error
    return counts


def test_400_damaged_files(tmp_path):
    counts = run_seeds(range(400), tmp_path)
    assert counts["munged"] > 50 and counts["refused"] > 50, counts


@pytest.mark.slow
@pytest.mark.parametrize("part", range(20))
def test_20000_damaged_files(part, tmp_path):
    counts = run_seeds(range(1000 * part, 1000 * (part + 1)), tmp_path)
    assert sum(counts.values()) == 1000 and counts["munged"] > 100, counts
