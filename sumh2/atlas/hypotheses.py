"""Tests of hypotheses on an atlas: equalities among correlations and heritabilities, blocks of zeros, number of factors.

A hypothesis is written as it is read:

    rg(height, bmi) = 0              rg(a, b) = rg(a, c)          h2(a) = h2(b)
    rg(scz, bip) = 1                 gcov(a, b) = 0.05            rg({a, b, c}, {d, e}) = 0

Braces stand for every pair across two groups; several equations joined by ``;`` are tested together.  A name with a blank,
comma, brace, bracket, semicolon or equality sign goes in double quotes.

**One equation**: difference over its standard error, from the delete values of the difference itself, so that the
covariance of the two sides is accounted for; normal p-value, as LDSC's.

**k equations, k at most a quarter of the B blocks**: Hotelling's T² on the differences d,

    F = (B - k) / (k (B - 1)) d' V^-1 d  ~  F(k, B - k)

since V is itself estimated from B blocks (Hotelling 1931; chi-square instead would reject too often).

**More equations**: V has no useful inverse.  The sum of squared z scores, ``Q = sum (d_i / se_i)²``, has mean k
and variance
``2 tr(R²)`` with R their correlations; it is referred to a scaled chi-square with the same two moments
(Satterthwaite 1946),
tr(R²) estimated without the bias of the blocks' noise (Bai and Saranadasa 1996, Statistica Sinica 6:311, eq. 3.4):

    tr(R²) = (B - 1)² / [(B - 2)(B + 1)] {tr(R_hat²) - tr(R_hat)² / (B - 1)},   Q k / tr(R²) ~ chi²(k² / tr(R²))
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from ldscores.shared.errors import FitError, InputError
from sumh2.atlas.atlas_result import RgAtlas, cell_number
from sumh2.kernels.jackknife import jackknife_covariance
from sumh2.kernels.significance import z_and_p
from sumh2.results import Result, p_text, with_se
from sumh2.verdicts import WHY_SEPARATOR

log = logging.getLogger(__name__)

Floats = NDArray[np.float64]

_QUANTITIES = ("rg", "gcov", "h2")
_FORMS = "rg(a, b) = 0, rg(a, b) = rg(a, c), h2(a) = h2(b), rg({a, b}, {c, d}) = 0"
#: Hotelling's test up to this share of the blocks.
_INVERTIBLE_SHARE = 0.25


@dataclass(frozen=True)
class Term:
    """One quantity: rg or gcov of two traits, h2 of one."""

    quantity: str
    traits: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.quantity}({', '.join(self.traits)})"


@dataclass(frozen=True)
class Equation:
    """``left = right``, the right side a term or a number."""

    left: Term
    right: Term | float

    def __str__(self) -> str:
        return f"{self.left} = {self.right}" if isinstance(self.right, Term) else f"{self.left} = {self.right:g}"


@dataclass(frozen=True)
class TestedEquation:
    """One equation with its estimate: `difference` is left minus right."""

    equation: Equation
    left: float
    right: float
    difference: float
    se: float
    z: float
    p: float
    log10_p: float


@dataclass(frozen=True, eq=False)
class HypothesisResult(Result):
    """A hypothesis with its test.

    Parameters
    ----------
    hypothesis
        As written.
    equations
        Each by itself.
    test
        "z", "Hotelling T2" or "sum of squares".
    statistic, df1, df2
        z; F and its degrees of freedom; scaled chi-square and its degrees of freedom (df2 NaN).
    p, log10_p
        Of all equations together.
    n_blocks
        Jackknife blocks.
    """

    kind: ClassVar[str] = "atlas-test"

    hypothesis: str
    equations: tuple[TestedEquation, ...]
    test: str
    statistic: float
    df1: float
    df2: float
    p: float
    log10_p: float
    n_blocks: int
    origin: Mapping[str, Any] = field(default_factory=dict)

    @property
    def provenance(self) -> Mapping[str, Any]:
        return self.origin

    def with_provenance(self, origin: Mapping[str, Any]) -> HypothesisResult:
        """The same result, knowing where it comes from."""
        return replace(self, origin=origin)

    def to_records(self) -> list[dict[str, Any]]:
        """One dictionary an equation; `joint_p` is of all together."""
        return [
            {"hypothesis": str(row.equation), "left": row.left, "right": row.right, "difference": row.difference,
             "se": row.se, "z": row.z, "p": row.p, "log10_p": row.log10_p, "joint_p": self.p,
             "joint_log10_p": self.log10_p}
            for row in self.equations
        ]  # fmt: skip

    def details(self) -> dict[str, Any]:
        """The joint test."""
        names = ("hypothesis", "test", "statistic", "df1", "df2", "p", "log10_p", "n_blocks")
        return {name: getattr(self, name) for name in names}

    def __str__(self) -> str:
        lines = [f"hypothesis: {self.hypothesis}", ""]
        shown = self.equations[:_SHOWN]
        width = max(len(str(row.equation)) for row in shown)
        for row in shown:
            lines.append(
                f"  {row.equation!s:<{width}}   difference {with_se(row.difference, row.se)}   z {row.z:.2f}, "
                f"p {p_text(row.p, row.log10_p)}"
            )
        if len(self.equations) > _SHOWN:
            lines.append(f"  and {len(self.equations) - _SHOWN} more, in the table")
        if len(self.equations) > 1:
            freedom = f"{self.df1:.4g} and {self.df2:.4g}" if np.isfinite(self.df2) else f"{self.df1:.4g}"
            lines += [
                "",
                f"  all {len(self.equations)} together ({self.test}): {self.statistic:.3f} on {freedom} degrees of "
                f"freedom, p {p_text(self.p, self.log10_p)}",
            ]
        return "\n".join(lines)


_SHOWN = 20


# ---------------------------------------------------------------------------------------------------------------------
# Reading a hypothesis

_TOKEN = re.compile(r'\s*(?:"([^"]*)"|([(){},;=])|([^\s(){},;="][^(){},;="]*))')


def _tokens(text: str) -> list[tuple[str, str]]:
    """(kind, text): kind is the mark itself, or "word"."""
    found, place = [], 0
    while text[place:].strip():
        match = _TOKEN.match(text, place)
        if match is None:
            raise InputError(f"hypothesis {text!r}: a quote is not closed; expected e.g. {_FORMS}")
        quoted, mark, word = match.groups()
        found.append((mark, mark) if mark else ("word", quoted if quoted is not None else word.strip()))
        place = match.end()
    return found


class _Reader:
    """Recursive descent over the tokens of one hypothesis."""

    def __init__(self, text: str) -> None:
        self.text, self.tokens, self.place = text, _tokens(text), 0

    def fail(self, expected: str) -> InputError:
        found = repr(self.tokens[self.place][1]) if self.place < len(self.tokens) else "the end"
        return InputError(f"hypothesis {self.text!r}: found {found}, expected {expected}; write e.g. {_FORMS}")

    def take(self, kind: str, expected: str) -> str:
        if self.place >= len(self.tokens) or self.tokens[self.place][0] != kind:
            raise self.fail(expected)
        self.place += 1
        return self.tokens[self.place - 1][1]

    def at(self, kind: str) -> bool:
        return self.place < len(self.tokens) and self.tokens[self.place][0] == kind

    def equations(self) -> list[Equation]:
        found = self.equation()
        while self.at(";"):
            self.take(";", "a semicolon")
            if self.place < len(self.tokens):
                found += self.equation()
        if self.place < len(self.tokens):
            raise self.fail("a semicolon or the end")
        return found

    def equation(self) -> list[Equation]:
        left = self.terms()
        self.take("=", "an equality sign")
        right = self.right_side()
        if isinstance(right, float):
            return [Equation(term, right) for term in left]
        if len(left) > 1 or len(right) > 1:
            raise InputError(
                f"hypothesis {self.text!r}: found groups on both sides, expected a number on the right; write one equation "
                "a pair"
            )
        return [Equation(left[0], right[0])]

    def right_side(self) -> float | list[Term]:
        if self.at("word") and self.tokens[self.place][1] not in _QUANTITIES:
            word = self.take("word", "a number")
            try:
                return float(word)
            except ValueError:
                self.place -= 1
                raise self.fail("a number, rg, gcov or h2") from None
        return self.terms()

    def terms(self) -> list[Term]:
        quantity = self.take("word", "rg, gcov or h2")
        if quantity not in _QUANTITIES:
            self.place -= 1
            raise self.fail("rg, gcov or h2")
        self.take("(", "an opening bracket")
        first = self.group()
        second: list[str] | None = None
        if self.at(","):
            self.take(",", "a comma")
            second = self.group()
        self.take(")", "a closing bracket")
        if (quantity == "h2") == (second is not None):
            raise InputError(
                f"hypothesis {self.text!r}: found {1 + (second is not None)} traits in {quantity}, expected "
                f"{1 if quantity == 'h2' else 2}; write e.g. {_FORMS}"
            )
        if second is None:
            return [Term(quantity, (name,)) for name in first]
        return [Term(quantity, (a, b)) for a in first for b in second]

    def group(self) -> list[str]:
        if not self.at("{"):
            return [self.take("word", "a trait")]
        self.take("{", "a brace")
        names = [self.take("word", "a trait")]
        while self.at(","):
            self.take(",", "a comma")
            names.append(self.take("word", "a trait"))
        self.take("}", "a closing brace")
        return names


def parse_hypothesis(text: str) -> list[Equation]:
    """The equations of a hypothesis.

    Raises
    ------
    InputError
        It cannot be read; the message says where and shows the forms.
    """
    return _Reader(text).equations()


# ---------------------------------------------------------------------------------------------------------------------
# Testing it


def _values(atlas: RgAtlas, term: Term) -> tuple[float, Floats]:
    """Estimate and delete values (n_blocks,) of a term."""
    places = [atlas.trait_number(name) for name in term.traits]
    if len(set(places)) < len(places):
        raise InputError(
            f"hypothesis: {term} names one trait twice; expected two different traits, or h2({term.traits[0]})"
        )
    n_traits = atlas.n_traits
    pairs = [(places[0], places[-1])] if term.quantity != "rg" else [tuple(places), (places[0],) * 2, (places[1],) * 2]
    cells = np.array([cell_number(n_traits, *pair) for pair in pairs])
    estimates = np.array([atlas.gcov[pair] for pair in pairs])
    deleted = atlas.delete_values(cells)
    if not (np.isfinite(estimates).all() and np.isfinite(deleted).all()):
        raise FitError(f"hypothesis: {term} could not be estimated; see the why of its traits and of their pair")
    if term.quantity != "rg":
        return float(estimates[0]), deleted[:, 0]
    if not (estimates[1:] > 0).all():
        raise FitError(f"hypothesis: {term} is not defined, an h2 is not positive; test gcov instead")
    gcov, product = deleted[:, 0], deleted[:, 1] * deleted[:, 2]
    scale = float(np.sqrt(estimates[1] * estimates[2]))
    rg = float(estimates[0] / scale)
    if (deleted[:, 1:] > 0).all():
        return rg, gcov / np.sqrt(product)
    # First order around the estimate, where a replicate has no root.
    gradient = np.array([1 / scale, -rg / (2 * estimates[1]), -rg / (2 * estimates[2])])
    return rg, rg + (deleted - deleted.mean(axis=0)) @ gradient


def check_hypothesis(atlas: RgAtlas, hypothesis: str) -> HypothesisResult:
    """Test a hypothesis on an atlas.

    Parameters
    ----------
    atlas
        With its jackknife factor.
    hypothesis
        See the head of this module.

    Raises
    ------
    InputError
        It cannot be read, or names a trait that is not there.
    FitError
        A quantity could not be estimated, or equations repeat each other.
    """
    equations = parse_hypothesis(hypothesis)
    if len(set(map(str, equations))) < len(equations):
        raise InputError(f"hypothesis {hypothesis!r}: an equation stands there twice; expected each once")
    _warn_of_unusable(atlas, equations)
    rows, differences, deleted = [], [], []
    for equation in equations:
        left, left_deleted = _values(atlas, equation.left)
        right, right_deleted = (
            _values(atlas, equation.right) if isinstance(equation.right, Term) else (equation.right, 0.0)
        )
        difference, difference_deleted = left - right, left_deleted - right_deleted
        se = float(np.sqrt(jackknife_covariance(np.array([difference]), difference_deleted[:, None])[0, 0]))
        if not se > 1e-12 * max(abs(left), abs(right)):
            raise FitError(
                f"hypothesis: {equation} has no sampling error: both sides are the same data; test other traits"
            )
        rows.append(TestedEquation(equation, left, right, difference, se, *z_and_p(difference, se)))
        differences.append(difference)
        deleted.append(difference_deleted)
    covariance = jackknife_covariance(np.array(differences), np.column_stack(deleted))
    return HypothesisResult(
        hypothesis, tuple(rows), *_joint_test(np.array(differences), covariance, rows, atlas.n_blocks),
        n_blocks=atlas.n_blocks, origin=atlas.origin,
    )  # fmt: skip


def _warn_of_unusable(atlas: RgAtlas, equations: Sequence[Equation]) -> None:
    terms = [side for equation in equations for side in (equation.left, equation.right) if isinstance(side, Term)]
    named = {name for term in terms for name in term.traits}
    for trait in atlas.traits:
        if trait.name in named and trait.status == "unusable":
            reason = trait.why.split(WHY_SEPARATOR)[0]
            log.warning("%s is unusable, and so is a test of it: %s", trait.name, reason)


def _joint_test(
    differences: Floats, covariance: Floats, rows: Sequence[TestedEquation], n_blocks: int
) -> tuple[str, float, float, float, float, float]:
    """Name, statistic, degrees of freedom, p and log10 p."""
    k = len(differences)
    log10 = np.log(10)
    if k == 1:
        return "z", rows[0].z, 1.0, float("nan"), rows[0].p, rows[0].log10_p
    se = np.sqrt(np.diag(covariance))
    correlations = covariance / np.outer(se, se)
    if k <= _INVERTIBLE_SHARE * n_blocks:
        if np.linalg.eigvalsh(correlations)[0] < 1e-10:
            raise FitError("hypothesis: some equations follow from others; leave these out")
        z = differences / se
        t2 = float(z @ np.linalg.solve(correlations, z))
        statistic = (n_blocks - k) / (k * (n_blocks - 1)) * t2
        df1, df2 = float(k), float(n_blocks - k)
        p, log_p = stats.f.sf(statistic, df1, df2), stats.f.logsf(statistic, df1, df2)
        return "Hotelling T2", statistic, df1, df2, float(p), float(log_p / log10)
    q = float(((differences / se) ** 2).sum())
    square = float((correlations**2).sum())
    free = n_blocks - 1
    trace_square = free**2 / ((n_blocks - 2) * (n_blocks + 1)) * (square - k**2 / free)
    trace_square = min(max(trace_square, k), k**2)
    df = k**2 / trace_square
    statistic = q * k / trace_square
    p, log_p = stats.chi2.sf(statistic, df), stats.chi2.logsf(statistic, df)
    return "sum of squares", statistic, df, float("nan"), float(p), float(log_p / log10)
