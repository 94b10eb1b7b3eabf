"""Figures of a report: those of :mod:`sumh2.plots`, as SVG, with what they show in words.

Letters are drawn as outlines: a page looks the same on every machine.  The page shows each as an image, inside of which
nothing runs and nothing is fetched.
"""

from __future__ import annotations

import importlib.util
import io
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from ldscores.shared.messages import counted
from sumh2.report import revive
from sumh2.report.section import Figure, SavedResult, Section, number

#: Pairs that a forest can hold and be read; more are a heatmap.
_MOST_IN_FOREST = 60
#: A heatmap of more traits than this says nothing on paper; the page of an atlas does.
_MOST_IN_HEATMAP = 400
NO_MATPLOTLIB = "Figures need matplotlib, which is not installed here: pip install 'sumh2[plot]' adds them."


def can_draw() -> bool:
    """Whether matplotlib is installed."""
    return importlib.util.find_spec("matplotlib") is not None


def with_figures(section: Section, data: Any = None) -> Section:
    """The section with its figures.

    Parameters
    ----------
    section
        Without.
    data
        What the figures of some results take beside the estimates: aligned data of a heritability, z of munged
        summary statistics, the :class:`sumh2.atlas.atlas_result.RgAtlas`; or words that say why it is not there.
    """
    draw = _DRAWERS.get(section.saved.kind)
    if draw is None or not (section.saved.rows or section.saved.kind == "munge"):
        return section
    if not can_draw():
        return replace(section, missing_figures=NO_MATPLOTLIB)
    absent = data if isinstance(data, str) else ""
    figures = tuple(draw(section.saved, None if absent else data))
    return replace(section, figures=figures, missing_figures=absent or section.missing_figures)


def as_svg(axes: Any) -> bytes:
    """The figure of an Axes, or of several in one figure; the same figure gives the same bytes."""
    from matplotlib import rc_context

    figure = (axes if hasattr(axes, "get_figure") else axes[0]).get_figure()
    stream = io.BytesIO()
    with rc_context({"svg.fonttype": "path", "svg.hashsalt": "sumh2"}):
        figure.savefig(stream, format="svg", dpi=200, bbox_inches="tight", pad_inches=0.04, metadata={"Date": None})
    return stream.getvalue()


# ---------------------------------------------------------------------------------------------------------------------
# By kind


def _draw_h2(saved: SavedResult, data: Any) -> list[Figure]:
    if data is None:
        return []
    from sumh2.plots.estimates import plot_h2_panels

    result = saved.result or revive.revive_h2(saved)
    axes = plot_h2_panels(result, data)
    alt = (
        f"Three panels for {result.trait}. a: mean chi2 rises with the LD score; the fitted line has the intercept "
        f"{result.intercept:.3f} and the slope of h2 = {result.h2:.3f}. b: of the inflation in bins of LD score, what is "
        "polygenic and what confounding. c: observed against expected p-values."
    )
    caption = "a: chi2 in bins of LD score, with the fit. b: polygenic and confounded part. c: QQ plot."
    return [Figure(as_svg(axes), caption, alt)]


def _draw_sumher(saved: SavedResult, data: Any) -> list[Figure]:
    result = saved.result or revive.revive_sumher(saved)
    if data is not None:
        from sumh2.plots.sumher import plot_sumher_panels

        alt = f"Observed against expected chi2 of {result.trait} under {result.model}, and a QQ plot of its p-values."
        return [
            Figure(
                as_svg(plot_sumher_panels(result, data[0], 0, data[1])),
                "Observed against expected chi2, QQ plot, enrichments.",
                alt,
            )
        ]
    if len(result.partition.names) < 2:
        return []
    from sumh2.plots.sumher import plot_category_enrichments

    return [Figure(as_svg(plot_category_enrichments(result)), "Enrichments with 95% intervals.",
                   f"Forest of the enrichments of the categories, {result.trait}; numbers are in the table.")]  # fmt: skip


