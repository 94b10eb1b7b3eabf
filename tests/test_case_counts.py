"""How many cases and controls a study has: kept by munge, and what h2 makes of it under both estimators."""

from __future__ import annotations

import json
import lzma
import re
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from conftest import PORTABLE
from scipy.stats import norm

from ldscores.shared.tables import write_tsv
from sumh2.atlas.atlas_files import read_atlas
from sumh2.liability import liability_factor, sample_prevalence
from sumh2.munging.munge_files import munge
from sumh2.sumstats_files import read_sumstats, write_sumstats

LD = f"{PORTABLE}/ldsc/ld."
N_ROWS = 400


def write_gwas(path, **other):
    """A clean GWAS of a disease, with N of its own."""
    beta = np.random.default_rng(7).normal(0, 0.01, N_ROWS)
    columns = {
        "SNP": [f"rs{i}" for i in range(N_ROWS)], "A1": ["A"] * N_ROWS, "A2": ["G"] * N_ROWS, "BETA": beta,
        "SE": np.full(N_ROWS, 0.01), "P": 2 * norm.sf(abs(beta) / 0.01),
        "N": np.full(N_ROWS, 10_000), **other,
    }  # fmt: skip
    write_tsv(path, pa.table({name: column for name, column in columns.items() if column is not None}))
    return path


@pytest.fixture
def disease(tmp_path):
    """The first trait of the reference runs as a study of 40% cases, with its total or its effective N."""

    def write(share=0.4, effective=False):
        (tmp_path / "t.sumstats").write_bytes(lzma.decompress((PORTABLE / "inputs/trait1.sumstats.xz").read_bytes()))
        trait = read_sumstats(tmp_path / "t.sumstats")
        people = float(np.median(trait.n)) / (4 * share * (1 - share) if effective else 1)
        counted = replace(trait, cases=share * people, controls=(1 - share) * people)
        write_sumstats(counted, tmp_path / "t.sumstats.parquet")
        return tmp_path / "t.sumstats.parquet"

    return write


