"""The drawing page: one file to edit a group's units in a browser, with the verdict beside them.

Its script is written in modules, `assets/draw/`, each with the name of the room that it mirrors.
They are put into the page one inside the other, as they are: there is no bundler.
"""

from __future__ import annotations

import base64
import re
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from cami_units import palette, words
from cami_units.model import COVERED_LAYERS, Imprint, counted_on, page_policy, records
from cami_units.webmap import _html
from cami_units.webmap._page_values import Spelt, names_in_languages, page_json, shown
from cami_units.webmap._payload import Frame, Sheet, imprint_said, page_words

MODULES: Final = (
    *("projection", "overlap", "criteria", "rank", "geometry", "kml", "layers", "workshop"),
    *("store", "plurals", "scale", "words", "sheet", "card", "lists", "editor", "drawing"),
)
"""The modules of the script, each after those that it imports."""

_LATTICE: Final = 100_000
"""Steps in a degree: five decimals, as outlines are written."""

_IMPORT: Final = re.compile(r"^import \{([^}]*)\} from \"\./(\w+)\.js\";\n", re.MULTILINE)
_EXPORT: Final = re.compile(r"^export (?=(?:async )?(?:function|const|class) (\w+))", re.MULTILINE)

_OWN_WORDS: Final = "draw "
_WORDS: Final = (
    *("area", "states", "species", "score", "group"),
    *("layers", "language", "map", "units", "km", "km2"),
    *("between parts", "label and value", "words and aside"),
    *("species ranges", "folder neighbours", "rejected", "indicative", "sources"),
    *("needs script", "sections", *COVERED_LAYERS),
    *("border pairs", "very high", "high", "moderate"),
    *("G1", "G2", "C1", "C2", "C3", "C4", "C5", "C6", "C7", "C8", "C9"),
)
"""The phrases of other products that the page says too."""


@dataclass(frozen=True, slots=True)
class DrawingPage:
    """A page to draw on, as text. It shows itself in a notebook and saves as one file."""

    html: str

    def save(self, path: str | Path) -> None:
        """Write the page as one HTML file."""
        Path(path).write_bytes(self.html.encode("utf-8"))

    def _repr_html_(self) -> str:
        """The page in a frame of its own, as a notebook shows it."""
        page_text = self.html.replace("&", "&amp;").replace('"', "&quot;")
        return f'<iframe srcdoc="{page_text}" width="100%" height="760" style="border:0"></iframe>'


def drawing_page(
    units: gpd.GeoDataFrame,
    others: gpd.GeoDataFrame,
    *,
    group: str,
    number: str,
    key: str,
    given: Mapping[str, Mapping[str, Any]],
    adjacent: Sequence[str],
    measured: Mapping[str, Spelt],
    imprint: Imprint,
    sheet: Sheet,
) -> DrawingPage:
    """The page of one group, in the languages of the imprint.

    Parameters
    ----------
    units, others : GeoDataFrame
        The group's units, and those of its neighbours with their ``group``; longitude and latitude.
    group, number, key : str
        The group, the round's number, and the name under which a browser keeps the work.
    given : mapping
        By unit: its ``rev``, ``section``, and the ``hashes`` of its parts as they are handed out.
    adjacent : sequence of str
        The units that an override lets in with one state.
    measured : mapping
        What verdicts are measured on, as :func:`spelt` has it: ``ground``, layers as `packed_block`
        gives them, ``counted``, the species with their regional ranges, and ``profile``, the criteria.
    imprint : Imprint
        Title, date, round, sources, disclaimer, languages.
    sheet : Sheet
        What lies around the units, as their map shows it.
    """
    languages, frame = imprint.languages, sheet.around["frame"]
    all_words = page_words(languages, sheet.around)
    shown_parts = ("species", "names", "evidence", "styles", "barriers", "base")
    page: dict[str, Any] = {
        "lang": languages[0],
        "languages": [*languages],
        "title": shown(imprint.title),
        **{name: sheet.ground[name] for name in shown_parts},
        "colours": dict(palette.GROUND),
        "words": {
            language: _phrases(phrases, sheet.around["layers"]) | _imprint_said(imprint, language)
            for language, phrases in all_words.items()
        },
        "folders": {
            language: {
                "units": shown(words.text("folder units", language)),
                "notes": shown(words.text("folder notes", language)),
            }
            for language in languages
        },
        "group": shown(group),
        "round": shown(number),
        "key": shown(key),
        "units": [
            _unit(row, shape, frame) | dict(given[row["unit_id"]]) for row, shape in _rows(units)
        ],
        "others": [
            _unit(row, shape, frame) | {"group": shown(row["group"])}
            for row, shape in _rows(others)
        ],
        "adjacent": [shown(unit) for unit in adjacent],
        **measured,
    }
    return DrawingPage(_composed(page, imprint, group))


