"""Genetic correlation of pairs of traits by cross-trait LD Score regression."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ldscores.shared.errors import FitError, InputError
from ldscores.shared.progress import progress
from sumh2.alignment import AlignedData
from sumh2.h2 import lambda_gc
from sumh2.kernels.jackknife import jackknife_covariance, ratio_se
from sumh2.kernels.product_regression import ProductFit, RegressionRows, fit_product
from sumh2.kernels.weights import ProductWeights
from sumh2.liability import liability_factor
from sumh2.regression_input import Totals, check_enough, check_positive, check_varies, fitting, resolve_totals
from sumh2.results import z_and_p
from sumh2.rg_result import NAN, RgPair, RgResult
from sumh2.verdicts import Finding, intercept_findings, judge, rg_findings

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
    n_threads: int = 1,
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
        Pairs fitted at the same time.

    Returns
    -------
    RgResult
        A row a pair; liability scale where a trait has prevalences (:meth:`sumh2.SumStats.with_prevalences`).

    Raises
    ------
    InputError
        Fewer than two traits, a file without alleles, several LD scores, options that do not fit.
    """
    chosen = _chosen_pairs(aligned, pairs)
    options = _Options(
        two_step=check_positive(two_step, "--two-step", "30"),
        intercepts=_per_trait(intercept, aligned.n_traits, "intercept"),
        gcov_intercepts=_gcov_intercepts(gcov_intercept, chosen, aligned.n_traits),
        chisq_max=check_positive(chisq_max, "--chisq-max", "80"),
        n_blocks=n_blocks,
        m=_single_total(aligned, m),
    )
    if two_step is not None and any(value is not None for value in options.all_intercepts):
        raise InputError(
            "two-step: found a cutoff and a fixed intercept, expected one of them; the two-step estimator is there to "
            "find the intercept: drop one option"
        )
    fit = partial(_fit_pair, aligned, options)
    pool = ThreadPoolExecutor(max(1, n_threads))
    try:
        fitted = tuple(progress(pool.map(fit, chosen), total=len(chosen), label="rg", unit="pairs"))
    finally:
        pool.shutdown(cancel_futures=True)  # an interrupt does not wait for pairs that have not begun
    return RgResult(fitted, options.m)


def _chosen_pairs(aligned: AlignedData, pairs) -> list[tuple[int, int]]:
    n_traits = aligned.n_traits
    if n_traits < 2:
        raise InputError("rg: found one trait, expected two or more; name another summary statistics file")
    for trait in aligned.traits:
        if not trait.has_alleles and not (aligned.kinds > 0).all(axis=0).any():
            raise InputError(
                f"{trait.source or trait.name}: no alleles; expected columns A1 and A2, without which the sign of a "
                "correlation is unknown; munge the file with its alleles"
            )
    if not (pairs in ("all", "first") if isinstance(pairs, str) else len(pairs)):
        raise InputError(f"pairs: found {pairs!r}, expected all, first or pairs of column numbers; correct it")
    if pairs == "all":
        return list(itertools.combinations(range(n_traits), 2))
    if pairs == "first":
        return [(0, other) for other in range(1, n_traits)]
    return [(int(first), int(second)) for first, second in pairs]


def _single_total(aligned: AlignedData, m: Totals) -> float:
    names = aligned.reference.names
    if len(names) > 1:
        raise InputError(
            f"rg: found {len(names)} LD scores ({', '.join(names[:3])}, ...), expected one; use plain LD scores, e.g. "
            "eur_w_ld_chr. (LDSC accepts several and mixes up their coefficients: its rg is then wrong.)"
        )
    return float(resolve_totals(aligned.reference, m)[0])


def _per_trait(value: float | Sequence[float] | None, n_traits: int, what: str) -> tuple[float | None, ...]:
    if value is None:
        return (None,) * n_traits
    values = [value] * n_traits if np.ndim(value) == 0 else list(value)
    if len(values) == 1:
        values = values * n_traits
    if len(values) != n_traits:
        raise InputError(f"{what}: found {len(values)} values, expected one or {n_traits}, one a trait; correct them")
    return tuple(None if item is None or np.isnan(item) else float(item) for item in values)


