"""Figures of results: functions of a result that return the Axes; one module a family of results."""

from sumh2.plots.estimates import plot_h2, plot_rg
from sumh2.plots.figures import check_figure, save_figure
from sumh2.plots.influence import plot_influence, plot_influences
from sumh2.plots.partition import plot_partition, plot_quantiles, plot_stratified_rg
from sumh2.plots.screen import plot_screen, plot_screen_volcano

__all__ = [
    "check_figure",
    "plot_h2",
    "plot_influence",
    "plot_influences",
    "plot_partition",
    "plot_quantiles",
    "plot_rg",
    "plot_screen",
    "plot_screen_volcano",
    "plot_stratified_rg",
    "save_figure",
]
