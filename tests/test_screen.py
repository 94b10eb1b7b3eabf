"""fit_screen: bordered sums against direct ones, forward selection against brute force, guards, files and messages."""

from __future__ import annotations

import functools
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from agreement import check_digits
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ldscores.shared.errors import FitError, InputError
from ldscores.taggings.tagging import Tagging
from ldscores.taggings.tagging_files import write_tagging
from sumh2.alignment import align
from sumh2.enrichment.annotation_guards import variance_inflation
from sumh2.kernels.block_sums import block_edges, weighted_block_sums
from sumh2.kernels.bordered_regression import (
    RegressionColumns,
    border_sums,
    column_sums,
    factor_baseline,
    join_border,
    solve_borders,
)
from sumh2.kernels.dependence import effective_blocks
from sumh2.kernels.jackknife import jackknife, jackknife_covariance, jackknife_se
from sumh2.kernels.weights import chi2_weights
from sumh2.screens.annotation_tagging_files import (
    ParquetAnnotations,
    find_annotations,
    read_annotation_list,
    read_baseline,
)
from sumh2.screens.annotation_taggings import TaggingAnnotations
from sumh2.screens.screen import fit_screen
from sumh2.sumstats import SumStats

N_SNPS, N_CATEGORIES = 4000, 5
ANNOTATIONS = ("plain", "causal", "weak", "copy", "second")


# ---------------------------------------------------------------------------------------------------------------------
# The kernel against direct sums


def kernel_case(has_intercept, seed=0, n_snps=3000, n_blocks=25):
    rng = np.random.default_rng(seed)
    ld_scores = rng.gamma(2, 10, (n_snps, N_CATEGORIES)) * 10.0 ** np.arange(-3, 2)
    n = rng.uniform(500, 1500, n_snps)
    weights = rng.uniform(0.1, 2, n_snps)
    weights[::7] = 0
    columns = RegressionColumns(
        ld_scores, n / n.mean(), rng.chisquare(1, n_snps), weights, block_edges(n_snps, n_blocks), has_intercept,
        np.empty((0, n_snps)),
    )  # fmt: skip
    annotations = rng.gamma(1, 3, (6, n_snps)) + 0.3 * ld_scores[:, 3]
    return columns, annotations


def direct_sums(columns, annotation):
    """All columns in one matrix: the slow way that everyone reads."""
    parts = [columns.ld_scores * columns.scale[:, None], (annotation * columns.scale)[:, None]]
    parts += [np.ones((len(annotation), 1))] if columns.has_intercept else []
    return weighted_block_sums(np.hstack(parts), columns.response, columns.weights, columns.edges)


@pytest.mark.parametrize("has_intercept", [True, False])
@pytest.mark.parametrize("n_threads", [1, 3])
def test_borders__equal_direct_regressions(has_intercept, n_threads):
    columns, annotations = kernel_case(has_intercept)
    rng = np.random.default_rng(1)
    n_coefs = N_CATEGORIES + has_intercept
    totals, own_totals = np.append(rng.uniform(1, 5, N_CATEGORIES), [0.0] * has_intercept), rng.uniform(1, 2, 6)
    overlap, own = rng.uniform(0, 3, (6, n_coefs)), rng.uniform(1, 2, 6)
    borders = border_sums(columns, annotations, n_threads)
    fits = solve_borders(
        factor_baseline(column_sums(columns)), borders, has_intercept, (totals, own_totals), (overlap, own)
    )
    for place, annotation in enumerate(annotations):
        sums = direct_sums(columns, annotation)
        direct = jackknife(sums)
        both = np.vstack([direct.delete_values, direct.estimate])
        check_digits(fits.estimate[place], direct.estimate[N_CATEGORIES], 9, "estimate")
        check_digits(fits.delete_values[:, place], direct.delete_values[:, N_CATEGORIES], 9, "delete values")
        check_digits(fits.total[:, place], both @ np.insert(totals, N_CATEGORIES, own_totals[place]), 9, "total")
        check_digits(fits.part[:, place], both @ np.insert(overlap[place], N_CATEGORIES, own[place]), 9, "part")
        expected = variance_inflation(sums.xtx.sum(axis=0), has_intercept)[N_CATEGORIES]
        check_digits(fits.inflation[place], expected, 9, "variance inflation")
        expected = effective_blocks(sums.xtx, has_intercept)[N_CATEGORIES]
        check_digits(fits.effective_blocks[place], expected, 9, "effective blocks")


def test_joined_border__equals_direct_sums():
    columns, annotations = kernel_case(True)
    borders = border_sums(columns, annotations)
    joined = join_border(column_sums(columns), borders, 2, True)
    direct = direct_sums(columns, annotations[2])
    check_digits(joined.xtx, direct.xtx, 12, "XᵀWX")
    check_digits(joined.xty, direct.xty, 12, "XᵀWy")
    # The next border sees the joined column, in the order of the joined sums.
    longer = columns.with_column(annotations[2])
    check_digits(column_sums(longer).xtx, direct.xtx, 12, "sums of the longer baseline")
    beside = border_sums(longer, annotations[3:4])
    expected = (annotations[2] * columns.scale * columns.weights) @ (annotations[3] * columns.scale)
    check_digits(beside.cross.sum(axis=0)[N_CATEGORIES, 0], expected, 12, "cross")


