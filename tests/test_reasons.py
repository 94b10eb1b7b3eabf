"""Reasons that many rows share are said once, with their rows; and counts of things are grammatical."""

from dataclasses import replace

import pytest

from ldscores.shared.messages import counted, some_of
from sumh2.reasons import shared_reasons


def test_reasons__each_once_with_the_names():
    whys = [(f"a{number}", "few SNPs: use more | weak: 12 SE") for number in range(6)] + [("b", "other"), ("c", "")]
    assert shared_reasons(whys) == [
        "a0, a1, a2, a3 and 2 more: few SNPs: use more", "a0, a1, a2, a3 and 2 more: weak: 12 SE", "b: other",
    ]  # fmt: skip


def test_reasons__numbers_as_their_range():
    whys = [
        ("chr6.a", "rests on 9 of 200 blocks, -1.5e-3 in [0, 1]"),
        ("chr8.b", "rests on 1,100 of 200 blocks, 2 in [0, 1]"),
    ]
    assert shared_reasons(whys, merge_numbers=True) == [
        "chr6.a, chr8.b: rests on 9 to 1,100 of 200 blocks, -1.5e-3 to 2 in [0, 1]"
    ]
    assert len(shared_reasons(whys)) == 2
    assert shared_reasons(whys[:1], merge_numbers=True) == [f"chr6.a: {whys[0][1]}"]


def test_partition_report__groups_annotations_of_one_reason(portable):
    from sumh2 import align, fit_partition, read_sumstats, read_tagging

    tagging = read_tagging(portable / "ldsc" / "ann.", weights=portable / "ldsc" / "ld.")
    aligned = align([read_sumstats(portable / "inputs" / "trait1.sumstats.xz")], tagging)
    found = fit_partition(aligned, disjoint=True, n_blocks=30)
    n_categories = len(found.categories)
    assert n_categories > 2
    whys = tuple(f"few effective blocks: it rests on {12 + place} of 30 blocks" for place in range(n_categories))
    said = str(replace(found, statuses=("caution",) * n_categories, whys=whys)).split("  status:")[1]
    assert said.count("few effective blocks") == 1
    assert f"{some_of(found.categories)}: few effective blocks: it rests on 12 to {11 + n_categories} of 30" in said


def test_screen__names_all_that_one_reason_keeps_out(run_sumh2, portable, tmp_path):
    import pyarrow as pa
    import pyarrow.parquet as pq

    from sumh2 import read_tagging

    snp = read_tagging(portable / "ldsc" / "ld.").snp
    empty = {f"empty{number}": [0.0] * len(snp) for number in range(6)}
    pq.write_table(pa.table({"SNP": snp, **empty}), tmp_path / "cells.parquet")
    code, printed, _ = run_sumh2("screen", portable / "inputs" / "trait1.sumstats.xz", "--ld", portable / "ldsc" / "ld.",
                                 "--annotations", tmp_path / "cells.parquet", "--n-blocks", 30)  # fmt: skip
    assert code == 0
    assert "empty0, empty1, empty2, empty3 and 2 more: " in printed


@pytest.mark.parametrize(
    ("count", "noun", "words"),
    [(1, "SNP", "1 SNP"), (1200, "SNP", "1,200 SNPs"), (0, "category", "0 categories"), (1, "category", "1 category")],
)
def test_counts__are_grammatical(count, noun, words):
    assert counted(count, noun) == words


def test_names__a_few_and_how_many_more():
    assert some_of("abcd") == "a, b, c, d"
    assert some_of("abcdef", 3) == "a, b, c and 3 more"
