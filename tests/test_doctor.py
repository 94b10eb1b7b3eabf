"""The doctor: every planted fault is named, clean files give no alarm, real files give only alarms that are true."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from ldscores.shared.errors import InputError
from sumh2.doctor.examine_files import examine
from sumh2.doctor.panel_checks import hudson_fst
from sumh2.munging.munge_files import munge

LETTERS = np.array(list("ACGT"))
CASES, CONTROLS = 4000.0, 12_000.0
N_EFF = 4 / (1 / CASES + 1 / CONTROLS)


def study(n_snps: int = 3000, seed: int = 1, *, binary: bool = True) -> dict[str, np.ndarray]:
    """A clean GWAS as columns: A/T and C/G SNPs too, polygenic effects, all digits."""
    random = np.random.default_rng(seed)
    first = random.integers(0, 4, n_snps)
    second = (first + random.integers(1, 4, n_snps)) % 4
    frequency = random.uniform(0.06, 0.94, n_snps)
    n = np.full(n_snps, CASES + CONTROLS)
    variance = 2 * frequency * (1 - frequency)
    se = np.sqrt((4 / N_EFF if binary else 1 / n) / variance) * random.uniform(0.99, 1.01, n_snps)
    z = random.normal(size=n_snps) * 1.15
    chrom = np.sort(random.integers(1, 23, n_snps))
    return {
        "SNP": np.array([f"rs{number}" for number in range(n_snps)]), "CHR": chrom,
        "BP": random.integers(1, 2_000_000, n_snps) * 50, "EA": LETTERS[first], "NEA": LETTERS[second], "EAF": frequency,
        "INFO": random.uniform(0.9, 1, n_snps), "BETA": z * se, "SE": se, "P": 2 * norm.sf(np.abs(z)),
        **({"N_CAS": np.full(n_snps, CASES), "N_CON": np.full(n_snps, CONTROLS)} if binary else {"N": n}),
    }  # fmt: skip


def write(path, columns) -> None:
    rows = zip(*(map(str, values.tolist()) for values in columns.values()), strict=True)
    path.write_text("\n".join(["\t".join(columns), *("\t".join(row) for row in rows)]) + "\n")


def panel_of(columns, seed: int = 9, drift: float = 0.0) -> dict[str, np.ndarray]:
    """Known variants with the alleles in either order, and frequencies of a panel of 500 after some drift."""
    random = np.random.default_rng(seed)
    swap = random.random(len(columns["SNP"])) < 0.5
    frequency = columns["EAF"]
    if drift:
        shape = (1 - drift) / drift
        frequency = random.beta(frequency * shape, (1 - frequency) * shape)
    frequency = random.binomial(1000, frequency) / 1000
    return {
        "SNP": columns["SNP"], "CHR": columns["CHR"], "POS_hg19": columns["BP"], "POS_hg38": columns["BP"] + 12_345,
        "A1": np.where(swap, columns["NEA"], columns["EA"]), "A2": np.where(swap, columns["EA"], columns["NEA"]),
        "FRQ": np.where(swap, 1 - frequency, frequency),
    }  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("doctor")


def diagnose(folder, columns, panel=None, **options):
    """The audit of columns against the panel of the clean study, and the panel's file."""
    clean = study(len(columns["SNP"])) if panel is None else None
    write(folder / "gwas.tsv", columns)
    write(folder / "panel.tsv", panel_of(clean) if panel is None else panel)
    return examine(folder / "gwas.tsv", reference=str(folder / "panel.tsv"), **options)


def alarms(result) -> set[str]:
    return {each.check for each in result.checks if each.status in ("caution", "unusable")}


def check_of(result, name: str):
    return next(each for each in result.checks if each.check == name)


# ---------------------------------------------------------------------------------------------------------------------
# Clean


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10_000), binary=st.booleans(), with_panel=st.booleans())
def test_clean_studies_give_no_alarm(tmp_path_factory, seed, binary, with_panel):
    folder = tmp_path_factory.mktemp("clean")
    columns = study(1500, seed, binary=binary)
    write(folder / "gwas.tsv", columns)
    write(folder / "panel.tsv", panel_of(columns, seed + 1))
    result = examine(folder / "gwas.tsv", **({"reference": str(folder / "panel.tsv")} if with_panel else {}))
    assert (result.status, alarms(result)) == ("ok", set())
    assert result.n_read == 1500


