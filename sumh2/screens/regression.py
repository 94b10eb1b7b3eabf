"""The regressions behind a screen: the baseline's sums, and each annotation beside it, under shared or own weights."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ldscores.shared.errors import FitError, InputError
from sumh2.alignment import AlignedData, AlignedTrait
from sumh2.kernels.block_sums import BlockSums, block_edges, edges_among
from sumh2.kernels.bordered_regression import (
    ROUNDING,
    BaselineFactors,
    Borders,
    RegressionColumns,
    border_sums,
    column_sums,
    factor_baseline,
    join_border,
    residual_blocks,
    solve_borders,
)
from sumh2.kernels.dependence import effective_blocks, inverse_correlation
from sumh2.kernels.jackknife import Jackknife, jackknife
from sumh2.kernels.weights import chi2_weights
from sumh2.regression_input import Totals, check_enough, check_positive, fitting, resolve_totals, trait_info
from sumh2.screens.annotation_taggings import AnnotationBatch, ControlColumns
from sumh2.sumstats import FilterCount
from sumh2.verdicts import outlier_limit

Floats = NDArray[np.float64]
Blocks = Literal["genome", "snps"]

#: Blocks cut on the tagging table are given up where one holds less than this share of the SNPs of an average one.
_FEWEST_IN_BLOCK = 0.1


@dataclass(frozen=True)
class ScreenRows:
    """The SNPs of a screen; those that do not count have weight 0.

    Parameters
    ----------
    info
    steps
        SNPs removed and kept.
    used : bool, (n_snps,)
    z, n, regression_ld : float64, (n_snps,)
        1 stands for the z and n of a SNP that is not used.
    ld_scores : float64, (n_snps, n_categories)
    total_ld : float64, (n_snps,)
        Sum of the LD scores.
    totals : float64, (n_categories,)
        M of each category.
    edges : int64, (n_blocks + 1,)
    blocks
        How they were cut.
    intercept
        The fixed one, or None.
    n_mean
    chisq_max
    """

    info: AlignedTrait
    steps: tuple[FilterCount, ...]
    used: NDArray[np.bool_]
    z: Floats
    n: Floats
    regression_ld: Floats
    ld_scores: Floats
    total_ld: Floats
    totals: Floats
    edges: NDArray[np.int64]
    blocks: Blocks
    intercept: float | None
    n_mean: float
    chisq_max: float

    def weights(self, further_ld: Floats | float = 0.0, further_m: float = 0.0) -> Floats:
        """LDSC's starting weights for the baseline with further columns, (n_snps,); 0 for a SNP that is not used."""
        null = 1.0 if self.intercept is None else self.intercept
        total_ld, m = self.total_ld + further_ld, float(self.totals.sum() + further_m)
        chi2, n, used = self.z**2, self.n, self.used
        aggregate = m * (chi2[used].mean() - null) / np.mean(total_ld[used] * n[used])
        found = chi2_weights(total_ld, self.regression_ld, n, m, float(aggregate), null)
        return np.where(used, found, 0.0)

    def columns(self, weights: Floats) -> RegressionColumns:
        """The regression of chi2 on the baseline."""
        return RegressionColumns(
            ld_scores=self.ld_scores,
            scale=self.n / self.n_mean,
            response=self.z**2 - (0.0 if self.intercept is None else self.intercept),
            weights=weights,
            edges=self.edges,
            has_intercept=self.intercept is None,
            added=np.empty((0, len(self.z))),
        )


