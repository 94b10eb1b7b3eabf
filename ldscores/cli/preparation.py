"""`ldscores annotate`, `thin` and `weights`: what heritability models need besides the panel."""

from __future__ import annotations

from typing import Literal

from ldscores.cli.loading import check_out, check_out_folder, read_chosen_panel
from ldscores.shared.command_line import command


@command(group="Panels")
def annotate(
    *,
    bfile: str | None = None,
    pfile: str | None = None,
    out: str,
    bed: list[str] | None = None,
    names: list[str] | None = None,
    gene_sets: list[str] | None = None,
    gene_coordinates: str | None = None,
    window_kb: float | None = None,
    tables: list[str] | None = None,
    thin_annot: bool = False,
) -> str:
    """Make annotations of a panel's SNPs from intervals, gene sets or tables of values.

    A SNP gets 1 where it lies in an interval of the BED file (0-based, half open), or in a gene of the set or within a
    window around one; otherwise 0.  A table gives SNPs any number.  What is given is put side by side, in LDSC's
    .annot.gz, for `ldscores build --annot`.

    Parameters
    ----------
    bfile
        PLINK 1 panel (.bed, .bim, .fam): a prefix, a folder, or a path with @ or {chr} for the chromosome.
    pfile
        PLINK 2 panel (.pgen, .pvar, .psam) instead, named in the same way; hard calls are read. Needs the extra [pgen].
    out
        Stem of <out>.annot.gz; with @, one file a chromosome.
    bed
        BED files, separated by commas: one annotation each.
    names
        Names of the annotations of --bed, separated by commas; by default the files' names.
    gene_sets
        Gene sets, separated by commas: files of gene names (one set each) or .gmt files (a set a line).
    gene_coordinates
        Table of genes for --gene-sets: name, chromosome, start, end (1-based, both ends included).
    window_kb
        Kilobases added on both sides: 0 by default for --bed, 100 for --gene-sets.
    tables
        Tables of continuous annotations, separated by commas: SNP and one value or more on each line, for every SNP of
        the panel.
    thin_annot
        Write the annotations alone, without CHR BP SNP CM.

    Examples
    --------
    ldscores annotate --bfile eur@ --bed enhancers.bed,promoters.bed --out regulatory.@

    ldscores annotate --bfile eur@ --gene-sets brain.gmt --gene-coordinates NCBI37.3.gene.loc --out brain
    """
    from ldscores.annotations.annotation_files import write_annotations
    from ldscores.annotations.interval_files import make_annotations

    check_out(out)
    panel = read_chosen_panel(bfile, pfile)
    annotations = make_annotations(
        panel, bed=bed, names=names, gene_sets=gene_sets, gene_coordinates=gene_coordinates, window_kb=window_kb,
        value_tables=tables,
    )  # fmt: skip
    written = write_annotations(out, annotations, panel.cm, thin=thin_annot)
    return "\n".join([*annotations.notes, *(f"written: {path}" for path in written)])


@command(group="Panels")
def thin(
    *,
    bfile: str | None = None,
    pfile: str | None = None,
    out: str,
    r2: float = 0.98,
    window_kb: float | None = None,
    window_cm: float | None = None,
    window_snps: int | None = None,
    pvalues: str | None = None,
    pvalue_cutoff: float | None = None,
    min_maf: float | None = None,
    keep: str | None = None,
    remove: str | None = None,
    extract: str | None = None,
    exclude: str | None = None,
    genetic_map: str | None = None,
    threads: int | None = None,
) -> str:
    """Thin duplicates out of a panel, as LDAK's --thin: of two SNPs with r2 at or above a limit one goes.

    The lists equal LDAK's.  <out>.in is what `ldscores build --model ldak-thin --thin` asks for; <out>.weights holds the
    same SNPs with weight 1, LDAK's weights.thin.

    Parameters
    ----------
    bfile
        PLINK 1 panel (.bed, .bim, .fam): a prefix, a folder, or a path with @ or {chr} for the chromosome.
    pfile
        PLINK 2 panel (.pgen, .pvar, .psam) instead, named in the same way; hard calls are read. Needs the extra [pgen].
    out
        Stem: <out>.in (kept), <out>.out (lost), <out>.trivial (monomorphic) and <out>.weights.
    r2
        Limit of the squared correlation, above 0; not corrected for the number of people.
    window_kb
        Largest distance of a pair in kilobases, one of the three windows; 100 kb by default.
    window_cm
        The same in centimorgans.
    window_snps
        The same in SNPs, counted among those still there.
    pvalues
        File of SNPs and p-values: of two SNPs the one with the larger p goes.
    pvalue_cutoff
        Keep only SNPs with a p-value at or below it (LDAK's --thin-tops).
    min_maf
        Keep only SNPs with a minor allele frequency (0 to 0.5) at or above it (LDAK's --thin-common).
    keep
        File of people to keep: FID IID, or IID alone.
    remove
        File of people to leave out.
    extract
        File of SNPs to keep, one name a line.
    exclude
        File of SNPs to leave out.
    genetic_map
        Genetic map for centimorgans, with @ for the chromosome; by default those of the .bim or .pvar.
    threads
        Cores to use; all by default.

    Examples
    --------
    ldscores thin --bfile eur@ --out eur.thin
    ldscores thin --bfile eur@ --r2 0.5 --window-kb 1000 --min-maf 0.01 --out common
    """
    from ldscores.ldak.thinning import thin_panel
    from ldscores.ldak.weighting_files import read_pvalues, write_thin_lists, write_thin_weights
    from ldscores.panels.reference_panel import LDAK_CONVENTIONS

    check_out(out)
    panel = read_chosen_panel(
        bfile, pfile, keep=keep, remove=remove, extract=extract, exclude=exclude, genetic_map=genetic_map,
        conventions=LDAK_CONVENTIONS,
    )  # fmt: skip
    result = thin_panel(
        panel,
        r2=r2,
        pvalues=read_pvalues(pvalues).on(panel.snp, absent=float("nan")) if pvalues else None,
        pvalue_cutoff=pvalue_cutoff,
        min_maf=min_maf,
        n_threads=threads,
        window_kb=window_kb,
        window_cm=window_cm,
        window_snps=window_snps,
    )
    written = [*write_thin_lists(result, out), write_thin_weights(result, f"{out}.weights")]
    return "\n".join([str(result), *(f"written: {path}" for path in written)])


