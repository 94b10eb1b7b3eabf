"""Guards of annotations against plain versions and statsmodels."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from ldscores.annotations.annotation_sums import count_touched_blocks
from sumh2.enrichment.annotation_guards import (
    block_findings,
    condition_findings,
    condition_of,
    inflation_findings,
    measure_dependence,
    share_findings,
    size_findings,
    t_p_values,
    variance_inflation,
)
from sumh2.kernels.dependence import effective_blocks


def random_design(seed=1, n=600):
    random = np.random.default_rng(seed)
    x = random.normal(size=(n, 4)) * [1, 10, 1e-3, 5] + [3, 1, 0, 2]
    x[:, 3] += x[:, 1]
    return np.column_stack([x, np.ones(n)]), random.uniform(0.1, 1, n)


def block_products(x, weights, n_blocks=20):
    rows = np.array_split(np.arange(len(x)), n_blocks)
    return np.stack([(x[part] * weights[part, None]).T @ x[part] for part in rows])


def test_variance_inflation__is_that_of_statsmodels():
    x, weights = random_design()
    expected = [1 / (1 - sm.WLS(x[:, c], np.delete(x, c, axis=1), weights).fit().rsquared) for c in range(4)]
    np.testing.assert_allclose(variance_inflation((x * weights[:, None]).T @ x), expected, rtol=1e-10)


def test_variance_inflation__without_intercept_is_not_centred():
    x, weights = random_design()
    x = x[:, :4]
    expected = [1 / (1 - sm.WLS(x[:, c], np.delete(x, c, axis=1), weights).fit().rsquared) for c in range(4)]
    gram = (x * weights[:, None]).T @ x
    np.testing.assert_allclose(variance_inflation(gram, has_intercept=False), expected, rtol=1e-9)


def test_dependent_columns__have_infinite_inflation_and_no_effective_blocks():
    x, weights = random_design()
    x[:, 2] = x[:, 0] + x[:, 1]
    found = measure_dependence(block_products(x, weights))
    assert np.isinf(found.inflation).all() and np.isinf(found.condition) and np.isnan(found.effective_blocks).all()


def test_constant_column__is_dependent_on_the_intercept():
    x, weights = random_design()
    x[:, 1] = 7.0
    assert np.isinf(condition_of((x * weights[:, None]).T @ x))


def test_effective_blocks__equal_a_plain_version():
    x, weights = random_design()
    rows = np.array_split(np.arange(len(x)), 20)
    expected = []
    for column in range(4):
        residual = sm.WLS(x[:, column], np.delete(x, column, axis=1), weights).fit().resid
        squares = np.array([np.sum(weights[part] * residual[part] ** 2) for part in rows])
        expected.append(squares.sum() ** 2 / np.sum(squares**2))
    np.testing.assert_allclose(effective_blocks(block_products(x, weights)), expected, rtol=1e-8)


def test_effective_blocks__is_one_for_an_annotation_in_one_block():
    x, weights = random_design()
    x[:, 0] = 0
    x[:30, 0] = np.random.default_rng(2).normal(size=30)
    found = effective_blocks(block_products(x, weights))
    assert found[0] < 1.2
    assert found[1] > 15


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6), st.lists(st.floats(1e-3, 1e3), min_size=4, max_size=4))
def test_dependence__does_not_change_with_the_units(seed, units):
    x, weights = random_design(seed, 200)
    scaled = x.copy()
    scaled[:, :4] *= units
    before, after = (measure_dependence(block_products(one, weights)) for one in (x, scaled))
    np.testing.assert_allclose(after.inflation, before.inflation, rtol=1e-6)
    np.testing.assert_allclose(after.effective_blocks, before.effective_blocks, rtol=1e-5)


def test_block_share__counts_blocks_touched():
    chromosomes = np.array([1, 1, 1, 1, 2, 2])
    positions = np.array([0.001, 0.009, 0.011, 0.055, 0.001, 0.002])
    values = np.array([[1, 0, 0], [1, 0, 0], [0, 0, 0.5], [0, 0, 0], [0, 0, -1], [1, 0, 0]])
    # Blocks: (1, 0), (1, 1), (1, 5), (2, 0).
    touched, n_blocks = count_touched_blocks(values, chromosomes, positions, 0.01)
    assert touched.tolist() == [2, 0, 2] and n_blocks == 4


def test_p_values__are_normal_with_200_blocks_and_students_with_fewer():
    z, p, log10_p, above = t_p_values(np.array([2.0, -3.0]), np.array([1.0, 2.0]), 200)
    np.testing.assert_allclose(z, [2, -1.5])
    np.testing.assert_allclose(p, 2 * stats.norm.sf([2, 1.5]), rtol=1e-12)
    np.testing.assert_allclose(above, stats.norm.sf([2, -1.5]), rtol=1e-12)
    np.testing.assert_allclose(10**log10_p, p, rtol=1e-10)
    _, p, _, above = t_p_values(2.0, 1.0, 30)
    np.testing.assert_allclose([p, above], [2 * stats.t.sf(2, 29), stats.t.sf(2, 29)], rtol=1e-10)
    _, p, _, _ = t_p_values(np.array([2.0, 2.0]), 1.0, 200, np.array([100.0, 8.0]))
    np.testing.assert_allclose(p, [2 * stats.norm.sf(2), 2 * stats.t.sf(2, 7)], rtol=1e-10)


def test_p_values__of_huge_z_keep_their_logarithm():
    _, p, log10_p, _ = t_p_values(40.0, 1.0, 200)
    assert p == 0 and log10_p == pytest.approx(stats.norm.logsf(40) / np.log(10) + np.log10(2), rel=1e-12)


def test_p_values__without_an_error_are_missing():
    assert np.isnan(t_p_values(1.0, 0.0, 200)[:3]).all()


@pytest.mark.parametrize(
    ("share", "se", "small", "level", "said", "not_said"),
    [
        (1.069, 0.096, False, "caution", "within its error of 1: read it as nearly all of h2", "power"),
        (-0.06, 0.05, False, "caution", "within its error of 0: read it as about none of h2", "power"),
        (-0.59, 1.43, False, "caution", "do not read its enrichment, not even the sign", "read the sign"),
        (-0.2, 0.05, False, "unusable", "4.0 SE outside: the model is wrong", "too small"),
        (-0.02, 0.005, True, "unusable", "the SE of so small an annotation is too small", "model is wrong"),
    ],
)
def test_share_outside__is_worded_by_its_error(share, se, small, level, said, not_said):
    (found,) = share_findings(share, se, small=small)
    assert found.level == level and said in found.text and not_said not in found.text


def test_findings__say_what_to_do():
    assert "touches 0.5% of the genome" in size_findings(0.005, np.nan)[0].text
    assert "holds 0.1% of the reference SNPs" in size_findings(np.nan, 0.001)[0].text
    assert size_findings(0.02, 0.001) == [] and size_findings(np.nan, 0.001, binary=False) == []
    assert inflation_findings(2) == [] and inflation_findings(50)[0].level == "note"
    assert inflation_findings(5000)[0].level == "unusable"
    assert share_findings(-0.2, 0.05)[0].level == "unusable" and "4.0 SE outside" in share_findings(-0.2, 0.05)[0].text
    assert share_findings(1.1, 0.2)[0].level == "caution" and share_findings(0.5, 0.1) == []
    assert share_findings(-0.5, 0.1, binary=False) == []
    assert "rests on 3 of 200" in block_findings(3.2, 200)[0].text and block_findings(150, 200) == []
    assert block_findings(90, 100)[0].code == "jackknife t"
    found = condition_findings(500, np.array([300.0, 1.5, 300.0]), ["a", "b", "c"])
    assert found[0].level == "caution" and "mostly a, c" in found[0].text
    assert condition_findings(1e6, np.ones(2), ["a", "b"])[0].level == "unusable"
    assert condition_findings(20, np.ones(2), ["a", "b"]) == []
