"""Tables of the README between their markers, as the benchmarks write them."""

from __future__ import annotations

import os
import platform
import time
from pathlib import Path

README = Path(__file__).resolve().parent.parent / "README.md"


def replace_table(name: str, table: str, path: Path = README) -> None:
    """Put a table between ``<!-- name -->`` and ``<!-- /name -->``; all else stays, and the file is replaced whole.

    Raises
    ------
    SystemExit
        The markers are not there, once each and in order.
    """
    text = path.read_text(encoding="utf-8")
    first, last = f"<!-- {name} -->", f"<!-- /{name} -->"
    if text.count(first) != 1 or text.count(last) != 1 or text.index(first) > text.index(last):
        raise SystemExit(f"{path}: found no place for the table, expected the lines {first} and {last}; add them")
    before, rest = text.split(first)
    after = rest.split(last)[1]
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    fresh.write_text(f"{before}{first}\n{table.strip()}\n{last}{after}", encoding="utf-8")
    fresh.replace(path)


def conditions() -> str:
    """Date, machine and load, for the line below a table."""
    load = os.getloadavg()[0]
    return f"{time.strftime('%d %B %Y')}, {machine()}, load {load:.1f}"


def machine() -> str:
    """Processor, cores and Python."""
    return f"{processor()}, {os.cpu_count()} cores, Python {platform.python_version()}"


def processor() -> str:
    """Name of the processor where the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.machine()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())
