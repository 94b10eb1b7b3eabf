"""Simulated GWAS: the expectation of z², correlations, enrichments, and the command line."""

from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
import pytest

from ldscores.building.ld_block_files import read_ld_blocks, write_ld_blocks
from ldscores.building.ld_blocks import LdBlocks, even_blocks
from ldscores.kernels.genotypes import MISSING
from ldscores.panels.reference_panel import make_panel
from ldscores.shared.errors import InputError
from ldscores.taggings.tagging_files import read_tagging
from sumh2 import align, fit_h2
from sumh2.simulation.design import (
    SimulationDesign,
    TraitDesign,
    design_expected,
    design_simulation,
    expected_from_categories,
)
from sumh2.simulation.draw import simulate_gwas
from sumh2.sumstats_files import read_sumstats


def small_panel(n_snps=60, n_people=90, seed=5):
    """Haplotypes that copy their neighbour, so that there is LD; one SNP does not vary, one genotype is missing."""
    rng = np.random.default_rng(seed)
    dosages = np.empty((n_snps, n_people), dtype=np.int8)
    dosages[0] = rng.binomial(2, 0.4, n_people)
    for snp in range(1, n_snps):
        copied = rng.random(n_people) < 0.8
        dosages[snp] = np.where(copied, dosages[snp - 1], rng.binomial(2, 0.4, n_people))
    dosages[7] = 1
    dosages[3, 2] = MISSING
    return make_panel(dosages, ["1"] * n_snps, np.arange(1, n_snps + 1) * 1000)


def correlations(panel, blocks):
    genotypes = panel.standardised(0, len(panel)).astype(float)
    return genotypes @ genotypes.T / panel.n_individuals * (blocks[:, None] == blocks)


def many_traits(n_traits, seed, **what):
    traits = tuple(TraitDesign(f"t{number}", 0.4, 5000, **what) for number in range(n_traits))
    return SimulationDesign(traits, np.eye(n_traits), np.eye(n_traits), seed=seed)


@pytest.mark.parametrize("what", [{}, {"confounding": 0.5}, {"ld_confounding": 0.3}], ids=str)
def test_mean_chi2__is_the_formula(what):
    panel = small_panel()
    blocks = even_blocks(panel.chrom, panel.bp, 20).number_snps(panel.chrom, panel.bp)
    expected = np.linspace(0, 1, len(panel))
    expected[7] = 0  # does not vary
    draws = [simulate_gwas(panel, expected, blocks, many_traits(50, seed, **what)) for seed in range(20)]
    r2 = correlations(panel, blocks) ** 2
    varies = np.arange(len(panel)) != 7
    wanted = 1 + what.get("confounding", 0) + 5000 * 0.4 * r2 @ (expected / expected.sum())
    wanted = (wanted + what.get("ld_confounding", 0) * r2.sum(axis=1))[varies]
    found = np.mean([trait.z**2 for simulated in draws for trait in simulated.traits], axis=0)
    assert len(draws[0].traits[0]) == len(panel) - 1
    # Means of 1,000 draws of about chi2 with one degree of freedom: five standard errors.
    assert np.abs(found / wanted - 1).max() < 5 * np.sqrt(2 / 1000)


def test_noise_of_neighbours__has_the_ld_of_the_panel_and_none_across_blocks():
    panel = small_panel()
    blocks = (np.arange(len(panel)) >= 30).astype(np.int64)
    traits = tuple(TraitDesign(f"t{number}", 0.0, 1000) for number in range(50))
    designs = [SimulationDesign(traits, np.eye(50), np.eye(50), seed=seed) for seed in range(20)]
    draws = [simulate_gwas(panel, np.ones(len(panel)), blocks, design).traits for design in designs]
    z = np.array([trait.z for traits in draws for trait in traits])
    varies = np.arange(len(panel)) != 7
    assert np.abs(z.T @ z / 1000 - correlations(panel, blocks)[np.ix_(varies, varies)]).max() < 5 / np.sqrt(1000) * 1.5


