"""``munge --ldsc`` against LDSC 1.0.1: the thirty cases of the reference, row for row, and its logs on real files."""

from __future__ import annotations

import gzip
import io
import json
import lzma
import re
import shlex
from pathlib import Path

import numpy as np
import pyarrow.csv
import pytest
from agreement import check_digits

from ldscores.shared.errors import InputError
from sumh2.munging.munge_files import munge

pytestmark = pytest.mark.shared

#: LDSC's flags and the names of the options here.
OPTIONS = {
    "--sumstats": "path", "--N": "n", "--N-cas": "n_cas", "--N-con": "n_con", "--N-cas-col": "n_cas_col",
    "--N-con-col": "n_con_col", "--signed-sumstats": "signed", "--a1": "effect_allele", "--a2": "other_allele",
    "--frq": "eaf",
}  # fmt: skip
SWITCHES = ("--daner", "--daner-n", "--no-alleles", "--a1-inc", "--keep-maf")

CASES = [
    "m01_beta_gz", "m02_metal_ws", "m03_or_cc", "m04_daner", "m05_daner_n", "m06_logodds_bz2_nstudy",
    "m07_merge_alleles", "m08_no_alleles", "m09_a1_inc", "m10_filters_keepmaf_chunks", "m11_ncas_ncon_flags",
    "m12_N_flag_vs_column", "m13_signed_flag", "m14_daner_with_N_column", "m16_ignore_fix", "m21_extreme_p",
    "m25_nstudy_min", "m26_missing_cells_tab", "m27_info_lower_na", "m28_merge_dup", "m29_p_only_a1inc_noalleles",
]  # fmt: skip

#: What the message of each refused case must say.
ERRORS = {
    "m15_err_toomany_signed": r"found 2 signed columns \(BETA, Z\).*--ignore",
    "m17_err_median": r"median of OR is -7.02e-05, LDSC expects 1",
    "m18_err_noN": r"no sample size.*--n, or --n-cas and --n-con",
    "m19_err_Zscore_dash": r"no column with the sign of the effect.*Z-score.*--signed-sumstats",
    "m20_err_infolist": r"found 2 different INFO columns \(INFO1, INFO2\).*leave out --ldsc",
    "m22_dup_header": r"found 2 columns named P",
    "m23_err_text_in_numeric": r"column N: found 'unknown', expected a number",
    "m24_merge_alleles_all_mismatch": r"none of the 1782 SNPs has the alleles of --merge-alleles",
    "m30_comment_lines": r"no column with the sign of the effect",
}

#: Lines of LDSC's log that this program repeats word for word.
LOG_LINE = re.compile(
    r"(Read \d+ SNPs from|Removed|\d+ SNPs remain|Median|WARNING|Mean|Lambda|Max|\d+ Genome|Using|Inf)"
)


def options_of(command: str, folder: Path) -> dict:
    """Arguments of :func:`munge` for a command line of LDSC."""
    words = iter(shlex.split(command))
    options = {}
    for flag in words:
        name = OPTIONS.get(flag, flag[2:].replace("-", "_"))
        if flag in SWITCHES:
            options[name] = True
            continue
        value = next(words)
        if name in ("path", "merge_alleles"):
            options[name] = folder / value if (folder / value).exists() else folder / f"{value}.xz"
        elif name in ("ignore", "info_list"):
            options[name] = tuple(value.split(","))
        elif name == "signed":
            options[name] = (value.split(",")[0], float(value.split(",")[1]))
        elif name == "snp":
            options[name] = value
        elif name != "chunksize":
            options[name] = float(value)
    return options


@pytest.fixture(scope="module")
def folder(shared: Path) -> Path:
    return shared / "reference" / "ldsc"


@pytest.fixture(scope="module")
def summary(folder: Path) -> dict:
    return json.loads((folder / "munge" / "expected" / "summary.json").read_text())


def logged(path: Path) -> list[str]:
    return [line for line in path.read_text().splitlines() if LOG_LINE.match(line)]


def test_every_case_is_tested(summary):
    assert sorted([*CASES, *ERRORS]) == sorted(summary)
    assert {case for case, stored in summary.items() if not stored["ok"]} == set(ERRORS)


@pytest.mark.parametrize("case", CASES)
def test_summary_and_log(case, folder, summary):
    expected = summary[case]
    result = munge(ldsc=True, **options_of(expected["cmd"], folder))
    table = result.ldsc_table
    # summary.json lists the columns in memory; LDSC appends the frequency only when it prints.
    assert [name for name in table.column_names if name != "FRQ"] == [c for c in expected["cols"] if c != "FRQ"]
    assert ("FRQ" in table.column_names) == ("FRQ" in expected["cols"])
    z, n = table.column("Z").drop_null().to_numpy(), table.column("N").drop_null().to_numpy()
    assert (table.num_rows, len(n)) == (expected["rows"], expected["nonmissing"])
    sums = [n.sum(dtype=float), z.sum(), (z**2).sum()]
    np.testing.assert_allclose(sums, [expected[name] for name in ("sumN", "sumZ", "sumZ2")], rtol=1e-12)
    reference = logged(folder / "munge" / "expected" / f"{case}.log")
    assert len(reference) > 8
    assert [line for line in result.ldsc_log.splitlines() if LOG_LINE.match(line)] == reference


