"""Figures of a comparison of heritability models."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sumh2.models.compare_result import FittedModel, ModelComparison
from sumh2.plots.figures import BLUE, GREY, TWO_COLUMNS, WIDE_COLUMN, Z95, label_axes, letter_panels, new_panels, plain
from sumh2.plots.forest import Estimates, draw_forest, forest_axes, forest_height, forest_legend, legend_lines

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_WORDS = {
    "none": "no confounding fitted", "intercept": "intercept fitted", "genomic-control": "inflation fitted",
}  # fmt: skip


def plot_comparison(result: ModelComparison, ax: Axes | None = None) -> Axes:
    """Heritability by model with 95% jackknife intervals, a colour and a marker a kind of confounding term.

    The band is the heritability averaged over models with Akaike weights.

    Parameters
    ----------
    result
        Of :func:`sumh2.fit_comparison`.
    ax
        Where to draw; a new figure by default.
    """
    names = _names(result)
    series = _series(result, lambda fitted: (fitted.h2, fitted.h2_jackknife_se))
    ax = ax if ax is not None else forest_axes(WIDE_COLUMN, len(names), len(series), legend_lines(series))
    draw_forest(ax, names, series, null=None, numbers="h² (SE)")
    limits = ax.get_xlim()
    reach = Z95 * np.nan_to_num(result.h2_average_se)
    ax.axvspan(result.h2_average - reach, result.h2_average + reach, color=BLUE, alpha=0.1, lw=0, zorder=0.5)
    ax.axvline(result.h2_average, color=GREY, lw=0.8, ls="--", zorder=1)
    ax.set_xlim(limits)
    label_axes(ax, "SNP heritability, 95% interval (band: averaged over models)", title=result.trait)
    forest_legend(ax, series)
    return ax


def plot_likelihoods(result: ModelComparison, ax: Axes | None = None) -> Axes:
    """Log likelihood of each model over that of the reference with the same confounding term, 95% jackknife intervals.

    Parameters
    ----------
    result
        Of :func:`sumh2.fit_comparison`.
    ax
        Where to draw; a new figure by default.
    """
    names, series = _names(result), _series(result, lambda fitted: _gain(fitted, result.reference))
    own = ax is None
    ax = forest_axes(WIDE_COLUMN, len(names), len(series), legend_lines(series)) if ax is None else ax
    draw_forest(ax, names, series, show_names=own)
    label_axes(ax, f"log likelihood over {plain(result.reference)}, 95% interval", title=result.trait if own else "")
    if own:
        forest_legend(ax, series)
    return ax


def plot_comparison_panels(result: ModelComparison) -> tuple[Axes, ...]:
    """Heritability and likelihood by model beside each other.

    Parameters
    ----------
    result
        Of :func:`sumh2.fit_comparison`.
    """
    series = _series(result, lambda fitted: (fitted.h2, fitted.h2_jackknife_se))
    height = forest_height(len(_names(result)), len(series), legend_lines(series))
    axes = new_panels(TWO_COLUMNS, height, (1.3, 1))
    plot_comparison(result, axes[0])
    plot_likelihoods(result, axes[1])
    best = result.best_model
    words = f"{plain(best.model)}, {_WORDS.get(best.confounding, best.confounding)}"
    return letter_panels(axes, f"{plain(result.trait)}; smallest AIC: {words}")


def _row_name(fitted: FittedModel) -> str:
    return f"{plain(fitted.model)}, by LDSC" if fitted.estimator == "ldsc" else fitted.model


def _names(result: ModelComparison) -> list[str]:
    """A row a model; the alphas that were chosen for it, one a kind of confounding term, beside it."""
    alphas: dict[str, list[str]] = {}
    for fitted in result.models:
        chosen = alphas.setdefault(_row_name(fitted), [])
        text = "" if np.isnan(fitted.alpha) else f"{fitted.alpha:g}".replace("-", "−")
        if text and text not in chosen:
            chosen.append(text)
    return [f"{plain(name)} (α {', '.join(chosen)})" if chosen else plain(name) for name, chosen in alphas.items()]


def _series(result: ModelComparison, number) -> list[Estimates]:
    """A series a kind of confounding term, on the rows of all models."""
    rows = list(dict.fromkeys(_row_name(fitted) for fitted in result.models))
    series = []
    for kind in dict.fromkeys(fitted.confounding for fitted in result.models):
        pairs = {_row_name(fitted): number(fitted) for fitted in result.models if fitted.confounding == kind}
        values, errors = zip(*(pairs.get(name, (np.nan, np.nan)) for name in rows), strict=True)
        series.append(Estimates(values, errors, ["ok"] * len(rows), _WORDS.get(kind, kind), [""] * len(rows)))
    return series


def _gain(fitted: FittedModel, reference: str) -> tuple[float, float]:
    if fitted.estimator == "ldsc":
        return np.nan, np.nan
    if fitted.difference is not None:
        return fitted.difference.difference, fitted.difference.se
    return (0.0, np.nan) if fitted.model == reference else (np.nan, np.nan)
