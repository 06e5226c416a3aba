"""What the page knows: the tables of a round as one plain value that becomes JSON.

Every string in it has gone through :func:`~cami_units.webmap._page_values.shown`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Any, Final, Literal, Required, TypeAlias, TypedDict, get_args

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from shapely.geometry.base import BaseGeometry

from cami_units import palette, words
from cami_units.drawn_pieces import piece
from cami_units.model import (
    CONTEXT,
    FINDINGS,
    LAYERS,
    LONLAT,
    MAP_LAYERS,
    ORIGIN,
    PRESENCE,
    SEASONAL,
    STATUSES,
    Imprint,
    InputError,
    check_table,
    counted_on,
    finding_key,
    frame_around,
    listed,
    narrowest_bounds,
    nearest,
    records,
)
from cami_units.scene import (
    ShapeMemory,
    coarse_key,
    coarse_layers,
    context_names,
    label_place,
    lasting_stamp_of,
    shown_units,
    species_places,
    stamp_of,
    stamps_of_layers,
    with_shared_edges,
)
from cami_units.webmap._basemap import MARGIN, basemap
from cami_units.webmap._page_values import (
    BARRIER_STYLES,
    EVIDENCE_STYLES,
    LATTICE,
    STATUS_STYLES,
    Spelt,
    context_style,
    coverage_joined,
    is_missing,
    label_point,
    names_in_languages,
    packed,
    page_json,
    shown,
    shown_phrase,
    simplified,
    species_style,
)
from cami_units.words.unit_card import CARD_FIELDS, OPTIONAL_FIELDS, context_legend, field_count

Detail = Literal["map", "atlas"]
_VERTICES: Final[Mapping[str, int]] = {"map": 1, "atlas": 6}
"""How many times the vertices of a map each layer may have."""

_KNOWN: Final = (*MAP_LAYERS, "ranges", "species")
# Where nothing at all is shown: the bundled study, as good a place to look at as any.
_REGION: Final = (50.0, 22.0, 115.0, 50.0)

_CARDED: Final = tuple(name for name in MAP_LAYERS if LAYERS[name].card_columns)
"""The layers whose rows open a card, as the page lists them."""
_PIN_DEGREES: Final = 0.12
"""Half the width at which a pin is drawn."""
# Each is simplified until it has no more corners than this: together they keep a page below 1.8 MB.
_MOST_RANGE_VERTICES: Final = 30_000
_MOST_CELL_VERTICES: Final = 15_000
_MOST_BASE_VERTICES: Final = 36_000

Cards = pd.DataFrame | Mapping[str, pd.DataFrame]
Later: TypeAlias = pd.DataFrame | Callable[[], pd.DataFrame] | None
"""A table, what reads it when it is wanted, or none."""
Frame = tuple[float, float, float, float]
NO_LAYERS: Final[Mapping[str, gpd.GeoDataFrame]] = MappingProxyType({})


class PageTables(TypedDict, total=False):
    """What a page says beside units and layers: see :func:`cami_units.webmap.unit_map`."""

    cards: Required[Cards]
    imprint: Required[Imprint]
    species: pd.DataFrame | None
    planning_units: Later
    unit_criteria: Later
    unit_species: pd.DataFrame | None
    unit_countries: pd.DataFrame | None
    sensitivity: pd.DataFrame | None
    remarks: gpd.GeoDataFrame | None
    before: gpd.GeoDataFrame | None
    earlier: gpd.GeoDataFrame | None
    detail: Detail
    lang: str


_DEFAULTS: Final[Mapping[str, Any]] = MappingProxyType(
    dict.fromkeys(PageTables.__annotations__) | {"detail": "map", "lang": "en"}
)
"""What a page takes where nothing is said: no table, and these."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """What lies around the units of a page, drawn once for every page that shows the same.

    `around` is what the part about units takes from it, as :func:`_drawn_sheet` gives it, `ground` all the
    rest by its keys in the page.
    """

    around: Mapping[str, Any]
    ground: Mapping[str, Spelt]


def payload(
    units: gpd.GeoDataFrame, layers: Mapping[str, gpd.GeoDataFrame], tables: PageTables
) -> tuple[dict[str, Any], Sheet]:
    """Everything the page draws and says, all but the units as JSON already; and the sheet below them."""
    tables, by_language = _checked(units, tables)
    sheet = _sheet(units, layers, tables, list(by_language))
    return _unit_part(units, by_language, sheet.around, tables) | dict(sheet.ground), sheet


def drawn_sheet(
    units: gpd.GeoDataFrame,
    layers: Mapping[str, gpd.GeoDataFrame],
    *,
    imprint: Imprint,
    species: pd.DataFrame,
) -> Sheet:
    """The sheet of a map of units in the languages of their round, without the map."""
    check_table(units, "conservation_units", crs=LONLAT)
    tables: PageTables = {**_DEFAULTS, "imprint": imprint, "species": species}  # type: ignore[typeddict-item]
    return _sheet(units, layers, tables, imprint.languages)


def _sheet(
    units: gpd.GeoDataFrame,
    layers: Mapping[str, gpd.GeoDataFrame],
    tables: PageTables,
    languages: Sequence[str],
) -> Sheet:
    """What lies around units; where layers are known by a stamp, as it was drawn before of the same."""

    def drawn() -> list[bytes]:
        """What units take from the sheet; then each key of the rest, and its value."""
        around, ground = _drawn_sheet(units, layers, tables, languages)
        parts = [part for key, value in ground.items() for part in (key, page_json(value))]
        return [part.encode() for part in (json.dumps(around), *parts)]

    if stamp := stamp_of(layers):
        # outlines and ids, for the sheet and the sections hang on them; no status, no name, no
        # score: a decision draws none of this anew
        shapes = shapely.to_wkb(units.geometry.to_numpy()).tolist()
        about = [tables["detail"], [*languages], list(map(str, units["unit_id"]))]
        around, *parts = piece("map", [stamp, json.dumps(about).encode(), *shapes], drawn)
    else:
        around, *parts = drawn()
    return Sheet(json.loads(around), _spelt(parts))


def _spelt(parts: Sequence[bytes]) -> dict[str, Spelt]:
    """Values as JSON by their keys, each behind its own."""
    texts = [part.decode() for part in parts]
    return dict(zip(texts[::2], map(Spelt, texts[1::2]), strict=True))


def _checked(
    units: gpd.GeoDataFrame, tables: PageTables
) -> tuple[PageTables, dict[str, dict[str, dict[str, Any]]]]:
    """The tables of a page in full, and its cards by language; units and detail are what they promise."""
    # a name with a slip in it would be passed over
    if odd := set(tables) - set(PageTables.__annotations__):
        raise TypeError(f"a map has no {listed(sorted(odd))}")
    full: PageTables = {**_DEFAULTS, **tables}  # type: ignore[typeddict-item]
    if (detail := full["detail"]) not in get_args(Detail):
        hint = nearest(detail, get_args(Detail))
        raise InputError(f"The detail '{detail}' is unknown: map or atlas.{hint}")
    check_table(units, "conservation_units", crs=LONLAT)
    if full["species"] is not None:
        check_table(full["species"], "species")
    _check_statuses(units)
    return full, _cards_by_language(full["cards"], units, full["lang"])


def _drawn_sheet(
    units: gpd.GeoDataFrame,
    layers: Mapping[str, gpd.GeoDataFrame],
    tables: PageTables,
    languages: Sequence[str],
) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the part about units takes from the sheet, and all else that is on it.

    The first is words, the names of the layers, the section of each unit, its findings, and the frame of
    the map. What hangs on the layers alone is kept by itself: they outlast a round.
    """
    lasting, remarks, detail = lasting_stamp_of(layers), tables["remarks"], tables["detail"]
    detail_vertices = _VERTICES[detail]

    @cache
    def coarse_tables() -> Mapping[str, gpd.GeoDataFrame]:
        """The layers as they may be shown."""
        _check_layers(layers)
        # before anything is drawn: the last door at which a sensitive place can still be made coarse
        return coarse_layers(layers, tables["species"])

    def kept(
        kind: str, hangs_on: Sequence[Any], make: Callable[[], list[bytes]], stamp: bytes = lasting
    ) -> Sequence[bytes]:
        """What hangs on the layers, or on those of another stamp, the languages and what else is named."""
        content = [stamp, json.dumps([[*languages], *hangs_on]).encode()]
        return piece(kind, content, make) if lasting else make()

    said, *shapes = kept("map-places", [], lambda: _places(coarse_tables(), languages))
    about = json.loads(said)
    sections, first, last = (shapely.get_parts(shapely.from_wkb(one)) for one in shapes)
    # units, hotspots and sections (else the ranges) with a margin, in whole degrees
    seen_bounds = narrowest_bounds([*first, *units.geometry] or [*last])
    frame = _with_margin(seen_bounds or _REGION)

    def ground_parts() -> list[bytes]:
        """Each key of the ground, and its value."""
        ground = _ground_part(coarse_tables(), frame, tables)
        return [part.encode() for key, value in ground.items() for part in (key, page_json(value))]

    def evidence_of(name: str) -> Spelt:
        """A layer whose rows open a card: it outlasts other numbers of the criteria, which change few."""

        def drawn() -> list[bytes]:
            layer = _table_on(coarse_tables()[name], frame)
            return [_evidence(name, layer, detail_vertices).encode()]

        stamp = stamps_of_layers(layers).get(name, lasting)
        [spelt] = kept("map-layer", [name, detail, frame], drawn, stamp)
        return Spelt(spelt.decode())

    ground: dict[str, Any] = {**_spelt(kept("map-ground", [detail, frame], ground_parts))}
    evidence = {name: evidence_of(name) for name in about["carded"]}
    evidence |= {name: ground.pop(_EVIDENCE + name) for name in about["context"]}
    if remarks is not None:  # what groups typed is of one round
        _check_layers({"remarks": remarks})
        evidence["remarks"] = _evidence("remarks", _table_on(remarks, frame), detail_vertices)
    names = [name for name in (*_CARDED, *about["context"]) if name in evidence]
    planning_units = _table_on(now(tables["planning_units"]), frame)
    ground["evidence"] = {name: evidence[name] for name in names}
    ground["cells"] = _cells(planning_units, detail_vertices * _MOST_CELL_VERTICES)
    return {
        "words": about["words"],
        "layers": names,
        "sections": _sections_of(units, dict(zip(about["sections"], sections, strict=True))),
        "findings": _findings(now(tables["unit_criteria"])),
        "frame": frame,
    }, {key: ground[key] for key in _GROUND}


