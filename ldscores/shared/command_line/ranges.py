"""Numbers that a flag of this name can have, whatever the data: others are misuse of the command line.

One table for all commands, since a flag means the same in each.  What only the data can tell (more blocks than SNPs) is
said by those who know them, with exit status 1.
"""

from __future__ import annotations

import math
from typing import Any

_ABOVE_0 = (0.0, math.inf, False, False, "a number above 0")
_SHARE = (0.0, 1.0, False, False, "a share between 0 and 1")

#: Lowest and highest, whether each itself is allowed, and the words, by the name of the parameter.
RANGES: dict[str, tuple[float, float, bool, bool, str]] = {
    "n": (0.0, math.inf, False, False, "a number of people above 0"),
    "n_cas": (0.0, math.inf, False, False, "a number of people above 0"),
    "n_con": (0.0, math.inf, False, False, "a number of people above 0"),
    "n_blocks": (2, math.inf, True, False, "at least 2 blocks; 200 are usual"),
    "threads": (1, math.inf, True, False, "1 core or more; leave it out to use all"),
    "memory": (0.0, math.inf, False, False, "a positive number of GB"),
    "samp_prev": _SHARE,
    "pop_prev": _SHARE,
    "rg": (-1.0, 1.0, True, True, "a correlation from -1 to 1"),
    "h2": (0.0, 1.0, True, True, "a heritability from 0 to 1"),
    "chisq_max": _ABOVE_0,
    "two_step": _ABOVE_0,
    "truncate": _ABOVE_0,
    "chisq_factor": _ABOVE_0,
    "cutoff": (0.0, 1.0, False, True, "a share of the phenotype's variance, above 0 and not above 1"),
    "forward": (0, math.inf, True, False, "the largest number of annotations to add, 0 for none"),
    "forward_p": (0.0, 1.0, False, True, "a p-value above 0 and up to 1"),
    "most_rows": (1, math.inf, True, False, "1 or more"),
    "quantiles": (2, math.inf, True, False, "at least 2; 5 are usual"),
    "draws": (0, math.inf, True, False, "0 or more"),
    "factors": (1, math.inf, True, False, "1 or more"),
}


def _numbers_in(text: str) -> list[float]:
    """The numbers between commas and semicolons; none where there is another word."""
    try:
        return [float(word) for row in text.split(";") for word in row.split(",")]
    except ValueError:
        return []


def range_problem(name: str, value: Any) -> str | None:
    """What is wrong with a flag's number, or one of its numbers; None where nothing is, or it is no number.

    A text counts by the numbers in it: those of a matrix as in ``1,0.5;0.5,1``.
    """
    if name not in RANGES:
        return None
    if isinstance(value, str):
        value = _numbers_in(value)
    low, high, with_low, with_high, words = RANGES[name]
    for one in value if isinstance(value, list) else [value]:
        if isinstance(one, bool) or not isinstance(one, (int, float)) or math.isnan(one):
            continue
        if one < low or one > high or (one == low and not with_low) or (one == high and not with_high):
            return f"found {one:g}, expected {words}"
    return None
