"""Heritability by category from SumHer's likelihood, in the form of a stratified LD Score regression's."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ldscores.annotations.annotation_sums import AnnotationSums, QuantileSums
from ldscores.shared.cores import usable_cores
from sumh2.alignment import AlignedData
from sumh2.enrichment.annotation_guards import Dependence, measure_dependence
from sumh2.enrichment.overlap_sums import OverlapSums, resolve_overlap
from sumh2.enrichment.partition import partition_of
from sumh2.enrichment.partition_result import PartitionResult
from sumh2.kernels.block_sums import block_edges
from sumh2.kernels.column_regression import column_block_sums
from sumh2.ldsc.h2_result import H2Result
from sumh2.regression_input import Totals, check_several_categories, one_blas_thread
from sumh2.sumher.fit import fit_sumher
from sumh2.sumher.result import SumherResult


def fit_sumher_partition(
    aligned: AlignedData,
    *,
    trait: int = 0,
    annotations: AnnotationSums | None = None,
    disjoint: bool = False,
    free_intercept: bool = False,
    n_blocks: int = 200,
    m: Totals | None = None,
    quantiles: QuantileSums | None = None,
) -> PartitionResult:
    """Heritability of every category under a heritability model: coefficients by SumHer, errors by the jackknife.

    :func:`sumh2.fit_partition` with coefficients of :func:`sumh2.fit_sumher`.

    Point estimates are those of LDAK's likelihood under the model of the tagging, errors those of its block jackknife
    (LDAK's ``--num-blocks``).  What a tagging of a heritability model says of its categories is its sums over their
    members; LD scores take annotations as :func:`sumh2.fit_partition` does.

    Parameters
    ----------
    free_intercept
        Fit confounding that grows with the sample size (LDAK's ``--intercept YES``).
    aligned, trait, annotations, disjoint, n_blocks, m, quantiles
        As :func:`sumh2.fit_partition`.

    Raises
    ------
    InputError, FitError
        As the two functions.
    """
    reference = aligned.reference
    check_several_categories(reference, "a heritability", "sumh2 h2 --estimator sumher")
    sums = resolve_overlap(reference, m, annotations, disjoint, by_members=True)
    own = None if reference.ldak is not None else list(sums.totals)
    fit = fit_sumher(aligned, trait=trait, free_intercept=free_intercept, n_blocks=n_blocks, m=own)
    dependence = _dependence(aligned, trait, fit.n_blocks, free_intercept)
    result = partition_of(_as_h2(fit, sums, aligned, trait), sums, dependence, quantiles=quantiles)
    return replace(result, estimator="sumher")


def _dependence(aligned: AlignedData, trait: int, n_blocks: int, free_intercept: bool) -> Dependence:
    """How the categories depend on each other under SumHer's weights, 1 / Tagging."""
    rows = np.flatnonzero(np.isfinite(aligned.z[:, trait]))
    weights = 1 / np.maximum(aligned.regression_tagging[rows], 1)
    n = aligned.n_samples[rows, trait]
    with one_blas_thread():
        sums = column_block_sums(
            aligned.tagging, rows, n / n.mean(), aligned.z[rows, trait] ** 2, weights, block_edges(len(rows), n_blocks),
            usable_cores(),
        )  # fmt: skip
        xtx = sums.xtx if free_intercept else sums.xtx[:, :-1, :-1]
        return measure_dependence(xtx, has_intercept=free_intercept)


def _as_h2(fit: SumherResult, sums: OverlapSums, aligned: AlignedData, trait: int) -> H2Result:
    parts, info, nothing = fit.partition, aligned.traits[trait], float("nan")
    if fit.delete_values is None or fit.intercept_delete is None or parts.tau_delete is None:
        raise ValueError("coefficients that were given have no delete values, which a partition needs")
    return H2Result(
        trait=fit.trait, h2=fit.h2, h2_se=fit.h2_jackknife_se, h2_z=fit.h2_z, h2_p=fit.h2_p, h2_log10_p=fit.h2_log10_p,
        intercept=fit.intercept, intercept_se=fit.intercept_jackknife_se, ratio=nothing, ratio_se=nothing,
        h2_liab=fit.h2_liab, h2_liab_se=fit.h2_liab_jackknife_se, lambda_gc=fit.lambda_gc, mean_chi2=fit.mean_chi2,
        max_chi2=fit.max_chi2, n_snps=fit.n_snps, n_blocks=fit.n_blocks, n_mean=fit.n_bar, m=float(sums.totals.sum()),
        two_step=None, chisq_max=None, steps=fit.steps, status=fit.status, why=fit.why, categories=parts.names,
        tau=parts.tau, tau_cov=parts.tau_jackknife_cov, delete_values=fit.delete_values, tau_delete=parts.tau_delete,
        intercept_delete=fit.intercept_delete, totals=sums.totals, samp_prev=info.samp_prev, pop_prev=info.pop_prev,
    )  # fmt: skip
