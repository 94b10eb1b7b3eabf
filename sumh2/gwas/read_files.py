"""Reading a GWAS file: its header, the comments and side file with it, and the columns that munge or the doctor needs."""

from __future__ import annotations

import csv
import dataclasses
import io
import logging
import re
import tempfile
import time
from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ldscores.shared.arrow_arrays import as_numpy
from ldscores.shared.errors import InputError
from ldscores.shared.streams import is_parquet, open_stream, reading
from ldscores.shared.table_headers import read_header, split_line
from ldscores.shared.tables import NULL_TEXTS, parquet_columns, read_table
from sumh2.gwas.alleles import name_numbered_alleles
from sumh2.gwas.first_lines import KNOWN_HEADERS, check_is_gwas_table
from sumh2.gwas.header_names import CATEGORY, FIELDS, NAME_PARTS, clean_header
from sumh2.gwas.headers import AlleleDoubt, ColumnMap, map_columns
from sumh2.gwas.matching_files import check_convention, complete_from_panel, settle_alleles
from sumh2.gwas.names import NAME_WITH_ALLELES, parts_of_names
from sumh2.gwas.number_texts import describe_odd_text
from sumh2.gwas.panel import KnownVariants
from sumh2.gwas.side_files import read_comment_words, read_side_file
from sumh2.gwas.table import GwasTable, read_positions
from sumh2.gwas.vcf_files import is_vcf, read_gwas_vcf
from sumh2.munging.result import MungeOptions
from sumh2.munging.sample_sizes import choose_n_source
from sumh2.munging.z_scores import choose_z_source

logger = logging.getLogger(__name__)

#: Lines before the header that begin with this are passed over (by default; LDSC stumbles over them).
COMMENT = "##"

#: Other beginnings of comment lines, tried where the line after "##" is no header.
_COMMENTS = (COMMENT, (COMMENT, "# "), (COMMENT, "#"))

_CATEGORY = pa.dictionary(pa.int32(), pa.string())

#: Files above this size report how reading goes.
_LARGE_FILE = 100 << 20

#: Options that name a column, and the field each names.
_COLUMN_OPTIONS = {
    "snp": "SNP", "chrom": "CHR", "bp": "BP", "effect_allele": "A1", "other_allele": "A2", "p": "P", "log10p": "LOG10P",
    "beta": "BETA", "odds_ratio": "OR", "se": "SE", "z": "Z", "chisq": "CHISQ", "sign": "SIGN", "direction": "DIRECTION",
    "n_col": "N", "n_cas_col": "N_CAS", "n_con_col": "N_CON", "eaf": "EAF", "maf": "MAF", "info": "INFO",
    "nstudy": "NSTUDY",
}  # fmt: skip


