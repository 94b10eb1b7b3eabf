"""A GWAS beside a panel: which allele its frequency means, the allele it lacks, and names by position."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ldscores.shared.alleles import encode_alleles
from ldscores.shared.errors import InputError, OptionError
from ldscores.shared.tables import read_table
from sumh2.gwas.alleles import (
    FEWEST_FREQUENCIES,
    FrequencyComparison,
    allele_codes,
    compare_frequencies,
    fill_other_allele,
    panel_rows,
)
from sumh2.gwas.header_names import EFFECT_FREQUENCIES, FIELDS, NAME_PARTS, clean_header
from sumh2.gwas.headers import AlleleDoubt, ColumnMap, Rule
from sumh2.gwas.names import parts_of_names
from sumh2.gwas.panel import ANOTHER_BUILD, KnownVariants, allele_pairs, chromosome_codes, position_keys
from sumh2.gwas.table import GwasTable, read_positions
from sumh2.munging.result import MungeOptions

_CATEGORY = pa.dictionary(pa.int32(), pa.string())

#: A smaller share of the variants that could be in the panel is there by chance: some position is the same in any build.
_CHANCE_SHARE = 0.01

#: Of fewer variants that could be in the panel the share tells nothing.
_FEWEST_FOUND = 1000

#: Rows on which frequencies are compared; more tell nothing more.
_MOST_COMPARED = 200_000


@dataclass(frozen=True)
class SettledAlleles:
    """Columns of the effect and the other allele, and how that was settled."""

    columns: dict[str, str]
    note: str


def settle_alleles(
    path: str | Path,
    header: list[str],
    comment: str | tuple[str, ...],
    options: MungeOptions,
    panel: KnownVariants | None,
    doubt: AlleleDoubt,
) -> SettledAlleles:
    """Tell the effect allele by its frequency against the panel, where the header leaves it open.

    A column that says it is the *effect allele's* frequency settles it; one that does not say whose frequency it holds
    is shown in the message, for it may be ALT's whatever the effect counts.

    Raises
    ------
    InputError
        There is no panel with frequencies, no such column, or the frequencies settle nothing; with all that is known.
    """
    cleaned = {clean_header(name): name for name in reversed(header)}
    frequencies = [cleaned[name] for tier in FIELDS["EAF"].names() for name in tier if name in cleaned]
    frequencies = [options.eaf] if options.eaf and options.eaf in header else frequencies
    if panel is None or panel.frequency is None or not panel.has_alleles:
        raise doubt
    if not frequencies or len(doubt.candidates) != 2:
        raise doubt
    column = next((name for name in frequencies if clean_header(name) in EFFECT_FREQUENCIES), frequencies[0])
    compared = _compare_column(path, header, comment, doubt.candidates, column, panel)
    first, second = doubt.candidates
    found = (
        f"{column} correlates {compared.correlation:+.2f} with the frequency of {first} in {panel.source or panel.name}"
    )
    found += f" ({compared.n_compared} SNPs)"
    if not compared.settled:
        raise InputError(f"{doubt}\n{found}, which settles nothing; name the effect allele's column") from doubt
    owner, other = (first, second) if compared.settled > 0 else (second, first)
    if clean_header(column) not in EFFECT_FREQUENCIES and column != options.eaf:
        raise InputError(
            f"{doubt}\n{found}: it is the frequency of {owner}, but its name does not say that this is the effect allele; "
            f"if it is, say so with --eaf {column}."
        ) from doubt
    return SettledAlleles({"A1": owner, "A2": other}, f"{owner} is the effect allele: {found}")


def _compare_column(path, header, comment, candidates, column: str, panel: KnownVariants) -> FrequencyComparison:
    """A column of frequencies against the panel's frequency of the first candidate."""
    cleaned = {clean_header(name): name for name in reversed(header)}
    columns: dict[str, str] = {}
    for field in ("SNP", "CHR", "BP"):
        names = [name for tier in FIELDS[field].names() for name in tier]
        columns |= (
            {field: next(cleaned[name] for name in names if name in cleaned)} if set(names) & set(cleaned) else {}
        )
    real = [name for name in candidates if name not in NAME_PARTS]
    types = {name: _CATEGORY for name in (*real, *([columns["CHR"]] if "CHR" in columns else []))}
    types |= {columns[field]: pa.string() for field in ("SNP", "BP") if field in columns} | {column: pa.float64()}
    table = read_table(path, columns=list(types), types=types, comment=comment, fill_short_lines=False)
    parts = parts_of_names(table, ColumnMap(columns, allele_pair=tuple(candidates)))
    alleles = [parts[name] if name in parts else table.column(name) for name in candidates]
    named = {field: table.column(name) for field, name in columns.items()}
    gwas = GwasTable(pa.table({**named, "A1": alleles[0], "A2": alleles[1]}), ColumnMap(columns), str(path))
    rows = _sample(gwas.table.num_rows)
    a1, a2 = (encode_alleles(gwas.array(name))[rows] for name in ("A1", "A2"))
    frequency = table.column(column).combine_chunks().cast(pa.float64()).to_numpy(zero_copy_only=False)[rows]
    return compare_frequencies(frequency, a1, a2, panel, panel_rows(gwas, panel, rows))


