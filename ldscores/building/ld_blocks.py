"""Blocks of the genome between which no LD is assumed, e.g. those of Berisa and Pickrell (2016).

They bound the windows of taggings (``ldscores build --ld-blocks``) and the LD of simulated GWAS (``sumh2 simulate``).
With the same blocks and raw r², taggings are the exact expectation of what is simulated.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ldscores.chromosomes import bare_chromosomes, rank_chromosomes
from ldscores.shared.errors import InputError

if TYPE_CHECKING:
    from ldscores.panels.reference_panel import ReferencePanel


@dataclass(frozen=True, eq=False)
class LdBlocks:
    """Where blocks begin.

    Parameters
    ----------
    chrom : tuple of str, (n_blocks,)
        Chromosomes without a leading ``chr``.
    start : int64, (n_blocks,)
        1-based first base pair of each block, ascending within a chromosome.  A block ends where the next one begins:
        SNPs before the first block of a chromosome, in gaps and behind the last block belong to the block before them,
        so that every SNP has one.
    source : str
        The file, for messages.
    """

    chrom: tuple[str, ...]
    start: NDArray[np.int64]
    source: str = ""

    def number_snps(self, chrom: pa.Array, bp: NDArray[np.int64]) -> NDArray[np.int64]:
        """Number of the block of each SNP, (n_snps,), ascending: SNPs with one number share a block.

        Parameters
        ----------
        chrom : string array, (n_snps,)
            Chromosomes, each in one stretch of rows, with or without a leading ``chr``.
        bp : int64, (n_snps,)
            1-based positions, ascending within a chromosome.

        Raises
        ------
        InputError
            A chromosome has no block.
        """
        names, rank = rank_chromosomes(bare_chromosomes(chrom))
        edges = np.searchsorted(rank, np.arange(len(names) + 1))
        own_names = np.array(self.chrom)
        numbers = np.empty(len(bp), dtype=np.int64)
        used = 0
        for place, name in enumerate(names):
            starts = self.start[own_names == name]
            if len(starts) == 0:
                raise InputError(
                    f"{self.source or 'LD blocks'}: no block on chromosome {name}; expected blocks on every chromosome "
                    "of the panel; add a line, e.g. one block for all of it"
                )
            rows = slice(int(edges[place]), int(edges[place + 1]))
            numbers[rows] = used + np.searchsorted(starts[1:], bp[rows], side="right")
            used += len(starts)
        return numbers


@dataclass(frozen=True, eq=False)
class BlockWindow:
    """Windows that are blocks: the neighbours of a SNP are the SNPs of its block.

    It stands where :class:`ldscores.panels.pair_windows.PairWindow` may: positions are numbers of blocks, the distance
    is 0.
    """

    blocks: LdBlocks
    unit: str = "blocks"
    reach: float = 0.0

    def __str__(self) -> str:
        return f"LD blocks of {self.blocks.source}"

    def positions(self, panel: ReferencePanel) -> NDArray[np.float64]:
        """Number of the block of each SNP, (n_snps,)."""
        return self.blocks.number_snps(panel.chrom, panel.bp).astype(np.float64)


def even_blocks(chrom: pa.Array, bp: NDArray[np.int64], kilobases: float) -> LdBlocks:
    """Blocks of this length from the first SNP of each chromosome on."""
    if not kilobases > 0:
        raise InputError(f"length of blocks: found {kilobases:g} kb, expected a positive number; 1000 is usual")
    names, rank = rank_chromosomes(bare_chromosomes(chrom))
    edges = np.searchsorted(rank, np.arange(len(names) + 1))
    of_blocks: list[str] = []
    starts = []
    for place, name in enumerate(names):
        own = bp[edges[place] : edges[place + 1]]
        first = np.arange(own[0], own[-1] + 1, round(kilobases * 1000))
        of_blocks += [name] * len(first)
        starts.append(first)
    return LdBlocks(tuple(of_blocks), np.concatenate(starts), f"blocks of {kilobases:g} kb")
