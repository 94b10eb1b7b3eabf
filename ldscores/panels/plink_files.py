"""PLINK 1 panels: .bed, .bim and .fam, in one set or one per chromosome."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ldscores.chromosome_files import FileSet, find_files
from ldscores.panels.panel_files import (
    FileGenotypes,
    PanelChoice,
    assemble_panel,
    find_beside,
    read_same_people,
    whole_positions,
)
from ldscores.panels.reference_panel import LDSC_CONVENTIONS, PanelConventions, ReferencePanel
from ldscores.shared import tables
from ldscores.shared.arrow_arrays import as_scalar, one_chunk
from ldscores.shared.errors import InputError

#: First bytes of a .bed file of genotypes.
PLINK_MAGIC = b"\x6c\x1b"
_SNP_MAJOR = 1
_BIM = {
    "CHR": pa.string(), "SNP": pa.string(), "CM": pa.float64(), "BP": pa.float64(), "A1": pa.string(),
    "A2": pa.string(),
}  # fmt: skip
_FAM = ("FID", "IID", "FATHER", "MOTHER", "SEX", "PHENOTYPE")


class BedGenotypes(FileGenotypes):
    """Dosages in SNP-major .bed files."""

    def _read_file(self, place: int, rows: NDArray[np.int64], n_threads: int) -> NDArray[np.int8]:
        # Imported here: it takes a quarter of a second, which commands that read no genotypes need not wait for.
        from bed_reader import open_bed

        n_snps = int(self.edges[place + 1] - self.edges[place])
        contiguous = len(rows) > 0 and bool((np.diff(rows) == 1).all())
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
        Map from which centimorgans are taken instead of the .bim; see :mod:`ldscores.panels.genetic_map_files`.
    conventions
        Whose rules say which SNPs are used at all.

    Raises
    ------
    InputError
        A file is missing, truncated, of another format or of another panel; names repeat; positions are not sorted.
    """
    files = _find_bed(os.fspath(bfile))
    beds = tuple(files.files.values())
    fams = [find_beside(bed, ".fam", files, "--bfile") for bed in beds]
    bims = [find_beside(bed, ".bim", files, "--bfile") for bed in beds]
    people = read_same_people(fams, _read_fam)
    parts = []
    for bed, bim in zip(beds, bims, strict=True):
        parts.append(_read_bim(bim))
        _check_bed(bed, len(people), len(parts[-1]), bim, fams[0])
    edges = np.concatenate([[0], np.cumsum([len(part) for part in parts])]).astype(np.int64)
    return assemble_panel(
        pa.concat_tables(parts).combine_chunks(), people, lambda chosen: BedGenotypes(beds, len(people), edges, chosen),
        [*beds, *bims, *fams], PanelChoice(keep, remove, extract, exclude, genetic_map, conventions),
    )  # fmt: skip


# ---------------------------------------------------------------------------------------------------------------------
# Files


def _find_bed(name: str) -> FileSet:
    name = os.path.expandvars(os.path.expanduser(name))
    files = find_files(name, "PLINK genotypes", (".bed",), compressed=False)
    for path in files.files.values():
        if path.suffix != ".bed":
            raise InputError(
                f"{path}: found compressed genotypes; expected a plain .bed, of which any part can be read at once; "
                f"unpack it, e.g. with: {'xz -dk' if path.suffix == '.xz' else 'gunzip -k'} {path}"
            )
    return files


def _read_bim(path: Path) -> pa.Table:
    table = tables.read_table(
        path, column_names=list(_BIM), types=_BIM, fill_short_lines=False, null_texts=(),
    )  # fmt: skip
    return whole_positions(path, table)


def _read_fam(path: Path) -> pa.Array:
    """FID and IID, separated by a blank."""
    table = tables.read_table(
        path, column_names=list(_FAM), columns=["FID", "IID"], types=dict.fromkeys(_FAM, pa.string()), null_texts=(),
    )  # fmt: skip
    return pc.binary_join_element_wise(one_chunk(table["FID"]), one_chunk(table["IID"]), as_scalar(" ")).cast(
        pa.string()
    )


def _check_bed(path: Path, n_people: int, n_snps: int, bim: Path, fam: Path) -> None:
    """Raise InputError unless the .bed has PLINK's first bytes and the size that .bim and .fam say."""
    with path.open("rb") as stream:
        first = stream.read(3)
    if first[:2] != PLINK_MAGIC:
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
