"""From any file to what is in it: archives, archives of archives, e-mails; all hardened.

Nothing is unpacked to disk, and nothing that a file names is fetched. A label for people is never
a key: what a file is goes by its content, and two attachments may well have one name.
"""

from __future__ import annotations

import re
import struct
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import Message
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO, Final

from cami_units.kml._xml import MAX_KML, Member, too_large
from cami_units.model import (
    ARCHIVE_DAMAGE,
    InputError,
    Note,
    clean_name,
    guessed_text,
    in_short,
    quoted,
)

# A pack is held to 10 MB: what is six times as large is no map of a group, or holds pictures.
MAX_FILE: Final = 64_000_000
MAX_ARCHIVE: Final = 500_000_000
"""Bytes of an archive on disk: of a KMZ with a folder of photos only the KML is unpacked."""
MAX_UNPACKED: Final = 64_000_000
MAX_RATIO: Final = 200
"""Packed KML of this field shrinks 3 to 30 times; a bomb a thousand times."""
# Said of a KML that is too large anyway: the one that shrinks fifty times is called a bomb, any
# other one too large. Below 5 MB unpacked nothing can hurt.
_LIKELY_RATIO: Final = 50
RATIO_FROM: Final = 5_000_000
MAX_ENTRIES: Final = 1_000
"""Entries that are maps or forms. Photos do not count."""
# A camera's whole folder of photos fits; a list of a million entries alone would take a gigabyte.
MAX_LISTED: Final = 20_000
_MAX_DIRECTORY: Final = 4_000_000
"""Entries of any kind, and bytes of the list of them: a longer one costs memory to look at."""
MAX_NESTING: Final = 3
_CHUNK: Final = 1_000_000
_LONGEST_NAME: Final = 1_000

_SIGNATURES: Final = (
    (b"SQLite format 3", "is a database", "save as KMZ"),
    (b"\x1f\x8b", "is a gzip archive", "unpack it"),
    (b"7z\xbc\xaf", "is a 7z archive", "unpack it"),
    (b"Rar!", "is a RAR archive", "unpack it"),
    (b"%PDF", "is a PDF", "no outline inside"),
    (b"\x89PNG", "is a picture", "no outline inside"),
    (b"\xff\xd8\xff", "is a picture", "no outline inside"),
    (b"\xd0\xcf\x11\xe0", "is an old Office document", "no outline inside"),
    (b"L\x00\x00\x00\x01\x14\x02\x00", "is a shortcut", "the file itself"),
)
"""First bytes of files that are plainly no KML, what each is, and what to do about it."""
_HEADER: Final = re.compile(rb"\s*[A-Za-z][A-Za-z\-]{1,40}: ")
_MAPS: Final = ("kml", "kmz", "gpx", "gpkg", "geojson", "json", "shp", "fgb", "parquet")
_FORMS: Final = ("xlsx", "xlsm", "ods")
_TABLES: Final = ("csv", "tsv", "txt")
"""Tables of text, which may be a sheet of a form: whoever knows forms says which are."""
_MOST_TABLE: Final = 20_000_000
"""Bytes of such a table as its archive states them; a longer one is no form, and stays packed."""
_CONTAINERS: Final = ("zip", "eml")
_TEXTS: Final = (*_TABLES, "md", "rtf", "doc", "docx", "odt", "pdf", "xls", "ppt", "pptx")
"""Texts and tables of people, as they lie in a KMZ that somebody packed by hand."""
_SIDECARS: Final = ("dbf", "shx", "prj", "cpg", "qpj", "sbn", "sbx", "xml", "qmd")
_NEEDLESS: Final = frozenset(
    (
        *("jpg", "jpeg", "png", "gif", "tif", "tiff", "bmp", "heic", "webp", "svg"),
        *("mp4", "mov", "avi", "mp3", "wav"),
        *("ico", "db", "ini", "lock", "tmp"),
    )
)
"""Photos, films and litter, which nobody expects to be read."""
_SCANS: Final = ("jpg", "jpeg", "png", "tif", "tiff", "heic")
# An icon of a map and a logo below a mail are smaller, a photo of a map that was drawn on is larger.
_LEAST_SCAN: Final = 100_000
_ZIP_NAMES: Final = ("cp866", "cp1251", "gb18030", "cp437")
"""What Windows writes the names in an archive in, without saying so."""


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


