"""LDSC 1.0.1's munge_sumstats, row for row: ``sumh2 munge --ldsc``.

What :mod:`sumh2.munging.filters` does better is deliberately not done here.  Worth knowing of LDSC:

- Z is made of P and the sign of one signed column; BETA/SE is never looked at.  P = 0 loses its SNP.
- Any run of blanks and tabs separates, so a blank cell of a tab-separated file shifts the cells after it.
- A missing value in any used column drops the row, whether it is needed or not; only a column headed literally
  ``INFO`` may have them, and there they fail the filter.
- Columns of N beat ``--N``; cases and controls give ``n P / mean(P)``, not their sum.
- A flag does not take the place of another column of the same field, so ``--info-list`` never works, and ``Z-score``
  and files with comment lines are refused.  Each of these is done right by default and still refused here.
- ``|median(signed column) - null| > 0.1`` stops it, on the scale of the column.
- ``--merge-alleles`` gives the rows of the list in its order, duplicates too, with empty cells where nothing matched.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from scipy.special import ndtri

from ldscores.shared.alleles import allele_kinds, encode_alleles
from ldscores.shared.arrow_arrays import as_numpy
from ldscores.shared.errors import InputError
from ldscores.shared.table_headers import is_number
from ldscores.shared.unique_names import is_first_of_each
from sumh2.gwas.headers_ldsc import LdscColumnMap
from sumh2.gwas.table import SnpList, minimum_n
from sumh2.kernels.significance import lambda_gc
from sumh2.munging.result import MungeOptions
from sumh2.munging.sample_sizes import typical_counts
from sumh2.sumstats import FilterCount

#: Largest Z that the chi-square quantile of LDSC's scipy 0.18 gives.  Its continued fraction for the upper tail of
#: chi2 = 2x returns 0 as soon as log(x)/2 - x - lgamma(1/2) < -709.782712893384 (the log of the largest double), so the
#: search for any smaller P (below 7.8e-312) ends at the x where the two are equal, and Z = sqrt(2x).
LARGEST_LDSC_Z = 37.749032681943696


@dataclass(frozen=True)
class LdscMunged:
    """What LDSC would write, all digits kept, and its log."""

    table: pa.Table
    log: str
    filters: tuple[FilterCount, ...]
    n_read: int
    column_map: LdscColumnMap = field(repr=False)
    #: Of the study, for the liability scale; None where the file and the options do not say.  LDSC forgets them.
    cases: float | None = None
    controls: float | None = None

    @property
    def warnings(self) -> tuple[str, ...]:
        """The warnings of the log."""
        return tuple(line.removeprefix("WARNING: ") for line in self.log.splitlines() if line.startswith("WARNING"))


# ---------------------------------------------------------------------------------------------------------------------
# Rows


def z_from_p_ldsc(p: NDArray[np.float64]) -> NDArray[np.float64]:
    """|Z| of two-sided p-values in (0, 1], (n,): the normal quantile, saturated like LDSC's scipy 0.18."""
    return np.minimum(np.abs(ndtri(p / 2)), LARGEST_LDSC_Z)


def munge_gwas_ldsc(
    table: pa.Table,
    column_map: LdscColumnMap,
    options: MungeOptions,
    merge_alleles: SnpList | None = None,
    where: str = "the file",
) -> LdscMunged:
    """Filter and convert as LDSC 1.0.1.

    Parameters
    ----------
    table
        Columns of the file under their own names, in the file's order; numbers as float64, but N and NSTUDY as text,
        for whether they are whole numbers decides how LDSC prints them.
    column_map
        From :func:`sumh2.gwas.headers_ldsc.map_columns_ldsc`.
    options
        Options of the run.
    merge_alleles
        The list of ``--merge-alleles``.
    where
        The file's name, for messages.

    Raises
    ------
    InputError
        Text stands in a number's place, the median of the signed column is off its null, no allele pair matches the
        list, or nothing is left.
    """
    run = _Run(table, column_map, options, where)
    run.filter_rows(merge_alleles)
    run.drop_duplicates()
    run.set_n()
    run.set_z()
    return run.finish(merge_alleles)


