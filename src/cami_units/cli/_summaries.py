"""What each command says when it is done."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cami_units.cli._terminal import LEVEL_MARKS, one_line, say, say_rows, sentence

if TYPE_CHECKING:
    import pandas as pd

    from cami_units.commands.activities import Activities
    from cami_units.commands.collect import Collected
    from cami_units.commands.group_files import FileRead
    from cami_units.commands.pack import Packed
    from cami_units.commands.rehearse import Rehearsed
    from cami_units.model import Problem, Round


def say_what_went_in(
    manifest: Mapping[str, Any], problems: Iterable[Problem], *, cures: bool
) -> None:
    """Say which files were read, and what was noticed in them."""
    from cami_units.model import problem_of_row

    say("What went in", style="bold")
    sources = list(manifest.get("inputs", ()))
    if sources:
        say_rows(_by_layer(sources))
    say_problems(map(problem_of_row, manifest.get("problems", ())), cures=cures)
    say_problems(problems, cures=cures)


def _by_layer(sources: Iterable[Mapping[str, Any]]) -> list[tuple[str, str]]:
    """For each layer what its files gave in all, in words."""
    layers: dict[str, dict[str, int]] = {}
    for source in sources:
        sums = layers.setdefault(str(source["layer"]), {"files": 0})
        sums["files"] += 1
        for key in ("rows", "kept", "dropped", "repaired"):
            sums[key] = sums.get(key, 0) + int(source.get(key) or 0)
    return [(layer, _sum_in_words(sums)) for layer, sums in layers.items()]


def _sum_in_words(sums: Mapping[str, int]) -> str:
    """Rows, files, and what became of the rows, as far as it happened."""
    words = sentence("{rows} {rows:row|rows} in {files} {files:file|files}", **sums)
    return ", ".join([words, *_became(sums)])


def _became(counts: Mapping[str, Any]) -> list[str]:
    """What became of rows, as far as it happened."""
    return [f"{counts[key]} {key}" for key in ("kept", "dropped", "repaired") if counts.get(key)]


def say_what_was_found(round_: Round) -> None:
    """Say how many units came out, and the first of them."""
    units = round_.tables["conservation_units"]
    missed = round_.tables["not_proposed"]
    statuses, origins = units["status"].value_counts(), units["origin"].value_counts()
    say("\nWhat was found", style="bold")
    say(
        sentence(
            "  {proposed} proposed conservation {proposed:unit|units} and {interest} "
            "{interest:area|areas} of interest: {confirms} {confirms:confirms|confirm} a known "
            "hotspot, {reshapes} {reshapes:reshapes|reshape} one, {new} {new:is|are} new.",
            proposed=int(statuses.get("modelled candidate", 0)),
            interest=int(statuses.get("area of interest", 0)),
            **{origin: int(origins.get(origin, 0)) for origin in ("confirms", "reshapes", "new")},
        )
    )
    if said := held_back(round_):
        say(f"  {said}")
    # a glance at whether the result is sane; the list is in the workbook. Shared ranks go by id
    best = units.sort_values(["rank", "unit_id"], na_position="last").head(3)
    if len(best):
        say("  The first by value:")
        say_rows(
            [
                (
                    unit["rank_label"],
                    unit["unit_id"],
                    unit["name_en"],
                    str(unit["countries"]).replace(";", ", "),
                    f"{unit['area_km2']:,.0f} km²",
                    f"score {unit['score']:.3f}",
                    unit["tier"],
                )
                for unit in best.drop(columns="geometry", errors="ignore").to_dict("records")
            ],
            indent=4,
        )
    if len(missed):
        from cami_units.model import listed

        # as many ids as stand on a line; the table has them all
        names = listed(sorted(missed["hotspot_id"]), limit=8)
        say(
            sentence(
                "  {n} {n:hotspot|hotspots} became no unit ({names}); the reasons are in the table "
                "not_proposed.",
                n=len(missed),
                names=names,
            )
        )


def held_back(round_: Round) -> str:
    """How many units the evidence alone holds back, and what was not assessed in them."""
    from cami_units.model import CRITERION_LAYERS, listed

    units, findings = round_.tables["conservation_units"], round_.tables["unit_criteria"]
    waiting = units.loc[units["status"] == "area of interest", "unit_id"]
    if waiting.empty:
        return ""
    blank = findings[findings["unit_id"].isin(waiting) & findings["met"].isna()]
    layers = {name: layer.replace("_", " ") for name, layer in CRITERION_LAYERS.items()}
    counts = blank[blank["criterion"].isin(list(layers))]["criterion"].value_counts()
    missing = [f"{layers[str(name)]} ({number})" for name, number in counts.sort_index().items()]
    why = (
        f" Not assessed in them, for want of a layer that covers them: {listed(missing)}."
        if missing
        else ""
    )
    pattern = (
        "{n} {n:unit is|units are} held back by the confidence of the evidence (C9) alone.{why}"
    )
    return sentence(pattern, n=len(waiting), why=why)


def say_where_it_is(round_: Round, out: Path) -> None:
    """Say where each product is."""
    from cami_units.model import listed
    from cami_units.words import text

    say(f"\n{round_.imprint.round} is in {out}", style="bold")
    if round_.imprint.indicative:
        say(f"  {text('indicative')}", style="dim")
    products = [
        ("Google Earth", "conservation_units.kmz"),
        ("Google Earth on the web", "conservation_units_web.kmz"),
        ("Map, for any browser", "map.html"),
        ("Workbook", "conservation_units.xlsx"),
        ("GeoPackage", "conservation_units.gpkg"),
        ("Project, for QGIS", "conservation_units.qgs"),
    ]
    say_rows([(what, out / name) for what, name in products if (out / name).is_file()])
    restricted = sorted(
        str(source["file"]) for source in round_.manifest["inputs"] if source.get("restricted")
    )
    if restricted:
        say(
            f"  The GeoPackage holds layers that may not be passed on ({listed(restricted)}): keep it "
            "to yourself, hand out the KMZ and the map.",
            style="yellow",
        )


def say_assessment(table: pd.DataFrame, *, verbose: bool) -> None:
    """One line a site; then, for a site not proposed, what it does not meet or lacks, and why."""
    if table.empty:
        say("There is no site in this file.")
        return
    sites = [(str(site), rows) for site, rows in table.groupby("site", sort=False)]
    criteria = list(dict.fromkeys(table["criterion"]))
    rows: list[Sequence[object]] = [("site", "decision", *criteria)]
    for site, findings in sites:
        names = findings["criterion"]
        marks = dict(zip(names, map(_mark, findings["met"], names), strict=True))
        rows.append((site, findings["decision"].iloc[0], *(marks.get(c, "") for c in criteria)))
    say_rows(rows, indent=0)
    say("\n✓ met   ✗ not met   ? not assessed   of a need (C6, C7): ● a need   ○ none")
    for site, findings in sites:
        decision = str(findings["decision"].iloc[0])
        open_ones = findings[[_mark(met, "") != "✓" for met in findings["met"]]]
        explained = findings if verbose else open_ones
        if len(explained) and (verbose or decision != "proposed CU"):
            say(f"\n{one_line(site)}: {decision}", style="bold")
            for row in explained.to_dict("records"):
                say(
                    f"  {_mark(row['met'], row['criterion'])} {row['criterion']}  {one_line(row['because'])}"
                )
    counts = table.drop_duplicates("site")["decision"].value_counts().sort_index()
    summary = ", ".join(f"{number} {decision}" for decision, number in counts.items())
    say(sentence("\n{n} {n:site|sites}: {summary}", n=len(sites), summary=summary))


def _mark(met: object, finding: object) -> str:
    """The mark of a finding, as everywhere else."""
    from cami_units.words import mark

    return mark(met, finding)


MOST_NOTICES = 12
MOST_LOSSES = 4
MOST_CONFLICTS = 8
"""How much of each `collect` prints: with ten files two screens of 24 lines in all. The report has
everything; `--verbose` prints it too."""


def say_collected(collected: Collected, out: Path, *, verbose: bool = False) -> None:
    """File by file what was found and assumed; then what changed, and what is to be settled.

    In the first language of the round, as what is noticed in the files and the report are.
    """
    from cami_units.commands._change_tables import problems_in_short
    from cami_units.model import records
    from cami_units.words import round_name, text

    lang = collected.round.imprint.languages[0]
    problems = records(problems_in_short(collected.problems, lang))
    # files of another round make all else meaningless
    for row in problems:
        if row["kind"] == "another round":
            say(f"! {one_line(row['what'])}\n  → {one_line(row['assumed'])}\n", style="yellow")
    told_already = ("another round", "file refused")
    files = [*collected.files, None]  # what is said of no file in particular comes last
    # a share of the lines for each file, and one at least: no noisy file silences a quiet one
    each = len(problems) if verbose else max(1, MOST_NOTICES // len(files))
    left_out = 0
    for file in files:
        if file is not None:
            mark = "✓" if file.is_used else "✗"
            say(f"{mark} {one_line(file.file)}: {_file_in_words(file, lang)}")
        name = file.file if file is not None else ""
        # why a file is refused, or a twin, stands in its line already
        of_file = [
            row for row in problems if row["file"] == name and row["kind"] not in told_already
        ]
        for row in of_file[:each]:
            _say_noticed(row, "sheet" if file is not None and file.is_form else "folder", lang)
        left_out += len(of_file[each:])
    if left_out:
        say(f"  {text('report line more remarks', lang, n=left_out)}", style="dim")
    _say_changes(collected, lang, verbose=verbose)
    _say_conflicts(collected, lang, verbose=verbose)
    called = round_name(collected.round.imprint, lang)
    say(f"\n{text('report line where', lang, round=called, folder=str(out))}", style="bold")
    say_rows(
        [
            (text("report line read first", lang), out / "report.html"),
            (text("report line workbook", lang), out / "report.xlsx"),
            (text("report line tables", lang), out / "changes.csv"),
        ]
    )
    say(text("report line next", lang, command=f"cami-units plenary {out}"))


def _say_changes(collected: Collected, lang: str, *, verbose: bool) -> None:
    """How many units changed in which way, and which lost a criterion."""
    from cami_units.documents.collect_report import counted_changes
    from cami_units.words import text

    counts = [
        f"{n} {text(f'report tile {tile}', lang, n=n)}"
        for tile, n in counted_changes(collected.changes).items()
    ]
    say(f"\n{text('report changes', lang)}: {', '.join(counts) or '0'}", style="bold")
    losses = collected.changes[collected.changes["criteria_lost"].fillna("") != ""]
    _say_some(
        [
            text(
                "report line losses",
                lang,
                unit_id=row["unit_id"],
                criteria=str(row["criteria_lost"]).replace(";", ", "),
                group=one_line(row["group"]),
            )
            for row in losses.to_dict("records")
        ],
        len(losses) if verbose else MOST_LOSSES,
        lang,
    )


def _say_conflicts(collected: Collected, lang: str, *, verbose: bool) -> None:
    """The open conflicts first, then those that were answered."""
    import pandas as pd

    from cami_units.documents.form_words import answer_said
    from cami_units.words import text

    is_open = collected.conflicts["open"].astype(bool)
    if len(is_open):
        n, answered = int(is_open.sum()), int((~is_open).sum())
        ending = f", {text('report line answered', lang, n=answered)}" if answered else ""
        say(f"\n{n} {text('report tile conflicts', lang, n=n)}{ending}", style="bold")
        # what is still to be settled must not fall behind the limit of lines
        ordered = pd.concat([collected.conflicts[is_open], collected.conflicts[~is_open]])
        _say_some(
            [
                f"{row['unit_id']}: {one_line(row['what'])} → "
                + one_line(
                    answer_said(row["resolution"], lang)
                    or f"{text('default', lang)}: {answer_said(row['default'], lang)}"
                )
                for row in ordered.to_dict("records")
            ],
            len(ordered) if verbose else MOST_CONFLICTS,
            lang,
        )


def _say_some(lines: Sequence[str], most: int, lang: str) -> None:
    """The first lines, and how many more there are."""
    from cami_units.words import text

    for line in lines[:most]:
        say(f"  {line}")
    if len(lines) > most:
        say(f"  {text('report line more', lang, n=len(lines) - most)}", style="dim")


def say_decided(line: pd.Series[str], directory: Path) -> None:
    """What a decision made of its unit, and what follows from it that nobody sees on the map.

    In the first language of the round.
    """
    from cami_units import store
    from cami_units.commands.decide import DECISION_LOG, shared_ground
    from cami_units.model import HIDDEN_STATUSES
    from cami_units.words import number, text

    round_ = store.open_round(directory)
    lang = round_.imprint.languages[0]
    before, status = line["before"], line["status"]
    became = f"{text(before, lang)} → {text(status, lang)}"
    if line["question"]:
        became = line["question"]
    elif line["into"]:
        became = f"{became} → {line['into']}"
    elif before == status:
        became = text("decided line stays", lang, status=status)
    say(f"{line['unit_id']}: {became} ({text(line['decision'], lang)})")
    say(f"  {text('decided line where', lang, file=str(directory / DECISION_LOG))}")
    was_out, is_out = before in HIDDEN_STATUSES, status in HIDDEN_STATUSES
    if was_out and not is_out and line["decision"] != "undo":
        say(f"  {text(f'decided line no longer {before}', lang)}")
    if line["outline"] or (was_out and not is_out):
        shared = shared_ground(round_).query("unit_id == @line.unit_id")
        names = [
            f"{other} ({number(km2, lang)} {text('km2', lang)})"
            for other, km2 in zip(shared["other"], shared["km2"], strict=True)
        ]
        if names:
            say(f"  {text('decided line shares', lang, names=names)}", style="yellow")
    hotspots = round_.tables["conservation_units"].set_index("unit_id")["hotspot_ids"]
    if "rejected" in (before, status) and before != status and hotspots[line["unit_id"]]:
        say(f"  {text('decided line hotspots', lang)}", style="dim")


def say_rehearsed(rehearsal: Rehearsed) -> None:
    """Every damage, and the line of a report that tells of it."""
    file = ""
    for catch in rehearsal.caught:
        if catch.damage.file != file:
            file = catch.damage.file
            say(f"\n{file}", style="bold")
        line = f"{catch.damage.table}: {catch.line}" if catch.line else "NOT CAUGHT"
        style = "" if catch.line else "red"
        say(f"  {'✓' if catch.line else '✗'} {catch.damage.done}", style=style)
        say(f"      {line}", style="dim")
    n = sum(bool(catch.line) for catch in rehearsal.caught)
    pattern = "\n{n} of {of} {of:damage|damages} {n:was|were} caught."
    say(sentence(pattern, n=n, of=len(rehearsal.caught)), style="bold")
    say_rows(
        [
            ("The files", rehearsal.handed_in),
            ("What was made of them", rehearsal.next_round / "report.html"),
        ]
    )


def _file_in_words(file: FileRead, lang: str) -> str:
    """What was found in a file that a group handed in."""
    from cami_units.model import said
    from cami_units.words import found_in, text

    if file.refusal:
        return said(file.refusal, lang)
    whose = text("report line no group", lang)
    if file.group and file.group_by not in ("", "nothing"):
        by = text(f"known by {file.group_by}", lang)
        whose = text("report line group", lang, group=file.group, by=by)
    nothing = "nothing filled in" if file.is_form else "nothing usable"
    return f"{whose}: {found_in(asdict(file), lang) or text(f'report line {nothing}', lang)}"


def _say_noticed(row: Mapping[str, Any], folder: str, lang: str) -> None:
    """Say one thing that the reader noticed, and what it assumed; `folder` is what holds its rows."""
    from cami_units.words import text

    place = ", ".join(
        text(f"report line {word}", lang, name=one_line(row[key]))
        for key, word in (("placemark", "placemark"), ("folder", folder))
        if row[key]
    )
    assumed = f" → {one_line(row['assumed'])}" if row["assumed"] else ""
    where = f" ({place})" if place else ""
    # what is said of no file must not look like one of the file above it
    indent = "    " if row["file"] else ""
    say(f"{indent}· {one_line(row['what'])}{where}{assumed}", style="dim")


def say_packed(packs: Packed) -> None:
    """Say how many units each group has to edit, and how large its folder is."""
    say_problems(packs.problems)
    say(f"The packs are in {packs.directory}", style="bold")
    counts = packs.allocation["group"].value_counts()
    rows = [("folder", "units to edit", "size")]
    # pack.json lies at the top, in no folder
    folders = dict.fromkeys(name.partition("/")[0] for name in packs.files if "/" in name)
    for folder in folders:
        size = sum(size for name, size in packs.files.items() if name.startswith(f"{folder}/"))
        units = str(counts.get(folder, 0)) if folder not in ("plenary", "everything") else ""
        # millions and not 2^20: what a mail program and a file manager call MB
        rows.append((folder, units, f"{size / 1e6:.1f} MB"))
    say_rows(rows)
    say("Each unit is editable in exactly one of them. SHA256SUMS.txt lists every file.")


def say_activities(activity_tables: Activities) -> None:
    """Say how many activities there are, and what might go to the general section."""
    say_problems(activity_tables.problems)
    live = activity_tables.table[activity_tables.table["status"] != "dropped"]
    units = live.loc[~live["unit_id"].isin(["", "general"]), "unit_id"].nunique()
    say(
        sentence(
            "{n} {n:activity|activities} in {units} {units:unit|units}, {general} in the general "
            "section, {changes} {changes:change|changes} logged.",
            n=len(live),
            units=units,
            general=int((live["unit_id"] == "general").sum()),
            changes=len(activity_tables.log),
        ),
        style="bold",
    )
    waiting = activity_tables.suggestions[
        activity_tables.suggestions["suggested"] & ~activity_tables.suggestions["moved"]
    ]
    if len(waiting):
        say("Suggested for the general section (move one with --general ID):")
        say_rows(
            [
                (row["suggestion_id"], f"{row['n_units']}/{row['of_units']} units", row["text"])
                for row in waiting.to_dict("records")
            ]
        )
    incomplete = activity_tables.completeness[~activity_tables.completeness["complete"]]
    if len(incomplete):
        from cami_units.model import listed

        say(f"Not complete yet: {listed(incomplete['unit_id'], 8)} (completeness.csv says why).")
    say_rows([(path.name, path) for path in activity_tables.files])


def say_check(problems: Sequence[Problem], sources: Sequence[Mapping[str, Any]]) -> None:
    """Say layer by layer what is in each file and what is wrong with it."""
    # a layer whose only file could not be read has problems and no source
    layers = dict.fromkeys([str(source["layer"]) for source in sources])
    layers.update(dict.fromkeys(problem.layer for problem in problems))
    for layer in layers:
        say(layer, style="bold")
        for source in sources:
            if source["layer"] == layer:
                bad = any(p.level == "refuses" and p.file == source["file"] for p in problems)
                mark, style = ("✗", "red") if bad else ("✓", "green")
                say(f"  {mark} {one_line(source['file'])}: {_source_in_words(source)}", style=style)
        say_problems([problem for problem in problems if problem.layer == layer])


def say_kinds() -> None:
    """What can be named in a plan: what one has, where it goes, which columns it needs."""
    from cami_units.layers import VECTORS, file_kinds

    for kind in file_kinds():
        say(f"{kind.have} as {kind.role}", style="bold")
        say(f"  columns: {kind.columns}")
    say(f"\n{VECTORS}")
    say("Columns before the semicolon must be there; others are used where they are.")
    say('Other names: [columns.LAYER] or [columns."FILE"] of the plan. More: docs/data.md')


def _source_in_words(source: Mapping[str, Any]) -> str:
    """What one file gave, as far as it gave anything."""
    words = sentence("{n} {n:row|rows}", n=int(source.get("rows") or 0))
    return ", ".join([words, *_became(source)])


def say_problems(problems: Iterable[Problem], *, cures: bool = True, stderr: bool = False) -> None:
    """Say each problem with its place and its cure; one cure of several in a row once, for them all."""
    rows = list(problems)
    alike = 0
    for number, problem in enumerate(rows, start=1):
        mark, style = LEVEL_MARKS[problem.level]
        place = ", ".join(one_line(part) for part in (problem.file, problem.where) if part)
        where = f" ({place})" if place else ""
        say(f"  {mark} {problem.what}{where}", style=style, stderr=stderr)
        # the same cure of twenty files once, below the last of them
        if problem.cure and cures:
            alike += 1
            if number < len(rows) and rows[number].cure == problem.cure:
                continue
            whom = f"For these {alike}: " if alike > 1 else ""
            cure = problem.cure.replace("\n", "\n      ")
            say(f"      → {whom}{cure}", stderr=stderr)
        alike = 0


def say_how_sure(round_: Round) -> None:
    """Say how stable the units are, the shaky ones first."""
    stability = round_.tables["sensitivity"]
    count = stability["label"].value_counts()
    parts = [f"{count.get(name, 0)} {name}" for name in ("robust", "sensitive", "fragile")]
    pattern = "How sure are we: of {n} {n:unit|units}, {parts}."
    say(sentence(pattern, n=len(stability), parts=parts), style="bold")
    units = round_.tables["conservation_units"].set_index("unit_id")
    shaky = stability[stability["label"] != "robust"].sort_values(["share_qualifying", "unit_id"])
    rows = [
        (unit, units.at[unit, "name_en"], units.at[unit, "stability"]) for unit in shaky["unit_id"]
    ]
    if rows:
        say_rows(rows)
    smallest_set = round_.tables["complementarity"]
    gap = float(smallest_set["gap"].max()) if len(smallest_set) else 0.0
    size = int(smallest_set["chosen"].sum())
    # the gap is a quotient of floats: below a millionth it is none
    proof = "proven to be the fewest" if gap < 1e-6 else f"proven to be within {100 * gap:.1f} %"
    pattern = "{n} {n:unit covers|units together cover} every species that can be covered, {proof}."
    say(sentence(pattern, n=size, proof=proof))
    targets = round_.tables["complementarity_targets"]
    for row in targets[targets["missing"] > 0].to_dict("records"):
        what = (
            f"{row['missing']:,.0f} of {row['target']:,.0f} km² are out of reach"
            if row["asks"] == "range"
            else "no unit holds it on both sides"
        )
        say(f"  ! {row['sci_name']}: {what}")


def say_fences(round_: Round, most: int = 10) -> None:
    """Say which stretches of border to look at first, those that join nothing left out."""
    from cami_units import words

    table, species = round_.tables["fences"], round_.tables["species"]
    rows = (
        table[table["gain"] > 0].sort_values(["rank", "stretch_id"]).head(most).to_dict("records")
    )
    if not rows:
        say("No fence along a border cuts the range of a species that lives on both sides of it.")
        return
    pattern = "Which fence first: {n} closed {n:stretch|stretches} of border."
    say(sentence(pattern, n=len(table)))
    say_rows([(words.fence_name(row), words.fence_opening(row, species)) for row in rows])
    say(words.text("fence caution"))


def say_lint(file: Path, faults: pd.DataFrame, profile: str) -> None:
    """Say whether a file is fit for a program, and each fault."""
    if faults.empty:
        say(f"✓ {file}: fit for {profile}", style="green")
        return
    wrong = bool((faults["level"] == "error").any())
    errors = int((faults["level"] == "error").sum())
    counts = sentence(
        "{errors} {errors:error|errors}, {warnings} {warnings:warning|warnings} for {profile}",
        errors=errors,
        warnings=len(faults) - errors,
        profile=profile,
    )
    say(f"{'✗' if wrong else '!'} {file}: {counts}", style="red" if wrong else "yellow")
    for row in faults.to_dict("records"):
        parts = [(part, one_line(row[part])) for part in ("placemark", "folder", "line")]
        where = ", ".join(f"{part} {value}" for part, value in parts if value)
        mark = "✗" if row["level"] == "error" else "!"
        say(f"  {mark} {row['rule']}: {one_line(row['what'])}" + (f" ({where})" if where else ""))
        if one_line(row["cure"]):
            say(f"      → {one_line(row['cure'])}")
