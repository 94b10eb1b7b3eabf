"""How messages name many things in a few words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def first_of(names: Iterable[object], most: int = 4) -> str:
    """The first names with commas between; an ellipsis only where more follow."""
    words = [str(name) for name in names]
    return ", ".join(words[:most]) + (", ..." if len(words) > most else "")


def in_runs(names: Sequence[str], most: int = 8) -> str:
    """Names in their order, three neighbouring numbers or more as a range: "1-20, 22, X"."""
    runs: list[list[str]] = []
    for name in names:
        last = runs[-1][-1] if runs else ""
        if name.isdecimal() and last.isdecimal() and int(name) == int(last) + 1:
            runs[-1].append(name)
        else:
            runs.append([name])
    return first_of([f"{run[0]}-{run[-1]}" if len(run) > 2 else ", ".join(run) for run in runs], most)


def some_of(names: Iterable[object], most: int = 4) -> str:
    """The first names, and how many more there are: "a, b, c, d and 12 more"."""
    words = [str(name) for name in names]
    left = len(words) - most
    return ", ".join(words) if left <= 0 else f"{', '.join(words[:most])} and {left:,} more"


def counted(count: int, one: str, many: str = "") -> str:
    """A number of things with its noun: "1 SNP", "1,200 SNPs".

    Parameters
    ----------
    count
        How many.
    one, many
        The noun; the plural is by default the singular with an s, or with -ies in the place of -y.
    """
    if not many:
        many = f"{one[:-1]}ies" if one.endswith("y") and one[-2:-1] not in "aeiou" else f"{one}s"
    return f"{count:,} {one if count == 1 else many}"


def nearest_names(name: str, known: Iterable[str], most: int = 3) -> list[str]:
    """Known names that look like a wrong one, the most alike first; the first ones where none does."""
    listed = list(known)
    return _close_names(name, listed, most) or sorted(listed)[:most]


def close_name(name: str, known: Iterable[str]) -> str | None:
    """The known name that looks most like a wrong one; None where none does."""
    return next(iter(_close_names(name, list(known), 1)), None)


def _close_names(name: str, known: list[str], most: int) -> list[str]:
    import difflib

    return difflib.get_close_matches(name, known, most, 0.5)
