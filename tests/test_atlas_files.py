"""An atlas on disk: stopped, resumed, extended, on a cluster; manifests; traits that cannot be used."""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from atlas_traits import N_BLOCKS, make_tagging, make_traits, write_inputs
from conftest import ROOT

from ldscores.shared.tables import read_table
from sumh2 import InputError, align, build_atlas, fit_atlas, fit_rg, read_atlas, read_trait_list, write_sumstats
from sumh2.atlas.atlas_files import TABLES, write_atlas
from sumh2.atlas.exact_pair_files import fit_listed_pairs, read_pair_list
from sumh2.atlas.store_files import SUFFIX
from sumh2.atlas.tiles import lay_out, panel_width, tiles_of
from sumh2.atlas.trait_fit import AtlasOptions

N_TRAITS = 20
#: Gigabytes that hold panels of eight of these traits: three panels, six tiles.
SMALL_MEMORY = 0.0002
OPTIONS = AtlasOptions(n_blocks=N_BLOCKS)
RESULTS = ("factor.npy", *TABLES)


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> Path:
    """A folder with a tagging and twenty munged traits."""
    return write_inputs(tmp_path_factory.mktemp("atlas-input"), N_TRAITS)


def listed_traits(files: Path, numbers=range(N_TRAITS)):
    return read_trait_list([files / f"trait{number}.sumstats.parquet" for number in numbers])


def build(files: Path, out: Path, numbers=range(N_TRAITS), **options):
    settings = {"options": OPTIONS, "memory_gb": SMALL_MEMORY, "n_threads": 1} | options
    return build_atlas(listed_traits(files, numbers), make_tagging(), out, **settings)


def contents(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in RESULTS}


def part_stamps(out: Path, kind: str) -> dict[str, int]:
    return {path.name: path.stat().st_mtime_ns for path in (out / "parts" / kind).iterdir()}


def test_small_memory__makes_six_tiles_of_twenty_traits():
    width = panel_width(2993, N_BLOCKS, SMALL_MEMORY, 1, OPTIONS)
    assert width == 8
    panels = lay_out([str(number) for number in range(N_TRAITS)], [], width)
    assert len(tiles_of(panels, [key for panel in panels for key in panel])) == 6


def test_files__give_the_numbers_of_memory(files, tmp_path):
    """The tiled atlas equals one product over all traits, up to the rounding of another order of float32 sums."""
    atlas = build(files, tmp_path / "atlas")
    tagging = make_tagging()
    whole = fit_atlas(align(make_traits(tagging, N_TRAITS), tagging), n_blocks=N_BLOCKS)
    pairs = np.triu_indices(N_TRAITS, 1)
    assert (np.abs(atlas.gcov - whole.gcov)[pairs] < 1e-4 * whole.gcov_se[pairs]).all()
    assert (np.abs(atlas.rg - whole.rg)[pairs] < 1e-4 * whole.rg_se[pairs]).all()
    np.testing.assert_array_equal(atlas.n_snps, whole.n_snps)
    scale = np.sqrt(np.nansum(np.asarray(whole.factor, dtype=float) ** 2, axis=0))
    assert (np.abs(atlas.factor - whole.factor) < 1e-4 * scale).all()
    double = build(files, tmp_path / "double", options=replace(OPTIONS, double=True), memory_gb=4.0)
    plain = fit_atlas(align(make_traits(tagging, N_TRAITS), tagging), n_blocks=N_BLOCKS, double=True)
    np.testing.assert_allclose(double.gcov, plain.gcov, rtol=1e-10)
    np.testing.assert_allclose(double.factor, plain.factor, rtol=1e-7, atol=1e-14)


