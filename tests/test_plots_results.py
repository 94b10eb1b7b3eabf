"""Figures show the numbers of the results: read back from the Axes; and results at their edges."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import plot_worlds as worlds
import pytest
from conftest import ROOT
from scipy import stats

from sumh2 import examine, plots
from sumh2.kernels.significance import normal_log10_p
from sumh2.ldsc.rg_result import RgPair, RgResult
from sumh2.plots.figures import Z95, save_figure
from sumh2.plots.qq import minus_log10_p
from sumh2.simulation.power import StudyDesign, predict_power
from sumh2.simulation.power_curve import predict_power_curve

pytest.importorskip("matplotlib")


def points(container):
    """x and y of the markers of error bars, and half their length."""
    line, _, bars = container.lines
    segments = np.array(bars[0].get_segments())
    return line.get_xdata(), line.get_ydata(), np.abs(np.diff(segments, axis=1)).max(axis=2)[:, 0] / 2


def labels(ax):
    legend = ax.get_legend()
    return [] if legend is None else [text.get_text() for text in legend.get_texts()]


def with_gid(artists, gid):
    return [artist for artist in artists if artist.get_gid() == gid]


def rows_of(ax):
    """Names, estimates and reach of a forest of one series, from top to bottom."""
    drawn = [np.concatenate(each) for each in zip(*(points(one) for one in ax.containers), strict=True)]
    order = np.argsort(drawn[1])
    return [label.get_text() for label in ax.get_yticklabels()], drawn[0][order], drawn[2][order]


def render(ax, tmp_path):
    """All that can go wrong when a figure is drawn."""
    save_figure(ax, tmp_path / "figure.png")
    return (tmp_path / "figure.png").stat().st_size


# ---------------------------------------------------------------------------------------------------------------------
# Heritability


def test_h2__bins_and_line():
    result, aligned = worlds.h2_result(), worlds.one_trait()
    ax = plots.plot_h2(result, aligned)
    x, y, reach = points(ax.containers[0])
    ld, chi2 = aligned.tagging[:, 0], aligned.z[:, 0] ** 2
    order = np.argsort(ld)
    first = order[: len(order) // 50]
    assert len(x) == 50
    assert (x[0], y[0]) == pytest.approx((ld[first].mean(), chi2[first].mean()))
    assert reach[0] == pytest.approx(chi2[first].std() / np.sqrt(len(first)))
    assert np.mean(y) == pytest.approx(chi2.mean(), rel=1e-6)
    line = next(line for line in ax.lines if str(line.get_label()).startswith("fit"))
    assert line.get_ydata()[0] == result.intercept
    slope = np.diff(line.get_ydata())[0] / np.diff(line.get_xdata())[0]
    assert slope == pytest.approx(result.n_mean * result.h2 / result.m)
    assert f"fit, h² = {result.h2:.3f} ({result.h2_se:.3f})" in labels(ax)
    assert (ax.get_xlabel(), ax.get_ylabel(), ax.get_title(loc="left")) == ("LD score", "mean χ²", "height")


def test_h2__of_several_ld_scores_is_a_calibration():
    partition, aligned = worlds.partition_result(), worlds.category_traits()
    ax = plots.plot_h2(partition.total, aligned)
    x, y, _ = points(ax.containers[0])
    assert ax.get_xlabel() == "χ² expected by the fit"
    # The fit is right, so that what is expected is observed.
    assert np.corrcoef(x, y)[0, 1] > 0.97 and np.polyfit(x, y, 1)[0] == pytest.approx(1, abs=0.15)
    present = aligned.z[:, 0] ** 2 < partition.total.chisq_max
    assert np.average(y) == pytest.approx((aligned.z[present, 0] ** 2).mean(), rel=1e-3)


def test_confounding__splits_mean_chi2():
    result, aligned = worlds.h2_result(), worlds.one_trait()
    ax = plots.plot_confounding(result, aligned)
    polygenic, confounding, observed = ax.containers
    heights = np.array([bar.get_height() for bar in polygenic])
    assert {bar.get_height() for bar in confounding} == {result.intercept - 1}
    assert {bar.get_y() for bar in confounding} == {1} and {bar.get_y() for bar in polygenic} == {result.intercept}
    ld = aligned.tagging[:, 0]
    assert heights.mean() == pytest.approx(worlds.N * result.h2 / result.m * ld.mean())
    # Of the whole inflation confounding has LDSC's ratio.
    assert (result.intercept - 1) / (points(observed)[1].mean() - 1) == pytest.approx(result.ratio, rel=1e-6)
    assert f"(ratio {result.ratio:.2f})" in " ".join(labels(ax))


def test_negative_h2__goes_down(tmp_path):
    result, aligned = worlds.h2_result(-0.01, 0.95), worlds.one_trait(-0.01, 0.95)
    assert result.h2 < 0 and result.intercept < 1
    axes = plots.plot_h2_panels(result, aligned)
    assert all(bar.get_height() < 0 for container in axes[1].containers[:2] for bar in container)
    assert "−0.0" in labels(axes[0])[0]
    assert render(axes, tmp_path) > 20_000


def test_held_intercept__says_so():
    from sumh2 import fit_h2

    aligned = worlds.one_trait()
    result = fit_h2(aligned, intercept=1.0, n_blocks=worlds.BLOCKS)
    assert "intercept 1.000, held" in labels(plots.plot_h2(result, aligned))
    assert "confounding +0.000" in labels(plots.plot_confounding(result, aligned))


def test_few_snps__are_few_bins(tmp_path):
    from sumh2 import align

    z = np.full(worlds.N_SNPS, np.nan)
    z[:30] = worlds.one_trait().z[:30, 0]
    sumstats = worlds.trait("few", np.nan_to_num(z))
    aligned = replace(align([sumstats], worlds.one_tagging()), z=z[:, None])
    axes = plots.plot_h2_panels(worlds.h2_result(), aligned)
    assert len(points(axes[0].containers[0])[0]) == 1 and len(axes[1].containers[0]) == 1
    assert render(axes, tmp_path)


# ---------------------------------------------------------------------------------------------------------------------
# QQ


def test_qq__observed_and_expected():
    rng = np.random.default_rng(1)
    z = rng.standard_normal(50_000) * 1.3
    result = worlds.h2_result()
    ax = plots.plot_qq(z, result)
    dots = next(line for line in ax.lines if line.get_marker() == "o")
    x, y = dots.get_data()
    p = np.sort(stats.norm.sf(np.abs(z)) * 2)
    assert y[:3] == pytest.approx(-np.log10(p[:3])) and x[:2] == pytest.approx(-np.log10(np.array([0.5, 1.5]) / 50_000))
    assert len(x) <= 1400 and x[-1] < 0.01
    inflation = np.median(z**2) / stats.chi2.ppf(0.5, 1)
    assert f"50,000 SNPs, λGC {inflation:.3f}"[:-1] in labels(ax)[1]
    alone = next(line for line in ax.lines if line.get_linestyle() == "--")
    k = 100
    chi2 = result.intercept * stats.chi2.isf(10 ** -alone.get_xdata()[k], 1)
    assert alone.get_ydata()[k] == pytest.approx(-np.log10(stats.chi2.sf(chi2, 1)))
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("expected −log₁₀ P", "observed −log₁₀ P")


def test_qq__tail_does_not_underflow_and_stands_at_the_edge(tmp_path):
    assert minus_log10_p(np.array([50.0, -50.0])) == pytest.approx([-normal_log10_p(50)] * 2, rel=1e-12)
    z = np.concatenate([np.random.default_rng(2).standard_normal(1000), [50.0, 40.0, np.nan]])
    ax = plots.plot_qq(z)
    edge = next(line for line in ax.lines if line.get_marker() == "^")
    assert set(edge.get_ydata()) == {30.0} and len(edge.get_xdata()) == 2
    assert "2 beyond, up to 545" in labels(ax)
    assert render(ax, tmp_path)


@pytest.mark.parametrize("z", [[1.3], [np.nan], [], [0.0, 0.0]])
def test_qq__of_hardly_anything(z, tmp_path):
    assert render(plots.plot_qq(np.array(z, float)), tmp_path)


def test_qq__of_summary_statistics_has_their_name():
    assert plots.plot_qq(worlds.trait("bmi", np.ones(10))).get_title(loc="left") == "bmi"


# ---------------------------------------------------------------------------------------------------------------------
# Correlations


def test_rg__numbers_in_order():
    result = worlds.rg_result()
    names, values, reach = rows_of(plots.plot_rg(result))
    assert names[0] == "trait_a – trait_b" and len(names) == 6
    assert values == pytest.approx([pair.rg for pair in result.pairs])
    assert reach == pytest.approx([Z95 * pair.rg_se for pair in result.pairs])
    ax = plots.plot_rg(worlds.rg_result(pairs="first"))
    assert ax.get_title(loc="left") == "with trait_a" and rows_of(ax)[0] == ["trait_b", "trait_c", "trait_d"]


def edge_pairs(n_pairs):
    pairs = [
        RgPair("Schizophrenia", f"a trait with $a$ long name and the number {k}", rg=0.1, rg_se=0.05)
        for k in range(n_pairs)
    ]  # fmt: skip
    pairs[-1] = replace(pairs[-1], rg=np.nan, rg_se=np.nan, status="unusable", why="h2 is negative")
    return RgResult(tuple(pairs), 1e6)


@pytest.mark.parametrize("n_pairs", [1, 2, 12])
def test_rg__without_estimates_and_with_long_names(n_pairs, tmp_path):
    ax = plots.plot_rg(edge_pairs(n_pairs))
    assert "no estimate (unusable)" in [text.get_text() for text in ax.texts]
    assert render(ax, tmp_path)
    # A formula in a name would be set as one: a dollar is a dollar.
    assert all(r"\$" in label.get_text() for label in ax.get_yticklabels())


def heat_cells(ax):
    """rg and the middle of every cell drawn."""
    found = {}
    for collection in ax.collections:
        if collection.get_gid() in ("positive", "negative"):
            for path, value in zip(collection.get_paths(), collection.get_array(), strict=True):
                column, row = path.vertices[:-1].mean(axis=0)
                found[round(row), round(column)] = value, np.ptp(path.vertices[:, 0]), collection.get_gid()
    return found


def test_heatmap__numbers_by_name():
    atlas = worlds.atlas_result(20)
    ax = plots.plot_heatmap(atlas)
    names = [label.get_text() for label in ax.get_yticklabels()]
    assert sorted(names) == sorted(atlas.names) and names == [label.get_text() for label in ax.get_xticklabels()]
    cells = heat_cells(ax)
    assert len(cells) == np.isfinite(atlas.rg).sum() - np.isfinite(np.diag(atlas.rg)).sum()
    for (row, column), (value, width, sign) in cells.items():
        one, two = (atlas.names.index(names[place]) for place in (row, column))
        assert value == pytest.approx(np.clip(atlas.rg[one, two], -1, 1))
        assert sign == ("positive" if atlas.rg[one, two] >= 0 else "negative")
        z = abs(atlas.rg[one, two] / atlas.rg_se[one, two])
        full = 0.92 if sign == "positive" else 0.92 * 0.94 * 2 / np.sqrt(np.pi)
        assert width == pytest.approx(full * np.sqrt(np.clip(z / 5, 0.04, 1)), rel=0.02)
    stars = sum(len(line.get_xdata()) for line in with_gid(ax.lines, "star"))
    upper = np.triu_indices(20, 1)
    z = np.abs(atlas.rg / atlas.rg_se)[upper]
    p = 2 * stats.norm.sf(z[np.isfinite(z)])
    assert stars == 2 * np.count_nonzero(stats.false_discovery_control(p) < 0.05)


def test_heatmap__of_few_traits_writes_numbers_above_the_diagonal():
    atlas = worlds.atlas_result(6)
    ax = plots.plot_heatmap(atlas)
    words = with_gid(ax.texts, "number")
    assert len(words) == 15 and len(heat_cells(ax)) == 15
    names = [label.get_text() for label in ax.get_yticklabels()]
    for text in words:
        column, row = text.get_position()
        assert column > row
        value = atlas.rg[atlas.names.index(names[row]), atlas.names.index(names[column])]
        assert float(text.get_text().rstrip("*").replace("−", "-")) == pytest.approx(value, abs=0.005)


def test_heatmap__crosses_where_there_is_none():
    atlas = worlds.atlas_result(6)
    broken = replace(atlas, rg=np.where(np.roll(np.eye(6), 3, axis=0), np.nan, atlas.rg))
    (crosses,) = with_gid(plots.plot_heatmap(broken).lines, "missing")
    assert len(crosses.get_xdata()) == 6


def test_heatmap__cells_without_a_standard_error_are_the_smallest():
    atlas = worlds.atlas_result(6)
    unsure = replace(atlas, rg_se=np.where(np.eye(6) > 0, atlas.rg_se, np.nan))
    widths = [width for _, width, _ in heat_cells(plots.plot_heatmap(unsure)).values()]
    assert widths and max(widths) < 0.25


@pytest.mark.parametrize("n_traits", [1, 2, 150])
def test_heatmap__of_any_size(n_traits, tmp_path):
    if n_traits < 150:
        result = worlds.atlas_result(n_traits)
    else:
        rg = np.tanh(np.random.default_rng(3).normal(size=(n_traits, n_traits)))
        rg = np.triu(rg, 1) + np.triu(rg, 1).T + np.eye(n_traits)
        names = tuple(f"trait {place}" for place in range(n_traits))
        table = worlds.consistent_table()
        result = replace(table, table=replace(table.table, names=names, rg=rg, rg_se=np.full_like(rg, 0.1)), rg=rg)
    ax = plots.plot_heatmap(result)
    assert len(ax.get_yticklabels()) == n_traits
    width, height = ax.get_figure().get_size_inches() * 25.4
    assert 50 < width < 260 and 50 < height < 260
    if n_traits < 150:
        assert render(ax, tmp_path)


def test_heatmap__of_pairs_and_of_consistent_fits():
    result = worlds.rg_result()
    ax = plots.plot_heatmap(result)
    assert len(with_gid(ax.texts, "number")) == 6
    assert len(with_gid(plots.plot_heatmap(worlds.consistent_result()).texts, "number")) == 66
    assert len(with_gid(plots.plot_heatmap(worlds.consistent_table()).texts, "number")) == 6


def test_consistent__cells_and_eigenvalues():
    result = worlds.consistent_result()
    ax, other = plots.plot_consistent_panels(result)
    drawn = [line for line in ax.lines if line.get_linestyle() == "None"]
    upper = np.triu_indices(len(result.names), 1)
    shown = sorted(pair for line in drawn for pair in zip(*line.get_data(), strict=True))
    assert shown == sorted(zip(result.raw_rg[upper], result.rg[upper], strict=True))
    far = next(line for line in drawn if "more than 2 SE" in line.get_label())
    assert len(far.get_xdata()) == np.count_nonzero(np.abs(result.moved[upper]) > 2)
    before, after = (line.get_ydata() for line in other.lines[:2])
    assert before == pytest.approx(np.sort(result.eigenvalues_before)[::-1])
    assert after == pytest.approx(np.sort(result.eigenvalues_after)[::-1])
    assert f"pair by pair: {np.count_nonzero(result.eigenvalues_before < 0)} negative" in labels(other)


def test_consistent__without_errors_says_so():
    table = worlds.consistent_table()
    unknown = replace(table, table=replace(table.table, rg_se=np.full((4, 4), np.nan)))
    assert any(label.startswith("SE not known (") for label in labels(plots.plot_consistent(unknown)))


def test_scree__eigenvalues_and_limits():
    result = worlds.factor_count()
    ax = plots.plot_scree(result)
    assert ax.lines[0].get_ydata() == pytest.approx(result.eigenvalues)
    assert len(ax.lines[1].get_xdata()) == result.n_factors
    assert ax.lines[3].get_ydata() == pytest.approx(result.null_mean)
    assert ax.lines[4].get_ydata() == pytest.approx(result.null_limit)
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("factor", "eigenvalue of the genetic correlations")


# ---------------------------------------------------------------------------------------------------------------------
# Enrichment


def test_partition__one_result():
    result = worlds.partition_result()
    names, values, reach = rows_of(plots.plot_partition([result]))
    assert names == ["coding", "enhancer_Villar.flanking.500bp_with_a_name_that_is_long", "conserved"]
    found = result.enrichments.enrichment
    assert values == pytest.approx(found.value[1:]) and reach == pytest.approx(Z95 * found.se[1:])


def test_partition__several_results_differ_in_colour_and_marker():
    ax = plots.plot_partition([worlds.partition_result(0), worlds.partition_result(1)], labels=["one", "two"])
    assert labels(ax)[:2] == ["one", "two"]
    looks = {(container.lines[0].get_color(), container.lines[0].get_marker()) for container in ax.containers}
    assert len(looks) == 2
    x = np.concatenate([points(container)[0] for container in ax.containers])
    expected = [worlds.partition_result(place).enrichments.enrichment.value[1:] for place in (0, 1)]
    assert sorted(x) == pytest.approx(sorted(np.concatenate(expected)))


def test_partition__of_continuous_annotations_has_nothing_to_show(tmp_path):
    result = worlds.partition_result()
    hidden = replace(result, sums=replace(result.sums, binary=np.zeros(4, bool)))
    ax = plots.plot_partition([hidden])
    assert "no binary category but that of all SNPs" in [text.get_text() for text in ax.texts]
    assert render(ax, tmp_path)
    with pytest.raises(ValueError, match="the result has no bins"):
        plots.plot_quantiles(result)


def test_stratified_rg__all_categories_and_all_snps(tmp_path):
    result = worlds.stratified_result()
    (pair,) = result.pairs.values()
    ax = plots.plot_stratified_rg(result)
    names, values, _ = rows_of(ax)
    assert names[-1] == "all SNPs" and len(names) == 5
    assert values == pytest.approx(pair.rg)
    gone = replace(pair, rg=np.where(np.arange(5) == 1, np.nan, pair.rg), rg_se=np.full(5, 9.0))
    ax = plots.plot_stratified_rg(replace(result, pairs={(0, 1): gone}))
    assert ax.get_xlim() == (-2, 2)
    assert "no rg: a heritability is not positive" in [text.get_text() for text in ax.texts]
    assert render(ax, tmp_path)


def test_sumher__expected_chi2_and_enrichments():
    result, aligned = worlds.sumher_result(), worlds.category_traits()
    ax, _, forest = plots.plot_sumher_panels(result, aligned)
    x, y, _ = points(ax.containers[0])
    tagging, n = aligned.tagging, worlds.N
    expected = 1 + (result.intercept - 1) + n * tagging @ result.partition.tau
    assert x.mean() == pytest.approx(expected.mean(), rel=1e-3) and y.mean() == pytest.approx(
        result.mean_chi2, rel=1e-3
    )
    assert np.polyfit(x, y, 1)[0] == pytest.approx(1, abs=0.15)
    names, values, reach = rows_of(forest)
    assert values == pytest.approx(result.partition.enrichment.value[1:])
    assert reach == pytest.approx(Z95 * result.partition.enrichment.jackknife_se[1:])


def test_influence__estimates_without_parts():
    result = worlds.influence_result()
    first = result.influences[0]
    ax = plots.plot_influence(first)
    dots = next(line for line in ax.lines if line.get_marker() == "o")
    assert dots.get_xdata() == pytest.approx(first.without_chromosome)
    ticks = next(line for line in ax.lines if line.get_marker() == "|")
    assert ticks.get_xdata() == pytest.approx(first.without_block)
    names = [label.get_text() for label in ax.get_yticklabels()]
    assert names[0] == "without chr 1" and names[-1] == "without one block"
    block, change = first.largest_block
    assert any(text.get_text() == f"{block} ({change:+.2f} SE)".replace("(-", "(−") for text in ax.texts)
    axes = plots.plot_influences(result)
    assert [ax.get_title(loc="left") for ax in axes] == ["a", "b"][: len(axes)]
    other = replace(result, influences=(first, replace(first, trait="another")))
    assert "of another" in plots.plot_influences(other)[1].get_xlabel()


# ---------------------------------------------------------------------------------------------------------------------
# Models


def test_alpha__profile_interval_and_h2(tmp_path):
    result = worlds.alpha_result()
    axes = plots.plot_alpha_panels(result)
    curve = result.curves[0]
    profile = axes[0].lines[0]
    assert profile.get_xdata() == pytest.approx(curve.alphas)
    assert profile.get_ydata() == pytest.approx(curve.logl - curve.logl.max())
    span = axes[0].patches[0]
    assert span.get_x() == pytest.approx(max(curve.alpha_low, curve.alphas[0]))
    assert axes[1].lines[0].get_ydata() == pytest.approx(curve.h2)
    assert any(f"h² {curve.h2_best:.3f} ({curve.h2_best_se:.3f})" in label for label in labels(axes[1]))
    markers = {line.get_marker() for line in axes[1].lines if line.get_marker() != "None"}
    assert len(markers) == 2, "curves differ in shape too"
    nan = np.full(len(curve.alphas), np.nan)
    given = replace(curve, confounding="given", h2=nan, h2_jackknife_se=nan, alpha_low=np.nan, alpha_high=np.nan)
    only = plots.plot_alpha_panels(replace(result, curves=(given,)))
    assert len(only) == 1 and render(only, tmp_path)


def test_comparison__h2_and_likelihoods():
    result = worlds.comparison()
    first, second = plots.plot_comparison_panels(result)
    drawn = np.concatenate([points(container)[0] for container in first.containers])
    assert sorted(drawn) == pytest.approx(sorted(fitted.h2 for fitted in result.models))
    gains = np.concatenate([points(container)[0] for container in second.containers])
    expected = [fitted.difference.difference for fitted in result.models if fitted.difference is not None]
    zeros = [0.0] * sum(fitted.difference is None and fitted.estimator != "ldsc" for fitted in result.models)
    assert sorted(gains) == pytest.approx(sorted([*expected, *zeros]))
    names = [label.get_text() for label in first.get_yticklabels()]
    assert names == ["gcta", "human-default", "annotated", "gcta, by LDSC"]
    assert result.best_model.model in first.get_figure().get_suptitle()


# ---------------------------------------------------------------------------------------------------------------------
# Screens


def long_screen(n_rows, n_groups=1):
    result, rng = worlds.screen_result(), np.random.default_rng(4)
    z = rng.normal(size=n_rows) + 6.0 * (np.arange(n_rows) % 300 == 7)
    rows = [
        replace(
            result.rows[place % 60], annotation=f"a cell type with a long name {place}", source=f"group {place % n_groups}",
            tau_z=z[place], tau_p_above_zero=stats.norm.sf(z[place]), fdr=0.01 if z[place] > 4.5 else 0.9,
            tau_log10_p_above_zero=stats.norm.logsf(z[place]) / np.log(10), status="ok" if place % 5 else "caution",
        )
        for place in range(n_rows)
    ]  # fmt: skip
    if n_rows > 3:
        nan = {"tau_z": np.nan, "tau_p_above_zero": np.nan, "tau_log10_p_above_zero": np.nan}
        rows[3] = replace(rows[3], status="unusable", fdr=np.nan, **nan)
    return replace(result, rows=tuple(rows))


def test_screen__heights_and_names():
    result = worlds.screen_result()
    ax = plots.plot_screen(result)
    heights = np.concatenate([one.get_offsets()[:, 1] for one in ax.collections])
    assert sorted(heights) == pytest.approx(sorted(-row.tau_log10_p_above_zero for row in result.rows))
    named = {row.annotation for row in sorted(result.rows, key=lambda row: row.tau_p_above_zero) if row.fdr < 0.05}
    assert {text.get_text() for text in ax.texts} == named and named
    assert ax.get_ylabel() == "−log₁₀ P of τ, one-sided"


@pytest.mark.parametrize(("n_rows", "n_groups"), [(1, 1), (3000, 5), (2000, 20)])
def test_screen__of_any_size(n_rows, n_groups, tmp_path):
    result = long_screen(n_rows, n_groups)
    ax = plots.plot_screen(result)
    drawn = np.concatenate([one.get_offsets() for one in ax.collections if len(one.get_offsets())])
    known = [row for row in result.rows if np.isfinite(row.tau_z)]
    assert len(drawn) == len(known) and len(set(drawn[:, 0])) == len(known)
    assert len(ax.texts) == (min(10, sum(row.fdr < 0.05 for row in known)) or 1), "the best where none passes"
    assert len(labels(ax)) <= 18
    assert render(ax, tmp_path)


def test_screen__of_few_has_names_and_names_the_best_where_none_passes():
    result = worlds.screen_result()
    rows = tuple(replace(row, fdr=0.5) for row in result.rows[:9])
    few = replace(result, rows=rows)
    best = min(rows, key=lambda row: row.tau_log10_p_above_zero).annotation
    ax = plots.plot_screen(few)
    ticks = {label.get_text() for label in ax.get_xticklabels()}
    assert len(ticks) == 9 and any(best.startswith(name[:10]) for name in ticks), "names, not an index"
    for one in (ax, plots.plot_screen_volcano(few)):
        assert [text.get_text()[:10] for text in one.texts] == [best[:10]]
    assert not {label.get_text() for label in plots.plot_screen(result).get_xticklabels()} & ticks


def test_volcano__statuses_have_their_own_marks(tmp_path):
    ax = plots.plot_screen_volcano(long_screen(500))
    assert {"ok (399)", "caution (100)"} <= set(labels(ax)), labels(ax)
    shapes = {one.get_paths()[0].vertices.shape for one in ax.collections}
    assert len(shapes) == 2
    assert render(ax, tmp_path)


# ---------------------------------------------------------------------------------------------------------------------
# Power and audits


def test_power__is_that_of_each_design():
    tagging, studies = worlds.one_tagging(), [StudyDesign(20_000, 0.2), StudyDesign(50_000, 0.1)]
    curve = predict_power_curve(tagging, studies, [2.0, 0.5, 1.0], rg=0.4)
    assert curve.factors == (0.5, 1.0, 2.0)
    ax, other = plots.plot_power_panels(curve)
    for factor, place in ((0.5, 0), (2.0, 2)):
        scaled = [StudyDesign(study.n * factor, study.h2) for study in studies]
        row = predict_power(tagging, scaled, rg=0.4).of("rg")
        assert ax.lines[2].get_xdata()[place] == 20_000 * factor
        assert ax.lines[2].get_ydata()[place] == row["power"] and other.lines[2].get_ydata()[place] == row["se"]
    assert labels(ax) == ["h² of study 1 = 0.2", "h² of study 2 = 0.1", "rg = 0.4"]
    assert ax.get_xlabel().startswith("people of study 1 (study 2: 2.5 times as many")


def test_power__of_enrichments_leaves_out_what_there_is_not_to_find():
    curve = predict_power_curve(
        worlds.category_tagging(), [StudyDesign(50_000, 0.2)], [0.5, 1, 2], enrichments={"coding": 7}
    )
    assert labels(plots.plot_power(curve)) == ["h² = 0.2", "enrichment of coding = 7"]


def test_power_curve__refuses_what_is_not_positive():
    from ldscores.shared.errors import InputError

    for factors in ([], [1.0, 0.0], [np.nan]):
        with pytest.raises(InputError, match="expected positive numbers"):
            predict_power_curve(worlds.one_tagging(), [StudyDesign(1000, 0.5)], factors)


@pytest.fixture(scope="module")
def audit(tmp_path_factory):
    """A GWAS with 100 frequencies of the other allele and 160 p-values that are too large."""
    folder, rng, n = tmp_path_factory.mktemp("audit"), np.random.default_rng(6), 4000
    frequency = rng.uniform(0.05, 0.95, n)
    z = rng.standard_normal(n) * 1.5
    p = stats.norm.sf(np.abs(z)) * 2
    p[::25] **= 0.5
    own = frequency.copy()
    own[:100] = np.clip(1 - own[:100], 0.01, 0.99)
    se = 1 / np.sqrt(2 * frequency * (1 - frequency) * 5000)
    with (folder / "gwas.tsv").open("w") as gwas, (folder / "panel.tsv").open("w") as panel:
        gwas.write("SNP\tEFFECT_ALLELE\tOTHER_ALLELE\tEAF\tBETA\tSE\tP\tN\n")
        panel.write("SNP\tCHR\tBP\tA1\tA2\tEAF\n")
        for k in range(n):
            gwas.write(f"rs{k}\tA\tC\t{own[k]:.6f}\t{z[k] * se[k]:.8g}\t{se[k]:.8g}\t{p[k]:.8g}\t5000\n")
            panel.write(f"rs{k}\t1\t{k + 1}\tA\tC\t{frequency[k]:.6f}\n")
    flipped = np.abs(own - frequency) > 0.2
    return examine(folder / "gwas.tsv", reference=folder / "panel.tsv"), z, int(flipped.sum())


def test_doctor__shows_what_is_wrong(audit, tmp_path):
    result, z, n_flipped = audit
    axes = plots.plot_doctor_panels(result)
    assert len(axes) == 3 and axes[0].get_figure().get_suptitle() == "gwas.tsv"
    assert f"more than 0.2 off ({n_flipped})" in labels(axes[2]) and n_flipped > 50
    far = next(line for line in axes[2].lines if line.get_marker() == "X")
    assert len(far.get_xdata()) == n_flipped
    assert "more than 10% apart" in labels(axes[1])[1]
    dots = next(line for line in axes[0].lines if line.get_marker() == "o")
    assert dots.get_ydata().max() == pytest.approx(minus_log10_p(z).max(), rel=1e-4)
    assert render(axes, tmp_path) > 20_000


def test_doctor__without_panel_has_no_frequencies(tmp_path):
    result = examine(ROOT / "sumh2" / "embedded" / "height.tsv.gz")
    assert len(plots.plot_doctor_panels(result)) == 2
    with pytest.raises(ValueError, match="no frequencies were compared"):
        plots.plot_frequencies(result)
    nothing = replace(result, sample=None)
    with pytest.raises(ValueError, match="not both P and Z"):
        plots.plot_p_of_z(nothing)
    (ax,) = plots.plot_doctor_panels(nothing)
    assert "nothing to draw" in ax.texts[0].get_text() and render(ax, tmp_path)
