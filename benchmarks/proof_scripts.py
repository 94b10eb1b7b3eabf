"""The other benchmarks, run as processes of their own, and what they print as rows of one table."""

from __future__ import annotations

import lzma
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from proof_line import QUOTED_LDAK, QUOTED_LDSC, ROOT, SHARED, CannotRunError, Row, Setting, measure

PANEL = SHARED / "data" / "panel_1000G_EUR503_hm3_allchr"
DENSE = SHARED / "data" / "panel_EUR489_22x1Mb_with_UKB_BOLT_gwas"


def run_script(setting: Setting, name: str, *words: str, timeout: float = 5400) -> str:
    """What a benchmark prints.

    Raises
    ------
    CannotRunError
        It fails or does not end.
    """
    line = ["env", f"PYTHONPATH={ROOT}", f"SUMH2_BENCH_DIR={setting.folder}", sys.executable,
            ROOT / "benchmarks" / f"{name}.py", *words]  # fmt: skip
    run = measure(line, setting.folder, timeout=timeout)
    if run.status:
        last = next((text.strip() for text in reversed(run.text.splitlines()) if text.strip()), "nothing printed")
        raise CannotRunError(f"{name}.py {' '.join(words)} ended with status {run.status}: {last[-200:]}")
    return run.text


def table_rows(text: str, n_cells: int) -> Iterator[list[str]]:
    """Cells of the Markdown tables of this width, without their heads."""
    lines = text.splitlines()
    for place, line in enumerate(lines):
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")] if line.strip().startswith("|") else []
        is_head = place + 1 < len(lines) and re.fullmatch(r"\s*\|[\s:|-]+\|\s*", lines[place + 1]) is not None
        if len(cells) == n_cells and not is_head and not re.fullmatch(r"[\s:|-]+", line.strip().strip("|")):
            yield cells


def found(pattern: str, text: str, script: str) -> re.Match[str]:
    """The match that a benchmark's output must hold.

    Raises
    ------
    CannotRunError
        It does not: the benchmark prints something else than this file expects.
    """
    match = re.search(pattern, text)
    if match is None:
        raise CannotRunError(f"{script}.py did not print {pattern!r}; its form has changed")
    return match


def some(rows: list[Row], script: str) -> list[Row]:
    """Rows, at least one."""
    if not rows:
        raise CannotRunError(f"{script}.py printed no table of the form expected; its form has changed")
    return rows


# ---------------------------------------------------------------------------------------------------------------------
# LDSC, quoted


def prove_ldsc(setting: Setting) -> list[Row]:
    text = run_script(setting, "bench_ldsc", *(["--munge-rows", "100000"] if setting.quick else []))
    return some([Row(task, theirs, f"LDSC 1.0.1, {QUOTED_LDSC}", ours, ratio)
                 for task, theirs, ours, ratio in table_rows(text, 4)], "bench_ldsc")  # fmt: skip


def prove_partition(setting: Setting) -> list[Row]:
    text = run_script(setting, "bench_partition")
    return some([Row(f"partition, {task}", theirs, f"LDSC 1.0.1, {QUOTED_LDSC}", ours, ratio.replace("×", "").strip())
                 for task, theirs, ours, ratio in table_rows(text, 4)], "bench_partition")  # fmt: skip


def prove_screen(setting: Setting) -> list[Row]:
    count = 60 if setting.quick else 2000
    text = run_script(setting, "bench_screen", "--annotations", str(count), "--folder", str(setting.folder),
                      "--exact", "2" if setting.quick else "24")  # fmt: skip
    runs = re.findall(
        r"sumh2 screen: ([\d.]+) s \(([\d.]+) s of CPU\) for \d+ annotations, peak ([\d.]+) GB; ([\d.]+) ms each, "
        r"(\d+) times",
        text,
    )
    if not runs:
        raise CannotRunError("bench_screen.py printed no run; its form has changed")
    wall, cpu, memory, each, ratio = min(runs, key=lambda run: float(run[0]))
    task = f"screen, {count:,} annotations beside 97 categories, 1.1 million SNPs"
    ours = f"{wall} s, {cpu} CPU s, {memory} GB: {each} ms each"
    return [Row(task, "7.7 CPU s each", f"LDSC 1.0.1, {QUOTED_LDSC}", ours, ratio)]


# ---------------------------------------------------------------------------------------------------------------------
# Building


def prove_build(setting: Setting) -> list[Row]:
    quick = ["--share", "0.04", "--repeats", "1"] if setting.quick else []
    rows = []
    for name, size, cpu, _, share, theirs, ratio, *_ in table_rows(run_script(setting, "bench_build", *quick), 10):
        how = "" if not theirs else f"{theirs.split()[0]}, {QUOTED_LDAK if 'LDAK' in theirs else QUOTED_LDSC}"
        cost = theirs.replace("LDSC ", "").replace("LDAK ", "").replace(" s", " CPU s")
        rows.append(Row(f"sweep, {name}, {size}", cost or "", how, f"{cpu} CPU s, {share} of sgemm", ratio))
    return some(rows, "bench_build")


