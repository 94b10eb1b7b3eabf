"""How far the columns of a regression depend on each other, and how many blocks stand behind each of them.

All of it is read from sums over blocks (:class:`sumh2.kernels.block_sums.BlockSums`): the design itself is not needed.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def inverse_correlation(gram: Floats, has_intercept: bool = True) -> tuple[Floats, Floats]:
    """Inverse of the correlation of the columns, and its eigenvalues in rising order.

    Parameters
    ----------
    gram : float64, (n_coefs, n_coefs)
        ``XᵀWX``; the intercept, if there is one, is the last column.
    has_intercept
        Take the (weighted) mean off each column first; without, cosines stand in the place of correlations.

    Returns
    -------
    inverse : float64, (n_columns, n_columns)
        The intercept left out; infinite where the columns are dependent, or one of them is constant.
    values : float64, (n_columns,)
        Eigenvalues of the correlation matrix; 0 where rounding hides them.
    """
    moments = gram
    if has_intercept:
        last = gram[-1]
        moments = gram[:-1, :-1] - np.outer(last[:-1], last[:-1]) / last[-1]
    spread = np.diag(moments).copy()
    # What is left of a constant column once its mean is off is rounding.
    largest = np.diag(gram)[: len(spread)]
    spread[spread <= largest * len(gram) * np.finfo(np.float64).eps] = 0.0
    n_columns = len(spread)
    if not spread.all():
        return np.full((n_columns, n_columns), np.inf), np.zeros(n_columns)
    scale = np.sqrt(spread)
    values, vectors = np.linalg.eigh(moments / np.outer(scale, scale))
    values[values <= n_columns * np.finfo(np.float64).eps * values[-1]] = 0.0
    if values[0] == 0:
        return np.full((n_columns, n_columns), np.inf), values
    return (vectors / values) @ vectors.T, values


def effective_blocks(xtx: Floats, has_intercept: bool = True) -> Floats:
    """Blocks that each column's coefficient effectively rests on, (n_columns,), between 1 and n_blocks.

    A coefficient is decided by what the other columns leave of its own one, ``r = x - X_others g``.  With the sum of
    squares ``s_b`` of r in block b, the number is ``(sum_b s_b)² / sum_b s_b²``: all blocks where they are alike, one
    where a single block holds the annotation.  A jackknife over few effective blocks has few degrees of freedom.

    Parameters
    ----------
    xtx : float64, (n_blocks, n_coefs, n_coefs)
        Sums over blocks; the intercept, if there is one, is the last column.
    has_intercept
        Whether there is one; it has no number of its own.

    Raises
    ------
    numpy.linalg.LinAlgError
        The columns are dependent.
    """
    total = xtx.sum(axis=0)
    size = np.sqrt(np.diag(total))
    # Row c of the inverse, scaled to 1 at c, gives r as a combination of all columns.
    residual_of = np.linalg.inv(total / np.outer(size, size))
    residual_of = residual_of / np.diag(residual_of)[:, None] / size * size[:, None]
    if has_intercept:
        residual_of = residual_of[:-1]
    squares = np.empty((len(xtx), len(residual_of)))
    for block, sums in enumerate(xtx):
        squares[block] = np.einsum("ck,ck->c", residual_of @ sums, residual_of)
    return squares.sum(axis=0) ** 2 / (squares**2).sum(axis=0)
