"""All pairs by matrix products against plain regressions one by one, and against LDSC."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import statsmodels.api as sm
from agreement import check_digits
from atlas_traits import M_REFERENCE, N_BLOCKS, aligned_traits
from conftest import PORTABLE
from hypothesis import given, settings
from hypothesis import strategies as st
from test_rg_reference import FULL, LDSC, MINI, full_data, mini_data, portable_data

from ldscores.taggings.tagging_files import read_tagging
from sumh2 import InputError, align, fit_atlas, fit_h2, fit_rg
from sumh2.atlas.assembly import false_discovery_rates, z_and_p_of
from sumh2.atlas.atlas_result import PAIR_COLUMNS, cell_number, cells_of, matrix_of
from sumh2.kernels import pair_products
from sumh2.kernels.jackknife import jackknife_covariance, jackknife_se, ratio_se
from sumh2.kernels.pair_products import count_common_snps, pack_presence
from sumh2.kernels.significance import z_and_p
from sumh2.sumstats_files import read_sumstats

# ---------------------------------------------------------------------------------------------------------------------
# The slow version: one pair after another, plain weighted least squares


def slow_edges(aligned, n_blocks):
    """Blocks cut on the weighted SNPs of the whole tagging, as rows of the aligned data."""
    weighted = np.flatnonzero(np.isfinite(aligned.reference.regression_tagging))
    starts = weighted[np.floor(np.linspace(0, len(weighted), n_blocks + 1)).astype(int)[:-1]]
    return np.array([*(np.flatnonzero(aligned.rows >= start)[0] for start in starts), len(aligned.rows)])


def slow_line(x, y, w, block, n_blocks, fixed=None):
    """Slope and intercept with all blocks (row 0) and with each left out: statsmodels' WLS."""
    rows = []
    for left_out in (None, *range(n_blocks)):
        used = block != left_out
        if fixed is None:
            design = np.column_stack([x[used], np.ones(used.sum())])
            rows.append(sm.WLS(y[used], design, w[used]).fit().params)
        else:
            rows.append([sm.WLS(y[used] - fixed, x[used], w[used]).fit().params[0], fixed])
    return np.array(rows)


def slow_h2(aligned, column, m, n_blocks, fixed=None):
    """IRWLS of one trait by hand: aggregate start, two rounds, then the fit with its delete values."""
    z, n = aligned.z[:, column], aligned.n_samples[:, column]
    here = np.isfinite(z)
    z, n, ld, w_ld = z[here], n[here], aligned.tagging[here, 0], aligned.regression_tagging[here]
    block = (np.searchsorted(slow_edges(aligned, n_blocks), np.flatnonzero(here), side="right") - 1).astype(int)
    y, x = z**2, n * ld / m

    def weights(h2, intercept):
        return 1 / (2 * (intercept + np.clip(h2, 0, 1) * n * np.maximum(ld, 1) / m) ** 2 * np.maximum(w_ld, 1))

    start = 1.0 if fixed is None else fixed
    w = weights(m * (y.mean() - start) / (ld * n).mean(), start)
    for _ in range(2):
        design = np.column_stack([x, np.ones(len(x))])
        if fixed is None:
            w = weights(*sm.WLS(y, design, w).fit().params)
        else:
            w = weights(sm.WLS(y - fixed, x, w).fit().params[0], fixed)
    return slow_line(x, y, w, block, n_blocks, fixed)


def slow_pair(aligned, first, second, m, n_blocks, own, fixed=None):
    """Slope and intercept of one pair with separable weights; `own` are the h2 fits of both."""
    kinds = aligned.kinds
    here = np.flatnonzero((kinds[:, first] == kinds[:, second]) & (kinds[:, first] > 0))
    ld, w_ld = aligned.tagging[here, 0], aligned.regression_tagging[here]
    n1, n2 = aligned.n_samples[here, first], aligned.n_samples[here, second]
    a1, a2 = (
        fit[0, 1] + np.clip(fit[0, 0], 0, 1) * n * np.maximum(ld, 1) / m for fit, n in zip(own, (n1, n2), strict=True)
    )
    block = np.searchsorted(slow_edges(aligned, n_blocks), here, side="right") - 1
    y, x = aligned.z[here, first] * aligned.z[here, second], np.sqrt(n1 * n2) * ld / m
    return slow_line(x, y, 1 / (a1 * a2 * np.maximum(w_ld, 1)), block, n_blocks, fixed), len(here)


