"""Traits of a part of the genome: where their jackknife blocks lie, and what of them the rest of the atlas may use."""

from __future__ import annotations

import functools
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from agreement import check_digits
from atlas_traits import M_REFERENCE, make_tagging, make_traits

from sumh2 import SumStats, align, build_atlas, fit_atlas, read_trait_list, write_sumstats
from sumh2.atlas import atlas_files, empty_blocks
from sumh2.atlas.atlas_files import read_atlas
from sumh2.atlas.consistent import fit_consistent
from sumh2.atlas.export import matrices_for_genomicsem, matrices_for_mtag
from sumh2.atlas.factor_count import count_factors
from sumh2.atlas.hypotheses import check_hypothesis
from sumh2.atlas.joint_errors import usable_traits
from sumh2.atlas.trait_fit import AtlasOptions
from sumh2.plots import plot_heatmap
from sumh2.report.revive import revive_consistent
from sumh2.report.section import SavedResult

N_SNPS, N_CHROMOSOMES = 20_000, 10
PER_CHROMOSOME = N_SNPS // N_CHROMOSOMES


@functools.cache
def genome():
    """LD scores of ten chromosomes of 2,000 SNPs."""
    chrom = pa.array([str(1 + place // PER_CHROMOSOME) for place in range(N_SNPS)])
    return make_tagging(N_SNPS, chrom=chrom, bp=np.arange(N_SNPS) % PER_CHROMOSOME * 1000 + 1)


@functools.cache
def whole_traits():
    return make_traits(genome(), 4, missing=0.02)


def on_chromosomes(trait: SumStats, *names: int) -> SumStats:
    """The part of a trait on these chromosomes."""
    place = np.array([int(name[2:]) for name in trait.snp.to_pylist()]) // PER_CHROMOSOME + 1
    kept = np.flatnonzero(np.isin(place, names))
    return SumStats(
        trait.trait, trait.snp.take(pa.array(kept)), trait.z[kept], trait.n[kept], a1=trait.a1[kept], a2=trait.a2[kept]
    )


def chromosome_tagging(*names: int):
    wanted = np.isin(np.arange(N_SNPS) // PER_CHROMOSOME + 1, names)
    return genome().take(np.flatnonzero(wanted))


@pytest.mark.parametrize("n_blocks", [20, 50])
def test_traits_of_two_chromosomes__have_the_errors_of_ld_scores_of_these(n_blocks):
    parts = [on_chromosomes(trait, 9, 10) for trait in whole_traits()[:3]]
    found = fit_atlas(align(parts, genome()), n_blocks=n_blocks, m=M_REFERENCE, double=True)
    own = fit_atlas(align(parts, chromosome_tagging(9, 10)), n_blocks=n_blocks, m=M_REFERENCE, double=True)
    for name in ("gcov", "gcov_se", "gcov_int_se", "rg", "rg_se"):
        check_digits(getattr(found, name), getattr(own, name), 9)
    check_digits(found.factor, own.factor, 8)
    assert not any("few blocks: too few" in row["why"] for row in found.to_records())


def test_traits_of_the_genome__keep_their_blocks():
    traits = whole_traits()[:2]
    with_part = [*traits, on_chromosomes(whole_traits()[2], 9, 10)]
    alone, both = (fit_atlas(align(chosen, genome()), n_blocks=50, double=True) for chosen in (traits, with_part))
    check_digits(both.take([0, 1]).factor, alone.factor, 8)


def test_one_block_of_many__is_no_fit_with_the_way_out():
    traits = [whole_traits()[0], *(on_chromosomes(trait, 10) for trait in whole_traits()[1:3])]
    atlas = fit_atlas(align(traits, genome()), n_blocks=10)
    expected = (
        "no fit: the SNPs lie in 1 of 10 jackknife blocks, which are cut over all chromosomes of the atlas; put traits"
    )
    assert [trait.why.startswith(expected) for trait in atlas.traits] == [False, True, True]
    assert atlas.to_records()[2]["why"].startswith(f"trait1: {expected}") and np.isnan(atlas.gcov[1, 2])
    assert "fewer blocks" not in atlas.traits[1].why


def test_few_blocks_of_many__have_no_usable_error():
    traits = [whole_traits()[0], *(on_chromosomes(trait, 9, 10) for trait in whole_traits()[1:3])]
    atlas = fit_atlas(align(traits, genome()), n_blocks=60)
    words = "few blocks: too few for a standard error: the SNPs lie in 12 of 60 jackknife blocks"
    assert [trait.status for trait in atlas.traits] == ["caution", "unusable", "unusable"]
    assert words in atlas.traits[1].why and words not in atlas.traits[0].why
    assert all(row["status"] == "unusable" and words in row["why"] for row in atlas.to_records())
    # A pair has the blocks of the SNPs that both have.
    halves = [on_chromosomes(whole_traits()[0], *range(1, 7)), on_chromosomes(whole_traits()[1], *range(5, 11))]
    (row,) = fit_atlas(align(halves, genome()), n_blocks=60).to_records()
    assert row["status"] == "unusable" and words.replace("12", "13") in row["why"]


def test_findings__by_number_of_blocks():
    levels = {
        (used, blocks): [one.level for one in empty_blocks.empty_block_findings(used, blocks)]
        for used, blocks in (
            (200, 200),
            (30, 30),
            (10, 10),
            (50, 200),
            (49, 200),
            (20, 200),
            (19, 200),
            (9, 10),
            (4, 10),
        )
    }
    assert [levels[pair] for pair in ((200, 200), (30, 30), (10, 10), (50, 200))] == [[]] * 4
    assert levels[49, 200] == levels[20, 200] == levels[9, 10] == ["caution"]
    assert levels[19, 200] == levels[4, 10] == ["unusable"]


def build(folder, out, n_traits, **options):
    listed = read_trait_list([folder / f"trait{number}.sumstats.parquet" for number in range(n_traits)])
    return build_atlas(listed, genome(), out, options=AtlasOptions(n_blocks=50, double=True), n_threads=1, **options)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Traits of chromosomes 9 and 10 as files, and a last one of the whole genome."""
    folder = tmp_path_factory.mktemp("part")
    for number, trait in enumerate(whole_traits()):
        part = trait if number == 3 else on_chromosomes(trait, 9, 10)
        write_sumstats(part, folder / f"trait{number}.sumstats.parquet")
    return folder


def test_files__have_the_same_blocks_and_follow_a_trait_of_the_genome(folder, tmp_path):
    found = build(folder, tmp_path / "a", 3)
    parts = [on_chromosomes(trait, 9, 10) for trait in whole_traits()[:3]]
    expected = fit_atlas(align(parts, genome()), n_blocks=50, double=True)
    check_digits(found.factor, expected.factor, 8)
    more, anew = build(folder, tmp_path / "a", 4), build(folder, tmp_path / "b", 4)
    np.testing.assert_array_equal(more.factor, anew.factor)
    assert more.traits[3].status == "caution" and more.traits[0].status == "unusable"


def test_interrupt__says_that_the_same_command_goes_on(folder, tmp_path, monkeypatch, caplog):
    def stop(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(atlas_files, "fit_stored", stop)
    with pytest.raises(KeyboardInterrupt):
        build(folder, tmp_path / "a", 2)
    assert f"stopped; the same command goes on with what is in {tmp_path / 'a' / 'parts'}" in caplog.messages


def test_log__counts_one_pair(folder, tmp_path, caplog):
    with caplog.at_level("INFO", logger="sumh2.atlas.atlas_files"):
        build(folder, tmp_path / "a", 2)
    assert any(message.startswith("2 traits, 1 pair in ") for message in caplog.messages)


def test_folder_without_an_atlas__is_not_said_to_go_on(tmp_path):
    with pytest.raises(Exception, match="found no atlas .*correct the path, or make one with sumh2 atlas$"):
        read_atlas(tmp_path)
    (tmp_path / "parts").mkdir()
    with pytest.raises(Exception, match="an atlas that is not complete .*it goes on where it stopped$"):
        read_atlas(tmp_path)


# ---------------------------------------------------------------------------------------------------------------------
# What is unusable stays so


@functools.cache
def with_unusable():
    """Three traits of the genome, and one whose errors rest on few blocks."""
    traits = [*whole_traits()[:3], on_chromosomes(whole_traits()[3], 9, 10)]
    return fit_atlas(align(traits, genome()), n_blocks=60)


def test_unusable_traits__are_left_out_of_joint_fits_and_named():
    atlas = with_unusable()
    assert atlas.traits[3].status == "unusable" and atlas.traits[3].h2 > 0
    kept, left_out = usable_traits(atlas)
    assert kept == [0, 1, 2]
    assert left_out[0][0] == "trait3" and left_out[0][1].startswith(
        "unusable: few blocks: too few for a standard error"
    )
    found = fit_consistent(atlas, n_draws=0, replicates=False)
    assert "left out: trait3: unusable: few blocks" in str(found) and found.names == atlas.names[:3]
    assert "left out: trait3: unusable: few blocks" in str(count_factors(atlas, n_draws=5))
    assert matrices_for_genomicsem(atlas).names == matrices_for_mtag(atlas).names == atlas.names[:3]
    with pytest.raises(Exception, match=r"^atlas: 1 of 2 traits can be used together.*left out: trait3: unusable: few"):
        count_factors(atlas.take([0, 3]))


def test_hypothesis_on_an_unusable_trait__is_told(caplog):
    check_hypothesis(with_unusable(), "rg(trait0, trait3) = rg(trait0, trait1)")
    (message,) = caplog.messages
    assert message.startswith("trait3 is unusable, and so is a test of it: few blocks: too few for a standard error")
    caplog.clear()
    check_hypothesis(with_unusable(), "rg(trait0, trait1) = 0")
    assert not caplog.messages


def test_unusable_pairs__stay_unusable_in_the_consistent_fit():
    atlas = with_unusable().take([0, 1, 2])
    status = ["unusable", *["ok"] * 2]
    table = atlas.pair_table
    for name, values in (("status", status), ("why", ["few SNPs: 300 in the regression | weak power: so", "", ""])):
        table = table.set_column(table.column_names.index(name), name, pa.array(values))
    found = fit_consistent(replace(atlas, pair_table=table), n_draws=0, replicates=False)
    first, second, _ = found.to_records()
    assert first["status"] == "unusable"
    assert first["why"].startswith("unusable in the atlas: few SNPs: 300 in the regression")
    assert second["status"] == "ok"
    # The figure of a report, drawn from what was saved, marks it too.
    saved = SavedResult("consistent", found.details(), found.to_records())
    (strokes,) = [one for one in plot_heatmap(revive_consistent(saved)).collections if one.get_gid() == "unusable"]
    assert len(strokes.get_paths()) == 6  # three strokes a cell, on both sides of the diagonal


def test_heatmap__hatches_unusable_pairs():
    ax = plot_heatmap(with_unusable())
    (hatched,) = [one for one in ax.collections if one.get_gid() == "unusable"]
    cells = {tuple(np.floor(path.vertices.mean(axis=0) + 0.5).astype(int)) for path in hatched.get_paths()}
    names = [label.get_text() for label in ax.get_yticklabels()]
    bad = names.index("trait3")
    assert cells == {cell for other in range(4) if other != bad for cell in ((bad, other), (other, bad))}
    assert "hatched: unusable, see the column why" in " ".join(ax.get_title(loc="left").split())
    plain = plot_heatmap(with_unusable().take([0, 1, 2]))
    assert not [one for one in plain.collections if one.get_gid() == "unusable"]
    assert "hatched" not in plain.get_title(loc="left")


def test_report__says_how_many_pairs_are_not_listed_and_why_some_have_no_rg():
    traits = make_traits(make_tagging(), 8)
    traits[1] = replace(traits[1], a1=None, a2=None)
    text = str(fit_atlas(align(traits, make_tagging()), n_blocks=40))
    assert "21 pairs have an rg" in text and "  and 6 more, of larger p, in the table of pairs" in text.splitlines()
    assert "  no rg:\n  trait1: no alleles: the sign of a correlation is unknown without A1 and A2" in text
    assert "munge the file with its alleles (7 pairs)" in text
    without = str(fit_atlas(align(traits[:2], make_tagging()), n_blocks=40))
    assert "status" not in without and "0 pairs have an rg" in without and "trait1: no alleles" in without


def test_consistent_report__lists_moves_only_where_there_are_some():
    traits = make_traits(make_tagging(), 3)
    text = str(fit_consistent(fit_atlas(align(traits, make_tagging()), n_blocks=40), n_draws=20))
    assert "no correlation moved by 0.005 SE" in text and "moved most" not in text and "+0.00 SE" not in text
    assert "  metric: jackknife covariance shrunk by " in text and " to its error structure\n" in text
    assert "test of consistency: distance 0.00, p " in text
