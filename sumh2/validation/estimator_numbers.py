"""Identities of the estimators: statistics that meet their expectation to the last digit give the truth back.

LD scores are invented, chi2 are put at ``1 + N h2 l/M`` and what follows, without noise: whatever the fit returns is
then its own doing.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ldscores.models.ldak_columns import LdakColumns
from ldscores.taggings.tagging import Tagging
from sumh2.alignment import AlignedData, align
from sumh2.enrichment.partition import fit_partition
from sumh2.enrichment.partition_result import PartitionResult
from sumh2.ldsc.h2 import fit_h2
from sumh2.ldsc.h2_result import H2Result
from sumh2.ldsc.rg import fit_rg
from sumh2.ldsc.rg_result import RgPair
from sumh2.sumher.fit import fit_sumher
from sumh2.sumher.result import SumherResult
from sumh2.sumstats import SumStats

Floats = NDArray[np.float64]

N_SNPS, M, N, H2, N_BLOCKS = 4_000, 1_000_000.0, 50_000.0, 0.4, 40
#: Confounding that is the same at all SNPs, and that rises with LD.
FLAT, RISING = 0.2, 0.001
#: Phenotypic correlation and share of both samples that is shared; genetic covariance.
RHO, SHARED, GCOV = 0.4, 0.5, 0.15
#: tau of three overlapping categories, per reference SNP, times M.
TAU = (0.3, 0.5, 1.2)
SCALING = 1.1


@functools.cache
def ld_scores() -> Tagging:
    """One category."""
    return _tagging(_plain_scores()[:, None], ("L2",), np.array([M]))


@functools.cache
def three_categories() -> Tagging:
    """A base and two categories of a tenth and a third of the SNPs, half of the first in the second."""
    rng, base = np.random.default_rng(2), _plain_scores()
    first, second = base * rng.uniform(0, 0.2, N_SNPS), base * rng.uniform(0, 0.66, N_SNPS)
    totals = M * np.array([1, 0.1, 0.33])
    overlap = M * np.array([[1, 0.1, 0.33], [0.1, 0.1, 0.05], [0.33, 0.05, 0.33]])
    return _tagging(np.column_stack([base, first, second]), ("base", "one", "two"), totals, overlap)


@functools.cache
def base_tagging() -> Tagging:
    """One category with LDAK's sums."""
    totals = np.array([M])
    sums = LdakColumns(np.diag(totals), np.array([int(M)]), int(M), N_SNPS)
    return _tagging(_plain_scores()[:, None], ("Base",), totals, ldak=sums)


def _plain_scores() -> Floats:
    return 1 + np.random.default_rng(1).gamma(2.0, 40.0, N_SNPS)


def _tagging(scores: Floats, names: tuple[str, ...], totals: Floats, overlap: Floats | None = None, **more: Any):
    size = int(M)
    return Tagging(
        snp=pa.array([f"rs{place}" for place in range(N_SNPS)]), chrom=pa.array(["1"] * N_SNPS),
        bp=np.arange(1, N_SNPS + 1), tagging=np.ascontiguousarray(scores), names=names, m=totals, m_5_50=totals,
        regression_tagging=scores[:, 0].copy(), overlap=overlap, overlap_5_50=overlap, n_reference=size,
        n_reference_5_50=size, **more,
    )  # fmt: skip


def _trait(name: str, z: Floats, n: float = N) -> SumStats:
    letters = np.zeros(N_SNPS, np.uint8)
    snp = pa.array([f"rs{place}" for place in range(N_SNPS)])
    return SumStats(name, snp, z, np.full(N_SNPS, n), letters, letters + np.uint8(1))


def _aligned(traits: list[SumStats], tagging: Tagging) -> AlignedData:
    """Without the lines about SNPs kept, which are for the user's files and not for invented ones."""
    log = logging.getLogger("sumh2.alignment")
    was, log.disabled = log.disabled, True
    try:
        return align(traits, tagging)
    finally:
        log.disabled = was


