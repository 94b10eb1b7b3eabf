"""Figures of screens: every annotation by its p-value, and effect against p-value."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from sumh2.plots.figures import GREY, SERIES, STATUS_COLOURS, VERMILION, new_axes
from sumh2.screens.result import ScreenResult, ScreenRow

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Annotations that are named in a figure.
_NAMED = 10
_FDR = 0.05


def plot_screen(result: ScreenResult, groups: Sequence[str] | None = None, ax: Axes | None = None) -> Axes:
    """-log10 p of every annotation, in their order, coloured by group, with the line of a false discovery rate of 5%.

    Parameters
    ----------
    result
        Of :func:`sumh2.fit_screen`.
    groups
        Group of each annotation, (n_annotations,); by default the file or list it comes from.
    ax
        Where to draw; a new figure by default.
    """
    rows = result.rows
    ax = ax if ax is not None else new_axes(8.0, 3.6)
    groups = [row.source for row in rows] if groups is None else list(groups)
    if len(groups) != len(rows):
        raise ValueError(f"{len(groups)} groups for {len(rows)} annotations")
    names = list(dict.fromkeys(groups))
    order = [place for name in names for place in range(len(rows)) if groups[place] == name]
    height = _heights(result)
    at = np.empty(len(rows))
    at[order] = np.arange(len(rows))
    for number, name in enumerate(names):
        members = np.array([place for place in order if groups[place] == name])
        colour = SERIES[number % len(SERIES)]
        weak = np.array([rows[place].status != "ok" for place in members])
        ax.scatter(at[members[~weak]], height[members[~weak]], s=14, color=colour, label=name, zorder=2)
        # Open circles want a second look: the guards have something to say of them.
        ax.scatter(at[members[weak]], height[members[weak]], s=14, facecolors="none", edgecolors=colour, zorder=2)
    _draw_fdr_line(ax, result)
    _name_best(ax, rows, at, height)
    side = "one-sided" if result.alternative == "greater" else "two-sided"
    ax.set(xlabel="annotation", ylabel=f"-log10 p of tau, {side}", title=result.trait, ylim=(0, None))
    ax.margins(x=0.02)
    if len(names) > 1 or ax.get_legend_handles_labels()[1]:
        ax.legend(frameon=False, fontsize=8, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return ax


def plot_screen_volcano(result: ScreenResult, ax: Axes | None = None) -> Axes:
    """-log10 p against tau*, coloured by status, with the line of a false discovery rate of 5%.

    Where tau* is not known of all annotations, z of tau stands in its place.
    """
    rows = [row for row in result.rows if np.isfinite(row.tau_z)]
    ax = ax if ax is not None else new_axes(4.8, 4.2)
    star = np.array([row.tau_star for row in rows])
    shown = star if np.isfinite(star).all() else np.array([row.tau_z for row in rows])
    height = np.array([-row.p_of(result.alternative)[1] for row in rows])
    for status, colour in STATUS_COLOURS.items():
        members = np.array([row.status == status for row in rows], dtype=bool)
        if members.any():
            ax.scatter(shown[members], height[members], s=14, color=colour, label=status, zorder=2)
    ax.axvline(0, color=GREY, lw=0.8)
    _draw_fdr_line(ax, result)
    _name_best(ax, rows, shown, height)
    label = "tau* (tau of one SD over mean h2 per SNP)" if shown is star else "z of tau"
    side = "one-sided" if result.alternative == "greater" else "two-sided"
    ax.set(xlabel=label, ylabel=f"-log10 p of tau, {side}", title=result.trait, ylim=(0, None))
    ax.legend(frameon=False, fontsize=8)
    return ax


def _heights(result: ScreenResult) -> np.ndarray:
    return np.array([-row.p_of(result.alternative)[1] for row in result.rows])


def _draw_fdr_line(ax: Axes, result: ScreenResult) -> None:
    """The largest p-value that Benjamini and Hochberg's rule lets through, or, where none is, the smallest threshold."""
    p = np.sort(
        [row.p_of(result.alternative)[0] for row in result.rows if np.isfinite(row.p_of(result.alternative)[0])]
    )
    if not len(p):
        return
    thresholds = _FDR * np.arange(1, len(p) + 1) / len(p)
    passing = np.flatnonzero(p <= thresholds)
    limit = thresholds[passing[-1]] if len(passing) else thresholds[0]
    label = "FDR 5%" if len(passing) else "FDR 5%, not reached"
    ax.axhline(-np.log10(limit), color=VERMILION, lw=0.9, ls="--", label=label)


def _name_best(ax: Axes, rows: Sequence[ScreenRow], x: np.ndarray, y: np.ndarray) -> None:
    """Names at the best annotations that pass the false discovery rate."""
    passing = [place for place in range(len(rows)) if rows[place].fdr < _FDR]
    for place in sorted(passing, key=lambda place: -y[place])[:_NAMED]:
        ax.annotate(
            rows[place].annotation, (x[place], y[place]), xytext=(3, 3), textcoords="offset points", fontsize=7
        )  # fmt: skip
