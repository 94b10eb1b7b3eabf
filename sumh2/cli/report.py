"""`sumh2 report`."""

from __future__ import annotations

from ldscores.shared.command_line import command


@command(group="Reports")
def report(
    *results: str,
    out: str,
    title: str | None = None,
    no_figures: bool = False,
    most_rows: int = 500,
) -> object:
    """One page of HTML on any results: what was estimated, what it means, what would mislead.

    Every result has a headline in words, its status with what to do, tables that sort on a click, figures, SNP counts at
    every step, where it comes from (files with their hashes, command, version, date), how to read it and what to cite.
    The page is one file that works without a network.  Names in the files are shown as they are and never run.

    Parameters
    ----------
    results
        What commands wrote with --out: the .json of a result, or its stem; the folder of an atlas; .sumstats.parquet or
        .munge.json of munge.  Several make one page with a table of contents.
    out
        Name of the page to write, .html.
    title
        Heading of the page; by default what it is about.
    no_figures
        Draw no figures.  They need the extra [plot]; those of a regression read its data again, if they are still the
        same files.
    most_rows
        Rows of a table that are shown; the page says how many there are.

    Examples
    --------
    sumh2 report scz.h2.json --out scz.html
    sumh2 report scz.munge.json scz.h2 scz_bip atlas/ atlas/consistent --out report.html --title 'Schizophrenia'
    sumh2 report cells.json --out cells.html --most-rows 2000
    """
    from ldscores.shared.errors import UsageError
    from sumh2.report.figures import NO_MATPLOTLIB, can_draw
    from sumh2.report.report_files import write_report

    if not results:
        raise UsageError("report: found no result, expected one or more; name the .json that a command wrote")
    written = write_report(results, out, title=title, figures=not no_figures, most_rows=most_rows)
    hint = "" if no_figures or can_draw() else f"\n{NO_MATPLOTLIB}"
    n_results = "1 result" if len(results) == 1 else f"{len(results)} results"
    return f"report on {n_results}{hint}\n\nwritten: {written}"
