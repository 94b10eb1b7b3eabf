"""Shape of a profile likelihood over a grid: its maximum between grid points, and the normal density that looks most
like it.

The normal is LDAK's estimate of alpha and its SD (``--find-gaussian``; Schoech et al. 2019, Nature Communications
10:790): with L_i = exp(logl_i - max), for every mean m and SD s of a lattice

    G_i = exp(-((a_i - m)^2 - d^2) / (2 s^2)),     d = min_i |a_i - m|,

and the pair with the largest correlation of L and G over the grid is taken.  It is a fit of a shape: SDs are those of a
posterior under a flat prior if the likelihood were a likelihood of independent SNPs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

#: Lattice of ``--find-gaussian``: means, and standard deviations.
FIND_GAUSSIAN_MEANS = np.arange(-150, 51) / 100
#: Lattice of ``--sum-hers --powerfile``.
POWERFILE_MEANS = np.arange(-125, 76) / 100
STANDARD_DEVIATIONS = np.arange(1, 51) / 100

#: With one grid point left out, what is left of the sums of squares must be more than this share of them; below it a
#: correlation compares rounding with rounding (LDAK 6.2 then finds some above 1: SPEC-LDAK 7 and 11).
_SMALLEST_SHARE = 1e-6


@dataclass(frozen=True)
class GaussianShape:
    """The normal density most like a profile likelihood.

    Parameters
    ----------
    mode
        Grid point with the largest likelihood.
    mean, sd
        Of the normal, on a lattice of 0.01.
    correlation
        With the likelihood; NaN, with mean and sd, where the likelihood is the same everywhere.
    """

    mode: float
    mean: float
    sd: float
    correlation: float


def relative_likelihood(logl: Floats) -> Floats:
    """exp(logl - max), (n_points,)."""
    return np.exp(logl - logl.max())


def fit_gaussian(
    alphas: Floats,
    logl: Floats,
    means: Floats = FIND_GAUSSIAN_MEANS,
    sds: Floats = STANDARD_DEVIATIONS,
    leave_one_out: bool = False,
) -> GaussianShape:
    """The normal whose density correlates best with the likelihood over the grid.

    Parameters
    ----------
    alphas, logl : float64, (n_points,)
        Grid and log likelihoods.
    means, sds : float64, (n_means,), (n_sds,)
        Lattice to search; the first of equal correlations wins, means running slowest.
    leave_one_out
        Take for each pair the largest correlation after leaving out one grid point (sum-hers ``--powerfile``).  Sets
        that leave next to nothing of either curve are passed over, unlike in LDAK.
    """
    likelihood = relative_likelihood(logl)
    mode = float(alphas[np.argmax(logl)])
    distance = (alphas - means[:, None]) ** 2
    excess = distance - distance.min(axis=1, keepdims=True)
    density = np.exp(-excess[:, None, :] / (2 * sds[:, None] ** 2))
    correlation = _best_without_one(density, likelihood) if leave_one_out else _correlate(density, likelihood, 0.0)
    if not np.isfinite(correlation).any():
        return GaussianShape(mode, np.nan, np.nan, np.nan)
    place_mean, place_sd = np.unravel_index(np.nanargmax(correlation), correlation.shape)
    best = float(correlation[place_mean, place_sd])
    return GaussianShape(mode, float(means[place_mean]), float(sds[place_sd]), best)


def _best_without_one(density: Floats, likelihood: Floats) -> Floats:
    """Largest correlation over the sets of all grid points but one, (n_means, n_sds); NaN where no set has any."""
    n_points = len(likelihood)
    whole = np.broadcast_to(likelihood.var(), density.shape[:2])
    least = _SMALLEST_SHARE * n_points * np.array([density.var(axis=-1), whole])
    best = np.full(density.shape[:2], -np.inf)
    for point in range(n_points):
        kept = np.arange(n_points) != point
        best = np.fmax(best, _correlate(density[..., kept], likelihood[kept], least))
    return np.where(np.isfinite(best), best, np.nan)


def _correlate(density: Floats, likelihood: Floats, least: Floats | float) -> Floats:
    """Pearson's correlation along the last axis; NaN where a sum of squares is not above the least, (2, ...), of each."""
    centred, target = density - density.mean(axis=-1, keepdims=True), likelihood - likelihood.mean()
    ss_density, ss_target = np.einsum("...i,...i->...", centred, centred), float(target @ target)
    least_density, least_target = np.broadcast_to(least, (2, *ss_density.shape))
    known = (ss_density > least_density) & (ss_target > least_target)
    product = np.sqrt(np.where(known, ss_density, 1.0) * (ss_target or 1.0))
    return np.where(known, np.clip(centred @ target / product, -1, 1), np.nan)


