"""Frequencies and variances of reference panels, straight from bed-reader: independent of the code under test."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ldscores.shared import tables


@dataclass(frozen=True)
class PanelFacts:
    """SNPs of a panel with f_j, d_j (variance times call rate) and MAF."""

    snp: pa.Array
    chrom: pa.Array
    bp: NDArray[np.int64]
    cm: NDArray[np.float64]
    frequency: NDArray[np.float64]
    variance: NDArray[np.float64]

    @property
    def maf(self) -> NDArray[np.float64]:
        return np.minimum(self.frequency, 1 - self.frequency)


def read_panel_facts(stem: Path, folder: Path, people: list[str] | None = None) -> PanelFacts:
    """Read ``<stem>.bed/.bim[.xz]/.fam``; `folder` takes a copy of the .bed, which may lie in a read-only place."""
    from bed_reader import open_bed

    bim = next(path for path in (Path(f"{stem}.bim"), Path(f"{stem}.bim.xz")) if path.is_file())
    names = ["CHR", "SNP", "CM", "BP", "A1", "A2"]
    types = {name: pa.string() for name in ("CHR", "SNP", "A1", "A2")} | {"BP": pa.float64(), "CM": pa.float64()}
    table = tables.read_table(bim, column_names=names, types=types)
    fam = [" ".join(line.split()[:2]) for line in Path(f"{stem}.fam").read_text().splitlines()]
    bed = shutil.copy(f"{stem}.bed", folder / "panel.bed")
    dosages = open_bed(bed, iid_count=len(fam), sid_count=table.num_rows, properties={}).read(dtype="float64")
    if people is not None:
        dosages = dosages[np.isin(fam, people)]
    mean, called = np.nanmean(dosages, axis=0), np.isfinite(dosages).mean(axis=0)
    # Integers: a SNP without variation has a variance of exactly zero.
    n = np.isfinite(dosages).sum(axis=0)
    variance = (n * np.nansum(dosages**2, axis=0) - np.nansum(dosages, axis=0) ** 2) / n**2
    return PanelFacts(
        table["SNP"].combine_chunks(), table["CHR"].combine_chunks(), table["BP"].to_numpy().astype(np.int64),
        table["CM"].to_numpy(), mean / 2, variance * called,
    )  # fmt: skip


def file_of(path: Path) -> Path:
    """The file, or the same with .xz."""
    return path if path.is_file() else Path(f"{path}.xz")