def check_against_slow(atlas, aligned, digits, fixed=(None, None)):
    n_traits, m = aligned.n_traits, M_REFERENCE
    own = [slow_h2(aligned, column, m, N_BLOCKS, fixed[0]) for column in range(n_traits)]
    delete = np.full((N_BLOCKS, n_traits, n_traits), np.nan)
    for row in range(n_traits):
        delete[:, row, row] = own[row][1:, 0]
        check_digits(atlas.gcov[row, row], own[row][0, 0], digits, "h2")
        check_digits(atlas.gcov_se[row, row], jackknife_se(own[row][0, 0], own[row][1:, 0]), digits, "h2 SE")
        check_digits(atlas.gcov_int[row, row], own[row][0, 1], digits, "h2 intercept")
        for column in range(row + 1, n_traits):
            fit, n_snps = slow_pair(aligned, row, column, m, N_BLOCKS, (own[row], own[column]), fixed[1])
            delete[:, row, column] = delete[:, column, row] = fit[1:, 0]
            assert atlas.n_snps[row, column] == n_snps
            check_digits(atlas.gcov[row, column], fit[0, 0], digits, "gcov")
            check_digits(atlas.gcov_int[row, column], fit[0, 1], digits, "gcov intercept")
            check_digits(atlas.gcov_se[row, column], jackknife_se(fit[0, 0], fit[1:, 0]), digits, "gcov SE")
            if fixed[1] is None:
                check_digits(atlas.gcov_int_se[row, column], jackknife_se(fit[0, 1], fit[1:, 1]), digits, "int SE")
            scale = np.sqrt(own[row][0, 0] * own[column][0, 0])
            check_digits(atlas.rg[row, column], fit[0, 0] / scale, digits, "rg")
            deleted = np.sqrt(own[row][1:, 0] * own[column][1:, 0])
            check_digits(atlas.rg_se[row, column], ratio_se(fit[0, 0], scale, fit[1:, 0], deleted), digits, "rg SE")
    check_digits(atlas.delete_values(), cells_of(delete), digits, "delete values")
    np.testing.assert_array_equal(atlas.gcov, atlas.gcov.T)
    return cells_of(delete)


def test_separable_weights__equal_plain_regressions_pair_by_pair():
    """Missing SNPs, N that varies by SNP, other alleles, ambiguous ones: nine digits in float64."""
    aligned = aligned_traits()
    assert (aligned.kinds == 0).any() and np.isnan(aligned.z).any()
    mixed = (aligned.kinds == 1).any(axis=1) & (aligned.kinds == 2).any(axis=1)
    assert mixed.sum() > 50
    atlas = fit_atlas(aligned, n_blocks=N_BLOCKS, double=True)
    delete = check_against_slow(atlas, aligned, 9)
    check_digits(atlas.cov(np.arange(len(delete[0]))), jackknife_covariance(np.zeros(len(delete[0])), delete), 7, "V")


@pytest.mark.parametrize("fixed", [(1.0, 0.0), (None, 0.1), (1.05, None)])
def test_fixed_intercepts__equal_plain_regressions(fixed):
    aligned = aligned_traits(3)
    atlas = fit_atlas(aligned, n_blocks=N_BLOCKS, double=True, intercept=fixed[0], gcov_intercept=fixed[1])
    check_against_slow(atlas, aligned, 9, fixed)
    assert np.isnan(atlas.gcov_int_se[0, 1]) == (fixed[1] is not None)
    assert np.isnan(atlas.gcov_int_se[0, 0]) == (fixed[0] is not None)


def test_float32__differs_by_less_than_a_ten_thousandth_of_an_se():
    aligned = aligned_traits(20)
    single, double = (fit_atlas(aligned, n_blocks=N_BLOCKS, double=value) for value in (False, True))
    pairs = np.triu_indices(20, 1)
    for name in ("gcov", "gcov_int", "rg"):
        moved = np.abs(getattr(single, name) - getattr(double, name))[pairs] / getattr(double, f"{name}_se")[pairs]
        assert moved.max() < 1e-4
    np.testing.assert_allclose(single.gcov_se, double.gcov_se, rtol=1e-4)
    # h2 is fitted in float64 from z scores rounded to float32.
    np.testing.assert_allclose(single.h2, double.h2, rtol=1e-6)
    np.testing.assert_array_equal(single.n_snps, double.n_snps)


def test_diagonal__is_the_one_step_heritability():
    aligned = aligned_traits(3, missing=0.0)
    atlas = fit_atlas(aligned, n_blocks=N_BLOCKS, double=True)
    for column in range(3):
        alone = fit_h2(aligned, trait=column, two_step=None, n_blocks=N_BLOCKS)
        check_digits(
            [atlas.gcov[column, column], atlas.gcov_se[column, column], atlas.gcov_int[column, column]],
            [alone.h2, alone.h2_se, alone.intercept],
            11,
            "h2",
        )


