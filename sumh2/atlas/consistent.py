"""Genetic correlations that can all hold at once: the covariance matrix nearest to an atlas, with errors of its own.

Correlations estimated pair by pair need not fit together: with rg = .9, .9 and .2 among three traits there is no genetic
covariance matrix, and published ones have negative eigenvalues (pairwise GREML of 86 traits had 13: the MGREML paper).
MGREML restores consistency from individual-level data by fitting all traits at once; this does it from the atlas, by
projecting its estimates on the covariance matrices in the metric of their sampling covariance
(:mod:`sumh2.kernels.nearest_covariance`).

**Heritabilities stay.** Estimates of h2 are not in conflict with anything; a plain projection would raise them all and
shrink all correlations (:mod:`sumh2.kernels.nearest_covariance`, "Trace held"). Therefore the trace is held, and each
trait is then scaled back to its own h2, which changes no correlation. ``hold=False`` gives the plain projection.

**Errors.**  The projection is repeated on every jackknife replicate, so that the standard errors are those of the
projected estimate and not of the raw one.  At the boundary the estimate is not normal and the jackknife is first-order:
the simulations of ``benchmarks/consistency_truth.py`` say how well the intervals cover.

**Intervals.** A projection cannot lie further from the truth than what it projects (in the metric, all cells
together), so that the raw standard error is a safe one for the consistent estimate too (simulated, not proved, with
the trace held). The 95% interval, z and p take the larger of the re-fitted and the raw standard error.

**Test.**  Whether the raw matrix could come from any genetic covariance: :mod:`sumh2.atlas.consistency`.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ldscores.shared.errors import InputError
from ldscores.shared.messages import counted
from ldscores.shared.progress import progress
from sumh2.atlas.atlas_result import RgAtlas, cells_of, matrix_of
from sumh2.atlas.consistency import check_consistency
from sumh2.atlas.consistent_cost import FEW_TRAITS, cost_text, forecast_cost, time_operations
from sumh2.atlas.joint_errors import Metric, build_metric, unusable_pairs, usable_traits
from sumh2.kernels.nearest_covariance import (
    NearestCovariance,
    nearest_covariance,
    nearest_factor_model,
)
from sumh2.kernels.significance import z_and_p
from sumh2.results import Result, p_text, with_se
from sumh2.verdicts import Finding, judge

log = logging.getLogger(__name__)

Floats = NDArray[np.float64]

#: Remaining change of a cell in its SE at which the main fit and a replicate end.
_TOLERANCES = (1e-6, 1e-4)
_Z95 = 1.959963984540054
#: A cell that moved further than this many SEs deserves a look.
_FAR = 2.0
#: A smaller move is +0.00 SE where it is printed.
_SHOWN_MOVE = 0.005


@dataclass(frozen=True, eq=False, repr=False)
class ConsistentAtlas(Result):
    """The covariance matrix nearest to an atlas.

    Parameters
    ----------
    names : tuple, (n_traits,)
        Traits of the fit.
    left_out
        Traits of the atlas that are not in it, with the reason.
    gcov, gcov_se, rg, rg_se : float64, (n_traits, n_traits)
        Consistent estimates; heritabilities on the diagonal of gcov.  Errors from the re-fitted replicates, NaN without.
    raw_gcov, raw_gcov_se, raw_rg, raw_rg_se
        The atlas's own.
    factor : float32, (n_blocks, n_cells)
        Jackknife factor of the consistent `gcov`, as that of :class:`sumh2.atlas.atlas_result.RgAtlas`; None without.
    eigenvalues_before, eigenvalues_after : float64, (n_traits,)
        Of the genetic correlation matrix, rising.
    distance
        Squared distance of the raw from the consistent matrix in the metric of the sampling covariance.
    statistic, p, n_draws
        Test of consistency: p is the share of draws under the null that are as far, (1 + more) / (1 + n_draws).
    shrinkage
        lambda: weight of the structured part of the sampling covariance.
    n_factors, unique
        None for any covariance matrix; else number of factors, and whether traits have variances of their own.
    n_rounds, converged
        Of the main fit.
    n_unconverged
        Replicates that ended at the limit of rounds.
    unusable_pairs
        Two traits and the reason, for each pair whose estimate in the atlas is unusable: the consistent one is no better.
    """

    kind: ClassVar[str] = "consistent"

    names: tuple[str, ...]
    left_out: tuple[tuple[str, str], ...]
    gcov: Floats
    gcov_se: Floats
    rg: Floats
    rg_se: Floats
    raw_gcov: Floats
    raw_gcov_se: Floats
    raw_rg: Floats
    raw_rg_se: Floats
    factor: NDArray | None
    eigenvalues_before: NDArray[np.floating]
    eigenvalues_after: NDArray[np.floating]
    distance: float
    statistic: float
    p: float
    n_draws: int
    shrinkage: float
    n_factors: int | None
    unique: bool
    n_rounds: int
    converged: bool
    n_unconverged: int
    unusable_pairs: tuple[tuple[str, str, str], ...] = ()
    origin: Mapping[str, Any] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"ConsistentAtlas({len(self.names)} traits)"

    @property
    def provenance(self) -> Mapping[str, Any]:
        return self.origin

    def with_provenance(self, origin: Mapping[str, Any]) -> ConsistentAtlas:
        """The same result, knowing where it comes from."""
        return replace(self, origin=origin)

    @property
    def n_traits(self) -> int:
        """Traits of the fit."""
        return len(self.names)

    @property
    def moved(self) -> Floats:
        """How far each cell of gcov moved, in its raw standard errors, (n_traits, n_traits)."""
        return (self.gcov - self.raw_gcov) / self.raw_gcov_se

    @property
    def safe_se(self) -> Floats:
        """The larger of the re-fitted and the raw SE of rg, (n_traits, n_traits): that of intervals, z and p."""
        return np.fmax(self.rg_se, self.raw_rg_se)

    def to_records(self) -> list[dict[str, Any]]:
        """One dictionary a pair of different traits."""
        moved, safe, records = self.moved, self.safe_se, []
        unusable = {frozenset(pair): why for *pair, why in self.unusable_pairs}
        for first, second in zip(*np.triu_indices(self.n_traits, 1), strict=True):
            cell = first, second
            z, p, log10_p = z_and_p(float(self.rg[cell]), float(safe[cell]))
            found = self._findings(float(moved[cell]), float(self.rg_se[cell]))
            if (reason := unusable.get(frozenset((self.names[first], self.names[second])))) is not None:
                found.append(Finding("unusable", "unusable in the atlas", reason))
            status, why = judge(found)
            records.append(
                {
                    "trait1": self.names[first], "trait2": self.names[second],
                    "rg": float(self.rg[cell]), "rg_se": float(self.rg_se[cell]),
                    "rg_lower": max(float(self.rg[cell] - _Z95 * safe[cell]), -1.0),
                    "rg_upper": min(float(self.rg[cell] + _Z95 * safe[cell]), 1.0),
                    "rg_z": z, "rg_p": p, "rg_log10_p": log10_p, "raw_rg": float(self.raw_rg[cell]),
                    "raw_rg_se": float(self.raw_rg_se[cell]), "gcov": float(self.gcov[cell]),
                    "gcov_se": float(self.gcov_se[cell]), "raw_gcov": float(self.raw_gcov[cell]),
                    "raw_gcov_se": float(self.raw_gcov_se[cell]), "moved_se": float(moved[cell]), "status": status,
                    "why": why,
                }
            )  # fmt: skip
        return records

    def _findings(self, moved: float, rg_se: float) -> list[Finding]:
        found = []
        if abs(moved) > _FAR:
            found.append(
                Finding("caution", "moved far", f"consistency moved gcov by {moved:.1f} SE: this estimate disagrees with "
                        "those of other pairs; check both traits' samples and alleles")
            )  # fmt: skip
        if self.factor is not None and not np.isfinite(rg_se):
            found.append(
                Finding("caution", "no SE", "an h2 is zero in a jackknife sample: the correlation is not defined there; "
                        "use a larger study")
            )  # fmt: skip
        return found

    def details(self) -> dict[str, Any]:
        """Heritabilities, eigenvalues and the test."""
        heritabilities = [
            {"trait": name, "h2": self.gcov[i, i], "h2_se": self.gcov_se[i, i], "raw_h2": self.raw_gcov[i, i],
             "raw_h2_se": self.raw_gcov_se[i, i]}
            for i, name in enumerate(self.names)
        ]  # fmt: skip
        names = (
            "distance",
            "statistic",
            "p",
            "n_draws",
            "shrinkage",
            "n_factors",
            "unique",
            "n_rounds",
            "converged",
            "n_unconverged",
        )
        return {
            "heritabilities": heritabilities,
            "left_out": [{"trait": name, "why": why} for name, why in self.left_out],
            "eigenvalues_before": self.eigenvalues_before.tolist(),
            "eigenvalues_after": self.eigenvalues_after.tolist(),
            **{name: getattr(self, name) for name in names},
        }

    def __str__(self) -> str:
        off = np.triu_indices(self.n_traits, 1)
        moved, gain = np.abs(self.moved), self.raw_rg_se[off] / self.rg_se[off]
        before, after = self.eigenvalues_before, self.eigenvalues_after
        smallest = after[0] if abs(after[0]) > 1e-8 else 0.0  # rounding
        what = "any covariance matrix"
        if self.n_factors is not None:
            what = counted(self.n_factors, "factor") + (
                " and unique variances" if self.unique else ", no unique variances"
            )
        lines = [
            f"{self.n_traits} traits, {counted(len(off[0]), 'pair')}: nearest genetic covariance ({what})",
            f"  metric: jackknife covariance shrunk by {self.shrinkage:.3f} to its error structure",
            f"  eigenvalues of rg before: {np.count_nonzero(before < 0)} negative, smallest {before[0]:.4g}, largest "
            f"{before[-1]:.4g}",
            f"  eigenvalues of rg after:  {np.count_nonzero(after < -1e-8)} negative, smallest {smallest:.4g}, largest "
            f"{after[-1]:.4g}",
            f"  cells moved: mean {moved.mean():.3f} SE, largest {moved.max():.2f} SE, "
            f"{counted(int(np.count_nonzero(moved[off] > _FAR)), 'pair')} by more than {_FAR:g} SE",
        ]
        if self.n_draws:
            verdict = "no genetic covariance gives these estimates" if self.p < 0.05 else "sampling error explains it"
            lines.append(
                f"  test of consistency: distance {self.statistic:.2f}, p {p_text(self.p, np.log10(self.p))} "
                f"({self.n_draws} draws): {verdict}"
            )
        if self.factor is not None and np.isfinite(gain).any():
            lines.append(f"  SE of rg, raw over consistent: median {np.nanmedian(gain):.3f}")
        far = [k for k in np.argsort(-moved[off], kind="stable")[:5] if moved[off][k] >= _SHOWN_MOVE]
        lines += ["", "  moved most:" if far else f"  no correlation moved by {_SHOWN_MOVE:g} SE"] + [
            f"    {self.names[off[0][k]]} - {self.names[off[1][k]]}: rg {self.raw_rg[off][k]:.3f} to "
            f"{with_se(self.rg[off][k], self.rg_se[off][k]) if self.factor is not None else f'{self.rg[off][k]:.3f}'}, "
            f"{self.moved[off][k]:+.2f} SE"
            for k in far
        ]  # fmt: skip
        lines += [f"  left out: {name}: {why}" for name, why in self.left_out]
        return "\n".join(lines)


def fit_consistent(
    atlas: RgAtlas,
    *,
    n_factors: int | None = None,
    unique: bool = True,
    metric: Metric = "shrunk",
    hold: bool = True,
    replicates: bool = True,
    n_draws: int = 200,
    seed: int = 1,
) -> ConsistentAtlas:
    """The genetic covariance matrix nearest to an atlas, with standard errors and a test of consistency.

    Parameters
    ----------
    atlas
        All pairs with their jackknife factor.  Traits that are unusable, without a positive h2, or with pairs that could
        not be fitted, are left out with a reason.
    n_factors
        Instead of any covariance matrix one of this many factors.
    unique
        With `n_factors`: whether every trait has a genetic variance of its own besides.
    metric
        "shrunk": the jackknife covariance shrunk to its error structure by Ledoit and Wolf's weight; "structured": the
        structure alone, whose projection is one eigenvalue decomposition (for a thousand traits).
    hold
        Whether heritabilities stay as they are; not with `n_factors`.
    replicates
        Whether to re-fit every jackknife replicate for standard errors.
    n_draws
        Draws under the null of the test; 0 for no test.  Not with `n_factors`, whose fit is not a test of consistency.
    seed
        Of the draws.

    Raises
    ------
    InputError
        Options that cannot be.
    FitError
        Fewer than two traits can be used.
    """
    _check_options(n_factors, metric, n_draws)
    places, left_out = usable_traits(atlas)
    if len(places) < len(atlas.traits):
        for name, why in left_out:
            log.warning("left out %s: %s", name, why)
        atlas = atlas.take(places)
    for first, second in atlas.same_data():
        log.warning("%s and %s: the same data under two names; leave out one of them with --traits", first, second)
    if n_factors is not None and n_factors > atlas.n_traits:
        raise InputError(f"--factors: found {n_factors} for {atlas.n_traits} traits, expected fewer; lower it")
    if atlas.n_traits >= FEW_TRAITS and n_factors is None:
        seconds = time_operations(atlas.n_traits)
        cost, quick = (
            forecast_cost(seconds, atlas.n_traits, atlas.n_blocks, kind, replicates, n_draws)
            for kind in (metric, "structured")
        )
        log.info("%s", cost_text(atlas.n_traits, cost, quick))
    errors = build_metric(atlas, metric)

    def fit(matrix: Floats, start: Any, tolerance: float) -> NearestCovariance:
        if n_factors is None:
            nearest = nearest_covariance(matrix, errors, start, tolerance, hold_trace=hold)
            return with_diagonal(nearest, np.diag(matrix)) if hold else nearest
        return nearest_factor_model(matrix, errors, n_factors, unique, start)

    found = fit(atlas.gcov, None, _TOLERANCES[0])
    raw_rg, rg = _correlations(atlas.gcov), _correlations(found.matrix)
    factor, gcov_se, rg_se, n_unconverged = None, *(np.full_like(rg, np.nan) for _ in range(2)), 0
    if replicates:
        factor, gcov_se, rg_se, n_unconverged = _refit(atlas, found, fit)
    draws = n_draws if n_factors is None else 0
    statistic, p = check_consistency(atlas, draws, seed) if draws else (float("nan"), float("nan"))
    return ConsistentAtlas(
        names=atlas.names,
        left_out=tuple(left_out),
        gcov=found.matrix,
        gcov_se=gcov_se,
        rg=rg,
        rg_se=rg_se,
        raw_gcov=atlas.gcov,
        raw_gcov_se=atlas.gcov_se,
        raw_rg=atlas.rg,
        raw_rg_se=atlas.rg_se,
        factor=factor,
        eigenvalues_before=np.linalg.eigvalsh(raw_rg),
        eigenvalues_after=np.linalg.eigvalsh(np.nan_to_num(rg)),
        distance=errors.distance(found.matrix - atlas.gcov),
        statistic=statistic,
        p=p,
        n_draws=draws,
        shrinkage=errors.weight,
        n_factors=n_factors,
        unique=unique,
        n_rounds=found.n_rounds,
        converged=found.converged,
        n_unconverged=n_unconverged,
        unusable_pairs=unusable_pairs(atlas),
        origin=atlas.origin,
    )


def _check_options(n_factors: int | None, metric: str, n_draws: int) -> None:
    if metric not in ("shrunk", "structured"):
        raise InputError(f"--metric: found {metric!r}, expected shrunk or structured; correct it")
    if n_factors is not None and n_factors < 1:
        raise InputError(f"--factors: found {n_factors}, expected 1 or more; correct it")
    if n_draws < 0:
        raise InputError(f"--draws: found {n_draws}, expected 0 (no test) or more; 200 are usual")


def with_diagonal(found: NearestCovariance, diagonal: Floats) -> NearestCovariance:
    """A covariance matrix scaled, trait by trait, to this diagonal: correlations stay.  Negative variances become 0."""
    own = np.diag(found.matrix)
    units = np.sqrt(np.maximum(diagonal, 0) / np.where(own > 0, own, 1))
    return replace(found, matrix=found.matrix * np.outer(units, units))


def _correlations(gcov: Floats) -> Floats:
    """Correlations of a covariance matrix, NaN where a variance is not positive."""
    variances = np.diag(gcov)
    scale = np.where(variances > 0, 1 / np.sqrt(np.where(variances > 0, variances, 1)), np.nan)
    rg = gcov * np.outer(scale, scale)
    rg[np.diag_indices(len(rg))] = np.where(variances > 0, 1.0, np.nan)
    return rg


def _refit(atlas: RgAtlas, found: NearestCovariance, fit) -> tuple[NDArray, Floats, Floats, int]:
    """Factor and errors of the consistent estimates from one fit a replicate, each started from the main fit."""
    n_blocks, n_cells = atlas.factor.shape
    factor = np.empty((n_blocks, n_cells), dtype=np.float32)
    n_traits = atlas.n_traits
    # Sums around the estimate itself, which is near the mean: no cancellation, and no second copy of all replicates.
    centre_rg = _correlations(found.matrix)
    sums, squares = np.zeros((n_traits, n_traits)), np.zeros((n_traits, n_traits))
    n_unconverged = 0
    for block, matrix in enumerate(progress(atlas.replicates(), total=n_blocks, label="consistent", unit="replicates")):
        again = fit(matrix, found.state, _TOLERANCES[1])
        n_unconverged += not again.converged
        factor[block] = cells_of(again.matrix - found.matrix)
        difference = _correlations(again.matrix) - centre_rg
        sums += difference
        squares += difference**2
    factor -= factor.mean(axis=0, dtype=np.float64).astype(np.float32)
    factor *= np.sqrt((n_blocks - 1) / n_blocks)
    gcov_se = matrix_of(np.sqrt(np.square(factor, dtype=np.float64).sum(axis=0)), n_traits)
    rg_se = np.sqrt(np.maximum(squares - sums**2 / n_blocks, 0) * (n_blocks - 1) / n_blocks)
    return factor, gcov_se, rg_se, n_unconverged
