"""Alpha: LDAK's digits, the jackknife against full refits, symmetries, messages."""

from __future__ import annotations

import functools
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from agreement import check_digits
from conftest import PORTABLE, SHARED
from hypothesis import given, settings
from hypothesis import strategies as st

from ldscores.models.ldak_columns import LdakColumns
from ldscores.shared.errors import InputError
from ldscores.taggings.tagging import Tagging
from ldscores.taggings.tagging_files import read_tagging, write_tagging
from sumh2 import SumStats, align, fit_alpha, fit_alpha_likelihoods, fit_alpha_models
from sumh2.kernels.block_sums import block_edges
from sumh2.kernels.heritability_shares import CategorySums
from sumh2.kernels.likelihood import ScaledDesign, fit_likelihood, log_likelihood
from sumh2.kernels.likelihood_blocks import sum_likelihood_blocks
from sumh2.kernels.profile_shape import (
    POWERFILE_MEANS,
    fit_gaussian,
    interpolated_maximum,
    score_interval,
    score_statistics,
)
from sumh2.models.alpha import group_categories
from sumh2.models.alpha_files import read_likelihoods, read_powers
from sumh2.models.model_fit import FitData, fit_model
from sumh2.sumstats_files import read_sumstats

LDAK = SHARED / "reference" / "ldak"
PORTABLE_POWERS = ("-1", "-0.75", "-0.5", "-0.25", "0", "0.25", "0.5")
#: LDAK prints six decimals, and with its tolerance of 0.001 these are those of the same Newton steps.
PRINTED = 6e-7


def read_plot(path):
    return np.loadtxt(path, skiprows=1)


def read_estimate(path):
    return [float(word) for word in path.read_text().splitlines()[1].split()[1:]]


# ---------------------------------------------------------------------------------------------------------------------
# LDAK's digits


@functools.cache
def human(trait, folder="alpha"):
    tagging = read_tagging(str(LDAK / "human" / folder / "merged.tagging.xz"))
    return align([read_sumstats(LDAK / "human" / "in" / f"{trait}.sums")], tagging, ambiguous="letters")


def check_printed(ours, theirs, what):
    """All six decimals: half a unit of the last, and the rounding of a printed 5."""
    ours, theirs = np.asarray(ours, dtype=float), np.asarray(theirs, dtype=float)
    assert np.abs(ours - theirs).max() < PRINTED, what
    check_digits(np.round(ours, 6), np.round(theirs, 6), 4, what)


@pytest.mark.shared
@pytest.mark.parametrize("trait", ["trait1", "trait2"])
@pytest.mark.parametrize(("confounding", "ending"), [("none", ""), ("intercept", ".cept")])
def test_31_alphas__equal_ldak(trait, confounding, ending):
    stem = LDAK / "human" / "alpha" / f"{trait}{ending}"
    reference = read_plot(f"{stem}.power.plot")
    powers = read_powers(str(LDAK / "human" / "alpha" / "powers"))
    curve = fit_alpha(human(trait), powers=powers, confounding=confounding, warm_start=False).curves[0]
    check_printed(curve.alphas, reference[:, 0], "alpha")
    check_printed(curve.h2, reference[:, 1], "h2")
    check_printed(curve.h2_se, reference[:, 2], "h2 SE")
    check_printed(np.full(31, curve.null_logl), reference[:, 3], "null loglSS")
    check_printed(curve.logl, reference[:, 4], "loglSS")
    shape = curve.powerfile
    printed = read_estimate(stem.with_name(f"{stem.name}.power"))
    check_digits(
        np.round([shape.mode, shape.mean, shape.sd, shape.correlation], 4), printed, 16, "sum-hers --powerfile"
    )


