"""Calibration of consistent fits and tests in simulated atlases of known truth (:mod:`atlas_worlds`)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from atlas_worlds import build_noise, build_truth, simulate_atlas

from sumh2.atlas.consistent import fit_consistent
from sumh2.atlas.factor_count import count_factors
from sumh2.atlas.hypotheses import check_hypothesis

#: About 24,000 independent SNPs: h2 of a study of 50,000 people then has an SE of .01.
NU, PER_N = 120, 45_000.0


@dataclass(frozen=True)
class World:
    """One kind of atlas."""

    name: str
    n_traits: int
    n_factors: int = 3
    unique: tuple[float, float] = (0.1, 0.5)
    missing: float = 0.0
    loci: float = 0.0


WORLDS = (
    World("15 traits, overlap", 15),
    World("15 traits, 30% missing, large loci", 15, missing=0.3, loci=1.0),
    World("15 traits, rank 3", 15, unique=(0.0, 0.0)),
    World("15 traits, rank 3, missing, loci", 15, unique=(0.0, 0.0), missing=0.3, loci=1.0),
    World("40 traits, nearly rank 3", 40, unique=(0.0, 0.02)),
)


@dataclass(frozen=True)
class Calibration:
    """What came out, over atlases and pairs."""

    name: str
    n_atlases: int
    raw_coverage: float
    refit_coverage: float
    safe_coverage: float
    raw_rmse: float
    consistent_rmse: float
    raw_z_sd: float
    consistent_bias: float
    type1: float
    negative: float


def calibrate_consistent(world: World, n_atlases: int, seed: int, metric: str = "shrunk") -> Calibration:
    """Coverage of 95% intervals, errors, and how often the test of consistency rejects at 5%."""
    rng = np.random.default_rng(seed)
    off = np.triu_indices(world.n_traits, 1)
    rows: list[tuple[float, ...]] = []
    for number in range(n_atlases):
        sigma = build_truth(rng, world.n_traits, world.n_factors, world.unique)
        noise = build_noise(rng, world.n_traits, per_n=PER_N)
        atlas = simulate_atlas(rng, sigma, noise, nu=NU, missing=world.missing, loci=world.loci)
        if not (np.diag(atlas.gcov) > 0).all():
            continue
        scale = np.sqrt(np.diag(sigma))
        truth = (sigma / np.outer(scale, scale))[off]
        found = fit_consistent(atlas, n_draws=99, seed=number, metric=metric)
        raw, new = atlas.rg[off] - truth, found.rg[off] - truth
        raw_se, refit, safe = atlas.rg_se[off], found.rg_se[off], found.safe_se[off]
        rows.append(
            (np.mean(np.abs(raw) < 1.96 * raw_se), np.mean(np.abs(new) < 1.96 * refit), np.mean(np.abs(new) < 1.96 * safe),
             np.mean(raw**2), np.mean(new**2), np.mean((raw / raw_se) ** 2), np.mean(new), found.p <= 0.05,
             np.count_nonzero(found.eigenvalues_before < 0))
        )  # fmt: skip
    mean = np.mean(rows, axis=0)
    return Calibration(
        world.name, len(rows), mean[0], mean[1], mean[2], float(np.sqrt(mean[3])), float(np.sqrt(mean[4])),
        float(np.sqrt(mean[5])), mean[6], mean[7], mean[8],
    )  # fmt: skip


def rejection_rates(n_atlases: int, seed: int) -> dict[str, float]:
    """Share of true hypotheses that are rejected at 5%, by kind of test, and of parallel analyses that find a factor."""
    rng = np.random.default_rng(seed)
    n_traits = 12
    names = [f"trait{number + 1}" for number in range(n_traits)]
    # Two groups of traits without any shared genetics, three equal traits in the first.
    first = build_truth(rng, 6, 2)
    equal = np.full((3, 3), 0.1) + 0.15 * np.eye(3)
    sigma = np.zeros((n_traits, n_traits))
    sigma[:6, :6], sigma[6:9, 6:9], sigma[9:, 9:] = first, equal, np.diag([0.1, 0.2, 0.3])
    within = "; ".join(f"gcov({a}, {b}) = 0" for a in names[:6] for b in names[6:])
    hypotheses = {
        "rg = 0": "rg(trait1, trait10) = 0",
        "rg = truth": f"rg(trait1, trait2) = {first[0, 1] / np.sqrt(first[0, 0] * first[1, 1]):.12g}",
        "rg_ab = rg_ac": "rg(trait7, trait8) = rg(trait7, trait9)",
        "h2_a = h2_b": "h2(trait7) = h2(trait8)",
        "block of 9 zeros": "rg({trait1, trait2, trait3}, {trait10, trait11, trait12}) = 0",
        "36 zeros (Hotelling)": within,
        "63 zeros (sum of squares)": f"{within}; "
        + "; ".join(
            f"gcov({a}, {b}) = 0" for a in names[:9] for b in names[9:] if a not in names[:6] or b not in names[6:]
        )
        + "; gcov({trait10}, {trait11, trait12}) = 0; gcov(trait11, trait12) = 0",
    }
    rejected = {name: 0 for name in hypotheses}
    factors = 0
    for number in range(n_atlases):
        noise = build_noise(rng, n_traits, per_n=PER_N)
        atlas = simulate_atlas(rng, sigma, noise, nu=NU, missing=0.2, loci=0.5)
        for name, hypothesis in hypotheses.items():
            rejected[name] += check_hypothesis(atlas, hypothesis).p < 0.05
        lonely = simulate_atlas(rng, np.diag(np.diag(sigma)), noise, nu=NU)
        factors += count_factors(lonely, n_draws=99, seed=number).n_factors > 0
    rates = {name: count / n_atlases for name, count in rejected.items()}
    return rates | {"parallel analysis finds a factor in none": factors / n_atlases}
