"""Tutorials and README run as written.  `python tests/test_tutorials.py` writes what the commands print into them.

A block ```console holds command lines after "$ " and what they print.  Every tutorial starts in an empty folder;
SUMH2_REPOSITORY names the clone, for tutorials on the reference data in it.  Lines that hold a date or a duration are
compared without it.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from decimal import Decimal
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
TUTORIALS = sorted((ROOT / "tutorials").glob("*.md"))
BLOCK = re.compile(r"```console\n(.*?)```", re.DOTALL)
PYTHON_BLOCK = re.compile(r"```python\n(.*?)```", re.DOTALL)


def printed(command: str, folder: Path) -> str:
    """What a command line prints, both streams together."""
    # The programs of the environment that runs the tests, at a fixed width.
    environment = {
        **os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "COLUMNS": "100",
        "SUMH2_REPOSITORY": str(ROOT),
    }  # fmt: skip
    done = subprocess.run(
        command, shell=True, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    return done.stdout


def rerun(text: str, folder: Path) -> str:
    """The text of a tutorial with every output replaced by what the command prints now."""

    def fill(block: re.Match) -> str:
        commands = re.findall(r"^\$ (.*)$", block[1], re.MULTILINE)
        return "```console\n" + "".join(f"$ {line}\n{printed(line, folder)}" for line in commands) + "```"

    return BLOCK.sub(fill, text)


NUMBER = re.compile(r"[-+]?\d[\d,]*(?:\.\d+)?(?:e[-+]?\d+)?")


def check_same_text(found: str, expected: str) -> None:
    """Equal but for rounding: the sums of another processor's BLAS differ in the last of 16 digits.

    Numbers may differ by 1e-10 of their size, or by one unit of the last digit that is printed; everything else, blanks
    that follow the length of a number apart, must be equal.
    """
    for ours, theirs in zip(found.splitlines(), expected.splitlines(), strict=False):
        message = f"\n{ours}\n{theirs}"
        assert NUMBER.sub("#", ours).split() == NUMBER.sub("#", theirs).split(), message
        for a, b in zip(NUMBER.findall(ours), NUMBER.findall(theirs), strict=True):
            first, second = (Decimal(number.replace(",", "")) for number in (a, b))
            unit = Decimal(1).scaleb(min(first.as_tuple().exponent, second.as_tuple().exponent))
            allowed = max(unit, abs(second) / 10**10) if "." in a + b else 0
            assert abs(first - second) <= allowed, message
    assert len(found.splitlines()) == len(expected.splitlines())


@pytest.mark.parametrize("path", TUTORIALS, ids=lambda path: path.stem)
def test_tutorial__prints_what_it_says(path, tmp_path):
    text = path.read_text(encoding="utf-8")
    assert BLOCK.search(text), "a tutorial without a command"
    check_same_text(rerun(text, tmp_path), text)


def test_same_text__forgives_rounding_only():
    check_same_text("h2  0.4365078598619439 (0.02)", "h2  0.436507859861943 (0.02)")
    check_same_text("15.67     0.17", "15.6701   0.17")
    for other in ("h2  0.43650786 (0.02)", "h2  0.4365078598619436 (0.04)", "rg  0.4365078598619436 (0.02)"):
        with pytest.raises(AssertionError):
            check_same_text("h2  0.4365078598619439 (0.02)", other)


@pytest.mark.parametrize("path", TUTORIALS, ids=lambda path: path.stem)
def test_tutorial__python_runs(path, tmp_path):
    blocks = PYTHON_BLOCK.findall(path.read_text(encoding="utf-8"))
    if not blocks:
        return
    printed("sumh2 demo --out demo", tmp_path)
    done = subprocess.run(
        [sys.executable, "-c", "\n".join(blocks)], cwd=tmp_path / "demo", capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def test_tutorials__are_all_in_the_readme():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert TUTORIALS
    for path in TUTORIALS:
        assert f"tutorials/{path.name}" in readme


if __name__ == "__main__":
    for tutorial in TUTORIALS:
        with tempfile.TemporaryDirectory() as folder:
            tutorial.write_text(rerun(tutorial.read_text(encoding="utf-8"), Path(folder)), encoding="utf-8")
