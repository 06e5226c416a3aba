"""From the bytes of one KML to its tree, mended where people and mail programs commonly break it.

No document type is accepted, nothing that the text names is fetched, and what is too heavy to be
drawn in Google Earth is refused before a tree is made of it.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from html import unescape
from quopri import decodestring
from typing import Final

from lxml import etree

from cami_units.model import InputError, Note, bits_per_byte, clean_name, guessed_text, quoted

MAX_KML: Final = 32_000_000
"""Bytes of one KML, unpacked: three times what a whole pack may have."""
MAX_MENDED: Final = 12_000_000
"""Bytes of a KML that is mended: a broken file that is larger is refused as it stands."""
MAX_DEPTH: Final = 100
MAX_PLACEMARKS: Final = 12_000
"""A fifth more than Google Earth on the web imports: each takes about a tenth of a millisecond."""
MAX_TAGS: Final = 600_000
"""A dozen times those of the largest pack: each takes about 150 bytes."""
# Three shapes a placemark at the most placemarks that are read: parts of one are counted one by one.
MAX_SHAPES: Final = 40_000
MAX_FOLDERS: Final = 20_000
"""More than a folder for each placemark that is read."""
MAX_POINTS: Final = 1_000_000
"""Five times what a pack may hold."""
MAX_DOCTYPE: Final = 1_000_000
"""Letters before the root that are searched for a document type, where a text is not well-formed."""
# A start tag holds attributes and namespaces, never text: a few hundred letters are many.
_MAX_TAG: Final = 100_000
# Each ampersand is looked at when a broken text is saved, one after another.
_MAX_AMPERSANDS: Final = 100_000
_MAX_PREFIXES: Final = 50
# Each placemark of a broken text is parsed twice, by itself: twice the time of one in a sound text.
_MOST_ALONE: Final = 8_000

DAMAGED: Final = "{urn:cami-units:salvage}damaged"
"""On a placemark that could not be saved from a broken file: the key of the note that says why."""
SLIPS: Final = "{urn:cami-units:salvage}slips"
"""On a placemark that was saved: what had to be mended in it, "attribute", "words" or both."""

_ROOTS: Final = frozenset({"kml", "Document", "Folder", "Placemark"})
_ENCODINGS: Final = re.compile(
    r"(?:windows-|cp)(?:125[0-8]|866|936|949)|iso-8859-(?:[1-9]|1[0-6])|latin-?1|koi8-[ru]|"
    r"mac-cyrillic|gb2312|gbk|gb18030|big5(?:-hkscs)?|hz|shift_jis|euc-(?:jp|kr)|ptcp154|kz-1048"
)
"""Encodings that maps come in. Python knows others that hide markup (UTF-7) or take hours."""
_WIDE: Final = ("utf-16", "utf16", "utf-32", "utf32")
_DECLARED = re.compile(rb"""<\?xml[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9._\-]{1,40})["']""")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
_CONTROL_REFERENCE = re.compile(
    r"&#(?:x0*(?:[0-8bcef]|1[0-9a-f]|d[89a-f][0-9a-f]{2}|fff[ef])|0*(?:[0-8]|1[124-9]|2\d|3[01]));",
    re.IGNORECASE,
)
_BARE_AMPERSAND = re.compile(
    r"&(?!(?:amp|lt|gt|quot|apos|#\d{1,7}|#x[0-9A-Fa-f]{1,6});)([A-Za-z][A-Za-z0-9]{1,31};)?"
)
_PREFIX = re.compile(r"(?:</?|\s)([A-Za-z_][\w.\-]*):[A-Za-z_]")
_DECLARATION = re.compile(r"xmlns:([A-Za-z_][\w.\-]*)\s*=")
_ROOT_TAG = re.compile(r"<((?:[A-Za-z_][\w.\-]*:)?(?:kml|Document|Folder|Placemark))\b")
_GPX_ROOT = re.compile(r"<(?:\w{1,20}:)?gpx\b")
_GPX_FEATURE = re.compile(r"<(?:\w{1,20}:)?(?:trk|rte|wpt)(?=[\s>/])")
_CONFLICT = re.compile(r"^(?:<{7}|>{7})(?:\s|$)", re.MULTILINE)
_PLACEMARK = re.compile(r"<((?:[A-Za-z_][\w.\-]*:)?Placemark)(?=[\s>/])")
_SECOND_ROOT = re.compile(r"extra content|declaration allowed only", re.IGNORECASE)
_SIMPLE_NAME = re.compile(r"<((?:[A-Za-z_][\w.\-]*:)?name)>[^<>&]{0,300}</\1>")
_TYPED = re.compile(
    r"<((?:\w{1,20}:)?(?:name|description|value|SimpleData|[sS]nippet|address|phoneNumber))"
    r"(?:\s[^<>]*)?(?<!/)>"
)
_ATTRIBUTE = re.compile(
    r"""([A-Za-z_:][\w:.\-]{0,60})\s{0,9}=\s{0,9}("[^"<>]*"|'[^'<>]*'|[^\s"'<>/=]+)"""
)
_TAG_WITH_ATTRIBUTES = re.compile(r"<([A-Za-z_][\w:.\-]{0,60})(\s[^<>]*)>")
_LONG_TAG = re.compile(rb"<[^<>!][^<>]{%d}" % _MAX_TAG)
_QUOTED = re.compile(r"^[ \t]{0,8}(?:>[ \t]?){1,20}", re.MULTILINE)
_CURLY = re.compile(r"""(=\s*)[“”„‟″«»]([^<>"“”„‟″«»]{0,2000})[“”„‟″«»]""")
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
class Parsed:
    """The tree of one KML, and what had to be mended before it could be read.

    `whole`: nothing was missing. Of a tree that is not whole the broken placemarks carry
    :data:`DAMAGED`, and `beyond` counts those of which not even the place is known.
    """

    name: str
    root: etree._Element
    notes: tuple[Note, ...] = ()
    whole: bool = True
    beyond: int = 0


