"""LDAK's tagging files: the same bytes back, through our own format too, and one message for each wrong thing."""

from __future__ import annotations

import gzip
import lzma
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from conftest import PORTABLE, SHARED

from ldscores.models.ldak_columns import SNP_COLUMNS
from ldscores.shared.errors import InputError
from ldscores.taggings.ldak_tagging_files import is_ldak_tagging_name, read_ldak_tagging, row_names, write_ldak_tagging
from ldscores.taggings.tagging import Tagging
from ldscores.taggings.tagging_files import read_tagging, write_tagging

LDAK = SHARED / "reference" / "ldak"
PORTABLE_TAGGINGS = sorted((PORTABLE / "ldak").glob("*.tagging.xz"))
#: The file that LDAK left when --join-tagging --matlist failed.
BROKEN = "joinedm.tagging.xz"
SHARED_TAGGINGS = sorted(path for path in LDAK.glob("*/*/*.tagging*") if path.name != BROKEN)


def bytes_of(path: Path) -> bytes:
    packed = path.read_bytes()
    return lzma.decompress(packed) if path.suffix == ".xz" else packed


def check_round_trip(path: Path, folder: Path) -> None:
    tagging = read_ldak_tagging(path)
    write_ldak_tagging(folder / "again.tagging", tagging)
    assert (folder / "again.tagging").read_bytes() == bytes_of(path)
    write_tagging(folder / "own.tagging.parquet", tagging)
    write_ldak_tagging(folder / "third.tagging.gz", read_tagging(folder / "own.tagging.parquet"))
    assert gzip.decompress((folder / "third.tagging.gz").read_bytes()) == bytes_of(path)


@pytest.mark.parametrize("path", PORTABLE_TAGGINGS, ids=lambda path: path.name)
def test_round_trip__portable(path, tmp_path):
    check_round_trip(path, tmp_path)


@pytest.mark.shared
@pytest.mark.parametrize("path", SHARED_TAGGINGS, ids=lambda path: f"{path.parent.parent.name}/{path.name}")
def test_round_trip__all_references(path, tmp_path):
    """Annotations, partitions, merged, joined, reduced, cross-ancestry, MAF and Variance, with weights and without."""
    check_round_trip(path, tmp_path)


def test_read__what_is_where():
    tagging = read_ldak_tagging(PORTABLE / "ldak" / "bld.tagging.xz")
    ldak = tagging.ldak
    assert tagging.names == ("Annotation_1", "Annotation_2", "Annotation_3", "Annotation_4", "Base")
    assert len(tagging) == ldak.n_reference == ldak.n_heritability == 8000
    assert tagging.snp[0].as_py() == "rs1000" and (tagging.a1[0], tagging.a2[0]) == (1, 3)
    assert (ldak.neighbours[0], tagging.regression_tagging[0], tagging.maf[0]) == (505, 9.407, 0.272575)
    assert (ldak.n_memberships[0], ldak.exp_heritability[0]) == (3, 0.4997)
    np.testing.assert_array_equal(tagging.tagging[0], [-0.0118, 0.0492, 7.8008, 0.4951, 4.5142])
    np.testing.assert_array_equal(ldak.contributions[3], [32.9724, 60.4533, 399.8655, 399.8655, 399.8655])
    np.testing.assert_array_equal(ldak.counts, [656, 1202, 8000, 4417, 8000])
    np.testing.assert_array_equal(tagging.m, np.diag(ldak.contributions))
    assert ldak.weight is None  # printed as 1 without digits: ignored
    assert set(tagging.chrom.to_pylist()) == {"NA"} and tagging.bp[-1] == 8000  # the order of the lines


def test_read__by_name_like_all_taggings():
    path = PORTABLE / "ldak" / "gcta.tagging.xz"
    np.testing.assert_array_equal(read_tagging(path).tagging, read_ldak_tagging(path).tagging)
    assert is_ldak_tagging_name("x.tagging") and is_ldak_tagging_name("x.tagging.gz")
    assert not is_ldak_tagging_name("x.tagging.parquet") and not is_ldak_tagging_name("tagging")


def test_row_names__as_ldak_words_them():
    assert row_names(["Annotation_1", "Annotation_3", "Base"], "annotation") == [
        "Annotation 1", "Annotation 2", "the Base",
    ]  # fmt: skip
    assert row_names(["Partition_1", "Background"], "partition") == ["Partition 1", "the Background"]
    assert row_names(["Subset_1", "Subset_2", "Cross_Term"], "subset") == ["Subset 1", "Subset 2", "cross term"]
    assert row_names(["Model_1", "Base"], "category") == ["Category 1", "Category 2"]


@pytest.mark.shared
def test_select__is_ldaks_reduce_tagging(tmp_path):
    for panel in ("human", "eas"):
        whole = read_ldak_tagging(LDAK / panel / "tag" / "bld.tagging.xz")
        kept = [int(line) - 1 for line in (LDAK / panel / "in" / "cats").read_text().split()]
        write_ldak_tagging(tmp_path / "reduced.tagging", whole.select(np.array([*kept, whole.n_categories - 1])))
        reduced = bytes_of(LDAK / panel / "other" / "bld.reduced.tagging.xz")
        assert (tmp_path / "reduced.tagging").read_bytes() == reduced


