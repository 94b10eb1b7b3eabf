"""Files of summary statistics: our own Parquet, and the text of LDSC and LDAK."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ldscores.shared.alleles import allele_kinds, encode_alleles
from ldscores.shared.arrow_arrays import as_numpy
from ldscores.shared.errors import InputError
from ldscores.shared.messages import counted
from ldscores.shared.provenance import provenance
from ldscores.shared.streams import is_parquet
from ldscores.shared.tables import (
    check_columns,
    check_format,
    read_header,
    read_metadata,
    read_parquet,
    read_table,
    write_parquet,
    write_tsv,
)
from ldscores.shared.text_columns import fixed_point
from ldscores.shared.unique_names import is_first_of_each
from sumh2.sumstats import FilterCount, SumStats

logger = logging.getLogger(__name__)

FORMAT, FORMAT_VERSION = "sumh2 sumstats", 1

_CATEGORY = pa.dictionary(pa.int32(), pa.string())
_NUMBERS = ("Z", "N", "EAF", "INFO")

#: Columns that LDSC's munged files do not have: with them a file is a GWAS as it was published.
_GWAS_COLUMNS = {"BETA", "B", "OR", "SE", "P", "PVAL", "P_VALUE", "PVALUE", "LOG10P"}

#: Munging leaves no SNP of ambiguous strand, and about a seventh of a GWAS are such.
_MANY_AMBIGUOUS = 0.1

#: Endings of files of summary statistics.
_ENDINGS = re.compile(r"(\.sumstats|\.ldak|\.sums|\.summaries)?(\.(parquet|gz|bz2|xz|zst|txt|tsv))*$")


def trait_name(path: str | Path) -> str:
    """The name of a trait's file without its endings: ``x/bmi.sumstats.gz`` is ``bmi``."""
    name = Path(path).name
    return _ENDINGS.sub("", name, count=1) or name


def trait_names(paths: Sequence[str | Path]) -> list[str]:
    """A name for each of several files: those of the files, without a stem before the name that is stored.

    A simulation of the trait bmi is in ``sim.bmi.sumstats.parquet`` and stays bmi, unless another file would have the
    same name.
    """
    of_files, short = [trait_name(path) for path in paths], []
    for path, name in zip(paths, of_files, strict=True):
        stored = read_metadata(path)[1].get("trait") if Path(path).is_file() and is_parquet(path) else None
        short.append(stored if stored and name.endswith(f".{stored}") else name)
    return [one if short.count(one) == 1 else name for one, name in zip(short, of_files, strict=True)]


# ---------------------------------------------------------------------------------------------------------------------
# Reading


def read_sumstats(path: str | Path, trait: str | None = None) -> SumStats:
    """Read one trait: our ``.sumstats.parquet``, LDSC's ``.sumstats`` or LDAK's (plain, .gz, .bz2, .xz, .zst).

    Of text, rows without SNP, Z or N are dropped, and of rows with the same name the first stays, both as in LDSC's
    heritability; the counts are in ``filters``.  Rows without alleles, and files without A1 and A2, are read too: they
    give a heritability, but no genetic correlation.

    LDAK's files are known by a column Predictor or n; Z is there, or comes from BETA and SE, b and se, Stat (chi2) and
    Direction, or P and Direction (LDAK advertises the last and crashes); a direction of zero or more is positive.  What
    LDAK refuses as a whole (a missing value, a name that appears twice) costs the row, as in LDSC's files.

    Parameters
    ----------
    path
        The file; its kind is told by its first bytes.
    trait
        Name of the trait; by default the one stored, or the file's name without its endings.

    Raises
    ------
    InputError
        A column is missing, a Z or N is no number or infinite, an N is not positive, nothing is left; or the file is
        damaged, or of a newer format.
    """
    if is_parquet(path):
        return _read_own(path, trait)
    header, _ = read_header(path)
    if {"Predictor", "n"} & set(header):
        return _read_ldak(path, header, trait)
    missing = [name for name in ("SNP", "Z", "N") if name not in header]
    if missing:
        raise InputError(
            f"{path}: no column {', '.join(missing)}; found {' '.join(header[:30])}; expected LDSC's SNP A1 A2 Z N; "
            f"if this is a GWAS, make summary statistics of it first: sumh2 munge {path} --out {trait_name(path)}"
        )
    effects = [name for name in header if name.upper() in _GWAS_COLUMNS]
    if effects:
        logger.warning(
            "%s: has columns of a GWAS (%s), and is used as it is: nothing was filtered by imputation, frequency, alleles "
            "or N; better munge it first: sumh2 munge %s --out %s", path, ", ".join(effects[:5]), path, trait_name(path)
        )  # fmt: skip
    wanted = [name for name in ("SNP", "CHR", "BP", "A1", "A2", "EAF", "INFO", "Z", "N") if name in header]
    types: dict[str, pa.DataType] = {"SNP": pa.string(), "CHR": _CATEGORY, "A1": _CATEGORY, "A2": _CATEGORY}
    types |= {name: pa.float64() for name in (*_NUMBERS, "BP")}
    read = _complete_rows(path, read_table(path, columns=wanted, types={name: types[name] for name in wanted}), trait)
    if not effects and read.a1 is not None and read.a2 is not None:
        _warn_of_ambiguous(path, allele_kinds(read.a1, read.a2) == 0)
    return read


