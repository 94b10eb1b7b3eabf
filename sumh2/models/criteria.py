"""Between models: AIC and TIC, Akaike weights, jackknifed differences, the averaged heritability."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations

import numpy as np

from sumh2.kernels.jackknife import jackknife_se
from sumh2.models.compare_result import FittedModel, LoglDifference

#: Log likelihoods of one model closer than this are the same likelihood written in another way.
_SAME_LOGL = 1e-2
#: Intercept and genomic control of one model are one parameter for one inflation, and the same likelihood where N is the
#: same for all SNPs.  Where N varies a little they differ a little: below this the data do not tell them apart (AIC 4),
#: and counting both would count the model twice.
_INDISTINCT_LOGL = 2.0
#: And heritabilities closer than this, in standard errors, with all SNPs and without any block.
_SAME_H2 = 1e-2


def with_criteria(
    fitted: Sequence[FittedModel], reference: str
) -> tuple[list[FittedModel], tuple[LoglDifference, ...]]:
    """The models with AIC, TIC, Akaike weights and their difference from the reference; and all differences.

    A model that says what another one says, under another name or with another reading of the same likelihood, has no
    weight of its own: it would count twice.
    """
    logl = np.array([one.logl for one in fitted])
    aic = 2 * np.array([one.n_parameters for one in fitted]) - 2 * logl
    tic = 2 * np.array([one.n_effective for one in fitted]) - 2 * logl
    same_as = [_same_as(place, fitted) for place in range(len(fitted))]
    counted = np.array([not name for name in same_as])
    weights = np.where(counted, np.exp(-(aic - aic[counted].min()) / 2), 0.0)
    weights /= weights.sum()
    differences = tuple(
        difference_between(one, other) for one, other in combinations(fitted, 2) if one.confounding == other.confounding
    )
    judged = [
        replace(
            one, aic=float(aic[k]), delta_aic=float(aic[k] - aic[counted].min()), akaike_weight=float(weights[k]),
            tic=float(tic[k]), delta_tic=float(tic[k] - tic.min()), same_as=same_as[k],
            difference=_from_reference(one, fitted, reference),
        )
        for k, one in enumerate(fitted)
    ]  # fmt: skip
    return judged, differences


def average_h2(fitted: Sequence[FittedModel]) -> tuple[float, float]:
    """Heritability averaged with Akaike weights, and its SE with the variance between models."""
    weights, h2 = np.array([one.akaike_weight for one in fitted]), np.array([one.h2 for one in fitted])
    se = np.array([one.h2_jackknife_se for one in fitted])
    average = float(weights @ h2)
    return average, float(np.sqrt(weights @ (se**2 + (h2 - average) ** 2)))


def _same_as(place: int, fitted: Sequence[FittedModel]) -> str:
    """What a fit repeats: its own model with an intercept, or another model; "" for a fit that counts.

    Genomic control repeats an intercept of nearly the same likelihood in whatever order they were asked for: the reading as
    genomic control is the one that breaks down, and of two equal likelihoods the tolerance of the fits says which is
    larger.  Of two models that are the same, that with fewer parameters counts, and the first.
    """
    one = fitted[place]
    for other_place, other in enumerate(fitted):
        apart = abs(other.logl - one.logl)
        if other.model == one.model:
            if (one.confounding, other.confounding) == ("genomic-control", "intercept") and apart < _INDISTINCT_LOGL:
                return "intercept"
        elif apart < _SAME_LOGL and other.confounding == one.confounding and _same_h2(one, other):
            # Two sets of columns of equal likelihood with more and with fewer parameters may be nested, not the same;
            # the alpha of a grid is the one parameter that leaves columns as they are.
            free = [each.n_parameters - np.isfinite(each.alpha) for each in (one, other)]
            if free[0] == free[1] and (other.n_parameters, other_place) < (one.n_parameters, place):
                return other.model
    return ""


def _same_h2(one: FittedModel, other: FittedModel) -> bool:
    changes = np.append(one.h2_delete - other.h2_delete, one.h2 - other.h2)
    return bool(np.abs(changes).max() < _SAME_H2 * one.h2_jackknife_se)


def difference_between(one: FittedModel, other: FittedModel) -> LoglDifference:
    """Log likelihood of one fit less another's; its error is that of a sum over blocks."""
    difference = one.logl - other.logl
    n_blocks = len(one.logl_delete)
    delete = (one.logl_delete - other.logl_delete) * (n_blocks / (n_blocks - 1))
    # Two names of one model differ by rounding alone.
    same = np.ptp(delete) <= 1e-9 * max(1.0, abs(one.logl))
    se = float("nan") if same else jackknife_se(difference, delete)
    return LoglDifference(
        one.model, other.model, one.confounding, difference, se, difference / se if se > 0 else float("nan")
    )


def _from_reference(one: FittedModel, fitted: Sequence[FittedModel], reference: str) -> LoglDifference | None:
    if one.model == reference:
        return None
    other = next(f for f in fitted if f.model == reference and f.confounding == one.confounding)
    return difference_between(one, other)
