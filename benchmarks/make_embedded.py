"""Make the simulated data that `sumh2 demo` runs on: python benchmarks/make_embedded.py sumh2/embedded

Z scores are drawn SNP by SNP from the model that LD Score regression assumes,

    cov(z1, z2) = sqrt(N1 N2) g l / M + a12,        var(z) = N h2 l / M + a,

so that estimates should meet the truth within their standard errors.  SNPs are independent of each other: there are no
genotypes behind these files.  One GWAS is a tab-separated file with BETA and SE, the other has the shape of the
Psychiatric Genomics Consortium's "daner" files; both hold the usual dirt: missing values, strand-ambiguous SNPs,
insertions, rare and badly imputed SNPs, duplicates, swapped and flipped alleles, one p-value of zero.
"""

from __future__ import annotations

import gzip
import json
import sys
from pathlib import Path

import numpy as np

SEED = 20261121
M_PER_CHROMOSOME = {"20": 420_000, "21": 260_000, "22": 320_000}
N_SNPS = {"20": 5800, "21": 3600, "22": 3900}
TRUTH = {
    "height": {"h2": 0.45, "intercept": 1.02, "N": 60_000},
    "depression": {"h2": 0.12, "intercept": 1.0, "cases": 45_000, "controls": 97_000},
    "rg": -0.3,
    "gcov_intercept": 0.05,
    "seed": SEED,
}
LETTERS = np.array(list("ACGT"))
COMPLEMENT = dict(zip("ACGT", "TGCA", strict=True))


def main(folder: Path) -> None:
    rng = np.random.default_rng(SEED)
    columns = {name: [] for name in ("chr", "bp", "ld")}
    for chromosome, n_snps in N_SNPS.items():
        columns["chr"] += [chromosome] * n_snps
        columns["bp"] += np.sort(rng.choice(np.arange(100_000, 60_000_000), n_snps, replace=False)).tolist()
        # LD scores are long-tailed and alike among neighbours.
        wave = np.convolve(rng.normal(size=n_snps + 199), np.ones(200) / np.sqrt(200), "valid")
        columns["ld"] += np.round(np.exp(3.6 + 0.45 * wave + 0.55 * rng.normal(size=n_snps)) + 1, 3).tolist()
    ld = np.array(columns["ld"])
    n_all = len(ld)
    names = [f"rs{number}" for number in rng.choice(np.arange(10_000, 9_999_999), n_all, replace=False)]
    a1 = rng.integers(0, 4, n_all)
    # One SNP in twelve is A/T or C/G, the others are not.
    others = np.array([[1, 2], [0, 3], [0, 3], [1, 2]])[a1, rng.integers(0, 2, n_all)]
    a2 = np.where(rng.random(n_all) < 1 / 12, 3 - a1, others)
    maf = rng.beta(1.2, 2, n_all) * 0.5
    freq = np.where(rng.random(n_all) < 0.5, maf, 1 - maf)
    z = draw_z(rng, ld, sum(M_PER_CHROMOSOME.values()))
    folder.mkdir(exist_ok=True)
    write_ld_scores(folder, columns, names, ld)
    write_height(folder / "height.tsv.gz", rng, columns, names, a1, a2, freq, z[:, 0])
    write_depression(folder / "daner_depression.gz", rng, columns, names, a1, a2, freq, z[:, 1])
    (folder / "truth.json").write_text(json.dumps(TRUTH, indent=1) + "\n")


def draw_z(rng: np.random.Generator, ld: np.ndarray, m: int) -> np.ndarray:
    height, depression = TRUTH["height"], TRUTH["depression"]
    n1, n2 = height["N"], depression["cases"] + depression["controls"]
    gcov = TRUTH["rg"] * np.sqrt(height["h2"] * depression["h2"])
    v1 = n1 * height["h2"] * ld / m + height["intercept"]
    v2 = n2 * depression["h2"] * ld / m + depression["intercept"]
    c = np.sqrt(n1 * n2) * gcov * ld / m + TRUTH["gcov_intercept"]
    first, second = rng.normal(size=(2, len(ld)))
    z1 = np.sqrt(v1) * first
    return np.column_stack([z1, c / v1 * z1 + np.sqrt(v2 - c**2 / v1) * second])


