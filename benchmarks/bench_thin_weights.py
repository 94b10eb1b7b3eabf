"""Time of thinning and LDAK weightings beside LDAK 6.2: python benchmarks/bench_thin_weights.py [--repeats 3]

From .bed files to results, on real genotypes of ../shared: 82,448 dense SNPs of 489 people (thinning, and weightings of
the 40,077 SNPs that stay) and 23,700 sparse SNPs of 504.  LDAK's costs were measured on this kind of machine, one
thread (SPEC-LDAK, section 13).  Numpy's own sgemm, timed in the same run, says how fast this machine is.
"""

from __future__ import annotations

import argparse
import lzma
import os
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from ldscores.ldak.thinning import thin_panel
from ldscores.ldak.weightings import weigh_panel
from ldscores.panels.plink_files import read_panel
from ldscores.panels.reference_panel import LDAK_CONVENTIONS, ReferencePanel

SHARED = Path(__file__).resolve().parent.parent.parent / "shared"
DENSE = SHARED / "data" / "panel_EUR489_22x1Mb_with_UKB_BOLT_gwas"
SPARSE = SHARED / "reference" / "ldak" / "panels"

#: CPU seconds of LDAK 6.2: thinning; cutting and weightings.
LDAK = {"dense thin": 2.0, "dense weights": 1.8 + 67, "sparse thin": 0.16, "sparse weights": 12.9}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=3)
    repeats = parser.parse_args().repeats
    with tempfile.TemporaryDirectory(prefix="ldscores-bench-") as name:
        panels = {"dense": dense_panel(Path(name)), "sparse": read_panel(SPARSE / "eas", conventions=LDAK_CONVENTIONS)}
        for panel in panels.values():  # compiles
            weigh_panel(panel.take(slice(0, 500)))
        print(f"load average before: {os.getloadavg()[0]:.2f}; {os.cpu_count()} cores; best of {repeats}")
        print("\n| task | LDAK 6.2, CPU s | 1 thread: wall s, CPU s | 2 threads: wall s, CPU s | CPU ratio |")
        print("|---|---|---|---|---|")
        for label, panel in panels.items():
            row(f"{label} thin", lambda n, panel=panel: thin_panel(panel, window_kb=100, n_threads=n), repeats)
            thin = thin_panel(panel, window_kb=100)
            row(
                f"{label} weights",
                lambda n, panel=panel, thin=thin: weigh_panel(panel, thin=thin, n_threads=n),
                repeats,
            )
        print(f"\nsgemm of numpy, one thread: {sgemm_rate():.0f} GFLOP/s")


def row(task: str, run: Callable[[int], object], repeats: int) -> None:
    one, two = (min(timed(run, n_threads) for _ in range(repeats)) for n_threads in (1, 2))
    ratio = LDAK[task] / one[1]
    print(f"| {task} | {LDAK[task]:g} | {one[0]:.2f}, {one[1]:.2f} | {two[0]:.2f}, {two[1]:.2f} | {ratio:.0f} |")


def timed(run: Callable[[int], object], n_threads: int) -> tuple[float, float]:
    wall, cpu = time.perf_counter(), time.process_time()
    run(n_threads)
    return time.perf_counter() - wall, time.process_time() - cpu


def dense_panel(folder: Path) -> ReferencePanel:
    for chromosome in range(1, 23):
        for suffix in ("bed", "bim"):
            packed = (DENSE / f"1000G.subset.{chromosome}.{suffix}.xz").read_bytes()
            (folder / f"dense.{chromosome}.{suffix}").write_bytes(lzma.decompress(packed))
    shutil.copy(DENSE / "1000G.subset.22.fam", folder / "dense.fam")
    return read_panel(folder / "dense.@", conventions=LDAK_CONVENTIONS)


def sgemm_rate() -> float:
    rows = np.random.default_rng(0).standard_normal((1500, 1500)).astype(np.float32)
    with threadpool_limits(1, user_api="blas"):
        rows @ rows.T
        start = time.perf_counter()
        for _ in range(5):
            rows @ rows
        return 5 * 2 * 1500**3 / (time.perf_counter() - start) / 1e9


if __name__ == "__main__":
    main()
