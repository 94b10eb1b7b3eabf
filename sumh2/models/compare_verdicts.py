"""What a comparison of models says, in sentences, and what to know before believing it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from sumh2.kernels.jackknife import jackknife_se
from sumh2.models.criteria import difference_between
from sumh2.verdicts import Finding, count_findings

if TYPE_CHECKING:
    from sumh2.models.compare_result import FittedModel

#: Differences of more SEs than this are beyond noise.
CLEAR_Z = 1.96
#: Chance of naming any difference where there is none.
_LEVEL = 0.05
#: AIC closer than this is a tie (Burnham and Anderson 2002, page 70).
CLOSE_AIC = 2.0
#: A smaller change, as a share of the larger number, is no other conclusion, however clear it is.
_SMALL_CHANGE = 0.1
#: More effective than counted parameters by this factor: AIC is too kind to large models.
_EFFECTIVE_RATIO = 1.5
#: A multiplicative inflation below this is no inflation.
_SMALLEST_SCALING = 0.5
#: What `same_as` says of a fit that repeats the same model with an intercept, or nothing.
CONFOUNDING_WORDS = ("", "intercept")
#: Enrichments named in the verdict.
_NAMED = 5


def describe_comparison(
    models: Sequence[FittedModel], best: FittedModel, reference: str, h2_average: float, h2_average_se: float
) -> tuple[str, ...]:
    """Sentences: which model fits, how sure that is, what confounding adds, and what depends on the model."""
    fits = [f for f in models if f.estimator == "sumher"]
    peers = [f for f in fits if f.confounding == best.confounding]
    sentences = [_best_sentence(best, reference, peers)]
    # The next model may be at its best with another confounding term than the best one.
    others = sorted((f for f in fits if f.model != best.model and not f.same_as), key=lambda fitted: fitted.aic)
    if others and (others[0].model, others[0].confounding) != (reference, best.confounding):
        sentences.append(_next_sentence(best, others[0]))
    if len(peers) > 1:
        sentences.append(_h2_sentence(peers, h2_average, h2_average_se))
    sentences += _confounding_sentence(models, best)
    sentences += _estimator_sentence(models, best)
    if len(peers) > 1:
        sentences.append(_dependence_sentence(peers))
    return tuple(sentences)


def _lead(best: FittedModel, other: FittedModel) -> str:
    """How far the log likelihood of the best fit is above another's, in words."""
    one = difference_between(best, other)
    if not np.isfinite(one.se):
        return f"loglSS {one.difference:+.1f}"
    sure = "beyond noise" if abs(one.z) > CLEAR_Z else "within noise"
    return f"loglSS {one.difference:+.1f} (SE {one.se:.1f}, {sure})"


def _named(fitted: FittedModel) -> str:
    return fitted.model if np.isnan(fitted.alpha) else f"{fitted.model} (alpha {fitted.alpha:g})"


def _with_terms(fitted: FittedModel) -> str:
    return f"{_named(fitted)}{'' if fitted.confounding == 'none' else f' with {fitted.confounding} fitted'}"


def _best_sentence(best: FittedModel, reference: str, peers: Sequence[FittedModel]) -> str:
    if best.model == reference:
        return f"{_with_terms(best)} has the smallest AIC (Akaike weight {best.akaike_weight:.2f})."
    over = _lead(best, next(f for f in peers if f.model == reference))
    return f"{_with_terms(best)} fits best: {over} over {reference}, Akaike weight {best.akaike_weight:.2f}."


def _next_sentence(best: FittedModel, second: FittedModel) -> str:
    """How far the best model is ahead of the next one: signs as in the table, where more is better for `best`."""
    behind = second.aic - best.aic
    tie = "; an AIC so close is a tie" if behind < CLOSE_AIC else ""
    return (
        f"{_named(best)} has {_lead(best, second)} over the next model, {_with_terms(second)}, whose AIC is {behind:.1f} "
        f"larger{tie}."
    )


def _h2_text(value: float, like: float | None = None) -> str:
    """Three digits that count and never fewer than three decimals; or as many decimals as another number has."""
    size = abs(value if like is None else like)
    return f"{value:.{int(np.clip(2 - np.floor(np.log10(size)), 3, 6)) if size > 0 else 3}f}"


def _h2_sentence(peers: Sequence[FittedModel], h2_average: float, h2_average_se: float) -> str:
    low, high = min(peers, key=lambda f: f.h2), max(peers, key=lambda f: f.h2)
    average = f"{_h2_text(h2_average)} (SE {_h2_text(h2_average_se, like=h2_average)})"
    return (
        f"h2 changes from {_h2_text(low.h2)} ({_named(low)}) to {_h2_text(high.h2)} ({_named(high)}) between models; "
        f"averaged over models and confounding it is {average}."
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
        f"{change:+.1f}); h2 {_h2_text(own['none'].h2)} without, {_h2_text(free.h2)} with {free.confounding}."
    ]


