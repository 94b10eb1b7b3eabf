"""Genetic covariance and correlation of traits by category: stratified cross-trait LD Score regression."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ldscores.annotations.annotation_sums import AnnotationSums
from ldscores.shared.collinearity import check_gram_not_collinear
from ldscores.shared.cores import usable_cores
from ldscores.shared.errors import InputError
from ldscores.shared.progress import progress
from sumh2.alignment import AlignedData, available_snps
from sumh2.enrichment.overlap_sums import OverlapSums, resolve_overlap
from sumh2.enrichment.stratified_rg_result import StratifiedCell, StratifiedPair, StratifiedRgResult
from sumh2.kernels.block_sums import block_edges
from sumh2.kernels.column_regression import (
    aggregate_total,
    column_block_sums,
    genomicsem_edges,
    solve_columns,
    sum_columns,
)
from sumh2.kernels.enrichment import derive_enrichments
from sumh2.kernels.jackknife import correlation_with_se, jackknife_se
from sumh2.kernels.significance import z_and_p
from sumh2.kernels.weights import ProductWeights, chi2_weights, product_weights
from sumh2.liability import liability_factor
from sumh2.regression_input import (
    Totals,
    check_enough,
    check_positive,
    check_several_categories,
    fitting,
    one_blas_thread,
)
from sumh2.trait_pairs import check_signs_known
from sumh2.verdicts import Finding, correlation_findings, count_findings, judge, outlier_limit

Floats = NDArray[np.float64]

#: How cells are weighted and scaled.
Convention = Literal["ldsc", "genomicsem"]


def fit_stratified_rg(
    aligned: AlignedData,
    *,
    annotations: AnnotationSums | None = None,
    disjoint: bool = False,
    intercept: float | None = None,
    gcov_intercept: float | None = None,
    chisq_max: float | None = None,
    n_blocks: int = 200,
    m: Totals | None = None,
    convention: Convention = "ldsc",
) -> StratifiedRgResult:
    """Heritability, genetic covariance and correlation of all pairs of traits in every category.

        E[z1_j z2_j] = sqrt(N1_j N2_j) sum_c tau_c l_jc + a12,    gcov_i = sum_k O_ik tau_k,
        rg_i = gcov_i / sqrt(h2_1i h2_2i)

    (Lu et al. 2017, AJHG 101:939, by LD Score regression as in Grotzinger et al. 2022, Nature Genetics 54:548.)  Each
    regression is one weighted fit without iteration, as LDSC's stratified heritability: weights are the inverse variance
    of z1 z2 at aggregate starting values, over the LD score of the regression SNPs.  Heritabilities equal those of
    :func:`sumh2.fit_partition`.  All cells are cut in the same blocks of the genome, so that their delete values go
    together; a regression uses the SNPs that its traits have, less those with a chi2 above ``max(0.001 max(N), 80)`` in
    either.

    LDSC's own ``--rg`` with several LD scores is wrong and not repeated here: it re-weights with the second coefficient
    as the intercept and M times the first as the total (SPEC-LDSC 5.2), so that weights follow from two annotations'
    coefficients.  GenomicSEM's ``s_ldsc`` (``convention="genomicsem"``) does not scale the LD scores of a covariance by
    the sample sizes, adds up the square roots of both traits' weights, and cuts blocks on each regression's own SNPs.

    Parameters
    ----------
    aligned
        Two traits or more, from :func:`sumh2.align`, on LD scores of several categories.
    annotations, disjoint, m
        As :func:`sumh2.fit_partition`.
    intercept, gcov_intercept
        Hold the intercepts of heritabilities and covariances at these values.
    chisq_max
        Leave out SNPs with a chi2 at or above it in a trait of the regression.
    n_blocks
        Jackknife blocks.
    convention
        "ldsc" or "genomicsem".

    Raises
    ------
    InputError
        Fewer than two traits, no alleles, one category, an unknown overlap.
    FitError
        Too few SNPs, collinear categories.
    """
    if aligned.n_traits < 2:
        raise InputError("stratified rg: found one trait, expected two or more; name another summary statistics file")
    check_several_categories(aligned.reference, "a covariance", "sumh2 rg")
    check_signs_known(aligned, "covariance")
    if convention not in ("ldsc", "genomicsem"):
        raise InputError(f"convention: found {convention!r}, expected ldsc or genomicsem; correct it")
    check_positive(chisq_max, "--chisq-max", "80")
    sums = resolve_overlap(aligned.reference, m, annotations, disjoint)
    present = np.isfinite(aligned.z)
    limits = [
        chisq_max or outlier_limit(float(aligned.n_samples[present[:, trait], trait].max()))
        for trait in range(aligned.n_traits)
    ]
    with np.errstate(invalid="ignore"):
        kept = present & (aligned.z**2 < np.array(limits))
    setting = _Setting(aligned, sums, kept, sum_columns(aligned.tagging), n_blocks, convention)
    order = list(itertools.combinations_with_replacement(range(aligned.n_traits), 2))
    cells = {
        pair: _fit_cell(setting, pair, intercept if pair[0] == pair[1] else gcov_intercept)
        for pair in progress(order, total=len(order), label="stratified rg", unit="regressions")
    }
    pairs = {pair: _correlations(setting, cells, pair) for pair in order if pair[0] < pair[1]}
    names = tuple(trait.name for trait in aligned.traits)
    factors = tuple(liability_factor(trait.samp_prev, trait.pop_prev) for trait in aligned.traits)
    return StratifiedRgResult(names, tuple(aligned.reference.names), sums, cells, pairs, convention, n_blocks, factors)


@dataclass(frozen=True)
class _Setting:
    """What all cells share."""

    aligned: AlignedData
    sums: OverlapSums
    kept: NDArray[np.bool_]
    total_ld: Floats
    n_blocks: int
    convention: Convention

    @property
    def m(self) -> float:
        return float(self.sums.totals.sum())

    def rows_of(self, pair: tuple[int, int]) -> NDArray[np.int64]:
        """SNPs that both traits have with the same unambiguous alleles; of one trait all it has."""
        first, second = pair
        return np.flatnonzero(self.kept[:, first] & self.kept[:, second] & self.aligned.matching(first, second))

    def edges(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        if self.convention == "genomicsem":
            return genomicsem_edges(len(rows), self.n_blocks)
        # The same blocks of the genome in every cell.
        used = np.flatnonzero(self.kept.any(axis=1))
        starts = used[block_edges(len(used), self.n_blocks)[:-1]]
        return np.append(np.searchsorted(rows, starts), len(rows)).astype(np.int64)


def _fit_cell(setting: _Setting, pair: tuple[int, int], fixed: float | None) -> StratifiedCell:
    aligned, sums = setting.aligned, setting.sums
    first, second = pair
    what = " - ".join(dict.fromkeys(aligned.traits[trait].name for trait in pair))
    rows = setting.rows_of(pair)
    check_enough(len(rows), setting.n_blocks, aligned.tagging.shape[1] + 1, what)
    z = [aligned.z[rows, trait] for trait in pair]
    n = [aligned.n_samples[rows, trait] for trait in pair]
    product, n12 = z[0] * z[1], np.sqrt(n[0] * n[1])
    null = 1.0 if first == second else 0.0
    cell = _Cell(z, n, setting.total_ld[rows], aligned.regression_tagging[rows], setting.m)
    plain = setting.convention == "genomicsem" and first != second
    n_bar = float(np.sqrt(n[0].mean() * n[1].mean())) if plain else float(n12.mean())
    scale = np.ones(len(rows)) if plain else n12 / n_bar
    with fitting(what), one_blas_thread():
        weights = cell.added_weights() if plain else cell.product_weights(null if fixed is None else fixed, null)
        if not (np.isfinite(weights) & (weights > 0)).all():
            raise ArithmeticError("a regression weight is not positive and finite")
        block_sums = column_block_sums(
            aligned.tagging, rows, scale, product, weights, setting.edges(rows), usable_cores()
        )
        gram = block_sums.xtx[:, :-1, :-1].sum(axis=0)
        check_gram_not_collinear(gram, aligned.reference.names, aligned.reference.where)
        fit = solve_columns(block_sums, n_bar, fixed)
    total, total_delete = float(fit.tau.estimate @ sums.totals), fit.tau.delete_values @ sums.totals
    return StratifiedCell(
        trait1=first, trait2=second, n_snps=len(rows), n=n_bar, mean_product=float(product.mean()), total=total,
        total_se=jackknife_se(total, total_delete), total_delete=total_delete,
        intercept=float(fit.intercept.estimate[0]),
        intercept_se=float(fit.intercept.se[0]) if fixed is None else float("nan"),
        enrichments=derive_enrichments(
            fit.tau.estimate, fit.tau.delete_values, sums.overlap, sums.totals, sums.sizes, sums.n_reference, sums.sd
        ),
        fit=fit,
    )  # fmt: skip


@dataclass(frozen=True)
class _Cell:
    """The SNPs of one regression, for its weights."""

    z: Sequence[Floats]
    n: Sequence[Floats]
    total_ld: Floats
    regression_ld: Floats
    m: float

    def _h2(self, which: int, null: float = 1.0) -> float:
        return aggregate_total(float((self.z[which] ** 2).mean()), null, self.total_ld, self.n[which], self.m)

    def product_weights(self, start: float, null: float) -> Floats:
        """LDSC's inverse variance of z1 z2 at the starting values."""
        if self.z[0] is self.z[1] or null == 1.0:
            h2 = self._h2(0, start)
            return chi2_weights(self.total_ld, self.regression_ld, self.n[0], self.m, h2, start)
        mean = float((self.z[0] * self.z[1]).mean())
        gcov = aggregate_total(mean, start, self.total_ld, np.sqrt(self.n[0] * self.n[1]), self.m)
        of = ProductWeights.of_two_traits(self._h2(0), self._h2(1), gcov, 1.0, 1.0, start)
        return product_weights(of, self.total_ld, self.regression_ld, self.n[0], self.n[1], self.m)

    def added_weights(self) -> Floats:
        """GenomicSEM's: the square roots of both traits' weights are added up, and the sum multiplies X and y."""
        roots = [
            np.sqrt(chi2_weights(self.total_ld, self.regression_ld, n, self.m, self._h2(which), 1.0))
            for which, n in enumerate(self.n)
        ]
        return (roots[0] + roots[1]) ** 2


