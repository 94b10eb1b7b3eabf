"""One proof: what is compared, how each side was obtained, and processes measured whole."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared"

QUOTED_LDSC = "quoted: ../shared/reference/ldsc/README.md"
QUOTED_LDAK = "quoted: ../shared/SPEC-LDAK.md, 13"


class CannotRunError(Exception):
    """Why a proof cannot be made here; it becomes a row with its reason."""


@dataclass(frozen=True)
class Row:
    """A line of the table.

    Parameters
    ----------
    task
        What was done, with its size.
    theirs, how
        Time and memory of the other program, and how they were obtained: measured here (program, version), or quoted
        from where.
    ours
        The same of this project.
    ratio
        How many times less, in words; empty where there is nothing to compare with.
    digits
        Digits of the results that agree; empty where results were not compared.
    """

    task: str
    theirs: str
    how: str
    ours: str
    ratio: str = ""
    digits: str = ""

    def markdown(self, load: str = "") -> str:
        """A row of the README's table."""
        cells = (self.task, self.theirs, self.how, self.ours, self.ratio, self.digits, load)
        return "| " + " | ".join(cell.replace("|", "/") for cell in cells) + " |"


@dataclass(frozen=True)
class Setting:
    """What a proof may use.

    Parameters
    ----------
    folder
        Scratch, emptied afterwards.
    ports
        Where the other programs' virtual environments stay.
    quick
        Small sizes, to see that the harness works; its figures prove nothing.
    """

    folder: Path
    ports: Path
    quick: bool


@dataclass(frozen=True)
class Proof:
    """Something to measure.

    Parameters
    ----------
    name
        On the command line.
    run
        Makes the rows.
    shared
        Whether it needs ../shared.
    disk, memory
        GB that must be free.
    """

    name: str
    run: Callable[[Setting], list[Row]]
    shared: bool = True
    disk: float = 1.0
    memory: float = 2.0

    def obstacle(self, setting: Setting) -> str:
        """Why it cannot run; empty when it can.  Quick runs are small."""
        if self.shared and not SHARED.is_dir():
            return f"needs {SHARED}, which is not here"
        free = shutil.disk_usage(setting.folder).free / 1e9
        disk, memory = (1.0, 1.0) if setting.quick else (self.disk, self.memory)
        if free < disk:
            return f"needs {disk:g} GB of disk in {setting.folder}, {free:.1f} are free"
        available = available_memory()
        return f"needs {memory:g} GB of memory, {available:.1f} are free" if available < memory else ""


def available_memory() -> float:
    """GB that a new process may take; infinite where the system does not say."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/meminfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("MemAvailable"):
                return float(line.split()[1]) / 1e6
    return float("inf")


# ---------------------------------------------------------------------------------------------------------------------
# Processes


@dataclass(frozen=True)
class Cost:
    """Wall and CPU seconds and peak GB of a process and all its children."""

    wall: float
    cpu: float
    gigabytes: float

    def text(self) -> str:
        """For the table."""
        form = ".0f" if self.wall >= 100 else ".1f" if self.wall >= 10 else ".2f"
        return f"{self.wall:{form}} s, {self.cpu:{form}} CPU s, {self.gigabytes:.2f} GB"

    def to_dict(self) -> dict[str, float]:
        return asdict(self)


@dataclass
class Output:
    """What a process printed, its exit status, and its cost."""

    cost: Cost
    text: str
    status: int
    command: list[str] = field(default_factory=list)


_MEASURE = (
    "import json, os, resource, subprocess, sys, time\n"
    "out, limit = sys.argv[1], float(sys.argv[2])\n"
    "if limit: resource.setrlimit(resource.RLIMIT_AS, (int(limit * 1e9),) * 2)\n"
    "started = time.perf_counter()\n"
    "status = subprocess.run(sys.argv[3:]).returncode\n"
    "used = resource.getrusage(resource.RUSAGE_CHILDREN)\n"
    "found = {'wall': time.perf_counter() - started, 'cpu': used.ru_utime + used.ru_stime,\n"
    "         'gigabytes': used.ru_maxrss * 1.024e-6, 'status': status}\n"  # ru_maxrss counts KiB
    "open(out, 'w').write(json.dumps(found))\n"
)


def measure(
    words: Sequence[str | Path], folder: Path, *, timeout: float = 3600, one_core: bool = False, limit_gb: float = 0
) -> Output:
    """Run a command in a folder and measure it whole.

    Parameters
    ----------
    timeout
        Seconds after which the command and all it started are ended.
    one_core
        Bind it to one core.
    limit_gb
        Address space it may take; 0 for no limit.

    Raises
    ------
    CannotRunError
        It did not end in time.
    """
    import json

    record, printed = folder / f".cost.{os.getpid()}", folder / f".printed.{os.getpid()}"
    record.unlink(missing_ok=True)
    command = [str(word) for word in words]
    bound = ["taskset", "-c", "0"] if one_core and shutil.which("taskset") else []
    line = [*bound, sys.executable, "-c", _MEASURE, str(record), str(limit_gb), *command]
    environment = {**os.environ, "TMPDIR": str(folder), "PYTHONWARNINGS": "ignore"}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # pip compiles what it installs; ours must not compile each time
    with printed.open("w", encoding="utf-8") as stream:
        process = subprocess.Popen(
            line, cwd=folder, stdout=stream, stderr=subprocess.STDOUT, start_new_session=True, env=environment
        )
        try:
            process.wait(timeout)
        except BaseException as stopped:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            if isinstance(stopped, subprocess.TimeoutExpired):
                raise CannotRunError(f"{Path(command[0]).name} did not end in {timeout:.0f} s") from None
            raise
    text = printed.read_text(encoding="utf-8", errors="replace")
    if not record.exists():
        raise CannotRunError(f"{' '.join(command[:4])} could not be started: {text.strip()[-300:]}")
    found = json.loads(record.read_text())
    record.unlink()
    printed.unlink()
    return Output(Cost(found["wall"], found["cpu"], found["gigabytes"]), text, found["status"], command)


def measured(words: Sequence[str | Path], folder: Path, *, repeats: int = 1, **options: float | bool) -> Output:
    """The cheapest of several runs, in CPU seconds; the peak is the largest.

    Raises
    ------
    CannotRunError
        A run fails: the reason is the last line that it printed.
    """
    runs = []
    for _ in range(repeats):
        run = measure(words, folder, **options)
        if run.status:
            last = next((line.strip() for line in reversed(run.text.splitlines()) if line.strip()), "nothing printed")
            named = run.command[3:6] if run.command[1:2] == ["-c"] else [Path(word).name for word in run.command[:4]]
            raise CannotRunError(f"{' '.join(named)} ended with status {run.status}: {last[-200:]}")
        runs.append(run)
    best = min(runs, key=lambda run: run.cost.wall)
    return Output(
        Cost(best.cost.wall, min(run.cost.cpu for run in runs), max(run.cost.gigabytes for run in runs)), best.text, 0,
        best.command,
    )  # fmt: skip


def own_gigabytes() -> float:
    """Largest memory of this process so far."""
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1.024e-6


def sumh2(program: str, *words: str | Path) -> list[str | Path]:
    """A command line of `sumh2` or `ldscores` of this tree."""
    return [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(ROOT)!r}); from {program}.cli import main; main()",
            *words]  # fmt: skip


def times_less(theirs: float, ours: float) -> str:
    """A ratio with two digits."""
    ratio = theirs / ours
    return f"{ratio:.0f}" if ratio >= 10 else f"{ratio:.1f}"
