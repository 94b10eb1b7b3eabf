"""The page to explore an atlas: what is in it, that names stay text, and how it behaves in a real browser."""

from __future__ import annotations

import base64
import configparser
import hashlib
import json
import re
from fnmatch import fnmatch
from html.parser import HTMLParser

import numpy as np
import pytest
from atlas_page_world import EVIL, NAMES, atlas, consistent, make_atlas, page_path
from conftest import ROOT
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from ldscores.shared.errors import InputError
from sumh2 import fit_consistent, write_atlas
from sumh2.atlas.page import (
    CONSISTENT_COLUMNS,
    RAW_COLUMNS,
    build_atlas_page,
    cluster_known_traits,
    page_content,
    script_json,
)
from sumh2.atlas.page_files import find_consistent, read_consistent_pairs, read_page_template

__all__ = ["atlas", "consistent", "page_path"]  # fixtures
TYPES = {"f4": "<f4", "f8": "<f8", "i4": "<i4"}


def decode(packed):
    return np.frombuffer(base64.b64decode(packed["base64"]), TYPES[packed["kind"]])


def decode_texts(packed):
    return [packed["texts"][place] for place in decode(packed["places"])]


def embedded(text: str) -> dict:
    return json.loads(re.search(r'<script type="application/json" id="content">(.*?)</script>', text, re.DOTALL)[1])


# ---------------------------------------------------------------------------------------------------------------------
# Content


def test_page__holds_every_number_of_every_pair_and_trait(atlas, page_path):
    content = embedded(page_path.read_text(encoding="utf-8"))
    for name, kind in RAW_COLUMNS.items():
        expected = atlas.pair_table[name].to_numpy()
        # float32 keeps 24 bits; the false discovery rates and counts are as they were.
        np.testing.assert_allclose(decode(content["raw"][name]), expected, rtol=2.0**-24 if kind == "f4" else 0)
    for name in ("status", "why"):
        assert decode_texts(content["raw"][name]) == atlas.pair_table[name].to_pylist()
    assert [trait["name"] for trait in content["traits"]] == list(NAMES)
    for found, trait in zip(content["traits"], atlas.traits, strict=True):
        assert found["label"] == (trait.label or trait.name) and found["why"] == trait.why
        assert found["h2"] == (trait.h2 if np.isfinite(trait.h2) else None) and found["n_mean"] == trait.n_mean
    assert "/secret/folder" not in page_path.read_text(encoding="utf-8")


def test_page__holds_the_consistent_fit(atlas, consistent, page_path):
    content = embedded(page_path.read_text(encoding="utf-8"))["consistent"]
    frame = consistent.to_frame()
    rows = {(row.trait1, row.trait2): row for row in frame.itertuples()}
    fdr = dict(zip(rows, stats.false_discovery_control(10.0 ** frame["rg_log10_p"]), strict=True))
    columns = {name: decode(content[name]) for name in CONSISTENT_COLUMNS}
    for place, pair in enumerate(atlas.pair_table.select(["trait1", "trait2"]).to_pylist()):
        key = pair["trait1"], pair["trait2"]
        if "failed" in key:
            assert all(np.isnan(column[place]) for column in columns.values())
            assert decode_texts(content["why"])[place].startswith("failed is not in the consistent fit: ")
            continue
        for name in set(CONSISTENT_COLUMNS) - {"rg_fdr"}:
            assert columns[name][place] == pytest.approx(getattr(rows[key], name), rel=2.0**-24)
        assert columns["rg_fdr"][place] == pytest.approx(fdr[key], rel=1e-12)
    assert content["facts"]["p"] == consistent.p
    assert content["facts"]["eigenvalues_before"]["n_negative"] == int(sum(consistent.eigenvalues_before < -1e-8))


def test_consistent_fit__from_files_gives_the_same_page(atlas, consistent, tmp_path):
    consistent.save(tmp_path / "consistent")
    read = read_consistent_pairs(find_consistent(tmp_path))
    assert page_content(atlas, read) == page_content(atlas, consistent)
    for stem in ("consistent", "consistent.tsv"):
        assert read_consistent_pairs(tmp_path / stem).records == read.records


