"""What a build needs beside the genotypes that ``--memory`` bounds, said before the work starts."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from ldscores.panels.reference_panel import ReferencePanel

logger = logging.getLogger(__name__)

#: GB of the program with its libraries, and bytes of a SNP in the table of the panel, as measured.
_PROGRAM_GB = 0.3
_SNP_BYTES = 250

#: Matrices of SNPs x columns of a chromosome at a time: a model's, the distinct columns, their sums, the results.
_COPIES_OF_CHROMOSOME = 5


@dataclass(frozen=True)
class MemoryNeeds:
    """GB (10^9 bytes) beside the genotypes.

    Parameters
    ----------
    program, snps : float
        The program, and the table of SNPs.
    columns : float
        Columns of the largest chromosome, and what it says of them.  Results, which follow chromosome by chromosome when
        all are done, take less.
    words : str
        The size of the largest chromosome.
    """

    program: float
    snps: float
    columns: float
    words: str

    @property
    def total(self) -> float:
        """The sum."""
        return self.program + self.snps + self.columns


def memory_needs(panel: ReferencePanel, n_columns: int) -> MemoryNeeds:
    """What a build needs.

    Parameters
    ----------
    n_columns
        Of all models together.
    """
    sizes = {name: rows.stop - rows.start for name, rows in panel.chromosomes().items()}
    largest = max(sizes, key=lambda name: sizes[name])
    return MemoryNeeds(
        program=_PROGRAM_GB, snps=_SNP_BYTES * len(panel) / 1e9,
        columns=_COPIES_OF_CHROMOSOME * 8 * sizes[largest] * (n_columns + 1) / 1e9,
        words=f"{n_columns} columns of the {sizes[largest]} SNPs of chromosome {largest}",
    )  # fmt: skip


def warn_of_memory(needs: MemoryNeeds, memory_gb: float) -> None:
    """Say so where what is needed beside the genotypes is more than ``--memory`` itself."""
    if needs.total <= memory_gb:
        return
    logger.warning(
        "--memory %g bounds the genotypes alone; beside them this run needs about %.1f GB (%.1f the program, %.1f the "
        "table of SNPs, %.1f %s), so that it may take %.1f GB in all; fewer models, annotations or alphas in a run "
        "take less",
        memory_gb, needs.total, needs.program, needs.snps, needs.columns, needs.words,
        needs.total + memory_gb,
    )  # fmt: skip
