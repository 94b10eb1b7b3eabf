"""What the atlas engine finds in GWAS whose genetic correlations are known: the worlds behind benchmarks/truth_atlas.py.

Z scores are drawn with the LD of the real EUR panel and put through :func:`sumh2.fit_atlas`.  Taggings are exactly those
of the simulation, so that whatever is found besides the truth is the estimator's doing.  Traits and replicates are drawn
together: reading genotypes costs more than many traits.
"""

from __future__ import annotations

import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import numpy as np
from atlas_worlds import build_truth
from scipy.linalg import block_diag
from sumher_truth import LD_BLOCKS, unpack_panel

from ldscores.models.panel_model_files import read_panel_model
from ldscores.shared.alleles import encode_alleles
from ldscores.taggings.tagging import Tagging
from ldscores.taggings.tagging_files import read_tagging
from sumh2 import AlignedData, SumStats, align, fit_atlas, fit_rg
from sumh2.atlas.consistent import fit_consistent
from sumh2.simulation.design import SimulationDesign, TraitDesign
from sumh2.simulation.draw import draw_scores

Floats = np.ndarray

#: Correlation of the phenotypes of shared people.
PHENOTYPIC = 0.3
#: Share of the people in the first of two cohorts, and of the SNPs that the second lacks: N then varies by SNP.
FIRST_COHORT, SECOND_LACKS = 2 / 3, 0.4
#: Replicates that are drawn together; more would only take memory.
DRAWN_TOGETHER = 4
#: Pairs of each replicate that are fitted with LDSC's own weights.
EXACT_PAIRS = 20


@dataclass(frozen=True)
class World:
    """One kind of atlas; traits, correlations and SNPs are drawn anew in each replicate.

    Parameters
    ----------
    name
        In tables.
    n_traits
        T.
    n_range
        People, log-uniform.
    h2_range
        Heritabilities.
    n_factors, unique
        Of the genetic covariance (:func:`atlas_worlds.build_truth`); rank `n_factors` where `unique` is (0, 0).
    missing
        Each trait lacks a share of the SNPs between 0 and this.
    by_ld
        Whether SNPs with few neighbours are missing more often.
    two_cohorts
        Whether every third trait is a meta-analysis of two cohorts, the second with fewer SNPs.
    causal_share
        SNPs with an effect, the same for all traits.
    alpha
        Effects follow [p(1-p)]^alpha; -1, those of the tagging, give every SNP the same heritability.
    """

    name: str
    n_traits: int = 20
    n_range: tuple[float, float] = (2e4, 5e5)
    h2_range: tuple[float, float] = (0.05, 0.4)
    n_factors: int = 3
    unique: tuple[float, float] = (0.1, 0.5)
    missing: float = 0.3
    by_ld: bool = False
    two_cohorts: bool = True
    causal_share: float = 1.0
    alpha: float = -1.0


WORLDS = {
    "plain": World("all SNPs, one N a trait", missing=0.0, two_cohorts=False),
    "missing": World("0 to 30% of SNPs missing, N by SNP"),
    "by-ld": World("missing by LD", by_ld=True),
    "rank": World("missing, rank 3", unique=(0.0, 0.0)),
    "sparse": World("missing, 1% of SNPs causal", causal_share=0.01),
    "few": World("missing, 0.05% causal", causal_share=0.0005),
    "alpha": World("missing, effects by alpha -0.25", alpha=-0.25),
    "weak": World("missing, N 20,000 to 50,000, h2 .02 to .08", n_range=(2e4, 5e4), h2_range=(0.02, 0.08)),
}