def read_gwas(
    path: str | Path,
    options: MungeOptions | None = None,
    panel: KnownVariants | None = None,
    *,
    everything: bool = False,
) -> GwasTable:
    """Read the columns of a GWAS that munge needs.

    Parameters
    ----------
    path
        A text table (tabs, commas, semicolons or blanks; plain, gzip, bgzip, bz2, xz or zstd), a GWAS-VCF or a Parquet
        file.
    options
        Names of columns, and the choices that decide which columns are needed.
    panel
        Known variants: they settle an effect allele that the header leaves open, tell the other allele where the file
        has none, and give names where variants are matched by position.
    everything
        Read every column that is recognised, for an audit.

    Raises
    ------
    InputError
        See :func:`sumh2.gwas.headers.map_columns`; or the file is damaged, ragged, or has text in a number's place.
    """
    options = options or MungeOptions()
    top = _read_top(path)
    if is_vcf(top.header, top.first_line):
        gwas = read_gwas_vcf(path, top.header, top.comments, options.suffix or "")
        return _complete(gwas, options, panel)
    column_map = _map(path, top, options, panel, _empty_columns(path, top), nameless=everything)
    z_source = choose_z_source(tuple(column_map.columns), options, str(path))
    try:
        n_source = choose_n_source(tuple(column_map.columns), column_map, options, str(path))
    except InputError:
        if not everything:
            raise
        n_source = ()
    needed = _needed_fields(column_map, options, z_source, n_source, everything)
    # Beside a column of N too: who reads the result wants to know how many cases there were.
    counted = {"N_CAS", "N_CON"} - needed if {"N_CAS", "N_CON"} <= set(column_map.columns) else set()
    column_map = _only(column_map, needed | counted, top.header)
    # The digits of P matter only where Z is made of it.
    types = _column_types(column_map, text_p=z_source[0] == "P")
    try:
        try:
            table = _read_columns(path, column_map, types, top.comment)
        except InputError:
            if not counted:
                raise
            # N has a column of its own: what stands in those of cases and controls must not stop the run.
            column_map = _only(column_map, needed, top.header)
            table = _read_columns(path, column_map, types, top.comment)
    except InputError as error:
        if not everything:
            raise
        # A column that munge does without must not end an audit.
        gwas, what = read_gwas(path, options, panel), str(error).removeprefix(f"{path}: ").split(";")[0]
        note = f"{what}: only the columns that munge needs are looked at"
        return dataclasses.replace(
            gwas, column_map=dataclasses.replace(gwas.column_map, notes=(*gwas.column_map.notes, note))
        )
    if table.num_rows == 0:
        raise InputError(f"{path}: found a header and no rows; expected one row a SNP; is the file complete?")
    return _complete(_under_field_names(table, column_map, types, str(path)), options, panel)


def _only(column_map: ColumnMap, fields: set[str], header: Sequence[str]) -> ColumnMap:
    """The map of these fields; every other column is unused."""
    columns = {name: column for name, column in column_map.columns.items() if name in fields}
    column_map = dataclasses.replace(column_map, columns=columns)
    read = set(column_map.file_columns())
    return dataclasses.replace(column_map, unused=tuple(name for name in header if name not in read))


def _complete(gwas: GwasTable, options: MungeOptions, panel: KnownVariants | None) -> GwasTable:
    if gwas.column_map.stated.get("coordinates") == "0-based" and "BP" in gwas:
        gwas = _count_from_one(gwas)
    return check_convention(complete_from_panel(gwas, options, panel), panel)


def _count_from_one(gwas: GwasTable) -> GwasTable:
    """Positions that the side file says are counted from 0, from 1."""
    positions, _ = read_positions(gwas.array("BP"))
    place = gwas.table.column_names.index("BP")
    table = gwas.table.set_column(place, "BP", pa.array(positions + 1).cast(pa.string()))
    note = "1 is added to positions, which are counted from 0 as stated beside the file"
    column_map = dataclasses.replace(gwas.column_map, notes=(*gwas.column_map.notes, note))
    return dataclasses.replace(gwas, table=table, column_map=column_map)


def _needed_fields(column_map: ColumnMap, options: MungeOptions, z_source, n_source, everything: bool) -> set[str]:
    if everything:
        return set(column_map.columns)
    needed = {"SNP", "CHR", "BP", "A1", "A2", "P", "LOG10P", "EAF", "INFO", *z_source, *n_source}
    needed |= {"MAF"} if "EAF" not in column_map.columns else set()
    needed |= {"NSTUDY"} if n_source in (("constant",), ("header",)) else set()
    needed |= {"DIRECTION"} if n_source == ("cohorts",) else set()
    needed |= {"SE"} if n_source == ("inferred",) else set()
    return needed


def _column_types(column_map: ColumnMap, *, text_p: bool) -> dict[str, pa.DataType]:
    types: dict[str, pa.DataType] = dict.fromkeys(column_map.info_list, pa.float64())
    for name, column in column_map.columns.items():
        # A position is only carried along: an odd one must not stop the run.
        is_text = name in ("SNP", "BP") or (name == "P" and text_p)
        types[column] = pa.string() if is_text else _CATEGORY if FIELDS[name].kind == CATEGORY else pa.float64()
    types |= dict.fromkeys(column_map.allele_pair or (), _CATEGORY)
    types |= {column_map.keep_rows[0]: _CATEGORY} if column_map.keep_rows else {}
    return {column: kind for column, kind in types.items() if column not in NAME_PARTS}


