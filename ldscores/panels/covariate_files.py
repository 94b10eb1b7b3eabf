"""Covariates of the people of a panel, for covariate-adjusted LD scores."""

from __future__ import annotations

import os

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ldscores.panels.reference_panel import ReferencePanel
from ldscores.shared import tables
from ldscores.shared.errors import InputError


def read_covariates(path: str | os.PathLike[str], panel: ReferencePanel) -> NDArray[np.float64]:
    """Covariates on the rows of a panel's people, float64 (n_individuals, n_covariates).

    Parameters
    ----------
    path
        FID, IID and one column a covariate, separated by blanks or tabs, with a header whose second word is IID
        (``FID IID PC1 ...``, PLINK's ``#FID``) or without one (``.eigenvec``, cov-LDSC's ``.evec``).
    panel : ReferencePanel

    Raises
    ------
    InputError
        People of the panel are missing or stand there twice, a value is missing or no number, or there is no covariate.
    """
    header = tables.read_header(path)[0]
    if len(header) < 3:
        raise InputError(
            f"{os.fspath(path)}: found {len(header)} columns; expected FID, IID and at least one covariate; add the "
            "identifiers as they stand in the .fam"
        )
    has_header = header[1].upper() == "IID"
    names = header if has_header else ["FID", "IID", *(f"covariate {place}" for place in range(1, len(header) - 1))]
    types = dict.fromkeys(names[:2], pa.string()) | dict.fromkeys(names[2:], pa.float64())
    table = tables.read_table(path, column_names=None if has_header else names, types=types)
    family, person = (table[name].to_pylist() for name in names[:2])
    people = [" ".join(both) for both in zip(family, person, strict=True)]
    row_of = {person: row for row, person in enumerate(people)}
    if len(row_of) < len(people):
        twice = next(person for row, person in enumerate(people) if row_of[person] != row)
        raise InputError(f"{os.fspath(path)}: {twice} stands there twice; expected everybody once; keep one line")
    rows = [row_of.get(person, -1) for person in panel.individuals.to_pylist()]
    if min(rows) < 0:
        raise InputError(
            f"{os.fspath(path)}: no covariates for {rows.count(-1)} of {len(rows)} people of the panel (first: "
            f"{panel.individuals[rows.index(-1)]}); expected FID and IID as in the .fam for all; complete the file, or "
            "leave these people out with --keep"
        )
    values = np.column_stack([table[name].to_numpy() for name in names[2:]])[rows]
    if not np.isfinite(values).all():
        row = int(np.argmin(np.isfinite(values).all(axis=1)))
        raise InputError(
            f"{os.fspath(path)}: a covariate of {panel.individuals[row]} is missing; expected a number for everybody; "
            "complete it, or leave this person out with --remove"
        )
    return values
