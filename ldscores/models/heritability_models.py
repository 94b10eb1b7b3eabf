"""Heritability models as data: each is a matrix of columns, the heritability that reference SNPs are expected to carry.

The expected heritability of SNP j under a model of LDAK's family is ``e_j = w_j v_j^(1 + alpha)`` with
``v_j = 2 f_j (1 - f_j)``; the papers write ``f_j (1 - f_j)``, which only rescales the coefficients tau.  Column k of a
model is ``a_kj = b_kj e_j``, where b_kj is the value of annotation k (SPEC-LDAK sections 4 and 10; page 002).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation

import numpy as np
from numpy.typing import NDArray

from ldscores.annotations.annotation_set import Annotations
from ldscores.annotations.base_annotation import find_base
from ldscores.shared.errors import InputError, OptionError
from ldscores.shared.messages import close_name

BASE = "Base"
WEIGHT_CATEGORY = "LDAK_weights"

#: alpha = -1, -0.95, ..., 0.5: the 31 instances of the models with "+Alpha" (page 002).
ALPHA_GRID = "-1:0.5:0.05"

#: Where LDAK's own papers look for neighbours, and where LDSC does.
_LDAK_WINDOW, _LDSC_WINDOW = "1000 kb", "1 cM"

_BLD_SOURCE = (
    "the 64 annotations bld1 to bld64 (Baseline-LD without its MAF bins) are among the BLD-LDAK annotations on LDAK's "
    "site (dougspeed.com); name them with --annotation-prefix bld --annotation-number 64"
)
_WEIGHTS_SOURCE = "compute them with: ldscores weights --bfile ...; name the file with --weights"
_THIN_SOURCE = "make the list with: ldscores thin --bfile ... --window-kb 100 --r2 0.98; name it (.in) with --thin"
_BASELINE_SOURCE = (
    "Baseline-LD is among LDSC's reference files (baselineLD_v*.annot.gz, one per chromosome); name them with --annot "
    "baselineLD.@"
)


@dataclass(frozen=True)
class HeritabilityModel:
    """A heritability model: how the expected heritability of a SNP depends on its frequency, weight and annotations.

    Parameters
    ----------
    name : str
        As it is named on the command line and in files; with alpha where there are several instances.
    title, formula : str
        The name in publications, and E[h2_j] with v = 2f(1-f).
    power : float
        alpha; e_j is proportional to v_j^(1 + alpha).
    weights : str
        What the SNP weights are: ``none``, ``ldak`` (LDAK weightings multiply e_j), ``thin`` (1 for SNPs kept after
        thinning, else 0), ``extract`` (SNPs lost in thinning leave the panel) or ``category`` (LDAK weightings are one
        more annotation).
    n_annotations : int, optional
        Annotations that the user's files must hold, 0 for none; None for any number.
    alphas : str
        Grid of alpha over which instances of the model are compared; empty for one instance.
    conventions : str
        ``ldak`` or ``ldsc``: which SNPs of the panel count, see
        :class:`ldscores.panels.reference_panel.PanelConventions`.  r2 is the same in both:
        missing genotypes at the mean, variance over all people, less (1 - r2) / (n - 2).
    window : str
        Window of the publication, used unless the user gives one.
    needs : str
        Where the files come from that the model needs.
    unknown : str
        Why the model cannot be built; empty when it can.
    """

    name: str
    title: str
    formula: str
    power: float
    weights: str = "none"
    n_annotations: int | None = 0
    alphas: str = ""
    conventions: str = "ldak"
    window: str = _LDAK_WINDOW
    needs: str = ""
    unknown: str = ""

    def at(self, alpha: float) -> HeritabilityModel:
        """The instance with this alpha, named after it, e.g. ``alpha(-0.25)``."""
        return replace(self, name=f"{self.name}({alpha:g})", power=alpha, alphas="")


_UNKNOWN_LITE = (
    "the published descriptions here do not say which annotations it keeps: the 57 binary ones and two of the nine "
    "others are dropped, and those two are named only in a supplementary table (Speed et al. 2020, table 8)"
)

#: All models by name.
MODELS: dict[str, HeritabilityModel] = {
    model.name: model
    for model in (
        HeritabilityModel("gcta", "GCTA", "tau", -1.0, conventions="ldsc", window=_LDSC_WINDOW),
        HeritabilityModel("ldak", "LDAK", "tau w v^0.75", -0.25, weights="ldak", needs=_WEIGHTS_SOURCE),
        HeritabilityModel("ldak-thin", "LDAK-Thin", "tau I v^0.75", -0.25, weights="thin", needs=_THIN_SOURCE),
        HeritabilityModel(
            "ldak-thin-extract", "LDAK-Thin, panel thinned", "tau v^0.75 over thinned SNPs", -0.25, weights="extract",
            needs=_THIN_SOURCE,
        ),
        HeritabilityModel("human-default", "Human Default", "tau v^0.75", -0.25),
        HeritabilityModel(
            "bld-ldak", "BLD-LDAK", "(sum of 64 tau b + tau w + tau) v^0.75", -0.25, weights="category",
            n_annotations=64, needs=f"{_BLD_SOURCE}; for the weightings, {_WEIGHTS_SOURCE}",
        ),
        HeritabilityModel(
            "bld-ldak+alpha", "BLD-LDAK+Alpha", "(sum of 64 tau b + tau w + tau) v^(1+alpha)", -0.25,
            weights="category", n_annotations=64, alphas=ALPHA_GRID,
            needs=f"{_BLD_SOURCE}; for the weightings, {_WEIGHTS_SOURCE}",
        ),
        HeritabilityModel("bld-ldak-lite", "BLD-LDAK-Lite", "", -0.25, n_annotations=None, unknown=_UNKNOWN_LITE),
        HeritabilityModel(
            "bld-ldak-lite+alpha", "BLD-LDAK-Lite+Alpha", "", -0.25, n_annotations=None, alphas=ALPHA_GRID,
            unknown=_UNKNOWN_LITE,
        ),
        HeritabilityModel(
            "baseline-ld", "Baseline-LD", "sum of 74 tau b + tau", -1.0, n_annotations=74,
            conventions="ldsc", window=_LDSC_WINDOW, needs=_BASELINE_SOURCE,
        ),
        HeritabilityModel("alpha", "Alpha", "tau v^(1+alpha)", -0.25, alphas=ALPHA_GRID),
        HeritabilityModel(
            "own", "the user's annotations", "sum of tau b w v^(1+alpha)", -1.0, n_annotations=None,
            needs="name them with --annot, --annotation-prefix, --partition-prefix or --cts-bin; make those of intervals, "
            "genes or tables with: ldscores annotate",
        ),
    )
}  # fmt: skip

#: Other spellings, compared as :func:`_plain` writes them.
_SYNONYMS = {"uniform": "gcta", "humdef": "human-default", "custom": "own", "baselineldv1": "baseline-ld"}


def _plain(name: str) -> str:
    """A name without what people spell in several ways: case, blanks, dashes, underscores."""
    return re.sub(r"[\s_-]", "", name.lower())


def find_model(name: str) -> HeritabilityModel:
    """The model of this name; case, dashes, underscores and blanks do not matter.

    Raises
    ------
    OptionError
        There is no such model.
    InputError
        The published descriptions do not say what is in it.
    """
    plain = {_plain(known): known for known in MODELS} | _SYNONYMS
    if _plain(name) not in plain:
        near = close_name(_plain(name), plain)
        remedy = "correct the name" if near is None else f"did you mean {plain[near]}?"
        raise OptionError(f"--model {name}: no such heritability model; known are {', '.join(MODELS)}; {remedy}")
    model = MODELS[plain[_plain(name)]]
    _refuse_unknown(model)
    return model


def _refuse_unknown(model: HeritabilityModel) -> None:
    if model.unknown:
        raise InputError(
            f"--model {model.name}: cannot be built: {model.unknown}; if you have the list, give the annotations that "
            "are kept as your own: --model own --annotation-prefix ... --power -0.25"
        )


def parse_models(names: str | Sequence[str], alphas: str | Sequence[float] | None = None) -> list[HeritabilityModel]:
    """Models from a comma-separated list; those with a grid of alpha become one instance for each.

    Parameters
    ----------
    names
        E.g. ``gcta,ldak-thin,bld-ldak+alpha``.
    alphas
        Replaces the grid of the models that have one, e.g. ``-1:0.5:0.05``; where none of the models has one, the
        ``alpha`` model is added, so that ``--model gcta --alphas=-1:0.5:0.05`` gives both.

    Raises
    ------
    InputError
        A name is unknown or appears twice, or the grid is no grid.
    """
    listed = [name.strip() for name in names.split(",")] if isinstance(names, str) else list(names)
    models = [find_model(name) for name in listed]
    repeated = next((model.name for model in models if models.count(model) > 1), None)
    if repeated is not None:
        raise InputError(f"--model: {repeated} is named twice; expected each model once; leave one out")
    if alphas is not None and not any(model.alphas for model in models):
        models.append(MODELS["alpha"])
    instances = []
    for model in models:
        if not model.alphas:
            instances.append(model)
            continue
        grid = model.alphas if alphas is None else alphas
        instances += [model.at(alpha) for alpha in (parse_alphas(grid) if isinstance(grid, str) else grid)]
    return instances


def parse_alphas(text: str) -> tuple[float, ...]:
    """Values of alpha from ``first:last:step`` (both ends included) or a list with commas.

    Computed in decimals, so that ``-1:0.5:0.05`` gives exactly the 31 numbers -1, -0.95, ..., 0.5.

    Raises
    ------
    InputError
        Not numbers, a step that is not positive, or an end that the steps do not reach.
    """
    remedy = f"write first:last:step, e.g. --alphas={ALPHA_GRID}, or a list, e.g. --alphas=-1,-0.25,0"
    try:
        numbers = [Decimal(part.strip()) for part in re.split("[:,]", text)]
    except InvalidOperation as error:
        raise InputError(f"--alphas {text!r}: expected numbers; {remedy}") from error
    if not all(number.is_finite() for number in numbers):
        raise InputError(f"--alphas {text!r}: expected finite numbers; {remedy}")
    if ":" not in text:
        values = numbers
    else:
        if len(numbers) != 3 or "," in text or numbers[2] <= 0 or numbers[1] < numbers[0]:
            raise InputError(f"--alphas {text!r}: expected an ascending grid; {remedy}")
        first, last, step = numbers
        if (last - first) % step != 0:
            raise InputError(f"--alphas {text!r}: steps of {step} from {first} do not reach {last}; {remedy}")
        values = [first + step * place for place in range(int((last - first) / step) + 1)]
    if len(set(values)) < len(values):
        raise InputError(f"--alphas {text!r}: a value appears twice; {remedy}")
    return tuple(float(value) for value in values)


# ---------------------------------------------------------------------------------------------------------------------
# Columns


@dataclass(frozen=True, eq=False)
class ModelColumns:
    """The matrix of a model.

    Parameters
    ----------
    values : float64, (n_ref_snps, n_categories)
        a_kj, the expected heritability that category k gives to SNP j per unit of tau_k.
    names : tuple of str, (n_categories,)
        Categories; Base last where there is one.
    members : bool, (n_ref_snps, n_categories)
        Which SNPs are in which category, for LDAK's counts.
    exp_heritability : float64, (n_ref_snps,)
        e_j.
    weights : float64, (n_ref_snps,), optional
        w_j; None where weights are ignored.
    model : HeritabilityModel
        Which model it is.
    kind : str
        ``annotation`` or ``partition``.
    """

    values: NDArray[np.float64]
    names: tuple[str, ...]
    members: NDArray[np.bool_]
    exp_heritability: NDArray[np.float64]
    weights: NDArray[np.float64] | None
    model: HeritabilityModel
    kind: str = "annotation"


def expected_heritability(
    frequency: NDArray[np.float64],
    power: float,
    weights: NDArray[np.float64] | None = None,
    variance: NDArray[np.float64] | None = None,
    hwe_stand: bool = True,
) -> NDArray[np.float64]:
    """e_j = w_j v_j^(1 + alpha), (n_snps,); 0 for SNPs without variation (SPEC-LDAK section 4).

    Parameters
    ----------
    frequency : float64, (n_snps,)
        Frequency of either allele, f_j; NaN without calls.
    power
        alpha.
    weights : float64, (n_snps,), optional
        w_j; 1 by default.
    variance : float64, (n_snps,), optional
        Observed variance of the genotype times the call rate, d_j.  It tells which SNPs vary (one at which everybody is
        heterozygous does not, whatever its frequency); by default those with 0 < f_j < 1 do.
    hwe_stand
        Whether v_j = 2 f_j (1 - f_j), the variance expected in Hardy-Weinberg equilibrium; otherwise v_j = d_j.
    """
    if not hwe_stand and variance is None:
        raise ValueError("hwe_stand=False needs the observed variance")
    expected = 2.0 * frequency * (1.0 - frequency)
    observed = expected if variance is None else variance
    heritability = np.zeros(len(frequency))
    np.power(expected if hwe_stand else observed, 1.0 + power, out=heritability, where=observed > 0)  # NaN is not > 0
    return heritability if weights is None else heritability * weights


def model_columns(
    model: HeritabilityModel | str,
    frequency: NDArray[np.float64],
    annotations: Annotations | None = None,
    weights: NDArray[np.float64] | None = None,
    *,
    power: float | None = None,
    variance: NDArray[np.float64] | None = None,
    hwe_stand: bool = True,
    base: bool = True,
    has_base: bool | None = None,
) -> ModelColumns:
    """The matrix A of a model on the reference SNPs.

    Parameters
    ----------
    model
        A model or its name; an instance where the model has a grid of alpha.
    frequency : float64, (n_ref_snps,)
        Frequency of either allele.
    annotations
        On the rows of the panel, see :func:`ldscores.annotations.annotation_set.match_annotations`.
    weights : float64, (n_ref_snps,), optional
        SNP weights on the rows of the panel, 0 for absent SNPs: LDAK weightings, or 1 for SNPs kept after thinning.
        Models without weights (GCTA, Human Default) and without annotations pass over what is given for others.
    power
        Replaces the model's alpha.
    variance, hwe_stand
        As in :func:`expected_heritability`.
    base
        Whether annotations of the model ``own`` get a base category where they have none.
    has_base
        Whether they have one, told from all chromosomes; by default told from these SNPs.

    Raises
    ------
    InputError
        The model needs annotations or weights that are not given, or other ones than are given.
    """
    model = find_model(model) if isinstance(model, str) else model
    power = model.power if power is None else power
    if has_base is None:
        has_base = annotations is not None and find_base(annotations).is_base
    annotations, weights = _check_inputs(model, annotations, weights, has_base)
    snp_weights = weights if model.weights in ("ldak", "thin") or (model.name == "own") else None
    heritability = expected_heritability(frequency, power, snp_weights, variance, hwe_stand)
    if annotations is not None and len(annotations) != len(heritability):
        raise ValueError(f"annotations have {len(annotations)} rows, the panel has {len(heritability)} SNPs")
    names = [] if annotations is None else list(annotations.names)
    n_annots, kind = len(names), "annotation" if annotations is None else annotations.kind
    names += [WEIGHT_CATEGORY] if model.weights == "category" and weights is not None else []
    wants_base = base or model.n_annotations is not None
    names += [BASE] if kind == "annotation" and wants_base and not (annotations is not None and has_base) else []
    _check_names(names)
    # Written in place: the matrix of a large panel takes a gigabyte.
    values, members = np.empty((len(heritability), len(names))), np.ones((len(heritability), len(names)), dtype=bool)
    if annotations is not None:
        np.multiply(annotations.values, heritability[:, None], out=values[:, :n_annots])
        members[:, :n_annots] = annotations.membership
    for place, name in enumerate(names[n_annots:], start=n_annots):
        values[:, place] = heritability
        if name == WEIGHT_CATEGORY and weights is not None:
            values[:, place] *= weights
            members[:, place] = weights > 0  # LDAK's weights.short lists these alone
    return ModelColumns(values, tuple(names), members, heritability, snp_weights, model, kind)


def _check_inputs(
    model: HeritabilityModel, annotations: Annotations | None, weights: NDArray[np.float64] | None, has_base: bool
) -> tuple[Annotations | None, NDArray[np.float64] | None]:
    """Annotations and weights that the model uses; the message says what is missing and where it comes from."""
    _refuse_unknown(model)
    missing, found = [], 0 if annotations is None else annotations.n_annots - has_base
    weights_inside = model.weights == "category" and weights is None and found - 1 == model.n_annotations
    if model.n_annotations == 0 and annotations is not None:
        annotations = None  # several models share a run: annotations are for the others
    elif annotations is None and model.n_annotations != 0:
        missing.append("annotations" if model.n_annotations is None else f"{model.n_annotations} annotations")
    elif annotations is not None and model.n_annotations and found != model.n_annotations and not weights_inside:
        raise InputError(
            f"--model {model.name}: found {found} annotations besides the base in {annotations.where}; expected "
            f"{model.n_annotations}: {model.needs}; for another set use --model own"
        )
    if weights is None and model.weights in ("ldak", "thin", "extract", "category") and not weights_inside:
        lists = "the list of SNPs kept after thinning"
        missing.append({"thin": lists, "extract": lists}.get(model.weights, "LDAK weightings"))
    if missing:
        raise InputError(f"--model {model.name}: needs {' and '.join(missing)}, which are not given; {model.needs}")
    if model.weights == "extract" and weights is not None and not (weights > 0).all():
        raise InputError(
            f"--model {model.name}: {int((weights <= 0).sum())} SNPs of the panel are not among those kept after "
            "thinning; this recipe takes them out of the panel: build it in a run of its own with --extract thin.in; "
            "the recipe that keeps them as regression SNPs is --model ldak-thin"
        )
    return annotations, weights


def _check_names(names: Sequence[str]) -> None:
    twice = next((name for name in names if list(names).count(name) > 1), None)
    if twice is not None:
        raise InputError(f"category {twice!r} appears twice; the model adds one of that name; rename the annotation")


def ldsc_columns(
    maf: NDArray[np.float64], annotations: Annotations | None = None, pq_exp: float | None = None
) -> tuple[NDArray[np.float64], tuple[str, ...]]:
    """Columns of LDSC's ``--l2`` with its names: annotations, or ones, times [p(1-p)]^a with ``--pq-exp a``.

    Parameters
    ----------
    maf : float64, (n_ref_snps,)
        p; only used with `pq_exp`.
    annotations
        On the rows of the panel; without them one column of ones.
    pq_exp
        a; ``--per-allele`` is 1.  Note p(1-p), where LDAK has 2p(1-p).

    Returns
    -------
    values : float64, (n_ref_snps, n_categories)
    names : tuple of str
        ``L2`` for no or one annotation, else ``<name>L2``, followed by ``_S<a>`` (SPEC-LDSC 6.2, 6.3).
    """
    values = np.ones((len(maf), 1)) if annotations is None else annotations.values.astype(np.float64)
    if annotations is None or annotations.n_annots == 1:
        names: tuple[str, ...] = ("L2",)
    else:
        names = tuple(f"{name}L2" for name in annotations.names)
    if pq_exp is None:
        return values, names
    variance, factor = maf * (1.0 - maf), np.zeros(len(maf))
    np.power(variance, pq_exp, out=factor, where=variance > 0)  # SNPs that do not vary have no column; NaN is none
    return values * factor[:, None], tuple(f"{name}_S{pq_exp}" for name in names)
