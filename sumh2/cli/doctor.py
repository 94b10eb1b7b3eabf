"""`sumh2 doctor`."""

from __future__ import annotations

from typing import Literal

from ldscores.shared.command_line import command
from ldscores.shared.errors import InputError


@command(group="Data")
def doctor(
    gwas: str,
    *,
    ld: str | None = None,
    reference: str | None = None,
    panels: list[str] | None = None,
    out: str | None = None,
    json: bool = False,
    n: float | None = None,
    n_cas: float | None = None,
    n_con: float | None = None,
    n_col: str | None = None,
    neff: bool = False,
    cohorts: str | None = None,
    effect_allele: str | None = None,
    other_allele: str | None = None,
    snp: str | None = None,
    chr_: str | None = None,
    bp: str | None = None,
    beta: str | None = None,
    odds_ratio: str | None = None,
    se: str | None = None,
    z: str | None = None,
    p: str | None = None,
    log10p: str | None = None,
    eaf: str | None = None,
    maf: str | None = None,
    info: str | None = None,
    ignore: list[str] | None = None,
    suffix: str | None = None,
    z_from: Literal["auto", "effect", "z", "p"] = "auto",
    plot: str | None = None,
) -> str:
    """What is wrong with a GWAS file, and what to do.

    Looks at effect allele, frequencies, N, Z against P, build, ancestry, palindromic, duplicated and multi-allelic SNPs,
    inflation and imputation quality, and counts what munge would lose.  Writes nothing but the report.  With --ld or
    --reference the file is compared with a panel, which finds most of the silent errors.  The exit status is 1 where the
    file is unusable, after the whole report, and 0 for ok and caution, which scripts tell apart by "status" in --json.

    Parameters
    ----------
    gwas
        GWAS summary statistics, any format that `sumh2 munge` reads.
    ld
        Tagging or LD scores to compare with: names, positions, and alleles and MAF where it has them.
    reference
        In place of --ld a table of known variants (SNP, CHR, POS_hg19, POS_hg38 or BP, A1, A2, frequency), or PLINK's
        .bim, .frq or .afreq.
    panels
        More panels for the ancestry, separated by commas: eur=eur.frq,eas=eas.frq.
    out
        Write <out>.tsv, one line a check, and <out>.json.
    json
        Print JSON in place of the report.
    n
        Number of people in the study.
    n_cas
        Number of cases.
    n_con
        Number of controls.
    n_col
        Column of sample sizes.
    neff
        N is to be the effective N.
    cohorts
        Table of the cohorts of a meta-analysis.
    effect_allele
        Column of the allele whose effect is given.
    other_allele
        Column of the other allele.
    snp
        Column of SNP names.
    chr_
        Column of chromosomes.
    bp
        Column of positions.
    beta
        Column of effects.
    odds_ratio
        Column of odds ratios.
    se
        Column of standard errors.
    z
        Column of z scores.
    p
        Column of p-values.
    log10p
        Column of -log10 p-values.
    eaf
        Column of the effect allele's frequency.
    maf
        Column of minor allele frequencies.
    info
        Column of imputation quality.
    ignore
        Columns to leave alone, separated by commas.
    suffix
        Which of several sets of results in the file.
    z_from
        What decides Z, as for munge.
    plot
        Draw the QQ plot, P against Z, and the frequencies against the panel's, as far as the file and the panel have
        them, to this .png, .pdf or .svg (extra [plot]).

    Examples
    --------
    sumh2 doctor scz.tsv.gz
    sumh2 doctor scz.tsv.gz --ld eur.tagging.parquet --out scz.doctor
    sumh2 doctor scz.tsv.gz --reference eur.frq.gz --panels eas=eas.frq.gz,afr=afr.frq.gz --json
    sumh2 doctor scz.tsv.gz --ld eur.tagging.parquet --plot scz.doctor.png
    """
    options = dict(locals())
    from ldscores.shared.outputs import appearing_at_the_end
    from sumh2.cli.loading import check_figures, draw_figure, resolved
    from sumh2.doctor.examine_files import examine, report_as_json

    check_figures(plot=plot)
    for name in ("gwas", "ld", "reference", "panels", "out", "json", "plot"):
        del options[name]
    options["chrom"], options["ignore"] = options.pop("chr_"), tuple(ignore or ())
    options["ld"], options["reference"] = resolved(ld, "--ld"), resolved(reference, "--reference")
    named = (f"{panel[5:]}={panel}" if panel.startswith("refs:") else panel for panel in panels or ())
    options["panels"] = [resolved(panel, "--panels") for panel in named]
    with appearing_at_the_end():
        result = examine(gwas, out=out, **options)
        written = [] if out is None else [f"{out}.tsv", f"{out}.json"]
        written += draw_figure(plot, "plot_doctor_panels", result)
    text = report_as_json(result) if json else str(result)
    if written and not json:
        text += f"\n\nwritten: {', '.join(written)}"
    if result.status != "unusable":
        return text
    print(text)  # the report is the answer; the exit status says that it is bad news
    failed = ", ".join(each.check for each in result.checks if each.status == "unusable")
    raise InputError(f"{gwas}: unusable ({failed}), expected a file that is ok; do what the report says")
