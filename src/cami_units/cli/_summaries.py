"""What each command says when it is done: in the first language of the plan or of the round."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from cami_units import commands, layers, words, workshop
from cami_units.cli._terminal import LEVEL_MARKS, as_word, one_line, say, say_rows
from cami_units.model import (
    CRITERION_LAYERS,
    HIDDEN_STATUSES,
    ORIGINS,
    Problem,
    Round,
    answer_said,
    assumed,
    context_title,
    in_list,
    in_short,
    listed,
    records,
    said,
    with_aside,
    with_label,
)
from cami_units.words import found_in, has, name_in, number, round_name, text, unit_card

if TYPE_CHECKING:  # a decision need not wait for the modules of other commands
    from cami_units.commands.activities import Activities
    from cami_units.commands.collect import Collected
    from cami_units.commands.group_reading import FileRead
    from cami_units.commands.pack import Packed
    from cami_units.commands.rehearse import Rehearsed


def speaker(lang: str) -> Callable[..., str]:
    """What gives the phrases of a language."""
    return partial(text, lang=lang)


def say_what_went_in(round_: Round, problems: Iterable[Problem], *, cures: bool) -> None:
    """Say which files were read, and what was noticed in them."""
    lang = round_.imprint.languages[0]
    say(speaker(lang)("found line went in"), style="bold")
    if sources := list(round_.manifest.get("inputs", ())):
        say_rows(*_by_layer(sources, lang))
    say_problems(round_.manifest.get("problems", ()), lang, cures=cures)
    say_problems(problems, lang, cures=cures)


def _by_layer(sources: Iterable[Mapping[str, Any]], lang: str) -> list[tuple[str, str]]:
    """For each layer what its files gave in all, in words."""
    layers: dict[str, dict[str, int]] = {}
    for source in sources:
        sums = layers.setdefault(str(source["layer"]), {"files": 0})
        sums["files"] += 1
        for key in ("rows", "kept", "dropped", "repaired"):
            sums[key] = sums.get(key, 0) + int(source.get(key) or 0)
    return [(_layer(layer, lang), _sum_in_words(sums, lang)) for layer, sums in layers.items()]


def _layer(name: str, lang: str) -> str:
    """A layer as it is called; one of context as the plan calls it."""
    key = f"note layer {name}"
    return speaker(lang)(key) if has(key) else context_title(name)


def _sum_in_words(sums: Mapping[str, int], lang: str) -> str:
    """Rows, files, and what became of the rows, as far as it happened."""
    rows = speaker(lang)("found line rows in files", **sums)
    return in_list([rows, *_became(sums, lang)], lang)


def _became(counts: Mapping[str, Any], lang: str) -> list[str]:
    """What became of rows, as far as it happened."""
    kinds = [kind for kind in ("kept", "dropped", "repaired") if counts.get(kind)]
    return [speaker(lang)(f"found line {kind}", n=int(counts[kind])) for kind in kinds]


def say_what_was_found(round_: Round) -> None:
    """Say how many units came out, and the first of them."""
    units = round_.tables["conservation_units"]
    missed = round_.tables["not_proposed"]
    lang = round_.imprint.languages[0]
    t = speaker(lang)
    statuses, origins = units["status"].value_counts(), units["origin"].value_counts()
    say(f"\n{t('found line found')}", style="bold")
    counts = t(
        "found line units",
        proposed=int(statuses.get("modelled candidate", 0)),
        interest=int(statuses.get("area of interest", 0)),
        **{origin: int(origins.get(origin, 0)) for origin in ORIGINS},
    )
    say(f"  {counts}")
    if units.empty:
        say(f"  {t('found line none')}")
    if waiting := held_back(round_, lang):
        say(f"  {waiting}")
    # a glance at whether the result is sane; the list is in the workbook. Shared ranks go by id
    best = units.sort_values(["rank", "unit_id"], na_position="last").head(3)
    if len(best):
        say(f"  {t('found line first')}")
        rows = [
            (
                unit["rank_label"],
                unit["unit_id"],
                name_in(unit, lang),
                in_list(str(unit["countries"]).split(";"), lang),
                f"{number(unit['area_km2'], lang)} {t('km2')}",
                f"{t('score')} {number(unit['score'], lang, 3)}",
                t(unit["tier"]),
            )
            for unit in best.drop(columns="geometry", errors="ignore").to_dict("records")
        ]
        say_rows(*rows, indent=4)
    if len(missed):
        # as many ids as stand on a line; the table has them all
        names = listed(sorted(missed["hotspot_id"]), 8, lang)
        say(f"  {t('found line missed', n=len(missed), places=names)}")


def held_back(round_: Round, lang: str) -> str:
    """How many units the evidence alone holds back, and what was not assessed in them."""
    units, findings = round_.tables["conservation_units"], round_.tables["unit_criteria"]
    if (waiting := units.loc[units["status"] == "area of interest", "unit_id"]).empty:
        return ""
    blank = findings[findings["unit_id"].isin(waiting) & findings["met"].isna()]
    counts = blank[blank["criterion"].isin(list(CRITERION_LAYERS))]["criterion"].value_counts()
    missing = [
        with_aside(_layer(CRITERION_LAYERS[str(name)], lang), number, lang)
        for name, number in counts.sort_index().items()
    ]
    t = speaker(lang)
    sentences = [t("found line held back", n=len(waiting))]
    if missing:
        sentences.append(t("found line not assessed", layers=listed(missing, lang=lang)))
    return t("between sentences").join(sentences)


def say_where_it_is(round_: Round, out: Path) -> None:
    """Say where each product is."""
    lang = round_.imprint.languages[0]
    t = speaker(lang)
    called = round_name(round_.imprint, lang)
    say(f"\n{t('report line where', round=called, folder=str(out))}", style="bold")
    if round_.imprint.indicative:
        say(f"  {t('indicative')}", style="dim")
    products = [
        ("Google Earth", "conservation_units.kmz"),
        (t("found line earth web"), "conservation_units_web.kmz"),
        (t("found line map"), "map.html"),
        (t("found line workbook"), "conservation_units.xlsx"),
        ("GeoPackage", "conservation_units.gpkg"),
        (t("found line qgis"), "conservation_units.qgs"),
    ]
    say_rows(*((what, out / name) for what, name in products if (out / name).is_file()))
    restricted = sorted(
        str(source["file"]) for source in round_.manifest["inputs"] if source.get("restricted")
    )
    if restricted:
        say(f"  {t('found line restricted', files=listed(restricted, lang=lang))}", style="yellow")


def say_what_is_next(round_: Round, out: Path, *, plan_folder: Path | None) -> None:
    """Say the next command; and that the round is not beside its plan, where somebody may look for it.

    `plan_folder` is ``None`` where nobody expects the round in it.
    """
    t = speaker(round_.imprint.languages[0])
    if plan_folder is not None and plan_folder.resolve() != Path.cwd():
        where = as_word(plan_folder / out)
        say(f"\n{t('found line elsewhere', folder=str(plan_folder), option=f'--out {where}')}")
    say(f"\n{t('found line next')}\n  cami-units pack {as_word(out)}")


def say_assessment(table: pd.DataFrame, lang: str, *, verbose: bool) -> None:
    """One line a site; then, for a site not proposed, what it does not meet or lacks, and why."""
    t = speaker(lang)
    if table.empty:
        say(t("assessed line none"))
        return
    sites = [(str(site), rows) for site, rows in table.groupby("site", sort=False)]
    criteria = list(dict.fromkeys(table["criterion"]))
    heads = (t("assessed line site"), t("assessed line decision"), *criteria)
    rows: list[Sequence[object]] = [heads]
    for site, findings in sites:
        names = findings["criterion"]
        marks = dict(zip(names, map(words.mark, findings["met"], names), strict=True))
        decision = t(f"assessed {findings['decision'].iloc[0]}")
        rows.append((site, decision, *(marks.get(c, "") for c in criteria)))
    say_rows(*rows, indent=0)
    say(f"\n{t('assessed line marks')}")
    for site, findings in sites:
        decision = str(findings["decision"].iloc[0])
        open_ones = findings[[words.mark(met) != "✓" for met in findings["met"]]]
        explained = findings if verbose else open_ones
        if len(explained) and (verbose or decision != "proposed CU"):
            line = with_label(one_line(site), t(f"assessed {decision}"), lang)
            say(f"\n{line}", style="bold")
            for row in explained.to_dict("records"):
                mark = words.mark(row["met"], row["criterion"])
                say(f"  {mark} {row['criterion']}  {one_line(row['because'])}")
    counts = table.drop_duplicates("site")["decision"].value_counts().sort_index()
    # behind the word, where a number asks for no other case of it
    decisions = (with_aside(t(f"assessed {name}"), n, lang) for name, n in counts.items())
    summary = in_list(decisions, lang)
    say(f"\n{t('assessed line sum', n=len(sites), summary=summary)}")


MOST_NOTICES = 12
MOST_LOSSES = 4
MOST_CONFLICTS = 8
"""How much of each `collect` prints: with ten files two screens of 24 lines in all. The report has
everything; `--verbose` prints it too."""


def say_collected(
    collected: Collected,
    out: Path,
    *,
    resolutions: Path = Path("resolutions.csv"),
    verbose: bool = False,
) -> None:
    """File by file what was found and assumed; then what changed, and what is to be settled.

    In the first language of the round, as what is noticed in the files and the report are.
    """
    from cami_units.commands._change_tables import problems_in_short

    lang = collected.round.imprint.languages[0]
    problems = records(problems_in_short(collected.problems, lang))
    # files of another round make all else meaningless; an answer that settles nothing is soon missed
    told_first = ("another round", "idle resolution", "resolution without effect")
    for kind in told_first:
        for row in problems:
            if row["kind"] == kind:
                say(f"! {one_line(row['what'])}\n  → {one_line(row['assumed'])}\n", style="yellow")
    told_already = (*told_first, "file refused")
    files = [*collected.files, None]  # what is said of no file in particular comes last
    lines = {file.file for file in collected.files}
    # why a file is refused, or a twin, stands in its line already
    noticed = [_of_a_line(row, lines, lang) for row in problems if row["kind"] not in told_already]
    # a share of the lines for each file, and one at least: no noisy file silences a quiet one
    each = len(problems) if verbose else max(1, MOST_NOTICES // len(files))
    left_out = 0
    for file in files:
        if file is not None:
            mark = "✓" if file.is_used else "✗"
            say(f"{mark} {with_label(one_line(file.file), _file_in_words(file, lang), lang)}")
        name = file.file if file is not None else ""
        of_file = [row for row in noticed if row["file"] == name]
        for row in of_file[:each]:
            _say_noticed(row, is_form=file is not None and file.is_form, lang=lang)
        left_out += len(of_file[each:])
    if left_out:
        say(f"  {text('report line more remarks', lang, n=left_out)}", style="dim")
    _say_changes(collected, lang, verbose=verbose)
    _say_conflicts(collected, lang, verbose=verbose)
    called = round_name(collected.round.imprint, lang)
    say(f"\n{text('report line where', lang, round=called, folder=str(out))}", style="bold")
    say_rows(
        (text("report line read first", lang), out / "report.html"),
        (text("report line workbook", lang), out / "report.xlsx"),
        (text("report line tables", lang), out / "changes.csv"),
    )
    n_open = int(collected.conflicts["open"].astype(bool).sum())
    key = "report line settle first" if n_open else "report line next"
    command = f"cami-units plenary {as_word(out)}"
    say(text(key, lang, n=n_open, file=str(resolutions), command=command))


def _say_changes(collected: Collected, lang: str, *, verbose: bool) -> None:
    """How many units changed in which way, and which lost a criterion."""
    from cami_units.documents.collect_report import counted_changes

    counts = [
        f"{n} {text(f'report tile {tile}', lang, n=n)}"
        for tile, n in counted_changes(collected.changes).items()
    ]
    line = with_label(text("report changes", lang), in_list(counts, lang) or "0", lang)
    say(f"\n{line}", style="bold")
    losses = collected.changes[collected.changes["criteria_lost"].fillna("") != ""]
    lines = []
    for row in losses.to_dict("records"):
        lost_criteria = str(row["criteria_lost"]).split(";")
        facts = {
            "unit_id": row["unit_id"],
            "n": len(lost_criteria),
            "criteria": in_list(lost_criteria, lang),
        }
        lines.append(text("report line losses", lang, group=one_line(row["group"]), **facts))
    _say_some(lines, len(losses) if verbose else MOST_LOSSES, lang)


def _say_conflicts(collected: Collected, lang: str, *, verbose: bool) -> None:
    """The open conflicts first, then those that were answered."""
    is_open = collected.conflicts["open"].astype(bool)
    if len(is_open):
        n, answered = int(is_open.sum()), int((~is_open).sum())
        counts = [f"{n} {text('report tile conflicts', lang, n=n)}"]
        counts += [text("report line answered", lang, n=answered)] if answered else []
        say(f"\n{in_list(counts, lang)}", style="bold")
        # what is still to be settled must not fall behind the limit of lines
        ordered = pd.concat([collected.conflicts[is_open], collected.conflicts[~is_open]])
        lines = []
        for row in ordered.to_dict("records"):
            default = with_label(text("default", lang), answer_said(row["default"], lang), lang)
            answer = one_line(answer_said(row["resolution"], lang) or default)
            lines.append(f"{with_label(row['unit_id'], one_line(row['what']), lang)} → {answer}")
        _say_some(lines, len(ordered) if verbose else MOST_CONFLICTS, lang)


def _say_some(lines: Sequence[str], most: int, lang: str) -> None:
    """The first lines, and how many more there are."""
    for line in lines[:most]:
        say(f"  {line}")
    if len(lines) > most:
        say(f"  {text('report line more', lang, n=len(lines) - most)}", style="dim")


def say_decided(line: pd.Series[str], round_: Round, directory: Path) -> None:
    """What a decision made of its unit, and what follows from it that nobody sees on the map.

    In the first language of the round, which is as it was written.
    """
    lang = round_.imprint.languages[0]
    before, status = line["before"], line["status"]
    became = f"{text(before, lang)} → {text(status, lang)}"
    if line["question"]:
        became = line["question"]
    elif line["into"]:
        became = f"{became} → {line['into']}"
    elif before == status:
        became = text("decided line stays", lang, status=status)
    decided = text(line["decision"], lang)
    # "rejected (rejected)": where the new status is called like the decision it is said once
    said_so = "" if decided in became else decided
    say(with_label(line["unit_id"], with_aside(became, said_so, lang), lang))
    say(f"  {text('decided line where', lang, file=str(directory / commands.decide.DECISION_LOG))}")
    _say_name_that_stays(line, lang)
    if line["into"] and status == "merged":
        km2 = commands.decide.outside_taker_km2(round_, line["unit_id"], line["into"])
        if km2 >= 1:
            outside = f"{number(km2, lang)} {text('km2', lang)}"
            said = text("decided line leaves", lang, km2=outside, into=line["into"])
            say(f"  {said}", style="yellow")
    was_out, is_out = before in HIDDEN_STATUSES, status in HIDDEN_STATUSES
    if was_out and not is_out and line["decision"] != "undo":
        say(f"  {text(f'decided line no longer {before}', lang)}")
    if line["outline"] or (was_out and not is_out):
        shared = commands.decide.shared_ground(round_).query("unit_id == @line.unit_id")
        names = [
            with_aside(unit_id, f"{number(km2, lang)} {text('km2', lang)}", lang)
            for unit_id, km2 in zip(shared["other"], shared["km2"], strict=True)
        ]
        if names:
            say(f"  {text('decided line shares', lang, names=names)}", style="yellow")
    if "rejected" in (before, status) and before != status:
        _say_out(line, round_.tables["conservation_units"], lang)


def _say_name_that_stays(line: pd.Series[str], lang: str) -> None:
    """That a unit that was renamed in one language keeps its name in the other."""
    for one, other in (("name_en", "name_ru"), ("name_ru", "name_en")):
        if line[one] and not line[other] and line[f"old_{other}"]:
            said = text("decided line name stays", lang, name=line[f"old_{other}"])
            say(f"  {said}", style="yellow")


def _say_out(line: pd.Series[str], units: pd.DataFrame, lang: str) -> None:
    """What goes out with a rejected unit, and that hotspots are told anew, of one taken back too."""
    became_of = workshop.successors(units).items() if line["status"] == "rejected" else ()
    status = dict(zip(units["unit_id"], units["status"], strict=True))
    # a unit that was split is no unit any more, and what went into it is out with its last piece only
    went = [
        unit_id
        for unit_id, last in became_of
        if line["unit_id"] in last
        and status.get(unit_id) == "merged"
        and all(status.get(one) in HIDDEN_STATUSES for one in last)
    ]
    if went:
        say(f"  {text('decided line goes out', lang, names=went)}", style="yellow")
    if units.loc[units["unit_id"].isin([line["unit_id"], *went]), "hotspot_ids"].ne("").any():
        say(f"  {text('decided line hotspots', lang)}", style="dim")


def say_rehearsed(rehearsal: Rehearsed) -> None:
    """Every damage, and the line of a report that tells of it."""
    lang = rehearsal.collected.round.imprint.languages[0]
    t = speaker(lang)
    file = ""
    for catch in rehearsal.caught:
        if catch.damage.file != file:
            file = catch.damage.file
            say(f"\n{file}", style="bold")
        table = t(f"report {catch.damage.table}")
        line = with_label(table, catch.line, lang) if catch.line else t("rehearsed line missed")
        style = "" if catch.line else "red"
        damage = t(f"damage {catch.damage.done}")
        say(f"  {'✓' if catch.line else '✗'} {damage}", style=style)
        say(f"      {line}", style="dim")
    n = sum(bool(catch.line) for catch in rehearsal.caught)
    say(f"\n{t('rehearsed line caught', n=n, of=len(rehearsal.caught))}", style="bold")
    say_rows(
        (t("rehearsed line files"), rehearsal.handed_in),
        (t("rehearsed line made"), rehearsal.next_round / "report.html"),
    )


def _file_in_words(file: FileRead, lang: str) -> str:
    """What was found in a file that a group handed in."""
    if file.refusal:
        return said(file.refusal, lang)
    whose = text("report line no group", lang)
    if file.group and file.group_by not in ("", "nothing"):
        by = text(f"known by {file.group_by}", lang)
        whose = text("report line group", lang, group=file.group, by=by)
    nothing = "nothing filled in" if file.is_form else "nothing usable"
    found = found_in(asdict(file), lang) or text(f"report line {nothing}", lang)
    return with_label(whose, found, lang)


def _of_a_line(row: dict[str, Any], lines: Collection[str], lang: str) -> dict[str, Any]:
    """What was noticed, for the line of its file; an archive has none, and is named."""
    if not row["file"] or row["file"] in lines:
        return row
    return {**row, "file": "", "what": with_label(row["file"], row["what"], lang)}


def _say_noticed(row: Mapping[str, Any], *, is_form: bool, lang: str) -> None:
    """Say one thing that the reader noticed, and what it assumed; a form has rows and sheets.

    What is said of no file is said of units, or of pairs of them.
    """
    is_of_units = not row["file"]
    place = (
        one_line(row["placemark"]).replace(";", " · ")
        if is_of_units
        else in_list(
            (
                text(f"report line {word}", lang, name=one_line(row[key]))
                for key, word in (
                    ("placemark", "row" if is_form else "placemark"),
                    ("folder", "sheet" if is_form else "folder"),
                )
                if row[key]
            ),
            lang,
        )
    )
    assumed = f" → {one_line(row['assumed'])}" if row["assumed"] else ""
    what = with_aside(one_line(row["what"]), place, lang)
    # what is said of no file must not look like one of the file above it
    indent = "    " if row["file"] else ""
    say(f"{indent}· {what}{assumed}", style="dim")


def say_packed(packs: Packed, round_dir: Path, lang: str) -> None:
    """Say how many units each group has to edit, and how large its folder is."""
    t = speaker(lang)
    say_problems(packs.problems, lang)
    say(t("packed line where", folder=str(_as_named(packs.directory, round_dir))), style="bold")
    rows = [(t("packed line folder"), t("packed line units"), t("packed line size"))]
    # pack.json lies at the top, in no folder
    folders = dict.fromkeys(name.partition("/")[0] for name in packs.files if "/" in name)
    for folder in folders:
        size = sum(size for name, size in packs.files.items() if name.startswith(f"{folder}/"))
        units = str(len(packs.units[folder])) if folder in packs.units else ""
        # millions and not 2^20: what a mail program and a file manager call MB
        rows.append((folder, units, f"{number(size / 1e6, lang, 1)} {t('megabytes')}"))
    say_rows(*rows)
    # of two groups that have one section each has its units
    twice = sum(map(len, packs.units.values())) - len(packs.allocation)
    say(t("packed line several") if twice else t("packed line once"))


def _as_named(folder: Path, round_dir: Path) -> Path:
    """A folder beside a round as the round was named on the command line; any other as it is."""
    beside = Path(os.path.normpath(round_dir / ".." / folder.name))
    # not where the round is named by a link, which has other neighbours
    return beside if beside.resolve() == folder else folder


def say_activities(activity_tables: Activities, lang: str) -> None:
    """Say how many activities there are, and what might go to the general section."""
    t = speaker(lang)
    say_problems(activity_tables.problems, lang)
    live = activity_tables.table[activity_tables.table["status"] != "dropped"]
    # what is of a unit that is not shown stands without one, as in the documents
    placed = live.loc[live["unit_id"].isin(activity_tables.completeness["unit_id"]), "unit_id"]
    general = int((live["unit_id"] == "general").sum())
    count = t(
        "activities line count",
        n=len(live),
        placed=len(placed),
        units=int(placed.nunique()),
        general=general,
        left=len(live) - len(placed) - general,
        changes=len(activity_tables.log),
    )
    say(count, style="bold")
    suggestions = activity_tables.suggestions
    waiting = suggestions[suggestions["suggested"] & ~suggestions["moved"]]
    if len(waiting):
        say(t("activities line suggested"))
        rows: list[tuple[object, ...]] = []
        for row in waiting.to_dict("records"):
            counted = t("activities line of units", n=row["n_units"], of=row["of_units"])
            rows.append((row["suggestion_id"], counted, row["text"]))
            # all of them move: whoever moves them has read them
            others = row["other_wordings"].split(" | ")
            rows += [("", "=", wording) for wording in others if wording]
        say_rows(*rows)
    incomplete = activity_tables.completeness[~activity_tables.completeness["complete"]]
    if len(incomplete):
        say(t("activities line incomplete", units=listed(incomplete["unit_id"], 8, lang)))
    say_rows(*((path.name, path) for path in activity_tables.files))


def say_check(problems: Sequence[Problem], sources: Sequence[Mapping[str, Any]], lang: str) -> None:
    """Say layer by layer what is in each file and what is wrong with it."""
    # a layer whose only file could not be read has problems and no source
    names = [str(source["layer"]) for source in sources]
    for layer in dict.fromkeys([*names, *(problem.layer for problem in problems)]):
        say(_layer(layer, lang), style="bold")
        for source in sources:
            if source["layer"] == layer:
                bad = any(p.level == "refuses" and p.file == source["file"] for p in problems)
                mark, style = ("✗", "red") if bad else ("✓", "green")
                gave = _source_in_words(source, lang)
                line = with_label(one_line(source["file"]), gave, lang)
                say(f"  {mark} {line}", style=style)
        say_problems([problem for problem in problems if problem.layer == layer], lang)


def say_kinds() -> None:
    """What can be named in a plan: what one has, where it goes, which columns it needs."""
    for kind in layers.file_kinds():
        say(f"{kind.have} as {kind.role}", style="bold")
        say(f"  columns: {kind.columns}")
    say(f"\n{layers.VECTORS}")
    say("Columns before the semicolon must be there; others are used where they are.")
    say('Other names: [columns.LAYER] or [columns."FILE"] of the plan. More: docs/data.md')


def _source_in_words(source: Mapping[str, Any], lang: str) -> str:
    """What one file gave, as far as it gave anything."""
    rows = speaker(lang)("found line rows", n=int(source.get("rows") or 0))
    return in_list([rows, *_became(source, lang)], lang)


def say_problems(
    problems: Iterable[Problem], lang: str = "en", *, cures: bool = True, stderr: bool = False
) -> None:
    """Say each problem with its place and its cure; one cure of several in a row once, for them all."""
    rows = list(problems)
    notes = [problem.as_note() for problem in rows]
    known_cures = [assumed(note, lang) for note in notes]
    alike = 0
    for place, (problem, note, cure) in enumerate(zip(rows, notes, known_cures, strict=True), 1):
        mark, style = LEVEL_MARKS[problem.level]
        line = with_aside(said(note, lang), one_line(problem.place(lang)), lang)
        say(f"  {mark} {line}", style=style, stderr=stderr)
        # the same cure of twenty files once, below the last of them
        if cure and cures:
            alike += 1
            if known_cures[place : place + 1] == [cure]:
                continue
            whom = f"{speaker(lang)('found line these', n=alike)} " if alike > 1 else ""
            indented = cure.replace("\n", "\n      ")
            say(f"      → {whom}{indented}", stderr=stderr)
        alike = 0


def say_how_sure(round_: Round) -> None:
    """Say how stable the units are, the shaky ones first."""
    lang = round_.imprint.languages[0]
    t = speaker(lang)
    stability = round_.tables["sensitivity"]
    count = stability["label"].value_counts()
    parts = [
        t("sure line label", n=int(count.get(name, 0)), label=t(name))
        for name in ("robust", "sensitive", "fragile")
    ]
    say(t("sure line", n=len(stability), parts=parts), style="bold")
    units = round_.tables["conservation_units"].set_index("unit_id")
    shaky = stability[stability["label"] != "robust"].sort_values(["share_qualifying", "unit_id"])
    rows = [
        (
            row["unit_id"],
            name_in(units.loc[row["unit_id"]], lang),
            unit_card.stability(row, lang),
        )
        for row in records(shaky)
    ]
    say_rows(*rows)
    smallest_set = round_.tables["complementarity"]
    gap = float(smallest_set["gap"].max()) if len(smallest_set) else 0.0
    size = int(smallest_set["chosen"].sum())
    # the gap is a quotient of floats: below a millionth it is none
    proof = t("sure line fewest") if gap < 1e-6 else t("sure line within", percent=100 * gap)
    say(t("sure line set", n=size, proof=proof))
    targets = round_.tables["complementarity_targets"]
    for row in targets[targets["missing"] > 0].to_dict("records"):
        what = t("sure line one side")
        if row["asks"] == "range":
            facts = {"missing": float(row["missing"]), "target": float(row["target"])}
            what = t("sure line out of reach", **facts)
        say(f"  ! {with_label(row['sci_name'], what, lang)}")


def say_fences(round_: Round) -> None:
    """Say which stretches of border to look at first, those that join nothing left out."""
    lang = round_.imprint.languages[0]
    table, species = round_.tables["fences"], round_.tables["species"]
    first = table[table["gain"] > 0].sort_values(["rank", "stretch_id"]).head(10)
    covered = _states_of_barriers(round_)
    if covered is not None:
        # what was looked for in some states says nothing of the borders of others
        layer, facts = text("note layer barriers", lang), {"names": in_short(covered, 20)}
        partial = text("note coverage partial", lang, **facts)
        told = with_label(layer.capitalize(), partial, lang)
        say(told if covered else text("fence line not looked", lang))
    if first.empty:
        if covered is None or covered:
            say(text("fence line none" if covered is None else "fence line none known", lang))
        return
    say(text("fence line first", lang, n=len(table)))
    rows = first.to_dict("records")
    say_rows(
        *((words.fence_name(row, lang), words.fence_opening(row, species, lang)) for row in rows)
    )
    say(text("fence caution", lang))


def _states_of_barriers(round_: Round) -> tuple[str, ...] | None:
    """The states of which the barriers of a round speak; None where that is all of them.

    No state where there is no layer. None too of ground that a plan draws, and of rounds of before.
    """
    table, countries = (round_.tables.get(name) for name in ("coverage", "countries"))
    areas = round_.tables.get("coverage_areas")
    is_drawn = areas is not None and "barriers" in set(areas["layer"])
    if table is None or countries is None or is_drawn:
        return None
    names = table.loc[table["layer"] == "barriers", "states"].fillna("").astype(str)
    covered = tuple(filter(None, ";".join(names).split(";")))
    states = set(countries.loc[countries["range_state"].astype(bool), "iso2"])
    return None if states <= set(covered) else covered


def say_lint(file: Path, faults: pd.DataFrame, profile: str, lang: str) -> None:
    """Say whether a file is fit for a program, and each fault."""
    t = speaker(lang)
    if faults.empty:
        say(f"✓ {t('lint line fit', file=str(file), profile=profile)}", style="green")
        return
    wrong = bool((faults["level"] == "error").any())
    errors = int((faults["level"] == "error").sum())
    facts = {"file": str(file), "profile": profile}
    counts = t("lint line counts", errors=errors, warnings=len(faults) - errors, **facts)
    say(f"{'✗' if wrong else '!'} {counts}", style="red" if wrong else "yellow")
    for row in faults.to_dict("records"):
        names = [
            t(f"report line {part}", name=name)
            for part in ("placemark", "folder")
            if (name := one_line(row[part]))
        ]
        line = one_line(row["line"])
        # line 0 is the file as a whole
        lines = [t("lint line at", line=line)] if line not in ("", "0") else []
        what = with_aside(one_line(row["what"]), in_list([*names, *lines], lang), lang)
        mark = "✗" if row["level"] == "error" else "!"
        say(f"  {mark} {with_label(row['rule'], what, lang)}")
        if one_line(row["cure"]):
            say(f"      → {one_line(row['cure'])}")
