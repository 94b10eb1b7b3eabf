"""Comparisons of heritability models and profiles over alpha, as sections of a report."""

from __future__ import annotations

from collections.abc import Sequence

from sumh2.report import citations
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
    general_column,
    known,
    make_table,
    number,
    number_column,
    p_column,
    reasons_of,
    status_column,
    steps_of,
    text_column,
    why_column,
)


def compare_section(saved: SavedResult, most: int) -> Section:
    """Heritability models side by side."""
    record, rows = saved.record, list(saved.rows)
    trait = str(rows[0].get("trait")) if rows else ""
    average = estimate(number(record, "h2_average"), number(record, "h2_average_se"))
    headline = [*map(str, record.get("verdict") or ()), f"Averaged over the models by their weights, h2 is {average}."]
    of_models = [
        text_column("model", "model"), _alpha_column(rows), text_column("confounding", "confounding"),
        text_column("estimator", "estimator"),
        estimate_column("h2", "h2", 4, "SE by the jackknife", se="h2_jackknife_se"),
        estimate_column("intercept", "intercept", 4), count_column("parameters", "n_parameters"),
        number_column("loglSS", "logl", 2, "weighted log likelihood; larger is better"),
        number_column("AIC over best", "delta_aic", 1), number_column("weight", "akaike_weight", 3, "Akaike's"),
        text_column("same as", "same_as") if any(row.get("same_as") for row in rows) else None,
        estimate_column("loglSS over reference", "delta_logl", 1, f"over {record.get('reference')}, jackknifed"),
    ]  # fmt: skip
    tables = [make_table("Models", [column for column in of_models if column], rows, most)]
    enrichments = record.get("enrichments") or []
    if enrichments:
        columns = [
            text_column("model", "model"), text_column("confounding", "confounding"), text_column("category", "category"),
            estimate_column("share of h2", "share", se="share_jackknife_se"),
            estimate_column("enrichment", "enrichment", se="enrichment_jackknife_se"), p_column("p", "enrichment_p"),
        ]  # fmt: skip
        tables.append(
            make_table("Enrichments under each model", columns, enrichments, most, folded=len(enrichments) > 30)
        )
    differences = record.get("differences") or []
    if differences:
        columns = [
            text_column("model", "model"), text_column("less", "other"), text_column("confounding", "confounding"),
            estimate_column("loglSS", "difference", 2, se="se"), number_column("z", "z", 2),
        ]  # fmt: skip
        tables.append(make_table("Differences of log likelihoods", columns, differences, most, folded=True))
    return Section(
        trait, "Heritability models side by side", headline, saved, str(record.get("status") or ""),
        reasons=[("", reason) for reason in reasons_of(record)], tables=tables, steps=steps_of(record),
        reading=(
            "Every model is fitted to the same SNPs with the same regression weights and jackknife blocks: rows can be "
            "compared.",
            "What decides is the difference of log likelihoods with its jackknife error: two or three of its "
            "standard errors "
            "are worth a sentence in a paper, half of one is nothing.",
            "The averaged h2 carries the uncertainty between the models in its standard error.",
        ),
        misleading=(
            "The model with the largest h2 is not the best one.",
            "The best of the models tried need not be a good one.",
            "AIC takes the weighted likelihood for that of independent SNPs: where the report says that parameters act "
            "like more than their number, go by the jackknifed difference.",
        ),
        citations=(citations.MODELS, citations.SUMHER),
    )  # fmt: skip


def _alpha_column(rows: Sequence[Record]) -> Column | None:
    if not any(known(number(row, "alpha")) for row in rows):
        return None
    return Column("alpha", lambda record: Cell(fixed(number(record, "alpha"), 2)), "of a model whose alpha was chosen")


def alpha_section(saved: SavedResult, most: int) -> Section:
    """The profile of the likelihood over alpha."""
    record, rows = saved.record, list(saved.rows)
    first = rows[0] if rows else {}
    trait = str(first.get("trait"))
    alpha, se = number(first, "alpha"), number(first, "alpha_se")
    low, high = number(first, "alpha_low"), number(first, "alpha_high")
    headline = [f"The alpha that fits {trait} best is {estimate(alpha, se, 2)}{_reach(low, high)}."]
    if known(number(first, "h2_average")):
        words = estimate(number(first, "h2_average"), number(first, "h2_average_se"))
        headline.append(f"Averaged over alpha, h2 is {words}.")
    headline.append(_direction(alpha, se))
    shift, shift_se = number(record, "shift"), number(record, "shift_se")
    if known(shift_se) and abs(shift) > 2 * shift_se:
        headline.append(
            f"It moves by {estimate(shift, shift_se, 2)} when confounding is treated differently: quote both."
        )
    columns = [
        text_column("confounding", "confounding"), number_column("best on the grid", "mode", 2),
        estimate_column("alpha", "alpha", 2, "between the grid points, SE by the jackknife"),
        number_column("95% from", "alpha_low", 2, "– where the grid ends first"),
        number_column("to", "alpha_high", 2, "– where the grid ends first"),
        number_column("LDAK's Gaussian mean", "gaussian_mean", 2), number_column("SD", "gaussian_sd", 2),
        number_column("loglSS", "logl", 2), number_column("over the worst alpha", "logl_range", 2),
        estimate_column("h2 at the best", "h2_best", 4), estimate_column("h2 averaged", "h2_average", 4),
        status_column(), why_column(),
    ]  # fmt: skip
    profile = record.get("profile") or []
    points = [
        text_column("confounding", "confounding"), number_column("alpha", "alpha", 2), number_column("loglSS", "logl", 3),
        general_column("relative likelihood", "relative_likelihood"),
        estimate_column("h2", "h2", 4, se="h2_jackknife_se"), number_column("intercept", "intercept", 4),
    ]  # fmt: skip
    return Section(
        trait, "How heritability depends on allele frequency", headline, saved, str(first.get("status") or ""),
        reasons=[("", reason) for reason in reasons_of(first)], steps=steps_of(record),
        tables=[
            make_table("Alpha", columns, rows, most),
            make_table("The profile, point by point", points, profile, most, folded=True),
        ],
        reading=(
            "The expected heritability of SNP j is proportional to [f(1 − f)]^(1 + alpha). At −1 all SNPs are alike, above "
            "it common SNPs carry more; −0.6 to −0.2 is usual for human traits, the mark of negative selection.",
            "The interval comes from the jackknife and need not be symmetric.",
        ),
        misleading=(
            "A best alpha at the end of the grid, or an interval without an end, is a bound and not an estimate.",
            "Where alpha depends on whether confounding is fitted, inflation is taken for common or for rare heritability.",
            "LDAK's SD takes SNPs for independent: it is too small where few SNPs carry the heritability.",
        ),
        citations=(citations.MODELS, citations.SUMHER),
    )  # fmt: skip


def _reach(low: float, high: float) -> str:
    if known(low, high):
        return f", 95% interval {fixed(low, 2)} to {fixed(high, 2)}"
    if known(low):
        return f", 95% interval above {fixed(low, 2)}"
    return f", 95% interval below {fixed(high, 2)}" if known(high) else ""


def _direction(alpha: float, se: float) -> str:
    if not known(alpha, se):
        return "The data do not settle it: see the reasons below."
    if alpha + 2 * se < -1:
        return "That is below −1: rare SNPs carry more than common ones."
    if alpha - 2 * se > -1:
        return "That is above −1, where all SNPs would be alike: common SNPs carry more than rare ones."
    return "−1, where all SNPs are alike, is within two standard errors."
