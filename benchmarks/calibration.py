"""Bias, standard errors and intervals against a known truth: python benchmarks/calibration.py [options]

    --replicates 200    traits (or pairs) of each experiment; alpha takes a quarter of them
    --only h2,rg        some of h2, sumher, partition, rg, alpha
    --folder FOLDER     where the panel and its taggings are kept (default /tmp/sim_cal)
    --readme            write the table into README.md between its markers

GWAS are simulated on the real European panel (chromosomes 20 to 22, 65,117 SNPs; unpacked from ../shared) with effects of
a known model, and fitted with LD scores and taggings that are exactly those of the simulation, so that whatever is off
is the estimator's doing.  A SNP of so few carries 18 times the heritability that it has on a whole genome: N 3,000 here
is as strong as 54,000 people there, N 20,000 as 360,000.

A line a quantity: truth, bias, spread of the estimates beside the mean standard error, SD of z = (estimate - truth) / SE,
which is 1 for a calibrated error, and the share of 95% intervals that hold the truth.  Every figure stands beside its
own Monte Carlo error.  Seeded; the panel is built once.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))
sys.path.insert(0, str(Path(__file__).resolve().parent))

from readme_tables import conditions, replace_table  # noqa: E402
from sumher_truth import (  # noqa: E402
    ALPHA_SETTINGS,
    ENRICHMENT,
    H2,
    LD_BLOCKS,
    N_BLOCKS,
    TruthPanel,
    build_truth_panel,
    cover_alpha,
    simulate,
)

from ldscores.models.panel_model_files import read_panel_model  # noqa: E402
from ldscores.taggings.tagging import Tagging  # noqa: E402
from ldscores.taggings.tagging_files import read_tagging  # noqa: E402
from sumh2 import SumStats, align, fit_h2, fit_partition, fit_rg, fit_sumher  # noqa: E402
from sumh2.simulation.design import SimulationDesign, TraitDesign, design_expected  # noqa: E402
from sumh2.simulation.draw import simulate_gwas  # noqa: E402

#: A third annotation without enrichment, for the level of the test: a tenth of the SNPs in runs of 10.
NULL = (3, 10, 0.1)
#: Weak enough that hardly a chi2 is above 80, where LDSC's stratified fit leaves SNPs out.
PARTITION_N = 6_000.0
Z95 = 1.959963984540054


@dataclass(frozen=True)
class Calibrated:
    """One quantity over replicates: what was true, what was found, and its standard errors.

    Parameters
    ----------
    experiment, quantity
        What was simulated, and which number of the fit.
    truth
        The same for all replicates.
    estimates, errors : float64, (n_replicates,)
    covered : bool, (n_replicates,), optional
        For intervals that are not ``estimate ± 1.96 SE``.
    """

    experiment: str
    quantity: str
    truth: float
    estimates: np.ndarray
    errors: np.ndarray
    covered: np.ndarray | None = None

    def row(self) -> str:
        """Line of the table."""
        known = np.isfinite(self.estimates) & np.isfinite(self.errors)
        found, errors = self.estimates[known], self.errors[known]
        n, spread = len(found), float(np.std(self.estimates[known], ddof=1))
        z = (found - self.truth) / errors
        inside = np.abs(z) < Z95 if self.covered is None else self.covered
        share = float(np.mean(inside))
        # SD of a sample SD, with the kurtosis that heavy-tailed z have.
        kurtosis = float(np.mean((z - z.mean()) ** 4) / np.var(z) ** 2)
        sd = float(np.std(z, ddof=1))
        sd_error = sd * np.sqrt(max(kurtosis - 1, 0.1) / (4 * n))
        coverage_error = np.sqrt(max(share * (1 - share), 0.05 * 0.95 / 2) / n)
        return (
            f"| {self.experiment} | {self.quantity} | {self.truth:.4g} | {found.mean() - self.truth:+.4f} "
            f"({spread / np.sqrt(n):.4f}) | {spread:.4f} | {errors.mean():.4f} | {sd:.2f} ({sd_error:.2f}) | "
            f"{share:.1%} ({coverage_error:.1%}) | {n} |"
        )


HEAD = (
    "| simulated | quantity | truth | bias (MC error) | SD | mean SE | SD of z (MC error) | 95% intervals that cover "
    "(MC error) | n |\n|---|---|--:|--:|--:|--:|--:|--:|--:|"
)


# ---------------------------------------------------------------------------------------------------------------------
# The panel


@dataclass(frozen=True)
class Panel:
    """The panel of the truth suites, and LD scores of three annotations beside a base."""

    truth: TruthPanel
    functional: Tagging


def build_panel(folder: Path) -> Panel:
    """Unpack, annotate and build, once; a second run finds all of it."""
    truth = build_truth_panel(folder)
    tagging = folder / "functional.tagging.parquet"
    if not tagging.exists():
        number, length, share = NULL
        rng = np.random.default_rng(21)
        names = truth.taggings["gcta"].snp.to_pylist()
        inside = np.repeat(rng.random(len(names) // length + 1) < share, length)[: len(names)]
        chosen = [name for name, is_inside in zip(names, inside, strict=True) if is_inside]
        (folder / f"ann{number}").write_text("\n".join(chosen) + "\n")
        words = [
            "ldscores", "build", "--bfile", f"{folder}/eur.@", "--model", "own", "--power=-1", "--annotation-prefix",
            f"{folder}/ann", "--annotation-number", str(number), "--ld-blocks", str(LD_BLOCKS), "--raw-r2", "--conventions",
            "ldsc", "--out", f"{folder}/functional", "--quiet",
        ]  # fmt: skip
        subprocess.run([str(Path(sys.executable).parent / words[0]), *words[1:]], check=True)
    return Panel(truth, read_tagging(str(tagging)))


def draw(panel: Panel, designs: list[SimulationDesign], model: str = "gcta") -> list[SumStats]:
    """Traits of some designs under a model of the truth panel."""
    laid, expected = panel.truth.lay(model)
    return [
        trait for design in designs for trait in simulate_gwas(laid.panel, expected, laid.block_numbers, design).traits
    ]


def replicates(
    n_replicates: int, n: float, seed: int, causal_share: float = 1.0, confounding: float = 0.0
) -> list[SimulationDesign]:
    """Replicates of one trait.  Traits of one design share their causal SNPs: sparse ones need a design each."""
    if causal_share < 1:
        return [_independent(1, n, 1000 * seed + k, causal_share, confounding) for k in range(n_replicates)]
    return [_independent(n_replicates, n, seed, causal_share, confounding)]


def _independent(n_replicates: int, n: float, seed: int, causal_share: float, confounding: float) -> SimulationDesign:
    traits = tuple(TraitDesign(f"r{k}", H2, n, confounding=confounding) for k in range(n_replicates))
    return SimulationDesign(traits, np.eye(n_replicates), np.eye(n_replicates), causal_share, seed)


def columns(rows: list[tuple[float, ...]]) -> list[np.ndarray]:
    """Values by quantity from values by replicate."""
    return [np.array(column, dtype=np.float64) for column in zip(*rows, strict=True)]


# ---------------------------------------------------------------------------------------------------------------------
# Experiments


def calibrate_h2(panel: Panel, n_replicates: int) -> Iterator[Calibrated]:
    """LD Score regression: two steps and one, sparse traits, confounding, and a GWAS too strong for the cutoff at 30."""
    tagging = panel.truth.taggings["gcta"]
    for name, n, causal, added, two_step, seed in (
        ("two-step, N 3,000", 3_000.0, 1.0, 0.0, "auto", 31),
        ("two-step, 5% causal, N 3,000", 3_000.0, 0.05, 0.0, "auto", 32),
        ("two-step, confounded, N 3,000", 3_000.0, 1.0, 0.2, "auto", 33),
        ("two-step, N 20,000", 20_000.0, 1.0, 0.0, "auto", 34),
        ("one step, N 20,000", 20_000.0, 1.0, 0.0, None, 34),
    ):
        rows = []
        for trait in draw(panel, replicates(n_replicates, n, seed, causal, added)):
            result = fit_h2(align([trait], tagging), two_step=two_step, n_blocks=N_BLOCKS, m="M")
            rows.append((result.h2, result.h2_se, result.intercept, result.intercept_se))
        h2, h2_se, intercept, intercept_se = columns(rows)
        yield Calibrated(f"LDSC {name}", "h2", H2, h2, h2_se)
        yield Calibrated(f"LDSC {name}", "intercept", 1 + added, intercept, intercept_se)


def calibrate_sumher(panel: Panel, n_replicates: int) -> Iterator[Calibrated]:
    """SumHer under its Human Default model: the jackknife's errors, and LDAK's from the likelihood."""
    tagging = panel.truth.taggings["human-default"]
    for name, n, added, free, seed in (
        ("Human Default, N 20,000", 20_000.0, 0.0, False, 41),
        ("Human Default, confounded, N 6,000", 6_000.0, 0.2, True, 42),
    ):
        rows = []
        for trait in simulate(panel.truth, "human-default", n_replicates, n, seed, confounding=added):
            result = fit_sumher(align([trait], tagging, ambiguous="letters"), free_intercept=free, n_blocks=N_BLOCKS)
            rows.append((result.h2, result.h2_jackknife_se, result.h2_se))
        h2, jackknife, likelihood = columns(rows)
        yield Calibrated(f"SumHer: {name}", "h2, jackknife SE", H2, h2, jackknife)
        yield Calibrated(f"SumHer: {name}", "h2, likelihood SE", H2, h2, likelihood)


def calibrate_partition(panel: Panel, n_replicates: int) -> Iterator[Calibrated]:
    """Stratified LD Score regression: enrichment and tau of two enriched annotations and of one that is not."""
    laid = read_panel_model(
        str(panel.truth.folder / "eur.@"), model="own", power=-1.0, annotation_prefix=str(panel.truth.folder / "ann"),
        ld_blocks=str(LD_BLOCKS),
    )  # fmt: skip
    wanted = {**ENRICHMENT, f"Annotation_{NULL[0]}": 1.0}
    expected, tau = design_expected(laid.values, laid.names, [f"{name}={value}" for name, value in wanted.items()])
    scale = H2 / expected.sum()
    design = replicates(n_replicates, PARTITION_N, 51)[0]
    rows: dict[str, list[tuple[float, ...]]] = {name: [] for name in wanted}
    for trait in simulate_gwas(laid.panel, expected / expected.sum(), laid.block_numbers, design).traits:
        result = fit_partition(align([trait], panel.functional), n_blocks=N_BLOCKS, m="M")
        for name in wanted:
            place = result.categories.index(name)
            ours = result.enrichments.enrichment
            rows[name].append(
                (ours.value[place], ours.se[place], result.coefficients.value[place], result.coefficients.se[place])
            )
    for name, value in wanted.items():
        enrichment, enrichment_se, coefficient, coefficient_se = columns(rows[name])
        label = f"partition: {name.replace('_', ' ').lower()}, N {PARTITION_N:,.0f}"
        yield Calibrated(label, "enrichment", value, enrichment, enrichment_se)
        per = 1e6
        yield Calibrated(label, "tau x 10^6", per * tau[name] * scale, per * coefficient, per * coefficient_se)


def calibrate_rg(panel: Panel, n_replicates: int) -> Iterator[Calibrated]:
    """Pairs with shared samples."""
    tagging = panel.truth.taggings["gcta"]
    for rg, overlap, n1, n2, seed in ((0.5, 0.3, 20_000.0, 8_000.0, 61), (0.0, 0.3, 8_000.0, 8_000.0, 62),
                                      (-0.9, 0.0, 20_000.0, 20_000.0, 63)):  # fmt: skip
        traits = tuple(
            TraitDesign(f"{which}{k}", H2, n) for k in range(n_replicates) for which, n in (("a", n1), ("b", n2))
        )
        pair = np.kron(np.eye(n_replicates), np.array([[0, 1], [1, 0]]))
        unit = np.eye(2 * n_replicates)
        drawn = draw(panel, [SimulationDesign(traits, unit + rg * pair, unit + overlap * pair, 1.0, seed)])
        rows = []
        for k in range(n_replicates):
            found = fit_rg(align(drawn[2 * k : 2 * k + 2], tagging), n_blocks=N_BLOCKS, m="M").pairs[0]
            rows.append((found.rg, found.rg_se, found.gcov_int, found.gcov_int_se))
        value, se, cross, cross_se = columns(rows)
        label = f"rg {rg:g}, overlap {overlap:g}, N {n1:,.0f} and {n2:,.0f}"
        yield Calibrated(label, "rg", rg, value, se)
        yield Calibrated(label, "cross intercept", overlap, cross, cross_se)


def calibrate_alpha(panel: Panel, n_replicates: int) -> Iterator[Calibrated]:
    """alpha: intervals of the slope; settings of truth_sumher.py."""
    count = max(n_replicates // 4, 2)
    for name, (alpha, n, causal, kind, confounding) in ALPHA_SETTINGS.items():
        seeds = [(1, 8000 + k) for k in range(count)] if causal < 1 else [(count, 8)]
        runs = [
            cover_alpha(panel.truth.folder, alpha, size, n, seed, causal, kind, confounding) for size, seed in seeds
        ]
        n_held = round(sum(run.covered * run.n for run in runs))
        estimates, errors = (np.concatenate([getattr(run, what) for run in runs]) for what in ("estimates", "errors"))
        errors = np.where(np.isfinite(errors), errors, np.nanmean(errors))
        held = np.arange(count) < n_held  # only their number counts
        yield Calibrated(f"alpha: {name}, N {n:,.0f}", "alpha, interval of the slope", alpha, estimates, errors, held)


EXPERIMENTS: dict[str, Callable[[Panel, int], Iterator[Calibrated]]] = {
    "h2": calibrate_h2,
    "sumher": calibrate_sumher,
    "partition": calibrate_partition,
    "rg": calibrate_rg,
    "alpha": calibrate_alpha,
}


def main() -> None:
    """Print the table, a line as soon as it is known."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--replicates", type=int, default=200)
    asked.add_argument("--only", default=",".join(EXPERIMENTS))
    asked.add_argument("--folder", type=Path, default=Path("/tmp/sim_cal"))
    asked.add_argument("--readme", action="store_true")
    chosen = asked.parse_args()
    unknown = sorted(set(chosen.only.split(",")) - set(EXPERIMENTS))
    if unknown:
        raise SystemExit(f"--only: found {', '.join(unknown)}, expected some of {', '.join(EXPERIMENTS)}")
    if not LD_BLOCKS.is_file():
        raise SystemExit(f"{LD_BLOCKS} is not here: the calibration needs the panel of ../shared")
    started, before = time.process_time(), conditions()
    panel = build_panel(chosen.folder)
    print(
        f"{before}; panel ready after {time.process_time() - started:.0f} CPU s of this process\n\n{HEAD}", flush=True
    )
    lines = [HEAD]
    for name in chosen.only.split(","):
        for quantity in EXPERIMENTS[name](panel, chosen.replicates):
            lines.append(quantity.row())
            print(lines[-1], flush=True)
    spent = os.times()
    cpu = spent.user + spent.system + spent.children_user + spent.children_system
    note = f"\n({conditions()} at the end; {cpu:.0f} CPU s; jackknife over {N_BLOCKS} blocks.)"
    print(note)
    if chosen.readme:
        replace_table("calibration", "\n".join([*lines, note]))


if __name__ == "__main__":
    main()
