"""PLINK 1 panels: .bed, .bim and .fam, in one set or one per chromosome."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ldscores.chromosome_files import FileSet, find_files
from ldscores.chromosomes import rank_chromosomes
from ldscores.genetic_map_files import read_genetic_map
from ldscores.panel import LDSC_CONVENTIONS, PanelConventions, ReferencePanel, repeated_names, single_letter_rows
from ldscores.shared import tables
from ldscores.shared.errors import InputError

logger = logging.getLogger(__name__)

_MAGIC = b"\x6c\x1b"
_SNP_MAJOR = 1
_BIM = {
    "CHR": pa.string(), "SNP": pa.string(), "CM": pa.float64(), "BP": pa.float64(), "A1": pa.string(),
    "A2": pa.string(),
}  # fmt: skip
_FAM = ("FID", "IID", "FATHER", "MOTHER", "SEX", "PHENOTYPE")


@dataclass(frozen=True, eq=False)
class BedGenotypes:
    """Dosages in one or several SNP-major .bed files of the same people.

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
        """Copies of allele 1, (n_rows, n_individuals); -127 when missing."""
        rows = np.asarray(rows, dtype=np.int64)
        n_individuals = self.n_people if self.people is None else len(self.people)
        dosages = np.empty((len(rows), n_individuals), dtype=np.int8)
        file_of_row = np.searchsorted(self.edges, rows, side="right") - 1
        for place in np.unique(file_of_row):
            inside = np.flatnonzero(file_of_row == place)
            dosages[inside] = self._read_file(int(place), rows[inside] - self.edges[place], n_threads)
        return dosages

    def _read_file(self, place: int, rows: NDArray[np.int64], n_threads: int) -> NDArray[np.int8]:
        # Imported here: it takes a quarter of a second, which commands that read no genotypes need not wait for.
        from bed_reader import open_bed

        n_snps = int(self.edges[place + 1] - self.edges[place])
        contiguous = len(rows) > 0 and rows[-1] - rows[0] + 1 == len(rows)
        which = slice(int(rows[0]), int(rows[-1]) + 1) if contiguous else rows
        people = slice(None) if self.people is None else self.people
        with open_bed(self.paths[place], iid_count=self.n_people, sid_count=n_snps, skip_format_check=True) as bed:
            return bed.read(index=(people, which), dtype="int8", order="F", num_threads=n_threads).T


def read_panel(
    bfile: str | os.PathLike[str],
    *,
    keep: str | os.PathLike[str] | None = None,
    remove: str | os.PathLike[str] | None = None,
    extract: str | os.PathLike[str] | None = None,
    exclude: str | os.PathLike[str] | None = None,
    genetic_map: str | os.PathLike[str] | None = None,
    conventions: PanelConventions = LDSC_CONVENTIONS,
) -> ReferencePanel:
    """The SNPs and people of a PLINK 1 panel; genotypes are read later, by block.

    Parameters
    ----------
    bfile
        A prefix, a .bed file, a folder, or a path in which ``@`` or ``{chr}`` stands for the chromosome.  Files of
        several chromosomes may share one .fam: ``panel.fam`` beside ``panel.1.bed``.
    keep, remove
        Files of people to keep or to leave out: FID and IID, or IID alone.  A first column that holds IIDs, as LDSC's
        ``--keep`` takes it, is understood too.
    extract, exclude
        Files of names of SNPs (first column) to keep or to leave out.
    genetic_map
        Map from which centimorgans are taken instead of the .bim; see :mod:`ldscores.genetic_map_files`.
    conventions
        Whose rules say which SNPs are used at all.

    Raises
    ------
    InputError
        A file is missing, truncated, of another format or of another panel; names repeat; positions are not sorted.
    """
    files = _find_bed(os.fspath(bfile))
    beds = tuple(files.files.values())
    fams = [_beside(bed, ".fam", files) for bed in beds]
    people = _read_people(beds, fams)
    parts, bims = [], []
    for bed in beds:
        bim = _beside(bed, ".bim", files)
        parts.append(_read_bim(bim))
        _check_bed(bed, len(people), len(parts[-1]), bim, fams[0])
        bims.append(bim)
    snps = pa.concat_tables(parts).combine_chunks()
    edges = np.concatenate([[0], np.cumsum([len(part) for part in parts])]).astype(np.int64)
    notes: list[str] = []
    rows = _choose_snps(snps, extract, exclude, conventions, str(beds[0]), notes)
    chosen = _choose_people(people, keep, remove, notes)
    snps = snps.take(pa.array(rows)).combine_chunks()
    if not np.isfinite(snps["CM"].to_numpy()).all():
        raise InputError(f"{beds[0]}: the .bim has centimorgans that are no numbers; expected numbers; write 0 there")
    panel = ReferencePanel(
        snp=_one(snps["SNP"]), chrom=_one(snps["CHR"]), cm=snps["CM"].to_numpy(), bp=snps["BP"].to_numpy(),
        allele_1=_one(snps["A1"]), allele_2=_one(snps["A2"]),
        individuals=people if chosen is None else people.take(pa.array(chosen)),
        genotypes=BedGenotypes(beds, len(people), edges, chosen), rows=rows,
        sources=tuple(map(str, [*beds, *bims, *dict.fromkeys(fams)])), notes=tuple(notes),
    )  # fmt: skip
    counts = f"{len(panel)} SNPs, {panel.n_individuals} people"
    logger.info("%s: %s", panel.where, "; ".join([counts, *notes]))
    return panel if genetic_map is None else read_genetic_map(genetic_map).place(panel)


