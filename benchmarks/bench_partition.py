"""Time and memory of `sumh2 partition` beside LDSC 1.0.1: python benchmarks/bench_partition.py [--keep FOLDER]

97 categories on the SNPs of the real eur_w_ld_chr scores (the first 1.1 million), a simulated trait of ../shared: whole
processes from command to result, out of our own tagging.  Categories are simulated: the real LD score times a smooth
share of the genome, with noise; their overlap is that of independent annotations.  LDSC's costs were measured on this
kind of machine and stand in ../shared/reference/ldsc/README.md.
"""

from __future__ import annotations

import lzma
import os
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
from proof_line import measured, sumh2

from ldscores.taggings.tagging import Tagging
from ldscores.taggings.tagging_files import read_tagging, write_tagging

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared"
EUR = SHARED / "data" / "ldscores_eur_w_ld_chr"
TRAITS = SHARED / "reference" / "ldsc" / "sumstats"
N_SNPS, N_CATEGORIES, N_REFERENCE = 1_100_000, 97, 5_961_159
REPEATS = 3
#: Wall seconds and GB of LDSC 1.0.1: without and with --overlap-annot.
LDSC_SECONDS, LDSC_GB = (48, 60), 4.5


def main() -> None:
    keep = sys.argv[sys.argv.index("--keep") + 1] if "--keep" in sys.argv else None
    with tempfile.TemporaryDirectory(prefix="sumh2-bench-") as name:
        folder = Path(keep or name).resolve()
        folder.mkdir(exist_ok=True)
        tagging = folder / "baseline97.tagging.parquet"
        if not tagging.exists():
            write_tagging(tagging, simulate_tagging())
            prepare_trait(folder)
        print(f"load average before: {os.getloadavg()[0]:.2f}; best of {REPEATS}; "
              f"{tagging.stat().st_size / 1e6:,.0f} MB tagging")  # fmt: skip
        print("\n| task | LDSC 1.0.1 | sumh2 | ratio |\n|---|---|---|---|")
        words = [f"{folder}/t1.sumstats.parquet", "--ld", str(tagging)]
        row("97 categories, 1.1 million SNPs", words, folder)
        row("the same on one core", words, folder, one_core=True)
        row("the same with --influence", [*words, "--influence"], folder)


def simulate_tagging() -> Tagging:
    """97 categories whose first is the real LD score."""
    real = read_tagging(str(EUR)).take(np.arange(N_SNPS))
    random = np.random.default_rng(1)
    shares = np.concatenate([[1.0], random.uniform(0.005, 0.3, N_CATEGORIES - 1)])
    scores = np.empty((N_SNPS, N_CATEGORIES))
    scores[:, 0] = real.tagging[:, 0]
    for place in range(1, N_CATEGORIES):
        smooth = np.repeat(random.gamma(0.5, 2.0, N_SNPS // 50 + 1), 50)[:N_SNPS]
        scores[:, place] = shares[place] * (scores[:, 0] * smooth + random.normal(0, 2, N_SNPS))
    m = shares * N_REFERENCE
    overlap = np.outer(m, m) / N_REFERENCE
    np.fill_diagonal(overlap, m)
    return replace(
        real, tagging=scores, names=("base", *(f"category{place}" for place in range(1, N_CATEGORIES))), m=m, m_5_50=m,
        overlap=overlap, overlap_5_50=overlap, n_reference=N_REFERENCE, n_reference_5_50=N_REFERENCE,
        regression_tagging=real.tagging[:, 0].copy(),
    )  # fmt: skip


def prepare_trait(folder: Path) -> None:
    (folder / "t1.sumstats").write_bytes(lzma.decompress((TRAITS / "t1.sumstats.xz").read_bytes()))
    measured(sumh2("sumh2", "munge", f"{folder}/t1.sumstats", "--out", f"{folder}/t1", "--quiet"), folder)


def row(task: str, words: list[str], folder: Path, one_core: bool = False) -> None:
    command = sumh2("sumh2", "partition", *words, "--out", f"{folder}/out", "--quiet")
    cost = measured(command, folder, repeats=REPEATS, one_core=one_core).cost
    low, high = LDSC_SECONDS
    print(f"| {task} | {low}–{high} s, {LDSC_GB} GB | {cost.wall:.1f} s, {cost.gigabytes:.2f} GB | "
          f"{low / cost.wall:.0f}–{high / cost.wall:.0f} × |", flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
