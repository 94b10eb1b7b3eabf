"""One annotation at a time beside a baseline model, for thousands of annotations."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Literal, TypeVar

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from ldscores.shared.errors import FitError, InputError
from ldscores.shared.progress import progress
from ldscores.taggings.tagging import Tagging
from sumh2.alignment import AlignedData
from sumh2.enrichment.annotation_guards import condition_findings, condition_of, variance_inflation
from sumh2.kernels.bordered_regression import border_sums
from sumh2.kernels.jackknife import jackknife_se
from sumh2.regression_input import Totals, check_positive
from sumh2.screens.annotation_taggings import (
    AnnotationBatch,
    AnnotationSource,
    AnnotationTotals,
    ReadingPlan,
    as_sources,
)
from sumh2.screens.contrasts import compare_annotations
from sumh2.screens.regression import (
    Blocks,
    ScreenBaseline,
    choose_rows,
    fit_baseline,
    fit_batch_own,
    fit_batch_shared,
)
from sumh2.screens.result import Alternative, ControlRow, ForwardStep, ScreenResult, ScreenRow, best_row
from sumh2.screens.rows import BatchContext, joint_rows, make_rows, unreadable_row, with_fdr
from sumh2.sumstats import FilterCount

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
#: Share of regression SNPs that annotations may lack without a word.
_MANY_LOST = 0.1


@dataclass(frozen=True)
class _Options:
    weights: Weights
    alternative: Alternative
    which: str
    binary: bool
    batch_size: int
    n_threads: int


@dataclass(frozen=True)
class _Screened:
    """What one pass over annotations gives."""

    rows: tuple[ScreenRow, ...]
    tau_delete: Floats
    controls: tuple[tuple[ControlRow, ...], ...]


def fit_screen(
    aligned: AlignedData,
    annotations: AnnotationSource | Tagging | Sequence[AnnotationSource | Tagging],
    *,
    trait: int = 0,
    weights: Weights = "shared",
    blocks: Blocks | None = None,
    alternative: Alternative = "greater",
    forward: int = 0,
    forward_p: float | None = None,
    contrasts: Sequence[tuple[str, str]] = (),
    intercept: float | None = None,
    chisq_max: float | None = None,
    n_blocks: int = 200,
    m: Totals = "M_5_50",
    binary: bool = False,
    memory_gb: float = 1.0,
    n_threads: int = 1,
) -> ScreenResult:
    """Each annotation beside the baseline: coefficient, tau*, share of h2, enrichment, p-values, guards.

        E[chi2_j] = N_j (sum_c tau_c l_jc + tau_a l_ja) + intercept

    one regression an annotation a (Finucane et al. 2018, LDSC-SEG).  By default all share the weights that the baseline
    has by itself, so that its sums are made once and each annotation is a border of them
    (:mod:`sumh2.kernels.bordered_regression`).  ``weights="ldsc"`` repeats LDSC 1.0.1 ``--h2-cts``: each regression has
    weights of its own, which differ only in that their starting value counts the annotation's LD score and M too.

    Parameters
    ----------
    aligned
        From :func:`sumh2.align`, on the LD scores of the baseline.
    annotations
        Taggings, or sources that read files in batches (:func:`sumh2.find_annotations`).  Columns that bear the name of
        a category of the baseline are not tested; stored beside the tested ones they give the overlaps that enrichments
        need.
    trait
        Which column.
    weights
        "shared" or "ldsc".
    blocks
        "genome": jackknife blocks by position on the tagging table, the same for every trait, so that delete values of
        different screens line up; "snps": blocks of equal numbers of regression SNPs, as LDSC and :func:`fit_partition`.
        By default genome with shared weights (unless the trait leaves blocks nearly empty) and snps with LDSC's.
    alternative
        "greater" (tau above 0, as LDSC) or "two-sided": whose p-value FDR and forward selection use.
    forward
        Most annotations that forward selection may add: the best joins the baseline, the others are screened again.
    forward_p
        It stops at a p-value above this; by default 0.05 over the number of annotations.
    contrasts
        Pairs of names to compare: their difference in tau, and the test that both are 0.
    intercept
        Hold the intercept at this value.
    chisq_max
        Leave out SNPs with a chi2 at or above it; by default max(0.001 max(N), 80).
    n_blocks
        Jackknife blocks.
    m
        "M_5_50", "M", or numbers, one a category of the baseline; then M_5_50 is read of the annotations.
    binary
        Say that annotations are 0 or 1, which gives tau* where sums of squares are not stored.
    memory_gb
        Bound on the taggings that are in memory at a time (10^9 bytes); the aligned baseline comes on top.
    n_threads
        Cores.

    Raises
    ------
    InputError
        Options, names or files that do not fit.
    FitError
        Too few SNPs, or a collinear baseline.  A weak annotation is a row with its status, never a stop.
    """
    if weights not in ("shared", "ldsc") or alternative not in ("greater", "two-sided"):
        raise InputError(
            f"screen: found weights {weights!r} and alternative {alternative!r}; expected shared or ldsc, and greater or "
            "two-sided; correct them"
        )
    _check_positive_options(forward, forward_p, memory_gb)
    names = aligned.reference.names
    sources = as_sources(annotations, names)
    tested = [_tested_places(source, names) for source in sources]
    known = {source.names[place] for source, places in zip(sources, tested, strict=True) for place in places}
    _check_contrasts(contrasts, known)
    options = _Options(
        weights=weights, alternative=alternative, which=m if m in ("M", "M_5_50") else "M_5_50", binary=binary,
        batch_size=_batch_size(memory_gb, len(aligned.rows)), n_threads=max(1, n_threads),
    )  # fmt: skip
    covered = _covered(aligned, sources)
    # Blocks are spread over threads here: products this small only wait for a second thread of their own.
    with threadpool_limits(1, user_api="blas"):
        rows = choose_rows(
            aligned, covered, trait=trait, intercept=intercept, chisq_max=chisq_max, n_blocks=n_blocks, m=m,
            blocks=blocks or ("genome" if weights == "shared" else "snps"),
        )  # fmt: skip
        baseline = fit_baseline(rows, names)
        screen = _Screen(aligned, tuple(sources), options, aligned.reference)
        work = list(zip(sources, tested, strict=True))
        first = screen.run(baseline, work, "screen")
        steps, final = screen.forward(baseline, work, first.rows, forward, forward_p)
        compared = compare_annotations(
            contrasts, first.rows, first.tau_delete, lambda pair: screen.read(pair, baseline), baseline, weights
        )
    fit = baseline.fit()
    n_columns, n_bar = baseline.columns.n_columns, rows.n_mean
    total, total_delete = (
        values[..., :n_columns] @ rows.totals / n_bar for values in (fit.estimate, fit.delete_values)
    )
    return ScreenResult(
        trait=rows.info.name,
        rows=first.rows,
        alternative=alternative,
        weights=weights,
        blocks=rows.blocks,
        h2=float(total),
        h2_se=jackknife_se(float(total), total_delete),
        intercept=float(fit.estimate[-1]) if intercept is None else intercept,
        intercept_se=float(fit.se[-1]) if intercept is None else float("nan"),
        n_snps=int(rows.used.sum()),
        n_blocks=baseline.columns.n_blocks,
        n_mean=n_bar,
        n_categories=len(names),
        m=float(rows.totals.sum()),
        chisq_max=rows.chisq_max,
        steps=rows.steps,
        notes=(*_base_note(names), *_notes(baseline, sources, tested, blocks, weights, rows.steps)),
        forward=steps,
        selected=final,
        contrasts=compared,
        tau_delete=first.tau_delete,
        controls=first.controls,
    )


# ---------------------------------------------------------------------------------------------------------------------
# Checks


def _check_positive_options(forward: int, forward_p: float | None, memory_gb: float) -> None:
    check_positive(memory_gb, "--memory", "1")
    if forward < 0:
        raise InputError(f"--forward: found {forward}, expected the largest number of annotations to add, 0 for none")
    if forward_p is not None and not 0 < forward_p <= 1:
        raise InputError(f"--forward-p: found {forward_p:g}, expected a p-value above 0 and up to 1; e.g. 0.001")
    if forward_p is not None and not forward:
        raise InputError("--forward-p: found no --forward, expected the largest number of annotations to add; give it")


def _tested_places(source: AnnotationSource, baseline: tuple[str, ...]) -> list[int]:
    places = [place for place, name in enumerate(source.names) if name not in set(baseline)]
    if not places:
        raise InputError(
            f"{source.where}: all of its {len(source.names)} annotations are categories of the baseline; expected some "
            "to test; name another file, or give the baseline alone to --ld"
        )
    return places


def _check_contrasts(contrasts: Sequence[tuple[str, str]], known: set[str]) -> None:
    for pair in contrasts:
        for name in pair:
            if name not in known:
                raise InputError(
                    f"--contrast: no annotation {name!r}; expected two of the annotations tested, e.g. "
                    f"{', '.join(sorted(known)[:3])}; correct the name"
                )
        if pair[0] == pair[1]:
            raise InputError(f"--contrast: found {pair[0]!r} twice, expected two different annotations; name another")


def _covered(aligned: AlignedData, sources: Sequence[AnnotationSource]) -> NDArray[np.bool_]:
    covered = np.ones(len(aligned.rows), dtype=bool)
    for source in sources:
        here = source.covers(aligned.snp)
        covered &= True if here is None else here
    return covered


def _batch_size(memory_gb: float, n_snps: int) -> int:
    fitting = int(memory_gb * 1e9 / (8 * n_snps * _BATCHES_HELD))
    return int(np.clip(fitting, _SMALLEST_BATCH, _LARGEST_BATCH))


def _base_note(names: Sequence[str]) -> list[str]:
    """A word where the baseline has no category of all SNPs: every annotation would then stand for their heritability."""
    if any(name.lower().startswith("base") or name == "L2" for name in names):
        return []
    shown = ", ".join(names[:4]) + (", ..." if len(names) > 4 else "")
    return [
        f"no category of the baseline ({shown}) is called Base: annotations may stand for the heritability of all SNPs; "
        "name the category of all SNPs in --baseline"
    ]


def _notes(
    baseline: ScreenBaseline,
    sources: Sequence[AnnotationSource],
    tested: Sequence[Sequence[int]],
    blocks: Blocks | None,
    weights: Weights,
    steps: Sequence[FilterCount],
) -> Iterator[str]:
    gram, has_intercept = baseline.sums.xtx.sum(axis=0), baseline.columns.has_intercept
    inflation = variance_inflation(gram, has_intercept)
    for finding in condition_findings(condition_of(gram, has_intercept), inflation, baseline.names):
        yield f"baseline: {finding.code}: {finding.text}"
    if baseline.rows.blocks == "snps" and blocks != "snps" and weights == "shared":
        yield "blocks hold equal numbers of this trait's SNPs: by position on the genome some would be nearly empty"
    for source, places in zip(sources, tested, strict=True):
        if len(places) < len(source.names):
            n_known = len(source.names) - len(places)
            yield f"{source.where}: {n_known} of {len(source.names)} columns, by name in the baseline, are not tested"
    lost = next(step for step in steps if step.what == "in the annotations")
    if lost.removed > _MANY_LOST * (lost.kept + lost.removed):
        yield f"{lost.removed:,} of {lost.kept + lost.removed:,} SNPs are not in the annotations: compute them for all"


# ---------------------------------------------------------------------------------------------------------------------
# Passes over the annotations


def _read_ahead(batches: Iterable[Item]) -> Iterator[Item]:
    """The same batches, the next one read while one is worked on."""
    iterator = iter(batches)
    with ThreadPoolExecutor(1) as pool:
        pending = pool.submit(next, iterator, None)
        while (batch := pending.result()) is not None:
            pending = pool.submit(next, iterator, None)
            yield batch


@dataclass(frozen=True)
class _Screen:
    """Annotations of several sources, screened beside whatever the baseline has become."""

    aligned: AlignedData
    sources: tuple[AnnotationSource, ...]
    options: _Options
    reference: Tagging

    def plan(self, baseline: ScreenBaseline) -> ReadingPlan:
        return ReadingPlan(self.aligned.snp, self.options.which, baseline.names, baseline.m, self.options.batch_size)

    def run(
        self, baseline: ScreenBaseline, work: Sequence[tuple[AnnotationSource, Sequence[int]]], label: str
    ) -> _Screened:
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
        return _Screened(tuple(with_fdr(rows, self.options.alternative)), tau_delete, tuple(controls))

    def _each(
        self, baseline: ScreenBaseline, work: Sequence[tuple[AnnotationSource, Sequence[int]]]
    ) -> Iterator[tuple[ScreenRow, Floats, tuple[ControlRow, ...]]]:
        for source, places in work:
            for batch in _read_ahead(source.batches(places, self.plan(baseline))):
                one = self._fit(baseline, batch, source.where)
                yield from zip(one.rows, one.tau_delete.T, one.controls, strict=True)

    def _fit(self, baseline: ScreenBaseline, batch: AnnotationBatch, where: str) -> _Screened:
        batch = replace(batch, totals=self._completed(batch.totals))
        n_blocks, n_annotations = baseline.columns.n_blocks, len(batch.names)
        shared = self.options.weights == "shared"
        try:
            beside = baseline.with_controls(batch.controls) if shared else baseline
        except FitError as error:
            rows = tuple(unreadable_row(name, where, str(error)) for name in batch.names)
            return _Screened(rows, np.full((n_blocks, n_annotations), np.nan), ((),) * n_annotations)
        if shared and beside is not baseline:
            unknown = np.full((n_annotations, len(beside.names) - len(baseline.names)), np.nan)
            overlap = np.column_stack([batch.totals.overlap, unknown])
            batch = replace(batch, totals=replace(batch.totals, overlap=overlap))
        fits = (fit_batch_shared if shared else fit_batch_own)(beside, batch, self.options.n_threads)
        context = BatchContext(beside.rows, self._n_reference(batch.totals), where, beside.residual_blocks)
        return _Screened(
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
        found = []
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
        limit: float | None,
    ) -> tuple[tuple[ForwardStep, ...], tuple[ScreenRow, ...]]:
        """Let the best annotation join the baseline, screen the others again, and so on."""
        limit = FAMILY_ERROR / max(len(rows), 1) if limit is None else limit
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
    batch: AnnotationBatch, others: Sequence[object], n_annotations: int
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
