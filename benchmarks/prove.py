"""Every ratio that this project claims, measured by one command: python benchmarks/prove.py [options]

    --quick             small sizes, one repeat: shows that the harness works, proves nothing
    --only NAME,NAME    some of the proofs; --list names them
    --fresh             measure again what is already in the cache
    --readme            write the table into README.md between <!-- proof --> and <!-- /proof -->; a whole run does so
                        by itself where nothing failed
    --cache FOLDER      one JSON file a proof (default .prove in the repository, which git ignores)
    --ports FOLDER      virtual environments of the other programs (default /tmp/sumh2-ports)
    --scratch FOLDER    large temporary files (default: the system's)

Each proof runs in a process group and a folder of its own and is cached when it is done: stop the command at any moment
and start it again, and it goes on.  What cannot be measured here (no ../shared, too little disk or memory, a package
that pip does not find, a program that fails) is a row, or a line below the table, with its reason.  Every row says how the
other side was obtained: measured here beside ours on the same files, then the ratio is of CPU seconds on one core; or
quoted with its place.  Costs are whole processes, start and reading included, unless the task says otherwise.  A whole
run takes about an hour on two idle cores and 25 GB of disk.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import proof_ports as ports
import proof_scripts as scripts
from proof_line import ROOT, CannotRunError, Proof, Row, Setting
from readme_tables import machine, replace_table

PROOFS = (
    Proof("ldsc", scripts.prove_ldsc, memory=3),
    Proof("h2", ports.prove_h2, memory=3),
    Proof("rg", ports.prove_rg, memory=3),
    Proof("munge", ports.prove_munge, disk=2, memory=4),
    Proof("munge-large", ports.prove_munge_large, disk=8, memory=12),
    Proof("l2", ports.prove_l2, memory=3),
    Proof("build", scripts.prove_build, shared=False, memory=3),
    Proof("build-panel", scripts.prove_build_panel, disk=2, memory=3),
    Proof("build-ldak", scripts.prove_build_ldak, memory=3),
    Proof("thin-weights", scripts.prove_thin_weights, memory=3),
    Proof("partition", scripts.prove_partition, disk=4, memory=8),
    Proof("screen", scripts.prove_screen, disk=25, memory=8),
    Proof("sumher", scripts.prove_sumher, shared=False, disk=2, memory=5),
    Proof("alpha", scripts.prove_alpha, shared=False, disk=4, memory=5),
    Proof("atlas-300", scripts.prove_atlas_300, shared=False, disk=6, memory=5),
    Proof("atlas-1000", scripts.prove_atlas_1000, shared=False, disk=12, memory=8),
    Proof("consistent", scripts.prove_consistent, shared=False, memory=8),
)

HEAD = (
    "| task | other program | obtained | sumh2 | times less | digits that agree | load |\n|---|---|---|---|--:|---|--:|"
)


# ---------------------------------------------------------------------------------------------------------------------
# The cache


def record_path(cache: Path, name: str, quick: bool) -> Path:
    """Where the answer of a proof is kept; quick ones apart."""
    return cache / f"{name}{'.quick' if quick else ''}.json"


def read_record(cache: Path, name: str, quick: bool) -> dict | None:
    """A finished proof; None where there is none, or half of one."""
    try:
        record = json.loads(record_path(cache, name, quick).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return record if isinstance(record, dict) and "rows" in record and "status" in record else None


def write_record(cache: Path, name: str, quick: bool, record: dict) -> None:
    """Keep an answer, whole or not at all."""
    cache.mkdir(parents=True, exist_ok=True)
    target = record_path(cache, name, quick)
    fresh = target.with_name(f".{target.name}.{os.getpid()}")
    fresh.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    fresh.replace(target)


# ---------------------------------------------------------------------------------------------------------------------
# Running


def run_proof(proof: Proof, chosen: argparse.Namespace) -> dict:
    """One proof in a scratch folder of its own: rows, or the reason why there are none.

    Only the proof itself may fail: a mistake of this harness ends the command.
    """
    before, started = os.getloadavg()[0], time.perf_counter()
    status, why, rows = "ok", "", []
    with tempfile.TemporaryDirectory(prefix=f"sumh2-prove-{proof.name}-", dir=chosen.scratch) as name:
        setting = Setting(Path(name), chosen.ports, chosen.quick)
        why = proof.obstacle(setting)
        if why:
            status = "skipped"
        else:
            try:
                rows = proof.run(setting)
            except (CannotRunError, OSError) as error:
                status, why = "failed", f"{error}"
    return {
        "name": proof.name, "status": status, "why": why, "rows": [asdict(row) for row in rows], "quick": chosen.quick,
        "date": time.strftime("%Y-%m-%d %H:%M"), "load": [before, os.getloadavg()[0]], "machine": machine(),
        "seconds": round(time.perf_counter() - started, 1),
    }  # fmt: skip


def prove(proofs: Sequence[Proof], chosen: argparse.Namespace) -> list[dict]:
    """Run what is not in the cache.  Failures and skips are tried again by the next command."""
    records = []
    for number, proof in enumerate(proofs, start=1):
        record = None if chosen.fresh else read_record(chosen.cache, proof.name, chosen.quick)
        if record is None or record["status"] != "ok":
            print(f"[{number} of {len(proofs)}] {proof.name} ...", file=sys.stderr, flush=True)
            record = run_proof(proof, chosen)
            write_record(chosen.cache, proof.name, chosen.quick, record)
        low, high = record["load"]
        words = f"{record['status']}{': ' + record['why'] if record['why'] else ''}"
        print(f"[{number} of {len(proofs)}] {proof.name}: {words}; {record['seconds']:.0f} s, {record['date']}, load "
              f"{low:.1f} to {high:.1f}", file=sys.stderr, flush=True)  # fmt: skip
        records.append(record)
    return records


def markdown(records: Sequence[dict]) -> str:
    """The table, what could not be measured, and the line below it."""
    lines = [HEAD]
    for record in records:
        lines += [Row(**row).markdown(f"{record['load'][0]:.1f}") for row in record["rows"]]
    left = [f"{record['name']} ({record['status']}: {record['why']})" for record in records if record["status"] != "ok"]
    done = [record for record in records if record["status"] == "ok"]
    lines.append("")
    if done:
        dates = sorted({record["date"][:10] for record in done})
        when = dates[0] if len(dates) == 1 else f"{dates[0]} to {dates[-1]}"
        quick = " QUICK sizes: these figures prove nothing." if any(record["quick"] for record in done) else ""
        lines.append(
            f"({when}; {'; '.join(sorted({record['machine'] for record in done}))}; load average before each.{quick})"
        )
    if left:
        lines += ["", f"Not measured: {'; '.join(left)}."]
    return "\n".join(lines)


def options(words: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--quick", action="store_true")
    asked.add_argument("--only", default="")
    asked.add_argument("--fresh", action="store_true")
    asked.add_argument("--readme", action="store_true")
    asked.add_argument("--list", action="store_true")
    asked.add_argument("--cache", type=Path, default=ROOT / ".prove")
    asked.add_argument("--ports", type=Path, default=Path(tempfile.gettempdir()) / "sumh2-ports")
    asked.add_argument("--scratch", type=Path, default=None)
    return asked.parse_args(words)


def main(words: Sequence[str] | None = None, proofs: Sequence[Proof] = PROOFS) -> int:
    """Exit status: 0 where everything was measured or skipped, 1 where something failed."""
    chosen = options(words)
    if chosen.list:
        print("\n".join(proof.name for proof in proofs))
        return 0
    wanted = [name for name in chosen.only.split(",") if name]
    unknown = sorted(set(wanted) - {proof.name for proof in proofs})
    if unknown:
        raise SystemExit(f"--only: found {', '.join(unknown)}, expected some of {', '.join(p.name for p in proofs)}")
    records = prove([proof for proof in proofs if not wanted or proof.name in wanted], chosen)
    table = markdown(records)
    print(table)
    failed = any(record["status"] == "failed" for record in records)
    whole = not (wanted or chosen.quick or failed)
    if chosen.readme or whole:
        replace_table("proof", table)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