def test_clean_report_has_every_check(folder):
    result = diagnose(folder, study())
    assert {each.check for each in result.checks} == {
        "effect allele", "frequency", "alleles", "palindromes", "n", "z", "signs", "build", "ancestry", "inflation", "info",
        "duplicates", "chromosomes", "losses",
    }  # fmt: skip
    values = {each.check: each.values for each in result.checks}
    assert values["n"]["implied"] == pytest.approx(N_EFF, rel=0.03)
    assert values["frequency"]["correlation"] > 0.99
    assert values["build"] == {"share_hg19": 1.0, "share_hg38": 0.0}
    assert values["ancestry"]["fst_panel"] < 0.001
    assert values["palindromes"]["share_other_strand"] == 0


# ---------------------------------------------------------------------------------------------------------------------
# Faults: what is changed, the check that must name it, and words of its finding


def eaf_of_the_other_allele(c):
    c["EAF"] = 1 - c["EAF"]


def effect_alleles_exchanged(c):
    c["EA"], c["NEA"] = c["NEA"], c["EA"]


def eaf_is_maf(c):
    c["EAF"] = np.minimum(c["EAF"], 1 - c["EAF"])


def eaf_shuffled(c):
    c["EAF"] = np.random.default_rng(2).permutation(c["EAF"])


def eaf_in_percent(c):
    c["EAF"] = 100 * c["EAF"]


def half_effective_n(c):
    c["NEFF"] = np.full(len(c["SNP"]), N_EFF / 2)
    del c["N_CAS"], c["N_CON"]
    c["OR"] = np.exp(c.pop("BETA"))


def cases_for_n(c):
    c["N"] = c.pop("N_CAS")
    del c["N_CON"]
    c["OR"] = np.exp(c.pop("BETA"))


def cases_for_n_beside_cases(c):
    c["N"] = c["N_CAS"]


def people_not_analysed(c):
    c["N_CAS"], c["N_CON"] = 4 * c["N_CAS"], 4 * c["N_CON"]


def one_n_for_all(c):
    share = np.random.default_rng(3).choice([0.2, 1.0], len(c["SNP"]), p=[0.3, 0.7])
    c["SE"], c["BETA"] = c["SE"] / np.sqrt(share), c["BETA"] / np.sqrt(share)


def no_n(c):
    del c["N_CAS"], c["N_CON"]
    c["OR"] = np.exp(c.pop("BETA"))


def z_of_the_other_allele(c):
    c["Z"] = -c["BETA"] / c["SE"]


def z_of_another_model(c):
    c["Z"] = c["BETA"] / c["SE"] * 1.4


def p_corrected(c):
    c["P"] = 2 * norm.sf(np.abs(c["BETA"] / c["SE"]) / 1.3)


def positions_of_a_third_build(c):
    c["BP"] = c["BP"] + 777


def positions_from_zero(c):
    c["BP"] = c["BP"] - 1


def palindromes_on_the_other_strand(c):
    rows = c["EA"] == np.array([{"A": "T", "T": "A", "C": "G", "G": "C"}[letter] for letter in c["NEA"]])
    c["EAF"] = np.where(rows, 1 - c["EAF"], c["EAF"])


def names_twice(c):
    c["SNP"] = np.where(np.arange(len(c["SNP"])) % 20 == 0, "rs1", c["SNP"])


def alleles_of_others(c):
    rows = np.arange(len(c["SNP"])) % 5 == 0
    other = np.array([next(x for x in "ACGT" if x not in (a, b) and x != {"A": "T", "T": "A", "C": "G", "G": "C"}[b])
                      for a, b in zip(c["EA"], c["NEA"], strict=True)])  # fmt: skip
    c["EA"] = np.where(rows, other, c["EA"])


def sd_for_se(c):
    c["SE"] = c["SE"] * 100
    del c["P"]


def corrected_twice(c):
    c["SE"] = c["SE"] * 1.35
    del c["P"]


def significant_snps_only(c):
    rows = c["P"] < 0.05
    for name in c:
        c[name] = c[name][rows]


def info_is_another_column(c):
    c["INFO"] = np.random.default_rng(3).uniform(0, 100, len(c["SNP"]))


def unsigned_effects(c):
    c["BETA"] = np.abs(c["BETA"])


def odds_ratios_for_effects(c):
    c["BETA"] = np.exp(c["BETA"])


def nearly_all_lost(c):
    c["INFO"] = np.where(np.arange(len(c["SNP"])) % 50 == 0, 0.95, 0.4)


