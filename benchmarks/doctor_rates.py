"""How often `sumh2 doctor` is right: alarms on clean files, hits on files with one planted fault.

    python benchmarks/doctor_rates.py [clean files, 300] [files a fault, 40] [seed]

Needs ../shared: GWAS are simulated with the LD of 1000 Genomes' Europeans (chromosomes 20 to 22), East Asians (thinned, all
chromosomes) and Americans (chromosome 21); one half of each panel's people gives LD and frequencies of the study, the other
half is the panel of the audit.  A clean file is of a random kind: quantitative (standardised or not, with covariates),
case-control (log odds, odds ratios, or a linear model of 0 and 1); 1,000 to 1,000,000 people, or a meta-analysis in
which SNPs miss cohorts; N as total, per SNP, cases and controls, effective or half of it; INFO, MAF and chromosomes
filtered or not; rounded to 3 to 6 digits; strands mixed or not; P corrected by genomic control together with SE; with or
without a panel.

The real files of ../shared are judged in tests/test_doctor.py.  Here stands how near the worst of them comes to each
threshold that was set while looking at them, with and without that file.
"""

from __future__ import annotations

import lzma
import sys
import tempfile
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from zlib import crc32

import numpy as np
import pyarrow as pa
import pyarrow.csv
from scipy.stats import beta as beta_distribution
from scipy.stats import norm

from ldscores.models.panel_model_files import read_panel_model
from sumh2.doctor.examine_files import examine
from sumh2.simulation.design import SimulationDesign, TraitDesign
from sumh2.simulation.draw import draw_scores

SHARED = Path(__file__).resolve().parents[2] / "shared"
COMPLEMENT = dict(zip("ACGT", "TGCA", strict=True))


# ---------------------------------------------------------------------------------------------------------------------
# Populations


@dataclass
class Population:
    """SNPs with real LD: scores of many traits, frequencies of the study's people and of the panel's."""

    name: str
    snp: np.ndarray
    chrom: np.ndarray
    bp: np.ndarray
    a1: np.ndarray
    a2: np.ndarray
    frequency: np.ndarray
    panel_frequency: np.ndarray
    z: np.ndarray


def panel_prefixes(folder: Path) -> dict[str, str]:
    """Unpacked panels, as PLINK prefixes."""
    eur = SHARED / "data" / "panel_1000G_EUR503_hm3_allchr"
    for chrom in (20, 21, 22):
        for end in ("bed", "bim"):
            packed = (eur / f"eur503_hm3.{chrom}.{end}.xz").read_bytes()
            (folder / f"eur.{chrom}.{end}").write_bytes(lzma.decompress(packed))
        (folder / f"eur.{chrom}.fam").write_bytes((eur / "eur503_hm3.fam").read_bytes())
    eas = SHARED / "reference" / "ldak" / "panels"
    for end in ("bed", "fam"):
        (folder / f"eas.{end}").write_bytes((eas / f"eas.{end}").read_bytes())
    (folder / "eas.bim").write_bytes(lzma.decompress((eas / "eas.bim.xz").read_bytes()))
    return {
        "EUR": str(folder / "eur.@"), "EAS": str(folder / "eas"),
        "AMR": str(SHARED / "data" / "golden_covLDSC_AMR347_chr21" / "AMR_chr21_cm"),
    }  # fmt: skip


