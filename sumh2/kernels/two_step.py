"""The two-step estimator: the intercept from SNPs of moderate chi2, the slope from all of them.

Step 1 fits slope and intercept to the SNPs with chi2 below a cutoff, step 2 the slope alone to all SNPs with the
intercept of step 1 held fixed.  A block left out changes the intercept, and through it the slope: the delete values of
step 2, which hold the intercept fixed, are corrected to first order by

    d_b(slope) = d2_b(slope) - k (d1_b(intercept) - intercept),      k = sum(v0 x) / sum(v0 x²)

with the starting weights v0 over all SNPs (LDSC 1.0.1; the covariance of the estimates is that of the combined delete
values).
"""

from __future__ import annotations

import numpy as np

from sumh2.kernels.block_sums import BlockSums
from sumh2.kernels.jackknife import Jackknife


def combine_steps(step1: Jackknife, step2: Jackknife, start: BlockSums) -> Jackknife:
    """Slope of step 2 and intercept of step 1, with their joint delete values.

    Parameters
    ----------
    step1
        (slope, intercept) from the SNPs below the cutoff.
    step2
        (slope,) from all SNPs, the intercept fixed, over the same blocks.
    start
        Sums over all SNPs under the starting weights, columns (x, 1).
    """
    intercept = step1.estimate[1]
    total = start.xtx.sum(axis=0)
    slope_per_intercept = total[0, 1] / total[0, 0]
    intercept_delete = step1.delete_values[:, 1]
    slope_delete = step2.delete_values[:, 0] - slope_per_intercept * (intercept_delete - intercept)
    return Jackknife(
        estimate=np.array([step2.estimate[0], intercept]),
        delete_values=np.column_stack([slope_delete, intercept_delete]),
    )