def _one(column: pa.ChunkedArray) -> pa.Array:
    combined = column.combine_chunks()
    return combined.chunk(0) if isinstance(combined, pa.ChunkedArray) else combined


# ---------------------------------------------------------------------------------------------------------------------
# Files


def _find_bed(name: str) -> FileSet:
    name = os.path.expandvars(os.path.expanduser(name))
    files = find_files(name, "PLINK genotypes", (".bed",))
    for path in files.files.values():
        if path.suffix != ".bed":
            raise InputError(
                f"{path}: found compressed genotypes; expected a plain .bed, of which any part can be read at once; "
                f"unpack it, e.g. with: {'xz -dk' if path.suffix == '.xz' else 'gunzip -k'} {path}"
            )
    return files


def _beside(bed: Path, suffix: str, files: FileSet) -> Path:
    """The .bim or .fam of a .bed; one .fam may serve all chromosomes."""
    stem = str(bed)[: -len(".bed")]
    candidates = [stem + suffix + end for end in ("", ".gz", ".xz", ".bz2", ".zst")]
    if suffix == ".fam" and "@" in files.stem:
        candidates.append(re.sub(r"[._-]*(chr)?[._-]*@", "", files.stem) + suffix)
    for candidate in candidates:
        if os.path.isfile(candidate):
            return Path(candidate)
    raise InputError(
        f"{stem}{suffix}: no such file; expected it beside {bed}; copy it there, or correct the name given with --bfile"
    )


def _read_bim(path: Path) -> pa.Table:
    table = tables.read_table(
        path, column_names=list(_BIM), types=_BIM, fill_short_lines=False, null_texts=(),
    )  # fmt: skip
    # R writes positions like 1e+05: read as numbers, then required to be whole.
    bp = table["BP"].to_numpy()
    whole = bp == np.floor(bp)
    if not whole.all():
        row = int(np.argmin(whole))
        raise InputError(
            f"{path}: SNP {table['SNP'][row]} has position {bp[row]}; expected a whole number of base pairs; are "
            "columns 3 (centimorgans) and 4 (base pairs) swapped?"
        )
    return table.select(list(_BIM)).set_column(list(_BIM).index("BP"), "BP", pa.array(bp.astype(np.int64)))


def _read_people(beds: Sequence[Path], fams: Sequence[Path]) -> pa.Array:
    """Identifiers of the people, the same in every .fam."""
    people: pa.Array | None = None
    for fam in dict.fromkeys(fams):
        table = tables.read_table(
            fam, column_names=list(_FAM), columns=["FID", "IID"], types=dict.fromkeys(_FAM, pa.string()), null_texts=(),
        )  # fmt: skip
        found = pc.binary_join_element_wise(_one(table["FID"]), _one(table["IID"]), " ").cast(pa.string())
        if people is not None and not found.equals(people):
            different = next(
                (place for place, (one, other) in enumerate(zip(found, people, strict=False)) if not one.equals(other)),
                min(len(found), len(people)),
            )
            raise InputError(
                f"{fam}: its {len(found)} people are not the {len(people)} of {fams[0]} (first difference on line "
                f"{different + 1}); expected the same people in the same order for every chromosome; use files of one "
                "panel, or write them again with plink2 --keep and --indiv-sort"
            )
        people = found
    if people is None:
        raise InputError(f"{beds[0]}: no .fam; expected one")
    return people