FAULTS = [
    (eaf_of_the_other_allele, "frequency", "it is the frequency of the other allele, NEA"),
    (effect_alleles_exchanged, "frequency", "it is the frequency of the other allele"),
    (eaf_is_maf, "frequency", "never above 0.5: the minor allele's"),
    (eaf_shuffled, "frequency", "of neither allele"),
    (eaf_in_percent, "frequency", "outside 0 to 1"),
    (half_effective_n, "n", "half of the effective N"),
    (cases_for_n, "n", "N is too small|half of the effective N, or counts cases without controls"),
    (cases_for_n_beside_cases, "n", "N counts the cases without the controls"),
    (people_not_analysed, "n", "25% cases explain a factor of 1.33, not 5"),
    (one_n_for_all, "n", "seen in different numbers of people"),
    (no_n, "n", "no N; SE and frequency imply 1[12],"),
    (z_of_the_other_allele, "z", "100% of Z have the other sign than BETA"),
    (z_of_another_model, "z", "of Z differ from BETA / SE"),
    (p_corrected, "z", r"a typical Z is 1.30 times that of P"),
    (positions_of_a_third_build, "build", "0.0% of positions as in hg19, 0.0% .*another build"),
    (positions_from_zero, "build", "counted from 0"),
    (palindromes_on_the_other_strand, "palindromes", "frequencies put 100% on the other strand"),
    (names_twice, "duplicates", "commonest name is rs1"),
    (alleles_of_others, "alleles", "(19|20)[.].% differ from panel"),
    (sd_for_se, "inflation", "chance alone gives 1"),
    (significant_snps_only, "inflation", "0% of SNPs have chi2 below 1"),
    (info_is_another_column, "info", "outside 0 to 1.5"),
    (unsigned_effects, "signs", "100% of effects are positive"),
    (odds_ratios_for_effects, "munge", "munge would stop: .*BETA holds odds ratios"),
    (nearly_all_lost, "losses", "most are lost to: INFO < 0.9"),
]  # fmt: skip


@pytest.mark.parametrize(("fault", "check", "words"), FAULTS, ids=lambda x: getattr(x, "__name__", None))
def test_every_planted_fault_is_named(fault, check, words, folder):
    import re

    columns = study()
    names = columns["SNP"]
    fault(columns)
    clean = study()
    known = np.isin(clean["SNP"], columns["SNP"]) if len(columns["SNP"]) < len(names) else np.ones(len(names), bool)
    panel = panel_of({name: values[known] for name, values in clean.items()})
    result = diagnose(folder, columns, panel)
    found = check_of(result, check)
    assert found.status in ("caution", "unusable"), (found, alarms(result))
    assert re.search(words, found.found), found.found
    assert found.advice
    report = str(result)
    assert re.search(rf"\d+\. [a-z, ]*\b{check}[a-z, ]*: {re.escape(found.advice)}", report)
    assert report.splitlines()[0].endswith(result.status)


@pytest.mark.parametrize("p", [True, False])
def test_odds_ratios_as_effects_get_one_advice(p, folder):
    """All that odds ratios do to Z, its sign and chi2 has one remedy, and the file is whole."""
    columns = study()
    odds_ratios_for_effects(columns)
    if not p:
        del columns["P"]
    report = str(diagnose(folder, columns))
    advice = report[report.index("What to do:") :].splitlines()[1]
    assert advice.startswith("1. inflation") and advice.endswith(
        "BETA holds odds ratios: say so with --odds-ratio BETA"
    )
    assert "whole file" not in report and "P is corrected" not in report and "signs: the column" not in report


def test_positive_effects_are_no_odds_ratios(folder):
    columns = study()
    unsigned_effects(columns)
    assert "odds ratios were taken" in check_of(diagnose(folder, columns), "signs").advice


def test_wrong_columns_are_not_taken_for_a_part_of_the_file(folder):
    """Where P is as always the file is whole: Z is wrong."""
    columns = study()
    columns["BETA"] = columns["BETA"] + np.where(columns["BETA"] > 0, 1, -1)
    found = check_of(diagnose(folder, columns), "inflation")
    assert found.status == "unusable" and found.advice.startswith("P is not small: Z is made of the wrong columns")


@pytest.mark.parametrize(("every", "status"), [(50, "caution"), (500, "note")])
def test_zero_for_missing_p_is_named(every, status, folder):
    columns = study()
    columns["P"] = np.where(np.arange(len(columns["P"])) % every == 0, 0, columns["P"])
    found = check_of(diagnose(folder, columns), "z")
    assert found.status == status and "have P = 0 beside a Z that is not large" in found.found
    assert "0 in P is a code for missing" in found.advice