def test_one_coefficient__equals_statsmodels():
    import statsmodels.api as sm

    columns, annotations = kernel_case(True)
    fits = solve_borders(
        factor_baseline(column_sums(columns)), border_sums(columns, annotations), True,
        (np.zeros(N_CATEGORIES + 1), np.zeros(6)),
    )  # fmt: skip
    design = np.column_stack([columns.ld_scores * columns.scale[:, None], annotations[4] * columns.scale,
                              np.ones(len(columns.scale))])  # fmt: skip
    other = sm.WLS(columns.response, design, weights=columns.weights).fit()
    check_digits(fits.estimate[4], other.params[N_CATEGORIES], 9)


def test_single_precision_columns__are_added_in_double():
    columns, annotations = kernel_case(True)
    single = annotations.astype(np.float32)
    check_digits(border_sums(columns, single).cross, border_sums(columns, single.astype(np.float64)).cross, 15)


def test_missing_tagging__spoils_its_own_annotation_alone():
    columns, annotations = kernel_case(True)
    clean = border_sums(columns, annotations)
    annotations[1, 17] = np.nan
    spoilt = border_sums(columns, annotations)
    assert np.isnan(spoilt.square[:, 1]).any()
    others = [0, 2, 3, 4, 5]
    assert np.array_equal(spoilt.cross[:, :, others], clean.cross[:, :, others])


# ---------------------------------------------------------------------------------------------------------------------
# The screen


