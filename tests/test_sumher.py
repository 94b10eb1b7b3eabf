"""SumHer against slow plain versions of the same formulas, its symmetries, and LDAK's bugs that are not copied."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from agreement import check_digits
from conftest import PORTABLE
from hypothesis import given, settings
from hypothesis import strategies as st
from ldak_commands import h2_as_ldak, reference_runs, rg_as_ldak, tagging_at
from scipy.optimize import minimize

from ldscores.models.ldak_columns import LdakColumns
from ldscores.shared.errors import FitError, InputError
from ldscores.taggings.tagging import Tagging
from sumh2 import align, fit_sumher, fit_sumher_rg
from sumh2.kernels.block_sums import block_edges
from sumh2.kernels.jackknife import delete_block_estimates, jackknife_covariance
from sumh2.kernels.likelihood import ScaledDesign, fit_likelihood, invert_scaled
from sumh2.sumher.rows import RowRules
from sumh2.sumstats import SumStats

N_SNPS = 3000
LETTERS = np.array([[0, 1], [0, 2], [3, 1], [3, 2]], dtype=np.uint8)  # A/C A/G T/C T/G


def make_tagging(n_categories=3, seed=0, with_model=True, n_snps=N_SNPS) -> Tagging:
    """An annotation model: some members of each category, Base last."""
    rng = np.random.default_rng(seed)
    base = rng.gamma(2.0, 20.0, n_snps) + 1
    shares = rng.uniform(0.1, 0.6, n_categories - 1)
    columns = [base * share * rng.uniform(0.2, 1.8, n_snps) for share in shares] + [base]
    names = (*(f"Annotation_{place}" for place in range(1, n_categories)), "Base")
    own = np.array([*(share * n_snps for share in shares), n_snps])
    contributions = np.minimum.outer(own, own) * 0.7
    contributions[np.arange(n_categories), np.arange(n_categories)] = own
    contributions[:, -1] = own  # all members of a category are members of the Base
    contributions[-1, :] = own
    ldak = LdakColumns(contributions, own.astype(np.int64), n_snps, n_snps)
    pairs = LETTERS[rng.integers(0, 4, n_snps)]
    return Tagging(
        snp=pa.array([f"rs{place}" for place in range(n_snps)]),
        chrom=pa.array(np.repeat(["1", "2"], [n_snps // 2, n_snps - n_snps // 2])),
        bp=np.concatenate([np.arange(n_snps // 2), np.arange(n_snps - n_snps // 2)]) * 1000,
        tagging=np.column_stack(columns), names=names, m=own,
        regression_tagging=rng.gamma(3.0, 2.0, n_snps), a1=pairs[:, 0].copy(), a2=pairs[:, 1].copy(),
        ldak=ldak if with_model else None,
    )  # fmt: skip


def simulate_trait(tagging, tau, seed=1, n=None, scaling=1.0, a=0.0, name="trait") -> SumStats:
    """Statistics that are exactly E_j times a chi-square, independent."""
    rng = np.random.default_rng(seed)
    n = rng.uniform(4000, 10_000, len(tagging)) if n is None else n
    expected = scaling * (1 + n * a + n * (tagging.tagging @ np.asarray(tau)))
    z = rng.standard_normal(len(tagging)) * np.sqrt(np.maximum(expected, 0.05))
    return SumStats(name, tagging.snp, z, n, tagging.a1, tagging.a2)


TAU = np.array([4e-5, 2e-5, 6e-5])


def plain_logl(theta, x, chi2, weights):
    """The weighted log likelihood, term by term (SPEC-LDAK 6.2)."""
    total = 0.0
    for row, s, w in zip(x, chi2, weights, strict=True):
        e = 1 + sum(coef * value for coef, value in zip(theta, row, strict=True))
        e = e if e > 0 else 1e-6
        total += w * (-s / (2 * e) - np.log(s * e) / 2 - np.log(2 * np.pi) / 2)
    return total


def vector_logl(theta, x, chi2, weights):
    e = 1 + x @ theta
    e = np.where(e > 0, e, 1e-6)
    return float(np.sum(weights * (-chi2 / (2 * e) - np.log(chi2 * e) / 2 - np.log(2 * np.pi) / 2)))


def second_derivatives(function, at, steps):
    """Central finite differences."""
    size = len(at)
    matrix = np.empty((size, size))
    unit = np.eye(size) * steps
    for i in range(size):
        for j in range(size):
            matrix[i, j] = (
                function(at + unit[i] + unit[j]) - function(at + unit[i] - unit[j])
                - function(at - unit[i] + unit[j]) + function(at - unit[i] - unit[j])
            ) / (4 * steps[i] * steps[j])  # fmt: skip
    return matrix


CONFOUNDING = {"neither": {}, "intercept": {"free_intercept": True}, "scaling": {"genomic_control": True},
               "both": {"free_intercept": True, "genomic_control": True}}  # fmt: skip


@pytest.mark.parametrize("n_categories", [1, 3])
@pytest.mark.parametrize("confounding", CONFOUNDING)
def test_fit__is_the_maximum_that_scipy_finds(n_categories, confounding):
    options = CONFOUNDING[confounding]
    tagging = make_tagging(n_categories)
    trait = simulate_trait(tagging, TAU[:n_categories], scaling=1.1 if "genomic_control" in options else 1.0, a=1e-5)
    result = fit_sumher(align([trait], tagging), tolerance=1e-11, **options)
    weights = 1 / np.maximum(tagging.regression_tagging, 1)
    n_bar = np.average(trait.n, weights=weights)
    columns = [tagging.tagging * (trait.n / n_bar)[:, None]]
    columns += [np.ones((N_SNPS, 1))] if "genomic_control" in options else []
    columns += [(trait.n / n_bar)[:, None]] if "free_intercept" in options else []
    x, chi2 = np.hstack(columns), trait.z**2

    def minus(theta):
        return -vector_logl(theta, x, chi2, weights)

    assert result.logl == pytest.approx(plain_logl(result.theta, x, chi2, weights), rel=1e-12)
    scale = np.abs(result.theta) + 1e-4
    best = minimize(lambda u: minus(u * scale), result.theta / scale * 0.8, method="BFGS", options={"gtol": 1e-9})
    best = minimize(lambda u: minus(u * scale), best.x, method="Nelder-Mead", options={"xatol": 1e-10, "fatol": 1e-12})
    assert result.logl >= -best.fun - 1e-8
    np.testing.assert_allclose(result.theta, best.x * scale, rtol=2e-5)
    hessian = second_derivatives(minus, result.theta, 1e-4 * scale)
    size = np.sqrt(np.diag(hessian))
    unit = np.outer(size, size)
    np.testing.assert_allclose(np.linalg.inv(result.theta_cov) / unit, hessian / unit, atol=2e-4)
    assert result.null_logl == pytest.approx(plain_null(chi2, weights, bool(options)), rel=1e-12)


def plain_null(chi2, weights, mean_is_free):
    e = np.average(chi2, weights=weights) if mean_is_free else 1.0
    return float(np.sum(weights * (-chi2 / (2 * e) - np.log(chi2 * e) / 2 - np.log(2 * np.pi) / 2)))


@pytest.mark.parametrize("confounding", CONFOUNDING)
def test_errors_of_every_quantity__follow_from_finite_differences(confounding):
    """The delta method by hand: every derived number as a function of theta, differentiated numerically."""
    options = CONFOUNDING[confounding]
    tagging = make_tagging(3)
    trait = simulate_trait(tagging, TAU, a=1e-5)
    result = fit_sumher(align([trait], tagging), **options)
    n_bar, s = result.n_bar, tagging.ldak.contributions
    expected = tagging.ldak.counts / tagging.ldak.n_reference
    scaling, intercept = options.get("genomic_control", False), options.get("free_intercept", False)

    def derive(theta):
        g = 1 + theta[3] if scaling else 1.0
        tau = theta[:3] / (g * n_bar)
        component = tau * np.diag(s)
        category = np.array([sum(tau[k] * s[k, q] for k in range(3)) for q in range(3)])
        h2 = component.sum()
        return np.concatenate([
            tau, component, component / h2, category, category / h2, category / h2 / expected,
            category - expected * h2, [h2, g, 1 + theta[-1] / g if intercept else 1.0],
        ])  # fmt: skip

    steps = 1e-5 * (np.abs(result.theta) + 1e-3)
    jacobian = np.column_stack([
        (derive(result.theta + step) - derive(result.theta - step)) / (2 * size)
        for step, size in zip(np.diag(steps), steps, strict=True)
    ])  # fmt: skip
    errors = np.sqrt(np.diag(jacobian @ result.theta_cov @ jacobian.T))
    partition = result.partition
    ours = np.concatenate([
        np.sqrt(np.diag(partition.tau_cov)), partition.component_h2.se, partition.component_share.se,
        partition.category_h2.se, partition.category_share.se, partition.enrichment.se, partition.excess.se,
        [result.h2_se, np.nan_to_num(result.scaling_se), np.nan_to_num(result.intercept_se)],
    ])  # fmt: skip
    np.testing.assert_allclose(ours, errors, rtol=1e-5, atol=1e-9)
    values = np.concatenate([
        partition.tau, partition.component_h2.value, partition.component_share.value, partition.category_h2.value,
        partition.category_share.value, partition.enrichment.value, partition.excess.value,
        [result.h2, result.scaling, result.intercept],
    ])  # fmt: skip
    np.testing.assert_allclose(values, derive(result.theta), rtol=1e-10, atol=1e-15)


def test_jackknife__is_one_least_squares_step_without_each_block():
    tagging = make_tagging(3)
    trait = simulate_trait(tagging, TAU)
    result = fit_sumher(align([trait], tagging), n_blocks=30, free_intercept=True)
    x = np.column_stack([tagging.tagging, np.ones(N_SNPS)]) * (trait.n / result.n_bar)[:, None]
    expected = 1 + x @ result.theta
    weights = 1 / np.maximum(tagging.regression_tagging, 1) / expected**2
    values = []
    for block in range(30):
        kept = np.ones(N_SNPS, dtype=bool)
        kept[block * N_SNPS // 30 : (block + 1) * N_SNPS // 30] = False
        root = np.sqrt(weights[kept])
        theta = np.linalg.lstsq(x[kept] * root[:, None], (trait.z[kept] ** 2 - 1) * root, rcond=None)[0]
        values.append((theta[:3] / result.n_bar) @ np.diag(tagging.ldak.contributions))
    # LDAK's formula, with the mean of the delete values in its centre.
    se = np.sqrt(29 * (np.mean(np.square(values)) - np.mean(values) ** 2))
    assert result.h2_jackknife_se == pytest.approx(se, rel=1e-8)
    np.testing.assert_allclose(result.delete_values, values, rtol=1e-8)
    assert result.h2_z == pytest.approx(result.h2 / result.h2_jackknife_se)


@given(st.integers(2, 40), st.integers(1, 4), st.integers(0, 1000), st.floats(-5, 5))
@settings(max_examples=30, deadline=None)
def test_ldaks_jackknife_error__is_that_of_pseudo_values(n_blocks, n_coefs, seed, estimate):
    """cov(pseudo-values) / B = (B - 1) (mean of squares - square of mean) of the delete values, whatever the estimate."""
    delete = np.random.default_rng(seed).normal(size=(n_blocks, n_coefs))
    ldaks = (n_blocks - 1) * ((delete**2).mean(axis=0) - delete.mean(axis=0) ** 2)
    ours = np.diag(jackknife_covariance(np.full(n_coefs, estimate), delete))
    np.testing.assert_allclose(ours, ldaks, rtol=1e-9, atol=1e-12)


def test_blocks__are_ldaks():
    for n_snps, n_blocks in ((3289, 200), (23_700, 200), (1_100_003, 200), (17, 5)):
        assert block_edges(n_snps, n_blocks).tolist() == [p * n_snps // n_blocks for p in range(n_blocks + 1)]


def test_design__is_never_formed_but_gives_its_rows():
    tagging = make_tagging(3)
    scale = np.linspace(0.5, 1.5, N_SNPS)
    design = ScaledDesign(tagging.tagging, scale, constant=True, scaled_constant=True)
    whole = np.column_stack([tagging.tagging * scale[:, None], np.ones(N_SNPS), scale])
    assert design.shape == whole.shape
    np.testing.assert_array_equal(design[10:20], whole[10:20])
    theta = np.arange(1.0, 6.0)
    np.testing.assert_allclose(design.predict(theta), whole @ theta)


def test_inverse_of_a_singular_matrix__leaves_its_null_space_out():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(50, 3))
    x = np.column_stack([x, x[:, 0] + x[:, 1]])
    gram = x.T @ x
    inverse = invert_scaled(gram)
    np.testing.assert_allclose(gram @ inverse @ gram, gram, atol=1e-9)
    full = gram[:3, :3]
    np.testing.assert_allclose(invert_scaled(full), np.linalg.inv(full), rtol=1e-10)


def test_a_bad_start__is_left_by_halved_steps_and_single_coefficients():
    """From far away full steps lower the likelihood; the maximum is found all the same."""
    tagging = make_tagging(2)
    trait = simulate_trait(tagging, TAU[:2])
    weights = 1 / np.maximum(tagging.regression_tagging, 1)
    design = ScaledDesign(tagging.tagging, np.ones(N_SNPS), scaled_constant=True)
    best = fit_likelihood(design, trait.z**2, weights, tolerance=1e-10)
    for start in ([1.0, 0.5, 50.0], [0.0, 0.5, 0.0], [0.02, 0.0, 3.0]):
        other = fit_likelihood(design, trait.z**2, weights, start=np.array(start), tolerance=1e-10)
        assert other.converged
        assert other.logl == pytest.approx(best.logl, abs=1e-7)


def test_few_iterations__are_told():
    tagging = make_tagging(3)
    result = fit_sumher(align([simulate_trait(tagging, TAU)], tagging), max_iter=1)
    assert not result.converged and result.status == "unusable" and "not converged" in result.why
    assert np.isnan(result.h2_se)


# ---------------------------------------------------------------------------------------------------------------------
# Truth: statistics that follow the model


def test_estimates__are_unbiased_and_the_model_based_error_is_right_without_ld():
    """With independent statistics and weights of 1 the likelihood is a real one: its errors must be true."""
    tagging = replace(make_tagging(2), regression_tagging=np.ones(N_SNPS))
    tau = np.array([4e-5, 3e-5])
    truth = float(tau @ np.diag(tagging.ldak.contributions))
    results = [fit_sumher(align([simulate_trait(tagging, tau, seed)], tagging)) for seed in range(60)]
    h2 = np.array([result.h2 for result in results])
    mean_se = np.mean([result.h2_se for result in results])
    assert abs(h2.mean() - truth) < 3 * mean_se / np.sqrt(60)
    assert 0.75 < h2.std(ddof=1) / mean_se < 1.3
    assert 0.75 < np.mean([result.h2_jackknife_se for result in results]) / mean_se < 1.3


def test_right_model__has_the_higher_likelihood():
    tagging = make_tagging(2)
    rng = np.random.default_rng(9)
    other = replace(tagging, tagging=tagging.tagging[rng.permutation(N_SNPS)])
    better = 0
    for seed in range(10):
        trait = simulate_trait(tagging, [4e-5, 3e-5], seed)
        right, wrong = (fit_sumher(align([trait], one)) for one in (tagging, other))
        better += right.logl > wrong.logl and right.aic < wrong.aic
    assert better == 10


def test_confounding__is_found_in_the_term_that_made_it():
    tagging = make_tagging(1, n_snps=20_000)
    by_size = simulate_trait(tagging, [6e-5], a=3e-5, seed=3)
    result = fit_sumher(align([by_size], tagging), free_intercept=True)
    assert abs(result.intercept - (1 + result.n_bar * 3e-5)) < 3 * result.intercept_se
    multiplied = simulate_trait(tagging, [6e-5], scaling=1.3, seed=4)
    result = fit_sumher(align([multiplied], tagging), genomic_control=True)
    assert abs(result.scaling - 1.3) < 3 * result.scaling_se
    # With one sample size the two cannot be told apart: same likelihood, another heritability.
    same_n = simulate_trait(tagging, [6e-5], n=np.full(20_000, 6000.0), a=3e-5, seed=5)
    first, second = (
        fit_sumher(align([same_n], tagging), **{term: True}) for term in ("free_intercept", "genomic_control")
    )
    assert first.logl == pytest.approx(second.logl, abs=1e-3)
    assert first.intercept == pytest.approx(second.scaling, rel=1e-3)
    assert first.h2 == pytest.approx(second.h2 * second.scaling, rel=1e-3)


# ---------------------------------------------------------------------------------------------------------------------
# Symmetries


@given(seed=st.integers(0, 10_000), factor=st.floats(0.1, 10), n_factor=st.floats(0.2, 5))
@settings(max_examples=15, deadline=None)
def test_fit__does_not_depend_on_units_or_counted_alleles(seed, factor, n_factor):
    tagging = make_tagging(2, seed=seed % 7)
    trait = simulate_trait(tagging, TAU[:2], seed)
    options = {"tolerance": 1e-10}
    original = fit_sumher(align([trait], tagging, ambiguous="letters"), **options)
    swapped = np.random.default_rng(seed).random(N_SNPS) < 0.5
    flipped = replace(
        trait, z=np.where(swapped, -trait.z, trait.z),
        a1=np.where(swapped, trait.a2, trait.a1), a2=np.where(swapped, trait.a1, trait.a2),
    )  # fmt: skip
    assert fit_sumher(align([flipped], tagging, ambiguous="letters"), **options).h2 == original.h2
    scaled = tagging.tagging.copy()
    scaled[:, 0] *= factor
    contributions = tagging.ldak.contributions.copy()
    contributions[0] *= factor
    other_unit = replace(tagging, tagging=scaled, ldak=replace(tagging.ldak, contributions=contributions))
    result = fit_sumher(align([trait], other_unit), **options)
    assert result.h2 == pytest.approx(original.h2, rel=1e-6)
    np.testing.assert_allclose(result.partition.enrichment.value, original.partition.enrichment.value, rtol=1e-5)
    larger = fit_sumher(align([replace(trait, n=trait.n * n_factor)], tagging), **options)
    assert larger.h2 * n_factor == pytest.approx(original.h2, rel=1e-6)
    assert larger.h2_jackknife_se * n_factor == pytest.approx(original.h2_jackknife_se, rel=1e-5)


def test_a_trait_with_itself__correlates_perfectly():
    tagging = make_tagging(2)
    trait = simulate_trait(tagging, TAU[:2], n=np.full(N_SNPS, 8000.0))
    aligned = align([trait, replace(trait, trait="again")], tagging, ambiguous="letters")
    (pair,) = fit_sumher_rg(aligned, tolerance=1e-9).pairs
    # Products are regressed about 0, statistics about 1: the constants are the same number.
    assert pair.rg == pytest.approx(1, abs=1e-6)
    assert pair.gcov_int == pytest.approx(pair.h2_int_1, abs=1e-6)
    assert "same data" in pair.why


def test_pairs__do_not_depend_on_their_order_or_on_the_sign_of_a_trait():
    tagging = make_tagging(2)
    first, second = simulate_trait(tagging, TAU[:2], 1, name="a"), simulate_trait(tagging, TAU[:2], 2, name="b")
    second = replace(second, z=0.7 * second.z + 0.6 * first.z)
    (pair,) = fit_sumher_rg(align([first, second], tagging, ambiguous="letters")).pairs
    (other,) = fit_sumher_rg(align([second, first], tagging, ambiguous="letters")).pairs
    assert (pair.rg, pair.rg_se) == pytest.approx((other.rg, other.rg_se), rel=1e-9)
    turned = replace(second, z=-second.z)
    (negative,) = fit_sumher_rg(align([first, turned], tagging, ambiguous="letters")).pairs
    assert negative.rg == pytest.approx(-pair.rg, rel=1e-9)


# ---------------------------------------------------------------------------------------------------------------------
# LDAK's bugs, each with the right number from elsewhere


def words(text):
    return {line.split()[0]: line.split()[1:] for line in text.splitlines()}


CONFOUNDED = ("genomic-control", "intercept")
BUGGY_Z = [
    run for run in reference_runs("sum-hers")
    if run.folder == PORTABLE and run.out.startswith("ldak/bld.1.")
    and any(option in run.options for option in CONFOUNDED)
]  # fmt: skip


@pytest.mark.parametrize("run", BUGGY_Z, ids=[run.name for run in BUGGY_Z])
def test_enrichment_z__is_right_where_ldak_reads_past_an_array(run):
    """SPEC-LDAK, section 11, bug 1: the variance of the excess from LDAK's own taus and their covariances."""
    result = h2_as_ldak(run)
    taus = np.array([[float(word) for word in line] for line in list(words(run.text("taus")).values())[1:]])
    tau, covariance = taus[:, 0], taus[:, 1:]
    ldak = tagging_at(run.path(run.options["tagfile"])).ldak
    s, expected = ldak.contributions, ldak.counts / ldak.n_reference
    printed = words(run.text("enrich"))
    for q, (name, line) in enumerate(list(printed.items())[1:]):
        gradient = s[:, q] - expected[q] * np.diag(s)
        excess, variance = tau @ gradient, gradient @ covariance @ gradient
        if expected[q] == 1:
            assert np.isnan(result.partition.enrichment_z(jackknife=False)[q])
            continue
        right = excess / np.sqrt(variance)
        ours = result.partition.enrichment_z(jackknife=False)[q]
        assert ours == pytest.approx(right, rel=1e-4), name
        category_se = np.sqrt(s[:, q] @ covariance @ s[:, q])
        assert float(line[-1]) == pytest.approx(excess / category_se, rel=1e-4)  # LDAK's number, explained
        assert abs(ours - float(line[-1])) > 0.01


