"""GWAS files, designs and simulations as sections of a report."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePath

from sumh2.report import citations
from sumh2.report.section import (
    Cell,
    Column,
    Record,
    SavedResult,
    Section,
    Table,
    fixed,
    general,
    general_column,
    judge_rows,
    known,
    make_table,
    number,
    number_column,
    percent,
    status_column,
    text_column,
    whole,
    why_column,
)


def _checks_table(checks, most: int):
    ranked = sorted(checks, key=lambda row: -_RANK.get(str(row.get("status")), 0))
    columns = [
        text_column("check", "check"),
        _check_status(),
        text_column("found", "found"),
        text_column("what to do", "advice"),
    ]
    return make_table("What was looked at, the worst first", columns, ranked, most)


_MATRICES = ("rg", "rg_drawn", "overlap")
_RANK = {"ok": 0, "note": 1, "caution": 2, "unusable": 3}


def _check_status() -> Column:
    def cell(record) -> Cell:
        status = str(record.get("status") or "")
        return Cell(status, float(_RANK.get(status, 0)), status)

    return Column("status", cell, numeric=False)


def _columns_table(record: Record, most: int) -> Table:
    lines = [{"what": str(line)} for line in record.get("columns") or ()]
    caption = "Which column was taken for what"
    return make_table(caption, [text_column("as the log says", "what")], lines, most, folded=True)


def munge_section(saved: SavedResult, most: int) -> Section:
    """What munge made of a GWAS file."""
    record = saved.record
    trait, n_read, n_snps = str(record.get("trait")), number(record, "n_read"), number(record, "n_snps")
    checks = [check for check in record.get("audit") or () if isinstance(check, Mapping)]
    worst = max((_RANK.get(str(check.get("status")), 0) for check in checks), default=0)
    warnings = [("", str(warning)) for warning in record.get("warnings") or ()]
    advised = [(str(check.get("check")), f"{check.get('found')}. {check.get('advice')}".rstrip(". ") + ".")
               for check in checks if check.get("status") in ("caution", "unusable")]  # fmt: skip
    kept = (
        f"{whole(n_snps)} of {whole(n_read)} rows of the GWAS file are left"
        if known(n_read)
        else f"{whole(n_snps)} SNPs"
    )
    headline = [f"{trait}: {kept}.", _n_sentence(record), _inflation_sentence(record)]
    files = PurePath(str(record.get("source") or "")).name
    if files:
        headline.append(f"Z comes from {record.get('z_source')}, N from {record.get('n_source')}. File: {files}.")
    tables = [_checks_table(checks, most)] if checks else []
    tables.append(_columns_table(record, most))
    steps: list[tuple[str, int | None, int]] = [("rows read", None, int(n_read))] if known(n_read) else []
    filters = record.get("filters") or record.get("steps") or ()
    steps += [(str(one.get("what")), int(one.get("removed") or 0), int(one.get("kept") or 0)) for one in filters]
    status = "unusable" if worst == 3 else "caution" if worst == 2 or warnings else "ok"
    return Section(
        trait, "Summary statistics", [line for line in headline if line], saved, status, reasons=advised + warnings,
        tables=tables, steps=steps,
        reading=(
            "Look first at which column was taken for the effect allele: an exchange turns every correlation around.",
            "Each filter says what it removed; the largest loss is the one to understand.",
        ),
        misleading=(
            "An N that is wrong by a factor makes h2 wrong by the same factor.",
            "Mean chi2 above 1 is polygenic signal or confounding: only the regression tells them apart.",
            "What could not be checked without a panel is not listed: sumh2 doctor FILE --ld looks at more.",
        ),
    )  # fmt: skip


def _n_sentence(record) -> str:
    low, high, median = (number(record, name) for name in ("n_min", "n_max", "n_median"))
    if not known(high):
        return ""
    return f"N is {whole(high)}." if low == high else f"N is {whole(low)} to {whole(high)}, median {whole(median)}."


def _inflation_sentence(record) -> str:
    if not known(number(record, "mean_chi2")):
        return ""
    return (
        f"Mean chi2 is {fixed(number(record, 'mean_chi2'))}, lambda GC {fixed(number(record, 'lambda_gc'))}, the "
        "largest chi2 "
        f"{fixed(number(record, 'max_chi2'), 1)}."
    )


def doctor_section(saved: SavedResult, most: int) -> Section:
    """The audit of a GWAS file."""
    record, checks = saved.record, list(saved.rows)
    name = PurePath(str(record.get("source"))).name
    count = {status: sum(check.get("status") == status for check in checks) for status in _RANK}
    headline = [
        f"{len(checks)} checks of {name}: " + ", ".join(f"{n} {status}" for status, n in count.items() if n) + "."
    ]
    n_read, n_kept = number(record, "n_read"), number(record, "n_kept")
    if known(n_read, n_kept):
        headline.append(
            f"Munge would keep {whole(n_kept)} of {whole(n_read)} rows."
            if n_kept >= 0
            else "Munge would stop: see below."
        )
    advised = [(str(check.get("check")), f"{check.get('found')}. {check.get('advice')}".rstrip(". ") + ".")
               for check in checks if check.get("status") in ("caution", "unusable")]  # fmt: skip
    steps: list[tuple[str, int | None, int]] = [("rows read", None, int(n_read))] if known(n_read) else []
    steps += [(str(one.get("what")), int(one.get("removed") or 0), int(one.get("kept") or 0))
              for one in record.get("losses") or ()]  # fmt: skip
    return Section(
        name, "Audit of a GWAS file", headline, saved, str(record.get("status") or ""), reasons=advised,
        tables=[
            _checks_table(checks, most),
            _columns_table(record, most),
        ],
        steps=steps,
        missing_figures="" if saved.result else "Figures of an audit need the file: sumh2 doctor FILE --plot draws them.",
        reading=("'ok' means that a check was made and found nothing. What is not listed could not be checked.",),
        misleading=(
            "'ok' is not a proof: without a frequency of the effect allele nothing tells whether the alleles are "
            "exchanged.",
            "An implied N of a quantitative trait is right only if the trait was standardised.",
        ),
    )  # fmt: skip


def power_section(saved: SavedResult, most: int) -> Section:
    """The expected precision of a design."""
    rows = list(saved.rows)
    status, _, reasons = judge_rows(rows, lambda row: f"{row.get('quantity')} {row.get('category')}".strip())
    headline = []
    for row in rows[:4]:
        what = f"{row.get('quantity')} {row.get('category') or ''}".strip()
        headline.append(
            f"{what} = {general(number(row, 'expected'))} would be estimated with a standard error of "
            f"{general(number(row, 'se'))}: power {percent(number(row, 'power'))} at 5%."
        )
    columns = [
        text_column("estimate", "quantity"), text_column("category", "category"), number_column("expected", "expected", 4),
        number_column("SE", "se", 4), number_column("z", "z", 2),
        number_column("power", "power", 3, "two-sided test at 5%"),
        status_column(), why_column(),
    ]  # fmt: skip
    return Section(
        "Design of a study", "Expected precision", headline, saved, status, reasons=reasons,
        tables=[make_table("Expected precision", columns, rows, most)],
        reading=("Power is that of a two-sided test at 5%; of an enrichment it is against 1, of the others against 0.",),
        misleading=(
            "Z scores of causal regions are correlated beyond LD: with a strong signal per SNP standard errors are larger.",
            "An expected value is an assumption: try several.",
        ),
        citations=(citations.LDSC, citations.RG),
    )  # fmt: skip


def simulation_section(saved: SavedResult, most: int) -> Section:
    """Simulated GWAS with their truth."""
    record = saved.record
    traits = [trait for trait in record.get("traits") or () if isinstance(trait, Mapping)]
    names = [str(trait.get("trait") or trait.get("name") or place + 1) for place, trait in enumerate(traits)]
    keys = [key for key in (traits[0] if traits else ()) if not isinstance(traits[0][key], Mapping | list)]
    columns = [
        text_column(key, key)
        if any(isinstance(trait.get(key), str) for trait in traits)
        else general_column(key, key, 4)
        for key in keys
    ]
    rows = [
        {"trait1": first, "trait2": second, **{name: record[name][a][b] for name in _MATRICES if record.get(name)}}
        for a, first in enumerate(names) for b, second in enumerate(names) if a < b
    ]  # fmt: skip
    of_pairs = [
        text_column("trait 1", "trait1"), text_column("trait 2", "trait2"), number_column("rg", "rg"),
        number_column("rg as drawn", "rg_drawn"), number_column("overlap", "overlap"),
    ]  # fmt: skip
    tables = [make_table("Truth of each trait", columns, traits, most)]
    tables += [make_table("Truth of each pair", of_pairs, rows, most)] if rows else []
    return Section(
        ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else ""), "Simulated GWAS", [
            f"GWAS of {len(names)} traits on {whole(number(record, 'n_snps'))} SNPs, drawn under the model "
            f"{record.get('model')}.",
        ], saved, tables=tables,
        reading=("The designed value is what was asked for; effects are drawn, so that the realised one differs.",),
        misleading=("These data are simulated: nothing here says anything of real traits.",),
        citations=(citations.LDSC,),
    )  # fmt: skip


def validation_section(saved: SavedResult, most: int) -> Section:
    """Numbers of the literature beside ours."""
    rows = list(saved.rows)
    count: dict[str, int] = {}
    for row in rows:
        count[str(row.get("verdict"))] = count.get(str(row.get("verdict")), 0) + 1
    failed = [(str(row.get("quantity")), str(row.get("why"))) for row in rows if row.get("verdict") == "does not agree"]
    columns = [
        text_column("source", "source"), text_column("place", "place"), text_column("quantity", "quantity"),
        text_column("published", "published"), general_column("ours", "ours", 10), number_column("digits", "digits", 1),
        text_column("verdict", "verdict"), text_column("why", "why"),
    ]  # fmt: skip
    return Section(
        "Numbers of the literature", "Computed again", [", ".join(f"{n} {verdict}" for verdict, n in count.items()) + "."],
        saved, "unusable" if failed else "ok", reasons=failed, tables=[make_table("Numbers", columns, rows, most)],
        reading=("Digits that agree when both numbers are rounded alike; 16 is all that double precision holds.",),
        misleading=("Rows that are skipped need data that were not there: they prove nothing.",),
    )  # fmt: skip
