"""Screens as results: a row an annotation, forward selection, contrasts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ldscores.shared.messages import counted
from ldscores.shared.outputs import written_together
from ldscores.shared.tables import write_json, write_parquet, write_tsv
from sumh2.reasons import shared_reasons
from sumh2.results import Result, number_text, p_text, record_of, with_se
from sumh2.sumstats import FilterCount
from sumh2.verdicts import WHY_SEPARATOR

Floats = NDArray[np.float64]
Alternative = Literal["greater", "two-sided"]
NAN = float("nan")

#: The report shows this many annotations, the table all.
ROWS_SHOWN = 20
#: What a reason starts with that says why tau*, shares or enrichment are missing.
MISSING_CODES = ("no total", "no tau*", "no enrichment", "negative h2", "continuous")
#: Reasons of annotations without an estimate that the report shows.
REASONS_SHOWN = 5
#: Screens of more annotations are written as Parquet too, in the place of JSON, which is slow to read.
LARGE = 5000

FORMAT_NAME, FORMAT_VERSION = "sumh2 screen", 1


@dataclass(frozen=True)
class ScreenRow:
    """One annotation, fitted beside the baseline; NaN is missing, ``why`` says for what reason.

    Parameters
    ----------
    annotation, source
        Name, and file or list it comes from.
    tau, tau_se, tau_z
        Heritability per unit of annotation and SNP, beyond what the baseline explains.
    tau_p, tau_log10_p
        Two-sided: normal, or Student's where jackknife blocks are few.
    tau_p_above_zero, tau_log10_p_above_zero
        One-sided, tau above zero (LDSC's --h2-cts).
    fdr
        False discovery rate (Benjamini-Hochberg) of the p-value that was asked for.
    tau_star, tau_star_se
        tau for one standard deviation of the annotation, over the mean heritability per SNP (Gazal et al. 2017, eq. 3),
        with the jackknife error of the ratio.
    enrichment, enrichment_se, enrichment_p, enrichment_log10_p
        Share of h2 over share of SNPs, all overlapping categories counted; the p-value is of the difference of h2 per
        SNP inside and outside, two-sided, Student's with as many degrees of freedom as blocks (LDSC).
    prop_h2, prop_h2_se, prop_snps
    m
        Sum of the annotation over the reference SNPs: its number of SNPs where it is binary.
    block_share
        Share of the genome's 0.01 cM blocks that it touches, where known.
    tagged_share
        Share of the regression SNPs whose tagging of it is not 0: no smaller than `block_share`.
    variance_inflation
        Variance inflation factor against the baseline.
    effective_blocks
        Jackknife blocks that the coefficient effectively rests on.
    status, why
        ok, caution or unusable, and what to do.
    """

    annotation: str
    source: str
    tau: float = NAN
    tau_se: float = NAN
    tau_z: float = NAN
    tau_p: float = NAN
    tau_log10_p: float = NAN
    tau_p_above_zero: float = NAN
    tau_log10_p_above_zero: float = NAN
    fdr: float = NAN
    tau_star: float = NAN
    tau_star_se: float = NAN
    enrichment: float = NAN
    enrichment_se: float = NAN
    enrichment_p: float = NAN
    enrichment_log10_p: float = NAN
    prop_h2: float = NAN
    prop_h2_se: float = NAN
    prop_snps: float = NAN
    m: float = NAN
    block_share: float = NAN
    tagged_share: float = NAN
    variance_inflation: float = NAN
    effective_blocks: float = NAN
    status: str = "ok"
    why: str = ""

    def to_record(self) -> dict[str, Any]:
        """The row of the tidy table."""
        return record_of(self)

    def p_of(self, alternative: Alternative) -> tuple[float, float]:
        """p-value and its log10."""
        if alternative == "greater":
            return self.tau_p_above_zero, self.tau_log10_p_above_zero
        return self.tau_p, self.tau_log10_p


@dataclass(frozen=True)
class ForwardStep:
    """One step of a forward selection.

    Parameters
    ----------
    step
        From 1.
    row
        The annotation that joined, as it was when it did: beside the baseline and those that joined before it.
    rows
        All others, fitted beside the baseline with it.
    """

    step: int
    row: ScreenRow
    rows: tuple[ScreenRow, ...]


@dataclass(frozen=True)
class Contrast:
    """Two annotations compared.

    Parameters
    ----------
    first, second
        Names.
    model
        "joint": both in one regression; "marginal": each in its own.
    tau_first, tau_first_se, tau_second, tau_second_se
    difference, difference_se, difference_z, difference_p, difference_log10_p
        tau of the first less that of the second, with their joint jackknife; two-sided.
    covariance
        Of the two tau.
    difference_star, difference_star_se, difference_star_p
        The same on the scale of tau*, for annotations of different units; NaN where tau* is not known.
    joint_p
        That both tau are 0: Hotelling's T² of the jackknife, (B - 2) / (2 (B - 1)) T² ~ F(2, B - 2) with B blocks.
    status, why
    """

    first: str
    second: str
    model: str
    tau_first: float = NAN
    tau_first_se: float = NAN
    tau_second: float = NAN
    tau_second_se: float = NAN
    difference: float = NAN
    difference_se: float = NAN
    difference_z: float = NAN
    difference_p: float = NAN
    difference_log10_p: float = NAN
    covariance: float = NAN
    difference_star: float = NAN
    difference_star_se: float = NAN
    difference_star_p: float = NAN
    joint_p: float = NAN
    status: str = "ok"
    why: str = ""

    def to_record(self) -> dict[str, Any]:
        """The row of the tidy table."""
        return record_of(self)


@dataclass(frozen=True)
class ControlRow:
    """Another column that stood beside a tested one in LDSC's cell-type analysis (``--print-all-cts``)."""

    name: str
    tau: float
    tau_se: float


@dataclass(frozen=True)
class ScreenResult(Result):
    """A screen of annotations over one baseline.

    Parameters
    ----------
    trait
    rows
        In the order of the annotations given.
    alternative
        Whose p-value `fdr` and the forward selection use.
    weights, blocks
        "shared" or "ldsc"; "genome" or "snps".
    h2, h2_se, intercept, intercept_se
        Of the baseline alone, under its own weights.
    n_snps, n_blocks, n_mean, n_categories
    m
        Reference SNPs, summed over the baseline's categories.
    chisq_max
    steps
        SNPs removed and kept.
    notes
        What was found and done.
    forward : tuple of ForwardStep
    forward_p
        An annotation joined with a p-value up to this; NaN where no forward selection was asked for.
    selected : tuple of ScreenRow
        The annotations that joined, all in one regression with the baseline.
    contrasts : tuple of Contrast
    tau_delete : float64, (n_blocks, n_annotations)
        tau with each block left out.
    controls : tuple of tuple of ControlRow, one an annotation
        Under LDSC's weights.
    """

    kind: ClassVar[str] = "screen"

    trait: str
    rows: tuple[ScreenRow, ...]
    alternative: Alternative
    weights: str
    blocks: str
    h2: float
    h2_se: float
    intercept: float
    intercept_se: float
    n_snps: int
    n_blocks: int
    n_mean: float
    n_categories: int
    m: float
    chisq_max: float
    steps: tuple[FilterCount, ...]
    notes: tuple[str, ...]
    forward: tuple[ForwardStep, ...]
    selected: tuple[ScreenRow, ...]
    contrasts: tuple[Contrast, ...]
    tau_delete: Floats
    controls: tuple[tuple[ControlRow, ...], ...] = ()
    forward_p: float = NAN
    origin: Mapping[str, Any] = field(default_factory=dict)

    def to_records(self) -> list[dict[str, Any]]:
        return [row.to_record() for row in self.rows]

    def forward_records(self) -> list[dict[str, Any]]:
        """One dictionary for every annotation after every step of the forward selection."""
        records, given = [], []
        for step in self.forward:
            given.append(step.row.annotation)
            records += [{"step": step.step, "given": ", ".join(given), **row.to_record()} for row in step.rows]
        return records

    def details(self) -> dict[str, Any]:
        """The baseline, SNP counts, forward selection and contrasts."""
        names = (
            "trait", "weights", "blocks", "alternative", "h2", "h2_se", "intercept", "intercept_se", "n_snps",
            "n_blocks", "n_mean", "n_categories", "m", "chisq_max",
        )  # fmt: skip
        return {
            "baseline": {name: getattr(self, name) for name in names},
            "steps": [{"what": step.what, "removed": step.removed, "kept": step.kept} for step in self.steps],
            "notes": list(self.notes),
            "forward": [{"step": step.step, **step.row.to_record()} for step in self.forward],
            "selected_jointly": [row.to_record() for row in self.selected],
            "contrasts": [contrast.to_record() for contrast in self.contrasts],
        }

    @written_together()
    def save(self, stem: str | Path) -> list[Path]:
        """Write ``<stem>.tsv`` and ``<stem>.json``; ``<stem>.forward.tsv`` and ``<stem>.contrasts.tsv`` where asked for.

        Where no annotation joined, the first of these has its header alone.

        The rows of a screen of more than 5,000 annotations go to ``<stem>.parquet`` with all digits, and only the rest
        to JSON.

        Returns
        -------
        list of Path
            The files written, each whole.
        """
        table, record = pa.Table.from_pylist(self.to_records()), Path(f"{stem}.json")
        written = [Path(f"{stem}.tsv"), record]
        write_tsv(written[0], table)
        content = self.record()
        if len(self.rows) > LARGE:
            written.append(Path(f"{stem}.parquet"))
            write_parquet(
                written[-1], table, {"format": FORMAT_NAME, "format_version": FORMAT_VERSION, **self.provenance}
            )
            del content["estimates"]
        write_json(record, content)
        if np.isfinite(self.forward_p):
            written.append(Path(f"{stem}.forward.tsv"))
            # With its header where nothing joined, so that a pipeline finds the file that it asked for.
            header = ("step", "given", *self.rows[0].to_record())
            records = self.forward_records()
            write_tsv(written[-1], pa.table({name: [record[name] for record in records] for name in header}))
        if self.contrasts:
            written.append(Path(f"{stem}.contrasts.tsv"))
            write_tsv(written[-1], pa.Table.from_pylist([contrast.to_record() for contrast in self.contrasts]))
        return written

    def ranked(self) -> list[ScreenRow]:
        """Rows by rising p-value, those without one last."""
        return sorted(self.rows, key=lambda row: _rank(row, self.alternative))

    def __str__(self) -> str:
        counts = {status: sum(row.status == status for row in self.rows) for status in ("ok", "caution", "unusable")}
        shown = [step for step in self.steps if step.removed or step in self.steps[-2:]]
        width = max((len(step.what) for step in shown), default=0)
        lines = [f"{self.trait}: screen of {counted(len(self.rows), 'annotation')}", ""]
        lines += [
            f"  {step.what:<{width}} {step.kept:>11,} SNPs" + (f"  (-{step.removed:,})" if step.removed else "")
            for step in shown
        ]
        one_sided = self.alternative == "greater"
        lines += [
            "",
            f"  baseline of {self.n_categories} {'category' if self.n_categories == 1 else 'categories'}: "
            f"h2 {with_se(self.h2, self.h2_se)}, "
            f"intercept {with_se(self.intercept, self.intercept_se)}",
            f"  {'the weights of the baseline' if self.weights == 'shared' else 'LDSC weights of each annotation'}, "
            f"{self.n_blocks} jackknife blocks, p {'one-sided (tau above 0)' if one_sided else 'two-sided'}",
            "",
            *_table_lines(self.ranked()[:ROWS_SHOWN], self.alternative),
        ]
        if len(self.rows) > ROWS_SHOWN:
            lines.append(f"  and {len(self.rows) - ROWS_SHOWN:,} more in the table")
        lines += self._forward_lines() + self._contrast_lines()
        below = sum(row.fdr < 0.05 for row in self.rows)
        lines += [
            "",
            f"  {counted(below, 'annotation')} at a false discovery rate below 5%; "
            + ", ".join(f"{count:,} {status}" for status, count in counts.items()),
            *(f"  {note}" for note in self.notes),
            *self._not_fitted_lines(),
            *self._missing_lines(),
        ]
        return "\n".join(lines)

    def _not_fitted_lines(self) -> list[str]:
        """Reasons of the annotations that could not be read or fitted, each once."""
        missing = ((row.annotation, row.why) for row in self.rows if not np.isfinite(row.tau))
        reasons = shared_reasons(missing, merge_numbers=True)
        lines = [f"  {reason}" for reason in reasons[:REASONS_SHOWN]]
        if len(reasons) > REASONS_SHOWN:
            lines.append(f"  and {len(reasons) - REASONS_SHOWN} more reasons in the table")
        return lines

    def _missing_lines(self) -> list[str]:
        """Why annotations with an estimate have no tau*, or no enrichment, each reason once."""
        missing = (
            (row.annotation, reason)
            for row in self.rows if np.isfinite(row.tau) and not np.isfinite(row.tau_star + row.enrichment)
            for reason in row.why.split(WHY_SEPARATOR) if reason.split(":")[0] in MISSING_CODES
        )  # fmt: skip
        return [f"  NA: {reason}" for reason in shared_reasons(missing)[:REASONS_SHOWN]]

    def _forward_lines(self) -> list[str]:
        if np.isfinite(self.forward_p) and not self.forward:
            return [
                "",
                f"  forward selection: no annotation joins, none that is usable has p up to {self.forward_p:.2g}",
            ]
        if not self.forward:
            return []
        lines = ["", "  forward selection, each beside the baseline and those above it"]
        lines += _table_lines([step.row for step in self.forward], self.alternative)
        return [*lines, "  all of them in one regression", *_table_lines(self.selected, self.alternative)]

    def _contrast_lines(self) -> list[str]:
        lines = [""] if self.contrasts else []
        for contrast in self.contrasts:
            if not np.isfinite(contrast.difference):
                lines.append(
                    f"  {contrast.first} - {contrast.second}, {contrast.model}: {contrast.status}: {contrast.why}"
                )
                continue
            p = p_text(contrast.difference_p, contrast.difference_log10_p)
            lines.append(
                f"  {contrast.first} - {contrast.second}, {contrast.model}: difference of tau {contrast.difference:.3g} "
                f"(SE {contrast.difference_se:.2g}), p {p}; both 0: p {contrast.joint_p:.3g}"
            )
        return lines


def _rank(row: ScreenRow, alternative: Alternative) -> tuple[bool, float, float]:
    log10_p = row.p_of(alternative)[1]
    return (not np.isfinite(log10_p), log10_p, -abs(row.tau_z))


def best_row(rows: Sequence[ScreenRow], alternative: Alternative) -> ScreenRow | None:
    """The usable row with the smallest p-value; None without one."""
    usable = [row for row in rows if row.status != "unusable" and np.isfinite(row.p_of(alternative)[1])]
    return min(usable, key=lambda row: _rank(row, alternative)) if usable else None


def _table_lines(rows: Sequence[ScreenRow], alternative: Alternative) -> list[str]:
    width = max(len("annotation"), *(len(row.annotation) for row in rows)) if rows else 0
    lines = [
        f"  {'annotation':<{width}}  {'tau':>10}  {'SE':>9}  {'z':>7}  {'p':>9}  {'FDR':>8}  {'tau*':>15}  "
        f"{'enrichment':>15}  status"
    ]
    for row in rows:
        p, log10_p = row.p_of(alternative)
        code = row.why.split(":")[0] if row.status != "ok" else ""
        fdr = number_text(row.fdr, ".2g")
        lines.append(
            f"  {row.annotation:<{width}}  {number_text(row.tau, '.3g'):>10}  {number_text(row.tau_se, '.2g'):>9}  "
            f"{number_text(row.tau_z, '.2f'):>7}  {p_text(p, log10_p):>9}  {fdr:>8}  "
            f"{_with_se(row.tau_star, row.tau_star_se):>15}  {_with_se(row.enrichment, row.enrichment_se):>15}  "
            f"{row.status}{f' ({code})' if code else ''}"
        )
    return lines


def _with_se(value: float, se: float) -> str:
    return f"{value:.2f} ({se:.2f})" if np.isfinite(value) else "NA"
