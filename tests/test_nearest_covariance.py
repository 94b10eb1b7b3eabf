"""The nearest covariance matrix: against plain solvers on small problems, its symmetries, its error structure."""

from __future__ import annotations

import numpy as np
import pytest
from agreement import check_digits
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from sumh2.kernels.error_structure import (
    HalfVectors,
    draw_from_factor,
    error_metric,
    error_scale,
    error_skewness,
    shrinkage_weight,
)
from sumh2.kernels.nearest_correlation import nearest_correlation
from sumh2.kernels.nearest_covariance import nearest_covariance, nearest_factor_model, positive_part


def problem(n_traits=4, n_blocks=60, seed=1, dtype=np.float64, nu=40):
    """Estimates that are no covariance matrix, and their factor, errors of unequal blocks."""
    rng = np.random.default_rng(seed)
    half = HalfVectors.of(n_traits)
    mix = rng.standard_normal((n_traits, n_traits)) + 2 * np.eye(n_traits)
    loadings = rng.standard_normal((n_traits, 1))
    sigma = 0.3 * loadings @ loadings.T
    blocks = []
    for _ in range(n_blocks):
        x = rng.standard_normal((nu, n_traits)) @ mix.T * np.exp(rng.normal(0, 0.5))
        blocks.append(x.T @ x / nu)
    blocks = np.array(blocks) / 20
    errors = (blocks - blocks.mean(axis=0)) / np.sqrt(n_blocks * (n_blocks - 1))
    estimate = sigma + 3 * errors[: n_blocks // 2].sum(axis=0)
    values, vectors = np.linalg.eigh(estimate)
    estimate -= (values[0] + 0.2 * values[-1]) * np.outer(vectors[:, 0], vectors[:, 0])
    return estimate, -errors[:, half.rows, half.columns].astype(dtype), half


def plain_distance(matrix, estimate, covariance, half):
    difference = (matrix - estimate)[half.rows, half.columns]
    return difference @ np.linalg.solve(covariance, difference)


def plain_minimum(estimate, covariance, half, n_traits):
    """SLSQP over a Cholesky factor, from several starts."""
    scale = np.sqrt(np.abs(np.diag(estimate)) + np.sqrt(np.diag(covariance)[half.rows == half.columns]))
    inverse = np.linalg.inv(covariance)

    def matrix(parameters):
        root = np.zeros((n_traits, n_traits))
        root[half.columns, half.rows] = parameters
        return (root @ root.T) * np.outer(scale, scale)

    def objective(parameters):
        difference = (matrix(parameters) - estimate)[half.rows, half.columns]
        return difference @ inverse @ difference

    best = None
    for seed in range(4):
        start = np.random.default_rng(seed).normal(0, 0.5, len(half.rows)) + (half.rows == half.columns)
        found = minimize(objective, start, method="SLSQP", options={"maxiter": 2000, "ftol": 1e-15})
        found = minimize(objective, found.x, method="BFGS", options={"gtol": 1e-9})
        best = found if best is None or found.fun < best.fun else best
    return matrix(best.x), best.fun


@pytest.mark.parametrize("weight", [1.0, 0.5, 0.1])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_minimum__equals_plain_solver(weight, seed):
    estimate, factor, half = problem(seed=seed)
    assert np.linalg.eigvalsh(estimate)[0] < 0
    metric = error_metric(factor, 4, weight)
    found = nearest_covariance(estimate, metric, tolerance=1e-10, max_rounds=20_000)
    matrix, distance = plain_minimum(estimate, metric.dense(), half, 4)
    assert found.converged
    check_digits(found.distance, distance, 6, "distance")
    check_digits(found.distance, plain_distance(found.matrix, estimate, metric.dense(), half), 9, "distance, dense")
    assert np.abs(found.matrix - matrix).max() < 1e-5 * np.abs(estimate).max()


def test_shrunk_covariance__is_what_it_says():
    """Dense V of equation (3) from the definitions, and Ledoit and Wolf's weight from p x p matrices."""
    _, factor, half = problem(n_traits=5)
    scale = error_scale(factor, 5)
    root = np.linalg.cholesky(scale)
    inverse = np.linalg.inv(root)
    whitened = half.pack(inverse @ half.matrix(factor) @ inverse.T)
    covariance = whitened.T @ whitened
    n_blocks, n_cells = whitened.shape
    mu = np.trace(covariance) / n_cells
    d2 = ((covariance - mu * np.eye(n_cells)) ** 2).sum()
    b2 = sum(((n_blocks * np.outer(row, row) - covariance) ** 2).sum() for row in whitened) / n_blocks**2
    weight, variance = shrinkage_weight(whitened)
    check_digits(weight, b2 / d2, 10, "lambda")
    check_digits(variance, mu, 12, "mu")
    structured = scale[np.ix_(half.rows, half.rows)] * scale[np.ix_(half.columns, half.columns)]
    structured = structured + scale[np.ix_(half.rows, half.columns)] * scale[np.ix_(half.columns, half.rows)]
    expected = weight * mu / 2 * structured + (1 - weight) * factor.T @ factor
    metric = error_metric(factor, 5)
    scale_of_cells = np.sqrt(np.outer(np.diag(expected), np.diag(expected)))
    assert np.abs((metric.dense() - expected) / scale_of_cells).max() < 1e-10
    assert np.abs(np.diag(metric.dense()) / half_cells(metric.cell_variances(), half) - 1).max() < 1e-10


def half_cells(matrix, half):
    return matrix[half.rows, half.columns]


def test_error_scale__is_the_maximum_of_the_likelihood():
    _, factor, half = problem(n_traits=3)
    scale = error_scale(factor, 3)
    inverse = np.linalg.inv(scale)
    fixed = sum(matrix @ inverse @ matrix for matrix in half.matrix(factor)) / 4
    assert np.abs(fixed - scale).max() < 1e-6 * np.abs(scale).max()

    def negative_log_likelihood(parameters):
        root = np.zeros((3, 3))
        root[half.columns, half.rows] = parameters
        candidate = root @ root.T
        inverse = np.linalg.inv(candidate)
        n_blocks = len(factor)
        quadratic = sum(np.trace(inverse @ m @ inverse @ m) for m in half.matrix(factor) * np.sqrt(n_blocks))
        return n_blocks * 4 / 2 * np.linalg.slogdet(candidate)[1] + quadratic / 4

    at = np.linalg.cholesky(scale)[half.columns, half.rows]
    lowest = negative_log_likelihood(at)
    rng = np.random.default_rng(1)
    assert all(negative_log_likelihood(at * (1 + rng.normal(0, 0.01, 6))) > lowest for _ in range(30))


def test_many_traits__need_fewer_rows_for_their_structure(monkeypatch):
    """60 rows of 40 traits: C within what sampling does to it, relative to its own traits; 200 rows are the same as all."""
    _, factor, _ = problem(n_traits=40, n_blocks=200, nu=80)
    full = error_scale(factor, 40)
    monkeypatch.setattr("sumh2.kernels.error_structure._ENOUGH_VECTORS", 60 * 40)
    fewer = error_scale(factor, 40)
    root = np.linalg.inv(np.linalg.cholesky(full))
    off = np.linalg.eigvalsh(root @ fewer @ root.T)
    assert 0.75 < off[0] < 1 < off[-1] < 1.25 and abs(off.mean() - 1) < 0.05
    assert not np.allclose(fewer, full, rtol=1e-3)
    monkeypatch.setattr("sumh2.kernels.error_structure._ENOUGH_VECTORS", 200 * 40)
    assert np.array_equal(error_scale(factor, 40), full)


def test_wishart_errors__give_structure_and_skewness():
    """W of n draws with covariance C: variance C_aa C_bb + C_ab² over n, kappa = 1 / sqrt(n), lambda near 1."""
    rng = np.random.default_rng(4)
    n_traits, n_blocks, nu = 6, 400, 50
    root = np.tril(rng.uniform(0, 1, (n_traits, n_traits))) + np.eye(n_traits)
    half = HalfVectors.of(n_traits)
    draws = rng.standard_normal((n_blocks, nu, n_traits)) @ root.T
    blocks = np.einsum("bni,bnj->bij", draws, draws) / nu
    deleted = (blocks.sum(axis=0) - blocks) / (n_blocks - 1)
    factor = np.sqrt((n_blocks - 1) / n_blocks) * (deleted - deleted.mean(axis=0))[:, half.rows, half.columns]
    metric = error_metric(factor, n_traits)
    n = n_blocks * nu
    truth = root @ root.T
    units = np.sqrt(np.outer(np.diag(truth), np.diag(truth)))
    assert np.abs((metric.root @ metric.root.T * np.sqrt(n) - truth) / units).max() < 0.1
    assert metric.weight > 0.9
    check_digits(metric.variance, 2.0, 2)
    assert abs(error_skewness(factor, metric.root) * np.sqrt(n) - 1) < 0.25


def test_draws__have_the_jackknifes_covariance():
    _, factor, half = problem(n_traits=3)
    root = np.linalg.cholesky(error_scale(factor, 3))
    rng = np.random.default_rng(1)
    drawn = np.array([half_cells(root @ draw_from_factor(factor, root, rng) @ root.T, half) for _ in range(20_000)])
    expected = factor.T @ factor
    scale = np.sqrt(np.outer(np.diag(expected), np.diag(expected)))
    assert np.abs((np.cov(drawn.T) - expected) / scale).max() < 0.05


@settings(max_examples=25, deadline=None)
@given(st.integers(2, 7), st.integers(0, 1000), st.sampled_from([1.0, 0.3, None]))
def test_result__is_a_covariance_and_no_further_than_others(n_traits, seed, weight):
    estimate, factor, half = problem(n_traits, seed=seed)
    metric = error_metric(factor, n_traits, weight)
    found = nearest_covariance(estimate, metric, tolerance=1e-9, max_rounds=20_000)
    scale = np.sqrt(np.diag(found.matrix))
    scale[scale == 0] = 1
    assert np.linalg.eigvalsh(found.matrix / np.outer(scale, scale))[0] > -1e-9
    clipped = positive_part(estimate)
    assert found.distance <= metric.distance(estimate - clipped) * (1 + 1e-6) + 1e-12


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 1000), st.sampled_from([1.0, 0.3, None]))
def test_any_linear_map_of_the_traits__maps_the_result(seed, weight):
    """Units, order, and every other invertible map: Sigma(A S A') = A Sigma(S) A'."""
    estimate, factor, half = problem(5, seed=seed)
    rng = np.random.default_rng(seed)
    change = rng.standard_normal((5, 5)) * np.exp(rng.normal(0, 1, 5))[:, None]
    moved = (change @ half.matrix(factor) @ change.T)[:, half.rows, half.columns]
    one = nearest_covariance(estimate, error_metric(factor, 5, weight), tolerance=1e-10, max_rounds=20_000)
    other = nearest_covariance(
        change @ estimate @ change.T, error_metric(moved, 5, weight), tolerance=1e-10, max_rounds=20_000
    )
    expected = change @ one.matrix @ change.T
    assert np.abs(other.matrix - expected).max() < 1e-6 * np.abs(expected).max()
    check_digits(other.distance, one.distance, 5)