def test_take_and_drop__ldaks_columns_follow():
    tagging = read_ldak_tagging(PORTABLE / "ldak" / "bld.tagging.xz")
    rows = np.arange(0, 8000, 7)
    taken = tagging.take(rows)
    for name in SNP_COLUMNS:
        column = getattr(tagging.ldak, name)
        np.testing.assert_array_equal(getattr(taken.ldak, name), None if column is None else column[rows])
    scores = tagging.tagging.copy()
    scores[:, 1] = 3.0
    varying, dropped = replace(tagging, tagging=scores).drop_constant_categories()
    assert dropped == ("Annotation_2",)
    np.testing.assert_array_equal(varying.ldak.counts, [656, 8000, 4417, 8000])
    assert varying.ldak.contributions.shape == (4, 4)


# ---------------------------------------------------------------------------------------------------------------------
# Wrong files


def small_file() -> str:
    lines = [
        "Predictor A1 A2 Neighbours Tagging Weight MAF Categories Exp_Heritability Annotation_1 Base",
        "rs1 A G 2 1.500 1 0.250000 2 0.4795 0.1000 0.7000",
        "rs2 C T 2 1.500 1 0.250000 1 0.4795 0.2000 0.7000",
        "rs3 C T 1 1.000 1 0.500000 1 0.5946 0.0000 0.5946",
        "The relative contribution of Annotation 1 to each category 0.4795 0.4795",
        "The relative contribution of the Base to each category 0.4795 1.5536",
        "There are 3 reference 3 regression 3 heritability predictors 1 3",
    ]
    return "\n".join(lines) + "\n"


def test_small_file__is_right(tmp_path):
    (tmp_path / "x.tagging").write_text(small_file())
    check_round_trip(tmp_path / "x.tagging", tmp_path)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda text: "SNP\tA1\tA2\tN\tZ\nrs1\tA\tC\t5\t1\n", "found the header 'SNP A1 A2 N Z'; expected Predictor"),
        (lambda text: text.replace(" Annotation_1 Base\n", "\n"), "expected Predictor.*and the categories"),
        (lambda text: text.replace(" Annotation_1 ", " Base ", 1), "category 'Base' appears twice"),
        (lambda text: text[: text.index("The")], "found 0 lines of sums after 3 SNPs; expected 3.*truncated"),
        (lambda text: text[: text.index("There")], "found 2 lines of sums after 3 SNPs; expected 3.*truncated"),
        (lambda text: text[:-40], "a line has 6 fields where the header has 11"),
        (lambda text: text.replace("predictors 1 3\n", "predictors 1 0"), "counts do not fit together.*truncated"),
        (lambda text: text.replace("predictors 1 3", "predictors 1.5 3"), "expected 'There are x reference"),
        (lambda text: text.replace("3 regression", "4 regression"), "found 3 SNPs, but the last line counts 4"),
        (lambda text: text.replace("1 0.4795 0.2000 0.7000", "1 0.4795 0.2000"), "a line has 10 fields"),
        (lambda text: text.replace("0.2000", "x"), r"column 10 \(Annotation_1\): found 'x', expected a number"),
        (lambda text: text.replace("2 1.500", "2 oops", 1), "column Tagging holds text"),
        (lambda text: text.replace("0.2000", "nan"), "1 LD scores are missing or infinite.*Annotation_1 of SNP rs2"),
        (lambda text: text.replace("rs2", "rs1"), "1 SNP names appear more than once"),
        (lambda text: text + text.split("\n", 1)[1], "or two were put together"),
    ],
)  # fmt: skip
def test_wrong_files__one_message_each(tmp_path, change, says):
    path = tmp_path / "x.tagging"
    path.write_text(change(small_file()))
    with pytest.raises(InputError, match=says) as error:
        read_ldak_tagging(path)
    assert str(path) in str(error.value)


@pytest.mark.shared
def test_wrong_files__what_a_failed_join_leaves():
    with pytest.raises(InputError, match="found 0 lines of sums after 1944 SNPs; expected 8"):
        read_ldak_tagging(LDAK / "human" / "x" / BROKEN)


def test_wrong_files__missing(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        read_tagging(tmp_path / "none.tagging")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"ldak": None}, "has no sums of contributions, which LDAK's format needs"),
        ({"regression_tagging": None}, "has no Tagging column"),
        ({"a1": None, "a2": None}, "has no alleles"),
        ({"a1": np.array([0, 4, 1], dtype=np.uint8)}, "1 SNPs have alleles other than A C G T .first: rs2"),
        ({"regression_tagging": np.array([1.0, np.nan, 1.0])}, "1 SNP without a regression weight"),
    ],
)
def test_write__what_the_format_needs(tmp_path, change, says):
    (tmp_path / "x.tagging").write_text(small_file())
    tagging = replace(read_ldak_tagging(tmp_path / "x.tagging"), **change)
    with pytest.raises(InputError, match=says):
        write_ldak_tagging(tmp_path / "y.tagging", tagging)


def test_own_format__overlaps_and_counts_of_reference_snps(tmp_path):
    tagging = Tagging(
        snp=pa.array(["rs1", "rs2"]), chrom=pa.array(["1", "1"]), bp=np.array([1, 2]), tagging=np.ones((2, 2)),
        names=("a", "weight"), overlap=np.eye(2) * 9, overlap_5_50=np.eye(2) * 4, n_reference=9, n_reference_5_50=4,
    )  # fmt: skip
    write_tagging(tmp_path / "x.tagging.parquet", tagging)
    again = read_tagging(tmp_path / "x.tagging.parquet")
    np.testing.assert_array_equal(again.overlap_5_50, tagging.overlap_5_50)
    assert (again.n_reference, again.n_reference_5_50, again.ldak) == (9, 4, None)
