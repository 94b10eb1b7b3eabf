"""Expected precision of a design at other sample sizes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ldscores.shared.errors import InputError
from ldscores.taggings.tagging import Tagging
from sumh2.simulation.power import PowerResult, StudyDesign, predict_power

#: From a 32nd to eight times the people asked for: where power rises from nothing to certainty.
FACTORS = tuple(float(factor) for factor in 2.0 ** np.linspace(-5, 3, 17))


@dataclass(frozen=True)
class PowerCurve:
    """Standard errors and power of a design with fewer and more people.

    Parameters
    ----------
    studies
        The design.
    factors : (n_points,)
        By which the people of all studies are multiplied, ascending.
    results : (n_points,)
        Of :func:`sumh2.simulation.power.predict_power`.
    """

    studies: tuple[StudyDesign, ...]
    factors: tuple[float, ...]
    results: tuple[PowerResult, ...]

    def column(self, quantity: str, category: str, name: str) -> NDArray[np.float64]:
        """A number of one estimate along the curve, (n_points,)."""
        return np.array([result.of(quantity, category)[name] for result in self.results], float)


def predict_power_curve(
    tagging: Tagging, studies: Sequence[StudyDesign], factors: Sequence[float] = FACTORS, **options: Any
) -> PowerCurve:
    """:func:`sumh2.predict_power` with the people of all studies multiplied by each factor: what ``plot_power`` draws.

    Parameters
    ----------
    tagging, studies, **options
        Of :func:`sumh2.predict_power`.
    factors
        Positive.

    Raises
    ------
    InputError
        No factor, or one that is not above 0; what :func:`predict_power` refuses.
    """
    if not len(factors) or not all(np.isfinite(factor) and factor > 0 for factor in factors):
        raise InputError("factors: found none, or one that is not above 0, expected positive numbers; correct them")
    chosen = tuple(sorted(factors))
    results = tuple(
        predict_power(tagging, [replace(study, n=study.n * factor) for study in studies], **options)
        for factor in chosen
    )
    return PowerCurve(tuple(studies), chosen, results)
