"""Genetic correlation under any heritability model: LDAK's ``--sum-cors`` on the engine of the LD Score regression."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ldscores.shared.cores import choose_threads
from ldscores.shared.errors import FitError
from ldscores.shared.progress import progress
from ldscores.taggings.tagging import Tagging
from sumh2.alignment import AlignedData, available_snps
from sumh2.kernels.block_sums import block_edges, weighted_block_sums
from sumh2.kernels.heritability_shares import CategorySums, resolve_parameters
from sumh2.kernels.jackknife import correlation_with_se, delete_block_estimates, jackknife_covariance, jackknife_se
from sumh2.kernels.likelihood import (
    MAX_ITER,
    ScaledDesign,
    positive_expected,
)
from sumh2.kernels.reweighted_least_squares import LeastSquaresFit, fit_least_squares
from sumh2.kernels.significance import lambda_gc, z_and_p
from sumh2.liability import liability_factor
from sumh2.regression_input import Totals, check_enough, check_positive, fitting, one_blas_thread
from sumh2.sumher.rg_result import PairPartition, PairQuantity, SumherRgPair, SumherRgResult
from sumh2.sumher.rows import RowRules, SumherRows, check_identified, choose_rows, model_name, resolve_sums
from sumh2.trait_pairs import choose_pairs, gcov_intercepts_of_pairs, gcov_liability_factor
from sumh2.verdicts import Finding, held_gcov_intercept, intercept_findings, judge, rg_findings

Floats = NDArray[np.float64]

#: The fits stop when a heritability, or the genetic covariance, changes by less (LDAK's).
HERITABILITY_TOLERANCE = 1e-4


@dataclass(frozen=True)
class _Options:
    intercept: bool
    scaling: bool
    gcov_intercepts: Mapping[tuple[int, int], float | None]
    rules: RowRules
    n_blocks: int
    tolerance: float
    max_iter: int


def fit_sumher_rg(
    aligned: AlignedData,
    *,
    pairs: Literal["first", "all"] | Sequence[tuple[int, int]] = "all",
    free_intercept: bool | None = None,
    genomic_control: bool = False,
    gcov_intercept: float | Sequence[float] | None = None,
    rules: RowRules | None = None,
    n_blocks: int = 200,
    m: Totals | None = None,
    tolerance: float = HERITABILITY_TOLERANCE,
    max_iter: int = MAX_ITER,
    n_threads: int | None = None,
) -> SumherRgResult:
    """Genetic correlations, in all and by category, as LDAK 6.2 ``--sum-cors``.

        E[z1_j z2_j] = c + sqrt(n1_j n2_j) sum_k gcov_k t_jk,        rg = gcov / sqrt(h2_1 h2_2)

    Each heritability is fitted by iterated least squares (not by likelihood, so that it differs a little from
    :func:`sumh2.fit_sumher`), then the products z1 z2 with weights ``w / (E1 E2 + E12²)``; all errors are from one
    block jackknife with the weights of the last solutions (SPEC-LDAK 8).  c is overlap of the samples times phenotypic
    correlation; it is not scaled by the sample size, unlike the intercepts of the heritabilities.  Where a heritability
    is not positive in some jackknife samples, LDAK has no error; here it comes from the joint covariance.

    Parameters
    ----------
    aligned
        Two traits or more, from :func:`sumh2.align`.  On a cross-ancestry tagging (Subset_1 Subset_2 Cross_Term) the
        first trait of a pair takes the first column, the second the second, their product the third.
    pairs
        "all", "first" (the first trait with each other one) or pairs of column numbers.
    free_intercept
        Fit the intercepts of the heritabilities; by default unless ``genomic_control`` is fitted (LDAK).
    genomic_control
        Fit multiplicative inflation of each trait (LDAK's ``--genomic-control``).
    gcov_intercept
        0 says that samples do not overlap (LDAK's ``--overlapping-samples NO``); other values are held.  One value, or
        one a trait with ``pairs="first"``.
    rules
        Which statistics count; ambiguous SNPs do not by default, as in LDAK.
    n_blocks
        Jackknife blocks; never more than SNPs.
    m
        Totals of LD scores; taggings of a heritability model bring their own.
    tolerance, max_iter
        A fit stops when its heritability changes by less, or after so many solutions.
    n_threads
        Pairs fitted at the same time; by default one a core.

    Raises
    ------
    InputError
        Fewer than two traits, a file without alleles, options that do not fit.
    """
    chosen = choose_pairs(aligned, pairs)
    check_positive(tolerance, "tolerance", "0.0001")
    sums = resolve_sums(aligned.reference, m)
    options = _Options(
        intercept=not genomic_control if free_intercept is None else free_intercept,
        scaling=genomic_control,
        gcov_intercepts=gcov_intercepts_of_pairs(gcov_intercept, chosen, aligned.n_traits),
        rules=rules or RowRules(allow_ambiguous=False),
        n_blocks=n_blocks,
        tolerance=tolerance,
        max_iter=max_iter,
    )
    fit = partial(_fit_pair, aligned, sums, options)
    pool = ThreadPoolExecutor(choose_threads(n_threads))
    with one_blas_thread():
        try:
            fitted = tuple(progress(pool.map(fit, chosen), total=len(chosen), label="rg", unit="pairs"))
        finally:
            pool.shutdown(cancel_futures=True)  # an interrupt does not wait for pairs that have not begun
    return SumherRgResult(fitted, float(sums.own.sum()), model=model_name(aligned.reference))


def _fit_pair(aligned: AlignedData, sums: CategorySums, options: _Options, pair: tuple[int, int]) -> SumherRgPair:
    """Fit one pair; a pair that these data cannot answer is a row with its reason."""
    first, second = (aligned.traits[column] for column in pair)
    names = f"{first.name} - {second.name}"
    try:
        rows1, rows2 = choose_rows(aligned, pair, options.rules)
        n_coefs = rows1.tagging.shape[1] + options.intercept + options.scaling
        n_blocks = check_enough(len(rows1.chi2), options.n_blocks, n_coefs, names)
        # The categories are the same for both traits; only n, which tells two terms for confounding apart, is not.
        for rows in (rows1, rows2) if options.scaling and options.intercept else (rows1,):
            check_identified(rows.design(options.scaling, options.intercept), aligned.reference)
        with fitting(names):
            fits = _three_fits(aligned, sums, options, pair, (rows1, rows2), n_blocks)
    except FitError as error:
        return SumherRgPair(first.name, second.name, status="unusable", why=f"no fit: {error}")
    return _estimates(aligned, pair, fits, (rows1, rows2), sums, options)


@dataclass(frozen=True)
class _PartFit:
    """Heritability or genetic covariance by category, with delete values.

    Parameters
    ----------
    tau, tau_delete : float64, (n_categories,) and (n_blocks, n_categories)
    constant, constant_delete : float, float64 (n_blocks,)
        Intercept of a heritability, 1 where it is not fitted; constant of the products.
    scaling, scaling_delete : float, float64 (n_blocks,)
        Multiplicative inflation; 1 where it is not fitted, and for products.
    predicted : float64, (n_snps,)
    converged
    """

    tau: Floats
    tau_delete: Floats
    constant: float
    constant_delete: Floats
    scaling: float
    scaling_delete: Floats
    predicted: Floats
    converged: bool


def _three_fits(
    aligned: AlignedData,
    sums: CategorySums,
    options: _Options,
    pair: tuple[int, int],
    rows: tuple[SumherRows, SumherRows],
    n_blocks: int,
) -> tuple[_PartFit, _PartFit, _PartFit]:
    columns = _columns(aligned.reference)
    edges = block_edges(len(rows[0].chi2), n_blocks)
    first, second = (_fit_heritability(trait, columns[place], sums, options, edges) for place, trait in enumerate(rows))
    z12 = _products(aligned, pair, rows)
    return first, second, _fit_covariance(z12, rows, (first, second), columns[2], sums, options, pair, edges)


def _columns(tagging: Tagging) -> tuple[slice, slice, slice]:
    """Columns of the tagging that trait 1, trait 2 and their products are regressed on."""
    if tagging.ldak is not None and tagging.ldak.kind == "subset":
        return slice(0, 1), slice(1, 2), slice(2, 3)
    return (slice(None),) * 3


def _products(aligned: AlignedData, pair: tuple[int, int], rows: tuple[SumherRows, SumherRows]) -> Floats:
    """z1 z2 from the statistics as the rules left them, with the sign of the z scores."""
    z1, z2 = (aligned.z[rows[0].rows, column] for column in pair)
    return np.sqrt(rows[0].chi2 * rows[1].chi2) * np.where((z1 >= 0) == (z2 >= 0), 1.0, -1.0)


def _fit_heritability(
    rows: SumherRows, columns: slice, sums: CategorySums, options: _Options, edges: NDArray[np.int64]
) -> _PartFit:
    """Least squares of S - 1 with weights w / E²."""
    own, n_bar = sums.own[columns], rows.n_bar
    design = ScaledDesign(rows.tagging[:, columns], rows.n / n_bar, options.scaling, options.intercept)
    response = rows.chi2 - 1

    def resolve(theta: Floats):
        return resolve_parameters(theta, n_bar, design.n_categories, options.scaling, options.intercept)

    fit = fit_least_squares(
        design, response,
        lambda predicted: rows.weights / positive_expected(predicted) ** 2,
        lambda theta, _: float(resolve(theta).tau @ own),
        before=0.0, tolerance=options.tolerance, max_iter=options.max_iter,
    )  # fmt: skip
    at, deleted = resolve(fit.theta), resolve(_delete(design, response, fit, edges))
    return _PartFit(
        at.tau, deleted.tau, float(at.intercept), deleted.intercept, float(at.scaling), deleted.scaling,
        fit.predicted, fit.converged,
    )  # fmt: skip


def _delete(design: ScaledDesign, response: Floats, fit: LeastSquaresFit, edges: NDArray[np.int64]) -> Floats:
    return delete_block_estimates(weighted_block_sums(design, response, fit.weights, edges))


def _fit_covariance(
    z12: Floats,
    rows: tuple[SumherRows, SumherRows],
    heritabilities: tuple[_PartFit, _PartFit],
    columns: slice,
    sums: CategorySums,
    options: _Options,
    pair: tuple[int, int],
    edges: NDArray[np.int64],
) -> _PartFit:
    """Least squares of z1 z2 with weights w / (E1 E2 + E12²)."""
    fit1, fit2 = heritabilities
    own = sums.own[columns]
    held = options.gcov_intercepts[pair]
    n_bar = float(np.sqrt(rows[0].n_bar * rows[1].n_bar))
    scale = np.sqrt(rows[0].n * rows[1].n) / n_bar
    design = ScaledDesign(rows[0].tagging[:, columns], scale, constant=held is None)
    response = z12 if held is None else z12 - held
    variance = positive_expected(fit1.predicted) * positive_expected(fit2.predicted)
    inflation = np.sqrt(fit1.scaling * fit2.scaling)
    n_categories = design.n_categories
    fit = fit_least_squares(
        design, response,
        lambda predicted: rows[0].weights / (variance + (predicted if held is None else predicted + held) ** 2),
        lambda theta, _: float(theta[:n_categories] @ own / (n_bar * inflation)),
        before=0.0, tolerance=options.tolerance, max_iter=options.max_iter,
    )  # fmt: skip
    delete = _delete(design, response, fit, edges)
    deleted_inflation = np.sqrt(fit1.scaling_delete * fit2.scaling_delete)
    if held is None:
        constant, constant_delete = float(fit.theta[-1] / inflation), delete[:, -1] / deleted_inflation
    else:
        constant, constant_delete = float(held), np.full(len(delete), held, dtype=np.float64)
    return _PartFit(
        fit.theta[:n_categories] / (n_bar * inflation),
        delete[:, :n_categories] / (n_bar * deleted_inflation)[:, None],
        constant, constant_delete, 1.0, np.ones(len(delete)), fit.predicted, fit.converged,
    )  # fmt: skip


# ---------------------------------------------------------------------------------------------------------------------
# The result


def _estimates(
    aligned: AlignedData,
    pair: tuple[int, int],
    fits: tuple[_PartFit, _PartFit, _PartFit],
    rows: tuple[SumherRows, SumherRows],
    sums: CategorySums,
    options: _Options,
) -> SumherRgPair:
    first, second = (aligned.traits[column] for column in pair)
    columns = _columns(aligned.reference)
    totals = np.array([fit.tau @ sums.own[own] for fit, own in zip(fits, columns, strict=True)])
    deleted = np.column_stack([fit.tau_delete @ sums.own[own] for fit, own in zip(fits, columns, strict=True)])
    errors = np.sqrt(np.diag(jackknife_covariance(totals, deleted)))
    rg, rg_se, n_bad = correlation_with_se(totals, deleted)
    rg_z, rg_p, rg_log10_p = z_and_p(rg, rg_se)
    gcov_z, gcov_p, gcov_log10_p = z_and_p(totals[2], errors[2])
    constants = [(fit.constant, jackknife_se(fit.constant, fit.constant_delete)) for fit in fits]
    scalings = [(fit.scaling, jackknife_se(fit.scaling, fit.scaling_delete)) for fit in fits[:2]]
    fitted = (options.intercept, options.intercept, options.gcov_intercepts[pair] is None)
    constants = [(value, se if free else float("nan")) for (value, se), free in zip(constants, fitted, strict=True)]
    scalings = [(value, se if options.scaling else float("nan")) for value, se in scalings]
    factors = [liability_factor(trait.samp_prev, trait.pop_prev) for trait in (first, second)]
    both = gcov_liability_factor(*factors)
    means = [float(of.chi2.mean()) for of in rows]
    n_shared, n_matching = (step.kept for step in rows[0].steps[:2])
    findings = rg_findings(
        rg=rg,
        rg_se=rg_se,
        h2=(totals[0], totals[1]),
        h2_z=(z_and_p(totals[0], errors[0])[0], z_and_p(totals[1], errors[1])[0]),
        names=(first.name, second.name),
        n_bad_deletes=n_bad,
        n_blocks=len(deleted),
        n_snps=len(rows[0].chi2),
        share_mismatched=1 - n_matching / n_shared,
        same_data=bool(np.array_equal(rows[0].chi2, rows[1].chi2)),
        liability_factors=(factors[0], factors[1]),
        available=available_snps([first, second], aligned.reference),
    )
    findings += _fit_findings(fits, constants, means, (first.name, second.name), len(rows[0].chi2), options)
    status, why = judge(findings)
    return SumherRgPair(
        trait1=first.name, trait2=second.name, rg=rg, rg_se=rg_se, rg_z=rg_z, rg_p=rg_p, rg_log10_p=rg_log10_p,
        gcov=float(totals[2]), gcov_se=float(errors[2]), gcov_z=gcov_z, gcov_p=gcov_p, gcov_log10_p=gcov_log10_p,
        gcov_int=constants[2][0], gcov_int_se=constants[2][1],
        h2_1=float(totals[0]), h2_1_se=float(errors[0]), h2_int_1=constants[0][0], h2_int_1_se=constants[0][1],
        h2_2=float(totals[1]), h2_2_se=float(errors[1]), h2_int_2=constants[1][0], h2_int_2_se=constants[1][1],
        gcov_liab=totals[2] * both, gcov_liab_se=errors[2] * both,
        h2_liab_1=totals[0] * factors[0], h2_liab_1_se=errors[0] * factors[0],
        h2_liab_2=totals[1] * factors[1], h2_liab_2_se=errors[1] * factors[1],
        mean_z1z2=float(_products(aligned, pair, rows).mean()), mean_chi2_1=means[0], mean_chi2_2=means[1],
        lambda_gc_1=lambda_gc(np.sqrt(rows[0].chi2)), lambda_gc_2=lambda_gc(np.sqrt(rows[1].chi2)),
        n_shared=n_shared, n_snps=len(rows[0].chi2), n_blocks=len(deleted), status=status, why=why,
        scaling_1=scalings[0][0], scaling_1_se=scalings[0][1], scaling_2=scalings[1][0], scaling_2_se=scalings[1][1],
        n_with_statistics=rows[0].n_with_statistics, n_tagging_snps=len(aligned.reference), delete_values=deleted,
        partition=_partition(aligned.reference, fits, sums),
    )  # fmt: skip


def _partition(tagging: Tagging, fits: tuple[_PartFit, _PartFit, _PartFit], sums: CategorySums) -> PairPartition | None:
    """Heritabilities, covariance and correlation of the SNPs in each category; None across ancestries."""
    if _columns(tagging)[0] != slice(None):
        return None
    values = [fit.tau @ sums.contributions for fit in fits]
    deleted = [fit.tau_delete @ sums.contributions for fit in fits]
    errors = [np.sqrt(np.diag(jackknife_covariance(*each))) for each in zip(values, deleted, strict=True)]
    correlations = [
        correlation_with_se(np.array([value[q] for value in values]), np.column_stack([one[:, q] for one in deleted]))
        for q in range(len(values[0]))
    ]
    rg, rg_se = (np.array([each[which] for each in correlations]) for which in (0, 1))
    h2_1, h2_2, gcov = (PairQuantity(value, error) for value, error in zip(values, errors, strict=True))
    return PairPartition(tagging.names, h2_1, h2_2, gcov, PairQuantity(rg, rg_se))


def _fit_findings(
    fits: tuple[_PartFit, _PartFit, _PartFit],
    constants: list[tuple[float, float]],
    means: list[float],
    names: tuple[str, str],
    n_snps: int,
    options: _Options,
) -> list[Finding]:
    found = []
    for name, (intercept, se), mean_chi2 in zip(names, constants[:2], means, strict=True):
        if options.scaling and not options.intercept:
            continue  # the inflation is fitted, an intercept of 1 is no assumption
        ratio = (intercept - 1) / (mean_chi2 - 1) if mean_chi2 > 1 else float("nan")
        found += intercept_findings(intercept, se, ratio, mean_chi2, n_snps, f" of {name}")
    if not np.isfinite(constants[2][1]):
        found.append(held_gcov_intercept(constants[2][0]))
    if not all(fit.converged for fit in fits):
        found.append(
            Finding("unusable", "not converged", "the iterated weights did not settle; a heritability is near zero or "
                    "categories are nearly collinear: use a larger study, or fewer categories")
        )  # fmt: skip
    return found
