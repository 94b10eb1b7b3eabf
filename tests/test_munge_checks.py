"""munge: digits, columns that are not what they seem, files that are no tables, options that do not go together."""

from __future__ import annotations

import dataclasses
import os

import numpy as np
import pyarrow as pa
import pytest
from scipy.stats import norm
from test_munge import changed, gwas_rows, removed, without, write

import sumh2
from ldscores.shared.errors import InputError
from ldscores.shared.table_headers import WHITESPACE, read_header
from ldscores.shared.unique_names import all_unique, first_of_each, hash_names
from sumh2.gwas.headers import map_columns
from sumh2.gwas.list_files import read_snp_list
from sumh2.munging.checks import half_units
from sumh2.munging.munge_files import munge
from sumh2.munging.result import MungeOptions


@pytest.fixture
def gwas(tmp_path):
    """A function that writes a changed GWAS and munges it."""

    def run(rows, separator="\t", **options):
        return munge(write(tmp_path / "gwas.txt", rows, separator), **options)

    return run


def rounded(decimals: int, n_snps: int = 400) -> list[dict]:
    """Rows with effects and standard errors of this many decimals."""
    rows = gwas_rows(n_snps)
    for row in rows:
        row["BETA"], row["SE"] = round(row["BETA"], decimals), round(row["SE"], decimals)
    return rows


def exact_z(n_snps: int = 400) -> np.ndarray:
    return np.array([row["BETA"] / row["SE"] for row in gwas_rows(n_snps)])


# ---------------------------------------------------------------------------------------------------------------------
# Digits


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["0.0123", "0.0999", "0.0007"], [5e-5, 5e-5, 5e-5]),  # four decimals
        (["0.012", "0.95", "0.0034"], [5e-4, 5e-3, 5e-5]),  # two significant digits
        (["1.2e-3", "4.4e-10"], [5e-5, 5e-12]),
        (["0", "0.003"], [5e-4, 5e-4]),
        (["12", "1200"], [0.5, 0.5]),
    ],
)
def test_half_units(texts, expected):
    np.testing.assert_allclose(half_units(np.array(texts, dtype=float)), expected, rtol=1e-12)


@pytest.mark.parametrize("decimals", [2, 3])
def test_few_digits_take_z_from_p(gwas, decimals):
    result = gwas(rounded(decimals))
    z, expected = result.sumstats.z, exact_z()
    np.testing.assert_allclose(np.abs(z), np.abs(expected), rtol=1e-9)
    known = np.array([row["BETA"] != 0 for row in rounded(decimals)])
    assert (np.sign(z) == np.sign(expected))[known].all()
    assert result.z_source == "P, with the sign of BETA (BETA / SE has too few digits)"
    (warning,) = [each for each in result.warnings if "few digits" in each]
    assert "|Z| is that of P" in warning and "--z-from effect" in warning
    unknown = [each for each in result.warnings if "effect of 0" in each]
    assert unknown and unknown[0].startswith(f"{np.count_nonzero(~known)} SNPs") if (~known).any() else not unknown
    assert not any("median of Z" in each for each in result.warnings)


@pytest.mark.parametrize(("z", "told"), [(0.2, "rg hardly does"), (1.5, "rg comes out too near 0: for rg take a file")])
def test_effects_of_zero_are_told_with_their_share_and_z(gwas, z, told):
    rows = without(gwas_rows(400), "SE")
    for row in rows[::10]:
        row["BETA"], row["P"] = 0, float(2 * norm.sf(z))
    rows[0]["P"] = float(2 * norm.sf(2.5))
    (warning,) = [each for each in gwas(rows).warnings if "effect of 0" in each]
    assert warning.startswith("40 SNPs have an effect of 0 in the digits of the file (10% of those kept)")
    assert f"their |Z| is {z:.2f} in the median and 2.50 at most" in warning and told in warning


def test_zero_as_a_code_for_missing_p_is_told(gwas):
    rows = changed(gwas_rows(400), 5, BETA=0.9, SE=0.01, P=0)
    for row in [each for each in rows if abs(each["BETA"]) < 2 * each["SE"]][:10]:
        row["P"] = 0
    warnings = [each for each in gwas(rows).warnings if "P = 0" in each]
    assert [each.split(",")[0] for each in warnings] == [
        "10 SNPs have P = 0 beside a Z that is not large",
        "1 SNP has P = 0",
    ]


