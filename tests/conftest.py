"""Where the reference data stand."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared"

#: Simulated for this project with the outputs of LDSC 1.0.1 and LDAK 6.2; part of the repository.
PORTABLE = ROOT / "tests" / "reference" / "portable"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what reads ../shared where it is absent, and say so."""
    if SHARED.is_dir():
        return
    absent = pytest.mark.skip(reason=f"reads {SHARED}, which is not here")
    for item in items:
        if "shared" in item.keywords:
            item.add_marker(absent)


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with real data and reference outputs."""
    return SHARED


@pytest.fixture(scope="session")
def portable() -> Path:
    """The portable reference set."""
    return PORTABLE
