"""What a new user runs into: habits from LDSC and LDAK, options that do not go together, files that are not what they
seem.  Each test is a message, and the remedy in it."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest import PORTABLE
from test_alpha import draw_trait, grid_tagging
from test_munge import gwas_rows, write

from ldscores import cli as ldscores_cli
from ldscores.shared.command_line.foreign_flags import FOREIGN_FLAGS
from ldscores.shared.errors import InputError, OptionError
from ldscores.shared.messages import first_of
from sumh2 import align, fit_h2, fit_partition, fit_stratified_rg, munge, read_tagging
from sumh2 import cli as sumh2_cli
from sumh2.liability import liability_factor
from sumh2.models.compare import fit_comparison
from sumh2.sumstats_files import read_sumstats, trait_names, write_sumstats
from sumh2.verdicts import removed_outlier_findings

LD = f"{PORTABLE}/ldsc/ld."
TRAIT = f"{PORTABLE}/inputs/trait1.sumstats.xz"


def columns_of(path):
    return pd.read_csv(path, sep="\t")


# ---------------------------------------------------------------------------------------------------------------------
# Habits from LDSC and LDAK


@pytest.mark.parametrize(
    ("program", "line", "hint"),
    [
        ("sumh2", "--h2 scz.sumstats.gz --ref-ld-chr x/", "it is LDSC's, here: sumh2 h2 FILE --ld"),
        ("sumh2", "h2 a --ref-ld-chr x/", "--ref-ld-chr: no such flag; it is LDSC's, here: --ld"),
        ("sumh2", "h2 a --ld x --w-ld-chr y/", "here: --w-ld"),
        ("sumh2", "rg --rg a,b --ld x", "here: sumh2 rg FILE FILE"),
        ("sumh2", "munge --sumstats x --out y", "the file goes by itself"),
        ("sumh2", "munge x --N 100 --out y", "--N: no such flag; did you mean --n?"),
        ("sumh2", "--sum-hers out --tagfile x", "it is LDAK's, here: sumh2 h2 FILE --ld TAGGING --estimator sumher"),
        ("sumh2", "h2 a --tagfile x", "it is LDAK's, here: --ld"),
        ("sumh2", "h2 --summary s --ld t", "the file goes by itself"),
        ("ldscores", "build --bfile x --l2 --ld-wind-cm 1 --out x", "here: --window-cm"),
        ("ldscores", "--calc-tagging x --bfile y", "here: ldscores build --bfile PANEL"),
    ],
)
def test_flags_of_other_programs__are_named_with_ours(run_program_here, program, line, hint):
    status, _, err = run_program_here(program, *line.split())
    assert status == 2 and hint in err


def test_table_of_foreign_flags__names_flags_that_there_are():
    commands = [*sumh2_cli.COMMANDS, *ldscores_cli.COMMANDS]
    ours = {parameter.flag for command in commands for parameter in command.__command__.parameters}
    verbs = {command.__command__.verb for command in commands}
    for flag, (_, text) in FOREIGN_FLAGS.items():
        assert set(re.findall(r"--[a-z0-9-]+", text)) <= ours, f"--{flag}: {text}"
        assert set(re.findall(r"(?:sumh2|ldscores) ([a-z0-9]+)", text)) <= verbs, f"--{flag}: {text}"


def test_a_gwas_with_z_and_n__is_used_with_a_word(tmp_path, caplog):
    table = columns_of(TRAIT)
    table.to_csv(tmp_path / "munged.sumstats", sep="\t", index=False)
    table.loc[::5, ["A1", "A2"]] = ["A", "T"]
    table.to_csv(tmp_path / "gwas.tsv", sep="\t", index=False)
    read_sumstats(tmp_path / "munged.sumstats")
    assert not caplog.records
    read_sumstats(tmp_path / "gwas.tsv")
    assert "looks like a GWAS that was not munged" in caplog.text and "sumh2 munge" in caplog.text


# ---------------------------------------------------------------------------------------------------------------------
# Options


def test_contradicting_options__are_misuse(run_sumh2, run_ldscores, tmp_path):
    """Exit status 2, as a misspelt flag; from Python an InputError."""
    assert issubclass(OptionError, InputError)
    for line in (
        ("h2", TRAIT, "--ld", LD, "--one-step", "--two-step", 30),
        ("h2", TRAIT, "--ld", LD, "--intercept", 1.1, "--no-intercept"),
        ("h2", TRAIT, "--ld", LD, "--ldak-files"),
        ("h2", TRAIT, "--ld", LD, "--print-cov"),
        ("h2", TRAIT, "--ld", LD, "--samp-prev", 0.5),
        ("h2", TRAIT, "--ld", LD, "--estimator", "sumher", "--taus", "x", "--free-intercept"),
        ("munge", TRAIT, "--out", tmp_path / "m", "--n", 5, "--n-cas", 4, "--n-con", 3),
        ("munge", TRAIT, "--out", tmp_path / "m", "--ldsc", "--suffix", "EUR"),
        ("simulate", "--out", tmp_path / "s"),
    ):
        status, _, err = run_sumh2(*line)
        assert status == 2 and "Traceback" not in err, err
        assert "--help' explains every flag" in err
    status, _, err = run_ldscores("build", "--out", tmp_path / "x")
    assert status == 2 and "found neither of --bfile" in err
    assert not list(tmp_path.iterdir())


def test_simulate__asks_for_the_panel_first(run_sumh2, tmp_path):
    status, _, err = run_sumh2("simulate", "--out", tmp_path / "s")
    assert status == 2 and "--bfile" in err.splitlines()[0] and "--n " not in err.splitlines()[0]


def test_doctor__says_what_scripts_should_look_at(run_sumh2):
    status, out, _ = run_sumh2("doctor", "--help")
    assert status == 0 and "exit status is 1 where the file is unusable, after the whole report" in " ".join(
        out.split()
    )


# ---------------------------------------------------------------------------------------------------------------------
# Words


def test_ellipsis__only_where_something_was_cut():
    assert first_of(["a", "b"]) == "a, b" and first_of("abcd") == "a, b, c, d"
    assert first_of("abcde") == "a, b, c, d, ..." and first_of(range(9), 2) == "0, 1, ..."


def test_partition_of_one_ld_score__says_so(run_sumh2):
    status, _, err = run_sumh2("partition", TRAIT, "--ld", LD)
    assert status == 1 and "found one LD score, expected two or more to partition a heritability between" in err
    assert "1 categories" not in err


def test_sumher_table__has_na_and_no_nan(run_sumh2):
    status, out, err = run_sumh2(
        "h2", TRAIT, "--ld", f"{PORTABLE}/ldsc/ann.", "--w-ld", LD, "--estimator", "sumher", "--no-ambiguous"
    )
    assert status == 0, err
    table = out.split("category ")[1].split("status")[0]
    assert "NA" in table and "nan" not in out


def test_names_of_simulated_traits__are_without_the_stem(tmp_path):
    trait = replace(read_sumstats(TRAIT), trait="a")
    paths = [tmp_path / f"{name}.sumstats.parquet" for name in ("sim.a", "b", "renamed")]
    for path in paths:
        write_sumstats(trait, path)
    assert trait_names(paths) == ["a", "b", "renamed"], "the file's name counts but for a stem before the trait's"
    other = tmp_path / "again.a.sumstats.parquet"
    write_sumstats(trait, other)
    assert trait_names([paths[0], other]) == ["sim.a", "again.a"], "two of one name keep their stems"


def test_written_line__names_every_file(run_sumh2, tmp_path):
    ld = f"{PORTABLE}/ldsc/ld."
    status, out, err = run_sumh2(
        "h2", TRAIT, "--ld", ld, "--estimator", "sumher", "--ldak-files", "--print-snp-h2", "--print-cov", "--out",
        tmp_path / "x",
    )  # fmt: skip
    assert status == 0, err
    named = {word.rpartition("/")[2] for word in out.split("written: ")[1].split()}
    assert {name.rstrip(",") for name in named} == {path.name for path in tmp_path.iterdir()}


def test_failed_run__says_which_files_are_older(run_sumh2, tmp_path, caplog):
    line = ("h2", TRAIT, "--ld", LD, "--out", tmp_path / "x")
    assert run_sumh2(*line)[0] == 0
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    caplog.clear()
    status, _, err = run_sumh2(*line, "--m", "1,2")
    assert status == 1 and "--m" in err
    assert "x.tsv" in caplog.text and "of an earlier run, not of this one, which failed" in caplog.text
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
    caplog.clear()
    assert run_sumh2("h2", TRAIT, "--ld", LD, "--out", tmp_path / "y", "--m", "1,2")[0] == 1
    assert "earlier run" not in caplog.text


# ---------------------------------------------------------------------------------------------------------------------
# Files that are not what they seem


def swapped_rows(n_snps=4000, names=("P", "INFO")):
    rows = gwas_rows(n_snps)
    rng = np.random.default_rng(1)
    for row in rows:
        row["P"], row["INFO"] = float(row["P"]), round(float(rng.uniform(0.85, 1)), 4)
    for row in rows:
        row[names[0]], row[names[1]] = row["P"], row["INFO"]
    return rows


def test_p_and_info_exchanged__are_refused(tmp_path):
    right = munge(write(tmp_path / "right.txt", swapped_rows(), "\t"))
    rows = [dict(row, P=row["INFO"], INFO=row["P"]) for row in swapped_rows()]
    path = write(tmp_path / "swapped.txt", rows, "\t")
    with pytest.raises(InputError, match="columns P and INFO look exchanged.*--p INFO --info P"):
        munge(path)
    named = munge(path, p="INFO", info="P")
    assert len(named.sumstats) == len(right.sumstats) > 2000


def test_impossible_chi2__is_refused_unless_asked_for(tmp_path):
    rows = [dict(row, SE=row["SE"] * 60) for row in swapped_rows()]
    for row in rows:
        row.pop("P"), row.pop("INFO")
    path = write(tmp_path / "sd.txt", rows, "\t")
    with pytest.raises(InputError, match="mean chi2 of 4000 SNPs is 0.00.*standard deviation.*--z-from effect"):
        munge(path)
    assert len(munge(path, z_from="effect").sumstats) == 4000


def test_weights_of_ldsc__want_totals_of_each_annotation(run_sumh2, tmp_path):
    tagging = read_tagging(LD)
    rng = np.random.default_rng(2)
    table = pa.table({"SNP": tagging.snp, "cell": tagging.tagging[:, 0] * rng.uniform(0.5, 1.5, len(tagging))})
    pq.write_table(table, tmp_path / "cells.parquet")
    line = ("screen", TRAIT, "--ld", LD, "--annotations", tmp_path / "cells.parquet")
    assert run_sumh2(*line)[0] == 0
    status, _, err = run_sumh2(*line, "--weights", "ldsc")
    assert status == 1
    assert "the annotation cell has no total M" in err and "a Parquet table of other origin does not" in err


# ---------------------------------------------------------------------------------------------------------------------
# What results say


def test_large_chi2_left_out__is_told():
    assert removed_outlier_findings(80, 0, 1000, 0.0) == []
    few, much, many = (
        removed_outlier_findings(80, *numbers)[0] for numbers in ((3, 10**6, 0.02), (3, 10**6, 0.3), (50, 1000, 0.02))
    )
    assert few.level == "note" and "3 SNPs with a chi2 of 80 and more" in few.text and "2% of the inflation" in few.text
    assert much.level == many.level == "caution" and much.code == "large chi2 left out"


def test_large_chi2_left_out__is_told_of_two_steps_too():
    """The two-step cutoff has a finding of its own, which once took the other's place."""
    aligned = align([read_sumstats(TRAIT)], read_tagging(LD))
    for two_step in ("auto", None):
        assert "large chi2 left out" in fit_h2(aligned, chisq_max=10, two_step=two_step).why, two_step


