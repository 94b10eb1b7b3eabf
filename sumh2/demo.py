"""The whole road on the data embedded in the package: from genotypes and two messy GWAS files to a report.

Every step is a command line, run as a user would run it and printed before what it found.
"""

from __future__ import annotations

import json
import re
import shlex
import shutil
import tempfile
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

from ldscores.cli import COMMANDS as PANEL_COMMANDS
from ldscores.shared.command_line import call_command
from ldscores.shared.errors import InputError
from ldscores.shared.tables import read_text, write_text
from sumh2.atlas.atlas_files import read_atlas
from sumh2.cli import COMMANDS
from sumh2.results import with_se

#: Stands in a command for the folder of the demo: what is printed goes without it.
_HERE = "HERE/"
_WIDTH = 112
#: Names of folders that commands would take for something else than a name.
_MARKS = ",@{}*?[]"
#: Of munge's answer: filters that removed something, and the numbers at the end.
_FILTERS = r"^filter |rows read|^\S.* [1-9][0-9,]* +[0-9,]+$|^[0-9,]+ SNPs|^mean chi2|^WARNING"


@dataclass(frozen=True)
class Step:
    """One step of the demo.

    Parameters
    ----------
    title
        What it does.
    meaning
        In plain words.
    commands
        Command lines, each with a pattern of the lines of its answer that are shown.
    """

    title: str
    meaning: str
    commands: Sequence[tuple[str, str]]


STEPS = (
    Step(
        "LD scores",
        "A SNP's test statistic holds the effects of its neighbours too. LD scores say how much of the genome each SNP "
        "speaks for; they come from a panel of genotypes, here 300 simulated people. A heritability model says how much "
        "each SNP is expected to carry: the same for all (gcta), more where alleles are common (human-default), and more "
        "in coding regions besides (coding).",
        (
            (
                "ldscores annotate --bfile HERE/panel/panel --bed HERE/panel/coding.bed.gz --out HERE/panel/coding.@",
                "^coding:",
            ),
            ("ldscores build --bfile HERE/panel/panel --model gcta --window-cm 1 --format ldsc --out HERE/ld/@", ""),
            ("ldscores build --bfile HERE/panel/panel --model gcta,human-default --window-cm 1 --out HERE/models", ""),
            (
                "ldscores build --bfile HERE/panel/panel --model own --power -0.25 --annot HERE/panel/coding.@ "
                "--window-cm 1 "
                "--out HERE/models.coding",
                "",
            ),
        ),
    ),
    Step(
        "Two GWAS files become one format",
        "One file has tabs, BETA and SE, swapped alleles, duplicates, missing values; the other the shape of the "
        "Psychiatric "
        "Genomics Consortium, with odds ratios. Columns are recognised, each filter says what it removed, an audit what is "
        "odd; the effect allele is never guessed.",
        (
            ("sumh2 munge HERE/height.tsv.gz --out HERE/height", _FILTERS),
            ("sumh2 munge HERE/daner_depression.gz --out HERE/depression", _FILTERS),
        ),
    ),
    Step(
        "Heritability",
        "Statistics that rise with the LD score tell of many small effects: the slope is the heritability, the "
        "share of the "
        "differences between people that SNPs explain. The intercept is what confounding adds; 1 is none.",
        (
            (
                "sumh2 h2 HERE/height.sumstats.parquet --ld HERE/ld/ --out HERE/height.h2",
                r"h2 \(|  intercept|  ratio|few SNPs",
            ),
            (
                "sumh2 h2 HERE/depression.sumstats.parquet --ld HERE/ld/ --out HERE/depression.h2",
                r"h2 \(|  intercept|  ratio",
            ),
        ),
    ),
    Step(
        "Genetic correlation",
        "Products of z scores, SNP by SNP: do the same SNPs matter for both traits, and in which direction? People "
        "who are in "
        "both studies show up in the gcov intercept, not in the correlation.",
        (
            (
                "sumh2 rg HERE/height.sumstats.parquet HERE/depression.sumstats.parquet --ld HERE/ld/ --out HERE/rg",
                "trait 1|^height ",
            ),
        ),
    ),
    Step(
        "Which heritability model?",
        "The same SNPs, weights and blocks for every model: h2 under each, how much likelier the data are than under gcta "
        "(loglSS with its SE), and a verdict.",
        (
            (
                "sumh2 compare HERE/height.sumstats.parquet --ld HERE/models.gcta.tagging.parquet,"
                "HERE/models.human-default.tagging.parquet,HERE/models.coding.tagging.parquet --names "
                "gcta,human-default,coding "
                "--confounding none,intercept --out HERE/height.models",
                "model  |^. (gcta|human-default|coding) |averaged|fits best",
            ),
        ),
    ),
    Step(
        "Where in the genome?",
        "The heritability split over categories of SNPs. Enrichment is the share of heritability over the share of SNPs.",
        (
            (
                "sumh2 partition HERE/height.sumstats.parquet --ld HERE/models.coding.tagging.parquet --out "
                "HERE/height.coding",
                "% SNPs|^  coding",
            ),
        ),
    ),
    Step(
        "An atlas of eight traits",
        "All 28 pairs at once, with the sampling covariance of every cell. Pairs estimated one by one can contradict each "
        "other; 'consistent' finds the nearest correlations that do not. The page is to explore them in a browser.",
        (
            (
                "sumh2 atlas HERE/height.sumstats.parquet HERE/depression.sumstats.parquet HERE/traits/*.sumstats.gz "
                "--ld HERE/ld/ --out HERE/atlas",
                "pairs have|trait 1|^  depression .*neuro|^  bmi .*diabetes|^  height .*depr",
            ),
            ("sumh2 consistent HERE/atlas/ --out HERE/atlas/consistent", "eigenvalues|test of"),
            ("sumh2 atlas-page HERE/atlas/ --out HERE/atlas.html", "^page of"),
        ),
    ),
    Step(
        "One report of everything",
        "What was estimated, what it means, the status with what to do, figures (with pip install 'sumh2[plot]'), "
        "counts at "
        "every step, where it comes from, what would mislead, and what to cite: one file that works offline.",
        (
            (
                "sumh2 report HERE/height.munge.json HERE/depression.munge.json HERE/height.h2.json "
                "HERE/depression.h2.json "
                "HERE/rg.json HERE/height.models.json HERE/height.coding.json HERE/atlas HERE/atlas/consistent.json "
                "--out HERE/report.html --title 'A demo on simulated data'",
                "^report on|matplotlib",
            ),
        ),
    ),
)


