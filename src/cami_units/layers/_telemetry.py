"""Tracked animals: positions to tracks with their gaps cut, and the borders that the tracks cross."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Final, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from pyproj import Geod

from cami_units.layers._dialects import blank, by_value, plain
from cami_units.layers._occurrences import (
    Clean,
    left_out,
    sound_rows,
    taxa_of,
    times,
    with_their_days,
    within_study,
)
from cami_units.layers._reading import Dataset, FileRules, LayerRead, Reading
from cami_units.layers._shape_checks import cleaned
from cami_units.layers._taxa import Names, rules_by_source
from cami_units.model import (
    LONLAT,
    SOURCE_FACTS,
    InputError,
    Note,
    Problem,
    in_short,
    notes_as_text,
    problem_of,
    said,
    transformed,
)
from cami_units.overlap import border_crossings

Mask = NDArray[np.bool_]

UNMADE_CHECKS: Final = ("dilution of precision", "turning angles", "state-space models")
"""What `ctmm`, `amt` and `aniMotum` do more to positions: they need to know the collar."""

_GOOD_ARGOS: Final = frozenset({"", "1", "2", "3", "g"})
"""Argos classes within 1.5 km; 0, A, B and Z may be off by tens (Douglas et al. 2012,
doi:10.1111/j.2041-210X.2012.00245.x)."""

_GEOD: Final = Geod(ellps="WGS84")


class _Track(NamedTuple):
    """A track of an animal: the columns of its row."""

    animal: str
    sci_name: str
    evidence_grade: str
    begins: str
    ends: str
    fixes: int
    source: str
    seen: list[NDArray[np.float64]] | None
    geometry: Any


def tracked(names: Names, reading: Reading, states: gpd.GeoDataFrame) -> Clean:
    """From positions of animals (or lines that are tracks already) to tracks, a row an animal.

    Left out, each step counted: positions without coordinates, time or animal; those that Movebank, its users
    or its filters mark as outliers; Argos classes 0, A, B and Z; of no taxon of ours; the same animal
    at the same time again; spikes, reached and left faster than an animal can. A gap longer than the
    plan allows cuts a track. What is older than the plan counts as new is a row of its own.

    Parameters
    ----------
    names, states
        As for :func:`cami_units.layers._occurrences.recorded`.
    reading : Reading
        The plan's date, its rules for taxa, and how positions become tracks.

    Returns
    -------
    A function to the table `telemetry`, with ``seen``: of each part of a track an array of longitude,
    latitude and time (seconds since 1970), a row a position; ``None`` for a line that was drawn.

    References
    ----------
    Kranstauber, B. et al. (2011). The Movebank data model for animal tracking. *Environmental
    Modelling & Software* 26, 834–835. doi:10.1016/j.envsoft.2010.12.005
    """
    rules = rules_by_source(reading.taxa)

    def clean(dataset: Dataset, layer: str, how: FileRules) -> LayerRead:
        table = dataset.table
        taxon, notes = taxa_of(dataset, layer, names, rules, reading)
        # Animals of others go first: their steps would be counted among ours.
        named = replace(dataset, table=table.assign(sci_name=taxon)[taxon.notna()])
        kinds = set(shapely.get_dimensions(named.table.geometry.to_numpy()).tolist())
        make = _drawn_tracks if 1 in kinds else _tracks
        tracks, problems = make(named, layer, reading)
        shapes = cleaned(replace(dataset, table=tracks), layer, replace(how, region=None))
        inside_rows, far_notes = within_study(shapes.table, states, reading, dataset, layer)
        return LayerRead(inside_rows, (*notes, *problems, *shapes.problems, *far_notes))

    return clean


def _tracks(
    dataset: Dataset, layer: str, reading: Reading
) -> tuple[gpd.GeoDataFrame, list[Problem]]:
    """The tracks of positions in longitude and latitude."""
    fixes, problems = _good_fixes(dataset, layer, reading)
    rule, limit = reading.fixes, _new_from(reading)
    rows, cuts = [], 0
    for (name, animal), mine in fixes.groupby(["sci_name", "animal"], sort=True):
        times = mine["seconds"].to_numpy()
        xy = np.column_stack([mine["x"], mine["y"]])
        gaps = np.diff(times) > 3600 * rule.gap_hours
        cuts += int(gaps.sum())
        # a leg that ends within the years is new, though it began before
        is_new = times >= limit.timestamp()
        turn = np.r_[False, is_new[1:] != is_new[:-1]]
        for new in (True, False):
            if not (parts := _parts(xy, times, np.r_[False, gaps], turn, is_new, new=new)):
                continue
            used_rows = np.concatenate([part[:, 2] for part in parts])
            grade = rule.grade if new else rule.older_grade
            days = (_day(used_rows.min()), _day(used_rows.max()))
            line = _line([shapely.linestrings(part[:, :2]) for part in parts])
            rows.append(
                _Track(
                    str(animal), str(name), grade, *days, len(used_rows), dataset.file, parts, line
                )
            )
    animals = fixes["animal"].nunique()
    facts = {"fixes": len(fixes), "animals": animals, "count": len(rows), "cuts": cuts}
    note = Note("tracks made", {**facts, "hours": float(rule.gap_hours)})
    problems.append(problem_of("note", layer, dataset.name, "", note))
    return _table(rows, dataset.table.crs or LONLAT), problems


def _parts(
    xy: NDArray[np.float64],
    times: NDArray[np.float64],
    gap: Mask,
    turn: Mask,
    is_new: Mask,
    *,
    new: bool,
) -> list[NDArray[np.float64]]:
    """The unbroken ways of one animal, new or old: longitude, latitude and time of each position."""
    parts = []
    piece = np.cumsum(gap | turn)
    for number in np.unique(piece):
        at = np.flatnonzero(piece == number)
        if is_new[at[0]] != new:
            continue
        if new and turn[at[0]] and not gap[at[0]] and at[0] > 0:
            at = np.r_[at[0] - 1, at]  # the leg over the limit belongs to what is new
        # One position is no way: it says where an animal was, and of no border that it crossed.
        if len(at) > 1:
            parts.append(np.column_stack([xy[at], times[at]]))
    return parts


def _line(parts: Sequence[Any]) -> Any:
    return parts[0] if len(parts) == 1 else shapely.multilinestrings(parts)


def track_ids(animals: pd.Series[str]) -> list[str]:
    """An id for each track: that of its animal, counted on where one has several.

    Examples
    --------
    >>> track_ids(pd.Series(["S7", "S7", "S8"]))
    ['T-S7', 'T-S7 (2)', 'T-S8']
    """
    count = animals.groupby(animals).cumcount()
    return [
        f"T-{name} ({n + 1})" if n else f"T-{name}" for name, n in zip(animals, count, strict=True)
    ]


def _table(rows: Sequence[_Track], crs: Any) -> gpd.GeoDataFrame:
    """Tracks as a table."""
    return gpd.GeoDataFrame(rows, columns=list(_Track._fields), geometry="geometry", crs=crs)


def _good_fixes(
    dataset: Dataset, layer: str, reading: Reading
) -> tuple[pd.DataFrame, list[Problem]]:
    """Positions that can be trusted, by animal and time, and how many each step left out."""
    table = dataset.table
    if "time" not in table:
        headings = in_short([name for name in table.columns if name != "geometry"], 20)
        raise InputError.of("positions want a time", names=headings)
    points = np.asarray(table.geometry.array, dtype=object)
    days = table["date"] if "date" in table else blank(table.index)
    when, dated = times(with_their_days(table["time"], days))
    fixes = pd.DataFrame(
        {
            "animal": table["animal"].astype(str),
            "sci_name": table["sci_name"],
            "x": shapely.get_x(points),
            "y": shapely.get_y(points),
            "seconds": (when - pd.Timestamp(0, tz="UTC")).dt.total_seconds(),
        },
        index=table.index,
    )
    nobody = table["animal"].isna() | (table["animal"].astype(str).str.strip() == "")
    argos = _words(table, "argos_class")
    # the day of the plan itself counts to its end
    future = pd.Timestamp(reading.date, tz="UTC") + pd.Timedelta(days=1)
    steps = [
        (Note("positions without place"), ~np.isfinite(fixes["x"]) | ~np.isfinite(fixes["y"])),
        (Note("positions without time"), when.isna()),
        (Note("positions at 0"), (fixes["x"] == 0) & (fixes["y"] == 0)),
        (Note("positions of nobody"), nobody),
        (Note("positions marked"), _is_marked(table)),
        (Note("positions of Argos"), ~argos.isin(_GOOD_ARGOS)),
        (Note("positions of the future", {"date": reading.date}), when >= future),
    ]
    report = partial(left_out, "positions", layer, dataset.name, dataset.rows)
    keep, problems = sound_rows(len(fixes), steps, report)
    # what follows looks at the fixes before and after, so the bad ones must be gone and the rest in
    # order
    fixes = fixes[keep].sort_values(["sci_name", "animal", "seconds"], kind="stable")
    twice = fixes.duplicated(["sci_name", "animal", "seconds"]).to_numpy(dtype=bool)
    problems += report(twice, Note("positions twice"))
    fixes = fixes[~twice]
    spikes = _spikes(fixes, reading.fixes.max_kmh)
    note = Note("positions too fast", {"kmh": float(reading.fixes.max_kmh)})
    problems += [problem_of("note", layer, dataset.name, "", date_note) for date_note in dated]
    return fixes[~spikes], [*problems, *report(spikes, note)]


def _is_marked(table: pd.DataFrame) -> pd.Series[bool]:
    """Which positions Movebank does not show, or somebody or some filter called an outlier."""
    hidden = _words(table, "visible").isin({"false", "0", "no"})
    yes = {"true", "1", "yes"}
    marks = ("outlier", "outlier_found", "outlier_imported")
    return hidden | pd.concat([_words(table, name).isin(yes) for name in marks], axis=1).any(axis=1)


def _words(table: pd.DataFrame, name: str) -> pd.Series[str]:
    """A column as words that can be compared; empty ones where it is not there."""
    return by_value(table.get(name, blank(table.index)).fillna("").astype(str), plain)


def _spikes(fixes: pd.DataFrame, max_kmh: float) -> Mask:
    """Which positions are reached and left faster than an animal can, and are no turn of a track."""
    x, y, seconds = (fixes[name].to_numpy(dtype=float) for name in ("x", "y", "seconds"))
    if len(fixes) < 3:
        return np.zeros(len(fixes), dtype=bool)
    _, _, metres = _GEOD.inv(x[:-1], y[:-1], x[1:], y[1:])
    hours = np.diff(seconds) / 3600.0
    # Two fixes of one second: whatever lies between them was not walked, and nothing is divided by
    # zero.
    fast = np.asarray(metres) / 1000.0 > max_kmh * np.maximum(hours, 1e-9)
    name = (fixes["sci_name"].astype(str) + "\0" + fixes["animal"]).to_numpy()
    fast &= name[1:] == name[:-1]
    # A slip is a fix that is too far from the one before *and* from the one after: a fast animal is
    # not.
    return np.asarray(np.r_[False, fast] & np.r_[fast, False], dtype=bool)


def _new_from(reading: Reading) -> pd.Timestamp:
    """The time from which on movement counts as new."""
    # in days of the mean year, so that half a year may be asked for
    return pd.Timestamp(reading.date) - pd.DateOffset(days=round(365.25 * reading.fixes.years))


def _day(seconds: float) -> str:
    return str(pd.Timestamp(seconds, unit="s").date())


def _drawn_tracks(
    dataset: Dataset, layer: str, reading: Reading
) -> tuple[gpd.GeoDataFrame, list[Problem]]:
    """Lines that are tracks already: their dates, if they have any, are of the whole line."""
    table, rule, limit = dataset.table, reading.fixes, _new_from(reading)
    # the day of the plan itself counts to its end, as for positions
    future = pd.Timestamp(reading.date) + pd.Timedelta(days=1)
    rows, undated, n_future, n_ending = [], 0, 0, 0
    table = table.sort_values(["sci_name", "animal"], kind="stable").reset_index(drop=True)
    # one after the other, for a day beyond 12 in one of the columns decides for all of them
    columns = [table.get(name, blank(table.index)) for name in ("begins", "ends", "time")]
    moments, dated = times(pd.concat(columns, ignore_index=True))
    moments_of_row = moments.dt.tz_localize(None).to_numpy().reshape(len(columns), -1).T
    for row, days in zip(table.to_dict("records"), moments_of_row, strict=True):
        dates = [pd.Timestamp(day) for day in days if not pd.isna(day)]
        undated += not dates
        if dates and min(dates) >= future:
            n_future += 1
            continue
        past_dates = [day for day in dates if day < future]
        n_ending += len(past_dates) < len(dates)
        dates = past_dates
        # the line crosses somewhere between its dates: what is sure is when it began
        is_new = bool(dates) and min(dates) >= limit
        grade, line = rule.grade if is_new else rule.older_grade, row["geometry"]
        begins, ends = (str(end(dates).date()) if dates else "" for end in (min, max))
        n_corners = int(shapely.get_num_coordinates(line))
        about = (str(row["animal"]), row["sci_name"], grade, begins, ends, n_corners)
        rows.append(_Track(*about, dataset.file, None, line))
    problems = [problem_of("note", layer, dataset.name, "", note) for note in dated]
    if n_future:
        note = Note(
            "tracks of the future", {"count": n_future, "of": len(table), "date": reading.date}
        )
        problems.append(problem_of("counted", layer, dataset.name, "", note))
    if n_ending:
        note = Note("tracks into the future", {"count": n_ending, "date": reading.date})
        problems.append(problem_of("counted", layer, dataset.name, "", note))
    if undated:
        note = Note("tracks without date", {"count": undated, "grade": rule.older_grade})
        problems.append(problem_of("counted", layer, dataset.name, "", note))
    return _table(rows, table.crs), problems


# -- across borders -------------------------------------------------------------------------------


class Link(NamedTuple):
    """The two positions between which an animal crossed: when, and how long that took."""

    before: str
    after: str
    hours: float


def animal_crossings(
    tracks: gpd.GeoDataFrame, borders: gpd.GeoDataFrame, states: gpd.GeoDataFrame
) -> pd.DataFrame:
    """Where tracks cross borders, by animal and date and without a place.

    The crossings are those of :func:`cami_units.overlap.border_crossings`: a track counts as a line that
    somebody drew along it would.

    Returns
    -------
    DataFrame
        ``corridor_id``, ``animal``, ``sci_name``, ``pair``, ``last_seen`` and ``first_seen`` (the times
        of the positions on the two sides), ``hours`` between them, ``evidence_grade``; sorted by animal
        and time. Times are empty where a track was drawn and not made of positions.
    """
    places = border_crossings(tracks, borders, states, line="track_id")
    row_of = {row["track_id"]: row for row in tracks.to_dict("records")}
    rows = []
    for track_id, pair, point in zip(
        places["track_id"], places["pair"], places.geometry, strict=True
    ):
        track = row_of[track_id]
        sides = [states.geometry[states["iso2"] == name].iloc[0] for name in pair.split(";")]
        link = _link(track["seen"], point, sides, tracks.crs)
        rows.append(
            (track_id, track["animal"], track["sci_name"], pair, *link, track["evidence_grade"])
        )
    columns = [
        *("corridor_id", "animal", "sci_name", "pair", "last_seen", "first_seen", "hours"),
        "evidence_grade",
    ]
    table = pd.DataFrame(rows, columns=columns)
    return table.sort_values(["sci_name", "animal", "first_seen", "pair"], ignore_index=True)


def _link(
    seen: Sequence[NDArray[np.float64]] | None, point: Any, sides: Sequence[Any], crs: Any
) -> Link:
    """The last position on one side before a crossing, and the first on the other after it."""
    if not seen:
        return Link("", "", float("nan"))
    ways = [shapely.linestrings(part[:, :2]) for part in seen]
    flat = transformed(np.array(ways, dtype=object), LONLAT, crs)
    number = int(np.argmin(shapely.distance(flat, point)))
    corners, times = shapely.get_coordinates(flat[number]), seen[number][:, 2]
    legs = shapely.linestrings(np.stack([corners[:-1], corners[1:]], axis=1))
    leg = int(np.argmin(shapely.distance(legs, point)))
    side = np.argmin(
        [shapely.distance(ground, shapely.points(corners)) for ground in sides], axis=0
    )
    low, high = leg, leg + 1
    while low > 0 and side[low] == side[high]:
        low -= 1
    # Fixes on the line itself belong to neither side: the pair is the last on one and the first on
    # the other.
    while high < len(corners) - 1 and side[high] == side[low]:
        high += 1
    before, after = (pd.Timestamp(times[at], unit="s") for at in (low, high))
    hours = (after - before).total_seconds() / 3600.0
    return Link(str(before), str(after), round(hours, 2))


def crossings_in_words(tracks: gpd.GeoDataFrame, crossings: pd.DataFrame) -> list[Problem]:
    """What the tracks say of borders: how often they cross each, of how many animals, since when."""
    problems = []
    pairs = sorted(set(zip(crossings["sci_name"], crossings["pair"], strict=True)))
    for name, pair in pairs:
        rows = crossings[(crossings["sci_name"] == name) & (crossings["pair"] == pair)]
        days = sorted(day[:10] for day in rows["first_seen"] if day)
        span = {"first": days[0], "last": days[-1]} if days else {}
        facts: dict[str, object] = {"n": len(rows), "animals": rows["animal"].nunique()}
        facts["pair"] = pair.replace(";", "/")
        facts["when"] = Note("crossings since", span) if days else ""
        facts["grades"] = in_short(sorted(set(rows["evidence_grade"])))
        problems.append(problem_of("note", "telemetry", "", name, Note("crossings made", facts)))
    if resident_animals := sorted(set(tracks["animal"]) - set(crossings["animal"])):
        note = Note(
            "animals that stay", {"count": len(resident_animals), "of": tracks["animal"].nunique()}
        )
        problems.append(problem_of("note", "telemetry", "", in_short(resident_animals), note))
    return problems


def with_tracks(tables: dict[str, Any], crossings: pd.DataFrame) -> dict[str, Any]:
    """All layers by name, with the tracks among the corridors, each as a corridor of its animal.

    ``tracked`` marks them: no map, pack or publication shows their positions.
    """
    corridors, tracks = tables["corridors"], tables["telemetry"]
    days = crossings.assign(day=crossings["first_seen"].str[:10]).groupby("corridor_id")["day"]
    seen_days = {name: [day for day in some if day] for name, some in days}
    sources = [
        _source_of(row, seen_days.get(row["track_id"], [])) for row in tracks.to_dict("records")
    ]
    rows = gpd.GeoDataFrame(
        {
            "corridor_id": tracks["track_id"],
            "name": "Animal " + tracks["animal"].astype(str),
            "sci_name": tracks["sci_name"],
            "evidence_grade": tracks["evidence_grade"],
            "crossing_seen_year": [
                max((int(day[:4]) for day in seen_days.get(name, [])), default=None)
                for name in tracks["track_id"]
            ],
            "source": [said(note) for note in sources],
            SOURCE_FACTS: [notes_as_text([note]) for note in sources],
            "tracked": True,
        },
        geometry=tracks.geometry,
        crs=tracks.crs,
    )
    if corridors is not None:
        others = corridors.assign(tracked=False)
        others[SOURCE_FACTS] = others[SOURCE_FACTS].fillna("") if SOURCE_FACTS in others else ""
        rows = pd.concat([others, rows], ignore_index=True)
        rows = gpd.GeoDataFrame(rows, geometry="geometry", crs=tracks.crs)
    table = rows.sort_values("corridor_id", kind="stable", ignore_index=True)
    return tables | {"corridors": table}


def _source_of(track: Mapping[Any, Any], crossed_days: Sequence[str]) -> Note:
    """What a track is cited by: its file, its animal, when that was followed and when it crossed."""
    span = {"begins": track["begins"], "ends": track["ends"]}
    facts = {
        "source": track["source"],
        "animal": track["animal"],
        "span": Note("track span", span) if track["begins"] else "",
        "crossed": Note("track crossed", {"days": in_short(crossed_days)}) if crossed_days else "",
    }
    return Note("track", facts)