@pytest.mark.shared
def test_correlation_error__exists_where_ldak_prints_nan():
    """A heritability is not positive in some jackknife samples: the error comes from the joint covariance instead."""
    (run,) = [run for run in reference_runs("sum-cors") if run.name == "human/cors/bld"]
    (pair,) = rg_as_ldak(run).pairs
    assert words(run.text("cors"))["Cor_All"][1] == "-nan"
    h1, h2, g = pair.h2_1, pair.h2_2, pair.gcov
    covariance = jackknife_covariance(np.array([h1, h2, g]), pair.delete_values)
    step = 1e-6
    gradient = [
        ((g + c) / np.sqrt((h1 + a) * (h2 + b)) - (g - c) / np.sqrt((h1 - a) * (h2 - b))) / (2 * step)
        for a, b, c in np.eye(3) * step
    ]
    assert pair.rg_se == pytest.approx(np.sqrt(gradient @ covariance @ gradient), rel=1e-5)
    assert "SE by delta method" in pair.why


def test_given_taus__need_no_flags_and_give_back_their_likelihood():
    """SPEC-LDAK, section 11, bug 6: --taus without --genomic-control and --intercept stops with a wrong row count."""
    tagging = make_tagging(3)
    aligned = align([simulate_trait(tagging, TAU)], tagging)
    fitted = fit_sumher(aligned)
    evaluated = fit_sumher(aligned, tau=fitted.tau)
    assert evaluated.logl == pytest.approx(fitted.logl, rel=1e-12)
    assert evaluated.h2 == pytest.approx(fitted.h2, rel=1e-12)
    assert np.isnan(evaluated.h2_se) and np.isnan(evaluated.h2_jackknife_se)
    with pytest.raises(InputError, match="expected one value a category"):
        fit_sumher(aligned, tau=[1e-5])


