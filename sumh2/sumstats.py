"""One trait's summary statistics."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ldscores.shared.alleles import decode_alleles
from ldscores.shared.errors import InputError
from ldscores.shared.unique_names import all_unique

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class FilterCount:
    """What one step of reading or filtering did to the SNPs."""

    what: str
    removed: int
    kept: int


@dataclass(frozen=True, repr=False)
class SumStats:
    """Z scores of one trait, one row a SNP.

    Parameters
    ----------
    trait
        Name of the trait, used in tables and messages.
    snp : string array, (n_snps,)
        Names of the SNPs, unique.
    z : float64, (n_snps,)
        Z scores, finite; positive when A1 increases the trait.
    n : float64, (n_snps,)
        People behind each SNP, positive.
    a1, a2 : uint8, (n_snps,), optional
        Effect and other allele as codes of :mod:`ldscores.shared.alleles`; None for a file without alleles, which can
        give a heritability but no genetic correlation.
    chrom, bp, eaf, info
        Optional columns, (n_snps,).
    samp_prev, pop_prev
        Share of cases in the sample and in the population; None for a quantitative trait.
    cases, controls
        How many people of either kind the GWAS says there are; None where it does not.  No estimate depends on them.
    filters
        What each step removed on the way here.
    source
        The file it came from, for messages.

    Raises
    ------
    InputError
        A Z or N is not finite, an N is not positive, a name appears twice, or nothing is left.
    """

    trait: str
    snp: pa.Array
    z: NDArray[np.float64]
    n: NDArray[np.float64]
    a1: NDArray[np.uint8] | None = None
    a2: NDArray[np.uint8] | None = None
    chrom: pa.Array | None = None
    bp: NDArray[np.int64] | None = None
    eaf: NDArray[np.float64] | None = None
    info: NDArray[np.float64] | None = None
    samp_prev: float | None = None
    pop_prev: float | None = None
    cases: float | None = None
    controls: float | None = None
    filters: tuple[FilterCount, ...] = field(default=())
    source: str = ""

    def __post_init__(self) -> None:
        where = self.source or self.trait
        if len(self.snp) == 0:
            raise InputError(f"{where}: no SNP is left; expected a few hundred thousand; see the counts of the filters")
        for name in ("z", "n", "a1", "a2", "chrom", "bp", "eaf", "info"):
            column = getattr(self, name)
            if column is not None and len(column) != len(self.snp):
                raise ValueError(f"{where}: {name} has {len(column)} rows, SNP has {len(self.snp)}")
        bad_z, bad_n = ~np.isfinite(self.z), ~(np.isfinite(self.n) & (self.n > 0))
        for bad, column, expected in ((bad_z, "Z", "finite"), (bad_n, "N", "positive")):
            if bad.any():
                first = int(np.argmax(bad))
                value = (self.z if column == "Z" else self.n)[first]
                raise InputError(
                    f"{where}: {int(bad.sum())} of {len(bad)} values of {column} are not {expected} "
                    f"(first: {self.snp[first]}, {value}); expected {expected} numbers; munge the file first"
                )
        if not all_unique(self.snp):
            counts = pc.value_counts(self.snp)
            twice = counts.filter(pc.greater(counts.field("counts"), 1)).field("values")
            raise InputError(
                f"{where}: {len(twice)} SNP names appear more than once (first: {twice[0]}); "
                "expected unique names; munge the file first"
            )

    def __repr__(self) -> str:
        return f"SumStats({self.trait}: {len(self):,} SNPs)"

    def with_prevalences(self, samp_prev: float | None, pop_prev: float | None) -> SumStats:
        """The same trait with the share of cases in sample and population, for the liability scale.

        Raises
        ------
        InputError
            Only one of the two is given.
        """
        if (samp_prev is None) != (pop_prev is None):
            raise InputError(
                f"prevalences of {self.trait}: found one, expected two, or none for a quantitative trait; add the other"
            )
        return replace(self, samp_prev=samp_prev, pop_prev=pop_prev)

    def __len__(self) -> int:
        return len(self.snp)

    @property
    def chi2(self) -> NDArray[np.float64]:
        """Z squared, (n_snps,)."""
        return self.z**2

    def to_table(self) -> pa.Table:
        """Columns under the names of :mod:`ldscores.shared.columns`, those that are there."""
        columns = {"SNP": self.snp, "CHR": self.chrom, "BP": self.bp}
        if self.a1 is not None and self.a2 is not None:
            columns |= {"A1": decode_alleles(self.a1), "A2": decode_alleles(self.a2)}
        columns |= {"EAF": self.eaf, "INFO": self.info, "Z": self.z, "N": self.n}
        return pa.table({name: column for name, column in columns.items() if column is not None})

    def to_frame(self) -> pd.DataFrame:
        """The same as a pandas DataFrame."""
        return self.to_table().to_pandas()
