"""What a comparison of models says, in sentences, and what to know before believing it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from sumh2.kernels.jackknife import jackknife_se
from sumh2.verdicts import Finding, count_findings

if TYPE_CHECKING:
    from sumh2.models.compare_result import FittedModel, LoglDifference

#: Differences of more SEs than this are beyond noise.
CLEAR_Z = 1.96
#: Chance of naming any difference where there is none.
_LEVEL = 0.05
#: AIC closer than this is a tie (Burnham and Anderson 2002, page 70).
CLOSE_AIC = 2.0
#: More effective than counted parameters by this factor: AIC is too kind to large models.
_EFFECTIVE_RATIO = 1.5
#: A multiplicative inflation below this is no inflation.
_SMALLEST_SCALING = 0.5
#: What `same_as` says of a fit that repeats the same model with an intercept, or nothing.
CONFOUNDING_WORDS = ("", "intercept")
#: Enrichments named in the verdict.
_NAMED = 5


def describe_comparison(
    models: Sequence[FittedModel], best: FittedModel, reference: str, differences: Sequence[LoglDifference],
    h2_average: float, h2_average_se: float,
) -> tuple[str, ...]:  # fmt: skip
    """Sentences: which model fits, how sure that is, what confounding adds, and what depends on the model."""
    peers = [f for f in models if f.estimator == "sumher" and f.confounding == best.confounding]
    sentences = [_best_sentence(best, reference, differences)]
    second = sorted((f for f in peers if f is not best and not f.same_as), key=lambda fitted: fitted.aic)[:1]
    if second and second[0].model != reference:
        sentences.append(_second_sentence(best, second[0], differences))
    if len(peers) > 1:
        sentences.append(_h2_sentence(peers, h2_average, h2_average_se))
    sentences += _confounding_sentence(models, best)
    sentences += _estimator_sentence(models, best)
    depends = _what_depends(peers)
    if len(peers) > 1:
        sentences.append(
            f"Conclusions that depend on the model: {'; '.join(depends)}." if depends else
            "No conclusion here depends on the model beyond noise."
        )  # fmt: skip
    return tuple(sentences)


def _find(
    differences: Sequence[LoglDifference], model: str, other: str, confounding: str
) -> tuple[float, float, float]:
    for one in differences:
        if one.confounding == confounding and (one.model, one.other) == (model, other):
            return one.difference, one.se, one.z
        if one.confounding == confounding and (one.model, one.other) == (other, model):
            return -one.difference, one.se, -one.z
    return float("nan"), float("nan"), float("nan")


def _words(difference: float, se: float, z: float) -> str:
    if not np.isfinite(se):
        return f"loglSS {difference:+.1f}"
    sure = "beyond noise" if abs(z) > CLEAR_Z else "within noise"
    return f"loglSS {difference:+.1f} (SE {se:.1f}, {sure})"


def _named(fitted: FittedModel) -> str:
    return fitted.model if np.isnan(fitted.alpha) else f"{fitted.model} (alpha {fitted.alpha:g})"


def _best_sentence(best: FittedModel, reference: str, differences: Sequence[LoglDifference]) -> str:
    with_terms = "" if best.confounding == "none" else f" with {best.confounding} fitted"
    if best.model == reference:
        return f"{_named(best)}{with_terms} has the smallest AIC (Akaike weight {best.akaike_weight:.2f})."
    over = _words(*_find(differences, best.model, reference, best.confounding))
    return f"{_named(best)}{with_terms} fits best: {over} over {reference}, Akaike weight {best.akaike_weight:.2f}."


def _second_sentence(best: FittedModel, second: FittedModel, differences: Sequence[LoglDifference]) -> str:
    over = _words(*_find(differences, best.model, second.model, best.confounding))
    tie = second.aic - best.aic < CLOSE_AIC
    return f"Next is {_named(second)}: {over}, AIC +{second.aic - best.aic:.1f}{': a tie' if tie else ''}."


def _h2_sentence(peers: Sequence[FittedModel], h2_average: float, h2_average_se: float) -> str:
    low, high = min(peers, key=lambda f: f.h2), max(peers, key=lambda f: f.h2)
    return (
        f"h2 changes from {low.h2:.3f} ({_named(low)}) to {high.h2:.3f} ({_named(high)}) between models; averaged over "
        f"models and confounding it is {h2_average:.3f} (SE {h2_average_se:.3f})."
    )


def _confounding_sentence(models: Sequence[FittedModel], best: FittedModel) -> list[str]:
    own = {f.confounding: f for f in models if f.estimator == "sumher" and f.model == best.model and not f.same_as}
    if "none" not in own or len(own) < 2:
        return []
    free = max((f for kind, f in own.items() if kind != "none"), key=lambda fitted: fitted.logl)
    change = free.aic - own["none"].aic
    says = "the data call for it" if change < -CLOSE_AIC else "the data leave it open"
    if change > 0:
        says = "the data do not call for it"
    return [
        f"Confounding under {best.model}: fitting it adds {free.logl - own['none'].logl:.1f} to loglSS, {says} (AIC "
        f"{change:+.1f}); h2 {own['none'].h2:.3f} without, {free.h2:.3f} with {free.confounding}."
    ]


def _estimator_sentence(models: Sequence[FittedModel], best: FittedModel) -> list[str]:
    """What LD Score regression says of the same SNPs, and whether that is another answer."""
    for fitted in models:
        if fitted.estimator == "ldsc" and len(fitted.h2_delete) == len(best.h2_delete):
            gap = fitted.h2 - best.h2
            se = jackknife_se(gap, fitted.h2_delete - best.h2_delete)
            differs = se > 0 and abs(gap) > CLEAR_Z * se
            return [
                f"LD Score regression on {fitted.model} gives h2 {fitted.h2:.3f}, {gap:+.3f} (SE {se:.2g}) from the best "
                f"model: {'the estimator matters here' if differs else 'within noise'}."
            ]
    return []


def _clear_z(peers: Sequence[FittedModel]) -> float:
    """Bonferroni's limit for all differences looked at: pairs of models, times h2 and the categories they share."""
    from scipy.special import ndtri  # its import costs time that few results owe

    n_looks = 0
    for one, other in combinations(peers, 2):
        n_looks += 1 + len({row["category"] for row in one.categories} & {row["category"] for row in other.categories})
    return float(-ndtri(_LEVEL / 2 / max(n_looks, 1)))


