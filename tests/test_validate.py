"""`sumh2 validate`: the table of the literature, how digits are counted, what a disagreement does."""

from __future__ import annotations

import configparser
import json
from dataclasses import replace

import pandas as pd
import pytest
from conftest import ROOT, SHARED
from hypothesis import given
from hypothesis import strategies as st

from ldscores.shared.errors import InputError
from sumh2.validation import estimator_numbers, validate_files, worked_numbers
from sumh2.validation.published import PublishedNumber, agreeing_digits, check_number, keeps_limit
from sumh2.validation.published_results import as_printed, share_of_p, share_of_z
from sumh2.validation.validate_files import COMPUTATIONS, FROM_FILES, read_literature, validate

RESULTS = SHARED / "data" / "published_results"


@pytest.fixture(scope="module")
def found():
    return validate()


# ---------------------------------------------------------------------------------------------------------------------
# The numbers


def test_installed_package_alone__every_number_agrees_that_should(found):
    assert [row.number.quantity for row in found.failed] == []
    assert found.count("agrees") >= 50


def test_identities__hold_to_twelve_digits(found):
    identities = [row for row in found.checked if row.number.published == "identical"]
    assert len(identities) >= 12
    assert min(row.agreeing for row in identities) >= 12


def test_numbers_that_cannot_agree__say_why(found):
    for row in found.checked:
        if row.verdict != "agrees":
            assert row.why, row.number.quantity


def test_two_loci__stay_irreproducible(found):
    rows = [row for row in found.checked if row.number.check.startswith("two_locus")]
    assert [row.verdict for row in rows] == ["not reproducible"] * 3


def test_what_needs_files__is_skipped_with_their_name(found):
    skipped = [row for row in found.checked if row.verdict == "skipped"]
    assert len(skipped) == len(FROM_FILES)
    assert all(row.number.data in row.why and "--data" in row.why for row in skipped)


@pytest.mark.shared
def test_published_results__agree():
    result = validate(RESULTS)
    assert [row.number.quantity for row in result.failed] == []
    assert result.count("skipped") == 0


def test_folder_without_the_files__skips_them(tmp_path):
    result = validate(tmp_path)
    assert result.count("skipped") == len(FROM_FILES)
    assert all("does not hold" in row.why for row in result.checked if row.verdict == "skipped")


def test_table__names_each_computation_once_and_leaves_none_out():
    named = [number.check for number in read_literature() if number.check]
    assert sorted(named) == sorted([*COMPUTATIONS, *FROM_FILES])


def test_table__gives_a_source_a_place_and_a_known_expectation():
    for number in read_literature():
        assert number.source and number.place and number.quantity and number.published
        assert number.expect in ("agrees", "not reproducible", "source contradicts itself", "not at hand")
        assert (number.check == "") == (number.expect == "not at hand")


# ---------------------------------------------------------------------------------------------------------------------
# A wrong number is seen


def test_wrong_liability_scale__is_seen(monkeypatch):
    real = worked_numbers.liability_factor
    monkeypatch.setattr(worked_numbers, "liability_factor", lambda p, k: real(p, k) * (1 + 1e-6 * (p != 0.5)))
    failed = {row.number.check for row in validate().failed}
    assert failed == {"liability_conventions_unbalanced"}


def test_wrong_estimator__is_seen(monkeypatch):
    real = estimator_numbers.fit_h2

    def biased(*words, **options):
        result = real(*words, **options)
        return replace(result, h2=result.h2 * 1.001)

    estimator_numbers.exact_h2.cache_clear()
    monkeypatch.setattr(estimator_numbers, "fit_h2", biased)
    failed = {row.number.check for row in validate().failed}
    estimator_numbers.exact_h2.cache_clear()
    assert failed == {"ldsc_slope", "confounding_bias"}


def test_command__prints_the_table_and_ends_with_1(monkeypatch, run_sumh2, tmp_path):
    monkeypatch.setattr(
        validate_files, "COMPUTATIONS", {**COMPUTATIONS, "psd_condition": lambda: 1.3349}
    )  # fmt: skip
    status, text, errors = run_sumh2("validate", "--out", tmp_path / "v")
    assert status == 1
    assert "does not agree" in text and "r(MZ)" in text
    assert "1 published numbers should agree and do not" in errors and "r12^2" in errors
    assert pd.read_csv(tmp_path / "v.tsv", sep="\t").verdict.value_counts()["does not agree"] == 1