# ---------------------------------------------------------------------------------------------------------------------
# LD scores, rules and messages


def test_ld_scores__are_taggings_of_the_gcta_model():
    with_model = make_tagging(1)
    ld_scores = replace(make_tagging(1, with_model=False), m_5_50=np.array([float(N_SNPS)]))
    trait = simulate_trait(with_model, TAU[:1])
    first, second = (fit_sumher(align([trait], one)) for one in (with_model, ld_scores))
    assert first.h2 == second.h2 and first.partition.enrichment.value == pytest.approx([1])
    assert "LD scores: taken as taggings of the GCTA model" in second.why
    assert "LD scores: taken" not in first.why
    assert fit_sumher(align([trait], ld_scores), m=2.0 * N_SNPS).h2 == pytest.approx(2 * first.h2)
    with pytest.raises(InputError, match="brings the sums of its heritability model, expected no totals"):
        fit_sumher(align([trait], with_model), m="M")


def test_ld_scores_with_overlap__give_enrichments_as_a_model_does():
    model = make_tagging(3)
    s, counts = model.ldak.contributions, model.ldak.counts.astype(float)
    ld_scores = replace(
        model, ldak=None, m_5_50=np.diag(s).copy(), overlap_5_50=(s + s.T) / 2, n_reference_5_50=N_SNPS
    )  # fmt: skip
    trait = simulate_trait(model, TAU)
    first, second = (fit_sumher(align([trait], one)) for one in (model, ld_scores))
    np.testing.assert_allclose(first.partition.category_h2.value, second.partition.category_h2.value, rtol=1e-12)
    np.testing.assert_allclose(second.partition.expected, np.diag(s) / N_SNPS)
    assert counts[-1] == N_SNPS
    without = replace(ld_scores, overlap_5_50=None, n_reference_5_50=None)
    third = fit_sumher(align([trait], without))
    assert third.h2 == first.h2 and np.isnan(third.partition.enrichment.value).all()


