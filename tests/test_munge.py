"""munge by default: where it is better than LDSC, what it refuses, what it keeps."""

from __future__ import annotations

import dataclasses
import gzip
import json

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from ldscores.shared.errors import InputError
from sumh2.gwas.list_files import read_snp_list
from sumh2.gwas.read_files import read_gwas
from sumh2.gwas.table import SnpList, z_from_log10p, z_from_p
from sumh2.munging.filters import munge_gwas
from sumh2.munging.munge_files import munge
from sumh2.sumstats_files import read_sumstats

#: Pairs of alleles that are neither ambiguous nor indels.
PAIRS = ("AC", "AG", "CA", "CT", "GA", "GT", "TC", "TG")

HEADER = ("SNP", "CHR", "BP", "A1", "A2", "FRQ", "INFO", "BETA", "SE", "P", "N")


def gwas_rows(n_snps: int = 60, seed: int = 3) -> list[dict]:
    """Rows of a sound GWAS: nothing in it is filtered."""
    random = np.random.default_rng(seed)
    rows = []
    for number in range(n_snps):
        z, se = random.normal() * 1.2, random.uniform(0.01, 0.02)
        beta = round(z * se, 8)
        pair = PAIRS[number % len(PAIRS)]
        values = (f"rs{number}", 1 + number % 22, 1000 + number, pair[0], pair[1], round(random.uniform(0.05, 0.95), 4),
                  0.97, beta, se, 2 * norm.sf(abs(beta / se)), 10_000 + number)  # fmt: skip
        rows.append(dict(zip(HEADER, values, strict=True)))
    return rows


def write(path, rows, separator="\t", first=""):
    """Write rows as a table; a missing value is an empty cell."""
    names = list(rows[0])
    lines = [separator.join(names), *(separator.join(str(row[name]) for name in names) for row in rows)]
    path.write_text(first + "\n".join(lines) + "\n")
    return path


@pytest.fixture
def gwas(tmp_path):
    """A function that writes a changed GWAS and munges it; ``ldsc=True`` munges it LDSC's way."""

    def run(rows, separator="\t", first="", **options):
        return munge(write(tmp_path / "gwas.txt", rows, separator, first), **options)

    return run


def changed(rows, row, **values):
    rows[row].update(values)
    return rows


def removed(result, what):
    """SNPs that the filter of this name removed."""
    (count,) = [each.removed for each in result.sumstats.filters if what in each.what]
    return count


def without(rows, *names):
    return [{name: value for name, value in row.items() if name not in names} for row in rows]


def names_of(result):
    return result.sumstats.snp.to_pylist()


# ---------------------------------------------------------------------------------------------------------------------
# Better than LDSC; each of these is false of LDSC, and of --ldsc


def test_z_is_beta_over_se_with_all_digits(gwas):
    rows = gwas_rows()
    expected = np.array([row["BETA"] / row["SE"] for row in rows])
    result = gwas(rows)
    assert result.sumstats.z.tolist() == expected.tolist()
    assert gwas(rows, ldsc=True).sumstats.z.tolist() != expected.tolist()


def test_z_is_log_odds_ratio_over_se(gwas):
    rows = gwas_rows()
    for row in rows:
        row["OR"] = float(np.exp(row.pop("BETA")))
    result = gwas(rows)
    np.testing.assert_allclose(result.sumstats.z, [np.log(row["OR"]) / row["SE"] for row in rows], rtol=1e-14)
    assert result.z_source == "log(OR) / SE"


def test_p_of_zero_keeps_its_snp(gwas):
    rows = changed(gwas_rows(), 5, BETA=0.9, SE=0.01, P=0)
    result = gwas(rows)
    assert result.sumstats.z[5] == 90
    assert any("1 SNP has P = 0" in warning for warning in result.warnings)
    assert "rs5" not in names_of(gwas(rows, ldsc=True))


def test_p_of_zero_alone_is_dropped_and_counted(gwas):
    rows = without(changed(gwas_rows(), 5, P=0), "SE")
    result = gwas(rows)
    assert "rs5" not in names_of(result)
    assert removed(result, "P = 0, of which no Z can be made") == 1


def test_p_below_the_smallest_double(gwas):
    rows = without(changed(gwas_rows(), 5, P="1.0e-1000", BETA=-1), "SE")
    expected = -float(z_from_log10p(np.array([1000.0]))[0])
    assert gwas(rows).sumstats.z[5] == pytest.approx(expected, rel=1e-12)
    assert "rs5" not in names_of(gwas(rows, ldsc=True))


