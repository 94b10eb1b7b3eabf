"""Taggings of a reference panel under heritability models: all models and annotations from one sweep a chromosome.

The rows of a tagging are the regression SNPs; every reference SNP is a column of the band of r².  SNPs that do not vary
tag nothing and get no row.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ldscores.annotations.annotation_set import COMMON_MAF, CategoryOverlap, category_contributions, category_overlap
from ldscores.annotations.annotation_sums import TouchedBlocks, join_touched, touched_blocks
from ldscores.building.ld_blocks import BlockWindow
from ldscores.building.reference_sums import ReferenceSums, add_reference_sums, sums_side_by_side
from ldscores.building.sweep import SweepOptions, sweep_taggings
from ldscores.kernels.covariates import covariate_basis
from ldscores.kernels.genotypes import SnpSummary
from ldscores.kernels.windows import count_neighbours, round_to_chunks, window_starts
from ldscores.models.heritability_models import ModelColumns
from ldscores.models.ldak_columns import LdakColumns, place_side_by_side
from ldscores.models.model_sets import ModelSet, family_name
from ldscores.panels.pair_windows import PairWindow
from ldscores.panels.reference_panel import CONVENTIONS, LDSC_CONVENTIONS, PanelConventions, ReferencePanel
from ldscores.shared.alleles import encode_alleles
from ldscores.shared.arrow_arrays import as_arrow, as_numpy
from ldscores.shared.errors import InputError
from ldscores.shared.progress import progress
from ldscores.taggings.merge import merge_snps
from ldscores.taggings.tagging import Tagging

logger = logging.getLogger(__name__)

#: LDSC's --chunk-size.
LDSC_CHUNK = 50

#: Centimorgans this close are the same number, written with at most eight decimals.
_CM_ROUNDING = 1e-9


@dataclass(frozen=True, eq=False)
class BuildOptions:
    """What a build takes beside the panel and the models.

    Parameters
    ----------
    window : PairWindow or BlockWindow
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

    window: PairWindow | BlockWindow
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
        text += f", pairs below r2 {self.sweep.min_r2:g} left out" if self.sweep.min_r2 else ""
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
    panel : ReferencePanel, optional
        SNPs of the chromosome that vary (and pass ``--maf``); None where there is none, and all else is empty.
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

    panel: ReferencePanel | None
    summary: SnpSummary
    columns: list[ModelColumns]
    members_all: list[NDArray[np.int64]]
    n_reference: int
    starts: NDArray[np.int64]
    rows: NDArray[np.int64]
    observed_variance: bool = False

    @property
    def varying(self) -> ReferencePanel:
        """The panel of a chromosome that has rows; ValueError where no SNP varies: such a one has sums alone."""
        if self.panel is None:
            raise ValueError("no SNP of this chromosome varies: there is nothing to sweep")
        return self.panel


