"""Annotations on the way into a build: base or not, rows of other positions, thin files, memory of many columns."""

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

import ldscores.building.result_files as result_files
from ldscores.annotations.annotation_files import read_annotations
from ldscores.annotations.annotation_set import Annotations, join_annotations
from ldscores.building.build import ModelSet, build_tagging
from ldscores.building.build_files import build_to_files
from ldscores.building.memory import memory_needs
from ldscores.models.heritability_models import find_model, parse_models
from ldscores.models.model_files import ModelFiles, find_models
from ldscores.panels.plink_files import read_panel
from ldscores.panels.reference_panel import ReferencePanel, make_panel
from ldscores.shared.errors import InputError
from ldscores.taggings.ld_score_files import write_ldsc_ld_scores
from ldscores.taggings.ldak_tagging_files import write_ldak_tagging
from ldscores.taggings.tagging_files import read_own


def write_annot(path: Path, panel: ReferencePanel, rows: slice, columns: dict[str, np.ndarray], **changes) -> None:
    """LDSC's .annot of some rows of a panel; `changes` replace CHR, BP or SNP."""
    part = panel.take(rows)
    leading = {
        "CHR": part.chrom.to_pylist(),
        "BP": part.bp.tolist(),
        "SNP": part.snp.to_pylist(),
        "CM": [0] * len(part),
    }
    table = leading | changes | {name: values[rows].tolist() for name, values in columns.items()}
    lines = ["\t".join(table), *("\t".join(map(str, row)) for row in zip(*table.values(), strict=True))]
    path.write_text("\n".join(lines) + "\n")


# ---------------------------------------------------------------------------------------------------------------------
# Base


def base_columns(panel: ReferencePanel, first: float, second: float) -> dict[str, np.ndarray]:
    """A base with one value on the first chromosome, and another one at a SNP of the second."""
    base = np.full(len(panel), 1.0)
    base[5], base[100] = first, second
    return {"base": base, "coding": np.arange(len(panel)) % 2.0}


def test_base_on_one_chromosome_alone__is_no_base_in_a_file_of_the_genome(tmp_path):
    panel = invent_panel()
    write_annot(tmp_path / "whole.annot", panel, slice(None), base_columns(panel, 1, 0))
    files = find_models(panel, parse_models("own"), annot=str(tmp_path / "whole.annot"))
    build_to_files(panel, files, KB, tmp_path / "out")
    found = read_own(tmp_path / "out.tagging.parquet")
    assert found.names == ("base", "coding", "Base") and found.m.tolist() == [119, 60, 120]
    # The function decides in the same way, whichever chromosomes it is asked for.
    assert [files.models.take(rows).has_base for rows in panel.chromosomes().values()] == [False, False]


def test_base_in_files_of_each_chromosome__must_be_one_on_all(tmp_path):
    panel = invent_panel()

    def build(first: float, second: float) -> tuple[str, ...]:
        for name, rows in panel.chromosomes().items():
            write_annot(tmp_path / f"a.{name}.annot", panel, rows, base_columns(panel, first, second))
        files = find_models(panel, parse_models("own"), annot=str(tmp_path / "a.@"))
        build_to_files(panel, files, KB, tmp_path / "out")
        return read_own(tmp_path / "out.tagging.parquet").names

    assert build(1, 1) == ("base", "coding")
    assert build(0, 1) == build(0, 0) == ("base", "coding", "Base")
    with pytest.raises(InputError, match=r"a.2.annot: base is 0 at SNP rs100, but .* expected a base to be 1 at every"):
        build(1, 0)


# ---------------------------------------------------------------------------------------------------------------------
# Positions


