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
    from ldscores.panels.either_files import read_either_panel

    return read_either_panel(bfile, pfile, **choice)


def check_out(out: str) -> None:
    """Raise InputError before the work when the results could not be written after it."""
    check_stem(out, (), ())


def check_out_folder(out: str) -> None:
    """The same for results that fill a folder of their own."""
    if Path(out).is_file():
        raise InputError(f"--out {out}: found a file; expected a folder to make or to fill; choose another --out")
    check_writable_folder(Path(out.rstrip("/")), "--out")
