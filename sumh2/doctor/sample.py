"""The rows that an audit looked at, as a figure shows them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sumh2.doctor.columns import AuditColumns
from sumh2.doctor.panel_checks import compare_with_panel
from sumh2.gwas.panel import KnownVariants

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class AuditSample:
    """Up to 100,000 evenly spaced rows of a GWAS; what the file lacks is None.

    Parameters
    ----------
    z : float64, (n_rows,)
        BETA / SE, else Z, else |Z| of P.
    p_size : float64, (n_rows,)
        |Z| that the file's P means.
    study, panel : float64, (n_compared,)
        Frequency of the effect allele in the file and in the panel, where its strand is clear.
    panel_name
        The panel.
    """

    z: Floats | None
    p_size: Floats | None = None
    study: Floats | None = None
    panel: Floats | None = None
    panel_name: str = ""


def sample_of(columns: AuditColumns, panel: KnownVariants | None) -> AuditSample:
    """What there is to draw of the columns of an audit."""
    compared = compare_with_panel(columns, panel)
    own_z = columns.z is not None or (columns.beta is not None and columns.se is not None)
    return AuditSample(
        columns.effect_z,
        columns.p_size if own_z else None,
        None if compared is None else compared.study,
        None if compared is None else compared.panel,
        panel.name if panel is not None else "",
    )
