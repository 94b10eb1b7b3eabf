"""What to know where jackknife blocks hold no SNP of a trait or pair.

The blocks of an atlas are the same for all its traits, so that delete values line up.  A block in which a trait has no SNP
leaves its estimate as it is: the error rests on the other blocks alone.  It is then too large by about the root of
``(B - 1) b / (B (b - 1))``, with b of B blocks used, below 3% for b of 20 and more; but with few blocks it is itself so
uncertain that it may be several times too small.
"""

from __future__ import annotations

from ldscores.shared.messages import counted
from sumh2.verdicts import FEW_BLOCKS, Finding

#: With SNPs in fewer blocks than the first an error says nothing; with fewer than the second there is none.
FEWEST_USED_BLOCKS, LEAST_BLOCKS = 20, 3


def empty_blocks_text(n_used: int, n_blocks: int) -> str:
    """How many jackknife blocks hold SNPs, and what to do about the others."""
    return (
        f"the SNPs lie in {n_used} of {counted(n_blocks, 'jackknife block')}, which are cut over all chromosomes of the "
        "atlas; put traits of the same chromosomes in one atlas, or give LD scores of these chromosomes only"
    )


def empty_block_findings(n_used: int, n_blocks: int) -> list[Finding]:
    """Findings where SNPs lie in few of the blocks that others fill.

    Parameters
    ----------
    n_used, n_blocks
        Blocks with SNPs, and all.
    """
    if n_used == n_blocks or n_used >= FEW_BLOCKS:
        return []
    text = empty_blocks_text(n_used, n_blocks)
    if n_used < min(FEWEST_USED_BLOCKS, n_blocks / 2):
        return [Finding("unusable", "few blocks", f"too few for a standard error: {text}")]
    return [Finding("caution", "few blocks", f"the standard error is rough: {text}")]
