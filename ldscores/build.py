"""Taggings of a reference panel under heritability models: all models and annotations from one sweep a chromosome.

The rows of a tagging are the regression SNPs; every reference SNP is a column of the band of r².  SNPs that do not vary
tag nothing and get no row.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ldscores.annotations import (
    COMMON_MAF,
    Annotations,
    CategoryOverlap,
    category_contributions,
    category_overlap,
)
from ldscores.heritability_models import HeritabilityModel, ModelColumns, ldsc_columns, model_columns
from ldscores.kernels.covariates import covariate_basis
from ldscores.kernels.genotypes import SnpSummary
from ldscores.kernels.windows import count_neighbours, round_to_chunks, window_starts
from ldscores.ldak_columns import LdakColumns, place_side_by_side
from ldscores.merge import merge_snps
from ldscores.panel import CONVENTIONS, LDSC_CONVENTIONS, PanelConventions, ReferencePanel
from ldscores.shared.alleles import encode_alleles
from ldscores.shared.arrow_arrays import as_numpy
from ldscores.shared.errors import InputError
from ldscores.shared.progress import progress
from ldscores.sweep import SweepOptions, sweep_taggings
from ldscores.tagging import Tagging
from ldscores.thinning import PairWindow

logger = logging.getLogger(__name__)

#: LDSC's --chunk-size.
LDSC_CHUNK = 50

#: Centimorgans this close are the same number, written with at most eight decimals.
_CM_ROUNDING = 1e-9


@dataclass(frozen=True, eq=False)
class ModelSet:
    """Heritability models of one run, and what they need, on the rows of the panel.

    Parameters
    ----------
    models : tuple of HeritabilityModel
        Instances of a model with a grid of alpha (``alpha(-0.25)``) share one tagging.
    annotations : Annotations, optional
        One row for each SNP of the panel, see :func:`ldscores.annotations.match_annotations`.
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
    """

    models: tuple[HeritabilityModel, ...]
    annotations: Annotations | None = None
    weights: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)
    power: float | None = None
    hwe_stand: bool = True
    base: bool = True
    pq_exp: float | None = None

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


@dataclass(frozen=True, eq=False)
class BuildOptions:
    """Everything but the panel and the models.

    Parameters
    ----------
    window : PairWindow
    ldsc_windows : int
        Chunk size for LDSC's enlarged windows (its default is 50); 0 for exact ones.
    min_maf : float
        SNPs at or below it are not part of the panel.
    conventions : PanelConventions
    regression_snps : string array, optional
        Names of the SNPs that get a row; all by default.
    covariates : float64, (n_individuals, n_covariates), optional
        Regressed out of the genotypes.
    sweep : SweepOptions
    """

    window: PairWindow
    ldsc_windows: int = 0
    min_maf: float = 0.0
    conventions: PanelConventions = LDSC_CONVENTIONS
    regression_snps: pa.Array | None = None
    covariates: NDArray[np.float64] | None = None
    sweep: SweepOptions = SweepOptions()

    @property
    def window_text(self) -> str:
        """The window in words."""
        text = str(self.window) + (f", LDSC's chunks of {self.ldsc_windows} SNPs" if self.ldsc_windows else "")
        text += "" if self.sweep.unbiased else ", raw r2"
        return text if self.covariates is None else f"{text}, {self.covariates.shape[1]} covariates regressed out"


# ---------------------------------------------------------------------------------------------------------------------
# One chromosome


def panel_starts(panel: ReferencePanel, options: BuildOptions) -> NDArray[np.int64]:
    """First SNP in the window of each SNP of one chromosome, (n_snps,).

    Centimorgans are decimal numbers: SNPs exactly one width apart are neighbours although their difference as binary
    numbers may exceed it in the sixteenth digit.  (LDSC compares what pandas parsed, with errors of its own in that
    digit.)
    """
    window = options.window
    positions, reach = window.positions(panel), window.reach
    if window.unit == "cM":
        reach += _CM_ROUNDING * 1e6
    starts = window_starts(positions, reach)
    return round_to_chunks(starts, options.ldsc_windows) if options.ldsc_windows else starts


@dataclass(frozen=True, eq=False)
class ChromosomeColumns:
    """What a sweep of one chromosome needs: the SNPs that vary, and their columns.

    Parameters
    ----------
    panel : ReferencePanel
        SNPs of the chromosome that vary (and pass ``--maf``).
    summary : SnpSummary
        Of the same.
    columns : list of ModelColumns
        One for each model, on the same SNPs.
    members_all : list of int64 (n_categories,)
        Members of each category of each model, SNPs without variation included: LDAK's counts.
    n_reference : int
        SNPs, those without variation included.
    starts : int64, (n_snps,)
    rows : int64, (n_rows,)
        SNPs that get a row.
    observed_variance : bool
        Whether the models take the observed variance of a SNP.
    """

    panel: ReferencePanel
    summary: SnpSummary
    columns: list[ModelColumns]
    members_all: list[NDArray[np.int64]]
    n_reference: int
    starts: NDArray[np.int64]
    rows: NDArray[np.int64]
    observed_variance: bool = False


def prepare_chromosome(panel: ReferencePanel, models: ModelSet, options: BuildOptions) -> ChromosomeColumns | None:
    """SNPs, windows and columns of one chromosome; None when none of its SNPs varies.

    Parameters
    ----------
    panel
        SNPs of one chromosome.
    models
        On the same rows.
    """
    summary = panel.summarise(options.sweep.n_threads)
    # LDSC asks for maf > --maf, strictly; NaN (no call at all) fails it too.
    frequent = summary.maf > options.min_maf if options.min_maf > 0 else np.ones(len(panel), dtype=bool)
    kept = np.flatnonzero((summary.variance > 0) & frequent)
    if len(kept) == 0:
        return None
    columns = models.columns(summary)
    counted = frequent if options.conventions.count_monomorphic else (summary.variance > 0) & frequent
    members_all = [part.members[counted].sum(axis=0, dtype=np.int64) for part in columns]
    part = panel.take(kept)
    named = options.regression_snps
    rows = np.arange(len(part))
    if named is not None:
        rows = np.flatnonzero(pc.is_in(part.snp, value_set=named).to_numpy(zero_copy_only=False))
    return ChromosomeColumns(
        panel=part, summary=SnpSummary(summary.counts[kept]), columns=[_take_columns(one, kept) for one in columns],
        members_all=members_all, n_reference=int(counted.sum()), starts=panel_starts(part, options), rows=rows,
        observed_variance=not models.hwe_stand,
    )  # fmt: skip


def _take_columns(columns: ModelColumns, rows: NDArray[np.int64]) -> ModelColumns:
    return replace(
        columns, values=columns.values[rows], members=columns.members[rows],
        exp_heritability=columns.exp_heritability[rows],
        weights=None if columns.weights is None else columns.weights[rows],
    )  # fmt: skip


def build_chromosome(prepared: ChromosomeColumns, options: BuildOptions) -> dict[str, Tagging]:
    """Taggings of one chromosome by name of the model.

    Raises
    ------
    InputError
        The window needs centimorgans that the panel lacks, or the memory does not suffice.
    """
    panel = prepared.panel
    indicator = np.zeros((len(panel), 1))
    indicator[prepared.rows] = 1.0
    matrices = [columns.values for columns in prepared.columns] + [indicator]
    distinct, places = _distinct_columns(np.concatenate(matrices, axis=1))
    basis = None if options.covariates is None else covariate_basis(options.covariates)
    swept = sweep_taggings(panel, prepared.summary, prepared.starts, distinct, options.sweep, basis)[prepared.rows]
    edges = np.cumsum([0, *(matrix.shape[1] for matrix in matrices)])
    regression_tagging = np.ascontiguousarray(swept[:, places[-1]])
    common = prepared.summary.maf > COMMON_MAF
    built: dict[str, list[tuple[Tagging, CategoryOverlap]]] = {}
    for place, columns in enumerate(prepared.columns):
        overlap = category_overlap(columns.values, common)
        tagging = _tagging_of(
            prepared, place, np.ascontiguousarray(swept[:, places[edges[place] : edges[place + 1]]]),
            regression_tagging, overlap, options,
        )  # fmt: skip
        built.setdefault(family_name(columns.model), []).append(tagging)
    return {name: taggings[0] if len(taggings) == 1 else _side_by_side(taggings) for name, taggings in built.items()}


def family_name(model: HeritabilityModel) -> str:
    """Name of the model without its alpha: instances of one grid share a tagging."""
    return model.name.partition("(")[0]


def _distinct_columns(matrix: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Columns without repeats, and for each column its place among them: models often share a base or the ones."""
    first_of: dict[bytes, int] = {}
    kept, places = [], []
    for place in range(matrix.shape[1]):
        key = np.ascontiguousarray(matrix[:, place]).tobytes()
        if key not in first_of:
            first_of[key] = len(kept)
            kept.append(place)
        places.append(first_of[key])
    return np.ascontiguousarray(matrix[:, kept]), np.array(places)


