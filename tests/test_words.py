"""One catalogue of words: every phrase in both languages, and every phrase that is asked for in it."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from cami_units import model, words

SOURCE = Path(words.__file__).parent
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
    assert {"_pages.py", "_about.py"} <= {name for name, _ in asked_for()}


def test_every_phrase_that_is_asked_for_is_in_the_catalogue() -> None:
    missing = sorted({each for each in asked_for() if each[1] not in words.CATALOGUE})
    assert missing == []


def test_every_phrase_is_there_in_both_languages() -> None:
    bare = [
        key
        for key, said in words.CATALOGUE.items()
        if len(said) != 2 or not all(map(str.strip, said))
    ]
    assert bare == []


def test_what_is_russian_is_written_in_cyrillic() -> None:
    """A phrase left in English would pass for translated: the two must differ, but for bare signs."""
    latin = [
        key
        for key, (english, russian) in words.CATALOGUE.items()
        if re.search(r"[A-Za-z]{3}", english) and not re.search(r"[А-Яа-яЁё]", russian)
    ]
    assert latin == []


def test_both_languages_leave_the_same_blanks() -> None:
    blanks = re.compile(r"{(\w*)}")
    for key, (english, russian) in words.CATALOGUE.items():
        assert sorted(blanks.findall(english)) == sorted(blanks.findall(russian)), key


def test_no_phrase_is_written_twice() -> None:
    """A repeated key of a literal dict is silently the last one."""
    tree = ast.parse((SOURCE / "words.py").read_text(encoding="utf-8"))
    keys = [
        key.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Dict) and len(node.keys) > 50
        for key in node.keys
        if isinstance(key, ast.Constant)
    ]
    assert sorted(keys) == sorted(set(keys))
    assert set(keys) == set(words.CATALOGUE)


@pytest.mark.parametrize(
    "needed",
    [model.STATUSES, model.FINDINGS, words.CARD_FIELDS, model.ORIGINS]
    + [tuple(codes.values()) for codes in (model.PRESENCE, model.ORIGIN, model.SEASONAL)],
)
def test_what_the_house_speaks_of_has_a_word(needed: tuple[str, ...]) -> None:
    assert [one for one in needed if one not in words.CATALOGUE] == []


def test_an_unknown_phrase_or_language_is_refused() -> None:
    with pytest.raises(model.InputError, match=r"'legendd' is not in the catalogue.*'legend'"):
        words.text("legendd")
    with pytest.raises(model.InputError, match="Language 'fr' is unknown: en, ru are there"):
        words.text("legend", "fr")


def test_the_standing_disclaimer_is_translated_and_anothers_is_not() -> None:
    assert words.disclaimer(model.DISCLAIMER) == model.DISCLAIMER
    assert "правовом статусе" in words.disclaimer(model.DISCLAIMER, "ru")
    assert words.disclaimer("Ours.", "ru") == "Ours."
