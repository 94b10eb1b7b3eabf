"""Names beside points that cover neither each other nor the points that are named."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from sumh2.plots.figures import GREY, NOTE_SIZE, plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Distances from the point, in points, and directions, in the order in which they are tried.
_DISTANCES = (5, 11, 19, 29, 41, 55, 71)
_ANGLES = (0, 180, 40, 140, -40, -140, 90, -90, 65, 115, -65, -115)
#: Half the side of the square that a named point takes, in points.
_POINT = 2.5
_LINE_TO_POINT = {"arrowstyle": "-", "lw": 0.4, "color": GREY, "shrinkA": 0, "shrinkB": 1.5}


def name_points(
    ax: Axes, x: ArrayLike, y: ArrayLike, names: Sequence[str], others: tuple[ArrayLike, ArrayLike] = ((), ())
) -> None:
    """Write each name as near to its point as there is room inside the axes; a line leads there where it is far.

    Call it last: it needs the final limits and the layout.  The first names have the choice.

    Parameters
    ----------
    others
        x and y of points without a name, which names leave free too where there is room.
    """
    if not len(names):
        return
    figure = ax.get_figure()
    figure.draw_without_rendering()
    scale = figure.dpi / 72
    at = ax.transData.transform(np.column_stack([x, y])) / scale
    frame = ax.get_window_extent().extents / scale
    renderer = figure.canvas.get_renderer()
    unnamed = ax.transData.transform(np.column_stack(others)) / scale if len(others[0]) else []
    taken = [_box(point, _POINT, _POINT, (0.5, 0.5)) for point in [*at, *unnamed]]
    for number, (point, name) in enumerate(zip(at, names, strict=True)):
        text = ax.annotate(plain(name), (np.asarray(x)[number], np.asarray(y)[number]), fontsize=NOTE_SIZE, zorder=5)
        extent = text.get_window_extent(renderer)
        width, height = extent.width / scale, extent.height / scale
        around = [box for place, box in enumerate(taken) if place != number]
        shift, (across, up), box, distance = _find_place(point, width, height, around, frame)
        text.remove()
        ax.annotate(
            plain(name), (np.asarray(x)[number], np.asarray(y)[number]), xytext=tuple(shift), fontsize=NOTE_SIZE,
            textcoords="offset points", ha=across, va=up, zorder=5,
            bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.75, "pad": 0.3},
            arrowprops=_LINE_TO_POINT if distance > _DISTANCES[0] else None,
        )  # fmt: skip
        taken.append(box)


def _find_place(point, width: float, height: float, taken: list, frame):
    """The nearest place without an overlap; where there is none, the one with the least."""
    best = None
    for distance in _DISTANCES:
        for angle in _ANGLES:
            shift = distance * np.array([np.cos(np.radians(angle)), np.sin(np.radians(angle))])
            across = 0.0 if abs(angle) < 90 else 1.0 if abs(angle) > 90 else 0.5
            up = 0.0 if 40 < angle < 140 else 1.0 if -140 < angle < -40 else 0.5
            box = _box(point + shift, width, height, (across, up), centred=False)
            outside = max(frame[0] - box[0], frame[1] - box[1], box[2] - frame[2], box[3] - frame[3], 0.0)
            covered = sum(_overlap(box, other) for other in taken) + 100 * outside
            words = ({0.0: "left", 0.5: "center", 1.0: "right"}[across], {0.0: "bottom", 0.5: "center", 1.0: "top"}[up])
            if best is None or covered < best[0]:
                best = (covered, shift, words, box, distance)
            if not covered:
                return best[1:]
    return best[1:]


def _box(point, width: float, height: float, anchor: tuple[float, float], centred: bool = True):
    """Left, bottom, right, top of a box whose anchor is at the point."""
    if centred:
        width, height = 2 * width, 2 * height
    left, bottom = point[0] - anchor[0] * width, point[1] - anchor[1] * height
    return left, bottom, left + width, bottom + height


def _overlap(one, other) -> float:
    """Common area of two boxes."""
    wide = min(one[2], other[2]) - max(one[0], other[0])
    high = min(one[3], other[3]) - max(one[1], other[1])
    return wide * high if wide > 0 and high > 0 else 0.0
