"""What LDAK's tagging files hold beyond taggings: its columns for each SNP, and sums over the heritability SNPs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

#: Chromosome of all SNPs of LDAK's tagging files, which name none; their positions are the numbers of the lines.
LDAK_CHROMOSOME = "NA"

#: Columns with one number a SNP, all optional.
SNP_COLUMNS = ("neighbours", "n_memberships", "exp_heritability", "weight", "variance")

#: The same in our own files, where a category might be called "weight".
LDAK_COLUMNS = tuple(f"ldak_{name}" for name in SNP_COLUMNS)

#: What the rows of sums are called: ``Annotation 1``, ``Partition 1``, ``Category 1`` (merged), ``Subset 1`` (cross).
KINDS = ("annotation", "partition", "category", "subset")


@dataclass(frozen=True, eq=False)
class LdakColumns:
    """LDAK's part of a tagging.

    Parameters
    ----------
    contributions : float64, (n_categories, n_categories)
        ``contributions[k, q]`` is the sum of the expected heritability a_kl of category k over the heritability SNPs l
        that are members of category q; row k is LDAK's line "The relative contribution of ... to each category".
    counts : int64, (n_categories,)
        Number of heritability SNPs that are members of each category, monomorphic ones included.
    n_reference, n_heritability : int
        SNPs of the panel (monomorphic ones included), and those that contribute heritability (polymorphic).
    kind : str
        One of `KINDS`.
    neighbours : int64, (n_snps,), optional
        Polymorphic SNPs within the window, the SNP itself included.
    n_memberships : int64, (n_snps,), optional
        Categories that contain the SNP, Base included.
    exp_heritability : float64, (n_snps,), optional
        e_j = w_j [2 f_j (1 - f_j)]^(1 + alpha); unknown for several models side by side.
    weight : float64, (n_snps,), optional
        SNP weight w_j; absent when weights are ignored.
    variance : float64, (n_snps,), optional
        Observed variance of the genotype times the call rate; only files of ``--hwe-stand NO`` have it, in place of
        MAF.  (LDAK 6.2 prints its square.)
    """

    contributions: NDArray[np.float64]
    counts: NDArray[np.int64]
    n_reference: int
    n_heritability: int
    kind: str = "annotation"
    neighbours: NDArray[np.int64] | None = None
    n_memberships: NDArray[np.int64] | None = None
    exp_heritability: NDArray[np.float64] | None = None
    weight: NDArray[np.float64] | None = None
    variance: NDArray[np.float64] | None = None

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"kind is one of {KINDS}, not {self.kind!r}")

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Shape of every array that is there, by name."""
        arrays = {name: getattr(self, name) for name in ("contributions", "counts", *SNP_COLUMNS)}
        return {name: array.shape for name, array in arrays.items() if array is not None}

    def take(self, rows: NDArray[np.integer]) -> LdakColumns:
        """The SNPs at these rows; sums stay those of the panel."""
        there = {name: getattr(self, name) for name in SNP_COLUMNS}
        columns: dict[str, Any] = {name: None if column is None else column[rows] for name, column in there.items()}
        return replace(self, **columns)

    def select(self, categories: NDArray) -> LdakColumns:
        """These categories, by place or by mask."""
        places = np.arange(len(self.counts))[categories]
        return replace(self, contributions=self.contributions[np.ix_(places, places)], counts=self.counts[places])


def place_side_by_side(parts: Sequence[LdakColumns]) -> LdakColumns:
    """Several models for the same SNPs: sums block-diagonal, as in LDAK's ``--merge-tagging``.

    Weights, MAF and expected heritability belong to one model each and are dropped; memberships are added.
    """
    first = parts[0]
    sizes = [len(part.counts) for part in parts]
    contributions = np.zeros((sum(sizes), sum(sizes)))
    for part, stop in zip(parts, np.cumsum(sizes), strict=True):
        block = slice(stop - len(part.counts), stop)
        contributions[block, block] = part.contributions
    return replace(
        first, contributions=contributions, counts=np.concatenate([part.counts for part in parts]), kind="category",
        n_memberships=_total([part.n_memberships for part in parts]), exp_heritability=None, weight=None, variance=None,
    )  # fmt: skip


def stack_rows(parts: Sequence[LdakColumns], n_snps: Sequence[int]) -> LdakColumns:
    """Parts of one panel below each other: sums and counts added, as in LDAK's ``--join-tagging``.

    Parameters
    ----------
    n_snps
        Rows of each part.  Where only some parts have weights, the others' are 1; other columns are kept where all
        parts have them.
    """
    columns = {name: [getattr(part, name) for part in parts] for name in SNP_COLUMNS}
    if any(weight is not None for weight in columns["weight"]):
        pairs = zip(columns["weight"], n_snps, strict=True)
        columns["weight"] = [np.ones(n_rows) if weight is None else weight for weight, n_rows in pairs]
    stacked: dict[str, Any] = {
        name: None if any(array is None for array in arrays) else np.concatenate(arrays)
        for name, arrays in columns.items()
    }
    return replace(
        parts[0],
        contributions=np.sum([part.contributions for part in parts], axis=0),
        counts=np.sum([part.counts for part in parts], axis=0),
        n_reference=sum(part.n_reference for part in parts),
        n_heritability=sum(part.n_heritability for part in parts),
        **stacked,
    )


def _total(arrays: Sequence[NDArray[np.int64] | None]) -> NDArray[np.int64] | None:
    known = [array for array in arrays if array is not None]
    return np.sum(known, axis=0) if len(known) == len(arrays) else None
