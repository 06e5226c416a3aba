"""Layers of evidence as folders: hotspots, ranges, protected areas, barriers, borders, names."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from shapely.geometry.base import BaseGeometry

from cami_units import backdrop, words
from cami_units.drawn_pieces import piece
from cami_units.kml._escapes import ncname, shown, shown_name
from cami_units.kml._marks import (
    BARRIER_WIDTHS,
    LAYER_LOOKS,
    Bounds,
    Folder,
    Look,
    Mark,
    barrier_look,
    context_look,
    earth_key,
    label_point,
    range_look,
    rows,
)
from cami_units.kml._written_shapes import (
    EVIDENCE_EDGE,
    all_written,
    as_written,
    dashes,
    parts,
    sorted_parts,
)
from cami_units.model import (
    LAYERS,
    MONTHS,
    SEASONAL,
    clean_name,
    frames_on_globe,
    is_missing,
    month_spans,
    narrowest_bounds,
    truth,
    widened,
)
from cami_units.scene import (
    Itself,
    ShapeMemory,
    coarse_key,
    context_names,
    numbered_edges,
    species_places,
)
from cami_units.words import unit_card

MAIN_PLACE_KM: Final = 150
"""Places at least this wide are named from the start; the others can be switched on."""

BORDER_PAIRS: Final = "border_pairs"
"""What the borders are called where each stretch speaks of its two states, not of the background."""
_SHARED_EDGES: Final = frozenset({"sections"})
"""Layers that tile the ground: simplified together or not at all."""


def _holes(shapes: Sequence[BaseGeometry]) -> int:
    """How many holes some shapes have together."""
    return int(shapely.get_num_interior_rings(np.asarray(shapes, dtype=object)).sum())


class Drawing:
    """What evidence layers share while they are drawn: language, tolerance, year, looks, losses."""

    def __init__(self, lang: str, tolerance: float, year: int = 0) -> None:
        self.lang = lang
        self.tolerance = tolerance
        self.year = year
        self.looks: dict[str, Look] = {}
        self.dropped: dict[str, int] = {}

    def lose(self, layer: str, specks: int) -> None:
        """Count specks of a layer that are left out."""
        if specks:
            self.dropped[layer] = self.dropped.get(layer, 0) + specks

    def pieces(self, layer: str, geometry: BaseGeometry) -> list[BaseGeometry]:
        """The parts of a geometry as they will be written: simplified, short-edged, largest first.

        Parts too small to see at the tolerance are left out and counted, but never the largest.
        """
        if geometry.geom_type == "Point" and not geometry.is_empty:
            return [as_written(geometry)]
        singles = sorted_parts(geometry)
        if self.tolerance and layer not in _SHARED_EDGES:
            large = [part for part in singles if _extent(part) >= self.tolerance]
            kept_parts = large or singles[:1]
            self.lose(layer, len(singles) - len(kept_parts))
            simpler = shapely.simplify(kept_parts, self.tolerance, preserve_topology=True)
            singles = [part for simple_shape in simpler for part in sorted_parts(simple_shape)]
        written = [sorted_parts(shape) for shape in all_written(singles, longest=EVIDENCE_EDGE)]
        pieces = [part for made in written for part in made]
        # mending may add holes, never mind: only what is gone is counted
        holes = _holes(singles) - _holes(pieces)
        self.lose(layer, sum(not made for made in written) + max(0, holes))
        return pieces

    def marks(
        self,
        layer: str,
        row: Mapping[str, Any],
        *,
        key: str,
        name: str,
        look: str,
        visible: bool = False,
        data: Mapping[str, str] | None = None,
    ) -> list[Mark]:
        """The marks of one row of a layer, one a part: the same ones in each file of a pack."""
        identity, shape, months = clean_name(row[key]), row["geometry"], row.get(MONTHS)
        columns = dict(data or self._columns(layer, row))
        if key_of_note := coarse_key(row):
            columns["note"] = words.text(key_of_note, self.lang)
        pairs = (("layer", layer), *columns.items())

        def drawn(_: list[int]) -> list[tuple[list[Mark], int]]:
            """The marks, and how many specks are none."""
            anew = Drawing(self.lang, self.tolerance, self.year)
            pieces = anew.pieces(layer, shape)
            made = [
                Mark(
                    name=shown_name(name),
                    geometry=piece,
                    look=look,
                    id=ncname(layer, identity, str(number) if len(pieces) > 1 else ""),
                    data=pairs,
                    visible=visible,
                )
                for number, piece in enumerate(pieces, start=1)
            ]
            return [(anew._in_seasons(made, months), anew.dropped.get(layer, 0))]

        about = repr((identity, name, look, visible, pairs, months, self.tolerance, self.year))
        [(marks, specks)] = _MARKS.of([shape], [about], drawn)
        self.lose(layer, specks)
        return list(marks)

    def _in_seasons(self, marks: Sequence[Mark], months: object) -> list[Mark]:
        """Marks once for each season in which something is there; as they are where it always is."""
        if not (spans := seasons_of(months)) or not self.year:
            return list(marks)
        return [
            replace(mark, days=self._days(span), id=f"{mark.id}.m{span[0]}")
            for mark in marks
            for span in spans
        ]

    def _days(self, span: tuple[int, int]) -> tuple[str, str]:
        """The first and the last day of a season, in the year of the map; winter ends in the next."""
        first, last = span
        end_year = self.year + int(last < first)
        last_day = monthrange(end_year, last)[1]
        return f"{self.year}-{first:02}-01", f"{end_year}-{last:02}-{last_day}"

    def _columns(self, layer: str, row: Mapping[str, Any]) -> dict[str, str]:
        """The columns of a row that its placemark carries, under the keys of the file."""
        layer_rule = LAYERS["borders" if layer == BORDER_PAIRS else layer]
        values = {
            column: self._value(column, row)
            for column in (*layer_rule.key[:1], *layer_rule.mark_columns)
        }
        return {earth_key(key): value for key, value in values.items() if value}

    def _value(self, column: str, row: Mapping[str, Any]) -> str:
        """A value of a row in the file's language."""
        value = row.get(column)
        if isinstance(value, str):  # before it is cut: a word of ours is known by the whole
            value = words.layer_value(column, value, self.lang, row.get("source_facts"))
        return shown(value)

    def name(self, row: Mapping[str, Any]) -> str:
        """The name of a row in the file's language."""
        return words.line_name(row, self.lang)

    def title(self, row: Mapping[str, Any], key: str) -> str:
        """The id and the name of a row; the id alone where that is all that it is called."""
        return words.id_and_name(row[key], self.name(row))


