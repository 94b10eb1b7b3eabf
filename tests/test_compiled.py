"""Kernels compile where nothing can be cached."""

from __future__ import annotations

import numba
import pytest

from ldscores.shared.compiled import compiled


def test_without_a_place_for_the_cache__kernels_still_compile(monkeypatch):
    original = numba.njit

    def refuse_cache(*functions, **options):
        if options.pop("cache", False):
            raise RuntimeError("cannot cache function: no locator available")
        return original(*functions, **options)

    monkeypatch.setattr(numba, "njit", refuse_cache)

    @compiled(nogil=True)
    def twice(x):
        return 2 * x

    assert twice(3) == 6


def test_with_a_place__the_cache_is_used(monkeypatch):
    asked = []
    monkeypatch.setattr(numba, "njit", lambda **options: asked.append(options) or (lambda function: function))
    compiled(nogil=True)(len)
    assert asked == [{"cache": True, "nogil": True}]


@pytest.mark.parametrize("error", [TypeError, ValueError])
def test_other_errors__are_not_swallowed(monkeypatch, error):
    def fail(**options):
        raise error

    monkeypatch.setattr(numba, "njit", fail)
    with pytest.raises(error):
        compiled()(len)