def test_log10p_does_not_underflow(gwas):
    rows = gwas_rows()
    for row in rows:
        row["LOG10P"] = -np.log10(row["P"])
    rows = without(changed(rows, 5, LOG10P=1000, BETA=1), "SE", "P")
    result = gwas(rows)
    assert norm.logsf(result.sumstats.z[5]) + np.log(2) == pytest.approx(-1000 * np.log(10), rel=1e-12)
    np.testing.assert_allclose(np.delete(result.sumstats.z, 5),
                               np.delete([row["BETA"] / row["SE"] for row in gwas_rows()], 5), rtol=1e-6)  # fmt: skip


def test_ldsc_saturates(gwas):
    """LDSC's scipy 0.18 gives the same Z for every P below 7.8e-312."""
    rows = changed(changed(gwas_rows(), 5, P="1e-320", BETA=1), 6, P="1e-315", BETA=-1)
    assert gwas(rows, ldsc=True).sumstats.z[[5, 6]].tolist() == [37.749032681943696, -37.749032681943696]
    assert abs(gwas(rows, z_from="p").sumstats.z[5]) > 38


def test_missing_info_and_frequency_do_not_remove(gwas):
    rows = changed(changed(gwas_rows(), 5, INFO="NA"), 6, FRQ=".")
    result = gwas(rows)
    assert len(result.sumstats) == 60
    assert {warning.split(" and")[0] for warning in result.warnings} >= {
        "1 SNP has no INFO", "1 SNP has no allele frequency"}  # fmt: skip
    assert len(gwas(rows, ldsc=True).sumstats) == 58


def test_missing_p_does_not_remove_when_z_does_not_need_it(gwas):
    rows = changed(gwas_rows(), 5, P="NA")
    assert len(gwas(rows).sumstats) == 60
    assert len(gwas(rows, ldsc=True).sumstats) == 59


def test_n_option_beats_the_column(gwas):
    assert set(gwas(gwas_rows(), n=77).sumstats.n) == {77}
    assert set(gwas(gwas_rows(), n_cas=30, n_con=40).sumstats.n) == {70}
    assert 77 not in gwas(gwas_rows(), n=77, ldsc=True).sumstats.n


def test_cases_and_controls_are_added(gwas):
    rows = without(gwas_rows(), "N")
    for number, row in enumerate(rows):
        row |= {"N_CAS": 500 + number, "N_CON": 900}
    assert gwas(rows).sumstats.n.tolist() == [1400 + number for number in range(60)]
    assert gwas(rows, ldsc=True).sumstats.n.tolist() != [1400 + number for number in range(60)]


def test_half_effective_n_is_doubled(gwas):
    rows = without([{**row, "NEFF_HALF": row["N"] / 2} for row in gwas_rows()], "N")
    result = gwas(rows)
    assert result.sumstats.n.tolist() == [row["N"] for row in gwas_rows()]
    assert result.n_source == "2 x NEFF_HALF"


def test_comment_lines(gwas):
    assert len(gwas(gwas_rows(), first="##fileDate=2020\n##source=x y\tz\n").sumstats) == 60
    with pytest.raises(InputError):
        gwas(gwas_rows(), first="##fileDate=2020\n", ldsc=True)


def test_scale_of_the_effect_is_no_matter(gwas):
    """LDSC stops when the median of the raw effects is above 0.1."""
    rows = gwas_rows()
    for row in rows:
        row["BETA"], row["SE"] = 600 * row["BETA"], 600 * row["SE"]
    assert not any("median" in warning for warning in gwas(rows).warnings)
    with pytest.raises(InputError, match="the median of BETA is .*, LDSC expects 0"):
        gwas(rows, ldsc=True)


def test_one_sided_effects_warn(gwas):
    rows = gwas_rows(400)
    for row in rows:
        row["BETA"] = abs(row["BETA"])
    (warning,) = [each for each in gwas(rows).warnings if "median of Z" in each]
    assert "mislabelled" in warning


def test_z_and_p_that_disagree_warn(gwas):
    rows = gwas_rows()
    assert not any("apart" in warning for warning in gwas(rows).warnings)
    for row in rows:
        row["SE"] = row["SE"] * 1.3
    (warning,) = [each for each in gwas(rows).warnings if "apart" in each]
    assert "BETA / SE" in warning and "--z-from p" in warning