def test_drawn_correlations__are_as_designed():
    panel = small_panel(400, 300)
    rg = np.array([[1, 0.7, -0.2], [0.7, 1, 0], [-0.2, 0, 1]])
    names = ("a", "b", "c")
    truths = []
    for seed in range(60):
        design = SimulationDesign(tuple(TraitDesign(n, 0.5, 1000) for n in names), rg, np.eye(3), seed=seed)
        blocks = even_blocks(panel.chrom, panel.bp, 20).number_snps(panel.chrom, panel.bp)
        truths.append(simulate_gwas(panel, np.ones(len(panel)), blocks, design))
    mean_rg = np.mean([drawn.rg_drawn for drawn in truths], axis=0)
    assert np.abs(mean_rg - rg).max() < 0.05
    assert np.mean([row["h2_drawn"] for drawn in truths for row in drawn.truth]) == pytest.approx(0.5, abs=0.03)


def test_shared_people__correlate_the_noise():
    panel = small_panel(400, 300)
    design = design_simulation(names=None, h2=[0.0], n=[1000.0, 2000.0], overlap="0.3")
    blocks = np.arange(len(panel)) // 4
    simulated = simulate_gwas(panel, np.ones(len(panel)), blocks, design)
    first, second = simulated.traits
    assert np.corrcoef(first.z, second.z)[0, 1] == pytest.approx(0.3, abs=0.15)


def test_case_control__h2_is_on_the_liability_scale():
    trait = TraitDesign("t", 0.4, 10_000, n_cases=5000, pop_prev=0.01)
    # Lee et al. 2011: K = 1%, P = 50%: factor 0.5519.
    assert trait.observed_h2 == pytest.approx(0.4 / 0.551876, rel=1e-4)
    assert trait.samp_prev == 0.5


def test_sparse_effects__have_the_same_h2():
    panel, truths = small_panel(400, 300), []
    for seed in range(80):
        design = design_simulation(names=None, h2=[0.5], n=[1000.0], causal_share=0.1, seed=seed)
        truths += simulate_gwas(panel, np.ones(len(panel)), np.arange(len(panel)) // 20, design).truth
    assert np.mean([truth["n_causal"] for truth in truths]) == pytest.approx(0.1 * 399, rel=0.1)
    assert np.mean([truth["h2_drawn"] for truth in truths]) == pytest.approx(0.5, abs=0.05)


def test_enrichments__are_met_with_overlapping_categories():
    rng = np.random.default_rng(1)
    base = rng.uniform(0.2, 0.5, 2000)
    members = np.column_stack([rng.random(2000) < 0.05, rng.random(2000) < 0.3])
    members[:, 1] |= rng.random(2000) < 0.5 * members[:, 0]
    values = np.column_stack([members * base[:, None], base])
    expected, tau = expected_from_categories(
        values, ("coding", "enhancer", "base"), "base", {"coding": 6, "enhancer": 1.5}
    )
    for place, wanted in ((0, 6), (1, 1.5)):
        share = expected[members[:, place]].sum() / expected.sum()
        assert share / members[:, place].mean() == pytest.approx(wanted, rel=1e-9)
    assert tau[2] == 1


def test_same_seed__same_scores():
    panel = small_panel()
    blocks, expected = np.arange(len(panel)) // 20, np.ones(len(panel))
    runs = [
        simulate_gwas(panel, expected, blocks, design_simulation(names=None, h2=[0.3], n=[1e4], seed=seed)).traits[0].z
        for seed in (4, 4, 5)
    ]
    assert np.array_equal(runs[0], runs[1])
    assert not np.array_equal(runs[0], runs[2])


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"h2": [1.2], "n": [1e4]}, r"trait1: found h2 1.2, expected 0 to 1"),
        ({"h2": [0.2]}, r"expected --n for a quantitative trait, or --cases and --controls"),
        ({"h2": [0.2, 0.3, 0.1], "n": [1e4, 2e4]}, r"--n: found 2 values for 3 traits"),
        ({"h2": [0.2], "n": [1e4], "causal_share": 0.0}, r"share of causal SNPs: found 0"),
        ({"h2": [0.2, 0.3], "n": [1e4], "rg": "1.5"}, r"rg: found a matrix with the eigenvalue -0.5"),
        ({"h2": [0.2, 0.3], "n": [1e4], "rg": "1,0.5"}, r"--rg 1,0.5: expected 2 rows of 2 numbers"),
        ({"h2": [0.2, 0.3], "n": [1e4], "rg": "x"}, r"--rg x: expected a number, or rows"),
        ({"h2": [0.2], "cases": [1e3], "controls": [1e4]}, r"found one of cases and prevalence"),
        ({"h2": [0.2], "cases": [1e3], "controls": [1e4], "prevalence": [2.0]}, r"found prevalence 2, .*--prevalence"),
        ({"h2": [0.2], "n": [1e4], "names": ["a", "b"]}, None),
    ],
)
def test_design__refuses(words, message):
    words = {"names": None, **words}
    if message is None:  # one h2 for two named traits is fine
        assert len(design_simulation(**words).traits) == 2
        return
    with pytest.raises(InputError, match=message):
        design_simulation(**words)


