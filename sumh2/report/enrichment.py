"""Heritability by category, correlations by category, and screens, as sections of a report."""

from __future__ import annotations

from collections.abc import Sequence

from ldscores.shared.columns import meaning_of
from ldscores.shared.messages import counted
from sumh2.report import citations
from sumh2.report.estimates import pair_columns
from sumh2.report.section import (
    Cell,
    Column,
    Record,
    SavedResult,
    Section,
    count_column,
    estimate,
    estimate_column,
    fixed,
    general,
    general_column,
    judge_rows,
    known,
    make_table,
    number,
    number_column,
    p_column,
    p_words,
    percent,
    reasons_of,
    status_column,
    steps_of,
    text_column,
    why_column,
)

#: Categories named in the headline.
_NAMED = 3
_FDR = 0.05


def partition_section(saved: SavedResult, most: int) -> Section:
    """Heritability of one trait by category."""
    record, rows = saved.record, list(saved.rows)
    total = record.get("h2") or {}
    trait = str(total.get("trait"))
    words = estimate(number(total, "h2"), number(total, "h2_se"))
    headline = [f"The heritability of {trait}, {words} in all, was split over {len(rows):,} categories of SNPs."]
    headline += _enrichment_sentences(rows)
    # The heritability of all categories together decides; categories add what is theirs.
    _, counts, reasons = judge_rows(rows, lambda row: str(row.get("category")))
    status = str(total.get("status") or "")
    columns = [
        text_column("category", "category"), count_column("SNPs, M", "m"), _percent_column("% of SNPs", "prop_snps"),
        _percent_column("% of h2", "prop_h2"),
        estimate_column("enrichment", "enrichment", 2),
        p_column("p", "enrichment_p", "heritability per SNP inside against outside"), estimate_column("h2", "h2", 4),
        estimate_column("tau*", "tau_star", 3, "what the annotation adds beside all others, per standard deviation"),
        number_column("z of tau", "tau_z", 2), p_column("p of tau", "tau_p"), status_column(), why_column(),
    ]  # fmt: skip
    tables = [make_table("By category", columns, rows, most)]
    bins = record.get("quantiles") or []
    if bins:
        columns = [
            count_column("bin", "bin"), general_column("from", "from"), general_column("to", "to"),
            count_column("SNPs", "n_snps"), _percent_column("% of h2", "prop_h2"),
            estimate_column("enrichment", "enrichment", 2), p_column("p", "enrichment_p"),
        ]  # fmt: skip
        tables.append(make_table(f"By {bins[0].get('annotation')}", columns, bins, most))
    overall = [estimate_column("h2", "h2", 4), estimate_column("intercept", "intercept", 4),
               estimate_column("ratio", "ratio", 4), number_column("mean chi2", "mean_chi2", 4),
               count_column("SNPs", "n_snps"), count_column("blocks", "n_blocks")]  # fmt: skip
    tables.append(make_table("All categories together", overall, [total], most))
    sumher = record.get("estimator") == "sumher"
    return Section(
        trait, "Partitioned heritability" + (" by SumHer" if sumher else " by stratified LD Score regression"), headline,
        saved, status, counts and f"categories: {counts}", [("", reason) for reason in reasons_of(total)] + reasons, tables,
        steps=steps_of(record),
        reading=(
            "Enrichment is the share of heritability over the share of SNPs: 1 is what chance would give. Its p-value "
            "compares heritability per SNP inside and outside, whatever annotation explains it.",
            "tau* and its z ask something else: does the annotation add heritability beside all others in the model? One "
            "that overlaps a causal annotation is enriched with a tau of zero.",
        ),
        misleading=(
            "Categories overlap: shares do not add up to 100%.",
            "The enrichment of a category of all SNPs is 1, and that of a continuous annotation has no plain meaning: read "
            "its tau*, or bins of it.",
            "Small categories have wide intervals; a share below 0 or above 100% is sampling error or a wrong model.",
            "An enrichment depends on what else is in the model: compare models before telling a story.",
        ),
        citations=(citations.SUMHER, citations.MODELS) if sumher else (citations.PARTITION, citations.TAU_STAR),
    )  # fmt: skip


