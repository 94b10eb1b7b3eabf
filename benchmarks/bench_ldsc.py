"""Time and memory of munge, h2 and rg beside LDSC 1.0.1: python benchmarks/bench_ldsc.py [--munge-rows 1300000]

Whole processes on one core (taskset), on the real eur_w_ld_chr scores and the simulated traits of ../shared, 1.07
million SNPs.  LDSC's costs were measured on this kind of machine and stand in ../shared/reference/ldsc/README.md.
"""

from __future__ import annotations

import gzip
import lzma
import os
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
from proof_line import measured, sumh2

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared"
EUR = SHARED / "data" / "ldscores_eur_w_ld_chr"
TRAITS = SHARED / "reference" / "ldsc" / "sumstats"
REPEATS = 3

#: Wall seconds and GB of LDSC 1.0.1 (../shared/reference/ldsc/README.md); its munge took 38 to 51 s.
LDSC = {"h2": (15, 0.59), "pair": (6.5, None), "munge": (38, 0.7)}


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="sumh2-bench-") as name:
        folder = Path(name)
        prepare(folder)
        print(
            f"load average before: {os.getloadavg()[0]:.2f}; one core; best of {REPEATS}, after one run that compiles"
        )
        print("\n| task | LDSC 1.0.1 | sumh2 | ratio |\n|---|---|---|---|")
        ld = f"{folder}/ld/"
        row("h2, from published text files", "h2", ["h2", f"{folder}/t1.sumstats.gz", "--ld", ld], folder)
        row("h2, from our own files", "h2", ["h2", f"{folder}/t1.sumstats.parquet", "--ld", own(folder)], folder)
        munge = ["munge", f"{folder}/raw.txt.gz", "--out", f"{folder}/raw"]
        row("munge, 1.3 million rows", "munge", munge, folder)
        row("munge --ldsc, 1.3 million rows", "munge", [*munge, "--ldsc"], folder)
        further_pair()


def prepare(folder: Path) -> None:
    (folder / "ld").mkdir()
    for path in EUR.iterdir():
        if path.name.endswith(".xz"):
            (folder / "ld" / path.with_suffix(".gz").name).write_bytes(
                gzip.compress(lzma.decompress(path.read_bytes()), 6)
            )
        elif ".l2.M" in path.name:
            (folder / "ld" / path.name).write_bytes(path.read_bytes())
    for trait in ("t1", "t2"):
        text = lzma.decompress((TRAITS / f"{trait}.sumstats.xz").read_bytes())
        (folder / f"{trait}.sumstats.gz").write_bytes(gzip.compress(text, 6))
    measured(sumh2("sumh2", "munge", f"{folder}/t1.sumstats.gz", "--out", f"{folder}/t1", "--quiet"), folder)
    scores = f"{folder}/ld/"
    measured(sumh2("ldscores", "convert", scores, "--w-ld", scores, "--out", own(folder), "--quiet"), folder)
    write_raw(folder / "raw.txt.gz", int(sys.argv[sys.argv.index("--munge-rows") + 1]) if "--munge-rows" in sys.argv
              else 1_300_000)  # fmt: skip


def own(folder: Path) -> str:
    return f"{folder}/eur.tagging.parquet"


def write_raw(path: Path, n_rows: int) -> None:
    """A GWAS of the usual shape: SNP A1 A2 FRQ INFO BETA SE P N."""
    rng = np.random.default_rng(1)
    known = pd.read_csv(TRAITS / "t1.sumstats.xz", sep="\t").dropna()
    names = np.concatenate([known.SNP.to_numpy(), [f"rs9{i:09d}" for i in range(max(0, n_rows - len(known)))]])[:n_rows]
    letters = np.array([("A", "C"), ("A", "G"), ("C", "T"), ("G", "T"), ("C", "A")])[rng.integers(0, 5, len(names))]
    frequency, z = rng.uniform(0.02, 0.98, len(names)), rng.normal(size=len(names)) * 1.3
    se = 1 / np.sqrt(2e5 * frequency * (1 - frequency))
    from scipy.special import ndtr

    table = pd.DataFrame({
        "SNP": names, "A1": letters[:, 0], "A2": letters[:, 1], "FRQ": frequency, "INFO": rng.uniform(0.8, 1.02, len(z)),
        "BETA": z * se, "SE": se, "P": 2 * ndtr(-abs(z)), "N": rng.integers(90_000, 100_001, len(z)),
    })  # fmt: skip
    table.to_csv(path, sep="\t", index=False, float_format="%.8g")


def row(task: str, reference: str, words: list[str], folder: Path) -> None:
    measured(sumh2("sumh2", *words), folder)  # compiles
    cost = measured(sumh2("sumh2", *words), folder, repeats=REPEATS, one_core=True).cost
    seconds, gigabytes = cost.wall, cost.gigabytes
    theirs, their_memory = LDSC[reference]
    print(f"| {task} | {theirs} s, {their_memory} GB | {seconds:.2f} s, {gigabytes:.2f} GB | {theirs / seconds:.0f} |")


def further_pair() -> None:
    """Time of one more pair in a run of several: exactly LDSC's weights, own SNPs, own jackknife."""
    from ldscores.taggings.tagging_files import read_tagging
    from sumh2 import align, fit_rg, read_sumstats

    traits = [read_sumstats(TRAITS / f"t{number}.sumstats.xz") for number in (1, 2)]
    aligned = align([*traits, *traits], read_tagging(str(EUR)))
    times = []
    for _ in range(REPEATS + 1):
        started = time.perf_counter()
        fit_rg(aligned, pairs=[(0, 1)], n_threads=1)
        one = time.perf_counter() - started
        started = time.perf_counter()
        fit_rg(aligned, pairs=[(0, 1), (2, 1), (0, 3), (2, 3), (1, 2)], n_threads=1)
        times.append((time.perf_counter() - started - one) / 4)
    seconds = min(times[1:])
    print(
        f"| rg, each further pair | {LDSC['pair'][0]} s | {1000 * seconds:.0f} ms | {LDSC['pair'][0] / seconds:.0f} |"
    )


if __name__ == "__main__":
    main()