@pytest.mark.shared
@pytest.mark.parametrize("ending", ["fit", "fitup"])
def test_several_categories_an_alpha__equal_ldak(ending):
    """``--divisions 4``; with ``--update-taus`` LDAK starts from the taus of the alpha before, we from those of the
    middle with the same heritability: the maximum is the same, where the tolerance of 0.001 stops is not (6e-6)."""
    reference = read_plot(LDAK / "human" / "alpha_bld" / f"{ending}.power.plot")
    powers = read_powers(str(LDAK / "human" / "alpha_bld" / "powers"))
    data = human("trait1", "alpha_bld")
    curve = fit_alpha(data, powers=powers, divisions=4, confounding="none", warm_start=ending == "fitup").curves[0]
    check_printed(curve.logl, reference[:, 4], "loglSS")
    if ending == "fit":
        check_printed(curve.h2, reference[:, 1], "h2")
        check_printed(curve.h2_se, reference[:, 2], "h2 SE")
    else:
        assert np.abs(curve.h2 - reference[:, 1]).max() < 7e-6
        assert np.abs(curve.h2_se - reference[:, 2]).max() < 2e-6


@pytest.mark.shared
def test_leave_one_out__never_correlates_above_1():
    """LDAK prints 1.0622 here, with a mean of -0.76 and an SE of 0.04 (SPEC-LDAK 11, trap 9)."""
    reference = read_plot(LDAK / "human" / "alpha_bld" / "fit.power.plot")
    assert read_estimate(LDAK / "human" / "alpha_bld" / "fit.power")[3] > 1
    shape = fit_gaussian(reference[:, 0], reference[:, 4], POWERFILE_MEANS, leave_one_out=True)
    assert shape.correlation <= 1
    assert shape.sd > 0.2  # the profile falls by 0.7 in the first step of 0.25


@pytest.mark.shared
@pytest.mark.parametrize("panel", ["human", "eas"])
@pytest.mark.parametrize("trait", ["trait1", "trait2"])
def test_find_gaussian__equals_ldak(panel, trait):
    folder = LDAK / panel / "alpha"
    profile = fit_alpha_likelihoods(*read_likelihoods(folder / f"{trait}.like"))
    for shape, case in (
        (profile.gaussian, "fg"),
        (fit_gaussian(profile.alphas, profile.logl, leave_one_out=True), "fg2"),  # --omit-one YES
    ):
        printed = read_estimate(folder / f"{trait}.{case}.power")
        check_digits(np.round([shape.mode, shape.mean, shape.sd, shape.correlation], 4), printed, 16, case)


@pytest.mark.shared
@pytest.mark.parametrize("trait", ["trait1", "trait2"])
@pytest.mark.parametrize("ending", ["", ".cept"])
def test_powerfile_of_eas__equals_ldak(trait, ending):
    """From the printed likelihoods; the taggings of the powers are not kept."""
    folder = LDAK / "eas" / "alpha"
    reference = read_plot(folder / f"{trait}{ending}.power.plot")
    shape = fit_gaussian(reference[:, 0], reference[:, 4], POWERFILE_MEANS, leave_one_out=True)
    found = np.round([shape.mode, shape.mean, shape.sd, shape.correlation], 4)
    check_digits(found, read_estimate(folder / f"{trait}{ending}.power"), 16, "sum-hers --powerfile")


def test_portable_alphas__equal_ldak():
    taggings = [read_tagging(str(PORTABLE / "ldak" / f"alpha{power}.tagging.xz")) for power in PORTABLE_POWERS]
    trait = read_sumstats(PORTABLE / "inputs" / "trait1.ldak.xz")
    powers = [float(power) for power in PORTABLE_POWERS]
    curve = fit_alpha_models(trait, taggings, powers=powers, confounding="none", warm_start=False).curves[0]
    for place, power in enumerate(PORTABLE_POWERS):
        hers = (PORTABLE / "ldak" / f"alpha{power}.1.hers").read_text().splitlines()[-1].split()
        check_printed([curve.h2[place], curve.h2_se[place]], [float(hers[1]), float(hers[2])], f"h2 {power}")
    alphas, logl = read_likelihoods(PORTABLE / "ldak" / "likelihoods")
    check_printed(curve.alphas, alphas, "alpha")
    check_printed(curve.logl, logl, "loglSS")