@pytest.mark.parametrize("weight", [1.0, 0.4])
@pytest.mark.parametrize("seed", [1, 4])
def test_trace_held__equals_plain_constrained_solver(weight, seed):
    estimate, factor, half = problem(3, seed=seed)
    metric = error_metric(factor, 3, weight)
    found = nearest_covariance(estimate, metric, tolerance=1e-10, max_rounds=20_000, hold_trace=True)
    inverse_scale = np.linalg.inv(metric.root @ metric.root.T)
    trace = np.trace(inverse_scale @ estimate)
    check_digits(np.trace(inverse_scale @ found.matrix), trace, 7, "trace")
    inverse = np.linalg.inv(metric.dense())
    scale = np.sqrt(np.abs(np.diag(estimate)))

    def matrix(parameters):
        root = np.zeros((3, 3))
        root[half.columns, half.rows] = parameters
        return (root @ root.T) * np.outer(scale, scale)

    def objective(parameters):
        difference = (matrix(parameters) - estimate)[half.rows, half.columns]
        return difference @ inverse @ difference / 100

    held = {"type": "eq", "fun": lambda parameters: np.trace(inverse_scale @ matrix(parameters)) / trace - 1}
    best = np.inf
    for start in range(8):
        first = np.random.default_rng(start).normal(0, 0.5, 6) + (half.rows == half.columns)
        options = {"maxiter": 3000, "ftol": 1e-14}
        best = min(best, minimize(objective, first, method="SLSQP", constraints=[held], options=options).fun * 100)
    check_digits(found.distance, best, 5, "distance")


