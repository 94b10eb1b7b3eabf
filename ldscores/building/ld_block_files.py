"""Files of LD blocks: BED (chromosome, start, end), or a table of chromosome and first base pair."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pyarrow as pa

from ldscores.annotations.interval_files import read_bed_intervals
from ldscores.building.ld_blocks import LdBlocks
from ldscores.chromosomes import bare_chromosomes
from ldscores.shared import tables
from ldscores.shared.errors import InputError


def read_ld_blocks(path: str | os.PathLike[str]) -> LdBlocks:
    """Blocks of a BED file (with or without a header), or of LDAK's table ``Chromosome Basepair`` of first positions.

    Raises
    ------
    InputError
        The file is broken, or blocks of a chromosome overlap or are not sorted.
    """
    path = Path(path)
    header = tables.read_header(path)[0]
    if len(header) == 2 and not header[1].isdigit():
        table = tables.read_table(path, columns=header, types={header[0]: pa.string(), header[1]: pa.int64()})
        if any(column.null_count for column in table.columns):
            raise InputError(f"{path}: a block lacks its chromosome or position; expected both; complete the line")
        chrom, start, end = bare_chromosomes(table[header[0]].combine_chunks()), table[header[1]].to_numpy(), None
    else:
        intervals = read_bed_intervals(path)
        chrom, start, end = intervals.chrom, intervals.start + 1, intervals.end
    names = np.array(chrom.to_pylist())
    if len(names) == 0:
        raise InputError(f"{path}: found no block; expected chromosome, start and end on each line; check the file")
    for name in dict.fromkeys(names.tolist()):
        own = names == name
        begins, ends = start[own], start[own][1:] - 1 if end is None else end[own][:-1]
        if (np.diff(begins) <= 0).any() or (ends >= begins[1:]).any():
            row = int(np.argmax((np.diff(begins) <= 0) | (ends >= begins[1:])))
            raise InputError(
                f"{path}: block {begins[row]} of chromosome {name} overlaps the next one, {begins[row + 1]}, or stands "
                "behind it; expected sorted blocks that do not overlap; sort or correct the file"
            )
    return LdBlocks(tuple(names.tolist()), np.asarray(start, dtype=np.int64), str(path))


def write_ld_blocks(path: str | Path, blocks: LdBlocks) -> None:
    """Write blocks as a BED file; the last block of a chromosome ends at the largest position."""
    names = np.array(blocks.chrom)
    end = np.empty(len(names), dtype=np.int64)
    for name in dict.fromkeys(names.tolist()):
        own = np.flatnonzero(names == name)
        end[own] = np.append(blocks.start[own[1:]] - 1, np.iinfo(np.int32).max)
    columns = {"#chrom": pa.array(blocks.chrom), "start": blocks.start - 1, "end": end}
    tables.write_tsv(Path(path), pa.table(columns))
