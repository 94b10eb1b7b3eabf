"""fit_h2 against the outputs of LDSC 1.0.1: at least ten digits where they hold full precision."""

from __future__ import annotations

import functools
import json
import re
from dataclasses import replace

import numpy as np
import pytest
from agreement import check_digits
from conftest import PORTABLE, SHARED

from ldscores.taggings.tagging_files import read_tagging
from sumh2 import align, fit_h2
from sumh2.ldsc.log import h2_log
from sumh2.sumstats_files import read_sumstats

LDSC = SHARED / "reference" / "ldsc"
EUR = SHARED / "data" / "ldscores_eur_w_ld_chr"

FULL = {
    "t1_default": {},
    "t1_M1e6": {"m": 1e6},
    "t1_blocks50": {"n_blocks": 50},
    "t1_chisqmax80": {"chisq_max": 80},
    "t1_int1.02": {"intercept": 1.02},
    "t1_noint": {"intercept": 1.0},
    "t1_onestep": {"two_step": None},
    "t1_twostep20": {"two_step": 20},
    "t1_twostep_huge": {"two_step": 1e9},
    "t2_default": {},
    "t2_onestep": {"two_step": None},
    "t2_prints": {},
}
MINI = {
    "t1_M": {"m": 5e6},
    "t1_b20": {"n_blocks": 20},
    "t1_cm50": {"chisq_max": 50},
    "t1_def": {},
    "t1_int0.9": {"intercept": 0.9},
    "t1_noint": {"intercept": 1.0},
    "t1_two15": {"two_step": 15},
    "t2_def": {},
    "t3_def": {},
    "t4_def": {},
    "t5_def": {},
    "t6_def": {},
    "tiny_moreblocks": {"n_blocks": 200},
}


@functools.cache
def eur_tagging():
    return read_tagging(str(EUR))


@functools.cache
def full_data(trait):
    return align([read_sumstats(LDSC / "sumstats" / f"{trait}.sumstats.xz")], eur_tagging())


@functools.cache
def mini_data(trait, weights="w."):
    folder = LDSC / "mini" / "data"
    tagging = read_tagging(f"{folder}/ld/", weights=f"{folder}/ld/{weights}")
    return align([read_sumstats(folder / f"{trait}.sumstats.gz")], tagging)


@functools.cache
def portable_data(trait):
    tagging = read_tagging(f"{PORTABLE}/ldsc/ld.", weights=f"{PORTABLE}/ldsc/ld.")
    return align([read_sumstats(PORTABLE / "inputs" / f"{trait}.sumstats.xz")], tagging)


def check_against_json(result, reference, digits=10):
    check_digits(result.h2, reference["tot"], digits, "h2")
    check_digits(result.h2_se, reference["tot_se"], digits, "h2 SE")
    check_digits(result.intercept, reference["intercept"], digits, "intercept")
    check_digits(result.mean_chi2, reference["mean_chisq"], digits, "mean chi2")
    check_digits(result.lambda_gc, reference["lambda_gc"], digits, "lambda GC")
    check_digits(result.delete_values, reference["tot_delete_values"], digits, "delete values")
    check_digits(result.tau_cov, reference["coef_cov"], digits, "coefficient covariance")
    if reference["intercept_se"] != "NA":
        check_digits(result.intercept_se, reference["intercept_se"], digits, "intercept SE")
        check_digits(result.intercept_delete, reference["intercept_delete_values"], digits, "intercept delete values")
    if result.mean_chi2 > 1 and reference["intercept_se"] != "NA":
        check_digits(result.ratio, reference["ratio"], digits, "ratio")
        check_digits(result.ratio_se, reference["ratio_se"], digits, "ratio SE")


@pytest.mark.shared
@pytest.mark.parametrize("case", FULL)
def test_1_million_snps__equal_ldsc(case):
    reference = json.loads((LDSC / "h2" / f"{case}.json").read_text())
    result = fit_h2(full_data(case[:2]), **FULL[case])
    check_against_json(result, reference)
    assert result.n_blocks == reference["n_blocks"]
    if reference.get("twostep_filtered") is not None:
        assert result.steps[-1].removed == reference["twostep_filtered"]


@pytest.mark.shared
@pytest.mark.parametrize("case", MINI)
def test_mini_set__equals_ldsc(case):
    reference = json.loads((LDSC / "mini" / f"{case}.json").read_text())
    check_against_json(fit_h2(mini_data(case.split("_")[0]), **MINI[case]), reference)


@pytest.mark.shared
def test_same_files_as_weights__equal_ldsc():
    reference = json.loads((LDSC / "mini" / "t1_sameW.json").read_text())
    check_against_json(fit_h2(mini_data("t1", "")), reference)