def parsed(member: Member) -> Parsed:
    """The tree of a KML, mended where people and mail programs commonly break it.

    Of a text that is cut off, or broken in places, the placemarks that are whole are saved.

    Raises
    ------
    InputError
        A document type, text of which nothing can be saved (with line and cause), nesting deeper
        than 100, a root that is not KML, more than Google Earth could draw.
    """
    try:
        content, notes = _utf8(member.content)
    except InputError as error:
        raise InputError.of("refused because", file=member.name, why=error.note) from None
    # Cheap tests of the text before the tree is built: a tree of a million tags takes 150 MB.
    _refuse_web_page(content, member.name)
    _refuse_doctype(content, member.name)
    _refuse_heavy(content, member.name)
    try:
        root = _tree(content)
    except etree.XMLSyntaxError as error:
        _refuse_limits(member.name, error)
        root = None
    if root is not None and local(root) == "gpx":
        return Parsed(member.name, kml_of_gpx(root), (*notes, Note("gpx", level="note")))
    # Well-formed and KML. Anything else is mended first, and only then refused.
    if root is not None and local(root) in _ROOTS:
        refuse_odd(root, member.name)
        return Parsed(member.name, _typed_as_placemarks(root), tuple(notes))
    return _parsed_mended(content, member.name, notes)


def _parsed_mended(content: bytes, name: str, notes: list[Note]) -> Parsed:
    """The tree of a text that is not well-formed, mended whole or saved placemark by placemark."""
    if len(content) > MAX_MENDED:
        raise InputError.of("too large to mend", file=name, mb=len(content) / 1e6)
    text, guesses = _guessed(content)
    if _GPX_ROOT.search(text[:MAX_DOCTYPE]) and not _ROOT_TAG.search(text):
        return _parsed_gpx(text, name, [*notes, *(note for note in guesses if note not in notes)])
    text, repairs = _repaired(text, name)
    notes = [*notes, *(note for note in (*guesses, *repairs) if note not in notes)]
    content = text.encode("utf-8", "replace")
    _refuse_doctype(content, name)
    _refuse_heavy(content, name)
    try:
        root = _tree(content)
    except etree.XMLSyntaxError as error:
        _refuse_limits(name, error)
        # Anything else is saved placemark by placemark: to put a broken text under a root mends
        # nothing.
        if not _SECOND_ROOT.search(str(error.msg)):
            return _salvaged(text, name, notes, error)
        return _parsed_joint(_under_one_root(text), name, notes)
    refuse_odd(root, name)
    return Parsed(name, _typed_as_placemarks(root), tuple(notes))


def _typed_as_placemarks(root: etree._Element) -> etree._Element:
    """The tree with placemarks of types of its own as plain ones, their fields as data.

    KML 2.0 and 2.1 let a schema derive one: ``<Schema name="S_units" parent="Placemark">``, then
    ``<S_units>`` in place of ``<Placemark>``. Google Earth 4 and programs of that time wrote so.
    """
    fields_of: dict[str, set[str]] = {}
    for schema in root.iter("{*}Schema"):
        parts = {local(child): text_of(child).strip() for child in schema}
        name = schema.get("name") or parts.get("name", "")
        if (schema.get("parent") or parts.get("parent")) == "Placemark" and name not in _ROOTS:
            simple = (child for child in schema if local(child) == "SimpleField")
            fields_of[name] = {child.get("name", "") for child in simple} - _OF_ANY_PLACEMARK
    if not fields_of:
        return root
    for element in list(root.iter(etree.Element)):
        if local(element) not in fields_of:
            continue
        fields, space = fields_of[local(element)], etree.QName(element).namespace
        element.tag = str(etree.QName(space, "Placemark"))
        data = etree.SubElement(element, etree.QName(space, "ExtendedData"))
        for child in [one for one in element if local(one) in fields]:
            entry = etree.SubElement(data, etree.QName(space, "Data"), name=local(child))
            etree.SubElement(entry, etree.QName(space, "value")).text = text_of(child)
            element.remove(child)
    return root


