"""The page to explore an atlas: one HTML text that needs nothing else, neither network nor program.

**Numbers.**  Columns of pairs travel as base64 of little-endian arrays inside a JSON block: float32 (7 digits) for
estimates, float64 for false discovery rates, so that a filter on the page and one on ``pairs.tsv`` keep the same pairs.
Ten columns of 44,850 pairs (300 traits) are 2.4 MB.  p-values travel as their logarithm and do not underflow.

**Names.**  Whatever stands in a file may stand in a name.  The JSON block is ASCII and holds no ``<``, ``>`` or ``&``, so
that no name can end it, begin a comment or be read as markup; the script writes text nodes only; and the page's
Content-Security-Policy names the hashes of its one script and one style sheet: nothing else runs, nothing is fetched.
"""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ldscores.shared.arrow_arrays import one_chunk
from ldscores.shared.errors import InputError
from sumh2.atlas.atlas_result import AtlasTrait, RgAtlas
from sumh2.atlas.clustering import cluster_traits
from sumh2.atlas.consistent import ConsistentAtlas
from sumh2.kernels.significance import false_discovery_rates
from sumh2.pages import content_policy

#: Columns of the pairs table that the page shows, and the type in which they travel.
RAW_COLUMNS = {
    "rg": "f4", "rg_se": "f4", "rg_z": "f4", "rg_log10_p": "f4", "rg_fdr": "f8", "gcov": "f4", "gcov_se": "f4",
    "gcov_log10_p": "f4", "gcov_int": "f4", "gcov_int_se": "f4", "h2_1": "f4", "h2_1_se": "f4", "h2_2": "f4",
    "h2_2_se": "f4", "n_snps": "i4",
}  # fmt: skip
#: The same of a consistent fit.
CONSISTENT_COLUMNS = {
    "rg": "f4", "rg_se": "f4", "rg_lower": "f4", "rg_upper": "f4", "rg_z": "f4", "rg_log10_p": "f4", "rg_fdr": "f8",
    "gcov": "f4", "gcov_se": "f4", "moved_se": "f4",
}  # fmt: skip
_TRAIT_NUMBERS = ("n_mean", "n_cases", "n_controls", "n_snps", "mean_chi2", "lambda_gc", "h2", "h2_se", "h2_int",
                  "h2_int_se", "h2_liab", "h2_liab_se")  # fmt: skip
#: A fit's own copy of the raw correlations may differ from the atlas's by rounding in a file, not by more.
_SAME = 1e-9


@dataclass(frozen=True)
class PageTemplate:
    """What the page is made of besides the numbers; see ``page_template.html``.

    Parameters
    ----------
    markup
        HTML with the marks ``{{policy}} {{title}} {{style}} {{content}} {{script}}``.
    style, script
        CSS and JavaScript.
    """

    markup: str
    style: str
    script: str


@dataclass(frozen=True)
class ConsistentPairs:
    """A consistent fit as its files hold it.

    Parameters
    ----------
    records
        One a pair, as :meth:`sumh2.atlas.consistent.ConsistentAtlas.to_records`; missing is None or NaN.
    details
        As :meth:`sumh2.atlas.consistent.ConsistentAtlas.details`.
    """

    records: Sequence[Mapping[str, Any]]
    details: Mapping[str, Any]


def build_atlas_page(
    atlas: RgAtlas,
    template: PageTemplate,
    consistent: ConsistentAtlas | ConsistentPairs | None = None,
    title: str = "Genetic correlations",
) -> str:
    """The page as one HTML text.

    Parameters
    ----------
    atlas
        All pairs.
    template
        Markup, style and script.
    consistent
        A consistent fit of this atlas or of some of its traits, to be switched to.
    title
        Heading of the page.

    Raises
    ------
    InputError
        The consistent fit is of another atlas.
    """
    title = title.encode("utf-8", "replace").decode("utf-8")
    filled = {
        "policy": html.escape(content_policy(template.script, template.style)),
        "title": html.escape(title),
        "style": template.style,
        "content": script_json(page_content(atlas, consistent)),
        "script": template.script,
    }
    # In one pass: a mark that stands in a name or in the script is not filled again.
    return re.sub(r"\{\{(\w+)\}\}", lambda mark: filled[mark[1]], template.markup)


