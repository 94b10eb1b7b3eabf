"""Sums of annotations over reference SNPs, which LD scores alone do not hold: overlaps, bins, blocks touched.

A tagging of our own stores the overlap of its categories; LDSC's LD scores need the annotation files again.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from ldscores.shared.errors import InputError
from ldscores.shared.messages import first_of

Floats = NDArray[np.float64]

#: Width of the blocks whose touched share measures how large an annotation is, and the same in base pairs at one
#: centimorgan a megabase, for files without a genetic map.
BLOCK_CM, BLOCK_BP = 0.01, 10_000
#: Categories looked at together, a byte each and SNP.
_COLUMNS_AT_A_TIME = 64


@dataclass(frozen=True, eq=False)
class QuantileSums:
    """Sums of all annotations over SNPs in bins of one of them.

    Parameters
    ----------
    of
        The annotation that is cut, in words.
    n_snps : int64, (n_bins,)
        Reference SNPs in each bin.
    sums : float64, (n_bins, n_annots)
        Sum of each annotation over them.
    edges : float64, (n_bins + 1,)
        Bin q holds values above ``edges[q]`` up to ``edges[q + 1]``; NaN where a file does not say.
    names : tuple of str, (n_annots,)
    """

    of: str
    n_snps: NDArray[np.int64]
    sums: Floats
    edges: Floats
    names: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class AnnotationSums:
    """Sums over the reference SNPs that count, those of all chromosomes together.

    Parameters
    ----------
    names : tuple of str, (n_annots,)
    overlap : float64, (n_annots, n_annots)
        A'A: LDSC's overlap matrix O.
    sums : float64, (n_annots,)
        Column sums of A.
    n_reference
        Number of SNPs: LDSC's M_tot.
    common
        Whether only SNPs with 0.05 < frequency < 0.95 count.
    binary : bool, (n_annots,)
        Annotations whose values are 0 and 1 alone.
    block_share : float64, (n_annots,)
        Share of the genome's 0.01 cM blocks that each touches, over all SNPs of the files.
    set_sizes : tuple of int
        Number of annotations of each set that was named.
    sources : tuple of str
        Files read.
    quantiles : QuantileSums, optional
    """

    names: tuple[str, ...]
    overlap: Floats
    sums: Floats
    n_reference: int
    common: bool
    binary: NDArray[np.bool_]
    block_share: Floats
    set_sizes: tuple[int, ...]
    sources: tuple[str, ...] = field(default=())
    quantiles: QuantileSums | None = None

    @property
    def where(self) -> str:
        """The files in a few words, for messages."""
        return self.sources[0] if len(self.sources) == 1 else f"{self.sources[0]} and {len(self.sources) - 1} more"

    def for_categories(self, names: Sequence[str]) -> AnnotationSums:
        """The same under the names of the LD scores made of these annotations.

        LDSC calls the LD score of ``coding`` ``codingL2``, of several sets ``codingL2_0``, and of a set's only
        annotation ``L2``; it compares neither names nor numbers.

        Raises
        ------
        InputError
            The numbers of annotations and LD scores differ, or a name does.
        """
        if len(names) != len(self.names):
            raise InputError(
                f"{self.where}: found {len(self.names)} annotations, expected {len(names)}, one for each of the LD "
                f"scores ({first_of(names, 3)}); name the annotation files from which the LD scores were made"
            )
        alone = [size == 1 for size in self.set_sizes for _ in range(size)]
        for ours, theirs, single in zip(self.names, names, alone, strict=True):
            bare = {theirs, re.sub(r"_\d+$", "", theirs), re.sub(r"L2(_\d+)?$", "", theirs)}
            own = re.sub(r"_\d+$", "", ours) if len(self.set_sizes) > 1 else ours
            if own not in bare and not (single and bare & {"", "L2", "Base"}):
                raise InputError(
                    f"{self.where}: found annotation {ours} where the LD scores have {theirs}; expected the same in "
                    "the same order; name the annotation files from which the LD scores were made"
                )
        quantiles = None if self.quantiles is None else replace(self.quantiles, names=tuple(names))
        return replace(self, names=tuple(names), quantiles=quantiles)

    def select(self, names: Sequence[str]) -> AnnotationSums:
        """These categories only, in this order; names that are not there are an error of the program."""
        places = [self.names.index(name) for name in names]
        quantiles = self.quantiles
        if quantiles is not None:
            quantiles = replace(quantiles, names=tuple(names), sums=quantiles.sums[:, places])
        return replace(
            self, names=tuple(names), overlap=self.overlap[np.ix_(places, places)], sums=self.sums[places],
            binary=self.binary[places], block_share=self.block_share[places], quantiles=quantiles,
        )  # fmt: skip


def count_touched_blocks(
    values: NDArray[np.floating], chromosomes: NDArray, positions: NDArray, width: float
) -> tuple[NDArray[np.int64], int]:
    """Blocks of a width that each category touches, (n_categories,), and how many there are.

    The genome's blocks are those that hold at least one of the SNPs; a category touches a block in which one of its
    SNPs has a value other than 0.

    Parameters
    ----------
    values : float, (n_snps, n_categories)
        Annotation of all reference SNPs.
    chromosomes : (n_snps,)
        Number or code of each SNP's chromosome.
    positions : (n_snps,)
        In the unit of `width`: centimorgans with `BLOCK_CM`, base pairs with `BLOCK_BP`.
    width
        Of a block.
    """
    if not len(values):
        return np.zeros(values.shape[1], dtype=np.int64), 0
    numbers = np.floor(np.asarray(positions, dtype=np.float64) / width).astype(np.int64)
    numbers -= numbers.min()
    codes = np.unique(np.asarray(chromosomes), return_inverse=True)[1]
    keys = codes * (int(numbers.max()) + 1) + numbers
    order = None if (keys[1:] >= keys[:-1]).all() else np.argsort(keys, kind="stable")
    keys = keys if order is None else keys[order]
    starts = np.flatnonzero(np.append(True, keys[1:] != keys[:-1]))
    touched = np.zeros(values.shape[1], dtype=np.int64)
    for first in range(0, values.shape[1], _COLUMNS_AT_A_TIME):
        inside = values[:, first : first + _COLUMNS_AT_A_TIME] != 0
        inside = inside if order is None else inside[order]
        touched[first : first + _COLUMNS_AT_A_TIME] = np.logical_or.reduceat(inside, starts, axis=0).sum(axis=0)
    return touched, len(starts)


@dataclass(frozen=True, eq=False)
class TouchedBlocks:
    """Blocks that categories touch, of those that hold a reference SNP; those of chromosomes are added.

    Parameters
    ----------
    counts : int64, (n_categories,)
        Blocks in which the category is not 0 at some SNP.
    n_blocks
        Blocks of `BLOCK_CM` with at least one SNP (of `BLOCK_BP` where a chromosome has no genetic map).
    """

    counts: NDArray[np.int64]
    n_blocks: int

    @property
    def share(self) -> Floats:
        """Share of the genome's blocks that each category touches, (n_categories,)."""
        return self.counts / max(self.n_blocks, 1)

    def __add__(self, other: TouchedBlocks) -> TouchedBlocks:
        return TouchedBlocks(self.counts + other.counts, self.n_blocks + other.n_blocks)

    def select(self, places: Sequence[int] | NDArray) -> TouchedBlocks:
        """Those of the categories at these places."""
        return TouchedBlocks(self.counts[places], self.n_blocks)


