"""Ranges: whose they are, what their codes say, and whose file goes before whose."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final, Literal

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from cami_units.layers import _dialects as dialects
from cami_units.layers import _layer_tables as tables
from cami_units.layers._equal_area import only
from cami_units.layers._gis_files import Select
from cami_units.layers._layer_rows import Clean, files_of, gathered, with_counts
from cami_units.layers._national_files import own_entries, ranges_beside_bundled
from cami_units.layers._occurrences import ranges_from_records
from cami_units.layers._reading import (
    Dataset,
    FileRules,
    LayerRead,
    Reading,
    names_in_short,
    rows_in_short,
)
from cami_units.layers._shape_checks import cleaned, turned_note
from cami_units.layers._taxa import (
    ASKED,
    Match,
    Names,
    asked_name,
    matches,
    names_in,
    names_of,
    rule_lines,
    rules_by_source,
    skip_aside,
    words_of,
)
from cami_units.model import (
    MONTHS,
    RANGE_WEIGHT,
    SOURCE_FACTS,
    Note,
    Problem,
    in_short,
    nearest_note,
    problem_of,
)
from cami_units.overlap import dissolved, joined_states

_NAMING: Final = ("sci_name", "subspecies", "subpop")


def _verdicts(table: pd.DataFrame, names: Names, rules: Mapping[str, Sequence[str]]) -> list[Match]:
    """What each row turns out to be, each different name looked up once."""
    columns = [
        table[column] if column in table else dialects.blank(table.index) for column in _NAMING
    ]
    rows = [
        tuple(None if pd.isna(value) else str(value) for value in row)
        for row in zip(*columns, strict=True)
    ]
    return matches(rows, names, rules)


def _range_rows(names: Names, species: pd.DataFrame, reading: Reading) -> Select:
    """Which rows of a range file are of our taxa, and what the others are."""
    rules = rules_by_source(reading.taxa)

    def select(
        attributes: pd.DataFrame, file: str, file_rules: FileRules
    ) -> tuple[Any, list[Problem]]:
        """Which rows are of species that count, and what is said of the others."""
        table, _ = dialects.in_our_words(attributes, "ranges", file, file_rules, only=_NAMING)
        if "sci_name" not in table:
            return np.ones(len(table), dtype=bool), []
        verdicts = _verdicts(table, names, rules)
        unused = {
            name for name in rules if all(reading.taxa[verdict].skip for verdict in rules[name])
        }
        kinds = np.array(
            ["skipped" if verdict.source in unused else verdict.verdict for verdict in verdicts],
            dtype=object,
        )
        notes = _of_several(table, names, file)
        for kind, key in _WHY_NOT.items():
            rows = kinds == kind
            if rows.any():
                others = sorted(_whole_names(table[rows]))
                meant_names = _meant_names(others, names) if kind == "unknown" else []
                facts = {"count": int(rows.sum()), "of": len(table), "sentences": meant_names}
                note = Note(key, facts)
                notes.append(problem_of("counted", "ranges", file, names_in_short(others), note))
                notes += _hints(others, names, species, reading, file) if kind == "unknown" else []
        return ~np.isin(kinds, list(_WHY_NOT)), notes

    return select


def _of_several(table: pd.DataFrame, names: Names, file: str) -> list[Problem]:
    """What is said of rows that name more than one taxon: a row of a range is of one, the first."""
    cells = map(str, table["sci_name"].dropna().unique())
    if not (several := [cell for cell in cells if len(_taxa_named(cell, names)) > 1]):
        return []
    rows = int(table["sci_name"].isin(several).sum())
    note = Note("ranges of several species", {"count": rows, "of": len(table)})
    return [problem_of("counted", "ranges", file, names_in_short(several), note)]


def _taxa_named(cell: str, names: Names) -> set[str]:
    """The taxa of ours that a cell names; of one name alone, which is the rule, nothing is looked up."""
    asked_names = [(name, None, None) for name in names_in(cell)]
    if len(asked_names) < 2:
        return set()
    return {verdict.taxon for verdict in matches(asked_names, names, {})} - {""}


def _meant_names(others: Iterable[str], names: Names) -> list[Note]:
    """The taxa of ours that unknown names were perhaps meant to be, a letter away."""
    near = {}
    for name in others:
        # Nine letters of ten alike: one letter slipped in a long name, and no other species of the
        # genus.
        close = get_close_matches(" ".join(words_of(name)), list(names.taxa), n=1, cutoff=0.9)
        if close:
            near[name] = names.taxa[close[0]]
    return [Note("meant species", {"taxon": taxon, "name": name}) for name, taxon in near.items()]


_WHY_NOT: Final = {
    "unknown": "rows of unknown species",
    "other": "rows of other subspecies",
    "skipped": "rows to skip",
}


def _whole_names(table: pd.DataFrame) -> set[str]:
    """The names in a table, each with what stands below the species."""
    extra = table["subspecies"] if "subspecies" in table else pd.Series("", index=table.index)
    return {
        f"{'' if pd.isna(name) else name} {'' if pd.isna(below) else below}".strip()
        for name, below in zip(table["sci_name"], extra, strict=True)
    }


def _hints(
    source_names: Iterable[str], names: Names, species: pd.DataFrame, reading: Reading, file: str
) -> list[Problem]:
    """Unknown species that a taxon of ours was once part of: how to use them if that is meant."""
    notes = []
    for source_name in source_names:
        if (taxon := names.related.get(" ".join(words_of(source_name)))) is not None:
            states = _home(taxon, species, reading)
            facts = {"taxon": taxon, "source": source_name}
            note = Note("part of a species", facts | skip_aside(states))
            lines = rule_lines(taxon, source_name, states)
            notes.append(problem_of("note", "ranges", file, source_name, note, lines))
    return notes


def _home(taxon: str, species: pd.DataFrame, reading: Reading) -> list[str]:
    """The range states of a taxon that are in the plan."""
    states = str(species.loc[species["sci_name"] == taxon, "range_states"].iloc[0]).split(";")
    return [state for state in sorted(states) if state in reading.states]


def _coded_ranges(
    species: pd.DataFrame, names: Names, reading: Reading, countries: gpd.GeoDataFrame
) -> Clean:
    """From the rows of a range file to cleaned, coded rows of CAMI taxa."""
    rules = rules_by_source(reading.taxa)

    def clean(dataset: Dataset, layer: str, how: FileRules) -> LayerRead:
        """Rows with their codes, taxa and states: what is kept of a file of ranges."""
        verdicts = _verdicts(dataset.table, names, rules)
        notes = _guarded(dataset, verdicts, species, reading)
        coded, code_notes, is_good = tables.codes_filled(
            _with_taxa(dataset.table, verdicts, rules, reading), dataset.name, reading.missing
        )
        notes += code_notes
        notes += tables.codes_left_out(coded[is_good], dataset.name, reading.codes)
        shapes = cleaned(replace(dataset, table=coded[is_good]), layer, how)
        table, clip_notes = _within_states(shapes.table, dataset.name, reading, countries)
        table, column_notes = _range_columns(table, dataset)
        problems = (*notes, *shapes.problems, *clip_notes, *column_notes)
        return LayerRead(table, problems, repaired=shapes.repaired)

    return clean


def _with_taxa(
    table: gpd.GeoDataFrame,
    verdicts: Sequence[Match],
    rules: Mapping[str, Sequence[str]],
    reading: Reading,
) -> gpd.GeoDataFrame:
    """The rows that are used, under the names of the taxa they are used for.

    A row under a rule is there once for each taxon it stands for; `_ruled` says which those are.
    """
    uses = [
        (position, taxon, verdict.verdict == "ruled", verdict.is_part)
        for position, verdict in enumerate(verdicts)
        for taxon in rules.get(verdict.source, [verdict.taxon])
        if verdict.verdict == "ours" or (verdict.source and not reading.taxa[taxon].skip)
    ]
    rows = table.iloc[[position for position, *_ in uses]]
    return rows.assign(
        _named=rows.get("sci_name", ""),
        sci_name=[taxon for _, taxon, _, _ in uses],
        _ruled=[ruled for _, _, ruled, _ in uses],
        _part=[is_part for *_, is_part in uses],
    )


def _within_states(
    table: gpd.GeoDataFrame, file: str, reading: Reading, countries: gpd.GeoDataFrame
) -> tuple[gpd.GeoDataFrame, list[Problem]]:
    """The rows under a rule clipped to the states it names."""
    # Rows without a rule stay whole: ranges are measured before anything of them is cut.
    is_ruled = table["_ruled"].astype(bool)
    if not is_ruled.any():
        return table, []
    pieces, notes = [table[~is_ruled]], []
    ruled = table[is_ruled]
    for taxon in sorted(ruled["sci_name"].unique()):
        rule = reading.taxa[taxon]
        ground = joined_states(countries, rule.within)
        facts = {
            "source": rule.in_words,
            "taxon": taxon,
            "names": in_short(sorted(rule.within), 20),
        }
        why = Note("stands within", facts)
        mine = ruled[ruled["sci_name"] == taxon]
        clipped, clip_notes = tables.clipped_ranges(mine, ground, file, why)
        pieces.append(clipped)
        notes += clip_notes
    return pd.concat(pieces), notes


def _range_columns(
    table: gpd.GeoDataFrame, dataset: Dataset
) -> tuple[gpd.GeoDataFrame, list[Problem]]:
    """The columns of the ranges table; grades of confidence checked."""
    blank = dialects.blank(table.index)
    grades, odd = tables.confidence_grades(table.get("confidence", blank))
    notes = []
    if odd:
        note = Note("confidence unknown", {"came": in_short(odd)})
        notes.append(problem_of("counted", "ranges", dataset.name, "", note))
    weights: dict[str, Any] = {}
    if RANGE_WEIGHT in table:
        weight = dialects.numbers(table[RANGE_WEIGHT])
        wrong = ~weight.between(0, 1) & table[RANGE_WEIGHT].notna()
        if wrong.any():
            came = in_short(sorted({str(value) for value in table.loc[wrong, RANGE_WEIGHT]}))
            where = rows_in_short(table.index[wrong])
            note = Note("no share", {"column": RANGE_WEIGHT, "came": came})
            notes.append(problem_of("refuses", "ranges", dataset.name, where, note))
        # Without a number a row counts whole, as in a file without the column.
        weights[RANGE_WEIGHT] = weight.fillna(1.0).clip(0, 1)
    table, month_notes = tables.with_months(table, "ranges", dataset.name)
    notes += month_notes
    if MONTHS in table:
        weights[MONTHS] = table[MONTHS]
    source = table.get("source", blank).fillna(table.get("citation", blank))
    if SOURCE_FACTS in table:
        weights[SOURCE_FACTS] = table[SOURCE_FACTS]
    columns = {
        "sci_name": table["sci_name"],
        "presence": table["presence"].astype(int),
        "origin": table["origin"].astype(int),
        "seasonal": table["seasonal"].astype(int),
        "confidence": pd.Series(grades, index=table.index, dtype=object),
        "source": source.fillna(dataset.file).astype(str),
        "part": table.get("part", blank).fillna("").astype(str),
        "label": table.get("label", blank).fillna("").astype(str),
        "range_id": table.get("range_id", blank),
        **weights,
        "_part": table["_part"].astype(bool),
        "_named": table["_named"].fillna("").astype(str),
    }
    return gpd.GeoDataFrame(columns, geometry=table.geometry, crs=table.crs), notes


def _guarded(
    dataset: Dataset, verdicts: Sequence[Match], species: pd.DataFrame, reading: Reading
) -> list[Problem]:
    """One refusal for each name under which rows would have stood for a taxon."""
    notes = []
    table = dataset.table
    below = table["subspecies"] if "subspecies" in table else dialects.blank(table.index)
    rows_of: dict[tuple[str, str, str], list[int]] = {}
    for position, verdict in enumerate(verdicts):
        if verdict.verdict in ASKED:
            source = asked_name(
                verdict.verdict, table["sci_name"].iloc[position], below.iloc[position]
            )
            rows_of.setdefault((verdict.verdict, verdict.taxon, source), []).append(position)
    for (kind, taxon, source), rows in sorted(rows_of.items()):
        some = table.iloc[rows]
        where = rows_in_short(some.index)
        states = _home(taxon, species, reading)
        note = Note(
            ASKED[kind], {"n": len(some), "source": source, "taxon": taxon} | skip_aside(states)
        )
        lines = rule_lines(taxon, source, states)
        notes.append(problem_of("refuses", "ranges", dataset.name, where, note, lines))
    return notes


def _rule_problems(
    reading: Reading, species: pd.DataFrame, states: gpd.GeoDataFrame
) -> list[Problem]:
    """What is wrong with the plan's rules for taxa."""
    notes = []
    for taxon, rule in reading.taxa.items():
        if taxon not in set(species["sci_name"]):
            ours = species["sci_name"]
            facts = {"names": in_short(ours, 20), "hint": nearest_note(taxon, ours)}
            note = Note("rule of no species", {"taxon": taxon, **facts})
            notes.append(problem_of("refuses", "ranges", "", "", note))
        if nowhere := [state for state in rule.within if state not in set(states["iso2"])]:
            note = Note("rule of no state", {"taxon": taxon, "names": in_short(nowhere)})
            notes.append(problem_of("refuses", "ranges", "", "", note))
    return notes


