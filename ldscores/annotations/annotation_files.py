"""Annotations from files and back: LDSC's ``.annot`` and thin files, Parquet, tables of values, binned variables.

LDAK's files are read in :mod:`ldscores.annotations.ldak_annotation_files`, intervals and gene sets in
:mod:`ldscores.annotations.interval_files`.
"""

from __future__ import annotations

import itertools
import logging
import os
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ldscores.annotations.annotation_set import Annotations, join_annotations, match_annotations, stack_annotations
from ldscores.chromosome_files import FileSet, find_files, split_names
from ldscores.chromosomes import rank_chromosomes
from ldscores.shared import tables
from ldscores.shared.errors import InputError
from ldscores.shared.snp_columns import number_column, position_column, text_column
from ldscores.shared.table_headers import is_number

logger = logging.getLogger(__name__)

SUFFIX = ".annot"

#: Columns before the annotations, in any order; LDSC's own ``--cts-bin`` writes CHR SNP BP CM.  PolyFun adds alleles.
LEADING_COLUMNS = ("CHR", "BP", "SNP", "CM", "A1", "A2")


# ---------------------------------------------------------------------------------------------------------------------
# LDSC's annotations


def find_annotations(name: str) -> FileSet:
    """The files that one name stands for; see :func:`ldscores.chromosome_files.find_files`.

    An existing file may have any ending.
    """
    path = Path(name)
    if path.is_file() and re.search(r"\.annot(\.(gz|bz2|xz|zst|parquet))?$", name) is None:
        return FileSet(name, name, "", {"": path})
    return find_files(name, "annotations", (SUFFIX,))


def read_annotations(
    names: str | os.PathLike[str], chromosome: str | None = None, dtype: type[np.floating] = np.float64
) -> Annotations:
    """Annotations as LDSC takes them.

    Parameters
    ----------
    names
        A file, a folder, a prefix, or a path with ``@`` or ``{chr}`` for the chromosome; several sets are separated by
        commas and put side by side.  Text (compressed or not) or Parquet, with or without the leading columns
        `LEADING_COLUMNS`; without SNP it is a thin file.
    chromosome
        Read the file of this chromosome only, where there is one for each; a single file is read whole.
    dtype
        Of the values: float32 takes half the memory.

    Raises
    ------
    InputError
        Files are missing or broken, hold text, differ in their columns, or do not hold the same SNPs.
    """
    sets = []
    for name in split_names(names):
        files = find_annotations(name).files
        if chromosome is not None and "" not in files:
            if chromosome not in files:
                raise InputError(
                    f"{name}: no annotations of chromosome {chromosome}; found {' '.join(files)}; add that file, or "
                    "leave the chromosome out of the panel"
                )
            files = {chromosome: files[chromosome]}
        sets.append(stack_annotations([read_annotation_file(path, dtype) for path in files.values()]))
    return join_annotations(sets)


def read_annotation_file(path: str | Path, dtype: type[np.floating] = np.float64) -> Annotations:
    """One file of annotations; see :func:`read_annotations`."""
    path = Path(path)
    header = _header(path)
    if tables.is_parquet(path):
        table = tables.read_parquet(path)[0]
    else:
        types = {name: pa.string() if name in ("CHR", "SNP", "A1", "A2") else pa.float64() for name in header}
        table = tables.read_table(path, types=types)
    names = _annotations_among(path, header)
    values = np.empty((table.num_rows, len(names)), dtype=dtype)
    for place, name in enumerate(names):
        values[:, place] = number_column(path, table, name)
    text = {name: text_column(table[name]) for name in ("SNP", "CHR") if name in header}
    lacking = next((name for name, column in text.items() if column.null_count), None)
    if lacking is not None:
        row = int(np.argmax(pc.is_null(text[lacking]).to_numpy(zero_copy_only=False))) + 1
        raise InputError(f"{path}: row {row} has no {lacking}; expected one for every SNP; complete or delete that row")
    annotations = Annotations(
        values=values, names=tuple(names), snp=text.get("SNP"), chrom=text.get("CHR"),
        bp=position_column(path, table, "BP") if "BP" in header else None, sources=(str(path),),
    )  # fmt: skip
    logger.info("%s: %d SNPs, %d annotations", path, len(annotations), annotations.n_annots)
    return annotations


