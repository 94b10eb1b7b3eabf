"""Genetic correlation of pairs of traits by cross-trait LD Score regression."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ldscores.shared.cores import choose_threads
from ldscores.shared.errors import FitError, InputError, OptionError
from ldscores.shared.messages import first_of
from ldscores.shared.progress import progress
from sumh2.alignment import AlignedData, available_snps
from sumh2.kernels.jackknife import correlation_with_se
from sumh2.kernels.product_regression import ProductFit, RegressionRows, fit_product
from sumh2.kernels.significance import lambda_gc, z_and_p
from sumh2.kernels.weights import ProductWeights
from sumh2.ldsc.rg_result import NAN, RgPair, RgResult
from sumh2.liability import liability_factor
from sumh2.regression_input import Totals, check_enough, check_positive, check_varies, fitting, resolve_totals
from sumh2.trait_pairs import (
    check_common_snps,
    choose_pairs,
    gcov_intercepts_of_pairs,
    gcov_liability_factor,
    values_per_trait,
)
from sumh2.verdicts import Finding, held_gcov_intercept, intercept_findings, judge, rg_findings

log = logging.getLogger(__name__)

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class _Options:
    two_step: float | None
    intercepts: tuple[float | None, ...]
    gcov_intercepts: Mapping[tuple[int, int], float | None]
    chisq_max: float | None
    n_blocks: int
    m: float

    @property
    def all_intercepts(self) -> tuple[float | None, ...]:
        return (*self.intercepts, *self.gcov_intercepts.values())


def fit_rg(
    aligned: AlignedData,
    *,
    pairs: Literal["first", "all"] | Sequence[tuple[int, int]] = "all",
    two_step: float | None = None,
    intercept: float | Sequence[float] | None = None,
    gcov_intercept: float | Sequence[float] | None = None,
    chisq_max: float | None = None,
    n_blocks: int = 200,
    m: Totals = "M_5_50",
    n_threads: int | None = None,
) -> RgResult:
    """Genetic correlations with block-jackknife errors.

        E[z1_j z2_j] = sqrt(N1_j N2_j) gcov l_j / M + gcov_int,        rg = gcov / sqrt(h2_1 h2_2)

    (Bulik-Sullivan et al. 2015b, eq. 1 and 2).  Numbers equal those of LDSC 1.0.1 ``--rg``, quirks included: each pair
    is fitted on its own SNPs, heritabilities in one step unless a cutoff is given, which is why h2 here differs from
    :func:`sumh2.fit_h2`; with a cutoff each of the three fits cuts its blocks among its own SNPs below it, so that block
    b is not quite the same SNPs in all three.  Where LDSC fails, this does not: a SNP whose alleles do not match is
    dropped, not the pair; where an h2 is not positive in some jackknife samples, the standard error comes from the joint
    covariance of gcov and both h2 (delta method); a pair that cannot be fitted is a row with its reason.

    Parameters
    ----------
    aligned
        Two traits or more, from :func:`sumh2.align`.
    pairs
        "all", "first" (the first trait with each other one, as LDSC) or pairs of column numbers.
    two_step
        chi2 cutoff of the two-step estimator; None for one step.
    intercept
        Hold the h2 intercepts at this value, or at one value a trait.
    gcov_intercept
        Hold the gcov intercepts at this value; one value a trait with ``pairs="first"``, whose first is ignored.
        0 says that samples do not overlap.
    chisq_max
        Leave out SNPs with ``(z1 z2)²`` at or above its square.
    n_blocks
        Jackknife blocks; never more than SNPs.
    m
        "M_5_50", "M", or the number of reference SNPs.
    n_threads
        Pairs fitted at the same time; by default one a core.

    Returns
    -------
    RgResult
        A row a pair; liability scale where a trait has prevalences (:meth:`sumh2.SumStats.with_prevalences`).

    Raises
    ------
    InputError
        Fewer than two traits, a file without alleles, several LD scores, options that do not fit.
    """
    chosen = choose_pairs(aligned, pairs)
    options = _Options(
        two_step=check_positive(two_step, "--two-step", "30"),
        intercepts=values_per_trait(intercept, aligned.n_traits, "intercept"),
        gcov_intercepts=gcov_intercepts_of_pairs(gcov_intercept, chosen, aligned.n_traits),
        chisq_max=check_positive(chisq_max, "--chisq-max", "80"),
        n_blocks=n_blocks,
        m=_single_total(aligned, m),
    )
    if two_step is not None and any(value is not None for value in options.all_intercepts):
        raise OptionError(
            "two-step: found a cutoff and a fixed intercept, expected one of them; the two-step estimator is there to "
            "find the intercept: drop one option"
        )
    fit = partial(_fit_pair, aligned, options)
    pool = ThreadPoolExecutor(choose_threads(n_threads))
    try:
        fitted = tuple(progress(pool.map(fit, chosen), total=len(chosen), label="rg", unit="pairs"))
    finally:
        pool.shutdown(cancel_futures=True)  # an interrupt does not wait for pairs that have not begun
    return RgResult(fitted, options.m)


def _single_total(aligned: AlignedData, m: Totals) -> float:
    names = aligned.reference.names
    if len(names) > 1:
        raise InputError(
            f"rg: found {len(names)} LD scores ({first_of(names)}), expected one; use plain LD scores, e.g. "
            "eur_w_ld_chr. (LDSC accepts several and mixes up their coefficients: its rg is then wrong.)"
        )
    return float(resolve_totals(aligned.reference, m)[0])


def _fit_pair(aligned: AlignedData, options: _Options, pair: tuple[int, int]) -> RgPair:
    """Fit one pair; a pair that these data cannot answer is a row with its reason."""
    first, second = (aligned.traits[column] for column in pair)
    n_shared, n_matching, kept = choose_pair_rows(aligned, pair, options.chisq_max)
    n_snps = int(kept.sum())
    try:
        check_common_snps(first.name, second.name, n_shared, n_matching)
        n_blocks = check_enough(n_snps, options.n_blocks, 2, f"{first.name} - {second.name}")
        rows = gather_pair_rows(aligned, pair, kept, options.m)
        n_blocks = _blocks_below(rows, options.two_step, n_blocks, f"{first.name} - {second.name}")
        check_varies(rows.ld_score, aligned.reference.names[0])
        with fitting(f"{first.name} - {second.name}"):
            fixed = [*(options.intercepts[column] for column in pair), options.gcov_intercepts[pair]]
            fits = fit_three(rows, n_blocks, fixed, options.two_step)
    except FitError as error:
        return RgPair(
            first.name, second.name, n_shared=n_shared, n_snps=n_snps, status="unusable", why=f"no fit: {error}"
        )
    return _estimates(aligned, pair, rows, fits, n_shared, n_matching)


def _blocks_below(rows: RegressionRows, two_step: float | None, n_blocks: int, what: str) -> int:
    """Blocks that each of the three fits can have below the cutoff, so that their delete values go together."""
    if two_step is None:
        return n_blocks
    below1, below2 = rows.z1**2 < two_step, rows.z2**2 < two_step
    fewest = min(int(np.count_nonzero(below)) for below in (below1, below2, below1 & below2))
    return check_enough(fewest, n_blocks, 2, f"{what}, chi2 below {two_step:g}")


def choose_pair_rows(
    aligned: AlignedData, pair: tuple[int, int], chisq_max: float | None
) -> tuple[int, int, NDArray[np.bool_]]:
    """SNPs that both traits have, SNPs of those whose alleles match, and which SNPs the regression uses."""
    first, second = pair
    z1, z2 = aligned.z[:, first], aligned.z[:, second]
    product = z1 * z2
    shared = ~np.isnan(product)
    kept = shared & aligned.matching(first, second)
    n_matching = int(np.count_nonzero(kept))
    if chisq_max is not None:
        with np.errstate(invalid="ignore"):
            kept &= np.abs(product) < chisq_max
    return int(np.count_nonzero(shared)), n_matching, kept


def gather_pair_rows(aligned: AlignedData, pair: tuple[int, int], kept: NDArray[np.bool_], m: float) -> RegressionRows:
    """The regression of two traits, by columns, on the SNPs kept; M is that of the LD score."""
    first, second = pair
    rows = slice(None) if kept.all() else np.flatnonzero(kept)

    def contiguous(column: Floats) -> Floats:
        return np.ascontiguousarray(column[rows])

    return RegressionRows(
        z1=contiguous(aligned.z[:, first]),
        z2=contiguous(aligned.z[:, second]),
        n1=contiguous(aligned.n_samples[:, first]),
        n2=contiguous(aligned.n_samples[:, second]),
        ld_score=contiguous(aligned.tagging[:, 0]),
        regression_ld=contiguous(aligned.regression_tagging),
        m=m,
    )


def fit_three(
    rows: RegressionRows,
    n_blocks: int,
    fixed: Sequence[float | None],
    cutoff: float | None,
    edges: NDArray[np.int64] | None = None,
) -> tuple[ProductFit, ProductFit, ProductFit]:
    """The regressions of a pair: of either trait, and of their product.

    Parameters
    ----------
    rows
        From :func:`gather_pair_rows`.
    n_blocks
        Jackknife blocks.
    fixed
        Where each of the three intercepts is held; None for a free one.
    cutoff
        chi2 of the two-step estimator, for free intercepts; None for one step.
    edges : int64, (n_blocks + 1,)
        Other blocks than those of equal numbers of SNPs.
    """
    cutoffs = [cutoff if value is None else None for value in fixed]
    fit1, fit2 = (
        fit_product(
            rows.of_trait(which + 1), n_blocks, ProductWeights.of_one_trait, 1.0, fixed[which], cutoffs[which], edges
        )
        for which in (0, 1)
    )

    def weights_of(gcov: float, gcov_int: float) -> ProductWeights:
        return ProductWeights.of_two_traits(fit1.total, fit2.total, gcov, fit1.intercept, fit2.intercept, gcov_int)

    return fit1, fit2, fit_product(rows, n_blocks, weights_of, 0.0, fixed[2], cutoffs[2], edges)


def _rg_and_se(fits: tuple[ProductFit, ProductFit, ProductFit]) -> tuple[float, float, int]:
    """rg, its SE, and in how many jackknife samples a heritability is not positive."""
    estimate = np.array([fit.total for fit in fits])
    return correlation_with_se(estimate, np.column_stack([fit.total_delete for fit in fits]))


def _estimates(
    aligned: AlignedData,
    pair: tuple[int, int],
    rows: RegressionRows,
    fits: tuple[ProductFit, ProductFit, ProductFit],
    n_shared: int,
    n_matching: int,
) -> RgPair:
    fit1, fit2, cross = fits
    first, second = (aligned.traits[column] for column in pair)
    rg, rg_se, n_bad_deletes = _rg_and_se(fits)
    rg_z, rg_p, rg_log10_p = z_and_p(rg, rg_se)
    gcov_z, gcov_p, gcov_log10_p = z_and_p(cross.total, cross.total_se)
    factor1, factor2 = (liability_factor(trait.samp_prev, trait.pop_prev) for trait in (first, second))
    both = gcov_liability_factor(factor1, factor2)
    status, why = judge(
        rg_findings(
            rg=rg,
            rg_se=rg_se,
            h2=(fit1.total, fit2.total),
            h2_z=(z_and_p(fit1.total, fit1.total_se)[0], z_and_p(fit2.total, fit2.total_se)[0]),
            names=(first.name, second.name),
            n_bad_deletes=n_bad_deletes,
            n_blocks=cross.n_blocks,
            n_snps=len(rows.z1),
            share_mismatched=1 - n_matching / n_shared,
            same_data=bool(np.array_equal(np.abs(rows.z1), np.abs(rows.z2))),
            liability_factors=(factor1, factor2),
            available=available_snps([first, second], aligned.reference),
        )
        + _intercept_findings(fits, (first.name, second.name), len(rows.z1))
    )
    return RgPair(
        trait1=first.name,
        trait2=second.name,
        rg=rg,
        rg_se=rg_se,
        rg_z=rg_z,
        rg_p=rg_p,
        rg_log10_p=rg_log10_p,
        gcov=cross.total,
        gcov_se=cross.total_se,
        gcov_z=gcov_z,
        gcov_p=gcov_p,
        gcov_log10_p=gcov_log10_p,
        gcov_int=cross.intercept,
        gcov_int_se=cross.intercept_se,
        h2_1=fit1.total,
        h2_1_se=fit1.total_se,
        h2_int_1=fit1.intercept,
        h2_int_1_se=fit1.intercept_se,
        h2_2=fit2.total,
        h2_2_se=fit2.total_se,
        h2_int_2=fit2.intercept,
        h2_int_2_se=fit2.intercept_se,
        gcov_liab=cross.total * both,
        gcov_liab_se=cross.total_se * both,
        h2_liab_1=fit1.total * factor1,
        h2_liab_1_se=fit1.total_se * factor1,
        h2_liab_2=fit2.total * factor2,
        h2_liab_2_se=fit2.total_se * factor2,
        mean_z1z2=cross.mean_product,
        mean_chi2_1=fit1.mean_product,
        mean_chi2_2=fit2.mean_product,
        lambda_gc_1=lambda_gc(rows.z1),
        lambda_gc_2=lambda_gc(rows.z2),
        n_shared=n_shared,
        n_snps=len(rows.z1),
        n_blocks=cross.n_blocks,
        status=status,
        why=why,
        fits=fits,
    )


def _intercept_findings(
    fits: tuple[ProductFit, ProductFit, ProductFit], names: tuple[str, str], n_snps: int
) -> list[Finding]:
    found = []
    for name, fit in zip(names, fits[:2], strict=True):
        excess = fit.mean_product - 1
        ratio = (fit.intercept - 1) / excess if excess > 0 else NAN
        found += intercept_findings(fit.intercept, fit.intercept_se, ratio, fit.mean_product, n_snps, f" of {name}")
    if not np.isfinite(fits[2].intercept_se):
        found.append(held_gcov_intercept(fits[2].intercept))
    return found
