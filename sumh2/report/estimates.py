"""Heritabilities, genetic correlations, and what they hang on, as sections of a report."""

from __future__ import annotations

import math
from collections.abc import Sequence

from sumh2.report import citations
from sumh2.report.section import (
    Record,
    SavedResult,
    Section,
    count_column,
    estimate,
    estimate_column,
    fixed,
    general,
    general_column,
    interval,
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

_INTERCEPT_MEANING = "chi2 of a SNP that tags nothing: 1 without confounding"


def h2_section(saved: SavedResult, most: int) -> Section:
    """Heritability by LD Score regression."""
    row = saved.rows[0] if saved.rows else {}
    trait, h2, se = str(row.get("trait")), number(row, "h2"), number(row, "h2_se")
    headline = [_h2_sentence(trait, h2, se, p_words(row, "h2_p")), *_liability_sentence(row, "h2_liab_se")]
    intercept, intercept_se = number(row, "intercept"), number(row, "intercept_se")
    headline += _intercept_sentences(intercept, intercept_se, number(row, "ratio"), number(row, "ratio_se"))
    columns = [
        text_column("trait", "trait"), estimate_column("h2", "h2", 4, "share of the trait's variance that SNPs explain"),
        p_column("p", "h2_p", "two-sided, that h2 is 0"),
        estimate_column("intercept", "intercept", 4, _INTERCEPT_MEANING),
        estimate_column("ratio", "ratio", 4, "(intercept − 1) / (mean chi2 − 1), the share of confounding"),
        *_liability_columns(row), number_column("lambda GC", "lambda_gc", 4), number_column("mean chi2", "mean_chi2", 4),
        number_column("largest chi2", "max_chi2", 1), count_column("mean N", "n_mean"), count_column("SNPs", "n_snps"),
        count_column("blocks", "n_blocks"),
        count_column("M", "m", "reference SNPs behind the LD scores"),
    ]  # fmt: skip
    tables = [make_table("The estimate", columns, [row], most)]
    categories = saved.record.get("categories") or []
    if len(categories) > 1:
        of_category = [
            text_column("LD score", "category"), count_column("M", "m"), general_column("tau", "tau", 4),
            general_column("SE", "tau_se"), estimate_column("h2", "h2", 4),
        ]  # fmt: skip
        tables.append(make_table("By LD score", of_category, categories, most))
    return Section(
        trait, "SNP heritability by LD Score regression", headline, saved, str(row.get("status") or ""),
        reasons=[("", reason) for reason in reasons_of(row)], tables=tables, steps=steps_of(saved.record),
        reading=(
            "h2 is the share of the trait's variance in this sample that the SNPs behind the LD scores explain together. "
            "It comes from the slope: SNPs that tag more of the genome have larger test statistics when many SNPs matter.",
            "The intercept is what a SNP that tags nothing would have. 1 means that all inflation is polygenic; above 1 is "
            "confounding (stratification, relatedness), below 1 is an over-corrected study. The ratio puts it in relation "
            "to the whole inflation.",
            "Standard errors leave out one block of the genome after the other, so that LD between neighbours is accounted "
            "for.",
        ),
        misleading=(
            "A wrong N scales h2: half of the true N doubles it. Look at N in the SNP counts.",
            "LD scores of another ancestry bias h2 and the intercept, without any message of the regression itself.",
            "The model says that all SNPs are expected to carry the same; SumHer fits others (sumh2 compare).",
            "For a disease the observed scale depends on the share of cases; compare studies on the liability scale.",
        ),
        citations=_with_liability((citations.LDSC,), row),
    )  # fmt: skip


def sumher_h2_section(saved: SavedResult, most: int) -> Section:
    """Heritability by SumHer."""
    row = saved.rows[0] if saved.rows else {}
    trait, h2, se = str(row.get("trait")), number(row, "h2"), number(row, "h2_jackknife_se")
    headline = [_h2_sentence(trait, h2, se, p_words(row, "h2_p")), *_liability_sentence(row, "h2_liab_jackknife_se")]
    headline.append(f"The heritability model is {row.get('model')}.")
    intercept, intercept_se = number(row, "intercept"), number(row, "intercept_jackknife_se")
    if known(intercept_se):
        headline += _intercept_sentences(intercept, intercept_se, math.nan, math.nan)
    elif not known(number(row, "scaling_jackknife_se")):
        headline.append("No confounding was fitted: whatever there is counts as heritability.")
    columns = [
        text_column("trait", "trait"), text_column("model", "model"),
        estimate_column("h2, jackknife", "h2", 4, "SE by leaving out blocks of the genome", se="h2_jackknife_se"),
        number_column("SE, likelihood", "h2_se", 4, "LDAK's, which takes SNPs for independent"), p_column("p", "h2_p"),
        estimate_column("intercept", "intercept", 4, "at the mean sample size", se="intercept_jackknife_se"),
        estimate_column("scaling", "scaling", 4, "multiplicative inflation", se="scaling_jackknife_se"),
        number_column("loglSS", "logl", 2, "log likelihood, to compare models on identical SNPs and weights"),
        number_column("AIC", "aic", 2), number_column("mean chi2", "mean_chi2", 4), count_column("mean N", "n_bar"),
        count_column("SNPs", "n_snps"), count_column("of the tagging's", "n_tagging_snps"),
        count_column("blocks", "n_blocks"),
    ]  # fmt: skip
    tables = [make_table("The estimate", columns, [row], most)]
    categories = saved.record.get("categories") or []
    if len(categories) > 1:
        tables.append(make_table("By category", sumher_category_columns(), categories, most))
    return Section(
        trait, "SNP heritability by SumHer", headline, saved, str(row.get("status") or ""),
        reasons=[("", reason) for reason in reasons_of(row)], tables=tables, steps=steps_of(saved.record),
        reading=(
            "h2 is the share of variance that the SNPs of the tagging explain, each weighing as the heritability "
            "model says.",
            "Of the two standard errors the jackknife's is the one to quote: that of the likelihood takes SNPs for "
            "independent.",
            "loglSS and AIC compare models of the same trait on the same SNPs with the same weights, and nothing else.",
        ),
        misleading=(
            "An estimate is only as good as its heritability model: fit several (sumh2 compare).",
            "Without an intercept, confounding counts as heritability; --free-intercept fits it.",
            "Share and enrichment of a category count all SNPs that are in it, whatever coefficient they come from.",
        ),
        citations=_with_liability((citations.SUMHER, citations.MODELS), row),
    )  # fmt: skip


def sumher_category_columns() -> list:
    """Columns of a table of SumHer's categories."""
    return [
        text_column("category", "category"),
        number_column("expected share", "expected_share", 4, "share of the reference SNPs that are in it"),
        estimate_column("h2", "category_h2", 4, "of the SNPs in it", se="category_h2_jackknife_se"),
        estimate_column("share of h2", "category_share", 4, se="category_share_jackknife_se"),
        estimate_column("enrichment", "enrichment", 3, "share of h2 over expected share", se="enrichment_jackknife_se"),
        p_column("p", "enrichment_p", "that the enrichment is 1"),
        general_column("tau", "tau", 4, "what the category adds beside all others"),
    ]


def rg_section(saved: SavedResult, most: int) -> Section:
    """Genetic correlations of pairs, by either estimator."""
    rows, sumher = list(saved.rows), saved.kind == "sumher rg"
    status, counts, reasons = judge_rows(rows, pair_name)
    columns = [
        *pair_columns(), estimate_column("rg", "rg", 4, "genetic correlation, as estimated: also outside −1 to 1"),
        p_column("p", "rg_p", "two-sided, that rg is 0"), estimate_column("gcov", "gcov", 4),
        estimate_column("gcov intercept", "gcov_int", 4, "overlap of the samples times phenotypic correlation"),
        estimate_column("h2 of trait 1", "h2_1", 4, "on the SNPs of this pair"),
        estimate_column("h2 of trait 2", "h2_2", 4, "on the SNPs of this pair"),
        *_liability_pair_columns(rows), count_column("SNPs", "n_snps", "that both have, with alleles that match"),
        status_column(), why_column(),
    ]  # fmt: skip
    tables = [make_table("Genetic correlations", columns, rows, most)]
    categories = saved.record.get("categories") or []
    if len({record.get("category") for record in categories}) > 1:
        of_category = [
            *pair_columns(), text_column("category", "category"), estimate_column("rg", "rg"),
            estimate_column("gcov", "gcov"),
            estimate_column("h2 of trait 1", "h2_1"), estimate_column("h2 of trait 2", "h2_2"),
        ]  # fmt: skip
        tables.append(make_table("By category of the model", of_category, categories, most))
    method = f"SumHer, {saved.record.get('model')}" if sumher else "LD Score regression"
    title = pair_name(rows[0]) if len(rows) == 1 else f"{len(rows):,} pairs of traits"
    return Section(
        title, f"Genetic correlation by {method}", rg_headline(rows), saved, status, counts, reasons, tables,
        reading=(
            "A genetic correlation says how far the effects of SNPs on two traits go the same way, over the whole "
            "genome: 1 "
            "means the same effects up to a factor, 0 none in common on average.",
            "People who are in both samples do not bias it: they show up in the gcov intercept.",
            "Heritabilities here are fitted on the SNPs of the pair, and differ a little from those of sumh2 h2.",
        ),
        misleading=(
            "A correlation outside −1 to 1 is no error: it is a strong correlation with its sampling error, or a weak "
            "heritability. It is reported as it is.",
            "It says nothing of causes, and is an average: regions of opposite sign can hide each other.",
            "With a heritability less than 4 SE from zero it is hardly estimated.",
            "Of many pairs some are below p 0.05 by chance alone: use a false discovery rate or a Bonferroni threshold"
            + (f" ({0.05 / len(rows):.2g} here)." if len(rows) > 1 else "."),
        ),
        citations=(citations.SUMHER, citations.RG) if sumher else (citations.RG, citations.LDSC),
    )  # fmt: skip


def rg_headline(rows: Sequence[Record]) -> list[str]:
    """One pair in full; of several the strongest."""
    estimated = [row for row in rows if known(number(row, "rg"))]
    if len(rows) == 1:
        row = rows[0]
        if not estimated:
            return [f"No genetic correlation of {pair_name(row)} could be estimated."]
        rg, se = number(row, "rg"), number(row, "rg_se")
        sign = "the same direction" if rg > 0 else "opposite directions"
        words = _parts(estimate(rg, se), interval(rg, se), p_words(row, "rg_p"))
        sentence = f"The genetic correlation of {pair_name(row)} is {words}."
        if not known(se) or abs(rg) < 2 * se:
            return [
                sentence,
                "That is within two standard errors of zero: the data do not tell a correlation from none.",
            ]
        overlap = number(row, "gcov_int")
        return [sentence, f"Effects on the two traits go in {sign} more often than not.",
                *([f"The intercept of {estimate(overlap, number(row, 'gcov_int_se'))} is what shared people and "
                   "confounding add."] if known(overlap) else [])]  # fmt: skip
    strong = sorted((row for row in estimated if row.get("status") != "unusable"), key=lambda row: -abs(_z(row)))[:3]
    limit = 0.05 / max(len(rows), 1)
    passing = sum(number(row, "rg_log10_p") < math.log10(limit) for row in estimated)
    lines = [
        f"{len(estimated):,} of {len(rows):,} pairs have an estimate; {passing:,} differ from zero at the Bonferroni "
        f"threshold of {limit:.2g}."
    ]
    if strong:
        listed = "; ".join(f"{pair_name(row)} {estimate(number(row, 'rg'), number(row, 'rg_se'))}" for row in strong)
        lines.append(f"The clearest: {listed}.")
    return lines


def influence_section(saved: SavedResult, most: int) -> Section:
    """What estimates hang on."""
    rows = list(saved.rows)
    quantities = list(dict.fromkeys((row.get("trait"), row.get("quantity")) for row in rows))
    status, _, reasons = judge_rows(rows, lambda row: f"{row.get('trait')}, {row.get('quantity')}")
    moved = [row for row in rows if row.get("left_out") == "block" and known(number(row, "change_in_se"))]
    headline = []
    for trait, quantity in quantities[:3]:
        own = [row for row in moved if (row.get("trait"), row.get("quantity")) == (trait, quantity)]
        if own:
            row = max(own, key=lambda row: abs(number(row, "change_in_se")))
            headline.append(
                f"{quantity} of {trait} is {general(number(row, 'estimate'))} (SE {general(number(row, 'se'), 2)}); "
                "without the block of the "
                f"genome that moves it most ({row.get('what')}) it would be {general(number(row, 'without'))}, "
                f"{fixed(number(row, 'change_in_se'), 2)} SE away."
            )
    columns = [
        text_column("trait", "trait"), text_column("estimate", "quantity"), text_column("left out", "left_out"),
        text_column("which", "what"), general_column("with all", "estimate", 4), general_column("without", "without", 4),
        number_column("change in SE", "change_in_se", 2), count_column("SNPs left", "n_snps"), status_column(),
    ]  # fmt: skip
    traits = ", ".join(dict.fromkeys(str(trait) for trait, _ in quantities))
    return Section(
        traits or "Influence", "What the estimates hang on", headline, saved, status, reasons=reasons,
        tables=[make_table("Estimates with parts of the data left out", columns, rows, most)],
        reading=(
            "Each row leaves something out: a block of the jackknife, a chromosome, or SNPs with a large chi2. An estimate "
            "of many small effects hardly moves.",
            "The table lists the blocks that move the estimate most, all chromosomes and all caps.",
        ),
        misleading=(
            "Leaving out a chromosome with a tenth of the SNPs moves an estimate by 0.3 SE by chance alone.",
            "Large chi2 are not errors: with them left out, the heritability of the strongest loci is left out too.",
        ),
        citations=(citations.LDSC,),
    )  # fmt: skip


# ---------------------------------------------------------------------------------------------------------------------
# Sentences and columns


def pair_name(row: Record) -> str:
    """``height – depression``."""
    return f"{row.get('trait1')} – {row.get('trait2')}"


def pair_columns() -> list:
    """The two names."""
    return [text_column("trait 1", "trait1"), text_column("trait 2", "trait2")]


def _z(row: Record) -> float:
    z = number(row, "rg_z")
    return z if known(z) else 0.0


def _parts(*words: str) -> str:
    return ", ".join(word for word in words if word)


def _h2_sentence(trait: str, h2: float, se: float, p: str) -> str:
    if not known(h2):
        return f"The heritability of {trait} could not be estimated."
    words = f"The SNP heritability of {trait} is {_parts(estimate(h2, se), interval(h2, se), p)}"
    if h2 < 0:
        return f"{words}: below zero, that is, not distinguishable from none."
    if known(se) and h2 < 2 * se:
        return f"{words}: within two standard errors of zero."
    return f"{words}: common SNPs explain about {percent(min(h2, 1))} of the differences between people in this sample."


def _liability_sentence(row: Record, se: str) -> list[str]:
    h2 = number(row, "h2_liab")
    if not known(h2):
        return []
    return [
        f"On the liability scale it is {estimate(h2, number(row, se))}, for a prevalence of "
        f"{percent(number(row, 'pop_prev'), 1)} in the population and {percent(number(row, 'samp_prev'), 1)} in the sample."
    ]


def _intercept_sentences(intercept: float, se: float, ratio: float, ratio_se: float) -> list[str]:
    if not known(intercept):
        return []
    if not known(se):
        return [f"The intercept was held at {fixed(intercept)}: confounding, if there is any, counts as heritability."]
    words = f"The intercept is {estimate(intercept, se)}"
    if abs(intercept - 1) < 2 * se:
        return [f"{words}, within two standard errors of 1: no sign of confounding."]
    if intercept < 1:
        return [f"{words}, below 1: the study was probably corrected by genomic control, which biases h2 downwards."]
    share = f" (ratio {estimate(ratio, ratio_se, 2)})" if known(ratio) else ""
    return [
        f"{words}, above 1: part of the inflation is not polygenic{share}: stratification, relatedness, or LD scores of "
        "another population."
    ]


def _liability_columns(row: Record) -> list:
    return [estimate_column("h2, liability", "h2_liab", 4)] if known(number(row, "h2_liab")) else []


def _liability_pair_columns(rows: Sequence[Record]) -> list:
    names = {
        "gcov_liab": "gcov, liability",
        "h2_liab_1": "h2 of trait 1, liability",
        "h2_liab_2": "h2 of trait 2, liability",
    }
    return [
        estimate_column(title, name, 4)
        for name, title in names.items()
        if any(known(number(row, name)) for row in rows)
    ]


def _with_liability(cited: Sequence[str], row: Record) -> Sequence[str]:
    return (*cited, citations.LIABILITY) if known(number(row, "h2_liab")) else cited