def interpolated_maximum(alphas: Floats, logl: Floats) -> Floats:
    """Where the parabola through the largest point and its neighbours is largest; the end of the grid where that is.

    Parameters
    ----------
    alphas : float64, (n_points,)
        Ascending.
    logl : float64, (..., n_points)

    Returns
    -------
    float64, (...)
    """
    top = np.argmax(logl, axis=-1)
    inner = np.clip(top, 1, max(len(alphas) - 2, 1)) if len(alphas) > 2 else top
    if len(alphas) < 3:
        return alphas[top]
    x0, x1, x2 = alphas[inner - 1], alphas[inner], alphas[inner + 1]
    y0, y1, y2 = (np.take_along_axis(logl, (inner + k)[..., None], axis=-1)[..., 0] for k in (-1, 0, 1))
    left, right = (y1 - y0) / (x1 - x0), (y2 - y1) / (x2 - x1)
    bend = (right - left) / (x2 - x0)  # half the second derivative, negative at a maximum
    with np.errstate(divide="ignore", invalid="ignore"):
        vertex = (x0 + x1) / 2 - left / (2 * bend)
    at_end = (top == 0) | (top == len(alphas) - 1)
    return np.where(at_end | ~(bend < 0), alphas[top], np.clip(vertex, x0, x2))


def interpolate_rows(alphas: Floats, values: Floats, at: Floats) -> Floats:
    """Value of each row at its own point between grid points, by straight lines.

    Parameters
    ----------
    alphas : float64, (n_points,)
        Ascending.
    values : float64, (n_rows, n_points)
    at : float64, (n_rows,)
    """
    return np.array([np.interp(point, alphas, row) for point, row in zip(at, values, strict=True)])


def grid_widths(alphas: Floats) -> Floats:
    """Length of the grid each point stands for: half the way to both neighbours, (n_points,)."""
    edges = np.concatenate([alphas[:1], (alphas[1:] + alphas[:-1]) / 2, alphas[-1:]])
    return np.diff(edges)


def score_statistics(alphas: Floats, logl: Floats, logl_delete: Floats) -> Floats:
    """Slope of the profile likelihood at each grid point over its jackknife error, (n_points,).

    At the true alpha the slope U of the profile has mean zero; its error is that of a sum over blocks, whose value
    without block b, scaled to all blocks, is U_(b) B / (B - 1).  Slopes are differences between neighbours (at the ends
    of second order).

    Parameters
    ----------
    alphas : float64, (n_points,)
    logl : float64, (n_points,)
        Profile of all blocks.
    logl_delete : float64, (n_blocks, n_points)
        Profile with each block left out.
    """
    n_blocks = len(logl_delete)
    order: Literal[1, 2] = 2 if len(alphas) > 2 else 1
    slope = np.gradient(logl, alphas, edge_order=order)
    slope_delete = np.gradient(logl_delete, alphas, axis=1, edge_order=order) * (n_blocks / (n_blocks - 1))
    spread = slope_delete - slope_delete.mean(axis=0)
    variance = (n_blocks - 1) / n_blocks * (spread**2).sum(axis=0)
    return slope / np.sqrt(np.where(variance > 0, variance, np.nan))


def score_interval(alphas: Floats, z: Floats, best: float, limit: float) -> tuple[float, float]:
    """Alphas around the best one whose slope is within `limit` errors of zero; infinite where the grid ends first.

    Parameters
    ----------
    alphas, z : float64, (n_points,)
        Grid, and :func:`score_statistics` on it.
    best
        The maximum; the interval holds it.
    limit
        1.96 for 95%, or Student's quantile.
    """
    low, high = -np.inf, np.inf
    above = [place for place in range(len(alphas)) if alphas[place] <= best and z[place] >= limit]
    below = [place for place in range(len(alphas)) if alphas[place] >= best and z[place] <= -limit]
    if above:
        low = _crossing(alphas, z, above[-1], min(above[-1] + 1, len(alphas) - 1), limit)
    if below:
        high = _crossing(alphas, z, below[0], max(below[0] - 1, 0), -limit)
    return min(low, best), max(high, best)


def _crossing(alphas: Floats, z: Floats, outside: int, inside: int, limit: float) -> float:
    """Where the straight line between two neighbours passes the limit."""
    rise = z[inside] - z[outside]
    share = 0.0 if rise == 0 else min(max((limit - z[outside]) / rise, 0.0), 1.0)
    return float(alphas[outside] + share * (alphas[inside] - alphas[outside]))
