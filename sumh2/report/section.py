"""What a report says of one result, before it becomes HTML: sentences, tables, figures, provenance.

Everything here is plain text.  The template escapes all of it, whatever names and files hold.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ldscores.shared.columns import meaning_of
from sumh2.results import p_text
from sumh2.verdicts import WHY_SEPARATOR

Record = Mapping[str, Any]

#: Half-width of a 95% interval in standard errors.
Z95 = 1.959963984540054
STATUSES = ("ok", "caution", "unusable")
#: Cells that say nothing.
_NOTHING = ("", "–")
#: Reasons shown of a result with many estimates; the table has all of them.
REASONS_SHOWN = 15


# ---------------------------------------------------------------------------------------------------------------------
# What a section is made of


@dataclass(frozen=True)
class SavedResult:
    """A result as it was saved, or as it would be.

    Parameters
    ----------
    kind
        What it is: the ``kind`` of its class, or "munge", "atlas", "simulation".
    record
        What its ``.json`` holds.
    rows
        The estimates; of a large screen those in its Parquet file.
    source
        Where it was read from; empty for a result that was given as an object.
    written
        Date and time of the file; empty for an object.
    result
        The object itself, where there is one: figures are then drawn of it.
    """

    kind: str
    record: Record
    rows: Sequence[Record]
    source: str = ""
    written: str = ""
    result: Any = field(default=None, repr=False)

    @property
    def provenance(self) -> Record:
        """Program, command, inputs and options."""
        return self.record.get("provenance") or {}


@dataclass(frozen=True)
class Cell:
    """A cell of a table: its text, and the number by which its column sorts (None sorts by the text)."""

    text: str
    value: float | None = None
    status: str = ""


@dataclass(frozen=True)
class Column:
    """A column: its heading, how a record gives its cell, and what it means (shown on request)."""

    title: str
    cell: Callable[[Record], Cell]
    meaning: str = ""
    numeric: bool = True


@dataclass(frozen=True)
class Table:
    """A table of estimates.

    Parameters
    ----------
    caption
        What its rows are.
    columns
        Headings with their meaning.
    rows
        Cells, as many a row as there are columns.
    note
        What is not shown.
    folded
        Whether it is closed until asked for.
    """

    caption: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]
    note: str = ""
    folded: bool = False


@dataclass(frozen=True)
class Figure:
    """An image with its caption and what it shows in words, for those who do not see it."""

    svg: bytes
    caption: str
    alt: str


@dataclass(frozen=True)
class Section:
    """All that is said of one result.

    Parameters
    ----------
    title, family
        Whose it is, and what kind of result: "height", "SNP heritability by LD Score regression".
    headline
        Sentences: what was estimated, the estimate with its error, what it means.
    status, counts
        ok, caution or unusable, or "" where there is none; and how many estimates have which.
    reasons
        (where, what was found and what to do).
    tables, figures
    missing_figures
        Why there are none, where there could be some.
    reading, misleading
        How to read the numbers, and what would mislead.
    citations
    steps
        (what, removed or None, kept) of SNPs or rows.
    saved
        The result itself, for the provenance.
    """

    title: str
    family: str
    headline: Sequence[str]
    saved: SavedResult
    status: str = ""
    counts: str = ""
    reasons: Sequence[tuple[str, str]] = ()
    tables: Sequence[Table] = ()
    figures: Sequence[Figure] = ()
    missing_figures: str = ""
    reading: Sequence[str] = ()
    misleading: Sequence[str] = ()
    citations: Sequence[str] = ()
    steps: Sequence[tuple[str, int | None, int]] = ()


# ---------------------------------------------------------------------------------------------------------------------
# Numbers as words


def number(record: Record, name: str) -> float:
    """A number of a record; NaN where it is missing."""
    value = record.get(name)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else math.nan


def known(*values: float) -> bool:
    """Whether all of them are there."""
    return all(math.isfinite(value) for value in values)


def fixed(value: float, digits: int = 3) -> str:
    """A number with so many decimals, a true minus, or a dash where it is missing."""
    return f"{value:.{digits}f}".replace("-", "−") if math.isfinite(value) else "–"


def general(value: float, digits: int = 3) -> str:
    """A number with so many significant digits."""
    words = f"{value:.{digits}g}"
    return (f"−{words[1:]}" if words.startswith("-") else words) if math.isfinite(value) else "–"


def whole(value: float) -> str:
    """A count with commas."""
    return f"{value:,.0f}" if math.isfinite(value) else "–"


def percent(value: float, digits: int = 0) -> str:
    """A share as a percentage."""
    return f"{fixed(100 * value, digits)}%" if math.isfinite(value) else "–"


def estimate(value: float, se: float, digits: int = 3) -> str:
    """``0.446 (SE 0.055)``; without an SE the number alone."""
    return f"{fixed(value, digits)} (SE {fixed(se, digits)})" if known(se) else fixed(value, digits)


def interval(value: float, se: float) -> str:
    """``95% interval 0.34 to 0.55``; nothing without an SE."""
    if not known(value, se):
        return ""
    return f"95% interval {fixed(value - Z95 * se, 2)} to {fixed(value + Z95 * se, 2)}"


def p_words(record: Record, name: str) -> str:
    """A p-value of a record, by its logarithm where it underflows: ``p 3.1e-12``; empty where there is none."""
    log10_p, p = (
        number(record, f"{name.removesuffix('_p')}_log10_p" if name != "p" else "log10_p"),
        number(record, name),
    )
    if not known(log10_p):
        return f"p {p:.3g}" if known(p) else ""
    return f"p {p_text(p, log10_p)}"


# ---------------------------------------------------------------------------------------------------------------------
# Columns of numbers mean what the glossary says, unless told otherwise.


def text_column(title: str, name: str, meaning: str = "") -> Column:
    """A column of words."""
    return Column(title, lambda record: Cell(str(record.get(name) or "")), meaning, numeric=False)


def number_column(title: str, name: str, digits: int = 3, meaning: str = "") -> Column:
    """A column of numbers with so many decimals."""
    return _numeric(title, name, meaning, lambda value: fixed(value, digits))


def general_column(title: str, name: str, digits: int = 3, meaning: str = "") -> Column:
    """A column of numbers with so many significant digits."""
    return _numeric(title, name, meaning, lambda value: general(value, digits))


def count_column(title: str, name: str, meaning: str = "") -> Column:
    """A column of counts."""
    return _numeric(title, name, meaning, whole)


def _numeric(title: str, name: str, meaning: str, words: Callable[[float], str]) -> Column:
    def cell(record: Record) -> Cell:
        value = number(record, name)
        return Cell(words(value), value if known(value) else None)

    return Column(title, cell, meaning or meaning_of(name))


def estimate_column(title: str, name: str, digits: int = 3, meaning: str = "", se: str = "") -> Column:
    """A column of estimates with their standard errors in brackets."""

    def cell(record: Record) -> Cell:
        value, error = number(record, name), number(record, se or f"{name}_se")
        words = f"{fixed(value, digits)} ({fixed(error, digits)})" if known(error) else fixed(value, digits)
        return Cell(words, value if known(value) else None)

    return Column(f"{title} (SE)", cell, meaning or meaning_of(name))


def p_column(title: str, name: str, meaning: str = "") -> Column:
    """A column of p-values, sorted by their logarithm."""

    def cell(record: Record) -> Cell:
        words = p_words(record, name).removeprefix("p ")
        log10_p = number(record, f"{name.removesuffix('_p')}_log10_p")
        p = number(record, name)
        order = log10_p if known(log10_p) else math.log10(p) if known(p) and p > 0 else None
        return Cell(words or "–", order)

    return Column(title, cell, meaning or meaning_of(name))


def status_column() -> Column:
    """The status of each estimate, as a badge; sorted from ok to unusable."""

    def cell(record: Record) -> Cell:
        status = str(record.get("status") or "")
        return Cell(status, float(STATUSES.index(status)) if status in STATUSES else None, status)

    return Column("status", cell, "ok, caution or unusable; the reason is under why", numeric=False)


def why_column() -> Column:
    """The reasons of each estimate."""
    return Column("why", lambda record: Cell("; ".join(reasons_of(record))), numeric=False)


def make_table(
    caption: str,
    columns: Sequence[Column],
    records: Sequence[Record],
    most: int,
    *,
    folded: bool = False,
    where: str = "",
) -> Table:
    """A table of the first records without columns that say nothing; its note says how many there are and where."""
    note = ""
    if len(records) > most:
        note = f"The first {most:,} of {len(records):,} rows. All of them are in {where or 'the table of the result'}."
    rows = [[column.cell(record) for column in columns] for record in records[:most]]
    told = [place for place in range(len(columns)) if not place or any(row[place].text not in _NOTHING for row in rows)]
    return Table(
        caption, [columns[place] for place in told], [[row[place] for place in told] for row in rows], note, folded
    )


# ---------------------------------------------------------------------------------------------------------------------
# Status


def reasons_of(record: Record) -> list[str]:
    """The findings behind a status, one a sentence."""
    return [reason.strip() for reason in str(record.get("why") or "").split(WHY_SEPARATOR) if reason.strip()]


def judge_rows(rows: Sequence[Record], name: Callable[[Record], str]) -> tuple[str, str, list[tuple[str, str]]]:
    """Status of a result of several estimates, how many have which, and the reasons, each once.

    All of one status have it together; otherwise the result as a whole asks for caution.
    """
    counts = {status: sum(row.get("status") == status for row in rows) for status in STATUSES}
    there = [status for status in STATUSES if counts[status]]
    status = there[0] if len(there) == 1 else "caution" if there else ""
    words = ", ".join(f"{counts[one]:,} {one}" for one in there) if len(rows) > 1 else ""
    groups: dict[str, list[tuple[str, str]]] = {}
    for row in rows:
        for reason in reasons_of(row):
            groups.setdefault(reason.split(":")[0], []).append((name(row), reason))
    reasons = [_one_reason(found, len(rows)) for found in groups.values()]
    if len(reasons) > REASONS_SHOWN:
        more = len(reasons) - REASONS_SHOWN
        reasons = [*reasons[:REASONS_SHOWN], ("", f"and {more:,} more reasons, in the column why of the table")]
    return status, words, reasons


def _one_reason(found: Sequence[tuple[str, str]], n_rows: int) -> tuple[str, str]:
    """What several estimates have in common: the first of them speaks for all."""
    if n_rows == 1:
        return "", found[0][1]
    names = list(dict.fromkeys(name for name, _ in found))
    alike = len({reason for _, reason in found}) == 1
    if len(names) <= 3 and alike:
        return ", ".join(names), found[0][1]
    where = "all" if len(names) == n_rows else f"{len(names):,} of {n_rows:,}"
    return where, found[0][1] if alike else f"{found[0][1]} (of {names[0]}; the others are in the table)"


def steps_of(record: Record) -> list[tuple[str, int | None, int]]:
    """SNP counts step by step, those that removed something and the last two."""
    steps = [step for step in record.get("steps") or () if isinstance(step, Mapping)]
    shown = [step for place, step in enumerate(steps) if step.get("removed") or place >= len(steps) - 2]
    return [(str(step.get("what")), int(step.get("removed") or 0), int(step.get("kept") or 0)) for step in shown]
