"""Results as a user meets them: report, table, files, status, public names."""

from __future__ import annotations

import importlib
import json

import numpy as np
import pytest
from conftest import PORTABLE
from ldak_panels import simulated_panel
from scipy.special import log_ndtr
from scipy.stats import norm

import sumh2
from ldscores import thin_panel, weigh_panel
from ldscores.shared.columns import meaning_of
from ldscores.taggings.tagging_files import read_tagging
from ldscores.taggings.tagging_summary import summarise_tagging
from sumh2 import align, fit_h2, fit_rg
from sumh2.coverage_verdicts import chromosome_findings
from sumh2.kernels.significance import normal_log10_p, normal_p, z_and_p
from sumh2.ldsc.log import ldsc_number
from sumh2.liability import liability_factor
from sumh2.results import p_text, with_se
from sumh2.sumstats_files import read_sumstats
from sumh2.verdicts import Finding, count_findings, h2_findings, h2_size_findings, judge, rg_findings


@pytest.fixture(scope="module")
def aligned():
    traits = [read_sumstats(PORTABLE / "inputs" / f"trait{number}.sumstats.xz") for number in (1, 2)]
    return align(traits, read_tagging(f"{PORTABLE}/ldsc/ld."))


def test_p_values__agree_with_scipy_and_do_not_underflow():
    for z in (0.0, 0.3, -2.0, 8.0):
        assert normal_p(z) == pytest.approx(2 * norm.sf(abs(z)), rel=1e-12)
        assert normal_log10_p(z) == pytest.approx(np.log10(2 * norm.sf(abs(z))), abs=1e-12)
    for z in (37.0, -60.0, 1e3, 1e5):
        expected = (log_ndtr(-abs(z)) + np.log(2)) / np.log(10)
        assert normal_log10_p(z) == pytest.approx(expected, rel=1e-14)
    assert normal_p(100) == 0 and normal_log10_p(100) == pytest.approx(-2173.57, abs=0.01)
    assert p_text(normal_p(100), normal_log10_p(100)) == "2.69e-2174"
    assert p_text(0.0, -2e9) == "<1e-9999"
    assert p_text(0.01234, np.log10(0.01234)) == "0.0123"
    assert np.isnan(z_and_p(1.0, 0.0)).all() and np.isnan(z_and_p(np.nan, 1.0)).all()


def test_texts():
    assert with_se(0.12345, 0.02) == "0.1235 (0.0200)" or with_se(0.12345, 0.02) == "0.1234 (0.0200)"
    assert with_se(1.0, np.nan) == "1.0000 (fixed)" and with_se(np.nan, 1.0) == "NA"
    assert [ldsc_number(x) for x in (0.3, 0.28304, 1.0, 5.557e-14)] == ["0.3", "0.283", "1.", "5.557e-14"]


def test_liability_factor__is_that_of_lee_2011():
    # Lee et al. 2011: with the sample's prevalence equal to the population's the factor is K (1 - K) / phi(t)^2.
    for prevalence in (0.01, 0.1, 0.5):
        density = norm.pdf(norm.isf(prevalence))
        assert liability_factor(prevalence, prevalence) == pytest.approx(prevalence * (1 - prevalence) / density**2)
    for wrong in ((0, 0.1), (1, 0.1), (0.5, 0), (0.5, 50)):
        with pytest.raises(sumh2.InputError, match="between 0 and 1"):
            liability_factor(*wrong)


def test_h2_result__saves_what_it_shows(aligned, tmp_path):
    result = fit_h2(aligned)
    written = result.save(tmp_path / "a")
    assert [path.name for path in written] == ["a.tsv", "a.json"]
    record = json.loads((tmp_path / "a.json").read_text())["estimates"][0]
    frame = result.to_frame()
    for name in ("h2", "h2_se", "intercept", "ratio", "lambda_gc", "n_snps"):
        assert record[name] == frame.loc[0, name] == getattr(result, name)
    content = json.loads((tmp_path / "a.json").read_text())
    assert content["steps"][-1]["kept"] == result.steps[-1].kept
    assert content["categories"][0]["h2"] == pytest.approx(result.h2)
    assert record["h2_liab"] is None and np.isnan(frame.loc[0, "h2_liab"])
    assert f"{result.h2:.4f}" in str(result) and result.status in str(result)


