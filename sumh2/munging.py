r"""From the columns of a GWAS file to Z scores: ``sumh2 munge``.

The filters and their defaults are LDSC's, in LDSC's order, and each is counted.  Where LDSC is wrong or throws
information away this does better; :mod:`sumh2.munge_ldsc` is LDSC to the digit, under ``--ldsc``:

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

from ldscores.shared.alleles import NOT_A_BASE, allele_kinds, encode_alleles
from ldscores.shared.arrow_arrays import as_numpy
from ldscores.shared.errors import InputError
from ldscores.shared.unique_names import is_first_of_each
from sumh2.gwas_headers import ColumnMap
from sumh2.gwas_table import GwasTable, SnpList, minimum_n, p_from_text, z_from_log10p, z_from_p
from sumh2.munge_checks import (
    check_against_p,
    check_balance,
    check_p_column,
    describe_losses,
    measure_rounding,
    z_of_p,
)
from sumh2.munge_result import MungeOptions, MungeResult
from sumh2.sumstats import FilterCount, SumStats


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
            self.warnings.append(f"{count} SNPs {text}")


# ---------------------------------------------------------------------------------------------------------------------
# Z and N


def choose_z_source(names, options: MungeOptions, where: str) -> tuple[str, ...]:
    """The fields Z is made of, by preference: (BETA, SE), (OR, SE), (Z,), (P or LOG10P, signed field).

    Whether BETA and SE carry enough digits is seen later, from their values (:func:`_z_scores`).
    """
    effect = [(name, "SE") for name in ("BETA", "OR") if name in names and "SE" in names]
    z = [("Z",)] if "Z" in names else []
    signed = [name for name in ("BETA", "OR", "Z") if name in names][:1]
    probability = [name for name in ("LOG10P", "P") if name in names][:1]
    p = [(probability[0], *signed)] if probability and signed else []
    if options.a1_inc and probability:
        return (probability[0],)
    choices = {"auto": effect + z + p, "effect": effect, "z": z, "p": p}[options.z_from]
    if not choices:
        raise InputError(
            f"{where}: Z cannot be made of the columns {', '.join(names)}"
            + (f" with --z-from {options.z_from}" if options.z_from != "auto" else "")
            + "; expected BETA or OR with SE, or Z, or P (or -log10 P) with a signed effect; name the columns with "
            "--beta, --odds-ratio, --se, --z, --p or --log10p"
        )
    return choices[0]


def choose_n_source(names, column_map: ColumnMap, options: MungeOptions, where: str) -> tuple[str, ...]:
    """Where N comes from: "constant", (N,), (N_CAS, N_CON), (N_EFF_HALF,) or "header".

    An option beats a column, as LDSC's help promises and LDSC does not do; a column of N beats cases and controls.
    """
    of_cases = [each for each in (options.n_cas, options.n_con) if each is not None]
    if options.n is not None and of_cases:
        raise InputError(f"{where}: found --n together with --n-cas or --n-con; expected one way to give N; drop one")
    if len(of_cases) == 1:
        raise InputError(f"{where}: found only one of --n-cas and --n-con; expected both; give the other, or --n")
    if options.n is not None or of_cases:
        return ("constant",)
    for fields in (("N",), ("N_CAS", "N_CON"), ("N_EFF_HALF",)):
        if all(name in names for name in fields):
            return fields
    if {"N_CAS", "N_CON"} <= set(column_map.header_n):
        return ("header",)
    raise InputError(
        f"{where}: no sample size; found {', '.join((*column_map.file_columns(), *column_map.unused))}; expected a column "
        "of N, of cases and controls, or an option; give --n, or --n-cas and --n-con, or name the column with --n-col, or "
        "the columns with --n-cas-col and --n-con-col"
    )


def _number_of_people(gwas: GwasTable, options: MungeOptions) -> tuple[NDArray[np.float64], str]:
    """N of each row, and how it came about."""
    columns = gwas.column_map.columns
    source = choose_n_source(gwas.table.column_names, gwas.column_map, options, gwas.source)
    n_rows = gwas.table.num_rows
    if source == ("constant",):
        value = float(options.n if options.n is not None else options.n_cas + options.n_con)
        return np.full(n_rows, value), f"{value:g} for every SNP, from the options"
    if source == ("header",):
        value = sum(gwas.column_map.header_n.values())
        return np.full(n_rows, value), f"{value:g} for every SNP, cases and controls of the header"
    if source == ("N_CAS", "N_CON"):
        return gwas.number("N_CAS") + gwas.number("N_CON"), f"{columns['N_CAS']} + {columns['N_CON']}"
    if source == ("N_EFF_HALF",):
        return 2 * gwas.number("N_EFF_HALF"), f"2 x {columns['N_EFF_HALF']}"
    return gwas.number("N"), columns["N"]


@dataclass(frozen=True)
class _ZScores:
    """Z of each row; NaN where a part is missing, infinite where it is out of range.

    ``from_columns`` is Z of the chosen source before P takes its place; ``sign_known`` is False where the effect is 0.
    """

    z: NDArray[np.float64]
    from_columns: NDArray[np.float64]
    sign_known: NDArray[np.bool_]
    described: str
    warnings: tuple[str, ...] = ()


def _z_scores(gwas: GwasTable, source: tuple[str, ...], options: MungeOptions, p: dict[str, NDArray]) -> _ZScores:
    """Z of the chosen columns; of P and the sign of the effect where BETA or SE have too few digits."""
    if source[0] in ("P", "LOG10P"):
        z, signs = _z_of_p_and_sign(gwas, source, p)
        return _ZScores(z, z, signs != 0, _describe(source, gwas))
    columns, described = gwas.column_map.columns, _describe(source, gwas)
    if source == ("Z",):
        z = gwas.number("Z")
        return _ZScores(z, z, np.ones(len(z), dtype=bool), described)
    se = gwas.number("SE")
    effect = gwas.number("BETA") if source[0] == "BETA" else _log_odds(gwas)
    with np.errstate(divide="ignore", invalid="ignore"):
        z = np.where((se <= 0) | ~np.isfinite(effect) & ~np.isnan(effect), np.inf, effect / se)
    known = np.ones(len(z), dtype=bool)
    rounding = measure_rounding(gwas, source[0], p)
    if not rounding.is_coarse:
        return _ZScores(z, z, known, described)
    what = f"{columns[source[0]]} and {columns['SE']} have few digits: {rounding}"
    if options.z_from != "auto" or not rounding.p_is_finer:
        also = ", and P has no more digits" if p and not rounding.p_is_finer else ""
        remedy = "" if not p or also else "; --z-from p takes Z from P"
        text = f"{what}; Z, heritability and intercept are off accordingly{also}{remedy}"
        return _ZScores(z, z, known, described, (text,))
    size = z_of_p(p)
    # Where P is missing or 0 the effect still tells something.
    usable = np.isfinite(size) & np.isfinite(effect)
    name = columns.get("LOG10P") or columns["P"]
    text = f"{what}; so |Z| is that of {name}; --z-from effect takes {described} all the same"
    merged = np.where(usable, np.where(effect < 0, -size, size), z)
    described = f"{name}, with the sign of {columns[source[0]]} ({described} has too few digits)"
    return _ZScores(merged, z, ~usable | (effect != 0), described, (text,))


def _z_of_p_and_sign(gwas: GwasTable, source: tuple[str, ...], p: dict[str, NDArray]) -> tuple[NDArray, NDArray]:
    """Z of P with the sign of the effect, positive where that is 0; and the effect."""
    with np.errstate(divide="ignore", invalid="ignore"):
        given = p["LOG10P"] if "LOG10P" in p else p["P"]
        size = z_from_log10p(given) if "LOG10P" in p else z_from_p(given)
        # A P below 0 is not missing: it has a filter of its own.
        size = np.where(np.isnan(size) & ~np.isnan(given), np.inf, size)
        if len(source) == 1:
            return size, np.ones(len(size))
        signed = _log_odds(gwas) if source[1] == "OR" else gwas.number(source[1])
    return np.where(np.isnan(signed), np.nan, np.where(signed < 0, -size, size)), signed


def _log_odds(gwas: GwasTable) -> NDArray[np.float64]:
    """log(OR); infinite where OR is not positive."""
    odds_ratio = gwas.number("OR")
    n_negative = int(np.count_nonzero(odds_ratio < 0))
    if n_negative > 0.1 * len(odds_ratio):
        column = gwas.column_map.columns["OR"]
        raise InputError(
            f"{gwas.source}: {n_negative} of {len(odds_ratio)} values of {column} are negative; expected odds ratios, "
            f"which are positive; if these are log odds ratios, say so with --beta {column} (or --signed-sumstats "
            f"{column},0)"
        )
    return np.where(odds_ratio > 0, np.log(np.where(odds_ratio > 0, odds_ratio, 1)), np.where(
        np.isnan(odds_ratio), np.nan, np.inf))  # fmt: skip


# ---------------------------------------------------------------------------------------------------------------------
# The whole


def munge_gwas(
    gwas: GwasTable,
    options: MungeOptions | None = None,
    *,
    merge_alleles: SnpList | None = None,
    extract: SnpList | None = None,
    trait: str = "",
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

    Returns
    -------
    MungeResult
        The SumStats, what each filter removed, and what is worth a look.  A missing INFO or frequency does not remove a
        SNP (LDSC removes it): it is counted among the warnings.

    Raises
    ------
    InputError
        The columns do not suffice, a column is not what it seems (odds ratios are negative, P is a logarithm, more than
        half of the SNPs have Z and P of different things), or nothing is left.
    """
    options = options or MungeOptions()
    progress = _Progress(np.ones(gwas.table.num_rows, dtype=bool))
    source = choose_z_source(gwas.table.column_names, options, gwas.source)
    n, n_source = _number_of_people(gwas, options)
    p = _p_values(gwas)
    check_p_column(gwas, p)
    scores = _z_scores(gwas, source, options, p)
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
    progress.warnings += [*scores.warnings, *describe_losses(gwas, progress.counts)]
    progress.warn_if(
        ~scores.sign_known, "have an effect of 0 in the digits of the file: the sign of Z is unknown, taken as positive"
    )
    progress.warnings += check_against_p(
        gwas, source, _describe(source, gwas), p, scores.from_columns, progress.alive, forced=options.z_from != "auto"
    )
    sumstats = _collect(gwas, progress, trait, snp, z, n, a1, a2)
    progress.warnings += check_balance(
        sumstats, gwas.column_map.columns.get("N"), scores.sign_known[progress.alive], one_sided=options.a1_inc
    )
    return MungeResult(
        sumstats=sumstats, n_read=gwas.table.num_rows, z_source=scores.described, n_source=n_source,
        columns=str(_with_note_on_p(gwas.column_map, source, scores, options)), warnings=tuple(progress.warnings),
        options=options.given(),
    )  # fmt: skip