def _gcov_intercepts(value, pairs: list[tuple[int, int]], n_traits: int) -> dict[tuple[int, int], float | None]:
    per_trait = _per_trait(value, n_traits, "gcov intercept")
    several = value is not None and np.ndim(value) > 0 and len(value) > 1
    if several and any(first != 0 for first, _ in pairs):
        raise InputError(
            f"gcov intercept: found {len(value)} values for pairs among all traits, expected one value; one value a "
            "trait goes with the pairs of the first trait only: add --pairs first"
        )
    return {(first, second): per_trait[second] for first, second in pairs}


def _fit_pair(aligned: AlignedData, options: _Options, pair: tuple[int, int]) -> RgPair:
    """Fit one pair; a pair that these data cannot answer is a row with its reason."""
    first, second = (aligned.traits[column] for column in pair)
    n_shared, n_matching, kept = _pair_rows(aligned, pair, options.chisq_max)
    n_snps = int(kept.sum())
    try:
        _check_common_snps(first.name, second.name, n_shared, n_matching)
        n_blocks = check_enough(n_snps, options.n_blocks, 2, f"{first.name} - {second.name}")
        rows = _pair_arrays(aligned, pair, kept, options.m)
        n_blocks = _blocks_below(rows, options.two_step, n_blocks, f"{first.name} - {second.name}")
        check_varies(rows.ld_score, aligned.reference.names[0])
        with fitting(f"{first.name} - {second.name}"):
            fits = _three_fits(rows, n_blocks, options, pair)
    except FitError as error:
        return RgPair(
            first.name, second.name, n_shared=n_shared, n_snps=n_snps, status="unusable", why=f"no fit: {error}"
        )
    return _estimates(aligned, pair, rows, fits, n_shared, n_matching)


def _check_common_snps(first: str, second: str, n_shared: int, n_matching: int) -> None:
    if not n_shared:
        raise FitError(f"{first} - {second}: the traits share no SNP; expected most; use studies of the same SNPs")
    if not n_matching:
        raise FitError(
            f"{first} - {second}: none of {n_shared} shared SNPs has the same unambiguous alleles in both; check the "
            "allele columns"
        )


def _blocks_below(rows: RegressionRows, two_step: float | None, n_blocks: int, what: str) -> int:
    """Blocks that each of the three fits can have below the cutoff, so that their delete values go together."""
    if two_step is None:
        return n_blocks
    below1, below2 = rows.z1**2 < two_step, rows.z2**2 < two_step
    fewest = min(int(np.count_nonzero(below)) for below in (below1, below2, below1 & below2))
    return check_enough(fewest, n_blocks, 2, f"{what}, chi2 below {two_step:g}")


def _pair_rows(
    aligned: AlignedData, pair: tuple[int, int], chisq_max: float | None
) -> tuple[int, int, NDArray[np.bool_]]:
    """SNPs that both traits have, SNPs of those whose alleles match, and which SNPs the regression uses."""
    first, second = pair
    z1, z2 = aligned.z[:, first], aligned.z[:, second]
    product = z1 * z2
    shared = ~np.isnan(product)
    kept = shared & (aligned.kinds[:, first] == aligned.kinds[:, second]) & (aligned.kinds[:, first] != 0)
    n_matching = int(np.count_nonzero(kept))
    if chisq_max is not None:
        with np.errstate(invalid="ignore"):
            kept &= np.abs(product) < chisq_max
    return int(np.count_nonzero(shared)), n_matching, kept


def _pair_arrays(aligned: AlignedData, pair: tuple[int, int], kept: NDArray[np.bool_], m: float) -> RegressionRows:
    first, second = pair
    rows = slice(None) if kept.all() else np.flatnonzero(kept)
    columns = (
        aligned.z[:, first],
        aligned.z[:, second],
        aligned.n_samples[:, first],
        aligned.n_samples[:, second],
        aligned.tagging[:, 0],
        aligned.regression_tagging,
    )
    return RegressionRows(*(np.ascontiguousarray(column[rows]) for column in columns), m=m)


