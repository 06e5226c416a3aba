"""A round as people are shown it: as a scene, as layers, as something to hand to anybody."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, replace
from itertools import compress
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import pandas as pd
import shapely
from pyproj.exceptions import CRSError

from cami_units import cache, figures, kml, layers, scene, store, words
from cami_units.drawn_pieces import is_kept, keeping, piece
from cami_units.model import (
    CONTEXT,
    CRITERION_LAYERS,
    EQUAL_AREA,
    MONTHS,
    RECORDS,
    ROUND_LAYERS,
    Problem,
    Round,
    read_crs,
)
from cami_units.palette import Look
from cami_units.words.finding_sentences import in_language
from cami_units.words.unit_card import OPEN_QUESTIONS, unit_cards


def kept_pieces(directory: Path) -> AbstractContextManager[None]:
    """What is drawn in this block and was drawn before from the same is taken from the workshop's cache."""
    return keeping(cache.keeper_of(cache.cache_of_round(directory)))


def kept_beside(round_: Round) -> AbstractContextManager[None]:
    """As :func:`kept_pieces`, where a stored round lies; nothing is kept of one that is not stored."""
    tables = round_.tables
    if isinstance(tables, store.StoredTables):
        return kept_pieces(tables.path.parent)
    return nullcontext()


def cache_of_layers(round_: Round) -> cache.Cache:
    """Where what is measured on the layers of a round is kept: no decision changes any of them."""
    tables = _stored(round_) if is_kept() else None
    if tables is None:
        return cache.NOTHING_KEPT
    beside = cache.cache_of_round(tables.path.parent)
    return cache.narrowed(beside, cache.program_key(), stamp_of_round(round_).hex())


_DECIDED: Final = frozenset({"conservation_units"})
"""The table that decisions change; what is drawn of all others outlasts them."""


def _stored(round_: Round) -> store.StoredTables | None:
    """The tables of a round that is stored; ``None`` where more was replaced than decisions change."""
    tables = round_.tables
    if isinstance(tables, store.StoredTables) and set(tables.replaced) <= _DECIDED:
        return tables
    return None


def stamp_of_round(round_: Round) -> bytes:
    """What everything of a round hangs on that no decision changes: a hash, if the round is stored.

    Nothing where tables other than the units were replaced. The digests of stored tables are kept by
    the hash of their file.
    """
    if (tables := _stored(round_)) is None:
        return b""
    # the table that decisions change is left out of the hash, else each decision would draw all
    # anew
    digests = {**_digests(tables), **dict.fromkeys(_DECIDED, "")}
    about = store.as_json({"about": round_.manifest, "imprint": asdict(round_.imprint)})
    return hashlib.sha256(about + json.dumps(digests, sort_keys=True).encode()).digest()


def as_stored(round_: Round, geopackage: Path) -> Round:
    """A round with the tables that were just written of it, of which more is known than of its own.

    As it is where it was stored before, and where nobody keeps what is drawn.
    """
    if _stored(round_) is not None or not is_kept() or not geopackage.is_file():
        return round_
    return replace(round_, tables=store.StoredTables(geopackage))


def stamp_of_layers(round_: Round, *beside: str) -> bytes:
    """What the shown layers of a round hang on, and the tables named `beside`; nothing if not known.

    Less than :func:`stamp_of_round` knows: layers outlast a round that units are redrawn in.
    """
    [stamp] = _stamps_of_tables(round_, [{*ROUND_LAYERS, *beside}])
    return stamp


def stamps_by_layer(round_: Round) -> dict[str, bytes]:
    """The same for each layer, of its own table and of what is told beside it."""
    names = [*ROUND_LAYERS, "ranges"]
    stamps = _stamps_of_tables(round_, [{name, *_TOLD_BESIDE.get(name, ())} for name in names])
    return dict(zip(names, stamps, strict=True))


_TOLD_BESIDE: Final[Mapping[str, tuple[str, ...]]] = {
    "hotspots": ("not_proposed",),
    "borders": ("border_pairs",),
    # documented movement: of restricted ranges each species in it is delicate
    CRITERION_LAYERS["C5"]: ("features",),
    "ranges": ("ranges_used",),
}
"""Tables of which something is told on a layer: see :func:`annotated_layers`, :func:`seasonal_parts`."""


def _stamps_of_tables(round_: Round, groups: Sequence[set[str]]) -> list[bytes]:
    """What each group of tables hangs on, with the species and what may be shown; b"": not known."""
    tables = round_.tables
    names = {"species"}.union(*groups)
    if not isinstance(tables, store.StoredTables) or names & set(tables.replaced):
        return [b""] * len(groups)
    stored, crs, restricted = _digests(tables), crs_of(round_), sorted(_restricted(round_))
    return [
        hashlib.sha256(
            json.dumps(
                [
                    crs,
                    restricted,
                    [[name, stored.get(name)] for name in sorted({*group, "species"})],
                ]
            ).encode()
        ).digest()
        for group in groups
    ]


