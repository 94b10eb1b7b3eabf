"""Simulated traits for the tests of the atlas: overlap, missing SNPs, sample sizes that differ."""

from __future__ import annotations

import functools
from pathlib import Path

import numpy as np
import pyarrow as pa

from ldscores.taggings.tagging import Tagging
from ldscores.taggings.tagging_files import write_tagging
from sumh2 import SumStats, align, write_sumstats
from sumh2.alignment import AlignedData

M_REFERENCE = 6_000.0
N_BLOCKS = 40
#: Ordered pairs of alleles (codes A C G T = 0 1 2 3): two transversions, two transitions, an ambiguous pair.
ALLELES = np.array([(0, 1), (3, 2), (0, 2), (1, 3), (0, 3)], dtype=np.uint8)


def make_tagging(n_snps: int = 3_000, seed: int = 1, **changes) -> Tagging:
    """LD scores that vary, some below 1, and a few SNPs without a regression weight."""
    rng = np.random.default_rng(seed)
    ld = rng.gamma(1.2, 25, n_snps) + 0.3
    weights = np.maximum(ld * rng.uniform(0.5, 1.0, n_snps), 0.4)
    weights[rng.choice(n_snps, 7, replace=False)] = np.nan
    chrom = np.where(np.arange(n_snps) < n_snps // 2, "1", "2")
    values = {
        "snp": pa.array([f"rs{number}" for number in range(n_snps)]),
        "chrom": pa.array(chrom),
        "bp": np.concatenate([np.arange(n_snps // 2), np.arange(n_snps - n_snps // 2)]) * 1000 + 1,
        "tagging": ld[:, None],
        "names": ("L2",),
        "m_5_50": np.array([M_REFERENCE]),
        "regression_tagging": weights,
    }
    return Tagging(**(values | changes))


def make_traits(
    tagging: Tagging, n_traits: int, seed: int = 2, missing: float = 0.1, varying_n: bool = True, h2: float = 0.4
) -> list[SumStats]:
    """Traits of two correlated families; odd ones have an N that varies, and each lacks its own SNPs.

    One SNP in a hundred has other alleles than in the other traits, one is ambiguous.
    """
    rng = np.random.default_rng(seed)
    n_snps = len(tagging)
    ld = tagging.tagging[:, 0]
    shared = rng.standard_normal((2, n_snps))
    usual = rng.integers(0, 4, n_snps)
    traits = []
    for number in range(n_traits):
        n = np.full(n_snps, float(rng.integers(2_000, 9_000)))
        if varying_n and number % 2:
            n *= rng.uniform(0.6, 1.0, n_snps)
        genetic = 0.7 * shared[number % 2] + np.sqrt(1 - 0.49) * rng.standard_normal(n_snps)
        z = np.sqrt(n * h2 * ld / M_REFERENCE) * genetic + rng.standard_normal(n_snps)
        pairs = np.where(rng.random(n_snps) < 0.01, rng.integers(0, 5, n_snps), usual)
        kept = np.flatnonzero(rng.random(n_snps) >= missing)
        traits.append(
            SumStats(
                f"trait{number}", tagging.snp.take(pa.array(kept)), z[kept], n[kept], a1=ALLELES[pairs[kept], 0],
                a2=ALLELES[pairs[kept], 1],
            )
        )  # fmt: skip
    return traits


@functools.cache
def aligned_traits(n_traits: int = 6, **options) -> AlignedData:
    """These traits on this tagging."""
    tagging = make_tagging()
    return align(make_traits(tagging, n_traits, **options), tagging)


def write_inputs(folder: Path, n_traits: int) -> Path:
    """The same as files: ``eur.tagging.parquet`` and ``trait0.sumstats.parquet`` and so on."""
    tagging = make_tagging()
    write_tagging(folder / "eur.tagging.parquet", tagging)
    for trait in make_traits(tagging, n_traits):
        write_sumstats(trait, folder / f"{trait.trait}.sumstats.parquet")
    return folder
