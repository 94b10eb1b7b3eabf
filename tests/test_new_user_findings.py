"""What a new user stumbled over: names that are not UTF-8, Ctrl-C, a full disk, exchanged columns."""

import contextlib
import os
import resource
import signal
import subprocess
import sys
import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import pyarrow as pa
import pytest

from ldscores.shared.errors import InputError
from ldscores.shared.outputs import appearing_at_the_end, written_together
from ldscores.shared.tables import write_parquet, write_text, write_tsv
from sumh2.doctor.examine_files import examine
from sumh2.liability import scale_findings
from sumh2.munging.munge_files import munge
from sumh2.results import Result
from sumh2.sumstats_files import read_sumstats

N_ROWS = 3000


@pytest.fixture
def write_gwas(tmp_path):
    """Writes a clean GWAS, with some of its columns replaced, and says where."""

    def write(**other) -> Path:
        rng = np.random.default_rng(7)
        beta = rng.normal(0, 0.01, N_ROWS)
        columns = {
            "SNP": [f"rs{i}" for i in range(N_ROWS)], "A1": ["A"] * N_ROWS, "A2": ["G"] * N_ROWS, "BETA": beta,
            "SE": np.full(N_ROWS, 0.01), "N": np.full(N_ROWS, 20_000), **other,
        }  # fmt: skip
        write_tsv(tmp_path / "gwas.tsv", pa.table(columns))
        return tmp_path / "gwas.tsv"

    return write


def check_of(path, name):
    return next(each for each in examine(path).checks if each.check == name)


# --- Names that are not UTF-8 ----------------------------------------------------------------------------------------


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such names")
def test_name_that_is_not_utf8__is_one_message(run_sumh2, tmp_path):
    odd = os.fsdecode(b"h\xf6he.sumstats.parquet")
    (tmp_path / odd).write_bytes(b"PAR1, or so")
    for words in (["h2", tmp_path / odd, "--ld", tmp_path], ["munge", tmp_path / odd, "--out", tmp_path / "x"]):
        status, _, said = run_sumh2(*words)
        assert status == 1 and said.count("error:") == 1 and "Traceback" not in said
        assert r"h\xf6he.sumstats.parquet: found a file name that is not UTF-8" in said and "rename it" in said
    with pytest.raises(InputError, match=r"h\\xf6.*not UTF-8"):
        write_text(tmp_path / os.fsdecode(b"h\xf6"), "")


def test_messages__reach_a_terminal_that_cannot_show_them():
    finished = run_program("raise InputError('h\\u00f6he \\udcf6')", PYTHONIOENCODING="ascii:strict")
    assert (finished.returncode, finished.stderr) == (1, "error: h\\xf6he \\udcf6\n")


def run_program(body: str, **environment: str) -> subprocess.CompletedProcess[str]:
    program = textwrap.dedent("""
        import os, signal, sys, threading, time
        from ldscores.shared.command_line import command, run_program
        from ldscores.shared.errors import InputError
        @command
        def work():
            '''Work.'''
            BODY
        sys.argv = ["sumh2", "work"]
        signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs ignore it
        run_program("sumh2", summary="", commands=(work,), version="1")
    """).replace("BODY", body)
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1]), **environment}
    return subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=False, timeout=60
    )


# --- Ctrl-C ----------------------------------------------------------------------------------------------------------


def test_interrupt__does_not_wait_for_threads_nor_for_the_end_of_python():
    body = "threading.Thread(target=time.sleep, args=(50,)).start(); os.kill(os.getpid(), signal.SIGINT); time.sleep(9)"
    finished = run_program(body)
    assert (finished.returncode, finished.stderr) == (128 + signal.SIGINT, "interrupted\n")


# --- A disk that is full ---------------------------------------------------------------------------------------------


@contextlib.contextmanager
def files_no_larger_than(size: int):
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@dataclass(frozen=True)
class _Small(Result):
    """A short table, and a long record."""

    kind: ClassVar[str] = "h2"
    origin = {"command": "x" * 5000}

    def to_records(self):
        return [{"h2": 0.5}]


def test_result__appears_whole_or_not_at_all(tmp_path):
    (tmp_path / "old.tsv").write_text("of yesterday")
    for stem in ("new", "old"):
        with files_no_larger_than(1000), pytest.raises(OSError, match="File too large") as caught:
            _Small().save(tmp_path / stem)
        assert caught.value.filename == str(tmp_path / f"{stem}.json")
    assert [path.name for path in tmp_path.iterdir()] == ["old.tsv"]
    assert (tmp_path / "old.tsv").read_text() == "of yesterday"
    _Small().save(tmp_path / "old")
    assert {path.name for path in tmp_path.iterdir()} == {"old.tsv", "old.json"}


def test_parquet__that_does_not_fit_is_named(tmp_path):
    table = pa.table({"x": np.random.default_rng(1).normal(size=10_000)})
    with files_no_larger_than(1000), pytest.raises(OSError, match="File too large") as caught:
        write_parquet(tmp_path / "x.parquet", table, {})
    assert caught.value.filename == str(tmp_path / "x.parquet") and not list(tmp_path.iterdir())


