"""How many factors a genetic correlation matrix supports: parallel analysis with the atlas's own sampling errors.

Eigenvalues of the estimated correlation matrix are compared with those of matrices that hold nothing but sampling error:
identity plus errors drawn from the jackknife's covariance of the correlations (Horn 1965; for LD Score regression de la
Fuente et al. 2021, Nature Human Behaviour 5:49, "paLDSC").  The number of factors is the number of leading
eigenvalues above
the 95th percentile of their place.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ldscores.shared.errors import InputError
from ldscores.shared.messages import counted
from sumh2.atlas.atlas_result import RgAtlas, matrix_of
from sumh2.atlas.joint_errors import usable_traits
from sumh2.results import Result

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class FactorCount(Result):
    """How many factors lie behind an atlas, by parallel analysis.

    Parameters
    ----------
    names : tuple of str, (n_traits,)
        Traits that are in it.
    n_factors
        Leading eigenvalues above their limit.
    eigenvalues, null_mean, null_limit : float64, (n_traits,)
        Of the estimates, falling; mean and `quantile` of those of pure sampling error.
    quantile
        Of the draws, 0 to 1, above which an eigenvalue counts.
    n_draws
        Draws of pure sampling error.
    left_out
        Traits that are not in it, with the reason.
    """

    kind: ClassVar[str] = "atlas-factors"

    names: tuple[str, ...]
    n_factors: int
    eigenvalues: NDArray[np.floating]
    null_mean: Floats
    null_limit: Floats
    quantile: float
    n_draws: int
    left_out: tuple[tuple[str, str], ...]
    origin: Mapping[str, Any] = field(default_factory=dict)

    @property
    def provenance(self) -> Mapping[str, Any]:
        return self.origin

    def with_provenance(self, origin: Mapping[str, Any]) -> FactorCount:
        """The same result, knowing where it comes from."""
        return replace(self, origin=origin)

    def to_records(self) -> list[dict[str, Any]]:
        """One dictionary an eigenvalue."""
        return [
            {"factor": place + 1, "eigenvalue": float(value), "null_mean": float(mean), "null_limit": float(limit),
             "counts": place < self.n_factors}
            for place, (value, mean, limit) in enumerate(
                zip(self.eigenvalues, self.null_mean, self.null_limit, strict=True)
            )
        ]  # fmt: skip

    def __str__(self) -> str:
        found = counted(self.n_factors, "factor")
        lines = [f"{len(self.names)} traits: {found} (parallel analysis, {self.n_draws} draws)", ""]
        lines.append(f"  {'factor':>6}  {'eigenvalue':>10}  {f'{100 * self.quantile:.0f}% of null':>12}")
        for row in self.to_records()[: self.n_factors + 3]:
            lines.append(f"  {row['factor']:>6}  {row['eigenvalue']:>10.4f}  {row['null_limit']:>12.4f}")
        lines += [f"  left out: {name}: {why}" for name, why in self.left_out]
        return "\n".join(lines)


def count_factors(atlas: RgAtlas, *, n_draws: int = 500, quantile: float = 0.95, seed: int = 1) -> FactorCount:
    """Count the factors behind an atlas: eigenvalues above those of sampling error alone (parallel analysis).

    Parameters
    ----------
    atlas
        Traits that are unusable or without a positive h2 are left out.
    n_draws, quantile, seed
        Of the draws under the null.

    Raises
    ------
    InputError
        Options out of range.
    FitError
        Fewer than two traits can be used.
    """
    if not 0 < quantile < 1 or n_draws < 1:
        raise InputError(
            f"parallel analysis: found quantile {quantile:g} and {n_draws} draws, expected a quantile within 0 and 1 and "
            "1 draw or more; 0.95 and 500 are usual"
        )
    places, left_out = usable_traits(atlas)
    chosen = atlas.take(places)
    h2 = np.diag(chosen.gcov)
    scale = 1 / np.sqrt(h2)
    rg = chosen.gcov * np.outer(scale, scale)
    generator, null = np.random.default_rng(seed), np.empty((n_draws, len(places)))
    for draw in range(n_draws):
        cells = generator.standard_normal(chosen.n_blocks).astype(chosen.factor.dtype) @ chosen.factor
        errors = matrix_of(cells.astype(np.float64), len(places)) * np.outer(scale, scale)
        # To first order, d rg_ab = d gcov_ab / scale - rg_ab (d h_a / h_a + d h_b / h_b) / 2: zero on the diagonal.
        own = np.diag(errors)
        null[draw] = np.linalg.eigvalsh(np.eye(len(places)) + errors - rg * (own[:, None] + own[None, :]) / 2)[::-1]
    eigenvalues, limit = np.linalg.eigvalsh(rg)[::-1], np.quantile(null, quantile, axis=0)
    above = eigenvalues > limit
    return FactorCount(
        names=chosen.names,
        n_factors=len(above) if above.all() else int(np.argmin(above)),
        eigenvalues=eigenvalues,
        null_mean=null.mean(axis=0),
        null_limit=limit,
        quantile=quantile,
        n_draws=n_draws,
        left_out=tuple(left_out),
        origin=atlas.origin,
    )