def _digests(tables: store.StoredTables) -> dict[str, str]:
    """The digests of stored tables, kept by the hash of their file."""

    def counted() -> list[bytes]:
        return [json.dumps(tables.digests()).encode()]

    [digests] = piece("digests", [tables.sha256.encode()], counted)
    stored_digests: dict[str, str] = json.loads(digests)
    return stored_digests


def drawing_keys(round_: Round) -> Callable[..., list[bytes]]:
    """What tells what a drawing of a round hangs on: the round, units, and `what` else, if known.

    With it a file is kept: see :func:`cami_units.cache.kept_file`. `is_shown` says of each unit whether
    the drawing may show it; left out, all.
    """
    stamp = stamp_of_round(round_) if is_kept() else b""
    table = gpd.GeoDataFrame(round_.tables["conservation_units"])
    rows = _row_digests(table) if stamp else []

    def key(*what: Any, is_shown: Sequence[bool] = (True,) * len(table)) -> list[bytes]:
        """The content of a kept file; none where it is not known."""
        if not stamp:
            return []
        return [stamp, cache.digest(list(compress(rows, is_shown)), *what).encode()]

    return key


def _row_digests(table: gpd.GeoDataFrame) -> list[str]:
    """A hash of each row of a table, by all that is in it.

    The first decision of a round adds a column, and for other units nothing is in it: an empty cell
    shows nothing anywhere, and what was drawn without it is the same.
    """
    shapes = shapely.to_wkb(table.geometry.to_numpy())
    cells = table.drop(columns=table.geometry.name)
    is_filled = (cells.notna() & cells.ne("")).to_numpy()
    names = [str(name) for name in cells]
    return [
        hashlib.sha256(
            repr(list(compress(zip(names, row, strict=True), filled))).encode() + shape
        ).hexdigest()
        for row, filled, shape in zip(
            cells.astype(object).to_numpy().tolist(), is_filled, shapes, strict=True
        )
    ]


def carry_stamp(round_: Round, directory: Path) -> None:
    """Note what is known of the tables of a round whose units alone were written anew."""
    if (tables := _stored(round_)) is not None:
        hashes = json.dumps(_digests(tables)).encode()
        written = store.read_json(directory / store.MANIFEST)["outputs"][store.GEOPACKAGE]
        piece("digests", [str(written).encode()], lambda: [hashes])


def drawn_scene(round_: Round, *, lang: str) -> scene.Scene:
    """Everything that the figures of a round show, in the CRS of its plan."""
    [only] = drawn_scenes(round_, [lang])
    return only


def drawn_scenes(round_: Round, languages: Sequence[str]) -> list[scene.Scene]:
    """The same in each of some languages; the layers, which say nothing, are theirs together."""
    crs = crs_of(round_)

    def flat_layers() -> dict[str, gpd.GeoDataFrame]:
        return {
            name: layers.to_equal_area(table, crs) for name, table in public_layers(round_).items()
        }

    stamp = stamp_of_layers(round_) if is_kept() else b""
    shown_tables = scene.LaterLayers(stamp, flat_layers)
    return [_scene_in(round_, lang, crs, shown_tables) for lang in languages]


def _scene_in(
    round_: Round, lang: str, crs: str, shown_tables: Mapping[str, gpd.GeoDataFrame]
) -> scene.Scene:
    """A round with its layers as it is drawn in one language."""
    tables, species = in_language(round_.tables, lang), round_.tables["species"]
    return scene.Scene(
        crs=crs,
        imprint=words.imprint_in(round_.imprint, lang),
        units=layers.to_equal_area(gpd.GeoDataFrame(tables["conservation_units"]), crs),
        cards=unit_cards(tables, species, lang=lang),
        species=species,
        layers=shown_tables,
        unit_criteria=tables["unit_criteria"],
        unit_species=tables["unit_species"],
        unit_countries=tables["unit_countries"],
        lang=lang,
    )


def crs_of(round_: Round) -> str:
    """The equal-area CRS of the plan that a round was made by.

    Raises
    ------
    PlanError
        The manifest names none that PROJ knows.
    """
    # as `propose` wrote it there, checked: to check the plan again fetches pydantic (0.1 s)
    crs = str(round_.manifest["plan"].get("study", {}).get("crs", EQUAL_AREA))
    try:
        read_crs(crs)
        return crs
    except CRSError:
        from cami_units.plan import stored_plan  # it has the words for every fault

        return stored_plan(round_.manifest["plan"], round_.manifest["profile"]).study.crs


