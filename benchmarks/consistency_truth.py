"""Consistent correlations and tests in simulated atlases of known truth: python benchmarks/consistency_truth.py [ATLASES]

Prints the tables of the README: coverage of 95% intervals, raw and consistent, error of both, rejections at 5%.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from consistent_calibration import WORLDS, calibrate_consistent, rejection_rates  # noqa: E402


def main() -> None:
    n_atlases = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    print(f"{n_atlases} atlases each; load {os.getloadavg()[0]:.1f}\n")
    print("| world | negative eigenvalues | coverage raw | re-fitted SE | interval given | RMSE raw | consistent | gain |"
          " test rejects at 5% |")  # fmt: skip
    print("|---|---|---|---|---|---|---|---|---|")
    for number, world in enumerate(WORLDS):
        start = time.perf_counter()
        row = calibrate_consistent(world, n_atlases, seed=100 + number)
        print(
            f"| {row.name} | {row.negative:.1f} | {row.raw_coverage:.3f} | {row.refit_coverage:.3f} | "
            f"{row.safe_coverage:.3f} | {row.raw_rmse:.4f} | {row.consistent_rmse:.4f} | "
            f"{100 * (1 - row.consistent_rmse / row.raw_rmse):.1f}% | "
            f"{row.type1:.3f} |"
        )
        print(f"{row.name}: {time.perf_counter() - start:.0f} s", file=sys.stderr)
    print("\n| true hypothesis | rejected at 5% |\n|---|---|")
    for name, rate in rejection_rates(2 * n_atlases, seed=200).items():
        print(f"| {name} | {rate:.3f} |")


if __name__ == "__main__":
    main()
