"""Genetic covariances the way GenomicSEM's ``ldsc()`` estimates them, with their sampling covariance.

GenomicSEM (Grotzinger et al. 2019) has an LD Score regression of its own; its numbers are not LDSC's:

===================  ===============================================  ================================================
                     LDSC 1.0.1 ``--rg``                              GenomicSEM ``ldsc()``
===================  ===============================================  ================================================
outliers             kept                                             chi2 above max(0.001 max N, 80) dropped, always
weights              two rounds of re-weighting                       one fit with the starting weights
regressor            ``sqrt(N1 N2) l / mean``                         ``l`` alone: N is taken as constant
``--w-ld``           used                                             ignored (read, then replaced by ``l``)
scale                M b / mean(sqrt(N1 N2))                          M b / sqrt(mean(N1) mean(N2))
blocks               floor(linspace(0, n, B + 1))                     floor(seq(1, n, length B + 1)): one SNP off
B                    200                                              200, or more silently with more than 18 traits
rg SE                from delete values of the ratio                  h2 taken as known: too small or too large
===================  ===============================================  ================================================

Each cell is fitted on its own SNPs and cuts its own blocks, so that block 17 of two cells is nearly but not quite the same
region; V is the jackknife covariance of all slopes.

**Bugs of GenomicSEM that are not repeated here.**  It compares A1 only: an allele pair on the other strand, or another
variant under the same name, gets a wrong sign; here alleles are compared on both strands and a pair that does not match is
dropped from the cell, as everywhere in this package.  Ambiguous SNPs (A/T, C/G) are likewise left out of pairs.  On clean
input (its own munge's) the numbers are the same.

Source: Grotzinger et al. 2019, Nature Human Behaviour 3:513, and the behaviour of its 2026 release, measured.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ldscores.shared.errors import FitError, InputError
from ldscores.shared.progress import progress
from sumh2.alignment import AlignedData
from sumh2.kernels.block_sums import BlockSums
from sumh2.kernels.column_regression import genomicsem_edges
from sumh2.kernels.jackknife import jackknife, jackknife_covariance
from sumh2.liability import liability_factor
from sumh2.regression_input import Totals, check_positive, fitting, resolve_totals
from sumh2.results import Result, with_se
from sumh2.trait_pairs import check_signs_known
from sumh2.verdicts import outlier_limit

Floats = NDArray[np.float64]

#: With more traits GenomicSEM raises the number of blocks above that of V's rows.
_MANY_TRAITS = 18


@dataclass(frozen=True, eq=False, repr=False)
class GenomicSemMatrices(Result):
    """The list that GenomicSEM's ``ldsc()`` returns.

    Parameters
    ----------
    names : tuple, (k,)
        Traits.
    s : float64, (k, k)
        Genetic covariance, liability scale where a trait has prevalences.
    v : float64, (k (k + 1) / 2, k (k + 1) / 2)
        Sampling covariance of the cells (1,1) (2,1) ... (k,1) (2,2) ...: lower triangle by columns.
    i : float64, (k, k)
        Intercepts, cross-trait intercepts off the diagonal.
    n : float64, (k (k + 1) / 2,)
        Sample size of each cell.
    m
        Reference SNPs.
    """

    kind: ClassVar[str] = "genomicsem"

    names: tuple[str, ...]
    s: Floats
    v: Floats
    i: Floats
    n: Floats
    m: float
    origin: Mapping[str, Any] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"GenomicSemMatrices({', '.join(self.names)})"

    @property
    def provenance(self) -> Mapping[str, Any]:
        return self.origin

    def with_provenance(self, origin: Mapping[str, Any]) -> GenomicSemMatrices:
        """The same result, knowing where it comes from."""
        return replace(self, origin=origin)

    @property
    def s_stand(self) -> Floats:
        """Genetic correlations, (k, k); NaN where a heritability is not positive (GenomicSEM stops or leaves it out)."""
        scale = self._scale()
        return self.s * np.outer(scale, scale)

    @property
    def v_stand(self) -> Floats:
        """V rescaled by the heritabilities as if they were known, as GenomicSEM: not the error of a correlation."""
        first, second = np.triu_indices(len(self.names))
        scale = self._scale()
        cells = scale[first] * scale[second]
        return self.v * np.outer(cells, cells)

    def _scale(self) -> Floats:
        h2 = np.diag(self.s)
        return np.where(h2 > 0, 1 / np.sqrt(np.where(h2 > 0, h2, 1)), np.nan)

    def to_records(self) -> list[dict[str, Any]]:
        """One dictionary a cell."""
        first, second = np.triu_indices(len(self.names))
        se = np.sqrt(np.diag(self.v))
        return [
            {"trait1": self.names[a], "trait2": self.names[b], "gcov": self.s[a, b], "gcov_se": se[cell],
             "intercept": self.i[a, b], "n": self.n[cell]}
            for cell, (a, b) in enumerate(zip(first, second, strict=True))
        ]  # fmt: skip

    def __str__(self) -> str:
        lines = [f"{len(self.names)} traits, GenomicSEM's estimator", ""]
        width = max(len(name) for name in self.names)
        lines += [
            f"  {row['trait1']:<{width}}  {row['trait2']:<{width}}  gcov {with_se(row['gcov'], row['gcov_se'])}  "
            f"intercept {row['intercept']:.4f}"
            for row in self.to_records()
        ]
        return "\n".join(lines)


def fit_genomicsem(
    aligned: AlignedData,
    *,
    n_blocks: int = 200,
    chisq_max: float | None = None,
    m: Totals = "M_5_50",
    chromosomes: Sequence[str] | None = None,
) -> GenomicSemMatrices:
    """S, V, I, N and m as GenomicSEM's ``ldsc()``.

        b, a = argmin sum_j v_j (z1_j z2_j - b l_j - a)²,   S = M b / sqrt(mean N1 mean N2)
        v_j = (q1_j + q2_j)²,   q = 1 / [sqrt(2 max(l, 1)) (1 + h N max(l, 1) / M)],
        h = M (mean chi2 - 1) / mean(l N) within [0, 1]

    Parameters
    ----------
    aligned
        One or more traits, from :func:`sumh2.align`, with one LD score.  Prevalences of its traits give the liability
        scale.
    n_blocks
        Jackknife blocks.  With more than 18 traits at least one more than V has rows, as GenomicSEM.
    chisq_max
        Drop SNPs with a chi2 above it; by default max(0.001 max N, 80) of each trait.
    m
        Number of reference SNPs; where `chromosomes` are chosen, give theirs.
    chromosomes
        Names of chromosomes to use (GenomicSEM's ``select``); all by default.

    Raises
    ------
    InputError
        Several LD scores, no alleles.
    FitError
        Fewer SNPs than blocks in a cell.
    """
    if aligned.tagging.shape[1] != 1:
        raise InputError(f"genomicsem: found {aligned.tagging.shape[1]} LD scores, expected one; use plain LD scores")
    if aligned.n_traits > 1:
        check_signs_known(aligned, "covariance")
    check_positive(chisq_max, "--chisq-max", "80")
    n_traits = aligned.n_traits
    total = float(resolve_totals(aligned.reference, m)[0])
    if n_traits > _MANY_TRAITS:
        n_blocks = max(n_blocks, (n_traits + 1) * (n_traits + 2) // 2 + 1)
    present = _present(aligned, chisq_max, chromosomes)
    first, second = np.triu_indices(n_traits)
    s, i = np.empty((n_traits, n_traits)), np.empty((n_traits, n_traits))
    n, slopes, deleted = np.empty(len(first)), np.empty(len(first)), np.empty((n_blocks, len(first)))
    cells = zip(first.tolist(), second.tolist(), strict=True)
    for cell, (a, b) in enumerate(progress(cells, total=len(first), label="genomicsem", unit="cells")):
        rows = present[:, a] & present[:, b] & aligned.matching(a, b)
        what = aligned.traits[a].name if a == b else f"{aligned.traits[a].name} - {aligned.traits[b].name}"
        with fitting(what):
            fit = _fit_cell(aligned, a, b, np.flatnonzero(rows), total, n_blocks, what)
        n[cell], slopes[cell], deleted[:, cell] = fit[0], fit[1] * total / fit[0], fit[3] * total / fit[0]
        s[a, b] = s[b, a] = slopes[cell]
        i[a, b] = i[b, a] = fit[2]
    factors = np.sqrt([liability_factor(trait.samp_prev, trait.pop_prev, quantitative=1.0) for trait in aligned.traits])
    scale = factors[first] * factors[second]
    covariance = jackknife_covariance(slopes, deleted)
    return GenomicSemMatrices(
        names=tuple(trait.name for trait in aligned.traits),
        s=s * np.outer(factors, factors),
        v=covariance * np.outer(scale, scale),
        i=i,
        n=n,
        m=total,
    )


def _present(aligned: AlignedData, chisq_max: float | None, chromosomes: Sequence[str] | None) -> NDArray[np.bool_]:
    """SNPs of each trait that its regressions may use, (n_snps, n_traits)."""
    present = np.isfinite(aligned.z)
    if chromosomes is not None:
        wanted = {str(name) for name in chromosomes}
        on = np.array([name in wanted for name in aligned.chrom.to_pylist()])
        if not on.any():
            raise InputError(f"chromosomes: found none of {', '.join(sorted(wanted))}; expected names of the LD scores")
        present &= on[:, None]
    for trait in range(aligned.n_traits):
        limit = chisq_max
        if limit is None:
            limit = outlier_limit(float(np.nanmax(aligned.n_samples[present[:, trait], trait])))
        with np.errstate(invalid="ignore"):
            present[:, trait] &= aligned.z[:, trait] ** 2 <= limit
    return present


def _fit_cell(
    aligned: AlignedData, a: int, b: int, rows: NDArray[np.int64], m: float, n_blocks: int, what: str
) -> tuple[float, float, float, Floats]:
    """N of the cell, slope, intercept, and slopes with each block left out."""
    if len(rows) <= n_blocks:
        raise FitError(f"{what}: {len(rows)} SNPs for {n_blocks} blocks, expected many more; lower --n-blocks")
    ld_score = aligned.tagging[rows, 0]
    z1, n1 = aligned.z[rows, a], aligned.n_samples[rows, a]
    z2, n2 = (z1, n1) if a == b else (aligned.z[rows, b], aligned.n_samples[rows, b])
    root = _root_weights(z1, n1, ld_score, m)
    if a != b:
        root = root + _root_weights(z2, n2, ld_score, m)
    weights, product = root**2, z1 * z2
    starts = genomicsem_edges(len(rows), n_blocks)[:-1]

    def summed(values: Floats) -> Floats:
        return np.add.reduceat(values, starts)

    weighted_ld = weights * ld_score
    xx, x, one = summed(weighted_ld * ld_score), summed(weighted_ld), summed(weights)
    sums = BlockSums(
        np.stack([np.stack([xx, x], axis=1), np.stack([x, one], axis=1)], axis=1),
        np.stack([summed(weighted_ld * product), summed(weights * product)], axis=1),
        summed(weights * product**2),
    )
    coefs = jackknife(sums)
    n_cell = float(n1.mean()) if a == b else float(np.sqrt(n1.mean() * n2.mean()))
    return n_cell, float(coefs.estimate[0]), float(coefs.estimate[1]), coefs.delete_values[:, 0]


def _root_weights(z: Floats, n: Floats, ld_score: Floats, m: float) -> Floats:
    """q of one trait, (n_snps,)."""
    start = float(np.clip(m * ((z @ z) / len(z) - 1) / (ld_score @ n / len(z)), 0, 1))
    clipped = np.maximum(ld_score, 1)
    return 1 / (np.sqrt(2 * clipped) * (1 + start * n * clipped / m))
