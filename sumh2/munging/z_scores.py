"""Z of each row: which columns it is made of, and how.

The table of :mod:`sumh2.munging.filters` says where this differs from LDSC.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ldscores.shared.arrow_arrays import as_numpy
from ldscores.shared.errors import InputError
from sumh2.gwas.table import GwasTable, p_from_text, z_from_log10p, z_from_p
from sumh2.munging.checks import measure_rounding, z_of_p
from sumh2.munging.result import MungeOptions


def choose_z_source(names, options: MungeOptions, where: str) -> tuple[str, ...]:
    """The fields Z is made of, by preference: (BETA, SE), (OR, SE), (Z,), (P or LOG10P, sign), (CHISQ, sign).

    Whether BETA and SE carry enough digits is seen later, from their values (:func:`z_scores`).
    """
    effect: list[tuple[str, ...]] = [(name, "SE") for name in ("BETA", "OR") if name in names and "SE" in names]
    z: list[tuple[str, ...]] = [("Z",)] if "Z" in names else []
    signed = [name for name in ("BETA", "OR", "Z", "SIGN") if name in names][:1]
    probability = [name for name in ("LOG10P", "P") if name in names][:1]
    p: list[tuple[str, ...]] = [(probability[0], *signed)] if probability and signed else []
    if options.a1_inc and probability:
        return (probability[0],)
    chisq = [("CHISQ", *signed)] if "CHISQ" in names and signed else []
    choices = {"auto": [*effect, *z, *p, *chisq], "effect": effect, "z": [*z, *chisq], "p": p}[options.z_from]
    if not choices:
        raise InputError(
            f"{where}: Z cannot be made of the columns {', '.join(names)}"
            + (f" with --z-from {options.z_from}" if options.z_from != "auto" else "")
            + "; expected BETA or OR with SE, or Z, or P (or -log10 P) with a signed effect; name the columns with "
            "--beta, --odds-ratio, --se, --z, --p or --log10p"
        )
    return choices[0]


@dataclass(frozen=True)
class ZScores:
    """Z of each row; NaN where a part is missing, infinite where it is out of range.

    ``from_columns`` is Z of the chosen source before P takes its place; ``sign_known`` is False where the effect is 0.
    """

    z: NDArray[np.float64]
    from_columns: NDArray[np.float64]
    sign_known: NDArray[np.bool_]
    described: str
    warnings: tuple[str, ...] = ()


def z_scores(gwas: GwasTable, source: tuple[str, ...], options: MungeOptions, p: dict[str, NDArray]) -> ZScores:
    """Z of the chosen columns; of P and the sign of the effect where BETA or SE have too few digits."""
    if source[0] in ("P", "LOG10P"):
        z, signs = _z_of_p_and_sign(gwas, source, p)
        return ZScores(z, z, signs != 0, describe_source(source, gwas))
    columns, described = gwas.column_map.columns, describe_source(source, gwas)
    if source[0] == "CHISQ":
        chisq, signed = gwas.number("CHISQ"), _signed_values(gwas, source[1])
        # A chi-square below 0 is not missing: it is out of range.
        size = np.where(chisq < 0, np.inf, np.sqrt(np.maximum(chisq, 0)))
        z = np.where(np.isnan(signed), np.nan, np.where(signed < 0, -size, size))
        return ZScores(z, z, signed != 0, described)
    if source == ("Z",):
        z = gwas.number("Z")
        return ZScores(z, z, np.ones(len(z), dtype=bool), described)
    se = gwas.number("SE")
    _check_standard_errors(gwas, source[0], se)
    effect = gwas.number("BETA") if source[0] == "BETA" else log_odds(gwas)
    with np.errstate(divide="ignore", invalid="ignore"):
        z = np.where((se <= 0) | ~np.isfinite(effect) & ~np.isnan(effect), np.inf, effect / se)
    known = np.ones(len(z), dtype=bool)
    rounding = measure_rounding(gwas, source[0], p)
    if not rounding.is_coarse:
        return ZScores(z, z, known, described)
    what = f"{columns[source[0]]} and {columns['SE']} have few digits: {rounding}"
    if options.z_from != "auto" or not rounding.p_is_finer:
        also = ", and P has no more digits" if p and not rounding.p_is_finer else ""
        remedy = "" if not p or also else "; --z-from p takes Z from P"
        text = f"{what}; Z, heritability and intercept are off accordingly{also}{remedy}"
        return ZScores(z, z, known, described, (text,))
    size = z_of_p(p)
    # Where P is missing or 0 the effect still tells something.
    usable = np.isfinite(size) & np.isfinite(effect)
    name = columns.get("LOG10P") or columns["P"]
    text = f"{what}; so |Z| is that of {name}; --z-from effect takes {described} all the same"
    merged = np.where(usable, np.where(effect < 0, -size, size), z)
    described = f"{name}, with the sign of {columns[source[0]]} ({described} has too few digits)"
    return ZScores(merged, z, ~usable | (effect != 0), described, (text,))


def _check_standard_errors(gwas: GwasTable, effect: str, se: NDArray[np.float64]) -> None:
    """Raise InputError where many are negative: they are no standard errors."""
    n_negative = int(np.count_nonzero(se < 0))
    if n_negative > 0.1 * len(se):
        named, other = gwas.column_map.columns["SE"], gwas.column_map.columns[effect]
        flag = "--beta" if effect == "BETA" else "--odds-ratio"
        raise InputError(
            f"{gwas.source}: {n_negative} of {len(se)} values of {named} are negative; expected standard errors, which "
            f"are positive; {other} and {named} may be exchanged: name the columns with {flag} and --se"
        )


def _z_of_p_and_sign(gwas: GwasTable, source: tuple[str, ...], p: dict[str, NDArray]) -> tuple[NDArray, NDArray]:
    """Z of P with the sign of the effect, positive where that is 0; and the effect."""
    with np.errstate(divide="ignore", invalid="ignore"):
        given = p["LOG10P"] if "LOG10P" in p else p["P"]
        size = z_from_log10p(given) if "LOG10P" in p else z_from_p(given)
        # A P below 0 is not missing: it has a filter of its own.
        size = np.where(np.isnan(size) & ~np.isnan(given), np.inf, size)
        if len(source) == 1:
            return size, np.ones(len(size))
        signed = _signed_values(gwas, source[1])
    return np.where(np.isnan(signed), np.nan, np.where(signed < 0, -size, size)), signed


def _signed_values(gwas: GwasTable, name: str) -> NDArray[np.float64]:
    """Values with the sign of the effect, 0 for none, NaN where it is missing, (n_rows,)."""
    if name != "SIGN":
        return log_odds(gwas) if name == "OR" else gwas.number(name)
    encoded = pc.dictionary_encode(gwas.array("SIGN").cast(pa.string()))
    known = {"+": 1.0, "-": -1.0, "0": 0.0, "+1": 1.0}
    values, odd = [], []
    for word in encoded.dictionary.to_pylist():
        values.append(known.get(word.strip(), np.nan))
        if np.isnan(values[-1]):
            try:
                values[-1] = float(word)
            except ValueError:
                odd.append(word)
    if odd:
        raise InputError(
            f"{gwas.source}: column {gwas.column_map.columns['SIGN']}: found {odd[0][:60]!r}, expected + or -, 1 or -1; "
            "correct it, or leave the column out with --ignore"
        )
    return np.array([*values, np.nan])[as_numpy(pc.fill_null(encoded.indices, len(values)))]


def log_odds(gwas: GwasTable) -> NDArray[np.float64]:
    """log(OR); infinite where OR is not positive."""
    odds_ratio = gwas.number("OR")
    n_negative = int(np.count_nonzero(odds_ratio < 0))
    if n_negative > 0.1 * len(odds_ratio):
        column = gwas.column_map.columns["OR"]
        raise InputError(
            f"{gwas.source}: {n_negative} of {len(odds_ratio)} values of {column} are negative; expected odds ratios, "
            f"which are positive; if these are log odds ratios, say so with --beta {column} (or --signed-sumstats "
            f"{column},0)"
        )
    return np.where(odds_ratio > 0, np.log(np.where(odds_ratio > 0, odds_ratio, 1)), np.where(
        np.isnan(odds_ratio), np.nan, np.inf))  # fmt: skip


def describe_source(source: tuple[str, ...], gwas: GwasTable) -> str:
    """Of what Z is made, in the names of the file's columns: ``BETA / SE``, ``P, with the sign of OR``."""
    columns = gwas.column_map.columns
    if source[-1] == "SE":
        return (
            f"{columns['BETA']} / {columns['SE']}" if source[0] == "BETA" else f"log({columns['OR']}) / {columns['SE']}"
        )
    if source == ("Z",):
        return columns["Z"]
    return f"{columns[source[0]]}, with the sign of {columns[source[1]]}" if len(source) > 1 else columns[source[0]]


def p_values(gwas: GwasTable) -> dict[str, NDArray[np.float64]]:
    """P and -log10 P, those that are there; the latter also from the text of P where that underflows."""
    found: dict[str, NDArray[np.float64]] = {}
    if "LOG10P" in gwas:
        found["LOG10P"] = gwas.number("LOG10P")
    if "P" in gwas:
        texts = gwas.array("P")
        if pa.types.is_floating(texts.type):
            return {**found, "P": gwas.number("P")}
        p, log10p = p_from_text(texts, gwas.column_map.columns["P"], gwas.source)
        found["P"] = p
        if log10p is not None and "LOG10P" not in found:
            found["LOG10P"] = log10p
    return found
