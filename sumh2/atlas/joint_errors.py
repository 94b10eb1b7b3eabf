"""Which traits of an atlas a joint analysis can use, and how the errors of all their cells vary together."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pyarrow.compute as pc

from ldscores.shared.errors import FitError
from ldscores.shared.messages import some_of
from sumh2.atlas.atlas_result import RgAtlas, matrix_of
from sumh2.kernels.error_structure import ErrorMetric, error_metric
from sumh2.reasons import shared_reasons
from sumh2.verdicts import WHY_SEPARATOR

Metric = Literal["shrunk", "structured"]

#: Fewer blocks say nothing on how errors vary together.
_FEWEST_BLOCKS = 20


def usable_traits(atlas: RgAtlas) -> tuple[list[int], list[tuple[str, str]]]:
    """Traits that a joint fit can use, and those it cannot with the reason; the fewest traits go.

    Raises
    ------
    FitError
        Fewer than two are left.
    """
    left_out: dict[int, str] = {}
    h2 = np.diag(atlas.gcov)
    for place, trait in enumerate(atlas.traits):
        if not np.isfinite(h2[place]):
            left_out[place] = trait.why or "no heritability could be fitted"
        elif not h2[place] > 0:
            left_out[place] = f"h2 is {h2[place]:.4g}, not positive: no correlation is defined; use a larger study"
        elif trait.status == "unusable":
            left_out[place] = f"unusable: {trait.why.split(WHY_SEPARATOR)[0]}"
    finite = np.isfinite(atlas.gcov) & matrix_of(np.isfinite(atlas.factor).all(axis=0), atlas.n_traits)
    while True:
        kept = [place for place in range(atlas.n_traits) if place not in left_out]
        missing = (~finite[np.ix_(kept, kept)]).sum(axis=1)
        if not missing.any():
            break
        worst = kept[int(np.argmax(missing))]
        left_out[worst] = f"{missing.max()} of its pairs could not be fitted; see the why of these pairs"
    if len(kept) < 2:
        reasons = shared_reasons((atlas.names[place], why) for place, why in sorted(left_out.items()))
        raise FitError(
            f"atlas: {len(kept)} of {atlas.n_traits} traits can be used together, expected two or more with a usable, "
            f"positive h2 and all pairs; left out: {'; '.join(reasons)}"
        )
    return kept, [(atlas.names[place], why) for place, why in sorted(left_out.items())]


def unusable_pairs(atlas: RgAtlas) -> tuple[tuple[str, str, str], ...]:
    """Pairs whose own estimate is unusable, with the first reason: no joint fit makes them better."""
    table = atlas.pair_table
    rows = table.filter(pc.equal(table["status"], "unusable")).select(["trait1", "trait2", "why"]).to_pylist()
    return tuple((row["trait1"], row["trait2"], row["why"].split(WHY_SEPARATOR)[0]) for row in rows)


def build_metric(atlas: RgAtlas, metric: Metric = "shrunk") -> ErrorMetric:
    """The sampling covariance of an atlas whose cells are all finite, as a metric.

    Raises
    ------
    FitError
        Too few blocks, or an error of exactly zero: the same data twice.
    """
    if atlas.n_blocks < _FEWEST_BLOCKS:
        raise FitError(f"atlas: {atlas.n_blocks} jackknife blocks, expected {_FEWEST_BLOCKS} or more; 200 are usual")
    try:
        return error_metric(atlas.factor, atlas.n_traits, 1.0 if metric == "structured" else None)
    except np.linalg.LinAlgError as error:
        alike = some_of(f"{first} and {second}" for first, second in atlas.same_data())
        what = (
            f"the same data under two names: {alike}" if alike else "two traits are the same data, or one has no error"
        )
        raise FitError(
            f"atlas: the sampling covariance is singular: {what}; leave out one of them with --traits"
        ) from error
