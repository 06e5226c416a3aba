"""Records of animals: cleaned by the rules of the field, dated, and named as our taxa are.

Which comes first in a date, day or month, is decided once for all rows of a column.
"""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Final, Literal, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from cami_units.layers._dialects import blank, by_value, in_our_words, numbers, plain
from cami_units.layers._reading import Dataset, FileRules, LayerRead, Reading, names_in_short
from cami_units.layers._shape_checks import cleaned
from cami_units.layers._taxa import (
    ASKED,
    Names,
    asked_name,
    matches,
    rule_lines,
    rules_by_source,
    skip_aside,
)
from cami_units.model import LONLAT, Note, Problem, listed, problem_of

# A time of the day may come before; 10.30.00 in front of a whole date is one, and no year of 1900.
# What comes behind is no further number, but it may be the second day of an interval.
_YEAR_LAST: Final = re.compile(
    r"\s*((?:\d{1,2}[:.]\d\d(?:[:.]\d\d)?\s+)?)(\d{1,2})([./-])(\d{1,2})\3"
    r"(\d{4}|\d{2}(?!.*\d{4}))(?!\d|[./-](?!\d{1,2}[./-]\d))"
)
# The same sign twice, or eight digits: 2024/12 is a month, and 2004/2006 an interval of years.
_YEAR_FIRST: Final = re.compile(
    r"\s*(\d{4})(?:([./])(\d{1,2})\2(\d{1,2})(?!\d)|(\d\d)(\d\d)(?!\d))"
)
_NO_DATE: Final = re.compile(r"\d[./]\d{1,2}[./]\d")
"""What is left of this form is read by no rule of ours: nobody guesses it."""
_TIME_OF_DAY: Final = re.compile(
    r"\s*\d{1,2}[:.]\d\d(?:[:.]\d\d(?:[.,]\d+)?)?\s*(?:[ap]\.?m\.?)?\s*Z?\s*", re.IGNORECASE
)
_YEAR: Final = re.compile(r"\d{4}|(?<![:\d])\d{1,2}[\s.-]*[^\W\d]{3,}[\s.,-]*\d\d(?![:\d])")
"""A year: of four figures, or of two behind a day and a month by name, as Excel writes 5-May-24."""
_MIDNIGHT: Final = re.compile(
    r"[ T](?:0?0:00(?::00(?:\.0+)?)?(?:Z|\+00:00)?|12:00(?::00)? AM)$", re.IGNORECASE
)
_SERIAL: Final = re.compile(r"\s*\d{5}(?:\.\d+)?\s*")


def spreadsheet_day(text: str) -> str | None:
    """The day that a number stands for where a spreadsheet counts days; ``None``: it is no such number.

    From 1954 to 2119, so that no year and no compact date is taken for one.

    Examples
    --------
    Excel says that 1 May 2024 is day 45,413.

    >>> spreadsheet_day("45413.5"), spreadsheet_day("2024"), spreadsheet_day("12345")
    ('2024-05-01', None, None)
    """
    if not _SERIAL.fullmatch(text) or not 20_000 <= float(text) < 80_000:
        return None
    # day 0 of Excel: it has a 29 February 1900, which never was
    return (dt.date(1899, 12, 30) + dt.timedelta(days=int(float(text)))).isoformat()


class _Found(NamedTuple):
    """A date with its year last, in a text: the two numbers before the year, and what is around them."""

    first: int
    second: int
    sign: str
    year: str
    before: str
    after: str

    @property
    def either_way(self) -> bool:
        return self.first <= 12 and self.second <= 12 and self.first != self.second

    def year_first(self, *, month_first: bool) -> str:
        """The text with its date as ISO 8601 has it; a number beyond 12 is no month, whatever is said."""
        day, month = (self.second, self.first) if month_first else (self.first, self.second)
        day, month = (month, day) if day <= 12 < month else (day, month)
        if day > 31 or month > 12:
            return ""
        before = self.before.replace(".", ":")
        return f"{self.year}-{month:02d}-{day:02d}{self.after} {before}".rstrip()


