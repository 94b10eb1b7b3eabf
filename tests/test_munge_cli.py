"""munge and doctor from the command line: LDSC's flags, JSON, files that were never munged, a tagging as the panel."""

from __future__ import annotations

import json
import logging

import numpy as np
import pyarrow as pa
import pytest
from gwas_formats import make_snps
from test_doctor import half_effective_n, study, write

from ldscores.taggings.tagging import Tagging
from ldscores.taggings.tagging_files import write_tagging
from sumh2.gwas.panel_files import read_known_variants
from sumh2.sumstats_files import read_sumstats


@pytest.fixture
def gwas(tmp_path):
    columns = study(600)
    half_effective_n(columns)
    write(tmp_path / "gwas.tsv", columns)
    return tmp_path / "gwas.tsv"


def test_doctor_prints_and_writes(run_sumh2, gwas, tmp_path):
    status, out, _ = run_sumh2("doctor", gwas, "--out", tmp_path / "audit")
    assert status == 0 and "half of the effective N" in out and "What to do:" in out
    assert out.rstrip().endswith("audit.json") and (tmp_path / "audit.tsv").exists()
    status, out, _ = run_sumh2("doctor", gwas, "--json")
    content = json.loads(out)
    assert content["status"] == "caution" and {each["check"] for each in content["checks"]} >= {"n", "z", "inflation"}


def test_doctor__on_an_unusable_file_tells_all_and_ends_with_status_1(run_sumh2, tmp_path):
    columns = study(600)
    columns["N"] = np.full(600, 3.0)
    for name in ("N_CAS", "N_CON"):
        columns.pop(name, None)
    write(tmp_path / "gwas.tsv", columns)
    line = ["doctor", tmp_path / "gwas.tsv", "--out", tmp_path / "audit", "--plot", tmp_path / "audit.svg"]
    status, out, err = run_sumh2(*line)
    assert status == 1 and "gwas.tsv: unusable" in out and "What to do:" in out and "written: " in out
    assert (
        err.splitlines()[-1].startswith("error: ")
        and "gwas.tsv: unusable (n" in err
        and "do what the report says" in err
    )
    assert all((tmp_path / f"audit.{ending}").is_file() for ending in ("tsv", "json", "svg"))
    status, out, _ = run_sumh2("doctor", tmp_path / "gwas.tsv", "--json")
    assert status == 1 and json.loads(out)["status"] == "unusable"


def test_ldscs_names_of_flags(run_sumh2, tmp_path):
    snps = make_snps()
    path = tmp_path / "gwas.txt"
    lines = ["SNP X Y F BETA SE N", *(f"{s.name} {s.alt} {s.ref} {s.frequency} {s.beta} {s.se} {s.n}" for s in snps)]
    path.write_text("\n".join(lines) + "\n")
    status, out, err = run_sumh2("munge", path, "--a1", "X", "--a2", "Y", "--frq", "F", "--out", tmp_path / "x")
    assert status == 0, err
    found = read_sumstats(tmp_path / "x.sumstats.parquet").to_frame()
    assert found["A1"].tolist() == [snp.alt for snp in snps] and found["EAF"].tolist() == [
        snp.frequency for snp in snps
    ]
    status, _, err = run_sumh2("munge", path, "--a1", "X", "--effect-allele", "X", "--a2", "Y", "--out", tmp_path / "x")
    assert status == 2 and "found --effect-allele and --a1, which are the same" in err
    for flag in ("--N", "--N-cas", "--N-col"):
        status, _, err = run_sumh2("munge", path, flag, "5", "--out", tmp_path / "x")
        assert status == 2 and f"did you mean {flag.lower()}?" in err


