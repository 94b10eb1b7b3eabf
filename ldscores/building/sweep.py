"""One sweep over the band of r² of a chromosome, for all columns of all models at once: threads and memory.

The chromosome is cut in pieces.  A thread takes a piece, pairs it with itself and then with the SNPs before it that its
windows reach, again piece by piece: memory holds two pieces a thread, whatever the length of chromosome and windows.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from ldscores.kernels.band import (
    BandGenotypes,
    BandPart,
    Threshold,
    add_band,
    bias_share,
    correct_bias,
    holds_exactly,
    standardised_band,
    whole_number_band,
)
from ldscores.kernels.covariates import residual_genotypes
from ldscores.kernels.genotypes import SnpSummary, standardise_dosages
from ldscores.kernels.gram import CHUNK, gram_is_cheaper, gram_sums, needed_snps
from ldscores.kernels.windows import sum_neighbours
from ldscores.panels.reference_panel import ReferencePanel
from ldscores.shared.errors import InputError

#: SNPs in a piece: many enough for products at full speed, few enough that threads share a small chromosome.
_PIECE = 4096
_SHORTEST_PIECE = 256
_WINDOWS_IN_A_PIECE = 4
_COLUMNS_AT_A_TIME = 8
DEFAULT_MEMORY = 2.0


@dataclass(frozen=True)
class SweepOptions:
    """How a sweep is done; what it finds does not depend on the number of threads.

    Parameters
    ----------
    n_threads : int
        Cores to use.
    memory_gb : float
        Bound on the genotypes held at a time, in units of 10^9 bytes.
    double : bool
        Double precision throughout.  Up to three columns over a panel without missing calls have all digits anyway,
        unless windows are so wide that Gram matrices are used; otherwise single precision agrees to some six digits.
    unbiased : bool
        Whether r² is corrected for the number of people.
    min_r2 : float
        Pairs with a smaller raw r² count as 0: LDAK's ``--min-cor``.
    """

    n_threads: int = 1
    memory_gb: float = DEFAULT_MEMORY
    double: bool = False
    unbiased: bool = True
    min_r2: float = 0.0


@dataclass(frozen=True)
class _Source:
    """Genotypes of a chromosome in the form that the band takes."""

    panel: ReferencePanel
    summary: SnpSummary
    basis: NDArray[np.float64] | None
    double: bool

    @property
    def whole_numbers(self) -> bool:
        complete = not self.summary.counts[:, 3].any()
        return complete and self.basis is None and holds_exactly(self.panel.n_individuals)

    def read(self, first: int, last: int) -> BandGenotypes:
        if self.whole_numbers:
            return whole_number_band(self.panel.dosages(first, last), SnpSummary(self.summary.counts[first:last]))
        return standardised_band(self.standardised(first, last))

    def standardised(self, first: int, last: int) -> NDArray[np.floating]:
        summary = SnpSummary(self.summary.counts[first:last])
        dtype = np.float64 if self.double else np.float32
        values = standardise_dosages(self.panel.dosages(first, last), summary, dtype=dtype)
        return values if self.basis is None else residual_genotypes(values, self.basis)


def sweep_taggings(
    panel: ReferencePanel,
    summary: SnpSummary,
    starts: NDArray[np.int64],
    columns: NDArray[np.float64],
    options: SweepOptions,
    basis: NDArray[np.float64] | None = None,
) -> NDArray[np.float64]:
    """Taggings of every SNP of one chromosome under every column, (n_snps, n_columns).

    Parameters
    ----------
    panel : ReferencePanel
        SNPs of one chromosome, all of which vary.
    summary : SnpSummary
        Of the same SNPs.
    starts : int64, (n_snps,)
        First SNP in the window of each, of :mod:`ldscores.kernels.windows`.
    columns : float64, (n_snps, n_columns)
        What a SNP contributes to each category.
    basis : float64, (n_individuals, n_covariates), optional
        Orthonormal columns to regress out of the genotypes.
    """
    source = _Source(panel, summary, basis, options.double)
    r2_sums = np.zeros(columns.shape)
    threshold = None
    if options.min_r2 > 0:
        threshold = Threshold(options.min_r2, bias_share(panel.n_individuals) if options.unbiased else 0.0)
    gram_length = _gram_length(panel.n_individuals, starts, columns, options)
    length = gram_length or _piece_length(panel.n_individuals, columns.shape[1], options, source)
    edges = [*range(0, len(panel), length), len(panel)]
    pieces = list(zip(edges[:-1], edges[1:], strict=True))

    def add_piece(piece: tuple[int, int]) -> list[tuple[int, NDArray[np.float64]]]:
        if gram_length:
            return [_gram_piece(source, piece, starts, columns)]
        return list(_piece_sums(source, piece, starts, columns, length, options.double, threshold))

    # Each thread has its own products: BLAS's own threads would wait for the passes between them.
    with threadpool_limits(limits=1, user_api="blas"), ThreadPoolExecutor(options.n_threads) as pool:
        # In the order of the pieces, so that rounding does not depend on which thread was first.
        for parts in _bounded_map(pool, add_piece, pieces, 2 * options.n_threads):
            for first, sums in parts:
                r2_sums[first : first + len(sums)] += sums
    # A few columns at a time: the sums of a large chromosome would else be held several times over.
    for first in range(0, columns.shape[1], _COLUMNS_AT_A_TIME):
        some = slice(first, first + _COLUMNS_AT_A_TIME)
        if threshold is not None or not options.unbiased:
            r2_sums[:, some] += columns[:, some]
            continue
        neighbour_sums = sum_neighbours(starts, columns[:, some])
        r2_sums[:, some] = correct_bias(r2_sums[:, some], neighbour_sums, columns[:, some], panel.n_individuals)
    return r2_sums


def _bounded_map(pool: ThreadPoolExecutor, function, items: list, ahead: int) -> Iterator:
    """Results in order, with at most `ahead` of them waiting."""
    waiting = []
    for item in items:
        waiting.append(pool.submit(function, item))
        if len(waiting) >= ahead:
            yield waiting.pop(0).result()
    for future in waiting:
        yield future.result()


def _piece_length(n_people: int, n_columns: int, options: SweepOptions, source: _Source) -> int:
    itemsize = 8 if options.double and not source.whole_numbers else 4
    # Two pieces a thread, each as dosages and as numbers, with their weights and sums; residuals need a copy.
    per_snp = 2 * (n_people * (1 + itemsize * (1 if source.basis is None else 3)) + 6 * 8 * n_columns)
    affordable = int(options.memory_gb * 1e9 / options.n_threads / per_snp)
    if affordable < _SHORTEST_PIECE:
        needed = _SHORTEST_PIECE * per_snp * options.n_threads / 1e9
        raise InputError(
            f"--memory {options.memory_gb:g}: {n_people} people, {n_columns} columns and {options.n_threads} threads "
            f"need at least {needed:.2g} GB; expected that much; give more, or fewer --threads"
        )
    return min(affordable // _SHORTEST_PIECE * _SHORTEST_PIECE, _PIECE)


def _gram_length(n_people: int, starts: NDArray[np.int64], columns: NDArray[np.float64], options: SweepOptions) -> int:
    """SNPs in a piece where Gram matrices are cheaper and fit in the memory; 0 where the band is to be used."""
    n_left = np.arange(len(starts)) - starts
    n_ones = int((columns == 1).all(axis=0).sum())
    exact = options.double or options.min_r2 > 0  # sums of r2 know nothing of single pairs
    if exact or not gram_is_cheaper(n_people, float(n_left.mean()), columns.shape[1], n_ones):
        return 0
    # A piece makes the matrices of its neighbours anew: long pieces waste little.
    window = 2 * int(n_left.max()) + 2 * CHUNK
    length = max(_PIECE, _WINDOWS_IN_A_PIECE * window) // CHUNK * CHUNK
    matrices = (window / CHUNK + 4) * 4 * n_people**2
    per_thread = matrices + (length + window) * (n_people * 5 + 16 * columns.shape[1])
    return length if per_thread * options.n_threads < options.memory_gb * 1e9 else 0


def _gram_piece(
    source: _Source, piece: tuple[int, int], starts: NDArray[np.int64], columns: NDArray[np.float64]
) -> tuple[int, NDArray[np.float64]]:
    """Sums of the SNPs of a piece, and of those before it at ragged edges, by first SNP."""
    chunks = range(piece[0] // CHUNK, -(-piece[1] // CHUNK))
    first, last = needed_snps(starts, chunks.start, chunks.stop)
    return first, gram_sums(source.standardised(first, last), first, chunks, starts, columns[first:last])


def _piece_sums(
    source: _Source,
    piece: tuple[int, int],
    starts: NDArray[np.int64],
    columns: NDArray[np.float64],
    length: int,
    double: bool,
    threshold: Threshold | None,
) -> Iterator[tuple[int, NDArray[np.float64]]]:
    """Sums that the pairs of a piece with itself and with the SNPs before it bring, by first SNP."""
    first, last = piece
    rows = BandPart.begin(first, source.read(first, last), columns[first:last])
    piece_starts = starts[first:last]
    add_band(rows, rows, piece_starts, double, threshold)
    reach = int(piece_starts[0])
    for right in range(first, reach, -length):
        left = max(right - length, reach)
        places = BandPart.begin(left, source.read(left, right), columns[left:right])
        # Rows whose windows do not reach these places have no pair there.
        within = int(np.searchsorted(piece_starts, right))
        part = _first_rows(rows, within)
        add_band(part, places, piece_starts[:within], double, threshold)
        yield left, places.scaled_sums()
    yield first, rows.scaled_sums()


def _first_rows(part: BandPart, n_rows: int) -> BandPart:
    genotypes = part.genotypes
    some = BandGenotypes(genotypes.values[:n_rows], genotypes.means[:n_rows], genotypes.scales[:n_rows])
    return BandPart(part.first, some, part.weights[:n_rows], part.sums[:n_rows])
