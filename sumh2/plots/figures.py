"""What every figure shares: sizes, colours, words, and files written whole or not at all.  Needs the extra ``[plot]``.

Sizes are those of a journal's columns in millimetres, so that a figure goes to print as it is; letters are 6 to 8 points.
Colours are Okabe and Ito's, and what colour says a shape says too.  Nothing here or in the figures touches matplotlib's
global settings or pyplot.
"""

from __future__ import annotations

import importlib.util
import os
import re
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ldscores.shared.errors import InputError, OptionError
from ldscores.shared.outputs import check_writable_folder
from ldscores.shared.tables import written_whole

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap

# Okabe and Ito's colours, told apart with every kind of colour vision.
BLUE, ORANGE, GREY, VERMILION = "#0072B2", "#E69F00", "#666666", "#D55E00"
GREEN, SKY, PURPLE, YELLOW = "#009E73", "#56B4E9", "#CC79A7", "#F0E442"
#: Bands behind rows, and lines that only guide the eye.
PALE = "#F2F2F2"
#: One colour and one marker a series, in the order of use.
SERIES = (BLUE, ORANGE, GREEN, VERMILION, PURPLE, SKY, GREY, YELLOW)
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "p")
STATUS_COLOURS = {"ok": BLUE, "caution": ORANGE, "unusable": VERMILION}
STATUS_MARKERS = {"ok": "o", "caution": "D", "unusable": "X"}
#: Half-width of a 95% interval in standard errors.
Z95 = 1.959963984540054

#: Widths of one, one and a half, and two columns of a journal, and the depth of its page, in mm.
ONE_COLUMN, WIDE_COLUMN, TWO_COLUMNS, PAGE = 89.0, 120.0, 183.0, 247.0
MM = 1 / 25.4
#: Letters, in points.
TITLE_SIZE, LABEL_SIZE, TICK_SIZE, NOTE_SIZE = 8.0, 7.0, 6.5, 6.0
_LINE, _DPI, _MOST_PIXELS = 0.6, 300, 30_000
#: Blue through nearly white to brown, of equal lightness at both ends as Crameri's vik.
_DIVERGING = ("#001E5A", "#1F5F9B", "#85B4D2", "#F4F2EE", "#E0A883", "#B04F27", "#551200")
_MOST_LETTERS = 34
#: Width of a letter of a note, in mm.
_NOTE_LETTER = 1.15


# ---------------------------------------------------------------------------------------------------------------------
# Files


def check_figure(path: str | Path, flag: str = "--plot") -> None:
    """Refuse, before any work, a figure that could not be written.

    Parameters
    ----------
    path
        Of the figure.
    flag
        Of the command line that named it, for the message.

    Raises
    ------
    OptionError
        The ending is none of a figure's.
    InputError
        The folder cannot be written to, or matplotlib is not installed.
    """
    path = Path(path)
    if path.suffix.lower() not in (".png", ".pdf", ".svg"):
        raise OptionError(f"{flag} {path}: found ending {path.suffix!r}, expected .png, .pdf or .svg; rename it")
    if path.is_dir():
        raise InputError(f"{flag} {path}: found a folder, expected the name of a file; choose another name")
    check_writable_folder(path, flag)
    if importlib.util.find_spec("matplotlib") is None:
        raise InputError(f"{flag}: matplotlib is not installed, expected it for figures; pip install 'sumh2[plot]'")


def save_figure(ax: Axes | Sequence[Axes], path: str | Path) -> None:
    """Write the figure of an Axes, or of several in one figure, whole or not at all; the ending gives the format.

    The same figure gives the same bytes.  Letters stay letters in .pdf (TrueType, as journals ask) and .svg.
    """
    from matplotlib import rc_context

    path = Path(path)
    figure = (ax if hasattr(ax, "get_figure") else ax[0]).get_figure()
    ending = path.suffix.lstrip(".").lower()
    undated = {"png": {"Software": None}, "pdf": {"CreationDate": None}, "svg": {"Date": None}}[ending]
    dpi = min(_DPI, _MOST_PIXELS / max(figure.get_size_inches()))
    with (
        written_whole(path) as partial,
        rc_context({"pdf.fonttype": 42, "svg.fonttype": "none", "svg.hashsalt": "sumh2"}),
    ):
        figure.savefig(partial, format=ending, dpi=dpi, bbox_inches="tight", pad_inches=0.04, metadata=undated)


# ---------------------------------------------------------------------------------------------------------------------
# Axes


def new_axes(width: float, height: float) -> Axes:
    """Axes of a figure of its own, outside pyplot's global state; sizes in mm."""
    return new_panels(width, height)[0]


