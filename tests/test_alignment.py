"""Traits on one SNP order and one orientation."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from agreement import check_digits
from hypothesis import given, settings
from hypothesis import strategies as st

from ldscores.shared.alleles import encode_alleles
from ldscores.shared.errors import FitError, InputError
from ldscores.taggings.tagging import Tagging
from sumh2 import SumStats, align, fit_h2, fit_rg

N_SNPS = 2400
UNAMBIGUOUS = [("A", "C"), ("A", "G"), ("C", "A"), ("G", "T"), ("T", "C"), ("T", "G")]


def tagging(**changes) -> Tagging:
    rng = np.random.default_rng(3)
    ld = rng.gamma(1.5, 30, N_SNPS) + 1
    columns = {
        "snp": pa.array([f"rs{i}" for i in range(N_SNPS)]),
        "chrom": pa.array(["1"] * N_SNPS),
        "bp": np.arange(N_SNPS, dtype=np.int64) * 1000,
        "tagging": ld[:, None],
        "names": ("L2",),
        "m_5_50": np.array([60_000.0]),
    }
    return Tagging(**(columns | changes))


def trait(name="a", seed=1, overlap_with=None) -> SumStats:
    rng = np.random.default_rng(seed)
    ld = tagging().tagging[:, 0]
    z = rng.normal(size=N_SNPS) * np.sqrt(1 + 50_000 * 0.5 * ld / 60_000)
    if overlap_with is not None:
        z = 0.6 * overlap_with.z + 0.8 * z
    pairs = np.array(UNAMBIGUOUS)[np.arange(N_SNPS) % len(UNAMBIGUOUS)]
    return SumStats(
        name,
        pa.array([f"rs{i}" for i in range(N_SNPS)]),
        z,
        np.full(N_SNPS, 50_000.0),
        a1=encode_alleles(pa.array(pairs[:, 0])),
        a2=encode_alleles(pa.array(pairs[:, 1])),
    )


def swapped(original: SumStats, rows) -> SumStats:
    """The same study with the alleles of some rows exchanged and their effects negated."""
    a1, a2 = original.a1.copy(), original.a2.copy()
    a1[rows], a2[rows] = original.a2[rows], original.a1[rows]
    return replace(original, a1=a1, a2=a2, z=np.where(rows, -original.z, original.z))


def flipped(original: SumStats, rows) -> SumStats:
    """The same study with some rows on the other strand."""
    return replace(
        original, a1=np.where(rows, 3 - original.a1, original.a1), a2=np.where(rows, 3 - original.a2, original.a2)
    )


seeds = st.integers(0, 2**32 - 1)


def some_rows(seed):
    return np.random.default_rng(seed).random(N_SNPS) < 0.5


@settings(max_examples=20, deadline=None)
@given(seeds, seeds)
def test_swapping_alleles_and_strands__changes_no_estimate(swap_seed, flip_seed):
    swap, flip = some_rows(swap_seed), some_rows(flip_seed)
    first = trait("a")
    second = trait("b", 2, overlap_with=first)
    plain = fit_rg(align([first, second], tagging())).pairs[0]
    other = fit_rg(align([first, flipped(swapped(second, swap), flip)], tagging())).pairs[0]
    assert other.n_snps == N_SNPS
    for name in ("rg", "rg_se", "gcov_int", "h2_2"):
        check_digits(getattr(other, name), getattr(plain, name), 12, name)


@settings(max_examples=20, deadline=None)
@given(seeds)
def test_order_of_rows_in_the_file__changes_nothing(seed):
    order = np.random.default_rng(seed).permutation(N_SNPS)
    original = trait()
    shuffled = replace(
        original, snp=original.snp.take(pa.array(order)), z=original.z[order], n=original.n[order],
        a1=original.a1[order], a2=original.a2[order],
    )  # fmt: skip
    aligned, other = align([original], tagging()), align([shuffled], tagging())
    assert (aligned.z == other.z).all()
    assert fit_h2(aligned).h2 == fit_h2(other).h2


def test_missing_snps__are_nan_and_every_pair_uses_its_own():
    first, second = trait("a"), trait("b", 2)
    some = np.arange(N_SNPS) % 3 > 0
    half = replace(
        second, snp=second.snp.filter(pa.array(some)), z=second.z[some], n=second.n[some], a1=second.a1[some],
        a2=second.a2[some],
    )  # fmt: skip
    aligned = align([first, half], tagging())
    assert np.isnan(aligned.z[:, 1]).sum() == (~some).sum()
    assert fit_rg(aligned).pairs[0].n_snps == some.sum()
    assert fit_h2(aligned, trait=0).n_snps == N_SNPS


def test_ambiguous_and_mismatched_alleles__are_dropped_and_counted():
    first, second = trait("a"), trait("b", 2)
    a1, a2 = second.a1.copy(), second.a2.copy()
    a1[:160], a2[:160] = 0, 3  # A/T
    second = replace(second, a1=a1, a2=a2)
    pair = fit_rg(align([first, second], tagging())).pairs[0]
    assert (pair.n_shared, pair.n_snps) == (N_SNPS, N_SNPS - 160)
    assert "alleles differ: 7%" in pair.why
    # An ambiguous SNP still counts for a heritability.
    assert fit_h2(align([second], tagging())).n_snps == N_SNPS


def test_alleles_of_the_reference__drop_other_variants():
    original = trait()
    reference = tagging(a1=original.a1, a2=np.where(np.arange(N_SNPS) < 10, 3 - original.a1, original.a2).astype("u1"))
    steps = fit_h2(align([original], reference)).steps
    assert any(step.what == "with the alleles of the LD reference" for step in steps)
    other_variant = np.where(original.a2 == 2, 1, 2).astype(np.uint8)
    other_variant = np.where(other_variant == original.a1, original.a2, other_variant)
    mismatching = align([original], tagging(a1=original.a1, a2=other_variant))
    assert mismatching.traits[0].steps[-1].removed > 0


def test_frequencies_of_another_ancestry__are_noticed():
    rng = np.random.default_rng(6)
    maf = rng.uniform(0.01, 0.5, N_SNPS)
    n = 1
    reference = tagging(
        snp=pa.array([f"rs{i}" for i in range(N_SNPS * n)]), chrom=pa.array(["1"] * N_SNPS * n),
        bp=np.arange(N_SNPS * n, dtype=np.int64), tagging=np.tile(tagging().tagging, (n, 1)), maf=np.tile(maf, n),
    )  # fmt: skip
    study = trait()
    for eaf, warned in ((1 - np.tile(maf, n), False), (rng.uniform(0.01, 0.99, N_SNPS * n), True)):
        large = SumStats("a", reference.snp, np.tile(study.z, n), np.tile(study.n, n), eaf=eaf)
        assert ("frequencies differ" in fit_h2(align([large], reference)).why) == warned


def test_weights__decide_which_snps_count():
    weights = np.where(np.arange(N_SNPS) < 100, np.nan, 5.0)
    result = fit_h2(align([trait()], tagging(regression_tagging=weights)))
    assert result.n_snps == N_SNPS - 100
    assert ("with a regression weight", 100, N_SNPS - 100) in [(s.what, s.removed, s.kept) for s in result.steps]


def test_no_weights_anywhere__is_one_message():
    with pytest.raises(InputError, match="none of them with a regression weight"):
        align([trait()], tagging(regression_tagging=np.full(N_SNPS, np.nan)))


def test_no_trait__is_one_message():
    with pytest.raises(InputError, match="no trait"):
        align([], tagging())


def test_rg_with_several_ld_scores__is_refused():
    two = tagging(
        tagging=np.column_stack([tagging().tagging[:, 0], np.arange(N_SNPS) + 1.0]), names=("a", "b"),
        m_5_50=np.array([1e4, 1e4]), regression_tagging=np.full(N_SNPS, 3.0),
    )  # fmt: skip
    with pytest.raises(InputError, match="2 LD scores.*expected one"):
        fit_rg(align([trait(), trait("b", 2)], two))


def test_a_pair_that_cannot_be_fitted__is_a_row_with_its_reason():
    first, second, third = trait("a"), trait("b", 2), trait("c", 3)
    few = np.arange(N_SNPS) < 2
    third = replace(
        third, snp=third.snp.filter(pa.array(few)), z=third.z[few], n=third.n[few], a1=third.a1[few], a2=third.a2[few]
    )
    result = fit_rg(align([first, second, third], tagging()))
    assert [pair.status == "unusable" for pair in result.pairs] == [False, True, True]
    assert "no fit" in result.pairs[1].why and np.isnan(result.pairs[1].rg)
    assert result.to_frame().shape[0] == 3 and "NA" in str(result)


def test_rg_outside_one__is_reported_as_it_is():
    first = trait("a")
    # Less heritability than the covariance asks for: the same z on top of more noise, with n overstated.
    second = replace(first, trait="b", n=first.n * 3)
    pair = fit_rg(align([first, second], tagging())).pairs[0]
    assert pair.rg == pytest.approx(1, abs=0.02)
    rng = np.random.default_rng(8)
    found = []
    for seed in range(6):
        noise = rng.normal(size=N_SNPS)
        other = replace(first, trait="b", z=first.z * 0.5 + noise * (1 + 0.02 * seed))
        found.append(fit_rg(align([first, other], tagging()), intercept=[1.0, 1.6]).pairs[0])
    beyond = [pair for pair in found if pair.rg > 1]
    assert beyond
    for pair in beyond:
        assert np.isfinite(pair.rg_se) and "rg outside ±1" in pair.why and pair.status == "caution"


def test_impossible_fixed_intercept__is_a_fit_error():
    with pytest.raises(FitError, match="weight is not positive"):
        # (a1 + h1 s)(a2 + h2 s) is negative when one intercept is very negative and the other is not.
        pair = fit_rg(align([trait(), trait("b", 2)], tagging()), intercept=[-1e6, 1.0]).pairs[0]
        raise FitError(pair.why)


def test_ambiguous_snps__count_for_h2_as_if_there_were_no_alleles():
    original = trait()
    ambiguous = replace(original, a1=np.zeros(N_SNPS, np.uint8), a2=np.full(N_SNPS, 3, np.uint8))
    bare = replace(original, a1=None, a2=None)
    results = [fit_h2(align([each], tagging())) for each in (original, ambiguous, bare)]
    assert results[0].h2 == results[1].h2 == results[2].h2
    assert results[0].mean_chi2 == pytest.approx(float((original.z**2).mean()))


def test_snps_ambiguous_in_both_traits__are_dropped_from_the_pair():
    first, second = trait("a"), trait("b", 2)
    a1, a2 = first.a1.copy(), first.a2.copy()
    a1[:30], a2[:30] = 1, 2  # C/G in both studies
    pair = fit_rg(align([replace(first, a1=a1, a2=a2), replace(second, a1=a1, a2=a2)], tagging())).pairs[0]
    assert pair.n_snps == N_SNPS - 30


def test_cutoffs__leave_out_the_snp_that_stands_on_them():
    original = trait()
    z = np.clip(original.z, -2.9, 2.9)
    z[5], z[6] = 3.0, -3.0
    aligned = align([replace(original, z=z), replace(trait("b", 2), z=np.ones(N_SNPS) + 0.1 * original.z)], tagging())
    assert fit_h2(aligned, chisq_max=9.0).n_snps == N_SNPS - 2
    steps = {step.what: step.kept for step in fit_h2(aligned, two_step=9.0).steps}
    assert steps["in step 1, chi2 below 9"] == N_SNPS - 2
    product = np.abs(aligned.z[:, 0] * aligned.z[:, 1])
    limit = np.sort(product)[-3]
    assert fit_rg(aligned, chisq_max=float(limit)).pairs[0].n_snps == N_SNPS - 3


def test_step_one__leaves_out_the_snp_that_stands_on_the_cutoff():
    rng = np.random.default_rng(4)
    original = replace(trait(), z=np.clip(rng.normal(size=N_SNPS), -2.9, 2.9))
    on_it, beyond = original.z.copy(), original.z.copy()
    on_it[7], beyond[7] = 3.0, 3.0000001
    intercepts = [fit_h2(align([replace(original, z=z)], tagging()), two_step=9.0).intercept for z in (on_it, beyond)]
    assert intercepts[0] == pytest.approx(intercepts[1], rel=1e-6)


def test_delta_method__agrees_with_the_ratio_jackknife_on_good_data():
    from sumh2.kernels.jackknife import first_order_correlation_se

    first = trait("a")
    pair = fit_rg(align([first, trait("b", 2, overlap_with=first)], tagging())).pairs[0]
    estimate = np.array([fit.total for fit in pair.fits])
    delete_values = np.column_stack([fit.total_delete for fit in pair.fits])
    assert first_order_correlation_se(estimate, delete_values) == pytest.approx(pair.rg_se, rel=0.05)


def test_weights__clip_heritabilities_and_covariance():
    from sumh2.kernels.weights import ProductWeights, chi2_weights

    low, high = ProductWeights.of_two_traits(-1, 2, -3, 1, 1, 0), ProductWeights.of_two_traits(0, 1, -1, 1, 1, 0)
    assert low == high
    one = np.ones(3)
    assert (chi2_weights(one, one, one, 1.0, 7.0, 1.0) == chi2_weights(one, one, one, 1.0, 1.0, 1.0)).all()


def test_mean_n_and_ratio():
    original = trait()
    n = np.where(np.arange(N_SNPS) < 100, 10_000.0, 50_000.0)
    result = fit_h2(align([replace(original, n=n)], tagging()))
    assert result.n_mean == pytest.approx(n.mean())
    weak = replace(original, z=original.z / np.sqrt(2 * (original.z**2).mean()))
    result = fit_h2(align([weak], tagging()))
    assert np.isnan(result.ratio) and "no ratio" in result.why and result.mean_chi2 < 1


def test_two_step_of_a_pair_with_few_snps_below_the_cutoff__has_common_blocks():
    aligned = align([trait("a"), trait("b", 2)], tagging())
    pair = fit_rg(aligned, two_step=0.02).pairs[0]
    assert {fit.n_blocks for fit in pair.fits} == {pair.n_blocks} and pair.n_blocks < 200
    assert fit_h2(aligned, two_step=0.02).n_blocks < 200


def test_constant_z__is_a_row_not_a_crash():
    first, second = trait("a"), trait("b", 2)
    pair = fit_rg(align([first, replace(second, z=np.ones(N_SNPS))], tagging())).pairs[0]
    assert pair.status == "unusable" and pair.why


def test_same_study_twice__is_noticed():
    pair = fit_rg(align([trait("a"), replace(trait("a"), trait="b")], tagging())).pairs[0]
    assert pair.rg == pytest.approx(1, abs=0.01) and "same data" in pair.why and "outside" not in pair.why


def test_disjoint_traits__say_so():
    first, second = trait("a"), trait("b", 2)
    half = np.arange(N_SNPS) < N_SNPS // 2
    parts = [
        replace(each, snp=each.snp.filter(pa.array(rows)), z=each.z[rows], n=each.n[rows], a1=each.a1[rows],
                a2=each.a2[rows])
        for each, rows in ((first, half), (second, ~half))
    ]  # fmt: skip
    assert "share no SNP" in fit_rg(align(parts, tagging())).pairs[0].why


def test_nearly_constant_ld_scores__are_refused():
    flat = 5 + 1e-13 * (np.arange(N_SNPS) % 3)
    with pytest.raises(FitError, match="expected values that vary"):
        fit_h2(align([trait()], tagging(tagging=flat[:, None])))
    assert np.isfinite(fit_h2(align([trait()], tagging(tagging=flat[:, None])), intercept=1.0).h2)


def test_chromosomes__that_study_or_reference_lacks_are_in_the_why():
    halves = pa.array(["1"] * (N_SNPS // 2) + ["2"] * (N_SNPS // 2))
    original, both = trait(), tagging(chrom=halves)
    assert "one chromosome" not in fit_h2(align([original], both)).why
    rows = np.arange(N_SNPS) < N_SNPS // 2
    part = replace(
        original, snp=original.snp.filter(pa.array(rows)), z=original.z[rows], n=original.n[rows],
        a1=original.a1[rows], a2=original.a2[rows],
    )  # fmt: skip
    why = fit_h2(align([part], both)).why
    assert (
        "chromosomes missing: SNPs are on 1 of the 2 chromosomes of the LD scores (1): M is of all, so h2 stands" in why
    )
    assert "the LD scores are of chromosome 1 alone" in fit_h2(align([original], tagging())).why


def test_few_snps__are_told_beside_those_of_the_files():
    aligned = align([trait("a"), trait("b", 2)], tagging())
    assert f"none was lost: the file has {N_SNPS:,}" in fit_h2(aligned).why
    assert "was lost: the file of a has" in fit_rg(aligned).pairs[0].why


def test_a_file_without_alleles__is_said_to_have_none():
    bare = replace(trait("bare", 2), a1=None, a2=None)
    with_letters = tagging(a1=trait().a1, a2=trait().a2)
    for ambiguous in ("unsigned", "letters"):
        aligned = align([trait("a"), bare], with_letters, ambiguous=ambiguous)
        steps = [[step.what for step in one.steps] for one in aligned.traits]
        assert "with the alleles of the LD reference" in steps[0]
        assert steps[1][-1] == "by name alone: the file has no alleles"
        assert "with the alleles of the LD reference" not in steps[1]
    result = fit_h2(align([bare], with_letters))
    assert "by name alone: the file has no alleles" in str(result)


def test_rg__refuses_a_file_without_alleles_beside_one_that_has_them_at_every_snp():
    bare = replace(trait("bare", 2), a1=None, a2=None)
    whole = trait("a")
    sure = replace(whole, a1=np.zeros_like(whole.a1), a2=np.ones_like(whole.a2))  # no A/T, no C/G
    with pytest.raises(InputError, match="no allele columns; expected A1 and A2"):
        fit_rg(align([sure, bare], tagging()))
    trusted = fit_rg(align([sure, bare], tagging(), check_alleles=False)).pairs[0]
    assert np.isfinite(trusted.gcov), "who trusts that files count the same allele needs no letters"


def test_outliers_and_small_m__are_in_the_why():
    original = trait()
    z = original.z.copy()
    z[3] = 60.0
    aligned = align([replace(original, z=z)], tagging())
    assert "outliers: the largest chi2 is 3,600" in fit_h2(aligned).why
    assert "outliers" not in fit_h2(aligned, chisq_max=80).why
    assert "few reference SNPs" in fit_h2(aligned, m=1000.0).why and "few reference" not in fit_h2(aligned).why


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"trait": 3}, "found 3, expected the number of a column: 0 a"),
        ({"trait": "a"}, "expected the number of a column"),
        ({"m": "m_5_50"}, "expected M_5_50, M or numbers"),
        ({"two_step": 0}, "--two-step: found 0, expected a positive"),
        ({"chisq_max": -1}, "--chisq-max: found -1"),
        ({"m": [1.0, 2.0]}, "found 2 numbers, expected 1"),
    ],
)
def test_options_of_h2__are_checked(options, message):
    with pytest.raises(InputError, match=message):
        fit_h2(align([trait()], tagging()), **options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"pairs": "frist"}, "found 'frist', expected all, first"),
        ({"pairs": []}, "expected all, first"),
        ({"pairs": [(0, 9)]}, r"found \(0, 9\), expected two different column numbers from 0 to 1"),
        ({"pairs": [(0,)]}, r"found \(0,\), expected two different column numbers"),
        ({"pairs": [(1, 1)]}, r"found \(1, 1\), expected two different column numbers"),
        ({"two_step": -3}, "--two-step: found -3"),
        ({"two_step": 30, "intercept": [1.0, float("nan")]}, "a cutoff and a fixed intercept"),
        ({"gcov_intercept": [0.0, 0.1, 0.2]}, "found 3 values"),
    ],
)
def test_options_of_rg__are_checked(options, message):
    with pytest.raises(InputError, match=message):
        fit_rg(align([trait("a"), trait("b", 2)], tagging()), **options)


def test_align__says_what_it_wants():
    with pytest.raises(InputError, match="expected a list of summary statistics"):
        align(trait(), tagging())
    with pytest.raises(InputError, match="expected a list of summary statistics"):
        align(tagging(), [trait()])
