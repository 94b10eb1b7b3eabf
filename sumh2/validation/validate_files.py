"""Compute every number of the table of the literature again.

The table, ``literature.tsv``, is data: sources, places, what is printed there, and the name of the computation.  Files of
published results are no part of the package; numbers that need them are skipped where their folder is not named.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from ldscores.shared.errors import InputError
from ldscores.shared.tables import read_table
from sumh2.atlas.consistent_table import ConsistentTable, fit_consistent_table
from sumh2.atlas.rg_table_files import read_rg_table
from sumh2.validation import estimator_numbers, model_numbers, worked_numbers
from sumh2.validation.published import Checked, PublishedNumber, Validation, check_number, skip
from sumh2.validation.published_results import Printed, as_printed, share_of_delete_mean, share_of_p, share_of_z

_COLUMNS = ("check", "source", "place", "quantity", "published", "expect", "data", "note")

#: Computations that need nothing but the package.
COMPUTATIONS: Mapping[str, Callable[[], float]] = {
    **worked_numbers.NUMBERS,
    **model_numbers.NUMBERS,
    **estimator_numbers.NUMBERS,
}

_PLEIO_RG, _PLEIO_Z = "pleioh2g_62traits_Results_full_rg.tsv.gz", "pleioh2g_62traits_Rg_mat_z.tsv.gz"
_PLEIO_H2, _PLEIO_DELETE = "pleioh2g_62traits_h2_vector.tsv.gz", "pleioh2g_62traits_h2_vector_mat.tsv.gz"
_BBJ, _IDP = "BBJ_Kanai2018_rg_ldsc.tsv", "rg_ALL_163_IDPs_FINAL.csv"


def read_literature() -> list[PublishedNumber]:
    """The table of the literature."""
    with as_file(files("sumh2.validation") / "literature.tsv") as path:
        table = read_table(path, columns=_COLUMNS, types={name: pa.string() for name in _COLUMNS}, separator="\t")
    rows: list[dict[str, Any]] = [{name: row[name] or "" for name in _COLUMNS} for row in table.to_pylist()]
    return [PublishedNumber(**row) for row in rows]


def validate(data: str | Path | None = None) -> Validation:
    """Compute the numbers again and compare.

    Parameters
    ----------
    data
        Folder of published results; without it the numbers that need them are skipped.

    Raises
    ------
    InputError
        `data` is no folder.
    """
    folder = None if data is None else Path(data)
    if folder is not None and not folder.is_dir():
        raise InputError(
            f"--data {folder}: found no such folder, expected one with published results; correct the path"
        )
    return Validation([_check(number, folder) for number in read_literature()])


def _check(number: PublishedNumber, folder: Path | None) -> Checked:
    if not number.check:
        return check_number(number, float("nan"))
    if not number.data:
        return check_number(number, float(COMPUTATIONS[number.check]()))
    if folder is None:
        return skip(number, f"needs {number.data}; name its folder with --data")
    missing = [name for name in (number.data, *_BESIDE.get(number.data, ())) if not (folder / name).is_file()]
    if missing:
        return skip(number, f"needs {', '.join(missing)}, which {folder} does not hold")
    return check_number(number, FROM_FILES[number.check](folder))


# ---------------------------------------------------------------------------------------------------------------------
# Files of published results


@functools.cache
def _pleio(folder: Path) -> ConsistentTable:
    return fit_consistent_table(read_rg_table(folder / _PLEIO_RG, z=folder / _PLEIO_Z))


def _printed(path: Path, *names: str) -> list[Printed]:
    """Columns as printed; rows in which one of them is missing are left out."""
    table = read_table(path, columns=names, types=dict.fromkeys(names, pa.string())).to_pylist()
    rows = [row for row in table if all(row[name] for name in names)]
    return [as_printed([row[name] for row in rows]) for name in names]


def _matrix(path: Path) -> np.ndarray:
    """Numbers of a table whose first column holds names."""
    table = read_table(path)
    return np.column_stack([table[name].to_numpy() for name in table.column_names[1:]])


def _pleio_jackknife(folder: Path) -> float:
    return share_of_delete_mean(_matrix(folder / _PLEIO_H2)[0], _matrix(folder / _PLEIO_DELETE))


#: Further files that a computation reads beside the one of the table.
_BESIDE = {_PLEIO_RG: (_PLEIO_Z,), _PLEIO_Z: (_PLEIO_RG,), _PLEIO_DELETE: (_PLEIO_H2,)}

FROM_FILES: Mapping[str, Callable[[Path], float]] = {
    "pleio_negative": lambda folder: float(np.count_nonzero(_pleio(folder).eigenvalues_before < -1e-10)),
    "pleio_smallest": lambda folder: float(_pleio(folder).eigenvalues_before[0]),
    "pleio_after": lambda folder: float(_pleio(folder).eigenvalues_after[0]),
    "pleio_jackknife": _pleio_jackknife,
    "bbj_p": lambda folder: share_of_p(*_printed(folder / _BBJ, "z", "p")),
    "bbj_z": lambda folder: share_of_z(*_printed(folder / _BBJ, "rg", "se", "z")),
    "idp_p": lambda folder: share_of_p(*_printed(folder / _IDP, "rg_z", "rg_p")),
    "idp_z": lambda folder: share_of_z(*_printed(folder / _IDP, "rg", "rg_se", "rg_z")),
}
