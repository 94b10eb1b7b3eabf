"""What SumHer finds in data whose heritability model is known: the experiments behind tests/test_sumher_truth.py.

Traits are simulated on the real EUR panel (chromosomes 20 to 22, 65,000 SNPs) with its LD, each model in turn gives the
effects, and all models are fitted with the taggings of exactly these SNPs, so that the right model has the right
expectation and whatever else is found is the estimator's doing.
"""

from __future__ import annotations

import lzma
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import numpy as np
from conftest import SHARED
from scipy.stats import binom

from ldscores.models.panel_model_files import PanelModel, read_panel_model
from ldscores.taggings.tagging import Tagging
from ldscores.taggings.tagging_files import read_tagging
from sumh2 import SumStats, align, fit_alpha, fit_comparison
from sumh2.kernels.heritability_shares import derive_quantities
from sumh2.models.model_fit import FitData, fit_model
from sumh2.simulation.design import SimulationDesign, TraitDesign, design_expected
from sumh2.simulation.draw import simulate_gwas
from sumh2.sumher.rows import resolve_sums

PANEL = SHARED / "data" / "panel_1000G_EUR503_hm3_allchr"
LD_BLOCKS = SHARED / "data" / "ldblocks_genes_maps" / "Berisa.EUR.hg19.bed"
CHROMOSOMES = (20, 21, 22)

#: Blocks of about 2 Mb, longer than LD; 200 on a whole genome are of 15 Mb.
N_BLOCKS = 60
MODELS = ("gcta", "human-default", "ldak", "annotated")
ENRICHMENT = {"Annotation_1": 6.0, "Annotation_2": 2.0}
H2 = 0.5
SEEDS = {"gcta": 1, "human-default": 2, "ldak": 3, "annotated": 4}
#: The first is a case of the second, whose likelihood can only be larger.
NESTED = {("human-default", "annotated")}

#: Replicates and people of the experiments.
MODEL_REPLICATES, MODEL_N, ALPHA_REPLICATES = 40, 20000.0, 120


@dataclass(frozen=True)
class TruthPanel:
    """Panel, taggings by model, and the models laid on the panel."""

    folder: Path
    taggings: dict[str, Tagging]
    grid: Tagging

    def lay(self, model: str, power: float | None = None) -> tuple[PanelModel, np.ndarray]:
        """The panel with expected heritabilities of a model, (n_snps,), that add up to 1."""
        words = {"model": model, "ld_blocks": str(LD_BLOCKS)}
        enrichment = None
        if model == "annotated":
            words |= {"model": "own", "power": -0.25, "annotation_prefix": str(self.folder / "ann")}
            enrichment = [f"{name}={value}" for name, value in ENRICHMENT.items()]
        elif model == "ldak":
            words |= {"weights": str(self.folder / "weights" / "weights.short")}
        elif power is not None:
            words |= {"model": "human-default", "power": power}
        laid = read_panel_model(str(self.folder / "eur.@"), **words)
        expected = design_expected(laid.values, laid.names, enrichment)[0]
        return laid, expected / expected.sum()


def build_truth_panel(folder: Path) -> TruthPanel:
    """Unpack the chromosomes, compute weightings, make two annotations, build all taggings within LD blocks."""
    if not (folder / "done").exists():
        unpack_panel(folder, CHROMOSOMES)
        _write_annotations(folder)
        prefix = f"{folder}/eur.@"
        _run("weights", "--bfile", prefix, "--out", f"{folder}/weights")
        exact = ("--ld-blocks", str(LD_BLOCKS), "--raw-r2", "--conventions", "ldak")
        weights = ("--weights", f"{folder}/weights/weights.short")
        _run("build", "--bfile", prefix, "--model", "gcta,human-default,alpha", "--out", f"{folder}/t", *exact)
        _run("build", "--bfile", prefix, "--model", "ldak", "--out", f"{folder}/t.ldak", *exact, *weights)
        _run(
            "build", "--bfile", prefix, "--model", "own", "--power=-0.25", "--annotation-prefix", f"{folder}/ann",
            "--out", f"{folder}/t.annotated", *exact,
        )  # fmt: skip
        (folder / "done").touch()
    taggings = {name: read_tagging(str(folder / f"t.{name}.tagging.parquet")) for name in MODELS}
    return TruthPanel(folder, taggings, read_tagging(str(folder / "t.alpha.tagging.parquet")))


def unpack_panel(folder: Path, chromosomes: Sequence[int]) -> None:
    """Write ``eur.<chromosome>.bed``, ``.bim`` and ``.fam`` of the real EUR panel."""
    folder.mkdir(parents=True, exist_ok=True)
    for chromosome in chromosomes:
        for ending in ("bed", "bim", "fam"):
            source = PANEL / f"eur503_hm3.{chromosome}.{ending}"
            packed = Path(f"{source}.xz")
            content = lzma.decompress(packed.read_bytes()) if packed.exists() else _plain(source)
            (folder / f"eur.{chromosome}.{ending}").write_bytes(content)