@command(group="Panels")
def weights(
    *,
    bfile: str | None = None,
    pfile: str | None = None,
    out: str,
    r2: float = 0.98,
    window_kb: float | None = None,
    window_cm: float | None = None,
    window_snps: int | None = None,
    thin: bool = True,
    section_length: int = 1000,
    half_life: float | None = None,
    min_r2: float = 0.0,
    solver: Literal["nnls", "simplex", "quick"] = "nnls",
    spread: bool = False,
    keep: str | None = None,
    remove: str | None = None,
    extract: str | None = None,
    exclude: str | None = None,
    genetic_map: str | None = None,
    threads: int | None = None,
) -> str:
    """LDAK weightings: how much each SNP counts, given how many say the same, as --cut-weights and --calc-weights-all.

    The weights equal LDAK's to the last digit printed.  They are an argument of the
    LDAK and BLD-LDAK models: `ldscores build --weights <out>/weights.short`.

    Parameters
    ----------
    bfile
        PLINK 1 panel (.bed, .bim, .fam): a prefix, a folder, or a path with @ or {chr} for the chromosome.
    pfile
        PLINK 2 panel (.pgen, .pvar, .psam) instead, named in the same way; hard calls are read. Needs the extra [pgen].
    out
        Folder for weights.short, weights.all and the other files that LDAK writes.
    r2
        Limit of the squared correlation in the thinning that comes first.
    window_kb
        Largest distance of SNPs that tag each other, in kilobases, one of the three windows; 100 kb by default.
    window_cm
        The same in centimorgans.
    window_snps
        The same in SNPs.
    thin
        Thin duplicates out first, as LDAK does.
    section_length
        SNPs of a section that are solved together.
    half_life
        Let r2 fade with the distance: halved at this distance, in the unit of the window.
    min_r2
        Squared correlations below it count as zero.
    solver
        nnls (LDAK's default), simplex, or quick (one over the sum of r2).
    spread
        Also write weights.spread: each weight shared with the SNPs that were thinned out for its SNP.
    keep
        File of people to keep: FID IID, or IID alone.
    remove
        File of people to leave out.
    extract
        File of SNPs to keep, one name a line.
    exclude
        File of SNPs to leave out.
    genetic_map
        Genetic map for centimorgans, with @ for the chromosome; by default those of the .bim or .pvar.
    threads
        Cores to use; all by default.

    Examples
    --------
    ldscores weights --bfile eur@ --out eur.weights
    ldscores weights --bfile eur@ --solver quick --out eur.quick
    """
    from ldscores.ldak.weighting_files import write_ldak_weights
    from ldscores.ldak.weightings import weigh_panel
    from ldscores.panels.reference_panel import LDAK_CONVENTIONS

    check_out_folder(out)
    panel = read_chosen_panel(
        bfile, pfile, keep=keep, remove=remove, extract=extract, exclude=exclude, genetic_map=genetic_map,
        conventions=LDAK_CONVENTIONS,
    )  # fmt: skip
    result = weigh_panel(
        panel,
        r2=r2,
        thin=thin,
        section_length=section_length,
        half_life=half_life,
        min_r2=min_r2,
        solver=solver,
        n_threads=threads,
        window_kb=window_kb,
        window_cm=window_cm,
        window_snps=window_snps,
    )
    written = write_ldak_weights(result, out, spread=spread)
    return f"{result}\nwritten: {written[0]} and {len(written) - 1} more files beside it"