def test_rg_result__is_tidy(aligned):
    frame = fit_rg(aligned).to_frame()
    expected = {"trait1", "trait2", "rg", "rg_se", "rg_z", "rg_p", "gcov", "gcov_se", "gcov_int", "gcov_int_se"}
    expected |= {"n_snps", "status", "why"}
    assert expected <= set(frame.columns) and len(frame) == 1


def levels(**changes):
    usual = {
        "h2": 0.3, "h2_se": 0.02, "intercept": 1.02, "intercept_se": 0.01, "ratio": 0.05, "mean_chi2": 1.4,
        "n_snps": 1_000_000, "n_blocks": 200, "maf_correlation": 0.99,
    }  # fmt: skip
    return {finding.code: finding.level for finding in h2_findings(**(usual | changes))}


def test_verdicts_of_h2():
    assert levels() == {}
    assert levels(h2=-0.01) == {"negative h2": "unusable"}
    assert levels(h2=0.05) == {"weak power": "caution"}
    assert "h2 above 1" in levels(h2=1.2)
    assert "intercept below 1" in levels(intercept=0.9)
    assert "confounding" in levels(intercept=1.2, ratio=0.5)
    assert "low mean chi2" in levels(mean_chi2=1.01)
    assert levels(n_snps=500)["few SNPs"] == "unusable"
    assert levels(h2=9.0)["impossible h2"] == "unusable" and levels(mean_chi2=0.01)["impossible chi2"] == "unusable"
    assert "few SNPs" in levels(n_snps=50_000) and "few blocks" in levels(n_blocks=10)
    assert "frequencies differ" in levels(maf_correlation=0.5) and not levels(maf_correlation=np.nan)
    assert levels(intercept=1.0, intercept_se=np.nan) == {"fixed intercept": "note"}


def words(found, code):
    return next((f"{finding.level}: {finding.text}" for finding in found if finding.code == code), "")


def test_h2_above_1__is_unusable_beyond_its_error():
    assert words(h2_size_findings(1.2, 0.1), "h2 above 1").startswith("caution: h2 is 1.2 (SE 0.1)")
    assert words(h2_size_findings(3.65, 0.21), "h2 above 1").startswith(
        "unusable: h2 is 3.65 (SE 0.21), above 1 beyond"
    )
    assert words(h2_size_findings(9.0, 3.0), "impossible h2").startswith("unusable")
    assert h2_size_findings(0.9, 0.5) == [] and h2_size_findings(np.nan, np.nan) == []
    # Ascertained cases push the observed scale above 1: where prevalences are known, the liability scale decides.
    assert h2_size_findings(1.8, 0.1, 0.5) == []
    assert "on the liability scale is 1.8" in words(h2_size_findings(3.6, 0.2, 0.5), "h2 above 1")
    assert levels(h2=3.65, h2_se=0.21)["h2 above 1"] == "unusable"


def test_an_intercept_below_1_of_few_snps__is_not_called_genomic_control():
    assert "intercept below 1" in levels(intercept=0.9, n_snps=100_000)
    assert "intercept below 1" not in levels(intercept=0.233, intercept_se=0.342, n_snps=268)
    assert "intercept below 1" not in levels(intercept=0.95, intercept_se=0.03)