def _plain(source: Path) -> bytes:
    return source.read_bytes() if source.exists() else (PANEL / "eur503_hm3.fam").read_bytes()


def _run(*words: str) -> None:
    subprocess.run([str(Path(sys.executable).parent / "ldscores"), *words, "--quiet"], check=True)


def _write_annotations(folder: Path) -> None:
    """Annotation 1: runs of 3 SNPs, 5% of all; annotation 2: runs of 30, 20%."""
    rng = np.random.default_rng(20)
    lines = [line for c in CHROMOSOMES for line in (folder / f"eur.{c}.bim").read_text().splitlines()]
    names = np.array([line.split()[1] for line in lines])
    for number, (length, share) in enumerate(((3, 0.05), (30, 0.2)), start=1):
        inside = np.repeat(rng.random(len(names) // length + 1) < share, length)[: len(names)]
        (folder / f"ann{number}").write_text("\n".join(names[inside]) + "\n")


def simulate(
    panel: TruthPanel, model: str, n_replicates: int, n: float, seed: int, power: float | None = None,
    causal_share: float = 1.0, confounding: float = 0.0,
) -> tuple[SumStats, ...]:  # fmt: skip
    """Independent traits of one model."""
    laid, expected = panel.lay(model, power)
    traits = tuple(TraitDesign(f"r{k}", H2, n, confounding=confounding) for k in range(n_replicates))
    design = SimulationDesign(traits, np.eye(n_replicates), np.eye(n_replicates), causal_share, seed)
    return simulate_gwas(laid.panel, expected, laid.block_numbers, design).traits


# ---------------------------------------------------------------------------------------------------------------------
# Models


@dataclass(frozen=True)
class Theory:
    """What a model's estimates tend to: its fit to the exact expectation of the statistics.

    loglSS depends on the statistics through S / E, linearly, but for a term that no model has a part in: its
    expectation is itself with S replaced by E[S].  The maximum of that is where a wrong model tends to (White 1982,
    Econometrica 50:1), and differences between models are those of the maxima.
    """

    h2: float
    logl: float


@dataclass
class ModelTruth:
    """Fits of all models to traits simulated from one of them."""

    simulated: str
    n: float
    h2: dict[str, list[float]] = field(default_factory=dict)
    se: dict[str, list[float]] = field(default_factory=dict)
    model_se: dict[str, list[float]] = field(default_factory=dict)
    lead: dict[str, list[float]] = field(default_factory=dict)
    lead_se: dict[str, list[float]] = field(default_factory=dict)
    enrichment: list[list[float]] = field(default_factory=list)
    theory: dict[str, Theory] = field(default_factory=dict)
    best: list[str] = field(default_factory=list)

    def share_right(self) -> float:
        """Share of the replicates in which the simulated model has the largest loglSS of those it is no case of."""
        rivals = [name for name in self.lead if (self.simulated, name) not in NESTED]
        return float(np.mean(np.min([self.lead[name] for name in rivals], axis=0) > 0))

    def share_chosen(self) -> float:
        """Share of the replicates in which it has the smallest AIC of all."""
        return float(np.mean([name == self.simulated for name in self.best]))

    def deviation(self, name: str) -> float:
        """Mean h2 of a model less what theory says, in standard errors of the mean."""
        found = np.array(self.h2[name])
        return float((found.mean() - self.theory[name].h2) / (found.std(ddof=1) / np.sqrt(len(found))))

    def lead_deviation(self, name: str) -> float:
        """Mean lead in loglSS over a model less what theory says, in standard errors of the mean."""
        found, expected = np.array(self.lead[name]), self.theory[self.simulated].logl - self.theory[name].logl
        return float((found.mean() - expected) / (found.std(ddof=1) / np.sqrt(len(found))))


@lru_cache
def fit_all_models(panel_folder: Path, simulated: str, n_replicates: int, n: float, seed: int) -> ModelTruth:
    """Simulate from one model and fit all of them."""
    panel = build_truth_panel(panel_folder)
    truth = ModelTruth(simulated, n)
    for trait in simulate(panel, simulated, n_replicates, n, seed):
        result = fit_comparison(
            trait, panel.taggings, confounding=("none",), reference=simulated, n_blocks=N_BLOCKS, n_threads=2
        )
        truth.best.append(result.best_model.model)
        for name in MODELS:
            fitted = result.find(name)
            truth.h2.setdefault(name, []).append(fitted.h2)
            truth.se.setdefault(name, []).append(fitted.h2_jackknife_se)
            truth.model_se.setdefault(name, []).append(fitted.h2_se)
            if fitted.difference is not None:
                truth.lead.setdefault(name, []).append(-fitted.difference.difference)
                truth.lead_se.setdefault(name, []).append(fitted.difference.se)
        truth.enrichment.append([row["enrichment"] for row in result.find("annotated").categories])
    truth.theory.update(expect_fits(panel, simulated, n))
    return truth


def expect_fits(panel: TruthPanel, simulated: str, n: float) -> dict[str, Theory]:
    """Fits of all models to the expected statistics of one of them."""
    tagging = panel.taggings[simulated]
    sums = resolve_sums(tagging, None)
    tau = _true_tau(tagging)
    chi2 = 1 + n * tagging.tagging @ (tau * (H2 / derive_quantities(tau, sums)["h2"]))
    weights = 1 / np.maximum(panel.taggings["gcta"].regression_tagging, 1)
    edges = np.linspace(0, len(chi2), N_BLOCKS + 1).astype(np.int64)
    of = FitData(chi2, np.full(len(chi2), n), weights, edges, tolerance=1e-8)
    fits = {
        name: fit_model(of, other.tagging, resolve_sums(other, None), "none") for name, other in panel.taggings.items()
    }
    return {name: Theory(fit.h2, fit.logl) for name, fit in fits.items()}


def _true_tau(tagging: Tagging) -> np.ndarray:
    """Coefficients up to a factor: with enrichments, those for which the categories have them."""
    if tagging.n_categories == 1:
        return np.ones(1)
    sums, places = resolve_sums(tagging, None), list(range(len(ENRICHMENT)))
    wanted = np.array([ENRICHMENT[tagging.names[k]] for k in places]) * sums.expected[places]
    # Category q's heritability is e_q p_q of all: sum_k tau_k (s_kq - e_q p_q s_k) = 0 with the base's tau at 1.
    system = sums.contributions[:, places] - np.outer(sums.own, wanted)
    tau = np.ones(tagging.n_categories)
    tau[places] = np.linalg.solve(system[places].T, -system[-1])
    return tau


# ---------------------------------------------------------------------------------------------------------------------
# Alpha


@dataclass(frozen=True)
class AlphaTruth:
    """Estimates of alpha over replicates, and how often an interval holds the truth."""

    alpha: float
    estimates: np.ndarray
    errors: np.ndarray
    gaussian_means: np.ndarray
    gaussian_sds: np.ndarray
    covered: float
    covered_wald: float
    covered_gaussian: float

    @property
    def n(self) -> int:
        return len(self.estimates)


@lru_cache
def cover_alpha(
    panel_folder: Path, alpha: float, n_replicates: int, n: float, seed: int, causal_share: float = 1.0,
    kind: str = "none", confounding: float = 0.0,
) -> AlphaTruth:  # fmt: skip
    """Simulate with one alpha, estimate it, count."""
    panel = build_truth_panel(panel_folder)
    # Traits of one design share their causal SNPs, so sparse ones need a design each to be independent.
    designs = [(n_replicates, seed)] if causal_share == 1 else [(1, seed * 1000 + i) for i in range(n_replicates)]
    profiles = [
        fit_alpha(align([trait], panel.grid), confounding=kind, n_blocks=N_BLOCKS, n_threads=2)
        for size, own in designs
        for trait in simulate(panel, "alpha", size, n, own, alpha, causal_share, confounding)
    ]
    estimates = np.array([profile.alpha for profile in profiles])
    errors = np.array([profile.alpha_se for profile in profiles])
    means = np.array([profile.gaussian.mean for profile in profiles])
    sds = np.array([profile.gaussian.sd for profile in profiles])
    covered = np.mean([profile.alpha_low <= alpha <= profile.alpha_high for profile in profiles])
    return AlphaTruth(
        alpha, estimates, errors, means, sds, float(covered),
        float(np.mean(np.abs(estimates - alpha) < 1.96 * np.nan_to_num(errors))),
        float(np.mean(np.abs(means - alpha) < 1.96 * sds)),
    )  # fmt: skip


def binomial_limits(n: int, share: float = 0.95, outside: float = 0.01) -> tuple[float, float]:
    """Between which a share of n lies with probability 1 - outside."""
    return binom.ppf(outside / 2, n, share) / n, binom.ppf(1 - outside / 2, n, share) / n


#: alpha, people, share of causal SNPs, term fitted, confounding simulated.
ALPHA_SETTINGS = {
    "polygenic": (-0.25, 6000.0, 1.0, "none", 0.0),
    "sparse": (-0.25, 30000.0, 0.05, "none", 0.0),
    "confounded": (-0.6, 30000.0, 1.0, "intercept", 0.2),
}
