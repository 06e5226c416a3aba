"""What LibreOffice makes of workbook, form, programme, annex and slides, in every language.

It lays out text by its own rules and with the fonts that are there: a witness that knows nothing of
how we reckon the height of a row or the width of a column.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import docx
import openpyxl
import pandas as pd
import pytest
from pptx import Presentation

from cami_units.commands.activities import activities
from cami_units.commands.annex import annex
from cami_units.commands.decide import decide
from cami_units.commands.plenary import plenary
from cami_units.commands.round_files import write_proposal
from cami_units.documents.form_words import THEMES
from cami_units.documents.group_form import write_form
from cami_units.words import LANGUAGES
from cami_units.workshop import ACTIVITY_COLUMNS
from tests.rounds import imprint, toy_round

pytestmark = pytest.mark.slow

NOON = "2026-11-22T14:05"
LONG = "Take the lower wires of the fence away on 40 km, each spring, before the herds come back. "
LONG_NAME = "Transboundary Pamir - Alai - Eastern Tian Shan - Issyk-Kul - Kokshaal-Too Migration Landscape (north)"
LONG_NAME_RU = "Трансграничный миграционный ландшафт Памиро-Алая, Восточного Тянь-Шаня и Кокшаал-Тоо (северная часть)"


LIBRARY = {".docx": "libswlo.so", ".xlsx": "libsclo.so", ".pptx": "libsdlo.so"}
"""Writer, Calc and Impress are packages of their own; without its library a file is passed over."""


def office(folder: Path, to: str, files: list[Path]) -> None:
    """Let LibreOffice convert files into a folder; skipped with a reason where it is missing."""
    program = shutil.which("soffice")
    reason = ""
    if program is None or shutil.which("pdftotext") is None:
        reason = (
            "soffice or pdftotext is not on the PATH: apt-get install libreoffice poppler-utils"
        )
    elif not (Path(program).resolve().parent / LIBRARY[files[0].suffix]).exists():
        reason = f"this LibreOffice opens no {files[0].suffix}: apt-get install libreoffice"
    if reason:
        if os.environ.get("CAMI_UNITS_OFFICE") == "required":
            pytest.fail(reason)
        pytest.skip(reason)
    command = [program, f"-env:UserInstallation={(folder / 'profile').as_uri()}", "--headless"]
    subprocess.run(
        [*command, "--convert-to", to, "--outdir", str(folder), *map(str, files)],
        check=True,
        capture_output=True,
        timeout=400,
    )


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of a small round that was decided on, in every language, each named after it."""
    folder = tmp_path_factory.mktemp("office")
    for lang in LANGUAGES:
        other = next(one for one in ("en", "ru") if one != lang)
        plain = toy_round()
        units = plain.tables["conservation_units"]
        named = units.assign(
            name_en=units["name_en"].mask(units["unit_id"].eq("CU-001"), LONG_NAME),
            name_ru=units["name_ru"].mask(units["unit_id"].eq("CU-001"), LONG_NAME_RU),
        )
        plain = replace(plain, tables={**plain.tables, "conservation_units": named})
        spoken = replace(plain, imprint=imprint(languages=(lang, other)))
        directory = folder / f"round-{lang}"
        write_proposal(spoken, directory)
        measures = pd.DataFrame(
            dict.fromkeys(ACTIVITY_COLUMNS, "")
            | {
                "activity_id": f"{unit_id}-{number:03}",
                "unit_id": unit_id,
                "theme": theme,
                "text": words,
                "priority": "high",
                "timeframe": "2026-2028",
                "partner": "A ministry with a long name and a programme of its own",
                "status": "proposed",
            }
            for unit_id, words, themes in (
                ("CU-001", LONG * 3, THEMES),
                ("CU-002", LONG, THEMES[:6]),
            )
            for number, theme in enumerate(themes, start=1)
        )
        measures.to_csv(directory / "activities.csv", index=False)
        form = folder / f"form-{lang}.xlsx"
        write_form(
            form,
            spoken.tables["conservation_units"],
            imprint=spoken.imprint,
            group="G1",
            activities=measures,
        )
        activities(directory)
        decide(directory, "CU-001", "agree", reason=LONG, time=NOON)
        decide(directory, "CU-004", "reject", reason=LONG, time=NOON)
        found = {
            "workbook": directory / "conservation_units.xlsx",
            "activities": directory / "activities.xlsx",
            "programme": directory / "activities.docx",
            "notes": directory / "funding_notes.docx",
        }
        annexed = annex(directory, folder / f"annexed-{lang}", lang=lang)
        found |= {"annex": annexed / "annex.docx", "list": annexed / "annex.xlsx"}
        board, _ = plenary(directory, out=folder / f"boarded-{lang}", lang=lang)
        found["slides"] = board / "board.pptx"
        for name, path in found.items():
            shutil.copy(path, folder / f"{name}-{lang}{path.suffix}")
    return folder


def of_kind(made: Path, suffix: str) -> list[Path]:
    return sorted(path for path in made.glob(f"*-*{suffix}") if path.is_file())


def text_of(pdf: Path, *options: str) -> str:
    told = subprocess.run(
        ["pdftotext", *options, str(pdf), "-"], check=True, capture_output=True, timeout=100
    )
    return told.stdout.decode("utf-8")