class _Run:
    """One munging: the columns by field, and the lines of the log so far."""

    def __init__(self, table: pa.Table, column_map: LdscColumnMap, options: MungeOptions, where: str) -> None:
        self.map, self.options, self.where = column_map, options, where
        self.log = [str(column_map)]
        self.filters: list[FilterCount] = []
        self.n_read = table.num_rows
        self.columns: dict[str, pa.Array | NDArray] = {}
        complete = np.ones(table.num_rows, dtype=bool)
        self.whole_numbers = {}
        for column, name in column_map.fields.items():
            values = table.column(column).combine_chunks()
            valid = as_numpy(values.is_valid())
            if column != "INFO":
                complete &= valid
            if name in ("N", "NSTUDY"):
                values, self.whole_numbers[name] = _parse_number(values, column, where)
            if pa.types.is_floating(values.type):
                values = as_numpy(values)
            self.columns[name] = values
        self.complete = complete
        self.counts = self._cases_and_controls()

    def _cases_and_controls(self) -> tuple[float | None, float | None]:
        """Cases and controls of the study: columns beat options, and these the header, as for N."""
        columns, options = self.columns, self.options
        if "N_CAS" in columns and "N_CON" in columns:
            return typical_counts(columns["N_CAS"], columns["N_CON"])
        if options.n_cas is not None and options.n_con is not None:
            return options.n_cas, options.n_con
        return self.map.n_cas, self.map.n_con

    def keep(self, kept: NDArray[np.bool_]) -> None:
        """Keep these rows in all columns."""
        if kept.all():
            return
        mask = pa.array(kept)
        self.columns = {
            name: values[kept] if isinstance(values, np.ndarray) else values.filter(mask)
            for name, values in self.columns.items()
        }

    def count(self, what: str, removed: int, kept: int, line: str | None = None) -> None:
        self.filters.append(FilterCount(what, int(removed), int(kept)))
        self.log.append(line if line is not None else f"Removed {int(removed)} {what}.")

    def filter_rows(self, merge_alleles: SnpList | None) -> None:
        """The filters LDSC applies to its chunks, in its order; each counts the rows that it is the first to remove."""
        lines, kept, options = [], self.complete.copy(), self.options
        steps = [("SNPs with missing values", kept)]
        if merge_alleles is not None:
            listed = pc.is_in(self.columns["SNP"], value_set=merge_alleles.snp)
            # LDSC looks for missing values first but reports this first.
            steps.append(("SNPs not in --merge-alleles", as_numpy(pc.fill_null(listed, False))))
        steps.append((f"SNPs with INFO <= {options.info_min}", self._info_passes(kept)))
        steps.append((f"SNPs with MAF <= {options.maf_min}", self._frequency_passes()))
        p = self.columns["P"]
        steps.append(("SNPs with out-of-bounds p-values", (p > 0) & (p <= 1)))
        steps.append(("variants that were not SNPs or were strand-ambiguous", self._alleles_pass()))
        alive = np.ones(self.n_read, dtype=bool)
        for what, passes in steps:
            before = int(alive.sum())
            alive = alive & passes
            lines.append((what, before - int(alive.sum()), int(alive.sum())))
            if "not in --merge" in what or "missing" in what:
                seen = alive
            if "out-of-bounds" in what and (n_bad := int((seen & ~passes).sum())):
                self.log.append(f"WARNING: {n_bad} SNPs had P outside of (0,1]. The P column may be mislabeled.")
        self.log.append(f"Read {self.n_read} SNPs from --sumstats file.")
        self.filters = [FilterCount(*line) for line in lines]
        reported = [lines[1], lines[0], *lines[2:]] if merge_alleles is not None else lines
        self.log += [f"Removed {removed} {what}." for what, removed, _ in reported]
        self.log.append(f"{int(alive.sum())} SNPs remain.")
        self.check_any(int(alive.sum()))
        self.keep(alive)
        self.columns = {name: values for name, values in self.columns.items() if name != "INFO"}
        if not options.keep_maf:
            self.columns.pop("FRQ", None)

    def check_any(self, n_left: int) -> None:
        if n_left == 0:
            raise InputError(
                f"{self.where}: no SNP is left of {self.n_read} after the filters; what they removed:\n  "
                + "\n  ".join(line for line in self.log if line.startswith("Removed"))
                + "\nCheck the columns named here, or relax the filter with its option"
            )

    def _info_passes(self, complete: NDArray[np.bool_]) -> NDArray[np.bool_]:
        if "INFO" not in self.columns:
            return np.ones(self.n_read, dtype=bool)
        info = self.columns["INFO"]
        if n_odd := int((complete & ((info > 2) | (info < 0))).sum()):
            self.log.append(f"WARNING: {n_odd} SNPs had INFO outside of [0,1.5]. The INFO column may be mislabeled.")
        return info >= self.options.info_min

    def _frequency_passes(self) -> NDArray[np.bool_]:
        if "FRQ" not in self.columns:
            return np.ones(self.n_read, dtype=bool)
        frequency = self.columns["FRQ"]
        outside = (frequency < 0) | (frequency > 1)
        if n_odd := int((self.complete & outside).sum()):
            self.log.append(f"WARNING: {n_odd} SNPs had FRQ outside of [0,1]. The FRQ column may be mislabeled.")
        return (np.minimum(frequency, 1 - frequency) > self.options.maf_min) & ~outside

    def _alleles_pass(self) -> NDArray[np.bool_]:
        if self.options.no_alleles:
            return np.ones(self.n_read, dtype=bool)
        return allele_kinds(encode_alleles(self.columns["A1"]), encode_alleles(self.columns["A2"])) > 0

    def drop_duplicates(self) -> None:
        n_before = len(self.columns["SNP"])
        self.keep(is_first_of_each(self.columns["SNP"]))
        n_left = len(self.columns["SNP"])
        self.count(
            "SNPs with duplicated rs numbers", n_before - n_left, n_left,
            f"Removed {n_before - n_left} SNPs with duplicated rs numbers ({n_left} SNPs remain).",
        )  # fmt: skip

    def set_n(self) -> None:
        """N of each SNP, and the filter on it: columns beat options; cases and controls are scaled by their share."""
        columns, options = self.columns, self.options
        if "N_CAS" in columns and "N_CON" in columns:
            cases, controls = columns.pop("N_CAS"), columns.pop("N_CON")
            total = cases + controls
            share = cases / total
            columns["N"] = total * share / share[total == total.max()].mean()
            self.whole_numbers["N"] = False
        if "N" in columns:
            n_min = options.n_min or minimum_n(columns["N"])
            self._filter_at_least("N", n_min, _python2_float(n_min))
        elif "NSTUDY" in columns:
            n_min = options.nstudy_min or columns["NSTUDY"].max()
            whole = not options.nstudy_min and self.whole_numbers["NSTUDY"]
            self._filter_at_least("NSTUDY", n_min, f"{n_min:.0f}" if whole else _python2_float(n_min))
            columns = self.columns
            del columns["NSTUDY"]
        if "N" not in columns:
            columns["N"] = np.full(len(columns["SNP"]), self._stated_n())
            self.whole_numbers["N"] = False

    def _stated_n(self) -> float:
        """N of options or of the header, one of which is there: the columns have been checked."""
        if self.options.n is not None:
            self.log.append(f"Using N = {_python2_float(float(self.options.n))}")
            return float(self.options.n)
        n_cas = self.options.n_cas if self.options.n_cas is not None else self.map.n_cas
        n_con = self.options.n_con if self.options.n_con is not None else self.map.n_con
        if n_cas is None or n_con is None:
            raise ValueError(f"{self.where}: no sample size")
        return n_cas + n_con

    def _filter_at_least(self, name: str, minimum: float, shown: str) -> None:
        n_before = len(self.columns["SNP"])
        self.keep(self.columns[name] >= minimum)
        n_left = len(self.columns["SNP"])
        removed = n_before - n_left
        self.count(
            f"SNPs with {name} < {shown}", removed, n_left,
            f"Removed {removed} SNPs with {name} < {shown} ({n_left} SNPs remain).",
        )  # fmt: skip
        self.check_any(n_left)

    def set_z(self) -> None:
        """P becomes Z, in P's place among the columns."""
        self.columns = {"Z" if name == "P" else name: values for name, values in self.columns.items() if name != "Z"}
        z = z_from_p_ldsc(self.columns["Z"])
        null_value = self.map.null_value
        if null_value is not None and not self.options.a1_inc:
            signed = self.columns.pop("SIGNED_SUMSTAT")
            median = float(np.median(signed))
            if abs(median - null_value) > 0.1:
                raise InputError(
                    f"{self.where}: the median of {self.map.sign_name} is {median:.3g}, LDSC expects {null_value:g} "
                    "within 0.1; the column may be mislabelled: name another with --signed-sumstats NAME,NULL; a scale "
                    "with large effects is no fault: without --ldsc the scale does not matter"
                )
            self.log.append(f"Median value of {self.map.sign_name} was {_python2_float(median)}, which seems sensible.")
            z = np.where(signed < null_value, -z, z)
        self.columns["Z"] = z

    def finish(self, merge_alleles: SnpList | None) -> LdscMunged:
        columns = self.columns
        if self.whole_numbers["N"]:
            columns["N"] = columns["N"].astype(np.int64)
        table = pa.table({name: columns[name] for name in columns if name in ("SNP", "N", "Z", "A1", "A2", "FRQ")})
        for position, name in enumerate(table.column_names):
            if name in ("A1", "A2") and not self.options.no_alleles:
                table = table.set_column(position, name, pc.utf8_upper(table.column(name).cast(pa.string())))
        if "FRQ" in table.column_names:
            # LDSC appends the frequency to the columns it prints, wherever it stood.
            frequency = table.column("FRQ")
            table = table.drop_columns(["FRQ"]).append_column("FRQ", frequency)
        if merge_alleles is not None:
            table = self._merge(table, merge_alleles)
        self._log_metadata(table)
        return LdscMunged(table, "\n".join(self.log) + "\n", tuple(self.filters), self.n_read, self.map, *self.counts)

    def _merge(self, table: pa.Table, listed: SnpList) -> pa.Table:
        """The rows of the list in its order; cells are empty where no SNP, or none with these alleles, is there."""
        rows = pc.index_in(listed.snp, value_set=table.column("SNP").combine_chunks())
        found = as_numpy(rows.is_valid())
        merged = table.take(rows)
        kinds = [allele_kinds(encode_alleles(merged.column("A1")), encode_alleles(merged.column("A2"))), listed.kinds]
        matches = found & (kinds[0] == kinds[1]) & (kinds[0] > 0)
        n_found, n_left = int(found.sum()), int(matches.sum())
        if n_left == 0:
            raise InputError(
                f"{self.where}: none of the {n_found} SNPs has the alleles of --merge-alleles; expected those of the same "
                "variants; check that the list has columns SNP A1 A2 and is of the same variants"
            )
        self.count(
            "SNPs whose alleles did not match --merge-alleles", n_found - n_left, n_left,
            f"Removed {n_found - n_left} SNPs whose alleles did not match --merge-alleles ({n_left} SNPs remain).",
        )  # fmt: skip
        empty = pa.array(~matches)
        columns = {}
        for name in merged.column_names:
            values = merged.column(name)
            # A column with missing values is one of floating point numbers for pandas, and printed so.
            values = values.cast(pa.float64()) if pa.types.is_integer(values.type) else values
            columns[name] = listed.snp if name == "SNP" else pc.if_else(empty, pa.scalar(None, values.type), values)
        # pandas' merge puts the key first.
        return pa.table({"SNP": columns.pop("SNP"), **columns})

    def _log_metadata(self, table: pa.Table) -> None:
        z = as_numpy(table.column("Z"))
        z = z[np.isfinite(z)]
        chi2 = z**2
        self.log.append(
            f"Writing summary statistics for {table.num_rows} SNPs ({len(chi2)} with nonmissing beta) to "
            f"{self.options.out or 'munged'}.sumstats.gz.\n\nMetadata:"
        )
        self.log.append(f"Mean chi^2 = {_python2_float(round(float(chi2.mean()), 3))}")
        if chi2.mean() < 1.02:
            self.log.append("WARNING: mean chi^2 may be too small.")
        self.log.append(f"Lambda GC = {_python2_float(round(lambda_gc(z), 3))}")
        self.log.append(f"Max chi^2 = {_python2_float(round(float(chi2.max()), 3))}")
        self.log.append(
            f"{int((chi2 > 29).sum())} Genome-wide significant SNPs (some may have been removed by filtering)."
        )


def _parse_number(values: pa.Array, column: str, where: str) -> tuple[pa.Array, bool]:
    """Text as float64, and whether pandas would have read whole numbers: all of them are, and none is missing."""
    try:
        numbers = values.cast(pa.float64())
    except pa.ArrowInvalid:
        bad = next(text for text in values.to_pylist() if text is not None and not is_number(text))
        raise InputError(
            f"{where}: column {column}: found {bad[:60]!r}, expected a number; correct the value or write NA"
        ) from None
    if values.null_count:
        return numbers, False
    try:
        values.cast(pa.int64())
    except pa.ArrowInvalid:
        return numbers, False
    return numbers, True


def _python2_float(value: float) -> str:
    """A number as Python 2 prints it: twelve digits, and with a point."""
    text = f"{value:.12g}"
    return text if not math.isfinite(value) or any(mark in text for mark in ".e") else f"{text}.0"