def _with_note_on_p(column_map: ColumnMap, source, scores: _ZScores, options: MungeOptions) -> ColumnMap:
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


def _describe(source: tuple[str, ...], gwas: GwasTable) -> str:
    columns = gwas.column_map.columns
    if source[-1] == "SE":
        return (
            f"{columns['BETA']} / {columns['SE']}" if source[0] == "BETA" else f"log({columns['OR']}) / {columns['SE']}"
        )
    if source == ("Z",):
        return columns["Z"]
    return f"{columns[source[0]]}, with the sign of {columns[source[1]]}" if len(source) > 1 else columns[source[0]]


def _p_values(gwas: GwasTable) -> dict[str, NDArray[np.float64]]:
    """P and -log10 P, those that are there; the latter also from the text of P where that underflows."""
    found: dict[str, NDArray[np.float64]] = {}
    if "LOG10P" in gwas:
        found["LOG10P"] = gwas.number("LOG10P")
    if "P" in gwas:
        texts = gwas.array("P")
        if pa.types.is_floating(texts.type):
            return {**found, "P": gwas.number("P")}
        p, log10p = p_from_text(texts, gwas.column_map.columns["P"], gwas.source)
        found["P"] = p
        if log10p is not None and "LOG10P" not in found:
            found["LOG10P"] = log10p
    return found


