"""How fast SumHer fits are: python benchmarks/bench_sumher.py [--snps 1100000] [--categories 66]

Run it from the top of the repository; it prints a Markdown table.  Taggings and traits are invented (gamma-distributed
taggings, chi-squares that follow the model): the arithmetic does not care.  LDAK 6.2's own seconds (sum-hers 0.5,
sum-cors 0.7 with 82,448 SNPs and one category, reading included) were measured on a machine of this kind and stand in
../shared/SPEC-LDAK.md, section 13.  Commands are whole processes; fits are inside this one, on one thread.
"""

from __future__ import annotations

import argparse
import functools
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from proof_line import own_gigabytes
from threadpoolctl import threadpool_limits

from ldscores.models.ldak_columns import LdakColumns
from ldscores.taggings.tagging import Tagging
from ldscores.taggings.tagging_files import write_tagging
from sumh2 import SumStats, align, fit_sumher, fit_sumher_rg, write_sumstats
from sumh2.kernels.block_sums import block_edges
from sumh2.kernels.likelihood_grid import Grid, fit_likelihood_grid

REPEATS = 3
N_ALPHAS, N_BLOCKS = 31, 200


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--snps", type=int, default=1_100_000)
    parser.add_argument("--categories", type=int, default=66)
    chosen = parser.parse_args()
    print("| what | wall s | CPU s | LDAK 6.2 | notes |\n|---|---|---|---|---|")
    commands(82_448)
    with threadpool_limits(1, user_api="blas"):
        fits(chosen.snps, chosen.categories)
    load = os.getloadavg()[0]
    print(f"\npeak memory of the fits {own_gigabytes():.1f} GB; load average {load:.1f} on {os.cpu_count()} cores")


def make_tagging(n_snps: int, n_categories: int, seed: int = 1) -> Tagging:
    """An annotation model with Base last."""
    rng = np.random.default_rng(seed)
    base = rng.gamma(2.0, 40.0, n_snps) + 1
    scores = np.empty((n_snps, n_categories))
    shares = rng.uniform(0.02, 0.5, n_categories - 1)
    for place, share in enumerate(shares):
        scores[:, place] = base * share * rng.gamma(2.0, 0.5, n_snps)
    scores[:, -1] = base
    own = np.array([*(shares * n_snps), n_snps])
    contributions = np.outer(own, own) / n_snps
    np.fill_diagonal(contributions, own)
    letters = np.array([[0, 1], [0, 2], [3, 1], [3, 2]], dtype=np.uint8)[rng.integers(0, 4, n_snps)]
    chromosomes = np.sort(rng.integers(1, 23, n_snps))
    return Tagging(
        snp=pa.array(np.char.add("rs", np.arange(n_snps).astype(str))), chrom=pa.array(chromosomes.astype(str)),
        bp=np.arange(n_snps), tagging=scores, names=(*(f"Annotation_{k}" for k in range(1, n_categories)), "Base"),
        m=own, regression_tagging=rng.gamma(3.0, 2.0, n_snps), a1=letters[:, 0].copy(), a2=letters[:, 1].copy(),
        maf=rng.uniform(0.01, 0.5, n_snps),
        ldak=LdakColumns(
            contributions, own.astype(np.int64), n_snps, n_snps, neighbours=np.full(n_snps, 100),
            n_memberships=np.ones(n_snps, np.int64), exp_heritability=np.full(n_snps, 0.5),
        ),
    )  # fmt: skip


def make_trait(tagging: Tagging, name: str, seed: int) -> SumStats:
    """z scores with h2 = 0.4 spread over all categories."""
    rng = np.random.default_rng(seed)
    n = rng.uniform(0.7, 1.0, len(tagging)) * 100_000
    weights = rng.uniform(0.2, 1.8, tagging.n_categories) / tagging.n_categories
    tau = 0.4 * weights / np.diag(tagging.ldak.contributions)
    z = rng.standard_normal(len(tagging)) * np.sqrt(1 + n * (tagging.tagging @ tau))
    return SumStats(name, tagging.snp, z, n, tagging.a1, tagging.a2)


def report(what: str, cost: Cost, theirs: str = "", note: str = "") -> None:
    """A row of the table, as soon as it is known."""
    print(f"| {what} | {cost.wall:.2f} | {cost.cpu:.2f} | {theirs} | {note} |", flush=True)


class Cost(NamedTuple):
    """Wall and CPU seconds, the least of several runs; on a busy machine the second is the one to compare."""

    wall: float
    cpu: float


def cpu_seconds() -> float:
    """User and system time of this process and of those it has waited for."""
    own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def best(call: Callable[[], object], repeats: int = REPEATS) -> Cost:
    """Least cost of several runs."""
    costs = []
    for _ in range(repeats):
        started, spent = time.perf_counter(), cpu_seconds()
        call()
        costs.append((time.perf_counter() - started, cpu_seconds() - spent))
    return Cost(*(min(column) for column in zip(*costs, strict=True)))


