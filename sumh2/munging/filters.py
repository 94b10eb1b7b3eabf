r"""From the columns of a GWAS file to Z scores: ``sumh2 munge``.

The filters and their defaults are LDSC's, in LDSC's order, and each is counted.  Where LDSC is wrong or throws
information away this does better; :mod:`sumh2.munging.ldsc` is LDSC to the digit, under ``--ldsc``:

====================  ==========================================  ====================================================
\                     LDSC 1.0.1                                  here
====================  ==========================================  ====================================================
Z                     from P and the sign of a column             BETA/SE, or log(OR)/SE; else Z; else P and a sign
few digits of SE      (does not look at it)                       P and the sign, where P has more digits
P = 0                 SNP dropped                                 kept, where Z does not hang on P
P below 1e-308        Z saturates at 37.749                       exact, also from the text of P or from -log10 P
missing values        in any used column drop the SNP             only where they are needed; INFO and frequency are not
N of cases, controls  n P / mean(P)                               N_CAS + N_CON, the people there are
--n beside a column   ignored                                     replaces the column
check of the effect   \|median(column) - null\| > 0.1 stops       median of Z far from 0 warns: the scale is no matter
blank cells of tabs   shift the cells after them                  are missing values
a list of SNPs        gives empty rows                            gives rows with values
digits                three decimals                              all
====================  ==========================================  ====================================================
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ldscores.shared.alleles import allele_kinds
from ldscores.shared.arrow_arrays import as_numpy
from ldscores.shared.errors import InputError
from ldscores.shared.messages import counted
from ldscores.shared.unique_names import is_first_of_each
from sumh2.gwas.alleles import allele_codes
from sumh2.gwas.headers import ColumnMap
from sumh2.gwas.table import GwasTable, SnpList, minimum_n, read_positions
from sumh2.munging.checks import (
    check_against_p,
    check_balance,
    check_p_column,
    check_unsigned,
    contradicts_zero,
    describe_losses,
    z_of_p,
)
from sumh2.munging.result import MungeOptions, MungeResult
from sumh2.munging.sample_sizes import Cohorts, cases_and_controls, number_of_people
from sumh2.munging.z_scores import ZScores, choose_z_source, describe_source, p_values, z_scores
from sumh2.sumstats import FilterCount, SumStats

#: The square of a larger Z is no number.
_LARGEST_Z = 1e150


@dataclass
class _Progress:
    """Rows still in, and what each step removed."""

    alive: NDArray[np.bool_]
    counts: list[FilterCount] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def keep(self, what: str, passes: NDArray[np.bool_]) -> None:
        before = int(np.count_nonzero(self.alive))
        self.alive &= passes
        after = int(np.count_nonzero(self.alive))
        self.counts.append(FilterCount(what, before - after, after))

    def warn_if(self, rows: NDArray[np.bool_], text: str) -> None:
        if count := int(np.count_nonzero(rows & self.alive)):
            self.warnings.append(f"1 SNP {_singular(text)}" if count == 1 else f"{count} SNPs {text}")


def _singular(text: str) -> str:
    """What is said of several SNPs, of one."""
    for many, one in (
        ("have ", "has "),
        (" are kept", " is kept"),
        ("removes them", "removes it"),
        ("their Z", "its Z"),
    ):
        text = text.replace(many, one)
    return text


# ---------------------------------------------------------------------------------------------------------------------
# The whole


# Numbers that are no effects, 1e308 say, are removed and counted below; on the way there they may overflow.
@np.errstate(all="ignore")
def munge_gwas(
    gwas: GwasTable,
    options: MungeOptions | None = None,
    *,
    merge_alleles: SnpList | None = None,
    extract: SnpList | None = None,
    trait: str = "",
    cohorts: Cohorts | None = None,
) -> MungeResult:
    """Filter a GWAS and turn its effects into Z scores.

    The filters, in order: rows of other tests than the additive one; SNPs not in the lists; missing values; INFO; minor
    allele frequency; P outside [0, 1]; no SNP or ambiguous strand; a standard error that is not positive or a Z that is
    not finite; N that is not positive; duplicated names (the first row stays); N; alleles other than the list's.

    Parameters
    ----------
    gwas
        The file's columns.
    options
        Thresholds and choices.
    merge_alleles, extract
        Lists of SNPs to keep; the first also says with which alleles (on either strand, in either order).
    trait
        Name of the trait.
    cohorts
        The cohorts of a meta-analysis, whose N is summed.

    Returns
    -------
    MungeResult
        The SumStats, what each filter removed, and what is worth a look.  A missing INFO or frequency does not remove a
        SNP (LDSC removes it): it is counted among the warnings.

    Raises
    ------
    InputError
        The columns do not suffice, a column is not what it seems (odds ratios are negative, P is a logarithm, more than
        half of the SNPs have Z and P of different things, P and INFO are exchanged, chi2 is smaller than chance makes
        it), or nothing is left.
    """
    options = options or MungeOptions()
    progress = _Progress(np.ones(gwas.table.num_rows, dtype=bool))
    source = choose_z_source(gwas.table.column_names, options, gwas.source)
    n, n_source = number_of_people(gwas, options, cohorts)
    p = p_values(gwas)
    check_p_column(gwas, p)
    scores = z_scores(gwas, source, options, p)
    z = scores.z
    kinds, a1, a2 = _alleles(gwas, options)
    snp = gwas.array("SNP")
    _keep_listed_and_complete(gwas, progress, (merge_alleles, extract), a1, a2, z, n)
    _keep_well_imputed_and_common(gwas, options, progress)
    _keep_possible_values(progress, source, p, kinds, z, n)
    _keep_enough_people(gwas, options, progress, snp, n, n_source)
    if merge_alleles is not None:
        progress.keep(f"alleles other than in {merge_alleles.source or 'the list'}",
                      merge_alleles.same_alleles(snp, kinds))  # fmt: skip
    _check_any(gwas, progress)
    if n_source.startswith("inferred"):
        progress.warnings.append(
            f"N is {n_source}: a guess, as good as SE and frequency; heritability is in inverse proportion: prefer --n"
        )
    progress.warnings += [*scores.warnings, *describe_losses(gwas, progress.counts)]
    progress.warnings += check_unsigned(z[progress.alive], scores.sign_known[progress.alive])
    progress.warnings += check_against_p(
        gwas,
        source,
        describe_source(source, gwas),
        p,
        scores.from_columns,
        progress.alive,
        forced=options.z_from != "auto",
    )
    sumstats = _collect(gwas, options, cohorts, progress, trait, snp, z, n, a1, a2)
    progress.warnings += check_balance(
        sumstats,
        gwas.column_map.columns.get("N"),
        scores.sign_known[progress.alive],
        scores.described,
        one_sided=options.a1_inc,
        forced=options.z_from != "auto",
    )
    return MungeResult(
        sumstats=sumstats, n_read=gwas.table.num_rows, z_source=scores.described, n_source=n_source,
        columns=str(_with_note_on_p(gwas.column_map, source, scores, options)), warnings=tuple(progress.warnings),
        options=options.given(),
    )  # fmt: skip


def _with_note_on_p(column_map: ColumnMap, source, scores: ZScores, options: MungeOptions) -> ColumnMap:
    """Say so where the user names a column of P and Z is made of others."""
    named = options.p or options.log10p
    if not named or source[0] in ("P", "LOG10P") or scores.z is not scores.from_columns:
        return column_map
    note = f"{named} is only compared with Z, which is {scores.described}; --z-from p makes Z of it"
    return replace(column_map, notes=(*column_map.notes, note))


def _check_any(gwas: GwasTable, progress: _Progress) -> None:
    if not progress.alive.any():
        lines = [f"{each.removed} removed: {each.what}" for each in progress.counts if each.removed]
        removed = "\n  ".join([*lines, *describe_losses(gwas, progress.counts)])
        raise InputError(
            f"{gwas.source}: no SNP is left of {gwas.table.num_rows} rows; the filters:\n  {removed or 'none'}\n"
            "check the columns named here, or relax the filter with its option"
        )


def _alleles(gwas: GwasTable, options: MungeOptions) -> tuple:
    """Kinds of the allele pairs, and the codes of A1 and A2; None without alleles."""
    if options.no_alleles:
        return None, None, None
    a1, a2 = allele_codes(gwas)
    return allele_kinds(a1, a2), a1, a2


def _keep_listed_and_complete(gwas, progress: _Progress, lists, a1, a2, z, n) -> None:
    if gwas.column_map.keep_rows:
        column, value = gwas.column_map.keep_rows
        same = pc.equal(gwas.array("ROWS"), value)
        progress.keep(f"rows with {column} other than {value}", as_numpy(pc.fill_null(same, False)))
    for listed in lists:
        if listed is not None:
            progress.keep(f"not in {listed.source or 'the list'}", listed.contains(gwas.array("SNP")))
    if "IN_PANEL" in gwas:
        what = "no variant of the panel at this position with these alleles"
        progress.keep(what, as_numpy(gwas.array("IN_PANEL")).astype(bool))
    complete = as_numpy(gwas.array("SNP").is_valid()) & ~np.isnan(z) & ~np.isnan(n)
    for name in ("A1", "A2"):
        if a1 is not None and name in gwas:
            complete &= as_numpy(gwas.array(name).is_valid())
    progress.keep("missing values", complete)


def _keep_well_imputed_and_common(gwas: GwasTable, options: MungeOptions, progress: _Progress) -> None:
    if "INFO" in gwas:
        info = gwas.number("INFO")
        progress.warn_if(np.isnan(info), "have no INFO and are kept (LDSC removes them)")
        progress.warn_if((info < 0) | (info > 2), "have INFO outside 0 to 2: is this column the imputation quality?")
        progress.keep(f"INFO < {options.info_min:g}", (info >= options.info_min) | np.isnan(info))
    name = "EAF" if "EAF" in gwas else "MAF"
    if name in gwas:
        frequency = gwas.number(name)
        progress.warn_if(np.isnan(frequency), "have no allele frequency and are kept (LDSC removes them)")
        outside = (frequency < 0) | (frequency > 1)
        progress.keep("allele frequency outside 0 to 1", ~outside)
        common = np.minimum(frequency, 1 - frequency) > options.maf_min
        progress.keep(f"minor allele frequency <= {options.maf_min:g}", common | np.isnan(frequency))


def _keep_possible_values(progress: _Progress, source, p, kinds, z, n) -> None:
    if p:
        outside = (p["P"] < 0) | (p["P"] > 1) if "P" in p else p["LOG10P"] < 0
        progress.keep("P outside 0 to 1", ~outside)
    if source[0] in ("P", "LOG10P"):
        zero = np.isinf(p["LOG10P"]) if "LOG10P" in p else p["P"] == 0
        progress.keep("P = 0, of which no Z can be made", ~zero)
    elif "P" in p and (zero := p["P"] == 0).any():
        why = "their Z does not come from P (LDSC removes them)"
        code = contradicts_zero(np.abs(z), z_of_p(p)) & zero
        progress.warn_if(code, f"have P = 0 beside a Z that is not large, as a code for missing, and are kept: {why}")
        progress.warn_if(zero & ~code, f"have P = 0, or too small for a double, and are kept: {why}")
    if kinds is not None:
        progress.keep("no SNP, or strand ambiguous (A/T, C/G)", kinds > 0)
    what = "standard error not positive, or effect not finite" if source[-1] == "SE" else "Z not finite"
    progress.keep(what, np.abs(z) < _LARGEST_Z)
    progress.keep("N not positive and finite", (n > 0) & np.isfinite(n))


def _keep_enough_people(gwas, options: MungeOptions, progress: _Progress, snp: pa.Array, n, n_source: str) -> None:
    first = progress.alive.copy()
    first[first] = is_first_of_each(snp.filter(pa.array(progress.alive)))
    progress.keep("duplicated names (the first row stays)", first)
    if not progress.alive.any():
        return
    if "for every SNP" not in n_source:
        n_min = options.n_min if options.n_min is not None else minimum_n(n[progress.alive])
        progress.keep(f"N < {n_min:.10g}", n >= n_min)
    elif "NSTUDY" in gwas:
        n_studies = gwas.number("NSTUDY")
        least = options.nstudy_min if options.nstudy_min is not None else np.nanmax(n_studies[progress.alive])
        progress.keep(f"in fewer than {least:g} studies", n_studies >= least)


def _collect(
    gwas: GwasTable, options: MungeOptions, cohorts: Cohorts | None, progress: _Progress, trait: str, snp: pa.Array, z, n,
    a1, a2,
) -> SumStats:  # fmt: skip
    rows = np.flatnonzero(progress.alive)
    mask = pa.array(progress.alive)

    def numbers(name: str) -> NDArray[np.float64] | None:
        return gwas.number(name)[rows] if name in gwas else None

    positions = None
    if "BP" in gwas:
        positions, n_odd = read_positions(gwas.array("BP").filter(mask))
        if n_odd:
            progress.warnings.append(f"{counted(n_odd, 'SNP has', 'SNPs have')} a position that is no number: now 0")
    cases, controls = cases_and_controls(gwas, options, cohorts)
    return SumStats(
        trait=trait or gwas.source,
        snp=snp.filter(mask),
        z=z[rows],
        n=n[rows],
        a1=None if a1 is None else a1[rows],
        a2=None if a2 is None else a2[rows],
        chrom=gwas.array("CHR").filter(mask) if "CHR" in gwas else None,
        bp=positions,
        eaf=numbers("EAF"),
        info=numbers("INFO"),
        cases=cases,
        controls=controls,
        filters=tuple(progress.counts),
        source=gwas.source,
    )