@dataclass(frozen=True, slots=True)
class Entry:
    """A file inside a mail or an archive: its label for people, its kind by its ending, its bytes.

    `sidecars` are the other files of a shapefile, by their endings. `refusal` says why it cannot be
    read; nothing else is there then.
    """

    label: str
    ending: str
    content: bytes = b""
    sidecars: Mapping[str, bytes] = field(default_factory=dict)
    refusal: Note | None = None


# -- files ----------------------------------------------------------------------------------------


def content_of(source: str | Path | bytes, name: str | None) -> tuple[bytes | Path, str]:
    """The bytes of a file (its path, where it is an archive), and what to call it: never its path."""
    if isinstance(source, bytes):
        if len(source) > MAX_FILE:
            raise too_large(name or "the file", len(source), MAX_FILE)
        return source, name or "the file"
    path = Path(source)
    called = name or path.name
    if not path.is_file():
        raise InputError.of("no such file", file=called)
    size = path.stat().st_size
    try:
        with path.open("rb") as stream:
            is_archive = _is_archive(stream.read(4))
        # An archive is read entry by entry and never as a whole: photos in it may make it large.
        most_bytes = MAX_ARCHIVE if is_archive else MAX_FILE
        if size > most_bytes:
            raise too_large(called, size, most_bytes)
        return path if is_archive else path.read_bytes(), called
    except InputError:
        raise
    except OSError as error:
        raise InputError.of("file unreadable", file=called, why=quoted(error.strerror)) from error


def source(content: bytes | Path, name: str) -> Source:
    """The KML inside a file: itself, or the members of an archive, whatever the file is called.

    Raises
    ------
    InputError
        An empty file, something that is plainly no KML, and archives that are damaged, encrypted,
        too large once unpacked, or that hold links or paths out of their folder.
    """
    if isinstance(content, Path):
        return _unpacked(content, name, [MAX_UNPACKED], nested=False)
    # The first bytes alone first: a disk image of zeros is long, and a map has letters at once.
    if not content[:_CHUNK].strip(b"\x00 \t\r\n") and not content.strip(b"\x00 \t\r\n"):
        raise InputError.of("file empty", file=name, bytes=len(content))
    if _is_archive(content):
        return _unpacked(content, name, [MAX_UNPACKED], nested=False)
    # By its first bytes, not by its name: people rename a picture .kmz when asked for one.
    for signature, kind, advice in _SIGNATURES:
        if content.startswith(signature):
            raise InputError.of("no KML", file=name, what=Note(kind), advice=Note(advice))
    if len(content) > MAX_KML:
        raise too_large(name, len(content), MAX_KML)
    if is_geojson(content):
        raise InputError.of("KML is GeoJSON", file=name)
    if is_mail(content):
        return _unmailed(content, name)
    return Source((Member(name, content),))


def is_geojson(content: bytes) -> bool:
    """Whether bytes begin as a GeoJSON does."""
    head = content[:100_000].removeprefix(b"\xef\xbb\xbf").lstrip()
    return head.startswith(b"{") and b'"type"' in head and b"Feature" in head


def geojson_of(path: Path) -> bytes | None:
    """The content of a file that is GeoJSON, whatever it is called; ``None``: it is none."""
    with path.open("rb") as stream:
        # An object may begin with long properties: its type stands somewhere in the first letters,
        # not at once.
        head = stream.read(100_000)
        return head + stream.read() if is_geojson(head) else None


# -- mails and archives as the files in them --------------------------------------------------------


def inner_files(path: Path, label: str) -> tuple[list[Entry], tuple[str, ...]]:
    """The files inside a mail or an archive, each by itself; none where it is neither.

    A KMZ is one file, whatever it holds and whatever it is called; so is a shapefile with all its
    parts. Archives in archives and in mails are opened too.

    Returns
    -------
    list of Entry
        Maps and forms, in the order of their names, and what could not be opened.
    tuple of str
        Entries of other kinds (documents, other archives) that are not read.

    Raises
    ------
    InputError
        The archive is refused as a whole, as by :func:`source`.
    """
    with path.open("rb") as stream:
        # The headers of a mail come first, and a relay may have added dozens of them.
        head = stream.read(20_000)
    if not _is_archive(head) and not is_mail(head):
        return [], ()
    content, _ = content_of(path, label)
    # One budget for all that a file holds, however deep: ten archives of a tenth each cost the
    # same.
    unpacking = _Unpacking()
    if isinstance(content, Path):
        if _is_one_file(content, path.name, label):
            return [], ()
        unpacking.open_archive(content, label, 1)
    else:
        unpacking.open_mail(content, label, 1)
    return unpacking.files(), tuple(unpacking.passed)


