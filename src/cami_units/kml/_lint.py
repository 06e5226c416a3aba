"""Is this KML fit for Google Earth? Every rule of the two profiles, for anybody's file."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from copy import deepcopy
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from posixpath import dirname, join, normpath
from typing import Any, Final, Literal, get_args
from urllib.parse import unquote

import numpy as np
import pandas as pd
from lxml import etree
from numpy.typing import NDArray

from cami_units import words
from cami_units.kml._containers import Source, content_of, source
from cami_units.kml._coordinates import (
    Effort,
    UnusableError,
    coordinates_text,
    has_three_points,
    out_of_range,
    points_of,
    polygon_notes,
)
from cami_units.kml._earth_files import (
    MAX_BYTES,
    MAX_FEATURES,
    MAX_UNIT_POLYGONS,
    MAX_UNIT_VERTICES,
    MAX_VERTICES,
)
from cami_units.kml._earth_tree import GX, KML
from cami_units.kml._escapes import NCNAME
from cami_units.kml._marks import Profile
from cami_units.kml._placemarks import folder_of
from cami_units.kml._xml import has_doctype, line_of, local, refuse_odd, strict_tree, text_of
from cami_units.model import InputError, Note, check_arguments, clean_name, clean_text, nearest

COLUMNS: Final = ("level", "rule", "placemark", "folder", "line", "what", "cure")
MAX_RING: Final = 30_000
MAX_WEB_VERTICES: Final = 250_000
MAX_LAYERS: Final = 6
MOST_OF_A_RULE: Final = 100
"""Findings of one rule that are listed; the others are counted."""

_WEB: Final = frozenset(
    {
        *("kml", "Document", "Folder", "Placemark", "name", "description", "open", "visibility"),
        *("LookAt", "longitude", "latitude", "altitude", "heading", "tilt", "range"),
        *("altitudeMode", "styleUrl", "Style", "StyleMap", "Pair", "key"),
        *("IconStyle", "Icon", "href", "hotSpot", "scale", "LabelStyle", "LineStyle", "color"),
        *("width", "PolyStyle", "fill", "outline", "BalloonStyle", "text"),
        *("ExtendedData", "Data", "value", "Point", "LineString", "Polygon"),
        *("outerBoundaryIs", "innerBoundaryIs", "LinearRing", "coordinates"),
        *("extrude", "tessellate"),
    }
)
"""The elements that Google Earth on the web is known to take."""
_WEB_OWN: Final = frozenset(["CascadingStyle"])
"""Elements that only Google Earth on the web writes, outside of any schema, and reads again."""
_WEB_ID: Final = re.compile("[0-9A-F]{20}")
"""An id that Google Earth on the web gives a placemark: no XML name where it begins with a digit."""
_SHAPE_FAULTS: Final = frozenset(
    {
        *("crossed itself", "holes outside", "rings swapped", "no area left", "flat outline"),
        *("holes take all", "speck", "specks"),
        *(
            "too tangled",
            "too many beside",
            "too heavy",
            "too many holes",
            "mask",
            "hole dropped",
            "no outer ring",
        ),
    }
)
"""Notes of the reader on a polygon that other programs would draw, measure or refuse otherwise."""
_FEATURES: Final = frozenset(
    ["Placemark", "NetworkLink", "GroundOverlay", "ScreenOverlay", "PhotoOverlay", "Tour"]
)
_COLOURS: Final = frozenset(["color", "bgColor", "textColor"])
_LINKS: Final = frozenset(["href", "targetHref", "sourceHref"])
_MARKUP: Final = frozenset(["description", "text", "value", "Snippet", "snippet"])

_COLOUR = re.compile(r"\s*[0-9a-fA-F]{8}\s*")
_SCHEME = re.compile(r"\s*([A-Za-z][A-Za-z0-9+.\-]*):")
_SCRIPT = re.compile(
    r"<\s*(?:script|iframe|object|embed|form|link|base)\b|<\s*meta\b[^<>]*\brefresh\b|<[^<>]*\son[a-z]+\s*=|javascript\s*:",
    re.IGNORECASE,
)
_REMOTE_SOURCE = re.compile(
    r"""(?:\bsrc\s*=\s*["']?|\burl\(\s*["']?)\s*(?:(?:https?|ftp|file):|//)""", re.IGNORECASE
)
_WEB_DECLARATION = re.compile(rb'<\?xml version="1\.0" encoding="UTF-8"\?>\r?\n', re.IGNORECASE)
_NAMESPACE = re.compile(r"\{[^}]*\}")


def lint_kml(
    path: str | Path | bytes,
    *,
    profile: Profile | None = None,
    name: str | None = None,
    lang: str = "en",
) -> pd.DataFrame:
    """What keeps a file from working in Google Earth, and what to do about it.

    Parameters
    ----------
    path : path or bytes
        Any KML or KMZ. Nothing that it names is fetched.
    profile : {"earth-pro", "earth-web"}, optional
        Google Earth Pro on the desktop, or Google Earth in a browser. ``None``: the browser for files
        that are called so ("…_web.kmz") or that it wrote itself, else the desktop.
    name : str, optional
        What to call the file. ``None``: its name without the folder.
    lang : str
        The language of ``what`` and ``cure``; levels and rules are codes and stay.

    Returns
    -------
    DataFrame
        One row a finding, errors first, then by line: ``level`` ("error", "warning"), ``rule``,
        ``placemark`` and ``folder`` (names), ``line`` (0: the file as a whole), ``what``,
        ``cure``. No rows: the file is fit. Past 100 findings of one rule the others are counted.
        ``attrs["profile"]`` says which profile it was held against.

    Raises
    ------
    InputError
        There is no such file, it is larger than 64 MB, or the profile is unknown.

    Notes
    -----
    Files that Google Earth itself saved do not follow the schema: check exports, not imports.

    Examples
    --------
    >>> import cami_units as cu
    >>> from pathlib import Path
    >>> cu.lint_kml(Path("nowhere.kml"))  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    cami_units.model.InputError: ...
    """
    check_arguments(lint_kml, locals())
    if profile is not None and profile not in get_args(Profile):
        hint = nearest(profile, get_args(Profile))
        raise InputError(f"Profile '{profile}' is unknown: earth-pro or earth-web.{hint}")
    content, called = content_of(path, name)
    findings = _Findings(lang)
    try:
        kml_source = source(content, called)
    except InputError as error:
        findings.say("error", "readable", error.note)
        return findings.table(profile or _meant_for(called, ()))
    profile = profile or _meant_for(called, (member.content for member in kml_source.members))
    _check_archive(kml_source, findings)
    size = len(content) if isinstance(content, bytes) else content.stat().st_size
    if size > MAX_BYTES:
        findings.say("warning", "bytes", Note("many bytes", {"count": size, "most": MAX_BYTES}))
    for member in kml_source.members:
        _check_member(member.content, member.name, kml_source, profile, findings)
    return findings.table(profile)


def _meant_for(called: str, contents: Iterable[bytes]) -> Profile:
    """The program that a file is for, by its name and by what only one of them writes."""
    is_called_so = re.fullmatch(r".*[\W_]web(?:[\W_]*\d+\W*)?\.km[lz]", called, re.IGNORECASE)
    is_of_web = is_called_so or any(b":CascadingStyle" in content for content in contents)
    return "earth-web" if is_of_web else "earth-pro"


class _Findings:
    """Findings under way, in a language; of one rule no more than can be read."""

    def __init__(self, lang: str) -> None:
        self.lang = lang
        self._rows: list[tuple[str, str, str, str, int, str, str]] = []
        self._counts: Counter[tuple[str, str]] = Counter()

    def say(
        self,
        level: Literal["error", "warning"],
        rule: str,
        what: Note,
        element: etree._Element | None = None,
        line: int = 0,
    ) -> None:
        """Note a finding, up to so many of each rule; the rest are counted."""
        self._counts[level, rule] += 1
        if self._counts[level, rule] > MOST_OF_A_RULE:
            return
        placemark, folder = ("", "") if element is None else _place(element)
        at = line or (0 if element is None else line_of(element))
        self._rows.append((level, rule, placemark, folder, at, *self._told(rule, what)))

    def _told(self, rule: str, what: Note) -> tuple[str, str]:
        """What was found and its cure, which hangs on the rule alone."""
        return words.said(what, self.lang), words.text(f"lint cure {rule}", self.lang)

    def table(self, profile: Profile) -> pd.DataFrame:
        """The findings as a table, errors first, then by line."""
        further_rows = [
            (
                *(level, rule, "", "", 0),
                *self._told(rule, Note("lint more", {"n": count - MOST_OF_A_RULE})),
            )
            for (level, rule), count in self._counts.items()
            if count > MOST_OF_A_RULE
        ]
        # Lines sort before "and … more" of the same rule by being in front already.
        rows = sorted(self._rows, key=lambda row: (row[0], row[4], row[1])) + sorted(further_rows)
        table = pd.DataFrame(rows, columns=list(COLUMNS)).astype({"line": "int64"})
        table.attrs["profile"] = profile
        return table


def _place(element: etree._Element) -> tuple[str, str]:
    """Name of the placemark that an element is in, and its folder."""
    for above in (element, *element.iterancestors()):
        if local(above) in _FEATURES:
            return _name(above), folder_of(above)
        if local(above) == "Folder":
            return "", folder_of(element)
    return "", ""


def _name(feature: etree._Element) -> str:
    return next((clean_name(text_of(child)) for child in feature if local(child) == "name"), "")


def _check_archive(archive: Source, findings: _Findings) -> None:
    """What is wrong with the archive itself: its order, its files."""
    if not archive.packed:
        return
    if archive.entries and archive.entries[0] != "doc.kml":
        first = {"name": clean_name(archive.entries[0])}
        findings.say("error", "doc-first", Note("lint begins otherwise", first))
    if len(archive.members) > 1:
        findings.say("warning", "several-kml", Note("members", {"count": len(archive.members)}))


def _check_member(
    content: bytes, name: str, archive: Source, profile: Profile, findings: _Findings
) -> None:
    """Everything that is wrong with one KML file."""
    if profile == "earth-web" and not _WEB_DECLARATION.match(content):
        findings.say("error", "declaration", Note("lint not declared"), line=1)
    # Before anything is parsed: entities of a document type could make a small file endless.
    if has_doctype(content):
        findings.say("error", "readable", Note("lint document type"), line=1)
        return
    try:
        root = strict_tree(content)
    except etree.XMLSyntaxError as error:
        findings.say("error", "well-formed", _quoted(error.msg), line=int(error.lineno or 0))
        return
    try:
        refuse_odd(root, name)
    except InputError as error:
        findings.say("error", "readable", error.note)
        return
    _check_schema(_without_own(root) if profile == "earth-web" else root, findings)
    members = frozenset(archive.entries) if archive.packed else None
    folder = dirname(name.partition("/")[2]) if archive.packed else ""
    _Checker(root, members, folder, profile, findings).check()


def _quoted(message: str | None) -> Note:
    """What the parser of XML says: its own words, in any language."""
    return Note("", {"text": clean_name(message)})


# -- schema ---------------------------------------------------------------------------------------


@cache
def kml_schema() -> etree.XMLSchema:
    """The OGC KML 2.2 schema with Google's additions, from the files that fastkml brings along."""
    package = find_spec("fastkml")
    if package is None or not package.submodule_search_locations:
        raise InputError("The package fastkml, which brings the KML schemas, is not installed.")
    folder = Path(package.submodule_search_locations[0]) / "schema"
    parser = etree.XMLParser(no_network=True)
    return etree.XMLSchema(etree.parse(str(folder / "kml22gx.xsd"), parser))


def _check_schema(root: etree._Element, findings: _Findings) -> None:
    """Hold a file against the schema of KML 2.2 with Google's extensions."""
    namespace = etree.QName(root).namespace
    if namespace != KML:
        what = Note("lint other namespace", {"name": clean_name(namespace)})
        findings.say("error", "namespace", what, line=line_of(root))
        return
    schema = kml_schema()
    tree = root.getroottree()
    # First whether, then what: the log of a valid file would be built for nothing.
    if schema.validate(tree):
        return
    faults: Any = schema.error_log
    for number, fault in enumerate(faults):
        element = _at(tree, fault.path) if number < MOST_OF_A_RULE else None
        what = _quoted(_NAMESPACE.sub("", fault.message))
        findings.say("error", "schema", what, element, line=fault.line)


def _without_own(root: etree._Element) -> etree._Element:
    """A file without what only Google Earth on the web writes, which its own schema does not know."""
    if not any(
        local(element) in _WEB_OWN or _WEB_ID.fullmatch(element.get("id", ""))
        for element in root.iter(etree.Element)
    ):
        return root
    plain = deepcopy(root)
    for element in [*plain.iter(etree.Element)]:
        if local(element) in _WEB_OWN and (above := element.getparent()) is not None:
            above.remove(element)
        elif _WEB_ID.fullmatch(element.get("id", "")):
            del element.attrib["id"]
    return plain


def _at(tree: etree._ElementTree, path: str | None) -> etree._Element | None:
    """The element that the schema complains of."""
    try:
        elements: Any = tree.xpath(path) if path else []
    except etree.XPathError:
        return None
    return elements[0] if elements else None


# -- one pass over the tree -----------------------------------------------------------------------


_AT_POLE: Final = re.compile(r",-?90(?:\.0*)?(?:,|$)")
"""A vertex on a pole, as it is written."""


class _Checker:
    """The rules that look at elements one by one, and the sums they add up to."""

    def __init__(
        self,
        root: etree._Element,
        inside: frozenset[str] | None,
        folder: str,
        profile: Profile,
        findings: _Findings,
    ) -> None:
        self.root = root
        self.inside = inside
        self.folder = folder
        self.profile = profile
        self.findings = findings
        self.ids: dict[str, int] = {}
        self.style_urls: list[tuple[str, etree._Element]] = []
        self.vertices = 0
        self.features = 0
        self.unit_polygons = 0
        self._effort = Effort()
        self.foreign: dict[str, tuple[int, etree._Element]] = {}

    def check(self) -> None:
        """Walk the tree once, then judge the sums."""
        checks: dict[str, Callable[[etree._Element], None]] = {
            "coordinates": self._check_coordinates,
            "name": self._check_name,
            "styleUrl": self._check_style_url,
            "NetworkLink": self._check_network_link,
            "Placemark": self._check_unit,
            "Polygon": self._check_polygon,
            **dict.fromkeys(_COLOURS, self._check_colour),
            **dict.fromkeys(_LINKS, self._check_link),
            **dict.fromkeys(_MARKUP, self._check_markup),
        }
        for element in self.root.iter(etree.Element):
            kind = local(element)
            self._check_ids(element)
            if check := checks.get(kind):
                check(element)
            self.features += kind in _FEATURES
            if self.profile == "earth-web":
                self._check_element(element, kind)
        self._check_sums()

    def _check_ids(self, element: etree._Element) -> None:
        """Ids are XML names, and each stands once."""
        for key, value in element.attrib.items():
            if key != "id" and not str(key).endswith("}id"):
                continue
            name = str(value)
            is_web_own = self.profile == "earth-web" and _WEB_ID.fullmatch(name)
            if not (NCNAME.match(name) or is_web_own):
                what = Note("lint id no name", {"name": clean_name(name)})
                self.findings.say("error", "id-ncname", what, element)
            if name in self.ids:
                what = Note("lint id twice", {"name": clean_name(name), "line": self.ids[name]})
                self.findings.say("error", "id-unique", what, element)
            self.ids.setdefault(name, line_of(element))

    def _check_network_link(self, element: etree._Element) -> None:
        """Nothing is fetched from a network."""
        self.findings.say("error", "network-link", Note("lint network link"), element)

    def _check_coordinates(self, element: etree._Element) -> None:
        """Coordinates are numbers, there, and on the globe."""
        parent = element.getparent()
        # Corners of an image are no shape of a map.
        if parent is None or local(parent) == "LatLonQuad":
            return
        try:
            xyz = points_of(text_of(element))
        except UnusableError as error:
            self.findings.say("error", "coordinates", error.note, element)
            return
        self.vertices += len(xyz)
        if len(xyz) == 0:
            self.findings.say("error", "coordinates", Note("lint no coordinates"), element)
            return
        if (outside := out_of_range(xyz)) is not None:
            lon, lat = xyz[outside, :2]
            what = Note("lint not on Earth", {"place": f"{lon:g},{lat:g}"})
            self.findings.say("error", "range", what, element)
        if local(parent) == "LinearRing":
            self._check_ring(xyz, parent)

    def _check_ring(self, xyz: NDArray[np.float64], ring: etree._Element) -> None:
        """Rings have three points, are closed, run the right way and are of a size."""
        if not has_three_points(xyz[:, :2]):
            self.findings.say("error", "ring-points", Note("lint few points"), ring)
            return
        if not np.array_equal(xyz[0, :2], xyz[-1, :2]):
            self.findings.say("error", "ring-closed", Note("lint not closed"), ring)
        side = ring.getparent()
        if (
            side is not None
            and local(side) == "outerBoundaryIs"
            and _signed_area(_unrolled(xyz)) < 0
        ):
            self.findings.say("warning", "ring-winding", Note("lint clockwise"), ring)
        if len(xyz) > MAX_RING:
            what = Note("lint ring vertices", {"n": len(xyz), "most": MAX_RING})
            self.findings.say("error", "ring-vertices", what, ring)

    def _check_polygon(self, polygon: etree._Element) -> None:
        """Rings that cross, holes that lie outside, outlines without area: as the reader finds them."""
        for note in polygon_notes(polygon, self._effort):
            if note.key in _SHAPE_FAULTS:
                self.findings.say("warning", "shape", note, polygon)

    def _check_name(self, element: etree._Element) -> None:
        """Names are composed letters without anything hidden."""
        if (text := text_of(element)).isascii() and text.isprintable():
            return
        if unicodedata.normalize("NFC", text) != text:
            self.findings.say("warning", "name-clean", Note("lint not composed"), element)
        if clean_text(text) != unicodedata.normalize("NFC", text).strip().replace("\t", " "):
            self.findings.say("error", "name-clean", Note("lint hidden characters"), element)

    def _check_colour(self, element: etree._Element) -> None:
        """Colours are eight hexadecimal digits."""
        text = text_of(element)
        if not _COLOUR.fullmatch(text):
            what = Note("lint no colour", {"name": clean_name(text)[:40]})
            self.findings.say("error", "colour", what, element)

    def _check_link(self, element: etree._Element) -> None:
        """Look at a link that leads out of the file."""
        target = text_of(element).strip()
        if target and not target.startswith(("#", "root://")):
            self._check_target(target, element)

    def _check_target(self, target: str, element: etree._Element) -> None:
        """Links lead into the archive: not to a disk, not to a network, not beside."""
        named = {"name": clean_name(target)[:80]}
        scheme = _SCHEME.match(target)
        if (
            target.startswith(("/", "\\"))
            or (scheme and len(scheme.group(1)) == 1)
            or (scheme and scheme.group(1).lower() == "file")
        ):
            self.findings.say("error", "local-href", Note("lint on a computer", named), element)
        elif scheme:
            self.findings.say("error", "remote-href", Note("lint fetched", named), element)
        elif self.inside is None:
            self.findings.say("error", "local-href", Note("lint beside", named), element)
        elif not self._is_inside(target.partition("#")[0]):
            self.findings.say("error", "missing-file", Note("lint not in archive", named), element)

    def _is_inside(self, target: str) -> bool:
        """Whether a file is in the archive: a space may be written as %20, and then is a space."""
        return any(
            normpath(join(self.folder, name)) in (self.inside or ())
            for name in (target, unquote(target))
        )

    def _check_style_url(self, element: etree._Element) -> None:
        """Style links begin with a # and lead to a style."""
        target = text_of(element).strip()
        if target.startswith("#"):
            self.style_urls.append((target[1:], element))
        elif NCNAME.match(target) and not target.lower().endswith((".kml", ".kmz")):
            what = Note("lint no sign", {"name": clean_name(target)[:80]})
            self.findings.say("error", "style-hash", what, element)
        elif target:
            self._check_target(target, element)

    def _check_markup(self, element: etree._Element) -> None:
        """Balloons hold no script and no picture that would be fetched."""
        text = text_of(element)
        if "<" not in text and ":" not in text:
            return
        named = {"element": local(element)}
        if _SCRIPT.search(text):
            self.findings.say("error", "script", Note("lint holds script", named), element)
        if _REMOTE_SOURCE.search(text):
            self.findings.say("error", "remote-href", Note("lint shows picture", named), element)

    def _check_unit(self, placemark: etree._Element) -> None:
        """Placemarks with a `cu_id` are for editing by hand: light, and nothing but a polygon."""
        data = next((child for child in placemark if local(child) == "ExtendedData"), None)
        if data is None or not any(entry.get("name") == "cu_id" for entry in data):
            return
        for child in placemark:
            if local(child) in ("MultiGeometry", "TimeSpan", "TimeStamp", "Region"):
                what = Note("lint has element", {"element": local(child)})
                self.findings.say("warning", "unit-shape", what, child)
            elif local(child) == "Polygon":
                self.unit_polygons += 1
                points = [
                    point
                    for ring in child.iter(etree.Element)
                    if local(ring) == "LinearRing"
                    for point in coordinates_text(ring).split()
                ]
                # round a pole, most are those of the cut, which nobody can take away
                if len(points) > MAX_UNIT_VERTICES and not any(map(_AT_POLE.search, points)):
                    what = Note("lint vertices of unit", {"n": len(points)})
                    self.findings.say("warning", "unit-vertices", what, child)

    def _check_element(self, element: etree._Element, kind: str) -> None:
        """Count what Google Earth on the web refuses a whole file for."""
        if kind in _WEB and etree.QName(element).namespace != GX:
            return
        if kind != "NetworkLink":
            count, first = self.foreign.get(kind, (0, element))
            self.foreign[kind] = (count + 1, first)

    def _check_sums(self) -> None:
        """What only the whole file shows: elements it has, styles it lacks, its size."""
        for kind in sorted(self.foreign):
            count, first = self.foreign[kind]
            facts = {"n": count, "element": clean_name(kind)}
            if kind in _WEB_OWN:
                self.findings.say("warning", "web-own", Note("lint own elements", facts), first)
                continue
            self.findings.say("error", "web-element", Note("lint elements", facts), first)
        for target, element in self.style_urls:
            if target not in self.ids:
                what = Note("lint no style", {"name": clean_name(target)[:80]})
                self.findings.say("warning", "style-missing", what, element)
        say = self.findings.say
        if self.features > MAX_FEATURES:
            facts = {"count": self.features, "most": MAX_FEATURES}
            say("error", "features", Note("many features", facts))
        if self.profile == "earth-web" and self.vertices > MAX_WEB_VERTICES:
            facts = {"n": self.vertices, "most": MAX_WEB_VERTICES}
            say("error", "vertices", Note("lint read-only", facts))
        elif self.vertices > MAX_VERTICES:
            facts = {"count": self.vertices, "most": MAX_VERTICES}
            say("warning", "vertices", Note("many vertices", facts))
        if self.unit_polygons > MAX_UNIT_POLYGONS:
            facts = {"count": self.unit_polygons, "most": MAX_UNIT_POLYGONS}
            say("warning", "unit-polygons", Note("many polygons", facts))
        if (layers := sum(1 for _ in _visible_layers(self.root))) > MAX_LAYERS:
            say("warning", "layers", Note("lint many layers", {"n": layers, "most": MAX_LAYERS}))


def _unrolled(xyz: NDArray[np.float64]) -> NDArray[np.float64]:
    """A ring over the 180° meridian with longitudes that count on, so that its turn can be told."""
    if np.abs(np.diff(xyz[:, 0])).max(initial=0) <= 180:
        return xyz
    turned = xyz.copy()
    turned[:, 0] %= 360
    return turned


def _signed_area(xyz: NDArray[np.float64]) -> float:
    """The area of a ring in square degrees: positive where it runs against the clock."""
    x, y = xyz[:, 0], xyz[:, 1]
    return float((x * np.roll(y, -1) - np.roll(x, -1) * y).sum() / 2)


def _visible_layers(root: etree._Element) -> Iterator[etree._Element]:
    """Folders that show placemarks of their own when the file is opened."""
    for folder in root.iter(etree.Element):
        if local(folder) not in ("Folder", "Document"):
            continue
        is_shown = any(local(child) == "Placemark" and _is_on(child) for child in folder)
        if is_shown and all(_is_on(above) for above in (folder, *folder.iterancestors())):
            yield folder


def _is_on(feature: etree._Element) -> bool:
    """Whether a feature is shown when the file opens."""
    return not any(
        local(child) == "visibility" and text_of(child).strip() in ("0", "false")
        for child in feature
    )
