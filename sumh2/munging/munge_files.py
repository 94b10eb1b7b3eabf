"""GWAS files: read the columns munge needs, munge them, write the result."""

from __future__ import annotations

import dataclasses
import difflib
from pathlib import Path
from typing import Any

from ldscores.shared.errors import InputError, OptionError
from ldscores.shared.outputs import check_stem, written_together
from ldscores.shared.provenance import provenance
from ldscores.shared.tables import write_json, write_text
from sumh2.doctor.examination import audit_munged
from sumh2.gwas.list_files import read_cohorts, read_snp_list
from sumh2.gwas.panel import KnownVariants
from sumh2.gwas.panel_files import read_known_variants
from sumh2.gwas.read_files import read_gwas
from sumh2.munging.filters import munge_gwas
from sumh2.munging.ldsc_files import read_and_munge_ldsc
from sumh2.munging.result import MungeOptions, MungeResult
from sumh2.results import record_header
from sumh2.sumstats_files import trait_name, write_ldsc_text, write_sumstats


def munge(
    path: str | Path,
    *,
    out: str | Path | None = None,
    trait: str | None = None,
    ldsc: bool = False,
    text: bool = False,
    merge_alleles: str | Path | None = None,
    extract: str | Path | None = None,
    ld: str | Path | None = None,
    reference: str | Path | None = None,
    **options: Any,
) -> MungeResult:
    """Turn a GWAS file into summary statistics.

    Parameters
    ----------
    path
        The GWAS.
    out
        Stem of the files to write: ``out.sumstats.parquet`` and ``out.munge.json``; with ``text`` or ``ldsc`` also
        ``out.sumstats.gz``, and with ``ldsc`` LDSC's log ``out.log``.  Nothing is written without it.
    trait
        Name of the trait; by default the end of ``out``, or the file's name.
    ldsc
        Do exactly as LDSC 1.0.1 does, row for row.
    text
        Also write LDSC's ``.sumstats.gz``.
    merge_alleles, extract
        Lists of SNPs to keep, with and without alleles.
    ld, reference
        A panel: a tagging or LD scores, or a table of known variants (see
        :func:`sumh2.gwas.panel_files.read_known_variants`).  It settles the effect allele by frequency, tells the other
        allele of PLINK 1, gives names by position, and is what the audit compares with.
    **options
        Fields of :class:`sumh2.munging.result.MungeOptions`; each is the flag of ``sumh2 munge`` with underscores.

        The columns, by their names in the file: ``snp, chrom, bp, effect_allele, other_allele, p, log10p, beta,
        odds_ratio, se, z, chisq, sign, direction, n_col, n_cas_col, n_con_col, eaf, maf, info, nstudy``; ``signed`` (a
        column with the sign of the effect and its value for no effect, e.g. ``("BETA", 0.0)``); ``ignore`` and
        ``info_list`` (tuples).

        Numbers of people: ``n``, or ``n_cas`` and ``n_con``; they take the place of columns.  ``neff`` uses the effective
        N; ``cohorts`` (a table) sums over the cohorts of a meta-analysis; ``infer_n`` takes N from SE and frequency.

        Where variants are: ``match_by="name"`` (or position, which needs a panel), ``liftover`` (a chain file).

        Thresholds: ``info_min=0.9, maf_min=0.01, n_min, nstudy_min``.

        Choices: ``z_from="auto"`` (or effect, z, p), ``no_alleles``, ``a1_inc``; with ``ldsc`` also ``keep_maf``,
        ``daner``, ``daner_n``; ``suffix`` chooses one of several sets of results in the file.

    Raises
    ------
    InputError
        The file or the options do not do; the message says what to change.  Nothing is then written.
    """
    stem = _stem(out, path, text or ldsc) if out is not None else None
    chosen = check_munge_options(
        options,
        str(path),
        out=stem,
        extract_given=extract is not None,
        ldsc=ldsc,
        with_alleles=merge_alleles is not None,
    )
    listed = read_snp_list(merge_alleles, with_alleles=True) if merge_alleles is not None else None
    name = trait or trait_name(stem if stem is not None else path)
    if ldsc:
        result = read_and_munge_ldsc(path, chosen, listed, name)
    else:
        kept = read_snp_list(extract, with_alleles=False) if extract is not None else None
        panel = read_known_panel(ld, reference, str(path))
        cohorts = read_cohorts(chosen.cohorts) if chosen.cohorts is not None else None
        gwas = read_gwas(path, chosen, panel)
        result = munge_gwas(gwas, chosen, merge_alleles=listed, extract=kept, trait=name, cohorts=cohorts)
        result = dataclasses.replace(result, audit=audit_munged(gwas, chosen, panel, cohorts))
    if stem is None:
        return result
    files = (path, merge_alleles, extract, reference, chosen.cohorts, chosen.liftover)
    inputs = [each for each in files if each is not None and Path(each).is_file()]
    return write_munged(result, stem, text=text or ldsc, inputs=inputs)


def check_munge_options(
    options: dict[str, Any],
    where: str,
    *,
    out: str | None = None,
    extract_given: bool = False,
    ldsc: bool = False,
    with_alleles: bool = False,
) -> MungeOptions:
    """The options of a run; InputError for one that there is not, and for those that exclude each other."""
    _check_names(options, where)
    chosen = MungeOptions(**options, out=out, extract_given=extract_given)
    _check_options(chosen, ldsc, with_alleles, where)
    return chosen


