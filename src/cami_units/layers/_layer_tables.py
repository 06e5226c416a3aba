"""Cleaned rows turned into the tables of the house, layer by layer.

Each function here takes rows that are valid and projected, and gives the table that
`model.TABLES` promises, sorted by its key, with what was noticed on the way.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import count
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from cami_units.layers import _dialects as dialects
from cami_units.layers._dialects import names_of_states
from cami_units.layers._equal_area import circle, clipped
from cami_units.layers._reading import rows_in_short
from cami_units.layers._taxa import Names, match, names_in
from cami_units.model import (
    DRAWN_AS,
    GRADES,
    ISO2_CODES,
    LAYERS,
    MONTHS,
    ORIGIN,
    PRESENCE,
    SEASONAL,
    Note,
    Problem,
    check_arguments,
    has_codes,
    in_short,
    listed,
    month_spans,
    problem_of,
)
from cami_units.overlap import check_inputs, have_neighbours, joined, regional_ranges, sorted_shapes

CODES: Final[Mapping[str, Mapping[int, str]]] = {
    "presence": PRESENCE,
    "origin": ORIGIN,
    "seasonal": SEASONAL,
}
_CONFIDENCE: Final = ("high", "medium", "low")
_IN_FORCE: Final = frozenset({"designated", "inscribed", "established", "adopted"})
PA_STEPS: Final = frozenset({1, 2, 3, 4, 5})
"""The numbered steps of :func:`areas_in_force` and :func:`protected_area_rows`."""

Notes = list[Problem]


# -- ranges ---------------------------------------------------------------------------------------


def codes_filled(table: pd.DataFrame, file: str, missing: str) -> tuple[pd.DataFrame, Notes, Any]:
    """Presence, origin and seasonal as whole numbers, from codes, words or the legend.

    Returns the table, what was said, and the rows that are fit to go on. `missing` is "extant"
    (blank codes become 1, said aloud) or "refuse".
    """
    notes: Notes = []
    legend = table["legend"] if "legend" in table else dialects.blank(table.index)
    legend_codes = [dialects.legend_codes(text, CODES) for text in legend]
    is_good = np.ones(len(table), dtype=bool)
    filled: dict[str, list[int]] = {}
    blank_in: dict[str, int] = {}
    for column, words_of_code in CODES.items():
        values = table[column] if column in table else dialects.blank(table.index)
        codes = [
            # The column of codes first, then what the legend says in words.
            by_legend.get(column) if (code := dialects.code(value, words_of_code)) is None else code
            for value, by_legend in zip(values, legend_codes, strict=True)
        ]
        strange = np.array([code == dialects.NO_CODE for code in codes], dtype=bool)
        if strange.any():
            notes.append(_no_code(table[strange], column, values[strange], file))
            is_good &= ~strange
        if number := sum(code is None for code in codes):
            blank_in[column] = number
        # 1 is extant, native, resident: what a layer without codes is meant to show.
        filled[column] = [1 if code is None else int(code) for code in codes]
    if blank_in:
        facts: dict[str, Any] = {
            "clauses": [
                Note("code not given", {"column": column, "count": number, "of": len(table)})
                for column, number in blank_in.items()
            ],
            "parts": [_code_note(column, 1) for column in blank_in],
        }
        if missing == "refuse":
            note = Note("codes not given", facts)
            notes.append(problem_of("refuses", "ranges", file, "", note))
        else:
            note = Note("codes taken as", facts)
            notes.append(problem_of("counted", "ranges", file, "", note))
    return table.assign(**filled), notes, is_good


def _code_note(column: str, number: int) -> Note:
    """A code of the Red List with what it means."""
    word = CODES[column].get(number) or Note("no such code")
    return Note("code and word", {"column": column, "number": number, "code_word": word})


def _no_code(strange: pd.DataFrame, column: str, values: pd.Series[Any], file: str) -> Problem:
    """Rows whose code is there and is no code of the Red List."""
    came = in_short(sorted({str(id_text(value)) for value in values}))
    rows = rows_in_short(strange.index, strange["sci_name"])
    codes = [
        Note("code of a key", {"number": key, "code_word": word})
        for key, word in CODES[column].items()
    ]
    note = Note("no IUCN code", {"column": column, "came": came, "parts": codes})
    return problem_of("refuses", "ranges", file, rows, note)


def confidence_grades(values: pd.Series[Any]) -> tuple[list[str | None], list[str]]:
    """Each value as "high", "medium", "low" or ``None``, and the values that are none of them."""
    texts = [None if value is None else str(value).casefold() for value in values]
    odd = sorted({text for text in texts if text is not None and text not in _CONFIDENCE})
    return [text if text in _CONFIDENCE else None for text in texts], odd


def range_parts(
    table: gpd.GeoDataFrame, codes: Mapping[str, str]
) -> tuple[gpd.GeoDataFrame, Notes]:
    """The ranges table: one row a coded part, with ids that do not depend on the order of rows."""
    notes: Notes = []
    shapes = shapely.normalize(table.geometry.to_numpy())
    table = table.set_geometry(gpd.GeoSeries(shapes, index=table.index, crs=table.crs))
    # Sorted by content, shapes included: ids are the same whatever file or order rows came in.
    table = table.assign(_wkb=shapely.to_wkb(shapes))
    keys = ["sci_name", "presence", "origin", "seasonal", "part", "source", "_wkb"]
    table = table.sort_values(keys, na_position="last", kind="stable").reset_index(drop=True)
    twice = table.duplicated(["sci_name", "presence", "origin", "seasonal", "_wkb"])
    if twice.any():
        names = in_short(sorted(table.loc[twice, "sci_name"].unique()))
        note = Note("rows copied", {"n": int(twice.sum())})
        notes.append(problem_of("counted", "ranges", "", names, note))
        table = table[~twice].reset_index(drop=True)
    number = table.groupby("sci_name").cumcount() + 1
    made_ids = [
        f"{codes.get(name) or name.replace(' ', '_')}-{count:03d}"
        for name, count in zip(table["sci_name"], number, strict=True)
    ]
    own_ids = table["range_id"] if "range_id" in table else dialects.blank(table.index)
    # An id given twice in a file names nothing: both rows get one of ours.
    usable = own_ids.notna() & ~own_ids.duplicated(keep=False)
    table["range_id"] = own_ids.where(usable, pd.Series(made_ids, index=table.index)).astype(str)
    repeated = table["range_id"].duplicated(keep=False)
    table.loc[repeated, "range_id"] = pd.Series(made_ids, index=table.index)[repeated]
    first = ["range_id", *(name for name in table.columns if name not in ("range_id", "_wkb"))]
    return _ordered(table[first], "range_id"), notes


def use_of(ranges: pd.DataFrame, codes: Mapping[str, Sequence[int]]) -> list[str]:
    """What each coded part is good for: "kept", "supporting" (presence 3) or "left out"."""
    fitting = has_codes(ranges, origin=codes["origin"], seasonal=codes["seasonal"])
    is_kept = fitting & has_codes(ranges, presence=codes["presence"])
    supporting = fitting & ~is_kept & (ranges["presence"] == 3)
    uses = np.select([is_kept, supporting], ["kept", "supporting"], "left out")
    return [str(use) for use in uses]


def codes_left_out(table: pd.DataFrame, file: str, codes: Mapping[str, Sequence[int]]) -> Notes:
    """Which codes of some rows are not among the chosen ones, in words: always said."""
    notes: Notes = []
    for column, kept_codes in codes.items():
        for number in sorted(set(table[column]) - set(kept_codes)):
            names = table.loc[table[column] == number, "sci_name"]
            supporting = (column, number) == ("presence", 3)
            facts = {"n": len(names), **_code_note(column, number).facts}
            note = Note("supporting part" if supporting else "part left out", facts)
            where = in_short(sorted(set(names)))
            notes.append(problem_of("counted", "ranges", file, where, note))
    return notes


def codes_kept(ranges: pd.DataFrame, codes: Mapping[str, Sequence[int]]) -> Notes:
    """How many parts the choice of codes kept."""
    kept_rows = int((ranges["use"] == "kept").sum())
    clauses = [
        Note("codes of a column", {"column": column, "names": in_short(sorted(some), None)})
        for column, some in codes.items()
    ]
    note = Note("parts kept", {"kept": kept_rows, "n": len(ranges), "clauses": clauses})
    return [problem_of("note", "ranges", "", "", note)]


def clipped_ranges(
    table: gpd.GeoDataFrame, area: Any, file: str, why: Note
) -> tuple[gpd.GeoDataFrame, Notes]:
    """Ranges clipped to an area, with what was cut off in km²; rows with nothing inside are dropped."""
    if not len(table):
        return table, []
    before = shapely.area(table.geometry.to_numpy()).sum() / 1e6
    shapes = clipped(table.geometry.to_numpy(), area)
    after = shapely.area(shapes).sum() / 1e6
    empty = shapely.is_empty(shapes)
    names = in_short(sorted(table["sci_name"].unique()))
    facts = {"why": why, "cut": float(before - after), "km2": float(before)}
    facts |= {"count": int(empty.sum()), "of": len(table)}
    note = Note("cut outside, some wholly" if empty.any() else "cut outside", facts)
    result = table.set_geometry(gpd.GeoSeries(shapes, index=table.index, crs=table.crs))
    return result[~empty], [problem_of("counted", "ranges", file, names, note)]


# -- keyed layers ---------------------------------------------------------------------------------


SITES: Final = "sites"
"""What is read as sites has an id as layers have, under the name ``site``."""


def _key_of(layer: str) -> str:
    """The column that tells the rows of a layer apart."""
    return LAYERS[layer].key[0] if layer in LAYERS else "site"


def with_ids(table: gpd.GeoDataFrame, layer: str) -> tuple[gpd.GeoDataFrame, Notes]:
    """Every row with an id: its own, or one counted over the rows in order of name and shape."""
    key = _key_of(layer)
    title = LAYERS[layer].titles[0] if layer in LAYERS else "name_en"
    values = table[key] if key in table else [None] * len(table)
    # texts were cleaned with their column
    texts = [value if isinstance(value, str) else id_text(value) for value in values]
    # lists of ids have ";" between them: within one it would make two, neither of them there
    ids = _without_semicolons(texts)
    names = [str(name or "") for name in table[title]] if title in table else [""] * len(table)
    notes: Notes = []
    if layer != "protected_areas":
        ids, notes = told_apart(ids, names, layer, key)
    if bare := [position for position, value in enumerate(ids) if value is None]:
        _number(ids, bare, names, table, LAYERS[layer].prefix if layer in LAYERS else "site-")
        note = Note("ids made", {"count": len(bare), "of": len(table), "column": key})
        numbered = in_short(ids[position] for position in bare)
        notes.append(problem_of("note", layer, "", numbered, note))
    return table.assign(**{key: ids}), notes


def _without_semicolons(texts: Sequence[str | None]) -> list[str | None]:
    """Ids with commas in place of semicolons, as many as make each of them one that no other row has."""
    used_ids, spellings = {*texts}, {}
    for text in texts:
        if text and ";" in text and text not in spellings:
            tries = (text.replace(";", "," * times) for times in count(1))
            spellings[text] = next(spelling for spelling in tries if spelling not in used_ids)
            used_ids.add(spellings[text])
    return [spellings.get(text or "", text) for text in texts]


def _number(
    ids: list[str | None],
    bare: list[int],
    names: Sequence[str],
    table: gpd.GeoDataFrame,
    prefix: str,
) -> None:
    """Put ids that nobody has yet into the bare places, which are sorted by name, then by shape."""
    shapes = shapely.to_wkb(shapely.normalize(table.geometry.to_numpy()))
    used_ids, number = set(ids), 0
    # By name, then by shape: numbers do not depend on where a row stands.
    bare.sort(key=lambda at: (names[at], shapes[at]))
    for position in bare:
        number += 1
        while f"{prefix}{number:03d}" in used_ids:
            number += 1
        ids[position] = f"{prefix}{number:03d}"


def told_apart(
    ids: Sequence[str | None], names: Sequence[str], layer: str, key: str
) -> tuple[list[str | None], Notes]:
    """Ids without the numbers that tell no rows apart, and a note of these."""
    if not (shared := numbers_of_several(ids, names)):
        return list(ids), []
    note = Note("ids shared", {"column": key})
    kept_ids = [None if value in shared else value for value in ids]
    return kept_ids, [problem_of("note", layer, "", in_short(shared), note)]


def numbers_of_several(ids: Sequence[str | None], names: Sequence[str]) -> list[str]:
    """The ids that are bare numbers and tell no rows apart, though their names differ: a column left at 0.

    That is 0 and -1, which programs write where nobody typed a number, and a number that three rows
    or more share and most rows have. Others are believed: the parts of a unit in two states bear
    its number and a name each. So are codes, and numbers of rows of one name, or of none.

    Examples
    --------
    >>> numbers_of_several(["0", "0", "1", "1", "H1", "H1"], ["a", "b", "c", "d", "e", "f"])
    ['0']
    >>> numbers_of_several(["12", "12", "13"], ["Ustyurt (KZ)", "Ustyurt (UZ)", "Alai"])
    []
    >>> numbers_of_several(["7", "7", "7", "8"], ["a", "b", "c", "d"])
    ['7']
    """
    names_of: dict[str, list[str]] = {}
    for value, name in zip(ids, names, strict=True):
        if value is not None and value.removeprefix("-").isdigit():
            names_of.setdefault(value, []).append(name)
    return sorted(
        one
        for one, known in names_of.items()
        if len(set(known)) > 1
        and "" not in known
        and (one in _NO_NUMBERS or len(known) > max(2, len(ids) / 2))
    )


_NO_NUMBERS: Final = ("0", "-1")
"""What programs write into a column of numbers where nobody typed one."""


def id_text(value: object) -> str | None:
    """An id as text: a whole number that a table made a float of loses its ".0"."""
    if isinstance(value, (float, np.floating)) and float(value).is_integer():
        return str(int(value))
    return dialects.clean_text(value)


def one_row_a_key(table: gpd.GeoDataFrame, layer: str) -> tuple[gpd.GeoDataFrame, Notes]:
    """Rows under one key joined into one, with the words of the largest; sorted by key."""
    key = _key_of(layer)
    twice = table[key].duplicated(keep=False)
    if not twice.any():
        return _ordered(table, key), []
    rest = table[twice]
    wkb = shapely.to_wkb(shapely.normalize(rest.geometry.to_numpy()))
    shapes = rest.geometry.to_numpy()
    # Of lines and points the area is 0: then by length, then by content, not by place in the file.
    size = list(zip(-shapely.area(shapes), -shapely.length(shapes), wkb, strict=True))
    rest = rest.iloc[sorted(range(len(rest)), key=lambda at: (str(rest[key].iloc[at]), size[at]))]
    first = rest.drop_duplicates(key)
    united = [
        joined(rest.geometry.to_numpy()[(rest[key] == name).to_numpy()]) for name in first[key]
    ]
    first = first.set_geometry(gpd.GeoSeries(united, index=first.index, crs=table.crs))
    note = Note("rows joined", {"count": len(rest), "column": key, "into": len(first)})
    all_rows = gpd.GeoDataFrame(pd.concat([table[~twice], first]), crs=table.crs)
    where = in_short(_with_names(rest, key))
    return _ordered(all_rows, key), [problem_of("counted", layer, "", where, note)]


def _with_names(rows: gpd.GeoDataFrame, key: str) -> list[str]:
    """The keys of rows that were joined, each with the names of its rows where these differ."""
    title = next((name for name in ("name_en", "name") if name in rows), key)
    names_of = {
        str(one): sorted(set(some.dropna().astype(str)) - {""})
        for one, some in rows.groupby(key, sort=False)[title]
    }
    return [
        f"{one} ({listed(names)})" if len(names) > 1 else one for one, names in names_of.items()
    ]


def named(table: gpd.GeoDataFrame, fallback: str) -> gpd.GeoDataFrame:
    """Names in both languages: a missing one is that of the other, where both are missing the id."""
    blank = dialects.blank(table.index)
    english, russian = (table.get(name, blank) for name in ("name_en", "name_ru"))
    english = english.fillna(russian).fillna(table[fallback]).astype(str)
    russian = russian.fillna(english).astype(str)
    return table.assign(name_en=english, name_ru=russian)


def called(table: gpd.GeoDataFrame, layer: str) -> gpd.GeoDataFrame:
    """Rows of a layer with one column of names: what has no name is called by its id, wherever it is told."""
    nameless = table["name"].eq("")
    return table.assign(name=table["name"].mask(nameless, table[_key_of(layer)].astype(str)))


def country_rows(table: gpd.GeoDataFrame, states: Sequence[str]) -> tuple[gpd.GeoDataFrame, Notes]:
    """One row a country by alpha-2 code; `range_state` says which are the plan's states."""
    table, notes = _without_seas(table)
    codes = [dialects.iso2(value) for value in table["iso2"]]
    good = np.array([code is not None and len(code) == 2 for code in codes], dtype=bool)
    nameless: str | Note = ""
    if not good.all():
        nameless = in_short(_codeless(table[~good]))
        note = Note("rows without ISO code", {"count": int((~good).sum()), "of": len(table)})
        notes.append(problem_of("counted", "countries", "", nameless, note))
    table = named(table.assign(iso2=codes)[good], "iso2")
    names = _names_of_parted(table)
    table, joined_notes = one_row_a_key(table, "countries")
    for column in ("name_en", "name_ru"):
        told_names = [names.get(str(code), {}).get(column) for code in table["iso2"]]
        table[column] = pd.Series(told_names, index=table.index).fillna(table[column])
    if missing := [state for state in states if state not in set(table["iso2"])]:
        strange = [state for state in missing if state not in ISO2_CODES]
        rest: str | Note = (
            Note("states not in ISO", {"names": in_short(strange)}) if strange else ""
        )
        if nameless:
            rest = Note("rows with no code", {"names": nameless})
        note = Note("states without polygon", {"names": in_short(missing, 20), "rest": rest})
        joined_notes.append(problem_of("refuses", "countries", "", "", note))
    return table.assign(range_state=table["iso2"].isin(states)), notes + joined_notes


