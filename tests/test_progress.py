"""A bar on a terminal, lines in a pipe, nothing when quiet."""

from __future__ import annotations

import io
import logging
import subprocess
import sys
from pathlib import Path

import pytest

from ldscores.shared import progress as progress_module
from ldscores.shared.logs import configure_logging, log_to_file
from ldscores.shared.progress import format_seconds, progress

pytestmark = pytest.mark.usefixtures("leave_loggers_as_they_were")


class Clock:
    """Seconds that pass only while an item is worked on."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 100.0
        monkeypatch.setattr(progress_module.time, "monotonic", lambda: self.now)

    def work(self, items, seconds: float) -> list:
        done = []
        for item in items:
            self.now += seconds
            done.append(item)
        return done


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def clock(monkeypatch):
    return Clock(monkeypatch)


def test_a_pipe_gets_a_line_every_ten_seconds(clock, capsys):
    configure_logging()
    assert clock.work(progress(range(10), label="tagging", unit="chromosomes"), 4) == list(range(10))
    assert capsys.readouterr().err.splitlines() == [
        "tagging: 3/10 chromosomes, about 28 s left",
        "tagging: 6/10 chromosomes, about 16 s left",
        "tagging: 9/10 chromosomes, about 4 s left",
        "tagging: 10 chromosomes in 40 s",
    ]


def test_the_last_line_is_not_written_twice(clock, capsys):
    configure_logging()
    clock.work(progress(range(2), label="pairs", unit="tiles"), 60)
    assert capsys.readouterr().err.splitlines() == [
        "pairs: 1/2 tiles, about 1 min 0 s left",
        "pairs: 2 tiles in 2 min 0 s",
    ]


def test_short_work_says_nothing(clock, capsys):
    configure_logging()
    clock.work(progress(range(9), label="tagging", unit="chromosomes"), 1)
    assert capsys.readouterr().err == ""


def test_without_a_length_there_is_no_time_left(clock, capsys):
    configure_logging()
    clock.work(progress(iter("abc"), label="reading", unit="chunks"), 6)
    assert capsys.readouterr().err.splitlines() == ["reading: 2 chunks in 12 s", "reading: 3 chunks in 18 s"]
    clock.work(progress(iter("abc"), label="reading", unit="chunks", total=3), 6)
    assert "reading: 2/3 chunks, about 6 s left" in capsys.readouterr().err


@pytest.mark.parametrize("terminal", [True, False])
def test_quiet_is_quiet_even_with_a_log_file(clock, monkeypatch, tmp_path, terminal):
    stream = Terminal() if terminal else io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    configure_logging(quiet=True)
    with log_to_file(tmp_path / "x.log"):
        assert clock.work(progress(range(3), label="tagging", unit="chromosomes"), 20) == [0, 1, 2]
    assert stream.getvalue() == ""


def test_nothing_is_drawn_for_a_library_user_who_asked_for_nothing(monkeypatch):
    monkeypatch.setattr(sys, "stderr", Terminal())
    assert list(progress(range(3), label="tagging", unit="chromosomes")) == [0, 1, 2]
    assert sys.stderr.getvalue() == ""


def test_a_terminal_gets_a_bar_and_log_lines_stay_whole(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys, "stderr", Terminal())
    configure_logging()
    for chromosome in progress([1, 2], label="tagging", unit="chromosomes"):
        logging.getLogger("ldscores.building.build").info("chromosome %d done", chromosome)
    drawn = sys.stderr.getvalue()
    assert "tagging:   0%" in drawn
    assert "0/2" in drawn
    for line in ("chromosome 1 done\n", "chromosome 2 done\n"):  # each begins where the bar was wiped away
        assert drawn[drawn.index(line) - 1] in "\r\n"
    logging.getLogger("ldscores.building.build").info("after")
    assert sys.stderr.getvalue().endswith("after\n")


def test_a_dumb_terminal_gets_lines(clock, monkeypatch):
    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.setattr(sys, "stderr", Terminal())
    configure_logging()
    clock.work(progress(range(2), label="tagging", unit="chromosomes"), 10)
    assert sys.stderr.getvalue() == "tagging: 1/2 chromosomes, about 10 s left\ntagging: 2 chromosomes in 20 s\n"


def test_errors_and_early_ends_pass_through(clock, capsys):
    configure_logging()

    def broken():
        yield 1
        raise ArithmeticError("no")

    with pytest.raises(ArithmeticError, match="no"):
        list(progress(broken(), label="tagging", unit="chromosomes"))
    assert next(iter(progress(range(5), label="tagging", unit="chromosomes"))) == 0
    assert capsys.readouterr().err == ""


def test_tqdm_is_loaded_only_when_a_bar_is_drawn():
    code = (
        "import sys, logging; from ldscores.shared.progress import progress; "
        "from ldscores.shared.logs import configure_logging; configure_logging(); "
        "list(progress([1], label='a', unit='b')); print('tqdm' in sys.modules)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path(__file__).parents[1]
    )
    assert ran.stdout == "False\n"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (59.4, "59 s"),
        (59.6, "1 min 0 s"),
        (185, "3 min 5 s"),
        (7800, "2 h 10 min"),
        (360000, "100 h 0 min"),
    ],
)
def test_format_seconds(seconds, text):
    assert format_seconds(seconds) == text
