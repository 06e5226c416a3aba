"""Activities as people read them: a workbook, a text by unit, and a funding note for each unit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, Final

import pandas as pd
from docx.shared import Mm

from cami_units.documents import _word_document as _docx
from cami_units.documents._worksheets import (
    SHEETS,
    Column,
    fill,
    fill_about,
    new_workbook,
    save_settled,
)
from cami_units.documents.form_words import (
    first_texts,
    in_theme_order,
    listed_said,
    theme_said,
    themes_in_order,
)
from cami_units.documents.html_pages import page
from cami_units.model import Imprint, Names, clean_name, is_missing, records
from cami_units.words import in_clauses, in_list, name_in, share, text, with_aside, with_label
from cami_units.words.unit_card import field_label


def write_activities_workbook(
    path: Path,
    units: pd.DataFrame,
    activities: pd.DataFrame,
    *,
    general: pd.DataFrame,
    suggestions: pd.DataFrame,
    log: pd.DataFrame,
    matrix: pd.DataFrame,
    completeness: pd.DataFrame,
    overviews: Mapping[str, pd.DataFrame],
    imprint: Imprint,
) -> None:
    """Write the activities of a round as a workbook.

    Sheets `by theme` (units down, the ten themes across), `activities`, `general`, `suggestions`
    (a column to tick: the workbook goes back into ``--general``), `species` (species down, units
    across), `completeness`, the overviews, `log` and `about`.

    Parameters
    ----------
    path : Path
        The file to write.
    units : DataFrame
        ``unit_id``, ``name_en``: in the order of the rows.
    activities, general, suggestions, log, matrix, completeness : DataFrame
        As the room `workshop` makes them.
    overviews : mapping
        Further tables, a sheet each, by its name: sums, gaps, who offered what.
    imprint : Imprint
        Title, date, round, sources, disclaimer.
    """
    book, lang = new_workbook(imprint), imprint.languages[0]
    of_units = activities[activities["unit_id"] != "general"]
    themes = themes_in_order(activities["theme"])
    by_theme = [Column("unit_id", 11), Column("name", 30, wrap=True)]
    by_theme += [Column(theme, 34, wrap=True) for theme in themes]
    of_matrix = [Column(name, 28 if "name" in name else 9) for name in map(str, matrix)]
    of_completeness = [
        Column(name, 13, says=_COMPLETENESS.get(name, "")) for name in map(str, completeness)
    ]
    sheets: list[tuple[str, Sequence[Column], list[dict[str, Any]]]] = [
        ("by theme", by_theme, _by_theme(units, of_units, themes, lang)),
        ("activities", SHEETS["activities"], records(activities)),
        ("general", SHEETS["activities"], records(general)),
        (
            "suggestions",
            SHEETS["suggestions"],
            [{**row, "tick": ""} for row in records(suggestions)],
        ),
        ("species", of_matrix, records(matrix)),
        ("completeness", of_completeness, records(completeness)),
        *(
            (name, [_overview_column(str(column)) for column in table], records(table))
            for name, table in _named_overviews(overviews, units, lang).items()
        ),
        ("log", SHEETS["log of activities"], records(log)),
    ]
    for name, columns, rows in sheets:
        said_rows = [_said(row, lang) for row in rows]
        fill(book.create_sheet(name), columns, said_rows, imprint)
    fill_about(book.create_sheet("about"), imprint)
    save_settled(book, path, imprint)


_COMPLETENESS: Final = {"states": "countries", "activity": "activities"}
"""What stands above a column of `completeness` where it is not the phrase of its own name."""


def _said(row: Mapping[str, Any], lang: str) -> dict[str, Any]:
    """A row with the words of the forms' lists in a language: a form that has them is read again."""
    spoken = dict(row)
    for column in {"theme", "priority", "cost_band"} & set(row):
        spoken[column] = theme_said(str(row[column]), lang)
    if row.get("unit_id") == "general":
        spoken["unit_id"] = theme_said("general", lang)
    if "status" in row and isinstance(row["status"], str):
        spoken["status"] = listed_said(row["status"], lang)
    return spoken


