"""SumHer from the command line, its inputs and its files: LDAK's summary statistics, matrices, alleles, messages."""

from __future__ import annotations

import json
import lzma
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest import PORTABLE

from ldscores.models.ldak_columns import LdakColumns
from ldscores.shared.alleles import encode_alleles
from ldscores.shared.command_line import run_commands
from ldscores.shared.errors import InputError
from ldscores.taggings.tagging import Tagging
from ldscores.taggings.tagging_files import read_tagging, write_tagging
from sumh2 import align, fit_sumher, fit_sumher_rg, read_sumstats
from sumh2 import cli as sumh2_cli
from sumh2.sumher.rows import RowRules
from sumh2.sumher.snp_heritabilities import expect_snp_heritabilities, matrix_of_tagging
from sumh2.sumher.snp_heritability_files import find_matrix, read_category_matrix
from sumh2.sumstats import SumStats

TRAIT1, TRAIT2 = (f"{PORTABLE}/inputs/trait{number}.ldak.xz" for number in (1, 2))
BLD, HUMDEF = (f"{PORTABLE}/ldak/{name}.tagging.xz" for name in ("bld", "humdef"))
LD = f"{PORTABLE}/ldsc/ld."


@pytest.fixture
def run(capsys):
    """Run a command line in this process: exit status, standard output, standard error."""

    def call(line: str):
        with pytest.raises(SystemExit) as stop:
            run_commands("sumh2", summary="", commands=sumh2_cli.COMMANDS, version="0", argv=line.split())
        captured = capsys.readouterr()
        return stop.value.code or 0, captured.out, captured.err

    return call


# ---------------------------------------------------------------------------------------------------------------------
# Commands


def test_h2__writes_our_files_and_ldaks(run, tmp_path):
    status, out, _ = run(f"h2 {TRAIT1} --ld {BLD} --estimator sumher --out {tmp_path}/x --ldak-files")
    assert status == 0
    assert "h2 (observed scale)     1.1376           0.0582" in out and "loglSS -3206.2098" in out
    for ending in ("hers", "cats", "share", "extra", "taus", "cross", "labels", "overlap"):
        assert (tmp_path / f"x.{ending}").read_bytes() == (PORTABLE / "ldak" / f"bld.1.{ending}").read_bytes(), ending
    record = json.loads((tmp_path / "x.json").read_text())
    assert record["estimates"][0]["h2"] == pytest.approx(1.137621, abs=5e-7)
    assert [row["category"] for row in record["categories"]][-1] == "Base"
    assert record["provenance"]["options"]["estimator"] == "sumher"


def test_h2__knows_confounding_solvers_and_rules(run):
    reports = {
        flags: run(f"h2 {TRAIT1} --ld {HUMDEF} --estimator sumher {flags}")[1]
        for flags in (
            "--free-intercept", "--genomic-control", "--solver least-squares", "--cutoff 0.005", "--truncate 30",
            "--chisq-factor 0.5", "--no-ambiguous", "--samp-prev 0.5 --pop-prev 0.01",
        )
    }  # fmt: skip
    intercept, total, _ = (
        (PORTABLE / "ldak" / "humdef.1.cept.extra").read_text().partition("Intercept_Estimate")[2].split(maxsplit=2)
    )
    assert total == "Intercept_SE"
    assert f"intercept at mean n     {float(intercept):.4f}" in reports["--free-intercept"]
    assert "scaling                 1.0000  (fixed)" in reports["--free-intercept"]
    assert "(fixed)" in reports["--genomic-control"].partition("intercept at mean n")[2].partition("\n")[0]
    assert "NA" in reports["--solver least-squares"].partition("h2 (observed")[2].partition("\n")[0]
    assert "below 0.005 of the phenotype's variance" in reports["--cutoff 0.005"]
    assert "max chi2 30.0" in reports["--truncate 30"]
    assert "not ambiguous (A/T, C/G)" in reports["--no-ambiguous"]
    assert "h2 (liability scale)" in reports["--samp-prev 0.5 --pop-prev 0.01"]
    assert len(set(reports.values())) == len(reports)


