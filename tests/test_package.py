"""What an installed package holds, told from setup.cfg."""

from __future__ import annotations

import configparser
import importlib.util
import re
from fnmatch import fnmatch

import pytest
from conftest import ROOT

CONFIG = configparser.ConfigParser()
CONFIG.read(ROOT / "setup.cfg", encoding="utf-8")


def test_every_embedded_file__is_package_data():
    """An editable install finds files that a real one lacks."""
    patterns = [pattern.strip() for pattern in CONFIG["options.package_data"]["sumh2.embedded"].split(",")]
    files = [path.name for path in (ROOT / "sumh2" / "embedded").iterdir() if path.suffix not in (".py", ".pyc")]
    assert "panel.bed" in files
    for name in files:
        assert name == "__pycache__" or any(fnmatch(name, pattern) for pattern in patterns), name


def test_pyproject__has_the_build_system_alone():
    sections = re.findall(r"^\[(.*)\]$", (ROOT / "pyproject.toml").read_text(encoding="utf-8"), re.MULTILINE)
    assert sections == ["build-system"]


@pytest.mark.parametrize("name", re.findall(r"^([\w-]+) >=", CONFIG["options"]["install_requires"], re.MULTILINE))
def test_every_dependency__is_there_and_used(name):
    module = {"bed-reader": "bed_reader"}.get(name, name)
    assert importlib.util.find_spec(module)
    sources = [path for folder in ("ldscores", "sumh2", "tests") for path in (ROOT / folder).rglob("*.py")]
    assert any(re.search(rf"^\s*(import|from) {module}\b", path.read_text(encoding="utf-8"), re.MULTILINE)
               for path in sources)  # fmt: skip


def test_extras__are_those_that_messages_name():
    messages = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "sumh2").rglob("*.py"))
    messages += "".join(path.read_text(encoding="utf-8") for path in (ROOT / "ldscores").rglob("*.py"))
    named = set(re.findall(r"sumh2\[(\w+)\]", messages))
    assert named and named <= set(CONFIG["options.extras_require"])
