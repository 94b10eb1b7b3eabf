"""LDAK weightings: weights w >= 0 that make every SNP tag the same, ``C w = 1`` as nearly as possible, C_jk = r2_jk.

C is symmetric with ones on the diagonal, and zero between SNPs that share no window: a band of half-width b around the
diagonal.  A band is stored by rows, ``band[j, d] = C[j, j + d]`` for d = 0 ... b, with zeros beyond the end.

Non-negative least squares is solved by block principal pivoting (Portugal, Judice and Vicente 1994, Math. Comp. 63,
625; exchange rules of Kim and Park 2011, SIAM J. Sci. Comput. 33, 3261): guess which weights are positive, solve for
these, exchange all that came out with the wrong sign, repeat.  Each solution is one Cholesky factorisation of a band of
``C C``, where the usual active sets move one SNP at a time.  The first guess comes from a few sweeps of coordinate
descent.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import lapack
from scipy.optimize import linprog, nnls
from scipy.sparse import bmat, csr_array, identity

from ldscores.shared.compiled import compiled

Floats = NDArray[np.float64]

#: Largest violation of the optimality conditions that is taken for rounding.
KKT_TOLERANCE = 1e-9

#: Wrong signs smaller than this are not exchanged: near zero rounding decides the sign.
_SIGN_TOLERANCE = 1e-11

#: Rows of C that differ by less are rows of copies of a SNP.
COPY_TOLERANCE = 1e-10

_MOST_EXCHANGES = 500

#: Fewer cost more exchanges, more save none (dense panel of 48 sections of 1,100 SNPs: 5 to 80 tried).
_DESCENT_SWEEPS = 20


@dataclass(frozen=True)
class Solution:
    """Weights of one section.

    Parameters
    ----------
    weights : float64, (n_snps,)
    solver : {"pivoting", "active set", "simplex", "quick"}
        Which method found them.
    violation : float
        Largest violation of the optimality conditions, see :func:`kkt_violation`; NaN where they do not apply.
    """

    weights: Floats
    solver: str
    violation: float


# ---------------------------------------------------------------------------------------------------------------------
# The band of squared correlations


def squared_correlation_band(genotypes: NDArray[np.floating], stops: NDArray[np.int64], min_r2: float = 0.0) -> Floats:
    """Band of raw r2, (n_snps, b + 1); b is the largest number of neighbours to the right.

    Parameters
    ----------
    genotypes : float64, (n_snps, n_people)
        Mean 0 and mean square 1; zeros where missing.  float64, because weights amplify errors of r2 a thousandfold.
    stops : int64, (n_snps,)
        Index behind the last neighbour to the right, at most ``n_snps``.
    min_r2 : float
        Smaller r2 are set to zero.
    """
    n_snps, n_people = genotypes.shape
    half_width = int((stops - np.arange(n_snps)).max()) - 1
    band = np.zeros((n_snps, half_width + 1))
    length = max(half_width // 2, 32)
    for first in range(0, n_snps, length):
        behind = min(first + length, n_snps)
        products = genotypes[first:behind] @ genotypes[first : int(stops[behind - 1])].T
        _fill_band(products, first, stops, 1.0 / n_people, min_r2, band)
    return band


@compiled(nogil=True)
def _fill_band(products, first, stops, per_person, min_r2, band):
    for row in range(products.shape[0]):
        j = first + row
        band[j, 0] = 1.0
        for column in range(row + 1, stops[j] - first):
            r = products[row, column] * per_person
            r2 = r * r
            band[j, column - row] = r2 if r2 >= min_r2 else 0.0


@compiled(nogil=True)
def decay_band(band: Floats, positions: Floats, half_life: float) -> None:
    """Multiply each r2 by ``exp(-distance ln 2 / half_life)``, in place; positions and half-life in one unit."""
    n_snps, width = band.shape
    for j in range(n_snps):
        for d in range(1, min(width, n_snps - j)):
            band[j, d] *= np.exp(-(positions[j + d] - positions[j]) * np.log(2.0) / half_life)


@compiled(nogil=True)
def multiply_band(band: Floats, vector: Floats) -> Floats:
    """Product of the symmetric matrix and a vector, (n_snps,)."""
    n_snps, width = band.shape
    product = np.zeros(n_snps)
    for j in range(n_snps):
        total = band[j, 0] * vector[j]
        for d in range(1, min(width, n_snps - j)):
            total += band[j, d] * vector[j + d]
            product[j + d] += band[j, d] * vector[j]
        product[j] += total
    return product


@compiled(nogil=True)
def _dense_rows(band, first, behind, left, right):
    """Rows ``first`` to ``behind - 1`` and columns ``left`` to ``right - 1`` of the symmetric matrix."""
    width = band.shape[1]
    block = np.zeros((behind - first, right - left))
    for j in range(first, behind):
        for k in range(max(left, j - width + 1), min(right, j + width)):
            block[j - first, k - left] = band[min(j, k), abs(j - k)]
    return block


def dense_matrix(band: Floats) -> Floats:
    """The whole symmetric matrix, (n_snps, n_snps)."""
    return _dense_rows(band, 0, len(band), 0, len(band))


def square_band(band: Floats) -> Floats:
    """Band of ``C C``, (n_snps, 2 b + 1), by products of the blocks that meet."""
    n_snps, half_width = len(band), band.shape[1] - 1
    width = min(2 * half_width, n_snps - 1)
    square = np.zeros((n_snps, width + 1))
    length = max(half_width, 32)
    for first in range(0, n_snps, length):
        behind = min(first + length, n_snps)
        left, right = max(first - half_width, 0), min(behind + half_width, n_snps)
        last = min(behind + width, n_snps)
        products = _dense_rows(band, first, behind, left, right) @ _dense_rows(band, first, last, left, right).T
        _copy_band(products, first, square)
    return square


@compiled(nogil=True)
def _copy_band(products, first, band):
    width = band.shape[1]
    for row in range(products.shape[0]):
        for column in range(row, min(row + width, products.shape[1])):
            band[first + row, column - row] = products[row, column]


# ---------------------------------------------------------------------------------------------------------------------
# Solvers


def solve_nnls(band: Floats) -> Solution:
    """Weights that minimise ``||C w - 1||`` with ``w >= 0``.

    The solution is unique when C is not singular.  Among copies of a SNP with the same neighbours only the sum of the
    weights is determined; the first gets it.  Where block principal pivoting fails, or ends in weights that violate the
    optimality conditions by more than 1e-9, the active set method of Lawson and Hanson (scipy's) takes over.

    Raises
    ------
    ArithmeticError
        No method converged.
    """
    weights = _pivot(band)
    if weights is not None and (violation := kkt_violation(band, weights)) <= KKT_TOLERANCE:
        return Solution(weights, "pivoting", violation)
    try:
        weights = nnls(dense_matrix(band), np.ones(len(band)), maxiter=10 * len(band))[0]
    except RuntimeError as error:
        raise ArithmeticError(f"non-negative least squares did not converge for {len(band)} SNPs") from error
    return Solution(weights, "active set", kkt_violation(band, weights))


def kkt_violation(band: Floats, weights: Floats) -> float:
    """Largest violation of the optimality conditions of non-negative least squares.

    With ``y = C (C w - 1)``, half the gradient: y = 0 where w > 0, y >= 0 where w = 0, and never w < 0.
    """
    gradient = multiply_band(band, multiply_band(band, weights) - 1.0)
    violation = np.where(weights > 0, np.abs(gradient), np.maximum(-gradient, -weights))
    return float(violation.max(initial=0.0))


def _pivot(band: Floats) -> Floats | None:
    """Block principal pivoting; None when a system is singular or the exchanges do not end."""
    n_snps = len(band)
    square = square_band(band)
    rows = _full_rows(band)
    copies = _are_copies(rows)  # what one of them cannot mend, the others cannot: their gradients are equal
    positive = (_descend(rows, _DESCENT_SWEEPS) > 0) & ~copies
    fewest, patience = n_snps + 1, 3
    for _ in range(_MOST_EXCHANGES):
        weights = _solve_positive(band, square, positive)
        if weights is None:
            return None
        gradient = multiply_band(band, multiply_band(band, weights) - 1.0)
        wrong = np.where(positive, weights < -_SIGN_TOLERANCE, (gradient < -_SIGN_TOLERANCE) & ~copies)
        n_wrong = int(wrong.sum())
        if n_wrong == 0:
            return np.maximum(weights, 0.0)
        if n_wrong < fewest:
            fewest, patience = n_wrong, 3
        elif patience > 0:
            patience -= 1
        else:  # one at a time cannot go in circles
            wrong[: np.flatnonzero(wrong)[-1]] = False
        positive ^= wrong
    return None


@compiled(nogil=True)
def _full_rows(band):
    """Both sides of the band in one row for each SNP, (n_snps, 2 b + 1): ``rows[j, b + d] = C[j, j + d]``."""
    n_snps, width = band.shape
    rows = np.zeros((n_snps, 2 * width - 1))
    for j in range(n_snps):
        for d in range(min(width, n_snps - j)):
            rows[j, width - 1 + d] = band[j, d]
            rows[j + d, width - 1 - d] = band[j, d]
    return rows


@compiled(nogil=True)
def _are_copies(rows):
    """SNPs whose row of C is that of an earlier SNP, (n_snps,): each makes the system singular."""
    n_snps, breadth = rows.shape
    half_width = breadth // 2
    copies = np.zeros(n_snps, dtype=np.bool_)
    for j in range(n_snps):
        if copies[j]:
            continue
        for d in range(1, min(half_width + 1, n_snps - j)):
            if rows[j, half_width + d] < 1.0 - COPY_TOLERANCE or copies[j + d]:
                continue
            # Column k stands at half_width + k - j in row j, d places earlier in row j + d.
            largest = 0.0
            for column in range(d):
                largest = max(largest, rows[j, column], rows[j + d, breadth - 1 - column])
            for column in range(d, breadth):
                largest = max(largest, abs(rows[j, column] - rows[j + d, column - d]))
            copies[j + d] = largest < COPY_TOLERANCE
    return copies


# Reassociation and contraction let sums run in vectors; no flag assumes that numbers are finite.
@compiled(nogil=True, fastmath={"reassoc", "contract"})
def _descend(rows, n_sweeps):
    """Weights after some sweeps in which each in turn takes its best value given all others."""
    n_snps, breadth = rows.shape
    weights = np.zeros(n_snps)
    surplus = np.zeros(n_snps + breadth - 1)  # C w - 1, with b zeros on both sides for the ends of the band
    surplus[breadth // 2 : breadth // 2 + n_snps] = -1.0
    lengths = (rows * rows).sum(axis=1)
    for _ in range(n_sweeps):
        for j in range(n_snps):
            row, near = rows[j], surplus[j : j + breadth]
            slope = 0.0
            for d in range(breadth):
                slope += row[d] * near[d]
            change = max(weights[j] - slope / lengths[j], 0.0) - weights[j]
            if change != 0.0:
                weights[j] += change
                for d in range(breadth):
                    near[d] += change * row[d]
    return weights


def _solve_positive(band: Floats, square: Floats, positive: NDArray[np.bool_]) -> Floats | None:
    """Least squares with the other weights zero, (n_snps,); None when the system is singular."""
    weights = np.zeros(len(band))
    rows = np.flatnonzero(positive)
    if len(rows) == 0:
        return weights
    factor, info = lapack.dpbtrf(_sub_band(square, rows).T, lower=1, overwrite_ab=1)
    if info != 0:
        return None
    # Normal equations square the condition number; two corrections with residuals of C itself win the digits back.
    for _ in range(3):
        residual = 1.0 - multiply_band(band, weights)
        correction, info = lapack.dpbtrs(factor, multiply_band(band, residual)[rows], lower=1)
        if info != 0:
            return None
        weights[rows] += correction
    return weights


@compiled(nogil=True)
def _sub_band(band, rows):
    """Band of the matrix restricted to some ascending rows and columns."""
    width = band.shape[1]
    most = 0
    behind = 0
    for place in range(len(rows)):
        while behind < len(rows) and rows[behind] - rows[place] < width:
            behind += 1
        most = max(most, behind - place)
    sub = np.zeros((len(rows), most))
    for place in range(len(rows)):
        for d in range(min(most, len(rows) - place)):
            distance = rows[place + d] - rows[place]
            if distance >= width:
                break
            sub[place, d] = band[rows[place], distance]
    return sub


def solve_simplex(band: Floats) -> Solution:
    """Weights that minimise ``sum_j |(C w)_j - 1|`` with ``0 <= w <= 1``, by linear programming (HiGHS).

    Raises
    ------
    ArithmeticError
        HiGHS found no optimum.
    """
    n_snps = len(band)
    matrix, unit = csr_array(dense_matrix(band)), identity(n_snps, format="csr")
    costs = np.concatenate([np.zeros(n_snps), np.ones(n_snps)])
    # C w - a <= 1 and -C w - a <= -1 are |C w - 1| <= a.
    above = bmat([[matrix, -unit], [-matrix, -unit]], format="csr")
    limits = np.concatenate([np.ones(n_snps), -np.ones(n_snps)])
    bounds = [(0, 1)] * n_snps + [(0, None)] * n_snps
    answer = linprog(costs, A_ub=above, b_ub=limits, bounds=bounds, method="highs-ds")
    if answer.status != 0:
        raise ArithmeticError(f"linear programming did not converge for {n_snps} SNPs: {answer.message}")
    return Solution(np.maximum(answer.x[:n_snps], 0.0), "simplex", np.nan)


def solve_quick(band: Floats) -> Solution:
    """Weights ``1 / sum_k C_jk``: no system is solved."""
    return Solution(1.0 / multiply_band(band, np.ones(len(band))), "quick", np.nan)


# ---------------------------------------------------------------------------------------------------------------------
# Sections


def section_edges(positions: Floats, length: int, buffer: float) -> NDArray[np.int64]:
    """Edges of the sections of one chromosome by number of SNPs, (n_sections + 1,).

    ``floor((L - 1) / length) + 1`` sections of nearly equal numbers of SNPs.  One section is enough if no more than
    `length` SNPs lie out of reach of both ends.

    Parameters
    ----------
    positions : float64, (n_snps,)
        Ascending.
    length : int
        Largest number of SNPs in a section.
    buffer : float
        Reach of a section beyond its SNPs, in the unit of the positions.
    """
    n_snps = len(positions)
    n_sections = (n_snps - 1) // length + 1
    last_near_start, first_near_end = _beyond_buffers(positions, buffer)
    if first_near_end + 1 - last_near_start <= length:
        n_sections = 1
    step = (n_snps - 1) // n_sections + 1
    edges = np.minimum(np.arange(n_sections + 1) * step, n_snps)
    return np.unique(edges)


def section_edges_by_distance(positions: Floats, width: float, span_of_one: float, buffer: float) -> NDArray[np.int64]:
    """Edges of the sections of one chromosome by width, (n_sections + 1,); sections without SNPs are left out.

    ``floor((p_last - p_first - 1) / width + 1)`` sections of equal width over the span of the SNPs.

    Parameters
    ----------
    positions : float64, (n_snps,)
        Ascending.
    width : float
        Largest width of a section, in the unit of the positions.
    span_of_one : float
        One section is enough if the SNPs out of reach of both ends span no more than this.
    buffer : float
        As in :func:`section_edges`.
    """
    span = positions[-1] - positions[0]
    n_sections = max(int(np.floor((span - 1) / width + 1)), 1)
    last_near_start, first_near_end = _beyond_buffers(positions, buffer)
    if positions[first_near_end] - positions[last_near_start] <= span_of_one:
        n_sections = 1
    each = (span + 1) / n_sections
    inner = np.searchsorted(positions - positions[0], np.arange(1, n_sections) * each, side="left")
    return np.unique(np.concatenate([[0], inner, [len(positions)]]))


def _beyond_buffers(positions: Floats, buffer: float) -> tuple[int, int]:
    """Last SNP within the buffer of the first one, and first SNP within the buffer of the last one."""
    last_near_start = int(np.searchsorted(positions - positions[0], buffer, side="right")) - 1
    first_near_end = int(np.searchsorted(positions, positions[-1] - buffer, side="left"))
    return last_near_start, first_near_end


def section_reach(
    positions: Floats, edges: NDArray[np.int64], buffer: float
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """First and behind-last SNP of each section with its buffers, two arrays (n_sections,)."""
    starts, behind = edges[:-1], edges[1:]
    left = np.array([np.searchsorted(positions, positions[start] - buffer, side="left") for start in starts])
    right = np.array([np.searchsorted(positions, positions[stop - 1] + buffer, side="right") for stop in behind])
    return np.minimum(left, starts).astype(np.int64), np.maximum(right, behind).astype(np.int64)
