"""Annotations whose rows bear names of the right SNPs and positions of others: of another genome build, or shifted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ldscores.chromosomes import comparable_name
from ldscores.shared.errors import InputError

if TYPE_CHECKING:
    from ldscores.annotations.annotation_set import Annotations


def check_positions(annotations: Annotations, chrom: pa.Array, bp: NDArray[np.int64], where: str) -> None:
    """Refuse annotations whose rows bear other chromosomes or positions than the same SNPs of a panel.

    Parameters
    ----------
    annotations
        On the rows of the panel; without chromosomes and positions there is nothing to compare.
    chrom : string array, (n_snps,)
    bp : int64, (n_snps,)
        Of the panel.

    Raises
    ------
    InputError
        The message counts the SNPs that differ, and names the first.
    """
    differs = np.zeros(len(bp), dtype=bool)
    if annotations.chrom is not None and not annotations.chrom.equals(chrom):
        pairs = pa.table({"ours": chrom, "theirs": annotations.chrom}).group_by(["ours", "theirs"]).aggregate([])
        for ours, theirs in zip(pairs["ours"].to_pylist(), pairs["theirs"].to_pylist(), strict=True):
            if comparable_name(ours) != comparable_name(theirs):
                both = pc.and_(pc.equal(chrom, ours), pc.equal(annotations.chrom, theirs))
                differs |= both.to_numpy(zero_copy_only=False)
    if annotations.bp is not None:
        differs |= annotations.bp != bp
    if not differs.any():
        return
    row = int(np.argmax(differs))
    name = f"row {row + 1}" if annotations.snp is None else annotations.snp[row]
    theirs_chrom = "" if annotations.chrom is None else annotations.chrom[row]
    theirs_bp = "" if annotations.bp is None else annotations.bp[row]
    raise InputError(
        f"{annotations.where}: {int(differs.sum())} of {len(bp)} SNPs stand at another CHR or BP than in {where} "
        f"(first: {name}, found {theirs_chrom}:{theirs_bp}, expected {chrom[row]}:{bp[row]}); are they of another genome "
        "build, or their rows shifted? Make them for this panel; if the names alone are right, leave CHR and BP out"
    )
