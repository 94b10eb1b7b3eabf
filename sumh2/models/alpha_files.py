"""Lists of alphas, and tables of likelihoods, as LDAK reads them: no header, blanks or tabs between numbers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ldscores.shared.errors import InputError
from ldscores.shared.tables import WHITESPACE, read_table

Floats = NDArray[np.float64]


def read_powers(text: str) -> list[float]:
    """Alphas from numbers with commas, or from a file with one a line (LDAK's ``--powerfile``).

    Raises
    ------
    InputError
        Neither numbers nor a file that is there.
    """
    if Path(text).is_file():
        return _columns(text, ("alpha",))[0].tolist()
    try:
        return [float(number) for number in text.split(",")]
    except ValueError:
        raise InputError(
            f"--powers {text}: found neither numbers with commas nor a file, expected e.g. --powers=-1,-0.25,0 or a file "
            "with one number a line; correct it"
        ) from None


def read_likelihoods(path: str | Path) -> tuple[Floats, Floats]:
    """Alphas and log likelihoods, one pair a line (LDAK's ``--likelihoods``).

    Raises
    ------
    InputError
        The file is missing, or a line is not two numbers.
    """
    alphas, logl = _columns(path, ("alpha", "log likelihood"))
    return alphas, logl


def _columns(path: str | Path, names: tuple[str, ...]) -> list[Floats]:
    table = read_table(
        path, column_names=list(names), types=dict.fromkeys(names, pa.float64()), separator=WHITESPACE,
        fill_short_lines=False, null_texts=(),
    )  # fmt: skip
    return [table[name].to_numpy() for name in names]
