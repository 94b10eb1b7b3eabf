"""Sums of r² times columns over the band of neighbours: the one costly product behind every tagging.

Each pair of neighbours is met once and used for both of its SNPs.  The band is cut in tiles of (block of SNPs) x (part
of their left windows).  A tile of cross products is one matrix product; one pass over it, still in the cache, squares
it and keeps to the window; then its products with the columns of both sides are added up in double precision.

Without missing calls a cross product of dosages is a whole number, which single precision holds exactly (up to 2^24):

    r_ik = s_i s_k (d_ik - n m_i m_k),    d_ik = sum over people of (x - 1)_i (x - 1)_k

with m the mean of x - 1 and ``1 / s² = n var``.  Centring and scaling happen in double precision in the pass, so that
all digits come at the cost of a product in single precision.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ldscores.kernels.genotypes import SnpSummary
from ldscores.shared.compiled import compiled

#: Width of a tile.  With up to 256 SNPs in a block, a tile of single precision is half a megabyte: it stays in L2.
TILE_WIDTH = 512
LONGEST_BLOCK = 256

#: Up to so many columns, a pass for each (in double precision) costs no more than two matrix products.
FEW_COLUMNS = 3

#: Sums of whole numbers below this are exact in single precision.
_EXACT_IN_SINGLE = 1 << 24


@dataclass(frozen=True)
class BandGenotypes:
    """Genotypes ready for cross products.

    Parameters
    ----------
    values : float32 or float64, (n_snps, n_people)
        Either ``x - 1`` or standardised genotypes over root n.
    means, scales : float64, (n_snps,)
        ``r_ik = scales_i scales_k (values_i . values_k - n means_i means_k)``.
    """

    values: NDArray[np.floating]
    means: NDArray[np.float64]
    scales: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.values)


def holds_exactly(n_people: int) -> bool:
    """Whether cross products of whole numbers of so many people are exact in single precision."""
    return n_people < _EXACT_IN_SINGLE


def whole_number_band(dosages: NDArray[np.int8], summary: SnpSummary) -> BandGenotypes:
    """Dosages without missing calls as whole numbers, (n_snps, n_people); products of them are exact."""
    if summary.counts[:, 3].any():
        raise ValueError("whole numbers need dosages without missing calls")
    variance = summary.variance
    scales = np.divide(1.0, np.sqrt(dosages.shape[1] * variance), out=np.zeros(len(variance)), where=variance > 0)
    return BandGenotypes(np.subtract(dosages, 1, dtype=np.float32), np.nan_to_num(summary.mean) - 1, scales)


def standardised_band(values: NDArray[np.floating]) -> BandGenotypes:
    """Standardised genotypes (mean 0, mean square 1 or all zero), (n_snps, n_people), as the band takes them."""
    n_snps, n_people = values.shape
    return BandGenotypes(values, np.zeros(n_snps), np.full(n_snps, 1 / np.sqrt(n_people)))


@compiled(nogil=True, fastmath={"reassoc", "contract", "nsz"}, error_model="numpy")
def _add_up(products, lows, highs, row_means, column_means, row_weights, column_weights, row_sums, column_sums) -> None:
    """One column: centre, square and add up to both sides in one pass over the tile."""
    for row in range(products.shape[0]):
        mean, weight, total = row_means[row], row_weights[row], 0.0
        # Over slices that begin at 0: an index that might be negative keeps the compiler from vectors, at 5 to 20 times
        # the time.
        inside = slice(lows[row], highs[row])
        crossed, means = products[row, inside], column_means[inside]
        weights, sums = column_weights[inside], column_sums[inside]
        for place in range(len(crossed)):
            centred = np.float64(crossed[place]) - mean * means[place]
            square = centred * centred
            total += square * weights[place]
            sums[place] += square * weight
        row_sums[row] += total


@compiled(nogil=True, fastmath={"reassoc", "contract", "nsz"}, error_model="numpy")
def _square(products, lows, highs, row_means, column_means, squares) -> None:
    """Several columns: centred squares inside the window, zero outside."""
    for row in range(products.shape[0]):
        mean = row_means[row]
        low, high = lows[row], highs[row]
        squares[row, :low] = 0
        squares[row, max(high, low) :] = 0
        crossed, means, squared = products[row, low:high], column_means[low:high], squares[row, low:high]
        for place in range(len(crossed)):
            centred = np.float64(crossed[place]) - mean * means[place]
            squared[place] = centred * centred


@compiled(nogil=True, fastmath={"reassoc", "contract", "nsz"}, error_model="numpy")
def _square_above(
    products, lows, highs, row_means, column_means, row_scales, column_scales, least, share, squares
) -> None:
    """As :func:`_square`, of corrected r² in the unit of squares; 0 where r² itself is below `least`."""
    for row in range(products.shape[0]):
        mean, scale = row_means[row], row_scales[row]
        low, high = lows[row], highs[row]
        squares[row, :low] = 0
        squares[row, max(high, low) :] = 0
        crossed, means, squared = products[row, low:high], column_means[low:high], squares[row, low:high]
        scales = column_scales[low:high]
        for place in range(len(crossed)):
            centred = np.float64(crossed[place]) - mean * means[place]
            unit = scale * scales[place]
            r2 = (centred * unit) ** 2
            corrected = (r2 - share * (1 - r2)) / (unit * unit) if unit > 0 else 0.0
            squared[place] = corrected if r2 >= least else 0.0


@dataclass(frozen=True)
class Threshold:
    """Pairs with a raw r² below `least` count as 0; the others as ``r² - share (1 - r²)``."""

    least: float
    share: float


def block_length(mean_window: float) -> int:
    """SNPs in a block: longer blocks make better products, shorter ones waste less at the ragged edge of windows."""
    return 64 if mean_window < 200 else 128 if mean_window < 1000 else LONGEST_BLOCK


@dataclass(frozen=True)
class BandPart:
    """A run of consecutive SNPs on one side of the pairs, with the values they bring and the sums they gather.

    Parameters
    ----------
    first : int
        Place of the first SNP on the chromosome.
    genotypes : BandGenotypes
    weights : float64, (n_snps, n_columns)
        ``scales_k^2 a_kc``.
    sums : float64, (n_snps, n_columns)
        ``sum over neighbours k of r²_jk a_kc / scales_j^2``; added to.
    """

    first: int
    genotypes: BandGenotypes
    weights: NDArray[np.float64]
    sums: NDArray[np.float64]

    @classmethod
    def begin(cls, first: int, genotypes: BandGenotypes, columns: NDArray[np.float64]) -> BandPart:
        """A part whose sums are zero."""
        weights = np.ascontiguousarray(columns * (genotypes.scales**2)[:, None])
        # Passes add to one column at a time, matrix products to rows.
        order: Literal["C", "F"] = "F" if columns.shape[1] <= FEW_COLUMNS else "C"
        return cls(first, genotypes, weights, np.zeros(columns.shape, order=order))

    @property
    def last(self) -> int:
        """One past the last SNP's place."""
        return self.first + len(self.genotypes)

    def scaled_sums(self) -> NDArray[np.float64]:
        """Sum over the neighbours met so far of r²_jk a_kc, (n_snps, n_columns)."""
        return self.sums * (self.genotypes.scales**2)[:, None]


