"""Figures of SumHer fits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sumh2.alignment import AlignedData
from sumh2.plots.estimates import draw_calibration
from sumh2.plots.figures import (
    GREY,
    ONE_COLUMN,
    TWO_COLUMNS,
    WIDE_COLUMN,
    add_legend,
    label_axes,
    letter_panels,
    new_axes,
    new_panels,
    plain,
    plain_names,
)
from sumh2.plots.forest import Estimates, draw_forest, forest_axes, forest_height
from sumh2.plots.qq import plot_qq
from sumh2.sumher.held_out import expected_chi2
from sumh2.sumher.result import SumherResult
from sumh2.sumher.rows import RowRules, choose_rows

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def plot_sumher(
    result: SumherResult, aligned: AlignedData, trait: int = 0, rules: RowRules | None = None, ax: Axes | None = None
) -> Axes:
    """Mean chi2 in 50 bins of what the model expects, with the line of equality.

    Parameters
    ----------
    result
        Of :func:`sumh2.fit_sumher`.
    aligned, trait, rules
        What it was fitted to.
    ax
        Where to draw; a new figure by default.
    """
    (rows,) = choose_rows(aligned, (trait,), rules or RowRules())
    expected = expected_chi2(result, rows.n, rows.tagging)
    ax = ax if ax is not None else new_axes(ONE_COLUMN, 72)
    se = f" ({result.h2_jackknife_se:.3f})" if np.isfinite(result.h2_jackknife_se) else ""
    draw_calibration(ax, expected, rows.chi2, f"fit, h² = {result.h2:.3f}{se}")
    ax.axhline(1, color=GREY, lw=0.8, ls=":", label="1: no signal, no confounding")
    label_axes(ax, "χ² expected under the model", "mean χ²", result.trait)
    add_legend(ax)
    return ax


def plot_category_enrichments(result: SumherResult, ax: Axes | None = None) -> Axes:
    """Forest of the enrichments of a model's categories, with 95% jackknife intervals.

    Parameters
    ----------
    result
        Of :func:`sumh2.fit_sumher`, with several categories.  A category of all SNPs, whose enrichment is 1, is left out.
    ax
        Where to draw; a new figure by default.
    """
    partition = result.partition
    shown = _shown_categories(result)
    series = [
        Estimates(partition.enrichment.value[shown], partition.enrichment.jackknife_se[shown], ["ok"] * len(shown))
    ]
    names = plain_names([partition.names[place] for place in shown])
    ax = ax if ax is not None else forest_axes(WIDE_COLUMN, len(shown), names=names)
    draw_forest(ax, names, series, null=1.0, numbers="enrichment (SE)")
    label_axes(ax, "enrichment (share of h² over expected), 95% interval", title=result.trait)
    return ax


def plot_sumher_panels(
    result: SumherResult, aligned: AlignedData, trait: int = 0, rules: RowRules | None = None
) -> tuple[Axes, ...]:
    """Observed against expected chi2, the QQ plot and, of several categories, their enrichments, in one figure.

    Parameters
    ----------
    result, aligned, trait, rules
        As for :func:`plot_sumher`.
    """
    n_shown = len(_shown_categories(result))
    if n_shown:
        axes = _axes_above_forest(forest_height(n_shown))
        plot_category_enrichments(result, axes[2])
    else:
        axes = new_panels(WIDE_COLUMN, 68, (1, 1))
    plot_sumher(result, aligned, trait, rules, axes[0])
    plot_qq(aligned.z[:, trait], ax=axes[1])
    return letter_panels(axes, f"{plain(result.trait)}, {plain(result.model)}" if result.model else result.trait)


def _axes_above_forest(height: float) -> tuple[Axes, ...]:
    """Two panels beside each other, and one of this height below both."""
    above = 68.0
    axes = new_panels(TWO_COLUMNS, above + height, (1, 1), (above, height))
    axes[3].remove()
    axes[2].set_subplotspec(axes[2].get_subplotspec().get_gridspec()[1, :])
    return axes[:3]


def _shown_categories(result: SumherResult) -> list[int]:
    partition = result.partition
    if len(partition.names) < 2:
        return []
    return [
        place for place in range(len(partition.names))
        if np.isfinite(partition.enrichment.value[place]) and not np.isclose(partition.expected[place], 1.0)
    ]  # fmt: skip
