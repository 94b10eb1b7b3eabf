"""The README's table of matching digits: python benchmarks/digits.py

Runs the reference tests and reads how many significant digits each compared number shares with the output of the
original program.  Needs ../shared.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pandas as pd

ROOT = Path(__file__).resolve().parent.parent
TESTS = [
    "tests/test_h2_reference.py",
    "tests/test_rg_reference.py",
    "tests/test_munge_reference.py",
    "tests/test_partition_reference.py",
    "tests/test_screen_reference.py",
    "tests/test_sumher_reference.py",
    "tests/test_atlas.py",
    "tests/test_genomicsem.py",
]


def main() -> None:
    with tempfile.NamedTemporaryFile("r", suffix=".tsv") as record:
        run = subprocess.run(
            [sys.executable, "-m", "pytest", *TESTS],
            cwd=ROOT, env={**os.environ, "SUMH2_DIGITS": record.name}, capture_output=True, text=True,
        )  # fmt: skip
        print(run.stdout.strip().splitlines()[-1])
        table = pd.read_csv(record.name, sep="\t", names=["test", "what", "numbers", "digits"])
    table["test"] = table["test"].str.replace(r"^tests/test_(\w+)\.py::test_(\w+?)(\[.*)?$", r"\1: \2", regex=True)
    table["test"] = table["test"].str.replace("__", ", ").str.replace("_", " ")
    cases = table.groupby("test", sort=False).agg(
        comparisons=("what", "size"), numbers=("numbers", "sum"), fewest=("digits", "min"), median=("digits", "median")
    )
    print("\n| reference outputs of LDSC 1.0.1 and LDAK 6.2 | numbers compared | fewest digits | median |")
    print("|---|---|---|---|")
    for name, row in cases.iterrows():
        print(f"| {name} | {int(row.numbers):,} | {row.fewest:.1f} | {row['median']:.1f} |")
    sys.exit(run.returncode)


if __name__ == "__main__":
    main()
