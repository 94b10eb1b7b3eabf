"""Figures of a profile over alpha."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sumh2.models.alpha_result import AlphaCurve, AlphaProfile
from sumh2.plots.figures import (
    GREY,
    MARKERS,
    ONE_COLUMN,
    SERIES,
    TWO_COLUMNS,
    Z95,
    add_legend,
    label_axes,
    letter_panels,
    new_axes,
    new_panels,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Intervals longer than this many times the median do not set the axis.
_LONGEST = 6.0
_WORDS = {
    "none": "no confounding fitted", "intercept": "intercept fitted", "genomic-control": "inflation fitted",
    "given": "likelihoods given",
}  # fmt: skip


def plot_alpha(result: AlphaProfile, ax: Axes | None = None) -> Axes:
    """Log likelihood against alpha, each curve less its maximum, with the interval, the estimate and LDAK's Gaussian.

    Parameters
    ----------
    result
        Of :func:`sumh2.fit_alpha`.
    ax
        Where to draw; a new figure by default.
    """
    ax = ax if ax is not None else new_axes(ONE_COLUMN, 80)
    deepest = max(min(np.ptp(curve.logl) for curve in result.curves) * 1.1, 3.0)
    for place, curve in enumerate(result.curves):
        _draw(ax, curve, place)
    ax.axhline(0, color=GREY, lw=0.6)
    alphas = result.curves[0].alphas
    ax.set(xlim=(alphas[0], alphas[-1]), ylim=(-deepest, deepest / 12))
    label_axes(ax, "α  (h² of a SNP ∝ [f(1 − f)]^(1 + α))", "log likelihood less its maximum", result.trait)
    add_legend(ax)
    return ax


def plot_alpha_h2(result: AlphaProfile, ax: Axes | None = None) -> Axes:
    """Heritability at each alpha with 95% jackknife intervals, and at the best alpha.

    Parameters
    ----------
    result
        Of :func:`sumh2.fit_alpha`.
    ax
        Where to draw; a new figure by default.
    """
    ax = ax if ax is not None else new_axes(ONE_COLUMN, 80)
    for place, curve in enumerate(result.curves):
        if not np.isfinite(curve.h2).any():
            continue
        colour, marker = SERIES[place % len(SERIES)], MARKERS[place % len(MARKERS)]
        reach = Z95 * curve.h2_jackknife_se
        ax.fill_between(curve.alphas, curve.h2 - reach, curve.h2 + reach, color=colour, alpha=0.15, lw=0)
        label = f"{_WORDS[curve.confounding]}: h² {_with_se(curve.h2_best, curve.h2_best_se)} at its best α"
        ax.plot(curve.alphas, curve.h2, marker=marker, ms=2.4, mew=0, lw=0.9, color=colour, label=label)
        if np.isfinite(curve.h2_best):
            ax.errorbar(curve.alpha, curve.h2_best, yerr=Z95 * np.nan_to_num(curve.h2_best_se), fmt=marker, ms=4.5,
                        mfc="white", color=colour, lw=1.1, zorder=3)  # fmt: skip
    alphas = result.curves[0].alphas
    ax.set(xlim=(alphas[0], alphas[-1]), ylim=_h2_limits(result))
    label_axes(ax, "α", "SNP heritability, 95% interval", result.trait)
    add_legend(ax)
    return ax


def _h2_limits(result: AlphaProfile) -> tuple[float, float]:
    """Such that all intervals fit, but those far longer than the others: a term that is not identified says nothing."""
    h2 = np.concatenate([curve.h2 for curve in result.curves])
    reach = Z95 * np.nan_to_num(np.concatenate([curve.h2_jackknife_se for curve in result.curves]))
    shown = np.isfinite(h2) & (reach <= _LONGEST * max(float(np.median(reach)), 1e-6))
    if not shown.any():
        return -0.05, 1.05
    low, high = float((h2 - reach)[shown].min()), float((h2 + reach)[shown].max())
    margin = 0.04 * (high - low) or 0.05
    return low - margin, high + margin


def plot_alpha_panels(result: AlphaProfile) -> tuple[Axes, ...]:
    """The profile, and the heritability along it where it is known, in one figure.

    Parameters
    ----------
    result
        Of :func:`sumh2.fit_alpha`.
    """
    if not any(np.isfinite(curve.h2).any() for curve in result.curves):
        return (plot_alpha(result),)
    axes = new_panels(TWO_COLUMNS, 84, (1, 1))
    plot_alpha(result, axes[0])
    plot_alpha_h2(result, axes[1])
    return letter_panels(axes, result.trait)


def _draw(ax: Axes, curve: AlphaCurve, place: int) -> None:
    colour, marker = SERIES[place % len(SERIES)], MARKERS[place % len(MARKERS)]
    top = curve.logl.max()
    label = f"{_WORDS[curve.confounding]}: α {_signed(curve.alpha)}"
    if not np.isnan(curve.alpha_low):
        label += f" (95% {curve.interval.replace('-', '−')})"
        low, high = max(curve.alpha_low, curve.alphas[0]), min(curve.alpha_high, curve.alphas[-1])
        ax.axvspan(low, high, color=colour, alpha=0.12, lw=0)
    ax.plot(curve.alphas, curve.logl - top, marker=marker, ms=2.6, mew=0, lw=0.9, color=colour, label=label)
    ax.axvline(curve.alpha, color=colour, lw=0.8, ls=":")
    shape = curve.gaussian
    if np.isfinite(shape.mean):
        x = np.linspace(curve.alphas[0], curve.alphas[-1], 301)
        squares = (x - shape.mean) ** 2
        ax.plot(
            x, -(squares - squares.min()) / (2 * shape.sd**2), ls="--", lw=0.8, color=colour,
            label=f"its Gaussian: {_signed(shape.mean)} (SD {shape.sd:.2f})",
        )  # fmt: skip


def _signed(value: float) -> str:
    return f"{value:.2f}".replace("-", "−")


def _with_se(value: float, se: float) -> str:
    return f"{value:.3f} ({se:.3f})".replace("-", "−")