def test_annotations_of_other_positions__are_one_message(tmp_path):
    panel = invent_panel()
    columns = {"coding": np.arange(120) % 2.0}
    path, bp = tmp_path / "a.annot", panel.bp.tolist()

    def read(**changes) -> Annotations:
        write_annot(path, panel, slice(None), columns, **changes)
        return find_models(panel, parse_models("own"), annot=str(path)).models.annotations

    np.testing.assert_array_equal(read().values[:, 0], columns["coding"])
    assert len(read(CHR=["chr" + name for name in panel.chrom.to_pylist()])) == 120  # a spelling, no other place
    with pytest.raises(InputError) as error:
        read(BP=[*bp[:7], 8, *bp[8:]])
    assert str(error.value) == (
        f"{path}: 1 of 120 SNPs stand at another CHR or BP than in panel (first: rs7, found 1:8, expected 1:141); are "
        "they of another genome build, or their rows shifted? Make them for this panel; if the names alone are right, "
        "leave CHR and BP out"
    )
    with pytest.raises(InputError, match="60 of 120 SNPs stand at another CHR or BP .*rs60, found 3:1, expected 2:1"):
        read(CHR=["1"] * 60 + ["3"] * 60)
    # Rows in another order are found by name, with their positions.
    turned = panel.take(slice(None))
    order = np.arange(120)[::-1]
    write_annot(path, turned, slice(None), {"coding": columns["coding"][order]}, CHR=["2"] * 60 + ["1"] * 60,
                BP=panel.bp[order].tolist(), SNP=panel.snp.take(pa.array(order)).to_pylist())  # fmt: skip
    matched = find_models(panel, parse_models("own"), annot=str(path)).models.annotations
    np.testing.assert_array_equal(matched.values[:, 0], columns["coding"])


def test_rows_without_names__are_compared_by_position(tmp_path):
    panel = invent_panel()
    path = tmp_path / "a.annot"
    bp = panel.bp.tolist()
    shifted = [*bp[1:60], 5000, *bp[60:]]
    for positions, fits in ((bp, True), (shifted, False)):
        lines = [f"{chrom} {place} 1" for chrom, place in zip(panel.chrom.to_pylist(), positions, strict=True)]
        path.write_text("\n".join(["CHR BP coding", *lines]) + "\n")
        if fits:
            find_models(panel, parse_models("own"), annot=str(path))
            continue
        with pytest.raises(InputError, match="60 of 120 SNPs stand at another CHR or BP .*first: row 1, found 1:21"):
            find_models(panel, parse_models("own"), annot=str(path))


def test_sets_of_annotations__must_agree_on_positions():
    snp, chrom = pa.array(["a", "b"]), pa.array(["1", "1"])
    one = Annotations(np.ones((2, 1)), ("x",), snp=snp, chrom=chrom, bp=np.array([1, 2]))
    with pytest.raises(InputError, match="1 of 2 SNPs stand at another CHR or BP than in annotations"):
        join_annotations([one, replace(one, names=("y",), bp=np.array([1, 3]))])


def test_names_of_chromosomes__are_compared_as_people_spell_them(tmp_path):
    panel = invent_panel(n_chromosomes=1)
    panel = make_panel(panel.dosages(), ["X"] * 60, panel.bp)
    write_annot(tmp_path / "a.annot", panel, slice(None), {"coding": np.arange(60.0)}, CHR=["chr23"] * 60)
    assert find_models(panel, parse_models("own"), annot=str(tmp_path / "a.annot")).models.annotations is not None


# ---------------------------------------------------------------------------------------------------------------------
# Thin files


def test_thin_annotations__stand_in_the_order_of_the_panels_files(tmp_path):
    """The .bim has chromosomes 1, 3, 2: rows without names are those of the .bim, not of the panel put in order."""
    chrom = ["1"] * 20 + ["3"] * 20 + ["2"] * 20
    write_panel(tmp_path / "p", invent_dosages(1, 60, 20), chrom, snp=[f"rs{row}" for row in range(60)])
    panel = read_panel(tmp_path / "p")
    assert panel.snp[20].as_py() == "rs40"
    (tmp_path / "thin.annot").write_text("number\n" + "".join(f"{row}\n" for row in range(60)))
    files = find_models(panel, parse_models("own"), annot=str(tmp_path / "thin.annot"))
    numbers = [f"rs{value:.0f}" for value in files.models.annotations.values[:, 0]]
    assert numbers == panel.snp.to_pylist()
    lines = "".join(f"{name} {row} {row}\n" for row, name in enumerate(panel.snp.to_pylist()))
    (tmp_path / "named.annot").write_text("SNP CM number\n" + lines)
    assert read_annotations(str(tmp_path / "named.annot")).snp is not None


# ---------------------------------------------------------------------------------------------------------------------
# LDSC's --pq-exp where SNPs do not vary


