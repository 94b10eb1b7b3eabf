"""Archives of strangers and packs of our own: nothing leaves its folder, nothing half done stays, nothing is believed."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import stat
import tarfile
import zipfile
from pathlib import Path

import pytest
from refs_server import tar_of

from ldscores.shared.errors import InputError
from sumh2.references import unpack_files
from sumh2.references.cache_files import read_record
from sumh2.references.unpack_files import unpack_archive

FILES = {"a/1.l2.M": b"3\n", "a/b/2.l2.M": b"4\n"}


def member(name, kind=tarfile.REGTYPE, **changes):
    found = tarfile.TarInfo(name)
    found.type = kind
    for key, value in changes.items():
        setattr(found, key, value)
    return found


def zip_of(files, *more: tuple[zipfile.ZipInfo | str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in [*files.items(), *more]:
            archive.writestr(name, content)
    return packed.getvalue()


def unpack(tmp_path: Path, content: bytes, name: str = "x.tar.gz", at_most: int = 10_000) -> Path:
    (tmp_path / "archive").write_bytes(content)
    folder = tmp_path / "outer" / "unpacked"
    folder.mkdir(parents=True, exist_ok=True)
    unpack_archive(tmp_path / "archive", folder, at_most, name)
    return folder


def lying(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
def test_tar__of_any_compression(tmp_path, mode):
    content = tar_of({"./" + name: text for name, text in FILES.items()}, mode, member("a/c", tarfile.DIRTYPE))
    assert lying(unpack(tmp_path, content)) == FILES


def test_zip_and_single_files(tmp_path):
    assert lying(unpack(tmp_path, zip_of({**FILES, "a/": b""}))) == FILES
    single = tmp_path / "single"
    single.mkdir()
    assert lying(unpack(single, gzip.compress(b"x"), "w_hm3.snplist.gz")) == {"w_hm3.snplist.gz": gzip.compress(b"x")}


LINKS = {"linkname": "a/1.l2.M"}
BAD = {
    "up": member("../evil"),
    "up in the middle": member("a/../../evil"),
    "absolute": member("ABSOLUTE/evil"),
    "windows": member("C:\\evil"),
    "control character": member("a\nb"),
    "symbolic link": member("link", tarfile.SYMTYPE, **LINKS),
    "link outside": member("link", tarfile.SYMTYPE, linkname="/etc/passwd"),
    "hard link": member("link", tarfile.LNKTYPE, **LINKS),
    "device": member("null", tarfile.CHRTYPE, devmajor=1, devminor=3),
    "pipe": member("pipe", tarfile.FIFOTYPE),
    "twice": member("a/1.l2.M"),
    "file as folder": member("a/1.l2.M/x"),
}


@pytest.mark.parametrize("what", BAD)
def test_tar__dangerous_members_are_refused(tmp_path, what):
    bad = member(BAD[what].name.replace("ABSOLUTE", str(tmp_path)), BAD[what].type, linkname=BAD[what].linkname)
    with pytest.raises(InputError, match="is refused and nothing"):
        unpack(tmp_path, tar_of(FILES, "w:gz", bad))
    assert not list(tmp_path.rglob("evil"))
    assert not any(path.is_symlink() for path in tmp_path.rglob("*"))


def test_zip__dangerous_members_are_refused(tmp_path):
    link = zipfile.ZipInfo("link")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    for bad in (("../evil", b"x"), (f"{tmp_path}/evil", b"x"), (link, b"/etc/passwd"), ("C:\\evil", b"x")):
        folder = tmp_path / str(len(list(tmp_path.iterdir())))
        folder.mkdir()
        with pytest.raises(InputError, match="is refused and nothing"):
            unpack(folder, zip_of(FILES, bad))
    assert not list(tmp_path.rglob("evil"))


def test_bombs__are_bounded_by_what_is_declared(tmp_path, monkeypatch):
    zeros = {"zeros": bytes(50_000_000)}
    with pytest.raises(InputError, match="more than 10,000 bytes"):
        unpack(tmp_path, tar_of(zeros))
    with pytest.raises(InputError, match="more than 10,000 bytes"):
        unpack(tmp_path, zip_of(zeros))
    assert lying(tmp_path / "outer") == {}
    # A header says 30 GB of name: it is not read.
    header = tarfile.TarInfo("././@LongLink")
    header.type, header.size = tarfile.GNUTYPE_LONGNAME, 30_000_000_000
    with pytest.raises(InputError):
        unpack(tmp_path, header.tobuf(tarfile.GNU_FORMAT) + bytes(5000), "x.tar")
    monkeypatch.setattr(unpack_files, "MOST_FILES", 3)
    with pytest.raises(InputError, match="more than 3 files"):
        unpack(tmp_path / "outer", tar_of({f"f{number}": b"" for number in range(5)}))


def test_zip__that_lies_about_its_size_is_refused(tmp_path):
    honest = bytearray(zip_of({"z": b"0" * 5000}))
    place = honest.rindex(b"PK\x01\x02") + 24  # uncompressed size in the central directory
    honest[place : place + 4] = (10).to_bytes(4, "little")
    with pytest.raises(InputError):
        unpack(tmp_path, bytes(honest))


@pytest.mark.parametrize("cut", [100, -20])
def test_cut_archives__are_refused(tmp_path, cut):
    import random

    noise = random.Random(1).randbytes(5000)
    whole = (tar_of({"n": noise}), tar_of({"n": noise}, "w:xz"), zip_of({"n": noise}), tar_of({"n": noise}, "w")[:5652])
    for number, content in enumerate(whole):
        folder = tmp_path / str(number)
        folder.mkdir()
        with pytest.raises(InputError, match="x.tar|archive"):
            unpack(folder, content[:cut], "x.tar.gz")


def test_web_pages__are_no_data(tmp_path):
    with pytest.raises(InputError, match="found a web page"):
        unpack(tmp_path, b"\n<!DOCTYPE html><html>login", "w_hm3.snplist.gz")


# ---------------------------------------------------------------------------------------------------------------------
# Packs


@pytest.fixture
def here(tmp_path, monkeypatch, run_sumh2):
    """Two references in a cache, by way of a mirror's folder; the catalogue that they are of."""
    entries = []
    for name in ("one", "two"):
        (tmp_path / f"{name}.tar.gz").write_bytes(tar_of({f"{name}/{path}": text for path, text in FILES.items()}))
        entries.append({
            "name": name, "what": name, "kind": "LD scores", "ancestry": "EUR", "build": "hg19", "licence": "CC0",
            "citation": "us", "page": "https://example.org", "archive": f"{name}.tar.gz",
            "sources": [{"url": "https://example.org/x"}], "at_most_gb": 0.1, "serves": {"": "@"},
        })  # fmt: skip
    own = tmp_path / "own.json"
    own.write_text(json.dumps({"format": "sumh2 references", "version": 1, "references": entries}))
    monkeypatch.setenv("SUMH2_REFS", str(tmp_path / "cache"))
    assert run_sumh2("refs", "get", "one", "two", "--mirror", tmp_path, "--catalogue", own)[0] == 0
    return own


