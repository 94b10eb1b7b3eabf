"""`sumh2 screen`."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from ldscores.shared.command_line import command
from ldscores.shared.cores import choose_threads
from ldscores.shared.errors import InputError, OptionError
from sumh2.cli.loading import (
    check_figures,
    check_inputs,
    check_outputs,
    chosen_intercept,
    chosen_totals,
    draw_figure,
    logged,
    read_chosen_tagging,
    read_traits,
    resolved,
    run_provenance,
    written_report,
)

if TYPE_CHECKING:
    from ldscores.taggings.tagging import Tagging

log = logging.getLogger(__name__)


@command(group="Estimates")
def screen(
    sumstats: str,
    *,
    ld: str,
    annotations: str,
    w_ld: str | None = None,
    baseline: str | None = None,
    out: str | None = None,
    trait: str | None = None,
    weights: Literal["shared", "ldsc"] = "shared",
    blocks: Literal["auto", "genome", "snps"] = "auto",
    two_sided: bool = False,
    forward: int = 0,
    forward_p: float | None = None,
    contrast: list[str] | None = None,
    binary: bool = False,
    intercept: float | None = None,
    no_intercept: bool = False,
    chisq_max: float | None = None,
    n_blocks: int = 200,
    m: str = "M_5_50",
    ldsc_results: bool = False,
    print_all_cts: bool = False,
    plot: str | None = None,
    volcano: str | None = None,
    memory: float = 1.0,
    threads: int | None = None,
) -> object:
    """Test thousands of annotations, one at a time beside a baseline model.

    For each annotation: its coefficient tau beyond the baseline, tau*, share of h2 and enrichment where the overlap with
    the baseline is known, one- and two-sided p-values, false discovery rate, and a status: too small an annotation,
    collinear with the baseline, few jackknife blocks behind it. The whole screen is one pass over the annotations. One
    that cannot be fitted is a row with its reason.

    Parameters
    ----------
    sumstats
        Munged summary statistics: .sumstats.parquet of `sumh2 munge`, or LDSC's .sumstats[.gz].
    ld
        LD scores of the baseline: a folder, a prefix, a file, @ for the chromosome, or a .tagging.parquet.
    annotations
        What to test, with commas between several: a .ldcts list (name, prefix of LD scores, further prefixes for
        controls), a .parquet of taggings with one column an annotation, or LD scores.
    w_ld
        LD scores among the regression SNPs, for the weights; by default those of --ld.
    baseline
        Take only these categories of a .tagging.parquet for the baseline: a number, for the first ones, names with
        commas, or a file of names. For a file that holds baseline and annotations, which then also gives enrichments.
        ldscores show lists the categories in order; the base that ldscores build --model own adds is the last: Base.
    out
        Write <out>.tsv, <out>.json and <out>.log (above 5,000 annotations also <out>.parquet), <out>.forward.tsv and
        <out>.contrasts.tsv; by default the report is printed only.
    trait
        Name of the trait; by default the file's name.
    weights
        shared: all annotations under the weights of the baseline, in one pass. ldsc: each under its own weights, the
        numbers of LDSC 1.0.1 --h2-cts, one regression an annotation.
    blocks
        Jackknife blocks: genome, by position on the LD scores and the same for every trait, or snps, of equal numbers of
        this trait's SNPs as in LDSC. auto takes genome for shared weights and snps for LDSC's.
    two_sided
        False discovery rates and forward selection from two-sided p-values; by default from those of tau above 0.
    forward
        Forward selection: let the best annotation join the baseline, screen the others again, at most so many times.
    forward_p
        Stop it at a p-value above this; by default 0.05 over the number of annotations.
    contrast
        Two annotations to compare (A,B), or several pairs one after another (A,B,C,D): their difference in tau, both in
        one regression and each in its own, and the test that both are 0.
    binary
        The annotations are 0 or 1: gives tau* where the files do not hold sums of squares.
    intercept
        Hold the intercept at this value.
    no_intercept
        Hold the intercept at 1, as if there were no confounding.
    chisq_max
        Leave out SNPs with a chi2 at or above this; by default max(0.001 max N, 80).
    n_blocks
        Jackknife blocks.
    m
        Number of reference SNPs: M_5_50 (MAF above 5%), M (all), or numbers, one a category of the baseline.
    ldsc_results
        Write <out>.cell_type_results.txt as LDSC does.
    print_all_cts
        In it, also the other columns of each line of a .ldcts list; goes with --weights ldsc.
    plot
        Draw -log10 p of every annotation with the line of a false discovery rate of 5%, to this .png, .pdf or .svg
        (extra [plot]).
    volcano
        Draw -log10 p against tau* (or z) with the same line, to this .png, .pdf or .svg (extra [plot]).
    memory
        Bound in GB on the taggings of annotations in memory at a time; the baseline comes on top: 16 bytes x SNPs x
        categories.
    threads
        Cores to use; all by default.

    Examples
    --------
    sumh2 screen scz.sumstats.parquet --ld baseline.tagging.parquet --annotations cells.tagging.parquet --out scz.cells

    sumh2 screen scz.sumstats.gz --ld baseline. --w-ld weights. --annotations Cahoy.ldcts --weights ldsc --ldsc-results \
    --out scz.cahoy

    sumh2 screen scz.sumstats.parquet --ld all.tagging.parquet --baseline 97 --annotations all.tagging.parquet --forward 5

    sumh2 screen scz.sumstats.parquet --ld baseline.tagging.parquet --annotations cells.tagging.parquet --plot cells.pdf \
    --volcano cells.volcano.pdf
    """
    options = dict(locals())
    import pyarrow

    from sumh2.alignment import align
    from sumh2.screens.annotation_tagging_files import find_annotations
    from sumh2.screens.cell_type_files import write_cell_type_results
    from sumh2.screens.screen import fit_screen

    check_outputs(out, [sumstats], ldsc_results=ldsc_results)
    check_figures(plot=plot, volcano=volcano)
    pairs, n_threads = _pairs(contrast), choose_threads(threads)
    if print_all_cts and not (ldsc_results and weights == "ldsc"):
        raise OptionError(
            "--print-all-cts: found it alone, expected --ldsc-results and --weights ldsc with it; add them"
        )
    with logged(out) as note:
        check_inputs([sumstats], ld, w_ld=w_ld)
        sources = find_annotations(resolved(annotations, "--annotations"))
        traits = read_traits([sumstats], None, None, [trait] if trait else None)
        tagging = _baseline_tagging(ld, w_ld, baseline)
        aligned = align(traits, tagging)
        # What reading the baseline took is held back by Arrow, a gigabyte beside 97 categories, until it is asked for.
        pyarrow.default_memory_pool().release_unused()
        result = fit_screen(
            aligned,
            sources,
            weights=weights,
            blocks=None if blocks == "auto" else blocks,
            alternative="two-sided" if two_sided else "greater",
            forward=forward,
            forward_p=forward_p,
            contrasts=pairs,
            intercept=chosen_intercept(intercept, no_intercept, 1.0),
            chisq_max=chisq_max,
            n_blocks=n_blocks,
            m=chosen_totals(m),
            binary=binary,
            memory_gb=memory,
            n_threads=n_threads,
        )
        written: list[str | Path] = []
        if out is not None:
            files = [sumstats, *(path for source in sources for path in source.files)]
            result = result.with_provenance(run_provenance(files, tagging, options))
            written += result.save(out)
            if ldsc_results:
                written.append(write_cell_type_results(result, out, print_all_cts))
        written += draw_figure(plot, "plot_screen", result)
        written += draw_figure(volcano, "plot_screen_volcano", result)
        return written_report(result, None, out, note, written)


def _pairs(names: list[str] | None) -> list[tuple[str, str]]:
    names = names or []
    if len(names) % 2:
        raise InputError(
            f"--contrast: found {len(names)} names, expected pairs: A,B, or A,B,C,D for A with B and C with D; add one"
        )
    return list(zip(names[::2], names[1::2], strict=True))


def _baseline_tagging(ld: str, w_ld: str | None, baseline: str | None) -> Tagging:
    if baseline is None:
        return read_chosen_tagging(ld, w_ld)
    from ldscores.taggings.tagging_files import read_weights
    from sumh2.screens.annotation_tagging_files import read_baseline

    tagging = read_baseline(resolved(ld, "--ld"), baseline)
    return tagging if w_ld is None else tagging.with_weights(read_weights(resolved(w_ld, "--w-ld")))
