"""GWAS files: read the columns munge needs, munge them, write the result."""

from __future__ import annotations

import csv
import dataclasses
import difflib
import io
import re
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ldscores.shared.alleles import encode_alleles
from ldscores.shared.arrow_arrays import as_numpy
from ldscores.shared.errors import InputError
from ldscores.shared.outputs import check_stem
from ldscores.shared.streams import is_parquet, open_stream
from ldscores.shared.table_headers import read_header, split_line
from ldscores.shared.tables import WHITESPACE, check_columns, read_table, write_json, write_text
from ldscores.shared.unique_names import is_first_of_each
from sumh2.gwas_first_lines import check_is_gwas_table
from sumh2.gwas_headers import CATEGORY, FIELDS, ColumnMap, clean_header, map_columns
from sumh2.gwas_headers_ldsc import map_columns_ldsc
from sumh2.gwas_table import GwasTable, SnpList
from sumh2.munge_ldsc import munge_gwas_ldsc
from sumh2.munge_result import MungeOptions, MungeResult
from sumh2.munging import choose_n_source, choose_z_source, munge_gwas
from sumh2.sumstats import SumStats
from sumh2.sumstats_files import trait_name, write_ldsc_text, write_sumstats

#: Lines before the header that begin with this are passed over (by default; LDSC stumbles over them).
COMMENT = "##"

_CATEGORY = pa.dictionary(pa.int32(), pa.string())

#: Options that name a column, and the field each names.
_COLUMN_OPTIONS = {
    "snp": "SNP", "chrom": "CHR", "bp": "BP", "effect_allele": "A1", "other_allele": "A2", "p": "P", "log10p": "LOG10P",
    "beta": "BETA", "odds_ratio": "OR", "se": "SE", "z": "Z", "n_col": "N", "n_cas_col": "N_CAS", "n_con_col": "N_CON",
    "eaf": "EAF", "maf": "MAF", "info": "INFO", "nstudy": "NSTUDY",
}  # fmt: skip


# ---------------------------------------------------------------------------------------------------------------------
# Reading


def read_gwas(path: str | Path, options: MungeOptions | None = None) -> GwasTable:
    """Read the columns of a GWAS that munge needs.

    Parameters
    ----------
    path
        A text table (tabs, commas, semicolons or blanks; plain, gzip, bgzip, bz2, xz or zstd) or a Parquet file.
    options
        Names of columns, and the choices that decide which columns are needed.

    Raises
    ------
    InputError
        See :func:`sumh2.gwas_headers.map_columns`; or the file is damaged, ragged, or has text in a number's place.
    """
    options = options or MungeOptions()
    header, first_rows = _look_at(path)
    column_map = map_columns(
        header, _overrides(options, header, str(path)), ignore=options.ignore, info_list=options.info_list,
        need_alleles=not options.no_alleles, need_effect=not options.a1_inc, first_rows=first_rows, where=str(path),
    )  # fmt: skip
    z_source = choose_z_source(tuple(column_map.columns), options, str(path))
    n_source = choose_n_source(tuple(column_map.columns), column_map, options, str(path))
    needed = {"SNP", "CHR", "BP", "A1", "A2", "P", "LOG10P", "EAF", "INFO", *z_source, *n_source}
    needed |= {"MAF"} if "EAF" not in column_map.columns else set()
    needed |= {"NSTUDY"} if n_source in (("constant",), ("header",)) else set()
    columns = {name: column for name, column in column_map.columns.items() if name in needed}
    column_map = dataclasses.replace(column_map, columns=columns)
    read = set(column_map.file_columns())
    column_map = dataclasses.replace(column_map, unused=tuple(name for name in header if name not in read))
    # The digits of P matter only where Z is made of it.
    text_p = z_source[0] == "P"
    types: dict[str, pa.DataType] = dict.fromkeys(column_map.info_list, pa.float64())
    for name, column in columns.items():
        # A position is only carried along: an odd one must not stop the run.
        is_text = name in ("SNP", "BP") or (name == "P" and text_p)
        types[column] = pa.string() if is_text else _CATEGORY if FIELDS[name].kind == CATEGORY else pa.float64()
    types |= dict.fromkeys(column_map.allele_pair or (), _CATEGORY)
    types |= {column_map.keep_rows[0]: _CATEGORY} if column_map.keep_rows else {}
    table = _read_columns(path, column_map, types)
    if table.num_rows == 0:
        raise InputError(f"{path}: found a header and no rows; expected one row a SNP; is the file complete?")
    return GwasTable(_under_field_names(table, column_map, types, str(path)), column_map, str(path))