_EVIDENCE: Final = "evidence of "
_GROUND: Final = ("species", "names", "evidence", "styles", "barriers", "cells", "base")
"""The keys of what lies around the units, as they stand in a page."""


def _places(layers: Mapping[str, gpd.GeoDataFrame], languages: Iterable[str]) -> list[bytes]:
    """Which layers there are, and what of them says where the map is and in which section a unit lies.

    Behind the first, as WKB: the sections in the order of their ids, the boxes that the frame is drawn
    around, and those of the ranges, where there is nothing else.
    """
    sections = layers.get("sections")
    areas = None if sections is None else sections.sort_values("section_id")
    about = {
        "words": _context_words(layers, languages),
        "carded": _carded(layers),
        "context": [*map(shown, context_names(layers))],
        "sections": [] if areas is None else areas["section_id"].tolist(),
    }
    shapes_of = [[] if areas is None else areas.geometry.to_numpy()]
    for names in (("hotspots", "sections"), ("features",)):
        found = [layers[name].geometry.to_numpy() for name in names if layers.get(name) is not None]
        parts = shapely.get_parts(np.concatenate([np.empty(0, dtype=object), *found]))
        # countries and a lynx reach half round the world: they do not decide
        shapes_of.append(shapely.envelope(parts))
    collections = map(shapely.GeometryCollection, map(list, shapes_of))
    return [json.dumps(about).encode(), *map(shapely.to_wkb, collections)]


