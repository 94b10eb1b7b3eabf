"""Passes over annotations of any number: read a batch ahead, fit it beside the baseline, let the best one join."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

from ldscores.shared.errors import FitError
from ldscores.shared.progress import progress
from ldscores.taggings.tagging import Tagging
from sumh2.alignment import AlignedData
from sumh2.kernels.bordered_regression import border_sums
from sumh2.kernels.jackknife import Jackknife
from sumh2.screens.annotation_taggings import AnnotationBatch, AnnotationSource, AnnotationTotals, ReadingPlan
from sumh2.screens.regression import ScreenBaseline, fit_batch_own, fit_batch_shared
from sumh2.screens.result import Alternative, ControlRow, ForwardStep, ScreenRow, best_row
from sumh2.screens.rows import BatchContext, joint_rows, make_rows, unreadable_row, with_fdr

log = logging.getLogger(__name__)

Floats = NDArray[np.float64]
Weights = Literal["shared", "ldsc"]
Item = TypeVar("Item")

#: Annotations of a batch: fewer leave the matrix products thin, more only cost memory.
_SMALLEST_BATCH, _LARGEST_BATCH = 4, 256
#: Batches in memory at a time: the one that is fitted and the one that is read.
_BATCHES_HELD = 2
#: Forward selection stops, by default, where the best p-value is above this over the number of annotations.
FAMILY_ERROR = 0.05


@dataclass(frozen=True)
class ScreenOptions:
    """What every pass of a screen is told."""

    weights: Weights
    alternative: Alternative
    which: str
    binary: bool
    batch_size: int
    n_threads: int


@dataclass(frozen=True)
class Screened:
    """What one pass over annotations gives."""

    rows: tuple[ScreenRow, ...]
    tau_delete: Floats
    controls: tuple[tuple[ControlRow, ...], ...]


def forward_limit(most: int, chosen: float | None, n_annotations: int) -> float:
    """p-value up to which an annotation joins: the one chosen, or 0.05 over their number; NaN where none may."""
    if not most:
        return float("nan")
    return FAMILY_ERROR / max(n_annotations, 1) if chosen is None else chosen


def batch_size(memory_gb: float, n_snps: int) -> int:
    """Annotations that may be in memory at a time, of so many SNPs."""
    fitting = int(memory_gb * 1e9 / (8 * n_snps * _BATCHES_HELD))
    return int(np.clip(fitting, _SMALLEST_BATCH, _LARGEST_BATCH))


def _read_ahead(batches: Iterable[Item]) -> Iterator[Item]:
    """The same batches, the next one read while one is worked on."""
    iterator = iter(batches)
    with ThreadPoolExecutor(1) as pool:
        pending = pool.submit(next, iterator, None)
        while (batch := pending.result()) is not None:
            pending = pool.submit(next, iterator, None)
            yield batch


@dataclass(frozen=True)
class Screen:
    """Annotations of several sources, screened beside whatever the baseline has become."""

    aligned: AlignedData
    sources: tuple[AnnotationSource, ...]
    options: ScreenOptions
    reference: Tagging

    def plan(self, baseline: ScreenBaseline) -> ReadingPlan:
        """What sources have to hand over beside this baseline."""
        return ReadingPlan(self.aligned.snp, self.options.which, baseline.names, baseline.m, self.options.batch_size)

    def run(
        self, baseline: ScreenBaseline, work: Sequence[tuple[AnnotationSource, Sequence[int]]], label: str
    ) -> Screened:
        """Screen annotations at these places of their sources."""
        n_annotations = sum(len(places) for _, places in work)
        rows: list[ScreenRow] = []
        tau_delete = np.empty((baseline.columns.n_blocks, n_annotations))
        controls: list[tuple[ControlRow, ...]] = []
        fitted = progress(self._each(baseline, work), label=label, unit="annotations", total=n_annotations)
        for place, (row, delete, beside) in enumerate(fitted):
            rows.append(row)
            tau_delete[:, place] = delete
            controls.append(beside)
        return Screened(tuple(with_fdr(rows, self.options.alternative)), tau_delete, tuple(controls))

    def _each(
        self, baseline: ScreenBaseline, work: Sequence[tuple[AnnotationSource, Sequence[int]]]
    ) -> Iterator[tuple[ScreenRow, Floats, tuple[ControlRow, ...]]]:
        for source, places in work:
            for batch in _read_ahead(source.batches(places, self.plan(baseline))):
                one = self._fit(baseline, batch, source.where)
                yield from zip(one.rows, one.tau_delete.T, one.controls, strict=True)

    def _fit(self, baseline: ScreenBaseline, batch: AnnotationBatch, where: str) -> Screened:
        batch = replace(batch, totals=self._completed(batch.totals))
        n_blocks, n_annotations = baseline.columns.n_blocks, len(batch.names)
        shared = self.options.weights == "shared"
        try:
            beside = baseline.with_controls(batch.controls) if shared else baseline
        except FitError as error:
            rows = tuple(unreadable_row(name, where, str(error)) for name in batch.names)
            return Screened(rows, np.full((n_blocks, n_annotations), np.nan), ((),) * n_annotations)
        if shared and beside is not baseline:
            unknown = np.full((n_annotations, len(beside.names) - len(baseline.names)), np.nan)
            overlap = np.column_stack([batch.totals.overlap, unknown])
            batch = replace(batch, totals=replace(batch.totals, overlap=overlap))
        fits = (fit_batch_shared if shared else fit_batch_own)(beside, batch, self.options.n_threads)
        context = BatchContext(beside.rows, self._n_reference(batch.totals), where, beside.residual_blocks)
        return Screened(
            make_rows(context, batch, fits), fits.tau_delete, tuple(_control_rows(batch, fits.others, len(batch.names)))
        )

    def _completed(self, totals: AnnotationTotals) -> AnnotationTotals:
        """Totals with what follows from others: sums of squares of zeros and ones, overlaps with all SNPs."""
        squares = (
            np.where(np.isnan(totals.squares), totals.m, totals.squares) if self.options.binary else totals.squares
        )
        overlap = totals.overlap.copy()
        for place in np.flatnonzero(_of_all_snps(self.reference, self.options.which)):
            overlap[:, place] = totals.m
        return replace(totals, squares=squares, overlap=overlap)

    def _n_reference(self, totals: AnnotationTotals) -> float:
        """Number of reference SNPs: of the annotations, of the baseline, or its largest category, which is all SNPs."""
        own = self.reference.n_reference_5_50 if self.options.which == "M_5_50" else self.reference.n_reference
        stored = [number for number in (totals.n_reference, own) if number is not None and np.isfinite(number)]
        if stored:
            return float(stored[0])
        m = self.reference.m_5_50 if self.options.which == "M_5_50" else self.reference.m
        return float("nan") if m is None else float(m.max())

    def read(self, names: Sequence[str], baseline: ScreenBaseline) -> list[AnnotationBatch]:
        """Annotations by name, each a batch of its own."""
        found: list[AnnotationBatch] = []
        for name in names:
            source = next(one for one in self.sources if name in one.names)
            found += source.batches([source.names.index(name)], self.plan(baseline))
        return found

    def forward(
        self,
        baseline: ScreenBaseline,
        work: Sequence[tuple[AnnotationSource, Sequence[int]]],
        rows: Sequence[ScreenRow],
        most: int,
        limit: float,
    ) -> tuple[tuple[ForwardStep, ...], tuple[ScreenRow, ...]]:
        """Let the best annotation join the baseline, if its p-value is up to the limit, screen the others again, and on."""
        steps: list[ForwardStep] = []
        for step in range(1, most + 1):
            best = best_row(rows, self.options.alternative)
            if best is None or not best.p_of(self.options.alternative)[0] <= limit:
                break
            batch = self.read([best.annotation], baseline)[0]
            baseline = baseline.with_controls(batch.controls if self.options.weights == "shared" else None)
            borders = border_sums(baseline.columns, batch.values, self.options.n_threads)
            values = batch.values[0].astype(np.float64)
            baseline = baseline.joined(best.annotation, values, float(batch.totals.m[0]), borders)
            work = [
                (source, [place for place in places if source.names[place] != best.annotation])
                for source, places in work
            ]
            work = [(source, places) for source, places in work if places]
            rows = self.run(baseline, work, f"screen beside {best.annotation}").rows if work else ()
            log.info("forward selection, step %d: %s", step, best.annotation)
            steps.append(ForwardStep(step, best, tuple(rows)))
        chosen = [step.row for step in steps]
        return tuple(steps), joint_rows(baseline, chosen) if chosen else ()


def _of_all_snps(reference: Tagging, which: str) -> NDArray[np.bool_]:
    """Whether a category of the baseline is 1 at every reference SNP, (n_categories,); False where that is not known."""
    m, overlap, n_reference = (
        (reference.m_5_50, reference.overlap_5_50, reference.n_reference_5_50)
        if which == "M_5_50"
        else (reference.m, reference.overlap, reference.n_reference)
    )
    if m is None or overlap is None or n_reference is None:
        return np.zeros(reference.n_categories, dtype=bool)
    # Sum and sum of squares equal to the number of SNPs leave no room for another value.
    return (m == n_reference) & (np.diag(overlap) == n_reference)


def _control_rows(
    batch: AnnotationBatch, others: Sequence[Jackknife | None], n_annotations: int
) -> Iterator[tuple[ControlRow, ...]]:
    if not others or batch.controls is None:
        yield from ((),) * n_annotations
        return
    for fit in others:
        n_controls = len(batch.controls.names)
        yield (
            ()
            if fit is None
            else tuple(
                ControlRow(name, float(fit.estimate[1 + place]), float(fit.se[1 + place]))
                for place, name in enumerate(batch.controls.names[:n_controls])
            )
        )