def _found(text: str) -> _Found | None:
    if (match := _YEAR_LAST.match(text)) is None:
        return None
    before, first, sign, second, year = match.groups()
    if len(year) == 2:  # as POSIX has it: 69 is 1969, 68 is 2068
        year = f"{19 if int(year) > 68 else 20}{year}"
    return _Found(int(first), int(second), sign, year, before, text[match.end() :])


def _american_signs(found_dates: Collection[_Found]) -> tuple[set[str], set[str]]:
    """The signs whose dates have the month first, and those of which no date, or two at odds, say so."""
    day_first = {found.sign for found in found_dates if found.first > 12 >= found.second}
    american = {found.sign for found in found_dates if found.second > 12 >= found.first}
    at_odds = american & day_first
    return american - at_odds, at_odds | ({"/", "-"} - american - day_first)


def year_first(texts: pd.Series[str]) -> tuple[pd.Series[str], list[Note]]:
    """A column of dates with the year before the month and the day, and what there is to say of it.

    One date whose first or second number is no month decides for all with its sign. Where none does the
    day comes first, and a note says so of slashes and hyphens: with dots nobody writes it otherwise.
    Numbers of a spreadsheet are told, and read as no date.

    Examples
    --------
    >>> year_first(pd.Series(["01.05.2024 6:00", "2024/5/1"]))[0].tolist()
    ['2024-05-01 6:00', '2024-05-01']
    >>> year_first(pd.Series(["05/06/2024", "05/24/2024"]))[0].tolist()
    ['2024-05-06', '2024-05-24']
    """
    counts = Counter(texts.tolist())
    serials = {text: day for text in counts if (day := spreadsheet_day(text)) is not None}
    found_of = {text: found for text in counts if (found := _found(text))}
    american, unsettled = _american_signs(found_of.values())
    month_first = [text for text, found in found_of.items() if found.sign in american]
    # the one that decides is the example
    month_first.sort(key=lambda text: found_of[text].second <= 12)
    either_way = [
        text for text, found in found_of.items() if found.either_way and found.sign in unsettled
    ]
    kinds = {
        "dates month first": month_first,
        "dates either way": either_way,
        "dates as numbers": [*serials],
    }

    def iso(text: str) -> str:
        if text in serials:
            return ""
        if text in found_of:
            found = found_of[text]
            return found.year_first(month_first=found.sign in american)
        if (match := _YEAR_FIRST.match(text)) is None:
            return "" if _NO_DATE.search(text) else text.strip()
        year, _, *parts = match.groups()
        month, day = (int(part) for part in parts if part)
        is_day = 1 <= month <= 12 and 1 <= day <= 31
        return f"{year}-{month:02d}-{day:02d}{text[match.end() :]}" if is_day else ""

    notes = []
    for key, some in kinds.items():
        if some:
            day = serials.get(some[0]) or iso(some[0])[: len("2024-05-01")]
            facts = {"count": sum(counts[text] for text in some), "example": some[0].strip()}
            notes.append(Note(key, {**facts, "day": day}))
    return by_value(texts, iso), notes


def with_their_days(times_of_day: pd.Series[Any], days: pd.Series[Any]) -> pd.Series[Any]:
    """A column of times, each with its day in front where most are times of a day alone.

    Days that have a time of their own, but for midnight, are the moments.

    Examples
    --------
    >>> with_their_days(pd.Series(["6:30"]), pd.Series(["01/05/2024"])).tolist()
    ['01/05/2024 6:30']
    """
    texts = times_of_day.fillna("").astype(str)
    if 2 * texts.str.fullmatch(_TIME_OF_DAY).sum() <= len(texts):
        return times_of_day
    days = days.fillna("").astype(str).str.replace(_MIDNIGHT, "", regex=True)
    return days.where(days.str.contains(r"\d:\d\d"), days + " " + texts)


