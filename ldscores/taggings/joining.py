"""Several sets of LD scores of the same SNPs side by side, as ``--ld a.,b.`` names them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow.compute as pc
from numpy.typing import NDArray

from ldscores.annotations.annotation_sums import join_touched
from ldscores.shared.arrow_arrays import as_numpy
from ldscores.shared.errors import InputError
from ldscores.taggings.tagging import OPTIONAL_COLUMNS, Tagging


def join_taggings(taggings: Sequence[Tagging]) -> Tagging:
    """Several sets of the same SNPs as one, categories side by side.

    Several sets give their categories LDSC's suffixes ``_0``, ``_1``, ... by set.  Where LDSC requires the same SNPs in
    the same order, here their order may differ.  Other columns come from the first set that has them.  Overlap is
    dropped: the sums across sets are unknown.

    Raises
    ------
    InputError
        The sets do not hold the same SNPs.
    """
    first, *others = taggings
    if not others:
        return first
    aligned = [first, *(_on_rows_of(first, other) for other in others)]
    model, window = ({getattr(tagging, name) for tagging in aligned} for name in ("model", "window"))

    def totals(name: str) -> NDArray[np.float64] | None:
        parts = [getattr(tagging, name) for tagging in aligned]
        return None if any(part is None for part in parts) else np.concatenate(parts)

    def from_first(name: str) -> Any:
        return next((getattr(tagging, name) for tagging in aligned if getattr(tagging, name) is not None), None)

    return replace(
        first,
        tagging=np.concatenate([tagging.tagging for tagging in aligned], axis=1),
        names=tuple(f"{name}_{place}" for place, tagging in enumerate(aligned) for name in tagging.names),
        m=totals("m"), m_5_50=totals("m_5_50"), overlap=None, overlap_5_50=None, ldak=None,
        touched=join_touched([tagging.touched for tagging in aligned]),
        model=model.pop() if len(model) == 1 else "", window=window.pop() if len(window) == 1 else "",
        sources=tuple(dict.fromkeys(source for tagging in aligned for source in tagging.sources)),
        notes=tuple(dict.fromkeys(note for tagging in aligned for note in tagging.notes)),
        **{name: from_first(name) for name in OPTIONAL_COLUMNS},
    )  # fmt: skip


def _on_rows_of(first: Tagging, other: Tagging) -> Tagging:
    if other.snp.equals(first.snp):
        return other
    rows = pc.index_in(first.snp, value_set=other.snp)
    if rows.null_count or len(first) != len(other):
        raise InputError(_different_snps(first, other))
    places = as_numpy(rows)
    there = {name: getattr(other, name) for name in OPTIONAL_COLUMNS}
    columns: dict[str, Any] = {name: None if column is None else column[places] for name, column in there.items()}
    # Only names decide which rows belong together: positions of the other set may differ, and are not used.
    return replace(
        other, snp=first.snp, chrom=first.chrom, bp=first.bp, tagging=other.tagging[places],
        ldak=None if other.ldak is None else other.ldak.take(places), **columns,
    )  # fmt: skip


def _different_snps(first: Tagging, other: Tagging) -> str:
    only_first = first.snp.filter(pc.is_null(pc.index_in(first.snp, value_set=other.snp)))
    only_other = other.snp.filter(pc.is_null(pc.index_in(other.snp, value_set=first.snp)))
    name, side = (only_first[0], first.where) if len(only_first) else (only_other[0], other.where)
    return (
        f"{other.where}: its {len(other)} SNPs are not the {len(first)} of {first.where}: {len(only_first)} are "
        f"missing and {len(only_other)} are extra (first: {name}, only in {side}); expected sets of the same SNPs; "
        "compute the LD scores of all sets for one list of SNPs (--regression-snps of ldscores build)"
    )
