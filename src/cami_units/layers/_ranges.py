"""Ranges: whose they are, what their codes say, and whose file goes before whose."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from cami_units.layers import _columns as words
from cami_units.layers import _tables as tables
from cami_units.layers._clean import Cleaned, Rules, cleaned
from cami_units.layers._files import Dataset, Select
from cami_units.layers._gather import (
    Found,
    Reading,
    counted,
    files_of,
    gathered,
)
from cami_units.layers._taxa import (
    Match,
    Names,
    match,
    names_of,
    rule_to_paste,
    rules_by_source,
    words_of,
)
from cami_units.model import (
    Problem,
    listed,
    nearest,
)

_NAMING: Final = ("sci_name", "subspecies", "subpop")


def _verdicts(table: pd.DataFrame, names: Names, rules: Mapping[str, Sequence[str]]) -> list[Match]:
    """What each row turns out to be, each different name looked up once."""
    columns = [
        table[column] if column in table else pd.Series(None, index=table.index, dtype=object)
        for column in _NAMING
    ]
    rows = [
        tuple(None if pd.isna(one) else str(one) for one in row)
        for row in zip(*columns, strict=True)
    ]
    known = {row: match(*row, names=names, rules=rules) for row in set(rows)}
    return [known[row] for row in rows]


def _range_rows(names: Names, reading: Reading, columns: Mapping[str, str]) -> Select:
    """Which rows of a range file are of our taxa, and what the others are."""
    rules = rules_by_source(reading.taxa)

    def select(attributes: pd.DataFrame, file: str) -> tuple[Any, list[Problem]]:
        table, _ = words.in_our_words(attributes, "ranges", file, columns, only=_NAMING)
        if "sci_name" not in table:
            return np.ones(len(table), dtype=bool), []
        verdicts = _verdicts(table, names, rules)
        said = []
        spoken = table["sci_name"].fillna("without a name").astype(str)
        kinds = np.array([one.verdict for one in verdicts], dtype=object)
        unknown = kinds == "unknown"
        if unknown.any():
            others = sorted(spoken[unknown].unique())
            what = (
                f"{int(unknown.sum())} of {len(table)} rows are of {len(others)} species that are "
                f"not in the species table: left out"
            )
            said.append(Problem("counted", "ranges", file, listed(others), what))
            said += _hints(others, names, reading, file)
        other = kinds == "other"
        if other.any():
            what = f"{int(other.sum())} of {len(table)} rows are of other sub-species: left out"
            labels = listed(sorted(_whole_names(table[other])))
            said.append(Problem("counted", "ranges", file, labels, what))
        ours = np.array(
            [one.verdict in ("ours", "guarded", "ruled") for one in verdicts], dtype=bool
        )
        for row in np.flatnonzero(kinds == "ruled"):
            source = " ".join(words_of(spoken.iloc[row])[:2])
            taxa = rules.get(source) or rules.get(" ".join(words_of(spoken.iloc[row])), [])
            ours[row] = any(not reading.taxa[taxon].skip for taxon in taxa)
        skipped = (kinds == "ruled") & ~ours
        if skipped.any():
            what = f"{int(skipped.sum())} rows are left out, as [taxa] of the plan says"
            said.append(
                Problem("counted", "ranges", file, listed(sorted(spoken[skipped].unique())), what)
            )
        return ours, said

    return select


def _whole_names(table: pd.DataFrame) -> set[str]:
    extra = table["subspecies"] if "subspecies" in table else pd.Series("", index=table.index)
    return {
        f"{name} {'' if pd.isna(below) else below}".strip()
        for name, below in zip(table["sci_name"], extra, strict=True)
    }


def _hints(others: Iterable[str], names: Names, reading: Reading, file: str) -> list[Problem]:
    """Unknown species that a taxon of ours was once part of: how to use them if that is meant."""
    said = []
    for other in others:
        taxon = names.related.get(" ".join(words_of(other)))
        if taxon is not None:
            what = f"{taxon} is known as part of {other} in some sources"
            cure = f"If that is so here, say in the plan:\n{rule_to_paste(taxon, other, ())}"
            said.append(Problem("note", "ranges", file, other, what, cure))
    return said


def _prepared_ranges(
    species: pd.DataFrame, names: Names, reading: Reading, states: gpd.GeoDataFrame, *, own: bool
) -> Callable[[Dataset, Rules], Cleaned]:
    """From the rows of a range file to cleaned, coded rows of CAMI taxa."""
    taxa_rules = reading.taxa if own else {}
    rules = rules_by_source(taxa_rules)

    def prepare(dataset: Dataset, how: Rules) -> Cleaned:
        table = dataset.table
        verdicts = _verdicts(table, names, rules)
        said = _guarded(dataset, verdicts, species, reading)
        rows, taxa, within = [], [], []
        for position, verdict in enumerate(verdicts):
            if verdict.verdict == "ours":
                rows.append(position)
                taxa.append(verdict.taxon)
                within.append("")
            elif verdict.verdict == "ruled":
                full = words_of(str(table["sci_name"].iloc[position]))
                for taxon in rules.get(" ".join(full)) or rules.get(" ".join(full[:2]), []):
                    if not taxa_rules[taxon].skip:
                        rows.append(position)
                        taxa.append(taxon)
                        within.append(taxon)
        chosen = table.iloc[rows].assign(sci_name=taxa, _within=within)
        filled, more, good = tables.codes_filled(
            chosen,
            dataset.name,
            reading.missing if own else "extant",
            lambda rows: listed(
                f"{name} (row {row})" for row, name in chosen.loc[rows, "sci_name"].items()
            ),
        )
        clean = cleaned(replace(dataset, table=filled[good]), "ranges", "polygon", "sci_name", how)
        result = clean.table
        for taxon in sorted(set(within) - {""}):
            rule = taxa_rules[taxon]
            inside = states[states["iso2"].isin(rule.within)]
            why = f"{rule.source} stands for {taxon} within {listed(rule.within, 20)}"
            mine = result["_within"] == taxon
            clipped, last = tables.clipped_rows(
                result[mine],
                shapely.union_all(inside.geometry.to_numpy()),
                "ranges",
                dataset.name,
                why,
            )
            result = pd.concat([result[~mine], clipped])
            more += last
        return Cleaned(
            _range_columns(result, dataset.file, more), said + more + clean.problems, clean.repaired
        )

    return prepare


def _range_columns(table: gpd.GeoDataFrame, file: str, said: list[Problem]) -> gpd.GeoDataFrame:
    """The columns of the ranges table; grades of confidence checked."""
    blank = pd.Series(None, index=table.index, dtype=object)
    grades, odd = tables.confidence_grades(table.get("confidence", blank))
    if odd:
        what = f"confidence {listed(odd)} is not high, medium or low: taken as not graded"
        said.append(Problem("counted", "ranges", file, "", what))
    source = table.get("source", blank).fillna(table.get("citation", blank)).fillna(file)
    columns = {
        "sci_name": table["sci_name"],
        "presence": table["presence"].astype(int),
        "origin": table["origin"].astype(int),
        "seasonal": table["seasonal"].astype(int),
        "confidence": pd.Series(grades, index=table.index, dtype=object),
        "source": source.astype(str),
        "part": table.get("part", blank).fillna("").astype(str),
        "label": table.get("label", blank).fillna("").astype(str),
        "range_id": table.get("range_id", blank),
    }
    return gpd.GeoDataFrame(columns, geometry=table.geometry, crs=table.crs)


def _guarded(
    dataset: Dataset, verdicts: Sequence[Match], species: pd.DataFrame, reading: Reading
) -> list[Problem]:
    """One refusal for each taxon that a whole-species polygon would have stood for."""
    said = []
    for taxon in sorted({one.taxon for one in verdicts if one.verdict == "guarded"}):
        rows = [one.verdict == "guarded" and one.taxon == taxon for one in verdicts]
        some = dataset.table[rows]
        source = " ".join(words_of(str(some["sci_name"].iloc[0]))[:2]).capitalize()
        home = species.loc[species["sci_name"] == taxon, "range_states"].iloc[0].split(";")
        states = [state for state in sorted(home) if state in reading.states]
        where = listed(f"row {row}" for row in some.index)
        what = (
            f"{len(some)} rows are of the whole species {source}, and the taxon of CAMI is only "
            f"{taxon}: such a polygon is never used unless the plan says how"
        )
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
    names = names_of(species)
    found = Found(None, _rule_problems(reading, species, countries) if entries is not None else [])
    if found.problems:
        return found
    files, found.problems, own = files_of("ranges", entries)
    brought = None
    if own:
        columns = reading.columns.get("ranges", {})
        theirs = gathered(
            "ranges",
            files,
            reading,
            own=True,
            select=_range_rows(names, reading, columns),
            prepare=_prepared_ranges(species, names, reading, countries, own=True),
        )
        found.problems += theirs.problems
        found.sources += theirs.sources
        brought = theirs.table
        found.problems += _unused_rules(reading, brought, theirs.problems)
    bundled = gathered(
        "ranges",
        files_of("ranges", None)[0] if entries is None or len(list(entries)) else [],
        replace(reading, taxa={}, columns={}),
        own=False,
        select=_range_rows(names, replace(reading, taxa={}), {}),
        prepare=_prepared_ranges(species, names, reading, countries, own=False),
    )
    found.problems += [one for one in bundled.problems if one.level != "counted"]
    base = bundled.table
    if brought is not None and base is not None:
        replaced = sorted(set(brought["sci_name"]) & set(base["sci_name"]))
        for name in replaced:
            from_files = listed(sorted(brought.loc[brought["sci_name"] == name, "_file"].unique()))
            number = int((base["sci_name"] == name).sum())
            what = f"{name} comes from your files and replaces {number} bundled parts"
            found.problems.append(Problem("note", "ranges", from_files, "", what))
        base = base[~base["sci_name"].isin(replaced)]
    there = [table for table in (brought, base) if table is not None and len(table)]
    found.sources += [
        entry
        for entry in bundled.sources
        if base is not None and entry["file"] in set(base["_file"])
    ]
    if not there:
        if not any(one.level == "refuses" for one in found.problems):
            what = "no range of any species of the species table is left"
            cure = "Look at what was left out above."
            found.problems.append(Problem("refuses", "ranges", "", "", what, cure))
        return found
    whole = gpd.GeoDataFrame(pd.concat(there, ignore_index=True), crs=reading.crs)
    whole, said = _clipped_to_states(whole, species, countries, reading.states)
    found.problems += said
    codes = dict(zip(species["sci_name"], species["code"], strict=True))
    whole, said = tables.range_parts(whole, codes)
    found.table = whole
    counted(found)
    found.problems += said
    found.table = whole.drop(columns="_file")
    return found


def _unused_rules(
    reading: Reading, brought: pd.DataFrame | None, problems: Iterable[Problem]
) -> list[Problem]:
    text = " ".join(one.where for one in problems)
    there = set() if brought is None else set(brought["sci_name"])
    return [
        Problem(
            "note",
            "ranges",
            "",
            "",
            f'[taxa."{taxon}"] of the plan was not needed: no row is named {rule.source}',
        )
        for taxon, rule in reading.taxa.items()
        if (rule.skip and rule.source not in text) or (not rule.skip and taxon not in there)
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
