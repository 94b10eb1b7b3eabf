"""Annotations: what is checked, how they are joined and matched, and the sums that partitioned heritability needs."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from conftest import PORTABLE, SHARED
from hypothesis import given
from hypothesis import strategies as st

from ldscores.annotations.annotation_files import read_annotations
from ldscores.annotations.annotation_set import (
    Annotations,
    category_contributions,
    category_overlap,
    first_rows,
    join_annotations,
    match_annotations,
    stack_annotations,
)
from ldscores.shared import tables
from ldscores.shared.errors import InputError

PARTITION = SHARED / "reference" / "ldsc"


def some(n_snps: int = 4, names=("a", "b"), **changes) -> Annotations:
    values = np.arange(n_snps * len(names), dtype=float).reshape(n_snps, len(names))
    columns = {"snp": pa.array([f"rs{row}" for row in range(n_snps)]), "sources": ("x.annot.gz",)} | changes
    return Annotations(columns.pop("values", values), tuple(names), **columns)


# ---------------------------------------------------------------------------------------------------------------------
# Checks


@pytest.mark.parametrize(
    ("build", "says"),
    [
        (lambda: some(names=("a", "a")), "annotation 'a' appears twice"),
        (lambda: some(names=("a", " ")), "has no name"),
        (lambda: some(n_snps=0), "found 0 SNPs and 2 annotations"),
        (lambda: some(names=()), "found 4 SNPs and 0 annotations"),
        (
            lambda: some(values=np.array([[1.0, 2.0], [1.0, np.nan]]), snp=pa.array(["rs0", "rs1"])),
            "1 values are missing or infinite .first: b of rs1|first: b of SNP rs1",
        ),
        (lambda: some(values=np.array([[np.inf, 2.0]]), snp=None), "first: a of row 1"),
    ],
)
def test_checks__messages(build, says):
    with pytest.raises(InputError, match=says):
        build()


def test_constant_and_repeated():
    values = np.array([[1, 0, 5, 1, 0, 0], [1, 0, 6, 0, 0, 1]], dtype=float)
    annotations = Annotations(values, ("base", "empty", "x", "y", "again", "z"))
    assert annotations.constant() == {"base": 1.0, "empty": 0.0, "again": 0.0}
    assert annotations.repeated() == [("again", "empty")]
    said = annotations.warnings()
    assert [line.partition(": ")[2].split(" ")[0] for line in said] == ["empty", "again"], (
        "a column of zeros is told once"
    )
    assert annotations.warnings(of_empty=False) == []


def test_select__order_and_message():
    assert some(names=("a", "b", "c")).select(["c", "a"]).names == ("c", "a")
    np.testing.assert_array_equal(some().select(["b"]).values[:, 0], some().values[:, 1])
    with pytest.raises(InputError, match="x.annot.gz: no annotation z; found a, b"):
        some().select(["z"])


def test_membership__listed_snps_or_values_other_than_0():
    values = np.array([[0.0], [2.0]])
    np.testing.assert_array_equal(Annotations(values, ("a",)).membership[:, 0], [False, True])
    listed = Annotations(values, ("a",), members=np.array([[True], [False]]))
    np.testing.assert_array_equal(listed.membership[:, 0], [True, False])


# ---------------------------------------------------------------------------------------------------------------------
# Matching


@given(st.permutations(range(6)), st.integers(1, 6))
def test_match__rows_are_looked_up_by_name(order, n_kept):
    annotations = some(6)
    panel = [f"rs{row}" for row in order[:n_kept]]
    matched = match_annotations(annotations, pa.array(panel))
    assert matched.snp.to_pylist() == panel
    np.testing.assert_array_equal(matched.values, annotations.values[list(order[:n_kept])])
    assert bool(matched.notes) == (n_kept < 6)


def test_match__messages():
    with pytest.raises(InputError, match=r"2 of 4 SNPs of the panel have no row \(first: rs9, row 2\)"):
        match_annotations(some(), pa.array(["rs0", "rs9", "rs1", "rs8"]))
    with pytest.raises(InputError, match=r"none of the 1 SNPs.*rsIDs \(rs0.*chr:pos names \(1:5"):
        match_annotations(some(), pa.array(["1:5"]))
    with pytest.raises(InputError, match="found 4 rows without names of SNPs; expected 5"):
        match_annotations(some(snp=None), pa.array([f"rs{row}" for row in range(5)]))
    with pytest.raises(InputError, match="found 4 rows without names"):
        match_annotations(some(snp=None), None, 3)


def test_match__repeated_names():
    """The same rows as the panel's are taken as they stand; a look-up needs the rows of a name to agree."""
    twice = some(3, snp=pa.array(["rs0", "rs1", "rs0"]))
    assert match_annotations(twice, twice.snp) is twice
    with pytest.raises(InputError, match="SNP rs0 stands in two rows with different values"):
        match_annotations(twice, pa.array(["rs1", "rs0"]))
    equal = some(3, snp=twice.snp, values=np.array([[1.0, 2], [3, 4], [1, 2]]))
    np.testing.assert_array_equal(first_rows(twice.snp), [0, 1, 0])
    assert match_annotations(equal, pa.array(["rs1", "rs0"])).values.tolist() == [[3, 4], [1, 2]]


def test_join__thin_and_named_sets():
    thin, named = some(names=("t",), snp=None), some(names=("a",))
    joined = join_annotations([thin, named])
    assert joined.names == ("t", "a") and joined.snp.equals(named.snp)
    turned = some(names=("z",)).take(np.array([3, 2, 1, 0]))
    np.testing.assert_array_equal(join_annotations([named, turned]).values[:, 1], some(names=("z",)).values[:, 0])


