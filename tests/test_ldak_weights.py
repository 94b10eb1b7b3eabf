"""LDAK weightings: LDAK's sections, weights and files, scipy's solver, optimality conditions, messages."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ldak_panels import LDAK, PANELS, reference_panel, reference_text, simulated_panel, slow_r2
from scipy.optimize import nnls

from ldscores.kernels import ldak_weightings as kernels
from ldscores.ldak.thinning import thin_panel
from ldscores.ldak.weighting_files import read_ldak_weights, read_pvalues, write_ldak_weights
from ldscores.ldak.weightings import LdakWeights, cut_sections, weigh_panel
from ldscores.panels.reference_panel import make_panel
from ldscores.shared.errors import InputError

#: Half a unit of the last digit that LDAK prints, and what decimal rounding adds.
HALF = {6: 5.001e-7, 3: 5.001e-4, 2: 5.001e-3}

# ---------------------------------------------------------------------------------------------------------------------
# LDAK's numbers

VARIANTS = {
    "lp": {"solver": "simplex"},
    "decay": {"half_life": 50},
    "quick": {"solver": "quick"},
    "nothin": {"thin": False, "section_length": 500},
    "seckb": {"section_kb": 3000, "buffer": 200},
}
CASES = [(panel, "quad") for panel in PANELS] + [("human", variant) for variant in VARIANTS]


def check_weights(weights: LdakWeights, text: str):
    """Every number of ``weights.all`` within half a unit of its last digit."""
    rows = [line.split() for line in text.splitlines()]
    assert rows[0][1] == "Weight"
    assert [row[0] for row in rows[1:]] == weights.snp.to_pylist()
    expected = np.array([row[1:] for row in rows[1:]], dtype=float)
    neighbours = HALF[2] if weights.decays else 0  # LDAK rounds to two decimals on the way
    columns = ((weights.weight, HALF[6]), (weights.neighbours, neighbours), (weights.tagging, HALF[3]))
    for place, (ours, tolerance) in enumerate((*columns, (weights.check, HALF[3]))):
        theirs = expected[:, place if place < 3 else 4]
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=tolerance, err_msg=rows[0][1 + place])


@pytest.mark.shared
@pytest.mark.parametrize(("panel", "case"), CASES)
def test_weights__equal_ldak(panel, case, tmp_path):
    weights = weigh_panel(reference_panel(panel), **VARIANTS.get(case, {}))
    folder = LDAK / panel / "weights" / case
    check_weights(weights, reference_text(folder / "weights.all"))
    write_ldak_weights(weights, tmp_path / case, spread=case == "seckb")
    for name in ("section.number", "thin.dups", "weights.predictors", "thin.in", "thin.out", "thin.trivial"):
        if name in ("section.number", "thin.dups") or (tmp_path / case / name).exists():
            assert (tmp_path / case / name).read_text() == reference_text(folder / name), name
    details = (tmp_path / case / "section.details").read_text().splitlines()
    assert details[1:] == reference_text(folder / "section.details").splitlines()[1:]  # line 1 names the panel's files
    for name in ("weights.all", "weights.short", *(("weights.spread",) if case == "seckb" else ())):
        check_same_lines(tmp_path / case / name, folder / name)


def check_same_lines(ours, theirs):
    """The same file; on another machine a last digit may differ here and there."""
    one, two = ours.read_text().splitlines(), reference_text(theirs).splitlines()
    assert [line.split()[0] for line in one] == [line.split()[0] for line in two]
    assert sum(pair[0] != pair[1] for pair in zip(one, two, strict=True)) <= len(two) / 1000, ours


def test_weights__portable_equal_ldak(portable, tmp_path):
    weights = weigh_panel(reference_panel("portable"))
    folder = portable / "ldak" / "weights"
    check_weights(weights, reference_text(folder / "weights.all"))
    written = write_ldak_weights(weights, tmp_path / "weights")
    for path in written[:2]:
        check_same_lines(path, folder / path.name)
    again = read_ldak_weights(folder / "weights.all.xz").on(weights.snp, absent=0.0)
    np.testing.assert_allclose(again, weights.weight, rtol=0, atol=HALF[6])
    assert set(weights.solvers) == {"pivoting"}
    assert "SNPs have a weight above 0" in str(weights) and f"{len(weights.sections)} sections" in str(weights)


# ---------------------------------------------------------------------------------------------------------------------
# The solver


def random_band(rng, n_snps: int, half_width: int) -> np.ndarray:
    """Squared correlations of SNPs with linkage disequilibrium, cut off beyond `half_width` neighbours."""
    fresh = rng.standard_normal((n_snps, 40))
    rows = [fresh[0]]
    for row in fresh[1:]:
        share = rng.choice([0.0, 0.5, 0.9, 0.97])
        rows.append(share * rows[-1] + np.sqrt(1 - share**2) * row)
    genotypes = np.array(rows)
    genotypes = (genotypes - genotypes.mean(axis=1, keepdims=True)) / genotypes.std(axis=1, keepdims=True)
    stops = np.minimum(np.arange(n_snps) + 1 + rng.integers(0, half_width + 1, n_snps), n_snps)
    return kernels.squared_correlation_band(genotypes, np.maximum.accumulate(stops))


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), n_snps=st.integers(1, 90), half_width=st.integers(0, 100))
def test_nnls__equals_scipy_and_is_optimal(seed, n_snps, half_width):
    band = random_band(np.random.default_rng(seed), n_snps, half_width)
    matrix = kernels.dense_matrix(band)
    solution = kernels.solve_nnls(band)
    expected, residual = nnls(matrix, np.ones(n_snps), maxiter=100 * n_snps)
    assert solution.violation <= kernels.KKT_TOLERANCE and (solution.weights >= 0).all()
    assert np.linalg.norm(matrix @ solution.weights - 1) <= residual + 1e-9
    np.testing.assert_allclose(matrix @ solution.weights, matrix @ expected, atol=1e-7)
    if np.linalg.cond(matrix) < 1e6:
        np.testing.assert_allclose(solution.weights, expected, atol=1e-8)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), n_snps=st.integers(1, 90), half_width=st.integers(0, 100))
def test_band__arithmetic_equals_dense(seed, n_snps, half_width):
    rng = np.random.default_rng(seed)
    band = random_band(rng, n_snps, half_width)
    matrix, vector = kernels.dense_matrix(band), rng.standard_normal(n_snps)
    np.testing.assert_array_equal(matrix, matrix.T)
    np.testing.assert_array_equal(matrix.diagonal(), 1)
    np.testing.assert_allclose(kernels.multiply_band(band, vector), matrix @ vector, atol=1e-12)
    np.testing.assert_allclose(kernels.dense_matrix(kernels.square_band(band)), matrix @ matrix, atol=1e-12)


def test_nnls__finds_a_solution_where_copies_make_it_singular():
    """Only the sum of the weights of copies is determined."""
    band = np.array([[1.0, 1.0, 0.3], [1.0, 0.3, 0.0], [1.0, 0.0, 0.0]])
    solution = kernels.solve_nnls(band)
    expected = nnls(np.array([[1.0, 0.3], [1.0, 0.3], [0.3, 1.0]]), np.ones(3))[0]
    np.testing.assert_allclose([solution.weights[:2].sum(), solution.weights[2]], expected, atol=1e-9)
    assert solution.violation <= kernels.KKT_TOLERANCE


@pytest.mark.parametrize("seed", range(5))
def test_nnls__gives_the_weight_of_copies_to_the_first(seed):
    """Many copies, all SNPs within one window: weights are those of the distinct SNPs alone, copies counted as rows."""
    rng = np.random.default_rng(seed)
    distinct = kernels.dense_matrix(random_band(rng, 25, 24))
    origin = np.sort(rng.integers(0, 25, 70))
    matrix = distinct[np.ix_(origin, origin)]
    band = np.array([np.append(matrix[j, j:], np.zeros(j)) for j in range(70)])
    solution = kernels.solve_nnls(band)
    first = np.unique(origin, return_index=True)[1]
    expected = nnls(matrix[:, first], np.ones(70))[0]
    assert solution.solver == "pivoting" and solution.violation <= kernels.KKT_TOLERANCE
    np.testing.assert_allclose(solution.weights[first], expected, atol=1e-8)
    assert not np.delete(solution.weights, first).any()


def test_nnls__falls_back_on_scipy(monkeypatch):
    band = random_band(np.random.default_rng(3), 60, 20)
    pivoting = kernels.solve_nnls(band)
    monkeypatch.setattr(kernels, "_pivot", lambda band: None)
    fallback = kernels.solve_nnls(band)
    assert (pivoting.solver, fallback.solver) == ("pivoting", "active set")
    np.testing.assert_allclose(pivoting.weights, fallback.weights, atol=1e-9)


def test_kkt_violation__sees_wrong_weights():
    band = random_band(np.random.default_rng(4), 50, 10)
    weights = kernels.solve_nnls(band).weights
    assert kernels.kkt_violation(band, weights) < 1e-9
    assert kernels.kkt_violation(band, weights * 1.01) > 1e-3
    assert kernels.kkt_violation(band, -weights) > 0.1


def test_simplex__absolute_deviations_are_no_larger_than_those_of_least_squares():
    band = random_band(np.random.default_rng(6), 60, 15)
    matrix, simplex, squares = kernels.dense_matrix(band), kernels.solve_simplex(band), kernels.solve_nnls(band)
    assert (simplex.weights >= 0).all() and (simplex.weights <= 1).all()
    deviation = np.abs(matrix @ simplex.weights - 1).sum()
    assert deviation <= np.abs(matrix @ np.minimum(squares.weights, 1) - 1).sum() + 1e-9


# ---------------------------------------------------------------------------------------------------------------------
# Weightings of simulated panels


@pytest.mark.parametrize("seed", range(4))
def test_weights__equal_a_slow_version(seed):
    """One section: the whole matrix, pair by pair, and scipy's solver."""
    panel = simulated_panel(seed, missing=0.02)
    thin = thin_panel(panel, window_kb=30)
    weights = weigh_panel(panel, window_kb=30, thin=thin, half_life=20, min_r2=0.01)
    chrom = np.array(panel.chrom.to_pylist())
    for name in ("3", "11"):
        rows = np.flatnonzero(thin.kept & (chrom == name))
        distance = np.abs(panel.bp[rows, None] - panel.bp[rows])
        r2 = slow_r2(panel.dosages()[rows])
        decay = np.exp(-np.log(2) * distance / 20_000)
        matrix = np.where((distance <= 30_000) & (r2 >= 0.01), r2 * decay, 0)
        np.fill_diagonal(matrix, 1)
        expected = nnls(matrix, np.ones(len(rows)), maxiter=10_000)[0]
        np.testing.assert_allclose(weights.weight[rows], expected, atol=1e-8)
        np.testing.assert_allclose(weights.check[rows], matrix @ expected, atol=1e-8)
        np.testing.assert_allclose(weights.tagging[rows], matrix.sum(axis=1), atol=1e-10)
        np.testing.assert_allclose(weights.neighbours[rows], np.where(distance <= 30_000, decay, 0).sum(axis=1))
    assert not weights.weight[~thin.kept].any()


