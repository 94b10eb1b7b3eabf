"""`sumh2 h2` and `sumh2 rg`."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from ldscores.shared.command_line import command
from ldscores.shared.cores import choose_threads
from ldscores.shared.errors import OptionError
from sumh2.cli.loading import (
    check_figures,
    check_influence_plot,
    check_inputs,
    check_outputs,
    check_two_step,
    chosen_intercept,
    chosen_totals,
    draw_figure,
    logged,
    one_or_none,
    read_chosen_tagging,
    read_traits,
    resolved,
    run_provenance,
    with_influence,
    written_report,
)
from sumh2.cli.sumher import (
    SUMHER_FLAGS_OF_H2,
    SUMHER_FLAGS_OF_RG,
    estimate_h2_by_sumher,
    estimate_rg_by_sumher,
    files_of_words,
    refuse_flags,
    tell_model_to_ldsc,
)


@command(group="Estimates")
def h2(
    sumstats: str,
    *,
    ld: str,
    estimator: Literal["ldsc", "sumher"] = "ldsc",
    w_ld: str | None = None,
    extract: str | None = None,
    exclude: str | None = None,
    out: str | None = None,
    trait: str | None = None,
    two_step: float | None = None,
    one_step: bool = False,
    intercept: float | None = None,
    no_intercept: bool = False,
    chisq_max: float | None = None,
    free_intercept: bool = False,
    genomic_control: bool = False,
    solver: Literal["likelihood", "least-squares"] | None = None,
    cutoff: float | None = None,
    truncate: float | None = None,
    chisq_factor: float | None = None,
    no_ambiguous: bool = False,
    check_sums: bool = False,
    tag_one: bool = False,
    taus: str | None = None,
    hold_out: str | None = None,
    n_blocks: int = 200,
    m: str | None = None,
    samp_prev: float | None = None,
    pop_prev: float | None = None,
    print_cov: bool = False,
    print_delete_vals: bool = False,
    influence: bool = False,
    influence_plot: str | None = None,
    ldsc_log: bool = False,
    ldak_files: bool = False,
    print_snp_h2: bool = False,
    matrix: str | None = None,
    plot: str | None = None,
) -> object:
    """SNP heritability and confounding of one trait, by LD Score regression or SumHer.

    ldsc regresses chi2 on LD scores: the slope is the heritability, the intercept is what confounding adds.  sumher
    fits any heritability model to its tagging by likelihood, and reports loglSS, shares and enrichments.  Numbers equal
    those of LDSC 1.0.1 --h2 and LDAK 6.2 --sum-hers.  The report counts SNPs at every step and ends with a status and
    a why.

    Parameters
    ----------
    sumstats
        Munged summary statistics: .sumstats.parquet of `sumh2 munge`, LDSC's .sumstats[.gz], or LDAK's.
    ld
        LD scores or a tagging: a folder, a prefix, a file, @ for the chromosome, a .tagging.parquet, or LDAK's
        .tagging.  Several sets with commas.
    estimator
        ldsc, or sumher.
    w_ld
        LD scores among the regression SNPs, for the weights; by default those of --ld.
    extract
        List of the SNPs to regress, one name a line; the others stay in the panel, so that M does not change.
    exclude
        List of SNPs to leave out of the regression, e.g. those of a region; M does not change.
    out
        Write <out>.tsv, <out>.json and <out>.log; by default the report is printed only.
    trait
        Name of the trait; by default the file's name.
    two_step
        ldsc: chi2 below which SNPs set the intercept; 30 by default, where the intercept is free and there is one LD score.
    one_step
        ldsc: one step with all SNPs instead of two.
    intercept
        ldsc: hold the intercept at this value.
    no_intercept
        Hold the intercept at 1, as if there were no confounding; sumher does so by default.
    chisq_max
        ldsc: leave out SNPs with a chi2 at or above this; by default none (with several LD scores max(0.001 max N,
        80)).
    free_intercept
        sumher: fit confounding that grows with the sample size (LDAK's --intercept YES).
    genomic_control
        sumher: fit multiplicative inflation (LDAK's --genomic-control YES).
    solver
        sumher: likelihood, or least-squares (LDAK's --chisq-solver NO).
    cutoff
        sumher: leave out SNPs that explain this share of the phenotype or more, e.g. 0.01.
    truncate
        sumher: make larger chi2 this.
    chisq_factor
        sumher: multiply all chi2 by this (LDAK's --scaling).
    no_ambiguous
        sumher: leave out A/T and C/G SNPs.
    check_sums
        sumher: stop when a SNP of the tagging has no statistics, as LDAK does; otherwise they are counted.
    tag_one
        sumher: weigh all SNPs alike, not by 1 / Tagging.
    taus
        sumher: evaluate these coefficients instead of fitting: LDAK's .taus, or one number a line; there are no errors.
    hold_out
        sumher: leave the SNPs of this list out of the fit, and write <out>.cv.exps and <out>.cv.cor, how well it predicts
        their statistics (LDAK's --cv-predictors).
    n_blocks
        Jackknife blocks.
    m
        Number of reference SNPs: M_5_50 (MAF above 5%, the default), M (all), or numbers, one an LD score.  Taggings
        of a heritability model bring their own to sumher.
    samp_prev
        Share of cases in the sample, 0 to 1; with --pop-prev gives the liability scale.  By default from the cases and
        controls that munge found, or 0.5 where N is their effective N.
    pop_prev
        Prevalence in the population, 0 to 1.
    print_cov
        Write <out>.cov, the covariance of the heritability per SNP, as LDSC does.
    print_delete_vals
        Write <out>.delete and <out>.part_delete, the estimates with each block left out, as LDSC does.
    influence
        ldsc: also write <out>.influence.tsv: h2 without the most influential blocks, without each chromosome, and with
        chi2 capped.
    influence_plot
        Draw these, to this .png, .pdf or .svg; goes with --influence.
    ldsc_log
        ldsc: report in the words of LDSC's log ("Total Observed scale h2: ...") instead of ours.
    ldak_files
        sumher: write LDAK's <out>.hers, .cats, .share, .enrich, .extra, .taus, .cross, .labels and .overlap too.
    print_snp_h2
        sumher: write <out>.ind.hers (LDAK's form, for prediction tools) and <out>.snp_h2.parquet, the expected
        heritability of each SNP.
    matrix
        sumher: the categories of each SNP for --print-snp-h2: LDAK's .matrix, or Parquet; by default the one beside the
        tagging.
    plot
        Draw chi2 in bins with the fit, confounding beside polygenic signal by LD score, and the QQ plot; with sumher chi2
        against what the model expects, the QQ plot and the enrichments.  To this .png, .pdf or .svg (extra [plot]).

    Examples
    --------
    sumh2 h2 scz.sumstats.parquet --ld eur_w_ld_chr/ --out scz.h2
    sumh2 h2 scz.sumstats.gz --ld eur_w_ld_chr/ --samp-prev 0.4 --pop-prev 0.01
    sumh2 h2 bmi.sumstats.parquet --ld eur.tagging.parquet --no-intercept
    sumh2 h2 bmi.sumstats.parquet --ld eur_w_ld_chr/ --plot bmi.h2.pdf
    sumh2 h2 bmi.sumstats.parquet --ld bld.tagging --estimator sumher --out bmi.bld --ldak-files
    """
    extract, exclude = resolved(extract, "--extract"), resolved(exclude, "--exclude")
    options = dict(locals())
    if estimator == "sumher":
        return estimate_h2_by_sumher(options)
    refuse_flags(options, SUMHER_FLAGS_OF_H2, "--estimator ldsc", "add --estimator sumher, or drop it")
    from sumh2.alignment import align
    from sumh2.ldsc.h2 import fit_h2
    from sumh2.ldsc.log import h2_log, write_h2_side_files

    check_outputs(out, [sumstats], print_cov=print_cov, print_delete_vals=print_delete_vals, influence=influence)
    check_figures(plot=plot, influence_plot=influence_plot)
    check_influence_plot(influence, influence_plot)
    if one_step and two_step is not None:
        raise OptionError("found --one-step and --two-step, expected one of them; drop one")
    held = chosen_intercept(intercept, no_intercept, 1.0)
    check_two_step(two_step, held)
    with logged(out) as note:
        check_inputs([sumstats, extract, exclude], ld, w_ld=w_ld)
        traits = read_traits([sumstats], one_or_none(samp_prev), one_or_none(pop_prev), [trait] if trait else None)
        tagging = read_chosen_tagging(ld, w_ld, extract, exclude)
        tell_model_to_ldsc(tagging)
        aligned = align(traits, tagging)
        result = fit_h2(
            aligned,
            two_step=None if one_step else two_step if two_step is not None else "auto",
            intercept=held,
            chisq_max=chisq_max,
            n_blocks=n_blocks,
            m=chosen_totals(m or "M_5_50"),
        )
        measured = None
        written: list[str | Path] = []
        if influence:
            from sumh2.influence import measure_h2_influence

            # Before anything is written: it may refuse the data.
            measured = measure_h2_influence(result, aligned)
        if out is not None:
            result = result.with_provenance(run_provenance([sumstats], tagging, options))
            written += result.save(out)
            written += write_h2_side_files(result, out, cov=print_cov, delete_values=print_delete_vals)
        text = h2_log(result) if ldsc_log else None
        if measured is not None:
            text, files = with_influence(measured, result, text, out)
            written += files
        written += draw_figure(plot, "plot_h2_panels", result, aligned)
        written += draw_figure(influence_plot, "plot_influences", measured)
        return written_report(result, text, out, note, written)


@command(group="Estimates")
def rg(
    *sumstats: str,
    ld: str,
    estimator: Literal["ldsc", "sumher"] = "ldsc",
    w_ld: str | None = None,
    extract: str | None = None,
    exclude: str | None = None,
    out: str | None = None,
    traits: list[str] | None = None,
    pairs: Literal["all", "first"] = "all",
    two_step: float | None = None,
    intercept: list[float] | None = None,
    gcov_intercept: list[float] | None = None,
    no_intercept: bool = False,
    chisq_max: float | None = None,
    genomic_control: bool = False,
    cutoff: float | None = None,
    truncate: float | None = None,
    chisq_factor: float | None = None,
    allow_ambiguous: bool = False,
    check_sums: bool = False,
    n_blocks: int = 200,
    m: str | None = None,
    samp_prev: list[float] | None = None,
    pop_prev: list[float] | None = None,
    no_check_alleles: bool = False,
    print_cov: bool = False,
    print_delete_vals: bool = False,
    influence: bool = False,
    influence_plot: str | None = None,
    ldsc_log: bool = False,
    ldak_files: bool = False,
    plot: str | None = None,
    heatmap: str | None = None,
    threads: int | None = None,
) -> object:
    """Genetic correlation of two or more traits, every pair on its own SNPs.

    Numbers equal those of LDSC 1.0.1 --rg, and with sumher those of LDAK 6.2 --sum-cors, under any heritability model
    and for each of its categories.  Alleles are compared on both strands; a SNP that does not match is dropped
    and counted, never the pair.  A correlation outside -1 to 1 is reported as it is, with a status.

    Parameters
    ----------
    sumstats
        Two or more munged files, separated by blanks (or one comma list, as LDSC).
    ld
        LD scores or a tagging: a folder, a prefix, a file, @ for the chromosome, a .tagging.parquet, or LDAK's
        .tagging.
    estimator
        ldsc, or sumher.
    w_ld
        LD scores among the regression SNPs, for the weights; by default those of --ld.
    extract
        List of the SNPs to regress, one name a line; the others stay in the panel, so that M does not change.
    exclude
        List of SNPs to leave out of the regression, e.g. those of a region; M does not change.
    out
        Write <out>.tsv, <out>.json and <out>.log; by default the report is printed only.
    traits
        Names of the traits, separated by commas; by default the files' names.
    pairs
        all pairs, or the first trait with each other one as LDSC does.
    two_step
        ldsc: chi2 cutoff of the two-step estimator; by default one step, as LDSC --rg.
    intercept
        Hold the h2 intercepts: one value, or one a trait; nan leaves a trait's free.  For sumher 1 is the only value
        (LDAK's --intercept NO).
    gcov_intercept
        Hold the gcov intercepts: one value, or with --pairs first one a trait (the first is ignored).  0 says that the
        samples do not overlap.
    no_intercept
        Hold the h2 intercepts at 1 and the gcov intercepts at 0.
    chisq_max
        ldsc: leave out SNPs with (z1 z2)^2 at or above the square of this.
    genomic_control
        sumher: fit multiplicative inflation of each trait in the place of its intercept.
    cutoff
        sumher: leave out SNPs that explain this share of a phenotype or more, e.g. 0.01.
    truncate
        sumher: make larger chi2 this.
    chisq_factor
        sumher: multiply all chi2 by this.
    allow_ambiguous
        sumher: use A/T and C/G SNPs, trusting that all files are of one strand; by default they are left out.
    check_sums
        sumher: stop when a SNP of the tagging has no statistics, as LDAK does; otherwise they are counted.
    n_blocks
        Jackknife blocks.
    m
        Number of reference SNPs: M_5_50 (MAF above 5%, the default), M (all), or a number.  Taggings of a heritability
        model bring their own to sumher.
    samp_prev
        Share of cases in each sample, separated by commas; nan for a quantitative trait.  By default from the cases
        and controls that munge found.
    pop_prev
        Prevalence of each trait in the population, separated by commas; nan for a quantitative trait.
    no_check_alleles
        Trust that all files count the same allele: nothing is flipped or dropped.
    print_cov
        ldsc: write <out>.<trait1>.<trait2>.{hsq1,hsq2,gencov}.cov as LDSC does.
    print_delete_vals
        ldsc: write <out>.<trait1>.<trait2>.{hsq1,hsq2,gencov}.delete as LDSC does.
    influence
        ldsc: also write <out>.influence.tsv: rg without the most influential blocks, without each chromosome, and with
        chi2 capped.
    influence_plot
        Draw these, to this .png, .pdf or .svg; goes with --influence.
    ldsc_log
        ldsc: report in the words of LDSC's log instead of ours.
    ldak_files
        sumher: write LDAK's <out>.cors, .cors.full, .labels and .overlap too.
    plot
        Draw the correlations with their 95% intervals, to this .png, .pdf or .svg (extra [plot]).
    heatmap
        Draw the correlations as a clustered matrix, to this .png, .pdf or .svg (extra [plot]).
    threads
        Pairs fitted at the same time; one a core by default.

    Examples
    --------
    sumh2 rg scz.sumstats.parquet bip.sumstats.parquet --ld eur_w_ld_chr/ --out scz_bip
    sumh2 rg scz.sumstats.gz,bip.sumstats.gz,mdd.sumstats.gz --ld eur_w_ld_chr/ --pairs first
    sumh2 rg a.sumstats.parquet b.sumstats.parquet --ld eur.tagging.parquet --gcov-intercept 0
    sumh2 rg a.sumstats.gz b.sumstats.gz c.sumstats.gz --ld eur_w_ld_chr/ --plot forest.pdf --heatmap heatmap.pdf
    sumh2 rg a.sumstats.parquet b.sumstats.parquet --ld human_default.tagging --estimator sumher --out a_b
    """
    extract, exclude = resolved(extract, "--extract"), resolved(exclude, "--exclude")
    options = dict(locals())
    if estimator == "sumher":
        return estimate_rg_by_sumher(options)
    refuse_flags(options, SUMHER_FLAGS_OF_RG, "--estimator ldsc", "add --estimator sumher, or drop it")
    from sumh2.alignment import align
    from sumh2.ldsc.log import rg_log, write_rg_side_files
    from sumh2.ldsc.rg import fit_rg

    files = files_of_words(sumstats)
    check_outputs(out, files, print_cov=print_cov, print_delete_vals=print_delete_vals, influence=influence)
    check_figures(plot=plot, heatmap=heatmap, influence_plot=influence_plot)
    check_influence_plot(influence, influence_plot)
    if no_intercept and (intercept or gcov_intercept):
        raise OptionError("rg: found --no-intercept and a fixed intercept, expected one of them; drop one")
    check_two_step(two_step, 1.0 if no_intercept else intercept)
    check_two_step(two_step, gcov_intercept)
    n_threads = choose_threads(threads)
    with logged(out) as note:
        check_inputs([*files, extract, exclude], ld, w_ld=w_ld)
        tagging = read_chosen_tagging(ld, w_ld, extract, exclude)
        tell_model_to_ldsc(tagging)
        aligned = align(read_traits(files, samp_prev, pop_prev, traits), tagging, check_alleles=not no_check_alleles)
        result = fit_rg(
            aligned,
            pairs=pairs,
            two_step=two_step,
            intercept=1.0 if no_intercept else intercept,
            gcov_intercept=0.0 if no_intercept else gcov_intercept,
            chisq_max=chisq_max,
            n_blocks=n_blocks,
            m=chosen_totals(m or "M_5_50"),
            n_threads=n_threads,
        )
        measured = None
        written: list[str | Path] = []
        if influence:
            from sumh2.influence import measure_rg_influence

            measured = measure_rg_influence(result, aligned, two_step=two_step, chisq_max=chisq_max)
        if out is not None:
            result = result.with_provenance(run_provenance(files, tagging, options))
            written += result.save(out)
            written += write_rg_side_files(result, out, cov=print_cov, delete_values=print_delete_vals)
        text = rg_log(result) if ldsc_log else None
        if measured is not None:
            text, saved = with_influence(measured, result, text, out)
            written += saved
        written += draw_figure(plot, "plot_rg", result)
        written += draw_figure(heatmap, "plot_heatmap", result)
        written += draw_figure(influence_plot, "plot_influences", measured)
        return written_report(result, text, out, note, written)
