"""One process at a time in a work folder, by a lock of the operating system: it falls when its process dies."""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import socket
from collections.abc import Iterator
from pathlib import Path

from ldscores.shared.errors import InputError

try:
    import fcntl
except ImportError:  # Windows has no such locks
    fcntl = None  # type: ignore[assignment]

logger = logging.getLogger(__name__)

LOCK_NAME = ".lock"
_HELD = (errno.EAGAIN, errno.EACCES)


@contextlib.contextmanager
def locked_folder(folder: Path, remedy: str) -> Iterator[None]:
    """Make a folder if need be and hold its lock; at the end the lock goes, and with it the folder when it is empty.

    Parameters
    ----------
    remedy
        What to do when another process has it, for the message.

    Raises
    ------
    InputError
        Another process holds the lock.
    """
    stream = _lock(folder, remedy)
    try:
        yield
    finally:
        # While the lock is still held: who waits for it finds another file under its name, or none, and tries again.
        (folder / LOCK_NAME).unlink(missing_ok=True)
        with contextlib.suppress(OSError):  # not empty: parts of a run that is not complete
            folder.rmdir()
        os.close(stream)


def _lock(folder: Path, remedy: str) -> int:
    path = folder / LOCK_NAME
    while True:
        folder.mkdir(exist_ok=True)
        try:
            stream = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        except FileNotFoundError:
            continue  # the other run has just removed the folder
        try:
            if fcntl is not None:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno in _HELD:
                owner = os.read(stream, 200).decode(errors="replace").strip() or "its process is not known"
                os.close(stream)
                raise InputError(
                    f"{folder}: another run is at work in it ({owner}); expected one run at a time; {remedy}"
                ) from error
            logger.warning("%s: this file system has no locks (%s): start no second run with this --out", folder, error)
        if _is_still(path, stream):
            os.ftruncate(stream, 0)
            os.write(stream, f"process {os.getpid()} on {socket.gethostname()}\n".encode())
            return stream
        os.close(stream)


def _is_still(path: Path, stream: int) -> bool:
    """Whether the file that was opened still lies under its name."""
    try:
        return os.path.samestat(os.stat(path), os.fstat(stream))
    except FileNotFoundError:
        return False
