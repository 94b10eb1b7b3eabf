"""fit_screen against LDSC 1.0.1's --h2-cts: every printed digit that is not rounding, at least ten digits."""

from __future__ import annotations

import csv
import functools
import io
import sys

import numpy as np
import pytest
from agreement import check_digits
from conftest import PORTABLE, SHARED

from ldscores.taggings.tagging_files import read_tagging
from sumh2 import align, find_annotations, fit_screen
from sumh2.screens.cell_type_files import write_cell_type_results
from sumh2.sumstats_files import read_sumstats

LDSC = SHARED / "reference" / "ldsc"


@functools.cache
def reference_data():
    inputs = LDSC / "partition_inputs"
    tagging = read_tagging(f"{inputs}/ld/ovl.", weights=f"{inputs}/ld/w.").drop_constant_categories()[0]
    return align([read_sumstats(inputs / "trait1.sumstats.gz")], tagging)


@functools.cache
def portable_data(trait="trait1"):
    tagging = read_tagging(f"{PORTABLE}/ldsc/ann.", weights=f"{PORTABLE}/ldsc/ld.")
    return align([read_sumstats(PORTABLE / "inputs" / f"{trait}.sumstats.xz")], tagging)


def table_of(text):
    return list(csv.reader(io.StringIO(text), delimiter="\t"))


def check_tables(ours, theirs, digits):
    """Same header, names and order; numbers to so many digits."""
    ours, theirs = table_of(ours), table_of(theirs)
    assert ours[0] == theirs[0]
    assert [row[0] for row in ours] == [row[0] for row in theirs]
    for place, what in enumerate(("tau", "tau SE", "one-sided p"), start=1):
        check_digits(
            np.array([float(row[place]) for row in ours[1:]]), np.array([float(row[place]) for row in theirs[1:]]),
            digits, what,
        )  # fmt: skip


@pytest.mark.shared
@pytest.mark.parametrize(("case", "print_all"), [("cts", False), ("cts_all", True)])
def test_lists_with_controls__equal_ldsc(case, print_all, tmp_path, monkeypatch):
    monkeypatch.chdir(LDSC)  # LDSC's prefixes are relative to where it runs
    result = fit_screen(reference_data(), find_annotations("partition_inputs/cts.ldcts"), weights="ldsc")
    path = write_cell_type_results(result, tmp_path / "out", print_all)
    check_tables(path.read_text(), (LDSC / "partition" / f"{case}.cell_type_results.txt").read_text(), 10)


def test_portable_list__equals_ldsc(tmp_path):
    listed = tmp_path / "cts.ldcts"
    listed.write_text(f"tissueA\t{PORTABLE}/ldsc/ctA.\n")
    result = fit_screen(portable_data(), find_annotations(listed), weights="ldsc", n_threads=2)
    path = write_cell_type_results(result, tmp_path / "out")
    check_tables(path.read_text(), (PORTABLE / "ldsc" / "cts_1.cell_type_results.txt").read_text(), 10)
    assert result.blocks == "snps"


def test_command__writes_ldscs_table(tmp_path, monkeypatch, capsys):
    from ldscores import __version__
    from ldscores.shared.command_line import run_commands
    from sumh2.cli import COMMANDS

    # The list's own folder is looked in too, so that a list and its scores can be moved together.
    (tmp_path / "cts.ldcts").write_text("tissueA scores/ctA.\n")
    (tmp_path / "scores").symlink_to(PORTABLE / "ldsc")
    words = ["screen", PORTABLE / "inputs" / "trait1.sumstats.xz", "--ld", f"{PORTABLE}/ldsc/ann.", "--w-ld",
             f"{PORTABLE}/ldsc/ld.", "--annotations", tmp_path / "cts.ldcts", "--weights", "ldsc", "--ldsc-results",
             "--out", tmp_path / "out", "--quiet"]  # fmt: skip
    monkeypatch.setattr(sys, "argv", ["sumh2", *map(str, words)])
    with pytest.raises(SystemExit) as stopped:
        run_commands("sumh2", summary="", commands=COMMANDS, version=__version__)
    assert not stopped.value.code, capsys.readouterr().err
    check_tables(
        (tmp_path / "out.cell_type_results.txt").read_text(),
        (PORTABLE / "ldsc" / "cts_1.cell_type_results.txt").read_text(), 10,
    )  # fmt: skip


@pytest.mark.parametrize("trait", ["trait1", "trait2", "trait3"])
def test_last_category_as_annotation__equals_ldsc_partition(trait):
    """The stratified fit of all columns is the screen's regression of the last one beside the others."""
    aligned = portable_data(trait)
    whole = aligned.reference
    others, last = np.arange(whole.n_categories - 1), np.array([whole.n_categories - 1])
    small = align([read_sumstats(PORTABLE / "inputs" / f"{trait}.sumstats.xz")], whole.select(others))
    result = fit_screen(small, whole.select(last), weights="ldsc")
    stem = PORTABLE / "ldsc" / f"part_{trait[-1]}"
    # LDSC's weights count columns in whatever order, and so must ours.
    check_digits(result.tau_delete[:, 0], np.loadtxt(f"{stem}.part_delete")[:, -1], 9, "part_delete")
    check_digits(result.rows[0].tau_se ** 2, np.loadtxt(f"{stem}.cov")[-1, -1], 9, "cov")


@pytest.mark.shared
def test_shared_weights__close_to_own(monkeypatch):
    """What the default gives up: the largest difference of these lines is under a third of a standard error."""
    monkeypatch.chdir(LDSC)
    listed = "partition_inputs/cts.ldcts"
    own = fit_screen(reference_data(), find_annotations(listed), weights="ldsc")
    shared = fit_screen(reference_data(), find_annotations(listed), blocks="snps")
    for ours, theirs in zip(shared.rows, own.rows, strict=True):
        assert abs(ours.tau - theirs.tau) < theirs.tau_se / 3
        assert 0.9 < ours.tau_se / theirs.tau_se < 1.1