_MOSTLY: Final = 0.8
"""A part with more of its state's ground than this has the state's name; its islands have their own."""

_OF_STATE: Final = ("admin", "country", "country_name", "name_0", "adm0_en", "adm0_name")
"""Columns in which layers of provinces say what their state is called."""


def _names_of_parted(table: gpd.GeoDataFrame) -> dict[str, dict[str, str]]:
    """What states are called of which a layer has provinces, each by its own name, by code and column.

    As the layer's own column of states says, else as the bundled layer does, else by its code: never
    as its largest province.
    """
    known_names = names_of_states()
    called_states = {}
    for code, rows in table.groupby("iso2", sort=True):
        area = rows.geometry.area.groupby(rows["name_en"]).sum()
        if len(area) < 2 or area.max() > _MOSTLY * area.sum():
            continue
        columns = (rows[column].dropna() for column in _OF_STATE if column in rows)
        own_name = next((str(titles.iloc[0]) for titles in columns if titles.nunique() == 1), "")
        english, russian = known_names.get(str(code), (str(code), str(code)))
        called_states[str(code)] = {
            "name_en": own_name or english,
            "name_ru": russian if str(code) in known_names else own_name or russian,
        }
    return called_states


def _codeless(rows: gpd.GeoDataFrame) -> list[str]:
    """What rows without a code of a state are called, with what stands in the place of the code."""
    names = named(rows.assign(_row=rows.index.astype(str)), "_row")["name_en"]
    return [
        f"{name} ({came})" if came and came != name else name
        for name, came in zip(names, map(dialects.clean_text, rows["iso2"]), strict=True)
    ]