def tagging_of(values, names, overlap=None, n_reference=None, weights=None):
    n_snps = len(values)
    m = np.full(len(names), 2e4) if overlap is None else overlap[: len(names), 0].copy()
    return Tagging(
        pa.array([f"rs{number}" for number in range(n_snps)]),
        pa.array([str(1 + 4 * number // n_snps) for number in range(n_snps)]),
        np.arange(n_snps) * 1000 + 1, np.ascontiguousarray(values), tuple(names), m=m, m_5_50=m,
        regression_tagging=weights, overlap=overlap, overlap_5_50=overlap, n_reference=n_reference,
        n_reference_5_50=n_reference,
    )  # fmt: skip


@functools.cache
def case():
    """A trait, a baseline and annotations whose reference values are known, so that overlaps are too."""
    rng = np.random.default_rng(3)
    n_reference = 6000
    reference = np.column_stack([np.ones(n_reference), rng.random((n_reference, N_CATEGORIES - 1 + 5)) < 0.3])
    overlap = reference.T @ reference
    smooth = np.exp(rng.normal(size=(N_SNPS, reference.shape[1])).cumsum(axis=0) * 0.02)
    values = 20 * smooth / smooth.mean(axis=0) + rng.gamma(2, 2, smooth.shape)
    values[:, 8] = values[:, 6] + 0.05 * values[:, 8]  # "copy" says what "causal" says
    baseline = tagging_of(
        values[:, :N_CATEGORIES], ("base", "c1", "c2", "c3", "c4"), overlap[:N_CATEGORIES, :N_CATEGORIES],
        n_reference, values[:, 0],
    )  # fmt: skip
    everything = tagging_of(values, ("base", "c1", "c2", "c3", "c4", *ANNOTATIONS), overlap, n_reference)
    h2 = 0.3 * values[:, 0] / n_reference + 0.4 * values[:, 6] / overlap[6, 6] + 0.15 * values[:, 9] / overlap[9, 9]
    n = rng.uniform(4000, 5000, N_SNPS)
    z = rng.normal(size=N_SNPS) * np.sqrt(1.05 + n * h2 / 8)
    trait = SumStats("trait", baseline.snp, z, n)
    return trait, baseline, everything


@functools.cache
def screened(**options):
    trait, baseline, everything = case()
    return fit_screen(align([trait], baseline), everything, **options)


def brute_force(names, tested, given=(), weights="shared", n_blocks=200):
    """tau of one annotation and its delete values, from one design matrix with everything in it."""
    trait, baseline, everything = case()
    chi2, n = trait.z**2, trait.n
    kept = chi2 < max(0.001 * n.max(), 80)
    ld = baseline.tagging
    extra = everything.tagging[:, [everything.names.index(name) for name in (*given, tested)]]
    total_ld, m = ld.sum(axis=1), baseline.m.sum()
    if weights == "ldsc":
        total_ld, m = (
            total_ld + extra.sum(axis=1),
            m + sum(everything.m[everything.names.index(name)] for name in (*given, tested)),
        )
    chi2, n, ld, extra, total_ld = chi2[kept], n[kept], ld[kept], extra[kept], total_ld[kept]
    aggregate = m * (chi2.mean() - 1) / np.mean(total_ld * n)
    w = chi2_weights(total_ld, baseline.regression_tagging[kept], n, m, aggregate, 1.0)
    design = np.column_stack([ld, extra]) * (n / n.mean())[:, None]
    edges = block_edges(len(chi2), n_blocks)
    if weights == "shared":
        # Blocks by position on the tagging table.
        edges = np.append(0, np.cumsum(kept))[block_edges(len(kept), n_blocks)]
    fit = jackknife(weighted_block_sums(np.column_stack([design, np.ones(len(chi2))]), chi2, w, edges))
    return fit.estimate[:-1] / n.mean(), fit.delete_values[:, :-1] / n.mean()


@pytest.mark.parametrize("weights", ["shared", "ldsc"])
def test_every_row__equals_a_direct_regression(weights):
    _, baseline, everything = case()
    result = screened(weights=weights)
    assert tuple(row.annotation for row in result.rows) == ANNOTATIONS
    for place, row in enumerate(result.rows):
        tau, delete = brute_force((), row.annotation, weights=weights)
        check_digits(row.tau, tau[-1], 9, "tau")
        check_digits(result.tau_delete[:, place], delete[:, -1], 9, "delete values")
        check_digits(row.tau_se, jackknife_se(tau[-1], delete[:, -1]), 9, "SE")
        at = [*range(N_CATEGORIES), everything.names.index(row.annotation)]
        overlap, own = everything.overlap[at[-1], at], everything.m[at[-1]]
        total, total_delete = tau @ everything.m[at], delete @ everything.m[at]
        inside, inside_delete = tau @ overlap, delete @ overlap
        share, n_reference = inside / total, everything.n_reference
        check_digits(row.prop_h2, share, 9, "share")
        check_digits(row.prop_h2_se, jackknife_se(share, inside_delete / total_delete), 9, "share SE")
        check_digits(row.enrichment, share / (own / n_reference), 9, "enrichment")
        sd = np.sqrt(own / n_reference * (1 - own / n_reference))
        check_digits(row.tau_star, tau[-1] * sd * n_reference / total, 9, "tau*")
        star_se = jackknife_se(row.tau_star, delete[:, -1] * sd * n_reference / total_delete)
        check_digits(row.tau_star_se, star_se, 9, "tau* SE")

        def difference(part, whole, own=own, n_reference=n_reference):
            return part / own - (whole - part) / (n_reference - own)

        from scipy.stats import norm
        from scipy.stats import t as student

        t = difference(inside, total) / jackknife_se(difference(inside, total), difference(inside_delete, total_delete))
        check_digits(row.enrichment_p, 2 * student.sf(abs(t), 200), 9, "enrichment p")
        if row.effective_blocks > 50:
            check_digits(row.tau_p_above_zero, norm.sf(row.tau / row.tau_se), 9, "p")
            check_digits(row.tau_log10_p_above_zero, norm.logsf(row.tau / row.tau_se) / np.log(10), 9, "log10 p")
    assert baseline.names[0] not in {row.annotation for row in result.rows}


def test_enrichments__equal_fit_partition_of_both():
    """The screen's regression with LDSC's weights is the partition of baseline and annotation together."""
    from sumh2.enrichment.partition import fit_partition

    trait, _, everything = case()
    places = np.array([*range(N_CATEGORIES), everything.names.index("causal")])
    both = replace(everything.select(places), regression_tagging=case()[1].regression_tagging)
    partition = fit_partition(align([trait], both), m="M_5_50").to_records()[-1]
    row = next(row for row in screened(weights="ldsc").rows if row.annotation == "causal").to_record()
    for name in ("tau", "tau_se", "tau_z", "tau_p", "tau_p_above_zero", "prop_h2", "prop_h2_se", "enrichment",
                 "enrichment_se", "enrichment_p", "prop_snps", "tau_star", "tau_star_se", "variance_inflation",
                 "effective_blocks"):  # fmt: skip
        check_digits(row[name], partition[name], 9, name)


def test_baseline_without_a_base__is_noticed():
    trait, baseline, everything = case()
    assert not any("is called Base" in note for note in screened().notes)
    part = replace(baseline.select(np.array([1, 2])), regression_tagging=baseline.regression_tagging)
    notes = fit_screen(align([trait], part), everything).notes
    assert any(note.startswith("no category of the baseline (c1, c2) is called Base") for note in notes)


def test_fdr__is_benjamini_and_hochbergs():
    from scipy.stats import false_discovery_control
    from statsmodels.stats.multitest import multipletests

    assert np.allclose(
        [row.fdr for row in screened().rows],
        false_discovery_control([row.tau_p_above_zero for row in screened().rows]), rtol=1e-14,
    )  # fmt: skip
    for options, name in (({}, "tau_p_above_zero"), ({"alternative": "two-sided"}, "tau_p")):
        rows = screened(**options).rows
        expected = multipletests([getattr(row, name) for row in rows], method="fdr_bh")[1]
        check_digits([row.fdr for row in rows], expected, 12)


def test_blocks_by_position__are_those_of_the_table():
    trait, baseline, everything = case()
    some = np.flatnonzero(np.arange(N_SNPS) % 3 > 0)
    fewer = SumStats("fewer", trait.snp.take(pa.array(some)), trait.z[some], trait.n[some])
    result = fit_screen(align([fewer], baseline), everything)
    assert result.blocks == "genome" and result.n_blocks == 200
    one_end = np.arange(300)
    local = SumStats("local", trait.snp.take(pa.array(one_end)), trait.z[one_end], trait.n[one_end])
    result = fit_screen(align([local], baseline), everything, n_blocks=20)
    assert result.blocks == "snps" and any("nearly empty" in note for note in result.notes)


# ---------------------------------------------------------------------------------------------------------------------
# Forward selection and contrasts


@pytest.mark.parametrize("weights", ["shared", "ldsc"])
def test_forward_selection__equals_brute_force(weights):
    result = screened(weights=weights, forward=2, forward_p=1.0)
    given, left = [], list(ANNOTATIONS)
    for step in result.forward:
        z = {}
        for name in left:
            tau, delete = brute_force((), name, given, weights)
            z[name] = tau[-1] / jackknife_se(tau[-1], delete[:, -1])
        best = max(left, key=lambda name: z[name])
        assert step.row.annotation == best
        check_digits(step.row.tau_z, z[best], 9, "z at entry")
        given.append(best)
        left.remove(best)
        for row in step.rows:
            tau, delete = brute_force((), row.annotation, given, weights)
            check_digits(row.tau, tau[-1], 8, "conditional tau")
            check_digits(row.tau_se, jackknife_se(tau[-1], delete[:, -1]), 8, "conditional SE")
    assert len(result.forward) == 2
    # "copy" says what "causal" says: beside it, it has nothing to add.
    beside = {row.annotation: row for row in result.forward[0].rows}
    first = result.forward[0].row.annotation
    other = {"causal": "copy", "copy": "causal"}[first]
    assert abs(beside[other].tau_z) < 2 < next(row for row in result.rows if row.annotation == other).tau_z
    if weights == "shared":
        tau, delete = brute_force((), given[-1], given[:-1])
        check_digits(result.selected[-1].tau, tau[-1], 8, "joint")
        check_digits(result.selected[0].tau, tau[N_CATEGORIES], 8, "joint, first")
        check_digits(result.selected[0].tau_se, jackknife_se(tau[N_CATEGORIES], delete[:, N_CATEGORIES]), 8, "SE")


def test_forward_selection__stops_at_its_p():
    assert not screened(forward=3, forward_p=1e-300).forward
    steps = screened(forward=9, forward_p=1.0).forward
    # One of the two that say the same is left, and is not fit to join.
    assert len(steps) == len(ANNOTATIONS) - 1
    (left,) = steps[-1].rows
    assert left.annotation in ("causal", "copy") and left.status == "unusable" and "collinear" in left.why


def test_forward_selection__without_a_candidate_says_so(tmp_path):
    result = screened(forward=3, forward_p=1e-300)
    assert "forward selection: no annotation joins, none that is usable has p up to 1e-300" in str(result)
    assert "forward selection" not in str(screened())
    result.save(tmp_path / "out")
    (header,) = (tmp_path / "out.forward.tsv").read_text().splitlines()
    screened(forward=1, forward_p=1.0).save(tmp_path / "some")
    assert header == (tmp_path / "some.forward.tsv").read_text().splitlines()[0]
    assert not [path for path in screened().save(tmp_path / "none") if "forward" in path.name]


def test_missing_enrichment__has_its_reason_in_the_report():
    trait, baseline, everything = case()
    bare = replace(everything, overlap=None, overlap_5_50=None)
    result = fit_screen(align([trait], baseline), bare, binary=True)
    assert all(np.isnan(row.enrichment) and np.isfinite(row.tau_star) for row in result.rows)
    (line,) = (line for line in str(result).splitlines() if line.startswith("  NA: "))
    assert "no enrichment: its overlap with the baseline is not stored" in line
    assert "  NA: " not in str(screened())


def test_continuous_annotation__has_no_enrichment():
    trait, baseline, everything = case()
    place = everything.names.index("plain")
    overlap = everything.overlap.copy()
    overlap[place, place] *= 5.0
    result = fit_screen(align([trait], baseline), replace(everything, overlap=overlap, overlap_5_50=overlap))
    row = next(row for row in result.rows if row.annotation == "plain")
    numbers = (row.enrichment, row.enrichment_se, row.enrichment_p, row.prop_h2, row.prop_snps)
    assert np.isnan(numbers).all() and np.isfinite([row.tau_star, row.tau_p]).all()
    assert "no enrichment: it is no set of SNPs" in row.why and "NA: plain: continuous" in str(result)


def test_contrasts__equal_direct_regressions():
    from scipy.stats import f as f_distribution

    joint, marginal = screened(contrasts=(("causal", "plain"),)).contrasts
    tau, delete = brute_force((), "plain", ("causal",))
    pair, deletes = tau[-2:], delete[:, -2:]
    covariance = jackknife_covariance(pair, deletes)
    check_digits(joint.difference, pair[0] - pair[1], 9)
    check_digits(joint.difference_se, jackknife_se(pair[0] - pair[1], deletes[:, 0] - deletes[:, 1]), 9)
    t_squared = pair @ np.linalg.solve(covariance, pair)
    check_digits(joint.joint_p, f_distribution.sf(t_squared * 198 / (2 * 199), 2, 198), 8)
    alone = [brute_force((), name) for name in ("causal", "plain")]
    estimate, deletes = alone[0][0][-1] - alone[1][0][-1], alone[0][1][:, -1] - alone[1][1][:, -1]
    check_digits(marginal.difference, estimate, 9)
    check_digits(marginal.difference_se, jackknife_se(estimate, deletes), 9)
    assert "causal - plain, joint" in str(screened(contrasts=(("causal", "plain"),)))


def test_contrast_of_copies__is_told_from_a_contrast_of_none():
    """Two annotations that say the same share their effect: jointly each is uncertain, both together are not."""
    joint, marginal = screened(contrasts=(("causal", "copy"),)).contrasts
    assert joint.difference_se > 3 * marginal.difference_se
    assert joint.joint_p < 1e-6


# ---------------------------------------------------------------------------------------------------------------------
# Guards: a bad annotation is a row


def test_bad_annotations__are_rows_with_their_reason():
    trait, baseline, everything = case()
    rng = np.random.default_rng(0)
    values = {
        "empty": np.zeros(N_SNPS),
        "constant": np.full(N_SNPS, 3.0),
        "sum": baseline.tagging[:, 1] + 2 * baseline.tagging[:, 2],
        "nearly": baseline.tagging[:, 1] + 1e-4 * rng.normal(size=N_SNPS),
        "one_place": np.where(np.arange(N_SNPS) < 10, 5.0, 0.0),
        "two_places": np.where(np.arange(N_SNPS) % 2000 < 15, rng.random(N_SNPS), 0.0),
        "good": everything.tagging[:, 6],
    }
    bad = tagging_of(np.column_stack(list(values.values())), tuple(values), weights=None)
    rows = {row.annotation: row for row in fit_screen(align([trait], baseline), bad, binary=True).rows}
    for name, why in (("empty", "empty"), ("constant", "constant"), ("sum", "collinear"), ("one_place", "one block")):
        assert rows[name].status == "unusable" and rows[name].why.startswith(why), rows[name].why
        assert np.isnan([rows[name].tau, rows[name].tau_p, rows[name].fdr, rows[name].enrichment]).all()
    assert rows["nearly"].status == "unusable" and rows["nearly"].variance_inflation > 1000
    assert "collinear: variance inflation" in rows["nearly"].why and np.isfinite(rows["nearly"].tau)
    assert rows["two_places"].status == "caution" and "small annotation: only 0.75%" in rows["two_places"].why
    assert "few effective blocks" in rows["two_places"].why and rows["two_places"].effective_blocks < 3
    assert rows["good"].status == "ok"
    clean = next(row for row in screened().rows if row.annotation == "causal")
    check_digits(rows["good"].tau, clean.tau, 12, "the others do not matter")
    # The false discovery rate counts those that have a p-value.
    assert sum(np.isfinite(row.fdr) for row in rows.values()) == 3


def test_few_effective_blocks__make_the_p_value_students():
    from scipy.stats import t as student

    trait, baseline, _ = case()
    rng = np.random.default_rng(0)
    local = np.where(np.arange(N_SNPS) < 400, rng.gamma(2, 3, N_SNPS), 0.0)
    row = fit_screen(align([trait], baseline), tagging_of(local[:, None], ("local",))).rows[0]
    assert 2 < row.effective_blocks < 50
    check_digits(row.tau_p_above_zero, student.sf(row.tau_z, row.effective_blocks - 1), 9)
    few = fit_screen(align([trait], baseline), tagging_of(case()[2].tagging[:, 6:7], ("causal",)), n_blocks=60).rows[0]
    assert "jackknife t: 60 jackknife blocks" in few.why or few.effective_blocks < 50


def test_missing_snps__cost_the_annotation_that_lacks_them(tmp_path):
    trait, baseline, everything = case()
    names = everything.snp.to_pylist()
    table = pa.table({"SNP": names, "whole": everything.tagging[:, 5], "holed": everything.tagging[:, 6]})
    holed = table["holed"].to_numpy().copy()
    holed[[5, 99]] = np.nan
    table = table.set_column(2, "holed", pa.array(holed, from_pandas=True))
    pq.write_table(table, tmp_path / "foreign.parquet")
    whole, broken = fit_screen(align([trait], baseline), find_annotations(tmp_path / "foreign.parquet")).rows
    assert broken.status == "unusable" and "missing SNPs: 2 of 3,994 regression SNPs" in broken.why
    assert whole.status != "unusable" and "M) is not known" in whole.why and np.isnan(whole.tau_star)
    check_digits(whole.tau, screened().rows[0].tau, 12)


def test_shorter_table__takes_its_snps_and_counts_the_loss(tmp_path):
    trait, baseline, everything = case()
    rows = np.setdiff1d(np.arange(N_SNPS), np.arange(0, N_SNPS, 5))
    part = everything.take(rows)
    result = fit_screen(align([trait], baseline), part)
    lost = next(step for step in result.steps if step.what == "in the annotations")
    assert lost.removed == N_SNPS // 5 and any("are not in the annotations" in note for note in result.notes)
    small = SumStats("trait", part.snp, trait.z[rows], trait.n[rows])
    check_digits(
        [row.tau for row in result.rows], [row.tau for row in fit_screen(align([small], baseline), part).rows], 12
    )


def test_negative_h2__keeps_tau_and_drops_shares():
    _, baseline, everything = case()
    rng = np.random.default_rng(4)
    z = rng.normal(size=N_SNPS) / np.sqrt(1 + 0.05 * baseline.tagging[:, 0])
    result = fit_screen(align([SumStats("null", baseline.snp, z, np.full(N_SNPS, 1e4))], baseline), everything)
    assert result.h2 < 0
    for row in result.rows:
        assert np.isfinite(row.tau_se) and np.isnan(row.enrichment) and np.isnan(row.tau_star)
        assert row.status == "caution" and "negative h2" in row.why


# ---------------------------------------------------------------------------------------------------------------------
# Symmetries


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.floats(1e-6, 1e6), st.permutations(range(5)), st.integers(1, 7), st.integers(1, 3))
def test_scale_order_batches_threads__do_not_matter(scale, order, batch_size, n_threads):
    trait, baseline, everything = case()
    places = np.array([N_CATEGORIES + place for place in order])
    chosen = everything.select(places)
    scaled = replace(chosen, tagging=np.ascontiguousarray(scale * chosen.tagging), overlap=None, overlap_5_50=None)
    # The bound on memory makes batches of that size.
    memory = batch_size * 16 * N_SNPS / 1e9
    result = fit_screen(align([trait], baseline), scaled, memory_gb=memory, n_threads=n_threads)
    plain = {row.annotation: row for row in screened().rows}
    for row in result.rows:
        check_digits(row.tau_z, plain[row.annotation].tau_z, 10, "z")
        check_digits(row.tau * scale, plain[row.annotation].tau, 10, "tau")
        check_digits(row.variance_inflation, plain[row.annotation].variance_inflation, 9, "variance inflation")


def test_batch_size__follows_the_bound_on_memory():
    sizes = []

    class Watched(TaggingAnnotations):
        def batches(self, places, plan):
            for batch in super().batches(places, plan):
                sizes.append(len(batch.names))
                yield batch

    trait, baseline, everything = case()
    many = tagging_of(np.tile(everything.tagging[:, 5:6], 40) * np.arange(1, 41), [f"a{place}" for place in range(40)])
    fit_screen(align([trait], baseline), Watched(many), memory_gb=10 * 16 * N_SNPS / 1e9)
    assert sizes == [10, 10, 10, 10]


# ---------------------------------------------------------------------------------------------------------------------
# Files


@pytest.fixture
def files(tmp_path):
    _, baseline, everything = case()
    write_tagging(tmp_path / "all.tagging.parquet", everything)
    write_tagging(tmp_path / "baseline.tagging.parquet", baseline)
    return tmp_path


def test_parquet__is_read_in_batches_to_the_same_numbers(files):
    trait, baseline, _ = case()
    source = ParquetAnnotations(files / "all.tagging.parquet")
    result = fit_screen(align([trait], baseline), source, memory_gb=2 * 16 * N_SNPS / 1e9, forward=1, forward_p=1.0)
    expected = screened(forward=1, forward_p=1.0)
    for ours, theirs in zip(result.rows, expected.rows, strict=True):
        for name, value in theirs.to_record().items():
            if isinstance(value, float):
                assert getattr(ours, name) == pytest.approx(value, rel=1e-12, nan_ok=True), name
    assert result.forward[0].rows[0].tau == pytest.approx(expected.forward[0].rows[0].tau, rel=1e-12)
    assert any("are not tested" in note for note in result.notes)


def test_parquet_in_another_order__is_put_in_place(files, tmp_path):
    """A foreign table may list SNPs in any order, and more of them than are needed."""
    trait, baseline, everything = case()
    order = np.random.default_rng(0).permutation(N_SNPS + 50)
    names = np.array(everything.snp.to_pylist() + [f"other{place}" for place in range(50)])
    values = np.append(everything.tagging[:, 6], np.full(50, 1e9))
    pq.write_table(
        pa.table({"SNP": names[order], "CHR": ["1"] * len(order), "causal": values[order].astype(np.float32)}),
        tmp_path / "mixed.parquet", row_group_size=700,
    )  # fmt: skip
    (row,) = fit_screen(align([trait], baseline), find_annotations(tmp_path / "mixed.parquet")).rows
    check_digits(row.tau, screened().rows[1].tau, 5, "single precision")


def test_baseline_out_of_the_same_file(files):
    _, baseline, everything = case()
    chosen = read_baseline(files / "all.tagging.parquet", "5")
    assert chosen.names == baseline.names and np.array_equal(chosen.tagging, baseline.tagging)
    assert np.array_equal(chosen.overlap_5_50, everything.overlap[:5, :5]) and chosen.n_reference == 6000
    (files / "names.txt").write_text("base\nc2\n")
    assert read_baseline(files / "all.tagging.parquet", str(files / "names.txt")).names == ("base", "c2")
    assert read_baseline(files / "all.tagging.parquet", "c2,base").names == ("c2", "base")


def test_list_with_different_controls(files, tmp_path):
    """Each line stands beside its own controls; a line that cannot be read is a row."""
    trait, baseline, everything = case()
    for name in ANNOTATIONS:
        place = np.array([everything.names.index(name)])
        write_tagging(tmp_path / f"{name}.tagging.parquet", everything.select(place))
    ending = ".tagging.parquet"
    lines = [
        ("first", f"plain{ending}"), ("second", f"causal{ending},plain{ending}"), ("third", f"weak{ending},plain{ending}"),
        ("gone", "nowhere."), ("fourth", f"plain{ending}"), ("itself", f"plain{ending},plain{ending}"),
    ]  # fmt: skip
    (tmp_path / "cells.ldcts").write_text("".join(f"{name} {prefixes}\n" for name, prefixes in lines))
    result = fit_screen(align([trait], baseline), find_annotations(tmp_path / "cells.ldcts"))
    rows = {row.annotation: row for row in result.rows}
    check_digits(rows["first"].tau, brute_force((), "plain")[0][-1], 9)
    check_digits(rows["fourth"].tau, rows["first"].tau, 12)
    check_digits(rows["second"].tau, brute_force((), "causal", ("plain",))[0][-1], 9)
    check_digits(rows["third"].tau, brute_force((), "weak", ("plain",))[0][-1], 9)
    assert rows["gone"].status == "unusable" and "nowhere" in rows["gone"].why
    assert rows["itself"].status == "unusable"
    own = fit_screen(align([trait], baseline), find_annotations(tmp_path / "cells.ldcts"), weights="ldsc")
    assert [row.status for row in own.rows] == [row.status for row in result.rows]
    check_digits(own.rows[1].tau, brute_force((), "causal", ("plain",), "ldsc")[0][-1], 9)
    assert own.controls[1][0].tau == pytest.approx(
        brute_force((), "causal", ("plain",), "ldsc")[0][N_CATEGORIES], rel=1e-9
    )


def test_saved_files(tmp_path):
    import json

    result = screened(forward=1, forward_p=1.0, contrasts=(("causal", "plain"),))
    written = result.save(tmp_path / "out")
    assert {path.name for path in written} == {"out.tsv", "out.json", "out.forward.tsv", "out.contrasts.tsv"}
    table = (tmp_path / "out.tsv").read_text().splitlines()
    assert len(table) == 1 + len(ANNOTATIONS) and table[0].startswith("annotation\tsource\ttau\t")
    record = json.loads((tmp_path / "out.json").read_text())
    assert record["estimates"][1]["tau"] == result.rows[1].tau and record["baseline"]["n_blocks"] == 200
    assert len((tmp_path / "out.forward.tsv").read_text().splitlines()) == len(ANNOTATIONS)


def test_large_screen__goes_to_parquet(tmp_path, monkeypatch):
    import json

    monkeypatch.setattr("sumh2.screens.result.LARGE", 3)
    screened().save(tmp_path / "out")
    assert "estimates" not in json.loads((tmp_path / "out.json").read_text())
    table = pq.read_table(tmp_path / "out.parquet")
    assert table["tau"].to_pylist() == [row.tau for row in screened().rows]


def test_report__names_the_best_first():
    text = str(screened(forward=1))
    assert text.index("causal") < text.index("plain")
    assert "3 ok, 2 caution, 0 unusable" in text and "the weights of the baseline" in text


def test_figures(tmp_path):
    from sumh2.plots import plot_screen, plot_screen_volcano, save_figure

    ax = plot_screen(screened(), groups=["a", "b", "a", "b", "a"])
    heights = np.concatenate([one.get_offsets()[:, 1] for one in ax.collections])
    expected = sorted(-row.tau_log10_p_above_zero for row in screened().rows)
    assert sorted(heights) == pytest.approx(expected)
    line = next(one for one in ax.lines if one.get_label().startswith("FDR"))
    significant = [row for row in screened().rows if row.fdr < 0.05]
    # The line parts those below a false discovery rate of 5% from the others.
    assert min(-row.tau_log10_p_above_zero for row in significant) >= line.get_ydata()[0]
    assert all(-row.tau_log10_p_above_zero < line.get_ydata()[0] for row in screened().rows if not row.fdr < 0.05)
    assert {text.get_text() for text in ax.texts} == {row.annotation for row in significant}
    save_figure(ax, tmp_path / "screen.png")
    ax = plot_screen_volcano(screened())
    save_figure(ax, tmp_path / "volcano.svg")
    shown = np.concatenate([one.get_offsets()[:, 0] for one in ax.collections])
    assert sorted(shown) == pytest.approx(sorted(row.tau_star for row in screened().rows))


# ---------------------------------------------------------------------------------------------------------------------
# Messages


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"forward": -1}, "--forward: found -1"),
        ({"forward_p": 0.1}, "found no --forward"),
        ({"forward": 1, "forward_p": 2.0}, "expected a p-value above 0 and up to 1"),
        ({"weights": "own"}, "expected shared or ldsc"),
        ({"contrasts": (("causal", "cuasal"),)}, "no annotation 'cuasal'"),
        ({"contrasts": (("causal", "causal"),)}, "twice, expected two different"),
        ({"memory_gb": 0.0}, "--memory: found 0, expected a positive number"),
        ({"m": (1.0, 2.0)}, "--m: found 2 numbers, expected 5"),
    ],
)
def test_wrong_options(options, message):
    with pytest.raises(InputError, match=message):
        screened(**options)