def now(table: Later) -> Any:
    """A table that is wanted now."""
    return table() if callable(table) else table


def _unit_part(
    units: gpd.GeoDataFrame,
    by_language: Mapping[str, Mapping[str, dict[str, Any]]],
    around: Mapping[str, Any],
    tables: PageTables,
) -> dict[str, Any]:
    """What the page knows of its units, and in which words; `around` as :func:`_drawn_sheet` gives it."""
    earlier, before = tables["earlier"], tables["before"]
    before = _last_round(earlier) if before is None else before
    units, before = (_table_on(table, around["frame"]) for table in (units, before))
    return {
        "lang": tables["lang"],
        "languages": list(by_language),
        "title": shown(tables["imprint"].title),
        "words": page_words(by_language, around),
        "said": {language: imprint_said(tables["imprint"], language) for language in by_language},
        "criteria": list(FINDINGS) if around["findings"] is not None else [],
        "statuses": {key: dict(style) for key, style in STATUS_STYLES.items()},
        "tiers": _tiers(units),
        "detail": tables["detail"],
        "colours": {
            "ground": dict(palette.GROUND),
            "ramp": palette.CELLS,
            "sections": palette.SECTIONS,
            "verdicts": dict(palette.VERDICTS),
            "needs": dict(palette.NEEDS),
            "stability": dict(palette.STABILITY),
        },
        "units": _with_charts(
            _units(units, by_language, around["findings"] or {}),
            around["sections"],
            tables["unit_species"],
            tables["unit_countries"],
            tables["sensitivity"],
            _history(units, earlier, tables["imprint"].number),
        ),
        "before": _before(units, before),
    }