def test_few_decimals_are_no_disagreement(gwas):
    rows = gwas_rows()
    for row in rows:
        row["BETA"], row["SE"] = round(row["BETA"] / 4, 3), round(row["SE"] / 4, 3)
    assert not any("apart" in warning for warning in gwas(rows).warnings)


def test_carried_columns(gwas):
    rows = changed(gwas_rows(), 3, BP="123,456")
    sumstats = gwas(rows).sumstats
    assert sumstats.chrom.to_pylist()[:3] == ["1", "2", "3"]
    assert sumstats.bp[:5].tolist() == [1000, 1001, 1002, 0, 1004]
    assert sumstats.eaf.tolist() == [row["FRQ"] for row in rows]
    assert set(sumstats.info) == {0.97}


# ---------------------------------------------------------------------------------------------------------------------
# Filters


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"INFO": 0.89}, "INFO < 0.9"),
        ({"FRQ": 0.01}, "minor allele frequency <= 0.01"),
        ({"FRQ": 0.995}, "minor allele frequency <= 0.01"),
        ({"FRQ": 1.5}, "allele frequency outside 0 to 1"),
        ({"P": 1.0001}, "P outside 0 to 1"),
        ({"P": -0.1}, "P outside 0 to 1"),
        ({"A1": "A", "A2": "T"}, "no SNP, or strand ambiguous"),
        ({"A1": "AT", "A2": "A"}, "no SNP, or strand ambiguous"),
        ({"SE": 0}, "standard error not positive"),
        ({"SE": -0.1}, "standard error not positive"),
        ({"BETA": "inf"}, "standard error not positive, or effect not finite"),
        ({"BETA": ""}, "missing values"),
        ({"SE": "NA"}, "missing values"),
        ({"A1": ""}, "missing values"),
        ({"SNP": ""}, "missing values"),
        ({"N": ""}, "missing values"),
        ({"N": 0}, "N not positive and finite"),
        ({"N": "inf"}, "N not positive and finite"),
        ({"N": 6000}, "N < 67"),
        ({"SNP": "rs4"}, "duplicated names"),
    ],
)
def test_each_filter_removes_and_counts(gwas, change, what):
    result = gwas(changed(gwas_rows(), 5, **change))
    assert removed(result, what) == 1
    assert names_of(result) == [f"rs{number}" for number in range(60) if number != 5]
    assert sum(each.removed for each in result.sumstats.filters) == 1


@pytest.mark.parametrize("p", [-0.1, 1.5, 2.5])
@pytest.mark.parametrize("smallest", ["1e-9", "1e-999"])
def test_impossible_p_is_no_missing_value(gwas, p, smallest):
    result = gwas(changed(changed(gwas_rows(), 5, P=p), 6, P=smallest), z_from="p")
    assert (removed(result, "P outside 0 to 1"), removed(result, "missing values")) == (1, 0)


def test_thresholds(gwas):
    rows = changed(changed(gwas_rows(), 5, INFO=0.5), 6, FRQ=0.02)
    assert len(gwas(rows, info_min=0.4).sumstats) == 60
    assert len(gwas(rows, info_min=0.4, maf_min=0.03).sumstats) == 59
    assert len(gwas(gwas_rows(), n_min=10_030).sumstats) == 30


def test_filters_chain(gwas):
    rows = gwas_rows(200)
    rows = changed(changed(rows, 5, INFO=0.1), 9, A1="A", A2="T")
    result = gwas(rows)
    kept = result.n_read
    for each in result.sumstats.filters:
        assert each.kept == kept - each.removed
        kept = each.kept
    assert kept == len(result.sumstats) == 198
    assert result.to_frame()["removed"].sum() == 2


def test_number_of_studies_filters_where_n_is_not_per_snp(gwas):
    rows = without(gwas_rows(), "N")
    for number, row in enumerate(rows):
        row["NSTUDY"] = 9 + number % 2
    assert len(gwas(rows, n=1000).sumstats) == 30
    assert len(gwas(rows, n=1000, nstudy_min=9).sumstats) == 60


def test_only_additive_rows_of_plink2(gwas):
    rows = [
        {"#CHROM": 1, "ID": row["SNP"], "REF": row["A2"], "ALT": row["A1"], "A1": row["A1"], "TEST": test,
         "OBS_CT": 100, "BETA": row["BETA"], "SE": row["SE"], "P": row["P"]}
        for row in gwas_rows() for test in ("ADD", "SEX")
    ]  # fmt: skip
    # A1 is REF here: the other allele is then ALT.
    rows[0] |= {"REF": rows[0]["A1"], "ALT": rows[0]["REF"]}
    result = gwas(rows)
    assert removed(result, "rows with TEST other than ADD") == 60
    found = result.sumstats.to_frame()
    assert [*found["A1"], *found["A2"]] == [*(row["A1"] for row in gwas_rows()), *(row["A2"] for row in gwas_rows())]