def _sample(n_rows: int) -> NDArray[np.int64]:
    return np.arange(0, n_rows, max(n_rows // _MOST_COMPARED, 1))


def check_convention(gwas: GwasTable, panel: KnownVariants | None) -> GwasTable:
    """Where A1 is the effect allele by convention alone, compare the effect allele's frequency with the panel.

    Raises
    ------
    InputError
        The column of the effect allele's frequency is that of A2: the effect would be flipped.
    """
    column_map = gwas.column_map
    if column_map.rule != "convention" or "EAF" not in gwas or "A1" not in gwas:
        return gwas
    if panel is None or panel.frequency is None or not panel.has_alleles:
        return gwas
    rows = _sample(gwas.table.num_rows)
    a1, a2 = allele_codes(gwas)
    compared = compare_frequencies(gwas.number("EAF")[rows], a1[rows], a2[rows], panel, panel_rows(gwas, panel, rows))
    column, first = column_map.columns["EAF"], column_map.columns["A1"]
    if compared.settled == 0:
        return gwas
    found = (
        f"{column} correlates {compared.correlation:+.2f} with the frequency of {first} in {panel.source or panel.name}"
    )
    labelled = clean_header(column) in EFFECT_FREQUENCIES
    if compared.settled < 0 and labelled:
        other = column_map.columns.get("A2", "the other allele")
        raise InputError(
            f"{gwas.source}: {found}: the effect allele's frequency is that of {other}, but {first} is usually the effect "
            f"allele; expected both to be of one allele. If {other} is the effect allele (as MungeSumstats has it), say so "
            f"with --effect-allele {other} --other-allele {first}; if {column} is not the effect allele's, with "
            f"--effect-allele {first}"
        )
    if compared.settled < 0:
        return gwas
    kept = [note for note in column_map.notes if not note.startswith(f"{first} is taken for the effect allele")]
    rule: Rule = "frequency" if labelled else "convention"
    column_map = dataclasses.replace(column_map, rule=rule, notes=(*(kept if labelled else column_map.notes), found))
    return dataclasses.replace(gwas, column_map=column_map)


# ---------------------------------------------------------------------------------------------------------------------
# What the panel adds


def complete_from_panel(gwas: GwasTable, options: MungeOptions, panel: KnownVariants | None) -> GwasTable:
    """Add names by position, the other allele, and frequencies for an inferred N, where they are asked for.

    Raises
    ------
    InputError
        Matching by position is asked for without a panel, positions or alleles.
    """
    if options.match_by == "position":
        gwas = match_by_position(gwas, options, panel)
    elif options.liftover is not None:
        raise OptionError(
            f"{gwas.source}: found --liftover without --match-by position, expected both; names do not depend on the build"
        )
    if "SNP" not in gwas:
        gwas = name_by_position(gwas)
    if panel is None:
        return gwas
    missing_allele = gwas.column_map.other_from_panel and "A1" in gwas
    wants_frequency = options.infer_n is not None and not {"EAF", "MAF"} & set(gwas.table.column_names)
    if not missing_allele and not (wants_frequency and panel.frequency is not None):
        return gwas
    places = panel_rows(gwas, panel)
    table = gwas.table
    if missing_allele and panel.alleles is not None:
        table = table.append_column("A2", fill_other_allele(encode_alleles(gwas.array("A1")), panel.alleles, places))
    if wants_frequency and panel.frequency is not None:
        frequency = np.where(places >= 0, panel.frequency[np.maximum(places, 0)], np.nan)
        table = table.append_column("PANEL_FREQUENCY", pa.array(frequency))
    return dataclasses.replace(gwas, table=table)


def name_by_position(gwas: GwasTable) -> GwasTable:
    """Names like 1:12345:G:A (the other allele first) for a file that has none, so that an audit can go on."""
    parts = [gwas.array(name).cast(pa.string()) for name in ("CHR", "BP", "A2", "A1") if name in gwas]
    names = pc.binary_join_element_wise(*parts, ":")
    note = "the file has no names: variants are named by position; munge it with --match-by position"
    column_map = dataclasses.replace(gwas.column_map, notes=(*gwas.column_map.notes, note))
    return dataclasses.replace(gwas, table=gwas.table.add_column(0, "SNP", names), column_map=column_map)


def match_by_position(gwas: GwasTable, options: MungeOptions, panel: KnownVariants | None) -> GwasTable:
    """Give variants the panel's names by chromosome, position and alleles, in the build that most of them match.

    Variants that are not in the panel keep their names; the column IN_PANEL tells them.
    """
    if panel is None:
        raise InputError(
            f"{gwas.source}: found --match-by position without a panel, expected one with positions; give --ld or "
            "--reference"
        )
    missing = [name for name in ("CHR", "BP") if name not in gwas]
    if missing:
        raise InputError(
            f"{gwas.source}: --match-by position: found no column for {' and '.join(missing)}; expected chromosome and "
            "position; name them with --chr and --bp"
        )
    chrom, bp = chromosome_codes(gwas.array("CHR")), read_positions(gwas.array("BP"))[0]
    notes = []
    if options.liftover is not None:
        from sumh2.gwas.liftover_files import lift_positions

        n_before = int(np.count_nonzero((chrom >= 0) & (bp > 0)))
        chrom, bp = lift_positions(options.liftover, chrom, bp)
        n_after = int(np.count_nonzero(bp > 0))
        notes.append(f"{n_after} of {n_before} positions lifted over by {Path(options.liftover).name}")
    keys = position_keys(chrom, bp)
    pairs = allele_pairs(*allele_codes(gwas)) if "A1" in gwas else None
    pairs = None if gwas.column_map.other_from_panel else pairs
    found = {build: panel.find_positions(build, keys, pairs) for build in panel.positions}
    counts = {build: int(np.count_nonzero(rows >= 0)) for build, rows in found.items()}
    build = max(counts, key=counts.__getitem__, default="")
    if not counts.get(build):
        raise InputError(
            f"{gwas.source}: none of {len(keys)} variants is in {panel.source or panel.name} by position and alleles; "
            "expected most of the panel's; check the builds (sumh2 doctor tells them), or lift over with --liftover CHAIN"
        )
    _check_build(gwas, panel, chrom, keys, counts[build])
    rows = found[build]
    notes.append(
        f"{counts[build]} of {len(keys)} variants found in {panel.name} by position and alleles ({build})"
        + ("" if panel.has_alleles else "; the panel has no alleles, so that position alone decides")
    )
    places = pa.array(np.where(rows >= 0, rows, 0), mask=rows < 0)
    names = pc.take(panel.snp, places)
    table = gwas.table
    if "SNP" in gwas:
        old = gwas.array("SNP").cast(pa.string())
        table = table.set_column(table.column_names.index("SNP"), "SNP", pc.if_else(pa.array(rows >= 0), names, old))
    else:
        table = table.add_column(0, "SNP", names)
    if options.liftover is not None:
        table = table.set_column(table.column_names.index("BP"), "BP", pa.array(bp.astype(np.float64)))
    table = table.append_column("IN_PANEL", pa.array((rows >= 0).astype(np.float64)))
    column_map = dataclasses.replace(gwas.column_map, notes=(*gwas.column_map.notes, *notes))
    return dataclasses.replace(gwas, table=table, column_map=column_map)


def _check_build(
    gwas: GwasTable, panel: KnownVariants, chrom: NDArray[np.int64], keys: NDArray[np.int64], n_found: int
) -> None:
    """Raise InputError where the positions are of another build: what is found is then found by chance, and wrong.

    Told by the variants that have a name of the panel and lie elsewhere; else by how few are found.
    """
    n_named, share = 0, 1.0
    if "SNP" in gwas:
        rows = _sample(len(keys))
        names = panel.find_names(gwas.array("SNP").take(pa.array(rows)))
        known = (names >= 0) & (keys[rows] >= 0)
        mine, n_named = keys[rows][known], int(np.count_nonzero(known))
        theirs = (position_keys(panel.chrom, bp)[names[known]] for bp in panel.positions.values())
        share = max((float(np.mean(each == mine)) for each in theirs if n_named), default=1.0)
    n_possible = min(
        int(np.count_nonzero(np.isin(chrom, np.unique(panel.chrom)) & (keys >= 0))),
        int(np.count_nonzero(np.isin(panel.chrom, np.unique(chrom[keys >= 0])))),
    )
    elsewhere = n_named >= FEWEST_FREQUENCIES and share < ANOTHER_BUILD
    by_chance = n_possible >= _FEWEST_FOUND and n_found < _CHANCE_SHARE * n_possible
    if not elsewhere and not by_chance:
        return
    name = panel.source or panel.name
    what = f"only {n_found} of {len(keys)} variants are in {name} by position and alleles"
    if elsewhere:
        what = f"{100 * share:.1f}% of the {n_named} variants with a name of {name} lie where that has them"
    raise InputError(
        f"{gwas.source}: --match-by position: {what}, so that the positions are of another build; expected one build; "
        f"{'match by name (leave --match-by out), ' if n_named else ''}lift over with --liftover CHAIN, or give a panel "
        "of this build with --reference"
    )
