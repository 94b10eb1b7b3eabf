"""Figures of many correlations: heatmap, raw against consistent, eigenvalues, scree plot with parallel analysis."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ldscores.shared.messages import counted, some_of
from sumh2.atlas.atlas_result import RgAtlas
from sumh2.atlas.clustering import cluster_traits
from sumh2.atlas.consistent import ConsistentAtlas
from sumh2.atlas.consistent_table import ConsistentTable
from sumh2.atlas.factor_count import FactorCount
from sumh2.atlas.joint_errors import unusable_pairs
from sumh2.ldsc.rg_result import RgResult
from sumh2.plots.figures import (
    BLUE,
    GREY,
    LABEL_SIZE,
    MM,
    NOTE_SIZE,
    ONE_COLUMN,
    ORANGE,
    PALE,
    TICK_SIZE,
    TWO_COLUMNS,
    VERMILION,
    add_legend,
    diverging_colours,
    label_axes,
    letter_panels,
    new_axes,
    new_panels,
    plain_names,
    write_caption,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Floats = NDArray[np.float64]

#: A mark has its full size from this |z| on.
_FULL_Z = 5.0
#: Up to so many traits the upper triangle holds numbers; up to so many all names are written.
_MOST_NUMBERS, _MOST_NAMES = 14, 420
#: Side of a cell in mm: at most, at least where names are read on paper, and on the screen.
_LARGEST, _READ, _SMALLEST = 9.0, 2.0, 0.95
#: Width of the smallest figure, in mm.
_LEAST = 75.0
#: Width of a small letter, in mm; a correlation whose colour is dark.
_LETTER, _DARK = 1.15, 0.6
_FDR = 0.05
#: Names in a caption of traits that are not drawn.
_MOST_IN_CAPTION = 20


def plot_heatmap(result: RgAtlas | ConsistentAtlas | ConsistentTable | RgResult, ax: Axes | None = None) -> Axes:
    """Genetic correlations in clustered order: colour for rg (cut at ±1), area for |z|, squares for positive and discs for
    negative ones, a star for a false discovery rate below 5% (Benjamini and Hochberg) among the pairs shown; crosses where
    a pair has no estimate, hatching where its status is unusable.  Of up to 14 traits the upper triangle holds the numbers.

    Parameters
    ----------
    result
        An atlas, its consistent fit (whose z takes the larger of both standard errors), or correlations pair by pair.
    ax
        Where to draw; a new figure by default.
    """
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize

    names, rg, se = _matrices(result)
    order, n_known = _order(rg)
    n_traits = len(order)
    names, left_out = plain_names([names[place] for place in order]), _left_out(result)
    rg, se = rg[np.ix_(order, order)], se[np.ix_(order, order)]
    unusable = _unusable(result)[np.ix_(order, order)]
    z = _z(rg, se)
    cell = _cell_side(n_traits)
    ax = ax if ax is not None else new_axes(*_size(n_traits, cell, names))
    shade = ScalarMappable(Normalize(-1, 1), diverging_colours())
    for span in (ax.axhspan, ax.axvspan):
        if n_known < n_traits:
            span(n_known - 0.5, n_traits - 0.5, color=PALE, lw=0, zorder=0, gid="no estimate")
    off = ~np.eye(n_traits, dtype=bool)
    drawn = off & np.isfinite(rg)
    numbered = np.triu(drawn, 1) if n_traits <= _MOST_NUMBERS else np.zeros_like(drawn)
    starred = _starred(z) & ~unusable
    _draw_cells(ax, rg, z, drawn & ~numbered, shade)
    _hatch_cells(ax, drawn & unusable)
    points = cell * MM * 72
    dark = np.abs(rg) > _DARK
    for colour, marked in (("black", starred & ~numbered & ~dark), ("white", starred & ~numbered & dark)):
        ax.plot(*np.nonzero(marked)[::-1], "*", ms=min(0.3 * points, 4), color=colour, ls="none", mew=0, gid="star")
    for row, column in zip(*np.nonzero(numbered), strict=True):
        words = f"{rg[row, column]:.2f}".replace("-", "−") + ("*" if starred[row, column] else "")
        ax.text(column, row, words, ha="center", va="center", fontsize=min(TICK_SIZE, 0.25 * points), gid="number")
    ax.plot(*np.nonzero(off & ~np.isfinite(rg))[::-1], "x", ms=min(0.4 * points, 4), mew=0.5, color=GREY, ls="none",
            gid="missing")  # fmt: skip
    _frame(ax, names, points)
    bar = ax.get_figure().colorbar(shade, ax=ax, shrink=0.6 if n_traits > 6 else 1.0, aspect=20, pad=0.02)
    bar.outline.set_visible(False)
    bar.ax.tick_params(labelsize=TICK_SIZE, width=0.6, length=2)
    bar.set_label("genetic correlation", fontsize=LABEL_SIZE)
    note = f"area: |z|, full from {_FULL_Z:g} on; square: positive, disc: negative; *: FDR < 5%; ×: no estimate"
    if (drawn & unusable).any():
        note += "; hatched: unusable, see the column why"
    words = textwrap.fill(note, max(50, int(n_traits * cell / _LETTER)))
    ax.set_title(words, loc="left", fontsize=NOTE_SIZE, color=GREY, pad=3)
    write_caption(
        ax,
        _caption("without any estimate (grey)", names[n_known:]),
        _caption("left out of the fit", plain_names(left_out)),
    )
    return ax


def _order(rg: Floats) -> tuple[NDArray[np.int64], int]:
    """Traits in clustered order, those without any correlation last; and how many have one."""
    known = (np.isfinite(rg) & ~np.eye(len(rg), dtype=bool)).any(axis=1)
    with_some, without = np.flatnonzero(known), np.flatnonzero(~known)
    clustered = with_some[cluster_traits(rg[np.ix_(with_some, with_some)])]
    return np.concatenate([clustered, without]).astype(np.int64), len(with_some)


def _left_out(result: object) -> list[str]:
    """Traits of an atlas that are not in its consistent fit."""
    return [name for name, _ in result.left_out] if isinstance(result, ConsistentAtlas) else []


def _caption(what: str, names: Sequence[str]) -> str:
    return f"{counted(len(names), 'trait')} {what}: {some_of(names, _MOST_IN_CAPTION)}" if names else ""


def _matrices(result) -> tuple[Sequence[str], Floats, Floats]:
    """Names, rg and its SE, (n_traits, n_traits)."""
    if isinstance(result, ConsistentAtlas):
        return result.names, result.rg, result.safe_se
    if isinstance(result, ConsistentTable):
        return result.table.names, result.rg, result.table.rg_se
    if isinstance(result, RgAtlas):
        return result.names, result.rg, result.rg_se
    names = list(dict.fromkeys(name for pair in result.pairs for name in (pair.trait1, pair.trait2)))
    rg, se = np.full((len(names),) * 2, np.nan), np.full((len(names),) * 2, np.nan)
    np.fill_diagonal(rg, 1.0)
    for pair in result.pairs:
        row, column = names.index(pair.trait1), names.index(pair.trait2)
        rg[row, column] = rg[column, row] = pair.rg
        se[row, column] = se[column, row] = pair.rg_se
    return names, rg, se


def _unusable(result) -> NDArray[np.bool_]:
    """Pairs whose status is unusable, (n_traits, n_traits)."""
    names = list(_matrices(result)[0])
    marked = np.zeros((len(names),) * 2, dtype=bool)
    pairs: Iterable[tuple[str, str]] = ()
    if isinstance(result, ConsistentAtlas | RgAtlas):
        listed = result.unusable_pairs if isinstance(result, ConsistentAtlas) else unusable_pairs(result)
        pairs = ((first, second) for first, second, _ in listed)
    elif isinstance(result, RgResult):
        pairs = ((pair.trait1, pair.trait2) for pair in result.pairs if pair.status == "unusable")
    place_of = {name: place for place, name in enumerate(names)}
    for first, second in pairs:
        cell = place_of[first], place_of[second]
        marked[cell] = marked[cell[::-1]] = True
    return marked


def _hatch_cells(ax: Axes, marked: NDArray[np.bool_]) -> None:
    """Three thin strokes over each cell: above its mark, below its number."""
    from matplotlib.collections import LineCollection

    strokes = 0.5 * np.array([[[-1, 0], [0, -1]], [[-1, 1], [1, -1]], [[0, 1], [1, 0]]])
    rows, columns = np.nonzero(marked)
    if len(rows):
        middles = np.column_stack([columns, rows])[:, None, None]
        lines = LineCollection(
            (middles + strokes).reshape(-1, 2, 2), colors=GREY, linewidths=0.4, alpha=0.7,
            rasterized=len(rows) > 20_000, gid="unusable", zorder=2.5,
        )  # fmt: skip
        ax.add_collection(lines, autolim=False)


def _z(rg: Floats, se: Floats) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        z = np.abs(rg / se)
    np.fill_diagonal(z, np.nan)
    return z


def _cell_side(n_traits: int) -> float:
    fitting = (TWO_COLUMNS - 45) / max(n_traits, 1)
    return min(_LARGEST, max(fitting, _READ)) if n_traits <= 120 else max(min(fitting, _READ), _SMALLEST)


def _size(n_traits: int, cell: float, names: Sequence[str]) -> tuple[float, float]:
    """Width and height of the figure in mm: cells, names at their letters' width, the colour bar."""
    font = _font(cell / 25.4 * 72)
    margin = 0.6 * font / MM / 72 * max((len(name) for name in names), default=1) + 3
    side = n_traits * cell
    return max(side + margin + 20, _LEAST), max(side + margin + 8, 0.75 * _LEAST)