def test_a_gwas_that_was_not_munged_is_noted(tmp_path, caplog):
    path = tmp_path / "gwas.txt"
    path.write_text("SNP A1 A2 BETA SE Z N\nrs1 A C 0.1 0.1 1 100\nrs2 A C 0.1 0.1 1 100\n")
    with caplog.at_level(logging.WARNING):
        read_sumstats(path)
    assert "has columns of a GWAS (BETA, SE)" in caplog.text and "sumh2 munge" in caplog.text
    caplog.clear()
    path.write_text("SNP A1 A2 Z N\nrs1 A C 1 100\n")
    with caplog.at_level(logging.WARNING):
        read_sumstats(path)
    assert not caplog.text


def test_a_tagging_is_a_panel(run_sumh2, tmp_path):
    """Its MAF is the frequency of A1, the minor allele."""
    snps = sorted(make_snps(200), key=lambda s: (s.chrom, s.bp))
    codes = {letter: number for number, letter in enumerate("ACGT")}
    tagging = Tagging(
        snp=pa.array([s.name for s in snps]), chrom=pa.array([str(s.chrom) for s in snps]),
        bp=np.array([s.bp for s in snps]), tagging=np.linspace(1, 2, 200)[:, None], names=("L2",), m=np.array([200.0]),
        m_5_50=np.array([200.0]), a1=np.array([codes[s.of_minor.alt] for s in snps], np.uint8),
        a2=np.array([codes[s.of_minor.ref] for s in snps], np.uint8), maf=np.array([s.maf for s in snps]),
    )  # fmt: skip
    write_tagging(tmp_path / "eur.tagging.parquet", tagging)
    panel = read_known_variants(str(tmp_path / "eur.tagging.parquet"))
    assert panel.folded and panel.name == "eur" and len(panel) == 200
    path = tmp_path / "gwas.txt"
    lines = ["CHR BP REF ALT EAF BETA SE N"]
    lines += [f"{s.chrom} {s.bp} {s.ref} {s.alt} {s.frequency} {s.beta} {s.se} {s.n}" for s in snps]
    path.write_text("\n".join(lines) + "\n")
    status, out, err = run_sumh2("munge", path, "--match-by", "position", "--ld", tmp_path / "eur.tagging.parquet", "--out",
                           tmp_path / "x")  # fmt: skip
    assert status == 0, err
    found = read_sumstats(tmp_path / "x.sumstats.parquet").to_frame()
    assert found["SNP"].tolist() == [s.name for s in snps] and found["A1"].tolist() == [s.alt for s in snps]
    assert "ALT is the effect allele" in out
    status, out, _ = run_sumh2("doctor", path, "--effect-allele", "ALT", "--ld", tmp_path / "eur.tagging.parquet")
    assert status == 0 and "EAF correlates +1.000" in out and "munge it with --match-by position" in out


def test_lambda_has_one_name_and_says_of_which_rows(run_sumh2, gwas, tmp_path):
    _, audited, _ = run_sumh2("doctor", gwas)
    _, munged, _ = run_sumh2("munge", gwas, "--out", tmp_path / "x")
    (audited,), (munged,) = ([line for line in text.splitlines() if "lambda GC" in line] for text in (audited, munged))
    assert "before the filters of munge" in audited and munged.endswith("(of the SNPs kept)")


def test_quiet__leaves_the_names_of_the_files_and_the_warnings(run_sumh2, gwas, tmp_path):
    _, told, _ = run_sumh2("munge", gwas, "--out", tmp_path / "loud")
    assert "rows read" in told
    status, out, err = run_sumh2(
        "munge", gwas, "--out", tmp_path / "still", "--quiet", "--plot", tmp_path / "still.svg"
    )
    files = [tmp_path / name for name in ("still.sumstats.parquet", "still.munge.json", "still.svg")]
    assert status == 0 and out == "".join(f"written: {path}\n" for path in files)
    assert all(line.startswith("warning: ") for line in err.splitlines()) and "half of the effective N" in err
    # Where the answer is an estimate, it stays.
    status, out, _ = run_sumh2("doctor", gwas, "--quiet")
    assert "What to do:" in out
