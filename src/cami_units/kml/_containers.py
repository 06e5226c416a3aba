"""From any file to the KML in it: archives, archives of archives, e-mails; all hardened.

Nothing is unpacked to disk, and nothing that a file names is fetched.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email import message_from_bytes
from email.message import Message
from io import BytesIO
from pathlib import Path
from typing import Final

from cami_units.kml._escapes import clean_name
from cami_units.kml._xml import MAX_KML, Member, too_large
from cami_units.model import InputError, Problem, listed

MAX_FILE: Final = 64_000_000
MAX_UNPACKED: Final = 64_000_000
MAX_RATIO: Final = 200
"""Packed KML of this field shrinks 3 to 30 times; a bomb a thousand times."""
_LIKELY_RATIO: Final = 50
RATIO_FROM: Final = 5_000_000
MAX_ENTRIES: Final = 1_000
_CHUNK: Final = 1_000_000
_LONGEST_NAME: Final = 1_000

_SIGNATURES: Final = (
    (b"SQLite format 3", "a GeoPackage or another database"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"7z\xbc\xaf", "a 7z archive"),
    (b"Rar!", "a RAR archive"),
    (b"%PDF", "a PDF"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"\xd0\xcf\x11\xe0", "an old Office document"),
    (b"L\x00\x00\x00\x01\x14\x02\x00", "a shortcut to a file (.lnk), not the file itself"),
)
_HEADER = re.compile(rb"\s*[A-Za-z][A-Za-z\-]{1,40}: ")
_TO_HAND_IN_ALONE: Final = ("xlsx", "xlsm", "gpkg", "geojson", "shp")


@dataclass(frozen=True, slots=True)
class Source:
    """What a file holds: its KML, and the names of all entries where it is an archive.

    `faults` are archives inside it that could not be opened, while others could; `passed` entries
    that hold work of a group but are not read from within an archive.
    """

    members: tuple[Member, ...]
    entries: tuple[str, ...] = ()
    packed: bool = False
    faults: tuple[tuple[str, InputError], ...] = ()
    passed: tuple[str, ...] = ()


# -- files ----------------------------------------------------------------------------------------


def content_of(given: str | Path | bytes, name: str | None) -> tuple[bytes, str]:
    """The bytes of a file, and what to call it: never its whole path."""
    if isinstance(given, bytes):
        if len(given) > MAX_FILE:
            raise InputError(too_large(name or "the file", len(given), MAX_FILE))
        return given, name or "the file"
    path = Path(given)
    called = name or path.name
    if not path.is_file():
        raise InputError(f"{called}: there is no such file. Check the name and the folder.")
    size = path.stat().st_size
    if size > MAX_FILE:
        raise InputError(too_large(called, size, MAX_FILE))
    try:
        return path.read_bytes(), called
    except OSError as error:
        raise InputError(f"{called} cannot be read: {error.strerror}.") from error


def source(content: bytes, name: str) -> Source:
    """The KML inside a file: itself, or the members of an archive, whatever the file is called.

    Raises
    ------
    InputError
        An empty file, something that is plainly no KML, and archives that are damaged, encrypted,
        too large once unpacked, or that hold links or paths out of their folder.
    """
    if not content[:_CHUNK].strip(b"\x00 \t\r\n") and not content.strip(b"\x00 \t\r\n"):
        raise InputError(f"{name} is empty ({len(content)} bytes). Save it again and resend it.")
    if _is_archive(content):
        return _unpacked(content, name, [MAX_UNPACKED], nested=False)
    for signature, what in _SIGNATURES:
        if content.startswith(signature):
            raise InputError(f"{name} is {what}, not KML or KMZ. Save it as KMZ and resend it.")
    if len(content) > MAX_KML:
        raise InputError(too_large(name, len(content), MAX_KML))
    if _is_encoded_mail(content):
        return _unmailed(content, name)
    return Source((Member(name, content),))


def inner_archives(path: Path, name: str) -> tuple[list[tuple[str, bytes]], tuple[str, ...]]:
    """The KMZ files inside an archive of such files, each a file of its own; else none.

    Returns
    -------
    list of tuple
        What to call each, and its bytes.
    tuple of str
        Entries that hold work of a group but are not read from within an archive.

    Raises
    ------
    InputError
        As :func:`source`.
    """
    with path.open("rb") as stream:
        if not _is_archive(stream.read(4)):
            return [], ()
    content, _ = content_of(path, name)
    with _opened(content, name) as archive:
        entries = [one for one in archive.infolist() if _ending(one) in ("kmz", "kml", "zip")]
        if not any(_ending(one) == "kmz" for one in entries):
            return [], ()
        budget = [MAX_UNPACKED]
        inner = []
        for one in sorted(entries, key=_doc_first):
            called = f"{name}/{clean_name(one.filename)[:200]}"
            if not _is_mac_shadow(one.filename):
                inner.append((called, _read(archive, one, called, budget)))
        return inner, _passed(archive.infolist())


# -- archives -------------------------------------------------------------------------------------


def _is_archive(content: bytes) -> bool:
    return content[:4] in (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")


_DAMAGE: Final = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    NotImplementedError,
    ValueError,
    OSError,
    RuntimeError,
    IndexError,
)


@contextmanager
def _opened(content: bytes, name: str) -> Iterator[zipfile.ZipFile]:
    """An archive whose entries have been looked through, its damage told in words."""
    # The directory is counted before it is read: a million entries take a gigabyte to list.
    entries = content.count(b"PK\x01\x02")
    if entries > 5 * MAX_ENTRIES:
        raise InputError(_too_many(name, entries))
    try:
        with zipfile.ZipFile(BytesIO(content)) as archive:
            _refuse_unsafe(archive.infolist(), name)
            yield archive
    except _DAMAGE as error:
        if isinstance(error, InputError):
            raise
        raise InputError(
            f"{name} is a damaged or cut-off archive ({clean_name(error)[:150]}). "
            "Save it again and resend it."
        ) from error


def _unpacked(content: bytes, name: str, budget: list[int], *, nested: bool) -> Source:
    members: list[Member] = []
    faults: list[tuple[str, InputError]] = []
    with _opened(content, name) as archive:
        entries = archive.infolist()
        for entry in sorted(entries, key=_doc_first):
            ending = _ending(entry)
            if not ending or _is_mac_shadow(entry.filename):
                continue
            called = f"{name}/{clean_name(entry.filename)[:200]}"
            if ending == "kml":
                members.append(Member(called, _read(archive, entry, called, budget)))
            elif ending in ("kmz", "zip") and not nested:
                inner = _read(archive, entry, called, budget)
                try:
                    members += _unpacked(inner, called, budget, nested=True).members
                except InputError as error:
                    if budget[0] < 0:
                        raise
                    faults.append((called, error))
    if not members and not faults:
        held = listed(clean_name(entry.filename)[:80] for entry in entries) or "nothing"
        raise InputError(f"{name} is an archive without any KML; it holds {held}.")
    if not members:
        raise InputError(" ".join(str(error) for _, error in faults[:3]))
    names = tuple(entry.filename for entry in entries)
    return Source(tuple(members), names, True, tuple(faults), _passed(entries))


def _passed(entries: list[zipfile.ZipInfo]) -> tuple[str, ...]:
    """Entries that hold work of a group but are not read from within an archive."""
    return tuple(
        clean_name(entry.filename)[:200]
        for entry in entries
        if _ending(entry) in _TO_HAND_IN_ALONE and not _is_mac_shadow(entry.filename)
    )


def _ending(entry: zipfile.ZipInfo) -> str:
    """What comes after the last dot of an entry's name; empty for folders."""
    return "" if entry.is_dir() else entry.filename.lower().rpartition(".")[2]


