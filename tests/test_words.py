"""One table of phrases a language: every phrase in all of them, and every phrase that is asked for in it."""

from __future__ import annotations

import ast
import json
import re
import shutil
import subprocess
import sys
import tomllib
from importlib.resources import files
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cami_units import model, phrases, words
from cami_units.commands.assess import decide
from cami_units.criteria._evidence_facts import _figure
from cami_units.model import TOLERANCE, Note, data_dir, decided_of, notes_as_text, notes_from_text
from cami_units.plan import read_profile
from cami_units.words import finding_sentences
from cami_units.words.finding_sentences import (
    EVIDENCE_OF,
    each_because,
    in_language,
    names_of,
    reason,
)
from cami_units.words.unit_card import CARD_FIELDS, field_count, field_label, unit_cards
from tests.test_criteria import SPECIES, TOY, assess

SOURCE = Path(words.__file__).parents[1]
ROOT = Path(__file__).parents[1]
ROOMS = ("kml", "webmap", "figures", "documents", "commands", "cli", "workshop", "words")
SPEAKERS = {"text"}


def asked_for() -> list[tuple[str, str]]:
    """(file, phrase) for every literal that is handed to `words.text`."""
    files = [path for room in ROOMS for path in sorted((SOURCE / room).glob("*.py"))]
    found = []
    for path in files:
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(call, ast.Call) or not call.args:
                continue
            spoken = (
                isinstance(call.func, ast.Attribute)
                and call.func.attr in SPEAKERS
                and isinstance(call.func.value, ast.Name)
                and call.func.value.id == "words"
            ) or (
                path.parent.name == "words"
                and isinstance(call.func, ast.Name)
                and call.func.id in SPEAKERS
            )
            first = call.args[0]
            if spoken and isinstance(first, ast.Constant) and isinstance(first.value, str):
                found.append((path.name, first.value))
    return found


def test_the_scan_sees_the_rooms() -> None:
    assert len(asked_for()) > 60
    assert {"_pages.py", "_contents.py"} <= {name for name, _ in asked_for()}


def test_every_phrase_that_is_asked_for_is_in_the_catalogue() -> None:
    missing = sorted({each for each in asked_for() if each[1] not in words.catalogue()})
    assert missing == []


def test_every_step_of_a_command_has_its_phrase() -> None:
    """What a command tells its `progress` is the key of what the desk says of a job that runs."""
    steps = {
        call.args[0].value
        for path in SOURCE.rglob("*.py")
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(call, ast.Call)
        and getattr(call.func, "id", "") == "progress"
        and isinstance(call.args[0], ast.Constant)
    }
    steps |= {f"reading {layer.replace('_', ' ')}" for layer in model.INPUT_LAYERS}
    assert len(steps) > 40
    assert sorted(step for step in steps if not words.has(f"step {step}")) == []


def test_every_damage_of_a_rehearsal_has_its_phrase() -> None:
    """In the order of the arguments: `expect(done, …)` of a script that is about one file, or all."""
    source = (SOURCE / "commands" / "rehearse.py").read_text(encoding="utf-8")
    calls = [call for call in ast.walk(ast.parse(source)) if isinstance(call, ast.Call)]
    texts = {
        each.value
        for call in calls
        if getattr(call.func, "attr", getattr(call.func, "id", "")) == "expect"
        for each in call.args[:2]
        if isinstance(each, ast.Constant) and each.value not in ("changes", "conflicts", "problems")
    } - {"remarks", "files"}
    assert len(texts) > 35
    assert sorted(each for each in texts if not words.has(f"damage {each}")) == []


def noted() -> set[tuple[str, str]]:
    """(file, key) for every note that the loop makes of a literal key."""
    makers = {"note", "notice", "noted", "Note", "of"}
    return {
        (path.name, first.value)
        for room in ("workshop", "commands")
        for path in sorted((SOURCE / room).glob("*.py"))
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(call, ast.Call)
        and getattr(call.func, "attr", getattr(call.func, "id", "")) in makers
        for first in call.args[:2]
        if isinstance(first, ast.Constant) and isinstance(first.value, str) and first.value
    }


def test_every_note_has_its_sentence() -> None:
    keys = noted()
    assert len(keys) > 50
    missing = {
        each
        for each in keys
        if not {f"note {each[1]}", f"because {each[1]}"} & set(words.catalogue())
        and each[1] != EVIDENCE_OF
    }
    assert missing == set()


def told() -> set[str]:
    """The keys of the notes that criteria, ranks and `words` itself make, by how they begin."""
    makers = {"_note", "_unknown", "Note"}
    files = [*sorted((SOURCE / "criteria").glob("*.py")), SOURCE / "rank.py"]
    files += sorted((SOURCE / "words").glob("*.py"))
    calls = [
        call
        for path in files
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(call, ast.Call) and getattr(call.func, "id", "") in makers and call.args
    ]
    keys: list[ast.expr] = []
    for call in calls:
        first = call.args[0]
        choices = [first.body, first.orelse] if isinstance(first, ast.IfExp) else [first]
        keys += [each.values[0] if isinstance(each, ast.JoinedStr) else each for each in choices]
    literals = {each.value for each in keys if isinstance(each, ast.Constant)}
    facts_of_places = {"id", "hotspot", "protected_area"}
    # a refusal, and no clause of a finding
    return {str(key) for key in literals if key} - facts_of_places - {"criterion unmeasured"}