def test_rg__writes_our_files_and_ldaks(run, tmp_path):
    status, out, _ = run(f"rg {TRAIT1} {TRAIT2} --ld {BLD} --estimator sumher --out {tmp_path}/x --ldak-files")
    assert status == 0 and "0.4040 (0.1722)" in out
    for ending in ("cors", "cors.full", "labels", "overlap"):
        assert (tmp_path / f"x.{ending}").read_bytes() == (PORTABLE / "ldak" / f"bld.cor12.{ending}").read_bytes()
    record = json.loads((tmp_path / "x.json").read_text())
    assert record["categories"][0]["rg"] == pytest.approx(0.435275, abs=5e-7)


def test_rg__of_several_pairs_names_its_files_by_pair(run, tmp_path):
    third = f"{PORTABLE}/inputs/trait3.ldak.xz"
    line = f"rg {TRAIT1},{TRAIT2},{third} --ld {HUMDEF} --estimator sumher --out {tmp_path}/x --ldak-files"
    assert run(line)[0] == 0
    for pair, ending in (("trait1.trait2", "cor12"), ("trait1.trait3", "cor13"), ("trait2.trait3", "cor23")):
        assert (tmp_path / f"x.{pair}.cors").read_text() == (PORTABLE / "ldak" / f"humdef.{ending}.cors").read_text()


REFUSED = {
    f"h2 {TRAIT1} --ld {HUMDEF} --estimator sumher --two-step 30": "--two-step: found it with --estimator sumher",
    f"h2 {TRAIT1} --ld {HUMDEF} --estimator sumher --one-step": "SumHer has one step always",
    f"h2 {TRAIT1} --ld {HUMDEF} --estimator sumher --chisq-max 80": "use --cutoff 0.01",
    f"h2 {TRAIT1} --ld {HUMDEF} --estimator sumher --ldsc-log": "use --ldak-files",
    f"h2 {TRAIT1} --ld {HUMDEF} --estimator sumher --intercept 1.1": "expected 1 (no confounding, the default)",
    f"h2 {TRAIT1} --ld {HUMDEF} --estimator sumher --no-intercept --free-intercept": "expected one of them",
    f"h2 {TRAIT1} --ld {HUMDEF} --estimator sumher --ldak-files": "--ldak-files writes files named after --out",
    f"h2 {TRAIT1} --ld {HUMDEF} --estimator sumher --matrix x.matrix": "add --print-snp-h2",
    f"h2 {TRAIT1} --ld {HUMDEF} --estimator sumher --m M": "brings the sums of its heritability model",
    f"h2 {TRAIT1} --ld {LD} --free-intercept": "add --estimator sumher, or drop it",
    f"h2 {TRAIT1} --ld {LD} --cutoff 0.1": "--cutoff: found it with --estimator ldsc",
    f"h2 {TRAIT1} --ld {LD} --solver likelihood": "--solver: found it with --estimator ldsc",
    f"h2 {TRAIT2} --ld {HUMDEF} --estimator sumher --check-sums": "found summary statistics for 7343 of the 8000 SNPs",
    f"rg {TRAIT1} --ld {HUMDEF} --estimator sumher": "found 1 file, expected two or more",
    f"rg {TRAIT1} {TRAIT2} --ld {HUMDEF} --estimator sumher --intercept 1.2": "the value without confounding",
    f"rg {TRAIT1} {TRAIT2} --ld {HUMDEF} --estimator sumher --intercept 1,nan": "found 1, nan with --estimator sumher",
    f"rg {TRAIT1} {TRAIT2} --ld {HUMDEF} --estimator sumher --no-intercept --gcov-intercept 1": "expected one of them",
    f"rg {TRAIT1} {TRAIT2} --ld {HUMDEF} --estimator sumher --no-check-alleles": "compares alleles always",
    f"rg {TRAIT1} {TRAIT2} --ld {LD} --genomic-control": "add --estimator sumher, or drop it",
    f"rg {TRAIT1} {TRAIT2} --ld {HUMDEF} --estimator sumher --threads -1": "--threads: found -1",
}  # fmt: skip