def test_rules__leave_out_truncate_and_replace():
    tagging = make_tagging(2)
    trait = simulate_trait(tagging, TAU[:2])
    z = trait.z.copy()
    z[:3], z[3] = 60.0, 0.0
    trait = replace(trait, z=z)
    aligned = align([trait], tagging)
    result = fit_sumher(aligned, rules=RowRules(cutoff=0.05))
    share = z**2 / (z**2 + trait.n)
    assert result.n_snps == int((share < 0.05).sum()) <= N_SNPS - 3
    assert result.n_with_statistics == N_SNPS
    assert [step.removed for step in result.steps][-1] == N_SNPS - result.n_snps
    truncated = fit_sumher(aligned, rules=RowRules(truncate=30.0))
    assert truncated.max_chi2 == 30 and truncated.n_snps == N_SNPS
    assert "outliers" in fit_sumher(aligned).why and "--truncate 80" in fit_sumher(aligned).why
    assert "outliers" not in truncated.why
    doubled = fit_sumher(aligned, rules=RowRules(chisq_factor=2.0))
    assert doubled.mean_chi2 == pytest.approx(2 * fit_sumher(aligned).mean_chi2, rel=1e-6)
    for rules, message in (
        (RowRules(cutoff=30.0), "--cutoff: found 30, expected a share"),
        (RowRules(truncate=-1.0), "--truncate: found -1, expected a positive number"),
        (RowRules(chisq_factor=0.0), "--chisq-factor: found 0"),
    ):
        with pytest.raises(InputError, match=message):
            fit_sumher(aligned, rules=rules)