def times(column: pd.Series[Any]) -> tuple[pd.Series[pd.Timestamp], list[Note]]:
    """The moments of a column in UTC, not a time where none can be read, and what there is to say of it."""
    # a year beside an empty cell is a number with a fraction to a table
    texts = column.astype(object).where(column.notna(), "").astype(str).str.removesuffix(".0")
    # of a million positions nearly all are ISO 8601: the others are looked at one by one
    moments = pd.to_datetime(texts, errors="coerce", utc=True, format="ISO8601")
    others = moments.isna() & (texts.str.strip() != "")
    if not others.any():
        return moments, []
    iso, notes = year_first(texts[others])
    # pandas gives a time without a day the day of today: "12:30"; and "5 May" the year 1
    iso = iso.where(iso.str.contains(_YEAR), "")
    # one unit for both: pandas gives each column the coarsest that holds it
    moments = moments.dt.as_unit("us")
    moments[others] = pd.to_datetime(iso, errors="coerce", utc=True, format="mixed").dt.as_unit(
        "us"
    )
    return moments, notes


# -- records --------------------------------------------------------------------------------------

Mask = NDArray[np.bool_]
Clean = Callable[[Dataset, str, FileRules], LayerRead]

UNMADE_CHECKS: Final = (
    *("capitals", "institutions", "seas", "urban areas", "outliers of a species"),
    "rounding throughout a data set",
)
"""Tests of CoordinateCleaner (doi:10.1111/2041-210X.13152) that are not made here: they need lists
that are not bundled, or more records of a species than there are."""

_NOT_WILD: Final = frozenset({"fossilspecimen", "livingspecimen"})
_CAPTIVE: Final = frozenset({"true", "yes", "1", "captive", "cultivated", "managed", "released"})
_BAD_ISSUES: Final = (
    *("ZERO_COORDINATE", "COORDINATE_INVALID", "COORDINATE_OUT_OF_RANGE"),
    "COUNTRY_COORDINATE_MISMATCH",
)
"""What GBIF calls geospatial issues: it hides such records unless they are asked for."""
# what programs of georeferencing write where nothing was measured
# (https://data-blog.gbif.org/post/gbif-filtering-guide/)
_MADE_UP_M: Final = (301.0, 3036.0, 999.0, 9999.0)
# so near the middle of a state a record is the state's and not the animal's (GBIF's own advice)
_CENTROID_M: Final = 2_000.0


def recorded(names: Names, reading: Reading, states: gpd.GeoDataFrame) -> Clean:
    """From the rows of a file of records to those that can be counted.

    In this order, each step counted: no or impossible coordinates; 0° or the same number twice;
    geospatial issues that GBIF found; the middle of a state; less certain than the plan allows, or an
    uncertainty that programs make up; absent; fossil, captive or kept; no taxon of ours; dated after
    the plan; repeating species, place and day; outside the study.

    Parameters
    ----------
    names : Names
        From the species table.
    reading : Reading
        The plan's date, its rules for taxa, and how uncertain a record may be.
    states : GeoDataFrame
        The range states in the equal-area CRS.

    References
    ----------
    Zizka, A. et al. (2019). CoordinateCleaner: standardized cleaning of occurrence records from
    biological collection databases. *Methods in Ecology and Evolution* 10, 744–751.
    doi:10.1111/2041-210X.13152
    """
    rules = rules_by_source(reading.taxa)
    middles = _middles(states)

    def clean(dataset: Dataset, layer: str, how: FileRules) -> LayerRead:
        table, problems = _sound(dataset, layer, reading.max_uncertainty_m, middles)
        # First what is wrong with a place, then whose it is, then what lies beyond: each count is
        # then of what was left.
        rows, notes = _named_and_dated(replace(dataset, table=table), layer, names, rules, reading)
        shapes = cleaned(replace(dataset, table=rows), layer, replace(how, region=None))
        inside_rows, far_notes = within_study(shapes.table, states, reading, dataset, layer)
        # A record without a date is no sign of absence either: it counts, and makes nothing recent.
        undated = int((inside_rows["day"] == "").sum()) if len(inside_rows) else 0
        if undated:
            note = Note("records without day", {"count": undated})
            far_notes.append(problem_of("note", layer, dataset.name, "", note))
        return LayerRead(inside_rows, (*problems, *notes, *shapes.problems, *far_notes))

    return clean


