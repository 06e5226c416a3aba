"""How QGIS shows a round: a project to open by double-click, and a table of styles in the GeoPackage.

QGIS dresses each layer that it opens from a GeoPackage with the row of `layer_styles` that is marked
as the default; the project has the same styles, and a tree, relations, tips and pages beside.
The colours are those of every other product. The files are written as text: nothing of QGIS is needed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from importlib import resources
from types import MappingProxyType
from typing import Any, Final, NamedTuple
from xml.etree import ElementTree as ET

import geopandas as gpd
import pandas as pd

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
    geometry: str = "geom",
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
    geometry : str
        The name of the geometry column.
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
            "f_geometry_column": [geometry] * count,
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


_Look = Callable[[ET.Element, _Language], None]
"""Fills in an empty style."""


def _qml(look: _Look, language: _Language) -> str:
    """A look as the text of a style file."""
    root = ET.Element(
        "qgis", version=_VERSION, styleCategories="Symbology|Labeling", labelsEnabled="0"
    )
    look(root, language)
    return _document(root)


def _document(root: ET.Element) -> str:
    """A tree as the file that QGIS reads, with the document type that it writes itself."""
    return "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n" + ET.tostring(
        root, encoding="unicode"
    )


def _colour(hexadecimal: str, opacity: float = 1.0) -> str:
    """A colour as QGIS writes it: red, green, blue and opacity of 0 to 255."""
    red, green, blue = (int(hexadecimal[at : at + 2], 16) for at in (1, 3, 5))
    return f"{red},{green},{blue},{round(255 * opacity)}"


def _options(parent: ET.Element, values: Mapping[str, Any]) -> None:
    """QGIS's own notation for nested values: text, lists and maps."""
    for name, value in values.items():
        if isinstance(value, Mapping):
            _options(ET.SubElement(parent, "Option", name=name, type="Map"), value)
        elif isinstance(value, bool):
            ET.SubElement(parent, "Option", name=name, type="bool", value=str(value).lower())
        elif isinstance(value, list):
            rows = ET.SubElement(parent, "Option", name=name, type="List")
            for row in value:
                _options(ET.SubElement(rows, "Option", type="Map"), row)
        else:
            ET.SubElement(parent, "Option", name=name, type="QString", value=str(value))


def _symbol(parent: ET.Element, name: str, kind: str, *layers: tuple[str, dict[str, str]]) -> None:
    """A symbol of one or more layers, the lowest first."""
    symbol = ET.SubElement(parent, "symbol", type=kind, name=name, alpha="1")
    for layer, options in layers:
        inner = ET.SubElement(symbol, "layer", {"class": layer, "enabled": "1", "pass": "0"})
        expression = options.pop("fill expression", "")
        _options(ET.SubElement(inner, "Option", type="Map"), dict(sorted(options.items())))
        if expression:  # QGIS works the fill out for each row
            # 3 is QgsProperty::ExpressionBasedProperty
            held = {"fillColor": {"active": True, "expression": expression, "type": "3"}}
            properties = {"name": "", "properties": held, "type": "collection"}
            outer = ET.SubElement(inner, "data_defined_properties")
            _options(ET.SubElement(outer, "Option", type="Map"), properties)


def _area(look: palette.Look, expression: str = "") -> list[tuple[str, dict[str, str]]]:
    """The layers of the symbol of a polygon: its fill, and its outline with the dashes of its look."""
    layers = []
    if look.fill or expression:
        options = {
            "color": _colour(look.fill, look.opacity),
            "style": "solid",
            "outline_style": "no",
        }
        layers.append(
            ("SimpleFill", options | ({"fill expression": expression} if expression else {}))
        )
    if look.line:
        layers.append(("SimpleLine", _pen(look)))
    return layers


def _pen(look: palette.Look) -> dict[str, str]:
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
    return options