def test_missing_statistics__are_counted_or_refused():
    tagging = make_tagging(2)
    trait = simulate_trait(tagging, TAU[:2])
    rows = np.arange(N_SNPS) % 4 != 0
    part = SumStats(
        "part", trait.snp.filter(pa.array(rows)), trait.z[rows], trait.n[rows], trait.a1[rows], trait.a2[rows]
    )
    result = fit_sumher(align([part], tagging))
    assert (result.n_snps, result.n_tagging_snps) == (2250, 3000)
    assert "statistics missing: 25% of the tagging's SNPs" in result.why
    with pytest.raises(InputError, match="found summary statistics for 2250 of the 3000 SNPs"):
        fit_sumher(align([part], tagging), rules=RowRules(check_sums=True))


def test_collinear_categories__are_named():
    tagging = make_tagging(3)
    columns = tagging.tagging.copy()
    columns[:, 1] = 2 * columns[:, 0]
    with pytest.raises(FitError, match="collinear.*Annotation_1, Annotation_2"):
        fit_sumher(align([simulate_trait(tagging, TAU)], replace(tagging, tagging=columns)))


@pytest.mark.parametrize("spread", [0.0, 1.0])
def test_intercept_beside_genomic_control__needs_sample_sizes_that_vary(spread):
    """One n, and one person less for a single SNP, of which a jackknife of the scaling once had an SE of a million."""
    tagging = make_tagging()
    n = np.full(len(tagging), 9000.0)
    n[0] -= spread
    aligned = align([simulate_trait(tagging, TAU, n=n)], tagging)
    with pytest.raises(FitError, match="only an n that varies tells the two apart"):
        fit_sumher(aligned, free_intercept=True, genomic_control=True)
    pair = align([simulate_trait(tagging, TAU, n=n, seed=seed, name=f"t{seed}") for seed in (1, 2)], tagging)
    row = fit_sumher_rg(pair, free_intercept=True, genomic_control=True).pairs[0]
    assert row.status == "unusable" and "only an n that varies" in row.why
    for term in ("free_intercept", "genomic_control"):
        assert np.isfinite(fit_sumher(aligned, **{term: True}).h2_jackknife_se)


