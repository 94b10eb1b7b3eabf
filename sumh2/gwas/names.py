"""Names of variants that hold their position and alleles: 1:12345:A:G, chr1_12345_A_G, 1:12345_A/G."""

from __future__ import annotations

import re

import pyarrow as pa
import pyarrow.compute as pc

from ldscores.shared.arrow_arrays import one_chunk
from sumh2.gwas.header_names import NAME_PARTS
from sumh2.gwas.headers import ColumnMap

#: A name with chromosome, position and two alleles.
NAME_WITH_ALLELES = re.compile(
    r"(?:chr)?([0-9]{1,2}|X|Y|XY|MT?)[:_\-](\d+)[:_\-/]([ACGTacgt]+)[:_\-/>]([ACGTacgt]+)(?:[:_;].*)?", re.IGNORECASE
)

#: The same for Arrow, which names its groups.
_PATTERN = (
    r"^(?:chr|CHR)?(?P<chr>[0-9]{1,2}|X|Y|XY|MT?)[:_\-](?P<pos>\d+)[:_\-/](?P<ref>[ACGTacgt]+)[:_\-/>]"
    r"(?P<alt>[ACGTacgt]+)(?:[:_;].*)?$"
)


def parts_of_names(table: pa.Table, column_map: ColumnMap) -> dict[str, pa.Array]:
    """Chromosome, position and alleles of the names, those that `column_map` asks for; null where a name has none.

    Parameters
    ----------
    table
        The file's columns under their own names.
    column_map
        Its ``NAME_PARTS`` stand for parts of the name.
    """
    wanted = {
        column for column in (*column_map.columns.values(), *(column_map.allele_pair or ())) if column in NAME_PARTS
    }
    if not wanted:
        return {}
    names = one_chunk(table.column(column_map.columns["SNP"]))
    groups = pc.extract_regex(names.cast(pa.string()), _PATTERN)
    category = pa.dictionary(pa.int32(), pa.string())
    found = {}
    for part in wanted:
        values = pc.struct_field(groups, part.removeprefix("name:"))
        found[part] = values if part == "name:pos" else pc.dictionary_encode(values).cast(category)
    return found