COLUMNS = {"N_CAS": np.tile([4000, 3000], N_ROWS // 2), "N_CON": np.full(N_ROWS, 6000)}


@pytest.mark.parametrize("ldsc", [False, True])
@pytest.mark.parametrize(
    ("other", "options", "known"),
    [
        ({}, {}, (None, None)),
        (COLUMNS, {}, (3500, 6000)),
        (COLUMNS, {"ignore": ("N",)}, (3500, 6000)),
        ({"N": None}, {"n_cas": 4000, "n_con": 6000}, (4000, 6000)),
        ({"N": None, **COLUMNS, "N_CAS": np.zeros(N_ROWS)}, {}, (None, None)),
    ],
)
def test_munge__keeps_cases_and_controls_beside_n(tmp_path, ldsc, other, options, known):
    if ldsc and known == (None, None) and other:
        pytest.skip("LDSC fails where nobody is a case")
    munge(write_gwas(tmp_path / "g.tsv", **other), out=tmp_path / "x", ldsc=ldsc, **options)
    read = read_sumstats(tmp_path / "x.sumstats.parquet")
    assert (read.cases, read.controls) == known and read.samp_prev is None


def test_counts__leave_n_and_z_as_they_are(tmp_path):
    plain = munge(write_gwas(tmp_path / "g.tsv")).sumstats
    counted = munge(write_gwas(tmp_path / "g.tsv", **COLUMNS)).sumstats
    assert np.array_equal(plain.n, counted.n) and np.array_equal(plain.z, counted.z)


def test_counts_that_are_no_numbers__cost_nothing(tmp_path):
    """N has its own column: words in those of cases and controls never stopped munge."""
    path = write_gwas(tmp_path / "g.tsv", N_CAS=["many"] * N_ROWS, N_CON=np.full(N_ROWS, 6000))
    result = munge(path)
    assert (len(result.sumstats), result.sumstats.cases) == (N_ROWS, None) and result.n_source == "N"


def test_counts_of_daner__are_those_of_the_header_with_ldsc(tmp_path):
    other = {"N": None, "FRQ_A_4000": np.full(N_ROWS, 0.3), "FRQ_U_6000": np.full(N_ROWS, 0.3),
             "INFO": np.ones(N_ROWS)}  # fmt: skip
    munge(write_gwas(tmp_path / "g.tsv", **other), out=tmp_path / "x", ldsc=True, daner=True)
    read = read_sumstats(tmp_path / "x.sumstats.parquet")
    assert (read.cases, read.controls) == (4000, 6000)


@pytest.mark.parametrize("estimator", ["ldsc", "sumher"])
def test_h2__says_and_derives_the_sample_prevalence(run_sumh2, disease, tmp_path, estimator):
    line = ["h2", disease(), "--ld", LD, "--estimator", estimator, "--out", tmp_path / "x"]
    assert "h2 is on the observed scale" in run_sumh2(*line)[1]
    status, _, said = run_sumh2(*line, "--pop-prev", 0.01)
    assert status == 0 and "sample prevalence 0.4, from" in said
    derived = json.loads((tmp_path / "x.json").read_text())
    run_sumh2(*line, "--pop-prev", 0.01, "--samp-prev", 0.4)
    given = json.loads((tmp_path / "x.json").read_text())
    assert derived["estimates"] == given["estimates"] and "is on the observed scale" not in json.dumps(derived)


def test_effective_n__goes_with_half(run_sumh2, disease, tmp_path):
    line = ["h2", disease(share=0.1, effective=True), "--ld", LD, "--pop-prev", 0.01]
    status, _, said = run_sumh2(*line)
    assert status == 0 and "sample prevalence 0.5, from" in said and "N is the effective number" in said


def test_share__needs_numbers_that_fit():
    n = np.full(10, 10_000.0)
    assert sample_prevalence(4000, 6000, n) == 0.4
    assert sample_prevalence(4000, 6000, np.append(n / 2, 9900.0)) == 0.4
    assert sample_prevalence(1000, 9000, np.full(10, 3600.0)) == 0.5
    assert sample_prevalence(1000, 9000, np.full(10, 6000.0)) is None
    assert sample_prevalence(None, None, n) is None


def test_pop_prev_alone__says_what_is_missing(run_sumh2, disease, tmp_path):
    plain = PORTABLE / "inputs/trait1.sumstats.xz"
    status, _, said = run_sumh2("h2", plain, "--ld", LD, "--pop-prev", 0.01)
    assert status == 2 and "does not say how many cases and controls" in said and "add --samp-prev" in said
    trait = read_sumstats(disease())
    write_sumstats(replace(trait, cases=10.0, controls=20.0), tmp_path / "odd.sumstats.parquet")
    status, _, said = run_sumh2("h2", tmp_path / "odd.sumstats.parquet", "--ld", LD, "--pop-prev", 0.01)
    assert status == 2 and "neither 10 cases and 20 controls nor their effective N" in said


def test_rg__derives_it_for_the_diseases_alone(run_sumh2, disease, tmp_path):
    other = PORTABLE / "inputs/trait2.sumstats.xz"
    line = ["rg", disease(), other, "--ld", LD, "--pop-prev", "0.01,nan", "--out", tmp_path / "x"]
    assert run_sumh2(*line)[0] == 0
    derived = json.loads((tmp_path / "x.json").read_text())["estimates"]
    assert run_sumh2(*line, "--samp-prev", "0.4,nan")[0] == 0
    assert derived == json.loads((tmp_path / "x.json").read_text())["estimates"]


@pytest.mark.parametrize(("effective", "share"), [(False, 0.1), (True, 0.5)])
def test_manifest__counts_give_the_share_that_goes_with_n(run_sumh2, disease, tmp_path, effective, share):
    """An effective N is that of a balanced study, whatever the counts; h2 says the same of the same file."""
    file = disease(share=0.1, effective=effective)
    trait, other = read_sumstats(file), PORTABLE / "inputs/trait2.sumstats.xz"
    write_sumstats(replace(trait, cases=None, controls=None), tmp_path / "plain.sumstats.parquet")
    row = f"t\tplain.sumstats.parquet\t{trait.cases}\t{trait.controls}\t0.01\nother\t{other}\t\t\t\n"
    (tmp_path / "list.tsv").write_text(f"trait\tfile\tcases\tcontrols\tpop_prev\n{row}")
    assert run_sumh2("atlas", tmp_path / "list.tsv", "--ld", LD, "--out", tmp_path / "a")[0] == 0
    listed = read_atlas(tmp_path / "a").traits[0]
    assert listed.samp_prev == pytest.approx(share)
    assert listed.h2_liab == pytest.approx(listed.h2 * liability_factor(share, 0.01))
    assert run_sumh2("h2", file, "--ld", LD, "--pop-prev", 0.01, "--out", tmp_path / "x")[0] == 0
    h2 = json.loads((tmp_path / "x.json").read_text())["estimates"][0]
    assert h2["samp_prev"] == pytest.approx(share)


@pytest.mark.parametrize(
    ("columns", "row", "message"),
    [
        ("pop_prev", "0.01", "found pop_prev without samp_prev, and .* does not say how many cases and controls"),
        ("cases\tcontrols\tpop_prev", "10\t20\t0.01", "neither 10 cases and 20 controls nor their effective N"),
        ("samp_prev", "0.4", "t: found samp_prev without pop_prev"),
    ],
)
def test_manifest__refuses_half_a_liability_scale(run_sumh2, tmp_path, columns, row, message):
    one, other = (PORTABLE / f"inputs/trait{number}.sumstats.xz" for number in (1, 2))
    rows = f"t\t{one}\t{row}\nother\t{other}" + "\t" * (columns.count("\t") + 1)
    (tmp_path / "list.tsv").write_text(f"trait\tfile\t{columns}\n{rows}\n")
    status, _, said = run_sumh2("atlas", tmp_path / "list.tsv", "--ld", LD, "--out", tmp_path / "a")
    assert status == 2 and re.search(message, said)
    assert not (tmp_path / "a" / "parts" / "fits").exists()  # told before anything is fitted


def test_atlas__takes_the_counts_of_the_files(run_sumh2, disease, tmp_path):
    other = PORTABLE / "inputs/trait2.sumstats.xz"
    assert run_sumh2("atlas", disease(), other, "--ld", LD, "--out", tmp_path / "a")[0] == 0
    header, first, second = ((tmp_path / "a" / "traits.tsv").read_text()).splitlines()
    counts = dict(zip(header.split("\t"), first.split("\t"), strict=True))
    assert float(counts["n_cases"]) / float(counts["n_controls"]) == pytest.approx(4 / 6)
    assert counts["samp_prev"] in ("", "NA")
    (tmp_path / "list.tsv").write_text(f"trait\tfile\tpop_prev\nt\t{disease()}\t0.01\nother\t{other}\t\n")
    assert run_sumh2("atlas", tmp_path / "list.tsv", "--ld", LD, "--out", tmp_path / "b")[0] == 0
    header, listed, _ = ((tmp_path / "b" / "traits.tsv").read_text()).splitlines()
    assert float(dict(zip(header.split("\t"), listed.split("\t"), strict=True))["samp_prev"]) == pytest.approx(0.4)
    assert dict(zip(header.split("\t"), second.split("\t"), strict=True))["n_cases"] in ("", "NA")