def run_demo(out: str | Path | None = None) -> Iterator[str]:
    """Run the demo; the text of each step as it is done, for printing.

    Parameters
    ----------
    out
        Folder for the files; a temporary one, removed at the end, by default.

    Raises
    ------
    InputError
        The folder cannot be made, or its name holds a comma or a mark that commands read as a pattern.
    """
    with _folder(out) as folder, as_file(files("sumh2.embedded")) as embedded:
        _unpack(embedded, folder)
        yield _wrapped(
            "From genotypes and GWAS files to heritability, enrichment and an atlas of genetic correlations, on simulated "
            "data that come with the package. Each step shows its command line, to be run in the folder of the demo."
        )
        for number, step in enumerate(STEPS, start=1):
            lines = ["", f"{number}. {step.title}", "", _indented(_wrapped(step.meaning))]
            for command, shown in step.commands:
                answer = _run(command, folder)
                lines_of_answer = answer.replace(f"{folder}/", "").splitlines()
                kept = [line for line in lines_of_answer if shown and re.search(shown, line)]
                lines += ["", _indented(f"$ {command.replace(_HERE, '')}"), *(_indented(line) for line in kept)]
            yield "\n".join(lines)
        yield "\n".join(["", *_truth_lines(folder, json.loads(read_text(embedded / "truth.json")))])
        yield "\n" + _where_the_files_are(folder if out is not None else None)


def _run(command: str, folder: Path) -> str:
    """What a command line answers, with the demo's folder before every name in it."""
    program, *words = shlex.split(command)
    commands = COMMANDS if program == "sumh2" else PANEL_COMMANDS
    return str(call_command(program, commands, [word.replace(_HERE, f"{folder}/") for word in words]))


