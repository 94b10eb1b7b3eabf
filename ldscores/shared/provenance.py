"""Where a result comes from: program, command, inputs with size and hash, options."""

from __future__ import annotations

import hashlib
import platform
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ldscores import __version__


def describe_file(path: str | Path) -> dict[str, Any]:
    """Path, size in bytes and SHA-256 of a file."""
    path = Path(path)
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    return {"path": str(path), "bytes": path.stat().st_size, "sha256": digest}


def provenance(inputs: Iterable[str | Path] = (), options: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """What a result file says of its origin: the program, the command line, the inputs, the options.

    Deliberately without the time: the same inputs and options give the same bytes.
    """
    return {
        "program": f"sumh2 {__version__}",
        "python": platform.python_version(),
        "command": sys.argv,
        "inputs": [describe_file(path) for path in inputs],
        "options": dict(options or {}),
    }