def new_panels(
    width: float, height: float, columns: Sequence[float] = (1.0,), rows: Sequence[float] = (1.0,)
) -> tuple[Axes, ...]:
    """Axes beside and below each other in a figure of their own, row by row.

    Parameters
    ----------
    width, height
        Of the whole figure, in mm.
    columns, rows
        Relative widths and heights of the panels.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width * MM, height * MM), layout="constrained")
    FigureCanvasAgg(figure)
    figure.get_layout_engine().set(w_pad=0.04, h_pad=0.04, wspace=0.05, hspace=0.05)
    grid = figure.add_gridspec(len(rows), len(columns), width_ratios=columns, height_ratios=rows)
    axes = tuple(figure.add_subplot(grid[row, column]) for row in range(len(rows)) for column in range(len(columns)))
    for ax in axes:
        _style(ax)
    return axes


def _style(ax: Axes) -> None:
    for side, spine in ax.spines.items():
        spine.set_visible(side in ("left", "bottom"))
        spine.set_linewidth(_LINE)
    ax.tick_params(labelsize=TICK_SIZE, width=_LINE, length=2.5, pad=2)


def label_axes(ax: Axes, xlabel: str = "", ylabel: str = "", title: str = "") -> None:
    """Words at the axes, and the title at the left."""
    ax.set_xlabel(xlabel, fontsize=LABEL_SIZE, labelpad=2)
    ax.set_ylabel(ylabel, fontsize=LABEL_SIZE, labelpad=2)
    ax.set_title(plain(title, 60), fontsize=TITLE_SIZE, loc="left", pad=4)


def add_legend(
    ax: Axes, where: str = "above", handles: Sequence[Artist] | None = None, columns: int = 1, lines_below: int = 0,
    scale: float = 1.0,
) -> None:  # fmt: skip
    """A legend that covers nothing: above the axes and below the title, or at their right.

    Parameters
    ----------
    where
        above or right.
    handles
        By default what the axes hold with a label.
    columns
        Of a legend above.
    lines_below
        Lines of other text between a legend above and the axes.
    scale
        Size of the markers over that in the axes.
    """
    labels = {"handles": list(handles)} if handles is not None else {}
    n_entries = len(labels["handles"]) if labels else len(ax.get_legend_handles_labels()[0])
    if not n_entries:
        return
    look = {
        "frameon": False, "fontsize": TICK_SIZE, "handlelength": 1.6, "handletextpad": 0.5, "labelspacing": 0.3,
        "borderpad": 0.2, "borderaxespad": 0.3, "columnspacing": 1.2, "markerscale": scale,
        "ncols": columns if where == "above" else 1,
    }  # fmt: skip
    if where == "above":
        look["borderaxespad"] += 1.3 * lines_below
        ax.legend(**labels, **look, loc="lower left", bbox_to_anchor=(0.0, 1.0))
        n_lines = -(-n_entries // columns) + lines_below
        ax.set_title(ax.get_title(loc="left"), loc="left", fontsize=TITLE_SIZE, pad=6 + 1.38 * TICK_SIZE * n_lines)
    else:
        ax.legend(**labels, **look, loc="upper left", bbox_to_anchor=(1.01, 1.0))


def letter_panels(axes: Sequence[Axes], title: str = "") -> tuple[Axes, ...]:
    """The axes with a, b, c in the place of their titles, at one height a row, and one title for the figure.

    One panel keeps its own title.
    """
    if len(axes) > 1:
        figure = axes[0].get_figure()
        pads: dict[int, float] = {}
        for ax in axes:
            row = ax.get_subplotspec().rowspan.start
            pads[row] = max(pads.get(row, 0.0), ax.titleOffsetTrans.get_matrix()[1, 2] * 72 / figure.dpi)
        for letter, ax in zip("abcdefgh", axes, strict=False):
            pad = pads[ax.get_subplotspec().rowspan.start]
            ax.set_title(letter, loc="left", fontsize=TITLE_SIZE + 1, fontweight="bold", pad=pad)
        if title:
            figure.suptitle(plain(title, 90), fontsize=TITLE_SIZE, x=0.01, ha="left")
    return tuple(axes)


# ---------------------------------------------------------------------------------------------------------------------
# Words and colours


def write_caption(ax: Axes, *sentences: str) -> None:
    """Sentences below the whole figure, one a line, empty ones left out."""
    figure = ax.get_figure()
    letters = max(40, int(figure.get_size_inches()[0] / MM / _NOTE_LETTER))
    lines = [line for words in sentences for line in textwrap.wrap(words, letters)]
    if lines:
        figure.supxlabel("\n".join(lines), fontsize=NOTE_SIZE, color=GREY, x=0.01, ha="left")


def plain(name: str, most: int = _MOST_LETTERS) -> str:
    """A name from a file as a figure can show it: one line, its middle left out where it is long, no formulas."""
    name = " ".join(str(name).split())
    if len(name) > most:
        tail = (most - 1) // 3
        name = f"{name[: most - 1 - tail]}…{name[-tail:]}"
    # A leading underscore would hide it from legends, dollars would make it a formula.
    return re.sub(r"(?<!\\)\$", r"\\$", f" {name}" if name.startswith("_") else name)


def plain_names(names: Sequence[str], most: int = _MOST_LETTERS) -> list[str]:
    """Each name as :func:`plain`, but names that differ stay different.

    Where leaving out the middle makes some alike, what is left out is the beginning that they share; names that would
    still be alike are shown whole.
    """
    short = [plain(name, most) for name in names]
    groups: dict[str, list[str]] = {}
    for name, shown in zip(names, short, strict=True):
        if name not in groups.setdefault(shown, []):
            groups[shown].append(name)
    elided = {}
    for alike in groups.values():
        if len(alike) == 1:
            continue
        shared = len(os.path.commonprefix(alike))
        head = min(shared, most // 3)
        for name in alike:
            # A few shared letters lead to the first that differs.
            rest = name[max(shared - 4, head) :]
            elided[name] = f"{name[:head]}…{plain(rest, most - 1 - head)}" if head < shared - 4 else plain(rest, most)
        if len({plain(elided[name], len(name)) for name in alike}) < len(alike):
            elided |= {name: plain(name, len(name)) for name in alike}
    return [elided.get(name, shown) for name, shown in zip(names, short, strict=True)]


def diverging_colours() -> Colormap:
    """Blue for negative, brown for positive."""
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("sumh2", _DIVERGING)
