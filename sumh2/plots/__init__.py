"""Figures of results: functions of a result that return the Axes; one module a family of results."""

from sumh2.plots.estimates import plot_h2, plot_rg
from sumh2.plots.figures import check_figure, save_figure

__all__ = ["check_figure", "plot_h2", "plot_rg", "save_figure"]