def _named_overviews(
    overviews: Mapping[str, pd.DataFrame], units: pd.DataFrame, lang: str
) -> dict[str, pd.DataFrame]:
    """Sums, gaps and offers as they are read: units by name, and of each sum what was counted."""
    names = {str(unit["unit_id"]): name_in(unit, lang) for unit in units.to_dict("records")}
    names["general"] = text("general section", lang)
    tables = dict(overviews)
    if "gaps" in tables:
        gaps = tables["gaps"]
        tables["gaps"] = gaps.drop(columns="name_en").assign(name=gaps["unit_id"].map(names))
        tables["gaps"].insert(1, "name", tables["gaps"].pop("name"))
    if "sums" in tables:
        sums = tables["sums"]
        keys = [
            _key_said(str(key), names, lang, by=str(by))
            for by, key in zip(sums["by"], sums["key"], strict=True)
        ]
        tables["sums"] = sums.assign(
            by=[text(f"column {name}", lang) for name in sums["by"]], key=keys
        )
    return tables


def write_sums_page(
    path: Path,
    units: pd.DataFrame,
    overviews: Mapping[str, pd.DataFrame],
    *,
    imprint: Imprint,
    lang: str,
) -> None:
    """Write what the activities come to as a page for the projector.

    Parameters
    ----------
    path : Path
        The HTML file to write.
    units : DataFrame
        ``unit_id`` and names: the units that are shown.
    overviews : mapping
        ``sums``, ``gaps``, ``offers``, as for :func:`write_activities_workbook`.
    imprint : Imprint
        Title, date, round, disclaimer.
    lang : str
        Language of the headings.
    """
    tables = _named_overviews(overviews, units, lang)
    gaps, offers = tables["gaps"], [_said(row, lang) for row in records(tables["offers"])]
    themes = [str(name) for name in gaps if name not in ("unit_id", "name")]
    largest = tables["sums"].groupby("by")["activities"].max()
    n_of = overviews["sums"].groupby("by")["activities"].sum().to_dict()
    sums: dict[str, list[dict[str, Any]]] = {}
    for row in records(tables["sums"]):
        width = round(100 * int(row["activities"]) / int(largest[row["by"]]), 2)
        sums.setdefault(str(row["by"]), []).append({**row, "width": width})
    by_partner: dict[str, list[dict[str, Any]]] = {}
    for row in offers:
        by_partner.setdefault(str(row["partner"]), []).append({**row, "unit": row["unit_id"]})
    content = page(
        "sums.html",
        lang=lang,
        styles=["implementation.css"],
        imprint=imprint,
        # those too that are of no unit: each has one theme
        total=n_of.get("theme", 0),
        beside=n_of.get("in_no_sum", 0),
        sums=list(sums.items()),
        themes=[theme_said(theme, lang) for theme in themes],
        gaps=[
            (
                row["name"] if row["unit_id"] == "general" else f"{row['unit_id']} {row['name']}",
                [int(row[theme]) for theme in themes],
            )
            for row in records(gaps)
        ],
        offers=list(by_partner.items()),
    )
    path.write_bytes(content)


def _key_said(key: str, names: Mapping[str, str], lang: str, *, by: str) -> str:
    """What a sum is of: a unit with its name, a word of the lists, or the phrase for nothing."""
    if by == "in_no_sum":
        return text("again in general", lang) if key == "general" else _of_hidden(key, lang)
    if key in names:
        return names[key] if key == "general" else f"{key} {names[key]}"
    if not key:
        return text("without a unit" if by == "unit_id" else "not said", lang)
    return theme_said(key, lang)


def _of_hidden(unit_id: str, lang: str) -> str:
    """A unit that is not shown: what is planned there is listed, and in no sum."""
    return with_aside(unit_id, text("unit in no sum", lang), lang)


def _overview_column(name: str) -> Column:
    """A column of a sum or list: long texts wide, counts narrow."""
    wide = {"text": 70.0, "key": 34.0, "name": 30.0, "partner": 30.0, "theme": 26.0}
    return Column(name, wide.get(name, 13.0), wrap=name in wide)


def _by_theme(
    units: pd.DataFrame, activities: pd.DataFrame, themes: Sequence[str], lang: str
) -> list[dict[str, Any]]:
    """A row a unit with its activities of each theme; those without a unit come last."""
    cells: dict[tuple[str, str], list[str]] = {}
    for row in activities.sort_values("activity_id").to_dict("records"):
        cells.setdefault((row["unit_id"], row["theme"]), []).append(str(row["text"]))
    lost_ids = sorted(set(activities["unit_id"]) - set(units["unit_id"]))
    names = [(str(unit["unit_id"]), name_in(unit, lang)) for unit in units.to_dict("records")]
    # A unit may be dissolved after its activities were written: they are not lost with it.
    without = text("without a unit", lang)
    of_hidden = with_aside(without, text("unit in no sum", lang), lang)
    names += [(unit_id, of_hidden if unit_id else without) for unit_id in lost_ids]
    return [
        {
            "unit_id": unit_id,
            "name": name,
            **{theme: "\n".join(cells.get((unit_id, theme), ())) for theme in themes},
        }
        for unit_id, name in names
    ]


