"""PLINK 2 files: the same panel as in PLINK 1 files, and messages.  Files are written with Pgenlib's own writer."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np
import pytest
from test_plink_files import write_panel

from ldscores.building.build_files import build_to_files, plan_build
from ldscores.models.heritability_models import parse_models
from ldscores.models.model_files import find_models
from ldscores.panels.pgen_files import read_pgen_panel
from ldscores.panels.plink_files import read_panel
from ldscores.shared.errors import InputError
from ldscores.taggings.tagging_files import read_own


@pytest.fixture
def pgenlib():
    return pytest.importorskip("pgenlib", reason="needs the extra: pip install 'sumh2[pgen]'")


@pytest.fixture
def dosages() -> np.ndarray:
    found = np.random.default_rng(1).integers(0, 3, (40, 21)).astype(np.int8)
    found[2, 4] = found[6, 8] = -127
    return found


def write_pgen(
    pgenlib,
    prefix: Path,
    dosages: np.ndarray,
    chrom: str = "1",
    alternatives: list[str] | None = None,
    header: str = "##source=test\n#CHROM\tPOS\tID\tREF\tALT\tINFO\n",
    with_fid: bool = True,
) -> Path:
    """A PLINK 2 panel; SNPs and people are called as :func:`test_plink_files.write_panel` calls them."""
    n_snps, n_people = dosages.shape
    alternatives = alternatives or ["A"] * n_snps
    options = {} if all("," not in one for one in alternatives) else {"allele_ct_limit": 3}
    with pgenlib.PgenWriter(os.fsencode(f"{prefix}.pgen"), n_people, variant_ct=n_snps, nonref_flags=False,
                            **options) as writer:  # fmt: skip
        for row, alternative in zip(dosages, alternatives, strict=True):
            if not options:
                writer.append_biallelic(np.where(row == -127, -9, row).astype(np.int8))
                continue
            codes = np.array([{0: (0, 0), 1: (0, 1), 2: (1, 1), -127: (-9, -9)}[x] for x in row.tolist()])
            writer.append_alleles(codes.astype(np.int32).ravel(), False, alternative.count(",") + 2)
    lines = [
        f"{chrom}\t{10 * row + 10}\trs{chrom}_{row}\tG\t{alternatives[row]}\t.\n" if header else
        f"{chrom}\trs{chrom}_{row}\t{row / 100}\t{10 * row + 10}\t{alternatives[row]}\tG\n"
        for row in range(n_snps)
    ]  # fmt: skip
    Path(f"{prefix}.pvar").write_text(header + "".join(lines))
    first = "#FID\tIID\tSEX\n" if with_fid else "#IID\tSEX\n"
    people = [f"F{place}\tI{place}\t1\n" if with_fid else f"I{place}\t1\n" for place in range(n_people)]
    Path(f"{prefix}.psam").write_text(first + "".join(people))
    return prefix


def test_pgen__is_the_panel_of_the_bed(pgenlib, dosages, tmp_path):
    bed = read_panel(write_panel(tmp_path / "b", dosages))
    pgen = read_pgen_panel(write_pgen(pgenlib, tmp_path / "p", dosages))
    np.testing.assert_array_equal(pgen.dosages(), bed.dosages())
    np.testing.assert_array_equal(pgen.dosages(5, 9), dosages[5:9])
    for name in ("snp", "chrom", "allele_1", "allele_2", "individuals"):
        assert getattr(pgen, name).equals(getattr(bed, name)), name
    np.testing.assert_array_equal(pgen.bp, bed.bp)
    assert pgen.where == f"{tmp_path}/p.pgen"


def test_pgen__keep_and_extract(pgenlib, dosages, tmp_path):
    write_pgen(pgenlib, tmp_path / "p", dosages)
    (tmp_path / "people").write_text("F1 I1\nF3 I3\nF20 I20\n")
    (tmp_path / "snps").write_text("rs1_0\nrs1_6\nrs1_39\n")
    panel = read_pgen_panel(tmp_path / "p", keep=tmp_path / "people", extract=tmp_path / "snps")
    np.testing.assert_array_equal(panel.dosages(), dosages[np.ix_([0, 6, 39], [1, 3, 20])])


def test_pgen__one_set_per_chromosome_without_headers_or_families(pgenlib, dosages, tmp_path):
    for chrom in ("10", "2"):
        write_pgen(pgenlib, tmp_path / f"eur.{chrom}", dosages, chrom, header="", with_fid=False)
    panel = read_pgen_panel(tmp_path / "eur.@")
    assert list(panel.chromosomes()) == ["2", "10"] and panel.individuals[3].as_py() == "0 I3"
    np.testing.assert_array_equal(panel.dosages(38, 42), np.concatenate([dosages[38:], dosages[:2]]))
    np.testing.assert_allclose(panel.cm[:3], [0, 0.01, 0.02])


def test_pgen__variants_of_several_alleles_are_left_out(pgenlib, dosages, tmp_path):
    alternatives = ["A"] * 40
    alternatives[3] = "A,T"
    panel = read_pgen_panel(write_pgen(pgenlib, tmp_path / "p", dosages, alternatives=alternatives))
    np.testing.assert_array_equal(panel.dosages(), np.delete(dosages, 3, axis=0))
    assert panel.notes == ("1 SNP left out: they have several alternative alleles",)


def test_pgen__builds_the_same_tagging_and_starts_anew_when_it_changes(pgenlib, dosages, tmp_path):
    models = parse_models("gcta")
    panels = (
        read_panel(write_panel(tmp_path / "b", dosages)),
        read_pgen_panel(write_pgen(pgenlib, tmp_path / "p", dosages)),
    )
    found = []
    for place, panel in enumerate(panels):
        files = find_models(panel, models)
        build_to_files(panel, files, plan_build(models, window_kb=0.1, n_threads=2), tmp_path / f"out{place}")
        found.append(read_own(tmp_path / f"out{place}.tagging.parquet"))
    np.testing.assert_array_equal(found[0].tagging, found[1].tagging)
    assert panels[1].genotype_files == (f"{tmp_path}/p.pgen",)


def test_pgen__messages(pgenlib, dosages, tmp_path):
    write_pgen(pgenlib, tmp_path / "p", dosages)
    pgen = tmp_path / "p.pgen"
    whole = pgen.read_bytes()
    pvar = (tmp_path / "p.pvar").read_text()
    cases = {
        "of another .pvar": lambda: (tmp_path / "p.pvar").write_text(pvar[: pvar.rindex("1\t400")]),
        "no pgen": lambda: pgen.write_bytes(b"VCF" + whole[3:]),
        "truncated": lambda: pgen.write_bytes(whole[:15]),
    }
    for name, spoil in cases.items():
        spoil()
        with pytest.raises(InputError, match=r"p\.pgen: cannot be read as genotypes of \d+ SNPs") as error:
            read_pgen_panel(tmp_path / "p")
        assert "copy all three again" in str(error.value), name
        pgen.write_bytes(whole), (tmp_path / "p.pvar").write_text(pvar)
    (tmp_path / "p.psam").unlink()
    with pytest.raises(InputError, match=r"p\.psam: no such file; expected it beside .*--pfile"):
        read_pgen_panel(tmp_path / "p")


def test_pgen__truncated_at_the_end_is_said_when_it_is_read(pgenlib, dosages, tmp_path):
    write_pgen(pgenlib, tmp_path / "p", dosages)
    pgen = tmp_path / "p.pgen"
    pgen.write_bytes(pgen.read_bytes()[:-20])
    with pytest.raises(InputError, match=r"p\.pgen: cannot be read .*truncated"):
        read_pgen_panel(tmp_path / "p").dosages()


def test_pgenlib__not_installed_is_said(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pgenlib", None)
    with pytest.raises(InputError, match=r"Pgenlib is not installed; expected the extra: pip install 'sumh2\[pgen\]'"):
        read_pgen_panel(tmp_path / "p")
