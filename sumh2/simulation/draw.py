"""GWAS without genotypes of the GWAS: z scores with the LD of a panel and effects drawn from a heritability model.

In each block of LD (:mod:`ldscores.building.ld_blocks`), with standardised genotypes X of the panel's n people, R = X'X/n,

    z_t = sqrt(N_t) R beta_t  +  X' g_t / sqrt(n)  +  sqrt(b_t) R u_t,

    beta_jt ~ sqrt(E[h2_j] h2_t / p) (L v_j)_t  for a share p of causal SNPs, else 0,      cov_i(g) = S,

where E[h2_j] is the model's expected heritability, scaled to sum 1, L L' the matrix of genetic correlations, and S the
correlation that shared people put between the noise of traits, with 1 + a_t on its diagonal (confounding that is the
same at every SNP, e.g. cryptic relatedness).  u has variance 1, so that b_t adds confounding that rises with LD.  Then

    E[z_jt^2] = 1 + a_t + N_t h2_t sum_k r2_jk E[h2_k] + b_t sum_k r2_jk,

with raw r2 within the blocks: ``ldscores build --ld-blocks ... --raw-r2`` gives exactly these sums, while taggings of
another window or with bias-adjusted r2 differ from them as they do from the truth in practice.
(Bulik-Sullivan et al. 2015a, eq. 1 and Supplementary Note; for R from a panel, Zhu and Stephens 2017, eq. 2.4.)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ldscores.shared.alleles import encode_alleles
from ldscores.shared.errors import InputError
from ldscores.shared.progress import progress
from sumh2.simulation.design import SimulationDesign
from sumh2.sumstats import SumStats

Floats = NDArray[np.float64]

#: Blocks with more SNPs than this are read in pieces of memory that few machines have.
_LARGEST_BLOCK = 100_000


class Genotyped(Protocol):
    """What is needed of a panel, see :class:`ldscores.panels.reference_panel.ReferencePanel`."""

    @property
    def snp(self) -> pa.Array:
        """Names, (n_snps,)."""

    @property
    def chrom(self) -> pa.Array:
        """Chromosomes as text, (n_snps,)."""

    @property
    def bp(self) -> NDArray[np.int64]:
        """Positions in base pairs, (n_snps,)."""

    @property
    def allele_1(self) -> pa.Array:
        """The allele that is counted, (n_snps,)."""

    @property
    def allele_2(self) -> pa.Array:
        """The other allele, (n_snps,)."""

    def __len__(self) -> int:
        """Number of SNPs."""

    @property
    def n_individuals(self) -> int:
        """Number of people."""

    def standardised(self, start: int, stop: int) -> NDArray[np.floating]:
        """Genotypes with mean 0 and mean square 1, (n_rows, n_individuals); zeros without variation."""


@dataclass(frozen=True, eq=False)
class SimulatedGwas:
    """Z scores of simulated traits, and the truth behind them.

    Parameters
    ----------
    traits : tuple of SumStats
        A1 is the panel's first allele.
    truth : list of dict
        For each trait: h2 as designed, on the observed scale, and as drawn (beta' R beta); N, causal SNPs, confounding.
    rg, rg_drawn, overlap : float64, (n_traits, n_traits)
        Genetic correlations as designed and as drawn, and correlations of the noise.
    """

    traits: tuple[SumStats, ...]
    truth: list[dict[str, Any]]
    rg: Floats
    rg_drawn: Floats
    overlap: Floats


@dataclass(frozen=True, eq=False)
class DrawnScores:
    """Z scores before they are put into traits.

    Parameters
    ----------
    z : float64, (n_snps, n_traits)
        Of the panel's first allele.
    varies : bool, (n_snps,)
        False for SNPs without variation in the panel, whose z is 0.
    drawn : float64, (n_traits, n_traits)
        Genetic covariances as drawn, beta' R beta.
    n_causal
        SNPs with an effect.
    """

    z: Floats
    varies: NDArray[np.bool_]
    drawn: Floats
    n_causal: int


def simulate_gwas(
    panel: Genotyped, expected: Floats, blocks: NDArray[np.int64], design: SimulationDesign
) -> SimulatedGwas:
    """Draw effects and z scores: GWAS of known truth with the LD of a panel.

    Parameters
    ----------
    panel
        Genotypes; their LD is that of the GWAS.
    expected : float64, (n_snps,)
        E[h2_j] of the model up to a factor, not negative; 0 for SNPs without heritability.
    blocks : int64, (n_snps,)
        Number of the block of each SNP, ascending.
    design
        Traits, correlations, seed.

    Raises
    ------
    InputError
        As :func:`draw_scores`.
    """
    return _assemble(panel, design, draw_scores(panel, expected, blocks, design))


def draw_scores(panel: Genotyped, expected: Floats, blocks: NDArray[np.int64], design: SimulationDesign) -> DrawnScores:
    """Effects and z scores of all traits at once, with the parameters of :func:`simulate_gwas`.

    Memory: z, and the genotypes of one block.

    Raises
    ------
    InputError
        An expected heritability is negative or missing, all are zero, or a block is too large.
    """
    expected = _check_expected(expected, len(panel))
    n_traits, n_people = len(design.traits), panel.n_individuals
    root_rg, root_overlap = _root(design.rg), _root(_noise_covariance(design))
    root_n = np.sqrt([trait.n for trait in design.traits])
    root_h2 = np.sqrt([trait.observed_h2 for trait in design.traits])
    root_ld = np.sqrt([trait.ld_confounding for trait in design.traits])
    z, varies = np.empty((len(panel), n_traits)), np.zeros(len(panel), dtype=bool)
    drawn, n_causal = np.zeros((n_traits, n_traits)), 0
    edges = np.append(np.flatnonzero(np.diff(blocks, prepend=blocks[0] - 1)), len(panel))
    rng = np.random.default_rng(design.seed)
    for start, stop in progress(list(zip(edges[:-1], edges[1:], strict=True)), label="simulation", unit="blocks"):
        if stop - start > _LARGEST_BLOCK:
            raise InputError(f"a block of LD holds {stop - start} SNPs, expected at most {_LARGEST_BLOCK}; cut it")
        genotypes = panel.standardised(int(start), int(stop)).astype(np.float64)
        varies[start:stop] = genotypes.any(axis=1)
        causal = (rng.random(stop - start) < design.causal_share) & (expected[start:stop] > 0) & varies[start:stop]
        scale = np.sqrt(np.where(causal, expected[start:stop] / design.causal_share, 0))
        effects = scale[:, None] * (rng.standard_normal((stop - start, n_traits)) @ root_rg.T) * root_h2
        noise = rng.standard_normal((n_people, n_traits)) @ root_overlap.T * np.sqrt(n_people)
        values = genotypes.T @ effects  # genetic values of the panel's people
        confounded = genotypes.T @ rng.standard_normal((stop - start, n_traits)) * root_ld if root_ld.any() else 0.0
        z[start:stop] = genotypes @ (values * root_n + noise + confounded) / n_people
        drawn += values.T @ values / n_people
        n_causal += int(causal.sum())
    return DrawnScores(z, varies, drawn, n_causal)


# ---------------------------------------------------------------------------------------------------------------------
# Parts


def _check_expected(expected: Floats, n_snps: int) -> Floats:
    if expected.shape != (n_snps,) or not np.isfinite(expected).all() or (expected < 0).any() or not expected.any():
        raise InputError(
            f"expected heritabilities: found {expected.shape} values for {n_snps} SNPs, some negative, missing or all "
            "zero; expected a number of 0 or more for each SNP; check annotations and weights"
        )
    return expected / expected.sum()


def _noise_covariance(design: SimulationDesign) -> Floats:
    added = np.array([trait.confounding for trait in design.traits])
    return design.overlap + np.diag(added)


def _root(matrix: Floats) -> Floats:
    """L with L L' = matrix, for matrices that may be singular (an rg of 1)."""
    values, vectors = np.linalg.eigh(matrix)
    if values[0] < -1e-8:
        raise InputError("noise: negative confounding and overlap contradict each other; bring them closer to 0")
    return vectors * np.sqrt(np.maximum(values, 0))


def _assemble(panel: Genotyped, design: SimulationDesign, scores: DrawnScores) -> SimulatedGwas:
    rows, z, drawn = np.flatnonzero(scores.varies), scores.z, scores.drawn
    if len(rows) == 0:
        raise InputError("panel: no SNP varies, expected genotypes; check --keep and the files")
    at = pa.array(rows)
    a1, a2 = encode_alleles(panel.allele_1.take(at)), encode_alleles(panel.allele_2.take(at))
    traits, truth = [], []
    root = np.sqrt(np.maximum(np.diag(drawn), np.finfo(float).tiny))
    for place, trait in enumerate(design.traits):
        traits.append(
            SumStats(
                trait=trait.name, snp=panel.snp.take(at), z=np.ascontiguousarray(z[rows, place]),
                n=np.full(len(rows), float(trait.n)), a1=a1, a2=a2, chrom=panel.chrom.take(at), bp=panel.bp[rows],
                samp_prev=trait.samp_prev, pop_prev=trait.pop_prev,
                cases=trait.n_cases, controls=None if trait.n_cases is None else trait.n - trait.n_cases,
            )
        )  # fmt: skip
        truth.append({
            "trait": trait.name, "h2": trait.h2, "h2_observed": trait.observed_h2, "h2_drawn": float(drawn[place, place]),
            "n": float(trait.n), "samp_prev": trait.samp_prev, "pop_prev": trait.pop_prev,
            "confounding": trait.confounding, "ld_confounding": trait.ld_confounding, "n_causal": scores.n_causal,
        })  # fmt: skip
    return SimulatedGwas(tuple(traits), truth, design.rg, drawn / np.outer(root, root), design.overlap)