def read_annotation_names(path: str | Path) -> list[str]:
    """Names of the annotations in a file, from its header alone."""
    return _annotations_among(Path(path), _header(Path(path)))


def _header(path: Path) -> list[str]:
    if not tables.is_parquet(path):
        return tables.read_header(path)[0]
    # pandas keeps the row labels of a frame under such names.
    return [name for name in tables.parquet_columns(path) if not name.startswith("__index_level_")]


def _annotations_among(path: Path, header: Sequence[str]) -> list[str]:
    names = [name for name in header if name not in LEADING_COLUMNS]
    if not names:
        raise InputError(
            f"{path}: found columns {' '.join(header[:30])} and no annotation; expected at least one column of numbers "
            "after CHR BP SNP CM; check that this is the right file"
        )
    return names


# ---------------------------------------------------------------------------------------------------------------------
# Tables of values, and variables cut into bins


def read_snp_values(path: str | Path) -> Annotations:
    """A table of SNPs and values: ``SNP value [value ...]``, with or without a header, separated by blanks or commas.

    Without a header a single value is named after the file.
    :func:`ldscores.annotations.annotation_set.match_annotations` puts the rows on a panel.
    """
    path = Path(path)
    header = tables.read_header(path)[0]
    if len(header) < 2:
        raise InputError(
            f"{path}: found one column; expected two or more, SNP and values; for a list of SNPs use LDAK's form with "
            "--annotation-prefix"
        )
    if all(is_number(word) for word in header[1:]):  # no header: the first line has values already
        stem = path.name.split(".")[0]
        names = [stem] if len(header) == 2 else [f"{stem}_{place}" for place in range(1, len(header))]
        columns = ["SNP", *names]
        table = tables.read_table(path, column_names=columns, types=_value_types(columns))
    else:
        columns = header
        table = tables.read_table(path, types=_value_types(columns))
    values = np.column_stack([table[name].to_numpy() for name in columns[1:]])
    return Annotations(values, tuple(columns[1:]), snp=text_column(table[columns[0]]), sources=(str(path),))


def _value_types(columns: Sequence[str]) -> dict[str, pa.DataType]:
    return {columns[0]: pa.string()} | dict.fromkeys(columns[1:], pa.float64())


def read_binned_variables(
    paths: Sequence[str | Path],
    breaks: Sequence[Sequence[float]],
    names: Sequence[str] | None = None,
    snp: pa.Array | None = None,
) -> Annotations:
    """LDSC's ``--cts-bin``: variables cut at breaks, one annotation for every combination of their bins.

    Parameters
    ----------
    paths
        Files ``SNP value`` without a header, one a variable.
    breaks
        Cut points of each variable, see :func:`parse_breaks`.
    names
        Names of the variables (``--cts-names``); ANNOT0, ANNOT1, ... by default, as in LDSC.
    snp : string array, (n_snps,), optional
        SNPs of the panel; by default those of the first file.

    Raises
    ------
    InputError
        The numbers of files, breaks and names differ, all breaks of a variable lie outside its values, or a file lacks
        SNPs.
    """
    names = [f"ANNOT{place}" for place in range(len(paths))] if names is None else names
    if not len(paths) == len(breaks) == len(names):
        raise InputError(
            f"--cts-bin names {len(paths)} files, --cts-breaks {len(breaks)} sets of breaks and --cts-names "
            f"{len(names)} names; expected as many of each; separate files and names by commas, sets of breaks by x"
        )
    read = [read_snp_values(path) for path in paths]
    snp = read[0].snp if snp is None else snp
    matched = [match_annotations(one, snp) for one in read]
    binned = [
        bin_variable(one.values[:, 0], cuts, name, one.where)
        for one, cuts, name in zip(matched, breaks, names, strict=True)
    ]
    values, labels = [], []
    for combination in itertools.product(*[list(zip(labels, inside.T, strict=True)) for inside, labels in binned]):
        values.append(np.logical_and.reduce([inside for _, inside in combination]))
        labels.append("_".join(label for label, _ in combination))
    return Annotations(
        np.column_stack(values).astype(np.float64), tuple(labels), snp=snp,
        sources=tuple(source for one in read for source in one.sources),
    )  # fmt: skip


