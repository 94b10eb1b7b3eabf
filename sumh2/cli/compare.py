"""`sumh2 compare`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ldscores.shared.command_line import command
from ldscores.shared.cores import choose_threads
from ldscores.shared.errors import InputError
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
    from ldscores.taggings.tagging import Tagging


@command(group="Heritability models")
def compare(
    sumstats: str,
    *,
    ld: list[str],
    names: list[str] | None = None,
    reference: str | None = None,
    weights_from: str | None = None,
    confounding: list[str] | None = None,
    w_ld: str | None = None,
    out: str | None = None,
    trait: str | None = None,
    cutoff: float | None = None,
    truncate: float | None = None,
    no_ambiguous: bool = False,
    n_blocks: int = 200,
    m: str | None = None,
    plot: str | None = None,
    threads: int | None = None,
) -> object:
    """Which heritability model fits, and how much do the estimates depend on it?

    Fits every model by likelihood, with and without confounding, on identical SNPs, regression weights and jackknife
    blocks.  Reports h2, loglSS, AIC and Akaike weights, the jackknifed difference between models, enrichments side by
    side, h2 averaged over models, the LD Score regression as one more row, and in words what depends on the model.

    loglSS: weighted log likelihood; AIC charges 2 a parameter, and its weights add up to 1 over models.  Both take SNPs
    for independent.  Where the regression weights leave LD in, the likelihood counts linked SNPs more than once: the
    effective parameters (column n_effective) say how many parameters a model acts like, and TIC (tic, Takeuchi's
    criterion) is AIC with these in the place of their number.  The jackknifed SE of a difference counts LD in any case.

    Parameters
    ----------
    sumstats
        Munged summary statistics.
    ld
        Taggings, one a model, separated by commas: .tagging.parquet, LDAK's .tagging, LD scores.  A tagging of several
        alphas counts as one model at its best alpha; two names of one model count once.
    names
        Names of the models, separated by commas; by default those in the taggings.
    reference
        Model that the others are compared with; by default the first.
    weights_from
        Model whose Tagging column makes the regression weights, 1/Tagging, of all; by default the first.
    confounding
        What is fitted beside heritability, with each model; by default none, intercept and genomic-control.
    w_ld
        LD scores among the regression SNPs, for the weights; they replace those in the taggings.
    out
        Write <out>.tsv, <out>.enrichment.tsv, <out>.parquet, <out>.json and <out>.log.
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
    plot
        Draw h2 by model and the differences of loglSS, to this .png, .pdf or .svg (extra [plot]).
    threads
        Models fitted at the same time; one a core by default.

    Examples
    --------
    sumh2 compare bmi.sumstats.parquet --ld gcta.tagging.parquet,human-default.tagging.parquet,bld-ldak.tagging.parquet

    sumh2 compare bmi.sumstats.parquet --ld gcta.tagging,ldak.tagging --names gcta,ldak --reference gcta --out bmi.models

    sumh2 compare bmi.sumstats.parquet --ld gcta.tagging.parquet,human-default.tagging.parquet --plot bmi.models.pdf
    """
    options = dict(locals())
    from ldscores.shared.provenance import provenance
    from sumh2.models.compare import fit_comparison
    from sumh2.sumher.rows import RowRules

    check_outputs(out, [sumstats])
    check_figures(plot=plot)
    n_threads = choose_threads(threads)
    with logged(out) as note:
        check_inputs([sumstats], *(name for name in ld if name), w_ld=w_ld)
        (read,) = read_traits([sumstats], None, None, [trait] if trait else None)
        taggings = [read_chosen_tagging(name, w_ld) for name in ld if name]
        result = fit_comparison(
            read,
            dict(zip(_names(ld, taggings, names), taggings, strict=True)),
            confounding=options["confounding"] or ("none", "intercept", "genomic-control"),
            reference=reference,
            weights_from=weights_from,
            rules=RowRules(cutoff, truncate, allow_ambiguous=not no_ambiguous),
            n_blocks=n_blocks,
            m=None if m is None else chosen_totals(m),
            n_threads=n_threads,
        )
        written: list[str | Path] = []
        if out is not None:
            sources = [source for tagging in taggings for source in tagging.sources]
            result = result.with_provenance(provenance([sumstats, *sources], options))
            written += result.save(out)
        written += draw_figure(plot, "plot_comparison_panels", result)
        return written_report(result, None, out, note, written)


def _names(files: Sequence[str], taggings: Sequence[Tagging], names: Sequence[str] | None) -> list[str]:
    """One name a model: the user's, the model's in the file, or the file's."""
    from sumh2.sumstats_files import trait_name

    if names is None:
        names = [tagging.model or trait_name(path) for path, tagging in zip(files, taggings, strict=True)]
        if len(set(names)) < len(names):
            names = [trait_name(path) for path in files]
    if len(names) != len(taggings) or len(set(names)) < len(names):
        raise InputError(
            f"--names: found {', '.join(names)} for {len(taggings)} taggings, expected as many different names; give them"
        )
    return list(names)
