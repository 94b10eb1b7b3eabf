"""Figures of partitioned heritabilities: functions of results that return the Axes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from sumh2.enrichment.partition_result import PartitionResult
from sumh2.enrichment.stratified_rg_result import ALL, StratifiedRgResult
from sumh2.plots.figures import GREY, SERIES, STATUS_COLOURS, Z95, new_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def plot_partition(
    results: Sequence[PartitionResult], labels: Sequence[str] | None = None, ax: Axes | None = None
) -> Axes:
    """Forest of enrichments with 95% intervals, several results (traits or models) side by side.

    Hollow markers are estimates whose status is not ok.  Categories of all SNPs and continuous annotations are left
    out: their enrichment says nothing.

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
    ax = ax if ax is not None else new_axes(6.4, 1.3 + (0.16 + 0.14 * len(results)) * len(categories))
    offsets = (np.arange(len(results)) - (len(results) - 1) / 2) * 0.7 / max(len(results), 1)
    for result, label, offset, colour in zip(results, labels, offsets, _colours(len(results)), strict=True):
        places = {name: result.categories.index(name) for name in _shown_categories(result)}
        found = result.enrichments.enrichment
        for hollow in (False, True):
            names = [name for name in places if (result.statuses[places[name]] != "ok") == hollow]
            rows = [places[name] for name in names]
            ax.errorbar(
                found.value[rows], [categories.index(name) + offset for name in names], xerr=Z95 * found.se[rows],
                fmt="o", ms=4, lw=1.2, color=colour, mfc="white" if hollow else colour,
                label=f"{label} (caution)" if hollow and rows else None if hollow else label,
            )  # fmt: skip
    ax.axvline(1, color=GREY, lw=0.8, ls=":")
    ax.axvline(0, color=GREY, lw=0.8)
    ax.set(
        xlabel="enrichment (share of h2 over share of SNPs), 95% interval",
        yticks=range(len(categories)), yticklabels=categories, ylim=(len(categories) - 0.5, -0.5),
    )  # fmt: skip
    ax.tick_params(axis="y", labelsize=8)
    if len(results) > 1 or any(status != "ok" for result in results for status in result.statuses):
        ax.legend(frameon=False, fontsize=8)
    return ax


def _shown_categories(result: PartitionResult) -> list[str]:
    return [
        name
        for place, name in enumerate(result.categories)
        if result.sums.binary[place] and np.isfinite(result.enrichment_p[place])
    ]


def _colours(n_results: int) -> list[str]:
    return [SERIES[place % len(SERIES)] for place in range(n_results)]


def plot_quantiles(result: PartitionResult, ax: Axes | None = None) -> Axes:
    """Enrichment of the bins of one annotation with 95% intervals.

    Parameters
    ----------
    result
        Of :func:`sumh2.fit_partition` with bins.
    """
    if result.quantiles is None:
        raise ValueError("the result has no bins")
    ax = ax if ax is not None else new_axes(4.6, 3.6)
    found = result.quantiles.enrichment
    bins = np.arange(1, len(found.value) + 1)
    ax.bar(bins, found.value, yerr=Z95 * found.se, color=SERIES[0], alpha=0.75, error_kw={"lw": 1.2, "ecolor": GREY})
    ax.axhline(1, color=GREY, lw=0.8, ls=":")
    ax.set(
        xlabel=f"bin of {result.sums.quantiles.of}, from low to high", ylabel="enrichment, 95% interval", xticks=bins,
        title=result.trait,
    )  # fmt: skip
    return ax


def plot_stratified_rg(result: StratifiedRgResult, ax: Axes | None = None) -> Axes:
    """Forest of genetic correlations by category with 95% intervals, a colour a pair; the last row is all SNPs."""
    names = [*result.categories, ALL]
    ax = ax if ax is not None else new_axes(6.2, 1.3 + (0.16 + 0.14 * len(result.pairs)) * len(names))
    offsets = (np.arange(len(result.pairs)) - (len(result.pairs) - 1) / 2) * 0.7 / len(result.pairs)
    for (key, pair), offset, colour in zip(result.pairs.items(), offsets, _colours(len(result.pairs)), strict=True):
        label = " – ".join(result.traits[trait] for trait in key)
        known = np.flatnonzero(np.isfinite(pair.rg))
        ax.errorbar(
            pair.rg[known], known + offset, xerr=Z95 * pair.rg_se[known], fmt="o", ms=4, lw=1.2, color=colour,
            label=label,
        )  # fmt: skip
        for place in np.flatnonzero(~np.isfinite(pair.rg)):
            ax.text(0.02, place + offset, "no rg", va="center", fontsize=7, color=STATUS_COLOURS["unusable"])
    for bound in (-1, 1):
        ax.axvline(bound, color=GREY, lw=0.8, ls=":")
    ax.axvline(0, color=GREY, lw=0.8)
    ax.set(
        xlabel="genetic correlation of the SNPs in the category, 95% interval", yticks=range(len(names)),
        yticklabels=names, ylim=(len(names) - 0.5, -0.5),
    )  # fmt: skip
    ax.tick_params(axis="y", labelsize=8)
    ax.legend(frameon=False, fontsize=8)
    return ax
