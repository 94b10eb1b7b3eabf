"""Which SNPs are neighbours: the first one of each SNP's window, from which all else follows.

A window is closed, ``|d| <= width``.  The pairs of a chromosome are those of each SNP i with the earlier SNPs
``starts[i]`` to ``i - 1``; because ``starts`` never falls, the SNPs whose window holds k to their left are consecutive.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ldscores.shared.compiled import compiled


@compiled(nogil=True)
def _scan(positions, width, starts) -> None:
    first = 0
    for snp in range(len(positions)):
        while abs(positions[first] - positions[snp]) > width:
            first += 1
        starts[snp] = first


def window_starts(positions: NDArray[np.float64], width: float) -> NDArray[np.int64]:
    """First SNP in the window of each SNP, (n_snps,).

    Parameters
    ----------
    positions : float64, (n_snps,)
        In the unit of `width`, ascending.  The scan only goes upward, as LDSC's: with several chromosomes one after
        another it starts anew where positions jump by more than the width.
    width : float
        Largest distance of neighbours.
    """
    positions = np.ascontiguousarray(positions, dtype=np.float64)
    starts = np.empty(len(positions), dtype=np.int64)
    _scan(positions, float(width), starts)
    return starts


def round_to_chunks(starts: NDArray[np.int64], chunk: int = 50) -> NDArray[np.int64]:
    """LDSC's windows: those of :func:`window_starts` enlarged to whole chunks of SNPs.

    The first ``b0`` SNPs pair with each other, b0 being the first SNP whose window does not reach SNP 0, rounded up to
    a multiple of `chunk` (all SNPs when there is none).  After it, every chunk of SNPs that begins at s pairs with
    itself and with the ``ceil((s - starts[s]) / chunk) * chunk`` SNPs before it.  ``chunk=1`` leaves windows exact.
    """
    n_snps = len(starts)
    beyond = np.flatnonzero(starts > 0)
    first_square = n_snps if len(beyond) == 0 else min(-(-int(beyond[0]) // chunk) * chunk, n_snps)
    heads = (np.arange(n_snps) // chunk) * chunk  # first_square is a multiple of chunk, so chunks begin at multiples
    rounded = heads - -(-(heads - starts[heads]) // chunk) * chunk
    rounded[:first_square] = 0
    return rounded


def window_ends(starts: NDArray[np.int64]) -> NDArray[np.int64]:
    """One past the last SNP that has each SNP in its window, (n_snps,)."""
    return np.searchsorted(starts, np.arange(len(starts)), side="right")


def count_neighbours(starts: NDArray[np.int64]) -> NDArray[np.int64]:
    """SNPs in the window of each SNP, itself included, (n_snps,): LDAK's Neighbours."""
    return window_ends(starts) - starts


def sum_neighbours(starts: NDArray[np.int64], columns: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sum of each column over the SNPs in the window without the SNP itself, (n_snps, n_columns)."""
    running = np.zeros((len(columns) + 1, columns.shape[1]))
    np.cumsum(columns, axis=0, out=running[1:])
    return running[window_ends(starts)] - running[starts] - columns
