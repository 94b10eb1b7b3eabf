"""The band of r² against a slow version in plain Python, on panels with and without missing calls."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ldscores.building.sweep as sweep_module
from ldscores.building.sweep import SweepOptions, sweep_taggings
from ldscores.kernels.band import BandPart, add_band, correct_bias, standardised_band, whole_number_band
from ldscores.kernels.covariates import covariate_basis, residual_genotypes
from ldscores.kernels.genotypes import MISSING, SnpSummary, standardise_dosages, summarise_dosages
from ldscores.kernels.gram import SlidingSum, full_chunks, gram_is_cheaper
from ldscores.kernels.windows import window_starts
from ldscores.panels.reference_panel import make_panel
from ldscores.shared.errors import InputError


def invent_dosages(seed: int, n_snps: int, n_people: int, missing: float = 0.0) -> np.ndarray:
    """Linked SNPs that all vary."""
    rng = np.random.default_rng(seed)
    dosages = rng.binomial(2, rng.uniform(0.05, 0.5, (n_snps, 1)), (n_snps, n_people)).astype(np.int8)
    dosages[1:] = np.where(rng.random((n_snps - 1, n_people)) < 0.6, dosages[:-1], dosages[1:])
    dosages[rng.random(dosages.shape) < missing] = MISSING
    dosages[:, :3] = [0, 1, 2]
    return dosages


def slow_taggings(dosages, positions, width, columns, unbiased=True, min_r2=0.0) -> list[list[float]]:
    """SPEC-LDSC 6 in plain Python, one pair at a time."""
    standardised = []
    for snp in dosages.tolist():
        called = [x for x in snp if x >= 0]
        mean = sum(called) / len(called)
        filled = [x - mean if x >= 0 else 0.0 for x in snp]
        size = (sum(x * x for x in filled) / len(filled)) ** 0.5
        standardised.append([x / size for x in filled])
    n_people, n_snps = len(standardised[0]), len(standardised)
    taggings = [[0.0] * len(columns[0]) for _ in range(n_snps)]
    for j in range(n_snps):
        for k in range(n_snps):
            if abs(positions[j] - positions[k]) > width:
                continue
            r = sum(x * y for x, y in zip(standardised[j], standardised[k], strict=True)) / n_people
            if j != k and r * r < min_r2:
                continue
            u = 1.0 if j == k else r * r - ((1 - r * r) / (n_people - 2) if unbiased else 0.0)
            for c, value in enumerate(columns[k]):
                taggings[j][c] += u * value
    return taggings


@pytest.mark.parametrize("missing", [0.0, 0.05])
@pytest.mark.parametrize("n_columns", [1, 3, 7, 17])
@pytest.mark.parametrize("unbiased", [True, False])
@pytest.mark.parametrize("min_r2", [0.0, 0.05])
def test_sweep__equals_plain_python(missing, n_columns, unbiased, min_r2):
    dosages = invent_dosages(1, 90, 40, missing)
    bp = np.sort(np.random.default_rng(2).integers(1, 5000, 90))
    columns = np.random.default_rng(3).normal(size=(90, n_columns))
    panel = make_panel(dosages, ["1"] * 90, bp)
    starts = window_starts(bp, 800)
    expected = slow_taggings(dosages, bp.tolist(), 800, columns.tolist(), unbiased, min_r2)
    for double, tolerance in ((True, 1e-11), (False, 1e-5)):
        options = SweepOptions(1, 1.0, double, unbiased, min_r2)
        found = sweep_taggings(panel, panel.summarise(), starts, columns, options)
        np.testing.assert_allclose(found, expected, rtol=0, atol=tolerance)


@pytest.mark.parametrize("n_columns", [1, 5])
def test_sweep__does_not_depend_on_pieces_and_threads(n_columns, monkeypatch):
    """Windows wider than a piece, and pieces smaller than a block."""
    dosages = invent_dosages(4, 1500, 30)
    panel = make_panel(dosages, ["1"] * 1500, np.arange(1, 1501))
    columns = np.random.default_rng(5).uniform(size=(1500, n_columns))
    starts = window_starts(panel.bp, 700)
    whole = sweep_taggings(panel, panel.summarise(), starts, columns, SweepOptions(1, 1.0, True))
    for piece in (256, 512):
        monkeypatch.setattr(sweep_module, "_PIECE", piece)
        found = sweep_taggings(panel, panel.summarise(), starts, columns, SweepOptions(2, 1.0, True))
        np.testing.assert_allclose(found, whole, rtol=1e-12)


def test_sweep__same_bytes_with_any_number_of_threads():
    panel = make_panel(invent_dosages(6, 9000, 20), ["1"] * 9000, np.arange(1, 9001))
    columns = np.random.default_rng(7).uniform(size=(9000, 5))
    starts = window_starts(panel.bp, 60)
    one, three = (
        sweep_taggings(panel, panel.summarise(), starts, columns, SweepOptions(n_threads)) for n_threads in (1, 3)
    )
    assert one.tobytes() == three.tobytes()


@pytest.mark.parametrize("n_columns", [1, 5])
def test_sweep__little_memory_makes_shorter_pieces(n_columns, monkeypatch):
    panel = make_panel(invent_dosages(6, 3000, 20), ["1"] * 3000, np.arange(1, 3001))
    columns, starts = np.ones((3000, n_columns)), window_starts(panel.bp, 900)
    read = []

    def reading(self, first, last):
        read.append(last - first)
        return self.genotypes.dosages[first:last]

    monkeypatch.setattr(type(panel), "dosages", reading)
    summary = SnpSummary(summarise_dosages(panel.genotypes.dosages).counts)
    whole, little = (
        sweep_taggings(panel, summary, starts, columns, SweepOptions(1, memory, True)) for memory in (1.0, 0.0004)
    )
    assert read[0] == 3000 and max(read[1:]) <= 1280
    np.testing.assert_allclose(little, whole, rtol=1e-12)


def test_sweep__memory_too_small_is_said():
    panel = make_panel(invent_dosages(6, 50, 20), ["1"] * 50, np.arange(1, 51))
    with pytest.raises(InputError, match=r"--memory 1e-06: 20 people, 1 columns and 1 threads need at least"):
        sweep_taggings(panel, panel.summarise(), np.zeros(50, int), np.ones((50, 1)), SweepOptions(1, 1e-6))


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 1000), st.integers(2, 6), st.integers(0, 200))
def test_sum_over_a_partition__equals_the_whole(seed, n_parts, width):
    dosages = invent_dosages(seed, 80, 25)
    panel = make_panel(dosages, ["1"] * 80, np.arange(1, 81) * 10)
    part_of = np.random.default_rng(seed).integers(0, n_parts, 80)
    columns = np.column_stack([part_of == part for part in range(n_parts)] + [np.ones(80)]).astype(float)
    starts = window_starts(panel.bp, width)
    found = sweep_taggings(panel, panel.summarise(), starts, columns, SweepOptions(double=True))
    np.testing.assert_allclose(found[:, :-1].sum(axis=1), found[:, -1], rtol=1e-11, atol=1e-11)


def test_correct_bias__of_two_people_divides_by_two():
    """LDSC: n - 2 becomes n when n is at most 2."""
    found = correct_bias(np.array([[0.5]]), np.array([[1.0]]), np.ones((1, 1)), 2)
    assert found[0, 0] == 1 + (0.5 - 0.5 / 2)


def test_band__whole_numbers_and_standardised_agree():
    dosages = invent_dosages(8, 60, 50)
    summary = summarise_dosages(dosages)
    standardised = standardised_band(standardise_dosages(dosages, summary, dtype=np.float64))
    sums = []
    for genotypes in (standardised, whole_number_band(dosages, summary)):
        part = BandPart.begin(0, genotypes, np.ones((60, 1)))
        add_band(part, part, np.zeros(60, int))
        sums.append(part.scaled_sums())
    np.testing.assert_allclose(*sums, rtol=1e-12)


def test_whole_numbers__are_refused_with_missing_calls():
    dosages = invent_dosages(9, 5, 30, 0.3)
    with pytest.raises(ValueError, match="without missing"):
        whole_number_band(dosages, summarise_dosages(dosages))


# ---------------------------------------------------------------------------------------------------------------------
# Genotypes


def test_summary__of_counts():
    dosages = np.array([[0, 1, 2, MISSING], [1, 1, 1, 1], [MISSING] * 4, [2, 2, 2, 2]], dtype=np.int8)
    summary = summarise_dosages(dosages)
    np.testing.assert_array_equal(summary.counts, [[1, 1, 1, 1], [0, 4, 0, 0], [0, 0, 0, 4], [0, 0, 4, 0]])
    np.testing.assert_allclose(summary.mean, [1, 1, np.nan, 2])
    np.testing.assert_allclose(summary.maf, [0.5, 0.5, np.nan, 0])
    np.testing.assert_allclose(summary.variance, [2 / 3, 0, 0, 0])
    np.testing.assert_allclose(summary.imputed_variance, [0.5, 0, 0, 0])


def test_maf__at_five_percent_rounds_as_ldsc():
    """1 - 0.95 is above 0.05 in binary: which allele is rare decides whether LDSC counts the SNP as common."""
    counts = np.array([[270, 30, 0, 0], [0, 30, 270, 0]])
    maf = SnpSummary(counts).maf
    assert maf[0] > 0.05 and maf[1] == 0.05


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_standardised__mean_zero_mean_square_one(dtype):
    dosages = invent_dosages(10, 30, 70, 0.1)
    dosages[4] = 1
    values = standardise_dosages(dosages, dtype=dtype)
    np.testing.assert_allclose(values.mean(axis=1), 0, atol=1e-6)
    np.testing.assert_allclose((values**2).mean(axis=1), np.arange(30) != 4, rtol=1e-5)
    assert (values[dosages < 0] == 0).all()


def test_covariates__are_regressed_out():
    rng = np.random.default_rng(11)
    values = standardise_dosages(invent_dosages(12, 20, 60), dtype=np.float64)
    covariates = rng.normal(size=(60, 3))
    with_repeat = np.column_stack([covariates, covariates[:, 0] * 2 + 5, np.ones(60)])
    basis = covariate_basis(with_repeat)
    assert basis.shape == (60, 4)
    residuals = residual_genotypes(values, basis)
    np.testing.assert_allclose(residuals @ with_repeat, 0, atol=1e-9)
    np.testing.assert_allclose((residuals**2).mean(axis=1), 1)
    design = np.column_stack([np.ones(60), covariates])
    slow = values[0] - design @ np.linalg.lstsq(design, values[0], rcond=None)[0]
    np.testing.assert_allclose(residuals[0], slow / np.sqrt((slow**2).mean()))


# ---------------------------------------------------------------------------------------------------------------------
# Gram matrices


@given(st.lists(st.booleans(), max_size=40))
def test_sliding_sum__is_the_sum_of_the_queue(pushes):
    queue, inside, number = SlidingSum(2), [], 0
    for push in pushes:
        if push:
            number += 1
            queue.push(np.full((2, 2), number, dtype=np.float32))
            inside.append(number)
        elif inside:
            queue.pop()
            inside.pop(0)
        np.testing.assert_array_equal(queue.total(), sum(inside))


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 1000), st.integers(1, 700), st.integers(0, 400))
def test_full_chunks__lie_in_all_windows_of_each_other(seed, n_snps, width):
    places = np.sort(np.random.default_rng(seed).integers(0, 1000, n_snps))
    starts = window_starts(places, width)
    edges, lows, highs = full_chunks(starts)
    for b in range(len(lows)):
        for q in range(len(lows)):
            span = places[edges[b] : edges[b + 1]], places[edges[q] : edges[q + 1]]
            full = all(np.abs(one[0] - other[-1]) <= width for one, other in (span, span[::-1]))
            assert full == (lows[b] <= q < highs[b])


@pytest.mark.parametrize("missing", [0.0, 0.03])
@pytest.mark.parametrize("width", [250, 900, 5000])
def test_gram__equals_the_band(missing, width, monkeypatch):
    dosages = invent_dosages(13, 2000, 24, missing)
    places = np.sort(np.random.default_rng(14).integers(1, 3000, 2000))
    panel = make_panel(dosages, ["1"] * 2000, places)
    starts, columns = window_starts(places, width), np.random.default_rng(15).normal(size=(2000, 2))
    columns[:, 0] = 1
    band = sweep_taggings(panel, panel.summarise(), starts, columns, SweepOptions(1, 1.0, double=True))
    monkeypatch.setattr(sweep_module, "gram_is_cheaper", lambda *_: True)
    for windows, piece in ((4, 4096), (0, 512)):
        monkeypatch.setattr(sweep_module, "_WINDOWS_IN_A_PIECE", windows)
        monkeypatch.setattr(sweep_module, "_PIECE", piece)
        found = sweep_taggings(panel, panel.summarise(), starts, columns, SweepOptions(2, 1.0))
        # Single precision errs by 1e-6 of the sums of r², of which the correction of the bias leaves a small part.
        np.testing.assert_allclose(found, band, rtol=0, atol=2e-6 * 2000 * width / 3000)


def test_gram__is_used_for_wide_windows_and_few_columns_only():
    assert gram_is_cheaper(500, 3000, 1, 1) and gram_is_cheaper(500, 3000, 1, 0)
    assert not gram_is_cheaper(500, 600, 1, 1)
    assert not gram_is_cheaper(500, 3000, 36, 1)
    assert not gram_is_cheaper(10_000, 3000, 1, 1)
