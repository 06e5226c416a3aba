"""One table of phrases a language: every phrase in all of them, and every phrase that is asked for in it."""

from __future__ import annotations

import ast
import json
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from cami_units import model, phrases, words

SOURCE = Path(words.__file__).parent
ROOT = Path(__file__).parents[1]
ROOMS = ("kml", "webmap", "figures", "documents", "commands", "cli", "workshop", "words.py")
SPEAKERS = {"text", "label"}


def asked_for() -> list[tuple[str, str]]:
    """(file, phrase) for every literal that is handed to `words.text` or `words.label`."""
    files = [
        path
        for room in ROOMS
        for path in (
            [SOURCE / room] if room.endswith(".py") else sorted((SOURCE / room).glob("*.py"))
        )
        if path.is_file()
    ]
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
                path.name == "words.py"
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


def noted() -> set[tuple[str, str]]:
    """(file, key) for every note that the loop makes of a literal key."""
    makers = {"note", "notice", "noted", "Note"}
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
    missing = {each for each in keys if f"note {each[1]}" not in words.catalogue()}
    assert missing == set()


READ = [lang for lang in words.LANGUAGES if not phrases.translated(lang).get("translation note")]
DRAFTS = [lang for lang in words.LANGUAGES if lang not in READ]


@pytest.mark.parametrize("lang", READ)
def test_every_phrase_is_there_in_every_language_that_has_been_read(lang: str) -> None:
    """A table of its own: what a language lacks is told in English, and named here."""
    own = phrases.translated(lang)
    assert sorted(set(words.catalogue()) ^ set(own)) == []
    assert [key for key, phrase in own.items() if not phrase.strip(" ")] == ["translation note"]


@pytest.mark.parametrize("lang", DRAFTS)
def test_a_draft_says_that_it_is_one_and_has_the_words_of_maps_and_board(lang: str) -> None:
    """Chinese and Mongolian: drafted by the toolkit's own people, not yet read by a native speaker."""
    own = phrases.translated(lang)
    assert sorted(set(own) - set(words.catalogue())) == []
    needed = {*model.STATUSES, *model.FINDINGS, *words.CARD_FIELDS, *model.ORIGINS}
    needed |= {"legend", "sources", "indicative", "standing disclaimer", "open questions", "agree"}
    assert sorted(needed - set(own)) == []
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
        assert sorted(blanks.findall(phrase)) == sorted(blanks.findall(said)), key
        for tag in ("b", "i", "code"):
            assert said.count(f"<{tag}>") == said.count(f"</{tag}>"), key


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


THIRD_LANGUAGE = """
import json, sys
from pathlib import Path
import pandas as pd
from cami_units import words
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
}))
"""


@pytest.mark.parametrize(
    "needed",
    [model.STATUSES, model.FINDINGS, words.CARD_FIELDS, model.ORIGINS]
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
