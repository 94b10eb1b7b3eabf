"""Where a result comes from: program, command, inputs with size and hash, options."""

from __future__ import annotations

import functools
import hashlib
import platform
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ldscores import __version__
from ldscores.shared.calls import command_words


def describe_file(path: str | Path) -> dict[str, Any]:
    """Path, size in bytes and SHA-256 of a file."""
    path = Path(path)
    state = path.stat()
    return {"path": str(path), "bytes": state.st_size, "sha256": _known_hash(path, state.st_size, state.st_mtime_ns)}


@functools.lru_cache(maxsize=256)
def _known_hash(path: Path, size: int, changed_ns: int) -> str:
    """SHA-256; a file that was hashed ahead, and has not changed since, is not read again."""
    return hash_of_file(path)


def hash_of_file(path: Path) -> str:
    """SHA-256 of a file as it lies."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def provenance(inputs: Iterable[str | Path] = (), options: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """What a result file says of its origin: the program, the command line, the inputs, the options.

    Deliberately without the time: the same inputs and options give the same bytes.
    """
    return {
        "program": f"sumh2 {__version__}",
        "python": platform.python_version(),
        "command": command_words(),
        "inputs": [describe_file(path) for path in inputs],
        "options": dict(options or {}),
    }