def test_a_covariance__stays_as_it_is():
    estimate, factor, _ = problem()
    covariance = positive_part(estimate) + 0.01 * np.eye(4)
    found = nearest_covariance(covariance, error_metric(factor, 4))
    assert np.array_equal(found.matrix, covariance)
    assert found.distance == 0


def test_single_precision_and_warm_start__reach_the_same_minimum():
    estimate, factor, _ = problem(6)
    exact = nearest_covariance(estimate, error_metric(factor, 6, 0.2), tolerance=1e-10, max_rounds=20_000)
    single = nearest_covariance(estimate, error_metric(factor.astype(np.float32), 6, 0.2), tolerance=1e-4)
    check_digits(single.distance, exact.distance, 4)
    again = nearest_covariance(estimate, error_metric(factor, 6, 0.2), exact.state, tolerance=1e-8)
    assert again.n_rounds < 5
    check_digits(again.distance, exact.distance, 8)


def test_too_few_rounds__are_said():
    estimate, factor, _ = problem(6)
    assert not nearest_covariance(estimate, error_metric(factor, 6, 0.05), tolerance=1e-12, max_rounds=2).converged


@pytest.mark.parametrize("weight", [1.0, 0.4])
def test_factor_model__recovers_factors_without_error(weight):
    _, factor, _ = problem(6)
    rng = np.random.default_rng(2)
    loadings, psi = rng.standard_normal((6, 2)), rng.uniform(0.5, 1, 6)
    truth = loadings @ loadings.T + np.diag(psi)
    found = nearest_factor_model(truth, error_metric(factor, 6, weight), 2)
    assert np.abs(found.matrix - truth).max() < 1e-4
    assert found.state[0].shape == (6, 2)


