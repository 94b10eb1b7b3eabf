"""The harness of benchmarks/prove.py: what is cached, what is skipped, what fails, and the table it writes."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from conftest import ROOT

sys.path.insert(0, str(ROOT / "benchmarks"))

import proof_scripts
import prove
import readme_tables
from proof_line import CannotRunError, Proof, Row, Setting, available_memory, measure, measured
from proof_ports import compare_printed, printed_numbers

ROW = Row("a task", "10 s", "measured here: other 1.0 (PyPI)", "1 s", "10", "h2 4 of 4")


def proof(name, run, **needs):
    return Proof(name, run, shared=False, disk=0, memory=0, **needs)


@pytest.fixture
def call(tmp_path, capsys):
    """Run the command on invented proofs with a cache and scratch of the test: exit status, table, messages."""

    def run(proofs, *words):
        folders = ["--cache", str(tmp_path / "cache"), "--scratch", str(tmp_path), "--ports", str(tmp_path / "ports")]
        status = prove.main([*words, *folders], proofs)
        return status, *capsys.readouterr()

    return run


def test_rows__become_a_table_with_date_machine_and_load(call):
    status, table, messages = call([proof("one", lambda setting: [ROW])], "--quick")
    assert status == 0
    assert table.splitlines()[:2] == prove.HEAD.splitlines()
    start = "| a task | 10 s | measured here: other 1.0 (PyPI) | 1 s | 10 | h2 4 of 4 | "
    load = table.splitlines()[2].removeprefix(start).removesuffix(" |")
    assert 0 <= float(load) < 1000
    assert "QUICK" in table and readme_tables.machine() in table and "load" in table
    assert "one: ok" in messages


def test_finished_proof__is_read_from_the_cache_and_measured_again_when_asked(call, tmp_path):
    runs = []

    def run(setting):
        runs.append(setting.quick)
        return [ROW]

    for words in (["--quick"], ["--quick"], ["--quick", "--fresh"], ["--only", "one"]):
        call([proof("one", run)], *words)
    assert runs == [True, True, False]  # the cache of quick runs is another than that of real ones
    assert {path.name for path in (tmp_path / "cache").iterdir()} == {"one.json", "one.quick.json"}


def test_interrupted_command__goes_on_where_it_stopped(call):
    runs = []

    def stop(setting):
        runs.append("two")
        if runs.count("two") == 1:
            raise KeyboardInterrupt
        return [ROW]

    proofs = [proof("one", lambda setting: runs.append("one") or [ROW]), proof("two", stop)]
    with pytest.raises(KeyboardInterrupt):
        call(proofs, "--quick")
    assert call(proofs, "--quick")[0] == 0
    assert runs == ["one", "two", "two"]


def test_failure__is_a_line_with_its_reason_and_the_others_go_on(call, tmp_path):
    def fail(setting):
        raise CannotRunError("pip cannot install it")

    proofs = [proof("bad", fail), proof("good", lambda setting: [ROW])]
    status, table, _ = call(proofs, "--quick")
    assert status == 1
    assert "Not measured: bad (failed: pip cannot install it)." in table and "| a task |" in table
    assert json.loads((tmp_path / "cache" / "bad.quick.json").read_text())["status"] == "failed"
    assert call([proof("bad", lambda setting: [ROW])], "--quick")[0] == 0  # a failure is tried again


def test_obstacles__skip_with_a_reason(call):
    wanted = Proof("large", lambda setting: [ROW], shared=False, disk=1e6)
    status, table, _ = call([wanted], "--only", "large")
    assert status == 0
    assert "large (skipped: needs 1e+06 GB of disk in " in table
    status, table, _ = call([Proof("hungry", lambda setting: [ROW], shared=False, memory=1e6)], "--only", "hungry")
    assert "of memory" in table
    assert available_memory() > 0


def test_absent_shared__skips(call, monkeypatch, tmp_path):
    import proof_line

    monkeypatch.setattr(proof_line, "SHARED", tmp_path / "none")
    assert "which is not here" in call([Proof("real", lambda setting: [ROW])], "--quick")[1]


def test_half_a_record__is_measured_again(call, tmp_path):
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "one.quick.json").write_text('{"rows": [')
    assert "| a task |" in call([proof("one", lambda setting: [ROW])], "--quick")[1]


def test_unknown_name__is_refused_and_the_real_ones_are_named():
    with pytest.raises(SystemExit, match="found nonsense, expected some of ldsc, h2"):
        prove.main(["--only", "nonsense"])


def test_readme__is_written_by_a_whole_run_without_failures_and_when_asked(call, monkeypatch):
    written = []
    monkeypatch.setattr(prove, "replace_table", lambda name, table: written.append((name, "| a task |" in table)))
    good = [proof("one", lambda setting: [ROW])]
    call(good, "--quick")
    call(good, "--only", "one")
    assert written == []
    call(good)
    call(good, "--quick", "--readme")
    assert written == [("proof", True)] * 2


def test_table__is_put_between_its_markers_and_nothing_else_moves(tmp_path):
    readme = tmp_path / "README.md"
    readme.write_text("before\n<!-- proof -->\nold\n<!-- /proof -->\nafter\n")
    readme_tables.replace_table("proof", "| new |\n", readme)
    assert readme.read_text() == "before\n<!-- proof -->\n| new |\n<!-- /proof -->\nafter\n"
    with pytest.raises(SystemExit, match="found no place for the table"):
        readme_tables.replace_table("speed", "| new |", readme)


# ---------------------------------------------------------------------------------------------------------------------
# Processes and what they print


def test_process__is_measured_with_its_children(tmp_path):
    code = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'x = bytearray(200_000_000)'])"
    run = measured([sys.executable, "-c", code], tmp_path)
    assert run.cost.gigabytes > 0.19 and run.cost.cpu > 0 and run.cost.wall > 0


def test_process__that_fails_or_hangs_says_why(tmp_path):
    with pytest.raises(CannotRunError, match="ended with status 3: out of luck"):
        measured([sys.executable, "-c", "print('out of luck'); raise SystemExit(3)"], tmp_path)
    with pytest.raises(CannotRunError, match="did not end in 0 s"):
        measure([sys.executable, "-c", "import time; time.sleep(60)"], tmp_path, timeout=0.3)


def test_process__that_takes_too_much_memory_fails_alone(tmp_path):
    with pytest.raises(CannotRunError, match="MemoryError"):
        measured([sys.executable, "-c", "x = bytearray(4_000_000_000)"], tmp_path, limit_gb=2)


def test_markdown_of_a_benchmark__is_read_by_its_width():
    text = "load 1\n\n| task | a | b |\n|---|---|--:|\n| h2 | 15 s | 2 s |\n\n| x | y |\n|---|---|\n| 1 | 2 |\n"
    assert list(proof_scripts.table_rows(text, 3)) == [["h2", "15 s", "2 s"]]
    assert list(proof_scripts.table_rows(text, 2)) == [["1", "2"]]
    with pytest.raises(CannotRunError, match="its form has changed"):
        proof_scripts.some([], "bench_x")


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("prove_ldsc", "| task | LDSC 1.0.1 | sumh2 | ratio |\n|---|---|---|---|\n| h2 | 15 s | 2.28 s | 7 |", "| 7 |"),
        (
            "prove_atlas_300",
            "total 25.1 s for 44,850 pairs: 0.56 ms a pair; 40.2 CPU seconds\npeak memory 0.72 GB, with",
            "| 11,607 |",
        ),
        (
            "prove_screen",
            "sumh2 screen: 130.0 s (150.0 s of CPU) for 2000 annotations, peak 3.70 GB; 65.0 ms each, 118 times less\n"
            "sumh2 screen: 126.0 s (150.0 s of CPU) for 2000 annotations, peak 3.70 GB; 63.0 ms each, 122 times less",
            "| 122 |",
        ),
        (
            "prove_alpha",
            "h2 --estimator sumher, one alpha           3.3 s    3.0 s  1.00 GB  load 1.0\n"
            "alpha, 31 alphas, no confounding           8.0 s    7.5 s  1.00 GB  load 1.0",
            "| 12.4 |",
        ),
    ],
)
def test_output_of_a_benchmark__becomes_rows(name, text, expected, monkeypatch, tmp_path):
    monkeypatch.setattr(proof_scripts, "run_script", lambda *words, **options: text)
    rows = getattr(proof_scripts, name)(Setting(tmp_path, tmp_path, False))
    assert expected in "\n".join(row.markdown() for row in rows)


def test_printed_numbers__are_compared_digit_by_digit():
    text = "Total Observed scale h2: 0.5296 (0.0055)\nIntercept: 1.0256 (0.006)"
    found = printed_numbers(text, r"scale h2: (\S+)", r"scale h2: \S+ \((\S+)\)", r"Ratio: (\S+)")
    assert found == ["0.5296", "0.0055", "-"]
    compared = compare_printed([0.52961643, 0.0055203, 1.0], ["0.5296", "0.0055", "-"], ["h2", "SE", "ratio"])
    assert compared == "h2 4 of 4, SE 2 of 2, ratio: not printed"


def test_a_pipe_in_a_cell__does_not_break_the_table():
    assert Row("a|b", "", "", "").markdown() == "| a/b |  |  |  |  |  |  |"


def test_benchmark_of_the_atlas__runs():
    """It makes its store by itself, without files: what the store holds changes, and nobody else notices."""
    words = [sys.executable, str(ROOT / "benchmarks" / "bench_atlas.py"), "speed", "3"]
    finished = subprocess.run(words, capture_output=True, text=True, check=False, cwd=ROOT)
    assert finished.returncode == 0, finished.stderr[-2000:]
    assert "total" in finished.stdout and "for 3 pairs" in finished.stdout