@pytest.mark.parametrize("case", CASES)
def test_rows(case, folder, summary):
    path = folder / "munge" / "expected" / f"{case}.full.csv.xz"
    if not path.exists():
        pytest.skip("the reference keeps only sums of this case")
    expected = pyarrow.csv.read_csv(
        io.BytesIO(lzma.decompress(path.read_bytes())),
        convert_options=pyarrow.csv.ConvertOptions(strings_can_be_null=True),
    )
    table = munge(ldsc=True, **options_of(summary[case]["cmd"], folder)).ldsc_table
    assert table.column_names == expected.column_names
    for name in table.column_names:
        if name not in ("Z", "N"):
            assert table.column(name).to_pylist() == expected.column(name).to_pylist()
            continue
        found, wanted = (each.column(name).cast("double").to_numpy() for each in (table, expected))
        assert (np.isnan(found) == np.isnan(wanted)).all()
        # Near P = 1 the rounding of P itself, 1.1e-16, is 1.4e-16 in Z, and LDSC takes several roundings
        # on its way: below Z = 1e-5 it does not have ten digits.
        tiny = np.abs(wanted) < 1e-5
        check_digits(found[~tiny], wanted[~tiny], 10, f"{case} {name}")
        assert np.nanmax(np.abs(found - wanted)[tiny], initial=0) < 1e-15
        if name == "Z":
            assert (np.signbit(found) == np.signbit(wanted))[~np.isnan(found)].all()


@pytest.mark.parametrize("case", ERRORS)
def test_refused_where_ldsc_refuses(case, folder, summary, tmp_path):
    with pytest.raises(InputError, match=ERRORS[case]) as raised:
        munge(ldsc=True, out=tmp_path / "refused", **options_of(summary[case]["cmd"], folder))
    assert str(options_of(summary[case]["cmd"], folder)["path"]) in str(raised.value)
    assert list(tmp_path.iterdir()) == []


SCZ = {
    "n_con_col": "ControlN", "n_cas_col": "CaseN", "signed": ("B", 0.0), "eaf": "EAF", "effect_allele": "EffectAllele",
    "other_allele": "OtherAllele", "snp": "RSID", "ignore": ("rowid",), "p": "P",
}  # fmt: skip
REAL = {
    "scz_all": ("gwas_real/SCZ_PGC3_EUR_100k_hg19.tsv.gz", SCZ),
    "bolt": (
        "panel_EUR489_22x1Mb_with_UKB_BOLT_gwas/bolt.sumstats.txt.gz",
        {"eaf": "A1FREQ", "n": 327209, "other_allele": "ALLELE0", "p": "P_BOLT_LMM"},
    ),
    "rheuma": ("gwas_real/RA_LAVA_100k.txt.xz", {}),
    "eduokbay": ("gwas_header_samples/eduAttainOkbay.txt", {"n": 328917}),
    "ieua298": ("gwas_header_samples/ieu-a-298.tsv.gz", {}),
}


@pytest.mark.parametrize("name", REAL)
def test_log_of_real_files(name, shared):
    path, options = REAL[name]
    result = munge(shared / "data" / path, ldsc=True, **options)
    reference = logged(shared / "reference" / "ldsc" / "real" / f"{name}.log")
    assert [line for line in result.ldsc_log.splitlines() if LOG_LINE.match(line)] == reference


def test_written_file_equals_ldscs_byte_for_byte(shared, tmp_path):
    path, options = REAL["scz_all"]
    result = munge(shared / "data" / path, ldsc=True, out=tmp_path / "scz", **options)
    expected = gzip.decompress((shared / "reference/ldsc/real/scz_all.sumstats.gz").read_bytes())
    assert gzip.decompress((tmp_path / "scz.sumstats.gz").read_bytes()) == expected
    assert [Path(each).name for each in result.written] == [
        "scz.sumstats.parquet", "scz.sumstats.gz", "scz.log", "scz.munge.json",
    ]  # fmt: skip


