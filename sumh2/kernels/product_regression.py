"""LD Score regression of a product of z scores: chi2 for a heritability, z1 z2 for a genetic covariance.

    E[z1_j z2_j] = sqrt(n1_j n2_j) g l_j / M + a12

(Bulik-Sullivan et al. 2015b, eq. 2; with both traits the same, 2015a, eq. 1.)  One estimator serves both: an aggregate
starting value, two rounds of re-weighting, a block jackknife with the last weights held fixed, and, if a cutoff is
given, the two-step estimator.  Numbers are those of LDSC 1.0.1, its quirks included: in step 1 of the two-step
estimator the re-weighting uses ``n l / mean(n)`` in the place of ``l``, so that n enters twice.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sumh2.kernels.block_sums import BlockSums, block_edges, edges_among, product_block_sums
from sumh2.kernels.irwls import irwls
from sumh2.kernels.jackknife import Jackknife, jackknife
from sumh2.kernels.two_step import combine_steps
from sumh2.kernels.weights import ProductWeights

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class RegressionRows:
    """What one regression reads, an entry a SNP; contiguous float64 arrays of equal length.

    Parameters
    ----------
    z1, z2, n1, n2
        Z scores and sample sizes; the same array twice for a heritability.
    ld_score, regression_ld
        LD score of the regressor, and LD score among regression SNPs.
    m
        Number of reference SNPs.
    """

    z1: Floats
    z2: Floats
    n1: Floats
    n2: Floats
    ld_score: Floats
    regression_ld: Floats
    m: float

    def of_trait(self, which: int) -> RegressionRows:
        """The rows of the heritability regression of trait 1 or 2."""
        z, n = (self.z1, self.n1) if which == 1 else (self.z2, self.n2)
        return RegressionRows(z, z, n, n, self.ld_score, self.regression_ld, self.m)


@dataclass(frozen=True)
class ProductFit:
    """Total heritability or covariance, and intercept, with jackknife errors.

    Parameters
    ----------
    total, total_se
        ``M slope / mean(n)``.
    total_delete : float64, (n_blocks,)
        The total with each block left out.
    intercept, intercept_se
        The SE is NaN for a fixed intercept.
    intercept_delete : float64, (n_blocks,)
    mean_product
        Mean of z1 z2.
    n_below_cutoff
        SNPs in step 1 of the two-step estimator; None without it.
    coefs
        (slope, intercept), or (slope,) when the intercept is fixed, per mean(n).
    """

    total: float
    total_se: float
    total_delete: Floats
    intercept: float
    intercept_se: float
    intercept_delete: Floats
    mean_product: float
    n_below_cutoff: int | None
    coefs: Jackknife

    @property
    def n_blocks(self) -> int:
        """Number of jackknife blocks."""
        return len(self.total_delete)


def fit_product(
    rows: RegressionRows,
    n_blocks: int,
    weights_of: Callable[[float, float], ProductWeights],
    null_intercept: float,
    fixed_intercept: float | None = None,
    cutoff: float | None = None,
    edges: NDArray[np.int64] | None = None,
) -> ProductFit:
    """Fit one product of z scores.

    Parameters
    ----------
    rows
        The SNPs.
    n_blocks
        Jackknife blocks, fewer than SNPs.
    weights_of
        Weights that follow from a total and an intercept.
    null_intercept
        Intercept without confounding or overlap, for the starting value: 1 for chi2, 0 for two traits.
    fixed_intercept
        Hold the intercept at this value.
    cutoff
        Two-step estimator: chi2 below which SNPs take part in step 1.
    edges : int64, (n_blocks + 1,), optional
        Blocks, where they are not LDSC's; a block may be empty.

    Raises
    ------
    numpy.linalg.LinAlgError
        The LD scores are constant, or a block left out leaves too little.
    ArithmeticError
        A weight is not positive.
    """
    mean_product, n_bar, mean_ld_n = _means(rows)
    start_intercept = null_intercept if fixed_intercept is None else fixed_intercept
    start = weights_of(rows.m * (mean_product - start_intercept) / mean_ld_n, start_intercept)
    regression = _Regression(rows, n_bar, weights_of)
    n_below = None
    if cutoff is None or fixed_intercept is not None:
        edges = block_edges(len(rows.z1), n_blocks) if edges is None else edges
        coefs = jackknife(regression.fit(edges, start, fixed_intercept=fixed_intercept))
    else:
        below = (rows.z1**2 < cutoff) & (rows.z2**2 < cutoff)
        n_below = int(below.sum())
        edges = edges_among(below, min(n_blocks, n_below)) if edges is None else edges
        step1 = jackknife(regression.fit(edges, start, cutoff=cutoff))
        first = regression.sums(edges, start)
        step2 = jackknife(regression.fit(edges, start, fixed_intercept=float(step1.estimate[1]), first=first))
        coefs = combine_steps(step1, step2, first)
    return _product_fit(coefs, rows.m / n_bar, fixed_intercept, mean_product, n_below)


@dataclass(frozen=True)
class _Regression:
    """One set of rows under changing weights."""

    rows: RegressionRows
    n_bar: float
    weights_of: Callable[[float, float], ProductWeights]

    def sums(
        self, edges: NDArray[np.int64], weights: ProductWeights, cutoff: float = np.inf, weight_by_design: bool = False
    ) -> BlockSums:
        rows = self.rows
        return product_block_sums(
            rows.z1, rows.z2, rows.n1, rows.n2, rows.ld_score, rows.regression_ld,
            edges, weights, rows.m, self.n_bar, cutoff, weight_by_design,
        )  # fmt: skip

    def fit(
        self,
        edges: NDArray[np.int64],
        start: ProductWeights,
        fixed_intercept: float | None = None,
        cutoff: float = np.inf,
        first: BlockSums | None = None,
    ) -> BlockSums:
        """Sums under the final weights; without the intercept's column when it is fixed."""

        def fixed(sums: BlockSums) -> BlockSums:
            return sums if fixed_intercept is None else sums.fix_last(fixed_intercept)

        def update(coefs: Floats) -> ProductWeights:
            intercept = coefs[1] if fixed_intercept is None else fixed_intercept
            return self.weights_of(float(self.rows.m * coefs[0] / self.n_bar), float(intercept))

        first = self.sums(edges, start, cutoff) if first is None else first
        by_design = np.isfinite(cutoff)
        return irwls(lambda weights: fixed(self.sums(edges, weights, cutoff, by_design)), start, update, fixed(first))


