"""Speed and agreement of the atlas: python benchmarks/bench_atlas.py speed 300 | speed 1000 | agreement

``speed N`` simulates N traits of 1.1 million SNPs (ten shared components, a tenth of the SNPs missing at random, every
third with an N that varies by SNP), puts them into a store, and times what follows: h2 of every trait, tiles, tables.
Rates are those of the tiles' matrix products beside numpy's own sgemm of the same shape, before and after.

``agreement`` compares separable weights with LDSC's own (``--weights ldsc``) over 120 pairs of 16 simulated traits on
the real eur_w_ld_chr scores (N from 20,000 to 500,000, overlapping samples, up to a quarter of the SNPs missing in each;
then the same with all SNPs), and over the reference traits of ../shared, in standard errors.  Where SNPs are missing, rg
differs by more than its weights: LDSC takes both heritabilities on the SNPs of the pair, the atlas each on its own.
"""

from __future__ import annotations

import os
import resource
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow as pa
from threadpoolctl import threadpool_limits

import sumh2.atlas.atlas_files as atlas_files
import sumh2.atlas.tiles as tiles
from ldscores.shared.provenance import describe_file
from ldscores.taggings.tagging import Tagging
from ldscores.taggings.tagging_files import read_tagging
from sumh2 import SumStats, align, build_atlas, fit_atlas, read_sumstats
from sumh2.atlas.assembly import ListedTrait
from sumh2.atlas.store import StoredTrait, fingerprint_snps
from sumh2.atlas.store_files import SUFFIX, store_key, write_stored

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared"
N_SNPS, M_REFERENCE = 1_100_000, 5_961_159.0
N_COMPONENTS = 10


def main() -> None:
    match sys.argv[1:]:
        case ["speed", count]:
            speed(int(count))
        case ["agreement"]:
            agreement()
        case _:
            sys.exit(__doc__)


def load() -> str:
    return f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"


# ---------------------------------------------------------------------------------------------------------------------
# Speed


def speed(n_traits: int) -> None:
    with tempfile.TemporaryDirectory(prefix="sumh2-atlas-", dir=os.environ.get("SUMH2_BENCH_DIR")) as name:
        folder = Path(name)
        tagging = simulated_tagging()
        started = time.perf_counter()
        listed = fill_store(folder, tagging, n_traits)
        print(
            f"{n_traits} traits of {N_SNPS:,} SNPs stored in {time.perf_counter() - started:.0f} s; {load()}",
            flush=True,
        )
        warm_up(tagging)
        spent: Counter[str] = Counter()
        for module, function in (
            (atlas_files, "store_traits"), (atlas_files, "_fit_traits"), (atlas_files, "_run_tiles"),
            (atlas_files, "_assemble"), (atlas_files, "_write_tables"), (tiles, "pair_block_sums"),
        ):  # fmt: skip
            setattr(module, function, timed(getattr(module, function), function, spent))
        before = sgemm_rates()
        peak = PeakMemory()
        started, started_cpu = time.perf_counter(), time.process_time()
        atlas = build_atlas(listed, tagging, folder / "atlas", store=folder / "store")
        seconds, cpu = time.perf_counter() - started, time.process_time() - started_cpu
        n_pairs = len(atlas.pair_table)
        after = sgemm_rates()
        print(f"sgemm of numpy, 256 x 5,500 by 5,500 x 256: {before[0]:.0f} GFLOP/s before and {after[0]:.0f} after with "
              f"all threads, {before[1]:.0f} and {after[1]:.0f} GFLOP per CPU second; {load()}")  # fmt: skip
        print("wall seconds: ", end="")
        print(f"h2 {spent['_fit_traits']:.1f} s, tiles {spent['_run_tiles']:.1f} s (products {spent['pair_block_sums']:.1f}"
              f" s), assembly {spent['_assemble']:.1f} s, tables {spent['_write_tables']:.1f} s; CPU seconds: h2 "
              f"{spent['_fit_traits CPU']:.0f}, tiles {spent['_run_tiles CPU']:.0f}")  # fmt: skip
        print(f"total {seconds:.1f} s for {n_pairs:,} pairs: {1000 * seconds / n_pairs:.2f} ms a pair; "
              f"{cpu:.1f} CPU seconds")  # fmt: skip
        work = flops(n_traits) / 1e9
        print(f"products, with the making of their factors: {work / spent['pair_block_sums']:.0f} GFLOP/s, "
              f"{work / spent['pair_block_sums CPU']:.0f} GFLOP per CPU second")  # fmt: skip
        print(f"peak memory {peak.stop():.2f} GB, with mapped pages of the store "
              f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.2f} GB")  # fmt: skip
        print(f"{np.isfinite(atlas.rg).all(axis=None)=}, median rg SE {np.median(atlas.rg_se[atlas.rg_se > 0]):.3f}")


