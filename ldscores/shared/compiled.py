"""Compiled kernels, kept between runs where there is a place to keep them.

numba is imported when a kernel is first called: commands that call none do not wait half a second for it.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from typing import Any

_LOCK = threading.RLock()


class CompiledKernel:
    """A function that is compiled when it is first called, together with the kernels that it calls by name."""

    def __init__(self, function: Callable, options: dict[str, Any]) -> None:
        functools.update_wrapper(self, function)
        self._function, self._options = function, options
        self._dispatcher: Any = None

    def __call__(self, *arguments: Any) -> Any:
        return (self._dispatcher or self.dispatcher())(*arguments)

    def __reduce__(self) -> str | tuple:
        """Workers of a cluster find the kernel by its name."""
        return _kernel_of, (self._function.__module__, self._function.__qualname__)

    def dispatcher(self) -> Any:
        """numba's dispatcher.

        Compiled code cannot call this class: kernels among the globals of the function give way to their dispatchers.
        """
        with _LOCK:
            if self._dispatcher is None:
                names = self._function.__globals__
                for name in self._function.__code__.co_names:
                    if isinstance(names.get(name), CompiledKernel):
                        names[name] = names[name].dispatcher()
                self._dispatcher = _compile(self._function, self._options)
        return self._dispatcher


def compiled(**options: Any) -> Callable[[Callable], CompiledKernel]:
    """``numba.njit`` with these options and a cache; without the cache where no folder can be written to.

    A container with a read-only file system and no home has no such folder, and numba then refuses.
    """
    return lambda function: CompiledKernel(function, options)


def _compile(function: Callable, options: dict[str, Any]) -> Any:
    import numba

    try:
        return numba.njit(cache=True, **options)(function)
    except RuntimeError:
        return numba.njit(**options)(function)


def _kernel_of(module: str, name: str) -> Any:
    from importlib import import_module

    return getattr(import_module(module), name)