def _what_depends(peers: Sequence[FittedModel]) -> list[str]:
    """Quantities that differ between two models by more than their jackknifed difference allows."""
    depends = []
    limit = clearest = _clear_z(peers)
    for one, other in combinations(peers, 2):  # not the two furthest apart alone, which may be the two least certain
        gap = one.h2 - other.h2
        se = jackknife_se(gap, one.h2_delete - other.h2_delete)
        if se > 0 and abs(gap) / se > clearest:
            clearest = abs(gap) / se
            text = f"h2 ({one.h2:.3f} under {one.model}, {other.h2:.3f} under {other.model}, difference SE {se:.2g})"
            depends = [text]
    found: dict[str, tuple[float, str]] = {}
    for one, other in combinations([f for f in peers if f.categories], 2):
        places = {row["category"]: place for place, row in enumerate(other.categories)}
        for place, row in enumerate(one.categories):
            name = row["category"]
            if name not in places:
                continue
            theirs = other.categories[places[name]]
            gap = row["enrichment"] - theirs["enrichment"]
            se = jackknife_se(gap, one.enrichment_delete[:, place] - other.enrichment_delete[:, places[name]])
            z = abs(gap) / se if se > 0 else 0.0
            if z > limit and z > found.get(name, (0.0, ""))[0]:
                text = f"enrichment of {name} ({row['enrichment']:.2f} under {one.model}, {theirs['enrichment']:.2f} under "
                found[name] = (z, f"{text}{other.model}, difference SE {se:.2g})")
    ranked = [text for _, text in sorted(found.values(), reverse=True)]
    more = [f"and {len(ranked) - _NAMED} more enrichments"] if len(ranked) > _NAMED else []
    return depends + ranked[:_NAMED] + more


def comparison_findings(models: Sequence[FittedModel], best: FittedModel, n_snps: int, n_blocks: int) -> list[Finding]:
    """What to know before believing the verdict."""
    found = []
    lost = [f"{f.model} ({f.confounding})" for f in models if not f.converged]
    if lost:
        text = f"{', '.join(lost[:3])}: their likelihoods are no maxima, do not compare them; try --truncate 80"
        found.append(Finding("caution" if best.converged else "unusable", "not converged", text))
    if best.n_effective > _EFFECTIVE_RATIO * best.n_parameters + 1:
        found.append(
            Finding("note", "AIC is kind to large models", f"the {best.n_parameters} parameters of {best.model} are worth "
                    f"{best.n_effective:.1f}: LD beyond the weights makes the likelihood count news more than once; look "
                    "at the jackknifed difference and at tic")
        )  # fmt: skip
    broken = [f.model for f in models if f.confounding == "genomic-control" and not f.scaling > _SMALLEST_SCALING]
    if broken:
        found.append(
            Finding("note", "genomic control breaks down", f"under {', '.join(broken[:3])} it says that confounding "
                    f"multiplies all statistics by less than {_SMALLEST_SCALING:g}, or by a negative number; with one n "
                    "it is the intercept's likelihood in another reading: use the intercept's h2")
        )  # fmt: skip
    if not best.h2 > 0:
        found.append(
            Finding("unusable", "negative h2", f"h2 is {best.h2:.3g} under the best model: there is no signal")
        )
    peers = [f for f in models if f.estimator == "sumher" and f.confounding == best.confounding]
    twice = [f"{f.model} and {f.same_as}" for f in peers if f.same_as not in CONFOUNDING_WORDS]
    if twice:
        found.append(
            Finding("note", "same model", f"{'; '.join(twice)} have one likelihood and one h2: two names of one model, "
                    "which counts once in weights and average")
        )  # fmt: skip
    if len([f for f in peers if not f.same_as]) < 2:
        found.append(
            Finding("caution", "one model", "there is nothing to compare it with; name other taggings in --ld")
        )
    return found + count_findings(n_snps, n_blocks)
