"""What is wrong with a GWAS file, and what to do: the audit of ``sumh2 doctor`` and of every munge."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import pyarrow.compute as pc
from numpy.typing import NDArray

from ldscores.shared.errors import InputError
from ldscores.shared.messages import counted, first_of
from ldscores.shared.unique_names import is_first_of_each
from sumh2.doctor.check import STATUSES, AuditCheck, line_of
from sumh2.doctor.checks import check_inflation, check_info, check_n, check_signs, check_z, explain_odds_ratios
from sumh2.doctor.columns import AuditColumns, collect_columns
from sumh2.doctor.panel_checks import (
    check_alleles,
    check_ancestry,
    check_build,
    check_effect_allele,
    check_frequency,
    check_palindromes,
)
from sumh2.doctor.sample import AuditSample, sample_of
from sumh2.gwas.alleles import gwas_keys, panel_rows
from sumh2.gwas.panel import KnownVariants, chromosome_codes
from sumh2.gwas.table import GwasTable, read_positions
from sumh2.munging.filters import munge_gwas
from sumh2.munging.result import MungeOptions, MungeResult
from sumh2.munging.sample_sizes import Cohorts
from sumh2.results import Result
from sumh2.sumstats import FilterCount
from sumh2.verdicts import FEW_SNPS, VERY_FEW_SNPS

#: Share of rows from which duplicated names are worth a caution.
_MANY_DUPLICATES = 0.01

#: Share of positions that are no numbers from which they are worth a caution.
_MANY_ODD_POSITIONS = 0.01

#: Of fewer rows most checks say nothing, so that an audit without alarms would mean nothing.
_TOO_FEW = 50

#: A share of the rows kept below this is worth a caution.
_FEW_KEPT = 0.1


@dataclass(frozen=True)
class DoctorResult(Result):
    """The audit of a GWAS file.

    Parameters
    ----------
    source
        The file.
    columns
        Which column was taken for what.
    checks
        What was looked at, worst first in the report.
    losses
        Rows that each filter of munge would remove.
    n_read, n_kept
        Rows read, and left after the filters; n_kept is -1 where munge would stop.
    run
        Program, command and inputs.
    sample
        The rows that were looked at, for figures.
    """

    kind: ClassVar[str] = "doctor"

    source: str
    columns: str
    checks: tuple[AuditCheck, ...]
    losses: tuple[FilterCount, ...]
    n_read: int
    n_kept: int
    run: Mapping[str, Any] = field(default_factory=dict)
    sample: AuditSample | None = field(default=None, repr=False, compare=False)

    @property
    def status(self) -> str:
        """The worst of the checks: ok, caution or unusable."""
        worst = max((STATUSES.index(each.status) for each in self.checks), default=0)
        return "ok" if STATUSES[worst] == "note" else STATUSES[worst]

    @property
    def provenance(self) -> Mapping[str, Any]:
        """Program, command and inputs."""
        return self.run

    def to_records(self) -> list[dict[str, Any]]:
        """One dictionary a check."""
        return [{"check": e.check, "status": e.status, "found": e.found, "advice": e.advice} for e in self.checks]

    def details(self) -> dict[str, Any]:
        """Columns, losses and the numbers behind the checks."""
        return {
            "source": self.source, "status": self.status, "n_read": self.n_read, "n_kept": self.n_kept,
            "columns": self.columns.splitlines(), "losses": [vars(each) for each in self.losses],
            "values": {each.check: dict(each.values) for each in self.checks if each.values},
        }  # fmt: skip

    def __str__(self) -> str:
        lines = [f"{self.source}: {self.status}", "", self.columns.rstrip(), ""]
        ranked = sorted(self.checks, key=lambda each: -STATUSES.index(each.status))
        lines += [line_of(each) for each in ranked]
        if self.losses:
            width = max(len(each.what) for each in self.losses)
            lines += ["", f"{'filter':{width}}  {'removed':>10}  {'kept':>10}"]
            lines.append(f"{'rows read':{width}}  {'':>10}  {self.n_read:>10,}")
            lines += [f"{each.what:{width}}  {each.removed:>10,}  {each.kept:>10,}" for each in self.losses]
        # One cause may show in several checks: its advice is given once.
        advised: dict[str, list[str]] = {}
        for each in ranked:
            if each.advice:
                advised.setdefault(each.advice, []).append(each.check)
        advice = [f"{number}. {', '.join(names)}: {what}" for number, (what, names) in enumerate(advised.items(), 1)]
        if advice:
            lines += ["", "What to do:", *advice]
        return "\n".join(lines)


def audit_munged(
    gwas: GwasTable, options: MungeOptions, panel: KnownVariants | None = None, cohorts: Cohorts | None = None
) -> tuple[AuditCheck, ...]:
    """The checks on the columns that munge has read, on a sample of rows."""
    columns = collect_columns(gwas, options, panel, cohorts)
    checks = _check_columns(columns, panel, ())
    # Signs, chi2 and INFO are in munge's own report.
    return tuple(each for each in checks if each.check not in ("signs", "inflation", "info"))


@np.errstate(all="ignore")
def _check_columns(
    columns: AuditColumns, panel: KnownVariants | None, others: Sequence[tuple[KnownVariants, NDArray[np.int64]]]
) -> list[AuditCheck]:
    if columns.n_rows == 0:
        return []  # e.g. no row with the additive effect: munge says so
    found = [
        check_effect_allele(columns.gwas.column_map),
        check_frequency(columns, panel),
        check_alleles(columns, panel),
        check_palindromes(columns, panel) if columns.eaf is not None or panel is not None else None,
        check_n(columns),
        check_z(columns),
        check_signs(columns),
        check_build(columns, panel),
        check_ancestry(columns, panel, others),
        check_inflation(columns),
        check_info(columns),
    ]
    return [explain_odds_ratios(columns, each) for each in found if each is not None]


def examine_gwas(
    gwas: GwasTable,
    options: MungeOptions | None = None,
    panel: KnownVariants | None = None,
    others: Sequence[KnownVariants] = (),
    cohorts: Cohorts | None = None,
) -> DoctorResult:
    """Audit a GWAS: alleles, frequencies, N, Z, build, ancestry, duplicates, inflation, INFO, and what munge would lose.

    Parameters
    ----------
    gwas
        All recognised columns.
    options
        Names of columns and thresholds, as for munge.
    panel
        The panel that is to be used, with names, positions, alleles and frequencies as far as they are known.
    others
        More panels, for the ancestry.
    cohorts
        The cohorts of a meta-analysis.

    Returns
    -------
    DoctorResult
        Every check that the columns allow.  Effects are looked at on up to 100,000 evenly spaced rows, duplicates and
        losses on all.
    """
    options = options or MungeOptions()
    columns = collect_columns(gwas, options, panel, cohorts)
    places = [(each, panel_rows(columns.gwas, each)) for each in others]
    checks = _check_columns(columns, panel, places)
    of_the_file = (
        _check_names(gwas, options),
        _check_duplicates(gwas),
        _check_chromosomes(gwas),
        _check_positions(gwas),
    )
    checks += [each for each in of_the_file if each is not None]
    losses: tuple[FilterCount, ...] = ()
    n_kept = -1
    try:
        munged = munge_gwas(gwas, options, cohorts=cohorts)
        losses, n_kept = munged.sumstats.filters, len(munged.sumstats)
        checks.append(_check_losses(gwas, munged))
    except InputError as error:
        text = str(error).removeprefix(f"{gwas.source}: ")
        stops = AuditCheck(
            "munge", "unusable", f"munge would stop: {text}", "do first what the line of munge above says"
        )
        checks.append(explain_odds_ratios(columns, stops))
    return DoctorResult(
        gwas.source, str(gwas.column_map), tuple(checks), tuple(losses), gwas.table.num_rows, n_kept,
        sample=sample_of(columns, panel),
    )  # fmt: skip


def _check_names(gwas: GwasTable, options: MungeOptions) -> AuditCheck | None:
    """Variants without names, which munge finds by position only if it is told to."""
    if not gwas.column_map.nameless or options.match_by == "position":
        return None
    found = "the file has no names of variants, only positions and alleles"
    advice = "munge it with --match-by position and --ld or --reference, or name the column with --snp"
    return AuditCheck("names", "caution", found, advice)


def _check_duplicates(gwas: GwasTable) -> AuditCheck | None:
    """Names that appear twice, and positions with several pairs of alleles."""
    if "SNP" not in gwas or gwas.column_map.keep_rows:
        return None
    snp = gwas.array("SNP").drop_null()
    twice = int(np.count_nonzero(~is_first_of_each(snp)))
    n_rows = max(gwas.table.num_rows, 1)
    values = {"duplicated_names": twice}
    found = f"{counted(twice, 'row repeats', 'rows repeat')} a name"
    if {"CHR", "BP"} <= set(gwas.table.column_names):
        keys = gwas_keys(gwas)
        known = np.sort(keys[keys >= 0])
        several = int(np.count_nonzero(known[1:] == known[:-1]))
        values["repeated_positions"] = several
        found += f", {several:,} a position (multi-allelic sites, or the same variant twice)"
    if twice > _MANY_DUPLICATES * n_rows:
        commonest = pc.value_counts(snp)
        name = commonest[int(np.argmax(commonest.field("counts").to_numpy()))].as_py()["values"]
        return AuditCheck("duplicates", "caution", f"{found}; the commonest name is {name}",
                          "is this the column of the names (--snp)? munge keeps the first row of each", values)  # fmt: skip
    return AuditCheck("duplicates", "note" if twice else "ok", found, values=values)


def _check_chromosomes(gwas: GwasTable) -> AuditCheck | None:
    if "CHR" not in gwas:
        return None
    codes = set(np.unique(chromosome_codes(gwas.array("CHR"))).tolist())
    missing = [str(code) for code in range(1, 23) if code not in codes]
    if not missing:
        return AuditCheck("chromosomes", "ok", "1 to 22 are there")
    if len(missing) == 22:
        return AuditCheck("chromosomes", "note", "none is numbered 1 to 22: not human, or another column")
    shown = first_of(missing, 8)
    return AuditCheck("chromosomes", "note", f"{len(missing)} of 22 are missing ({shown})",
                      "heritability of part of the genome is not that of the whole: is the file complete?")  # fmt: skip


def _check_positions(gwas: GwasTable) -> AuditCheck | None:
    """Positions that are no numbers: a few are damage, many another column."""
    if "BP" not in gwas:
        return None
    positions = gwas.array("BP").drop_null()
    _, n_odd = read_positions(positions)
    if not n_odd:
        return None
    found = f"{n_odd:,} of {len(positions):,} are no numbers"
    if n_odd <= _MANY_ODD_POSITIONS * len(positions):
        return AuditCheck("positions", "note", found, "munge sets them to 0")
    return AuditCheck("positions", "caution", found,
                      "is this the column of positions (--bp)? is the column of names right (--snp)?")  # fmt: skip


def _check_losses(gwas: GwasTable, munged: MungeResult) -> AuditCheck:
    n_read, n_kept = munged.n_read, len(munged.sumstats)
    worst = max(munged.sumstats.filters, key=lambda each: each.removed)
    found = f"{n_kept:,} of {n_read:,} rows are kept"
    if worst.removed:
        found += f"; most are lost to: {worst.what} ({worst.removed:,})"
    values = {"n_read": n_read, "n_kept": n_kept}
    wanted = f"LD score regression wants {FEW_SNPS:,} SNPs and more: is the file complete?"
    if n_kept < _TOO_FEW:
        return AuditCheck("losses", "unusable", f"{found}: too few to tell anything of the columns", wanted, values)
    if n_kept < _FEW_KEPT * n_read:
        return AuditCheck("losses", "caution", found, f"look at this filter first: {worst.what}", values)
    if n_kept < VERY_FEW_SNPS:
        return AuditCheck("losses", "note", found, wanted, values)
    return AuditCheck("losses", "ok", found, values=values)