def test_every_fact_has_its_clause() -> None:
    """Keys that are put together ("not looked " and a layer) are held to their beginning."""
    assert len(told()) > 60
    spoken = [
        key.removeprefix("because ") for key in words.catalogue() if key.startswith("because ")
    ]
    assert sorted(key for key in told() if not any(each.startswith(key) for each in spoken)) == []


def numbers_in(sentence: str, lang: str) -> set[float]:
    """The numbers of a sentence, whatever its language writes between thousands and before decimals."""
    plain = sentence
    for sign, mark in (("thousands separator", ""), ("decimal separator", ".")):
        between = re.escape(words.text(sign, lang))
        plain = re.sub(rf"(?<=\d){between}(?=\d)", mark, plain)
    return {float(number) for number in re.findall(r"\d+(?:\.\d+)?", plain)}


@pytest.mark.parametrize("lang", words.LANGUAGES)
def test_every_language_says_the_same_numbers(lang: str) -> None:
    """All findings of the toy sites, and the decisions on them: no language adds or loses a number.

    A one may be a word ("один вид").
    """
    found = assess(TOY, SPECIES, read_profile())
    names = names_of({"species": SPECIES})
    lines = [*found.criteria["facts"], *decide(found, read_profile())["facts"]]
    assert len(lines) > 30
    for line in lines:
        tell = finding_sentences.because if line in set(found.criteria["facts"]) else reason
        english, said = tell(line, names), tell(line, names, lang)
        assert "{" not in said
        assert numbers_in(said, lang) - {1.0} == numbers_in(english, "en") - {1.0}, said


def test_a_finding_of_a_round_of_old_keeps_its_english_sentence() -> None:
    """Rounds made before there were facts have none: nothing is lost, and nothing fails."""
    old = pd.DataFrame(
        {"unit_id": ["CU-001", "CU-002"], "criterion": ["C3", "C3"], "because": ["Old.", "New."]}
    )
    new = old.assign(facts=["", '[{"key": "C3 none"}]'])
    assert in_language({"unit_criteria": old}, "ru")["unit_criteria"] is old
    spoken = in_language({"unit_criteria": new}, "ru")["unit_criteria"]["because"]
    assert spoken.tolist() == ["Old.", "Трансграничных видов нет, поэтому нет и доли ареала."]
    assert in_language({"unit_criteria": new}, "en")["unit_criteria"] is new


@given(value=st.floats(0.001, 1e6), limit=st.integers(1, 400).map(lambda n: n / 4))
def test_what_is_said_beside_a_limit_is_true(value: float, limit: float) -> None:
    """The number as it is said lies on the side of the limit on which the measured one lies."""
    said = float(words.exact(_figure(value, limit)).replace(",", ""))
    assert (said >= limit) == (value >= limit * (1 - TOLERANCE))
    assert said == pytest.approx(value, rel=0.06)


def test_a_number_is_followed_by_its_noun_in_its_case() -> None:
    """One crossing, two points; Russian has three forms, and a fraction takes the second: 2,5 балла."""
    said = {
        (lang, word): [words.measure(word, n, lang) for n in (1, 2, 5, 21, 2.5, 5.5)]
        for lang, word in (("en", "crossings"), ("ru", "species"), ("ru", "points"))
    }
    assert said == {
        ("en", "crossings"): ["crossing", *["crossings"] * 5],
        ("ru", "species"): ["вид", "вида", "видов", "вид", "вида", "вида"],
        ("ru", "points"): ["балл", "балла", "баллов", "балл", "балла", "балла"],
    }
    facts = {"criterion": "C5", "value": 0, "limit": 1, "unit": "crossings", "missing": 1}
    line = notes_as_text([Note("nearest miss", facts)])
    assert reason(line, {}) == "Nearest is C5, with 0 of 1 crossing: 1 short."
    assert "нужно 1 переход," in reason(line, {}, "ru")


def test_no_figure_is_said_in_powers_of_ten() -> None:
    """Python writes 120 in two digits as 1.2e+02, and a hundred-thousandth as 1e-05."""
    said = [model.filled("{n:.2g}", {"n": n}) for n in (120.0, 0.00001, 12.0)]
    assert said == ["120", "0.00001", "12"]
    assert model.filled("{n:+.3g}", {"n": 0.0000125}, "ru") == "+0,0000125"


@pytest.mark.parametrize("lang", words.LANGUAGES)
def test_no_noun_stands_in_two_forms_beside_its_number(lang: str) -> None:
    """ "вида (видов)" leaves to the reader what the phrase can say: {n:вид|вида|видов}."""
    doubled = re.compile(r"\((?:s|es|ов|ев|ей|а|ы|и)\)|(\w{3})\w* \(\1\w*\)")
    assert [key for key, said in words.catalogue(lang).items() if doubled.search(said)] == []