def _tagging_of(
    prepared: ChromosomeColumns,
    place: int,
    values: NDArray[np.float64],
    regression_tagging: NDArray[np.float64],
    overlap: CategoryOverlap,
    options: BuildOptions,
) -> Tagging:
    panel, rows, columns = prepared.panel, prepared.rows, prepared.columns[place]
    names = columns.names
    if "(" in columns.model.name:
        names = tuple(f"{name}[{columns.model.power:g}]" for name in names)
    at = pa.array(rows)
    return Tagging(
        snp=panel.snp.take(at), chrom=panel.chrom.take(at), bp=panel.bp[rows], tagging=values, names=names,
        regression_tagging=regression_tagging,
        a1=encode_alleles(panel.allele_1.take(at)), a2=encode_alleles(panel.allele_2.take(at)),
        maf=prepared.summary.maf[rows], cm=panel.cm[rows], model=family_name(columns.model),
        window=options.window_text, sources=panel.sources, notes=panel.notes,
        ldak=_ldak_columns(prepared, place), **vars(overlap),
    )  # fmt: skip


def _ldak_columns(prepared: ChromosomeColumns, place: int) -> LdakColumns:
    columns, rows = prepared.columns[place], prepared.rows
    return LdakColumns(
        contributions=category_contributions(columns.values, columns.members), counts=prepared.members_all[place],
        n_reference=prepared.n_reference, n_heritability=len(prepared.panel), kind=columns.kind,
        neighbours=count_neighbours(prepared.starts)[rows], n_memberships=columns.members[rows].sum(axis=1),
        exp_heritability=columns.exp_heritability[rows],
        weight=None if columns.weights is None else columns.weights[rows],
        variance=prepared.summary.imputed_variance[rows] if prepared.observed_variance else None,
    )  # fmt: skip


