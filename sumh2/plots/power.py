"""Figures of the precision that a design would have."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sumh2.plots.figures import (
    GREY,
    MARKERS,
    ONE_COLUMN,
    SERIES,
    TWO_COLUMNS,
    add_legend,
    label_axes,
    letter_panels,
    new_axes,
    new_panels,
    plain,
)
from sumh2.simulation.power_curve import PowerCurve

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Lines of a figure: as many as there are colours and markers.
_MOST_LINES = len(SERIES)
_USUAL_POWER, _LEAST_ENRICHMENT = 0.8, 0.01


def plot_power(curve: PowerCurve, ax: Axes | None = None) -> Axes:
    """Power of a two-sided test at 5% against the number of people, a line an estimate.

    Of many enrichments those that differ most from 1 are drawn.  A vertical line is the design asked for.

    Parameters
    ----------
    curve
        Of :func:`sumh2.simulation.power_curve.predict_power_curve`.
    ax
        Where to draw; a new figure by default.
    """
    ax = _draw(curve, "power", ax)
    ax.axhline(_USUAL_POWER, color=GREY, lw=0.7, ls=":")
    ax.set_ylim(-0.02, 1.03)
    label_axes(ax, _people(curve), "power, two-sided test at 5%")
    add_legend(ax)
    return ax


def plot_precision(curve: PowerCurve, ax: Axes | None = None) -> Axes:
    """Expected standard error against the number of people, a line an estimate, both axes logarithmic.

    Parameters
    ----------
    curve
        Of :func:`sumh2.simulation.power_curve.predict_power_curve`.
    ax
        Where to draw; a new figure by default.
    """
    ax = _draw(curve, "se", ax)
    ax.set_yscale("log")
    _plain_ticks(ax.yaxis)
    label_axes(ax, _people(curve), "expected standard error")
    add_legend(ax)
    return ax


def plot_power_panels(curve: PowerCurve) -> tuple[Axes, ...]:
    """Power and standard errors against the number of people, in one figure.

    Parameters
    ----------
    curve
        Of :func:`sumh2.simulation.power_curve.predict_power_curve`.
    """
    lines = len(_shown(curve))
    axes = new_panels(TWO_COLUMNS, 64 + 3.3 * lines, (1, 1))
    plot_power(curve, axes[0])
    plot_precision(curve, axes[1])
    return letter_panels(axes)


def _shown(curve: PowerCurve) -> list[tuple[str, str, float]]:
    """Quantity, category and expected value of the lines; gcov is left out, rg says it."""
    rows = [row for row in curve.results[0].rows if row["quantity"] != "gcov"]
    others = [row for row in rows if row["quantity"] != "enrichment"]
    enrichments = sorted(
        (row for row in rows if row["quantity"] == "enrichment"), key=lambda row: -abs(row["expected"] - 1)
    )
    # Of an enrichment of 1 there is nothing to find.
    enriched = [row for row in enrichments if abs(row["expected"] - 1) > _LEAST_ENRICHMENT] or enrichments
    chosen = [*others, *enriched][:_MOST_LINES]
    return [(row["quantity"], row["category"], row["expected"]) for row in chosen]


def _draw(curve: PowerCurve, name: str, ax: Axes | None) -> Axes:
    ax = ax if ax is not None else new_axes(ONE_COLUMN, 64 + 3.3 * len(_shown(curve)))
    people = curve.studies[0].n * np.array(curve.factors)
    for place, (quantity, category, expected) in enumerate(_shown(curve)):
        words = f"{quantity} of {plain(category)}" if category else quantity.replace("h2", "h²")
        ax.plot(
            people, curve.column(quantity, category, name), marker=MARKERS[place], ms=3, mew=0, lw=1, color=SERIES[place],
            label=f"{words} = {expected:.3g}".replace("-", "−"),
        )  # fmt: skip
    ax.axvline(curve.studies[0].n, color=GREY, lw=0.8, ls="--")
    ax.set_xscale("log")
    _plain_ticks(ax.xaxis)
    return ax


def _people(curve: PowerCurve) -> str:
    if len(curve.studies) == 1:
        return "people (dashed: the design)"
    first, second = curve.studies
    return f"people of study 1 (study 2: {second.n / first.n:.3g} times as many; dashed: the design)"


def _plain_ticks(axis) -> None:
    """1, 2, 5 of each decade, thousands and millions as k and M, and no others."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    def write(value: float, _: int) -> str:
        scale, letter = next((pair for pair in ((1e6, "M"), (1e3, "k")) if value >= pair[0]), (1.0, ""))
        return f"{value / scale:g}{letter}"

    axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.set_major_formatter(FuncFormatter(write))
    axis.set_minor_formatter(NullFormatter())