def test_chisq_max__leaves_out_snps_trait_by_trait():
    aligned = aligned_traits(3)
    limit = 12.0
    with np.errstate(invalid="ignore"):
        lost = aligned.z**2 >= limit
    assert lost.any(axis=0).all()
    by_hand = replace(
        aligned, z=np.where(lost, np.nan, aligned.z), kinds=np.where(lost, 0, aligned.kinds).astype(np.int8)
    )
    ours = fit_atlas(aligned, n_blocks=N_BLOCKS, chisq_max=limit, double=True)
    theirs = fit_atlas(by_hand, n_blocks=N_BLOCKS, double=True)
    for name in ("gcov", "gcov_se", "gcov_int", "rg", "n_snps"):
        np.testing.assert_allclose(getattr(ours, name), getattr(theirs, name), rtol=1e-11, err_msg=name)


# ---------------------------------------------------------------------------------------------------------------------
# LDSC's weights


def check_row(row, reference):
    for name, part in (("h2_1", "hsq1"), ("h2_2", "hsq2"), ("gcov", "gencov")):
        check_digits(row[name], reference[part]["tot"], 10, name)
        check_digits(row[f"{name}_se"], reference[part]["tot_se"], 10, f"{name} SE")
    check_digits(row["gcov_int"], reference["gencov"]["intercept"], 10, "gcov intercept")
    if reference["gencov"]["intercept_se"] != "NA":
        check_digits(row["gcov_int_se"], reference["gencov"]["intercept_se"], 10, "gcov intercept SE")
    if reference["rg_ratio"] == "NA":
        assert np.isnan(row["rg"]) and row["status"] == "unusable"
        return
    check_digits(row["rg"], reference["rg_ratio"], 10, "rg")
    check_digits(row["rg_se"], reference["rg_se"], 10, "rg SE")
    check_digits(row["rg_z"], reference["z"], 10, "z")
    if reference["p"] > 0:
        check_digits(row["rg_log10_p"], np.log10(reference["p"]), 10, "log10 p")


#: The other cases have one intercept a trait, or two steps, which an atlas does not offer.
ATLAS_CASES = ("rg_all", "rg_cm", "rg_liab", "rg_noint", "rg_t5")


@pytest.mark.shared
@pytest.mark.parametrize("case", ATLAS_CASES)
def test_ldsc_weights__mini_set_equals_ldsc(case):
    names, options = MINI[case]
    references = json.loads((LDSC / "mini" / f"{case}.json").read_text())["results"]
    atlas = fit_atlas(mini_data(names), weights="ldsc", **options)
    compared = 0
    for row, reference in zip(atlas.to_records()[: len(references)], references, strict=True):  # the first trait's
        if reference is not None:
            check_row(row, reference)
            compared += 1
    assert compared > 0


@pytest.mark.shared
@pytest.mark.parametrize("case", ["prints_t1_t2", "chisqmax80_t1_t2"])
def test_ldsc_weights__1_million_snps_equal_ldsc(case):
    references = json.loads((LDSC / "rg" / f"{case}.json").read_text())["results"]
    atlas = fit_atlas(full_data(), weights="ldsc", **FULL[case])
    check_row(atlas.to_records()[0], references[0])
    check_digits(atlas.delete_values([1])[:, 0], references[0]["gencov"]["tot_delete_values"], 10, "delete values")


def test_ldsc_weights__portable_set_has_ldscs_delete_values():
    atlas = fit_atlas(portable_data("trait1 trait2"), weights="ldsc")
    stem = f"{PORTABLE}/ldsc/rg_prints_12_trait1.sumstats.gz_trait2.sumstats.gz"
    check_digits(atlas.delete_values([1])[:, 0], np.loadtxt(f"{stem}.gencov.delete"), 10, "gcov delete values")


def test_ldsc_weights__equal_fit_rg_word_for_word():
    aligned = aligned_traits(5)
    atlas = fit_atlas(aligned, weights="ldsc", n_blocks=N_BLOCKS)
    for row, pair in zip(atlas.to_records(), fit_rg(aligned, n_blocks=N_BLOCKS).pairs, strict=True):
        for name in set(PAIR_COLUMNS) - {"rg_fdr", "rg_p", "rg_log10_p", "gcov_p", "gcov_log10_p"}:
            ours, theirs = row[name], getattr(pair, name)
            assert ours == theirs or (ours != ours and theirs != theirs), name