def test_constant_tagging__is_no_intercept():
    tagging = make_tagging()
    flat = replace(tagging, tagging=np.full((len(tagging), 1), 12.0), names=("Base",), ldak=None, m=np.array([3000.0]))
    aligned = align([simulate_trait(tagging, TAU)], flat)
    with pytest.raises(FitError, match="collinear.*they are Base, intercept"):
        fit_sumher(aligned, free_intercept=True, m=3000.0)


def test_a_model_at_several_alphas__is_sent_to_its_profile():
    tagging = make_tagging()
    columns = np.column_stack([tagging.tagging[:, -1] * factor for factor in (1.0, 1.1, 1.2)])
    grid = replace(tagging, tagging=columns, names=("Base[-1]", "Base[-0.95]", "Base[-0.9]"))
    aligned = align([simulate_trait(tagging, TAU, seed=seed, name=f"t{seed}") for seed in (1, 2)], grid)
    with pytest.raises(InputError, match="found a model at 3 alphas.*sumh2 alpha"):
        fit_sumher(aligned)
    with pytest.raises(InputError, match="found a model at 3 alphas.*sumh2 alpha"):
        fit_sumher_rg(aligned)


def test_options__that_make_no_sense_are_refused():
    tagging = make_tagging(2)
    aligned = align([simulate_trait(tagging, TAU[:2])], tagging)
    for options, message in (
        ({"solver": "magic"}, "solver: found 'magic', expected likelihood"),
        ({"start": ["nothing"]}, "start: found the category 'nothing', expected some of Annotation_1"),
        ({"start": "zero"}, "start: found 'zero', expected auto"),
        ({"trait": 3}, "trait: found 3"),
        ({"n_blocks": 1}, "--n-blocks: found 1"),
        ({"tolerance": 0.0}, "tolerance: found 0"),
    ):
        with pytest.raises(InputError, match=message):
            fit_sumher(aligned, **options)


