"""From the bytes of any file to XML trees: archives, encodings and mail damage, all hardened.

Nothing is unpacked to disk, nothing that a file names is fetched, no document type is accepted.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from dataclasses import dataclass
from functools import lru_cache
from html import unescape
from io import BytesIO
from pathlib import Path
from quopri import decodestring
from typing import Final

from lxml import etree

from cami_units.kml._text import clean_name
from cami_units.model import InputError, Problem, listed

MAX_FILE: Final = 64_000_000
MAX_UNPACKED: Final = 200_000_000
MAX_RATIO: Final = 200
"""Packed KML of this field shrinks 3 to 30 times; a bomb a thousand times."""
RATIO_FROM: Final = 5_000_000
MAX_ENTRIES: Final = 1_000
MAX_DEPTH: Final = 100
_CHUNK: Final = 1_000_000

_ROOTS: Final = frozenset({"kml", "Document", "Folder", "Placemark"})
_SIGNATURES: Final = (
    (b"SQLite format 3", "a GeoPackage or another database"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"7z\xbc\xaf", "a 7z archive"),
    (b"Rar!", "a RAR archive"),
    (b"%PDF", "a PDF"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"\xd0\xcf\x11\xe0", "an old Office document"),
)
_PROLOG = re.compile(r"\s*(?:<\?.*?\?>\s*|<!--.*?-->\s*)*(?=<!DOCTYPE)", re.DOTALL | re.IGNORECASE)
_ONLY_PROLOG = re.compile(r"\s*(?:<\?.*?\?>\s*|<!--.*?-->\s*)*", re.DOTALL)
_DECLARED = re.compile(rb"""<\?xml[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9._\-]{1,40})["']""")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
_CONTROL_REFERENCE = re.compile(
    r"&#(?:x0*(?:[0-8bcef]|1[0-9a-f]|d[89a-f][0-9a-f]{2}|fff[ef])|0*(?:[0-8]|1[124-9]|2\d|3[01]));",
    re.IGNORECASE,
)
_CDATA_OR_AMPERSAND = re.compile(
    r"(<!\[CDATA\[.*?\]\]>)|&(?!(?:amp|lt|gt|quot|apos|#\d{1,7}|#x[0-9A-Fa-f]{1,6});)"
    r"([A-Za-z][A-Za-z0-9]{1,31};)?",
    re.DOTALL,
)
_PREFIX = re.compile(r"(?:</?|\s)([A-Za-z_][\w.\-]*):[A-Za-z_]")
_DECLARATION = re.compile(r"xmlns:([A-Za-z_][\w.\-]*)\s*=")
_ROOT_TAG = re.compile(r"<((?:[A-Za-z_][\w.\-]*:)?(?:kml|Document|Folder|Placemark))\b")
_CONFLICT = re.compile(r"^(?:<{7}|>{7})(?:\s|$)", re.MULTILINE)
_NAMESPACES: Final = {
    "gx": "http://www.google.com/kml/ext/2.2",
    "atom": "http://www.w3.org/2005/Atom",
    "kml": "http://www.opengis.net/kml/2.2",
    "xal": "urn:oasis:names:tc:ciq:xsdschema:xAL:2.0",
    "xsi": "http://www.w3.org/2001/XMLSchema-instance",
}


@dataclass(frozen=True, slots=True)
class Member:
    """One KML of a file: its name ("group.kmz/doc.kml", or the file's own) and its bytes."""

    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Source:
    """What a file holds: its KML, and the names of all entries where it is an archive."""

    members: tuple[Member, ...]
    entries: tuple[str, ...] = ()
    packed: bool = False


@dataclass(frozen=True, slots=True)
class Parsed:
    """The tree of one KML, and what had to be mended before it could be read."""

    name: str
    root: etree._Element
    mended: tuple[str, ...] = ()


# -- files and archives ---------------------------------------------------------------------------


def content_of(given: str | Path | bytes, name: str | None) -> tuple[bytes, str]:
    """The bytes of a file, and what to call it: never its whole path."""
    if isinstance(given, bytes):
        if len(given) > MAX_FILE:
            raise InputError(_too_large(name or "the file", len(given)))
        return given, name or "the file"
    path = Path(given)
    called = name or path.name
    if not path.is_file():
        raise InputError(f"{called}: there is no such file. Check the name and the folder.")
    size = path.stat().st_size
    if size > MAX_FILE:
        raise InputError(_too_large(called, size))
    try:
        return path.read_bytes(), called
    except OSError as error:
        raise InputError(f"{called} cannot be read: {error.strerror}.") from error