def test_join__order_of_the_sets_does_not_matter():
    """A baseline of a whole reference beside annotations of a panel with fewer SNPs."""
    baseline, own = some(), some(2, names=("own",), snp=pa.array(["rs3", "rs1"]))
    forth, back = join_annotations([baseline, own]), join_annotations([own, baseline])
    assert (forth.names, back.names) == (("a", "b", "own"), ("own", "a", "b"))
    assert forth.snp.equals(own.snp) and forth.values.tolist() == [[6, 7, 0], [2, 3, 1]]
    np.testing.assert_array_equal(forth.values, back.values[:, [1, 2, 0]])
    assert any("2 of 4 SNPs are not in" in note for note in forth.notes)


@pytest.mark.parametrize(
    ("sets", "says"),
    [
        ([some(), some(names=("b", "c"))], "annotation 'b' appears twice"),
        ([some(), some(5, names=("c",), snp=None)], "found 5 rows without names of SNPs; expected 4"),
        (
            [some(), some(3, names=("c",), snp=pa.array(["rs1", "rs9", "rs2"]))],
            "1 of 3 SNPs of x.annot.gz have no row .first: rs9",
        ),
        ([some(), some(names=("c",), kind="partition")], "annotations and partitions cannot be joined"),
    ],
)
def test_join__messages(sets, says):
    with pytest.raises(InputError, match=says):
        join_annotations(sets)


def test_stack__columns_must_agree():
    stacked = stack_annotations([some(), some(3, snp=pa.array(["x", "y", "z"]))])
    assert len(stacked) == 7 and stacked.snp[-1].as_py() == "z"
    with pytest.raises(InputError, match="annotation 2 is c, in x.annot.gz it is b"):
        stack_annotations([some(), some(names=("a", "c"))])
    with pytest.raises(InputError, match="annotation 2 is missing"):
        stack_annotations([some(), some(names=("a",))])


# ---------------------------------------------------------------------------------------------------------------------
# Overlap


@given(st.integers(1, 12), st.integers(1, 4), st.integers(0, 2**32 - 1))
def test_category_overlap__equals_sums_written_out_and_adds_over_chromosomes(n_snps, n_annots, seed):
    rng = np.random.default_rng(seed)
    values, common = rng.normal(size=(n_snps, n_annots)), rng.random(n_snps) < 0.5
    found = category_overlap(values, common)
    for one in range(n_annots):
        for other in range(n_annots):
            products = [values[row, one] * values[row, other] for row in range(n_snps)]
            assert found.overlap[one, other] == pytest.approx(sum(products), abs=1e-12)
            of_common = [product for product, kept in zip(products, common, strict=True) if kept]
            assert found.overlap_5_50[one, other] == pytest.approx(sum(of_common), abs=1e-12)
    assert (found.n_reference, found.n_reference_5_50) == (n_snps, common.sum())
    cut = n_snps // 2
    added = category_overlap(values[:cut], common[:cut]) + category_overlap(values[cut:], common[cut:])
    np.testing.assert_allclose(added.overlap, found.overlap, atol=1e-12)
    np.testing.assert_allclose(added.m_5_50, found.m_5_50, atol=1e-12)


def test_category_contributions__are_sums_over_members():
    values = np.array([[1.0, 10.0], [2.0, 20.0], [3.0, 30.0]])
    members = np.array([[True, True], [False, True], [True, True]])
    np.testing.assert_array_equal(category_contributions(values, members), [[4, 6], [40, 60]])


def read_results(path) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    table = tables.read_table(path)
    return tuple(table[name].to_numpy() for name in ("Prop._SNPs", "Prop._h2", "Coefficient"))


def common_snps(paths) -> np.ndarray:
    maf = np.concatenate([tables.read_table(path)["MAF"].to_numpy() for path in paths])
    return (maf > 0.05) & (maf < 0.95)


def check_proportions(found, results, m) -> None:
    """Prop._h2 = O tau / M tau, and Prop._SNPs = M / M_tot, as LDSC prints them with all digits."""
    overlap, n_reference = found
    prop_snps, prop_h2, tau = results
    np.testing.assert_allclose(m / n_reference, prop_snps, rtol=1e-14)
    np.testing.assert_allclose(overlap @ tau / (m @ tau), prop_h2, rtol=1e-10, atol=1e-14)


@pytest.mark.parametrize("trait", [1, 2, 3])
def test_ldsc__overlap_reproduces_the_proportions(trait):
    annotations = read_annotations(PORTABLE / "inputs" / "ann.@.annot.gz")
    common = common_snps([PORTABLE / "inputs" / f"chr.{chrom}.frq.xz" for chrom in (1, 2)])
    found = category_overlap(annotations.values, common)
    m = sum(np.loadtxt(PORTABLE / "ldsc" / f"ann.{chrom}.l2.M_5_50") for chrom in (1, 2))
    results = read_results(PORTABLE / "ldsc" / f"part_{trait}.results")
    check_proportions((found.overlap_5_50, found.n_reference_5_50), results, m)


@pytest.mark.shared
@pytest.mark.parametrize("run", ["overlap", "overlap_t2", "overlap_notM"])
def test_ldsc__overlap_on_22_chromosomes(run):
    inputs = PARTITION / "partition_inputs"
    annotations = read_annotations(inputs / "ovl.@")
    common = common_snps([inputs / f"frq.{chrom}.frq.xz" for chrom in range(1, 23)])
    found = category_overlap(annotations.values, common)
    results = read_results(PARTITION / "partition" / f"{run}.results")
    if run == "overlap_notM":
        check_proportions((found.overlap, found.n_reference), results, found.m)
    else:
        check_proportions((found.overlap_5_50, found.n_reference_5_50), results, found.m_5_50)
