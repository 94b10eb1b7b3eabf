"""`sumh2 h2` and `sumh2 rg`."""

from __future__ import annotations

from typing import Literal

from ldscores.shared.command_line import command
from ldscores.shared.cores import usable_cores
from ldscores.shared.errors import InputError
from sumh2.cli.loading import (
    check_outputs,
    chosen_intercept,
    chosen_totals,
    logged,
    one_or_none,
    read_chosen_tagging,
    read_traits,
    run_provenance,
    written_report,
)


@command(group="Estimates")
def h2(
    sumstats: str,
    *,
    ld: str,
    w_ld: str | None = None,
    out: str | None = None,
    trait: str | None = None,
    two_step: float | None = None,
    one_step: bool = False,
    intercept: float | None = None,
    no_intercept: bool = False,
    chisq_max: float | None = None,
    n_blocks: int = 200,
    m: str = "M_5_50",
    samp_prev: float | None = None,
    pop_prev: float | None = None,
    print_cov: bool = False,
    print_delete_vals: bool = False,
    ldsc_log: bool = False,
    plot: str | None = None,
) -> object:
    """SNP heritability and LD Score regression intercept of one trait.

    Regresses chi2 on LD scores: the slope is the heritability, the intercept is what confounding adds.  Numbers equal
    those of LDSC 1.0.1 --h2.  The report counts SNPs at every step and ends with a status and a why.

    Parameters
    ----------
    sumstats
        Munged summary statistics: .sumstats.parquet of `sumh2 munge`, or LDSC's .sumstats[.gz].
    ld
        LD scores: a folder, a prefix, a file, @ for the chromosome, or a .tagging.parquet.  Several sets with commas.
    w_ld
        LD scores among the regression SNPs, for the weights; by default those of --ld.
    out
        Write <out>.tsv, <out>.json and <out>.log; by default the report is printed only.
    trait
        Name of the trait; by default the file's name.
    two_step
        chi2 below which SNPs set the intercept; 30 by default, where the intercept is free and there is one LD score.
    one_step
        One step with all SNPs instead of two.
    intercept
        Hold the intercept at this value.
    no_intercept
        Hold the intercept at 1, as if there were no confounding.
    chisq_max
        Leave out SNPs with a chi2 at or above this; by default none (with several LD scores max(0.001 max N, 80)).
    n_blocks
        Jackknife blocks.
    m
        Number of reference SNPs: M_5_50 (MAF above 5%), M (all), or numbers, one an LD score.
    samp_prev
        Share of cases in the sample, 0 to 1; with --pop-prev gives the liability scale.
    pop_prev
        Prevalence in the population, 0 to 1.
    print_cov
        Write <out>.cov, the covariance of the heritability per SNP, as LDSC does.
    print_delete_vals
        Write <out>.delete and <out>.part_delete, the estimates with each block left out, as LDSC does.
    ldsc_log
        Report in the words of LDSC's log ("Total Observed scale h2: ...") instead of ours.
    plot
        Draw chi2 in bins of LD score with the fitted line, to this .png, .pdf or .svg (extra [plot]).

    Examples
    --------
    sumh2 h2 scz.sumstats.parquet --ld eur_w_ld_chr/ --out scz.h2
    sumh2 h2 scz.sumstats.gz --ld eur_w_ld_chr/ --samp-prev 0.4 --pop-prev 0.01
    sumh2 h2 bmi.sumstats.parquet --ld eur.tagging.parquet --no-intercept
    """
    options = dict(locals())
    from sumh2.alignment import align
    from sumh2.h2 import fit_h2
    from sumh2.ldsc_log import h2_log, write_h2_side_files

    check_outputs(out, plot, [sumstats], print_cov=print_cov, print_delete_vals=print_delete_vals)
    if one_step and two_step is not None:
        raise InputError("found --one-step and --two-step, expected one of them; drop one")
    with logged(out) as note:
        traits = read_traits([sumstats], one_or_none(samp_prev), one_or_none(pop_prev), [trait] if trait else None)
        tagging = read_chosen_tagging(ld, w_ld)
        aligned = align(traits, tagging)
        result = fit_h2(
            aligned,
            two_step=None if one_step else two_step if two_step is not None else "auto",
            intercept=chosen_intercept(intercept, no_intercept, 1.0),
            chisq_max=chisq_max,
            n_blocks=n_blocks,
            m=chosen_totals(m),
        )
        if out is not None:
            result = result.with_provenance(run_provenance([sumstats], tagging, options))
            result.save(out)
            write_h2_side_files(result, out, cov=print_cov, delete_values=print_delete_vals)
        if plot is not None:
            from sumh2.plots import plot_h2, save_figure

            save_figure(plot_h2(result, aligned), plot)
        return written_report(result, h2_log(result) if ldsc_log else None, out, note)


