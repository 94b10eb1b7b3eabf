"""Merging: LDAK's --join-tagging and --merge-tagging byte by byte, and what does not fit together."""

from __future__ import annotations

import lzma
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from conftest import PORTABLE, SHARED
from panels import read_panel_facts

from ldscores.annotations.annotation_set import category_contributions
from ldscores.annotations.ldak_annotation_files import read_ldak_annotations
from ldscores.models.heritability_models import model_columns
from ldscores.models.ldak_columns import LdakColumns
from ldscores.shared.errors import InputError
from ldscores.taggings.ldak_tagging_files import read_ldak_tagging, write_ldak_tagging
from ldscores.taggings.merge import merge_models, merge_snps, merge_taggings, place_on_genome
from ldscores.taggings.tagging import Tagging
from ldscores.taggings.tagging_files import read_tagging, write_tagging

HUMAN = SHARED / "reference" / "ldak" / "human"


def bytes_of(path: Path) -> bytes:
    return lzma.decompress(path.read_bytes())


def part(name: str, n_snps: int, seed: int, **changes) -> Tagging:
    rng = np.random.default_rng(seed)
    values = rng.random((20, 2))
    ldak = LdakColumns(values.T @ values, np.array([20, 20]), 20, 20, neighbours=np.full(n_snps, seed))
    tagging = Tagging(
        snp=pa.array([f"rs{name}_{place}" for place in range(n_snps)]), chrom=pa.array([name] * n_snps),
        bp=np.arange(n_snps) + 1, tagging=rng.random((n_snps, 2)), names=("a", "b"), m=values.sum(0),
        m_5_50=values[:9].sum(0), overlap=values.T @ values, overlap_5_50=values[:9].T @ values[:9], n_reference=20,
        n_reference_5_50=9, regression_tagging=rng.random(n_snps), maf=rng.random(n_snps) / 2, ldak=ldak,
        model="own", window="1 cM", sources=(f"{name}.tagging.parquet",),
    )  # fmt: skip
    return replace(tagging, **changes)


# ---------------------------------------------------------------------------------------------------------------------
# Chromosomes


def test_merge_snps__rows_below_each_other_and_sums_added():
    parts = [part("10", 5, 1), part("2", 4, 2), part("X", 3, 3)]
    whole = merge_taggings(parts)
    assert whole.chrom.to_pylist() == ["2"] * 4 + ["10"] * 5 + ["X"] * 3  # the order of the genome
    np.testing.assert_array_equal(whole.tagging, np.concatenate([parts[k].tagging for k in (1, 0, 2)]))
    np.testing.assert_array_equal(whole.ldak.neighbours, [2] * 4 + [1] * 5 + [3] * 3)
    for name in ("m", "m_5_50", "overlap", "overlap_5_50", "n_reference", "n_reference_5_50"):
        np.testing.assert_allclose(getattr(whole, name), sum(getattr(one, name) for one in parts), rtol=1e-15)
    np.testing.assert_array_equal(whole.ldak.counts, [60, 60])
    assert whole.ldak.n_reference == 60


def test_merge_snps__order_of_the_parts_does_not_matter():
    parts = [part("1", 5, 1), part("2", 4, 2), part("3", 3, 3)]
    one, other = merge_snps(parts), merge_snps(parts[::-1])
    assert one.snp.equals(other.snp)
    np.testing.assert_array_equal(one.tagging, other.tagging)
    np.testing.assert_allclose(one.overlap, other.overlap, rtol=1e-14)


def test_merge_snps__what_a_part_lacks_is_left_out_with_a_note():
    whole = merge_snps([part("1", 5, 1), part("2", 4, 2, overlap=None, maf=None)])
    assert whole.overlap is None and whole.maf is None and whole.overlap_5_50 is not None
    assert "overlap is left out: 2.tagging.parquet has none" in whole.notes


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"names": ("a", "c")}, "2.tagging.parquet: category 2 is c, in 1.tagging.parquet it is b"),
        ({"model": "gcta"}, "its model is gcta, that of 1.tagging.parquet is own"),
        ({"window": "1000 kb"}, "its window is 1000 kb"),
        ({"chrom": pa.array(["NA"] * 4)}, "no chromosomes and positions, as in LDAK's files"),
        ({"snp": pa.array(["x", "rs1_3", "y", "z"])}, "1 of its 4 SNPs are also in 1.tagging.parquet .first: rs1_3"),
    ],
)
def test_merge_snps__messages(change, says):
    with pytest.raises(InputError, match=says):
        merge_snps([part("1", 5, 1), part("2", 4, 2, **change)])


def test_merge_taggings__same_snps_go_side_by_side_and_some_do_not():
    first = part("1", 5, 1)
    both = merge_taggings([first, replace(part("1", 5, 2), model="gcta")])
    assert both.names == ("a[own]", "b[own]", "a[gcta]", "b[gcta]")
    assert merge_taggings([first, part("1", 5, 2)]).names == ("a_0", "b_0", "a_1", "b_1")
    other = replace(part("1", 5, 2), names=("c", "d"))
    assert merge_taggings([first, other]).names == ("a", "b", "c", "d"), "no name is shared: none gets a number"
    with pytest.raises(InputError, match="expected sets of the same SNPs"):
        merge_taggings([first, part("1", 4, 2)])