def _without_seas(table: gpd.GeoDataFrame) -> tuple[gpd.GeoDataFrame, Notes]:
    """States without the rows that are of their seas alone, and what is said of sea that is left.

    In the layers of marineregions.org the column ``POL_TYPE`` says which is which.
    """
    kinds = table.get("pol_type", dialects.blank(table.index)).fillna("").astype(str)
    kinds = kinds.str.casefold()
    is_sea = kinds.str.contains(_SEA) & ~kinds.str.contains("country")
    notes: Notes = []
    if is_sea.any():
        names = in_short(_codeless(table[is_sea]))
        note = Note("rows of sea", {"count": int(is_sea.sum()), "of": len(table)})
        level: Any = "refuses" if is_sea.all() else "counted"
        notes.append(problem_of(level, "countries", "", names, note))
    if kinds.str.contains("union").any():
        notes.append(problem_of("note", "countries", "", "", Note("states with sea")))
    return table if is_sea.all() else table[~is_sea], notes


_SEA: Final = r"\d ?nm\b|regime|claim|waters|\bseas?\b|\beez\b|\bzone|shelf"
"""What marineregions.org calls kinds of maritime zones by."""


def protected_area_rows(
    table: gpd.GeoDataFrame, countries: gpd.GeoDataFrame | None, *, steps: frozenset[int] = PA_STEPS
) -> tuple[gpd.GeoDataFrame, Notes]:
    """Protected areas and OECMs as polygons, in the last two of the numbered steps.

    4. Points become circles of their reported area; one that reports none is left out. Switched
       off: all points are left out.
    5. Areas that overlap keep their own rows, and how much ground they share is said: whatever is
       measured counts it once. Switched off: it is not looked for, and nothing else changes.
    """
    notes: Notes = []
    blank = dialects.blank(table.index)
    reported = dialects.numbers(table.get("reported_area_km2", blank)).fillna(0.0)
    shapes = np.asarray(table.geometry.to_numpy(), dtype=object).copy()
    # The world database has areas whose outline nobody handed in, as points with a reported size.
    points = np.isin(shapely.get_type_id(shapes), (0, 4))
    left_out = points & ~((reported > 0).to_numpy() & (4 in steps))
    as_circles = points & ~left_out
    name = table.get("name", blank).fillna("").astype(str)

    def step_notes(key: str, rows: Any) -> Notes:
        """How many areas, and how large as reported, a step concerns."""
        if not rows.any():
            return []
        note = Note(key, {"n": int(rows.sum()), "km2": float(reported[rows].sum())})
        names = in_short(sorted(set(name[rows]) - {""}))
        return [problem_of("counted", "protected_areas", "", names, note)]

    notes += step_notes("points without area" if 4 in steps else "points left out", left_out)
    for row in np.flatnonzero(as_circles):
        parts = shapely.get_parts(shapes[row])
        part_m2 = float(reported.iloc[row]) * 1e6 / len(parts)
        shapes[row] = joined(np.array([circle(part, part_m2) for part in parts], dtype=object))
    notes += step_notes("points as circles", as_circles)
    table = table.set_geometry(gpd.GeoSeries(shapes, index=table.index, crs=table.crs))[~left_out]
    table = table.assign(
        iso2=dialects.by_value(table.get("iso2", blank[~left_out]), dialects.iso2),
        name=name[~left_out],
        kind=dialects.by_value(table.get("kind", blank[~left_out]), _kind),
        reported_area_km2=reported[~left_out],
    )
    table, id_notes = with_ids(table, "protected_areas")
    table, joined_notes = one_row_a_key(table, "protected_areas")
    if countries is not None and table["iso2"].isna().any():
        homeless = table["iso2"].isna().to_numpy()
        # Not the centroid, which may lie outside of a bent area, and across a border.
        at = shapely.point_on_surface(table.geometry.to_numpy()[homeless])
        tree = shapely.STRtree(countries.geometry.to_numpy())
        state_at = pd.Series("", index=range(len(at)))
        point, country = tree.query(at, predicate="within")
        state_at.iloc[point] = countries["iso2"].to_numpy()[country]
        table.loc[homeless, "iso2"] = state_at.to_numpy()
        note = Note("areas without state", {"n": int(homeless.sum())})
        notes.append(problem_of("note", "protected_areas", "", "", note))
    over = _counted_twice_km2(table) if 5 in steps else 0.0
    if over >= 1:
        note = Note("areas overlap", {"km2": float(over)})
        joined_notes.append(problem_of("note", "protected_areas", "", "", note))
    table = called(table.assign(iso2=table["iso2"].fillna("")), "protected_areas")
    return table, notes + id_notes + joined_notes


