"""What a result hangs on: single blocks of the genome, single chromosomes, the largest chi2.

A fit is sums over blocks of the genome under weights; leaving something out is subtracting its sums.  With the final
weights held fixed, as the jackknife does, leaving out a chromosome therefore costs one pass over the SNPs whose blocks
are the chromosomes: its delete values *are* the leave-one-chromosome estimates.  (Blocks of the jackknife cross the
borders of chromosomes, so the one cannot be put together from the other.)  M stays that of the genome: an estimate
without a chromosome is one of the whole genome made from the others.  Caps on chi2 change the rows and with them the
weights, so that these fits are made anew.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ldscores.shared.cores import usable_cores
from ldscores.shared.errors import FitError, InputError
from sumh2.alignment import AlignedData
from sumh2.enrichment.partition import partition_of
from sumh2.enrichment.partition_result import PartitionResult
from sumh2.influence_result import Capped, Influence, InfluenceResult
from sumh2.kernels.block_sums import block_edges, edges_among
from sumh2.kernels.column_regression import solve_columns, sum_columns_of_chi2
from sumh2.kernels.enrichment import derive_enrichments
from sumh2.kernels.product_regression import ProductFit, RegressionRows, fit_product
from sumh2.kernels.weights import ProductWeights
from sumh2.ldsc.h2 import fit_h2, fit_stratified_h2
from sumh2.ldsc.h2_result import H2Result
from sumh2.ldsc.rg import choose_pair_rows, fit_rg, fit_three, gather_pair_rows
from sumh2.ldsc.rg_result import RgPair, RgResult
from sumh2.regression_input import one_blas_thread

Floats = NDArray[np.float64]

#: chi2 at which outliers are cut for comparison; caps above the largest chi2 say nothing.
CHI2_CAPS = (30.0, 50.0, 80.0, 150.0, 300.0)
#: How closely a fit made again must agree with the result it is compared with.
_AGREEMENT = 1e-8


def measure_h2_influence(
    result: H2Result, aligned: AlignedData, *, trait: int = 0, caps: Sequence[float] = CHI2_CAPS
) -> InfluenceResult:
    """Influence on a heritability and its intercept.

    Parameters
    ----------
    result
        Of :func:`sumh2.fit_h2`, one LD score or several.
    aligned, trait
        What it was fitted to.
    caps
        chi2 at which SNPs are left out for comparison.

    Raises
    ------
    InputError
        The data are not those of the result.
    """
    rows = _rows_of(result, aligned, trait)
    chromosomes, edges = _chromosome_edges(aligned, rows, result.n_blocks)
    fixed = None if np.isfinite(result.intercept_se) else result.intercept
    chi2 = aligned.z[rows, trait] ** 2
    if len(result.totals) > 1:
        fit = _chromosome_fit(result, aligned, trait, rows, edges, fixed)
        h2_without, intercept_without = fit.tau.delete_values @ result.totals, fit.intercept.delete_values[:, 0]
        block_starts = block_edges(len(rows), result.n_blocks)
        _check_same(float(fit.tau.estimate @ result.totals), result.h2, result.trait)
    else:
        regression = _rows_of_product(aligned, rows, trait, float(result.totals[0]))
        product = fit_product(
            regression, result.n_blocks, ProductWeights.of_one_trait, 1.0, fixed, result.two_step, edges
        )
        h2_without, intercept_without = product.total_delete, product.intercept_delete
        _check_same(product.total, result.h2, result.trait)
        below = np.ones(len(rows), bool) if result.two_step is None else chi2 < result.two_step
        block_starts = edges_among(below, result.n_blocks)

    def refit(cap: float) -> H2Result:
        if len(result.totals) > 1:
            return fit_stratified_h2(
                aligned, result.totals, trait=trait, intercept=fixed, chisq_max=cap, n_blocks=result.n_blocks
            )[0]
        return fit_h2(
            aligned, trait=trait, two_step=result.two_step, intercept=fixed, chisq_max=cap,
            n_blocks=result.n_blocks, m=list(result.totals),
        )  # fmt: skip

    refits = _fits_below(refit, caps, result.chisq_max, float(chi2.max()))
    where = {"blocks": _name_blocks(aligned, rows, block_starts), **_of_chromosomes(chromosomes, edges),
             "trait": result.trait}  # fmt: skip
    influences = [
        Influence(
            quantity="h2", estimate=result.h2, se=result.h2_se, without_block=result.delete_values,
            without_chromosome=h2_without[: len(chromosomes)],
            capped=_capped(refits, lambda one: (one.h2, one.h2_se)), **where,
        )
    ]  # fmt: skip
    if fixed is None:
        influences.append(
            Influence(
                quantity="intercept", estimate=result.intercept, se=result.intercept_se,
                without_block=result.intercept_delete, without_chromosome=intercept_without[: len(chromosomes)],
                capped=_capped(refits, lambda one: (one.intercept, one.intercept_se)), **where,
            )
        )  # fmt: skip
    return InfluenceResult(tuple(influences))


def measure_partition_influence(
    result: PartitionResult, aligned: AlignedData, *, trait: int = 0, caps: Sequence[float] = CHI2_CAPS
) -> InfluenceResult:
    """Influence on a heritability, and on the enrichment and coefficient of every category.

    Parameters
    ----------
    result
        Of :func:`sumh2.fit_partition`.
    aligned, trait
        What it was fitted to.
    caps
        chi2 at which SNPs are left out for comparison.

    Raises
    ------
    InputError
        The result has no block sums (it is one of SumHer), or the data are not those of the result.
    """
    if result.fit is None or result.places is None:
        raise InputError("influence: found a result without block sums, expected one of LD Score regression; refit it")
    total, sums, fixed_intercept = result.total, result.sums, result.fit.fixed_intercept
    chromosomes, edges = _chromosome_edges(aligned, result.places, total.n_blocks)
    fit = _chromosome_fit(total, aligned, trait, result.places, edges, fixed_intercept)
    _check_same(float(fit.tau.estimate @ sums.totals), total.h2, total.trait)
    without = derive_enrichments(
        fit.tau.estimate, fit.tau.delete_values, sums.overlap, sums.totals, sums.sizes, sums.n_reference, sums.sd
    )

    def refit(cap: float) -> PartitionResult:
        capped_total = fit_stratified_h2(
            aligned, sums.totals, trait=trait, intercept=fixed_intercept, chisq_max=cap,
            n_blocks=total.n_blocks,
        )[0]  # fmt: skip
        return partition_of(capped_total, sums, result.dependence)

    chi2 = aligned.z[result.places, trait] ** 2
    refits = _fits_below(refit, caps, total.chisq_max, float(chi2.max()))
    blocks = _name_blocks(aligned, result.places, block_edges(len(result.places), total.n_blocks))
    where = {"blocks": blocks, **_of_chromosomes(chromosomes, edges), "trait": total.trait}
    deleted = fit.tau.delete_values[: len(chromosomes)]
    influences = [
        Influence(
            quantity="h2", estimate=total.h2, se=total.h2_se, without_block=total.delete_values,
            without_chromosome=deleted @ sums.totals,
            capped=_capped(refits, lambda one: (one.total.h2, one.total.h2_se)), **where,
        )
    ]  # fmt: skip
    for place, name in enumerate(result.categories):
        enrichment = result.enrichments.enrichment
        if enrichment.se[place] > 0:
            influences.append(
                Influence(
                    quantity=f"enrichment of {name}", estimate=float(enrichment.value[place]),
                    se=float(enrichment.se[place]), without_block=enrichment.delete_values[:, place],
                    without_chromosome=without.enrichment.delete_values[: len(chromosomes), place],
                    capped=_capped(refits, _of_enrichment(place)), **where,
                )
            )  # fmt: skip
        influences.append(
            Influence(
                quantity=f"tau of {name}", estimate=float(result.coefficients.value[place]),
                se=float(result.coefficients.se[place]), without_block=result.tau_delete[:, place],
                without_chromosome=deleted[:, place], capped=_capped(refits, _of_tau(place)), **where,
            )
        )  # fmt: skip
    return InfluenceResult(tuple(influences))


def measure_rg_influence(
    result: RgResult,
    aligned: AlignedData,
    *,
    two_step: float | None = None,
    chisq_max: float | None = None,
    caps: Sequence[float] = CHI2_CAPS,
) -> InfluenceResult:
    """Influence on the genetic correlation and covariance of every pair.

    Parameters
    ----------
    result
        Of :func:`sumh2.fit_rg`; pairs without a fit are left out.
    aligned
        What it was fitted to.
    two_step, chisq_max
        As given to that fit.
    caps
        chi2 whose square ``(z1 z2)²`` must stay below, for comparison.

    Raises
    ------
    InputError
        The data or options are not those of the result.
    """
    names = [trait.name for trait in aligned.traits]
    influences: list[Influence] = []
    for pair in result.pairs:
        if pair.fits is not None:
            places = names.index(pair.trait1), names.index(pair.trait2)
            influences += _pair_influences(pair, pair.fits, aligned, places, result.m, two_step, chisq_max, caps)
    return InfluenceResult(tuple(influences))


# ---------------------------------------------------------------------------------------------------------------------
# Pieces


def _pair_influences(
    pair: RgPair,
    pair_fits: Sequence[ProductFit],
    aligned: AlignedData,
    places: tuple[int, int],
    m: float,
    two_step: float | None,
    chisq_max: float | None,
    caps: Sequence[float],
) -> list[Influence]:
    kept = choose_pair_rows(aligned, places, chisq_max)[2]
    rows = np.flatnonzero(kept)
    regression = gather_pair_rows(aligned, places, kept, m)
    chromosomes, edges = _chromosome_edges(aligned, rows, pair.n_blocks)
    fixed = [None if np.isfinite(fit.intercept_se) else fit.intercept for fit in pair_fits]
    fits = fit_three(regression, pair.n_blocks, fixed, two_step, edges)
    _check_same(fits[2].total, pair.gcov, f"{pair.trait1} - {pair.trait2}")
    deleted = np.column_stack([fit.total_delete for fit in pair_fits])
    without = np.column_stack([fit.total_delete for fit in fits])[: len(chromosomes)]

    def refit(cap: float) -> RgPair:
        fixed_gcov = fixed[2]
        return fit_rg(
            aligned, pairs=[places], two_step=two_step, chisq_max=cap, n_blocks=pair.n_blocks, m=m,
            intercept=[_nan_or(fixed[places.index(trait)]) if trait in places else np.nan
                       for trait in range(aligned.n_traits)],
            gcov_intercept=fixed_gcov,
        ).pairs[0]  # fmt: skip

    largest = float(np.abs(regression.z1 * regression.z2).max())
    refits = _fits_below(refit, caps, chisq_max, largest)
    block_starts = block_edges(len(rows), pair.n_blocks)
    if two_step is not None and fixed[2] is None:
        block_starts = edges_among((regression.z1**2 < two_step) & (regression.z2**2 < two_step), pair.n_blocks)
    where = {
        "blocks": _name_blocks(aligned, rows, block_starts), **_of_chromosomes(chromosomes, edges),
        "trait": f"{pair.trait1} - {pair.trait2}",
    }  # fmt: skip
    found = []
    if np.isfinite(pair.rg):
        found.append(
            Influence(
                quantity="rg", estimate=pair.rg, se=pair.rg_se, without_block=_correlations(deleted),
                without_chromosome=_correlations(without), capped=_capped(refits, lambda one: (one.rg, one.rg_se)),
                **where,
            )
        )  # fmt: skip
    found.append(
        Influence(
            quantity="gcov", estimate=pair.gcov, se=pair.gcov_se, without_block=deleted[:, 2],
            without_chromosome=without[:, 2], capped=_capped(refits, lambda one: (one.gcov, one.gcov_se)), **where,
        )
    )  # fmt: skip
    return found


def _correlations(deleted: Floats) -> Floats:
    """rg of each row of (h1, h2, g); NaN where a heritability is not positive."""
    product = deleted[:, 0] * deleted[:, 1]
    usable = (deleted[:, 0] > 0) & (deleted[:, 1] > 0)
    return deleted[:, 2] / np.sqrt(np.where(usable, product, np.nan))


def _nan_or(value: float | None) -> float:
    return float("nan") if value is None else value


def _of_enrichment(place: int) -> Callable[[Any], tuple[float, float]]:
    return lambda one: (float(one.enrichments.enrichment.value[place]), float(one.enrichments.enrichment.se[place]))


def _of_tau(place: int) -> Callable[[Any], tuple[float, float]]:
    return lambda one: (float(one.coefficients.value[place]), float(one.coefficients.se[place]))


def _rows_of(result: H2Result, aligned: AlignedData, trait: int) -> NDArray[np.int64]:
    z = aligned.z[:, trait]
    with np.errstate(invalid="ignore"):
        kept = np.isfinite(z) if result.chisq_max is None else z**2 < result.chisq_max
    return np.flatnonzero(kept)


def _rows_of_product(aligned: AlignedData, rows: NDArray[np.int64], trait: int, m: float) -> RegressionRows:
    z, n = aligned.z[rows, trait], aligned.n_samples[rows, trait]
    return RegressionRows(z, z, n, n, aligned.tagging[rows, 0], aligned.regression_tagging[rows], m)


def _chromosome_fit(
    result: H2Result,
    aligned: AlignedData,
    trait: int,
    rows: NDArray[np.int64],
    edges: NDArray[np.int64],
    fixed: float | None,
):
    """The stratified fit over chromosomes in the place of blocks."""
    with one_blas_thread():
        sums, n_bar = sum_columns_of_chi2(
            aligned.z[rows, trait] ** 2, aligned.n_samples[rows, trait], aligned.tagging,
            aligned.regression_tagging[rows], result.totals, 0, fixed, rows=rows, edges=edges,
            n_threads=usable_cores(),
        )  # fmt: skip
        return solve_columns(sums, n_bar, fixed)


def _chromosome_edges(
    aligned: AlignedData, rows: NDArray[np.int64], n_blocks: int
) -> tuple[tuple[str, ...], NDArray[np.int64]]:
    """Names of the chromosomes of these rows, and where each begins among them.

    Where all SNPs are on one chromosome, or of a tagging that names none, nothing is left without it: then there are no
    names, and the borders are those of the jackknife's blocks, over which the fit is made again all the same.
    """
    codes = aligned.reference.chrom.dictionary_encode()
    numbers = codes.indices.to_numpy(zero_copy_only=False)[aligned.rows[rows]]
    starts = np.append(0, np.flatnonzero(np.diff(numbers)) + 1)
    if len(starts) < 2:
        return (), block_edges(len(rows), n_blocks)
    names = tuple(codes.dictionary[int(number)].as_py() for number in numbers[starts])
    return names, np.append(starts, len(rows)).astype(np.int64)


def _of_chromosomes(names: tuple[str, ...], edges: NDArray[np.int64]) -> dict[str, Any]:
    return {"chromosomes": names, "chromosome_shares": (np.diff(edges) / edges[-1])[: len(names)]}


def _name_blocks(aligned: AlignedData, rows: NDArray[np.int64], edges: NDArray[np.int64]) -> tuple[str, ...]:
    """Where blocks of rows are: chromosome and positions of their first and last SNP."""
    places = aligned.rows[rows]
    first, last = places[edges[:-1]], places[np.maximum(edges[1:] - 1, edges[:-1])]
    bp, chrom = aligned.reference.bp, aligned.reference.chrom
    names = []
    for start, stop in zip(first.tolist(), last.tolist(), strict=True):
        begin, end = chrom[start].as_py(), chrom[stop].as_py()
        names.append(f"{begin}:{bp[start]}-{'' if begin == end else f'{end}:'}{bp[stop]}")
    return tuple(names)


def _fits_below(
    refit: Callable[[float], Any], caps: Sequence[float], already: float | None, largest: float
) -> list[tuple[float, Any]]:
    """Fits under each cap that leaves something out; None where the rest allows no fit."""
    found = []
    for cap in caps:
        if cap <= largest and (already is None or cap < already):
            try:
                found.append((cap, refit(cap)))
            except FitError:
                found.append((cap, None))
    return found


def _capped(
    refits: Sequence[tuple[float, Any]], value_and_se: Callable[[Any], tuple[float, float]]
) -> tuple[Capped, ...]:
    found = []
    for cap, fit in refits:
        if fit is None:
            found.append(Capped(cap, float("nan"), float("nan"), 0))
        else:
            n_snps = fit.total.n_snps if isinstance(fit, PartitionResult) else fit.n_snps
            found.append(Capped(cap, *value_and_se(fit), n_snps))
    return tuple(found)


def _check_same(found: float, expected: float, what: str) -> None:
    if not abs(found - expected) <= _AGREEMENT * max(abs(expected), 1e-6):
        raise InputError(
            f"influence: {what} is {found:.6g} on these data, {expected:.6g} in the result; expected the data and options "
            "of that fit; pass those"
        )