def test_wrong_annotations(tmp_path):
    trait, baseline, everything = case()
    aligned = align([trait], baseline)
    with pytest.raises(InputError, match="found none, expected taggings"):
        fit_screen(aligned, [])
    with pytest.raises(InputError, match="found str, expected taggings"):
        fit_screen(aligned, "cells.ldcts")
    with pytest.raises(InputError, match="annotation '.*' is also in"):
        fit_screen(aligned, [everything, everything])
    with pytest.raises(InputError, match="all of its 5 annotations are categories of the baseline"):
        fit_screen(aligned, baseline)
    other = replace(everything, snp=pa.array([f"x{place}" for place in range(N_SNPS)]))
    with pytest.raises(InputError, match=r"none of its 4,000 SNPs is among the 4,000 .*found .*\(x0, x1.*expected"):
        fit_screen(aligned, other)
    with pytest.raises(FitError, match="expected more blocks than coefficients"):
        fit_screen(aligned, everything, n_blocks=6)
    double = np.column_stack([baseline.tagging, baseline.tagging[:, 1]])
    twice = tagging_of(double, (*baseline.names, "again"), weights=baseline.regression_tagging)
    with pytest.raises(FitError, match="the regression is singular"):
        fit_screen(align([trait], twice), everything)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("\n", "found no annotation"),
        ("a b c\n", r"line 1 has 3 fields \('a b c'\); expected two"),
        ("a x.\n\na y.\n", "line 3: name 'a' is that of line 1"),
        ("a ,\n", "line 1: there is no prefix"),
    ],
)
def test_wrong_lists(tmp_path, text, message):
    path = tmp_path / "wrong.ldcts"
    path.write_text(text)
    with pytest.raises(InputError, match=message):
        read_annotation_list(path)