_MARKS: Final = ShapeMemory()


def seasons_of(months: object) -> tuple[tuple[int, int], ...]:
    """The spans of months of a row; none where it says nothing of them that can be read."""
    try:
        return month_spans(clean_name(months))
    except ValueError:  # of a table that did not come through our reader
        return ()


def plain(
    drawing: Drawing, layer: str, layers: Mapping[str, gpd.GeoDataFrame], *, visible: bool = False
) -> Folder | None:
    """A layer of which each row is drawn alike, its id before its name."""
    if (table := layers.get(layer)) is None or table.empty:
        return None
    key = LAYERS[layer].key[0]
    marks: list[Mark] = []
    for row in rows(_topology_kept(table, layer, drawing.tolerance), key):
        name = drawing.title(row, key)
        sign = f"coarse {layer}" if coarse_key(row) else layer
        look = LAYER_LOOKS.get(sign, LAYER_LOOKS[layer])
        marks += drawing.marks(layer, row, key=key, name=name, look=look, visible=visible)
    near = len(marks) > _FEW
    return Folder(words.text(layer, drawing.lang), tuple(marks), visible=visible, near=near)


# Fewer marks than these are no load for a laptop of 2018, and better seen from afar.
_FEW: Final = 100


def _topology_kept(table: gpd.GeoDataFrame, layer: str, tolerance: float) -> gpd.GeoDataFrame:
    """A layer whose polygons share edges, simplified as a whole, so that no gap opens in it."""
    if layer not in _SHARED_EDGES or not tolerance:
        return table
    shapes = table.geometry.to_numpy()
    if shapely.coverage_is_valid(shapes):
        simpler = shapely.coverage_simplify(shapes, tolerance)
    else:
        simpler = shapely.simplify(shapes, tolerance, preserve_topology=True)
    return table.set_geometry(gpd.GeoSeries(simpler, index=table.index, crs=table.crs))


