"""Figure of a hypothesis on an atlas."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sumh2.atlas.hypotheses import HypothesisResult
from sumh2.plots.figures import TWO_COLUMNS, label_axes, write_caption
from sumh2.plots.forest import Estimates, draw_forest, forest_axes
from sumh2.results import p_text

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Equations drawn; of more, those with the smallest p-values.
_MOST_EQUATIONS = 100


def plot_hypothesis(result: HypothesisResult, ax: Axes | None = None) -> Axes:
    """Left minus right side of each equation with its 95% interval, and the p-value of all of them together.

    Parameters
    ----------
    result
        Of :func:`sumh2.atlas.hypotheses.check_hypothesis`.
    ax
        Where to draw; by default a figure of its own.

    Returns
    -------
    Axes
    """
    rows = result.equations
    if len(rows) > _MOST_EQUATIONS:
        # A p-value that is missing is the last.
        chosen = sorted(range(len(rows)), key=lambda place: (rows[place].p != rows[place].p, rows[place].log10_p))
        rows = tuple(rows[place] for place in sorted(chosen[:_MOST_EQUATIONS]))
    names = [str(row.equation) for row in rows]
    estimates = Estimates([row.difference for row in rows], [row.se for row in rows], ["ok"] * len(rows))
    ax = ax if ax is not None else forest_axes(TWO_COLUMNS, len(rows), names=names)
    draw_forest(ax, names, [estimates], numbers="difference (SE)")
    label_axes(ax, "left minus right side, 95% interval")
    p = p_text(result.p, result.log10_p)
    together = f"all {len(result.equations)} together ({result.test}): p = {p}"
    left_out = len(result.equations) - len(rows)
    write_caption(
        ax,
        f"p = {p}" if len(result.equations) == 1 else together,
        f"{left_out} equations with larger p-values are not drawn" if left_out else "",
    )
    return ax