def test_weights__do_not_depend_on_threads_and_spread_keeps_the_sum():
    panel = simulated_panel(11, n_snps=600)
    one, two = (weigh_panel(panel, window_kb=20, section_length=50, n_threads=n) for n in (1, 2))
    assert len(one.sections) > 5
    np.testing.assert_array_equal(one.weight, two.weight)
    spread = one.spread()
    np.testing.assert_allclose(spread.sum(), one.weight.sum())
    assert (spread > 0).sum() > (one.weight > 0).sum()
    np.testing.assert_array_equal(weigh_panel(panel, window_kb=20, thin=False).spread() >= 0, True)


def test_weights__of_independent_snps_are_one():
    dosages = np.random.default_rng(0).integers(0, 3, (40, 50)).astype(np.int8)
    panel = make_panel(dosages, ["1"] * 40, np.arange(1, 41) * 1_000_000)
    weights = weigh_panel(panel)
    np.testing.assert_allclose(weights.weight, 1.0)
    np.testing.assert_array_equal(weights.neighbours, 1)
    assert weights.to_frame()["weight"].sum() == pytest.approx(40)


def test_weights__solver_at_its_limit_gives_quick_weights(monkeypatch, caplog):
    def fails(*args, **options):
        raise RuntimeError("Maximum number of iterations reached.")

    monkeypatch.setattr(kernels, "_pivot", lambda band: None)
    monkeypatch.setattr(kernels, "nnls", fails)
    panel = simulated_panel(1)
    weights = weigh_panel(panel, n_threads=1)
    assert set(weights.solvers) == {"quick"} and "quick weights take their place" in caplog.text
    np.testing.assert_array_equal(weights.weight, weigh_panel(panel, solver="quick").weight)