def _warn_of_ambiguous(path: str | Path, odd: NDArray[np.bool_]) -> None:
    """A word where a file has SNPs that every munge removes, by which a GWAS with Z and N is known."""
    n_odd = int(np.count_nonzero(odd))
    if n_odd > _MANY_AMBIGUOUS * len(odd):
        logger.warning(
            "%s: %d of %d SNPs are ambiguous in their strand (A/T, C/G) or no SNPs: this looks like a GWAS that was not "
            "munged; it is used as it is, and nothing was filtered by imputation, frequency, alleles or N; better munge it "
            "first: sumh2 munge %s --out %s", path, n_odd, len(odd), path, trait_name(path)
        )  # fmt: skip


def _complete_rows(path: str | Path, table: pa.Table, trait: str | None) -> SumStats:
    """The trait of a text table, without rows that miss a value or repeat a name."""
    complete = np.ones(table.num_rows, dtype=bool)
    # A missing allele keeps a SNP out of genetic correlations by itself (its code is of no kind).
    for name in ("SNP", "Z", "N"):
        column = table.column(name)
        if column.null_count:
            complete &= as_numpy(column.is_valid())
    table, missing = _drop(table, complete, "missing values")
    table, repeated = _drop(table, is_first_of_each(_array(table, "SNP")), "duplicated names (the first row stays)")
    if repeated.removed:
        rows = counted(repeated.removed, "row repeats", "rows repeat")
        logger.warning("%s: %s the name of a SNP; the first of each is used", path, rows)
    return _from_table(path, table, trait or trait_name(path), (missing, repeated), {})


#: How LDAK's files give a Z score: columns, and what they mean.
_LDAK_STATISTICS = (("Z",), ("BETA", "SE"), ("b", "se"), ("Direction", "Stat"), ("Direction", "P"))


def _read_ldak(path: str | Path, header: list[str], trait: str | None) -> SumStats:
    """LDAK's summary statistics: Predictor (or SNP) A1 A2, a statistic and n (or N); A1Freq (or freq) if it is there."""
    names = {"SNP": ("Predictor", "SNP"), "A1": ("A1",), "A2": ("A2",), "N": ("n", "N"), "EAF": ("A1Freq", "freq")}
    found = {
        ours: here for ours, theirs in names.items() if (here := next((one for one in theirs if one in header), None))
    }
    statistic: tuple[str, ...] = next((columns for columns in _LDAK_STATISTICS if set(columns) <= set(header)), ())
    missing = [" or ".join(names[ours]) for ours in ("SNP", "A1", "A2", "N") if ours not in found]
    missing += [] if statistic else ["Z, BETA and SE, b and se, or Stat and Direction"]
    if missing:
        raise InputError(
            f"{path}: no column {', no '.join(missing)}; found {' '.join(header[:30])}; expected LDAK's Predictor A1 A2 "
            "Z n; rename the columns, or make summary statistics of a GWAS with sumh2 munge"
        )
    texts = {found["SNP"]: pa.string(), found["A1"]: _CATEGORY, found["A2"]: _CATEGORY}
    numbers = [found["N"], *statistic] + ([found["EAF"]] if "EAF" in found else [])
    table = read_table(path, columns=[*texts, *numbers], types=texts | dict.fromkeys(numbers, pa.float64()))
    columns = {ours: table.column(theirs) for ours, theirs in found.items()}
    if statistic == ("Z",):
        columns["Z"] = table.column("Z")
    else:
        first, second = (as_numpy(_array(table, name)) for name in statistic)
        z = _z_scores(path, first, second, statistic)
        columns["Z"] = pa.array(z, mask=np.isnan(z))
    return _complete_rows(path, pa.table(columns), trait)


def _z_scores(
    path: str | Path, first: NDArray[np.float64], second: NDArray[np.float64], names: tuple[str, ...]
) -> NDArray[np.float64]:
    """Z of two of `_LDAK_STATISTICS`, (n_snps,); NaN where a value is missing."""
    wrong = {"SE": second <= 0, "se": second <= 0, "Stat": second < 0, "P": (second <= 0) | (second > 1)}[names[1]]
    if wrong.any():
        row = int(np.argmax(wrong))
        raise InputError(
            f"{path}: {int(wrong.sum())} values of {names[1]} are impossible (first: {second[row]:g} in line {row + 2}); "
            "expected standard errors above 0, chi2 of 0 or more, p-values above 0 and not above 1; correct the file"
        )
    if names[1] in ("SE", "se"):
        return first / second
    if names[1] == "P":
        from scipy.stats import norm

        size = norm.isf(second / 2)
    else:
        size = np.sqrt(second)
    return np.where(np.isnan(first), np.nan, np.where(first >= 0, size, -size))


