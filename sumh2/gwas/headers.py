"""Which column of a GWAS file is which: the headers of the field, as tables of names.

Two tables carry the knowledge, and a new format needs new rows, not new code:

:data:`~sumh2.gwas.header_names.FIELDS`
    the quantities munge can use, each with the headers it goes by, in order of preference;
:data:`~sumh2.gwas.signatures.SIGNATURES`
    the tools whose header tells who wrote the file, and what differs there from the general rule.

Headers are compared in a cleaned spelling: upper case; ``-``, ``.`` and blanks are ``_``; a leading ``#`` is dropped.

**The effect allele is never guessed.**  Tools disagree about ``REF``, ``ALT`` and ``REFERENCE_ALLELE``, so the order is:
an option; a header that says *effect*; the signature of a tool; ``A1`` with ``A2`` (or ``ALLELE1`` with ``ALLELE2`` or
``ALLELE0``), which LDSC, PLINK, GCTA, METAL and PGC all use for effect and other allele (a note says so, for
MungeSumstats does not); else :func:`map_columns` stops with an :class:`AlleleDoubt`, which the frequency of the effect
allele against a panel may settle (:func:`sumh2.gwas.matching_files.settle_alleles`).  :attr:`ColumnMap.rule` says which it
was.

LDSC's own, shorter list of headers is in :mod:`sumh2.gwas.headers_ldsc`.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from ldscores.shared.errors import InputError
from sumh2.gwas.header_names import FIELDS, NAME_PARTS, Field, clean_header
from sumh2.gwas.signatures import SIGNATURES, Signature

# Effects in the order in which munge uses them, and the fields that one effect named by an option replaces.
_EFFECTS = ("BETA", "OR", "Z")

#: How the effect allele was told: by an option, a header that says so, a tool's signature, LDSC's convention about A1
#: and A2, or the frequency against a panel.
Rule = Literal["option", "header", "tool", "convention", "frequency", "none"]


class AlleleDoubt(InputError):
    """The header leaves open which allele the effect counts.

    Parameters
    ----------
    message
        For the user, with the lines that would settle it.
    candidates
        The columns of which one is the effect allele.
    """

    def __init__(self, message: str, candidates: tuple[str, ...]) -> None:
        super().__init__(message)
        self.candidates = candidates


@dataclass(frozen=True)
class ColumnMap:
    """The columns munge will use.

    Parameters
    ----------
    columns
        Field to the column's name as it stands in the file.
    tool
        Who wrote the file, "" if the header does not tell.
    allele_pair
        Two columns of which the other allele is the one that is not A1, row by row (PLINK 2's REF and ALT).
    keep_rows
        Column and value of the rows to keep.
    header_n
        Numbers of people that the header itself states.
    info_list
        Several columns of imputation quality, to be averaged.
    notes
        What a user should know of the choice.
    unused
        Columns that are not read.
    rule
        How the effect allele was told.
    other_from_panel
        The file has no other allele (PLINK 1): it is the panel's.
    nameless
        The file has no names of variants: they are known by position and alleles.
    stated
        What else is stated beside the table: ``build`` and ``ancestry``.
    """

    columns: Mapping[str, str]
    tool: str = ""
    allele_pair: tuple[str, str] | None = None
    keep_rows: tuple[str, str] | None = None
    header_n: Mapping[str, float] = field(default_factory=dict)
    info_list: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    unused: tuple[str, ...] = ()
    rule: Rule = "none"
    other_from_panel: bool = False
    nameless: bool = False
    stated: Mapping[str, str] = field(default_factory=dict)

    def file_columns(self) -> tuple[str, ...]:
        """Every column of the file that must be read, each once."""
        extra = (*(self.allele_pair or ()), *((self.keep_rows or ())[:1]), *self.info_list)
        return tuple(name for name in dict.fromkeys((*self.columns.values(), *extra)) if name not in NAME_PARTS)

    def __str__(self) -> str:
        lines = [f"Header: {self.tool or 'columns recognised by name'}"]
        for name, column in self.columns.items():
            label = {"A1": "A1 (effect allele)", "A2": "A2 (other allele)", "LOG10P": "-log10 P"}.get(name, name)
            lines.append(f"  {label} <- {column}")
        if self.other_from_panel:
            lines.append("  A2 (other allele) <- the panel's other allele")
        if self.allele_pair:
            lines.append(f"  A2 (other allele) <- {' or '.join(self.allele_pair)}, whichever is not A1")
        lines += [f"  {name} <- {value:g}, from the header" for name, value in self.header_n.items()]
        if self.info_list:
            lines.append(f"  INFO <- mean of {', '.join(self.info_list)}")
        if self.keep_rows:
            lines.append(f"  rows with {self.keep_rows[0]} = {self.keep_rows[1]}")
        if self.unused:
            lines.append(f"  not used: {', '.join(self.unused)}")
        return "\n".join([*lines, *(f"  note: {note}" for note in self.notes)])


def map_columns(
    header: Sequence[str],
    overrides: Mapping[str, str] | None = None,
    *,
    ignore: Sequence[str] = (),
    info_list: Sequence[str] = (),
    need_alleles: bool = True,
    need_effect: bool = True,
    first_rows: Sequence[Sequence[str]] = (),
    where: str = "the header",
    suffix: str = "",
    stated: Sequence[str] = (),
    names_hold_alleles: bool = False,
    with_panel: bool = False,
    match_by_position: bool = False,
) -> ColumnMap:
    """Find the columns of a GWAS file by their names.  Opens nothing.

    Parameters
    ----------
    header
        Column names as they stand in the file.
    overrides
        Field to the name of its column, from the options; replaces what the field would be mapped to.
    ignore
        Columns to leave alone.
    info_list
        Columns of imputation quality to be averaged.
    need_alleles
        Whether the alleles must be found.
    need_effect
        Whether a column with the sign of the effect must be found.
    first_rows
        A few rows of the file, for the message when the effect allele cannot be told.
    where
        The file's name, for messages.
    suffix
        Of several sets of results in one file, the one whose columns end in this (``EUR`` for ``beta_EUR``).
    stated
        Words that comments before the header state, e.g. ``NCASE=41917``.
    names_hold_alleles
        The names are chr:pos:ref:alt; ``name:ref`` and so on then count as columns.
    with_panel
        A panel can tell the other allele where the file has one allele only.
    match_by_position
        The variants are found by position: names may be missing.

    Raises
    ------
    AlleleDoubt
        The effect allele cannot be told.
    InputError
        A column is missing, two could be the same field, a name appears twice, an option names an absent column, or
        the file holds several sets of results and none is chosen.
    """
    finder = _Finder(header, where, ignore, names_hold_alleles)
    columns = {name: finder.column(column, FIELDS[name].option) for name, column in (overrides or {}).items()}
    _check_named_once(columns, where)
    averaged = tuple(finder.column(column, "--info-list") for column in info_list)
    signature = next((each for each in SIGNATURES if each.matches(finder.by_name)), Signature("", ""))
    notes = [signature.note] if signature.note else []
    notes += finder.choose_set(signature, suffix)
    skipped = {"A1", "A2", "REF", "ALT", *columns}
    skipped |= set(_EFFECTS) if skipped & set(_EFFECTS) else set()
    skipped |= {"INFO"} if averaged else set()
    for each in FIELDS.values():
        if each.name not in skipped:
            named = signature.fields.get(each.name)
            tiers = each.names() if named is None else tuple((text,) for text in named.split())
            column = finder.best(each, tiers, taken=(*columns.values(), *averaged), notes=notes)
            columns |= {each.name: column} if column is not None else {}
    pair = _map_alleles(finder, columns, signature, first_rows, need_alleles, with_panel)
    if signature.doubt and signature.settles_alleles(finder.by_name) and not {"A1", "A2"} & set(overrides or {}):
        _doubt(signature, columns, need_alleles, where)
    rule = _effect_rule(columns, overrides or {}, signature, finder.by_name)
    if rule == "convention":
        notes.append(_convention_note(columns, pair))
    nameless = match_by_position and "SNP" not in columns and {"CHR", "BP"} <= set(columns)
    _check_needed(finder, columns, need_effect, nameless)
    column, value = signature.keep_rows or ("", "")
    keep_rows = (finder.by_name[column][0], value) if column in finder.by_name else None
    ordered = {name: columns[name] for name in FIELDS if name in columns}
    result = ColumnMap(
        ordered, signature.tool, pair, keep_rows, finder.stated_n(signature.header_n, stated), averaged, tuple(notes),
        rule=rule, nameless=nameless, other_from_panel="A1" in columns and "A2" not in columns and pair is None,
    )  # fmt: skip
    used = set(result.file_columns())
    return replace(result, unused=tuple(name for name in header if name not in used))


class _Finder:
    """The header, looked up by cleaned name."""

    def __init__(self, header: Sequence[str], where: str, ignore: Sequence[str], names_hold_alleles: bool) -> None:
        self.header, self.where = list(header), where
        self._name_parts = NAME_PARTS if names_hold_alleles else ()
        ignored = {self.column(name, "--ignore") for name in ignore}
        self.by_name: dict[str, list[str]] = {}
        for name in (*self.header, *self._name_parts):
            if name not in ignored:
                self.by_name.setdefault(clean_header(name), []).append(name)

    def choose_set(self, signature: Signature, suffix: str) -> list[str]:
        """Offer the columns of one set of results under their plain names; notes on what was chosen."""
        wanted = clean_header(suffix).strip("_")
        sets = signature.set_names(self.by_name)
        if not wanted and not sets:
            return []
        if not wanted and len(sets) > 1:
            raise InputError(
                f"{self.where}: found {len(sets)} sets of results ({', '.join(sets[:12])}); expected to be told which one "
                f"to use; choose it with --suffix, e.g. --suffix {sets[0]}"
            )
        wanted = wanted or sets[0]
        chosen = {
            name.removesuffix(f"_{wanted}"): columns
            for name, columns in self.by_name.items() if name.endswith(f"_{wanted}")
        }  # fmt: skip
        if not chosen:
            raise InputError(
                f"{self.where}: no column ends in _{suffix}; found {' '.join(self.header[:40])}; give --suffix the end "
                "that the columns of one set of results share"
            )
        self.by_name |= chosen
        return [f"of the sets of results in the file, {wanted} is used"]

    def column(self, name: str, option: str) -> str:
        """The column an option names: as written, else in cleaned spelling."""
        if name in self.header or name in self._name_parts:
            return name
        alike = [column for column in self.header if clean_header(column) == clean_header(name)]
        if len(alike) == 1:
            return alike[0]
        near = difflib.get_close_matches(name.upper(), [column.upper() for column in self.header], n=1)
        hint = next((f"; did you mean {column}?" for column in self.header if column.upper() in near), "")
        raise InputError(
            f"{self.where}: no column {name}, which {option} names; found {' '.join(self.header[:40])}{hint or ''}; "
            f"give {option} one of these"
        )

    def find(self, pattern: str, taken: Sequence[str] = ()) -> list[str]:
        """Columns whose cleaned name is ``pattern``, taken as a regular expression only where it is not a plain name."""
        if pattern in self.by_name:
            return [column for column in self.by_name[pattern] if column not in taken]
        if "\\" not in pattern:
            return []
        names = [name for name in self.by_name if re.fullmatch(pattern, name)]
        return [column for name in names for column in self.by_name[name] if column not in taken]

    def best(self, each: Field, tiers, taken: Sequence[str], notes: list[str]) -> str | None:
        """The one column of the best tier that is there; InputError when it holds several."""
        for tier in tiers:
            found = [column for name in tier for column in self.find(name, taken)]
            if len(found) == 1:
                return found[0]
            if found and each.carried:
                notes.append(f"{each.name} is not carried along: {', '.join(found)} could each be it ({each.option})")
                return None
            if found:
                twice = "appears twice" if len(set(found)) == 1 else "could each be it"
                raise InputError(
                    f"{self.where}: which column is the {each.meaning}? {', '.join(dict.fromkeys(found))} {twice}; "
                    f"expected one; name it with {each.option}, e.g. {each.option} {found[0]}"
                    + (", after giving the columns different names" if len(set(found)) == 1 else "")
                )
        return None

    def stated_n(self, header_n: Mapping[str, str], stated: Sequence[str]) -> dict[str, float]:
        """Numbers of people that stand in the header, or in comments before it."""
        found: dict[str, float] = {}
        for name, pattern in header_n.items():
            matches = [re.fullmatch(pattern, cleaned) for cleaned in (*self.by_name, *stated)]
            found.update((name, float(match.group(1))) for match in matches if match)
        return found


def _map_alleles(
    finder: _Finder, columns: dict[str, str], signature: Signature, first_rows, needed: bool, with_panel: bool
) -> tuple | None:
    """Add A1 and A2 to ``columns``; return the pair of columns that holds the other allele if no single one does."""
    if not needed:
        return None
    for name in ("A1", "A2"):
        if name not in columns and signature.fields.get(name):
            taken = tuple(columns.values())
            found = [column for text in signature.fields[name].split() for column in finder.find(text, taken)]
            columns |= {name: found[0]} if found else {}
    tiers = {name: FIELDS[name].names() for name in ("A1", "A2")}
    for tier in (0, 1):
        for name in ("A1", "A2"):
            # A1 and A2 are a convention about a pair: beside a named effect allele they do not say which is which.
            if name not in columns and not (tier == 1 and name == "A2" and _is_named(columns.get("A1"))):
                column = finder.best(FIELDS[name], tiers[name][tier : tier + 1], tuple(columns.values()), [])
                columns |= {name: column} if column is not None else {}
    if ("A1" in columns) == ("A2" in columns) and "A1" in columns:
        return None
    genome = {name: finder.best(FIELDS[name], FIELDS[name].names(), (), []) for name in ("REF", "ALT")}
    convention = {name: finder.best(FIELDS[name], tiers[name][1:], (), []) for name in ("A1", "A2")}
    for named in (convention, genome):
        pair = tuple(column for column in named.values() if column is not None)
        if len(pair) < 2:
            continue
        for have, want in (("A1", "A2"), ("A2", "A1")):
            if have in columns and columns[have] in pair:
                columns[want] = pair[1 - pair.index(columns[have])]
                return None
        if "A1" in columns:
            return pair
    if "A1" in columns and with_panel:
        return None
    candidates = tuple(column for column in genome.values() if column) if not {"A1", "A2"} & set(columns) else ()
    message = _allele_message(finder, columns, genome, first_rows)
    raise AlleleDoubt(message, candidates) if candidates else InputError(message)


def _doubt(signature: Signature, columns: Mapping[str, str], needed: bool, where: str) -> None:
    """Raise AlleleDoubt: the header is that of a tool whose effect allele is not the usual one, but may be anyone's."""
    if needed and {"A1", "A2"} <= set(columns):
        a1, a2 = columns["A1"], columns["A2"]
        raise AlleleDoubt(
            f"{where}: {signature.doubt}; elsewhere {a1} is the effect allele; expected to be told which of them it is; if "
            f"the file is {signature.tool}'s, say --effect-allele {a2} --other-allele {a1}, else --effect-allele {a1}",
            (a1, a2),
        )


def _effect_rule(columns: Mapping[str, str], overrides: Mapping[str, str], signature: Signature, header) -> Rule:
    """How the effect allele was told."""
    if "A1" not in columns:
        return "none"
    if "A1" in overrides or "A2" in overrides:
        return "option"
    if _is_named(columns["A1"]) and columns["A1"] not in NAME_PARTS and clean_header(columns["A1"]) in _EFFECT_ALLELES:
        return "header"
    return "tool" if signature.tool and signature.settles_alleles(header) else "convention"


def _convention_note(columns: Mapping[str, str], pair: tuple | None) -> str:
    other = columns.get("A2") or " or ".join(pair or ()) or "the other"
    return (
        f"{columns['A1']} is taken for the effect allele, as LDSC, PLINK, GCTA and METAL do; MungeSumstats takes {other}, "
        "and the header does not say; --ld or --reference compares the frequencies"
    )


_EFFECT_ALLELES = FIELDS["A1"].names()[0]


def _is_named(column: str | None) -> bool:
    """Whether an effect allele was found otherwise than by the convention that A1 is it."""
    return column is not None and clean_header(column) not in FIELDS["A1"].names()[1]


def _allele_message(finder: _Finder, columns: dict[str, str], genome: dict[str, str | None], first_rows) -> str:
    """Why the alleles cannot be told, with the lines that would settle it."""
    if "A1" in columns or "A2" in columns:
        missing, there = ("A2", "A1") if "A1" in columns else ("A1", "A2")
        return (
            f"{finder.where}: found the {FIELDS[there].meaning} ({columns[there]}), but no column for the "
            f"{FIELDS[missing].meaning}; found {' '.join(finder.header[:40])}; name it with {FIELDS[missing].option}, "
            "or give --reference a table that has it (for PLINK 1 the .bim); --no-alleles does without, for heritability "
            "only"
        )
    candidates = [column for column in genome.values() if column]
    if not candidates:
        return (
            f"{finder.where}: found no columns with the alleles; found {' '.join(finder.header[:40])}; name them with "
            "--effect-allele and --other-allele, or use --no-alleles, which will do for heritability only"
        )
    shown = [finder.header, *first_rows[:3]]
    lines = "\n".join("    " + "  ".join(row[:14]) for row in shown)
    return (
        f"{finder.where}: the alleles are headed {' and '.join(candidates)}, and no tool is recognised by its header; "
        "expected to be told which of them the effect counts, for tools disagree (ALT in PLINK 2, FinnGen and Pan-UKB; "
        f"GenomicSEM takes REF, LDSC takes REFERENCE_ALLELE). The first lines:\n{lines}\n"
        "Compare one of these with the publication, or give --ld or --reference a panel with allele frequencies, which "
        f"settles it if the file has the effect allele's; then name it, e.g. --effect-allele {candidates[-1]}."
    )


def _check_named_once(columns: Mapping[str, str], where: str) -> None:
    """No two options may name the same column."""
    for column in columns.values():
        options = sorted(FIELDS[name].option for name, named in columns.items() if named == column)
        if len(options) > 1:
            raise InputError(
                f"{where}: {' and '.join(options)} both name {column}; expected a column of its own for each; "
                "correct one of them, or leave it out"
            )


def _check_needed(finder: _Finder, columns: Mapping[str, str], need_effect: bool, nameless: bool) -> None:
    """SNP, and what Z can be made of."""
    found = f"found {' '.join(finder.header[:40])}"
    if "SNP" not in columns and not nameless:
        by_position = "; or find them by position, with --match-by position" if {"CHR", "BP"} <= set(columns) else ""
        raise InputError(
            f"{finder.where}: no column with the names of the variants; {found}; name it with --snp{by_position}"
        )
    has_p = any(name in columns for name in ("P", "LOG10P", "CHISQ"))
    signed = [name for name in (*_EFFECTS, "SIGN") if name in columns]
    if need_effect and not signed:
        raise InputError(
            f"{finder.where}: no column with the sign of the effect; {found}; "
            "name it with --beta, --odds-ratio, --z or --signed-sumstats"
        )
    if "Z" not in columns and not (signed and "SE" in columns) and not has_p:
        raise InputError(
            f"{finder.where}: no Z score, and neither a standard error nor a p-value to make it of; {found}; "
            "name the column with --z, --se, --p or --log10p"
        )