def _alleles(gwas: GwasTable, options: MungeOptions) -> tuple:
    """Kinds of the allele pairs, and the codes of A1 and A2; None without alleles."""
    if options.no_alleles:
        return None, None, None
    a1 = encode_alleles(gwas.array("A1"))
    if "A2" in gwas:
        a2 = encode_alleles(gwas.array("A2"))
    else:
        first, second = encode_alleles(gwas.array("PAIR1")), encode_alleles(gwas.array("PAIR2"))
        a2 = np.where(a1 == first, second, np.where(a1 == second, first, np.uint8(NOT_A_BASE)))
    return allele_kinds(a1, a2), a1, a2


def _keep_listed_and_complete(gwas, progress: _Progress, lists, a1, a2, z, n) -> None:
    if gwas.column_map.keep_rows:
        column, value = gwas.column_map.keep_rows
        same = pc.equal(gwas.array("ROWS"), value)
        progress.keep(f"rows with {column} other than {value}", as_numpy(pc.fill_null(same, False)))
    for listed in lists:
        if listed is not None:
            progress.keep(f"not in {listed.source or 'the list'}", listed.contains(gwas.array("SNP")))
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
    elif "P" in p:
        why = "their Z does not come from P (LDSC removes them)"
        progress.warn_if(p["P"] == 0, f"have P = 0, or too small for a double, and are kept: {why}")
    if kinds is not None:
        progress.keep("no SNP, or strand ambiguous (A/T, C/G)", kinds > 0)
    what = "standard error not positive, or effect not finite" if source[-1] == "SE" else "Z not finite"
    progress.keep(what, np.isfinite(z))
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