def _is_one_file(content: bytes | Path, filename: str, label: str) -> bool:
    """Whether an archive is a file of its own: a KMZ, or a workbook."""
    with _opened(content, label) as archive:
        names = [entry.filename.lower() for entry in archive.infolist()]
    # doc.kml makes a KMZ, the other two a workbook of Office and one of LibreOffice.
    if "doc.kml" in names or "[content_types].xml" in names or "mimetype" in names:
        return True
    if filename.lower().endswith(".kmz"):
        return True
    endings = [_ending_of(entry) for entry in names if not _is_litter(entry)]
    maps = [ending for ending in endings if ending in _MAPS]
    return maps == ["kml"] and not {*_FORMS, *_TABLES, *_CONTAINERS}.intersection(endings)


class _Unpacking:
    """Files found in mails and archives, and what unpacking them may still cost."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.passed: list[str] = []
        self._parts: dict[tuple[str, str], dict[str, bytes]] = {}
        self._budget = [MAX_UNPACKED]
        self._labels: set[str] = set()

    def files(self) -> list[Entry]:
        """The files, those of a shapefile as one; what lies beside no ``.shp`` is passed over."""
        file_list = []
        for entry in self.entries:
            sidecars = {}
            if entry.ending == "shp":
                sidecars = self._parts.pop(_stem(entry.label), {})
            file_list.append(
                Entry(entry.label, entry.ending, entry.content, sidecars, entry.refusal)
            )
        # Sidecars whose shapefile did not come: said by name, so that somebody sends the rest.
        self.passed += [
            f"{stem}.{ending}" for (_, stem), parts in self._parts.items() for ending in parts
        ]
        return file_list

    def open_archive(self, content: bytes | Path, label: str, depth: int) -> None:
        """Every entry of an archive."""
        with _opened(content, label) as archive:
            for entry in sorted(archive.infolist(), key=_doc_first):
                name = entry_name(entry)
                if entry.is_dir() or _is_litter(name):
                    continue
                ending = _ending_of(name)
                called = f"{label}/{clean_name(name)[:200]}"
                # What an archive states of a size is only believed to leave something packed, never
                # to unpack it.
                is_table = ending in _TABLES and entry.file_size <= _MOST_TABLE
                if is_table or ending in (*_MAPS, *_FORMS, *_CONTAINERS, *_SIDECARS):
                    self._add(_read(archive, entry, called, self._budget), called, name, depth)
                elif _is_missed(ending, entry.file_size):
                    self.passed.append(clean_name(name)[:200])

    def open_mail(self, content: bytes, label: str, depth: int) -> None:
        """Every attachment of a mail; where none is a map, the KML in its text."""
        texts: list[bytes] = []
        before = len(self.entries)
        for number, part in enumerate(_parts_of(content), start=1):
            payload = _payload(part)
            name = part.get_filename() or ""
            called = f"{label}/{clean_name(name or f'part {number}')[:200]}"
            ending = _ending_of(name)
            is_kept = ending in (*_MAPS, *_FORMS, *_CONTAINERS, *_SIDECARS)
            if _is_archive(payload) or (name and is_kept):
                self._spend(len(payload), called)
                self._add(payload, called, name, depth)
            elif name and re.search(rb"<(?:\w{1,20}:)?kml\b", payload):
                self._add(payload, called, f"{name}.kml", depth)
            elif name and ending in _TABLES:
                self._spend(len(payload), called)
                self._add(payload, called, name, depth)
            elif re.search(rb"kml", payload, re.IGNORECASE):
                texts.append(_as_utf8(payload, part))
            elif name and _is_missed(ending, len(payload)):
                self.passed.append(clean_name(name)[:200])
        if texts and not any(entry.ending in _MAPS for entry in self.entries[before:]):
            # The same text comes plain and as a page: the plain one is first.
            self._put(Entry(self._unique(label), "kml", texts[0]))

    def _spend(self, size: int, label: str) -> None:
        """Count bytes against the budget, and refuse what goes beyond it."""
        self._budget[0] -= size
        if self._budget[0] < 0:
            raise too_large(label, size, MAX_UNPACKED)

    def _add(self, content: bytes, label: str, name: str, depth: int) -> None:
        """One entry: a file, a container to be opened in turn, or a part of a shapefile."""
        ending = _ending_of(name)
        # A shapefile is several files of one stem: it is put together when all of them have been
        # seen.
        if ending in _SIDECARS:
            self._parts.setdefault(_stem(label), {})[ending] = content
            return
        is_archive, mail = _is_archive(content), ending == "eml" or is_mail(content)
        try:
            if is_archive and ending not in _FORMS and not _is_one_file(content, name, label):
                self._deeper(label, depth)
                self.open_archive(content, label, depth + 1)
            elif mail and not is_archive:
                self._deeper(label, depth)
                self.open_mail(content, label, depth + 1)
            else:
                self._put(Entry(self._unique(label), self._kind(content, ending), content))
        except InputError as error:
            if self._budget[0] < 0:
                raise
            self._put(Entry(self._unique(label), ending, refusal=error.note))

    def _kind(self, content: bytes, ending: str) -> str:
        """What a file is, by its bytes before its ending."""
        # By its bytes: a KMZ that a mail program has renamed .zip or .kml is a KMZ still.
        if _is_archive(content) and ending not in _FORMS:
            return "kmz"
        return "geojson" if ending == "kml" and is_geojson(content) else ending

    def _deeper(self, label: str, depth: int) -> None:
        """Refuse what lies deeper than anybody packs on purpose."""
        if depth >= MAX_NESTING:
            raise InputError.of("archives in archives", file=label, most=MAX_NESTING)

    def _put(self, entry: Entry) -> None:
        """Keep an entry; more of them than anybody packs on purpose are refused."""
        self.entries.append(entry)
        if len(self.entries) > MAX_ENTRIES:
            raise _too_many(entry.label, len(self.entries))

    def _unique(self, label: str) -> str:
        """A label that nothing else has: two attachments of one name are two files."""
        unique, number = label, 1
        while unique in self._labels:
            number += 1
            unique = f"{label} ({number})"
        self._labels.add(unique)
        return unique


def _is_missed(ending: str, size: int) -> bool:
    """Whether somebody may expect a file to be read that is not: no icon, film or litter."""
    return ending not in _NEEDLESS or (ending in _SCANS and size >= _LEAST_SCAN)


def _stem(label: str) -> tuple[str, str]:
    """What the parts of a shapefile share: folder and name, without the ending."""
    folder, _, name = label.rpartition("/")
    stem = name.lower().removesuffix(".xml").rpartition(".")[0]
    return folder, stem.removesuffix(".shp")


# -- archives -------------------------------------------------------------------------------------


def _is_archive(content: bytes) -> bool:
    return content[:4] in (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")


@contextmanager
def _opened(content: bytes | Path, name: str) -> Iterator[zipfile.ZipFile]:
    """An archive whose entries have been looked through, its damage told in words."""
    try:
        with _stream(content) as stream:
            _refuse_long_directory(stream, name)
            with zipfile.ZipFile(stream) as archive:
                _refuse_unsafe(archive.infolist(), name)
                yield archive
    except ARCHIVE_DAMAGE as error:
        if isinstance(error, InputError):
            raise
        # what the library says of it is English, and of no help: "File is not a zip file"
        raise InputError.of("archive damaged", file=name) from error


@contextmanager
def _stream(content: bytes | Path) -> Iterator[BinaryIO]:
    """Bytes, or a file on disk, to be read from the start."""
    if isinstance(content, bytes):
        yield BytesIO(content)
    else:
        with content.open("rb") as stream:
            yield stream


def _refuse_long_directory(stream: BinaryIO, name: str) -> None:
    """Refuse a long list of entries before it is read: a million of them take a gigabyte."""
    size = stream.seek(0, 2)
    # The end record of a zip is the last 22 bytes, and a comment of 65,535 at most.
    stream.seek(max(0, size - 66_000))
    tail = stream.read()
    stream.seek(0)
    end = tail.rfind(b"PK\x05\x06")
    if end < 0 or len(tail) < end + 16:
        return
    # Bytes 10 to 16 of that record: how many entries, and how long the list of them is.
    entries, length = struct.unpack("<HI", tail[end + 10 : end + 16])
    if entries > MAX_LISTED or length > _MAX_DIRECTORY:
        raise _too_many(name, max(entries, length // 100), MAX_LISTED)


def _unpacked(content: bytes | Path, name: str, budget: list[int], *, nested: bool) -> Source:
    """The KML files of an archive, and of the archives in it, with what could not be read."""
    members: list[Member] = []
    faults: list[tuple[str, InputError]] = []
    deeper: list[str] = []
    with _opened(content, name) as archive:
        entries = archive.infolist()
        # Google Earth shows doc.kml: what lies beside it comes after, in the order of the names.
        for entry in sorted(entries, key=_doc_first):
            if not (ending := _ending(entry)) or _is_litter(entry.filename):
                continue
            called = f"{name}/{clean_name(entry_name(entry))[:200]}"
            if ending == "kml":
                members.append(Member(called, _read(archive, entry, called, budget)))
            # One archive in another is a mail's attachment; deeper ones are nobody's map.
            elif ending in ("kmz", "zip") and nested:
                deeper.append(called.removeprefix(f"{name}/"))
            elif ending in ("kmz", "zip"):
                content_inside = _read(archive, entry, called, budget)
                try:
                    inside = _unpacked(content_inside, called, budget, nested=True)
                    members += inside.members
                    deeper += inside.passed
                except InputError as error:
                    # The budget is of the whole file: what broke it ends the reading, not this
                    # entry alone.
                    if budget[0] < 0:
                        raise
                    faults.append((called, error))
    if not members and not faults:
        raise _without_kml(name, entries)
    if not members:
        raise InputError.of("several", sentences=[error.note for _, error in faults[:3]])
    names = tuple(entry.filename for entry in entries)
    return Source(tuple(members), names, True, tuple(faults), (*_passed(entries), *deeper))


def _without_kml(name: str, entries: Iterable[zipfile.ZipInfo]) -> InputError:
    """The refusal of an archive in which there is no KML."""
    if {"[content_types].xml", "mimetype"} & {entry.filename.lower() for entry in entries}:
        what, advice = Note("is an Office document"), Note("no outline inside")
        return InputError.of("no KML", file=name, what=what, advice=advice)
    names_inside = in_short(clean_name(entry_name(entry))[:80] for entry in entries)
    return InputError.of("archive without KML", file=name, names=names_inside or Note("nothing"))


def _passed(entries: list[zipfile.ZipInfo]) -> tuple[str, ...]:
    """Entries that hold work of a group but are not read from within an archive of KML."""
    work = (*_FORMS, *_TEXTS, *(ending for ending in _MAPS if ending not in ("kml", "kmz", "json")))
    return tuple(
        clean_name(entry_name(entry))[:200]
        for entry in entries
        if _ending(entry) in work and not _is_litter(entry.filename)
    )


def entry_name(entry: zipfile.ZipInfo) -> str:
    """The name of an entry in letters: UTF-8 where the archive says or shows so, else a guess."""
    # Bit 11 says that the name is UTF-8. Without it the standard says code page 437, which nobody
    # wrote.
    if entry.flag_bits & 0x800 or entry.filename.isascii():
        return entry.filename
    try:
        raw = entry.filename.encode("cp437")
    except UnicodeEncodeError:
        return entry.filename
    return guessed_text(raw, encodings=_ZIP_NAMES).text


def _ending(entry: zipfile.ZipInfo) -> str:
    """What comes after the last dot of an entry's name; empty for folders."""
    return "" if entry.is_dir() else _ending_of(entry.filename)


