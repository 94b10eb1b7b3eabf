"""The kernels against statsmodels and against a slow, plain version of LDSC's estimator."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from agreement import check_digits
from hypothesis import given, settings
from hypothesis import strategies as st

from sumh2.kernels.block_sums import BlockSums, block_edges, edges_among, product_block_sums, weighted_block_sums
from sumh2.kernels.column_regression import solve_columns, sum_columns_of_chi2
from sumh2.kernels.jackknife import Jackknife, coefficients, delete_block_estimates, jackknife, jackknife_se, ratio_se
from sumh2.kernels.product_regression import RegressionRows, fit_product
from sumh2.kernels.weights import ProductWeights, chi2_weights

M = 50_000.0


def simulated_rows(n_snps: int = 3000, seed: int = 1) -> RegressionRows:
    rng = np.random.default_rng(seed)
    ld = rng.gamma(1.5, 40, n_snps) + 0.3
    regression_ld = ld * rng.uniform(0.3, 1, n_snps)
    n1, n2 = rng.uniform(4e4, 6e4, n_snps), rng.uniform(2e4, 9e4, n_snps)
    z1 = rng.normal(size=n_snps) * np.sqrt(1.02 + 0.4 * n1 * ld / M)
    z2 = 0.5 * z1 + rng.normal(size=n_snps) * np.sqrt(1 + 0.2 * n2 * ld / M)
    return RegressionRows(z1, z2, n1, n2, ld, regression_ld, M)


# ---------------------------------------------------------------------------------------------------------------------
# The slow version: a loop over blocks and a least-squares call for each, straight from the formulas


def plain_weights(rows, x_in_place_of_l, p):
    h2_1, h2_2, gcov, a1, a2, a12 = p
    h2_1, h2_2, gcov = np.clip(h2_1, 0, 1), np.clip(h2_2, 0, 1), np.clip(gcov, -1, 1)
    ld = np.maximum(x_in_place_of_l, 1)
    first = a1 + rows.n1 * h2_1 * ld / rows.m
    second = a2 + rows.n2 * h2_2 * ld / rows.m
    both = a12 + np.sqrt(rows.n1 * rows.n2) * gcov * ld / rows.m
    return 1 / ((first * second + both**2) * np.maximum(rows.regression_ld, 1))


def plain_least_squares(columns, y, w):
    root = np.sqrt(w) / np.sqrt(w).sum()
    return np.linalg.lstsq(columns * root[:, None], y * root, rcond=None)[0]


def plain_jackknife(columns, y, w, edges):
    estimate = plain_least_squares(columns, y, w)
    deletes = []
    for first, last in zip(edges[:-1], edges[1:], strict=True):
        rest = np.r_[0:first, last : len(y)]
        deletes.append(plain_least_squares(columns[rest], y[rest], w[rest]))
    return estimate, np.array(deletes)


def plain_fit(rows, n_blocks, parameters, null, fixed=None, cutoff=None):
    """Total, intercept and their delete values; ``parameters(total, intercept)`` are those of the weights."""
    y, n12 = rows.z1 * rows.z2, np.sqrt(rows.n1 * rows.n2)
    n_bar = n12.mean()
    x = n12 * rows.ld_score / n_bar
    start = null if fixed is None else fixed
    aggregate = rows.m * (y.mean() - start) / np.mean(rows.ld_score * n12)
    w0 = plain_weights(rows, rows.ld_score, parameters(aggregate, start))
    ones = np.ones_like(x)

    def iterate(keep, edges, intercept, ld_for_weights):
        w = w0[keep]
        for _ in range(2):
            if intercept is None:
                slope, a = plain_least_squares(np.column_stack([x, ones])[keep], y[keep], w)
            else:
                (slope,), a = plain_least_squares(x[keep, None], y[keep] - intercept, w), intercept
            w = plain_weights(rows, ld_for_weights, parameters(rows.m * slope / n_bar, a))[keep]
        if intercept is None:
            return plain_jackknife(np.column_stack([x, ones])[keep], y[keep], w, edges)
        return plain_jackknife(x[keep, None], y[keep] - intercept, w, edges)

    everything = np.ones(len(y), bool)
    scale = rows.m / n_bar
    if cutoff is None or fixed is not None:
        estimate, deletes = iterate(everything, block_edges(len(y), n_blocks), fixed, rows.ld_score)
        return estimate * np.r_[scale, np.ones(len(estimate) - 1)], deletes * np.r_[scale, np.ones(len(estimate) - 1)]
    keep = (rows.z1**2 < cutoff) & (rows.z2**2 < cutoff)
    step1_edges = block_edges(keep.sum(), n_blocks)
    step1, deletes1 = iterate(keep, step1_edges, None, x)
    positions = np.flatnonzero(keep)
    edges = np.r_[0, positions[step1_edges[1:-1]], len(y)]
    step2, deletes2 = iterate(everything, edges, step1[1], rows.ld_score)
    k = (w0 * x).sum() / (w0 * x**2).sum()
    slopes = deletes2[:, 0] - k * (deletes1[:, 1] - step1[1])
    return np.array([step2[0] * scale, step1[1]]), np.column_stack([slopes * scale, deletes1[:, 1]])


def one_trait(total, intercept):
    return (total, total, np.clip(total, 0, 1), intercept, intercept, intercept)


CASES = {
    "free": {},
    "fixed": {"fixed_intercept": 1.05},
    "two step": {"cutoff": 20.0},
    "two step without outliers": {"cutoff": 1e9},
}


@pytest.mark.parametrize("case", CASES)
def test_heritability__equals_plain_version(case):
    rows = simulated_rows().of_trait(1)
    options = CASES[case]
    fit = fit_product(rows, 50, ProductWeights.of_one_trait, 1.0, **options)
    estimate, deletes = plain_fit(rows, 50, one_trait, 1.0, options.get("fixed_intercept"), options.get("cutoff"))
    check_digits(fit.total, estimate[0], 11, "h2")
    check_digits(fit.total_delete, deletes[:, 0], 11, "delete values")
    if "fixed_intercept" not in options:
        check_digits(fit.intercept, estimate[1], 11, "intercept")
        check_digits(fit.intercept_delete, deletes[:, 1], 11, "intercept delete values")


@pytest.mark.parametrize("case", CASES)
def test_covariance__equals_plain_version(case):
    rows, options = simulated_rows(seed=2), CASES[case]

    def weights_of(gcov, intercept):
        return ProductWeights.of_two_traits(0.4, 0.3, gcov, 1.02, 0.99, intercept)

    def parameters(gcov, intercept):
        return (0.4, 0.3, gcov, 1.02, 0.99, intercept)

    fit = fit_product(rows, 40, weights_of, 0.0, **options)
    estimate, deletes = plain_fit(rows, 40, parameters, 0.0, options.get("fixed_intercept"), options.get("cutoff"))
    check_digits(fit.total, estimate[0], 11, "gcov")
    check_digits(fit.total_delete, deletes[:, 0], 11, "delete values")


def test_block_sums__equal_statsmodels_wls():
    rows = simulated_rows(500)
    weights = chi2_weights(rows.ld_score, rows.regression_ld, rows.n1, M, 0.4, 1.02)
    design = np.column_stack([rows.ld_score, np.ones(500)])
    sums = weighted_block_sums(design, rows.z1**2, weights, block_edges(500, 7))
    oracle = sm.WLS(rows.z1**2, design, weights=weights).fit()
    check_digits(coefficients(sums), oracle.params, 11)
    rest = np.r_[0 : block_edges(500, 7)[2], block_edges(500, 7)[3] : 500]
    without = sm.WLS(rows.z1[rest] ** 2, design[rest], weights=weights[rest]).fit()
    check_digits(delete_block_estimates(sums)[2], without.params, 11)
    residual = float((weights * (rows.z1**2 - design @ oracle.params) ** 2).sum())
    total = sums.yty.sum() - coefficients(sums) @ sums.xty.sum(axis=0)
    check_digits(total, residual, 10, "weighted residual sum of squares")


def test_fused_sums__equal_general_sums():
    rows = simulated_rows(1001, seed=3)
    weights = ProductWeights.of_two_traits(0.5, 0.2, -0.3, 1.1, 0.9, 0.05)
    edges = np.array([0, 10, 10, 600, 1001])  # one block is empty
    n_bar = np.sqrt(rows.n1 * rows.n2).mean()
    fused = product_block_sums(
        rows.z1, rows.z2, rows.n1, rows.n2, rows.ld_score, rows.regression_ld, edges, weights, M, n_bar
    )
    x = np.sqrt(rows.n1 * rows.n2) * rows.ld_score / n_bar
    w = plain_weights(rows, rows.ld_score, (0.5, 0.2, -0.3, 1.1, 0.9, 0.05))
    general = weighted_block_sums(np.column_stack([x, np.ones(1001)]), rows.z1 * rows.z2, w, edges)
    for name in ("xtx", "xty", "yty"):
        check_digits(getattr(fused, name), getattr(general, name), 11, name)


def test_fix_last__is_the_regression_of_the_remainder():
    rows = simulated_rows(400)
    weights, edges = np.full(400, 2.0), block_edges(400, 5)
    x, y = rows.ld_score[:, None], rows.z1**2
    free = weighted_block_sums(np.column_stack([x, np.ones(400)]), y, weights, edges)
    fixed = weighted_block_sums(x, y - 1.3, weights, edges)
    for name in ("xtx", "xty", "yty"):
        check_digits(getattr(free.fix_last(1.3), name), getattr(fixed, name), 11, name)


def test_column_regression__of_one_column_is_a_weighted_fit():
    rows = simulated_rows(900)
    sums = sum_columns_of_chi2(rows.z1**2, rows.n1, rows.ld_score[:, None], rows.regression_ld, np.array([M]), 30)
    fit = solve_columns(*sums)
    n_bar = rows.n1.mean()
    aggregate = M * ((rows.z1**2).mean() - 1) / np.mean(rows.ld_score * rows.n1)
    weights = chi2_weights(rows.ld_score, rows.regression_ld, rows.n1, M, aggregate, 1.0)
    oracle = sm.WLS(rows.z1**2, np.column_stack([rows.n1 * rows.ld_score / n_bar, np.ones(900)]), weights=weights).fit()
    check_digits(fit.tau.estimate * n_bar, oracle.params[:1], 11)
    check_digits(fit.intercept.estimate, oracle.params[1:], 11)


def test_jackknife_of_a_mean__is_the_standard_error_of_the_mean():
    values = np.random.default_rng(4).normal(size=60)
    sums = BlockSums(np.ones((60, 1, 1)), values[:, None], values**2)
    fit = jackknife(sums)
    check_digits(fit.se[0], values.std(ddof=1) / np.sqrt(60), 11)
    check_digits(jackknife_se(fit.estimate[0], fit.delete_values[:, 0]), fit.se[0], 12)


def test_ratio_se__of_a_constant_ratio_is_zero():
    deletes = np.linspace(1, 2, 20)
    assert ratio_se(3.0, 1.5, 2 * deletes, deletes) < 1e-12
    assert ratio_se(3.0, 1.5, 2 * deletes + np.sin(deletes), deletes) > 0.1


def test_jackknife_covariance__is_symmetric_and_joint():
    deletes = np.random.default_rng(5).normal(size=(50, 2))
    fit = Jackknife(np.zeros(2), deletes)
    assert fit.cov.shape == (2, 2)
    check_digits(fit.cov[0, 1], fit.cov[1, 0], 14)
    check_digits(fit.se**2, np.diag(fit.cov), 14)


@given(st.integers(2, 500), st.integers(2, 50))
def test_block_edges__cut_everything_into_nearly_equal_blocks(n_snps, n_blocks):
    n_blocks = min(n_snps, n_blocks)
    edges = block_edges(n_snps, n_blocks)
    sizes = np.diff(edges)
    assert edges[0] == 0 and edges[-1] == n_snps
    assert sizes.min() >= 1 and sizes.max() - sizes.min() <= 1


@given(st.lists(st.booleans(), min_size=5, max_size=200).filter(lambda used: sum(used) >= 3))
def test_edges_among__give_blocks_of_equal_numbers_of_used_snps(used):
    used = np.array(used)
    edges = edges_among(used, 3)
    counts = [int(used[a:b].sum()) for a, b in zip(edges[:-1], edges[1:], strict=True)]
    assert edges[0] == 0 and edges[-1] == len(used)
    assert counts == np.diff(block_edges(int(used.sum()), 3)).tolist()


@settings(max_examples=20, deadline=None)
@given(st.floats(0.1, 10))
def test_scaling_n_and_h2__leaves_the_fit(factor):
    rows = simulated_rows(400).of_trait(1)
    # N and 1/M enter only as N/M: scaling both leaves chi2, weights and h2 as they are.
    scaled = RegressionRows(
        rows.z1, rows.z2, rows.n1 * factor, rows.n2 * factor, rows.ld_score, rows.regression_ld, M * factor
    )
    ours = fit_product(rows, 20, ProductWeights.of_one_trait, 1.0, None, 30.0)
    theirs = fit_product(scaled, 20, ProductWeights.of_one_trait, 1.0, None, 30.0)
    check_digits(theirs.total, ours.total, 9)
    check_digits(theirs.intercept, ours.intercept, 9)


def test_impossible_weights__raise():
    rows = simulated_rows(100)
    with pytest.raises(ArithmeticError, match="not positive"):
        product_block_sums(
            rows.z1, rows.z2, rows.n1, rows.n2, rows.ld_score, rows.regression_ld, block_edges(100, 5),
            ProductWeights.of_two_traits(0, 0, 0, -1.0, 1.0, 0.0), M, 1.0,
        )  # fmt: skip


def test_constant_ld__is_singular():
    # A power of two: every sum is an exact multiple of the next, whatever the processor's order of additions.
    rows = simulated_rows(100)
    constant = RegressionRows(rows.z1, rows.z1, *(np.full(100, 16.0),) * 4, M)
    with pytest.raises(np.linalg.LinAlgError):
        fit_product(constant, 10, ProductWeights.of_one_trait, 1.0)
