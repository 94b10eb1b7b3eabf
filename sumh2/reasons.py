"""Reasons that many rows of a result share, said once with the rows they belong to."""

from __future__ import annotations

import re
from collections.abc import Iterable

from ldscores.shared.messages import some_of
from sumh2.verdicts import WHY_SEPARATOR

#: Numbers of their own; not the digits of a name such as chr6 or trait1.
_NUMBER = re.compile(r"(?<![\w.])[-+]?\d[\d,]*(?:\.\d+)?(?:[eE][-+]?\d+)?(?![\w])")


def shared_reasons(whys: Iterable[tuple[str, str]], *, merge_numbers: bool = False) -> list[str]:
    """Lines "names: reason", each reason once, in the order of their first appearance.

    Parameters
    ----------
    whys
        The name of a row and its ``why``, whose reasons are between :data:`sumh2.verdicts.WHY_SEPARATOR`.
    merge_numbers
        Whether reasons that differ in their numbers alone are one, with the smallest and largest of each number.  Not
        where names that are numbers may stand in a reason.
    """
    groups: dict[str, list[tuple[str, str]]] = {}
    for name, why in whys:
        for reason in why.split(WHY_SEPARATOR):
            if reason:
                key = _NUMBER.sub("#", reason) if merge_numbers else reason
                groups.setdefault(key, []).append((name, reason))
    return [
        f"{some_of(dict.fromkeys(name for name, _ in found))}: {_merged([reason for _, reason in found])}"
        for found in groups.values()
    ]


def _merged(reasons: list[str]) -> str:
    """The first reason, with "smallest to largest" where its numbers differ from those of the others."""
    numbers = [_NUMBER.findall(reason) for reason in reasons]
    between = iter(
        one[0] if len(set(one)) == 1 else f"{min(one, key=_value)} to {max(one, key=_value)}"
        for one in zip(*numbers, strict=True)
    ) if len(set(reasons)) > 1 else None  # fmt: skip
    return reasons[0] if between is None else _NUMBER.sub(lambda _: next(between), reasons[0])


def _value(word: str) -> float:
    return float(word.replace(",", ""))
