"""The command line of sumh2: load, call, save, print.

Everything heavy is imported inside the commands, so that `sumh2 --help` answers at once.
"""

from __future__ import annotations

from ldscores import __version__
from ldscores.shared.command_line import run_program
from sumh2.cli.estimates import h2, rg
from sumh2.cli.first_steps import demo
from sumh2.cli.munge import munge

COMMANDS = (demo, munge, h2, rg)


def main() -> None:
    """Entry point of the console script."""
    run_program(
        "sumh2",
        summary="SNP heritability, enrichment and genetic correlation from GWAS summary statistics.",
        commands=COMMANDS,
        version=__version__,
    )
