"""Where the reference data stand."""

from __future__ import annotations

import functools
import importlib
import logging
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ldscores import __version__

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


@pytest.fixture(scope="session")
def portable_panel(portable) -> Path:
    """Prefix of the portable panel: 300 people, 8,000 SNPs on two chromosomes."""
    return portable / "inputs" / "panel"


def names_in(folder: Path) -> set[str]:
    """Names of what is in a folder."""
    return {path.name for path in folder.iterdir()}


@pytest.fixture
def leave_loggers_as_they_were() -> Iterator[None]:
    """What a test sets up for logging ends with it."""
    from ldscores.shared.logs import LOGGER_NAMES

    loggers = [logging.getLogger(name) for name in LOGGER_NAMES]
    before = [(logger.level, list(logger.handlers)) for logger in loggers]
    yield
    for logger, (level, handlers) in zip(loggers, before, strict=True):
        logger.setLevel(level)
        logger.handlers[:] = handlers


@pytest.fixture
def run_program_here(monkeypatch, capsys) -> Iterator[Callable[..., tuple[int, str, str]]]:
    """Run a program's command line in this process: exit status, standard output, standard error."""
    from ldscores.shared.command_line import run_commands
    from ldscores.shared.logs import configure_logging

    def call(program: str, *words: object) -> tuple[int, str, str]:
        commands = importlib.import_module(f"{program}.cli").COMMANDS
        monkeypatch.setattr(sys, "argv", [program, *map(str, words)])
        with pytest.raises(SystemExit) as stopped:
            run_commands(program, summary="", commands=commands, version=__version__)
        return stopped.value.code or 0, *capsys.readouterr()

    yield call
    configure_logging()  # a command line with --quiet would silence the tests that follow


@pytest.fixture
def run_ldscores(run_program_here) -> Callable[..., tuple[int, str, str]]:
    """Run a command line of ldscores in this process: exit status, standard output, standard error."""
    return functools.partial(run_program_here, "ldscores")


@pytest.fixture
def run_sumh2(run_program_here) -> Callable[..., tuple[int, str, str]]:
    """Run a command line of sumh2 in this process: exit status, standard output, standard error."""
    return functools.partial(run_program_here, "sumh2")