def write_activities_document(
    path: Path,
    units: pd.DataFrame,
    activities: pd.DataFrame,
    *,
    suggestions: pd.DataFrame,
    log: pd.DataFrame,
    names: Names,
    imprint: Imprint,
    lang: str,
) -> None:
    """Write the work programme as a text that a secretariat edits: general section first, then units.

    What was changed is marked: new words are underlined, the old text beside them and what was
    dropped are struck through.

    Parameters
    ----------
    path : Path
        The file to write.
    units, suggestions, log : DataFrame
        As for :func:`write_activities_workbook`.
    activities : DataFrame
        All of them, dropped ones too; of the general section each line once.
    names : Names
        What species and states are called: a programme is read by people.
    imprint : Imprint
        Title, date, round, sources, disclaimer.
    lang : str
        Language of the headings.
    """
    document = _docx.new_document(imprint, text("work programme", lang), lang=lang, landscape=True)
    changes = _Changes(first_texts(log), _new_ids(log), names)
    _docx.paragraph(document, text("how changes are marked", lang))
    live = activities["status"].ne("dropped")
    general = activities[activities["unit_id"] == "general"]
    _docx.heading(document, text("general section", lang), 1)
    _activity_table(document, general, changes, lang)
    # What was moved already stands above, in the general section itself.
    waiting = suggestions[suggestions["suggested"] & ~suggestions["moved"]]
    if len(waiting):
        _docx.heading(document, text("suggested for general", lang), 2)
        for row in waiting.to_dict("records"):
            share = f"{row['n_units']} / {row['of_units']}"
            suggestion = with_aside(row["suggestion_id"], share, lang)
            line = with_label(suggestion, row["text"], lang)
            _docx.paragraph(document, line, style="List Bullet")
    _docx.heading(document, text("by unit", lang), 1)
    titles_without = []
    for unit in units.to_dict("records"):
        rows = activities[activities["unit_id"] == unit["unit_id"]]
        title = f"{unit['unit_id']} {name_in(unit, lang)}"
        if len(rows):
            _docx.heading(document, title, 2)
            _activity_table(document, rows, changes, lang)
        # Dropped ones are shown and do not count: a unit with nothing else has no activity.
        if not (live & activities["unit_id"].eq(unit["unit_id"])).any():
            titles_without.append(title)
    unplaced = activities[~activities["unit_id"].isin([*units["unit_id"], "general"])]
    if len(unplaced):
        _docx.heading(document, text("without a unit", lang), 2)
    for unit_id, rows in unplaced.groupby("unit_id"):
        if unit_id:
            _docx.heading(document, _of_hidden(str(unit_id), lang), 3)
        _activity_table(document, rows, changes, lang)
    if titles_without:
        _docx.heading(document, text("units without activities", lang), 1)
        for title in titles_without:
            _docx.paragraph(document, title, style="List Bullet")
    save_settled(document, path, imprint)


@dataclass(frozen=True, slots=True)
class _Changes:
    """What the log says of activities: the first text of those amended, and which are new.

    `names` are those of species and states.
    """

    first_text: Mapping[str, str]
    new_ids: frozenset[str]
    names: Names


def _new_ids(log: pd.DataFrame) -> frozenset[str]:
    """Activities that a group added; those of the programme in force were there before."""
    added = log["action"].eq("add") & log["by"].ne("current programme")
    return frozenset(map(str, log.loc[added, "activity_id"]))


_PROGRAMME_WIDTHS: Final = (17.0, 34.0, 112.0, 34.0, 32.0, 36.0)
"""Columns of the work programme, mm: together what A4 across holds between its margins."""


def _activity_table(document: Any, activities: pd.DataFrame, changes: _Changes, lang: str) -> None:
    """Activities as six columns that can be read: what belongs together stands in one of them."""
    head = [text(f"column {key}", lang) for key in ("activity_id", "theme", "text")]
    head += [_heads(keys, lang) for keys in (("species", "states"), _WHEN, _WHO)]
    rows: list[list[str | Sequence[_docx.Run]]] = [
        [
            clean_name(row["activity_id"]),
            theme_said(str(row["theme"]), lang),
            _text_runs(row, changes),
            _where(row, changes.names, lang),
            _together(row, ("priority", "timeframe", "status"), lang),
            _together(row, ("partner", "cost_band", "funding_source"), lang),
        ]
        for row in in_theme_order(activities, "theme", "activity_id").to_dict("records")
    ]
    _docx.table(document, head, rows, _PROGRAMME_WIDTHS)


