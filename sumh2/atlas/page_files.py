"""Writes the page to explore an atlas, and reads what it is made of."""

from __future__ import annotations

import json
from importlib.resources import as_file, files
from pathlib import Path

from ldscores.shared.errors import InputError
from ldscores.shared.outputs import written_together
from ldscores.shared.tables import read_text, write_text
from sumh2.atlas.atlas_result import RgAtlas
from sumh2.atlas.consistent import ConsistentAtlas
from sumh2.atlas.page import ConsistentPairs, PageTemplate, build_atlas_page
from sumh2.pages import check_page

#: Stem, in an atlas's folder, of the consistent fit that the page takes by itself.
CONSISTENT = "consistent"
_SCRIPTS = ("page_numbers.js", "page_views.js", "page_controls.js")
_NEEDED = ("trait1", "trait2", "rg", "rg_se", "rg_lower", "rg_upper", "rg_z", "rg_log10_p", "raw_rg", "gcov", "gcov_se",
           "moved_se", "status", "why")  # fmt: skip


def read_page_template() -> PageTemplate:
    """Markup, style and script that come with the package."""
    with as_file(files("sumh2.atlas")) as folder:
        script = "\n".join(read_text(folder / name) for name in _SCRIPTS)
        return PageTemplate(read_text(folder / "page_template.html"), read_text(folder / "page_template.css"), script)


@written_together()
def write_atlas_page(
    atlas: RgAtlas,
    path: str | Path,
    *,
    consistent: ConsistentAtlas | ConsistentPairs | None = None,
    title: str = "Genetic correlations",
) -> Path:
    """Write the page to explore an atlas: one HTML file that needs neither network nor program.

    Parameters
    ----------
    atlas
        All pairs.
    path
        Name of the page, ``.html``; written whole or not at all.
    consistent
        A consistent fit of this atlas or of some of its traits (:func:`sumh2.atlas.consistent.fit_consistent`, or
        :func:`read_consistent_pairs`), to be switched to.
    title
        Heading.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    InputError
        The page cannot be written there, or the consistent fit is of another atlas.
    """
    path = Path(path)
    check_page(path)
    write_text(path, build_atlas_page(atlas, read_page_template(), consistent, title))
    return path


def find_consistent(folder: str | Path) -> Path | None:
    """Record of the consistent fit in an atlas's folder, ``consistent.json``; None where there is none."""
    path = Path(folder) / f"{CONSISTENT}.json"
    return path if path.is_file() else None


def read_consistent_pairs(path: str | Path) -> ConsistentPairs:
    """Read the pairs that ``sumh2 consistent ATLAS --out STEM`` wrote.

    Parameters
    ----------
    path
        ``STEM``, or ``STEM.json``.

    Raises
    ------
    InputError
        There is no such file, or it holds no consistent fit of an atlas.
    """
    path = Path(path)
    if path.suffix != ".json":
        path = Path(f"{path.with_suffix('') if path.suffix == '.tsv' else path}.json")
    if not path.is_file():
        raise InputError(
            f"{path}: not found; expected what sumh2 consistent ATLAS --out {path.with_suffix('')} writes; run it first"
        )
    try:
        record = json.loads(read_text(path))
    except ValueError as error:
        raise InputError(f"{path}: no JSON ({error}); run sumh2 consistent again") from error
    rows = record.get("estimates") if isinstance(record, dict) else None
    if not isinstance(rows, list) or not rows or any(name not in row for row in rows for name in _NEEDED):
        raise InputError(
            f"{path}: found no consistent fit of an atlas (pairs with {', '.join(_NEEDED[:4])}, ...); expected the .json "
            "that sumh2 consistent wrote for an atlas; name it, or run sumh2 consistent on the atlas"
        )
    return ConsistentPairs(rows, {name: value for name, value in record.items() if name != "estimates"})