def add_band(
    rows: BandPart,
    places: BandPart,
    starts: NDArray[np.int64],
    double: bool = False,
    threshold: Threshold | None = None,
) -> None:
    """Add r²_ik a_k to SNP i of `rows` and r²_ik a_i to SNP k of `places` for the neighbours k < i among them.

    Parameters
    ----------
    rows, places : BandPart
        Two parts of one chromosome; the same object for the pairs within a part.
    starts : int64, (n_snps of rows,)
        Place of the first SNP in the window of each row, never falling.
    double : bool
        With more than :data:`FEW_COLUMNS` columns: products with them in double precision.
    threshold
        Add corrected r² instead, of the pairs that reach it.
    """
    few = rows.sums.shape[1] <= FEW_COLUMNS and threshold is None
    add_tile = _FewColumns(rows, places) if few else _ManyColumns(rows, places, double, threshold)
    n_left = np.arange(rows.first, rows.last) - starts
    length = block_length(float(n_left.mean()))
    for first in range(rows.first, rows.last, length):
        last = min(first + length, rows.last)
        block_starts = starts[first - rows.first : last - rows.first]
        reach = min(last - 1, places.last)
        for left in range(max(int(block_starts[0]), places.first), reach, TILE_WIDTH):
            right = min(left + TILE_WIDTH, reach)
            lows = np.clip(block_starts - left, 0, right - left)
            highs = np.clip(np.arange(first, last) - left, 0, right - left)
            add_tile(
                slice(first - rows.first, last - rows.first), slice(left - places.first, right - places.first),
                lows, highs,
            )  # fmt: skip


