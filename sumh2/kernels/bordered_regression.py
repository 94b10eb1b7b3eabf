"""Many regressions that differ in one column: the baseline's block sums are made once, each annotation is a border.

The baseline regresses y on p columns X with weights W.  An annotation x adds, in each block of the genome, its products
with the baseline ``u = XᵀWx`` (p numbers), with itself ``s = xᵀWx`` and with the response ``t = xᵀWy``.  Partialling
the baseline out (Frisch-Waugh) gives its coefficient, with block b left out of all sums,

    beta_b = (t - uᵀG⁻¹g) / (s - uᵀG⁻¹u),        G = XᵀWX,  g = XᵀWy,

so that B + 1 Cholesky factors of G, made once, serve every annotation: its coefficient and jackknife cost one triangular
solve a block, and all annotations of a batch share it.  What stays per annotation and SNP is the product ``XᵀWx``, a
matrix product over a batch.

The LD scores are read as they lie in memory: with regressors ``n_j l_jc`` the product is
``u_c = sum_j (w_j n_j²) l_jc a_j``, so that only vectors of length n_snps are made, never a copy of the baseline.

Everything is added up in double precision, also where annotations are stored in single: ``s - uᵀG⁻¹u`` loses as many
digits as the variance inflation of the annotation has, and single-precision sums (seven digits) would leave none for the
collinear annotations that a screen must recognise.  The product is a small part of a screen's time, reading the larger.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_triangular

from sumh2.kernels.block_sums import BlockSums, weighted_block_sums

Floats = NDArray[np.float64]

#: SNPs at a time: the piece of a batch that is being multiplied stays in the cache of a core.
_PIECE = 2048
#: A sum of squares that is smaller than this share of its parts is rounding.
ROUNDING = 1e-12
#: SNPs a block from which sums of squared residuals tell large effects from chance.
_FEWEST_TO_JUDGE = 100


@dataclass(frozen=True)
class RegressionColumns:
    """A regression of y on ``(scale_j l_jc)_c`` and, unless it is fixed, an intercept as the last column.

    Parameters
    ----------
    ld_scores : float64, (n_snps, n_categories)
        Rows whose weight is 0 do not count, but must be finite.
    scale : float64, (n_snps,)
        ``n_j / mean(n)``.
    response : float64, (n_snps,)
        y; less the intercept where that is fixed.
    weights : float64, (n_snps,)
    edges : int64, (n_blocks + 1,)
    has_intercept
    added : float64, (n_added, n_snps)
        Columns that joined after the first ones, not yet scaled.
    """

    ld_scores: Floats
    scale: Floats
    response: Floats
    weights: Floats
    edges: NDArray[np.int64]
    has_intercept: bool
    added: Floats

    @property
    def n_blocks(self) -> int:
        """Number of blocks."""
        return len(self.edges) - 1

    @property
    def n_columns(self) -> int:
        """Columns, the intercept left out."""
        return self.ld_scores.shape[1] + len(self.added)

    @property
    def n_coefs(self) -> int:
        """Columns, the intercept included."""
        return self.n_columns + self.has_intercept

    def with_column(self, values: NDArray[np.floating]) -> RegressionColumns:
        """With one more column, (n_snps,), which stands after the others and before the intercept."""
        counted = np.where(self.weights > 0, values, 0.0)
        return replace(self, added=np.vstack([self.added, counted[None]]))


def column_sums(columns: RegressionColumns, leading: NDArray[np.floating] | None = None) -> BlockSums:
    """Block sums of the regression, in the order leading, LD scores, added columns, intercept.

    Parameters
    ----------
    columns
    leading : float, (n_leading, n_snps), optional
        Further columns, not yet scaled, that stand before all others.
    """
    leading = np.empty((0, len(columns.scale))) if leading is None else leading
    return weighted_block_sums(_Design(columns, leading), columns.response, columns.weights, columns.edges)


def residual_blocks(columns: RegressionColumns, coefficients: Floats) -> float:
    """Blocks that effectively hold the residuals: ``(sum_b r_b)² / sum_b r_b²`` with ``r_b = sum_{j in b} w_j e_j²``.

    As many as there are blocks where each holds as much, one where one holds all.  Weights near
    one over the variance make residuals of all SNPs alike.  (Squares of ``w_j e_j``, of which standard errors are made,
    would hang on single SNPs of low LD.)  Independent chi2 with one degree of freedom already give ``B / (1 + 14 / k)``
    of B blocks with k SNPs each, because ``E(x - 1)⁴ = 15 (E(x - 1)²)²``; that much is taken out.  NaN with fewer than
    100 SNPs a block, whose chance hides everything.

    Parameters
    ----------
    columns
    coefficients : float64, (n_coefs,)
    """
    n_ld, n_columns = columns.ld_scores.shape[1], columns.n_columns
    fitted = columns.ld_scores @ coefficients[:n_ld] + coefficients[n_ld:n_columns] @ columns.added
    fitted *= columns.scale
    if columns.has_intercept:
        fitted += coefficients[-1]
    squares = columns.weights * (columns.response - fitted) ** 2
    held = np.add.reduceat(np.append(squares, 0.0), columns.edges[:-1])
    per_block = np.count_nonzero(columns.weights) / columns.n_blocks
    if per_block < _FEWEST_TO_JUDGE or not held.any():
        return float("nan")
    return min(float(held.sum() ** 2 / (held**2).sum()) * (1 + 14 / per_block), float(columns.n_blocks))


@dataclass(frozen=True)
class _Design:
    """Rows of X, made a block at a time."""

    columns: RegressionColumns
    leading: NDArray[np.floating]

    @property
    def shape(self) -> tuple[int, int]:
        return len(self.columns.scale), len(self.leading) + self.columns.n_coefs

    def __getitem__(self, rows: slice) -> Floats:
        columns, n_leading = self.columns, len(self.leading)
        scale = columns.scale[rows, None]
        design = np.empty((len(scale), self.shape[1]))
        n_ld, n_columns = n_leading + columns.ld_scores.shape[1], n_leading + columns.n_columns
        np.multiply(self.leading[:, rows].T, scale, out=design[:, :n_leading])
        np.multiply(columns.ld_scores[rows], scale, out=design[:, n_leading:n_ld])
        np.multiply(columns.added[:, rows].T, scale, out=design[:, n_ld:n_columns])
        design[:, n_columns:] = 1
        return design


# ---------------------------------------------------------------------------------------------------------------------
# Borders


@dataclass(frozen=True)
class Borders:
    """What each annotation of a batch adds to the block sums of the baseline.

    Parameters
    ----------
    cross : float64, (n_blocks, n_coefs, n_annotations)
        Products with the baseline's columns, the intercept included.
    square, response : float64, (n_blocks, n_annotations)
        Products with itself and with y.
    spread : float64, (n_annotations,)
        Weighted variance of the tagging over its weighted mean square: 1 where it is centred, 0 where it is constant.
    n_touched : int64, (n_annotations,)
        SNPs with a weight at which the tagging is not 0.
    """

    cross: Floats
    square: Floats
    response: Floats
    spread: Floats
    n_touched: NDArray[np.int64]

    def take(self, places: Sequence[int] | NDArray) -> Borders:
        """The borders of these annotations."""
        return Borders(
            self.cross[:, :, places], self.square[:, places], self.response[:, places], self.spread[places],
            self.n_touched[places],
        )  # fmt: skip


def border_sums(columns: RegressionColumns, values: NDArray[np.floating], n_threads: int = 1) -> Borders:
    """Borders of a batch of annotations.

    Parameters
    ----------
    columns
        The baseline.
    values : float32 or float64, (n_annotations, n_snps)
        Taggings, not yet scaled.  A missing one (NaN) makes all sums of its annotation NaN, and of no other; those of
        SNPs with a weight of 0 do not count.
    n_threads
        Blocks added up at the same time; matrix products should have one thread each.
    """
    n_blocks, n_annotations = columns.n_blocks, len(values)
    cross = np.zeros((n_blocks, columns.n_coefs, n_annotations))
    square, response = np.zeros((n_blocks, n_annotations)), np.zeros((n_blocks, n_annotations))
    mean = np.zeros((n_blocks, n_annotations))
    touched = np.zeros((n_blocks, n_annotations), dtype=np.int64)
    by_scale = columns.weights * columns.scale
    by_square = by_scale * columns.scale
    # What needs one number an annotation shares one narrow product.
    narrow = np.column_stack([by_scale, by_scale * columns.response, by_square])
    n_ld, n_columns = columns.ld_scores.shape[1], columns.n_columns

    def add_block(block: int) -> None:
        for first in range(columns.edges[block], columns.edges[block + 1], _PIECE):
            rows = slice(first, min(first + _PIECE, columns.edges[block + 1]))
            piece = values[:, rows].astype(np.float64)
            # A SNP that does not count may be missing: NaN times a weight of 0 is not 0.
            piece[:, by_square[rows] == 0] = 0
            touched[block] += np.count_nonzero(piece, axis=1)
            sums = piece @ narrow[rows]
            response[block] += sums[:, 1]
            mean[block] += sums[:, 2]
            if columns.has_intercept:
                cross[block, -1] += sums[:, 0]
            weighted = piece * by_square[rows]
            square[block] += np.einsum("ij,ij->i", weighted, piece)
            cross[block, :n_ld] += (weighted @ columns.ld_scores[rows]).T
            if n_columns > n_ld:
                cross[block, n_ld:n_columns] += columns.added[:, rows] @ weighted.T

    if n_threads > 1:
        with ThreadPoolExecutor(n_threads) as pool:
            list(pool.map(add_block, range(n_blocks)))
    else:
        for block in range(n_blocks):
            add_block(block)
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = 1 - mean.sum(axis=0) ** 2 / (by_square.sum() * square.sum(axis=0))
    return Borders(cross, square, response, spread, touched.sum(axis=0))


def join_border(sums: BlockSums, borders: Borders, place: int, has_intercept: bool) -> BlockSums:
    """Block sums of the baseline with one annotation as its last column before the intercept."""
    n_blocks, at = sums.n_blocks, sums.n_coefs - has_intercept
    cross = borders.cross[:, :, place]
    xtx = np.empty((n_blocks, sums.n_coefs + 1, sums.n_coefs + 1))
    others = np.delete(np.arange(sums.n_coefs + 1), at)
    xtx[:, others[:, None], others] = sums.xtx
    xtx[:, at, others] = cross
    xtx[:, others, at] = cross
    xtx[:, at, at] = borders.square[:, place]
    return BlockSums(xtx, np.insert(sums.xty, at, borders.response[:, place], axis=1), sums.yty)


# ---------------------------------------------------------------------------------------------------------------------
# Solving


@dataclass(frozen=True)
class BaselineFactors:
    """The baseline's normal equations with each block left out, and in the last place with none left out.

    Parameters
    ----------
    sums
    size : float64, (n_coefs,)
        Root of the diagonal of ``XᵀWX``; factors are of columns scaled to length one.
    lower : float64, (n_blocks + 1, n_coefs, n_coefs)
        Cholesky factors.
    response : float64, (n_blocks + 1, n_coefs)
        ``L⁻¹ XᵀWy``, scaled.
    """

    sums: BlockSums
    size: Floats
    lower: Floats
    response: Floats

    def functional(self, values: Floats) -> Floats:
        """``L⁻¹`` times a linear functional of the coefficients, (n_coefs,), for each row: (n_blocks + 1, n_coefs)."""
        return np.stack([solve_triangular(lower, values / self.size, lower=True) for lower in self.lower])


def factor_baseline(sums: BlockSums) -> BaselineFactors:
    """Factor the baseline.

    Raises
    ------
    numpy.linalg.LinAlgError
        Its columns are collinear.
    """
    total = sums.xtx.sum(axis=0)
    size = np.sqrt(np.diag(total))
    if not size.all():
        raise np.linalg.LinAlgError("a column is zero")
    left_out = np.concatenate([sums.xtx, np.zeros_like(total)[None]])
    lower = np.linalg.cholesky((total - left_out) / np.outer(size, size))
    xty = sums.xty.sum(axis=0)
    response = np.stack(
        [
            solve_triangular(factor, (xty - out) / size, lower=True)
            for factor, out in zip(lower, [*sums.xty, np.zeros_like(xty)], strict=True)
        ]
    )
    return BaselineFactors(sums, size, lower, response)


@dataclass(frozen=True)
class BorderedFits:
    """One regression an annotation, each with the whole baseline; NaN where it depends on the baseline.

    Parameters
    ----------
    estimate : float64, (n_annotations,)
        Coefficient of the annotation.
    delete_values : float64, (n_blocks, n_annotations)
        The same with each block left out.
    inflation : float64, (n_annotations,)
        Variance inflation factor ``1 / (1 - R²)`` of the annotation regressed on the baseline (Marquardt 1970); inf
        where nothing is left of it, NaN where it does not vary.
    effective_blocks : float64, (n_annotations,)
        Blocks that the coefficient effectively rests on, as :func:`sumh2.kernels.dependence.effective_blocks`.
    total : float64, (n_blocks + 1, n_annotations)
        Linear functional of all coefficients: each block left out, none in the last place.
    part : float64, (n_blocks + 1, n_annotations), optional
        The same for a functional of each annotation's own.
    """

    estimate: Floats
    delete_values: Floats
    inflation: Floats
    effective_blocks: Floats
    total: Floats
    part: Floats | None


def solve_borders(
    factors: BaselineFactors,
    borders: Borders,
    has_intercept: bool,
    totals: tuple[Floats, Floats],
    parts: tuple[Floats, Floats] | None = None,
) -> BorderedFits:
    """Coefficients of a batch of annotations, with their jackknife.

    Parameters
    ----------
    factors
    borders
    has_intercept
    totals : float64 (n_coefs,) and (n_annotations,)
        Weights of the baseline's coefficients and of the annotation's own in ``total``, e.g. M.
    parts : float64 (n_annotations, n_coefs) and (n_annotations,), optional
        The same for ``part``, e.g. the overlap of the annotation with each category and with itself.
    """
    n_blocks, n_annotations = borders.square.shape
    cross, square, response = borders.cross.sum(axis=0), borders.square.sum(axis=0), borders.response.sum(axis=0)
    coefficient = np.empty((n_blocks + 1, n_annotations))
    total = np.empty_like(coefficient)
    part = None if parts is None else np.empty_like(coefficient)
    by_total = factors.functional(totals[0])
    residual = np.zeros(n_annotations)
    with np.errstate(divide="ignore", invalid="ignore"):
        for place in range(n_blocks + 1):
            out = (borders.cross[place], borders.square[place], borders.response[place]) if place < n_blocks else None
            u, s, t = (cross, square, response) if out is None else (cross - out[0], square - out[1], response - out[2])
            lower, y = factors.lower[place], factors.response[place]
            v = solve_triangular(lower, u / factors.size[:, None], lower=True, check_finite=False)
            residual = s - np.einsum("ij,ij->j", v, v)
            # What rounding leaves of a dependent column is no estimate; nor is anything without the block that holds it.
            left = np.where(residual > ROUNDING * square, residual, np.nan)
            coefficient[place] = (t - y @ v) / left
            total[place] = by_total[place] @ y + coefficient[place] * (totals[1] - by_total[place] @ v)
            if parts is not None and part is not None:
                own = solve_triangular(lower, parts[0].T / factors.size[:, None], lower=True, check_finite=False)
                fixed = np.einsum("ij,ij->j", own, v)
                part[place] = y @ own + coefficient[place] * (parts[1] - fixed)
        spread = square - (cross[-1] ** 2 / factors.size[-1] ** 2 if has_intercept else 0)
        inflation = np.where(residual > ROUNDING * square, spread / residual, np.inf)
        inflation[~(spread > ROUNDING * square)] = np.nan
        effective = _effective_blocks(factors, borders, v)
    return BorderedFits(coefficient[-1], coefficient[:-1], inflation, effective, total, part)


def _effective_blocks(factors: BaselineFactors, borders: Borders, v: Floats) -> Floats:
    """``(sum_b r_b)² / sum_b r_b²`` with r_b the sum of squares, in block b, of what the baseline leaves of x."""
    # x - X h, with h = G⁻¹ u = D⁻¹ L⁻ᵀ v.
    h = solve_triangular(factors.lower[-1], v, lower=True, trans="T", check_finite=False) / factors.size[:, None]
    squares = np.empty_like(borders.square)
    for block, (xtx, u, s) in enumerate(zip(factors.sums.xtx, borders.cross, borders.square, strict=True)):
        squares[block] = s - np.einsum("ij,ij->j", 2 * u - xtx @ h, h)
    squares = np.maximum(squares, 0)
    return squares.sum(axis=0) ** 2 / (squares**2).sum(axis=0)
