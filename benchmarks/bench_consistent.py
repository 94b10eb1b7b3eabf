"""Time of the consistent fit: python benchmarks/bench_consistent.py [TRAITS] [REPLICATES] [shrunk|structured]

Prints wall and processor seconds of the error structure, of one fit under the shrunk and the structured metric (or one of
them), and of warm-started replicates, on simulated errors of a genetic covariance of 20 factors; before each, what
`sumh2 consistent` says that all of it will take, with 200 replicates and 200 draws of the test.
"""

from __future__ import annotations

import os
import sys
import time

import numpy as np
from proof_line import own_gigabytes

from sumh2.atlas.consistent_cost import cost_text, forecast_cost, time_operations
from sumh2.kernels.error_structure import HalfVectors, error_metric
from sumh2.kernels.nearest_covariance import nearest_covariance

N_BLOCKS = 200


def simulate(n_traits: int) -> tuple[np.ndarray, np.ndarray]:
    """Estimates and their float32 factor: structured errors and a few blocks with large loci."""
    rng = np.random.default_rng(1)
    half = HalfVectors.of(n_traits)
    loadings = rng.standard_normal((n_traits, 20)) / np.sqrt(20)
    sigma = 0.1 * (loadings @ loadings.T + 0.1 * np.eye(n_traits))
    root = np.linalg.cholesky(sigma + np.diag(rng.uniform(0.2, 2, n_traits)) + 0.1)
    factor = np.empty((N_BLOCKS, len(half.rows)), np.float32)
    estimate = sigma.copy()
    for block in range(N_BLOCKS):
        draw = rng.standard_normal((n_traits, n_traits))
        error = 3e-3 * root @ ((draw + draw.T) / np.sqrt(2)) @ root.T
        effect = np.sqrt(0.02 * rng.exponential()) * (loadings @ rng.standard_normal(20))
        error = (error + np.outer(effect, effect) * 0.05) / np.sqrt(N_BLOCKS)
        factor[block] = error[half.rows, half.columns]
        estimate += error
    return estimate, factor - factor.mean(axis=0)


def main() -> None:
    n_traits = int(sys.argv[1]) if len(sys.argv) > 1 else 300
    n_replicates = int(sys.argv[2]) if len(sys.argv) > 2 else 20
    estimate, factor = simulate(n_traits)
    half = HalfVectors.of(n_traits)
    print(f"{n_traits} traits, {len(half.rows):,} cells, {N_BLOCKS} blocks; load {os.getloadavg()[0]:.1f}")
    wanted = sys.argv[3:] or ["shrunk", "structured"]
    for name, weight in (("shrunk", None), ("structured", 1.0)):
        if name not in wanted:
            continue
        seconds = time_operations(n_traits)
        cost, quick = (forecast_cost(seconds, n_traits, N_BLOCKS, kind, True, 200) for kind in (name, "structured"))
        print(f"  {name}, forecast: {cost_text(n_traits, cost, quick)}", flush=True)
        wall, cpu = time.perf_counter(), time.process_time()
        metric = error_metric(factor, n_traits, weight)
        report(f"{name}: error structure, lambda {metric.weight:.3f}", wall, cpu)
        wall, cpu = time.perf_counter(), time.process_time()
        found = nearest_covariance(estimate, metric)
        report(f"{name}: fit, {found.n_rounds} rounds, distance {found.distance:.1f}", wall, cpu)
        wall, cpu = time.perf_counter(), time.process_time()
        rounds = 0
        for block in range(n_replicates):
            replicate = estimate + half.matrix(factor[block].astype(np.float64))
            rounds += nearest_covariance(replicate, metric, found.state, tolerance=1e-4).n_rounds
        report(f"{name}: {n_replicates} replicates, {rounds / n_replicates:.1f} rounds each", wall, cpu)
    print(f"peak memory {own_gigabytes():.2f} GB")


def report(what: str, wall: float, cpu: float) -> None:
    print(f"  {what}: {time.perf_counter() - wall:.2f} s wall, {time.process_time() - cpu:.2f} s processor", flush=True)


if __name__ == "__main__":
    main()