def flops(n_traits: int) -> float:
    """Multiplications and additions of all tiles: whole squares on the diagonal."""
    widths = [len(panel) for panel in tiles.lay_out(list(map(str, range(n_traits))), [], tiles.WIDEST)]
    cells = sum(widths[i] * widths[j] for i in range(len(widths)) for j in range(i, len(widths)))
    return 2.0 * tiles.N_SUMS * cells * N_SNPS


def sgemm_rates() -> tuple[float, float]:
    """GFLOP/s of numpy's sgemm with all threads, and GFLOP per CPU second with one: the load hardly touches these."""
    a, b = np.ones((256, 5500), np.float32), np.ones((5500, 256), np.float32)
    work = 50 * 2 * 256 * 256 * 5500 / 1e9
    rates = []
    for n_threads, clock in ((None, time.perf_counter), (1, time.thread_time)):
        with threadpool_limits(n_threads, user_api="blas"):
            a @ b
            started = clock()
            for _ in range(50):
                a @ b
            rates.append(work / (clock() - started))
    return rates[0], rates[1]


def timed(function, name, spent):
    """Wall seconds under the name, CPU seconds of the process under the name and " CPU"."""

    def call(*words, **options):
        started, started_cpu = time.perf_counter(), time.process_time()
        try:
            return function(*words, **options)
        finally:
            spent[name] += time.perf_counter() - started
            spent[f"{name} CPU"] += time.process_time() - started_cpu

    return call


class PeakMemory:
    """Highest anonymous memory of this process, sampled: without pages of mapped files, which the system may drop."""

    def __init__(self) -> None:
        self._highest, self._running = 0.0, True
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        while self._running:
            for line in Path("/proc/self/status").read_text().splitlines():
                if line.startswith("RssAnon"):
                    self._highest = max(self._highest, int(line.split()[1]) / 1e6)
            time.sleep(0.1)

    def stop(self) -> float:
        self._running = False
        self._thread.join()
        return self._highest


def simulated_tagging() -> Tagging:
    rng = np.random.default_rng(1)
    ld = rng.gamma(1.2, 35, N_SNPS) + 1
    chrom = np.sort(rng.integers(1, 23, N_SNPS))
    return Tagging(
        snp=pa.array(np.char.add("rs", np.arange(N_SNPS).astype(str))), chrom=pa.array(chrom.astype(str)),
        bp=np.arange(N_SNPS), tagging=ld[:, None], names=("L2",), m_5_50=np.array([M_REFERENCE]),
        regression_tagging=ld * rng.uniform(0.5, 1, N_SNPS),
    )  # fmt: skip


def fill_store(folder: Path, tagging: Tagging, n_traits: int) -> list[ListedTrait]:
    """Traits in the store under the keys of files that stand for their summary statistics."""
    rng = np.random.default_rng(2)
    ld = tagging.tagging[:, 0].astype(np.float32)
    components = rng.standard_normal((N_COMPONENTS, N_SNPS), dtype=np.float32)
    snps, chromosomes = fingerprint_snps(tagging), tagging.chrom.unique().to_pylist()
    (folder / "store").mkdir()
    listed = []
    for number in range(n_traits):
        source = folder / f"trait{number:04d}.sumstats"
        source.write_text(f"stands for {number}\n")
        n, h2 = float(rng.uniform(20_000, 500_000)), rng.uniform(0.05, 0.4)
        loading = rng.standard_normal(N_COMPONENTS).astype(np.float32)
        loading *= np.sqrt(0.6) / np.linalg.norm(loading)
        genetic = loading @ components + np.sqrt(0.4) * rng.standard_normal(N_SNPS, dtype=np.float32)
        z = np.sqrt(n * h2 / M_REFERENCE * ld).astype(np.float32) * genetic
        z += rng.standard_normal(N_SNPS, dtype=np.float32)
        missing = rng.random(N_SNPS, dtype=np.float32) < 0.1
        z[missing] = np.nan
        kinds = np.where(missing, 0, 1).astype(np.int8)
        varies = number % 3 == 0
        n_values = (n * rng.uniform(0.6, 1, N_SNPS)).astype(np.float32) if varies else np.array([n], np.float32)
        facts = {
            "has_alleles": True, "share_mismatched": 0.0, "maf_correlation": float("nan"), "chromosomes": chromosomes,
            "samp_prev": None, "pop_prev": None, "z_hash": str(number),
            "steps": [{"what": "in the LD scores", "removed": int(missing.sum()), "kept": int((~missing).sum())}],
        }  # fmt: skip
        key = store_key(describe_file(source)["sha256"], snps)
        write_stored(folder / "store" / f"{key}{SUFFIX}", StoredTrait(z, n_values, kinds, facts))
        listed.append(ListedTrait(source.stem, str(source)))
    return listed


