"""All pairs of many traits by matrix products: LD Score regression with weights that separate.

The weight of a product of z scores (:mod:`sumh2.kernels.weights`) is ``1 / ((a_s a_t + c_st²) w')`` with

    a_sj = intercept_s + h2_s n_sj l'_j / M.

Without ``c_st²``, the square of the expected product, it separates: ``u_sj u_tj`` with ``u_sj = 1 / (a_sj sqrt(w'_j))``,
and so does the regressor, ``x_j = r_sj r_tj l_j / M`` with ``r = sqrt(n)``.  Every sum that the regression of
``z_s z_t`` on ``(x, 1)`` needs is then one matrix product over the SNPs of a block, for all pairs at once:

    ========  ======================  =====================
    sum       left, a row a trait     right, a row a trait
    ========  ======================  =====================
    w         u                       u
    w x       u r l / M               u r
    w x²      u r² l / M              u r² l / M
    w y       u z                     u z
    w x y     u r z l / M             u r z
    ========  ======================  =====================

A SNP that a trait lacks has ``u = 0``: every pair uses exactly its own intersection.  Dropping ``c²`` changes the
efficiency of an estimate, not what it estimates: any weights that depend on the SNP alone give the same expectation.
On the diagonal, where s = t, ``c = a`` and the full weight is ``1 / (2 a² w')``: the same weights but for a factor that
cancels, so that heritabilities have LDSC's weights exactly.

A SNP may be a transversion in one study and a transition in another.  Within a block, the traits of the less usual kind
move to a column of their own there, so that they meet each other and no one else.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from queue import SimpleQueue

import numpy as np
from numpy.typing import NDArray

from ldscores.shared.compiled import compiled

Floats = NDArray[np.float64]

#: w, wx, wxx, wy, wxy.
N_SUMS = 5
#: Bounds memory where blocks are long; a block of a million SNPs in 200 blocks is one step.
SNPS_AT_A_TIME = 8192
#: The kinds of :mod:`ldscores.shared.alleles`, bits of a byte.
TRANSVERSION, TRANSITION = 1, 2


@dataclass(frozen=True, eq=False)
class TraitPanel:
    """Traits whose pairs are wanted; a list item a trait, possibly memory-mapped.

    Parameters
    ----------
    z : list of float32 or float64, (n_snps,)
        On the common orientation of alleles; NaN where the trait lacks the SNP.
    n : list of float32 or float64, (n_snps,) or (1,)
        Sample size of each SNP, or of all.
    kinds : list of int8, (n_snps,)
        Kind of the alleles (1 or 2); 0 keeps the SNP out of every pair.
    h2, intercept : float64, (n_traits,)
        What the weights are made of; h2 clipped to [0, 1].
    chisq_max
        A trait lacks the SNPs with a chi2 at or above it.
    """

    z: Sequence[NDArray]
    n: Sequence[NDArray]
    kinds: Sequence[NDArray[np.int8]]
    h2: Floats
    intercept: Floats
    chisq_max: float = np.inf

    def __len__(self) -> int:
        return len(self.z)

    def block(self, rows: slice, dtype: np.dtype) -> tuple[NDArray, NDArray, NDArray[np.int8]]:
        """z, n and kinds of some SNPs, (n_traits, n_rows); n is (n_traits, 1) where every trait has one number."""
        z, kinds = np.stack([one[rows] for one in self.z]), np.stack([one[rows] for one in self.kinds])
        if all(len(one) == 1 for one in self.n):
            n = np.stack(self.n)
        else:
            n = np.empty(z.shape, dtype=dtype)
            for place, one in enumerate(self.n):
                n[place] = one[rows] if len(one) > 1 else one[0]
        return z.astype(dtype, copy=False), n.astype(dtype, copy=False), kinds


def pair_block_sums(
    first: TraitPanel,
    second: TraitPanel,
    ld_score: Floats,
    regression_ld: Floats,
    edges: NDArray[np.int64],
    m: float,
    dtype: np.dtype | type = np.float32,
    n_threads: int = 1,
) -> NDArray:
    """Block sums of every trait of one panel with every trait of another.

    Parameters
    ----------
    first, second
        The panels; the same object for the pairs within one.
    ld_score, regression_ld : float64, (n_snps,)
        l of the regressor and w; inside the weights 1 at least is used of each.
    edges : int64, (n_blocks + 1,)
    m
        Number of reference SNPs.
    dtype
        Of the products.  In float32 a sum over one block carries a relative error of some 1e-7 times the root of its
        SNPs at worst; blocks are then added in float64.
    n_threads
        Blocks at the same time.  The caller limits BLAS to one thread.

    Returns
    -------
    dtype, (5, n_blocks, n_first, n_second)
        w, wx, wxx, wy, wxy with x = sqrt(n_s n_t) l / M.
    """
    dtype = np.dtype(dtype)
    n_blocks = len(edges) - 1
    sums = np.empty((N_SUMS, n_blocks, len(first), len(second)), dtype=dtype)
    # Memory that is used again costs no page faults: each thread takes a pair of these and gives it back.
    size = N_SUMS * min(int(np.diff(edges).max(initial=0)), SNPS_AT_A_TIME)
    spaces: SimpleQueue[tuple[NDArray, NDArray]] = SimpleQueue()
    for _ in range(n_threads):
        spaces.put((np.empty(size * len(first), dtype), np.empty(size * len(second), dtype)))

    def add(rows: slice, block: int, space: tuple[NDArray, NDArray]) -> None:
        ld, weighted_ld = ld_score[rows], regression_ld[rows]
        one = first.block(rows, dtype)
        other = one if second is first else second.block(rows, dtype)
        mixed = _mixed_snps(one[2], other[2])
        left = _factors(first, one, ld, weighted_ld, m, mixed, True, space[0])
        right = _factors(second, other, ld, weighted_ld, m, mixed, False, space[1])
        sums[:, block] += np.matmul(left, right.swapaxes(1, 2))

    def fill(block: int) -> None:
        space = spaces.get()
        sums[:, block] = 0
        for start in range(int(edges[block]), int(edges[block + 1]), SNPS_AT_A_TIME):
            add(slice(start, min(start + SNPS_AT_A_TIME, int(edges[block + 1]))), block, space)
        spaces.put(space)

    with ThreadPoolExecutor(n_threads) as pool:
        list(pool.map(fill, range(n_blocks)))
    return sums


def _mixed_snps(kinds: NDArray[np.int8], other_kinds: NDArray[np.int8]) -> NDArray[np.int64]:
    """SNPs that are a transversion in one trait and a transition in another."""
    # 1 | 2 = 3: the kinds are bits.
    seen = np.bitwise_or.reduce(kinds, axis=0)
    if other_kinds is not kinds:
        seen |= np.bitwise_or.reduce(other_kinds, axis=0)
    return np.flatnonzero(seen == (TRANSVERSION | TRANSITION))


def _factors(
    panel: TraitPanel,
    arrays: tuple[NDArray, NDArray, NDArray[np.int8]],
    ld: Floats,
    regression_ld: Floats,
    m: float,
    mixed: NDArray[np.int64],
    is_left: bool,
    space: NDArray,
) -> NDArray:
    """The five matrices of one side of a block, (5, n_traits, n_rows + n_mixed), in `space` where it is enough."""
    z, n, kinds = arrays
    dtype = z.dtype
    n_traits, n_rows = z.shape
    shape = (N_SUMS, n_traits, n_rows + len(mixed))
    size = int(np.prod(shape))
    factors = space[:size].reshape(shape) if size <= len(space) else np.empty(shape, dtype=dtype)
    per_snp = (
        (ld / m).astype(dtype),
        (np.maximum(ld, 1) / m).astype(dtype),
        (1 / np.sqrt(np.maximum(regression_ld, 1))).astype(dtype),
    )
    _fill_factors(
        z, n, kinds, panel.h2.astype(dtype), panel.intercept.astype(dtype), *per_snp, panel.chisq_max, is_left, factors
    )
    if len(mixed):
        _move_second_kind(factors, kinds, mixed)
    return factors


@compiled(nogil=True, error_model="numpy", fastmath={"reassoc", "contract", "nsz", "arcp"})
def _fill_factors(z, n, kinds, h2, intercept, ld_per_m, weight_ld_per_m, root_weight, chisq_max, is_left, factors):
    n_traits, n_rows = z.shape
    one_n = n.shape[1] == 1
    zero = z.dtype.type(0)
    for t in range(n_traits):
        z_, kinds_, n_ = z[t], kinds[t], n[t]
        f0, f1, f2 = factors[0, t, :n_rows], factors[1, t, :n_rows], factors[2, t, :n_rows]
        f3, f4 = factors[3, t, :n_rows], factors[4, t, :n_rows]
        slope, a = h2[t], intercept[t]
        for j in range(n_rows):
            nj = n_[0] if one_n else n_[j]
            there = kinds_[j] != 0 and z_[j] * z_[j] < chisq_max
            u = root_weight[j] / (a + slope * nj * weight_ld_per_m[j])
            # n is unknown where a trait lacks the SNP.
            u = u if there else zero
            nj = nj if there else zero
            uz = u * z_[j] if there else zero
            r = np.sqrt(nj)
            l = ld_per_m[j]  # noqa: E741
            f0[j] = u
            f1[j] = u * r * l if is_left else u * r
            f2[j] = u * nj * l
            f3[j] = uz
            f4[j] = uz * r * l if is_left else uz * r


@compiled(nogil=True)
def _move_second_kind(factors, kinds, mixed):
    n_rows = kinds.shape[1]
    for number in range(factors.shape[0]):
        for trait in range(factors.shape[1]):
            for place in range(len(mixed)):
                j = mixed[place]
                if kinds[trait, j] == 2:
                    factors[number, trait, n_rows + place] = factors[number, trait, j]
                    factors[number, trait, j] = 0
                else:
                    factors[number, trait, n_rows + place] = 0


# ---------------------------------------------------------------------------------------------------------------------
# From sums to estimates


@dataclass(frozen=True, eq=False)
class PairEstimates:
    """Covariances of pairs, with their delete values; arrays (n_first, n_second), delete values with blocks first.

    Parameters
    ----------
    gcov, gcov_se, gcov_int, gcov_int_se : float64
        NaN where a pair cannot be fitted; the SE of a fixed intercept is NaN.
    gcov_delete : float64, (n_blocks, n_first, n_second)
    """

    gcov: Floats
    gcov_se: Floats
    gcov_int: Floats
    gcov_int_se: Floats
    gcov_delete: Floats


def solve_pairs(sums: NDArray, fixed_intercept: float | None = None) -> PairEstimates:
    """Weighted least squares and block jackknife of every pair.

    Parameters
    ----------
    sums
        From :func:`pair_block_sums`.
    fixed_intercept
        Hold the intercepts at this value.
    """
    _, n_blocks, n_first, n_second = sums.shape
    estimates = np.empty((4, n_first, n_second))
    delete = np.empty((n_blocks, n_first, n_second))
    _solve(sums, np.nan if fixed_intercept is None else float(fixed_intercept), estimates, delete)
    gcov, gcov_se, gcov_int, gcov_int_se = estimates
    return PairEstimates(gcov, gcov_se, gcov_int, gcov_int_se, delete)


@compiled(nogil=True, error_model="numpy")
def _line(w, wx, wxx, wy, wxy, fixed):
    """Slope and intercept of a weighted line; NaN where the system is singular to working precision."""
    if not np.isnan(fixed):
        return ((wxy - fixed * wx) / wxx, fixed) if wxx > 0.0 else (np.nan, np.nan)
    determinant = w * wxx - wx * wx
    if not determinant > 1e-9 * w * wxx:
        return np.nan, np.nan
    return (w * wxy - wx * wy) / determinant, (wxx * wy - wx * wxy) / determinant


@compiled(nogil=True, error_model="numpy")
def _solve(sums, fixed, estimates, delete):
    n_blocks, n_first, n_second = delete.shape
    total = np.empty((5, n_second))
    intercepts = np.empty((n_blocks, n_second))
    for i in range(n_first):
        total[:] = 0
        for number in range(5):
            for b in range(n_blocks):
                for j in range(n_second):
                    total[number, j] += sums[number, b, i, j]
        for b in range(n_blocks):
            for j in range(n_second):
                delete[b, i, j], intercepts[b, j] = _line(
                    total[0, j] - sums[0, b, i, j],
                    total[1, j] - sums[1, b, i, j],
                    total[2, j] - sums[2, b, i, j],
                    total[3, j] - sums[3, b, i, j],
                    total[4, j] - sums[4, b, i, j],
                    fixed,
                )
        for j in range(n_second):
            slope, intercept = _line(total[0, j], total[1, j], total[2, j], total[3, j], total[4, j], fixed)
            estimates[0, i, j] = slope
            estimates[1, i, j] = _jackknife_se(delete[:, i, j])
            estimates[2, i, j] = intercept
            estimates[3, i, j] = _jackknife_se(intercepts[:, j]) if np.isnan(fixed) else np.nan


@compiled(nogil=True, error_model="numpy")
def _jackknife_se(delete):
    """The block jackknife's SE: sqrt((B - 1) / B) times the root of the summed squared deviations."""
    n_blocks = len(delete)
    mean = 0.0
    for b in range(n_blocks):
        mean += delete[b]
    mean /= n_blocks
    squares = 0.0
    for b in range(n_blocks):
        squares += (delete[b] - mean) ** 2
    return np.sqrt((n_blocks - 1) / n_blocks * squares)