def test_command_merge__says_that_the_overlap_is_lost(run_ldscores, tmp_path):
    names = []
    for number, changes in enumerate(({}, {"names": ("c", "d")})):
        names.append(tmp_path / f"{number}.tagging.parquet")
        write_tagging(names[-1], replace(part("1", 5, number + 1, **changes), ldak=None))
    code, out, error = run_ldscores("merge", *names, "--out", tmp_path / "both.tagging.parquet")
    assert code == 0 and "4 categories" in out
    assert "the overlap between the categories of these files is not known" in error
    assert read_tagging(tmp_path / "both.tagging.parquet").names == ("a", "b", "c", "d")


def ldak_part(path, whole: Tagging, facts, columns, chromosome: str) -> None:
    """What LDAK writes for one chromosome: rows of the whole file, sums of the chromosome with four decimals."""
    on_it = np.array(facts.chrom.to_pylist()) == chromosome
    rows = np.flatnonzero(np.isin(whole.snp.to_pylist(), facts.snp.filter(pa.array(on_it)).to_pylist()))
    one = whole.take(rows)
    sums = category_contributions(columns.values[on_it], columns.members[on_it])
    n_snps = int(on_it.sum())
    counts = columns.members[on_it].sum(axis=0)
    ldak = replace(one.ldak, contributions=sums, counts=counts, n_reference=n_snps, n_heritability=n_snps)
    write_ldak_tagging(path, replace(one, ldak=ldak))


@pytest.mark.shared
def test_ldak__join_tagging(tmp_path):
    """Chromosomes 21 and 22, with LDAK's rounding of each file's sums, give the bytes of --join-tagging."""
    facts = read_panel_facts(HUMAN.parent / "panels" / "human", tmp_path)
    annotations = read_ldak_annotations(f"{HUMAN}/in/ann", facts.snp)
    columns = model_columns("own", facts.frequency, annotations, power=-0.25, variance=facts.variance)
    whole = read_ldak_tagging(HUMAN / "tag" / "bld.tagging.xz")
    for chromosome in ("21", "22"):
        ldak_part(tmp_path / f"{chromosome}.tagging", whole, facts, columns, chromosome)
    joined = merge_taggings([read_ldak_tagging(tmp_path / f"{chromosome}.tagging") for chromosome in ("21", "22")])
    write_ldak_tagging(tmp_path / "joined.tagging", joined)
    assert (tmp_path / "joined.tagging").read_bytes() == bytes_of(HUMAN / "x" / "joined.tagging.xz")


# ---------------------------------------------------------------------------------------------------------------------
# Models


@pytest.mark.shared
def test_ldak__merge_tagging(tmp_path):
    parts = [read_ldak_tagging(HUMAN / "alpha_bld" / f"b{number}.tagging.xz") for number in range(6)]
    write_ldak_tagging(tmp_path / "merged.tagging", merge_taggings(parts))
    assert (tmp_path / "merged.tagging").read_bytes() == bytes_of(HUMAN / "alpha_bld" / "merged.tagging.xz")


def test_merge_models__another_order_of_snps_and_own_names():
    first = read_ldak_tagging(PORTABLE / "ldak" / "alpha0.tagging.xz").take(np.arange(100))
    other = read_ldak_tagging(PORTABLE / "ldak" / "bld.tagging.xz").take(np.arange(100))
    order = np.random.default_rng(1).permutation(100)
    shuffled = replace(
        other, snp=other.snp.take(pa.array(order)), tagging=other.tagging[order],
        regression_tagging=other.regression_tagging[order], ldak=other.ldak.take(order),
    )  # fmt: skip
    straight, turned = (merge_models([first, one], list("abcdef")) for one in (other, shuffled))
    np.testing.assert_array_equal(straight.tagging, turned.tagging)
    np.testing.assert_array_equal(straight.ldak.n_memberships, turned.ldak.n_memberships)
    assert len(np.unique(straight.ldak.n_memberships)) > 1 and straight.names == tuple("abcdef")
    assert straight.ldak.exp_heritability is None and straight.ldak.contributions[0, 1] == 0


# ---------------------------------------------------------------------------------------------------------------------
# Positions for LDAK's files


def test_place_on_genome__by_name(tmp_path):
    facts = read_panel_facts(PORTABLE / "inputs" / "panel", tmp_path)
    tagging = read_ldak_tagging(PORTABLE / "ldak" / "bld.tagging.xz")
    placed = place_on_genome(tagging, facts.snp, facts.chrom, facts.bp)
    assert placed.chrom.equals(facts.chrom)
    np.testing.assert_array_equal(placed.bp, facts.bp)
    turned = place_on_genome(tagging, facts.snp, facts.chrom, 20_000_000 - facts.bp)  # the other way round
    assert turned.chrom.to_pylist() == ["1"] * 4500 + ["2"] * 3500
    assert turned.snp.to_pylist() == [f"rs{1000 + row}" for row in (*range(4499, -1, -1), *range(7999, 4499, -1))]
    row = 4499 - 3
    np.testing.assert_array_equal(turned.tagging[row], tagging.tagging[3])
    assert turned.ldak.neighbours[row] == tagging.ldak.neighbours[3]
    assert turned.regression_tagging[row] == tagging.regression_tagging[3]
    with pytest.raises(InputError, match="1 of 8000 SNPs are not in the panel .first: rs1000"):
        place_on_genome(tagging, facts.snp.slice(1), facts.chrom.slice(1), facts.bp[1:])