@pytest.mark.parametrize("pq_exp", [-1.0, 0.0, 0.75])
def test_pq_exp__of_snps_without_variation(pq_exp):
    """pytest makes errors of numpy's warnings."""
    panel = invent_panel()
    dosages = panel.dosages()
    dosages[[4, 70]], dosages[9] = 2, -127
    still = make_panel(dosages, panel.chrom.to_pylist(), panel.bp)
    found = build_tagging(still, ModelSet((find_model("gcta"),), pq_exp=pq_exp), KB)
    (tagging,) = found.values()
    varies = np.setdiff1d(np.arange(120), [4, 9, 70])
    maf = panel.summarise().maf[varies]
    np.testing.assert_allclose(tagging.m, ((maf * (1 - maf)) ** pq_exp).sum(), rtol=1e-12)


# ---------------------------------------------------------------------------------------------------------------------
# Memory


@pytest.mark.parametrize("held", [0, 1 << 26])
def test_results__are_written_chromosome_by_chromosome(tmp_path, monkeypatch, held):
    """No table of all rows is ever made: only a row of each chromosome is put together for the sums."""
    monkeypatch.setattr(result_files, "_HELD_BYTES", held)
    panel = invent_panel(n_chromosomes=3)
    real, lengths = result_files.merge_snps, []
    monkeypatch.setattr(
        result_files, "merge_snps", lambda parts: lengths.append([len(part) for part in parts]) or real(parts)
    )
    models = ModelSet((find_model("gcta"),))
    build_to_files(panel, ModelFiles(models), KB, tmp_path / "out")
    assert lengths == [[1, 1, 1]]
    found, expected = read_own(tmp_path / "out.tagging.parquet"), build_tagging(panel, models, KB)["gcta"]
    assert found.snp.equals(expected.snp) and found.chrom.equals(expected.chrom)
    for name in ("tagging", "bp", "maf", "m", "overlap", "a1"):
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name))


@pytest.mark.parametrize("file_format", ["ldsc", "ldak"])
def test_text__is_that_of_the_whole_tagging(tmp_path, monkeypatch, file_format):
    """One file of all chromosomes, though no tagging of all rows is ever made; every part is read twice."""
    monkeypatch.setattr(result_files, "_HELD_BYTES", 0)
    panel = invent_panel(n_chromosomes=3)
    models = ModelSet((find_model("human-default"),))
    written = build_to_files(panel, ModelFiles(models), KB, tmp_path / "out", file_format=file_format)
    (whole,) = build_tagging(panel, models, KB).values()
    if file_format == "ldak":
        write_ldak_tagging(tmp_path / "whole.tagging", whole)
    else:
        write_ldsc_ld_scores(replace(whole, names=("L2",)), tmp_path / "whole")
    assert {path.name[3:] for path in written} == {path.name[5:] for path in tmp_path.glob("whole*")}
    for path in written:
        assert path.read_bytes() == (tmp_path / f"whole{path.name[3:]}").read_bytes()


def test_what_memory_does_not_bound__is_said_before_the_work(tmp_path, caplog):
    panel = invent_panel()
    needs = memory_needs(panel, 97)
    assert needs.columns == 5 * 8 * 60 * 98 / 1e9
    files = ModelFiles(ModelSet(tuple(parse_models("gcta,alpha", "-1,-0.5,0"))))
    assert files.n_columns() == {"gcta": 1, "alpha": 3}
    for memory, said in ((0.1, True), (2.0, False)):
        caplog.clear()
        with caplog.at_level(logging.WARNING, logger="ldscores"):
            build_to_files(panel, files, replace(KB, sweep=replace(KB.sweep, memory_gb=memory)), tmp_path / "out")
        warned = "--memory 0.1 bounds the genotypes alone; beside them this run needs about 0.3 GB" in caplog.text
        assert warned == said and ("4 columns of the 60 SNPs of chromosome 1" in caplog.text) == said


def test_columns__are_counted_from_headers(tmp_path):
    panel = invent_panel(n_chromosomes=1)
    for name in ("a", "b"):
        write_annot(tmp_path / f"{name}.1.annot", panel, slice(None), {f"{name}1": panel.bp, f"{name}2": panel.cm})
    files = find_models(panel, parse_models("own"), annot=f"{tmp_path}/a.@,{tmp_path}/b.@")
    assert files.n_columns() == {"own": 5}
