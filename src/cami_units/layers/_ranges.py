"""Ranges: whose they are, what their codes say, and whose file goes before whose."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from cami_units.layers import _dialects as words
from cami_units.layers import _layer_tables as tables
from cami_units.layers._gis_files import Dataset, Select
from cami_units.layers._layer_rows import Found, Prepare, Reading, counted, files_of, gathered
from cami_units.layers._layer_tables import number_of
from cami_units.layers._shape_checks import Cleaned, Rules, cleaned
from cami_units.layers._taxa import (
    Match,
    Names,
    match,
    names_of,
    rule_to_paste,
    rules_by_source,
    words_of,
)
from cami_units.model import Problem, listed, nearest

_NAMING: Final = ("sci_name", "subspecies", "subpop")


def _verdicts(table: pd.DataFrame, names: Names, rules: Mapping[str, Sequence[str]]) -> list[Match]:
    """What each row turns out to be, each different name looked up once."""
    columns = [table[column] if column in table else words.blank(table.index) for column in _NAMING]
    rows = [
        tuple(None if pd.isna(one) else str(one) for one in row)
        for row in zip(*columns, strict=True)
    ]
    known = {row: match(*row, names=names, rules=rules) for row in set(rows)}
    return [known[row] for row in rows]


def _range_rows(
    names: Names, species: pd.DataFrame, reading: Reading, columns: Mapping[str, str]
) -> Select:
    """Which rows of a range file are of our taxa, and what the others are."""
    rules = rules_by_source(reading.taxa)

    def select(attributes: pd.DataFrame, file: str) -> tuple[Any, list[Problem]]:
        table, _ = words.in_our_words(attributes, "ranges", file, columns, only=_NAMING)
        if "sci_name" not in table:
            return np.ones(len(table), dtype=bool), []
        verdicts = _verdicts(table, names, rules)
        unused = {name for name in rules if all(reading.taxa[one].skip for one in rules[name])}
        kinds = np.array(
            ["skipped" if one.source in unused else one.verdict for one in verdicts], dtype=object
        )
        said = []
        for kind, why in _WHY_NOT.items():
            rows = kinds == kind
            if rows.any():
                others = sorted(_whole_names(table[rows]))
                what = f"{int(rows.sum())} of {number_of(len(table), 'row')} {why}: left out"
                said.append(Problem("counted", "ranges", file, listed(others), what))
                said += _hints(others, names, species, reading, file) if kind == "unknown" else []
        return ~np.isin(kinds, list(_WHY_NOT)), said

    return select


_WHY_NOT: Final = {
    "unknown": "of species that are not in the species table",
    "other": "of other sub-species",
    "skipped": "that [taxa] of the plan says to skip",
}


def _whole_names(table: pd.DataFrame) -> set[str]:
    extra = table["subspecies"] if "subspecies" in table else pd.Series("", index=table.index)
    return {
        f"{'(no name)' if pd.isna(name) else name} {'' if pd.isna(below) else below}".strip()
        for name, below in zip(table["sci_name"], extra, strict=True)
    }


def _hints(
    others: Iterable[str], names: Names, species: pd.DataFrame, reading: Reading, file: str
) -> list[Problem]:
    """Unknown species that a taxon of ours was once part of: how to use them if that is meant."""
    said = []
    for other in others:
        taxon = names.related.get(" ".join(words_of(other)))
        if taxon is not None:
            states = _home(taxon, species, reading)
            what = f"{taxon} is known as part of {other} in some sources"
            cure = f"If that is so here, say in the plan:\n{rule_to_paste(taxon, other, states)}"
            said.append(Problem("note", "ranges", file, other, what, cure))
    return said


def _home(taxon: str, species: pd.DataFrame, reading: Reading) -> list[str]:
    """The range states of a taxon that are in the plan."""
    states = str(species.loc[species["sci_name"] == taxon, "range_states"].iloc[0]).split(";")
    return [state for state in sorted(states) if state in reading.states]


def _coded_ranges(
    species: pd.DataFrame, names: Names, reading: Reading, countries: gpd.GeoDataFrame
) -> Prepare:
    """From the rows of a range file to cleaned, coded rows of CAMI taxa."""
    rules = rules_by_source(reading.taxa)

    def prepare(dataset: Dataset, how: Rules) -> Cleaned:
        verdicts = _verdicts(dataset.table, names, rules)
        said = _guarded(dataset, verdicts, species, reading)
        coded, more, good = tables.codes_filled(
            _with_taxa(dataset.table, verdicts, rules, reading), dataset.name, reading.missing
        )
        said += more
        said += tables.codes_left_out(coded[good], dataset.name, reading.codes)
        mine = replace(dataset, table=coded[good])
        clean = cleaned(mine, "ranges", "polygon", "sci_name", how)
        table, more = _within_states(clean.table, dataset.name, reading, countries)
        said += clean.problems + more
        table, more = _range_columns(table, dataset)
        return Cleaned(table, said + more, clean.repaired)

    return prepare


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
        (position, taxon, verdict.verdict == "ruled")
        for position, verdict in enumerate(verdicts)
        for taxon in rules.get(verdict.source, [verdict.taxon])
        if verdict.verdict == "ours" or (verdict.source and not reading.taxa[taxon].skip)
    ]
    rows = table.iloc[[position for position, _, _ in uses]]
    return rows.assign(
        sci_name=[taxon for _, taxon, _ in uses], _ruled=[ruled for _, _, ruled in uses]
    )


def _within_states(
    table: gpd.GeoDataFrame, file: str, reading: Reading, countries: gpd.GeoDataFrame
) -> tuple[gpd.GeoDataFrame, list[Problem]]:
    """The rows under a rule clipped to the states it names."""
    done, said = [table[~table["_ruled"].astype(bool)]], []
    ruled = table[table["_ruled"].astype(bool)]
    for taxon in sorted(ruled["sci_name"].unique()):
        rule = reading.taxa[taxon]
        states = countries[countries["iso2"].isin(rule.within)]
        ground = shapely.union_all(states.geometry.to_numpy())
        why = f"{rule.source} stands for {taxon} within {listed(sorted(rule.within), 20)}"
        mine = ruled[ruled["sci_name"] == taxon]
        clipped, more = tables.clipped_rows(mine, ground, "ranges", file, why)
        done.append(clipped)
        said += more
    return pd.concat(done), said


def _range_columns(
    table: gpd.GeoDataFrame, dataset: Dataset
) -> tuple[gpd.GeoDataFrame, list[Problem]]:
    """The columns of the ranges table; grades of confidence checked."""
    blank = words.blank(table.index)
    grades, odd = tables.confidence_grades(table.get("confidence", blank))
    said = []
    if odd:
        what = f"confidence {listed(odd)} is not high, medium or low: taken as not graded"
        said.append(Problem("counted", "ranges", dataset.name, "", what))
    source = table.get("source", blank).fillna(table.get("citation", blank))
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
    }
    return gpd.GeoDataFrame(columns, geometry=table.geometry, crs=table.crs), said


def _guarded(
    dataset: Dataset, verdicts: Sequence[Match], species: pd.DataFrame, reading: Reading
) -> list[Problem]:
    """One refusal for each taxon that a whole-species polygon would have stood for."""
    said = []
    for taxon in sorted({one.taxon for one in verdicts if one.verdict == "guarded"}):
        rows = [one.verdict == "guarded" and one.taxon == taxon for one in verdicts]
        some = dataset.table[rows]
        source = " ".join(words_of(str(some["sci_name"].iloc[0]))[:2]).capitalize()
        where = listed(f"row {row}" for row in some.index)
        what = (
            f"{number_of(len(some), 'row')} of the whole species {source}, of which only {taxon} "
            "is a taxon of CAMI: not used unless the plan says how"
        )
        states = _home(taxon, species, reading)
        cure = f"Say it in the plan:\n{rule_to_paste(taxon, source, states)}"
        said.append(Problem("refuses", "ranges", dataset.name, where, what, cure))
    return said


def _rule_problems(
    reading: Reading, species: pd.DataFrame, states: gpd.GeoDataFrame
) -> list[Problem]:
    said = []
    for taxon, rule in reading.taxa.items():
        if taxon not in set(species["sci_name"]):
            what = f"[taxa] of the plan has '{taxon}', which is no species of the species table"
            cure = f"Use one of {listed(species['sci_name'], 20)}.{nearest(taxon, species['sci_name'])}"
            said.append(Problem("refuses", "ranges", "", "", what, cure))
        nowhere = [state for state in rule.within if state not in set(states["iso2"])]
        if nowhere:
            what = (
                f'[taxa."{taxon}"] within names states without a country polygon: {listed(nowhere)}'
            )
            cure = "Use ISO 3166 alpha-2 codes of the countries layer."
            said.append(Problem("refuses", "ranges", "", "", what, cure))
    return said


def range_layer(
    entries: Iterable[Path] | None,
    reading: Reading,
    species: pd.DataFrame,
    countries: gpd.GeoDataFrame,
) -> Found:
    """Ranges of all species: a user's file for a species replaces the bundled parts of it."""
    faults = _rule_problems(reading, species, countries)
    if faults:
        return Found(None, faults)
    ours = _from_files(None, replace(reading, taxa={}, missing="extant"), species, countries)
    found = Found(ours.table, ours.problems, ours.sources)
    if entries is not None:
        theirs = _from_files(entries, reading, species, countries)
        theirs.problems += _unused_rules(reading, theirs.table)
        found = _merged(theirs, ours)
    if found.table is None:
        if not any(one.level == "refuses" for one in found.problems):
            what = "no range of any species of the species table is left"
            cure = "Look at what was left out above."
            found.problems.append(Problem("refuses", "ranges", "", "", what, cure))
        return found
    found.table, said = _clipped_to_states(found.table, species, countries, reading.states)
    found.problems += said
    codes = dict(zip(species["sci_name"], species["code"], strict=True))
    found.table, said = tables.range_parts(found.table, codes)
    counted(found)
    use = tables.use_of(found.table, reading.codes)
    found.table = found.table.drop(columns="_file").assign(use=use)
    found.problems += said + tables.codes_kept(found.table, reading.codes)
    return found


