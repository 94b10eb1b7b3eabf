"""Is this column what it seems?  Digits, Z against P, one-sided effects, filters that remove nearly everything."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ldscores.shared.errors import InputError
from ldscores.shared.messages import counted
from sumh2.gwas.header_names import clean_header
from sumh2.gwas.table import GwasTable, z_from_log10p, z_from_p
from sumh2.sumstats import FilterCount, SumStats
from sumh2.verdicts import FEW_SNPS, IMPOSSIBLE_MEAN_CHI2, VERY_FEW_SNPS

#: Share of the SNPs with Z and P apart by more than rounding from which it is worth a warning, and from which it stops.
_DISAGREEMENT_WARNS, _DISAGREEMENT_STOPS = 0.01, 0.5

#: A constant factor between Z and the Z of P up to which P (or SE) may just be corrected by genomic control.
_LARGEST_CORRECTION = 1.5

#: P of a Z below this is no 0 in double precision.
_SURELY_NOT_ZERO = 30.0

#: Correlation of log |Z| with that of P from which both may be tests of the same effect.
_LEAST_CORRELATION = 0.3

#: Fewer SNPs tell nothing about a column.
_FEWEST_COMPARED = 10

#: Relative rounding error of the standard error above which BETA/SE is not used: twice as much of every chi2.
_COARSE_SE = 0.005

#: Rounding error of the effect in standard errors above which BETA/SE is not used: adds a third of its square to chi2.
_COARSE_EFFECT = 0.1

#: |Z| below which a wrong sign is no matter for the product of two Z.
_HARMLESS_Z = 0.5

#: Share of the rows that one filter removes from which it is worth a warning.
_LOST_SHARE = 0.9

_SAMPLE = 10_000

#: Of so many SNPs the median of P, or the mean chi2, tells what the column is.
_FEWEST_OF_A_STUDY = 1000

#: Half of the P of a study are below 0.5 or little more; below this in any case.
_LARGE_P = 0.8


# ---------------------------------------------------------------------------------------------------------------------
# Digits


def half_units(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Half a unit of the last digit in which each value was printed, (n,).

    Files print a fixed number of decimals or of significant digits.  Both are counted in a sample; trailing zeros are
    lost, so that what nearly all values stay within is taken.
    """
    sample = values[:: max(len(values) // _SAMPLE, 1)]
    sample = sample[np.isfinite(sample) & (sample != 0)]
    if len(sample) == 0:
        return np.zeros(len(values))
    counts = np.array([_printed_digits(value) for value in sample.tolist()])
    decimals, significant = np.quantile(counts, 0.95, axis=0, method="higher")
    with np.errstate(divide="ignore"):
        size = np.floor(np.log10(np.abs(values)))
    return 0.5 * 10.0 ** np.maximum(-decimals, size - significant + 1)


def _printed_digits(value: float) -> tuple[int, int]:
    """Decimals and significant digits of the shortest text of a number."""
    mantissa, _, exponent = repr(abs(value)).partition("e")
    whole, _, fraction = mantissa.partition(".")
    fraction = fraction if fraction != "0" else ""
    return len(fraction) - int(exponent or 0), len((whole + fraction).lstrip("0"))


@dataclass(frozen=True)
class Rounding:
    """What printed digits do to Z: relative error of SE, and the errors in Z of a typical SNP; NaN without P."""

    se: float
    effect: float
    z_of_effect: float
    z_of_p: float

    @property
    def is_coarse(self) -> bool:
        """Whether BETA/SE has too few digits."""
        return self.se > _COARSE_SE or self.effect > _COARSE_EFFECT

    @property
    def p_is_finer(self) -> bool:
        """Whether Z of P is better."""
        return self.z_of_p < self.z_of_effect

    def __str__(self) -> str:
        return f"rounding moves SE by up to {100 * self.se:.2g} % and the effect by up to {self.effect:.2g} SE"


def measure_rounding(gwas: GwasTable, effect_name: str, p: dict[str, NDArray]) -> Rounding:
    """The rounding errors of a file's effect, standard error and P, each half a unit of its last digit."""
    step = max(gwas.table.num_rows // _SAMPLE, 1)
    effect, se = gwas.number(effect_name)[::step], gwas.number("SE")[::step]
    # An odds ratio is on the scale of its logarithm: an error of OR is one of OR x log(OR).
    scale = effect if effect_name == "OR" else np.ones(len(effect))
    usable = (se > 0) & np.isfinite(effect) & (scale > 0)
    if not usable.any():
        return Rounding(0.0, 0.0, 0.0, np.nan)
    half_effect, half_se = (half_units(effect) / scale)[usable], half_units(se)[usable]
    z = (np.log(effect[usable]) if effect_name == "OR" else effect[usable]) / se[usable]
    se = se[usable]
    typical = np.median(se)
    return Rounding(
        se=float(np.median(half_se) / typical),
        effect=float(np.median(half_effect) / typical),
        z_of_effect=float(np.median((half_effect + np.abs(z) * half_se) / se)),
        z_of_p=_rounding_of_p({name: values[::step] for name, values in p.items()}),
    )


def _rounding_of_p(p: dict[str, NDArray]) -> float:
    if not p:
        return np.nan
    values = p["LOG10P"] if "LOG10P" in p else p["P"]
    z = z_of_p(p)
    usable = np.isfinite(z) & (z < 37)
    if not usable.any():
        return np.nan
    half = half_units(values)[usable]
    if "LOG10P" in p:
        half = half * np.log(10) * 10 ** -values[usable]
    # dP/dz of a two-sided P is twice the normal density.
    return float(np.median(half / (2 * np.exp(-0.5 * z[usable] ** 2) / np.sqrt(2 * np.pi))))


def z_of_p(p: dict[str, NDArray]) -> NDArray[np.float64]:
    """|Z| of -log10 P where that is there, else of P; NaN where there is none or it is impossible, infinite for 0."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return z_from_log10p(p["LOG10P"]) if "LOG10P" in p else z_from_p(p["P"])


def contradicts_zero(size: NDArray[np.float64], of_p: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which rows have P = 0 beside a Z that is far too small for it, (n,): 0 is then a code, e.g. for missing.

    P is 0 by underflow, or because its digits end: a row with P = 0 has a larger Z than any P above 0 of the file.  Z may
    be smaller than that of P by genomic control.

    Parameters
    ----------
    size, of_p : float64, (n,)
        |Z|, and that of P, infinite for 0.
    """
    above_zero = of_p[np.isfinite(of_p)]
    least = min(_SURELY_NOT_ZERO, float(above_zero.max())) if len(above_zero) else _SURELY_NOT_ZERO
    return np.isinf(of_p) & (size < least / _LARGEST_CORRECTION)


# ---------------------------------------------------------------------------------------------------------------------
# Z against P


def check_p_column(gwas: GwasTable, p: dict[str, NDArray]) -> None:
    """Raise InputError where the column of P holds its logarithm, or that of -log10 P has the other sign."""
    columns = gwas.column_map.columns
    for name, values in p.items():
        if name not in columns:
            continue
        column, n_there = columns[name], max(int(np.count_nonzero(~np.isnan(values))), 1)
        n_negative, n_large = int(np.count_nonzero(values < 0)), int(np.count_nonzero(values > 1))
        start = f"{gwas.source}: column {column}"
        if n_negative > 0.5 * n_there:
            wanted = "-log10 P" if name == "LOG10P" else "P"
            raise InputError(
                f"{start} holds log10 P ({n_negative} of {n_there} values are negative); expected {wanted}; "
                f"change the sign of the column and name it with --log10p {column}, or leave it out with --ignore {column}"
            )
        if name == "P" and n_large > 0.5 * n_there:
            raise InputError(
                f"{start}: {n_large} of {n_there} values are above 1; expected p-values; "
                f"if these are -log10 P, say so with --log10p {column}, else leave it out with --ignore {column}"
            )
    if "P" in p and "INFO" in gwas:
        _check_not_exchanged(gwas, p["P"], gwas.number("INFO"))


def _check_not_exchanged(gwas: GwasTable, p: NDArray, info: NDArray) -> None:
    """Raise InputError where P is as imputation quality is, nearly always above 0.8, and INFO as P is, of any size.

    The filter on INFO would leave the SNPs with the largest P alone, whose Z agree with any column of numbers near 1.
    """
    known = np.isfinite(p) & np.isfinite(info)
    if np.count_nonzero(known) < _FEWEST_OF_A_STUDY:
        return
    p, info = p[known], info[known]
    if np.median(p) > _LARGE_P and np.mean(info < 0.3) > 0.15 and ((info >= 0) & (info <= 1)).all():
        columns = gwas.column_map.columns
        raise InputError(
            f"{gwas.source}: columns {columns['P']} and {columns['INFO']} look exchanged: half of the values of "
            f"{columns['P']} are above {np.median(p):.2g}, and {100 * np.mean(info < 0.3):.0f}% of those of "
            f"{columns['INFO']} below 0.3; expected p-values and imputation quality; name them: --p {columns['INFO']} "
            f"--info {columns['P']}"
        )


def check_against_p(
    gwas: GwasTable, source: tuple[str, ...], described: str, p: dict, z: NDArray, alive: NDArray, *, forced: bool
) -> list[str]:
    """Compare Z with P: a warning where more than 1 % are apart by more than rounding.

    Where both are of like size and correlated, P may be of another test or corrected by genomic control; else more than
    half of the SNPs apart is a column that is not what it seems.  ``forced``: the user chose this Z, so that it is a
    warning in any case.

    Raises
    ------
    InputError
        Z and P are of different things.
    """
    if source[0] in ("P", "LOG10P") or not p:
        return []
    rows = np.flatnonzero(alive)
    expected = z_of_p({name: values[rows] for name, values in p.items()})
    compared = np.isfinite(expected) & (expected < 37) & np.isfinite(z[rows])
    rows, expected = rows[compared], expected[compared]
    size = np.abs(z[rows])
    allowed = np.full(len(rows), 0.1)
    if source[-1] == "SE":
        se, effect = gwas.number("SE")[rows], gwas.number(source[0])[rows]
        # d(beta/se): the last printed digit of the effect and of its standard error.
        half_effect = half_units(effect) / (effect if source[0] == "OR" else 1)
        allowed += (half_effect + size * half_units(se)) / se

    def n_apart(z_size: NDArray) -> int:
        return int(np.count_nonzero(~(np.abs(z_size - expected) <= allowed + 0.05 * z_size)))

    found = n_apart(size)
    if found <= _DISAGREEMENT_WARNS * max(len(rows), 1):
        return []
    what = f"{found} of {len(rows)} SNPs have Z ({described}) and P ({_p_columns(gwas)}) apart by more than rounding"
    factor = float(np.median(size) / max(np.median(expected), 1e-300))
    # Another test of the same effects (BOLT-LMM has three), or genomic control, keeps size and order of Z.
    related = (
        1 / _LARGEST_CORRECTION < factor < _LARGEST_CORRECTION
        and size.std() * expected.std() > 0
        and np.corrcoef(np.log(size + 0.1), np.log(expected + 0.1))[0, 1] > _LEAST_CORRELATION
    )
    if found > _DISAGREEMENT_STOPS * len(rows) and len(rows) >= _FEWEST_COMPARED and not related and not forced:
        cause = _likely_cause(gwas, source, rows, expected, factor, lambda z_size: n_apart(z_size) < 0.2 * len(rows))
        raise InputError(
            f"{gwas.source}: {what}; expected both to be of the same test. {cause}name the right columns with --beta, "
            "--odds-ratio, --se, --z or --p; --z-from p makes Z of P and the sign of the effect; "
            f"--z-from {'z' if source == ('Z',) else 'effect'} takes Z as it is"
        )
    return [
        f"{what}: is the standard error that of this effect (of log OR for an odds ratio)? P may also be corrected, "
        f"e.g. by genomic control (a typical Z is {factor:.3g} times that of P), or of another test; --z-from p takes P"
    ]


def _p_columns(gwas: GwasTable) -> str:
    columns = gwas.column_map.columns
    return columns.get("LOG10P") or columns["P"]


def _likely_cause(
    gwas: GwasTable, source: tuple[str, ...], rows, expected, factor: float, agrees: Callable[[NDArray], bool]
) -> str:
    """Which exchange of columns would make Z and P agree, as a sentence; "" if none that is known."""
    columns = gwas.column_map.columns
    name = columns[source[0]]
    effect = gwas.number(source[0])[rows]
    if source == ("Z",):
        return (
            f"{name} seems to be no Z score (a typical one is {factor:.3g} times that of P): if it is an effect, say so "
            f"with --beta {name} and name its --se; else "
        )
    se = gwas.number("SE")[rows]
    with np.errstate(divide="ignore", invalid="ignore"):
        if source[0] == "BETA" and agrees(np.abs(np.log(effect)) / se):
            return f"{name} holds odds ratios: --odds-ratio {name}; else "
        if source[0] == "OR" and agrees(np.abs(effect) / se):
            return f"{name} holds log odds ratios: --beta {name}; else "
        if agrees(np.abs(effect)):
            return f"{name} holds Z scores: --z {name}; else "
        if source[0] == "OR" and agrees(np.abs(np.log(effect)) / (se / effect)):
            return f"{columns['SE']} is that of {name}, not of its logarithm: --z-from p; else "
        if "P" in gwas and not isinstance(gwas.array("P"), pa.StringArray):
            other = np.abs(np.log(effect) if source[0] == "OR" else effect) / gwas.number("P")[rows]
            swapped = np.abs(other - z_from_p(se)) <= 0.1 + 0.1 * other
            if np.count_nonzero(swapped) > 0.8 * len(rows):
                return (
                    f"{columns['SE']} and {columns['P']} look exchanged: --se {columns['P']} --p {columns['SE']}; else "
                )
    if source[0] == "BETA" and np.mean(effect > 0) > 0.99 and 0.5 < np.median(effect) < 2:
        return f"{name} looks like odds ratios: --odds-ratio {name}; else "
    if not 0.2 < factor < 5:
        return (
            f"A typical Z is {factor:.2g} times that of P: {columns['SE']} is no standard error of {name} (a standard "
            "deviation, or on another scale?); "
        )
    return ""


# ---------------------------------------------------------------------------------------------------------------------
# The whole


def check_balance(
    sumstats: SumStats,
    n_column: str | None,
    sign_known: NDArray[np.bool_],
    described: str,
    *,
    one_sided: bool,
    forced: bool,
) -> list[str]:
    """Warn when effects lean to one side, or chi2 is too small: both tell of a mislabelled column.

    ``described`` says of what Z was made; ``forced``: the user chose it, so that nothing is refused.

    Raises
    ------
    InputError
        chi2 is smaller than chance alone makes it.
    """
    found = []
    if not one_sided:
        # Effects that are 0 in their digits lie in the middle, whatever P says of their size.
        z = np.where(sign_known, sumstats.z, 0)
        median = float(np.median(z))
        chance = 4 * 1.2533 * float(np.std(z)) / np.sqrt(len(z))
        if abs(median) > 0.1 + chance:
            found.append(
                f"the median of Z is {median:.3g}, expected near 0: the effect column may be mislabelled, or A1 is "
                "always the allele that raises the trait"
            )
    if n_column and clean_header(n_column) == "WEIGHT":
        found.append("N is METAL's Weight, which is a sample size only under its default weighting")
    if len(sumstats) < VERY_FEW_SNPS:
        found.append(
            f"only {counted(len(sumstats), 'SNP is', 'SNPs are')} kept, where LD score "
            f"regression wants {FEW_SNPS:,} and more: is the file complete? see the filters"
        )
    mean_chi2 = float(np.mean(sumstats.chi2))
    if mean_chi2 < IMPOSSIBLE_MEAN_CHI2 and len(sumstats.z) >= _FEWEST_OF_A_STUDY and not forced:
        raise InputError(
            f"{sumstats.source}: the mean chi2 of {len(sumstats.z)} SNPs is {mean_chi2:.3g}, where chance alone gives 1; Z "
            f"was made of {described}: is that a standard deviation, or a P that is none (imputation quality, -log10 P of "
            "another test)? Name the right columns with --beta, --odds-ratio, --se, --z or --p; or look at the filters: a "
            "column of INFO that is none keeps the wrong SNPs. --z-from effect, z or p writes the file all the same"
        )
    if mean_chi2 < 1.02:
        found.append(f"mean chi2 is {mean_chi2:.3f}, below 1.02: too little signal for LD score regression")
    return found


def check_unsigned(z: NDArray[np.float64], sign_known: NDArray[np.bool_]) -> list[str]:
    """Say how many effects are 0 in their digits, what Z they have, and what the unknown sign does to rg."""
    size = np.abs(z[~sign_known])
    if len(size) == 0:
        return []
    have = "SNP has" if len(size) == 1 else "SNPs have"
    text = (
        f"{len(size)} {have} an effect of 0 in the digits of the file ({100 * len(size) / len(z):.2g}% of those kept): the "
        f"sign of Z is unknown, taken as positive; their |Z| is "
        f"{np.median(size):.2f} in the median and {size.max():.2f} at most: "
    )
    if np.median(size) < _HARMLESS_Z:
        return [text + "h2 does not hang on the sign, and rg hardly does"]
    return [
        text + "h2 does not hang on the sign, but rg comes out too near 0: for rg take a file with more digits, or one "
        "without these rows"
    ]


def describe_losses(gwas: GwasTable, counts: Sequence[FilterCount]) -> list[str]:
    """One line for each filter that removed more than 90 % of its rows, with what to look at; lists are meant to."""
    lost = [
        each for each in counts
        if each.removed > _LOST_SHARE * (each.removed + each.kept) and not each.what.startswith(("not in ", "rows with "))
    ]  # fmt: skip
    return [
        f"one filter removed {each.removed} of {each.removed + each.kept} rows: {each.what}; "
        f"{_what_to_look_at(gwas, each.what)}"
        for each in lost
    ]


def _what_to_look_at(gwas: GwasTable, what: str) -> str:
    if what.startswith("missing values"):
        empty = {
            column: gwas.array(name).null_count for name, column in gwas.column_map.columns.items()
            if name in gwas and name not in ("CHR", "BP", "EAF", "MAF", "INFO") and gwas.array(name).null_count
        }  # fmt: skip
        counts = ", ".join(f"{count} of {column}" for column, count in empty.items())
        return f"missing are {counts}: are these the right columns?"
    if what.startswith("no SNP"):
        return f"found alleles {_letters(gwas)}; expected A, C, G, T"
    if what.startswith("duplicated"):
        name, column = _commonest(gwas.array("SNP")), gwas.column_map.columns["SNP"]
        return f"the commonest name is {name}: is {column} the column of the variants' names (--snp)?"
    if what.startswith("alleles other"):
        return "is the list of the same variants and genome build, and are A1 and A2 the right columns?"
    names = [name for name in ("INFO", "EAF", "MAF", "P", "LOG10P", "SE", "N") if name in gwas]
    there = {name: gwas.column_map.columns[name] for name in names if name in gwas.column_map.columns}
    wanted = {"INFO": ("INFO",), "minor": ("EAF", "MAF"), "allele": ("EAF", "MAF"), "P": ("P", "LOG10P"),
              "standard": ("SE",), "N": ("N",)}.get(what.split(" ")[0], ())  # fmt: skip
    found = " or ".join(there[name] for name in wanted if name in there)
    return f"is {found} the right column?" if found else "are the columns the right ones?"


def _letters(gwas: GwasTable) -> str:
    """The commonest alleles of the file."""
    column = pa.chunked_array([gwas.array(name).cast(pa.string()) for name in ("A1", "A2") if name in gwas])
    counted = sorted(pc.value_counts(column.drop_null()).to_pylist(), key=lambda each: -each["counts"])
    texts = sorted(each["values"][:12] for each in counted[:8])
    return ", ".join(texts) + (", ..." if len(counted) > 8 else "")


def _commonest(names: pa.Array) -> str:
    counted = pc.value_counts(names.drop_null())
    return counted[int(np.argmax(counted.field("counts").to_numpy()))].as_py()["values"] if len(counted) else "none"
