"""Statistical truth of consistent correlations and of tests on atlases: pytest -m slow tests/test_consistent_truth.py"""

from __future__ import annotations

import numpy as np
import pytest
from consistent_calibration import WORLDS, calibrate_consistent, rejection_rates

pytestmark = pytest.mark.slow

N_ATLASES = 40


@pytest.fixture(scope="module")
def calibrations():
    return [calibrate_consistent(world, N_ATLASES, seed=100 + number) for number, world in enumerate(WORLDS)]


def test_intervals__cover(calibrations):
    """Pairs of one atlas go together: a few per cent either way is what 40 atlases can tell."""
    for row in calibrations:
        assert 0.92 < row.raw_coverage < 0.98, row
        assert 0.92 < row.safe_coverage < 0.99, row


def test_refitted_errors__cover_away_from_the_boundary(calibrations):
    assert calibrations[0].refit_coverage > 0.92


def test_consistent_matrix__errs_less(calibrations):
    for row in calibrations:
        assert row.consistent_rmse <= row.raw_rmse * 1.001, row
    assert calibrations[2].consistent_rmse < 0.95 * calibrations[2].raw_rmse


def test_raw_z_scores__have_unit_spread(calibrations):
    for row in calibrations:
        assert 0.9 < row.raw_z_sd < 1.1, row


def test_test_of_consistency__keeps_its_level(calibrations):
    """True covariance matrices are rejected at 5% no more often than chance allows, 99.9% limit."""
    limit = 0.05 + 3.1 * np.sqrt(0.05 * 0.95 / N_ATLASES)
    for row in calibrations:
        assert row.type1 <= limit, row


def test_hypotheses__keep_their_level():
    n_atlases = 200
    limit = 3.3 * np.sqrt(0.05 * 0.95 / n_atlases)
    for name, rate in rejection_rates(n_atlases, seed=200).items():
        if "parallel" in name:
            assert rate <= 0.05 + limit, name
        else:
            assert abs(rate - 0.05) <= limit, (name, rate)
