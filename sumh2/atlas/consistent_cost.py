"""How long a consistent fit of many traits takes, said before it starts.

The work is matrix products and eigenvalue decompositions of T x T matrices, so that timing one of each on this machine
tells the rest: the error structure (:func:`~sumh2.kernels.error_structure.error_scale`) is products, a round of the
projection (:func:`~sumh2.kernels.nearest_covariance.nearest_covariance`) one decomposition.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np

from sumh2.atlas.joint_errors import Metric
from sumh2.kernels.error_structure import structure_rows
from sumh2.kernels.nearest_covariance import positive_part

#: Rounds that the error structure, the main fit and a replicate take (``benchmarks/bench_consistent.py``).
_STRUCTURE_ROUNDS, _FIT_ROUNDS, _REPLICATE_ROUNDS = 14, 25, 9
#: Products of T x T matrices that a block costs a round: one, and half of one for a symmetric result.
_PRODUCTS_A_BLOCK = 1.5
#: Traits below which nothing takes long.
FEW_TRAITS = 150


@dataclass(frozen=True)
class ForecastCost:
    """Seconds that the parts of a fit will take."""

    structure: float
    fit: float
    replicates: float
    test: float

    @property
    def total(self) -> float:
        """All of it."""
        return self.structure + self.fit + self.replicates + self.test


def time_operations(n_traits: int) -> tuple[float, float]:
    """Seconds of one product, and of one projection on the covariance matrices, of this many traits; the best of three."""
    matrix = np.random.default_rng(1).standard_normal((n_traits, n_traits))
    matrix += matrix.T
    seconds = np.empty((3, 2))
    for again in range(3):
        started = time.perf_counter()
        matrix @ matrix
        between = time.perf_counter()
        positive_part(matrix)
        seconds[again] = between - started, time.perf_counter() - between
    product, projection = seconds.min(axis=0)
    return float(product), float(projection)


def forecast_cost(
    seconds: tuple[float, float], n_traits: int, n_blocks: int, metric: Metric, replicates: bool, n_draws: int
) -> ForecastCost:
    """Cost of :func:`sumh2.atlas.consistent.fit_consistent` for any covariance matrix.

    Parameters
    ----------
    seconds
        Of :func:`time_operations`.
    n_traits, n_blocks, metric, replicates, n_draws
        Of the fit.
    """
    product, projection = seconds
    structure = product * (_STRUCTURE_ROUNDS * _PRODUCTS_A_BLOCK * structure_rows(n_blocks, n_traits) + 2 * n_blocks)
    direct = metric == "structured"
    return ForecastCost(
        structure=structure,
        fit=projection * (1 if direct else _FIT_ROUNDS),
        replicates=n_blocks * projection * (1 if direct else _REPLICATE_ROUNDS) if replicates else 0.0,
        # The test has the structure to itself, third moments of the blocks, and half a decomposition a draw.
        test=structure + 3 * n_blocks * product + n_draws * (2 * product + projection / 2) if n_draws else 0.0,
    )


def cost_text(n_traits: int, cost: ForecastCost, structured: ForecastCost) -> str:
    """What to expect, and what would be faster."""
    parts = [f"{name} {_minutes(part)}" for name, part in vars(cost).items() if part]
    text = f"consistent: {n_traits:,} traits take about {_minutes(cost.total)} here ({', '.join(parts)})"
    quicker = []
    if structured.total < 0.7 * cost.total:
        quicker.append(f"--metric structured: {_minutes(structured.total)}")
    if cost.replicates > 0.2 * cost.total:
        quicker.append("--no-replicates: no standard errors")
    if cost.test > 0.2 * cost.total:
        quicker.append("--draws 0: no test")
    return text + (f"; faster: {'; '.join(quicker)}" if quicker else "")


def _minutes(seconds: float) -> str:
    return f"{seconds / 60:.0f} min" if seconds >= 90 else f"{seconds:.0f} s"
