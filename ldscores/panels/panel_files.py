"""What PLINK 1 and PLINK 2 panels share: files beside the genotypes, several files as one, choice of SNPs and people."""

from __future__ import annotations

import logging
import os
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ldscores.chromosome_files import FileSet
from ldscores.chromosomes import rank_chromosomes
from ldscores.panels.genetic_map_files import read_genetic_map
from ldscores.panels.reference_panel import (
    Genotypes,
    PanelConventions,
    ReferencePanel,
    repeated_names,
    single_letter_rows,
)
from ldscores.shared import tables
from ldscores.shared.arrow_arrays import as_arrow, as_numpy, one_chunk
from ldscores.shared.errors import InputError
from ldscores.shared.messages import counted

logger = logging.getLogger(__name__)

_PACKED = ("", ".gz", ".xz", ".bz2", ".zst")


@dataclass(frozen=True)
class PanelChoice:
    """Which SNPs and people of the files make the panel.

    Parameters
    ----------
    keep, remove
        Files of people to keep or to leave out: FID and IID, or IID alone.  A first column that holds IIDs, as LDSC's
        ``--keep`` takes it, is understood too.
    extract, exclude
        Files of names of SNPs (first column) to keep or to leave out.
    genetic_map
        Map from which centimorgans are taken instead of the file's; see :mod:`ldscores.panels.genetic_map_files`.
    conventions
        Whose rules say which SNPs are used at all.
    """

    keep: str | os.PathLike[str] | None
    remove: str | os.PathLike[str] | None
    extract: str | os.PathLike[str] | None
    exclude: str | os.PathLike[str] | None
    genetic_map: str | os.PathLike[str] | None
    conventions: PanelConventions


@dataclass(frozen=True, eq=False)
class FileGenotypes(ABC):
    """Dosages in one or several files of the same people.

    Parameters
    ----------
    paths : tuple of Path
    n_people : int
        People in the files.
    edges : int64, (n_files + 1,)
        First row of each file in the sequence of all.
    people : int64, (n_individuals,), optional
        Those to read; all when absent.
    """

    paths: tuple[Path, ...]
    n_people: int
    edges: NDArray[np.int64]
    people: NDArray[np.int64] | None = None

    def read(self, rows: NDArray[np.int64], n_threads: int = 1) -> NDArray[np.int8]:
        """Copies of allele 1, (n_rows, n_individuals); MISSING for a missing call."""
        rows = np.asarray(rows, dtype=np.int64)
        n_individuals = self.n_people if self.people is None else len(self.people)
        dosages = np.empty((len(rows), n_individuals), dtype=np.int8)
        file_of_row = np.searchsorted(self.edges, rows, side="right") - 1
        for place in np.unique(file_of_row):
            inside = np.flatnonzero(file_of_row == place)
            dosages[inside] = self._read_file(int(place), rows[inside] - self.edges[place], n_threads)
        return dosages

    @abstractmethod
    def _read_file(self, place: int, rows: NDArray[np.int64], n_threads: int) -> NDArray[np.int8]:
        """The same from one file, whose rows count from 0."""


def assemble_panel(
    snps: pa.Table,
    people: pa.Array,
    genotypes: Callable[[NDArray[np.int64] | None], Genotypes],
    sources: Sequence[Path],
    choice: PanelChoice,
    usable: NDArray[np.bool_] | None = None,
    unusable_because: str = "",
) -> ReferencePanel:
    """The panel of what was read.

    Parameters
    ----------
    snps
        CHR SNP CM BP A1 A2 of all rows of the files, in their order; dosages count A1.
    people
        FID and IID, separated by a blank.
    genotypes
        Makes the source of dosages, given the places of the people chosen (None for all).
    sources
        Files read, the first one of genotypes.
    usable : bool, (n_snps,), optional
        SNPs that can be read at all, and why the others cannot.
    """
    where = str(sources[0])
    notes: list[str] = []
    rows = choose_snps(snps, choice, where, notes, usable, unusable_because)
    chosen = choose_people(people, choice.keep, choice.remove, notes)
    snps = snps.take(as_arrow(rows)).combine_chunks()
    if not np.isfinite(as_numpy(snps["CM"])).all():
        raise InputError(f"{where}: its SNPs have centimorgans that are no numbers; expected numbers; write 0 there")
    panel = ReferencePanel(
        snp=one_chunk(snps["SNP"]), chrom=one_chunk(snps["CHR"]), cm=as_numpy(snps["CM"]), bp=as_numpy(snps["BP"]),
        allele_1=one_chunk(snps["A1"]), allele_2=one_chunk(snps["A2"]),
        individuals=people if chosen is None else people.take(as_arrow(chosen)),
        genotypes=genotypes(chosen), rows=rows, sources=tuple(map(str, dict.fromkeys(sources))), notes=tuple(notes),
    )  # fmt: skip
    counts = f"{len(panel)} SNPs, {panel.n_individuals} people"
    logger.info("%s: %s", panel.where, "; ".join([counts, *notes]))
    return panel if choice.genetic_map is None else read_genetic_map(choice.genetic_map).place(panel)