def _three_fits(
    rows: RegressionRows, n_blocks: int, options: _Options, pair: tuple[int, int]
) -> tuple[ProductFit, ProductFit, ProductFit]:
    fit1, fit2 = (
        fit_product(
            rows.of_trait(which), n_blocks, ProductWeights.of_one_trait, 1.0,
            options.intercepts[column], None if options.intercepts[column] is not None else options.two_step,
        )
        for which, column in zip((1, 2), pair, strict=True)
    )  # fmt: skip

    def weights_of(gcov: float, gcov_int: float) -> ProductWeights:
        return ProductWeights.of_two_traits(fit1.total, fit2.total, gcov, fit1.intercept, fit2.intercept, gcov_int)

    fixed = options.gcov_intercepts[pair]
    cutoff = None if fixed is not None else options.two_step
    return fit1, fit2, fit_product(rows, n_blocks, weights_of, 0.0, fixed, cutoff)


def _rg_and_se(fits: tuple[ProductFit, ProductFit, ProductFit]) -> tuple[float, float, int]:
    """rg, its SE, and in how many jackknife samples a heritability is not positive."""
    fit1, fit2, cross = fits
    if not (fit1.total > 0 and fit2.total > 0):
        return NAN, NAN, 0
    denominator = float(np.sqrt(fit1.total * fit2.total))
    rg = cross.total / denominator
    bad = (fit1.total_delete <= 0) | (fit2.total_delete <= 0)
    if bad.any():
        return rg, _delta_method_se(fits), int(bad.sum())
    delete = np.sqrt(fit1.total_delete * fit2.total_delete)
    return rg, ratio_se(cross.total, denominator, cross.total_delete, delete), 0


def _delta_method_se(fits: tuple[ProductFit, ProductFit, ProductFit]) -> float:
    """SE of ``g / sqrt(h1 h2)`` to first order, from the joint jackknife covariance of (h1, h2, g)."""
    fit1, fit2, cross = fits
    estimate = np.array([fit1.total, fit2.total, cross.total])
    covariance = jackknife_covariance(
        estimate, np.column_stack([fit1.total_delete, fit2.total_delete, cross.total_delete])
    )
    scale = np.sqrt(fit1.total * fit2.total)
    gradient = np.array([-cross.total / (2 * fit1.total), -cross.total / (2 * fit2.total), 1.0]) / scale
    return float(np.sqrt(gradient @ covariance @ gradient))


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
    factor1, factor2 = (_factor(trait.samp_prev, trait.pop_prev) for trait in (first, second))
    # A quantitative trait has no liability scale of its own: its factor in the covariance is 1.
    both = np.sqrt(_or_one(factor1) * _or_one(factor2)) if np.isfinite([factor1, factor2]).any() else NAN
    status, why = judge(
        rg_findings(
            rg=rg,
            h2=(fit1.total, fit2.total),
            h2_z=(z_and_p(fit1.total, fit1.total_se)[0], z_and_p(fit2.total, fit2.total_se)[0]),
            names=(first.name, second.name),
            n_bad_deletes=n_bad_deletes,
            n_blocks=cross.n_blocks,
            n_snps=len(rows.z1),
            share_mismatched=1 - n_matching / n_shared,
            same_data=bool(np.array_equal(np.abs(rows.z1), np.abs(rows.z2))),
        )
        + _intercept_findings(fits, (first.name, second.name))
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


def _intercept_findings(fits: tuple[ProductFit, ProductFit, ProductFit], names: tuple[str, str]) -> list[Finding]:
    found = []
    for name, fit in zip(names, fits[:2], strict=True):
        excess = fit.mean_product - 1
        ratio = (fit.intercept - 1) / excess if excess > 0 else NAN
        found += intercept_findings(fit.intercept, fit.intercept_se, ratio, fit.mean_product, f" of {name}")
    if not np.isfinite(fits[2].intercept_se):
        text = f"gcov intercept held at {fits[2].intercept:g}: overlap, if it is another, biases rg"
        found.append(Finding("note", "fixed gcov intercept", text))
    return found


def _factor(samp_prev: float | None, pop_prev: float | None) -> float:
    return NAN if samp_prev is None or pop_prev is None else liability_factor(samp_prev, pop_prev)


def _or_one(factor: float) -> float:
    return factor if np.isfinite(factor) else 1.0