def _counted_twice_km2(table: gpd.GeoDataFrame) -> float:
    """By how much the areas added up exceed the ground they cover."""
    parts = shapely.get_parts(table.geometry.to_numpy())
    # only what meets another can count twice: of 100,000 areas a few are united
    parts = parts[have_neighbours(parts)]
    return float(shapely.area(parts).sum() - shapely.area(shapely.union_all(parts))) / 1e6


def _kind(value: object) -> str:
    """What an area is, "PA" or "OECM", from PA_DEF (1, 0) or SITE_TYPE; "PA" where none is given."""
    text = (id_text(value) or "").casefold()
    return "OECM" if text in ("0", "oecm") else "PA"


def areas_in_force(
    table: pd.DataFrame, file: str, states: Sequence[str], *, steps: frozenset[int] = PA_STEPS
) -> tuple[np.ndarray[Any, np.dtype[np.bool_]], Notes]:
    """Which protected areas lie in the states and are in force, in numbered steps.

    The steps are those that users of WDPA agree on (Hanson 2022); each can be switched off, and
    each that leaves out anything says how many rows, and how many km² as reported:

    1. areas of other states,
    2. areas that are only proposed, or whose status is not reported,
    3. UNESCO biosphere reserves, much of which is not protected.

    Step 4 (points become circles of their reported area) and step 5 (overlaps are counted once) are
    those of :func:`protected_area_rows`.

    References
    ----------
    Hanson, J. O. (2022). wdpar: interfacing with the World Database on Protected Areas.
    Journal of Open Source Software 7, 4594. https://doi.org/10.21105/joss.04594
    """
    keep = np.ones(len(table), dtype=bool)
    notes: Notes = []
    blank = dialects.blank(table.index)
    reported = dialects.numbers(table.get("reported_area_km2", blank)).fillna(0.0)
    name = table.get("name", blank).fillna("").astype(str)

    def step(number: int, out: Any, what: str) -> None:
        """Leave out what a step says, and tell how many and how large."""
        dropped = keep & out
        if number not in steps:
            return
        if dropped.any():
            names = in_short(sorted(set(name[dropped]) - {""}))
            km2 = float(reported.to_numpy(dtype=float)[dropped].sum())
            facts = {"step": number, "count": int(dropped.sum()), "of": len(table)}
            size = Note("size as reported", {"km2": km2}) if km2 else ""
            note = Note("areas of a step", {**facts, "what": Note(what), "size": size})
            notes.append(problem_of("counted", "protected_areas", file, names, note))
        keep[dropped] = False

    if "iso2" in table and states:
        codes = {value: dialects.iso2(value) for value in table["iso2"].unique()}
        state_codes = [codes[value] for value in table["iso2"]]
        away = [code is not None and not set(code.split(";")) & set(states) for code in state_codes]
        step(1, np.array(away, dtype=bool), "areas elsewhere")
    if "status" in table:
        idle = [
            value is not None and str(value).casefold() not in _IN_FORCE
            for value in table["status"]
        ]
        step(2, np.array(idle, dtype=bool), "areas not in force")
    if "designation" in table:
        mab = table["designation"].fillna("").astype(str).str.casefold()
        is_reserve = mab.str.contains("unesco") & mab.str.contains("biosphere")
        step(3, is_reserve.to_numpy(), "areas of MAB")
    return keep, notes


