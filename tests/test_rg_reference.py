"""fit_rg against the outputs of LDSC 1.0.1: at least ten digits where they hold full precision."""

from __future__ import annotations

import functools
import json
import re
from dataclasses import replace

import numpy as np
import pytest
from agreement import check_digits
from conftest import PORTABLE, SHARED

from ldscores.shared.tables import read_parquet
from ldscores.taggings.tagging_files import read_tagging
from sumh2 import SumStats, align, fit_rg
from sumh2.ldsc.log import ldsc_number, rg_log
from sumh2.sumstats_files import read_sumstats

LDSC = SHARED / "reference" / "ldsc"
EUR = SHARED / "data" / "ldscores_eur_w_ld_chr"

MINI = {
    "rg_all": ("t1 t2 t3 t4 t5 t6", {}),
    "rg_cm": ("t1 t2", {"chisq_max": 30}),
    "rg_fix": ("t1 t2 t3", {"intercept": [1.02, 1, 1.05], "gcov_intercept": [0, 0.13, 0]}),
    "rg_liab": ("t3 t4", {}),
    "rg_noint": ("t1 t2 t5", {"intercept": 1.0, "gcov_intercept": 0.0}),
    "rg_t5": ("t5 t1 t2 t3 t4", {}),
    "rg_two": ("t1 t2 t6", {"two_step": 30}),
}
FULL = {
    "prints_t1_t2": {},
    "chisqmax80_t1_t2": {"chisq_max": 80},
    "twostep30_t1_t2": {"two_step": 30},
    "nocheck_t1_t2": {},
}


@functools.cache
def eur_tagging():
    return read_tagging(str(EUR))


@functools.cache
def mini_data(names):
    folder = LDSC / "mini" / "data"
    tagging = read_tagging(f"{folder}/ld/", weights=f"{folder}/ld/w.")
    return align([read_sumstats(folder / f"{name}.sumstats.gz") for name in names.split()], tagging)


@functools.cache
def full_data(check_alleles=True):
    traits = [read_sumstats(LDSC / "sumstats" / f"t{number}.sumstats.xz") for number in (1, 2)]
    return align(traits, eur_tagging(), check_alleles=check_alleles)


@functools.cache
def portable_data(names):
    tagging = read_tagging(f"{PORTABLE}/ldsc/ld.", weights=f"{PORTABLE}/ldsc/ld.")
    return align([read_sumstats(PORTABLE / "inputs" / f"{name}.sumstats.xz") for name in names.split()], tagging)


def check_pair(pair, reference, digits=10):
    for name, part in (("h2_1", "hsq1"), ("h2_2", "hsq2"), ("gcov", "gencov")):
        check_digits(getattr(pair, name), reference[part]["tot"], digits, name)
        check_digits(getattr(pair, f"{name}_se"), reference[part]["tot_se"], digits, f"{name} SE")
    for name, part in (("h2_int_1", "hsq1"), ("h2_int_2", "hsq2"), ("gcov_int", "gencov")):
        check_digits(getattr(pair, name), reference[part]["intercept"], digits, name)
        if reference[part]["intercept_se"] != "NA":
            check_digits(getattr(pair, f"{name}_se"), reference[part]["intercept_se"], digits, f"{name} SE")
    for fit, part in zip(pair.fits, ("hsq1", "hsq2", "gencov"), strict=True):
        check_digits(fit.total_delete, reference[part]["tot_delete_values"], digits, f"{part} delete values")
    check_digits(pair.mean_z1z2, reference["gencov"]["mean_z1z2"], digits, "mean z1z2")
    if reference["rg_ratio"] == "NA":
        assert np.isnan(pair.rg) and pair.status == "unusable"
        return
    check_digits(pair.rg, reference["rg_ratio"], digits, "rg")
    check_digits(pair.rg_se, reference["rg_se"], digits, "rg SE")
    check_digits(pair.rg_z, reference["z"], digits, "z")
    if reference["p"] > 0:  # LDSC's underflows at z = 38, ours has its logarithm
        check_digits(pair.rg_log10_p, np.log10(reference["p"]), digits, "log10 p")
    else:
        assert pair.rg_p == 0 and pair.rg_log10_p < -307


@pytest.mark.shared
@pytest.mark.parametrize("case", MINI)
def test_mini_set__equals_ldsc(case):
    names, options = MINI[case]
    references = json.loads((LDSC / "mini" / f"{case}.json").read_text())["results"]
    result = fit_rg(mini_data(names), pairs="first", **options)
    assert len(result.pairs) == len(references)
    compared = 0
    for pair, reference in zip(result.pairs, references, strict=True):
        # LDSC holds nothing of a pair in which a delete value is negative.
        if reference is not None:
            check_pair(pair, reference)
            compared += 1
    assert compared > 0


@pytest.mark.shared
@pytest.mark.parametrize("case", FULL)
def test_1_million_snps__equal_ldsc(case):
    references = json.loads((LDSC / "rg" / f"{case}.json").read_text())["results"]
    result = fit_rg(full_data(check_alleles=case != "nocheck_t1_t2"), pairs="first", **FULL[case])
    check_pair(result.pairs[0], references[0])