def pack(run_sumh2, tmp_path, *names):
    status, out, _ = run_sumh2("refs", "pack", *names, "--out", tmp_path / "refs.tar")
    assert status == 0
    return out


def test_pack__is_carried_whole(run_sumh2, here, tmp_path):
    out = pack(run_sumh2, tmp_path, "one", "two")
    digest = hashlib.sha256((tmp_path / "refs.tar").read_bytes()).hexdigest()
    assert digest in out and "4 files" in out
    status, out, _ = run_sumh2("refs", "unpack", tmp_path / "refs.tar", "--folder", tmp_path / "there")
    assert status == 0 and digest in out and "from a pack" in out
    assert lying(tmp_path / "there" / "one") == {f"one/{path}": text for path, text in FILES.items()}
    assert run_sumh2("refs", "verify", "--folder", tmp_path / "there")[0] == 0
    first, second = (read_record(tmp_path / name, "one") for name in ("cache", "there"))
    assert first.trusted == second.trusted and [f.sha256 for f in first.files] == [f.sha256 for f in second.files]
    status, out, _ = run_sumh2("refs", "unpack", tmp_path / "refs.tar", "--folder", tmp_path / "there")
    assert status == 0 and out.count("was here already") == 2
    status, _, err = run_sumh2("refs", "path", "one", "--folder", tmp_path / "there")
    assert status == 1 and "files called @ in 2 folders" in err  # a/ and a/b/: which one is not ours to say


def test_pack__same_references_same_bytes(run_sumh2, here, tmp_path):
    pack(run_sumh2, tmp_path, "one", "two")
    before = (tmp_path / "refs.tar").read_bytes()
    pack(run_sumh2, tmp_path, "one", "two", "one")
    assert (tmp_path / "refs.tar").read_bytes() == before