@pytest.mark.parametrize(
    ("enrichment", "message"),
    [
        (["coding"], "expected name=number"),
        (["coding=x"], "expected name=number"),
        (["nothing=2"], "found no category nothing"),
        (["score=2"], "score is not a category of 0 and 1"),
        (["coding=30"], "negative heritability"),
    ],
)
def test_enrichment__refuses(enrichment, message):
    rng = np.random.default_rng(2)
    values = np.column_stack([rng.random(500) < 0.1, rng.random(500), np.ones(500)]).astype(float)
    with pytest.raises(InputError, match=message):
        design_expected(values, ("coding", "score", "base"), enrichment)


def test_enrichments__of_equal_categories_are_refused():
    inside = (np.random.default_rng(2).random(500) < 0.1).astype(float)
    values = np.column_stack([inside, inside, np.ones(500)])
    with pytest.raises(InputError, match="the categories a, b cannot be told apart"):
        design_expected(values, ("a", "b", "base"), ["a=2", "b=2"])


def test_expected__must_be_a_heritability():
    panel = small_panel()
    design = design_simulation(names=None, h2=[0.3], n=[1e4])
    with pytest.raises(InputError, match="some negative, missing or all zero"):
        simulate_gwas(panel, np.zeros(len(panel)), np.zeros(len(panel), dtype=np.int64), design)


# ---------------------------------------------------------------------------------------------------------------------
# Blocks


def test_blocks__every_snp_has_one(tmp_path):
    path = tmp_path / "blocks.bed"
    path.write_text("chr start stop\nchr1 100 200\nchr1 200 300\nchr2 50 60\n".replace(" ", "\t"))
    blocks = read_ld_blocks(path)
    chrom = pa.array(["1", "1", "1", "1", "2"])
    assert blocks.number_snps(chrom, np.array([5, 200, 201, 999, 7])).tolist() == [0, 0, 1, 1, 2]
    write_ld_blocks(tmp_path / "again.bed", blocks)
    assert read_ld_blocks(tmp_path / "again.bed").start.tolist() == blocks.start.tolist()


def test_blocks__of_ldak(tmp_path):
    path = tmp_path / "berisa.txt"
    path.write_text("Chromosome Basepair\n1 100\n1 200\n")
    assert read_ld_blocks(path).number_snps(pa.array(["1", "1"]), np.array([199, 200])).tolist() == [0, 1]