def test_no_cell_of_a_workbook_or_a_form_is_cut(made: Path, tmp_path: Path) -> None:
    """Without our heights LibreOffice gives each row the height of its text: ours are as high."""
    bare = []
    for path in of_kind(made, ".xlsx"):
        book = openpyxl.load_workbook(path)
        for sheet in book:
            for row in sheet.row_dimensions.values():
                row.height = None
        bare.append(tmp_path / path.name)
        book.save(bare[-1])
    grown = tmp_path / "grown"
    grown.mkdir()
    office(grown, "xlsx", bare)
    cut, rows = [], 0
    for path in of_kind(made, ".xlsx"):
        ours, theirs = openpyxl.load_workbook(path), openpyxl.load_workbook(grown / path.name)
        for sheet in ours:
            if sheet.sheet_state != "visible":
                continue
            needed = theirs[sheet.title].row_dimensions
            for number, row in sheet.row_dimensions.items():
                height = needed[number].height if number in needed else None
                rows += height is not None
                if row.height and height and height > row.height + 1:
                    cut.append((path.name, sheet.title, number, row.height, height))
    assert rows > 400
    assert cut == []


def test_columns_of_a_document_hold_the_words_of_their_heads(made: Path, tmp_path: Path) -> None:
    """A column too narrow breaks a word in two: then it stands nowhere on the page as a whole."""
    files = of_kind(made, ".docx")
    office(tmp_path, "pdf", files)
    broken, seen = [], 0
    for path in files:
        page_text = text_of(tmp_path / f"{path.stem}.pdf", "-layout")
        for grid in docx.Document(str(path)).tables:
            widths = [cell.width.mm for cell in grid.rows[0].cells]
            assert min(widths) >= 14, (path.name, widths)
            for word in re.findall(r"[^\W\d_]{4,}", " ".join(c.text for c in grid.rows[0].cells)):
                seen += 1
                if word not in page_text and ord(word[0]) < 0x2E80:  # Chinese breaks anywhere
                    broken.append((path.name, word))
    assert seen > 20
    assert broken == []


def test_a_funding_note_of_six_activities_is_one_page(made: Path, tmp_path: Path) -> None:
    files = sorted(made.glob("notes-*.docx"))
    assert len(files) == len(LANGUAGES)
    office(tmp_path, "pdf", files)
    for path in files:
        pages = text_of(tmp_path / f"{path.stem}.pdf").split("\f")
        begins = [page.split(maxsplit=1)[0] for page in pages if page.strip()]
        assert begins[begins.index("CU-002") + 1] == "CU-003", path.name


def test_no_title_of_a_slide_runs_into_its_map(made: Path, tmp_path: Path) -> None:
    files = of_kind(made, ".pptx")
    office(tmp_path, "pdf", files)
    for path in files:
        pages = re.split(r"<page ", text_of(tmp_path / f"{path.stem}.pdf", "-bbox"))[1:]
        slides = list(Presentation(str(path)).slides)
        assert len(pages) == len(slides)
        checked = 0
        for slide, page in zip(slides, pages, strict=True):
            maps = [shape for shape in slide.shapes if shape.shape_type == 13]
            if not maps:
                continue
            checked += 1
            top = maps[0].top / 12_700
            title = next(shape for shape in slide.shapes if shape.has_text_frame).text_frame.text
            lowest = max(lowest_of(page, title.split()), default=0.0)
            assert 0 < lowest <= top + 1, (path.name, title, lowest, top)
        assert checked >= 4, path.name


def test_no_table_of_a_slide_runs_into_its_foot(made: Path, tmp_path: Path) -> None:
    """The last row of each table ends above the foot; ten long activities take several slides."""
    files = of_kind(made, ".pptx")
    office(tmp_path, "pdf", files)
    for path in files:
        pages = re.split(r"<page ", text_of(tmp_path / f"{path.stem}.pdf", "-bbox"))[1:]
        checked = 0
        for slide, page in zip(Presentation(str(path)).slides, pages, strict=True):
            for grid in (shape.table for shape in slide.shapes if shape.has_table):
                checked += 1
                last = [cell.text for cell in grid.rows[len(grid.rows) - 1].cells]
                foot = [shape for shape in slide.shapes if shape.has_text_frame][-1]
                words = {word for text in last for word in text.split()}
                lowest = lowest_of_last(page, words - set(foot.text_frame.text.split()))
                assert 0 < lowest <= foot.top / 12_700, (path.name, last, lowest)
        assert checked >= 2, path.name


def lowest_of_last(page: str, words: set[str]) -> float:
    """Where the lowest of some words ends, in points from the top."""
    boxes: list[Any] = re.findall(r'yMax="([\d.]+)">([^<]*)<', page)
    return max((float(end) for end, said in boxes if said in words), default=0.0)


def lowest_of(page: str, words: list[str]) -> list[float]:
    """Where the words of a title end, in points from the top: each at its first place on the page."""
    ends: list[float] = []
    boxes: list[Any] = re.findall(r'yMin="[\d.]+" xMax="[\d.]+" yMax="([\d.]+)">([^<]*)<', page)
    for word in words:
        ends += [float(end) for end, said in boxes if said == word][:1]
    return ends