def bin_variable(
    values: NDArray[np.floating], breaks: Sequence[float], name: str, where: str
) -> tuple[NDArray[np.bool_], list[str]]:
    """Bins (low, high] of a variable, bool (n_snps, n_bins), and their names, e.g. ``MAF_0.05_0.2``.

    The smallest and largest value are added as outer edges, called min and max, unless breaks lie beyond them
    (SPEC-LDSC 6.2).  Empty bins are kept.
    """
    low, high = float(values.min()), float(values.max())
    cuts = sorted(map(float, breaks))
    if all(cut >= high or cut <= low for cut in cuts):
        raise InputError(
            f"{where}: all breaks ({', '.join(f'{cut:g}' for cut in cuts)}) lie outside the values {low:g} to "
            f"{high:g}; expected one between them; correct --cts-breaks (N stands for minus)"
        )
    edges = list(cuts)
    if cuts[-1] <= high:
        edges.append(high + 1)
    if cuts[0] >= low:
        edges.insert(0, low - 1)
    words = ["min", *map(str, edges[1:-1]), "max"]
    inside = np.column_stack([(values > left) & (values <= right) for left, right in itertools.pairwise(edges)])
    return inside, [f"{name}_{left}_{right}" for left, right in itertools.pairwise(words)]


def parse_breaks(text: str) -> list[list[float]]:
    """Breaks of several variables from LDSC's text: ``0.1,0.2x5,10``; N stands for minus."""
    try:
        return [[float(word.replace("N", "-")) for word in part.split(",")] for part in text.split("x")]
    except ValueError as error:
        raise InputError(
            f"--cts-breaks {text!r}: expected numbers separated by commas, variables by x, N for minus; e.g. "
            "0.05,0.2xN1,10"
        ) from error


# ---------------------------------------------------------------------------------------------------------------------
# Writing


def write_annotations(
    stem: str | Path, annotations: Annotations, cm: NDArray[np.float64] | None = None, thin: bool = False
) -> list[Path]:
    """Write ``<stem>.annot.gz``: CHR BP SNP CM and the annotations, or the annotations alone.

    Whole numbers are written without a point, others with the shortest text that reads back to the same number.

    Parameters
    ----------
    stem
        With ``@``, one file per chromosome is written under the chromosome's name.  ``.annot.gz`` is added if it lacks.
    annotations
        With names, chromosomes and positions of SNPs (not needed for one thin file).
    cm : float64, (n_snps,), optional
        Positions in centimorgans; 0 by default.
    thin
        Leave out CHR BP SNP CM.

    Returns
    -------
    list of Path
        The files written.

    Raises
    ------
    InputError
        There are no names, chromosomes or positions of SNPs to write.
    """
    stem = re.sub(r"\.annot(\.gz)?$", "", str(stem))
    columns: dict[str, pa.Array | NDArray] = {}
    if not thin:
        if annotations.snp is None or annotations.chrom is None or annotations.bp is None:
            raise InputError(
                f"{stem}.annot.gz: {annotations.where} has no names and positions of SNPs; expected them for CHR BP "
                "SNP CM; name the panel with --bfile, or write a thin file"
            )
        cm = np.zeros(len(annotations)) if cm is None else cm
        columns = {"CHR": annotations.chrom, "BP": annotations.bp, "SNP": annotations.snp, "CM": cm}
    columns |= {name: _whole(annotations.values[:, place]) for place, name in enumerate(annotations.names)}
    table = pa.table(columns)
    if "@" not in stem:
        path = Path(f"{stem}.annot.gz")
        tables.write_tsv(path, table)
        return [path]
    if annotations.chrom is None:
        raise InputError(f"{stem}: @ stands for the chromosome, but {annotations.where} has none; leave @ out")
    chromosomes, rank = rank_chromosomes(annotations.chrom)
    written = []
    for place, chromosome in enumerate(chromosomes):
        written.append(Path(f"{stem.replace('@', chromosome)}.annot.gz"))
        tables.write_tsv(written[-1], table.take(pa.array(np.flatnonzero(rank == place))))
    return written


def _whole(values: NDArray[np.floating]) -> NDArray:
    """Integers where all values are whole."""
    is_whole = (values == np.rint(values)).all() and np.abs(values).max() < 2**53
    return values.astype(np.int64) if is_whole else np.ascontiguousarray(values, dtype=np.float64)