# ---------------------------------------------------------------------------------------------------------------------
# The command


def test_command__writes_table_and_record(tmp_path, run_sumh2):
    status, text, errors = run_sumh2("validate", "--out", tmp_path / "v")
    assert status == 0, errors
    assert text.splitlines()[-1].startswith("written: ")
    table = pd.read_csv(tmp_path / "v.tsv", sep="\t", dtype={"published": str})
    assert list(table) == [
        "source", "place", "quantity", "published", "ours", "digits", "digits_printed", "verdict", "why"
    ]  # fmt: skip
    row = table[table.quantity.str.startswith("missing share")].iloc[0]
    assert (row.published, row.verdict, row.digits) == ("0.4038", "agrees", 4)
    assert row.ours == pytest.approx(21 / 52)
    assert len(json.loads((tmp_path / "v.json").read_text())["estimates"]) == len(table)


def test_command__says_nothing_about_invented_snps(run_sumh2):
    assert run_sumh2("validate")[2] == ""


def test_missing_folder__is_named(tmp_path):
    with pytest.raises(InputError, match="found no such folder"):
        validate(tmp_path / "none")


# ---------------------------------------------------------------------------------------------------------------------
# Digits


@pytest.mark.parametrize(
    ("ours", "published", "expected"),
    [
        (0.40385, "0.4038", (4, 4)),
        (0.40345, "0.4038", (2, 4)),
        (0.41, "0.4038", (1, 4)),
        (0.5, "0.4038", (0, 4)),
        (-0.1767145, "-0.177", (3, 3)),
        (0.1767145, "-0.177", (0, 3)),
        (2.207, "2.21", (3, 3)),
        (4.0978, "4.10", (3, 3)),
        (20180, "20190", (3, 5)),
        (66, "66", (2, 2)),
        (67, "66", (1, 2)),
        (0.255, "0.2550", (4, 4)),
        (1.0, "1.0", (2, 2)),
        (float("nan"), "66", (0, 2)),
    ],
)
def test_agreeing_digits(ours, published, expected):
    assert agreeing_digits(ours, published) == expected


@given(st.floats(1e-3, 1e6), st.integers(1, 8))
def test_agreeing_digits__number_printed_from_ours_agrees_wholly(ours, decimals):
    published = f"{ours:.{decimals}f}"
    agreeing, printed = agreeing_digits(ours, published)
    assert agreeing == printed


def test_agreeing_digits__refuses_what_is_no_number():
    with pytest.raises(ValueError, match="no plain number"):
        agreeing_digits(1.0, "about 1")


@pytest.mark.parametrize(
    ("ours", "limit", "kept"),
    [
        (1.0, "<=1", True), (1 + 1e-12, "<=1", True), (1.001, "<=1", False), (0.05, ">0.05", False),
        (0.051, ">0.05", True), (-1e-9, ">-1e-8", True), (-1e-7, ">-1e-8", False), (2.0, ">=2", True),
        (1.9, ">=2", False), (float("nan"), "<1", False),
    ],
)  # fmt: skip
def test_limits(ours, limit, kept):
    assert keeps_limit(ours, limit) is kept


def test_number_noted_as_irreproducible__may_agree_all_the_same():
    number = PublishedNumber("x", "s", "p", "q", "0.5", "not reproducible", note="why")
    assert check_number(number, 0.5).verdict == "agrees"
    assert check_number(number, 0.6).verdict == "not reproducible"


def test_printed_numbers__are_good_to_half_a_unit():
    rg, se, z = as_printed(["0.0495"]), as_printed(["0.0405"]), as_printed(["1.2239"])
    assert share_of_z(rg, se, z) == 1
    assert share_of_z(rg, se, as_printed(["1.2300"])) == 0
    assert share_of_p(z, as_printed(["0.22101"])) == 1
    assert share_of_p(z, as_printed(["0.22201"])) == 0


def test_printed_numbers__zeros_of_a_spreadsheet_are_no_digits():
    assert as_printed(["-8.00E-04"]).half[0] == pytest.approx(5e-5)
    assert as_printed(["0.0800"]).half[0] == pytest.approx(5e-5)


def test_table__is_package_data():
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg", encoding="utf-8")
    assert config["options.package_data"]["sumh2.validation"] == "*.tsv"
