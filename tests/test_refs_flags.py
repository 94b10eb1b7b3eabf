"""`refs:NAME` where files are named: every flag that takes LD scores, panels, annotations, weights, frequencies, lists."""

from __future__ import annotations

import json
import lzma
import shutil

import numpy as np
import pytest
from conftest import PORTABLE

from sumh2.references.cache_files import reference_path, stored_files, write_record
from sumh2.references.catalogue import KINDS, TAKEN_BY
from sumh2.references.record import Record

INPUTS, LDSC = PORTABLE / "inputs", PORTABLE / "ldsc"
TRAIT = INPUTS / "trait1.sumstats.xz"

#: By name: kind, what it serves, the files, each with the name that it has here.
CACHED = {
    "panel": ("LD scores", "ld.@", {f"ld.{c}.l2.{end}": LDSC / f"ld.{c}.l2.{end}" for c in (1, 2)
              for end in ("ldscore.gz", "M", "M_5_50")}),
    "own_weights": ("weights", "ld.@", {f"ld.{c}.l2.ldscore.gz": LDSC / f"ld.{c}.l2.ldscore.gz" for c in (1, 2)}),
    "base": ("baseline annotations", "ann.@", {
        **{f"ann.{c}.l2.{end}": LDSC / f"ann.{c}.l2.{end}" for c in (1, 2) for end in ("ldscore.gz", "M", "M_5_50")},
        **{f"ann.{c}.annot.gz": INPUTS / f"ann.{c}.annot.gz" for c in (1, 2)}}),
    "often": ("frequencies", "chr.@", {f"chr.{c}.frq": INPUTS / f"chr.{c}.frq.xz" for c in (1, 2)}),
    "plink": ("genotypes", "panel", {f"panel.{end}": INPUTS / f"panel.{end}{packed}" for end, packed in
              (("bed", ""), ("bim", ".xz"), ("fam", ""))}),
    "list": ("SNP list", "snps.", {}),
}  # fmt: skip