def _phrases(phrases: Mapping[str, str], layers: Sequence[str]) -> dict[str, str]:
    """The phrases that the page says, and the titles of its layers."""
    wanted = {*_WORDS, *layers}
    return {
        key: phrase
        for key, phrase in phrases.items()
        if key.startswith(_OWN_WORDS) or key in wanted
    }


def _imprint_said(imprint: Imprint, language: str) -> dict[str, str]:
    """What the page says of itself, each a word of the page: another language says it all again."""
    cited = enumerate(words.sources(imprint, language))
    return {f"imprint {key}": said for key, said in imprint_said(imprint, language).items()} | {
        f"imprint source {place}": shown(source) for place, source in cited
    }


def _rows(table: gpd.GeoDataFrame) -> list[tuple[dict[str, Any], Any]]:
    """Each row of a table with its shape, in the order of the ids."""
    ordered = table.sort_values("unit_id")
    plain = records(ordered.drop(columns=ordered.geometry.name))
    return list(zip(plain, ordered.geometry, strict=True))


def _unit(row: Mapping[str, Any], shape: Any, frame: Frame) -> dict[str, Any]:
    """A unit as the page knows it: outlines as they are handed out, to the last decimal.

    On a map that counts on past 180° each part lies where it counts; what was cut there stays cut,
    part by part, as its file has it.
    """
    parts = counted_on(shapely.get_parts(shape), frame)
    return {
        "id": shown(row["unit_id"]),
        "name": {"en": shown(row["name_en"]), "ru": shown(row["name_ru"])}
        | names_in_languages(row),
        "g": [[_flat(ring) for ring in shapely.get_rings(part)] for part in parts],
    }


def _flat(ring: Any) -> list[int]:
    """An open ring as differences of hundred-thousandths of a degree."""
    steps = np.rint(shapely.get_coordinates(ring)[:-1] * _LATTICE).astype(np.int64)
    flat: list[int] = np.diff(steps, axis=0, prepend=[[0, 0]]).ravel().tolist()
    return flat


def spelt(value: Any) -> Spelt:
    """A value as the JSON of a page, every text in it cleaned: made once for the pages of all groups."""
    return Spelt(page_json(_told(value)))