def _font(points: float) -> float:
    return float(np.clip(0.72 * points, 1.8, TICK_SIZE))


def _draw_cells(ax: Axes, rg: Floats, z: Floats, drawn: NDArray[np.bool_], shade) -> None:
    """Squares and discs in units of cells, so that they fit whatever size the axes have."""
    from matplotlib.collections import PolyCollection

    circle = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    shapes = {
        "positive": (rg >= 0, np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * 0.46),
        # A disc of the same area as the square.
        "negative": (rg < 0, np.column_stack([np.cos(circle), np.sin(circle)]) * 0.46 * 2 / np.sqrt(np.pi)),
    }
    for sign, (chosen, corners) in shapes.items():
        rows, columns = np.nonzero(drawn & chosen)
        # A trait with itself is certain; a pair without a standard error is not, and gets the smallest mark.
        known = np.where(rows == columns, _FULL_Z, np.nan_to_num(z[rows, columns], nan=0.0, posinf=_FULL_Z))
        side = np.sqrt(np.clip(known / _FULL_Z, 0.04, 1))
        corners = corners[None] * (side * (1.0 if sign == "positive" else 0.94))[:, None, None]
        corners = corners + np.column_stack([columns, rows])[:, None]
        cells = PolyCollection(
            corners, array=np.clip(rg[rows, columns], -1, 1), cmap=shade.cmap, norm=shade.norm, linewidths=0,
            rasterized=len(rows) > 20_000, gid=sign, zorder=2,
        )  # fmt: skip
        ax.add_collection(cells, autolim=False)