_OF_ANY_PLACEMARK: Final = frozenset({"name", "description", "Polygon", "Point", "LineString"})
"""What a placemark has whatever its type: a field of such a name is no data."""


def _parsed_gpx(text: str, name: str, notes: list[Note]) -> Parsed:
    """The tree of a GPX that is not well-formed: of a GPS that ran out of power, most often."""
    for repair, note in (
        (_without_controls, "control characters"),
        (_with_ampersands, "ampersands"),
    ):
        if text.count("&") <= _MAX_AMPERSANDS and (repaired := repair(text)) != text:
            notes.append(Note(note))
            text = repaired
    content = text.encode("utf-8", "replace")
    # The refusals once more: out of a mail or an encoded page comes a text that nobody has looked
    # at yet.
    _refuse_doctype(content, name)
    is_gpx = Note("gpx", level="note")
    try:
        return Parsed(name, kml_of_gpx(_tree(content)), (*notes, is_gpx))
    except etree.XMLSyntaxError as error:
        _refuse_limits(name, error)
        fault = error
    root = _tree(content, recover=True)
    tree = None if root is None or local(root) != "gpx" else kml_of_gpx(root)
    if tree is None or not len(tree[0]):
        raise _broken(name, text, fault)
    begun = len(_GPX_FEATURE.findall(text))
    facts = {"line": fault.lineno or 1, "read": len(tree[0]), "count": begun}
    is_cut = not re.search(r"</(?:\w{1,20}:)?gpx\s*>\s*\Z", text[-2_000:])
    cause = quoted(clean_name(fault.msg)[:150])
    loss = Note("cut off", facts) if is_cut else Note("not well-formed", facts | {"cause": cause})
    beyond = max(begun - len(tree[0]), 0)
    return Parsed(name, tree, (*notes, is_gpx, loss), whole=False, beyond=beyond)


def _parsed_joint(text: str, name: str, notes: list[Note]) -> Parsed:
    """The tree of several documents under one root, saved placemark by placemark if need be."""
    try:
        root = _tree(text.encode("utf-8", "replace"))
    except etree.XMLSyntaxError as error:
        _refuse_limits(name, error)
        return _salvaged(text, name, notes, error)
    refuse_odd(root, name)
    count = sum(local(child) in _ROOTS for child in root)
    return Parsed(name, root, (*notes, Note("several documents", {"count": count})))


def _tree(content: bytes, *, recover: bool = False) -> etree._Element:
    """Parse without entities, network, document types or comments."""
    parser = etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
        recover=recover,
    )
    return etree.fromstring(content, parser)


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


# -- refusals -------------------------------------------------------------------------------------


def has_doctype(content: bytes) -> bool:
    """Whether the text declares a document type before its root, or might hide one."""
    try:
        return _declares_type(_utf8(content)[0])
    except InputError:
        return True


def _declares_type(content: bytes) -> bool:
    """Whether ``<!DOCTYPE`` follows the declaration and comments, read without looking back."""
    place = 0
    while True:
        while content[place : place + 1].isspace():
            place += 1
        for opening, closing in ((b"<?", b"?>"), (b"<!--", b"-->")):
            if content.startswith(opening, place):
                if (end := content.find(closing, place + len(opening))) < 0:
                    return False
                place = end + len(closing)
                break
        else:
            # "<!DOCTYPE" has nine letters, in capitals or not.
            return content[place : place + 9].upper() == b"<!DOCTYPE"


def _refuse_web_page(content: bytes, name: str) -> None:
    """Refuse a page of the web that came in place of the map, in words that say so.

    A mail program's page that shows a KML as text is none: that KML is cut out of it.
    """
    head = content[:2_000].lstrip().lower()
    is_page = head.startswith((b"<!doctype html", b"<html")) or b"<head>" in head
    if is_page and not re.search(
        rb"(?:<|&lt;)(?:\w{1,20}:)?(?:kml|placemark)\b", content, re.IGNORECASE
    ):
        raise InputError.of("web page", file=name)


