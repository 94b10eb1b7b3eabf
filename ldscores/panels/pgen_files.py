"""PLINK 2 panels: .pgen, .pvar and .psam, in one set or one per chromosome; read through Pgenlib, an extra.

Hard calls are read, not dosages.  The first alternative allele is counted: it is what ``plink2 --make-bed`` makes
allele 1 of the .bim, so that a panel is the same in both forms.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ldscores.chromosome_files import find_files
from ldscores.kernels.genotypes import MISSING
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
from ldscores.shared.arrow_arrays import one_chunk
from ldscores.shared.errors import InputError

_MISSING_CALL = -9
_NO_HEADER = {5: ("#CHROM", "ID", "POS", "ALT", "REF"), 6: ("#CHROM", "ID", "CM", "POS", "ALT", "REF")}
_PVAR = {"#CHROM": "CHR", "ID": "SNP", "CM": "CM", "POS": "BP", "ALT": "A1", "REF": "A2"}


@dataclass(frozen=True, eq=False)
class PgenGenotypes(FileGenotypes):
    """Hard calls in .pgen files.

    Parameters
    ----------
    allele_offsets : tuple of uintp (n_snps + 1,) or None
        For each file with variants of several alternative alleles, the first allele of each variant in the list of all.
    """

    allele_offsets: tuple[NDArray[np.uintp] | None, ...] = ()

    def _read_file(self, place: int, rows: NDArray[np.int64], n_threads: int) -> NDArray[np.int8]:
        n_snps = int(self.edges[place + 1] - self.edges[place])
        n_individuals = self.n_people if self.people is None else len(self.people)
        calls = np.empty((len(rows), n_individuals), dtype=np.int8)
        with _open_pgen(self.paths[place], self.n_people, n_snps, self.people, self.allele_offsets[place]) as reader:
            reader.read_list(rows.astype(np.uint32), calls, allele_idx=1)
        calls[calls == _MISSING_CALL] = MISSING
        return calls


def read_pgen_panel(
    pfile: str | os.PathLike[str],
    *,
    keep: str | os.PathLike[str] | None = None,
    remove: str | os.PathLike[str] | None = None,
    extract: str | os.PathLike[str] | None = None,
    exclude: str | os.PathLike[str] | None = None,
    genetic_map: str | os.PathLike[str] | None = None,
    conventions: PanelConventions = LDSC_CONVENTIONS,
) -> ReferencePanel:
    """The SNPs and people of a PLINK 2 panel; genotypes are read later, by block.

    Variants with several alternative alleles are left out.

    Parameters
    ----------
    pfile
        A prefix, a .pgen file, a folder, or a path in which ``@`` or ``{chr}`` stands for the chromosome.
    keep, remove, extract, exclude, genetic_map, conventions
        As in :func:`ldscores.panels.plink_files.read_panel`.

    Raises
    ------
    InputError
        Pgenlib is not installed; a file is missing, broken or of another panel; names repeat; positions are not sorted.
    """
    _import_pgenlib()
    files = find_files(
        os.path.expandvars(os.path.expanduser(os.fspath(pfile))), "PLINK 2 genotypes", (".pgen",), compressed=False
    )
    pgens = tuple(files.files.values())
    pvars = [find_beside(pgen, ".pvar", files, "--pfile") for pgen in pgens]
    psams = [find_beside(pgen, ".psam", files, "--pfile") for pgen in pgens]
    people = read_same_people(psams, _read_psam)
    parts = [_read_pvar(path) for path in pvars]
    n_alternatives = [pc.add(pc.count_substring(part["A1"], ","), 1).to_numpy() for part in parts]
    offsets = [
        None if (counts == 1).all() else np.concatenate([[0], np.cumsum(counts + 1)]).astype(np.uintp)
        for counts in n_alternatives
    ]
    for pgen, part, some in zip(pgens, parts, offsets, strict=True):
        with _open_pgen(pgen, len(people), len(part), None, some):
            pass
    edges = np.concatenate([[0], np.cumsum([len(part) for part in parts])]).astype(np.int64)
    return assemble_panel(
        pa.concat_tables(parts).combine_chunks(), people,
        lambda chosen: PgenGenotypes(pgens, len(people), edges, chosen, tuple(offsets)),
        [*pgens, *pvars, *psams], PanelChoice(keep, remove, extract, exclude, genetic_map, conventions),
        np.concatenate(n_alternatives) == 1, "have several alternative alleles",
    )  # fmt: skip


def _import_pgenlib() -> ModuleType:
    try:
        import pgenlib
    except ImportError as error:
        raise InputError(
            "--pfile: Pgenlib is not installed; expected the extra: pip install 'sumh2[pgen]', or write PLINK 1 files "
            "with plink2 --make-bed and name them with --bfile"
        ) from error
    return pgenlib


@contextlib.contextmanager
def _open_pgen(
    path: Path, n_people: int, n_snps: int, people: NDArray[np.int64] | None, offsets: NDArray[np.uintp] | None
) -> Iterator[Any]:
    """A reader of one file; InputError when it is, or turns out to be, broken or of another panel."""
    pgenlib = _import_pgenlib()
    subset = None if people is None else people.astype(np.uint32)
    try:
        with pgenlib.PgenReader(
            os.fsencode(path), raw_sample_ct=n_people, variant_ct=n_snps, sample_subset=subset,
            allele_idx_offsets=offsets,
        ) as reader:  # fmt: skip
            yield reader
    except RuntimeError as error:
        reason = " ".join(str(error).split()).removeprefix("Error: ").rstrip(".")
        raise InputError(
            f"{path}: cannot be read as genotypes of {n_snps} SNPs (.pvar) and {n_people} people (.psam): {reason}; "
            "the file is truncated, or .pvar or .psam are of another panel: copy all three again"
        ) from error


def _read_pvar(path: Path) -> pa.Table:
    """CHR SNP CM BP A1 A2, where A1 is the alternative allele; 0 cM where the file has none."""
    header = tables.read_header(path, comment="##")[0]
    named = header[0] == "#CHROM"
    if not named and len(header) < 5:
        raise InputError(
            f"{path}: found {len(header)} columns; expected #CHROM POS ID REF ALT in a header, or five or six columns "
            "as in a .bim; is this another file under that name?"
        )
    if not named:
        header = [*_NO_HEADER[min(len(header), 6)], *map(str, range(6, len(header)))]
    wanted = [name for name in _PVAR if name in header or name != "CM"]
    types = dict.fromkeys(header, pa.string()) | {"POS": pa.float64(), "CM": pa.float64()}
    table = tables.read_table(
        path, columns=wanted, types=types, comment="##", column_names=None if named else header, null_texts=(),
    )  # fmt: skip
    table = table.rename_columns([_PVAR[name] for name in wanted])
    if "CM" not in table.column_names:
        table = table.append_column("CM", pa.array(np.zeros(len(table))))
    return whole_positions(path, table)


def _read_psam(path: Path) -> pa.Array:
    """FID and IID, separated by a blank; FID 0 where the file has none, as plink2 has it."""
    header = tables.read_header(path, comment="##")[0]
    named = header[0] in ("#FID", "#IID")
    if not named:
        header = ["#FID", "IID", *map(str, range(2, len(header)))]
    wanted = ["#IID"] if header[0] == "#IID" else ["#FID", "IID"]
    table = tables.read_table(
        path, columns=wanted, types=dict.fromkeys(header, pa.string()), comment="##",
        column_names=None if named else header, null_texts=(),
    )  # fmt: skip
    iid = one_chunk(table[wanted[-1]])
    fid = pa.array(["0"] * len(iid)) if len(wanted) == 1 else one_chunk(table["#FID"])
    return pc.binary_join_element_wise(fid, iid, " ").cast(pa.string())
