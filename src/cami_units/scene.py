"""What is shown of a round, once for every renderer.

Which layers may be shown, which places are told coarsely and which units are hidden; names in the
reader's language; where a name stands; how few vertices the eye can use. `kml`, `webmap`, `figures`
and the drawings of `documents` turn a scene into their format and decide none of this.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final, Literal, TypeVar, get_args

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from pyproj import Proj
from shapely.geometry.base import BaseGeometry

from cami_units import model, palette, words
from cami_units.drawn_pieces import piece
from cami_units.model import (
    CONTEXT,
    EQUAL_AREA,
    EVIDENCE_LAYERS,
    HIDDEN_STATUSES,
    LAYERS,
    LONLAT,
    MAP_LAYERS,
    SPECIES_LAYERS,
    Imprint,
    InputError,
    Note,
    Problem,
    check_table,
    context_title,
    cut_at_180,
    listed,
    nearest,
    problem_of,
    transformed,
    truth,
    united_coverage,
)

DRAWN_LAYERS: Final = tuple(name for name in MAP_LAYERS if name not in ("features", "remarks"))
"""The layers that figures draw. `features` and any others of a round are welcome and not drawn."""

GIVEN_LAYERS: Final = (*MAP_LAYERS, "ranges")
"""What a map may be given: the coded parts of ranges too, of which seasons are drawn."""

UnitTable = TypeVar("UnitTable", bound=pd.DataFrame)

Frame = tuple[float, float, float, float]
"""Left, low, right, top, in metres of the scene's CRS."""


# Two scenes are one only if they are the same: so what was drawn of one can be kept by it.
@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """Everything the figures of a round show, ready to draw.

    Attributes
    ----------
    crs : the equal-area CRS of every geometry here.
    imprint : title, date, round, profile, sources, disclaimer.
    units : the table `conservation_units`. Rejected and merged units are not drawn.
    cards : one row a unit, as :func:`cami_units.words.unit_card.unit_cards` makes them, in this language.
    layers : any of :data:`DRAWN_LAYERS`, by name.
    species : the table `species`.
    unit_criteria, unit_species, unit_countries : the tables of those names; empty ones are fine.
    lang : language of every phrase and name.
    """

    crs: str
    imprint: Imprint
    units: gpd.GeoDataFrame
    cards: pd.DataFrame
    species: pd.DataFrame
    layers: Mapping[str, gpd.GeoDataFrame] = field(default_factory=lambda: MappingProxyType({}))
    unit_criteria: pd.DataFrame = field(default_factory=pd.DataFrame)
    unit_species: pd.DataFrame = field(default_factory=pd.DataFrame)
    unit_countries: pd.DataFrame = field(default_factory=pd.DataFrame)
    lang: str = "en"

    def __post_init__(self) -> None:
        """Refuse tables that are not as promised, or lie in different CRSs.

        Raises
        ------
        InputError
            With the first table that is at fault, and each of its faults.
        """
        words.text("map", self.lang)  # refuses an unknown language
        # layers that are known by a stamp are those of a round, checked when it was opened
        layers = {} if stamp_of(self.layers) else self.layers
        if unknown := [name for name in layers if name not in GIVEN_LAYERS]:
            hints = "".join(nearest(name, DRAWN_LAYERS) for name in unknown)
            raise InputError(
                f"Figures draw {', '.join(DRAWN_LAYERS)}; they do not know {listed(unknown)}.{hints}"
            )
        check_table(self.units, "conservation_units", crs=self.crs)
        check_table(self.species, "species")
        for name in DRAWN_LAYERS:
            if name in layers:
                check_table(layers[name], name, crs=self.crs)
        if bare := sorted(set(self.units["unit_id"]) - set(self.cards.get("unit_id", ()))):
            raise InputError(f"No card for {listed(bare)}. Make the cards with unit_cards(…).")


def shown_units(units: UnitTable) -> UnitTable:
    """The units of a table that are shown, in its order: rejected and merged ones are not."""
    return units[~units["status"].isin(HIDDEN_STATUSES)]


# A page asks for each of these a dozen times. A scene never changes, and nobody changes its tables.
@lru_cache(maxsize=8)
def drawn_units(scene: Scene) -> gpd.GeoDataFrame:
    """The units that are drawn, best rank first."""
    visible_units = shown_units(scene.units)
    return visible_units.sort_values(["rank", "unit_id"], na_position="last", kind="stable")


@lru_cache(maxsize=8)
def drawn_records(scene: Scene) -> tuple[Mapping[str, Any], ...]:
    """The units that are drawn as mappings, best rank first."""
    return tuple(records(drawn_units(scene)))


def moved_scene(
    scene: Scene, crs: str, units: gpd.GeoDataFrame, layers: Mapping[str, gpd.GeoDataFrame]
) -> Scene:
    """A part of a scene in another CRS: rows of tables that were looked at when the scene was made.

    A page of each unit asks for one, and looking at all tables again took longer than to cut them.
    They may be plain tables with a column ``geometry``, and hold no more than is looked at.
    """
    part = copy(scene)
    for name, value in (("crs", crs), ("units", units), ("layers", layers)):
        object.__setattr__(part, name, value)
    return part


@lru_cache(maxsize=64)
def layer(scene: Scene, name: str, key: str) -> gpd.GeoDataFrame | None:
    """A layer in the order of its key; ``None`` where there is none or it is empty."""
    if (table := scene.layers.get(name)) is None or table.empty:
        return None
    return table.sort_values(key, kind="stable")