def _means(rows: RegressionRows) -> tuple[float, float, float]:
    """Means of z1 z2, of sqrt(n1 n2) and of l sqrt(n1 n2)."""
    n_snps = len(rows.z1)
    n12 = rows.n1 if rows.n1 is rows.n2 else np.sqrt(rows.n1 * rows.n2)
    return float(rows.z1 @ rows.z2) / n_snps, float(n12.mean()), float(n12 @ rows.ld_score) / n_snps


def _product_fit(
    coefs: Jackknife, scale: float, fixed_intercept: float | None, mean_product: float, n_below: int | None
) -> ProductFit:
    se = coefs.se
    if fixed_intercept is None:
        intercept, intercept_se, intercept_delete = coefs.estimate[1], se[1], coefs.delete_values[:, 1]
    else:
        intercept, intercept_se = fixed_intercept, float("nan")
        intercept_delete = np.full(coefs.n_blocks, float(fixed_intercept))
    return ProductFit(
        total=float(coefs.estimate[0] * scale),
        total_se=float(se[0] * scale),
        total_delete=coefs.delete_values[:, 0] * scale,
        intercept=float(intercept),
        intercept_se=float(intercept_se),
        intercept_delete=intercept_delete,
        mean_product=mean_product,
        n_below_cutoff=n_below,
        coefs=coefs,
    )