def _estimator_sentence(models: Sequence[FittedModel], best: FittedModel) -> list[str]:
    """What LD Score regression says of the same SNPs, and whether that is another answer."""
    for fitted in models:
        if fitted.estimator == "ldsc" and len(fitted.h2_delete) == len(best.h2_delete):
            gap = fitted.h2 - best.h2
            se = jackknife_se(gap, fitted.h2_delete - best.h2_delete)
            differs = se > 0 and abs(gap) > CLEAR_Z * se
            moved = f"{'-' if gap < 0 else '+'}{_h2_text(abs(gap), like=fitted.h2)} (SE {se:.2g}) from the best model"
            return [
                f"LD Score regression on {fitted.model} gives h2 {_h2_text(fitted.h2)}, {moved}: "
                f"{'the estimator matters here' if differs else 'within noise'}."
            ]
    return []


def _clear_z(peers: Sequence[FittedModel]) -> float:
    """Bonferroni's limit for all differences looked at: pairs of models, times h2 and the categories they share."""
    from scipy.special import ndtri  # its import costs time that few results owe

    n_looks = 0
    for one, other in combinations(peers, 2):
        n_looks += 1 + len({row["category"] for row in one.categories} & {row["category"] for row in other.categories})
    return float(-ndtri(_LEVEL / 2 / max(n_looks, 1)))


def _dependence_sentence(peers: Sequence[FittedModel]) -> str:
    """Quantities that differ between two models by more than their jackknifed difference allows, and by enough."""
    limit = _clear_z(peers)
    depends, small = _h2_dependence(peers, limit)
    ranked = _enrichment_dependence(peers, limit)
    depends += ranked[:_NAMED] + ([f"and {len(ranked) - _NAMED} more enrichments"] if len(ranked) > _NAMED else [])
    if depends:
        return f"Conclusions that depend on the model: {'; '.join(depends)}."
    if small:
        return f"No conclusion here depends on the model: {small}."
    return "No conclusion here depends on the model beyond noise."


def _h2_dependence(peers: Sequence[FittedModel], limit: float) -> tuple[list[str], str]:
    """The pair of models whose h2 differ, as a list of none or one; and words of a clear difference that is small."""
    pairs = sorted(combinations(peers, 2), key=lambda pair: -abs(pair[0].h2 - pair[1].h2))
    clear = []
    for one, other in pairs:
        gap = one.h2 - other.h2
        se = jackknife_se(gap, one.h2_delete - other.h2_delete)
        if se > 0 and abs(gap) / se > limit:
            clear.append((one, other, se))
    if not clear:
        return [], ""
    # The two furthest apart, whom the range names too; they may be the two least certain, and then it is others.
    one, other, se = clear[0]
    text = f"{_h2_text(one.h2)} under {one.model}, {_h2_text(other.h2)} under {other.model}, difference SE {se:.2g}"
    if _is_large(one.h2, other.h2):
        widest = one is pairs[0][0] and other is pairs[0][1]
        return [f"h2 ({text}{'' if widest else '; the largest difference that is beyond noise'})"], ""
    share = 100 * abs(one.h2 - other.h2) / max(abs(one.h2), abs(other.h2))
    return [], f"h2 differs beyond noise but by {share:.2g}% only ({text})"


def _is_large(one: float, other: float) -> bool:
    return abs(one - other) > _SMALL_CHANGE * max(abs(one), abs(other))


def _enrichment_dependence(peers: Sequence[FittedModel], limit: float) -> list[str]:
    """Each category's clearest pair of models, the clearest first."""
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
            large = _is_large(row["enrichment"], theirs["enrichment"])
            if large and z > limit and z > found.get(name, (0.0, ""))[0]:
                text = f"enrichment of {name} ({row['enrichment']:.2f} under {one.model}, {theirs['enrichment']:.2f} under "
                found[name] = (z, f"{text}{other.model}, difference SE {se:.2g})")
    return [text for _, text in sorted(found.values(), reverse=True)]


def comparison_findings(
    models: Sequence[FittedModel],
    best: FittedModel,
    n_snps: int,
    n_blocks: int,
    available: Mapping[str, int] | None = None,
) -> list[Finding]:
    """What to know before believing the verdict; ``available`` as in :func:`sumh2.verdicts.count_findings`."""
    found = []
    lost = [f"{f.model} ({f.confounding})" for f in models if not f.converged]
    if lost:
        text = f"{', '.join(lost[:3])}: their likelihoods are no maxima, do not compare them; try --truncate 80"
        found.append(Finding("caution" if best.converged else "unusable", "not converged", text))
    if best.n_effective > _EFFECTIVE_RATIO * best.n_parameters + 1:
        found.append(_effective_finding(best))
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
    return found + count_findings(n_snps, n_blocks, available)


def _effective_finding(best: FittedModel) -> Finding:
    """What it means that the likelihood is worth more parameters than were counted."""
    why = "linked SNPs that the weights leave in are counted more than once"
    if best.n_parameters == 1:
        return Finding(
            "note", "likelihood too sure", f"{why} (the one parameter of {best.model} acts like {best.n_effective:.1f}, "
            "column n_effective): differences of loglSS and AIC look surer than they are; go by the SE of the difference",
        )  # fmt: skip
    return Finding(
        "note", "AIC favours large models", f"{why}, so that the {best.n_parameters} parameters of {best.model} act like "
        f"{best.n_effective:.1f} (column n_effective), of which AIC charges {best.n_parameters}: go by the SE of the "
        "difference and by TIC (column delta_tic), which charges all of them",
    )  # fmt: skip