def test_zero_of_a_p_with_few_decimals_is_no_code(folder):
    columns = study()
    columns["P"] = np.round(columns["P"], 3)
    assert (columns["P"] == 0).any()
    found = check_of(diagnose(folder, columns), "z")
    assert found.status == "ok" and "P = 0" not in found.found


@pytest.mark.parametrize(("n_rows", "status"), [(10, "unusable"), (600, "note"), (4000, "ok")])
def test_few_rows_are_named(n_rows, status, folder):
    result = diagnose(folder, study(n_rows))
    found = check_of(result, "losses")
    assert found.status == status and bool(found.advice) == (status != "ok")
    assert result.status == ("unusable" if status == "unusable" else "ok")
    assert ("too few to tell anything" in found.found) == (n_rows == 10)


def test_corrected_twice(folder):
    columns = study(8000)
    corrected_twice(columns)
    found = check_of(diagnose(folder, columns, panel_of(study(8000))), "inflation")
    assert found.status == "caution" and "less than chance gives" in found.found


def test_build_is_told(folder):
    columns = study()
    columns["BP"] = columns["BP"] + 12_345
    found = check_of(diagnose(folder, columns), "build")
    assert (found.status, found.values) == ("ok", {"share_hg19": 0.0, "share_hg38": 1.0})
    panel = panel_of(study())
    del panel["POS_hg38"]
    found = check_of(diagnose(folder, columns, panel), "build")
    assert found.status == "caution" and "--liftover" in found.advice


def test_ancestry_names_the_nearest_panel(folder):
    columns = study()
    near, far = panel_of(columns, 5, drift=0.004), panel_of(columns, 6, drift=0.12)
    write(folder / "near.tsv", near)
    result = diagnose(folder, columns, far, panels=[f"near={folder / 'near.tsv'}"])
    found = check_of(result, "ancestry")
    assert found.status == "caution" and found.advice == "use near, which is nearer than panel"
    # Balding-Nichols drift of F_ST in one branch alone: Hudson's F_ST of the pair is about half of it.
    assert found.values["fst_panel"] == pytest.approx(0.06, abs=0.01)
    assert found.values["fst_near"] == pytest.approx(0.002, abs=0.001)
    assert check_of(diagnose(folder, columns, near), "ancestry").status == "ok"
    alone = check_of(diagnose(folder, columns, far), "ancestry")
    assert alone.status == "caution" and "far from all" in alone.found


def test_hudson_against_a_plain_loop():
    study_, panel = [0.1, 0.5, 0.9], [0.2, 0.4, 0.7]
    above = sum((p - q) ** 2 - q * (1 - q) / (2 * 50 - 1) for p, q in zip(study_, panel, strict=True))
    below = sum(p * (1 - q) + q * (1 - p) for p, q in zip(study_, panel, strict=True))
    assert hudson_fst(np.array(study_), np.array(panel), 50) == pytest.approx(above / below, rel=1e-12)
    assert np.isnan(hudson_fst(np.empty(0), np.empty(0)))


def test_linear_model_of_cases_is_no_alarm(folder):
    """BOLT-LMM and fastGWA report effects on the scale of 0 and 1; that says nothing against N."""
    columns = study()
    scale = CASES * CONTROLS / (CASES + CONTROLS) ** 2
    columns["BETA"], columns["SE"] = columns["BETA"] * scale, columns["SE"] * scale
    found = check_of(diagnose(folder, columns), "n")
    assert found.status == "note" and "linear model" in found.found


def test_linear_model_of_cases_after_genomic_control_is_no_alarm(folder):
    """SE raised by a lambda of 1.5 (found on simulated files: benchmarks/doctor_rates.py)."""
    columns = study()
    scale = np.sqrt(1.5) * CASES * CONTROLS / (CASES + CONTROLS) ** 2
    columns["BETA"], columns["SE"] = columns["BETA"] * scale, columns["SE"] * scale
    found = check_of(diagnose(folder, columns), "n")
    assert found.status == "note" and "linear model" in found.found


@pytest.mark.parametrize(("share", "status"), [(0.5, "caution"), (1.0, "note"), (0.25, "ok")])
def test_effective_n_beside_effects_that_do_not_say_what_they_are(share, status, folder):
    """A column headed NEFF tells of cases: half of it is an alarm even if nothing calls BETA a log odds ratio."""
    columns = study()
    columns["NEFF"] = np.full(len(columns["SNP"]), share * N_EFF)
    del columns["N_CAS"], columns["N_CON"]
    found = check_of(diagnose(folder, columns), "n")
    assert found.status == status, found
    assert ("half of the effective N" in found.found) == (status == "caution")


