"""`sumh2 demo`."""

from __future__ import annotations

from ldscores.shared.command_line import command


@command(group="First steps")
def demo(*, out: str | None = None) -> object:
    """Run the main job on data that come with the package, in a few seconds.

    Munges two messy GWAS files, estimates both heritabilities and their genetic correlation, and compares them with
    the truth, which is known because the data are simulated.

    Parameters
    ----------
    out
        Folder to keep the files in; by default nothing is kept.

    Examples
    --------
    sumh2 demo
    sumh2 demo --out demo
    """
    from sumh2.demo import run_demo

    return run_demo(out)
