"""Which heritability model fits a trait, and how much do the estimates depend on it?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from ldscores.shared.collinearity import check_not_collinear
from ldscores.shared.cores import choose_threads
from ldscores.shared.errors import InputError
from ldscores.taggings.tagging import Tagging
from sumh2.alignment import available_snps
from sumh2.coverage_verdicts import chromosome_findings
from sumh2.kernels.block_sums import block_edges
from sumh2.kernels.heritability_shares import CategorySums, derive_quantities
from sumh2.kernels.jackknife import jackknife_covariance, jackknife_se
from sumh2.kernels.likelihood import MAX_ITER, TOLERANCE
from sumh2.kernels.significance import z_and_p
from sumh2.ldsc.h2 import fit_h2
from sumh2.models.alpha import group_categories
from sumh2.models.common_snps import CommonRows, align_models
from sumh2.models.compare_result import FittedModel, LoglDifference, ModelComparison
from sumh2.models.compare_verdicts import comparison_findings, describe_comparison
from sumh2.models.criteria import average_h2, with_criteria
from sumh2.models.model_fit import CONFOUNDING, Confounding, FitData, ModelFit, chosen_confounding, fit_model
from sumh2.regression_input import Totals, check_enough, check_positive, fitting
from sumh2.sumher.rows import RowRules, first_categories, resolve_sums
from sumh2.sumstats import SumStats
from sumh2.verdicts import judge

Floats = NDArray[np.float64]


def fit_comparison(
    trait: SumStats,
    taggings: Mapping[str, Tagging],
    *,
    confounding: Sequence[Confounding] = CONFOUNDING,
    reference: str | None = None,
    weights_from: str | None = None,
    rules: RowRules | None = None,
    n_blocks: int = 200,
    m: Totals | None = None,
    tolerance: float = TOLERANCE,
    max_iter: int = MAX_ITER,
    n_threads: int | None = None,
) -> ModelComparison:
    """Heritability models side by side, on identical SNPs, regression weights and jackknife blocks.

    Every model is fitted by SumHer's weighted likelihood, alone and with terms for confounding.

    - ``aic`` is 2 K - 2 loglSS (Speed, Holmes and Balding 2020, Nature Genetics 52:458).  loglSS is a *weighted*
      likelihood: each SNP counts 1 / Tagging, so that the weights add up to about the number of independent SNPs, and
      AIC is what it would be for that many independent statistics.  Where the weights do not make SNPs independent,
      K is too small a price; ``tic`` pays the effective number of parameters instead, from the gradients of the blocks.
    - The difference of two models' loglSS has a jackknife SE from the *same* blocks: with D_(b) the difference without
      block b, each model at its own maximum there, the delete values are D_(b) B / (B - 1), those of a sum over blocks.
      This is Vuong's (1989) comparison with dependent SNPs.  For two models of which one is a case of the other, or that
      say nearly the same, D is not normal and its z should be read as a bound.
    - The averaged heritability is sum_m w_m h2_m over all models and confounding terms with Akaike weights w_m, its
      squared SE sum_m w_m (SE_m² + (h2_m - average)²) (Burnham and Anderson 2004, Sociological Methods & Research
      33:261).  Where all SNPs have one n, intercept and genomic control are one likelihood with two readings, of which
      nothing in the data prefers one; only the intercept has a weight.  Two models of one likelihood and one h2 (a
      tagging under two names, a grid whose best alpha is another model's) count once: ``same_as`` names the other.

    Parameters
    ----------
    trait
        Summary statistics.
    taggings
        Models by name; the first gives the order of the SNPs.  A tagging of several alphas (``Base[-0.25]``, ...) is
        one model at its best alpha, which counts as one more parameter.
    confounding
        Kinds of terms fitted beside heritability, each with every model.
    reference
        Name of the model whose loglSS the others are compared with; the first by default.
    weights_from
        Name of the tagging whose ``regression_tagging`` makes the weights of all models; the first by default.
    rules
        Which statistics count.
    n_blocks
        Jackknife blocks; never more than SNPs.
    m
        Totals of LD scores; taggings of a heritability model bring their own.
    tolerance, max_iter
        A fit stops when the log likelihood changes by less, or after so many steps.
    n_threads
        Models fitted at the same time; by default one a core.  Memory: 8 bytes for each SNP and category of all models.

    Raises
    ------
    InputError
        Names that are not there, taggings without a common SNP, or without regression weights.
    FitError
        Too few SNPs, or collinear categories.
    """
    names = list(taggings)
    if not names:
        raise InputError("compare: found no tagging, expected two or more; name them in --ld")
    reference = _known(reference, names, "--reference")
    weights_from = _known(weights_from, names, "--weights-from")
    kinds = chosen_confounding(confounding)
    check_positive(tolerance, "tolerance", "0.001")
    common = align_models(trait, list(taggings.values()), rules, names.index(weights_from))
    rows, info = common.rows, common.aligned.traits[0]
    largest = max(_n_categories(tagging) for tagging in taggings.values())
    used = check_enough(len(rows.chi2), n_blocks, largest + 1, info.name)
    of = FitData(rows.chi2, rows.n, rows.weights, block_edges(len(rows.chi2), used), tolerance, max_iter)
    candidates = [
        _Candidate(name, common, place, resolve_sums(tagging, m))
        for place, (name, tagging) in enumerate(taggings.items())
    ]
    fitted, differences = with_criteria(
        _fit_all(of, candidates, kinds, choose_threads(n_threads), info.name), reference
    )
    ldsc_rows = _ldsc_rows(common, candidates, used)
    return _side_by_side(common, of, fitted, differences, ldsc_rows, (reference, weights_from))


def _side_by_side(
    common: CommonRows,
    of: FitData,
    fitted: list[FittedModel],
    differences: tuple[LoglDifference, ...],
    ldsc_rows: list[FittedModel],
    names: tuple[str, str],
) -> ModelComparison:
    """The best model, the average and the verdict; `names` are those of the reference and of the weights."""
    rows, info, n_blocks = common.rows, common.aligned.traits[0], len(of.edges) - 1
    best = int(np.argmax([one.akaike_weight for one in fitted]))
    average, average_se = average_h2(fitted)
    models = [*fitted, *ldsc_rows]
    available = available_snps([info], common.aligned.reference)
    found = comparison_findings(models, models[best], len(rows.chi2), n_blocks, available)
    status, why = judge(found + chromosome_findings(*common.chromosomes))
    return ModelComparison(
        trait=info.name,
        models=tuple(models),
        best=best,
        reference=names[0],
        weights_from=names[1],
        differences=differences,
        h2_average=average,
        h2_average_se=average_se,
        n_snps=len(rows.chi2),
        n_blocks=n_blocks,
        n_bar=of.n_bar,
        effective_size=float(rows.weights.sum()),
        verdict=describe_comparison(models, models[best], names[0], average, average_se),
        status=status,
        why=why,
        steps=info.steps + rows.steps,
    )


def _known(name: str | None, names: list[str], flag: str) -> str:
    if name is None:
        return names[0]
    if name not in names:
        raise InputError(f"{flag}: found {name!r}, expected one of {', '.join(names)}; correct it")
    return name


# ---------------------------------------------------------------------------------------------------------------------
# Fits


@dataclass(frozen=True)
class _Candidate:
    """A model to fit."""

    name: str
    common: CommonRows
    place: int
    sums: CategorySums

    @property
    def reference(self) -> Tagging:
        return self.common.references[self.place]

    @property
    def tagging(self) -> Floats:
        return self.common.taggings[self.place]


def _fit_all(
    of: FitData, candidates: Sequence[_Candidate], kinds: tuple[Confounding, ...], n_threads: int, what: str
) -> list[FittedModel]:
    """Every model with every kind of confounding, in the order given."""
    with fitting(what), threadpool_limits(1, user_api="blas"), ThreadPoolExecutor(n_threads) as pool:
        return [one for group in pool.map(lambda candidate: _fit(of, candidate, kinds), candidates) for one in group]


def _has_alphas(tagging: Tagging) -> bool:
    """Whether all categories bear an alpha, and more than two alphas are there."""
    try:
        group_categories(tagging)
    except InputError:
        return False
    return True


def _n_categories(tagging: Tagging) -> int:
    """Coefficients of the model, at one alpha where there is a grid."""
    return len(next(iter(group_categories(tagging).values()))) if _has_alphas(tagging) else tagging.n_categories


def _fit(of: FitData, candidate: _Candidate, kinds: tuple[Confounding, ...]) -> list[FittedModel]:
    tagging = candidate.reference
    if _has_alphas(tagging):
        return [_fit_best_alpha(of, candidate, kind) for kind in kinds]
    check_not_collinear(candidate.tagging, tagging.names, tagging.where)
    fits: list[FittedModel] = []
    start = None
    for kind in kinds:
        own = None if start is None else _widen(start, kind)
        fit = fit_model(of, candidate.tagging, candidate.sums, kind, first=first_categories(tagging), start=own)
        start = fit.theta[: tagging.n_categories] if start is None else start
        fits.append(_fitted_model(candidate.name, np.nan, fit, tagging.names, fit.logl_delete))
    return fits


def _widen(theta: Floats, kind: Confounding) -> Floats:
    """The categories' coefficients of another fit, and 0 for a term of confounding."""
    return np.append(theta, [] if kind == "none" else [0.0])


def _fit_best_alpha(of: FitData, candidate: _Candidate, kind: Confounding) -> FittedModel:
    """The best alpha of a grid; each block's likelihood is that of its own best alpha."""
    fits: dict[float, ModelFit] = {}
    groups, sums = group_categories(candidate.reference), candidate.sums
    before: tuple[Floats, Floats] | None = None
    for alpha, places in groups.items():
        part = sums.select(places)
        start = None
        if before is not None:
            start = before[0].copy()
            start[: len(places)] *= before[1] / part.own
        fits[alpha] = fit_model(of, np.ascontiguousarray(candidate.tagging[:, places]), part, kind, start=start)
        before = (fits[alpha].theta, part.own)
    best = max(fits, key=lambda alpha: fits[alpha].logl)
    logl_delete = np.max([fit.logl_delete for fit in fits.values()], axis=0)
    names = [candidate.reference.names[place].rpartition("[")[0] for place in groups[best]]
    fitted = _fitted_model(candidate.name, best, fits[best], names, logl_delete)
    return replace(fitted, n_parameters=fitted.n_parameters + 1, n_effective=fitted.n_effective + 1)


def _fitted_model(name: str, alpha: float, fit: ModelFit, names: Sequence[str], logl_delete: Floats) -> FittedModel:
    categories, enrichment_delete = _categories(fit, names)
    nan = float("nan")
    at, delete = fit.parameters, fit.delete
    return FittedModel(
        model=name, alpha=alpha, confounding=fit.confounding, estimator="sumher", n_parameters=fit.n_parameters,
        n_effective=fit.n_effective, h2=fit.h2, h2_se=fit.h2_se, h2_jackknife_se=fit.h2_jackknife_se,
        intercept=float(at.intercept),
        intercept_se=jackknife_se(float(at.intercept), delete.intercept) if fit.confounding == "intercept" else nan,
        scaling=float(at.scaling),
        scaling_se=jackknife_se(float(at.scaling), delete.scaling) if fit.confounding == "genomic-control" else nan,
        logl=fit.logl, null_logl=fit.null_logl, aic=nan, delta_aic=nan, akaike_weight=nan, tic=nan, delta_tic=nan,
        difference=None, categories=categories, h2_delete=fit.h2_delete, logl_delete=logl_delete,
        enrichment_delete=enrichment_delete, converged=fit.converged,
    )  # fmt: skip


def _categories(fit: ModelFit, names: Sequence[str]) -> tuple[tuple[dict[str, object], ...], Floats]:
    """Shares and enrichments of the categories that are not all SNPs, with jackknife errors."""
    at, delete = derive_quantities(fit.parameters.tau, fit.sums), derive_quantities(fit.delete.tau, fit.sums)
    chosen = np.flatnonzero(np.isfinite(at["enrichment"]) & (np.abs(fit.sums.expected - 1) > 1e-12))
    if len(chosen) == 0:
        return (), np.empty((len(fit.h2_delete), 0))
    errors = {
        key: np.sqrt(np.diag(jackknife_covariance(at[key][chosen], delete[key][:, chosen])))
        for key in ("category_share", "enrichment", "excess")
    }
    rows = []
    for number, place in enumerate(chosen.tolist()):
        z, p, _ = z_and_p(float(at["excess"][place]), float(errors["excess"][number]))
        rows.append({
            "category": names[place], "expected_share": float(fit.sums.expected[place]),
            "share": float(at["category_share"][place]), "share_jackknife_se": float(errors["category_share"][number]),
            "enrichment": float(at["enrichment"][place]),
            "enrichment_jackknife_se": float(errors["enrichment"][number]), "enrichment_z": z, "enrichment_p": p,
        })  # fmt: skip
    return tuple(rows), delete["enrichment"][:, chosen]


# ---------------------------------------------------------------------------------------------------------------------
# The other estimator


def _ldsc_rows(common: CommonRows, candidates: Sequence[_Candidate], n_blocks: int) -> list[FittedModel]:
    """The LD Score regression of the same statistics on LD scores, where a tagging is one: the GCTA model."""
    nan = float("nan")
    for candidate in candidates:
        tagging = candidate.reference
        if tagging.n_categories > 1 or not (tagging.ldak is None or "gcta" in tagging.model.lower()):
            continue
        result = fit_h2(common.aligned_to(candidate.place), n_blocks=n_blocks, m=float(candidate.sums.own[0]))
        return [
            FittedModel(
                model=candidate.name, alpha=nan, confounding="LDSC intercept", estimator="ldsc", n_parameters=2,
                n_effective=nan, h2=result.h2, h2_se=nan, h2_jackknife_se=result.h2_se, intercept=result.intercept,
                intercept_se=result.intercept_se, scaling=1.0, scaling_se=nan, logl=nan, null_logl=nan, aic=nan,
                delta_aic=nan, akaike_weight=nan, tic=nan, delta_tic=nan, difference=None, categories=(),
                h2_delete=result.delete_values, logl_delete=np.empty(0), enrichment_delete=np.empty((0, 0)),
                converged=True,
            )
        ]  # fmt: skip
    return []