def range_layer(
    entries: Iterable[Path] | None,
    reading: Reading,
    species: pd.DataFrame,
    countries: gpd.GeoDataFrame,
    records: gpd.GeoDataFrame | None = None,
) -> LayerRead:
    """Ranges of all species: a user's file for a species replaces the bundled parts of it.

    Ground around `records` is added to the species that the plan names for that, and to no other.
    """
    if faults := _rule_problems(reading, species, countries):
        return LayerRead(None, tuple(faults))
    # Rules of the plan are about the user's files: in ours they would find names that we know.
    plain = replace(reading, taxa={}, missing="extant")
    ranges = _from_files(None, plain, species, countries)
    own_files, with_bundled = own_entries(entries or ())
    if own_files:
        from_user = _from_files(own_files, reading, species, countries)
        unused = _unused_rules(reading, from_user.table)
        turned = _better_turned(from_user, countries)
        from_user = replace(from_user, problems=(*from_user.problems, *unused, *turned))
        if with_bundled and from_user.table is not None:
            ranges = ranges_beside_bundled(from_user, ranges, countries)
        else:
            ranges = _merged(from_user, ranges)
    if reading.record_km:
        around, notes = ranges_from_records(records, reading.record_km)
        table = (
            ranges.table if around is None else pd.concat([ranges.table, around], ignore_index=True)
        )
        ranges = replace(ranges, table=table, problems=(*ranges.problems, *notes))
    if ranges.table is None:
        refused = problem_of("refuses", "ranges", "", "", Note("no range left"))
        nothing = () if ranges.is_refused else (refused,)
        return replace(ranges, problems=(*ranges.problems, *nothing))
    # After the files are together: one with weights and one without make one table.
    table, weight_notes = _with_weights(ranges.table)
    table, clip_notes = _clipped_to_states(table, species, countries, reading.states)
    codes = dict(zip(species["sci_name"], species["code"], strict=True))
    table, part_notes = tables.range_parts(table, codes)
    sources = with_counts(replace(ranges, table=table)).sources
    use = tables.use_of(table, reading.codes)
    inner = ["_file", "_part", "_named"]
    table = table.drop(columns=[name for name in inner if name in table]).assign(use=use)
    for column in (MONTHS, SOURCE_FACTS):  # the rows of other files have none
        if column in table:
            table = table.assign(**{column: table[column].astype(object).fillna("")})
    use_notes = tables.codes_kept(table, reading.codes)
    problems = (*ranges.problems, *weight_notes, *clip_notes, *part_notes, *use_notes)
    return LayerRead(table, problems, sources)


