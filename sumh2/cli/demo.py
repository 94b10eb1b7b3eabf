"""`sumh2 demo`."""

from __future__ import annotations

import logging

from ldscores.shared.command_line import command


@command(group="First steps")
def demo(*, out: str | None = None) -> object:
    """Run the whole road on data that come with the package, in less than a minute.

    Builds LD scores of a simulated panel under three heritability models, munges two messy GWAS files, estimates
    heritabilities, a genetic correlation, which model fits and what coding regions carry, makes an atlas of eight traits
    with its page, and one report of everything.  Prints the command line of each step, what it means, and the estimates
    beside the truth, which is known because the data are simulated.

    Parameters
    ----------
    out
        Folder to keep the files in; by default nothing is kept.

    Examples
    --------
    sumh2 demo
    sumh2 demo --out demo
    """
    from ldscores.shared.logs import configure_logging, terminal_level
    from sumh2.demo import run_demo

    if terminal_level() == logging.INFO:
        configure_logging(quiet=True)  # the steps say what happens; the lines of each are in its .log
    for text in run_demo(out):
        print(text, flush=True)
    return None
