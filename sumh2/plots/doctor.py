"""Figures of an audit of a GWAS file: p-values, p-values against Z, frequencies against a panel."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sumh2.doctor.examination import DoctorResult
from sumh2.plots.figures import (
    BLUE,
    GREY,
    NOTE_SIZE,
    ONE_COLUMN,
    VERMILION,
    add_legend,
    label_axes,
    letter_panels,
    new_axes,
    new_panels,
    plain,
)
from sumh2.plots.qq import minus_log10_p, plot_qq

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Dots of a figure, and the disagreement that has another colour: of frequencies, and of -log10 p beside its size.
_MOST_DOTS = 20_000
_FAR_FREQUENCY, _FAR_P = 0.2, 0.1
_HIGHEST_P = 50.0


def plot_frequencies(result: DoctorResult, ax: Axes | None = None) -> Axes:
    """Frequency of the effect allele in the file against the panel's; both diagonals, dots off by more than 0.2 apart.

    Parameters
    ----------
    result
        Of :func:`sumh2.examine` with a panel that has frequencies.
    ax
        Where to draw; a new figure by default.

    Raises
    ------
    ValueError
        No frequencies were compared.
    """
    sample = result.sample
    if sample is None or sample.study is None or sample.panel is None:
        raise ValueError("no frequencies were compared with a panel's")
    ax = ax if ax is not None else new_axes(ONE_COLUMN, ONE_COLUMN)
    far = np.abs(sample.study - sample.panel) > _FAR_FREQUENCY
    ax.plot([0, 1], [0, 1], color=GREY, lw=0.8)
    ax.plot([0, 1], [1, 0], color=GREY, lw=0.8, ls=":")
    _draw_dots(ax, sample.panel, sample.study, far, f"more than {_FAR_FREQUENCY:g} off")
    ax.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.01), aspect="equal")
    r = np.corrcoef(sample.study, sample.panel)[0, 1] if np.ptp(sample.study) and np.ptp(sample.panel) else np.nan
    label_axes(ax, f"frequency in {plain(Path(sample.panel_name).name)}", "frequency of the effect allele",
               f"r = {r:+.3f}".replace("-", "−") if np.isfinite(r) else "")  # fmt: skip
    add_legend(ax, scale=1.8)
    return ax


def plot_p_of_z(result: DoctorResult, ax: Axes | None = None) -> Axes:
    """-log10 of the file's P against that of its Z (or BETA / SE): off the diagonal one of them is wrong.

    Parameters
    ----------
    result
        Of :func:`sumh2.examine`, of a file with P and an effect.
    ax
        Where to draw; a new figure by default.

    Raises
    ------
    ValueError
        The file has not both.
    """
    sample = result.sample
    if sample is None or sample.z is None or sample.p_size is None:
        raise ValueError("the file has not both P and Z (or BETA and SE)")
    ax = ax if ax is not None else new_axes(ONE_COLUMN, ONE_COLUMN)
    known = np.isfinite(sample.z) & np.isfinite(sample.p_size)
    of_z, of_p = minus_log10_p(sample.z[known]), minus_log10_p(sample.p_size[known])
    far = np.abs(of_z - of_p) > _FAR_P * np.maximum(np.maximum(of_z, of_p), 1.0)
    top = min(_HIGHEST_P, 1.05 * max(1.0, float(of_z.max(initial=0)), float(of_p.max(initial=0))))
    ax.plot([0, top], [0, top], color=GREY, lw=0.8)
    _draw_dots(ax, np.minimum(of_z, top), np.minimum(of_p, top), far, "more than 10% apart")
    ax.set(xlim=(0, top), ylim=(0, top), aspect="equal")
    label_axes(ax, "−log₁₀ P of the effect over its SE", "−log₁₀ P in the file")
    add_legend(ax, scale=1.8)
    return ax


def plot_doctor_panels(result: DoctorResult) -> tuple[Axes, ...]:
    """QQ plot, P against Z and frequencies, as far as the file and the panel have them, in one figure.

    Parameters
    ----------
    result
        Of :func:`sumh2.examine`.
    """
    sample = result.sample
    draw = []
    if sample is not None and (z := sample.z) is not None:
        draw.append(lambda ax: plot_qq(z, ax=ax))
        if sample.p_size is not None:
            draw.append(lambda ax: plot_p_of_z(result, ax))
    if sample is not None and sample.study is not None:
        draw.append(lambda ax: plot_frequencies(result, ax))
    n_panels = max(len(draw), 1)
    axes = new_panels(
        61.0 * n_panels if n_panels > 1 else ONE_COLUMN, 74 if n_panels > 1 else ONE_COLUMN, (1,) * n_panels
    )
    for panel, ax in zip(draw, axes, strict=False):
        panel(ax)
    if not draw:
        axes[0].text(0.5, 0.5, "nothing to draw: no effects and no frequencies", transform=axes[0].transAxes, ha="center",
                     fontsize=NOTE_SIZE, color=GREY)  # fmt: skip
    return letter_panels(axes, Path(result.source).name)


def _draw_dots(ax: Axes, x: NDArray, y: NDArray, far: NDArray, words: str) -> None:
    """Evenly spaced dots, those that disagree all and on top."""
    for chosen, colour, marker, name in ((~far, BLUE, "o", "agree"), (far, VERMILION, "X", words)):
        places = np.flatnonzero(chosen)
        if not len(places):
            continue
        label = f"{name} ({len(places):,})"
        places = places[:: max(-(-len(places) // _MOST_DOTS), 1)]
        ax.plot(x[places], y[places], marker, ms=1.8 if marker == "o" else 2.6, mew=0, alpha=0.5, color=colour, ls="none",
                label=label, rasterized=True)  # fmt: skip
