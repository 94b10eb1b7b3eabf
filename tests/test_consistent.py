"""Consistent correlations of atlases and tables, hypotheses, number of factors: against definitions and symmetries."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from agreement import check_digits
from atlas_worlds import build_noise, build_truth, make_atlas, simulate_atlas
from conftest import SHARED
from scipy import stats

from ldscores.shared.errors import FitError, InputError
from sumh2.atlas import consistent_cost
from sumh2.atlas.atlas_result import cells_of, matrix_of
from sumh2.atlas.clustering import cluster_traits
from sumh2.atlas.consistency import check_consistency
from sumh2.atlas.consistent import fit_consistent
from sumh2.atlas.consistent_table import RgTable, fit_consistent_table
from sumh2.atlas.factor_count import count_factors
from sumh2.atlas.hypotheses import check_hypothesis, parse_hypothesis
from sumh2.atlas.joint_errors import usable_traits
from sumh2.atlas.rg_table_files import read_rg_table
from sumh2.kernels.error_structure import error_metric
from sumh2.kernels.nearest_covariance import nearest_covariance

PUBLISHED = SHARED / "data" / "published_results"


def world(n_traits=8, seed=1, **options):
    """An atlas of a truth of rank 2: its estimates contradict each other."""
    rng = np.random.default_rng(seed)
    sigma, noise = build_truth(rng, n_traits, 2, unique=(0, 0)), build_noise(rng, n_traits)
    return simulate_atlas(rng, sigma, noise, n_blocks=100, nu=60, **options)


@pytest.fixture(scope="module")
def atlas():
    return world()


@pytest.fixture(scope="module")
def fitted(atlas):
    return fit_consistent(atlas, n_draws=50)


# ---------------------------------------------------------------------------------------------------------------------
# Consistent atlas


def test_raw_contradicts_itself_and_consistent_does_not(atlas, fitted):
    assert fitted.eigenvalues_before[0] < -1e-3
    assert fitted.eigenvalues_after[0] > -1e-9
    assert fitted.converged
    assert fitted.n_unconverged == 0
    check_digits(fitted.distance, error_metric(atlas.factor, 8).distance(fitted.gcov - atlas.gcov), 6)


def test_errors__are_those_of_refitted_replicates(atlas, fitted):
    """The jackknife written out: every replicate projected from scratch."""
    metric = error_metric(atlas.factor, 8)
    delete_values = atlas.delete_values()
    again = []
    for row in delete_values:
        replicate = matrix_of(row, 8)
        nearest = nearest_covariance(replicate, metric, tolerance=1e-8, hold_trace=True).matrix
        units = np.sqrt(np.diag(replicate) / np.diag(nearest))
        again.append(nearest * np.outer(units, units))
    gcov = np.array([cells_of(matrix) for matrix in again])
    rg = np.array([cells_of(m / np.sqrt(np.outer(np.diag(m), np.diag(m)))) for m in again])
    for found, values in ((fitted.gcov_se, gcov), (fitted.rg_se, rg)):
        se = np.sqrt(((values - values.mean(axis=0)) ** 2).sum(axis=0) * 99 / 100)
        ours = cells_of(found)
        assert np.abs(ours - se).max() < 2e-3 * se.max()
    factor = np.asarray(fitted.factor, dtype=float)
    expected = np.cov(gcov, rowvar=False, ddof=1) * 99**2 / 100
    assert np.abs(factor.T @ factor - expected).max() < 5e-3 * np.abs(expected).max()


def test_heritabilities__stay_and_need_not(atlas, fitted):
    check_digits(np.diag(fitted.gcov), np.diag(atlas.gcov), 12)
    check_digits(np.diag(fitted.gcov_se), np.diag(atlas.gcov_se), 4)
    free = fit_consistent(atlas, n_draws=0, replicates=False, hold=False)
    assert np.mean((np.diag(free.gcov) - np.diag(atlas.gcov)) / np.diag(atlas.gcov_se)) > 0.1
    assert free.distance < fitted.distance
    check_digits(free.distance, nearest_covariance(atlas.gcov, error_metric(atlas.factor, 8)).distance, 4)


def test_consistent_estimates__stay(atlas):
    inside = replace(
        atlas, gcov=atlas.gcov + 0.1 * np.eye(8), delete_mean=atlas.delete_mean + 0.1 * cells_of(np.eye(8))
    )
    found = fit_consistent(inside, n_draws=20)
    assert np.array_equal(found.gcov, inside.gcov)
    assert found.p == 1.0
    assert np.abs(found.gcov_se / inside.gcov_se - 1).max() < 1e-4


def test_units_and_order__do_not_matter(atlas, fitted):
    order = np.random.default_rng(3).permutation(8)
    permuted = fit_consistent(atlas.take(order), n_draws=0)
    assert np.abs(permuted.gcov - fitted.gcov[np.ix_(order, order)]).max() < 1e-6 * np.abs(fitted.gcov).max()
    units = np.exp(np.random.default_rng(4).normal(0, 1, 8))
    product = np.outer(units, units)
    cells = cells_of(product)
    scaled = replace(
        atlas, gcov=atlas.gcov * product, gcov_se=atlas.gcov_se * product, factor=atlas.factor * cells,
        delete_mean=atlas.delete_mean * cells,
    )  # fmt: skip
    again = fit_consistent(scaled, n_draws=0)
    assert np.abs(again.rg - fitted.rg).max() < 1e-5
    assert np.abs(again.rg_se - fitted.rg_se).max() < 1e-4


def test_bad_traits__are_left_out_with_their_reason():
    atlas = world(6, seed=2)
    gcov, factor = atlas.gcov.copy(), matrix_of(atlas.factor, 6)
    gcov[1, :] = gcov[:, 1] = np.nan
    factor[:, 1, :] = factor[:, :, 1] = np.nan
    gcov[3, 3] = -0.01
    gcov[4, 5] = gcov[5, 4] = np.nan
    why = "no fit: too few SNPs"
    traits = tuple(replace(trait, why=why) if trait.name == "trait2" else trait for trait in atlas.traits)
    broken = replace(atlas, traits=traits, gcov=gcov, factor=cells_of(factor))
    found = fit_consistent(broken, n_draws=0, replicates=False)
    assert len(found.names) == 3
    reasons = dict(found.left_out)
    assert reasons["trait2"] == why
    assert "-0.01, not positive" in reasons["trait4"]
    assert "1 of its pairs could not be fitted" in reasons["trait5"]
    assert "left out: trait2: no fit: too few SNPs" in str(found)
    with pytest.raises(FitError, match="atlas: 1 of 6 traits can be used together, .*; left out: trait2: no fit"):
        usable_traits(replace(broken, gcov=np.where(np.arange(6) < 1, broken.gcov, np.nan)))


def test_report_and_files(tmp_path, fitted):
    text = str(fitted)
    assert "8 traits, 28 pairs" in text
    assert "eigenvalues of rg before:" in text
    records = fitted.to_records()
    assert len(records) == 28
    for row in records:
        assert -1 <= row["rg_lower"] <= row["rg"] <= row["rg_upper"] <= 1
        check_digits(row["rg_z"], row["rg"] / max(row["rg_se"], row["raw_rg_se"]), 12)
        check_digits(row["moved_se"], (row["gcov"] - row["raw_gcov"]) / row["raw_gcov_se"], 10)
    table, record = fitted.save(tmp_path / "x")
    assert table.exists()
    assert '"eigenvalues_before"' in record.read_text()


def test_test_of_consistency__rejects_what_cannot_be():
    """Move one correlation by many SE against the others: no covariance matrix is near."""
    atlas = world(seed=2)
    assert fit_consistent(atlas, n_draws=100, replicates=False).p > 0.05
    gcov = atlas.gcov.copy()
    gcov[0, 1] = gcov[1, 0] = gcov[0, 1] - 12 * np.sign(gcov[0, 1]) * atlas.gcov_se[0, 1]
    statistic, p = check_consistency(replace(atlas, gcov=gcov), 100, 1)
    assert p == pytest.approx(1 / 101)
    assert statistic > 50
    assert check_consistency(atlas, 100, 1) == check_consistency(atlas, 100, 1), "a seed gives the same draws"


def test_factor_fit__has_its_rank(atlas):
    found = fit_consistent(atlas, n_factors=2, unique=False, n_draws=0)
    assert np.linalg.matrix_rank(found.gcov, tol=1e-9) == 2
    assert np.isfinite(found.rg_se).all()
    assert found.distance >= fit_consistent(atlas, n_draws=0, replicates=False, hold=False).distance
    with_unique = fit_consistent(atlas, n_factors=1, n_draws=0, replicates=False)
    assert "1 factor and unique variances" in str(with_unique)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_factors": 0}, "--factors: found 0"),
        ({"n_factors": 9}, "found 9 for 8 traits"),
        ({"metric": "plain"}, "found 'plain'"),
        ({"n_draws": -1}, "--draws: found -1"),
    ],
)
def test_wrong_options__are_named(atlas, options, message):
    with pytest.raises(InputError, match=message):
        fit_consistent(atlas, **options)


def test_many_traits__say_beforehand_how_long(atlas, caplog, monkeypatch):
    """Product .05 s and projection 1 s, as of a thousand traits: replicates are 9 projections each, tests half of one."""
    cost = consistent_cost.forecast_cost((0.05, 1.0), 1000, 200, "shrunk", True, 200)
    assert (cost.structure, cost.fit, cost.replicates) == (0.05 * (14 * 1.5 * 60 + 400), 25, 1800)
    assert cost.test == cost.structure + 30 + 200 * 0.6
    quick = consistent_cost.forecast_cost((0.05, 1.0), 1000, 200, "structured", False, 0)
    assert (quick.fit, quick.replicates, quick.test) == (1, 0, 0)
    text = consistent_cost.cost_text(1000, cost, quick)
    assert text.startswith(
        "consistent: 1,000 traits take about 36 min here (structure 83 s, fit 25 s, replicates 30 min"
    )
    assert "--metric structured: 84 s; --no-replicates" in text
    monkeypatch.setattr("sumh2.atlas.consistent.FEW_TRAITS", atlas.n_traits)
    with caplog.at_level("INFO", logger="sumh2"):
        fit_consistent(atlas, n_draws=0, replicates=False)
    assert caplog.messages[0].startswith("consistent: 8 traits take about ")


def test_the_same_trait_twice__is_named(atlas):
    twice = atlas.take(range(8))
    cells = matrix_of(twice.factor, 8)
    cells[:, 1, :], cells[:, :, 1] = cells[:, 0, :], cells[:, :, 0]
    cells[:, 1, 1] = cells[:, 0, 0]
    cells[:, 0, 1] = cells[:, 1, 0] = cells[:, 0, 0]
    with pytest.raises(FitError, match="two traits are the same data"):
        fit_consistent(replace(twice, factor=cells_of(cells)), n_draws=0)


# ---------------------------------------------------------------------------------------------------------------------
# Hypotheses


def test_one_equation__is_the_jackknife_of_the_difference(atlas):
    found = check_hypothesis(atlas, "rg(trait1, trait2) = rg(trait1, trait3)")
    deleted = matrix_of(atlas.delete_values(), 8)

    def rg(matrix, a, b):
        return matrix[..., a, b] / np.sqrt(matrix[..., a, a] * matrix[..., b, b])

    difference = rg(atlas.gcov, 0, 1) - rg(atlas.gcov, 0, 2)
    replicates = rg(deleted, 0, 1) - rg(deleted, 0, 2)
    se = np.sqrt(((replicates - replicates.mean()) ** 2).sum() * 99 / 100)
    check_digits(found.equations[0].se, se, 8)
    check_digits(found.statistic, difference / se, 8)
    check_digits(found.p, 2 * stats.norm.sf(abs(difference / se)), 8)


def test_h2_and_numbers(atlas):
    found = check_hypothesis(atlas, "h2(trait1) = h2(trait2)")
    cov = atlas.cov(np.array([0, 8]))
    check_digits(found.equations[0].se, np.sqrt(cov[0, 0] + cov[1, 1] - 2 * cov[0, 1]), 8)
    assert found.test == "z"
    number = check_hypothesis(atlas, "gcov(trait1,trait2)=0.1").equations[0]
    check_digits(number.difference, atlas.gcov[0, 1] - 0.1, 12)
    check_digits(number.se, atlas.gcov_se[0, 1], 8)


def test_blocks_of_zero__are_hotellings(atlas):
    found = check_hypothesis(atlas, "gcov({trait1, trait2}, {trait3, trait4, trait5}) = 0")
    cells = [2, 3, 4, 9, 10, 11]
    d, v = cells_of(atlas.gcov)[cells], atlas.cov(np.array(cells))
    f = (100 - 6) / (6 * 99) * d @ np.linalg.solve(v, d)
    check_digits(found.statistic, f, 7)
    assert (found.df1, found.df2) == (6, 94)
    check_digits(found.p, stats.f.sf(f, 6, 94), 6)
    assert "all 6 together (Hotelling T2)" in str(found)
    assert len(found.to_records()) == 6


def test_many_equations__use_the_sum_of_squares(atlas):
    names = [f"trait{i}" for i in range(1, 9)]
    hypothesis = "; ".join(f"gcov({a}, {b}) = 0" for i, a in enumerate(names) for b in names[i + 1 :])
    found = check_hypothesis(atlas, hypothesis)
    assert found.test == "sum of squares"
    z = np.array([row.z for row in found.equations])
    v = atlas.cov(
        np.flatnonzero(np.triu(np.ones((8, 8)))[np.triu_indices(8)] * (np.subtract(*np.triu_indices(8)) != 0))
    )
    r = v / np.sqrt(np.outer(np.diag(v), np.diag(v)))
    trace = 99**2 / (98 * 101) * ((r**2).sum() - 28**2 / 99)
    check_digits(found.statistic, (z**2).sum() * 28 / trace, 7)
    check_digits(found.df1, 28**2 / trace, 7)


def test_names_in_quotes__are_read():
    found = parse_hypothesis('rg("a, b", "c = d") = rg(x-1.2, y z); h2(q) = .5')
    assert [str(equation) for equation in found] == ["rg(a, b, c = d) = rg(x-1.2, y z)", "h2(q) = 0.5"]
    assert found[0].left.traits == ("a, b", "c = d")


@pytest.mark.parametrize(
    ("hypothesis", "message"),
    [
        ("rg(a, b)", "found the end, expected an equality sign"),
        ("rg(a) = 0", "found 1 traits in rg, expected 2"),
        ("h2(a, b) = 0", "found 2 traits in h2, expected 1"),
        ("cor(a, b) = 0", "found 'cor', expected rg, gcov or h2"),
        ("rg(a, b) = zero", "found 'zero', expected a number, rg, gcov or h2"),
        ("rg(a, b) = 0 0", "found '0 0', expected a number"),
        ("rg({a, b}, c) = rg(d, e)", "found groups on both sides"),
        ("rg(a, b = 0", "found '=', expected a closing bracket"),
        ('rg("a, b) = 0', "a quote is not closed"),
        ("", "found the end, expected rg, gcov or h2"),
    ],
)
def test_hypotheses_that_cannot_be_read(hypothesis, message):
    with pytest.raises(InputError, match=message):
        parse_hypothesis(hypothesis)


def test_hypotheses_that_cannot_be_tested(atlas):
    with pytest.raises(InputError, match=r"trait tarit1: not among the 8 traits .* did you mean trait1"):
        check_hypothesis(atlas, "h2(tarit1) = 0")
    with pytest.raises(InputError, match="names one trait twice"):
        check_hypothesis(atlas, "rg(trait1, trait1) = 1")
    with pytest.raises(InputError, match="an equation stands there twice"):
        check_hypothesis(atlas, "h2(trait1) = 0; h2(trait1) = 0")
    with pytest.raises(FitError, match="some equations follow from others"):
        check_hypothesis(atlas, "h2(trait1) = h2(trait2); h2(trait2) = h2(trait3); h2(trait1) = h2(trait3)")
    negative = replace(atlas, gcov=atlas.gcov - 10 * np.diag(np.arange(8) == 0))
    with pytest.raises(FitError, match="an h2 is not positive; test gcov instead"):
        check_hypothesis(negative, "rg(trait1, trait2) = 0")


# ---------------------------------------------------------------------------------------------------------------------
# Number of factors, order of traits


def test_parallel_analysis__finds_two_factors():
    rng = np.random.default_rng(1)
    sigma, noise = build_truth(rng, 12, 2, unique=(0.3, 0.5)), build_noise(rng, 12)
    found = count_factors(simulate_atlas(rng, sigma, noise, nu=100), n_draws=100)
    assert found.n_factors == 2
    assert found.eigenvalues[1] > found.null_limit[1]
    null = simulate_atlas(rng, np.diag(np.diag(sigma)), noise, nu=100)
    assert count_factors(null, n_draws=100).n_factors <= 1
    assert "2 factors (parallel analysis, 100 draws)" in str(found)
    with pytest.raises(InputError, match="found quantile 2"):
        count_factors(null, quantile=2)


def test_clustered_order__puts_groups_together():
    rg = np.full((6, 6), 0.05)
    groups = np.array([0, 1, 0, 1, 0, 1])
    rg[groups[:, None] == groups] = 0.8
    np.fill_diagonal(rg, 1)
    rg[0, 1] = rg[1, 0] = np.nan
    order = cluster_traits(rg)
    assert sorted(order) == list(range(6))
    assert (np.diff(groups[order]) != 0).sum() == 1


# ---------------------------------------------------------------------------------------------------------------------
# Tables


def write(path, text):
    path.write_text(text)
    return path


def test_list_of_pairs(tmp_path):
    path = write(tmp_path / "rg.tsv", "p1\tp2\trg\tse\na\tb\t0.9\t0.1\na\tc\t0.9\t0.1\nc\tb\t0.2\t0.1\n")
    found = fit_consistent_table(read_rg_table(path))
    assert set(found.table.names) == {"a", "b", "c"}
    check_digits(found.eigenvalues_before[0], -0.177, 2)
    assert found.eigenvalues_after[0] > -1e-9
    assert "1 negative, smallest -0.1767" in str(found)


def test_square_matrix_with_z(tmp_path):
    rg = write(tmp_path / "rg.tsv", "\ta\t10\nb\t1\t0.5\n".replace("b\t", "a\t") + "10\t0.5\t1\n")
    z = write(tmp_path / "z.tsv", "\ta\t10\na\t\t5\n10\t5\t\n")
    found = read_rg_table(rg, z=z)
    check_digits(found.rg_se[0, 1], 0.1, 12)
    assert found.names == ("a", "10")
    with pytest.raises(InputError, match="expected its standard errors with --se FILE or its z scores"):
        read_rg_table(rg)


def test_one_trait_with_many_and_missing_cells(tmp_path):
    path = write(tmp_path / "rg.csv", "IDP,rg,rg_se\n0165,0.068,0.04\n0166,-0.3,0.04\n0167,,\n")
    with pytest.raises(InputError, match="name it with --other"):
        read_rg_table(path)
    found = fit_consistent_table(read_rg_table(path, other="EA"))
    assert found.table.names[0] in ("0165", "165")
    rows = found.to_records()
    assert sum(row["status"] == "unusable" for row in rows) == 4
    assert np.nanmax(np.abs([row["moved_se"] for row in rows])) == 0


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("p1\tp2\trg\na\tb\t0.9\n", "found no column rg_se or rg_z"),
        ("p1\tp2\trg\tse\na\tb\t0.9\t0.1\nb\ta\t0.2\t0.1\n", "b - a stands there twice with 0.9 and 0.2"),
        ("p1\tp2\trg\tse\na\tb\tx\t0.1\n", "holds text"),
    ],
)
def test_wrong_tables__are_named(tmp_path, text, message):
    with pytest.raises(InputError, match=message):
        read_rg_table(write(tmp_path / "rg.tsv", text))


def test_cells_without_errors__are_named():
    table = RgTable(("a", "b"), np.array([[1, 0.5], [0.5, 1]]), np.zeros((2, 2)), "x.tsv")
    with pytest.raises(InputError, match="1 correlations have no positive standard error"):
        fit_consistent_table(table)


@pytest.mark.shared
def test_published_62_traits__are_made_consistent():
    stem = PUBLISHED / "pleioh2g_62traits"
    found = fit_consistent_table(read_rg_table(f"{stem}_Results_full_rg.tsv.gz", z=f"{stem}_Rg_mat_z.tsv.gz"))
    assert found.converged
    assert np.count_nonzero(found.eigenvalues_before < 0) == 7
    check_digits(found.eigenvalues_before[0], -0.2223, 3)
    assert found.eigenvalues_after[0] > -1e-9
    moved = np.abs(found.moved[np.triu_indices(62, 1)])
    assert moved.max() < 2
    # No feasible point is nearer: shrinking towards the identity until positive semi-definite is one.
    share = 1 / (1 - found.eigenvalues_before[0])
    shrunk = share * np.nan_to_num(found.table.rg, nan=0.0)
    off = np.triu_indices(62, 1)
    assert found.distance < (((shrunk - found.table.rg)[off] / found.table.rg_se[off]) ** 2).sum()


@pytest.mark.shared
def test_published_163_brain_traits__are_one_row_and_fit():
    """163 correlations with one trait (EA): a star, completed by every set of |rg| <= 1 (Grone et al. 1984)."""
    found = fit_consistent_table(read_rg_table(PUBLISHED / "rg_ALL_163_IDPs_FINAL.csv", other="EA"))
    assert len(found.table.names) == 164
    assert np.nanmax(np.abs(found.moved)) == 0


def test_make_atlas__has_the_jackknife_of_its_delete_values():
    """The simulated worlds themselves: delete values come back."""
    rng = np.random.default_rng(1)
    delete_values = rng.normal(0.2, 0.01, (30, 3)) + [0.1, 0, 0.1]
    made = make_atlas(matrix_of(delete_values.mean(axis=0), 2), delete_values)
    check_digits(made.delete_values(), delete_values, 10)