def test_portable_gaussian__is_one_of_ldaks_ties():
    """All likelihoods but the first are below 1e-7: a thousand lattice points correlate 1 to the last digits, and which
    is first is rounding.  LDAK's is as good as ours."""
    alphas, logl = read_likelihoods(PORTABLE / "ldak" / "likelihoods")
    mode, mean, sd, correlation = read_estimate(PORTABLE / "ldak" / "gauss.power")
    ours = fit_gaussian(alphas, logl)
    theirs = fit_gaussian(alphas, logl, np.array([mean]), np.array([sd]))
    assert ours.mode == mode
    assert round(ours.correlation, 4) == correlation
    assert abs(ours.correlation - theirs.correlation) < 1e-12


# ---------------------------------------------------------------------------------------------------------------------
# Simulated taggings: the mathematics


ALPHAS = np.round(np.arange(-1, 0.51, 0.25), 2)


def grid_tagging(n_snps=4000, seed=3, alphas=ALPHAS, n_categories=1, names=None):
    """Taggings of a grid: SNPs in independent pairs, with heritabilities v^(1 + alpha) and annotations."""
    rng = np.random.default_rng(seed)
    v = 2 * (f := rng.uniform(0.01, 0.5, n_snps)) * (1 - f)
    neighbour, load = np.roll(v, 1), rng.uniform(1, 7, n_snps)
    members = np.column_stack([rng.random(n_snps) < 0.4 for _ in range(n_categories - 1)] + [np.ones(n_snps)])
    columns, own, labels = [], [], []
    for alpha in alphas:
        values = members * v[:, None] ** (1 + alpha)
        columns.append(load[:, None] * values + 2 * np.roll(members, 1, axis=0) * neighbour[:, None] ** (1 + alpha))
        own.append(values)
        labels += [f"{'Base' if k == n_categories - 1 else f'part{k}'}[{alpha:g}]" for k in range(n_categories)]
    values, taggings = np.hstack(own), np.hstack(columns)
    inside = np.tile(members, len(alphas)) > 0
    contributions = values.T @ inside
    return Tagging(
        snp=pa.array([f"rs{k}" for k in range(n_snps)]), chrom=pa.array(["1"] * n_snps),
        bp=np.arange(1, n_snps + 1, dtype=np.int64) * 1000, tagging=np.ascontiguousarray(taggings),
        names=tuple(labels if names is None else names), regression_tagging=rng.uniform(1, 6, n_snps), model="alpha",
        ldak=LdakColumns(contributions, inside.sum(axis=0), n_snps, n_snps),
    )  # fmt: skip


def draw_trait(tagging, alpha=-0.25, h2=0.5, n=20000.0, seed=4, varying=False, added=0.0):
    """z scores of independent SNPs with the expectation of the model at one alpha."""
    rng = np.random.default_rng(seed)
    places = group_categories(tagging)[alpha]
    column, total = tagging.tagging[:, places[-1]], tagging.ldak.contributions[places[-1], places[-1]]
    people = rng.uniform(0.5, 1.5, len(tagging)) * n if varying else np.full(len(tagging), n)
    z = rng.standard_normal(len(tagging)) * np.sqrt(1 + added + people * h2 * column / total)
    return SumStats(trait="t", snp=tagging.snp, z=z, n=people)


def simulated(alpha=-0.25, **what):
    keys = ("n_snps", "alphas", "n_categories")
    tagging = grid_tagging(**{key: what.pop(key) for key in keys if key in what})
    return align([draw_trait(tagging, alpha, **what)], tagging)