def barrier_rows(table: gpd.GeoDataFrame) -> tuple[gpd.GeoDataFrame, Notes]:
    """Barriers with a permeability from 0 (closed) to 1 (open)."""
    value = dialects.numbers(table["permeability"])
    wrong = ~value.between(0, 1)
    notes: Notes = []
    blank = dialects.blank(table.index)
    names = table.get("name", blank).fillna("").astype(str)
    if wrong.any():
        came = in_short(sorted({str(value) for value in table["permeability"][wrong]}))
        where = rows_in_short(table.index[wrong], names[wrong])
        facts = {"count": int(wrong.sum()), "of": len(table), "came": came}
        note = Note("permeability wrong", facts)
        notes.append(problem_of("refuses", "barriers", "", where, note))
    kind = table["kind"].fillna("barrier").astype(str)
    table = table.assign(permeability=value.astype(float), name=names, kind=kind)[~wrong]
    table, id_notes = with_ids(table, "barriers")
    table, joined_notes = one_row_a_key(table, "barriers")
    return called(table, "barriers"), notes + id_notes + joined_notes


def corridor_rows(table: gpd.GeoDataFrame, names: Names) -> tuple[gpd.GeoDataFrame, Notes]:
    """Corridors of species of the table, one row a corridor and species, with evidence grade A to D or N."""
    notes: Notes = []
    grade = table["evidence_grade"].fillna("N").astype(str).str.strip().str.upper()
    wrong = ~grade.isin(GRADES)
    if wrong.any():
        where = rows_in_short(table.index[wrong])
        note = Note("grade unknown", {"came": in_short(sorted(grade[wrong].unique()))})
        notes.append(problem_of("refuses", "corridors", "", where, note))
        return table[:0], notes
    table, month_notes = with_months(table, "corridors")
    blank = dialects.blank(table.index)
    table = table.assign(evidence_grade=grade, name=table.get("name", blank).fillna("").astype(str))
    table, id_notes = with_ids(table, "corridors")
    listed_names = [names_in(cell) for cell in table["sci_name"].fillna("").astype(str)]
    matches = {
        name: match(name, None, None, names=names, rules={})
        for row_names in listed_names
        for name in row_names
    }
    taxa = {
        name: verdict.taxon if verdict.verdict in ("ours", "guarded", "wider") else ""
        for name, verdict in matches.items()
    }
    # of two names of one species the first
    told_once = [
        list({taxa[name] or name: name for name in reversed(row_names)}.values())[::-1]
        for row_names in listed_names
    ]
    table = table.assign(sci_name=told_once)
    several = table["sci_name"].map(
        lambda row_names: sum(taxa[name] != "" for name in row_names) > 1
    )
    table = table.explode("sci_name")
    order = (table.groupby("corridor_id").cumcount() + 1).astype(str)
    # Only corridors of several species of ours get a number behind their id: all others keep theirs.
    where = several.loc[table.index].to_numpy()
    if where.any():
        table[DRAWN_AS] = table["corridor_id"]
    table["corridor_id"] = table["corridor_id"].where(~where, table["corridor_id"] + "." + order)
    ours = table["sci_name"].map(taxa)
    unknown = (ours == "").to_numpy()
    if unknown.any():
        others = in_short(sorted(table.loc[unknown, "sci_name"].unique()))
        note = Note("corridors of others", {"count": int(unknown.sum()), "of": len(table)})
        notes.append(problem_of("counted", "corridors", "", others, note))
    table, joined_notes = one_row_a_key(table.assign(sci_name=ours)[~unknown], "corridors")
    return called(table, "corridors"), notes + month_notes + id_notes + joined_notes


