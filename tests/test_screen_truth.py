"""Statistical checks of the screen: python -m pytest -m slow tests/test_screen_truth.py -s   (a few minutes, seeded)

Z scores are simulated with LD whose strength follows the published LD scores (eur_w_ld_chr): along the genome they are a
first-order autoregression whose coefficient, at each SNP, is the one that gives this LD score.  Correlations are then
products of neighbours' coefficients, and R beta, LD scores of annotations and noise are exact sums by recursion.
"""

from __future__ import annotations

import functools
from dataclasses import replace

import numba
import numpy as np
import pytest
from conftest import SHARED

from ldscores.annotations.annotation_sums import TouchedBlocks
from ldscores.taggings.tagging import Tagging
from ldscores.taggings.tagging_files import read_tagging
from sumh2.alignment import align
from sumh2.enrichment.annotation_guards import SMALL_BLOCK_SHARE
from sumh2.screens.annotation_taggings import TaggingAnnotations
from sumh2.screens.screen import fit_screen
from sumh2.sumstats import SumStats

pytestmark = [pytest.mark.shared, pytest.mark.slow]

#: Every twentieth published SNP: some 64,000, one in 45 kb.
THINNED = 20
SHARES = (0.3, 0.1, 0.03, 0.01, 0.003, 0.001)
PER_SHARE, N_TRAITS = 50, 16
#: As many people a SNP as 180,000 of 1.17 million: with more, the chi2 filter would cut into the signal.
H2, N, CAUSAL = 0.5, 10_000, 0.1


@numba.njit(cache=False)
def spread_along(values, phi):
    """Sum over k of values_k times the product of phi between j and k, for every j."""
    n = len(values)
    forward, backward = values.copy(), values.copy()
    for j in range(1, n):
        forward[j] += phi[j - 1] * forward[j - 1]
        backward[n - 1 - j] += phi[n - 1 - j] * backward[n - j]
    return forward + backward - values


@numba.njit(cache=False)
def noise_along(steps, phi):
    """A series of variance 1 in which neighbours correlate by phi."""
    z = steps.copy()
    for j in range(1, len(z)):
        z[j] = phi[j - 1] * z[j - 1] + np.sqrt(1 - phi[j - 1] ** 2) * steps[j]
    return z


@functools.cache
def genome():
    published = read_tagging(str(SHARED / "data" / "ldscores_eur_w_ld_chr"))
    published = published.take(np.arange(0, len(published), THINNED))
    # What is left of the SNPs carries as much of the LD score, and the SNP itself.
    score = np.maximum(1 + published.tagging[:, 0] / THINNED, 1.05)
    score = np.convolve(score, np.ones(5) / 5, mode="same").clip(1.05)
    middle = (score[1:] + score[:-1]) / 2
    return published, np.sqrt((middle - 1) / (middle + 1))


def intervals(rng, n_snps, share, length):
    """A binary annotation of randomly placed runs of SNPs."""
    runs = max(2, int(share * n_snps / length))
    chosen = np.zeros(n_snps)
    for start in rng.integers(0, n_snps - length, runs):
        chosen[start : start + length] = 1
    return chosen


@functools.cache
def model():
    """Baseline of all SNPs and four categories, and null annotations of six sizes."""
    rng = np.random.default_rng(11)
    published, phi = genome()
    n_snps = len(published)
    categories = [np.ones(n_snps), *(intervals(rng, n_snps, share, 12) for share in (0.02, 0.1, 0.25, 0.4))]
    names = [f"share{share:g}_{number}" for share in SHARES for number in range(PER_SHARE)]
    annotations = [intervals(rng, n_snps, float(name[5:].split("_")[0]), int(rng.integers(1, 9))) for name in names]
    return published, phi, np.column_stack(categories), tuple(names), annotations


def tagging_of(published, phi, values, names, weights=None):
    ld = np.column_stack([spread_along(np.ascontiguousarray(column), phi**2) for column in values])
    m = np.array([column.sum() for column in values])
    return Tagging(published.snp, published.chrom, published.bp, np.ascontiguousarray(ld), tuple(names), m=m, m_5_50=m,
                   regression_tagging=weights)  # fmt: skip


@functools.cache
def taggings():
    published, phi, categories, names, annotations = model()
    baseline = tagging_of(published, phi, categories.T, ("base", "c1", "c2", "c3", "c4"))
    baseline = Tagging(**{**vars(baseline), "regression_tagging": baseline.tagging[:, 0].copy()})
    # Thinned to a SNP in 45 kb, hardly two SNPs share a block of 0.01 cM: blocks touched of the genome's 300,000.
    touched = TouchedBlocks(np.array([annotation.sum() for annotation in annotations]).astype(np.int64), 300_000)
    return baseline, TaggingAnnotations(replace(tagging_of(published, phi, annotations, names), touched=touched))


def simulate(rng, per_snp, phi, snp, n_people=N, share_causal=CAUSAL):
    """Z scores with causal effects at a share of SNPs whose variance is per_snp."""
    causal = rng.random(len(per_snp)) < share_causal
    beta = rng.normal(size=len(per_snp)) * np.sqrt(per_snp / share_causal) * causal
    z = np.sqrt(n_people) * spread_along(beta, phi) + noise_along(rng.normal(size=len(per_snp)), phi)
    return SumStats("simulated", snp, z, np.full(len(z), float(n_people)))