def _from_files(
    entries: Iterable[Path] | None,
    reading: Reading,
    species: pd.DataFrame,
    countries: gpd.GeoDataFrame,
) -> Found:
    """Cleaned, coded rows of the user's range files, or (``None``) of the bundled ones."""
    names = names_of(species)
    files, problems, own = files_of("ranges", entries)
    columns = reading.columns.get("ranges", {}) if own else {}
    found = gathered(
        "ranges",
        files,
        reading,
        own=own,
        select=_range_rows(names, species, reading, columns),
        prepare=_coded_ranges(species, names, reading, countries),
    )
    found.problems = problems + found.problems
    return found


def _merged(theirs: Found, ours: Found) -> Found:
    """The user's rows, and the bundled rows of species that the user has none of."""
    problems = list(theirs.problems)
    if theirs.table is None:
        return Found(ours.table, problems + ours.problems, theirs.sources + ours.sources)
    if ours.table is None:  # the species are others than the bundled ones: nothing to say of those
        grave = [one for one in ours.problems if one.level == "refuses"]
        return Found(theirs.table, problems + grave, theirs.sources)
    brought = set(theirs.table["sci_name"])
    replaced = ours.table["sci_name"].isin(brought)
    for name, parts in ours.table[replaced].groupby("sci_name"):
        hashes = set(theirs.table.loc[theirs.table["sci_name"] == name, "_file"])
        files = sorted({str(one["file"]) for one in theirs.sources if one["sha256"] in hashes})
        what = f"{name} comes from your files and replaces {number_of(len(parts), 'bundled part')}"
        problems.append(Problem("note", "ranges", listed(files), "", what))
    rest = ours.table[~replaced]
    hashes = set(rest["_file"])
    sources = [entry for entry in ours.sources if entry["sha256"] in hashes]
    left = {entry["file"] for entry in sources}
    return Found(
        pd.concat([theirs.table, rest], ignore_index=True),
        problems + [one for one in ours.problems if one.file in left],
        theirs.sources + sources,
    )


def _unused_rules(reading: Reading, brought: pd.DataFrame | None) -> list[Problem]:
    there = set() if brought is None else set(brought["sci_name"])
    return [
        Problem(
            "note",
            "ranges",
            "",
            f'[taxa."{taxon}"]',
            f"the plan's rule for {taxon} found no row named {rule.source} in your files",
        )
        for taxon, rule in reading.taxa.items()
        if not rule.skip and taxon not in there
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
    ground = shapely.union_all(countries[countries["iso2"].isin(states)].geometry.to_numpy())
    why = f"clipped to the {len(states)} range states, as the species table says"
    inside, said = tables.clipped_rows(table[mine], ground, "ranges", "", why)
    both = pd.concat([table[~mine], inside], ignore_index=True)
    return both, [replace(one, level="note") for one in said]