def test_few_snps__says_whether_any_was_lost():
    def why(n_snps, **available):
        return words(count_findings(n_snps, 200, available), "few SNPs")

    assert why(34_222, file=34_222, LD=1_290_028).endswith("none was lost: file has 34,222")
    assert why(33_847, file=34_222, LD=1_290_028).endswith("hardly any was lost: file has 34,222")
    assert why(7_600, file=1_000_000, LD=8_000).endswith("hardly any was lost: LD has 8,000")
    assert why(5_000, file=1_000_000, LD=20_000).endswith("LD has 20,000, and 75% of them are lost: check the steps")
    assert why(5_000, file=1_000_000, LD=1_290_028).endswith("check the losses step by step")
    assert why(500).startswith("unusable") and why(500).endswith("check the losses step by step")


def test_blocks_of_a_few_snps__have_errors_that_are_too_small():
    assert "short blocks" not in levels(n_snps=14_822)
    assert levels(n_snps=14_822, n_blocks=14_000)["short blocks"] == "caution"
    assert "14,000 jackknife blocks of 1 SNPs" in words(count_findings(14_822, 14_000), "short blocks")


GENOME = {str(number): 1000 * (23 - number) for number in range(1, 23)} | {"X": 6000}


def test_chromosomes_of_the_study__are_told_beside_those_of_the_ld_scores():
    assert chromosome_findings(set(GENOME), GENOME) == []
    two = words(chromosome_findings({"21", "22"}, GENOME), "chromosomes missing")
    assert two == (
        "caution: SNPs are on 2 of the 23 chromosomes of the LD scores (21, 22): M is of all, so h2 stands for all 23, as "
        "if the others had as much h2 per SNP; LD scores of these 2 alone give their own h2"
    )
    pair = words(chromosome_findings(["1"], {"1": 100, "2": 80}), "chromosomes missing")
    assert "1 of the 2 chromosomes of the LD scores (1)" in pair and pair.endswith("chromosome 1 alone give its own h2")
    first = words(chromosome_findings(set(map(str, range(1, 16))), GENOME), "chromosomes missing")
    assert "15 of the 23 chromosomes of the LD scores (1-15)" in first


def test_a_small_missing_chromosome__is_a_note():
    without_x = words(chromosome_findings(set(GENOME) - {"X"}, GENOME), "chromosomes missing")
    assert without_x.startswith("note: no SNP is on X of the LD scores, 2% of their SNPs")
    assert words(chromosome_findings(set(GENOME) - {"22"}, GENOME), "chromosomes missing").startswith(
        "note: no SNP is on 22"
    )
    assert words(chromosome_findings(set(GENOME) - {"1", "2"}, GENOME), "chromosomes missing").startswith("caution")


def test_ld_scores_of_a_part_of_the_genome__are_told():
    alone = words(chromosome_findings({"7"}, {"7": 10}), "one chromosome")
    assert alone.startswith("caution: the LD scores are of chromosome 7 alone")
    some = words(chromosome_findings({"chr21", "chr22"}, {"chr21": 10, "chr22": 10}), "some chromosomes")
    assert some.startswith("caution: the LD scores are of chromosomes chr21, chr22 alone")
    assert chromosome_findings({"1", "2"}, {"1": 10, "2": 10}) == [], "a small genome"
    assert chromosome_findings({"a", "b"}, {"a": 10, "b": 10}) == [], "names are no numbers"
    assert chromosome_findings({"NA"}, {"NA": 10}) == [], "LDAK's taggings name no chromosome"


def test_two_step__says_when_its_cutoff_takes_a_polygenic_trait_for_loci(aligned):
    chi2 = aligned.z[:, 0] ** 2
    chi2 = chi2[np.isfinite(chi2)]
    rare, common = np.quantile(chi2, [0.995, 0.9])
    assert "two-step cutoff" not in fit_h2(aligned, trait=0, two_step=float(rare)).why
    result = fit_h2(aligned, trait=0, two_step=float(common))
    assert "two-step cutoff: 10.0% of the SNPs" in result.why and result.status == "caution"
    assert "two-step cutoff" not in fit_h2(aligned, trait=0, two_step=None).why


