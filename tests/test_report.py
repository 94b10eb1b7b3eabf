"""`sumh2 report`: every kind of result becomes a page; names are text; what cannot be read is refused with a remedy."""

from __future__ import annotations

import base64
import hashlib
import importlib
import json
import pkgutil
import re
from dataclasses import replace
from html.parser import HTMLParser

import plot_worlds as worlds
import pytest
from atlas_page_world import EVIL
from report_worlds import RESULTS, evil_h2, save_all

import sumh2
from ldscores.shared.columns import meaning_of
from sumh2 import InputError, fit_h2, write_report
from sumh2.report import figures as report_figures
from sumh2.report.record_files import read_result, saved_result
from sumh2.report.section import judge_rows
from sumh2.report.sections import SECTIONS, build_section
from sumh2.results import Result
from sumh2.screens import result as screen_module

VOID = {"meta", "img", "br", "hr", "input", "link"}


class Page(HTMLParser):
    """Tags, attributes and texts of a page; every tag has to be closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict]] = []
        self.texts: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == [], self.open

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open[-1:] not in (["style"], ["script"]):
            self.texts.append(data)

    def find(self, tag: str) -> list[dict]:
        return [attributes for name, attributes in self.tags if name == tag]

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).split())


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    return save_all(tmp_path_factory.mktemp("saved"))


@pytest.fixture(scope="module")
def whole_page(saved, tmp_path_factory):
    path = write_report(list(saved.values()), tmp_path_factory.mktemp("page") / "page.html")
    return path, Page(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("kind", sorted(SECTIONS))
def test_every_kind__says_what_was_estimated_how_to_read_it_and_what_misleads(kind, saved):
    read = read_result(saved[kind])
    section = build_section(read, 100)
    assert read.kind == kind and section.title and section.family
    assert section.headline and all(len(sentence) > 20 for sentence in section.headline[:1])
    assert section.tables and section.reading and section.misleading
    for table in section.tables:
        assert all(len(row) == len(table.columns) for row in table.rows)
    words = " ".join(
        [*section.headline, *(cell.text for table in section.tables for row in table.rows for cell in row)]
    )
    assert not re.search(r"\b(nan|None|inf)\b", words)


def test_every_result__has_a_kind_and_a_section():
    for module in pkgutil.walk_packages(sumh2.__path__, "sumh2."):
        importlib.import_module(module.name)
    kinds, waiting = set(), [Result]
    while waiting:
        for one in waiting.pop().__subclasses__():
            waiting.append(one)
            kinds.add(one.kind)
    assert kinds <= set(SECTIONS) and set(SECTIONS) - kinds == {"munge", "simulation"}
    assert set(RESULTS) == kinds - {"atlas", "doctor"}


@pytest.mark.parametrize("kind", sorted(RESULTS))
def test_columns__are_in_the_glossary(kind, saved):
    """What a result's table has, to_frame() has: see Result.save."""
    names = saved[kind].with_suffix(".tsv").read_text(encoding="utf-8").partition("\n")[0].split("\t")
    assert not [name for name in names if not meaning_of(name)]


def test_page__has_a_section_a_result_and_a_table_of_contents(whole_page, saved):
    _, page = whole_page
    ids = [attributes["id"] for attributes in page.find("article")]
    assert ids == [f"result-{place + 1}" for place in range(len(saved))]
    links = [attributes["href"].removeprefix("#") for attributes in page.find("a")]
    assert set(ids) <= set(links) and {link for link in links if not link.startswith("input")} - set(ids) == {"results"}
    assert "How to read it" in page.text and "What would mislead you" in page.text and "To cite" in page.text


def test_page__is_accessible(whole_page):
    _, page = whole_page
    assert page.find("html") == [{"lang": "en"}] and len(page.find("h1")) == 1
    assert page.find("img") and all(len(image["alt"]) > 20 for image in page.find("img"))
    assert len(page.find("caption")) == len(page.find("table"))
    assert all(heading.get("scope") in ("col", "row") for heading in page.find("th"))