def test_all_people_under_the_name_of_effective_n(folder):
    columns = study()
    columns["NEFF"] = np.full(len(columns["SNP"]), 2.5 * N_EFF)
    columns["OR"] = np.exp(columns.pop("BETA"))
    del columns["N_CAS"], columns["N_CON"]
    found = check_of(diagnose(folder, columns), "n")
    assert found.status == "caution" and "headed as effective, but is 2.5" in found.found
    columns["N"] = columns.pop("NEFF")
    assert check_of(diagnose(folder, columns), "n").status == "note"


@pytest.mark.parametrize(("factor", "status"), [(1.01, "ok"), (1.05, "note"), (1.12, "caution"), (1 / 1.12, "caution")])
def test_p_that_is_corrected_a_little(factor, status, folder):
    """A constant factor is seen long before single SNPs differ."""
    columns = study()
    columns["P"] = 2 * norm.sf(np.abs(columns["BETA"] / columns["SE"]) / factor)
    found = check_of(diagnose(folder, columns), "z")
    assert found.status == status and found.values["factor"] == pytest.approx(factor, rel=1e-6)


def test_damage_in_a_column_that_munge_does_without_ends_no_audit(folder):
    columns = study()
    columns["Z"] = (columns["BETA"] / columns["SE"]).astype(object)
    columns["Z"][7] = "abc"
    result = diagnose(folder, columns)
    assert "column Z: found 'abc', expected a number: only the columns that munge needs are looked at" in result.columns
    assert check_of(result, "losses").values["n_kept"] > 1000


def test_file_without_names_is_told_how_to_munge_it(folder):
    columns = study()
    del columns["SNP"]
    result = diagnose(folder, columns, panel_of(study()))
    assert "--match-by position" in check_of(result, "names").advice and alarms(result) == {"names"}
    assert check_of(result, "frequency").values["correlation"] > 0.99  # found by position all the same


def test_half_n_of_a_standardised_trait_is_noted(folder):
    columns = study(binary=False)
    columns["N"] = columns["N"] / 2
    found = check_of(diagnose(folder, columns), "n")
    assert found.status == "note" and "N is 0.50 times that" in found.found


def test_repeated_positions_and_missing_chromosomes_are_counted(folder):
    columns = study()
    columns["BP"][1], columns["CHR"][1] = columns["BP"][0], columns["CHR"][0]
    columns["CHR"] = np.where(columns["CHR"] == 7, 6, columns["CHR"])
    result = diagnose(folder, columns, panel_of(columns))
    assert check_of(result, "duplicates").values["repeated_positions"] >= 1
    assert check_of(result, "chromosomes").found.startswith("1 of 22 are missing (7)")


def test_positions_that_are_names_are_noticed(folder):
    columns = study()
    columns["BP"] = columns["SNP"].copy()
    found = check_of(diagnose(folder, columns), "positions")
    assert found.status == "caution" and found.found == "3,000 of 3,000 are no numbers"
    columns = study()
    columns["BP"] = columns["BP"].astype(object)
    columns["BP"][5] = "unknown"
    write(folder / "gwas.tsv", columns)
    found = check_of(examine(folder / "gwas.tsv"), "positions")
    assert found.status == "note" and found.found == "1 of 3,000 are no numbers"


def test_panel_without_alleles_is_no_panel_to_compare_with(folder, portable):
    write(folder / "gwas.tsv", study())
    found = check_of(examine(folder / "gwas.tsv", ld=str(portable / "ldsc" / "ld.@")), "frequency")
    assert found.status == "note" and "not compared: fewer than" in found.found


def test_files_and_json(folder):
    columns = study()
    half_effective_n(columns)
    result = diagnose(folder, columns, out=str(folder / "audit"))
    stored = json.loads((folder / "audit.json").read_text())
    assert stored["status"] == "caution" and stored["values"]["n"]["ratio"] == pytest.approx(0.5, rel=0.03)
    assert {each["check"] for each in stored["estimates"]} == {each.check for each in result.checks}
    assert stored["provenance"]["inputs"]
    table = (folder / "audit.tsv").read_text().splitlines()
    assert table[0] == "check\tstatus\tfound\tadvice" and len(table) == 1 + len(result.checks)
    assert stored["n_kept"] == result.n_kept == stored["losses"][-1]["kept"]


