"""LDAK's reference panels and lists, and simulated panels, for the tests of thinning and weightings."""

from __future__ import annotations

import lzma
from functools import lru_cache
from pathlib import Path

import numpy as np
from conftest import PORTABLE, SHARED

from ldscores.panels.plink_files import read_panel
from ldscores.panels.reference_panel import LDAK_CONVENTIONS, ReferencePanel, make_panel

LDAK = SHARED / "reference" / "ldak"
PANELS = ("human", "eas", "miss", "ambig", "gctatest", "mice", "hapmap")


@lru_cache
def reference_panel(name: str, keep: Path | None = None) -> ReferencePanel:
    """One of LDAK's panels; "portable" is the one of this repository."""
    stem = PORTABLE / "inputs" / "panel" if name == "portable" else LDAK / "panels" / name
    return read_panel(stem, keep=keep, conventions=LDAK_CONVENTIONS)


def reference_text(path: Path) -> str:
    """A file of LDAK, compressed or not."""
    if path.exists():
        return path.read_text()
    return lzma.decompress(Path(f"{path}.xz").read_bytes()).decode()


def simulated_panel(seed: int, n_snps: int = 120, n_people: int = 60, missing: float = 0.0) -> ReferencePanel:
    """SNPs on two chromosomes with strong linkage disequilibrium, copies and mirrored copies among them."""
    rng = np.random.default_rng(seed)
    haplotypes = np.empty((n_snps, 2 * n_people), dtype=np.int8)
    haplotypes[0] = rng.random(2 * n_people) < 0.4
    for snp in range(1, n_snps):
        renewed = rng.random(2 * n_people) < rng.choice([0.0, 0.02, 0.1, 1.0], p=[0.15, 0.35, 0.35, 0.15])
        fresh = rng.random(2 * n_people) < rng.uniform(0.1, 0.9)
        haplotypes[snp] = np.where(renewed, fresh, haplotypes[snp - 1])
        if rng.random() < 0.1:
            haplotypes[snp] = 1 - haplotypes[snp]
    dosages = (haplotypes[:, ::2] + haplotypes[:, 1::2]).astype(np.int8)
    dosages[rng.random(dosages.shape) < missing] = -127
    dosages[rng.integers(n_snps, size=3)] = 1  # without variation
    chrom = np.where(np.arange(n_snps) < 0.6 * n_snps, "3", "11")
    bp = np.concatenate([np.sort(rng.integers(1, 200_000, (chrom == name).sum())) for name in ("3", "11")])
    return make_panel(dosages, chrom.tolist(), bp, cm=bp / 1e6)


def slow_r2(dosages: np.ndarray) -> np.ndarray:
    """Squared correlations after missing calls are set to the mean, pair by pair with numpy.corrcoef's formula."""
    filled = np.where(dosages < 0, np.nan, dosages.astype(float))
    filled = np.where(np.isnan(filled), np.nanmean(filled, axis=1, keepdims=True), filled)
    centred = filled - filled.mean(axis=1, keepdims=True)
    length = np.sqrt((centred**2).sum(axis=1))
    rows = np.divide(centred, length[:, None], out=np.zeros_like(centred), where=length[:, None] > 1e-9)
    return (rows @ rows.T) ** 2