def clean_points(
    table: gpd.GeoDataFrame, file: str, layer: str
) -> tuple[gpd.GeoDataFrame, list[Problem]]:
    """The points of a context layer's table, less those that any record is left out for."""
    names = (
        *("sci_name", "day", "uncertainty_m", "public_uncertainty_m", "basis"),
        *("status", "individuals", "issue", "captive"),
    )
    words, _ = in_our_words(table, "occurrences", file, FileRules(), only=names)
    numbered = gpd.GeoDataFrame(words, geometry=table.geometry, crs=table.crs)
    limit = Reading().max_uncertainty_m  # no setting of the plan is about layers of context
    sound_points, problems = _sound(Dataset(file, "", numbered, len(table)), layer, limit, None)
    twice = _repeated(sound_points, [name for name in ("sci_name", "day") if name in sound_points])
    problems += _records_left_out(layer, file, len(table), twice, Note("records repeated"))
    species = sound_points.get("sci_name", blank(sound_points.index)).fillna("")
    return table.loc[sound_points.index[~twice]].assign(name=species[~twice]), problems


def _sound(
    dataset: Dataset, layer: str, max_uncertainty_m: float, middles: gpd.GeoSeries | None
) -> tuple[gpd.GeoDataFrame, list[Problem]]:
    """The records with which nothing is wrong, and how many each step left out."""
    steps = _faults(dataset.table, max_uncertainty_m, middles)
    report = partial(_records_left_out, layer, dataset.name, dataset.rows)
    keep, problems = sound_rows(len(dataset.table), steps, report)
    return dataset.table[keep], problems


def sound_rows(
    count: int, steps: Iterable[tuple[Note, Any]], report: Callable[[Mask, Note], list[Problem]]
) -> tuple[Mask, list[Problem]]:
    """Which of some rows no step finds fault with; each is counted once, by the first that does."""
    keep = np.ones(count, dtype=bool)
    problems: list[Problem] = []
    for reason, rows in steps:
        fault = np.asarray(rows, dtype=bool)
        problems += report(keep & fault, reason)
        keep &= ~fault
    return keep, problems


def left_out(
    what: Literal["records", "positions"],
    layer: str,
    file: str,
    total: int,
    rows: Any,
    reason: Note,
) -> list[Problem]:
    """How many records or positions a step leaves out; nothing where it leaves out none."""
    count = int(np.sum(rows))
    note = Note(f"{what} left out", {"count": count, "of": total, "what": reason})
    return [problem_of("counted", layer, file, "", note)] if count else []


_records_left_out = partial(left_out, "records")


def _faults(
    table: gpd.GeoDataFrame, max_uncertainty_m: float, middles: gpd.GeoSeries | None
) -> list[tuple[Note, Mask]]:
    """What is wrong with records, step by step: the reason, and which rows it concerns."""
    points = np.asarray(table.geometry.array, dtype=object)
    bare = shapely.is_missing(points) | shapely.is_empty(points)
    x, y = shapely.get_x(points), shapely.get_y(points)
    metres = np.fmax(_number(table, "uncertainty_m"), _number(table, "public_uncertainty_m"))
    beyond = (np.abs(x) > 180) | (np.abs(y) > 90)
    if table.crs is not None and not table.crs.is_geographic:
        beyond = np.zeros(len(table), dtype=bool)
    return [
        (Note("records without place"), bare),
        (Note("records no points"), ~bare & (shapely.get_type_id(points) != 0)),
        (Note("records beyond"), beyond),
        (Note("records at 0"), (x == 0) | (y == 0) | (x == y)),
        (Note("records doubted"), _says_any(table, "issue", _BAD_ISSUES)),
        (
            Note("records in the middle"),
            _near(points, table, middles) | (_number(table, "centroid_m") < _CENTROID_M),
        ),
        (Note("records uncertain", {"km": max_uncertainty_m / 1000}), metres > max_uncertainty_m),
        (Note("records made up"), np.isin(metres, _MADE_UP_M)),
        (
            Note("records of absence"),
            _is_any(table, "status", {"absent"}) | (_number(table, "individuals") == 0),
        ),
        (
            Note("records of captives"),
            _is_any(table, "basis", _NOT_WILD) | _is_any(table, "captive", _CAPTIVE),
        ),
    ]


