"""Figure of a profile over alpha."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sumh2.models.alpha_result import AlphaCurve, AlphaProfile
from sumh2.plots.figures import GREY, SERIES, new_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

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
    ax = ax if ax is not None else new_axes(5.6, 3.9)
    deepest = max(min(np.ptp(curve.logl) for curve in result.curves) * 1.1, 3.0)
    for curve, colour in zip(result.curves, SERIES, strict=False):
        _draw(ax, curve, colour)
    ax.axhline(0, color=GREY, lw=0.6)
    first = result.curves[0]
    ax.set(
        xlabel="alpha", ylabel="log likelihood less its maximum", title=result.trait,
        xlim=(first.alphas[0], first.alphas[-1]), ylim=(-deepest, deepest / 10),
    )  # fmt: skip
    ax.legend(frameon=False, fontsize=8)
    return ax


def _draw(ax: Axes, curve: AlphaCurve, colour: str) -> None:
    top = curve.logl.max()
    label = f"{_WORDS[curve.confounding]}: alpha {curve.alpha:.2f}"
    if not np.isnan(curve.alpha_low):
        label += f" (95% {curve.interval})"
        low, high = max(curve.alpha_low, curve.alphas[0]), min(curve.alpha_high, curve.alphas[-1])
        ax.axvspan(low, high, color=colour, alpha=0.12, lw=0)
    ax.plot(curve.alphas, curve.logl - top, "o-", ms=3, lw=1, color=colour, label=label)
    ax.plot(curve.alpha, 0, "v", ms=6, color=colour)
    shape = curve.gaussian
    if np.isfinite(shape.mean):
        x = np.linspace(curve.alphas[0], curve.alphas[-1], 301)
        squares = (x - shape.mean) ** 2
        ax.plot(
            x, -(squares - squares.min()) / (2 * shape.sd**2), ls="--", lw=0.9, color=colour,
            label=f"Gaussian {shape.mean:.2f} (SD {shape.sd:.2f})",
        )  # fmt: skip