@pytest.mark.parametrize(
    ("text", "message"),
    [("1\t100\t200\n1\t150\t300\n", "overlaps the next one"), ("1\t100\t200\n1\t20\t90\n", "overlaps the next one")],
)
def test_blocks__refuse(tmp_path, text, message):
    path = tmp_path / "blocks.bed"
    path.write_text(text)
    with pytest.raises(InputError, match=message):
        read_ld_blocks(path)


def test_blocks__want_every_chromosome():
    with pytest.raises(InputError, match="no block on chromosome 2"):
        LdBlocks(("1",), np.array([1])).number_snps(pa.array(["1", "2"]), np.array([5, 6]))


# ---------------------------------------------------------------------------------------------------------------------
# Command line


def test_commands__simulate_build_estimate(portable_panel, tmp_path, run_ldscores, run_sumh2):
    status, text, errors = run_sumh2(
        "simulate", "--bfile", portable_panel, "--h2", "0.4,0.3", "--n", "3000", "--rg", "0.5", "--block-kb", "500",
        "--seed", "8", "--out", tmp_path / "sim",
    )  # fmt: skip
    assert status == 0, errors
    assert "sim.truth.json" in text
    truth = json.loads((tmp_path / "sim.truth.json").read_text())
    assert [trait["h2"] for trait in truth["traits"]] == [0.4, 0.3]
    status, _, errors = run_ldscores(
        "build", "--bfile", portable_panel, "--ld-blocks", tmp_path / "sim.blocks.bed", "--raw-r2", "--out",
        tmp_path / "exact",
    )  # fmt: skip
    assert status == 0, errors
    tagging = read_tagging(str(tmp_path / "exact.tagging.parquet"))
    assert "LD blocks" in tagging.window
    sumstats = read_sumstats(tmp_path / "sim.trait1.sumstats.parquet")
    result = fit_h2(align([sumstats], tagging), m="M", two_step=None, intercept=1.0)
    assert abs(result.h2 - truth["traits"][0]["h2_drawn"]) < 4 * result.h2_se


def test_build__blocks_and_a_window_contradict(portable_panel, tmp_path, run_ldscores):
    (tmp_path / "b.bed").write_text("1\t0\t100000\n2\t0\t100000\n")
    status, _, errors = run_ldscores(
        "build", "--bfile", portable_panel, "--ld-blocks", tmp_path / "b.bed", "--window-kb", "100", "--out",
        tmp_path / "x",
    )  # fmt: skip
    assert status == 2
    assert "found --ld-blocks and another window" in errors


def test_exact_taggings__are_sums_of_raw_r2_within_blocks(portable_panel, tmp_path, run_ldscores):
    from ldscores.panels.plink_files import read_panel

    panel = read_panel(str(portable_panel))
    blocks = even_blocks(panel.chrom, panel.bp, 300)
    write_ld_blocks(tmp_path / "blocks.bed", blocks)
    status, _, errors = run_ldscores(
        "build", "--bfile", portable_panel, "--ld-blocks", tmp_path / "blocks.bed", "--raw-r2", "--double", "--out",
        tmp_path / "exact",
    )  # fmt: skip
    assert status == 0, errors
    tagging = read_tagging(str(tmp_path / "exact.tagging.parquet"))
    part = panel.take(slice(0, 600))
    numbers = blocks.number_snps(panel.chrom, panel.bp)[:600]
    whole = numbers < numbers[-1]  # the last block is cut
    genotypes = part.standardised(0, 600, dtype=np.float64)
    sums = ((genotypes @ genotypes.T / panel.n_individuals) ** 2 * (numbers[:, None] == numbers)).sum(axis=1)
    names = np.array(part.snp.to_pylist())[whole & genotypes.any(axis=1)]
    assert tagging.snp[: len(names)].to_pylist() == names.tolist()
    np.testing.assert_allclose(tagging.tagging[: len(names), 0], sums[whole & genotypes.any(axis=1)], rtol=1e-10)