def test_pack__refuses_what_is_not_whole(run_sumh2, here, tmp_path):
    (tmp_path / "cache/one/one/a/1.l2.M").write_bytes(b"8\n")
    for name, said in (("one", "damaged"), ("three", "not here")):
        status, _, err = run_sumh2("refs", "pack", "two", name, "--out", tmp_path / "refs.tar")
        assert status == 1 and said in err and f"sumh2 refs get {name}" in err and not (tmp_path / "refs.tar").exists()


def repacked(path: Path, change) -> bytes:
    """The members of a pack after `change(manifest, files)`."""
    with tarfile.open(path) as tar:
        files = {item.name: tar.extractfile(item).read() for item in tar}
    manifest = json.loads(files.pop("manifest.json"))
    change(manifest["references"][0], files)
    return tar_of({"manifest.json": json.dumps(manifest).encode(), **files}, "w")


def named(entry, files):
    entry["name"] = "../one"


def escaping(entry, files):
    entry["files"][0]["path"] = "../../evil"
    files["one/../../evil"] = files.pop("one/one/a/1.l2.M")


def changed(entry, files):
    files["one/one/a/1.l2.M"] = b"9\n"


def longer(entry, files):
    files["one/one/a/1.l2.M"] = b"99\n"


def more(entry, files):
    files["one/more"] = b"x"


def fewer(entry, files):
    del files["one/one/a/b/2.l2.M"]


def newer(entry, files):
    entry["surprise"] = 1


@pytest.mark.parametrize(
    "change, said",
    [
        (named, "manifest that is not right"),
        (escaping, "leads out of the folder"),
        (changed, "found SHA-256"),
        (longer, "not as the manifest says"),
        (more, "not as the manifest says"),
        (fewer, "the pack is cut"),
        (newer, "manifest that is not right"),
    ],
)
def test_unpack__refuses_what_its_manifest_does_not_say(run_sumh2, here, tmp_path, change, said):
    pack(run_sumh2, tmp_path, "one")
    (tmp_path / "bad.tar").write_bytes(repacked(tmp_path / "refs.tar", change))
    status, _, err = run_sumh2("refs", "unpack", tmp_path / "bad.tar", "--folder", tmp_path / "there")
    assert status == 1 and said in err and "Traceback" not in err
    assert lying(tmp_path / "there") == {} and not list(tmp_path.rglob("evil"))


def test_unpack__of_what_is_no_pack(run_sumh2, here, tmp_path):
    (tmp_path / "cut.tar").write_bytes(b"")
    (tmp_path / "text.tar").write_bytes(b"hello" * 1000)
    for name, said in (("one.tar.gz", "no manifest.json in front"), ("cut.tar", "empty"), ("text.tar", "archive"),
                       ("none.tar", "no such file")):  # fmt: skip
        status, _, err = run_sumh2("refs", "unpack", tmp_path / name, "--folder", tmp_path / "there")
        assert status == 1 and said in err, err
    pack(run_sumh2, tmp_path, "one", "two")
    whole = (tmp_path / "refs.tar").read_bytes()
    (tmp_path / "refs.tar").write_bytes(whole[: len(whole) // 2])
    status, _, err = run_sumh2("refs", "unpack", tmp_path / "refs.tar", "--folder", tmp_path / "there")
    assert status == 1 and lying(tmp_path / "there") == {}


def test_unpack__another_one_than_is_here(run_sumh2, here, tmp_path):
    pack(run_sumh2, tmp_path, "one")
    (tmp_path / "one.tar.gz").write_bytes(tar_of({"1.l2.M": b"7\n"}))
    line = ["--mirror", tmp_path, "--catalogue", here, "--folder", tmp_path / "there"]
    assert run_sumh2("refs", "get", "one", *line)[0] == 0
    line = ["refs", "unpack", tmp_path / "refs.tar", "--folder", tmp_path / "there"]
    status, _, err = run_sumh2(*line)
    assert status == 1 and "found another one than came here first" in err
    assert lying(tmp_path / "there" / "one") == {"1.l2.M": b"7\n"}
    assert run_sumh2(*line, "--accept-different")[0] == 0
    assert len(lying(tmp_path / "there" / "one")) == 2


def test_unpack__content_of_the_catalogue_is_asked(run_sumh2, here, tmp_path):
    pack(run_sumh2, tmp_path, "one", "two")
    content = json.loads(here.read_text())
    content["references"][1] |= {"contents": {"1.l2.M": "0" * 64}, "contents_from": "a copy"}
    here.write_text(json.dumps(content))
    line = ["refs", "unpack", tmp_path / "refs.tar", "--folder", tmp_path / "there", "--catalogue", here]
    status, _, err = run_sumh2(*line)
    assert status == 1 and "two: the content that came from" in err and lying(tmp_path / "there") == {}  # all or none