def _side_by_side(taggings: Sequence[Tagging]) -> Tagging:
    """Instances of one model for several alphas as one tagging; overlaps between instances mean nothing."""
    first = taggings[0]
    return replace(
        first,
        tagging=np.ascontiguousarray(np.concatenate([one.tagging for one in taggings], axis=1)),
        names=tuple(name for one in taggings for name in one.names),
        m=np.concatenate([one.m for one in taggings]), m_5_50=np.concatenate([one.m_5_50 for one in taggings]),
        overlap=None, overlap_5_50=None, ldak=place_side_by_side([one.ldak for one in taggings]),
    )  # fmt: skip


# ---------------------------------------------------------------------------------------------------------------------
# All chromosomes


#: With two people every r2 is 1 and its correction is not defined; with a handful, scores are noise.
_FEWEST_PEOPLE = 5


def _check_regression_snps(panel: ReferencePanel, named: pa.Array) -> None:
    """Refuse a list without a SNP of some chromosome: that chromosome's reference SNPs would be lost from the totals."""
    listed = as_numpy(pc.is_in(panel.snp, value_set=named))
    empty = [name for name, rows in panel.chromosomes().items() if not listed[rows].any()]
    if empty:
        raise InputError(
            f"--regression-snps: no SNP of chromosome {', '.join(empty[:5])} is in the list; expected one at least of "
            "each chromosome of the panel; list one, or build without these chromosomes"
        )