def records(table: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """The rows of a table as mappings, geometry and all."""
    return iter(model.records(table))


def unit(scene: Scene, unit_id: str) -> Mapping[str, Any]:
    """A unit by its id.

    Raises
    ------
    InputError
        There is none, with the nearest id that there is.
    """
    units = _units_by_id(scene)
    if unit_id not in units:
        unit_ids = sorted(units)
        raise InputError(
            f"There is no unit '{unit_id}' in this round.{nearest(unit_id, unit_ids)} "
            f"It has {listed(unit_ids)}."
        )
    return units[unit_id]


@lru_cache(maxsize=8)
def _units_by_id(scene: Scene) -> Mapping[str, Mapping[str, Any]]:
    """The units of a scene, whether they are drawn or not."""
    return {str(row["unit_id"]): row for row in records(scene.units)}


def section(scene: Scene, section_id: str) -> dict[str, Any]:
    """A section by its id.

    Raises
    ------
    InputError
        There is none, with the nearest id that there is.
    """
    table = scene.layers.get("sections")
    section_ids = [] if table is None else sorted(map(str, table["section_id"]))
    if table is None or section_id not in section_ids:
        raise InputError(
            f"There is no section '{section_id}' in this round.{nearest(section_id, section_ids)} "
            f"It has {listed(section_ids) or 'none'}."
        )
    return next(records(table[table["section_id"] == section_id]))


def name_of(row: Mapping[str, Any], lang: str) -> str:
    """The name of a row in this language, else in English, else the only one it has."""
    names = (row.get(key) for key in (f"name_{lang}", "name_en", "name"))
    return next((str(name) for name in names if isinstance(name, str) and name), "")


def framed(bounds: Any, *, aspect: float, margin: float = 0.06) -> Frame:
    """The bounds with a margin, widened to a map of this width over height."""
    left, low, right, top = (float(edge) for edge in np.asarray(bounds))
    width, height = (right - left) * (1 + 2 * margin), (top - low) * (1 + 2 * margin)
    width, height = max(width, height * aspect), max(height, width / aspect)
    x, y = (left + right) / 2, (low + top) / 2
    return x - width / 2, y - height / 2, x + width / 2, y + height / 2


def region(scene: Scene) -> Any:
    """The bounds of what the scene is about: units, hotspots and sections; else the range states."""
    about = [scene.units, scene.layers.get("hotspots"), scene.layers.get("sections")]
    if not (filled_tables := [table for table in about if table is not None and len(table)]):
        countries = scene.layers.get("countries")
        filled_tables = [] if countries is None else [countries[is_range_state(countries)]]
    if not filled_tables:
        return (-3e6, -2e6, 3e6, 2e6)
    edges = np.array([table.total_bounds for table in filled_tables])
    return (*edges[:, :2].min(axis=0), *edges[:, 2:].max(axis=0))


class LaterLayers(Mapping[str, gpd.GeoDataFrame]):
    """Layers that are made when somebody looks at them, and what they hang on.

    A renderer that has drawn them before, and kept what it drew by `stamp`, never does. `by_layer` says
    it of single ones: what is drawn of these alone outlasts a change of others. `stamp` may be of all that
    is drawn of a round; `lasting` then is of the layers, which outlast it.
    """

    def __init__(
        self,
        stamp: bytes,
        make: Callable[[], Mapping[str, gpd.GeoDataFrame]],
        *,
        by_layer: Mapping[str, bytes] = MappingProxyType({}),
        lasting: bytes = b"",
    ) -> None:
        self.stamp, self.by_layer, self.lasting = stamp, by_layer, lasting
        self._make = make
        self._made: Mapping[str, gpd.GeoDataFrame] | None = None

    def _layers(self) -> Mapping[str, gpd.GeoDataFrame]:
        """The layers, made once."""
        if self._made is None:
            self._made = self._make()
        return self._made

    def __getitem__(self, name: str) -> gpd.GeoDataFrame:
        """A layer by its name."""
        return self._layers()[name]

    def __iter__(self) -> Iterator[str]:
        """The names of the layers."""
        return iter(self._layers())

    def __len__(self) -> int:
        """How many layers there are."""
        return len(self._layers())


def stamp_of(layers: Mapping[str, gpd.GeoDataFrame] | None, *names: str) -> bytes:
    """What layers hang on, all or those of some names; nothing where it is not known without them."""
    if not isinstance(layers, LaterLayers):
        return b""
    if layers.stamp and names and all(name in layers.by_layer for name in names):
        return b"".join(layers.by_layer[name] for name in names)
    return layers.stamp


def lasting_stamp_of(layers: Mapping[str, gpd.GeoDataFrame]) -> bytes:
    """What layers hang on by themselves, where that is known without them; else nothing."""
    return layers.lasting if isinstance(layers, LaterLayers) else b""


def stamps_of_layers(layers: Mapping[str, gpd.GeoDataFrame]) -> Mapping[str, bytes]:
    """What each layer hangs on, of those of which that is known without them."""
    return layers.by_layer if isinstance(layers, LaterLayers) else {}


Shapes = npt.NDArray[np.object_]
Corners = npt.NDArray[Any]
"""Numbers in rows of x and y."""


@dataclass(frozen=True, slots=True, eq=False)
class Itself:
    """A table as what a function remembers by: like itself alone, whatever is in another one.

    The layers that all files of a pack share are the very same; to hash what is in them for each file
    took as long as to draw them.
    """

    thing: Any

    def __hash__(self) -> int:
        return id(self.thing)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Itself) and self.thing is other.thing