def with_months(
    table: gpd.GeoDataFrame, layer: str, file: str = ""
) -> tuple[gpd.GeoDataFrame, Notes]:
    """The column of months as texts, where a layer has it; what names no months is left out, aloud."""
    if MONTHS not in table:
        return table, []

    def spans(value: Any) -> str | None:
        number = pd.to_numeric(value, errors="coerce")
        # a column of single months comes as 4.0 where some row lacks one
        text = f"{number:g}" if pd.notna(number) else "" if pd.isna(value) else str(value).strip()
        try:
            return text if month_spans(text) else ""
        except ValueError:
            return None

    months = [spans(value) for value in table[MONTHS]]
    odd = [row for row, text in zip(table.index, months, strict=True) if text is None]
    notes = []
    if odd:
        came = in_short(sorted({str(value) for value in table.loc[odd, MONTHS]}))
        note = Note("months unclear", {"column": MONTHS, "came": came})
        notes.append(problem_of("counted", layer, file, rows_in_short(odd), note))
    texts = pd.Series([text or "" for text in months], index=table.index, dtype=object)
    return table.assign(**{MONTHS: texts}), notes


def place_rows(table: gpd.GeoDataFrame) -> tuple[gpd.GeoDataFrame, Notes]:
    """Places for names; of several with one name the largest stays."""
    blank = dialects.blank(table.index)
    extent = dialects.numbers(table.get("extent_km", blank)).fillna(0.0)
    nameless = table["name_en"].isna()
    table = table.assign(
        extent_km=extent.astype(float), kind=table.get("kind", blank).fillna("place").astype(str)
    )[~nameless]
    table = named(table, "name_en")
    wkb = shapely.to_wkb(shapely.normalize(table.geometry.to_numpy()))
    # Of places with one name the largest: it is the one that units are called after.
    order = sorted(
        range(len(table)),
        key=lambda at: (table["name_en"].iloc[at], -table["extent_km"].iloc[at], wkb[at]),
    )
    table = table.iloc[order]
    twice = table["name_en"].duplicated()
    notes: Notes = []
    if nameless.any():
        note = Note("places without name", {"n": int(nameless.sum())})
        notes.append(problem_of("counted", "gazetteer", "", "", note))
    if twice.any():
        note = Note("places named twice", {"n": int(twice.sum())})
        names = in_short(sorted(table.loc[twice, "name_en"].unique()))
        notes.append(problem_of("counted", "gazetteer", "", names, note))
    return _ordered(table[~twice], "name_en"), notes