def _one_symbol(root: ET.Element, kind: str, *layers: tuple[str, dict[str, str]]) -> None:
    """All rows by one symbol."""
    renderer = ET.SubElement(root, "renderer-v2", type="singleSymbol")
    _symbol(ET.SubElement(renderer, "symbols"), "0", kind, *layers)


def _single(look: palette.Look) -> _Look:
    """Polygons of one look."""
    return lambda root, _: _one_symbol(root, "fill", *_area(look))


def _lines(look: palette.Look) -> _Look:
    """Lines of one look."""
    return lambda root, _: _one_symbol(root, "line", ("SimpleLine", _pen(look)))


def _classes(
    root: ET.Element,
    column: str,
    kind: str,
    classes: Iterable[tuple[str, str, list[tuple[str, dict[str, str]]]]],
) -> None:
    """Classes of a column or expression: value, label, the layers of its symbol. QGIS: "" is all others."""
    renderer = ET.SubElement(root, "renderer-v2", type="categorizedSymbol", attr=column)
    categories = ET.SubElement(renderer, "categories")
    symbols = ET.SubElement(renderer, "symbols")
    for number, (value, label, layers) in enumerate(classes):
        ET.SubElement(
            categories,
            "category",
            value=value,
            label=label,
            symbol=str(number),
            render="true",
            type="string",
        )
        _symbol(symbols, str(number), kind, *layers)


def _barriers(root: ET.Element, language: _Language) -> None:
    """Barriers by their kind; what is of no known kind comes last."""
    _classes(
        root,
        "kind",
        "line",
        (
            (
                "" if kind == "other barrier" else kind,
                language.say(kind),
                [("SimpleLine", _pen(look))],
            )
            for kind, look in palette.BARRIER_LOOKS.items()
        ),
    )


def _ranges(root: ET.Element, language: _Language) -> None:
    """Ranges by species, each in the colour that it has on every map; without a table, in one."""
    places = species_places(language.species, ())
    if not places:
        _single(palette.species_look(0))(root, language)
        return
    _classes(
        root,
        "sci_name",
        "fill",
        ((name, name, _area(palette.species_look(place))) for name, place in places.items()),
    )


def _points(colour: str, *, size: float, column: str = "") -> _Look:
    """Round marks, each with a text of its row, in the language that is asked for where it is a name."""

    def fill_in(root: ET.Element, language: _Language) -> None:
        mark = {
            "color": _colour(colour),
            "name": "circle",
            "outline_style": "no",
            "size": f"{size:g}",
            "size_unit": "MM",
        }
        _one_symbol(root, "marker", ("SimpleMarker", mark))
        if column:
            _labels(root, name_field(language.lang) if column == "name" else column, 7)

    return fill_in


def _units(root: ET.Element, language: _Language) -> None:
    """Units by status, filled the stronger the higher their tier. Rejected and merged ones are hidden."""
    casing = ("SimpleLine", _pen(palette.Look(palette.CASING, 5.0)))
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
        classes.append((status, language.say(status), [fill, casing, pen]))
    _classes(root, "status", "fill", classes)
    _labels(root, "unit_id", 9, bold=True)


def _cells(root: ET.Element, language: _Language) -> None:
    """Planning units by score, in five equal steps; nought is clear, and what was not scored is grey.

    Rules, not graduated classes: QGIS draws no row without a value in those.
    """
    renderer = ET.SubElement(root, "renderer-v2", type="RuleRenderer", symbollevels="0")
    rules = ET.SubElement(renderer, "rules", key="{cells}")
    symbols = ET.SubElement(renderer, "symbols")
    steps = len(palette.CELLS)
    bounds = [(number / steps, (number + 1) / steps) for number in range(steps)]
    classes = [
        ('"score" IS NULL', language.say("not assessed"), palette.VERDICTS["unknown"]),
        ('"score" = 0', "0", ""),
        *(
            (f'"score" > {lower:g} AND "score" <= {upper:g}', f"{lower:g} – {upper:g}", colour)
            for (lower, upper), colour in zip(bounds, palette.CELLS, strict=True)
        ),
    ]
    for number, (condition, label, colour) in enumerate(classes):
        ET.SubElement(
            rules,
            "rule",
            key=f"{{cells {number}}}",
            filter=condition,
            label=label,
            symbol=str(number),
        )
        look = palette.Look(fill=colour or palette.CASING, opacity=0.8 if colour else 0.0)
        _symbol(symbols, str(number), "fill", *_area(look))


