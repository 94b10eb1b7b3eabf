"""The weighted likelihood by blocks of the genome: what a fit would have been with each block left out.

Around its maximum theta, with block b's part of the log likelihood L_b, gradient g_b and minus its second derivatives
H_b (sums without index over all blocks), a Newton step on the other blocks leads to

    theta_(b) = theta + d_b,     d_b = (H - H_b)^-1 (g - g_b),

    L_(b) = L - L_b + d_b' (H - H_b) d_b / 2,

the log likelihood of the other blocks *at their own maximum*, both to second order: the step is of the order 1 / B for B
blocks, what is left out of L_(b) of the order of its third power.  All comes from one pass over the SNPs, whatever the
number of blocks.  In the words of :mod:`sumh2.kernels.block_sums` H_b is ``xtx`` and g_b + H_b theta is ``xty``: the
delete values are those of the one jackknife of this package.  (One-step jackknife: Shao and Tu 1995, section 5.3.)
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sumh2.kernels.block_sums import BlockSums
from sumh2.kernels.jackknife import delete_block_estimates
from sumh2.kernels.likelihood import ScaledDesign, positive_expected
from sumh2.kernels.likelihood_grid import Grid

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class LikelihoodBlocks:
    """Parts of the likelihood at theta.

    Parameters
    ----------
    theta : float64, (n_coefs,)
    logl : float64, (n_blocks,)
        L_b without the part that does not depend on theta, -w (log S + log 2 pi) / 2: differences between models that
        are fitted to the same statistics lack nothing.
    sums : BlockSums
        H_b, and g_b + H_b theta.
    """

    theta: Floats
    logl: Floats
    sums: BlockSums

    @property
    def gradient(self) -> Floats:
        """g_b, (n_blocks, n_coefs)."""
        return self.sums.xty - self.sums.xtx @ self.theta

    def maximum(self) -> float:
        """L at the maximum of all blocks: at theta, and what one more Newton step would add."""
        gradient, hessian = self.gradient.sum(axis=0), self.sums.xtx.sum(axis=0)
        return float(self.logl.sum() + 0.5 * gradient @ np.linalg.solve(hessian, gradient))

    def delete_values(self) -> tuple[Floats, Floats]:
        """theta_(b), (n_blocks, n_coefs), and L_(b), (n_blocks,)."""
        theta = delete_block_estimates(self.sums)
        step = theta - self.theta
        hessian = self.sums.xtx.sum(axis=0) - self.sums.xtx
        gain = 0.5 * np.einsum("bk,bkl,bl->b", step, hessian, step)
        return theta, self.logl.sum() - self.logl + gain

    def effective_parameters(self) -> float:
        """tr(H^-1 J) with J the covariance of the gradient, from its blocks: what AIC takes for the number of coefficients.

        Equal to it where 1 / Tagging makes SNPs independent; larger where LD beyond the weights, or heavier tails than
        chi2 has, let the likelihood count the same news several times (Takeuchi 1976; Varin and Vidoni 2005).
        """
        gradient, n_blocks = self.gradient, self.sums.n_blocks
        variability = gradient.T @ gradient * (n_blocks / (n_blocks - 1))
        return float(np.trace(np.linalg.solve(self.sums.xtx.sum(axis=0), variability)))


def sum_likelihood_blocks(
    design: ScaledDesign, chi2: Floats, weights: Floats, theta: Floats, edges: NDArray[np.int64]
) -> LikelihoodBlocks:
    """Parts of the likelihood of each block.

    Parameters
    ----------
    design
        Columns of X.
    chi2, weights : float64, (n_snps,)
        S_j, positive, and w_j.
    theta : float64, (n_coefs,)
        Near the maximum.
    edges : int64, (n_blocks + 1,)
        Of the blocks, among the rows of the design.
    """
    if design.n_categories == 1:
        return _one_category(design, chi2, weights, theta, edges)
    n_blocks, n_coefs = len(edges) - 1, design.shape[1]
    logl, xty, xtx = np.empty(n_blocks), np.empty((n_blocks, n_coefs)), np.empty((n_blocks, n_coefs, n_coefs))
    for block in range(n_blocks):
        rows = slice(edges[block], edges[block + 1])
        x, w = design[rows], weights[rows]
        expected = positive_expected(x @ theta)
        ratio = chi2[rows] / expected
        logl[block] = -0.5 * (w @ (ratio + np.log(expected)))
        xtx[block] = (x * (w * (ratio - 0.5) / expected**2)[:, None]).T @ x
        xty[block] = x.T @ (w * (ratio - 1) / (2 * expected)) + xtx[block] @ theta
    return LikelihoodBlocks(theta, logl, BlockSums(xtx, xty, np.zeros(n_blocks)))


def _one_category(
    design: ScaledDesign, chi2: Floats, weights: Floats, theta: Floats, edges: NDArray[np.int64]
) -> LikelihoodBlocks:
    """The same, compiled: nothing is stored."""
    grid = Grid(
        design.tagging,
        np.zeros(1, np.int64),
        design.scale,
        chi2,
        weights,
        edges,
        design.constant,
        design.scaled_constant,
    )
    there = grid.at(theta[None], np.zeros(1, np.int64))
    xtx = there.hessian[:, 0]
    sums = BlockSums(xtx, there.gradient[:, 0] + xtx @ theta, np.zeros(len(xtx)))
    return LikelihoodBlocks(np.asarray(theta), there.logl[:, 0], sums)