def test_partition__knows_of_large_chi2():
    tagging, trait = read_tagging(f"{PORTABLE}/ldsc/ann.", weights=LD), read_sumstats(TRAIT)
    before = fit_partition(align([trait], tagging), disjoint=True).total.why
    assert "large chi2 left out: 18 SNPs with a chi2 of 80 and more" in before and "3% of the inflation" in before
    z = np.clip(trait.z, -8, 8)
    assert "left out" not in fit_partition(align([replace(trait, z=z)], tagging), disjoint=True).total.why
    z[100:150] = 20.0
    total = fit_partition(align([replace(trait, z=z)], tagging), disjoint=True).total
    assert "large chi2 left out: 50 SNPs" in total.why and total.status == "caution"


def test_prevalences__one_a_trait(run_sumh2, tmp_path):
    """S and V on the liability scale, as GenomicSEM takes them; correlations do not change."""
    tagging, traits = read_tagging(f"{PORTABLE}/ldsc/ann.", weights=LD), [
        read_sumstats(f"{PORTABLE}/inputs/trait{number}.sumstats.xz") for number in (1, 2)
    ]  # fmt: skip
    observed = fit_stratified_rg(align(traits, tagging), disjoint=True)
    cases = [traits[0].with_prevalences(0.4, 0.01), traits[1]]
    liability = fit_stratified_rg(align(cases, tagging), disjoint=True)
    factor = liability.liability_factors[0]
    assert factor == pytest.approx(liability_factor(0.4, 0.01)) and np.isnan(liability.liability_factors[1])
    scale = np.array([factor, np.sqrt(factor), 1.0])
    for category in (None, tagging.names[0]):
        (s0, v0), (s1, v1) = observed.matrices(category), liability.matrices(category)
        np.testing.assert_allclose(s1, s0 * np.sqrt(np.outer([factor, 1], [factor, 1])))
        np.testing.assert_allclose(v1, v0 * np.outer(scale, scale))
    row, before = liability.to_records()[-1], observed.to_records()[-1]
    assert row["rg"] == before["rg"] and row["gcov"] == before["gcov"]
    assert row["h2_liab_1"] == pytest.approx(factor * row["h2_1"]) and np.isnan(row["h2_liab_2"])
    assert row["gcov_liab_se"] == pytest.approx(np.sqrt(factor) * row["gcov_se"])
    assert "on the liability scale" in str(liability) and "liability" not in str(observed)
    status, out, err = run_sumh2(
        "partition", TRAIT, f"{PORTABLE}/inputs/trait2.sumstats.xz", "--ld", f"{PORTABLE}/ldsc/ann.", "--w-ld", LD,
        "--disjoint", "--samp-prev", "0.4,nan", "--pop-prev", "0.01,nan", "--out", tmp_path / "p",
    )  # fmt: skip
    assert status == 0, err
    assert json.loads((tmp_path / "p.json").read_text())["h2"][0]["h2_liab"] == pytest.approx(row["h2_liab_1"])


