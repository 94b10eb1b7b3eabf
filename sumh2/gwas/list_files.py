"""Lists of SNPs to keep, and tables of the cohorts of a meta-analysis."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa

from ldscores.shared.alleles import encode_alleles
from ldscores.shared.arrow_arrays import as_numpy
from ldscores.shared.errors import InputError
from ldscores.shared.table_headers import read_header
from ldscores.shared.tables import check_columns, read_table
from sumh2.gwas.header_names import FIELDS, clean_header
from sumh2.gwas.table import SnpList
from sumh2.munging.sample_sizes import Cohorts

_CATEGORY = pa.dictionary(pa.int32(), pa.string())


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
        named = {name: _listed_column(header, fields) or name for name, fields in _LIST_FIELDS.items()}
        check_columns(path, header, list(named.values()))
        types = {named["SNP"]: pa.string(), named["A1"]: _CATEGORY, named["A2"]: _CATEGORY}
        table = read_table(path, columns=list(named.values()), types=types).rename_columns(list(named))
        table = table.filter(table.column("SNP").is_valid())
    else:
        names = [f"column {number}" for number in range(len(header))]
        table = read_table(path, columns=names[:1], column_names=names, types={names[0]: pa.string()})
        table = table.rename_columns(["SNP"])
    if table.num_rows == 0:
        raise InputError(f"{path}: found no SNPs, expected a list of them; name another file")
    a1, a2 = (encode_alleles(table.column(name)) if with_alleles else None for name in ("A1", "A2"))
    return SnpList(table.column("SNP").combine_chunks(), a1, a2, source=str(path))


#: Fields that hold a column of a list: the reference's alleles are as good as any.
_LIST_FIELDS = {"SNP": ("SNP",), "A1": ("A1", "ALT"), "A2": ("A2", "REF")}


def _listed_column(header: list[str], fields: tuple[str, ...]) -> str | None:
    names = [name for field in fields for tier in FIELDS[field].names() for name in tier]
    cleaned = {clean_header(column): column for column in reversed(header)}
    return next((cleaned[name] for name in names if name in cleaned), None)


def read_cohorts(path: str | Path) -> Cohorts:
    """The cohorts of a meta-analysis: a table with a column of names and columns of cases and controls, or of N, or both.

    A cohort without cases counts with its N.

    Raises
    ------
    InputError
        A column is missing, or a number of people is not positive.
    """
    header, _ = read_header(path)
    found = {name: _listed_column(header, (name,)) for name in ("N_CAS", "N_CON", "N")}
    by_name = {clean_header(column): column for column in header}
    cases, controls = (found[name] or by_name.get(word) for name, word in (("N_CAS", "CASES"), ("N_CON", "CONTROLS")))
    if (cases is None) != (controls is None) or (cases is None and found["N"] is None):
        raise InputError(
            f"{path}: found columns {' '.join(header[:20])}; expected cases and controls, or N, of each cohort (e.g. "
            "cohort cases controls); rename the columns"
        )
    numbers = {"cases": cases, "controls": controls, "n": found["N"]}
    there = {name: column for name, column in numbers.items() if column is not None}
    label = next((column for column in header if column not in there.values()), None)
    types: dict[str, pa.DataType] = dict.fromkeys(there.values(), pa.float64())
    types |= {label: pa.string()} if label is not None else {}
    table = read_table(path, columns=list(types), types=types)
    n_rows = table.num_rows
    values = {name: as_numpy(table.column(column).combine_chunks()) for name, column in there.items()}
    a, b = values.get("cases", np.full(n_rows, np.nan)), values.get("controls", np.full(n_rows, np.nan))
    total = np.where(np.isfinite(a + b), a + b, values.get("n", np.full(n_rows, np.nan)))
    names = table.column(label).to_pylist() if label is not None else [f"cohort {row + 1}" for row in range(n_rows)]
    bad = ~(total > 0) | (np.isfinite(a) & ~((a > 0) & (b > 0)))
    if n_rows == 0 or bad.any():
        where = f"cohort {names[int(np.argmax(bad))]}" if n_rows else "no cohorts"
        raise InputError(
            f"{path}: found {where} without a positive number of people; expected cases and controls, or N; correct it"
        )
    return Cohorts(tuple(map(str, names)), a, b, total, str(path))
