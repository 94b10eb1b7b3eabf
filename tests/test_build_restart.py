"""Work folders of builds: killed runs that go on, two runs with one --out, what killed runs leave behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from test_build import KB
from test_plink_files import write_panel
from test_tagging_kernels import invent_dosages

from ldscores.building.build import ModelSet
from ldscores.building.build_files import build_to_files
from ldscores.models.heritability_models import find_model
from ldscores.models.model_files import ModelFiles
from ldscores.panels.plink_files import read_panel
from ldscores.shared.errors import InputError
from ldscores.shared.locks import LOCK_NAME, locked_folder

#: SNPs of each chromosome: the first is soon done, the others take long enough to be killed in.
SIZES = {"1": 200, "2": 6000, "3": 4000}
N_PEOPLE = 240


@pytest.fixture(scope="module")
def panel(tmp_path_factory) -> Path:
    """PLINK files of random genotypes, packed by numpy."""
    folder = tmp_path_factory.mktemp("panel")
    rng = np.random.default_rng(1)
    for chrom, n_snps in SIZES.items():
        packed = rng.choice(np.array([0b00, 0b10, 0b11], np.uint8), (n_snps, N_PEOPLE // 4, 4))
        (folder / f"p.{chrom}.bed").write_bytes(
            b"\x6c\x1b\x01" + (packed << np.array([0, 2, 4, 6], np.uint8)).sum(axis=2, dtype=np.uint8).tobytes()
        )
        lines = [f"{chrom}\trs{chrom}_{row}\t0\t{row + 1}\tA\tG\n" for row in range(n_snps)]
        (folder / f"p.{chrom}.bim").write_text("".join(lines))
    (folder / "p.fam").write_text("".join(f"F{person} I{person} 0 0 1 -9\n" for person in range(N_PEOPLE)))
    return folder / "p.@"


def start(panel: Path, folder: Path) -> subprocess.Popen:
    """A build in a process of its own; the same words in every folder, so that provenance is the same."""
    code = "import sys; sys.argv[0] = 'ldscores'; from ldscores.cli import main; main()"
    words = ["build", "--bfile", str(panel), "--window-kb", "1000", "--double", "--threads", "1", "--out", "out"]
    folder.mkdir(exist_ok=True)
    return subprocess.Popen(
        [sys.executable, "-c", code, *words], cwd=folder, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


def wait_for(condition, process: subprocess.Popen) -> None:
    until = time.monotonic() + 120
    while not condition():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < until
        time.sleep(0.002)


def test_killed_build__goes_on_and_gives_the_same_bytes(panel, tmp_path):
    killed = start(panel, tmp_path / "killed")
    parts = tmp_path / "killed" / "out.parts"
    wait_for((parts / "1.json").is_file, killed)
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    assert killed.returncode == -signal.SIGKILL
    assert not (tmp_path / "killed" / "out.tagging.parquet").exists()
    assert (parts / "1.json").is_file() and (parts / LOCK_NAME).is_file()  # nobody holds the lock any more
    (parts / ".2.gcta.tagging.parquet.99999.partial").write_bytes(b"half of a part")

    again = start(panel, tmp_path / "killed")
    said = again.communicate()[1]
    assert again.returncode == 0 and "3 chromosomes, 1 of them found in out.parts" in said, said
    assert os.listdir(tmp_path / "killed") == ["out.tagging.parquet"]
    whole = start(panel, tmp_path / "whole")
    assert whole.wait() == 0
    whole.communicate()
    results = [(tmp_path / name / "out.tagging.parquet").read_bytes() for name in ("killed", "whole")]
    assert results[0] == results[1]


def test_two_runs_with_one_out__the_second_is_refused(panel, tmp_path):
    folder = tmp_path / "both"
    folder.mkdir()
    with locked_folder(folder / "out.parts", "wait"):  # this process is the first run
        second = start(panel, folder)
        said = second.communicate()[1]
    assert second.returncode == 1 and said.count("error: ") == 1
    assert f"out.parts: another run is at work in it (process {os.getpid()} on " in said
    assert "wait until it has ended, or choose another --out" in said
    assert os.listdir(folder) == []


def test_lock__is_free_again_after_an_error_and_leaves_no_folder(tmp_path):
    folder = tmp_path / "out.parts"
    with pytest.raises(ZeroDivisionError), locked_folder(folder, "wait"):
        1 / 0  # noqa: B018
    assert not folder.exists()
    with locked_folder(folder, "wait"):
        says = f"another run is at work in it .process {os.getpid()} on"
        with pytest.raises(InputError, match=says), locked_folder(folder, "wait"):
            pass
        (folder / "1.json").write_text("{}")
    assert os.listdir(folder) == ["1.json"]


def test_leftovers_of_killed_runs__do_not_keep_the_folder(tmp_path):
    write_panel(tmp_path / "p", invent_dosages(1, 30, 20))
    folder = tmp_path / "out.parts"
    folder.mkdir()
    for name in (".1.gcta.tagging.parquet.77.partial", "7.ldak.tagging.parquet", "7.json"):
        (folder / name).write_bytes(b"of another run")
    files = ModelFiles(ModelSet((find_model("gcta"),)))
    build_to_files(read_panel(tmp_path / "p"), files, KB, tmp_path / "out")
    assert not folder.exists() and (tmp_path / "out.tagging.parquet").is_file()
