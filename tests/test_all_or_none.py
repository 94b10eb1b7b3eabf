"""The files of a run appear together: where the last one fails, none of the run is there."""

from __future__ import annotations

import errno
import lzma
import os
import shutil
from pathlib import Path

import pytest
from conftest import PORTABLE

from ldscores.shared.errors import InputError
from ldscores.shared.outputs import written_together
from ldscores.shared.tables import write_text

INPUTS = PORTABLE / "inputs"
TRAITS = [INPUTS / f"trait{number}.sumstats.xz" for number in (1, 2, 3)]
LD, BASE = f"{PORTABLE}/ldsc/ld.", f"{PORTABLE}/ldsc/ann."

#: Commands with all their side files, and the flags of their figures.
COMMANDS = {
    "h2": (["h2", TRAITS[0], "--ld", LD, "--print-cov", "--print-delete-vals", "--influence"],
           ("--plot", "--influence-plot")),
    "sumher": (["h2", TRAITS[0], "--ld", LD, "--estimator", "sumher", "--ldak-files", "--print-delete-vals",
                "--print-snp-h2"], ("--plot",)),
    "rg": (["rg", *TRAITS[:2], "--ld", LD, "--print-cov", "--print-delete-vals", "--influence"],
           ("--plot", "--heatmap", "--influence-plot")),
    "sumher rg": (["rg", *TRAITS[:2], "--ld", LD, "--estimator", "sumher", "--ldak-files"], ("--plot", "--heatmap")),
    "partition": (["partition", TRAITS[0], "--ld", BASE, "--w-ld", LD, "--annot", f"{INPUTS}/ann.", "--m", "M",
                   "--print-cov", "--print-delete-vals", "--ldsc-results", "--influence"], ("--plot", "--influence-plot")),
    "partition of two": (["partition", *TRAITS[:2], "--ld", BASE, "--w-ld", LD, "--disjoint", "--matrices"],
                         ("--plot",)),
    "screen": (["screen", TRAITS[0], "--ld", LD, "--annotations", INPUTS / "cts.ldcts", "--weights", "ldsc",
                "--ldsc-results"], ("--plot", "--volcano")),
    "compare": (["compare", TRAITS[0], "--ld", f"{LD},{BASE}", "--names", "one,more"], ("--plot",)),
    "alpha": (["alpha", "--likelihoods", "LIKELIHOODS"], ("--plot",)),
    "munge": (["munge", "GWAS", "--text"], ("--plot",)),
    "doctor": (["doctor", "GWAS"], ("--plot",)),
    "simulate": (["simulate", "--bfile", "PANEL", "--n", "1000", "--h2", "0.2,0.3"], ()),
}  # fmt: skip


@pytest.fixture
def run(run_sumh2, tmp_path):
    """Runs a command into a folder of its own; gives the exit status, its words, and the files that are there."""
    sources = tmp_path / "sources"
    sources.mkdir()
    rows = [line.split() for line in lzma.decompress(TRAITS[0].read_bytes()).decode().splitlines()[1:]]
    lines = [f"{snp}\t{a1}\t{a2}\t{float(z) / 100:.6f}\t0.01\t{n}" for snp, a1, a2, n, z in rows]
    (sources / "gwas.tsv").write_text("\n".join(["SNP\tEA\tNEA\tBETA\tSE\tN", *lines]) + "\n")
    grid = [f"{alpha / 10} {-(((alpha + 3) / 10) ** 2) * 50}" for alpha in range(-10, 6)]
    (sources / "likelihoods").write_text("\n".join(grid) + "\n")
    for ending in ("bed", "fam"):
        shutil.copy(INPUTS / f"panel.{ending}", sources / f"panel.{ending}")
    (sources / "panel.bim").write_bytes(lzma.decompress((INPUTS / "panel.bim.xz").read_bytes()))
    named = {"GWAS": sources / "gwas.tsv", "LIKELIHOODS": sources / "likelihoods", "PANEL": sources / "panel"}

    def run_into(folder: Path, words, flags):
        folder.mkdir(exist_ok=True)
        figures = [word for flag in flags for word in (flag, folder / f"{flag.strip('-')}.svg")]
        status, out, err = run_sumh2(*(named.get(word, word) for word in words), "--out", folder / "x", *figures)
        return status, out + err, sorted(path.name for path in folder.iterdir())

    return run_into


@pytest.mark.parametrize("name", [name for name, (_, flags) in COMMANDS.items() if flags])
def test_figure_that_does_not_fit__takes_all_with_it(run, tmp_path, monkeypatch, name):
    """The disk is full when the last figure is drawn."""
    from matplotlib.figure import Figure

    words, flags = COMMANDS[name]
    whole, drawn = Figure.savefig, []

    def failing(self, file, *args, **kwargs):
        drawn.append(file)
        whole(self, file, *args, **kwargs)
        if len(drawn) == len(flags):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(file))

    monkeypatch.setattr(Figure, "savefig", failing)
    status, said, files = run(tmp_path / "full", words, flags)
    assert status == 1 and len(drawn) == len(flags) and "the disk is full" in said, said
    assert [file for file in files if file != "x.log"] == []


@pytest.mark.parametrize("name", COMMANDS)
def test_file_that_cannot_have_its_name__takes_all_with_it(run, tmp_path, name):
    words, flags = COMMANDS[name]
    status, said, files = run(tmp_path / "good", words, ())
    assert status == 0, said
    files = [file for file in files if file != "x.log"]
    last = max(files, key=lambda file: (tmp_path / "good" / file).stat().st_mtime_ns)
    (tmp_path / "bad" / last).mkdir(parents=True)
    status, said, left = run(tmp_path / "bad", words, ())
    assert status == 1 and f"bad/{last}: found a folder" in said
    assert [file for file in left if file != "x.log"] == [last] and not list((tmp_path / "bad" / last).iterdir())


def test_folder_in_the_place_of_a_file__stops_every_renaming(tmp_path):
    (tmp_path / "b").mkdir()
    with pytest.raises(InputError, match="b: found a folder"), written_together():
        write_text(tmp_path / "a", "")
        write_text(tmp_path / "b", "")
    assert [path.name for path in tmp_path.iterdir()] == ["b"]