def correlate_pairs(
    pairs: PairEstimates, h2_first: Floats, delete_first: Floats, h2_second: Floats, delete_second: Floats
) -> tuple[Floats, Floats, NDArray[np.int64]]:
    """Genetic correlations with their errors, and how often a delete heritability is not positive.

    ``rg = gcov / sqrt(h2_s h2_t)``; its SE is the ratio jackknife's, or, where an h2 is not positive in some jackknife
    samples, to first order from the joint jackknife covariance of (h2_s, h2_t, gcov), as in :func:`sumh2.fit_rg`.

    Parameters
    ----------
    pairs
        (n_first, n_second) pairs over the same blocks as the heritabilities.
    h2_first, h2_second : float64, (n_first,) and (n_second,)
    delete_first, delete_second : float64, (n_blocks, n_first) and (n_blocks, n_second)

    Returns
    -------
    rg, rg_se, n_bad : (n_first, n_second)
    """
    shape = pairs.gcov.shape
    rg, rg_se, n_bad = np.full(shape, np.nan), np.full(shape, np.nan), np.zeros(shape, dtype=np.int64)
    _correlate(
        pairs.gcov, pairs.gcov_delete, h2_first, np.ascontiguousarray(delete_first.T), h2_second,
        np.ascontiguousarray(delete_second.T), rg, rg_se, n_bad,
    )  # fmt: skip
    return rg, rg_se, n_bad


