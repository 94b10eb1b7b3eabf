"""Tables of genetic correlations as people publish them: a list of pairs, a square matrix, or one trait with many."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ldscores.shared.errors import InputError
from ldscores.shared.messages import counted
from ldscores.shared.tables import read_table
from sumh2.atlas.consistent_table import RgTable

Floats = NDArray[np.float64]

#: Names of columns in lower case, first that is there.
_FIRST = ("trait1", "p1", "trait_1", "phenotype1", "pheno1", "t1")
_SECOND = ("trait2", "p2", "trait_2", "phenotype2", "pheno2", "t2")
_RG = ("rg", "genetic_correlation", "gencor")
_SE = ("rg_se", "se", "se_rg", "rgse")
_Z = ("rg_z", "z", "z_rg", "zscore")
#: An estimate smaller than this many SE has a z too small to give the SE back.
_SMALLEST_Z = 1e-6
_ASYMMETRY = 1e-6


def read_rg_table(
    path: str | Path, *, se: str | Path | None = None, z: str | Path | None = None, other: str | None = None
) -> RgTable:
    """Read correlations with their standard errors.

    Parameters
    ----------
    path
        A list of pairs (columns trait1, trait2, rg and rg_se or rg_z; LDSC's p1, p2, se, z too), or a square matrix with
        names in its first row and column, or a list of one trait's correlations (first column: the other trait).
    se, z
        Square matrix of standard errors, or of z scores, that belongs to a square matrix.
    other
        For a list of one trait's correlations: the name of that trait.

    Raises
    ------
    InputError
        The form is not known, a pair is given twice with different numbers, or standard errors are missing.
    """
    table = read_table(path)
    by_name = {name.strip().lower(): name for name in table.column_names}
    rg = next((by_name[name] for name in _RG if name in by_name), None)
    if rg is None:
        return _read_matrix(path, table, se, z)
    if se is not None or z is not None:
        raise InputError(
            f"{path}: found a list of pairs and --se or --z, expected these with a square matrix; drop them"
        )
    first = next((by_name[name] for name in _FIRST if name in by_name), None)
    second = next((by_name[name] for name in _SECOND if name in by_name), None)
    if first is None or second is None:
        if other is None:
            raise InputError(
                f"{path}: found columns {', '.join(table.column_names[:6])}, expected two columns of traits (trait1, "
                "trait2); if all correlations are with one trait, name it with --other"
            )
        names1 = _words(table[table.column_names[0]])
        names2 = [other] * len(names1)
    else:
        names1, names2 = _words(table[first]), _words(table[second])
    se_name = next((by_name[name] for name in _SE if name in by_name), None)
    z_name = next((by_name[name] for name in _Z if name in by_name), None)
    error_name = se_name or z_name
    if error_name is None:
        raise InputError(f"{path}: found no column {_SE[0]} or {_Z[0]}, expected standard errors or z scores; add one")
    values, errors = _numbers(path, table, rg), _numbers(path, table, error_name)
    errors = _se_of_z(values, errors) if se_name is None else errors
    return _matrix_of_pairs(path, names1, names2, values, errors)


def _words(column: pa.ChunkedArray) -> list[str]:
    return [str(value).strip() for value in column.to_pylist()]


def _numbers(path: str | Path, table: pa.Table, name: str) -> Floats:
    try:
        return np.array([np.nan if value is None else float(value) for value in table[name].to_pylist()])
    except (TypeError, ValueError) as error:
        raise InputError(f"{path}: column {name} holds text ({error}); expected numbers; correct it") from None


def _se_of_z(rg: Floats, z: Floats) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(np.abs(z) > _SMALLEST_Z, np.abs(rg / z), np.nan)


def _matrix_of_pairs(path, names1: list[str], names2: list[str], values: Floats, errors: Floats) -> RgTable:
    names = list(dict.fromkeys([*names1, *names2]))
    place = {name: number for number, name in enumerate(names)}
    rg, se = np.full((len(names), len(names)), np.nan), np.full((len(names), len(names)), np.nan)
    n_twice = n_self = n_missing = 0
    for name1, name2, value, error in zip(names1, names2, values, errors, strict=True):
        a, b = place[name1], place[name2]
        if a == b:
            n_self += 1
            continue
        if not (np.isfinite(value) and np.isfinite(error)):
            n_missing += 1
            continue
        if np.isfinite(rg[a, b]):
            if not np.isclose(rg[a, b], value, rtol=1e-3, atol=1e-3):
                raise InputError(
                    f"{path}: {name1} - {name2} stands there twice with {rg[a, b]:g} and {value:g}; expected one value"
                )
            n_twice += 1
        rg[a, b] = rg[b, a] = value
        se[a, b] = se[b, a] = error
    notes = [
        f"{count} {what}"
        for count, what in ((n_twice, "pairs stand there twice"), (n_self, "rows pair a trait with itself, left out"),
                            (n_missing, "pairs without a number"))
        if count
    ]  # fmt: skip
    return RgTable(tuple(names), rg, se, str(path), tuple(notes))


def _read_matrix(path: str | Path, table: pa.Table, se: str | Path | None, z: str | Path | None) -> RgTable:
    other = z if se is None else se if z is None else None
    if other is None:
        raise InputError(
            f"{path}: found no column rg, so it should be a square matrix; expected its standard errors with --se FILE or "
            "its z scores with --z FILE, one of them"
        )
    names, rg = _square(path, table)
    other_names, matrix = _square(other, read_table(other))
    if other_names != names:
        raise InputError(f"{other}: names differ from those of {path}; expected the same traits in the same order")
    errors = _se_of_z(rg, matrix) if se is None else matrix
    off = ~np.eye(len(names), dtype=bool)
    asymmetry = float(np.nanmax(np.abs(rg - rg.T)[off]))
    notes = (
        [] if asymmetry <= _ASYMMETRY else [f"the matrix is not symmetric (by up to {asymmetry:.2g}): halves averaged"]
    )
    rg, errors = (rg + rg.T) / 2, (errors + errors.T) / 2
    known = np.isfinite(rg) & np.isfinite(errors)
    n_missing = int((off & ~known).sum()) // 2
    if n_missing:
        notes.append(f"{counted(n_missing, 'pair')} without a number")
    outside = int((off & known & (np.abs(rg) > 1)).sum()) // 2
    if outside:
        notes.append(f"{outside} correlations are outside ±1")
    return RgTable(tuple(names), np.where(known, rg, np.nan), np.where(known, errors, np.nan), str(path), tuple(notes))


def _square(path: str | Path, table: pa.Table) -> tuple[list[str], Floats]:
    names = [name.strip() for name in table.column_names[1:]]
    if len(table) != len(names):
        raise InputError(
            f"{path}: found {len(table)} rows and {len(names)} columns of numbers, expected a square matrix with names in "
            "the first row and column, or a list with a column rg; repair the table"
        )
    rows = [str(value).strip() for value in table.column(0).to_pylist()]
    if rows != names and [_number_word(word) for word in rows] != [_number_word(word) for word in names]:
        raise InputError(f"{path}: names of rows and columns differ; expected the same order")
    return names, np.column_stack([_numbers(path, table, name) for name in table.column_names[1:]])


def _number_word(word: str) -> str:
    """A name that is a number, as text: a reader may have made 318.0 of 318."""
    try:
        return repr(float(word))
    except ValueError:
        return word