def _draw_rg(saved: SavedResult, _: Any) -> list[Figure]:
    result = saved.result or revive.revive_rg(saved.rows)
    if len(result.pairs) <= _MOST_IN_FOREST:
        from sumh2.plots.estimates import plot_rg

        alt = f"Forest of {len(result.pairs)} genetic correlations with 95% intervals; numbers are in the table."
        return [Figure(as_svg(plot_rg(result)), "Genetic correlations with 95% intervals.", alt)]
    return _draw_heatmap(result)


def _draw_heatmap(result: Any) -> list[Figure]:
    from sumh2.plots.atlas import plot_heatmap

    alt = "Heatmap of the genetic correlations in clustered order: colour is rg, area is |z|; numbers are in the table."
    return [Figure(as_svg(plot_heatmap(result)), "Genetic correlations in clustered order.", alt)]


def _draw_atlas(_: SavedResult, data: Any) -> list[Figure]:
    return _draw_heatmap(data) if data is not None and 2 <= data.n_traits <= _MOST_IN_HEATMAP else []


def _draw_consistent(saved: SavedResult, _: Any) -> list[Figure]:
    from sumh2.plots.atlas import plot_consistent_panels

    tables = saved.kind == "consistent table"
    result = saved.result or (revive.revive_consistent_table(saved) if tables else revive.revive_consistent(saved))
    alt = (
        "Two panels. a: consistent against raw genetic correlations, most near the line of equality. b: eigenvalues before "
        f"and after, the smallest before {min(result.eigenvalues_before, default=float('nan')):.3g}."
    )
    return [
        Figure(as_svg(plot_consistent_panels(result)), "a: raw against consistent correlations. b: eigenvalues.", alt)
    ]


def _draw_factors(saved: SavedResult, _: Any) -> list[Figure]:
    from sumh2.plots.atlas import plot_scree

    result = saved.result or revive.revive_factors(saved)
    alt = f"Scree plot: {result.n_factors} of {len(result.eigenvalues)} eigenvalues are above the limit of sampling error."
    return [Figure(as_svg(plot_scree(result)), "Eigenvalues with those of sampling error alone.", alt)]


def _draw_alpha(saved: SavedResult, _: Any) -> list[Figure]:
    from sumh2.plots.alpha import plot_alpha_panels

    result = saved.result or revive.revive_alpha(saved)
    if not len(result.curves[0].alphas):
        return []
    alt = f"Log likelihood of {result.trait} against alpha, highest at {result.curves[0].alpha:.2f}, and h2 at each alpha."
    return [Figure(as_svg(plot_alpha_panels(result)), "The profile of the likelihood, and heritability along it.", alt)]


def _draw_comparison(saved: SavedResult, _: Any) -> list[Figure]:
    from sumh2.plots.compare import plot_comparison_panels

    result = saved.result or revive.revive_comparison(saved)
    alt = (
        f"Two panels for {result.trait}. a: h2 with 95% intervals under {len(result.models)} fits. b: log "
        "likelihood of each "
        f"over {result.reference}. Numbers are in the table."
    )
    return [Figure(as_svg(plot_comparison_panels(result)), "a: heritability by model. b: log likelihood.", alt)]


def _draw_partition(saved: SavedResult, _: Any) -> list[Figure]:
    from sumh2.plots.partition import plot_partition, plot_quantiles

    result = saved.result or revive.revive_partition(saved)
    alt = f"Forest of the enrichments of the categories with 95% intervals, {result.trait}; numbers are in the table."
    figures = [Figure(as_svg(plot_partition([result])), "Enrichment by category, 1 is none.", alt)]
    if result.quantiles is not None:
        words = f"Enrichment of the bins of {result.sums.quantiles.of} from low to high; numbers are in the table."
        figures.append(Figure(as_svg(plot_quantiles(result)), "Enrichment by bins of one annotation.", words))
    return figures


def _draw_stratified_rg(saved: SavedResult, _: Any) -> list[Figure]:
    from sumh2.plots.partition import plot_stratified_rg

    result = saved.result or revive.revive_stratified_rg(saved)
    alt = "Forest of genetic correlations by category with 95% intervals; numbers are in the table."
    return [Figure(as_svg(plot_stratified_rg(result)), "Genetic correlation by category.", alt)]


