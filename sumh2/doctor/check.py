"""One check of an audit, and the line it prints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

#: From best to worst; a note changes nothing.
STATUSES = ("ok", "note", "caution", "unusable")


@dataclass(frozen=True)
class AuditCheck:
    """One thing an audit looked at.

    Parameters
    ----------
    check
        Short name, stable across versions.
    status
        ok; note (worth knowing, changes nothing); caution; unusable.
    found
        What was found.
    advice
        What to do; "" where nothing is to be done.
    values
        The numbers behind it.
    """

    check: str
    status: str
    found: str
    advice: str = ""
    values: Mapping[str, float] = field(default_factory=dict)


def line_of(check: AuditCheck) -> str:
    """Status, name and finding in one line."""
    return f"{check.status:9} {check.check:14} {check.found}"


def describe_audit(checks: Sequence[AuditCheck]) -> list[str]:
    """The lines of a munge log: every check in one line, with advice where something is wrong."""
    lines = []
    for each in checks:
        bad = each.status in ("caution", "unusable") and each.advice
        lines.append(f"  {line_of(each)}" + (f"; {each.advice}" if bad else ""))
    return lines
