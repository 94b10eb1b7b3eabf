"""Figures of what estimates hang on: functions of a result that return the Axes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sumh2.influence_result import Influence, InfluenceResult
from sumh2.plots.figures import (
    BLUE,
    GREY,
    NOTE_SIZE,
    ONE_COLUMN,
    ORANGE,
    PALE,
    TICK_SIZE,
    TWO_COLUMNS,
    VERMILION,
    Z95,
    label_axes,
    letter_panels,
    new_axes,
    new_panels,
    plain,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Panels of a figure of several estimates.
_PANELS = 4
#: Height of a row and of the rest, in mm.
_ROW, _REST = 3.6, 22.0


def plot_influences(result: InfluenceResult) -> tuple[Axes, ...]:
    """:func:`plot_influence` of the first estimate and of those that single blocks move most, a panel each.

    Parameters
    ----------
    result
        Of :func:`sumh2.measure_h2_influence` and its like.
    """
    shown = result.most_moved(_PANELS)
    n_columns = min(len(shown), 2)
    height = max(_height(influence) for influence in shown)
    n_rows = -(-len(shown) // n_columns)
    axes = new_panels(ONE_COLUMN if n_columns == 1 else TWO_COLUMNS, n_rows * height, (1,) * n_columns, (1,) * n_rows)
    for spare in axes[len(shown) :]:
        spare.remove()
    one_trait = len({influence.trait for influence in shown}) == 1
    for influence, ax in zip(shown, axes, strict=False):
        plot_influence(influence, ax)
        if not one_trait:
            ax.set_xlabel(_words(influence, f" of {plain(influence.trait)}"))
    return letter_panels(axes[: len(shown)], shown[0].trait if one_trait else "")


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
    labels = [f"without chr {plain(name, 12)}" for name in influence.chromosomes]
    labels += [f"χ² below {one.cap:g}" for one in capped]
    ax = ax if ax is not None else new_axes(ONE_COLUMN, _height(influence))
    for row in range(0, len(labels) + 1, 2):
        ax.axhspan(row - 0.5, row + 0.5, color=PALE, lw=0, zorder=0)
    if np.isfinite(influence.se):
        ax.axvspan(
            *(influence.estimate + Z95 * influence.se * np.array([-1, 1])), color=BLUE, alpha=0.12, lw=0, zorder=0.5
        )
    ax.axvline(influence.estimate, color=BLUE, lw=1)
    n_chromosomes = len(influence.chromosomes)
    ax.plot(influence.without_chromosome, np.arange(n_chromosomes), "o", ms=3.4, mew=0, color=ORANGE)
    for row, one in enumerate(capped, start=n_chromosomes):
        ax.errorbar(one.estimate, row, xerr=Z95 * np.nan_to_num(one.se), fmt="s", ms=3.2, lw=0.9, color=GREY)
    last = len(labels)
    ax.plot(influence.without_block, np.full(len(influence.without_block), last), "|", ms=7, mew=0.7, color=BLUE,
            alpha=0.5)  # fmt: skip
    ax.set_yticks(range(last + 1), [*labels, "without one block"], fontsize=TICK_SIZE)
    ax.set_ylim(last + 1.2, -0.6)
    ax.tick_params(axis="y", length=0)
    label_axes(ax, _words(influence), title=influence.trait)
    _mark_block(ax, influence, last)
    return ax


def _mark_block(ax: Axes, influence: Influence, row: int) -> None:
    """The block that moves the estimate most, named below its mark and inside the axes."""
    block, change = influence.largest_block
    if not block:
        return
    at = influence.without_block[influence.blocks.index(block)]
    ax.plot(at, row, "|", ms=9, mew=1.8, color=VERMILION)
    low, high = ax.get_xlim()
    share = (at - low) / (high - low) if high > low else 0.5
    side = "left" if share < 0.35 else "right" if share > 0.65 else "center"
    words = f"{plain(block)} ({'+' if change > 0 else '−'}{abs(change):.2f} SE)"
    ax.annotate(words, (at, row), xytext=(0, -6), textcoords="offset points", ha=side, va="top", fontsize=NOTE_SIZE,
                color=VERMILION, bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.7, "pad": 0.3})  # fmt: skip


def _words(influence: Influence, of: str = "") -> str:
    return f"{plain(influence.quantity, 44)}{of} (band: 95% interval, all SNPs)"


def _height(influence: Influence) -> float:
    return _REST + _ROW * (len(influence.chromosomes) + len(influence.capped) + 2)
