"""Time, memory and arithmetic of a screen: python benchmarks/bench_screen.py [--annotations 2000] [--float32]

A baseline of 97 categories and 2,000 annotations on 1.1 million SNPs, simulated at the positions of the published
LD scores (eur_w_ld_chr in ../shared): smooth columns, as taggings are, whose digits do not compress.  The whole command
`sumh2 screen` runs as a process of its own, from the files to the table, and in the same run the products are compared
with what numpy's dgemm and sgemm reach on this machine.  Then shared weights against weights of each annotation's own:
the largest difference in standard errors, on simulated annotations, LDSC's reference inputs and real ones of
chromosome 22.  Needs some 20 GB (float64) on the disk of --folder, /tmp by default.

LDSC 1.0.1's cost stands in ../shared/reference/ldsc/README.md: 7.7 CPU seconds for each further annotation over 53
categories and 1.07 million SNPs.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from proof_line import Cost, measured, own_gigabytes, sumh2

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared"
N_SNPS, N_CATEGORIES = 1_100_000, 97
LDSC_SECONDS = 7.7
_ROWS = 1 << 16


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    asked.add_argument("--annotations", type=int, default=2000)
    asked.add_argument("--float32", action="store_true", help="annotations stored in single precision")
    asked.add_argument("--folder", default=None)
    asked.add_argument("--exact", type=int, default=24, help="annotations that are also fitted under their own weights")
    chosen = asked.parse_args()
    with tempfile.TemporaryDirectory(prefix="sumh2-screen-", dir=chosen.folder) as name:
        folder = Path(name).resolve()
        started = time.perf_counter()
        write_inputs(folder, chosen.annotations, chosen.exact, np.float32 if chosen.float32 else np.float64)
        size = (folder / "cells.tagging.parquet").stat().st_size / 1e9
        print(f"inputs written in {time.perf_counter() - started:.0f} s: {size:.1f} GB of annotations", flush=True)
        for attempt in ("first", "second"):
            print(f"\n{attempt} run, load average before {os.getloadavg()[0]:.2f}", flush=True)
            cost = run_command(folder)
            each = cost.wall / chosen.annotations
            print(
                f"sumh2 screen: {cost.wall:.1f} s ({cost.cpu:.1f} s of CPU) for {chosen.annotations} annotations, peak "
                f"{cost.gigabytes:.2f} GB; "
                f"{1000 * each:.1f} ms each, {LDSC_SECONDS / each:.0f} times less than LDSC's {LDSC_SECONDS} s",
                flush=True,
            )
        measure_products()
        compare_weights(folder)


# ---------------------------------------------------------------------------------------------------------------------
# Inputs


def write_inputs(folder: Path, n_annotations: int, n_exact: int, dtype: type) -> None:
    from ldscores.taggings.tagging import Tagging
    from ldscores.taggings.tagging_files import read_tagging, write_tagging

    rng = np.random.default_rng(5)
    published = read_tagging(str(SHARED / "data" / "ldscores_eur_w_ld_chr"))
    published = published.take(np.arange(min(N_SNPS, len(published))))
    n_snps, plain = len(published), published.tagging[:, 0]
    baseline = np.empty((n_snps, N_CATEGORIES))
    baseline[:, 0] = plain
    for column in range(1, N_CATEGORIES):
        baseline[:, column] = plain * smooth_share(rng, n_snps, rng.uniform(0.01, 0.4))
    # Every annotation is a share of the LD score of its own: two of 64 smooth series, shifted and mixed.
    series = [smooth_share(rng, n_snps, rng.uniform(0.01, 0.3)) for _ in range(64)]
    m = np.concatenate([[1_000_000.0], rng.uniform(1e4, 4e5, N_CATEGORIES - 1)])
    tagging = Tagging(
        published.snp, published.chrom, published.bp, baseline,
        ("base", *(f"category{number}" for number in range(1, N_CATEGORIES))), m=m, m_5_50=m, regression_tagging=plain,
    )  # fmt: skip
    write_tagging(folder / "baseline.tagging.parquet", tagging)
    truth = 0.4 / 1e6 * baseline[:, 0] + 0.2 / 1e6 * baseline[:, 3]
    z = rng.normal(size=n_snps) * np.sqrt(1.02 + 1e5 * truth)
    from sumh2.sumstats import SumStats
    from sumh2.sumstats_files import write_sumstats

    alleles = np.zeros(n_snps, np.uint8)
    trait = SumStats("trait", published.snp, z, np.full(n_snps, 1e5), a1=alleles, a2=alleles + np.uint8(1))
    write_sumstats(trait, folder / "trait.sumstats.parquet")
    write_annotations(folder / "few.tagging.parquet", published, plain, series, n_exact, dtype, rng)
    write_annotations(folder / "cells.tagging.parquet", published, plain, series, n_annotations, dtype, rng)


def smooth_share(rng: np.random.Generator, n_snps: int, mean: float) -> np.ndarray:
    """A share between 0 and 1 that varies over some hundred SNPs."""
    noise = rng.normal(size=n_snps + 400)
    smooth = np.convolve(noise, np.ones(200) / np.sqrt(200), mode="same")[:n_snps]
    return mean * np.exp(smooth - 0.5)


def write_annotations(path: Path, published, plain, series, n_annotations, dtype, rng) -> None:
    names = [f"cell{number}" for number in range(n_annotations)]
    first, second = rng.integers(0, len(series), n_annotations), rng.integers(0, len(series), n_annotations)
    shift = rng.integers(1000, len(plain) - 1000, n_annotations)
    fields = [("SNP", pa.string()), ("CHR", pa.string()), ("BP", pa.int64())]
    fields += [(name, pa.from_numpy_dtype(dtype)) for name in names]
    schema = pa.schema(fields).with_metadata({b"sumh2": metadata(names)})
    doubled = [np.concatenate([one, one]) for one in series]
    with pq.ParquetWriter(path, schema, compression="zstd", use_dictionary=["CHR"]) as writer:
        for start in range(0, len(plain), _ROWS):
            rows = slice(start, min(start + _ROWS, len(plain)))
            columns = {"SNP": published.snp[rows], "CHR": published.chrom[rows], "BP": published.bp[rows]}
            for number, name in enumerate(names):
                moved = doubled[second[number]][rows.start + shift[number] : rows.stop + shift[number]]
                columns[name] = (plain[rows] * (0.5 * series[first[number]][rows] + moved)).astype(dtype)
            writer.write_table(pa.table(columns, schema=schema), row_group_size=_ROWS)


def metadata(names: list[str]) -> bytes:
    import json

    m = [50_000.0] * len(names)
    return json.dumps({"format": "sumh2 tagging", "format_version": 1, "names": names, "M": m, "M_5_50": m}).encode()


# ---------------------------------------------------------------------------------------------------------------------
# The command


def run_command(folder: Path) -> Cost:
    """Cost of the whole command."""
    words = ["screen", f"{folder}/trait.sumstats.parquet", "--ld", f"{folder}/baseline.tagging.parquet",
             "--annotations", f"{folder}/cells.tagging.parquet", "--out", f"{folder}/screen", "--binary"]  # fmt: skip
    return measured(sumh2("sumh2", *words), folder).cost


def measure_products() -> None:
    """GFLOP/s of the borders, everything included, beside plain matrix products of the same and of a square shape."""
    from threadpoolctl import threadpool_limits

    from ldscores.shared.cores import usable_cores
    from sumh2.kernels.block_sums import block_edges
    from sumh2.kernels.bordered_regression import RegressionColumns, border_sums

    rng, n_snps, n_annotations = np.random.default_rng(1), N_SNPS, 56
    ld_scores = rng.random((n_snps, N_CATEGORIES))
    columns = RegressionColumns(
        ld_scores, np.ones(n_snps), rng.random(n_snps), rng.random(n_snps), block_edges(n_snps, 200), True,
        np.empty((0, n_snps)),
    )  # fmt: skip
    values = rng.random((n_annotations, n_snps))
    flops = 2.0 * n_snps * N_CATEGORIES * n_annotations
    n_cores = usable_cores()
    print(f"\nproducts, {n_cores} cores, load average {os.getloadavg()[0]:.2f}: 10^9 operations a second, best of 5")
    with threadpool_limits(1, user_api="blas"):
        borders = best(lambda: border_sums(columns, values, n_cores))
    print(f"borders, sums and conversion included  {flops / borders / 1e9:6.1f}")
    for dtype in (np.float64, np.float32):
        a, b = values.astype(dtype), ld_scores.astype(dtype)
        square = rng.random((2000, 2000)).astype(dtype)
        plain, large = best(lambda a=a, b=b: a @ b), best(lambda square=square: square @ square)
        name = "dgemm" if dtype is np.float64 else "sgemm"
        print(f"{name}, the same product whole            {flops / plain / 1e9:6.1f}")
        print(f"{name}, 2000 x 2000 x 2000                {2 * 2000**3 / large / 1e9:6.1f}")


def best(work) -> float:
    times = []
    for _ in range(5):
        started = time.perf_counter()
        work()
        times.append(time.perf_counter() - started)
    return min(times)


# ---------------------------------------------------------------------------------------------------------------------
# Shared weights against own weights


def compare_weights(folder: Path) -> None:
    from sumh2 import align, find_annotations, read_sumstats, read_tagging

    print("\n| annotations | number | largest difference of tau in SE | of SE, % | of z | seconds each, own weights |")
    print("|---|---|---|---|---|---|")
    trait = read_sumstats(folder / "trait.sumstats.parquet")
    aligned = align([trait], read_tagging(str(folder / "baseline.tagging.parquet")))
    compare("simulated, 97 categories, 1.1 million SNPs", aligned, find_annotations(f"{folder}/few.tagging.parquet"))
    inputs = SHARED / "reference" / "ldsc"
    where = os.getcwd()
    os.chdir(inputs)
    tagging = read_tagging("partition_inputs/ld/ovl.", weights="partition_inputs/ld/w.").drop_constant_categories()[0]
    aligned = align([read_sumstats("partition_inputs/trait1.sumstats.gz")], tagging)
    compare("LDSC's reference list, with controls", aligned, find_annotations("partition_inputs/cts.ldcts"))
    os.chdir(where)
    aligned, cells = real_chromosome_22()
    compare("baseline v1.2 beside its base, height, chromosome 22", aligned, cells)


def real_chromosome_22():
    """Height on chromosome 22 over the base category, and the 52 annotations of the baseline to test beside it."""
    from sumh2 import align, munge, read_tagging

    height = munge(str(SHARED / "data" / "gwas_real" / "ukb_height_chr22.fastGWA.gz")).sumstats
    whole = read_tagging(f"{SHARED}/data/baseline_v1.2_chr22/baseline.")
    base = whole.select(np.array([0]))
    return align([height], base), whole


def compare(label: str, aligned, annotations) -> None:
    from ldscores.shared.cores import usable_cores
    from sumh2 import fit_screen

    shared = fit_screen(aligned, annotations, blocks="snps", n_threads=usable_cores())
    started = time.perf_counter()
    own = fit_screen(aligned, annotations, weights="ldsc", n_threads=usable_cores())
    seconds = (time.perf_counter() - started) / len(own.rows)
    pairs = [
        (a, b) for a, b in zip(shared.rows, own.rows, strict=True) if np.isfinite(a.tau_se) and np.isfinite(b.tau_se)
    ]
    tau = max(abs(a.tau - b.tau) / b.tau_se for a, b in pairs)
    se = max(abs(a.tau_se / b.tau_se - 1) for a, b in pairs)
    z = max(abs(a.tau_z - b.tau_z) for a, b in pairs)
    print(f"| {label} | {len(pairs)} | {tau:.3f} | {100 * se:.1f} | {z:.3f} | {seconds:.2f} |", flush=True)


if __name__ == "__main__":
    main()
    print(f"peak memory of this program {own_gigabytes():.2f} GB")
