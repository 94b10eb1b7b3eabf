"""Heritability partitioned over overlapping categories: stratified LD Score regression."""

from __future__ import annotations

import logging
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ldscores.annotations.annotation_sums import AnnotationSums, QuantileSums
from ldscores.shared.errors import InputError
from sumh2.alignment import AlignedData
from sumh2.enrichment.annotation_guards import (
    Dependence,
    block_findings,
    condition_findings,
    degrees_of_freedom,
    inflation_findings,
    measure_dependence,
    share_findings,
    shares_of_continuous,
    size_findings,
    t_p_values,
    two_sided_p,
)
from sumh2.enrichment.overlap_sums import OverlapSums, resolve_overlap
from sumh2.enrichment.partition_result import Coefficients, PartitionResult
from sumh2.kernels.column_regression import ColumnFit
from sumh2.kernels.enrichment import Enrichments, derive_enrichments, derive_quantiles
from sumh2.ldsc.h2 import fit_stratified_h2
from sumh2.ldsc.h2_result import H2Result
from sumh2.regression_input import Totals, check_several_categories, one_blas_thread
from sumh2.verdicts import WHY_SEPARATOR, Finding, judge

log = logging.getLogger(__name__)

Floats = NDArray[np.float64]


def fit_partition(
    aligned: AlignedData,
    *,
    trait: int = 0,
    annotations: AnnotationSums | None = None,
    disjoint: bool = False,
    intercept: float | None = None,
    chisq_max: float | None = None,
    n_blocks: int = 200,
    m: Totals | None = None,
    quantiles: QuantileSums | None = None,
) -> PartitionResult:
    """Heritability of every category with its share, enrichment, coefficient and their errors.

        E[chi2_j] = N_j sum_c tau_c l_jc + a,        h2_i = sum_k O_ik tau_k

    (Finucane et al. 2015, eq. 1 and Online Methods).  Numbers equal those of LDSC 1.0.1 ``--h2 --overlap-annot``: one
    weighted fit without iteration, SNPs with a chi2 above ``max(0.001 max(N), 80)`` left out, block jackknife, the
    p-value of an enrichment from the difference in heritability per SNP inside and outside the category.  LDSC gives no
    p-value of a coefficient: here it is two-sided (and one-sided) normal, Student's where few blocks stand behind it.
    tau* is ``tau sd(a) M / h2`` (Gazal et al. 2017, eq. 3) with the jackknife error of the ratio; the field's usual
    error, which takes h2 as known, is tau* over the z of tau.

    Parameters
    ----------
    aligned
        From :func:`sumh2.align`, on LD scores of several categories.
    trait
        Which column.
    annotations
        Overlap of the annotations, where the tagging does not store it: from
        :func:`ldscores.annotations.overlap_files.read_annotation_sums`.
    disjoint
        Say that no SNP is in two categories, so that no overlap is needed.
    intercept
        Hold the intercept at this value.
    chisq_max
        Leave out SNPs with a chi2 at or above it.
    n_blocks
        Jackknife blocks.
    m
        "M_5_50", "M", or numbers; by default what goes with the overlap.
    quantiles
        Bins of an annotation, from :func:`ldscores.annotations.overlap_files.read_quantile_sums`; by default those of
        `annotations`, if there are any.

    Raises
    ------
    InputError
        One category, an unknown overlap, totals that are missing or do not fit the overlap.
    FitError
        Too few SNPs, collinear categories.
    """
    check_several_categories(aligned.reference, "a heritability", "sumh2 h2")
    sums = resolve_overlap(aligned.reference, m, annotations, disjoint)
    total, fit, places = fit_stratified_h2(
        aligned, sums.totals, trait=trait, intercept=intercept, chisq_max=chisq_max, n_blocks=n_blocks
    )
    with one_blas_thread():
        dependence = measure_dependence(fit.sums.xtx)
        return partition_of(total, sums, dependence, quantiles=quantiles, fit=fit, places=places)