def test_read__gives_back_what_was_written(files, tmp_path):
    built = build(files, tmp_path / "atlas", range(5))
    write_atlas(built, tmp_path / "copy")
    for again in (read_atlas(tmp_path / "atlas"), read_atlas(tmp_path / "copy")):
        for name in ("gcov", "gcov_se", "gcov_int", "gcov_int_se", "rg", "rg_se", "n_snps", "factor", "delete_mean"):
            np.testing.assert_array_equal(getattr(again, name), getattr(built, name), name)
        assert repr(again.traits) == repr(built.traits) and again.m == built.m and again.weights == "separable"
        assert repr(again.to_records()) == repr(built.to_records())
        assert isinstance(again.factor, np.memmap)
    table = read_table(tmp_path / "atlas" / "pairs.tsv")
    assert table.num_rows == 10 and table["rg"][3].as_py() == pytest.approx(built.to_records()[3]["rg"], rel=1e-12)
    matrix = read_table(tmp_path / "atlas" / "overlap.tsv")
    assert matrix.column_names == ["trait", *built.names]
    np.testing.assert_allclose(matrix["trait4"].to_numpy(), built.gcov_int[4], rtol=1e-12)
    record = json.loads((tmp_path / "atlas" / "atlas.json").read_text())
    assert [one["sha256"] for one in record["provenance"]["inputs"]] and record["format"] == "sumh2 atlas"


# ---------------------------------------------------------------------------------------------------------------------
# Stop, go on, add


COMMAND = [sys.executable, "-c", "from sumh2.cli import main; main()", "atlas"]


def atlas_command(files: Path) -> list[str]:
    return [
        *COMMAND, str(files / "trait*.sumstats.parquet"), "--ld", str(files / "eur.tagging.parquet"), "--out", "atlas",
        "--n-blocks", str(N_BLOCKS), "--memory", str(SMALL_MEMORY), "--threads", "1", "--quiet",
    ]  # fmt: skip


def run_until(command, folder: Path, sign) -> int | None:
    """Run a command and kill it, without a chance to tidy up, once `sign()` is true; its status if it ended before."""
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment())
    while process.poll() is None:
        if sign():
            process.send_signal(signal.SIGKILL)
            break
        time.sleep(0.0005)
    process.communicate()
    return process.returncode


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT)}


def count(folder: Path, pattern: str) -> int:
    return len(list(folder.glob(pattern)))


def test_killed_anywhere__the_same_command_ends_with_the_same_bytes(files, tmp_path):
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    whole.mkdir()
    killed.mkdir()
    command = atlas_command(files)
    assert subprocess.run(command, cwd=whole, capture_output=True, env=environment()).returncode == 0
    expected = contents(whole / "atlas")
    parts = killed / "atlas" / "parts"
    signs = [
        lambda: count(parts, f"store/*{SUFFIX}") >= 7,
        lambda: count(parts, "fits/*.npz") >= 5,
        lambda: count(parts, "tiles/*.npz") >= 3,
        lambda: count(killed / "atlas", ".factor.npy.*.partial") > 0,
        lambda: (killed / "atlas" / "traits.tsv").exists(),
    ]
    statuses = [run_until(command, killed, sign) for sign in signs]
    assert statuses.count(-signal.SIGKILL) >= 4, statuses
    assert subprocess.run(command, cwd=killed, capture_output=True, env=environment()).returncode == 0
    assert contents(killed / "atlas") == expected
    assert not list((killed / "atlas").rglob("*.partial"))


def test_a_run_that_is_not_complete__is_not_read(files, tmp_path):
    out = tmp_path / "atlas"
    build(files, out, range(4))
    (out / "atlas.json").unlink()
    with pytest.raises(
        InputError, match=r"found an atlas that is not complete \(no atlas.json\).*run sumh2 atlas again"
    ):
        read_atlas(out)
    with pytest.raises(InputError, match="found no atlas"):
        read_atlas(tmp_path)
    build(files, out, range(4))
    record = json.loads((out / "atlas.json").read_text())
    (out / "atlas.json").write_text(json.dumps(record | {"format_version": 99}))
    with pytest.raises(InputError, match="sumh2 atlas version 99, this program reads up to 1"):
        read_atlas(out)