def test_saige_and_bolt_have_different_effect_alleles(gwas):
    """The allele called ALLELE1 has the effect in one and not in the other; LDSC takes it in both."""
    saige = [{"CHR": 1, "POS": 5, "SNPID": r["SNP"], "Allele1": r["A2"], "Allele2": r["A1"], "AF_Allele2": r["FRQ"],
              "BETA": r["BETA"], "SE": r["SE"], "Tstat": 7, "p.value": r["P"], "N": 100} for r in gwas_rows()]  # fmt: skip
    found = gwas(saige).sumstats.to_frame()
    assert found["A1"].tolist() == [row["A1"] for row in gwas_rows()]
    np.testing.assert_allclose(found["Z"], [row["BETA"] / row["SE"] for row in gwas_rows()])


# ---------------------------------------------------------------------------------------------------------------------
# Lists


def test_extract(gwas, tmp_path):
    keep = tmp_path / "keep.txt"
    keep.write_text("rs3\nrs50\nrs999\n")
    result = gwas(gwas_rows(), extract=keep)
    assert names_of(result) == ["rs3", "rs50"]
    assert removed(result, "not in ") == 58


def test_merge_alleles(gwas, tmp_path):
    """rs0 A/C: given as the other strand, swapped; rs1 A/G: other alleles; rs2 twice, the second is right; rs3 alike."""
    listed = tmp_path / "list.txt"
    listed.write_text("SNP A1 A2\nrs0 G T\nrs1 A C\nrs2 A G\nrs2 a c\nrs999 A C\nrs3 C T\n")
    rows = gwas_rows()
    result = gwas(rows, merge_alleles=listed)
    assert names_of(result) == ["rs0", "rs2", "rs3"]
    assert removed(result, "alleles other than in") == 1
    assert result.sumstats.to_frame()["A1"].tolist() == [rows[row]["A1"] for row in (0, 2, 3)]  # not re-oriented
    ldsc = gwas(rows, merge_alleles=listed, ldsc=True)
    assert ldsc.ldsc_table.column("SNP").to_pylist() == ["rs0", "rs1", "rs2", "rs2", "rs999", "rs3"]
    assert ldsc.ldsc_table.column("Z").is_valid().to_pylist() == [True, False, False, True, False, True]
    assert names_of(ldsc) == names_of(result)


def test_unclear_alleles_match_nothing():
    """A/T in the list and an indel in the GWAS are both of no kind, which does not make them the same."""
    listed = SnpList(pa.array(["rs1", "rs2"]), np.array([0, 0], np.uint8), np.array([3, 1], np.uint8))
    assert listed.same_alleles(pa.array(["rs1", "rs2", "rs3"]), np.array([0, 1, 1], np.int8)).tolist() == [
        False, True, False]  # fmt: skip


def test_lists_that_do_not_do(gwas, tmp_path):
    listed = tmp_path / "list.txt"
    listed.write_text("rs1\nrs2\n")
    with pytest.raises(InputError, match="no column SNP, A1, A2; found rs1"):
        gwas(gwas_rows(), merge_alleles=listed)
    with pytest.raises(InputError, match="--no-alleles with --merge-alleles"):
        gwas(gwas_rows(), merge_alleles=listed, no_alleles=True)
    listed.write_text("SNP A1 A2\n")
    with pytest.raises(InputError, match="found no SNPs"):
        read_snp_list(listed, with_alleles=True)
    listed.write_text("rs998\n")
    with pytest.raises(InputError, match="no SNP is left of 60 rows.*\n.*60 removed: not in .*list.txt"):
        gwas(gwas_rows(), extract=listed)


def test_no_alleles(gwas):
    rows = changed(without(gwas_rows(), "A1"), 5, A2="TTT")
    result = gwas(rows, no_alleles=True)
    assert (len(result.sumstats), result.sumstats.a1) == (60, None)


