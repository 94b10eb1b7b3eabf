"""Reads catalogues: the one that comes with the package, and one of the user's own."""

from __future__ import annotations

import json
from pathlib import Path

from ldscores.shared.errors import InputError
from sumh2.references.catalogue import Reference, parse_catalogue

OWN_CATALOGUE = Path(__file__).with_name("catalogue.json")


def read_catalogue(extra: str | Path | None = None) -> dict[str, Reference]:
    """Entries by name; those of `extra` come beside ours, or in their place where the name is the same.

    Raises
    ------
    InputError
        `extra` is missing, is no JSON or no catalogue.
    """
    catalogue = _read_one(OWN_CATALOGUE)
    return catalogue if extra is None else catalogue | _read_one(Path(extra))


def _read_one(path: Path) -> dict[str, Reference]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(f"{path}: no such file; expected a catalogue; check --catalogue") from None
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise InputError(f"{path}: cannot be read as JSON ({error}); expected a catalogue; correct it") from error
    return parse_catalogue(content, str(path))
