"""Reading what is known of variants: taggings and LD scores, PLINK's .bim, .frq and .afreq, and plain tables."""

from __future__ import annotations

import glob
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ldscores.shared.alleles import encode_alleles
from ldscores.shared.arrow_arrays import as_numpy
from ldscores.shared.errors import InputError
from ldscores.shared.streams import is_parquet
from ldscores.shared.table_headers import read_header
from ldscores.shared.tables import parquet_columns, read_table
from ldscores.taggings.tagging import Tagging
from ldscores.taggings.tagging_files import read_tagging
from sumh2.gwas.header_names import FIELDS, clean_header
from sumh2.gwas.panel import KnownVariants, chromosome_codes

_CATEGORY = pa.dictionary(pa.int32(), pa.string())
_BIM = ("CHR", "SNP", "CM", "BP", "A1", "A2")

#: Headers of positions that state their build; others are of an unknown one.
_BUILD = re.compile(r"(?:.*_)?(?:HG|GRCH|B)(18|19|36|37|38)(?:_.*)?")
_BUILDS = {"18": "hg18", "36": "hg18", "19": "hg19", "37": "hg19", "38": "hg38"}

#: Headers of frequencies, and of which allele: the first or the second of (A1, A2); ALT counts as A1, REF as A2.
_ALT_FREQUENCIES = ("ALT_FREQS", "ALT_AF", "AF_ALT", "ALT_FREQ", "AF")


def read_known_variants(path: str, name: str = "", build: str = "") -> KnownVariants:
    """Read a panel or a list of variants.

    Parameters
    ----------
    path
        A tagging or LD scores (as ``--ld`` takes them); PLINK's ``.bim``, ``.frq`` or ``.afreq``, whose ending may be
        left out; or a table with a column of names and any of chromosome, positions (``POS_hg19``, ``POS_hg38``,
        ``BP``), alleles and a frequency (of A1, ALT, or the effect allele).  ``@`` stands for the chromosome.
    name
        What to call it; by default the file's name.
    build
        Build of positions whose header does not state it.

    Raises
    ------
    InputError
        There is no such file, or no column of names.
    """
    name = (
        name or re.sub(r"(\.(tagging|parquet|gz|xz|bz2|zst|txt|tsv|csv|bim|frq|afreq))+$", "", Path(path).name) or path
    )
    path = _with_ending(path)
    if _is_tagging(path):
        return known_of_tagging(read_tagging(path), name, build)
    files = sorted(glob.glob(path.replace("@", "*"))) if "@" in path else [path]
    if not files:
        raise InputError(f"{path}: found no file of that pattern; @ stands for the chromosome; check the name")
    tables = [_read_one(each, build or "its build") for each in files]
    return _concatenate(tables, name, path)


def known_of_tagging(tagging: Tagging, name: str, build: str = "") -> KnownVariants:
    """The variants of a tagging: its MAF is taken as the frequency of A1, which PLINK 1 makes the minor allele."""
    return KnownVariants(
        tagging.snp, chromosome_codes(tagging.chrom), {build or "its build": tagging.bp}, tagging.a1, tagging.a2,
        tagging.maf, folded=True, name=name, source=tagging.where,
    )  # fmt: skip


def _with_ending(path: str) -> str:
    """The pattern of PLINK's tables that a prefix stands for, frequencies first; any other name as it is."""
    if Path(path).exists():
        return path
    stem = path.rstrip(".") if "@" in path else f"{path}@" if path.endswith(".") else path
    if glob.glob(f"{stem.replace('@', '*')}.l2.ldscore*"):
        return path
    endings = [f"{kind}{packed}" for kind in (".frq", ".afreq", ".bim") for packed in ("", ".gz", ".xz", ".zst")]
    files = (f"{stem}{ending}" for ending in endings)
    return next((each for each in files if glob.glob(each.replace("@", "*"))), path)


def _is_tagging(path: str) -> bool:
    if not Path(path).is_file():
        # A prefix, a folder or one file a chromosome: LD scores, unless the pattern ends like a table.
        return not ("@" in path and re.search(r"\.(bim|frq|afreq|tsv|txt|csv)(\.\w+)?$", path))
    if is_parquet(path):
        return "regression_tagging" in parquet_columns(path) or path.endswith(".tagging.parquet")
    return bool(re.search(r"(\.ldscore|\.tagging)(\.(gz|bz2|xz|zst))?$", path))


