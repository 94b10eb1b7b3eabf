"""Profile of the likelihood over alpha, and what it says of alpha and of the heritability."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ldscores.shared.arrow_arrays import table_of_records
from ldscores.shared.outputs import written_together
from ldscores.shared.tables import write_tsv
from sumh2.kernels.profile_shape import GaussianShape, relative_likelihood
from sumh2.models.alpha_verdicts import describe_shift
from sumh2.results import Result, with_se
from sumh2.sumstats import FilterCount
from sumh2.verdicts import WHY_SEPARATOR

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class AlphaCurve:
    """The profile with one kind of confounding term.

    Parameters
    ----------
    confounding
        "none", "intercept" or "genomic-control": what is fitted beside the heritability at every alpha; "given" where
        only likelihoods are known.
    alphas, logl : float64, (n_alphas,)
        Grid and weighted log likelihoods at their maxima.
    null_logl
        Log likelihood without heritability.
    h2, h2_se, h2_jackknife_se : float64, (n_alphas,)
        Heritability at each alpha, with the SE of the likelihood's curvature (LDAK's) and of the block jackknife.
    intercept, scaling : float64, (n_alphas,)
        1 where they are not fitted.
    mode
        Grid point with the largest likelihood.
    alpha, alpha_se
        Maximum between grid points (parabola through the mode and its neighbours) and its delete-block jackknife SE.
    alpha_low, alpha_high
        95% interval: alphas at which the slope of the profile is within Student's 97.5% quantile of its jackknife
        error; infinite where the grid ends first.
    alpha_delete : float64, (n_blocks,)
        The maximum with each block left out.
    gaussian, powerfile : GaussianShape
        LDAK's normal: of ``--find-gaussian``, and of ``--sum-hers --powerfile`` (one point left out).
    h2_best, h2_best_se
        Heritability at ``alpha``; its jackknife SE estimates alpha anew for each block.
    h2_average, h2_average_se
        Heritability averaged over the grid with weights in proportion to the likelihood (a flat prior); its SE has the
        variance between alphas in it.
    converged : bool array, (n_alphas,)
    status, why
        ok, caution or unusable, and what to do.
    """

    confounding: str
    alphas: Floats
    logl: Floats
    null_logl: float
    h2: Floats
    h2_se: Floats
    h2_jackknife_se: Floats
    intercept: Floats
    scaling: Floats
    mode: float
    alpha: float
    alpha_se: float
    alpha_low: float
    alpha_high: float
    alpha_delete: Floats
    gaussian: GaussianShape
    powerfile: GaussianShape
    h2_best: float
    h2_best_se: float
    h2_average: float
    h2_average_se: float
    converged: NDArray[np.bool_]
    status: str = ""
    why: str = ""

    @property
    def interval(self) -> str:
        """The 95% interval in words; ends beyond the grid as such."""
        low, high = np.isfinite(self.alpha_low), np.isfinite(self.alpha_high)
        if np.isnan(self.alpha_low):
            return "NA"
        if low and high:
            return f"{self.alpha_low:.2f} to {self.alpha_high:.2f}"
        if low or high:
            return f"above {self.alpha_low:.2f}" if low else f"below {self.alpha_high:.2f}"
        return "all of the grid"

    def to_record(self, trait: str) -> dict[str, Any]:
        """A row of the tidy table."""
        names = ("mode", "alpha", "alpha_se", "alpha_low", "alpha_high")
        gaussians = {
            f"{which}_{name}": getattr(getattr(self, which), name)
            for which in ("gaussian", "powerfile") for name in ("mean", "sd", "correlation")
        }  # fmt: skip
        best = int(np.argmax(self.logl))
        return {
            "trait": trait, "confounding": self.confounding, **{name: getattr(self, name) for name in names},
            **gaussians, "logl": float(self.logl[best]), "null_logl": self.null_logl,
            "logl_range": float(np.ptp(self.logl)), "h2_best": self.h2_best, "h2_best_se": self.h2_best_se,
            "h2_average": self.h2_average, "h2_average_se": self.h2_average_se,
            "intercept": float(self.intercept[best]), "scaling": float(self.scaling[best]),
            "status": self.status, "why": self.why,
        }  # fmt: skip

    def grid_records(self) -> list[dict[str, Any]]:
        """One row a point of the grid."""
        columns = {
            "alpha": self.alphas, "logl": self.logl, "relative_likelihood": relative_likelihood(self.logl),
            "h2": self.h2, "h2_se": self.h2_se, "h2_jackknife_se": self.h2_jackknife_se, "intercept": self.intercept,
            "scaling": self.scaling, "converged": self.converged,
        }  # fmt: skip
        rows = zip(*(column.tolist() for column in columns.values()), strict=True)
        return [{"confounding": self.confounding, **dict(zip(columns, row, strict=True))} for row in rows]


@dataclass(frozen=True)
class AlphaProfile(Result):
    """How the likelihood depends on alpha, with and without terms for confounding.

    Parameters
    ----------
    trait
        Name.
    curves
        The first is the one asked for.
    n_categories
        Of the model at one alpha.
    n_snps, n_blocks, n_bar
        SNPs in the regression, jackknife blocks, weighted mean sample size; 0 and NaN where only likelihoods are known.
    shift, shift_se
        How far alpha moves from the first curve to the second, and its jackknife SE; NaN for one curve.
    steps
        SNPs removed and kept, step by step.
    """

    kind: ClassVar[str] = "alpha"

    trait: str
    curves: tuple[AlphaCurve, ...]
    n_categories: int
    n_snps: int
    n_blocks: int
    n_bar: float
    shift: float
    shift_se: float
    steps: tuple[FilterCount, ...]
    origin: Mapping[str, Any] = field(default_factory=dict)

    def __getattr__(self, name: str) -> Any:
        """Estimates of the first curve: ``profile.alpha``, ``profile.h2_best``, ``profile.status``."""
        if name.startswith("_") or not (name in AlphaCurve.__dataclass_fields__ or name == "interval"):
            raise AttributeError(f"AlphaProfile has no attribute {name!r}")
        return getattr(self.curves[0], name)

    def to_records(self) -> list[dict[str, Any]]:
        return [curve.to_record(self.trait) for curve in self.curves]

    def details(self) -> dict[str, Any]:
        """The profile, point by point, and SNP counts step by step."""
        return {
            "steps": [{"what": step.what, "removed": step.removed, "kept": step.kept} for step in self.steps],
            "n_snps": self.n_snps, "n_blocks": self.n_blocks, "n_bar": self.n_bar, "n_categories": self.n_categories,
            "shift": self.shift, "shift_se": self.shift_se,
            "profile": [row for curve in self.curves for row in curve.grid_records()],
        }  # fmt: skip

    @written_together()
    def save(self, stem: str | Path) -> list[Path]:
        """The usual two, and ``<stem>.profile.tsv`` with a row a point of the grid."""
        profile = Path(f"{stem}.profile.tsv")
        rows = [row for curve in self.curves for row in curve.grid_records()]
        write_tsv(profile, table_of_records(rows))
        return [*super().save(stem), profile]

    def __str__(self) -> str:
        first = self.curves[0]
        lines = [f"{self.trait}: E[h2_j] = tau [2 f (1 - f)]^(1 + alpha)", ""]
        if self.n_snps:
            lines += [
                f"  {self.n_snps:,} SNPs, {self.n_categories} {'category' if self.n_categories == 1 else 'categories'} "
                f"at each of {len(first.alphas)} alphas from {first.alphas[0]:g} to {first.alphas[-1]:g}, "
                f"{self.n_blocks} jackknife blocks",
                "",
            ]
        for curve in self.curves:
            lines += [f"  confounding: {_CONFOUNDING_WORDS[curve.confounding]}", *_curve_lines(curve), ""]
        if np.isfinite(self.shift_se):
            when = describe_shift(*(curve.confounding for curve in self.curves[:2]))
            lines.append(f"  alpha moves by {with_se(self.shift, self.shift_se, 2)} {when}")
        lines.append(f"  status: {first.status}")
        lines += [f"    {reason}" for reason in first.why.split(WHY_SEPARATOR) if reason]
        return "\n".join(lines)


_CONFOUNDING_WORDS = {
    "none": "not fitted",
    "intercept": "fitted, an intercept that grows with N",
    "genomic-control": "fitted, a factor on all statistics",
    "given": "as in the likelihoods given",
}


def _curve_lines(curve: AlphaCurve) -> list[str]:
    lines = [f"    best alpha      {curve.mode:g} on the grid"]
    if np.isfinite(curve.alpha_se):
        lines[0] += f"; {with_se(curve.alpha, curve.alpha_se, 2)} between its points, 95% interval {curve.interval}"
    elif not np.isnan(curve.alpha_low):
        lines[0] += f", its end whatever block is left out; 95% interval {curve.interval}"
    shape = curve.gaussian
    if np.isfinite(shape.mean):
        gaussian = f"{shape.mean:.2f} (SD {shape.sd:.2f}), correlation with the likelihood {shape.correlation:.4f}"
        lines.append(f"    Gaussian        {gaussian}")
    lines.append(f"    log likelihood  {curve.logl.max():.2f}, {np.ptp(curve.logl):.2f} above the worst alpha")
    if np.isfinite(curve.h2_best):
        lines += [
            f"    h2              {with_se(curve.h2_best, curve.h2_best_se)} at the best alpha, "
            f"{with_se(curve.h2_average, curve.h2_average_se)} averaged over alpha",
            f"                    {curve.h2.min():.4f} to {curve.h2.max():.4f} over the grid",
        ]
    return lines