@functools.cache
def null_screens():
    published, phi, categories, _, _ = model()
    baseline, annotations = taggings()
    per_snp = categories @ np.array([1.0, 5.0, 1.5, 0.5, 0.2])
    per_snp *= H2 / per_snp.sum()
    rng = np.random.default_rng(12)
    return [
        fit_screen(align([simulate(rng, per_snp, phi, published.snp)], baseline), annotations, n_threads=2)
        for _ in range(N_TRAITS)
    ]


def rejected(rows, level, name):
    p = np.array([getattr(row, name) for row in rows])
    return int(np.count_nonzero(p < level)), int(np.isfinite(p).sum())


@pytest.mark.parametrize("share", SHARES)
def test_type_1_error__is_within_binomial_limits_or_the_guard_says_so(share):
    from scipy.stats import binom

    rows = [row for result in null_screens() for row in result.rows if row.annotation.startswith(f"share{share:g}_")]
    warned = np.mean([row.status != "ok" for row in rows])
    small = np.mean(["small annotation" in row.why for row in rows])
    for level in (0.05, 0.01):
        for name in ("tau_p_above_zero", "tau_p"):
            count, tested = rejected(rows, level, name)
            low, high = binom.ppf([0.0005, 0.9995], tested, level)
            print(f"share {share:g}: {name} < {level}: {count} of {tested} ({100 * count / tested:.2f}%), limits {low:.0f} "
                  f"to {high:.0f}; {100 * warned:.0f}% not ok, {100 * small:.0f}% called small")  # fmt: skip
            assert tested > 0.95 * len(rows)
            assert count <= high or small > 0.95, f"{count} of {tested} at {level}, and no word of it"
            assert count >= low or warned > 0.9
    touched = np.array([row.block_share for row in rows])
    assert small == np.mean(touched < SMALL_BLOCK_SHARE)


def test_few_large_effects__inflate_two_sided_tests_with_and_without_the_limit_on_chi2__and_are_said():
    """150,000 people over 64,000 SNPs of which 2% are causal: what an annotation of 1% of the SNPs meets of them is
    chance.  Two-sided tests reject too often, one-sided ones too rarely; the limit on chi2 is not the reason."""
    published, phi, categories, _, _ = model()
    baseline, annotations = taggings()
    # The share of blocks, which also warns, is not known.
    annotations = TaggingAnnotations(replace(annotations.tagging, touched=None))
    per_snp = categories @ np.array([1.0, 5.0, 1.5, 0.5, 0.2])
    per_snp *= H2 / per_snp.sum()
    rejections = {}
    for limit in (None, 1e9):
        rng = np.random.default_rng(14)
        rows = [
            row
            for _ in range(6)
            for row in fit_screen(
                align([simulate(rng, per_snp, phi, published.snp, 150_000, 0.02)], baseline), annotations,
                chisq_max=limit, n_threads=2,
            ).rows
            if row.annotation.startswith("share0.01_")
        ]  # fmt: skip
        two_sided, one_sided = (rejected(rows, 0.05, name)[0] / len(rows) for name in ("tau_p", "tau_p_above_zero"))
        warned = np.mean(["few loci" in row.why or "few effective blocks" in row.why for row in rows])
        print(f"limit {limit}: two-sided {two_sided:.3f}, one-sided {one_sided:.3f}, warned {warned:.2f}")
        assert one_sided < 0.05 and warned > 0.7
        rejections[limit] = two_sided
    assert rejections[None] > 0.08 and rejections[1e9] > 0.08


def test_enrichment__is_recovered():
    """tau of annotations that carry heritability of their own: right on average, with errors of the right size."""
    published, phi, categories, _, _ = model()
    baseline, _ = taggings()
    rng = np.random.default_rng(13)
    n_snps = len(published)
    causal = [intervals(rng, n_snps, share, 8) for share in (0.2, 0.05, 0.02)]
    names = ("wide", "middle", "narrow")
    annotations = tagging_of(published, phi, causal, names)
    n_repeats = 30
    for name, annotation in zip(names, causal, strict=True):
        per_snp = categories @ np.array([1.0, 5.0, 1.5, 0.5, 0.2]) + 4.0 * annotation
        scale = H2 / per_snp.sum()
        truth = 4.0 * scale
        found, errors = [], []
        for _ in range(n_repeats):
            trait = simulate(rng, scale * per_snp, phi, published.snp)
            row = next(r for r in fit_screen(align([trait], baseline), annotations).rows if r.annotation == name)
            found.append(row.tau)
            errors.append(row.tau_se)
        mean_error = np.std(found, ddof=1) / np.sqrt(n_repeats)
        print(f"{name}: tau {np.mean(found):.3e} (SE of the mean {mean_error:.1e}), truth {truth:.3e}; "
              f"spread {np.std(found, ddof=1):.2e}, mean jackknife SE {np.mean(errors):.2e}")  # fmt: skip
        assert abs(np.mean(found) - truth) < 3 * mean_error
        # The spread of 30 repeats is known to 13%; three such errors either way.
        assert 0.7 < np.mean(errors) / np.std(found, ddof=1) < 1.4
