"""Models side by side: the same fits as fit_sumher, one set of SNPs, symmetries, verdicts, messages."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from agreement import check_digits
from conftest import PORTABLE
from hypothesis import given, settings
from hypothesis import strategies as st
from test_alpha import draw_trait, grid_tagging

from ldscores.shared.errors import FitError, InputError
from ldscores.taggings.tagging_files import read_tagging, write_tagging
from sumh2 import SumStats, align, fit_comparison, fit_h2
from sumh2.kernels.block_sums import block_edges
from sumh2.kernels.jackknife import jackknife_se
from sumh2.kernels.likelihood import ScaledDesign, fit_likelihood
from sumh2.models.common_snps import align_models
from sumh2.models.compare_verdicts import comparison_findings, describe_comparison
from sumh2.models.criteria import with_criteria
from sumh2.sumher.fit import fit_sumher
from sumh2.sumstats_files import read_sumstats, write_sumstats

LDAK_MODELS = ("gcta", "humdef", "ldak", "ldakthin", "bld")


def portable_taggings(names=LDAK_MODELS):
    return {name: read_tagging(str(PORTABLE / "ldak" / f"{name}.tagging.xz")) for name in names}


def portable_trait(name="trait1"):
    return read_sumstats(PORTABLE / "inputs" / f"{name}.ldak.xz")


def two_models(n_snps=3000, **what):
    """GCTA and alpha -0.25 on the same SNPs, and a trait of the second."""
    grid = grid_tagging(n_snps)
    models = {
        "gcta": replace(grid.select(np.array([0])), names=("Base",), model="gcta"),
        "default": replace(grid.select(np.array([3])), names=("Base",), model="human-default"),
    }
    return models, draw_trait(grid, **what)


# ---------------------------------------------------------------------------------------------------------------------
# Numbers


@pytest.mark.parametrize("ending", ["", ".cept", ".gc"])
@pytest.mark.parametrize("trait", ["1", "2", "3"])
def test_five_models__equal_ldak(trait, ending):
    """With each tagging's own weights; fits start from those without confounding, so that LDAK's tolerance of 0.001
    shows in the sixth digit."""
    confounding = {"": "none", ".cept": "intercept", ".gc": "genomic-control"}[ending]
    taggings = portable_taggings()
    for name, tagging in taggings.items():
        result = fit_comparison(portable_trait(f"trait{trait}"), {name: tagging}, tolerance=1e-6)
        fitted = result.find(name, confounding)
        hers = (PORTABLE / "ldak" / f"{name}.{trait}{ending}.hers").read_text().splitlines()[-1].split()
        lines = (PORTABLE / "ldak" / f"{name}.{trait}{ending}.extra").read_text().splitlines()
        extra = dict(line.split()[:2] for line in lines)
        scale = max(1.0, abs(float(hers[1])))
        assert abs(fitted.h2 - float(hers[1])) < 2e-5 * scale, name
        assert abs(fitted.h2_se - float(hers[2])) < 2e-5 * scale, name
        check_digits(fitted.logl, float(extra["Alt_logl"]), 7, "loglSS")


def test_models_on_their_own__are_fit_sumher():
    taggings, trait = portable_taggings(("gcta", "bld")), portable_trait()
    result = fit_comparison(trait, taggings)
    for name in taggings:
        for confounding, words in (
            ("none", {}), ("intercept", {"free_intercept": True}), ("genomic-control", {"genomic_control": True}),
        ):  # fmt: skip
            own = fit_sumher(align([trait], taggings[name], ambiguous="letters"), **words)
            fitted = result.find(name, confounding)
            # One tagging's weights for all: these two have the same Tagging column.
            assert fitted.h2 == pytest.approx(own.h2, rel=1e-4, abs=1e-5)
            assert fitted.logl == pytest.approx(own.logl, rel=1e-8)
            assert fitted.n_parameters == own.n_parameters
            if name == "bld":
                ours = {row["category"]: row["enrichment"] for row in fitted.categories}
                theirs = dict(zip(own.partition.names, own.partition.enrichment.value, strict=True))
                for category, value in ours.items():
                    assert value == pytest.approx(theirs[category], rel=2e-3, abs=2e-3)
            assert own.h2_jackknife_se == pytest.approx(fitted.h2_jackknife_se, rel=0.25)


def test_rows_of_ldsc__are_fit_h2():
    models, trait = two_models()
    result = fit_comparison(trait, models, n_blocks=40)
    row = result.models[-1]
    own = fit_h2(align([trait], models["gcta"]), m=float(models["gcta"].ldak.contributions[0, 0]), n_blocks=40)
    assert row.estimator == "ldsc"
    assert (row.h2, row.h2_jackknife_se) == pytest.approx((own.h2, own.h2_se), rel=1e-9)


def test_criteria__are_their_formulas():
    models, trait = two_models()
    result = fit_comparison(trait, models, n_blocks=40, confounding=("none", "intercept"))
    fits = result.models[:-1]
    aic = np.array([2 * fitted.n_parameters - 2 * fitted.logl for fitted in fits])
    weights = np.exp(-(aic - aic.min()) / 2) / np.exp(-(aic - aic.min()) / 2).sum()
    np.testing.assert_allclose([fitted.aic for fitted in fits], aic)
    np.testing.assert_allclose([fitted.akaike_weight for fitted in fits], weights)
    h2, se = np.array([f.h2 for f in fits]), np.array([f.h2_jackknife_se for f in fits])
    assert result.h2_average == pytest.approx(weights @ h2)
    assert result.h2_average_se == pytest.approx(np.sqrt(weights @ (se**2 + (h2 - weights @ h2) ** 2)))
    assert result.best_model.aic == aic.min()


def test_difference__and_its_error_are_those_of_full_refits():
    models, trait = two_models(4000)
    result = fit_comparison(trait, models, n_blocks=20, confounding=("none",))
    found = result.find("default").difference
    common = align_models(trait, list(models.values()))
    rows, edges = common.rows, block_edges(4000, 20)
    deleted = []
    for block in range(20):
        kept = np.r_[0 : edges[block], edges[block + 1] : 4000]
        logl = [
            fit_likelihood(
                ScaledDesign(tagging[kept], np.ones(len(kept))), rows.chi2[kept], rows.weights[kept], tolerance=1e-10
            ).logl
            for tagging in common.taggings
        ]
        deleted.append((logl[1] - logl[0]) * 20 / 19)
    assert found.se == pytest.approx(jackknife_se(found.difference, np.array(deleted)), rel=0.02)
    assert found.z == pytest.approx(found.difference / found.se)


def test_effective_parameters__are_parameters_where_snps_are_independent():
    """Weights of 1 and independent chi2: tr(H^-1 J) is the number of coefficients."""
    grid = grid_tagging(20000)
    models = {"default": replace(grid.select(np.array([3])), regression_tagging=np.ones(20000))}
    values = []
    for seed in range(6):
        result = fit_comparison(draw_trait(grid, seed=seed), models, confounding=("none", "intercept"))
        values.append([fitted.n_effective for fitted in result.models])
    np.testing.assert_allclose(np.mean(values, axis=0), [1, 2], atol=0.25)


# ---------------------------------------------------------------------------------------------------------------------
# Properties


def test_right_model__wins_and_the_verdict_says_so():
    models, trait = two_models(20000, n=50000.0)
    result = fit_comparison(trait, models, n_blocks=50)
    assert result.best_model.model == "default"
    assert result.verdict[0].startswith("default fits best: loglSS +")
    assert "beyond noise" in result.verdict[0]
    assert "over gcta" in str(result)


def test_model_and_its_copy__are_alike():
    models, trait = two_models()
    models["again"] = models["default"]
    result = fit_comparison(trait, models, n_blocks=40, reference="default")
    difference = result.find("again").difference
    assert difference.difference == 0
    assert np.isnan(difference.se) and np.isnan(difference.z)
    assert result.find("again").h2 == result.find("default").h2
    alone, copy = fit_comparison(trait, two_models()[0], n_blocks=40, reference="default"), result.find("again")
    assert copy.akaike_weight == 0 and copy.same_as == "default" and not result.find("default").same_as
    assert result.h2_average == pytest.approx(alone.h2_average), "it counts once"
    assert result.find("default").akaike_weight == pytest.approx(alone.find("default").akaike_weight)
    assert "same model: again and default have one likelihood" in result.why
    assert not any("again" in sentence for sentence in result.verdict if "the next model" in sentence)
    (row,) = (line for line in str(result).splitlines() if line.strip().startswith("again") and "none" in line)
    assert row.endswith("same as default"), "a weight of 0.000 has its reason beside it"


def test_one_chromosome__is_a_caution():
    models, trait = two_models()
    genome = {name: replace(each, chrom=pa.array(["1"] * 1000 + ["2"] * 2000)) for name, each in models.items()}
    assert "one chromosome" not in fit_comparison(trait, genome, n_blocks=40).why
    alone = {name: replace(each, chrom=pa.array(["7"] * 3000)) for name, each in models.items()}
    result = fit_comparison(trait, alone, n_blocks=40)
    assert result.status == "caution"
    assert "one chromosome: the LD scores are of chromosome 7 alone" in result.why


@settings(max_examples=6, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_order_and_signs__do_not_matter(seed):
    models, trait = two_models(1200)
    rng = np.random.default_rng(seed)
    order, sign = rng.permutation(len(trait)), rng.choice([-1.0, 1.0], len(trait))
    other = SumStats(trait="t", snp=trait.snp.take(pa.array(order)), z=(sign * trait.z)[order], n=trait.n[order])
    one = fit_comparison(trait, models, n_blocks=20)
    two = fit_comparison(other, dict(reversed(models.items())), n_blocks=20, reference="gcta", weights_from="gcta")
    for fitted in one.models:
        again = two.find(fitted.model, fitted.confounding)
        np.testing.assert_allclose([fitted.h2, fitted.h2_jackknife_se], [again.h2, again.h2_jackknife_se], rtol=1e-9)
        np.testing.assert_allclose(fitted.akaike_weight, again.akaike_weight, rtol=1e-6)


@settings(max_examples=6, deadline=None)
@given(seed=st.integers(0, 10_000), n_categories=st.integers(2, 4))
def test_larger_models__have_larger_likelihoods(seed, n_categories):
    """Of fits that settled.  With an intercept far below 1 (seed 208: -6) the expectation of a SNP goes to zero and the
    likelihood rises without end beside its local maxima; such a fit says that it did not converge."""
    grid = grid_tagging(1500, seed=seed, n_categories=n_categories, alphas=[-0.5, -0.25, 0.0])
    places = list(range(n_categories, 2 * n_categories))  # alpha -0.25, the base last
    nested = {
        str(size): replace(grid.select(np.array(places[-size:])), names=tuple(f"c{k}" for k in range(size)))
        for size in range(1, n_categories + 1)
    }
    result = fit_comparison(draw_trait(grid, seed=seed), nested, n_blocks=20, tolerance=1e-8)
    for confounding in ("none", "intercept", "genomic-control"):
        fitted = [result.find(name, confounding) for name in nested]
        logl = [one.logl for one in fitted if one.converged]
        assert (np.diff(logl) > -1e-6).all()
    for name in nested:
        plain, free = (result.find(name, confounding) for confounding in ("none", "intercept"))
        assert free.logl >= plain.logl - 1e-6 or not (free.converged and plain.converged)


def test_best_model_that_did_not_settle__cannot_be_used():
    models, trait = two_models()
    fitted = fit_comparison(trait, models, n_blocks=40, confounding=["none"]).models[:2]
    for place, level in ((0, "caution"), (1, "unusable")):
        lost = [replace(one, converged=k != place) for k, one in enumerate(fitted)]
        found = {finding.code: finding.level for finding in comparison_findings(lost, lost[1], 3000, 40)}
        assert found["not converged"] == level


def test_grid_of_alphas__is_one_model_at_its_best_alpha():
    grid = grid_tagging(6000)
    models, trait = (
        {"one": replace(grid.select(np.array([0])), names=("Base",)), "grid": grid},
        draw_trait(grid, n=50000.0),
    )
    result = fit_comparison(trait, models, n_blocks=40, confounding=("none",))
    fitted = result.find("grid")
    assert fitted.n_parameters == 2
    assert fitted.alpha in (-0.5, -0.25, 0.0)
    assert fitted.logl >= result.find("one").logl


def test_common_snps__are_those_of_all_and_used_for_all():
    models, trait = two_models(2000)
    part = models["default"].take(np.arange(0, 2000, 2))
    result = fit_comparison(trait, {"gcta": models["gcta"], "default": part}, n_blocks=40)
    assert result.n_snps == 1000
    assert any(step.what == "in every tagging" and step.removed == 1000 for step in result.steps)
    alone = fit_comparison(trait, {"gcta": models["gcta"].take(np.arange(0, 2000, 2)), "default": part}, n_blocks=40)
    assert result.find("gcta").logl == alone.find("gcta").logl


def test_other_alleles__are_not_the_same_snp():
    models, trait = two_models(1000)
    a1, a2 = np.full(1000, 0, np.uint8), np.full(1000, 1, np.uint8)
    from ldscores.shared.alleles import encode_alleles

    letters = [encode_alleles(pa.array([letter] * 1000)) for letter in "AGC"]
    a1, a2, other = letters
    one = replace(models["gcta"], a1=a1, a2=a2)
    differs = np.where(np.arange(1000) < 100, other, a2)
    two = replace(models["default"], a1=a1, a2=differs)
    trait = SumStats(trait="t", snp=trait.snp, z=trait.z, n=trait.n, a1=a1, a2=a2)
    result = fit_comparison(trait, {"gcta": one, "default": two}, n_blocks=40)
    assert result.n_snps == 900


def test_genomic_control_at_one_n__has_no_weight_of_its_own():
    models, trait = two_models()
    result = fit_comparison(trait, models, n_blocks=40)
    for name in models:
        assert result.find(name, "genomic-control").logl == pytest.approx(result.find(name, "intercept").logl, abs=1e-3)
        assert result.find(name, "genomic-control").akaike_weight == 0
    assert sum(fitted.akaike_weight for fitted in result.models[:-1]) == pytest.approx(1)


def test_genomic_control_where_n_varies_a_little__is_not_counted_beside_the_intercept():
    models, trait = two_models()
    n = trait.n * np.random.default_rng(3).uniform(0.9, 1.0, len(trait.n))
    result = fit_comparison(replace(trait, n=n), models, n_blocks=40)
    apart = [result.find(m, "genomic-control").logl - result.find(m, "intercept").logl for m in models]
    assert 1e-2 < max(np.abs(apart)) < 2
    assert all(result.find(m, "genomic-control").akaike_weight == 0 for m in models)
    (confounding,) = (sentence for sentence in result.verdict if sentence.startswith("Confounding under"))
    assert confounding.endswith("with intercept."), "the fit that counts, not the one that repeats it"


def test_genomic_control_at_one_n__has_none_in_any_order():
    models, trait = two_models(8000, added=3.0)
    usual = fit_comparison(trait, models, n_blocks=40)
    turned = fit_comparison(trait, models, n_blocks=40, confounding=("genomic-control", "intercept", "none"))
    assert turned.best_model.confounding == usual.best_model.confounding == "intercept"
    assert turned.best_model.akaike_weight == pytest.approx(usual.best_model.akaike_weight, rel=1e-2)
    assert turned.h2_average == pytest.approx(usual.h2_average, rel=1e-3)


def test_what_depends_on_the_model__is_not_the_widest_gap_alone():
    """The model furthest off may be the least certain one: two others differ by less, and beyond noise."""
    models, trait = two_models()
    fitted = fit_comparison(trait, models | {"third": models["gcta"]}, n_blocks=40, confounding=["none"]).models[:3]
    noise = np.random.default_rng(5).normal(size=(3, 40))
    sizes = (1e-4, 1e-4, 5e-2)
    peers = [
        replace(one, h2=h2, h2_delete=h2 + size * row, categories=())
        for one, h2, size, row in zip(fitted, (0.3, 0.4, 0.5), sizes, noise, strict=True)
    ]
    verdict = describe_comparison(peers, peers[0], "gcta", 0.4, 0.1)[-1]
    assert "h2 (0.300 under gcta, 0.400 under default" in verdict


def judged(fitted, **changes):
    """Two or more fits as the criteria judge them, of which some numbers are changed first."""
    return with_criteria(
        [replace(one, **{k: v[p] for k, v in changes.items()}) for p, one in enumerate(fitted)], "gcta"
    )[0]


def test_next_model__has_the_sign_of_the_table_and_its_own_best_row():
    """The next model is at its best with an intercept, the best one without: what counts is the row, not the term."""
    models, trait = two_models()
    result = fit_comparison(trait, models, n_blocks=40, confounding=["none", "intercept"])
    one = result.find("gcta", "none")
    fits = [result.find(m, c) for m in ("gcta", "default") for c in ("none", "intercept")]
    logl = [one.logl, one.logl + 0.1, one.logl - 20, one.logl - 6]
    fits = judged(fits, logl=logl)
    verdict = describe_comparison(fits, fits[0], "gcta", 0.4, 0.1)
    assert verdict[0].startswith("gcta has the smallest AIC")
    assert verdict[1].startswith("gcta has loglSS +6.0 (SE ")
    assert verdict[1].endswith("over the next model, default with intercept fitted, whose AIC is 14.0 larger.")


def test_small_differences_of_h2__are_shown_and_no_conclusion():
    """0.0129 against 0.0125 may be beyond noise; no one concludes anything else from it."""
    models, trait = two_models()
    fitted = fit_comparison(trait, models, n_blocks=40, confounding=["none"]).models[:2]
    noise = 1e-9 * np.random.default_rng(5).normal(size=(2, 40))
    close = [
        replace(one, h2=h2, h2_delete=h2 + row, categories=())
        for one, h2, row in zip(fitted, (0.0129, 0.0125), noise, strict=True)
    ]
    sentences = describe_comparison(close, close[0], "gcta", 0.0128, 0.001)
    assert sentences[-1].startswith("No conclusion here depends on the model: h2 differs beyond noise but by 3.1% only")
    assert any("0.0125 (default) to 0.0129 (gcta)" in sentence for sentence in sentences)
    far = [close[0], replace(close[1], h2=0.0099, h2_delete=close[1].h2_delete - 0.0026)]
    assert (
        "depend on the model: h2 (0.0129 under gcta, 0.0099"
        in describe_comparison(far, far[0], "gcta", 0.01, 0.001)[-1]
    )


@pytest.mark.parametrize(
    ("n_parameters", "word"), [(1, "the one parameter of gcta acts like 9.0"), (3, "AIC favours large")]
)
def test_effective_parameters__are_named_by_the_number_of_parameters(n_parameters, word):
    models, trait = two_models()
    fitted = fit_comparison(trait, models, n_blocks=40, confounding=["none"]).models[0]
    fitted = replace(fitted, n_parameters=n_parameters, n_effective=9.0)
    (said,) = [f for f in comparison_findings([fitted, fitted], fitted, 500_000, 200) if "n_effective" in f.text]
    assert word in f"{said.code}: {said.text}"
    assert ("large models" in said.code) == (n_parameters > 1), "a model of one parameter is not large"


def test_help__explains_the_words_of_the_report(run_sumh2):
    shown = " ".join(run_sumh2("compare", "--help")[1].split())
    assert "effective parameters (column n_effective)" in shown and "Takeuchi" in shown
    assert "correlation printed with it" in " ".join(run_sumh2("alpha", "--help")[1].split())


def test_many_looks__want_more_than_one_look():
    """Of 45 pairs some lie 1.96 SE apart by chance: the limit grows with their number."""
    models, trait = two_models()
    fitted = fit_comparison(trait, models, n_blocks=40, confounding=["none"]).models[0]
    noise = np.random.default_rng(6).normal(size=(10, 40))
    scale = 1 / np.sqrt(2 * 39 * 39 / 40)  # jackknife SE of a difference of two is about 1
    apart = [
        replace(fitted, model=f"m{place}", h2=2.4 * (place == 0), h2_delete=scale * row, categories=())
        for place, row in enumerate(noise)
    ]
    few = describe_comparison(apart[:2], apart[0], "m0", 0.4, 0.1)[-1]
    many = describe_comparison(apart, apart[0], "m0", 0.4, 0.1)[-1]
    assert "depend on the model: h2" in few
    assert many == "No conclusion here depends on the model beyond noise."


def test_estimator__is_part_of_the_verdict():
    models, trait = two_models()
    verdict = fit_comparison(trait, models, n_blocks=40).verdict
    (sentence,) = [text for text in verdict if text.startswith("LD Score regression on gcta gives h2")]
    assert "within noise" in sentence or "the estimator matters here" in sentence


# ---------------------------------------------------------------------------------------------------------------------
# Wrong input, files, command line


def test_taggings_without_a_common_snp__are_refused():
    models, trait = two_models(500)
    other = replace(models["default"], snp=pa.array([f"1:{k}" for k in range(500)]))
    with pytest.raises(InputError, match=r"none of its 500 SNPs is among the 500 .* expected taggings of one panel"):
        fit_comparison(trait, {"gcta": models["gcta"], "default": other})


def test_trait_without_a_common_snp__is_refused():
    models, trait = two_models(500)
    first, rest = models["gcta"].take(np.arange(250)), models["default"].take(np.arange(200, 500))
    alien = SumStats(trait="t", snp=trait.snp[:200], z=trait.z[:200], n=trait.n[:200])
    with pytest.raises(InputError, match=r"none of its 200 SNPs in .* is in every one of the 2 taggings"):
        fit_comparison(alien, {"gcta": first, "default": rest})


def test_tagging_without_regression_weights__is_refused():
    grid = replace(grid_tagging(500, n_categories=2), regression_tagging=None)
    with pytest.raises(
        InputError, match=r"no regression weights, expected a column regression_tagging.*--weights-from"
    ):
        fit_comparison(draw_trait(grid), {"grid": grid})


def test_weights_from__another_tagging():
    models, trait = two_models(1500)
    bare = replace(models["gcta"], regression_tagging=None, names=("Base",))
    result = fit_comparison(trait, {"bare": bare, "default": models["default"]}, weights_from="default", n_blocks=30)
    with_own = fit_comparison(trait, models, n_blocks=30)  # the two have the same weights
    assert result.find("default").logl == with_own.find("default").logl
    assert result.weights_from == "default"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"reference": "ldak"}, "--reference: found 'ldak', expected one of gcta, default"),
        ({"weights_from": "ldak"}, "--weights-from: found 'ldak', expected one of gcta, default"),
        ({"confounding": ()}, "confounding: found none"),
        ({"confounding": ("inflation",)}, "found 'inflation', expected none, intercept, genomic-control"),
        ({"n_blocks": 1}, "--n-blocks: found 1, expected at least 2"),
    ],
)
def test_options__that_make_no_sense(words, message):
    models, trait = two_models(300)
    with pytest.raises(InputError, match=message):
        fit_comparison(trait, models, **words)


def test_collinear_categories__are_refused():
    grid = grid_tagging(500, n_categories=2, alphas=[-0.5, -0.25, 0.0])
    twice = replace(grid.select(np.array([3, 2, 1])), names=("a", "b", "c"))
    twice = replace(twice, tagging=np.ascontiguousarray(twice.tagging[:, [0, 0, 1]]))
    with pytest.raises(FitError, match="collinear"):
        fit_comparison(draw_trait(grid), {"twice": twice})


def test_command__writes_all_tables(tmp_path, run_sumh2):
    grid = grid_tagging(3000, n_categories=3, alphas=[-0.5, -0.25, 0.0])
    annotated = replace(grid.select(np.arange(3, 6)), names=("coding", "enhancer", "Base"), model="annotated")
    models, _ = two_models()
    trait = draw_trait(grid, alpha=-0.25)
    for name, tagging in {**models, "annotated": annotated}.items():
        write_tagging(tmp_path / f"{name}.tagging.parquet", tagging)
    write_sumstats(trait, tmp_path / "t.sumstats.parquet")
    names = ",".join(str(tmp_path / f"{name}.tagging.parquet") for name in ("gcta", "default", "annotated"))
    status, text, errors = run_sumh2(
        "compare", tmp_path / "t.sumstats.parquet", "--ld", names, "--n-blocks", "40", "--reference", "gcta",
        "--out", tmp_path / "o", "--plot", tmp_path / "o.png",
    )  # fmt: skip
    assert status == 0, errors
    assert "loglSS over gcta (SE)" in text and "coding" in text and "averaged over models" in text
    assert len((tmp_path / "o.tsv").read_text().splitlines()) == 1 + 3 * 3 + 1
    assert len((tmp_path / "o.enrichment.tsv").read_text().splitlines()) == 1 + 2 * 3
    assert pq.read_table(tmp_path / "o.parquet").num_rows == 10
    record = json.loads((tmp_path / "o.json").read_text())
    assert record["verdict"] and len(record["differences"]) == 9
    assert (tmp_path / "o.png").stat().st_size > 5000
    status, _, errors = run_sumh2("compare", tmp_path / "t.sumstats.parquet", "--ld", names, "--names", "a,b")
    assert status == 1 and "--names: found a, b for 3 taggings" in errors