def page_words(languages: Iterable[str], around: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """The phrases of a page by language, and what the layers of a plan are called."""
    return {language: _phrases(language) | around["words"][language] for language in languages}


@cache
def _phrases(language: str) -> dict[str, str]:
    """The phrases that maps and drawing pages say in a language."""
    return {
        key: shown_phrase(phrase)
        for key, phrase in words.catalogue(language).items()
        if not key.startswith(_OF_OTHERS) and _ON_A_TERMINAL not in key
    }


def _ground_part(
    layers: Mapping[str, gpd.GeoDataFrame], frame: Frame, tables: PageTables
) -> dict[str, Any]:
    """What the page knows of everything else."""
    layers = {name: _table_on(table, frame) for name, table in layers.items()}
    if layers.get("countries") is not None and frame[2] > 180.0:
        # states that end at 180° on either side of it have an edge in common only now
        layers["countries"] = with_shared_edges(layers["countries"])
    context, species, detail = context_names(layers), tables["species"], tables["detail"]
    detail_vertices = _VERTICES[detail]
    return {
        "species": _species(
            layers.get("features"),
            species,
            parts=layers.get("ranges") if detail == "atlas" else None,
            most_vertices=detail_vertices * _MOST_RANGE_VERTICES,
        ),
        "names": _names(species),
        **{_EVIDENCE + shown(name): _context(layers[name]) for name in context},
        "styles": {key: dict(style) for key, style in EVIDENCE_STYLES.items()}
        | {
            shown(name): dict(context_style(place, is_line=_is_line(layers[name])))
            for place, name in enumerate(context)
        },
        "barriers": {key: dict(style) for key, style in BARRIER_STYLES.items()},
        "base": basemap(
            layers.get("countries"),
            layers.get("disputed"),
            layers.get("gazetteer"),
            frame=frame,
            most=detail_vertices * _MOST_BASE_VERTICES,
        ),
    }


def _carded(layers: Mapping[str, gpd.GeoDataFrame]) -> list[str]:
    """The layers that are there and whose rows open a card."""
    return [name for name in _CARDED if layers.get(name) is not None]


def _context_words(
    layers: Mapping[str, gpd.GeoDataFrame], languages: Iterable[str]
) -> dict[str, dict[str, str]]:
    """What the context layers are called, by language."""
    return {
        language: {
            shown(name): shown(context_legend(layers[name], language))
            for name in context_names(layers)
        }
        for language in languages
    }


def imprint_said(imprint: Imprint, lang: str) -> dict[str, str]:
    """What the page says of itself, as people say it."""
    return {
        "title": shown(words.imprint_in(imprint, lang).title),
        "round": shown(words.round_name(imprint, lang)),
        "profile": shown(words.profile_name(imprint.profile, lang)),
        "disclaimer": shown(words.disclaimer(imprint.disclaimer, lang)),
    }


def _check_statuses(units: gpd.GeoDataFrame) -> None:
    """Refuse a status that nobody can give."""
    if unknown := sorted(set(map(str, units["status"])) - set(STATUSES)):
        hints = "".join(nearest(status, STATUSES) for status in unknown)
        raise InputError(
            f"A unit's status is one of {', '.join(STATUSES)}; {listed(unknown)} came.{hints}"
        )


def _check_layers(layers: Mapping[str, gpd.GeoDataFrame]) -> None:
    """Refuse a layer that the map does not know, or that is not what it promises."""
    unknown = [name for name in layers if name not in _KNOWN and not name.startswith(CONTEXT)]
    if unknown:
        hints = "".join(nearest(name, _KNOWN) for name in unknown)
        raise InputError(
            f"A map draws {', '.join(MAP_LAYERS)}; it does not know {listed(unknown)}.{hints}"
        )
    for name in MAP_LAYERS:
        if layers.get(name) is not None:
            check_table(layers[name], name, crs=LONLAT)
    for name in layers:
        if name.startswith(CONTEXT):
            check_table(layers[name], "context", crs=LONLAT)


def _cards_by_language(
    cards: Cards, units: gpd.GeoDataFrame, lang: str
) -> dict[str, dict[str, dict[str, Any]]]:
    """What each unit's card says, by language and unit."""
    tables = {lang: cards} if isinstance(cards, pd.DataFrame) else dict(cards)
    if unknown := [language for language in {*tables, lang} if language not in words.LANGUAGES]:
        raise InputError(
            f"A map speaks {', '.join(words.LANGUAGES)}; cards came for {listed(sorted(unknown))}."
        )
    if lang not in tables:
        raise InputError(
            f"The map is to open in '{lang}', but the cards are in {listed(tables)}: "
            f"add cards in '{lang}' or choose another lang."
        )
    cards_of = {}
    for language, table in tables.items():
        faults = [name for name in ("unit_id", *CARD_FIELDS) if name not in table.columns]
        missing = sorted(set(units["unit_id"]) - set(table.get("unit_id", ())))
        if faults or missing:
            raise InputError(
                f"The cards in '{language}' are not as expected: "
                + "; ".join(
                    [f"column {listed(faults)} is missing"] * bool(faults)
                    + [f"no card for {listed(missing)}"] * bool(missing)
                )
                + ". Make them with cu.unit_cards(…)."
            )
        cards_of[language] = {str(row["unit_id"]): row for row in _records(table)}
    return cards_of


def _table_on(table: Any, frame: Frame) -> Any:
    """A table with its shapes where a map that counts on past 180° has them; none stays none."""
    if table is None or frame[2] <= 180.0:
        return table
    shapes = counted_on(table.geometry.to_numpy(), frame)
    return table.set_geometry(gpd.GeoSeries(shapes, index=table.index, crs=table.crs))


def _with_margin(bounds: Frame) -> Frame:
    """The frame of some bounds with ground around them; over 180° its longitudes count on."""
    west, south, east, north = frame_around(bounds, *MARGIN)
    # Beyond 80° a web map is mostly paper: Mercator draws a degree there six times as high. What lies
    # there alone is shown as far as such a map goes at all.
    lowest = -80.0 if north > -80.0 else -85.0
    highest = 80.0 if south < 80.0 else 85.0
    return west, min(max(south, lowest), 75.0), east, max(min(north, highest), -75.0)


def _tiers(units: gpd.GeoDataFrame) -> list[list[Any]]:
    """[tier, opacity], strongest first: the usual three, or those that another profile names."""
    # A profile names its tiers as it likes: their order is that of the scores in them.
    best = units.dropna(subset=["tier"]).groupby("tier")["score"].max()
    named = [str(tier) for tier in best.sort_values(ascending=False, kind="stable").index if tier]
    if set(named) <= set(palette.TIER_OPACITY):
        return [[tier, opacity] for tier, opacity in palette.TIER_OPACITY.items()]
    strengths = np.linspace(
        max(palette.TIER_OPACITY.values()), min(palette.TIER_OPACITY.values()), len(named)
    )
    return [
        [shown(tier), round(float(opacity), 2)]
        for tier, opacity in zip(named, strengths, strict=True)
    ]


def _units(
    units: gpd.GeoDataFrame,
    cards: Mapping[str, Mapping[str, dict[str, Any]]],
    findings: Mapping[Any, list[list[Any]]],
) -> list[dict[str, Any]]:
    """What the page knows of each unit."""
    # the list beside the map is read from the top; those without a rank come last
    unit_rows = shown_units(units).sort_values(["rank", "unit_id"])
    return [
        {
            "id": shown(row["unit_id"]),
            "name": {"en": shown(row["name_en"]), "ru": shown(row["name_ru"])},
            "status": shown(row["status"]),
            "tier": shown(row["tier"]),
            "origin": shown(row["origin"]),
            "rank": _number(row["rank"]),
            "rankLabel": shown(row["rank_label"]),
            # three decimals tell ranks apart that differ by 0.001; the page holds no more
            "score": _number(row["score"], 3),
            # a tenth: outlines are drawn with a marker
            "km2": _number(row["area_km2"], 1),
            "countries": shown(row["countries"]),
            "nSpecies": _number(row["n_species"]),
            "species": shown(row["species"]),
            "card": {
                language: _card_lines(of_unit[row["unit_id"]], language)
                for language, of_unit in cards.items()
            },
            "findings": findings.get(row["unit_id"], []),
            "g": packed(shape),
            "at": label_point(shape),
        }
        for row, shape in zip(_records(unit_rows), unit_rows.geometry, strict=True)
    ]


def _card_lines(card: Mapping[str, Any], lang: str) -> list[list[str]]:
    """The fields of a card that the page shows: their names, what they say, and how many they list."""
    lines = ([name, shown(card[name]), shown(field_count(card, name, lang))] for name in _FIELDS)
    return [
        line if line[2] else line[:2] for line in lines if line[1] or line[0] not in OPTIONAL_FIELDS
    ]


# "comment" tells how to comment in Google Earth: no word of this page.
_FIELDS: Final = tuple(
    name for name in CARD_FIELDS if name not in ("name_en", "name_ru", "comment")
)


def _with_charts(
    unit_values: list[dict[str, Any]],
    sections: Mapping[str, str],
    unit_species: pd.DataFrame | None,
    unit_countries: pd.DataFrame | None,
    sensitivity: pd.DataFrame | None,
    history: Mapping[str, list[list[Any]]],
) -> list[dict[str, Any]]:
    """Units with what their card draws and what they can be coloured by."""
    species = _by_unit(unit_species, ("sci_name", "role", "range_share"), "range_share")
    states = _by_unit(unit_countries, ("iso2", "share"), "share")
    stable = _by_unit(sensitivity, ("label",), "label")
    return [
        unit
        | {
            "section": sections.get(unit["id"], ""),
            "stability": next((row[0] for row in stable.get(unit["id"], ())), ""),
            "kinds": species.get(unit["id"], []),
            "shares": states.get(unit["id"], []),
            "rounds": history.get(unit["id"], []),
        }
        for unit in unit_values
    ]


def _last_round(earlier: gpd.GeoDataFrame | None) -> gpd.GeoDataFrame | None:
    """The units of the last of the earlier rounds, as they were."""
    if earlier is None or earlier.empty:
        return None
    last_rows = earlier["round"] == earlier["round"].max()
    return earlier[last_rows].drop(columns="round").reset_index(drop=True)


def _history(
    units: gpd.GeoDataFrame, earlier: gpd.GeoDataFrame | None, number: str
) -> dict[str, list[list[Any]]]:
    """Round, area and score of each unit through the rounds, for those that were there before."""
    if earlier is None or earlier.empty:
        return {}
    columns = ["unit_id", "round", "area_km2", "score"]
    rows = pd.concat([earlier[columns], units.assign(round=number)[columns]], ignore_index=True)
    rounds: dict[str, list[list[Any]]] = {}
    for row in _records(rows.sort_values(["unit_id", "round"], kind="stable")):
        # a small line through the rounds: whole km² are finer than it shows
        values = [_number(row["area_km2"], 0), _number(row["score"], 3)]
        rounds.setdefault(shown(row["unit_id"]), []).append([shown(row["round"]), *values])
    return {unit_id: points for unit_id, points in rounds.items() if len(points) > 1}


def _by_unit(
    table: pd.DataFrame | None, columns: Sequence[str], order: str
) -> dict[str, list[list[Any]]]:
    """The rows of each unit as lists of these columns, the largest first."""
    rows: dict[str, list[list[Any]]] = {}
    if table is None or not {"unit_id", *columns} <= set(table.columns):
        return rows
    for row in _records(table.sort_values([order, columns[0]], ascending=[False, True])):
        rows.setdefault(shown(row["unit_id"]), []).append([_cell(row[name]) for name in columns])
    return rows


def _sections_of(units: gpd.GeoDataFrame, sections: Mapping[str, BaseGeometry]) -> dict[str, str]:
    """The section in which each unit's name stands; of several that hold it, the first."""
    # Where the unit's name stands: its ground may lie in several.
    names_at = np.array([label_place(shape) for shape in units.geometry], dtype=object)
    unit, section = shapely.STRtree([*sections.values()]).query(names_at, predicate="within")
    ids, names = units["unit_id"].tolist(), list(sections)
    first = pd.Series(section).groupby(unit).min()
    return {shown(ids[number]): shown(names[place]) for number, place in first.items()}


def _findings(unit_criteria: pd.DataFrame | None) -> dict[Any, list[list[Any]]] | None:
    """By unit: [criterion, mark, value, unit, threshold, because] in the order of the profile.

    `because` is a sentence, or one a language where the table has them (``because_ru``).
    """
    if unit_criteria is None:
        return None
    check_table(unit_criteria, "unit_criteria")
    rows = sorted(
        _records(unit_criteria),
        key=lambda row: (str(row["unit_id"]), finding_key(row["criterion"])),
    )
    by_unit: dict[Any, list[list[Any]]] = {}
    for row in rows:
        finding: list[Any] = [shown(row["criterion"]), words.mark(row["met"], row["criterion"])]
        # a share of 1 is a hundredth of a per cent then: as finely as a limit of a profile is set
        finding += [_number(row["value"], 4), shown(row["unit"]), shown(row["threshold"])]
        by_unit.setdefault(row["unit_id"], []).append([*finding, _in_languages(row, "because")])
    return by_unit


_OF_OTHERS: Final = (
    *("note ", "because ", "desk ", "howto ", "report ", "title of ", "damage ", "sure line"),
    *("lint ", "designation "),
)
_ON_A_TERMINAL: Final = " line "
"""How the keys of phrases begin, or what stands in them, that neither the map nor the drawing page says."""


def _in_languages(row: Mapping[str, Any], column: str) -> str | dict[str, str]:
    """A sentence; by language where the row has it in several."""
    others = {
        lang: shown(row[key])
        for lang in words.LANGUAGES
        if (key := f"{column}_{lang}") in row and not is_missing(row[key])
    }
    english = shown(row[column])
    return {"en": english} | others if others else english


def _before(
    units: gpd.GeoDataFrame, before: gpd.GeoDataFrame | None
) -> list[dict[str, Any]] | None:
    """Each unit of both tables, in the order of its id: how it was, how it is, what became of it."""
    if before is None:
        return None
    check_table(before, "conservation_units", crs=LONLAT)
    was = {row["unit_id"]: row for row in _with_shape(before)}
    now = {row["unit_id"]: row for row in _with_shape(units)}
    return [
        {
            "id": shown(unit),
            "name": {
                lang: shown((now.get(unit) or was[unit])[f"name_{lang}"]) for lang in ("en", "ru")
            },
            "change": _change(was.get(unit), now.get(unit)),
            "was": _number(was[unit]["area_km2"], 1) if unit in was else None,
            "is": _number(now[unit]["area_km2"], 1) if unit in now else None,
            "g": packed(was[unit]["geometry"]) if unit in was else [],
            "at": label_point((was.get(unit) or now[unit])["geometry"]),
        }
        for unit in sorted({*was, *now})
    ]


def _with_shape(units: gpd.GeoDataFrame) -> list[dict[str, Any]]:
    """The units that are shown, each with its shape."""
    unit_rows = shown_units(units)
    return [
        row | {"geometry": shape}
        for row, shape in zip(_records(unit_rows), unit_rows.geometry, strict=True)
    ]


def _change(was: Mapping[str, Any] | None, now: Mapping[str, Any] | None) -> str:
    """What the eye sees: on the page's own lattice, however a ring is spelt."""
    if was is None:
        return "change new"
    if now is None:
        return "change gone"
    shapes = (shapely.set_precision(row["geometry"], 1 / LATTICE) for row in (was, now))
    return "change none" if shapely.equals(*shapes) else "change reshaped"


def _species(
    features: gpd.GeoDataFrame | None,
    species: pd.DataFrame | None,
    *,
    parts: gpd.GeoDataFrame | None,
    most_vertices: int,
) -> list[dict[str, Any]]:
    """One entry a species with a range, in the order of its scientific name, with its own style."""
    if features is None:
        return []
    species_rows = {} if species is None else {row["sci_name"]: row for row in _records(species)}
    order = species_places(species_rows, features["sci_name"])
    ordered = features.sort_values("sci_name")
    shapes = simplified(ordered.geometry.to_numpy(), most=most_vertices)
    coded = _parts(parts)
    return [
        {
            "id": shown(row["sci_name"]),
            "code": shown(
                species_rows.get(row["sci_name"], {}).get("code", row["sci_name"][:3].upper())
            ),
            "name": _spoken(row["sci_name"], species_rows),
            "rows": [
                [
                    "iucn_category",
                    shown(species_rows.get(row["sci_name"], {}).get("iucn_category")),
                ],
                ["range_km2", _number(row["range_km2"])],
                *_coarse_rows(row),
            ],
            "style": dict(species_style(order[row["sci_name"]])),
            "parts": coded.get(row["sci_name"], []),
            "g": packed(shape),
            # the species' code stands on the largest parts
            "at": [
                label_point(part)
                for part in sorted(shapely.get_parts(shape), key=lambda part: -part.area)[:6]
            ],
        }
        for row, shape in zip(_records(ordered), shapes, strict=True)
    ]


def _parts(ranges: gpd.GeoDataFrame | None) -> dict[Any, list[dict[str, Any]]]:
    """By species: every coded part of its range, the surest last, so that it lies on top."""
    if ranges is None:
        return {}
    check_table(ranges, "ranges", crs=LONLAT)
    ordered = ranges.sort_values(["presence", "range_id"], ascending=[False, True])
    by_species: dict[Any, list[dict[str, Any]]] = {}
    for row, shape in zip(_records(ordered), ordered.geometry, strict=True):
        given_columns = [column for column in _PART_ROWS if not is_missing(row.get(column))]
        part = {
            "id": shown(row["range_id"]),
            "presence": _number(row["presence"]),
            "rows": [
                [_FIELD_OF.get(column, column), _code(column, row)] for column in given_columns
            ],
            "g": packed(shape),
        }
        by_species.setdefault(row["sci_name"], []).append(part)
    return by_species


_PART_ROWS: Final = ("presence", "origin", "seasonal", "confidence", "source")
_FIELD_OF: Final = {"origin": "range origin"}
_CODES: Final[Mapping[str, Mapping[int, str]]] = {
    "presence": PRESENCE,
    "origin": ORIGIN,
    "seasonal": SEASONAL,
}


def _code(column: str, row: Mapping[str, Any]) -> str | float | int | dict[str, str]:
    """The meaning of an IUCN code, as a key of the catalogue of words."""
    if column in _CODES:
        return _CODES[column].get(int(row[column]), shown(row[column]))
    return _value(column, row)


def _names(species: pd.DataFrame | None) -> dict[str, dict[str, str]]:
    """The names of each species."""
    if species is None:
        return {}
    species_rows = {row["sci_name"]: row for row in _records(species)}
    return {shown(name): _spoken(name, species_rows) for name in sorted(species_rows)}


def _spoken(name: str, species_rows: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """A species' names; the scientific one where there is no other."""
    return dict.fromkeys(("en", "ru"), shown(name)) | names_in_languages(species_rows.get(name, {}))


def _evidence(key: str, layer: gpd.GeoDataFrame, more_vertices: int) -> Spelt:
    """A layer as the page draws it, with what its popups say: a list as JSON."""
    layer_rule = LAYERS[key]
    ordered = layer.sort_values(layer_rule.key[0], kind="stable")  # a border may be two rows
    shapes_whole = ordered.geometry.to_numpy()
    if key == "remarks":  # pins and lines, drawn as small areas so that a finger finds them
        shapes_whole = shapely.buffer(shapes_whole, _PIN_DEGREES, quad_segs=2)
    shapes = simplified(shapes_whole, most=layer_rule.map_vertices * more_vertices)
    rows = _records(ordered)

    def spelt(places: list[int]) -> list[str]:
        """Rows as JSON, by their places."""
        return [page_json(_evidence_row(key, rows[place], shapes[place])) for place in places]

    # a row is the same text on every map of a pack that shows it equally fine
    about = [f"{key} {row}" for row in rows]
    return Spelt(f"[{','.join(_SPELT_ROWS.of(shapes, about, spelt))}]")


_SPELT_ROWS: Final = ShapeMemory()


def _evidence_row(key: str, row: Mapping[str, Any], shape: BaseGeometry) -> dict[str, Any]:
    """One row of a layer, with its shape as it is drawn."""
    layer_rule = LAYERS[key]
    name_en, name_ru = layer_rule.titles
    return {
        "id": shown(row[layer_rule.key[0]]),
        # a layer from elsewhere may have no Russian name
        "name": {"en": shown(row[name_en]), "ru": shown(row.get(name_ru)) or shown(row[name_en])}
        | names_in_languages(row),
        "rows": [
            [column, _in_languages(row, column) if column == "reason" else _value(column, row)]
            for column in layer_rule.card_columns
            if not is_missing(row.get(column))
        ]
        + _coarse_rows(row),
        "kind": palette.barrier_kind(row["kind"]) if key == "barriers" else "",
        "g": packed(shape),
        "at": label_point(shape),
    }


def _coarse_rows(row: Mapping[str, Any]) -> list[list[Any]]:
    """What a card says of a place that was made coarse, as a key of the catalogue; else no line."""
    key = coarse_key(row)
    return [["coarse", key]] if key else []


def _context(layer: gpd.GeoDataFrame) -> list[dict[str, Any]]:
    """The shapes of a context layer, each with its value and what else its file says of it."""
    ordered = layer.sort_values("context_id")
    return [
        {
            "id": shown(row["context_id"]),
            "name": names_in_languages(row),
            "rows": [
                [column, _cell(row[column])]
                for column in ("value", "note")
                if not is_missing(row[column]) and row[column] != ""
            ],
            "kind": "",
            "g": packed(shape),
            "at": label_point(shape),
        }
        for row, shape in zip(_records(ordered), ordered.geometry, strict=True)
    ]


def _is_line(layer: gpd.GeoDataFrame) -> bool:
    return bool((shapely.get_dimensions(layer.geometry.to_numpy()) == 1).all())


def _cells(
    planning_units: gpd.GeoDataFrame | None, most_vertices: int = _MOST_CELL_VERTICES
) -> list[dict[str, Any]]:
    """The grid's scores in up to five classes of like number of cells, each one shape."""
    if planning_units is None:
        return []
    check_table(planning_units, "planning_units", crs=LONLAT)
    if (scored := planning_units[planning_units["score"] > 0].sort_values("pu_id")).empty:
        return []
    # where many cells share a score two edges fall together: there are fewer classes then
    edges = np.unique(np.quantile(scored["score"], np.linspace(0, 1, len(palette.CELLS) + 1)))
    place = np.clip(np.searchsorted(edges, scored["score"], side="right") - 1, 0, len(edges) - 2)
    if len(edges) == 1:
        edges, place = np.repeat(edges, 2), np.zeros(len(scored), dtype=int)
    classes = [coverage_joined(scored.geometry.to_numpy()[place == k]) for k in np.unique(place)]
    # As a coverage: classes lie side by side, and no gap may open between them.
    shapes = simplified(np.array(classes), most=most_vertices, coverage=True)
    # fewer classes have the darker colours: the best cells look alike on every map
    skip = len(palette.CELLS) - (len(edges) - 1)
    return [
        {
            # as a legend tells them: a class is a fifth of the cells, not a number to reckon with
            "from": round(float(edges[k]), 3),
            "to": round(float(edges[k + 1]), 3),
            "color": palette.CELLS[k + skip],
            "g": packed(shape),
        }
        for k, shape in zip(np.unique(place), shapes, strict=True)
    ]


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows without shapes as mappings, numbers as those of Python."""
    rows = records(table)
    if isinstance(table, gpd.GeoDataFrame):
        # of the rows, for a table without its shapes is a new table of all others
        for row in rows:
            row.pop(str(table.active_geometry_name), None)
    return rows


_WORDED: Final = frozenset({"source", "confidence", "designation", "kind"})
"""Columns of layers in which a value may be a word of ours."""


def _value(column: str, row: Mapping[str, Any]) -> str | float | int | dict[str, str]:
    """A value of a layer; by language where a word of ours is in it."""
    value, facts = row[column], row.get("source_facts")
    if not isinstance(value, str) or column not in _WORDED:
        return _cell(value)
    by_lang = {
        lang: shown(words.layer_value(column, value, lang, facts)) for lang in words.LANGUAGES
    }
    return by_lang if len(set(by_lang.values())) > 1 else shown(value)


def _cell(value: object) -> str | float | int:
    """A number stays one, so that the page can write it in the reader's language."""
    is_number = isinstance(value, (int, float, np.number)) and not isinstance(value, bool)
    return _number(value, 4) if is_number else shown(value)  # type: ignore[return-value]


def _number(value: Any, digits: int = 0) -> float | int | None:
    """A number as short as it can be told; None without one."""
    if is_missing(value) or not np.isfinite(float(value)):
        return None
    number = round(float(value), digits)
    return int(number) if number.is_integer() else number
