"""Positions from one genome build to another through a chain file, by the library `liftover` (extra [liftover])."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ldscores.shared.errors import InputError
from ldscores.shared.streams import open_stream
from sumh2.gwas.panel import chromosome_codes

#: Names that chain files of UCSC and Ensembl give the chromosomes of these codes.
_NAMES = {23: "X", 24: "Y", 26: "M"}


def lift_positions(
    chain: str | Path, chrom: NDArray[np.int64], bp: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Chromosomes and positions in the chain's target build; -1 and 0 where a position has none, or more than one.

    Parameters
    ----------
    chain
        A chain file, plain or gzip, e.g. ``hg38ToHg19.over.chain.gz`` of UCSC; nothing is downloaded.
    chrom : int64, (n,)
        Codes of :func:`sumh2.gwas.panel.chromosome_codes`.
    bp : int64, (n,)
        Positions counted from 1; 0 where there is none.

    Raises
    ------
    InputError
        The library is not installed, or the file is no chain file.
    """
    try:
        from liftover import ChainFile
    except ImportError:
        raise InputError(
            f"--liftover {chain}: needs the library liftover, which is not installed; install it with "
            "pip install sumh2[liftover]"
        ) from None
    _check_is_chain(chain)
    lifter = ChainFile(str(chain), one_based=True)
    lifted_chrom, lifted_bp = np.full(len(bp), -1, dtype=np.int64), np.zeros(len(bp), dtype=np.int64)
    for code in np.unique(chrom[chrom >= 0]):
        rows = np.flatnonzero((chrom == code) & (bp > 0))
        contig = lifter[_NAMES.get(int(code), str(code))]
        hits = [contig[place] for place in bp[rows].tolist()]
        found = [number for number, each in enumerate(hits) if len(each) == 1]
        if found:
            lifted_chrom[rows[found]] = chromosome_codes(
                pa.array([hits[number][0][0] for number in found], pa.string())
            )
            lifted_bp[rows[found]] = [hits[number][0][1] for number in found]
    return lifted_chrom, lifted_bp


def _check_is_chain(path: str | Path) -> None:
    with open_stream(path) as stream:
        start = stream.read(4096)
    lines = [line for line in start.decode("utf-8", "replace").splitlines() if line and not line.startswith("#")]
    if not lines or not lines[0].startswith("chain "):
        found = repr(lines[0][:40]) if lines else "nothing"
        raise InputError(
            f"{path}: found {found} in the first line; expected a chain file, which begins with 'chain'; name one such as "
            "hg38ToHg19.over.chain.gz"
        )