def _with_weights(table: gpd.GeoDataFrame) -> tuple[gpd.GeoDataFrame, list[Problem]]:
    """Rows that count in part beside those that count whole; what counts nothing is left out."""
    if RANGE_WEIGHT not in table:
        return table, []
    weight = table[RANGE_WEIGHT].astype(float).fillna(1.0)
    nothing = weight <= 0
    notes = []
    if nothing.any():
        names = in_short(sorted(table.loc[nothing, "sci_name"].unique()))
        note = Note("rows of weight 0", {"n": int(nothing.sum()), "column": RANGE_WEIGHT})
        notes.append(problem_of("counted", "ranges", "", names, note))
    return table.assign(**{RANGE_WEIGHT: weight})[~nothing].reset_index(drop=True), notes


def _from_files(
    entries: Iterable[Path] | None,
    reading: Reading,
    species: pd.DataFrame,
    countries: gpd.GeoDataFrame,
) -> LayerRead:
    """Cleaned, coded rows of the user's range files, or (``None``) of the bundled ones."""
    names = names_of(species)
    files, problems, is_own = files_of("ranges", entries)
    rows = gathered(
        "ranges",
        files,
        reading,
        is_own=is_own,
        select=_range_rows(names, species, reading),
        clean=_coded_ranges(species, names, reading, countries),
    )
    rows = replace(rows, problems=(*problems, *rows.problems))
    is_skipping = any(rule.skip for rule in reading.taxa.values())
    return _used_files(rows, is_skipping=is_skipping) if is_own else rows