@pytest.fixture(autouse=True)
def cache(monkeypatch, tmp_path):
    """A cache with a reference of each kind, as `sumh2 refs get` leaves it."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("SUMH2_REFS", str(folder))
    for name, (kind, serves, files) in CACHED.items():
        place = folder / name / "unpacked"
        place.mkdir(parents=True)
        for file, source in files.items():
            if source.suffix == ".xz":
                (place / file).write_bytes(lzma.decompress(source.read_bytes()))
            else:
                shutil.copy(source, place / file)
        if name == "list":
            _, *rows = (line.split() for line in lzma.decompress(TRAIT.read_bytes()).decode().splitlines())
            lines = ["SNP A1 A2", *(" ".join(row[:3]) for row in rows[:2000])]
            (place / "snps.txt").write_text("\n".join(lines) + "\n")
        stored = stored_files(folder / name, name)
        write_record(folder, Record(name, "https://x", serves={"": serves}, files=stored, kind=kind))
    return folder


@pytest.fixture
def gwas(tmp_path):
    """The first trait as a GWAS with BETA and SE, its frequencies those of the panel."""
    rows = lzma.decompress(TRAIT.read_bytes()).decode().splitlines()
    named = [line.split() for line in rows]
    column = {name: place for place, name in enumerate(named[0])}
    lines = ["SNP\tA1\tA2\tBETA\tSE\tN"]
    for row in named[1:]:
        z, n = float(row[column["Z"]]), float(row[column["N"]])
        lines.append("\t".join([row[column["SNP"]], row[column["A1"]], row[column["A2"]],
                                f"{z / np.sqrt(n):.8f}", f"{1 / np.sqrt(n):.8f}", f"{n:.0f}"]))  # fmt: skip
    path = tmp_path / "gwas.tsv"
    path.write_text("\n".join(lines) + "\n")
    return path


def test_every_kind__is_taken_by_a_flag():
    assert {kind for kinds in TAKEN_BY.values() for kind in kinds} == set(KINDS)


@pytest.mark.parametrize(
    "flags",
    [
        ("--ld", "refs:panel"),
        ("--reference", "refs:often"),
        ("--reference", "refs:plink"),
        ("--merge-alleles", "refs:list"),
        ("--extract", "refs:list"),
    ],
)
def test_munge__takes_references(run_sumh2, gwas, tmp_path, flags):
    out = tmp_path / "x"
    status, _, said = run_sumh2("munge", gwas, "--effect-allele", "A1", *flags, "--out", out)
    assert status == 0, said
    if "list" in flags[1]:
        assert 0 < json.loads((tmp_path / "x.munge.json").read_text())["n_snps"] <= 2000


def test_report__draws_what_was_fitted_to_a_reference(run_sumh2, tmp_path):
    status, _, said = run_sumh2("h2", TRAIT, "--ld", "refs:panel", "--out", tmp_path / "h2", "--quiet")
    assert status == 0, said
    assert run_sumh2("report", tmp_path / "h2.json", "--out", tmp_path / "r.html")[0] == 0
    page = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert "<img" in page and "No figures" not in page


def test_doctor__takes_references(run_sumh2, gwas):
    status, said, _ = run_sumh2(
        "doctor", gwas, "--effect-allele", "A1", "--reference", "refs:often", "--panels", "eur=refs:often,refs:plink",
    )  # fmt: skip
    assert status == 0 and "chr.@" in said, said
    assert run_sumh2("doctor", gwas, "--effect-allele", "A1", "--ld", "refs:panel")[0] == 0


def test_doctor__calls_a_panel_by_the_name_of_its_reference(run_sumh2, gwas, monkeypatch):
    from sumh2.doctor import examine_files

    read, names = examine_files.read_known_variants, []
    monkeypatch.setattr(
        examine_files, "read_known_variants", lambda path, name="": names.append(name) or read(path, name)
    )
    line = [
        "doctor",
        gwas,
        "--effect-allele",
        "A1",
        "--reference",
        "refs:often",
        "--panels",
        "refs:often,eur=refs:plink",
    ]
    assert run_sumh2(*line)[0] == 0 and names == ["often", "eur"]


def test_simulate__takes_a_panel_and_annotations(run_sumh2, tmp_path):
    status, _, said = run_sumh2(
        "simulate", "--bfile", "refs:plink", "--model", "own", "--annot", "refs:base", "--h2", "0.4", "--n", "10000",
        "--out", tmp_path / "s",
    )  # fmt: skip
    assert status == 0, said
    sources = json.loads((tmp_path / "s.truth.json").read_text())["provenance"]["inputs"]
    assert any("cache/plink/unpacked/panel.bed" in item["path"] for item in sources)


@pytest.mark.parametrize(
    "words",
    [
        ("h2", TRAIT, "--ld", "refs:panel", "--w-ld", "refs:own_weights", "--extract", "refs:list"),
        ("h2", TRAIT, "--ld", "refs:panel", "--estimator", "sumher", "--exclude", "refs:list"),
        ("partition", TRAIT, "--ld", "refs:base", "--w-ld", "refs:own_weights", "--annot", "refs:base", "--frq",
         "refs:often"),
        ("screen", TRAIT, "--ld", "refs:panel", "--w-ld", "refs:panel", "--annotations", "refs:base"),
    ],
)  # fmt: skip
def test_fits__take_references(run_sumh2, tmp_path, words):
    status, _, said = run_sumh2(*words, "--out", tmp_path / "x")
    assert status == 0, said


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ("h2", TRAIT, "--ld", "refs:own_weights"),
            "--ld refs:own_weights: found weights, expected LD scores or tagging",
        ),
        (("h2", TRAIT, "--ld", "refs:own_weights"), "it goes with --w-ld"),
        (("h2", TRAIT, "--ld", "refs:panel", "--w-ld", "refs:base"), "--w-ld refs:base: found baseline annotations"),
        (("compare", TRAIT, "--ld", "refs:panel,refs:often"), "--ld refs:often: found frequencies"),
        (("partition", TRAIT, "--ld", "refs:base", "--annot", "refs:often"), "--annot refs:often: found frequencies"),
        (
            ("screen", TRAIT, "--ld", "refs:panel", "--annotations", "refs:list"),
            "--annotations refs:list: found SNP list",
        ),
        (("munge", "GWAS", "--out", "OUT", "--ld", "refs:list"), "it goes with --reference, --panels, --merge-alleles"),
        (("munge", "GWAS", "--out", "OUT", "--merge-alleles", "refs:w_hm3"), "sumh2 refs get w_hm3"),
        (("munge", "GWAS", "--out", "OUT", "--ld", "refs:weights_hm3_noMHC"), "found weights, expected LD scores"),
        (
            ("doctor", "GWAS", "--panels", "eas=refs:weights_hm3_noMHC"),
            "--panels refs:weights_hm3_noMHC: found weights",
        ),
        (("doctor", "GWAS", "--reference", "refs:frq_eur"), "sumh2 refs get frq_eur"),
        (("simulate", "--bfile", "refs:plink_eur", "--out", "OUT", "--n", "1000"), "sumh2 refs get plink_eur"),
        (("simulate", "--bfile", "refs:panel", "--out", "OUT", "--n", "1000"), "--bfile refs:panel: found LD scores"),
    ],
)
def test_another_kind_or_nothing__is_said_with_the_remedy(run_sumh2, gwas, tmp_path, words, said):
    named = {"GWAS": gwas, "OUT": tmp_path / "x"}
    status, _, err = run_sumh2(*(named.get(word, word) for word in words))
    assert status == 1 and said in err, err


def test_record_of_an_older_version__serves_as_before(cache):
    path = cache / ".records" / "panel.json"
    content = json.loads(path.read_text())
    del content["kind"]
    path.write_text(json.dumps(content))
    assert reference_path("panel", flag="--w-ld") == reference_path("panel", flag="--bfile")


def test_card__shows_the_flags(run_sumh2):
    cards = run_sumh2("refs", "list", "weights_hm3_noMHC", "frq_eur")[1]
    assert "--w-ld refs:weights_hm3_noMHC\n" in cards and "--frq refs:frq_eur, --reference, --panels" in cards
