"""Rows of estimates with 95% intervals, the figure of correlations, enrichments, models and influences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sumh2.plots.figures import (
    GREY,
    LABEL_SIZE,
    MARKERS,
    NOTE_SIZE,
    PAGE,
    PALE,
    SERIES,
    STATUS_COLOURS,
    STATUS_MARKERS,
    TICK_SIZE,
    Z95,
    add_legend,
    new_axes,
    plain,
    plain_names,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Floats = NDArray[np.float64]

#: Intervals longer than this many times the median are cut with an arrow, so that the others can be read.
_LONGEST = 6.0
#: Their points are shown, unless they are further from the other intervals than this many times the width of all of them.
_FURTHEST = 2.0
#: Numbers stand beside up to this many rows.
_MOST_NUMBERS = 100
#: Height of a row of one series, of each further one, of the rest of the figure, and the least height, in mm.
_ROW, _FURTHER, _REST, _LEAST_ROW = 4.2, 1.7, 17.0, 1.9
_POINTS_A_MM = 72 / 25.4
#: Letters of a name that are shown, unless more are needed to tell names apart; the width of one, and the least width of
#: the intervals with their numbers, in mm.
_LETTERS, _LETTER, _INTERVALS = 60, 1.25, 95.0
#: Least size of an arrow head, in points.
_HEAD = 3.4


@dataclass(frozen=True)
class Estimates:
    """One series of a forest: an estimate and a standard error a row.

    Parameters
    ----------
    value, se : (n_rows,)
        NaN in `value` where there is none; NaN in `se` for an estimate without error.
    statuses
        ok, caution or unusable, a row each.
    label
        In the legend.
    missing
        What is written where `value` is NaN, a row each: "" for nothing.
    """

    value: ArrayLike
    se: ArrayLike
    statuses: Sequence[str]
    label: str = ""
    missing: Sequence[str] = ()


def forest_axes(width: float, n_rows: int, n_series: int = 1, n_legend: int = 0, names: Sequence[str] = ()) -> Axes:
    """Axes high enough for the rows; never longer than a page, unless the names could not be read.

    The figure is wider than `width` where long names would leave too little for the intervals.
    """
    longest = max((len(name) for name in plain_names(names, _LETTERS)), default=0)
    return new_axes(max(width, _LETTER * longest + _INTERVALS), forest_height(n_rows, n_series, n_legend))


def forest_height(n_rows: int, n_series: int = 1, n_legend: int = 0) -> float:
    """Height in mm of a figure of so many rows and lines of legend."""
    rest = _REST + 3.2 * n_legend
    row = _ROW + _FURTHER * (n_series - 1)
    least = _LEAST_ROW * n_series**0.5
    return rest + n_rows * max(min(row, (PAGE - rest) / n_rows), least) if n_rows else rest + row


def draw_forest(
    ax: Axes,
    names: Sequence[str],
    series: Sequence[Estimates],
    *,
    null: float | None = 0.0,
    bounds: Sequence[float] = (),
    limits: tuple[float, float] | None = None,
    numbers: str = "",
    show_names: bool = True,
) -> None:
    """Estimates with their 95% intervals, the first row on top.

    One series: colour and marker by status.  Several: colour and marker by series, hollow where the status is not ok.
    Intervals that go far beyond the others end in an arrow, and the numbers of such rows are said at the right; their
    points are shown where there is any room for them.

    Parameters
    ----------
    names
        Of the rows.
    series
        Of equal length.
    null
        Value without an effect, a line.
    bounds
        Further values with a dotted line.
    limits
        Of the axis; by default such that all but the longest intervals fit.
    numbers
        Heading of a column of estimates with their SE at the right, for one series of up to 100 rows.
    show_names
        Not for a panel that shares them.
    """
    n_rows = len(names)
    low, high = _limits(series, null) if limits is None else limits
    for row in range(0, n_rows, 2):
        ax.axhspan(row - 0.5, row + 0.5, color=PALE, lw=0, zorder=0)
    if null is not None:
        ax.axvline(null, color=GREY, lw=0.7, zorder=1)
    for bound in bounds:
        ax.axvline(bound, color=GREY, lw=0.7, ls=":", zorder=1)
    for place, (one, rows) in enumerate(zip(series, _levels(series, n_rows), strict=True)):
        _draw_series(ax, one, rows, place if len(series) > 1 else None, (low, high), null)
    ax.set(xlim=(low, high), ylim=(max(n_rows, 1) - 0.5, -0.5))
    font = _font(ax, n_rows)
    ax.set_yticks(range(n_rows), plain_names(names, _LETTERS), fontsize=font)
    ax.tick_params(axis="y", length=0, pad=5, labelleft=show_names)
    ax.spines["left"].set_visible(False)
    if numbers and len(series) == 1 and n_rows <= _MOST_NUMBERS:
        _write_numbers(ax, series[0], numbers, font)
    else:
        _write_beyond(ax, series, _levels(series, n_rows), (low, high), min(font, 0.8 * _pitch(ax, n_rows)))


def forest_legend(ax: Axes, series: Sequence[Estimates], columns: int = 1) -> None:
    """The series' names, or the statuses where there is one series with more than one."""
    handles = _handles(series)
    if handles:
        headed = any(text.get_gid() == "heading" for text in ax.texts)
        add_legend(ax, handles=handles, columns=columns, lines_below=int(headed))