def _too_many(name: str, entries: int) -> str:
    return (
        f"{name} is refused: {entries} entries in the archive, at most {MAX_ENTRIES} are "
        "read. Save only the folder with the units."
    )


def _refuse_unsafe(entries: list[zipfile.ZipInfo], name: str) -> None:
    if len(entries) > MAX_ENTRIES:
        raise InputError(_too_many(name, len(entries)))
    for entry in entries:
        called = clean_name(entry.filename[:_LONGEST_NAME])[:80]
        steps = re.split(r"[\\/]", entry.orig_filename)
        if ".." in steps or steps[0] == "" or re.match(r"[A-Za-z]:", entry.orig_filename):
            raise InputError(f"{name} is refused: its entry '{called}' points out of the archive.")
        if entry.external_attr >> 16 & 0o170000 == 0o120000:
            raise InputError(f"{name} is refused: its entry '{called}' is a link.")
        if entry.flag_bits & 0x1:
            raise InputError(
                f"{name} is refused: its entry '{called}' is encrypted. Save it without a password."
            )
        # Others (bzip2, LZMA) unpack a few kilobytes to a hundred megabytes at one go.
        if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise InputError(
                f"{name} is refused: its entry '{called}' is packed in a way that no KMZ is "
                f"(method {entry.compress_type}). Save it again from Google Earth."
            )