def _better_turned(rows: LayerRead, countries: gpd.GeoDataFrame) -> list[Problem]:
    """Ask about each file of ranges that lies in the range states better with its axes swapped."""
    if rows.table is None:
        return []
    files = {source["sha256"]: str(source["file"]) for source in rows.sources}
    return [
        replace(problem, file=files[sha256])
        for sha256, table in rows.table.groupby("_file", sort=False)
        for problem in turned_note("ranges", table, countries)
    ]


def _used_files(rows: LayerRead, *, is_skipping: bool) -> LayerRead:
    """The files of which any row is used; none at all is refused, unless the plan skips rows."""
    used_names = set() if rows.table is None else set(rows.table["_file"])
    idle = [source for source in rows.sources if source["sha256"] not in used_names]
    if not idle or rows.is_refused:
        return rows
    names = in_short(sorted(str(source["file"]) for source in idle), 20)
    level: Literal["refuses", "counted"] = "counted" if used_names or is_skipping else "refuses"
    problem = problem_of(level, "ranges", names, "", Note("file not used"))
    sources = tuple(source for source in rows.sources if source["sha256"] in used_names)
    return replace(rows, problems=(*rows.problems, problem), sources=sources)


def _merged(from_user: LayerRead, bundled: LayerRead) -> LayerRead:
    """The user's rows, and the bundled rows of species that the user has none of."""
    if from_user.table is None:
        problems = (*from_user.problems, *bundled.problems)
        return LayerRead(bundled.table, problems, from_user.sources + bundled.sources)
    if bundled.table is None:  # the species are others than the bundled ones: no word of those
        grave = [problem for problem in bundled.problems if problem.level == "refuses"]
        return LayerRead(from_user.table, (*from_user.problems, *grave), from_user.sources)
    is_whole = from_user.table.groupby("sci_name")["_part"].all()
    parts_only = set(is_whole.index[is_whole])
    replaced = bundled.table["sci_name"].isin(set(from_user.table["sci_name"]) - parts_only)
    notes = [
        _part_note(name, from_user, bundled)
        for name in sorted(parts_only & set(bundled.table["sci_name"]))
    ]
    for name, parts in bundled.table[replaced].groupby("sci_name"):
        note = Note("bundled parts replaced", {"name": str(name), "n": len(parts)})
        notes.append(problem_of("note", "ranges", _files_with(str(name), from_user), "", note))
    rest = bundled.table[~replaced]
    hashes = set(rest["_file"])
    sources = tuple(entry for entry in bundled.sources if entry["sha256"] in hashes)
    files = {entry["file"] for entry in sources}
    rest_notes = [problem for problem in bundled.problems if problem.file in files]
    return LayerRead(
        pd.concat([from_user.table, rest], ignore_index=True),
        (*from_user.problems, *notes, *rest_notes),
        from_user.sources + sources,
    )