def test_verdicts_of_rg():
    usual = {
        "rg": 0.5, "rg_se": 0.1, "h2": (0.3, 0.2), "h2_z": (10, 10), "names": ("a", "b"), "n_bad_deletes": 0,
        "n_blocks": 200, "n_snps": 1_000_000, "share_mismatched": 0.0,
    }  # fmt: skip
    assert rg_findings(**usual) == []
    for change, code in (
        ({"rg": -1.2}, "rg outside ±1"),
        ({"h2": (0.3, -0.1), "rg": np.nan}, "negative h2"),
        ({"rg_se": np.nan}, "no SE"),
        ({"h2_z": (10, 2)}, "weak power"),
        ({"n_bad_deletes": 3}, "SE by delta method"),
        ({"share_mismatched": 0.3}, "alleles differ"),
        ({"h2": (2.85, 0.2), "h2_z": (2.85 / 0.36, 10)}, "h2 above 1"),
    ):
        assert [finding.code for finding in rg_findings(**(usual | change))] == [code]


def test_h2_of_a_pair__above_1_is_a_caution():
    found = rg_findings(
        rg=0.5, rg_se=0.1, h2=(2.85, 1.8), h2_z=(2.85 / 0.36, 18), names=("a", "b"), n_bad_deletes=0, n_blocks=200,
        n_snps=1_000_000, share_mismatched=0.0, liability_factors=(float("nan"), 0.5),
    )  # fmt: skip
    assert [(one.level, one.code) for one in found] == [("caution", "h2 above 1")], "a wrong N leaves rg as it is"
    assert found[0].text.startswith("h2 of a on these SNPs is 2.85 (SE 0.36), above 1 beyond its error")


def test_judge__puts_the_worst_first():
    findings = [Finding("note", "a", "x"), Finding("unusable", "b", "y"), Finding("caution", "c", "z")]
    assert judge(findings) == ("unusable", "b: y | c: z | a: x")
    assert judge([Finding("note", "a", "x")]) == ("ok", "a: x") and judge([]) == ("ok", "")


def test_public_functions__are_not_hidden_by_modules_of_their_name():
    for module in ("alignment", "munging.munge_files", "ldsc.h2", "ldsc.rg", "cli"):
        importlib.import_module(f"sumh2.{module}")
    for name in ("align", "munge", "fit_h2", "fit_rg", "read_sumstats"):
        assert callable(getattr(sumh2, name)), name


def test_public_functions__say_shapes_errors_and_source():
    for name in ("align", "fit_h2", "fit_rg"):
        text = getattr(sumh2, name).__doc__
        assert "Parameters\n" in text and "Raises\n" in text, name


def test_glossary__explains_the_names_in_tables(aligned):
    panel = simulated_panel(0, n_snps=30)
    trait = read_sumstats(PORTABLE / "inputs" / "trait1.sumstats.xz")
    frames = [summarise_tagging(aligned.reference), weigh_panel(panel), thin_panel(panel, window_kb=100), trait]
    assert not [name for one in frames for name in one.to_frame().columns if not meaning_of(name)]
    assert meaning_of("h2_1_se") == "standard error of h2_1"
    assert meaning_of("rg_log10_p") == "log10 of the two-sided p-value of rg"
    assert meaning_of("nothing_se") == meaning_of("") == ""


def test_prevalences_of_a_trait__give_the_liability_scale(aligned):
    trait = read_sumstats(PORTABLE / "inputs" / "trait1.sumstats.xz").with_prevalences(0.4, 0.01)
    result = fit_h2(align([trait], aligned.reference))
    assert result.h2_liab == pytest.approx(result.h2 * liability_factor(0.4, 0.01))
    with pytest.raises(sumh2.InputError, match="found one, expected two"):
        trait.with_prevalences(0.4, None)


def test_objects__say_what_they_are_in_a_line(aligned):
    trait = read_sumstats(PORTABLE / "inputs" / "trait1.sumstats.xz")
    assert repr(trait) == "SumStats(trait1: 7,609 SNPs)"
    assert repr(aligned).startswith("AlignedData(trait1, trait2: ") and "\n" not in repr(aligned)
