"""The ``ldscores`` command line."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from ldscores import __version__
from ldscores.cli import convert, main, show
from ldscores.shared.command_line import check_commands
from ldscores.shared.errors import InputError
from ldscores.tagging_files import read_tagging


def run(*words: str, monkeypatch, capsys) -> tuple[int, str, str]:
    monkeypatch.setattr(sys, "argv", ["ldscores", *map(str, words)])
    with pytest.raises(SystemExit) as stopped:
        main()
    return stopped.value.code or 0, *capsys.readouterr()


def test_examples_are_accepted():
    check_commands((convert, show), "ldscores")


def test_help_is_quick():
    slow = "numpy", "pyarrow", "pandas", "fire"
    code = f"import sys, ldscores.cli; print([name for name in {slow} if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_convert(tmp_path, portable, monkeypatch, capsys):
    out = tmp_path / "ann"
    words = ("convert", f"{portable}/ldsc/ann.", "--w-ld", f"{portable}/ldsc/ld.", "--out", out)
    status, printed, _ = run(*words, monkeypatch=monkeypatch, capsys=capsys)
    assert (status, printed) == (0, f"{out}.tagging.parquet: 8000 SNPs, 4 categories\n")
    tagging = read_tagging(f"{out}.tagging.parquet")
    np.testing.assert_array_equal(tagging.regression_tagging, read_tagging(f"{portable}/ldsc/ld.").tagging[:, 0])


def test_convert__to_ldsc_and_back(tmp_path, portable):
    assert convert(f"{portable}/ldsc/ld.", out=f"{tmp_path}/ld.tagging.parquet").endswith("8000 SNPs, 1 category")
    text = convert(f"{tmp_path}/ld", format="ldsc", out=f"{tmp_path}/again.@")
    assert text == f"{tmp_path}/again.1.l2.ldscore.gz and 5 more files: 8000 SNPs, 1 category"
    np.testing.assert_array_equal(
        read_tagging(f"{tmp_path}/again.").tagging, read_tagging(f"{portable}/ldsc/ld.").tagging
    )
    with pytest.raises(InputError, match="--w-ld: .* expected none with --format ldsc"):
        convert(f"{portable}/ldsc/ld.", format="ldsc", w_ld="w", out=f"{tmp_path}/x")


def test_show(portable, monkeypatch, capsys):
    status, printed, _ = run("show", f"{portable}/ldsc/ld.1", monkeypatch=monkeypatch, capsys=capsys)
    assert status == 0
    last = printed.splitlines()[-1].split()
    # LDSC's log of the same run: mean 10.8197, std 6.9603, min 0.8098, max 34.0295, of scores not yet rounded.
    assert last[:3] == ["L2", "4500", "3337"]
    np.testing.assert_allclose([float(word) for word in last[3:7]], [10.8197, 6.9603, 0.8098, 34.0295], atol=6e-4)
    assert "4500 on 1 chromosome\n" in printed


def test_errors_are_one_message(tmp_path, monkeypatch, capsys):
    status, printed, complaint = run("show", tmp_path, monkeypatch=monkeypatch, capsys=capsys)
    assert (status, printed) == (1, "")
    assert complaint.startswith(f"error: {tmp_path}: found no LD scores; expected ")
    assert complaint.count("\n") == 1


def test_version(monkeypatch, capsys):
    assert run("--version", monkeypatch=monkeypatch, capsys=capsys)[1] == f"ldscores {__version__}\n"