def _ending_of(name: str) -> str:
    return name.lower().rpartition(".")[2] if "." in name else ""


def _too_many(name: str, entries: int, most_entries: int = MAX_ENTRIES) -> InputError:
    """The refusal of an archive with more entries than are looked at."""
    facts = {"count": str(entries), "most": str(most_entries)}
    return InputError.of("too many entries", file=name, **facts)


def _refuse_unsafe(entries: list[zipfile.ZipInfo], name: str) -> None:
    """Refuse paths out of the archive, links, passwords; of what is read also odd packing."""
    read = [
        entry_read
        for entry_read in entries
        if _ending(entry_read) in (*_MAPS, *_FORMS, *_CONTAINERS)
    ]
    if len(read) > MAX_ENTRIES:
        raise _too_many(name, len(read))
    for entry in entries:
        called = clean_name(entry.filename[:_LONGEST_NAME])[:80]
        steps = re.split(r"[\\/]", entry.orig_filename)
        if ".." in steps or steps[0] == "" or re.match(r"[A-Za-z]:", entry.orig_filename):
            raise InputError.of("entry points out", file=name, entry=called)
        # The upper half holds the mode of Unix: kind 0o12 is a symbolic link, which could point
        # anywhere.
        if entry.external_attr >> 16 & 0o170000 == 0o120000:
            raise InputError.of("entry is a link", file=name, entry=called)
        if entry.flag_bits & 0x1:
            raise InputError.of("entry encrypted", file=name, entry=called)
        # Others (bzip2, LZMA) unpack a few kilobytes to a hundred megabytes at one go.
        if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            method = entry.compress_type
            raise InputError.of("entry packed oddly", file=name, entry=called, method=method)


