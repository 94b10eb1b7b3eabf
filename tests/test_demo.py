"""`sumh2 demo`: the whole road on the embedded data, run once."""

from __future__ import annotations

import json
import re
import runpy
from pathlib import Path

import pytest
from conftest import ROOT

from sumh2 import InputError, read_atlas
from sumh2.demo import STEPS, _folder, run_demo

EMBEDDED = ROOT / "sumh2" / "embedded"


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """Folder and text of a run."""
    folder = tmp_path_factory.mktemp("demo") / "demo"
    return folder, "\n".join(run_demo(folder))


def test_demo__meets_the_truth(told):
    _, text = told
    rows = re.findall(r"^  (\S.*?)\s+(-?\d\.\d\d)\s+(-?\S+) \((\S+)\)$", text, re.MULTILINE)
    assert len(rows) == 10
    for what, truth, estimate, se in rows:
        assert abs(float(estimate) - float(truth)) < 2 * float(se), what
    near, of = map(
        int, re.search(r"Of the (\d+) genetic correlations of the atlas (\d+) are within", text).groups()[::-1]
    )
    assert of == 28 and near >= 24


def test_demo__shows_the_command_lines_that_it_ran(told):
    folder, text = told
    commands = re.findall(r"^   \$ (.*)$", text, re.MULTILINE)
    assert len(commands) == sum(len(step.commands) for step in STEPS) == 15
    assert str(folder) not in text.split("Files are in")[0] and "HERE" not in text
    assert all(step.title in text for step in STEPS)
    for name, verb in (("height.h2", "h2"), ("height.coding", "partition"), ("height.munge", "munge")):
        command = json.loads((folder / f"{name}.json").read_text())["provenance"]["command"]
        assert command[:2] == ["sumh2", verb]
    assert "sumh2 rg" in (folder / "rg.log").read_text().splitlines()[2]


def test_demo__finds_the_model_that_the_data_come_from(told):
    folder, _ = told
    models = json.loads((folder / "height.models.json").read_text())
    assert models["best"]["model"] == "coding"
    rows = {row["model"]: row["logl"] for row in models["estimates"] if row["confounding"] == "none"}
    assert rows["coding"] > rows["human-default"] > rows["gcta"]


def test_demo__leaves_an_atlas_its_page_and_a_report(told):
    folder, text = told
    assert read_atlas(folder / "atlas").n_traits == 8
    assert "consistent" in (folder / "atlas.html").read_text(encoding="utf-8")
    report = (folder / "report.html").read_text(encoding="utf-8")
    assert report.count("<article ") == 9 and report.count("<img ") >= 8
    assert "Files are in" in text and (folder / "ld" / "20.l2.ldscore.gz").is_file()


def test_demo__keeps_nothing_unless_asked():
    with _folder(None) as folder:
        assert folder.is_dir()
    assert not folder.exists()


@pytest.mark.parametrize(
    ("name", "message"), [("file", "found a file"), ("a,b", "found one of"), ("a@b", "found one of")]
)
def test_demo__refuses_a_folder_that_cannot_be(name, message, tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(InputError, match=message):
        next(run_demo(tmp_path / name))


def test_embedded__is_small():
    assert sum(path.stat().st_size for path in EMBEDDED.iterdir() if path.is_file()) < 3_000_000


@pytest.mark.slow
def test_embedded__is_what_its_maker_makes(tmp_path):
    maker = runpy.run_path(str(ROOT / "benchmarks" / "make_embedded.py"))
    maker["main"](tmp_path)
    made = sorted(Path(tmp_path).iterdir())
    assert {path.name for path in made} == {path.name for path in EMBEDDED.iterdir() if path.suffix != ".py"} - {
        "__pycache__"
    }
    for path in made:
        assert path.read_bytes() == (EMBEDDED / path.name).read_bytes(), path.name