def _too_large(name: str, size: int) -> str:
    return (
        f"{name} is too large: {size / 1e6:,.0f} MB, at most {MAX_FILE / 1e6:,.0f} MB are read. "
        "Save only the folder with the units."
    )


def source(content: bytes, name: str) -> Source:
    """The KML inside a file: itself, or the members of an archive, whatever the file is called.

    Raises
    ------
    InputError
        An empty file, something that is plainly no KML, and archives that are damaged, encrypted,
        too large once unpacked, or that hold links or paths out of their folder.
    """
    if not content.strip(b"\x00 \t\r\n"):
        raise InputError(f"{name} is empty ({len(content)} bytes). Save it again and resend it.")
    if content[:4] in (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08"):
        budget = [MAX_UNPACKED]
        return _unpacked(content, name, budget, nested=False)
    for signature, what in _SIGNATURES:
        if content.startswith(signature):
            raise InputError(f"{name} is {what}, not KML or KMZ. Save it as KMZ and resend it.")
    return Source((Member(name, content),))


def _unpacked(content: bytes, name: str, budget: list[int], *, nested: bool) -> Source:
    try:
        with zipfile.ZipFile(BytesIO(content)) as archive:
            entries = archive.infolist()
            _refuse_unsafe(entries, name)
            members: list[Member] = []
            for entry in sorted(entries, key=_doc_first):
                ending = entry.filename.lower().rpartition(".")[2]
                if entry.is_dir() or _is_mac_shadow(entry.filename):
                    continue
                called = f"{name}/{clean_name(entry.filename)}"
                if ending == "kml":
                    members.append(Member(called, _read(archive, entry, called, budget)))
                elif ending == "kmz" and not nested:
                    inner = _read(archive, entry, called, budget)
                    members += _unpacked(inner, called, budget, nested=True).members
    except (
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        NotImplementedError,
        ValueError,
        OSError,
        RuntimeError,
    ) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(
            f"{name} is a damaged or cut-off archive ({clean_name(error)}). "
            "Save it again and resend it."
        ) from error
    if not members:
        held = listed(clean_name(entry.filename) for entry in entries) or "nothing"
        raise InputError(f"{name} is an archive without any KML; it holds {held}.")
    return Source(tuple(members), tuple(entry.filename for entry in entries), packed=True)


def _refuse_unsafe(entries: list[zipfile.ZipInfo], name: str) -> None:
    if len(entries) > MAX_ENTRIES:
        raise InputError(
            f"{name} is refused: {len(entries)} entries in the archive, at most {MAX_ENTRIES} are "
            "read. Save only the folder with the units."
        )
    for entry in entries:
        called = clean_name(entry.filename)
        steps = re.split(r"[\\/]", entry.orig_filename)
        if ".." in steps or steps[0] == "" or re.match(r"[A-Za-z]:", entry.orig_filename):
            raise InputError(f"{name} is refused: its entry '{called}' points out of the archive.")
        if entry.external_attr >> 16 & 0o170000 == 0o120000:
            raise InputError(f"{name} is refused: its entry '{called}' is a link.")
        if entry.flag_bits & 0x1:
            raise InputError(
                f"{name} is refused: its entry '{called}' is encrypted. Save it without a password."
            )


def _doc_first(entry: zipfile.ZipInfo) -> tuple[bool, int, str]:
    return entry.filename.lower() != "doc.kml", entry.filename.count("/"), entry.filename


def _is_mac_shadow(filename: str) -> bool:
    return filename.startswith("__MACOSX/") or filename.rpartition("/")[2].startswith("._")


def _read(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, name: str, budget: list[int]) -> bytes:
    """An entry, counted while it is unpacked: what it says of its own size is not believed."""
    pieces: list[bytes] = []
    size = 0
    with archive.open(entry) as stream:
        while piece := stream.read(_CHUNK):
            size += len(piece)
            budget[0] -= len(piece)
            swollen = size > RATIO_FROM and size > MAX_RATIO * max(entry.compress_size, 1)
            if budget[0] < 0 or swollen:
                raise InputError(
                    f"{name} is refused: it unpacks to more than {size / 1e6:,.0f} MB "
                    f"from {entry.compress_size / 1e6:,.2f} MB, as a zip bomb does."
                )
            pieces.append(piece)
    return b"".join(pieces)


# -- text and trees -------------------------------------------------------------------------------


def parsed(member: Member) -> Parsed:
    """The tree of a KML, mended where people and mail programs commonly break it.

    Raises
    ------
    InputError
        A document type, XML that cannot be read even then (with line and cause), text that is cut
        off, nesting deeper than 100, a root that is not KML.
    """
    text, mended = _decoded(member.content)
    _refuse_doctype(text, member.name)
    try:
        root = _tree(text)
    except etree.XMLSyntaxError:
        root = None
    if root is None or local(root) not in _ROOTS:
        text, notes = _repaired(text, member.name)
        mended += notes
        _refuse_doctype(text, member.name)
        try:
            root = _tree(text)
        except etree.XMLSyntaxError as error:
            raise InputError(_broken(member.name, text, error)) from None
    refuse_odd(root, member.name)
    return Parsed(member.name, root, tuple(mended))


def _tree(text: str) -> etree._Element:
    parser = etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    return etree.fromstring(text.encode("utf-8", "replace"), parser)


def strict_tree(content: bytes) -> etree._Element:
    """The tree as a program that mends nothing would read it.

    Raises
    ------
    lxml.etree.XMLSyntaxError
        The text is not well-formed.
    """
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False
    )
    return etree.fromstring(content, parser)


