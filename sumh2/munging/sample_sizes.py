r"""How many people stand behind each SNP: total, effective, summed over cohorts, or inferred.

Conventions of the effective N of a case-control study with ``a`` cases and ``b`` controls:

==================  ============================  ======================================================
``N_EFF``           4 / (1/a + 1/b)               the balanced study that would be as informative
``N_EFF_HALF``      2 / (1/a + 1/b)               half of it (``Neff_half``, ``NEFFDIV2`` of PGC): doubled here
a b / (a + b)       a quarter of ``N_EFF``        the variance of a log odds ratio is its inverse over 2 p q
==================  ============================  ======================================================

Of a meta-analysis the effective N is the *sum of the cohorts'* effective N, not that of the summed cases and controls,
which is larger wherever cohorts differ in balance (Grotzinger et al. 2023, Biological Psychiatry).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ldscores.shared.arrow_arrays import as_numpy
from ldscores.shared.errors import InputError, OptionError
from sumh2.gwas.header_names import FIELDS, clean_header
from sumh2.gwas.headers import ColumnMap
from sumh2.gwas.table import GwasTable
from sumh2.munging.result import MungeOptions

#: An inferred N above this many times the 90th percentile is noise of SE and frequency.
_LARGEST_INFERRED = 1.1

#: Rarer variants have a standard error that tells little about N.
_RAREST_FOR_N = 0.01


@dataclass(frozen=True)
class Cohorts:
    """The cohorts of a meta-analysis, in the order of its direction column.

    Parameters
    ----------
    names
        Their names.
    cases, controls : float64, (n_cohorts,)
        People; NaN in a cohort without cases.
    total : float64, (n_cohorts,)
        All people.
    source
        The file, for messages.
    """

    names: tuple[str, ...]
    cases: NDArray[np.float64]
    controls: NDArray[np.float64]
    total: NDArray[np.float64]
    source: str

    def sizes(self, effective: bool) -> NDArray[np.float64]:
        """N of each cohort: effective where there are cases, and asked for; else all people, (n_cohorts,)."""
        if not effective:
            return self.total
        return np.where(np.isfinite(self.cases), effective_n(self.cases, self.controls), self.total)


def effective_n(cases: NDArray | float, controls: NDArray | float) -> NDArray[np.float64]:
    """4 / (1/cases + 1/controls); NaN where one of them is missing or not positive."""
    cases, controls = np.asarray(cases, dtype=np.float64), np.asarray(controls, dtype=np.float64)
    positive = (cases > 0) & (controls > 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(positive, 4 / (1 / cases + 1 / controls), np.nan)


def implied_n(se: NDArray[np.float64], frequency: NDArray[np.float64], factor: float = 1.0) -> NDArray[np.float64]:
    """``factor / (2 p (1 - p) SE^2)``: N of a trait of variance 1, or with factor 4 the effective N of a log odds ratio.

    The variance of an effect is that of the trait over N and over the variance of the genotype, 2 p (1 - p); the
    information of a log odds ratio is N times the share of cases times that of controls, a quarter of the effective N.
    The share that the SNP itself explains is neglected.  NaN where SE or frequency cannot be.

    Parameters
    ----------
    se, frequency : float64, (n,)
        Standard error, and frequency of either allele.
    factor
        1 or 4.
    """
    variance = 2 * frequency * (1 - frequency)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where((se > 0) & (variance > 0), factor / (variance * se**2), np.nan)


# ---------------------------------------------------------------------------------------------------------------------
# Which of the ways


def choose_n_source(names, column_map: ColumnMap, options: MungeOptions, where: str) -> tuple[str, ...]:
    """Where N comes from: "constant", "cohorts", (N,), (N_CAS, N_CON), (N_EFF_HALF,), "header" or "inferred".

    An option beats a column, as LDSC's help promises and LDSC does not do; a column of N beats cases and controls, but
    for an effective N (``--neff``) cases and controls beat a column that does not say it is one.
    """
    of_cases = [each for each in (options.n_cas, options.n_con) if each is not None]
    if options.n is not None and of_cases:
        raise OptionError(f"{where}: found --n together with --n-cas or --n-con; expected one way to give N; drop one")
    if len(of_cases) == 1:
        raise OptionError(f"{where}: found only one of --n-cas and --n-con; expected both; give the other, or --n")
    if options.cohorts is not None:
        return ("cohorts",)
    if options.n is not None or of_cases:
        return ("constant",)
    total, halves = [("N",), ("N_CAS", "N_CON")], [("N_EFF_HALF",)]
    ways = [*total, *halves]
    if options.neff:
        named = "N" in column_map.columns and _is_effective(column_map.columns["N"])
        ways = [*([("N",)] if named else []), *halves, ("N_CAS", "N_CON")]
    for fields in ways:
        if all(name in names for name in fields):
            return fields
    if {"N_CAS", "N_CON"} <= set(column_map.header_n) or ("N" in column_map.header_n and not options.neff):
        return ("header",)
    if options.neff and "N" in names:
        raise InputError(
            f"{where}: --neff: found a column of N ({column_map.columns['N']}) that does not say it is effective, and no "
            "cases and controls; expected them; give --n-cas and --n-con, or a table of cohorts with --cohorts"
        )
    if options.infer_n is not None:
        return ("inferred",)
    empty = "".join(f" ({note})" for note in column_map.notes if note.startswith("no values in "))
    raise InputError(
        f"{where}: no sample size; found {', '.join((*column_map.file_columns(), *column_map.unused))}{empty}; expected "
        "a column of N, of cases and controls, or an option; give --n, or --n-cas and --n-con, or name the column with "
        "--n-col, or the columns with --n-cas-col and --n-con-col; --infer-n takes it from SE and frequency, with caution"
    )


def _is_effective(column: str) -> bool:
    return clean_header(column) in FIELDS["N"].names()[1]


def cases_and_controls(
    gwas: GwasTable, options: MungeOptions, cohorts: Cohorts | None = None
) -> tuple[float | None, float | None]:
    """Cases and controls of the study, typical where each SNP has its own; None for both where either is unknown."""
    stated = gwas.column_map.header_n
    # A column of text is refused by those who need it.
    of_rows = all(name in gwas and pa.types.is_floating(gwas.array(name).type) for name in ("N_CAS", "N_CON"))
    cases, controls = np.nan, np.nan
    if options.n_cas is not None and options.n_con is not None:
        cases, controls = options.n_cas, options.n_con
    elif cohorts is not None:
        cases, controls = np.nansum(cohorts.cases), np.nansum(cohorts.controls)
    elif of_rows and np.isfinite(gwas.number("N_CAS") + gwas.number("N_CON")).any():
        return typical_counts(gwas.number("N_CAS"), gwas.number("N_CON"))
    elif {"N_CAS", "N_CON"} <= set(stated):
        cases, controls = stated["N_CAS"], stated["N_CON"]
    return typical_counts(np.array([cases]), np.array([controls]))


def typical_counts(cases: NDArray[np.float64], controls: NDArray[np.float64]) -> tuple[float | None, float | None]:
    """Medians over the rows that have both numbers, (n_rows,) each; None for both where there are no such people."""
    known = np.isfinite(cases + controls)
    if not known.any():
        return None, None
    both = float(np.median(cases[known])), float(np.median(controls[known]))
    return both if min(both) > 0 else (None, None)


def number_of_people(
    gwas: GwasTable, options: MungeOptions, cohorts: Cohorts | None = None
) -> tuple[NDArray[np.float64], str]:
    """N of each row, and how it came about."""
    columns, n_rows = gwas.column_map.columns, gwas.table.num_rows
    source = choose_n_source(gwas.table.column_names, gwas.column_map, options, gwas.source)
    what = "effective N, 4 / (1/cases + 1/controls), of " if options.neff else ""
    if source == ("constant",):
        value = _of_options(options)
        what = what.removesuffix(", of ") if options.n is None else ""
        return np.full(n_rows, value), f"{value:g} for every SNP, {what + ', ' if what else ''}from the options"
    if cohorts is not None and source == ("cohorts",):
        return _of_cohorts(gwas, options, cohorts)
    if source == ("header",):
        stated = gwas.column_map.header_n
        if {"N_CAS", "N_CON"} <= set(stated):
            value = float(effective_n(stated["N_CAS"], stated["N_CON"])) if options.neff else (
                stated["N_CAS"] + stated["N_CON"])  # fmt: skip
            return np.full(n_rows, value), f"{value:g} for every SNP, {what}cases and controls of the header"
        return np.full(n_rows, stated["N"]), f"{stated['N']:g} for every SNP, stated beside the file"
    if source == ("N_CAS", "N_CON"):
        cases, controls = gwas.number("N_CAS"), gwas.number("N_CON")
        described = f"{columns['N_CAS']} + {columns['N_CON']}"
        if options.neff:
            return effective_n(cases, controls), f"effective N, 4 / (1/{columns['N_CAS']} + 1/{columns['N_CON']})"
        return cases + controls, described
    if source == ("N_EFF_HALF",):
        return 2 * gwas.number("N_EFF_HALF"), f"2 x {columns['N_EFF_HALF']}"
    if source == ("inferred",):
        return infer_n(gwas, options)
    return gwas.number("N"), columns["N"]


def _of_options(options: MungeOptions) -> float:
    if options.n is not None:
        return float(options.n)
    if options.n_cas is None or options.n_con is None:
        raise ValueError("neither --n nor both of --n-cas and --n-con")
    if options.neff:
        return float(effective_n(options.n_cas, options.n_con))
    return float(options.n_cas + options.n_con)


def _of_cohorts(gwas: GwasTable, options: MungeOptions, cohorts: Cohorts) -> tuple[NDArray[np.float64], str]:
    """Sum over the cohorts; over those present at the SNP where a direction column says so."""
    sizes = cohorts.sizes(options.neff)
    what = "effective N summed over" if options.neff else "N summed over"
    n_rows = gwas.table.num_rows
    if "DIRECTION" not in gwas:
        return np.full(n_rows, sizes.sum()), f"{sizes.sum():g} for every SNP, {what} {len(sizes)} cohorts"
    encoded = pc.dictionary_encode(gwas.array("DIRECTION").cast(pa.string()))
    words = encoded.dictionary.to_pylist()
    lengths = {len(word) for word in words if word}
    if lengths != {len(sizes)}:
        raise InputError(
            f"{gwas.source}: the column of directions has words of {', '.join(map(str, sorted(lengths))) or 'no'} letters, "
            f"{cohorts.source} has {len(sizes)} cohorts; expected one letter a cohort, in the table's order; correct the "
            "table, or leave the column out with --ignore"
        )
    present = [sum(size for letter, size in zip(word, sizes, strict=True) if letter != "?") for word in words]
    indices = as_numpy(pc.fill_null(encoded.indices, len(words)))
    n = np.array([*present, np.nan])[indices]
    return n, f"{what} the cohorts present at each SNP"


def infer_n(gwas: GwasTable, options: MungeOptions) -> tuple[NDArray[np.float64], str]:
    """N implied by the standard error and the frequency, see :func:`implied_n`; no more than 1.1 times its 90th percentile.

    Raises
    ------
    InputError
        There is no standard error or no frequency.
    """
    frequency = frequency_of(gwas)
    if frequency is None or "SE" not in gwas:
        found = ", ".join(gwas.column_map.columns.values())
        raise InputError(
            f"{gwas.source}: --infer-n: found {found}; expected a standard error and a frequency; give --n, or a panel "
            "with frequencies (--ld or --reference)"
        )
    is_binary = options.infer_n == "case-control"
    n = implied_n(gwas.number("SE"), frequency, 4.0 if is_binary else 1.0)
    rare = np.minimum(frequency, 1 - frequency) < _RAREST_FOR_N
    typical = n[~rare & np.isfinite(n)]
    if len(typical) == 0:
        raise InputError(
            f"{gwas.source}: --infer-n: no SNP has a positive standard error and a frequency above {_RAREST_FOR_N:g}; "
            "expected most to have them; give --n"
        )
    n = np.minimum(n, _LARGEST_INFERRED * np.quantile(typical, 0.9))
    what = "4 / (2 p (1 - p) SE^2), the effective N" if is_binary else "1 / (2 p (1 - p) SE^2), for variance 1"
    return n, f"inferred: {what}"


def frequency_of(gwas: GwasTable) -> NDArray[np.float64] | None:
    """Frequency of either allele: the file's, or the panel's where the file has none, (n_rows,)."""
    name = next((name for name in ("EAF", "MAF", "PANEL_FREQUENCY") if name in gwas), None)
    return None if name is None else gwas.number(name)