# ---------------------------------------------------------------------------------------------------------------------
# What is refused: one message, with file, finding, expectation and remedy, and nothing written


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda rows: without(rows, "N"), "no sample size.*--n, or --n-cas and --n-con"),
        (lambda rows: without(rows, "SNP"), "no column with the names of the variants.*--snp"),
        (lambda rows: changed(rows, 5, N="many"), "column N: found 'many', expected a number; correct the value"),
        (lambda rows: changed(rows, 5, BETA="0,01"), "column BETA: found '0,01', expected a number"),
        (lambda rows: [{**row, "INFO": 0.1} for row in rows], "no SNP is left of 60 rows.*\n.*60 removed: INFO"),
        (lambda rows: [{**row, "EFFECT": row["BETA"]} for row in rows], "BETA, EFFECT could each be it.*--beta"),
        (lambda rows: without([{**row, "OR": row["BETA"]} for row in rows], "BETA"),
         r"of 60 values of OR are negative; expected odds ratios.*--beta OR \(or --signed-sumstats OR,0\)"),
        (lambda rows: [{**without([row], "A1", "A2")[0], "REF": "A", "ALT": "C"} for row in rows],
         "headed REF and ALT.*The first lines:\n"),
    ],
)  # fmt: skip
def test_refused(gwas, tmp_path, change, message):
    (tmp_path / "out").mkdir()
    with pytest.raises(InputError, match=f"(?s)gwas.txt: .*{message}"):
        gwas(change(gwas_rows()), out=tmp_path / "out" / "x")
    assert list((tmp_path / "out").iterdir()) == []


def test_refused_files(tmp_path):
    path = tmp_path / "gwas.txt"
    write(path, gwas_rows(5000))
    whole = gzip.compress(path.read_bytes())
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match="gwas.txt: the compressed data end too early.*truncated.*again"):
        munge(path)
    path.write_text("\t".join(HEADER) + "\n")
    with pytest.raises(InputError, match="found a header and no rows"):
        munge(path)
    path.write_bytes(b"\x6c\x1b\x01\x00\x00\x00\n")
    with pytest.raises(InputError, match="binary data"):
        munge(path)
    path.write_text("")
    with pytest.raises(InputError, match="the file is empty"):
        munge(path)
    with pytest.raises(InputError, match="no such file"):
        munge(tmp_path / "nothing.txt")


@pytest.mark.parametrize("separator", ["\t", " "])
def test_short_line_is_refused_with_the_line(tmp_path, separator):
    path = write(tmp_path / "gwas.txt", gwas_rows(), separator)
    path.write_text(path.read_text()[:-20])
    with pytest.raises(
        InputError,
        match="gwas.txt: line 61 has .* fields where the header has 11: 'rs59.*repair that line.*--ldsc fills short",
    ):
        munge(path)


def test_impossible_options(gwas, tmp_path):
    for options, message in (
        ({"n": 5, "n_cas": 5, "n_con": 5}, "found --n together with --n-cas"),
        ({"n_cas": 5}, "only one of --n-cas and --n-con"),
        ({"z_from": "beta"}, "found --z-from beta, expected auto"),
        ({"z_from": "z"}, "Z cannot be made of the columns.*with --z-from z"),
        ({"signed": ("BETA", 0.5)}, "expected 0 .* or 1"),
        ({"daner": True, "daner_n": True}, "--daner with --daner-n"),
        ({"out": tmp_path / "no" / "x"}, "folder .* does not exist"),
        ({"eaf": "FREQ"}, "no column FREQ, which --eaf names"),
        ({"ldsc": True, "z_from": "p"}, "LDSC has no --z-from"),
    ):
        with pytest.raises(InputError, match=message):
            gwas(gwas_rows(), **options)


def test_input_is_not_overwritten(tmp_path):
    path = write(tmp_path / "bmi.sumstats.gz", gwas_rows())
    with pytest.raises(InputError, match="bmi.sumstats.gz is an input of this command; choose another --out"):
        munge(path, out=tmp_path / "bmi", text=True)


# ---------------------------------------------------------------------------------------------------------------------
# Reading and writing


@pytest.mark.parametrize("separator", ["\t", " ", ",", ";", "   "])
def test_separators(gwas, separator):
    assert gwas(gwas_rows(), separator).sumstats.z.tolist() == gwas(gwas_rows()).sumstats.z.tolist()


def test_parquet_input(gwas, tmp_path):
    import pandas as pd

    frame = pd.DataFrame(gwas_rows())
    path = tmp_path / "gwas.parquet"
    frame.to_parquet(path)
    assert munge(path).sumstats.z.tolist() == gwas(gwas_rows()).sumstats.z.tolist()
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(InputError, match="gwas.parquet: the Parquet file is damaged"):
        munge(path)