def prepare_chromosome(panel: ReferencePanel, models: ModelSet, options: BuildOptions) -> ChromosomeColumns | None:
    """SNPs, windows and columns of one chromosome; None when none of its SNPs counts.

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
    counted = frequent if options.conventions.count_monomorphic else (summary.variance > 0) & frequent
    if not counted.any():
        return None
    columns = models.columns(summary)
    members_all = [part.members[counted].sum(axis=0, dtype=np.int64) for part in columns]
    part = panel.take(kept) if len(kept) else None
    named = options.regression_snps
    rows = np.arange(len(kept))
    if named is not None and part is not None:
        rows = np.flatnonzero(as_numpy(pc.is_in(part.snp, value_set=named)))
    starts = np.empty(0, dtype=np.int64) if part is None else panel_starts(part, options)
    return ChromosomeColumns(
        panel=part, summary=SnpSummary(summary.counts[kept]),
        columns=[_take_columns(columns.pop(0), kept) for _ in range(len(columns))],  # not all of them twice at a time
        members_all=members_all, n_reference=int(counted.sum()), starts=starts, rows=rows,
        observed_variance=not models.hwe_stand,
    )  # fmt: skip


def _take_columns(columns: ModelColumns, rows: NDArray[np.int64]) -> ModelColumns:
    if len(rows) == len(columns.values):
        return columns
    return replace(
        columns, values=columns.values[rows], members=columns.members[rows],
        exp_heritability=columns.exp_heritability[rows],
        weights=None if columns.weights is None else columns.weights[rows],
    )  # fmt: skip


def build_chromosome(prepared: ChromosomeColumns, options: BuildOptions) -> dict[str, Tagging]:
    """Taggings of one chromosome that has rows by name of the model.

    Raises
    ------
    InputError
        The window needs centimorgans that the panel lacks, or the memory does not suffice.
    """
    panel, rows = prepared.varying, prepared.rows
    indicator = np.zeros((len(panel), 1))
    indicator[rows] = 1.0
    values = [columns.values for columns in prepared.columns]
    # Weights of the regression are told from all pairs, as in LDAK: a limit on r2 is one for the models alone.
    apart = options.sweep.min_r2 > 0
    distinct, places = _distinct_columns(values if apart else [*values, indicator])
    basis = None if options.covariates is None else covariate_basis(options.covariates)
    swept = sweep_taggings(panel, prepared.summary, prepared.starts, distinct, options.sweep, basis)
    if apart:
        sweep = replace(options.sweep, min_r2=0.0)
        weights = sweep_taggings(panel, prepared.summary, prepared.starts, indicator, sweep, basis)[:, 0]
    else:
        weights = swept[:, places[-1]]
    regression_tagging = np.ascontiguousarray(weights[rows])
    if len(rows) < len(panel):
        swept = swept[rows]
    edges = np.cumsum([0, *(matrix.shape[1] for matrix in values)])
    built: dict[str, list[Tagging]] = {}
    for place, columns in enumerate(prepared.columns):
        overlap = category_overlap(columns.values, prepared.summary.maf > COMMON_MAF)
        tagging = _tagging_of(
            prepared, place, np.ascontiguousarray(swept[:, places[edges[place] : edges[place + 1]]]),
            regression_tagging, overlap, options,
        )  # fmt: skip
        built.setdefault(family_name(columns.model), []).append(tagging)
    return {name: taggings[0] if len(taggings) == 1 else _side_by_side(taggings) for name, taggings in built.items()}


def reference_sums(prepared: ChromosomeColumns) -> dict[str, ReferenceSums]:
    """What the reference SNPs of a chromosome without rows add to the taggings, by name of the model."""
    found: dict[str, list[ReferenceSums]] = {}
    for place, columns in enumerate(prepared.columns):
        overlap = category_overlap(columns.values, prepared.summary.maf > COMMON_MAF)
        sums = ReferenceSums(
            names=_names_of(columns), ldak=_ldak_columns(prepared, place), touched=_touched_blocks(prepared, place),
            **vars(overlap),
        )  # fmt: skip
        found.setdefault(family_name(columns.model), []).append(sums)
    return {name: sums[0] if len(sums) == 1 else sums_side_by_side(sums) for name, sums in found.items()}


def _names_of(columns: ModelColumns) -> tuple[str, ...]:
    """Names of the categories; those of instances of a grid bear their alpha."""
    if "(" not in columns.model.name:
        return columns.names
    return tuple(f"{name}[{columns.model.power:g}]" for name in columns.names)


def _distinct_columns(matrices: Sequence[NDArray[np.float64]]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Columns without repeats, and for each column its place among them: models often share a base or the ones."""
    first_of: dict[bytes, int] = {}
    kept: list[NDArray[np.float64]] = []
    places: list[int] = []
    for matrix in matrices:
        for column in matrix.T:
            # The bytes themselves would be a second copy.
            key = hashlib.sha256(np.ascontiguousarray(column).data).digest()
            if key not in first_of:
                first_of[key] = len(kept)
                kept.append(column)
            places.append(first_of[key])
    distinct = np.empty((len(matrices[0]), len(kept)))
    for place, column in enumerate(kept):
        distinct[:, place] = column
    return distinct, np.array(places)