@pytest.mark.parametrize("n_categories", [1, 3])
@pytest.mark.parametrize("confounding", ["none", "intercept", "genomic-control"])
def test_one_step_delete_values__are_those_of_full_refits(n_categories, confounding):
    aligned = simulated(n_categories=n_categories, varying=True)
    n_blocks, places = 25, slice(3 * n_categories, 4 * n_categories)
    tagging = np.ascontiguousarray(aligned.tagging[:, places])
    chi2, n = aligned.z[:, 0] ** 2, aligned.n_samples[:, 0]
    weights = 1 / np.maximum(aligned.regression_tagging, 1)
    scale = n / (weights @ n / weights.sum())
    flags = {"constant": confounding == "genomic-control", "scaled_constant": confounding == "intercept"}
    design = ScaledDesign(tagging, scale, **flags)
    edges = block_edges(len(chi2), n_blocks)
    fit = fit_likelihood(design, chi2, weights, tolerance=1e-9)
    theta, logl = sum_likelihood_blocks(design, chi2, weights, fit.theta, edges).delete_values()
    for block in range(n_blocks):
        kept = np.r_[0 : edges[block], edges[block + 1] : len(chi2)]
        part = ScaledDesign(tagging[kept], scale[kept], **flags)
        refit = fit_likelihood(part, chi2[kept], weights[kept], start=fit.theta, tolerance=1e-12)
        constant = log_likelihood(chi2[kept], np.ones(len(kept)), weights[kept]) + 0.5 * weights[kept] @ chi2[kept]
        move = np.abs(refit.theta - fit.theta)
        # The step is of first order, what it misses of second: with 25 blocks a few percent of the step.
        assert np.abs(theta[block] - refit.theta).max() < 0.2 * move.max() + 1e-9
        gain = refit.logl - log_likelihood(chi2[kept], 1 + part.predict(fit.theta), weights[kept])
        assert abs(logl[block] - (refit.logl - constant)) < 0.1 * gain + 1e-6


def test_jackknife__agrees_with_that_of_full_refits():
    aligned = simulated(n_snps=6000)
    profile = fit_alpha(aligned, confounding="none", n_blocks=30, tolerance=1e-9)
    edges, deleted = block_edges(len(aligned.rows), 30), []
    for block in range(30):
        z = aligned.z.copy()
        z[edges[block] : edges[block + 1]] = np.nan
        part = fit_alpha(replace(aligned, z=z), confounding="none", n_blocks=30, tolerance=1e-9)
        deleted.append(part.alpha)
    deleted = np.array(deleted)
    se = np.sqrt(29 / 30 * ((deleted - deleted.mean()) ** 2).sum())
    assert profile.alpha_se == pytest.approx(se, rel=0.03)
    assert np.abs(profile.alpha_delete - deleted).max() < 0.1 * np.abs(deleted - profile.alpha).max()


def test_best_alpha__is_found_and_h2_with_it():
    profile = fit_alpha(simulated(n_snps=20000), n_blocks=50)
    assert profile.alpha_low < -0.25 < profile.alpha_high
    assert abs(profile.alpha + 0.25) < 4 * profile.alpha_se
    assert abs(profile.h2_best - 0.5) < 4 * profile.h2_best_se
    assert profile.h2.min() <= profile.h2_average <= profile.h2.max()
    assert profile.h2_average_se >= profile.h2_jackknife_se.min()
    assert [curve.confounding for curve in profile.curves] == ["none", "intercept"]
    assert abs(profile.shift) < 4 * profile.shift_se


def test_confounding__moves_alpha_and_is_said():
    profile = fit_alpha(simulated(n_snps=20000, added=2.0), n_blocks=50)
    without, fitted = profile.curves
    assert fitted.alpha_low < -0.25 < fitted.alpha_high
    assert abs(without.alpha + 0.25) > 3 * without.alpha_se
    assert "depends on confounding" in profile.why


