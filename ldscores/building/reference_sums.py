"""What reference SNPs add to a tagging whose chromosome has no row in it: totals, overlaps, LDAK's sums and counts.

``--regression-snps`` may list no SNP of a chromosome, and under LDAK's rules a chromosome without variation counts too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ldscores.annotations.annotation_sums import TouchedBlocks, join_touched
from ldscores.models.ldak_columns import LdakColumns, place_side_by_side
from ldscores.taggings.tagging import Tagging

_SUMS = ("m", "m_5_50", "overlap", "overlap_5_50", "n_reference", "n_reference_5_50", "touched")


@dataclass(frozen=True, eq=False)
class ReferenceSums:
    """Sums over the reference SNPs of one chromosome, as :class:`ldscores.taggings.tagging.Tagging` has them.

    Parameters
    ----------
    names : tuple of str, (n_categories,)
    m, m_5_50 : float64, (n_categories,)
    overlap, overlap_5_50 : float64, (n_categories, n_categories), optional
        None for instances of a model side by side.
    n_reference, n_reference_5_50 : int
    ldak : LdakColumns
        Its sums and counts; columns of SNPs are empty.
    touched : TouchedBlocks, optional
    """

    names: tuple[str, ...]
    m: NDArray[np.float64]
    m_5_50: NDArray[np.float64]
    overlap: NDArray[np.float64] | None
    overlap_5_50: NDArray[np.float64] | None
    n_reference: int
    n_reference_5_50: int
    ldak: LdakColumns
    touched: TouchedBlocks | None = None


def sums_side_by_side(parts: Sequence[ReferenceSums]) -> ReferenceSums:
    """Instances of one model for several alphas; overlaps between instances mean nothing."""
    return replace(
        parts[0], names=tuple(name for part in parts for name in part.names),
        m=np.concatenate([part.m for part in parts]), m_5_50=np.concatenate([part.m_5_50 for part in parts]),
        overlap=None, overlap_5_50=None, ldak=place_side_by_side([part.ldak for part in parts]),
        touched=join_touched([part.touched for part in parts]),
    )  # fmt: skip


def add_reference_sums(tagging: Tagging, parts: Mapping[str, ReferenceSums]) -> Tagging:
    """A tagging whose sums also count the reference SNPs of chromosomes without a row in it, by their names."""
    if not parts:
        return tagging
    found = {name: [getattr(one, name) for one in (tagging, *parts.values())] for name in _SUMS}
    sums: dict[str, Any] = {
        name: None if any(part is None for part in values) else sum(values[1:], values[0])
        for name, values in found.items()
    }
    ldak = tagging.ldak
    if ldak is not None:
        others = [part.ldak for part in parts.values()]
        ldak = replace(
            ldak, contributions=np.sum([ldak.contributions, *(one.contributions for one in others)], axis=0),
            counts=np.sum([ldak.counts, *(one.counts for one in others)], axis=0),
            n_reference=ldak.n_reference + sum(one.n_reference for one in others),
            n_heritability=ldak.n_heritability + sum(one.n_heritability for one in others),
        )  # fmt: skip
    note = f"chromosomes without a row, whose reference SNPs count in the totals: {', '.join(parts)}"
    return replace(tagging, ldak=ldak, notes=(*tagging.notes, note), **sums)