@pytest.mark.parametrize("unique", [True, False])
def test_factor_model__equals_plain_minimiser(unique):
    estimate, factor, half = problem(5, seed=3)
    metric = error_metric(factor, 5, 0.5)
    found = nearest_factor_model(estimate, metric, 1, unique)
    inverse = np.linalg.inv(metric.dense())
    scale = np.sqrt(np.sqrt(np.diag(metric.dense())[half.rows == half.columns]) + np.abs(np.diag(estimate)))

    def objective(parameters):
        loading = parameters[:5] * scale
        matrix = np.outer(loading, loading) + np.diag((parameters[5:] * scale) ** 2 if unique else np.zeros(5))
        difference = (matrix - estimate)[half.rows, half.columns]
        return difference @ inverse @ difference

    starts = [np.random.default_rng(seed).normal(0, 1, 10 if unique else 5) for seed in range(20)]
    best = min(minimize(objective, start, method="BFGS", options={"gtol": 1e-10}).fun for start in starts)
    check_digits(found.distance, best, 5, "distance")
    assert np.linalg.matrix_rank(found.matrix - np.diag(found.state[1]), tol=1e-8 * np.abs(estimate).max()) == 1


def test_rank_q__closed_form_equals_minimiser():
    estimate, factor, _ = problem(5, seed=3)
    exact = nearest_factor_model(estimate, error_metric(factor, 5, 1.0), 2, unique=False)
    almost = nearest_factor_model(estimate, error_metric(factor, 5, 1 - 1e-9), 2, unique=False)
    check_digits(almost.distance, exact.distance, 5)
    assert np.linalg.matrix_rank(exact.matrix, tol=1e-9 * np.abs(exact.matrix).max()) == 2


