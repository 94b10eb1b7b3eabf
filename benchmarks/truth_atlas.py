"""Estimates of the atlas engine in simulated atlases of known truth: python benchmarks/truth_atlas.py [REPLICATES] [WORLDS]

Seeded.  Each world draws REPLICATES atlases of 20 traits on the real EUR panel (22 chromosomes, 1.18 million SNPs, 200
jackknife blocks; Monte Carlo errors in brackets, by a jackknife over replicates).  WORLDS are keys of
tests/atlas_truth.py, by default all.  SUMH2_TRUTH_DIR keeps the unpacked panel and its tagging.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from atlas_truth import WORLDS, Errors, build_atlas_panel, run_world  # noqa: E402


def main() -> None:
    n_replicates = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    names = sys.argv[2:] or list(WORLDS)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(os.environ.get("SUMH2_TRUTH_DIR", temporary))
        panel = build_atlas_panel(folder, range(1, 23), 200)
        print(f"{n_replicates} atlases of 20 traits in each world; load {os.getloadavg()[0]:.1f}\n")
        print("| world | what | estimates | bias, % | mean z | SD of z | RMSE / SE | coverage of 95% | RMSE |")
        print("|---|---|--:|---|---|---|---|---|---|", flush=True)
        for name in names:
            started, cpu = time.perf_counter(), time.process_time()
            errors = run_world(panel, WORLDS[name], n_replicates, seed=list(WORLDS).index(name) + 1)
            for what, found in errors.items():
                if not found.n:  # a world without such pairs
                    continue
                print(row(WORLDS[name].name, what, found), flush=True)
            print(f"{name}: {time.perf_counter() - started:.0f} s, {time.process_time() - cpu:.0f} CPU s, load "
                  f"{os.getloadavg()[0]:.1f}", file=sys.stderr, flush=True)  # fmt: skip


def row(world: str, what: str, found: Errors) -> str:
    def cell(statistic: tuple[float, float], digits: int, scale: float = 1.0) -> str:
        return f"{scale * statistic[0]:.{digits}f} ({scale * statistic[1]:.{digits}f})"

    cells = [
        cell(found.bias(), 1, 100), cell(found.mean_z(), 2), cell(found.sd_z(), 3), cell(found.sd_ratio(), 3),
        cell(found.coverage(), 3), cell(found.rmse(), 4),
    ]  # fmt: skip
    return f"| {world} | {what} | {found.n:,} | " + " | ".join(cells) + " |"


if __name__ == "__main__":
    main()