@pytest.mark.parametrize("column", ["BETA", "P"])  # P is read as text where Z is made of it
def test_decimal_commas_are_named_with_their_line(gwas, column):
    rows = gwas_rows(40) if column == "BETA" else without(gwas_rows(40), "SE")
    for row in rows[3:]:
        row[column] = f"{row[column]:.5f}".replace(".", ",")
    place = r"line 5" if column == "BETA" else "row 4"
    with pytest.raises(
        InputError, match=rf"column {column}: found '.*,.*', .*\({place}\): the column has decimal commas"
    ):
        gwas(rows)


@pytest.mark.parametrize("n_snps", [5, 2000])
def test_few_snps_are_warned_of(gwas, n_snps):
    warnings = [each for each in gwas(gwas_rows(n_snps)).warnings if "LD score regression wants" in each]
    expected = (
        "only 5 SNPs are kept, where LD score regression wants 200,000 and more: is the file complete? see the filters"
    )
    assert warnings == ([expected] if n_snps == 5 else [])


def test_a_column_of_cases_without_values_is_named(gwas):
    rows = [{**row, "Ncas": "n/a", "Ncon": 5000} for row in without(gwas_rows(40), "N")]
    with pytest.raises(InputError, match=r"no sample size; found .*\(no values in Ncas: not used\); expected a column"):
        gwas(rows)


def test_thousands_separators_are_named_and_one_odd_text_is_not_a_habit(gwas):
    rows = gwas_rows(40)
    for row in rows:
        row["N"] = "37,838"
    with pytest.raises(
        InputError, match=r"column N: found '37,838', .*\(line 2\): the column has thousands separators"
    ):
        gwas(rows)
    rows = changed(gwas_rows(40), 30, N="3,5")
    rows = changed(rows, 31, N="many")
    with pytest.raises(InputError, match=r"found '3,5', expected a number; correct the value or write NA \(line 32\)"):
        gwas(rows)


def test_standard_error_of_zero_in_its_digits_is_kept(gwas):
    rows = gwas_rows(400)
    for row in rows:
        row["BETA"], row["SE"] = round(row["BETA"] / 4, 2), round(row["SE"] / 4, 2)
    rows[0] |= {"SE": 0.01}
    assert len(gwas(rows).sumstats) == 400


def test_z_from_effect_forces_rounded_effects(gwas):
    result = gwas(rounded(3), z_from="effect")
    assert result.sumstats.z.tolist() == [row["BETA"] / row["SE"] for row in rounded(3)]
    (warning,) = [each for each in result.warnings if "few digits" in each]
    assert "rounding moves SE by up to" in warning and "--z-from p" in warning


def test_few_digits_without_p_warn_loudly(gwas):
    result = gwas(without(rounded(3), "P"))
    (warning,) = [each for each in result.warnings if "few digits" in each]
    assert "SE by up to 3.3 %" in warning and "heritability and intercept are off" in warning
    assert "--z-from" not in warning


def test_p_of_zero_or_missing_falls_back_to_the_effect(gwas):
    rows = changed(changed(rounded(3), 5, P=0, BETA=0.9, SE=0.01), 6, P="NA", BETA=-0.01, SE=0.01)
    z = gwas(rows).sumstats.z
    assert z[5] == 90 and z[6] == -1


def test_enough_digits_stay_with_the_effect(gwas):
    assert gwas(rounded(5)).z_source == "BETA / SE"


def test_p_with_fewer_digits_is_not_taken(gwas):
    rows = rounded(3)
    for row in rows:
        row["P"] = round(row["P"], 1)
    result = gwas(rows)
    assert result.z_source == "BETA / SE"
    assert any("P has no more digits" in each for each in result.warnings)


def test_named_p_is_noted_as_a_check(gwas):
    note = "note: P is only compared with Z, which is BETA / SE; --z-from p makes Z of it"
    assert note in gwas(gwas_rows(), p="P").columns
    assert "only compared" not in gwas(gwas_rows()).columns
    assert "only compared" not in gwas(gwas_rows(), p="P", z_from="p").columns


def test_sign_of_p_is_that_of_the_log_odds_ratio(gwas):
    """The raw odds ratio is positive on both sides."""
    rows = gwas_rows()
    for row in rows:
        row["OR"] = float(np.exp(row.pop("BETA")))
    result = gwas(without(rows, "SE"))
    assert result.z_source == "P, with the sign of OR"
    np.testing.assert_allclose(result.sumstats.z, exact_z(60), rtol=1e-9)