def partition_of(
    total: H2Result,
    sums: OverlapSums,
    dependence: Dependence,
    *,
    quantiles: QuantileSums | None = None,
    fit: ColumnFit | None = None,
    places: NDArray[np.int64] | None = None,
) -> PartitionResult:
    """The partition that follows from coefficients and their delete values."""
    enrichments = derive_enrichments(
        total.tau, total.tau_delete, sums.overlap, sums.totals, sums.sizes, sums.n_reference, sums.sd
    )
    tau_se = np.sqrt(np.diag(total.tau_cov))
    coefficients = Coefficients(
        total.tau, tau_se, *t_p_values(total.tau, tau_se, total.n_blocks, dependence.effective_blocks)
    )
    # LDSC's: Student's t with as many degrees of freedom as blocks, NaN where the share has no error.
    difference_se = np.where(enrichments.share.se > 0, enrichments.difference_se, np.nan)
    _, enrichment_p, enrichment_log10_p = two_sided_p(enrichments.difference, difference_se, float(total.n_blocks))
    judged = [judge(_category_findings(place, sums, enrichments, dependence, total)) for place in range(len(total.tau))]
    result = PartitionResult(
        # Categories overlap: their totals add up to more than the SNPs that there are.
        total=replace(_with_findings(total, dependence, sums), m=sums.n_reference),
        categories=total.categories,
        coefficients=coefficients,
        enrichments=enrichments,
        enrichment_p=enrichment_p,
        enrichment_log10_p=enrichment_log10_p,
        sums=sums,
        dependence=dependence,
        statuses=tuple(status for status, _ in judged),
        whys=tuple(why for _, why in judged),
        fit=fit,
        places=places,
    )
    chosen = quantiles if quantiles is not None else sums.quantiles
    return result if chosen is None else _with_quantiles(result, chosen)


def _category_findings(
    place: int, sums: OverlapSums, enrichments: Enrichments, dependence: Dependence, total: H2Result
) -> list[Finding]:
    binary = bool(sums.binary[place])
    if not sums.overlap[place].any() and not sums.totals[place]:
        return [Finding("unusable", "empty", "no reference SNP is in this category: leave it out")]
    found = size_findings(float(sums.block_share[place]), float(enrichments.prop_snps[place]), binary)
    # However collinear, enrichments hang on sums of coefficients, which are determined.
    found += [
        replace(one, level="caution") if one.level == "unusable" else one
        for one in inflation_findings(float(dependence.inflation[place]))
    ]
    share, share_se = float(enrichments.share.value[place]), float(enrichments.share.se[place])
    found += share_findings(share, share_se, binary, small=any(one.code == "small annotation" for one in found))
    found += block_findings(float(dependence.effective_blocks[place]), total.n_blocks)
    if sums.mismatch is not None:
        found.append(replace(sums.mismatch, text="shares and enrichments are of other SNPs than the totals, see above"))
    if not sums.has_shares[place]:
        found.append(shares_of_continuous())
    elif not binary:
        found.append(
            Finding("note", "probabilities", "its shares are of sums of its values, if these are between 0 and 1; tau* and "
                    "its bins (--quantile-of) can always be read")
        )  # fmt: skip
    return found


def _with_findings(total: H2Result, dependence: Dependence, sums: OverlapSums) -> H2Result:
    """The status of the whole also knows of collinear annotations."""
    found = condition_findings(dependence.condition, dependence.inflation, total.categories)
    if sums.mismatch is not None:
        # The heritability of the whole is that of the totals, whatever the annotations say.
        found.append(replace(sums.mismatch, level="caution"))
    if not found:
        return total
    status, why = judge(found)
    order = ("ok", "caution", "unusable")
    worst = max(status, total.status, key=order.index)
    return replace(total, status=worst, why=WHY_SEPARATOR.join(part for part in (why, total.why) if part))


def _with_quantiles(result: PartitionResult, quantiles: QuantileSums) -> PartitionResult:
    sums = quantiles.sums
    if sums.shape[1] != len(result.categories):
        raise InputError(
            f"{quantiles.of}: found bins of {sums.shape[1]} annotations, expected the {len(result.categories)} of the "
            "model; make the bins with the annotations of these LD scores"
        )
    found = derive_quantiles(result.total.tau, result.total.tau_delete, sums, quantiles.n_snps)
    p = two_sided_p(found.difference, found.difference_se, degrees_of_freedom(result.total.n_blocks))[1]
    return replace(result, quantiles=found, quantile_p=p, sums=replace(result.sums, quantiles=quantiles))