_WHEN: Final = ("column priority", "column timeframe", "column status")
_WHO: Final = ("column partner", "column cost_band", "column funding_source")


def _heads(keys: Sequence[str], lang: str) -> str:
    """The heading of a column in which several things stand."""
    return " · ".join(text(key, lang) for key in keys)


def _where(row: Mapping[Any, Any], names: Names, lang: str) -> str:
    """The species and the states of an activity by their names; what has none, as it was written."""
    lines = [
        _called(row[column], names[kind], lang)
        for column, kind in (("species", "species"), ("countries", "state"))
    ]
    return "\n".join(filter(None, lines))


def _called(ids: object, names: Mapping[str, Mapping[str, Any]], lang: str) -> str:
    """What the parts of `a;b` are called in a language, with commas."""
    parts = [part.strip() for part in clean_name(ids).split(";")]
    return in_list((name_in(names[part], lang) if part in names else part for part in parts), lang)


def _text_runs(row: Mapping[Any, Any], changes: _Changes) -> list[_docx.Run]:
    """The text of an activity, marked by what became of it."""
    activity_id, now = str(row["activity_id"]), clean_name(row["text"])
    if row["status"] == "dropped":
        return [(now, "removed")]
    old = changes.first_text.get(activity_id, "")
    runs = [(old, "removed")] if old and old != now else []
    is_new = bool(runs) or activity_id in changes.new_ids
    runs.append((now, "added" if is_new else ""))
    if row["moved_from"]:
        runs.append((f"({clean_name(row['moved_from']).replace(';', ', ')})", ""))
    return runs


def _together(row: Mapping[Any, Any], columns: Sequence[str], lang: str, sign: str = "\n") -> str:
    """Several short columns in one cell, a line each or with a sign between; the silent left out."""
    values = (clean_name(row[name]) for name in columns)
    told_values = (listed_said(value, lang) for value in values if value)
    return sign.join(in_list(map(str.strip, value.split(";")), lang) for value in told_values)


_MAP_MM: Final = 80.0
_BESIDE_MAP: Final = (36.0, 62.0)
"""The map stands beside the facts: below each other they left room for three activities on the page."""

_FACT_WIDTHS: Final = (38.0, 140.0)
_NOTE_WIDTHS: Final = (32.0, 72.0, 25.0, 49.0)
"""Columns of a funding note, mm: together what A4 upright holds between its margins."""


def write_funding_notes(
    path: Path,
    cards: pd.DataFrame,
    activities: pd.DataFrame,
    *,
    needs: Mapping[str, Sequence[str]],
    maps: Mapping[str, bytes],
    imprint: Imprint,
    lang: str,
) -> None:
    """Write a page for each unit that a donor can read alone: what, where, who, how much.

    Parameters
    ----------
    path : Path
        The file to write.
    cards : DataFrame
        The units' cards, in the order of the pages.
    activities : DataFrame
        The activities; those of the general section stand on no page.
    needs : mapping
        Why a unit needs something, in sentences, by its id.
    maps : mapping
        The map of each unit as a PNG, by its id; a unit without one has none.
    imprint : Imprint
        Title, date, round, disclaimer.
    lang : str
        Language of the headings.
    """
    document = _docx.new_document(imprint, text("funding notes", lang), lang=lang)
    listed_units = [f"{card['unit_id']} {name_in(card, lang)}" for card in records(cards)]
    _docx.paragraph(document, in_clauses(listed_units, lang))
    for card in cards.to_dict("records"):
        rows = activities[activities["unit_id"] == card["unit_id"]]
        # Before each one: the first page is the title's.
        document.add_page_break()
        _docx.heading(document, f"{card['unit_id']} {name_in(card, lang)}", 1)
        keys = ("status", "states", "area", "species", "criteria", "protected", "barriers")
        facts = [(field_label(card, key, lang), str(card[key])) for key in keys]
        for column in ("partner", "cost_band", "funding_source"):
            values = sorted({listed_said(value, lang) for value in rows[column]} - {""})
            single_values = [part.strip() for value in values for part in value.split(";")]
            named_values = in_list(single_values, lang) or text("not said", lang)
            facts.append((text(f"column {column}", lang), named_values))
        if picture := maps.get(str(card["unit_id"])):
            left, right = _docx.side_by_side(document, (_MAP_MM, sum(_BESIDE_MAP)))
            run = left.paragraphs[0].add_run()
            # less the padding of its cell on both sides
            run.add_picture(BytesIO(picture), width=Mm(_MAP_MM - 4))
            _docx.table(right, (), facts, _BESIDE_MAP)
        else:
            _docx.table(document, (), facts, _FACT_WIDTHS)
        if needs.get(str(card["unit_id"])):
            _docx.heading(document, text("needs in words", lang), 2)
            for sentence in needs[str(card["unit_id"])]:
                _docx.paragraph(document, sentence, style="List Bullet")
        _docx.heading(document, text("activities", lang), 2)
        if not len(rows):
            _docx.paragraph(document, text("not said", lang))
            continue
        head = [text(f"column {key}", lang) for key in ("theme", "text", "timeframe")]
        head.append(_heads(_WHO, lang))
        lines = [
            (
                theme_said(str(row["theme"]), lang),
                clean_name(row["text"]),
                _together(row, ("priority", "timeframe"), lang, text("between parts", lang)),
                _together(row, ("partner", "cost_band", "funding_source"), lang, " · "),
            )
            for row in in_theme_order(rows, "theme", "activity_id").to_dict("records")
        ]
        _docx.table(document, head, lines, _NOTE_WIDTHS)
    save_settled(document, path, imprint)