class ShapeMemory:
    """What was worked out of shapes and marks, by the very object: files of a pack show the same ones.

    Neither ever changes, and each is held here, so that nothing else has its address.
    """

    # what ten groups are shown of a region is some thousand shapes; a text of each takes a few kB
    _MOST: Final = 1 << 13

    def __init__(self) -> None:
        self._known: dict[tuple[int, Hashable], tuple[Any, Any]] = {}

    def of(
        self,
        things: Sequence[Any] | Shapes,
        about: Sequence[Hashable],
        make: Callable[[list[int]], Iterable[Any]],
    ) -> list[Any]:
        """What is known of each thing and what it is `about`; what is not, `make` finds by its place."""
        keys = [(id(thing), key) for thing, key in zip(things, about, strict=True)]
        values = [self._known.get(key) for key in keys]
        if new := [place for place, known in enumerate(values) if known is None]:
            if len(self._known) > self._MOST:
                self._known.clear()
            for place, value in zip(new, make(new), strict=True):
                values[place] = self._known[keys[place]] = (things[place], value)
        return [known[1] for known in values if known is not None]


_COARSE: Final = ShapeMemory()


# -- what may be shown ----------------------------------------------------------------------------

COARSE_KM: Final = 25.0
"""The least size to which the places of a sensitive species are made coarse (DOMAIN: ≥ 25 km)."""

LATTICE_OFFSET: Final = 0.01
"""Share of a cell that a shape must reach into it: a shape of whole cells stays what it is."""


def restricted_layers(inputs: Iterable[Mapping[str, Any]]) -> frozenset[str]:
    """The layers that came, in part or whole, from a source that may not be passed on."""
    return frozenset(str(source["layer"]) for source in inputs if source.get("restricted"))


def sensitive_species(species: pd.DataFrame) -> frozenset[str]:
    """The species whose places are not told precisely.

    A cell that says neither yes nor no, in the table of an older round, hides rather than shows.
    """
    return frozenset(species.loc[species["sensitive"].map(truth).ne(False), "sci_name"])


def is_tracked(table: pd.DataFrame) -> pd.Series[bool]:
    """Which rows of a layer are tracks of animals: their positions are shown of no species."""
    if "tracked" not in table:
        return pd.Series(False, index=table.index)
    return table["tracked"].map(truth).eq(True).astype(bool)


def is_range_state(countries: pd.DataFrame) -> pd.Series[bool]:
    """Which countries are range states, told as a truth value or, in a table by hand, as "yes"."""
    return countries["range_state"].map(truth).eq(True)


def shown_layers(
    layers: Mapping[str, gpd.GeoDataFrame],
    species: pd.DataFrame,
    *,
    restricted: frozenset[str],
    crs: str,
) -> dict[str, gpd.GeoDataFrame]:
    """The layers that may be shown, in longitude and latitude.

    A layer that came from a restricted source stays out, `features` aside: the range of a sensitive
    species, or any range of a restricted source, is shown as the coarse cells that it reaches into,
    and its links of movement on the corners of such cells.

    Parameters
    ----------
    layers : mapping of name to GeoDataFrame
        Of a round, in longitude and latitude.
    species : DataFrame
        The table `species`.
    restricted : frozenset of str
        From :func:`restricted_layers`.
    crs : str
        The equal-area CRS of the plan: the cells lie in it.
    """
    open_layers = {name: table for name, table in layers.items() if name not in restricted}
    delicate: dict[str, CoarseReason] = {}
    if (features := layers.get("features")) is not None:
        open_layers["features"] = features
        if "ranges" in restricted:
            delicate |= dict.fromkeys(features["sci_name"], "restricted")
    delicate |= dict.fromkeys(sensitive_species(species), "sensitive")
    for name in SPECIES_LAYERS:
        if name in open_layers:
            open_layers[name] = _coarse_rows(open_layers[name], delicate, crs)
    if "countries" in open_layers:
        open_layers["countries"] = with_shared_edges(open_layers["countries"])
    return open_layers


# twice the width of a strip is its area by half its edge: 0.1° is wider than two drawings of one
# border differ, and narrower than any lake between states
_SLIVER_DEGREES: Final = 0.1
_CENTIMETRE_DEGREES: Final = 1e-7
_OUTWARDS: Final = np.array([[-1.0], [-1.0], [1.0], [1.0]])
# states that meet in a corner, or face each other over a strait, have a few points that close
_MOST_NEAR: Final = 20