@pytest.mark.shared
def test_separable_weights__are_near_ldscs():
    """On the mini set of 37,000 SNPs, traits with overlap and an rg of 0.9 among them: within half an SE."""
    atlas = fit_atlas(mini_data("t1 t2 t3 t4 t6"))
    exact = fit_atlas(mini_data("t1 t2 t3 t4 t6"), weights="ldsc")
    pairs = np.triu_indices(5, 1)
    assert (np.abs(atlas.gcov - exact.gcov)[pairs] < 0.5 * exact.gcov_se[pairs]).all()
    assert (np.abs(atlas.rg - exact.rg)[pairs] < 0.5 * exact.rg_se[pairs]).all()
    assert (np.abs(np.log(atlas.gcov_se / exact.gcov_se)[pairs]) < 0.15).all()


# ---------------------------------------------------------------------------------------------------------------------
# SumHer's taggings


@pytest.mark.parametrize("model", ["gcta", "ldakthin", "alpha-0.25"])
def test_taggings_of_ldak__serve(model):
    """The estimator is the same with LDAK's tagging in the place of the LD score, M = its contribution s_kk; the unit
    in which taggings count changes no estimate (but through the floor of 1 inside the weights)."""
    tagging = read_tagging(f"{PORTABLE}/ldak/{model}.tagging.xz")
    if tagging.n_categories > 1:
        pytest.skip("several categories")
    traits = [read_sumstats(PORTABLE / "inputs" / f"trait{number}.sumstats.xz") for number in (1, 2, 3)]
    aligned = align(traits, tagging)
    atlas = fit_atlas(aligned, n_blocks=100, double=True)
    unit = tagging.m[0] / tagging.ldak.n_heritability
    in_snps = replace(tagging, tagging=tagging.tagging / unit, m=tagging.m / unit, ldak=None)
    plain = fit_atlas(align(traits, in_snps), n_blocks=100, double=True, m="M")
    check_digits(atlas.gcov, plain.gcov, 12, "gcov")
    alone = fit_h2(align(traits, in_snps), two_step=None, n_blocks=100, m="M")
    check_digits(atlas.h2[0], alone.h2, 11, "h2")
    assert np.isfinite(atlas.rg).all() and atlas.m == pytest.approx(tagging.ldak.n_heritability)


def test_several_categories__are_refused():
    tagging = read_tagging(f"{PORTABLE}/ldak/bld.tagging.xz")
    traits = [read_sumstats(PORTABLE / "inputs" / f"trait{number}.sumstats.xz") for number in (1, 2)]
    with pytest.raises(InputError, match=r"found \d+ categories .*expected one; .*use plain LD scores"):
        fit_atlas(align(traits, tagging))


# ---------------------------------------------------------------------------------------------------------------------
# Symmetries


@settings(max_examples=15, deadline=None)
@given(st.lists(st.sampled_from([-1.0, 1.0]), min_size=4, max_size=4), st.permutations(range(4)))
def test_signs_and_order__move_with_the_traits(signs, order):
    aligned = aligned_traits(4)
    signs, order = np.array(signs), list(order)
    changed = replace(
        aligned, z=np.asfortranarray((aligned.z * signs)[:, order]), kinds=aligned.kinds[:, order],
        n_samples=aligned.n_samples[:, order], traits=tuple(aligned.traits[place] for place in order),
    )  # fmt: skip
    atlas, other = (fit_atlas(one, n_blocks=N_BLOCKS, double=True) for one in (aligned, changed))
    expected = (atlas.gcov * np.outer(signs, signs))[np.ix_(order, order)]
    np.testing.assert_allclose(other.gcov, expected, rtol=1e-9)
    np.testing.assert_allclose(other.gcov_se, atlas.gcov_se[np.ix_(order, order)], rtol=1e-9)
    taken = atlas.take(order)
    np.testing.assert_array_equal(taken.rg, atlas.rg[np.ix_(order, order)])
    np.testing.assert_allclose(np.abs(taken.factor), np.abs(other.factor), rtol=1e-6, atol=1e-12)
    for ours, theirs in zip(taken.to_records(), other.to_records(), strict=True):
        assert (ours["trait1"], ours["trait2"]) == (theirs["trait1"], theirs["trait2"])
        assert ours["h2_1"] == pytest.approx(theirs["h2_1"], rel=1e-9)