def _collect(gwas: GwasTable, progress: _Progress, trait: str, snp: pa.Array, z, n, a1, a2) -> SumStats:
    rows = np.flatnonzero(progress.alive)
    mask = pa.array(progress.alive)

    def numbers(name: str) -> NDArray[np.float64] | None:
        return gwas.number(name)[rows] if name in gwas else None

    return SumStats(
        trait=trait or gwas.source,
        snp=snp.filter(mask),
        z=z[rows],
        n=n[rows],
        a1=None if a1 is None else a1[rows],
        a2=None if a2 is None else a2[rows],
        chrom=gwas.array("CHR").filter(mask) if "CHR" in gwas else None,
        bp=_positions(gwas.array("BP").filter(mask), progress) if "BP" in gwas else None,
        eaf=numbers("EAF"),
        info=numbers("INFO"),
        filters=tuple(progress.counts),
        source=gwas.source,
    )


def _positions(texts: pa.Array, progress: _Progress) -> NDArray[np.int64]:
    """Positions, (n_snps,); 0, as in PLINK's files, where there is none or it is no number."""
    try:
        numbers = texts.cast(pa.float64())
    except pa.ArrowInvalid:
        is_number = pc.match_substring_regex(texts, r"^\s*\d+(\.\d*)?([eE][+-]?\d+)?\s*$")
        numbers = pc.if_else(is_number, texts, None).cast(pa.float64())
        progress.warnings.append(
            f"{numbers.null_count - texts.null_count} SNPs have a position that is no number: now 0"
        )
    return np.nan_to_num(as_numpy(numbers), posinf=0, neginf=0).astype(np.int64)
