"""Figures of results: functions of a result that return the Axes.  Needs the extra ``[plot]``."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ldscores.shared.errors import InputError
from ldscores.shared.outputs import check_writable_folder
from ldscores.shared.tables import written_whole
from sumh2.alignment import AlignedData
from sumh2.h2 import H2Result
from sumh2.rg_result import RgResult

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Okabe and Ito's colours, told apart with every kind of colour vision.
BLUE, ORANGE, GREY, VERMILION = "#0072B2", "#E69F00", "#666666", "#D55E00"
_STATUS_COLOURS = {"ok": BLUE, "caution": ORANGE, "unusable": VERMILION}
_N_BINS = 50
_Z95 = 1.959963984540054


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
    ax = ax if ax is not None else _new_axes(5.2, 3.9)
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
    ax = ax if ax is not None else _new_axes(6.0, 1.2 + 0.28 * len(pairs))
    for row, pair in enumerate(pairs):
        if np.isfinite(pair.rg):
            ax.errorbar(pair.rg, row, xerr=_Z95 * pair.rg_se, fmt="o", ms=4, lw=1.2, color=_STATUS_COLOURS[pair.status])
        else:
            ax.text(0.02, row, pair.status, va="center", fontsize=8, color=_STATUS_COLOURS[pair.status])
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


def check_figure(path: str | Path) -> None:
    """Refuse, before any work, a figure that could not be written.

    Raises
    ------
    InputError
        The ending is none of a figure's, the folder cannot be written to, or matplotlib is not installed.
    """
    path = Path(path)
    if path.suffix.lower() not in (".png", ".pdf", ".svg"):
        raise InputError(f"--plot {path}: found ending {path.suffix!r}, expected .png, .pdf or .svg; rename it")
    check_writable_folder(path, "--plot")
    if importlib.util.find_spec("matplotlib") is None:
        raise InputError("--plot: matplotlib is not installed, expected it for figures; pip install 'sumh2[plot]'")


def save_figure(ax: Axes, path: str | Path) -> None:
    """Write the figure of an Axes, whole or not at all; the ending of the name gives the format."""
    path = Path(path)
    with written_whole(path) as partial:
        ax.get_figure().savefig(partial, format=path.suffix.lstrip(".").lower(), dpi=200, bbox_inches="tight")


def _new_axes(width: float, height: float) -> Axes:
    """Axes of a figure of its own, outside pyplot's global state."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    ax = figure.add_subplot()
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)
    return ax