def _look_at(path: str | Path) -> tuple[list[str], list[list[str]]]:
    """The header, and the first rows for messages."""
    if is_parquet(path):
        import pyarrow.parquet as pq

        try:
            return pq.ParquetFile(path).schema_arrow.names, []
        except pa.ArrowInvalid as error:
            raise InputError(f"{path}: the Parquet file is damaged ({error}); download or write it again") from None
    header, separator = read_header(path, COMMENT)
    with open_stream(path) as stream:
        lines = [text for text in stream.read(1 << 16).decode("utf-8-sig", "replace").splitlines() if text.strip()]
    rows = [split_line(line, separator) for line in lines if not line.startswith(COMMENT)][1:4]
    check_is_gwas_table(header, rows, lines[0], str(path))
    return header, rows


def _read_columns(path: str | Path, column_map: ColumnMap, types: dict[str, pa.DataType]) -> pa.Table:
    columns = list(column_map.file_columns())
    try:
        return read_table(path, columns=columns, types=types, comment=COMMENT, fill_short_lines=False)
    except InputError as error:
        found = re.search(r"a line has (\d+) fields where the header has (\d+)", str(error))
        if found is None:
            raise
        n_found, n_columns = map(int, found.groups())
        number = _ragged_line(path, n_columns)
        where = f"line {number}" if number is not None else "a line"
        remedy = "; --ldsc fills short lines with missing values" if n_found < n_columns else ""
        raise InputError(str(error).replace("a line has", f"{where} has", 1) + remedy) from None


def _ragged_line(path: str | Path, n_columns: int) -> int | None:
    """Number of the first line with another number of fields, from 1."""
    _, separator = read_header(path, COMMENT)
    with open_stream(path) as stream:
        lines = io.TextIOWrapper(stream, encoding="utf-8", errors="replace")
        for number, line in enumerate(lines, start=1):
            text = line.rstrip("\r\n")
            fields = next(csv.reader([text], delimiter=separator)) if '"' in text and len(separator) == 1 else None
            ragged = len(fields if fields is not None else split_line(text, separator)) != n_columns
            if ragged and text.strip() and not text.startswith(COMMENT):
                return number
    return None


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


def _under_field_names(table: pa.Table, column_map: ColumnMap, types, source: str) -> pa.Table:
    """The same columns under the names of the fields."""
    columns: dict[str, Any] = {name: table.column(column) for name, column in column_map.columns.items()}
    for name, column in zip(("PAIR1", "PAIR2"), column_map.allele_pair or (), strict=False):
        columns[name] = table.column(column)
    if column_map.keep_rows:
        columns["ROWS"] = table.column(column_map.keep_rows[0])
    if column_map.info_list:
        values = np.stack([as_numpy(table.column(column)) for column in column_map.info_list])
        there = ~np.isnan(values)
        total, count = np.where(there, values, 0).sum(axis=0), there.sum(axis=0)
        columns["INFO"] = np.where(count > 0, total / np.maximum(count, 1), np.nan)
    table = pa.table(columns)
    for position, field in enumerate(table.schema):
        wanted = types.get(column_map.columns.get(field.name, ""), field.type)
        if field.type != wanted and field.name != "INFO":
            # Parquet comes with types of its own.
            values = _cast(table.column(field.name), wanted, f"{source}: column {column_map.columns[field.name]}")
            table = table.set_column(position, field.name, values)
    return table


def _cast(values: pa.ChunkedArray, wanted: pa.DataType, where: str) -> pa.ChunkedArray:
    try:
        if wanted == _CATEGORY:
            return pc.dictionary_encode(values.cast(pa.string())).cast(_CATEGORY)
        return values.cast(wanted)
    except pa.ArrowInvalid as error:
        raise InputError(f"{where}: {error}; expected {wanted}; correct the values or leave them empty") from None


def read_snp_list(path: str | Path, *, with_alleles: bool) -> SnpList:
    """A list of SNPs: with alleles a table with columns SNP, A1, A2; without, one name a line (first column).

    The columns go by all their names (rsid, effect_allele, REF, ...); which allele is which is no matter.

    Raises
    ------
    InputError
        A column is missing or the list is empty.
    """
    header, _ = read_header(path)
    if with_alleles:
        named = {name: _listed_column(header, fields) for name, fields in _LIST_FIELDS.items()}
        check_columns(path, header, [column or name for name, column in named.items()])
        types = {named["SNP"]: pa.string(), named["A1"]: _CATEGORY, named["A2"]: _CATEGORY}
        table = read_table(path, columns=list(named.values()), types=types).rename_columns(list(named))
        table = table.filter(table.column("SNP").is_valid())
        alleles = [encode_alleles(table.column(name)) for name in ("A1", "A2")]
    else:
        names = [f"column {number}" for number in range(len(header))]
        table = read_table(path, columns=names[:1], column_names=names, types={names[0]: pa.string()})
        table = table.rename_columns(["SNP"])
        alleles = [None, None]
    if table.num_rows == 0:
        raise InputError(f"{path}: found no SNPs, expected a list of them; name another file")
    return SnpList(table.column("SNP").combine_chunks(), *alleles, source=str(path))


