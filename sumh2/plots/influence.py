"""Figures of what estimates hang on: functions of a result that return the Axes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sumh2.influence_result import Influence, InfluenceResult
from sumh2.plots.figures import BLUE, GREY, ORANGE, VERMILION, Z95, new_axes, new_panels

if TYPE_CHECKING:
    from matplotlib.axes import Axes


#: Panels of a figure of several estimates.
_PANELS = 4


def plot_influences(result: InfluenceResult) -> tuple[Axes, ...]:
    """:func:`plot_influence` of the first estimate and of those that single blocks move most, a panel each."""
    shown = result.most_moved(_PANELS)
    rows = len(shown[0].chromosomes) + len(shown[0].capped) + 1
    axes = new_panels(5.6, 1.4 + 0.2 * rows, len(shown))
    for influence, ax in zip(shown, axes, strict=True):
        plot_influence(influence, ax)
    return axes


def plot_influence(influence: Influence, ax: Axes | None = None) -> Axes:
    """One estimate with all SNPs and its 95% interval, without each chromosome, without single blocks, under caps.

    Parameters
    ----------
    influence
        One entry of :class:`sumh2.InfluenceResult`.
    ax
        Where to draw; a new figure by default.
    """
    capped = [one for one in influence.capped if np.isfinite(one.estimate)]
    labels = [f"without chr {name}" for name in influence.chromosomes]
    labels += [f"chi2 below {one.cap:g}" for one in capped]
    ax = ax if ax is not None else new_axes(5.6, 1.4 + 0.2 * (len(labels) + 1))
    interval = Z95 * influence.se * np.array([-1, 1]) + influence.estimate
    ax.axvspan(*interval, color=BLUE, alpha=0.1, lw=0)
    ax.axvline(influence.estimate, color=BLUE, lw=1)
    n_chromosomes = len(influence.chromosomes)
    ax.plot(influence.without_chromosome, np.arange(n_chromosomes), "o", ms=4, color=ORANGE)
    for row, one in enumerate(capped, start=n_chromosomes):
        ax.errorbar(one.estimate, row, xerr=Z95 * one.se, fmt="s", ms=4, lw=1, color=GREY)
    without = influence.without_block
    last = len(labels)
    ax.plot(without, np.full(len(without), last), "|", ms=9, color=BLUE, alpha=0.5)
    block, change = influence.largest_block
    if block:
        place = influence.blocks.index(block)
        ax.plot(without[place], last, "|", ms=12, mew=2, color=VERMILION)
        ax.annotate(
            f"{block} ({change:+.2f} SE)", (without[place], last), xytext=(0, -11), textcoords="offset points",
            ha="center", fontsize=7, color=VERMILION,
        )  # fmt: skip
    ax.set(
        yticks=range(last + 1), yticklabels=[*labels, "without one block"], ylim=(last + 0.9, -0.6),
        xlabel=f"{influence.quantity} (band: 95% interval with all SNPs)", title=influence.trait,
    )  # fmt: skip
    ax.tick_params(axis="y", labelsize=8)
    return ax
