"""Atlases of genetic correlations and what is made of them, as sections of a report."""

from __future__ import annotations

import math

from ldscores.shared.messages import counted
from sumh2.report import citations
from sumh2.report.estimates import pair_columns, pair_name, rg_headline
from sumh2.report.section import (
    Cell,
    Column,
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
    status_column,
    text_column,
    whole,
    why_column,
)

_NO_CAUSE = "A genetic correlation is an average over the genome and says nothing of causes."


def atlas_section(saved: SavedResult, most: int) -> Section:
    """All pairs of many traits."""
    rows, traits = list(saved.rows), saved.record.get("traits") or []
    ranked = sorted(rows, key=lambda row: -abs(number(row, "rg_z")) if known(number(row, "rg_z")) else 0.0)
    passing = sum(number(row, "rg_fdr") < 0.05 for row in rows)
    status, counts, reasons = judge_rows(rows, pair_name)
    bad = [(str(trait.get("name")), str(trait.get("why"))) for trait in traits if trait.get("status") == "unusable"]
    headline = [
        f"Genetic correlations of all {counted(len(rows), 'pair')} of {len(traits):,} traits.",
        *rg_headline(rows),
        f"{passing:,} of them with a false discovery rate below 5%.",
    ]
    columns = [
        *pair_columns(), estimate_column("rg", "rg"), p_column("p", "rg_p"),
        general_column("FDR", "rg_fdr", 2), estimate_column("gcov", "gcov", 4),
        estimate_column("gcov intercept", "gcov_int"), count_column("SNPs", "n_snps"), status_column(), why_column(),
    ]  # fmt: skip
    of_traits = [
        text_column("trait", "name"), text_column("label", "label"), text_column("group", "group"),
        estimate_column("h2", "h2", 4), estimate_column("intercept", "h2_int", 4),
        estimate_column("h2, liability", "h2_liab", 4), number_column("mean chi2", "mean_chi2", 3),
        count_column("N", "n_mean"),
        count_column("SNPs", "n_snps"), status_column(), why_column(),
    ]  # fmt: skip
    return Section(
        f"{len(traits):,} traits", "Atlas of genetic correlations", headline, saved, status, counts and f"pairs: {counts}",
        bad + reasons,
        [
            make_table("Pairs, the clearest first", columns, ranked, most, where="pairs.tsv of the atlas"),
            make_table("Traits", of_traits, traits, most, where="traits.tsv of the atlas", folded=len(traits) > 40),
        ],
        reading=(
            "Every pair is fitted on the SNPs that both traits have. In the figure colour is rg and area is |z|; sumh2 "
            "atlas-page makes a page to explore all of it.",
            "The false discovery rate counts all pairs of the atlas.",
        ),
        misleading=(
            _NO_CAUSE,
            "Correlations that were estimated pair by pair need not fit together: see sumh2 consistent.",
            "Weights are separable by default and differ from LDSC's by a squared covariance term; --weights ldsc gives "
            "LDSC's own numbers.",
        ),
        citations=(citations.RG, citations.LDSC, citations.FDR),
    )  # fmt: skip