def _frame(ax: Axes, names: Sequence[str], points: float) -> None:
    n_traits = len(names)
    ax.set(xlim=(-0.5, n_traits - 0.5), ylim=(n_traits - 0.5, -0.5), aspect="equal")
    for spine in ax.spines.values():
        spine.set_visible(False)
    ax.tick_params(length=0, pad=1)
    if n_traits <= 60:
        ax.hlines(np.arange(n_traits + 1) - 0.5, -0.5, n_traits - 0.5, color="#E3E3E3", lw=0.4, zorder=1)
        ax.vlines(np.arange(n_traits + 1) - 0.5, -0.5, n_traits - 0.5, color="#E3E3E3", lw=0.4, zorder=1)
    if n_traits <= _MOST_NAMES:
        ax.set_xticks(range(n_traits), names, rotation=90, fontsize=_font(points))
        ax.set_yticks(range(n_traits), names, fontsize=_font(points))
    else:
        ax.set(xticks=[], yticks=[])


def _starred(z: Floats) -> NDArray[np.bool_]:
    """Cells on both sides of the diagonal whose false discovery rate is below 5%."""
    from scipy.special import ndtr

    upper = np.triu(np.isfinite(z), 1)
    p = np.sort(2 * ndtr(-z[upper]))
    if not len(p):
        return np.zeros_like(upper)
    passing = np.flatnonzero(p <= _FDR * np.arange(1, len(p) + 1) / len(p))
    limit = p[passing[-1]] if len(passing) else -1.0
    with np.errstate(invalid="ignore"):
        return 2 * ndtr(-z) <= limit


