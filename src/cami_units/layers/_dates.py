"""Dates of a column: which comes first, day or month, is decided once for all of its rows."""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import Collection
from typing import Any, Final, NamedTuple

import pandas as pd

from cami_units.layers._dialects import by_value
from cami_units.model import Note

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