def test_order_of_confounding__is_what_the_words_say():
    data = simulated(n_snps=20000, added=2.0)
    forth, back = (
        fit_alpha(data, n_blocks=50, confounding=kinds) for kinds in (["none", "intercept"], ["intercept", "none"])
    )
    assert back.shift == pytest.approx(-forth.shift) and back.shift_se == pytest.approx(forth.shift_se)
    assert "when confounding is fitted" in str(forth) and "when confounding is not fitted" not in str(forth)
    assert "when confounding is not fitted" in str(back) and "when confounding is fitted" not in str(back)
    assert f"alpha becomes {forth.curves[1].alpha:.2f} when confounding is fitted" in forth.why
    assert f"alpha becomes {back.curves[1].alpha:.2f} when confounding is not fitted" in back.why


def test_flat_profile__is_not_identified():
    profile = fit_alpha(simulated(n_snps=1500, h2=0.002, n=1000.0), n_blocks=30)
    assert profile.status == "unusable"
    assert "not identified" in profile.why or "negative h2" in profile.why


def test_no_signal_at_all__says_not_identified():
    tagging = grid_tagging(3000)
    z = np.ones(3000)  # every chi2 is what chance gives: no alpha is better
    profile = fit_alpha(align([SumStats(trait="t", snp=tagging.snp, z=z, n=np.full(3000, 1e4))], tagging), n_blocks=30)
    assert "not identified" in profile.why
    assert profile.status == "unusable"


def test_end_of_the_grid__is_said():
    tagging = grid_tagging(8000)
    above = tagging.select(np.arange(3, len(ALPHAS)))  # from -0.25, while the truth is -1
    profile = fit_alpha(align([draw_trait(tagging, -1.0, n=50000.0)], above), n_blocks=40, confounding="none")
    assert profile.mode == profile.alpha == -0.25
    assert "edge of the grid" in profile.why
    assert profile.status == "caution"
    assert np.isneginf(profile.alpha_low)
    assert profile.interval.startswith("below")
    assert np.isnan(profile.alpha_se)  # the end of the grid holds every delete value


def test_warm_and_cold_start__meet():
    data = simulated(n_snps=5000, n_categories=3)
    warm, cold = (fit_alpha(data, warm_start=warm, n_blocks=40) for warm in (True, False))
    for one, other in zip(warm.curves, cold.curves, strict=True):
        assert np.abs(one.logl - other.logl).max() < 1e-4
        assert np.abs(one.h2 - other.h2).max() < 1e-4


def test_threads__give_the_same_numbers():
    data = simulated(n_snps=3000)
    one, two = (fit_alpha(data, n_threads=threads, n_blocks=40) for threads in (1, 3))
    assert np.array_equal(one.logl, two.logl)
    assert one.alpha_se == two.alpha_se


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 1000), sign=st.sampled_from([-1.0, 1.0]))
def test_signs_and_order__do_not_matter(seed, sign):
    tagging = grid_tagging(1500)
    trait = draw_trait(tagging, seed=seed)
    order = np.random.default_rng(seed).permutation(len(trait))
    other = SumStats(trait="t", snp=trait.snp.take(pa.array(order)), z=sign * trait.z[order], n=trait.n[order])
    one, two = (fit_alpha(align([t], tagging), confounding="none", n_blocks=20) for t in (trait, other))
    np.testing.assert_allclose(one.logl, two.logl, rtol=1e-12)
    assert one.alpha == pytest.approx(two.alpha, abs=1e-9)
    assert one.gaussian == two.gaussian


@settings(max_examples=8, deadline=None)
@given(factor=st.floats(0.1, 50))
def test_scale_of_the_tagging__does_not_matter(factor):
    tagging = grid_tagging(1500)
    ldak = replace(tagging.ldak, contributions=tagging.ldak.contributions * factor)
    scaled = replace(tagging, tagging=tagging.tagging * factor, ldak=ldak)
    trait = draw_trait(tagging)
    one, two = (fit_alpha(align([trait], t), confounding="none", n_blocks=20) for t in (tagging, scaled))
    np.testing.assert_allclose(one.logl, two.logl, rtol=1e-6)
    np.testing.assert_allclose(one.h2, two.h2, rtol=1e-3)