@command(group="Estimates")
def rg(
    *sumstats: str,
    ld: str,
    w_ld: str | None = None,
    out: str | None = None,
    traits: list[str] | None = None,
    pairs: Literal["all", "first"] = "all",
    two_step: float | None = None,
    intercept: list[float] | None = None,
    gcov_intercept: list[float] | None = None,
    no_intercept: bool = False,
    chisq_max: float | None = None,
    n_blocks: int = 200,
    m: str = "M_5_50",
    samp_prev: list[float] | None = None,
    pop_prev: list[float] | None = None,
    no_check_alleles: bool = False,
    print_cov: bool = False,
    print_delete_vals: bool = False,
    ldsc_log: bool = False,
    plot: str | None = None,
    threads: int = 0,
) -> object:
    """Genetic correlation of two or more traits, every pair on its own SNPs.

    Numbers equal those of LDSC 1.0.1 --rg.  Alleles are compared on both strands; a SNP that does not match is dropped
    and counted, never the pair.  A correlation outside -1 to 1 is reported as it is, with a status.

    Parameters
    ----------
    sumstats
        Two or more munged files, separated by blanks (or one comma list, as LDSC).
    ld
        LD scores: a folder, a prefix, a file, @ for the chromosome, or a .tagging.parquet.
    w_ld
        LD scores among the regression SNPs, for the weights; by default those of --ld.
    out
        Write <out>.tsv, <out>.json and <out>.log; by default the report is printed only.
    traits
        Names of the traits, separated by commas; by default the files' names.
    pairs
        all pairs, or the first trait with each other one as LDSC does.
    two_step
        chi2 cutoff of the two-step estimator; by default one step, as LDSC --rg.
    intercept
        Hold the h2 intercepts: one value, or one a trait; nan leaves a trait's free.
    gcov_intercept
        Hold the gcov intercepts: one value, or with --pairs first one a trait (the first is ignored).  0 says that the
        samples do not overlap.
    no_intercept
        Hold the h2 intercepts at 1 and the gcov intercepts at 0.
    chisq_max
        Leave out SNPs with (z1 z2)^2 at or above the square of this.
    n_blocks
        Jackknife blocks.
    m
        Number of reference SNPs: M_5_50 (MAF above 5%), M (all), or a number.
    samp_prev
        Share of cases in each sample, separated by commas; nan for a quantitative trait.
    pop_prev
        Prevalence of each trait in the population, separated by commas; nan for a quantitative trait.
    no_check_alleles
        Trust that all files count the same allele: nothing is flipped or dropped.
    print_cov
        Write <out>.<trait1>.<trait2>.{hsq1,hsq2,gencov}.cov as LDSC does.
    print_delete_vals
        Write <out>.<trait1>.<trait2>.{hsq1,hsq2,gencov}.delete as LDSC does.
    ldsc_log
        Report in the words of LDSC's log instead of ours.
    plot
        Draw the correlations with their 95% intervals, to this .png, .pdf or .svg (extra [plot]).
    threads
        Pairs fitted at the same time; 0 for one a core.

    Examples
    --------
    sumh2 rg scz.sumstats.parquet bip.sumstats.parquet --ld eur_w_ld_chr/ --out scz_bip
    sumh2 rg scz.sumstats.gz,bip.sumstats.gz,mdd.sumstats.gz --ld eur_w_ld_chr/ --pairs first
    sumh2 rg a.sumstats.parquet b.sumstats.parquet --ld eur.tagging.parquet --gcov-intercept 0
    """
    options = dict(locals())
    from sumh2.alignment import align
    from sumh2.ldsc_log import rg_log, write_rg_side_files
    from sumh2.rg import fit_rg

    files = [name.strip() for word in sumstats for name in word.split(",") if name.strip()]
    if len(files) < 2:
        raise InputError(f"rg: found {len(files)} file, expected two or more; name another one")
    check_outputs(out, plot, files, print_cov=print_cov, print_delete_vals=print_delete_vals)
    if threads < 0:
        raise InputError(f"--threads: found {threads}, expected a number of cores, or 0 for all")
    with logged(out) as note:
        tagging = read_chosen_tagging(ld, w_ld)
        aligned = align(read_traits(files, samp_prev, pop_prev, traits), tagging, check_alleles=not no_check_alleles)
        if no_intercept and (intercept or gcov_intercept):
            raise InputError("rg: found --no-intercept and a fixed intercept, expected one of them; drop one")
        result = fit_rg(
            aligned,
            pairs=pairs,
            two_step=two_step,
            intercept=1.0 if no_intercept else intercept,
            gcov_intercept=0.0 if no_intercept else gcov_intercept,
            chisq_max=chisq_max,
            n_blocks=n_blocks,
            m=chosen_totals(m),
            n_threads=threads or usable_cores(),
        )
        if out is not None:
            result = result.with_provenance(run_provenance(files, tagging, options))
            result.save(out)
            write_rg_side_files(result, out, cov=print_cov, delete_values=print_delete_vals)
        if plot is not None:
            from sumh2.plots import plot_rg, save_figure

            save_figure(plot_rg(result), plot)
        return written_report(result, rg_log(result) if ldsc_log else None, out, note)