def check_build(panel: ReferencePanel, models: ModelSet, options: BuildOptions) -> None:
    """Raise InputError when something is wrong that is known before any genotype is read."""
    if not models.models:
        raise InputError("--model: found none; expected at least one; e.g. --model gcta")
    options.window.positions(panel)
    named = options.regression_snps
    if named is not None and not pc.any(pc.is_in(panel.snp, value_set=named)).as_py():
        raise InputError(
            f"--regression-snps: none of its {len(named)} names (first: {named[0]}) "
            f"is among the {len(panel)} SNPs of {panel.where} (first: {panel.snp[0]}); expected the same kind of names"
        )
    if named is not None:
        _check_regression_snps(panel, named)
    if panel.n_individuals < _FEWEST_PEOPLE:
        raise InputError(
            f"{panel.where}: found {panel.n_individuals} people; expected at least {_FEWEST_PEOPLE}, and hundreds for "
            "scores that are worth something; check --keep and --remove"
        )
    if not 0 <= options.min_maf < 0.5:
        raise InputError(f"--maf {options.min_maf:g}: expected 0 or more and below 0.5; e.g. --maf 0.01")
    covariates = options.covariates
    if covariates is not None and covariates.shape[1] + 3 > panel.n_individuals:
        raise InputError(
            f"--covar: {covariates.shape[1]} covariates for {panel.n_individuals} people; expected fewer covariates "
            "than people; give the first ten principal components or so"
        )


def build_tagging(panel: ReferencePanel, models: ModelSet, options: BuildOptions | None = None) -> dict[str, Tagging]:
    """Taggings of a panel under several models, one chromosome at a time.

    Parameters
    ----------
    panel : ReferencePanel
    models : ModelSet
        On the rows of the panel.
    options : BuildOptions, optional
        By default the window and the conventions of the first model, exact windows, all SNPs, one thread.

    Returns
    -------
    dict of str to Tagging
        By name of the model; instances of a grid of alpha are columns of one tagging, ``Base[-0.25]``.

    Raises
    ------
    InputError
        No SNP varies; the window, the lists of SNPs or the memory do not fit the panel.
    """
    options = default_options(models) if options is None else options
    check_build(panel, models, options)
    parts: dict[str, list[Tagging]] = {}
    for rows in progress(list(panel.chromosomes().values()), label="tagging", unit="chromosomes"):
        prepared = prepare_chromosome(panel.take(rows), models.take(rows), options)
        if prepared is not None and len(prepared.rows):
            for name, tagging in build_chromosome(prepared, options).items():
                parts.setdefault(name, []).append(tagging)
    if not parts:
        raise InputError(no_snp_left(panel, options))
    return {name: merge_snps(taggings) for name, taggings in parts.items()}


def no_snp_left(panel: ReferencePanel, options: BuildOptions) -> str:
    """Message for a panel of which no SNP gets a row."""
    above = f" above MAF {options.min_maf:g}" if options.min_maf else ""
    return (
        f"{panel.where}: none of {len(panel)} SNPs varies{above} and is a regression SNP; expected some; check --maf, "
        "--keep and --regression-snps"
    )


def default_options(models: ModelSet, sweep: SweepOptions | None = None) -> BuildOptions:
    """Window and conventions of the first model."""
    size, unit = models.models[0].window.split()
    return BuildOptions(
        PairWindow(unit, float(size)), conventions=CONVENTIONS[models.models[0].conventions],  # type: ignore[arg-type]
        sweep=SweepOptions() if sweep is None else sweep,
    )  # fmt: skip