@pytest.mark.parametrize(("line", "message"), REFUSED.items(), ids=[line.rpartition(" --")[2] for line in REFUSED])
def test_contradictions__name_their_remedy(run, line, message):
    status, _, err = run(line)
    assert status != 0 and message in err


def test_ldsc__is_told_when_the_tagging_is_of_another_model(run):
    err = run(f"h2 {TRAIT1} --ld {HUMDEF} --m M")[2]
    assert "--estimator sumher fits this model as it is meant" in err
    assert "as it is meant" not in run(f"h2 {TRAIT1} --ld {LD}")[2]


def test_sumher__takes_ld_scores_and_says_so(run):
    out = run(f"h2 {TRAIT1} --ld {LD} --estimator sumher")[1]
    assert "LD scores: taken as taggings of the GCTA model" in out


# ---------------------------------------------------------------------------------------------------------------------
# Per-SNP heritabilities


def test_snp_heritabilities__of_one_category_come_from_the_tagging(run, tmp_path):
    status, _, _ = run(f"h2 {TRAIT1} --ld {HUMDEF} --estimator sumher --out {tmp_path}/x --print-snp-h2")
    assert status == 0
    tagging = read_tagging(HUMDEF)
    tau = fit_sumher(align([read_sumstats(TRAIT1)], tagging, ambiguous="letters")).tau[0]
    lines = [line.split() for line in (tmp_path / "x.ind.hers").read_text().splitlines()]
    assert lines[0] == ["Predictor", "Heritability"]
    v = 2 * tagging.maf * (1 - tagging.maf)
    np.testing.assert_allclose([float(line[1]) for line in lines[1:]], tau * v**0.75, rtol=2e-3)  # e_j has 4 decimals
    table = pq.read_table(tmp_path / "x.snp_h2.parquet")
    assert table.column_names == ["SNP", "A1", "A2", "h2"]
    assert table["SNP"].to_pylist() == tagging.snp.to_pylist()
    assert sum(table["h2"].to_pylist()) == pytest.approx(tau * tagging.ldak.exp_heritability.sum(), rel=1e-9)


def test_a_matrix_that_does_not_fit__leaves_no_results(run, tmp_path):
    (tmp_path / "other.matrix").write_text("Predictor Annotation_9\nrs1 0.1\n")
    line = f"h2 {TRAIT1} --ld {HUMDEF} --estimator sumher --print-snp-h2 --matrix {tmp_path}/other.matrix"
    status, _, err = run(f"{line} --out {tmp_path}/x")
    assert status != 0 and "expected those of the tagging" in err
    assert not list(tmp_path.glob("x.tsv")) and not list(tmp_path.glob("x.json"))


def small_model(tmp_path):
    """A tagging of three SNPs' categories in our own form, with its matrix beside it."""
    rng = np.random.default_rng(2)
    n_snps = 600
    matrix = np.column_stack([rng.random(n_snps) < 0.3, np.ones(n_snps)]) * rng.uniform(0.2, 0.6, (n_snps, 1))
    contributions = np.array(
        [[matrix[:, 0].sum(), matrix[:, 0].sum()], [(matrix[:, 0] > 0) @ matrix[:, 1], matrix[:, 1].sum()]]
    )
    counts = np.array([(matrix[:, 0] > 0).sum(), n_snps])
    tagging = Tagging(
        snp=pa.array([f"rs{place}" for place in range(n_snps)]), chrom=pa.array(["1"] * n_snps),
        bp=np.arange(n_snps), tagging=matrix * rng.uniform(5, 60, (n_snps, 1)), names=("Annotation_1", "Base"),
        m=np.diag(contributions).copy(), regression_tagging=rng.uniform(1, 9, n_snps),
        a1=np.zeros(n_snps, np.uint8), a2=np.ones(n_snps, np.uint8),
        ldak=LdakColumns(contributions, counts, n_snps, n_snps),
    )  # fmt: skip
    z = rng.normal(size=n_snps) * np.sqrt(1 + 5000 * (tagging.tagging @ [1e-4, 2e-4]))
    trait = SumStats("t", tagging.snp, z, np.full(n_snps, 5000.0), tagging.a1, tagging.a2)
    write_tagging(tmp_path / "m.tagging.parquet", tagging)
    columns = {"SNP": tagging.snp, "Base": matrix[:, 1], "Annotation_1": matrix[:, 0]}
    pq.write_table(pa.table(columns), tmp_path / "m.matrix.parquet")
    return tagging, trait, matrix