def _correlations(setting: _Setting, cells: dict, pair: tuple[int, int]) -> StratifiedPair:
    first, second = pair
    cross, one, two = cells[pair], cells[first, first], cells[second, second]

    def with_total(cell: StratifiedCell) -> tuple[Floats, Floats]:
        of_category = cell.enrichments.h2
        values = np.append(of_category.value, cell.total)
        return values, np.column_stack([of_category.delete_values, cell.total_delete])

    (gcov, gcov_delete), (h2_1, delete_1), (h2_2, delete_2) = map(with_total, (cross, one, two))
    values, deleted = np.stack([h2_1, h2_2, gcov]), np.stack([delete_1, delete_2, gcov_delete], axis=1)
    rg, rg_se, n_bad = np.array(
        [correlation_with_se(values[:, place], deleted[:, :, place]) for place in range(len(gcov))]
    ).T
    # What a continuous annotation sums is no heritability of any SNPs: it may be negative, and has no correlation.
    binary = np.append(setting.sums.binary, True)
    rg, rg_se = np.where(binary, rg, np.nan), np.where(binary, rg_se, np.nan)
    gcov_se = np.append(cross.enrichments.h2.se, cross.total_se)
    h2_se = [np.append(cell.enrichments.h2.se, cell.total_se) for cell in (one, two)]
    names = tuple(setting.aligned.traits[trait].name for trait in pair)
    judged = []
    for place in range(len(rg)):
        h2s = [
            (name, h2[place], h2[place] / se[place]) for name, h2, se in zip(names, (h2_1, h2_2), h2_se, strict=True)
        ]
        found = [Finding("unusable", "continuous", "no correlation is defined for a continuous annotation")]
        if binary[place]:
            found = correlation_findings(
                rg[place], rg_se[place], h2s, int(n_bad[place]), setting.n_blocks, where="in this category"
            )
        mismatch = setting.sums.mismatch
        if mismatch is not None:
            # What all SNPs share hangs on the totals alone.
            found.append(replace(mismatch, level="caution") if place == len(rg) - 1 else mismatch)
        if place == len(rg) - 1:
            available = available_snps([setting.aligned.traits[trait] for trait in pair], setting.aligned.reference)
            found += count_findings(cross.n_snps, setting.n_blocks, available)
        judged.append(judge(found))
    rg_z, rg_p, rg_log10_p = np.array([z_and_p(value, se) for value, se in zip(rg, rg_se, strict=True)]).T
    tests = np.array([z_and_p(value, se) for value, se in zip(gcov, gcov_se, strict=True)]).T
    gcov_z, gcov_p, gcov_log10_p = tests
    return StratifiedPair(
        cross, rg, rg_se, rg_z, rg_p, rg_log10_p, gcov, gcov_se, gcov_z, gcov_p, gcov_log10_p,
        statuses=tuple(status for status, _ in judged), whys=tuple(why for _, why in judged),
    )  # fmt: skip