def has_doctype(content: bytes) -> bool:
    """Whether the text declares a document type before its root."""
    return _PROLOG.match(_decoded(content)[0]) is not None


def _refuse_doctype(text: str, name: str) -> None:
    if _PROLOG.match(text):
        raise InputError(
            f"{name} is refused: it declares a document type (<!DOCTYPE …>), which can hide an "
            "attack and which no KML needs. Open it in Google Earth and save it again."
        )


def refuse_odd(root: etree._Element, name: str) -> None:
    """Refuse a tree that is no KML, has a document type, or is nested too deep."""
    if getattr(root.getroottree().docinfo, "doctype", ""):
        raise InputError(f"{name} is refused: it declares a document type.")
    kind = local(root)
    if kind not in _ROOTS:
        raise InputError(
            f"{name} is not KML: its outermost element is <{clean_name(kind)}>, <kml> is expected."
        )
    if root.xpath("/*" + "/*" * MAX_DEPTH):
        raise InputError(
            f"{name} is refused: its elements are nested deeper than {MAX_DEPTH}. "
            "Move the units into one folder and save that."
        )


def local(element: etree._Element) -> str:
    """The name of an element without its namespace; empty for comments."""
    tag = element.tag
    return _bare(tag) if isinstance(tag, str) else ""


@lru_cache(maxsize=1024)
def _bare(tag: str) -> str:
    return tag.rpartition("}")[2]


def text_of(element: etree._Element) -> str:
    """All the text in an element."""
    if len(element) == 0:
        return element.text or ""
    return "".join(map(str, element.itertext()))


def line_of(element: etree._Element) -> int:
    """The line of the file on which an element begins; 0 where it is not known."""
    return int(getattr(element, "sourceline", 0) or 0)


def _decoded(content: bytes) -> tuple[str, list[str]]:
    """The text of a file, by its byte order mark, its declaration, or its bytes."""
    for mark, codec in (
        (b"\xef\xbb\xbf", "utf-8"),
        (b"\xff\xfe", "utf-16-le"),
        (b"\xfe\xff", "utf-16-be"),
    ):
        if content.startswith(mark):
            return _by_codec(content[len(mark) :], codec)
    if content[:4] in (b"<\x00?\x00", b"<\x00k\x00"):
        return _by_codec(content, "utf-16-le")
    if content[:4] in (b"\x00<\x00?", b"\x00<\x00k"):
        return _by_codec(content, "utf-16-be")
    declared = _DECLARED.search(content[:400])
    return _by_codec(content, declared.group(1).decode("ascii") if declared else "utf-8")


def _by_codec(content: bytes, codec: str) -> tuple[str, list[str]]:
    try:
        return content.decode(codec), []
    except LookupError:
        text, notes = _by_codec(content, "utf-8")
        return text, [f"the encoding '{codec}' is unknown: it was read as UTF-8", *notes]
    except ValueError:
        return _guessed(content)