def remarks(
    drawing: Drawing, table: gpd.GeoDataFrame | None, *, visible: bool = False
) -> Folder | None:
    """What groups pinned and typed, and where they disagree: to look at, never read back."""
    if table is None or table.empty:
        return None
    marks: list[Mark] = []
    for row in rows(table, "remark_id"):
        title = clean_name(row.get("placemark")) if row["kind"] != "comment" else ""
        said = (clean_name(row["group"]), title or clean_name(row["text"]))
        name = words.with_label(*said, drawing.lang) if all(said) else "".join(said)
        marks += drawing.marks(
            "remarks", row, key="remark_id", name=name, look="remark", visible=visible
        )
    return Folder(words.text("remarks", drawing.lang), tuple(marks), visible=visible)


def ranges(
    drawing: Drawing,
    features: gpd.GeoDataFrame | None,
    kinds: Mapping[str, Mapping[str, Any]],
    parts_of_year: gpd.GeoDataFrame | None = None,
) -> Folder | None:
    """One folder a species, one of them at a time, with its code beside each larger part.

    `parts_of_year` are the coded parts of ranges: those with months are drawn as seasons, in a folder
    of their own.
    """
    if features is None or features.empty:
        return None
    folders = []
    places = species_places(kinds, features["sci_name"])
    for row in rows(features, "sci_name"):
        place = places[str(row["sci_name"])]
        sci_name = clean_name(row["sci_name"])
        species_row = kinds.get(str(row["sci_name"]), {})
        code = clean_name(species_row.get("code"))
        species_name = drawing.name(species_row) or sci_name
        title = shown_name(f"{code} {species_name}")
        look = ncname("range", sci_name.replace(" ", "-"))
        drawing.looks[look] = range_look(place)
        data = {
            "sci_name": shown_name(sci_name),
            "iucn_category": shown_name(species_row.get("iucn_category")),
        }
        marks = drawing.marks(
            "ranges",
            row,
            key="sci_name",
            name=title,
            look=look,
            data={key: value for key, value in data.items() if value},
        )
        if code:
            # A point with the code of the species: Earth labels points only.
            marks.append(
                Mark(
                    name=shown_name(code),
                    geometry=label_point(marks[0].geometry),
                    look=look,
                    id=ncname("label", "ranges", sci_name),
                    data=(("layer", "labels"),),
                    visible=False,
                )
            )
        seasons = _season_marks(drawing, row["sci_name"], parts_of_year, title, look)
        inner = (
            (Folder(words.text("seasons", drawing.lang), tuple(seasons), visible=False),)
            if seasons and not coarse_key(row)
            else ()
        )
        folders.append(Folder(title, tuple(marks), inner, visible=False))
    return Folder(
        words.text("species ranges", drawing.lang), (), tuple(folders), visible=False, radio=True
    )