def test_snp_heritabilities__read_the_matrix_beside_the_tagging_whatever_its_order(tmp_path):
    _, trait, matrix = small_model(tmp_path)
    tagging = read_tagging(tmp_path / "m.tagging.parquet")
    result = fit_sumher(align([trait], tagging))
    found = find_matrix(tagging)
    assert found == tmp_path / "m.matrix.parquet"
    heritabilities = expect_snp_heritabilities(result, read_category_matrix(found))
    np.testing.assert_allclose(heritabilities.h2, matrix @ result.tau, rtol=1e-12)
    assert heritabilities.h2.sum() == pytest.approx(result.h2, rel=1e-9)


def test_matrices__that_do_not_fit_are_refused(tmp_path, caplog):
    tagging, trait, _ = small_model(tmp_path)
    result = fit_sumher(align([trait], tagging))
    with pytest.raises(InputError, match="found 2 categories and no values of single SNPs.*--matrix"):
        matrix_of_tagging(tagging)
    path = tmp_path / "other.matrix"
    path.write_text("Predictor Annotation_9 Base\nrs1 0.1 0.2\n")
    with pytest.raises(InputError, match="expected those of the tagging, Annotation_1, Base"):
        expect_snp_heritabilities(result, read_category_matrix(path))
    path.write_text("SNP A1 A2\nrs1 A C\n")
    with pytest.raises(InputError, match="found no column Predictor followed by categories"):
        read_category_matrix(path)
    path.write_text("Predictor Annotation_1 Base\nrs1 0.1 0.2\nrs2 0.1 NA\n")
    with pytest.raises(InputError, match="SNP rs2 misses a value"):
        read_category_matrix(path)
    path.write_text("Predictor Annotation_1 Base\nrs1 0.1 0.2\n")
    with caplog.at_level("WARNING"):
        expect_snp_heritabilities(result, read_category_matrix(path))
    assert "the matrix lacks SNPs of the panel" in caplog.text


# ---------------------------------------------------------------------------------------------------------------------
# LDAK's summary statistics


ROWS = [("rs1", "A", "C", -1.5, 0.5, 900), ("rs2", "G", "T", 0.0, 0.25, 1000.5), ("rs3", "C", "G", 2.0, 0.4, 1100)]


def write_ldak(path, header, row):
    path.write_text("\n".join([header, *(" ".join(map(str, row(*each))) for each in ROWS)]) + "\n")
    return read_sumstats(path)


@pytest.mark.parametrize(
    ("header", "row", "expected"),
    [
        ("Predictor A1 A2 Z n", lambda s, a, b, beta, se, n: (s, a, b, beta / se, n), [-3, 0, 5]),
        ("SNP A1 A2 BETA SE n", lambda s, a, b, beta, se, n: (s, a, b, beta, se, n), [-3, 0, 5]),
        ("Predictor A1 A2 b se N", lambda s, a, b, beta, se, n: (s, a, b, beta, se, n), [-3, 0, 5]),
        ("Predictor A1 A2 Direction Stat n", lambda s, a, b, beta, se, n: (s, a, b, beta, (beta / se) ** 2, n), [-3, 0, 5]),
    ],
)  # fmt: skip
def test_ldaks_columns__are_read(tmp_path, header, row, expected):
    trait = write_ldak(tmp_path / "x.sums", header, row)
    assert trait.trait == "x"
    np.testing.assert_allclose(trait.z, expected)
    np.testing.assert_allclose(trait.n, [900, 1000.5, 1100])
    assert (trait.a1 == encode_alleles(pa.array(["A", "G", "C"]))).all()


