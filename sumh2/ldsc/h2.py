"""SNP heritability of one trait by LD Score regression."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ldscores.shared.collinearity import check_gram_not_collinear
from ldscores.shared.cores import usable_cores
from ldscores.shared.errors import InputError, OptionError
from ldscores.taggings.tagging_summary import snps_by_chromosome
from sumh2.alignment import AlignedData, AlignedTrait, available_snps
from sumh2.coverage_verdicts import coverage_findings
from sumh2.kernels.column_regression import ColumnFit, solve_columns, sum_columns_of_chi2
from sumh2.kernels.jackknife import jackknife_se
from sumh2.kernels.product_regression import RegressionRows, fit_product
from sumh2.kernels.significance import lambda_gc, z_and_p
from sumh2.kernels.weights import ProductWeights
from sumh2.ldsc.h2_result import H2Result
from sumh2.liability import liability_factor, scale_findings
from sumh2.regression_input import (
    Totals,
    check_enough,
    check_positive,
    check_several_categories,
    check_varies,
    fitting,
    one_blas_thread,
    resolve_totals,
    trait_info,
)
from sumh2.sumstats import FilterCount
from sumh2.verdicts import (
    Finding,
    first_step_findings,
    h2_findings,
    judge,
    outlier_limit,
    removed_outlier_findings,
)

log = logging.getLogger(__name__)

Floats = NDArray[np.float64]

#: LDSC's default cutoff of the two-step estimator.
TWO_STEP_CUTOFF = 30.0


def fit_h2(
    aligned: AlignedData,
    *,
    trait: int = 0,
    two_step: float | None | Literal["auto"] = "auto",
    intercept: float | None = None,
    chisq_max: float | None = None,
    n_blocks: int = 200,
    m: Totals = "M_5_50",
) -> H2Result:
    """SNP heritability, LD Score regression intercept and their jackknife errors.

        E[chi2_j] = N_j h2 l_j / M + intercept

    (Bulik-Sullivan et al. 2015a, eq. 1).  Estimates equal those of LDSC 1.0.1 ``--h2``: SNPs in chromosome order are
    cut in blocks that ignore chromosome borders; the intercept comes from SNPs with chi2 below 30 (two-step), where
    re-weighting uses ``N l / mean(N)`` in the place of ``l``, a quirk that defines the published numbers.  With several
    LD scores the fit is LDSC's stratified one: no two-step, no iteration, and SNPs with a chi2 above
    ``max(0.001 max(N), 80)`` left out.

    Parameters
    ----------
    aligned
        From :func:`sumh2.align`.
    trait
        Which column.
    two_step
        chi2 cutoff of step 1; None for one step; "auto" is 30 with one LD score and a free intercept, else None.
    intercept
        Hold the intercept at this value; 1 assumes that there is no confounding.
    chisq_max
        Leave out SNPs with a chi2 at or above it.
    n_blocks
        Jackknife blocks; never more than SNPs.
    m
        "M_5_50", "M", or the number of reference SNPs of each LD score.

    Returns
    -------
    H2Result
        With h2 on the liability scale where the trait has prevalences (:meth:`sumh2.SumStats.with_prevalences`).

    Raises
    ------
    InputError
        Options that contradict each other, or totals that are missing.
    FitError
        Too few SNPs, constant or collinear LD scores.
    """
    trait_info(aligned, trait)
    totals = resolve_totals(aligned.reference, m)
    return _fit(aligned, trait, two_step, intercept, chisq_max, n_blocks, totals)[0]


def fit_stratified_h2(
    aligned: AlignedData,
    totals: Floats,
    *,
    trait: int = 0,
    intercept: float | None = None,
    chisq_max: float | None = None,
    n_blocks: int = 200,
) -> tuple[H2Result, ColumnFit, NDArray[np.int64]]:
    """:func:`fit_h2` of several LD scores with what a partition needs of it: the fit, and its rows of `aligned`.

    Parameters
    ----------
    totals : float64, (n_categories,)
        M of each category, resolved; that of a continuous annotation may be negative.
    """
    check_several_categories(aligned.reference, "a heritability", "sumh2 h2")
    result, fit, rows = _fit(aligned, trait, None, intercept, chisq_max, n_blocks, totals)
    if fit is None:
        raise ValueError("a fit of one LD score has no coefficients of columns")
    return result, fit, rows.places


def _fit(
    aligned: AlignedData,
    trait: int,
    two_step: float | None | Literal["auto"],
    intercept: float | None,
    chisq_max: float | None,
    n_blocks: int,
    totals: Floats,
) -> tuple[H2Result, ColumnFit | None, _Rows]:
    info = trait_info(aligned, trait)
    single = aligned.tagging.shape[1] == 1
    cutoff = _two_step_cutoff(two_step, intercept, single)
    check_positive(chisq_max, "--chisq-max", "80")
    n_coefs = aligned.tagging.shape[1] + (intercept is None)
    present = np.isfinite(aligned.z[:, trait])
    n_asked = check_enough(int(present.sum()), n_blocks, n_coefs, info.name)
    rows = _chosen_rows(aligned, trait, present)
    steps = list(info.steps)
    limit = chisq_max if chisq_max is not None or single else outlier_limit(float(rows.n.max()))
    removed: list[Finding] = []
    if limit is not None:
        chi2 = rows.z**2
        kept = chi2 < limit
        n_removed, excess = int((~kept).sum()), float(chi2.sum() - len(chi2))
        lost = float((chi2[~kept] - 1).sum()) / excess if excess > 0 else 1.0
        removed = removed_outlier_findings(limit, n_removed, len(chi2) - n_removed, lost)
        steps.append(FilterCount(f"with chi2 below {limit:g}", int((~kept).sum()), int(kept.sum())))
        rows = rows.take(kept)
    if cutoff is not None:
        n_below = int(np.count_nonzero(rows.z**2 < cutoff))
        steps.append(FilterCount(f"in step 1, chi2 below {cutoff:g}", len(rows.z) - n_below, n_below))
        check_enough(n_below, n_asked, n_coefs, f"{info.name}, chi2 below {cutoff:g}")
        removed += first_step_findings(cutoff, len(rows.z) - n_below, len(rows.z))
    n_used = check_enough(len(rows.z), n_asked, n_coefs, info.name)
    fit = None
    with fitting(info.name):
        if single:
            estimates = _fit_single(rows, float(totals[0]), n_used, intercept, cutoff, aligned)
        else:
            estimates, fit = _fit_many(rows, totals, n_used, intercept, aligned)
    findings = coverage_findings(
        study_chromosomes=aligned.chromosomes_of(rows.places),
        reference_chromosomes=snps_by_chromosome(aligned.reference),
        share_mismatched=info.share_mismatched,
        m=float(totals.sum()),
        n_snps=len(rows.z),
        max_chi2=float((rows.z**2).max()),
        max_n=float(rows.n.max()),
        outliers_removed=limit is not None,
        reference_notes=aligned.reference.notes,
    )
    findings += removed
    result = _h2_result(aligned, info, estimates, rows, totals, (cutoff, limit), tuple(steps), findings)
    return result, fit, rows


def _two_step_cutoff(two_step: float | None | Literal["auto"], intercept: float | None, single: bool) -> float | None:
    if two_step == "auto":
        return TWO_STEP_CUTOFF if single and intercept is None else None
    if two_step is None:
        return None
    check_positive(two_step, "--two-step", "30")
    if intercept is not None:
        raise OptionError(
            f"two-step: found a cutoff ({two_step:g}) and a fixed intercept ({intercept:g}), expected one of them; "
            "the two-step estimator is there to find the intercept: drop one option"
        )
    if not single:
        raise InputError("two-step: found several LD scores, expected one; the stratified fit has one step: drop it")
    return float(two_step)


@dataclass(frozen=True)
class _Rows:
    """The SNPs of one regression; their LD scores stay where they are, at these places."""

    z: Floats
    n: Floats
    regression_ld: Floats
    places: NDArray[np.int64]

    def take(self, kept: NDArray[np.bool_]) -> _Rows:
        if kept.all():
            return self
        return _Rows(self.z[kept], self.n[kept], self.regression_ld[kept], self.places[kept])


def _chosen_rows(aligned: AlignedData, trait: int, present: NDArray[np.bool_]) -> _Rows:
    columns = aligned.z[:, trait], aligned.n_samples[:, trait], aligned.regression_tagging
    return _Rows(*columns, np.arange(len(present))).take(present)


@dataclass(frozen=True)
class _Estimates:
    """What either fit gives."""

    h2: float
    h2_se: float
    h2_delete: Floats
    intercept: float
    intercept_se: float
    intercept_delete: Floats
    tau: Floats
    tau_cov: Floats
    tau_delete: Floats


def _fit_single(
    rows: _Rows, m: float, n_blocks: int, intercept: float | None, cutoff: float | None, aligned: AlignedData
) -> _Estimates:
    ld_score = aligned.tagging[rows.places, 0]
    if intercept is None:
        check_varies(ld_score, aligned.reference.names[0])
    regression = RegressionRows(rows.z, rows.z, rows.n, rows.n, ld_score, rows.regression_ld, m)
    fit = fit_product(regression, n_blocks, ProductWeights.of_one_trait, 1.0, intercept, cutoff)
    return _Estimates(
        h2=fit.total,
        h2_se=fit.total_se,
        h2_delete=fit.total_delete,
        intercept=fit.intercept,
        intercept_se=fit.intercept_se,
        intercept_delete=fit.intercept_delete,
        tau=np.array([fit.total / m]),
        tau_cov=np.array([[(fit.total_se / m) ** 2]]),
        tau_delete=fit.total_delete[:, None] / m,
    )


def _fit_many(
    rows: _Rows, totals: Floats, n_blocks: int, intercept: float | None, aligned: AlignedData
) -> tuple[_Estimates, ColumnFit]:
    places = None if len(rows.places) == len(aligned.tagging) else rows.places
    with one_blas_thread():
        sums, n_bar = sum_columns_of_chi2(
            rows.z**2, rows.n, aligned.tagging, rows.regression_ld, totals, n_blocks, intercept, rows=places,
            n_threads=usable_cores(),
        )  # fmt: skip
        gram = sums.xtx[:, :-1, :-1].sum(axis=0)
        check_gram_not_collinear(gram, aligned.reference.names, aligned.reference.where)
        fit = solve_columns(sums, n_bar, intercept)
    h2_delete = fit.tau.delete_values @ totals
    h2 = float(fit.tau.estimate @ totals)
    estimates = _Estimates(
        h2=h2,
        h2_se=jackknife_se(h2, h2_delete),
        h2_delete=h2_delete,
        intercept=float(fit.intercept.estimate[0]),
        intercept_se=float(fit.intercept.se[0]) if intercept is None else float("nan"),
        intercept_delete=fit.intercept.delete_values[:, 0],
        tau=fit.tau.estimate,
        tau_cov=fit.tau.cov,
        tau_delete=fit.tau.delete_values,
    )
    return estimates, fit


def _h2_result(
    aligned: AlignedData,
    info: AlignedTrait,
    estimates: _Estimates,
    rows: _Rows,
    totals: Floats,
    limits: tuple[float | None, float | None],
    steps: tuple[FilterCount, ...],
    findings: list[Finding],
) -> H2Result:
    chi2 = rows.z**2
    h2, h2_se = estimates.h2, estimates.h2_se
    mean_chi2 = float(chi2.mean())
    # The ratio takes mean chi2 as known, as LDSC does.
    has_ratio = mean_chi2 > 1 and np.isfinite(estimates.intercept_se)
    ratio = (estimates.intercept - 1) / (mean_chi2 - 1) if has_ratio else float("nan")
    ratio_se = estimates.intercept_se / (mean_chi2 - 1) if has_ratio else float("nan")
    factor = liability_factor(info.samp_prev, info.pop_prev)
    h2_z, h2_p, h2_log10_p = z_and_p(h2, h2_se)
    n_blocks = len(estimates.h2_delete)
    findings = findings + h2_findings(
        h2=h2,
        h2_se=h2_se,
        intercept=estimates.intercept,
        intercept_se=estimates.intercept_se,
        ratio=ratio,
        mean_chi2=mean_chi2,
        n_snps=len(rows.z),
        n_blocks=n_blocks,
        maf_correlation=info.maf_correlation,
        liability_factor=factor,
        available=available_snps([info], aligned.reference),
    )
    status, why = judge(findings + scale_findings(info.samp_prev, info.pop_prev, info.cases, info.controls))
    return H2Result(
        trait=info.name,
        h2=h2,
        h2_se=h2_se,
        h2_z=h2_z,
        h2_p=h2_p,
        h2_log10_p=h2_log10_p,
        intercept=estimates.intercept,
        intercept_se=estimates.intercept_se,
        ratio=ratio,
        ratio_se=ratio_se,
        h2_liab=h2 * factor,
        h2_liab_se=h2_se * factor,
        lambda_gc=lambda_gc(rows.z),
        mean_chi2=mean_chi2,
        max_chi2=float(chi2.max()),
        n_snps=len(rows.z),
        n_blocks=n_blocks,
        n_mean=float(rows.n.mean()),
        m=float(totals.sum()),
        two_step=limits[0],
        chisq_max=limits[1],
        steps=steps,
        status=status,
        why=why,
        categories=tuple(aligned.reference.names),
        tau=estimates.tau,
        tau_cov=estimates.tau_cov,
        delete_values=estimates.h2_delete,
        tau_delete=estimates.tau_delete,
        intercept_delete=estimates.intercept_delete,
        samp_prev=info.samp_prev,
        pop_prev=info.pop_prev,
        totals=totals,
    )
