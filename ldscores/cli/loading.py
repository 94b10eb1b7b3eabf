"""What several commands do before their work: read the panel, check where results go."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ldscores.shared.errors import InputError
from ldscores.shared.outputs import check_stem, check_writable_folder

if TYPE_CHECKING:
    from ldscores.panels.reference_panel import ReferencePanel


def read_chosen_panel(bfile: str | None, pfile: str | None, **choice: Any) -> ReferencePanel:
    """The panel named with --bfile or --pfile."""
    if (bfile is None) == (pfile is None):
        found = "neither" if bfile is None else "both"
        raise InputError(
            f"found {found} of --bfile (PLINK 1: .bed .bim .fam) and --pfile (PLINK 2: .pgen .pvar .psam); expected "
            "one; name the panel with it"
        )
    if pfile is not None:
        from ldscores.panels.pgen_files import read_pgen_panel

        return read_pgen_panel(pfile, **choice)
    from ldscores.panels.plink_files import read_panel

    return read_panel(bfile, **choice)


def check_out(out: str) -> None:
    """Raise InputError before the work when the results could not be written after it."""
    check_stem(out, (), ())


def check_out_folder(out: str) -> None:
    """The same for results that fill a folder of their own."""
    if Path(out).is_file():
        raise InputError(f"--out {out}: found a file; expected a folder to make or to fill; choose another --out")
    check_writable_folder(Path(out.rstrip("/")), "--out")