class _FewColumns:
    """Adds tiles up by one pass a column; everything behind the cross product is in double precision."""

    def __init__(self, rows: BandPart, places: BandPart) -> None:
        self.rows, self.places = rows.genotypes, places.genotypes
        self.row_means = rows.genotypes.means * rows.genotypes.values.shape[1]
        self.row_weights, self.place_weights = (np.ascontiguousarray(side.weights.T) for side in (rows, places))
        self.row_sums, self.place_sums = rows.sums.T, places.sums.T
        self.room = np.empty(LONGEST_BLOCK * TILE_WIDTH, dtype=rows.genotypes.values.dtype)

    def __call__(self, rows: slice, places: slice, lows: NDArray[np.int64], highs: NDArray[np.int64]) -> None:
        shape = (rows.stop - rows.start, places.stop - places.start)
        products = self.room[: shape[0] * shape[1]].reshape(shape)
        np.matmul(self.rows.values[rows], self.places.values[places].T, out=products)
        for column in range(len(self.row_weights)):
            _add_up(
                products, lows, highs, self.row_means[rows], self.places.means[places],
                self.row_weights[column, rows], self.place_weights[column, places],
                self.row_sums[column, rows], self.place_sums[column, places],
            )  # fmt: skip


class _ManyColumns:
    """Adds tiles up for several columns by two more matrix products."""

    def __init__(self, rows: BandPart, places: BandPart, double: bool, threshold: Threshold | None) -> None:
        self.threshold = threshold
        kind = np.float64 if double else np.float32
        self.rows, self.places = rows.genotypes, places.genotypes
        self.row_means = rows.genotypes.means * rows.genotypes.values.shape[1]
        self.row_weights, self.place_weights = rows.weights.astype(kind), places.weights.astype(kind)
        self.row_sums, self.place_sums = rows.sums, places.sums
        self.room = np.empty(LONGEST_BLOCK * TILE_WIDTH, dtype=rows.genotypes.values.dtype)
        self.squares_room = np.empty(len(self.room), dtype=kind)  # in place would keep the pass from vectors

    def __call__(self, rows: slice, places: slice, lows: NDArray[np.int64], highs: NDArray[np.int64]) -> None:
        shape = (rows.stop - rows.start, places.stop - places.start)
        products = self.room[: shape[0] * shape[1]].reshape(shape)
        squares = self.squares_room[: shape[0] * shape[1]].reshape(shape)
        np.matmul(self.rows.values[rows], self.places.values[places].T, out=products)
        means = self.row_means[rows], self.places.means[places]
        if self.threshold is None:
            _square(products, lows, highs, *means, squares)
        else:
            scales = self.rows.scales[rows], self.places.scales[places]
            _square_above(products, lows, highs, *means, *scales, self.threshold.least, self.threshold.share, squares)
        self.row_sums[rows] += squares @ self.place_weights[places]
        self.place_sums[places] += squares.T @ self.row_weights[rows]


def bias_share(n_people: int) -> float:
    """``1 / (n - 2)``; LDSC, which divides by n when n is at most 2, and LDAK agree."""
    return 1 / (n_people - 2 if n_people > 2 else n_people)


def correct_bias(
    r2_sums: NDArray[np.float64], neighbour_sums: NDArray[np.float64], columns: NDArray[np.float64], n_people: int
) -> NDArray[np.float64]:
    """Taggings under ``u_jk = r² - (1 - r²) / (n - 2)`` and u_jj = 1, from sums of r², (n_snps, n_columns).

    The correction is linear in r², so that it can follow the sums:
    ``a_j + (1 + 1/(n - 2)) sum r²_jk a_k - 1/(n - 2) sum a_k``, both sums over the neighbours without j itself.

    Parameters
    ----------
    r2_sums, neighbour_sums : float64, (n_snps, n_columns)
        Of :func:`add_band` and :func:`ldscores.kernels.windows.sum_neighbours`.
    columns : float64, (n_snps, n_columns)
        The values a_kc.
    n_people : int
    """
    share = bias_share(n_people)
    return columns + (1 + share) * r2_sums - share * neighbour_sums
