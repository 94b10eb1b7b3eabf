"""`sumh2 atlas-page`."""

from __future__ import annotations

from ldscores.shared.command_line import command


@command(group="Atlas")
def atlas_page(
    atlas: str,
    *,
    out: str,
    consistent: str | None = None,
    title: str = "Genetic correlations",
    plot: str | None = None,
) -> object:
    """A page to explore an atlas: one HTML file that works without a network and without this program.

    A clustered heatmap, a search for traits, the numbers of a cell on a click, a trait's forest plot on a click on its
    name, raw against consistent correlations, a filter by false discovery rate, and the pairs in sight as a table and as
    a TSV file.  Names in the files are shown as they are and never run.

    Parameters
    ----------
    atlas
        Folder of `sumh2 atlas`.
    out
        Name of the page to write, .html.
    consistent
        Consistent fit to switch to: the --out of `sumh2 consistent`; by default <atlas>/consistent where it is there.
    title
        Heading of the page.
    plot
        Draw the clustered heatmap of the raw correlations for print too, to this .png, .pdf or .svg (extra [plot]);
        that of the consistent ones is `sumh2 consistent --heatmap`.

    Examples
    --------
    sumh2 atlas-page atlas/ --out page.html
    sumh2 atlas-page atlas/ --out page.html --consistent psych.consistent --title 'Psychiatric traits'
    sumh2 atlas-page atlas/ --out page.html --plot heatmap.pdf
    """
    from ldscores.shared.outputs import appearing_at_the_end
    from sumh2.atlas.atlas_files import read_atlas
    from sumh2.atlas.page_files import find_consistent, read_consistent_pairs, write_atlas_page
    from sumh2.cli.loading import check_figures, draw_figure
    from sumh2.pages import check_page

    check_page(out)
    check_figures(plot=plot)
    read = read_atlas(atlas)
    found = find_consistent(atlas) if consistent is None else consistent
    pairs = None if found is None else read_consistent_pairs(found)
    with appearing_at_the_end():
        written = [str(write_atlas_page(read, out, consistent=pairs, title=title))]
        written += draw_figure(plot, "plot_heatmap", read)
    fit = (
        f"no consistent fit: for raw against consistent run sumh2 consistent {atlas} --out {atlas.rstrip('/')}/consistent"
        if found is None
        else f"with the consistent fit of {found}"
    )
    return f"page of {read.n_traits} traits, {len(read.pair_table):,} pairs, {fit}\n\nwritten: {', '.join(written)}"