@dataclass(frozen=True)
class AtlasPanel:
    """Panel and exact tagging.

    Parameters
    ----------
    folder
        With ``eur.<chromosome>.bed`` and so on, and the tagging of the GCTA model within LD blocks.
    n_blocks
        Jackknife blocks: 200 on a whole genome; fewer on a part, since a block must be longer than LD.
    """

    folder: Path
    n_blocks: int = 200

    @cached_property
    def tagging(self) -> Tagging:
        return read_tagging(str(self.folder / "atlas.tagging.parquet"))

    def lay(self, alpha: float):
        """The panel with the heritabilities of the GCTA model with another alpha, (n_snps,)."""
        model = read_panel_model(str(self.folder / "eur.@"), model="gcta", ld_blocks=str(LD_BLOCKS), power=alpha)
        return model, model.values[:, 0]

    @cached_property
    def ld_rank(self) -> Floats:
        """Rank of a SNP's tagging from 0 to 1, (n_snps,)."""
        return np.argsort(np.argsort(self.tagging.tagging[:, 0])) / len(self.tagging)

    @cached_property
    def template(self) -> AlignedData:
        """A trait with z = 1 for the panel's first allele of every SNP."""
        panel = self.lay(-1.0)[0].panel
        ones = np.ones(len(panel))
        a1, a2 = encode_alleles(panel.allele_1), encode_alleles(panel.allele_2)
        return align([SumStats("template", panel.snp, ones, ones * 1e4, a1=a1, a2=a2)], self.tagging)

    def aligned(self, z: Floats, n: Floats) -> AlignedData:
        """What :func:`sumh2.align` makes of traits, (n_traits, n_snps), without matching names again and again."""
        one = self.template
        infos = tuple(replace(one.traits[0], name=f"trait{k + 1}") for k in range(len(z)))
        kinds = np.where(np.isfinite(z), one.kinds.T, np.int8(0))
        return replace(one, z=(z * one.z.T).T, n_samples=n.T, kinds=kinds.T, traits=infos)


def build_atlas_panel(folder: Path, chromosomes: Sequence[int], n_blocks: int) -> AtlasPanel:
    """Unpack chromosomes and compute their tagging within LD blocks, once."""
    if not (folder / "atlas.tagging.parquet").exists():
        unpack_panel(folder, chromosomes)
        words = ["build", "--bfile", f"{folder}/eur.@", "--model", "gcta", "--ld-blocks", str(LD_BLOCKS), "--raw-r2"]
        program = str(Path(sys.executable).parent / "ldscores")
        subprocess.run([program, *words, "--out", f"{folder}/atlas", "--quiet"], check=True)
    return AtlasPanel(folder, n_blocks)


# ---------------------------------------------------------------------------------------------------------------------
# Drawing


@dataclass(frozen=True)
class Draft:
    """What one replicate is to be: true covariance (T, T), people, cohorts (n_columns, columns of the drawing)."""

    sigma: Floats
    people: Floats
    owner: np.ndarray
    cohort: Floats
    overlap: Floats

    @property
    def rg(self) -> Floats:
        return correlations(self.sigma)

    @property
    def uneven(self) -> np.ndarray:
        """Pairs with shared people of which one has N by SNP, (T, T): what they share then varies by SNP too."""
        n_traits = len(self.people)
        split = np.bincount(self.owner, minlength=n_traits) > 1
        return (self.overlap[:n_traits, :n_traits] != 0) & (split[:, None] | split)


def correlations(sigma: Floats) -> Floats:
    """Correlations with an exact diagonal."""
    scale = np.sqrt(np.diag(sigma))
    rg = sigma / np.outer(scale, scale)
    np.fill_diagonal(rg, 1.0)
    return rg


def draft_replicate(world: World, rng: np.random.Generator) -> Draft:
    """Traits of a replicate.

    Half of the traits share people, the smaller sample within the larger: the noise of two correlates by
    ``PHENOTYPIC sqrt(N_small / N_large)``.  A second cohort shares no one.
    """
    n_traits = world.n_traits
    sigma = build_truth(rng, n_traits, world.n_factors, world.unique)
    scale = np.sqrt(rng.uniform(*world.h2_range, n_traits) / np.diag(sigma))
    sigma = sigma * np.outer(scale, scale)
    people = np.exp(rng.uniform(*np.log(world.n_range), n_traits))
    split = np.flatnonzero(np.arange(n_traits) % 3 == 0) if world.two_cohorts else np.empty(0, np.int64)
    owner = np.concatenate([np.arange(n_traits), split])
    first = people * np.where(np.isin(np.arange(n_traits), split), FIRST_COHORT, 1.0)
    cohort = np.concatenate([first, (people - first)[split]])
    overlap = np.eye(len(owner))
    sharing = np.flatnonzero(np.arange(n_traits) % 2 == 0)
    ratio = np.minimum.outer(first, first) / np.maximum.outer(first, first)
    overlap[np.ix_(sharing, sharing)] = PHENOTYPIC * np.sqrt(ratio)[np.ix_(sharing, sharing)]
    np.fill_diagonal(overlap, 1.0)
    return Draft(sigma, people, owner, cohort, overlap)


