"""The columns of a GWAS as numbers, on as many rows as an audit needs."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ldscores.shared.alleles import NOT_A_BASE
from ldscores.shared.arrow_arrays import as_numpy
from ldscores.shared.errors import InputError
from sumh2.gwas.alleles import allele_codes, panel_rows
from sumh2.gwas.header_names import FIELDS, clean_header
from sumh2.gwas.panel import KnownVariants
from sumh2.gwas.table import GwasTable, read_positions
from sumh2.munging.checks import half_units, z_of_p
from sumh2.munging.result import MungeOptions
from sumh2.munging.sample_sizes import Cohorts, number_of_people
from sumh2.munging.z_scores import p_values

#: Rows an audit looks at: shares are then known to a third of a percent.
MOST_ROWS = 100_000

#: Of fewer effects it cannot be told that all are positive and lie around 1.
_FEWEST_ODDS_RATIOS = 30

_LOG_ODDS = {"LOG_ODDS", "LOGODDS", "LOGOR", "LOG_OR", "LOG(OR)", "LN_OR", "LNOR", "LOG(OR)_SE", "STDERRLOGOR"}


@dataclass(frozen=True, eq=False)
class AuditColumns:
    """A sample of rows; whatever the file lacks is None.

    Parameters
    ----------
    gwas
        The rows as they were read, and which column was taken for what.
    n_rows
        Rows of the sample.
    a1, a2 : uint8, (n_rows,)
        Alleles.
    eaf, maf, info, beta, se, z : float64, (n_rows,)
        Columns of the file; beta is the log of an odds ratio.
    odds_ratio : float64, (n_rows,)
        As the file has it.
    p_size : float64, (n_rows,)
        |Z| that the file's P means.
    n, n_cas : float64, (n_rows,)
        People, and cases among them; n as munge would take it.
    n_source
        How n came about; "" without.
    n_is_effective
        It is a column that says it is an effective N, or half of one.
    is_binary
        The file says that effects are log odds ratios.
    share_cases
        Share of cases, NaN if unknown.
    bp : int64, (n_rows,)
        Positions in base pairs.
    places : int64, (n_rows,)
        Rows in the panel, -1 where there is none.
    rounding_of_se
        Relative error of a typical standard error, from its digits.
    """

    gwas: GwasTable
    n_rows: int
    a1: NDArray[np.uint8] | None
    a2: NDArray[np.uint8] | None
    eaf: NDArray[np.float64] | None
    maf: NDArray[np.float64] | None
    info: NDArray[np.float64] | None
    beta: NDArray[np.float64] | None
    odds_ratio: NDArray[np.float64] | None
    se: NDArray[np.float64] | None
    z: NDArray[np.float64] | None
    p_size: NDArray[np.float64] | None
    n: NDArray[np.float64] | None
    n_cas: NDArray[np.float64] | None
    n_source: str
    n_is_effective: bool
    is_binary: bool
    share_cases: float
    bp: NDArray[np.int64] | None
    places: NDArray[np.int64] | None
    rounding_of_se: float

    @property
    def alleles(self) -> tuple[NDArray[np.uint8], NDArray[np.uint8]] | None:
        """Both alleles, (n_rows,) each; None unless both are there."""
        return None if self.a1 is None or self.a2 is None else (self.a1, self.a2)

    def name(self, field: str) -> str:
        """The file's name of a column."""
        return self.gwas.column_map.columns.get(field, field)

    @property
    def frequency(self) -> NDArray[np.float64] | None:
        """Frequency of either allele, (n_rows,)."""
        return self.eaf if self.eaf is not None else self.maf

    @cached_property
    def odds_ratios_in(self) -> str:
        """The file's name of a column of effects that holds odds ratios: all positive, on both sides of 1; else ""."""
        if self.beta is None or "BETA" not in self.gwas:
            return ""
        effects = self.beta[np.isfinite(self.beta)]
        if len(effects) < _FEWEST_ODDS_RATIOS or not (effects > 0).all():
            return ""
        return self.name("BETA") if 0.1 < np.mean(effects > 1) < 0.9 and 0.8 < np.median(effects) < 1.25 else ""

    @property
    def effect_z(self) -> NDArray[np.float64] | None:
        """BETA / SE, else Z, else |Z| of P, (n_rows,)."""
        if self.beta is not None and self.se is not None:
            with np.errstate(all="ignore"):
                return np.where(self.se > 0, self.beta / self.se, np.nan)
        return self.z if self.z is not None else self.p_size


