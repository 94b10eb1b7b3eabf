"""Figures of heritabilities and correlations by LD Score regression: functions of a result that return the Axes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sumh2.alignment import AlignedData
from sumh2.ldsc.h2_result import H2Result
from sumh2.ldsc.rg_result import RgResult
from sumh2.plots.figures import (
    BLUE,
    GREY,
    NOTE_SIZE,
    ONE_COLUMN,
    ORANGE,
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
from sumh2.plots.forest import Estimates, draw_forest, forest_axes, forest_legend, legend_lines
from sumh2.plots.qq import plot_qq

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Floats = NDArray[np.float64]

#: Bins of the regression, bars of the confounding; fewer where a bin would have less SNPs than this.
_N_BINS, _N_BARS, _LEAST = 50, 10, 20


def plot_h2(result: H2Result, aligned: AlignedData, trait: int = 0, ax: Axes | None = None) -> Axes:
    """Mean chi2 in 50 bins of LD score with its standard error, the fitted line, the intercept and the null.

    With several LD scores the bins are of the chi2 that the fit expects, and the line is that of equality.

    Parameters
    ----------
    result
        Of :func:`sumh2.fit_h2`.
    aligned, trait
        What it was fitted to.
    ax
        Where to draw; a new figure by default.
    """
    chi2, ld_score, expected = _regression(result, aligned, trait)
    ax = ax if ax is not None else new_axes(ONE_COLUMN, 72)
    fit = f"fit, h² = {result.h2:.3f} ({result.h2_se:.3f})".replace("-", "−")
    if ld_score is None:
        draw_calibration(ax, expected, chi2, fit)
        label_axes(ax, "χ² expected by the fit", "mean χ²", result.trait)
    else:
        x = draw_bins(ax, ld_score, chi2)
        line = np.array([0, x.max()])
        slope = result.n_mean * result.h2 / result.m
        ax.plot(line, result.intercept + slope * line, color=ORANGE, lw=1.3, label=fit)
        ax.set_xlim(0, x.max() * 1.03)
        label_axes(ax, "LD score", "mean χ²", result.trait)
    ax.axhline(result.intercept, color=GREY, lw=0.8, ls="--", label=_intercept(result))
    ax.axhline(1, color=GREY, lw=0.8, ls=":", label="1: no signal, no confounding")
    add_legend(ax)
    return ax


def plot_confounding(result: H2Result, aligned: AlignedData, trait: int = 0, ax: Axes | None = None) -> Axes:
    """Mean chi2 in ten bins of LD score, split into 1, confounding (intercept - 1) and the polygenic part.

    With several LD scores the bins are of the chi2 that the fit expects.  A negative part goes down.

    Parameters
    ----------
    result, aligned, trait
        As for :func:`plot_h2`.
    ax
        Where to draw; a new figure by default.
    """
    chi2, ld_score, expected = _regression(result, aligned, trait)
    bins = _bins(expected if ld_score is None else ld_score, _N_BARS)
    place = np.arange(1, len(bins) + 1)
    polygenic = np.array([expected[rows].mean() for rows in bins]) - result.intercept
    confounding = result.intercept - 1
    ax = ax if ax is not None else new_axes(ONE_COLUMN, 72)
    ax.bar(place, polygenic, bottom=result.intercept, width=0.8, color=BLUE, alpha=0.55, lw=0, label="polygenic")
    ratio = f" (ratio {result.ratio:.2f})".replace("-", "−") if np.isfinite(result.ratio) else ""
    ax.bar(
        place, np.full(len(bins), confounding), bottom=1, width=0.8, facecolor=ORANGE, edgecolor="white", hatch="////",
        lw=0, label=f"confounding {_signed(confounding)}{ratio}",
    )  # fmt: skip
    means, errors = _mean_and_se(chi2, bins)
    ax.errorbar(place, means, yerr=errors, fmt="o", ms=3, lw=0.8, color="black", label="observed (± SE)")
    ax.axhline(1, color=GREY, lw=0.8)
    of = "expected χ²" if ld_score is None else "LD score"
    middle = [float((expected if ld_score is None else ld_score)[rows].mean()) for rows in bins]
    ax.set_xticks(
        place, [f"{value:.2g}" if value < 100 else f"{value:.0f}" for value in middle], fontsize=NOTE_SIZE - 0.5
    )
    label_axes(ax, f"mean {of} of the bin", "mean χ²", result.trait)
    add_legend(ax)
    return ax


def plot_h2_panels(result: H2Result, aligned: AlignedData, trait: int = 0) -> tuple[Axes, ...]:
    """The regression, what of the inflation is confounding, and the QQ plot, in one figure.

    Parameters
    ----------
    result, aligned, trait
        As for :func:`plot_h2`.
    """
    axes = new_panels(TWO_COLUMNS, 68, (1, 1, 1))
    plot_h2(result, aligned, trait, axes[0])
    plot_confounding(result, aligned, trait, axes[1])
    plot_qq(aligned.z[:, trait], result, axes[2])
    return letter_panels(axes, result.trait)


def plot_rg(result: RgResult, ax: Axes | None = None) -> Axes:
    """Forest of genetic correlations with 95% intervals, by status; pairs without an rg say so.

    Parameters
    ----------
    result
        Of :func:`sumh2.fit_rg` or :func:`sumh2.fit_sumher_rg`.
    ax
        Where to draw; a new figure by default.
    """
    pairs = result.pairs
    firsts = {pair.trait1 for pair in pairs}
    one_first = len(firsts) == 1 and len(pairs) > 1
    traits = list(dict.fromkeys(name for pair in pairs for name in (pair.trait1, pair.trait2)))
    short = dict(zip(traits, plain_names(traits, 34 if one_first else 24), strict=True))
    names = [short[pair.trait2] if one_first else f"{short[pair.trait1]} – {short[pair.trait2]}" for pair in pairs]
    series = [Estimates([pair.rg for pair in pairs], [pair.rg_se for pair in pairs], [pair.status for pair in pairs])]
    ax = ax if ax is not None else forest_axes(WIDE_COLUMN, len(pairs), n_legend=legend_lines(series, 3), names=names)
    draw_forest(ax, names, series, bounds=(-1, 1), numbers="rg (SE)")
    title = f"with {plain(next(iter(firsts)))}" if one_first else ""
    label_axes(ax, "genetic correlation, 95% interval", title=title)
    forest_legend(ax, series, columns=3)
    return ax


# ---------------------------------------------------------------------------------------------------------------------
# Bins


def draw_bins(ax: Axes, x: Floats, chi2: Floats) -> Floats:
    """Mean chi2 in bins of x with standard errors as of independent SNPs; the mean x of each bin."""
    bins = _bins(x, _N_BINS)
    at = np.array([x[rows].mean() for rows in bins])
    means, errors = _mean_and_se(chi2, bins)
    ax.errorbar(at, means, yerr=errors, fmt="o", ms=2.8, lw=0.7, color=BLUE, label="mean χ² of a bin (± SE)")
    return at


def draw_calibration(ax: Axes, expected: Floats, chi2: Floats, label: str) -> None:
    """Mean chi2 in bins of what a fit expects, with the line of equality."""
    ends = draw_bins(ax, expected, chi2)[[0, -1]]
    ax.plot(ends, ends, color=ORANGE, lw=1.3, label=label)


def _bins(x: Floats, most: int) -> list[NDArray[np.int64]]:
    """Places of equally many SNPs in order of x."""
    return np.array_split(np.argsort(x, kind="stable"), int(np.clip(len(x) // _LEAST, 1, most)))


def _mean_and_se(chi2: Floats, bins: list[NDArray[np.int64]]) -> tuple[Floats, Floats]:
    means = np.array([chi2[rows].mean() for rows in bins])
    return means, np.array([chi2[rows].std() / np.sqrt(len(rows)) for rows in bins])


def _regression(result: H2Result, aligned: AlignedData, trait: int) -> tuple[Floats, Floats | None, Floats]:
    """chi2 of the SNPs of the regression, their LD score (None where there are several), and what the fit expects."""
    z = aligned.z[:, trait]
    present = np.isfinite(z)
    if result.chisq_max is not None:
        present &= np.nan_to_num(z) ** 2 < result.chisq_max
    scores = aligned.tagging[present]
    expected = result.intercept + aligned.n_samples[present, trait] * (scores @ result.tau)
    return z[present] ** 2, scores[:, 0] if scores.shape[1] == 1 else None, expected


def _intercept(result: H2Result) -> str:
    se = f" ({result.intercept_se:.3f})" if np.isfinite(result.intercept_se) else ", held"
    return f"intercept {result.intercept:.3f}{se}"


def _signed(value: float) -> str:
    return f"{value:+.3f}".replace("-", "−")
