"""The SumHer half of `sumh2 h2` and `sumh2 rg`: load, call, save, print."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ldscores.shared.cores import choose_threads
from ldscores.shared.errors import InputError, OptionError, UsageError
from sumh2.cli.loading import (
    check_figures,
    check_inputs,
    check_outputs,
    chosen_totals,
    draw_figure,
    logged,
    one_or_none,
    read_chosen_tagging,
    read_traits,
    run_provenance,
    written_report,
)

if TYPE_CHECKING:
    from ldscores.taggings.tagging import Tagging

log = logging.getLogger(__name__)

_SUMHER_FLAGS = ("genomic_control", "cutoff", "truncate", "chisq_factor", "check_sums", "ldak_files")
#: Flags of SumHer alone, which the LD Score regression refuses.
SUMHER_FLAGS_OF_H2 = (
    *_SUMHER_FLAGS, "free_intercept", "solver", "no_ambiguous", "tag_one", "taus", "hold_out", "print_snp_h2", "matrix",
)  # fmt: skip
SUMHER_FLAGS_OF_RG = (*_SUMHER_FLAGS, "allow_ambiguous")
#: Flags of the LD Score regression alone, which SumHer refuses, and what to use there.
LDSC_FLAGS_OF_H2 = {
    "influence": "drop it, or fit the same data with --estimator ldsc",
    "influence_plot": "drop it, or fit the same data with --estimator ldsc",
    "two_step": "SumHer has one step; drop it",
    "one_step": "SumHer has one step always; drop it",
    "chisq_max": "use --cutoff 0.01 (a share of the phenotype) or --truncate 80 (a chi2)",
    "ldsc_log": "use --ldak-files for LDAK's own files",
}
LDSC_FLAGS_OF_RG = {
    "influence": "drop it, or fit the same data with --estimator ldsc",
    "influence_plot": "drop it, or fit the same data with --estimator ldsc",
    "two_step": "SumHer has one step; drop it",
    "chisq_max": "use --cutoff 0.01 (a share of the phenotype) or --truncate 80 (a chi2)",
    "ldsc_log": "use --ldak-files for LDAK's own files",
    "print_cov": "use --ldak-files, or the delete values in Python",
    "print_delete_vals": "use --ldak-files, or the delete values in Python",
    "no_check_alleles": "SumHer compares alleles always; drop it",
}


def refuse_flags(options: dict[str, Any], flags: Sequence[str], estimator: str, remedy: str) -> None:
    """InputError for the first of these flags that was given."""
    for name in flags:
        if options[name] not in (None, False):
            flag = f"--{name.replace('_', '-')}"
            raise OptionError(f"{flag}: found it with {estimator}, expected it with the other estimator; {remedy}")


def _refuse_ldsc_flags(options: dict[str, Any], flags: dict[str, str]) -> None:
    for name, remedy in flags.items():
        refuse_flags(options, (name,), "--estimator sumher", remedy)


def files_of_words(words: Sequence[str]) -> list[str]:
    """Two files or more, given as words or as comma lists."""
    files = [name.strip() for word in words for name in word.split(",") if name.strip()]
    if len(files) < 2:
        raise UsageError(f"rg: found {len(files)} file, expected two or more; name another one")
    return files


def tell_model_to_ldsc(tagging: Tagging) -> None:
    """Warn when LD Score regression is asked to fit another heritability model than its own."""
    if tagging.ldak is not None and "gcta" not in tagging.model.lower():
        log.warning(
            "%s: a tagging of %s; LD Score regression weights and LDSC's defaults are made for the GCTA model (LD scores);"
            " --estimator sumher fits this model as it is meant",
            tagging.where, tagging.model or "a heritability model of LDAK's",
        )  # fmt: skip


def _totals(m: str | None) -> Any:
    return None if m is None else chosen_totals(m)


def estimate_h2_by_sumher(options: dict[str, Any]) -> object:
    """`sumh2 h2 --estimator sumher`, with the options of the command by name."""
    from sumh2.alignment import align
    from sumh2.sumher.fit import fit_sumher
    from sumh2.sumher.rows import RowRules

    _refuse_ldsc_flags(options, LDSC_FLAGS_OF_H2)
    if options["intercept"] not in (None, 1):
        raise InputError(
            f"--intercept: found {options['intercept']:g} with --estimator sumher, expected 1 (no confounding, the "
            "default) or --free-intercept; drop it"
        )
    if options["free_intercept"] and (options["no_intercept"] or options["intercept"] is not None):
        raise OptionError("intercept: found --free-intercept and a fixed intercept, expected one of them; drop one")
    if options["matrix"] is not None and not options["print_snp_h2"]:
        raise OptionError("--matrix: found it without --print-snp-h2, which alone reads it; add --print-snp-h2")
    for name in ("free_intercept", "genomic_control", "solver", "print_cov", "print_delete_vals"):
        if options["taus"] is not None and options[name] not in (None, False):
            flag = f"--{name.replace('_', '-')}"
            raise OptionError(f"{flag}: found it with --taus, which evaluates and does not fit; expected one; drop one")
    sumstats, out, trait = options["sumstats"], options["out"], options["trait"]
    flags = ("print_cov", "print_delete_vals", "ldak_files", "print_snp_h2", "hold_out")
    check_outputs(out, [sumstats], **{name: options[name] for name in flags})
    check_figures(plot=options["plot"])
    lists = [options[name] for name in ("extract", "exclude", "hold_out", "taus", "matrix")]
    with logged(out) as note:
        check_inputs([sumstats, *lists], options["ld"], w_ld=options["w_ld"])
        prevalences = (one_or_none(options["samp_prev"]), one_or_none(options["pop_prev"]))
        traits = read_traits([sumstats], *prevalences, [trait] if trait else None)
        whole = _read_tagging(options)
        matrix = _read_matrix(options["matrix"], whole) if options["print_snp_h2"] else None
        tagging = whole if options["hold_out"] is None else _without_held_out(whole, options["hold_out"])
        aligned = align(traits, tagging, ambiguous="letters")
        rules = RowRules.of_options(options, allow_ambiguous=not options["no_ambiguous"])
        result = fit_sumher(
            aligned,
            free_intercept=options["free_intercept"],
            genomic_control=options["genomic_control"],
            solver=options["solver"] or "likelihood",
            rules=rules,
            tau=_given_taus(options["taus"], tagging),
            n_blocks=options["n_blocks"],
            m=_totals(options["m"]),
        )
        # A matrix that does not fit is told before anything is written.
        heritabilities = None if matrix is None else _expect(result, matrix)
        written: list[str | Path] = []
        if out is not None:
            lists = [options[name] for name in ("extract", "exclude", "hold_out", "taus") if options[name] is not None]
            result = result.with_provenance(run_provenance([sumstats, *lists], tagging, options))
            written += [*result.save(out), *_write_h2_files(result, heritabilities, whole, options)]
            if options["hold_out"] is not None:
                written += _write_held_out(result, traits, whole, options["hold_out"], out)
        written += draw_figure(options["plot"], "plot_sumher_panels", result, aligned, rules=rules)
        return written_report(result, None, out, note, written)


def _read_tagging(options: dict[str, Any]) -> Tagging:
    """The tagging of the chosen SNPs, with weights of 1 where asked for."""
    import dataclasses

    import numpy as np

    tagging = read_chosen_tagging(options["ld"], options["w_ld"], options["extract"], options["exclude"])
    if options["tag_one"]:
        return dataclasses.replace(tagging, regression_tagging=np.ones(len(tagging)))
    return tagging


def _without_held_out(whole: Tagging, path: str) -> Tagging:
    from sumh2.regression_snps_files import choose_regression_snps

    return choose_regression_snps(whole, exclude=path)


def _given_taus(path: str | None, tagging: Tagging) -> Any:
    if path is None:
        return None
    from sumh2.sumher.tau_files import read_taus

    return read_taus(path, tagging)


def _write_held_out(result: Any, traits: list[Any], whole: Tagging, path: str, out: str) -> list[Path]:
    from sumh2.alignment import align
    from sumh2.regression_snps_files import held_out_snps
    from sumh2.sumher.held_out import predict_held_out
    from sumh2.sumher.ldak_output_files import write_held_out

    aligned = align(traits, whole, ambiguous="letters")
    held_out = predict_held_out(result, aligned, held_out_snps(whole, path))
    log.info("held out: %d SNPs, correlation of chi2 and expectation %.4f", len(held_out.snp), held_out.correlation)
    return write_held_out(held_out, out)


def _read_matrix(path: str | None, tagging: Tagging) -> Any:
    from sumh2.sumher.snp_heritabilities import matrix_of_tagging
    from sumh2.sumher.snp_heritability_files import find_matrix, read_category_matrix

    found = path or find_matrix(tagging)
    return matrix_of_tagging(tagging) if found is None else read_category_matrix(found)


def _expect(result: Any, matrix: Any) -> Any:
    from sumh2.sumher.snp_heritabilities import expect_snp_heritabilities

    return expect_snp_heritabilities(result, matrix)


def _write_h2_files(result: Any, heritabilities: Any, tagging: Tagging, options: dict[str, Any]) -> list[Path]:
    from sumh2.ldsc.log import write_h2_side_files

    out = options["out"]
    written = write_h2_side_files(result, out, cov=options["print_cov"], delete_values=options["print_delete_vals"])
    if options["ldak_files"]:
        from sumh2.sumher.ldak_output_files import write_ldak_h2

        written += write_ldak_h2(result, out)
    if heritabilities is not None:
        from sumh2.sumher.snp_heritability_files import write_snp_heritabilities

        written += write_snp_heritabilities(heritabilities, tagging, out, dict(result.provenance))
    return written


def estimate_rg_by_sumher(options: dict[str, Any]) -> object:
    """`sumh2 rg --estimator sumher`, with the options of the command by name."""
    from sumh2.alignment import align
    from sumh2.sumher.rg import fit_sumher_rg
    from sumh2.sumher.rows import RowRules

    _refuse_ldsc_flags(options, LDSC_FLAGS_OF_RG)
    fixed, no_intercept = options["intercept"], options["no_intercept"]
    if fixed is not None and set(fixed) != {1.0}:
        raise InputError(
            f"--intercept: found {', '.join(f'{value:g}' for value in fixed)} with --estimator sumher, expected 1 for all "
            "traits, the value without confounding, or nothing, which leaves the intercepts free; correct it"
        )
    if no_intercept and (fixed or options["gcov_intercept"]):
        raise OptionError("rg: found --no-intercept and a fixed intercept, expected one of them; drop one")
    files, out = files_of_words(options["sumstats"]), options["out"]
    check_outputs(out, files, ldak_files=options["ldak_files"])
    check_figures(plot=options["plot"], heatmap=options["heatmap"])
    n_threads = choose_threads(options["threads"])
    with logged(out) as note:
        check_inputs([*files, options["extract"], options["exclude"]], options["ld"], w_ld=options["w_ld"])
        tagging = read_chosen_tagging(options["ld"], options["w_ld"], options["extract"], options["exclude"])
        traits = read_traits(files, options["samp_prev"], options["pop_prev"], options["traits"])
        result = fit_sumher_rg(
            align(traits, tagging, ambiguous="letters"),
            pairs=options["pairs"],
            free_intercept=False if no_intercept or fixed else None,
            genomic_control=options["genomic_control"],
            gcov_intercept=0.0 if no_intercept else options["gcov_intercept"],
            rules=RowRules.of_options(options, allow_ambiguous=options["allow_ambiguous"]),
            n_blocks=options["n_blocks"],
            m=_totals(options["m"]),
            n_threads=n_threads,
        )
        written: list[Any] = []
        if out is not None:
            result = result.with_provenance(run_provenance(files, tagging, options))
            written += result.save(out)
            if options["ldak_files"]:
                from sumh2.sumher.ldak_output_files import write_ldak_rg

                written += write_ldak_rg(result, out)
        written += draw_figure(options["plot"], "plot_rg", result)
        written += draw_figure(options["heatmap"], "plot_heatmap", result)
        return written_report(result, None, out, note, written)