def test_wrong_files(files, tmp_path):
    with pytest.raises(InputError, match="no such file"):
        find_annotations(tmp_path / "none.parquet")
    (tmp_path / "text.parquet").write_text("SNP a\n")
    with pytest.raises(InputError, match="found no Parquet file; expected a table of taggings"):
        find_annotations(tmp_path / "text.parquet")
    pq.write_table(pa.table({"SNP": ["rs1"], "CHR": ["1"]}), tmp_path / "bare.parquet")
    with pytest.raises(InputError, match="found no column of numbers"):
        find_annotations(tmp_path / "bare.parquet")
    pq.write_table(pa.table({"ID": ["rs1"], "a": [1.0]}), tmp_path / "noname.parquet")
    with pytest.raises(InputError, match="no column SNP"):
        find_annotations(tmp_path / "noname.parquet")
    with pytest.raises(InputError, match="has no category wrong"):
        read_baseline(files / "all.tagging.parquet", "wrong")
    with pytest.raises(InputError, match="--baseline 10: .* holds 10 categories"):
        read_baseline(files / "all.tagging.parquet", "10")


def test_command_line(files, tmp_path, run_sumh2):
    trait, _, _ = case()
    from sumh2.sumstats_files import write_sumstats

    write_sumstats(trait, tmp_path / "trait.sumstats.parquet")
    everything = tmp_path / "all.tagging.parquet"
    # The baseline out of the file that holds the annotations: only its weights are missing here, then named.
    words = [
        "screen",
        tmp_path / "trait.sumstats.parquet",
        "--ld",
        everything,
        "--baseline",
        5,
        "--annotations",
        everything,
    ]
    status, _, err = run_sumh2(*words)
    assert status == 1 and "no regression weights" in err
    write_tagging(tmp_path / "weights.tagging.parquet", case()[1].select(np.array([0])))
    status, out, err = run_sumh2(*words, "--w-ld", tmp_path / "weights.tagging.parquet")
    assert status == 0 and f"{screened().rows[1].tau:.3g}" in out, err
    status, out, err = run_sumh2(
        "screen", tmp_path / "trait.sumstats.parquet", "--ld", tmp_path / "baseline.tagging.parquet", "--annotations",
        everything, "--out", tmp_path / "out", "--plot", tmp_path / "out.png", "--volcano", tmp_path / "volcano.pdf",
        "--forward", 2, "--contrast", "causal,plain", "--threads", 2,
    )  # fmt: skip
    assert status == 0, err
    assert "screen of 5 annotations" in out and "written:" in out
    assert all(
        (tmp_path / name).stat().st_size for name in ("out.tsv", "out.json", "out.log", "out.png", "volcano.pdf")
    )
    wrong = ["screen", tmp_path / "trait.sumstats.parquet", "--ld", "x", "--annotations", everything]
    status, _, err = run_sumh2(*wrong, "--contrast", "a,b,c")
    assert status == 1 and "found 3 names, expected pairs" in err
    status, _, err = run_sumh2(*wrong, "--ldsc-results")
    assert status == 2 and "found no --out" in err
    status, _, err = run_sumh2(*wrong, "--print-all-cts")
    assert status == 2 and "--print-all-cts: found it alone" in err
