"""`sumh2 power`: what a study would find."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ldscores.shared.command_line import command
from sumh2.cli.loading import (
    check_figures,
    check_outputs,
    chosen_totals,
    draw_figure,
    logged,
    read_chosen_tagging,
    run_provenance,
    written_report,
)


@command(group="Design and truth")
def power(
    *,
    ld: str,
    n: list[float],
    h2: list[float],
    rg: float = 0.0,
    overlap: float = 0.0,
    enrichment: list[str] | None = None,
    intercept: list[float] | None = None,
    no_intercept: bool = False,
    w_ld: str | None = None,
    m: str = "M_5_50",
    out: str | None = None,
    plot: str | None = None,
) -> str:
    """Expected standard errors and power of a design, before there are data.

    One study gives the precision of its h2, two give that of their rg; LD scores of several categories give that of
    enrichments.

    Parameters
    ----------
    ld
        LD scores that the study will be fitted to.
    n
        People, one value or two.
    h2
        Heritability on the observed scale, one value or two.
    rg
        Genetic correlation of two studies.
    overlap
        Correlation of their noise: shared people x phenotypic correlation / sqrt(N1 N2).
    enrichment
        Expected enrichment of categories, as name=value.
    intercept
        Expected intercepts; 1 by default.
    no_intercept
        Intercepts will be held fixed, at what --intercept says.
    w_ld
        LD scores among the regression SNPs.
    m
        Number of reference SNPs: M_5_50, M or a number.
    out
        Write <out>.tsv, <out>.json and <out>.log.
    plot
        Draw power and standard errors with a 32nd to eight times the people, to this .png, .pdf or .svg (extra [plot]).

    Examples
    --------
    sumh2 power --ld eur_w_ld_chr/ --n 50000 --h2 0.2

    sumh2 power --ld eur_w_ld_chr/ --n 50000,120000 --h2 0.2,0.1 --rg 0.4

    sumh2 power --ld baseline.tagging.parquet --n 300000 --h2 0.3 --enrichment Coding_UCSC=7

    sumh2 power --ld eur_w_ld_chr/ --n 50000,120000 --h2 0.2,0.1 --rg 0.4 --plot power.pdf
    """
    options = dict(locals())
    from sumh2.simulation.enrichments import parse_enrichments
    from sumh2.simulation.power import design_studies, predict_power
    from sumh2.simulation.power_curve import predict_power_curve

    check_outputs(out, [])
    check_figures(plot=plot)
    studies = design_studies(n, h2, intercept)
    with logged(out) as note:
        tagging = read_chosen_tagging(ld, w_ld)
        design: dict[str, Any] = {
            "rg": rg, "overlap": overlap, "enrichments": parse_enrichments(enrichment), "free_intercept": not no_intercept,
            "m": chosen_totals(m),
        }  # fmt: skip
        result = predict_power(tagging, studies, **design)
        written: list[str | Path] = []
        if out is not None:
            result = result.with_provenance(run_provenance([], tagging, options))
            written += result.save(out)
        if plot is not None:
            written += draw_figure(plot, "plot_power_panels", predict_power_curve(tagging, studies, **design))
        return written_report(result, None, out, note, written)