def _check_bed(path: Path, n_people: int, n_snps: int, bim: Path, fam: Path) -> None:
    """Raise InputError unless the .bed has PLINK's first bytes and the size that .bim and .fam say."""
    with path.open("rb") as stream:
        first = stream.read(3)
    if first[:2] != _MAGIC:
        raise InputError(
            f"{path}: does not begin with the bytes 6c 1b of a PLINK 1 .bed (found {first[:2].hex(' ') or 'nothing'}); "
            "expected genotypes written by plink --make-bed; is this another file under that name?"
        )
    if first[2:] != bytes([_SNP_MAJOR]):
        raise InputError(
            f"{path}: found an individual-major .bed; expected a SNP-major one; write it again with plink --make-bed"
        )
    expected, found = 3 + (n_people + 3) // 4 * n_snps, path.stat().st_size
    if found == expected:
        return
    whole = (found - 3) // max((n_people + 3) // 4, 1)
    raise InputError(
        f"{path}: {found} bytes, expected {expected} for {n_snps} SNPs ({bim.name}) and {n_people} people "
        f"({fam.name}); "
        + (
            f"the file is truncated after {whole} SNPs, or .bim or .fam are of another panel: copy all three again"
            if found < expected
            else ".bim or .fam are of another panel: copy all three again"
        )
    )


# ---------------------------------------------------------------------------------------------------------------------
# Choosing SNPs and people


def read_snp_names(path: str | os.PathLike[str]) -> pa.Array:
    """Names in the first column of a text file without header."""
    n_columns = len(tables.read_header(path)[0])
    names = [f"column {place}" for place in range(n_columns)]
    table = tables.read_table(
        path, column_names=names, columns=names[:1], types=dict.fromkeys(names, pa.string()), null_texts=()
    )
    return _one(table[names[0]])


def _choose_snps(
    snps: pa.Table,
    extract: str | os.PathLike[str] | None,
    exclude: str | os.PathLike[str] | None,
    conventions: PanelConventions,
    where: str,
    notes: list[str],
) -> NDArray[np.int64]:
    """Rows of the SNPs to use, in the order of the genome."""
    kept = np.ones(len(snps), dtype=bool)
    names = _one(snps["SNP"])
    for path, wanted in ((extract, True), (exclude, False)):
        if path is None:
            continue
        listed = pc.is_in(names, value_set=read_snp_names(path)).to_numpy(zero_copy_only=False)
        if not listed.any():
            raise InputError(
                f"{os.fspath(path)}: none of its names is among the {len(names)} SNPs of the panel ({where}: "
                f"{names[0]}, ...); expected names as in the .bim, one per line; check that both use rsIDs"
            )
        kept &= listed == wanted
        notes.append(f"{int(listed.sum())} SNPs {'kept by --extract' if wanted else 'left out by --exclude'}")
    if conventions.single_letters_only:
        usable = single_letter_rows((_one(snps["A1"]), _one(snps["A2"])), snps["BP"].to_numpy())
        _note_lost(notes, kept & ~usable, "have long or equal alleles or no position")
        kept &= usable
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
    rank = rank_chromosomes(_one(snps["CHR"]))[1][rows]
    return rows[np.argsort(rank, kind="stable")]


def _note_lost(notes: list[str], lost: NDArray[np.bool_], why: str) -> None:
    if lost.any():
        notes.append(f"{int(lost.sum())} SNPs left out: they {why}")


def _choose_people(
    people: pa.Array, keep: str | os.PathLike[str] | None, remove: str | os.PathLike[str] | None, notes: list[str]
) -> NDArray[np.int64] | None:
    kept = np.ones(len(people), dtype=bool)
    for path, wanted in ((keep, True), (remove, False)):
        if path is None:
            continue
        listed = _listed_people(path, people)
        kept &= listed == wanted
        notes.append(f"{int(listed.sum())} people {'kept by --keep' if wanted else 'left out by --remove'}")
    if not kept.any():
        raise InputError(f"--keep and --remove leave none of {len(people)} people; expected some; check both files")
    return None if kept.all() else np.flatnonzero(kept)


def _listed_people(path: str | os.PathLike[str], people: pa.Array) -> NDArray[np.bool_]:
    n_columns = len(tables.read_header(path)[0])
    names = [f"column {place}" for place in range(n_columns)]
    table = tables.read_table(path, column_names=names, types=dict.fromkeys(names, pa.string()), null_texts=())
    first = _one(table[names[0]])
    iids = pc.list_element(pc.split_pattern(people, " ", max_splits=1), 1)
    if n_columns > 1:
        both = pc.binary_join_element_wise(first, _one(table[names[1]]), " ").cast(pa.string())
        listed = pc.is_in(people, value_set=both)
        if pc.any(listed).as_py():
            return listed.to_numpy(zero_copy_only=False)
    listed = pc.is_in(iids, value_set=first)
    if not pc.any(listed).as_py():
        raise InputError(
            f"{os.fspath(path)}: none of its {len(first)} people (first: {first[0]}) is in the .fam (first: "
            f"{people[0]}); expected FID and IID as in the .fam, or IID alone; check the identifiers"
        )
    return listed.to_numpy(zero_copy_only=False)