def _labels(root: ET.Element, column: str, size: int, *, bold: bool = False) -> None:
    """A label of each shape, dark on a white casing."""
    root.set("labelsEnabled", "1")
    settings = ET.SubElement(ET.SubElement(root, "labeling", type="simple"), "settings")
    text = ET.SubElement(
        settings,
        "text-style",
        fieldName=column,
        fontSize=str(size),
        fontSizeUnit="Point",
        fontWeight="75" if bold else "50",
        textColor="34,34,34,255",
    )
    ET.SubElement(
        text, "text-buffer", bufferDraw="1", bufferSize="0.8", bufferColor="255,255,255,255"
    )
    # Each part of a unit in many parts would have its own: only the largest is named.
    ET.SubElement(settings, "rendering", labelPerPart="0", displayAll="0")


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


def _verdict(finding: str) -> _Look:
    """Units by one criterion: met, not met, and *not assessed* in a colour of its own."""

    def fill_in(root: ET.Element, language: _Language) -> None:
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
            (key, language.say(said[key]), _area(palette.Look(colour, 2.0, (), colour, 0.45)))
            for key, colour in (palette.NEEDS if is_need else palette.VERDICTS).items()
        ]
        _classes(root, column, "fill", classes)
        _labels(root, "unit_id", 9, bold=True)

    return fill_in


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
    frame: Sequence[float],
    lang: str = "en",
) -> str:
    """A project of QGIS that opens a round: tree, styles, names, relations, tips, a page a unit.

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
    frame : sequence of float
        What is in view at first: left, low, right, top in metres of `crs`.
    lang : str
        Of everything that people read.

    Returns
    -------
    str
        The text of a ``.qgs`` file; the same round gives the same text.
    """
    language = _Language(lang, tuple(given.species))
    title = f"{imprint.title} · {words.round_name(imprint, lang)} · {words.day(imprint.date, lang)}"
    root = ET.Element("qgis", version=_VERSION, projectname=title)
    ET.SubElement(root, "title").text = title
    _reference(ET.SubElement(root, "projectCrs"), crs)
    # Without it QGIS takes the CRS of the first layer instead of the project's.
    switches = ET.SubElement(ET.SubElement(root, "properties"), "SpatialRefSys")
    ET.SubElement(switches, "ProjectionsEnabled", type="int").text = "1"
    tree = ET.SubElement(root, "layer-tree-group")
    relations = ET.SubElement(root, "relations")
    canvas = ET.SubElement(root, "mapcanvas", name="theMapCanvas")
    ET.SubElement(canvas, "units").text = "meters"
    sides = ("xmin", "ymin", "xmax", "ymax")
    corners = {side: f"{value:.0f}" for side, value in zip(sides, frame, strict=True)}
    extent = ET.SubElement(canvas, "extent")
    for side, value in corners.items():
        ET.SubElement(extent, side).text = value
    _reference(ET.SubElement(canvas, "destinationsrs"), crs)
    # What *zoom to all* shows, and what a program sees that opens the project without a window. Without
    # them a server or a script takes the extent of a layer, which is in degrees, for metres of the
    # project, and draws nothing; and *zoom to all* shows the states as far as 180°.
    views = ET.SubElement(root, "ProjectViewSettings", UseProjectScales="0")
    for name in ("DefaultViewExtent", "PresetFullExtent"):
        _reference(ET.SubElement(views, name, corners), crs)
    layers = ET.SubElement(root, "projectlayers")
    for group in _groups(given, language):
        _add_group(tree, layers, group, given, geopackage, language)
    _relate(relations, given.columns, language)
    ET.SubElement(root, "Layouts").append(_page_of_unit(imprint, language))
    return _document(root)