def script_json(content: Mapping[str, Any]) -> str:
    """JSON that can stand between ``<script type="application/json">`` and its end, whatever its texts are.

    ASCII only (so that U+2028 is an escape too), without ``<``, ``>`` and ``&``: neither ``</script>`` nor ``<!--`` can
    be in it.
    """
    text = json.dumps(content, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def page_content(atlas: RgAtlas, consistent: ConsistentAtlas | ConsistentPairs | None = None) -> dict[str, Any]:
    """What the page shows, ready for JSON; pairs in the order of the pairs table."""
    table = atlas.pair_table
    raw = {name: _packed(table[name].to_numpy(), kind) for name, kind in RAW_COLUMNS.items()}
    raw |= {name: _packed_texts(table[name]) for name in ("status", "why")}
    return {
        "facts": {
            "m": _finite(atlas.m),
            "weights": atlas.weights,
            "n_blocks": atlas.n_blocks,
            "program": str(atlas.origin.get("program", "")),
        },
        "traits": [_trait_record(trait) for trait in atlas.traits],
        "clustered": cluster_known_traits(atlas.rg).tolist(),
        "raw": raw,
        "consistent": None if consistent is None else _consistent_content(atlas, consistent),
    }


def cluster_known_traits(rg: NDArray[np.float64]) -> NDArray[np.int64]:
    """:func:`sumh2.atlas.clustering.cluster_traits`, with traits that have no correlation at all last."""
    off = ~np.eye(len(rg), dtype=bool)
    known = (np.isfinite(rg) & off).any(axis=1)
    places = np.flatnonzero(known)
    return np.concatenate([places[cluster_traits(rg[np.ix_(places, places)])], np.flatnonzero(~known)])


def _trait_record(trait: AtlasTrait) -> dict[str, Any]:
    # Of the source only the file's name: a page is passed on, and folders tell of other things.
    words = {"name": trait.name, "label": trait.label or trait.name, "group": trait.group, "status": trait.status,
             "why": trait.why, "source": PurePath(trait.source).name}  # fmt: skip
    return words | {name: _finite(getattr(trait, name)) for name in _TRAIT_NUMBERS}


def _finite(value: float | None) -> float | None:
    return None if value is None or not np.isfinite(value) else value


# ---------------------------------------------------------------------------------------------------------------------
# Columns


def _packed(values: NDArray, kind: str) -> dict[str, str]:
    """An array as text; a missing whole number is -1."""
    values = np.asarray(values, dtype=np.float64)
    if kind == "i4":
        values = np.nan_to_num(values, nan=-1)
    return {"kind": kind, "base64": base64.b64encode(values.astype(f"<{kind}").tobytes()).decode()}


def _packed_texts(column: pa.ChunkedArray | pa.Array) -> dict[str, Any]:
    """Texts as the different ones and, for each row, which."""
    column = one_chunk(column)
    coded = column if pa.types.is_dictionary(column.type) else column.dictionary_encode()
    return {
        "texts": [text or "" for text in coded.dictionary.to_pylist()],
        "places": _packed(coded.indices.to_numpy(zero_copy_only=False), "i4"),
    }


def _consistent_content(atlas: RgAtlas, consistent: ConsistentAtlas | ConsistentPairs) -> dict[str, Any]:
    """Columns of a consistent fit over all pairs of the atlas, NaN where a trait is not in it."""
    if isinstance(consistent, ConsistentAtlas):
        consistent = ConsistentPairs(consistent.to_records(), consistent.details())
    records, n_traits = consistent.records, atlas.n_traits
    numbers = {name: number for number, name in enumerate(atlas.names)}
    unknown = sorted({row[name] for row in records for name in ("trait1", "trait2")} - set(numbers))
    if unknown:
        raise _other_atlas(f"{unknown[0]}, which is not among the {n_traits} traits")
    ends = np.array([(numbers[row["trait1"]], numbers[row["trait2"]]) for row in records]).reshape(-1, 2)
    low, high = ends.min(axis=1), ends.max(axis=1)
    places = low * n_traits - low * (low + 1) // 2 + (high - low - 1)

    def spread(name: str) -> NDArray[np.float64]:
        column = np.full(len(atlas.pair_table), np.nan)
        column[places] = [np.nan if row[name] is None else row[name] for row in records]
        return column

    theirs, ours = spread("raw_rg"), atlas.pair_table["rg"].to_numpy()
    apart = np.flatnonzero(np.abs(theirs - ours) > _SAME)
    if len(apart):
        pair = [atlas.pair_table[name][int(apart[0])].as_py() for name in ("trait1", "trait2")]
        raise _other_atlas(f"rg {theirs[apart[0]]:.6g} of {pair[0]} and {pair[1]}, {ours[apart[0]]:.6g} in this one")
    columns = {name: spread(name) for name in CONSISTENT_COLUMNS if name != "rg_fdr"}
    columns["rg_fdr"] = false_discovery_rates(10.0 ** columns["rg_log10_p"])
    content: dict[str, Any] = {name: _packed(columns[name], kind) for name, kind in CONSISTENT_COLUMNS.items()}
    left_out = {str(one["trait"]): str(one["why"]) for one in consistent.details.get("left_out", ())}
    why = [_why_missing(row, left_out) for row in atlas.pair_table.select(["trait1", "trait2"]).to_pylist()]
    status = ["" for _ in why]
    for place, row in zip(places.tolist(), records, strict=True):
        status[place], why[place] = row["status"], row["why"]
    content["status"] = _packed_texts(pa.array(status, pa.string()))
    content["why"] = _packed_texts(pa.array(why, pa.string()))
    return content | {"facts": _consistent_facts(consistent.details)}


def _why_missing(pair: Mapping[str, str], left_out: Mapping[str, str]) -> str:
    for name in (pair["trait1"], pair["trait2"]):
        if name in left_out:
            return f"{name} is not in the consistent fit: {left_out[name]}"
    return "not in the consistent fit"


def _other_atlas(found: str) -> InputError:
    return InputError(
        f"consistent fit: found {found}; expected a fit of this atlas; run sumh2 consistent on this atlas again"
    )


def _consistent_facts(details: Mapping[str, Any]) -> dict[str, Any]:
    facts = {name: details.get(name) for name in ("n_factors", "unique", "n_draws")}
    facts |= {name: _finite(details.get(name)) for name in ("statistic", "p")}
    for name in ("eigenvalues_before", "eigenvalues_after"):
        values = np.asarray(details.get(name, ()), dtype=np.float64)
        facts[name] = {
            "n_negative": int(np.count_nonzero(values < -1e-8)),
            "smallest": _finite(float(values.min())) if len(values) else None,
        }
    return facts
