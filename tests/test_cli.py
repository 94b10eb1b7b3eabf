"""The commands as a user calls them: output, files, messages, exit status."""

from __future__ import annotations

import gzip
import json
import re
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pytest
from conftest import PORTABLE, ROOT

from ldscores import cli as ldscores_cli
from ldscores.shared.command_line import check_commands, run_commands
from sumh2 import cli as sumh2_cli

LD = f"{PORTABLE}/ldsc/ld."


@pytest.fixture
def run(capsys):
    """Run a command line in this process: exit status, standard output, standard error."""

    def call(line: str | list[str], program: str = "sumh2"):
        commands = sumh2_cli.COMMANDS if program == "sumh2" else ldscores_cli.COMMANDS
        words = line.split() if isinstance(line, str) else line
        with pytest.raises(SystemExit) as stop:
            run_commands(program, summary="", commands=commands, version="0", argv=words)
        captured = capsys.readouterr()
        return stop.value.code or 0, captured.out, captured.err

    return call


def trait(number: int) -> str:
    return f"{PORTABLE}/inputs/trait{number}.sumstats.xz"


def write_sumstats(path, **changes):
    """A small munged file in LDSC's form, with SNPs of the portable set."""
    table = pd.read_csv(trait(1), sep="\t").assign(**changes)
    table.to_csv(path, sep="\t", index=False)
    return str(path)


# ---------------------------------------------------------------------------------------------------------------------
# Help and speed


def test_every_command__has_help_with_examples_that_parse():
    check_commands(sumh2_cli.COMMANDS, "sumh2")
    check_commands(ldscores_cli.COMMANDS, "ldscores")


def test_help__answers_in_well_under_a_second():
    started = time.perf_counter()
    finished = subprocess.run(
        [sys.executable, "-c", "from sumh2.cli import main; main()", "--help"], capture_output=True, text=True, cwd=ROOT
    )
    assert finished.returncode == 0 and "Estimates" in finished.stdout
    assert time.perf_counter() - started < 1.0


def test_help__loads_nothing_heavy():
    code = (
        "import sys\nfrom sumh2.cli import main\ntry:\n    main()\nexcept SystemExit:\n    pass\n"
        "print(sorted({'numpy', 'pandas', 'pyarrow', 'numba', 'scipy', 'fire'} & set(sys.modules)))"
    )
    finished = subprocess.run([sys.executable, "-c", code, "h2", "--help"], capture_output=True, text=True, cwd=ROOT)
    assert finished.stdout.splitlines()[-1] == "[]"


# ---------------------------------------------------------------------------------------------------------------------
# What good input gives


def test_h2__writes_table_record_and_log(run, tmp_path):
    stem = tmp_path / "t1"
    status, out, _ = run(["h2", trait(1), "--ld", LD, "--out", str(stem), "--print-cov", "--print-delete-vals"])
    assert status == 0 and "0.2830 (0.0355)" in out
    table = pd.read_csv(f"{stem}.tsv", sep="\t")
    record = json.loads((tmp_path / "t1.json").read_text())
    assert table.loc[0, "n_snps"] == 7609
    assert record["estimates"][0]["h2"] == table.loc[0, "h2"]
    assert len(record["provenance"]["inputs"]) == 7 and record["provenance"]["options"]["n_blocks"] == 200
    log = (tmp_path / "t1.log").read_text()
    assert "0.2830 (0.0355)" in log
    for ending, reference in (("cov", "cov"), ("delete", "delete"), ("part_delete", "part_delete")):
        ours, theirs = np.loadtxt(f"{stem}.{ending}"), np.loadtxt(PORTABLE / "ldsc" / f"h2_prints_1.{reference}")
        np.testing.assert_allclose(ours, theirs, rtol=1e-10)


def test_h2__same_run_gives_the_same_bytes(run, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["sumh2"])
    for name in ("a", "b"):
        assert run(["h2", trait(1), "--ld", LD, "--out", str(tmp_path / name)])[0] == 0
    assert (tmp_path / "a.tsv").read_bytes() == (tmp_path / "b.tsv").read_bytes()


