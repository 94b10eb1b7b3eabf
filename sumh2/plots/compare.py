"""Figure of a comparison of heritability models."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sumh2.models.compare_result import FittedModel, ModelComparison
from sumh2.plots.figures import BLUE, GREY, SERIES, Z95, new_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Intervals longer than this many times the others' median are cut, so that the others can be read.
_LONGEST = 8.0


def plot_comparison(result: ModelComparison, ax: Axes | None = None) -> Axes:
    """Heritability by model with 95% jackknife intervals; at the right the log likelihood over the reference's.

    Parameters
    ----------
    result
        Of :func:`sumh2.fit_comparison`.
    ax
        Where to draw; a new figure by default.
    """
    models = result.models
    ax = ax if ax is not None else new_axes(7.2, 1.4 + 0.28 * len(models))
    kinds = list(dict.fromkeys(fitted.confounding for fitted in models))
    errors = np.array([fitted.h2_jackknife_se for fitted in models])
    longest = _LONGEST * float(np.nanmedian(errors))
    labelled = set()
    for row, fitted in enumerate(models):
        colour = SERIES[kinds.index(fitted.confounding) % len(SERIES)]
        if fitted.h2_jackknife_se > longest:
            ax.text(0.01, row, f"{fitted.h2:.2f} (SE {fitted.h2_jackknife_se:.2f}), off the scale", va="center",
                    fontsize=7, color=colour, transform=ax.get_yaxis_transform())  # fmt: skip
            continue
        label = None if fitted.confounding in labelled else fitted.confounding
        labelled.add(fitted.confounding)
        ax.errorbar(fitted.h2, row, xerr=Z95 * fitted.h2_jackknife_se, fmt="o", ms=4, lw=1.2, color=colour, label=label)
    low, high = (result.h2_average + sign * Z95 * result.h2_average_se for sign in (-1, 1))
    ax.axvspan(low, high, color=BLUE, alpha=0.08, lw=0, label="averaged over models")
    ax.axvline(result.h2_average, color=GREY, lw=0.8, ls="--")
    ax.set(
        xlabel="SNP heritability, 95% interval", title=result.trait, yticks=range(len(models)),
        yticklabels=[_name(fitted) for fitted in models], ylim=(len(models) - 0.5, -0.5),
    )  # fmt: skip
    other = ax.secondary_yaxis("right")
    other.set_yticks(range(len(models)), [_gain(fitted, result.reference) for fitted in models])
    other.set_ylabel(f"log likelihood over {result.reference}", fontsize=8)
    other.tick_params(labelsize=8, length=0)
    ax.legend(frameon=False, fontsize=8)
    return ax


def _name(fitted: FittedModel) -> str:
    name = fitted.model if np.isnan(fitted.alpha) else f"{fitted.model} ({fitted.alpha:g})"
    return f"{name} by LDSC" if fitted.estimator == "ldsc" else name


def _gain(fitted: FittedModel, reference: str) -> str:
    if fitted.estimator == "ldsc":
        return ""
    if fitted.difference is None:
        return reference
    se = f" ± {fitted.difference.se:.1f}" if np.isfinite(fitted.difference.se) else ""
    return f"{fitted.difference.difference:+.1f}{se}"
