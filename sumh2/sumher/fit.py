"""SNP heritability under any heritability model: LDAK's SumHer on the engine of the LD Score regression."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ldscores.shared.errors import InputError
from ldscores.taggings.tagging import Tagging
from sumh2.alignment import AlignedData, AlignedTrait, available_snps
from sumh2.coverage_verdicts import coverage_findings
from sumh2.kernels.block_sums import block_edges, weighted_block_sums
from sumh2.kernels.heritability_shares import (
    CategorySums,
    Parameters,
    derive_quantities,
    first_order_errors,
    parameter_covariance,
    resolve_parameters,
)
from sumh2.kernels.jackknife import delete_block_estimates, jackknife_covariance
from sumh2.kernels.likelihood import (
    MAX_ITER,
    TOLERANCE,
    ScaledDesign,
    fit_likelihood,
    log_likelihood,
    null_log_likelihood,
    positive_expected,
)
from sumh2.kernels.reweighted_least_squares import fit_least_squares
from sumh2.kernels.significance import lambda_gc, z_and_p
from sumh2.liability import liability_factor, scale_findings
from sumh2.regression_input import Totals, check_enough, check_positive, fitting, one_blas_thread, trait_info
from sumh2.sumher.result import Partition, Quantity, SumherResult, quantities_with_errors
from sumh2.sumher.rows import (
    RowRules,
    SumherRows,
    check_identified,
    choose_rows,
    chromosomes_of,
    first_categories,
    model_name,
    resolve_sums,
)
from sumh2.sumher.verdicts import sumher_findings
from sumh2.verdicts import Finding, h2_findings, judge, outlier_limit

Floats = NDArray[np.float64]

#: Maximum likelihood, LDAK's ``--chisq-solver NO``, and its ``--LDSC YES``.
Solver = Literal["likelihood", "least-squares", "ldsc"]


def fit_sumher(
    aligned: AlignedData,
    *,
    trait: int = 0,
    free_intercept: bool = False,
    genomic_control: bool = False,
    solver: Solver = "likelihood",
    rules: RowRules | None = None,
    start: Sequence[str] | Literal["auto"] = "auto",
    tau: Sequence[float] | None = None,
    n_blocks: int = 200,
    m: Totals | None = None,
    tolerance: float = TOLERANCE,
    max_iter: int = MAX_ITER,
) -> SumherResult:
    """Heritability of a trait under the model of its tagging, as LDAK 6.2 ``--sum-hers``.

        E[S_j] = g (1 + n_j a + n_j sum_k tau_k t_jk),        w_j = 1 / max(Tagging_j, 1)

    (Speed and Balding 2019, Nature Genetics 51:277; Speed, Holmes and Balding 2020, Nature Genetics 52:458).  Every
    number equals LDAK's to the digits it prints, its default tolerance included.  Two standard errors stand side by
    side and are never mixed: LDAK's, from the curvature of the weighted likelihood, which takes SNPs for independent
    once each has its weight; and a block jackknife of one least-squares step at the estimate (LDAK's ``--num-blocks``),
    which lets LD and heavy tails speak.  z and p are those of the jackknife.  The intercept is not LDSC's: it grows with
    n_j, and ``1 + n_bar a`` is reported; without ``free_intercept`` and ``genomic_control``
    confounding counts as heritability.

    Parameters
    ----------
    aligned
        From :func:`sumh2.align`, on a tagging of ``ldscores`` or LDAK, or on LD scores.
    trait
        Which column.
    free_intercept
        Fit a, confounding that grows with the sample size.
    genomic_control
        Fit g, multiplicative inflation.
    solver
        "likelihood"; "least-squares" (``--chisq-solver NO``) and "ldsc" (``--LDSC YES``) have no SE but the jackknife's.
    rules
        Which statistics count: cutoff, truncation, ambiguous SNPs (:class:`sumh2.sumher.rows.RowRules`).
    start
        Names of the categories that are fitted first; "auto" is LDAK's rule: the Base of an annotation model.
    tau
        Evaluate these heritabilities per unit of category instead of fitting; no errors then.
    n_blocks
        Jackknife blocks; never more than SNPs.
    m
        Totals of LD scores ("M_5_50" by default); taggings of a heritability model bring their own.
    tolerance, max_iter
        The fit stops when the log likelihood changes by less, or after so many steps.

    Raises
    ------
    InputError
        Options that contradict each other, totals that are missing, SNPs without statistics under ``check_sums``.
    FitError
        Too few SNPs, collinear categories.
    """
    info = trait_info(aligned, trait)
    check_positive(tolerance, "tolerance", "0.001")
    sums = resolve_sums(aligned.reference, m)
    rules = rules or RowRules()
    (rows,) = choose_rows(aligned, (trait,), rules)
    design = rows.design(genomic_control, free_intercept)
    blocks = check_enough(len(rows.chi2), n_blocks, design.shape[1], info.name)
    model = _Model(aligned.reference, sums, rows, design)
    with fitting(info.name), one_blas_thread():
        check_identified(design, aligned.reference)
        if tau is not None:
            fit = _evaluate(model, tau)
        elif solver == "likelihood":
            fit = _maximise(model, _chosen_first(aligned.reference, start), tolerance, max_iter)
        else:
            fit = _iterate(model, solver, _chosen_first(aligned.reference, start), tolerance, max_iter)
        delete = None if tau is not None else _delete_values(model, fit, blocks)
    return _sumher_result(aligned, info, model, fit, delete, blocks, rules)


@dataclass(frozen=True)
class _Model:
    """Data and design of one fit."""

    reference: Tagging
    sums: CategorySums
    rows: SumherRows
    design: ScaledDesign

    def resolve(self, theta: Floats) -> Parameters:
        """Parameters behind coefficients, (..., n_coefs)."""
        design = self.design
        return resolve_parameters(theta, self.rows.n_bar, design.n_categories, design.constant, design.scaled_constant)


@dataclass(frozen=True)
class _Fit:
    """What every solver gives; the covariance is None where the solver has none of its own."""

    theta: Floats
    covariance: Floats | None
    expected: Floats
    jackknife_weights: Floats
    logl: float
    converged: bool
    n_iter: int


def _chosen_first(tagging: Tagging, start: Sequence[str] | Literal["auto"]) -> list[int] | None:
    """Places of the categories fitted first; None to start from zero."""
    if isinstance(start, str):
        if start != "auto":
            raise InputError(f"start: found {start!r}, expected auto or names of categories; correct it")
        return first_categories(tagging)
    unknown = [name for name in start if name not in tagging.names]
    if unknown:
        raise InputError(
            f"start: found the category {unknown[0]!r}, expected some of {', '.join(tagging.names[:10])}; correct it"
        )
    return [tagging.names.index(name) for name in start] or None


def _maximise(model: _Model, first: list[int] | None, tolerance: float, max_iter: int) -> _Fit:
    rows = model.rows
    fit = fit_likelihood(model.design, rows.chi2, rows.weights, first=first, tolerance=tolerance, max_iter=max_iter)
    weights = rows.weights / fit.expected**2
    return _Fit(fit.theta, fit.covariance, fit.expected, weights, fit.logl, fit.converged, fit.n_iter)


def _iterate(model: _Model, solver: Solver, first: list[int] | None, tolerance: float, max_iter: int) -> _Fit:
    """Least squares of S - 1 with weights w / E², E from the solution before (SPEC-LDAK 6.3)."""
    if solver not in ("least-squares", "ldsc"):
        raise InputError(f"solver: found {solver!r}, expected likelihood, least-squares or ldsc; correct it")
    rows, design = model.rows, model.design
    once = solver == "ldsc" and design.n_categories > 1

    def weights_of(predicted: Floats) -> Floats:
        return rows.weights / positive_expected(predicted) ** 2

    def logl_of(predicted: Floats) -> float:
        return log_likelihood(rows.chi2, positive_expected(predicted), rows.weights)

    def solve(of: ScaledDesign, start: Floats):
        return fit_least_squares(
            of, rows.chi2 - 1, weights_of, lambda _, predicted: logl_of(predicted), start=start,
            before=logl_of(of.predict(start)), tolerance=tolerance, max_iter=1 if once else max_iter,
        )  # fmt: skip

    start = np.zeros(design.shape[1])
    if solver == "ldsc":
        # LDSC's aggregate, which LDAK does not multiply by the sample size: as good as zero.
        total = float(rows.n @ rows.tagging.sum(axis=1))
        start[: design.n_categories] = (rows.chi2.sum() - len(rows.chi2)) / total
    elif first is not None and len(first) < design.n_categories:
        part = design.with_categories(first)
        theta = solve(part, np.zeros(part.shape[1])).theta
        start[first], start[design.n_categories :] = theta[: len(first)], theta[len(first) :]
    fit = solve(design, start)
    expected = positive_expected(fit.predicted)
    logl = log_likelihood(rows.chi2, expected, rows.weights)
    return _Fit(fit.theta, None, expected, rows.weights / expected**2, logl, fit.converged or once, fit.n_iter)


def _evaluate(model: _Model, tau: Sequence[float]) -> _Fit:
    """The likelihood of given coefficients."""
    design, rows = model.design, model.rows
    if len(tau) != design.n_categories or design.constant or design.scaled_constant:
        raise InputError(
            f"tau: found {len(tau)} values for {design.n_categories} categories, with an intercept or scaling or not; "
            "expected one value a category, neither intercept nor scaling; correct them"
        )
    theta = np.asarray(tau, dtype=np.float64) * rows.n_bar
    expected = positive_expected(design.predict(theta))
    logl = log_likelihood(rows.chi2, expected, rows.weights)
    return _Fit(theta, None, expected, rows.weights / expected**2, logl, True, 0)


def _delete_values(model: _Model, fit: _Fit, n_blocks: int) -> Parameters:
    """Parameters with each block left out of one least-squares step at the estimate (SPEC-LDAK 6.5)."""
    edges = block_edges(len(model.rows.chi2), n_blocks)
    sums = weighted_block_sums(model.design, model.rows.chi2 - 1, fit.jackknife_weights, edges)
    return model.resolve(delete_block_estimates(sums))


# ---------------------------------------------------------------------------------------------------------------------
# The result


def _covariances(model: _Model, fit: _Fit, at: Parameters, delete: Parameters | None) -> tuple[Floats, Floats]:
    """Covariance of (tau, scaling, intercept) by likelihood and by jackknife; NaN where there is none."""
    design = model.design
    size = design.n_categories + 2
    unknown = np.full((size, size), np.nan)
    by_likelihood = unknown
    if fit.covariance is not None and fit.converged:
        by_likelihood = parameter_covariance(
            fit.theta, fit.covariance, model.rows.n_bar, design.n_categories, design.constant, design.scaled_constant
        )
    if delete is None:
        return by_likelihood, unknown
    return by_likelihood, jackknife_covariance(at.stacked(), delete.stacked())


def _partition(model: _Model, at: Parameters, covariance: Floats, delete: Parameters | None) -> Partition:
    """All that is said of the categories."""
    n_categories, sums = model.design.n_categories, model.sums
    tau_cov = covariance[:n_categories, :n_categories]
    values = derive_quantities(at.tau, sums)
    errors = first_order_errors(at.tau, tau_cov, sums)
    deleted = None if delete is None else derive_quantities(delete.tau, sums)
    quantities = quantities_with_errors(values, errors, deleted)
    factor = _influence_factors(model, at)
    component = quantities["component_h2"]
    influence = Quantity(component.value * factor, component.se * abs(factor), component.jackknife_se * abs(factor))
    tau_jackknife = np.full(tau_cov.shape, np.nan)
    if delete is not None:
        tau_jackknife = jackknife_covariance(at.tau, delete.tau)
    return Partition(
        names=model.reference.names,
        expected=sums.expected,
        tau=at.tau,
        tau_cov=tau_cov,
        tau_jackknife_cov=tau_jackknife,
        tau_delete=None if delete is None else delete.tau,
        sums=sums,
        influence=influence,
        influence_factor=factor,
        **{name: quantity for name, quantity in quantities.items() if name != "h2"},
    )


def _influence_factors(model: _Model, at: Parameters) -> Floats:
    """Share of the weighted excess of the statistics that a unit of component heritability explains, (n_categories,).

    sum_j w_j y_j n_j t_jk / sum_j w_j y_j² / s_k, with y_j = S_j / g - 1 - n_j a.
    """
    rows, n_bar = model.rows, model.rows.n_bar
    excess = rows.chi2 / float(at.scaling) - 1 - rows.n / n_bar * (float(at.intercept) - 1)
    weighted = rows.weights * excess
    explained = (weighted * rows.n) @ rows.tagging
    with np.errstate(divide="ignore", invalid="ignore"):
        return explained / (weighted @ excess) / model.sums.own


def _weighted_median(values: Floats, weights: Floats) -> float:
    """The first value, ascending, where the weights so far are more than half of all."""
    order = np.argsort(values, kind="stable")
    cumulative = np.cumsum(weights[order])
    return float(values[order[np.searchsorted(cumulative, cumulative[-1] / 2, side="right")]])


#: Median of chi2 with one degree of freedom, to LDAK's seven digits.
LDAK_CHI2_MEDIAN = 0.4549364


def _sumher_result(
    aligned: AlignedData,
    info: AlignedTrait,
    model: _Model,
    fit: _Fit,
    delete: Parameters | None,
    n_blocks: int,
    rules: RowRules,
) -> SumherResult:
    rows, design, reference = model.rows, model.design, model.reference
    at = model.resolve(fit.theta)
    by_likelihood, by_jackknife = _covariances(model, fit, at, delete)
    partition = _partition(model, at, by_likelihood, delete)
    h2 = float(partition.component_h2.value.sum())
    h2_delete = None if delete is None else derive_quantities(delete.tau, model.sums)["h2"]
    own = model.sums.own
    h2_se = _root(float(own @ partition.tau_cov @ own))
    h2_jackknife_se = _root(float(own @ partition.tau_jackknife_cov @ own))
    se, jackknife_se = (np.sqrt(np.diag(cov)[design.n_categories :]) for cov in (by_likelihood, by_jackknife))
    fitted = np.array([design.constant, design.scaled_constant])
    se, jackknife_se = (np.where(fitted, errors, np.nan) for errors in (se, jackknife_se))
    h2_z, h2_p, h2_log10_p = z_and_p(h2, h2_jackknife_se)
    factor = liability_factor(info.samp_prev, info.pop_prev)
    genetic = rows.tagging @ at.tau
    negative = genetic < 0
    impossible = ~(1 + design.predict(fit.theta) > 0)
    total_weight = float(rows.weights.sum())
    chi2 = rows.chi2
    result = SumherResult(
        trait=info.name,
        model=model_name(reference),
        h2=h2,
        h2_se=h2_se,
        h2_jackknife_se=h2_jackknife_se,
        h2_z=h2_z,
        h2_p=h2_p,
        h2_log10_p=h2_log10_p,
        intercept=float(at.intercept),
        intercept_se=float(se[1]),
        intercept_jackknife_se=float(jackknife_se[1]),
        scaling=float(at.scaling),
        scaling_se=float(se[0]),
        scaling_jackknife_se=float(jackknife_se[0]),
        h2_liab=h2 * factor,
        h2_liab_se=h2_se * factor,
        h2_liab_jackknife_se=h2_jackknife_se * factor,
        logl=fit.logl,
        null_logl=null_log_likelihood(chi2, rows.weights, design.constant or design.scaled_constant),
        n_parameters=design.shape[1],
        converged=fit.converged,
        n_iter=fit.n_iter,
        n_snps=len(chi2),
        n_with_statistics=rows.n_with_statistics,
        n_tagging_snps=len(reference),
        effective_size=total_weight,
        n_bar=rows.n_bar,
        mean_chi2=float(chi2.mean()),
        max_chi2=float(chi2.max()),
        lambda_gc=lambda_gc(np.sqrt(chi2)),
        weighted_mean_chi2=float(rows.weights @ chi2 / total_weight),
        weighted_gif=_weighted_median(chi2, rows.weights) / LDAK_CHI2_MEDIAN,
        n_negative_heritability=int(negative.sum()),
        effective_negative_heritability=float(rows.weights[negative].sum()),
        n_impossible=int(impossible.sum()),
        effective_impossible=float(rows.weights[impossible].sum()),
        n_blocks=0 if delete is None else n_blocks,
        steps=info.steps + rows.steps,
        status="",
        why="",
        partition=partition,
        theta=fit.theta,
        theta_cov=fit.covariance,
        delete_values=h2_delete,
        intercept_delete=None if delete is None else delete.intercept,
        scaling_delete=None if delete is None else delete.scaling,
        liability=factor,
        samp_prev=info.samp_prev,
        pop_prev=info.pop_prev,
    )
    return result.with_status(*judge(_findings(aligned, info, model, result, rules)))


def _root(variance: float) -> float:
    return float(np.sqrt(variance)) if variance >= 0 else float("nan")


def _findings(
    aligned: AlignedData, info: AlignedTrait, model: _Model, result: SumherResult, rules: RowRules
) -> list[Finding]:
    reference = aligned.reference
    of_study, of_reference = chromosomes_of(aligned, model.rows)
    n_reference = reference.ldak.n_reference if reference.ldak is not None else model.sums.own.sum()
    found = coverage_findings(
        study_chromosomes=of_study,
        reference_chromosomes=of_reference,
        share_mismatched=info.share_mismatched,
        m=float(n_reference),
        n_snps=result.n_snps,
        max_chi2=result.max_chi2,
        max_n=float(model.rows.n.max()),
        outliers_removed=True,  # their remedy is another one here: see sumher_findings
        reference_notes=reference.notes,
    )
    excess = result.mean_chi2 - 1
    found += h2_findings(
        h2=result.h2,
        h2_se=result.h2_jackknife_se,
        intercept=result.intercept,
        intercept_se=result.intercept_jackknife_se,
        ratio=(result.intercept - 1) / excess if excess > 0 else float("nan"),
        mean_chi2=result.mean_chi2,
        n_snps=result.n_snps,
        n_blocks=result.n_blocks,
        maf_correlation=info.maf_correlation,
        liability_factor=result.liability,
        available=available_snps([info], reference),
    )
    if model.design.constant:  # inflation is fitted: that the intercept is not, is no assumption
        found = [finding for finding in found if finding.code != "fixed intercept"]
    if result.delete_values is None:
        found = [finding for finding in found if finding.code not in ("few blocks", "fixed intercept")]
        found.append(
            Finding("note", "not fitted", "the taus were given and are evaluated: there are no standard errors")
        )
    found += scale_findings(info.samp_prev, info.pop_prev, info.cases, info.controls)
    untouched = rules.cutoff is None and rules.truncate is None
    return found + sumher_findings(
        result,
        has_model=reference.ldak is not None,
        outlier_limit=outlier_limit(float(model.rows.n.max())) if untouched else None,
    )
