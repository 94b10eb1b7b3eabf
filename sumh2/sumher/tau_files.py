"""Coefficients of a model from a file: LDAK's ``.taus``, or one number a line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ldscores.shared.errors import InputError
from ldscores.shared.tables import read_text
from ldscores.taggings.tagging import Tagging


def read_taus(path: str | Path, tagging: Tagging) -> NDArray[np.float64]:
    """tau of each category, (n_categories,), in the order of the tagging.

    Parameters
    ----------
    path
        ``<out>.taus`` of LDAK or of ``sumh2 h2 --ldak-files`` (``Component Estimate ...``), or LDAK's ``--taus``: one
        number a line, without a header.
    tagging
        Whose categories they are.

    Raises
    ------
    InputError
        A word is no number, or their number is not that of the categories.
    """
    lines = [line.split() for line in read_text(path).splitlines() if line.strip()]
    with_header = bool(lines) and lines[0][:2] == ["Component", "Estimate"]
    words = [line[1] if with_header else line[0] for line in lines[with_header:] if len(line) > with_header]
    try:
        taus = np.array([float(word) for word in words])
    except ValueError as error:
        raise InputError(f"{path}: {error}; expected one tau a line, or LDAK's .taus; correct the file") from error
    if len(taus) != tagging.n_categories or not np.isfinite(taus).all():
        raise InputError(
            f"{path}: found {int(np.isfinite(taus).sum())} numbers, expected {tagging.n_categories}, one a category of "
            f"{tagging.where} in its order (no line for scaling or intercept); correct the file"
        )
    return taus