# ---------------------------------------------------------------------------------------------------------------------
# Fits


@functools.cache
def exact_h2(flat: float = 0.0, rising: float = 0.0) -> H2Result:
    """LD Score regression of chi2 = 1 + a + (N h2/M + b) l."""
    ld = ld_scores().tagging[:, 0]
    chi2 = 1 + flat + (N * H2 / M + rising) * ld
    return fit_h2(_aligned([_trait("t", np.sqrt(chi2))], ld_scores()), two_step=None, n_blocks=N_BLOCKS)


@functools.cache
def exact_pair() -> RgPair:
    """Bivariate regression of z1 z2 at its expectation: samples of N and 2N people that share half of the first."""
    ld, n1, n2 = ld_scores().tagging[:, 0], N, 2 * N
    product = np.sqrt(n1 * n2) * GCOV * ld / M + overlap_expected()
    first = np.sqrt(1 + n1 * H2 * ld / M)
    aligned = _aligned([_trait("one", first), _trait("two", product / first, n2)], ld_scores())
    return fit_rg(aligned, n_blocks=N_BLOCKS).pairs[0]


def overlap_expected() -> float:
    """N_s rho / sqrt(N1 N2)."""
    return SHARED * N * RHO / np.sqrt(N * 2 * N)


@functools.cache
def exact_partition(noise: bool) -> PartitionResult:
    """Stratified regression of chi2 = 1 + N sum_c tau_c l_c; with noise, of its product with chi-squares."""
    tagging = three_categories()
    chi2 = 1 + N * tagging.tagging @ np.array(TAU) / M
    drawn = np.random.default_rng(3).standard_normal(N_SNPS) ** 2 if noise else 1.0
    return fit_partition(_aligned([_trait("t", np.sqrt(chi2 * drawn))], tagging), n_blocks=N_BLOCKS, chisq_max=1e9)


@functools.cache
def exact_sumher(intercept: bool, scaling: bool) -> SumherResult:
    """SumHer on S = g (1 + n a + n tau t), with a = 0.1/n or g = 1.1."""
    tagged = base_tagging().tagging[:, 0]
    added, factor = (0.1 if intercept else 0.0), (SCALING if scaling else 1.0)
    statistic = factor * (1 + added + N * H2 * tagged / M)
    aligned = _aligned([_trait("t", np.sqrt(statistic))], base_tagging())
    return fit_sumher(aligned, free_intercept=intercept, genomic_control=scaling, n_blocks=N_BLOCKS, tolerance=1e-12)


# ---------------------------------------------------------------------------------------------------------------------
# Relative differences by name


def off(found: float, expected: float) -> float:
    """Relative difference."""
    return float(abs(found / expected - 1))


NUMBERS: dict[str, Callable[[], float]] = {
    "ldsc_slope": lambda: off(exact_h2().h2, H2),
    "ldsc_intercept": lambda: off(exact_h2().intercept, 1),
    "confounding_bias": lambda: off(exact_h2(FLAT, RISING).h2 - H2, M / N * RISING),
    "confounding_intercept": lambda: off(exact_h2(FLAT, RISING).intercept, 1 + FLAT),
    "overlap_intercept": lambda: off(exact_pair().gcov_int, overlap_expected()),
    "gcov_slope": lambda: off(exact_pair().gcov, GCOV),
    "stratified_tau": lambda: float(np.max(np.abs(exact_partition(False).coefficients.value * M / np.array(TAU) - 1))),
    "base_enrichment": lambda: off(exact_partition(True).enrichments.enrichment.value[0], 1),
    "base_enrichment_se": lambda: float(exact_partition(True).enrichments.enrichment.se[0]),
    "sumher_h2": lambda: off(exact_sumher(True, False).h2, H2),
    "sumher_scaling": lambda: off(exact_sumher(False, True).scaling, SCALING),
}
