"""A panel in either of PLINK's formats."""

from __future__ import annotations

from typing import Any

from ldscores.panels.reference_panel import ReferencePanel
from ldscores.shared.errors import OptionError


def check_one_panel(bfile: str | None, pfile: str | None) -> tuple[str, bool]:
    """The panel named, and whether it is of PLINK 2; OptionError unless there is one."""
    if bfile is not None and pfile is None:
        return bfile, False
    if pfile is not None and bfile is None:
        return pfile, True
    found = "neither" if bfile is None else "both"
    raise OptionError(
        f"found {found} of --bfile (PLINK 1: .bed .bim .fam) and --pfile (PLINK 2: .pgen .pvar .psam); expected "
        "one; name the panel with it"
    )


def read_either_panel(bfile: str | None, pfile: str | None, **choice: Any) -> ReferencePanel:
    """The panel named, with the choices of people and SNPs of :func:`ldscores.panels.plink_files.read_panel`."""
    name, is_plink_2 = check_one_panel(bfile, pfile)
    if is_plink_2:
        from ldscores.panels.pgen_files import read_pgen_panel

        return read_pgen_panel(name, **choice)
    from ldscores.panels.plink_files import read_panel

    return read_panel(name, **choice)