@pytest.mark.shared
def test_liability_scale__equals_ldsc():
    reference = json.loads((LDSC / "mini" / "t4_liab.json").read_text())
    aligned = mini_data("t4")
    trait = replace(aligned.traits[0], samp_prev=0.37, pop_prev=0.01)
    result = fit_h2(replace(aligned, traits=(trait,)))
    check_digits(result.h2, reference["tot"], 10)
    printed = re.search(r"Liability scale h2: (\S+) \((\S+)\)", (LDSC / "mini" / "t4_liab.log").read_text())
    assert re.search(r"Liability scale h2: (\S+) \((\S+)\)", h2_log(result)).groups() == printed.groups()


LOGS = {
    **{f"h2/{case}": (full_data, case[:2], options) for case, options in FULL.items() if "onestep" not in case},
    **{f"mini/{case}": (mini_data, case.split("_")[0], options) for case, options in MINI.items()},
}
GREPPED = r"^(After merging.*|Total (?!time).*|Lambda GC.*|Mean Chi.*|Intercept.*|Ratio.*|WARNING: number.*)$"


@pytest.mark.shared
@pytest.mark.parametrize("case", LOGS)
def test_log_lines__are_those_of_ldsc(case):
    load, trait, options = LOGS[case]
    theirs = re.findall(GREPPED, (LDSC / f"{case}.log").read_text(), re.MULTILINE)
    ours = re.findall(GREPPED, h2_log(fit_h2(load(trait), **options)), re.MULTILINE)
    assert ours == theirs


PORTABLE_LOGS = {
    "h2_1": ("trait1", {}),
    "h2_2": ("trait2", {}),
    "h2_3": ("trait3", {}),
    "h2_noint_1": ("trait1", {"intercept": 1.0}),
    "h2_noint_2": ("trait2", {"intercept": 1.0}),
    "h2_noint_3": ("trait3", {"intercept": 1.0}),
}


@pytest.mark.parametrize("case", PORTABLE_LOGS)
def test_portable_set__every_printed_digit(case):
    trait, options = PORTABLE_LOGS[case]
    theirs = re.findall(GREPPED, (PORTABLE / "ldsc" / f"{case}.log").read_text(), re.MULTILINE)
    ours = re.findall(GREPPED, h2_log(fit_h2(portable_data(trait), **options)), re.MULTILINE)
    assert ours == theirs


@pytest.mark.parametrize("trait", [1, 2, 3])
def test_portable_set__delete_values_and_covariance(trait):
    result = fit_h2(portable_data(f"trait{trait}"))
    stem = PORTABLE / "ldsc" / f"h2_prints_{trait}"
    check_digits(result.delete_values, np.loadtxt(f"{stem}.delete"), 10, "delete")
    check_digits(result.tau_delete[:, 0], np.loadtxt(f"{stem}.part_delete"), 10, "part_delete")
    check_digits(result.tau_cov[0, 0], float(np.loadtxt(f"{stem}.cov")), 10, "cov")


@pytest.mark.parametrize("trait", [1, 2, 3])
def test_several_ld_scores__equal_ldsc(trait):
    tagging = read_tagging(f"{PORTABLE}/ldsc/ann.", weights=f"{PORTABLE}/ldsc/ld.")
    aligned = align([read_sumstats(PORTABLE / "inputs" / f"trait{trait}.sumstats.xz")], tagging)
    result = fit_h2(aligned)
    stem = PORTABLE / "ldsc" / f"part_{trait}"
    check_digits(result.delete_values, np.loadtxt(f"{stem}.delete"), 10, "delete")
    check_digits(result.tau_delete, np.loadtxt(f"{stem}.part_delete"), 9, "part_delete")
    check_digits(result.tau_cov, np.loadtxt(f"{stem}.cov"), 9, "cov")
    theirs = re.findall(GREPPED, (PORTABLE / "ldsc" / f"part_{trait}.log").read_text(), re.MULTILINE)
    ours = re.findall(GREPPED, h2_log(result), re.MULTILINE)
    assert ours == theirs


def test_liability__equals_ldsc_log():
    aligned = portable_data("trait1")
    trait = replace(aligned.traits[0], samp_prev=0.5, pop_prev=0.01)
    theirs = re.findall(GREPPED, (PORTABLE / "ldsc" / "h2_liab_1.log").read_text(), re.MULTILINE)
    assert re.findall(GREPPED, h2_log(fit_h2(replace(aligned, traits=(trait,)))), re.MULTILINE) == theirs