def prove_build_panel(setting: Setting) -> list[Row]:
    chromosomes = range(21, 23) if setting.quick else range(1, 23)
    for chromosome in chromosomes:
        for ending in ("bed", "bim"):
            packed = PANEL / f"eur503_hm3.{chromosome}.{ending}.xz"
            (setting.folder / f"eur.{chromosome}.{ending}").write_bytes(lzma.decompress(packed.read_bytes()))
        shutil.copyfile(PANEL / "eur503_hm3.fam", setting.folder / f"eur.{chromosome}.fam")
    text = run_script(
        setting, "bench_build", "--share", "0.02", "--repeats", "1", "--panel", str(setting.folder / "eur.@")
    )
    line = found(r"(\d+) SNPs x (\d+) people, 1 cM, files to files: ([\d.]+) s on (\d+) cores, ([\d.]+) CPU s", text,
                 "bench_build")  # fmt: skip
    n_snps, n_people, wall, cores, cpu = line.groups()
    task = f"LD scores from files to files, {int(n_snps):,} SNPs x {n_people} people, 1 cM, {cores} cores"
    return [Row(task, "", "", f"{wall} s, {cpu} CPU s")]


def prove_build_ldak(setting: Setting) -> list[Row]:
    _unpack_dense(setting.folder)
    text = run_script(setting, "bench_build", "--ldak-panel", str(setting.folder / "dense.@"))
    rows = []
    for categories, form, cpu, wall, memory, theirs, ratio in table_rows(text, 7):
        task = f"`ldscores build` of LDAK's panel, {categories} categories, {form}, one thread"
        rows.append(
            Row(task, f"{theirs} CPU s", f"LDAK 6.2, {QUOTED_LDAK}", f"{wall} s, {cpu} CPU s, {memory} GB", ratio)
        )
    return some(rows, "bench_build")


def _unpack_dense(folder: Path) -> None:
    for chromosome in range(1, 23):
        for ending in ("bed", "bim"):
            packed = (DENSE / f"1000G.subset.{chromosome}.{ending}.xz").read_bytes()
            (folder / f"dense.{chromosome}.{ending}").write_bytes(lzma.decompress(packed))
    shutil.copyfile(DENSE / "1000G.subset.22.fam", folder / "dense.fam")


def prove_thin_weights(setting: Setting) -> list[Row]:
    text = run_script(setting, "bench_thin_weights", "--repeats", "1" if setting.quick else "3")
    return some([Row(f"thinning and weightings, {task}", f"{theirs} CPU s", f"LDAK 6.2, {QUOTED_LDAK}",
                     f"{one.split(', ')[0]} s, {one.split(', ')[1]} CPU s", ratio)
                 for task, theirs, one, _, ratio in table_rows(text, 5)], "bench_thin_weights")  # fmt: skip


# ---------------------------------------------------------------------------------------------------------------------
# Estimators


def prove_sumher(setting: Setting) -> list[Row]:
    words = ["--snps", "100000", "--categories", "12"] if setting.quick else []
    rows = []
    for task, wall, cpu, theirs, _ in table_rows(run_script(setting, "bench_sumher", *words), 5):
        ratio = f"{float(theirs) / float(wall):.1f}" if theirs else ""
        how = f"LDAK 6.2, {QUOTED_LDAK}" if theirs else ""
        rows.append(Row(f"SumHer: {task}", f"{theirs} s" if theirs else "", how, f"{wall} s, {cpu} CPU s", ratio))
    return some(rows, "bench_sumher")


def prove_alpha(setting: Setting) -> list[Row]:
    words = ["--snps", "60000", "--repeats", "1"] if setting.quick else []
    text = run_script(setting, "bench_alpha", *words)
    lines = re.findall(r"^(\S.*?)\s+([\d.]+) s\s+([\d.]+) s\s+([\d.]+) GB", text, re.MULTILINE)
    rows, one = [], None
    for task, wall, cpu, memory in lines:
        one = float(cpu) if task.endswith("one alpha") else one
        alphas = one is not None and task.startswith("alpha, 31")
        ratio = f"{31 * one / float(cpu):.1f}" if alphas else ""
        theirs, how = ("31 x one alpha", "measured here: our own fit of one alpha") if alphas else ("", "")
        rows.append(Row(task, theirs, how, f"{wall} s, {cpu} CPU s, {memory} GB", ratio))
    return some(rows, "bench_alpha")


def _prove_atlas(setting: Setting, n_traits: int) -> list[Row]:
    text = run_script(setting, "bench_atlas", "speed", str(10 if setting.quick else n_traits))
    line = found(r"total ([\d.]+) s for ([\d,]+) pairs: ([\d.]+) ms a pair; ([\d.]+) CPU seconds", text, "bench_atlas")
    memory = found(r"peak memory ([\d.]+) GB", text, "bench_atlas")[1]
    wall, pairs, each, cpu = line.groups()
    task = f"atlas, {10 if setting.quick else n_traits:,} traits x 1.1 million SNPs after the store, {pairs} pairs"
    ours = f"{wall} s, {cpu} CPU s, {memory} GB: {each} ms a pair"
    return [Row(task, "6.5 s a pair", f"LDSC 1.0.1, {QUOTED_LDSC}", ours, f"{6500 / float(each):,.0f}")]


def prove_atlas_300(setting: Setting) -> list[Row]:
    return _prove_atlas(setting, 300)


def prove_atlas_1000(setting: Setting) -> list[Row]:
    return _prove_atlas(setting, 1000)


def prove_consistent(setting: Setting) -> list[Row]:
    traits, replicates = ("20", "2") if setting.quick else ("300", "20")
    text = run_script(setting, "bench_consistent", traits, replicates)
    rows = [Row(f"consistent matrix, {traits} traits, {what}", "", "", f"{wall} s, {cpu} CPU s")
            for what, wall, cpu in re.findall(r"^\s+(shrunk: .*?): ([\d.]+) s wall, ([\d.]+) s processor", text,
                                              re.MULTILINE)]  # fmt: skip
    return some(rows, "bench_consistent")
