"""Time and memory of `sumh2 alpha` and `sumh2 compare`: python benchmarks/bench_alpha.py [--snps 1100000]

Whole processes, reading included, on simulated taggings of the size of HapMap3: one alpha beside 31, and a model of 66
categories beside one of one category.  Taggings are noise with the right margins; nothing here depends on their truth.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa
from proof_line import measured, sumh2

from ldscores.models.ldak_columns import LdakColumns
from ldscores.taggings.tagging import Tagging
from ldscores.taggings.tagging_files import write_tagging
from sumh2 import SumStats, write_sumstats

ALPHAS = np.round(np.arange(-1, 0.51, 0.05), 2)


def write_inputs(folder: Path, n_snps: int) -> None:
    """Taggings of 1 and 31 alphas and of 66 categories, and a trait of alpha -0.25."""
    rng = np.random.default_rng(1)
    frequency, load = rng.uniform(0.05, 0.5, n_snps), rng.gamma(4, 12, n_snps) + 1
    v = 2 * frequency * (1 - frequency)
    own = v[:, None] ** (1 + ALPHAS)
    grid = own * load[:, None] + rng.uniform(0, 1, (n_snps, 1)) * own.mean(axis=0)
    # Annotations come in runs, and SNPs tag the whole of them.
    inside = np.repeat(rng.random((n_snps // 50 + 1, 65)) < rng.uniform(0.02, 0.3, 65), 50, axis=0)[:n_snps]
    shares = inside * rng.uniform(0.5, 1, (n_snps, 65)) + 0.02 * rng.random((n_snps, 65))
    tagged = np.column_stack([shares, np.ones(n_snps)]) * grid[:, [15]]
    sums = np.column_stack([inside, np.ones(n_snps)]).T @ (np.column_stack([inside, np.ones(n_snps)]) * own[:, [15]])

    def write(name: str, tagging: np.ndarray, names: list[str], contributions: np.ndarray) -> None:
        counts = np.full(len(names), n_snps)
        write_tagging(
            folder / f"{name}.tagging.parquet",
            Tagging(
                snp=snp, chrom=chrom, bp=bp, tagging=np.ascontiguousarray(tagging), names=tuple(names), model=name,
                regression_tagging=load, ldak=LdakColumns(contributions, counts, n_snps, n_snps),
            ),
        )  # fmt: skip

    snp = pa.array([f"rs{k}" for k in range(n_snps)])
    chrom = pa.array(np.sort(rng.integers(1, 23, n_snps)).astype(str))
    order = np.argsort(chrom.to_numpy(zero_copy_only=False).astype(int), kind="stable")
    chrom, bp = chrom.take(pa.array(order)), np.arange(n_snps, dtype=np.int64)
    totals = own.sum(axis=0)
    write("one", grid[:, [15]], ["Base"], np.diag(totals[[15]]))
    write("gcta", grid[:, [0]], ["Base"], np.diag(totals[[0]]))
    write("grid", grid, [f"Base[{alpha:g}]" for alpha in ALPHAS], np.diag(totals))
    write("bld", tagged, [f"annotation{k}" for k in range(65)] + ["Base"], sums)
    z = rng.standard_normal(n_snps) * np.sqrt(1 + 1e5 * 0.4 * grid[:, 15] / totals[15])
    write_sumstats(SumStats(trait="t", snp=snp, z=z, n=np.full(n_snps, 1e5)), folder / "t.sumstats.parquet")


def main() -> None:
    """A line a command."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--snps", type=int, default=1_100_000)
    parser.add_argument("--repeats", type=int, default=2)
    arguments = parser.parse_args()
    n_snps = arguments.snps
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        # In a process of its own: a child's largest memory starts from its parent's.
        writer = multiprocessing.get_context("spawn").Process(target=write_inputs, args=(folder, n_snps))
        writer.start()
        writer.join()
        trait = str(folder / "t.sumstats.parquet")

        def at(*names: str) -> str:
            return ",".join(str(folder / f"{name}.tagging.parquet") for name in names)

        print(f"{n_snps:,} SNPs; the whole process, reading included: wall seconds, processor seconds, GB of memory")
        for label, words in (
            ("h2 --estimator sumher, one alpha", ["h2", trait, "--ld", at("one"), "--estimator", "sumher"]),
            ("alpha, 31 alphas, no confounding", ["alpha", trait, "--ld", at("grid"), "--confounding", "none"]),
            ("alpha, 31 alphas, with and without intercept", ["alpha", trait, "--ld", at("grid")]),
            (
                "alpha, 31 alphas from zero, as LDAK",
                ["alpha", trait, "--ld", at("grid"), "--confounding", "none", "--from-zero"],
            ),
            ("h2 --estimator sumher, 66 categories", ["h2", trait, "--ld", at("bld"), "--estimator", "sumher"]),
            ("compare, two models of one category, 3 kinds each", ["compare", trait, "--ld", at("gcta", "one")]),
            ("compare, with one of 66 categories, 3 kinds each", ["compare", trait, "--ld", at("gcta", "one", "bld")]),
        ):
            cost = measured(sumh2("sumh2", *words, "--quiet"), folder, repeats=arguments.repeats).cost
            load = os.getloadavg()[0]
            print(
                f"{label:<52} {cost.wall:6.1f} s {cost.cpu:6.1f} s {cost.gigabytes:5.2f} GB  load {load:.1f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
