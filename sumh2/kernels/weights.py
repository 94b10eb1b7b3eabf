"""Regression weights: inverse variance of the response, divided by the LD among regression SNPs.

For a product of z scores (Bulik-Sullivan et al. 2015b, Supplementary Note, and LDSC 1.0.1),

    v_j = 1 / { [(a1 + h1 n1_j l'_j / M)(a2 + h2 n2_j l'_j / M) + (a12 + g sqrt(n1_j n2_j) l'_j / M)²] w'_j }

with intercepts a, heritabilities h in [0, 1], genetic covariance g in [-1, 1], l' = max(l, 1) and w' = max(w, 1).  For
one trait taken twice this is ``1 / {2 (a + h n l' / M)² w'}``, the weight of a chi2 in LD Score regression
(Bulik-Sullivan et al. 2015a, eq. 3 and Online Methods).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class ProductWeights:
    """What the weights of z1 z2 depend on: two heritabilities, their covariance and three intercepts."""

    h2_1: float
    h2_2: float
    gcov: float
    intercept_1: float
    intercept_2: float
    gcov_int: float

    @classmethod
    def of_one_trait(cls, h2: float, intercept: float) -> ProductWeights:
        """Weights of a chi2; h2 is clipped to [0, 1], the intercept is taken as it is (as LDSC does)."""
        h2 = float(np.clip(h2, 0, 1))
        return cls(h2, h2, h2, intercept, intercept, intercept)

    @classmethod
    def of_two_traits(
        cls, h2_1: float, h2_2: float, gcov: float, intercept_1: float, intercept_2: float, gcov_int: float
    ) -> ProductWeights:
        """Weights of z1 z2; heritabilities are clipped to [0, 1], the covariance to [-1, 1]."""
        return cls(
            float(np.clip(h2_1, 0, 1)),
            float(np.clip(h2_2, 0, 1)),
            float(np.clip(gcov, -1, 1)),
            intercept_1,
            intercept_2,
            gcov_int,
        )


def chi2_weights(
    ld_score: NDArray[np.float64],
    regression_ld: NDArray[np.float64],
    n: NDArray[np.float64],
    m: float,
    h2: float,
    intercept: float,
) -> NDArray[np.float64]:
    """Weights of chi2 as an array, (n_snps,), for fits whose design has many columns (l summed over them)."""
    expected = intercept + np.clip(h2, 0, 1) * n * np.maximum(ld_score, 1) / m
    return 1 / (2 * expected**2 * np.maximum(regression_ld, 1))


def product_weights(
    of: ProductWeights,
    ld_score: NDArray[np.float64],
    regression_ld: NDArray[np.float64],
    n1: NDArray[np.float64],
    n2: NDArray[np.float64],
    m: float,
) -> NDArray[np.float64]:
    """Weights of z1 z2 as an array, (n_snps,), for fits whose design has many columns (l summed over them)."""
    per_m = np.maximum(ld_score, 1) / m
    variance = (of.intercept_1 + of.h2_1 * n1 * per_m) * (of.intercept_2 + of.h2_2 * n2 * per_m)
    variance += (of.gcov_int + of.gcov * np.sqrt(n1 * n2) * per_m) ** 2
    return 1 / (variance * np.maximum(regression_ld, 1))