def _doc_first(entry: zipfile.ZipInfo) -> tuple[bool, int, str]:
    return entry.filename.lower() != "doc.kml", entry.filename.count("/"), entry.filename


def _is_litter(filename: str) -> bool:
    """Whether an entry is what a Mac adds to each archive, or Office beside each book that is open."""
    names = filename.split("/")
    return "__MACOSX" in names or names[-1].startswith(("._", "~$", ".DS_Store"))


def _read(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, name: str, budget: list[int]) -> bytes:
    """An entry, counted while it is unpacked: what it says of its own size is not believed."""
    content = bytearray()
    is_kml = _ending(entry) == "kml"
    with archive.open(entry) as stream:
        while piece := stream.read(_CHUNK):
            content += piece
            size = len(content)
            budget[0] -= len(piece)
            most_ratio = _LIKELY_RATIO if is_kml and size > MAX_KML else MAX_RATIO
            swollen = size > RATIO_FROM and size > most_ratio * max(entry.compress_size, 1)
            if budget[0] < 0 or swollen:
                packed = entry.compress_size / 1e3
                raise InputError.of("zip bomb", file=name, mb=size / 1e6, kb=packed)
            if is_kml and size > MAX_KML:
                raise too_large(name, size, MAX_KML)
    return bytes(content)


