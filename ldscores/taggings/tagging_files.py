"""Taggings from files and back, by one name: our own Parquet, LD scores as published, and LDAK's taggings."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ldscores.annotations.annotation_sums import TouchedBlocks
from ldscores.chromosome_files import FileSet, split_names
from ldscores.models.ldak_columns import SNP_COLUMNS, LdakColumns
from ldscores.shared import tables
from ldscores.shared.alleles import encode_alleles
from ldscores.shared.arrow_arrays import as_numpy
from ldscores.shared.errors import InputError
from ldscores.shared.provenance import provenance
from ldscores.shared.snp_columns import text_column
from ldscores.shared.stored_arrays import MOST_LISTED, pack_array, unpack_array
from ldscores.shared.streams import check_files
from ldscores.taggings.joining import join_taggings
from ldscores.taggings.ld_score_files import find_ld_scores, read_ld_scores
from ldscores.taggings.ldak_tagging_files import is_ldak_tagging_name, read_ldak_tagging
from ldscores.taggings.tagging import RESERVED_COLUMNS, Tagging

logger = logging.getLogger(__name__)

#: Version 2 holds large matrices of sums packed; small taggings are written as version 1, which older programs read.
FORMAT_NAME, FORMAT_VERSION = "sumh2 tagging", 2
OWN_SUFFIX = ".tagging.parquet"

#: Columns of few different values: only for these does a dictionary save space.
_DICTIONARY_COLUMNS = ("CHR", "A1", "A2")


# ---------------------------------------------------------------------------------------------------------------------
# By name


def read_tagging(names: str | os.PathLike[str], weights: str | os.PathLike[str] | None = None) -> Tagging:
    """A tagging from our own file, from LD scores as published, or from LDAK.

    Parameters
    ----------
    names
        ``*.tagging.parquet``, LDAK's ``*.tagging[.gz|.xz]``, or LD scores of LDSC or PLINK 2: a file, a folder, a
        prefix, or a path in which ``@`` or ``{chr}`` stands for the chromosome.  Several sets of the same SNPs are
        separated by commas; their categories are put side by side, with LDSC's suffixes ``_0``, ``_1``, ...
    weights
        Regression weights (LDSC's ``--w-ld`` and ``--w-ld-chr``), named in the same way; they replace weights that are
        stored in the tagging.  Files that are also among the LD scores are not read twice.

    Raises
    ------
    InputError
        Files are missing, broken or do not fit together; see :func:`ldscores.taggings.ld_score_files.read_ld_scores`.
    """
    read: dict[Any, Tagging] = {}
    sets = []
    for name in split_names(names):
        files = _find(name)
        key = _identity(files)
        if key not in read:
            read[key] = _read(files)
        sets.append(read[key])
    tagging = join_taggings(sets)
    return tagging if weights is None else tagging.with_weights(_read_weights(weights, read))


def check_tagging_files(names: str | os.PathLike[str]) -> None:
    """Raise InputError where :func:`read_tagging` would find no file, without reading any.

    Parameters
    ----------
    names
        As for :func:`read_tagging`.
    """
    for name in split_names(names):
        files = _find(name)
        check_files([files] if isinstance(files, Path) else files.files.values())


def read_weights(names: str | os.PathLike[str]) -> Tagging:
    """Regression weights as a tagging of one category; files of totals are not looked for.

    Raises
    ------
    InputError
        As :func:`read_tagging`; also when several sets or several columns are named.
    """
    weights = _read_weights(names, {})
    weights.only_column()
    return weights


def _read_weights(names: str | os.PathLike[str], read: Mapping[Any, Tagging]) -> Tagging:
    elements = split_names(names)
    if len(elements) > 1:
        raise InputError(
            f"{os.fspath(names)}: found {len(elements)} sets of regression weights; expected one; name one of them "
            "with --w-ld"
        )
    files = _find(elements[0])
    found = read.get(_identity(files))
    return found if found is not None else _read(files, with_totals=False)


def _find(name: str) -> FileSet | Path:
    """Our own file or one of LDAK's, or files of LD scores."""
    if is_ldak_tagging_name(name):
        return Path(name)
    for path in (Path(name), Path(name + OWN_SUFFIX)):
        if path.name.endswith(OWN_SUFFIX) and (path.is_file() or path == Path(name)):
            return path
    return find_ld_scores(name)


def _identity(files: FileSet | Path) -> tuple[str, ...]:
    paths = [files] if isinstance(files, Path) else files.files.values()
    return tuple(os.path.realpath(path) for path in paths)


def _read(files: FileSet | Path, with_totals: bool = True) -> Tagging:
    if isinstance(files, Path):
        return read_own(files) if files.name.endswith(OWN_SUFFIX) else read_ldak_tagging(files)
    return read_ld_scores(files, with_totals)


# ---------------------------------------------------------------------------------------------------------------------
# Our own format


def write_tagging(
    path: str | Path,
    tagging: Tagging,
    options: Mapping[str, Any] | None = None,
    parts: Iterable[Tagging] | None = None,
) -> None:
    """Write a tagging as ``*.tagging.parquet``: all digits, totals, overlap and where it comes from.

    Parameters
    ----------
    path
        Ends in ``.tagging.parquet``.
    tagging
        Where `parts` are given, only its sums and words count, and which columns it has.
    parts
        The rows, in parts that are asked for one after another: those of a genome may not fit in the memory.
    options
        Options of the command that made it, for the provenance.

    Raises
    ------
    InputError
        The name has another ending, or the folder does not exist.
    """
    if not str(path).endswith(OWN_SUFFIX):
        raise InputError(f"{path}: expected a name that ends in {OWN_SUFFIX}, by which it is known; add it")
    sources = [source for source in tagging.sources if os.path.isfile(source)]
    metadata = {
        "format": FORMAT_NAME,
        "format_version": FORMAT_VERSION if tagging.n_categories**2 > MOST_LISTED else 1,
        "names": list(tagging.names),
        "M": pack_array(tagging.m),
        "M_5_50": pack_array(tagging.m_5_50),
        "overlap": pack_array(tagging.overlap),
        "overlap_5_50": pack_array(tagging.overlap_5_50),
        "n_reference": tagging.n_reference,
        "n_reference_5_50": tagging.n_reference_5_50,
        "touched_blocks": None if tagging.touched is None else tagging.touched.counts.tolist(),
        "n_blocks": None if tagging.touched is None else tagging.touched.n_blocks,
        "ldak": _ldak_metadata(tagging.ldak),
        "model": tagging.model,
        "window": tagging.window,
        "notes": list(tagging.notes),
        **provenance(sources, options),
    }
    rows = (part.to_table() for part in ([tagging] if parts is None else parts))
    tables.write_parquet(path, rows, metadata, dictionary_columns=_DICTIONARY_COLUMNS)


def read_own(path: str | Path, *, announce: bool = True) -> Tagging:
    """Read a file of :func:`write_tagging`; every array equals the one written.

    Parameters
    ----------
    announce
        Whether to log what was found; parts of a longer run are not news.

    Raises
    ------
    InputError
        The file is missing, damaged, of another format or of a newer version.
    """
    columns, metadata = tables.read_metadata(path)
    tables.check_format(path, metadata, FORMAT_NAME, FORMAT_VERSION)
    names = tuple(metadata.get("names", ()))
    tables.check_columns(path, columns, ("SNP", "CHR", "BP", *names))
    scores = tables.read_number_matrix(path, names)
    table, _ = tables.read_parquet(path, columns=[name for name in columns if name not in set(names)])
    there = [name for name in RESERVED_COLUMNS if name in table.column_names]
    optional: dict[str, Any] = {
        name.lower(): as_numpy(table[name]) for name in ("CM", "MAF", "regression_tagging") if name in there
    }
    optional |= {name.lower(): encode_alleles(table[name]) for name in ("A1", "A2") if name in there}
    tagging = Tagging(
        snp=text_column(table["SNP"]), chrom=text_column(table["CHR"]), bp=as_numpy(table["BP"]),
        tagging=scores, names=names, **read_stored_sums(path, metadata), n_reference=metadata.get("n_reference"),
        n_reference_5_50=metadata.get("n_reference_5_50"), ldak=_read_ldak(path, table, metadata.get("ldak")),
        model=metadata.get("model", ""), window=metadata.get("window", ""),
        sources=(str(path),), notes=tuple(metadata.get("notes", ())), **optional,
    )  # fmt: skip
    if announce:
        logger.info("%s: %s", path, tagging.counts)
    return tagging


def read_stored_sums(path: str | Path, metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Sums by category that the metadata of a tagging hold: m, m_5_50, overlap, overlap_5_50, touched; None if not there.

    Raises
    ------
    InputError
        Packed numbers are damaged.
    """
    counts = metadata.get("touched_blocks")
    touched = None if counts is None else TouchedBlocks(np.array(counts, dtype=np.int64), int(metadata["n_blocks"]))
    return {"touched": touched} | {
        name: _unpack(path, metadata.get(key))
        for name, key in (("m", "M"), ("m_5_50", "M_5_50"), ("overlap", "overlap"), ("overlap_5_50", "overlap_5_50"))
    }


def _unpack(path: str | Path, stored: Any) -> NDArray[np.float64] | None:
    try:
        return unpack_array(stored)
    except ValueError as error:
        raise InputError(f"{path}: {error}; expected a whole file; write it again") from error


def _ldak_metadata(ldak: LdakColumns | None) -> dict[str, Any] | None:
    """Sums and counts; columns of SNPs are in the table."""
    if ldak is None:
        return None
    return {
        "contributions": pack_array(ldak.contributions),
        "counts": ldak.counts.tolist(),
        "n_reference": ldak.n_reference,
        "n_heritability": ldak.n_heritability,
        "kind": ldak.kind,
    }


def _read_ldak(path: str | Path, table: pa.Table, stored: Mapping[str, Any] | None) -> LdakColumns | None:
    if stored is None:
        return None
    columns = {name: f"ldak_{name}" for name in SNP_COLUMNS if f"ldak_{name}" in table.column_names}
    contributions = _unpack(path, stored["contributions"])
    if contributions is None:
        raise InputError(f"{path}: LDAK's sums are missing; expected a whole file; write it again")
    return LdakColumns(
        contributions=contributions,
        counts=np.array(stored["counts"], dtype=np.int64),
        n_reference=stored["n_reference"],
        n_heritability=stored["n_heritability"],
        kind=stored["kind"],
        **{name: as_numpy(table[column]) for name, column in columns.items()},
    )
