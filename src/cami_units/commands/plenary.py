"""Plenary: a board of one unit a screen, in three forms that show the same."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
import shapely.affinity

from cami_units import kml, layers, store, words
from cami_units.commands.decide import decided_round, read_decisions
from cami_units.commands.shown_round import drawn_scene, kept_pieces, legend_png, shown_layers
from cami_units.documents.board import Slide, write_board, write_slides
from cami_units.documents.typed_tables import read_table
from cami_units.documents.unit_drawing import Drawing, Label, Shape
from cami_units.model import (
    FINDINGS,
    HIDDEN_STATUSES,
    InputError,
    Problem,
    Progress,
    Round,
    clean_name,
    is_missing,
    quiet,
)

_WIDE: Final = 800.0
_HIGH: Final = 640.0
_FACTS: Final = (
    "states",
    "area",
    "rank",
    "species",
    "protected",
    "barriers",
    "confidence",
    "origin",
)
_FILES: Final = ("board.html", "board.pptx", "board.kmz")
_BARS: Final = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)


def plenary(
    directory: Path,
    out: Path | None = None,
    *,
    before: Path | None = None,
    lang: str = "",
    progress: Progress = quiet,
) -> tuple[Path, tuple[Problem, ...]]:
    """Make the board of a round: HTML, PPTX and a KMZ with a tour.

    Parameters
    ----------
    directory : Path
        The folder of the round that plenary is to decide on.
    out : Path, optional
        Where to; ``None``: ``plenary`` in the round. Boards that are there are replaced.
    before : Path, optional
        The folder of the round before, drawn dashed behind each unit and compared with it;
        ``None``: the one beside this round that it was collected against, if it is there.
    lang : {"", "en", "ru"}
        Language of the board; nothing: the first of the round.

    Returns
    -------
    Path
        The folder of the board.
    tuple of Problem
        What had to be simplified in the KMZ.

    Raises
    ------
    InputError
        A folder is no round, or the folder of the board holds something else.
    """
    done = decided_round(directory)
    earlier = before or base_beside(directory, done)
    base = decided_round(earlier) if earlier else None
    speaking = lang or done.imprint.languages[0]
    slides = board(
        done,
        lang=speaking,
        log=read_decisions(directory),
        before=base,
        changes=_found(
            directory / "changes.csv", ("unit_id", "change", "group", "decision", "note", "applied")
        ),
        conflicts=_found(
            directory / "conflicts.csv",
            ("unit_id", "groups", "overlap_km2", "default", "resolution"),
        ),
        progress=progress,
    )
    target = out or directory / "plenary"
    store.check_only(target, is_ours=lambda name: name in _FILES)
    with kept_pieces(directory), store.staging(target, replace=True) as folder:
        progress("writing the board", 0, 0)
        write_board(folder / "board.html", slides, imprint=done.imprint, lang=speaking)
        write_slides(folder / "board.pptx", slides, imprint=done.imprint, lang=speaking)
        noticed = _write_tour(folder / "board.kmz", done, base, speaking)
    return target, noticed


def base_beside(directory: Path, done: Round) -> Path | None:
    """The folder beside a round that holds the round it was made from; ``None`` where none does.

    Two folders that both could be it are none: nothing is guessed.
    """
    base = done.manifest.get("base")
    if not base:
        return None
    found = [
        path
        for path, manifest in store.rounds_in(directory.resolve().parent).items()
        if path != directory.resolve()
        and manifest.get("round") == base.get("round")
        and manifest["imprint"].get("title") == base.get("title")
    ]
    return found[0] if len(found) == 1 else None


def board(
    done: Round,
    *,
    lang: str,
    log: pd.DataFrame,
    before: Round | None = None,
    changes: pd.DataFrame | None = None,
    conflicts: pd.DataFrame | None = None,
    progress: Progress = quiet,
) -> list[Slide]:
    """What plenary is shown of each unit, best rank first; rejected and merged ones come last.

    Parameters
    ----------
    done : Round
        With its decisions applied.
    lang : {"en", "ru"}
        Language of every phrase and name.
    log : DataFrame
        The decisions, as :func:`cami_units.commands.read_decisions` gives them.
    before : Round, optional
        The round before.
    changes, conflicts : DataFrame, optional
        What `collect` found: who changed a unit, and what is open.
    """
    units = done.tables["conservation_units"]
    cards = words.unit_cards(done.tables, done.tables["species"], lang=lang).set_index("unit_id")
    drawn = drawn_scene(done, lang=lang)
    flat = drawn.units.set_index("unit_id")
    versions = _by_unit(_flat(done, "set_aside", drawn.crs))
    remarks = _by_unit(_each_unit(_flat(done, "remarks", drawn.crs)))
    earlier = _earlier(before, drawn.crs)
    findings = _by_unit(done.tables["unit_criteria"])
    old_findings = _by_unit(before.tables["unit_criteria"]) if before else {}
    changed = _by_unit(_with_applied(changes, done.tables.get("set_aside")))
    open_ = _by_unit(conflicts)
    said = _by_unit(log)
    hidden = units["status"].isin(HIDDEN_STATUSES)
    order = units.assign(hidden=hidden).sort_values(
        ["hidden", "rank", "unit_id"], na_position="last", kind="stable"
    )
    slides = []
    for place, unit_id in enumerate(map(str, order["unit_id"])):
        progress("drawing units", place, len(order))
        card: Any = cards.loc[unit_id]
        row = flat.loc[unit_id]
        own = findings.get(unit_id, [])
        old = earlier.get(unit_id)
        said_here = [row for row in remarks.get(unit_id, []) if row["kind"] != "conflict"]
        slides.append(
            Slide(
                unit_id=unit_id,
                name=words.name_in(card, lang),
                status=str(row["status"]),
                status_said=str(card["status"]),
                facts=tuple((words.label(key, lang), str(card[key])) for key in _FACTS),
                criteria=tuple(_criterion(found, lang) for found in own),
                compared=_compared(row, own, old, old_findings.get(unit_id, []), lang),
                proposed_by=_proposer(row, changed.get(unit_id, []), said.get(unit_id, []), lang),
                questions=_questions(
                    own,
                    old_findings.get(unit_id, []),
                    changed.get(unit_id, []),
                    open_.get(unit_id, []),
                    said.get(unit_id, []),
                    lang,
                ),
                decisions=tuple(_decision(line, lang) for line in said.get(unit_id, [])),
                drawing=_drawing(
                    unit_id,
                    flat,
                    None if old is None else old["geometry"],
                    versions.get(unit_id, []),
                    said_here,
                    drawn.layers,
                    lang,
                ),
                remarks=tuple(_remark(number, row) for number, row in _numbered(said_here)),
            )
        )
    return slides


# -- words ----------------------------------------------------------------------------------------


def _found(path: Path, columns: Sequence[str]) -> pd.DataFrame | None:
    """A table that `collect` left in the round; ``None`` where it left none."""
    if not path.is_file():
        return None
    try:
        return read_table(path, columns=columns, needs=columns[:1])
    except InputError:
        return None


def _by_unit(table: pd.DataFrame | None) -> dict[str, list[dict[str, Any]]]:
    rows: dict[str, list[dict[str, Any]]] = {}
    if table is not None:
        for row in table.to_dict("records"):
            named = {str(key): value for key, value in row.items()}
            rows.setdefault(clean_name(named["unit_id"]), []).append(named)
    return rows


def _flat(done: Round, name: str, crs: str) -> gpd.GeoDataFrame | None:
    """A layer that `collect` left in the round, equal-area; ``None`` where there is none."""
    table = done.tables.get(name)
    return layers.to_equal_area(table, crs) if isinstance(table, gpd.GeoDataFrame) else None


def _each_unit(table: gpd.GeoDataFrame | None) -> pd.DataFrame | None:
    """Remarks as a row for each unit that they speak of."""
    if table is None:
        return None
    split = table.assign(unit_id=table["unit_id"].fillna("").str.split(";"))
    return pd.DataFrame(split.explode("unit_id"))


def _numbered(remarks: Sequence[dict[str, Any]]) -> list[tuple[int, dict[str, Any]]]:
    """Remarks with the number that stands beside them on the map; 0: a comment has no place."""
    placed = [row for row in remarks if row["kind"] != "comment"]
    others = [row for row in remarks if row["kind"] == "comment"]
    return [*enumerate(placed, start=1), *((0, row) for row in others)]


def _remark(number: int, row: Mapping[str, Any]) -> str:
    """A remark as it is read: its number, the group, what the pin is called and what it says."""
    titled = [clean_name(row["placemark"])] if number else []
    told = ": ".join(dict.fromkeys(filter(None, [*titled, clean_name(row["text"])])))
    group = clean_name(row["group"])
    who = f"{group}: {told}" if group else told
    return f"({number}) {who}" if number else who


def _criterion(found: Mapping[str, Any], lang: str) -> tuple[str, str, str, str]:
    name = str(found["criterion"])
    return (
        name,
        words.mark(found["met"], name),
        words.text(name, lang),
        clean_name(found["because"]),
    )


def _proposer(
    row: Mapping[str, Any],
    changes: Iterable[Mapping[str, Any]],
    log: Sequence[Mapping[str, Any]],
    lang: str,
) -> str:
    """Whose outline this is: the groups that drew or confirmed it, else what it was at first."""
    rows = list(changes)
    aside = {clean_name(change["group"]) for change in rows if _is_aside(change)}
    groups = {clean_name(change["group"]) for change in rows if _applies(change)} - {"", *aside}
    if groups:
        return f"{words.text('group', lang)} {', '.join(sorted(groups))}"
    first = clean_name(log[0]["before"]) if log else str(row["status"])
    if first in ("modelled candidate", "area of interest"):
        return words.text("software", lang)
    return words.text(first, lang)


def _applies(change: Mapping[str, Any]) -> bool:
    """Whether a row of the changes tells of the outline that stands, not of one set aside."""
    return change["change"] not in ("absent", "conflict") and not _is_aside(change)


def _with_applied(
    changes: pd.DataFrame | None, set_aside: pd.DataFrame | None
) -> pd.DataFrame | None:
    """Changes with the column `applied`; in rounds of old, which lack it, by what was set aside."""
    if changes is None or changes.get("applied", pd.Series(dtype=str)).astype(str).ne("").any():
        return changes
    pairs = (
        set()
        if set_aside is None
        else set(zip(set_aside["unit_id"], set_aside["group"], strict=True))
    )
    is_aside = [pair in pairs for pair in zip(changes["unit_id"], changes["group"], strict=True)]
    return changes.assign(applied=pd.Series(is_aside, index=changes.index).map({True: "false"}))


def _is_aside(change: Mapping[str, Any]) -> bool:
    """Whether a row of the changes was not applied: in the table as it is, or read from a CSV."""
    return str(change["applied"]).casefold() == "false"


def _met(findings: Iterable[Mapping[str, Any]]) -> dict[str, bool | None]:
    return {
        str(row["criterion"]): None if is_missing(row["met"]) else bool(row["met"])
        for row in findings
    }


def _compared(
    row: Mapping[str, Any],
    own: Sequence[Mapping[str, Any]],
    old: Mapping[str, Any] | None,
    old_findings: Sequence[Mapping[str, Any]],
    lang: str,
) -> tuple[tuple[str, str, str], ...]:
    """What is different from the round before, and the area in any case."""
    if old is None:
        return ()
    unit = words.text("km2", lang)
    was, now = _met(old_findings), _met(own)
    rows = [
        (
            words.text("area", lang),
            f"{words.number(float(old['area_km2']), lang)} {unit}",
            f"{words.number(float(row['area_km2']), lang)} {unit}",
        )
    ]
    for key, label in (("countries", "states"), ("species", "species"), ("rank_label", "rank")):
        before, after = _spoken(old[key]), _spoken(row[key])
        if before != after:
            rows.append((words.text(label, lang), before, after))
    rows += [
        (name, words.mark(was.get(name), name), words.mark(now.get(name), name))
        for name in FINDINGS
        if name in was and name in now and was[name] != now[name]
    ]
    return tuple(rows)


def _spoken(value: object) -> str:
    return clean_name(value).replace(";", ", ")


def _questions(
    own: Sequence[Mapping[str, Any]],
    old: Sequence[Mapping[str, Any]],
    changes: Iterable[Mapping[str, Any]],
    conflicts: Sequence[Mapping[str, Any]],
    said: Sequence[Mapping[str, Any]],
    lang: str,
) -> tuple[str, ...]:
    """What plenary should settle.

    Conflicts, criteria lost, what falls short as drawn, what is parked, what nobody assessed.
    """
    was, now = _met(old), _met(own)
    lost = [name for name in FINDINGS if was.get(name) is True and now.get(name) is not True]
    unknown = [name for name in FINDINGS if name in now and now[name] is None]
    questions = [
        f"{words.text('conflict between', lang)}: {_spoken(row['groups'])}"
        + (
            f", {words.number(float(row['overlap_km2']), lang)} {words.text('km2', lang)}"
            if _is_number(row["overlap_km2"])
            else ""
        )
        + (f" ({_spoken(row['resolution'] or row['default'])})")
        for row in conflicts
    ]
    if lost:
        questions.append(f"{words.text('no longer meets', lang)}: {', '.join(lost)}")
    short = {clean_name(row["decision"]) for row in changes if _applies(row)}
    questions += [
        f"{words.text('as drawn', lang)}: {words.text(decision, lang)}"
        for decision in ("area of interest", "not proposed")
        if decision in short
    ]
    questions += [_decision(line, lang) for line in said[-1:] if line["decision"] == "park"]
    if unknown:
        questions.append(f"{words.text('not assessed', lang)}: {', '.join(unknown)}")
    return tuple(questions)


def _is_number(value: object) -> bool:
    try:
        return float(str(value)) > 0
    except ValueError:
        return False


def _decision(line: Mapping[str, Any], lang: str) -> str:
    parts = [
        clean_name(line["time"]).replace("T", " "),
        words.text(str(line["decision"]), lang) if words.has(line["decision"]) else "",
        clean_name(line["by"]),
        clean_name(line["document"]),
        clean_name(line["reason"]).removeprefix("'"),
    ]
    return " · ".join(part for part in parts if part)


# -- maps -----------------------------------------------------------------------------------------


def _earlier(before: Round | None, crs: str) -> dict[str, dict[str, Any]]:
    if before is None:
        return {}
    flat = layers.to_equal_area(gpd.GeoDataFrame(before.tables["conservation_units"]), crs)
    return {str(row["unit_id"]): dict(row) for _, row in flat.iterrows()}


def _drawing(
    unit_id: str,
    units: gpd.GeoDataFrame,
    before: Any,
    versions: Sequence[Mapping[str, Any]],
    remarks: Sequence[dict[str, Any]],
    known: Mapping[str, gpd.GeoDataFrame],
    lang: str,
) -> Drawing:
    """The unit in the middle, with what lies around it, in pixels of a frame of 800 × 640."""
    shape = units.geometry[unit_id]
    rivals = [row["geometry"] for row in versions]
    frame = _framed(shapely.union_all([shape, *rivals, *([] if before is None else [before])]))
    west, _, east, north = frame
    scale = _WIDE / (east - west)
    window = shapely.box(*frame)
    shown: list[Shape] = []
    labels: list[Label] = []

    def add(kind: str, geometries: Iterable[Any]) -> None:
        rings = tuple(
            ring for one in geometries for ring in _rings(one, window, west, north, scale)
        )
        if rings:
            shown.append(Shape(kind, rings))

    def label(kind: str, text: str, geometry: Any) -> None:
        seen = shapely.intersection(geometry, window)
        if seen.is_empty or not text:
            return
        point = shapely.point_on_surface(seen)
        x, y = (point.x - west) * scale, (north - point.y) * scale
        if 30 < x < _WIDE - 30 and 14 < y < _HIGH - 14:
            labels.append(Label(kind, text, round(x, 1), round(y, 1)))

    def layer(name: str) -> gpd.GeoDataFrame | None:
        table = known.get(name)
        if table is None:
            return None
        near = table[shapely.intersects(table.geometry.to_numpy(), window)]
        return near if len(near) else None

    countries, disputed = layer("countries"), layer("disputed")
    if countries is not None:
        add("land", countries.geometry)
        if disputed is not None:
            add("land", disputed.geometry)
        for row in countries.to_dict("records"):
            label("country", words.name_in(row, lang), row["geometry"])
    for name, kind in (("protected_areas", "protected"), ("hotspots", "hotspot")):
        table = layer(name)
        if table is not None:
            add(kind, table.geometry[table.geom_type.isin(["Polygon", "MultiPolygon"])])
    seen = units[~units["status"].isin(HIDDEN_STATUSES) & (units.index != unit_id)]
    seen = seen[shapely.intersects(seen.geometry.to_numpy(), window)]
    add("other", seen.geometry)
    add("unit", [shape])
    if before is not None:
        add("before", [before])
    for row in versions:
        add("version", [row["geometry"]])
    if countries is not None:
        lines = shapely.union_all(countries.geometry.boundary.to_numpy())
        doubtful = shapely.union_all(disputed.geometry.to_numpy()) if disputed is not None else None
        add("border", [lines if doubtful is None else shapely.difference(lines, doubtful)])
        if doubtful is not None:
            add("disputed", [doubtful.boundary])
    barriers = layer("barriers")
    if barriers is not None:
        add("barrier", barriers.geometry)
    for other, geometry in zip(seen.index, seen.geometry, strict=True):
        label("other", str(other), shapely.difference(geometry, shape))
    for row in versions:
        beside = shapely.difference(row["geometry"], shape)
        label("version", clean_name(row["group"]), beside)
    for number, row in _numbered(remarks):
        if not number:
            continue
        place = row["geometry"]
        add("drawn", [place] if place.length else [])
        spots = [point for point in shapely.get_parts(place) if point.geom_type == "Point"]
        add("pin", [_diamond(point, 7 / scale) for point in spots])
        label("pin", f"({number})", shapely.affinity.translate(place, 16 / scale, 12 / scale))
    label("unit", unit_id, shape)
    bar_km = max(km for km in _BARS if km * 1000 * scale <= _WIDE / 3 or km == _BARS[0])
    return Drawing(
        _WIDE, _HIGH, tuple(shown), tuple(labels), round(bar_km * 1000 * scale, 1), bar_km
    )


def _diamond(point: Any, half: float) -> Any:
    """A pin: a square on its corner, `half` as far from the middle as its corners are."""
    x, y = point.x, point.y
    return shapely.Polygon([(x, y + half), (x + half, y), (x, y - half), (x - half, y)])


def _framed(shape: Any) -> tuple[float, float, float, float]:
    """A frame around a shape, a third larger than it, of the drawing's proportions."""
    west, south, east, north = shape.bounds
    width = max(east - west, 20_000.0) * 1.35
    height = max(north - south, 20_000.0) * 1.35
    width = max(width, height * _WIDE / _HIGH)
    height = width * _HIGH / _WIDE
    x, y = (west + east) / 2, (south + north) / 2
    return x - width / 2, y - height / 2, x + width / 2, y + height / 2


