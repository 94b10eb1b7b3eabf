"""Where log lines go: standard error, and on request a file beside the results.

Modules only say ``logging.getLogger(__name__)``; this is the one place that gives the loggers ``ldscores`` and
``sumh2`` a level and a handler.  The root logger and everyone else's loggers are left alone.
"""

from __future__ import annotations

import contextlib
import logging
import shlex
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import TextIO

from ldscores import __version__
from ldscores.shared.calls import command_words
from ldscores.shared.outputs import written_whole

#: The two loggers that are ours to configure.
LOGGER_NAMES = ("ldscores", "sumh2")

_PREFIXES = {logging.DEBUG: "debug: ", logging.INFO: "", logging.WARNING: "warning: "}


class _LineFormatter(logging.Formatter):
    """The message alone; anything but ordinary information is prefixed with what it is."""

    def format(self, record: logging.LogRecord) -> str:
        return _PREFIXES.get(record.levelno, "error: ") + super().format(record)


class _TerminalHandler(logging.StreamHandler):
    """Writes to whatever ``sys.stderr`` is at the time, above a progress bar if one is being drawn."""

    def __init__(self) -> None:
        # StreamHandler.__init__ would keep today's sys.stderr; tests and notebooks replace it.
        logging.Handler.__init__(self)
        self.setFormatter(_LineFormatter())

    @property
    def stream(self) -> TextIO:
        return sys.stderr

    def emit(self, record: logging.LogRecord) -> None:
        tqdm = sys.modules.get("tqdm")  # not imported: no bar to disturb
        if tqdm is None or not getattr(tqdm.tqdm, "_instances", None):
            super().emit(record)
            return
        try:
            tqdm.tqdm.write(self.format(record), file=sys.stderr)
        except Exception:  # noqa: BLE001  a log line must never stop the work: the rule of logging's own handlers
            self.handleError(record)


_TERMINAL = _TerminalHandler()


def configure_logging(quiet: bool = False, debug: bool = False) -> None:
    """Send log lines of ``ldscores`` and ``sumh2`` to standard error.

    May be called any number of times; the last call counts.  Warnings are prefixed ``warning:``.

    Parameters
    ----------
    quiet : bool
        Only warnings and errors.
    debug : bool
        Everything; wins over `quiet`.
    """
    level = logging.DEBUG if debug else logging.WARNING if quiet else logging.INFO
    _TERMINAL.setLevel(level)
    for name in LOGGER_NAMES:
        logger = logging.getLogger(name)
        logger.setLevel(level)
        logger.addHandler(_TERMINAL)  # adding the same handler again does nothing


def terminal_level() -> int:
    """The lowest level that reaches the terminal; the loggers' own level while nothing has been configured."""
    logger = logging.getLogger(LOGGER_NAMES[0])
    # A log file may lower the loggers' level below what the terminal shows, so the handler is asked first.
    return _TERMINAL.level if _TERMINAL in logger.handlers else logger.getEffectiveLevel()


@contextlib.contextmanager
def log_to_file(path: str | Path, *, argv: Sequence[str] | None = None) -> Iterator[Callable[[str], None]]:
    """Copy the log lines of ``ldscores`` and ``sumh2`` to a file while the block runs.

    The file starts with the date, the program version and the full call, and ends with the seconds taken.  It holds the
    informative lines even under ``--quiet``.  A run that fails leaves no log, nor does it touch that of an earlier run
    beside whose results it would lie.

    Parameters
    ----------
    path : str or Path
        File to write, replaced at the end if it is there.
    argv : sequence of str, optional
        The call, program name first; by default the command line that is running.

    Yields
    ------
    callable
        Writes a text, such as the report of the result, to the file alone.

    Raises
    ------
    InputError
        If its folder is not there.
    OSError
        If the file cannot be written.
    """
    argv = list(command_words() if argv is None else argv) or [""]
    with (
        written_whole(path) as partial,
        partial.open("w", encoding="utf-8", errors="backslashreplace") as stream,
    ):

        def note(text: str) -> None:
            stream.write(f"{text}\n")

        handler = logging.StreamHandler(stream)
        handler.setFormatter(_LineFormatter())
        note(
            f"{datetime.now().astimezone().isoformat(sep=' ', timespec='seconds')}\n"
            f"sumh2 {__version__}\n"
            f"{shlex.join([Path(argv[0]).name, *argv[1:]])}",
        )
        loggers = [logging.getLogger(name) for name in LOGGER_NAMES]
        levels = [logger.level for logger in loggers]
        for logger in loggers:
            logger.setLevel(min(logger.getEffectiveLevel(), logging.INFO))
            logger.addHandler(handler)
        started = time.monotonic()
        try:
            yield note
            note(f"done in {time.monotonic() - started:.1f} s")
        finally:
            for logger, level in zip(loggers, levels, strict=True):
                logger.removeHandler(handler)
                logger.setLevel(level)
            handler.close()
