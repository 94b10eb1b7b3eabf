"""Figures of atlases: clustered heatmap, raw against consistent, scree plot with parallel analysis."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sumh2.atlas.atlas_result import RgAtlas
from sumh2.atlas.clustering import cluster_traits
from sumh2.atlas.consistent import ConsistentAtlas
from sumh2.atlas.consistent_table import ConsistentTable
from sumh2.atlas.factor_count import FactorCount
from sumh2.plots.figures import BLUE, GREY, ORANGE, VERMILION, new_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: A square has its full size from this |z| on.
_FULL_Z = 5.0
#: Names are drawn up to this many traits.
_MOST_NAMES = 120


def plot_heatmap(result: RgAtlas | ConsistentAtlas, ax: Axes | None = None) -> Axes:
    """Genetic correlations in clustered order: colour for rg (cut at ±1), area for |z|, a star for a false discovery rate
    below 5% (Benjamini and Hochberg) among the pairs shown; crosses where a pair has no estimate.

    Parameters
    ----------
    result
        An atlas, or its consistent fit (whose z takes the larger of both standard errors).
    ax
        Where to draw; a new figure by default.
    """
    rg, se = result.rg, result.safe_se if isinstance(result, ConsistentAtlas) else result.rg_se
    order = cluster_traits(rg)
    names = [result.names[place] for place in order]
    rg, se, n_traits = rg[np.ix_(order, order)], se[np.ix_(order, order)], len(order)
    size = max(3.5, 0.22 * n_traits + 2.0)
    ax = ax if ax is not None else new_axes(size + 1.2, size)
    with np.errstate(divide="ignore", invalid="ignore"):
        z = np.abs(rg / se)
    off = ~np.eye(n_traits, dtype=bool)
    z[~off] = np.nan
    rows, columns = np.nonzero(np.isfinite(z))
    cell = 0.9 * 72 * (size - 2.0) / n_traits  # points along a cell's side
    area = (cell * np.sqrt(np.clip(z[rows, columns] / _FULL_Z, 0.05, 1))) ** 2
    shown = ax.scatter(columns, rows, s=area, c=np.clip(rg[rows, columns], -1, 1), cmap="RdBu_r", vmin=-1, vmax=1,
    marker="s",
                       linewidths=0)  # fmt: skip
    starred = _starred(z)
    ax.plot(*np.nonzero(starred)[::-1], "*", ms=min(0.25 * cell, 5), color="black", ls="none", mew=0)
    missing = off & ~np.isfinite(z)
    ax.plot(*np.nonzero(missing)[::-1], "x", ms=min(0.4 * cell, 5), color=GREY, ls="none")
    ax.set(xlim=(-0.5, n_traits - 0.5), ylim=(n_traits - 0.5, -0.5), aspect="equal")
    if n_traits <= _MOST_NAMES:
        font = float(np.clip(cell * 0.7, 3, 9))
        ax.set_xticks(range(n_traits), names, rotation=90, fontsize=font)
        ax.set_yticks(range(n_traits), names, fontsize=font)
    bar = ax.get_figure().colorbar(shown, ax=ax, shrink=0.6)
    bar.set_label(f"genetic correlation; full square: |z| {_FULL_Z:g} and more; star: FDR < 5%", fontsize=8)
    return ax


def _starred(z: np.ndarray) -> np.ndarray:
    """Cells below the diagonal's mirror too whose false discovery rate is below 5%."""
    from scipy.special import ndtr

    upper = np.triu(np.isfinite(z), 1)
    p = np.sort(2 * ndtr(-z[upper]))
    if not len(p):
        return np.zeros_like(upper)
    passing = np.flatnonzero(p <= 0.05 * np.arange(1, len(p) + 1) / len(p))
    limit = p[passing[-1]] if len(passing) else -1.0
    with np.errstate(invalid="ignore"):
        return 2 * ndtr(-z) <= limit


def plot_consistent(result: ConsistentAtlas | ConsistentTable, ax: Axes | None = None) -> Axes:
    """Raw against consistent correlations, those that moved by more than one and two SE in other colours."""
    raw, names = (result.raw_rg, result.names) if isinstance(result, ConsistentAtlas) else (
        result.table.rg, result.table.names)  # fmt: skip
    off = np.triu_indices(len(names), 1)
    raw, new, moved = raw[off], result.rg[off], np.abs(result.moved[off])
    ax = ax if ax is not None else new_axes(4.6, 4.4)
    known = np.isfinite(raw) & np.isfinite(new)
    groups = ((moved <= 1, BLUE, "moved by up to 1 SE"), ((moved > 1) & (moved <= 2), ORANGE, "1 to 2 SE"),
              (moved > 2, VERMILION, "more than 2 SE"))  # fmt: skip
    for chosen, colour, label in groups:
        chosen = chosen & known
        ax.plot(
            raw[chosen], new[chosen], "o", ms=3, mew=0, alpha=0.7, color=colour, label=f"{label} ({chosen.sum():,})"
        )
    reach = max(1.0, float(np.abs(raw[known]).max(initial=0)))
    ax.plot([-reach, reach], [-reach, reach], color=GREY, lw=0.8)
    for bound in (-1, 1):
        ax.axvline(bound, color=GREY, lw=0.8, ls=":")
    ax.set(xlabel="genetic correlation, pair by pair", ylabel="genetic correlation, consistent")
    ax.legend(frameon=False, fontsize=8)
    return ax


def plot_scree(result: FactorCount, ax: Axes | None = None) -> Axes:
    """Eigenvalues with those of pure sampling error: factors are the leading ones above the limit."""
    ax = ax if ax is not None else new_axes(4.8, 3.6)
    place = np.arange(1, len(result.eigenvalues) + 1)
    counted = place <= result.n_factors
    ax.plot(place, result.eigenvalues, color=BLUE, lw=1)
    ax.plot(place[counted], result.eigenvalues[counted], "o", ms=4, color=BLUE, label=f"{result.n_factors} factors")
    ax.plot(place[~counted], result.eigenvalues[~counted], "o", ms=4, mfc="white", color=BLUE)
    ax.plot(place, result.null_mean, color=GREY, lw=0.8, label="sampling error alone, mean")
    ax.plot(
        place, result.null_limit, color=ORANGE, lw=1, ls="--", label=f"its {100 * result.quantile:.0f}th percentile"
    )
    ax.axhline(0, color=GREY, lw=0.5)
    ax.set(xlabel="factor", ylabel="eigenvalue of the genetic correlations")
    ax.legend(frameon=False, fontsize=8)
    return ax