def _drop(table: pa.Table, kept: NDArray[np.bool_], what: str) -> tuple[pa.Table, FilterCount]:
    n_kept = int(np.count_nonzero(kept))
    count = FilterCount(what, len(kept) - n_kept, n_kept)
    return (table if n_kept == len(kept) else table.filter(pa.array(kept)).combine_chunks()), count


def _read_own(path: str | Path, trait: str | None) -> SumStats:
    table, metadata = read_parquet(path)
    check_format(path, metadata, FORMAT, FORMAT_VERSION)
    check_columns(path, table.column_names, ["SNP", "Z", "N"])
    filters = tuple(FilterCount(**each) for each in metadata.get("filters", ()))
    return _from_table(path, table, trait or metadata.get("trait") or trait_name(path), filters, metadata)


def _array(table: pa.Table, name: str) -> pa.Array:
    column = table.column(name)
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def _from_table(
    path: str | Path, table: pa.Table, trait: str, filters: tuple[FilterCount, ...], metadata: Mapping[str, Any]
) -> SumStats:
    there = set(table.column_names)

    def numbers(name: str) -> NDArray[np.float64] | None:
        return as_numpy(_array(table, name)) if name in there else None

    position = numbers("BP")
    with_alleles = {"A1", "A2"} <= there
    return SumStats(
        trait=trait,
        snp=_array(table, "SNP"),
        z=as_numpy(_array(table, "Z")),
        n=as_numpy(_array(table, "N")),
        a1=encode_alleles(_array(table, "A1")) if with_alleles else None,
        a2=encode_alleles(_array(table, "A2")) if with_alleles else None,
        chrom=_array(table, "CHR") if "CHR" in there else None,
        bp=None if position is None else np.nan_to_num(position).astype(np.int64),
        eaf=numbers("EAF"),
        info=numbers("INFO"),
        samp_prev=metadata.get("samp_prev"),
        pop_prev=metadata.get("pop_prev"),
        cases=metadata.get("cases"),
        controls=metadata.get("controls"),
        filters=filters,
        source=str(path),
    )


# ---------------------------------------------------------------------------------------------------------------------
# Writing


def write_sumstats(
    sumstats: SumStats,
    path: str | Path,
    *,
    inputs: Iterable[str | Path] = (),
    options: Mapping[str, Any] | None = None,
) -> None:
    """Write one trait: ``.sumstats.parquet`` with all digits and its origin, or ``.sumstats[.gz]`` as LDSC writes it.

    Parameters
    ----------
    sumstats
        The trait.
    path
        A name ending in ``.parquet`` gives our format; anything else gives text, compressed if it ends in ``.gz``.
    inputs, options
        Files and options it was made of, for the provenance.

    Raises
    ------
    InputError
        The folder does not exist.
    """
    if not str(path).endswith(".parquet"):
        table = sumstats.to_table()
        table = table.select([name for name in ("SNP", "A1", "A2", "Z", "N") if name in table.column_names])
        write_ldsc_text(table, path)
        return
    metadata = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "trait": sumstats.trait,
        "samp_prev": sumstats.samp_prev,
        "pop_prev": sumstats.pop_prev,
        "cases": sumstats.cases,
        "controls": sumstats.controls,
        "filters": [vars(each) for each in sumstats.filters],
        **provenance(inputs, options),
    }
    # Names and Z are all different: a dictionary of them would cost time and save nothing.
    table = sumstats.to_table()
    few_values = [name for name in ("CHR", "A1", "A2", "N") if name in table.column_names]
    write_parquet(path, table, metadata, dictionary_columns=few_values)


def write_ldsc_text(table: pa.Table, path: str | Path) -> None:
    """Write a table as LDSC does: tabs, three decimals, whole numbers as they are, missing empty; gzip for ``.gz``."""
    columns = {name: _array(table, name) for name in table.column_names}
    texts = {
        name: _three_decimals(as_numpy(values)) if pa.types.is_floating(values.type) else values
        for name, values in columns.items()
    }
    write_tsv(path, pa.table(texts), missing="")


def _three_decimals(numbers: NDArray[np.float64]) -> pa.Array:
    """``%.3f`` of each number, NaN as null."""
    texts = fixed_point(numbers, 3)
    if texts is None:
        return pa.array([None if np.isnan(number) else f"{number:.3f}" for number in numbers], pa.string())
    # LDSC prints the sign of a small negative Z: -0.000.
    below_zero = pa.array(np.signbit(numbers))
    return pc.if_else(pc.and_(below_zero, pc.equal(texts, "0.000")), "-0.000", texts)
