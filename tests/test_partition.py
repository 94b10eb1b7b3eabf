"""Partitions on simulated data with known truth: oracles, properties, wrong input and its messages."""

from __future__ import annotations

import gzip
import itertools
import json
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from ldscores.annotations.annotation_sums import AnnotationSums, quantile_edges
from ldscores.annotations.overlap_files import has_annotations, read_annotation_sums, read_quantile_sums
from ldscores.shared.errors import FitError, InputError
from ldscores.taggings.tagging import Tagging
from ldscores.taggings.tagging_files import write_tagging
from sumh2 import align, fit_h2, fit_partition, fit_rg, fit_stratified_rg
from sumh2.influence import measure_h2_influence, measure_partition_influence, measure_rg_influence
from sumh2.kernels.column_regression import solve_columns, sum_columns_of_chi2
from sumh2.kernels.weights import chi2_weights
from sumh2.sumstats import SumStats

N_SNPS, N_CHROMOSOMES, REACH = 6000, 6, 10
NAMES = ("base", "coding", "enhancer", "score")


def simulate(seed=1, n=10_000, h2=(0.5, 0.4), tau=(1.0, 8.0, 1.0, 0.5), rg=0.5, n_snps=N_SNPS):
    """A tagging of four overlapping categories over SNPs in AR-like LD, and z scores of two traits.

    Every reference SNP is a regression SNP; r² falls with the distance, faster or slower from place to place, within
    windows of `REACH`, so that taggings are exact sums.  Effects have variance in proportion to ``annotation @ tau``.
    """
    random = np.random.default_rng(seed)
    runs = random.random((n_snps // 20, 2)) < [0.1, 0.25]
    annotation = np.column_stack([np.ones(n_snps), np.repeat(runs, 20, axis=0)[:n_snps], random.normal(size=n_snps)])
    decay = np.repeat(random.uniform(0.1, 0.9, n_snps // 100), 100)[:n_snps]
    chromosome = np.repeat(np.arange(N_CHROMOSOMES), n_snps // N_CHROMOSOMES)
    ld = sum_neighbours(annotation, decay, chromosome, power=2)
    variance = np.maximum(annotation @ np.array(tau), 0)
    variance /= variance.sum()
    z = marginal_scores(random, decay, chromosome, variance, n, h2, rg)
    overlap = annotation.T @ annotation
    tagging = Tagging(
        snp=pa.array([f"rs{place}" for place in range(n_snps)]), chrom=pa.array([str(c + 1) for c in chromosome]),
        bp=np.arange(1, n_snps + 1) * 1000, tagging=ld, names=NAMES, m=annotation.sum(axis=0),
        m_5_50=annotation.sum(axis=0), regression_tagging=ld[:, 0].copy(), overlap=overlap, overlap_5_50=overlap,
        n_reference=n_snps, n_reference_5_50=n_snps,
    )  # fmt: skip
    truth = {name: float(variance[annotation[:, place] != 0].sum()) for place, name in enumerate(NAMES[:3])}
    return tagging, [trait_of(f"t{place + 1}", z[place], n) for place in range(2)], truth, annotation


def sum_neighbours(values, decay, chromosome, power):
    """Sums over the neighbours at distance d of ``r^power`` times their values, r = (decay_i decay_j)^(d / 4)."""
    n_snps = len(values)
    sums = np.zeros(values.shape)
    for shift in range(-REACH, REACH + 1):
        rows = np.arange(max(0, -shift), min(n_snps, n_snps - shift))
        rows = rows[chromosome[rows] == chromosome[rows + shift]]
        r = (decay[rows] * decay[rows + shift]) ** (abs(shift) / 4)
        sums[rows] += (r**power)[:, None] * values[rows + shift]
    return sums


def marginal_scores(random, decay, chromosome, variance, n, h2, rg):
    """z = sqrt(n) R b + noise, for two traits with correlated effects b."""
    effects = random.multivariate_normal([0, 0], [[1, rg], [rg, 1]], len(variance))
    expected = sum_neighbours(effects * np.sqrt(variance[:, None] * np.array(h2)), decay, chromosome, power=1)
    return (np.sqrt(n) * expected + random.normal(size=expected.shape)).T.copy()


def trait_of(name, z, n):
    n_snps = len(z)
    from ldscores.shared.alleles import encode_alleles

    return SumStats(
        trait=name, snp=pa.array([f"rs{place}" for place in range(n_snps)]), z=z, n=np.full(n_snps, float(n)),
        a1=encode_alleles(pa.array(["A"] * n_snps)), a2=encode_alleles(pa.array(["C"] * n_snps)),
    )  # fmt: skip


@pytest.fixture(scope="module")
def data():
    return simulate()


@pytest.fixture(scope="module")
def aligned(data):
    return align(data[1], data[0])


@pytest.fixture(scope="module")
def result(aligned):
    return fit_partition(aligned, chisq_max=1e6)


# ---------------------------------------------------------------------------------------------------------------------
# Oracles


def test_coefficients__are_those_of_statsmodels(aligned, result):
    chi2, n = aligned.z[:, 0] ** 2, aligned.n_samples[:, 0]
    total, m = aligned.tagging.sum(axis=1), aligned.reference.m.sum()
    aggregate = m * (chi2.mean() - 1) / np.mean(total * n)
    weights = chi2_weights(total, aligned.regression_tagging, n, m, aggregate, 1.0)
    design = np.column_stack([aligned.tagging * n[:, None], np.ones(len(n))])
    fit = sm.WLS(chi2, design, weights).fit()
    np.testing.assert_allclose(result.coefficients.value, fit.params[:-1], rtol=1e-9)
    np.testing.assert_allclose(result.total.intercept, fit.params[-1], rtol=1e-9)


def test_jackknife__is_leaving_blocks_out(aligned, result):
    chi2, n, ld = aligned.z[:, 0] ** 2, aligned.n_samples[:, 0], aligned.tagging
    total, m = ld.sum(axis=1), aligned.reference.m.sum()
    weights = chi2_weights(total, aligned.regression_tagging, n, m, m * (chi2.mean() - 1) / np.mean(total * n), 1.0)
    design = np.column_stack([ld * n[:, None], np.ones(len(n))])
    edges = np.floor(np.linspace(0, len(n), 201)).astype(int)
    for block in (0, 77, 199):
        kept = np.ones(len(n), bool)
        kept[edges[block] : edges[block + 1]] = False
        fit = sm.WLS(chi2[kept], design[kept], weights[kept]).fit()
        np.testing.assert_allclose(result.tau_delete[block], fit.params[:-1], rtol=1e-8)


def test_enrichment_and_its_test__equal_plain_formulas(data, result):
    tagging = data[0]
    tau, cov, o, m = result.coefficients.value, result.tau_cov, tagging.overlap, tagging.m
    h2 = m @ tau
    share = o @ tau / h2
    np.testing.assert_allclose(result.enrichments.enrichment.value[:3], (share / (m / N_SNPS))[:3], rtol=1e-12)
    inside, outside = o[1] / m[1], (m - o[1]) / (N_SNPS - m[1])
    contrast = inside - outside
    t = abs(contrast @ tau) / np.sqrt(contrast @ cov @ contrast)
    np.testing.assert_allclose(result.enrichment_p[1], 2 * stats.t.sf(t, 200), rtol=1e-9)
    assert np.isnan(result.enrichment_p[0])


def test_tau_star__uses_the_spread_of_the_annotation(data, result):
    annotation = data[3]
    expected = result.coefficients.value * annotation.std(axis=0) * N_SNPS / result.total.h2
    np.testing.assert_allclose(result.enrichments.tau_star.value[1:], expected[1:], rtol=1e-10)
    assert np.isnan(result.enrichments.tau_star.value[0])
    deleted = result.tau_delete * annotation.std(axis=0) * N_SNPS / result.total.delete_values[:, None]
    pseudo = 200 * expected - 199 * deleted
    np.testing.assert_allclose(
        result.enrichments.tau_star.se[1:], (pseudo.std(axis=0, ddof=1) / np.sqrt(200))[1:], rtol=1e-8
    )


def test_threads__do_not_change_a_sum(aligned):
    chi2, n = aligned.z[:, 0] ** 2, aligned.n_samples[:, 0]
    m, w = aligned.reference.m, aligned.regression_tagging
    one, three = (sum_columns_of_chi2(chi2, n, aligned.tagging, w, m, 50, n_threads=threads)[0] for threads in (1, 3))
    assert np.array_equal(one.xtx, three.xtx) and np.array_equal(one.xty, three.xty)


def test_rows__are_the_same_as_a_copy(aligned):
    kept = np.flatnonzero(aligned.z[:, 0] ** 2 < 20)
    chi2, n, w = aligned.z[kept, 0] ** 2, aligned.n_samples[kept, 0], aligned.regression_tagging[kept]
    m = aligned.reference.m
    with_rows = solve_columns(*sum_columns_of_chi2(chi2, n, aligned.tagging, w, m, 50, rows=kept))
    copied = solve_columns(*sum_columns_of_chi2(chi2, n, np.ascontiguousarray(aligned.tagging[kept]), w, m, 50))
    np.testing.assert_allclose(with_rows.tau.delete_values, copied.tau.delete_values, rtol=1e-9)


# ---------------------------------------------------------------------------------------------------------------------
# Truth


@pytest.mark.slow
def test_enrichment__is_recovered():
    """Over 40 simulated genomes the mean estimates are within 3 standard errors of the truth, and errors are honest."""
    shares, errors, truths, rgs = [], [], [], []
    for seed in range(40):
        tagging, traits, truth, _ = simulate(seed + 100, n_snps=12_000)
        both = align(traits, tagging)
        found = fit_partition(both, chisq_max=1e9).enrichments.share
        shares.append(found.value[1:3])
        errors.append(found.se[1:3])
        truths.append([truth["coding"], truth["enhancer"]])
        rgs.append(fit_stratified_rg(both, chisq_max=1e9).pairs[0, 1].rg[[1, -1]])
    difference = np.array(shares) - np.array(truths)
    standard_error = difference.std(axis=0, ddof=1) / np.sqrt(len(difference))
    assert (np.abs(difference.mean(axis=0)) < 3 * standard_error).all()
    assert np.array(truths)[:, 0].mean() > 0.3  # coding is 10% of the SNPs
    ratio = np.mean(errors, axis=0) / difference.std(axis=0, ddof=1)
    assert ((ratio > 0.7) & (ratio < 1.4)).all()
    mean_rg = np.nanmean(rgs, axis=0)
    assert np.abs(mean_rg - 0.5).max() < 3 * np.nanstd(rgs, axis=0, ddof=1).max() / np.sqrt(len(rgs)) + 0.02


# ---------------------------------------------------------------------------------------------------------------------
# Properties


def test_an_empty_category__is_left_out_or_refused(data):
    tagging, traits, *_ = data
    widened = replace(
        tagging, names=(*tagging.names, "empty"), tagging=np.column_stack([tagging.tagging, np.zeros(N_SNPS)]),
        m=np.append(tagging.m, 0), m_5_50=np.append(tagging.m_5_50, 0), overlap=None, overlap_5_50=None,
    )  # fmt: skip
    with pytest.raises((FitError, InputError), match="collinear|positive"):
        fit_partition(align(traits, widened), disjoint=True)
    kept, dropped = widened.drop_constant_categories()
    assert dropped == ("empty",) and kept.names == tagging.names


@settings(max_examples=15, deadline=None)
@given(st.permutations(range(4)))
def test_order_of_categories__does_not_matter(data, order):
    tagging, traits, *_ = data
    found = fit_partition(align(traits, tagging.select(np.array(order))))
    first = fit_partition(align(traits, tagging))
    for name in ("share", "tau_star", "enrichment"):
        ours, theirs = getattr(found.enrichments, name), getattr(first.enrichments, name)
        np.testing.assert_allclose(ours.value, theirs.value[list(order)], rtol=1e-7)
        np.testing.assert_allclose(ours.se, theirs.se[list(order)], rtol=1e-6, atol=1e-12)


@settings(max_examples=15, deadline=None)
@given(st.floats(0.01, 100))
def test_units_of_an_annotation__change_tau_alone(data, unit):
    tagging, traits, *_ = data
    scale = np.array([1, 1, 1, unit])
    rescaled = replace(
        tagging, tagging=tagging.tagging * scale, m=tagging.m * scale, m_5_50=tagging.m_5_50 * scale,
        overlap=tagging.overlap * np.outer(scale, scale), overlap_5_50=tagging.overlap_5_50 * np.outer(scale, scale),
    )  # fmt: skip
    # Weights count all columns together, so that the scale of one enters them; with the same weights nothing else moves.
    first, found = (fit_with_unit_weights(one, traits[0]) for one in (tagging, rescaled))
    np.testing.assert_allclose(found[:3], first[:3], rtol=1e-6)
    np.testing.assert_allclose(found[3] * unit, first[3], rtol=1e-6)


def fit_with_unit_weights(tagging, trait):
    chi2 = trait.z**2
    design = np.column_stack([tagging.tagging * trait.n[:, None] / trait.n.mean(), np.ones(len(chi2))])
    from sumh2.kernels.block_sums import block_edges
    from sumh2.kernels.column_regression import column_block_sums

    sums = column_block_sums(
        tagging.tagging, None, trait.n / trait.n.mean(), chi2, np.ones(len(chi2)), block_edges(len(chi2), 50)
    )
    assert np.allclose(sums.xtx.sum(axis=0), design.T @ design)
    return solve_columns(sums, trait.n.mean()).tau.estimate


def test_swapped_alleles__change_the_sign_of_covariances_alone(data):
    tagging, traits, *_ = data
    flipped = replace(traits[1], a1=traits[1].a2, a2=traits[1].a1)
    first, found = (fit_stratified_rg(align([traits[0], other], tagging)) for other in (traits[1], flipped))
    np.testing.assert_allclose(found.pairs[0, 1].gcov, -first.pairs[0, 1].gcov, rtol=1e-12)
    np.testing.assert_allclose(found.pairs[0, 1].rg_se[:3], first.pairs[0, 1].rg_se[:3], rtol=1e-9)
    np.testing.assert_allclose(found.cells[1, 1].total, first.cells[1, 1].total, rtol=1e-14)


def test_a_trait_with_itself__has_a_correlation_of_one(data):
    tagging, traits, *_ = data
    found = fit_stratified_rg(align([traits[0], replace(traits[0], trait="twin")], tagging), gcov_intercept=1.0,
                              intercept=1.0)  # fmt: skip
    # The weights of a covariance start from a null intercept of 0, those of a heritability from 1: not quite the same.
    np.testing.assert_allclose(found.pairs[0, 1].rg[[0, 1, 2, 4]], 1, atol=0.02)


def test_continuous_annotation__has_no_correlation(data):
    tagging, traits, *_ = data
    pair = fit_stratified_rg(align(traits, tagging)).pairs[0, 1]
    assert np.isnan(pair.rg[3]) and pair.statuses[3] == "unusable" and "continuous" in pair.whys[3]
    assert np.isfinite(pair.gcov[3])


# ---------------------------------------------------------------------------------------------------------------------
# Influence


def leave_out(aligned, kept):
    return replace(
        aligned, rows=aligned.rows[kept], z=aligned.z[kept], n_samples=aligned.n_samples[kept],
        kinds=aligned.kinds[kept], tagging=aligned.tagging[kept], regression_tagging=aligned.regression_tagging[kept],
    )  # fmt: skip


def test_leave_one_chromosome__is_a_fit_with_the_same_weights(aligned, result):
    chi2, n, ld = aligned.z[:, 0] ** 2, aligned.n_samples[:, 0], aligned.tagging
    total, m = ld.sum(axis=1), aligned.reference.m
    weights = chi2_weights(
        total, aligned.regression_tagging, n, m.sum(), m.sum() * (chi2.mean() - 1) / np.mean(total * n), 1.0
    )
    design = np.column_stack([ld * n[:, None], np.ones(len(n))])
    chromosome = np.array(aligned.chrom.to_pylist())
    found = measure_partition_influence(result, aligned, caps=())
    by_name = {one.quantity: one for one in found.influences}
    for place, name in enumerate(by_name["h2"].chromosomes):
        kept = chromosome != name
        tau = sm.WLS(chi2[kept], design[kept], weights[kept]).fit().params[:-1]
        np.testing.assert_allclose(by_name["h2"].without_chromosome[place], m @ tau, rtol=1e-8)
        np.testing.assert_allclose(by_name["tau of coding"].without_chromosome[place], tau[1], rtol=1e-7)
        share = aligned.reference.overlap[1] @ tau / (m @ tau)
        np.testing.assert_allclose(
            by_name["enrichment of coding"].without_chromosome[place], share / (m[1] / N_SNPS), rtol=1e-7
        )


@pytest.mark.parametrize("options", [{}, {"two_step": None}, {"intercept": 1.0}, {"chisq_max": 60}])
def test_h2_influence__names_the_block_that_was_spoiled(options):
    tagging, traits, *_ = simulate(5, n=2000)
    z = traits[0].z.copy()
    z[2015:2045] = np.sqrt(59.0)
    plain = tagging.select(np.array([0]))
    both = align([replace(traits[0], z=z)], plain)
    fit = fit_h2(both, **options)
    found = measure_h2_influence(fit, both, caps=(20,))
    one = found.influences[0]
    name, change = one.largest_block
    first, last = (int(word.split(":")[-1]) for word in name.split("-"))
    assert first <= 2_046_000 and last >= 2_015_000
    assert abs(change) > 0.5 and "one block" in {finding.code for finding in one.findings()}
    assert one.largest_chromosome[0] == "3"
    assert one.capped[0].n_snps == int((z**2 < 20).sum())
    np.testing.assert_allclose(one.without_block, fit.delete_values)


def test_rg_influence__agrees_with_the_delete_values(data):
    tagging, traits, *_ = data
    both = align(traits, tagging.select(np.array([0])))
    for options in ({}, {"two_step": 60}):
        fit = fit_rg(both, **options)
        found = measure_rg_influence(fit, both, caps=(30,), **options)
        rg, gcov = found.influences
        assert rg.quantity == "rg" and gcov.quantity == "gcov"
        np.testing.assert_allclose(gcov.without_block, fit.pairs[0].fits[2].total_delete)
        assert len(rg.without_chromosome) == N_CHROMOSOMES and np.abs(rg.in_se(rg.without_chromosome)).max() < 3
    table = found.to_records()
    assert {row["left_out"] for row in table} == {"block", "chromosome", "large chi2"}


def test_influence__of_other_data_is_refused(data, aligned, result):
    other = leave_out(aligned, np.arange(N_SNPS) != 17)
    with pytest.raises((InputError, IndexError), match="expected the data|out of bounds"):
        measure_partition_influence(result, other, caps=())
    one = leave_out(aligned, np.array(aligned.chrom.to_pylist()) == "2")
    found = measure_partition_influence(fit_partition(one, n_blocks=50), one).influences[0]
    assert found.chromosomes == () and len(found.without_chromosome) == 0
    assert found.largest_block[0].startswith("2:"), "one chromosome: blocks and caps alone"


# ---------------------------------------------------------------------------------------------------------------------
# Wrong input, and its messages


def test_unknown_overlap__says_what_to_give(data):
    tagging, traits, *_ = data
    bare = replace(tagging, overlap=None, overlap_5_50=None)
    with pytest.raises(InputError, match=r"overlap of its 4 categories is not stored.*--annot.*--frq.*--disjoint"):
        fit_partition(align(traits, bare))


def test_one_category__is_refused(data):
    tagging, traits, *_ = data
    with pytest.raises(InputError, match="found one LD score, expected two or more.*sumh2 h2"):
        fit_partition(align(traits, tagging.select(np.array([0]))), disjoint=True)
    with pytest.raises(InputError, match="found one trait"):
        fit_stratified_rg(align(traits[:1], tagging))


def test_collinear_categories__are_named(data):
    tagging, traits, *_ = data
    ld = tagging.tagging.copy()
    ld[:, 2] = ld[:, 1] * 1.0000000001
    with pytest.raises(FitError, match="collinear.*coding, enhancer"):
        fit_partition(align(traits, replace(tagging, tagging=ld)))


def test_nearly_collinear_categories__get_a_status(data):
    tagging, traits, *_ = data
    ld = tagging.tagging.copy()
    ld[:, 2] = ld[:, 1] + np.random.default_rng(3).normal(scale=0.003, size=N_SNPS)
    found = fit_partition(align(traits, replace(tagging, tagging=ld)))
    assert found.statuses[1] != "ok" and "variance inflation" in found.whys[1]
    assert "collinear annotations" in found.total.why


def write_annotations(folder, annotation, maf, drop=0):
    for chromosome in range(1, N_CHROMOSOMES + 1):
        rows = np.arange(N_SNPS // N_CHROMOSOMES) + (chromosome - 1) * (N_SNPS // N_CHROMOSOMES)
        lines = ["CHR BP SNP CM base coding enhancer score"]
        lines += [
            f"{chromosome} {(row + 1) * 1000} rs{row} {row * 0.001:.4f} "
            + " ".join(f"{value:.17g}" for value in annotation[row])
            for row in rows[drop:]
        ]
        with gzip.open(folder / f"a.{chromosome}.annot.gz", "wt") as stream:
            stream.write("\n".join(line.replace(" ", "\t") for line in lines) + "\n")
        text = [" CHR SNP A1 A2 MAF NCHROBS"] + [f" {chromosome} rs{row} A C {maf[row]:.6f} 100" for row in rows]
        (folder / f"f.{chromosome}.frq").write_text("\n".join(text) + "\n")


@pytest.fixture(scope="module")
def annotation_files(data, tmp_path_factory):
    folder = tmp_path_factory.mktemp("annotations")
    maf = np.random.default_rng(4).uniform(0, 0.5, N_SNPS)
    write_annotations(folder, data[3], maf)
    return folder, np.round(maf, 6)


def test_sums_from_files__equal_products_of_the_annotation(data, annotation_files):
    folder, maf = annotation_files
    annotation = data[3]
    found = read_annotation_sums(f"{folder}/a.", f"{folder}/f.", quantile_of="score", n_quantiles=4)
    common = (maf > 0.05) & (maf < 0.95)
    np.testing.assert_allclose(found.overlap, annotation[common].T @ annotation[common], rtol=1e-12)
    assert found.n_reference == common.sum() and found.binary.tolist() == [True, True, True, False]
    everything = read_annotation_sums(f"{folder}/a.")
    np.testing.assert_allclose(everything.overlap, annotation.T @ annotation, rtol=1e-12)
    # 0.01 cM is ten SNPs here; runs of 20 SNPs touch two or three blocks.
    blocks = np.array([(annotation[start : start + 10, 1:3] != 0).any(axis=0) for start in range(0, N_SNPS, 10)])
    np.testing.assert_allclose(found.block_share[1:3], blocks.mean(axis=0), atol=0.02)
    values = np.sort(annotation[(maf >= 0.05), 3])
    edges = quantile_edges(values, 4)
    inside = (maf >= 0.05) & (annotation[:, 3] > edges[1]) & (annotation[:, 3] <= edges[2])
    assert found.quantiles.n_snps[1] == inside.sum() and found.quantiles.n_snps.sum() == (maf >= 0.05).sum()
    np.testing.assert_allclose(found.quantiles.sums[1], annotation[inside].sum(axis=0), rtol=1e-10)
    assert has_annotations(f"{folder}/a.") and not has_annotations(f"{folder}/b.")


def test_annotations__that_do_not_fit_are_refused(data, annotation_files, tmp_path):
    folder, maf = annotation_files
    sums = read_annotation_sums(f"{folder}/a.", f"{folder}/f.")
    with pytest.raises(InputError, match="found 4 annotations, expected 3"):
        sums.for_categories(("baseL2", "codingL2", "enhancerL2"))
    with pytest.raises(InputError, match="found annotation coding where the LD scores have enhancerL2"):
        sums.for_categories(("baseL2", "enhancerL2", "codingL2", "scoreL2"))
    assert sums.for_categories(("baseL2", "codingL2_0", "enhancer", "scoreL2")).names[1] == "codingL2_0"
    with pytest.raises(InputError, match="no annotation recomb"):
        read_annotation_sums(f"{folder}/a.", quantile_of="recomb")
    with pytest.raises(InputError, match="--quantiles: found 1"):
        read_annotation_sums(f"{folder}/a.", quantile_of="score", n_quantiles=1)
    with pytest.raises(InputError, match="bin . of 5 is empty"):
        read_annotation_sums(f"{folder}/a.", quantile_of="coding")
    (tmp_path / "f.1.frq").write_text("CHR SNP A1 A2 MAF NCHROBS\n1 rs1 A C 0.2 100\n")
    with pytest.raises(InputError, match="found no frequencies of 2 3 4 5 6"):
        read_annotation_sums(f"{folder}/a.", f"{tmp_path}/f.")
    for chromosome in range(2, 7):
        (tmp_path / f"f.{chromosome}.frq").write_text((folder / f"f.{chromosome}.frq").read_text())
    with pytest.raises(InputError, match=r"found no frequency for 999 of the 1000 SNPs.*first: rs0"):
        read_annotation_sums(f"{folder}/a.", f"{tmp_path}/f.")
    (tmp_path / "f.1.frq").write_text("CHR SNP A1 A2 FREQUENCY\n1 rs1 A C 0.2\n")
    with pytest.raises(InputError, match="expected FRQ or MAF"):
        read_annotation_sums(f"{folder}/a.", f"{tmp_path}/f.")


def test_totals_and_annotations__must_count_the_same_snps(data, annotation_files):
    tagging, traits, *_ = data
    folder, _ = annotation_files
    both = align(traits, tagging)
    everything = read_annotation_sums(f"{folder}/a.").for_categories(NAMES)
    with pytest.raises(InputError, match="all SNPs of the annotations beside totals M_5_50.*--frq.*--m M"):
        fit_partition(both, annotations=everything)
    with pytest.raises(InputError, match="common SNPs alone beside totals M;.*leave --frq out"):
        fit_partition(
            both, annotations=read_annotation_sums(f"{folder}/a.", f"{folder}/f.").for_categories(NAMES), m="M"
        )
    found = fit_partition(both, annotations=everything, m="M")
    np.testing.assert_allclose(found.enrichments.share.value, fit_partition(both).enrichments.share.value, rtol=1e-10)
    assert np.isfinite(found.sums.block_share).all()


def test_broken_file_of_bins__is_refused(tmp_path):
    path = tmp_path / "bins.M"
    for text, message in (
        ("base 1 2\n", "expected N and the number of SNPs"),
        ("N 10 10\nbase 10\n", "line base has 1 numbers, expected 2"),
        ("N 10 10\nbase 10 x\n", "expected numbers after the first word"),
    ):
        path.write_text(text)
        with pytest.raises(InputError, match=message):
            read_quantile_sums(path)


def test_bins_of_another_model__are_refused(aligned, tmp_path):
    path = tmp_path / "bins.M"
    path.write_text("N 3000 3000\nbase 3000 3000\ncoding 100 200\n")
    with pytest.raises(InputError, match="bins of 2 annotations, expected the 4"):
        fit_partition(aligned, quantiles=read_quantile_sums(path))


# ---------------------------------------------------------------------------------------------------------------------
# LDAK's taggings, and the command


def test_ldak_tagging__needs_no_more():
    from conftest import PORTABLE

    from ldscores.taggings.tagging_files import read_tagging
    from sumh2 import read_sumstats

    tagging = read_tagging(f"{PORTABLE}/ldak/bld.tagging.xz") if (PORTABLE / "ldak/bld.tagging.xz").exists() else None
    if tagging is None:
        tagging = read_tagging(str(next((PORTABLE / "ldak").glob("*bld*.tagging*"))))
    both = align([read_sumstats(PORTABLE / "inputs" / "trait1.sumstats.xz")], tagging)
    found = fit_partition(both, chisq_max=1e9)
    ldak = tagging.ldak
    tau = found.coefficients.value
    np.testing.assert_allclose(found.total.h2, np.diag(ldak.contributions) @ tau, rtol=1e-12)
    np.testing.assert_allclose(found.enrichments.share.value, ldak.contributions.T @ tau / found.total.h2, rtol=1e-10)
    np.testing.assert_allclose(found.enrichments.prop_snps, ldak.counts / ldak.n_reference)
    with pytest.raises(InputError, match="brings the sums of its heritability model"):
        fit_partition(both, m="M_5_50")


def test_sumher_partition__has_the_numbers_of_the_fit():
    """Both read one fit: shares and enrichments by category, jackknife errors, of LDAK's portable set."""
    from conftest import PORTABLE

    from ldscores.taggings.tagging_files import read_tagging
    from sumh2 import read_sumstats
    from sumh2.sumher.fit import fit_sumher
    from sumh2.sumher.partition import fit_sumher_partition

    tagging = read_tagging(str(next((PORTABLE / "ldak").glob("bld.tagging*"))))
    both = align([read_sumstats(PORTABLE / "inputs" / "trait1.sumstats.xz")], tagging)
    found, fit = fit_sumher_partition(both), fit_sumher(both)
    assert found.estimator == "sumher"
    for ours, theirs in (
        (found.enrichments.h2, fit.partition.category_h2),
        (found.enrichments.share, fit.partition.category_share),
        (found.enrichments.enrichment, fit.partition.enrichment),
    ):
        np.testing.assert_allclose(ours.value, theirs.value, rtol=1e-10)
        np.testing.assert_allclose(ours.se, theirs.jackknife_se, rtol=1e-6, atol=1e-12)
    np.testing.assert_allclose(found.total.h2_se, fit.h2_jackknife_se)
    assert np.isfinite(found.dependence.inflation).all()


@pytest.fixture(scope="module")
def command_files(data, tmp_path_factory):
    from sumh2.sumstats_files import write_sumstats

    folder = tmp_path_factory.mktemp("command")
    write_tagging(folder / "model.tagging.parquet", data[0])
    for trait in data[1]:
        write_sumstats(trait, folder / f"{trait.trait}.sumstats.parquet")
    return folder


def test_command__writes_what_it_says(run_sumh2, command_files, tmp_path):
    ld = command_files / "model.tagging.parquet"
    out = tmp_path / "p"
    flags = ["--influence", "--print-cov", "--print-delete-vals", "--ldsc-results", "--plot", tmp_path / "p.png"]
    code, printed, _ = run_sumh2("partition", command_files / "t1.sumstats.parquet", "--ld", ld, "--out", out, *flags)
    assert code == 0 and "partitioned heritability" in printed and "enrichment of coding" in printed
    for ending in ("tsv", "json", "log", "cov", "delete", "part_delete", "results", "influence.tsv", "png"):
        assert (tmp_path / f"p.{ending}").stat().st_size > 0
    record = json.loads((tmp_path / "p.json").read_text())
    assert [row["category"] for row in record["estimates"]] == list(NAMES) and record["h2"]["trait"] == "t1"
    assert record["provenance"]["inputs"]


def test_command__with_two_traits(run_sumh2, command_files, tmp_path):
    ld, out = command_files / "model.tagging.parquet", tmp_path / "p"
    traits = [command_files / f"t{place}.sumstats.parquet" for place in (1, 2)]
    code, printed, _ = run_sumh2(
        "partition", *traits, "--ld", ld, "--out", out, "--matrices", "--plot", tmp_path / "p.svg"
    )
    assert code == 0 and "t1 - t2" in printed
    matrices = json.loads((tmp_path / "p.matrices.json").read_text())
    s, v = (np.array(matrices["categories"]["coding"][name]) for name in "SV")
    assert s.shape == (2, 2) and v.shape == (3, 3) and np.array_equal(s, s.T)
    assert (np.linalg.eigvalsh(v) > 0).all() and {"S_Tau", "V_Tau"} < set(matrices["categories"]["base"])
    rows = json.loads((tmp_path / "p.json").read_text())["estimates"]
    assert [row["category"] for row in rows] == [*NAMES, "all"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--gcov-intercept", "0"], "--gcov-intercept: found 1 summary statistics, expected two traits or more"),
        (["--quantile-of", "score"], "--quantile-of: found no annotation files"),
        (["--quantile-of", "score", "--quantile-file", "x"], "found --quantile-of and --quantile-file"),
        (["--disjoint", "--annot", "x"], "found --annot and --disjoint"),
        (["--frq", "x"], "--frq: found no annotation files"),
        (["--free-intercept"], "--free-intercept: found --estimator ldsc, expected sumher"),
        (["--estimator", "sumher", "--chisq-max", "80"], "--chisq-max: found --estimator sumher, expected ldsc"),
        (["--influence"], "--influence writes files named after --out"),
        (["--annot", "nowhere."], "nowhere"),
    ],
)
def test_command__refuses_what_does_not_go_together(run_sumh2, command_files, words, message):
    ld = command_files / "model.tagging.parquet"
    code, _, error = run_sumh2("partition", command_files / "t1.sumstats.parquet", "--ld", ld, *words)
    of_files = "no annotation files" in message or message == "nowhere"
    assert code == (1 if of_files else 2) and message in error


def test_command__refuses_options_of_one_trait_for_two(run_sumh2, command_files, tmp_path):
    ld = command_files / "model.tagging.parquet"
    traits = [command_files / f"t{place}.sumstats.parquet" for place in (1, 2)]
    for flag in ("--ldsc-results", "--influence", "--print-cov"):
        code, _, error = run_sumh2("partition", *traits, "--ld", ld, "--out", tmp_path / "p", flag)
        assert code == 2 and f"{flag}: found 2 summary statistics, expected one trait" in error


def test_figures__show_every_category(result, data):
    from sumh2.plots import plot_influence, plot_partition, plot_stratified_rg

    ax = plot_partition([result, result], labels=["first", "second"])
    assert [label.get_text() for label in ax.get_yticklabels()] == ["coding", "enhancer"]
    assert {"first", "second"} <= {text.get_text().split(" (")[0] for text in ax.get_legend().get_texts()}
    both = align(data[1], data[0])
    assert len(plot_stratified_rg(fit_stratified_rg(both)).get_yticklabels()) == 5
    influence = measure_partition_influence(result, both).influences[0]
    assert len(plot_influence(influence).get_yticklabels()) >= N_CHROMOSOMES + 1


def test_one_tagging__is_not_read_as_annotations(run_sumh2, command_files, data, tmp_path):
    """The LD score file is no annotation file, though it exists: with one category the message is about that."""
    one = tmp_path / "one.tagging.parquet"
    write_tagging(one, replace(data[0].select(np.array([0])), overlap=None, overlap_5_50=None))
    assert not has_annotations(str(one))
    code, _, error = run_sumh2("partition", command_files / "t1.sumstats.parquet", "--ld", one)
    assert code == 1 and "found one LD score, expected two or more" in error and "annotations beside" not in error


def test_m__is_the_number_of_reference_snps(result):
    """Categories overlap: their totals add up to more."""
    assert result.sums.totals.sum() > N_SNPS and result.total.m == N_SNPS
    assert f"M {N_SNPS:,}," in str(result) and result.details()["h2"]["m"] == N_SNPS


def test_continuous_annotation__has_no_enrichment_but_in_ldscs_file(result, tmp_path):
    from sumh2.ldsc.partition_log import write_ldsc_results

    rows = {row["category"]: row for row in result.to_records()}
    names = ("prop_snps", "h2", "prop_h2", "prop_h2_se", "enrichment", "enrichment_se", "enrichment_p")
    assert all(np.isnan(rows["score"][name]) for name in names) and np.isfinite(rows["score"]["tau_star"])
    assert all(np.isfinite(rows["coding"][name]) for name in names)
    assert "no enrichment" in rows["score"]["why"] and "no enrichment" not in rows["coding"]["why"]
    assert "NA: score: no share of SNPs or of h2 and no enrichment" in str(result)
    lines = write_ldsc_results(tmp_path / "p.results", result).read_text().splitlines()
    assert float(lines[-1].split("\t")[4]) == result.enrichments.enrichment.value[3], "LDSC prints a number"


def test_probabilities__keep_their_enrichment(data):
    """Of values between 0 and 1 the sum is an expected number of SNPs."""
    tagging, traits, *_ = data
    overlap = tagging.overlap.copy()
    overlap[2, 2] *= 0.7
    soft = replace(tagging, overlap=overlap, overlap_5_50=overlap)
    found = fit_partition(align(traits, soft), chisq_max=1e6)
    row = found.to_records()[2]
    assert not found.sums.binary[2] and np.isfinite(row["enrichment"]) and "probabilities" in row["why"]


def test_report__names_the_categories(result):
    text = str(result)
    for name in NAMES:
        assert name in text
    assert "tau*" in text and "status" in text
    assert len(result.to_frame()) == 4


def test_sums__of_two_sets_side_by_side(data, annotation_files):
    folder, _ = annotation_files
    found = read_annotation_sums(f"{folder}/a.,{folder}/a.")
    assert isinstance(found, AnnotationSums) and found.set_sizes == (4, 4)
    np.testing.assert_allclose(found.overlap[:4, 4:], found.overlap[:4, :4])
    assert list(itertools.islice(found.names, 2)) == ["base_0", "coding_0"]