# -- e-mails --------------------------------------------------------------------------------------


def is_mail(content: bytes) -> bool:
    """Whether it is an e-mail as it travels, with parts that must be decoded."""
    head = content[:20_000].lower()
    return bool(_HEADER.match(content[:200])) and (
        b"content-transfer-encoding:" in head or b"content-type: multipart/" in head
    )


def _parts_of(content: bytes) -> Sequence[Message[Any, Any]]:
    """The parts of a mail that hold something, as many as are looked at."""
    parts = [part for part in message_from_bytes(content).walk() if not part.is_multipart()]
    return parts[:MAX_ENTRIES]


def _payload(part: Message[Any, Any]) -> bytes:
    """The bytes of a part of a mail, decoded."""
    payload = part.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b""


def _unmailed(content: bytes, name: str) -> Source:
    """The KML and KMZ attached to an e-mail, else the text of it that holds KML."""
    unpacking = _Unpacking()
    unpacking.open_mail(content, name, 1)
    members: list[Member] = []
    faults: list[tuple[str, InputError]] = []
    budget = [MAX_UNPACKED]  # of the whole mail, however many archives are attached
    for entry in unpacking.files():
        if entry.refusal:
            faults.append((entry.label, InputError(entry.refusal)))
        elif entry.ending in ("kml", "gpx"):
            members.append(Member(entry.label, entry.content))
        elif entry.ending == "kmz":
            try:
                members += _unpacked(entry.content, entry.label, budget, nested=True).members
            except InputError as error:
                if budget[0] < 0:
                    raise
                faults.append((entry.label, error))
    if not members:
        return Source((Member(name, content),), faults=tuple(faults))
    return Source(tuple(members), packed=True, faults=tuple(faults))


def _as_utf8(payload: bytes, part: Message[Any, Any]) -> bytes:
    """An attachment in UTF-8; XML that says its own encoding is left to its reader."""
    charset = part.get_content_charset() or "utf-8"
    if (
        charset in ("windows-1251", "koi8-r", "cp1251")
        and b"encoding=" not in payload[:200].lower()
    ):
        return payload.decode(charset, "replace").encode("utf-8")
    return payload