# ---------------------------------------------------------------------------------------------------------------------
# Files


def find_beside(genotypes: Path, suffix: str, files: FileSet, flag: str) -> Path:
    """The table of SNPs or people of a file of genotypes; one table of people may serve all chromosomes."""
    stem = str(genotypes)[: -len(genotypes.suffix)]
    candidates = [stem + suffix + end for end in _PACKED]
    if suffix in (".fam", ".psam") and "@" in files.stem:
        candidates.append(re.sub(r"[._-]*(chr)?[._-]*@", "", files.stem) + suffix)
    for candidate in candidates:
        if os.path.isfile(candidate):
            return Path(candidate)
    raise InputError(
        f"{stem}{suffix}: no such file; expected it beside {genotypes}; copy it there, or correct the name given with "
        f"{flag}"
    )


def whole_positions(path: Path, snps: pa.Table) -> pa.Table:
    """CHR SNP CM BP A1 A2 with positions as integers.  R writes them like 1e+05: read as numbers, they must be whole."""
    bp = as_numpy(snps["BP"])
    if not np.isfinite(bp).all():
        row = int(np.argmin(np.isfinite(bp)))
        raise InputError(
            f"{path}: SNP {snps['SNP'][row]} has position {bp[row]}; expected a whole number of base pairs; correct the "
            "position: every SNP needs one"
        )
    whole = bp == np.floor(bp)
    if not whole.all():
        row = int(np.argmin(whole))
        raise InputError(
            f"{path}: SNP {snps['SNP'][row]} has position {bp[row]}; expected a whole number of base pairs; are "
            "columns 3 (centimorgans) and 4 (base pairs) swapped?"
        )
    columns = ["CHR", "SNP", "CM", "BP", "A1", "A2"]
    return snps.select(columns).set_column(columns.index("BP"), "BP", as_arrow(bp.astype(np.int64)))


def read_same_people(paths: Sequence[Path], read: Callable[[Path], pa.Array]) -> pa.Array:
    """FID and IID, separated by a blank, from tables that must hold the same people in the same order."""
    first, *others = dict.fromkeys(paths)
    people = read(first)
    for path in others:
        found = read(path)
        if found.equals(people):
            continue
        different = next(
            (place for place, (one, other) in enumerate(zip(found, people, strict=False)) if not one.equals(other)),
            min(len(found), len(people)),
        )
        raise InputError(
            f"{path}: its {len(found)} people are not the {len(people)} of {first} (first difference on line "
            f"{different + 1}); expected the same people in the same order for every chromosome; use files of one "
            "panel, or write them again with plink2 --keep and --indiv-sort"
        )
    return people


# ---------------------------------------------------------------------------------------------------------------------
# Choosing SNPs and people


def read_snp_names(path: str | os.PathLike[str]) -> pa.Array:
    """Names in the first column of a text file without header."""
    n_columns = len(tables.read_header(path)[0])
    names = [f"column {place}" for place in range(n_columns)]
    table = tables.read_table(
        path, column_names=names, columns=names[:1], types=dict.fromkeys(names, pa.string()), null_texts=()
    )
    return one_chunk(table[names[0]])


