"""Whether atlases of simulated GWAS find the truth: pytest -m slow tests/test_atlas_truth.py

A sixth of the genome and fewer replicates than ``benchmarks/truth_atlas.py``, whose tables have all worlds.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from atlas_truth import WORLDS, build_atlas_panel, run_world

from ldscores.shared.alleles import encode_alleles
from sumh2 import SumStats, align

pytestmark = [pytest.mark.slow, pytest.mark.shared]

#: Chromosomes of about 175,000 SNPs and 280 blocks of LD; a jackknife block holds several.
CHROMOSOMES, N_BLOCKS, N_REPLICATES = range(17, 23), 60, 12


@pytest.fixture(scope="module")
def panel(tmp_path_factory):
    return build_atlas_panel(tmp_path_factory.mktemp("atlas_truth"), CHROMOSOMES, N_BLOCKS)


@pytest.fixture(scope="module")
def missing(panel):
    return run_world(panel, WORLDS["missing"], N_REPLICATES, seed=2)


def test_estimates__are_not_biased(missing):
    for name in ("h2", "gcov", "rg"):
        bias, error = missing[name].bias()
        assert abs(bias) < 4 * error and error < 0.02, (name, bias, error)


def test_z_scores__have_unit_spread(missing):
    for name in ("gcov", "rg", "rg, LDSC's weights"):
        spread, error = missing[name].sd_z()
        assert abs(spread - 1) < 0.05 + 3 * error and error < 0.07, (name, spread, error)


def test_intervals__cover(missing):
    for name in ("rg", "consistent rg"):
        share, error = missing[name].coverage()
        assert abs(share - 0.95) < 0.01 + 3 * error and error < 0.01, (name, share, error)


def test_consistent_matrix__errs_less(missing):
    assert missing["consistent rg"].rmse()[0] < missing["rg"].rmse()[0]


def test_shortcut__is_what_align_makes(panel):
    """Worlds fill aligned data themselves, since names need not be matched anew for every replicate."""
    snps = panel.lay(-1.0)[0].panel
    rng = np.random.default_rng(1)
    z, n = rng.standard_normal((2, len(snps))), np.full((2, len(snps)), 1e4)
    z[0, ::3] = n[0, ::3] = np.nan
    a1, a2 = encode_alleles(snps.allele_1), encode_alleles(snps.allele_2)
    traits = []
    for number in range(2):
        at = np.flatnonzero(np.isfinite(z[number]))
        names = snps.snp.take(pa.array(at))
        traits.append(SumStats(f"trait{number + 1}", names, z[number][at], n[number][at], a1=a1[at], a2=a2[at]))
    found, expected = panel.aligned(z, n), align(traits, panel.tagging)
    assert found.snp.equals(expected.snp)
    for name in ("z", "n_samples", "kinds"):
        assert np.array_equal(getattr(found, name), getattr(expected, name), equal_nan=True), name


def test_wrong_noise__shows(panel):
    """The count itself: with errors said to be half as large, z scores are twice as wide."""
    errors = run_world(panel, replace(WORLDS["plain"], n_traits=6), 2, seed=3)["gcov"]
    assert 2 * errors.sd_z()[0] == pytest.approx(replace(errors, se=[se / 2 for se in errors.se]).sd_z()[0], rel=1e-12)
