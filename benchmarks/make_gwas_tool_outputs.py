"""What GWAS tools really write: run those that Debian and PyPI have on one small simulated study, and keep the outputs.

    apt-get install -y --no-install-recommends plink plink1.9 plink2 gemma bolt-lmm gwama probabel
    pip install fastlmm                       # in an environment of its own; FASTLMM_PYTHON is its python
    pip install gwas-sumstats-tools           # in another; GWAS_SSF is its command gwas-ssf
    python benchmarks/make_gwas_tool_outputs.py tests/reference/gwas_tools

500 people, 600 SNPs simulated for this project (nothing of a public panel), a quantitative and a binary trait, two
covariates, missing calls and missing traits.  Of every output the header and the rows of the first 60 SNPs are kept, byte
for byte.  ``sources.json`` says which tool, which version, which command and which day.  ``tests/test_gwas_tools.py``
munges each and compares sign, Z and N with its own regressions on the genotypes stored here.
"""

from __future__ import annotations

import datetime
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from bed_reader import to_bed

N_PEOPLE, N_SNPS, N_KEPT = 500, 600, 60
FASTLMM_PYTHON, GWAS_SSF = os.environ.get("FASTLMM_PYTHON", ""), os.environ.get("GWAS_SSF", "")

VERSIONS = {
    "plink1.9": ["plink1.9", "--version"], "plink2": ["plink2", "--version"], "gemma": ["dpkg-query", "-W", "gemma"],
    "plink1": ["dpkg-query", "-W", "plink"], "bolt": ["dpkg-query", "-W", "bolt-lmm"],
    "GWAMA": ["dpkg-query", "-W", "gwama"], "palinear": ["dpkg-query", "-W", "probabel"],
    "palogist": ["dpkg-query", "-W", "probabel"],
}  # fmt: skip


