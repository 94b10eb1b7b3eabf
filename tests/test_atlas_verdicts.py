"""What data cannot answer is a row with its reason; verdicts, prevalences, the report."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from agreement import check_digits
from atlas_traits import N_BLOCKS, aligned_traits, make_tagging, make_traits

from sumh2 import InputError, RgAtlas, align, fit_atlas, fit_h2, verdicts
from sumh2.atlas import assembly
from sumh2.atlas.atlas_result import PAIR_COLUMNS, cell_number


def with_column(aligned, column, **arrays):
    changed = {}
    for name, values in arrays.items():
        whole = getattr(aligned, name).copy(order="F")
        whole[:, column] = values
        changed[name] = whole
    return replace(aligned, **changed)


def test_a_trait_without_alleles__has_h2_and_no_pair():
    tagging = make_tagging()
    traits = make_traits(tagging, 3)
    traits[1] = replace(traits[1], a1=None, a2=None)
    atlas = fit_atlas(align(traits, tagging), n_blocks=N_BLOCKS)
    assert np.isfinite(atlas.h2).all() and np.isnan(atlas.gcov[1, [0, 2]]).all() and np.isfinite(atlas.gcov[0, 2])
    row = atlas.to_records()[0]
    assert row["status"] == "unusable" and "trait1: no alleles: the sign of a correlation is unknown" in row["why"]
    exact = fit_atlas(align(traits, tagging), n_blocks=N_BLOCKS, weights="ldsc")
    np.testing.assert_array_equal(np.isnan(exact.gcov), np.isnan(atlas.gcov))
    assert exact.to_records()[0]["why"] == row["why"]


def test_traits_and_pairs__say_which_chromosomes_and_how_many_snps_there_were():
    chromosomes = pa.array(np.repeat(["1", "2", "3"], 1_000))
    tagging = make_tagging(chrom=chromosomes, bp=np.tile(np.arange(1_000) * 1_000 + 1, 3))
    trait, other = make_traits(tagging, 2)
    elsewhere = tagging.snp[1_000:2_000].to_pylist()
    kept = np.flatnonzero(~np.isin(trait.snp.to_pylist(), elsewhere))
    letters = {"a1": trait.a1[kept], "a2": trait.a2[kept]}
    part = replace(trait, snp=trait.snp.take(pa.array(kept)), z=trait.z[kept], n=trait.n[kept], **letters)
    atlas = fit_atlas(align([part, other], tagging), n_blocks=N_BLOCKS)
    assert "SNPs are on 2 of the 3 chromosomes of the LD scores (1, 3): M is of all" in atlas.traits[0].why
    assert "chromosomes missing" not in atlas.traits[1].why
    assert f"the file has {len(part):,}" in atlas.traits[0].why
    assert f"the file of {atlas.traits[0].name} has {len(part):,}" in atlas.to_records()[0]["why"]


def test_no_common_snps__is_a_row_with_its_reason():
    aligned = aligned_traits(3)
    half = np.arange(len(aligned.rows)) < len(aligned.rows) // 2
    z = np.where(half[:, None] == [True, False, True], aligned.z, np.nan)
    kinds = np.where(np.isnan(z), 0, aligned.kinds).astype(np.int8)
    atlas = fit_atlas(replace(aligned, z=np.asfortranarray(z), kinds=kinds), n_blocks=N_BLOCKS)
    first, second, third = atlas.to_records()
    assert np.isnan(first["gcov"]) and first["status"] == "unusable" and first["n_snps"] == 0
    assert first["why"] == "no fit: the traits share no SNP; expected most; use studies of the same SNPs"
    assert np.isfinite(second["gcov"]) and np.isnan(third["gcov"])
    assert np.isnan(atlas.factor[:, 1]).all() and np.isfinite(atlas.factor[:, 2]).all()


def test_fewer_common_snps_than_blocks__are_no_fit():
    aligned = aligned_traits(2)
    common = np.flatnonzero((aligned.kinds[:, 0] == aligned.kinds[:, 1]) & (aligned.kinds[:, 0] > 0))
    kinds = aligned.kinds[:, 1].copy()
    kinds[common[N_BLOCKS - 1 :]] = 0
    atlas = fit_atlas(with_column(aligned, 1, kinds=kinds), n_blocks=N_BLOCKS)
    assert np.isnan(atlas.gcov[0, 1])
    assert f"no fit: {N_BLOCKS - 1} shared SNPs for {N_BLOCKS} jackknife blocks" in atlas.to_records()[0]["why"]


def test_a_negative_h2__leaves_the_covariance_and_no_correlation():
    aligned = aligned_traits(3)
    here = np.isfinite(aligned.z[:, 1])
    z = np.where(here, np.random.default_rng(5).standard_normal(len(here)) / aligned.tagging[:, 0] ** 0.1, np.nan)
    atlas = fit_atlas(with_column(aligned, 1, z=z), n_blocks=N_BLOCKS)
    assert atlas.h2[1] < 0 and np.isnan(atlas.rg[1]).all() and np.isfinite(atlas.gcov).all()
    assert atlas.traits[1].status == "unusable"
    assert "negative h2: h2 of trait1" in atlas.to_records()[0]["why"]


def test_delete_heritabilities_below_zero__give_the_delta_method():
    """The rule of fit_rg: first order in (h2_s, h2_t, gcov) from their joint jackknife covariance."""
    aligned = aligned_traits(3)
    here = np.isfinite(aligned.z[:, 1])
    for seed in range(200):  # find a trait whose h2 is positive, but not in every jackknife sample
        z = np.where(here, np.random.default_rng(seed).standard_normal(len(here)), np.nan)
        atlas = fit_atlas(with_column(aligned, 1, z=z), n_blocks=N_BLOCKS, double=True)
        delete = atlas.delete_values()[:, cell_number(3, 1, 1)]
        if atlas.h2[1] > 0 and (delete <= 0).any():
            break
    else:
        pytest.fail("no such trait was found")
    h1, h2, g = atlas.h2[0], atlas.h2[1], atlas.gcov[0, 1]
    cells = cell_number(3, np.array([0, 1, 0]), np.array([0, 1, 1]))
    gradient = np.array([-g / (2 * h1), -g / (2 * h2), 1.0]) / np.sqrt(h1 * h2)
    check_digits(atlas.rg_se[0, 1], np.sqrt(gradient @ atlas.cov(cells) @ gradient), 9, "rg SE")
    assert "SE by delta method" in atlas.to_records()[0]["why"]


def test_quick_verdicts__equal_those_one_by_one(monkeypatch):
    """Pairs without anything to say are not looked at one by one; they would have been ok."""
    for module, name, value in (
        (assembly, "FEW_SNPS", 1_500), (verdicts, "FEW_SNPS", 1_500), (verdicts, "VERY_FEW_SNPS", 10),
    ):  # fmt: skip
        monkeypatch.setattr(module, name, value)
    tagging = make_tagging()
    traits = make_traits(tagging, 10, h2=0.9) + make_traits(tagging, 4, h2=0.1, seed=9)
    traits = [replace(trait, trait=f"t{number}") for number, trait in enumerate(traits)]
    aligned = align(traits, tagging)
    quick = fit_atlas(aligned, n_blocks=60).pair_table.select(["status", "why"]).to_pylist()
    monkeypatch.setattr(assembly, "WEAK_H2_Z", np.inf)
    slow = fit_atlas(aligned, n_blocks=60).pair_table.select(["status", "why"]).to_pylist()
    assert quick == slow
    assert 10 < sum(row["status"] == "ok" for row in quick) < len(quick) - 10


def test_the_same_study_twice__is_said():
    aligned = aligned_traits(3)
    atlas = fit_atlas(
        with_column(aligned, 1, z=-aligned.z[:, 0], kinds=aligned.kinds[:, 0], n_samples=aligned.n_samples[:, 0]),
        n_blocks=N_BLOCKS,
    )
    assert "same data: both traits have the same z scores" in atlas.to_records()[0]["why"]
    assert "same data" not in atlas.to_records()[1]["why"]


def test_an_intercept_that_makes_weights_impossible__is_a_reason():
    aligned = aligned_traits(2)
    with pytest.raises(InputError, match="--chisq-max: found -1"):
        fit_atlas(aligned, chisq_max=-1)
    atlas = fit_atlas(aligned, n_blocks=N_BLOCKS, intercept=-3.0)
    assert np.isnan(atlas.gcov[0, 1]) and np.isfinite(atlas.h2).all()
    row = atlas.to_records()[0]
    assert row["status"] == "unusable" and "trait0: no weights: the h2 intercept is -3" in row["why"]


def test_prevalences__give_the_liability_scale():
    tagging = make_tagging()
    traits = make_traits(tagging, 3)
    traits[1] = traits[1].with_prevalences(0.4, 0.01)
    atlas = fit_atlas(align(traits, tagging), n_blocks=N_BLOCKS)
    alone = fit_h2(align(traits[1:2], tagging), two_step=None, n_blocks=N_BLOCKS)
    factor = alone.h2_liab / alone.h2
    assert atlas.traits[1].h2_liab == pytest.approx(atlas.h2[1] * factor, rel=1e-12)
    first, second, _ = atlas.to_records()
    assert first["gcov_liab"] == pytest.approx(first["gcov"] * np.sqrt(factor)) and np.isnan(second["gcov_liab"])
    np.testing.assert_allclose(atlas.liability_factors, [1, factor, 1])


def test_one_trait__is_refused():
    with pytest.raises(InputError, match="found one trait, expected two or more"):
        fit_atlas(aligned_traits(1))


def test_report__names_the_strongest_pairs_and_the_unusable_traits():
    atlas = fit_atlas(aligned_traits(), n_blocks=N_BLOCKS)
    text = str(atlas)
    assert "6 traits (" in text and "15 pairs, 40 jackknife blocks, separable weights" in text
    strongest = max(atlas.to_records(), key=lambda row: abs(row["rg_z"]))
    assert text.splitlines()[4].split()[:2] == [strongest["trait1"], strongest["trait2"]]
    assert list(atlas.to_frame().columns) == list(PAIR_COLUMNS)
    with pytest.raises(InputError, match="trait trat1: not among the 6 traits of the atlas; did you mean trait1"):
        atlas.trait_number("trat1")


def test_shapes__are_checked():
    atlas = fit_atlas(aligned_traits(3), n_blocks=N_BLOCKS)
    with pytest.raises(ValueError, match="rg has shape"):
        replace(atlas, rg=atlas.rg[:2])
    with pytest.raises(ValueError, match="expected 6 cells"):
        replace(atlas, factor=atlas.factor[:, 1:])
    with pytest.raises(ValueError, match="2 pairs of 3 traits"):
        replace(atlas, pair_table=atlas.pair_table.slice(1))
    assert isinstance(atlas, RgAtlas) and isinstance(atlas.pair_table, pa.Table)