def _guessed(content: bytes) -> tuple[str, list[str]]:
    """Bytes that are not what they claim: Windows-1251, or UTF-8 with a few broken characters."""
    text = content.decode("utf-8", "replace")
    broken = text.count("\ufffd")
    sound = sum(1 for c in text if ord(c) > 127) - broken
    if broken > sound:
        note = "its bytes are not the encoding it declares: they were read as Windows-1251"
        return content.decode("cp1251", "replace"), [note]
    return text, [f"{broken} broken characters were replaced by '\ufffd'"]


def _repaired(text: str, name: str) -> tuple[str, list[str]]:
    """The text without what commonly keeps KML from being read, and what was done to it."""
    if _CONFLICT.search(text):
        raise InputError(
            f"{name} holds version-control conflict markers (<<<<<<<, >>>>>>>). "
            "Choose one of the two versions and save it again."
        )
    notes = []
    for repair, note in (
        (_without_mail, "the KML was cut out of the text around it"),
        (_without_controls, "control characters were taken out"),
        (_with_ampersands, "bare '&' signs and HTML entities were mended"),
        (_with_prefixes, "missing namespace declarations were added"),
    ):
        mended = repair(text)
        if mended != text:
            notes.append(note)
            text = mended
    return text, notes


def _without_mail(text: str) -> str:
    """The KML inside an e-mail: quoted, encoded or with a greeting around it."""
    if "<kml" not in text and "&lt;kml" in text:
        text = unescape(text)
    if re.search(r"""=3D["']""", text):
        text = decodestring(text.encode("utf-8")).decode("utf-8", "replace")
    if re.search(r"^> ?<", text, re.MULTILINE):
        text = re.sub(r"^> ?", "", text, flags=re.MULTILINE)
    start = re.search(r"<(?:\w+:)?kml[\s>]", text)
    if not start:
        return text
    ends = [match.end() for match in re.finditer(r"</(?:\w+:)?kml\s*>", text)]
    end = ends[-1] if ends else len(text)
    if _ONLY_PROLOG.fullmatch(text[: start.start()]) and not text[end:].strip():
        return text
    return text[start.start() : end]


def _without_controls(text: str) -> str:
    return _CONTROL_REFERENCE.sub("", _CONTROL.sub("", text))


def _with_ampersands(text: str) -> str:
    def mended(match: re.Match[str]) -> str:
        cdata, entity = match.groups()
        if cdata:
            return cdata
        character = unescape(f"&{entity}") if entity else ""
        return character if len(character) == 1 else f"&amp;{entity or ''}"

    return _CDATA_OR_AMPERSAND.sub(mended, text)


def _with_prefixes(text: str) -> str:
    used = set(_PREFIX.findall(text)) - set(_DECLARATION.findall(text)) - {"xml", "xmlns"}
    added = "".join(
        f' xmlns:{prefix}="{_NAMESPACES.get(prefix, "urn:undeclared:" + prefix)}"'
        for prefix in sorted(used)
    )
    return _ROOT_TAG.sub(lambda match: match.group(0) + added, text, count=1) if added else text


def _broken(name: str, text: str, error: etree.XMLSyntaxError) -> str:
    line = error.lineno or 1
    cause = clean_name(error.msg)
    if not _ROOT_TAG.search(text):
        return f"{name} is not KML: there is no <kml> in it. Save it from Google Earth as KMZ."
    if "depth" in cause.lower():
        return f"{name} is refused: its elements are nested too deep ({cause})."
    if "huge" in cause.lower() or "limit" in cause.lower():
        return f"{name} is refused: one text in it is longer than 10 MB ({cause})."
    if not re.search(r"</(?:\w+:)?(?:kml|Document|Folder|Placemark)\s*>\s*\Z", text):
        return (
            f"{name} is cut off at line {line}: its end is missing, so units may be missing too. "
            "Save it again and resend it."
        )
    return (
        f"{name} is not well-formed XML at line {line}: {cause}. "
        "Open it in Google Earth and save it again."
    )


def member_problem(error: InputError, name: str) -> Problem:
    """A member of an archive that could not be read, while others could."""
    return Problem("counted", "kml", name, "", str(error), "The other files in it were read.")