def _number(table: pd.DataFrame, name: str) -> Any:
    """A column as numbers; what is none, or not there, is not a number."""
    values = table.get(name, blank(table.index))
    return numbers(values).to_numpy(dtype=float)


def _is_any(table: pd.DataFrame, name: str, words: Collection[str]) -> Mask:
    """Which rows have one of these words in a column, however it is written."""
    values = table.get(name, blank(table.index)).fillna("").astype(str)
    return np.asarray(by_value(values, plain).isin(words), dtype=bool)


def _says_any(table: pd.DataFrame, name: str, words: Sequence[str]) -> Mask:
    """Which rows list one of these words in a column."""
    values = table.get(name, blank(table.index)).fillna("").astype(str)
    matches = by_value(values, lambda text: any(word in text.upper() for word in words))
    return np.asarray(matches, dtype=bool)


def _middles(states: gpd.GeoDataFrame) -> gpd.GeoSeries:
    """The ground around the middle of each state, in degrees: of its area, and of its box."""
    box = states.geometry.to_crs(LONLAT).bounds
    of_boxes = gpd.points_from_xy((box.minx + box.maxx) / 2, (box.miny + box.maxy) / 2, crs=LONLAT)
    # Both: some reckon a middle from the area, some from the box.
    middles = [*states.geometry.centroid, *gpd.GeoSeries(of_boxes).to_crs(states.crs)]
    return gpd.GeoSeries(middles, crs=states.crs).buffer(_CENTROID_M).to_crs(LONLAT)


def _near(points: Any, table: gpd.GeoDataFrame, grounds: gpd.GeoSeries | None) -> Mask:
    """Which points lie on some grounds; nowhere where these are not known, or not in degrees."""
    near = np.zeros(len(points), dtype=bool)
    if grounds is not None and (table.crs is None or table.crs.is_geographic):
        near[shapely.STRtree(points).query(grounds.to_numpy(), predicate="intersects")[1]] = True
    return near


def _repeated(table: gpd.GeoDataFrame, names: Sequence[str]) -> Mask:
    """Which rows repeat an earlier one in these columns and in their place."""
    place = pd.Series(shapely.to_wkb(table.geometry.to_numpy()), index=table.index)
    twice = pd.concat([place, *(table[name] for name in names)], axis=1).duplicated()
    return np.asarray(twice, dtype=bool)


# -- whose, and when ------------------------------------------------------------------------------


def _named_and_dated(
    dataset: Dataset, layer: str, names: Names, rules: Mapping[str, Sequence[str]], reading: Reading
) -> tuple[gpd.GeoDataFrame, list[Problem]]:
    """The records of our taxa up to the plan's date, each place and day once."""
    table = dataset.table
    taxon, problems = taxa_of(dataset, layer, names, rules, reading)
    day, year, dated = _days(table)
    problems += [problem_of("note", layer, dataset.name, "", note) for note in dated]
    rows = gpd.GeoDataFrame(
        {
            "record_id": [f"{dataset.file} {row}" for row in table.index],
            "sci_name": taxon,
            "day": pd.Series(day, index=table.index, dtype=object),
            "age_years": int(reading.date[:4]) - year,
            "source": dataset.file,
        },
        index=table.index,
        geometry=table.geometry,
        crs=table.crs,
    )
    rows = rows[rows["sci_name"].notna()]
    # Days are text of one form, year first: they compare like dates, and partial ones too.
    future = np.array([day > reading.date for day in rows["day"]], dtype=bool)
    report = partial(_records_left_out, layer, dataset.name, dataset.rows)
    problems += report(future, Note("records of the future", {"date": reading.date}))
    rows = rows[~future]
    twice = _repeated(rows, ("sci_name", "day"))
    problems += report(twice, Note("records repeated"))
    return rows[~twice], problems


