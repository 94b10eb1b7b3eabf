"""LDAK's reference runs: the commands as they were given, and the same fit here."""

from __future__ import annotations

import functools
import lzma
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from conftest import PORTABLE, SHARED

from ldscores.taggings.tagging import Tagging
from ldscores.taggings.tagging_files import read_tagging
from sumh2 import align
from sumh2.sumher.fit import fit_sumher
from sumh2.sumher.rg import fit_sumher_rg
from sumh2.sumher.rows import RowRules
from sumh2.sumstats import SumStats
from sumh2.sumstats_files import read_sumstats

REFERENCE = SHARED / "reference" / "ldak"
PANELS = ("ambig", "eas", "gctatest", "hapmap", "human", "mice", "miss")


def text_of(path: Path) -> str:
    return lzma.decompress(path.read_bytes()).decode() if path.suffix == ".xz" else path.read_text()


@dataclass(frozen=True)
class Run:
    """One command of LDAK: the folder it ran in, the stem of its outputs and its options."""

    folder: Path
    verb: str
    out: str
    options: dict[str, str] = field(hash=False)

    @property
    def name(self) -> str:
        return f"{'portable' if self.folder == PORTABLE else self.folder.name}/{self.out}"

    def path(self, name: str) -> Path:
        """An input or output, compressed or not; inputs of the portable set have a folder of their own."""
        places = [self.folder / name, self.folder / f"{name}.xz"]
        places += [self.folder / "inputs" / name, self.folder / "inputs" / f"{name}.xz"]
        return next((place for place in places if place.is_file()), places[0])

    def is_there(self) -> bool:
        """Whether its tagging and its output were kept."""
        names = [self.options.get("tagfile") or self.options["cross-tagfile"]]
        outputs = [self.path(f"{self.out}.{ending}").is_file() for ending in ("hers", "cors", "cv.exps")]
        return any(outputs) and all(self.path(name).is_file() for name in names)

    def text(self, ending: str) -> str | None:
        """What LDAK wrote; None where it wrote no such file."""
        path = self.path(f"{self.out}.{ending}")
        if not path.is_file():
            return None
        return text_of(path)

    def lines(self, name: str) -> list[list[str]]:
        """Words of the lines of an input."""
        return [line.split() for line in text_of(self.path(name)).splitlines() if line.strip()]

    def yes(self, option: str, default: bool = False) -> bool:
        return {"YES": True, "NO": False}[self.options[option]] if option in self.options else default

    def number(self, option: str) -> float | None:
        return float(self.options[option]) if option in self.options else None


def reference_runs(verb: str) -> list[Run]:
    """All commands of a kind that are there; fits of merged taggings by power are another test's."""
    files = [(PORTABLE, PORTABLE / "ldak" / "COMMANDS.txt")]
    if REFERENCE.is_dir():
        for panel in PANELS:
            files += [(REFERENCE / panel, path) for path in sorted((REFERENCE / panel).glob("COMMANDS*.txt"))]
    found = []
    for folder, path in files:
        for line in path.read_text().splitlines():
            words = line.split()
            if words[:1] != ["ldak"] or words[1] != f"--{verb}":
                continue
            options = {option.removeprefix("--"): value for option, value in zip(words[3::2], words[4::2], strict=True)}
            if not {"divisions", "pathways"} & set(options):
                found.append(Run(folder, verb, words[2], options))
    return found


@functools.cache
def tagging_at(path: Path) -> Tagging:
    return read_tagging(str(path))


@functools.cache
def sumstats_at(path: Path) -> SumStats:
    return read_sumstats(path)


def tagging_of(run: Run) -> Tagging:
    """The tagging of a run, with its --extract, --alternative-tags, --tag-one and --cv-predictors."""
    tagging = tagging_at(run.path(run.options.get("tagfile", run.options.get("cross-tagfile", ""))))
    names = np.array(tagging.snp.to_pylist())
    if "extract" in run.options:
        tagging = tagging.take(np.flatnonzero(np.isin(names, [line[0] for line in run.lines(run.options["extract"])])))
    if "cv-predictors" in run.options:
        left_out = [line[0] for line in run.lines(run.options["cv-predictors"])]
        tagging = tagging.take(np.flatnonzero(~np.isin(names, left_out)))
    if "alternative-tags" in run.options:
        tags = {line[0]: float(line[1]) for line in run.lines(run.options["alternative-tags"])}
        tagging = tagging.take(np.flatnonzero([name in tags for name in names]))
        tagging = replace(tagging, regression_tagging=np.array([tags[name] for name in tagging.snp.to_pylist()]))
    if run.yes("tag-one"):
        tagging = replace(tagging, regression_tagging=np.ones(len(tagging)))
    return tagging


def rules_of(run: Run, ambiguous: bool) -> RowRules:
    return RowRules(
        cutoff=run.number("cutoff"),
        truncate=run.number("truncate"),
        allow_ambiguous=run.yes("allow-ambiguous", ambiguous),
        check_sums=run.yes("check-sums", True),
        chisq_factor=run.number("scaling") or 1.0,
    )


def h2_as_ldak(run: Run, **changes):
    """The fit of a --sum-hers command."""
    trait = sumstats_at(run.path(run.options["summary"]))
    if "prevalence" in run.options:
        trait = trait.with_prevalences(run.number("ascertainment"), run.number("prevalence"))
    tagging = tagging_of(run)
    start = "auto"
    if "categories" in run.options:
        # LDAK adds the Base to the categories it starts from.
        start = [tagging.names[int(line[0]) - 1] for line in run.lines(run.options["categories"])] + ["Base"]
    tau = [float(line[0]) for line in run.lines(run.options["taus"])] if "taus" in run.options else None
    solver = "ldsc" if run.yes("LDSC") else "likelihood" if run.yes("chisq-solver", True) else "least-squares"
    options = {
        "free_intercept": run.yes("intercept"),
        "genomic_control": run.yes("genomic-control"),
        "solver": solver,
        "rules": rules_of(run, ambiguous=True),
        "start": start,
        "tau": tau,
        "n_blocks": int(run.options.get("num-blocks", 200)),
    }
    return fit_sumher(align([trait], tagging, ambiguous="letters"), **(options | changes))


def rg_as_ldak(run: Run, **changes):
    """The fit of a --sum-cors command."""
    traits = [sumstats_at(run.path(run.options[option])) for option in ("summary", "summary2")]
    scaling = run.yes("genomic-control")
    options = {
        "free_intercept": run.yes("intercept", not scaling),
        "genomic_control": scaling,
        "gcov_intercept": None if run.yes("overlapping-samples", True) else 0.0,
        "rules": rules_of(run, ambiguous=False),
        "n_blocks": int(run.options.get("num-blocks", 200)),
    }
    return fit_sumher_rg(align(traits, tagging_of(run), ambiguous="letters"), **(options | changes))


def last_digit(word: str) -> float:
    """The value of one unit in the last digit of a printed number: 1e-6 of 0.123456, 1e-10 of 1.234567e-04."""
    mantissa, _, exponent = word.lower().partition("e")
    decimals = len(mantissa.partition(".")[2])
    return 10.0 ** (int(exponent or 0) - decimals)