def _draw_screen(saved: SavedResult, _: Any) -> list[Figure]:
    from sumh2.plots.screen import plot_screen, plot_screen_volcano

    result = saved.result or revive.revive_screen(saved)
    passing = sum(number(row, "fdr") < 0.05 for row in saved.rows)
    alt = (
        f"Minus log10 p of {counted(len(result.rows), 'annotation')}, {passing:,} beyond a false discovery rate of 5%."
    )
    volcano = "Minus log10 p against the size of the effect; the clearest annotations are named."
    figures = [Figure(as_svg(plot_screen(result)), "Every annotation by its p-value.", alt)]
    if any(number(row, "tau_z") == number(row, "tau_z") for row in saved.rows):
        figures.append(Figure(as_svg(plot_screen_volcano(result)), "Effect against p-value.", volcano))
    return figures


def _draw_influence(saved: SavedResult, _: Any) -> list[Figure]:
    from sumh2.plots.influence import plot_influences

    result = saved.result or revive.revive_influence(saved)
    alt = "Estimates without each chromosome, without single blocks and under caps on chi2; numbers are in the table."
    return [Figure(as_svg(plot_influences(result)), "Estimates with parts of the data left out.", alt)]


def _draw_munge(saved: SavedResult, data: Any) -> list[Figure]:
    if data is None or not len(data):
        return []
    from sumh2.plots.qq import plot_qq

    trait = str(saved.record.get("trait"))
    inflation = number(saved.record, "lambda_gc")
    alt = f"Observed against expected p-values of {trait}: {len(data):,} SNPs, lambda GC {inflation:.3f}."
    return [Figure(as_svg(plot_qq(data, title=trait)), "Observed against expected p-values.", alt)]


def _draw_doctor(saved: SavedResult, _: Any) -> list[Figure]:
    if saved.result is None or saved.result.sample is None:
        return []
    from sumh2.plots.doctor import plot_doctor_panels

    alt = "QQ plot, p against z, and frequencies against the panel's, as far as the file has them."
    return [Figure(as_svg(plot_doctor_panels(saved.result)), "What the file looks like.", alt)]


def _draw_power(saved: SavedResult, _: Any) -> list[Figure]:
    from sumh2.plots.figures import WIDE_COLUMN, label_axes
    from sumh2.plots.forest import Estimates, draw_forest, forest_axes

    figures: list[Figure] = []
    for enrichments, words, null in ((False, "expected estimate", 0.0), (True, "expected enrichment", 1.0)):
        rows = [row for row in saved.rows if (row.get("quantity") == "enrichment") == enrichments]
        if not rows:
            continue
        names = [str(row.get("category") or row.get("quantity")) for row in rows]
        expected, errors = ([number(row, name) for row in rows] for name in ("expected", "se"))
        series = [Estimates(expected, errors, [str(row.get("status") or "ok") for row in rows])]
        ax = forest_axes(WIDE_COLUMN, len(rows), names=names)
        draw_forest(ax, names, series, null=null, numbers=f"{words} (SE)")
        label_axes(ax, f"{words}, 95% interval that it would have")
        alt = f"Forest of the {words}s with the intervals that they would have; numbers are in the table."
        figures.append(Figure(as_svg(ax), f"{words.capitalize()}s with their intervals.", alt))
    return figures


_DRAWERS: dict[str, Callable[[SavedResult, Any], Sequence[Figure]]] = {
    "h2": _draw_h2, "sumher h2": _draw_sumher, "rg": _draw_rg, "sumher rg": _draw_rg, "atlas": _draw_atlas,
    "consistent": _draw_consistent, "consistent table": _draw_consistent, "atlas-factors": _draw_factors,
    "alpha": _draw_alpha, "compare": _draw_comparison, "partition": _draw_partition,
    "stratified rg": _draw_stratified_rg, "screen": _draw_screen, "influence": _draw_influence, "munge": _draw_munge,
    "doctor": _draw_doctor, "power": _draw_power,
}  # fmt: skip