def _doc_first(entry: zipfile.ZipInfo) -> tuple[bool, int, str]:
    return entry.filename.lower() != "doc.kml", entry.filename.count("/"), entry.filename


def _is_mac_shadow(filename: str) -> bool:
    return filename.startswith("__MACOSX/") or filename.rpartition("/")[2].startswith("._")


def _read(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, name: str, budget: list[int]) -> bytes:
    """An entry, counted while it is unpacked: what it says of its own size is not believed."""
    content = bytearray()
    is_kml = _ending(entry) == "kml"
    with archive.open(entry) as stream:
        while piece := stream.read(_CHUNK):
            content += piece
            size = len(content)
            budget[0] -= len(piece)
            most = _LIKELY_RATIO if is_kml and size > MAX_KML else MAX_RATIO
            swollen = size > RATIO_FROM and size > most * max(entry.compress_size, 1)
            if budget[0] < 0 or swollen:
                raise InputError(
                    f"{name} is refused: it unpacks to more than {size / 1e6:,.0f} MB "
                    f"from {entry.compress_size / 1e6:,.2f} MB, as a zip bomb does."
                )
            if is_kml and size > MAX_KML:
                raise InputError(too_large(name, size, MAX_KML))
    return bytes(content)


# -- e-mails --------------------------------------------------------------------------------------


def _is_encoded_mail(content: bytes) -> bool:
    """Whether it is an e-mail as it travels, with parts that must be decoded."""
    head = content[:20_000].lower()
    return bool(_HEADER.match(content[:200])) and b"content-transfer-encoding:" in head


def _unmailed(content: bytes, name: str) -> Source:
    """The KML and KMZ attached to an e-mail, else the text of it that holds KML."""
    parts = [part for part in message_from_bytes(content).walk() if not part.is_multipart()]
    members: list[Member] = []
    budget = [MAX_UNPACKED]
    texts: list[bytes] = []
    for number, part in enumerate(parts[:MAX_ENTRIES], start=1):
        held = part.get_payload(decode=True)
        held = held if isinstance(held, bytes) else b""
        called = f"{name}/{clean_name(part.get_filename() or f'part {number}')[:200]}"
        if _is_archive(held):
            members += _unpacked(held, called, budget, nested=True).members
        elif part.get_filename() and b"<kml" in held:
            members.append(Member(called, held))
        elif b"kml" in held:
            texts.append(_as_utf8(held, part))
    if members:
        return Source(tuple(members), packed=True)
    # The same text comes plain and as a page: the plain one is first.
    return Source((Member(name, texts[0] if texts else content),))


def _as_utf8(held: bytes, part: Message) -> bytes:
    charset = part.get_content_charset() or "utf-8"
    if charset in ("windows-1251", "koi8-r", "cp1251") and b"encoding=" not in held[:200].lower():
        return held.decode(charset, "replace").encode("utf-8")
    return held


def member_problem(error: InputError, name: str) -> Problem:
    """A member of an archive that could not be read, while others could."""
    return Problem("counted", "kml", name, "", str(error), "The other files in it were read.")