_WHY_NOT: Final = {
    "unknown": "records of others",
    "other": "records of other subspecies",
    "ruled": "records to skip",
}
"""What is said of records by what their names turned out to be."""


def taxa_of(
    dataset: Dataset, layer: str, names: Names, rules: Mapping[str, Sequence[str]], reading: Reading
) -> tuple[pd.Series[Any], list[Problem]]:
    """The taxon of ours that each row is of; none, where it is of another, and what these are.

    A record of the whole species is none of a taxon below it, unless the plan has a rule for it.
    """
    table = dataset.table
    below = table.get("subspecies", blank(table.index))
    pairs = list(zip(table["sci_name"], below, strict=True))
    taxon: list[str | None] = []
    others: dict[str, dict[str, int]] = {why: {} for why in _WHY_NOT.values()}
    guarded: dict[tuple[str, str, str], int] = {}
    for pair, verdict in zip(pairs, matches(pairs, names, rules), strict=True):
        # A rule of the plan goes before what the name alone would say.
        ruled = [name for name in rules.get(verdict.source, ()) if not reading.taxa[name].skip]
        if verdict.verdict == "ours" or ruled:
            taxon.append(ruled[0] if ruled else verdict.taxon)
            continue
        taxon.append(None)
        if verdict.verdict in ASKED:
            key = (verdict.taxon, asked_name(verdict.verdict, *pair), verdict.verdict)
            guarded[key] = guarded.get(key, 0) + 1
        else:
            name = " ".join(str(part) for part in pair if part)
            counts = others[_WHY_NOT[verdict.verdict]]
            counts[name] = counts.get(name, 0) + 1
    problems = []
    for why, counts in others.items():
        if counts:
            where = names_in_short(sorted(counts))
            note = Note(why, {"count": sum(counts.values()), "of": dataset.rows})
            problems.append(problem_of("counted", layer, dataset.name, where, note))
    for (name, source, kind), count in sorted(guarded.items()):
        home = [state for state in names.homes[name] if state in reading.states]
        facts = {"n": count, "source": source, "taxon": name}
        what = "records of a wider name" if kind == "wider" else "records guarded"
        note = Note(what, facts | skip_aside(home))
        lines = rule_lines(name, source, home)
        problems.append(problem_of("counted", layer, dataset.name, source, note, lines))
    return pd.Series(taxon, index=table.index, dtype=object), problems


def within_study(
    table: gpd.GeoDataFrame,
    states: gpd.GeoDataFrame,
    reading: Reading,
    dataset: Dataset,
    layer: str,
) -> tuple[gpd.GeoDataFrame, list[Problem]]:
    """The rows in the range states; those of a taxon with a rule, in the states of its rule."""
    if not len(table):
        return table, []
    shapes = table.geometry.to_numpy()
    is_inside = np.zeros(len(table), dtype=bool)
    tree = shapely.STRtree(shapes)
    rule_of = table["sci_name"].map(lambda name: reading.taxa.get(name))
    for iso2, ground in zip(states["iso2"], states.geometry, strict=True):
        # State by state over a tree of points: each polygon is prepared once, however many records
        # there are.
        met_rows = tree.query(ground, predicate="intersects")
        allowed = [
            rule is None or not rule.within or iso2 in rule.within
            for rule in rule_of.iloc[met_rows]
        ]
        is_inside[met_rows[np.array(allowed, dtype=bool)]] = True
    reason = Note("records outside")
    return table[is_inside], _records_left_out(
        layer, dataset.name, dataset.rows, ~is_inside, reason
    )