def legend_lines(series: Sequence[Estimates], columns: int = 1) -> int:
    """Lines that :func:`forest_legend` takes above the axes."""
    statuses = {status for one in series for status in one.statuses}
    if len(series) == 1:
        return -(-len(statuses) // columns) if statuses - {"ok"} else 0
    return -(-(len(series) + bool(statuses - {"ok"})) // columns)


def _handles(series: Sequence[Estimates]) -> list:
    from matplotlib.lines import Line2D

    look = {"ls": "none", "ms": 3.6, "mew": 0.9}
    statuses = {status for one in series for status in one.statuses}
    if len(series) == 1:
        if not statuses - {"ok"}:
            return []
        return [
            Line2D([], [], color=STATUS_COLOURS[status], marker=STATUS_MARKERS[status], label=status, **look,
                   mfc=STATUS_COLOURS[status] if status == "ok" else "white")
            for status in STATUS_COLOURS if status in statuses
        ]  # fmt: skip
    handles = [
        Line2D([], [], color=_colour(place), marker=_marker(place), label=plain(one.label, 60), **look)
        for place, one in enumerate(series)
    ]
    if statuses - {"ok"}:
        handles.append(Line2D([], [], color=GREY, marker="o", mfc="white", label="hollow: caution or unusable", **look))
    return handles


def _colour(place: int) -> str:
    return SERIES[place % len(SERIES)]


def _marker(place: int) -> str:
    return MARKERS[place % len(MARKERS)]


def _levels(series: Sequence[Estimates], n_rows: int) -> Floats:
    """Height of each estimate, (n_series, n_rows): the series that have something in a row share it evenly."""
    shown = np.array([_has_something(one, n_rows) for one in series]).reshape(len(series), n_rows)
    count = np.maximum(shown.sum(axis=0), 1)
    return np.arange(n_rows) + (shown.cumsum(axis=0) - 1 - (count - 1) / 2) * 0.76 / np.maximum(count, len(series) - 1)


def _has_something(one: Estimates, n_rows: int) -> NDArray[np.bool_]:
    words = [bool(word) for word in one.missing] if len(one.missing) else [True] * n_rows
    return np.isfinite(np.asarray(one.value, float)) | np.array(words, dtype=bool)


def _draw_series(
    ax: Axes, one: Estimates, rows: Floats, place: int | None, limits: tuple[float, float], null: float | None
) -> None:
    value, se = np.asarray(one.value, float), np.nan_to_num(np.asarray(one.se, float))
    statuses = np.array(one.statuses)
    # The eye follows 1,000 rows as well as 10 only if marks shrink with them.
    pitch = _pitch(ax, len(value))
    size = float(np.clip(pitch * (0.45 if place is None else 0.3), 1.2, 3.6))
    for status in dict.fromkeys(statuses):
        members = np.flatnonzero((statuses == status) & np.isfinite(value))
        if not len(members):
            continue
        colour = STATUS_COLOURS[status] if place is None else _colour(place)
        marker = STATUS_MARKERS[status] if place is None else _marker(place)
        at, level, reach = value[members], rows[members], Z95 * se[members]
        ax.errorbar(
            at, level, xerr=reach, fmt=marker, ms=size, lw=0.9, mew=0.8, color=colour,
            mfc=colour if status == "ok" else "white", zorder=3, label=f"_{status}",
        )  # fmt: skip
        for edge, beyond, head in ((limits[0], at - reach < limits[0], "<"), (limits[1], at + reach > limits[1], ">")):
            if not beyond.any():
                continue
            ax.plot(
                np.full(beyond.sum(), edge), level[beyond], head, ms=max(1.2 * size, min(_HEAD, pitch)), color=colour,
                mew=0, clip_on=False, zorder=4, gid="beyond",
            )  # fmt: skip
    for row in np.flatnonzero(~np.isfinite(value)).tolist():
        words = one.missing[row] if len(one.missing) else f"no estimate ({statuses[row]})"
        if words:
            ax.annotate(
                words, (limits[0] if null is None else np.clip(null, *limits), rows[row]), xytext=(4, 0),
                textcoords="offset points", va="center", fontsize=min(NOTE_SIZE, _font(ax, len(value))), color=GREY,
                style="italic", zorder=3,
            )  # fmt: skip


def _limits(series: Sequence[Estimates], null: float | None) -> tuple[float, float]:
    """Such that all intervals fit, but those of estimates far less certain than the others; of these the points fit,
    unless they are so far off that the others could not be read."""
    value = np.concatenate([np.asarray(one.value, float) for one in series])
    reach = Z95 * np.nan_to_num(np.concatenate([np.asarray(one.se, float) for one in series]))
    known = np.isfinite(value) & np.isfinite(reach)
    value, reach = value[known], reach[known]
    if not len(value):
        return (-1.0, 1.0) if null is None else (null - 1.0, null + 1.0)
    longest = _LONGEST * max(float(np.median(reach)), 0.02 * float(np.median(np.abs(value))))
    trusted = reach <= longest
    if not trusted.any():
        trusted[:] = True
    ends = [value[trusted] - reach[trusted], value[trusted] + reach[trusted]]
    low, high = (float(end) for end in (ends[0].min(), ends[1].max()))
    if null is not None:
        low, high = min(low, null), max(high, null)
    far = _FURTHEST * (high - low)
    near = value[(value > low - far) & (value < high + far)]
    low, high = min(low, float(near.min())), max(high, float(near.max()))
    margin = 0.04 * (high - low) or 0.5
    return low - margin, high + margin


def _pitch(ax: Axes, n_rows: int) -> float:
    """Height of a row in points, as long as the axes take most of their figure."""
    height = ax.get_figure().get_size_inches()[1] * ax.get_position().height / 0.77 * 72
    return max(height - _REST * _POINTS_A_MM, 20.0) / max(n_rows, 1)


def _font(ax: Axes, n_rows: int) -> float:
    return float(np.clip(_pitch(ax, n_rows) * 0.78, 3.0, TICK_SIZE))


def _write_numbers(ax: Axes, one: Estimates, heading: str, font: float) -> None:
    """Estimates with their standard errors in a column at the right."""
    value, se = np.asarray(one.value, float), np.asarray(one.se, float)
    decimals = _decimals(value, se)
    for row in np.flatnonzero(np.isfinite(value)):
        words = f"{value[row]:.{decimals}f}" + (f" ({se[row]:.{decimals}f})" if np.isfinite(se[row]) else "")
        ax.annotate(words.replace("-", "−"), (1, row), xycoords=ax.get_yaxis_transform(), xytext=(6, 0),
                    textcoords="offset points", va="center_baseline", fontsize=font, gid="number")  # fmt: skip
    ax.annotate(heading, (1, 1), xycoords=ax.transAxes, xytext=(6, 1), textcoords="offset points", va="bottom",
                fontsize=min(LABEL_SIZE, font + 0.5), gid="heading")  # fmt: skip


def _write_beyond(
    ax: Axes, series: Sequence[Estimates], levels: Floats, limits: tuple[float, float], font: float
) -> None:
    """At the right the numbers of the estimates of which the frame cuts something, in the colour of their series."""
    size = float(np.clip(font if len(series) == 1 else font * 1.1 / len(series) ** 0.5, 2.5, NOTE_SIZE))
    written = 0
    for place, (one, rows) in enumerate(zip(series, levels, strict=True)):
        value, se = np.asarray(one.value, float), np.asarray(one.se, float)
        reach = Z95 * np.nan_to_num(se)
        with np.errstate(invalid="ignore"):
            cut = np.flatnonzero((value - reach < limits[0]) | (value + reach > limits[1]))
        for row in cut:
            words = f"{value[row]:.3g}" + (f" ({se[row]:.2g})" if np.isfinite(se[row]) else "")
            ax.annotate(
                words.replace("-", "−"), (1, rows[row]), xycoords=ax.get_yaxis_transform(), xytext=(7, 0),
                textcoords="offset points", va="center_baseline", fontsize=size, gid="number beyond",
                color="black" if len(series) == 1 else _colour(place),
            )  # fmt: skip
        written += len(cut)
    if written:
        ax.annotate("beyond the frame (SE)", (1, 1), xycoords=ax.transAxes, xytext=(7, 1), textcoords="offset points",
                    va="bottom", fontsize=NOTE_SIZE, color=GREY, gid="heading")  # fmt: skip


def _decimals(value: Floats, se: Floats) -> int:
    """As many as show two digits of the typical standard error."""
    known = se[np.isfinite(value) & (se > 0)]
    typical = float(np.median(known)) if len(known) else 0.1
    return int(np.clip(1 - np.floor(np.log10(typical)), 0, 5))