#: Fields that hold a column of a list: the reference's alleles are as good as any.
_LIST_FIELDS = {"SNP": ("SNP",), "A1": ("A1", "ALT"), "A2": ("A2", "REF")}


def _listed_column(header: list[str], fields: tuple[str, ...]) -> str | None:
    names = [name for field in fields for tier in FIELDS[field].names() for name in tier]
    cleaned = {clean_header(column): column for column in reversed(header)}
    return next((cleaned[name] for name in names if name in cleaned), None)


# ---------------------------------------------------------------------------------------------------------------------
# Reading, munging and writing in one


def munge(
    path: str | Path,
    *,
    out: str | Path | None = None,
    trait: str | None = None,
    ldsc: bool = False,
    text: bool = False,
    merge_alleles: str | Path | None = None,
    extract: str | Path | None = None,
    **options: Any,
) -> MungeResult:
    """Turn a GWAS file into summary statistics.

    Parameters
    ----------
    path
        The GWAS.
    out
        Stem of the files to write: ``out.sumstats.parquet`` and ``out.munge.json``; with ``text`` or ``ldsc`` also
        ``out.sumstats.gz``, and with ``ldsc`` LDSC's log ``out.log``.  Nothing is written without it.
    trait
        Name of the trait; by default the end of ``out``, or the file's name.
    ldsc
        Do exactly as LDSC 1.0.1 does, row for row.
    text
        Also write LDSC's ``.sumstats.gz``.
    merge_alleles, extract
        Lists of SNPs to keep, with and without alleles.
    **options
        Fields of :class:`sumh2.munge_result.MungeOptions`; each is the flag of ``sumh2 munge`` with underscores.

        The columns, by their names in the file: ``snp, chrom, bp, effect_allele, other_allele, p, log10p, beta,
        odds_ratio, se, z, n_col, n_cas_col, n_con_col, eaf, maf, info, nstudy``; ``signed`` (a column with the sign of
        the effect and its value for no effect, e.g. ``("BETA", 0.0)``); ``ignore`` and ``info_list`` (tuples).

        Numbers of people: ``n``, or ``n_cas`` and ``n_con``; they take the place of columns.

        Thresholds: ``info_min=0.9, maf_min=0.01, n_min, nstudy_min``.

        Choices: ``z_from="auto"`` (or effect, z, p), ``no_alleles``, ``a1_inc``; with ``ldsc`` also ``keep_maf``,
        ``daner``, ``daner_n``.

    Raises
    ------
    InputError
        The file or the options do not do; the message says what to change.  Nothing is then written.
    """
    stem = _stem(out, path, text or ldsc) if out is not None else None
    _check_names(options, str(path))
    chosen = MungeOptions(**options, out=stem, extract_given=extract is not None)
    _check_options(chosen, ldsc, merge_alleles is not None, str(path))
    listed = read_snp_list(merge_alleles, with_alleles=True) if merge_alleles is not None else None
    name = trait or trait_name(stem if stem is not None else path)
    if ldsc:
        result = _munge_ldsc(path, chosen, listed, name)
    else:
        kept = read_snp_list(extract, with_alleles=False) if extract is not None else None
        result = munge_gwas(read_gwas(path, chosen), chosen, merge_alleles=listed, extract=kept, trait=name)
    if stem is None:
        return result
    inputs = [each for each in (path, merge_alleles, extract) if each is not None]
    return write_munged(result, stem, text=text or ldsc, inputs=inputs)


def _check_names(options: dict[str, Any], where: str) -> None:
    """Raise InputError for an option that there is not."""
    known = [each.name for each in dataclasses.fields(MungeOptions) if each.name not in ("out", "extract_given")]
    flags = {"chr": "chrom", "signed_sumstats": "signed"}
    for name in options:
        if name not in known:
            near = [flags[name]] if name in flags else difflib.get_close_matches(name, known, n=1, cutoff=0.4)
            hint = f"did you mean {near[0]}? " if near else ""
            raise InputError(
                f"{where}: munge has no option {name}; {hint}expected some of {', '.join(known)}; correct it"
            )


