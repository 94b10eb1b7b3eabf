"""`sumh2 munge`."""

from __future__ import annotations

from typing import Literal

from ldscores.shared.command_line import command
from ldscores.shared.errors import InputError, OptionError


@command(group="Data")
def munge(
    gwas: str,
    *,
    out: str,
    n: float | None = None,
    n_cas: float | None = None,
    n_con: float | None = None,
    effect_allele: str | None = None,
    other_allele: str | None = None,
    a1: str | None = None,
    a2: str | None = None,
    info_min: float = 0.9,
    maf_min: float = 0.01,
    merge_alleles: str | None = None,
    extract: str | None = None,
    ld: str | None = None,
    reference: str | None = None,
    text: bool = False,
    trait: str | None = None,
    ldsc: bool = False,
    snp: str | None = None,
    chr_: str | None = None,
    bp: str | None = None,
    beta: str | None = None,
    odds_ratio: str | None = None,
    se: str | None = None,
    z: str | None = None,
    chisq: str | None = None,
    sign: str | None = None,
    p: str | None = None,
    log10p: str | None = None,
    z_from: Literal["auto", "effect", "z", "p"] = "auto",
    signed_sumstats: str | None = None,
    n_col: str | None = None,
    n_cas_col: str | None = None,
    n_con_col: str | None = None,
    eaf: str | None = None,
    frq: str | None = None,
    maf: str | None = None,
    info: str | None = None,
    info_list: list[str] | None = None,
    ignore: list[str] | None = None,
    suffix: str | None = None,
    neff: bool = False,
    cohorts: str | None = None,
    direction: str | None = None,
    infer_n: Literal["standardised", "case-control"] | None = None,
    match_by: Literal["name", "position"] = "name",
    liftover: str | None = None,
    n_min: float | None = None,
    no_alleles: bool = False,
    a1_inc: bool = False,
    nstudy: str | None = None,
    nstudy_min: float | None = None,
    keep_maf: bool = False,
    daner: bool = False,
    daner_n: bool = False,
    plot: str | None = None,
) -> object:
    """Turn a GWAS file into summary statistics: find the columns, filter, say what each filter removed.

    Z is BETA / SE or log(OR) / SE where both are there with enough digits, so that p = 0 keeps its SNP.  The effect
    allele is never guessed: where the header leaves it open, munge stops and says what would settle it.  With --ldsc
    everything is as in LDSC 1.0.1, row for row.

    Parameters
    ----------
    gwas
        GWAS summary statistics: text, plain or compressed, separated by tabs, commas, semicolons or blanks; or Parquet.
    out
        Stem of the files: <out>.sumstats.parquet and <out>.munge.json; e.g. folder/scz.
    n
        Number of people in the study, for every SNP; takes the place of a column.
    n_cas
        Number of cases, with --n-con in place of --n.
    n_con
        Number of controls.
    effect_allele
        Column of the allele whose effect is given, where the header leaves it open.
    other_allele
        Column of the other allele.
    a1
        The same as --effect-allele, as LDSC calls it.
    a2
        The same as --other-allele, as LDSC calls it.
    info_min
        Smallest imputation quality kept.
    maf_min
        Minor allele frequency that must be exceeded.
    merge_alleles
        Table of SNP, A1, A2 (e.g. w_hm3.snplist): keep these SNPs where the alleles match.
    extract
        List of SNPs to keep, one name a line.
    ld
        Tagging or LD scores the file is compared with: effect allele, alleles, build, ancestry; names by position.
    reference
        In place of --ld a table of known variants (SNP, CHR, POS_hg19 or POS_hg38 or BP, A1, A2, frequency), or PLINK's
        .bim, .frq or .afreq.
    text
        Also write <out>.sumstats.gz, which LDSC reads.
    trait
        Name of the trait; by default the end of --out.
    ldsc
        Do exactly as LDSC 1.0.1 does, and write its <out>.sumstats.gz and <out>.log.
    snp
        Column of SNP names.
    chr_
        Column of chromosomes.
    bp
        Column of positions.
    beta
        Column of effects (log odds ratios for a disease).
    odds_ratio
        Column of odds ratios.
    se
        Column of standard errors of the effect (of the log odds ratio).
    z
        Column of z scores.
    chisq
        Column of chi-square statistics.
    sign
        Column with the sign of the effect: + or -, 1 or -1.
    p
        Column of p-values.  Z comes from the effect if it has a standard error: then P is only compared with it; see
        --z-from.
    log10p
        Column of -log10 p-values.
    z_from
        What decides Z: effect (BETA or log OR over SE), z, or p with the sign of the effect; auto takes the first of
        these whose columns are there, but p instead of effect where BETA or SE are printed with too few digits (SE with
        an error above 0.5 %).
    signed_sumstats
        A column with the sign of the effect and its value for no effect, e.g. BETA,0 or OR,1.
    n_col
        Column of sample sizes.
    n_cas_col
        Column of numbers of cases.
    n_con_col
        Column of numbers of controls.
    eaf
        Column of the effect allele's frequency.
    frq
        The same as --eaf, as LDSC calls it.
    maf
        Column of minor allele frequencies.
    info
        Column of imputation quality.
    info_list
        Columns of imputation quality to average, separated by commas.
    ignore
        Columns to leave alone, separated by commas.
    suffix
        Which of several sets of results in the file: EUR for beta_EUR and se_EUR, a study of a GWAS-VCF.
    neff
        Use the effective N, 4 / (1/cases + 1/controls), in place of cases + controls.
    cohorts
        Table of the cohorts of a meta-analysis (cohort, cases, controls, or N), in the order of the column of
        directions: N is the sum over the cohorts that have the SNP; with --neff of their effective N.
    direction
        Column of the directions of effects in the cohorts, e.g. ++?-.
    infer_n
        Take N from SE and frequency: of a standardised trait (variance 1), or the effective N of a case-control study.
    match_by
        Find the SNPs of --ld or --reference by name, or by position and alleles, and take its names.
    liftover
        Chain file that takes the file's positions to the build of --ld or --reference (extra [liftover]).
    n_min
        Smallest sample size kept; by default the 90th percentile divided by 1.5.
    no_alleles
        Do without alleles: good for heritability only.
    a1_inc
        A1 is always the allele that raises the trait: all Z are positive.
    nstudy
        Column of numbers of studies.
    nstudy_min
        Smallest number of studies kept, where there is no sample size; by default the largest number.
    keep_maf
        With --ldsc: keep the frequency in <out>.sumstats.gz.
    daner
        With --ldsc: PGC's daner format, cases and controls in the names of the FRQ columns.
    daner_n
        With --ldsc: PGC's daner format, cases and controls in columns Nca and Nco.
    plot
        Draw observed against expected p-values of what is kept, to this .png, .pdf or .svg (extra [plot]).

    Examples
    --------
    sumh2 munge scz.tsv.gz --out scz
    sumh2 munge bmi.txt.gz --n 339224 --merge-alleles w_hm3.snplist --out bmi
    sumh2 munge pan_ukb.tsv.bgz --suffix EUR --n 400000 --match-by position --ld eur.tagging.parquet --out height
    sumh2 munge meta.tbl --cohorts cohorts.txt --neff --out scz
    sumh2 munge scz.tsv.gz --out scz --plot scz.qq.png
    sumh2 munge scz.tsv --ldsc --signed-sumstats BETA,0 --n-cas-col Nca --n-con-col Nco --out scz
    """
    given = dict(locals())
    from dataclasses import replace

    from ldscores.shared.outputs import appearing_at_the_end
    from sumh2.cli.loading import check_figures, draw_figure, resolved
    from sumh2.munging import munge_files

    check_figures(plot=plot)
    for name in ("gwas", "plot"):
        del given[name]
    given["chrom"] = given.pop("chr_")
    for name in ("ld", "reference", "merge_alleles", "extract"):
        given[name] = resolved(given[name], f"--{name.replace('_', '-')}")
    for ours, ldscs in (("effect_allele", "a1"), ("other_allele", "a2"), ("eaf", "frq")):
        given[ours] = _one_of(ours, given[ours], ldscs, given.pop(ldscs))
    given["signed"] = _signed(given.pop("signed_sumstats"))
    given["ignore"], given["info_list"] = tuple(ignore or ()), tuple(info_list or ())
    with appearing_at_the_end():
        result = munge_files.munge(gwas, **given)
        drawn = draw_figure(plot, "plot_qq", result.sumstats)
    return replace(result, written=(*result.written, *drawn))


def _signed(word: str | None) -> tuple[str, float] | None:
    if word is None:
        return None
    column, _, null = word.rpartition(",")
    try:
        return column, float(null)
    except ValueError:
        raise InputError(
            f"--signed-sumstats: found {word!r}, expected a column and its value for no effect, e.g. BETA,0; correct it"
        ) from None


def _one_of(ours: str, named: str | None, ldscs: str, word: str | None) -> str | None:
    """A column named by our flag or by LDSC's."""
    if named is not None and word is not None:
        raise OptionError(f"found --{ours.replace('_', '-')} and --{ldscs}, which are the same; drop one")
    return named if named is not None else word
