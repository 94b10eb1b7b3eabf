"""The correlation matrix nearest to estimates of which only standard errors are known, some of them missing.

    minimise  sum_(a<b) w_ab (r_ab - rho_ab)²,    w = 1 / se²   over  rho >= 0,  rho_aa = 1                         (1)

(the H-weighted nearest correlation matrix: Higham 2002, IMA J. Numer. Anal. 22:329).  Missing cells have weight 0 and
take any value that completes the matrix.  Solved by the alternating direction method of multipliers: x obeys the weights
and the diagonal, y is positive semi-definite.  The weights span orders of magnitude; in units ``Y_ab = d_a d_b rho_ab``
with ``log w_ab / 2 ~ log d_a + log d_b`` by least squares they are near 1, which speeds the iteration up and changes
nothing else.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sumh2.kernels.nearest_covariance import NearestCovariance, positive_part

Floats = NDArray[np.float64]

_RELAXATION = 1.6
#: Rounds after which the iteration ends without convergence.
_MOST_ROUNDS = 20_000
#: Every so often the penalty follows the ratio of primal to dual residual (Boyd et al. 2011, section 3.4.1).
_ADAPT_EVERY, _ADAPT_UNTIL = 20, 1000


def nearest_correlation(estimate: Floats, se: Floats, tolerance: float = 1e-7) -> NearestCovariance:
    """Solve (1).

    Parameters
    ----------
    estimate : float64, (T, T)
        Symmetric; NaN where missing; its diagonal is not read.
    se : float64, (T, T)
        Symmetric, positive where the estimate is finite.
    tolerance
        Largest disagreement of x and y that remains, in units of the scaled cells (about standard errors).
    """
    n_traits = len(estimate)
    off = ~np.eye(n_traits, dtype=bool)
    known = np.isfinite(estimate) & off
    target = np.where(known, estimate, 0.0)
    np.fill_diagonal(target, 1.0)
    if np.linalg.eigvalsh(target)[0] >= -1e-12 * n_traits:
        return NearestCovariance(target, 0.0, 0, True)
    weights = np.zeros_like(target)
    weights[known] = 1 / se[known] ** 2
    units = _units(weights)
    product = np.outer(units, units)
    scaled, scaled_weights = target * product, weights / product**2
    y = positive_part(scaled)
    dual, penalty = np.zeros_like(y), 1.0
    converged, n_rounds = False, 0
    while not converged and n_rounds < _MOST_ROUNDS:
        n_rounds += 1
        x = (scaled_weights * scaled + penalty * (y - dual)) / (scaled_weights + penalty)
        np.fill_diagonal(x, units**2)
        relaxed = _RELAXATION * x + (1 - _RELAXATION) * y
        updated = positive_part(relaxed + dual)
        dual += relaxed - updated
        primal, change = np.abs(x - updated).max(), penalty * np.abs(updated - y).max()
        y = updated
        converged = max(primal, change) < tolerance
        if n_rounds % _ADAPT_EVERY == 0 and n_rounds <= _ADAPT_UNTIL:
            factor = 2.0 if primal > 10 * change else 0.5 if change > 10 * primal else 1.0
            penalty, dual = penalty * factor, dual / factor
    matrix = y / np.sqrt(np.outer(np.diag(y), np.diag(y)))
    distance = float((weights[known] * (matrix[known] - estimate[known]) ** 2).sum() / 2)
    return NearestCovariance(matrix, distance, n_rounds, converged)


def _units(weights: Floats) -> Floats:
    """d of the head of this module, (T,), from the cells that are there."""
    n_traits = len(weights)
    rows, columns = np.nonzero(np.triu(weights, 1))
    if not len(rows):
        return np.ones(n_traits)
    design = np.zeros((n_traits, n_traits))
    response = np.zeros(n_traits)
    logs = np.log(weights[rows, columns]) / 2
    np.add.at(design, (rows, columns), 1.0)
    design += design.T
    design[np.diag_indices(n_traits)] = design.sum(axis=1) + 1e-6  # a trait in no pair keeps unit 1
    np.add.at(response, rows, logs)
    np.add.at(response, columns, logs)
    return np.exp(np.linalg.solve(design, response))