# ---------------------------------------------------------------------------------------------------------------------
# The top of the file


@dataclass(frozen=True)
class _Top:
    """Header, first rows, and the comments before them."""

    header: list[str]
    first_rows: list[list[str]]
    first_line: str = ""
    comments: tuple[str, ...] = ()
    comment: str | tuple[str, ...] = COMMENT


def _read_top(path: str | Path) -> _Top:
    if is_parquet(path):
        try:
            return _Top(parquet_columns(path), [])
        except InputError as error:
            raise InputError(f"{path}: the Parquet file is damaged ({error}); download or write it again") from None
    with reading(Path(path)), open_stream(path) as stream:
        text = stream.read(1 << 16).decode("utf-8-sig", "replace")
    lines = [line for line in text.splitlines() if line.strip()]
    comment = _comment_of(lines)
    header, separator = read_header(path, comment)
    rows = [split_line(line, separator) for line in lines if not line.startswith(comment)][1:]
    comments = tuple(line for line in lines if line.startswith(comment))
    first_line = lines[0] if lines else ""
    if not is_vcf(header, first_line):
        check_is_gwas_table(header, rows[:3], str(path))
    # The last line of the block may be cut short.
    return _Top(header, rows[:-1] if len(rows) > 3 else rows, first_line, comments, comment)


def _comment_of(lines: Sequence[str]) -> str | tuple[str, ...]:
    """How comments before the header begin: such that the first other line has names of columns."""
    for comment in _COMMENTS:
        header = next((line for line in lines if not line.startswith(comment)), "")
        names = {clean_header(name) for name in re.split(r"[\t ,;]+", header)}
        if len(names & KNOWN_HEADERS) > 2:
            return comment
    return COMMENT


def _empty_columns(path: str | Path, top: _Top) -> list[str]:
    """Columns without any value, e.g. hm_odds_ratio beside hm_beta."""
    if not top.first_rows:
        return []
    rows = [row for row in top.first_rows if len(row) == len(top.header)]
    seem = [
        name for place, name in enumerate(top.header)
        if rows and top.header.count(name) == 1 and all(row[place].strip().strip('"') in NULL_TEXTS for row in rows)
        and clean_header(name) in KNOWN_HEADERS
    ]  # fmt: skip
    if not seem:
        return []
    try:
        table = read_table(path, columns=seem, types=dict.fromkeys(seem, pa.string()), comment=top.comment,
                           fill_short_lines=False)  # fmt: skip
    except InputError:
        return []  # whatever is wrong with the file is said when it is read
    return [name for name in seem if table.column(name).null_count == table.num_rows]


def _map(
    path: str | Path,
    top: _Top,
    options: MungeOptions,
    panel: KnownVariants | None,
    empty: Sequence[str],
    *,
    nameless: bool,
) -> ColumnMap:
    """The columns of the file, with what comments and the side file state; ``nameless`` lets names be missing."""
    words, stated = read_comment_words(top.comments)
    people, beside, note = read_side_file(path)
    names = _names_of(top)
    arguments: dict[str, Any] = {
        "ignore": (*options.ignore, *(name for name in empty if name not in options.ignore)),
        "info_list": options.info_list, "need_alleles": not options.no_alleles,
        "need_effect": not options.a1_inc, "first_rows": top.first_rows[:3], "where": str(path),
        "suffix": options.suffix or "", "stated": words, "with_panel": panel is not None and panel.has_alleles,
        "names_hold_alleles": bool(names) and all(re.fullmatch(NAME_WITH_ALLELES, name) for name in names),
        "match_by_position": nameless or options.match_by == "position",
    }  # fmt: skip
    overrides = _overrides(options, top.header, str(path))
    try:
        column_map = map_columns(top.header, overrides, **arguments)
    except AlleleDoubt as doubt:
        settled = settle_alleles(path, top.header, top.comment, options, panel, doubt)
        column_map = map_columns(top.header, {**overrides, **settled.columns}, **arguments)
        column_map = dataclasses.replace(column_map, rule="frequency", notes=(*column_map.notes, settled.note))
    notes = [f"no values in {', '.join(empty)}: not used"] if empty else []
    header_n = {**people, **column_map.header_n}
    notes += [note] if note else []
    return dataclasses.replace(
        column_map, header_n=header_n, stated={**stated, **beside}, notes=(*column_map.notes, *notes)
    )