def test_one_model_fit__equals_the_curve():
    data = simulated(n_snps=2000)
    curve = fit_alpha(data, confounding="none", n_blocks=20, warm_start=False).curves[0]
    weights = 1 / np.maximum(data.regression_tagging, 1)
    of = FitData(data.z[:, 0] ** 2, data.n_samples[:, 0], weights, block_edges(2000, 20))
    sums = CategorySums(data.reference.ldak.contributions[3, 3:4], np.ones((1, 1)), np.ones(1))
    fit = fit_model(of, np.ascontiguousarray(data.tagging[:, 3:4]), sums)
    assert curve.alphas[3] == -0.25
    assert curve.logl[3] == pytest.approx(fit.logl, rel=1e-12)


# ---------------------------------------------------------------------------------------------------------------------
# Kernels of the profile


def test_interpolated_maximum__is_that_of_a_parabola():
    x = np.array([-1, -0.6, 0.1, 0.5])
    rows = np.array([-((x - top) ** 2) for top in (-0.7, 0.05, 0.4)])
    np.testing.assert_allclose(interpolated_maximum(x, rows[:2]), [-0.7, 0.05], atol=1e-12)
    assert interpolated_maximum(x, rows[2]) == 0.5  # the largest point is the end: nothing is known beyond it


def test_gaussian__finds_a_normal():
    x = np.round(np.arange(-1, 0.51, 0.05), 2)
    shape = fit_gaussian(x, -((x + 0.3) ** 2) / (2 * 0.12**2))
    assert (shape.mean, shape.sd) == (-0.3, 0.12)
    assert shape.correlation == pytest.approx(1)


def test_gaussian__of_a_flat_likelihood_is_missing():
    shape = fit_gaussian(ALPHAS, np.zeros(len(ALPHAS)))
    assert np.isnan([shape.mean, shape.sd, shape.correlation]).all()


def test_score_interval__is_that_of_a_normal_mean():
    """Blocks of a normal likelihood: the interval is the mean ± 1.96 times the jackknife error of a mean."""
    rng = np.random.default_rng(1)
    draws, x = rng.normal(0.1, 1, 400), np.linspace(-1, 1, 81)
    parts = -((draws[:, None] - x) ** 2) / 2
    logl, logl_delete = parts.sum(axis=0), parts.sum(axis=0) - parts
    low, high = score_interval(x, score_statistics(x, logl, logl_delete), draws.mean(), 1.96)
    se = draws.std(ddof=1) / 20
    np.testing.assert_allclose([low, high], [draws.mean() - 1.96 * se, draws.mean() + 1.96 * se], atol=2e-3)


# ---------------------------------------------------------------------------------------------------------------------
# Wrong input, files, command line


@pytest.mark.parametrize(
    ("names", "powers", "divisions", "message"),
    [
        (
            ["Base", "a", "b"],
            None,
            None,
            r"the category Base does not say its alpha, expected names such as Base\[-0.25\]",
        ),
        (["Base[-1]"], None, None, r"found 1 alpha, expected a grid of three or more"),
        (["a[-1]", "b[-1]", "a[0]", "a[1]"], None, None, r"found \[1, 2\] categories at the alphas"),
        (["a", "b", "c", "d"], [-1, 0, 1], None, r"found 4 categories, expected 3 powers times the same number"),
        (["a", "b", "c"], [-1, 0, 0], None, r"found an alpha twice"),
        (["a", "b", "c", "d"], [-1, 0, 1, 2], 2, r"expected 4 powers times 2 categories each"),
    ],
)
def test_grids__that_are_none(names, powers, divisions, message):
    alphas = ALPHAS[: len(names)]
    tagging = grid_tagging(200, alphas=alphas, names=names)
    with pytest.raises(InputError, match=message):
        group_categories(tagging, powers, divisions)