def warm_up(tagging: Tagging) -> None:
    """Compile what is compiled, in the types of the store."""
    part = tagging.take(np.arange(2_000))
    with tempfile.TemporaryDirectory() as name:
        listed = []
        rng = np.random.default_rng(3)
        for number in range(2):
            source = Path(name) / f"w{number}.sumstats"
            rows = zip(part.snp.to_pylist(), rng.standard_normal(2_000) * 2, rng.uniform(1e4, 2e4, 2_000), strict=True)
            source.write_text("SNP\tA1\tA2\tZ\tN\n" + "".join(f"{snp}\tA\tC\t{z}\t{n}\n" for snp, z, n in rows))
            listed.append(ListedTrait(source.stem, str(source)))
        build_atlas(listed, part, Path(name) / "atlas")


# ---------------------------------------------------------------------------------------------------------------------
# Agreement


def agreement() -> None:
    tagging = read_tagging(str(SHARED / "data" / "ldscores_eur_w_ld_chr"))
    print("| traits | pairs | what | mean difference / SE | max difference / SE | SE ratio, median (range) |")
    print("|---|---|---|---|---|---|")
    compare("simulated", align(simulated_traits(tagging, 16), tagging))
    compare("the same, no SNP missing", align(simulated_traits(tagging, 16, missing=0.0), tagging))
    found = sorted((SHARED / "reference" / "ldsc" / "sumstats").glob("*.sumstats.xz"))
    compare("reference", align([read_sumstats(path) for path in found], tagging))
    print(f"\n{load()}")


def compare(what: str, aligned) -> None:
    started = time.perf_counter()
    ours = fit_atlas(aligned)
    ours_seconds = time.perf_counter() - started
    started = time.perf_counter()
    exact = fit_atlas(aligned, weights="ldsc")
    exact_seconds = time.perf_counter() - started
    pairs = np.triu_indices(aligned.n_traits, 1)
    for name in ("gcov", "gcov_int", "rg"):
        a, b = (getattr(atlas, name)[pairs] for atlas in (ours, exact))
        a_se, b_se = (getattr(atlas, f"{name}_se")[pairs] for atlas in (ours, exact))
        known = np.isfinite(a) & np.isfinite(b) & np.isfinite(b_se)
        moved, ratio = np.abs(a - b)[known] / b_se[known], (a_se / b_se)[known]
        print(f"| {what} | {known.sum()} | {name} | {moved.mean():.3f} | {moved.max():.3f} | {np.median(ratio):.3f} "
              f"({ratio.min():.3f} to {ratio.max():.3f}) |", flush=True)  # fmt: skip
    double = fit_atlas(aligned, double=True)
    rounding = np.nanmax(np.abs(ours.gcov - double.gcov)[pairs] / double.gcov_se[pairs])
    print(f"\n{what}: float32 against float64 products: at most {rounding:.1e} SE; {ours_seconds:.1f} s against "
          f"{exact_seconds:.1f} s for LDSC's weights\n", flush=True)  # fmt: skip


def simulated_traits(tagging: Tagging, n_traits: int, missing: float = 0.25) -> list[SumStats]:
    """Two families with rg from -0.6 to 0.9 within, samples that overlap by halves, N of 20,000 to 500,000."""
    rng = np.random.default_rng(4)
    n_snps, m = len(tagging), float(tagging.totals("M_5_50")[0])
    ld = np.maximum(tagging.tagging[:, 0], 0)
    components = rng.standard_normal((3, n_snps))
    cohort = rng.standard_normal((2, n_snps))
    alleles = np.array([(0, 1), (0, 2), (1, 0), (2, 0)], np.uint8)[rng.integers(0, 4, n_snps)]
    traits = []
    for number, n in enumerate(np.geomspace(20_000, 500_000, n_traits)):
        h2 = rng.uniform(0.05, 0.5)
        loading = rng.standard_normal(3)
        loading *= np.sqrt(rng.uniform(0.2, 0.95)) / np.linalg.norm(loading)
        genetic = loading @ components + np.sqrt(1 - loading @ loading) * rng.standard_normal(n_snps)
        overlap = rng.uniform(0, 0.7)
        noise = np.sqrt(overlap) * cohort[number % 2] + np.sqrt(1 - overlap) * rng.standard_normal(n_snps)
        n_values = np.full(n_snps, n) if number % 2 else n * rng.uniform(0.5, 1, n_snps)
        z = np.sqrt(n_values * h2 * ld / m) * genetic + noise
        kept = np.flatnonzero(rng.random(n_snps) > rng.uniform(0, missing))
        traits.append(SumStats(f"s{number}", tagging.snp.take(pa.array(kept)), z[kept], n_values[kept],
                               a1=alleles[kept, 0], a2=alleles[kept, 1]))  # fmt: skip
    return traits


if __name__ == "__main__":
    main()
