"""Taggings: what they promise, and what they say when the promise cannot be kept."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ldscores.chromosomes import genome_order, natural_chromosome_key, rank_chromosomes
from ldscores.shared.arrow_arrays import as_numpy
from ldscores.shared.errors import FitError, InputError
from ldscores.shared.text_columns import as_text, fixed_point
from ldscores.shared.unique_names import all_unique, first_of_each, hash_names
from ldscores.taggings.joining import join_taggings
from ldscores.taggings.tagging import Tagging
from ldscores.taggings.tagging_summary import summarise_tagging

# The first example of a test may wait for an import.
unhurried = settings(deadline=None)


def make_tagging(n_snps: int = 6, n_categories: int = 2, **changes) -> Tagging:
    """SNPs rs0, rs1, ... on chromosomes 1 and X, scores of a fixed seed."""
    scores = np.random.default_rng(5).normal(10, 3, (n_snps, n_categories))
    n_first = n_snps // 2
    columns = {
        "snp": pa.array([f"rs{place}" for place in range(n_snps)]),
        "chrom": pa.array(["1"] * n_first + ["X"] * (n_snps - n_first)),
        "bp": np.concatenate([np.arange(n_first), np.arange(n_snps - n_first)]) * 100,
        "tagging": scores,
        "names": tuple(f"c{place}" for place in range(n_categories)),
        "m": np.arange(1.0, n_categories + 1),
        "m_5_50": np.arange(1.0, n_categories + 1) / 2,
        "sources": ("ld/1.l2.ldscore.gz", "ld/X.l2.ldscore.gz"),
    }
    return Tagging(**(columns | changes))


# --- Chromosomes -----------------------------------------------------------------------------------------------------


def test_natural_order():
    expected = ["1", "chr2", "9", "10", "22", "X", "chrY", "XY", "MT", "2L", "2R", "10L", "scaffold_2", "scaffold_12"]
    shuffled = np.random.default_rng(1).permutation(expected).tolist()
    assert sorted(shuffled, key=natural_chromosome_key) == expected


@unhurried
@given(st.lists(st.text(st.characters(codec="utf-8"), min_size=1)))
def test_natural_order__any_text_can_be_sorted(names):
    backwards = sorted(names, key=natural_chromosome_key, reverse=True)
    assert sorted(backwards, key=natural_chromosome_key) == sorted(names, key=natural_chromosome_key)


def test_rank_chromosomes():
    names, rank = rank_chromosomes(pa.array(["X", "10", "2", "X"]))
    assert names == ("2", "10", "X")
    assert rank.tolist() == [2, 1, 0, 2]


snp_rows = st.lists(st.tuples(st.sampled_from(["1", "2", "10", "X", "2L", "chr3"]), st.integers(0, 5)), min_size=1)


@unhurried
@given(snp_rows)
def test_genome_order__is_pythons_stable_sort(rows):
    chrom, bp = pa.array([row[0] for row in rows]), np.array([row[1] for row in rows])
    expected = sorted(range(len(rows)), key=lambda place: (natural_chromosome_key(rows[place][0]), rows[place][1]))
    found = genome_order(chrom, bp)
    assert (list(range(len(rows))) if found is None else found.tolist()) == expected


# --- Names -----------------------------------------------------------------------------------------------------------


@unhurried
@given(st.lists(st.text(st.characters(codec="utf-8"), max_size=20)), st.integers(0, 3))
def test_all_unique__is_pythons(names, skipped):
    array = pa.array(names, pa.string()).slice(skipped)
    kept = names[skipped:]
    assert all_unique(array) == (len(set(kept)) == len(kept))
    first = first_of_each(array)
    expected = [place for place, name in enumerate(kept) if name not in kept[:place]]
    assert (list(range(len(kept))) if first is None else first.tolist()) == expected


def test_all_unique__across_pieces():
    names = [f"rs{number}" for number in range(40_000)]
    assert all_unique(pa.array(names))
    assert not all_unique(pa.array([*names, "rs7"]))
    assert first_of_each(pa.array([*names, "rs7"])).tolist() == list(range(40_000))


def test_hash_names__tells_names_apart():
    names = [f"{chromosome}:{bp}:A:G" for chromosome in range(1, 23) for bp in range(10_000_000, 10_100_000, 50)]
    assert len(np.unique(hash_names(pa.array(names)))) == len(names)


# --- Arrow columns as numpy ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [pa.float32(), pa.float64(), pa.int8(), pa.uint16(), pa.int64()])
@pytest.mark.parametrize("values", [[], [1, 2, 3, 4], [1, None, 3, 4], [None]])
def test_as_numpy__is_pyarrows(kind, values):
    chunked = pa.chunked_array([values, values], kind), pa.chunked_array([], kind)
    for column in (pa.array(values, kind).slice(1), *chunked):
        expected = column.to_numpy() if isinstance(column, pa.ChunkedArray) else column.to_numpy(zero_copy_only=False)
        found = as_numpy(column)
        np.testing.assert_array_equal(found, expected)
        assert found.dtype == expected.dtype


def test_as_numpy__does_without_pandas():
    code = (
        "import sys, pyarrow; from ldscores.shared.arrow_arrays import as_numpy;"
        "as_numpy(pyarrow.nulls(3, pyarrow.int64())); sys.exit('pandas' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    with pytest.raises(TypeError, match="a column of string has no numbers"):
        as_numpy(pa.array(["a"]))


# --- Text ------------------------------------------------------------------------------------------------------------


@unhurried
@given(st.lists(st.floats(-1e8, 1e8) | st.integers(-10_000, 10_000).map(lambda n: n / 2000)), st.integers(0, 6))
def test_fixed_point__is_pythons(numbers, digits):
    expected = [f"{number:.{digits}f}" for number in numbers]
    expected = [text if float(text) else text.lstrip("-") for text in expected]
    assert fixed_point(np.array(numbers), digits).to_pylist() == expected


def test_as_text__leaves_to_others_what_it_cannot_do():
    assert as_text(pa.table({"a": [1e30]}), "%.3f", "NA") is None
    assert as_text(pa.table({"a": [0.1]}), "%.9g", "NA") is None
    assert as_text(pa.table({"a": ["x\ty"]}), "%.3f", "NA") is None
    text = as_text(pa.table({"a": [0.12345, None, float("nan")], "b": ["x", None, "y"], "c": [1, 2, 3]}), "%.3f", "NA")
    assert text.to_pydict() == {"a": ["0.123", "NA", "NA"], "b": ["x", "NA", "y"], "c": ["1", "2", "3"]}


# --- Invariants ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"snp": pa.array(["a", "b", "c", "d", "e", "a"])}, "1 SNP names appear more than once (first: a)"),
        ({"names": ("c", "c")}, "category 'c' appears twice"),
        ({"names": ("c", "MAF")}, "a category is called 'MAF'"),
        ({"bp": np.array([5, 4, 6, 1, 2, 3])}, "SNP rs0 is not in its place"),
        ({"chrom": pa.array(["X"] * 3 + ["1"] * 3)}, "SNP rs0 is not in its place"),
        ({"chrom": pa.array(["1"] * 5 + [None])}, "a SNP lacks its name or chromosome"),
        ({"m": np.array([1.0, np.nan])}, "M of c1 is nan"),
        ({"m_5_50": np.array([np.inf, 1.0])}, "M_5_50 of c0 is inf"),
    ],
)
def test_invariants(changes, message):
    with pytest.raises(InputError) as raised:
        make_tagging(**changes)
    assert str(raised.value).startswith("ld/1.l2.ldscore.gz and 1 more: ")
    assert message in str(raised.value)
    assert "expected" in str(raised.value)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_invariants__scores_are_finite(bad):
    scores = np.ones((6, 2))
    scores[4, 1] = bad
    with pytest.raises(InputError, match=rf"1 LD scores .* \(first: {bad} in column c1 of SNP rs4\)"):
        make_tagging(tagging=scores)
    scores[0, 0], scores[1, 0] = np.inf, -np.inf
    with pytest.raises(InputError, match="3 LD scores"):
        make_tagging(tagging=scores)


def test_invariants__not_empty():
    with pytest.raises(InputError, match="found 0 SNPs and 2 categories"):
        make_tagging(0)
    with pytest.raises(InputError, match="found 6 SNPs and 0 categories"):
        make_tagging(6, 0)


@pytest.mark.parametrize(
    "changes",
    [
        {"bp": np.arange(5)},
        {"tagging": np.ones((6, 3))},
        {"m": np.ones(3)},
        {"overlap": np.ones((2, 3))},
        {"maf": np.ones(5)},
        {"tagging": np.ones((2, 6)).T},
    ],
)
def test_invariants__shapes_are_our_own_business(changes):
    with pytest.raises(ValueError) as raised:
        make_tagging(**changes)
    assert not isinstance(raised.value, InputError)


# --- Totals ----------------------------------------------------------------------------------------------------------


def test_totals():
    tagging = make_tagging()
    assert tagging.totals().tolist() == [0.5, 1.0]
    assert tagging.totals("M").tolist() == [1.0, 2.0]
    with pytest.raises(ValueError, match="M_6"):
        tagging.totals("M_6")


def test_totals__says_which_files_are_missing():
    read = ("ld/1.l2.ldscore.gz", "ld/X.l2.ldscore.gz", "ld/1.l2.M_5_50", "ld/X.l2.M_5_50")
    with pytest.raises(InputError) as raised:
        make_tagging(m=None, sources=read).totals("M")
    assert str(raised.value) == (
        "ld/1.l2.ldscore.gz and 1 more: no totals M: there is no ld/1.l2.M, ld/X.l2.M; expected 2 numbers, one per "
        "category; put the file beside its LD scores, use M_5_50, or give them with --m"
    )
    with pytest.raises(InputError, match=r"there is no ld/X\.l2\.M_5_50; .* --m"):
        make_tagging(m=None, m_5_50=None, sources=(*read[:2], "ld/1.l2.M_5_50.gz")).totals()
    with pytest.raises(InputError, match=r"there is no x\.ldscore\.M;"):
        make_tagging(m=None, sources=("x.ldscore.zst",)).totals("M")
    with pytest.raises(InputError, match=r"eur\.tagging\.parquet: no totals M: none is stored in it; .*use M_5_50"):
        make_tagging(m=None, sources=("eur.tagging.parquet",)).totals("M")


@pytest.mark.parametrize("totals", [[0.0, 0.0], [-3.0, 1.0]])
def test_totals__positive_together(totals):
    # One category may be empty or centred: its total is zero or negative, and that alone is no error.
    assert make_tagging(m=np.array([5.0, -1.0])).totals("M").tolist() == [5.0, -1.0]
    with pytest.raises(InputError, match="M adds up to .* over 2 categories; expected a positive number"):
        make_tagging(m=np.array(totals)).totals("M")


# --- Weights ---------------------------------------------------------------------------------------------------------


def test_with_weights__joins_on_names():
    weights = make_tagging(4, 1, snp=pa.array(["rs5", "rs0", "new", "rs2"]), tagging=np.array([[5.0], [0], [9], [2]]))
    joined = make_tagging().with_weights(weights)
    np.testing.assert_array_equal(joined.regression_tagging, [0, np.nan, 2, np.nan, np.nan, 5])
    assert joined.notes == ("3 of 6 SNPs have no regression weight in ld/1.l2.ldscore.gz and 1 more",)


def test_with_weights__same_snps():
    weights = make_tagging(6, 1)
    joined = make_tagging().with_weights(weights)
    np.testing.assert_array_equal(joined.regression_tagging, weights.tagging[:, 0])
    assert joined.notes == ()


def test_with_weights__several_columns():
    with pytest.raises(InputError, match=r"w\.gz: found 2 score columns \(c0, c1\); expected one .* --w-ld"):
        make_tagging().with_weights(make_tagging(sources=("w.gz",)))


def test_with_weights__no_snp_shared():
    weights = make_tagging(2, 1, snp=pa.array(["1:100:A:C", "X:200:G:T"]), sources=("w.l2.ldscore",))
    with pytest.raises(InputError) as raised:
        make_tagging().with_weights(weights)
    message = str(raised.value)
    assert message.startswith("w.l2.ldscore: none of its 2 SNPs is among the 6 of ld/1.l2.ldscore.gz and 1 more")
    assert "chr:pos:allele:allele names (1:100:A:C" in message
    assert "rsIDs (rs0" in message


# --- Constant and collinear categories -------------------------------------------------------------------------------


def test_drop_constant_categories():
    scores = np.random.default_rng(2).normal(size=(6, 3))
    scores[:, 2] = 0.1
    assert scores[:, 2].var(ddof=1) > 0  # by rounding: looking at the variance would miss this column
    tagging = make_tagging(6, 3, tagging=scores, overlap=np.arange(9.0).reshape(3, 3))
    reduced, dropped = tagging.drop_constant_categories()
    assert dropped == ("c2",)
    assert reduced.names == ("c0", "c1")
    np.testing.assert_array_equal(reduced.tagging, scores[:, :2])
    assert reduced.m.tolist() == [1, 2]
    assert reduced.m_5_50.tolist() == [0.5, 1]
    assert reduced.overlap.tolist() == [[0, 1], [3, 4]]


def test_drop_constant_categories__that_vary_late_stay():
    scores = np.ones((10_000, 3))
    scores[:, 0] = np.arange(10_000)
    scores[-1, 1] = 2
    reduced, dropped = make_tagging(10_000, 3, tagging=scores).drop_constant_categories()
    assert (reduced.names, dropped) == (("c0", "c1"), ("c2",))


def test_drop_constant_categories__nothing_to_do():
    tagging = make_tagging()
    assert tagging.drop_constant_categories() == (tagging, ())


def test_drop_constant_categories__all():
    with pytest.raises(InputError, match=r"every category is constant \(c0, c1\); expected LD scores that differ"):
        make_tagging(tagging=np.ones((6, 2))).drop_constant_categories()


@unhurried
@given(st.integers(0, 2**32 - 1))
def test_condition_number__is_numpys(seed):
    scores = np.random.default_rng(seed).normal(3, 1, (30, 4)) * [1, 1e-3, 50, 1e4]
    expected = np.linalg.cond(scores / np.linalg.norm(scores, axis=0))
    found = make_tagging(30, 4, tagging=scores).condition_number()
    np.testing.assert_allclose(found, expected, rtol=1e-8)


def test_check_not_collinear():
    scores = np.random.default_rng(2).normal(3, 1, (30, 4))
    make_tagging(30, 4, tagging=scores).check_not_collinear()
    scores[:, 3] = scores[:, 0] + scores[:, 2]
    with pytest.raises(FitError) as raised:
        make_tagging(30, 4, tagging=scores).check_not_collinear()
    assert "categories are collinear: condition number" in str(raised.value)
    assert "they are c0, c2, c3; leave one of them out" in str(raised.value)
    scores[:, 1] = 0  # a column of zeros depends on the others whatever they are
    with pytest.raises(FitError, match="condition number inf, .*they are c1; leave"):
        make_tagging(30, 4, tagging=scores).check_not_collinear()


# --- Rows and tables -------------------------------------------------------------------------------------------------


def test_take():
    tagging = make_tagging(maf=np.arange(6.0))
    taken = tagging.take(np.array([1, 4]))
    assert taken.snp.to_pylist() == ["rs1", "rs4"]
    assert taken.chrom.to_pylist() == ["1", "X"]
    assert taken.maf.tolist() == [1, 4]
    np.testing.assert_array_equal(taken.tagging, tagging.tagging[[1, 4]])
    assert taken.m is tagging.m


def test_to_frame():
    codes = np.array([0, 1, 2, 3, 0, 4], dtype=np.uint8)
    frame = make_tagging(a1=codes, a2=codes[::-1], cm=np.arange(6.0), regression_tagging=np.ones(6)).to_frame()
    assert list(frame) == ["SNP", "CHR", "BP", "CM", "A1", "A2", "c0", "c1", "regression_tagging"]
    assert frame["A1"].tolist()[:5] == ["A", "C", "G", "T", "A"]
    assert frame["CHR"].tolist() == ["1", "1", "1", "X", "X", "X"]


# --- Joining ---------------------------------------------------------------------------------------------------------


def test_join_taggings__one_keeps_its_names():
    tagging = make_tagging()
    assert join_taggings([tagging]) is tagging


def test_join_taggings__side_by_side():
    first = make_tagging(model="GCTA")
    second = make_tagging(6, 1, maf=np.ones(6), model="GCTA", sources=("b.l2.ldscore",))
    joined = join_taggings([first, second])
    assert joined.names == ("c0_0", "c1_0", "c0_1")
    np.testing.assert_array_equal(joined.tagging, np.column_stack([first.tagging, second.tagging]))
    assert joined.tagging.flags.c_contiguous
    assert joined.m.tolist() == [1, 2, 1]
    assert joined.model == "GCTA"
    assert joined.maf.tolist() == [1] * 6
    assert joined.sources == (*first.sources, "b.l2.ldscore")
    assert join_taggings([first, make_tagging(m=None)]).m is None


@unhurried
@given(st.permutations(range(6)))
def test_join_taggings__order_does_not_matter(order):
    first = make_tagging()
    # The same SNPs at other positions, as from a panel of another build.
    scores = first.tagging[list(order)].copy()
    second = make_tagging(snp=first.snp.take(pa.array(order)), tagging=scores, maf=np.array(order))
    joined = join_taggings([first, second])
    np.testing.assert_array_equal(joined.tagging, np.column_stack([first.tagging, first.tagging]))
    assert joined.snp.equals(first.snp)
    assert joined.bp is first.bp
    assert joined.maf.tolist() == list(range(6))


def test_join_taggings__different_snps():
    other = make_tagging(6, 1, snp=pa.array(["rs0", "new", "rs1", "rs2", "rs4", "x"]), sources=("b.l2.ldscore",))
    with pytest.raises(InputError) as raised:
        join_taggings([make_tagging(), other])
    assert str(raised.value).startswith("b.l2.ldscore: its 6 SNPs are not the 6 of ld/1.l2.ldscore.gz and 1 more: ")
    assert "2 are missing and 2 are extra (first: rs3, only in ld/1.l2.ldscore.gz and 1 more)" in str(raised.value)
    assert "--regression-snps of ldscores build" in str(raised.value) and "--print-snps" not in str(raised.value)
    longer = make_tagging(7, 1, sources=("b.l2.ldscore",))
    with pytest.raises(InputError, match=r"0 are missing and 1 are extra \(first: rs6, only in b\.l2\.ldscore\)"):
        join_taggings([make_tagging(), longer])


# --- Summary ---------------------------------------------------------------------------------------------------------


def test_summary():
    rng = np.random.default_rng(3)
    maf = np.array([0.1, 0.2, np.nan, 0.4, 0.5, 0.05])
    scores = np.column_stack([rng.normal(10, 2, 6), np.full(6, 7.0)])
    tagging = make_tagging(maf=maf, tagging=scores, regression_tagging=np.array([1, 2, 3, np.nan, 5, 6]))
    summary = summarise_tagging(tagging)
    frame = summary.to_frame()
    assert summary.chromosomes == {"1": 3, "X": 3}
    np.testing.assert_allclose(frame["mean"], scores.mean(axis=0))
    np.testing.assert_allclose(frame["sd"], scores.std(axis=0, ddof=1), atol=1e-15)
    known = np.isfinite(maf)
    np.testing.assert_allclose(summary.maf_correlation[0], np.corrcoef(maf[known], scores[known, 0])[0, 1])
    assert np.isnan(summary.maf_correlation[1])
    assert summary.n_weighted == 5
    text = str(summary)
    assert "6 on 2 chromosomes" in text
    assert "1:3 X:3" in text
    assert "5 of 6 SNPs" in text
    assert "warning: the same at every SNP, so that fits leave it out: c1" in text


def test_summary__warns_of_what_will_stop_a_fit():
    scores = np.random.default_rng(3).normal(size=(6, 1)) * [1.0, 2.0]
    text = str(summarise_tagging(make_tagging(tagging=scores, m=None, m_5_50=None, notes=("seen",))))
    assert "warning: no totals: put the .l2.M or .l2.M_5_50 files" in text
    assert "warning: collinear categories (condition number inf)" in text
    assert "note: seen" in text
