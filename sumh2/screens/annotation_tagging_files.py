"""Annotations to screen from files: Parquet tables of taggings, ``.ldcts`` lists, LD scores as published."""

from __future__ import annotations

import functools
import json
import logging
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ldscores.shared import tables
from ldscores.shared.alleles import encode_alleles
from ldscores.shared.arrow_arrays import as_numpy
from ldscores.shared.errors import InputError
from ldscores.shared.messages import first_of, nearest_names, some_of
from ldscores.taggings.tagging import RESERVED_COLUMNS, Tagging
from ldscores.taggings.tagging_files import FORMAT_NAME, FORMAT_VERSION, read_stored_sums, read_tagging
from sumh2.screens.annotation_taggings import (
    AnnotationBatch,
    AnnotationSource,
    AnnotationTotals,
    ControlColumns,
    ReadingPlan,
    StoredTotals,
    TaggingAnnotations,
    no_common_names,
    rows_of,
)

log = logging.getLogger(__name__)

LIST_SUFFIX = ".ldcts"
#: Rows of a Parquet table decoded at a time.
_ROWS_AT_A_TIME = 1 << 17


def find_annotations(names: str | os.PathLike[str]) -> list[AnnotationSource]:
    """Annotations by name: ``.ldcts`` lists, Parquet tables, LD scores; several with commas.

    Parameters
    ----------
    names
        A name that ends in ``.ldcts`` is a list of LDSC's ``--ref-ld-chr-cts``; one that ends in ``.parquet`` a table
        of taggings, of `ldscores build` or any other with a column SNP and one column an annotation; everything else is
        LD scores as :func:`sumh2.read_tagging` knows them, which are held in memory.

    Raises
    ------
    InputError
        A file is missing or is not what its name says.
    """
    return [_find_one(name) for name in os.fspath(names).split(",") if name]


def _find_one(name: str) -> AnnotationSource:
    if name.endswith(LIST_SUFFIX):
        return read_annotation_list(name)
    if name.endswith(".parquet") and ".l2.ldscore" not in name:
        return ParquetAnnotations(name)
    return TaggingAnnotations(read_tagging(name))


# ---------------------------------------------------------------------------------------------------------------------
# Parquet, column by column


