"""Chromosomes without a row: no regression SNP is listed there, or under LDAK's rules none of its SNPs varies."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from test_build import KB, invent_panel
from test_plink_files import write_panel
from test_tagging_kernels import invent_dosages

from ldscores.annotations.annotation_set import Annotations
from ldscores.building.build import ModelSet, build_tagging
from ldscores.building.build_files import build_to_files
from ldscores.models.heritability_models import find_model, parse_models
from ldscores.models.model_files import ModelFiles
from ldscores.panels.plink_files import read_panel
from ldscores.panels.reference_panel import LDAK_CONVENTIONS, ReferencePanel, make_panel
from ldscores.shared import tables
from ldscores.taggings.ld_score_files import find_ld_scores, read_ld_scores
from ldscores.taggings.ldak_tagging_files import read_ldak_tagging
from ldscores.taggings.tagging import Tagging
from ldscores.taggings.tagging_files import read_own

TOTALS = ("m", "m_5_50", "overlap", "overlap_5_50")
COUNTS = ("n_reference", "n_reference_5_50")


def check_same_sums(found: Tagging, whole: Tagging) -> None:
    for name in TOTALS:
        ours, theirs = getattr(found, name), getattr(whole, name)
        assert (ours is None) == (theirs is None), name
        if ours is not None:
            np.testing.assert_allclose(ours, theirs, rtol=1e-14)
    for name in COUNTS:
        assert getattr(found, name) == getattr(whole, name)
    np.testing.assert_allclose(found.ldak.contributions, whole.ldak.contributions, rtol=1e-14)
    np.testing.assert_array_equal(found.ldak.counts, whole.ldak.counts)
    assert (found.ldak.n_reference, found.ldak.n_heritability) == (whole.ldak.n_reference, whole.ldak.n_heritability)


def models_of(panel: ReferencePanel) -> ModelSet:
    annotations = Annotations(np.random.default_rng(1).uniform(size=(len(panel), 2)), ("a", "b"))
    return ModelSet(tuple(parse_models("own,alpha", "-1,0")), annotations)


@pytest.mark.parametrize("conventions", [KB.conventions, LDAK_CONVENTIONS])
def test_chromosome_without_a_listed_snp__counts_in_all_sums(conventions, caplog):
    panel = invent_panel(n_chromosomes=3)
    options = replace(KB, conventions=conventions)
    whole = build_tagging(panel, models_of(panel), options)
    # The second chromosome has none; one name is of no SNP.
    listed = replace(options, regression_snps=pa.array(["rs3", "rs50", "rs130", "other"]))
    with caplog.at_level(logging.INFO, logger="ldscores"):
        some = build_tagging(panel, models_of(panel), listed)
    assert "--regression-snps: 3 SNPs; 1 of its 4 names are not in the panel" in caplog.text
    for name, tagging in some.items():
        assert tagging.snp.to_pylist() == ["rs3", "rs50", "rs130"]
        np.testing.assert_allclose(tagging.tagging, whole[name].tagging[[3, 50, 130]], rtol=1e-12)
        check_same_sums(tagging, whole[name])
        assert tagging.notes[-1].endswith("count in the totals: 2")


def test_chromosome_without_variation__counts_under_ldaks_rules():
    panel = invent_panel(n_chromosomes=3)
    dosages = panel.dosages()
    dosages[60:120] = 1
    still = make_panel(dosages, panel.chrom.to_pylist(), panel.bp)
    others = panel.take(np.r_[0:60, 120:180])
    for conventions, extra in ((KB.conventions, 0), (LDAK_CONVENTIONS, 60)):
        options = replace(KB, conventions=conventions)
        found = build_tagging(still, ModelSet((find_model("gcta"),)), options)["gcta"]
        rest = build_tagging(others, ModelSet((find_model("gcta"),)), options)["gcta"]
        np.testing.assert_array_equal(found.tagging, rest.tagging)
        assert found.m[0] == rest.m[0] and found.ldak.n_heritability == rest.ldak.n_heritability
        assert found.ldak.n_reference == rest.ldak.n_reference + extra
        assert found.ldak.counts[0] == rest.ldak.counts[0] + extra


# ---------------------------------------------------------------------------------------------------------------------
# Files to files


@pytest.fixture
def panel(tmp_path: Path) -> ReferencePanel:
    for chrom in "123":
        write_panel(tmp_path / f"eur.{chrom}", invent_dosages(int(chrom), 80, 20), chrom)
    return read_panel(tmp_path / "eur.@")


LISTED = replace(KB, regression_snps=pa.array(["rs1_3", "rs1_60", "rs3_7"]))


def test_files__tagging_and_ldak(panel, tmp_path):
    models = ModelSet((find_model("gcta"), find_model("human-default")))
    expected = build_tagging(panel, models, LISTED)
    build_to_files(panel, ModelFiles(models), LISTED, tmp_path / "out")
    for name, tagging in expected.items():
        stored = read_own(tmp_path / f"out.{name}.tagging.parquet")
        np.testing.assert_array_equal(stored.tagging, tagging.tagging)
        check_same_sums(stored, tagging)
        assert stored.notes == tagging.notes
    gcta = ModelFiles(ModelSet((find_model("gcta"),)))
    build_to_files(panel, gcta, LISTED, tmp_path / "out", file_format="ldak")
    stored = read_ldak_tagging(tmp_path / "out.tagging")
    assert (len(stored), stored.ldak.n_reference, stored.ldak.counts[0]) == (3, 240, 240)


def test_files__ldscs_by_chromosome_and_back(panel, tmp_path, caplog):
    """A chromosome without rows has a header alone, beside its totals, as LDSC asks for all files of a chromosome."""
    files = ModelFiles(ModelSet((find_model("gcta"),)))
    written = build_to_files(panel, files, LISTED, tmp_path / "ld.@", file_format="ldsc")
    assert len(written) == 9 and all(path.is_file() for path in written)
    assert tables.read_text(tmp_path / "ld.2.l2.ldscore.gz") == "CHR\tSNP\tBP\tL2\n"
    assert tables.read_text(tmp_path / "ld.2.l2.M") == "80\n"
    back = read_ld_scores(find_ld_scores(str(tmp_path / "ld.@")))
    assert (len(back), back.m[0]) == (3, 240) and "ld.2.l2.ldscore.gz: found no SNP; only its totals" in caplog.text
    build_to_files(panel, files, LISTED, tmp_path / "one", file_format="ldsc")
    assert tables.read_text(tmp_path / "one.l2.M") == "240\n"


def test_restart__with_a_chromosome_without_rows(panel, tmp_path, monkeypatch):
    import ldscores.building.build_files as build_files

    files, real = ModelFiles(ModelSet((find_model("gcta"),))), build_files.build_chromosome
    monkeypatch.setattr(build_files, "build_chromosome", lambda prepared, options: (
        real(prepared, options) if prepared.panel.chrom[0].as_py() == "1" else 1 / 0))  # fmt: skip
    with pytest.raises(ZeroDivisionError):
        build_to_files(panel, files, LISTED, tmp_path / "out")
    monkeypatch.setattr(build_files, "build_chromosome", real)
    build_to_files(panel, files, LISTED, tmp_path / "out")
    check_same_sums(read_own(tmp_path / "out.tagging.parquet"), build_tagging(panel, files.models, LISTED)["gcta"])


def test_matrix__of_a_chromosome_without_variation_has_no_line(tmp_path):
    """Under LDAK's rules its SNPs count in the sums; --save-matrix stopped there with a Python error."""
    panel = invent_panel(n_chromosomes=3)
    dosages = panel.dosages()
    dosages[60:120] = 1
    still = make_panel(dosages, panel.chrom.to_pylist(), panel.bp)
    files = ModelFiles(ModelSet((find_model("gcta"),)))
    options = replace(KB, conventions=LDAK_CONVENTIONS)
    build_to_files(still, files, options, tmp_path / "out", save_matrix=True)
    table, _ = tables.read_parquet(tmp_path / "out.matrix.parquet")
    assert set(table["CHR"].to_pylist()) == {"1", "3"} and table.num_rows == 120
    assert read_own(tmp_path / "out.tagging.parquet").ldak.n_reference == 180