def with_shared_edges(countries: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """States whose neighbours share their edges vertex by vertex, so that a border is one line.

    Every renderer finds borders as edges that two states share. Outlines that were drawn one by one
    overlap, leave gaps and meet in the middle of an edge: then there would be hardly any border. So
    all lines are cut at one another, and each piece of ground goes to the first state that claims
    it; a narrow gap goes to the neighbour with the longest edge. This is for drawing: what is
    measured is measured on the states as they came. A layer without such faults comes back as it is.

    Examples
    --------
    Two squares that overlap by a strip: they touch afterwards, and no ground is lost.

    >>> states = gpd.GeoDataFrame(
    ...     {"iso2": ["AA", "BB"]}, geometry=[shapely.box(0, 0, 1.05, 1), shapely.box(1, 0, 2, 1)]
    ... )
    >>> bool(shapely.coverage_is_valid(states.geometry.array)), float(states.area.sum())
    (False, 2.05)
    >>> mended = with_shared_edges(states)
    >>> bool(shapely.coverage_is_valid(mended.geometry.array)), float(mended.area.sum())
    (True, 2.0)
    """
    mended = _mended(tuple(shapely.to_wkb(countries.geometry.to_numpy()).tolist()))
    if not mended:
        return countries
    whole = gpd.GeoSeries.from_wkb(list(mended), index=countries.index, crs=countries.crs)
    return countries.set_geometry(whole)


@lru_cache(maxsize=2)  # the same states for every map, figure and language of a round
def _mended(states: tuple[bytes, ...]) -> Sequence[bytes]:
    """States, as WKB, that share their edges; nothing where they do as they are."""

    def mended() -> list[bytes]:
        shapes = np.asarray(shapely.from_wkb(states), dtype=object)
        return [] if _share_edges(shapes) else shapely.to_wkb(_with_shared_edges(shapes)).tolist()

    return piece("edges", [state or b"" for state in states], mended)


def _with_shared_edges(shapes: Shapes) -> list[BaseGeometry]:
    """The ground of each state, all cut at one another's lines."""
    ground = shapely.union_all(shapes)
    # a gap that is open at an end is no face of the lines: closing the ground by half its width is
    gap = _SLIVER_DEGREES / 2
    closed = shapely.buffer(
        shapely.buffer(ground, gap, join_style="mitre"), -gap, join_style="mitre"
    )
    gaps = shapely.boundary(shapely.difference(closed, ground))
    outlines = [*shapely.boundary(shapes), gaps]
    try:
        lines: BaseGeometry = shapely.node(shapely.union_all(outlines))
    except shapely.errors.GEOSException:
        # Edges that all but coincide meet in endless points: on a lattice of a centimetre they end.
        lines = shapely.union_all(outlines, grid_size=_CENTIMETRE_DEGREES)
    faces = np.asarray(
        shapely.get_parts(shapely.polygonize(shapely.get_parts(lines))), dtype=object
    )
    face, state = shapely.STRtree(shapes).query(shapely.point_on_surface(faces), "within")
    owner = np.full(len(faces), -1)
    for number in np.argsort(-state, kind="stable"):  # the first state comes last, and stays
        owner[face[number]] = state[number]
    narrow = 2 * shapely.area(faces) / np.maximum(shapely.length(faces), 1e-12) < _SLIVER_DEGREES
    tree, claimed = shapely.STRtree(faces), owner.copy()
    for strip in np.flatnonzero((owner < 0) & narrow):
        beside = tree.query(faces[strip], "intersects")
        beside = beside[claimed[beside] >= 0]
        if len(set(claimed[beside])) > 1:  # beside one state only it is a bay
            edges = shapely.length(shapely.intersection(faces[beside], faces[strip].exterior))
            owner[strip] = claimed[beside[int(np.argmax(edges))]]
    return [
        shapely.coverage_union_all(faces[owner == number]) if (owner == number).any() else shape
        for number, shape in enumerate(shapes)
    ]


def _share_edges(shapes: Shapes) -> bool:
    """Whether states share their edges vertex by vertex, with no strips between them."""
    # Outlines that all lie apart are a valid coverage too, of islands. GEOS's own search for gaps sees
    # those of 0.02° and none of them when asked for all up to 0.1°: neighbours are looked at here.
    return united_coverage(shapes) is not None and not _lie_apart(shapes)


def common_edges(polygons: Shapes, lattice: Callable[[Corners], Corners]) -> Corners:
    """Both ends of each edge that two polygons have in common, on a lattice, the lower end first.

    Compared edge by edge: no tolerance, no intersection. They go by their ends, as numbers of edges do.
    """
    parts, owner = shapely.get_parts(polygons, return_index=True)
    rings, part = shapely.get_rings(parts, return_index=True)
    xy, ring = shapely.get_coordinates(rings, return_index=True)
    start, edge, place = numbered_edges(steps := lattice(xy), ring)
    _, first, number = np.unique(edge, return_index=True, return_inverse=True)
    # coasts and the rim of a layer belong to one polygon only, both sides of a spit on a coarse lattice too
    owners = owner[part[ring[start]]]
    is_other = owners != owners[first][number]
    ends = np.stack([start, start + 1])[:, first[np.unique(number[is_other])]]
    # from the lower end up, from whichever side it came
    ends = np.take_along_axis(ends, np.argsort(place[ends], axis=0), axis=0)
    corners: Corners = steps[ends.T]
    return corners


def numbered_edges(
    xy: npt.NDArray[Any], line: npt.NDArray[np.intp]
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """The edges of lines by numbers of their ends: the same from both sides.

    Parameters
    ----------
    xy : array of (vertices, 2)
    line : array
        The line of each vertex.

    Returns
    -------
    start : array
        The vertex at which each edge begins; those of no length are left out.
    edge : array
        A number for each edge. They go by the lower end, by x and then y, and then by the upper one.
    place : array
        A number for each vertex, alike for alike ones.
    """
    # one number for a place: to sort rows of four takes five times as long
    place = np.unique(xy[:, 0] + 1j * xy[:, 1], return_inverse=True)[1].astype(np.intp)
    start = np.flatnonzero((line[1:] == line[:-1]) & (place[1:] != place[:-1]))
    low, high = np.sort(np.stack([place[start], place[start + 1]]), axis=0)
    return start, low * len(xy) + high, place


def _lie_apart(shapes: npt.NDArray[Any]) -> bool:
    """Whether some two states run side by side and have no edge in common."""
    parts, state = shapely.get_parts(shapes, return_index=True)
    rings, part = shapely.get_rings(parts, return_index=True)
    xy, ring = shapely.get_coordinates(rings, return_index=True)
    start, edge, _ = numbered_edges(xy, ring)
    order = np.argsort(edge, kind="stable")
    same = edge[order[1:]] == edge[order[:-1]]
    of_edge = state[part[ring[start]]][order]
    sharing = set(zip(of_edge[:-1][same].tolist(), of_edge[1:][same].tolist(), strict=True))
    west, south, east, north = shapely.bounds(shapes).T + _SLIVER_DEGREES * _OUTWARDS
    one_of, other_of = np.triu_indices(len(shapes), 1)
    left, low = np.maximum(west[one_of], west[other_of]), np.maximum(south[one_of], south[other_of])
    right, top = (
        np.minimum(east[one_of], east[other_of]),
        np.minimum(north[one_of], north[other_of]),
    )
    outlines = shapely.boundary(shapes)
    # most of the pairs of a region are too far apart to look at
    for place in np.flatnonzero((left < right) & (low < top)):
        first, second = int(one_of[place]), int(other_of[place])
        if {(first, second), (second, first)} & sharing:
            continue
        facing = (left[place], low[place], right[place], top[place])
        one, other = shapely.clip_by_rect(outlines[[first, second]], *facing)
        points = shapely.points(shapely.get_coordinates(shapely.segmentize(one, _SLIVER_DEGREES)))
        if shapely.dwithin(points, other, _SLIVER_DEGREES).sum() > _MOST_NEAR:
            return True
    return False


def coarse_layers(
    layers: Mapping[str, gpd.GeoDataFrame], species: pd.DataFrame | None
) -> Mapping[str, gpd.GeoDataFrame]:
    """Layers in which no sensitive place is told precisely, whoever hands them to a renderer.

    What :func:`shown_layers` has made coarse already stays as it is.
    """
    if species is None or "sensitive" not in species:
        return layers
    delicate: dict[str, CoarseReason] = dict.fromkeys(sensitive_species(species), "sensitive")
    return {
        name: _coarse_rows(table, delicate, EQUAL_AREA)
        if name in SPECIES_LAYERS and not table.attrs.get(_MARK)
        else table
        for name, table in layers.items()
    }


_MARK: Final = "coarse_km"
"""The note on a table that says how coarse its delicate rows are."""

CoarseReason = Literal["sensitive", "tracked", "restricted"]
"""Why a place is told coarsely: its species, that it is the track of an animal, or its source."""

COARSE: Final = "coarse"
"""The column of a shown layer with the reason why a row was made coarse; empty where it was not."""


def coarse_reasons(table: pd.DataFrame, delicate: Mapping[str, CoarseReason]) -> pd.Series[str]:
    """Why each row of a layer is told coarsely, the species first; empty where it is told as it is.

    Parameters
    ----------
    table : DataFrame
        With ``sci_name``, of one species or several with semicolons between.
    delicate : mapping of scientific name to reason

    Examples
    --------
    >>> links = pd.DataFrame({"sci_name": ["A a;B b", "B b", "B b"], "tracked": [True, True, False]})
    >>> coarse_reasons(links, {"A a": "sensitive"}).tolist()
    ['sensitive', 'tracked', '']
    """
    tracks = is_tracked(table)

    def reason(names: str, is_track: bool) -> str:
        listed_names = [name.strip() for name in names.split(";")]
        reasons = {delicate[name] for name in listed_names if name in delicate}
        reasons |= {"tracked"} if is_track else set()
        return next((one for one in get_args(CoarseReason) if one in reasons), "")

    return pd.Series(
        [reason(*row) for row in zip(table["sci_name"].astype(str), tracks, strict=True)],
        index=table.index,
        dtype=object,
    )


def context_names(layers: Mapping[str, pd.DataFrame]) -> list[str]:
    """The context layers that have something to draw, in the order in which they are drawn and told."""
    return sorted(name for name, table in layers.items() if name.startswith(CONTEXT) and len(table))


def is_coarse(table: pd.DataFrame) -> pd.Series[bool]:
    """Which rows of a shown layer were made coarse."""
    if COARSE not in table:
        return pd.Series(False, index=table.index)
    return table[COARSE].isin(get_args(CoarseReason))


def coarse_key(row: Mapping[str, Any]) -> str:
    """The phrase that says why a row of a shown layer was made coarse; empty where it was not."""
    reason = row.get(COARSE)
    return f"coarse {reason}" if reason in get_args(CoarseReason) else ""


def _coarse_rows(
    table: gpd.GeoDataFrame, delicate: Mapping[str, CoarseReason], crs: str
) -> gpd.GeoDataFrame:
    """A layer with delicate rows made coarse, and why; lines shorter than a cell are left out."""
    reasons = coarse_reasons(table, delicate)
    rows = reasons.ne("")
    if not rows.any():
        return table
    shapes = table.geometry.copy()
    shapes[rows] = coarse(table.geometry[rows], crs=crs)
    kept_rows = ~rows | ~(shapes.is_empty | shapes.isna())
    coarse_table = table.set_geometry(shapes).assign(**{COARSE: reasons})
    coarse_table = (
        coarse_table if kept_rows.all() else coarse_table[kept_rows].reset_index(drop=True)
    )
    coarse_table.attrs[_MARK] = COARSE_KM
    return coarse_table


def coarse(shapes: gpd.GeoSeries, *, crs: Any) -> gpd.GeoSeries:
    """Places told no more finely than :data:`COARSE_KM`, anywhere on earth.

    Areas become the cells of a square lattice that they reach into; lines and points move to its
    corners, and a line shorter than a cell becomes empty. Made coarse a second time, nothing moves.

    Parameters
    ----------
    shapes : GeoSeries
        In longitude and latitude.
    crs : str or CRS
        The equal-area CRS in which the lattice lies, in metres. None keeps lengths: where it
        stretches them by a factor *a*, a cell is *a* times as wide on the map, in whole km.

    Returns
    -------
    GeoSeries
        In longitude and latitude, with the index of `shapes`.

    Examples
    --------
    >>> here = gpd.GeoSeries([shapely.Point(80.05, 40.02)], crs=4326)
    >>> aea = "+proj=aea +lat_1=30 +lat_2=50 +lat_0=40 +lon_0=80 +datum=WGS84"
    >>> coarse(here, crs=aea).to_wkt(rounding_precision=3).tolist()
    ['POINT (80 40)']
    """
    # a long side in degrees bends in the lattice's CRS
    given = np.asarray(shapes.array, dtype=object)

    def made(places: list[int]) -> Shapes:
        """Places made coarse, in longitude and latitude."""
        projection = Proj(crs)
        dense = shapely.segmentize(given[places], 0.25)
        flat = transformed(dense, shapes.crs, crs)
        coarse_shapes = [_coarse_shape(shape, projection) for shape in flat]
        lonlat = transformed(coarse_shapes, crs, LONLAT)
        return np.asarray(cut_at_180(lonlat), dtype=object)

    # figures, maps and what is handed out are made of the same layers, one after another
    about = (str(shapes.crs), str(crs))
    coarse_shapes = _COARSE.of(given, [about] * len(given), made)
    return gpd.GeoSeries(coarse_shapes, index=shapes.index, crs=LONLAT)


def _coarse_shape(shape: BaseGeometry, projection: Proj) -> BaseGeometry:
    """One shape on the lattice whose cells are large enough where it ends up."""
    if shape is None or shape.is_empty:
        return shape
    step = _step(shapely.get_coordinates(shape), projection)
    for _ in range(5):  # cells reach beyond the shape: they may need to be larger out there
        coarse_shape = (
            _on_cells(shape, step) if shapely.get_dimensions(shape) == 2 else _snap(shape, step)
        )
        if coarse_shape.is_empty:
            break
        wider = _step(shapely.get_coordinates(coarse_shape), projection)
        if wider <= step:
            break
        step = wider
    return coarse_shape


def _step(points: npt.NDArray[np.float64], projection: Proj) -> float:
    """The width of a cell in metres of the projection that is large enough on the ground at all points."""
    lon, lat = projection(points[:, 0], points[:, 1], inverse=True)
    stretch = np.asarray(projection.get_factors(lon, lat).tissot_semimajor)
    # whole km, so that nearly every place has one lattice; rounded first, else 25.0000001 would be
    # 26
    return float(np.ceil(round(COARSE_KM * stretch.max(), 6)) * 1000.0)


def _on_cells(shape: BaseGeometry, step: float) -> BaseGeometry:
    """The cells that an area reaches into; the one it lies in, where it reaches into none."""
    west, south, east, north = np.array(shape.bounds) / step
    columns = np.arange(np.floor(west), np.floor(east) + 1)
    lines = np.arange(np.floor(south), np.floor(north) + 1)
    left, low = (corner.ravel() for corner in np.meshgrid(columns, lines))
    inner = shapely.box(
        left + LATTICE_OFFSET,
        low + LATTICE_OFFSET,
        left + 1 - LATTICE_OFFSET,
        low + 1 - LATTICE_OFFSET,
    )
    scaled = shapely.transform(shape, lambda xy: xy / step)
    shapely.prepare(scaled)
    reached = shapely.intersects(scaled, inner)
    if not reached.any():
        # a shape within the rim of one cell reaches into none: it is in the one that it lies in
        middle = shapely.point_on_surface(scaled)
        reached = (left == np.floor(middle.x)) & (low == np.floor(middle.y))
    cells = shapely.box(*(np.array([left, low, left + 1, low + 1])[:, reached] * step))
    # Corners all along the outline: a long straight edge would not stay one in degrees.
    outline: BaseGeometry = shapely.segmentize(shapely.coverage_union_all(cells), step)
    return outline


def _snap(shape: BaseGeometry, step: float) -> BaseGeometry:
    """Lines and points on the corners of cells."""
    snapped = shapely.transform(shape, lambda xy: np.round(xy / step) * step)
    if shapely.get_dimensions(shape) == 0:
        return snapped
    snapped_parts = [
        line
        for part in shapely.get_parts(snapped)
        if (line := shapely.remove_repeated_points(part)).length > 0
    ]
    return (
        shapely.union_all(snapped_parts)
        if len(snapped_parts) > 1
        else (snapped_parts or [shapely.LineString()])[0]
    )


def species_places(all_names: Iterable[str], drawn_names: Iterable[str]) -> dict[str, int]:
    """The place of each species in the species table: what its colour hangs on, in every pack.

    Parameters
    ----------
    all_names : iterable of str
        The scientific names of the table, whatever of it is drawn.
    drawn_names : iterable of str
        The species that have a range; one that the table lacks takes its place by its name.
    """
    return {name: place for place, name in enumerate(sorted({*all_names, *map(str, drawn_names)}))}


# -- where names stand ----------------------------------------------------------------------------


# Map, page and both KMZ of a round ask for the same thousands of shapes.
@lru_cache(maxsize=1 << 13)
def label_place(shape: BaseGeometry) -> BaseGeometry:
    """Where a name stands best: inside the largest part, where it is widest; else on the line.

    Examples
    --------
    >>> place = label_place(shapely.box(0, 0, 2, 2))
    >>> round(place.x, 9), round(place.y, 9)
    (1.0, 1.0)
    """
    parts = shapely.get_parts(shape)
    areal = parts[shapely.get_dimensions(parts) == 2]
    if not len(areal):
        point: BaseGeometry = shapely.point_on_surface(shape)
        return point
    largest: Any = areal[shapely.area(areal).argmax()]
    tolerance = float(np.sqrt(largest.area)) / 50  # finer than the eye sees, and quick
    place: BaseGeometry = shapely.get_point(
        shapely.maximum_inscribed_circle(largest, tolerance=tolerance), 0
    )
    return place


def cut(shapes: Shapes, frame: tuple[float, float, float, float]) -> Shapes:
    """Shapes cut to a frame; one that lies in it stays the very object, of which things are known."""
    west, south, east, north = frame
    left, low, right, top = shapely.bounds(shapes).T
    is_inside = (left >= west) & (low >= south) & (right <= east) & (top <= north)
    cut_shapes = shapes.copy()
    cut_shapes[~is_inside] = shapely.clip_by_rect(shapes[~is_inside], *frame)
    return cut_shapes


_MOST_PLACES: Final = 24


def label_places(shape: BaseGeometry, most_places: int = _MOST_PLACES) -> tuple[BaseGeometry, ...]:
    """Where the name of an area may stand, the best first, so that any view of a part has some.

    The widest place, then of a grid in the area those points that are farthest from its edge: 24 at
    most.
    """
    return _all_label_places(shape)[: 1 + most_places]


# Ten groups are shown the states of a region, each cut to two corners of its map: some hundred shapes.
@lru_cache(maxsize=1 << 10)
def _all_label_places(shape: BaseGeometry) -> tuple[BaseGeometry, ...]:
    """The widest place of an area, and those of a grid in it that are farthest from its edge."""
    west, south, east, north = shape.bounds
    # a grid of 12 × 8, its rim left out: no name stands on an edge
    x, y = np.meshgrid(np.linspace(west, east, 14)[1:-1], np.linspace(south, north, 10)[1:-1])
    grid: Any = shapely.points(x.ravel(), y.ravel())
    shapely.prepare(shape)
    grid = grid[shapely.contains(shape, grid)]
    depth = shapely.distance(shape.boundary, grid)
    deepest = grid[np.argsort(-depth, kind="stable")][:_MOST_PLACES]
    return (label_place(shape), *deepest)


def in_lines(text: str, width: int = 16) -> str:
    """A long name in lines of about sixteen letters.

    Examples
    --------
    >>> in_lines("ISLAMIC REPUBLIC OF IRAN")
    'ISLAMIC REPUBLIC\\nOF IRAN'
    """
    rows: list[str] = []
    for word in text.split(" "):
        if rows and len(rows[-1]) + len(word) < width:
            rows[-1] += f" {word}"
        else:
            rows.append(word)
    return "\n".join(rows)


# -- legends --------------------------------------------------------------------------------------

SignKind = Literal["status", "layer", "barrier"]


@dataclass(frozen=True, slots=True)
class Sign:
    """One line of a legend: what is drawn (its key in `palette`), the words, whether it is a line."""

    kind: SignKind
    key: str
    label: str
    is_line: bool = False


def legend_signs(
    units: gpd.GeoDataFrame, layers: Mapping[str, gpd.GeoDataFrame], *, lang: str
) -> tuple[Sign, ...]:
    """The legend of units and evidence, in the order of a unit's life and of the layers.

    What is not on the map has no line. Tiers, borders, context and species, which not every product
    draws, are added by those that do.
    """
    statuses = set(units["status"])
    signs = [
        Sign("status", status, words.text(status, lang))
        for status in palette.STATUS
        if status in statuses
    ]
    for name in EVIDENCE_LAYERS:
        if name not in layers or layers[name].empty:
            continue
        if LAYERS[name].by_kind:
            kinds = set(layers[name]["kind"].map(palette.barrier_kind))
            signs += [
                Sign("barrier", kind, words.text(kind, lang), is_line=True)
                for kind in palette.BARRIER_LOOKS
                if kind in kinds
            ]
        else:
            is_line = LAYERS[name].geometry == "line"
            made_coarse = is_coarse(layers[name])
            said = [name] * (not made_coarse.all()) + [f"coarse {name}"] * bool(made_coarse.any())
            signs += [
                Sign(
                    "layer",
                    key if key in palette.LAYER_LOOKS else name,
                    words.text(key, lang),
                    is_line,
                )
                for key in said
            ]
    return tuple(signs)


# -- no more vertices than the eye can use --------------------------------------------------------

TOLERANCES: Final = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2)
"""Degrees, finest first: 0.002° is a pixel of a slide of one unit, 0.2° one of the whole region."""

_SIMPLER: Final = ShapeMemory()


def simpler(shapes: Shapes, tolerance: float) -> Shapes:
    """Each shape simplified by itself, by a tolerance in its own units, so that it stays valid."""

    def made(places: list[int]) -> Iterable[BaseGeometry]:
        return shapely.simplify(shapes[places], tolerance, preserve_topology=True)

    simple_shapes = np.empty(len(shapes), dtype=object)
    simple_shapes[:] = _SIMPLER.of(shapes, [tolerance] * len(shapes), made)
    return simple_shapes


def simplest(
    drawn_at: Callable[[float], Shapes],
    *,
    most_vertices: int,
    tolerances: Sequence[float] = TOLERANCES,
    in_all: int = 0,
) -> Shapes:
    """Shapes at the finest tolerance that keeps to `most_vertices` vertices; else at the coarsest.

    Parameters
    ----------
    drawn_at : callable
        The shapes at a tolerance in degrees.
    most_vertices : int
        Vertices allowed in all.
    in_all : int
        Vertices that there are, where it is dear to simplify: of more than may be, the finest is not
        looked at first. Nor is a finer one, which may have a twentieth more at best, once there are
        19 in 20 of what is allowed.
    """
    enough = _NEARLY_ALL if in_all else 1.0

    def drawn(place: int) -> tuple[Shapes, float]:
        """The shapes at a tolerance, and how many times too many vertices they have."""
        shapes = drawn_at(tolerances[place])
        return shapes, float(shapely.get_num_coordinates(shapes).sum()) / max(most_vertices, 1)

    first, last = 0, len(tolerances) - 1
    if (excess := in_all / max(most_vertices, 1)) <= 1:
        shapes, excess = drawn(first)
        if excess <= 1 or not last:
            return shapes
        first = 1
    # A coarser tolerance leaves two thirds of the vertices or more: the first guess is a leap, and
    # from there the finest that keeps to the number is looked for on foot.
    at = min(last, 1 + int(np.log(excess) / np.log(1.4)))
    shapes, excess = drawn(at)
    while excess > 1 and at < last:
        at += 1
        shapes, excess = drawn(at)
        if excess <= 1:
            return shapes
    while excess <= enough and at > first:
        at -= 1
        finer, excess = drawn(at)
        shapes = finer if excess <= 1 else shapes
    return shapes


_NEARLY_ALL: Final = 0.95
"""Of the vertices that are allowed: where it is dear to simplify, no eye sees what is left of them."""


# -- layers that a plan brings --------------------------------------------------------------------

MOST_FEATURES: Final = 500
MOST_VERTICES: Final = 10_000
"""How much of a context layer is drawn. All of it is measured."""

_POINT_DEGREES: Final = 0.05
"""Half the width at which a point is drawn: a shape shows everywhere, an icon must be carried."""


def context_layers(
    tables: Mapping[str, pd.DataFrame], *, restricted: frozenset[str]
) -> dict[str, gpd.GeoDataFrame]:
    """The context layers of a round that may be shown: none from a restricted source.

    Returns
    -------
    dict
        By the name of the table, with the columns that maps draw from beside those of the table:
        ``title`` of the layer and ``measure``, what its number in a unit's card counts.
    """
    if (summaries := tables.get("unit_context")) is None:
        return {}
    measure = dict(zip(CONTEXT + summaries["layer"].astype(str), summaries["unit"], strict=True))
    return {
        name: table.assign(title=context_title(name), measure=str(measure[name]))
        for name, table in sorted(tables.items())
        if name in measure
        and name not in restricted
        and isinstance(table, gpd.GeoDataFrame)
        and "context_id" in table
    }


def light_context(
    layers: Mapping[str, gpd.GeoDataFrame], *, problems: list[Problem] | None = None
) -> Mapping[str, gpd.GeoDataFrame]:
    """Context layers light enough for a map: the largest shapes, simplified; points spread evenly.

    Parameters
    ----------
    layers : mapping
        From :func:`context_layers`, whole or the part in some frame.
    problems : list of Problem, optional
        What was left out is added to it.

    Returns
    -------
    mapping
        Points as small squares. ``in_all`` says how many features there are.
    """
    light_layers = {}
    for name, table in layers.items():
        light_layers[name] = light = _light(table)
        if problems is not None and len(light) < len(table):
            facts = {"name": context_title(name), "drawn": len(light), "count": len(table)}
            problems.append(problem_of("counted", name, "", "", Note("features drawn", facts)))
    return MappingProxyType(light_layers)


def _light(table: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """One layer, simplified; when that is not enough, its largest shapes."""
    filled_rows = table[~(table.geometry.isna() | table.geometry.is_empty)]
    kept_rows = _largest(filled_rows, MOST_FEATURES)
    shapes = kept_rows.geometry.to_numpy()
    light_shapes = simplest(
        lambda tolerance: simpler(shapes, tolerance),
        most_vertices=MOST_VERTICES,
        tolerances=(0.0, *TOLERANCES),
    )
    if shapely.get_num_coordinates(light_shapes).sum() > MOST_VERTICES:
        order = np.argsort(-_sizes(shapes), kind="stable")
        enough = np.cumsum(shapely.get_num_coordinates(light_shapes)[order]) <= MOST_VERTICES
        first = np.sort(order[enough]) if enough.any() else order[:1]
        kept_rows, light_shapes = kept_rows.iloc[first], light_shapes[first]
    dots = np.isin(shapely.get_type_id(light_shapes), (0, 4))
    light_shapes[dots] = shapely.buffer(light_shapes[dots], _POINT_DEGREES, cap_style="square")
    drawn_rows = kept_rows.set_geometry(
        gpd.GeoSeries(light_shapes, index=kept_rows.index, crs=kept_rows.crs)
    )
    return drawn_rows.assign(in_all=len(table)).reset_index(drop=True)


def _largest(table: gpd.GeoDataFrame, most_rows: int) -> gpd.GeoDataFrame:
    """The largest features; of points, some everywhere: every nth along a curve through all."""
    if len(table) <= most_rows:
        return table
    size = _sizes(table.geometry.to_numpy())
    if size.any():
        return table.iloc[np.sort(np.argsort(-size, kind="stable")[:most_rows])]
    along = np.argsort(table.geometry.hilbert_distance().to_numpy(), kind="stable")
    return table.iloc[np.sort(along[np.linspace(0, len(along) - 1, most_rows).astype(int)])]


def _sizes(shapes: Any) -> Any:
    """Areas, or lengths where nothing has an area."""
    area = shapely.area(shapes)
    return area if area.any() else shapely.length(shapes)
