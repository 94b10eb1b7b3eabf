"""One annotation at a time beside a baseline model, for thousands of annotations."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from ldscores.shared.cores import choose_threads
from ldscores.shared.errors import InputError, OptionError
from ldscores.shared.messages import first_of, nearest_names, some_of
from ldscores.taggings.tagging import Tagging
from sumh2.alignment import AlignedData
from sumh2.enrichment.annotation_guards import condition_findings, condition_of, variance_inflation
from sumh2.kernels.jackknife import jackknife_se
from sumh2.regression_input import Totals, check_positive
from sumh2.screens.annotation_taggings import (
    AnnotationSource,
    as_sources,
    no_common_names,
)
from sumh2.screens.contrasts import compare_annotations
from sumh2.screens.passes import Screen, ScreenOptions, Weights, batch_size, forward_limit
from sumh2.screens.regression import (
    Blocks,
    ScreenBaseline,
    choose_rows,
    fit_baseline,
)
from sumh2.screens.result import Alternative, ScreenResult

Floats = NDArray[np.float64]

#: Share of regression SNPs that annotations may lack without a word.
_MANY_LOST = 0.1


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
    n_threads: int | None = None,
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
        Taggings, or sources that read files in batches (:func:`sumh2.find_annotations`).  Columns named as a category of
        the baseline are not tested; beside the tested ones they give the overlaps that enrichments need.
    trait
        Which column.
    weights
        "shared" or "ldsc".
    blocks
        "genome": jackknife blocks by position, the same for every trait, so that delete values of screens line up;
        "snps": of equal numbers of regression SNPs, as LDSC.  By default genome with shared weights (unless the trait
        leaves blocks nearly empty) and snps with LDSC's.
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
    memory_gb, n_threads
        Bound on the taggings in memory at a time (10^9 bytes), beside the baseline; by default one thread a core.

    Raises
    ------
    InputError
        Options, names or files that do not fit.
    FitError
        Too few SNPs, or a collinear baseline.  A weak annotation is a row with its status, never a stop.
    """
    _check_options(weights, alternative, forward, forward_p, memory_gb)
    names = aligned.reference.names
    sources = as_sources(annotations, names)
    work = [(source, _tested_places(source, names)) for source in sources]
    _check_contrasts(contrasts, {source.names[place] for source, places in work for place in places})
    options = ScreenOptions(
        weights=weights, alternative=alternative, which=m if m in ("M", "M_5_50") else "M_5_50", binary=binary,
        batch_size=batch_size(memory_gb, len(aligned.rows)), n_threads=choose_threads(n_threads),
    )  # fmt: skip
    # Blocks are spread over threads here: products this small only wait for a second thread of their own.
    with threadpool_limits(1, user_api="blas"):
        rows = choose_rows(
            aligned, _covered(aligned, sources), trait=trait, intercept=intercept, chisq_max=chisq_max,
            n_blocks=n_blocks, m=m, blocks=blocks or ("genome" if weights == "shared" else "snps"),
        )  # fmt: skip
        baseline = fit_baseline(rows, names)
        screen = Screen(aligned, tuple(sources), options, aligned.reference)
        first = screen.run(baseline, work, "screen")
        limit = forward_limit(forward, forward_p, len(first.rows))
        steps, final = screen.forward(baseline, work, first.rows, forward, limit)
        compared = compare_annotations(
            contrasts, first.rows, first.tau_delete, lambda pair: screen.read(pair, baseline), baseline, weights
        )
    return ScreenResult(
        **_baseline_estimates(baseline, intercept), rows=first.rows, alternative=alternative, weights=weights,
        notes=(*_base_note(names), *_notes(baseline, work, blocks, weights)), forward=steps, selected=final,
        contrasts=compared, tau_delete=first.tau_delete, controls=first.controls, forward_p=limit,
    )  # fmt: skip


def _baseline_estimates(baseline: ScreenBaseline, fixed_intercept: float | None) -> dict[str, Any]:
    """What the result says of the baseline by itself."""
    rows, fit = baseline.rows, baseline.fit()
    n_columns, n_bar = baseline.columns.n_columns, rows.n_mean
    total, total_delete = (
        values[..., :n_columns] @ rows.totals / n_bar for values in (fit.estimate, fit.delete_values)
    )
    free = fixed_intercept is None
    return {
        "trait": rows.info.name,
        "blocks": rows.blocks,
        "h2": float(total),
        "h2_se": jackknife_se(float(total), total_delete),
        "intercept": float(fit.estimate[-1]) if free else fixed_intercept,
        "intercept_se": float(fit.se[-1]) if free else float("nan"),
        "n_snps": int(rows.used.sum()),
        "n_blocks": baseline.columns.n_blocks,
        "n_mean": n_bar,
        "n_categories": len(baseline.names),
        "m": float(rows.totals.sum()),
        "chisq_max": rows.chisq_max,
        "steps": rows.steps,
    }