def _told(value: Any) -> Any:
    """A value with every text in it cleaned, keys too."""
    if isinstance(value, str):
        # the packed block of numbers: a million letters of base64, in which there is nothing to
        # clean
        return value if re.fullmatch(r"[A-Za-z0-9+/=]{200,}", value) else shown(value)
    if isinstance(value, Mapping):
        return {shown(key): _told(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_told(inner) for inner in value]
    return value


def _composed(content: Mapping[str, Any], imprint: Imprint, group: str) -> str:
    """Our template round the content, under a policy that lets nothing else run."""
    leaflet_script, _ = _html._libraries()
    scripts = [leaflet_script, page_script()]
    styles = [_html.leaflet_css(), _text("page.css")]
    lang = content["lang"]
    text: str = _html.template(_text("page.html")).render(
        lang=lang,
        languages=content["languages"],
        t=content["words"][lang],
        csp=page_policy(
            scripts=" ".join(_html._hash(_html._block(script)) for script in scripts),
            styles=" ".join(_html._hash(_html._block(style)) for style in styles),
            sized_elements=True,
        ),
        styles=[_html._block(style) for style in styles],
        scripts=[_html._block(script) for script in scripts],
        content=page_json(content),
        imprint=_html._imprint(imprint, content),
        group=shown(group),
    )
    return text


@cache
def page_script() -> str:
    """The modules of the page in one script: each a function that gives what it exports."""
    return '"use strict";\n' + "\n".join(_module(name) for name in MODULES)


def _module(name: str) -> str:
    """One module: its exports as properties of ``rooms.name``, its imports taken from there."""
    source = _text(f"{name}.js")
    names = _EXPORT.findall(source)
    inner = _IMPORT.sub(lambda match: f"const {{{match[1]}}} = {match[2]}Room;\n", source)
    inner = _EXPORT.sub("", inner)
    return f"const {name}Room = (() => {{\n{inner}\nreturn {{ {', '.join(names)} }};\n}})();"


@cache
def _text(name: str) -> str:
    return (files("cami_units.webmap") / "assets" / "draw" / name).read_text(encoding="utf-8")


# -- layers as the page carries them: one deflated block of whole numbers, its list ---------------

# Numbers are zigzag and seven bits a byte, differences wherever neighbours are alike, so that a
# region's ranges by state take some hundred kilobytes. `assets/draw/layers.js` unpacks them.

STEP_M: Final = 2.0
"""Metres of one step: rounding to it moves an outline by less than a tenth of the pen's width."""
FULL: Final = 255
"""A covered cell: shares of cells are whole 255ths."""

_METHODS: Final = {
    "Albers Equal Area": "aea",
    "Lambert Azimuthal Equal Area": "laea",
    "Lambert Cylindrical Equal Area": "cea",
}
"""Equal-area projections that the page's script knows, by their names in EPSG's register."""
_PARAMETERS: Final[Mapping[tuple[str, str], str]] = {
    ("aea", "8821"): "lat_0",
    ("aea", "8822"): "lon_0",
    ("aea", "8823"): "lat_1",
    ("aea", "8824"): "lat_2",
    ("aea", "8826"): "x_0",
    ("aea", "8827"): "y_0",
    ("laea", "8801"): "lat_0",
    ("laea", "8802"): "lon_0",
    ("laea", "8806"): "x_0",
    ("laea", "8807"): "y_0",
    ("cea", "8823"): "lat_ts",
    ("cea", "8802"): "lon_0",
    ("cea", "8806"): "x_0",
    ("cea", "8807"): "y_0",
}
"""What each is told, by EPSG's codes of parameters: names differ between registers, codes do not."""


@dataclass(slots=True)
class GroundBlock:
    """The listing of a block, and its numbers as they are gathered."""

    keys: list[dict[str, Any]] = field(default_factory=list)
    cells: list[dict[str, Any]] = field(default_factory=list)
    points: list[dict[str, Any]] = field(default_factory=list)
    numbers: list[NDArray[np.int64]] = field(default_factory=list)


def add_polygons(block: GroundBlock, key: dict[str, Any], shape: Any) -> None:
    """Add a piece of a layer, in metres. Pieces come before cells, cells before points."""
    rings = [
        (int(number == 0), steps)
        for part in shapely.get_parts(shape)
        for number, ring in enumerate(shapely.get_rings(part))
        if len(steps := _steps(ring)) > 2
    ]
    block.keys.append(key)
    block.numbers.append(np.array([len(rings)]))
    for shell, steps in rings:
        block.numbers += [np.array([shell, len(steps)]), _differences(steps).ravel()]


def add_cells(
    block: GroundBlock,
    key: dict[str, Any],
    row: NDArray[Any],
    col: NDArray[Any],
    *,
    km2: NDArray[Any],
    cell_km2: float,
) -> None:
    """Add the shares of cells of the lattice that a piece covers; what rounds to nothing is left out."""
    all_cells = np.rint(np.clip(km2 / cell_km2, 0, 1) * FULL).astype(np.int64)
    kept_cells = all_cells > 0
    # in order, so that differences are small and pack well
    order = np.lexsort((col[kept_cells], row[kept_cells]))
    places = np.column_stack([row[kept_cells], col[kept_cells]])[order].astype(np.int64)
    table = np.column_stack([_differences(places), all_cells[kept_cells][order]])
    block.cells.append(key)
    block.numbers += [np.array([len(table)]), table.ravel()]


def add_points(
    block: GroundBlock,
    table: str,
    rows: Sequence[dict[str, Any]],
    xy: NDArray[np.float64],
    row: NDArray[Any],
    metres: NDArray[Any],
) -> None:
    """Add points, each with the row of `rows` that it speaks of and the metres it stands for."""
    steps = np.rint(xy.reshape(-1, 2) / STEP_M).astype(np.int64)
    moved_points = _differences(np.column_stack([steps, np.asarray(row, dtype=np.int64)]))
    numbers = np.column_stack([moved_points, np.rint(metres).astype(np.int64)])
    block.points.append({"table": table, "rows": list(rows)})
    block.numbers += [np.array([len(numbers)]), numbers.ravel()]


def packed_block(block: GroundBlock) -> dict[str, Any]:
    """The listing with its numbers as text: ``keys``, ``cells``, ``points``, ``step_m``, ``block``."""
    numbers = np.concatenate([np.empty(0, np.int64), *block.numbers])
    return {
        "keys": block.keys,
        "cells": block.cells,
        "points": block.points,
        "step_m": STEP_M,
        "block": base64.b64encode(zlib.compress(_seven_bits(numbers), 6)).decode("ascii"),
    }


def projection_of(crs: str) -> dict[str, Any]:
    """What the page's script needs to project as PROJ does; ``method`` is empty where it cannot.

    Examples
    --------
    >>> from cami_units.model import EQUAL_AREA
    >>> told = projection_of(EQUAL_AREA)
    >>> told["method"], told["lat_1"], told["lon_0"]
    ('aea', 30.0, 80.0)
    >>> projection_of("EPSG:3857")["method"]
    ''
    """
    system = CRS.from_user_input(crs)
    ellipsoid, operation = system.ellipsoid, system.coordinate_operation
    method = _METHODS.get(operation.method_name, "") if operation else ""
    axes = {axis.unit_conversion_factor for axis in system.axis_info}
    parameters = {"lon_0": 0.0, "x_0": 0.0, "y_0": 0.0}
    for parameter in operation.params if operation else ():
        if name := _PARAMETERS.get((method, str(parameter.code))):
            parameters[name] = float(parameter.value)
    if ellipsoid is None or axes != {1.0}:
        return {"method": ""}
    shape = 1 - (ellipsoid.semi_minor_metre / ellipsoid.semi_major_metre) ** 2
    return {"method": method, "a": ellipsoid.semi_major_metre, "e2": shape, **parameters}


def _steps(ring: Any) -> NDArray[np.int64]:
    """The places of an open ring in whole steps, repeated ones left out."""
    steps = np.rint(shapely.get_coordinates(ring) / STEP_M).astype(np.int64)
    moved = np.ones(len(steps), dtype=bool)
    moved[1:] = (np.diff(steps, axis=0) != 0).any(axis=1)
    return steps[moved][:-1]


def _differences(table: NDArray[np.int64]) -> NDArray[np.int64]:
    """Each row less the one before it; the first as it is."""
    return np.diff(table, axis=0, prepend=np.zeros((1, table.shape[1]), np.int64))


def _seven_bits(numbers: NDArray[np.int64]) -> bytes:
    """Whole numbers, small ones short: zigzag, then seven bits a byte, the last one below 128."""
    left = np.where(numbers < 0, -2 * numbers - 1, 2 * numbers).astype(np.uint64)
    length = np.ones(len(left), dtype=np.int64)
    # One byte more for each seven bits, up to as many as the largest needs.
    for bits in range(7, int(left.max(initial=0)).bit_length(), 7):
        length += (left >> np.uint64(bits)) > 0
    ends = np.cumsum(length)
    out = np.zeros(int(ends[-1]) if len(ends) else 0, dtype=np.uint8)
    for place in range(int(length.max(initial=0))):
        there = length > place
        # The eighth bit says that another byte follows, as in LEB128: the page reads it in a dozen
        # lines.
        byte = (left[there] >> np.uint64(7 * place)) & np.uint64(127)
        more = np.where(length[there] > place + 1, 128, 0)
        out[(ends - length)[there] + place] = byte.astype(np.uint8) | more.astype(np.uint8)
    return out.tobytes()