def _files_with(name: str, layer_read: LayerRead) -> str | Note:
    """The files that hold ranges of a species."""
    hashes = set(layer_read.table.loc[layer_read.table["sci_name"] == name, "_file"])
    sources = (source for source in layer_read.sources if source["sha256"] in hashes)
    return in_short(sorted({str(source["file"]) for source in sources}))


def _part_note(name: str, from_user: LayerRead, bundled: LayerRead) -> Problem:
    """What becomes of a file that holds a part of a taxon only."""
    rows = from_user.table[from_user.table["sci_name"] == name]
    names = sorted(set(rows["_named"]) - {""})
    n_bundled = int((bundled.table["sci_name"] == name).sum())
    part = in_short(names) or Note("what your files hold")
    note = Note("part added", {"part": part, "name": name, "n": n_bundled})
    return problem_of("note", "ranges", _files_with(name, from_user), in_short(names), note)


def _unused_rules(reading: Reading, ranges: pd.DataFrame | None) -> list[Problem]:
    """A note on each rule for a taxon of which no row came."""
    brought_names = set() if ranges is None else set(ranges["sci_name"])
    return [
        problem_of(
            "note",
            "ranges",
            "",
            f'[taxa."{taxon}"]',
            Note("rule unused", {"taxon": taxon, "source": rule.in_words}),
        )
        for taxon, rule in reading.taxa.items()
        if not rule.skip and taxon not in brought_names
    ]