def test_effects_of_zero_lean_to_no_side(gwas):
    """Unknown signs are counted as neither, so that 45 % negative and 20 % positive effects are not called one-sided."""
    rows = gwas_rows(400)
    for number, row in enumerate(rows):
        size = abs(row["BETA"]) + 0.001
        row["BETA"] = 0 if number % 20 < 7 else -size if number % 20 < 16 else size
        row["P"] = 2 * norm.sf(size / row["SE"])
    assert not any("median of Z" in each for each in gwas(rows, z_from="p").warnings)


# ---------------------------------------------------------------------------------------------------------------------
# Columns that are not what they seem


def odds_ratio_as_beta(row):
    row["BETA"] = float(np.exp(row["BETA"]))


def exchange_se_and_p(row):
    row["SE"], row["P"] = row["P"], row["SE"]


def sd_as_se(row):
    row["SE"] *= 100


def z_as_beta(row):
    row["BETA"] /= row["SE"]


def log_odds_ratio_as_or(row):
    row["OR"] = row.pop("BETA") + 1.5
    row["P"] = 2 * norm.sf(abs(row["OR"] / row["SE"]))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (odds_ratio_as_beta, "BETA holds odds ratios: --odds-ratio BETA"),
        (exchange_se_and_p, "SE and P look exchanged: --se P --p SE"),
        (sd_as_se, "SE is no standard error of BETA"),
        (z_as_beta, "BETA holds Z scores: --z BETA"),
    ],
)
def test_z_and_p_of_different_things_stop(gwas, change, message):
    rows = gwas_rows(200)
    for row in rows:
        change(row)
    with pytest.raises(
        InputError, match=f"(?s)gwas.txt: .*apart by more than rounding; expected.*{message}.*--z-from p"
    ):
        gwas(rows)


def test_effect_named_as_z_stops_and_can_be_forced(gwas):
    with pytest.raises(InputError, match="BETA seems to be no Z score.*--beta BETA.*--z-from z takes Z as it is"):
        gwas(gwas_rows(), z="BETA")
    forced = gwas(gwas_rows(), z="BETA", z_from="z")
    assert any("apart by more than rounding" in each for each in forced.warnings)


def test_corrected_p_is_only_a_warning(gwas):
    rows = gwas_rows(200)
    for row in rows:
        row["P"] = 2 * norm.sf(abs(row["BETA"] / row["SE"]) / 1.3)
    (warning,) = [each for each in gwas(rows).warnings if "apart" in each]
    assert "1.3 times" in warning


def test_another_test_of_the_same_effects_is_only_a_warning(gwas):
    """BOLT-LMM's P_BOLT_LMM beside BETA and SE of its infinitesimal model."""
    random = np.random.default_rng(2)
    rows = gwas_rows(400)
    for row in rows:
        row["P"] = 2 * norm.sf(abs(row["BETA"] / row["SE"] + 0.5 * random.normal()))
    result = gwas(rows, p="P")
    assert any("apart by more than rounding" in each for each in result.warnings)
    assert result.z_source == "BETA / SE"
    for row in rows:
        row["P"] = random.uniform()
    with pytest.raises(InputError, match="apart by more than rounding"):
        gwas(rows)


@pytest.mark.parametrize(
    ("column", "change", "message"),
    [
        ("LOG10P", np.log10, "column LOG10P holds log10 P .*expected -log10 P; change the sign"),
        ("P", np.log10, "column P holds log10 P .*expected P"),
        ("P", lambda p: 1 - np.log10(p), "column P: 60 of 60 values are above 1; expected p-values.*--log10p P"),
    ],
)
def test_logarithms_of_p(gwas, column, change, message):
    rows = gwas_rows()
    for row in rows:
        row[column] = change(row.pop("P"))
    with pytest.raises(InputError, match=message):
        gwas(rows)


