"""Regression of chi2 on several LD scores at once, as LDSC's stratified fit: one weighted fit, no iteration.

    E[chi2_j] = n_j sum_c tau_c l_jc + a

(Finucane et al. 2015, eq. 1.)  Weights come from an aggregate starting value that counts all columns together.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sumh2.kernels.block_sums import block_edges, weighted_block_sums
from sumh2.kernels.jackknife import Jackknife, jackknife
from sumh2.kernels.weights import chi2_weights

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class ColumnFit:
    """Coefficients tau of each column, and the intercept, with their joint jackknife.

    Parameters
    ----------
    tau : Jackknife
        Heritability per unit of annotation and SNP, (n_categories,).
    intercept : Jackknife
        One coefficient; its delete values are constant when it is fixed.
    """

    tau: Jackknife
    intercept: Jackknife


def fit_columns(
    chi2: Floats,
    n: Floats,
    ld_scores: Floats,
    regression_ld: Floats,
    m: Floats,
    n_blocks: int,
    fixed_intercept: float | None = None,
) -> ColumnFit:
    """Fit all columns.

    Parameters
    ----------
    chi2, n, regression_ld : float64, (n_snps,)
    ld_scores : float64, (n_snps, n_categories)
    m : float64, (n_categories,)
        Reference SNPs behind each column.
    n_blocks
        Jackknife blocks.
    fixed_intercept
        Hold the intercept at this value.

    Raises
    ------
    numpy.linalg.LinAlgError
        The columns are collinear.
    """
    total_ld, n_bar = ld_scores.sum(axis=1), n.mean()
    start_intercept = 1.0 if fixed_intercept is None else fixed_intercept
    aggregate = m.sum() * (chi2.mean() - start_intercept) / np.mean(total_ld * n)
    weights = chi2_weights(total_ld, regression_ld, n, float(m.sum()), float(aggregate), start_intercept)
    design = np.empty((len(chi2), ld_scores.shape[1] + 1))
    np.multiply(ld_scores, (n / n_bar)[:, None], out=design[:, :-1])
    design[:, -1] = 1
    sums = weighted_block_sums(design, chi2, weights, block_edges(len(chi2), n_blocks))
    if fixed_intercept is None:
        fit = jackknife(sums)
        return ColumnFit(
            Jackknife(fit.estimate[:-1] / n_bar, fit.delete_values[:, :-1] / n_bar),
            Jackknife(fit.estimate[-1:], fit.delete_values[:, -1:]),
        )
    fit = jackknife(sums.fix_last(fixed_intercept))
    fixed = np.array([float(fixed_intercept)])
    return ColumnFit(
        Jackknife(fit.estimate / n_bar, fit.delete_values / n_bar),
        Jackknife(fixed, np.tile(fixed, (n_blocks, 1))),
    )