def hotspot_rows(table: gpd.GeoDataFrame) -> tuple[gpd.GeoDataFrame, Notes]:
    """Hotspots; of Key Biodiversity Areas those are told that their keepers do not, or no more, confirm."""
    status = table.get("kbastatus", table.get("ibastatus", dialects.blank(table.index)))
    unsure = status.notna() & status.astype(str).str.casefold().ne("confirmed")
    status = status.astype(str)  # of several files, in one of which it is a number
    result, notes = keyed_rows(table, "hotspots")
    if unsure.any():
        facts = {"count": int(unsure.sum()), "of": len(table)}
        note = Note("areas unconfirmed", facts | {"names": in_short(sorted(set(status[unsure])))})
        names = in_short(sorted(named(table.assign(_row=""), "_row").loc[unsure, "name_en"]))
        notes.append(problem_of("note", "hotspots", "", names, note))
    return result, notes


def keyed_rows(table: gpd.GeoDataFrame, layer: str) -> tuple[gpd.GeoDataFrame, Notes]:
    """A layer of named polygons: ids, names in both languages, one row an id."""
    table, notes = with_ids(table, layer)
    table, joined_notes = one_row_a_key(named(table, _key_of(layer)), layer)
    return table, notes + joined_notes


def _ordered(table: gpd.GeoDataFrame, key: str) -> gpd.GeoDataFrame:
    return table.sort_values(key, kind="stable").reset_index(drop=True)


