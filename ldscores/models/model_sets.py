"""Heritability models of one run, and what they need, on the rows of a panel."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from ldscores.annotations.annotation_set import Annotations
from ldscores.annotations.base_annotation import find_base
from ldscores.kernels.genotypes import SnpSummary
from ldscores.models.heritability_models import HeritabilityModel, ModelColumns, ldsc_columns, model_columns
from ldscores.shared.errors import InputError


@dataclass(frozen=True, eq=False)
class ModelSet:
    """Heritability models of one run, and what they need, on the rows of the panel.

    Parameters
    ----------
    models : tuple of HeritabilityModel
        Instances of a model with a grid of alpha (``alpha(-0.25)``) share one tagging.
    annotations : Annotations, optional
        One row for each SNP of the panel, see :func:`ldscores.annotations.annotation_set.match_annotations`.
    weights : mapping of str to float64 (n_snps,)
        SNP weights by what the models call them: ``ldak`` (weightings; also for ``category``), ``thin``.
    power : float, optional
        Replaces every model's alpha.
    hwe_stand : bool
        Whether the variance of a SNP is 2f(1-f), or the observed one.
    base : bool
        Whether the user's own annotations get a base category where they have none.
    pq_exp : float, optional
        LDSC's ``--pq-exp`` a: columns times [p(1-p)]^a, with LDSC's names, for the models gcta and own.
    has_base : bool, optional
        Whether an annotation is a base already.  Told from the annotations by default, so that the rows of one
        chromosome (:meth:`take`) are treated as those of the whole genome are.

    Raises
    ------
    InputError
        `has_base` is true, and the annotations have no base.
    """

    models: tuple[HeritabilityModel, ...]
    annotations: Annotations | None = None
    weights: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)
    power: float | None = None
    hwe_stand: bool = True
    base: bool = True
    pq_exp: float | None = None
    has_base: bool | None = None

    def __post_init__(self) -> None:
        if self.annotations is None:
            return
        base = find_base(self.annotations)
        if self.has_base is None:
            object.__setattr__(self, "has_base", base.is_base)
        elif self.has_base and not base.is_base:
            raise InputError(
                f"{self.annotations.where}: {base.reason}, but an annotation of that kind is 1 at every SNP of another "
                "chromosome; expected a base to be 1 at every SNP of the panel; correct the values, or give the "
                "annotation a name other than base"
            )

    def take(self, rows: slice) -> ModelSet:
        """The same for these rows of the panel."""
        annotations = None if self.annotations is None else self.annotations.take(np.arange(rows.start, rows.stop))
        return replace(self, annotations=annotations, weights={key: w[rows] for key, w in self.weights.items()})

    def columns(self, summary: SnpSummary) -> list[ModelColumns]:
        """The matrix of each model on the SNPs of a chromosome."""
        return [self._columns_of(model, summary) for model in self.models]

    def _columns_of(self, model: HeritabilityModel, summary: SnpSummary) -> ModelColumns:
        columns = model_columns(
            model, summary.frequency, self.annotations, self._weights_of(model), power=self.power,
            variance=summary.imputed_variance, hwe_stand=self.hwe_stand, base=self.base and self.pq_exp is None,
            has_base=self.has_base,
        )  # fmt: skip
        if self.pq_exp is None:
            return columns
        values, names = ldsc_columns(
            summary.maf, self.annotations if model.n_annotations is None else None, self.pq_exp
        )
        heritability = ldsc_columns(summary.maf, None, self.pq_exp)[0][:, 0]
        named = replace(model, name=f"{model.name}-pq{self.pq_exp:g}")
        return replace(columns, values=values, names=names, exp_heritability=heritability, model=named)

    def _weights_of(self, model: HeritabilityModel) -> NDArray[np.float64] | None:
        return self.weights.get("ldak" if model.weights in ("category", "none") else model.weights)


def family_name(model: HeritabilityModel) -> str:
    """Name of the model without its alpha: instances of one grid share a tagging."""
    return model.name.partition("(")[0]
