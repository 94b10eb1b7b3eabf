"""`sumh2 alpha`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ldscores.shared.command_line import command
from ldscores.shared.cores import choose_threads
from ldscores.shared.errors import OptionError
from sumh2.cli.loading import (
    check_figures,
    check_inputs,
    check_outputs,
    chosen_totals,
    draw_figure,
    logged,
    read_chosen_tagging,
    read_traits,
    written_report,
)

if TYPE_CHECKING:
    from sumh2.models.alpha_result import AlphaProfile


@command(group="Heritability models")
def alpha(
    sumstats: str | None = None,
    *,
    ld: str | None = None,
    likelihoods: str | None = None,
    powers: str | None = None,
    divisions: int | None = None,
    confounding: list[str] | None = None,
    w_ld: str | None = None,
    out: str | None = None,
    trait: str | None = None,
    cutoff: float | None = None,
    truncate: float | None = None,
    no_ambiguous: bool = False,
    n_blocks: int = 200,
    m: str | None = None,
    from_zero: bool = False,
    plot: str | None = None,
    threads: int | None = None,
) -> object:
    """How heritability depends on allele frequency: the likelihood of each alpha.

    Under E[h2_j] = tau [2f(1-f)]^(1+alpha) all SNPs are alike at alpha -1, and common SNPs carry more the larger alpha
    is; a negative alpha, of -0.6 to -0.2 for most human traits, is what negative selection leaves.  Reports the best
    alpha with a jackknife interval, LDAK's Gaussian mean and SD, each with and without confounding fitted, and h2 at
    the best alpha and averaged over alpha.  Says so where the data do not tell alphas apart.

    LDAK's Gaussian is the normal density that looks most like the likelihood over the grid; the correlation printed with
    it is between the two (1: the likelihood is bell-shaped; below 0.95 read the interval, not the SD).

    Parameters
    ----------
    sumstats
        Munged summary statistics.
    ld
        A tagging of several alphas (ldscores build --model alpha, or LDAK's --merge-tagging), or one tagging an alpha,
        separated by commas.
    likelihoods
        Instead of both: a file of alphas and log likelihoods (LDAK's --find-gaussian).
    powers
        Alphas where the tagging does not name them: numbers with commas, or a file with one a line (LDAK's --powerfile).
    divisions
        Categories at each alpha; by default what the number of powers implies.
    confounding
        What is fitted beside heritability, of none, intercept and genomic-control; the first is reported first.  By
        default none,intercept.
    w_ld
        LD scores among the regression SNPs, for the weights; by default those of --ld.
    out
        Write <out>.tsv, <out>.profile.tsv, <out>.json and <out>.log; by default the report is printed only.
    trait
        Name of the trait; by default the file's name.
    cutoff
        Leave out SNPs that explain this share of the phenotype or more, e.g. 0.01.
    truncate
        Make larger chi2 this.
    no_ambiguous
        Leave out A/T and C/G SNPs.
    n_blocks
        Jackknife blocks.
    m
        Number of reference SNPs of LD scores; taggings of a heritability model bring their own.
    from_zero
        Start the fit of every alpha from zero, as LDAK without --update-taus; slower, the same numbers but for the
        tolerance.
    plot
        Draw the profile with the interval and the Gaussian, and h2 along it, to this .png, .pdf or .svg (extra [plot]).
    threads
        Alphas fitted at the same time; one a core by default.

    Examples
    --------
    sumh2 alpha bmi.sumstats.parquet --ld eur.alpha.tagging.parquet --out bmi.alpha --plot bmi.alpha.png

    sumh2 alpha bmi.sumstats.parquet --ld merged.tagging --powers powers.txt --confounding intercept,none

    sumh2 alpha --likelihoods bmi.likelihoods
    """
    options = dict(locals())
    inputs = [name for name in (sumstats, likelihoods) if name is not None]
    if likelihoods is not None and (sumstats is not None or ld is not None):
        raise OptionError(
            "--likelihoods: found summary statistics or --ld beside it, expected one or the other; drop one"
        )
    if likelihoods is None and (sumstats is None or ld is None):
        raise OptionError("alpha: expected summary statistics and --ld, or --likelihoods; add what is missing")
    choose_threads(threads)  # refuses before any work
    check_outputs(out, inputs)
    check_figures(plot=plot)
    with logged(out) as note:
        check_inputs(inputs, *(name for name in (ld or "").split(",") if name), w_ld=w_ld)
        sources: list[str] = []
        if likelihoods is not None:
            result = _fit_likelihoods(likelihoods)
        else:
            result, sources = _fit_trait(options)
        written: list[Any] = []
        if out is not None:
            from ldscores.shared.provenance import provenance

            result = result.with_provenance(provenance([*inputs, *sources], options))
            written += result.save(out)
        written += draw_figure(plot, "plot_alpha_panels", result)
        return written_report(result, None, out, note, written)


def _fit_likelihoods(path: str) -> AlphaProfile:
    from sumh2.models.alpha import fit_alpha_likelihoods
    from sumh2.models.alpha_files import read_likelihoods
    from sumh2.sumstats_files import trait_name

    return fit_alpha_likelihoods(*read_likelihoods(path), name=trait_name(path))


def _fit_trait(options: dict[str, Any]) -> tuple[AlphaProfile, list[str]]:
    from sumh2.alignment import align
    from sumh2.models.alpha import fit_alpha, fit_alpha_models
    from sumh2.models.alpha_files import read_powers
    from sumh2.sumher.rows import RowRules

    names = [name for name in options["ld"].split(",") if name]
    (trait,) = read_traits([options["sumstats"]], None, None, [options["trait"]] if options["trait"] else None)
    common: dict[str, Any] = {
        "powers": None if options["powers"] is None else read_powers(options["powers"]),
        "confounding": options["confounding"] or ("none", "intercept"),
        "rules": RowRules(options["cutoff"], options["truncate"], allow_ambiguous=not options["no_ambiguous"]),
        "n_blocks": options["n_blocks"],
        "m": None if options["m"] is None else chosen_totals(options["m"]),
        "warm_start": not options["from_zero"],
        "n_threads": choose_threads(options["threads"]),
    }
    if len(names) == 1:
        tagging = read_chosen_tagging(names[0], options["w_ld"])
        aligned = align([trait], tagging, ambiguous="letters")
        return fit_alpha(aligned, divisions=options["divisions"], **common), list(tagging.sources)
    if options["divisions"] is not None:
        raise OptionError(
            "--divisions: found it with several taggings, expected one tagging of several alphas; drop it"
        )
    taggings = [read_chosen_tagging(name, options["w_ld"]) for name in names]
    sources = [source for tagging in taggings for source in tagging.sources]
    return fit_alpha_models(trait, taggings, **common), sources
