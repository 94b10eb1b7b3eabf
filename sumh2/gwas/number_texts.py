"""Texts where numbers are expected: the first of them, and whether commas are the reason."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import islice

from ldscores.shared.tables import NULL_TEXTS

#: Values looked at after the first odd one, to tell a habit of the whole column from one slip.
_MOST_AFTER = 10_000

#: Share of those with a comma from which it is a habit.
_HABIT = 0.9

_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2}(,\d{3})+(\.\d*)?")
_DECIMAL = re.compile(r"[+-]?\d*,\d+([eE][+-]?\d+)?")


def is_number(text: str) -> bool:
    """Whether a text is a number or means a missing one."""
    try:
        float(text)
    except ValueError:
        return text in NULL_TEXTS
    return True


def describe_odd_text(numbered: Iterable[tuple[int, str]], what: str) -> str | None:
    """What is wrong with a column that does not read as numbers, and the remedy; None where all are numbers.

    Parameters
    ----------
    numbered
        Number and text of each value, in the order of the file.
    what
        What is numbered: ``line`` or ``row``.
    """
    values = ((number, text.strip().strip('"')) for number, text in numbered)
    number, text = next(((number, text) for number, text in values if not is_number(text)), (0, ""))
    if not number:
        return None
    found = f"found {text[:60]!r}, expected a number"
    others = [other for _, other in islice(values, _MOST_AFTER)]
    odd = [text, *(each for each in others if not is_number(each))]
    habits = (
        (_THOUSANDS, "thousands separators", "remove them, e.g. with: tr -d , <FILE >NEW"),
        (_DECIMAL, "decimal commas", "write points, e.g. with: tr , . <FILE >NEW"),
    )
    for pattern, name, remedy in habits:
        if sum(pattern.fullmatch(each) is not None for each in odd) > _HABIT * len(odd):
            return f"{found} ({what} {number}): the column has {name}; {remedy}"
    return f"{found}; correct the value or write NA ({what} {number})"