def _names_of(top: _Top) -> list[str]:
    """The variant's name in each of the first rows, by the best-known header."""
    cleaned = [clean_header(name) for name in top.header]
    for tier in FIELDS["SNP"].names():
        place = next((cleaned.index(name) for name in tier if name in cleaned), None)
        if place is not None:
            return [row[place] for row in top.first_rows if len(row) == len(top.header)]
    return []


def _overrides(options: MungeOptions, header: list[str], where: str) -> dict[str, str]:
    """Fields whose column an option names."""
    named = {field: getattr(options, option) for option, field in _COLUMN_OPTIONS.items()}
    found = {field: column for field, column in named.items() if column}
    if options.signed:
        column, null_value = options.signed
        effect = {0.0: "BETA", 1.0: "OR"}.get(float(null_value))
        if effect is None:
            raise InputError(
                f"{where}: --signed-sumstats {column},{null_value:g}: expected 0 (an effect, log odds ratio or Z) or 1 "
                "(an odds ratio) for no effect; correct it, or use --ldsc, which takes any number"
            )
        is_z = any(clean_header(column) in tier for tier in FIELDS["Z"].names())
        found["Z" if effect == "BETA" and is_z else effect] = column
    return found


# ---------------------------------------------------------------------------------------------------------------------
# The rows


def _read_columns(
    path: str | Path, column_map: ColumnMap, types: dict[str, pa.DataType], comment: str | tuple[str, ...]
) -> pa.Table:
    columns = list(column_map.file_columns())
    size, started = Path(path).stat().st_size, time.monotonic()
    if size > _LARGE_FILE:
        logger.info("%s: reading %d columns of %.0f MB", path, len(columns), size / (1 << 20))
    try:
        table = read_table(path, columns=columns, types=types, comment=comment, fill_short_lines=False)
    except InputError as error:
        found = re.search(r"a line has (\d+) fields where the header has (\d+)", str(error))
        if found is None:
            text = re.search(r"column (\S+): found '.*', expected a number", str(error))
            if text is None or is_parquet(path):
                raise
            with closing(_texts_of(path, text[1], comment)) as numbered:
                odd = describe_odd_text(numbered, "line")
            raise (InputError(f"{path}: column {text[1]}: {odd}") if odd else error) from None
        n_found, n_columns = map(int, found.groups())
        number, line = _ragged_line(path, n_columns, comment)
        if line.startswith("#"):
            return _read_without_comments(path, columns, types)
        where = f"line {number}" if number else "a line"
        remedy = "; --ldsc fills short lines with missing values" if n_found < n_columns else ""
        raise InputError(str(error).replace("a line has", f"{where} has", 1) + remedy) from None
    if size > _LARGE_FILE:
        logger.info("%s: %d rows read in %.0f s", path, table.num_rows, time.monotonic() - started)
    return table


def _read_without_comments(path: str | Path, columns: list[str], types: dict[str, pa.DataType]) -> pa.Table:
    """A table with comment lines among or after its rows, as SNPTEST writes them, through a copy without them."""
    with tempfile.TemporaryDirectory(prefix="sumh2") as folder:
        copy = Path(folder) / Path(path).name
        with open_stream(path) as stream, copy.open("wb") as cleaned:
            # Arrow's streams know neither lines nor their type.
            for line in io.BufferedReader(cast(io.RawIOBase, stream)):
                if not line.startswith(b"#"):
                    cleaned.write(line)
        try:
            return read_table(copy, columns=columns, types=types, fill_short_lines=False)
        except InputError as error:
            raise InputError(str(error).replace(str(copy), str(path))) from None


