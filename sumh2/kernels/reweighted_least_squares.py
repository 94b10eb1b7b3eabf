"""Least squares whose weights depend on the fit: LDAK's ``--chisq-solver NO``, ``--LDSC YES`` and ``--sum-cors``."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sumh2.kernels.likelihood import MAX_ITER, TOLERANCE, ScaledDesign, invert_scaled

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class LeastSquaresFit:
    """Iterated weighted least squares.

    Parameters
    ----------
    theta : float64, (n_coefs,)
    predicted : float64, (n_snps,)
        X theta.
    weights : float64, (n_snps,)
        Weights of the last solution; they come from the fit before it.
    converged
        Whether the quantity that was followed settled.
    n_iter
        Solutions.
    """

    theta: Floats
    predicted: Floats
    weights: Floats
    converged: bool
    n_iter: int


def solve_weighted(design: ScaledDesign, response: Floats, weights: Floats) -> Floats:
    """Weighted least squares of the response on X, (n_coefs,)."""
    n_coefs = design.shape[1]
    xtx, xty = np.zeros((n_coefs, n_coefs)), np.zeros(n_coefs)
    for rows in design.chunks():
        x = design[rows]
        weighted = x * weights[rows, None]
        xtx += weighted.T @ x
        xty += weighted.T @ response[rows]
    return invert_scaled(xtx) @ xty


def fit_least_squares(
    design: ScaledDesign,
    response: Floats,
    weights_of: Callable[[Floats], Floats],
    followed: Callable[[Floats, Floats], float],
    *,
    start: Floats | None = None,
    before: float = math.inf,
    tolerance: float = TOLERANCE,
    max_iter: int = MAX_ITER,
) -> LeastSquaresFit:
    """Least squares, weights and least squares in turn, until a number settles.

    Parameters
    ----------
    design
        Columns of X.
    response : float64, (n_snps,)
    weights_of
        Weights, (n_snps,), given X theta.
    followed
        The number that has to settle, given theta and X theta.
    start : float64, (n_coefs,)
        Coefficients behind the first weights; zeros by default.
    before
        What ``followed`` was at the start.
    tolerance
        Stop when it changes by less.
    max_iter
        At most so many solutions.
    """
    predicted = np.zeros(len(design)) if start is None else design.predict(start)
    for iteration in range(1, max_iter + 1):
        weights = weights_of(predicted)
        theta = solve_weighted(design, response, weights)
        predicted = design.predict(theta)
        now = followed(theta, predicted)
        if abs(now - before) < tolerance:
            return LeastSquaresFit(theta, predicted, weights, True, iteration)
        before = now
    return LeastSquaresFit(theta, predicted, weights, False, max_iter)