def test_consistent_fit__of_other_traits_in_another_order(atlas, consistent):
    """Pairs are found by their names, in either order."""
    order = [4, 2, 7, 1]
    part = page_content(atlas, fit_consistent(atlas.take(order), n_draws=0))["consistent"]
    rg = decode(part["rg"])
    expected = fit_consistent(atlas.take(sorted(order)), n_draws=0)
    pairs = atlas.pair_table.select(["trait1", "trait2"]).to_pylist()
    for i, first in enumerate(expected.names):
        for j in range(i + 1, len(expected.names)):
            place = pairs.index({"trait1": first, "trait2": expected.names[j]})
            assert rg[place] == pytest.approx(expected.rg[i, j], abs=1e-5)  # the fits end when cells move by 1e-6 SE
    assert np.isfinite(rg).sum() == 6


def test_consistent_fit__of_another_atlas_is_refused(atlas, consistent):
    with pytest.raises(InputError, match="which is not among the 3 traits; expected a fit of this atlas"):
        page_content(atlas.take([1, 2, 3]), consistent)
    with pytest.raises(
        InputError, match=r"found rg .* of height and bmi, .* in this one; expected a fit of this atlas"
    ):
        page_content(make_atlas(seed=4), consistent)


def test_consistent_fit__files_that_are_none(tmp_path):
    with pytest.raises(InputError, match="none.json: not found; expected what sumh2 consistent ATLAS"):
        read_consistent_pairs(tmp_path / "none")
    (tmp_path / "bad.json").write_text("{")
    with pytest.raises(InputError, match="no JSON"):
        read_consistent_pairs(tmp_path / "bad")
    (tmp_path / "table.json").write_text(json.dumps({"estimates": [{"trait1": "a", "trait2": "b", "rg": 0.1}]}))
    with pytest.raises(InputError, match="found no consistent fit of an atlas"):
        read_consistent_pairs(tmp_path / "table")


def test_clustered_order__neighbours_are_alike_and_failed_traits_last(atlas):
    order = cluster_known_traits(atlas.rg)
    assert sorted(order) == list(range(12)) and order[-1] == 11
    neighbours = [atlas.rg[one, other] for one, other in zip(order[:-2], order[1:-1], strict=True)]
    listed = [atlas.rg[place, place + 1] for place in range(10)]
    assert np.mean(neighbours) > np.mean(listed) + 0.2


@pytest.mark.parametrize("n_traits", [1, 2])
def test_small_atlases__have_a_page(atlas, n_traits):
    content = embedded(build_atlas_page(atlas.take(range(n_traits)), read_page_template()))
    assert len(content["traits"]) == n_traits and len(decode(content["raw"]["rg"])) == n_traits - 1


def test_size__of_300_traits_is_below_15_megabytes():
    names = [f"trait with a long name, number {number}" for number in range(300)]
    text = build_atlas_page(make_atlas(names, n_blocks=4), read_page_template())
    assert len(decode(embedded(text)["raw"]["rg"])) == 44_850
    assert len(text.encode()) < 15e6


# ---------------------------------------------------------------------------------------------------------------------
# Names stay text


@given(st.text(st.characters(codec=None)))
def test_embedded_json__is_inert_and_comes_back(text):
    written = script_json({"name": text})
    assert written.isascii() and not set("<>&") & set(written)
    assert json.loads(written) == {"name": text}