def test_p_with_direction__is_read_where_ldak_crashes(tmp_path):
    """SPEC-LDAK, section 11, bug 2: advertised, and a segmentation fault."""
    from scipy.stats import norm

    trait = write_ldak(
        tmp_path / "x.summaries", "Predictor A1 A2 Direction P n",
        lambda s, a, b, beta, se, n: (s, a, b, beta, repr(float(2 * norm.sf(abs(beta / se)))), n),
    )  # fmt: skip
    np.testing.assert_allclose(trait.z, [-3, 0, 5], atol=1e-12)


def test_ldaks_files__lose_rows_without_a_value_and_name_what_is_wrong(tmp_path):
    path = tmp_path / "x.sums"
    path.write_text(
        "Predictor A1 A2 BETA SE n A1Freq\nrs1 A C 0.1 0.2 900 0.3\nrs2 A C NA 0.2 900 0.3\nrs1 A C 1 1 9 .1\n"
    )
    trait = read_sumstats(path)
    assert len(trait) == 1 and trait.eaf.tolist() == [0.3]
    assert [(step.what, step.removed) for step in trait.filters][0] == ("missing values", 1)
    for text, message in (
        ("Predictor A1 A2 BETA n\nrs1 A C 0.1 900\n", "no column Z, BETA and SE, b and se, or Stat and Direction"),
        ("Predictor A1 Z n\nrs1 A 0.1 900\n", "no column A2"),
        ("Predictor A1 A2 BETA SE n\nrs1 A C 0.1 0 900\n", "1 values of SE are impossible (first: 0 in line 2)"),
        ("Predictor A1 A2 Direction P n\nrs1 A C 0.1 1.5 900\n", "1 values of P are impossible"),
    ):
        path.write_text(text)
        with pytest.raises(InputError) as caught:
            read_sumstats(path)
        assert message in str(caught.value)


def test_ldak_and_munged_files__of_one_study_give_one_result():
    ldak, munged = read_sumstats(TRAIT2), read_sumstats(f"{PORTABLE}/inputs/trait2.sumstats.xz")
    tagging = read_tagging(HUMDEF)
    rules = RowRules(allow_ambiguous=False)  # munging has left them out
    first, second = (fit_sumher(align([trait], tagging, ambiguous="letters"), rules=rules) for trait in (ldak, munged))
    assert first.n_snps == second.n_snps
    assert first.h2 == pytest.approx(second.h2, rel=2e-3)  # three decimals of z there


# ---------------------------------------------------------------------------------------------------------------------
# Alleles: LDAK compares letters, we compare strands and, of A/T and C/G, letters


def four_alleles(letters1, letters2, **changes):
    n_snps = len(letters1)
    rng = np.random.default_rng(5)
    columns = {
        "snp": pa.array([f"rs{place}" for place in range(n_snps)]),
        "a1": encode_alleles(pa.array(letters1)),
        "a2": encode_alleles(pa.array(letters2)),
    }
    tagging = Tagging(
        chrom=pa.array(["1"] * n_snps), bp=np.arange(n_snps), tagging=rng.random((n_snps, 1)), names=("Base",),
        regression_tagging=np.ones(n_snps), m_5_50=np.array([100.0]), **columns,
    )  # fmt: skip
    trait = SumStats("t", z=np.arange(1.0, n_snps + 1), n=np.full(n_snps, 100.0), **columns)
    return tagging, trait


def test_letters__decide_on_ambiguous_snps_alone():
    #         same   swapped  other strand  not these  A/T    T/A    C/G for A/T  A/T for A/C  longer
    ours1 = ["A", "C", "T", "A", "A", "T", "C", "A", "AG"]
    ours2 = ["C", "A", "G", "G", "T", "A", "G", "T", "A"]
    theirs1 = ["A", "A", "A", "A", "A", "A", "A", "A", "A"]
    theirs2 = ["C", "C", "C", "C", "T", "T", "T", "C", "C"]
    tagging, trait = four_alleles(theirs1, theirs2)
    trait = replace(trait, a1=encode_alleles(pa.array(ours1)), a2=encode_alleles(pa.array(ours2)))
    aligned = align([trait], tagging, ambiguous="letters")
    assert aligned.snp.to_pylist() == ["rs0", "rs1", "rs2", "rs4", "rs5"]
    orientation = align([replace(trait, a1=tagging.a1, a2=tagging.a2)], tagging, ambiguous="letters")
    signs = np.sign(aligned.z[:, 0]) * np.sign(orientation.z[[0, 1, 2, 4, 5], 0])
    assert signs.tolist() == [1, -1, 1, 1, -1]
    unsigned = align([trait], tagging)
    assert unsigned.snp.to_pylist() == ["rs0", "rs1", "rs2", "rs4", "rs5", "rs6", "rs7", "rs8"]
    with pytest.raises(InputError, match="ambiguous: found 'both', expected unsigned or letters"):
        align([trait], tagging, ambiguous="both")


