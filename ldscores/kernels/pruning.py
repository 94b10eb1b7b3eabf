"""Pruning of near-duplicate SNPs: one of each pair with r2 above a threshold goes.

The r2 here is the raw squared Pearson correlation after missing genotypes got their SNP's mean, without correction of
its bias.  Correlations come as blocks of float32 products, a thousand times faster than pair by pair; the few pairs so
close to the threshold that float32 could err are looked at again in float64.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ldscores.shared.compiled import compiled

#: Pairs whose float32 r2 is nearer to the threshold than this are computed again: an error of a float32 product of
#: standardised genotypes is a hundred times smaller for thousands of people.
BORDERLINE = 1e-4

#: An r2 that falls short of the threshold by rounding alone reaches it, so that copies of a SNP meet a threshold of 1.
ROUNDING = 1e-12


def prune_block(
    products: NDArray[np.float32],
    dosages: NDArray[np.int8],
    first: int,
    stops: NDArray[np.int64],
    threshold: float,
    p_values: NDArray[np.float64],
    kept_instead: NDArray[np.int64],
    alternates: bool,
) -> None:
    """One block of rows of LDAK's pass over pairs of SNPs; marks in `kept_instead` who goes.

    In the order of the list, each SNP j still there meets the SNPs k > j still there in its window.  Where
    ``r2_jk >= threshold``, the one with the larger p-value goes; with equal p-values j, the earlier one.  If j goes,
    the next j follows; if k goes, j meets its next k.

    Parameters
    ----------
    products : float32, (n_rows, n_columns)
        Products of the standardised genotypes of SNPs ``first + row`` and ``first + column``: n_people times their
        correlation.
    dosages : int8, (n_columns, n_people)
        Copies of allele 1 of SNP ``first + column``, negative where missing.
    first : int
        Index of the first row in the list.
    stops : int64, (n_snps,)
        Index behind the last SNP of each one's window; ``first + n_columns`` is not less than the stop of any row.
    threshold : float
        Smallest r2 at which one goes.
    p_values : float64, (n_snps,)
    kept_instead : int64, (n_snps,), changed in place
        -1 for a SNP still there, else the index of the SNP on whose account it went.
    alternates : bool
        Repeat LDAK's quirk: with equal p-values, the SNPs with index 0 and 1 of the list drop every other k instead
        of being dropped (0 drops odd k, 1 drops even k).  An alternation was meant for all j, but operator precedence
        lets it come about for these two only; SPEC-LDAK, section 11.
    """
    _prune_block(products, dosages, first, stops, float(threshold), p_values, kept_instead, alternates)


@compiled(nogil=True)
def _prune_block(products, dosages, first, stops, threshold, p_values, kept_instead, alternates):
    # A root here saves a square and a division per pair; what lies between the two limits is computed again.
    n_people = dosages.shape[1]
    surely_below = np.float32(n_people * np.sqrt(max(threshold - BORDERLINE, 0.0)))
    surely_above = np.float32(n_people * np.sqrt(threshold + BORDERLINE))
    for row in range(products.shape[0]):
        j = first + row
        if kept_instead[j] >= 0:
            continue
        for column in range(row + 1, stops[j] - first):
            r = abs(products[row, column])
            if r < surely_below:
                continue
            k = first + column
            if kept_instead[k] >= 0:
                continue
            if r < surely_above and not _reaches(dosages[row], dosages[column], threshold):
                continue
            if p_values[j] == p_values[k]:
                later_goes = alternates and ((j == 0 and k % 2 == 1) or (j == 1 and k % 2 == 0))
            else:
                later_goes = p_values[k] > p_values[j]
            if later_goes:
                kept_instead[k] = j
            else:
                kept_instead[j] = k
                break


@compiled(nogil=True)
def _reaches(x, y, threshold):
    """Whether r2 of two SNPs is at least the threshold, in float64; a SNP that does not vary has r2 = 0."""
    sum_x, sum_y, n_x, n_y = 0, 0, 0, 0
    for i in range(len(x)):
        if x[i] >= 0:
            sum_x += x[i]
            n_x += 1
        if y[i] >= 0:
            sum_y += y[i]
            n_y += 1
    if n_x == 0 or n_y == 0:
        return False
    mean_x, mean_y = sum_x / n_x, sum_y / n_y
    sum_xx, sum_xy, sum_yy = 0.0, 0.0, 0.0
    for i in range(len(x)):
        a = x[i] - mean_x if x[i] >= 0 else 0.0
        b = y[i] - mean_y if y[i] >= 0 else 0.0
        sum_xx += a * a
        sum_xy += a * b
        sum_yy += b * b
    return sum_xy * sum_xy > 0.0 and sum_xy * sum_xy >= threshold * (1.0 - ROUNDING) * sum_xx * sum_yy


def final_representatives(kept_instead: NDArray[np.int64]) -> NDArray[np.int64]:
    """Index of the kept SNP that stands for each SNP, its own for those kept, (n_snps,).

    Parameters
    ----------
    kept_instead : int64, (n_snps,)
        -1 for a kept SNP, else the SNP on whose account it went, which may have gone later itself.
    """
    representative = np.where(kept_instead < 0, np.arange(len(kept_instead)), kept_instead)
    while True:
        following = representative[representative]
        if np.array_equal(following, representative):
            return representative
        representative = following


def mark_tags(
    products: NDArray[np.float32],
    targets: NDArray[np.int8],
    dosages: NDArray[np.int8],
    starts: NDArray[np.int64],
    stops: NDArray[np.int64],
    threshold: float,
) -> NDArray[np.int64]:
    """For each SNP the first target with ``r2 >= threshold`` and the SNP in its window, -1 without one, (n_snps,).

    Parameters
    ----------
    products : float32, (n_targets, n_snps)
        Products of the standardised genotypes, n_people times the correlations.
    targets : int8, (n_targets, n_people)
        Copies of allele 1 of the targets, negative where missing.
    dosages : int8, (n_snps, n_people)
        The same of the SNPs.
    starts, stops : int64, (n_targets,)
        Window of each target: SNPs ``start`` to ``stop - 1``.
    threshold : float
        Smallest r2 of a tag.
    """
    return _mark_tags(products, targets, dosages, starts, stops, float(threshold))


@compiled(nogil=True)
def _mark_tags(products, targets, dosages, starts, stops, threshold):
    n_people = dosages.shape[1]
    surely_below = np.float32(n_people * np.sqrt(max(threshold - BORDERLINE, 0.0)))
    surely_above = np.float32(n_people * np.sqrt(threshold + BORDERLINE))
    tagged_by = np.full(len(dosages), -1, dtype=np.int64)
    for target in range(len(targets)):
        for k in range(starts[target], stops[target]):
            r = abs(products[target, k])
            if tagged_by[k] >= 0 or r < surely_below:
                continue
            if r >= surely_above or _reaches(targets[target], dosages[k], threshold):
                tagged_by[k] = target
    return tagged_by
