"""Weighted sums over blocks of the genome: the one data structure of inference.

Point estimates, block jackknives, influence of a chromosome, merging of shards: all read ``XᵀWX``, ``XᵀWy`` and
``yᵀWy`` of each block, and nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ldscores.shared.compiled import compiled
from sumh2.kernels.weights import ProductWeights

Floats = NDArray[np.float64]


class Design(Protocol):
    """What is cut in blocks of rows: an array, or what makes one of a slice (ScaledDesign)."""

    @property
    def shape(self) -> tuple[int, ...]: ...

    def __getitem__(self, rows: slice) -> Floats: ...


@dataclass(frozen=True)
class BlockSums:
    """Sums over the SNPs of each block, for a regression of y on the columns of X with weights W.

    Parameters
    ----------
    xtx : float64, (n_blocks, n_coefs, n_coefs)
    xty : float64, (n_blocks, n_coefs)
    yty : float64, (n_blocks,)
    """

    xtx: Floats
    xty: Floats
    yty: Floats

    @property
    def n_blocks(self) -> int:
        """Number of blocks."""
        return len(self.yty)

    @property
    def n_coefs(self) -> int:
        """Number of columns of X."""
        return self.xty.shape[1]

    def fix_last(self, value: float) -> BlockSums:
        """Sums of the regression in which the last coefficient, the intercept, is known to be ``value``.

        That is a regression of ``y - value`` on the other columns, whose sums follow from those at hand.
        """
        others, last = slice(0, -1), -1
        return BlockSums(
            xtx=self.xtx[:, others, others],
            xty=self.xty[:, others] - value * self.xtx[:, others, last],
            yty=self.yty - 2 * value * self.xty[:, last] + value**2 * self.xtx[:, last, last],
        )


def block_edges(n_snps: int, n_blocks: int) -> NDArray[np.int64]:
    """Edges of blocks of nearly equal size, (n_blocks + 1,): block b holds rows ``edges[b]`` to ``edges[b + 1] - 1``.

    LDSC's rule: floor of equally spaced points from 0 to n_snps; chromosome borders are not respected.
    """
    return np.floor(np.linspace(0, n_snps, n_blocks + 1)).astype(np.int64)


def edges_among(used: NDArray[np.bool_], n_blocks: int) -> NDArray[np.int64]:
    """Edges, as positions in the full list, of blocks with equal numbers of *used* SNPs, (n_blocks + 1,).

    The first edge is 0 and the last ``len(used)``; an inner edge stands at the first SNP of its block that is used.
    """
    positions = np.flatnonzero(used)
    inner = block_edges(len(positions), n_blocks)[1:-1]
    return np.concatenate([[0], positions[inner], [len(used)]]).astype(np.int64)


def weighted_block_sums(
    design: Floats | Design, response: Floats, weights: Floats, edges: NDArray[np.int64]
) -> BlockSums:
    """Block sums for any design, by one matrix product a block.

    Parameters
    ----------
    design : float64, (n_snps, n_coefs)
        Or anything that gives these rows of X for a slice, so that X need not be in memory as a whole.
    response, weights : float64, (n_snps,)
    edges : int64, (n_blocks + 1,)
    """
    n_blocks, n_coefs = len(edges) - 1, design.shape[1]
    xtx = np.empty((n_blocks, n_coefs, n_coefs))
    xty = np.empty((n_blocks, n_coefs))
    yty = np.empty(n_blocks)
    for block in range(n_blocks):
        rows = slice(edges[block], edges[block + 1])
        x = design[rows]
        weighted = x * weights[rows, None]
        xtx[block] = weighted.T @ x
        xty[block] = weighted.T @ response[rows]
        yty[block] = (weights[rows] * response[rows]) @ response[rows]
    return BlockSums(xtx, xty, yty)


def product_block_sums(
    z1: Floats,
    z2: Floats,
    n1: Floats,
    n2: Floats,
    ld_score: Floats,
    regression_ld: Floats,
    edges: NDArray[np.int64],
    weights: ProductWeights,
    m: float,
    n_bar: float,
    cutoff: float = np.inf,
    weight_by_design: bool = False,
) -> BlockSums:
    """Block sums of the regression of ``z1 z2`` on ``(sqrt(n1 n2) l / n_bar, 1)``, in one pass over the SNPs.

    The weights (:mod:`sumh2.kernels.weights`) are made on the fly and never stored.  With both traits the same this
    is the regression of chi2 on LD scores.

    Parameters
    ----------
    z1, z2, n1, n2 : float64, (n_snps,)
    ld_score, regression_ld : float64, (n_snps,)
        l of the regressor, and the LD score w among regression SNPs that corrects for over-counting; 1 at least is
        used of each inside the weights.
    edges : int64, (n_blocks + 1,)
    weights
        Parameters of the weights.
    m
        Number of reference SNPs.
    n_bar
        Mean of sqrt(n1 n2) that scales the regressor.
    cutoff
        SNPs with a chi2 of either trait at or above it get weight zero.
    weight_by_design
        Use the regressor in the place of l inside the weights (LDSC does so in step 1 of the two-step estimator).

    Raises
    ------
    ArithmeticError
        A weight is not positive and finite: the intercepts and heritabilities describe no variance.
    """
    sums = _product_sums(
        z1, z2, n1, n2, ld_score, regression_ld, edges,
        weights.h2_1, weights.h2_2, weights.gcov, weights.intercept_1, weights.intercept_2, weights.gcov_int,
        1 / m, 1 / n_bar, cutoff, weight_by_design,
    )  # fmt: skip
    if sums[:, 6].any() or not np.isfinite(sums).all():
        raise ArithmeticError("a regression weight is not positive and finite")
    w, wx, wxx, wy, wxy, wyy, _ = sums.T
    xtx = np.stack([np.stack([wxx, wx], axis=1), np.stack([wx, w], axis=1)], axis=1)
    return BlockSums(xtx, np.stack([wxy, wy], axis=1), wyy)


# Reassociation lets the compiler add in vectors; contraction fuses multiply and add.  No flag here assumes that
# numbers are finite.
@compiled(nogil=True, error_model="numpy", fastmath={"reassoc", "contract", "nsz", "arcp"})
def _product_sums(
    z1, z2, n1, n2, ld_score, regression_ld, edges, h2_1, h2_2, gcov, a1, a2, a12, per_m, per_n_bar, cutoff, by_design
):  # fmt: skip
    n_blocks = len(edges) - 1
    sums = np.zeros((n_blocks, 7))
    for block in range(n_blocks):
        # Views that start at zero: an index that cannot be negative lets the compiler read in vectors.
        first, last = edges[block], edges[block + 1]
        z1_, z2_, n1_, n2_ = z1[first:last], z2[first:last], n1[first:last], n2[first:last]
        ld_, regression_ld_ = ld_score[first:last], regression_ld[first:last]
        w_ = wx = wxx = wy = wxy = wyy = n_bad = 0.0
        for j in range(len(z1_)):
            n12 = np.sqrt(n1_[j] * n2_[j])
            x = n12 * ld_[j] * per_n_bar
            y = z1_[j] * z2_[j]
            ld = max(x if by_design else ld_[j], 1.0) * per_m
            variance = (a1 + h2_1 * n1_[j] * ld) * (a2 + h2_2 * n2_[j] * ld) + (a12 + gcov * n12 * ld) ** 2
            n_bad += 0.0 if variance > 0.0 else 1.0
            w = 1.0 / (variance * max(regression_ld_[j], 1.0))
            w = 0.0 if z1_[j] * z1_[j] >= cutoff or z2_[j] * z2_[j] >= cutoff else w
            w_ += w
            wx += w * x
            wxx += w * x * x
            wy += w * y
            wxy += w * x * y
            wyy += w * y * y
        sums[block, 0] = w_
        sums[block, 1] = wx
        sums[block, 2] = wxx
        sums[block, 3] = wy
        sums[block, 4] = wxy
        sums[block, 5] = wyy
        sums[block, 6] = n_bad
    return sums