def test_munge_log_holds_the_audit(folder):
    columns = study()
    half_effective_n(columns)
    write(folder / "gwas.tsv", columns)
    result = munge(folder / "gwas.tsv", out=folder / "munged")
    assert "audit (sumh2 doctor tells more)" in str(result)
    assert "half of the effective N" in str(result)
    stored = json.loads((folder / "munged.munge.json").read_text())
    assert next(each for each in stored["audit"] if each["check"] == "n")["status"] == "caution"


def test_what_cannot_be_read_stops(folder):
    (folder / "x.txt").write_text("hello world, this is no table\n")
    with pytest.raises(InputError, match="this is no table"):
        examine(folder / "x.txt")
    write(folder / "gwas.tsv", study(200))
    with pytest.raises(InputError, match="expected a file, or name=file"):
        examine(folder / "gwas.tsv", panels=["eur="])


# ---------------------------------------------------------------------------------------------------------------------
# Real files

#: Alarms on real files, and why each is true.
TRUE_ALARMS = {
    # 520,580 people of several cohorts, imputed to TOPMed: rare and poorly imputed SNPs were seen in few of them.
    ("gwas_real/T1D_Chiou2021_28k_hg38.tsv.xz", "n"),
    # Studies before 2013 are in hg18 (one header says hg18chr); the reference has hg19 and hg38.
    ("gwas_header_samples/PGC_MDD_2012.gz", "build"),
    ("gwas_header_samples/SSGAC_EA_Rietveld2013.gz", "build"),
    ("gwas_header_samples/DGI_three_regions.txt", "build"),
    ("gwas_header_samples/MAGIC_FUSION_Results.txt.gz", "build"),
    ("gwas_header_samples/magic_SARDINIA.tbl", "build"),
    # Extracts of small P: the largest is 0.019 in the first, and 1 % are above 0.3 in the second.
    ("gwas_header_samples/SSGAC_Okbay2016_a.gz", "inflation"),
    ("gwas_header_samples/SSGAC_Okbay2016_b.gz", "inflation"),
    # The file holds most variants twice.
    ("gwas_header_samples/ALSvcf.vcf.gz", "duplicates"),
}

REAL = {
    "gwas_real/SCZ_PGC3_EUR_100k_hg19.tsv.gz": {},
    "gwas_real/BMI_GIANT2015_50k.tsv.xz": {},
    "gwas_real/RA_LAVA_100k.txt.xz": {},
    "gwas_real/T1D_Chiou2021_28k_hg38.tsv.xz": {},
    "gwas_real/ukb_height_chr22.fastGWA.gz": {},
    "gwas_real/gwas1.HDLL.example.tsv.gz": {},
    "gwas_real/gwas2.HDLL.example.tsv.gz": {},
    "gwas_real/gwas1.HDLC.example.tsv.gz": {},
    "gwas_real/gwas2.HDLC.example.tsv.gz": {},
    "panel_EUR489_22x1Mb_with_UKB_BOLT_gwas/bolt.sumstats.txt.gz": {"n": 327209},
    "gwas_header_samples/PGC_SCZ2_2014.gz": {"n_cas": 36989, "n_con": 113075},
    "gwas_header_samples/PGC_MDD_2012.gz": {"n_cas": 9240, "n_con": 9519},
    "gwas_header_samples/SSGAC_EA_Rietveld2013.gz": {"n": 12441},  # as its meta file says; the doctor said 12,045
    "gwas_header_samples/SSGAC_Okbay2016_a.gz": {"n": 298420},
    "gwas_header_samples/SSGAC_Okbay2016_b.gz": {"n": 298420},
    "gwas_header_samples/DGI_three_regions.txt": {},
    "gwas_header_samples/MAGIC_FUSION_Results.txt.gz": {},
    "gwas_header_samples/magic_SARDINIA.tbl": {"n": 4108},
    "gwas_header_samples/ALSvcf.vcf.gz": {},
    "gwas_header_samples/lassosum_PGC_style_OR.txt": {"n": 18759},
}


@pytest.mark.shared
@pytest.mark.parametrize("path", REAL)
def test_real_files(path, shared):
    reference = next((shared / "data" / "hm3_snplist_hg19_hg38").glob("*.tsv.xz"))
    for options in ({}, {"reference": str(reference)}):
        result = examine(shared / "data" / path, **REAL[path], **options)
        assert {(path, name) for name in alarms(result)} <= TRUE_ALARMS, str(result)
