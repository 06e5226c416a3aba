"""The words of the workshop: IUCN codes, gates, criteria, decisions, statuses."""

from __future__ import annotations

import tomllib
from collections.abc import Container, Iterable, Mapping
from importlib import resources
from types import MappingProxyType
from typing import Any, Final

_LISTS: Final = ("columns", "key", "titles", "mark_columns", "card_columns")


def package_table(file: str) -> dict[str, Any]:
    """A table of this package, as code is a part of it: a TOML file by its path below `cami_units`."""
    return tomllib.loads(resources.files("cami_units").joinpath(file).read_text(encoding="utf-8"))


def rows_of(file: str) -> dict[str, dict[str, Any]]:
    """The tables of a TOML file of this room, by name, with their lists of words as tuples."""
    return {
        name: {key: tuple(value.split()) if key in _LISTS else value for key, value in row.items()}
        for name, row in package_table(f"model/{file}").items()
    }


_CODES: Final = rows_of("codes.toml")

PRESENCE, ORIGIN, SEASONAL = (
    MappingProxyType({int(code): str(name) for code, name in _CODES[kind].items()})
    for kind in ("presence", "origin", "seasonal")
)
"""What the codes of IUCN say of a part of a range."""

KEPT_CODES: Final[Mapping[str, tuple[int, ...]]] = MappingProxyType(
    # native, reintroduced, assisted colonisation: introduced and vagrant animals make no unit
    {"presence": (1, 2), "origin": (1, 2, 6), "seasonal": (1, 2, 3, 4, 5)}
)
"""The codes that count as range, unless a plan says otherwise."""

SOURCE_FACTS: Final = "source_facts"
"""The column in which a row says as values where it is from, beside the sentence in ``source``."""

MONTHS: Final = "months"
"""The column of ranges and links of movement that says when animals are there: "4-7", "3-4;11-12", "11-2"."""


def month_spans(months: object) -> tuple[tuple[int, int], ...]:
    """First and last months, 1 to 12, of the times of a year; a span may run over its end.

    Raises
    ------
    ValueError
        Where anything but such spans is written.

    Examples
    --------
    >>> month_spans("3-4; 11-2"), month_spans(6), month_spans("")
    (((3, 4), (11, 2)), ((6, 6),), ())
    """
    spans = []
    for written_span in filter(None, (span_text.strip() for span_text in str(months).split(";"))):
        # a dash of typographers comes from every Office that corrects while somebody types
        first, _, last = written_span.replace("–", "-").partition("-")
        span = int(first), int(last or first)
        if not all(1 <= month <= 12 for month in span):
            raise ValueError(written_span)
        spans.append(span)
    return tuple(spans)


RANGE_STATES: Final = (
    *("AF", "BT", "CN", "IN", "IR", "KZ", "KG"),
    *("MN", "NP", "PK", "RU", "TJ", "TM", "UZ"),
)
"""The fourteen states of the initiative, by ISO 3166: the study of a plan that names none."""

SEASONAL_RANGE: Final = "seasonal range"
"""Stands for a corridor where a crossing is read from the seasonal parts of a range."""

GATES: Final = ("G1", "G2")

CRITERIA: Final = ("C1", "C2", "C3", "C4", "C5", "C6", "C7", "C8", "C9")

FINDINGS: Final = GATES + CRITERIA


def is_decided(unit: Mapping[Any, Any]) -> bool:
    """Whether plenary or a document has settled a unit: no file moves, merges or renames it."""
    return unit["status"] in AGREED_STATUSES or unit.get("decision") in SETTLING_DECISIONS


BEFORE: Final = "before"
"""In the place of a group: whose outline the one is that a decision replaced, set aside for an undo."""
SILENT_CHANGES: Final = ("absent", "conflict", "deleted")
"""Changes by which no group draws or confirms an outline."""
DRAWN_CHANGES: Final = ("new", "reshaped", "split")
"""Changes by which a group draws the outline of a unit: who renames or rejects one has drawn nothing."""


def outline_groups(changes: Iterable[tuple[str, str, bool | None]]) -> set[str]:
    """The groups that drew or confirmed the outline that stands, of (group, change, whether it was applied).

    Examples
    --------
    >>> sorted(outline_groups([("S1", "reshaped", True), ("S2", "reshaped", False), ("S3", "kept", None)]))
    ['S1', 'S3']
    """
    rows = list(changes)
    taken = {group for group, _, applied in rows if applied}
    # what another file of a group asked for is set aside beside its outline that stands
    aside = {group for group, _, applied in rows if applied is False} - taken
    spoke = {group for group, change, _ in rows if change not in SILENT_CHANGES}
    return spoke - aside - {""}


