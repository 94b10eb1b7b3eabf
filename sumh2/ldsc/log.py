"""Results in the words of LDSC's logs, for scripts that grep them (``--ldsc-log``), and its side files.

Numbers are rounded as LDSC rounds: four digits after the point, trailing zeros dropped.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ldscores.shared.outputs import written_together
from ldscores.shared.tables import write_text
from sumh2.ldsc.h2 import H2Result
from sumh2.ldsc.rg_result import RgPair, RgResult
from sumh2.sumstats import FilterCount
from sumh2.verdicts import FEW_SNPS

_FEW_SNPS_LINE = "WARNING: number of SNPs less than 200k; this is almost always bad."


def ldsc_number(value: float) -> str:
    """A number as LDSC prints it: numpy's text at four digits, ``0.3`` for 0.30001, ``1.2e-05`` for small ones."""
    return "NA" if not np.isfinite(value) else np.array2string(np.array(value), precision=4)


def h2_log(result: H2Result) -> str:
    """The part of LDSC's ``--h2`` log that reports results, one line each."""
    kept = {step.what: step for step in result.steps}
    lines = _merge_lines(result.steps)
    if result.n_snps < FEW_SNPS:
        lines.append(_FEW_SNPS_LINE)
    for what, step in kept.items():
        if what.startswith("with chi2 below "):
            limit = what.removeprefix("with chi2 below ")
            lines.append(f"Removed {step.removed} SNPs with chi^2 > {limit} ({step.kept} SNPs remain)")
    if result.two_step is not None:
        lines.append(f"Using two-step estimator with cutoff at {result.two_step:g}.")
    scale, h2, h2_se = _scale(result.h2, result.h2_se, result.h2_liab, result.h2_liab_se)
    lines.append(f"Total {scale} scale h2: {_with_se(h2, h2_se)}")
    lines += _inflation_lines(
        result.lambda_gc, result.mean_chi2, result.intercept, result.intercept_se, result.ratio, result.ratio_se
    )
    return "\n".join(lines) + "\n"


def rg_log(result: RgResult) -> str:
    """LDSC's ``--rg`` report: each pair, then the summary table."""
    lines: list[str] = []
    for number, pair in enumerate(result.pairs, start=2):
        phenotypes = f"{number}/{len(result.pairs) + 1}"
        lines += [f"Computing rg for phenotype {phenotypes}", f"{pair.n_snps} SNPs with valid alleles."]
        if pair.fits is None:
            lines += [f"ERROR computing rg for phenotype {phenotypes}: {pair.why}", ""]
            continue
        if pair.n_snps < FEW_SNPS:
            lines.append(_FEW_SNPS_LINE)
        lines += ["", *_pair_lines(pair, "1" if number == 2 else None, phenotypes), ""]
    return "\n".join([*lines, *_summary_table(result)]) + "\n"


@written_together()
def write_h2_side_files(result: H2Result, stem: str | Path, *, cov: bool, delete_values: bool) -> list[Path]:
    """LDSC's ``.cov``, ``.delete`` and ``.part_delete``: plain numbers, all digits, no header.

    ``.cov`` is the covariance of tau (heritability per SNP), ``.delete`` the total h2 with each block left out,
    ``.part_delete`` the taus with each block left out.
    """
    written = []
    if cov:
        written.append(_write_numbers(f"{stem}.cov", result.tau_cov))
    if delete_values:
        written.append(_write_numbers(f"{stem}.delete", result.delete_values[:, None]))
        written.append(_write_numbers(f"{stem}.part_delete", result.tau_delete))
    return written


@written_together()
def write_rg_side_files(result: RgResult, stem: str | Path, *, cov: bool, delete_values: bool) -> list[Path]:
    """The same for each pair: ``<stem>.<trait1>.<trait2>.{hsq1,hsq2,gencov}.{cov,delete}``.

    LDSC puts no separator between the stem and the file names, and names them with their folders.
    """
    written = []
    for pair in result.pairs:
        if pair.fits is None:
            continue
        for part, fit in zip(("hsq1", "hsq2", "gencov"), pair.fits, strict=True):
            name = f"{stem}.{file_word(pair.trait1)}.{file_word(pair.trait2)}.{part}"
            if cov:
                written.append(_write_numbers(f"{name}.cov", np.array([[(fit.total_se / result.m) ** 2]])))
            if delete_values:
                written.append(_write_numbers(f"{name}.delete", fit.total_delete[:, None]))
    return written


def _merge_lines(steps: Iterable[FilterCount]) -> list[str]:
    names = {"in the LD scores": "reference panel LD", "with a regression weight": "regression SNP LD"}
    merges = [step for step in steps if step.what in names]
    read = [f"Read summary statistics for {merges[0].removed + merges[0].kept} SNPs."] if merges else []
    return read + [f"After merging with {names[step.what]}, {step.kept} SNPs remain." for step in merges]