def sample_rows(gwas: GwasTable) -> GwasTable:
    """Evenly spaced rows of a GWAS, only those that hold the additive effect."""
    table = gwas.table
    if gwas.column_map.keep_rows and "ROWS" in table.column_names:
        additive = pc.fill_null(pc.equal(table.column("ROWS"), gwas.column_map.keep_rows[1]), False)
        rows = np.flatnonzero(as_numpy(additive))
    else:
        rows = np.arange(table.num_rows)
    if len(rows) == table.num_rows and len(rows) <= MOST_ROWS:
        return gwas
    rows = rows[:: max(-(-len(rows) // MOST_ROWS), 1)]
    return dataclasses.replace(gwas, table=table.take(pa.array(rows)).combine_chunks())


@np.errstate(all="ignore")
def collect_columns(
    gwas: GwasTable, options: MungeOptions, panel: KnownVariants | None, cohorts: Cohorts | None = None
) -> AuditColumns:
    """The columns of a sample of rows."""
    sample = sample_rows(gwas)

    def number(name: str) -> NDArray[np.float64] | None:
        if name not in sample:
            return None
        values = sample.array(name)
        return sample.number(name) if pa.types.is_floating(values.type) else None

    a1, a2 = allele_codes(sample) if "A1" in sample else (None, None)
    odds_ratio, beta, se = number("OR"), number("BETA"), number("SE")
    if beta is None and odds_ratio is not None:
        beta = _log(odds_ratio)
    p = p_values(sample)
    try:
        n, n_source = number_of_people(sample, options, cohorts)
    except InputError:
        n, n_source = None, ""
    cases, controls = number("N_CAS"), number("N_CON")
    share, is_binary = _share_of_cases(sample, options, cases, controls)
    return AuditColumns(
        gwas=sample, n_rows=sample.table.num_rows, a1=a1, a2=a2, eaf=number("EAF"), maf=number("MAF"),
        info=number("INFO"), beta=beta, odds_ratio=odds_ratio, se=se, z=number("Z"), p_size=z_of_p(p) if p else None,
        n=n, n_cas=cases, n_source=n_source, n_is_effective=_says_effective(sample, n_source),
        is_binary=is_binary or odds_ratio is not None or _names_log_odds(sample),
        share_cases=share, bp=read_positions(sample.array("BP"))[0] if "BP" in sample else None,
        places=panel_rows(sample, panel) if panel is not None else None,
        rounding_of_se=_relative_rounding(se),
    )  # fmt: skip


def _relative_rounding(se: NDArray[np.float64] | None) -> float:
    if se is None or not (se > 0).any():
        return float("nan")
    return float(np.nanmedian(half_units(se) / np.where(se > 0, se, np.nan)))


def _log(odds_ratio: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(odds_ratio > 0, np.log(np.where(odds_ratio > 0, odds_ratio, 1)), np.nan)


def _says_effective(gwas: GwasTable, n_source: str) -> bool:
    columns = gwas.column_map.columns
    named = [columns[name] for name in ("N", "N_EFF_HALF") if name in columns]
    words = {*FIELDS["N"].names()[1], *FIELDS["N_EFF_HALF"].names()[0]}
    return any(clean_header(name) in words and name in n_source for name in named)


def _names_log_odds(gwas: GwasTable) -> bool:
    columns = gwas.column_map.columns
    return any(clean_header(columns[name]) in _LOG_ODDS for name in ("BETA", "SE") if name in columns)


def _share_of_cases(gwas: GwasTable, options: MungeOptions, cases, controls) -> tuple[float, bool]:
    """Share of cases, NaN if unknown, and whether cases are counted at all."""
    if options.n_cas is not None and options.n_con is not None:
        return options.n_cas / (options.n_cas + options.n_con), True
    if cases is not None and controls is not None and np.isfinite(cases + controls).any():
        a, b = np.nanmedian(cases), np.nanmedian(controls)
        return (float(a / (a + b)), True) if a > 0 and b > 0 else (float("nan"), False)
    stated = gwas.column_map.header_n
    if {"N_CAS", "N_CON"} <= set(stated):
        return stated["N_CAS"] / (stated["N_CAS"] + stated["N_CON"]), True
    return float("nan"), cases is not None


def unclear_alleles(a1: NDArray[np.uint8], a2: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Rows with an allele that is no base, (n_rows,)."""
    return (a1 == NOT_A_BASE) | (a2 == NOT_A_BASE)
