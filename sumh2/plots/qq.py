"""Observed against expected p-values of a GWAS."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sumh2.kernels.significance import lambda_gc
from sumh2.plots.figures import BLUE, GREY, ONE_COLUMN, ORANGE, VERMILION, add_legend, label_axes, new_axes
from sumh2.sumstats import SumStats

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from sumh2.ldsc.h2_result import H2Result

Floats = NDArray[np.float64]

#: The smallest p-values that are all drawn, and how many of the others.
_SMALLEST, _OTHERS = 1000, 400
#: -log10 p above which SNPs stand at the upper edge, unless few are below.
_HIGHEST = 30.0


def minus_log10_p(z: Floats) -> Floats:
    """-log10 of two-sided normal p-values; large z do not underflow."""
    from scipy.special import log_ndtr

    return -(log_ndtr(-np.abs(z)) + np.log(2)) / np.log(10)


def plot_qq(
    source: SumStats | Floats, fit: H2Result | None = None, ax: Axes | None = None, *, title: str | None = None
) -> Axes:
    """-log10 p of all SNPs against what is expected of as many independent tests without signal.

    The band holds 95% of such tests at each place (beta distribution of an order statistic); LD makes the real band
    wider.  With a fit the dashed line is what its intercept alone, confounding without heritability, would give: the rest
    is polygenic signal.

    Parameters
    ----------
    source
        Munged summary statistics, or z, (n_snps,); NaN is left out.
    fit
        LD Score regression of the same trait.
    ax
        Where to draw; a new figure by default.
    title
        By default the trait's name.
    """
    z = source.z if isinstance(source, SumStats) else np.asarray(source, float)
    z = z[np.isfinite(z)]
    if title is None:
        title = source.trait if isinstance(source, SumStats) else "" if fit is None else fit.trait
    ax = ax if ax is not None else new_axes(ONE_COLUMN, ONE_COLUMN)
    label_axes(ax, "expected −log₁₀ P", "observed −log₁₀ P", title)
    if not len(z):
        ax.text(0.5, 0.5, "no SNPs", transform=ax.transAxes, ha="center", color=GREY)
        return ax
    observed = np.sort(minus_log10_p(z))[::-1]
    rank = _shown_ranks(len(observed))
    expected = -np.log10((rank - 0.5) / len(observed))
    shown = observed[rank - 1]
    top = _HIGHEST if np.count_nonzero(observed > _HIGHEST) else max(float(observed[0]), expected[0]) * 1.04
    _draw_band(ax, rank, expected, len(observed))
    beyond = shown > top
    ax.plot(expected[~beyond], shown[~beyond], "o", ms=2.2, mew=0, color=BLUE, label=_inflation(z), rasterized=True)
    if beyond.any():
        label = f"{np.count_nonzero(observed > top):,} beyond, up to {observed[0]:.0f}"
        ax.plot(expected[beyond], np.full(beyond.sum(), top), "^", ms=3, mew=0, color=VERMILION, label=label,
                clip_on=False)  # fmt: skip
    if fit is not None and np.isfinite(fit.intercept) and fit.intercept > 0:
        _draw_confounding(ax, rank, expected, len(observed), fit)
    ax.set(xlim=(0, expected[0] * 1.03), ylim=(0, top))
    add_legend(ax, scale=1.5)
    return ax


def _inflation(z: Floats) -> str:
    return f"{len(z):,} {'SNP' if len(z) == 1 else 'SNPs'}, λGC {lambda_gc(z):.3f}"


def _shown_ranks(n: int) -> NDArray[np.int64]:
    """The smallest p-values all, of the rest evenly on the axis: more dots than these no figure can show."""
    first = np.arange(1, min(n, _SMALLEST) + 1)
    rest = np.geomspace(_SMALLEST, n, _OTHERS) if n > _SMALLEST else np.empty(0)
    return np.unique(np.concatenate([first, np.round(rest).astype(np.int64)]))


def _draw_band(ax: Axes, rank: NDArray[np.int64], expected: Floats, n: int) -> None:
    from scipy.special import betaincinv

    low, high = (-np.log10(betaincinv(rank, n - rank + 1.0, share)) for share in (0.975, 0.025))
    ax.fill_between(expected, low, high, color=GREY, alpha=0.2, lw=0, label="no signal (95%, without LD)")
    ax.plot([0, expected[0]], [0, expected[0]], color=GREY, lw=0.8)


def _draw_confounding(ax: Axes, rank: NDArray[np.int64], expected: Floats, n: int, fit: H2Result) -> None:
    from scipy.special import ndtri

    z = ndtri((rank - 0.5) / n / 2)
    label = f"confounding alone ({fit.intercept:.3f})"
    ax.plot(expected, minus_log10_p(np.sqrt(fit.intercept) * z), color=ORANGE, lw=1.2, ls="--", label=label)