# ---------------------------------------------------------------------------------------------------------------------
# Sections


def slow_sections(positions, length, buffer):
    """SPEC-LDAK, section 3, step by step, on one chromosome."""
    n_snps = len(positions)
    count = (n_snps - 1) // length + 1
    st_ = max(j for j in range(n_snps) if positions[j] - positions[0] <= buffer)
    en = 1 + min(j for j in range(n_snps) if positions[-1] - positions[j] <= buffer)
    if en - st_ <= length:
        count = 1
    step = (n_snps - 1) // count + 1
    sections = []
    for k in range(count):
        first, last = k * step, min((k + 1) * step, n_snps) - 1
        if first > last:
            continue
        left, right = first, last
        while left > 0 and positions[first] - positions[left - 1] <= buffer:
            left -= 1
        while right < n_snps - 1 and positions[right + 1] - positions[last] <= buffer:
            right += 1
        sections.append((left, right + 1, first, last + 1))
    return sections


@settings(max_examples=60, deadline=None)
@given(
    gaps=st.lists(st.integers(0, 30), min_size=1, max_size=60), length=st.integers(1, 40), buffer=st.integers(1, 300)
)
def test_sections__equal_a_slow_version_and_hold_each_snp_once(gaps, length, buffer):
    bp = np.cumsum(gaps) + 1
    panel = make_panel(np.zeros((len(bp), 2), dtype=np.int8), ["1"] * len(bp), bp)
    cut = cut_sections(panel, bp.astype(float), buffer, length)
    found = list(zip(cut.start, cut.stop, cut.kept_start, cut.kept_stop, strict=True))
    assert found == slow_sections(bp.tolist(), length, buffer)
    for sections in (cut, cut_sections(panel, bp.astype(float), buffer, section_kb=length / 100)):
        kept = [np.arange(*pair) for pair in zip(sections.kept_start, sections.kept_stop, strict=True)]
        np.testing.assert_array_equal(np.concatenate(kept), np.arange(len(bp)))