def test_a_trait_more__changes_no_pair():
    few, many = aligned_traits(3), aligned_traits(6)
    columns = [0, 1, 2]
    atlas = fit_atlas(many, n_blocks=N_BLOCKS, double=True).take(columns)
    # The same traits on the same rows: SNPs that only other traits have do not count.
    alone = fit_atlas(
        replace(many, z=many.z[:, columns], n_samples=many.n_samples[:, columns], kinds=many.kinds[:, columns],
                traits=many.traits[:3]),
        n_blocks=N_BLOCKS, double=True,
    )  # fmt: skip
    np.testing.assert_allclose(atlas.gcov, alone.gcov, rtol=1e-10)
    np.testing.assert_allclose(fit_atlas(few, n_blocks=N_BLOCKS, double=True).gcov, alone.gcov, rtol=1e-10)


@given(st.integers(1, 60))
def test_cells__are_numbered_along_the_upper_triangle(n_traits):
    rows, columns = np.triu_indices(n_traits)
    np.testing.assert_array_equal(cell_number(n_traits, rows, columns), np.arange(len(rows)))
    np.testing.assert_array_equal(cell_number(n_traits, columns, rows), np.arange(len(rows)))
    matrix = np.random.default_rng(n_traits).standard_normal((n_traits, n_traits))
    matrix += matrix.T
    np.testing.assert_array_equal(matrix_of(cells_of(matrix), n_traits), matrix)


def test_factor__gives_every_covariance_and_the_replicates():
    atlas = fit_atlas(aligned_traits(), n_blocks=N_BLOCKS, double=True)
    delete = atlas.delete_values()
    every = np.arange(delete.shape[1])
    np.testing.assert_allclose(atlas.cov(every), jackknife_covariance(cells_of(atlas.gcov), delete), rtol=1e-9)
    np.testing.assert_allclose(np.sqrt(np.diag(atlas.cov(every))), cells_of(atlas.gcov_se), rtol=1e-9)
    np.testing.assert_allclose(atlas.cov([1, 4], [0, 2]), atlas.cov(every)[np.ix_([1, 4], [0, 2])], rtol=1e-12)
    for row, replicate in zip(delete, atlas.replicates(), strict=True):
        np.testing.assert_array_equal(cells_of(replicate), row)


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 300), st.integers(0, 2**32 - 1))
def test_counts_of_common_snps(n_snps, seed):
    rng = np.random.default_rng(seed)
    kinds = rng.integers(0, 3, (5, n_snps)).astype(np.int8)
    z = np.where(rng.random((5, n_snps)) < 0.2, np.nan, 1.0)
    kinds[np.isnan(z)] = 0
    bits = np.stack([pack_presence(one, kind) for one, kind in zip(z, kinds, strict=True)])
    shared, matching = count_common_snps(bits[:2], bits[2:])
    for i in range(2):
        for j in range(3):
            assert shared[i, j] == (np.isfinite(z[i]) & np.isfinite(z[2 + j])).sum()
            assert matching[i, j] == ((kinds[i] == kinds[2 + j]) & (kinds[i] > 0)).sum()


@given(st.lists(st.floats(0, 1) | st.just(float("nan")), min_size=1, max_size=40))
def test_false_discovery_rates__equal_scipys(p):
    from scipy.stats import false_discovery_control

    p = np.array(p)
    known = np.isfinite(p)
    ours = false_discovery_rates(p)
    np.testing.assert_array_equal(np.isnan(ours), ~known)
    if known.any():
        np.testing.assert_allclose(ours[known], false_discovery_control(p[known]), rtol=1e-12)


@given(st.floats(-50, 50), st.floats(0, 5) | st.just(float("nan")))
def test_many_p_values__equal_one_by_one(estimate, se):
    ours = [float(column[0]) for column in z_and_p_of(np.array([estimate]), np.array([se]))]
    np.testing.assert_allclose(ours, z_and_p(estimate, se), rtol=1e-9, atol=1e-15)


def test_long_blocks__are_added_in_steps(monkeypatch):
    """Memory is bounded by steps within a block; the sums are those of one step."""
    aligned = aligned_traits(4)
    whole = fit_atlas(aligned, n_blocks=N_BLOCKS, double=True)
    monkeypatch.setattr(pair_products, "SNPS_AT_A_TIME", 17)
    stepped = fit_atlas(aligned, n_blocks=N_BLOCKS, double=True)
    np.testing.assert_allclose(stepped.gcov, whole.gcov, rtol=1e-10)
    np.testing.assert_allclose(stepped.factor, whole.factor, rtol=1e-7, atol=1e-14)
