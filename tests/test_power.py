"""Expected precision of a design: against plain sums, against simulated studies, and its messages."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from scipy.stats import norm

from ldscores.shared.errors import InputError
from ldscores.taggings.tagging import Tagging
from sumh2 import SumStats, align, fit_h2, fit_rg
from sumh2.simulation.enrichments import parse_enrichments
from sumh2.simulation.power import StudyDesign, design_studies, predict_power

N_SNPS, M = 6_000, 1_000_000.0


def independent_snps(seed=1) -> Tagging:
    """LD scores of SNPs that do not tag each other, so that the theory is exact: regression weights of 1."""
    ld = np.exp(np.random.default_rng(seed).normal(4, 0.7, N_SNPS))
    names = pa.array([f"rs{number}" for number in range(N_SNPS)])
    return Tagging(
        names, pa.array(["1"] * N_SNPS), np.arange(N_SNPS) + 1, ld[:, None], ("base",), m=np.array([M]),
        m_5_50=np.array([M]), regression_tagging=np.ones(N_SNPS),
    )  # fmt: skip


def draw(tagging, studies, rg, overlap, rng):
    ld = tagging.tagging[:, 0]
    first, second = studies
    v1, v2 = (study.n * study.h2 * ld / M + study.intercept for study in studies)
    gcov = rg * np.sqrt(first.h2 * second.h2)
    c = np.sqrt(first.n * second.n) * gcov * ld / M + overlap
    z1 = np.sqrt(v1) * rng.standard_normal(N_SNPS)
    z2 = c / v1 * z1 + np.sqrt(v2 - c**2 / v1) * rng.standard_normal(N_SNPS)
    letters = (np.full(N_SNPS, 0, np.uint8), np.full(N_SNPS, 1, np.uint8))
    return [
        SumStats(f"t{place}", tagging.snp, z, np.full(N_SNPS, float(study.n)), *letters)
        for place, (z, study) in enumerate(zip((z1, z2), studies, strict=True))
    ]


def test_h2__se_is_that_of_weighted_least_squares():
    tagging, study = independent_snps(), StudyDesign(80_000, 0.4, 1.05)
    ld = tagging.tagging[:, 0]
    design = np.column_stack([study.n * ld / M, np.ones(N_SNPS)])
    variance = 2 * (design @ [study.h2, study.intercept]) ** 2
    wanted = np.sqrt(np.linalg.inv(sum(np.outer(x, x) / v for x, v in zip(design, variance, strict=True)))[0, 0])
    row = predict_power(tagging, [study]).of("h2")
    assert row["se"] == pytest.approx(wanted, rel=1e-10)
    z = 0.4 / wanted
    assert row["power"] == pytest.approx(1 - norm.cdf(norm.isf(0.025) - z) + norm.cdf(norm.ppf(0.025) - z))


def test_fixed_intercept__is_more_precise():
    tagging, study = independent_snps(), StudyDesign(80_000, 0.4)
    free, fixed = (predict_power(tagging, [study], free_intercept=free).of("h2")["se"] for free in (True, False))
    assert fixed < free


def test_weights__divide_the_information():
    tagging, study = independent_snps(), StudyDesign(80_000, 0.4)
    from dataclasses import replace

    heavier = replace(tagging, regression_tagging=np.full(N_SNPS, 4.0))
    one, four = (predict_power(each, [study]).of("h2")["se"] for each in (tagging, heavier))
    assert four == pytest.approx(2 * one)


@pytest.mark.parametrize(("rg", "overlap"), [(0.0, 0.0), (0.6, 0.2), (-0.9, 0.0)])
def test_prediction__is_the_spread_of_simulated_estimates(rg, overlap):
    tagging, rng = independent_snps(), np.random.default_rng(17)
    studies = [StudyDesign(300_000, 0.5), StudyDesign(180_000, 0.3)]
    found = []
    for _ in range(120):
        aligned = align(draw(tagging, studies, rg, overlap, rng), tagging)
        pair = fit_rg(aligned, n_blocks=50).pairs[0]
        found.append((fit_h2(aligned, two_step=None, n_blocks=50).h2, pair.gcov, pair.rg))
    spread = np.std(found, axis=0, ddof=1)
    predicted = predict_power(tagging, studies, rg=rg, overlap=overlap)
    wanted = [predicted.of(name)["se"] for name in ("h2 of study 1", "gcov", "rg")]
    # The SD of 120 draws has a relative error of 1/sqrt(240); three of them.
    np.testing.assert_allclose(spread / wanted, 1, atol=3 / np.sqrt(240))


def two_categories() -> Tagging:
    rng = np.random.default_rng(3)
    inside = rng.gamma(0.3, 20, N_SNPS)
    ld = np.column_stack([inside, inside + np.exp(rng.normal(4, 0.7, N_SNPS))])
    totals = np.array([50_000.0, M])
    overlap = np.array([[50_000.0, 50_000.0], [50_000.0, M]])
    return Tagging(
        pa.array([f"rs{number}" for number in range(N_SNPS)]), pa.array(["1"] * N_SNPS), np.arange(N_SNPS) + 1, ld,
        ("coding", "base"), m=totals, m_5_50=totals, regression_tagging=np.ones(N_SNPS), overlap=overlap,
        overlap_5_50=overlap, n_reference=int(M), n_reference_5_50=int(M),
    )  # fmt: skip


def test_enrichment__se_is_the_spread_of_simulated_estimates():
    tagging, study, rng = two_categories(), StudyDesign(400_000, 0.5), np.random.default_rng(5)
    row = predict_power(tagging, [study], enrichments={"coding": 4.0}).of("enrichment", "coding")
    assert row["expected"] == pytest.approx(4)
    tau_ratio = 1 / (1 - 4 * 0.05) * 3  # (1 + x) / (1 + 0.05 x) = 4
    tau = np.array([tau_ratio, 1.0]) * 0.5 / (tau_ratio * 50_000 + M)
    expected = study.n * tagging.tagging @ tau + 1
    found = []
    for _ in range(150):
        z = np.sqrt(expected) * rng.standard_normal(N_SNPS)
        trait = SumStats("t", tagging.snp, z, np.full(N_SNPS, float(study.n)))
        result = fit_h2(align([trait], tagging), n_blocks=50, chisq_max=1e9)
        found.append((result.tau @ [50_000, 50_000]) / result.h2 / 0.05)
    # LDSC weighs by an aggregate fit, the prediction by the true variance: up to a tenth less precise.
    assert np.std(found, ddof=1) / row["se"] == pytest.approx(1.03, abs=0.2)
    assert np.mean(found) == pytest.approx(4, abs=4 * row["se"] / np.sqrt(150))


def test_quantity__that_is_not_there():
    with pytest.raises(KeyError, match="rg"):
        predict_power(independent_snps(), [StudyDesign(1e5, 0.5)]).of("rg")


def test_even_heritability__has_enrichment_one():
    row = predict_power(two_categories(), [StudyDesign(1e5, 0.5)]).of("enrichment", "coding")
    assert row["expected"] == pytest.approx(1)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: StudyDesign(0, 0.5), "N: found 0, expected above 0"),
        (lambda: StudyDesign(1e5, 1.5), "h2: found 1.5, expected 0 to 1"),
        (lambda: predict_power(independent_snps(), [StudyDesign(1e5, 0.5)] * 3), "studies: found 3"),
        (lambda: predict_power(independent_snps(), [StudyDesign(1e5, 0.5)] * 2, rg=2), "rg: found 2"),
        (
            lambda: predict_power(independent_snps(), [StudyDesign(1e5, 0.5)], enrichments={"x": 2}),
            "found one category",
        ),
        (lambda: predict_power(two_categories(), [StudyDesign(1e5, 0.5)], enrichments={"x": 2}), "found no category x"),
        (lambda: design_studies([1e5, 1e5, 1e5], [0.1, 0.2]), "--h2: found 2 values for 3 studies"),
        (lambda: parse_enrichments(["coding"]), "expected name=number"),
    ],
)
def test_power__refuses(call, message):
    with pytest.raises(InputError, match=message):
        call()


def test_command__prints_and_writes(tmp_path, portable, run_sumh2):
    ld = portable / "ldsc" / "ld."
    status, text, errors = run_sumh2(
        "power", "--ld", f"{ld}@", "--n", "5000,9000", "--h2", "0.4,0.5", "--rg", "0.3", "--out", tmp_path / "p"
    )
    assert status == 0, errors
    assert "h2 of study 1" in text
    assert "written" in text
    table = (tmp_path / "p.tsv").read_text().splitlines()
    assert len(table) == 5
    assert table[0].startswith("quantity\tcategory\texpected\tse")