READ = [lang for lang in words.LANGUAGES if not phrases.translated(lang).get("translation note")]
DRAFTS = [lang for lang in words.LANGUAGES if lang not in READ]


@pytest.mark.parametrize("lang", READ)
def test_every_phrase_is_there_in_every_language_that_has_been_read(lang: str) -> None:
    """A table of its own: what a language lacks is told in English, and named here."""
    own = phrases.translated(lang)
    assert sorted(set(words.catalogue()) ^ set(own)) == []
    blank = [key for key, phrase in own.items() if not phrase.strip(" ")]
    assert blank == ["translation note", "between sentences"]


@pytest.mark.parametrize("lang", DRAFTS)
def test_a_draft_says_that_it_is_one_and_is_nearly_whole(lang: str) -> None:
    """Chinese and Mongolian: drafted by the toolkit's own people, not yet read by a native speaker."""
    own = phrases.translated(lang)
    assert sorted(set(own) - set(words.catalogue())) == []
    # a phrase that came yesterday may still be English; a tenth of them may not
    assert len(own) >= 0.9 * len(words.catalogue())
    # Chinese puts nothing between two sentences
    assert {key for key, phrase in own.items() if not phrase.strip(" ")} <= {"between sentences"}
    assert words.disclaimer(model.DISCLAIMER, lang).endswith(own["translation note"])
    for folder in ("units", "evidence", "notes", "your section"):
        assert f"folder {folder}" in own


def test_what_is_russian_is_written_in_cyrillic() -> None:
    """A phrase left in English would pass for translated: the two must differ, but for bare signs."""
    english, russian = (phrases.translated(lang) for lang in ("en", "ru"))
    latin = [
        key
        for key, phrase in english.items()
        if re.search(r"[A-Za-z]{3}", re.sub(r"{\w*}", "", phrase))
        and not re.search(r"[А-Яа-яЁё]", russian[key])
    ]
    assert latin == []


@pytest.mark.parametrize("lang", words.LANGUAGES)
def test_all_languages_leave_the_same_blanks_and_close_their_markup(lang: str) -> None:
    blanks = re.compile(r"{(\w*)}")
    for key, phrase in words.catalogue().items():
        said = words.text(key, lang)
        # "one corridor" need not say its number
        left_out = {"n"} if key.endswith(", one") else set()
        assert set(blanks.findall(phrase)) - left_out == set(blanks.findall(said)) - left_out, key
        for tag in ("b", "i", "code"):
            assert said.count(f"<{tag}>") == said.count(f"</{tag}>"), key


def test_no_sentence_of_a_note_leaves_a_blank_that_would_take_the_place_of_its_key() -> None:
    """In a column a note is one object, its own key under "key": a fact of that name would overwrite it."""
    columns = {key for key, phrase in words.catalogue().items() if re.search(r"{key[:}]", phrase)}
    assert columns == set()
    [back] = notes_from_text(notes_as_text([Note("ids shared", {"column": "hotspot_id"})]))
    assert back.key == "ids shared"


def test_a_key_is_written_once() -> None:
    """TOML refuses a repeated key, so that the later one cannot silently win."""
    with pytest.raises(tomllib.TOMLDecodeError):
        tomllib.loads('area = "Area"\narea = "Surface"')