def read_population(name: str, prefix: str, folder: Path, n_traits: int, seed: int) -> Population:
    """Scores of traits with a genome-wide h2 of 0 to 0.5 drawn from one half of the people; both halves' frequencies."""
    fam = Path(prefix.replace("@", "22") + ".fam").read_text().splitlines()
    people = [line.split()[:2] for line in fam]
    halves = []
    for half in (0, 1):
        keep = folder / f"{name}.{half}.keep"
        keep.write_text("".join(f"{a} {b}\n" for a, b in people[half::2]))
        halves.append(read_panel_model(prefix, model="gcta", panel_choice={"keep": str(keep)}).panel)
    panel, other = halves
    random = np.random.default_rng([seed, len(name), ord(name[1])])
    of_genome = {"EUR": 0.055, "EAS": 1.0, "AMR": 0.013}[name]
    h2, log10_n = of_genome * random.uniform(0, 0.5, n_traits), random.uniform(3.5, 5.5, n_traits)
    traits = tuple(TraitDesign(str(place), float(h2[place]), float(10 ** log10_n[place])) for place in range(n_traits))
    design = SimulationDesign(traits, np.eye(n_traits), np.eye(n_traits), causal_share=0.05, seed=seed)
    blocks = np.cumsum(np.r_[True, (np.diff(panel.bp // 1_000_000) != 0)])
    scores = draw_scores(panel, np.ones(len(panel)), blocks, design)
    frequencies = []
    for each in (panel, other):
        called = [each.dosages(start, min(start + 5000, len(each))) for start in range(0, len(each), 5000)]
        frequencies.append(np.concatenate([np.nanmean(part, axis=1) / 2 for part in called]))
    kept = scores.varies & (frequencies[0] > 0.005) & (frequencies[0] < 0.995)
    columns = [
        np.asarray(x.to_pylist(), dtype=object) for x in (panel.snp, panel.chrom, panel.allele_1, panel.allele_2)
    ]
    snp, chrom, a1, a2 = (column[kept] for column in columns)
    # HapMap3 lists have no A/T and C/G SNPs, other GWAS have 15 % of them: the same in every population.
    for place in np.flatnonzero([crc32(name.encode()) % 100 < 15 for name in snp]):
        low = min(a1[place], a2[place])
        pair = (low, COMPLEMENT.get(low, low))
        a1[place], a2[place] = pair if a1[place] == low else pair[::-1]
    return Population(
        name, snp, chrom, panel.bp[kept], a1, a2, frequencies[0][kept], frequencies[1][kept], scores.z[kept]
    )


# ---------------------------------------------------------------------------------------------------------------------
# Clean files


@dataclass
class Study:
    """A file's columns in order, the options an informed user gives, and what kind it is."""

    population: Population
    columns: dict[str, np.ndarray]
    rows: np.ndarray
    options: dict = field(default_factory=dict)
    with_panel: bool = True
    binary: bool = False
    linear: bool = False
    standard: bool = False
    cases: float = 0.0
    controls: float = 0.0
    n_eff: np.ndarray | None = None
    meta: bool = False


def clean_study(population: Population, random: np.random.Generator) -> Study:
    """One clean file of a random kind."""
    m = len(population.snp)
    rows = np.arange(m)
    if random.random() < 0.3 and len(set(population.chrom)) > 1:
        rows = rows[population.chrom == random.choice(sorted(set(population.chrom)))]
    frequency = np.clip(population.frequency + random.normal(size=m) * 0.004, 0.003, 0.997)[rows]
    info = np.clip(1 - random.gamma(0.5, 0.08, len(rows)), 0.2, 1)
    kept = np.minimum(frequency, 1 - frequency) > random.choice([0.005, 0.01, 0.05])
    kept &= info > random.choice([0.3, 0.6, 0.8])
    rows, frequency, info = rows[kept], frequency[kept], info[kept]
    study = Study(population, {}, rows)
    kind = random.choice(["standard", "other units", "covariates", "log odds", "odds ratio", "linear of 0 and 1"])
    study.binary = kind in ("log odds", "odds ratio", "linear of 0 and 1")
    study.linear, study.standard = kind == "linear of 0 and 1", kind == "standard"
    total = float(np.round(10 ** random.uniform(3, 6)))
    share = random.choice([0.5, random.uniform(0.1, 0.5), random.uniform(0.01, 0.1)])
    study.cases, study.controls = np.round(total * share), total - np.round(total * share)
    study.meta = bool(random.random() < 0.4)
    there = np.ones(len(rows))
    if study.meta:
        cohorts = random.dirichlet(np.full(random.integers(3, 12), 1.5))
        missing = random.random((len(rows), len(cohorts))) < random.choice([0.02, 0.1, 0.25])
        there = np.maximum(1 - missing @ cohorts, 0.15)
    n = np.round(total * there)
    cases, controls = np.maximum(np.round(study.cases * there), 5), np.maximum(np.round(study.controls * there), 5)
    study.n_eff = 4 / (1 / cases + 1 / controls)
    heterozygous = 2 * frequency * (1 - frequency)
    wobble = np.exp(random.normal(size=len(rows)) * 0.01)
    z = population.z[rows, random.integers(population.z.shape[1])].copy()
    v = study.cases / total
    scale = {"standard": 1.0, "other units": 10 ** random.uniform(-1, 1.5), 
             "covariates": np.sqrt(random.uniform(0.6, 0.95)),
             "linear of 0 and 1": np.sqrt(v * (1 - v))}.get(kind)  # fmt: skip
    variance = scale**2 / n if scale is not None else 4 / study.n_eff
    se = np.sqrt(variance / heterozygous / info) * wobble
    effect = z * se
    if random.random() < 0.15:
        correction = float(np.clip(np.median(z**2) / 0.4549, 1.0, 1.5))
        se = se * np.sqrt(correction)
    p = 2 * norm.sf(np.abs(effect / se))
    swap = random.random(len(rows)) < 0.5
    other_strand = random.random(len(rows)) < (0.5 if random.random() < 0.2 else 0.0)
    letters = np.stack([population.a1[rows], population.a2[rows]])
    palindromic = np.array([COMPLEMENT.get(a) == b for a, b in letters.T])
    # Palindromic SNPs are on the panel's strand, as in files aligned to the genome.
    letters = np.where(other_strand & ~palindromic,
                       np.vectorize(lambda x: COMPLEMENT.get(x, x), otypes=[object])(letters), letters)  # fmt: skip
    a1, a2 = np.where(swap, letters[1], letters[0]), np.where(swap, letters[0], letters[1])
    effect, frequency = np.where(swap, -effect, effect), np.where(swap, 1 - frequency, frequency)
    _write_columns(study, random, kind, a1, a2, frequency, info, effect, se, p, n, cases, controls)
    study.with_panel = bool(random.random() < 0.75)
    return study


def _write_columns(study, random, kind, a1, a2, frequency, info, effect, se, p, n, cases, controls) -> None:
    digits = int(random.choice([3, 4, 5, 6, 16]))

    def rounded(values: np.ndarray, extra: int = 0) -> np.ndarray:
        if digits == 16:
            return values
        with np.errstate(divide="ignore"):
            size = np.floor(np.log10(np.abs(np.where(values == 0, 1, values))))
        unit = 10.0 ** (size - digits - extra + 1)
        return np.round(values / unit) * unit

    population, rows = study.population, study.rows
    c = study.columns
    c["SNP"], c["CHR"], c["BP"] = population.snp[rows], population.chrom[rows], population.bp[rows].copy()
    named = random.random() < 0.6
    c["EA" if named else "A1"], c["NEA" if named else "A2"] = a1, a2
    if random.random() < 0.85:
        c["EAF" if named else "FRQ"] = np.round(frequency, int(random.choice([2, 3, 4, 6])))
    if random.random() < 0.6:
        c["INFO"] = np.round(info, 3)
    if kind == "odds ratio":
        # An odds ratio of three digits says little of an effect of 0.01.
        c["OR"] = np.round(np.exp(effect), max(digits, 4))
    else:
        c["BETA"] = rounded(effect)
    c["SE"] = rounded(se)
    if random.random() < 0.2:
        c["Z"] = rounded(effect / se, 1)
    if random.random() < 0.15:
        c["LOG10P"] = rounded(-norm.logsf(np.abs(effect / se)) / np.log(10) - np.log10(2), 1)
    else:
        c["P"] = rounded(np.maximum(p, 1e-300))
    per_snp = study.meta or random.random() < 0.5
    if study.binary:
        ways = ["both", "effective", "half", "total"] if per_snp else ["both", "option", "effective", "total"]
        way = str(random.choice(ways))
        if way == "both":
            c["N_CAS"], c["N_CON"] = cases, controls
        elif way == "option":
            study.options = {"n_cas": study.cases, "n_con": study.controls}
        elif way == "effective":
            c["NEFF"] = np.round(study.n_eff, 1)
        elif way == "half":
            c["Neff_half"] = np.round(study.n_eff / 2, 1)
        else:
            c["N"] = n
    elif per_snp:
        c["NEFF" if kind == "standard" and random.random() < 0.2 else "N"] = n
    else:
        study.options = {"n": float(n.max())}


def write_study(study: Study, path: Path) -> None:
    arrays = {
        name: pa.array(list(values) if values.dtype == object else values) for name, values in study.columns.items()
    }
    options = pyarrow.csv.WriteOptions(delimiter="\t", quoting_style="none")
    pyarrow.csv.write_csv(pa.table(arrays), path, write_options=options)


def write_panel(population: Population, path: Path) -> None:
    table = pa.table({
        "SNP": pa.array(list(population.snp)), "CHR": pa.array(list(population.chrom)), "POS_hg19": population.bp,
        "A1": pa.array(list(population.a1)), "A2": pa.array(list(population.a2)), "FRQ": population.panel_frequency,
    })  # fmt: skip
    pyarrow.csv.write_csv(table, path, write_options=pyarrow.csv.WriteOptions(delimiter="\t", quoting_style="none"))


# ---------------------------------------------------------------------------------------------------------------------
# Faults: each changes a clean file, or returns False where it makes no sense; and the checks that may name it


def _named(study: Study, *names: str) -> str | None:
    return next((name for name in names if name in study.columns), None)


def alleles_exchanged(s: Study, random) -> bool:
    a1, a2 = _named(s, "EA", "A1"), _named(s, "NEA", "A2")
    s.columns[a1], s.columns[a2] = s.columns[a2], s.columns[a1]
    s.with_panel = True
    return _named(s, "EAF", "FRQ") is not None


def frequency_is_minor(s: Study, random) -> bool:
    name = _named(s, "EAF", "FRQ")
    s.with_panel = True
    if name:
        s.columns[name] = np.minimum(s.columns[name], 1 - s.columns[name])
    return name is not None


def frequency_in_percent(s: Study, random) -> bool:
    name = _named(s, "EAF", "FRQ")
    if name:
        s.columns[name] = 100 * s.columns[name]
    return name is not None


def _one_n(s: Study, header: str, values) -> bool:
    for name in ("N_CAS", "N_CON", "NEFF", "Neff_half", "N"):
        s.columns.pop(name, None)
    s.options = {}
    s.columns[header] = np.round(np.broadcast_to(values, len(s.rows)).astype(float), 1)
    return _named(s, "EAF", "FRQ") is not None


def half_effective_n(s: Study, random) -> bool:
    return s.binary and not s.linear and _one_n(s, "NEFF", s.n_eff / 2)


def cases_only(s: Study, random) -> bool:
    return "OR" in s.columns and s.cases < s.controls and _one_n(s, "N", s.cases)


def cases_only_beside_beta(s: Study, random) -> bool:
    """Nothing in the file says that BETA is a log odds ratio."""
    return s.binary and not s.linear and "BETA" in s.columns and s.cases < s.controls and _one_n(s, "N", s.cases)


def total_as_effective(s: Study, random) -> bool:
    share = s.cases / (s.cases + s.controls)
    return "OR" in s.columns and share < 0.1 and _one_n(s, "NEFF", s.cases + s.controls)


def one_n_for_all(s: Study, random) -> bool:
    there = np.where(random.random(len(s.rows)) < 0.3, 0.2, 1.0)
    for name in ("SE", "BETA"):
        if name in s.columns:
            s.columns[name] = s.columns[name] / np.sqrt(there)
    if "OR" in s.columns:
        s.columns["OR"] = np.exp(np.log(s.columns["OR"]) / np.sqrt(there))
    total = s.n_eff.max() if s.binary and not s.linear else (s.cases + s.controls)
    return "Z" not in s.columns and not s.meta and _one_n(s, "NEFF" if s.binary else "N", total)


def other_build(s: Study, random) -> bool:
    s.columns["BP"] = s.columns["BP"] + 31_000 + 7 * (s.columns["BP"] // 1_000_000)
    s.with_panel = True
    return True


def positions_from_zero(s: Study, random) -> bool:
    s.columns["BP"] = s.columns["BP"] - 1
    s.with_panel = True
    return True


def palindromes_flipped(s: Study, random) -> bool:
    a1, a2, name = s.columns[_named(s, "EA", "A1")], s.columns[_named(s, "NEA", "A2")], _named(s, "EAF", "FRQ")
    s.with_panel = True
    if name is None:
        return False
    palindromic = np.array([COMPLEMENT.get(a) == b for a, b in zip(a1, a2, strict=True)])
    s.columns[name] = np.where(palindromic, 1 - s.columns[name], s.columns[name])
    return True


def other_ancestry(s: Study, random) -> bool:
    """The panel is another population's (Europeans' for the others), which here has chromosomes 20 to 22."""
    s.with_panel = True
    if np.isin(s.columns["CHR"], ["20", "21", "22"]).sum() < 200:
        return False
    return _named(s, "EAF", "FRQ") is not None


def alleles_of_the_next_row(s: Study, random) -> bool:
    for name in (_named(s, "EA", "A1"), _named(s, "NEA", "A2")):
        s.columns[name] = np.roll(s.columns[name], 1)
    s.with_panel = True
    return True


def rows_twice(s: Study, random) -> bool:
    again = np.sort(np.r_[np.arange(len(s.rows)), random.choice(len(s.rows), len(s.rows) // 20, replace=False)])
    s.columns = {name: values[again] for name, values in s.columns.items()}
    return True


def effect_and_error_exchanged(s: Study, random) -> bool:
    if "BETA" not in s.columns:
        return False
    s.columns["BETA"], s.columns["SE"] = s.columns["SE"], s.columns["BETA"]
    return True


def p_of_another_trait(s: Study, random) -> bool:
    name = _named(s, "P", "LOG10P")
    s.columns[name] = random.permutation(s.columns[name])
    return True


def p_corrected(s: Study, random) -> bool:
    if "P" not in s.columns:
        return False
    s.columns["P"] = 2 * norm.sf(norm.isf(s.columns["P"] / 2) / np.sqrt(1.3))
    return True


def odds_ratio_as_effect(s: Study, random) -> bool:
    if "BETA" not in s.columns or not s.binary or s.linear:
        return False
    s.columns["BETA"] = np.exp(s.columns["BETA"])
    return True


def odds_ratio_as_effect_without_p(s: Study, random) -> bool:
    for name in ("P", "LOG10P", "Z"):
        s.columns.pop(name, None)
    return odds_ratio_as_effect(s, random)


def log10_as_p(s: Study, random) -> bool:
    if "P" not in s.columns:
        return False
    s.columns["P"] = -np.log10(s.columns["P"])
    return True


def z_of_the_other_allele(s: Study, random) -> bool:
    if "BETA" not in s.columns:
        return False
    s.columns["Z"] = -s.columns["BETA"] / s.columns["SE"]
    return True


def standard_deviation_as_error(s: Study, random) -> bool:
    for name in ("P", "LOG10P", "Z"):
        s.columns.pop(name, None)
    s.columns["SE"] = s.columns["SE"] * np.sqrt(s.cases + s.controls)
    return True


def unsigned(s: Study, random) -> bool:
    if "BETA" not in s.columns or "Z" in s.columns:
        return False
    s.columns["BETA"] = np.abs(s.columns["BETA"])
    return True


def significant_only(s: Study, random) -> bool:
    p = s.columns["P"] if "P" in s.columns else 10 ** -s.columns["LOG10P"]
    s.columns = {name: values[p < 0.05] for name, values in s.columns.items()}
    return True


def info_is_another_column(s: Study, random) -> bool:
    s.columns["INFO"] = np.round(random.uniform(0, 100, len(s.rows)), 2)
    return True


#: Fault; checks of which one must give a caution or worse.
FAULTS = {
    alleles_exchanged: ("frequency", "munge"), frequency_is_minor: ("frequency",), frequency_in_percent: ("frequency",),
    half_effective_n: ("n",), cases_only: ("n",), cases_only_beside_beta: ("n",), total_as_effective: ("n",),
    one_n_for_all: ("n",),
    other_build: ("build",), positions_from_zero: ("build",), palindromes_flipped: ("palindromes",),
    other_ancestry: ("ancestry", "frequency"), alleles_of_the_next_row: ("alleles", "frequency"),
    rows_twice: ("duplicates",), effect_and_error_exchanged: ("z", "munge", "inflation"),
    p_of_another_trait: ("z", "munge"),
    p_corrected: ("z",), odds_ratio_as_effect: ("munge", "signs"), odds_ratio_as_effect_without_p: ("signs", "munge"),
    log10_as_p: ("munge",), z_of_the_other_allele: ("z",), standard_deviation_as_error: ("inflation",),
    unsigned: ("signs",), significant_only: ("inflation",), info_is_another_column: ("info",),
}  # fmt: skip


# ---------------------------------------------------------------------------------------------------------------------
# Counting


def limits(hits: int, n: int) -> str:
    """Clopper-Pearson's 95 % limits, in per cent."""
    low = beta_distribution.ppf(0.025, hits, n - hits + 1) if hits else 0.0
    high = beta_distribution.ppf(0.975, hits + 1, n - hits) if hits < n else 1.0
    return f"{100 * low:.1f} to {100 * high:.1f}"


def alarms_of(study: Study, panel: Path, folder: Path) -> tuple[set[str], set[str], str]:
    """Checks with an alarm, checks that were made, and what was found."""
    write_study(study, folder / "gwas.tsv")
    options = {**study.options, **({"reference": str(panel)} if study.with_panel else {})}
    result = examine(folder / "gwas.tsv", **options)
    bad = [each for each in result.checks if each.status in ("caution", "unusable")]
    return (
        {each.check for each in bad},
        {each.check for each in result.checks},
        "; ".join(f"{e.check}: {e.found}" for e in bad),
    )


def count_clean(populations, panels, n_files: int, seed: int, folder: Path) -> None:
    made, wrong, shown = Counter(), Counter(), []
    files_wrong = 0
    for number in range(n_files):
        random = np.random.default_rng([seed, 1, number])
        study = clean_study(populations[number % len(populations)], random)
        alarms, checks, found = alarms_of(study, panels[study.population.name], folder)
        made.update(checks)
        wrong.update(alarms)
        files_wrong += bool(alarms)
        if alarms:
            shown.append(f"{study.population.name} {number}: {found}")
    print("\n| check | clean files | false alarms | % (95 % limits) |\n|---|--:|--:|---|")
    for check in sorted(made):
        print(f"| {check} | {made[check]} | {wrong[check]} | {100 * wrong[check] / made[check]:.1f} "
              f"({limits(wrong[check], made[check])}) |")  # fmt: skip
    print(f"| any | {n_files} | {files_wrong} | {100 * files_wrong / n_files:.1f} ({limits(files_wrong, n_files)}) |")
    print("\n".join(f"  {line[:300]}" for line in shown[:40]), file=sys.stderr)


def count_faults(populations, panels, n_files: int, seed: int, folder: Path) -> None:
    print("\n| fault | files | named | % (95 % limits) | other alarms |\n|---|--:|--:|---|---|")
    for place, (fault, expected) in enumerate(FAULTS.items()):
        hits, files, others, missed = 0, 0, Counter(), []
        number = -1
        while files < n_files and number < 40 * n_files:
            number += 1
            random = np.random.default_rng([seed, 2, place, number])
            study = clean_study(populations[number % len(populations)], random)
            if not fault(study, random):
                continue
            files += 1
            name = study.population.name
            panel = panels[{"EUR": "EAS", "EAS": "EUR", "AMR": "EUR"}[name] if fault is other_ancestry else name]
            alarms, _, found = alarms_of(study, panel, folder)
            hit = bool(alarms & set(expected))
            hits += hit
            others.update(alarms - set(expected))
            if not hit:
                missed.append(f"{name} {number} ({len(study.rows)} rows): {found}")
        also = ", ".join(f"{check} {count}" for check, count in others.most_common(4))
        name = fault.__name__.replace("_", " ")
        print(f"| {name} | {files} | {hits} | {100 * hits / files:.0f} ({limits(hits, files)}) | "
              f"{also} |", flush=True)  # fmt: skip
        for line in missed[:4]:
            print(f"  missed {fault.__name__} {line[:260]}", file=sys.stderr)


#: Statistic of a check: threshold in sumh2.doctor, and whether a larger or a smaller value is worse.
STATISTICS = {
    ("n", "implied_5th_percentile"): (0.5, "smaller"), ("z", "share_p_apart"): (0.25, "larger"),
    ("z", "factor"): (0.07, "larger"), ("alleles", "share_different"): (0.05, "larger"),
    ("inflation", "lambda_gc"): (0.85, "smaller"),
    ("signs", "share_positive"): (0.2, "larger"), ("duplicates", "share"): (0.01, "larger"),
}  # fmt: skip


def distances_of_real_files() -> None:
    """Of each statistic: the worst clean real file, and the worst of the others; a threshold should hang on neither."""
    sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
    from test_doctor import REAL, TRUE_ALARMS

    reference = next((SHARED / "data" / "hm3_snplist_hg19_hg38").glob("*.tsv.xz"))
    values = defaultdict(dict)
    for path, options in REAL.items():
        result = examine(SHARED / "data" / path, **options, reference=str(reference))
        small = result.n_read < 5000  # where lambda is not judged
        for check in result.checks:
            found = dict(check.values)
            if check.check == "duplicates":
                found["share"] = found["duplicated_names"] / result.n_read
            if "factor" in found:
                found["factor"] = abs(np.log(found["factor"]))
            if "share_positive" in found:
                found["share_positive"] = abs(found["share_positive"] - 0.5)
            for name, value in found.items():
                known = (path, check.check) in TRUE_ALARMS or (small and name == "lambda_gc")
                if (check.check, name) in STATISTICS and not known:
                    values[check.check, name][Path(path).name.split(".")[0]] = value
    print(
        "\n| statistic | threshold | real clean files | worst | worst of the others |\n|---|--:|--:|---|---|"
    )
    for key, (threshold, direction) in STATISTICS.items():
        ranked = sorted(values[key].items(), key=lambda each: each[1], reverse=direction == "larger")
        if len(ranked) < 2:
            continue
        worst, second = ranked[:2]
        print(f"| {key[0]}: {key[1].replace('_', ' ')} | {threshold} | {len(ranked)} | {worst[1]:.3g} {worst[0]} | "
              f"{second[1]:.3g} {second[0]} |")  # fmt: skip


def main(n_clean: int = 300, n_faulty: int = 40, seed: int = 1) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        populations = [
            read_population(each, prefix, folder, 40, seed) for each, prefix in panel_prefixes(folder).items()
        ]
        panels = {}
        for each in populations:
            panels[each.name] = folder / f"{each.name}.tsv"
            write_panel(each, panels[each.name])
        print(", ".join(f"{each.name} {len(each.snp):,} SNPs" for each in populations) + f"; seed {seed}")
        distances_of_real_files()
        count_clean(populations, panels, n_clean, seed, folder)
        count_faults(populations, panels, n_faulty, seed, folder)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
