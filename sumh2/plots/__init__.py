"""Figures of results: functions of a result that return the Axes; one module a family of results.

``plot_NAME(result, ax=None)`` draws one panel, on Axes of yours or in a figure of its own; ``plot_NAME_panels`` draws the
figure of a command's ``--plot``; :func:`save_figure` writes either.
"""

from __future__ import annotations

from ldscores.shared.lazy_names import lazy_names

#: Where each figure lives; a module and the family behind it are imported when they are drawn.
_HOMES = {
    "plot_alpha": "alpha",
    "plot_alpha_h2": "alpha",
    "plot_alpha_panels": "alpha",
    "plot_category_enrichments": "sumher",
    "plot_comparison": "compare",
    "plot_comparison_panels": "compare",
    "plot_confounding": "estimates",
    "plot_consistent": "atlas",
    "plot_consistent_panels": "atlas",
    "plot_doctor_panels": "doctor",
    "plot_eigenvalues": "atlas",
    "plot_frequencies": "doctor",
    "plot_h2": "estimates",
    "plot_h2_panels": "estimates",
    "plot_heatmap": "atlas",
    "plot_hypothesis": "hypothesis",
    "plot_influence": "influence",
    "plot_influences": "influence",
    "plot_likelihoods": "compare",
    "plot_p_of_z": "doctor",
    "plot_partition": "partition",
    "plot_power": "power",
    "plot_power_panels": "power",
    "plot_precision": "power",
    "plot_qq": "qq",
    "plot_quantiles": "partition",
    "plot_rg": "estimates",
    "plot_scree": "atlas",
    "plot_screen": "screen",
    "plot_screen_volcano": "screen",
    "plot_stratified_rg": "partition",
    "plot_sumher": "sumher",
    "plot_sumher_panels": "sumher",
    "save_figure": "figures",
}

__all__ = sorted(_HOMES)  # noqa: PLE0605
__getattr__, __dir__ = lazy_names("sumh2.plots", {name: f"sumh2.plots.{home}" for name, home in _HOMES.items()})
