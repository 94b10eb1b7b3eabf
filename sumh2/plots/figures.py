"""What every figure shares: colours, axes, and files written whole or not at all.  Needs the extra ``[plot]``."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING

from ldscores.shared.errors import InputError
from ldscores.shared.outputs import check_writable_folder
from ldscores.shared.tables import written_whole

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Okabe and Ito's colours, told apart with every kind of colour vision.
BLUE, ORANGE, GREY, VERMILION = "#0072B2", "#E69F00", "#666666", "#D55E00"
GREEN, SKY, PURPLE, YELLOW = "#009E73", "#56B4E9", "#CC79A7", "#F0E442"
#: One colour a series, in the order of use.
SERIES = (BLUE, ORANGE, GREEN, VERMILION, SKY, PURPLE, YELLOW, GREY)
STATUS_COLOURS = {"ok": BLUE, "caution": ORANGE, "unusable": VERMILION}
#: Half-width of a 95% interval in standard errors.
Z95 = 1.959963984540054


def check_figure(path: str | Path) -> None:
    """Refuse, before any work, a figure that could not be written.

    Raises
    ------
    InputError
        The ending is none of a figure's, the folder cannot be written to, or matplotlib is not installed.
    """
    path = Path(path)
    if path.suffix.lower() not in (".png", ".pdf", ".svg"):
        raise InputError(f"--plot {path}: found ending {path.suffix!r}, expected .png, .pdf or .svg; rename it")
    check_writable_folder(path, "--plot")
    if importlib.util.find_spec("matplotlib") is None:
        raise InputError("--plot: matplotlib is not installed, expected it for figures; pip install 'sumh2[plot]'")


def save_figure(ax: Axes, path: str | Path) -> None:
    """Write the figure of an Axes, whole or not at all; the ending of the name gives the format."""
    path = Path(path)
    with written_whole(path) as partial:
        ax.get_figure().savefig(partial, format=path.suffix.lstrip(".").lower(), dpi=200, bbox_inches="tight")


def new_axes(width: float, height: float) -> Axes:
    """Axes of a figure of its own, outside pyplot's global state."""
    return new_panels(width, height, 1)[0]


def new_panels(width: float, height: float, n_panels: int) -> tuple[Axes, ...]:
    """Axes below each other in a figure of their own; width and height are those of one."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height * n_panels), layout="constrained")
    FigureCanvasAgg(figure)
    axes = tuple(figure.add_subplot(n_panels, 1, place) for place in range(1, n_panels + 1))
    for ax in axes:
        for side in ("top", "right"):
            ax.spines[side].set_visible(False)
    return axes
