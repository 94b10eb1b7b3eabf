"""The correlation matrix nearest to a published table of genetic correlations with standard errors.

A table has no jackknife factor: how the errors of its cells vary together is not known, so that each cell counts by its own
standard error alone (:mod:`sumh2.kernels.nearest_correlation`).  Eigenvalues and how far the cells had to move can be
reported; standard errors of the consistent cells and a test need the factor, that is, an atlas.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ldscores.shared.errors import InputError
from sumh2.kernels.nearest_correlation import nearest_correlation
from sumh2.results import Result
from sumh2.verdicts import Finding, judge

Floats = NDArray[np.float64]

_FAR = 2.0


@dataclass(frozen=True, eq=False, repr=False)
class RgTable:
    """A symmetric matrix of genetic correlations with standard errors, NaN where missing.

    Parameters
    ----------
    names : tuple, (n_traits,)
    rg, rg_se : float64, (n_traits, n_traits)
    source
        The file, for messages.
    notes
        What was found on the way.
    """

    names: tuple[str, ...]
    rg: Floats
    rg_se: Floats
    source: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False, repr=False)
class ConsistentTable(Result):
    """The correlation matrix nearest to a table.

    Parameters
    ----------
    table
        What was given.
    rg : float64, (n_traits, n_traits)
        Consistent correlations; cells that were missing hold one of the values that complete the matrix.
    eigenvalues_before, eigenvalues_after : float64, (n_traits,)
        Rising; before: with 0 in the place of missing cells.
    distance, n_rounds, converged
        Sum of squared moves in SEs, and how the iteration ended.
    """

    kind: ClassVar[str] = "consistent table"

    table: RgTable
    rg: Floats
    eigenvalues_before: NDArray[np.floating]
    eigenvalues_after: NDArray[np.floating]
    distance: float
    n_rounds: int
    converged: bool
    origin: Mapping[str, Any] = field(default_factory=dict)

    @property
    def provenance(self) -> Mapping[str, Any]:
        return self.origin

    def with_provenance(self, origin: Mapping[str, Any]) -> ConsistentTable:
        """The same result, knowing where it comes from."""
        return replace(self, origin=origin)

    @property
    def moved(self) -> Floats:
        """How far each cell moved, in its standard errors; NaN where it was missing, 0 on the diagonal."""
        moved = (self.rg - self.table.rg) / self.table.rg_se
        moved[np.diag_indices(len(moved))] = 0.0
        return moved

    def to_records(self) -> list[dict[str, Any]]:
        """One dictionary a pair of different traits; a missing cell is NaN, not its completion."""
        moved, records = self.moved, []
        for first, second in zip(*np.triu_indices(len(self.rg), 1), strict=True):
            cell = first, second
            known = bool(np.isfinite(self.table.rg[cell]))
            status, why = judge(_findings(known, float(moved[cell])))
            records.append(
                {
                    "trait1": self.table.names[first], "trait2": self.table.names[second],
                    "rg": float(self.rg[cell]) if known else float("nan"),
                    "raw_rg": float(self.table.rg[cell]), "raw_rg_se": float(self.table.rg_se[cell]),
                    "moved_se": float(moved[cell]), "status": status, "why": why,
                }
            )  # fmt: skip
        return records

    def details(self) -> dict[str, Any]:
        """Eigenvalues and how the iteration ended."""
        return {
            "eigenvalues_before": self.eigenvalues_before.tolist(),
            "eigenvalues_after": self.eigenvalues_after.tolist(),
            "distance": self.distance,
            "n_rounds": self.n_rounds,
            "converged": self.converged,
            "notes": list(self.table.notes),
        }

    def __str__(self) -> str:
        off = np.triu_indices(len(self.rg), 1)
        known = np.isfinite(self.table.rg[off])
        moved, names = self.moved[off], self.table.names
        size = np.abs(moved[known])
        before, after = self.eigenvalues_before, self.eigenvalues_after
        lines = [
            f"{len(names)} traits, {known.sum():,} of {len(known):,} pairs in the table: nearest correlation matrix",
            f"  eigenvalues before: {np.count_nonzero(before < -1e-10)} negative, smallest {before[0]:.4g}, largest "
            f"{before[-1]:.4g}",
            f"  eigenvalues after:  {np.count_nonzero(after < -1e-8)} negative, smallest {max(after[0], 0):.4g}, largest "
            f"{after[-1]:.4g}",
            f"  cells moved: mean {size.mean():.3f} SE, median {np.median(size):.3f}, largest {size.max():.2f}, "
            f"{np.count_nonzero(size > 1)} by more than 1 SE, {np.count_nonzero(size > _FAR)} by more than 2 SE",
            "  each cell counts by its own SE; errors of the new cells and a test need the jackknife factor of an atlas",
        ]
        far = [
            place for place in np.argsort(-np.nan_to_num(np.abs(moved)), kind="stable")[:5] if abs(moved[place]) > 1e-6
        ]
        if far:
            lines += ["", "  moved most:"]
        for place in far:
            first, second = off[0][place], off[1][place]
            lines.append(
                f"    {names[first]} - {names[second]}: {self.table.rg[first, second]:.3f} "
                f"({self.table.rg_se[first, second]:.3f}) to {self.rg[first, second]:.3f}, {moved[place]:+.2f} SE"
            )
        return "\n".join(lines + [f"  note: {note}" for note in self.table.notes])


def _findings(known: bool, moved: float) -> list[Finding]:
    if not known:
        return [Finding("unusable", "missing", "not in the table; consistency alone does not determine it")]
    if abs(moved) > _FAR:
        text = f"consistency moved it by {moved:.1f} SE: it disagrees with other pairs; check both traits"
        return [Finding("caution", "moved far", text)]
    return []


def fit_consistent_table(table: RgTable) -> ConsistentTable:
    """The correlation matrix nearest to a table, each cell weighted by 1 / SE².

    Parameters
    ----------
    table
        Of :func:`sumh2.read_rg_table`.

    Raises
    ------
    InputError
        No cell has a standard error, or one is not positive.
    """
    off = ~np.eye(len(table.names), dtype=bool)
    known = np.isfinite(table.rg) & off
    if not known.any():
        raise InputError(f"{table.source}: found no correlation, expected one or more; check the column rg")
    bad = known & ~(np.isfinite(table.rg_se) & (table.rg_se > 0))
    if bad.any():
        first, second = np.argwhere(bad)[0]
        raise InputError(
            f"{table.source}: {int(bad.sum()) // 2} correlations have no positive standard error (first: "
            f"{table.names[first]} - {table.names[second]}); expected one each; add it or remove the correlation"
        )
    found = nearest_correlation(table.rg, table.rg_se)
    raw = np.where(known, table.rg, 0.0)
    np.fill_diagonal(raw, 1.0)
    return ConsistentTable(
        table=table,
        rg=found.matrix,
        eigenvalues_before=np.linalg.eigvalsh(raw),
        eigenvalues_after=np.linalg.eigvalsh(found.matrix),
        distance=found.distance,
        n_rounds=found.n_rounds,
        converged=found.converged,
    )
