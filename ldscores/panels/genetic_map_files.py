"""Genetic maps: centimorgans at positions, for panels whose .bim has none."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ldscores.chromosome_files import find_files, split_names
from ldscores.panels.reference_panel import ReferencePanel
from ldscores.shared import tables
from ldscores.shared.errors import InputError

#: Names of the columns in maps as published, in lower case.
_POSITION = ("pos", "bp", "position", "position(bp)", "physical_position")
_CENTIMORGANS = ("cm", "map(cm)", "genetic_map(cm)", "genetic_map")
_CHROMOSOME = ("chr", "chrom", "chromosome")
_SUFFIXES = ("", ".gmap", ".map", ".txt")


@dataclass(frozen=True, eq=False)
class GeneticMap:
    """Positions in base pairs (ascending) and centimorgans of each chromosome, bare of a leading ``chr``."""

    where: str
    points: dict[str, tuple[NDArray[np.int64], NDArray[np.float64]]]

    def place(self, panel: ReferencePanel) -> ReferencePanel:
        """The panel with centimorgans interpolated on the map, constant beyond its ends (as PLINK's ``--cm-map``).

        Raises
        ------
        InputError
            The map lacks a chromosome of the panel.
        """
        cm = np.empty(len(panel))
        for name, rows in panel.chromosomes().items():
            points = self.points.get(_bare(name), self.points.get(""))
            if points is None:
                raise InputError(
                    f"{self.where}: no chromosome {name}, which {panel.where} has; found "
                    f"{' '.join(list(self.points)[:30])}; give a map of all chromosomes, with @ for the chromosome "
                    "if it is in several files"
                )
            cm[rows] = np.interp(panel.bp[rows], *points)
        return replace(panel, cm=cm, notes=(*panel.notes, f"centimorgans from {self.where}"))


def _bare(chrom: str) -> str:
    return chrom[3:] if chrom.lower().startswith("chr") and len(chrom) > 3 else chrom


def read_genetic_map(name: str | os.PathLike[str]) -> GeneticMap:
    """A map from one file, or from one per chromosome (``@`` or ``{chr}`` in the name).

    Tables with a header that names a position and a map column (SHAPEIT, HapMap, Eagle, Beagle with header), or PLINK's
    four columns without header: chromosome, name, centimorgans, base pairs.

    Raises
    ------
    InputError
        Columns are not recognised, or centimorgans fall while positions rise.
    """
    name = split_names(name)[0]
    if "@" in name or "{chr}" in name:
        suffix = next((end for end in _SUFFIXES[1:] if end in os.path.basename(name)), _SUFFIXES[1])
        files = find_files(name, "genetic maps", (suffix, *[end for end in _SUFFIXES[1:] if end != suffix])).files
    else:
        files = {"": Path(name)}
    points: dict[str, tuple[NDArray[np.int64], NDArray[np.float64]]] = {}
    for token, path in files.items():
        points |= _read_points(path, _bare(token))
    return GeneticMap(name, points)


def _read_points(path: Path, token: str) -> dict[str, tuple[NDArray, NDArray]]:
    header, _ = tables.read_header(path)
    names = None
    if header[-1].replace(".", "").isdigit() and len(header) == 4:
        names = header = ["CHR", "SNP", "CM", "BP"]
    chromosome, position, centimorgans = (_named(header, wanted) for wanted in (_CHROMOSOME, _POSITION, _CENTIMORGANS))
    if not position or not centimorgans:
        raise InputError(
            f"{os.fspath(path)}: found columns {' '.join(header[:8])}; expected a position and centimorgans, e.g. "
            "'pos chr cM' (SHAPEIT) or PLINK's 'chr name cM bp' without header; rename them"
        )
    table = tables.read_table(
        path, columns=[column for column in (chromosome, position, centimorgans) if column], column_names=names,
        types={position: pa.float64(), centimorgans: pa.float64()} | ({chromosome: pa.string()} if chromosome else {}),
    )  # fmt: skip
    bp, cm = table[position].to_numpy(), table[centimorgans].to_numpy()
    chroms = table[chromosome].to_numpy(zero_copy_only=False) if chromosome else np.full(len(bp), token, dtype=object)
    points = {}
    for chrom in dict.fromkeys(chroms):
        here = chroms == chrom
        order = np.argsort(bp[here], kind="stable")
        points[_bare(str(chrom))] = (bp[here][order].astype(np.int64), cm[here][order])
        if (np.diff(cm[here][order]) < 0).any():
            raise InputError(
                f"{os.fspath(path)}: centimorgans fall while positions rise on chromosome {chrom}; expected a map that "
                "rises; is it of another genome build, or are its columns swapped?"
            )
    return points


def _named(header: list[str], wanted: tuple[str, ...]) -> str | None:
    return next((column for column in header if column.lower() in wanted), None)
