"""Reference panels: a table of SNPs, and genotypes that are read when they are needed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ldscores.chromosomes import rank_chromosomes
from ldscores.kernels.genotypes import SnpSummary, standardise_dosages, summarise_dosages
from ldscores.shared.arrow_arrays import as_arrow, as_numpy, as_scalar
from ldscores.shared.errors import InputError
from ldscores.shared.unique_names import all_unique

_BLOCK_BYTES = 1 << 26


class Genotypes(Protocol):
    """Where dosages come from: a file, several files, or an array."""

    def read(self, rows: NDArray[np.int64], n_threads: int = 1) -> NDArray[np.int8]:
        """Copies of allele 1 at these rows of the source, ascending, (n_rows, n_individuals); MISSING if not called."""


@dataclass(frozen=True, eq=False)
class ArrayGenotypes:
    """Dosages held in memory, int8 (n_snps, n_individuals); MISSING for a missing call."""

    dosages: NDArray[np.int8]

    def read(self, rows: NDArray[np.int64], n_threads: int = 1) -> NDArray[np.int8]:
        """Dosages at these rows."""
        return np.ascontiguousarray(self.dosages[rows])


@dataclass(frozen=True)
class PanelConventions:
    """Which SNPs of a panel count: the two programs differ here, and nowhere else in handling genotypes.

    Parameters
    ----------
    name
        ``ldsc`` or ``ldak``.
    single_letters_only
        Whether SNPs with multi-character or equal alleles, or a position of 0 or below, are left out (LDAK).
    drop_repeated_names
        Whether all copies of a repeated name are left out (LDAK); otherwise they are an error.
    count_monomorphic
        Whether SNPs without variation count as reference SNPs (LDAK, in N_ref and n_q); they never get a row and tag
        nothing.
    """

    name: str
    single_letters_only: bool
    drop_repeated_names: bool
    count_monomorphic: bool


LDSC_CONVENTIONS = PanelConventions("ldsc", False, False, False)
LDAK_CONVENTIONS = PanelConventions("ldak", True, True, True)
CONVENTIONS = {"ldsc": LDSC_CONVENTIONS, "ldak": LDAK_CONVENTIONS}


@dataclass(frozen=True, eq=False)
class ReferencePanel:
    """SNPs of a panel in the order of the genome, and their genotypes.

    Parameters
    ----------
    snp, chrom : string array, (n_snps,)
        Names, unique; chromosomes as text, any names.
    cm : float64, (n_snps,)
        Positions in centimorgans; zero where the file has none.
    bp : int64, (n_snps,)
        Positions in base pairs; rows are sorted by (chromosome in natural order, BP).
    allele_1, allele_2 : string array, (n_snps,)
        Alleles as they stand in the file, of any length; dosages count the first.
    individuals : string array, (n_individuals,)
        Family and individual identifiers, separated by a blank.
    genotypes
        Where dosages come from.
    rows : int64, (n_snps,)
        Row of each SNP in `genotypes`.
    sources, notes : tuple of str
        Files read; what reading found and did.

    Raises
    ------
    InputError
        A name appears twice or is missing, the positions are not sorted, or there are no SNPs or people.
    """

    snp: pa.Array
    chrom: pa.Array
    cm: NDArray[np.float64]
    bp: NDArray[np.int64]
    allele_1: pa.Array
    allele_2: pa.Array
    individuals: pa.Array
    genotypes: Genotypes
    rows: NDArray[np.int64]
    sources: tuple[str, ...] = field(default=())
    notes: tuple[str, ...] = field(default=())

    def __post_init__(self) -> None:
        _check_panel(self)

    def __len__(self) -> int:
        return len(self.snp)

    @property
    def n_individuals(self) -> int:
        """Number of people."""
        return len(self.individuals)

    @property
    def where(self) -> str:
        """The files in a few words, for messages."""
        files = self.genotype_files
        if not files:
            return "panel"
        return files[0] if len(files) == 1 else f"{files[0]} and {len(files) - 1} more"

    @property
    def genotype_files(self) -> tuple[str, ...]:
        """Those of the files read that hold genotypes."""
        return tuple(source for source in self.sources if source.endswith((".bed", ".pgen")))

    def chromosomes(self) -> dict[str, slice]:
        """Rows of each chromosome, in natural order."""
        names, rank = rank_chromosomes(self.chrom)
        edges = np.searchsorted(rank, np.arange(len(names) + 1))
        return {name: slice(int(edges[place]), int(edges[place + 1])) for place, name in enumerate(names)}

    def take(self, rows: NDArray[np.integer] | slice) -> ReferencePanel:
        """The SNPs at these rows, which must ascend."""
        rows = np.arange(len(self))[rows] if isinstance(rows, slice) else np.asarray(rows, dtype=np.int64)
        places = as_arrow(rows)
        return replace(
            self,
            snp=self.snp.take(places), chrom=self.chrom.take(places), cm=self.cm[rows], bp=self.bp[rows],
            allele_1=self.allele_1.take(places), allele_2=self.allele_2.take(places), rows=self.rows[rows],
        )  # fmt: skip

    def dosages(self, start: int = 0, stop: int | None = None, n_threads: int = 1) -> NDArray[np.int8]:
        """Copies of allele 1 at rows ``start`` to ``stop - 1``, int8 (n_rows, n_individuals); MISSING if not called."""
        return self.genotypes.read(self.rows[start:stop], n_threads)

    def standardised(
        self, start: int = 0, stop: int | None = None, dtype: type[np.floating] = np.float32, n_threads: int = 1
    ) -> NDArray[np.floating]:
        """Genotypes with mean 0 and mean square 1, missing ones at the mean, (n_rows, n_individuals).

        SNPs without variation are rows of zeros.  See :func:`ldscores.kernels.genotypes.standardise_dosages`.
        """
        return standardise_dosages(self.dosages(start, stop, n_threads), dtype=dtype)

    def blocks(self) -> Iterator[slice]:
        """Consecutive rows whose dosages take some 64 MB."""
        length = max(1, _BLOCK_BYTES // max(self.n_individuals, 1))
        for start in range(0, len(self), length):
            yield slice(start, min(start + length, len(self)))

    def summarise(self, n_threads: int = 1) -> SnpSummary:
        """Genotype counts of every SNP, from one pass over the genotypes; MAF, call rate and variance follow."""
        parts = [summarise_dosages(self.dosages(block.start, block.stop, n_threads)).counts for block in self.blocks()]
        return SnpSummary(np.concatenate(parts))


def make_panel(
    dosages: NDArray[np.int8], chrom: list[str], bp: NDArray[np.int64], cm: NDArray[np.float64] | None = None
) -> ReferencePanel:
    """A panel held in memory, with invented names and alleles A and C.

    Parameters
    ----------
    dosages : int8, (n_snps, n_individuals)
        Copies of allele 1; :data:`ldscores.kernels.genotypes.MISSING` for a missing call.
    chrom, bp, cm
        One entry a SNP, sorted; centimorgans are zero when absent.
    """
    n_snps, n_individuals = dosages.shape
    return ReferencePanel(
        snp=pa.array([f"rs{number}" for number in range(n_snps)]),
        chrom=pa.array([str(name) for name in chrom]),
        cm=np.zeros(n_snps) if cm is None else np.asarray(cm, dtype=np.float64),
        bp=np.asarray(bp, dtype=np.int64),
        allele_1=pa.array(["A"] * n_snps), allele_2=pa.array(["C"] * n_snps),
        individuals=pa.array([f"F{number} I{number}" for number in range(n_individuals)]),
        genotypes=ArrayGenotypes(dosages), rows=np.arange(n_snps),
    )  # fmt: skip


def single_letter_rows(panel_alleles: tuple[pa.Array, pa.Array], bp: NDArray[np.int64]) -> NDArray[np.bool_]:
    """SNPs that LDAK uses: both alleles one character and different, the position above 0, (n_snps,)."""
    first, second = panel_alleles
    one_each = pc.and_(*(pc.equal(pc.utf8_length(alleles), as_scalar(1)) for alleles in panel_alleles))
    usable = pc.and_(one_each, pc.not_equal(first, second))
    return as_numpy(usable) & (bp > 0)


def repeated_names(names: pa.Array) -> NDArray[np.bool_]:
    """SNPs whose name another one bears too, (n_snps,)."""
    if all_unique(names):
        return np.zeros(len(names), dtype=bool)
    codes = as_numpy(names.dictionary_encode().indices)
    return np.bincount(codes)[codes] > 1


def _check_panel(panel: ReferencePanel) -> None:
    if len(panel) == 0 or panel.n_individuals == 0:
        raise InputError(
            f"{panel.where}: found {len(panel)} SNPs and {panel.n_individuals} people; expected at least one of each; "
            "check the files, and that --keep and --extract name people and SNPs as they do"
        )
    repeated = repeated_names(panel.snp)
    if repeated.any():
        first = panel.snp[int(np.argmax(repeated))]
        raise InputError(
            f"{panel.where}: {int(repeated.sum())} SNPs share their name with another one (first: {first}); expected "
            "unique names; rename them with plink2 --set-all-var-ids @:#:$r:$a, or leave one of each with --exclude"
        )
    names = set(pc.unique(panel.chrom).to_pylist())
    twice = sorted(name for name in names if name.lower().startswith("chr") and name[3:] in names)
    if twice:
        raise InputError(
            f"{panel.where}: chromosomes {twice[0]} and {twice[0][3:]} are one under two names; expected one spelling; "
            "correct the .bim"
        )
    _check_sorted(panel)


def _check_sorted(panel: ReferencePanel) -> None:
    rank = rank_chromosomes(panel.chrom)[1]
    wrong = (rank[1:] < rank[:-1]) | ((rank[1:] == rank[:-1]) & (panel.bp[1:] < panel.bp[:-1]))
    if wrong.any():
        row = int(np.argmax(wrong)) + 1
        raise InputError(
            f"{panel.where}: SNP {panel.snp[row]} ({panel.chrom[row]}:{panel.bp[row]}) stands after "
            f"{panel.snp[row - 1]} "
            f"({panel.chrom[row - 1]}:{panel.bp[row - 1]}); expected SNPs sorted by chromosome and position; sort them "
            "with plink2 --make-pgen --sort-vars, then --make-bed"
        )