class _Elements(HTMLParser):
    """Elements of a page, and the texts of its scripts."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.attributes, self.scripts = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data):
        if self.tags and self.tags[-1] == "script":
            self.scripts.append(data)


def test_evil_names__add_no_element(atlas, consistent):
    template = read_page_template()
    plain = [f"plain{place}" for place in range(11)]
    harmless = _Elements(build_atlas_page(make_atlas((*plain, "failed")), template))
    text = build_atlas_page(atlas, template, consistent, title=f"{EVIL[0]} {EVIL[2]}")
    evil = _Elements(text)
    assert evil.tags == harmless.tags and evil.tags.count("script") == 2 and "img" not in evil.tags
    assert text.count(template.script) == 1 and "<b>here" not in text
    assert not [name for name, _ in evil.attributes if name.startswith("on") or name in ("src", "href", "style")]


def test_policy__names_the_one_script_and_style(page_path):
    text = page_path.read_text(encoding="utf-8")
    policy = re.search(r'Policy" content="(.*?)"', text)[1]
    policy = policy.replace("&#x27;", "'")
    for tag, body in (("script", text.rsplit("<script>", 1)[1].split("</script>")[0]),
                      ("style", text.split("<style>")[1].split("</style>")[0])):  # fmt: skip
        digest = base64.b64encode(hashlib.sha256(body.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}';" in policy
    assert policy.startswith("default-src 'none'; ")


def test_template__asks_for_nothing_and_writes_no_markup():
    template = read_page_template()
    for text in (template.markup, template.style, template.script):
        addresses = set(re.findall(r"https?://[^\"'\s]+", text))
        assert addresses <= {"http://www.w3.org/2000/svg"}  # a name, never fetched
        assert not re.search(r"url\(|@import|fetch\(|XMLHttpRequest|WebSocket|import\(", text)
    forbidden = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|eval\(|new Function|srcdoc"
    assert not re.search(forbidden, template.script)


def test_template__is_package_data():
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg", encoding="utf-8")
    patterns = [pattern.strip() for pattern in config["options.package_data"]["sumh2.atlas"].split(",")]
    files = [path.name for path in (ROOT / "sumh2" / "atlas").iterdir() if path.is_file() and path.suffix != ".py"]
    assert {"page_template.html", "page_template.css"} <= set(files)
    assert all(any(fnmatch(name, pattern) for pattern in patterns) for name in files)


# ---------------------------------------------------------------------------------------------------------------------
# Command line


def test_command__takes_the_fit_in_the_folder_and_draws(run_program_here, atlas, consistent, tmp_path):
    folder = tmp_path / "a"
    folder.mkdir()
    write_atlas(atlas.take(range(8)), folder)
    status, out, _ = run_program_here("sumh2", "atlas-page", folder, "--out", tmp_path / "raw.html")
    assert status == 0 and f"run sumh2 consistent {folder} --out {folder}/consistent" in out
    assert embedded((tmp_path / "raw.html").read_text(encoding="utf-8"))["consistent"] is None
    fitted = fit_consistent(atlas.take(range(8)), n_draws=0)
    fitted.save(folder / "consistent")
    words = ("--out", tmp_path / "page.html", "--plot", tmp_path / "map.svg", "--title", "Eight & more")
    status, out, _ = run_program_here("sumh2", "atlas-page", folder, *words)
    assert status == 0 and "8 traits, 28 pairs, with the consistent fit of" in out
    text = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "<title>Eight &amp; more</title>" in text and (tmp_path / "map.svg").stat().st_size > 1000
    assert decode(embedded(text)["consistent"]["rg"])[0] == np.float32(fitted.rg[0, 1])
    # Nothing but the pages and the figure.
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "map.svg", "page.html", "raw.html"]


def test_command__says_what_is_wrong_before_it_writes(run_program_here, tmp_path):
    for out, words in (("page.txt", "found ending '.txt', expected .html"),
                       ("no/page.html", "does not exist; create it or choose another --out")):  # fmt: skip
        status, _, err = run_program_here("sumh2", "atlas-page", tmp_path, "--out", tmp_path / out)
        assert status == 1 and words in err
    status, _, err = run_program_here("sumh2", "atlas-page", tmp_path, "--out", tmp_path / "page.html")
    assert status == 1 and "found no atlas" in err and not list(tmp_path.iterdir())
