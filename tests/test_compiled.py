"""Kernels compile where nothing can be cached."""

from __future__ import annotations

import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

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


def plus_one(x):
    return x + 1


def test_with_a_place__the_cache_is_used(monkeypatch):
    asked = []
    monkeypatch.setattr(numba, "njit", lambda **options: asked.append(options) or (lambda function: function))
    kernel = compiled(nogil=True)(plus_one)
    assert asked == []  # nothing happens before the first call
    assert kernel(1) == 2
    assert kernel(2) == 3
    assert asked == [{"cache": True, "nogil": True}]


@pytest.mark.parametrize("error", [TypeError, ValueError])
def test_other_errors__are_not_swallowed(monkeypatch, error):
    def fail(**options):
        raise error

    monkeypatch.setattr(numba, "njit", fail)
    with pytest.raises(error):
        compiled()(plus_one)(1)


def test_kernels__know_their_own_name_and_words():
    kernel = compiled()(plus_one)
    assert kernel.__name__ == "plus_one"
    assert kernel.__wrapped__ is plus_one


def test_kernels__travel_to_workers():
    from ldscores.kernels import windows

    again = pickle.loads(pickle.dumps(windows._scan))
    assert again is windows._scan


@compiled()
def inner(x):
    return x * 2


@compiled()
def outer(x):
    return inner(x) + 1


def test_threads__compile_once_and_all_get_the_kernel():
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(outer, range(20))) == [2 * x + 1 for x in range(20)]


def test_importing_the_fits__does_not_import_numba():
    modules = "sumh2.ldsc.h2, sumh2.ldsc.rg, sumh2.sumher.fit, ldscores.building.build"
    code = f"import sys, {modules}; sys.exit('numba' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