def _tagging_of(
    prepared: ChromosomeColumns,
    place: int,
    values: NDArray[np.float64],
    regression_tagging: NDArray[np.float64],
    overlap: CategoryOverlap,
    options: BuildOptions,
) -> Tagging:
    panel, rows, columns = prepared.varying, prepared.rows, prepared.columns[place]
    at = as_arrow(rows)
    return Tagging(
        snp=panel.snp.take(at), chrom=panel.chrom.take(at), bp=panel.bp[rows], tagging=values, names=_names_of(columns),
        regression_tagging=regression_tagging,
        a1=encode_alleles(panel.allele_1.take(at)), a2=encode_alleles(panel.allele_2.take(at)),
        maf=prepared.summary.maf[rows], cm=panel.cm[rows], model=family_name(columns.model),
        window=options.window_text, sources=panel.sources, notes=panel.notes,
        ldak=_ldak_columns(prepared, place), touched=_touched_blocks(prepared, place), **vars(overlap),
    )  # fmt: skip


def _touched_blocks(prepared: ChromosomeColumns, place: int) -> TouchedBlocks:
    """Blocks of the chromosome that the categories touch; none where no SNP varies."""
    panel, values = prepared.panel, prepared.columns[place].values
    if panel is None:
        return TouchedBlocks(np.zeros(values.shape[1], dtype=np.int64), 0)
    return touched_blocks(values, panel.bp, panel.cm)


def _ldak_columns(prepared: ChromosomeColumns, place: int) -> LdakColumns:
    columns, rows = prepared.columns[place], prepared.rows
    return LdakColumns(
        contributions=category_contributions(columns.values, columns.members), counts=prepared.members_all[place],
        n_reference=prepared.n_reference, n_heritability=len(prepared.summary), kind=columns.kind,
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
        overlap=None, overlap_5_50=None, ldak=place_side_by_side([one.ldak for one in taggings if one.ldak is not None]),
        touched=join_touched([one.touched for one in taggings]),
    )  # fmt: skip


# ---------------------------------------------------------------------------------------------------------------------
# All chromosomes


#: With two people every r2 is 1 and its correction is not defined; with a handful, scores are noise.
_FEWEST_PEOPLE = 5


def _check_regression_snps(panel: ReferencePanel, named: pa.Array) -> None:
    known = pc.sum(pc.is_in(named, value_set=panel.snp)).as_py()
    if not known:
        raise InputError(
            f"--regression-snps: none of its {len(named)} names (first: {named[0]}) "
            f"is among the {len(panel)} SNPs of {panel.where} (first: {panel.snp[0]}); expected the same kind of names"
        )
    logger.info(
        "--regression-snps: %d SNPs; %d of its %d names are not in the panel", known, len(named) - known, len(named)
    )


def check_build(panel: ReferencePanel, models: ModelSet, options: BuildOptions) -> None:
    """Raise InputError when something is wrong that is known before any genotype is read."""
    if not models.models:
        raise InputError("--model: found none; expected at least one; e.g. --model gcta")
    options.window.positions(panel)
    if options.regression_snps is not None:
        _check_regression_snps(panel, options.regression_snps)
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
    without_rows: dict[str, dict[str, ReferenceSums]] = {}
    for chromosome, rows in progress(list(panel.chromosomes().items()), label="tagging", unit="chromosomes"):
        prepared = prepare_chromosome(panel.take(rows), models.take(rows), options)
        if prepared is None:
            continue
        if len(prepared.rows) == 0:
            for name, sums in reference_sums(prepared).items():
                without_rows.setdefault(name, {})[chromosome] = sums
            continue
        for name, tagging in build_chromosome(prepared, options).items():
            parts.setdefault(name, []).append(tagging)
    if not parts:
        raise InputError(no_snp_left(panel, options))
    return {
        name: add_reference_sums(merge_snps(taggings), without_rows.get(name, {})) for name, taggings in parts.items()
    }


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
