"""Heritability models: identities, numbers of columns, messages, and LDAK's own columns and sums."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from conftest import PORTABLE, SHARED
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from panels import PanelFacts, file_of, read_panel_facts

from ldscores.annotations.annotation_set import Annotations, category_contributions
from ldscores.annotations.ldak_annotation_files import read_ldak_annotations, read_ldak_partitions, read_snp_weights
from ldscores.models.heritability_models import (
    ALPHA_GRID,
    MODELS,
    expected_heritability,
    find_model,
    ldsc_columns,
    model_columns,
    parse_alphas,
    parse_models,
)
from ldscores.shared import tables
from ldscores.shared.errors import InputError
from ldscores.taggings.ldak_tagging_files import read_ldak_tagging

LDAK = SHARED / "reference" / "ldak"

#: LDAK prints four decimals.
ROUNDING = 5.001e-5

frequencies = arrays(np.float64, st.integers(1, 20), elements=st.floats(0.01, 0.99))
powers = st.floats(-1.5, 1.0)


@cache
def panel(name: str) -> PanelFacts:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        if name == "portable":
            return read_panel_facts(PORTABLE / "inputs" / "panel", Path(folder))
        return read_panel_facts(LDAK / "panels" / name, Path(folder))


def annots(n_snps: int, n_annots: int, prefix: str = "a", seed: int = 1) -> Annotations:
    values = np.random.default_rng(seed).random((n_snps, n_annots))
    return Annotations(values, tuple(f"{prefix}{place}" for place in range(1, n_annots + 1)))


def check_against_tagging(columns, facts: PanelFacts, path: Path, heritability=None) -> None:
    """Expected heritability, contributions, counts and memberships as LDAK prints them."""
    tagging = read_ldak_tagging(file_of(path))
    place = {name: row for row, name in enumerate(facts.snp.to_pylist())}
    rows = np.array([place[name] for name in tagging.snp.to_pylist()])
    chosen = np.ones(len(facts.snp), dtype=bool) if heritability is None else heritability
    sums = category_contributions(columns.values[chosen], columns.members[chosen])
    assert columns.names == tagging.names
    assert np.abs(columns.exp_heritability[rows] - tagging.ldak.exp_heritability).max() <= ROUNDING
    assert np.abs(sums - tagging.ldak.contributions).max() <= ROUNDING
    np.testing.assert_array_equal(columns.members[chosen].sum(axis=0), tagging.ldak.counts)
    np.testing.assert_array_equal(columns.members[rows].sum(axis=1), tagging.ldak.n_memberships)
    assert np.abs(facts.maf[rows] - tagging.maf).max() <= 5.001e-7 if tagging.maf is not None else True


# ---------------------------------------------------------------------------------------------------------------------
# Numbers of columns, names, grids


def test_parse_alphas__the_grid_has_31_exact_values():
    alphas = parse_alphas(ALPHA_GRID)
    assert len(alphas) == 31
    assert (alphas[0], alphas[-1], alphas[15], alphas[20]) == (-1.0, 0.5, -0.25, 0.0)
    assert alphas == tuple(float(f"{step / 20:.2f}") for step in range(-20, 11))


def test_parse_alphas__list():
    assert parse_alphas("-1, -0.25,0") == (-1.0, -0.25, 0.0)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("-1:0.5", "ascending grid"),
        ("0.5:-1:0.05", "ascending grid"),
        ("-1:0.5:0", "ascending grid"),
        ("-1:0.5:0.07", "do not reach"),
        ("a:b:c", "expected numbers"),
        ("-1,nan", "finite"),
        ("-1,-1", "twice"),
    ],
)
def test_parse_alphas__messages(text, says):
    with pytest.raises(InputError, match=says):
        parse_alphas(text)


@pytest.mark.parametrize(
    ("name", "n_columns"),
    [("gcta", 1), ("human-default", 1), ("ldak", 1), ("ldak-thin", 1), ("bld-ldak", 66), ("bld-ldak+alpha", 66),
     ("baseline-ld", 75), ("alpha", 1)],
)  # fmt: skip
def test_model_columns__numbers_of_columns(name, n_columns):
    n_snps = 50
    model = MODELS[name]
    annotations = annots(n_snps, model.n_annotations) if model.n_annotations else None
    weights = np.linspace(0, 2, n_snps)
    columns = model_columns(model, np.linspace(0.05, 0.5, n_snps), annotations, weights)
    assert columns.values.shape == columns.members.shape == (n_snps, n_columns)
    assert len(columns.names) == len(set(columns.names)) == n_columns
    assert columns.names[-1] == "Base"


def test_bld_ldak__65_files_of_ldak_and_64_with_weights_are_the_same():
    frequency, weights = np.linspace(0.05, 0.5, 40), np.linspace(0, 1, 40)
    given_apart = model_columns("bld-ldak", frequency, annots(40, 64), weights)
    annotations = annots(40, 64)
    inside = Annotations(
        np.column_stack([annotations.values, weights]), (*annotations.names, "bld65"),
        members=np.column_stack([annotations.membership, weights > 0]),
    )  # fmt: skip
    together = model_columns("bld-ldak", frequency, inside)
    np.testing.assert_array_equal(given_apart.values, together.values)
    np.testing.assert_array_equal(given_apart.members, together.members)


def test_baseline_ld__the_base_of_ldscs_files_is_not_added_again():
    annotations = annots(30, 75)
    values = annotations.values.copy()
    values[:, 0] = 1
    with_base = Annotations(values, ("base", *annotations.names[1:]))
    columns = model_columns("baseline-ld", np.full(30, 0.3), with_base)
    assert columns.names[0] == "base" and len(columns.names) == 75


@pytest.mark.parametrize("spelling", ["BLD-LDAK+Alpha", "bld_ldak+alpha", "bldldak + alpha"])
def test_find_model__spelling_does_not_matter(spelling):
    assert find_model(spelling).name == "bld-ldak+alpha"


def test_parse_models__grids_become_instances():
    models = parse_models("gcta,ldak-thin,bld-ldak", alphas="-1:0.5:0.05")
    assert len(models) == 3 + 31
    assert [model.name for model in models[:4]] == ["gcta", "ldak-thin", "bld-ldak", "alpha(-1)"]
    assert [model.power for model in parse_models("bld-ldak+alpha")] == list(parse_alphas(ALPHA_GRID))


# ---------------------------------------------------------------------------------------------------------------------
# Messages


@pytest.mark.parametrize(
    ("name", "kwargs", "says"),
    [
        ("gtca", {}, "no such heritability model; known are gcta"),
        ("ldak", {}, "needs LDAK weightings.*ldscores weights"),
        ("ldak-thin", {}, "needs the list of SNPs kept after thinning.*ldscores thin"),
        ("ldak-thin-extract", {"weights": np.array([1.0, 0.0, 1.0])}, "1 SNPs of the panel.*--extract thin.in"),
        ("bld-ldak", {}, "needs 64 annotations and LDAK weightings.*bld1 to bld64.*dougspeed.com"),
        ("bld-ldak", {"annotations": annots(3, 10), "weights": np.ones(3)}, "found 10 annotations.*expected 64"),
        ("bld-ldak-lite", {}, "those two are named only in a supplementary table.*--model own"),
        ("baseline-ld", {}, "needs 74 annotations.*baselineLD"),
        ("baseline-ld", {"annotations": annots(3, 96)}, "found 96 annotations.*expected 74.*--model own"),
        ("own", {}, "needs annotations.*--annot"),
        ("own", {"annotations": annots(3, 1, "Base")}, None),
    ],
)
def test_model_columns__messages(name, kwargs, says):
    if says is None:
        assert model_columns(name, np.full(3, 0.2), **kwargs).names == ("Base1", "Base")
        return
    with pytest.raises(InputError, match=says):
        model_columns(name, np.full(3, 0.2), **kwargs)


def test_model_columns__a_second_base_is_refused():
    annotations = Annotations(np.array([[0.0], [1.0]]), ("Base",))
    with pytest.raises(InputError, match="'Base' appears twice"):
        model_columns("own", np.full(2, 0.2), annotations)


def test_parse_models__named_twice():
    with pytest.raises(InputError, match="gcta is named twice"):
        parse_models("gcta,ldak,GCTA")


# ---------------------------------------------------------------------------------------------------------------------
# Identities


@given(frequencies, powers)
def test_identity__values_with_power_minus_one_equal_scaled_values(frequency, alpha):
    """P_kj with power alpha is P_kj [2f(1-f)]^(1+alpha) with power -1 (page 002)."""
    p = annots(len(frequency), 3)
    scaled = Annotations(p.values * ((2 * frequency * (1 - frequency)) ** (1 + alpha))[:, None], p.names)
    with_power = model_columns("own", frequency, p, power=alpha)
    by_hand = model_columns("own", frequency, scaled, power=-1)
    np.testing.assert_allclose(with_power.values[:, :3], by_hand.values[:, :3], rtol=1e-14)


@given(frequencies, powers, st.integers(1, 5))
def test_identity__partition_adds_up_to_the_whole(frequency, alpha, n_parts):
    part = np.random.default_rng(3).integers(0, n_parts, len(frequency))
    values = (part[:, None] == np.arange(n_parts)).astype(float)
    partition = Annotations(values, tuple(f"P{place}" for place in range(n_parts)), kind="partition")
    parts = model_columns("own", frequency, partition, power=alpha)
    whole = model_columns("alpha", frequency, power=alpha)
    assert parts.names == partition.names
    np.testing.assert_array_equal(parts.values.sum(axis=1), whole.values[:, 0])


def test_identity__annotations_with_base_equal_a_partition_with_an_all_ones_file():
    """``--annotation-number 74`` is ``--partition-number 75`` with an all-ones 75th."""
    frequency, annotations = np.linspace(0.05, 0.5, 30), annots(30, 74)
    ones = Annotations(
        np.column_stack([annotations.values, np.ones(30)]), (*annotations.names, "Partition_75"), kind="partition"
    )
    np.testing.assert_array_equal(
        model_columns("baseline-ld", frequency, annotations).values,
        model_columns("own", frequency, ones, power=-1).values,
    )


@given(frequencies, powers)
def test_identity__alleles_can_be_swapped(frequency, alpha):
    np.testing.assert_allclose(
        expected_heritability(frequency, alpha), expected_heritability(1 - frequency, alpha), rtol=1e-12
    )


@given(frequencies)
def test_identity__ldscs_exponent_is_a_power_up_to_a_constant(frequency):
    ours = model_columns("human-default", frequency).values
    theirs, names = ldsc_columns(frequency, pq_exp=0.75)
    assert names == ("L2_S0.75",)
    np.testing.assert_allclose(ours, theirs * 2**0.75, rtol=1e-14)


def test_expected_heritability__snps_that_do_not_vary_carry_none():
    frequency = np.array([0.0, 1.0, np.nan, 0.5, 0.5])
    variance = np.array([0.0, 0.0, 0.0, 0.0, 0.5])  # at the fourth everybody is heterozygous
    np.testing.assert_array_equal(expected_heritability(frequency, -1.0), [0, 0, 0, 1, 1])
    np.testing.assert_array_equal(expected_heritability(frequency, -1.0, variance=variance), [0, 0, 0, 0, 1])


# ---------------------------------------------------------------------------------------------------------------------
# LDAK's own columns: portable panel


PORTABLE_MODELS = ["gcta", "humdef", "ldak", "ldakthin", "bld"]


@pytest.mark.parametrize("name", PORTABLE_MODELS)
def test_ldak__portable_models(name):
    facts = panel("portable")
    inputs, ldak = PORTABLE / "inputs", PORTABLE / "ldak"
    weights = {"ldak": inputs / "ann4", "ldakthin": ldak / "weights.thin"}.get(name)
    columns = model_columns(
        {"humdef": "human-default", "ldakthin": "ldak-thin", "bld": "own"}.get(name, name),
        facts.frequency,
        read_ldak_annotations(f"{inputs}/ann", facts.snp, 4) if name == "bld" else None,
        None if weights is None else read_snp_weights(weights, facts.snp),
        variance=facts.variance, power=-0.25 if name == "bld" else None,
    )  # fmt: skip
    check_against_tagging(columns, facts, ldak / f"{name}.tagging")


@pytest.mark.parametrize("alpha", [-1, -0.75, -0.5, -0.25, 0, 0.25, 0.5])
def test_ldak__portable_alpha_grid(alpha):
    facts = panel("portable")
    columns = model_columns("alpha", facts.frequency, power=alpha, variance=facts.variance)
    check_against_tagging(columns, facts, PORTABLE / "ldak" / f"alpha{alpha:g}.tagging")


@pytest.mark.parametrize("chromosome", ["1", "2"])
def test_ldsc__portable_totals_of_pq_exp(chromosome):
    """The total of ``--pq-exp 0.75`` to the last digits that LDSC prints."""
    facts = panel("portable")
    here = np.array(facts.chrom.to_pylist()) == chromosome
    total = float((PORTABLE / "ldsc" / f"pq.{chromosome}.l2.M").read_text())
    values, _ = ldsc_columns(facts.maf[here], pq_exp=0.75)
    assert values.sum() == pytest.approx(total, rel=1e-14)


# ---------------------------------------------------------------------------------------------------------------------
# LDAK's own columns: all panels


@pytest.mark.shared
@pytest.mark.parametrize("name", ["human", "eas", "mice", "miss", "hapmap", "ambig", "gctatest"])
def test_ldak__one_parameter_models(name):
    facts, folder = panel(name), LDAK / name
    for model in ("gcta", "human-default"):
        columns = model_columns(model, facts.frequency, variance=facts.variance)
        check_against_tagging(columns, facts, folder / "tag" / f"{model.replace('human-default', 'humdef')}.tagging")
    short = next(file_of(path) for path in (folder / "weights/quad/weights.short", folder / "weights/weights.short",
                                            folder / "weights/w/weights.short") if file_of(path).is_file())  # fmt: skip
    weights = read_snp_weights(short, facts.snp)
    columns = model_columns("ldak", facts.frequency, weights=weights, variance=facts.variance)
    check_against_tagging(columns, facts, folder / "tag" / "ldak.tagging")


@pytest.mark.shared
@pytest.mark.parametrize("name", ["human", "mice", "miss", "hapmap", "ambig", "gctatest"])
def test_ldak__observed_variance(name):
    facts = panel(name)
    columns = model_columns("human-default", facts.frequency, variance=facts.variance, hwe_stand=False)
    path = LDAK / name / "tag" / "humdef.nohwe.tagging"
    check_against_tagging(columns, facts, path)
    tagging = read_ldak_tagging(file_of(path))
    varies = facts.variance > 0
    assert np.abs(facts.variance[varies] ** 2 - tagging.ldak.variance**2).max() <= 5.001e-7  # LDAK prints the square


@pytest.mark.shared
@pytest.mark.parametrize("name", ["human", "eas"])
def test_ldak__both_recipes_of_ldak_thin(name):
    facts = panel(name)
    thin = read_snp_weights(file_of(LDAK / name / "thin" / "thin98.in"), facts.snp)
    weighted = model_columns("ldak-thin", facts.frequency, weights=thin, variance=facts.variance)
    check_against_tagging(weighted, facts, LDAK / name / "tag" / "ldakthin.tagging")
    kept = thin > 0
    thinned = PanelFacts(facts.snp.filter(pa.array(kept)), facts.chrom, facts.bp, facts.cm, facts.frequency[kept],
                         facts.variance[kept])  # fmt: skip
    extracted = model_columns("ldak-thin-extract", thinned.frequency, weights=thin[kept], variance=thinned.variance)
    check_against_tagging(extracted, thinned, LDAK / name / "tag" / "ldakthin.extract.tagging")


@pytest.mark.shared
@pytest.mark.parametrize("name", ["human", "eas"])
def test_ldak__annotations_and_matrix(name):
    facts, folder = panel(name), LDAK / name
    annotations = read_ldak_annotations(f"{folder}/in/ann", facts.snp)
    columns = model_columns("own", facts.frequency, annotations, power=-0.25, variance=facts.variance)
    check_against_tagging(columns, facts, folder / "tag" / "bld.tagging")
    chosen = read_snp_weights(file_of(folder / "in" / "herpreds"), facts.snp) > 0
    check_against_tagging(columns, facts, folder / "tag" / "bld.regher.tagging", chosen)
    printed = tables.read_table(file_of(folder / "tag" / "bld.matrix"))
    matrix = np.column_stack([printed[label].to_numpy() for label in columns.names])
    assert np.abs(matrix - columns.values).max() <= ROUNDING


@pytest.mark.shared
def test_ldak__baseline_form_and_partitions():
    facts, folder = panel("human"), LDAK / "human"
    five = read_ldak_annotations(f"{folder}/in/ann", facts.snp, number=5)
    columns = model_columns("own", facts.frequency, five, power=-1, variance=facts.variance)
    check_against_tagging(columns, facts, folder / "tag" / "baseld.tagging")
    runs = {
        "mafpart": {}, "ovpart.bg": {"background": True}, "ovpart.nobg": {"background": False},
        "ovpart.bg.share": {"background": True, "all_one": False},
    }  # fmt: skip
    for tag, options in runs.items():
        partitions = read_ldak_partitions(f"{folder}/in/{tag.split('.')[0]}", facts.snp, **options)
        columns = model_columns("own", facts.frequency, partitions, power=-1, variance=facts.variance)
        check_against_tagging(columns, facts, folder / "tag" / f"{tag}.tagging")


@pytest.mark.shared
def test_ldak__snps_that_do_not_vary_are_counted_but_carry_nothing(tmp_path):
    """Few people leave three SNPs without variation: members of the base, no heritability."""
    people = [" ".join(line.split()[:2]) for line in (LDAK / "human/in/few").read_text().splitlines()]
    facts = read_panel_facts(LDAK / "panels/human", tmp_path, people)
    columns = model_columns("human-default", facts.frequency, variance=facts.variance)
    tagging = read_ldak_tagging(LDAK / "human/x/few.tagging.xz")
    assert (facts.variance > 0).sum() == tagging.ldak.n_heritability == len(tagging) == 3286
    assert tagging.ldak.n_reference == len(facts.snp)
    check_against_tagging(columns, facts, LDAK / "human/x/few.tagging")


@pytest.mark.shared
def test_ldak__alpha_grid_of_31():
    facts = panel("human")
    merged = read_ldak_tagging(LDAK / "human/alpha/merged.tagging.xz")
    sums = [
        model_columns(model, facts.frequency, variance=facts.variance).values.sum() for model in parse_models("alpha")
    ]
    assert np.abs(np.array(sums) - merged.m).max() <= ROUNDING