def _clipped_to_states(
    table: gpd.GeoDataFrame,
    species: pd.DataFrame,
    countries: gpd.GeoDataFrame,
    states: Sequence[str],
) -> tuple[gpd.GeoDataFrame, list[Problem]]:
    """Ranges of the species that the species table marks so, clipped to the range states."""
    if "clip_to_states" not in species:
        return table, []
    marked = set(species.loc[species["clip_to_states"] == "yes", "sci_name"])
    mine = table["sci_name"].isin(marked)
    if not mine.any():
        return table, []
    ground = joined_states(countries, states)
    why = Note("clipped to states", {"n": len(states)})
    inside_states, notes = tables.clipped_ranges(table[mine], ground, "", why)
    all_parts = pd.concat([table[~mine], inside_states], ignore_index=True)
    return all_parts, [replace(problem, level="note") for problem in notes]


# -- edges, as far as confidence leaves them open --------------------------------------------------


_DETAIL: Final = 0.02
"""Bends smaller than this part of the way an edge is moved do not matter to where it ends up."""
_TOUCHING_M: Final = 1.0


def moved_edges(
    graded: gpd.GeoDataFrame, *, km: Mapping[str, float], ungraded: str, outwards: bool
) -> gpd.GeoDataFrame:
    """Ranges grown, or shrunk, along their outer edges.

    Parameters
    ----------
    graded : GeoDataFrame
        ``sci_name``, ``confidence`` and polygons in metres, one row for each pair of the two.
    km : mapping
        How far the edge of a part of each confidence is moved, in km.
    ungraded : str
        The confidence that a part without one, or with one that `km` does not know, counts as.
    outwards : bool
        Whether edges move out, or in.

    Returns
    -------
    GeoDataFrame
        ``sci_name``, ``confidence`` and polygons, sorted by both; what has shrunk to nothing is not
        there. Seams between parts of one species are no edge and do not move, nor does a species
        whose ground counts by weight: how sure its edge is, its weights say already.
    """
    if RANGE_WEIGHT in graded:
        by_weight = graded.groupby("sci_name")[RANGE_WEIGHT].transform("min") < 1
        unweighted = graded[~by_weight].drop(columns=RANGE_WEIGHT)
        moved_ranges = moved_edges(unweighted, km=km, ungraded=ungraded, outwards=outwards)
        parts = [moved_ranges.assign(**{RANGE_WEIGHT: 1.0}), graded[by_weight]]
        return gpd.GeoDataFrame(pd.concat(parts, ignore_index=True), crs=graded.crs)
    edge_rows = [
        (name, grade, shape)
        for name, rows in graded.groupby("sci_name", sort=True)
        for grade, shape in _species_moved(rows, km, ungraded, outwards)
        if not shape.is_empty
    ]
    table = gpd.GeoDataFrame(
        {
            "sci_name": np.array([row[0] for row in edge_rows], dtype=object),
            "confidence": np.array([row[1] for row in edge_rows], dtype=object),
        },
        geometry=[row[2] for row in edge_rows],
        crs=graded.crs,
    )
    return dissolved(table, ("sci_name", "confidence"))


