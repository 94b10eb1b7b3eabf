"""The command line of ldscores: load, call, save, print.

Everything heavy is imported inside the commands, so that `ldscores --help` answers at once.
"""

from __future__ import annotations

from ldscores import __version__
from ldscores.cli.build import build
from ldscores.cli.files import convert, merge, show
from ldscores.cli.preparation import annotate, thin, weights
from ldscores.shared.command_line import run_program

COMMANDS = (build, annotate, thin, weights, convert, merge, show)


def main() -> None:
    """Entry point of the console script."""
    run_program(
        "ldscores",
        summary="Reference panels to LD scores and taggings, under any heritability model.",
        commands=COMMANDS,
        version=__version__,
    )
