"""Results to draw: small simulated traits over SNPs that do not tag each other, fitted by every family of estimators."""

from __future__ import annotations

import functools

import numpy as np
import pyarrow as pa
from atlas_worlds import build_noise, build_truth, simulate_atlas

from ldscores.taggings.tagging import Tagging
from sumh2 import (
    SumStats,
    align,
    fit_alpha,
    fit_comparison,
    fit_h2,
    fit_partition,
    fit_rg,
    fit_screen,
    fit_stratified_rg,
    fit_sumher,
    measure_h2_influence,
)
from sumh2.atlas.consistent import fit_consistent
from sumh2.atlas.consistent_table import RgTable, fit_consistent_table
from sumh2.atlas.factor_count import count_factors

N_SNPS, M, N = 12_000, 400_000.0, 60_000.0
CATEGORIES = ("base", "coding", "enhancer_Villar.flanking.500bp_with_a_name_that_is_long", "conserved")
BLOCKS = 60


def _tagging(scores, names, totals, **more) -> Tagging:
    n_snps = len(scores)
    return Tagging(
        snp=pa.array([f"rs{place}" for place in range(n_snps)]),
        chrom=pa.array([str(1 + place * 22 // n_snps) for place in range(n_snps)]),
        bp=np.arange(n_snps) * 1000 + 1, tagging=scores, names=tuple(names), m=np.asarray(totals, float),
        m_5_50=np.asarray(totals, float), **more,
    )  # fmt: skip


def trait(name, z, n=N) -> SumStats:
    """A trait with z at all SNPs, all of them A/C."""
    n_snps = len(z)
    letters = (np.zeros(n_snps, np.uint8), np.ones(n_snps, np.uint8))
    names = pa.array([f"rs{place}" for place in range(n_snps)])
    return SumStats(name, names, z, np.full(n_snps, float(n)), *letters)


@functools.cache
def one_tagging() -> Tagging:
    """One LD score."""
    ld = np.exp(np.random.default_rng(1).normal(4, 0.8, N_SNPS))
    return _tagging(ld[:, None], ("L2",), [M], regression_tagging=np.ones(N_SNPS))


def draw_z(tagging, tau, intercept, seed, n=N):
    """z with E[chi2] = intercept + n sum tau t."""
    expected = np.maximum(intercept + n * (tagging.tagging @ np.atleast_1d(tau)), 0.2)
    return np.sqrt(expected) * np.random.default_rng(seed).standard_normal(N_SNPS)


@functools.cache
def one_trait(h2=0.4, intercept=1.08, name="height", seed=3):
    """A trait on one LD score."""
    tagging = one_tagging()
    return align([trait(name, draw_z(tagging, h2 / M, intercept, seed))], tagging)


@functools.cache
def h2_result(h2=0.4, intercept=1.08):
    return fit_h2(one_trait(h2, intercept), n_blocks=BLOCKS)


@functools.cache
def several_traits(n_traits=4):
    """Traits that share genetics by factors, on one LD score."""
    tagging, rng = one_tagging(), np.random.default_rng(5)
    loadings = rng.uniform(-0.9, 0.9, n_traits)
    shared = rng.standard_normal(N_SNPS)
    signal = np.sqrt(N * 0.3 / M * tagging.tagging[:, 0])
    genetic = loadings[:, None] * shared + np.sqrt(1 - loadings**2)[:, None] * rng.standard_normal((n_traits, N_SNPS))
    z = signal * genetic + rng.standard_normal((n_traits, N_SNPS))
    names = [f"trait_{chr(97 + place)}" for place in range(n_traits)]
    return align([trait(name, row) for name, row in zip(names, z, strict=True)], tagging)


@functools.cache
def rg_result(n_traits=4, pairs="all"):
    return fit_rg(several_traits(n_traits), pairs=pairs, n_blocks=BLOCKS)


@functools.cache
def category_tagging() -> Tagging:
    """Four overlapping categories, with their overlap."""
    rng = np.random.default_rng(2)
    members = np.column_stack([np.ones(N_SNPS), rng.random((N_SNPS, 3)) < [0.03, 0.2, 0.1]])
    scores = members * np.exp(rng.normal(3, 0.6, (N_SNPS, 4))) + rng.gamma(2, 4, (N_SNPS, 4)) * [1, 0.03, 0.2, 0.1]
    overlap = members.T @ members * (M / N_SNPS)
    return _tagging(
        scores, CATEGORIES, np.diag(overlap), regression_tagging=np.ones(N_SNPS), overlap=overlap,
        overlap_5_50=overlap, n_reference=int(M), n_reference_5_50=int(M),
    )  # fmt: skip


@functools.cache
def category_traits(n_traits=2):
    tagging = category_tagging()
    tau = np.array([0.3, 4.0, 0.5, 1.5]) * 0.4 / M
    rng = np.random.default_rng(7)
    signal = np.sqrt(N * (tagging.tagging @ tau))
    shared = rng.standard_normal(N_SNPS)
    z = [
        signal * (0.7 * shared + 0.71 * rng.standard_normal(N_SNPS)) + rng.standard_normal(N_SNPS)
        for _ in range(n_traits)
    ]
    return align([trait(f"t{place + 1}", row) for place, row in enumerate(z)], tagging)


@functools.cache
def partition_result(number=0):
    return fit_partition(category_traits(), trait=number, n_blocks=BLOCKS)


@functools.cache
def stratified_result():
    return fit_stratified_rg(category_traits(), n_blocks=BLOCKS)


@functools.cache
def sumher_result():
    """SumHer under the model of four categories."""
    return fit_sumher(category_traits(), free_intercept=True, n_blocks=BLOCKS)


@functools.cache
def influence_result():
    return measure_h2_influence(h2_result(), one_trait())


@functools.cache
def alpha_result(confounding=("none", "intercept")):
    from test_alpha import simulated

    return fit_alpha(simulated(), confounding=confounding, n_blocks=40)


@functools.cache
def comparison():
    from dataclasses import replace

    from test_alpha import draw_trait, grid_tagging

    alphas = [-0.5, -0.25, 0.0]
    grid = grid_tagging(3000, n_categories=3, alphas=alphas)
    models = {
        "gcta": replace(grid.select(np.array([8])), names=("Base",), model="gcta"),
        "human-default": replace(grid.select(np.array([5])), names=("Base",), model="human-default"),
        "annotated": replace(grid.select(np.arange(3, 6)), names=("coding", "enhancer", "Base"), model="annotated"),
    }
    return fit_comparison(draw_trait(grid, alpha=-0.25), models, n_blocks=40, reference="gcta")


@functools.cache
def screen_result(n_annotations=60):
    """A screen of annotations, the first six of which carry heritability."""
    rng = np.random.default_rng(8)
    baseline = category_tagging()
    scores = rng.gamma(2, 4, (N_SNPS, n_annotations)) * np.linspace(0.02, 0.1, n_annotations)
    n_causal = 6
    tau = np.array([0.3, 4.0, 0.5, 1.5]) * 0.3 / M
    added = scores[:, :n_causal] @ np.linspace(40, 20, n_causal) * 0.4 / M
    z = np.sqrt(1 + N * (baseline.tagging @ tau + added)) * rng.standard_normal(N_SNPS)
    names = [f"Cell_type.{place}_H3K27ac.fetal.brain" for place in range(n_annotations)]
    tested = _tagging(scores, names, np.linspace(0.02, 0.1, n_annotations) * M)
    return fit_screen(align([trait("schizophrenia", z)], baseline), tested, n_blocks=BLOCKS)


@functools.cache
def atlas_result(n_traits=12, n_factors=3, seed=1, unique=(0.0, 0.3)):
    rng = np.random.default_rng(seed)
    sigma, noise = build_truth(rng, n_traits, n_factors, unique=unique), build_noise(rng, n_traits)
    return simulate_atlas(rng, sigma, noise, n_blocks=60, nu=40)


@functools.cache
def consistent_result(n_traits=12):
    return fit_consistent(atlas_result(n_traits, unique=(0, 0)), n_draws=0, replicates=False)


@functools.cache
def consistent_table():
    rg = np.array([[1, 0.9, 0.9, 0.1], [0.9, 1, 0.2, np.nan], [0.9, 0.2, 1, -0.3], [0.1, np.nan, -0.3, 1]])
    return fit_consistent_table(RgTable(("a", "b", "c", "d"), rg, np.full((4, 4), 0.1)))


@functools.cache
def factor_count(n_traits=12):
    return count_factors(atlas_result(n_traits), n_draws=50)
