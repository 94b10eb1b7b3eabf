"""The matrix of a model beside its tagging, and the per-SNP heritabilities made of it."""

from __future__ import annotations

import numpy as np
import pytest

from ldscores.shared.tables import read_parquet
from ldscores.taggings.tagging_files import read_tagging


@pytest.fixture
def built(portable, portable_panel, tmp_path, run_ldscores):
    words = (
        "build", "--bfile", portable_panel, "--model", "own", "--annotation-prefix", portable / "inputs" / "ann",
        "--annotation-number", "2", "--power", "-0.25", "--window-kb", "1000", "--save-matrix", "--out", tmp_path / "x",
    )  # fmt: skip
    status, text, errors = run_ldscores(*words)
    assert status == 0, errors
    assert "x.matrix.parquet" in text
    return tmp_path


def test_columns__sum_to_the_contributions_of_the_tagging(built):
    tagging = read_tagging(str(built / "x.tagging.parquet"))
    table, metadata = read_parquet(built / "x.matrix.parquet")
    assert table.column_names == ["SNP", "CHR", "BP", *tagging.names]
    assert metadata["format"] == "ldscores matrix"
    sums = [table[name].to_numpy().sum() for name in tagging.names]
    base = tagging.names.index("Base")
    np.testing.assert_allclose(sums, tagging.ldak.contributions[:, base], rtol=1e-12)
    assert not list(built.glob("x.parts/*.parquet"))


def test_matrix__holds_all_snps_when_few_get_a_row(portable_panel, tmp_path, run_ldscores):
    from ldscores.panels.plink_files import read_panel

    names = read_panel(str(portable_panel)).snp.to_pylist()
    (tmp_path / "few.txt").write_text("\n".join(names[:50]) + "\n")
    status, _, errors = run_ldscores(
        "build", "--bfile", portable_panel, "--model", "gcta,human-default", "--window-kb", "200", "--regression-snps",
        tmp_path / "few.txt", "--save-matrix", "--out", tmp_path / "y",
    )  # fmt: skip
    assert status == 0, errors
    for model in ("gcta", "human-default"):
        table, _ = read_parquet(tmp_path / f"y.{model}.matrix.parquet")
        tagging = read_tagging(str(tmp_path / f"y.{model}.tagging.parquet"))
        assert len(tagging) <= 50 < table.num_rows
        assert table[tagging.names[0]].to_numpy().sum() == pytest.approx(tagging.m[0])


def test_snp_heritabilities__sum_to_h2(built, portable, run_sumh2):
    trait = portable / "inputs" / "trait1.ldak.xz"
    status, _, errors = run_sumh2(
        "h2", trait, "--ld", built / "x.tagging.parquet", "--estimator", "sumher", "--print-snp-h2", "--out",
        built / "fit",
    )  # fmt: skip
    assert status == 0, errors
    table, _ = read_parquet(built / "fit.snp_h2.parquet")
    import json

    h2 = json.loads((built / "fit.json").read_text())["estimates"][0]["h2"]
    assert table["h2"].to_numpy().sum() == pytest.approx(h2, rel=1e-9)
