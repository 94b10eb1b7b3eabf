"""The covariance matrix nearest to estimates, in the metric of their sampling covariance.

    minimise  (s - sigma)' V^-1 (s - sigma)   over symmetric  Sigma >= 0                                           (1)

with s and sigma the cells of estimate S and candidate Sigma.  V is the shrunk jackknife covariance of
:mod:`sumh2.kernels.error_structure`: in coordinates ``Y = L^-1 Sigma L^-T`` it is ``lambda mu I`` plus at most B - 1
directions.  A congruence keeps the cone of positive semi-definite matrices, so that (1) is a least-squares projection in
these coordinates:

- ``lambda = 1``: exact at once: negative eigenvalues of ``L^-1 S L^-T`` become zero (Higham 1988, Theorem 2.1).
- otherwise by the alternating direction method of multipliers (Boyd et al. 2011, section 3.1): ``x`` minimises the
  quadratic,
  which costs two products with the B - 1 directions, ``y`` is the projection, one eigenvalue decomposition.  The problem is
  strongly convex: one minimum, linear convergence, any start.

**Trace held.** The projection (1) adds to every direction in which sampling error made S negative and takes from none.
With many traits and few strong factors this bias is systematic: heritabilities rise by a standard error each,
together, and all correlations shrink towards zero, so far that they end further from the truth than they began
(``benchmarks/consistency_truth.py``). But the whitened trace is an unbiased number that the data know far better than
any eigenvalue (its standard error grows as T^0.5, that bias as T^1.5), so that it can be held:

    tr(C^-1 Sigma) = tr(C^-1 S)                                                                                     (2)

The set remains convex, and the projection is as cheap: eigenvalues become ``max(v - tau, 0)`` with the tau that keeps
their sum (the projection on a simplex, Duchi et al. 2008), so that noise in positive directions loses what negative
directions gain.

Where S is a covariance matrix already, the answer is S itself, to the last bit.

With q factors, ``Sigma = Lambda Lambda' + Psi``, ``Psi >= 0`` diagonal (zero for a matrix of rank q), the problem is
not convex; it is minimised over Lambda and Psi by L-BFGS-B from the principal factors of S. (Rank q and ``lambda = 1``
is exact at once: Eckart and Young 1936 in the coordinates Y.)

Sources: Higham 1988 (Linear Algebra Appl. 103:103); Boyd et al. 2011 (Found. Trends Mach. Learn. 3:1); Duchi et al. 2008
(ICML 25:272, Figure 1).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh, solve_triangular

from sumh2.kernels.error_structure import ErrorMetric, HalfVectors

Floats = NDArray[np.float64]

#: Step of the over-relaxed iteration (Boyd et al. 2011, section 3.4.3).
_RELAXATION = 1.6


@dataclass(frozen=True)
class NearestCovariance:
    """A solution.

    Parameters
    ----------
    matrix : float64, (T, T)
        Sigma.
    distance
        Minimum of (1).
    n_rounds
        Eigenvalue decompositions or steps that it took.
    converged
        False where the limit of rounds came first.
    state
        Where the next, similar problem may start.
    """

    matrix: Floats
    distance: float
    n_rounds: int
    converged: bool
    state: tuple[Floats, Floats] | None = None


def positive_part(matrix: Floats, rank: int | None = None, trace: float | None = None) -> Floats:
    """The nearest positive semi-definite matrix in the Frobenius norm, of at most this rank, or of this trace."""
    values, vectors = eigh(matrix, check_finite=False)
    if trace is not None:
        kept_values = _on_simplex(values, trace)
        kept = kept_values > 0
        root = vectors[:, kept] * np.sqrt(kept_values[kept])
        return root @ root.T
    # The smaller half of the spectrum makes the cheaper product.
    if rank is None and 2 * np.count_nonzero(values < 0) < len(values):
        kept = values < 0
        removed = vectors[:, kept] * np.sqrt(-values[kept])
        return matrix + removed @ removed.T
    kept = values > 0
    if rank is not None:
        kept[: len(values) - rank] = False
    root = vectors[:, kept] * np.sqrt(values[kept])
    return root @ root.T


def _on_simplex(values: Floats, total: float) -> Floats:
    """``max(values - tau, 0)`` with the tau that makes them sum to `total`; zeros for a total that is not positive."""
    if not total > 0:
        return np.zeros_like(values)
    falling = np.sort(values)[::-1]
    excess = (np.cumsum(falling) - total) / np.arange(1, len(values) + 1)
    return np.maximum(values - excess[np.flatnonzero(falling > excess)[-1]], 0)


def is_covariance(matrix: Floats) -> bool:
    """Whether all eigenvalues are non-negative, rounding aside (relative to the units of the traits)."""
    diagonal = np.diag(matrix)
    if not (diagonal > 0).all():
        return False
    scale = 1 / np.sqrt(diagonal)
    return bool(np.linalg.eigvalsh(matrix * np.outer(scale, scale))[0] >= -1e-12 * len(matrix))


def nearest_covariance(
    estimate: Floats,
    metric: ErrorMetric,
    start: tuple[Floats, Floats] | None = None,
    tolerance: float = 1e-6,
    max_rounds: int = 2000,
    hold_trace: bool = False,
) -> NearestCovariance:
    """Solve (1), or (1) with (2).

    Parameters
    ----------
    estimate : float64, (T, T)
        S, symmetric, finite.
    metric
        V.
    start
        The `state` of a similar problem.
    tolerance
        Largest remaining change of a cell, in its standard errors.
    max_rounds
        Rounds after which the iteration ends without convergence.
    hold_trace
        Whether (2) is held.
    """
    if is_covariance(estimate):
        return NearestCovariance(estimate.copy(), 0.0, 0, True, None)
    half = metric.half
    whitened = metric.whiten(estimate)
    trace = float(np.trace(whitened)) if hold_trace else None
    if not len(metric.spectrum):
        nearest = positive_part(whitened, trace=trace)
        residual = half.pack(whitened - nearest)
        distance = float(residual @ residual) / metric.floor
        return NearestCovariance(metric.unwhiten(nearest), distance, 1, True, None)
    nearest, dual, n_rounds, converged = _alternate(
        half.pack(whitened), metric, half, start, tolerance, max_rounds, trace
    )
    residual = half.pack(whitened - nearest)
    distance = float(residual @ metric.solve(residual))
    return NearestCovariance(metric.unwhiten(nearest), distance, n_rounds, converged, (nearest, dual))


def _alternate(
    target: Floats,
    metric: ErrorMetric,
    half: HalfVectors,
    start: tuple[Floats, Floats] | None,
    tolerance: float,
    max_rounds: int,
    trace: float | None,
) -> tuple[Floats, Floats, int, bool]:
    """The iteration, in whitened coordinates: y and the scaled dual u with ``x = y``."""
    # For a quadratic with curvatures between m and M the penalty sqrt(m M) converges fastest.
    penalty = 1 / np.sqrt(metric.floor * metric.spectrum.max(initial=metric.floor))
    on_floor = penalty * metric.floor / (1 + penalty * metric.floor)
    on_spectrum = penalty * metric.spectrum / (1 + penalty * metric.spectrum)
    if start is None:
        nearest = positive_part(half.unpack(target), trace=trace)
        dual = np.zeros_like(target)
    else:
        nearest, dual = start
    y = half.pack(nearest)
    limit = tolerance * np.sqrt(metric.floor)
    for n_rounds in range(1, max_rounds + 1):
        x = target + metric.apply(y - dual - target, on_floor, on_spectrum)
        relaxed = _RELAXATION * x + (1 - _RELAXATION) * y
        nearest = positive_part(half.unpack(relaxed + dual), trace=trace)
        updated = half.pack(nearest)
        dual = dual + relaxed - updated
        change = max(np.abs(updated - y).max(), np.abs(x - updated).max())
        y = updated
        if change < limit:
            return nearest, dual, n_rounds, True
    return nearest, dual, max_rounds, False


def nearest_factor_model(
    estimate: Floats,
    metric: ErrorMetric,
    n_factors: int,
    unique: bool = True,
    start: tuple[Floats, Floats] | None = None,
) -> NearestCovariance:
    """The nearest ``Lambda Lambda' + Psi`` with q factors.

    Parameters
    ----------
    estimate, metric
        As :func:`nearest_covariance`.
    n_factors
        q, at least 1.
    unique
        Whether traits have unique variances Psi >= 0; False for a matrix of rank q.
    start
        The `state` of a similar problem: (Lambda, Psi).

    Returns
    -------
    NearestCovariance
        Its `state` is (Lambda (T, q), Psi (T,)).
    """
    n_traits = len(estimate)
    if not 1 <= n_factors <= n_traits:
        raise ValueError(f"{n_factors} factors of {n_traits} traits")
    half, whitened = metric.half, metric.whiten(estimate)
    if not unique and not len(metric.spectrum):
        nearest = positive_part(whitened, n_factors)
        residual = half.pack(whitened - nearest)
        values, vectors = np.linalg.eigh(metric.unwhiten(nearest))
        loadings = vectors[:, -n_factors:] * np.sqrt(np.maximum(values[-n_factors:], 0))
        state = (loadings, np.zeros(n_traits))
        distance = float(residual @ residual) / metric.floor
        return NearestCovariance(metric.unwhiten(nearest), distance, 1, True, state)
    from scipy.optimize import minimize

    scale = np.sqrt(np.maximum(np.diag(estimate), np.sqrt(np.diag(metric.cell_variances()))))
    loadings, psi = _principal_factors(estimate / np.outer(scale, scale), n_factors, unique) if start is None else start
    if start is not None:
        loadings, psi = loadings / scale[:, None], psi / scale**2

    def unpack(parameters: Floats) -> tuple[Floats, Floats]:
        loaded = parameters[: n_traits * n_factors].reshape(n_traits, n_factors) * scale[:, None]
        own = parameters[n_traits * n_factors :] * scale**2 if unique else np.zeros(n_traits)
        return loaded, own

    def objective(parameters: Floats) -> tuple[float, Floats]:
        loaded, own = unpack(parameters)
        residual = half.pack(whitened - metric.whiten(loaded @ loaded.T + np.diag(own)))
        solved = metric.solve(residual)
        inner = solve_triangular(metric.root, half.unpack(solved), lower=True, trans="T", check_finite=False)
        outer = solve_triangular(metric.root, inner.T, lower=True, trans="T", check_finite=False)
        outer = (outer + outer.T) / 2
        gradient = [(-4 * outer @ loaded * scale[:, None]).ravel()]
        if unique:
            gradient.append(-2 * np.diag(outer) * scale**2)
        return float(residual @ solved), np.concatenate(gradient)

    first = np.concatenate([loadings.ravel(), psi] if unique else [loadings.ravel()])
    bounds = [(None, None)] * (n_traits * n_factors) + [(0, None)] * (n_traits if unique else 0)
    options = {"maxiter": 2000, "maxfun": 4000, "ftol": 1e-13, "gtol": 1e-8, "maxcor": 20}
    found = minimize(objective, first, jac=True, method="L-BFGS-B", bounds=bounds, options=options)
    loaded, own = unpack(found.x)
    matrix = loaded @ loaded.T + np.diag(own)
    return NearestCovariance(matrix, float(found.fun), int(found.nit), bool(found.status == 0), (loaded, own))


def _principal_factors(correlation: Floats, n_factors: int, unique: bool) -> tuple[Floats, Floats]:
    """Loadings of the largest eigenvalues, and what they leave of the diagonal."""
    values, vectors = np.linalg.eigh(correlation)
    loadings = vectors[:, -n_factors:] * np.sqrt(np.maximum(values[-n_factors:], 1e-4))
    left = np.maximum(np.diag(correlation) - (loadings**2).sum(axis=1), 0.05)
    return loadings, left if unique else np.zeros(len(correlation))
