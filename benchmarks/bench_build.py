"""How fast taggings are built, against numpy's own sgemm in the same run: ``python benchmarks/bench_build.py``.

Run it from the top of the repository; it prints a Markdown table.  ``--panel eur.@`` adds a run from files to files on
a real panel.  ``--ldak-panel kg82.@`` times ``ldscores build`` under LDAK's rules alone, one category and 66, as whole
commands in processes of their own; LDAK's own seconds are those of the panel of 489 people x 82,448 SNPs that
../shared/data/panel_EUR489_22x1Mb_with_UKB_BOLT_gwas holds (unpack it with ``xz -dk``).

Panels are invented: people x SNPs of random genotypes, so that every r2 is chance; the arithmetic does not care.
Times are CPU seconds of one thread, the best of several runs, scaled from a part of the chromosome.  The reference
costs (LDSC 1.0.1, LDAK 6.2) were measured on a machine of this kind; they stand in ../shared/reference/ldsc/README.md
and ../shared/SPEC-LDAK.md, section 13.

GFLOP/s count the operations of the band of r2, 2 x people x pairs.  One column over wide windows is swept with Gram
matrices, which take fewer: above 1.00 of sgemm.  What many columns cost beside one is therefore given twice, over the
band with one column and over the Gram form with one column, which is what a run of one column alone takes.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple
from unittest import mock

import numpy as np
from proof_line import measured, sumh2
from threadpoolctl import threadpool_limits

from ldscores.building.build_files import build_to_files, plan_build
from ldscores.building.sweep import SweepOptions, sweep_taggings
from ldscores.models.heritability_models import parse_models
from ldscores.models.model_files import find_models
from ldscores.panels.plink_files import read_panel
from ldscores.panels.reference_panel import LDAK_CONVENTIONS, ArrayGenotypes, make_panel
from ldscores.shared.cores import usable_cores


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
    band: bool = False


#: The sweeps with one column, as band and as it is run, that others of the same panel are compared with.
PLAIN_BAND, PLAIN = "1 column, band", "1 column"

JOBS = (
    Job(PLAIN, 500, 100_000, 3000, 1, 39, "LDSC", 8),
    Job(PLAIN_BAND, 500, 100_000, 3000, 1, 39, "LDSC", 8, band=True),
    Job("1 column, double", 500, 100_000, 3000, 1, 39, "LDSC", 8, double=True),
    Job("97 columns", 500, 100_000, 3000, 97, 76, "LDSC", 10),
    Job("97 columns, double", 500, 100_000, 3000, 97, 76, "LDSC", 10, double=True),
    Job("5 models, 31 alphas: 36 columns", 500, 100_000, 3000, 36),
    Job("1 category", 489, 82_448, 1961, 1, 17, "LDAK", 4),
    Job("66 categories", 489, 82_448, 1961, 66, 67, "LDAK", 10),
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
    panel = make_panel(dosages, ["1"] * n_snps, np.arange(1, n_snps + 1))
    assert isinstance(panel.genotypes, ArrayGenotypes)
    summary, starts = panel.summarise(), np.maximum(np.arange(n_snps) - job.n_left, 0)
    columns = np.ones((n_snps, 1)) if job.n_columns == 1 else rng.random((n_snps, job.n_columns))
    options = SweepOptions(1, 2.0, job.double)
    # Whether Gram matrices are used is decided in the sweep; here only is it overruled.
    with mock.patch("ldscores.building.sweep._gram_length", return_value=0) if job.band else contextlib.nullcontext():
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
        f"{usable_cores()} cores, {cpu:.1f} CPU s"
    )


def bench_ldak_commands(bfile: str) -> None:
    """Commands as users give them, on one thread: CPU seconds with start, reading and writing, and peak memory."""
    panel = read_panel(bfile, conventions=LDAK_CONVENTIONS)
    rng = np.random.default_rng(1)
    print(f"\n{bfile}: {len(panel)} SNPs x {panel.n_individuals} people; {conditions()}\n")
    print("| categories | format | CPU s | wall s | GB | LDAK CPU s | times faster |")
    print("| --: | --- | --: | --: | --: | --: | --: |")
    with tempfile.TemporaryDirectory() as folder:
        names = panel.snp.to_pylist()
        for number in range(1, 66):  # every second one of values, the others of members alone
            rows = np.flatnonzero(rng.random(len(names)) < 0.2)
            value = (lambda: f" {rng.random():.6f}") if number % 2 else (lambda: "")
            Path(folder, f"a{number}").write_text("".join(f"{names[row]}{value()}\n" for row in rows))
        annotated = ["--model", "own", "--power", "-0.25", "--annotation-prefix", f"{folder}/a"]
        for words, theirs, n_categories in ((["--model", "human-default"], 17, 1), (annotated, 67, 66)):
            for file_format in ("ldak", "tagging"):
                command = ["build", "--bfile", os.path.abspath(bfile), *words, "--window-kb", "1000"]
                command += ["--conventions", "ldak", "--threads", "1", "--quiet", "--format", file_format]
                cost = measured(sumh2("ldscores", *command, "--out", f"{folder}/out"), Path(folder)).cost
                print(
                    f"| {n_categories} | {file_format} | {cost.cpu:.1f} | {cost.wall:.1f} | {cost.gigabytes:.2f} | "
                    f"{theirs} | {theirs / cost.cpu:.1f} |"
                )
    print(f"\n{conditions()}")


def conditions() -> str:
    """Load of the machine and speed of sgemm, now."""
    load = os.getloadavg()[0]
    return f"{usable_cores()} cores, load {load:.1f}; numpy's sgemm {sgemm_rate():.0f} GFLOP/s on one thread"


def print_table(rows: list[tuple[Job, float, float, float]], seconds_of: dict[str, float]) -> None:
    """Markdown, one line a job."""
    head = (
        "sweep", "people x SNPs x neighbours on one side", "CPU s", "GFLOP/s", "of sgemm", "theirs", "times faster",
        "wanted", "over 1 column (band)", "over 1 column (as run)",
    )  # fmt: skip
    lines = [head, ("---",) * 2 + ("--:",) * 8]
    for job, seconds, rate, share in rows:
        same_panel = (job.n_people, job.n_snps, job.n_left) == JOBS[0][1:4] and job.n_columns > 1
        theirs = ("", "", "")
        if job.who:
            theirs = f"{job.who} {job.theirs:.0f} s", f"{job.theirs / seconds:.1f}", f"{job.wanted:.0f}"
        ratios = [f"{seconds / seconds_of[name]:.2f}" if same_panel else "" for name in (PLAIN_BAND, PLAIN)]
        size = f"{job.n_people} x {job.n_snps:,} x {job.n_left:,}"
        lines.append((job.name, size, f"{seconds:.2f}", f"{rate:.0f}", f"{share:.2f}", *theirs, *ratios))
    for line in lines:
        print(f"| {' | '.join(line)} |")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--share", type=float, default=0.15, help="part of each chromosome to run")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--panel", help="PLINK files for a run from files to files, with @ for the chromosome")
    parser.add_argument("--ldak-panel", help="PLINK files for whole commands under LDAK's rules, and nothing else")
    arguments = parser.parse_args()
    if arguments.ldak_panel:
        bench_ldak_commands(arguments.ldak_panel)
        return
    print(conditions())
    rows, found = [], {}
    for job in JOBS:
        seconds, rate = time_job(job, arguments.share, arguments.repeats)
        found[job.name] = seconds
        rows.append((job, seconds, rate, rate / sgemm_rate()))
    print()
    print_table(rows, found)
    print(f"\n{conditions()}")
    if arguments.panel:
        bench_files(arguments.panel)


if __name__ == "__main__":
    main()
