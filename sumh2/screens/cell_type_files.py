"""The table of LDSC's cell-type analysis, ``.cell_type_results.txt``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from ldscores.shared.outputs import written_together
from ldscores.shared.tables import write_text
from sumh2.screens.result import ScreenResult

#: LDSC's header, word for word.
HEADER = ("Name", "Coefficient", "Coefficient_std_error", "Coefficient_P_value")


@written_together()
def write_cell_type_results(result: ScreenResult, stem: str | Path, print_all: bool = False) -> Path:
    """Write ``<stem>.cell_type_results.txt`` as LDSC's --h2-cts does: one-sided normal p-values, the smallest first.

    Annotations that could not be fitted, at which LDSC stops, come last with NA.

    Parameters
    ----------
    result
        Of :func:`sumh2.fit_screen`; with ``weights="ldsc"`` the numbers are LDSC's.
    stem
    print_all
        Also the columns that stood beside the tested one, as ``<name>_1``, ... (LDSC's --print-all-cts); of a screen
        with LDSC's weights.
    """
    rows = sorted(_rows(result, print_all), key=lambda row: (np.isnan(row[3]), row[3]))
    lines = ["\t".join(HEADER)]
    lines += ["\t".join([name, *("NA" if np.isnan(number) else repr(number) for number in row)]) for name, *row in rows]
    path = Path(f"{stem}.cell_type_results.txt")
    write_text(path, "\n".join(lines) + "\n")
    return path


def _rows(result: ScreenResult, print_all: bool) -> Iterator[tuple[str, float, float, float]]:
    for place, row in enumerate(result.rows):
        yield row.annotation, row.tau, row.tau_se, _upper_normal_p(row.tau, row.tau_se)
        if print_all:
            for number, control in enumerate(result.controls[place], start=1):
                name = f"{row.annotation}_{number}"
                yield name, control.tau, control.tau_se, _upper_normal_p(control.tau, control.tau_se)


def _upper_normal_p(tau: float, se: float) -> float:
    from scipy.special import ndtr

    return float(ndtr(-tau / se)) if se > 0 else float("nan")