def _season_marks(
    drawing: Drawing,
    sci_name: object,
    parts_of_year: gpd.GeoDataFrame | None,
    title: str,
    look: str,
) -> list[Mark]:
    """The parts of a species' range of which the months are known, each drawn in its months."""
    if parts_of_year is None or MONTHS not in parts_of_year:
        return []
    marks: list[Mark] = []
    for row in rows(parts_of_year[parts_of_year["sci_name"].eq(sci_name)], "range_id"):
        if not seasons_of(row[MONTHS]):
            continue
        season = words.text(SEASONAL.get(int(row["seasonal"]), SEASONAL[5]), drawing.lang)
        months = words.text("in months", drawing.lang, months=clean_name(row[MONTHS]))
        marks += drawing.marks(
            "ranges",
            row,
            key="range_id",
            name=words.with_label(
                title, words.with_aside(season, months, drawing.lang), drawing.lang
            ),
            look=look,
            data={
                "sci_name": shown_name(row["sci_name"]),
                "seasonal": shown(row["seasonal"]),
                MONTHS: shown(row[MONTHS]),
            },
        )
    return marks


def barriers(drawing: Drawing, barriers: gpd.GeoDataFrame | None) -> Folder | None:
    """One folder a kind of barrier."""
    if barriers is None or barriers.empty:
        return None
    by_kind: dict[str, list[Mark]] = {}
    for row in rows(barriers, "barrier_id"):
        kind = clean_name(row["kind"])
        key = kind if kind in BARRIER_WIDTHS else "other barrier"
        look = ncname("barrier", key.replace(" ", "-"))
        drawing.looks[look] = barrier_look(kind)
        by_kind.setdefault(key, []).extend(
            drawing.marks(
                "barriers", row, key="barrier_id", name=drawing.title(row, "barrier_id"), look=look
            )
        )
    folders = tuple(
        Folder(words.text(kind, drawing.lang), tuple(by_kind[kind]), visible=False)
        for kind in sorted(by_kind)
    )
    return Folder(words.text("barriers", drawing.lang), (), folders, visible=False)


def borders(drawing: Drawing, layers: Mapping[str, gpd.GeoDataFrame]) -> Folder | None:
    """Borders as lines, each drawn once; disputed lines in short pieces; names of countries.

    Where a line is disputed the plain line is taken away, however the layers spell it.
    """
    countries, borders, disputed = (
        layers.get(name) for name in ("countries", "borders", "disputed")
    )
    plain: list[BaseGeometry] = []
    doubtful: list[BaseGeometry] = []
    if borders is not None:
        hinges = borders["disputed"].map(truth).eq(True)
        plain += list(borders.geometry[~hinges])
        doubtful += list(borders.geometry[hinges])
    frozen = _frozen(plain), _frozen(doubtful), _frozen_layer(Itself(disputed))
    if countries is not None:
        # All outlines, coasts and outer borders too: borders between neighbours are among them.
        frozen = _frozen_layer(Itself(countries), outlines=True), *frozen[1:]
    marks, dropped = _border_marks(*frozen, drawing.lang, drawing.tolerance)
    for layer, count in dropped.items():
        drawing.lose(layer, count)
    name = words.text("folder borders", drawing.lang)
    return Folder(name, marks, shared=True) if marks else None


# What a globe shows of the ground without a network: the great rivers (km) and lakes (km²) alone.
_GREAT: Final = {backdrop.RIVERS: 700.0, backdrop.LAKES: 1000.0}
_AROUND: Final = 5.0
"""Degrees beyond the units: the next rivers say where one is."""


def waters(lang: str, units: gpd.GeoDataFrame) -> list[Mark]:
    """Great rivers and the shores of great lakes round the units, as lines."""
    if (seen := narrowest_bounds(units.geometry)) is None:
        return []
    return list(_water_marks(lang, widened(seen, _AROUND)))


@lru_cache(maxsize=2)  # both kinds of Google Earth come for the same ones
def _water_marks(lang: str, frame: Bounds) -> tuple[Mark, ...]:
    """The great waters of a frame in degrees."""
    if not (lines := piece("waters", [repr(frame).encode()], lambda: _great_waters(frame))):
        return ()
    outlines = shapely.MultiLineString(shapely.from_wkb(lines).tolist())
    title = words.text("water", lang)
    return tuple(_line_marks(Drawing(lang, 0.0), "water", outlines, title, "water"))