def make_study(folder: Path) -> None:
    """Genotypes, traits and covariates, in the layouts of the tools; plain tables of the traits for the test."""
    random = np.random.default_rng(20261121)
    frequency = random.uniform(0.08, 0.92, N_SNPS)
    first = random.integers(0, 4, N_SNPS)
    # Transitions and transversions, no A/T and C/G: the tools keep their strands, munge would drop them.
    second = np.array([random.choice([b for b in range(4) if b not in (a, 3 - a)]) for a in first])
    letters = np.array(list("ACGT"))
    shared_chance = random.normal(size=(N_PEOPLE, N_SNPS // 3)).repeat(3, axis=1)
    latent = 0.6 * shared_chance + 0.8 * random.normal(size=(N_PEOPLE, N_SNPS))
    other = 0.6 * random.normal(size=(N_PEOPLE, N_SNPS // 3)).repeat(3, axis=1) + 0.8 * random.normal(size=latent.shape)
    cut = np.quantile(random.normal(size=100_000), frequency)
    genotypes = (latent < cut).astype(float) + (other < cut)
    effects = random.normal(size=N_SNPS) * (random.random(N_SNPS) < 0.35)
    standard = (genotypes - genotypes.mean(0)) / genotypes.std(0)
    genetic = standard @ effects
    age, score = np.round(random.normal(50, 8, N_PEOPLE), 1), np.round(random.normal(size=N_PEOPLE), 4)
    noise = random.normal(size=N_PEOPLE)
    trait = np.round(1.2 * genetic / genetic.std() + 0.03 * age + 0.3 * score + noise, 5)
    sick = (genetic / genetic.std() + 0.8 * random.normal(size=N_PEOPLE) > 0.6).astype(int)
    genotypes[random.random(genotypes.shape) < 0.02 * (np.arange(N_SNPS) % 3)] = np.nan
    people = [f"P{number:03d}" for number in range(N_PEOPLE)]
    chrom = 1 + np.arange(N_SNPS) * 22 // N_SNPS
    bp = 1_000_000 + 100_003 * np.arange(N_SNPS)
    to_bed(folder / "study.bed", genotypes, properties={
        "fid": people, "iid": people, "sid": [f"rs{1000 + number}" for number in range(N_SNPS)], "chromosome": chrom,
        "bp_position": bp, "cm_position": bp / 1e6, "allele_1": letters[first], "allele_2": letters[second],
        "sex": 1 + random.integers(0, 2, N_PEOPLE), "pheno": trait,
    })  # fmt: skip
    missing = random.random(N_PEOPLE) < 0.03
    with (folder / "traits.txt").open("w") as stream:
        stream.write("FID IID trait sick age score\n")
        for number, person in enumerate(people):
            value = "NA" if missing[number] else trait[number]
            stream.write(f"{person} {person} {value} {1 + sick[number]} {age[number]} {score[number]}\n")
    _write_probabel(folder, genotypes, trait, missing, sick, people, letters[first], letters[second])


def _write_probabel(folder: Path, genotypes, trait, missing, sick, people, a1, a2) -> None:
    """MaCH's .mlinfo and .mldose, of 60 SNPs; missing calls are the mean, as an imputation would have them."""
    dose = np.where(np.isnan(genotypes), np.nanmean(genotypes, axis=0), genotypes)[:, :N_KEPT]
    with (folder / "study.mldose").open("w") as stream:
        for person, row in zip(people, dose, strict=True):
            stream.write(f"{person}->{person} MLDOSE {' '.join(f'{x:.6f}' for x in row)}\n")
    with (folder / "study.mlinfo").open("w") as stream:
        stream.write("SNP Al1 Al2 Freq1 MAF Quality Rsq\n")
        for number in range(N_KEPT):
            f = dose[:, number].mean() / 2
            stream.write(f"rs{1000 + number} {a1[number]} {a2[number]} {f:.5f} {min(f, 1 - f):.5f} 1.0 0.99\n")
    with (folder / "study.dosage").open("w") as stream:
        stream.write(f"SNP A1 A2 {' '.join(f'{p} {p}' for p in people)}\n")
        for number in range(N_KEPT):
            values = " ".join(f"{x:.6f}" for x in dose[:, number])
            stream.write(f"rs{1000 + number} {a1[number]} {a2[number]} {values}\n")
    with (folder / "sick.fam").open("w") as stream:
        stream.writelines(f"{p} {p} 0 0 1 {1 + ill}\n" for p, ill in zip(people, sick, strict=True))
    known = ["NA" if gone else value for gone, value in zip(missing, trait, strict=True)]
    for name, values in (("trait", known), ("sick", sick)):
        with (folder / f"{name}.pheno").open("w") as stream:
            stream.write(f"id {name}\n" + "".join(f"{p} {v}\n" for p, v in zip(people, values, strict=True)))


PLINK1 = "--bfile study --pheno traits.txt --allow-no-sex"
TRAIT, SICK, COVARIATES = "--pheno-name trait", "--pheno-name sick", "--covar traits.txt --covar-name age,score"
PLINK2 = "plink2 --bfile study --pheno traits.txt --threads 1"
BOLT = ("bolt --bfile study --phenoFile traits.txt --phenoCol trait --LDscoresUseChip --maxMissingPerIndiv 0.5 "
        "--maxMissingPerSnp 0.5 --numThreads 1")  # fmt: skip

PLINK2_COVARIATES = f"{PLINK2} {TRAIT} {COVARIATES} --covar-variance-standardize"
PLINK2_SICK = f"{PLINK2} {SICK} {COVARIATES} --covar-variance-standardize"
OF_CASES, OF_BIM, OF_500 = {"n_cas": "cases", "n_con": "controls"}, {"reference": "bim"}, {"n": 500}

#: Name of the kept file; command; its output; the model of the truth; options munge needs beside the file.
RUNS: list[tuple[str, str, str, str, dict]] = [
    ("plink19.assoc", f"plink1.9 {PLINK1} {SICK} --assoc --out a", "a.assoc", "allelic", OF_CASES),
    ("plink19.ci.assoc", f"plink1.9 {PLINK1} {SICK} --assoc --ci 0.95 --out b", "b.assoc", "allelic, Woolf", OF_CASES),
    ("plink19.counts.assoc", f"plink1.9 {PLINK1} {SICK} --assoc counts --out c", "c.assoc", "allelic", OF_CASES),
    ("plink19.fisher", f"plink1.9 {PLINK1} {SICK} --assoc fisher --out d", "d.assoc.fisher", "rough", OF_CASES),
    ("plink19.qassoc", f"plink1.9 {PLINK1} {TRAIT} --assoc --out e", "e.qassoc", "linear", {"no_alleles": True}),
    ("plink19.linear", f"plink1.9 {PLINK1} {TRAIT} --linear --out f", "f.assoc.linear", "linear", OF_BIM),
    (
        "plink19.covar.linear",
        f"plink1.9 {PLINK1} {TRAIT} {COVARIATES} --linear --ci 0.95 --out g",
        "g.assoc.linear",
        "linear, covariates",
        OF_BIM,
    ),
    (
        "plink19.genotypic.linear",
        f"plink1.9 {PLINK1} {TRAIT} --linear genotypic --ci 0.95 --out h",
        "h.assoc.linear",
        "dominance",
        OF_BIM,
    ),
    ("plink19.logistic", f"plink1.9 {PLINK1} {SICK} --logistic --out i", "i.assoc.logistic", "logistic", OF_BIM),
    (
        "plink19.beta.logistic",
        f"plink1.9 {PLINK1} {SICK} {COVARIATES} --logistic beta hide-covar --ci 0.95 --out j",
        "j.assoc.logistic",
        "logistic, covariates",
        OF_BIM,
    ),
    ("plink19.meta", "plink1.9 --meta-analysis one.assoc two.assoc --out k", "k.meta", "two halves, allelic", OF_500),
    ("plink107.assoc", f"plink1 --noweb {PLINK1} {SICK} --assoc --out l", "l.assoc", "allelic", OF_CASES),
    (
        "plink107.linear",
        f"plink1 --noweb {PLINK1} {TRAIT} --missing-phenotype -9 --linear --out m",
        "m.assoc.linear",
        "linear",
        OF_BIM,
    ),
    (
        "plink107.logistic",
        f"plink1 --noweb {PLINK1} {SICK} --logistic --ci 0.95 --out n",
        "n.assoc.logistic",
        "logistic",
        OF_BIM,
    ),
    ("plink2.linear", f"{PLINK2} {TRAIT} --glm allow-no-covars --out o", "o.trait.glm.linear", "linear", {}),
    (
        "plink2.omit-ref.covar.linear",
        f"{PLINK2_COVARIATES} --glm omit-ref cols=+a1freq,+machr2,+ax --ci 0.95 --out p",
        "p.trait.glm.linear",
        "linear, covariates",
        {},
    ),
    (
        "plink2.log10.linear.zst",
        f"{PLINK2} {TRAIT} --glm allow-no-covars zs log10 cols=+a1count,+totallele,+a1freq --out q",
        "q.trait.glm.linear.zst",
        "linear",
        {},
    ),
    (
        "plink2.few.linear",
        f"{PLINK2_COVARIATES} --glm hide-covar cols=ax,nobs,beta,se,p --out r",
        "r.trait.glm.linear",
        "linear, covariates",
        {},
    ),
    (
        "plink2.alt1.linear",
        f"{PLINK2} {TRAIT} --glm allow-no-covars cols=chrom,pos,ref,alt1,test,nobs,beta,se,tz,p,err --out s",
        "s.trait.glm.linear",
        "linear",
        {},
    ),
    (
        "plink2.genotypic.linear",
        f"{PLINK2} {TRAIT} --glm genotypic allow-no-covars --out t",
        "t.trait.glm.linear",
        "dominance",
        {},
    ),
    (
        "plink2.logistic",
        f"{PLINK2} {SICK} --glm no-firth allow-no-covars --out u",
        "u.sick.glm.logistic",
        "logistic",
        {},
    ),
    (
        "plink2.hybrid",
        f"{PLINK2_SICK} --glm hide-covar cols=+a1freqcc,+gcountcc --ci 0.95 --out w",
        "w.sick.glm.logistic.hybrid",
        "logistic, covariates",
        {},
    ),
    (
        "plink2.firth",
        f"{PLINK2} {SICK} --glm firth allow-no-covars log10 cols=+beta,+a1countcc,+totallelecc --out x",
        "x.sick.glm.firth",
        "rough",
        {},
    ),
    (
        "plink2.residualize",
        f"{PLINK2_SICK} --glm firth-residualize hide-covar --out y",
        "y.sick.glm.logistic.hybrid",
        "logistic, covariates",
        {},
    ),
    (
        "plink2.interaction.linear",
        f"{PLINK2_COVARIATES} --glm interaction --out z",
        "z.trait.glm.linear",
        "interaction",
        {},
    ),
    ("gemma.lm", "gemma -bfile study -lm 4 -o lm", "output/lm.assoc.txt", "linear, all, mean filled", {}),
    ("gemma.wald", "gemma -bfile study -k output/kin.cXX.txt -lmm 1 -o wald", "output/wald.assoc.txt", "mixed", OF_500),
    ("gemma.lrt", "gemma -bfile study -k output/kin.cXX.txt -lmm 2 -o lrt", "output/lrt.assoc.txt", "no sign", OF_500),
    (
        "gemma.score",
        "gemma -bfile study -k output/kin.cXX.txt -lmm 3 -o score",
        "output/score.assoc.txt",
        "mixed",
        OF_500,
    ),
    ("gemma.all", "gemma -bfile study -k output/kin.cXX.txt -lmm 4 -o all", "output/all.assoc.txt", "mixed", OF_500),
    ("bolt.linreg", f"{BOLT} --statsFile linreg.stats --verboseStats", "linreg.stats", "linear, imputed", OF_500),
    ("bolt.inf", f"{BOLT} --lmmInfOnly --statsFile inf.stats", "inf.stats", "mixed", OF_500),
    ("bolt.lmm", f"{BOLT} --lmmForceNonInf --statsFile lmm.stats --verboseStats", "lmm.stats", "mixed", OF_500),
    ("gwama.quantitative", "GWAMA -i qt.in -qt --map study.map -o qt", "qt.out", "two halves", {}),
    ("gwama.binary", "GWAMA -i cc.in --map study.map -o cc", "cc.out", "two halves, logistic", {}),
    (
        "probabel.linear",
        "palinear --pheno trait.pheno --info study.mlinfo --dose study.mldose --out pl",
        "pl_add.out.txt",
        "linear, imputed",
        {},
    ),
    (
        "probabel.logistic",
        "palogist --pheno sick.pheno --info study.mlinfo --dose study.mldose --out pb",
        "pb_add.out.txt",
        "logistic, imputed",
        {},
    ),
    (
        "plink19.dosage",
        "plink1.9 --fam sick.fam --map study.3.map --dosage study.dosage format=1 case-control-freqs --out dd",
        "dd.assoc.dosage",
        "logistic, imputed",
        OF_CASES,
    ),
    ("study.ssf.tsv", "gwas-ssf validate and its metadata client, on plink2's results", "study.ssf.tsv", "linear", {}),
    (
        "fastlmm",
        "fastlmm.association.single_snp(study, traits)",
        "fastlmm.csv",
        "mixed",
        {**OF_500, "no_alleles": True},
    ),
]

FASTLMM = """
import pandas as pd, numpy as np
from fastlmm.association import single_snp
from pysnptools.snpreader import Bed, SnpData
from pysnptools.snpreader import Pheno
bed = Bed("study.bed", count_A1=True)
table = pd.read_csv("traits.txt", sep=" ")
table = table[table.trait.notna()]
pheno = SnpData(iid=np.array([table.FID.tolist(), table.IID.tolist()]).T, sid=["trait"], val=table[["trait"]].to_numpy())
single_snp(bed, pheno, count_A1=True, output_file_name="fastlmm.csv", leave_out_one_chrom=True)
"""


def run(command: str, folder: Path) -> None:
    done = subprocess.run(command, shell=True, cwd=folder, capture_output=True, text=True)
    if done.returncode:
        print(f"FAILED ({done.returncode}): {command}\n{done.stdout[-1500:]}{done.stderr[-1500:]}")


def prepare(folder: Path) -> None:
    """Relationships for GEMMA, two halves of the study for the meta-analyses."""
    run("gemma -bfile study -gk 1 -o kin", folder)
    people = [line.split()[0] for line in (folder / "study.fam").read_text().splitlines()]
    for half, chosen in (("one", people[:240]), ("two", people[240:])):
        (folder / f"{half}.keep").write_text("".join(f"{p} {p}\n" for p in chosen))
        flip = "--a1-allele alleles.txt" if half == "two" else "--keep-allele-order"
        bim = [line.split() for line in (folder / "study.bim").read_text().splitlines()]
        (folder / "alleles.txt").write_text("".join(f"{row[1]} {row[5]}\n" for row in bim))
        run(f"plink1.9 {PLINK1} {TRAIT} --keep {half}.keep {flip} --linear --ci 0.95 --out {half}", folder)
        run(f"plink1.9 {PLINK1} {SICK} --keep {half}.keep {flip} --logistic --ci 0.95 --out {half}", folder)
        run(f"plink1.9 {PLINK1} {SICK} --keep {half}.keep {flip} --assoc --ci 0.95 --out {half}", folder)
        run(f"plink1.9 --bfile study --keep {half}.keep --keep-allele-order --freq --out {half}", folder)
    _write_gwama(folder)


def _write_gwama(folder: Path) -> None:
    bim = [line.split() for line in (folder / "study.bim").read_text().splitlines()]
    (folder / "study.3.map").write_text("".join(f"{row[0]} {row[1]} 0 {row[3]}\n" for row in bim[:N_KEPT]))
    (folder / "study.map").write_text("".join(f"{row[0]} {row[1]} {row[3]}\n" for row in bim))
    alleles = {row[1]: set(row[4:6]) for row in bim}
    for kind, end, columns in (("qt", "assoc.linear", "BETA SE"), ("cc", "assoc.logistic", "OR OR_95L OR_95U")):
        for half in ("one", "two"):
            lines = (folder / f"{half}.{end}").read_text().splitlines()
            header = lines[0].split()
            rows = [dict(zip(header, line.split(), strict=True)) for line in lines[1:]]
            frq = [line.split() for line in (folder / f"{half}.frq").read_text().splitlines()[1:]]
            frequencies = {row[1]: (row[2], row[4]) for row in frq}
            with (folder / f"{kind}.{half}.txt").open("w") as stream:
                stream.write(f"MARKERNAME STRAND EA NEA N EAF {columns}\n")
                for row in rows:
                    other = (alleles[row["SNP"]] - {row["A1"]}).pop()
                    a1, maf = frequencies[row["SNP"]]
                    eaf = float(maf) if a1 == row["A1"] else 1 - float(maf)
                    values = (row["BETA"], row["SE"]) if kind == "qt" else (row["OR"], row["L95"], row["U95"])
                    stream.write(f"{row['SNP']} + {row['A1']} {other} {row['NMISS']} {eaf:.4f} {' '.join(values)}\n")
        (folder / f"{kind}.in").write_text(f"{kind}.one.txt\n{kind}.two.txt\n")


def keep(source: Path, target: Path) -> None:
    """Header and the rows of the first SNPs, byte for byte."""
    wanted = {f"rs{1000 + number}" for number in range(N_KEPT)}
    data = source.read_bytes()
    if source.suffix == ".zst":
        data = subprocess.run(["zstd", "-dc", source], capture_output=True, check=True).stdout
    lines = data.splitlines(keepends=True)
    kept = lines[:1] + [line for line in lines[1:] if wanted & set(line.decode().replace(",", " ").split())]
    target.write_bytes(b"".join(kept))
    if source.suffix == ".zst":
        subprocess.run(["zstd", "-q", "-f", "--rm", target, "-o", f"{target}.new"], check=True)
        Path(f"{target}.new").rename(target)


def run_fastlmm(folder: Path) -> str:
    """FaST-LMM in its own environment; its version."""
    (folder / "fastlmm_run.py").write_text(FASTLMM)
    run(f"{FASTLMM_PYTHON} fastlmm_run.py", folder)
    ask = "import importlib.metadata as m; print(m.version('fastlmm'))"
    return (
        f"FaST-LMM {subprocess.run([FASTLMM_PYTHON, '-c', ask], capture_output=True, text=True).stdout.strip()} (PyPI)"
    )


SSF_META = """
import yaml, datetime
from gwas_sumstats_tools.interfaces.metadata import MetadataClient
client = MetadataClient(out_file="study.ssf.tsv-meta.yaml")
client.update_metadata(dict(
    date_metadata_last_modified=datetime.date.today().isoformat(), trait_description=["simulated"],
    genome_assembly="GRCh37", coordinate_system="1-based", samples=[dict(sample_size=300, sample_ancestry=["European"]),
    dict(sample_size=200, sample_ancestry=["East Asian"])], data_file_name="study.ssf.tsv", file_type="GWAS-SSF v1.0",
    data_file_md5sum="0" * 32, is_harmonised=False, is_sorted=False))
client.to_file()
"""


def run_ssf(folder: Path) -> str:
    """PLINK 2's results under the names of GWAS-SSF, found valid by EBI's gwas-ssf, and its YAML; its version."""
    rows = [line.split("\t") for line in (folder / "q.trait.glm.linear").read_text().splitlines()]
    header = {name: place for place, name in enumerate(rows[0])}
    names = "chromosome base_pair_location effect_allele other_allele beta standard_error effect_allele_frequency p_value"
    with (folder / "study.ssf.tsv").open("w") as stream:
        stream.write("\t".join([*names.split(), "rsid"]) + "\n")
        for row in rows[1:]:
            value = {name: row[place] for name, place in header.items()}
            other = value["ALT"] if value["A1"] == value["REF"] else value["REF"]
            p = f"{10 ** -float(value['LOG10_P']):.6g}"
            stream.write("\t".join([value["#CHROM"], value["POS"], value["A1"], other, value["BETA"], value["SE"],
                                    value["A1_FREQ"], p, value["ID"]]) + "\n")  # fmt: skip
    done = subprocess.run(
        [GWAS_SSF, "validate", "study.ssf.tsv", "-m", "100"], cwd=folder, capture_output=True, text=True
    )
    print("gwas-ssf validate:", [line for line in done.stdout.splitlines() if "status" in line])
    (folder / "meta.py").write_text(SSF_META)
    run(f"{Path(GWAS_SSF).parent / 'python'} meta.py", folder)
    version = subprocess.run([GWAS_SSF, "version"], capture_output=True, text=True).stdout.split()
    return f"gwas-sumstats-tools {version[-1]} (PyPI)"


def main(out: str) -> None:
    target = Path(out)
    target.mkdir(parents=True, exist_ok=True)
    versions = {}
    for tool, command in VERSIONS.items():
        lines = [line.strip() for line in subprocess.run(command, capture_output=True, text=True).stdout.splitlines()]
        versions[tool] = next((line for line in lines if line), "").replace("\t", " ")
    sources = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_study(folder)
        prepare(folder)
        for file, command, output, truth, options in RUNS:
            tool = command.split()[0] if file not in ("fastlmm", "study.ssf.tsv") else file
            if (tool == "fastlmm" and not FASTLMM_PYTHON) or (tool == "study.ssf.tsv" and not GWAS_SSF):
                print(f"{file}: left out, its environment is not named")
                continue
            if tool == "fastlmm":
                versions[tool] = run_fastlmm(folder)
            elif tool == "study.ssf.tsv":
                run("zstd -q -d q.trait.glm.linear.zst", folder)
                versions[tool] = run_ssf(folder)
                shutil.copy(folder / "study.ssf.tsv-meta.yaml", target)
            else:
                run(command, folder)
            if not (folder / output).is_file():
                print(f"{file}: no output {output}")
                continue
            keep(folder / output, target / file)
            sources.append({
                "file": file, "tool": tool, "version": versions[tool], "command": command, "output": output, "truth": truth,
                "options": options, "date": str(datetime.date.today()),
            })  # fmt: skip
        for part in ("study.fam", "traits.txt"):
            shutil.copy(folder / part, target)
        lines = (folder / "study.bim").read_text().splitlines(keepends=True)
        (target / "study.bim").write_text("".join(lines[:N_KEPT]))
        n_bytes = 3 + N_KEPT * ((N_PEOPLE + 3) // 4)
        (target / "study.bed").write_bytes((folder / "study.bed").read_bytes()[:n_bytes])
        (target / "sources.json").write_text(json.dumps(sources, indent=1) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
