"""How the errors of a symmetric matrix of estimates vary together, from its jackknife factor.

A matrix S of T traits has p = T (T + 1) / 2 cells; its jackknife factor has B rows F_b, each a symmetric T x T matrix of
errors, with ``V = sum_b vec(F_b) vec(F_b)'``.  V has rank B - 1 (199) while p is 45,150 for 300 traits: it has no
inverse, and its small eigenvalues are noise.  Something must be assumed, and theory says what.

**Structure.**  For products of jointly Gaussian effects (Isserlis 1918; normal theory of covariance structures, Browne
1974)

    cov(S_ab, S_cd) = C_ac C_bd + C_ad C_bc                                                                        (1)

with one T x T matrix C.  For LD Score regression each SNP obeys (1) with C_ab proportional to
``gcov_int_ab + sqrt(N_a N_b) gcov_ab l_j / M`` (Bulik-Sullivan et al. 2015b, Supplementary Note: the variance of
z_a z_b), so that one C, averaged over SNPs, is a good first description of sample sizes, overlap and pleiotropy at once.
Maximum likelihood of B rows under (1) solves

    C = sum_b F_b C^-1 F_b / (T + 1)                                                                               (2)

(the flip-flop of Dutilleul 1999 for a symmetric matrix).  It has B T vectors for T² / 2 parameters: well determined
where V is not.

**What structure does not say.**  Single large loci, pairs with other SNPs and other N make V differ from (1).  In the
coordinates ``L^-1 E L^-T``, ``C = L L'``, the structure is a multiple of the identity, ``2 I``, and the jackknife's own V
can be blended with it the way of Ledoit and Wolf (2004), who give the weight that minimises the expected squared error:

    V_shrunk = lambda mu I + (1 - lambda) G'G                                                                      (3)

with G (B, p) the factor in these coordinates, off-diagonal cells times sqrt(2) so that lengths are Frobenius norms.  With
errors that obey (1) lambda comes out near 1; where the blocks show more, it falls.  Everything is equivariant under
change of units, order of traits, and any other invertible linear map of the traits (L is unique up to a rotation, which
(3) does not see), so that the fit does not depend on how traits are scaled.

Sources: Browne 1974 (South African Statistical Journal 8:1); Dutilleul 1999 (J. Stat. Comput. Simul. 64:105); Ledoit and
Wolf 2004 (J. Multivariate Analysis 88:365, Lemma 3.2 to 3.4).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_triangular

Floats = NDArray[np.float64]

_ROUNDS = 60
#: Change of a cell of C, as a share, at which the iteration ends; C's own sampling error is about 1e-2.
_TOLERANCE = 1e-7
#: Shares of a step towards the next iterate that serve slopes from -1 to 0 best: one over the roots of the Chebyshev
#: polynomial of degree 4 on [1, 2].  Four rounds leave a 577th of an error; equal steps of 2/3 leave an 81st.
_STEPS = tuple(1 / (1.5 + 0.5 * np.cos(np.pi * (2 * k + 1) / 8)) for k in (3, 0, 2, 1))
#: Vectors (rows times traits) from which C is estimated, to a per cent; of a thousand traits 200 blocks would have three
#: times as many, at three times the cost.
_ENOUGH_VECTORS = 60_000
#: Rows of the factor that are unpacked at the same time take this much memory.
_CHUNK_BYTES = 2**27
_SQRT2 = np.sqrt(2.0)
#: Standard deviation of a trait's errors that others leave unexplained, as a share of all, below which it is their copy.
_SMALLEST_PART = 1e-5


@dataclass(frozen=True)
class HalfVectors:
    """Symmetric matrices (T, T) as vectors (p,) of the same Frobenius length: off-diagonal cells times sqrt(2)."""

    n_traits: int
    rows: NDArray[np.int64]
    columns: NDArray[np.int64]
    lengths: Floats

    @classmethod
    def of(cls, n_traits: int) -> HalfVectors:
        """For matrices of this many traits; cells along the rows of the upper triangle."""
        rows, columns = np.triu_indices(n_traits)
        return cls(n_traits, rows, columns, np.where(rows == columns, 1.0, _SQRT2))

    def pack(self, matrices: NDArray) -> Floats:
        """(..., T, T) to (..., p)."""
        return matrices[..., self.rows, self.columns] * self.lengths

    def unpack(self, vector: NDArray) -> Floats:
        """(p,) to (T, T)."""
        return self.matrix(vector / self.lengths)

    def matrix(self, cells: NDArray) -> Floats:
        """Plain cells (..., p) to symmetric matrices (..., T, T)."""
        matrices = np.empty((*cells.shape[:-1], self.n_traits, self.n_traits))
        matrices[..., self.rows, self.columns] = cells
        matrices[..., self.columns, self.rows] = cells
        return matrices


def _factor_matrices(factor: NDArray, half: HalfVectors) -> Iterator[tuple[slice, Floats]]:
    """Rows of a factor as symmetric matrices, a few at a time."""
    n_each = max(1, _CHUNK_BYTES // (8 * half.n_traits**2))
    for start in range(0, len(factor), n_each):
        rows = slice(start, start + n_each)
        yield rows, half.matrix(np.asarray(factor[rows], dtype=np.float64))


def _checked_root(scale: Floats) -> Floats:
    """Cholesky root; LinAlgError where traits are one trait but for rounding, which Cholesky alone may let pass."""
    units = np.sqrt(np.diag(scale))
    if not (np.isfinite(scale).all() and (units > 0).all()):
        raise np.linalg.LinAlgError("a trait has no error")
    root = np.asarray(np.linalg.cholesky(scale), dtype=np.float64)
    if (np.diag(root) / units).min() < _SMALLEST_PART:
        raise np.linalg.LinAlgError("the errors of one trait follow from those of others")
    return root


def _inverse_root(root: NDArray[np.floating]) -> Floats:
    return solve_triangular(root, np.eye(len(root)), lower=True, check_finite=False)


def structure_rows(n_blocks: int, n_traits: int) -> int:
    """Rows that tell C: all of the blocks, or of many traits as many as have `_ENOUGH_VECTORS` vectors."""
    return min(n_blocks, -(-_ENOUGH_VECTORS // n_traits))


def _fewer_rows(factor: NDArray, n_rows: int) -> NDArray:
    """A factor of fewer rows whose V has the same expectation: rows of a random rotation of all blocks.

    Any rotation of the rows leaves V as it is; some rows of it, scaled up, estimate it.  Unlike a choice of blocks this
    leaves out no locus.
    """
    n_blocks = len(factor)
    if n_rows == n_blocks:
        return factor
    rotation = np.linalg.qr(np.random.default_rng(1).standard_normal((n_blocks, n_rows)))[0].T
    return (np.sqrt(n_blocks / n_rows) * rotation).astype(factor.dtype) @ factor


def error_scale(factor: NDArray, n_traits: int) -> Floats:
    """The matrix C of equation (1) by maximum likelihood, (T, T), positive definite.

    Parameters
    ----------
    factor : float32 or float64, (B, p)
        Jackknife factor, cells along the rows of the upper triangle.
    n_traits
        T.

    Raises
    ------
    numpy.linalg.LinAlgError
        A cell on the diagonal has no error, or the rows do not span the traits.
    """
    half = HalfVectors.of(n_traits)
    on_diagonal = np.asarray(factor[:, half.rows == half.columns], dtype=np.float64)
    scale = np.diag(np.sqrt((on_diagonal**2).sum(axis=0) / 2))
    factor = _fewer_rows(factor, structure_rows(len(factor), n_traits))
    for number in range(_ROUNDS):
        inverse_root = _inverse_root(_checked_root(scale))
        solved = np.zeros_like(scale)
        for _rows, matrices in _factor_matrices(factor, half):
            whitened = np.matmul(inverse_root, matrices).reshape(-1, n_traits)
            solved += whitened.T @ whitened
        # (2) is of degree -1 in C and would jump back and forth in scale: the geometric mean of both scales is the root.
        # In other directions its slope lies between 0 (errors of full rank) and -1 (blocks that differ by a factor).
        updated = solved / (n_traits + 1)
        log_ratio = np.log(np.diag(_checked_root(updated))).mean() + np.log(np.diag(inverse_root)).mean()
        updated = scale + _STEPS[number % len(_STEPS)] * (np.exp(-log_ratio) * updated - scale)
        change = np.abs(updated - scale) / np.sqrt(np.outer(np.diag(scale), np.diag(scale)))
        scale = updated
        if change.max() < _TOLERANCE:
            break
    return scale


def shrinkage_weight(whitened: NDArray) -> tuple[float, float]:
    """Ledoit and Wolf's weight lambda and mean variance mu of equation (3).

        mu = tr(G'G) / p,   d² = ||G'G - mu I||²,   b² = sum_b ||B g_b g_b' - G'G||² / B²,   lambda = min(b² / d², 1)

    computed from the B x B matrix GG', never from p x p.

    Parameters
    ----------
    whitened : (B, p)
        G.
    """
    n_blocks, n_cells = whitened.shape
    gram = np.asarray(whitened @ whitened.T, dtype=np.float64)
    square = float((gram**2).sum())
    mean_variance = float(np.trace(gram)) / n_cells
    distance = square - n_cells * mean_variance**2
    error = float((np.diag(gram) ** 2).sum()) - square / n_blocks
    weight = min(error / distance, 1.0) if distance > 0 else 1.0
    return max(weight, _SMALLEST_WEIGHT), mean_variance


#: V stays invertible also where blocks say that the structure of (1) does not hold at all.
_SMALLEST_WEIGHT = 1e-3


@dataclass(frozen=True)
class ErrorMetric:
    """The sampling covariance V of equation (3), its inverse and its square root, without a p x p matrix.

    Parameters
    ----------
    root : float64, (T, T)
        L, lower triangular, ``C = L L'``.
    weight
        lambda.
    variance
        mu: variance of a cell in whitened coordinates under structure (1); 2 where (1) holds.
    directions : float32 or float64, (k, p)
        Orthonormal rows: where V differs from ``lambda mu I``.
    spectrum : float64, (k,)
        Variances along them, all of them at least ``lambda mu``.
    """

    root: NDArray[np.floating]
    weight: float
    variance: float
    directions: NDArray
    spectrum: NDArray[np.floating]

    @property
    def half(self) -> HalfVectors:
        """How matrices of this size are packed."""
        return HalfVectors.of(len(self.root))

    @property
    def floor(self) -> float:
        """Smallest variance, ``lambda mu``."""
        return self.weight * self.variance

    def whiten(self, matrix: Floats) -> Floats:
        """``L^-1 X L^-T``."""
        left = solve_triangular(self.root, matrix, lower=True, check_finite=False)
        whitened = solve_triangular(self.root, left.T, lower=True, check_finite=False)
        return (whitened + whitened.T) / 2

    def unwhiten(self, matrix: Floats) -> Floats:
        """``L X L'``, the inverse of :meth:`whiten`."""
        product = self.root @ matrix @ self.root.T
        return (product + product.T) / 2

    def apply(self, vector: Floats, on_floor: float, on_spectrum: Floats) -> Floats:
        """A function of V times a vector in whitened coordinates, (p,): its value at the floor and along `directions`."""
        if not len(self.spectrum):
            return on_floor * vector
        along = self.directions @ vector.astype(self.directions.dtype, copy=False)
        return on_floor * vector + ((on_spectrum - on_floor) * along) @ self.directions

    def solve(self, vector: Floats) -> Floats:
        """``V^-1 x`` in whitened coordinates, (p,)."""
        return self.apply(vector, 1 / self.floor, 1 / self.spectrum)

    def distance(self, matrix: Floats) -> float:
        """``x' V^-1 x`` of a symmetric matrix of differences (T, T) in the traits' own units."""
        vector = self.half.pack(self.whiten(matrix))
        return float(vector @ self.solve(vector))

    def cell_variances(self) -> Floats:
        """Variance of every cell under the shrunk V, (T, T), in the traits' own units."""
        scale = self.root @ self.root.T
        diagonal = np.diag(scale)
        structured = (np.outer(diagonal, diagonal) + scale**2) / 2
        variances = self.floor * structured
        half = self.half
        for value, direction in zip(self.spectrum - self.floor, self.directions, strict=True):
            variances += value * self.unwhiten(half.unpack(direction.astype(np.float64))) ** 2
        return variances

    def dense(self) -> Floats:
        """V of the plain cells as a matrix, (p, p): positive definite, unlike the jackknife's own; for few traits."""
        half, scale = self.half, self.root @ self.root.T
        rows, columns = half.rows, half.columns
        products = scale[np.ix_(rows, rows)] * scale[np.ix_(columns, columns)]
        products += scale[np.ix_(rows, columns)] * scale[np.ix_(columns, rows)]
        products *= self.floor / 2
        for value, direction in zip(self.spectrum - self.floor, self.directions, strict=True):
            cells = self.unwhiten(half.unpack(direction.astype(np.float64)))[rows, columns]
            products += value * np.outer(cells, cells)
        return products


def error_metric(factor: NDArray, n_traits: int, weight: float | None = None) -> ErrorMetric:
    """The metric of a jackknife factor.

    Parameters
    ----------
    factor : float32 or float64, (B, p)
        Cells along the rows of the upper triangle; finite.
    n_traits
        T.
    weight
        lambda; 1 takes structure (1) alone.  By default Ledoit and Wolf's.

    Raises
    ------
    numpy.linalg.LinAlgError
        As :func:`error_scale`.
    ValueError
        `weight` is not in (0, 1].
    """
    if weight is not None and not 0 < weight <= 1:
        raise ValueError(f"weight is {weight}, expected a number above 0, at most 1")
    half = HalfVectors.of(n_traits)
    scale = error_scale(factor, n_traits)
    root = np.linalg.cholesky(scale)
    dtype = np.float32 if factor.dtype == np.float32 else np.float64
    whitened = np.empty(factor.shape, dtype=dtype)
    inverse_root = _inverse_root(root)
    for rows, matrices in _factor_matrices(factor, half):
        whitened[rows] = half.pack(inverse_root @ matrices @ inverse_root.T)
    found, variance = shrinkage_weight(whitened)
    weight = found if weight is None else weight
    if weight == 1:
        return ErrorMetric(root, 1.0, variance, np.empty((0, factor.shape[1]), dtype), np.empty(0))
    values, vectors = np.linalg.eigh(np.asarray(whitened @ whitened.T, dtype=np.float64))
    kept = values > values[-1] * 1e-10
    values = values[kept]
    directions = (vectors[:, kept] / np.sqrt(values)).T.astype(dtype) @ whitened
    return ErrorMetric(root, weight, variance, directions, weight * variance + (1 - weight) * values)


def error_skewness(factor: NDArray, root: NDArray[np.floating]) -> float:
    """How much the error of an estimate and its estimated variance go together: kappa of a Wishart matrix.

    The mean of n products of Gaussian draws, in units of its error, is ``Y = sqrt(n) (W - I)`` in whitened coordinates, and
    its estimated C is proportional to W: where the estimate is low by chance, so is C, which exaggerates how far it lies
    below zero.  Along an eigenvector ``C`` is too small by the factor ``1 + kappa y``, ``kappa = 1 / sqrt(n)``.  Third
    moments of the blocks tell kappa: for a Wishart matrix ``E tr (W - I)³ = T (T² + 3 T + 4) / n²``, so that

        kappa = sum_b tr(E_b³) / [T (T² + 3 T + 4)],   E_b = -L^-1 F_b L^-T

    (the factor has the sign of delete values, opposite to that of a block's own error).
    """
    n_traits = len(root)
    half, inverse_root = HalfVectors.of(n_traits), _inverse_root(root)
    total = 0.0
    for _rows, matrices in _factor_matrices(factor, half):
        whitened = inverse_root @ matrices @ inverse_root.T
        total -= float(np.einsum("bij,bji->", whitened @ whitened, whitened))
    return total / (n_traits * (n_traits**2 + 3 * n_traits + 4))


def draw_from_factor(factor: NDArray, root: NDArray[np.floating], generator: np.random.Generator) -> Floats:
    """Errors of exactly the jackknife's covariance, in whitened coordinates, (T, T)."""
    half = HalfVectors.of(len(root))
    cells = generator.standard_normal(len(factor)).astype(factor.dtype, copy=False) @ factor
    inverse_root = _inverse_root(root)
    return inverse_root @ half.matrix(cells.astype(np.float64)) @ inverse_root.T