def test_files_and_report(gwas, tmp_path):
    result = gwas(changed(gwas_rows(), 5, INFO=0.1), out=tmp_path / "bmi.sumstats.gz", text=True)
    assert sorted(each.name for each in tmp_path.iterdir()) == [
        "bmi.munge.json", "bmi.sumstats.gz", "bmi.sumstats.parquet", "gwas.txt"]  # fmt: skip
    read = read_sumstats(tmp_path / "bmi.sumstats.parquet")
    assert (read.trait, read.z.tolist()) == ("bmi", result.sumstats.z.tolist())
    assert read.filters == result.sumstats.filters
    np.testing.assert_allclose(read_sumstats(tmp_path / "bmi.sumstats.gz").z, read.z, atol=5.1e-4)
    stored = json.loads((tmp_path / "bmi.munge.json").read_text())
    assert (stored["n_snps"], stored["n_read"], stored["z_source"]) == (59, 60, "BETA / SE")
    assert {"what": "INFO < 0.9", "removed": 1, "kept": 59} in stored["filters"]
    report = str(result)
    for text in ("A1 (effect allele) <- A1", "Z: BETA / SE", "rows read", "lambda GC", "written: "):
        assert text in report
    assert stored["lambda_gc"] == pytest.approx(np.median(read.chi2) / 0.4549)


def test_small_chi2_warns(gwas):
    rows = [{**row, "BETA": row["BETA"] / 2} for row in without(gwas_rows(), "P")]
    assert any("mean chi2 is 0." in warning for warning in gwas(rows).warnings)


# ---------------------------------------------------------------------------------------------------------------------
# Arithmetic and symmetries


def test_z_from_p_inverts_the_normal_tail():
    z = np.array([0.0, 1e-6, 0.5, 1.96, 8.0, 37.0])
    np.testing.assert_allclose(z_from_p(2 * norm.sf(z)), z, rtol=1e-9, atol=1e-15)
    log10p = -(norm.logsf(np.array([1.0, 40.0, 400.0])) + np.log(2)) / np.log(10)
    np.testing.assert_allclose(z_from_log10p(log10p), [1.0, 40.0, 400.0], rtol=1e-12)


@settings(max_examples=25, deadline=None)
@given(swapped=st.sets(st.integers(0, 59)), by_p=st.booleans())
def test_swapping_alleles_and_sign_gives_the_same_oriented_z(tmp_path_factory, swapped, by_p):
    folder = tmp_path_factory.mktemp("swap")
    rows = gwas_rows()
    for number in swapped:
        row = rows[number]
        row.update(A1=row["A2"], A2=row["A1"], BETA=-row["BETA"], FRQ=1 - row["FRQ"])
    options = {"z_from": "p"} if by_p else {}
    before = munge(write(folder / "a.txt", gwas_rows()), **options).sumstats
    after = munge(write(folder / "b.txt", rows), **options).sumstats
    sign = np.where(before.a1 == after.a1, 1, -1)
    assert np.array_equal(sign == -1, np.isin(np.arange(60), list(swapped)))
    assert np.array_equal(after.z * sign, before.z)


@settings(max_examples=25, deadline=None)
@given(columns=st.permutations(HEADER), order=st.permutations(range(60)), ldsc=st.booleans())
def test_order_of_columns_and_rows(tmp_path_factory, columns, order, ldsc):
    folder = tmp_path_factory.mktemp("order")
    rows = gwas_rows()
    # LDSC's P keeps its digits in any place; shuffled rows only permute the result.
    before = munge(write(folder / "a.txt", rows), ldsc=ldsc).sumstats
    shuffled = [{name: rows[row][name] for name in columns} for row in order]
    after = munge(write(folder / "b.txt", shuffled), ldsc=ldsc).sumstats
    assert after.snp.to_pylist() == [f"rs{row}" for row in order]
    assert np.array_equal(after.z, before.z[list(order)])
    assert np.array_equal(after.n, before.n[list(order)])


def test_munge_gwas_opens_nothing(tmp_path):
    """The fit receives an object; the file may be gone."""
    path = write(tmp_path / "gwas.txt", gwas_rows())
    table = read_gwas(path)
    path.unlink()
    assert len(munge_gwas(dataclasses.replace(table, source="memory"), trait="bmi").sumstats) == 60
