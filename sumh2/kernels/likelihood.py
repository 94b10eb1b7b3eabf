"""Weighted chi-square likelihood of test statistics, and its maximum: the heart of SumHer.

Under a heritability model the test statistic of SNP j, S_j = z_j², has expectation E_j = 1 + x_j theta and is a
chi-square with one degree of freedom times E_j.  SNPs in LD say the same thing again, so each counts with weight
w_j = 1 / Tagging_j:

    logl(theta) = sum_j w_j [ -S_j / (2 E_j) - log(S_j E_j) / 2 - log(2 pi) / 2 ]

(Speed, Holmes and Balding 2020, Nature Genetics 52:458, "loglSS"; SPEC-LDAK, 6.2).  E_j <= 0 counts as 1e-6.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

#: What an expected statistic that is not positive counts as.
SMALLEST_EXPECTED = 1e-6
#: Newton steps stop when the log likelihood changes by less (LDAK's ``--tolerance``).
TOLERANCE = 1e-3
#: At most so many steps (LDAK's ``--max-iter``).
MAX_ITER = 100
#: Steps are halved down to this share of a full one.
SMALLEST_STEP = 1e-3
#: Eigenvalues below this, of a matrix with a unit diagonal, count as zero.
_SMALLEST_EIGENVALUE = 1e-6
#: Numbers of a design held at a time: 4 MB.
_CHUNK_NUMBERS = 1 << 19
#: SNPs of one category whose columns fit a processor's cache together.
_CACHED_ROWS = 1 << 13


@dataclass(frozen=True)
class ScaledDesign:
    """The columns of X, never formed as a whole: (n_j / n_bar) t_jk, then 1, then n_j / n_bar.

    Parameters
    ----------
    tagging : float64, (n_snps, n_categories)
        t_jk; it is not copied.
    scale : float64, (n_snps,)
        n_j / n_bar.
    constant
        Whether there is a column of ones (multiplicative inflation; or the constant of a product of two traits).
    scaled_constant
        Whether there is a column n_j / n_bar (inflation that grows with the sample size).
    """

    tagging: Floats
    scale: Floats
    constant: bool = False
    scaled_constant: bool = False

    @property
    def n_categories(self) -> int:
        """Columns that are taggings; they come first."""
        return self.tagging.shape[1]

    @property
    def shape(self) -> tuple[int, int]:
        """SNPs and columns."""
        return len(self.tagging), self.n_categories + self.constant + self.scaled_constant

    def __len__(self) -> int:
        return len(self.tagging)

    def __getitem__(self, rows: slice) -> Floats:
        """These rows of X, (n_rows, n_coefs)."""
        block = np.empty((len(self.scale[rows]), self.shape[1]))
        np.multiply(self.tagging[rows], self.scale[rows, None], out=block[:, : self.n_categories])
        place = self.n_categories
        if self.constant:
            block[:, place] = 1.0
            place += 1
        if self.scaled_constant:
            block[:, place] = self.scale[rows]
        return block

    def chunks(self) -> list[slice]:
        """Rows in pieces that fit a processor's cache."""
        n_rows = max(256, _CHUNK_NUMBERS // self.shape[1])
        return [slice(first, min(first + n_rows, len(self))) for first in range(0, len(self), n_rows)]

    def predict(self, theta: Floats) -> Floats:
        """X theta, (n_snps,)."""
        place = self.n_categories
        predicted = self.tagging @ theta[:place]
        if self.scaled_constant:
            predicted += theta[-1]
        predicted *= self.scale
        if self.constant:
            predicted += theta[place]
        return predicted

    def with_categories(self, categories: Sequence[int]) -> ScaledDesign:
        """The same with these categories alone."""
        return replace(self, tagging=np.ascontiguousarray(self.tagging[:, list(categories)]))


@dataclass(frozen=True)
class LikelihoodFit:
    """A maximum of the likelihood.

    Parameters
    ----------
    theta : float64, (n_coefs,)
        Coefficients, in the order of the columns of the design.
    logl
        Weighted log likelihood at theta.
    null_logl
        The same without heritability: E = 1, or the weighted mean of S where the design has a constant.
    covariance : float64, (n_coefs, n_coefs)
        Inverse of minus the second derivatives at theta: LDAK's, which takes the weighted likelihood for a real one.
    expected : float64, (n_snps,)
        E_j, positive.
    converged
        Whether the last step changed logl by less than the tolerance.
    n_iter
        Steps of the last stage.
    """

    theta: Floats
    logl: float
    null_logl: float
    covariance: Floats
    expected: Floats
    converged: bool
    n_iter: int


def invert_scaled(matrix: Floats) -> Floats:
    """Inverse of a symmetric matrix, brought to a unit diagonal first; directions of eigenvalue zero are left out.

    Eigenvalues of the scaled matrix within 1e-6 of zero are dropped, negative ones inverted as they are (SPEC-LDAK 1).
    """
    diagonal = np.diag(matrix)
    scale = np.where(diagonal > 0, 1 / np.sqrt(np.where(diagonal > 0, diagonal, 1.0)), 1.0)
    values, vectors = np.linalg.eigh(matrix * scale[:, None] * scale)
    kept = np.abs(values) >= _SMALLEST_EIGENVALUE
    vectors = vectors[:, kept] * scale[:, None]
    return (vectors / values[kept]) @ vectors.T


def positive_expected(predicted: Floats) -> Floats:
    """1 + X theta, where not positive 1e-6."""
    expected = 1.0 + predicted
    expected[~(expected > 0)] = SMALLEST_EXPECTED
    return expected


# ---------------------------------------------------------------------------------------------------------------------
# The likelihood and its derivatives


@dataclass(frozen=True)
class _Point:
    """The likelihood, but for its constant, with gradient and minus the Hessian."""

    logl: float
    gradient: Floats
    hessian: Floats


def log_likelihood(chi2: Floats, expected: Floats, weights: Floats) -> float:
    """Weighted log likelihood of chi2 given its expectations, all (n_snps,)."""
    terms = chi2 / expected + np.log(expected)
    return likelihood_constant(chi2, weights) - 0.5 * float(weights @ terms)


def likelihood_constant(chi2: Floats, weights: Floats) -> float:
    """The part that does not depend on theta."""
    return -0.5 * (float(weights @ np.log(chi2)) + math.log(2 * math.pi) * float(weights.sum()))


def null_log_likelihood(chi2: Floats, weights: Floats, mean_is_free: bool) -> float:
    """Likelihood without heritability: E = 1, or E = weighted mean of chi2."""
    expected = float(weights @ chi2 / weights.sum()) if mean_is_free else 1.0
    return log_likelihood(chi2, np.full(len(chi2), expected), weights)


class _Likelihood:
    """Evaluates the likelihood of one design at any theta."""

    def __init__(self, design: ScaledDesign, chi2: Floats, weights: Floats) -> None:
        self.design, self.chi2, self.weights = design, chi2, weights
        self.constant = likelihood_constant(chi2, weights)
        self.column = design.tagging[:, 0] * design.scale if design.n_categories == 1 else None

    def at(self, theta: Floats) -> _Point:
        """Value, gradient and minus the Hessian: one pass over the SNPs."""
        return self._many_categories(theta) if self.column is None else self._one_category(theta, self.column)

    def information(self, theta: Floats) -> Floats:
        """Expected value of minus the Hessian, X' diag(w / 2 E²) X: never negative."""
        n_coefs = self.design.shape[1]
        information = np.zeros((n_coefs, n_coefs))
        for rows in self.design.chunks():
            x = self.design[rows]
            weights = self.weights[rows] / (2 * positive_expected(x @ theta) ** 2)
            information += (x * weights[:, None]).T @ x
        return information

    def _one_category(self, theta: Floats, column: Floats) -> _Point:
        """As many categories, but every sum is a dot product of columns in the cache: 31 models cost little.

        Plain numpy: a compiled loop is no faster (its logarithm is not vectorised), and loading it costs more than a fit.
        """
        design = self.design
        slope = theta[0]
        logl, gradient, hessian = 0.0, np.zeros(3), np.zeros((3, 3))
        for first in range(0, len(column), _CACHED_ROWS):
            rows = slice(first, first + _CACHED_ROWS)
            x, scale, chi2, weights = column[rows], design.scale[rows], self.chi2[rows], self.weights[rows]
            predicted = x * slope
            if design.constant:
                predicted += theta[1]
            if design.scaled_constant:
                predicted += theta[-1] * scale
            expected = positive_expected(predicted)
            ratio = chi2 / expected
            logl += float(weights @ (ratio + np.log(expected)))
            weights = weights / expected
            slopes = weights * (ratio - 1)
            curvatures = weights * (ratio - 0.5) / expected
            gradient += (0.5 * (slopes @ x), 0.5 * slopes.sum(), 0.5 * (slopes @ scale))
            by_x, by_scale = curvatures * x, curvatures * scale
            hessian[0] += (by_x @ x, by_x.sum(), by_x @ scale)
            hessian[1, 1:] += (curvatures.sum(), by_scale.sum())
            hessian[2, 2] += by_scale @ scale
        places = np.flatnonzero([True, design.constant, design.scaled_constant])
        hessian = np.triu(hessian) + np.triu(hessian, 1).T
        return _Point(self.constant - 0.5 * logl, gradient[places], hessian[np.ix_(places, places)])

    def _many_categories(self, theta: Floats) -> _Point:
        n_coefs = self.design.shape[1]
        logl, gradient, hessian = 0.0, np.zeros(n_coefs), np.zeros((n_coefs, n_coefs))
        for rows in self.design.chunks():
            x, chi2, weights = self.design[rows], self.chi2[rows], self.weights[rows]
            expected = positive_expected(x @ theta)
            ratio = chi2 / expected
            logl += float(weights @ (ratio + np.log(expected)))
            gradient += x.T @ (weights * (ratio - 1) / (2 * expected))
            hessian += (x * (weights * (ratio - 0.5) / expected**2)[:, None]).T @ x
        return _Point(self.constant - 0.5 * logl, gradient, hessian)


# ---------------------------------------------------------------------------------------------------------------------
# Newton's method


def fit_likelihood(
    design: ScaledDesign,
    chi2: Floats,
    weights: Floats,
    *,
    first: Sequence[int] | None = None,
    start: Floats | None = None,
    tolerance: float = TOLERANCE,
    max_iter: int = MAX_ITER,
) -> LikelihoodFit:
    """Maximum of the likelihood by Newton's method with the observed second derivatives (SPEC-LDAK 6.3).

    A step is halved until logl does not fall by more than the tolerance; where even a small one does, the coefficients
    are moved one at a time, the last first.  Where that fails too, which LDAK gives up at (far from the maximum the
    curvature may have the wrong sign), the expected second derivatives give the step: it always leads uphill.

    Parameters
    ----------
    design
        Columns of X.
    chi2, weights : float64, (n_snps,)
        S_j, positive, and w_j.
    first
        Categories that are fitted on their own first, to start from; LDAK starts annotation models from their Base.
    start : float64, (n_coefs,)
        Where to begin; by default at 0, or at the fit of ``first``.
    tolerance
        Stop when a step changes logl by less.
    max_iter
        At most so many steps.
    """
    theta = np.zeros(design.shape[1]) if start is None else np.array(start, dtype=np.float64)
    if first is not None and start is None and len(first) < design.n_categories:
        theta = _start_from(
            design, first, _newton(design.with_categories(first), chi2, weights, tolerance, max_iter)[0]
        )
    theta, point, converged, n_iter = _newton(design, chi2, weights, tolerance, max_iter, theta)
    return LikelihoodFit(
        theta=theta,
        logl=point.logl,
        null_logl=null_log_likelihood(chi2, weights, design.constant or design.scaled_constant),
        covariance=invert_scaled(point.hessian),
        expected=positive_expected(design.predict(theta)),
        converged=converged,
        n_iter=n_iter,
    )


def _start_from(design: ScaledDesign, first: Sequence[int], theta_first: Floats) -> Floats:
    """Coefficients of a fit with some categories, among those of all."""
    theta = np.zeros(design.shape[1])
    theta[list(first)] = theta_first[: len(first)]
    theta[design.n_categories :] = theta_first[len(first) :]
    return theta


def _newton(
    design: ScaledDesign,
    chi2: Floats,
    weights: Floats,
    tolerance: float,
    max_iter: int,
    theta: Floats | None = None,
) -> tuple[Floats, _Point, bool, int]:
    likelihood = _Likelihood(design, chi2, weights)
    theta = np.zeros(design.shape[1]) if theta is None else theta
    point = likelihood.at(theta)
    for iteration in range(1, max_iter + 1):
        step = invert_scaled(point.hessian) @ point.gradient
        moved = _move(likelihood, theta, step, point.logl, tolerance)
        if moved is None:
            theta, changed = _move_one_by_one(likelihood, theta, point, tolerance)
            point = likelihood.at(theta)
            if changed:
                continue
            step = invert_scaled(likelihood.information(theta)) @ point.gradient
            moved = _move(likelihood, theta, step, point.logl, 0.0)
            if moved is None:
                return theta, point, False, iteration
            theta, point = moved
            continue
        change = moved[1].logl - point.logl
        theta, point = moved
        if abs(change) < tolerance:
            return theta, point, True, iteration
    return theta, point, False, max_iter


def _move(
    likelihood: _Likelihood, theta: Floats, step: Floats, logl: float, tolerance: float
) -> tuple[Floats, _Point] | None:
    """The first of the halved steps that does not lower the likelihood; None where none is good."""
    relax = 1.0
    while relax > SMALLEST_STEP:
        proposal = theta + relax * step
        point = likelihood.at(proposal)
        if point.logl > logl - tolerance:
            return proposal, point
        relax /= 2
    return None


def _move_one_by_one(likelihood: _Likelihood, theta: Floats, point: _Point, tolerance: float) -> tuple[Floats, bool]:
    """Newton's step in each coefficient on its own, the last first; whether any was taken."""
    theta, changed = theta.copy(), False
    for place in range(len(theta) - 1, -1, -1):
        curvature = point.hessian[place, place]
        if curvature == 0:
            continue
        step = np.zeros(len(theta))
        step[place] = point.gradient[place] / curvature
        moved = _move(likelihood, theta, step, point.logl, tolerance)
        if moved is not None:
            theta, point, changed = *moved, True
    return theta, changed