def unit_before(unit_id: str, split_from: str, ids_before: Container[str]) -> str:
    """What a unit is held against in the round before: itself, or what it is a piece of; else nothing.

    Examples
    --------
    >>> unit_before("CU-2a", "CU-2", {"CU-2"}), unit_before("CU-2a", "CU-2", {"CU-2a"})
    ('CU-2', 'CU-2a')
    >>> unit_before("CU-9", "", {"CU-2"})
    ''
    """
    return next((name for name in (unit_id, split_from) if name in ids_before), "")


def decided_of(units: Iterable[Mapping[Any, Any]]) -> tuple[int, int]:
    """How many units plenary or a document has settled, and of how many.

    What a group rejected or merged, and plenary did not, is neither: nobody waits for it.

    Examples
    --------
    >>> decided_of([{"status": "merged"}, {"status": "rejected", "decision": "reject"}, {"status": "new"}])
    (1, 2)
    """
    verdicts = [
        is_decided(unit)
        for unit in units
        if unit["status"] not in HIDDEN_STATUSES or is_decided(unit)
    ]
    return sum(verdicts), len(verdicts)


def finding_key(name: object) -> str:
    """By what gates and criteria are sorted: G1, G2, C1 to C9, then what a profile adds.

    Examples
    --------
    >>> sorted(["C10", "C2", "C11", "G1", "C100"], key=finding_key)
    ['G1', 'C2', 'C10', 'C11', 'C100']
    """
    place = FINDINGS.index(name) if name in FINDINGS else len(FINDINGS)
    # right-aligned, so that C100 comes after C11
    return f"{place:02d}{name!s:>8}"


NEEDS: Final = ("C6", "C7")
"""Criteria that say what a unit needs: met, they are no merit of it; not met, no failure."""

PROPOSED: Final = "proposed CU"

AREA_OF_INTEREST: Final = "area of interest"

NOT_PROPOSED: Final = "not proposed"

NOT_ASSESSED: Final = "not assessed"
"""The key of the note that says why a finding is neither met nor not met, under ``why``."""

STATUSES: Final = (
    "modelled candidate",
    "area of interest",
    "working-group proposal",
    "plenary-agreed",
    "endorsed by range states",
    "adopted",
    "rejected",
    "merged",
)
"""What a unit can be. Software sets only the first two; the fifth and sixth want a document."""

SOFTWARE_STATUSES: Final = STATUSES[:2]
"""Units of these statuses were drawn by the software; all others by people."""

AGREED_STATUSES: Final = STATUSES[3:6]
"""Units of these statuses were agreed on, by plenary or in a document."""

SETTLING_DECISIONS: Final = ("agree", "agree-with-change", "reject", "merge")
"""Decisions of plenary that settle a unit; one that is parked keeps its questions."""

DECIDED_CONFLICTS: Final = frozenset({"decided", "settled", "outdated"})
"""Kinds of conflicts about what plenary, or a document, has decided, or drawn before it did."""

DOCUMENT_STATUSES: Final = STATUSES[4:6]
"""What only a document can give a unit."""

HIDDEN_STATUSES: Final = ("rejected", "merged")
"""Units that stay in every table and are drawn on no map."""

ORIGINS: Final = ("confirms", "reshapes", "new")

GRADES: Final = ("A", "B", "C", "D", "N")
"""How good evidence is, best first; N of a corridor of which nothing is known."""

DISCLAIMER: Final = (
    "Boundaries and place names are shown for orientation only. They express no position on the "
    "legal status of any territory, or on where any border runs."
)

INDICATIVE: Final = (
    "INDICATIVE: hand-digitised at 10–100 km; not for legal, border, navigation or range use."
)


# -- states ---------------------------------------------------------------------------------------

_STATES: Final = rows_of("states.toml")

ISO2: Final[Mapping[str, str]] = MappingProxyType(
    {pair[:3]: pair[3:] for pair in _STATES["codes"]["iso_3166"].split()}
)
"""ISO 3166: three letters, as WDPA writes states, to two letters, as we do."""

ISO2_CODES: Final = frozenset(ISO2.values())

STATES_ALSO: Final[Mapping[str, str]] = MappingProxyType(_STATES["also"])
"""Names beside those of the bundled states, ", " between them."""