def test_files_of_a_run__wait_for_its_end_and_a_cache_does_not(tmp_path):
    with contextlib.suppress(ZeroDivisionError), appearing_at_the_end():
        write_text(tmp_path / "cache", "")
        assert (tmp_path / "cache").is_file()
        with written_together():
            write_text(tmp_path / "x.tsv", "")
        assert not (tmp_path / "x.tsv").exists()
        raise ZeroDivisionError
    assert [path.name for path in tmp_path.iterdir()] == ["cache"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs ulimit")
def test_munge__on_a_full_disk_names_the_file_and_the_remedy(run_sumh2, write_gwas, tmp_path):
    gwas = write_gwas()
    with files_no_larger_than(1000):
        status, _, said = run_sumh2("munge", gwas, "--out", tmp_path / "lim")
    assert status == 1
    assert f"error: {tmp_path}/lim.sumstats.parquet: larger than files may be here; raise the limit" in said
    assert [path.name for path in tmp_path.iterdir()] == ["gwas.tsv"]


# --- Columns that are something else ---------------------------------------------------------------------------------


def test_effect_and_error_exchanged__stop_munge_and_are_named_by_doctor(write_gwas):
    rng = np.random.default_rng(3)
    gwas = write_gwas(BETA=np.full(N_ROWS, 0.01), SE=rng.normal(0, 0.01, N_ROWS))
    with pytest.raises(InputError, match="of SE are negative.*BETA and SE may be exchanged.*--beta and --se"):
        munge(gwas)
    found = check_of(gwas, "munge")
    assert found.status == "unusable" and "BETA and SE may be exchanged" in found.found
    assert munge(gwas, beta="SE", se="BETA").sumstats.z.std() == pytest.approx(1, rel=0.1)


def test_a_few_negative_errors__cost_their_rows(write_gwas):
    errors = np.full(N_ROWS, 0.01)
    errors[: N_ROWS // 20] = -0.01
    assert len(munge(write_gwas(SE=errors)).sumstats) == N_ROWS - N_ROWS // 20


@pytest.mark.parametrize(("n", "status"), [(1, "unusable"), (49, "unusable"), (20_000, None)])
def test_doctor__knows_that_a_handful_is_no_gwas(write_gwas, n, status):
    found = [each for each in examine(write_gwas(N=np.full(N_ROWS, n))).checks if each.check == "n"]
    assert [each.status for each in found] == ([status] if status else [])
    assert all("--n" in each.advice for each in found)


@pytest.mark.parametrize(
    ("size", "n", "status"), [(1, 20_000, "ok"), (2.5, 20_000, "ok"), (6.3, 20_000, "caution"), (6.3, 5_000_000, "ok")]
)
def test_doctor__calls_extreme_inflation_by_its_name(write_gwas, size, n, status):
    rng = np.random.default_rng(5)
    found = check_of(write_gwas(BETA=0.01 * size * rng.normal(size=N_ROWS), N=np.full(N_ROWS, n)), "inflation")
    assert found.status == status and bool(found.advice) == (status == "caution")


def test_doctor__tells_the_inflation_of_one_region_from_that_of_all(write_gwas):
    beta = 0.01 * np.random.default_rng(5).normal(size=N_ROWS)
    beta[:100] *= 20
    found = check_of(write_gwas(BETA=beta), "inflation")
    assert (found.status, found.values["mean_chi2"] > 10) == ("note", True) and "MHC" in found.advice


# --- Cases and controls ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("columns", "options", "known"),
    [
        ({}, {}, (None, None)),
        ({}, {"n_cas": 4000, "n_con": 6000}, (4000, 6000)),
        (
            {"N": [None] * N_ROWS, "N_CAS": [4000, 3000] * 1500, "N_CON": [6000] * N_ROWS},
            {"ignore": ("N",)},
            (3500, 6000),
        ),
        ({"N_CAS": [0] * N_ROWS, "N_CON": [6000] * N_ROWS}, {}, (None, None)),
    ],
)
def test_munge__keeps_how_many_cases_and_controls_there_are(write_gwas, tmp_path, columns, options, known):
    munge(write_gwas(**columns), out=tmp_path / "x", **options)
    read = read_sumstats(tmp_path / "x.sumstats.parquet")
    assert (read.cases, read.controls) == known and read.samp_prev is None
    assert bool(scale_findings(None, None, read.cases, read.controls)) == (known != (None, None))


def test_h2_of_a_disease__says_that_it_is_on_the_observed_scale():
    (found,) = scale_findings(None, None, 4000, 6000)
    assert found.level == "note" and "4,000 cases and 6,000 controls: h2 is on the observed scale" in found.text
    assert "--samp-prev 0.4 " in found.text and "--pop-prev" in found.text
    assert not scale_findings(0.4, 0.01, 4000, 6000)