# ---------------------------------------------------------------------------------------------------------------------
# Correlations with standard errors alone


def contradictory(n_traits=5, seed=1):
    rng = np.random.default_rng(seed)
    rg = np.clip(rng.uniform(-1.1, 1.1, (n_traits, n_traits)), -1.05, 1.05)
    rg = np.triu(rg, 1) + np.triu(rg, 1).T + np.eye(n_traits)
    se = np.exp(rng.uniform(np.log(0.02), np.log(0.5), (n_traits, n_traits)))
    return rg, np.triu(se, 1) + np.triu(se, 1).T + np.eye(n_traits)


@pytest.mark.parametrize("seed", range(4))
def test_nearest_correlation__equals_plain_solver(seed):
    rg, se = contradictory(seed=seed)
    found = nearest_correlation(rg, se, tolerance=1e-11)
    upper = np.triu_indices(5, 1)

    def matrix(parameters):
        root = parameters.reshape(5, 5)
        root = root / np.linalg.norm(root, axis=1, keepdims=True)
        return root @ root.T

    def objective(parameters):
        return ((((matrix(parameters) - rg) / se)[upper]) ** 2).sum()

    starts = [np.random.default_rng(start).standard_normal(25) for start in range(6)]
    best = min(
        (minimize(objective, start, method="BFGS", options={"gtol": 1e-8}) for start in starts), key=lambda x: x.fun
    )
    assert found.converged
    check_digits(found.distance, best.fun, 6, "distance")
    assert np.abs(found.matrix - matrix(best.x)).max() < 1e-4
    assert np.abs(np.diag(found.matrix) - 1).max() < 1e-12
    assert np.linalg.eigvalsh(found.matrix)[0] > -1e-10


def test_known_example__of_the_mgreml_paper():
    """.9, .9 and .2: 1.336 > 1, smallest eigenvalue -.177 (Methods of the MGREML paper)."""
    rg = np.array([[1, 0.9, 0.9], [0.9, 1, 0.2], [0.9, 0.2, 1]])
    check_digits(np.linalg.eigvalsh(rg)[0], -0.177, 2)
    found = nearest_correlation(rg, np.full((3, 3), 0.1))
    r12, r13, r23 = found.matrix[0, 1], found.matrix[0, 2], found.matrix[1, 2]
    check_digits(r12**2 + r13**2 + r23**2 - 2 * r12 * r13 * r23, 1.0, 5, "on the boundary")
    check_digits(r12, r13, 6)


def test_missing_cells__are_completed_and_cost_nothing():
    rg, se = contradictory(4, seed=2)
    rg[0, 1] = rg[1, 0] = np.nan
    found = nearest_correlation(rg, se)
    assert np.isfinite(found.matrix).all()
    filled = rg.copy()
    filled[0, 1] = filled[1, 0] = found.matrix[0, 1]
    check_digits(nearest_correlation(filled, se).distance, found.distance, 4)


def test_a_correlation_matrix__stays_as_it_is():
    rg = np.array([[1, 0.5, 0.2], [0.5, 1, 0.1], [0.2, 0.1, 1]])
    assert np.array_equal(nearest_correlation(rg, np.full((3, 3), 0.1)).matrix, rg)
