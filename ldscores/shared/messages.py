"""How messages name many things in a few words."""

from __future__ import annotations

from collections.abc import Iterable


def first_of(names: Iterable[object], most: int = 4) -> str:
    """The first names with commas between; an ellipsis only where more follow."""
    words = [str(name) for name in names]
    return ", ".join(words[:most]) + (", ..." if len(words) > most else "")


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
    import difflib

    listed = list(known)
    return difflib.get_close_matches(name, listed, most, 0.5) or sorted(listed)[:most]