def test_h2__ldsc_log(run):
    status, out, _ = run(["h2", trait(1), "--ld", LD, "--ldsc-log", "--no-intercept"])
    assert status == 0
    theirs = (PORTABLE / "ldsc" / "h2_noint_1.log").read_text()
    line = re.search(r"^Total Observed scale h2: .*$", theirs, re.MULTILINE)[0]
    assert line in out and "Intercept: constrained to 1" in out


def test_rg__all_pairs_or_the_first(run, tmp_path):
    files = [trait(number) for number in (1, 2, 3)]
    status, out, _ = run(["rg", *files, "--ld", LD, "--out", str(tmp_path / "all")])
    assert status == 0
    assert len(pd.read_csv(tmp_path / "all.tsv", sep="\t")) == 3
    status, out, _ = run(["rg", ",".join(files), "--ld", LD, "--pairs", "first", "--out", str(tmp_path / "first")])
    table = pd.read_csv(tmp_path / "first.tsv", sep="\t")
    assert table["rg"].round(4).tolist() == [0.5092, -0.1256]


def test_rg__threads_do_not_change_a_digit(run, tmp_path):
    for threads in (1, 3):
        files = [trait(number) for number in (1, 2, 3)]
        run(["rg", *files, "--ld", LD, "--threads", str(threads), "--out", str(tmp_path / f"t{threads}")])
    assert (tmp_path / "t1.tsv").read_bytes() == (tmp_path / "t3.tsv").read_bytes()


def test_plots__are_written(run, tmp_path):
    pytest.importorskip("matplotlib")
    assert run(["h2", trait(1), "--ld", LD, "--plot", str(tmp_path / "h2.png")])[0] == 0
    assert run(["rg", trait(1), trait(2), "--ld", LD, "--plot", str(tmp_path / "rg.svg")])[0] == 0
    assert (tmp_path / "h2.png").read_bytes().startswith(b"\x89PNG")
    assert b"<svg" in (tmp_path / "rg.svg").read_bytes()


def test_munge_then_h2__end_to_end(run, tmp_path):
    rng = np.random.default_rng(1)
    table = pd.read_csv(trait(1), sep="\t")
    gwas = pd.DataFrame({
        "rsid": table.SNP, "effect_allele": table.A1, "other_allele": table.A2, "beta": table.Z * 0.01,
        "standard_error": 0.01, "n": table.N, "noise": rng.normal(size=len(table)),
    })  # fmt: skip
    gwas.to_csv(tmp_path / "gwas.csv.gz", index=False)
    assert run(["munge", str(tmp_path / "gwas.csv.gz"), "--out", str(tmp_path / "t")])[0] == 0
    status, out, _ = run(["h2", str(tmp_path / "t.sumstats.parquet"), "--ld", LD])
    assert status == 0 and "0.2830 (0.0355)" in out


def test_convert__gives_the_same_estimates(run, tmp_path):
    stem = str(tmp_path / "own")
    assert run(["convert", LD, "--w-ld", LD, "--out", stem], "ldscores")[0] == 0
    status, out, _ = run(["h2", trait(1), "--ld", f"{stem}.tagging.parquet"])
    assert status == 0 and "0.2830 (0.0355)" in out


# ---------------------------------------------------------------------------------------------------------------------
# What bad input gives: one message, exit 1, nothing that looks whole


def refused(run, tmp_path, line, *parts, status_expected=1):
    """The command fails with exit 1 (2 for misuse), one message that holds all parts, no traceback and no result."""
    status, out, err = run([*line, "--out", str(tmp_path / "result")] if line[0] in ("h2", "rg") else line)
    assert status == status_expected, err
    message = err[err.index("error: ") :]
    assert "Traceback" not in err and message.count("error: ") == 1
    for part in parts:
        assert part in message, message
    assert not [path.name for path in tmp_path.iterdir() if path.name.startswith((".", "result"))]
    return message