def _great_waters(frame: Bounds) -> list[bytes]:
    """The lines of great waters in a frame, as WKB."""
    table = backdrop.water_in(frame)
    # Only what tells people where they are: Earth's own imagery has the smaller waters.
    great_waters = table[table["size"] >= table["kind"].map(_GREAT).astype(float)]
    is_lake = great_waters["kind"] == backdrop.LAKES
    # Shores, not areas: a filled lake would hide the reeds that units are drawn around.
    shores = list(great_waters.geometry[is_lake].boundary)
    lines = [*great_waters.geometry[~is_lake], *shores]
    return [
        shapely.to_wkb(part)
        for side in frames_on_globe(frame)
        for part in shapely.get_parts(shapely.clip_by_rect(lines, *side))
        if isinstance(part, shapely.LineString) and part.length > 0
    ]


_Frozen = tuple[bytes, ...]


def _frozen(geometries: Iterable[BaseGeometry]) -> _Frozen:
    return tuple(shapely.to_wkb(list(geometries)))


@lru_cache(maxsize=4)  # every group of a pack is shown the same states
def _frozen_layer(layer: Itself, *, outlines: bool = False) -> _Frozen:
    """The shapes of a layer, or their outlines; none where there is no layer."""
    if layer.thing is None:
        return ()
    return _frozen(layer.thing.geometry.boundary if outlines else layer.thing.geometry)


@lru_cache(maxsize=2)  # every group of a pack is shown the same borders
def _border_marks(
    plain: _Frozen, doubtful: _Frozen, areas: _Frozen, lang: str, tolerance: float
) -> tuple[tuple[Mark, ...], dict[str, int]]:
    """Lines drawn whole and lines drawn in pieces, and how many pieces of each were left out."""
    drawing = Drawing(lang, tolerance)
    # a geometry that moves from one of the three lists to the next is another key
    content = [*plain, b"/", *doubtful, b"/", *areas]
    kept = piece("borders", content, lambda: _border_lines(plain, doubtful, areas))
    solid, dashed = shapely.from_wkb(kept)
    marks: list[Mark] = []
    if not solid.is_empty:
        marks += _line_marks(drawing, "borders", solid, words.text("border", lang), "border")
    if not dashed.is_empty:
        name = words.text("disputed line", lang)
        marks += _line_marks(drawing, "disputed", dashed, name, "disputed", dashed=True)
    return tuple(marks), drawing.dropped


def _border_lines(plain: _Frozen, doubtful: _Frozen, areas: _Frozen) -> list[bytes]:
    """The lines to draw whole and those to draw in pieces, as WKB."""
    lines = _merged(_each_edge_once(shapely.from_wkb(plain)))
    ground: BaseGeometry = shapely.GeometryCollection()
    unsure = list(shapely.from_wkb(doubtful))
    if areas:
        disputed = shapely.from_wkb(areas)
        ground = _united(disputed)
        in_ground, _ = _meeting(lines, ground)
        unsure += [*shapely.boundary(disputed), shapely.intersection(in_ground, ground)]
    dashed = _united(unsure)
    # line by line: round all at once GEOS looks for crossings of each rounded edge with every other
    along = shapely.union_all(shapely.buffer(shapely.get_parts(_merged(dashed)), 0.02))
    covered_ground = shapely.union(along, ground)
    doubted, agreed = _meeting(lines, covered_ground)
    rest = shapely.get_parts(shapely.difference(doubted, covered_ground))
    solid: Any = shapely.multilinestrings(
        np.concatenate([shapely.get_parts(agreed), rest[~shapely.is_empty(rest)]])
    )
    return [shapely.to_wkb(solid), shapely.to_wkb(dashed)]