def _check_options(options: MungeOptions, ldsc: bool, with_alleles: bool, where: str) -> None:
    """Raise InputError for options that exclude each other."""
    if options.no_alleles and with_alleles:
        raise InputError(f"{where}: found --no-alleles with --merge-alleles, expected one of them; drop one")
    if options.daner and options.daner_n:
        raise InputError(f"{where}: found --daner with --daner-n, expected one; --daner-n is for columns Nca and Nco")
    if options.z_from not in ("auto", "effect", "z", "p"):
        raise InputError(f"{where}: found --z-from {options.z_from}, expected auto, effect, z or p; choose one")
    if (options.daner or options.daner_n) and not ldsc:
        raise InputError(
            f"{where}: found --{'daner' if options.daner else 'daner-n'} without --ldsc, expected both or neither; leave "
            "it out: PGC's daner files are recognised by their header; or add --ldsc"
        )
    if options.keep_maf and not ldsc:
        raise InputError(
            f"{where}: found --keep-maf without --ldsc, expected both or neither; leave it out: the frequency is always "
            "kept in .sumstats.parquet; or add --ldsc"
        )


def write_munged(result: MungeResult, stem: str | Path, *, text: bool = False, inputs=()) -> MungeResult:
    """Write ``stem.sumstats.parquet`` and ``stem.munge.json``; the result with the names of what was written.

    Parameters
    ----------
    text
        Also write LDSC's ``.sumstats.gz`` and, with ``--ldsc``, its ``.log``.
    inputs
        Files it was made of, for the provenance.
    """
    own, report = f"{stem}.sumstats.parquet", f"{stem}.munge.json"
    write_sumstats(result.sumstats, own, inputs=inputs, options=result.options)
    written = [own]
    if text:
        table = result.ldsc_table
        if table is None:
            write_sumstats(result.sumstats, f"{stem}.sumstats.gz")
        else:
            write_ldsc_text(table, f"{stem}.sumstats.gz")
        written.append(f"{stem}.sumstats.gz")
    if result.ldsc_log:
        write_text(f"{stem}.log", result.ldsc_log)
        written.append(f"{stem}.log")
    result = dataclasses.replace(result, written=(*written, report))
    write_json(report, result.to_json())
    return result


def _stem(out: str | Path, path: str | Path, text: bool) -> str:
    stem = str(out)
    for ending in (".sumstats.parquet", ".sumstats.gz", ".sumstats"):
        stem = stem.removesuffix(ending)
    check_stem(stem, [f".sumstats{ending}" for ending in (".parquet", ".gz")[: 1 + text]], [str(path)])
    return stem


def _munge_ldsc(path: str | Path, options: MungeOptions, listed: SnpList | None, trait: str) -> MungeResult:
    header, _ = read_header(path)
    column_map = map_columns_ldsc(header, options, str(path))
    types: dict[str, pa.DataType] = {}
    for column, name in column_map.fields.items():
        is_text = name in ("SNP", "N", "NSTUDY")
        types[column] = pa.string() if is_text else _CATEGORY if name in ("A1", "A2") else pa.float64()
    table = read_table(path, columns=list(column_map.file_columns()), types=types, separator=WHITESPACE)
    munged = munge_gwas_ldsc(table, column_map, options, listed, str(path))
    sumstats = _usable(munged.table, trait, munged.filters, str(path), with_alleles=not options.no_alleles)
    z_source = (
        f"{column_map.column('P')}, with the sign of {column_map.column('SIGNED_SUMSTAT') or 'A1 (all positive)'}"
    )
    n_source = column_map.column("N") or " and ".join(filter(None, map(column_map.column, ("N_CAS", "N_CON"))))
    return MungeResult(
        sumstats, munged.n_read, z_source, n_source or "the options", str(column_map), munged.warnings,
        options.given(), munged.table, munged.log,
    )  # fmt: skip


def _usable(table: pa.Table, trait: str, filters, source: str, *, with_alleles: bool) -> SumStats:
    """The rows of LDSC's table that hold a SNP, each once: what its own programs read of it."""
    complete = as_numpy(table.column("Z").combine_chunks().is_valid())
    table = table.filter(pa.array(complete)).combine_chunks()
    snp = table.column("SNP").combine_chunks()
    table = table.filter(pa.array(is_first_of_each(snp))).combine_chunks()
    with_alleles = with_alleles and {"A1", "A2"} <= set(table.column_names)
    return SumStats(
        trait=trait,
        snp=table.column("SNP").combine_chunks(),
        z=as_numpy(table.column("Z")),
        n=as_numpy(pc.cast(table.column("N"), pa.float64())),
        a1=encode_alleles(table.column("A1")) if with_alleles else None,
        a2=encode_alleles(table.column("A2")) if with_alleles else None,
        eaf=as_numpy(table.column("FRQ")) if "FRQ" in table.column_names else None,
        filters=filters,
        source=source,
    )