@compiled(nogil=True, error_model="numpy")
def _correlate(gcov, gcov_delete, h2_first, delete_first, h2_second, delete_second, rg, rg_se, n_bad):
    n_blocks, n_first, n_second = gcov_delete.shape
    values = np.empty(n_blocks)
    for i in range(n_first):
        for j in range(n_second):
            h1, h2, g = h2_first[i], h2_second[j], gcov[i, j]
            if not (h1 > 0 and h2 > 0) or np.isnan(g):
                continue
            scale = np.sqrt(h1 * h2)
            rg[i, j] = g / scale
            bad = 0
            for b in range(n_blocks):
                bad += not (delete_first[i, b] > 0 and delete_second[j, b] > 0)
            for b in range(n_blocks):
                d1, d2, d = delete_first[i, b], delete_second[j, b], gcov_delete[b, i, j]
                if bad == 0:
                    values[b] = d / np.sqrt(d1 * d2)
                else:  # the gradient of g / sqrt(h1 h2)
                    values[b] = (d - g * d1 / (2 * h1) - g * d2 / (2 * h2)) / scale
            rg_se[i, j] = _jackknife_se(values)
            n_bad[i, j] = bad


# ---------------------------------------------------------------------------------------------------------------------
# How many SNPs a pair has


def pack_presence(z: NDArray, kinds: NDArray[np.int8]) -> NDArray[np.uint64]:
    """Which SNPs a trait has, and of which kind, as bits: rows present, kind 1, kind 2, (3, n_words)."""
    masks = np.stack([~np.isnan(z), kinds == 1, kinds == 2])
    packed = np.packbits(masks, axis=1)
    padded = np.zeros((3, -(-packed.shape[1] // 8) * 8), dtype=np.uint8)
    padded[:, : packed.shape[1]] = packed
    return padded.view(np.uint64)


def count_common_snps(
    first: NDArray[np.uint64], second: NDArray[np.uint64], n_threads: int = 1
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """SNPs that both traits have, and those of them with matching alleles, (n_first, n_second) each.

    Parameters
    ----------
    first, second : uint64, (n_traits, 3, n_words)
        From :func:`pack_presence`.
    n_threads
        Traits of the first at the same time.
    """
    shape = (len(first), len(second))
    shared, matching = np.empty(shape, dtype=np.int64), np.empty(shape, dtype=np.int64)

    def count(trait: int) -> None:
        rows = slice(trait, trait + 1)
        _count_common(first[rows], second, shared[rows], matching[rows])

    with ThreadPoolExecutor(n_threads) as pool:
        list(pool.map(count, range(len(first))))
    return shared, matching


@compiled(nogil=True)
def _count_ones(word):
    """Number of ones in 64 bits, added in parallel within the word."""
    word = word - ((word >> np.uint64(1)) & np.uint64(0x5555555555555555))
    word = (word & np.uint64(0x3333333333333333)) + ((word >> np.uint64(2)) & np.uint64(0x3333333333333333))
    word = (word + (word >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return (word * np.uint64(0x0101010101010101)) >> np.uint64(56)


@compiled(nogil=True)
def _count_common(first, second, shared, matching):
    n_words = first.shape[2]
    for i in range(first.shape[0]):
        for j in range(second.shape[0]):
            both = np.uint64(0)
            same = np.uint64(0)
            for word in range(n_words):
                both += _count_ones(first[i, 0, word] & second[j, 0, word])
                # A SNP has one kind only, so the two products never overlap.
                same += _count_ones((first[i, 1, word] & second[j, 1, word]) | (first[i, 2, word] & second[j, 2, word]))
            shared[i, j] = np.int64(both)
            matching[i, j] = np.int64(same)
