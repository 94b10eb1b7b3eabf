"""What munge is asked for, and what it gives back."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from ldscores.shared.errors import InputError
from ldscores.shared.messages import counted
from sumh2.doctor.check import AuditCheck, describe_audit
from sumh2.kernels.significance import lambda_gc
from sumh2.sumstats import SumStats

if TYPE_CHECKING:
    import pandas as pd

#: chi2 above which LDSC counts a SNP as genome-wide significant.
SIGNIFICANT_CHI2 = 29


@dataclass(frozen=True)
class MungeOptions:
    """Options of ``sumh2 munge``; each is the flag of the same name, with dashes.

    Parameters
    ----------
    snp, chrom, bp, effect_allele, other_allele, p, log10p, beta, odds_ratio, se, z, chisq, sign, direction, n_col, \
n_cas_col, n_con_col, eaf, maf, info, nstudy
        The column of this quantity; takes the place of what the header would suggest (``chrom`` is ``--chr``).
    signed
        A column with the sign of the effect and its value for no effect (``--signed-sumstats BETA,0``).
    ignore
        Columns to leave alone.
    info_list
        Columns of imputation quality to average.
    n, n_cas, n_con
        People in the study, cases and controls; take the place of columns (in LDSC columns beat them).
    info_min, maf_min, n_min, nstudy_min
        Thresholds; n_min is by default the 90th percentile of N divided by 1.5, nstudy_min the largest number.
    no_alleles
        Do without alleles: good for heritability only.
    a1_inc
        A1 is always the allele that raises the trait: all Z are positive.
    keep_maf
        LDSC only: print the frequency too.  (Our own files always carry it.)
    daner, daner_n
        LDSC only: PGC's daner formats.  (Otherwise told from the header.)
    z_from
        effect (BETA or log OR over SE), z, p with the sign of the effect; auto takes the first of these that there is,
        and p instead of effect where BETA or SE have too few digits.
    suffix
        Of several sets of results in one file (populations of Pan-UKB, traits of REGENIE, studies of a GWAS-VCF), the
        one to use: ``EUR`` for the columns ``beta_EUR``, ``se_EUR``, ...
    neff
        Use the effective N, 4 / (1/cases + 1/controls), in place of the sum of cases and controls.
    cohorts
        Table of the cohorts of a meta-analysis (columns of cases and controls, or N), whose N is summed; over the cohorts
        present at a SNP where the file has a column of directions.
    infer_n
        Where the file has no N: take it from SE and frequency, of a ``standardised`` trait (variance 1) or of a
        ``case-control`` study (log odds ratios; gives the effective N).
    match_by
        ``name``, or ``position``: find the SNPs of the panel by chromosome, position and alleles, and take its names.
    liftover
        Chain file that takes the file's positions to the panel's build.
    out
        Where LDSC's log says that it wrote.
    extract_given
        Whether there is a list to extract, which LDSC does not know.

    Raises
    ------
    InputError
        A number of people is not above 0.
    """

    snp: str | None = None
    chrom: str | None = None
    bp: str | None = None
    effect_allele: str | None = None
    other_allele: str | None = None
    p: str | None = None
    log10p: str | None = None
    beta: str | None = None
    odds_ratio: str | None = None
    se: str | None = None
    z: str | None = None
    chisq: str | None = None
    sign: str | None = None
    direction: str | None = None
    n_col: str | None = None
    n_cas_col: str | None = None
    n_con_col: str | None = None
    eaf: str | None = None
    maf: str | None = None
    info: str | None = None
    nstudy: str | None = None
    signed: tuple[str, float] | None = None
    ignore: tuple[str, ...] = ()
    info_list: tuple[str, ...] = ()
    n: float | None = None
    n_cas: float | None = None
    n_con: float | None = None
    info_min: float = 0.9
    maf_min: float = 0.01
    n_min: float | None = None
    nstudy_min: float | None = None
    no_alleles: bool = False
    a1_inc: bool = False
    keep_maf: bool = False
    daner: bool = False
    daner_n: bool = False
    z_from: str = "auto"
    suffix: str | None = None
    neff: bool = False
    cohorts: str | None = None
    infer_n: str | None = None
    match_by: str = "name"
    liftover: str | None = None
    out: str | None = None
    extract_given: bool = False

    def __post_init__(self) -> None:
        for name in ("n", "n_cas", "n_con"):
            people = getattr(self, name)
            if people is not None and not 0 < people < float("inf"):
                raise InputError(
                    f"--{name.replace('_', '-')}: found {people:g}, expected a number of people above 0; correct it, or "
                    "leave it out if the file has a column"
                )

    def given(self) -> dict[str, Any]:
        """The options that differ from their defaults."""
        return {
            each.name: getattr(self, each.name)
            for each in fields(self)
            if getattr(self, each.name) != each.default and each.name not in ("out", "extract_given")
        }


@dataclass(frozen=True)
class MungeResult:
    """The summary statistics and the story of how they came about.

    Parameters
    ----------
    sumstats
        What is left, with the filter counts.
    n_read
        Rows of the file.
    z_source, n_source
        What Z and N were made of.
    columns
        Which column was taken for what.
    warnings
        What is worth a look.
    options
        Options that were given.
    ldsc_table, ldsc_log
        With ``--ldsc``: what LDSC would write (with all digits) and its log.
    written
        Files that were written.
    audit
        What the audit of the columns found, see :mod:`sumh2.doctor.examination`.
    """

    sumstats: SumStats
    n_read: int
    z_source: str
    n_source: str
    columns: str
    warnings: tuple[str, ...]
    options: dict[str, Any]
    ldsc_table: pa.Table | None = None
    ldsc_log: str = ""
    written: tuple[str, ...] = ()
    audit: tuple[AuditCheck, ...] = ()

    def metrics(self) -> dict[str, Any]:
        """Numbers to look at first: SNPs, N, chi2."""
        chi2, n = self.sumstats.chi2, self.sumstats.n
        return {
            "n_read": self.n_read,
            "n_snps": len(self.sumstats),
            "n_min": float(n.min()),
            "n_median": float(np.median(n)),
            "n_max": float(n.max()),
            "mean_chi2": float(chi2.mean()),
            "lambda_gc": lambda_gc(self.sumstats.z),
            "max_chi2": float(chi2.max()),
            "n_significant": int((chi2 > SIGNIFICANT_CHI2).sum()),
        }

    def to_frame(self) -> pd.DataFrame:
        """The filters, one row each: what, removed, kept."""
        import pandas as pd

        return pd.DataFrame([vars(each) for each in self.sumstats.filters], columns=["what", "removed", "kept"])

    def to_json(self) -> dict[str, Any]:
        """Everything but the SNPs, for programs."""
        return {
            "trait": self.sumstats.trait,
            "source": self.sumstats.source,
            **self.metrics(),
            "z_source": self.z_source,
            "n_source": self.n_source,
            "columns": self.columns.splitlines(),
            "filters": [vars(each) for each in self.sumstats.filters],
            "warnings": list(self.warnings),
            "audit": [vars(each) for each in self.audit],
            "options": self.options,
            "written": list(self.written),
        }

    def brief(self) -> tuple[list[str], str]:
        """What --quiet leaves: the warnings, and the names of the files written; the .munge.json has the whole story."""
        doubts = [each for each in self.audit if each.status in ("caution", "unusable")]
        warnings = [*self.warnings, *(" ".join(line.split()) for line in describe_audit(doubts))]
        return warnings, "\n".join(f"written: {path}" for path in self.written)

    def __str__(self) -> str:
        numbers = self.metrics()
        filters = self.sumstats.filters
        width = max((len(each.what) for each in filters), default=0)
        lines = [self.columns.rstrip(), f"Z: {self.z_source}", f"N: {self.n_source}", ""]
        lines.append(f"{'filter':{width}}  {'removed':>10}  {'kept':>10}")
        lines.append(f"{'rows read':{width}}  {'':>10}  {self.n_read:>10,}")
        lines += [f"{each.what:{width}}  {each.removed:>10,}  {each.kept:>10,}" for each in filters]
        lines.append("")
        if numbers["n_min"] == numbers["n_max"]:
            lines.append(f"{counted(numbers['n_snps'], 'SNP')}, N = {numbers['n_max']:,.10g}")
        else:
            lines.append(
                f"{numbers['n_snps']:,} SNPs, N {numbers['n_min']:,.10g} to {numbers['n_max']:,.10g}, "
                f"median {numbers['n_median']:,.10g}"
            )
        lines.append(
            f"mean chi2 {numbers['mean_chi2']:.4f}, lambda GC {numbers['lambda_gc']:.4f}, "
            f"max chi2 {numbers['max_chi2']:.3f}, {counted(numbers['n_significant'], 'SNP')} with chi2 > "
            f"{SIGNIFICANT_CHI2} (of the SNPs kept)"
        )
        if self.audit:
            lines += ["", "audit (sumh2 doctor tells more)", *describe_audit(self.audit)]
        lines += [f"WARNING: {warning}" for warning in self.warnings]
        lines += [f"written: {path}" for path in self.written]
        return "\n".join(lines)