def test_the_same_again__fits_nothing(files, tmp_path):
    build(files, tmp_path / "atlas")
    before = [part_stamps(tmp_path / "atlas", kind) for kind in ("store", "fits", "tiles")]
    expected = contents(tmp_path / "atlas")
    build(files, tmp_path / "atlas")
    assert contents(tmp_path / "atlas") == expected
    after = [part_stamps(tmp_path / "atlas", kind) for kind in ("store", "fits", "tiles")]
    before[0].pop("index.json"), after[0].pop("index.json")
    assert before == after


def test_a_damaged_part__is_made_again(files, tmp_path):
    """A power cut may leave files under good names whose bytes never reached the disk."""
    out = tmp_path / "atlas"
    build(files, out)
    expected = contents(out)
    for kind in ("store", "fits", "tiles"):
        path = sorted(path for path in (out / "parts" / kind).iterdir() if path.name != "index.json")[0]
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    build(files, out)
    assert contents(out) == expected


def test_traits_that_come_later__cost_their_own_tiles_only(files, tmp_path):
    out = tmp_path / "atlas"
    first = build(files, out, range(12))
    old_tiles, old_fits = part_stamps(out, "tiles"), part_stamps(out, "fits")
    grown = build(files, out)
    tiles = part_stamps(out, "tiles")
    assert old_tiles.items() <= tiles.items() and old_fits.items() <= part_stamps(out, "fits").items()
    # Panels of 6 and 6; then one of 8 more: its own tile, and one with each of the two.
    assert len(old_tiles) == 3 and len(tiles) == 6
    for name in ("gcov", "gcov_se", "gcov_int", "rg", "rg_se", "n_snps"):
        np.testing.assert_array_equal(getattr(grown, name)[:12, :12], getattr(first, name), name)
    np.testing.assert_array_equal(grown.take(range(12)).factor, first.factor)
    fresh = build(files, tmp_path / "fresh")
    pairs = np.triu_indices(N_TRAITS, 1)
    assert (np.abs(grown.gcov - fresh.gcov)[pairs] < 1e-4 * fresh.gcov_se[pairs]).all()


def test_traits_that_go__leave_the_others_as_they_are(files, tmp_path):
    out = tmp_path / "atlas"
    everything = build(files, out)
    stamps = part_stamps(out, "tiles")
    kept = [0, 3, 4, 9, 17]
    few = build(files, out, kept)
    assert part_stamps(out, "tiles") == stamps
    np.testing.assert_array_equal(few.gcov, everything.gcov[np.ix_(kept, kept)])
    np.testing.assert_array_equal(few.factor, everything.take(kept).factor)
    # A tile that is lost is made of the traits that are still named.
    for path in (out / "parts" / "tiles").iterdir():
        path.unlink()
    again = build(files, out, kept)
    pairs = np.triu_indices(5, 1)
    assert (np.abs(again.gcov - few.gcov)[pairs] < 1e-4 * few.gcov_se[pairs]).all()


def test_a_file_that_changed__is_a_new_trait(files, tmp_path):
    changed = tmp_path / "trait2.sumstats.parquet"
    trait = make_traits(make_tagging(), 3)[2]
    write_sumstats(trait, changed)
    others = [files / f"trait{number}.sumstats.parquet" for number in (0, 1)]
    listed = read_trait_list([*others, changed])
    how = {"options": OPTIONS, "memory_gb": SMALL_MEMORY}
    before = build_atlas(listed, make_tagging(), tmp_path / "atlas", **how)
    write_sumstats(replace(trait, z=-trait.z), changed)
    after = build_atlas(listed, make_tagging(), tmp_path / "atlas", **how)
    np.testing.assert_allclose(after.gcov[2, :2], -before.gcov[2, :2], rtol=1e-4)
    assert after.gcov[0, 1] == before.gcov[0, 1]
    assert count(tmp_path / "atlas" / "parts" / "store", f"*{SUFFIX}") == 4


