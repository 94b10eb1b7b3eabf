"""Figures of heritabilities and correlations: functions of a result that return the Axes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sumh2.alignment import AlignedData
from sumh2.ldsc.h2 import H2Result
from sumh2.ldsc.rg_result import RgResult
from sumh2.plots.figures import BLUE, GREY, ORANGE, STATUS_COLOURS, Z95, new_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_N_BINS = 50


def plot_h2(result: H2Result, aligned: AlignedData, trait: int = 0, ax: Axes | None = None) -> Axes:
    """Mean chi2 in 50 bins of LD score with its standard error, the fitted line, the intercept and the null.

    Parameters
    ----------
    result
        Of :func:`sumh2.fit_h2`, with one LD score.
    aligned, trait
        What it was fitted to.
    ax
        Where to draw; a new figure by default.
    """
    ax = ax if ax is not None else new_axes(5.2, 3.9)
    present = np.isfinite(aligned.z[:, trait])
    if result.chisq_max is not None:
        present &= np.abs(np.nan_to_num(aligned.z[:, trait])) < np.sqrt(result.chisq_max)
    ld_score, chi2 = aligned.tagging[present].sum(axis=1), aligned.z[present, trait] ** 2
    order = np.argsort(ld_score, kind="stable")
    bins = np.array_split(order, min(_N_BINS, len(order)))
    means = np.array([[ld_score[rows].mean(), chi2[rows].mean()] for rows in bins])
    errors = np.array([chi2[rows].std() / np.sqrt(len(rows)) for rows in bins])
    ax.errorbar(means[:, 0], means[:, 1], yerr=errors, fmt="o", ms=3.5, lw=0.8, color=BLUE, label="mean chi2 of a bin")
    x = np.array([0, means[-1, 0]])
    slope = result.n_mean * result.h2 / result.m
    ax.plot(x, result.intercept + slope * x, color=ORANGE, label=f"fit, h2 = {result.h2:.3f} ({result.h2_se:.3f})")
    label = f"intercept {result.intercept:.3f}"
    ax.axhline(result.intercept, color=GREY, lw=0.8, ls="--", label=label)
    ax.axhline(1, color=GREY, lw=0.8, ls=":", label="no signal, no confounding")
    ax.set(xlabel="LD score", ylabel="mean chi2", title=result.trait, xlim=(0, None))
    ax.legend(frameon=False, fontsize=8)
    return ax


def plot_rg(result: RgResult, ax: Axes | None = None) -> Axes:
    """Forest of genetic correlations with 95% intervals, coloured by status; pairs without an rg are named."""
    pairs = result.pairs
    ax = ax if ax is not None else new_axes(6.0, 1.2 + 0.28 * len(pairs))
    for row, pair in enumerate(pairs):
        if np.isfinite(pair.rg):
            ax.errorbar(pair.rg, row, xerr=Z95 * pair.rg_se, fmt="o", ms=4, lw=1.2, color=STATUS_COLOURS[pair.status])
        else:
            ax.text(0.02, row, pair.status, va="center", fontsize=8, color=STATUS_COLOURS[pair.status])
    ax.axvline(0, color=GREY, lw=0.8)
    for bound in (-1, 1):
        ax.axvline(bound, color=GREY, lw=0.8, ls=":")
    ax.set(
        xlabel="genetic correlation, 95% interval",
        yticks=range(len(pairs)),
        yticklabels=[f"{pair.trait1} – {pair.trait2}" for pair in pairs],
        ylim=(len(pairs) - 0.5, -0.5),
    )
    return ax