def _each_edge_once(outlines: Any) -> BaseGeometry:
    """Outlines as lines from one place where more than two edges meet to the next, each edge once.

    What their union is where neighbours share their edges vertex by vertex, in a quarter of the time.
    """
    xy, line = shapely.get_coordinates(shapely.get_parts(outlines), return_index=True)
    start, edge, place = numbered_edges(xy, line)
    if not len(start):
        return shapely.MultiLineString()
    first = start[np.sort(np.unique(edge, return_index=True)[1])]
    n_edges = np.bincount(place[np.concatenate([first, first + 1])], minlength=len(xy))
    # a line goes on from an edge to the next of its outline through a place of these two alone
    begins = np.ones(len(first), dtype=bool)
    begins[1:] = (first[1:] != first[:-1] + 1) | (n_edges[place[first[1:]]] != 2)
    number = np.cumsum(begins) - 1
    last = np.flatnonzero(np.append(begins[1:], True))
    points = np.concatenate([xy[first], xy[first[last] + 1]])
    order = np.argsort(np.concatenate([number, number[last]]), kind="stable")
    lines: Any = shapely.linestrings(
        points[order], indices=np.concatenate([number, number[last]])[order]
    )
    merged: BaseGeometry = shapely.multilinestrings(lines)
    return merged


def _merged(lines: BaseGeometry) -> BaseGeometry:
    """Lines put together where they meet end to end."""
    return shapely.line_merge(lines) if lines.geom_type == "MultiLineString" else lines


def _meeting(lines: BaseGeometry, ground: BaseGeometry) -> tuple[BaseGeometry, BaseGeometry]:
    """The parts of lines that meet some ground, and those that do not: GEOS would look at them all."""
    parts = shapely.get_parts(lines)
    shapely.prepare(ground)
    meets = shapely.intersects(ground, parts)
    meeting: Any = shapely.multilinestrings(parts[meets])
    apart: Any = shapely.multilinestrings(parts[~meets])
    return meeting, apart


def border_pairs(drawing: Drawing, borders: gpd.GeoDataFrame | None) -> Folder | None:
    """The border of each two neighbours, as one thing to click on, with what is known along it."""
    if borders is None or borders.empty:
        return None
    lines_of: dict[str, list[dict[str, Any]]] = {}
    for row in rows(borders, "pair"):
        lines_of.setdefault(row["pair"], []).append(row)
    marks: list[Mark] = []
    for of_pair in lines_of.values():
        # what is known of a pair stands in each of its rows, or in one of them
        row = {
            key: next((one[key] for one in of_pair if not is_missing(one[key])), None)
            for key in of_pair[0]
        }
        row["geometry"] = _line_of_pair(tuple(one["geometry"] for one in of_pair))
        name = clean_name(row["pair"]).replace(";", "–")
        marks += drawing.marks(BORDER_PAIRS, row, key="pair", name=name, look="border-pair")
    name = words.text("border pairs", drawing.lang)
    return Folder(name, tuple(marks), visible=False, shared=True)


@lru_cache(maxsize=1 << 8)  # a file in each language and for each kind of Google Earth has the same
def _line_of_pair(lines: tuple[BaseGeometry, ...]) -> BaseGeometry:
    """The lines of a pair of states as one where they meet end to end: else each was a placemark."""
    return _merged(shapely.union_all(lines))


def context(drawing: Drawing, layers: Mapping[str, gpd.GeoDataFrame]) -> Folder | None:
    """One folder a context layer, named with what its numbers count; all switched off."""
    folders = []
    for place, layer in enumerate(context_names(layers)):
        table = layers[layer]
        look = ncname("context", str(place))
        drawing.looks[look] = context_look(place)
        title = unit_card.context_legend(table, drawing.lang)
        marks: list[Mark] = []
        for row in rows(table, "context_id"):
            values = {key: shown(row.get(key)) for key in ("value", "note")}
            marks += drawing.marks(
                layer,
                row,
                key="context_id",
                name=drawing.name(row) or title,
                look=look,
                data={"context": shown(title)}
                | {key: value for key, value in values.items() if value},
            )
        folders.append(Folder(shown_name(title), tuple(marks), visible=False))
    if not folders:
        return None
    name = words.text("context layers", drawing.lang)
    return Folder(name, (), tuple(folders), visible=False)