def _species_moved(
    rows: gpd.GeoDataFrame, km: Mapping[str, float], ungraded: str, outwards: bool
) -> list[tuple[Any, Any]]:
    """The parts of a range with their edge moved outwards, or inwards."""
    shapes = np.asarray(rows.geometry.array, dtype=object)
    metres = np.array([1000 * km.get(str(grade), km[ungraded]) for grade in rows["confidence"]])
    if outwards:
        grown = shapely.buffer(shapely.simplify(shapes, _DETAIL * metres), metres, quad_segs=4)
        return list(zip(rows["confidence"], shapely.union(shapes, grown), strict=True))
    # Of all parts together: where two grades meet there is no edge.
    rim = shapely.boundary(shapely.union_all(shapes))
    # A metre wide: after a union no vertex lies on the old line to the last bit.
    outer_edges = shapely.intersection(rim, shapely.buffer(shapes, _TOUCHING_M))
    outer_edges = shapely.simplify([only(line, "line") for line in outer_edges], _DETAIL * metres)
    gone = shapely.union_all(shapely.buffer(outer_edges, metres, quad_segs=4))
    left = [only(shape, "polygon") for shape in shapely.difference(shapes, gone)]
    return list(zip(rows["confidence"], left, strict=True))


_TIMES: Final = 3.0
"""A range this many times larger or smaller than expected is worth a look."""


def odd_sizes(
    features: gpd.GeoDataFrame, expected: Mapping[str, tuple[float, str]]
) -> list[Problem]:
    """A note for each range far larger or smaller than what somebody says of its species.

    Parameters
    ----------
    features : GeoDataFrame
        ``sci_name``, ``range_km2``.
    expected : mapping
        Species to km² and who says so; 0 or absent: nobody does.
    """
    problems = []
    for name, km2 in zip(features["sci_name"], features["range_km2"], strict=True):
        due, key = expected.get(name, (0.0, ""))
        if due > 0 and not 1 / _TIMES <= km2 / due <= _TIMES:
            facts = {"km2": float(km2), "due": float(due), "times_of": float(km2 / due)}
            problems.append(problem_of("note", "ranges", "", name, Note(key, facts)))
    return problems
