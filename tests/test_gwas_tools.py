"""What GWAS tools really wrote, munged, against regressions of our own on the same genotypes.

``reference/gwas_tools`` holds the first 60 SNPs of each output, byte for byte; ``sources.json`` there names the tool, its
version, the command and the day of each; ``benchmarks/make_gwas_tool_outputs.py`` makes them again.  No tool is run here.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow.csv
import pytest
from bed_reader import open_bed

from ldscores.shared.errors import InputError
from sumh2.doctor.examine_files import examine
from sumh2.munging.munge_files import munge

FOLDER = Path(__file__).parent / "reference" / "gwas_tools"
SOURCES = json.loads((FOLDER / "sources.json").read_text())
N_HALF = 240


class Study:
    """Genotypes (count of the bim's first allele, NaN where missing), traits and covariates."""

    def __init__(self) -> None:
        bim = [line.split() for line in (FOLDER / "study.bim").read_text().splitlines()]
        self.snp = [row[1] for row in bim]
        self.a1, self.a2 = [row[4] for row in bim], [row[5] for row in bim]
        bed = open_bed(FOLDER / "study.bed", iid_count=500, sid_count=len(bim), properties={})
        self.genotypes = bed.read(dtype="float64")
        table = pyarrow.csv.read_csv(FOLDER / "traits.txt", parse_options=pyarrow.csv.ParseOptions(delimiter=" "),
                                     convert_options=pyarrow.csv.ConvertOptions(null_values=["NA"]))  # fmt: skip
        self.trait = table["trait"].to_numpy()
        self.sick = table["sick"].to_numpy() - 1.0
        covariates = np.column_stack([table["age"].to_numpy(), table["score"].to_numpy()])
        self.covariates = (covariates - covariates.mean(0)) / covariates.std(0)
        self.all_traits = np.array([float(line.split()[5]) for line in (FOLDER / "study.fam").read_text().splitlines()])

    def options(self, words: dict) -> dict:
        named = {
            "cases": int(self.sick.sum()),
            "controls": int((1 - self.sick).sum()),
            "bim": str(FOLDER / "study.bim"),
        }
        return {key: named.get(value, value) if isinstance(value, str) else value for key, value in words.items()}


@pytest.fixture(scope="module")
def study() -> Study:
    return Study()


# ---------------------------------------------------------------------------------------------------------------------
# Regressions of our own: effect and standard error of the bim's first allele, and how many people


def linear(y, design) -> tuple[float, float, int]:
    """Least squares with an intercept; of the first column of the design."""
    known = np.isfinite(y) & np.isfinite(design).all(axis=1)
    x, y = np.column_stack([design[known], np.ones(known.sum())]), y[known]
    inverse = np.linalg.inv(x.T @ x)
    beta = inverse @ x.T @ y
    variance = np.sum((y - x @ beta) ** 2) / (len(y) - x.shape[1])
    return beta[0], np.sqrt(variance * inverse[0, 0]), len(y)


def logistic(y, design) -> tuple[float, float, int]:
    """Newton's method; of the first column of the design."""
    known = np.isfinite(design).all(axis=1)
    x, y = np.column_stack([design[known], np.ones(known.sum())]), y[known]
    beta = np.zeros(x.shape[1])
    for _ in range(30):
        mean = 1 / (1 + np.exp(-x @ beta))
        information = (x * (mean * (1 - mean))[:, None]).T @ x
        beta = beta + np.linalg.solve(information, x.T @ (y - mean))
    return beta[0], np.sqrt(np.linalg.inv(information)[0, 0]), len(y)


def allelic(y, g, *, woolf: bool = False) -> tuple[float, float, int]:
    """Allele counts of cases and controls: log odds ratio, and the error that gives Pearson's chi2, or Woolf's."""
    known = np.isfinite(g)
    g, y = g[known], y[known]
    a, b, c, d = (g[y == 1]).sum(), (2 - g[y == 1]).sum(), (g[y == 0]).sum(), (2 - g[y == 0]).sum()
    effect = np.log(a * d / (b * c))
    if woolf:
        return effect, np.sqrt(1 / a + 1 / b + 1 / c + 1 / d), known.sum()
    chi2 = (a * d - b * c) ** 2 * (a + b + c + d) / ((a + b) * (c + d) * (a + c) * (b + d))
    return effect, abs(effect) / np.sqrt(chi2), known.sum()


def two_halves(fit, y, g, **options) -> tuple[float, float, int]:
    """Inverse-variance meta-analysis of the two halves of the study."""
    fits = [fit(y[half], g[half], **options) for half in (slice(None, N_HALF), slice(N_HALF, None))]
    weights = np.array([1 / se**2 for _, se, _ in fits])
    effect = sum(w * fit[0] for w, fit in zip(weights, fits, strict=True)) / weights.sum()
    return effect, 1 / np.sqrt(weights.sum()), sum(fit[2] for fit in fits)


def truth_of(study: Study, model: str, number: int) -> tuple[float, float, int]:
    g, y, sick = study.genotypes[:, number], study.trait, study.sick
    column, covariates = g[:, None], study.covariates
    filled = np.where(np.isnan(g), np.nanmean(g), g)[:, None]
    het = np.where(np.isnan(g), np.nan, g == 1)
    return {
        "linear": lambda: linear(y, column),
        "linear, all, mean filled": lambda: linear(study.all_traits, filled),
        "linear, covariates": lambda: linear(y, np.column_stack([g, covariates])),
        "linear, imputed": lambda: linear(y, filled),
        "dominance": lambda: linear(y, np.column_stack([g, het])),
        "interaction": lambda: linear(y, np.column_stack([g, covariates, g[:, None] * covariates])),
        "mixed": lambda: linear(y, column),
        "logistic": lambda: logistic(sick, column),
        "logistic, covariates": lambda: logistic(sick, np.column_stack([g, covariates])),
        "logistic, imputed": lambda: logistic(sick, filled),
        "rough": lambda: logistic(sick, column),
        "allelic": lambda: allelic(sick, g),
        "allelic, Woolf": lambda: allelic(sick, g, woolf=True),
        "two halves": lambda: two_halves(linear, y, column),
        "two halves, logistic": lambda: two_halves(logistic, sick, column),
        "two halves, allelic": lambda: two_halves(allelic, sick, g, woolf=True),
    }[model]()  # fmt: skip


#: Largest difference of Z in units of 1 + |Z|: six printed digits, four of PLINK 1 (GWAMA got them); PLINK 2 iterates in
#: single precision, BOLT-LMM has its own way with missing calls; Firth's and Fisher's tests are near the logistic one.
TOLERANCE = {
    "plink1": 6e-3, "gwama": 2e-3, "plink2.logistic": 2e-3, "plink2.hybrid": 2e-3, "plink2.residualize": 0.04,
    "bolt.linreg": 0.015, "gemma.lm": 1e-3, "rough": 0.12, "other": 2e-5,
}  # fmt: skip

#: GEMMA leaves out SNPs with more than 5 % missing calls.
LEFT_OUT = {"gemma": 2}


@pytest.mark.parametrize("source", SOURCES, ids=[each["file"] for each in SOURCES])
def test_outputs_of_tools(source, study):
    options = study.options(source["options"])
    if source["truth"] == "no sign":
        with pytest.raises(InputError, match="no column with the sign of the effect"):
            munge(FOLDER / source["file"], **options)
        return
    result = munge(FOLDER / source["file"], n_min=0, maf_min=0, info_min=0, **options)
    frame = result.sumstats.to_frame().set_index("SNP")
    assert set(frame.index) <= set(study.snp) and len(frame) == 60 - LEFT_OUT.get(source["file"].split(".")[0], 0)
    z, expected = [], []
    for number, name in enumerate(study.snp):
        if name not in frame.index:
            continue
        row = frame.loc[name]
        effect, se, n = truth_of(study, source["truth"], number)
        no_alleles = bool(options.get("no_alleles"))
        if not no_alleles:
            assert {row.A1, row.A2} == {study.a1[number], study.a2[number]}
        counted = no_alleles or study.a1[number] == row.A1
        z.append(abs(row.Z) if no_alleles else row.Z)
        expected.append(abs(effect / se) if no_alleles else (effect if counted else -effect) / se)
        if not {"n", "n_cas"} & set(options):
            called = np.isfinite(study.genotypes[:, number]).sum()
            assert {"gemma": called, "study.ssf.tsv": 500}.get(source["tool"], n) == row.N  # 300 + 200 of the YAML
    z, expected = np.array(z), np.array(expected)
    if source["truth"] == "mixed":
        assert np.corrcoef(z, expected)[0, 1] > (0.6 if options.get("no_alleles") else 0.9)
        assert (np.sign(z) == np.sign(expected))[np.abs(expected) > 2].all()
        return
    kinds = [source["truth"], source["file"], source["file"][:6], source["file"][:5], "other"]
    tolerance = next(TOLERANCE[kind] for kind in kinds if kind in TOLERANCE)
    worst = np.max(np.abs(z - expected) / (1 + np.abs(expected)))
    assert worst < tolerance, (worst, result.z_source)


@pytest.mark.parametrize("source", SOURCES, ids=[each["file"] for each in SOURCES])
def test_doctor_gives_no_false_alarm(source, study):
    """Clean studies of 500 people: the doctor may find little, but nothing wrong."""
    if source["truth"] == "no sign":
        pytest.skip("cannot be read without the sign of the effect")
    result = examine(FOLDER / source["file"], **study.options(source["options"]))
    alarms = {each.check: each.found for each in result.checks if each.status in ("caution", "unusable")}
    assert not alarms, alarms


@pytest.mark.shared
@pytest.mark.parametrize("file", ["sim.assoc", "sim.summaries"])
def test_ldak_counts_a1(file, shared, tmp_path):
    """LDAK 6.2's own files on a real panel, against regressions on its genotypes."""
    panel = shared / "reference" / "ldak" / "panels" / "gctatest"
    bim = [line.split() for line in Path(f"{panel}.bim").read_text().splitlines()]
    people = len(Path(f"{panel}.fam").read_text().splitlines())
    chosen = np.arange(0, len(bim), 25)
    bed = open_bed(f"{panel}.bed", iid_count=people, sid_count=len(bim), properties={})
    genotypes = bed.read(np.s_[:, chosen], dtype="float64")
    lines = (shared / "reference" / "ldak" / "gctatest" / "in" / "sim.pheno").read_text().splitlines()
    trait = np.array([float(line.split()[2]) for line in lines[-people:]])
    result = munge(shared / "reference" / "ldak" / "gctatest" / "in" / file, maf_min=0, info_min=0, n_min=0,
                   **({"n": 3925} if file == "sim.assoc" else {}))  # fmt: skip
    frame = result.sumstats.to_frame().set_index("SNP")
    z, expected = [], []
    for number, place in enumerate(chosen):
        if bim[place][1] in frame.index:
            row, (effect, se, _) = frame.loc[bim[place][1]], linear(trait, genotypes[:, number][:, None])
            z.append(row.Z)
            expected.append((effect if bim[place][4] == row.A1 else -effect) / se)
    assert len(z) > 25
    np.testing.assert_allclose(z, expected, atol=0.02, rtol=0.02)