#: Rows read and left, what Z and N are made of, and how many of LDSC's warnings: the defaults on real files.
DEFAULTS = {
    "gwas_real/SCZ_PGC3_EUR_100k_hg19.tsv.gz": ({}, 100_000, 70_267, "B / SE", "CaseN + ControlN"),
    "gwas_real/BMI_GIANT2015_50k.tsv.xz": ({}, 50_000, 40_272, "p, with the sign of b (b / se has too few digits)", "N"),
    "gwas_real/RA_LAVA_100k.txt.xz": ({}, 99_843, 85_322, "P, with the sign of OR", "N"),
    "gwas_real/T1D_Chiou2021_28k_hg38.tsv.xz": ({}, 27_715, 5_344, "B / SE", "N"),
    "gwas_real/ukb_height_chr22.fastGWA.gz": ({}, 15_935, 14_954, "BETA / SE", "N"),
    "panel_EUR489_22x1Mb_with_UKB_BOLT_gwas/bolt.sumstats.txt.gz": (
        {"n": 327209}, 82_448, 54_847, "BETA / SE", "327209 for every SNP, from the options"),
    "gwas_header_samples/PGC_SCZ2_2014.gz": (
        {"n_cas": 36989, "n_con": 113075}, 2_337, 2_311, "log(or) / se", "150064 for every SNP, from the options"),
    "gwas_header_samples/SSGAC_EA_Rietveld2013.gz": (
        {"n": 101069}, 2_337, 2_331, "EFFECT_A1 / SE", "101069 for every SNP, from the options"),
}  # fmt: skip


@pytest.mark.parametrize("path", DEFAULTS)
def test_defaults_on_real_files(path, shared):
    options, n_read, n_kept, z_source, n_source = DEFAULTS[path]
    result = munge(shared / "data" / path, **options)
    assert (result.n_read, len(result.sumstats), result.z_source, result.n_source) == (
        n_read,
        n_kept,
        z_source,
        n_source,
    )
    removed = sum(each.removed for each in result.sumstats.filters)
    assert removed == n_read - n_kept


def test_p_too_small_for_a_double(shared):
    """Half of the common SNPs of this sample have P down to 1e-1755: LDSC loses its strongest signals."""
    path = shared / "data" / "gwas_real" / "T1D_Chiou2021_28k_hg38.tsv.xz"
    from_effect, from_p = munge(path), munge(path, z_from="p")
    ldsc = munge(path, ldsc=True, snp="RSID", effect_allele="EffectAllele", other_allele="OtherAllele")
    assert any("2715 SNPs have P = 0, or too small" in warning for warning in from_effect.warnings)
    # The text of P still holds the exponent that a double cannot.
    assert from_effect.sumstats.snp.equals(from_p.sumstats.snp)
    strong = np.abs(from_p.sumstats.z) > 38
    assert strong.sum() > 1000
    np.testing.assert_allclose(from_effect.sumstats.z[strong], from_p.sumstats.z[strong], rtol=1e-3)
    assert len(ldsc.sumstats) < len(from_p.sumstats) - 1000
    assert np.abs(ldsc.sumstats.z).max() < 38


@pytest.mark.parametrize(
    ("case", "options", "n_kept"),
    [
        ("inputs/zdash.txt", {}, 2571),  # m19: a header with a dash
        ("inputs/comment.txt", {}, 86),  # m30: lines of comments
        ("inputs/two_signed.txt", {}, 2571),  # m15: BETA and Z side by side
        ("inputs/two_info.txt", {"info_list": ("INFO1", "INFO2")}, 2342),  # m20: LDSC's own option fails
        ("raw/t4.daner.small.gz", {}, 53209),  # m18: the header of a daner file states N
    ],
)
def test_what_ldsc_refuses_for_no_reason_is_done(case, options, n_kept, folder):
    result = munge(folder / "munge" / case, **options)
    assert len(result.sumstats) == n_kept


def test_mean_of_listed_info(folder, tmp_path):
    result = munge(folder / "munge/inputs/two_info.txt", info_list=("INFO1", "INFO2"))
    assert "INFO <- mean of INFO1, INFO2" in result.columns
    assert result.sumstats.info.min() >= 0.9


def test_blank_cell_is_missing_and_does_not_shift(folder):
    """In case m26 the fifth row lacks BETA; LDSC reads SE as BETA, P as SE, N as P, and drops it for want of N."""
    path = folder / "munge/inputs/blank_cells.txt"
    assert [each.removed for each in munge(path).sumstats.filters if each.what == "missing values"] == [1]
    # Without BETA the row is whole, for its other cells are where they belong.
    positive = munge(path, ignore=("BETA",), a1_inc=True)
    assert [each.removed for each in positive.sumstats.filters if each.what == "missing values"] == [0]


def test_agrees_with_ldsc_where_ldsc_is_right(folder):
    """Z from BETA/SE is Z from P and the sign, up to the digits of the file."""
    path = folder / "munge/raw/t1.small.txt.gz"
    ours, theirs = munge(path).sumstats, munge(path, ldsc=True).sumstats
    z = dict(zip(theirs.snp.to_pylist(), theirs.z, strict=True))
    common = [(value, z[name]) for name, value in zip(ours.snp.to_pylist(), ours.z, strict=True) if name in z]
    assert len(common) >= len(z) - 1
    np.testing.assert_allclose(*zip(*common, strict=True), rtol=1e-5, atol=1e-6)