def _refuse_doctype(content: bytes, name: str) -> None:
    """Refuse a text that declares a document type."""
    if _declares_type(content):
        raise InputError.of("document type", file=name)


def _refuse_heavy(content: bytes, name: str) -> None:
    """Refuse what would take memory and minutes, by counting in the text: no tree is made yet."""
    if len(content) > MAX_KML:
        raise too_large(name, len(content), MAX_KML)
    limit = content.count(b"Placemark")
    counts = (
        (_placemarks(content) if limit > MAX_PLACEMARKS else 0, MAX_PLACEMARKS, "placemarks"),
        (content.count(b"<"), MAX_TAGS, "tags"),
        (content.count(b"<Folder") + content.count(b"<Document"), MAX_FOLDERS, "folders"),
        (content.count(b"/coordinates"), MAX_SHAPES, "shapes"),
        # A point has one comma or two; the words of descriptions have some as well.
        (content.count(b",") // 2, MAX_POINTS, "coordinates"),
    )
    for count, limit, what in counts:
        if count > limit:
            facts = {"most": float(limit), "count": float(count), "what": Note(f"too many {what}")}
            raise InputError.of("heavy file", file=name, **facts)
    if _LONG_TAG.search(content):
        raise InputError.of("long tag", file=name, most=_MAX_TAG)


def _placemarks(content: bytes) -> int:
    return sum(1 for _ in re.finditer(rb"<(?:[\w.\-]{1,40}:)?Placemark[\s/>]", content))


def placemarks_in(content: bytes) -> int:
    """How many placemarks a text seems to begin: counted in its letters, whatever state it is in."""
    with suppress(InputError):
        return _placemarks(_utf8(content)[0])
    return 0


def too_large(name: str, size: int, most_bytes: int) -> InputError:
    """The refusal of a file that is over a limit."""
    return InputError.of("file too large", file=name, mb=size / 1e6, most=most_bytes / 1e6)


def _refuse_limits(name: str, error: etree.XMLSyntaxError) -> None:
    """Refuse at once what breaks the limits of the parser: there is nothing to mend in it."""
    cause = clean_name(error.msg)
    if "depth" in cause.lower():
        raise InputError.of("nested too deep", file=name, cause=quoted(cause)) from None
    if re.search(r"huge|limit|too (?:long|big)", cause, re.IGNORECASE):
        raise InputError.of("long text", file=name, cause=quoted(cause)) from None


def refuse_odd(root: etree._Element, name: str) -> None:
    """Refuse a tree that is no KML, has a document type, or is nested too deep."""
    if getattr(root.getroottree().docinfo, "doctype", ""):
        raise InputError.of("document type declared", file=name)
    if (kind := local(root)) not in _ROOTS:
        raise InputError.of("other root", file=name, element=clean_name(kind)[:80])
    if root.xpath("/*" + "/*" * MAX_DEPTH):
        raise InputError.of("nested deeper", file=name, most=MAX_DEPTH)


# -- elements -------------------------------------------------------------------------------------


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


# -- encodings ------------------------------------------------------------------------------------


def _utf8(content: bytes) -> tuple[bytes, list[Note]]:
    """The bytes as UTF-8, by their mark, their declaration, or their look; and what was assumed."""
    for mark, codec in (
        (b"\xef\xbb\xbf", ""),
        (b"\xff\xfe\x00\x00", "utf-32-le"),
        (b"\x00\x00\xfe\xff", "utf-32-be"),
        (b"\xff\xfe", "utf-16-le"),
        (b"\xfe\xff", "utf-16-be"),
    ):
        if content.startswith(mark):
            rest = content[len(mark) :]
            return _from(rest, codec) if codec else (rest, [])
    # No mark, but the first letter shows it: a KML begins with "<", which is two bytes here.
    if content[1:2] == b"\x00" and content[:1] == b"<":
        return _from(content, "utf-16-le")
    if content[:2] == b"\x00<":
        return _from(content, "utf-16-be")
    declared = _DECLARED.search(content[:400])
    codec = declared.group(1).decode("ascii").lower() if declared else "utf-8"
    if codec in ("utf-8", "utf8", "us-ascii", "ascii"):
        return content, []
    if "utf-7" in codec or "utf7" in codec:
        raise InputError.of("UTF-7")
    if codec.startswith(_WIDE):
        return content, [Note("encoding", {"declared": codec.upper(), "encoding": "UTF-8"})]
    if not _ENCODINGS.fullmatch(codec):
        return content, [Note("encoding unknown", {"declared": codec})]
    return _from(content, codec)


def _from(content: bytes, codec: str) -> tuple[bytes, list[Note]]:
    """Bytes in a declared encoding as UTF-8; what they say themselves is believed more."""
    if codec.startswith(_WIDE):
        return content.decode(codec, "replace").encode("utf-8", "replace"), []
    if content.isascii():
        return content, []
    try:
        # Text of another encoding is hardly ever UTF-8 by chance: the label is older than the file.
        content.decode("utf-8")
        return content, [Note("encoding", {"declared": codec, "encoding": "UTF-8"})]
    except UnicodeDecodeError:
        pass
    try:
        text = content.decode(codec)
    except LookupError:
        return content, [Note("encoding unknown", {"declared": codec})]
    except ValueError:
        text, notes = _guessed(content, codec)
        return text.encode("utf-8", "replace"), notes
    guess = guessed_text(content)
    # Nearly every byte is a letter in these encodings, so that nothing fails: only unlikely words
    # show a wrong one.
    if bits_per_byte(content, codec) - bits_per_byte(content, guess.encoding) > _FAR_LIKELIER:
        return _of_guess(content, codec)[0].encode("utf-8", "replace"), _of_guess(content, codec)[1]
    return text.encode("utf-8", "replace"), []


_FAR_LIKELIER: Final = 2.5
"""Bits a byte by which another encoding must be the better one for a declared one to be overruled."""


def _guessed(content: bytes, declared: str = "UTF-8") -> tuple[str, list[Note]]:
    """Bytes that are not what they claim: UTF-8 with a few broken characters, or another encoding."""
    try:
        return content.decode("utf-8"), []
    except UnicodeDecodeError:
        text = content.decode("utf-8", "replace")
    broken = text.count("\ufffd")
    sound = len(re.findall("[^\x00-\x7f]", text)) - broken
    # A few broken letters in sound ones are damage; mostly broken ones are another encoding.
    if broken > sound:
        return _of_guess(content, declared)
    return text, [Note("broken characters", {"count": broken})]


def _of_guess(content: bytes, declared: str) -> tuple[str, list[Note]]:
    """Bytes in the likeliest encoding; where another is nearly as likely, the words in both."""
    guess = guessed_text(content)
    facts: dict[str, object] = {"declared": declared, "encoding": guess.encoding}
    if not guess.other:
        return guess.text, [Note("encoding", facts)]
    names = [
        _first_words(content.decode(encoding, "replace"))
        for encoding in (guess.encoding, guess.other)
    ]
    facts |= {"other": guess.other, "words": names[0], "other_words": names[1]}
    return guess.text, [Note("encoding in doubt", facts)]


def _first_words(text: str) -> list[str]:
    """The first few words of a text that are not ASCII, to be looked at by somebody who reads them."""
    words = re.findall(r"[^\W\d_]*[^\x00-\x7f][^\W\d_]*", text[:1_000_000])
    return [clean_name(word)[:40] for word in dict.fromkeys(words[:1_000])][:3]


# -- mending --------------------------------------------------------------------------------------


def _repaired(text: str, name: str) -> tuple[str, list[Note]]:
    """The text without what commonly keeps KML from being read, and what was done to it."""
    if _CONFLICT.search(text):
        raise InputError.of("conflict markers", file=name)
    if text.count("&") > _MAX_AMPERSANDS:
        raise InputError.of("too many ampersands", file=name, most=_MAX_AMPERSANDS)
    root = _ROOT_TAG.search(text)
    head = text[: root.start() if root else None][:MAX_DOCTYPE].upper()
    if "<!DOCTYPE" in head or "<!ENTITY" in head:
        raise InputError.of("document type", file=name)
    notes = []
    for repair, note in (
        (_without_mail, "cut out of a mail"),
        (_without_controls, "control characters"),
        (_with_ampersands, "ampersands"),
        (_with_quotes, "quotation marks"),
        (_with_prefixes, "namespace declarations"),
    ):
        if (repaired := repair(text)) != text:
            notes.append(Note(note))
            text = repaired
    if not (root := _ROOT_TAG.search(text)):
        raise InputError.of("without KML", file=name)
    # A declaration after an empty line is one line too late: it says nothing more, and goes.
    before = text[: root.start()]
    if _is_prolog(before):
        text = "\n" * before.count("\n") + text[root.start() :]
    return text, notes


def _without_mail(text: str) -> str:
    """The KML inside an e-mail: quoted, encoded or with a greeting around it."""
    if not re.search(r"<(?:\w+:)?kml[\s>]", text) and "&lt;" in text:
        # Shown in a page: its own tags are text, and the tags that are there are the page's.
        text = unescape(re.sub(r"<[^<>]*>", "\n", text))
    if re.search(r"""=3D["']""", text):
        text = decodestring(text.encode("utf-8")).decode("utf-8", "replace")
    if re.search(r"^[ \t]{0,8}(?:>[ \t]?){1,20}<", text, re.MULTILINE):
        text = _QUOTED.sub("", text)
    if not (start := re.search(r"<(?:\w+:)?kml[\s>]", text)):
        return text
    ends = [match.end() for match in re.finditer(r"</(?:\w+:)?kml\s*>", text)]
    end = ends[-1] if ends else len(text)
    if _is_prolog(text[: start.start()]) and not text[end:].strip():
        return text
    return text[start.start() : end]


def _under_one_root(text: str) -> str:
    """Whole documents that stand one after the other in a text, put under one root.

    Somebody has pasted them together, or a program has appended to its file.
    """
    # A declaration may only stand at the very beginning of a text.
    bare = re.sub(r"<\?xml[^<>]{0,200}\?>", "", text)
    return f'<kml xmlns="{_NAMESPACES["kml"]}">{bare}</kml>'


def _is_prolog(text: str) -> bool:
    """Whether nothing but declarations, instructions and comments stands before the root."""
    rest = text.strip()
    while rest:
        opening, closing = ("<?", "?>") if rest.startswith("<?") else ("<!--", "-->")
        if not rest.startswith(opening) or closing not in rest:
            return False
        rest = rest.partition(closing)[2].lstrip()
    return True


def _without_controls(text: str) -> str:
    return _CONTROL_REFERENCE.sub("", _CONTROL.sub("", text))


def _with_ampersands(text: str) -> str:
    """Text whose bare ampersands are written as XML wants them."""

    def mended(match: re.Match[str]) -> str:
        entity = match[1]
        character = unescape(f"&{entity}") if entity else ""
        return character if len(character) == 1 else f"&amp;{entity or ''}"

    return "".join(
        piece if literal else _BARE_AMPERSAND.sub(mended, piece)
        for piece, literal in _around_cdata(text)
    )


def _around_cdata(text: str) -> Iterator[tuple[str, bool]]:
    """The text in pieces, and whether each is a CDATA section, which is left as it is."""
    place = 0
    while (start := text.find("<![CDATA[", place)) >= 0:
        if (end := text.find("]]>", start)) < 0:
            break
        yield text[place:start], False
        yield text[start : end + 3], True
        place = end + 3
    yield text[place:], False


def _with_quotes(text: str) -> str:
    return _CURLY.sub(r'\1"\2"', text)


def _with_prefixes(text: str) -> str:
    """Text whose root declares the prefixes that it uses."""
    used_prefixes = set(_PREFIX.findall(text)) - set(_DECLARATION.findall(text)) - {"xml", "xmlns"}
    if len(used_prefixes) > _MAX_PREFIXES:
        return text
    added = "".join(
        f' xmlns:{prefix}="{_NAMESPACES.get(prefix, "urn:undeclared:" + prefix)}"'
        for prefix in sorted(used_prefixes)
    )
    return _ROOT_TAG.sub(lambda match: match.group(0) + added, text, count=1) if added else text


# -- saving what is whole -------------------------------------------------------------------------


def _salvaged(text: str, name: str, notes: list[Note], error: etree.XMLSyntaxError) -> Parsed:
    """The placemarks of a broken text that are whole, each in its folder; the others marked.

    Every ``<Placemark>…</Placemark>`` is cut out and read by itself, a slip in its words or
    attributes mended. What is left of the text, the folders, is read as far as it goes; whole
    placemarks go back to their places.
    """
    # First: a placemark that somebody has commented out is withdrawn, and must not be cut out as
    # whole.
    text = _without_comments(text)
    pieces = list(_cut_out(text))
    sound: dict[str, etree._Element] = {}
    frame: list[str] = []
    declared = _declarations(text)
    for number, (before, tag, mark) in enumerate(pieces):
        frame.append(before)
        if tag:
            element = _alone(mark, declared) if number < _MOST_ALONE else None
            if element is not None:
                sound[str(number)] = element
            frame.append(_stub(tag, mark, number))
    folders = "".join(frame).encode("utf-8", "replace")
    root = _tree(folders, recover=True)
    begun = sum(
        len(_PLACEMARK.findall(piece)) for piece, is_text in _around_cdata(text) if not is_text
    )
    if root is None or local(root) not in _ROOTS or not begun:
        raise _broken(name, text, error)
    refuse_odd(root, name)
    beyond = _put_all_back(root, sound, begun)
    if not (saved := sum(1 for mark in root.iter(etree.Element) if _is_sound(mark))):
        raise _broken(name, text, error)
    facts = {"line": error.lineno or 1, "read": saved, "count": begun}
    if _is_cut(text):
        note = Note("cut off", facts)
    elif saved == begun and _is_well_formed(folders):
        # Slips in words and attributes, all of them mended: nothing is missing.
        return Parsed(name, root, tuple(notes))
    else:
        note = Note("not well-formed", facts | {"cause": quoted(clean_name(error.msg)[:150])})
    return Parsed(name, root, (*notes, note), whole=False, beyond=beyond)


def _stub(tag: str, mark: str, number: int) -> str:
    """What stands for a placemark while the folders are read: its name, and as many lines."""
    named = _SIMPLE_NAME.search(mark)
    title = named[0] if named else ""
    lines = "\n" * (mark.count("\n") - title.count("\n"))
    return f'<{tag} salvage="{number}">{title}{lines}</{tag}>'


def _is_well_formed(content: bytes) -> bool:
    """Whether a text could be read without any mending."""
    with suppress(etree.XMLSyntaxError):
        _tree(content)
        return True
    return False


def _put_all_back(root: etree._Element, sound: dict[str, etree._Element], begun: int) -> int:
    """Whole placemarks to their places; how many were begun whose places are lost."""
    stubs = [element for element in root.iter(etree.Element) if local(element) == "Placemark"]
    for stub in stubs[begun:]:
        # A tag that is itself cut off: the parser has made an element of "<Placemark".
        if (outer := stub.getparent()) is not None:
            outer.remove(stub)
    for stub in stubs[:begun]:
        _put_back(stub, sound)
    return max(begun - len(stubs), 0)


def _cut_out(text: str) -> Iterator[tuple[str, str, str]]:
    """Text before each placemark that ends, its tag, and the placemark; last the text that is left.

    A placemark that a description shows as text, in a CDATA section, is none.
    """
    place = 0
    hidden = _spans(text, "<![CDATA[", "]]>")
    starts = [start for start in _PLACEMARK.finditer(text) if not _is_within(start.start(), hidden)]
    for number, start in enumerate(starts):
        limit = starts[number + 1].start() if number + 1 < len(starts) else len(text)
        closing = f"</{start[1]}>"
        end = text.find(closing, start.end(), limit)
        while end >= 0 and _is_within(end, hidden):
            end = text.find(closing, end + 1, limit)
        if end >= 0:
            stop = end + len(closing)
            yield text[place : start.start()], start[1], text[start.start() : stop]
            place = stop
    yield text[place:], "", ""


def _spans(text: str, opening: str, closing: str) -> list[tuple[int, int]]:
    """Where sections begin and end, in order; found without ever looking back."""
    spans = []
    place = 0
    while (start := text.find(opening, place)) >= 0:
        if (end := text.find(closing, start + len(opening))) < 0:
            break
        place = end + len(closing)
        spans.append((start, place))
    return spans


def _without_comments(text: str) -> str:
    """The text without its comments, on the same lines: what one holds is withdrawn, not broken."""
    cdata_spans = _spans(text, "<![CDATA[", "]]>")
    pieces = []
    place = 0
    for start, end in _spans(text, "<!--", "-->"):
        if not _is_within(start, cdata_spans):
            pieces += [text[place:start], "\n" * text.count("\n", start, end)]
            place = end
    return "".join([*pieces, text[place:]])


def _is_within(place: int, spans: list[tuple[int, int]]) -> bool:
    """Whether a place lies in one of these spans, which are in order."""
    number = bisect_right(spans, (place, len(spans) and spans[-1][1]))
    return number > 0 and spans[number - 1][0] <= place < spans[number - 1][1]


def _declarations(text: str) -> str:
    """The namespace declarations of a text, each prefix once, for a piece that is read by itself."""
    namespaces = dict(
        re.findall(r"""\sxmlns:([A-Za-z_][\w.\-]*)\s*=\s*["']([^"'<>&]{0,200})["']""", text)
    )
    default_namespace = re.search(r"""\sxmlns\s*=\s*["']([^"'<>&]{0,200})["']""", text)
    default = f' xmlns="{default_namespace[1]}"' if default_namespace else ""
    return default + "".join(
        f' xmlns:{key}="{value}"' for key, value in sorted(namespaces.items())[:50]
    )


def _alone(mark: str, declared: str) -> etree._Element | None:
    """A placemark read by itself, a slip in it mended; ``None`` where it is broken."""
    with suppress(etree.XMLSyntaxError, IndexError):
        return _tree(f"<salvage{declared}>{mark}</salvage>".encode("utf-8", "replace"))[0]
    slips = []
    for slip, repair in (("attribute", _with_whole_attributes), ("words", _with_words_escaped)):
        if (repaired := repair(mark)) != mark:
            slips.append(slip)
            mark = repaired
    if not slips:
        return None
    try:
        element = _tree(f"<salvage{declared}>{mark}</salvage>".encode("utf-8", "replace"))[0]
    except (etree.XMLSyntaxError, IndexError):
        return None
    element.set(SLIPS, " ".join(slips))
    return element


def _with_words_escaped(mark: str) -> str:
    """A placemark whose name, description and values are text, whatever tags were typed into them."""
    pieces = []
    place = 0
    endless: set[str] = set()
    for opening in _TYPED.finditer(mark):
        if opening.start() < place or opening[1] in endless:
            continue
        if (end := mark.find(f"</{opening[1]}", opening.end())) < 0:
            endless.add(opening[1])
            continue
        words = mark[opening.end() : end]
        if "<" in words and not words.lstrip().startswith("<![CDATA["):
            pieces += [mark[place : opening.end()], words.replace("<", "&lt;")]
            place = end
    return "".join([*pieces, mark[place:]])


def _with_whole_attributes(mark: str) -> str:
    """A placemark whose attributes have quotation marks and stand once in a tag."""

    def mended(match: re.Match[str]) -> str:
        """A tag with each attribute once, its value in quotes."""
        values: dict[str, str] = {}
        for name, value in _ATTRIBUTE.findall(match[2]):
            values.setdefault(name, value if value[:1] in "\"'" else f'"{value}"')
        attributes = "".join(f" {name}={value}" for name, value in values.items())
        return f"<{match[1]}{attributes}{'/' if match[2].rstrip().endswith('/') else ''}>"

    return "".join(
        piece if is_text else _TAG_WITH_ATTRIBUTES.sub(mended, piece)
        for piece, is_text in _around_cdata(mark)
    )


def _put_back(mark: etree._Element, sound: dict[str, etree._Element]) -> None:
    """The placemark that belongs in a place, or the mark of one that is broken."""
    element = sound.get(mark.get("salvage") or "")
    above = mark.getparent()
    if element is None or above is None:
        number = int(mark.get("salvage") or 0)
        mark.set(DAMAGED, "broken" if number < _MOST_ALONE else "too heavy")
        return
    element.tail = mark.tail
    # Read by itself it began at line 1: remarks name the line of the file.
    element.sourceline = line_of(mark)  # type: ignore[assignment]
    above.replace(mark, element)


def _is_sound(element: etree._Element) -> bool:
    return local(element) == "Placemark" and DAMAGED not in element.attrib


def _is_cut(text: str) -> bool:
    """Whether the outermost element does not end where the text does."""
    root = _ROOT_TAG.search(text)
    # The closing tag is at the very end; behind it only blanks and a comment may stand.
    return root is None or not re.search(rf"</{re.escape(root[1])}\s*>\s*\Z", text[-2_000:])


def _broken(name: str, text: str, error: etree.XMLSyntaxError) -> InputError:
    """The refusal of XML that is cut off, or not well formed."""
    facts = {"file": name, "line": error.lineno or 1}
    if _is_cut(text):
        return InputError.of("broken, cut off", **facts)
    cause = quoted(clean_name(error.msg)[:150])
    return InputError.of("broken, not well-formed", cause=cause, **facts)


# -- GPX ------------------------------------------------------------------------------------------


def kml_of_gpx(root: etree._Element) -> etree._Element:
    """What a GPS has written, as the KML that holds the same: tracks and routes as lines."""
    kml = etree.Element("kml")
    document = etree.SubElement(kml, "Document")
    for feature in root:
        if (kind := local(feature)) not in ("trk", "rte", "wpt"):
            continue
        placemark = etree.SubElement(document, "Placemark")
        placemark.sourceline = line_of(feature)  # type: ignore[assignment]
        for name, sources in (("name", ("name",)), ("description", ("desc", "cmt"))):
            if words := [text_of(child) for child in feature if local(child) in sources]:
                etree.SubElement(placemark, name).text = "\n".join(dict.fromkeys(words))
        if kind == "wpt":
            point = etree.SubElement(placemark, "Point")
            etree.SubElement(point, "coordinates").text = _of_gpx_point(feature)
            continue
        lines = [child for child in feature if local(child) == "trkseg"] or [feature]
        shapes = etree.SubElement(placemark, "MultiGeometry")
        for line in lines:
            points = [
                _of_gpx_point(child)
                for child in line
                if local(child) in ("trkpt", "rtept") and child.get("lon") and child.get("lat")
            ]
            shape = etree.SubElement(shapes, "LineString")
            etree.SubElement(shape, "coordinates").text = " ".join(points)
    return kml


def _of_gpx_point(point: etree._Element) -> str:
    return f"{(point.get('lon') or '').strip()},{(point.get('lat') or '').strip()}"