def test_weak_studies__are_judged():
    tagging = make_tagging(3)
    null = simulate_trait(tagging, [0, 0, 0], seed=8)
    result = fit_sumher(align([null], tagging))
    assert result.status in ("caution", "unusable")
    assert "weak power" in result.why or "negative h2" in result.why
    negative = simulate_trait(tagging, [-3e-5, 1e-4, 2e-5], seed=8)
    assert (
        "negative category" in fit_sumher(align([negative], tagging)).why
        or (fit_sumher(align([negative], tagging)).partition.category_h2.value > 0).all()
    )


def test_pair_without_common_snps__is_a_row_with_its_reason():
    tagging = make_tagging(1)
    trait = simulate_trait(tagging, TAU[:1], name="a")
    half = N_SNPS // 2

    def part(name, rows):
        return SumStats(name, trait.snp[rows], trait.z[rows], trait.n[rows], trait.a1[rows], trait.a2[rows])

    traits = [part("a", slice(0, half)), part("b", slice(half, None))]
    (pair,) = fit_sumher_rg(align(traits, tagging, ambiguous="letters")).pairs
    assert pair.status == "unusable" and "share no SNP" in pair.why and np.isnan(pair.rg)


def test_result__has_a_table_a_record_and_a_report(tmp_path):
    tagging = make_tagging(3)
    trait = simulate_trait(tagging, TAU).with_prevalences(0.5, 0.01)
    result = fit_sumher(align([trait], tagging), free_intercept=True)
    report = str(result)
    for text in ("SE (likelihood)", "SE (jackknife)", "loglSS", "intercept at mean n", "h2 (liability scale)", "Base"):
        assert text in report
    table, record = result.save(tmp_path / "x")
    assert "h2_jackknife_se" in table.read_text() and "enrichment_jackknife_se" in record.read_text()
    frame = result.to_frame()
    assert frame["h2_liab"][0] == pytest.approx(result.h2 * 0.5519, rel=1e-3)
    check_digits(frame["h2"][0], result.h2, 15, "SumHer table")


def test_block_sums__read_a_design_that_is_not_in_memory():
    from sumh2.kernels.block_sums import weighted_block_sums

    tagging = make_tagging(3)
    design = ScaledDesign(tagging.tagging, np.linspace(0.5, 1.5, N_SNPS), scaled_constant=True)
    rng = np.random.default_rng(0)
    response, weights = rng.normal(size=N_SNPS), rng.random(N_SNPS)
    edges = block_edges(N_SNPS, 20)
    lazy, whole = (weighted_block_sums(x, response, weights, edges) for x in (design, design[0:N_SNPS]))
    np.testing.assert_array_equal(delete_block_estimates(lazy), delete_block_estimates(whole))