def _enrichment_sentences(rows: Sequence[Record]) -> list[str]:
    """The clearest enrichments, at a Bonferroni threshold."""
    tested = [row for row in rows if known(number(row, "enrichment_p"), number(row, "enrichment"))]
    if not tested:
        return []
    limit = _FDR / len(tested)
    clear = sorted(
        (row for row in tested if number(row, "enrichment_p") < limit), key=lambda row: number(row, "enrichment_p")
    )
    if not clear:
        return [f"No category differs from the rest of the genome at the Bonferroni threshold of {limit:.2g}."]
    lines = []
    for row in clear[:_NAMED]:
        value, se = number(row, "enrichment"), number(row, "enrichment_se")
        what = "enriched" if value > 1 else "depleted"
        lines.append(
            f"{row.get('category')} is {what}: {percent(number(row, 'prop_snps'), 1)} of the SNPs hold "
            f"{percent(number(row, 'prop_h2'), 1)} of the heritability, {estimate(value, se, 2)} times their share "
            f"({p_words(row, 'enrichment_p')})."
        )
    if len(clear) > _NAMED:
        lines.append(f"{len(clear) - _NAMED} more categories pass the Bonferroni threshold of {limit:.2g}.")
    return lines


def stratified_rg_section(saved: SavedResult, most: int) -> Section:
    """Genetic correlations by category."""
    record, rows = saved.record, list(saved.rows)
    name = lambda row: f"{row.get('trait1')} – {row.get('trait2')}, {row.get('category')}"  # noqa: E731
    status, counts, reasons = judge_rows(rows, name)
    whole_genome = [row for row in rows if row.get("category") == "all"]
    headline = [
        f"Over all SNPs the genetic correlation of {row.get('trait1')} and {row.get('trait2')} is "
        f"{estimate(number(row, 'rg'), number(row, 'rg_se'))}."
        for row in whole_genome[:_NAMED] if known(number(row, "rg"))
    ]  # fmt: skip
    parts = [row for row in rows if row.get("category") != "all" and known(number(row, "rg_z"))]
    if parts:
        row = max(parts, key=lambda row: abs(number(row, "rg_z")))
        headline.append(
            f"The clearest single category is {row.get('category')}, for {row.get('trait1')} and {row.get('trait2')}: "
            f"{estimate(number(row, 'rg'), number(row, 'rg_se'))}, {p_words(row, 'rg_p')}."
        )
    columns = [
        *pair_columns(), text_column("category", "category"), estimate_column("rg", "rg"), p_column("p", "rg_p"),
        general_column("gcov", "gcov"), general_column("SE", "gcov_se"), p_column("p of gcov", "gcov_p"),
        _percent_column("% of SNPs", "prop_snps"), _percent_column("% of gcov", "prop_gcov"),
        estimate_column("h2 of trait 1", "h2_1"), estimate_column("h2 of trait 2", "h2_2"), status_column(), why_column(),
    ]  # fmt: skip
    heritabilities = [
        text_column("trait", "trait"), estimate_column("h2", "h2", 4), estimate_column("h2, liability", "h2_liab", 4),
        estimate_column("intercept", "intercept", 4), number_column("mean chi2", "mean_chi2", 4),
        count_column("SNPs", "n_snps"), count_column("N", "n"),
    ]  # fmt: skip
    traits = list(dict.fromkeys(str(row.get(end)) for row in rows for end in ("trait1", "trait2")))
    return Section(
        ", ".join(traits[:4]) + (f" and {len(traits) - 4} more" if len(traits) > 4 else ""),
        "Genetic covariance and correlation by category", headline, saved, status, counts, reasons,
        [
            make_table("By category", columns, rows, most),
            make_table("Heritabilities", heritabilities, record.get("h2") or [], most),
        ],
        reading=(
            "The covariance of a category is that of all SNPs in it, whatever coefficient it comes from; its correlation "
            "divides it by the heritabilities of the same SNPs. The row 'all' is the whole genome.",
        ),
        misleading=(
            "Correlations of small categories can be anything: look at the standard error first.",
            "Categories overlap: one that is correlated may only overlap the one that matters.",
            "Where a heritability in the category is not positive there is no correlation.",
        ),
        citations=(citations.PARTITION, citations.RG, citations.GENOMIC_SEM),
    )  # fmt: skip