# ---------------------------------------------------------------------------------------------------------------------
# Files and messages


@pytest.mark.parametrize(
    "text",
    [
        "rs1 0.5\nrs2 1\n",
        "Predictor Weight\nrs1 0.5\nrs2 1\n",
        "SNP\tw\nrs1\t0.5\nrs2\t1\n",
        "Predictor Weight Neighbours Tagging Info Check\nrs1 0.5 5 3.5 1.000 0.9\nrs9 NA NA NA NA NA\nrs2 1 0 0 0 0\n",
        "Predictor Other Weight\nrs1 7 0.5\nrs2 7 1\n",
    ],
)
def test_read_weights__takes_all_of_ldaks_shapes(text, tmp_path):
    path = tmp_path / "weights"
    path.write_text(text)
    weights = read_ldak_weights(path)
    assert weights.snp.to_pylist() == ["rs1", "rs2"]
    assert weights.on(pa.array(["rs2", "rs5", "rs1"]), absent=0.0).tolist() == [1.0, 0.0, 0.5]


@pytest.mark.parametrize(
    ("read", "text", "message"),
    [
        (read_ldak_weights, "rs1\nrs2\n", "found one column; expected a SNP's name and a weight.*awk"),
        (read_ldak_weights, "rs1 1\nrs2 -0.5\n", r"wrong weight \(first: -0.5 of rs2\); expected 0 or more"),
        (read_ldak_weights, "rs1 1\nrs2 inf\n", r"wrong weight \(first: inf of rs2\)"),
        (read_ldak_weights, "rs1 1\nrs1 0.5\n", r"appear more than once \(first: rs1\)"),
        (read_ldak_weights, "rs1 1\nrs2 abc\n", "found 'abc', expected a number"),
        (read_ldak_weights, "rs1 NA\n", "found no SNP with a weight"),
        (read_pvalues, "rs1 0.1\nrs2 1.5\n", r"wrong p-value \(first: 1.5 of rs2\); expected 0 to 1"),
        (read_pvalues, "rs1\nrs2\n", "found one column.*a p-value"),
    ],
)
def test_readers__say_what_is_wrong(read, text, message, tmp_path):
    path = tmp_path / "values"
    path.write_text(text)
    with pytest.raises(InputError, match=message):
        read(path)