def _read_one(path: str, unknown_build: str) -> dict:
    """Arrays of one file under the names of :class:`KnownVariants`."""
    if re.search(r"\.bim(\.(gz|bz2|xz|zst))?$", path):
        columns = {"SNP": "SNP", "CHR": "CHR", "A1": "A1", "A2": "A2"}
        table = _read(path, columns, ["BP"], None, column_names=_BIM)
        return _arrays(table, columns, {unknown_build: "BP"}, None, path)
    header = parquet_columns(path) if is_parquet(path) else read_header(path, "##")[0]
    cleaned = {clean_header(column): column for column in reversed(header)}

    def first(fields: Sequence[str]) -> str | None:
        names = [name for field in fields for tier in FIELDS[field].names() for name in tier]
        return next((cleaned[name] for name in names if name in cleaned), None)

    fields = {"SNP": ["SNP"], "CHR": ["CHR"], "A1": ["A1", "ALT"], "A2": ["A2", "REF"]}
    columns = {name: column for name, alike in fields.items() if (column := first(alike)) is not None}
    if "SNP" not in columns:
        raise InputError(
            f"{path}: no column with the names of the variants; found {' '.join(header[:30])}; expected SNP or rsid, and "
            "any of CHR, POS_hg19, POS_hg38, A1, A2 and a frequency; rename the columns"
        )
    is_alt = "A1" in columns and clean_header(columns["A1"]) in FIELDS["ALT"].names()[0]
    frequency = _frequency_column(cleaned, is_alt)
    positions = _position_columns(cleaned, unknown_build)
    people = [cleaned[word] for word in ("NCHROBS", "OBS_CT") if word in cleaned][:1]
    table = _read(path, columns, list(positions.values()), frequency, extra=people)
    arrays = _arrays(table, columns, positions, frequency, path)
    if people:
        # PLINK counts chromosomes, two a person.
        arrays["n_people"] = float(np.nanmax(as_numpy(table.column(people[0]).combine_chunks()))) / 2
    arrays["folded"] = frequency is not None and clean_header(frequency) in FIELDS["MAF"].names()[0] and not people
    return arrays


def _frequency_column(cleaned: dict[str, str], is_alt: bool) -> str | None:
    names = [*(_ALT_FREQUENCIES if is_alt else ()), *FIELDS["EAF"].names()[0], *FIELDS["MAF"].names()[0]]
    return next((cleaned[name] for name in names if name in cleaned), None)


def _position_columns(cleaned: dict[str, str], unknown_build: str) -> dict[str, str]:
    found = {}
    for name, column in sorted(cleaned.items()):
        match = _BUILD.fullmatch(name)
        if match and re.match(r"(POS|BP|POSITION)_", name):
            found[_BUILDS[match.group(1)]] = column
    known = [name for tier in FIELDS["BP"].names() for name in tier]
    plain = next((cleaned[name] for name in known if name in cleaned and cleaned[name] not in found.values()), None)
    return found if found or plain is None else {unknown_build: plain}


def _read(path, columns: dict[str, str], positions: list[str], frequency: str | None, extra=(), column_names=None):
    types: dict[str, pa.DataType] = {columns["SNP"]: pa.string()}
    types |= {columns[name]: _CATEGORY for name in ("CHR", "A1", "A2") if name in columns}
    types |= dict.fromkeys([*positions, *([frequency] if frequency else []), *extra], pa.float64())
    return read_table(path, columns=list(types), types=types, comment="##" if column_names is None else None,
                      column_names=column_names)  # fmt: skip


def _arrays(table: pa.Table, columns: dict[str, str], positions: dict[str, str], frequency: str | None, path) -> dict:
    if table.num_rows == 0:
        raise InputError(f"{path}: found no variants; expected one a line; name another file")

    def column(name: str) -> pa.Array:
        values = table.column(name).combine_chunks()
        is_text = pa.types.is_large_string(values.type) or pa.types.is_string_view(values.type)
        return values.cast(pa.string()) if is_text else values

    n_rows = table.num_rows
    both = "A1" in columns and "A2" in columns
    snp = column(columns["SNP"])
    return {
        "snp": snp if pa.types.is_string(snp.type) else snp.cast(pa.string()),
        "chrom": chromosome_codes(column(columns["CHR"]).cast(pa.string()))
        if "CHR" in columns
        else np.full(n_rows, -1),
        "positions": {build: _whole(column(name)) for build, name in positions.items()},
        "a1": encode_alleles(column(columns["A1"])) if both else None,
        "a2": encode_alleles(column(columns["A2"])) if both else None,
        "frequency": as_numpy(column(frequency).cast(pa.float64())) if frequency else None,
        "n_people": float("nan"),
        "folded": False,
    }


def _whole(values: pa.Array) -> NDArray[np.int64]:
    return np.nan_to_num(as_numpy(values.cast(pa.float64())), posinf=0, neginf=0).astype(np.int64)


def _concatenate(parts: list[dict], name: str, path: str) -> KnownVariants:
    first = parts[0]

    def joined(key: str) -> NDArray | None:
        arrays = [part[key] for part in parts]
        return None if any(each is None for each in arrays) else np.concatenate(arrays)

    builds = [build for build in first["positions"] if all(build in part["positions"] for part in parts)]
    return KnownVariants(
        pa.concat_arrays([part["snp"] for part in parts]), np.concatenate([part["chrom"] for part in parts]),
        {build: np.concatenate([part["positions"][build] for part in parts]) for build in builds},
        joined("a1"), joined("a2"), joined("frequency"), first["folded"], first["n_people"], name, path,
    )  # fmt: skip