def _rings(
    geometry: Any, window: Any, west: float, north: float, scale: float
) -> list[tuple[tuple[float, float], ...]]:
    """The rings and lines of a geometry inside the window, in pixels, simplified to half a pixel."""
    seen = shapely.intersection(geometry, window)
    if seen.geom_type == "MultiLineString":
        seen = shapely.line_merge(seen)
    simple = shapely.simplify(seen, 0.5 / scale)
    made = []
    for part in shapely.get_parts(simple):
        if part.geom_type == "Polygon":
            lines = list(shapely.get_rings(part))
        elif part.geom_type in ("LineString", "LinearRing"):
            lines = [part]
        else:
            continue
        for line in lines:
            xy = shapely.get_coordinates(line)
            pixels = np.round((xy - [west, north]) * [scale, -scale], 1) + 0.0
            made.append(tuple((float(x), float(y)) for x, y in pixels))
    return [ring for ring in made if len(ring) > 1]


def _write_tour(path: Path, done: Round, before: Round | None, lang: str) -> tuple[Problem, ...]:
    tables = done.tables
    units = gpd.GeoDataFrame(tables["conservation_units"])
    drawn = units[~units["status"].isin(HIDDEN_STATUSES)].reset_index(drop=True)
    said = tables.get("remarks")  # what groups pinned and typed, and where they disagree
    shown = shown_layers(done) | ({"remarks": said} if isinstance(said, gpd.GeoDataFrame) else {})
    kept = (
        "countries",
        "borders",
        "disputed",
        "sections",
        "hotspots",
        "protected_areas",
        "gazetteer",
        "remarks",
    )
    context = {name: shown[name] for name in kept if name in shown}
    return kml.write_kml(
        path,
        drawn,
        cards=words.unit_cards(tables, tables["species"], lang=lang),
        imprint=done.imprint,
        lang=lang,
        layers=context,
        species=tables["species"],
        pack=kml.Pack(
            before=None if before is None else gpd.GeoDataFrame(before.tables["conservation_units"])
        ),
        legend=legend_png(drawn, context, lang=lang),
    )
