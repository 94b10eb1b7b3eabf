"""Munging a large file: python benchmarks/bench_munge.py [--rows 10000000] [--keep FILE]

Writes a gzip table of 12 columns (SNP CHR BP A1 A2 EAF INFO BETA SE P N_CAS N_CON), runs `sumh2 munge` on it in a process
of its own, and prints wall and CPU seconds, peak memory and the load before.  LDSC needs about 30 s per million such rows.
"""

from __future__ import annotations

import argparse
import gzip
import os
import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
from proof_line import measured, sumh2
from scipy.stats import norm

_CHUNK = 500_000
#: LDSC's seconds per row: 40 s for 1.3 million on this kind of machine.
_LDSC = 40 / 1.3e6
_MOST_GB = 3.0


def write_gwas(path: Path, n_rows: int) -> None:
    random = np.random.default_rng(3)
    letters = np.array(list("ACGT"))
    options = pyarrow.csv.WriteOptions(delimiter="\t", quoting_style="none")
    with gzip.open(path, "wb", compresslevel=1) as stream:
        for start in range(0, n_rows, _CHUNK):
            n = min(_CHUNK, n_rows - start)
            rows = np.arange(start, start + n)
            first = random.integers(0, 4, n)
            second = (first + random.integers(1, 4, n)) % 4
            frequency = random.uniform(0.005, 0.995, n)
            se = np.sqrt(4 / 60_000 / (2 * frequency * (1 - frequency)))
            z = random.normal(size=n) * 1.2
            table = pa.table({
                "SNP": pa.array([f"rs{row}" for row in rows]), "CHR": 1 + rows * 22 // n_rows,
                "BP": 1000 + 300 * rows % 248_000_000,
                "A1": letters[first], "A2": letters[second], "EAF": frequency.round(4),
                "INFO": random.uniform(0.6, 1, n).round(3),
                "BETA": (z * se).round(6), "SE": se.round(6), "P": [f"{p:.4g}" for p in 2 * norm.sf(np.abs(z))],
                "N_CAS": random.integers(19_000, 20_001, n), "N_CON": random.integers(59_000, 60_001, n),
            })  # fmt: skip
            sink = pa.BufferOutputStream()
            pyarrow.csv.write_csv(table, sink, write_options=pyarrow.csv.WriteOptions(
                delimiter="\t", quoting_style="none", include_header=start == 0) if start else options)  # fmt: skip
            stream.write(sink.getvalue().to_pybytes())


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--keep", type=Path, help="write the table here and leave it, or use the one that is there")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = chosen.keep or Path(folder) / "gwas.tsv.gz"
        if not path.is_file():
            write_gwas(path, chosen.rows)
        load = os.getloadavg()[0]
        run = measured(sumh2("sumh2", "munge", path.resolve(), "--out", f"{folder}/munged"), Path(folder))
    cost = run.cost
    kept = next((line for line in run.text.splitlines() if "SNPs, N" in line), "")
    print(f"{chosen.rows:,} rows x 12 columns, gzip: {cost.wall:.1f} s, {cost.cpu:.1f} CPU s, {cost.gigabytes:.2f} GB, "
          f"load {load:.1f}; {_LDSC * chosen.rows / cost.wall:.0f} times faster than LDSC's {_LDSC * chosen.rows:.0f} s; "
          f"{kept}")  # fmt: skip
    return int(cost.gigabytes > _MOST_GB)


if __name__ == "__main__":
    raise SystemExit(main())
