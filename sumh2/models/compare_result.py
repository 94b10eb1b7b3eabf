"""Heritability models side by side: which fits, what each says of the heritability, and what depends on the choice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ldscores.shared.outputs import written_together
from ldscores.shared.tables import write_parquet, write_tsv
from sumh2.results import Result, with_se
from sumh2.sumstats import FilterCount
from sumh2.verdicts import WHY_SEPARATOR

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class LoglDifference:
    """Log likelihood of one model less another's, with the block jackknife's error.

    Parameters
    ----------
    model, other
        Names.
    confounding
        Of both.
    difference, se, z
        The SE is NaN for a model and itself.
    """

    model: str
    other: str
    confounding: str
    difference: float
    se: float
    z: float


@dataclass(frozen=True)
class FittedModel:
    """One model with one kind of confounding term; or the LD Score regression estimator, which has no likelihood.

    Parameters
    ----------
    model
        Name.
    alpha
        Of a model whose alpha was chosen from a grid, else NaN.
    confounding
        "none", "intercept", "genomic-control"; "LDSC intercept".
    estimator
        "sumher" or "ldsc".
    n_parameters, n_effective
        Coefficients (and alpha, where it was chosen); and how many the weighted likelihood is worth, see
        :meth:`sumh2.kernels.likelihood_blocks.LikelihoodBlocks.effective_parameters`.
    h2, h2_se, h2_jackknife_se
        SE by the curvature of the likelihood (LDAK's) and by the jackknife.
    intercept, intercept_se, scaling, scaling_se
        Jackknife SEs; 1 and NaN where not fitted.
    logl, null_logl
        Weighted log likelihoods (LDAK's loglSS).
    aic, delta_aic, akaike_weight
        2 n_parameters - 2 logl, that less the smallest one, and exp(-delta/2) scaled to sum 1.
    tic, delta_tic
        The same with n_effective (Takeuchi's criterion).
    difference
        From the reference model with the same confounding.
    categories
        Rows of category, share, enrichment and its test; empty for a model of one category.
    h2_delete, logl_delete : float64, (n_blocks,)
    enrichment_delete : float64, (n_blocks, n_categories)
    converged
    same_as
        Name of the model, or confounding term, that this fit repeats, so that it has no Akaike weight; "" mostly.
    """

    model: str
    alpha: float
    confounding: str
    estimator: str
    n_parameters: int
    n_effective: float
    h2: float
    h2_se: float
    h2_jackknife_se: float
    intercept: float
    intercept_se: float
    scaling: float
    scaling_se: float
    logl: float
    null_logl: float
    aic: float
    delta_aic: float
    akaike_weight: float
    tic: float
    delta_tic: float
    difference: LoglDifference | None
    categories: tuple[dict[str, Any], ...]
    h2_delete: Floats
    logl_delete: Floats
    enrichment_delete: Floats
    converged: bool
    same_as: str = ""

    def to_record(self, trait: str) -> dict[str, Any]:
        """A row of the tidy table."""
        names = (
            "model", "alpha", "confounding", "estimator", "n_parameters", "n_effective", "h2", "h2_se",
            "h2_jackknife_se", "intercept", "intercept_se", "scaling", "scaling_se", "logl", "null_logl", "aic",
            "delta_aic", "akaike_weight", "tic", "delta_tic",
        )  # fmt: skip
        difference = self.difference
        return {
            "trait": trait, **{name: getattr(self, name) for name in names},
            "delta_logl": difference.difference if difference else np.nan,
            "delta_logl_se": difference.se if difference else np.nan,
            "delta_logl_z": difference.z if difference else np.nan,
            "converged": self.converged, "same_as": self.same_as,
        }  # fmt: skip


@dataclass(frozen=True)
class ModelComparison(Result):
    """All models on identical SNPs, weights and blocks.

    Parameters
    ----------
    trait
        Name.
    models
        In the order given, each with every kind of confounding term; the LDSC estimator last.
    best
        Place of the model with the smallest AIC.
    reference
        Name of the model that the others are compared with.
    weights_from
        Name of the model whose Tagging column makes the regression weights.
    differences
        All pairs of models with the same confounding.
    h2_average, h2_average_se
        Heritability averaged with Akaike weights; its SE has the variance between models in it.
    n_snps, n_blocks, n_bar, effective_size
        SNPs, jackknife blocks, weighted mean sample size, sum of the weights.
    verdict
        What the comparison says, in sentences.
    status, why
        ok, caution or unusable, and what to do.
    steps
        SNPs removed and kept.
    """

    kind: ClassVar[str] = "compare"

    trait: str
    models: tuple[FittedModel, ...]
    best: int
    reference: str
    weights_from: str
    differences: tuple[LoglDifference, ...]
    h2_average: float
    h2_average_se: float
    n_snps: int
    n_blocks: int
    n_bar: float
    effective_size: float
    verdict: tuple[str, ...]
    status: str
    why: str
    steps: tuple[FilterCount, ...]
    origin: Mapping[str, Any] = field(default_factory=dict)

    @property
    def best_model(self) -> FittedModel:
        """The model with the smallest AIC."""
        return self.models[self.best]

    def find(self, model: str, confounding: str = "none") -> FittedModel:
        """The fit of a model by name."""
        for fitted in self.models:
            if fitted.model == model and fitted.confounding == confounding:
                return fitted
        raise KeyError(f"{model} with {confounding}: there are {[(f.model, f.confounding) for f in self.models]}")

    def to_records(self) -> list[dict[str, Any]]:
        return [fitted.to_record(self.trait) for fitted in self.models]

    def enrichment_records(self) -> list[dict[str, Any]]:
        """One row a category of each model."""
        return [
            {"trait": self.trait, "model": fitted.model, "confounding": fitted.confounding, **row}
            for fitted in self.models for row in fitted.categories
        ]  # fmt: skip

    def details(self) -> dict[str, Any]:
        """Verdict, average, differences of all pairs, enrichments, SNP counts."""
        best = self.best_model
        return {
            "verdict": list(self.verdict), "status": self.status, "why": self.why,
            "best": {"model": best.model, "confounding": best.confounding}, "reference": self.reference,
            "weights_from": self.weights_from, "h2_average": self.h2_average, "h2_average_se": self.h2_average_se,
            "n_snps": self.n_snps, "n_blocks": self.n_blocks, "n_bar": self.n_bar,
            "effective_size": self.effective_size,
            "differences": [vars(difference) for difference in self.differences],
            "enrichments": self.enrichment_records(),
            "steps": [{"what": step.what, "removed": step.removed, "kept": step.kept} for step in self.steps],
        }  # fmt: skip

    @written_together()
    def save(self, stem: str | Path) -> list[Path]:
        """The usual two, all models as ``<stem>.parquet``, and ``<stem>.enrichment.tsv`` where models have categories."""
        written = super().save(stem)
        table = Path(f"{stem}.parquet")
        write_parquet(table, pa.Table.from_pylist(self.to_records()), {"format": "sumh2 comparison", "version": 1})
        rows = self.enrichment_records()
        if not rows:
            return [*written, table]
        enrichment = Path(f"{stem}.enrichment.tsv")
        write_tsv(enrichment, pa.Table.from_pylist(rows))
        return [*written, table, enrichment]

    def __str__(self) -> str:
        width = max(len(_label(fitted)) for fitted in self.models)
        lines = [
            f"{self.trait}: heritability models on {self.n_snps:,} SNPs, {self.n_blocks} jackknife blocks; weights "
            f"1/Tagging of {self.weights_from} for all",
            "",
            f"  {'model':<{width}}  {'confounding':<15}  {'h2 (SE)':>17}  {'parameters':>10}  {'loglSS':>11}  "
            f"{'AIC':>8}  {'weight':>6}  {f'loglSS over {self.reference} (SE)':>24}",
        ]
        for place, fitted in enumerate(self.models):
            lines.append(_row(fitted, width, place == self.best))
        lines += ["", f"  h2 averaged over models {with_se(self.h2_average, self.h2_average_se)}"]
        lines += self._enrichment_lines()
        lines += ["", *(f"  {sentence}" for sentence in self.verdict), "", f"  status: {self.status}"]
        lines += [f"    {reason}" for reason in self.why.split(WHY_SEPARATOR) if reason]
        return "\n".join(lines)

    def _enrichment_lines(self) -> list[str]:
        """Enrichments side by side, with the confounding terms of the best model."""
        shown = [f for f in self.models if f.categories and f.confounding == self.best_model.confounding]
        names = list(dict.fromkeys(row["category"] for fitted in shown for row in fitted.categories))
        if not names:
            return []
        width = max(len("enrichment"), *(len(name) for name in names[:_CATEGORIES_SHOWN]))
        lines = ["", f"  {'enrichment':<{width}}  " + "  ".join(f"{fitted.model:>18}" for fitted in shown)]
        for name in names[:_CATEGORIES_SHOWN]:
            cells = []
            for fitted in shown:
                row = next((row for row in fitted.categories if row["category"] == name), None)
                cells.append("-" if row is None else with_se(row["enrichment"], row["enrichment_jackknife_se"], 2))
            lines.append(f"  {name:<{width}}  " + "  ".join(f"{cell:>18}" for cell in cells))
        if len(names) > _CATEGORIES_SHOWN:
            lines.append(f"  and {len(names) - _CATEGORIES_SHOWN} more, in the table of enrichments")
        return lines


_CATEGORIES_SHOWN = 30


def _label(fitted: FittedModel) -> str:
    name = fitted.model if np.isnan(fitted.alpha) else f"{fitted.model}, alpha {fitted.alpha:g}"
    return f"{name} by LDSC" if fitted.estimator == "ldsc" else name


def _row(fitted: FittedModel, width: int, best: bool) -> str:
    difference = fitted.difference
    over = "" if difference is None else f"{difference.difference:+.1f}"
    if difference is not None and np.isfinite(difference.se):
        over += f" ({difference.se:.1f})"
    cells = [f"{fitted.n_parameters:>10}", f"{fitted.logl:>11.2f}", f"{fitted.delta_aic:>+8.1f}",
             f"{fitted.akaike_weight:>6.3f}", f"{over:>24}"]  # fmt: skip
    if fitted.estimator == "ldsc":
        cells = [f"{'':>10}", f"{'':>11}", f"{'':>8}", f"{'':>6}", f"{'':>24}"]
    mark = "*" if best else " "
    h2 = with_se(fitted.h2, fitted.h2_jackknife_se)
    row = f"{mark} {_label(fitted):<{width}}  {fitted.confounding:<15}  {h2:>17}  {'  '.join(cells)}"
    return f"{row}  same as {fitted.same_as}" if fitted.same_as else row.rstrip()