def test_other_options__are_other_parts(files, tmp_path):
    out = tmp_path / "atlas"
    plain = build(files, out, range(4))
    fixed = build(files, out, range(4), options=replace(OPTIONS, gcov_intercept=0.0))
    assert (fixed.gcov_int[0, 1:] == 0).all() and fixed.gcov[0, 1] != plain.gcov[0, 1]
    assert "fixed gcov intercept" in fixed.to_records()[0]["why"]
    again = build(files, out, range(4))
    np.testing.assert_array_equal(again.gcov, plain.gcov)


def test_less_memory__makes_narrower_panels_and_the_same_numbers(files, tmp_path):
    wide = build(files, tmp_path / "atlas", memory_gb=4.0)
    narrow = build(files, tmp_path / "atlas", memory_gb=SMALL_MEMORY)
    pairs = np.triu_indices(N_TRAITS, 1)
    assert (np.abs(wide.gcov - narrow.gcov)[pairs] < 1e-4 * wide.gcov_se[pairs]).all()
    assert panel_width(1_100_000, 200, 0.1, 2, AtlasOptions()) < panel_width(1_100_000, 200, 4, 2, AtlasOptions())


def test_two_runs_at_once__are_refused(files, tmp_path):
    from ldscores.shared.locks import locked_folder

    out = tmp_path / "atlas"
    out.mkdir()
    with (
        locked_folder(out / "parts", ""),
        pytest.raises(InputError, match="another run is at work in it .*choose another --out"),
    ):
        build(files, out, range(3))


def test_dask_cluster__writes_the_same_bytes(files, tmp_path):
    distributed = pytest.importorskip("distributed")
    local = build(files, tmp_path / "local")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=False, dashboard_address=None, silence_logs=logging.ERROR
    ) as cluster:
        spread = build(files, tmp_path / "spread", scheduler=cluster.scheduler_address)
    assert contents(tmp_path / "spread") == contents(tmp_path / "local")
    np.testing.assert_array_equal(spread.gcov, local.gcov)


def test_dask__messages(files, tmp_path, monkeypatch):
    with pytest.raises(InputError, match="no Dask scheduler answers there"):
        build(files, tmp_path / "one", range(3), scheduler="no-such-protocol://x")
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(InputError, match=r"Dask is not installed; expected the extra: pip install 'sumh2\[dask\]'"):
        build(files, tmp_path / "two", range(3), scheduler="local")


# ---------------------------------------------------------------------------------------------------------------------
# Exact pairs


def test_ldsc_weights__from_the_store_equal_fit_rg_to_the_last_bit(files, tmp_path):
    atlas = build(files, tmp_path / "atlas", range(5), options=replace(OPTIONS, weights="ldsc"))
    tagging = make_tagging()
    pairs = fit_rg(align(make_traits(tagging, N_TRAITS)[:5], tagging), n_blocks=N_BLOCKS).pairs
    for row, pair in zip(atlas.to_records(), pairs, strict=True):
        assert (row["rg"], row["rg_se"], row["gcov"], row["h2_1"], row["h2_2"], row["why"], row["n_snps"]) == (
            pair.rg, pair.rg_se, pair.gcov, pair.h2_1, pair.h2_2, pair.why, pair.n_snps,
        )  # fmt: skip
        place = atlas.names.index(row["trait1"]), atlas.names.index(row["trait2"])
        assert atlas.rg[place] == row["rg"]
    again = read_atlas(tmp_path / "atlas")
    np.testing.assert_array_equal(again.gcov, atlas.gcov)
    # The order of the manifest turns pairs round, with what belongs to each trait.
    turned = build(files, tmp_path / "atlas", [4, 3, 2, 1, 0], options=replace(OPTIONS, weights="ldsc"))
    one, other = turned.to_records()[0], atlas.to_records()[-1]
    assert (one["trait1"], one["h2_1"], one["h2_2"]) == (other["trait2"], other["h2_2"], other["h2_1"])
    assert one["rg"] == other["rg"]