@pytest.mark.shared
def test_every_printed_digit__of_the_summary_table():
    text = (LDSC / "mini" / "rg_liab.log").read_text().split("Summary of")[1].splitlines()[2].split()
    aligned = mini_data("t3 t4")
    traits = tuple(
        replace(trait, samp_prev=samp, pop_prev=pop)
        for trait, samp, pop in zip(aligned.traits, (0.5, 0.37), (0.1, 0.01), strict=True)
    )
    result = fit_rg(replace(aligned, traits=traits), pairs="first")
    pair = result.pairs[0]
    ours = (pair.rg, pair.rg_se, pair.rg_z, pair.rg_p, pair.h2_liab_2, pair.h2_liab_2_se, pair.h2_int_2)
    for value, printed in zip(ours, text[2:], strict=False):
        assert float(ldsc_number(value)) == pytest.approx(float(printed), abs=1e-12)
    log = rg_log(result)
    theirs = (LDSC / "mini" / "rg_liab.log").read_text()
    grepped = r"^(Total (?!time).*|Lambda GC.*|Mean .*|Intercept.*|Ratio.*|Genetic Correlation:.*|Z-score.*|P: .*)$"
    assert re.findall(grepped, log, re.MULTILINE) == re.findall(grepped, theirs, re.MULTILINE)


M_5_50 = 3337 + 2556
PORTABLE_LOGS = {
    "rg_123": ("trait1 trait2 trait3", {}),
    "rg_23": ("trait2 trait3", {}),
    "rg_noint_12": ("trait1 trait2", {"intercept": 1.0, "gcov_intercept": 0.0}),
}


@pytest.mark.parametrize("case", PORTABLE_LOGS)
def test_portable_set__every_printed_digit(case):
    names, options = PORTABLE_LOGS[case]
    theirs = (PORTABLE / "ldsc" / f"{case}.log").read_text()
    ours = rg_log(fit_rg(portable_data(names), pairs="first", **options))
    grepped = (
        r"^(.*SNPs with valid alleles.*|Total (?!time).*|Lambda GC.*|Mean .*|Intercept.*|Ratio.*"
        r"|Genetic Correlation:.*|Z-score.*|P: .*|Heritability of.*)$"
    )
    assert re.findall(grepped, ours, re.MULTILINE) == re.findall(grepped, theirs, re.MULTILINE)


def test_portable_set__delete_values():
    pair = fit_rg(portable_data("trait1 trait2")).pairs[0]
    stem = f"{PORTABLE}/ldsc/rg_prints_12_trait1.sumstats.gz_trait2.sumstats.gz"
    for fit, part in zip(pair.fits, ("hsq1", "hsq2", "gencov"), strict=True):
        check_digits(fit.total_delete, np.loadtxt(f"{stem}.{part}.delete"), 10, part)
        check_digits((fit.total_se / M_5_50) ** 2, float(np.loadtxt(f"{stem}.{part}.cov")), 10, part)


@pytest.mark.shared
def test_one_mismatched_allele__costs_one_snp_not_the_pair():
    """LDSC stops here with KeyError "Incompatible alleles" (reference: mini/rg_t2_onemismatch.log)."""
    pair = fit_rg(mini_data("t1 t2_onemismatch")).pairs[0]
    log = (LDSC / "mini" / "rg_t2_onemismatch.log").read_text()
    assert "KeyError" in log
    assert pair.n_shared == int(re.search(r"After merging with summary statistics, (\d+)", log)[1])
    assert pair.n_snps == int(re.search(r"(\d+) SNPs with valid alleles", log)[1]) == pair.n_shared - 1
    clean = fit_rg(mini_data("t1 t2")).pairs[0]
    assert abs(pair.rg - clean.rg) < 0.05 * clean.rg_se


@pytest.mark.shared
def test_negative_delete_values__give_an_se_where_ldsc_gives_na():
    """In mini/rg_t5 LDSC loses pairs to one negative delete value; ours carry an SE by the delta method."""
    references = json.loads((LDSC / "mini" / "rg_t5.json").read_text())["results"]
    result = fit_rg(mini_data("t5 t1 t2 t3 t4"), pairs="first")
    lost = [pair for pair, ref in zip(result.pairs, references, strict=True) if ref is None]
    assert lost
    for pair in lost:
        assert np.isfinite(pair.rg) == (pair.h2_1 > 0 and pair.h2_2 > 0)
        assert np.isfinite(pair.gcov) and np.isfinite(pair.gcov_se)
        if np.isfinite(pair.rg):
            assert np.isfinite(pair.rg_se) and "delta method" in pair.why


@pytest.mark.shared
def test_real_schizophrenia_and_bipolar__equal_ldsc_log():
    table, _ = read_parquet(SHARED / "data" / "sldsc_ldsR_SCZ_BIP_chr1" / "sumstats.parquet")
    # The file has no alleles: both traits count the same one, so any two letters that are the same in both will do.
    first = np.zeros(len(table), np.uint8)
    traits = [
        SumStats(
            name,
            table["SNP"].combine_chunks(),
            table[f"Z.{side}"].to_numpy().astype(float),
            table[f"N.{side}"].to_numpy().astype(float),
            a1=first,
            a2=first + np.uint8(1),
        )
        for name, side in (("scz", "x"), ("bip", "y"))
    ]
    pair = fit_rg(align(traits, eur_tagging())).pairs[0]
    assert f"{pair.rg:.4f} ({pair.rg_se:.4f})" == "0.7386 (0.0483)"
    assert f"{pair.gcov_int:.4f} ({pair.gcov_int_se:.4f})" == "0.1661 (0.0249)"
    assert f"{pair.h2_1:.4f} ({pair.h2_1_se:.4f})" == "0.3863 (0.0383)"
    assert f"{pair.h2_2:.4f} ({pair.h2_2_se:.4f})" == "0.0738 (0.0070)"
