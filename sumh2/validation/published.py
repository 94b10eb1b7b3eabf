"""Published numbers beside ours: how many printed digits agree, and what follows."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import isfinite, log10, nan
from typing import Any, ClassVar, Literal

from sumh2.results import Result

Expectation = Literal["agrees", "not reproducible", "source contradicts itself", "not at hand"]

#: Digits that an identity must hold to: double precision less what a regression loses.
IDENTITY_DIGITS = 12.0
#: Limits are kept but for rounding.
_ROUNDING = 1e-9

#: What stands in the place of a number where the claim is that two ways give the same.
IDENTICAL = "identical"

_NUMBER = re.compile(r"[-+]?\d+(\.\d+)?")
_LIMIT = re.compile(r"(<=|>=|<|>)\s*([-+]?\d+(?:\.\d+)?(?:e[-+]?\d+)?)")


@dataclass(frozen=True)
class PublishedNumber:
    """One row of the table of the literature.

    Parameters
    ----------
    check
        Name of the computation; empty where there is none.
    source, place
        Publication, and where in it.
    quantity
        What the number is.
    published
        As printed: a number, a limit such as ``<=1``, or ``identical`` for two ways that must give the same.
    expect
        ``agrees``; or why it cannot: ``not reproducible``, ``source contradicts itself``, ``not at hand``.
    data
        File of published results that the computation reads, empty for none.
    note
        What to know; the reason where it is not expected to agree.
    """

    check: str
    source: str
    place: str
    quantity: str
    published: str
    expect: Expectation = "agrees"
    data: str = ""
    note: str = ""


@dataclass(frozen=True)
class Checked:
    """A published number and ours.

    Parameters
    ----------
    number
        What was published.
    ours
        Computed; a relative difference for an identity; NaN where nothing was.
    agreeing, printed
        Significant digits that agree, and those printed; 16 at most for an identity, NaN without digits.
    verdict, why
        ``agrees``, ``does not agree``, ``skipped`` or what was expected of the row, and the reason.
    """

    number: PublishedNumber
    ours: float
    agreeing: float
    printed: float
    verdict: str
    why: str

    def to_record(self) -> dict[str, Any]:
        """A row of the table."""
        number = self.number
        return {
            "source": number.source, "place": number.place, "quantity": number.quantity, "published": number.published,
            "ours": self.ours, "digits": self.agreeing, "digits_printed": self.printed, "verdict": self.verdict,
            "why": self.why,
        }  # fmt: skip


def agreeing_digits(ours: float, published: str) -> tuple[int, int]:
    """Significant digits that agree when both are rounded alike, and how many are printed.

    ``agreeing_digits(0.40385, "0.4038")`` is (4, 4); digits are counted from the first that is not zero.

    Raises
    ------
    ValueError
        `published` is no plain number: a mistake in the table.
    """
    if not _NUMBER.fullmatch(published):
        raise ValueError(f"{published!r} is no plain number")
    decimals = len(published.partition(".")[2])
    printed = len(published.lstrip("-+0.").replace(".", "")) or 1
    theirs = float(published)
    if f"{ours:.{decimals}f}" == f"{theirs:.{decimals}f}":
        return printed, printed
    for digits in range(printed - 1, 0, -1):
        if f"{ours:.{digits - 1}e}" == f"{theirs:.{digits - 1}e}":
            return digits, printed
    return 0, printed


def keeps_limit(ours: float, limit: str) -> bool:
    """Whether a number is on the right side of a limit such as ``<=1``, but for rounding."""
    found = _LIMIT.fullmatch(limit)
    if found is None:
        raise ValueError(f"{limit!r} is no limit")
    bound = float(found[2])
    slack = _ROUNDING * abs(bound)
    if found[1] == "<":
        return ours < bound
    if found[1] == ">":
        return ours > bound
    return ours <= bound + slack if found[1] == "<=" else ours >= bound - slack


def check_number(number: PublishedNumber, ours: float) -> Checked:
    """Set our number beside the published one."""
    if not number.check:
        return Checked(number, nan, nan, nan, number.expect, f"needs {number.note}")
    agreeing = printed = nan
    if number.published == IDENTICAL:
        agreeing = 16.0 if ours < 1e-16 else -log10(ours) if isfinite(ours) else 0.0
        right = agreeing >= IDENTITY_DIGITS
    elif _LIMIT.fullmatch(number.published):
        right = keeps_limit(ours, number.published)
    else:
        agreeing, printed = agreeing_digits(ours, number.published)
        right = agreeing == printed
    if right:
        return Checked(number, ours, agreeing, printed, "agrees", number.note)
    verdict = "does not agree" if number.expect == "agrees" else number.expect
    return Checked(number, ours, agreeing, printed, verdict, number.note)


def skip(number: PublishedNumber, why: str) -> Checked:
    """A number that was not computed, and why."""
    return Checked(number, nan, nan, nan, "skipped", why)


@dataclass(frozen=True, repr=False)
class Validation(Result):
    """All published numbers beside ours."""

    kind: ClassVar[str] = "validate"

    checked: Sequence[Checked]
    origin: Mapping[str, Any] = field(default_factory=dict)

    @property
    def provenance(self) -> Mapping[str, Any]:
        return self.origin

    def with_provenance(self, origin: Mapping[str, Any]) -> Validation:
        """The same result, knowing where it comes from."""
        return replace(self, origin=origin)

    def to_records(self) -> list[dict[str, Any]]:
        return [row.to_record() for row in self.checked]

    @property
    def failed(self) -> list[Checked]:
        """Numbers that should agree and do not."""
        return [row for row in self.checked if row.verdict == "does not agree"]

    def count(self, verdict: str) -> int:
        """Rows with this verdict."""
        return sum(row.verdict == verdict for row in self.checked)

    def __str__(self) -> str:
        lines, source = ["Numbers of the literature, computed again"], ""
        for row in self.checked:
            if row.number.source != source:
                source = row.number.source
                lines += ["", source]
            lines.append(_line(row))
        counts = [f"{self.count(verdict)} {verdict}" for verdict in dict.fromkeys(r.verdict for r in self.checked)]
        return "\n".join([*lines, "", ", ".join(counts)])


def _line(row: Checked) -> str:
    """``  quantity   published   ours   digits   verdict``, with the reason where it does not agree."""
    number = row.number
    if number.published == IDENTICAL:
        ours, digits = f"{row.ours:.1e}", f"{row.agreeing:.1f}"
    else:
        ours = f"{row.ours:.10g}" if row.ours == row.ours else ""
        digits = f"{row.agreeing:.0f} of {row.printed:.0f}" if row.printed == row.printed else ""
    why = "" if row.verdict == "agrees" else f": {row.why}"
    return f"  {number.quantity}\n      {number.published:<18} ours {ours:<16} digits {digits:<9} {row.verdict}{why}"
