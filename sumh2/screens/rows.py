"""From fits of a batch to rows of a screen: tests, shares, enrichments, and the status of each annotation."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sumh2.enrichment.annotation_guards import (
    SMALL_BLOCK_SHARE,
    block_findings,
    degrees_of_freedom,
    inflation_findings,
    locus_findings,
    measure_dependence,
    share_findings,
    shares_of_continuous,
    size_findings,
    t_p_values,
    two_sided_p,
    upper_tail,
)
from sumh2.enrichment.overlap_sums import has_share
from sumh2.kernels.enrichment import Estimated, estimated
from sumh2.kernels.significance import false_discovery_rates
from sumh2.screens.annotation_taggings import AnnotationBatch
from sumh2.screens.regression import BatchFits, ScreenBaseline, ScreenRows
from sumh2.screens.result import Alternative, ScreenRow
from sumh2.verdicts import Finding, judge

Floats = NDArray[np.float64]

#: How far a sum of squares may be from a sum for an annotation to be called binary.
_BINARY_TOLERANCE = 1e-9
#: A screen names no regions; a partition of the baseline with the annotation does.
_WHICH_REGION = "which sumh2 partition --influence shows with the annotation among the categories"
#: A spread of a tagging that is smaller than this share of its mean square is rounding: it is constant.
_CONSTANT = 1e-10


@dataclass(frozen=True)
class BatchContext:
    """What the rows of a batch share.

    Parameters
    ----------
    rows
    n_reference
        Number of reference SNPs; NaN where it is not known.
    source
    residual_blocks
        Blocks that effectively hold the residuals of the baseline.
    """

    rows: ScreenRows
    n_reference: float
    source: str
    residual_blocks: float


def unreadable_row(name: str, source: str, why: str) -> ScreenRow:
    """An annotation that could not be read or fitted."""
    return ScreenRow(name, source, status="unusable", why=f"not fitted: {why}")


@dataclass(frozen=True)
class _Derived:
    """What follows from the fits of a batch, an entry an annotation; NaN where it is not known."""

    tau: Estimated
    z: Floats
    p: Floats
    log10_p: Floats
    p_above_zero: Floats
    log10_p_above_zero: Floats
    total: Floats
    share: Estimated
    enrichment: Estimated
    enrichment_p: Floats
    enrichment_log10_p: Floats
    tau_star: Estimated
    prop_snps: Floats


def make_rows(context: BatchContext, batch: AnnotationBatch, fits: BatchFits) -> tuple[ScreenRow, ...]:
    """One row an annotation of the batch."""
    with np.errstate(divide="ignore", invalid="ignore"):
        found = _derive(context, batch, fits)
    n_missing = np.zeros(len(batch.names), dtype=np.int64)
    # Counted only where something is missing: the taggings are large, and NaN went through all their sums.
    for place in np.flatnonzero(~np.isfinite(fits.tau)):
        n_missing[place] = np.count_nonzero(~np.isfinite(batch.values[place][context.rows.used]))
    return tuple(_row(place, context, batch, fits, found, int(n_missing[place])) for place in range(len(batch.names)))


def _derive(context: BatchContext, batch: AnnotationBatch, fits: BatchFits) -> _Derived:
    totals, n_blocks = batch.totals, len(fits.tau_delete)
    tau = estimated(fits.tau, fits.tau_delete)
    z, p, log10_p, above = t_p_values(tau.value, tau.se, n_blocks, fits.effective_blocks)
    freedom = degrees_of_freedom(n_blocks, fits.effective_blocks)
    total, total_delete = fits.total[-1], fits.total[:-1]
    inside, inside_delete = fits.part[-1], fits.part[:-1]
    prop_snps = totals.m / context.n_reference
    per_prop = np.where(prop_snps != 0, 1 / prop_snps, np.nan)
    share_delete = inside_delete / total_delete
    difference = estimated(
        _difference(inside, total, totals.m, context.n_reference),
        _difference(inside_delete, total_delete, totals.m, context.n_reference),
    )
    _, enrichment_p, enrichment_log10_p = two_sided_p(difference.value, difference.se, float(n_blocks))
    variance = totals.squares / context.n_reference - prop_snps**2
    standard = np.where(variance > 0, np.sqrt(variance) * context.n_reference, np.nan)
    return _Derived(
        tau, z, p, log10_p, above, upper_tail(z, freedom)[1], total,
        share=estimated(inside / total, share_delete),
        enrichment=estimated(inside / total * per_prop, share_delete * per_prop),
        enrichment_p=enrichment_p,
        enrichment_log10_p=enrichment_log10_p,
        tau_star=estimated(tau.value * standard / total, tau.delete_values * standard / total_delete),
        prop_snps=prop_snps,
    )  # fmt: skip


def _difference(inside: Floats, total: Floats, m: Floats, n_reference: float) -> Floats:
    """Heritability per SNP inside less outside: the test of an enrichment."""
    return inside / m - (total - inside) / (n_reference - m)


def _row(
    place: int, context: BatchContext, batch: AnnotationBatch, fits: BatchFits, found: _Derived, n_missing: int
) -> ScreenRow:
    name, problem = batch.names[place], batch.problems[place] if batch.problems else ""
    n_used = int(context.rows.used.sum())
    if problem:
        return unreadable_row(name, context.source, problem)
    blocking = _why_not_fitted(fits, place, n_missing, n_used)
    tagged_share = fits.n_touched[place] / n_used
    m, block_share = float(batch.totals.m[place]), float(batch.totals.block_share[place])
    set_like = _has_share(batch, place)
    common = {
        "m": m, "prop_snps": float(found.prop_snps[place]) if set_like else float("nan"), "block_share": block_share,
        "tagged_share": float(tagged_share) if not n_missing else float("nan"),
        "variance_inflation": float(fits.inflation[place]),
    }  # fmt: skip
    if blocking is not None:
        status, why = judge([blocking])
        return ScreenRow(name, context.source, status=status, why=why, **common)
    findings, has_h2 = _findings(place, context, batch, fits, found, tagged_share), found.total[place] > 0
    status, why = judge(findings)

    def shown(numbers: Floats) -> float:
        # A share of a heritability that is not positive says nothing.
        return float(numbers[place]) if has_h2 else float("nan")

    def of_set(numbers: Floats) -> float:
        # Nor does that of an annotation that is no set of SNPs.
        return shown(numbers) if set_like else float("nan")

    return ScreenRow(
        name, context.source,
        tau=float(found.tau.value[place]), tau_se=float(found.tau.se[place]), tau_z=float(found.z[place]),
        tau_p=float(found.p[place]), tau_log10_p=float(found.log10_p[place]),
        tau_p_above_zero=float(found.p_above_zero[place]),
        tau_log10_p_above_zero=float(found.log10_p_above_zero[place]),
        tau_star=shown(found.tau_star.value), tau_star_se=shown(found.tau_star.se),
        enrichment=of_set(found.enrichment.value), enrichment_se=of_set(found.enrichment.se),
        enrichment_p=of_set(found.enrichment_p), enrichment_log10_p=of_set(found.enrichment_log10_p),
        prop_h2=of_set(found.share.value), prop_h2_se=of_set(found.share.se),
        effective_blocks=float(fits.effective_blocks[place]), status=status, why=why, **common,
    )  # fmt: skip


def _has_share(batch: AnnotationBatch, place: int) -> bool:
    """Whether it can be a set of SNPs: what is not known is taken for the usual kind, zeros and ones."""
    squares = batch.totals.squares[place]
    return not np.isfinite(squares) or bool(has_share(batch.totals.m[place], squares))


def _why_not_fitted(fits: BatchFits, place: int, n_missing: int, n_used: int) -> Finding | None:
    """What keeps an annotation from being fitted; None where nothing does."""
    if n_missing:
        return Finding("unusable", "missing SNPs", f"{n_missing:,} of {n_used:,} regression SNPs have no tagging of it: "
                       "compute it for the SNPs of the baseline")  # fmt: skip
    if not fits.n_touched[place]:
        return Finding(
            "unusable", "empty", "no regression SNP tags it: it holds no SNP of the panel, or none near these"
        )
    if not fits.spread[place] > _CONSTANT:
        return Finding("unusable", "constant", "its tagging is the same at every regression SNP and cannot be told from "
                       "the intercept: leave it out")  # fmt: skip
    inflation = fits.inflation[place]
    if not np.isfinite(inflation) or not np.isfinite(fits.tau[place]):
        return Finding("unusable", "collinear", "its tagging is a combination of the baseline's: it is in the baseline "
                       "already, or a sum of its categories")  # fmt: skip
    if not np.isfinite(fits.tau_delete[:, place]).all():
        return Finding("unusable", "one block", "without one of the jackknife blocks nothing is left of it, so that it "
                       "has no standard error: take a wider annotation")  # fmt: skip
    return None


def _findings(
    place: int, context: BatchContext, batch: AnnotationBatch, fits: BatchFits, found: _Derived, tagged_share: float
) -> list[Finding]:
    totals, n_blocks = batch.totals, len(fits.tau_delete)
    squares, m = totals.squares[place], totals.m[place]
    known = bool(np.isfinite(squares))
    # An annotation of which nothing more is known is taken for the usual kind, zeros and ones.
    binary = not known or bool(np.isclose(squares, m, rtol=_BINARY_TOLERANCE, atol=0))
    block_share = totals.block_share[place]
    findings = size_findings(float(block_share), float(found.prop_snps[place]), binary)
    if not findings and not np.isfinite(block_share) and tagged_share < SMALL_BLOCK_SHARE:
        findings.append(
            Finding("caution", "small annotation", f"only {100 * tagged_share:.2g}% of the regression SNPs tag it, so it "
                    "touches no more of the genome's 0.01 cM blocks; p-values are too small: confirm with a wider one")
        )  # fmt: skip
    findings += inflation_findings(float(fits.inflation[place]))
    effective = float(fits.effective_blocks[place])
    findings += block_findings(effective, n_blocks, _WHICH_REGION)
    findings += locus_findings(effective, context.residual_blocks, n_blocks)
    total, share = float(found.total[place]), float(found.share.value[place])
    if total > 0:
        small = any(one.code == "small annotation" for one in findings)
        findings += share_findings(share, float(found.share.se[place]), binary, small)
    if np.isfinite(total) and not total > 0:
        findings.append(
            Finding("caution", "negative h2", f"the heritability of the model is {total:.3g}: tau can be read, shares and "
                    "tau* cannot; use a larger study")
        )  # fmt: skip
    if not np.isfinite(total):
        findings.append(
            Finding("note", "no total", "its number of reference SNPs (M) is not known: no tau*, no shares")
        )
    elif not known:
        findings.append(
            Finding("note", "no tau*", "its sum of squares is not stored with the taggings; give --binary where it is 0 "
                    "or 1")
        )  # fmt: skip
    if not _has_share(batch, place):
        findings.append(shares_of_continuous())
    elif np.isfinite(total) and not np.isfinite(share):
        findings.append(
            Finding("note", "no enrichment", "its overlap with the baseline is not stored; build the tagging from the "
                    "baseline's and these annotations together")
        )  # fmt: skip
    return findings


def with_fdr(rows: Iterable[ScreenRow], alternative: Alternative) -> list[ScreenRow]:
    """Rows with their false discovery rate over all that have a p-value."""
    rows = list(rows)
    rates = false_discovery_rates(np.array([row.p_of(alternative)[0] for row in rows]))
    return [replace(row, fdr=float(rate)) for row, rate in zip(rows, rates, strict=True)]


def joint_rows(baseline: ScreenBaseline, chosen: Sequence[ScreenRow]) -> tuple[ScreenRow, ...]:
    """Annotations that joined a baseline, as its one regression estimates them, under the shared weights."""
    fit, has_intercept = baseline.fit(), baseline.columns.has_intercept
    dependence = measure_dependence(baseline.sums.xtx, has_intercept)
    places = [baseline.names.index(row.annotation) for row in chosen]
    n_bar, n_blocks = baseline.rows.n_mean, fit.n_blocks
    tau = estimated(fit.estimate[places] / n_bar, fit.delete_values[:, places] / n_bar)
    effective = dependence.effective_blocks[places]
    z, p, log10_p, above = t_p_values(tau.value, tau.se, n_blocks, effective)
    log10_above = upper_tail(z, degrees_of_freedom(n_blocks, effective))[1]
    rows = []
    for number, (place, row) in enumerate(zip(places, chosen, strict=True)):
        inflation = float(dependence.inflation[place])
        on = float(effective[number])
        status, why = judge(
            inflation_findings(inflation) + block_findings(on, n_blocks, _WHICH_REGION)
            + locus_findings(on, baseline.residual_blocks, n_blocks)
        )  # fmt: skip
        rows.append(
            ScreenRow(
                row.annotation, row.source, tau=float(tau.value[number]), tau_se=float(tau.se[number]),
                tau_z=float(z[number]), tau_p=float(p[number]), tau_log10_p=float(log10_p[number]),
                tau_p_above_zero=float(above[number]), tau_log10_p_above_zero=float(log10_above[number]), m=row.m,
                prop_snps=row.prop_snps, block_share=row.block_share, tagged_share=row.tagged_share,
                variance_inflation=inflation, effective_blocks=float(effective[number]), status=status, why=why,
            )
        )  # fmt: skip
    return tuple(rows)