def _pair_lines(pair: RgPair, first: str | None, phenotypes: str) -> list[str]:
    lines = []
    if first is not None:
        lines += [*_heading("Heritability of phenotype 1"), *_trait_lines(pair, 1), ""]
    lines += [*_heading(f"Heritability of phenotype {phenotypes}"), *_trait_lines(pair, 2), ""]
    scale, gcov, gcov_se = _scale(pair.gcov, pair.gcov_se, pair.gcov_liab, pair.gcov_liab_se)
    lines += [
        *_heading("Genetic Covariance"),
        f"Total {scale} scale gencov: {_with_se(gcov, gcov_se)}",
        f"Mean z1*z2: {ldsc_number(pair.mean_z1z2)}",
        _intercept_line(pair.gcov_int, pair.gcov_int_se),
        "",
        *_heading("Genetic Correlation"),
    ]
    if not np.isfinite(pair.rg):
        out = "nan (nan) (h2  out of bounds)"
        return [*lines, f"Genetic Correlation: {out} ", f"Z-score: {out}", f"P: {out}"]
    return [
        *lines,
        f"Genetic Correlation: {_with_se(pair.rg, pair.rg_se)}",
        f"Z-score: {ldsc_number(pair.rg_z)}",
        f"P: {ldsc_number(pair.rg_p)}",
    ]


def _trait_lines(pair: RgPair, which: int) -> list[str]:
    def get(name: str) -> float:
        return getattr(pair, name)

    scale, h2, h2_se = _scale(
        get(f"h2_{which}"), get(f"h2_{which}_se"), get(f"h2_liab_{which}"), get(f"h2_liab_{which}_se")
    )
    mean_chi2, intercept = get(f"mean_chi2_{which}"), get(f"h2_int_{which}")
    intercept_se = get(f"h2_int_{which}_se")
    ratio, ratio_se = (intercept - 1) / (mean_chi2 - 1), intercept_se / (mean_chi2 - 1)
    if not mean_chi2 > 1:
        ratio = ratio_se = float("nan")
    return [
        f"Total {scale} scale h2: {_with_se(h2, h2_se)}",
        *_inflation_lines(get(f"lambda_gc_{which}"), mean_chi2, intercept, intercept_se, ratio, ratio_se),
    ]


def _inflation_lines(
    lambda_gc: float, mean_chi2: float, intercept: float, intercept_se: float, ratio: float, ratio_se: float
) -> list[str]:
    lines = [
        f"Lambda GC: {ldsc_number(lambda_gc)}",
        f"Mean Chi^2: {ldsc_number(mean_chi2)}",
        _intercept_line(intercept, intercept_se),
    ]
    if not np.isfinite(intercept_se):
        return lines
    if not np.isfinite(ratio):
        return [*lines, "Ratio: NA (mean chi^2 < 1)"]
    if ratio < 0:
        return [*lines, "Ratio < 0 (usually indicates GC correction)."]
    return [*lines, f"Ratio: {_with_se(ratio, ratio_se)}"]


def _intercept_line(intercept: float, intercept_se: float) -> str:
    if not np.isfinite(intercept_se):
        return f"Intercept: constrained to {intercept:g}"
    return f"Intercept: {_with_se(intercept, intercept_se)}"


def _scale(observed: float, observed_se: float, liability: float, liability_se: float) -> tuple[str, float, float]:
    if np.isfinite(liability):
        return "Liability", liability, liability_se
    return "Observed", observed, observed_se


def _with_se(value: float, se: float) -> str:
    return f"{ldsc_number(value)} ({ldsc_number(se)})"


def _heading(text: str) -> list[str]:
    return [text, "-" * len(text)]


def _summary_table(result: RgResult) -> list[str]:
    liability = any(np.isfinite(pair.h2_liab_2) for pair in result.pairs)
    h2 = "h2_liab" if liability else "h2_obs"
    header = ["p1", "p2", "rg", "se", "z", "p", h2, f"{h2}_se", "h2_int", "h2_int_se", "gcov_int", "gcov_int_se"]
    rows = [header]
    for pair in result.pairs:
        _, total, total_se = _scale(pair.h2_2, pair.h2_2_se, pair.h2_liab_2, pair.h2_liab_2_se)
        values = (
            pair.rg, pair.rg_se, pair.rg_z, pair.rg_p, total, total_se, pair.h2_int_2, pair.h2_int_2_se,
            pair.gcov_int, pair.gcov_int_se,
        )  # fmt: skip
        rows.append([pair.trait1, pair.trait2, *map(ldsc_number, values)])
    widths = [max(len(row[column]) for row in rows) for column in range(len(header))]
    table = ["  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
    return ["Summary of Genetic Correlation Results", *table]


def _write_numbers(path: str, values: NDArray[np.float64]) -> Path:
    text = "\n".join(" ".join(f"{value:.18e}" for value in row) for row in np.atleast_2d(values))
    write_text(path, text + "\n")
    return Path(path)


def file_word(name: str) -> str:
    """A trait's name as a part of a file name."""
    return "".join(character if character.isalnum() or character in "-_+" else "_" for character in name)
