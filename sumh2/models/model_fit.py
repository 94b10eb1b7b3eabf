"""One heritability model fitted to one trait, with what comparisons of models need: everything by block, too."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ldscores.shared.errors import InputError
from sumh2.kernels.heritability_shares import (
    CategorySums,
    Parameters,
    derive_quantities,
    parameter_covariance,
    resolve_parameters,
)
from sumh2.kernels.jackknife import jackknife_se
from sumh2.kernels.likelihood import MAX_ITER, TOLERANCE, LikelihoodFit, ScaledDesign, fit_likelihood
from sumh2.kernels.likelihood_blocks import LikelihoodBlocks, sum_likelihood_blocks
from sumh2.kernels.likelihood_grid import Grid, GridFit, fit_likelihood_grid
from sumh2.sumher.rows import weighted_mean_n

Floats = NDArray[np.float64]

#: Terms that take what is not heritability: none; n_j a, which grows with the sample size; a factor on all statistics.
Confounding = Literal["none", "intercept", "genomic-control"]
CONFOUNDING: tuple[Confounding, ...] = ("none", "intercept", "genomic-control")


@dataclass(frozen=True)
class ModelFit:
    """A model at the maximum of its weighted likelihood.

    Delete values are of one Newton step (:mod:`sumh2.kernels.likelihood_blocks`).

    Parameters
    ----------
    confounding
        Which terms are fitted beside the categories.
    theta : float64, (n_coefs,)
    logl, null_logl
        Weighted log likelihood at the fit, and without heritability.
    refined_logl
        logl and what one more Newton step adds, less the part that is the same for all models.
    logl_delete : float64, (n_blocks,)
        The same of the other blocks at their own maximum.
    parameters, delete : Parameters
        tau, scaling and intercept; and with each block left out.
    h2, h2_se, h2_jackknife_se
        With the SE of the likelihood's curvature (LDAK's) and of the jackknife.
    h2_delete : float64, (n_blocks,)
    n_parameters, n_effective
        Coefficients; and how many the likelihood is worth, see
        :meth:`sumh2.kernels.likelihood_blocks.LikelihoodBlocks.effective_parameters`.
    sums : CategorySums
    converged
    """

    confounding: Confounding
    theta: Floats
    logl: float
    null_logl: float
    refined_logl: float
    logl_delete: Floats
    parameters: Parameters
    delete: Parameters
    h2: float
    h2_se: float
    h2_jackknife_se: float
    h2_delete: Floats
    n_parameters: int
    n_effective: float
    sums: CategorySums
    converged: bool


@dataclass(frozen=True)
class FitData:
    """What all models are fitted to.

    Parameters
    ----------
    chi2, n, weights : float64, (n_snps,)
    edges : int64, (n_blocks + 1,)
    tolerance, max_iter
        Of the fits.
    """

    chi2: Floats
    n: Floats
    weights: Floats
    edges: NDArray[np.int64]
    tolerance: float = TOLERANCE
    max_iter: int = MAX_ITER

    @cached_property
    def n_bar(self) -> float:
        """Weighted mean sample size."""
        return weighted_mean_n(self.n, self.weights)


def chosen_confounding(confounding: Confounding | Sequence[Confounding]) -> tuple[Confounding, ...]:
    """One kind or several, each once; InputError for a word that is none."""
    kinds = (confounding,) if isinstance(confounding, str) else tuple(dict.fromkeys(confounding))
    for kind in kinds:
        if kind not in CONFOUNDING:
            raise InputError(f"confounding: found {kind!r}, expected {', '.join(CONFOUNDING)}; correct it")
    if not kinds:
        raise InputError(f"confounding: found none, expected some of {', '.join(CONFOUNDING)}; name them")
    return kinds


def fit_model(
    of: FitData,
    tagging: Floats,
    sums: CategorySums,
    confounding: Confounding = "none",
    *,
    first: list[int] | None = None,
    start: Floats | None = None,
) -> ModelFit:
    """Maximum of the weighted likelihood of one model, with delete values.

    Parameters
    ----------
    of
        Statistics, weights, blocks.
    tagging : float64, (n_snps, n_categories)
    sums
        What the panel says of the categories.
    confounding
        Terms beside the categories.
    first, start
        See :func:`sumh2.kernels.likelihood.fit_likelihood`.
    """
    scaling, intercept = _terms(confounding)
    design = ScaledDesign(tagging, of.n / of.n_bar, constant=scaling, scaled_constant=intercept)
    fit = fit_likelihood(
        design, of.chi2, of.weights, first=first, start=start, tolerance=of.tolerance, max_iter=of.max_iter
    )
    return _complete(
        of, fit, sum_likelihood_blocks(design, of.chi2, of.weights, fit.theta, of.edges), sums, confounding
    )


def fit_models_of_one_category(
    of: FitData,
    tagging: Floats,
    columns: Sequence[int],
    sums: Sequence[CategorySums],
    confounding: Confounding = "none",
    *,
    start: Floats | None = None,
    pool: Executor | None = None,
    n_threads: int = 1,
) -> list[ModelFit]:
    """:func:`fit_model` of each of several columns, in passes over the SNPs that they share.

    Parameters
    ----------
    of
        Statistics, weights, blocks.
    tagging : float64, (n_snps, n_columns)
    columns
        Which column each model is.
    sums
        What the panel says of each.
    confounding
        Terms beside the category.
    start : float64, (n_models, n_coefs)
        By default zero.
    pool, n_threads
        Threads.
    """
    scaling, intercept = _terms(confounding)
    grid = Grid(
        tagging, np.asarray(columns, dtype=np.int64), of.n / of.n_bar, of.chi2, of.weights, of.edges,
        constant=scaling, scaled_constant=intercept, pool=pool, n_threads=n_threads,
    )  # fmt: skip
    fits = fit_likelihood_grid(grid, start, tolerance=of.tolerance, max_iter=of.max_iter)
    return [
        _complete(of, fit, LikelihoodBlocks(fit.theta, fit.block_logl, fit.block_sums), own, confounding)
        for fit, own in zip(fits, sums, strict=True)
    ]


def _terms(confounding: Confounding) -> tuple[bool, bool]:
    """Whether there is a factor on all statistics, and an intercept."""
    return confounding == "genomic-control", confounding == "intercept"


def _complete(
    of: FitData,
    fit: LikelihoodFit | GridFit,
    blocks: LikelihoodBlocks,
    sums: CategorySums,
    confounding: Confounding,
) -> ModelFit:
    """What is derived from a maximum and its parts by block."""
    theta_delete, logl_delete = blocks.delete_values()
    shape = (of.n_bar, len(sums.own), *_terms(confounding))
    at, delete = resolve_parameters(fit.theta, *shape), resolve_parameters(theta_delete, *shape)
    h2 = float(derive_quantities(at.tau, sums)["h2"])
    h2_delete = derive_quantities(delete.tau, sums)["h2"]
    return ModelFit(
        confounding=confounding,
        theta=fit.theta,
        logl=fit.logl,
        null_logl=fit.null_logl,
        refined_logl=blocks.maximum(),
        logl_delete=logl_delete,
        parameters=at,
        delete=delete,
        h2=h2,
        h2_se=_likelihood_se(fit, shape, sums),
        h2_jackknife_se=jackknife_se(h2, h2_delete),
        h2_delete=h2_delete,
        n_parameters=len(fit.theta),
        n_effective=blocks.effective_parameters(),
        sums=sums,
        converged=fit.converged,
    )


def _likelihood_se(fit: LikelihoodFit | GridFit, shape: tuple[float, int, bool, bool], sums: CategorySums) -> float:
    """SE of h2 from the curvature of the likelihood; NaN where the fit has none."""
    if not fit.converged:
        return float("nan")
    n_categories = shape[1]
    covariance = parameter_covariance(fit.theta, fit.covariance, *shape)[:n_categories, :n_categories]
    variance = float(sums.own @ covariance @ sums.own)
    return float(np.sqrt(variance)) if variance >= 0 else float("nan")