class _Group(NamedTuple):
    """A group of the tree: its title, its layers (id, table, title, look), what is on, whether one at a time."""

    title: str
    rows: Sequence[tuple[str, str, str, _Look | None]]
    is_open: bool = False
    is_choice: bool = False


def _groups(given: Contents, language: _Language) -> list[_Group]:
    """The groups of the tree from the top, those without a layer left out."""
    spatial = set(given.kinds)

    def rows(names: Iterable[str]) -> list[tuple[str, str, str, _Look | None]]:
        return [(n, n, _title(n, language), _LOOKS.get(n)) for n in names if n in spatial]

    by_finding = [
        (f"finding_{finding}", "conservation_units", finding, _verdict(finding))
        for finding in given.findings
    ]
    own_layers = {"conservation_units", "remarks", *_EVIDENCE, *_GROUND, "features", "ranges_used"}
    others = sorted(spatial - own_layers - {"planning_units"})
    plain = [name for name in sorted(given.columns) if name not in spatial]
    groups = [
        _Group(language.say("units"), rows(("remarks", "conservation_units")), is_open=True),
        _Group(language.say("criteria"), by_finding, is_choice=True),
        _Group(language.say("evidence"), rows((*_EVIDENCE, *others)), is_open=True),
        _Group(language.say("species ranges"), rows(("features", "ranges_used"))),
        _Group(language.say("planning_units"), rows(("planning_units",))),
        _Group(language.say("background"), rows(_GROUND)),
        _Group(
            language.say("table"), [(name, name, _title(name, language), None) for name in plain]
        ),
    ]
    return [group for group in groups if group.rows]


def _title(name: str, language: _Language) -> str:
    """What a layer is called in the tree."""
    keys = {"conservation_units": "units", "disputed": "disputed areas"}
    keys |= {"features": "species ranges", "border_pairs": "border pairs"}
    for key in (f"layer {name}", keys.get(name, name)):
        if words.has(key):
            return language.say(key)
    return name.replace("_", " ")


def _add_group(
    tree: ET.Element,
    layers: ET.Element,
    group: _Group,
    given: Contents,
    geopackage: str,
    language: _Language,
) -> None:
    """A group into the tree, and its layers into the list."""
    on = any(row[0] in _ON for row in group.rows)
    branch = ET.SubElement(
        tree,
        "layer-tree-group",
        {
            "name": group.title,
            "checked": "Qt::Checked" if on else "Qt::Unchecked",
            "expanded": "1" if group.is_open else "0",
            **(
                {"mutually-exclusive": "1", "mutually-exclusive-child": "0"}
                if group.is_choice
                else {}
            ),
        },
    )
    for id_, table, title, look in group.rows:
        source = f"./{geopackage}|layername={table}"
        ET.SubElement(
            branch,
            "layer-tree-layer",
            id=_id(id_),
            name=title,
            source=source,
            providerKey="ogr",
            checked="Qt::Checked" if id_ in _ON else "Qt::Unchecked",
            expanded="1" if id_ in ("conservation_units", "barriers") else "0",
        )
        _add_layer(
            layers,
            id_,
            title,
            source,
            look,
            language,
            columns=given.columns[table],
            kind=given.kinds.get(table, "No geometry"),
        )


_GEOMETRY: Final[Mapping[str, str]] = {"Polygon": "Polygon", "LineString": "Line", "Point": "Point"}