def test_other_strand__is_the_same_study():
    """LDAK would drop SNPs whose letters are the complements; here the fit is the same."""
    tagging = read_tagging(HUMDEF)
    traits = [read_sumstats(TRAIT1), read_sumstats(TRAIT2)]
    clear = ~(traits[0].a1 == 3 - traits[0].a2)
    flip = clear & (np.arange(len(traits[0])) % 3 == 0)
    turned = replace(
        traits[0],
        a1=np.where(flip, 3 - traits[0].a1, traits[0].a1).astype(np.uint8),
        a2=np.where(flip, 3 - traits[0].a2, traits[0].a2).astype(np.uint8),
    )
    fits = [
        fit_sumher_rg(align([first, traits[1]], tagging, ambiguous="letters"), rules=RowRules()).pairs[0]
        for first in (traits[0], turned)
    ]
    assert fits[0].rg == fits[1].rg and fits[0].n_snps == fits[1].n_snps


def test_reference_files__match_snp_by_snp_as_in_ldak():
    """The counts of .overlap, with and without ambiguous SNPs, are those of LDAK's rule of letters."""
    tagging = read_tagging(HUMDEF)
    letters = {
        name: {a, b} for name, a, b in zip(
            tagging.snp.to_pylist(), tagging.a1.tolist(), tagging.a2.tolist(), strict=True)
    }  # fmt: skip
    for path in (TRAIT1, TRAIT2):
        with lzma.open(path, "rt") as stream:
            next(stream)
            rows = [line.split() for line in stream]
        codes = dict(zip("ACGT", range(4), strict=True))
        same = [row[0] for row in rows if letters.get(row[0]) == {codes.get(row[1]), codes.get(row[2])}]
        aligned = align([read_sumstats(path)], tagging, ambiguous="letters")
        assert sorted(aligned.snp.to_pylist()) == sorted(same)


# ---------------------------------------------------------------------------------------------------------------------
# From genotypes


def test_our_own_tagging__gives_what_ldaks_rounded_file_gives(run_ldscores, tmp_path):
    """Genotypes to heritability: LDAK's file has four decimals, ours all digits; h2 moves by about 1e-5 (SPEC-LDAK 11)."""
    for ending in ("bed", "fam"):
        (tmp_path / f"panel.{ending}").write_bytes((PORTABLE / "inputs" / f"panel.{ending}").read_bytes())
    (tmp_path / "panel.bim").write_bytes(lzma.decompress((PORTABLE / "inputs" / "panel.bim.xz").read_bytes()))
    status, _, _ = run_ldscores(
        "build", "--bfile", tmp_path / "panel", "--out", tmp_path / "own", "--model", "human-default", "--window-kb", "1000"
    )  # fmt: skip
    assert status == 0
    own = read_tagging(tmp_path / "own.tagging.parquet")
    trait = read_sumstats(TRAIT1)
    for intercept in (False, True):
        first, second = (
            fit_sumher(align([trait], tagging, ambiguous="letters"), free_intercept=intercept)
            for tagging in (own, read_tagging(HUMDEF))
        )
        assert first.h2 == pytest.approx(second.h2, abs=5e-5)
        assert first.h2_jackknife_se == pytest.approx(second.h2_jackknife_se, rel=1e-3)
        assert first.logl == pytest.approx(second.logl, abs=0.2)
    result = fit_sumher(align([trait], own, ambiguous="letters"))
    assert expect_snp_heritabilities(result, matrix_of_tagging(own)).h2.sum() == pytest.approx(result.h2, rel=1e-9)