@contextmanager
def _folder(out: str | Path | None) -> Iterator[Path]:
    if out is None:
        with tempfile.TemporaryDirectory(prefix="sumh2-demo-") as temporary:
            yield Path(temporary)
        return
    kept = Path(out)
    if kept.exists() and not kept.is_dir():
        raise InputError(f"{kept}: found a file, expected a folder; choose another --out")
    if set(str(kept)) & set(_MARKS):
        raise InputError(f"--out {kept}: found one of {_MARKS} in the name, expected a plain one; choose another --out")
    kept.mkdir(parents=True, exist_ok=True)
    yield kept


def _unpack(embedded: Path, folder: Path) -> None:
    """The two messy GWAS files at the top, the panel and the other traits in folders of their own."""
    for name in ("panel", "traits", "ld"):
        (folder / name).mkdir(exist_ok=True)
    for path in sorted(embedded.iterdir()):
        if path.name == "panel.bim.gz":
            write_text(folder / "panel" / "panel.bim", read_text(path))
        elif path.suffix in (".bed", ".fam") or path.name == "coding.bed.gz":
            shutil.copyfile(path, folder / "panel" / path.name)
        elif path.name.endswith(".sumstats.gz"):
            shutil.copyfile(path, folder / "traits" / path.name)
        elif path.suffix == ".gz":
            shutil.copyfile(path, folder / path.name)


# ---------------------------------------------------------------------------------------------------------------------
# The truth


def _truth_lines(folder: Path, truth: Mapping[str, Any]) -> list[str]:
    """Estimates beside the truth that the data were simulated with."""

    def estimates(name: str) -> list[dict[str, Any]]:
        return json.loads(read_text(folder / f"{name}.json"))["estimates"]

    rows: list[tuple[str, float, float, float]] = []
    for trait in ("height", "depression"):
        (row,) = estimates(f"{trait}.h2")
        rows.append((f"h2 of {trait}", truth["traits"][trait]["h2"], row["h2"], row["h2_se"]))
        rows.append(
            (f"intercept of {trait}", truth["traits"][trait]["intercept"], row["intercept"], row["intercept_se"])
        )
    (pair,) = estimates("rg")
    rows.append(("rg", _true_rg(truth, "height", "depression"), pair["rg"], pair["rg_se"]))
    rows.append(("gcov intercept", truth["gcov_intercept"], pair["gcov_int"], pair["gcov_int_se"]))
    for row in estimates("height.models"):
        if row["confounding"] == "intercept":
            rows.append(
                (f"h2 under {row['model']}", truth["traits"]["height"]["h2"], row["h2"], row["h2_jackknife_se"])
            )
    for row in estimates("height.coding"):
        if row["category"] == "coding":
            rows.append(("enrichment", truth["enrichment"]["coding"], row["enrichment"], row["enrichment_se"]))
    width = max(len(what) for what, *_ in rows)
    lines = ["The data were simulated, so the truth is known:", "", f"  {'':<{width}}  {'truth':>7}  estimate (SE)"]
    lines += [f"  {what:<{width}}  {true:>7.2f}  {with_se(value, se)}" for what, true, value, se in rows]
    near, of = _pairs_near_the_truth(folder, truth)
    return [
        *lines,
        "",
        f"  Of the {of} genetic correlations of the atlas {near} are within two standard errors of the truth.",
    ]


def _true_rg(truth: Mapping[str, Any], first: str, second: str) -> float:
    names = truth["rg"]["traits"]
    return truth["rg"]["matrix"][names.index(first)][names.index(second)]


def _pairs_near_the_truth(folder: Path, truth: Mapping[str, Any]) -> tuple[int, int]:
    rows = read_atlas(folder / "atlas").to_records()
    near = [abs(row["rg"] - _true_rg(truth, row["trait1"], row["trait2"])) <= 2 * row["rg_se"] for row in rows]
    return sum(near), len(near)


def _where_the_files_are(folder: Path | None) -> str:
    if folder is None:
        return "Nothing was kept. To keep the files and open the pages: sumh2 demo --out demo"
    return (
        f"Files are in {folder}: open report.html and atlas.html in a browser; every number is in a .tsv, with all\n"
        f"digits and its origin in the .json beside it. To try the commands above: cd {shlex.quote(str(folder))}"
    )


def _wrapped(text: str) -> str:
    return textwrap.fill(text, _WIDTH)


def _indented(text: str) -> str:
    return "\n".join(f"   {line}".rstrip() for line in text.splitlines())
