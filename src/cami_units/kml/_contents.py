"""What a file holds, as folders of marks in the order of the task: plain values, before any XML."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from html import escape
from types import MappingProxyType
from typing import Any, Final, get_args

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from shapely.geometry.base import BaseGeometry

from cami_units import scene, words
from cami_units.kml import _evidence
from cami_units.kml._escapes import ncname, shown, shown_name
from cami_units.kml._evidence_parts import Evidence, layer_signs, look_of, there
from cami_units.kml._marks import (
    INK,
    LOOKS,
    WHITE,
    Bounds,
    Contents,
    Folder,
    Look,
    Mark,
    Profile,
    Sign,
    Written,
    earth_key,
    label_point,
    rows,
    status_look,
)
from cami_units.kml._written_shapes import as_written, hash_of_written, written_pieces
from cami_units.model import (
    HIDDEN_STATUSES,
    Imprint,
    clean_name,
    frame_around,
    frames_on_globe,
    is_missing,
    narrowest_bounds,
)
from cami_units.words.unit_card import CARD_FIELDS, OPTIONAL_FIELDS, FieldParts, Figure

OUTLINE: Final = Look("ffffff", 2.0, hover=3.0)
BEFORE: Final = Look("bdbdbd", 2.0, hover=3.0)
_SAME_LINE: Final = frozenset({"name_ru", "rank", "area", "origin"})
"""Fields of a card that share a line with the one before them: a balloon has 12 lines."""


@dataclass(frozen=True, slots=True)
class Pack:
    """Whose file it is, and units to look at only.

    Units of other groups, and outlines from before, are evidence: they carry ``layer`` and no
    ``cu_id``, so that whoever reads the file back never takes them for units of the group.

    `group` is the working group (empty: nobody's, as for plenary). `neighbours` are units that
    other groups edit, `before` units as they were in the round before; both in longitude and
    latitude, with ``unit_id``, ``name_en`` and ``name_ru``.
    """

    group: str = ""
    neighbours: gpd.GeoDataFrame | None = None
    before: gpd.GeoDataFrame | None = None


def remarks(
    lang: str, table: gpd.GeoDataFrame | None, tolerance: float, *, of_group: bool
) -> tuple[Folder | None, dict[str, int]]:
    """What groups pinned and typed, to look at, and how many specks of it were left out."""
    drawing = _evidence.Drawing(lang, tolerance)
    return _evidence.remarks(drawing, table, visible=not of_group), drawing.dropped


def contents(
    units: gpd.GeoDataFrame,
    editable: UnitMarks,
    shown_evidence: Evidence,
    *,
    imprint: Imprint,
    lang: str,
    pack: Pack,
    typed: tuple[Folder | None, Mapping[str, int]] = (None, MappingProxyType({})),
) -> Contents:
    """Everything a file will hold.

    `editable` are the units as :func:`unit_marks` makes them, never simplified, and `typed` what
    :func:`remarks` gives.
    """
    seen = narrowest_bounds([mark.geometry for mark in editable.marks])
    view = seen or shown_evidence.view
    told = about(imprint, lang, units, shown_evidence)
    # what the three folders hold as text, by folder and kind of Google Earth
    texts: list[dict[Profile, tuple[Written, ...]]] = [
        {profile: parts[place] for profile, parts in shown_evidence.written.items()}
        for place in range(3)
    ]
    beside = there(
        outlines(pack.before, "before", lang=lang, visible=True),
        outlines(pack.neighbours, "neighbours", lang=lang, visible=False),
        typed[0],
    )
    return Contents(
        title=shown_name(imprint.title),
        about=told,
        folders=(
            Folder(
                words.text("folder about", lang),
                # Waters stand beside the legend: as a layer of their own they would be the seventh.
                (about_mark(told, view, lang), *_evidence.waters(lang, units)),
                shown_evidence.background,
                written=texts[0],
            ),
            Folder(
                words.text("folder your section" if pack.group else "folder sections", lang),
                shown_evidence.sections,
                written=texts[1],
            ),
            Folder(words.text("folder units", lang), editable.marks, open=True),
            Folder(words.text("folder labels", lang), editable.labels),
            Folder(
                words.text("folder evidence", lang),
                (),
                (*beside, *shown_evidence.folders),
                visible=False,
                written=texts[2],
            ),
            Folder(words.text("folder notes", lang), open=True),
        ),
        looks=LOOKS | {"neighbours": OUTLINE, "before": BEFORE} | dict(shown_evidence.looks),
        unit_looks=editable.looks,
        tour=editable.stops,
        view=view,
        labels=labels_of(lang),
        grounds=_grounds(view),
        dropped={**shown_evidence.dropped, **typed[1]},
        legend=(*unit_signs(units, lang), *shown_evidence.signs),
        features=shown_evidence.features,
        vertices=shown_evidence.vertices,
    )


def labels_of(lang: str) -> dict[str, str]:
    """What the data of placemarks are called."""
    phrases = words.catalogue(lang)
    figures = {key: phrases[f"column {key}"] for key in (*_FIGURES, "tier")}
    shares = {
        key: words.in_list([phrases[of], "%"], lang)
        for key, of in (
            ("protected_percent", "protected"),
            ("barriers_percent", "barriers"),
            ("share_qualifying_percent", "stability"),
        )
    }
    named = {earth_key(key): phrase for key, phrase in phrases.items()}
    # "countries" as a phrase is the layer of their borders: of a section or a fence they are its states
    states = dict.fromkeys(("countries", "iso2"), phrases["states"])
    others = {"also_present": phrases["also present"], "label": phrases["note"]}
    return named | figures | shares | states | others | {"sci_name": phrases["column sci_name"]}


def _unit_looks(
    units: gpd.GeoDataFrame, cards: Mapping[str, Mapping[str, Any]], lang: str
) -> tuple[dict[str, str], dict[Profile, dict[str, Look]]]:
    """The key of each unit's look; and the looks, one for each wording of a balloon of each status.

    A figure that a unit lacks has no words in its balloon. Wordings are counted in the order of the
    units' ids, so that the same units have the same styles.
    """
    numbers: dict[tuple[tuple[str, tuple[str, str]], ...], int] = {}
    keys: dict[str, str] = {}
    looks: dict[Profile, dict[str, Look]] = {profile: {} for profile in get_args(Profile)}
    for row in rows(units, "unit_id"):
        status, patterns = str(row["status"]), _patterns(row, cards[row["unit_id"]])
        variant = numbers.setdefault(tuple(patterns.items()), len(numbers) + 1)
        key = keys[row["unit_id"]] = _look_key(status, variant)
        if key not in looks["earth-pro"]:
            for profile, of_profile in looks.items():
                of_profile[key] = status_look(status, _balloon(profile, lang, patterns))
    return keys, looks


def _patterns(row: Mapping[str, Any], card: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    """What a balloon says of each field of a unit's card, words and places for its data, and counts beside its label.

    Earth shows ``$[key]`` as it stands where a unit has no such datum: a field that may lack is
    left out of the balloons of units without it.
    """
    parts = _parts(row, card)
    return {
        # the name of a context layer is somebody's own: nothing in it may begin a tag
        name: (shown(parts[name].pattern), parts[name].counted)
        if name in parts
        else (f"$[{earth_key(name)}]", "")
        for name in CARD_FIELDS
        if name not in OPTIONAL_FIELDS or card.get(name)
    }


def _parts(row: Mapping[str, Any], card: Mapping[str, Any]) -> dict[str, FieldParts]:
    """The fields of a unit's card that hold figures, taken apart; none of a card without them."""
    parts: dict[str, FieldParts] = card.get("parts") or {}
    if (n_countries := _plain_figures(row).get("n_countries")) is None or not parts:
        return parts
    states = {"n_countries": n_countries, "states": card["states"]}
    pattern, count = ("$[states]", "$[n_countries]") if card["states"] else ("$[n_countries]", "")
    return parts | {"states": FieldParts(pattern, states, count)}


@dataclass(frozen=True, slots=True)
class UnitMarks:
    """The units as people edit them: one mark for each part, with the data of its card.

    `looks` are those of each kind of Google Earth, by their keys, `labels` the ids beside the units,
    `stops` those of the tour.
    """

    marks: tuple[Mark, ...]
    looks: Mapping[Profile, Mapping[str, Look]]
    labels: tuple[Mark, ...]
    stops: tuple[Mark, ...]


def unit_marks(
    units: gpd.GeoDataFrame,
    cards: Mapping[str, Mapping[str, str]],
    imprint: Imprint,
    lang: str,
    group: str,
) -> UnitMarks:
    """What a file holds of units: the same for each kind of Google Earth, at any tolerance."""
    made = []
    look_of_unit, looks = _unit_looks(units, cards, lang)
    for row in rows(units, "unit_id"):
        look = look_of_unit[row["unit_id"]]
        pieces = written_pieces(row["geometry"])
        for number, piece in enumerate(pieces, start=1):
            several = len(pieces) > 1
            made.append(
                _unit_mark(row, piece, number if several else 0, cards, imprint, lang, group, look)
            )
    return UnitMarks(tuple(made), looks, tuple(_unit_labels(made)), _tour(units, made))


def _unit_mark(
    row: Mapping[str, Any],
    piece: BaseGeometry,
    number: int,
    cards: Mapping[str, Mapping[str, str]],
    imprint: Imprint,
    lang: str,
    group: str,
    look: str,
) -> Mark:
    """One part of a unit, with the keys by which it is known again and what its balloon says."""
    unit_id = clean_name(row["unit_id"])
    given = words.name_in(row, lang)
    # names that come back are spelt alike in every language: they are read by these signs
    suffix = f" ({words.text('part', lang)} {number})" if number else ""
    data = {
        "cu_id": unit_id,
        "part": str(number or 1),
        "rev": clean_name(row.get("rev")) or imprint.number,
        "geom_hash": hash_of_written(piece),
        "round": imprint.number,
        "section_id": clean_name(row.get("section_id")),
        "working_group": clean_name(group),
    }
    # What the card says, as map and popup have it: figures as plain numbers, of which the words stand
    # in the template of the balloon, and words as words.
    card = cards[row["unit_id"]]
    parts = _parts(row, card)
    for card_field in CARD_FIELDS:
        if card_field in parts:
            data |= _plain_values(parts[card_field].values)
        else:
            data[earth_key(card_field)] = shown(card.get(card_field))
    # the keys by which a unit is known stand first, figures of the row that no field has come last
    data |= {key: value for key, value in _plain_figures(row).items() if key not in data}
    status = str(row["status"])
    return Mark(
        name=shown_name(f"{unit_id} {given}{suffix}"),
        geometry=piece,
        look=look,
        id=ncname(unit_id, str(number) if number else ""),
        # The identity of a unit stays even where it is empty: a group's program then keeps its
        # columns.
        data=tuple((key, value) for key, value in data.items() if value or key not in _MAY_LACK),
        visible=status not in HIDDEN_STATUSES,
        view=piece.bounds,
        snippet=" · ".join(
            filter(None, (shown(card.get(field)) for field in ("status", "rank", "area")))
        ),
    )


def _plain_values(values: Mapping[str, str | Figure]) -> dict[str, str]:
    """The values of a field as data: figures as numbers, words made harmless."""
    return {
        key: value.plain if isinstance(value, Figure) else shown(value)
        for key, value in values.items()
    }


# What a GIS that opens the file can sort and sum: the table's own columns, as plain numbers.
_FIGURES: Final = {"area_km2": 0, "score": 3, "n_countries": 0, "n_species": 0}


def _plain_figures(row: Mapping[str, Any]) -> dict[str, str]:
    """Figures of a unit without words and separators, each with its decimals; what is unknown is left out."""
    numbers: dict[Any, Any] = {key: row.get(key) for key in _FIGURES}
    # text and nothing are rare here, and a table for one number costs more than the whole unit
    if not all(isinstance(value, int | float) for value in numbers.values()):
        numbers = pd.to_numeric(pd.Series(numbers, dtype=object), errors="coerce").to_dict()
    return {
        key: f"{value:.{_FIGURES[key]}f}" for key, value in numbers.items() if not is_missing(value)
    }


def _unit_labels(editable: Sequence[Mark]) -> list[Mark]:
    """The id of each unit as a label of its own, so that outlines stay clear of text."""
    return [
        Mark(
            name=dict(mark.data)["cu_id"],
            geometry=label_point(mark.geometry),
            look="unit-label",
            id=ncname("label", mark.id),
            data=(("layer", "labels"),),
            visible=mark.visible,
        )
        for mark in editable
        if dict(mark.data)["part"] == "1"
    ]


def _tour(units: gpd.GeoDataFrame, editable: Sequence[Mark]) -> tuple[Mark, ...]:
    """The first part of each visible unit, seen whole, in the order of the ranks."""
    place = {
        clean_name(row["unit_id"]): np.inf if pd.isna(row["rank"]) else float(row["rank"])
        for row in rows(units, "unit_id")
    }
    parts: dict[str, list[Mark]] = {}
    for mark in editable:
        parts.setdefault(dict(mark.data)["cu_id"], []).append(mark)
    stops = [
        own[0]  # of one part it is seen whole as it is
        if len(own) == 1
        else replace(own[0], view=narrowest_bounds([mark.geometry for mark in own]))
        for _, own in sorted(parts.items(), key=lambda item: place[item[0]])
        if own[0].visible
    ]
    return tuple(stops)


_MAY_LACK: Final = OPTIONAL_FIELDS | {"section_id"}


def _look_key(status: str, variant: int) -> str:
    """The style of a unit: by its status, and by the wording of its balloon where there are several."""
    return ncname("unit", status.replace(" ", "-"), str(variant) if variant > 1 else "")


def _balloon(profile: Profile, lang: str, patterns: Mapping[str, tuple[str, str]]) -> str:
    """The template of a unit's balloon: at most 12 lines, the typed comment last."""
    lines = ["<b>$[name]</b>"]
    # A line for the context layers has to come from somewhere: 12 are all there are. So has one
    # for what a unit lacks, and one for what plenary asks.
    joined = _SAME_LINE | ({"barriers"} if "context" in patterns else set())
    joined |= {"stability"} if "takes" in patterns else set()
    joined |= {"protected"} if "open_questions" in patterns else set()
    for card_field, (pattern, count) in patterns.items():
        key = earth_key(card_field)
        # Only a datum of the field's own has its title; and Earth on the web knows no titles.
        has_title = profile == "earth-pro" and pattern == f"$[{key}]"
        label = f"$[{key}/displayName]" if has_title else words.text(card_field, lang)
        entry = words.with_label(words.with_aside(label, count, lang), pattern, lang)
        if card_field in joined:
            lines[-1] += f" · {entry}"
        else:
            lines.append(entry)
    return "<br/>\n".join([*lines, "$[description]"])


# -- units to look at only --------------------------------------------------------------------------


def outlines(
    units: gpd.GeoDataFrame | None, layer: str, *, lang: str, visible: bool
) -> Folder | None:
    """Units as outlines that nobody is asked to edit: `layer` is "neighbours" or "before"."""
    if units is None or units.empty:
        return None
    made = [
        mark
        for row in rows(units, "unit_id")
        for mark in _outline_marks(row, layer, lang, visible=visible)
    ]
    heading = "folder neighbours" if layer == "neighbours" else layer
    return Folder(words.text(heading, lang), tuple(made), visible=visible)


def _outline_marks(row: Mapping[str, Any], layer: str, lang: str, *, visible: bool) -> list[Mark]:
    """A unit as evidence, not to be edited: of another group, or of the round before."""
    unit_id = clean_name(row["unit_id"])
    named = words.name_in(row, lang)
    owner = clean_name(row.get("group"))
    title = words.with_label(words.text(layer, lang), f"{unit_id} {named}", lang)
    title = words.with_aside(title, owner, lang)
    pieces = written_pieces(row["geometry"])
    return [
        Mark(
            name=shown_name(title),
            geometry=piece,
            look=layer,
            id=ncname(layer, unit_id, str(number) if len(pieces) > 1 else ""),
            data=(("layer", layer), (earth_key("of"), shown_name(unit_id))),
            visible=visible,
        )
        for number, piece in enumerate(pieces, start=1)
    ]


# -- what a file says of itself -------------------------------------------------------------------


def about_mark(about: str, view: Bounds | None, lang: str) -> Mark:
    """The placemark whose balloon is the legend: south-west of everything, where nobody draws."""
    west, south, _, _ = view or (80.0, 40.0, 80.0, 40.0)
    corner = shapely.Point(max(west - 1.0, -179.0), max(south - 1.0, -89.0))
    return Mark(
        name=words.text("legend", lang),
        geometry=as_written(corner),
        look="about",
        id="about",
        data=(("layer", "about"),),
        description=about,
    )


def about(imprint: Imprint, lang: str, units: gpd.GeoDataFrame, shown_evidence: Evidence) -> str:
    """Title, date, round, profile, how to edit, legend, sources and disclaimer, as HTML."""
    profile = words.with_label(
        words.text("profile", lang), _html(words.profile_name(imprint.profile, lang)), lang
    )
    lines = [
        f"<b>{_html(imprint.title)}</b>",
        f"{_html(imprint.date)} · {words.text('round', lang)} {_html(imprint.number)} · {profile}",
        words.text("how to edit", lang),
        f"<b>{words.text('legend', lang)}</b>",
    ]
    lines += [
        _swatch(
            _on_white(sign.look),
            _html(sign.label),
            "━" if sign.is_line else "■" if sign.look.fill else "□",
        )
        for sign in (*unit_signs(units, lang), *shown_evidence.signs, *shown_evidence.species)
    ]
    if shown_evidence.is_doubtful:
        lines.append(f"- - - {words.text('disputed line', lang)}")
    if imprint.sources:
        cited = words.in_clauses(map(_html, words.sources(imprint, lang)), lang)
        lines.append(words.with_label(words.text("sources", lang), cited, lang))
    if imprint.indicative:
        lines.append(words.text("indicative", lang))
    lines.append(_html(words.disclaimer(imprint.disclaimer, lang)))
    return "<br/>\n".join(lines)


def _on_white(look: Look) -> str:
    """The colour that says what a look is; white ink of the globe is dark in a balloon."""
    colour = look.fill or look.line
    return INK if colour == WHITE else colour


def _swatch(colour: str, label: str, symbol: str = "■") -> str:
    return f'<font color="#{colour}">{symbol}</font> {label}'


def legend_signs(
    units: gpd.GeoDataFrame, layers: Mapping[str, gpd.GeoDataFrame], *, lang: str = "en"
) -> tuple[Sign, ...]:
    """The legend of a file with these units and layers, species aside, for whoever draws it.

    Ranges are one at a time and named by their codes; they would make the picture taller than a
    screen, and stand in the balloon of the legend.
    """
    return (*unit_signs(units, lang), *layer_signs(layers, lang))


def unit_signs(units: gpd.GeoDataFrame, lang: str) -> tuple[Sign, ...]:
    """The lines of a legend for the statuses of units, in the looks they are drawn in."""
    signs = scene.legend_signs(units, {}, lang=lang)
    return tuple(Sign(look_of(sign), sign.label, sign.is_line) for sign in signs)


def _html(value: Any) -> str:
    return escape(clean_name(value))


# Degrees of relief beyond what is in view, so that its edge is not what one sees.
_BEYOND: Final = 6.0


def _grounds(view: Bounds | None) -> tuple[Bounds, ...]:
    """The frames of the relief: whole degrees, within the world; two where it runs over 180°."""
    if view is None:
        return ()
    west, south, east, north = frame_around(view, _BEYOND, _BEYOND)
    return tuple(frames_on_globe((west, max(south, -90.0), east, min(north, 90.0))))