def commands(n_snps: int) -> None:
    """Whole commands on one category, reading LDAK's text and our own files."""
    tagging = make_tagging(n_snps, 1)
    traits = [make_trait(tagging, name, seed) for seed, name in enumerate("ab")]
    with tempfile.TemporaryDirectory() as folder:
        stem = Path(folder)
        write_ldak_inputs(stem, tagging, traits)
        write_tagging(stem / "own.tagging.parquet", tagging)
        for trait in traits:
            write_sumstats(trait, stem / f"{trait.trait}.sumstats.parquet")
        sumh2 = str(Path(sys.executable).with_name("sumh2"))
        # pip compiles what it installs; a tree under work must not be compiled again by every command.
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        for kind, ld, ending in (
            ("LDAK's text", "ldak.tagging", "ldak"),
            ("our Parquet", "own.tagging.parquet", "sumstats.parquet"),
        ):
            files = [str(stem / f"{trait.trait}.{ending}") for trait in traits]
            common = ["--ld", str(stem / ld), "--estimator", "sumher", "--out", str(stem / "out")]
            for verb, words, theirs in (("h2", files[:1], "0.5"), ("rg", files, "0.7")):
                line = [sumh2, verb, *words, *common]
                call = functools.partial(subprocess.run, line, check=True, capture_output=True, env=environment)
                seconds = best(call, REPEATS + 2)
                report(f"`sumh2 {verb}`, {n_snps:,} SNPs, 1 category, {kind}", seconds, theirs, "whole process")
    aligned = align(traits, tagging, ambiguous="letters")
    report("the fit of h2 alone", best(lambda: fit_sumher(aligned)), "", "200 jackknife blocks included")
    report("the fit of rg alone", best(lambda: fit_sumher_rg(aligned)), "", "200 jackknife blocks included")


def write_ldak_inputs(stem: Path, tagging: Tagging, traits: list[SumStats]) -> None:
    """LDAK's own forms, as its users have them."""
    from ldscores.taggings.ldak_tagging_files import write_ldak_tagging

    write_ldak_tagging(stem / "ldak.tagging", tagging)
    letters = np.array(list("ACGT"))
    for trait in traits:
        rows = zip(trait.snp.to_pylist(), letters[trait.a1], letters[trait.a2], trait.z, trait.n, strict=True)
        lines = [f"{snp} {a1} {a2} {z:.6f} {n:.0f}\n" for snp, a1, a2, z, n in rows]
        (stem / f"{trait.trait}.ldak").write_text("".join(["Predictor A1 A2 Z n\n", *lines]))


def fits(n_snps: int, n_categories: int) -> None:
    """Fits of a whole genome in memory."""
    tagging = make_tagging(n_snps, n_categories)
    trait = make_trait(tagging, "a", 3)
    aligned = align([trait], tagging, ambiguous="letters")
    cost = best(lambda: align([trait], tagging, ambiguous="letters"), 1)
    report(f"align, {n_snps:,} SNPs, {n_categories} categories", cost, "", "")
    note = "one thread, both errors, 200 blocks"
    for what, options in (("h2", {}), ("h2 with intercept", {"free_intercept": True})):
        results = []
        seconds = best(lambda options=options, results=results: results.append(fit_sumher(aligned, **options)), 1)
        steps = f"{results[-1].n_iter} Newton steps after the Base's, {note}"
        report(f"{what}, {n_snps:,} SNPs, {n_categories} categories", seconds, "", steps)
    base = np.ascontiguousarray(tagging.tagging[:, -1])
    weights = 1 / np.maximum(tagging.regression_tagging, 1)
    scale = trait.n / np.average(trait.n, weights=weights)
    rng = np.random.default_rng(5)
    grid = base[:, None] * rng.uniform(0.9, 1.1, (n_snps, 1)) ** np.linspace(0, 1, N_ALPHAS)
    chi2 = trait.z**2

    edges = block_edges(n_snps, N_BLOCKS)

    def fit_models(count: int) -> None:
        """The first from zero, the others from there, as sumh2 alpha does."""
        (first,) = fit_likelihood_grid(Grid(grid, np.arange(1), scale, chi2, weights, edges))
        if count > 1:
            others = Grid(grid, np.arange(1, count), scale, chi2, weights, edges)
            fit_likelihood_grid(others, np.tile(first.theta, (count - 1, 1)))

    fit_models(1)  # compiles
    for count in (1, N_ALPHAS):
        cost = best(lambda count=count: fit_models(count), 1)
        report(f"likelihood of {count} models of 1 category, {n_snps:,} SNPs", cost, "", "sums of 200 blocks included")


if __name__ == "__main__":
    main()
