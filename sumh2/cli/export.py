"""`sumh2 export`."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from ldscores.shared.command_line import command
from ldscores.shared.errors import InputError, OptionError, UsageError
from ldscores.shared.outputs import check_stem

_ENDINGS = {
    "genomicsem": (".S.tsv", ".V.tsv", ".I.tsv", ".N.tsv", ".m.tsv", ".S_Stand.tsv", ".V_Stand.tsv", ".R"),
    "lava": (".sample.overlap.txt", ".input.info.txt"),
    "mtag": (".sigma.txt", ".omega.txt", ".traits.txt"),
    "order": (".order.txt",),
}


@command(group="Atlas")
def export(
    *source: str,
    to: Literal["genomicsem", "lava", "mtag", "order"],
    out: str,
    engine: Literal["atlas", "genomicsem"] = "atlas",
    traits: list[str] | None = None,
    consistent: bool = False,
    shrunk: bool = False,
    mean_ld: float | None = None,
    ld: str | None = None,
    samp_prev: list[float] | None = None,
    pop_prev: list[float] | None = None,
    chisq_max: float | None = None,
    n_blocks: int = 200,
    m: str = "M_5_50",
    select: list[str] | None = None,
) -> object:
    """Files for GenomicSEM, LAVA and MTAG, or the clustered order of the traits.

    genomicsem: S, V, I, N, m, S_Stand, V_Stand and an R file that loads them as the list of ldsc().  lava: sample.overlap
    and input.info.  mtag: sigma (--residcov_path) and omega (--gencov_path).  order: names in clustered order.

    Parameters
    ----------
    source
        Folder of `sumh2 atlas`; with --engine genomicsem munged files.
    to
        Which program.
    out
        Stem of the files to write.
    engine
        atlas: the atlas's numbers.  genomicsem: fit the files the way GenomicSEM's ldsc() does, for exactly its numbers
        (except where it takes wrong signs from strand flips).
    traits
        Traits of the atlas, or names for the files, separated by commas.
    consistent
        For genomicsem and mtag: the positive semi-definite covariance nearest to the atlas, with its own errors.
    shrunk
        For genomicsem: a V that is positive definite, shrunk to its error structure, instead of the jackknife's.
    mean_ld
        For mtag: mean LD score of its SNPs; by default it follows from mean chi2, intercept, N and h2 of the traits.
    ld
        With --engine genomicsem: LD scores.
    samp_prev
        With --engine genomicsem: share of cases in each sample, separated by commas; nan for a quantitative trait.
    pop_prev
        The same for the population.
    chisq_max
        With --engine genomicsem: drop SNPs with a chi2 above it; by default max(0.001 max N, 80).
    n_blocks
        With --engine genomicsem: jackknife blocks.
    m
        With --engine genomicsem: number of reference SNPs.
    select
        With --engine genomicsem: chromosomes to use, separated by commas; give their number of SNPs with --m.

    Examples
    --------
    sumh2 export atlas/ --to genomicsem --out psych
    sumh2 export atlas/ --to genomicsem --consistent --traits scz,bip,mdd --out psych
    sumh2 export atlas/ --to lava --out lava
    sumh2 export atlas/ --to mtag --consistent --out mtag
    sumh2 export a.sumstats.gz b.sumstats.gz --engine genomicsem --ld eur_w_ld_chr/ --to genomicsem --out ab
    """
    options = dict(locals())
    check_stem(out, _ENDINGS[to], [])
    _check_options(options)
    if engine == "genomicsem":
        from sumh2.alignment import align
        from sumh2.atlas.export_files import write_genomicsem
        from sumh2.atlas.genomicsem import fit_genomicsem
        from sumh2.cli.loading import chosen_totals, read_chosen_tagging, read_traits

        aligned = align(read_traits(list(source), samp_prev, pop_prev, traits), read_chosen_tagging(str(ld), None))
        matrices = fit_genomicsem(
            aligned, n_blocks=n_blocks, chisq_max=chisq_max, m=chosen_totals(m), chromosomes=select
        )
        return _report(str(matrices), write_genomicsem(matrices, out), [])
    from sumh2.cli.consistent import read_chosen_traits

    chosen = read_chosen_traits(source[0], traits)
    if to == "lava":
        from sumh2.atlas.export_files import write_lava

        return _report("", *write_lava(chosen, out))
    if to == "order":
        from sumh2.atlas.export_files import write_order

        return _report("", [write_order(chosen, out)], [])
    return _export_covariances(chosen, to, out, consistent, shrunk, mean_ld)


#: Flags of --engine genomicsem, and what they are where they are not given.
_OF_ENGINE = {"ld": None, "samp_prev": None, "pop_prev": None, "chisq_max": None, "n_blocks": 200, "m": "M_5_50",
              "select": None}  # fmt: skip
#: Flags of an atlas, and the programs whose files they change.
_OF_ATLAS = {"consistent": ("genomicsem", "mtag"), "shrunk": ("genomicsem",), "mean_ld": ("mtag",)}


def _check_options(options: dict[str, Any]) -> None:
    """Refuse flags that the files asked for do not depend on."""
    source, to = options["source"], options["to"]
    if not source:
        raise UsageError("export: found no atlas, expected the folder that sumh2 atlas wrote; name it")
    if options["engine"] == "genomicsem":
        if to != "genomicsem" or any(options[flag] for flag in _OF_ATLAS):
            raise OptionError(
                "--engine genomicsem: expected --to genomicsem without --consistent, --shrunk and --mean-ld; make an atlas "
                "for these"
            )
        if options["ld"] is None:
            raise OptionError("--engine genomicsem: found no --ld, expected LD scores; add --ld")
        return
    if len(source) > 1 or not Path(source[0]).is_dir():
        raise InputError(
            f"export: found {', '.join(source[:3])}, expected one folder that sumh2 atlas wrote; for files give --engine "
            "genomicsem"
        )
    unused = [flag for flag, default in _OF_ENGINE.items() if options[flag] != default]
    unused += [flag for flag, programs in _OF_ATLAS.items() if options[flag] and to not in programs]
    if unused:
        flag = f"--{unused[0].replace('_', '-')}"
        raise OptionError(f"{flag}: found it with --to {to} of an atlas, which does not use it; drop it")


def _export_covariances(chosen, to: str, out: str, consistent: bool, shrunk: bool, mean_ld: float | None) -> str:
    from sumh2.atlas.consistent import fit_consistent
    from sumh2.atlas.export import matrices_for_genomicsem, matrices_for_mtag
    from sumh2.atlas.export_files import write_genomicsem, write_mtag
    from sumh2.atlas.joint_errors import usable_traits

    needs_errors = to == "genomicsem" and not shrunk
    left_out = [f"{name} left out: {why}" for name, why in usable_traits(chosen)[1]]
    fitted = fit_consistent(chosen, n_draws=0, replicates=needs_errors) if consistent else None
    if to == "mtag":
        matrices = matrices_for_mtag(chosen, consistent=fitted, mean_ld_score=mean_ld)
        return _report("", write_mtag(matrices, out), [*left_out, *matrices.notes])
    found = matrices_for_genomicsem(chosen, covariance="shrunk" if shrunk else "jackknife", consistent=fitted)
    return _report("", write_genomicsem(found, out), left_out)


def _report(text: str, files: list[Path], notes: list[str]) -> str:
    lines = [text, ""] if text else []
    lines += [f"note: {note}" for note in notes]
    return "\n".join([*lines, "written: " + ", ".join(map(str, files))])