def test_names_of_merged_models__say_their_alpha():
    tagging = grid_tagging(200, alphas=ALPHAS[:3], names=["Base[alpha(-1)]", "Base[alpha(0.5)]", "Base[alpha(-0.25)]"])
    assert group_categories(tagging) == {-1.0: [0], -0.25: [2], 0.5: [1]}


def test_confounding__must_be_known():
    with pytest.raises(InputError, match="found 'inflation', expected none, intercept, genomic-control"):
        fit_alpha(simulated(n_snps=500), confounding="inflation")


def test_taggings_of_different_models__are_not_a_grid():
    taggings = [grid_tagging(300, alphas=[alpha], n_categories=1 + (alpha == 0)) for alpha in (-1, 0, 1)]
    with pytest.raises(InputError, match="compare different models with sumh2 compare"):
        fit_alpha_models(draw_trait(grid_tagging(300)), taggings)


def test_single_taggings__equal_the_grid():
    tagging = grid_tagging(2000)
    trait = draw_trait(tagging)
    parts = [tagging.select(np.array([place])) for place in range(len(ALPHAS))]
    one = fit_alpha(align([trait], tagging), n_blocks=30)
    several = fit_alpha_models(trait, parts[::-1], n_blocks=30)
    np.testing.assert_allclose(one.logl, several.logl, rtol=1e-12)
    assert one.alpha_se == several.alpha_se


def test_powers__of_a_file_or_a_list(tmp_path):
    (tmp_path / "p").write_text("-1\n-0.5\n0\n")
    assert read_powers(str(tmp_path / "p")) == read_powers("-1,-0.5,0") == [-1, -0.5, 0]
    with pytest.raises(InputError, match="found neither numbers with commas nor a file"):
        read_powers("powers.txt")


def test_likelihoods__with_a_word_in_them(tmp_path):
    (tmp_path / "l").write_text("-1 -100\n0 none\n")
    with pytest.raises(InputError):
        read_likelihoods(tmp_path / "l")


def test_command__writes_profile_and_figure(tmp_path, run_sumh2):
    from sumh2.sumstats_files import write_sumstats

    tagging = grid_tagging(3000)
    write_tagging(tmp_path / "grid.tagging.parquet", tagging)
    write_sumstats(draw_trait(tagging), tmp_path / "t.sumstats.parquet")
    status, text, errors = run_sumh2(
        "alpha", tmp_path / "t.sumstats.parquet", "--ld", tmp_path / "grid.tagging.parquet", "--n-blocks", "40", "--out",
        tmp_path / "o", "--plot", tmp_path / "o.png",
    )  # fmt: skip
    assert status == 0, errors
    assert "95% interval" in text and "Gaussian" in text and "alpha moves by" in text
    rows = (tmp_path / "o.profile.tsv").read_text().splitlines()
    assert len(rows) == 1 + 2 * len(ALPHAS)
    assert (tmp_path / "o.png").stat().st_size > 5000
    assert len((tmp_path / "o.tsv").read_text().splitlines()) == 3


def test_command__takes_likelihoods_alone(run_sumh2):
    path = PORTABLE / "ldak" / "likelihoods"
    status, text, _ = run_sumh2("alpha", "--likelihoods", path)
    assert status == 0
    assert "Gaussian" in text
    status, _, errors = run_sumh2("alpha", "--likelihoods", path, "--ld", "x")
    assert status == 2 and "expected one or the other" in errors
    status, _, errors = run_sumh2("alpha", "--ld", "x")
    assert status == 2 and "expected summary statistics and --ld, or --likelihoods" in errors


def test_one_chromosome__is_a_caution():
    grid = grid_tagging(2000)
    alone = replace(grid, chrom=pa.array(["7"] * 2000))
    curve = fit_alpha(align([draw_trait(grid)], alone), n_blocks=40).curves[0]
    assert curve.status == "caution"
    assert "one chromosome: the LD scores are of chromosome 7 alone" in curve.why