def choose_rows(
    aligned: AlignedData,
    covered: NDArray[np.bool_],
    *,
    trait: int,
    intercept: float | None,
    chisq_max: float | None,
    n_blocks: int,
    m: Totals,
    blocks: Blocks,
) -> ScreenRows:
    """SNPs, blocks and totals of a screen.

    LDSC leaves out SNPs with a chi2 of ``max(0.001 max(N), 80)`` and more.

    Parameters
    ----------
    aligned
    covered : bool, (n_snps,)
        SNPs that the annotations have.

    Raises
    ------
    InputError, FitError
        As :func:`sumh2.fit_h2`.
    """
    info = trait_info(aligned, trait)
    check_positive(chisq_max, "--chisq-max", "80")
    totals = resolve_totals(aligned.reference, m)
    z, n = aligned.z[:, trait], aligned.n_samples[:, trait]
    present = np.isfinite(z)
    steps = list(info.steps)
    used = present & covered
    if not used.any():
        raise InputError(
            f"{info.source or info.name}: none of its {int(present.sum())} SNPs is in the annotations; expected most; "
            "compute baseline and annotations for one list of SNPs"
        )
    steps.append(FilterCount("in the annotations", int(present.sum() - used.sum()), int(used.sum())))
    # The count that caps the blocks is the one before the chi2 filter, as in LDSC.
    n_coefs = aligned.tagging.shape[1] + 1 + (intercept is None)
    n_blocks = check_enough(int(used.sum()), n_blocks, n_coefs, info.name)
    limit = chisq_max if chisq_max is not None else outlier_limit(float(n[used].max()))
    with np.errstate(invalid="ignore"):
        kept = used & (z**2 < limit)
    steps.append(FilterCount(f"with chi2 below {limit:g}", int(used.sum() - kept.sum()), int(kept.sum())))
    n_blocks = check_enough(int(kept.sum()), n_blocks, n_coefs, info.name)
    edges = _genome_edges(aligned, kept, n_blocks) if blocks == "genome" else None
    return ScreenRows(
        info=info,
        steps=tuple(steps),
        used=kept,
        z=np.where(kept, z, 1.0),
        n=np.where(kept, n, 1.0),
        regression_ld=aligned.regression_tagging,
        ld_scores=aligned.tagging,
        total_ld=aligned.tagging.sum(axis=1),
        totals=totals,
        edges=edges_among(kept, n_blocks) if edges is None else edges,
        blocks="snps" if edges is None else "genome",
        intercept=intercept,
        n_mean=float(n[kept].mean()),
        chisq_max=float(limit),
    )


def _genome_edges(aligned: AlignedData, kept: NDArray[np.bool_], n_blocks: int) -> NDArray[np.int64] | None:
    """Edges cut on the tagging table, the same for every trait, as positions among the aligned SNPs.

    None where the trait leaves a block nearly empty, whose delete value would then repeat the estimate.
    """
    reference = aligned.reference
    weighted = reference.regression_tagging
    everywhere = (
        block_edges(len(reference), n_blocks) if weighted is None else edges_among(np.isfinite(weighted), n_blocks)
    )
    edges = np.searchsorted(aligned.rows, everywhere).astype(np.int64)
    counts = np.diff(np.append(0, np.cumsum(kept))[edges])
    return edges if counts.min() >= _FEWEST_IN_BLOCK * counts.mean() else None


# ---------------------------------------------------------------------------------------------------------------------
# The baseline of a screen


