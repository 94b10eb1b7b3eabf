"""Chromosomes in the order people expect, whatever their names."""

from __future__ import annotations

import re

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ldscores.shared.arrow_arrays import as_numpy

#: PLINK's numbers of the chromosomes that have letters.
_LETTERS = {"23": "X", "24": "Y", "25": "XY", "26": "MT", "M": "MT"}

_AFTER_NUMBERS = {"X": 0, "Y": 1, "XY": 2, "MT": 3, "M": 3}


def natural_chromosome_key(name: str) -> tuple:
    """Sort key of a chromosome name: numbers ascending, then X, Y, XY, MT, then text with numbers inside as numbers.

    A leading ``chr`` is passed over: ``chr2`` comes between 1 and 3, ``scaffold_2`` before ``scaffold_12``.
    """
    bare = re.sub(r"^chr(?=.)", "", name, flags=re.IGNORECASE)
    if bare.isascii() and bare.isdigit():
        return (0, int(bare), (), name)
    if bare.upper() in _AFTER_NUMBERS:
        return (1, _AFTER_NUMBERS[bare.upper()], (), name)
    runs = re.findall(r"[0-9]+|[^0-9]+", bare)
    return (2, 0, tuple((0, int(run), "") if run[0] in "0123456789" else (1, 0, run) for run in runs), name)


def comparable_name(name: str) -> str:
    """A chromosome's name as others may spell it: without ``chr``, without leading zeros, 23 as X."""
    bare = re.sub(r"^chr(?=.)", "", name, flags=re.IGNORECASE).upper()
    bare = bare.lstrip("0") or "0"
    return _LETTERS.get(bare, bare)


def bare_chromosomes(chrom: pa.Array) -> pa.Array:
    """Chromosome names without a leading ``chr``, in any case; M and MT are the same."""
    bare = pc.replace_substring_regex(chrom.cast(pa.string()), r"^(?i:chr)", "")
    return pc.if_else(pc.equal(bare, "M"), "MT", bare)


def rank_chromosomes(chrom: pa.Array) -> tuple[tuple[str, ...], NDArray[np.int32]]:
    """Chromosome names in natural order, and for each SNP the place of its chromosome among them, (n_snps,)."""
    encoded = chrom.dictionary_encode()
    names = encoded.dictionary.to_pylist()
    order = sorted(range(len(names)), key=lambda place: natural_chromosome_key(names[place]))
    rank = np.empty(len(names), dtype=np.int32)
    rank[order] = np.arange(len(names), dtype=np.int32)
    return tuple(names[place] for place in order), rank[as_numpy(encoded.indices)]


def genome_order(chrom: pa.Array, bp: NDArray[np.int64]) -> NDArray[np.int64] | None:
    """Stable order by (chromosome in natural order, BP), (n_snps,); None when the SNPs already stand so."""
    rank = rank_chromosomes(chrom)[1]
    rises = rank[1:] > rank[:-1]
    stays = (rank[1:] == rank[:-1]) & (bp[1:] >= bp[:-1])
    return None if (rises | stays).all() else np.lexsort((bp, rank))