def test_no_overlap__says_what_the_names_look_like(run, tmp_path):
    table = pd.read_csv(trait(1), sep="\t")
    path = write_sumstats(tmp_path / "a.sumstats", SNP=[f"1:{1000 + i}" for i in range(len(table))])
    refused(
        run, tmp_path, ["h2", path, "--ld", LD], "a.sumstats", "chr:pos names (1:1000", "rsIDs (rs1000", "translate"
    )


def test_truncated_gzip(run, tmp_path):
    whole = gzip.compress(pd.read_csv(trait(1), sep="\t").to_csv(sep="\t", index=False).encode())
    (tmp_path / "cut.sumstats.gz").write_bytes(whole[: len(whole) // 2])
    refused(run, tmp_path, ["h2", str(tmp_path / "cut.sumstats.gz"), "--ld", LD], "cut.sumstats.gz", "truncated")


@pytest.mark.parametrize(
    ("column", "value", "parts"),
    [
        ("Z", "inf", ("Z", "finite")),
        ("N", "0", ("N", "positive")),
        ("N", "-5", ("N", "positive")),
        ("Z", "x", ("'x'",)),
    ],
)
def test_impossible_numbers(run, tmp_path, column, value, parts):
    table = pd.read_csv(trait(1), sep="\t", dtype=str)
    table.loc[7, column] = value
    table.to_csv(tmp_path / "bad.sumstats", sep="\t", index=False)
    refused(run, tmp_path, ["h2", str(tmp_path / "bad.sumstats"), "--ld", LD], "bad.sumstats", *parts)


def test_missing_columns(run, tmp_path):
    path = tmp_path / "raw.txt"
    pd.DataFrame({"rsid": ["rs1000"], "beta": [1], "p": [0.1]}).to_csv(path, sep="\t", index=False)
    refused(run, tmp_path, ["h2", str(path), "--ld", LD], "raw.txt", "SNP", "munge")


def test_wrong_folder(run, tmp_path):
    refused(run, tmp_path, ["h2", trait(1), "--ld", str(tmp_path)], str(tmp_path), "l2.ldscore")
    refused(run, tmp_path, ["h2", trait(1), "--ld", "/no/such/folder/"], "/no/such/folder")


def copy_ld(tmp_path, with_m=True, change=lambda table: table):
    for chromosome in (1, 2):
        table = pd.read_csv(f"{LD}{chromosome}.l2.ldscore.gz", sep="\t")
        change(table).to_csv(tmp_path / f"ld.{chromosome}.l2.ldscore", sep="\t", index=False)
        if with_m:
            (tmp_path / f"ld.{chromosome}.l2.M_5_50").write_text("3000\n")
    return str(tmp_path / "ld.")


def test_missing_m_file(run, tmp_path):
    ld = copy_ld(tmp_path, with_m=False)
    refused(run, tmp_path, ["h2", trait(1), "--ld", ld], "M_5_50", "--m")
    status, out, _ = run(["h2", trait(1), "--ld", ld, "--w-ld", LD, "--m", "5893"])
    assert status == 0 and "0.2830 (0.0355)" in out


def test_constant_ld_scores(run, tmp_path):
    ld = copy_ld(tmp_path, change=lambda table: table.assign(L2=5.0))
    refused(run, tmp_path, ["h2", trait(1), "--ld", ld], "L2")


def test_collinear_ld_scores__are_named(run, tmp_path):
    ld = copy_ld(tmp_path, change=lambda table: table.assign(L2b=2 * table.L2 + 1e-9))
    for chromosome in (1, 2):
        (tmp_path / f"ld.{chromosome}.l2.M_5_50").write_text("3000 3000\n")
    refused(run, tmp_path, ["h2", trait(1), "--ld", ld, "--w-ld", LD], "collinear", "L2b", "condition number")


def test_too_few_snps(run, tmp_path):
    path = tmp_path / "few.sumstats"
    pd.read_csv(trait(1), sep="\t").head(3).to_csv(path, sep="\t", index=False)
    refused(run, tmp_path, ["h2", str(path), "--ld", LD, "--n-blocks", "2"], "few", "3 SNPs")


def test_fewer_snps_than_blocks__still_answers(run, tmp_path):
    path = tmp_path / "few.sumstats"
    pd.read_csv(trait(1), sep="\t").head(150).to_csv(path, sep="\t", index=False)
    status, out, _ = run(["h2", str(path), "--ld", LD, "--one-step"])
    assert status == 0 and "150 jackknife blocks" in out and "few SNPs" in out


def test_rg_without_alleles(run, tmp_path):
    path = tmp_path / "none.sumstats"
    pd.read_csv(trait(1), sep="\t").drop(columns=["A1", "A2"]).to_csv(path, sep="\t", index=False)
    assert run(["h2", str(path), "--ld", LD])[0] == 0
    refused(run, tmp_path, ["rg", str(path), trait(2), "--ld", LD], "none", "A1")


def test_duplicated_snps__keep_the_first_and_say_so(run, tmp_path):
    table = pd.read_csv(trait(1), sep="\t")
    pd.concat([table, table.head(9).assign(Z=50.0)]).to_csv(tmp_path / "twice.sumstats", sep="\t", index=False)
    status, out, err = run(["h2", str(tmp_path / "twice.sumstats"), "--ld", LD])
    assert status == 0 and "0.2830 (0.0355)" in out
    assert re.search(r"duplicated names.*\(-9\)", out + err)


def test_contradicting_options(run, tmp_path):
    refused(run, tmp_path, ["h2", trait(1), "--ld", LD, "--two-step", "30", "--intercept", "1"], "two-step", "drop",
            status_expected=2)  # fmt: skip
    refused(run, tmp_path, ["h2", trait(1), "--ld", LD, "--samp-prev", "0.5"], "--pop-prev", status_expected=2)
    refused(run, tmp_path, ["h2", trait(1), "--ld", LD, "--samp-prev", "50", "--pop-prev", "0.01"], "between 0 and 1",
            status_expected=2)  # fmt: skip
    refused(run, tmp_path, ["rg", trait(1), "--ld", LD], "two or more", status_expected=2)
    refused(run, tmp_path, ["h2", trait(1), "--ld", LD, "--n-blocks", "1"], "--n-blocks", status_expected=2)


def test_misuse__is_status_2_before_anything_is_read(run, tmp_path):
    h2 = ["h2", "no_such_file", "--ld", "no_such_ld"]
    rg = ["rg", "no_such_file", "nor_this", "--ld", "no_such_ld"]
    simulate = ["simulate", "--bfile", "no_such_panel", "--n", "1000", "--out", str(tmp_path / "s")]
    for line, part in (
        ([*h2, "--two-step", "30", "--no-intercept"], "--two-step and a fixed intercept"),
        ([*h2, "--two-step", "30", "--intercept", "1"], "--two-step and a fixed intercept"),
        ([*h2, "--intercept", "1", "--no-intercept"], "found --intercept and --no-intercept"),
        ([*h2, "--plot", "x.gif"], "found ending '.gif'"),
        ([*h2[:2], "another", *h2[2:]], "h2 takes one SUMSTATS: run it once for each"),
        ([*rg, "--two-step", "30", "--intercept", "1"], "--two-step and a fixed intercept"),
        ([*rg, "--two-step", "30", "--gcov-intercept", "0"], "--two-step and a fixed intercept"),
        ([*rg, "--no-intercept", "--gcov-intercept", "0"], "found --no-intercept and a fixed intercept"),
        ([*simulate, "--rg", "3"], "--rg: found 3, expected a correlation from -1 to 1"),
        ([*simulate, "--h2", "0.5,0.5", "--rg", "1,2;2,1"], "--rg: found 2, expected"),
        ([*simulate, "--h2", "0.5,0.5", "--rg", "1,0.2;0.3,1"], "expected a symmetric matrix"),
        ([*simulate, "--model", "gtca"], "did you mean gcta?"),
        ([*simulate, "--model", "human_defalt"], "did you mean human-default?"),
        (["atlas", "no_such_file", "--ld", "no_such_ld", "--out", str(tmp_path / "a")], "found 1 trait, expected two"),
    ):
        status, _, err = run(line)
        assert status == 2 and part in err, (line, err)
    assert not list(tmp_path.iterdir())


def test_outputs__are_checked_before_any_work(run, tmp_path):
    path = write_sumstats(tmp_path / "x.tsv")
    before = (tmp_path / "x.tsv").read_bytes()
    for line, part in (
        (["--out", str(tmp_path / "x")], "is an input of this command"),
        (["--out", f"{tmp_path}/"], "found a folder"),
        (["--out", str(tmp_path)], "found a folder"),
        (["--out", str(tmp_path / "no" / "x")], "does not exist; create it"),
        (["--plot", str(tmp_path / "a.gif")], "expected .png, .pdf or .svg"),
        (["--plot", str(tmp_path / "no" / "a.png")], "--plot"),
        (["--one-step", "--two-step", "20"], "--one-step and --two-step"),
    ):
        status, _, err = run(["h2", path, "--ld", "no_such_ld", *line])
        assert (
            status == (2 if "--one-step" in line or "a.gif" in line[1] else 1)
            and part in err
            and "no_such_ld" not in err
        )
    assert (tmp_path / "x.tsv").read_bytes() == before and len(list(tmp_path.iterdir())) == 1


def test_traits_of_one_name__are_refused(run, tmp_path):
    refused(run, tmp_path, ["rg", trait(1), trait(1), "--ld", LD], "two traits called trait1", "--traits")
    refused(run, tmp_path, ["rg", trait(1), trait(2), "--ld", LD, "--traits", "a b,a_b"], "two traits called a b")


def test_rg_on_the_liability_scale__is_in_the_report(run, tmp_path):
    line = ["rg", trait(1), trait(2), "--ld", LD, "--samp-prev", "0.4,nan", "--pop-prev", "0.01,nan"]
    status, out, _ = run([*line, "--out", str(tmp_path / "r")])
    table = pd.read_csv(tmp_path / "r.tsv", sep="\t")
    assert status == 0 and "on the liability scale" in out
    assert f"h2 of trait1 {table.h2_liab_1[0]:.4f}" in out and np.isnan(table.h2_liab_2[0])
    refused(run, tmp_path, [*line[:5], "--samp-prev", "0.4,nan", "--pop-prev", "nan,nan"], "prevalences of trait1")


def test_rg_no_intercept__holds_all_three(run, tmp_path):
    assert (
        run(["rg", trait(1), trait(2), "--ld", LD, "--no-intercept", "--n-blocks", "50", "--out", f"{tmp_path}/r"])[0]
        == 0
    )
    table = pd.read_csv(tmp_path / "r.tsv", sep="\t")
    assert table.loc[0, ["h2_int_1", "h2_int_2", "gcov_int", "n_blocks"]].tolist() == [1, 1, 0, 50]


def test_prevalences__are_not_swapped(run, tmp_path):
    from sumh2.liability import liability_factor

    assert (
        run(["h2", trait(1), "--ld", LD, "--samp-prev", "0.4", "--pop-prev", "0.01", "--out", f"{tmp_path}/r"])[0] == 0
    )
    table = pd.read_csv(tmp_path / "r.tsv", sep="\t")
    assert table.h2_liab[0] == pytest.approx(table.h2[0] * liability_factor(0.4, 0.01))


def test_misuse__is_exit_2_before_any_work(run):
    status, _, err = run(["h2", "no_such_file", "--ld", LD, "--n-block", "5"])
    assert status == 2 and "--n-blocks" in err and "no_such_file" not in err
    status, _, err = run(["h2", trait(1), "--ld", LD, "--n-blocks", "abc"])
    assert status == 2 and "whole number" in err


def test_debug__shows_the_traceback(run):
    status, _, err = run(["h2", "no_such_file", "--ld", LD, "--debug"])
    assert status == 1 and "Traceback" in err and "no_such_file" in err


def test_quiet__leaves_the_result_only(run):
    status, out, err = run(["h2", trait(1), "--ld", LD, "--quiet"])
    assert status == 0 and "0.2830" in out and err == ""
