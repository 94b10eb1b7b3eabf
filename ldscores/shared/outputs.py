"""Writing whole files or none, and asking before any work whether they may be written."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterable, Iterator
from contextvars import ContextVar
from pathlib import Path

from ldscores.shared.errors import InputError


def check_name(path: str | Path) -> None:
    """Refuse a name that is not UTF-8: Arrow takes no other, nor do the tables and records that would hold it."""
    try:
        str(path).encode()
    except UnicodeEncodeError:
        shown = os.fsencode(path).decode("utf-8", "backslashreplace")
        raise InputError(
            f"{shown}: found a file name that is not UTF-8 (Latin-1, perhaps); expected UTF-8; rename it"
        ) from None


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
    check_name(path)
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


#: Of the files of one result: the temporary name of each that is written and waits for the others.
_WAITING: ContextVar[dict[Path, Path] | None] = ContextVar("waiting", default=None)
#: Whether what is written now is of that result; a cache that is filled on the way is not.
_OF_THE_RESULT: ContextVar[bool] = ContextVar("of_the_result", default=False)

#: What the system says where a file cannot grow.
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@contextlib.contextmanager
def appearing_at_the_end() -> Iterator[None]:
    """Files of `written_together` blocks get their names when this block ends well; where it does not, none stays."""
    waiting: dict[Path, Path] = {}
    token = _WAITING.set(waiting)
    try:
        yield
        for path in waiting:
            if path.is_dir():  # the one thing that would stop a renaming halfway
                raise InputError(f"{path}: found a folder, expected to write a file there; choose another name")
        for path, partial in waiting.items():
            os.replace(partial, path)
    finally:
        _WAITING.reset(token)
        for partial in waiting.values():
            partial.unlink(missing_ok=True)


@contextlib.contextmanager
def written_together() -> Iterator[None]:
    """The files written in the block are of one result: all of them appear, or none."""
    with contextlib.ExitStack() as stack:
        if _WAITING.get() is None:
            stack.enter_context(appearing_at_the_end())
        token = _OF_THE_RESULT.set(True)
        try:
            yield
        finally:
            _OF_THE_RESULT.reset(token)


@contextlib.contextmanager
def written_whole(path: str | Path) -> Iterator[Path]:
    """A temporary name beside ``path``; renamed to it when the block ends well, removed when it does not.

    Raises
    ------
    InputError
        The folder does not exist, or the name is not UTF-8.
    OSError
        The file cannot be written; it is named, whatever the system or Arrow said.
    """
    path = Path(path)
    check_name(path)
    if path.parent != Path() and not path.parent.is_dir():
        raise InputError(f"{path}: the folder {path.parent} does not exist; create it or choose another --out")
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    waiting = _WAITING.get() if _OF_THE_RESULT.get() else None
    try:
        yield partial
        if waiting is None:
            os.replace(partial, path)
        else:
            waiting[path] = partial
    except BaseException as error:
        partial.unlink(missing_ok=True)
        if waiting is not None:
            waiting.pop(path, None)
        if isinstance(error, OSError) and error.errno in _NO_ROOM:
            raise OSError(error.errno, os.strerror(error.errno), str(path)) from error
        raise
