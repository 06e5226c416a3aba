"""Facts that a file of the drawing page carries: what a group did, so that nobody has to infer it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, NamedTuple

from cami_units.model import clean_name, clean_text

MOST_SOURCES: Final = 200
_PIECE: Final = re.compile(r"[a-z]{1,2}")
_UNIT_ID: Final = re.compile(r"CU-\d{1,6}[a-z]*")
_TICK: Final = re.compile(r"(G[12]|C[1-9])=(yes|no|close|open)")


class DrawnFacts(NamedTuple):
    """What the data of a placemark say was done with it.

    `label` is the name that the page wrote: while a placemark still has it, nobody has named it
    otherwise since. `piece` is the letter of a piece of a split unit, `merged_from` the units that
    went into this one, `ticks` what the page showed of each criterion (yes, no, close, open).
    """

    label: str = ""
    key: str = ""
    piece: str = ""
    merged_from: tuple[str, ...] = ()
    rejected: bool = False
    reason: str = ""
    name_en: str = ""
    name_ru: str = ""
    ticks: tuple[tuple[str, str], ...] = ()

    def stand_for(self, name: str) -> bool:
        """Whether the name of a placemark is still the one that the page wrote."""
        return bool(self.label) and clean_name(name) == self.label


NOT_DRAWN: Final = DrawnFacts()
"""The facts of a placemark that comes from anywhere else."""


def drawn_facts(data: Mapping[str, str]) -> DrawnFacts:
    """The facts in a placemark's data; what is not as the page writes it is left out.

    Examples
    --------
    >>> facts = drawn_facts({"label": "CU-002a West", "piece": "a", "ticks": "G1=yes C2=maybe"})
    >>> facts.piece, facts.ticks, drawn_facts({"cu_id": "CU-002"}) == NOT_DRAWN
    ('a', (('G1', 'yes'),), True)
    """
    label = clean_name(data.get("label", ""))
    if not label:
        return NOT_DRAWN
    piece = str(data.get("piece", ""))
    sources = str(data.get("merged_from", "")).split(";")[:MOST_SOURCES]
    return DrawnFacts(
        label=label,
        key=clean_name(data.get("draw_id", "")),
        piece=piece if _PIECE.fullmatch(piece) else "",
        merged_from=tuple(one for one in sources if _UNIT_ID.fullmatch(one)),
        rejected=data.get("rejected") == "yes",
        reason=clean_text(data.get("reason", "")),
        name_en=clean_name(data.get("new_name_en", "")),
        name_ru=clean_name(data.get("new_name_ru", "")),
        ticks=tuple(_TICK.findall(str(data.get("ticks", ""))[:400])),
    )