def test_weights_on_another_panel__says_that_no_name_matches(tmp_path):
    path = tmp_path / "values"
    path.write_text("rs1 0.1\n")
    with pytest.raises(InputError, match=r"none of its rsIDs.*chr:pos"):
        read_ldak_weights(path).on(pa.array(["1:1000", "1:2000"]), absent=0.0)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"window_kb": 1, "window_cm": 1}, "1 kb and 1 cM; expected one"),
        ({"buffer": 0}, "buffer: found 0 kb"),
        ({"half_life": -3}, "half-life: found -3 kb"),
        ({"window_snps": 20, "half_life": 5}, "expected a window in kb or cM"),
        ({"section_length": 0}, "section length: found 0"),
        ({"min_r2": 1.0}, "min_r2: found 1"),
        ({"solver": "magic"}, "found 'magic'; expected nnls, simplex or quick"),
    ],
)
def test_weights__say_what_is_wrong(options, message):
    with pytest.raises(InputError, match=message):
        weigh_panel(simulated_panel(0), **options)


def test_weights__refuse_a_thinning_of_another_panel_and_a_panel_without_variation():
    panel = simulated_panel(0)
    other = thin_panel(panel.take(slice(0, 50)), window_kb=100)
    with pytest.raises(InputError, match="the thinning is of 50 SNPs, not of these 120"):
        weigh_panel(panel, thin=other)
    still = make_panel(np.ones((3, 5), dtype=np.int8), ["1"] * 3, np.array([1, 2, 3]))
    with pytest.raises(InputError, match="none of 3 SNPs varies"):
        weigh_panel(still, thin=False)


def test_write_weights__says_where_it_cannot_write(tmp_path):
    weights = weigh_panel(simulated_panel(0, n_snps=30))
    (tmp_path / "file").write_text("here")
    with pytest.raises(InputError, match="found a file; expected a folder"):
        write_ldak_weights(weights, tmp_path / "file")
    with pytest.raises(InputError, match="does not exist; create it"):
        write_ldak_weights(weights, tmp_path / "no" / "such")
