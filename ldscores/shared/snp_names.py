"""What the names of SNPs look like: the first thing to ask when two files share none."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from ldscores.shared.messages import first_of

#: What a name looks like, and the pattern that tells; the first that most names match is used.
_SHAPES = (
    ("rsIDs", r"^rs[0-9]+$"),
    ("chr:pos:allele:allele names", r"^(chr)?[0-9XYMT]+[:_][0-9]+[:_][ACGTacgt]+[:_,][ACGTacgt]+"),
    ("chr:pos names", r"^(chr)?[0-9XYMT]+[:_][0-9]+"),
    ("Affymetrix names", r"^(SNP_A-|AX-|Affx-)"),
    ("plain numbers", r"^[0-9]+$"),
)


def describe_names(names: pa.Array) -> str:
    """What most of the names look like, with the first of them, e.g. ``rsIDs (rs123, rs456, ...)``."""
    some = names.slice(0, 1000)
    examples = first_of(some.slice(0, 4).to_pylist(), 3)
    for shape, pattern in _SHAPES:
        share = pc.mean(pc.match_substring_regex(some, pattern).cast(pa.int8())).as_py()
        if share is not None and share > 0.5:
            return f"{shape} ({examples})"
    return f"names of another kind ({examples})"
