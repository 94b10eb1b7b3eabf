"""The command line of sumh2: load, call, save, print.

Everything heavy is imported inside the commands, so that `sumh2 --help` answers at once.
"""

from __future__ import annotations

from ldscores import __version__
from ldscores.shared.command_line import run_program
from sumh2.cli.alpha import alpha
from sumh2.cli.atlas import atlas
from sumh2.cli.atlas_page import atlas_page
from sumh2.cli.compare import compare
from sumh2.cli.consistent import atlas_factors, atlas_test, consistent
from sumh2.cli.demo import demo
from sumh2.cli.doctor import doctor
from sumh2.cli.estimates import h2, rg
from sumh2.cli.export import export
from sumh2.cli.munge import munge
from sumh2.cli.partition import partition
from sumh2.cli.power import power
from sumh2.cli.refs import refs
from sumh2.cli.report import report
from sumh2.cli.screen import screen
from sumh2.cli.simulate import simulate
from sumh2.cli.validate import validate

COMMANDS = (
    demo,
    munge,
    doctor,
    refs,
    h2,
    rg,
    partition,
    screen,
    alpha,
    compare,
    atlas,
    consistent,
    atlas_test,
    atlas_factors,
    atlas_page,
    export,
    report,
    simulate,
    power,
    validate,
)


def main() -> None:
    """Entry point of the console script."""
    run_program(
        "sumh2",
        summary="SNP heritability, enrichment and genetic correlation from GWAS summary statistics.",
        commands=COMMANDS,
        version=__version__,
    )