def consistent_section(saved: SavedResult, most: int) -> Section:
    """Correlations of an atlas that fit together."""
    record, rows = saved.record, list(saved.rows)
    status, counts, reasons = judge_rows(rows, pair_name)
    names = list(dict.fromkeys(str(row.get(end)) for row in rows for end in ("trait1", "trait2")))
    headline = [f"The genetic correlation matrix nearest to the estimates of {len(rows):,} pairs of {len(names):,} traits.",
                *_eigenvalue_sentences(saved), _moved_sentence(saved)]  # fmt: skip
    p = number(record, "p")
    if known(p) and number(record, "n_draws"):
        verdict = (
            "sampling error does not explain the contradictions: look at the traits that moved most" if p < 0.05 else
            "sampling error explains the contradictions between pairs"
        )  # fmt: skip
        headline.append(f"Test of consistency: p {p:.3g} ({whole(number(record, 'n_draws'))} draws): {verdict}.")
    columns = [
        *pair_columns(), estimate_column("consistent rg", "rg", 3, "SE from re-fitted jackknife replicates"),
        number_column("95% from", "rg_lower", 2), number_column("to", "rg_upper", 2), p_column("p", "rg_p"),
        estimate_column("raw rg", "raw_rg"),
        number_column("moved, SE", "moved_se", 2),
        status_column(), why_column(),
    ]  # fmt: skip
    heritabilities = [
        text_column("trait", "trait"),
        estimate_column("h2", "h2", 4),
        estimate_column("raw h2", "raw_h2", 4),
    ]
    left_out = [(str(one.get("trait")), f"left out: {one.get('why')}") for one in record.get("left_out") or ()]
    ranked = sorted(rows, key=lambda row: -abs(number(row, "moved_se")) if known(number(row, "moved_se")) else 0.0)
    return Section(
        f"{len(names):,} traits", "Correlations that fit together", headline, saved, status, counts, left_out + reasons,
        [
            make_table("Pairs, those that moved most first", columns, ranked, most),
            make_table("Heritabilities", heritabilities, record.get("heritabilities") or [], most, folded=True),
        ],
        reading=(
            "Correlations estimated pair by pair can contradict each other: a negative eigenvalue is a combination "
            "of traits "
            "with less than no variance. The nearest matrix without one, in the metric of the joint sampling covariance, "
            "replaces them.",
            "Intervals use the larger of the raw and the re-fitted standard error.",
        ),
        misleading=(
            _NO_CAUSE,
            "Consistency cannot mend a bias that all pairs of a trait share.",
            "A pair that moved by two standard errors or more disagrees with the others: check samples and alleles.",
        ),
        citations=(citations.NEAREST, citations.RG),
    )  # fmt: skip


def consistent_table_section(saved: SavedResult, most: int) -> Section:
    """A published table of correlations, made consistent."""
    rows = list(saved.rows)
    status, counts, reasons = judge_rows(rows, pair_name)
    names = list(dict.fromkeys(str(row.get(end)) for row in rows for end in ("trait1", "trait2")))
    headline = [f"The correlation matrix nearest to a table of {len(names):,} traits, each cell counting by its own "
                "standard error.", *_eigenvalue_sentences(saved), _moved_sentence(saved)]  # fmt: skip
    columns = [
        *pair_columns(), number_column("consistent rg", "rg"), estimate_column("raw rg", "raw_rg"),
        number_column("moved, SE", "moved_se", 2), status_column(), why_column(),
    ]  # fmt: skip
    ranked = sorted(rows, key=lambda row: -abs(number(row, "moved_se")) if known(number(row, "moved_se")) else 0.0)
    notes = [("", str(note)) for note in saved.record.get("notes") or ()]
    return Section(
        f"{len(names):,} traits", "A table of correlations made consistent", headline, saved, status, counts,
        notes + reasons,
        [make_table("Pairs, those that moved most first", columns, ranked, most)],
        reading=(
            "A table does not say how the errors of its cells vary together: new standard errors and a test need an atlas.",
        ),
        misleading=(
            "Cells that the table does not have are not determined by consistency alone, and stay missing.", _NO_CAUSE,
        ),
        citations=(citations.NEAREST,),
    )  # fmt: skip


def _eigenvalue_sentences(saved: SavedResult) -> list[str]:
    before = [float(value) for value in saved.record.get("eigenvalues_before") or ()]
    if not before:
        return []
    negative = sum(value < -1e-8 for value in before)
    if not negative:
        return ["The estimates did not contradict each other: no eigenvalue is negative."]
    return [
        f"Before, {negative} of {len(before)} eigenvalues were negative (smallest {general(min(before))}); after, none is."
    ]


def _moved_sentence(saved: SavedResult) -> str:
    moved = [abs(number(row, "moved_se")) for row in saved.rows if known(number(row, "moved_se"))]
    if not moved:
        return "How far the cells moved is not known."
    return f"Cells moved by {fixed(sum(moved) / len(moved), 2)} SE on average, by {fixed(max(moved), 2)} SE at most."


