"""Figures of partitioned heritabilities: functions of results that return the Axes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from sumh2.enrichment.partition_result import PartitionResult
from sumh2.enrichment.stratified_rg_result import StratifiedRgResult
from sumh2.plots.figures import BLUE, GREY, ONE_COLUMN, TWO_COLUMNS, WIDE_COLUMN, Z95, label_axes, new_axes, plain
from sumh2.plots.forest import Estimates, draw_forest, forest_axes, forest_legend, legend_lines

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def plot_partition(
    results: Sequence[PartitionResult], labels: Sequence[str] | None = None, ax: Axes | None = None
) -> Axes:
    """Forest of enrichments with 95% intervals, several results (traits or models) side by side.

    Categories of all SNPs and continuous annotations are left out: their enrichment says nothing.

    Parameters
    ----------
    results
        Of :func:`sumh2.fit_partition`; a category that a result lacks stays empty.
    labels
        What each is called; by default its trait.
    ax
        Where to draw; a new figure by default.
    """
    labels = [result.trait for result in results] if labels is None else list(labels)
    categories = list(dict.fromkeys(name for result in results for name in _shown_categories(result)))
    series = [
        _enrichments(result, categories, label) for result, label in zip(results, labels, strict=True)
    ]  # fmt: skip
    n_lines = legend_lines(series, 3) if series else 0
    ax = ax if ax is not None else forest_axes(WIDE_COLUMN, len(categories), len(series), n_lines, categories)
    draw_forest(ax, categories, series, null=1.0, numbers="enrichment (SE)")
    if not categories:
        ax.text(0.5, 0.5, "no binary category but that of all SNPs", transform=ax.transAxes, ha="center",
                fontsize=7, color=GREY)  # fmt: skip
    title = labels[0] if len(labels) == 1 else ""
    label_axes(ax, "enrichment (share of h² over share of SNPs), 95% interval", title=title)
    if series:
        forest_legend(ax, series, columns=3)
    return ax


def _shown_categories(result: PartitionResult) -> list[str]:
    return [
        name
        for place, name in enumerate(result.categories)
        if result.sums.binary[place] and np.isfinite(result.enrichment_p[place])
    ]


def _enrichments(result: PartitionResult, categories: Sequence[str], label: str) -> Estimates:
    shown, found = set(_shown_categories(result)), result.enrichments.enrichment
    places = [result.categories.index(name) if name in shown else None for name in categories]
    return Estimates(
        [np.nan if place is None else found.value[place] for place in places],
        [np.nan if place is None else found.se[place] for place in places],
        ["ok" if place is None else result.statuses[place] for place in places],
        label,
        ["" if place is None else "no estimate" for place in places],
    )


def plot_quantiles(result: PartitionResult, ax: Axes | None = None) -> Axes:
    """Enrichment of the bins of one annotation with 95% intervals.

    Parameters
    ----------
    result
        Of :func:`sumh2.fit_partition` with bins.
    ax
        Where to draw; a new figure by default.

    Raises
    ------
    ValueError
        The result has no bins.
    """
    if result.quantiles is None:
        raise ValueError("the result has no bins")
    ax = ax if ax is not None else new_axes(ONE_COLUMN, 68)
    found = result.quantiles.enrichment
    bins = np.arange(1, len(found.value) + 1)
    ax.bar(bins, found.value, width=0.75, color=BLUE, alpha=0.55, lw=0)
    ax.errorbar(bins, found.value, yerr=Z95 * found.se, fmt="o", ms=3, color="black", lw=0.9)
    ax.axhline(0, color=GREY, lw=0.7)
    ax.axhline(1, color=GREY, lw=0.7, ls=":")
    ax.set_xticks(bins)
    label_axes(
        ax, f"bin of {plain(result.sums.quantiles.of)}, from low to high", "enrichment, 95% interval", result.trait
    )
    return ax


def plot_stratified_rg(result: StratifiedRgResult, ax: Axes | None = None) -> Axes:
    """Forest of genetic correlations by category with 95% intervals, a colour and a marker a pair; the last row is all
    SNPs.

    Parameters
    ----------
    result
        Of :func:`sumh2.fit_stratified_rg`.
    ax
        Where to draw; a new figure by default.
    """
    names = [*result.categories, "all SNPs"]
    series = [
        Estimates(
            pair.rg, pair.rg_se, pair.statuses, " – ".join(plain(result.traits[trait], 24) for trait in key),
            ["no rg: a heritability is not positive"] * len(names) if len(result.pairs) == 1 else [""] * len(names),
        )
        for key, pair in result.pairs.items()
    ]  # fmt: skip
    width = WIDE_COLUMN if len(series) < 4 else TWO_COLUMNS
    ax = ax if ax is not None else forest_axes(width, len(names), len(series), legend_lines(series, 2), names)
    draw_forest(ax, names, series, bounds=(-1, 1), limits=_correlation_limits(series), numbers="rg (SE)")
    title = series[0].label if len(series) == 1 else ""
    label_axes(ax, "genetic correlation of the SNPs in the category, 95% interval", title=title)
    forest_legend(ax, series, columns=2)
    return ax


def _correlation_limits(series: Sequence[Estimates]) -> tuple[float, float] | None:
    """Correlations of small categories can be anything: none beyond ±2 is worth the space."""
    values = np.concatenate([np.asarray(one.value, float) for one in series])
    ends = np.concatenate([np.abs(values), np.abs(values) + Z95 * np.concatenate([one.se for one in series])])
    return (-2.0, 2.0) if np.nanmax(ends, initial=0.0) > 2 else None