def test_grid_with_the_model_beside_it__counts_once():
    """A grid whose best alpha is another model's: one likelihood, one weight."""
    grid = grid_tagging(6000, alphas=(-1.0, -0.25, 0.5))
    trait = draw_trait(grid, n=200_000.0)
    fixed = replace(grid.select(np.array([1])), names=("Base",), model="human-default")
    both = fit_comparison(trait, {"grid": grid, "default": fixed}, n_blocks=40, confounding=("none",))
    assert both.find("grid").alpha == -0.25 and both.find("grid").same_as == "default"
    assert both.find("grid").akaike_weight == 0 and both.find("default").akaike_weight == 1
    assert "same model: grid and default" in both.why


# ---------------------------------------------------------------------------------------------------------------------
# Lists of SNPs


def test_lists_of_snps__choose_the_regression_and_leave_m(run_sumh2, tmp_path):
    names = columns_of(TRAIT)["SNP"].tolist()
    (tmp_path / "some").write_text("\n".join(names[::2]) + "\n")
    (tmp_path / "others").write_text("\n".join(names[1::2]) + "\n")
    (tmp_path / "strangers").write_text("x:1\nx:2\n")
    results = []
    for number, (flag, path) in enumerate((("--extract", "some"), ("--exclude", "others"))):
        status, _, err = run_sumh2("h2", TRAIT, "--ld", LD, flag, tmp_path / path, "--out", tmp_path / str(number))
        assert status == 0, err
        results.append(json.loads((tmp_path / f"{number}.json").read_text())["estimates"])
        assert "LD reference has" in results[-1][0].pop("why"), (
            "of --exclude with SNPs that are not in the trait's file"
        )
    assert results[0] == results[1] and results[0][0]["n_snps"] < 0.6 * len(names)
    status, _, err = run_sumh2("h2", TRAIT, "--ld", LD, "--extract", tmp_path / "strangers")
    assert status == 1 and "none of its 2 names is in" in err
    status, _, err = run_sumh2("h2", TRAIT, "--ld", LD, "--extract", tmp_path / "some", "--exclude", tmp_path / "some")
    assert status == 1 and "no SNP is left by the lists" in err


