"""Many models of one category at once give what each gives on its own."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from agreement import check_digits

from sumh2.kernels.block_sums import block_edges
from sumh2.kernels.likelihood import fit_likelihood, log_likelihood, positive_expected
from sumh2.kernels.likelihood_grid import Grid, fit_likelihood_grid

FLAGS = [{}, {"scaled_constant": True}, {"constant": True}]


def grid_of(n_snps=3000, n_models=5, n_blocks=20, h2=1.0, seed=1, **flags):
    """Taggings that differ by a factor of SNP and model, of statistics that follow the second."""
    rng = np.random.default_rng(seed)
    tagging = rng.gamma(2, 20, (n_snps, 1)) * rng.uniform(0.5, 1.5, (n_snps, n_models))
    scale = rng.uniform(0.6, 1.4, n_snps)
    chi2 = rng.standard_normal(n_snps) ** 2 * (1 + h2 * scale * tagging[:, 1] / 40)
    weights = 1 / rng.uniform(1, 20, n_snps)
    return Grid(tagging, np.arange(n_models), scale, chi2, weights, block_edges(n_snps, n_blocks), **flags)


@pytest.mark.parametrize("flags", FLAGS)
def test_models_together__equal_each_alone(flags):
    grid = grid_of(**flags)
    for model, found in enumerate(fit_likelihood_grid(grid)):
        alone = fit_likelihood(grid.design(model), grid.chi2, grid.weights)
        assert found.converged
        check_digits(found.theta, alone.theta, 11)
        check_digits([found.logl, found.null_logl], [alone.logl, alone.null_logl], 13)
        check_digits(found.covariance, alone.covariance, 10)


@pytest.mark.parametrize("flags", FLAGS)
def test_sums_of_blocks__are_those_of_plain_numpy(flags):
    grid = grid_of(**flags)
    n_coefs = 1 + len(flags)
    theta = np.tile([0.03, 0.1][:n_coefs], (2, 1))
    found = grid.at(theta, np.array([3, 1]))
    for place, model in enumerate((3, 1)):
        design = grid.design(model)
        for block, (first, last) in enumerate(zip(grid.edges[:-1], grid.edges[1:], strict=True)):
            x, chi2, w = design[slice(first, last)], grid.chi2[first:last], grid.weights[first:last]
            expected = 1 + x @ theta[0]
            ratio = chi2 / expected
            check_digits(found.logl[block, place], -0.5 * w @ (ratio + np.log(expected)), 12)
            check_digits(found.gradient[block, place], x.T @ (0.5 * w * (ratio - 1) / expected), 10)
            hessian = (x * (w * (ratio - 0.5) / expected**2)[:, None]).T @ x
            check_digits(found.hessian[block, place], hessian, 10)


def test_logarithm__is_that_of_numpy():
    expected = np.concatenate([10.0 ** np.linspace(-5.9, 15, 2001), 2.0 ** np.arange(-19, 50), [1, 0.5**0.5, 2**0.5]])
    ones = np.ones(len(expected))
    # chi2 so small that it has no share in the sum, and a block a SNP.
    edges = np.arange(len(expected) + 1)
    grid = Grid(expected[:, None] - 1, np.zeros(1, np.int64), ones, ones * 1e-300, ones, edges)
    found = -2 * grid.at(np.ones((1, 1)), np.zeros(1, np.int64)).logl[:, 0]
    wanted = np.log(positive_expected(expected - 1))
    assert np.abs(found - wanted).max() <= 1e-15 * np.abs(wanted).max()


def test_impossible_expectations__count_as_the_smallest():
    grid = grid_of()
    theta = np.full((1, 1), -1.0)
    alone = log_likelihood(grid.chi2, positive_expected(grid.design(0).predict(theta[0])), grid.weights)
    constant = log_likelihood(grid.chi2, np.ones(len(grid.chi2)), grid.weights) + 0.5 * grid.weights @ grid.chi2
    check_digits(grid.at(theta, np.zeros(1, np.int64)).logl.sum(), alone - constant, 12)


def test_bad_start__is_rescued_as_that_of_one_model():
    """Far from the maximum the curvature has the wrong sign: halved steps lead nowhere."""
    grid = grid_of(h2=0.05)
    far = np.full((5, 1), 5.0)
    for model, found in enumerate(fit_likelihood_grid(grid, far)):
        alone = fit_likelihood(grid.design(model), grid.chi2, grid.weights, start=far[model])
        assert found.converged == alone.converged
        check_digits(found.logl, alone.logl, 8)


def test_threads__change_no_bit():
    grid = grid_of(n_blocks=7)
    with ThreadPoolExecutor(3) as pool:
        several = Grid(**{**vars(grid), "pool": pool, "n_threads": 3})
        for one, other in zip(fit_likelihood_grid(grid), fit_likelihood_grid(several), strict=True):
            assert one.logl == other.logl
            np.testing.assert_array_equal(one.block_sums.xtx, other.block_sums.xtx)