@dataclass(frozen=True)
class ScreenBaseline:
    """What every annotation is fitted beside.

    Parameters
    ----------
    rows
    columns, sums, factors
        Its regression, block sums and their factors, under the weights that annotations share.
    names : tuple of str, (n_columns,)
        Categories, then annotations and controls that joined.
    m : float64, (n_columns,)
        Their totals.
    residual_blocks
        Blocks that effectively hold the residuals of the baseline without what joined.
    """

    rows: ScreenRows
    columns: RegressionColumns
    sums: BlockSums
    factors: BaselineFactors
    names: tuple[str, ...]
    m: Floats
    residual_blocks: float

    @property
    def functional_m(self) -> Floats:
        """M as weights of the coefficients, (n_coefs,): 0 for the intercept."""
        return np.append(self.m, [0.0] * self.columns.has_intercept)

    def fit(self) -> Jackknife:
        """Coefficients of the baseline alone, the intercept last."""
        return jackknife(self.sums)

    def joined(
        self, name: str, values: NDArray[np.floating], m: float, borders: Borders | None = None
    ) -> ScreenBaseline:
        """The baseline with one more column, by its border: no sum of the baseline is made again.

        Raises
        ------
        numpy.linalg.LinAlgError
            The column depends on the others.
        """
        borders = border_sums(self.columns, values[None]) if borders is None else borders
        sums = join_border(self.sums, borders, 0, self.columns.has_intercept)
        return replace(
            self, columns=self.columns.with_column(values), sums=sums, factors=factor_baseline(sums),
            names=(*self.names, name), m=np.append(self.m, m),
        )  # fmt: skip

    def with_controls(self, controls: ControlColumns | None) -> ScreenBaseline:
        """The baseline with control columns; those that joined before are not added again.

        Raises
        ------
        FitError
            A control lacks SNPs or depends on the baseline.
        """
        baseline = self
        for name, values, m in (
            () if controls is None else zip(controls.names, controls.values, controls.m, strict=True)
        ):
            # Lines of a list mostly share their control, and so may annotations that joined.
            counted = np.where(self.rows.used, values, 0.0)
            if any(np.array_equal(counted, one) for one in baseline.columns.added):
                continue
            n_missing = int(np.count_nonzero(~np.isfinite(values[self.rows.used])))
            if n_missing:
                raise FitError(
                    f"its control {name} lacks {n_missing} regression SNPs; expected all; compute it for them"
                )
            with fitting(f"control {name}"):
                baseline = baseline.joined(f"control {name}", values, m)
        return baseline


def fit_baseline(rows: ScreenRows, names: Sequence[str]) -> ScreenBaseline:
    """The baseline under its own weights.

    Raises
    ------
    FitError
        Its categories are collinear.
    """
    columns = rows.columns(rows.weights())
    with fitting(f"{rows.info.name}, baseline"):
        sums = column_sums(columns)
        held = residual_blocks(columns, jackknife(sums).estimate)
        return ScreenBaseline(rows, columns, sums, factor_baseline(sums), tuple(names), rows.totals, held)


# ---------------------------------------------------------------------------------------------------------------------
# Annotations beside it


@dataclass(frozen=True)
class BatchFits:
    """What the fits of a batch give; arrays are NaN where an annotation could not be fitted.

    Parameters
    ----------
    tau, tau_delete : float64, (n_annotations,) and (n_blocks, n_annotations)
    inflation, effective_blocks : float64, (n_annotations,)
    spread : float64, (n_annotations,)
        0 where the tagging is constant.
    n_touched : int64, (n_annotations,)
    total : float64, (n_blocks + 1, n_annotations)
        Heritability of all columns; no block is left out in the last place.
    part : float64, (n_blocks + 1, n_annotations)
        Heritability within the annotation, all overlapping categories counted.
    others : tuple of Jackknife, one an annotation
        tau of the columns that stand beside it and before the baseline (own weights only).
    """

    tau: Floats
    tau_delete: Floats
    inflation: Floats
    effective_blocks: Floats
    spread: Floats
    n_touched: NDArray[np.int64]
    total: Floats
    part: Floats
    others: tuple[Jackknife | None, ...] = ()


def fit_batch_shared(baseline: ScreenBaseline, batch: AnnotationBatch, n_threads: int) -> BatchFits:
    """All annotations of a batch as borders of one baseline, under its weights."""
    borders = border_sums(baseline.columns, batch.values, n_threads)
    intercept = [0.0] * baseline.columns.has_intercept
    overlap = np.column_stack([batch.totals.overlap, np.zeros((len(batch.names), len(intercept)))])
    known = bool(np.isfinite(overlap).any())
    fits = solve_borders(
        baseline.factors, borders, baseline.columns.has_intercept, (baseline.functional_m, batch.totals.m),
        (overlap, batch.totals.squares) if known else None,
    )  # fmt: skip
    n_bar = baseline.rows.n_mean
    return BatchFits(
        tau=fits.estimate / n_bar,
        tau_delete=fits.delete_values / n_bar,
        inflation=fits.inflation,
        effective_blocks=fits.effective_blocks,
        spread=borders.spread,
        n_touched=borders.n_touched,
        total=fits.total / n_bar,
        part=np.full_like(fits.total, np.nan) if fits.part is None else fits.part / n_bar,
    )


