"""Regression of chi2, or of z1 z2, on several LD scores at once: one weighted fit, no iteration.

    E[chi2_j] = n_j sum_c tau_c l_jc + a

(Finucane et al. 2015, eq. 1.)  Weights come from an aggregate starting value that counts all columns together, as in
LDSC 1.0.1.  The design, n_j l_jc and a column of ones, is made block by block and never stored: a fit of 97 columns
and a million SNPs takes no more memory than the LD scores themselves.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sumh2.kernels.block_sums import BlockSums, block_edges
from sumh2.kernels.jackknife import Jackknife, jackknife
from sumh2.kernels.weights import chi2_weights

Floats = NDArray[np.float64]

#: Rows of the design that are made at a time: they stay in the processor's cache.
_ROWS_AT_A_TIME = 2048


@dataclass(frozen=True)
class ColumnFit:
    """Coefficients tau of each column, and the intercept, with their joint jackknife.

    Parameters
    ----------
    tau : Jackknife
        Heritability per unit of annotation and SNP, (n_categories,).
    intercept : Jackknife
        One coefficient; its delete values are constant when it is fixed.
    sums : BlockSums
        Of the design ``(n_j l_jc / n_bar, 1)``, the intercept's column included also where it is fixed.
    n_bar
        What the sample sizes in the design are divided by.
    fixed_intercept
        The value, or None for a free one.
    """

    tau: Jackknife
    intercept: Jackknife
    sums: BlockSums
    n_bar: float
    fixed_intercept: float | None = None


def column_block_sums(
    ld_scores: Floats,
    rows: NDArray[np.int64] | None,
    scale: Floats,
    response: Floats,
    weights: Floats,
    edges: NDArray[np.int64],
    n_threads: int = 1,
) -> BlockSums:
    """Block sums of the regression of a response on ``(scale_j l_jc, 1)``; no copy of the LD scores is made.

    Products this small only wait for a second thread of the BLAS: let it have one (threadpoolctl), and share out blocks
    instead.  A block's sums do not depend on the number of threads.

    Parameters
    ----------
    ld_scores : float64, (n_rows, n_categories)
    rows : int64, (n_snps,), optional
        Rows of the LD scores that take part; all by default.
    scale, response, weights : float64, (n_snps,)
    edges : int64, (n_blocks + 1,)
    n_threads
        Blocks that are summed at the same time.
    """
    n_blocks, n_coefs = len(edges) - 1, ld_scores.shape[1] + 1
    sums = BlockSums(np.zeros((n_blocks, n_coefs, n_coefs)), np.zeros((n_blocks, n_coefs)), np.zeros(n_blocks))
    root = np.sqrt(weights)

    def add_blocks(first: int, last: int) -> None:
        design = np.empty((_ROWS_AT_A_TIME, n_coefs))
        for block in range(first, last):
            for start in range(edges[block], edges[block + 1], _ROWS_AT_A_TIME):
                chunk = slice(start, min(start + _ROWS_AT_A_TIME, edges[block + 1]))
                part = design[: chunk.stop - chunk.start]
                scores = ld_scores[chunk] if rows is None else ld_scores[rows[chunk]]
                np.multiply(scores, (scale[chunk] * root[chunk])[:, None], out=part[:, :-1])
                part[:, -1] = root[chunk]
                weighted = root[chunk] * response[chunk]
                sums.xtx[block] += part.T @ part
                sums.xty[block] += weighted @ part
                sums.yty[block] += weighted @ weighted

    borders = np.linspace(0, n_blocks, max(n_threads, 1) + 1).astype(int)
    if n_threads <= 1:
        add_blocks(0, n_blocks)
        return sums
    with ThreadPoolExecutor(n_threads) as pool:
        list(pool.map(add_blocks, borders[:-1], borders[1:]))
    return sums


def solve_columns(sums: BlockSums, n_bar: float, fixed_intercept: float | None = None) -> ColumnFit:
    """Coefficients and their jackknife from block sums.

    Raises
    ------
    numpy.linalg.LinAlgError
        The columns are collinear.
    """
    if fixed_intercept is None:
        fit = jackknife(sums)
        tau = Jackknife(fit.estimate[:-1] / n_bar, fit.delete_values[:, :-1] / n_bar)
        intercept = Jackknife(fit.estimate[-1:], fit.delete_values[:, -1:])
    else:
        fit = jackknife(sums.fix_last(fixed_intercept))
        fixed = np.array([float(fixed_intercept)])
        tau = Jackknife(fit.estimate / n_bar, fit.delete_values / n_bar)
        intercept = Jackknife(fixed, np.tile(fixed, (sums.n_blocks, 1)))
    return ColumnFit(tau, intercept, sums, n_bar, fixed_intercept)


def aggregate_total(mean_product: float, null_intercept: float, total_ld: Floats, n: Floats, m: float) -> float:
    """Starting value of a heritability or covariance, ``M (mean(y) - a) / mean(l n)``, all columns counted together."""
    return float(m * (mean_product - null_intercept) / np.mean(total_ld * n))


def sum_columns_of_chi2(
    chi2: Floats,
    n: Floats,
    ld_scores: Floats,
    regression_ld: Floats,
    m: Floats,
    n_blocks: int,
    fixed_intercept: float | None = None,
    *,
    rows: NDArray[np.int64] | None = None,
    edges: NDArray[np.int64] | None = None,
    n_threads: int = 1,
) -> tuple[BlockSums, float]:
    """Block sums of the regression of chi2 on all columns under LDSC's weights, and the mean sample size.

    Parameters
    ----------
    chi2, n, regression_ld : float64, (n_snps,)
    ld_scores : float64, (n_snps, n_categories)
        With `rows`, (n_rows, n_categories).
    m : float64, (n_categories,)
        Reference SNPs behind each column.
    n_blocks
        Jackknife blocks.
    fixed_intercept
        Value at which the intercept is held: the starting value depends on it.
    rows : int64, (n_snps,), optional
        Rows of `ld_scores` that take part; the other arguments hold these only.
    edges : int64, (n_blocks + 1,), optional
        Edges of the blocks, e.g. of chromosomes; by default `n_blocks` of equal size.
    n_threads
        Blocks that are summed at the same time.
    """
    total_ld = sum_columns(ld_scores, rows)
    n_bar = float(n.mean())
    start = 1.0 if fixed_intercept is None else fixed_intercept
    aggregate = aggregate_total(float(chi2.mean()), start, total_ld, n, float(m.sum()))
    weights = chi2_weights(total_ld, regression_ld, n, float(m.sum()), aggregate, start)
    edges = block_edges(len(chi2), n_blocks) if edges is None else edges
    return column_block_sums(ld_scores, rows, n / n_bar, chi2, weights, edges, n_threads), n_bar


def sum_columns(ld_scores: Floats, rows: NDArray[np.int64] | None = None) -> Floats:
    """LD score of all columns together, (n_snps,)."""
    ones = np.ones(ld_scores.shape[1])
    total = ld_scores @ ones
    return total if rows is None else total[rows]


def genomicsem_edges(n_snps: int, n_blocks: int) -> NDArray[np.int64]:
    """Edges of blocks as GenomicSEM cuts them, (n_blocks + 1,): ``floor(seq(1, n, length = B + 1))`` in R, the last SNP
    added to the last block."""
    edges = np.floor(np.linspace(1, n_snps, n_blocks + 1)).astype(np.int64) - 1
    edges[-1] = n_snps
    return edges
