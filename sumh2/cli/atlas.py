"""`sumh2 atlas`."""

from __future__ import annotations

from typing import Literal

from ldscores.shared.command_line import command
from ldscores.shared.cores import choose_threads
from ldscores.shared.errors import OptionError


@command(group="Atlas")
def atlas(
    *traits: str,
    ld: str,
    out: str,
    w_ld: str | None = None,
    weights: Literal["separable", "ldsc"] = "separable",
    ldsc_pairs: str | None = None,
    n_blocks: int = 200,
    m: str | None = None,
    intercept: float | None = None,
    gcov_intercept: float | None = None,
    no_intercept: bool = False,
    chisq_max: float | None = None,
    no_check_alleles: bool = False,
    double: bool = False,
    memory: float = 4.0,
    threads: int | None = None,
    scheduler: str | None = None,
    store: str | None = None,
    plot: str | None = None,
) -> object:
    """Genetic correlations of all pairs of many traits, with the covariance of every cell.

    Every trait is aligned once into a store; all pairs then come out of a few matrix products per block of the genome,
    each pair on its own SNPs.  Stop it at any moment: the same command goes on, and ends with the same bytes.  Name more
    traits: only the new pairs are fitted, unless one brings chromosomes that no trait had: that changes the blocks of all.
    A trait that cannot be used is a row with its reason.

    Parameters
    ----------
    traits
        Munged files, patterns in quotes ('traits/*.sumstats.parquet'), or a manifest: a table or YAML list with the
        column file, and any of trait N cases controls samp_prev pop_prev group label.
    ld
        LD scores: a folder, a prefix, a file, @ for the chromosome, a .tagging.parquet, or LDAK's .tagging; one column.
    out
        Folder to write: pairs.tsv, pairs.parquet, traits.tsv, rg.tsv, overlap.tsv, factor.npy, atlas.json; parts/ in it
        holds what a later run with more traits uses again.
    w_ld
        LD scores among the regression SNPs, for the weights; by default those of --ld.
    weights
        separable (all pairs at once; differs from LDSC's weights by the squared covariance term), or ldsc for exactly
        the numbers of LDSC 1.0.1 --rg, pair by pair.
    ldsc_pairs
        A table with the columns trait1 and trait2: fit these pairs exactly as LDSC too, to <out>/ldsc_pairs.tsv.
    n_blocks
        Jackknife blocks, the same for all traits, cut over the chromosomes on which some trait has SNPs.  A trait with
        SNPs in few of them has no usable standard error: give it an atlas of its own.
    m
        Number of reference SNPs: M_5_50 (MAF above 5%), M (all), or a number; by default M_5_50, or M for files without it.
    intercept
        Hold all h2 intercepts at this value.
    gcov_intercept
        Hold all gcov intercepts at this value; 0 says that no samples overlap.
    no_intercept
        Hold the h2 intercepts at 1 and the gcov intercepts at 0.
    chisq_max
        Leave out, trait by trait, SNPs with a chi2 at or above this; with --weights ldsc those with (z1 z2)^2 at or
        above its square, as LDSC.
    no_check_alleles
        Trust that all files count the same allele: nothing is flipped or dropped.
    double
        Products in float64 instead of float32: half the speed, and no digit that matters.
    memory
        Gigabytes that a tile of pairs may use; stored traits are mapped and do not count.
    threads
        All cores by default.
    scheduler
        Fit tiles on a Dask cluster: the address of its scheduler, or local; the workers must see the same files.
    store
        Folder of aligned traits, for several atlases to share; by default <out>/parts/store.
    plot
        Draw the correlations as a clustered matrix, to this .png, .pdf or .svg (extra [plot]).

    Examples
    --------
    sumh2 atlas 'traits/*.sumstats.parquet' --ld eur_w_ld_chr/ --out atlas
    sumh2 atlas manifest.tsv --ld eur.tagging.parquet --out atlas --memory 8
    sumh2 atlas a.sumstats.gz b.sumstats.gz c.sumstats.gz --ld eur_w_ld_chr/ --out atlas.ldsc --weights ldsc
    sumh2 atlas 'traits/*.sumstats.parquet' --ld eur_w_ld_chr/ --out atlas --plot heatmap.pdf
    """
    options = dict(locals())
    from sumh2.atlas.atlas_files import build_atlas, make_atlas_folder
    from sumh2.atlas.exact_pair_files import fit_listed_pairs, read_pair_list
    from sumh2.atlas.manifest_files import read_trait_list, tell_of_missing_files
    from sumh2.atlas.trait_fit import AtlasOptions
    from sumh2.cli.loading import (
        check_figures,
        check_inputs,
        chosen_totals,
        draw_figure,
        logged,
        read_chosen_tagging,
        run_provenance,
    )

    if no_intercept and (intercept is not None or gcov_intercept is not None):
        raise OptionError("atlas: found --no-intercept and a fixed intercept, expected one of them; drop one")
    n_threads = choose_threads(threads)
    check_figures(plot=plot)
    del options["plot"]  # a figure does not make another atlas
    how = AtlasOptions(
        n_blocks=n_blocks,
        intercept=1.0 if no_intercept else intercept,
        gcov_intercept=0.0 if no_intercept else gcov_intercept,
        chisq_max=chisq_max,
        weights=weights,
        double=double,
    )
    listed = read_trait_list(traits)
    pairs = None if ldsc_pairs is None else read_pair_list(ldsc_pairs, listed)
    tell_of_missing_files(listed)
    check_inputs((), ld, w_ld=w_ld)
    tagging = read_chosen_tagging(ld, w_ld)
    totals = None if m is None else chosen_totals(m)
    make_atlas_folder(out)
    with logged(f"{out}/atlas") as note:
        result = build_atlas(
            listed,
            tagging,
            out,
            options=how,
            m=totals,
            check_alleles=not no_check_alleles,
            memory_gb=memory,
            n_threads=n_threads,
            scheduler=scheduler,
            store=store,
            settings=options,
        )
        text = str(result)
        if pairs is not None:
            exact = fit_listed_pairs(
                listed, pairs, tagging, store or f"{out}/parts/store", how, m=totals, check_alleles=not no_check_alleles,
                n_threads=n_threads,
            )  # fmt: skip
            exact.with_provenance(run_provenance([], tagging, options)).save(f"{out}/ldsc_pairs")
            text = f"{text}\n\nexactly as LDSC:\n{exact}"
        if note is not None:
            note(text)
        drawn = draw_figure(plot, "plot_heatmap", result)
    return f"{text}\n\nwritten: {', '.join([f'{out}/ with pairs.tsv, traits.tsv, rg.tsv, overlap.tsv', *drawn])}"
