"""How fast taggings are built, against numpy's own sgemm in the same run: ``python benchmarks/bench_build.py``.

Panels are invented: people x SNPs of random genotypes, so that every r² is chance; the arithmetic does not care.
Times are CPU seconds of one thread, the best of several runs.  The reference costs (LDSC 1.0.1, LDAK 6.2) were measured
on a machine of this kind; they stand in ../shared/reference/ldsc/README.md and ../shared/SPEC-LDAK.md, section 13.
With one column and wide windows Gram matrices take fewer operations than the band whose GFLOP/s are counted: above 1.00
of sgemm.  ``--panel eur.@`` adds a run from files to files on a real panel.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
from threadpoolctl import threadpool_limits

from ldscores.build_files import build_to_files, find_models, plan_build
from ldscores.heritability_models import parse_models
from ldscores.panel import ArrayGenotypes, panel_from_arrays
from ldscores.plink_files import read_panel
from ldscores.sweep import SweepOptions, available_threads, sweep_taggings


class Job(NamedTuple):
    """A sweep: its size, what another program needs for it, and how many times faster we want to be."""

    name: str
    n_people: int
    n_snps: int
    n_left: int
    n_columns: int
    theirs: float = np.nan
    who: str = ""
    wanted: float = np.nan
    double: bool = False


JOBS = (
    Job("LD scores", 500, 100_000, 3000, 1, 39, "LDSC", 8),
    Job("LD scores, double", 500, 100_000, 3000, 1, 39, "LDSC", 8, double=True),
    Job("97 annotations", 500, 100_000, 3000, 97, 76, "LDSC", 10),
    Job("97 annotations, double", 500, 100_000, 3000, 97, 76, "LDSC", 10, double=True),
    Job("5 models, 31 alphas", 500, 100_000, 3000, 36),
    Job("LDAK, 1 category", 489, 82_448, 1961, 1, 17, "LDAK", 4),
    Job("LDAK, 66 categories", 489, 82_448, 1961, 66, 67, "LDAK", 10),
    Job("HapMap3, 1 cM", 503, 100_000, 430, 1),
)


def best_time(run: Callable[[], object], repeats: int) -> tuple[float, float]:
    """Smallest CPU and wall seconds."""
    times = []
    for _ in range(repeats):
        wall, cpu = time.perf_counter(), time.process_time()
        run()
        times.append((time.process_time() - cpu, time.perf_counter() - wall))
    return tuple(map(min, zip(*times, strict=True)))


def sgemm_rate() -> float:
    """GFLOP/s of numpy's own product of two different matrices in single precision, one thread."""
    left, right = (np.random.default_rng(seed).random((3000, 500), dtype=np.float32) for seed in (1, 2))
    with threadpool_limits(1):
        seconds = best_time(lambda: left @ right.T, 5)[1]
    return 2 * 3000 * 3000 * 500 / seconds / 1e9


def time_job(job: Job, share: float, repeats: int) -> tuple[float, float]:
    """CPU seconds of a job, scaled from a shorter chromosome, and GFLOP/s."""
    n_snps = max(int(job.n_snps * share), 2 * job.n_left)
    rng = np.random.default_rng(1)
    dosages = rng.binomial(2, 0.3, (n_snps, job.n_people)).astype(np.int8)
    panel = panel_from_arrays(dosages, ["1"] * n_snps, np.arange(1, n_snps + 1))
    assert isinstance(panel.genotypes, ArrayGenotypes)
    summary, starts = panel.summarise(), np.maximum(np.arange(n_snps) - job.n_left, 0)
    columns = np.ones((n_snps, 1)) if job.n_columns == 1 else rng.random((n_snps, job.n_columns))
    options = SweepOptions(1, 2.0, job.double)
    cpu, wall = best_time(lambda: sweep_taggings(panel, summary, starts, columns, options), repeats)
    pairs = float((np.arange(n_snps) - starts).sum())
    whole = job.n_snps * job.n_left - job.n_left**2 / 2
    return cpu * whole / pairs, 2 * job.n_people * pairs / wall / 1e9


def bench_files(bfile: str) -> None:
    """A panel from files to files on all cores."""
    models = parse_models("gcta")
    with tempfile.TemporaryDirectory() as folder:
        wall, cpu = time.perf_counter(), time.process_time()
        panel = read_panel(bfile)
        build_to_files(panel, find_models(panel, models), plan_build(models, window_cm=1.0), Path(folder) / "out")
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    print(
        f"\n{bfile}: {len(panel)} SNPs x {panel.n_individuals} people, 1 cM, files to files: {wall:.1f} s on "
        f"{available_threads()} cores, {cpu:.1f} CPU s"
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--share", type=float, default=0.15, help="part of each chromosome to run")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--panel", help="PLINK files for a run from files to files, with @ for the chromosome")
    arguments = parser.parse_args()
    print(f"load {os.getloadavg()[0]:.1f}; sgemm {sgemm_rate():.0f} GFLOP/s on one thread")
    print(f"{'':24}{'CPU s':>8}{'GFLOP/s':>9}{'of sgemm':>9}{'theirs':>12}{'times':>7}{'wanted':>8}")
    for job in JOBS:
        seconds, rate = time_job(job, arguments.share, arguments.repeats)
        theirs = f"{job.who} {job.theirs:.0f} s" if job.who else ""
        times = f"{job.theirs / seconds:.1f}" if job.who else ""
        wanted = f"{job.wanted:.0f}" if job.who else ""
        print(f"{job.name:24}{seconds:8.2f}{rate:9.0f}{rate / sgemm_rate():9.2f}{theirs:>12}{times:>7}{wanted:>8}")
    print(f"load {os.getloadavg()[0]:.1f}; sgemm {sgemm_rate():.0f} GFLOP/s on one thread")
    if arguments.panel:
        bench_files(arguments.panel)


if __name__ == "__main__":
    main()
