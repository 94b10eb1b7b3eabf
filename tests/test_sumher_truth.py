"""Statistical truth of SumHer's half: ``pytest -m slow tests/test_sumher_truth.py`` (about ten minutes, seeded).

``python benchmarks/truth_sumher.py`` prints the same experiments as tables.  SUMH2_TRUTH names a folder in which the
panel and its taggings stay between runs.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from sumher_truth import (
    ALPHA_REPLICATES,
    ALPHA_SETTINGS,
    ENRICHMENT,
    H2,
    MODEL_N,
    MODEL_REPLICATES,
    MODELS,
    SEEDS,
    binomial_limits,
    build_truth_panel,
    cover_alpha,
    fit_all_models,
)

pytestmark = [pytest.mark.shared, pytest.mark.slow]

#: 28 means are compared with theory: 3.5 standard errors leave 1.3% of false alarms over all of them.
LIMIT = 3.5


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = Path(os.environ.get("SUMH2_TRUTH") or tmp_path_factory.getbasetemp() / "truth")
    build_truth_panel(made)
    return made


@pytest.mark.parametrize("simulated", MODELS)
def test_right_model__has_the_largest_likelihood(folder, simulated):
    truth = fit_all_models(folder, simulated, MODEL_REPLICATES, MODEL_N, SEEDS[simulated])
    assert truth.share_right() >= 0.95


@pytest.mark.parametrize("simulated", MODELS)
def test_right_model__has_an_unbiased_h2_and_wrong_ones_the_bias_of_theory(folder, simulated):
    truth = fit_all_models(folder, simulated, MODEL_REPLICATES, MODEL_N, SEEDS[simulated])
    assert truth.theory[simulated].h2 == pytest.approx(H2, rel=1e-6)
    for name in MODELS:
        assert abs(truth.deviation(name)) < LIMIT, name
    if simulated != "ldak":  # whose SNPs in little LD carry more: the largest bias there is among these
        assert truth.theory["ldak"].h2 > 1.15 * H2
        assert np.mean(truth.h2["ldak"]) > 1.15 * H2


@pytest.mark.parametrize("simulated", MODELS)
def test_lead_in_loglss__is_that_of_theory_and_its_se_that_of_replicates(folder, simulated):
    truth = fit_all_models(folder, simulated, MODEL_REPLICATES, MODEL_N, SEEDS[simulated])
    for name, lead in truth.lead.items():
        if (simulated, name) == ("human-default", "annotated"):
            # Nested: theory says 0, each of two superfluous parameters adds what it is worth.
            assert np.mean(lead) < 0
            continue
        # Parameters are fitted to the noise: half of what each is worth, more in the larger model.
        worth = 3.0 if "annotated" in (simulated, name) else 1.0
        expected = truth.theory[simulated].logl - truth.theory[name].logl
        spread = np.std(lead, ddof=1) / np.sqrt(len(lead))
        assert abs(np.mean(lead) - expected) < LIMIT * spread + worth, name
        assert 0.7 < np.mean(truth.lead_se[name]) / np.std(lead, ddof=1) < 1.4, name


def test_jackknife_se_of_h2__is_the_spread_of_replicates(folder):
    ratios = [
        np.mean(truth.se[name]) / np.std(truth.h2[name], ddof=1)
        for name in MODELS
        for truth in [fit_all_models(folder, name, MODEL_REPLICATES, MODEL_N, SEEDS[name])]
    ]
    # Each has a relative error of 1 / sqrt(2 * 39) = 11%.
    assert 0.85 < np.mean(ratios) < 1.2
    assert min(ratios) > 0.65


def test_enrichments__are_those_simulated(folder):
    found = np.array(fit_all_models(folder, "annotated", MODEL_REPLICATES, MODEL_N, SEEDS["annotated"]).enrichment)
    spread = found.std(axis=0, ddof=1) / np.sqrt(len(found))
    assert (np.abs(found.mean(axis=0) - list(ENRICHMENT.values())) < LIMIT * spread).all()


@pytest.mark.parametrize("setting", ALPHA_SETTINGS)
def test_alpha__is_within_its_interval_95_percent_of_the_time(folder, setting):
    alpha, n, causal_share, kind, confounding = ALPHA_SETTINGS[setting]
    found = cover_alpha(folder, alpha, ALPHA_REPLICATES, n, 7, causal_share, kind, confounding)
    low, high = binomial_limits(ALPHA_REPLICATES)
    assert low <= found.covered <= high
    assert abs(found.estimates.mean() - alpha) < 0.1
    # LDAK's Gaussian is a shape, not an interval; it is not far off where SNPs are alike.
    assert found.covered_gaussian > 0.85