def write_species_pages(
    path: Path,
    species: pd.DataFrame,
    unit_species: pd.DataFrame,
    cards: pd.DataFrame,
    activities: pd.DataFrame,
    *,
    names: Names,
    imprint: Imprint,
    lang: str,
) -> None:
    """Write a page for each species that its focal points can read alone: where, and what is planned.

    Parameters
    ----------
    path : Path
        The file to write.
    species : DataFrame
        The table `species`; those that count for CAMI have a page where a unit holds any of them.
    unit_species : DataFrame
        The table `unit_species`.
    cards : DataFrame
        The units' cards.
    activities : DataFrame
        All activities: those of these units, and of the general section, that name the species.
    names : Names
        What states are called.
    imprint : Imprint
        Title, date, round, disclaimer.
    lang : str
        Language of the headings.
    """
    document = _docx.new_document(imprint, text("species pages", lang), lang=lang)
    unit_names = {str(card["unit_id"]): name_in(card, lang) for card in cards.to_dict("records")}
    # what is planned in a unit that plenary rejected is nothing to work on
    live = activities[activities["unit_id"].isin([*unit_names, "general"])]
    for row in species.sort_values("sci_name").to_dict("records"):
        of_species = unit_species[unit_species["sci_name"].eq(row["sci_name"])]
        if (rows_held := of_species[of_species["unit_id"].isin(unit_names)]).empty:
            continue
        document.add_page_break()
        _docx.heading(document, with_aside(name_in(row, lang), row["sci_name"], lang), 1)
        for key, column in (
            ("iucn_category", "iucn_category"),
            ("CMS appendix", "cms_appendix"),
            ("states", "range_states"),
        ):
            value = _called(row[column], names["state"], lang)
            _docx.paragraph(document, with_label(text(key, lang), value, lang))
        order = rows_held.sort_values(["range_share", "unit_id"], ascending=[False, True])
        units = [
            (
                str(one_unit["unit_id"]),
                unit_names[str(one_unit["unit_id"])],
                text(f"role {one_unit['role']}", lang),
                _share_said(one_unit["range_share"], lang),
            )
            for one_unit in order.to_dict("records")
        ]
        columns = ("unit_id", "name", "role", "range_share")
        head = [text(f"column {column}", lang) for column in columns]
        _docx.table(document, head, units, (20, 88, 40, 30))
        naming = [row["sci_name"] in str(ids).split(";") for ids in live["species"]]
        _docx.heading(document, text("activities", lang), 2)
        if not any(naming):
            _docx.paragraph(document, text("not said", lang))
            continue
        planned = in_theme_order(live[naming], "unit_id", "theme", "activity_id")
        head = [text(f"column {key}", lang) for key in ("unit_id", "theme", "text", "partner")]
        lines = [
            (
                listed_said(activity["unit_id"], lang),
                theme_said(str(activity["theme"]), lang),
                clean_name(activity["text"]),
                clean_name(activity["partner"]).replace(";", ", "),
            )
            for activity in planned.to_dict("records")
        ]
        _docx.table(document, head, lines, (20, 36, 92, 30))
    save_settled(document, path, imprint)


def _share_said(part: object, lang: str) -> str:
    """A share of a range in words; of a range that is only possible there is no whole to share."""
    return "" if is_missing(part) else f"{share(float(str(part)), lang, 1)} %"
