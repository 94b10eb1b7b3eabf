"""Block jackknife: each block left out once, errors from the spread of what is then estimated.

With B blocks, estimate e and delete values d_b, the pseudo-values are ``p_b = B e - (B - 1) d_b`` and the covariance of
the estimate is ``cov(p) / B`` (Künsch 1989; Bulik-Sullivan et al. 2015a, Online Methods).

LDAK writes the same number otherwise.  ``cov`` with B - 1 in its denominator centres the pseudo-values, so that e drops
out: ``cov(p) / B = (B - 1)² sum_b (d_b - d)² / {(B - 1) B} = (B - 1) [mean(d_b²) - mean(d_b)²]`` with d the mean of the
delete values, LDAK's ``(B - 1)`` times their variance with B in its denominator.  Whatever estimate the delete values
belong to (LDAK's is the maximum of the likelihood, they are of one least-squares step), the error is the same.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sumh2.kernels.block_sums import BlockSums

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Jackknife:
    """Coefficients with what the jackknife says of them.

    Parameters
    ----------
    estimate : float64, (n_coefs,)
        The estimate from all blocks (not the mean of the pseudo-values).
    delete_values : float64, (n_blocks, n_coefs)
        The estimate with each block left out.
    """

    estimate: Floats
    delete_values: Floats

    @property
    def n_blocks(self) -> int:
        """Number of blocks."""
        return len(self.delete_values)

    @property
    def cov(self) -> Floats:
        """Covariance of the estimate, (n_coefs, n_coefs)."""
        return jackknife_covariance(self.estimate, self.delete_values)

    @property
    def se(self) -> Floats:
        """Standard errors, (n_coefs,)."""
        return np.sqrt(np.diag(self.cov))


def coefficients(sums: BlockSums) -> Floats:
    """Weighted least squares over all blocks, (n_coefs,)."""
    return np.linalg.solve(sums.xtx.sum(axis=0), sums.xty.sum(axis=0))


def delete_block_estimates(sums: BlockSums) -> Floats:
    """Coefficients with each block left out, (n_blocks, n_coefs)."""
    xtx_without = sums.xtx.sum(axis=0) - sums.xtx
    xty_without = sums.xty.sum(axis=0) - sums.xty
    return np.linalg.solve(xtx_without, xty_without[..., None])[..., 0]


def jackknife(sums: BlockSums) -> Jackknife:
    """Weighted least squares with block jackknife."""
    return Jackknife(coefficients(sums), delete_block_estimates(sums))


def pseudo_values(estimate: Floats, delete_values: Floats) -> Floats:
    """Pseudo-values, (n_blocks, ...)."""
    n_blocks = len(delete_values)
    return n_blocks * np.asarray(estimate) - (n_blocks - 1) * delete_values


def jackknife_covariance(estimate: Floats, delete_values: Floats) -> Floats:
    """Covariance of the estimates, (n_coefs, n_coefs), from their joint delete values (n_blocks, n_coefs)."""
    pseudo = pseudo_values(estimate, delete_values)
    return np.atleast_2d(np.cov(pseudo, rowvar=False, ddof=1)) / len(delete_values)


def jackknife_se(estimate: float, delete_values: Floats) -> float:
    """Standard error of one number from its delete values, (n_blocks,)."""
    return float(np.sqrt(jackknife_covariance(np.array([estimate]), delete_values[:, None])[0, 0]))


def ratio_se(numerator: float, denominator: float, numerator_delete: Floats, denominator_delete: Floats) -> float:
    """Standard error of a ratio whose two parts have delete values over the same blocks, (n_blocks,)."""
    return jackknife_se(numerator / denominator, numerator_delete / denominator_delete)


def first_order_correlation_se(estimate: Floats, delete_values: Floats) -> float:
    """Standard error of ``g / sqrt(h1 h2)`` to first order, from the joint jackknife covariance of (h1, h2, g)."""
    h1, h2, g = estimate
    gradient = np.array([-g / (2 * h1), -g / (2 * h2), 1.0]) / np.sqrt(h1 * h2)
    return float(np.sqrt(gradient @ jackknife_covariance(estimate, delete_values) @ gradient))


def correlation_with_se(estimate: Floats, delete_values: Floats) -> tuple[float, float, int]:
    """``g / sqrt(h1 h2)``, its standard error, and the number of jackknife samples in which h1 or h2 is not positive.

    Where there are such samples the error is :func:`first_order_correlation_se`.

    Parameters
    ----------
    estimate : float64, (3,)
        h1, h2 and g; the correlation is NaN unless h1 and h2 are positive.
    delete_values : float64, (n_blocks, 3)
    """
    h1, h2, g = (float(value) for value in estimate)
    if not (h1 > 0 and h2 > 0):
        return float("nan"), float("nan"), 0
    scale = float(np.sqrt(h1 * h2))
    n_bad = int((delete_values[:, :2] <= 0).any(axis=1).sum())
    if n_bad:
        return g / scale, first_order_correlation_se(estimate, delete_values), n_bad
    delete_scale = np.sqrt(delete_values[:, 0] * delete_values[:, 1])
    return g / scale, ratio_se(g, scale, delete_values[:, 2], delete_scale), 0
