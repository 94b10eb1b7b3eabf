"""Iteratively re-weighted least squares: the weights depend on the estimate, so both are found in turn."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from sumh2.kernels.block_sums import BlockSums
from sumh2.kernels.jackknife import coefficients
from sumh2.kernels.weights import ProductWeights

#: LDSC re-weights exactly twice; the fit that follows, and its jackknife, use the weights of the second round.
N_ROUNDS = 2


def irwls(
    sums_with: Callable[[ProductWeights], BlockSums],
    start: ProductWeights,
    update: Callable[[NDArray[np.float64]], ProductWeights],
    first: BlockSums | None = None,
) -> BlockSums:
    """Block sums under the final weights.

    Parameters
    ----------
    sums_with
        Block sums of the regression under given weights: one pass over the SNPs.
    start
        Starting weights.
    update
        Weights that follow from coefficients, (n_coefs,).
    first
        The sums under the starting weights, where they are known already.
    """
    sums = sums_with(start) if first is None else first
    for _ in range(N_ROUNDS):
        sums = sums_with(update(coefficients(sums)))
    return sums