def draw_replicates(
    panel: AtlasPanel, world: World, n_replicates: int, seed: int
) -> Iterator[tuple[Draft, AlignedData]]:
    """Replicates of a world with their truth."""
    rng = np.random.default_rng(seed)
    laid, expected = panel.lay(world.alpha)
    # One drawing has one set of causal SNPs, which replicates must not share: their errors would go together.
    at_once = DRAWN_TOGETHER if world.causal_share == 1 else 1
    for start in range(0, n_replicates, at_once):
        drafts = [draft_replicate(world, rng) for _ in range(min(at_once, n_replicates - start))]
        traits = tuple(
            TraitDesign(f"{number}.{column}", float(draft.sigma[owner, owner]), float(cohort))
            for number, draft in enumerate(drafts)
            for column, (owner, cohort) in enumerate(zip(draft.owner, draft.cohort, strict=True))
        )
        rg = block_diag(*(draft.rg[np.ix_(draft.owner, draft.owner)] for draft in drafts))
        design = SimulationDesign(
            traits, rg, block_diag(*(draft.overlap for draft in drafts)), world.causal_share, int(rng.integers(2**31))
        )
        z = np.ascontiguousarray(draw_scores(laid.panel, expected, laid.block_numbers, design).z.T)
        last = 0
        for draft in drafts:
            last, first = last + len(draft.owner), last
            yield draft, panel.aligned(*_observe(world, draft, z[first:last], panel, rng))


def _observe(
    world: World, draft: Draft, z: Floats, panel: AtlasPanel, rng: np.random.Generator
) -> tuple[Floats, Floats]:
    """Z and N of the traits, (n_traits, n_snps): cohorts meta-analysed by the root of N, SNPs left out."""
    n_traits, n_snps = world.n_traits, z.shape[1]
    weighted, n = np.zeros((n_traits, n_snps)), np.zeros((n_traits, n_snps))
    for column, (owner, cohort) in enumerate(zip(draft.owner, draft.cohort, strict=True)):
        has = (rng.random(n_snps) >= SECOND_LACKS).astype(float) if column >= n_traits else 1.0
        weighted[owner] += np.sqrt(cohort) * has * z[column]
        n[owner] += cohort * has
    weighted /= np.sqrt(n)
    for trait in range(n_traits):
        share = rng.uniform(0, world.missing)
        missing = rng.random(n_snps) < (2 * share * (1 - panel.ld_rank) if world.by_ld else share)
        weighted[trait, missing] = n[trait, missing] = np.nan
    return weighted, n


# ---------------------------------------------------------------------------------------------------------------------
# Counting


