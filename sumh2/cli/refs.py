"""`sumh2 refs`."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from ldscores.shared.command_line import command


@command(group="Data")
def refs(
    action: Literal["list", "get", "verify", "path", "pack", "unpack"] = "list",
    *names: str,
    folder: str | None = None,
    mirror: str | None = None,
    catalogue: str | None = None,
    at: str | None = None,
    out: str | None = None,
    accept_different: bool = False,
) -> str | None:
    """Public reference data: LD scores, weights, annotations, taggings; listed, got, verified, carried.

    What is got serves wherever LD scores, weights, annotations, frequencies, genotypes or lists of SNPs are read:
    --ld refs:eur_w_ld_chr, --frq refs:frq_eur, or $(sumh2 refs path NAME) for any program.
    A download that breaks goes on where it stopped. Archives are unpacked in a folder of their own, checked, and then
    put in their place in one step; links and paths that lead elsewhere are refused.

    What is checked: the SHA-256 of the catalogue where it has one; else the checksum that the record (Zenodo's) states;
    else the first download is trusted and its SHA-256 printed and written down, and a later one that differs is refused.
    Where the catalogue knows the content, from a copy seen elsewhere, that is compared too. The addresses of entries
    with "address tried: never" come from documentation and were never tried by the makers of the catalogue.

    Parameters
    ----------
    action
        list: all of the catalogue, or everything of those named. get: download, check, unpack. verify: hash what is
        here again (all that is here, or those named). path: print what --ld is to be given. pack: write references to
        one file, for a machine without internet. unpack: take them from it there.
    names
        Of the catalogue; NAME/PART for a part, e.g. an ancestry, with path. With unpack the pack.
    folder
        Where references lie; by default $SUMH2_REFS, or else the user's folder for caches.
    mirror
        Get from this address or folder, where archives lie under the file names that 'sumh2 refs list NAME' shows.
    catalogue
        A catalogue of your own (JSON as sumh2/references/catalogue.json); its entries come beside ours or replace them.
    at
        With verify and one name: a folder made elsewhere, to see whether its content is that of the catalogue.
    out
        With pack: the file to write.
    accept_different
        With get and unpack: take what differs from the first download, from the content that the catalogue knows or
        from what is here.

    Examples
    --------
    sumh2 refs list
    sumh2 refs list eur_w_ld_chr
    sumh2 refs get eur_w_ld_chr weights_hm3_noMHC
    sumh2 h2 scz.sumstats.parquet --ld refs:eur_w_ld_chr

    sumh2 refs verify
    sumh2 refs verify eur_w_ld_chr --at /data/eur_w_ld_chr
    ldscores show $(sumh2 refs path ukb_ldscores/AFR)

    sumh2 refs pack eur_w_ld_chr --out refs.tar
    sumh2 refs unpack refs.tar
    sumh2 refs get our_panel --catalogue institute.json --mirror https://refs.institute.org/
    """
    _check(action, names, mirror=mirror, at=at, out=out, accept_different=accept_different)
    from sumh2.references.cache_files import cache_folder, read_record, reference_path, state_of
    from sumh2.references.catalogue import find_references
    from sumh2.references.catalogue_files import read_catalogue

    if action == "path":
        return reference_path(names[0], folder)
    known, cache = read_catalogue(catalogue), cache_folder(folder)
    if action == "get":
        from sumh2.references.get_files import get_reference

        for reference in find_references(known, names):
            print(get_reference(reference, cache, mirror, accept_different)[1], flush=True)  # each when it is here
        return None
    if action == "pack":
        from sumh2.references.pack_files import write_pack

        return write_pack(names, known, cache, str(out))
    if action == "unpack":
        from sumh2.references.pack_files import read_pack

        return read_pack(names[0], known, cache, accept_different)
    if action == "verify":
        return _verify(names, known, cache, at)
    from sumh2.references.listing import card_text, list_text

    chosen = find_references(known, names) if names else list(known.values())
    records = {reference.name: read_record(cache, reference.name) for reference in chosen}
    states = {name: state_of(cache, record) for name, record in records.items()}
    if not names:
        return list_text(chosen, states, cache)
    return "\n\n".join(card_text(entry, records[entry.name], states[entry.name], cache) for entry in chosen)


def _check(action: str, names: tuple[str, ...], **flags: object) -> None:
    """Refuse flags and words of another action before any work."""
    from ldscores.shared.errors import OptionError

    takes = {
        "get": ("mirror", "accept_different"),
        "unpack": ("accept_different",),
        "verify": ("at",),
        "pack": ("out",),
    }
    for flag, value in flags.items():
        if value not in (None, False) and flag not in takes.get(action, ()):
            actions = " and ".join(other for other, flags_of_it in takes.items() if flag in flags_of_it)
            raise OptionError(
                f"--{flag.replace('_', '-')}: found with refs {action}, expected with refs {actions}; drop it"
            )
    if action in ("get", "pack") and not names:
        raise OptionError(f"refs {action}: found no name, expected one or more; sumh2 refs list names all")
    if action in ("path", "unpack") and len(names) != 1:
        what = "a reference" if action == "path" else "a pack"
        raise OptionError(f"refs {action}: found {len(names)} words, expected one, {what}; correct it")
    if action == "pack" and flags["out"] is None:
        raise OptionError("refs pack: found no --out, expected the file to write; add --out refs.tar")
    if flags["at"] is not None and len(names) != 1:
        raise OptionError(f"--at: found {len(names)} names, expected one, of the reference to compare with; correct it")


def _verify(names: tuple[str, ...], known: dict, cache: Path, at: str | None) -> str:
    from ldscores.shared.errors import FitError, InputError
    from sumh2.references.cache_files import names_here
    from sumh2.references.catalogue import find_references
    from sumh2.references.get_files import verify_folder, verify_reference

    if at is not None:
        answers = [verify_folder(find_references(known, names)[0], Path(at))]
    else:
        here = names_here(cache)
        chosen = names or here
        if not chosen:
            raise InputError(f"found no reference in {cache}, expected some to verify; first: sumh2 refs get NAME")
        find_references(known, [name for name in chosen if name not in here])
        answers = [verify_reference(known.get(name), name, cache) for name in chosen]
    report = "\n".join(sentence for sentence, _ in answers)
    if bad := sum(bool(problems) for _, problems in answers):
        print(report)  # the answer; the exit status says that it is bad news
        raise FitError(f"{bad} of {len(answers)} references are not as they should be; get them again: sumh2 refs get")
    return report