def _days(table: pd.DataFrame) -> tuple[list[str], NDArray[np.float64], list[Note]]:
    """The first day of each record as ISO text ("" where there is none), its year, what there is to say.

    "2015-05-01/2015-05-14" is an interval; "2015-05" and "2015" are dates too; columns of year, month
    and day of the month make one, and a column `year` stands in where there is no day.
    """
    # each different writing once: records of twenty years have a few thousand days
    texts = table.get("day", blank(table.index)).fillna("").astype(str)
    # beside columns of a year and a month it is the day of the month, which a number may be
    iso, notes = year_first(texts) if "day" in table else (texts, [])
    table = table.assign(day=iso)
    names = [name for name in ("day", "year", "month") if name in table]
    number_of: dict[tuple[Any, ...], int] = {}
    rows = (
        zip(*(table[name].tolist() for name in names), strict=True) if names else [()] * len(table)
    )
    place = np.array([number_of.setdefault(row, len(number_of)) for row in rows], dtype=np.intp)
    days, years = _days_of(pd.DataFrame([*number_of], columns=names, dtype=object))
    return np.array(days, dtype=object)[place].tolist(), years[place], notes


def _days_of(table: pd.DataFrame) -> tuple[list[str], NDArray[np.float64]]:
    """Days and years as of :func:`_days`, of rows that are all different and whose dates begin with a year."""
    texts = table.get("day", blank(table.index)).fillna("").astype(str)
    iso = texts.str.extract(r"^\s*(\d{4}(?:-\d{2}(?:-\d{2})?)?)", expand=False)
    years = table.get("year", blank(table.index)).astype(str).str.extract(r"^(\d{4})", expand=False)
    months = _number(table, "month")
    of_month = pd.to_numeric(texts, errors="coerce").to_numpy(dtype=float)
    years = years + pd.Series(
        [
            f"-{int(m):02d}" + (f"-{int(d):02d}" if 1 <= d <= 31 else "") if 1 <= m <= 12 else ""
            for m, d in zip(months, of_month, strict=True)
        ],
        index=table.index,
        dtype=object,
    )
    days = iso.fillna(years).fillna("")
    year = pd.to_numeric(days.str[:4], errors="coerce").to_numpy(dtype=float)
    return days.astype(str).tolist(), year


# -- as a range, where the plan says so ------------------------------------------------------------


def ranges_from_records(
    records: gpd.GeoDataFrame | None, km_of: Mapping[str, float]
) -> tuple[gpd.GeoDataFrame | None, list[Problem]]:
    """Parts of ranges: the ground within some km of the records of each species that a plan names.

    Examples
    --------
    One record, and a rule of 10 km: a disc of 314 km², drawn as a polygon a little smaller.

    >>> records = gpd.GeoDataFrame(
    ...     {"sci_name": ["Saiga tatarica"], "source": ["a.csv"]},
    ...     geometry=[shapely.Point(0, 0)], crs="ESRI:54034")
    >>> parts, _ = ranges_from_records(records, {"Saiga tatarica": 10})
    >>> round(float(parts.area.sum() / 1e6), -1)
    310.0
    """
    rows, problems = [], []
    for name, km in sorted(km_of.items()):
        mine = records[records["sci_name"] == name] if records is not None else None
        if mine is None or mine.empty:
            note = Note("range of no record", {"name": name})
            problems.append(problem_of("note", "ranges", "", name, note))
            continue
        ground = shapely.union_all(
            # 64 corners: 0.2 % less ground than the circle
            shapely.buffer(mine.geometry.to_numpy(), 1000 * km, quad_segs=16)
        )
        files = listed(sorted(set(mine["source"])))
        rows.append((name, f"within {km:g} km of {len(mine):,} records in {files}", ground))
        note = Note("range from records", {"name": name, "km": float(km), "count": len(mine)})
        problems.append(problem_of("counted", "ranges", files, "", note))
    if not rows or records is None:
        return None, problems
    table = gpd.GeoDataFrame(
        {
            "sci_name": [row[0] for row in rows],
            "presence": 1,
            "origin": 1,
            "seasonal": 1,
            "confidence": "medium",
            "source": [row[1] for row in rows],
            "part": "records",
            "label": "",
            "range_id": None,
        },
        geometry=[row[2] for row in rows],
        crs=records.crs,
    )
    return table, problems