@dataclass
class Errors:
    """Estimates of one quantity over replicates: an array a replicate each."""

    truth: list[Floats] = field(default_factory=list)
    estimate: list[Floats] = field(default_factory=list)
    se: list[Floats] = field(default_factory=list)

    def add(self, truth: Floats, estimate: Floats, se: Floats) -> None:
        known = np.isfinite(estimate) & np.isfinite(se) & (se > 0)
        self.truth.append(truth[known])
        self.estimate.append(estimate[known])
        self.se.append(se[known])

    def _over(self, statistic) -> tuple[float, float]:
        """A statistic of all estimates, and its Monte Carlo error by a jackknife over replicates."""
        parts = list(zip(self.truth, self.estimate, self.se, strict=True))

        def of(chosen) -> float:
            return float(statistic(*(np.concatenate(arrays) for arrays in zip(*chosen, strict=True))))

        n = len(parts)
        left_out = np.array([of(parts[:k] + parts[k + 1 :]) for k in range(n)]) if n > 1 else np.array([np.nan])
        return of(parts), float(np.sqrt((n - 1) / n * ((left_out - left_out.mean()) ** 2).sum())) if n > 1 else np.nan

    @property
    def n(self) -> int:
        """Estimates in all."""
        return sum(map(len, self.truth))

    def bias(self) -> tuple[float, float]:
        """Mean error in the direction of the truth, as a share of the mean absolute truth."""
        return self._over(lambda t, e, s: ((e - t) * np.sign(t)).sum() / np.abs(t).sum())

    def mean_z(self) -> tuple[float, float]:
        """Mean of (estimate - truth) / SE."""
        return self._over(lambda t, e, s: ((e - t) / s).mean())

    def sd_z(self) -> tuple[float, float]:
        """Standard deviation of (estimate - truth) / SE."""
        return self._over(lambda t, e, s: ((e - t) / s).std())

    def sd_ratio(self) -> tuple[float, float]:
        """Root mean square error over root mean square SE."""
        return self._over(lambda t, e, s: np.sqrt(((e - t) ** 2).mean() / (s**2).mean()))

    def coverage(self) -> tuple[float, float]:
        """Share of 95% intervals that hold the truth."""
        return self._over(lambda t, e, s: (np.abs(e - t) < 1.959964 * s).mean())

    def rmse(self) -> tuple[float, float]:
        """Root mean square error."""
        return self._over(lambda t, e, s: np.sqrt(((e - t) ** 2).mean()))


def run_world(panel: AtlasPanel, world: World, n_replicates: int, seed: int) -> dict[str, Errors]:
    """Fit every replicate.

    Returns
    -------
    dict
        Errors by quantity: of h2, gcov (in all pairs, in those of :attr:`Draft.uneven`, in the others) and rg with
        separable weights; of rg in some pairs with LDSC's weights, and with separable ones in the same pairs; of the
        consistent rg with the SE of its intervals, and with that of the re-fitted replicates alone, beside the raw one of
        the same traits.
    """
    errors: defaultdict[str, Errors] = defaultdict(Errors)
    off = np.triu_indices(world.n_traits, 1)
    chosen = np.random.default_rng(seed).permutation(len(off[0]))[:EXACT_PAIRS]
    pairs = [(int(off[0][k]), int(off[1][k])) for k in chosen]
    for draft, aligned in draw_replicates(panel, world, n_replicates, seed):
        atlas = fit_atlas(aligned, m="M", n_blocks=panel.n_blocks)
        errors["h2"].add(np.diag(draft.sigma), np.diag(atlas.gcov), np.diag(atlas.gcov_se))
        errors["gcov"].add(draft.sigma[off], atlas.gcov[off], atlas.gcov_se[off])
        uneven = draft.uneven[off]
        for name, some in (("gcov, uneven overlap", uneven), ("gcov, all others", ~uneven)):
            errors[name].add(draft.sigma[off][some], atlas.gcov[off][some], atlas.gcov_se[off][some])
        errors["rg"].add(draft.rg[off], atlas.rg[off], atlas.rg_se[off])
        strong = np.diag(atlas.gcov) > 4 * np.diag(atlas.gcov_se)
        both = strong[off[0]] & strong[off[1]]
        errors["rg, h2 above 4 SE"].add(draft.rg[off][both], atlas.rg[off][both], atlas.rg_se[off][both])
        exact = fit_rg(aligned, pairs=pairs, m="M", n_blocks=panel.n_blocks).pairs
        truth = np.array([draft.rg[pair] for pair in pairs])
        errors["rg, LDSC's weights"].add(truth, *(np.array([getattr(p, n) for p in exact]) for n in ("rg", "rg_se")))
        errors["rg, same pairs"].add(truth, *(np.array([m[pair] for pair in pairs]) for m in (atlas.rg, atlas.rg_se)))
        fitted = fit_consistent(atlas, n_draws=0)
        kept = [atlas.trait_number(name) for name in fitted.names]  # those with a positive h2
        some = np.triu_indices(len(kept), 1)
        truth = draft.rg[np.ix_(kept, kept)][some]
        errors["rg, raw, same traits"].add(truth, fitted.raw_rg[some], fitted.raw_rg_se[some])
        errors["consistent rg"].add(truth, fitted.rg[some], fitted.safe_se[some])
        errors["refitted"].add(truth, fitted.rg[some], fitted.rg_se[some])
    return dict(errors)
