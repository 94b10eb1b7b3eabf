"""Which command line is running, for records and logs: that of the process, or one that a command runs itself."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator, Sequence
from contextvars import ContextVar

_RUNNING: ContextVar[tuple[str, ...] | None] = ContextVar("running", default=None)


def command_words() -> list[str]:
    """The program's name and its words."""
    return list(_RUNNING.get() or sys.argv)


@contextlib.contextmanager
def running(words: Sequence[str]) -> Iterator[None]:
    """Within the block, records and logs name this command line."""
    token = _RUNNING.set(tuple(words))
    try:
        yield
    finally:
        _RUNNING.reset(token)