class ParquetAnnotations(AnnotationSource):
    """Columns of a Parquet table, read a batch at a time; memory does not grow with their number.

    Parameters
    ----------
    path
        ``*.tagging.parquet`` of `ldscores build`, whose totals and overlaps are used, or any Parquet table with a column
        SNP, whose other columns of numbers are annotations of unknown totals.

    Raises
    ------
    InputError
        The file is missing, damaged, of a newer version, or has no column SNP or none of numbers.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        schema, metadata = _read_schema(self.path)
        tables.check_columns(self.path, schema.names, ["SNP"])
        # Ours, or foreign: then nothing is known but the columns.
        if metadata:
            tables.check_format(self.path, metadata, FORMAT_NAME, FORMAT_VERSION)
        self._names = tuple(metadata.get("names", ())) or _number_columns(schema)
        if not self._names:
            raise InputError(f"{path}: found no column of numbers; expected one an annotation; is it the right file?")
        tables.check_columns(self.path, schema.names, self._names)
        self._stored = _stored_totals(self.path, self._names, metadata)
        self._single = frozenset(name for name in self._names if schema.field(name).type == pa.float32())

    @property
    def names(self) -> tuple[str, ...]:
        return self._names

    @property
    def where(self) -> str:
        return str(self.path)

    @property
    def files(self) -> tuple[str, ...]:
        return (str(self.path),)

    @functools.cached_property
    def snp(self) -> pa.Array:
        """Names of the SNPs of the table."""
        column = tables.read_parquet(self.path, columns=["SNP"])[0]["SNP"].combine_chunks()
        return column.cast(pa.string())

    def covers(self, snp: pa.Array) -> NDArray[np.bool_]:
        return rows_of(snp, self.snp) >= 0

    def batches(self, places: Sequence[int], plan: ReadingPlan) -> Iterator[AnnotationBatch]:
        rows = rows_of(plan.snp, self.snp)
        for first in range(0, len(places), plan.batch_size):
            chosen = list(places[first : first + plan.batch_size])
            names = tuple(self._names[place] for place in chosen)
            values = self._read(names, rows)
            yield AnnotationBatch(names, values, self._stored.of(chosen, plan), problems=("",) * len(names))

    def _read(self, names: tuple[str, ...], rows: NDArray[np.int64]) -> NDArray[np.floating]:
        """Columns on other rows, (n_names, n_rows); NaN where a row is -1."""
        import pyarrow.parquet as pq

        order = None if (rows[1:] > rows[:-1]).all() else np.argsort(rows, kind="stable")
        ordered = rows if order is None else rows[order]
        single = self._single.issuperset(names)
        values = np.empty((len(names), len(rows)), dtype=np.float32 if single else np.float64)
        absent = rows < 0
        if absent.any():
            values[:, absent] = np.nan
        start = 0
        with tables.reading(self.path):
            stored = pq.ParquetFile(self.path)
            for batch in stored.iter_batches(batch_size=_ROWS_AT_A_TIME, columns=list(names)):
                first, last = np.searchsorted(ordered, [start, start + batch.num_rows])
                at = slice(first, last) if order is None else order[first:last]
                here = ordered[first:last] - start
                whole = len(here) == batch.num_rows and isinstance(at, slice)
                for place, name in enumerate(names):
                    column = as_numpy(batch.column(name))
                    values[place, at] = column if whole else column[here]
                start += batch.num_rows
        return values


def _read_schema(path: Path) -> tuple[pa.Schema, dict[str, Any]]:
    import pyarrow.parquet as pq

    if not tables.is_parquet(path):
        raise InputError(f"{path}: found no Parquet file; expected a table of taggings; was it written by ldscores?")
    with tables.reading(path):
        schema = pq.read_schema(path)
    text = (schema.metadata or {}).get(b"sumh2")
    return schema, json.loads(text) if text else {}


def _number_columns(schema: pa.Schema) -> tuple[str, ...]:
    """Columns that can be annotations of a table of other origin."""
    return tuple(
        field.name
        for field in schema
        if (pa.types.is_floating(field.type) or pa.types.is_integer(field.type))
        and field.name not in RESERVED_COLUMNS
        and not field.name.startswith("__index_level_")
    )


def _stored_totals(path: Path, names: tuple[str, ...], metadata: dict[str, Any]) -> StoredTotals:
    stored = read_stored_sums(path, metadata)

    def arrays(keys: dict[str, str]) -> dict[str, NDArray[np.float64]]:
        return {which: stored[key] for which, key in keys.items() if stored[key] is not None}

    counts = {"M": metadata.get("n_reference"), "M_5_50": metadata.get("n_reference_5_50")}
    return StoredTotals(
        names=names,
        m=arrays({"M": "m", "M_5_50": "m_5_50"}),
        overlap=arrays({"M": "overlap", "M_5_50": "overlap_5_50"}),
        n_reference={which: count for which, count in counts.items() if count is not None},
        block_share=None if stored["touched"] is None else stored["touched"].share,
    )


# ---------------------------------------------------------------------------------------------------------------------
# Lists of LDSC's --h2-cts


@dataclass(frozen=True)
class ListedAnnotation:
    """A line of a ``.ldcts`` list: the first column of the first prefix is tested, all others stand beside it."""

    name: str
    prefixes: tuple[str, ...]


class ListedAnnotations(AnnotationSource):
    """The lines of a ``.ldcts`` list; LD scores of a line are read when it is its turn, a control that recurs once.

    Parameters
    ----------
    path
    lines
    """

    def __init__(self, path: Path, lines: Sequence[ListedAnnotation]) -> None:
        self.path, self.lines = path, tuple(lines)
        self._used: dict[str, None] = {}

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(line.name for line in self.lines)

    @property
    def where(self) -> str:
        return str(self.path)

    @property
    def files(self) -> tuple[str, ...]:
        return (str(self.path), *self._used)

    def batches(self, places: Sequence[int], plan: ReadingPlan) -> Iterator[AnnotationBatch]:
        pending: list[_Line] = []
        controls_of: tuple[tuple[str, ...], ControlColumns | None] | None = None
        for place in places:
            line = self.lines[place]
            known = controls_of[1] if controls_of is not None and controls_of[0] == line.prefixes[1:] else None
            read = self._read(line, plan, known)
            if pending and (len(pending) == plan.batch_size or pending[0].controls is not read.controls):
                yield _joined(pending, plan)
                pending = []
            if read.shared_controls:
                controls_of = (line.prefixes[1:], read.controls)
            pending.append(read)
        if pending:
            yield _joined(pending, plan)

    def _read(self, line: ListedAnnotation, plan: ReadingPlan, known: ControlColumns | None) -> _Line:
        try:
            tested = self._columns(line.prefixes[0], plan)
            controls = known
            if known is None and (len(line.prefixes) > 1 or len(tested.names) > 1):
                others = [self._columns(prefix, plan) for prefix in line.prefixes[1:]]
                controls = _side_by_side([_without_first(tested), *others])
            return _Line(line.name, tested, controls, shared_controls=len(tested.names) == 1)
        except InputError as error:
            # One line that cannot be read is a row of the result, not the end of the screen.
            missing = ControlColumns(("",), np.full((1, len(plan.snp)), np.nan), np.full(1, np.nan))
            return _Line(line.name, missing, None, shared_controls=False, problem=str(error))

    def _columns(self, prefix: str, plan: ReadingPlan) -> ControlColumns:
        tagging = self._tagging(prefix)
        self._used.update(dict.fromkeys(tagging.sources))
        rows = rows_of(plan.snp, tagging.snp)
        if not (rows >= 0).any():
            raise InputError(no_common_names(plan.snp, tagging.snp, tagging.where))
        values = np.ascontiguousarray(tagging.tagging.T[:, rows])
        values[:, rows < 0] = np.nan
        m = tagging.m_5_50 if plan.which == "M_5_50" else tagging.m
        return ControlColumns(tagging.names, values, np.full(len(values), np.nan) if m is None else m)

    def _tagging(self, prefix: str) -> Tagging:
        """LD scores of a prefix, which is looked for from here and then from the folder of the list."""
        beside = self.path.parent / prefix
        try:
            return read_tagging(prefix)
        except InputError:
            if Path(prefix).is_absolute() or not (list(beside.parent.glob(f"{beside.name}*")) or beside.is_dir()):
                raise
            return read_tagging(beside)


@dataclass(frozen=True)
class _Line:
    name: str
    tested: ControlColumns
    controls: ControlColumns | None
    shared_controls: bool
    problem: str = ""


def _without_first(columns: ControlColumns) -> ControlColumns:
    return ControlColumns(columns.names[1:], columns.values[1:], columns.m[1:])


def _side_by_side(parts: Sequence[ControlColumns]) -> ControlColumns:
    return ControlColumns(
        tuple(name for part in parts for name in part.names),
        np.concatenate([part.values for part in parts]),
        np.concatenate([part.m for part in parts]),
    )


def _joined(lines: Sequence[_Line], plan: ReadingPlan) -> AnnotationBatch:
    unknown = AnnotationTotals.unknown(len(lines), len(plan.categories))
    return AnnotationBatch(
        names=tuple(line.name for line in lines),
        values=np.stack([line.tested.values[0] for line in lines]),
        totals=AnnotationTotals(
            np.array([line.tested.m[0] for line in lines]), unknown.squares, unknown.overlap, unknown.block_share,
            unknown.n_reference,
        ),
        controls=lines[0].controls,
        problems=tuple(line.problem for line in lines),
    )  # fmt: skip


def read_annotation_list(path: str | os.PathLike[str]) -> ListedAnnotations:
    """A ``.ldcts`` list: a name and prefixes of LD scores with commas between them on each line.

    Raises
    ------
    InputError
        The file is missing or empty, a line has not two fields, or a name appears twice.
    """
    path = Path(path)
    lines: list[ListedAnnotation] = []
    line_of: dict[str, int] = {}
    for number, text in enumerate(tables.read_text(path).splitlines(), start=1):
        words = text.split()
        if not words:
            continue
        if len(words) != 2:
            raise InputError(
                f"{path}: line {number} has {len(words)} fields ({text[:60]!r}); expected two, a name and prefixes of LD "
                "scores with commas between them; write names without blanks"
            )
        name, prefixes = words[0], tuple(prefix for prefix in words[1].split(",") if prefix)
        if name in line_of or not prefixes:
            found = f"name {name!r} is that of line {line_of[name]}" if name in line_of else "there is no prefix"
            raise InputError(f"{path}: line {number}: {found}; expected unique names, each with LD scores; correct it")
        line_of[name] = number
        lines.append(ListedAnnotation(name, prefixes))
    if not lines:
        raise InputError(f"{path}: found no annotation; expected lines: name, blank, prefix of LD scores; name another")
    log.info("%s: %d annotations", path, len(lines))
    return ListedAnnotations(path, lines)


# ---------------------------------------------------------------------------------------------------------------------
# The baseline out of a table that holds annotations too


def read_baseline(path: str | os.PathLike[str], chosen: str) -> Tagging:
    """Some categories of a ``.tagging.parquet``, without reading the others.

    Parameters
    ----------
    path
    chosen
        A number, for as many categories from the first; names with commas; or a file of names, one a line.

    Raises
    ------
    InputError
        The file is not a tagging of ours, or lacks a category.
    """
    path = Path(path)
    schema, metadata = _read_schema(path)
    tables.check_format(path, metadata, FORMAT_NAME, FORMAT_VERSION)
    stored = tuple(metadata["names"])
    names = _chosen_names(chosen, stored, path)
    places = [stored.index(name) for name in names]
    reserved = [name for name in RESERVED_COLUMNS if name in schema.names and not name.startswith("ldak_")]
    table = tables.read_parquet(path, columns=[*reserved, *names])[0]
    values = np.empty((table.num_rows, len(names)))
    for place, name in enumerate(names):
        values[:, place] = as_numpy(table[name])
    totals = _stored_totals(path, stored, metadata)
    touched = read_stored_sums(path, metadata)["touched"]
    columns: dict[str, Any] = {
        name.lower(): as_numpy(table[name]) for name in ("CM", "MAF", "regression_tagging") if name in reserved
    }
    columns |= {name.lower(): encode_alleles(table[name]) for name in ("A1", "A2") if name in reserved}
    text = {name: table[name].combine_chunks().cast(pa.string()) for name in ("SNP", "CHR")}

    def some(arrays: dict[str, NDArray[np.float64]], which: str) -> NDArray[np.float64] | None:
        array = arrays.get(which)
        return None if array is None else array[places] if array.ndim == 1 else array[np.ix_(places, places)]

    return Tagging(
        snp=text["SNP"], chrom=text["CHR"], bp=as_numpy(table["BP"]), tagging=values, names=names,
        m=some(totals.m, "M"), m_5_50=some(totals.m, "M_5_50"), overlap=some(totals.overlap, "M"),
        overlap_5_50=some(totals.overlap, "M_5_50"), n_reference=totals.n_reference.get("M"),
        n_reference_5_50=totals.n_reference.get("M_5_50"), model=metadata.get("model", ""),
        window=metadata.get("window", ""), sources=(str(path),), notes=tuple(metadata.get("notes", ())),
        touched=None if touched is None else touched.select(places), **columns,
    )  # fmt: skip


def _chosen_names(chosen: str, stored: tuple[str, ...], path: Path) -> tuple[str, ...]:
    if chosen.isdigit():
        count = int(chosen)
        if not 0 < count < len(stored):
            raise InputError(
                f"--baseline {chosen}: {path} holds {len(stored)} categories; expected a number of the first ones that "
                "leaves some to test; correct it"
            )
        return stored[:count]
    lines = tables.read_text(chosen).split() if Path(chosen).is_file() else chosen.split(",")
    names = tuple(name for name in lines if name)
    missing = [name for name in names if name not in stored]
    if missing or not names:
        near = dict.fromkeys(known for name in missing[:3] for known in nearest_names(name, stored, 2))
        raise InputError(
            f"--baseline: {path} has no category {some_of(missing, 3) or 'of no name'}; found {len(stored)} of other names "
            f"(such as {', '.join(near) or first_of(stored)}); expected some of these with commas, a file of names, or a "
            "number; correct them"
        )
    return names
