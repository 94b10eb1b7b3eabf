"""Thinning and removal of tags: LDAK's lists name by name, a slow version of the pass, properties, messages."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ldak_panels import LDAK, PANELS, reference_panel, reference_text, simulated_panel, slow_r2

from ldscores.ldak import thinning
from ldscores.ldak.tag_removal import remove_tags
from ldscores.ldak.thinning import COMMON_MAF, COMMON_R2, thin_panel
from ldscores.ldak.weighting_files import read_pvalues, write_thin_lists, write_thin_weights
from ldscores.panels.pair_windows import PairWindow
from ldscores.panels.reference_panel import make_panel
from ldscores.shared.errors import InputError

# ---------------------------------------------------------------------------------------------------------------------
# LDAK's lists


def check_lists(result, stem):
    """The lists of LDAK, name by name and in order."""
    for suffix, which in ((".in", result.kept), (".out", result.lost), (".trivial", result.trivial)):
        path = stem.with_name(stem.name + suffix)
        if suffix == ".trivial" and not path.exists():  # --thin-common writes none
            continue
        assert result.names(which).to_pylist() == reference_text(path).split(), path


SETTINGS = {"thin98": (0.98, 100), "thin50": (0.5, 1000), "thin20s": (0.2, 20)}
CASES = [(panel, case) for panel in PANELS for case in SETTINGS if case != "thin20s" or panel in ("human", "eas")]


@pytest.mark.shared
@pytest.mark.parametrize(("panel", "case"), CASES)
def test_thin__lists_equal_ldak(panel, case):
    r2, window_kb = SETTINGS[case]
    check_lists(thin_panel(reference_panel(panel), r2=r2, window_kb=window_kb), LDAK / panel / "thin" / case)


@pytest.mark.shared
@pytest.mark.parametrize("panel", PANELS)
def test_thin__representatives_equal_ldak(panel):
    """``thin.dups`` of the weightings: 1-based, -1 for none."""
    result = thin_panel(reference_panel(panel), window_kb=100)
    folder = LDAK / panel / "weights" / "quad"
    check_lists(result, folder / "thin")
    expected = np.array(reference_text(folder / "thin.dups").split()[1:], dtype=int)
    np.testing.assert_array_equal(np.where(result.representative < 0, -1, result.representative + 1), expected)


@pytest.mark.shared
def test_thin__pvalues_tops_common_cm_and_few_people_equal_ldak():
    panel, folder = reference_panel("human"), LDAK / "human" / "x"
    pvalues = read_pvalues(LDAK / "human" / "in" / "pvals").on(panel.snp, absent=np.nan)
    check_lists(thin_panel(panel, r2=0.1, window_kb=500, pvalues=pvalues), folder / "thinp")
    tops = thin_panel(panel, r2=0.1, window_kb=500, pvalues=pvalues, pvalue_cutoff=0.001)
    check_lists(tops, folder / "tops")
    assert "not used" in str(tops)
    check_lists(thin_panel(panel, r2=COMMON_R2, window_kb=100, min_maf=COMMON_MAF), folder / "common")
    check_lists(thin_panel(panel, r2=0.5, window_cm=0.1), folder / "thincm")
    few = reference_panel("human", LDAK / "human" / "in" / "few")
    assert few.n_individuals == 30  # some SNPs do not vary among so few
    check_lists(thin_panel(few, window_kb=100), folder / "few")


@pytest.mark.shared
def test_remove_tags__lists_equal_ldak(tmp_path):
    panel, folder = reference_panel("human"), LDAK / "human"
    targets = pa.array(reference_text(folder / "in" / "targets").split())
    result = remove_tags(panel, targets, r2=0.1, window_kb=1000)
    written = write_thin_lists(result, tmp_path / "rem")
    expected = [reference_text(folder / "x" / f"rem.{end}") for end in ("in", "out")]
    assert [path.read_text() for path in written] == expected


def test_thin__portable_lists_equal_ldak(portable, tmp_path):
    result = thin_panel(reference_panel("portable"), window_kb=100)
    check_lists(result, portable / "ldak" / "thin98")
    written = write_thin_lists(result, tmp_path / "thin98")
    assert [path.suffix for path in written] == [".in", ".out", ".trivial"]
    assert written[0].read_text() == (portable / "ldak" / "thin98.in").read_text()
    write_thin_weights(result, tmp_path / "weights.thin")
    assert (tmp_path / "weights.thin").read_text() == reference_text(portable / "ldak" / "weights.thin")


# ---------------------------------------------------------------------------------------------------------------------
# A slow version of the pass


def slow_thinning(panel, r2, window, p_values=None, alternates=True):
    """The rule word by word, one pair at a time (SPEC-LDAK, section 2)."""
    dosages = panel.dosages()
    varies = [len(set(row[row >= 0])) > 1 for row in dosages]
    p_values = np.full(len(panel), 2.0) if p_values is None else np.where(np.isnan(p_values), 2.0, p_values)
    all_r2 = slow_r2(dosages)
    alive = [j for j in range(len(panel)) if varies[j]]
    wide = window.size > (0.025 if window.unit == "cM" else 25)
    narrow = {"kb": 10, "cM": 0.01, "SNPs": 10}[window.unit]
    for size in [narrow, window.size] if wide else [window.size]:
        gone = set()
        for place, j in enumerate(alive):
            for other in range(place + 1, len(alive)):
                k = alive[other]
                if j in gone:
                    break
                distance = {
                    "kb": abs(int(panel.bp[k]) - int(panel.bp[j])) / 1000,
                    "cM": abs(1e6 * panel.cm[k] - 1e6 * panel.cm[j]) / 1e6,
                    "SNPs": other - place,
                }[window.unit]
                if k in gone or panel.chrom[j] != panel.chrom[k] or distance > size or all_r2[j, k] < r2 - 1e-12:
                    continue
                swapped = alternates and ((place == 0 and other % 2 == 1) or (place == 1 and other % 2 == 0))
                gone.add(k if p_values[k] > p_values[j] or (p_values[k] == p_values[j] and swapped) else j)
        alive = [j for j in alive if j not in gone]
    return alive


@pytest.mark.parametrize("seed", range(5))
def test_thin__equals_slow_version(seed):
    rng = np.random.default_rng(seed)
    panel = simulated_panel(seed, missing=0.05 * (seed % 2))
    p_values = np.where(rng.random(len(panel)) < 0.2, np.nan, rng.integers(1, 5, len(panel)) / 10)
    for r2 in (0.2, 0.6, 0.98):
        for given_window in ({"window_kb": 15.0}, {"window_kb": 60.0}, {"window_cm": 0.04}, {"window_snps": 30}):
            unit, size = next(iter(given_window.items()))
            window = PairWindow({"window_kb": "kb", "window_cm": "cM", "window_snps": "SNPs"}[unit], size)
            for alternates in (True, False):
                for p in (None, p_values):
                    fast = thin_panel(panel, r2=r2, pvalues=p, alternates=alternates, n_threads=1, **given_window)
                    assert np.flatnonzero(fast.kept).tolist() == slow_thinning(panel, r2, window, p, alternates)


def test_thin__alternation_quirk_concerns_the_first_two_snps_only():
    """Five copies: the first drops its odd-numbered partners until an even-numbered one drops it, and so on."""
    copies = np.tile(np.array([0, 1, 2, 1, 0, 2, 1, 1], dtype=np.int8), (5, 1))
    panel = make_panel(copies, ["1"] * 5, np.arange(1, 6) * 1000)
    # 0 drops 1 and is dropped by 2; 2 by 3; 3 by 4.
    assert thin_panel(panel, window_kb=20).representative.tolist() == [4, 4, 4, 4, 4]
    pair = panel.take(np.array([0, 1]))
    assert thin_panel(pair, window_kb=20).kept.tolist() == [True, False]  # LDAK's quirk: the later one goes
    assert thin_panel(pair, window_kb=20, alternates=False).kept.tolist() == [False, True]


@pytest.mark.parametrize("seed", range(5))
def test_remove_tags__equals_slow_version(seed):
    rng = np.random.default_rng(seed)
    panel = simulated_panel(seed, n_snps=300, missing=0.03)
    targets = np.sort(rng.choice(len(panel), 40, replace=False))
    result = remove_tags(panel, panel.snp.take(pa.array(targets)), r2=0.3, window_kb=20)
    chrom, r2 = np.array(panel.chrom.to_pylist()), slow_r2(panel.dosages())
    near = (np.abs(panel.bp[:, None] - panel.bp) <= 20_000) & (chrom[:, None] == chrom)
    tags = ((r2 >= 0.3) & near)[:, targets].any(axis=1)
    np.testing.assert_array_equal(result.lost, tags & ~result.is_target)
    np.testing.assert_array_equal(result.kept, ~tags & ~result.is_target)
    assert str(result).startswith(f"{int(result.kept.sum())} of 300 SNPs stay")


# ---------------------------------------------------------------------------------------------------------------------
# Properties


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), r2=st.floats(0.05, 1.0), window_kb=st.floats(0.5, 150))
def test_thin__kept_snps_are_apart_and_lost_ones_have_a_partner(seed, r2, window_kb):
    panel = simulated_panel(seed, n_snps=60, n_people=30)
    result = thin_panel(panel, r2=r2, window_kb=window_kb, n_threads=1)
    chrom, all_r2 = np.array(panel.chrom.to_pylist()), slow_r2(panel.dosages())
    near = (np.abs(panel.bp[:, None] - panel.bp) <= window_kb * 1000) & (chrom[:, None] == chrom)
    partners = near & (all_r2 >= r2 - 1e-9) & ~np.eye(len(panel), dtype=bool)
    assert not (near & (all_r2 >= r2 + 1e-9) & ~np.eye(len(panel), dtype=bool))[np.ix_(result.kept, result.kept)].any()
    assert partners[result.lost].any(axis=1).all()
    assert (result.kept.astype(int) + result.lost + result.trivial == 1).all()
    assert result.kept[result.representative[result.lost]].all()
    np.testing.assert_array_equal(result.representative[result.kept], np.flatnonzero(result.kept))


def test_thin__above_one_keeps_all_and_one_drops_copies_only():
    panel = simulated_panel(5, n_snps=200, missing=0.02)
    above = thin_panel(panel, r2=1.001, window_kb=100)
    np.testing.assert_array_equal(above.kept, ~above.trivial)
    dosages = np.array([[0, 1, 2, 1, 0, 2, 1], [2, 1, 0, 1, 2, 0, 1], [0, 1, 2, 1, 0, 2, 2], [0, 1, 2, 1, 0, 2, 1]])
    panel = make_panel(dosages.astype(np.int8), ["1"] * 4, np.array([10, 20, 30, 40]))
    kept = thin_panel(panel, r2=1.0, window_kb=20, alternates=False).kept
    assert kept.tolist() == [False, False, True, True]  # a mirrored copy is a copy


@pytest.mark.parametrize(("n_bytes", "fewest_rows"), [(1, 1), (1, 7), (60 * 5 * 40, 3), (60 * 5 * 150, 64)])
def test_thin__does_not_depend_on_the_size_of_blocks(monkeypatch, n_bytes, fewest_rows):
    panel = simulated_panel(8, n_snps=400)
    pvalues = np.random.default_rng(8).random(400)
    whole = [thin_panel(panel, r2=0.5, window_kb=60, pvalues=p).representative for p in (None, pvalues)]
    monkeypatch.setattr(thinning, "_GENOTYPE_BYTES", n_bytes)
    monkeypatch.setattr(thinning, "_FEWEST_ROWS", fewest_rows)
    monkeypatch.setattr(thinning, "_HELD_BYTES", 0)
    for p, expected in zip((None, pvalues), whole, strict=True):
        np.testing.assert_array_equal(thin_panel(panel, r2=0.5, window_kb=60, pvalues=p).representative, expected)


def test_thin__report_and_frame():
    panel = simulated_panel(1, n_snps=50)
    result = thin_panel(panel, r2=0.5, window_kb=50)
    report = str(result)
    assert f"{int(result.kept.sum())} of 50 SNPs stay" in report and "without variation" in report
    frame = result.to_frame()
    assert (frame["status"] == "kept").sum() == result.kept.sum()
    assert frame.loc[frame["status"] == "trivial", "representative"].isna().all()


# ---------------------------------------------------------------------------------------------------------------------
# Messages


def monomorphic_panel():
    return make_panel(np.ones((3, 5), dtype=np.int8), ["1"] * 3, np.array([1, 2, 3]))


def panel_without_cm():
    panel = simulated_panel(2, n_snps=20)
    return make_panel(panel.dosages(), panel.chrom.to_pylist(), panel.bp)


def panel_with_falling_cm():
    panel = simulated_panel(2, n_snps=20)
    return make_panel(panel.dosages(), panel.chrom.to_pylist(), panel.bp, cm=-panel.cm)


@pytest.mark.parametrize(
    ("panel", "options", "message"),
    [
        (simulated_panel, {"window_kb": 1, "window_cm": 2}, "1 kb and 2 cM"),
        (simulated_panel, {"window_kb": -1}, "found -1 kb; expected a positive number"),
        (simulated_panel, {"window_kb": 1, "r2": 0}, "r2: found 0"),
        (simulated_panel, {"window_kb": 1, "r2": float("nan")}, "r2: found nan"),
        (simulated_panel, {"window_kb": 1, "min_maf": 0.5}, "min_maf: found 0.5"),
        (simulated_panel, {"window_kb": 1, "pvalue_cutoff": 0.1}, "no p-values"),
        (simulated_panel, {"window_kb": 1, "pvalues": np.ones(3)}, "expected one for each of the 120 SNPs"),
        (simulated_panel, {"window_kb": 1, "pvalues": np.full(120, 3.0)}, "found 3 for SNP rs0; expected 0 to 1"),
        (simulated_panel, {"window_kb": 1, "pvalues": np.full(120, np.nan)}, "none is for a SNP"),
        (simulated_panel, {"window_kb": 1, "pvalues": np.ones(120), "pvalue_cutoff": 0.1}, "none of 120 SNPs"),
        (monomorphic_panel, {"window_kb": 1}, "3 do not vary"),
        (panel_without_cm, {"window_cm": 1}, "centimorgans are zero.*--window-kb"),
        (panel_with_falling_cm, {"window_cm": 1}, "do not decrease along a chromosome"),
    ],
)
def test_thin__says_what_is_wrong(panel, options, message):
    built = simulated_panel(0) if panel is simulated_panel else panel()
    with pytest.raises(InputError, match=message):
        thin_panel(built, **options)


def test_remove_tags__says_what_is_wrong():
    panel = simulated_panel(0)
    with pytest.raises(InputError, match=r"none of 1 targets is in the panel.*chr:pos"):
        remove_tags(panel, pa.array(["1:1000"]), r2=0.1, window_kb=10)
    with pytest.raises(InputError, match="r2: found -1"):
        remove_tags(panel, panel.snp, r2=-1, window_kb=10)