def read_known_panel(ld: str | Path | None, reference: str | Path | None, where: str) -> KnownVariants | None:
    """The panel of ``--ld`` or ``--reference``; None without.

    Raises
    ------
    InputError
        Both are given.
    """
    if ld is not None and reference is not None:
        raise OptionError(f"{where}: found --ld together with --reference; expected one panel; drop one")
    given = ld if ld is not None else reference
    return None if given is None else read_known_variants(str(given))


def _check_names(options: dict[str, Any], where: str) -> None:
    """Raise InputError for an option that there is not."""
    known = [each.name for each in dataclasses.fields(MungeOptions) if each.name not in ("out", "extract_given")]
    flags = {
        "chr": "chrom", "signed_sumstats": "signed", "N": "n", "N_cas": "n_cas", "N_con": "n_con", "a1": "effect_allele",
        "a2": "other_allele", "frq": "eaf", "sumstats": "path", "N_col": "n_col", "N_cas_col": "n_cas_col",
        "N_con_col": "n_con_col",
    }  # fmt: skip
    for name in options:
        if name not in known:
            near = [flags[name]] if name in flags else difflib.get_close_matches(name, known, n=1, cutoff=0.4)
            hint = f"did you mean {near[0]}? " if near else ""
            raise InputError(
                f"{where}: munge has no option {name}; {hint}expected some of {', '.join(known)}; correct it"
            )


def _check_options(options: MungeOptions, ldsc: bool, with_alleles: bool, where: str) -> None:
    """Raise InputError for options that exclude each other."""
    if options.no_alleles and with_alleles:
        raise OptionError(f"{where}: found --no-alleles with --merge-alleles, expected one of them; drop one")
    if options.daner and options.daner_n:
        raise OptionError(f"{where}: found --daner with --daner-n, expected one; --daner-n is for columns Nca and Nco")
    if options.z_from not in ("auto", "effect", "z", "p"):
        raise InputError(f"{where}: found --z-from {options.z_from}, expected auto, effect, z or p; choose one")
    choices = {"infer_n": (None, "standardised", "case-control"), "match_by": ("name", "position")}
    for name, known in choices.items():
        if getattr(options, name) not in known:
            expected = " or ".join(word for word in known if word)
            flag = f"--{name.replace('_', '-')}"
            raise InputError(f"{where}: found {flag} {getattr(options, name)}, expected {expected}; choose one")
    given = [name for name in ("suffix", "neff", "cohorts", "infer_n", "liftover", "chisq", "sign", "direction")
             if getattr(options, name)]  # fmt: skip
    if ldsc and (given or options.match_by != "name"):
        flag = (given or ["match_by"])[0].replace("_", "-")
        raise OptionError(f"{where}: LDSC has no --{flag}; leave it out, or leave out --ldsc")
    if (options.daner or options.daner_n) and not ldsc:
        raise OptionError(
            f"{where}: found --{'daner' if options.daner else 'daner-n'} without --ldsc, expected both or neither; leave "
            "it out: PGC's daner files are recognised by their header; or add --ldsc"
        )
    if options.keep_maf and not ldsc:
        raise OptionError(
            f"{where}: found --keep-maf without --ldsc, expected both or neither; leave it out: the frequency is always "
            "kept in .sumstats.parquet; or add --ldsc"
        )


def write_munged(result: MungeResult, stem: str | Path, *, text: bool = False, inputs=()) -> MungeResult:
    """Write ``stem.sumstats.parquet`` and ``stem.munge.json``; the result with the names of what was written.

    Parameters
    ----------
    text
        Also write LDSC's ``.sumstats.gz`` and, with ``--ldsc``, its ``.log``.
    inputs
        Files it was made of, for the provenance.
    """
    with written_together():
        return _write_each(result, stem, text, inputs)


def _write_each(result: MungeResult, stem: str | Path, text: bool, inputs) -> MungeResult:
    own, report = f"{stem}.sumstats.parquet", f"{stem}.munge.json"
    write_sumstats(result.sumstats, own, inputs=inputs, options=result.options)
    written = [own]
    if text:
        table = result.ldsc_table
        if table is None:
            write_sumstats(result.sumstats, f"{stem}.sumstats.gz")
        else:
            write_ldsc_text(table, f"{stem}.sumstats.gz")
        written.append(f"{stem}.sumstats.gz")
    if result.ldsc_log:
        write_text(f"{stem}.log", result.ldsc_log)
        written.append(f"{stem}.log")
    result = dataclasses.replace(result, written=(*written, report))
    origin = provenance(inputs, result.options)
    write_json(report, {**record_header("munge"), **result.to_json(), "provenance": origin})
    return result


def _stem(out: str | Path, path: str | Path, text: bool) -> str:
    stem = str(out)
    for ending in (".sumstats.parquet", ".sumstats.gz", ".sumstats"):
        stem = stem.removesuffix(ending)
    check_stem(stem, [f".sumstats{ending}" for ending in (".parquet", ".gz")[: 1 + text]], [str(path)])
    return stem
