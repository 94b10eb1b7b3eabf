"""Alpha, the exponent that ties heritability to allele frequency: a profile of the likelihood over a grid."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit
from threadpoolctl import threadpool_limits

from ldscores.shared.cores import choose_threads
from ldscores.shared.errors import InputError
from ldscores.taggings.tagging import Tagging
from sumh2.alignment import AlignedData, available_snps
from sumh2.coverage_verdicts import chromosome_findings
from sumh2.kernels.block_sums import block_edges
from sumh2.kernels.heritability_shares import CategorySums
from sumh2.kernels.jackknife import jackknife_se
from sumh2.kernels.likelihood import MAX_ITER, TOLERANCE
from sumh2.kernels.profile_shape import (
    POWERFILE_MEANS,
    fit_gaussian,
    grid_widths,
    interpolate_rows,
    interpolated_maximum,
    relative_likelihood,
    score_interval,
    score_statistics,
)
from sumh2.models.alpha_result import AlphaCurve, AlphaProfile
from sumh2.models.alpha_verdicts import curve_findings, shift_findings
from sumh2.models.common_snps import align_models
from sumh2.models.model_fit import (
    Confounding,
    FitData,
    ModelFit,
    chosen_confounding,
    fit_model,
    fit_models_of_one_category,
)
from sumh2.regression_input import Totals, check_enough, check_positive, fitting, trait_info
from sumh2.sumher.rows import BRACKETED_ALPHA, RowRules, SumherRows, choose_rows, chromosomes_of, resolve_sums
from sumh2.sumstats import FilterCount, SumStats
from sumh2.verdicts import Finding, judge

Floats = NDArray[np.float64]

_MODEL_ALPHA = re.compile(r".*\(([-+]?\d+(?:\.\d+)?)\)$")


@dataclass(frozen=True)
class _Instance:
    """The model at one alpha."""

    alpha: float
    tagging: Floats
    columns: list[int]
    sums: CategorySums


def fit_alpha(
    aligned: AlignedData,
    *,
    trait: int = 0,
    powers: Sequence[float] | None = None,
    divisions: int | None = None,
    confounding: Confounding | Sequence[Confounding] = ("none", "intercept"),
    rules: RowRules | None = None,
    n_blocks: int = 200,
    m: Totals | None = None,
    warm_start: bool = True,
    tolerance: float = TOLERANCE,
    max_iter: int = MAX_ITER,
    n_threads: int | None = None,
) -> AlphaProfile:
    """Alpha of E[h2_j] = tau [2 f_j (1 - f_j)]^(1 + alpha), or of any model with this factor, from one tagging.

    The weighted likelihood of SumHer is maximised at each alpha; the profile gives the best alpha, LDAK's normal
    (``--find-gaussian`` and ``--sum-hers --powerfile``), and what LDAK has not: a delete-block jackknife.  With L(a) the
    profile and L_(b)(a) the profile of the SNPs outside block b (one Newton step from the fit,
    :mod:`sumh2.kernels.likelihood_blocks`), the SE of alpha is that of the maxima of the L_(b); the 95% interval holds
    the alphas at which the slope L'(a) is within Student's quantile of its own jackknife error.  The interval is of the
    slope, not ``alpha ± 1.96 SE``, because the data say less of large alphas than of small ones, and because it may end
    beyond the grid.  (Speed, Holmes and Balding 2020, Nature Genetics 52:458; robust score tests: Boos 1992.)

    Parameters
    ----------
    aligned
        On a tagging of several alphas: of ``ldscores build --model alpha``, whose categories are called ``Base[-0.25]``;
        or of LDAK's ``--merge-tagging``, with `powers`.  A model may have several categories at each alpha.
    trait
        Which column.
    powers
        Alphas in the order of the tagging's models, for names that do not say them.
    divisions
        Categories at each alpha (LDAK's ``--divisions``); by default what the number of powers implies.
    confounding
        What is fitted beside heritability: one kind, or two to compare; the first is the one reported first.
    rules
        Which statistics count.
    n_blocks
        Jackknife blocks; never more than SNPs.
    m
        Totals of LD scores; taggings of a heritability model bring their own.
    warm_start
        Start every alpha from the one in the middle of the grid, with the same heritability; False starts each from
        zero, as LDAK without ``--update-taus``.  The maximum is the same but for the tolerance.
    tolerance, max_iter
        A fit stops when the log likelihood changes by less, or after so many steps.
    n_threads
        Alphas fitted at the same time; by default one a core.

    Raises
    ------
    InputError
        Fewer than three alphas, alphas that are not known, or a grid whose models differ in size.
    FitError
        Too few SNPs, or collinear categories.
    """
    info = trait_info(aligned, trait)
    check_positive(tolerance, "tolerance", "0.001")
    groups = group_categories(aligned.reference, powers, divisions)
    sums = resolve_sums(aligned.reference, m)
    (rows,) = choose_rows(aligned, (trait,), rules or RowRules())
    instances = [_Instance(alpha, rows.tagging, places, sums.select(places)) for alpha, places in groups.items()]
    return _profile(
        info.name, rows, instances, chosen_confounding(confounding), info.steps + rows.steps, n_blocks, warm_start,
        tolerance, max_iter, choose_threads(n_threads), chromosome_findings(*chromosomes_of(aligned, rows)),
        available_snps([info], aligned.reference),
    )  # fmt: skip


def fit_alpha_models(
    trait: SumStats,
    taggings: Sequence[Tagging],
    *,
    powers: Sequence[float] | None = None,
    confounding: Confounding | Sequence[Confounding] = ("none", "intercept"),
    rules: RowRules | None = None,
    n_blocks: int = 200,
    m: Totals | None = None,
    warm_start: bool = True,
    tolerance: float = TOLERANCE,
    max_iter: int = MAX_ITER,
    n_threads: int | None = None,
) -> AlphaProfile:
    """Alpha from one tagging an alpha, on the SNPs that all of them have; weights are those of the first.

    Parameters
    ----------
    trait
        Summary statistics.
    taggings
        Of one model at several alphas.
    powers
        Their alphas; by default what their categories or models are called.
    confounding, rules, n_blocks, m, warm_start, tolerance, max_iter, n_threads
        As for :func:`fit_alpha`.

    Raises
    ------
    InputError
        Fewer than three alphas, alphas that are not known or as many as the taggings, or taggings of models that differ
        in size.
    FitError
        Too few SNPs, or collinear categories.
    """
    alphas = list(powers) if powers is not None else [_alpha_of(tagging) for tagging in taggings]
    if len(alphas) != len(taggings):
        raise InputError(f"--powers: found {len(alphas)} for {len(taggings)} taggings, expected one each; correct them")
    _check_grid(alphas, taggings[0].where)
    if len({tagging.n_categories for tagging in taggings}) > 1:
        raise InputError(
            f"alpha: found taggings of {sorted({tagging.n_categories for tagging in taggings})} categories, expected one "
            "model at several alphas; compare different models with sumh2 compare"
        )
    common = align_models(trait, taggings, rules)
    order = np.argsort(alphas)
    instances = [
        _Instance(
            float(alphas[k]), common.taggings[k], [*range(taggings[k].n_categories)], resolve_sums(taggings[k], m)
        )
        for k in order
    ]
    info = common.aligned.traits[0]
    return _profile(
        info.name, common.rows, instances, chosen_confounding(confounding), info.steps + common.rows.steps, n_blocks,
        warm_start, tolerance, max_iter, choose_threads(n_threads), chromosome_findings(*common.chromosomes),
        available_snps([info], common.aligned.reference),
    )  # fmt: skip


def fit_alpha_likelihoods(
    alphas: Sequence[float] | Floats, logl: Sequence[float] | Floats, name: str = "likelihoods"
) -> AlphaProfile:
    """The normal of LDAK's ``--find-gaussian`` from likelihoods that are known; there is no jackknife then.

    Parameters
    ----------
    alphas, logl
        Grid, in any order, and log likelihoods.
    name
        What they are of.

    Raises
    ------
    InputError
        Fewer than three alphas, one twice, or a likelihood that is no finite number.
    """
    _check_grid(alphas, name)
    order = np.argsort(alphas)
    grid, values = np.asarray(alphas, dtype=np.float64)[order], np.asarray(logl, dtype=np.float64)[order]
    if not np.isfinite(values).all():
        raise InputError(
            f"{name}: found a likelihood that is not a number, expected a finite one for each alpha; fit it again"
        )
    unknown, nothing = np.full(len(grid), np.nan), np.empty(0)
    curve = AlphaCurve(
        confounding="given", alphas=grid, logl=values, null_logl=np.nan, h2=unknown, h2_se=unknown,
        h2_jackknife_se=unknown, intercept=unknown, scaling=unknown, mode=float(grid[np.argmax(values)]),
        alpha=float(interpolated_maximum(grid, values)), alpha_se=np.nan, alpha_low=np.nan, alpha_high=np.nan,
        alpha_delete=nothing, gaussian=fit_gaussian(grid, values),
        powerfile=fit_gaussian(grid, values, POWERFILE_MEANS, leave_one_out=True), h2_best=np.nan, h2_best_se=np.nan,
        h2_average=np.nan, h2_average_se=np.nan, converged=np.ones(len(grid), dtype=bool),
    )  # fmt: skip
    status, why = judge(curve_findings(curve, 0, 0))
    curve = replace(curve, status=status, why=why)
    return AlphaProfile(name, (curve,), 1, 0, 0, np.nan, np.nan, np.nan, ())


# ---------------------------------------------------------------------------------------------------------------------
# The grid


def group_categories(
    tagging: Tagging, powers: Sequence[float] | None = None, divisions: int | None = None
) -> dict[float, list[int]]:
    """Places of the categories of each alpha, alphas ascending.

    Raises
    ------
    InputError
        The names do not say the alphas and no powers are given, or the numbers do not fit.
    """
    where, n_categories = tagging.where, tagging.n_categories
    groups: dict[float, list[int]] = {}
    if powers is not None:
        size = divisions or n_categories // max(len(powers), 1)
        if size * len(powers) != n_categories:
            raise InputError(
                f"{where}: found {n_categories} categories, expected {len(powers)} powers times "
                f"{divisions or 'the same number of'} categories each; give one power a model, in the order of the tagging"
            )
        _check_grid(powers, where)
        groups = {float(power): list(range(k * size, (k + 1) * size)) for k, power in enumerate(powers)}
    else:
        for place, name in enumerate(tagging.names):
            found = BRACKETED_ALPHA.match(name)
            if found is None:
                raise InputError(
                    f"{where}: the category {name} does not say its alpha, expected names such as Base[-0.25]; make the "
                    "tagging with ldscores build --model alpha, or give the alphas of its models with --powers"
                )
            groups.setdefault(float(found[1]), []).append(place)
        sizes = {len(places) for places in groups.values()}
        if len(sizes) > 1 or (divisions is not None and sizes != {divisions}):
            raise InputError(
                f"{where}: found {sorted(sizes)} categories at the alphas, expected {divisions or 'the same number'} at "
                "each; build all alphas of one model together"
            )
        _check_grid(list(groups), where)
    return dict(sorted(groups.items()))


def _alpha_of(tagging: Tagging) -> float:
    found = BRACKETED_ALPHA.match(tagging.names[0]) or _MODEL_ALPHA.match(tagging.model)
    if found is None:
        raise InputError(
            f"{tagging.where}: neither its categories nor its model say an alpha; give the alphas of the taggings with "
            "--powers"
        )
    return float(found[1])


def _check_grid(alphas: Sequence[float] | Floats, where: str) -> None:
    if len(set(alphas)) < len(alphas) or not np.isfinite(np.asarray(alphas, dtype=np.float64)).all():
        raise InputError(
            f"{where}: found an alpha twice or one that is no number, expected different alphas; correct it"
        )
    if len(alphas) < 3:
        raise InputError(
            f"{where}: found {len(alphas)} {'alpha' if len(alphas) == 1 else 'alphas'}, expected a grid of three or more, "
            "31 are usual; make it with ldscores build --model alpha"
        )


# ---------------------------------------------------------------------------------------------------------------------
# The profile


def _profile(
    name: str,
    rows: SumherRows,
    instances: list[_Instance],
    kinds: tuple[Confounding, ...],
    steps: tuple[FilterCount, ...],
    n_blocks: int,
    warm_start: bool,
    tolerance: float,
    max_iter: int,
    n_threads: int,
    known: Sequence[Finding],
    available: Mapping[str, int],
) -> AlphaProfile:
    n_categories = len(instances[0].sums.own)
    used = check_enough(len(rows.chi2), n_blocks, n_categories + 1, name)
    of = FitData(rows.chi2, rows.n, rows.weights, block_edges(len(rows.chi2), used), tolerance, max_iter)
    with fitting(name), threadpool_limits(1, user_api="blas"), ThreadPoolExecutor(n_threads) as pool:
        fits = {kind: _fit_grid(of, instances, kind, warm_start, pool, n_threads) for kind in kinds}
    curves = [_curve(instances, fits[kind]) for kind in kinds]
    shift, shift_se = float("nan"), float("nan")
    if len(curves) > 1:
        shift = curves[1].alpha - curves[0].alpha
        shift_se = _se_of_maximum(shift, curves[1].alpha_delete - curves[0].alpha_delete)
    for place, curve in enumerate(curves):
        found = [*known, *curve_findings(curve, len(rows.chi2), used, available)]
        if place == 0 and len(curves) > 1:
            found += shift_findings(shift, shift_se, *curves[:2])
        status, why = judge(found)
        curves[place] = replace(curve, status=status, why=why)
    return AlphaProfile(name, tuple(curves), n_categories, len(rows.chi2), used, of.n_bar, shift, shift_se, steps)


def _fit_grid(
    of: FitData,
    instances: list[_Instance],
    kind: Confounding,
    warm_start: bool,
    pool: ThreadPoolExecutor,
    n_threads: int,
) -> list[ModelFit]:
    middle = len(instances) // 2
    between, others = instances[middle], [*instances[:middle], *instances[middle + 1 :]]

    def fit(some: list[_Instance], starts: list[Floats | None]) -> list[ModelFit]:
        if len(between.sums.own) == 1:
            return _fit_together(of, some, starts, kind, pool, n_threads)
        return list(pool.map(lambda instance, start: _fit_one(of, instance, start, kind), some, starts))

    def start_of(instance: _Instance) -> Floats | None:
        """The same heritability of every category as in the middle of the grid."""
        if not warm_start or (instance.sums.own == 0).any():
            return None
        start = centre.theta.copy()
        start[: len(instance.sums.own)] *= between.sums.own / instance.sums.own
        return start

    (centre,) = fit([between], [None])
    fits = fit(others, [start_of(instance) for instance in others])
    return [*fits[:middle], centre, *fits[middle:]]


def _fit_one(of: FitData, instance: _Instance, start: Floats | None, kind: Confounding) -> ModelFit:
    columns = np.ascontiguousarray(instance.tagging[:, instance.columns])
    return fit_model(of, columns, instance.sums, kind, start=start)


def _fit_together(
    of: FitData,
    instances: list[_Instance],
    starts: list[Floats | None],
    kind: Confounding,
    pool: ThreadPoolExecutor,
    n_threads: int,
) -> list[ModelFit]:
    """Models of one category."""
    tagging, columns = instances[0].tagging, [instance.columns[0] for instance in instances]
    if any(instance.tagging is not tagging for instance in instances):
        tagging = np.hstack([instance.tagging[:, instance.columns] for instance in instances])
        columns = [*range(len(instances))]
    n_coefs = 1 + (kind != "none")
    start = np.array([np.zeros(n_coefs) if one is None else one for one in starts])
    sums = [instance.sums for instance in instances]
    return fit_models_of_one_category(of, tagging, columns, sums, kind, start=start, pool=pool, n_threads=n_threads)


def _curve(instances: list[_Instance], fits: list[ModelFit]) -> AlphaCurve:
    alphas = np.array([instance.alpha for instance in instances])
    logl = np.array([fit.logl for fit in fits])
    refined = np.array([fit.refined_logl for fit in fits])
    logl_delete = np.array([fit.logl_delete for fit in fits]).T
    h2 = np.array([fit.h2 for fit in fits])
    h2_jackknife_se = np.array([fit.h2_jackknife_se for fit in fits])
    alpha = float(interpolated_maximum(alphas, refined))
    alpha_delete = interpolated_maximum(alphas, logl_delete)
    limit = float(stdtrit(len(logl_delete) - 1, 0.975))
    low, high = score_interval(alphas, score_statistics(alphas, refined, logl_delete), alpha, limit)
    h2_delete = np.array([fit.h2_delete for fit in fits]).T
    h2_best = float(np.interp(alpha, alphas, h2))
    weights = relative_likelihood(refined) * grid_widths(alphas)
    weights /= weights.sum()
    average = float(weights @ h2)
    return AlphaCurve(
        confounding=fits[0].confounding,
        alphas=alphas,
        logl=logl,
        null_logl=fits[0].null_logl,
        h2=h2,
        h2_se=np.array([fit.h2_se for fit in fits]),
        h2_jackknife_se=h2_jackknife_se,
        intercept=np.array([float(fit.parameters.intercept) for fit in fits]),
        scaling=np.array([float(fit.parameters.scaling) for fit in fits]),
        mode=float(alphas[np.argmax(logl)]),
        alpha=alpha,
        alpha_se=_se_of_maximum(alpha, alpha_delete),
        alpha_low=low,
        alpha_high=high,
        alpha_delete=alpha_delete,
        gaussian=fit_gaussian(alphas, logl),
        powerfile=fit_gaussian(alphas, logl, POWERFILE_MEANS, leave_one_out=True),
        h2_best=h2_best,
        h2_best_se=jackknife_se(h2_best, interpolate_rows(alphas, h2_delete, alpha_delete)),
        h2_average=average,
        h2_average_se=float(np.sqrt(weights @ (h2_jackknife_se**2 + (h2 - average) ** 2))),
        converged=np.array([fit.converged for fit in fits]),
    )


def _se_of_maximum(value: float, delete: Floats) -> float:
    """Jackknife SE; NaN where the end of the grid holds the maximum whatever block is left out."""
    return jackknife_se(value, delete) if np.ptp(delete) > 0 else float("nan")