# -- dissolving -----------------------------------------------------------------------------------


def kept(ranges: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """The range parts that count as range: those the choice of IUCN codes kept."""
    return ranges[ranges["use"] == "kept"].reset_index(drop=True)


def features(ranges: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """One row a species: its kept range parts dissolved, and the regional range.

    Parameters
    ----------
    ranges
        The table `ranges`, projected to an equal-area CRS in metres.

    Returns
    -------
    GeoDataFrame
        ``sci_name``, ``range_km2`` (km² of the dissolved range, before any clipping to a study
        area; ground that counts in part by its weight), ``geometry``; sorted by ``sci_name``. A species
        without a kept part is not there.

    Raises
    ------
    InputError
        If ``sci_name``, ``use`` or a geometry is missing, or the CRS is none that keeps areas.

    Examples
    --------
    Two overlapping parts of 20 x 10 km that share half: 300 km², not 400; nothing kept, nothing there.

    >>> import cami_units as cu
    >>> import geopandas as gpd, shapely
    >>> parts = gpd.GeoDataFrame(
    ...     {"sci_name": "Bos mutus", "use": "kept"},
    ...     index=[0, 1],
    ...     geometry=[shapely.box(0, 0, 20_000, 10_000), shapely.box(10_000, 0, 30_000, 10_000)],
    ...     crs=cu.EQUAL_AREA,
    ... )
    >>> cu.features(parts)["range_km2"].tolist()
    [300.0]
    >>> len(cu.features(parts.assign(use="left out")))
    0
    """
    check_arguments(features, locals())
    check_inputs({"ranges": (ranges, ("sci_name", "use"))})
    return regional_ranges(kept(ranges))


def lines_of(shapes: Any) -> Any:
    """Lines of several shapes as one, merged where they meet and in an order of their own."""
    merged = shapely.line_merge(shapely.union_all(sorted_shapes(np.asarray(shapes, dtype=object))))
    return shapely.normalize(merged)