def _united(geometries: Iterable[BaseGeometry]) -> BaseGeometry:
    """The union, put together in an order that does not hang on the order of rows."""
    return shapely.union_all(sorted(geometries, key=shapely.to_wkb))


def _line_marks(
    drawing: Drawing, layer: str, lines: BaseGeometry, name: str, look: str, *, dashed: bool = False
) -> list[Mark]:
    """Lines as placemarks of many pieces each; dashes are drawn, since KML has none."""
    pieces = drawing.pieces(layer, shapely.normalize(_merged(lines)))
    if dashed:
        # KML has no dashed lines: they are cut into dashes, several of them in one placemark.
        whole_lines = [piece for piece in pieces if isinstance(piece, shapely.LineString)]
        pieces = all_written([dash for line in whole_lines for dash in dashes(line)])
    lines_there = [
        piece for piece in pieces if isinstance(piece, shapely.LineString) and piece.length > 0
    ]
    return [
        Mark(
            name,
            shapely.MultiLineString(lines_there[start : start + _LINES_A_MARK]),
            look,
            ncname(layer, str(number)),
            (("layer", layer),),
        )
        for number, start in enumerate(range(0, len(lines_there), _LINES_A_MARK), start=1)
    ]


_LINES_A_MARK: Final = 400
"""Borders are ground, not things to click: a line for each piece would fill the tree of Places."""


def names(drawing: Drawing, layers: Mapping[str, gpd.GeoDataFrame]) -> Folder | None:
    """Names that are read from the start: of countries, and of wide places."""
    marks = [*_country_names(drawing.lang, Itself(layers.get("countries")))]
    marks += _places(drawing, layers.get("gazetteer"), wide=True)
    return Folder(words.text("gazetteer", drawing.lang), tuple(marks)) if marks else None


def more_names(drawing: Drawing, layers: Mapping[str, gpd.GeoDataFrame]) -> Folder | None:
    """Names of small places, to be switched on."""
    if not (marks := _places(drawing, layers.get("gazetteer"), wide=False)):
        return None
    return Folder(words.text("more places", drawing.lang), tuple(marks), visible=False, near=True)


@lru_cache(maxsize=4)  # each file of a pack names the same states
def _country_names(lang: str, layer: Itself) -> tuple[Mark, ...]:
    """The name of each country on its largest part."""
    if layer.thing is None:
        return ()
    return tuple(
        Mark(
            name=shown_name(name),
            geometry=label_point(sorted_parts(row["geometry"])[0]),
            look="country-label",
            id=ncname("label", "countries", clean_name(row["iso2"])),
            data=(("layer", "labels"),),
        )
        for row in rows(layer.thing, "iso2")
        if (name := words.line_name(row, lang))
    )


def _places(drawing: Drawing, gazetteer: gpd.GeoDataFrame | None, *, wide: bool) -> list[Mark]:
    """The wide places of the gazetteer, or the small ones, which are off at first."""
    if gazetteer is None or gazetteer.empty:
        return []
    extent = pd.to_numeric(gazetteer["extent_km"], errors="coerce")
    is_wide = extent.ge(MAIN_PLACE_KM)
    return [
        Mark(
            name=shown_name(drawing.name(row)),
            geometry=as_written(point),
            look="place",
            id=ncname("place", clean_name(row["name_en"])),
            data=(("layer", "gazetteer"),),
            visible=wide,
        )
        for row in rows(gazetteer[is_wide if wide else ~is_wide], "name_en")
        for point in parts(row["geometry"])[:1]
    ]


def _extent(geometry: BaseGeometry) -> float:
    """The size of a part beside the tolerance of what is drawn; a point is always large enough."""
    if geometry.geom_type == "Polygon":
        return float(np.sqrt(geometry.area))
    return float(geometry.length) if geometry.geom_type == "LineString" else float("inf")