def hypothesis_section(saved: SavedResult, most: int) -> Section:
    """A test on an atlas."""
    record, rows = saved.record, list(saved.rows)
    p = p_words(record, "p")
    verdict = (
        "the data speak against it"
        if number(record, "log10_p") < math.log10(0.05)
        else "the data are compatible with it"
    )
    headline = [
        f"Hypothesis: {record.get('hypothesis')}.",
        f"{p[:1].upper()}{p[1:]} ({record.get('test')}): {verdict}.",
    ]
    columns = [
        text_column("equation", "hypothesis"), number_column("left", "left", 4), number_column("right", "right", 4),
        estimate_column("difference", "difference", 4, se="se"), number_column("z", "z", 2), p_column("p", "p"),
    ]  # fmt: skip
    return Section(
        str(record.get("hypothesis")), "Test on an atlas", headline, saved,
        tables=[make_table("Equations", columns, rows, most)],
        reading=(
            "The test uses the joint sampling covariance of all cells of the atlas, so that shared traits and "
            "shared people "
            "are accounted for.",
        ),
        misleading=(
            "That the data are compatible with an equality does not prove it: look at the standard error of the "
            "difference.",
            "A hypothesis that was chosen after a look at the estimates has a p-value that is too small.",
        ),
        citations=(citations.RG,),
    )  # fmt: skip


def factors_section(saved: SavedResult, most: int) -> Section:
    """How many factors."""
    rows = list(saved.rows)
    n_factors = sum(bool(row.get("counts")) for row in rows)
    words = "1 factor stands" if n_factors == 1 else f"{n_factors} factors stand"
    headline = [
        f"Of {len(rows)} eigenvalues of the genetic correlations {words} above what sampling error alone would give."
    ]
    columns = [
        count_column("factor", "factor"), number_column("eigenvalue", "eigenvalue", 4),
        number_column("sampling error alone, mean", "null_mean", 4), number_column("limit", "null_limit", 4),
        Column("counts", lambda row: Cell("yes" if row.get("counts") else "no"), numeric=False),
    ]  # fmt: skip
    return Section(
        f"{len(rows)} traits", "Number of factors behind an atlas", headline, saved,
        tables=[make_table("Eigenvalues", columns, rows, most)],
        reading=("A factor counts as long as its eigenvalue and all before it are above the limit.",),
        misleading=(
            "The count depends on how well the traits are measured: with larger studies more factors stand out.",
            "A factor is a direction in these traits, not a thing in the world.",
        ),
        citations=(citations.PARALLEL,),
    )  # fmt: skip


def genomicsem_section(saved: SavedResult, most: int) -> Section:
    """GenomicSEM's covariance matrix."""
    rows = list(saved.rows)
    traits = list(dict.fromkeys(str(row.get("trait1")) for row in rows))
    columns = [
        *pair_columns(), estimate_column("gcov", "gcov", 4), number_column("intercept", "intercept", 4),
        count_column("N", "n"),
    ]  # fmt: skip
    own = [row for row in rows if row.get("trait1") == row.get("trait2")]
    headline = [f"Genetic covariances of {len(traits)} traits as GenomicSEM estimates them."]
    headline += [
        f"h2 of {row.get('trait1')}: {estimate(number(row, 'gcov'), number(row, 'gcov_se'))}." for row in own[:4]
    ]
    return Section(
        ", ".join(traits[:4]) + (f" and {len(traits) - 4} more" if len(traits) > 4 else ""), "Matrices for GenomicSEM",
        headline, saved, tables=[make_table("Cells of S", columns, rows, most)],
        reading=("On the liability scale for traits with prevalences. The sampling covariance V is in the files beside.",),
        misleading=("GenomicSEM's weights are not LDSC's: numbers differ from those of sumh2 rg.",),
        citations=(citations.GENOMIC_SEM, citations.RG),
    )  # fmt: skip
