"""`sumh2 partition`."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from ldscores.shared.command_line import command
from ldscores.shared.errors import InputError, OptionError, UsageError
from sumh2.cli.loading import (
    check_figures,
    check_influence_plot,
    check_inputs,
    check_outputs,
    chosen_intercept,
    chosen_totals,
    draw_figure,
    hash_ahead,
    logged,
    read_traits,
    resolved,
    start_provenance,
    with_influence,
    written_report,
)

if TYPE_CHECKING:
    from ldscores.annotations.annotation_sums import AnnotationSums
    from ldscores.taggings.tagging import Tagging

log = logging.getLogger(__name__)

#: Options that go with one trait, and with several.
_OF_ONE = ("quantile_of", "quantile_file", "ldsc_results", "ldsc_log", "print_cov", "print_delete_vals", "influence",
           "influence_plot")  # fmt: skip
_OF_SEVERAL = ("gcov_intercept", "genomicsem", "matrices")


@command(group="Estimates")
def partition(
    *sumstats: str,
    ld: str,
    w_ld: str | None = None,
    annot: str | None = None,
    frq: str | None = None,
    disjoint: bool = False,
    out: str | None = None,
    traits: list[str] | None = None,
    estimator: Literal["ldsc", "sumher"] = "ldsc",
    quantile_of: str | None = None,
    quantiles: int = 5,
    exclude_zero: bool = False,
    quantile_file: str | None = None,
    intercept: float | None = None,
    no_intercept: bool = False,
    free_intercept: bool = False,
    gcov_intercept: float | None = None,
    chisq_max: float | None = None,
    n_blocks: int = 200,
    m: str | None = None,
    samp_prev: list[float] | None = None,
    pop_prev: list[float] | None = None,
    genomicsem: bool = False,
    matrices: bool = False,
    influence: bool = False,
    influence_plot: str | None = None,
    print_cov: bool = False,
    print_delete_vals: bool = False,
    ldsc_results: bool = False,
    ldsc_log: bool = False,
    plot: str | None = None,
) -> object:
    """Heritability by category: shares, enrichments, coefficients; of several traits covariances too.

    Stratified LD Score regression over any number of overlapping categories, binary or continuous.  Numbers equal those
    of LDSC 1.0.1 --h2 --overlap-annot.  Each category has its share of SNPs and of h2, its enrichment with a p-value
    from the difference in heritability per SNP inside and outside, tau, tau* and their p-values, and a status: too small,
    collinear, decided by few blocks, a share outside 0 to 1.  A continuous annotation is no set of SNPs: it has tau*, and
    bins with --quantile-of, but NA for shares and enrichment (--ldsc-results has LDSC's numbers).  With two or more
    traits: genetic covariance and correlation of every pair in every category.

    Parameters
    ----------
    sumstats
        Munged summary statistics of one trait; of two or more for covariances by category.
    ld
        LD scores of the categories, or a tagging: a folder, a prefix, a file, @ for the chromosome, a .tagging.parquet,
        or LDAK's .tagging.  Several sets with commas.
    w_ld
        LD scores among the regression SNPs, for the weights; a .tagging.parquet holds them.
    annot
        Annotation files that LDSC's LD scores were made of, for their overlap; by default those beside --ld, where there
        are any.  A .tagging.parquet and LDAK's .tagging hold what is needed.
    frq
        Allele frequencies (.frq) of the annotations' SNPs: only common ones count, as in M_5_50.
    disjoint
        No SNP is in two categories: no overlap is needed.
    out
        Write <out>.tsv, <out>.json and <out>.log; by default the report is printed only.
    traits
        Names of the traits, separated by commas; by default the files' names.
    estimator
        ldsc: stratified LD Score regression; sumher: SumHer's likelihood under the model of the tagging.
    quantile_of
        Also report heritability in bins of this annotation, which is to be among those of --annot.
    quantiles
        Number of bins of --quantile-of.
    exclude_zero
        Leave SNPs with the value 0 out of the bins.
    quantile_file
        Bins from a file of LDSC's quantile_M.pl instead.
    intercept
        Hold the intercept at this value.
    no_intercept
        Hold the intercepts at 1, of covariances at 0.
    free_intercept
        sumher: fit confounding that grows with the sample size; by default none is fitted.
    gcov_intercept
        Hold the intercepts of covariances at this value; 0 says that samples do not overlap.
    chisq_max
        Leave out SNPs with a chi2 at or above this; by default max(0.001 max N, 80).
    n_blocks
        Jackknife blocks.
    m
        Number of reference SNPs: M_5_50 (MAF above 5%), M (all), or numbers, one a category; by default what goes with
        the overlap.
    samp_prev
        Share of cases in each sample, separated by commas; nan for a quantitative trait.  By default from the cases
        and controls that munge found.
    pop_prev
        Prevalence of each trait in the population, separated by commas; nan for a quantitative trait.
    genomicsem
        Weigh and scale covariances as GenomicSEM's s_ldsc does.
    matrices
        Write <out>.matrices.json: S and V of each category, as GenomicSEM takes them.
    influence
        Also write <out>.influence.tsv: estimates without the most influential blocks, without each chromosome, and
        with chi2 capped.
    influence_plot
        Draw these of h2 and of the enrichments that single blocks move most, to this .png, .pdf or .svg; goes with
        --influence.
    print_cov
        Write <out>.cov, the covariance of the coefficients, as LDSC does.
    print_delete_vals
        Write <out>.delete and <out>.part_delete, total and coefficients with each block left out, as LDSC does.
    ldsc_results
        Write <out>.results as LDSC does.
    ldsc_log
        Report in the words of LDSC's log instead of ours.
    plot
        Draw the enrichments with 95% intervals (or the bins of --quantile-of; of several traits the correlations by
        category), to this .png, .pdf or .svg (extra [plot]).

    Examples
    --------
    sumh2 partition scz.sumstats.parquet --ld baselineLD.tagging.parquet --out scz.baseline
    sumh2 partition scz.sumstats.gz --ld baseline. --w-ld weights. --frq 1000G.EUR.QC. --ldsc-results --out scz
    sumh2 partition scz.sumstats.parquet --ld baselineLD.tagging.parquet --plot enrichment.pdf
    sumh2 partition scz.sumstats.gz bip.sumstats.gz --ld baselineLD.tagging.parquet --out scz_bip
    """
    options = dict(locals())
    from ldscores.annotations.overlap_files import check_annotation_files

    files = [name.strip() for word in sumstats for name in word.split(",") if name.strip()]
    if not files:
        raise UsageError("partition: found no file, expected one or more; name summary statistics")
    _check_options(options, len(files))
    writes = ("print_cov", "print_delete_vals", "ldsc_results", "influence", "matrices")
    check_outputs(out, files, **{name: options[name] for name in writes})
    check_figures(plot=plot, influence_plot=influence_plot)
    check_influence_plot(influence, influence_plot)
    with logged(out) as note:
        check_inputs([*files, quantile_file], ld, w_ld=w_ld)
        if annot is not None:
            check_annotation_files(resolved(annot, "--annot"), resolved(frq, "--frq"))
        ahead = hash_ahead([ld, *files]) if out is not None else dict
        read = read_traits(files, samp_prev, pop_prev, traits)
        tagging, sums = _read_categories(options)
        provenance = start_provenance(files, tagging, options, ahead) if out is not None else dict
        if len(files) > 1:
            result, written = _partition_several(read, tagging, sums, options, provenance)
            return written_report(result, None, out, note, written)
        result, text, written = _partition_one(read, tagging, sums, options, provenance)
        return written_report(result, text, out, note, written)


def _check_options(options: dict[str, Any], n_files: int) -> None:
    others = _OF_SEVERAL if n_files == 1 else _OF_ONE
    wrong = [name for name in others if options[name] is not None and options[name] is not False]
    if n_files > 1 and options["estimator"] != "ldsc":
        wrong.append("estimator")
    if wrong:
        flag = f"--{wrong[0].replace('_', '-')}"
        expected = "two traits or more" if n_files == 1 else "one trait"
        raise OptionError(f"{flag}: found {n_files} summary statistics, expected {expected}; drop it")
    of_ldsc = ("intercept", "no_intercept", "chisq_max", "influence", "ldsc_log")
    misplaced = of_ldsc if options["estimator"] == "sumher" else ("free_intercept",)
    for name in misplaced:
        if options[name] is not None and options[name] is not False:
            flag, other = f"--{name.replace('_', '-')}", "ldsc" if options["estimator"] == "sumher" else "sumher"
            raise OptionError(f"{flag}: found --estimator {options['estimator']}, expected {other}; drop one of them")
    if options["quantile_of"] is not None and options["quantile_file"] is not None:
        raise OptionError("found --quantile-of and --quantile-file, expected one of them; drop one")
    if options["frq"] is not None and options["disjoint"]:
        raise OptionError("found --frq and --disjoint, expected one of them; without overlap no frequencies are needed")
    if options["annot"] is not None and options["disjoint"]:
        raise OptionError("found --annot and --disjoint, expected one of them; drop one")


def _read_categories(options: dict[str, Any]) -> tuple[Tagging, AnnotationSums | None]:
    """LD scores without those that are the same everywhere, and the sums of their annotations where they are read."""
    from ldscores.annotations.overlap_files import has_annotations, read_annotation_sums
    from ldscores.taggings.tagging_files import read_tagging

    flags = {"ld": "--ld", "w_ld": "--w-ld", "annot": "--annot", "frq": "--frq"}
    options = options | {name: resolved(options[name], flag) for name, flag in flags.items()}
    whole = read_tagging(options["ld"], weights=options["w_ld"])
    annot = options["annot"]
    stored = whole.overlap is not None or whole.overlap_5_50 is not None or whole.ldak is not None
    if annot is None and not stored and not options["disjoint"] and has_annotations(options["ld"]):
        annot = options["ld"]
        log.info("overlap of the categories from the annotations beside %s", annot)
    if annot is None and (options["quantile_of"] is not None or options["frq"] is not None):
        flag = "--quantile-of" if options["quantile_of"] is not None else "--frq"
        raise InputError(f"{flag}: found no annotation files, expected those of the LD scores; name them with --annot")
    sums = None
    if annot is not None:
        sums = read_annotation_sums(
            annot,
            options["frq"],
            quantile_of=options["quantile_of"],
            n_quantiles=options["quantiles"],
            exclude_zero=options["exclude_zero"],
        ).for_categories(whole.names)
    tagging, constant = whole.drop_constant_categories()
    if constant:
        log.warning("left out LD scores that are the same at every SNP: %s", ", ".join(constant))
    return tagging, sums


def _chosen_m(options: dict[str, Any]) -> Any:
    return None if options["m"] is None else chosen_totals(options["m"])


def _partition_one(
    read: list,
    tagging: Tagging,
    sums: AnnotationSums | None,
    options: dict[str, Any],
    provenance: Callable[[], dict[str, Any]],
) -> tuple[object, str | None, list[Any]]:
    from sumh2.alignment import align
    from sumh2.enrichment.partition import fit_partition
    from sumh2.ldsc.log import write_h2_side_files
    from sumh2.ldsc.partition_log import partition_log, write_ldsc_results

    out = options["out"]
    aligned = align(read, tagging, ambiguous="letters" if options["estimator"] == "sumher" else "unsigned")
    bins = None
    if options["quantile_file"] is not None:
        from ldscores.annotations.overlap_files import read_quantile_sums

        bins = read_quantile_sums(options["quantile_file"])
    shared = {
        "annotations": sums,
        "disjoint": options["disjoint"],
        "n_blocks": options["n_blocks"],
        "m": _chosen_m(options),
        "quantiles": bins,
    }
    intercept = chosen_intercept(options["intercept"], options["no_intercept"], 1.0)
    if options["estimator"] == "sumher":
        from sumh2.sumher.partition import fit_sumher_partition

        result = fit_sumher_partition(aligned, free_intercept=options["free_intercept"], **shared)
    else:
        result = fit_partition(aligned, intercept=intercept, chisq_max=options["chisq_max"], **shared)
    measured = None
    written: list[str | Path] = []
    if options["influence"]:
        from sumh2.influence import measure_partition_influence

        # Before anything is written: it may refuse the data.
        measured = measure_partition_influence(result, aligned)
    if out is not None:
        result = result.with_provenance(provenance())
        written += result.save(out)
        written += write_h2_side_files(
            result.total, out, cov=options["print_cov"], delete_values=options["print_delete_vals"]
        )
        if options["ldsc_results"]:
            written.append(write_ldsc_results(f"{out}.results", result))
    text = partition_log(result, options["disjoint"]) if options["ldsc_log"] else None
    if measured is not None:
        text, files = with_influence(measured, result, text, out)
        written += files
    if result.quantiles is None:
        written += draw_figure(options["plot"], "plot_partition", [result])
    else:
        written += draw_figure(options["plot"], "plot_quantiles", result)
    written += draw_figure(options["influence_plot"], "plot_influences", measured)
    return result, text, written


def _partition_several(
    read: list,
    tagging: Tagging,
    sums: AnnotationSums | None,
    options: dict[str, Any],
    provenance: Callable[[], dict[str, Any]],
) -> tuple[object, list[Any]]:
    from sumh2.alignment import align
    from sumh2.enrichment.stratified_rg import fit_stratified_rg
    from sumh2.enrichment.stratified_rg_result import write_matrices

    out = options["out"]
    if options["no_intercept"] and options["gcov_intercept"] is not None:
        raise OptionError("found --no-intercept and --gcov-intercept, expected one of them; drop one")
    result = fit_stratified_rg(
        align(read, tagging),
        annotations=sums,
        disjoint=options["disjoint"],
        intercept=chosen_intercept(options["intercept"], options["no_intercept"], 1.0),
        gcov_intercept=chosen_intercept(options["gcov_intercept"], options["no_intercept"], 0.0),
        chisq_max=options["chisq_max"],
        n_blocks=options["n_blocks"],
        m=_chosen_m(options),
        convention="genomicsem" if options["genomicsem"] else "ldsc",
    )
    written: list[Any] = []
    if out is not None:
        result = result.with_provenance(provenance())
        written += result.save(out)
        if options["matrices"]:
            written.append(write_matrices(f"{out}.matrices.json", result))
    written += draw_figure(options["plot"], "plot_stratified_rg", result)
    return result, written