def test_page__needs_nothing_from_outside(whole_page):
    path, page = whole_page
    for _, attributes in page.tags:
        assert "style" not in attributes and not any(name.startswith("on") for name in attributes)
        for name in ("src", "href"):
            assert attributes.get(name, "#").startswith(("#", "data:image/svg+xml;base64,"))
    policy = next(one["content"] for one in page.find("meta") if "content" in one and "default-src" in one["content"])
    assert "default-src 'none'" in policy and "unsafe" not in policy
    text = path.read_text(encoding="utf-8")
    for tag, source in (("style", "style-src"), ("script", "script-src")):
        (content,) = re.findall(rf"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert f"{source} 'sha256-{digest}'" in policy


def test_figures__are_drawn_for_every_kind_that_has_them(whole_page, saved):
    path, _ = whole_page
    articles = path.read_text(encoding="utf-8").split("<article ")[1:]
    without = {
        "validate",
        "simulation",
        "atlas-test",
        "genomicsem",
        "doctor",
        "h2",
    }  # the last two: their data are not here
    for kind, article in zip(saved, articles, strict=True):
        images = re.findall(r"base64,([^\"]*)", article)
        assert bool(images) == (kind not in without), kind
        for image in images:
            svg = base64.b64decode(image)
            assert svg.startswith(b"<?xml") and b"<script" not in svg and len(svg) > 5000, kind


@pytest.mark.parametrize("kind", ["h2", "rg", "partition", "compare", "alpha", "screen", "consistent"])
def test_object__says_what_its_file_says(kind, saved):
    ours, theirs = (build_section(one, 50) for one in (saved_result(RESULTS[kind]()), read_result(saved[kind])))
    for name in ("title", "headline", "status", "counts", "reasons", "steps"):
        assert list(getattr(ours, name)) == list(getattr(theirs, name)), name
    assert [table.rows for table in ours.tables] == [table.rows for table in theirs.tables]


def test_h2__has_its_figure_when_its_files_are_still_the_same(tmp_path, run_sumh2, portable):
    inputs = portable / "inputs"
    trait = tmp_path / "t.sumstats.xz"
    trait.write_bytes((inputs / "trait1.sumstats.xz").read_bytes())
    ld = next(path for path in (portable / "ldsc").iterdir() if path.name.endswith(".l2.ldscore.gz"))
    stem = str(ld).removesuffix(".l2.ldscore.gz").removesuffix(".1").removesuffix(".2")
    status, _, errors = run_sumh2("h2", trait, "--ld", f"{stem}.", "--out", tmp_path / "t.h2", "--quiet")
    assert status == 0, errors
    read = Page(write_report(tmp_path / "t.h2.json", tmp_path / "a.html").read_text(encoding="utf-8"))
    assert len(read.find("img")) == 1 and "t.sumstats.xz" in read.text and "sumh2 h2" in read.text
    trait.write_bytes((inputs / "trait2.sumstats.xz").read_bytes())
    other = Page(write_report(tmp_path / "t.h2.json", tmp_path / "b.html").read_text(encoding="utf-8"))
    assert not other.find("img") and "is not the file any more" in other.text
    trait.unlink()
    gone = Page(write_report(tmp_path / "t.h2.json", tmp_path / "c.html").read_text(encoding="utf-8"))
    assert not gone.find("img") and "not where they were" in gone.text


def test_names__are_text(tmp_path):
    worlds.h2_result()
    result = evil_h2()
    result.save(tmp_path / "evil")
    pairs = replace(worlds.rg_result().pairs[0], trait1=EVIL[0], trait2=EVIL[1], why=f"x: {EVIL[2]}")
    rg = replace(worlds.rg_result(), pairs=(pairs, *worlds.rg_result().pairs[1:]), origin={
        "program": EVIL[0], "command": ["sumh2", EVIL[1]], "inputs": [{"path": EVIL[0], "bytes": 1, "sha256": EVIL[1]}],
        "options": {EVIL[0]: EVIL[1]},
    })  # fmt: skip
    text = write_report([tmp_path / "evil.json", rg], tmp_path / "p.html", title=EVIL[0]).read_text(encoding="utf-8")
    page = Page(text)  # every tag closed: none came from a name
    assert not [one for one in page.find("img") if "onerror" in one] and len(page.find("script")) == 1
    assert "<!--" not in text.split("<body>")[1]
    assert EVIL[0] in page.text and EVIL[1] in page.text and "{{script}}" in page.text


def test_title__of_a_file_name_that_is_no_text(tmp_path):
    path = write_report(worlds.h2_result(), tmp_path / "p.html", title="a\udcffb")
    assert Page(path.read_text(encoding="utf-8")).text.startswith("a?b")


def test_page__is_the_same_bytes_again(saved, tmp_path):
    names = [saved[kind] for kind in ("rg", "munge", "partition")]
    one, two = (write_report(names, tmp_path / f"{name}.html").read_bytes() for name in "ab")
    assert one == two


def test_long_tables__are_cut_with_a_note(saved, tmp_path, monkeypatch):
    page = Page(write_report(saved["screen"], tmp_path / "p.html", most_rows=20).read_text(encoding="utf-8"))
    assert "The first 20 of 60 rows." in page.text
    monkeypatch.setattr(screen_module, "LARGE", 10)
    worlds.screen_result().save(tmp_path / "large")
    assert "estimates" not in json.loads((tmp_path / "large.json").read_text())
    assert len(read_result(tmp_path / "large").rows) == 60
    (tmp_path / "large.parquet").unlink()
    with pytest.raises(InputError, match="large.parquet: not found; expected the rows of the screen"):
        read_result(tmp_path / "large")


def test_columns_that_say_nothing__are_left_out():
    section = build_section(saved_result(worlds.h2_result()), 10)
    titles = [column.title for column in section.tables[0].columns]
    assert "h2 (SE)" in titles and not any("liability" in title for title in titles)
    ok = replace(
        worlds.rg_result(), pairs=tuple(replace(pair, status="ok", why="") for pair in worlds.rg_result().pairs)
    )
    assert "why" not in [column.title for column in build_section(saved_result(ok), 10).tables[0].columns]


def test_small_p__does_not_underflow():
    z = worlds.one_trait().z[:, 0]
    pair = replace(worlds.rg_result().pairs[0], rg=0.9, rg_se=0.01, rg_z=90.0, rg_p=0.0, rg_log10_p=-1761.2)
    section = build_section(saved_result(replace(worlds.rg_result(), pairs=(pair,))), 10)
    assert "e-1762" in section.headline[0] and len(z)
    assert any(cell.value == -1761.2 for row in section.tables[0].rows for cell in row)


def test_headlines__of_what_is_not_there_claim_nothing():
    nan = float("nan")
    h2 = worlds.h2_result()
    for changed, words in (
        ({"h2": -0.02, "h2_se": 0.03}, "below zero"),
        ({"h2": 0.03, "h2_se": 0.03}, "within two standard errors of zero"),
        ({"h2": nan, "h2_se": nan}, "could not be estimated"),
        ({"intercept": 0.9, "intercept_se": 0.01}, "genomic control"),
        ({"intercept": 1.2, "intercept_se": 0.01}, "not polygenic"),
        ({"intercept": 1.0, "intercept_se": nan}, "held at 1.000"),
    ):
        assert words in " ".join(build_section(saved_result(replace(h2, **changed)), 10).headline), changed
    pair = replace(
        worlds.rg_result().pairs[0], rg=nan, rg_se=nan, rg_z=nan, rg_p=nan, rg_log10_p=nan, status="unusable"
    )
    section = build_section(saved_result(replace(worlds.rg_result(), pairs=(pair,))), 10)
    assert section.headline[0].startswith("No genetic correlation") and section.status == "unusable"


def test_status__of_several_estimates():
    def rows(*statuses):
        return [{"name": f"n{place}", "status": one, "why": "" if one == "ok" else f"few SNPs: {place}"}
                for place, one in enumerate(statuses)]  # fmt: skip

    name = lambda row: row["name"]  # noqa: E731
    assert judge_rows(rows("ok", "ok"), name)[:2] == ("ok", "2 ok")
    assert judge_rows(rows("ok", "unusable"), name)[0] == "caution"
    assert judge_rows(rows("unusable", "unusable"), name)[0] == "unusable"
    _, _, reasons = judge_rows(rows(*["caution"] * 5), name)
    assert len(reasons) == 1 and reasons[0][0] == "all" and "of n0; the others" in reasons[0][1]


def test_without_matplotlib__the_page_says_how_to_add_figures(saved, tmp_path, monkeypatch, run_sumh2):
    monkeypatch.setattr(report_figures, "can_draw", lambda: False)
    monkeypatch.setattr("sumh2.report.report_files.can_draw", lambda: False)
    status, out, _ = run_sumh2("report", saved["rg"], saved["atlas"], "--out", tmp_path / "p.html")
    page = Page((tmp_path / "p.html").read_text(encoding="utf-8"))
    assert status == 0 and "pip install 'sumh2[plot]'" in out
    assert not page.find("img") and page.text.count("pip install 'sumh2[plot]'") == 2


# ---------------------------------------------------------------------------------------------------------------------
# What is named, and what is refused


def test_results__are_found_by_any_of_their_files(saved, tmp_path):
    stem = str(saved["compare"]).removesuffix(".json")
    for name in (stem, f"{stem}.tsv", f"{stem}.parquet", f"{stem}.enrichment.tsv", f"{stem}.json"):
        assert read_result(name).kind == "compare", name
    munged = str(saved["munge"]).removesuffix(".munge.json")
    for name in (munged, f"{munged}.sumstats.parquet", f"{munged}.munge.json"):
        assert read_result(name).kind == "munge", name
    assert read_result(saved["atlas"] / "atlas.json").kind == read_result(saved["atlas"]).kind == "atlas"


RECORD = {"format": "sumh2 result", "format_version": 1, "kind": "h2", "estimates": [{"h2": 0.1}], "provenance": {}}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            RECORD | {"format_version": 2, "provenance": {"program": "sumh2 9.0"}},
            "version 2.*written by sumh2 9.0: upgrade",
        ),
        (RECORD | {"kind": "dance"}, "the kind 'dance', expected one of h2, .*upgrade"),
        (RECORD | {"format": "other"}, "found the format 'other', expected 'sumh2 result'"),
        (RECORD | {"format_version": "x"}, "no format_version"),
        ({"estimates": []}, "JSON without a format"),
        (RECORD | {"estimates": []}, "found no estimates"),
        (RECORD | {"estimates": "x"}, "found no estimates"),
        (RECORD | {"provenance": 3}, "JSON of another shape"),
        ([1], "JSON of another shape"),
    ],
)
def test_foreign_records__are_refused(content, message, tmp_path):
    (tmp_path / "r.json").write_text(json.dumps(content))
    with pytest.raises(InputError, match=message):
        write_report(tmp_path / "r.json", tmp_path / "p.html")
    assert not (tmp_path / "p.html").exists()


