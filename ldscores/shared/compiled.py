"""Compiled kernels, kept between runs where there is a place to keep them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba


def compiled(**options: Any) -> Callable[[Callable], Callable]:
    """``numba.njit`` with these options and a cache; without the cache where no folder can be written to.

    A container with a read-only file system and no home has no such folder, and numba then refuses at import.
    """

    def decorate(function: Callable) -> Callable:
        try:
            return numba.njit(cache=True, **options)(function)
        except RuntimeError:
            return numba.njit(**options)(function)

    return decorate