def test_a_third_language_is_one_file(tmp_path: Path) -> None:
    """An invented language: a copy of the English table, each phrase between brackets, two left out.

    The package is copied and the file put beside the others; nothing else is touched.
    """
    package = tmp_path / "cami_units"
    shutil.copytree(SOURCE, package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "data", package / "data")
    lines = (package / "phrases" / "en.toml").read_text(encoding="utf-8").splitlines()
    made = [re.sub(r"^(\S+|\"[^\"]+\") = (.)(.*)(.)$", r"\1 = \2[\3]\4", line) for line in lines]
    made = [line for line in made if not line.startswith(("area =", "robust ="))]
    (package / "phrases" / "qq.toml").write_text("\n".join(made), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-c", THIRD_LANGUAGE, str(tmp_path)],
        env={"PYTHONPATH": str(tmp_path), "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "howto.html").read_text(encoding="utf-8")
    assert '<html lang="qq">' in page
    assert "[Handing in]" in page
    assert "CU-001</b> Altai" in page
    said = json.loads(done.stdout)
    assert set(said["languages"]) == {*words.LANGUAGES, "qq"}
    assert said["states"] == "[States]"
    assert said["area"] == "Area"  # left out of the table: told in English
    assert said["species"] == "1: Saiga antelope"  # no name_qq: the English name
    assert said["plan"] == ["qq", "en"]
    assert said["begins"] == "# A plan"  # no data/plan.qq.toml: explained in English


THIRD_LANGUAGE = """
import json, sys
from pathlib import Path
import pandas as pd
from cami_units import words
from cami_units.commands.init import init
from cami_units.documents.html_pages import write_howto
from cami_units.layers import read_species
from cami_units.model import Imprint
from cami_units.plan import read_plan

folder = Path(sys.argv[1])
units = pd.DataFrame({"unit_id": ["CU-001"], "name_en": ["Altai"], "name_ru": ["Алтай"]})
imprint = Imprint(title="T", date="2026-11-22", round="Round 00", profile="P")
write_howto(
    folder / "howto.html", units, imprint=imprint, group="S1", sections=["A"], paper=True, lang="qq"
)
plan = folder / "plan.toml"
plan.write_text('title = "T"\\ndate = "2026-11-22"\\n[output]\\nlanguages = ["qq", "en"]\\n')
species = read_species()
name = words.name_in(species[species["sci_name"] == "Saiga tatarica"].iloc[0].to_dict(), "qq")
print(json.dumps({
    "languages": list(words.LANGUAGES),
    "states": words.text("states", "qq"),
    "area": words.text("area", "qq"),
    "species": f"1: {name}",
    "plan": list(read_plan(plan).output.languages),
    "begins": init(folder / "w", lang="qq")[1].read_text(encoding="utf-8").split(":")[0],
}))
"""


@pytest.mark.parametrize(
    "needed",
    [model.STATUSES, model.FINDINGS, CARD_FIELDS, model.ORIGINS]
    + [tuple(codes.values()) for codes in (model.PRESENCE, model.ORIGIN, model.SEASONAL)],
)
def test_what_the_house_speaks_of_has_a_word(needed: tuple[str, ...]) -> None:
    assert [one for one in needed if one not in words.catalogue()] == []


def test_an_unknown_phrase_or_language_is_refused() -> None:
    with pytest.raises(model.InputError, match=r"'legendd' is not in the catalogue.*'legend'"):
        words.text("legendd")
    with pytest.raises(model.InputError, match=r"Language 'fr' is unknown: en, .*ru.* are there"):
        words.text("legend", "fr")


def test_the_standing_disclaimer_is_translated_and_anothers_is_not() -> None:
    assert words.disclaimer(model.DISCLAIMER) == model.DISCLAIMER
    assert "правовом статусе" in words.disclaimer(model.DISCLAIMER, "ru")
    assert words.disclaimer("Ours.", "ru") == "Ours."


# -- what a file can cause, in every language -------------------------------------------------------

OF_FILES = (
    *("kml/_containers.py", "kml/_xml.py", "kml/_placemarks.py", "layers/_gis_placemarks.py"),
    *("documents/form_reading.py", "documents/form_words.py", "documents/workbook_cells.py"),
    *("commands/group_files.py", "commands/group_folders.py", "commands/group_forms.py"),
    *("commands/group_placemarks.py", "commands/group_reading.py"),
    *("commands/collect.py", "commands/decide.py", "desk/_day.py"),
    *("commands/activities.py", "commands/pack.py", "desk/_verbs.py", "workshop/_activities.py"),
    *("workshop/_merge.py", "workshop/_merge_tables.py", "store/_growing_log.py"),
)
"""Where a file that is handed in, a resolution, a decision or a form is refused or complained of."""


OF_LAYERS = (
    *(f"layers/{path.name}" for path in sorted((SOURCE / "layers").glob("*.py"))),
    *(f"plan/{path.name}" for path in sorted((SOURCE / "plan").glob("*.py"))),
    *("commands/check.py", "commands/plan_layers.py", "commands/context.py"),
)
"""Where a plan, or a layer of it, is."""


def calls_in(file: str) -> list[ast.Call]:
    tree = ast.parse((SOURCE / file).read_text(encoding="utf-8"))
    return [node for node in ast.walk(tree) if isinstance(node, ast.Call)]


def called(call: ast.Call) -> str:
    return str(getattr(call.func, "attr", getattr(call.func, "id", "")))


@pytest.mark.parametrize("file", [*OF_FILES, *OF_LAYERS])
def test_no_refusal_or_complaint_is_a_sentence_where_it_arises(file: str) -> None:
    """A sentence made there is English on every page; a key with facts is made into one last."""
    sentences = [
        call.lineno
        for call in calls_in(file)
        if called(call) in ("InputError", "PlanError", "ValueError", "Problem")
        for argument in call.args
        if isinstance(argument, ast.JoinedStr | ast.BinOp)
        or (isinstance(argument, ast.Constant) and " " in str(argument.value))
    ]
    assert sentences == []


def refusals() -> list[tuple[str, str, frozenset[str]]]:
    """(file, key, names of facts) of every refusal whose facts are named where it is raised."""
    return [
        (file, call.args[0].value, frozenset(str(word.arg) for word in call.keywords))
        for file in OF_FILES
        for call in calls_in(file)
        if called(call) == "of"
        and call.args
        and isinstance(call.args[0], ast.Constant)
        and all(word.arg for word in call.keywords)
    ]


ENGLISH = re.compile(r"(?:\b[a-z]{2,}\b[,;]? ){3,}[a-z]{2,}\b")
"""Four English words in a row: names of files, columns, options and programs are fewer."""


@pytest.mark.parametrize("lang", [lang for lang in words.LANGUAGES if lang != "en"])
def test_every_refusal_is_told_in_the_language_of_the_page(lang: str) -> None:
    assert len(refusals()) > 50
    own = phrases.translated(lang)
    for file, key, names in refusals():
        assert f"note {key}" in own, f"{file}: {key}"
        # as it is raised: a fact that the phrase wants and the call lacks would be a KeyError
        told_there = words.said(model.Note(key, dict.fromkeys(names, "‹›")), lang)
        assert not ENGLISH.search(told_there), told_there


def test_every_note_of_a_problem_has_its_words_and_no_english_in_russian() -> None:
    own = phrases.translated("ru")
    keys = {
        key.removeprefix("note ").removesuffix(" assumed") for key in own if key.startswith("note ")
    }
    assert len(keys) > 200
    spoken = [
        (key, phrase)
        for key, phrase in own.items()
        if key.startswith(("note ", "desk ", "because "))
    ]
    assert [each for each in spoken if ENGLISH.search(re.sub(r"{\w*}", "‹›", each[1]))] == []


def test_phrases_are_what_toml_says_they_are(monkeypatch):
    """They are read a line each, as JSON: tomllib is the witness, of the order as well.

    None of ours needs it: for a remark behind a phrase every command would wait.
    """
    tables = {
        lang: list(
            tomllib.loads(files(phrases).joinpath(f"{lang}.toml").read_text("utf-8")).items()
        )
        for lang in words.LANGUAGES
    }
    monkeypatch.setattr(phrases.tomllib, "loads", None)
    for lang, table in tables.items():
        assert list(phrases.translated(lang).items()) == table


def test_a_phrase_that_stands_twice_is_refused(tmp_path, monkeypatch):
    """JSON would take the last of the two without a word."""
    (tmp_path / "en.toml").write_text('area = "Area"\narea = "Extent"\n', encoding="utf-8")
    monkeypatch.setattr(phrases, "files", lambda _: tmp_path)
    with pytest.raises(tomllib.TOMLDecodeError):
        phrases.translated("en")


@pytest.mark.parametrize(
    ("facts", "sentence"),
    [
        # what is nearly nothing is no more finely known than a hundredth of a per cent
        ({"id": "H01", "share": 0.0041}, "H01  (< 0.01 %)"),
        ({"id": "H01", "share": 0.01}, "H01  (0.01 %)"),
        ({"id": "H01", "share": 82.0}, "H01  (82.0 %)"),
    ],
)
def test_a_share_is_never_told_finer_than_it_is_known(facts: dict, sentence: str) -> None:
    note = Note("hotspot share", facts | {"hotspot": ""})
    assert reason(notes_as_text([note]), {}) == sentence


def test_beside_a_limit_as_small_a_share_keeps_the_figures_that_the_finding_hangs_on() -> None:
    facts = {"species": "Saiga", "share": 0.0041, "limit": 0.005}
    assert reason(notes_as_text([Note("species share", facts)]), {}) == (
        "Saiga 0.0041 % (needs 0.005 %)"
    )


def test_a_share_whose_limit_another_version_did_not_know_is_said_all_the_same() -> None:
    note = Note("species share", {"species": "Saiga", "share": 0.0041, "limit": None})
    assert reason(notes_as_text([note]), {}).startswith("Saiga < 0.01 %")


def test_a_russian_sentence_writes_animals_small_unless_it_begins_with_one() -> None:
    row = {"name_en": "Saiga antelope", "name_ru": "Сайгак", "name_zh": "高鼻羚羊"}
    names = {"species": {"Saiga tatarica": row}}
    within = notes_as_text(
        [Note("G2 one side", {"species": ["Saiga tatarica"], "grades_any": ["A"]})]
    )
    first = notes_as_text([Note("species is", {"species": "Saiga tatarica", "category": "NT"})])
    assert "стороне: сайгак; " in finding_sentences.because(within, names, "ru")
    assert finding_sentences.because(first, names, "ru") == "Сайгак имеет категорию NT."
    assert "side only: Saiga antelope, " in finding_sentences.because(within, names)
    assert "高鼻羚羊" in finding_sentences.because(within, names, "zh")


def test_kilometres_have_their_thousands_parted() -> None:
    note = Note("long sides", {"count": 2, "km": 1561})
    assert model.said(note) == "sides longer than 300 km: 2, the longest 1,561 km"
    assert "1\N{NO-BREAK SPACE}561 км" in model.said(note, "ru")


def _spelt(root: Path) -> tuple[set[str], list[re.Pattern[str]]]:
    """Texts that the code holds, and patterns of those that it puts together."""
    texts: set[str] = set()
    # a template within a template, and keys of which both parts, or the first, are chosen
    joined = {
        *(
            "context (.+)",
            "profile (.+)",
            "draw did (.+)",
            "reshaped (.+)",
            "((?:nameless )?placemark) (in|at)",
        ),
        *(
            "(broken placemark|no ground), outline left",
            "(another round|file cut off|no folder), nothing concluded",
        ),
        "(records|positions) left out",
    }
    for path in root.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                texts |= {node.value, *node.value.split()}
            elif isinstance(node, ast.JoinedStr):
                joined.add(
                    "".join(
                        re.escape(part.value) if isinstance(part, ast.Constant) else "(.+)"
                        for part in node.values
                    )
                )
    for path in [*root.rglob("*.js"), *root.rglob("*.html")]:
        page = path.read_text(encoding="utf-8")
        texts |= {text for pair in re.findall(r'"([^"\n]*)"|\'([^\'\n]*)\'', page) for text in pair}
        texts |= set(re.findall(r'\bt\(["\']([^"\']+)', page))
        for template in re.findall(r"`([^`\n]*)`", page):
            constants = re.split(r"\$\{[^}]*\}", template)
            joined.add("(.+)".join(map(re.escape, constants)))
    for path in root.rglob("*.toml"):  # tables of columns and layers
        if path.parent.name != "phrases":
            texts |= set(re.findall(r"\w+", path.read_text(encoding="utf-8")))
    joined |= {f"{re.escape(text)}(.+)" for text in texts if text.endswith(" ")}
    # one that begins with anything, or is hardly more than blanks, would fit every key
    solid = [
        one
        for one in joined
        if "(" in one and not one.startswith("(.+)") and len(re.sub(r"\(.+?\)|\W", "", one)) > 1
    ]
    return texts, [re.compile(one) for one in solid]


# the bundled layers that say by codes where they are from
OWN_SOURCES = ("protected_areas", "barriers", "corridors", "sections")


def test_every_phrase_is_spoken_somewhere():
    texts, patterns = _spelt(SOURCE)
    # what a code of a range means is a key as it stands there
    codes = (SOURCE / "model" / "codes.toml").read_text(encoding="utf-8")
    texts |= set(re.findall(r'"(.+)"', codes))
    # words of tables and profiles that come with the software: kinds, statuses, names
    data = " ".join(
        path.read_text(encoding="utf-8")
        for path in (*data_dir().rglob("*"), SOURCE / "documents" / "sheets.toml")
        if path.suffix in (".csv", ".toml")
        or path.name in [f"{name}.geojson" for name in OWN_SOURCES]
    )

    def is_spelt(key: str, depth: int = 2) -> bool:
        """Whether the code holds a key, or puts it together of parts that it holds."""
        if key in texts or key.isdigit() or (depth < 2 and key in data):
            return True
        found = (pattern.fullmatch(key) for pattern in patterns) if depth else ()
        return any(
            match and all(is_spelt(part, depth - 1) for part in match.groups()) for match in found
        )

    keys = [key for key in words.catalogue() if not is_spelt(key.removesuffix(" assumed"))]
    assert keys == []
    # the test itself sees what nobody says
    assert not is_spelt("draw nobody says this")
    assert not is_spelt("note nobody says this")


def test_a_noun_bends_after_its_number_as_its_language_bends_it():
    # Russian: 1 and 21 take the first form, 2 to 4 and 22 the second, 5, 11 to 14 and 111 the third
    one, few, many = "1 контур", "2 контура", "5 контуров"
    assert [words.counted(n, "shapes", "ru") for n in (1, 2, 5)] == [one, few, many]
    bent = {n: words.counted(n, "shapes", "ru").split()[1] for n in (0, 11, 12, 21, 22, 101, 111)}
    assert bent == {
        **dict.fromkeys((0, 11, 12, 111), "контуров"),
        **dict.fromkeys((21, 101), "контур"),
        22: "контура",
    }
    assert words.found_in({"shapes": 1, "pins": 1, "rows": 0}) == "1 shape, 1 pin or line"
    assert words.counted(12_000, "rows") == "12,000 rows of the form"
    # a sentence hangs together: its verb and its pronoun go with the noun
    note = Note("activities of no unit", {"count": 1})
    assert words.said(note) == "1 activity names no unit"
    assert words.assumed(note).startswith("It is kept without a unit. Say which unit it belongs")
    many_notes = Note("activities of no unit", {"count": 2})
    assert words.assumed(many_notes).startswith("They are kept without a unit.")


def test_every_counted_noun_has_the_forms_of_its_language():
    # {n:one|more} in two forms, of Russian in three: a form that is lacking is a wrong one for some n
    n_forms = {"en": {2}, "ru": {3}}
    for lang, allowed in n_forms.items():
        for key, phrase in words.catalogue(lang).items():
            for forms in re.findall(
                r"\{\w+:([^{}]*(?:\{\w+\}[^{}]*)*\|[^{}]*(?:\{\w+\}[^{}]*)*)\}", phrase
            ):
                assert forms.count("|") + 1 in allowed, (lang, key, forms)


def test_what_is_decided_is_counted_of_what_waits_for_plenary():
    group_merged, group_rejected = {"status": "merged"}, {"status": "rejected", "decision": ""}
    waiting = {"status": "modelled candidate", "decision": "park"}
    assert decided_of([group_merged, group_rejected, waiting]) == (0, 1)
    # what plenary itself rejected or agreed on, and what a document settled, is decided
    settled = [
        {"status": "rejected", "decision": "reject"},
        {"status": "plenary-agreed", "decision": "agree"},
        {"status": "adopted"},
    ]
    assert decided_of([*settled, waiting, group_merged]) == (3, 4)


def test_the_language_of_a_phrase_may_be_named():
    # taken for a fact, it left pages in English
    assert words.text("area", lang="ru") == words.text("area", "ru") == "Площадь"
    assert words.text("drawn of", lang="ru", drawn=1, all=2) == words.text(
        "drawn of", "ru", drawn=1, all=2
    )


def test_findings_that_rest_on_the_same_are_said_once_and_each_in_its_row(monkeypatch):
    asked: list[str] = []
    because = finding_sentences.because
    monkeypatch.setattr(
        finding_sentences, "because", lambda *about: asked.append(about[0]) or because(*about)
    )
    none, two = (notes_as_text([Note(key)]) for key in ("C3 none", "C2 none"))
    column = pd.Series([none, two, none, none, ""])
    assert each_because(column, {}, "ru") == [because(one, {}, "ru") for one in column]
    assert asked == [none, two, ""]


def test_the_demonstration_is_called_in_the_readers_language_and_a_workshop_as_its_plan_says(
    tmp_path: Path,
) -> None:
    """On a page of any language; a group's in another than the round's is turned back too."""
    from cami_units.documents.html_pages import write_howto

    key = "title of the demonstration"
    shown = tomllib.loads((data_dir() / "plan.toml").read_text(encoding="utf-8"))["title"]
    assert shown == words.text(key)
    units = pd.DataFrame({"unit_id": ["CU-001"], "name_en": ["Altai"], "name_ru": ["Алтай"]})
    facts = {"date": "2026-11-22", "round": "Round 00", "profile": "P"}
    for title, lang, said in (
        (shown, "ru", words.text(key, "ru")),
        (words.text(key, "ru"), "en", shown),
        ("Алтай 2026", "en", "Алтай 2026"),
    ):
        page = tmp_path / "howto.html"
        # a round of old, which says by its title whether it is ours, and one that says it as a value
        imprint = model.Imprint(title=title, **facts)
        ours = title != "Алтай 2026"
        renamed = model.Imprint(title="Renamed", demonstration=ours, **facts)
        assert words.imprint_in(renamed, lang).title == (said if ours else "Renamed")
        kept = model.Imprint(title=title, demonstration=False, **facts)
        assert words.imprint_in(kept, lang).title == title
        write_howto(page, units, imprint=imprint, group="S1", sections=["A"], paper=True, lang=lang)
        assert f"<title>{said} · " in page.read_text(encoding="utf-8")


def _drawn_unit() -> pd.DataFrame:
    return pd.DataFrame(
        {
            **{key: ["CU-001"] for key in ("unit_id", "name_en", "name_ru")},
            "status": ["working-group proposal"],
            "origin": ["new"],
            "hotspot_ids": [""],
            "rank_label": ["1"],
            "tier": ["high"],
            "score": [0.5],
            "area_km2": [1.0],
            "countries": ["KZ;UZ"],
            "disputed": [False],
            "species": [""],
            "confidence": [0.5],
        }
    )


@pytest.mark.parametrize(
    ("share", "said"),
    [
        (35.2, "new; shares ground with known hotspots"),
        (0.0, "new: no known hotspot here"),
        (float("nan"), "new"),
    ],
)
def test_a_drawn_unit_is_said_to_lie_in_hotspots_where_its_findings_say_so(share, said):
    # grown from no hotspot (origin "new"), which says nothing of where it lies: C8 measured that
    units = _drawn_unit()
    findings = pd.DataFrame(
        {"unit_id": ["CU-001"], "criterion": ["C8"], "met": [False], "value": [share]}
    )
    tables = {"conservation_units": units, "unit_criteria": findings}
    card = unit_cards(tables, pd.DataFrame({"sci_name": [], "name_en": []})).iloc[0]
    assert card["origin"] == said


def test_a_unit_without_a_rank_is_said_to_have_none():
    """What is not proposed has a score of nothing, which read like a place at the bottom."""
    units = _drawn_unit().assign(rank_label=None, tier="moderate", score=0.0)
    findings = pd.DataFrame({"unit_id": [], "criterion": [], "met": [], "value": []})
    tables = {"conservation_units": units, "unit_criteria": findings}
    species = pd.DataFrame({"sci_name": [], "name_en": []})
    assert unit_cards(tables, species).iloc[0]["rank"] == "not ranked"
    ranked = tables | {"conservation_units": units.assign(rank_label="40")}
    assert unit_cards(ranked, species).iloc[0]["rank"] == "40 · moderate · score 0.000"


@pytest.mark.parametrize("lang", words.LANGUAGES)
def test_what_our_layers_say_of_their_sources_is_told_in_each_language(lang):
    """By codes in their own column: remarks in words, citations as they stand; English is what it was."""
    remarks = {
        "from memory": "memory",
        "extent from memory (medium)": "memory extent medium",
        "set-back of 9 km is ours": "set-back 9",
    }
    for remark, code in remarks.items():
        assert (words.source_said(remark, code, lang) == remark) == (lang == "en"), remark
        # without a code, or with codes of what somebody has mended since, it stands as it is
        for codes in ("", None, float("nan"), "memory low", f"{code};=", "no such code"):
            assert words.source_said(remark, codes, lang) == remark, codes
    own = "Own survey (high); from memory"
    assert words.source_said(own, "=;=", lang) == own
    mixed = words.source_said(own, "=;memory", lang)
    assert mixed.startswith(f"Own survey (high){words.text('between clauses', lang)}")


def test_what_is_also_present_begins_with_the_largest_share_of_a_range():
    """A unit drawn for the saiga: by the alphabet its 29 % stood behind the wild horse and the gazelle."""
    shares = {"Equus ferus": 20.0, "Gazella subgutturosa": 0.07, "Saiga tatarica": 29.0}
    rows = {"unit_id": "CU-001", "sci_name": [*shares], "range_share": [*shares.values()]}
    tables = {
        "conservation_units": _drawn_unit(),
        "unit_criteria": pd.DataFrame({"unit_id": [], "criterion": [], "met": [], "value": []}),
        "unit_species": pd.DataFrame({**rows, "role": "occurs"}),
    }
    card = unit_cards(tables, pd.DataFrame({"sci_name": [], "name_en": []})).iloc[0]
    order = sorted(shares, key=lambda name: card["species"].index(name))
    assert order == ["Saiga tatarica", "Equus ferus", "Gazella subgutturosa"]


_LABEL_SIGN = re.compile("：|: ")


def _full_card(lang: str) -> pd.Series:
    """A card of which every field says all that it can."""
    unit = _drawn_unit().assign(
        species="Saiga tatarica;Equus ferus",
        countries="KZ;UZ",
        disputed=True,
        open_questions="A-001 Who?",
    )
    takes = {
        "unit_id": "CU-001", "site": "CU-001", "sci_name": "Saiga tatarica", "iso2": "KZ", "missing": 2.0,
        "km2": 812.4, "direction": "NE", "corridor_id": "M01",
    }  # fmt: skip
    kinds = [
        ("C3", "ground"),
        ("C1", "ground"),
        ("C5", "grade"),
        ("C5", "crossing"),
        ("C9", "layers"),
    ]
    context = {"unit_id": "CU-001", "layer": ["cattle", "mines"], "unit": ["mean", "%"]}
    tables = {
        "conservation_units": unit,
        "unit_criteria": pd.DataFrame(
            {
                "unit_id": "CU-001",
                "criterion": ["C1", "C6", "C8"],
                "met": True,
                "value": [2.0, 40.0, 30.0],
            }
        ),
        "unit_species": pd.DataFrame(
            {"unit_id": ["CU-001"], "sci_name": "Uncia", "role": "occurs", "range_share": 3.0}
        ),
        "what_it_takes": pd.DataFrame(
            [{**takes, "criterion": criterion, "kind": kind} for criterion, kind in kinds]
        ),
        "unit_context": pd.DataFrame(
            {**context, "value": [3.2, 12.0], "covered_share": [1.0, 0.5]}
        ),
        "sensitivity": pd.DataFrame(
            [
                {
                    "unit_id": "CU-001",
                    "label": "robust",
                    "share_qualifying": 0.9,
                    "runs": 100,
                    "flips": "cell size",
                }
            ]
        ),
    }
    return unit_cards(tables, pd.DataFrame({"sci_name": [], "name_en": []}), lang=lang).iloc[0]


@pytest.mark.parametrize("lang", words.LANGUAGES)
def test_a_line_of_a_card_has_one_colon_the_one_behind_its_label(lang):
    """In balloons and on slides "Species: 4: Saiga, …" stood; counts belong to labels, asides in brackets."""
    card = _full_card(lang)
    for name in CARD_FIELDS:
        if name in ("name_en", "name_ru", "comment"):
            continue
        assert card[name], name
        line = words.with_label(field_label(card, name, lang), card[name], lang)
        assert len(_LABEL_SIGN.findall(line)) == 1, line
    assert field_count(card, "species", lang) == "2"
    assert field_label(card, "area", lang) == words.text("area", lang)


def test_the_species_of_a_card_are_counted_beside_their_label():
    card = _full_card("en")
    assert field_label(card, "species", "en") == "Species (2)"
    assert card["species"] == "Saiga tatarica, Equus ferus; also present Uncia (3 % of its range)"
    assert field_label(_full_card("zh"), "species", "zh") == "物种（2）"


@pytest.mark.parametrize("name", [one for one in CARD_FIELDS if one not in ("name_en", "name_ru")])
def test_a_chinese_card_has_the_signs_of_chinese(name):
    """、 between the parts of a list, ； between clauses, ： behind a label, （） round an aside."""
    card = _full_card("zh")
    line = words.with_label(field_label(card, name, "zh"), card[name], "zh")
    assert not re.search(
        r"[,;:()] |[,;:()]$|[\u4e00-\u9fff][,;:()]|[,;:()][\u4e00-\u9fff]", line
    ), line
