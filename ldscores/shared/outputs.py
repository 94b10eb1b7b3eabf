"""Writing whole files or none, and asking before any work whether they may be written."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from ldscores.shared.errors import InputError


def check_stem(out: str, endings: Iterable[str], inputs: Iterable[str] = ()) -> None:
    """Refuse a stem that names a folder, lies where nothing can be written, or would write over an input.

    Parameters
    ----------
    out
        Stem of the files to write, ``--out``.
    endings
        What is added to it, e.g. ``.tsv``.
    inputs
        Files that the command reads.

    Raises
    ------
    InputError
        The message names the stem and what to write instead.
    """
    path = Path(out)
    if out.endswith(("/", os.sep)) or path.is_dir():
        raise InputError(f"--out {out}: found a folder, expected the stem of files in it; write {out.rstrip('/')}/NAME")
    check_writable_folder(path, "--out")
    own = {Path(name).resolve() for name in inputs}
    for ending in endings:
        if Path(f"{out}{ending}").resolve() in own:
            raise InputError(f"--out {out}: {out}{ending} is an input of this command; choose another --out")


def check_writable_folder(path: Path, option: str) -> None:
    """Refuse a file in a folder that is not there or cannot be written to."""
    folder = path.parent
    if not folder.is_dir():
        raise InputError(f"{option} {path}: the folder {folder} does not exist; create it or choose another {option}")
    if not os.access(folder, os.W_OK):
        raise InputError(f"{option} {path}: the folder {folder} cannot be written to; choose another {option}")


@contextlib.contextmanager
def written_whole(path: str | Path) -> Iterator[Path]:
    """A temporary name beside ``path``; renamed to it when the block ends well, removed when it does not."""
    path = Path(path)
    if path.parent != Path() and not path.parent.is_dir():
        raise InputError(f"{path}: the folder {path.parent} does not exist; create it or choose another --out")
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        yield partial
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)