def choose_snps(
    snps: pa.Table,
    choice: PanelChoice,
    where: str,
    notes: list[str],
    usable: NDArray[np.bool_] | None = None,
    unusable_because: str = "",
) -> NDArray[np.int64]:
    """Rows of the SNPs to use, in the order of the genome; `notes` takes what was left out."""
    kept = np.ones(len(snps), dtype=bool)
    if usable is not None:
        _note_lost(notes, ~usable, unusable_because)
        kept &= usable
    conventions = choice.conventions
    names = one_chunk(snps["SNP"])
    for path, wanted in ((choice.extract, True), (choice.exclude, False)):
        if path is None:
            continue
        if not wanted and tables.is_empty(path):
            notes.append(f"--exclude: {os.fspath(path)} is empty and leaves nothing out")
            continue
        wanted_names = read_snp_names(path)
        listed = as_numpy(pc.is_in(names, value_set=wanted_names))
        if not listed.any():
            raise InputError(
                f"{os.fspath(path)}: none of its names is among the {len(names)} SNPs of the panel ({where}: "
                f"{names[0]}, ...); expected names as in the panel, one per line; check that both use rsIDs"
            )
        kept &= listed == wanted
        notes.append(
            f"{int(listed.sum())} SNPs {'kept by --extract' if wanted else 'left out by --exclude'}"
            + _unknown(len(wanted_names) - pc.sum(pc.is_in(wanted_names, value_set=names)).as_py(), len(wanted_names))
        )
    if conventions.single_letters_only:
        letters = single_letter_rows((one_chunk(snps["A1"]), one_chunk(snps["A2"])), as_numpy(snps["BP"]))
        _note_lost(notes, kept & ~letters, "have long or equal alleles or no position")
        kept &= letters
    if conventions.drop_repeated_names:
        repeated = repeated_names(names)
        _note_lost(notes, kept & repeated, "share their name with another one")
        kept &= ~repeated
    rows = np.flatnonzero(kept)
    if len(rows) == 0:
        raise InputError(
            f"{where}: no SNP is left of {len(snps)}; expected some; check --extract and --exclude"
            + ("; SNPs need one-letter alleles under LDAK's rules" if conventions.single_letters_only else "")
        )
    rank = rank_chromosomes(one_chunk(snps["CHR"]))[1][rows]
    return rows[np.argsort(rank, kind="stable")]


def _note_lost(notes: list[str], lost: NDArray[np.bool_], why: str) -> None:
    if lost.any():
        notes.append(f"{counted(int(lost.sum()), 'SNP')} left out: they {why}")


def choose_people(
    people: pa.Array, keep: str | os.PathLike[str] | None, remove: str | os.PathLike[str] | None, notes: list[str]
) -> NDArray[np.int64] | None:
    """Places of the people to use; None for all."""
    kept = np.ones(len(people), dtype=bool)
    for path, wanted in ((keep, True), (remove, False)):
        if path is None:
            continue
        if not wanted and tables.is_empty(path):
            notes.append(f"--remove: {os.fspath(path)} is empty and leaves nobody out")
            continue
        listed, n_lines = _listed_people(path, people)
        kept &= listed == wanted
        notes.append(
            f"{int(listed.sum())} people {'kept by --keep' if wanted else 'left out by --remove'}"
            + _unknown(n_lines - int(listed.sum()), n_lines)
        )
    if not kept.any():
        raise InputError(f"--keep and --remove leave none of {len(people)} people; expected some; check both files")
    return None if kept.all() else np.flatnonzero(kept)


def _unknown(n_unknown: int, n_lines: int) -> str:
    return f", {n_unknown} of {n_lines} lines name none of the panel" if n_unknown > 0 else ""


def _listed_people(path: str | os.PathLike[str], people: pa.Array) -> tuple[NDArray[np.bool_], int]:
    """Which people a file lists, and how many different lines it has."""
    n_columns = len(tables.read_header(path)[0])
    names = [f"column {place}" for place in range(n_columns)]
    table = tables.read_table(path, column_names=names, types=dict.fromkeys(names, pa.string()), null_texts=())
    first = one_chunk(table[names[0]])
    iids = pc.list_element(pc.split_pattern(people, " ", max_splits=1), 1)
    if n_columns > 1:
        both = pc.binary_join_element_wise(first, one_chunk(table[names[1]]), " ").cast(pa.string())
        listed = pc.is_in(people, value_set=both)
        if pc.any(listed).as_py():
            return as_numpy(listed), len(pc.unique(both))
    listed = pc.is_in(iids, value_set=first)
    if not pc.any(listed).as_py():
        raise InputError(
            f"{os.fspath(path)}: none of its {len(first)} people (first: {first[0]}) is in the panel (first: "
            f"{people[0]}); expected FID and IID as in the panel, or IID alone; check the identifiers"
        )
    return as_numpy(listed), len(pc.unique(first))