def write_ld_scores(folder: Path, columns: dict, names: list, ld: np.ndarray) -> None:
    for chromosome, m in M_PER_CHROMOSOME.items():
        rows = [i for i, other in enumerate(columns["chr"]) if other == chromosome]
        lines = ["CHR\tSNP\tBP\tL2"]
        lines += [f"{chromosome}\t{names[i]}\t{columns['bp'][i]}\t{ld[i]:.3f}" for i in rows]
        write_gz(folder / f"{chromosome}.l2.ldscore.gz", lines)
        (folder / f"{chromosome}.l2.M_5_50").write_text(f"{m}\n")


def write_height(path, rng, columns, names, a1, a2, freq, z) -> None:
    n = TRUTH["height"]["N"]
    lines = ["MARKER\tCHROM\tPOS\tEFFECT_ALLELE\tOTHER_ALLELE\tEAF\tINFO\tBETA\tSE\tP\tN"]
    for i in dirty_rows(rng, len(names)):
        swap, flip = rng.random(2) < (0.5, 0.04)
        letters = [LETTERS[a1[i]], LETTERS[a2[i]]]
        beta_sign, f = 1, freq[i]
        if swap:
            letters, beta_sign, f = letters[::-1], -1, 1 - f
        if flip:
            letters = [COMPLEMENT[letter] for letter in letters]
        if rng.random() < 0.01:
            letters = ["I", "D"]
        se = 1 / np.sqrt(2 * f * (1 - f) * n)
        beta = f"{beta_sign * z[i] * se:.6g}" if rng.random() > 0.003 else "NA"
        people = n if rng.random() > 0.05 else int(n * rng.uniform(0.3, 1))
        lines.append(
            f"{names[i]}\t{columns['chr'][i]}\t{columns['bp'][i]}\t{letters[0]}\t{letters[1]}\t{f:.4f}\t"
            f"{rng.uniform(0.89, 1):.3f}\t{beta}\t{se:.6g}\t{p_value(z[i]):.4g}\t{people}"
        )
    write_gz(path, lines)


def write_depression(path, rng, columns, names, a1, a2, freq, z) -> None:
    cases, controls = TRUTH["depression"]["cases"], TRUTH["depression"]["controls"]
    n_effective = 4 / (1 / cases + 1 / controls)
    lines = [f"CHR SNP BP A1 A2 FRQ_A_{cases} FRQ_U_{controls} INFO OR SE P ngt"]
    for i in dirty_rows(rng, len(names)):
        letters = [LETTERS[a1[i]], LETTERS[a2[i]]]
        se = 2 / np.sqrt(2 * freq[i] * (1 - freq[i]) * n_effective)
        lines.append(
            f"{columns['chr'][i]} {names[i]} {columns['bp'][i]} {letters[0]} {letters[1]} {freq[i]:.4f} {freq[i]:.4f} "
            f"{rng.uniform(0.885, 1):.3f} {np.exp(z[i] * se):.5f} {se:.5f} {p_value(z[i]):.4g} 0"
        )
    write_gz(path, lines)


def dirty_rows(rng: np.random.Generator, n_snps: int) -> np.ndarray:
    """Rows in file order: a few are missing, five come twice."""
    rows = np.flatnonzero(rng.random(n_snps) > 0.03)
    return np.sort(np.concatenate([rows, rng.choice(rows, 5)]))


def p_value(z: float) -> float:
    from scipy.special import ndtr

    # What many programs print beyond their smallest number is zero.
    p = 2 * ndtr(-abs(z))
    return 0.0 if p < 1e-30 else p


def write_gz(path: Path, lines: list[str]) -> None:
    with path.open("wb") as raw, gzip.GzipFile("", "wb", fileobj=raw, mtime=0) as packed:
        packed.write(("\n".join(lines) + "\n").encode())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
