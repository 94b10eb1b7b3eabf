"""How far a long run has come: a bar on a terminal, a line every ten seconds in a pipe, nothing when quiet."""

from __future__ import annotations

import logging
import os
import sys
import time
from collections.abc import Iterable, Iterator, Sized
from typing import TypeVar

from ldscores.shared.logs import terminal_level

logger = logging.getLogger(__name__)

Item = TypeVar("Item")

#: Often enough to see that a job is alive, seldom enough for a cluster's log file.
SECONDS_BETWEEN_LINES = 10.0


def progress(iterable: Iterable[Item], *, label: str, unit: str, total: int | None = None) -> Iterator[Item]:
    """Hand on the items of `iterable` and report on standard error how many are done.

    Parameters
    ----------
    iterable : iterable
        The parts of the work.  A part counts as done when the next one is asked for.
    label : str
        What is being done, e.g. "tagging".
    unit : str
        What is being counted, in the plural, e.g. "chromosomes".
    total : int, optional
        How many there are; asked of `iterable` if it has a length.  Without it no time left is given.

    Returns
    -------
    iterator
        The same items in the same order.
    """
    if total is None and isinstance(iterable, Sized):
        total = len(iterable)
    if terminal_level() > logging.INFO:
        return iter(iterable)
    if _draws_bars():
        return _with_bar(iterable, label, unit, total)
    return _with_lines(iterable, label, unit, total)


def _draws_bars() -> bool:
    stream = sys.stderr
    return stream is not None and stream.isatty() and os.environ.get("TERM") != "dumb"


def _with_bar(iterable: Iterable[Item], label: str, unit: str, total: int | None) -> Iterator[Item]:
    # Imported here: most commands end before anything is drawn, and --help should not wait for it.
    from tqdm import tqdm

    # Not left behind when done: the log line that follows says what happened, with counts.
    looks = {"desc": label, "unit": f" {unit}", "leave": False, "dynamic_ncols": True}
    with tqdm(iterable, total=total, file=sys.stderr, **looks) as bar:
        yield from bar


def _with_lines(iterable: Iterable[Item], label: str, unit: str, total: int | None) -> Iterator[Item]:
    started = reported = time.monotonic()
    done = 0
    for item in iterable:
        yield item
        done += 1
        now = time.monotonic()
        if now - reported >= SECONDS_BETWEEN_LINES and done != total:
            reported = now
            logger.info("%s: %s", label, _describe(done, total, unit, now - started))
    if reported > started:  # a run that never reported was short: it needs no closing line either
        logger.info("%s: %d %s in %s", label, done, unit, format_seconds(time.monotonic() - started))


def _describe(done: int, total: int | None, unit: str, seconds: float) -> str:
    if total is None:
        return f"{done} {unit} in {format_seconds(seconds)}"
    left = seconds / done * max(total - done, 0)
    return f"{done}/{total} {unit}, about {format_seconds(left)} left"


def format_seconds(seconds: float) -> str:
    """A duration as people say it: ``42 s``, ``3 min 5 s``, ``2 h 10 min``.

    Parameters
    ----------
    seconds : float
        Duration in seconds, rounded to whole ones.
    """
    minutes, rest = divmod(round(seconds), 60)
    if minutes == 0:
        return f"{rest} s"
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"