def test_newer_atlas__is_refused(saved, tmp_path):
    (tmp_path / "atlas.json").write_text(json.dumps({"format": "sumh2 atlas", "format_version": 99}))
    with pytest.raises(InputError, match="sumh2 atlas version 99"):
        read_result(tmp_path)


def test_bare_record__gives_a_page_without_what_it_lacks(tmp_path):
    for kind in SECTIONS:
        if kind in ("atlas", "munge", "simulation"):
            continue
        (tmp_path / "r.json").write_text(json.dumps(RECORD | {"kind": kind}))
        assert build_section(read_result(tmp_path / "r.json"), 10).family


def test_what_is_not_there__is_said(tmp_path, saved, run_sumh2):
    (tmp_path / "x.txt").write_text("x")
    (tmp_path / "cut.json").write_text('{"format": "sumh2 res')
    for name, message in (("gone.json", "not found; expected what --out wrote"), ("x.txt", "no record beside it"),
                          ("", "a folder without atlas.json"), ("cut.json", "no JSON")):  # fmt: skip
        status, _, errors = run_sumh2("report", f"{tmp_path}/{name}", "--out", tmp_path / "p.html")
        assert status == 1 and message in errors, name
    for out, message in (("p.txt", "expected .html"), ("no/p.html", "does not exist")):
        status, _, errors = run_sumh2("report", saved["rg"], "--out", tmp_path / out)
        assert status == 1 and message in errors
    status, _, errors = run_sumh2("report", "--out", tmp_path / "p.html")
    assert status == 2 and "found no result" in errors
    status, _, errors = run_sumh2("report", saved["rg"], "--out", tmp_path / "p.html", "--most-rows", "0")
    assert status == 2 and "--most-rows" in errors
    with pytest.raises(InputError, match="found no result"):
        write_report([], tmp_path / "p.html")