def fit_batch_own(baseline: ScreenBaseline, batch: AnnotationBatch, n_threads: int) -> BatchFits:
    """Each annotation of a batch in a regression of its own, under the weights of all its columns, as LDSC --h2-cts."""
    n_annotations, n_blocks = len(batch.names), baseline.columns.n_blocks
    missing = np.full(n_annotations, np.nan)
    per_block = np.full((n_blocks + 1, n_annotations), np.nan)
    found = BatchFits(
        missing.copy(), per_block[:-1].copy(), missing.copy(), missing.copy(), missing.copy(),
        np.zeros(n_annotations, dtype=np.int64), per_block.copy(), per_block.copy(), (),
    )  # fmt: skip

    def fit_one(place: int) -> Jackknife | None:
        return _fit_own(baseline, batch, place, found)

    with ThreadPoolExecutor(n_threads) as pool:
        return replace(found, others=tuple(pool.map(fit_one, range(n_annotations))))


def _fit_own(baseline: ScreenBaseline, batch: AnnotationBatch, place: int, found: BatchFits) -> Jackknife | None:
    """Fit one annotation, write what it gives at its place; tau of the columns beside it."""
    controls, totals, values = batch.controls, batch.totals, batch.values[place].astype(np.float64)
    rows, own_m = baseline.rows, float(totals.m[place])
    found.n_touched[place] = np.count_nonzero(values[rows.used])
    if not np.isfinite(values[rows.used]).all():
        return None
    found.spread[place] = float(np.ptp(values[rows.used]) > 0)
    if not np.isfinite(own_m):
        raise InputError(
            f"--weights ldsc: the annotation {batch.names[place]} has no total M, of which its weights are made; expected "
            "a .tagging.parquet of ldscores build, which holds it (a Parquet table of other origin does not), or LD scores "
            "with .l2.M or .l2.M_5_50 files beside them; give these, or use --weights shared"
        )
    beside = np.empty((0, len(values))) if controls is None else controls.values
    leading = np.where(rows.used, np.vstack([values[None], beside]), 0.0)
    leading_m = np.append(own_m, [] if controls is None else controls.m)
    # A column that joined the baseline (forward selection) counts like any other.
    joined = baseline.columns.added
    weights = rows.weights(
        leading.sum(axis=0) + joined.sum(axis=0), float(leading_m.sum() + baseline.m[len(rows.totals) :].sum())
    )
    sums = column_sums(replace(baseline.columns, weights=weights), leading)
    gram, has_intercept = sums.xtx.sum(axis=0), baseline.columns.has_intercept
    inverse = inverse_correlation(gram, has_intercept)[0]
    found.inflation[place] = inverse[0, 0]
    if not np.isfinite(inverse[0, 0]) or inverse[0, 0] > 1 / ROUNDING:
        return None
    try:
        fit = jackknife(sums)
        found.effective_blocks[place] = effective_blocks(sums.xtx, has_intercept)[0]
    except np.linalg.LinAlgError:
        return None
    n_columns = len(leading) + baseline.columns.n_columns
    tau = Jackknife(fit.estimate[:n_columns] / rows.n_mean, fit.delete_values[:, :n_columns] / rows.n_mean)
    everything = np.vstack([tau.delete_values, tau.estimate])
    found.tau[place], found.tau_delete[:, place] = tau.estimate[0], tau.delete_values[:, 0]
    found.total[:, place] = everything @ np.concatenate([leading_m, baseline.m])
    if controls is None:
        found.part[:, place] = everything @ np.append(totals.squares[place], totals.overlap[place])
    return tau