def plot_consistent(result: ConsistentAtlas | ConsistentTable, ax: Axes | None = None) -> Axes:
    """Raw against consistent correlations, those that moved by more than one and two SE in other colours and shapes.

    Parameters
    ----------
    result
        Of :func:`sumh2.fit_consistent` or :func:`sumh2.fit_consistent_table`.
    ax
        Where to draw; a new figure by default.
    """
    from matplotlib.ticker import MultipleLocator

    raw, names = (result.raw_rg, result.names) if isinstance(result, ConsistentAtlas) else (
        result.table.rg, result.table.names)  # fmt: skip
    off = np.triu_indices(len(names), 1)
    raw, new, moved = raw[off], result.rg[off], np.abs(result.moved[off])
    ax = ax if ax is not None else new_axes(ONE_COLUMN, 96)
    known = np.isfinite(raw) & np.isfinite(new)
    # Without an SE nothing says how far a cell moved.
    groups = (
        (moved <= 1, BLUE, "o", "moved by up to 1 SE"), ((moved > 1) & (moved <= 2), ORANGE, "D", "1 to 2 SE"),
        (moved > 2, VERMILION, "X", "more than 2 SE"), (~np.isfinite(moved), GREY, "s", "SE not known"),
    )  # fmt: skip
    reach = max(1.0, float(np.abs(np.concatenate([raw[known], new[known]])).max(initial=0))) * 1.04
    ax.plot([-reach, reach], [-reach, reach], color=GREY, lw=0.8, gid="equality")
    for bound in (-1, 1):
        ax.axvline(bound, color=GREY, lw=0.7, ls=":")
    for chosen, colour, marker, label in groups:
        chosen = chosen & known
        if chosen.any():
            ax.plot(raw[chosen], new[chosen], marker, ms=2.8, mew=0, alpha=0.75, color=colour, ls="none",
                    label=f"{label} ({chosen.sum():,})", rasterized=len(raw) > 20_000)  # fmt: skip
    ax.set(xlim=(-reach, reach), ylim=(-reach, reach), aspect="equal")
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_locator(MultipleLocator(0.5 if reach < 2 else 1.0 if reach < 5 else np.ceil(reach / 5)))
    label_axes(ax, "genetic correlation, pair by pair", "genetic correlation, consistent")
    write_caption(ax, _caption("left out of the fit", plain_names(_left_out(result))))
    add_legend(ax, columns=2)
    return ax


def plot_eigenvalues(result: ConsistentAtlas | ConsistentTable, ax: Axes | None = None) -> Axes:
    """Eigenvalues of the correlations before and after, sorted: negative ones are contradictions.

    Parameters
    ----------
    result
        Of :func:`sumh2.fit_consistent` or :func:`sumh2.fit_consistent_table`.
    ax
        Where to draw; a new figure by default.
    """
    ax = ax if ax is not None else new_axes(ONE_COLUMN, 72)
    before, after = (np.sort(values)[::-1] for values in (result.eigenvalues_before, result.eigenvalues_after))
    size = float(np.clip(200 / max(len(before), 1), 1.5, 3.6))
    for values, colour, marker, label in (
        (before, ORANGE, "D", f"pair by pair: {np.count_nonzero(before < 0):,} negative"), (after, BLUE, "o", "consistent")
    ):  # fmt: skip
        place = np.arange(1, len(values) + 1)
        ax.plot(place, values, marker=marker, ms=size * (1.4 if marker == "D" else 1), mew=0, lw=0.7, color=colour,
                label=label)  # fmt: skip
    ax.axhline(0, color=GREY, lw=0.7)
    ax.xaxis.get_major_locator().set_params(integer=True)
    label_axes(ax, "place, by size", "eigenvalue of the genetic correlations")
    add_legend(ax)
    return ax


def plot_consistent_panels(result: ConsistentAtlas | ConsistentTable) -> tuple[Axes, ...]:
    """Cells before and after, and eigenvalues before and after, in one figure.

    Parameters
    ----------
    result
        Of :func:`sumh2.fit_consistent` or :func:`sumh2.fit_consistent_table`.
    """
    axes = new_panels(TWO_COLUMNS, 92, (1, 1))
    plot_consistent(result, axes[0])
    plot_eigenvalues(result, axes[1])
    return letter_panels(axes)


def plot_scree(result: FactorCount, ax: Axes | None = None) -> Axes:
    """Eigenvalues with those of pure sampling error: factors are the leading ones above the limit.

    Parameters
    ----------
    result
        Of :func:`sumh2.count_factors`.
    ax
        Where to draw; a new figure by default.
    """
    ax = ax if ax is not None else new_axes(ONE_COLUMN, 72)
    place = np.arange(1, len(result.eigenvalues) + 1)
    counted = place <= result.n_factors
    words = "1 factor" if result.n_factors == 1 else f"{result.n_factors} factors"
    size = float(np.clip(250 / max(len(place), 1), 1.5, 4))
    ax.plot(place, result.eigenvalues, color=BLUE, lw=0.9)
    ax.plot(place[counted], result.eigenvalues[counted], "o", ms=size, color=BLUE, label=f"{words}: above the limit")
    ax.plot(
        place[~counted], result.eigenvalues[~counted], "o", ms=size, mfc="white", mew=0.8, color=BLUE, label="others"
    )
    ax.plot(place, result.null_mean, color=GREY, lw=0.9, ls=":", label="sampling error alone, mean")
    ax.plot(
        place, result.null_limit, color=ORANGE, lw=1, ls="--", label=f"its {100 * result.quantile:.0f}th percentile"
    )
    ax.axhline(0, color=GREY, lw=0.5)
    ax.xaxis.get_major_locator().set_params(integer=True)
    label_axes(ax, "factor", "eigenvalue of the genetic correlations")
    add_legend(ax, columns=2)
    return ax