def public_layers(round_: Round) -> dict[str, gpd.GeoDataFrame]:
    """The layers of a round that maps and KMZ may show: see :func:`cami_units.scene.shown_layers`."""
    layer_tables = {
        name: table
        for name in ROUND_LAYERS
        if isinstance(table := round_.tables.get(name), gpd.GeoDataFrame)
    }
    return scene.shown_layers(
        layer_tables, round_.tables["species"], restricted=_restricted(round_), crs=crs_of(round_)
    )


def shown_sections(round_: Round) -> list[str]:
    """The ids of the sections of a round that may be shown, in order."""
    table = round_.tables.get("sections")
    is_shown = table is not None and "sections" not in _restricted(round_)
    return sorted(map(str, table["section_id"])) if is_shown and table is not None else []


def shown_context(
    round_: Round, *, problems: list[Problem] | None = None
) -> Mapping[str, gpd.GeoDataFrame]:
    """The context layers of a round that may be shown, light enough for a map."""
    return scene.light_context(all_context(round_), problems=problems)


def shown_fences(round_: Round, lang: str) -> dict[str, gpd.GeoDataFrame]:
    """The closed stretches of border, the first to open first, as a context layer of maps and globe.

    None before `fences` ran, nor where barriers or ranges may not be passed on.
    """
    table = told_fences(round_).get("fences")
    if not isinstance(table, gpd.GeoDataFrame) or _fences_are_restricted(round_):
        return {}
    shown = table[table["gain"] > 0].reset_index(drop=True)
    rows = shown.to_dict("records")
    layer = gpd.GeoDataFrame(
        {
            "context_id": [f"{number:04d}" for number in range(1, len(rows) + 1)],
            "name_en": [words.fence_name(row) for row in rows],
            "name_ru": [words.fence_name(row, "ru") for row in rows],
            "value": shown["rank"].astype(float),
            "note": [words.fence_opening(row, round_.tables["species"], lang) for row in rows],
            "title": words.text("which fence first", lang),
            "measure": "rank",
        },
        geometry=shown.geometry.array,
        crs=shown.crs,
    )
    return dict(scene.light_context({CONTEXT + "fences": layer})) if len(layer) else {}


FENCE_TABLES: Final = ("fences", "fence_species")
"""What `fences` adds to a round; it speaks of the outlines of that round and of no later one."""


def told_fences(round_: Round) -> dict[str, pd.DataFrame]:
    """What `fences` added, without stretches so short that they say where a sensitive species lives."""
    tables = {name: round_.tables[name] for name in FENCE_TABLES if name in round_.tables}
    if set(tables) != {*FENCE_TABLES}:
        return tables
    lines, by_species = (tables[name] for name in FENCE_TABLES)
    is_sensitive = by_species["sci_name"].isin(scene.sensitive_species(round_.tables["species"]))
    delicate = set(by_species.loc[is_sensitive, "stretch_id"])
    delicate &= set(lines.loc[lines["km"] < scene.COARSE_KM, "stretch_id"])
    return {
        name: table[~table["stretch_id"].isin(delicate)].reset_index(drop=True)
        for name, table in tables.items()
    }


def _fences_are_restricted(round_: Round) -> bool:
    """Whether what `fences` added tells of barriers or ranges that may not be passed on."""
    return bool({"barriers", "ranges"} & _restricted(round_))


def all_context(round_: Round) -> dict[str, gpd.GeoDataFrame]:
    """The context layers of a round that may be shown, whole."""
    return scene.context_layers(round_.tables, restricted=_restricted(round_))


def annotated_layers(
    shown_tables: Mapping[str, gpd.GeoDataFrame], tables: Mapping[str, pd.DataFrame]
) -> dict[str, gpd.GeoDataFrame]:
    """Layers with what is known of them: why a hotspot became no unit, what lies along a border."""
    annotated = dict(shown_tables)
    for layer, table, key, columns in (
        ("hotspots", "not_proposed", "hotspot_id", ["reason"]),
        ("borders", "border_pairs", "pair", list(_ALONG)),
    ):
        if layer in shown_tables and table in tables:
            columns = [name for name in map(str, tables[table]) if name.startswith(tuple(columns))]
            known_columns = tables[table].set_index(key)[columns]
            annotated[layer] = (
                shown_tables[layer]
                .drop(columns=columns, errors="ignore")
                .join(known_columns, on=key)
            )
    return annotated


def spoken_layers(
    annotated: Mapping[str, gpd.GeoDataFrame], lang: str
) -> dict[str, gpd.GeoDataFrame]:
    """Annotated layers for readers of one language: what is said in several, in theirs alone."""
    spoken = dict(annotated)
    if (hotspots := spoken.get("hotspots")) is not None and "reason" in hotspots:
        others = [name for name in map(str, hotspots) if name.startswith("reason_")]
        own = hotspots.get(f"reason_{lang}", hotspots["reason"])
        spoken["hotspots"] = hotspots.assign(reason=own).drop(columns=others)
    return spoken