def test_chosen_pairs__are_fitted_exactly(files, tmp_path):
    listed = listed_traits(files, range(4))
    table = tmp_path / "pairs.tsv"
    table.write_text("trait1\ttrait2\nrg\ntrait3\ttrait1\n".replace("rg\n", ""))
    pairs = read_pair_list(table, listed)
    assert pairs == [(3, 1)]
    result = fit_listed_pairs(listed, pairs, make_tagging(), tmp_path / "store", OPTIONS)
    tagging = make_tagging()
    traits = make_traits(tagging, N_TRAITS)
    expected = fit_rg(align([traits[3], traits[1]], tagging), n_blocks=N_BLOCKS).pairs[0]
    assert repr(result.pairs[0].to_record()) == repr(expected.to_record())
    for text, message in (
        ("trait1\ttrait9\na\tb\n", "no column trait2"),
        ("trait1\ttrait2\ntrait1\ttrait7\n", "found a trait called trait7, expected two different traits"),
        ("trait1\ttrait2\ntrait1\ttrait1\n", "found trait1 with itself"),
        ("trait1\ttrait2\n", "found no pair"),
    ):
        table.write_text(text)
        with pytest.raises(InputError, match=message):
            read_pair_list(table, listed)


# ---------------------------------------------------------------------------------------------------------------------
# Traits that cannot be used


def test_bad_traits__are_rows_with_their_reasons(files, tmp_path):
    (tmp_path / "torn.sumstats").write_text("SNP\tA1\tA2\tZ\n")
    (tmp_path / "other.sumstats").write_text("SNP\tA1\tA2\tZ\tN\nxyz1\tA\tC\t1.0\t500\n")
    rare = make_traits(make_tagging(), 3)[0]
    few = np.arange(30)
    write_sumstats(
        replace(rare, snp=rare.snp.take(pa.array(few)), z=rare.z[few], n=rare.n[few], a1=rare.a1[few], a2=rare.a2[few]),
        tmp_path / "few.sumstats.parquet",
    )
    good = [files / f"trait{number}.sumstats.parquet" for number in range(3)]
    bad = [tmp_path / name for name in ("torn.sumstats", "other.sumstats", "few.sumstats.parquet", "gone.sumstats")]
    atlas = build_atlas(
        read_trait_list([good[0], *bad[:2], good[1], *bad[2:], good[2]]), make_tagging(), tmp_path / "atlas",
        options=OPTIONS, memory_gb=SMALL_MEMORY,
    )  # fmt: skip
    assert [trait.name for trait in atlas.traits if trait.status == "unusable"] == ["torn", "other", "few", "gone"]
    reasons = {trait.name: trait.why for trait in atlas.traits}
    assert "no column N" in reasons["torn"] and "no SNP name is in the LD scores" in reasons["other"]
    assert "30 SNPs for 40 jackknife blocks" in reasons["few"]
    assert "gone.sumstats" in reasons["gone"] and "correct the path" in reasons["gone"]
    usable = [0, 3, 6]
    alone = build(files, tmp_path / "alone", range(3))
    for name in ("gcov", "gcov_se", "rg", "rg_se"):
        np.testing.assert_allclose(getattr(atlas, name)[np.ix_(usable, usable)], getattr(alone, name), rtol=1e-4)
    assert np.isnan(atlas.gcov[1]).all() and np.isnan(atlas.rg[4]).all()
    row = next(row for row in atlas.to_records() if (row["trait1"], row["trait2"]) == ("trait0", "torn"))
    assert row["status"] == "unusable" and row["why"].startswith("torn: ") and np.isnan(row["rg"])
    assert repr(read_atlas(tmp_path / "atlas").traits) == repr(atlas.traits)


def test_all_traits_bad__is_an_error(tmp_path):
    for name in ("a", "b"):
        (tmp_path / f"{name}.sumstats").write_text("SNP\tA1\n")
    with pytest.raises(InputError, match="none of 2 traits can be used; the first: .*no column Z, N"):
        build_atlas(read_trait_list([tmp_path / "*.sumstats"]), make_tagging(), tmp_path / "atlas", options=OPTIONS)
