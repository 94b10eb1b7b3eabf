"""How messages name many things in a few words."""

from __future__ import annotations

from collections.abc import Iterable


def first_of(names: Iterable[object], most: int = 4) -> str:
    """The first names with commas between; an ellipsis only where more follow."""
    words = [str(name) for name in names]
    return ", ".join(words[:most]) + (", ..." if len(words) > most else "")
