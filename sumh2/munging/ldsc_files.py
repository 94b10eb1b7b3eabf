"""Reading a GWAS as LDSC 1.0.1 does: ``sumh2 munge --ldsc``."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from ldscores.shared.alleles import encode_alleles
from ldscores.shared.arrow_arrays import as_numpy
from ldscores.shared.table_headers import WHITESPACE, read_header
from ldscores.shared.tables import read_table
from ldscores.shared.unique_names import is_first_of_each
from sumh2.gwas.headers_ldsc import map_columns_ldsc
from sumh2.gwas.table import SnpList
from sumh2.munging.ldsc import LdscMunged, munge_gwas_ldsc
from sumh2.munging.result import MungeOptions, MungeResult
from sumh2.sumstats import SumStats

_CATEGORY = pa.dictionary(pa.int32(), pa.string())


def read_and_munge_ldsc(path: str | Path, options: MungeOptions, listed: SnpList | None, trait: str) -> MungeResult:
    """Read, filter and convert a file row for row as LDSC; see :mod:`sumh2.munging.ldsc`."""
    header, _ = read_header(path)
    column_map = map_columns_ldsc(header, options, str(path))
    types: dict[str, pa.DataType] = {}
    for column, name in column_map.fields.items():
        is_text = name in ("SNP", "N", "NSTUDY")
        types[column] = pa.string() if is_text else _CATEGORY if name in ("A1", "A2") else pa.float64()
    table = read_table(path, columns=list(column_map.file_columns()), types=types, separator=WHITESPACE)
    munged = munge_gwas_ldsc(table, column_map, options, listed, str(path))
    sumstats = _usable(munged, trait, str(path), with_alleles=not options.no_alleles)
    z_source = (
        f"{column_map.column('P')}, with the sign of {column_map.column('SIGNED_SUMSTAT') or 'A1 (all positive)'}"
    )
    n_source = column_map.column("N") or " and ".join(filter(None, map(column_map.column, ("N_CAS", "N_CON"))))
    return MungeResult(
        sumstats, munged.n_read, z_source, n_source or "the options", str(column_map), munged.warnings,
        options.given(), munged.table, munged.log,
    )  # fmt: skip


def _usable(munged: LdscMunged, trait: str, source: str, *, with_alleles: bool) -> SumStats:
    """The rows of LDSC's table that hold a SNP, each once: what its own programs read of it."""
    table = munged.table
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
        cases=munged.cases,
        controls=munged.controls,
        filters=munged.filters,
        source=source,
    )
