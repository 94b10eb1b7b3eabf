"""Figures of screens: every annotation by its p-value, and effect against p-value."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from sumh2.plots.figures import (
    GREY,
    MARKERS,
    ONE_COLUMN,
    SERIES,
    STATUS_COLOURS,
    STATUS_MARKERS,
    TICK_SIZE,
    TWO_COLUMNS,
    VERMILION,
    add_legend,
    label_axes,
    new_axes,
    plain,
    plain_names,
)
from sumh2.plots.names import name_points
from sumh2.screens.result import ScreenResult, ScreenRow

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Annotations that are named in a figure.
_NAMED = 10
#: Up to so many annotations have their names along the axis.
_NAMES_ON_AXIS = 40
#: Points without a name that names leave free, the highest ones.
_KEPT_FREE = 200
#: Letters of a name along the axis.
_LETTERS = 28
#: Groups with an entry in the legend.
_LISTED = 16
_FDR = 0.05


def plot_screen(result: ScreenResult, groups: Sequence[str] | None = None, ax: Axes | None = None) -> Axes:
    """-log10 p of every annotation, in their order, coloured by group, with the line of a false discovery rate of 5%.

    Names stand at those that pass, or else at the best; up to 40 annotations have theirs along the axis.
    Hollow marks have a status other than ok: the guards have something to say of them.

    Parameters
    ----------
    result
        Of :func:`sumh2.fit_screen`.
    groups
        Group of each annotation, (n_annotations,); by default the file or list it comes from.
    ax
        Where to draw; a new figure by default.

    Raises
    ------
    ValueError
        Not one group an annotation.
    """
    rows = result.rows
    groups = [row.source for row in rows] if groups is None else list(groups)
    if len(groups) != len(rows):
        raise ValueError(f"{len(groups)} groups for {len(rows)} annotations")
    names = list(dict.fromkeys(groups))
    ax = ax if ax is not None else new_axes(TWO_COLUMNS, 70)
    height, ok = _heights(result), np.array([row.status == "ok" for row in rows])
    number = np.array([names.index(group) for group in groups])
    order = np.argsort(number, kind="stable")
    at = np.empty(len(rows))
    at[order] = np.arange(len(rows))
    size = float(np.clip(3000 / max(len(rows), 1), 4, 14))
    for place, name in enumerate(names):
        for filled in (True, False):
            members = (number == place) & (ok == filled) & np.isfinite(height)
            colour = SERIES[place % len(SERIES)]
            ax.scatter(
                at[members], height[members], s=size, facecolors=colour if filled else "white", edgecolors=colour, lw=0.7,
                marker=MARKERS[(place + place // len(SERIES)) % len(MARKERS)], zorder=2, rasterized=len(rows) > 5000,
                label=plain(name) if filled and len(names) > 1 and place < _LISTED else None,
            )  # fmt: skip
    if not ok.all():
        ax.scatter([], [], s=size, facecolors="white", edgecolors=GREY, lw=0.7, label="hollow: caution or unusable")
    _draw_fdr_line(ax, result)
    ax.set(xlim=(-0.015 * len(rows) - 1, 1.015 * len(rows)), ylim=_reach(ax, height))
    label_axes(ax, f"annotation ({len(rows):,}; {_left_out(height)})", _height_label(result), result.trait)
    if len(rows) <= _NAMES_ON_AXIS:
        # Names in the place of numbers, which say nothing of so few.
        ax.set_xticks(at, plain_names([row.annotation for row in rows], _LETTERS), fontsize=TICK_SIZE)
        ax.set_xticklabels(ax.get_xticklabels(), rotation=45, ha="right", rotation_mode="anchor")
    else:
        ax.xaxis.get_major_locator().set_params(integer=True)
    add_legend(ax, columns=4) if len(names) < 8 else add_legend(ax, "right")
    _name_best(ax, rows, at, height)
    return ax


def plot_screen_volcano(result: ScreenResult, ax: Axes | None = None) -> Axes:
    """-log10 p against tau*, coloured by status, with the line of a false discovery rate of 5%.

    Where tau* is not known of all annotations, z of tau stands in its place.

    Parameters
    ----------
    result
        Of :func:`sumh2.fit_screen`.
    ax
        Where to draw; a new figure by default.
    """
    rows = [row for row in result.rows if np.isfinite(row.tau_z)]
    ax = ax if ax is not None else new_axes(ONE_COLUMN, 86)
    star = np.array([row.tau_star for row in rows])
    by_star = bool(np.isfinite(star).all())
    shown = star if by_star else np.array([row.tau_z for row in rows])
    height = np.array([-row.p_of(result.alternative)[1] for row in rows])
    for status, colour in STATUS_COLOURS.items():
        members = np.array([row.status == status for row in rows], dtype=bool)
        if members.any():
            ax.scatter(
                shown[members], height[members], s=10, facecolors=colour if status == "ok" else "white", lw=0.7,
                edgecolors=colour, marker=STATUS_MARKERS[status], label=f"{status} ({members.sum():,})", zorder=2,
                rasterized=len(rows) > 5000,
            )  # fmt: skip
    ax.axvline(0, color=GREY, lw=0.7)
    _draw_fdr_line(ax, result)
    ax.set_ylim(_reach(ax, height))
    ax.margins(x=0.12)
    label_axes(
        ax, "τ* (h² of one SD of annotation, per mean h² of a SNP)" if by_star else "z of τ", _height_label(result),
        result.trait,
    )  # fmt: skip
    add_legend(ax, columns=2)
    _name_best(ax, rows, shown, height)
    return ax


def _heights(result: ScreenResult) -> np.ndarray:
    return np.array([-row.p_of(result.alternative)[1] for row in result.rows])


def _height_label(result: ScreenResult) -> str:
    return f"−log₁₀ P of τ, {'one-sided' if result.alternative == 'greater' else 'two-sided'}"


def _left_out(height: np.ndarray) -> str:
    missing = int(np.count_nonzero(~np.isfinite(height)))
    return f"{missing:,} without a P" if missing else "in the order given"


def _reach(ax: Axes, height: np.ndarray) -> tuple[float, float]:
    """Whole dots at 0, and room above the highest for its name."""
    lines = [float(line.get_ydata()[0]) for line in ax.lines if str(line.get_label()).startswith("FDR")]
    top = 1.12 * max([1.0, *lines, float(np.nanmax(height, initial=0.0))])
    return -0.02 * top, top


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
    """Names at the best annotations that pass the false discovery rate; at the best one where none does."""
    known = sorted((place for place in range(len(rows)) if np.isfinite(y[place])), key=lambda place: -y[place])
    best = [place for place in known if rows[place].fdr < _FDR][:_NAMED] or known[:1]
    others = [place for place in known if place not in best][:_KEPT_FREE]
    name_points(ax, x[best], y[best], [rows[place].annotation for place in best], (x[others], y[others]))
