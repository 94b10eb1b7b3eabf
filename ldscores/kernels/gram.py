"""The same sums of r² by Gram matrices of people: cheaper than the band when windows hold many more SNPs than people.

``n² sum_k r²_jk a_k = z_j' (sum_k a_k z_k z_k') z_j`` with standardised genotypes z of n people: one matrix of people x
people stands for all SNPs of a window.  SNPs are cut in chunks; pairs of chunks that lie wholly within each other's
windows go through the matrices, the ragged edges through the band.  The cost of a SNP, three times people squared, does
not grow with the window.

Sums over a sliding window are made of additions only (a queue of two stacks keeps partial sums): subtracting what
leaves the window would let rounding pile up along the chromosome.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ldscores.kernels.band import BandGenotypes, BandPart, add_band

#: SNPs in a chunk: longer ones leave more to the ragged edges, shorter ones add matrices more often.
CHUNK = 128

#: Products of the band bring a pass over each tile; additions of matrices come with each chunk.
_BAND_OVERHEAD, _MATRIX_OVERHEAD = 1.15, 0.6


def gram_is_cheaper(n_people: int, mean_left: float, n_columns: int, n_ones: int) -> bool:
    """Whether Gram matrices take clearly fewer operations than the band.

    Parameters
    ----------
    mean_left : float
        Mean number of neighbours on one side.
    n_columns, n_ones : int
        Columns, and how many of them are all ones (their matrices are symmetric products, at half the price).
    """
    band = 2.0 * n_people * mean_left * _BAND_OVERHEAD
    matrices = n_people**2 * (n_columns * (2.0 + 2.0 + _MATRIX_OVERHEAD) - n_ones)
    edges = 2.0 * n_people * 1.5 * CHUNK * _BAND_OVERHEAD
    return matrices + edges < 0.8 * band


class SlidingSum:
    """Sum of the matrices in a queue, by additions only; each matrix is added three times in all."""

    def __init__(self, n_people: int) -> None:
        self._newer: list[NDArray[np.float32]] = []
        self._newer_sum = np.zeros((n_people, n_people), dtype=np.float32)
        self._older_sums: list[NDArray[np.float32]] = []  # the last one covers all older matrices

    def push(self, matrix: NDArray[np.float32]) -> None:
        """Append a matrix, which the queue keeps and may change."""
        self._newer_sum += matrix
        self._newer.append(matrix)

    def pop(self) -> None:
        """Leave the oldest matrix out."""
        if not self._older_sums:
            while self._newer:
                matrix = self._newer.pop()
                if self._older_sums:
                    matrix += self._older_sums[-1]
                self._older_sums.append(matrix)
            self._newer_sum[:] = 0
        self._older_sums.pop()

    def total(self) -> NDArray[np.float32]:
        """Sum of the matrices in the queue."""
        return self._newer_sum + self._older_sums[-1] if self._older_sums else self._newer_sum


def full_chunks(starts: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Edges of the chunks, and for each chunk the first and one past the last chunk wholly within its windows.

    Chunk Q lies within the windows of a later chunk B when the window of B's last SNP reaches Q's first SNP; the same
    pair counts for both.

    Parameters
    ----------
    starts : int64, (n_snps,)
        First SNP in the window of each, never falling.
    """
    n_snps = len(starts)
    edges = np.append(np.arange(0, n_snps, CHUNK), n_snps)
    starts_of_last = starts[edges[1:] - 1]
    lows = np.searchsorted(edges[:-1], starts_of_last)
    highs = np.searchsorted(starts_of_last, edges[:-1], side="right")
    return edges, lows, highs


def needed_snps(starts: NDArray[np.int64], first_chunk: int, last_chunk: int) -> tuple[int, int]:
    """First and one past the last SNP that chunks ``first_chunk`` to ``last_chunk - 1`` pair with."""
    edges, _, highs = full_chunks(starts)
    left = int(starts[edges[first_chunk]]) // CHUNK * CHUNK
    return left, int(edges[max(highs[last_chunk - 1], last_chunk)])


def gram_sums(
    values: NDArray[np.float32],
    first: int,
    chunks: range,
    starts: NDArray[np.int64],
    columns: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Sum of r²_jk a_kc over the neighbours k of each SNP j of some chunks, itself left out.

    Parameters
    ----------
    values : float32, (n_needed, n_people)
        Standardised genotypes (mean square 1) of the SNPs of :func:`needed_snps`.
    first : int
        Place of the first of them on the chromosome.
    chunks : range
    starts : int64, (n_snps,)
        Of the whole chromosome.
    columns : float64, (n_needed, n_columns)

    Returns
    -------
    float64, (n_needed, n_columns)
        SNPs before the chunks hold what pairs at ragged edges add to them.
    """
    edges, lows, highs = full_chunks(starts)
    sums = np.zeros(columns.shape, order="F")
    for column in range(columns.shape[1]):
        for chunk, total in _window_totals(values, first, chunks, (edges, lows, highs), columns[:, column]):
            rows = slice(edges[chunk] - first, edges[chunk + 1] - first)
            sums[rows, column] += np.einsum("ij,ij->i", values[rows] @ total, values[rows], dtype=np.float64)
            sums[rows, column] -= columns[rows, column] * float(values.shape[1]) ** 2
    for chunk in chunks:
        left = int(starts[edges[chunk]]) // CHUNK * CHUNK
        right = int(edges[min(lows[chunk], chunk + 1)])
        if left < right:
            part = _part(values, first, edges[chunk], edges[chunk + 1], columns, sums)
            add_band(part, _part(values, first, left, right, columns, sums), starts[edges[chunk] : edges[chunk + 1]])
    return sums / float(values.shape[1]) ** 2


def _part(values, first: int, begin: int, end: int, columns, sums) -> BandPart:
    rows = slice(int(begin) - first, int(end) - first)
    n_rows = rows.stop - rows.start
    genotypes = BandGenotypes(values[rows], np.zeros(n_rows), np.ones(n_rows))
    return BandPart(int(begin), genotypes, columns[rows], sums[rows])


def _window_totals(values, first: int, chunks: range, ranges, weights) -> Iterator[tuple[int, NDArray[np.float32]]]:
    """For each chunk with full neighbours, the sum of their Gram matrices."""
    edges, lows, highs = ranges
    queue = SlidingSum(values.shape[1])
    ones = bool((weights == 1).all())
    begin = end = int(min(lows[chunks.start], chunks.start))
    for chunk in chunks:
        if not lows[chunk] <= chunk < highs[chunk]:
            continue
        while end < highs[chunk]:
            rows = slice(edges[end] - first, edges[end + 1] - first)
            part = values[rows]
            # numpy makes a symmetric product, at half the price, of a matrix with its own transpose.
            queue.push(part.T @ part if ones else part.T @ (part * weights[rows, None].astype(np.float32)))
            end += 1
        while begin < lows[chunk]:
            queue.pop()
            begin += 1
        yield chunk, queue.total()