def screen_section(saved: SavedResult, most: int) -> Section:
    """Many annotations, one at a time beside a baseline."""
    record, baseline = saved.record, saved.record.get("baseline") or {}
    one_sided = baseline.get("alternative") == "greater"
    p_name = "tau_p_above_zero" if one_sided else "tau_p"
    log_name = "tau_log10_p_above_zero" if one_sided else "tau_log10_p"
    rows = sorted(saved.rows, key=lambda row: number(row, log_name) if known(number(row, log_name)) else 1.0)
    status, counts, reasons = judge_rows(rows, lambda row: str(row.get("annotation")))
    passing = [row for row in rows if number(row, "fdr") < _FDR]
    trait = str(baseline.get("trait"))
    sides = "one-sided, that tau is above zero" if one_sided else "two-sided"
    headline = [
        f"{counted(len(rows), 'annotation was', 'annotations were')} tested for {trait}, one at a time, beside a baseline "
        f"of {counted(int(baseline.get('n_categories') or 0), 'category')} "
        f"(h2 {estimate(number(baseline, 'h2'), number(baseline, 'h2_se'))}).",
        f"{len(passing):,} have a false discovery rate below 5% (p {sides}).",
    ]
    if rows and known(number(rows[0], "tau_z")):
        row = rows[0]
        z, p, fdr = fixed(number(row, "tau_z"), 2), _p_of(row, p_name, log_name), general(number(row, "fdr"), 2)
        headline.append(f"First is {row.get('annotation')}: z {z}, p {p}, FDR {fdr}.")
    columns = [
        text_column("annotation", "annotation"), general_column("tau", "tau"), general_column("SE", "tau_se", 2),
        number_column("z", "tau_z", 2),
        Column("p", lambda row: Cell(_p_of(row, p_name, log_name), _or_none(number(row, log_name))), sides),
        general_column("FDR", "fdr", 2),
        estimate_column("tau*", "tau_star", 3), estimate_column("enrichment", "enrichment", 2),
        p_column("p of enrichment", "enrichment_p"), _percent_column("% of SNPs", "prop_snps"), status_column(),
        why_column(),
    ]  # fmt: skip
    tables = [make_table("Annotations, by p-value", columns, rows, most)]
    for key, caption in (("forward", "Forward selection"), ("selected_jointly", "All selected in one regression")):
        if record.get(key):
            tables.append(make_table(caption, columns[:8], record[key], most))
    if record.get("contrasts"):
        contrast = [
            text_column("annotation", "first"), text_column("less", "second"), text_column("model", "model"),
            general_column("difference of tau", "difference"), general_column("SE", "difference_se", 2),
            number_column("z", "difference_z", 2), p_column("p", "difference_p"),
            general_column("p that both are 0", "joint_p"),
            status_column(), why_column(),
        ]  # fmt: skip
        tables.append(make_table("Contrasts", contrast, record["contrasts"], most))
    notes = [("", str(note)) for note in record.get("notes") or ()]
    return Section(
        trait, "Screen of annotations", headline, saved, status, counts, notes + reasons, tables, steps=steps_of(record),
        reading=(
            "tau is what an annotation adds beside the baseline; tau* puts it on a scale that can be compared between "
            "annotations and traits.",
            "The false discovery rate counts all annotations that were tested together.",
        ),
        misleading=(
            "Annotations that overlap share their signal: the first is not the cause of the others (--forward, "
            "--contrast).",
            "Weights that all annotations share moved tau by up to 0.56 SE from LDSC's in our comparisons: report a single "
            "annotation from --weights ldsc." if baseline.get("weights") == "shared" else
            "With LDSC's weights each annotation has weights of its own.",
            "An annotation that few blocks of the genome decide has a p-value that is too small: see its status.",
        ),
        citations=(citations.SCREEN, citations.PARTITION, citations.FDR),
    )  # fmt: skip


def _p_of(row: Record, name: str, log_name: str) -> str:
    return p_words({"p": row.get(name), "log10_p": row.get(log_name)}, "p").removeprefix("p ") or "–"


def _or_none(value: float) -> float | None:
    return value if known(value) else None


def _percent_column(title: str, name: str) -> Column:
    """A share as a percentage, with its SE where there is one."""

    def cell(record: Record) -> Cell:
        value, se = 100 * number(record, name), 100 * number(record, f"{name}_se")
        words = f"{fixed(value, 1)} ({fixed(se, 1)})" if known(se) else fixed(value, 2)
        return Cell(words, value if known(value) else None)

    return Column(title, cell, meaning_of(name))
