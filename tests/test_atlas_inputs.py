"""What goes into an atlas: the store, manifests, the command line."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from atlas_traits import N_BLOCKS, make_tagging, make_traits, write_inputs

from ldscores.shared.command_line import run_commands
from ldscores.shared.tables import read_table
from sumh2 import InputError, align, build_atlas, read_atlas, read_trait_list
from sumh2 import cli as sumh2_cli
from sumh2.atlas.store_files import SUFFIX, read_stored, store_traits
from sumh2.atlas.trait_fit import AtlasOptions

OPTIONS = AtlasOptions(n_blocks=N_BLOCKS)


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> Path:
    """A folder with a tagging and four munged traits."""
    return write_inputs(tmp_path_factory.mktemp("atlas-input"), 4)


# ---------------------------------------------------------------------------------------------------------------------
# Store and manifest


def test_store__keeps_what_alignment_gives(files, tmp_path):
    tagging = make_tagging().take(np.flatnonzero(np.isfinite(make_tagging().regression_tagging)))
    listed = [
        *read_trait_list([files / "trait[0-1].*"]),
        replace(read_trait_list([files / "trait[1-2].*"])[1], n=1234.0),
    ]
    for double in (False, True):
        entries = store_traits(listed, tagging, tmp_path / "store", double=double)
        traits = make_traits(make_tagging(), 4)
        for number, entry in enumerate(entries):
            stored = read_stored(entry.path)
            aligned = align([traits[number]], make_tagging())
            weighted = np.flatnonzero(np.isfinite(make_tagging().regression_tagging))
            z = np.full(len(make_tagging()), np.nan)
            z[aligned.rows] = aligned.z[:, 0]
            np.testing.assert_array_equal(stored.z, z[weighted].astype(np.float64 if double else np.float32))
            assert stored.z.dtype == (np.float64 if double else np.float32)
            assert (stored.kinds[np.isnan(stored.z)] == 0).all()
        assert len(read_stored(entries[0].path).n) == 1 and len(read_stored(entries[1].path).n) == len(tagging)
        assert read_stored(entries[2].path).n.tolist() == [1234.0]
    assert len(set(tmp_path.glob(f"store/*{SUFFIX}"))) == 6
    (tmp_path / "broken").write_bytes(b"ARROW1")
    with pytest.raises(InputError, match="expected a trait of an atlas store; delete it and run again"):
        read_stored(tmp_path / "broken")


def test_manifest__table_and_yaml_say_the_same(files, tmp_path):
    rows = (
        "trait\tfile\tN\tcases\tcontrols\tpop_prev\tgroup\tlabel\n"
        f"one\t{files}/trait0.sumstats.parquet\t1000\t400\t600\t0.01\tbrain\tTrait One\n"
        f"two\t{files}/trait1.sumstats.parquet\t5000\t\t\t\t\t\n"
    )
    (tmp_path / "list.tsv").write_text(rows)
    (tmp_path / "list.yaml").write_text(
        f"traits:\n- {{trait: one, file: {files}/trait0.sumstats.parquet, N: 1000, cases: 400, controls: 600, "
        "pop_prev: 0.01, group: brain, label: Trait One}\n"
        f"- {{trait: two, file: {files}/trait1.sumstats.parquet, N: 5e3}}\n"
    )
    listed = read_trait_list([tmp_path / "list.tsv"])
    assert listed == read_trait_list([tmp_path / "list.yaml"])
    assert listed[0].label == "Trait One" and listed[1].n == 5000.0
    atlas = build_atlas(listed, make_tagging(), tmp_path / "atlas", options=OPTIONS)
    assert atlas.traits[0].samp_prev == pytest.approx(0.4) and np.isfinite(atlas.traits[0].h2_liab)
    assert atlas.traits[1].n_mean == 5000 and np.isnan(atlas.traits[1].h2_liab)
    assert (atlas.traits[0].group, atlas.traits[0].n_cases) == ("brain", 400.0)
    (tmp_path / "names.yml").write_text(f"a: {files}/trait0.sumstats.parquet\nb: {files}/trait1.sumstats.parquet\n")
    assert [trait.name for trait in read_trait_list([tmp_path / "names.yml"])] == ["a", "b"]


def test_manifest__paths_are_sought_from_its_folder(files, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (files / "near.tsv").write_text("FILE\ntrait0.sumstats.parquet\ntrait1.sumstats.parquet\n")
    listed = read_trait_list([files / "near.tsv"])
    assert [trait.name for trait in listed] == ["trait0", "trait1"]
    assert all(os.path.isfile(trait.source) for trait in listed)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("trait\tfile\tprevalance\na\tb\t1\n", "unknown column 'prevalance'; expected some of trait file N"),
        ("trait\tfile\tpopprev\na\tb\t1\n", "did you mean pop_prev"),
        ("trait\tfile\tTrait\na\tb\tc\n", "column trait is there twice"),
        ("trait\tfile\tN\na\tb\tmany\nc\td\t5\n", "trait 1: N is 'many'; expected a positive number"),
        ("trait\tfile\tpop_prev\na\tb\t1.5\nc\td\t0.1\n", "pop_prev is '1.5'; expected a share between 0 and 1"),
        ("trait\tfile\na\t\nc\td\n", "trait 1: no file"),
        ("trait\tfile\na\tx\na\ty\n", "found two traits called a .*name them in a manifest"),
        ("trait\tfile\na\tx\n", "found 1 trait, expected two or more"),
        ("trait\tfile\n", "found no trait, expected one a row"),
    ],
)
def test_manifest__messages(text, message, tmp_path):
    path = tmp_path / "list.tsv"
    path.write_text(text)
    with pytest.raises(InputError, match=message):
        read_trait_list([path])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- a\n- b\n", "found no list of traits"),
        ("x: [1\n", "no YAML"),
        ("- {trait: a}\n- {trait: b}\n", "no column file"),
        ("- {file: a, N: -3}\n- {file: b}\n", "N is -3; expected a positive number"),
    ],
)
def test_yaml__messages(text, message, tmp_path, monkeypatch):
    path = tmp_path / "list.yaml"
    path.write_text(text)
    with pytest.raises(InputError, match=message):
        read_trait_list([path])
    monkeypatch.setitem(sys.modules, "yaml", None)
    with pytest.raises(InputError, match=r"pip install 'sumh2\[yaml\]', or write the manifest as a table"):
        read_trait_list([path])


def test_a_pattern_that_matches_nothing__is_said(tmp_path):
    with pytest.raises(InputError, match="no file matches; expected summary statistics"):
        read_trait_list([tmp_path / "*.sumstats.parquet"])


def test_one_file_under_two_names__is_two_traits(files, tmp_path):
    (tmp_path / "list.tsv").write_text(
        "trait\tfile\n" + "".join(f"{name}\t{files}/trait0.sumstats.parquet\n" for name in "abc")
    )
    atlas = build_atlas(read_trait_list([tmp_path / "list.tsv"]), make_tagging(), tmp_path / "atlas", options=OPTIONS)
    np.testing.assert_allclose(atlas.rg, 1.0, atol=0.05)
    assert all("same data" in row["why"] for row in atlas.to_records())


# ---------------------------------------------------------------------------------------------------------------------
# Command line


@pytest.fixture
def run(capsys):
    def call(*words):
        with pytest.raises(SystemExit) as stop:
            run_commands("sumh2", summary="", commands=sumh2_cli.COMMANDS, version="0", argv=list(map(str, words)))
        return stop.value.code or 0, *capsys.readouterr()

    return call


def test_command__writes_the_folder_and_reports(files, tmp_path, run):
    (tmp_path / "pairs.tsv").write_text("trait1\ttrait2\ntrait0\ttrait1\n")
    status, out, err = run(
        "atlas", files / "trait[0-3].sumstats.parquet", "--ld", files / "eur.tagging.parquet", "--out",
        tmp_path / "atlas", "--n-blocks", N_BLOCKS, "--ldsc-pairs", tmp_path / "pairs.tsv",
    )  # fmt: skip
    assert status == 0, err
    assert "4 traits (" in out and "6 pairs" in out and "exactly as LDSC:" in out and "written: " in out
    atlas = read_atlas(tmp_path / "atlas")
    assert atlas.names == ("trait0", "trait1", "trait2", "trait3")
    assert "4 traits, 6 pairs" in (tmp_path / "atlas" / "atlas.log").read_text()
    exact = read_table(tmp_path / "atlas" / "ldsc_pairs.tsv")
    assert exact["n_snps"][0].as_py() == atlas.n_snps[0, 1]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--no-intercept", "--gcov-intercept", "0"], "found --no-intercept and a fixed intercept"),
        (["--threads", "-1"], "--threads: found -1, expected 1 core or more"),
        (["--memory", "0"], "--memory: found 0, expected a positive number of GB"),
        (["--chisq-max", "-4"], "--chisq-max: found -4"),
        (["--n-blocks", "2"], "--n-blocks: found 2, expected at least 3"),
        (["--m", "many"], "--m: found 'many', expected M_5_50, M or numbers"),
    ],
)
def test_command__messages(words, message, files, tmp_path, run):
    pattern = files / "trait[0-1].sumstats.parquet"
    status, _, err = run(
        "atlas", pattern, "--ld", files / "eur.tagging.parquet", "--out", tmp_path / "atlas", *words
    )  # fmt: skip
    assert status == (1 if "--m" in words else 2) and message in err


def test_command__refuses_impossible_folders(files, tmp_path, run):
    (tmp_path / "taken").write_text("")
    common = ["atlas", files / "trait[0-1].sumstats.parquet", "--ld", files / "eur.tagging.parquet", "--out"]
    status, _, err = run(*common, tmp_path / "taken")
    assert status == 1 and "found a file, expected a folder for the atlas" in err
    status, _, err = run(*common, tmp_path / "no" / "atlas")
    assert status == 1 and "does not exist; create it" in err
