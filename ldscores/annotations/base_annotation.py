"""Which annotation is a base: 1 at every SNP, as in LDSC's files, so that a model need not add one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ldscores.annotations.annotation_set import Annotations


class FoundBase(NamedTuple):
    """Whether annotations have a base already, and why not."""

    is_base: bool
    reason: str = ""


def find_base(annotations: Annotations) -> FoundBase:
    """Whether the first or last annotation is a base, as in LDSC's files: called so, and 1 at every SNP."""
    reason = "no annotation is called base"
    for place in places_called_base(annotations.names):
        other = annotations.values[:, place] != 1
        if not other.any():
            return FoundBase(True)
        row = int(np.argmax(other))
        snp = f"row {row + 1}" if annotations.snp is None else f"SNP {annotations.snp[row]}"
        reason = f"{annotations.names[place]} is {annotations.values[row, place]:g} at {snp}"
    return FoundBase(False, reason)


def places_called_base(names: Sequence[str]) -> list[int]:
    """Places of the first and last annotation, as far as they are called base."""
    ends = sorted({0, len(names) - 1})
    return [place for place in ends if re.fullmatch(r"base(_?l2)?", names[place], re.IGNORECASE) is not None]