def test_h2_of_several_ld_scores__has_a_row_each():
    result = fit_h2(worlds.category_traits(), n_blocks=40)
    section = build_section(saved_result(result), 10)
    assert section.tables[1].caption == "By LD score" and len(section.tables[1].rows) == 4


def test_input_files__stand_once_in_a_page_and_sections_link_to_them(tmp_path):
    shared, own, changed = ({"path": path, "bytes": 10 + size, "sha256": digest * 32} for path, size, digest in
                            (("ld/1.l2.gz", 0, "ab"), ("t.parquet", 1, "cd"), ("ld/1.l2.gz", 2, "ef")))  # fmt: skip
    results = [
        replace(worlds.h2_result(), origin={"program": "sumh2", "inputs": inputs})
        for inputs in ([shared, own], [shared], [changed])
    ]
    text = write_report(results, tmp_path / "p.html").read_text(encoding="utf-8")
    page = Page(text)
    assert [text.count(one["sha256"]) for one in (shared, own, changed)] == [1, 1, 1]
    articles = text.split("<article ")[1:]
    links = [re.findall(r'href="#(input-\d+)"><bdi>(.*?)</bdi>', article) for article in articles]
    assert links == [[("input-1", "ld/1.l2.gz"), ("input-2", "t.parquet")], [("input-1", "ld/1.l2.gz")],
                     [("input-3", "ld/1.l2.gz")]]  # fmt: skip
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(set(ids)) == len(ids) and {"inputs", "input-1", "input-2", "input-3"} <= set(ids)