def _texts_of(path: str | Path, column: str, comment: str | tuple[str, ...]) -> Generator[tuple[int, str], None, None]:
    """Number of the line, from 1, and text of each value of a column."""
    header, separator = read_header(path, comment)
    place, is_header = header.index(column), True
    with open_stream(path) as stream:
        lines = io.TextIOWrapper(stream, encoding="utf-8", errors="replace")
        for number, line in enumerate(lines, start=1):
            if (is_header and line.startswith(comment)) or not line.strip():
                continue
            fields = split_line(line.rstrip("\r\n"), separator)
            if not is_header and place < len(fields):
                yield number, fields[place]
            is_header = False


def _ragged_line(path: str | Path, n_columns: int, comment: str | tuple[str, ...]) -> tuple[int, str]:
    """Number, from 1, and text of the first line with another number of fields; 0 where there is none."""
    _, separator = read_header(path, comment)
    with open_stream(path) as stream:
        lines = io.TextIOWrapper(stream, encoding="utf-8", errors="replace")
        for number, line in enumerate(lines, start=1):
            text = line.rstrip("\r\n")
            fields = next(csv.reader([text], delimiter=separator)) if '"' in text and len(separator) == 1 else None
            ragged = len(fields if fields is not None else split_line(text, separator)) != n_columns
            if ragged and text.strip() and not text.startswith(comment):
                return number, text
    return 0, ""


def _under_field_names(table: pa.Table, column_map: ColumnMap, types, source: str) -> GwasTable:
    """The same columns under the names of the fields."""
    parts = parts_of_names(table, column_map)

    def taken(column: str) -> pa.ChunkedArray | pa.Array:
        return parts[column] if column in parts else table.column(column)

    columns: dict[str, Any] = {name: taken(column) for name, column in column_map.columns.items()}
    for name, column in zip(("PAIR1", "PAIR2"), column_map.allele_pair or (), strict=False):
        columns[name] = taken(column)
    if column_map.keep_rows:
        columns["ROWS"] = table.column(column_map.keep_rows[0])
    if column_map.info_list:
        values = np.stack([as_numpy(table.column(column)) for column in column_map.info_list])
        there = ~np.isnan(values)
        total, count = np.where(there, values, 0).sum(axis=0), there.sum(axis=0)
        columns["INFO"] = np.where(count > 0, total / np.maximum(count, 1), np.nan)
    named = pa.table(columns)
    for position, field in enumerate(named.schema):
        wanted = types.get(column_map.columns.get(field.name, ""), field.type)
        if field.type != wanted and field.name != "INFO":
            # Parquet comes with types of its own.
            values = _cast(named.column(field.name), wanted, f"{source}: column {column_map.columns[field.name]}")
            named = named.set_column(position, field.name, values)
    columns = {name: named.column(name) for name in named.column_names}
    if name_numbered_alleles(columns):
        note = "alleles 1 2 3 4 are read as A C G T (PLINK's --allele1234)"
        column_map = dataclasses.replace(column_map, notes=(*column_map.notes, note))
        named = pa.table(columns)
    if column_map.columns.get("SNP") and clean_header(column_map.columns["SNP"]) == "RSIDS":
        # FinnGen and PheWeb list all rsIDs of a variant: the first is the usual one.
        place = named.column_names.index("SNP")
        first = pc.replace_substring_regex(named.column("SNP"), r",.*$", "")
        named = named.set_column(place, "SNP", pc.if_else(pc.equal(first, ""), None, first))
    return GwasTable(named, column_map, source)


def _cast(values: pa.ChunkedArray, wanted: pa.DataType, where: str) -> pa.ChunkedArray:
    try:
        if wanted == _CATEGORY:
            return pc.dictionary_encode(values.cast(pa.string())).cast(_CATEGORY)
        return values.cast(wanted)
    except pa.ArrowInvalid as error:
        raise InputError(f"{where}: {error}; expected {wanted}; correct the values or leave them empty") from None
