"""How many cores this process may use."""

from __future__ import annotations

import logging
import os

from ldscores.shared.errors import InputError

logger = logging.getLogger(__name__)


def usable_cores() -> int:
    """Cores of this process, which a scheduler or container may have made fewer than the machine's."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1  # macOS and Windows do not say


def choose_threads(threads: int | None) -> int:
    """Threads for ``--threads``: all cores by default, and never more than there are.

    Raises
    ------
    InputError
        Fewer than one is asked for.
    """
    if threads is None:
        return usable_cores()
    if threads < 1:
        raise InputError(f"--threads {threads}: expected at least 1; leave it out to use all cores")
    if threads > usable_cores():
        logger.info("--threads %d: this process has %d cores, and so many are used", threads, usable_cores())
    return min(threads, usable_cores())