def _add_layer(
    layers: ET.Element,
    id_: str,
    title: str,
    source: str,
    look: _Look | None,
    language: _Language,
    *,
    columns: Sequence[str],
    kind: str,
) -> None:
    """One layer of the list: where it is, what its columns are called and hold, how it looks."""
    layer = ET.SubElement(
        layers,
        "maplayer",
        type="vector",
        geometry=kind,
        readOnly="1",
        labelsEnabled="0",
        styleCategories="AllStyleCategories",
    )
    ET.SubElement(layer, "id").text = _id(id_)
    ET.SubElement(layer, "datasource").text = source
    ET.SubElement(layer, "layername").text = title
    if kind != "No geometry":
        _reference(ET.SubElement(layer, "srs"), "EPSG:4326")
    ET.SubElement(layer, "provider", encoding="UTF-8").text = "ogr"
    if look is not None:
        look(layer, language)
    fields = ET.SubElement(layer, "fieldConfiguration")
    aliases = ET.SubElement(layer, "aliases")
    for place, column in enumerate(columns, start=1):  # the first is fid
        alias = language.say(f"column {column}") if words.has(f"column {column}") else ""
        ET.SubElement(aliases, "alias", field=column, name=alias, index=str(place))
        values = _value_map(column, language)
        if values:
            _add_values(fields, column, values)
    ET.SubElement(layer, "previewExpression").text = _preview(columns, language)
    ET.SubElement(layer, "mapTip").text = _tip(columns, language)


def _id(name: str) -> str:
    """The id of a layer: QGIS gives one of its own to a layer whose id is under ten letters long."""
    return f"layer_{name}"


def _add_values(fields: ET.Element, column: str, values: Mapping[str, str]) -> None:
    """A column whose codes are read as words; what is written stays the code."""
    field = ET.SubElement(fields, "field", name=column, configurationFlags="None")
    widget = ET.SubElement(field, "editWidget", type="ValueMap")
    options = ET.SubElement(ET.SubElement(widget, "config"), "Option", type="Map")
    _options(options, {"map": [{label: code} for code, label in values.items()]})


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


def _relate(
    relations: ET.Element, columns: Mapping[str, Sequence[str]], language: _Language
) -> None:
    """Which rows of the other tables belong to a unit, and which to a species."""
    parents = (("conservation_units", "unit_id"), ("species", "sci_name"))
    for parent, key in parents:
        for child in sorted(columns):
            # a unit's own species stand in a list beside it, not in its row
            if child == parent or parent not in columns or key not in columns[child]:
                continue
            if parent == "species" and child == "conservation_units":
                continue
            relation = ET.SubElement(
                relations,
                "relation",
                id=f"{parent} {child}",
                name=_title(child, language),
                referencedLayer=_id(parent),
                referencingLayer=_id(child),
                strength="Association",
            )
            ET.SubElement(relation, "fieldRef", referencedField=key, referencingField=key)


def _reference(parent: ET.Element, crs: str) -> None:
    """A coordinate system, as well-known text: QGIS reads it without a look into its own tables."""
    wkt, authority = _spelt_out(crs)
    system = ET.SubElement(parent, "spatialrefsys")
    ET.SubElement(system, "wkt").text = wkt
    if authority:
        ET.SubElement(system, "authid").text = authority


@lru_cache(maxsize=8)  # forty layers are in one system
def _spelt_out(crs: str) -> tuple[str, str]:
    """A coordinate system as well-known text, and its code; no code where it has none."""
    system = read_crs(crs)
    return system.to_wkt("WKT2_2019"), ":".join(system.to_authority() or ())


# -- a page for each unit -------------------------------------------------------------------------


def _page_of_unit(imprint: Imprint, language: _Language) -> ET.Element:
    """A layout that QGIS turns through the units: `qgis_page.qpt`, with what hangs on the round filled in."""
    layout = ET.fromstring(resources.files("cami_units").joinpath("qgis_page.qpt").read_bytes())
    for element in layout.iter():
        element.text = element.tail = None  # the file is laid out to be read, QGIS writes one line
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
    item["imprint"].set("labelText", foot)
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