_ALONG: Final = (
    *("border_km", "disputed_km", "units", "species_shared", "fenced_km"),
    *("n_crossings", "best_grade", "pa_pairs", "nearest_pa_pair_km"),
)


def published(round_: Round) -> Round:
    """A round as it may be handed to anybody.

    Layers from restricted sources are left out; ranges of sensitive species are the cells that they
    reach into, and their links of movement lie on the corners of such cells. The coded range parts
    (`ranges_used`) are left out wherever one of them is restricted or sensitive: a table with gaps
    would measure wrong in silence. So are planning units smaller than those cells: their rarity shows
    where a small range lies.
    """
    tables = round_.tables
    # outlines of ground that is missing follow the ranges, to the metre
    secret = {*ROUND_LAYERS, *RECORDS, *FENCE_TABLES, "ranges_used", "nearest_ground"}
    secret |= _restricted(round_)
    kept_tables = {name: table for name, table in tables.items() if name not in secret}
    if not _fences_are_restricted(round_):
        kept_tables |= told_fences(round_)
    if not _ranges_are_delicate(round_):
        kept_tables["ranges_used"] = tables["ranges_used"]
    if _cell_km(round_) < scene.COARSE_KM and _has_secret_ranges(round_):
        kept_tables.pop("planning_units", None)
    return replace(round_, tables={**kept_tables, **public_layers(round_)})


def _has_secret_ranges(round_: Round) -> bool:
    """Whether cells count a range that is restricted, or of a sensitive species."""
    ranges = round_.tables["features"]["sci_name"]
    is_sensitive = ranges.isin(scene.sensitive_species(round_.tables["species"]))
    return "ranges" in _restricted(round_) or bool(is_sensitive.any())


def _cell_km(round_: Round) -> float:
    """The side of the planning units of a round."""
    return float(round_.manifest["plan"].get("study", {}).get("cell_km", scene.COARSE_KM))


def without_persons(tables: Mapping[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Tables without what groups typed, and without what somebody called a file or a placemark.

    Of an outline that was set aside its ground and its group stay; the reason may be a remark of
    whoever settled it, or the name of a file.
    """
    public_tables = {name: table for name, table in tables.items() if name not in _TYPED}
    if "set_aside" in public_tables:
        public_tables["set_aside"] = public_tables["set_aside"].drop(
            columns=["file", "placemark", "reason"], errors="ignore"
        )
    units = public_tables["conservation_units"]
    public_tables["conservation_units"] = units.drop(columns=OPEN_QUESTIONS, errors="ignore")
    return public_tables


_TYPED: Final = frozenset({"remarks", "questions"})
"""Tables of sentences in the words of whoever typed them."""


def open_parts(round_: Round) -> gpd.GeoDataFrame | None:
    """The coded parts of those ranges that may be told in full; ``None`` where none may."""
    parts = round_.tables.get("ranges_used")
    if not isinstance(parts, gpd.GeoDataFrame) or "ranges" in _restricted(round_):
        return None
    return parts[~parts["sci_name"].isin(scene.sensitive_species(round_.tables["species"]))]


def seasonal_parts(round_: Round) -> dict[str, gpd.GeoDataFrame]:
    """The layer ``ranges`` of those parts whose months are known and may be told; {} without any."""
    if (parts := open_parts(round_)) is None or MONTHS not in parts:
        return {}
    timed = parts[parts[MONTHS].astype(object).fillna("").ne("") & parts["use"].eq("kept")]
    return {"ranges": timed} if len(timed) else {}


def _restricted(round_: Round) -> frozenset[str]:
    return scene.restricted_layers(round_.manifest.get("inputs", ()))


def _ranges_are_delicate(round_: Round) -> bool:
    """Whether some coded part of a range may not be told in full, or there are none."""
    parts, kept_parts = round_.tables.get("ranges_used"), open_parts(round_)
    return parts is None or kept_parts is None or len(kept_parts) < len(parts)


def legend_png(signs: Sequence[kml.Sign], *, lang: str = "en") -> bytes:
    """The legend of a KMZ with these lines, as the bytes of a PNG."""
    rows = [(_look(sign), sign.label, sign.is_line) for sign in signs]
    title = words.text("legend", lang)

    def drawn() -> list[bytes]:
        return [figures.legend_card(title, rows)]

    [picture] = piece("legend", [repr((title, rows)).encode()], drawn)
    return picture


def _look(sign: kml.Sign) -> Look:
    """A look of the globe as figures draw it: widths in points, a fill that shows on a card."""
    look = sign.look
    return Look(
        f"#{look.line}",
        # pixels of Google Earth (96 an inch) to points (72 an inch)
        look.width * 0.75,
        fill=f"#{look.fill}" if look.fill else "",
        # on white paper a fainter fill cannot be told from none
        opacity=max(look.opacity, 0.3),
    )