def test_coded_alleles_are_shown(gwas):
    """1 and 2 alone are PLINK's --recode12, minor and major: no letters; A C G T for 1 2 3 4 is in test_gwas_formats."""
    rows = [{**row, "A1": number % 2 + 1, "A2": 2 - number % 2} for number, row in enumerate(gwas_rows())]
    with pytest.raises(InputError, match="(?s)no SNP is left.*found alleles 1, 2; expected A, C, G, T"):
        gwas(rows)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"A1": "I", "A2": "D"}, "rows: no SNP, or strand ambiguous.*found alleles .*D.*I.*; expected A, C, G, T"),
        ({"SNP": "rs1"}, "rows: duplicated names.*commonest name is rs1: is SNP the column.*--snp"),
        ({"SE": "NA"}, "rows: missing values; missing are 57 of SE"),
        ({"INFO": 0.5}, "rows: INFO < 0.9; is INFO the right column"),
    ],
)
def test_one_filter_that_removes_nearly_all_warns(gwas, values, message):
    rows = [row if number < 3 else {**row, **values} for number, row in enumerate(gwas_rows())]
    result = gwas(rows)
    with pytest.raises(AssertionError, match=message):
        raise AssertionError("\n".join(result.warnings))


def test_lists_may_remove_nearly_all(gwas, tmp_path):
    (tmp_path / "keep.txt").write_text("rs3\nrs50\n")
    result = gwas(gwas_rows(), extract=tmp_path / "keep.txt")
    assert removed(result, "not in") == 58 and not any("one filter" in each for each in result.warnings)


# ---------------------------------------------------------------------------------------------------------------------
# First lines


@pytest.mark.parametrize(
    ("text", "header", "separator"),
    [
        ("SNP ID,CHROM,P value\nrs1,1,0.5\n", ["SNP ID", "CHROM", "P value"], ","),
        ("SNP ID,P value\nrs1,0.5\n", ["SNP ID", "P value"], ","),
        ("SNP;A1;P\nrs1;A;0,5\n", ["SNP", "A1", "P"], ";"),
        ("SNP ID\tP value\nrs1\t0.5\n", ["SNP ID", "P value"], "\t"),
        ("SNP\tP value of it\n", ["SNP", "P value of it"], "\t"),
        ("SNP\tA1 A2\nrs1 A C\n", ["SNP", "A1", "A2"], WHITESPACE),
        ("SNP A1 FRQ_A,U,X,Y\nrs1 A 0.5\n", ["SNP", "A1", "FRQ_A,U,X,Y"], WHITESPACE),
        ("rs1\nrs2\n", ["rs1"], WHITESPACE),
    ],
)
def test_separator_of_most_fields(tmp_path, text, header, separator):
    (tmp_path / "x").write_text(text)
    assert read_header(tmp_path / "x") == (header, separator)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("rs1 A C 0.1 0.02 0.5\nrs2 A C 0.1 0.02 0.5\n", "without a header line: found 'rs1 A C.*add a first line"),
        ("This file holds the results of our study.\nPlease cite it\n", "this is no table: found 'This file holds"),
        ("Small files in many real layouts, SNP\nand their sources, for tests of all kinds\n", "this is no table"),
        ("Small files in many layouts: from GWAS\n", "this is no table"),
        ("README\n\nhello\n", "this is no table"),
        ("Columns are the SNP, its P and so on\nand more\n", "this is no table"),
    ],
)  # fmt: skip
def test_files_that_are_no_gwas(tmp_path, text, message):
    (tmp_path / "x").write_text(text)
    with pytest.raises(InputError, match=f"x: .*{message}"):
        munge(tmp_path / "x")


def test_csv_with_blanks_in_its_header(gwas):
    rows = [{"SNP ID" if name == "SNP" else name: value for name, value in row.items()} for row in gwas_rows()]
    assert gwas(rows, ",").sumstats.z.tolist() == exact_z(60).tolist()


def test_no_sample_size_lists_every_column(gwas):
    rows = [{**row, "people_in_it": 1000} for row in without(gwas_rows(), "N")]
    with pytest.raises(InputError, match="found .*SE.*people_in_it; .*--n, .*--n-col, .*--n-cas-col and --n-con-col"):
        gwas(rows)


def test_long_line_is_numbered(gwas, tmp_path):
    path = write(tmp_path / "gwas.txt", gwas_rows())
    lines = path.read_text().splitlines()
    lines[7] += "\textra"
    path.write_text("##comment\n" + "\n".join(lines) + "\n")
    with pytest.raises(InputError, match="line 9 has 12 fields where the header has 11") as raised:
        munge(path)
    assert "--ldsc" not in str(raised.value)