def join_touched(parts: Sequence[TouchedBlocks | None]) -> TouchedBlocks | None:
    """Categories of several sets side by side; None where a set has none, or other SNPs behind it."""
    known = [part for part in parts if part is not None]
    if len(known) < len(parts) or len({part.n_blocks for part in known}) != 1:
        return None
    return TouchedBlocks(np.concatenate([part.counts for part in known]), known[0].n_blocks)


def has_map(cm: Floats | None) -> bool:
    """Whether positions in centimorgans are a genetic map: finite, and not the same everywhere (PLINK writes 0)."""
    return cm is not None and bool(np.isfinite(cm).all()) and bool(np.ptp(cm) > 0)


def touched_blocks(values: NDArray[np.floating], bp: NDArray[np.int64], cm: Floats | None) -> TouchedBlocks:
    """Blocks touched on one chromosome, by centimorgans where there is a genetic map, else by base pairs.

    Parameters
    ----------
    values : float, (n_snps, n_categories)
    bp, cm : (n_snps,)
    """
    positions, width = (cm, BLOCK_CM) if cm is not None and has_map(cm) else (bp, BLOCK_BP)
    return TouchedBlocks(*count_touched_blocks(values, np.zeros(len(bp), dtype=np.int8), positions, width))


def quantile_edges(values: Floats, n_bins: int) -> Floats:
    """Edges of bins with equal numbers of SNPs, (n_bins + 1,): ``v[round(q (n - 1) / n_bins)]`` of the sorted values.

    The first edge is lowered by 1e-10 so that the smallest value is inside (SPEC-LDSC 4.2, LDSC's quantile_M).  Half
    way between two places the even one counts, as in R's ``round``, which that script uses.
    """
    ordered = np.sort(values)
    places = np.rint(np.arange(n_bins + 1) * (len(ordered) - 1) / n_bins).astype(np.int64)
    edges = ordered[places].astype(np.float64)
    edges[0] -= 1e-10
    return edges