def test_given_taus__are_evaluated(run_sumh2, tmp_path):
    line = ("h2", TRAIT, "--ld", LD, "--estimator", "sumher", "--out")
    assert run_sumh2(*line, tmp_path / "fit", "--ldak-files")[0] == 0
    fit = json.loads((tmp_path / "fit.json").read_text())["estimates"][0]
    tau = (tmp_path / "fit.taus").read_text().splitlines()[1].split()[1]
    (tmp_path / "plain").write_text(tau + "\n")
    for number, path in enumerate(("fit.taus", "plain")):
        status, out, err = run_sumh2(*line, tmp_path / str(number), "--taus", tmp_path / path)
        assert status == 0, err
        given = json.loads((tmp_path / f"{number}.json").read_text())["estimates"][0]
        assert given["h2"] == pytest.approx(fit["h2"], rel=1e-6) and given["logl"] == pytest.approx(
            fit["logl"], abs=1e-6
        )
        assert given["h2_se"] is None and "not fitted" in given["why"]
    (tmp_path / "two").write_text("1e-6\n2e-6\n")
    status, _, err = run_sumh2(*line, tmp_path / "x", "--taus", tmp_path / "two")
    assert status == 1 and "found 2 numbers, expected 1" in err


def test_tag_one__weighs_all_snps_alike(run_sumh2, tmp_path):
    line = ("h2", TRAIT, "--ld", LD, "--estimator", "sumher", "--out")
    assert run_sumh2(*line, tmp_path / "one", "--tag-one")[0] == 0
    row = json.loads((tmp_path / "one.json").read_text())["estimates"][0]
    assert row["effective_size"] == row["n_snps"]


@pytest.mark.shared
def test_held_out_snps__are_ldaks_files(run_sumh2, shared, tmp_path):
    """--hold-out is LDAK's --cv-predictors, byte for byte."""
    human = shared / "reference" / "ldak" / "human"
    status, _, err = run_sumh2(
        "h2", human / "in" / "trait1.sums", "--ld", human / "tag" / "humdef.tagging.xz", "--estimator", "sumher",
        "--hold-out", human / "in" / "cvpreds", "--out", tmp_path / "cv",
    )  # fmt: skip
    assert status == 0, err
    for ending in ("cv.exps", "cv.cor"):
        assert (tmp_path / f"cv.{ending}").read_text() == (human / "x" / f"cv.{ending}").read_text()