def test_report_lists_every_unused_column(gwas):
    rows = [{**row, "Z": row["BETA"] / row["SE"], "MAF": 0.2, "odd": 1} for row in gwas_rows()]
    assert "not used: Z, MAF, odd" in gwas(rows).columns
    assert "Header: columns recognised by name" in gwas(gwas_rows()).columns


# ---------------------------------------------------------------------------------------------------------------------
# Options


def test_one_column_named_twice():
    with pytest.raises(InputError, match="h.tsv: --chr and --snp both name MARKER; expected.*correct one"):
        map_columns(["MARKER", "A1", "A2", "Z", "N"], {"SNP": "MARKER", "CHR": "marker"}, where="h.tsv")


@pytest.mark.parametrize("name", ["n", "n_cas", "n_con"])
@pytest.mark.parametrize("value", [0, -5, float("nan")])
@pytest.mark.parametrize("ldsc", [False, True])
def test_people_are_above_zero(name, value, ldsc, tmp_path):
    with pytest.raises(InputError, match=f"--{name.replace('_', '-')}: found .*expected a number of people above 0"):
        munge(tmp_path / "not there", ldsc=ldsc, **{name: value})


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"keep_maf": True}, "--keep-maf without --ldsc.*the frequency is always"),
        ({"daner": True}, "--daner without --ldsc.*recognised by their header"),
        ({"daner_n": True}, "--daner-n without --ldsc.*recognised by their header"),
        ({"ldsc": True, "extract": "keep"}, "no --extract; use --merge-alleles"),
        ({"maf_mim": 0.1}, "no option maf_mim; did you mean maf_min"),
        ({"chr": "C"}, "no option chr; did you mean chrom"),
        ({"signed_sumstats": "C"}, "did you mean signed?"),
        ({"extract_given": True}, "no option extract_given"),
    ],
)
def test_options_that_do_not_do(gwas, options, message):
    with pytest.raises(InputError, match=message):
        gwas(gwas_rows(), **options)


def test_help_lists_every_option():
    for each in dataclasses.fields(MungeOptions):
        assert each.name in ("out", "extract_given") or each.name in sumh2.munge.__doc__


def test_out_is_a_stem_in_a_writable_folder(gwas, tmp_path, monkeypatch):
    (tmp_path / "folder").mkdir()
    for out in ("folder", "folder/"):
        with pytest.raises(InputError, match=f"--out .*{out}: found a folder, expected the stem"):
            gwas(gwas_rows(), out=f"{tmp_path}/{out}")
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(InputError, match="cannot be written to") as raised:
        gwas(gwas_rows(), out=tmp_path / "folder" / "x")
    assert "partial" not in str(raised.value)
    assert list((tmp_path / "folder").iterdir()) == []


@pytest.mark.parametrize("header", ["rsid A1 A2", "ID ALT REF", "rsid effect_allele other_allele", "SNP a1 a2"])
def test_list_goes_by_the_headers_of_the_field(gwas, tmp_path, header):
    (tmp_path / "list.txt").write_text(f"{header}\nrs0 G T\nrs1 A C\n")
    result = gwas(gwas_rows(), merge_alleles=tmp_path / "list.txt")
    assert result.sumstats.snp.to_pylist() == ["rs0"]
    assert read_snp_list(tmp_path / "list.txt", with_alleles=True).snp.to_pylist() == ["rs0", "rs1"]


# ---------------------------------------------------------------------------------------------------------------------
# Names


@pytest.mark.parametrize(
    "kind", [pa.string(), pa.large_string(), pa.string_view(), pa.dictionary(pa.int32(), pa.string())]
)
def test_names_of_any_arrow_type(kind):
    names = ["rs1", "a name of more than eight bytes", "rs2", "", None]
    texts = pa.array(names * 8000).cast(kind)
    assert np.array_equal(hash_names(texts), hash_names(pa.array(names * 8000)))
    assert first_of_each(texts).tolist() == [0, 1, 2, 3, 4]
    assert all_unique(pa.array([f"rs{number}" for number in range(40_000)]).cast(kind).slice(7))
    assert not all_unique(pa.array(["rs1", "rs2", "rs1"]).cast(kind))


def test_names_without_any_text():
    assert len(hash_names(pa.array([], pa.string()))) == 0
    assert all_unique(pa.array([None], pa.string()))
    assert not all_unique(pa.nulls(3, pa.string()))