# ---------------------------------------------------------------------------------------------------------------------
# Checks


def _check_options(
    weights: Weights, alternative: Alternative, forward: int, forward_p: float | None, memory_gb: float
) -> None:
    if weights not in ("shared", "ldsc") or alternative not in ("greater", "two-sided"):
        raise InputError(
            f"screen: found weights {weights!r} and alternative {alternative!r}; expected shared or ldsc, and greater or "
            "two-sided; correct them"
        )
    check_positive(memory_gb, "--memory", "1")
    if forward < 0:
        raise InputError(f"--forward: found {forward}, expected the most annotations to add, 0 for none; e.g. 5")
    if forward_p is not None and not 0 < forward_p <= 1:
        raise InputError(f"--forward-p: found {forward_p:g}, expected a p-value above 0 and up to 1; e.g. 0.001")
    if forward_p is not None and not forward:
        raise OptionError("--forward-p: found no --forward, expected the largest number of annotations to add; give it")


def _tested_places(source: AnnotationSource, baseline: tuple[str, ...]) -> list[int]:
    places = [place for place, name in enumerate(source.names) if name not in set(baseline)]
    if not places:
        raise InputError(
            f"{source.where}: all of its {len(source.names)} annotations are categories of the baseline "
            f"({some_of(source.names)}), by their names; expected some to test; name another file, or give the baseline "
            "alone to --ld"
        )
    return places


def _check_contrasts(contrasts: Sequence[tuple[str, str]], known: set[str]) -> None:
    for pair in contrasts:
        for name in pair:
            if name not in known:
                raise InputError(
                    f"--contrast: no annotation {name!r}; expected two of the {len(known)} annotations tested, e.g. "
                    f"{', '.join(nearest_names(name, known))}; correct the name"
                )
        if pair[0] == pair[1]:
            raise InputError(f"--contrast: found {pair[0]!r} twice, expected two different annotations; name another")


def _covered(aligned: AlignedData, sources: Sequence[AnnotationSource]) -> NDArray[np.bool_]:
    covered = np.ones(len(aligned.rows), dtype=bool)
    for source in sources:
        here = source.covers(aligned.snp)
        if here is None or source.snp is None:
            continue
        if not here.any():
            raise InputError(no_common_names(aligned.snp, source.snp, source.where))
        covered &= here
    return covered


def _base_note(names: Sequence[str]) -> list[str]:
    """A word where the baseline has no category of all SNPs: every annotation would then stand for their heritability."""
    if any(name.lower().startswith("base") or name == "L2" for name in names):
        return []
    return [
        f"no category of the baseline ({first_of(names)}) is called Base: annotations may stand for the heritability of "
        "all SNPs; name the category of all SNPs in --baseline"
    ]


def _notes(
    baseline: ScreenBaseline,
    work: Sequence[tuple[AnnotationSource, Sequence[int]]],
    blocks: Blocks | None,
    weights: Weights,
) -> Iterator[str]:
    gram, has_intercept = baseline.sums.xtx.sum(axis=0), baseline.columns.has_intercept
    inflation = variance_inflation(gram, has_intercept)
    for finding in condition_findings(condition_of(gram, has_intercept), inflation, baseline.names):
        yield f"baseline: {finding.code}: {finding.text}"
    if baseline.rows.blocks == "snps" and blocks != "snps" and weights == "shared":
        yield "blocks hold equal numbers of this trait's SNPs: by position on the genome some would be nearly empty"
    for source, places in work:
        if len(places) < len(source.names):
            known = [name for place, name in enumerate(source.names) if place not in set(places)]
            yield (
                f"{source.where}: columns that are not tested, by name in the baseline: {some_of(known)} ({len(known)} of "
                f"{len(source.names)})"
            )
    lost = next(step for step in baseline.rows.steps if step.what == "in the annotations")
    if lost.removed > _MANY_LOST * (lost.kept + lost.removed):
        yield f"{lost.removed:,} of {lost.kept + lost.removed:,} SNPs are not in the annotations: compute them for all"
