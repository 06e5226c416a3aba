"""How QGIS shows a round: a project to open by double-click, and a table of styles in the GeoPackage.

QGIS dresses each layer that it opens from a GeoPackage with the row of `layer_styles` that is marked
as the default; the project has the same styles, and a tree, relations, tips and pages beside.
The colours are those of every other product. The files are written as text, by the template
`qgis_round.qgs`: nothing of QGIS is needed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache, partial
from importlib import resources
from types import MappingProxyType
from typing import Any, Final, Literal, NamedTuple
from xml.etree import ElementTree as ET

import geopandas as gpd
import jinja2
import pandas as pd
from markupsafe import Markup, escape

from cami_units import palette, words
from cami_units.model import (
    EVIDENCE_LAYERS,
    HIDDEN_STATUSES,
    LAYERS,
    ORIGIN,
    ORIGINS,
    PRESENCE,
    SEASONAL,
    Imprint,
    read_crs,
)
from cami_units.scene import species_places
from cami_units.words.unit_card import name_field

TABLE: Final = "layer_styles"
"""The name under which QGIS looks for the table."""

# Of the QGIS that it was tried in; a newer one reads it without a word, an older one says so.
_VERSION: Final = "3.22.16"
# A screen has 96 dots to an inch: looks are in its pixels, QGIS prints in millimetres.
_MM: Final = 25.4 / 96
_GREY: Final = "#8a8a8a"
_DARK: Final = "#1b1b1b"
# What QGIS writes into a value map for "no value" (QgsValueMapFieldFormatter.NULL_VALUE).
_NULL: Final = "{2839923C-8B7D-419E-B84B-CA2FE9B80EC7}"


def layer_styles(
    layers: Iterable[str],
    *,
    day: str,
    lang: str = "en",
    species: Sequence[str] = (),
) -> pd.DataFrame:
    """The table `layer_styles` for those of these layers that have a look of their own.

    Parameters
    ----------
    layers : iterable of str
        Names of the layers of a round.
    day : str
        The date that stands on the styles, ISO 8601: the round's, not today's.
    lang : str
        Of the labels of classes and columns.
    species : sequence of str
        Scientific names, as the species table has them: the colours hang on their order.

    Returns
    -------
    DataFrame
        The twelve columns that QGIS expects, sorted by layer. A layer without a look has no row.

    Examples
    --------
    >>> table = layer_styles(["hotspots", "species"], day="2026-11-22")
    >>> table["f_table_name"].tolist(), table["useAsDefault"].tolist()
    (['hotspots'], [True])
    """
    names = sorted(set(layers) & set(_LOOKS))
    count = len(names)
    return pd.DataFrame(
        {
            "f_table_catalog": [""] * count,
            "f_table_schema": [""] * count,
            "f_table_name": names,
            "f_geometry_column": ["geom"] * count,
            "styleName": [f"{name} (cami_units)" for name in names],
            "styleQML": [_qml(_LOOKS[name], _Language(lang, tuple(species))) for name in names],
            "styleSLD": [""] * count,
            "useAsDefault": [True] * count,
            "description": ["Colours of cami_units"] * count,
            "owner": [""] * count,
            "ui": [""] * count,
            "update_time": pd.to_datetime([day] * count),
        }
    )


# -- looks ----------------------------------------------------------------------------------------


class _Language(NamedTuple):
    """What a look hangs on beside the palette: the language of its labels, and the species there are."""

    lang: str
    species: tuple[str, ...] = ()

    def say(self, key: str) -> str:
        """A phrase of ours, or the word itself where the catalogue has none."""
        return words.text(key, self.lang) if words.has(key) else key


class _SymbolLayer(NamedTuple):
    """A layer of a symbol: what QGIS calls its kind, its options, and an expression for its fill where rows differ."""

    kind: str
    options: Mapping[str, str]
    fill: str = ""


class _Class(NamedTuple):
    """The rows of a value, or that meet a condition: what they are called, and the layers of their symbol."""

    value: str
    label: str
    layers: Sequence[_SymbolLayer]


class _Style(NamedTuple):
    """How a layer is drawn: its classes by a column or an expression, by rules, or one for all rows; its labels."""

    kind: Literal["fill", "line", "marker"]
    classes: Sequence[_Class]
    column: str = ""
    ruled: bool = False
    label: str = ""
    size: int = 7
    weight: int = 50


_Look = Callable[[_Language], _Style]


@lru_cache(maxsize=1)
def _template() -> Any:
    """The macros of `qgis_round.qgs`."""
    environment = jinja2.Environment(
        autoescape=True, finalize=_escaped, undefined=jinja2.StrictUndefined
    )
    source = resources.files("cami_units").joinpath("qgis_round.qgs").read_bytes().decode()
    return environment.from_string(source).module


_NO_XML: Final = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def _escaped(value: object) -> Markup:
    """A value as XML holds it, with the line breaks that an attribute would lose, without what no XML can hold."""
    if isinstance(value, Markup):
        return value
    breaks = {ord(letter): f"&#{ord(letter)};" for letter in "\t\n\r"}
    return Markup(escape(_NO_XML.sub("", str(value))).translate(breaks))


def _parsed(text: str | bytes) -> ET.Element:
    """A tree without the line breaks and blanks between tags: QGIS writes one line."""
    root = ET.fromstring(text)
    for element in root.iter():
        element.text = (element.text or "").strip() and element.text
        element.tail = None
    return root


def _qml(look: _Look, language: _Language) -> str:
    """A look as the text of a style file."""
    return _document(_parsed(_template().style_file(_VERSION, look(language))))


def _document(root: ET.Element) -> str:
    """A tree as the file that QGIS reads, with the document type that it writes itself."""
    return "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n" + ET.tostring(
        root, encoding="unicode"
    )


def _colour(hexadecimal: str, opacity: float = 1.0) -> str:
    """A colour as QGIS writes it: red, green, blue and opacity of 0 to 255."""
    red, green, blue = (int(hexadecimal[at : at + 2], 16) for at in (1, 3, 5))
    return f"{red},{green},{blue},{round(255 * opacity)}"


def _area(look: palette.Look, expression: str = "") -> list[_SymbolLayer]:
    """The layers of the symbol of a polygon: its fill, and its outline with the dashes of its look."""
    colour = _colour(look.fill, look.opacity) if look.fill or expression else ""
    options = {"color": colour, "style": "solid", "outline_style": "no"}
    fill = [_SymbolLayer("SimpleFill", options, expression)] if colour else []
    return [*fill, _pen(look)] if look.line else fill


def _pen(look: palette.Look) -> _SymbolLayer:
    """A line with the dashes of its look."""
    options = {
        "line_color": _colour(look.line),
        "line_style": "solid",
        "line_width": f"{look.width * _MM:.3f}",
        "line_width_unit": "MM",
        "capstyle": "flat",
        "joinstyle": "round",
    }
    if look.dashes:
        options |= {
            "customdash": ";".join(f"{dash * _MM:.3f}" for dash in look.dashes),
            "customdash_unit": "MM",
            "use_custom_dash": "1",
        }
    return _SymbolLayer("SimpleLine", options)


def _single(look: palette.Look) -> _Look:
    """Polygons of one look."""
    return lambda _: _Style("fill", [_Class("", "", _area(look))])


def _lines(look: palette.Look) -> _Look:
    """Lines of one look."""
    return lambda _: _Style("line", [_Class("", "", [_pen(look)])])


def _barriers(language: _Language) -> _Style:
    """Barriers by their kind; what is of no known kind comes last."""
    classes = [
        _Class("" if kind == "other barrier" else kind, language.say(kind), [_pen(look)])
        for kind, look in palette.BARRIER_LOOKS.items()
    ]
    return _Style("line", classes, "kind")


def _ranges(language: _Language) -> _Style:
    """Ranges by species, each in the colour that it has on every map; without a table, in one."""
    if not (places := species_places(language.species, ())):
        return _single(palette.species_look(0))(language)
    classes = [
        _Class(name, name, _area(palette.species_look(place))) for name, place in places.items()
    ]
    return _Style("fill", classes, "sci_name")


def _points(colour: str, *, size: float, column: str = "") -> _Look:
    """Round marks, each with a text of its row, in the language that is asked for where it is a name."""

    def style(language: _Language) -> _Style:
        mark = {"color": _colour(colour), "name": "circle", "outline_style": "no"}
        mark |= {"size": f"{size:g}", "size_unit": "MM"}
        label = name_field(language.lang) if column == "name" else column
        return _Style("marker", [_Class("", "", [_SymbolLayer("SimpleMarker", mark)])], label=label)

    return style


def _units(language: _Language) -> _Style:
    """Units by status, filled the stronger the higher their tier. Rejected and merged ones are hidden."""
    casing = _pen(palette.Look(palette.CASING, 5.0))
    classes = []
    for status, look in palette.STATUS_LOOKS.items():
        red, green, blue, _ = _colour(look.fill).split(",")
        steps = " ".join(
            f"WHEN '{tier}' THEN color_rgba({red},{green},{blue},{round(255 * opacity)})"
            for tier, opacity in palette.TIER_OPACITY.items()
        )
        middle = round(255 * palette.TIER_OPACITY["high"])
        tint = f'CASE "tier" {steps} ELSE color_rgba({red},{green},{blue},{middle}) END'
        fill, pen = _area(look, tint)
        classes.append(_Class(status, language.say(status), [fill, casing, pen]))
    return _Style("fill", classes, "status", **_UNIT_IDS)


_UNIT_IDS: Final[Mapping[str, Any]] = MappingProxyType(
    {"label": "unit_id", "size": 9, "weight": 75}
)


def _cells(language: _Language) -> _Style:
    """Planning units by score, in five equal steps; nought is clear, and what was not scored is grey."""
    steps = len(palette.CELLS)
    bounds = [(number / steps, (number + 1) / steps) for number in range(steps)]
    unknown = palette.Look(fill=palette.VERDICTS["unknown"], opacity=0.8)
    classes = [
        _Class('"score" IS NULL', language.say("not assessed"), _area(unknown)),
        _Class('"score" = 0', "0", _area(palette.Look(fill=palette.CASING, opacity=0.0))),
        *(
            _Class(
                f'"score" > {lower:g} AND "score" <= {upper:g}',
                f"{lower:g} – {upper:g}",
                _area(palette.Look(fill=colour, opacity=0.8)),
            )
            for (lower, upper), colour in zip(bounds, palette.CELLS, strict=True)
        ),
    ]
    return _Style("fill", classes, ruled=True)


def _outlined(name: str, **changes: Any) -> _Look:
    """Polygons in the look of a layer, with something of it changed."""
    return _single(replace(palette.LAYER_LOOKS[name], **changes))


_OUTLINES: Final = ("earlier_units", "set_aside", "nearest_ground")

_LOOKS: Final[Mapping[str, _Look]] = MappingProxyType(
    {
        "conservation_units": _units,
        "planning_units": _cells,
        **{name: _outlined(name) for name in ("hotspots", "protected_areas")},
        "sections": _outlined("sections", fill=""),
        "countries": _single(palette.Look(_GREY, 0.8)),
        "disputed": _outlined("disputed"),
        "features": _ranges,
        "ranges_used": _ranges,
        **{
            name: _lines(palette.LAYER_LOOKS[name])
            for name, layer in LAYERS.items()
            if layer.geometry == "line" and not layer.by_kind and name in palette.LAYER_LOOKS
        },
        "barriers": _barriers,
        "borders": _lines(palette.LAYER_LOOKS["countries"]),
        "gazetteer": _points(_GREY, size=1.2, column="name"),
        "remarks": _points(_DARK, size=2.4, column="text"),
        # what was, and what might be: outlines without a fill
        **{name: _single(palette.Look(_DARK, 1.2, (5.0, 3.0))) for name in _OUTLINES},
        "border_pairs": _lines(palette.LAYER_LOOKS["borders"]),
        "fences": _lines(palette.BARRIER_LOOKS["border_fence"]),
        "crossings": _points(palette.EVIDENCE["barriers"], size=1.6),
    }
)


def _verdict(finding: str, language: _Language) -> _Style:
    """Units by one criterion: met, not met, and *not assessed* in a colour of its own."""
    verdict = (
        "coalesce(aggregate('layer_unit_criteria', 'concatenate', to_string(\"met\"), "
        '"unit_id" = attribute(@parent, \'unit_id\') AND "criterion" = '
        f"'{finding}'), '')"
    )
    # a truth value is written as 1 or true, as the version of QGIS goes
    column = (
        f"CASE WHEN {verdict} IN ('1', 'true') THEN 'yes' "
        f"WHEN {verdict} IN ('0', 'false') THEN 'no' ELSE 'unknown' END"
    )
    is_need = finding in words.NEED  # neither a merit nor a failure
    said = {"yes": "a need", "no": "no need"} if is_need else {"yes": "met", "no": "not met"}
    said |= {"unknown": "not assessed"}
    classes = [
        _Class(key, language.say(said[key]), _area(palette.Look(colour, 2.0, (), colour, 0.45)))
        for key, colour in (palette.NEEDS if is_need else palette.VERDICTS).items()
    ]
    return _Style("fill", classes, column, **_UNIT_IDS)


# -- the project ----------------------------------------------------------------------------------

# Groups of the tree from the top, which is drawn last: title, layers, whether it is open at first.
_EVIDENCE: Final = ("borders", *sorted(EVIDENCE_LAYERS))
_GROUND: Final = ("gazetteer", "disputed", "countries")
_ON: Final = frozenset({"conservation_units", "remarks", "barriers", *_GROUND})


class Contents(NamedTuple):
    """What of a round its project hangs on: of each table its columns, and what its shapes are; no row.

    `kinds` are ``Polygon``, ``Line`` or ``Point`` by the names of tables with shapes.
    """

    columns: Mapping[str, Sequence[str]]
    kinds: Mapping[str, str]
    species: Sequence[str]
    findings: Sequence[str]


def contents(tables: Mapping[str, pd.DataFrame]) -> Contents:
    """What the project of a round with these tables hangs on."""
    columns, kinds = {}, {}
    for name, table in tables.items():
        shape = table.geometry.name if isinstance(table, gpd.GeoDataFrame) else None
        columns[name] = [str(column) for column in table.columns if column != shape]
        if shape is not None:
            of_shapes = set(table.geometry.geom_type.dropna().unique())
            first = min((kind.removeprefix("Multi") for kind in of_shapes), default="Polygon")
            kinds[name] = _GEOMETRY.get(first, "Polygon")
    species = sorted(tables["species"]["sci_name"].astype(str)) if "species" in tables else []
    findings = words.told_order(tables["unit_criteria"]["criterion"].astype(str).unique())
    return Contents(columns, kinds, species, findings)


def project(
    given: Contents,
    *,
    geopackage: str,
    imprint: Imprint,
    crs: str,
    lang: str = "en",
) -> str:
    """A project of QGIS that opens a round, but for :func:`in_view`: tree, styles, names, relations, tips, pages.

    Parameters
    ----------
    given : Contents
        Of the tables of the round, as they stand in its GeoPackage.
    geopackage : str
        The name of that file, which lies beside the project.
    imprint : Imprint
        Title, date, round, disclaimer.
    crs : str
        Of the map: the equal-area CRS of the plan. The pages of units have one each, north up.
    lang : str
        Of everything that people read.

    Returns
    -------
    str
        The text of a ``.qgs`` file; the same round gives the same text.
    """
    language = _Language(lang, tuple(given.species))
    title = f"{imprint.title} · {words.round_name(imprint, lang)} · {words.day(imprint.date, lang)}"
    text = _template().project_file(
        version=_VERSION,
        title=title,
        crs=_spelt_out(crs),
        lonlat=_spelt_out("EPSG:4326"),
        corners={side: f"[{side}]" for side in _SIDES},
        groups=_groups(given, geopackage, language),
        relations=_relations(given.columns, language),
    )
    root = _parsed(text)
    root[-1].append(_page_of_unit(imprint, language))
    return _document(root)


_SIDES: Final = ("xmin", "ymin", "xmax", "ymax")


def in_view(project_text: str, frame: Sequence[float]) -> str:
    """A project with what is in view at first: left, low, right, top in metres of its CRS."""
    for side, value in zip(_SIDES, frame, strict=True):
        # with the signs around it: a title may have the rest
        for mark in (f"<{side}>[{side}]<", f'{side}="[{side}]"'):
            project_text = project_text.replace(mark, mark.replace(f"[{side}]", f"{value:.0f}"))
    return project_text


class _Layer(NamedTuple):
    """A layer of the project: where it is, what its columns are called and hold, how it looks."""

    id: str
    title: str
    source: str
    geometry: str
    style: _Style | None
    values: Mapping[str, Mapping[str, str]]
    aliases: Mapping[str, str]
    preview: str
    tip: str
    is_on: bool
    is_open: bool


class _Group(NamedTuple):
    """A group of the tree: its title, its layers, whether it is open at first, whether one is on at a time."""

    title: str
    layers: Sequence[_Layer]
    is_open: bool = False
    is_choice: bool = False

    @property
    def is_on(self) -> bool:
        """Whether any of its layers is."""
        return any(layer.is_on for layer in self.layers)


def _groups(given: Contents, geopackage: str, language: _Language) -> list[_Group]:
    """The groups of the tree from the top, those without a layer left out."""
    spatial = set(given.kinds)

    def layers(names: Iterable[str]) -> list[_Layer]:
        return [
            _layer(
                name, name, _title(name, language), _LOOKS.get(name), given, geopackage, language
            )
            for name in names
        ]

    def on_maps(*names: str) -> list[_Layer]:
        return layers(name for name in names if name in spatial)

    units = "conservation_units"
    by_finding = [
        _layer(f"finding_{one}", units, one, partial(_verdict, one), given, geopackage, language)
        for one in given.findings
    ]
    own_layers = {units, "remarks", *_EVIDENCE, *_GROUND, "features", "ranges_used"}
    others = sorted(spatial - own_layers - {"planning_units"})
    say = language.say
    groups = [
        _Group(say("units"), on_maps("remarks", units), is_open=True),
        _Group(say("criteria"), by_finding, is_choice=True),
        _Group(say("evidence"), on_maps(*_EVIDENCE, *others), is_open=True),
        _Group(say("species ranges"), on_maps("features", "ranges_used")),
        _Group(say("planning_units"), on_maps("planning_units")),
        _Group(say("background"), on_maps(*_GROUND)),
        _Group(say("table"), layers(sorted(given.columns.keys() - spatial))),
    ]
    return [group for group in groups if group.layers]


def _layer(
    name: str,
    table: str,
    title: str,
    look: _Look | None,
    given: Contents,
    geopackage: str,
    language: _Language,
) -> _Layer:
    """A table of the round as a layer of the project."""
    columns = given.columns[table]
    words_of_codes = {column: _value_map(column, language) for column in columns}
    aliases = {
        column: language.say(f"column {column}") if words.has(f"column {column}") else ""
        for column in columns
    }
    return _Layer(
        id=_id(name),
        title=title,
        source=f"./{geopackage}|layername={table}",
        geometry=given.kinds.get(table, "No geometry"),
        style=None if look is None else look(language),
        values={column: values for column, values in words_of_codes.items() if values},
        aliases=aliases,
        preview=_preview(columns, language),
        tip=_tip(columns, language),
        is_on=name in _ON,
        is_open=name in ("conservation_units", "barriers"),
    )


_GEOMETRY: Final[Mapping[str, str]] = {"Polygon": "Polygon", "LineString": "Line", "Point": "Point"}


def _title(name: str, language: _Language) -> str:
    """What a layer is called in the tree."""
    keys = {"conservation_units": "units", "disputed": "disputed areas"}
    keys |= {"features": "species ranges", "border_pairs": "border pairs"}
    for key in (f"layer {name}", keys.get(name, name)):
        if words.has(key):
            return language.say(key)
    return name.replace("_", " ")


def _id(name: str) -> str:
    """The id of a layer: QGIS gives one of its own to a layer whose id is under ten letters long."""
    return f"layer_{name}"


def _value_map(column: str, language: _Language) -> dict[str, str]:
    """The words for the codes of a column, where it holds codes."""
    say = language.say
    words_of_codes: dict[str, Mapping[str, str]] = {
        "status": {status: say(status) for status in (*palette.STATUS, *HIDDEN_STATUSES)},
        "tier": {tier: say(tier) for tier in (*palette.TIER_OPACITY, "none")},
        "origin": {origin: say(origin) for origin in ORIGINS}
        | {str(code): say(phrase) for code, phrase in ORIGIN.items()},
        "met": {"true": say("met"), "false": say("not met"), _NULL: say("not assessed")},
        "presence": {str(code): say(phrase) for code, phrase in PRESENCE.items()},
        "seasonal": {str(code): say(phrase) for code, phrase in SEASONAL.items()},
        "role": {role: say(f"role {role}") for role in ("qualifying", "supporting")},
    }
    return dict(words_of_codes.get(column, {}))


def _preview(columns: Sequence[str], language: _Language) -> str:
    """What stands for a row in lists and forms: its id, and its name where it has one."""
    name = name_field(language.lang)
    if "unit_id" in columns and name in columns:
        return f"\"unit_id\" || ' ' || coalesce(\"{name}\", '')"
    ids = ("sci_name", "criterion", "iso2", "hotspot_id", *columns)
    return _column(next((column for column in ids if column in columns), "fid"))


def _column(name: str) -> str:
    """A column in an expression, whatever its file calls it."""
    return '"{}"'.format(name.replace('"', '""'))


def _plain(expression: str) -> str:
    """A value in a page of HTML: a name that holds a tag stays a name."""
    return f"[% replace(coalesce({expression}, ''), map('&', '&amp;', '<', '&lt;', '>', '&gt;')) %]"


def _tip(columns: Sequence[str], language: _Language) -> str:
    """The card of a row, shown where the pointer rests: of a unit in full, of others name and source."""
    name = name_field(language.lang)
    if "criteria_met" not in columns:
        shown = [
            column
            for column in (name, "name", "sci_name", "label", "text", "source")
            if column in columns
        ]
        return "<br>".join(_plain(f'"{column}"') for column in shown)
    lines = "".join(
        f"<tr><td>{language.say(f'column {row}')}</td><td>{_plain(_worded(row, language))}</td></tr>"
        for row in (*_FACTS, "criteria_met")
        if row in columns
    )
    unit_id, unit_name, rationale = (_plain(f'"{part}"') for part in ("unit_id", name, "rationale"))
    return f"<b>{unit_id} {unit_name}</b><table>{lines}</table><p>{rationale}</p>"


_FACTS: Final = ("status", "rank_label", "tier", "score", "area_km2", "countries", "species")
"""What tip and page of a unit say of it, by column."""
_DIGITS_SHOWN: Final = {"score": 3, "area_km2": 0}


def _worded(column: str, language: _Language) -> str:
    """A column as an expression that says its codes in words, and its figures with so many digits."""
    if column in _DIGITS_SHOWN:
        return f'format_number("{column}", {_DIGITS_SHOWN[column]})'
    values = {code: label for code, label in _value_map(column, language).items() if code != label}
    if not values or column not in ("status", "tier"):
        return f'"{column}"'
    pairs = ", ".join(f"{_quoted(code)}, {_quoted(label)}" for code, label in values.items())
    return f'coalesce(map_get(map({pairs}), "{column}"), "{column}")'


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "''") + "'"


class _Relation(NamedTuple):
    """Which rows of a table belong to a row of another: those with the same key."""

    parent: str
    child: str
    title: str
    key: str

    @property
    def layers(self) -> tuple[str, str]:
        """The ids of both layers."""
        return _id(self.parent), _id(self.child)


def _relations(columns: Mapping[str, Sequence[str]], language: _Language) -> list[_Relation]:
    """Which rows of the other tables belong to a unit, and which to a species."""
    parents = (("conservation_units", "unit_id"), ("species", "sci_name"))
    return [
        _Relation(parent, child, _title(child, language), key)
        for parent, key in parents
        if parent in columns
        for child in sorted(columns)
        # a unit's own species stand in a list beside it, not in its row
        if key in columns[child] and child not in (parent, "conservation_units")
    ]


class _Crs(NamedTuple):
    """A coordinate system as well-known text, and its code; no code where it has none."""

    wkt: str
    authority: str


@lru_cache(maxsize=8)  # forty layers are in one system
def _spelt_out(crs: str) -> _Crs:
    system = read_crs(crs)
    return _Crs(system.to_wkt("WKT2_2019"), ":".join(system.to_authority() or ()))


# -- a page for each unit -------------------------------------------------------------------------


def _page_of_unit(imprint: Imprint, language: _Language) -> ET.Element:
    """A layout that QGIS turns through the units: `qgis_page.qpt`, with what hangs on the round filled in."""
    layout = _parsed(resources.files("cami_units").joinpath("qgis_page.qpt").read_bytes())
    item = {element.get("id", ""): element for element in layout.iter("LayoutItem")}
    name = name_field(language.lang)
    item["title"].set("labelText", f'[% "unit_id" %]  [% coalesce("{name}", \'\') %]')
    item["criteria"].set("labelText", _page_text(language))
    # "[%" begins an expression; what somebody typed into a plan is none
    foot = " · ".join(
        part.replace("[%", "[ %")
        for part in (
            imprint.title,
            words.round_name(imprint, language.lang),
            words.day(imprint.date, language.lang),
            words.text("indicative", language.lang) if imprint.indicative else "",
            words.disclaimer(imprint.disclaimer, language.lang),
        )
        if part
    )
    item["imprint"].set("labelText", _NO_XML.sub("", foot))
    item["scale"].set("unitLabel", language.say("km"))
    layout.set("name", language.say("units"))
    for atlas in layout.iter("Atlas"):
        atlas.set("coverageLayerName", language.say("units"))
        hidden = ", ".join(_quoted(status) for status in HIDDEN_STATUSES)
        atlas.set("featureFilter", f'"status" NOT IN ({hidden})')
    return layout


def _page_text(language: _Language) -> str:
    """What a page says of its unit beside the map, as QGIS fills it in: plain lines."""
    facts = [
        words.with_label(
            language.say(f"column {column}"), f"[% {_worded(column, language)} %]", language.lang
        )
        for column in _FACTS
    ]
    needs = ", ".join(map(_quoted, words.NEED))
    mark = (
        f"CASE WHEN \"met\" IS NULL THEN '{words.MARKS[None]} ' "
        f'WHEN "criterion" IN ({needs}) THEN {_marks(words.NEED_MARKS)} '
        f"ELSE {_marks(words.MARKS)} END || \"criterion\" || ' ' || coalesce(\"because\", '')"
    )
    listed = (
        f"[% aggregate('layer_unit_criteria', 'concatenate', {mark}, "
        "\"unit_id\" = attribute(@parent, 'unit_id'), '\\n') %]"
    )
    return "\n".join([*facts, "", listed])


def _marks(marks: Mapping[bool | None, str]) -> str:
    """An expression for the mark of a verdict that is known."""
    return f"CASE WHEN \"met\" THEN '{marks[True]} ' ELSE '{marks[False]} ' END"
