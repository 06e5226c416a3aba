"""Activities: placed on units, merged from forms, what recurs, moved and moved back."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
import zipfile
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import docx
import geopandas as gpd
import openpyxl
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from typer.testing import CliRunner

from cami_units import cli, store, words, workshop
from cami_units.commands.activities import activities
from cami_units.commands.decide import decide
from cami_units.commands.pack import pack
from cami_units.commands.plan_layers import sites_typed
from cami_units.commands.round_files import write_proposal
from cami_units.documents.activity_documents import write_species_pages
from cami_units.documents.form_reading import ACTIVITY_FIELDS, UNIT_FIELDS
from cami_units.documents.form_words import (
    COST_BANDS,
    THEMES,
    known_names,
    known_word,
    known_words,
    species_spellings,
    state_spellings,
)
from cami_units.documents.group_form import write_form
from cami_units.model import GRADES, HIDDEN_STATUSES, InputError, data_dir
from cami_units.workshop import _activities
from tests.browser import chromium
from tests.rounds import imprint, toy_round
from tests.test_pack import form_of

browser = pytest.fixture(scope="module")(chromium)

SAMPLE = data_dir() / "activities" / "activities_example.csv"
UNITS = toy_round().tables["conservation_units"]


def some(*rows: tuple[str, ...]) -> pd.DataFrame:
    """Activities: id, unit, theme, text."""
    table = pd.DataFrame(rows, columns=["activity_id", "unit_id", "theme", "text"], dtype=str)
    full = {name: table.get(name, "") for name in workshop.ACTIVITY_COLUMNS}
    return pd.DataFrame(full, index=table.index).assign(status="proposed")


def form(*rows: dict[str, str]) -> pd.DataFrame:
    return pd.DataFrame(list(rows)).fillna("")


# -- placing --------------------------------------------------------------------------------------


def test_rows_find_their_unit_by_id_hotspot_or_name_and_none_is_lost():
    rows = pd.DataFrame(
        {
            "hotspot_id": ["", "H03", "general", "H77", ""],
            "unit_id": ["CU-001", "", "", "", ""],
            "unit_name": ["", "", "", "", "нарын"],
            "text": list("abcde"),
        }
    )
    table, matches, (problem,) = workshop.placed(rows, UNITS, source="x.csv")
    assert table["unit_id"].tolist() == ["CU-001", "CU-002", "general", "", "CU-002"]
    assert dict(zip(matches["named"], matches["matched_by"], strict=True)) == {
        "CU-001": "unit_id",
        "H03": "hotspot",
        "H77": "none",
        "general": "general",
        "нарын": "name",
    }
    assert problem.what == "1 activity names what is no unit of this round: H77"


def test_a_name_of_no_unit_is_told_with_the_nearest():
    # H08 is another hotspot, not H03 mistyped
    names = ["Narin", "CU-0033", "Moon", "H08"]
    rows = pd.DataFrame({"unit_name": names, "text": list("abcd")})
    _, _, (problem,) = workshop.placed(rows, UNITS, source="x.csv")
    assert problem.what == (
        "4 activities name what is no unit of this round: CU-0033 (perhaps CU-003?), "
        "H08, Moon, Narin (perhaps Naryn?)"
    )


@pytest.mark.parametrize("word", ["General", "общее", "Все", "总则", "全部", "ерөнхий", "бүгд"])
def test_the_general_section_has_its_name_in_each_language(round_dir, tmp_path, word):
    path = tmp_path / "x.csv"
    path.write_text(f"unit_name;theme;text\n{word};finance;Fund rangers\n", encoding="utf-8")
    made = activities(round_dir, [path])
    assert (made.table["unit_id"].tolist(), made.problems) == (["general"], ())


MANY = [f"CU-{number:03d}" for number in range(1, 10) if number != 5] + ["CU-005a", "CU-005b"]
FOUR_TO_SIX = ["CU-004", "CU-005a", "CU-005b", "CU-006"]


@pytest.mark.parametrize(
    "typed",
    [
        *("CU-004–CU-006", "CU-004 - CU-006", "CU-004-006", "cu 4 to 6", "с CU-004 по CU-006"),
        *("CU-004…CU-006", "CU-004..6", "СУ-4 — СУ-6", "CU-004 through CU-006"),
    ],
)
def test_a_range_of_units_is_every_unit_between_its_ends_and_is_told(typed):
    """CU-005 was split: its pieces are between."""
    rows = pd.DataFrame({"unit_id": [typed], "text": "Fund rangers", "activity_id": ""})
    table, (problem,) = workshop.one_unit_a_row(rows, MANY, source="x.csv")
    assert table["unit_id"].tolist() == FOUR_TO_SIX
    assert problem.sentence() == (
        f"activities: '{typed}' is read as CU-004, CU-005a, CU-005b, CU-006 (x.csv, CU-004). "
        "The activity stands in each of them."
    )


@pytest.mark.parametrize(
    ("typed", "ids"),
    [
        ("CU-001; CU-002", ["CU-001", "CU-002"]),
        ("CU-001 and CU-002", ["CU-001", "CU-002"]),
        ("cu 1 и СУ-2", ["CU-001", "CU-002"]),
        ("CU-006–CU-004", ["CU-006", "CU-004"]),  # no range: its end comes first
        ("CU-004 Wakhan", ["CU-004 Wakhan"]),
        ("CU-004 – 12 km strip", ["CU-004 – 12 km strip"]),
        ("", [""]),
    ],
)
def test_several_units_in_one_cell_are_as_many_rows(typed, ids):
    rows = pd.DataFrame({"unit_id": [typed], "text": "Fund rangers", "activity_id": ""})
    table, problems = workshop.one_unit_a_row(rows, MANY, source="x.csv")
    assert (table["unit_id"].tolist(), problems) == (ids, ())


def test_a_list_goes_on_in_bare_numbers_which_is_told():
    rows = pd.DataFrame({"unit_id": ["CU-001, 003-006; 8"], "text": "x", "activity_id": ""})
    table, (problem,) = workshop.one_unit_a_row(rows, MANY, source="x.csv")
    assert table["unit_id"].tolist() == ["CU-001", "CU-003", *FOUR_TO_SIX, "CU-008"]
    assert "is read as CU-001, CU-003, CU-004" in problem.what


def test_ids_of_further_units_are_none_that_the_table_has():
    """A measure on CU-005 was called P-1.b, as another row is, and was lost to it."""
    rows = pd.DataFrame(
        {
            "activity_id": ["P-1", "P-1.b"],
            "unit_id": ["CU-004–CU-006", "CU-009"],
            "text": ["one", "other"],
        }
    )
    table, _ = workshop.one_unit_a_row(rows, MANY, source="x.csv")
    assert table["activity_id"].is_unique
    by_unit = dict(zip(table["unit_id"], table["activity_id"], strict=True))
    assert by_unit["CU-009"] == "P-1.b"
    assert len(by_unit) == len(FOUR_TO_SIX) + 1


@pytest.mark.parametrize("typed", ["CU-004 - 2030", "CU-004–2030"])
def test_a_year_behind_an_id_is_no_end_of_a_range(typed):
    assert workshop.unit_ids_listed(typed, MANY) == ("CU-004",)


def test_of_several_units_the_first_keeps_the_id_of_an_activity():
    cells = {"unit_name": "", "text": "x", "activity_id": "P-7"}
    table, _ = workshop.one_unit_a_row(
        pd.DataFrame([cells | {"unit_id": "CU-001;CU-002;CU-003"}]), MANY, source="x.csv"
    )
    assert table["activity_id"].tolist() == ["P-7", "P-7.b", "P-7.c"]
    asked = [cells | {"unit_id": "CU-1, CU-2", "action": action} for action in ("amend", "drop")]
    table, _ = workshop.one_unit_a_row(pd.DataFrame(asked), MANY, source="x.xlsx")
    # in a form a further unit is a further activity; what is dropped is dropped once
    assert table[["activity_id", "unit_id", "action"]].to_numpy().tolist() == [
        ["P-7", "CU-001", "amend"],
        ["", "CU-002", "add"],
        ["P-7", "CU-1, CU-2", "drop"],
    ]


def test_a_range_is_read_in_a_form_a_table_and_the_programme(round_dir, tmp_path):
    """The toy round has CU-001, CU-002 and CU-003."""
    ids = ["CU-001", "CU-002", "CU-003"]
    cells = {
        "unit_id": "CU-001–CU-003",
        "theme": "finance",
        "action": "add",
        "text": "Fund rangers",
    }
    made = activities(round_dir, [form_file(round_dir, tmp_path, "", **cells)])
    assert made.table["unit_id"].tolist() == ids
    assert [one.where for one in made.problems if "is read as" in one.what] == ["CU-001"]
    path = tmp_path / "x.csv"
    path.write_text("unit_name;theme;text\nCU-001-003;finance;Count birds\n", encoding="utf-8")
    for more in ({"files": [path]}, {"programme": path}):
        made = activities(round_dir, **more)
        counted = made.table[made.table["text"] == "Count birds"]
        assert sorted(set(counted["unit_id"])) == ids
        assert any("'CU-001-003' is read as" in one.what for one in made.problems)


def test_a_range_where_one_unit_is_expected_is_no_unit():
    assert sites_typed(["CU-001–CU-003", "CU-001-003"], MANY) == ["CU-001–CU-003", "CU-001-003"]
    assert workshop.unit_id_typed("CU-001 to CU-003") == "CU-001 to CU-003"


def test_species_are_known_by_any_of_their_names_and_others_are_told():
    species = pd.DataFrame(
        {
            "sci_name": ["Panthera pardus tulliana", "Panthera uncia", "Ovis vignei"],
            "code": ["PLE", "SNL", "URI"],
            "name_en": ["Persian leopard", "Snow leopard", "Urial"],
            "name_ru": ["Переднеазиатский леопард", "Снежный барс", "Уриал"],
            "name_zh": ["波斯豹", "雪豹", ""],
            "synonyms": ["Panthera pardus saxicolor", "Uncia uncia;Panthera sp.", "Panthera sp."],
        }
    )
    cells = {
        "persian  leopard": "Panthera pardus tulliana",
        "Переднеазиатский леопард, ple": "Panthera pardus tulliana",
        "SNL/URI": "Panthera uncia;Ovis vignei",
        "uncia uncia, Урал": "Panthera uncia;Урал",
        "波斯豹、雪豹": "Panthera pardus tulliana;Panthera uncia",
        "Panthera sp.": "Panthera sp.",  # of two
        "fish, and birds": "fish, and birds",
        "": "",
    }
    rows = pd.DataFrame({"unit_id": "CU-001", "species": list(cells)})
    table, problems = known_names(rows, {"species": species_spellings(species)}, "x.csv")
    assert table["species"].tolist() == list(cells.values())
    assert [(one.what, one.cure) for one in problems] == [
        ("'Урал' is not in the list of species", "Did you mean 'Уриал'? Kept as written."),
        (
            "'Panthera sp.' in species may be any of Ovis vignei (Panthera sp.), Panthera uncia (Panthera sp.)",
            "Kept as written: write which one is meant.",
        ),
        ("'fish' is not in the list of species", "Kept as written."),
        ("'and birds' is not in the list of species", "Kept as written."),
    ]


def test_a_word_that_many_rows_have_is_told_once_with_its_rows():
    species = pd.read_csv(data_dir() / "species.csv", dtype=str)
    rows = pd.DataFrame({"activity_id": [f"A{n}" for n in range(7)] + [""], "species": "wolf"})
    rows["theme"] = [THEMES[0], *["good"] * 7]
    spellings = {"species": species_spellings(species)}
    problems = [*known_words(rows, "x.csv")[1], *known_names(rows, spellings, "x.csv")[1]]
    assert [(one.what, one.place(), one.place("ru")) for one in problems] == [
        (
            "'good' is not in the list of theme",
            "x.csv, A1, A2, A3, A4, A5 and 2 more",
            "x.csv, A1, A2, A3, A4, A5 и ещё 2",
        ),
        (
            "'wolf' is not in the list of species",
            "x.csv, A0, A1, A2, A3, A4 and 3 more",
            "x.csv, A0, A1, A2, A3, A4 и ещё 3",
        ),
    ]


COMMON_NAMES = {
    "Saiga tatarica": "saiga; Saigas; сайгаки; Saiga antelope; сайга; S. tatarica",
    "Equus hemionus": "kulan; khulan; kulans; onager; Asiatic wild ass (khulan); Asiatic wild asses; хулан; кулана",
    "Lynx lynx": "lynx; lynxes; рысь; рысей; 猞猁",
    "Acinonyx jubatus venaticus": "cheetah; гепарды",
    "Otocolobus manul": "manul; Pallas cat; Pallas’s cats; манулы",
    "Pantholops hodgsonii": "Tibetan antelope; чиру; оронго; Chiru (Tibetan antelope)",
    "Equus ferus przewalskii": "Przewalski horse; takhi; лошади Пржевальского",
    "Gazella subgutturosa": "jeyran; джейранов",
    "Ovis ammon": "архар; Архар (аргали); аргали; O. ammon",
    "Panthera uncia": "ирбис; snow-leopards; снежного барса; 雪豹（Panthera uncia）; Uncia uncia",
    "Panthera pardus tulliana": "leopard (Panthera pardus); Persian leopards",
}
"""By species, what people call it beside the names of the bundled table; nothing is asked of these."""


@pytest.mark.parametrize("known", COMMON_NAMES)
def test_species_are_known_by_common_names_in_the_plural_and_by_what_stands_in_brackets(known):
    spellings = {"species": species_spellings(pd.read_csv(data_dir() / "species.csv", dtype=str))}
    names = COMMON_NAMES[known].split("; ")
    rows = pd.DataFrame({"unit_id": "CU-001", "species": names})
    table, problems = known_names(rows, spellings, "x.csv")
    assert (table["species"].tolist(), problems) == ([known] * len(names), ())


def test_a_part_of_a_name_is_the_one_species_that_has_it_or_told_with_all_that_have_it():
    species = pd.read_csv(data_dir() / "species.csv", dtype=str)
    cells = ["медведь", "верблюды", "leopard", "wild ass", "野驴", "Kulan (Ustyurt)", "wolf"]
    rows = pd.DataFrame({"unit_id": "CU-001", "species": cells})
    table, problems = known_names(rows, {"species": species_spellings(species)}, "x.csv")
    # two are leopards, and two are wild asses, whatever the table calls the kiang
    assert table["species"].tolist() == [
        *("Ursus arctos gobiensis", "Camelus ferus", "leopard", "wild ass", "野驴"),
        *("Equus hemionus", "wolf"),
    ]
    assert [one.what for one in problems] == [
        "'медведь' in species is read as Ursus arctos gobiensis (Гобийский медведь (мазаалай))",
        "'верблюды' in species is read as Camelus ferus (Дикий верблюд)",
        "'leopard' in species may be any of Panthera pardus tulliana (Persian leopard), Panthera uncia (Snow leopard)",
        "'wild ass' in species may be any of Equus hemionus (Asiatic wild ass (khulan)), Equus kiang (Tibetan wild ass)",
        "'野驴' in species may be any of Equus hemionus (亚洲野驴), Equus kiang (藏野驴)",
        "'Kulan (Ustyurt)' in species is read as Equus hemionus (kulan)",
        "'wolf' is not in the list of species",
    ]
    assert problems[0].cure == "Where another one is meant, write its whole name."
    # of a round without the snow leopard, "leopard" is the other one
    of_one = species[species["sci_name"] != "Panthera uncia"]
    table, [problem] = known_names(rows.iloc[[2]], {"species": species_spellings(of_one)}, "x.csv")
    assert table["species"].tolist() == ["Panthera pardus tulliana"]
    assert problem.cure == problems[0].cure


def test_states_are_known_by_their_names_in_four_languages_and_others_are_told():
    countries = gpd.read_file(data_dir() / "boundaries" / "countries.geojson")
    cells = {
        "Казахстан, kz": "KZ",
        "Kazakhstan and Uzbekistan": "KZ;UZ",
        "Iran; ТУРКМЕНИЯ": "IR;TM",
        "PRC – Монгол": "CN;MN",
        "哈萨克斯坦、俄罗斯": "KZ;RU",
        "中国和蒙古": "CN;MN",
        "Монголии и Китая": "MN;CN",
        "KAZ;MNG": "KZ;MN",
        "irn / Iran (Islamic Republic of)": "IR",
        "Kyrgyz Republic, TJK": "KG;TJ",
        "KZ;Kazakstan": "KZ;Kazakstan",
        "all": "all",
        "": "",
    }
    rows = pd.DataFrame({"unit_id": "CU-001", "countries": list(cells)})
    table, problems = known_names(rows, {"countries": state_spellings(countries)}, "x.csv")
    assert table["countries"].tolist() == list(cells.values())
    assert [(one.what, one.cure) for one in problems] == [
        (
            "'Kazakstan' is not in the list of countries",
            "Did you mean 'Kazakhstan'? Kept as written.",
        ),
        ("'all' is not in the list of countries", "Kept as written."),
    ]


def test_an_activity_tells_its_states_by_code_whatever_they_were_called(round_dir, tmp_path):
    cells = {"unit_id": "CU-001", "theme": "finance", "action": "add"}
    cells |= {"text": "Fund rangers", "countries": "Казахстан, Киргизия"}
    made = activities(round_dir, [form_file(round_dir, tmp_path, "", **cells)])
    assert made.table["countries"].tolist() == ["KZ;KG"]
    assert not [one for one in made.problems if one.layer == "form"]


@pytest.mark.parametrize("in_form", [True, False])
def test_a_name_that_is_not_known_is_told_once_for_a_row_of_several_units(
    in_form, round_dir, tmp_path
):
    cells = {"unit_id": "CU-001, CU-002", "theme": "finance", "text": "Fund", "countries": "Tibet"}
    if in_form:
        file = form_file(round_dir, tmp_path, "", **cells, action="add")
    else:
        file = tmp_path / "x.csv"
        pd.DataFrame([cells]).to_csv(file, index=False)
    made = activities(round_dir, [file])
    assert sorted(made.table["unit_id"]) == ["CU-001", "CU-002"]
    assert [one.what for one in made.problems if "Tibet" in one.what] == [
        "'Tibet' is not in the list of countries"
    ]


def test_activities_stand_on_the_page_of_their_species_whatever_it_was_called(round_dir, tmp_path):
    species = toy_round().tables["species"].sort_values("sci_name").iloc[0]
    cells = {"unit_id": "CU-001", "theme": "finance", "action": "add"}
    cells |= {"text": "Fund rangers", "species": str(species["name_en"]).upper()}
    made = activities(round_dir, [form_file(round_dir, tmp_path, "", **cells)])
    assert made.table["species"].tolist() == [species["sci_name"]]
    tables = docx.Document(str(round_dir / "species_pages.docx")).tables
    assert "Fund rangers" in {row.cells[2].text for table in tables for row in table.rows}


@pytest.mark.parametrize(("typed", "grade"), [("В", "B"), ("с", "C"), ("А", "A"), ("Ｂ", "B")])
def test_grades_are_read_from_the_keys_that_look_like_them(typed, grade):
    assert known_word(typed, GRADES) == grade


@pytest.mark.parametrize(
    ("typed", "word"),
    [
        ("Anti poaching", "anti-poaching"),
        ("Human wildlife conflict", "human-wildlife conflict"),
        ("infrastructure & barriers", "infrastructure and barriers"),
        ("Monitoring", "monitoring and research"),  # as the agenda calls it
        ("A-", "A-"),  # no A: kept, and told
        ("up to 50.000 USD", "up to 50,000 USD"),
        # 50 of what? It was the band from 50,000 on, silently, for a comma parts a list of spellings.
        ("50", "50"),
        ("250", "250"),
    ],
)
def test_a_word_of_a_list_is_known_by_its_letters_and_not_by_a_piece(typed, word):
    assert known_word(typed, (*THEMES, *GRADES, *COST_BANDS)) == word


# -- what recurs ----------------------------------------------------------------------------------


def test_what_recurs_in_the_bundled_sample():
    """By hand from the sample: 14 hotspots have activities. Word for word in 11, 10, 9, 8 and 5 of
    them; protected-area reviews in 4 + 3 + 3 = 10, in three wordings. 60 % of 14 is 8.4."""
    rows = pd.read_csv(SAMPLE, dtype=str).fillna("").rename(columns={"hotspot_id": "unit_id"})
    table = some().reindex(range(len(rows))).fillna("")
    table = table.assign(**{name: rows[name] for name in rows if name in table})
    found = workshop.recurring(table)
    assert found["n_units"].tolist() == [11, 10, 10, 9, 8, 5]
    assert set(found["of_units"]) == {14}
    assert found["suggested"].tolist() == [True] * 4 + [False] * 2
    reviews = found[found["theme"] == "protected areas"].iloc[0]
    assert reviews["wordings"] == 3
    assert reviews["text"].startswith("Review how well existing protected areas cover")


def test_the_divisor_is_the_units_that_have_activities_and_60_percent_is_enough():
    same = [(f"A{n}", f"CU-{n}", "finance", "Find a donor together") for n in range(3)]
    other = [(f"B{n}", f"CU-{n}", "finance", f"Lonely undertaking {'xyz'[n]}abc") for n in range(2)]
    apart = [("C3", "CU-3", "land use", "Graze less"), ("C4", "CU-4", "land use", "Plant shrubs")]
    found = workshop.recurring(some(*same, *other[:0], *apart))
    assert (found["share"].tolist(), found["suggested"].tolist()) == ([0.6], [True])  # 3 of 5
    more = workshop.recurring(some(*same, *apart, ("C5", "CU-5", "land use", "Count springs")))
    assert more["suggested"].tolist() == [False]  # 3 of 6


def test_different_things_in_like_words_stay_apart_by_theme():
    found = workshop.recurring(
        some(
            ("A1", "CU-1", "community", "Train ranger teams every year"),
            ("A2", "CU-2", "anti-poaching", "Train ranger teams every year"),
        )
    )
    assert found.empty


def test_russian_wordings_are_compared_too():
    found = workshop.recurring(
        some(
            ("A1", "CU-1", "community", "Обучить волонтёров-егерей и согласовать выпас"),
            ("A2", "CU-2", "community", "Обучение волонтёров и егерей, согласование выпаса"),
        )
    )
    assert found["wordings"].tolist() == [2]


@pytest.mark.parametrize(
    "texts",
    [
        # two and two of four words are the same, and nothing of what is meant
        ["Count saiga each spring", "Joint counts each year", "Count leopards each winter"],
        ["Ban hunting", "Allow hunting"],
        ["Build the fence", "Remove the fence"],
        ["Строить ограду вдоль реки", "Убрать ограду вдоль реки"],
        ["Ban hunting along the whole border river", "Hunting along the whole border river"],
        # a word in the place of another, however long the rest is
        [
            "Count argali with herders along the border river before the snow",
            "Train rangers with herders along the border river before the snow",
            "Count herds with herders along the border river before the snow",
        ],
        ["统计赛加羚羊", "统计赛加羚羊种群"],
    ],
)
def test_what_says_another_thing_in_like_words_is_another_thing(texts):
    rows = [(f"A{n}", f"CU-{n}", "monitoring and research", text) for n, text in enumerate(texts)]
    assert workshop.recurring(some(*rows)).empty


def test_what_another_species_is_named_in_is_another_thing():
    """Four stems of seven are the same (0.57), three of their own each: else one in other words."""
    texts = [
        "Collar leopards near reserves, share tracks among neighbours",
        "Near reserves share tracks of collared kulan monthly with partners",
    ]
    rows = some(*((f"A{n}", f"CU-{n}", "x", text) for n, text in enumerate(texts)))
    assert len(workshop.recurring(rows)) == 1
    assert workshop.recurring(rows, species_names=["Persian leopard", "Kulan"]).empty


def test_what_is_alike_by_a_third_wording_only_stays_apart():
    """A0 and A1 share 4 stems of 6 (0.67); A2 is all in A1, A3 in A0 (0.8): A2 and A3 share none."""
    texts = [
        "alpine bridge canals desert eagles forest",
        "canals desert eagles forest grazes hotels",
    ]
    texts += ["eagles forest grazes hotels", "alpine bridge canals desert"]
    rows = some(*((f"A{n}", f"CU-{n}", "x", text) for n, text in enumerate(texts)))
    kinds = workshop.recurring(rows)["activity_ids"].tolist()
    assert kinds == ["A0;A3", "A1;A2"]


def test_the_screen_shows_every_wording_of_what_it_suggests(round_dir):
    texts = ["Обучить волонтёров-егерей и согласовать выпас"]
    texts += ["Обучение волонтёров и егерей, согласование выпаса"]
    rows = some(*((f"A{n}", f"CU-00{n}", "x", text) for n, text in enumerate(texts, start=1)))
    rows.to_csv(round_dir / "activities.csv", index=False)
    printed = CliRunner().invoke(cli.app, ["activities", str(round_dir)]).output
    for text in texts:
        assert text in printed


@given(
    st.lists(st.frozensets(st.sampled_from("abcdefghijkl")), max_size=12),
    st.sampled_from([0.0, 0.3, 0.5, 0.7, 1.0]),
)
def test_every_two_wordings_that_are_nearly_the_same_are_compared(stems, alike):
    near = {
        (i, j)
        for i, j in combinations(range(len(stems)), 2)
        if _activities._is_nearly_the_same(stems[i], stems[j], alike, frozenset())
    }
    assert near <= _activities._worth_comparing(stems, alike)


def test_words_that_all_measures_use_compare_none_of_them():
    """300 measures of 3 common words and 4 of their own are 44,850 pairs. Of 7 stems four are shared where
    two are nearly the same, so one of the four rarest is: of those every measure has its own."""
    common = ["fence", "border", "river"]
    stems = [frozenset([*common, *(f"{n}{x}" for x in "abcd")]) for n in range(300)]
    assert len(_activities._worth_comparing(stems, 0.5)) == 0
    assert len(_activities._worth_comparing([*stems, stems[0] | {"e"}], 0.5)) == 1


@settings(max_examples=6)
@given(st.permutations(range(79)))
def test_the_order_of_rows_changes_nothing(order):
    rows = pd.read_csv(SAMPLE, dtype=str).fillna("").rename(columns={"hotspot_id": "unit_id"})
    table = some().reindex(range(len(rows))).fillna("")
    table = table.assign(**{name: rows[name] for name in rows if name in table})
    pd.testing.assert_frame_equal(
        workshop.recurring(table.iloc[list(order)]), workshop.recurring(table)
    )


# -- moving ---------------------------------------------------------------------------------------


def test_a_move_is_logged_and_back_is_back():
    before = some(("A1", "CU-1", "x", "y"), ("A2", "CU-2", "x", "y"), ("A3", "general", "x", "y"))
    there, lines = workshop.moved(before, ["A1", "A2", "A3"], by="plenary", reason="recurs")
    assert there["unit_id"].tolist() == ["general"] * 3
    assert there["moved_from"].tolist() == ["CU-1", "CU-2", ""]
    assert lines[["activity_id", "action", "old", "new"]].values.tolist() == [
        ["A1", "move", "CU-1", "general"],
        ["A2", "move", "CU-2", "general"],
    ]
    again, none = workshop.moved(there, ["A1"], by="plenary", reason="twice")
    assert none.empty
    pd.testing.assert_frame_equal(again, there)
    back, lines = workshop.moved(there, ["A1", "A2"], by="plenary", reason="x", back=True)
    pd.testing.assert_frame_equal(back, before)
    assert lines["action"].tolist() == ["back", "back"]
    # A moved kind still counts for the units it came from: the suggestion is the same one.
    assert workshop.recurring(there)["n_units"].tolist() == [2]
    assert workshop.recurring(there)["moved"].tolist() == [True]


# -- merging --------------------------------------------------------------------------------------


def test_forms_merge_like_units_and_say_who_changed_what():
    base = some(("A1", "CU-001", "finance", "Old words"), ("A2", "CU-002", "finance", "Stay"))
    one = form(
        {
            "activity_id": "A1",
            "unit_id": "CU-001",
            "action": "amend",
            "text": "New words",
            "why": "w",
        },
        {"activity_id": "A2", "unit_id": "CU-002", "action": "drop", "why": "done"},
        {"activity_id": "", "unit_id": "CU-001", "theme": "community", "text": "Another thing"},
    )
    table, log, problems = workshop.merged_activities(
        base, [workshop.Contribution("S1", one)], owner={}
    )
    assert problems == ()
    done = table.set_index("activity_id")
    assert done["text"].to_dict() == {"A1": "New words", "A2": "Stay", "S1-001": "Another thing"}
    assert done.at["A2", "status"] == "dropped"
    assert log[["activity_id", "action", "field", "old", "new", "by"]].values.tolist() == [
        ["S1-001", "add", "text", "", "Another thing", "S1"],
        ["A1", "amend", "text", "Old words", "New words", "S1"],
        ["A2", "drop", "status", "proposed", "dropped", "S1"],
    ]
    again, nothing, _ = workshop.merged_activities(
        table, [workshop.Contribution("S1", one)], owner={}
    )
    pd.testing.assert_frame_equal(again, table)
    assert nothing.empty  # read twice, it adds nothing


SAME_WORDS = {"activity_id": "", "unit_id": "CU-001", "theme": "finance", "text": "Joint patrols."}


def test_the_same_words_with_other_values_are_a_measure_of_their_own_and_it_is_told():
    """A row that says less, or the same, is the one that is there; another priority or year is not."""
    rows = form(
        SAME_WORDS | {"priority": "high", "timeframe": "2027-2029"},
        SAME_WORDS | {"text": "joint patrols", "priority": "low", "timeframe": "2028"},
        SAME_WORDS | {"priority": "low"},
    )
    brought = workshop.Contribution("S1", rows)
    table, log, (problem,) = workshop.merged_activities(some(), [brought], owner={})
    assert table["activity_id"].tolist() == ["S1-001", "S1-002"]
    assert table[["priority", "timeframe"]].to_numpy().tolist() == [
        ["high", "2027-2029"],
        ["low", "2028"],
    ]
    assert problem.sentence() == (
        "activities: says the words of S1-001 for the same unit, with another priority, timeframe "
        "(S1, S1-002). Both are kept. Drop or amend one where they are one measure."
    )
    # read again, in whatever order, it adds nothing and tells nothing
    for order in ([0, 1, 2], [2, 1, 0], [1, 0, 2]):
        turned = workshop.Contribution("S1", rows.iloc[order])
        again, nothing, problems = workshop.merged_activities(table, [turned], owner={}, log=log)
        pd.testing.assert_frame_equal(again, table)
        assert (len(nothing), problems) == (0, ())


def test_another_group_with_the_same_words_and_other_values_is_kept_too():
    brought = [
        workshop.Contribution(name, form(SAME_WORDS | {"species": species}))
        for name, species in (("S1", "Saiga tatarica"), ("S2", "Equus hemionus"), ("S3", ""))
    ]
    table, _, problems = workshop.merged_activities(some(), brought, owner={})
    assert table["activity_id"].tolist() == ["S1-001", "S2-001"]
    assert [one.where for one in problems] == ["S2-001"]


def test_a_cell_that_a_group_changed_in_its_new_row_amends_what_the_row_had_added():
    first = [SAME_WORDS | {"priority": "high"}, SAME_WORDS | {"priority": "low"}]
    table, log, _ = workshop.merged_activities(
        some(), [workshop.Contribution("S1", form(*first))], owner={}
    )
    # the first of the two rows is changed, and the second stands as it stood
    changed = workshop.Contribution("S1", form(SAME_WORDS | {"priority": "medium"}, first[1]))
    later, more, problems = workshop.merged_activities(table, [changed], owner={}, log=log)
    assert later["priority"].tolist() == ["medium", "low"]
    assert more[["activity_id", "action", "field", "old", "new"]].to_numpy().tolist() == [
        ["S1-001", "amend", "priority", "high", "medium"]
    ]
    assert problems == ()
    whole = pd.concat([log, more])
    again, nothing, _ = workshop.merged_activities(later, [changed], owner={}, log=whole)
    pd.testing.assert_frame_equal(again, later)
    assert nothing.empty


def test_words_that_were_amended_since_are_not_added_again_by_who_had_written_them_too():
    """S2 wrote what S1 had added: S1's own words since are no reason to bring the old ones back."""
    both = [workshop.Contribution(name, form(SAME_WORDS)) for name in ("S1", "S2")]
    table, log, _ = workshop.merged_activities(some(), both, owner={})
    amended = SAME_WORDS | {"activity_id": "S1-001", "action": "amend", "text": "Patrols by both"}
    table, more, _ = workshop.merged_activities(
        table, [workshop.Contribution("S1", form(amended))], owner={}, log=log
    )
    again, nothing, _ = workshop.merged_activities(
        table, both, owner={}, log=pd.concat([log, more])
    )
    assert again["text"].tolist() == ["Patrols by both"]
    assert nothing.empty


def test_two_groups_on_one_activity_the_owner_has_it_and_it_is_said():
    base = some(("A1", "CU-001", "finance", "Old words"))
    wish = [
        workshop.Contribution(name, form({"activity_id": "A1", "action": "amend", "text": text}))
        for name, text in (("S1", "One"), ("S2", "Two"))
    ]
    for brought in (wish, wish[::-1]):
        table, log, (problem,) = workshop.merged_activities(base, brought, owner={"CU-001": "S2"})
        assert table["text"].tolist() == ["Two"]
        assert problem.what == "S1 wants text 'One', S2 wants 'Two'"
        assert sorted(log["action"]) == ["amend", "conflict"]


def test_a_change_that_is_not_marked_is_not_made_and_said():
    base = some(("A1", "CU-001", "finance", "Old words"))
    quiet_change = form({"activity_id": "A1", "action": "keep", "text": "Other words"})
    table, log, (problem,) = workshop.merged_activities(
        base, [workshop.Contribution("S1", quiet_change)], owner={}
    )
    assert table["text"].tolist() == ["Old words"]
    assert log.empty
    assert problem.what == "text differ from the table, and the row is not marked 'amend'"


def wish(group: str, given: dict[str, str], **told: str) -> workshop.Contribution:
    """A form in which one activity is marked *amend*, all cells filled as they were handed out."""
    row = {"activity_id": "A1", "action": "amend", **given, **told}
    return workshop.Contribution(group, form(row), as_given={"A1": given})


GIVEN = {"unit_id": "CU-001", "theme": "finance", "text": "Old words", "timeframe": "2026"}


def test_forms_read_again_take_nothing_back_and_log_nothing():
    base = some(("A1", "CU-001", "finance", "Old words")).assign(timeframe="2026")
    # S1 rewrites the text; S2, on the form as handed out, the time frame; S3 also the text.
    forms = [
        wish("S1", GIVEN, text="Words of S1"),
        wish("S2", GIVEN, timeframe="2028"),
        wish("S3", GIVEN, text="Words of S3"),
    ]
    table, log, problems = workshop.merged_activities(base, forms, owner={"CU-001": "S1"})
    assert table[["text", "timeframe"]].values.tolist() == [["Words of S1", "2028"]]
    assert sorted(log["action"]) == ["amend", "amend", "conflict"]
    assert [one.what for one in problems] == ["S3 wants text 'Words of S3', S1 wants 'Words of S1'"]
    for again in (forms, forms[::-1], forms[2:], forms[1:2]):
        same, nothing, _ = workshop.merged_activities(table, again, owner={"CU-001": "S1"}, log=log)
        pd.testing.assert_frame_equal(same, table)
        assert nothing.empty


def test_forms_that_come_one_after_the_other_are_in_conflict_all_the_same():
    base = some(("A1", "CU-001", "finance", "Old words")).assign(timeframe="2026")
    owner = {"CU-001": "S1"}
    first, log, _ = workshop.merged_activities(base, [wish("S1", GIVEN, text="One")], owner=owner)
    # S2 did not know of S1's words when it wrote its own.
    second, more, (problem,) = workshop.merged_activities(
        first, [wish("S2", GIVEN, text="Two")], owner=owner, log=log
    )
    assert second["text"].tolist() == ["One"]
    assert more["action"].tolist() == ["conflict"]
    assert problem.what == "S2 wants text 'Two', S1 wants 'One'"
    # With a new form, on which S1's words stand, it may.
    knowing = wish("S2", {**GIVEN, "text": "One"}, text="Three")
    third, last, none = workshop.merged_activities(
        second, [knowing], owner=owner, log=pd.concat([log, more])
    )
    assert third["text"].tolist() == ["Three"]
    assert last["action"].tolist() == ["amend"]
    assert none == ()


def test_an_id_typed_into_a_form_is_nobodys():
    rows = [
        form({"activity_id": "1", "unit_id": "CU-001", "theme": "finance", "text": text})
        for text in ("Of the first group", "Of the second group")
    ]
    brought = [workshop.Contribution(*pair) for pair in zip(("S1", "S2"), rows, strict=True)]
    table, log, problems = workshop.merged_activities(some(), brought, owner={})
    assert table["activity_id"].tolist() == ["S1-001", "S2-001"]
    assert problems == ()
    # An added row that somebody amended since is not added a second time.
    amended = table.assign(text=["Better words", table["text"].iloc[1]])
    line = ("S1-001", "amend", "text", "Of the first group", "Better words", "S2", "")
    log = pd.concat([log, pd.DataFrame([line], columns=list(workshop.LOG_COLUMNS))])
    again, nothing, _ = workshop.merged_activities(amended, brought, owner={}, log=log)
    pd.testing.assert_frame_equal(again, amended)
    assert nothing.empty


# -- from a round ---------------------------------------------------------------------------------


def test_a_programme_read_again_keeps_its_numbers_and_the_groups_amendments(round_dir, tmp_path):
    programme = tmp_path / "programme.csv"
    head = "unit_name,theme,text,timeframe\n"
    one = "Talas,finance,Keep the fund,2026\n"
    two = "Naryn,finance,Pay the rangers,2026\n"
    programme.write_text(head + one + two, encoding="utf-8")
    activities(round_dir, programme=programme)
    path = form_file(round_dir, tmp_path, "P-001", action="amend", text="Close the fund")
    first = activities(round_dir, [path])
    assert dict(zip(first.table["activity_id"], first.table["text"], strict=True)) == {
        "P-001": "Close the fund",
        "P-002": "Pay the rangers",
    }
    # The file comes again with a line in front and one changed: positions mean nothing.
    changed = two.replace("2026", "2030")
    programme.write_text(
        head + "Talas,finance,A new measure,2027\n" + one + changed, encoding="utf-8"
    )
    second = activities(round_dir, [path], programme=programme)
    assert second.table[["activity_id", "text", "timeframe"]].values.tolist() == [
        ["P-001", "Close the fund", "2026"],
        ["P-002", "Pay the rangers", "2030"],
        ["P-003", "A new measure", "2027"],
    ]
    assert second.log[["activity_id", "action", "old", "new", "by"]].values.tolist() == [
        ["P-003", "add", "", "A new measure", "current programme"],
        ["P-002", "amend", "2026", "2030", "current programme"],
    ]
    third = activities(round_dir, [path], programme=programme)
    assert third.log.empty
    pd.testing.assert_frame_equal(third.table, second.table)


def form_file(round_dir: Path, folder: Path, activity_id: str, **cells: str) -> Path:
    """The form of S1, some cells of one activity filled in; of a new one where it has no id."""
    path = folder / "form_S1.xlsx"
    known = pd.read_csv(round_dir / "activities.csv", dtype=str) if activity_id else None
    write_form(path, UNITS[:1], imprint=imprint(), group="S1", activities=known)
    book = openpyxl.load_workbook(path)
    sheet = book["activities"]
    columns = {cell.value: cell.column for cell in sheet[1]}
    line = 3
    while sheet.cell(line, 1).value not in (activity_id, None):
        line += 1
    for name, value in cells.items():
        sheet.cell(line, columns[name]).value = value
    book.save(path)
    return path


def test_messy_tables_are_read_as_far_as_they_go_and_everything_is_said(round_dir, tmp_path):
    folder = tmp_path / "handed-in"
    folder.mkdir()
    (folder / "resolutions.csv").write_text("unit_id,resolution,reason\n", encoding="utf-8")
    (folder / "budget.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    (folder / "broken.xlsx").write_bytes(b"PK nothing")
    (folder / "ours.csv").write_text(
        "unit_id;theme;text;cost_band\n"
        ";;;\n"  # an empty row is no activity
        "cu 1;Anti-Poaching;Больше рейнджеров;Over 1 million USD\n"
        "CU-999;anti-poching;Of no unit;much\n"
        ";finance;Says no unit;\n"
        "general;finance;\"=cmd|'/C calc'!A0\";\n",
        encoding="cp1251",
    )
    made = activities(round_dir, [folder])
    done = made.table.set_index("text")
    assert done["unit_id"].to_dict() == {
        "Больше рейнджеров": "CU-001",
        "Of no unit": "",
        "Says no unit": "",
        "=cmd|'/C calc'!A0": "general",
    }
    assert done.at["Больше рейнджеров", "theme"] == "anti-poaching"
    assert done.at["Больше рейнджеров", "cost_band"] == "over 1 million USD"
    told = [f"{one.file}{one.where} {one.what} {one.cure}" for one in made.problems]
    assert any(
        "'anti-poching' is not in the list of theme" in one
        and "Did you mean 'anti-poaching'?" in one
        for one in told
    )
    assert any("'much' is not in the list of cost_band" in one for one in told)
    assert any("1 activity names what is no unit of this round: CU-999" in one for one in told)
    assert any("1 activity names no unit" in one for one in told)
    # One bad file of a folder stops nothing, and is named; that of `collect` is none of ours.
    assert any("budget.csv" in one and "has no column text" in one for one in told)
    assert any("broken.xlsx" in one and "is no .xlsx workbook" in one for one in told)
    assert not any("resolutions.csv" in one for one in told)
    # Nothing is lost from what people read.
    text = docx.Document(str(round_dir / "activities.docx"))
    assert "Of no unit" in [cell.text for t in text.tables for row in t.rows for cell in row.cells]
    rows = list(openpyxl.load_workbook(round_dir / "activities.xlsx")["by theme"].values)
    lost = next(row for row in rows if row[1] == "Without a unit")
    assert {"Of no unit", "Says no unit"} <= set(lost)
    assert "'=cmd" in (round_dir / "activities.csv").read_text(encoding="utf-8")


def test_a_form_that_names_no_such_unit_says_so(round_dir, tmp_path):
    told = {"unit_id": "CU-777", "theme": "FINANCE", "text": "For nobody", "action": "add"}
    made = activities(round_dir, [form_file(round_dir, tmp_path, "", **told)])
    assert made.table[["unit_id", "theme"]].values.tolist() == [["", "finance"]]
    assert [one.what for one in made.problems] == [
        "1 activity names what is no unit of this round: CU-777",
        "no form came from S2",
    ]


def test_rows_that_say_no_activity_are_told_word_by_word(round_dir, tmp_path):
    """Typed into the wrong column, or a remark below the rows; in a table of activities too."""
    path = form_file(round_dir, tmp_path, "", unit_id="CU-001", theme="finance", why="Pay herders")
    book = openpyxl.load_workbook(path)
    sheet = book["activities"]
    sheet["A4"], sheet["B4"] = "Joint patrols at the border", "CU-001"
    sheet["B5"], sheet["L5"] = "CU-001", "WWF"
    sheet["A9"] = "Note: all amounts are in EUR"
    sheet["B10"] = "CU-001"  # chosen, and nothing said
    book.save(path)
    table = tmp_path / "ours.csv"
    table.write_text("unit_id,theme,text,partner\nCU-001,finance,,GIZ\n", encoding="utf-8")
    made = activities(round_dir, [path, table])
    assert made.table.empty
    told = {one.file: one.what for one in made.problems if "no activity" in one.what}
    assert told == {
        "form_S1.xlsx": "4 rows say no activity: CU-001 | finance | Pay herders, "
        "Joint patrols at the border | CU-001, CU-001 | WWF, Note: all amounts are in EUR",
        "ours.csv": "1 row says no activity: CU-001 | finance | GIZ",
    }


def test_an_activity_that_is_there_needs_no_text_to_be_amended(round_dir, tmp_path):
    activities(round_dir, [form_file(round_dir, tmp_path, "", unit_id="CU-001", text="Count")])
    path = form_file(round_dir, tmp_path, "S1-001", action="amend", priority="high", text=None)
    made = activities(round_dir, [path])
    assert made.table[["text", "priority"]].values.tolist() == [["Count", "high"]]
    assert not any("no activity" in one.what for one in made.problems)


def test_a_form_in_a_zip_is_read_and_every_file_that_was_not_is_named(round_dir, tmp_path):
    """What groups send: the map and the form in one zip, a photograph, a letter."""
    handed_in = tmp_path / "in"
    handed_in.mkdir()
    cells = {"unit_id": "CU-003", "theme": "finance", "text": "Fund rangers", "action": "add"}
    form = form_file(round_dir, tmp_path, "", **cells)
    with zipfile.ZipFile(handed_in / "group work.zip", "w") as archive:
        archive.write(form, form.name)
    (handed_in / "photo.jpg").write_bytes(b"\xff\xd8\xff")
    (handed_in / "letter.docx").write_bytes(b"PK")
    made = activities(round_dir, [handed_in])
    assert "Fund rangers" in set(made.table["text"])
    [unread] = [one for one in made.problems if "was not read" in one.what]
    assert unread.what == "1 file holds no form and no table, and was not read"
    assert unread.file == "photo.jpg"
    [written] = [one for one in made.problems if one.file == "letter.docx"]
    assert "Type what it asks for into the group's form" in written.what


def test_of_two_sheets_in_one_archive_neither_asks_for_the_other(round_dir, tmp_path):
    handed_in = tmp_path / "in"
    handed_in.mkdir()
    sheets = {}
    for name, fields in (("units", UNIT_FIELDS), ("activities", ACTIVITY_FIELDS)):
        cells = {
            "unit_id": "CU-003",
            "comment": "two herds",
            "action": "add",
            "text": "Fund rangers",
        }
        heading = ",".join(fields) + "\n" + ",".join(cells.get(one, "") for one in fields) + "\n"
        sheets[name] = heading.encode()
    with zipfile.ZipFile(handed_in / "S1.zip", "w") as archive:
        for name, content in sheets.items():
            archive.writestr(f"S1 - {name}.csv", content)
    made = activities(round_dir, [handed_in])
    assert "Fund rangers" in set(made.table["text"])
    assert not any("one sheet of a form" in one.what for one in made.problems)
    with zipfile.ZipFile(handed_in / "S1.zip", "w") as archive:
        archive.writestr("S1 - activities.csv", sheets["activities"])
    [asked] = [
        one for one in activities(round_dir, [handed_in]).problems if "one sheet" in one.what
    ]
    assert asked.file == "S1.zip/S1 - activities.csv"


def test_rejected_units_leave_every_count_of_what_recurs(round_dir):
    """Three units have the activity; one of them is rejected: two of two that are left."""
    plain = toy_round()
    units = plain.tables["conservation_units"].assign(
        status=["working-group proposal", "working-group proposal", "rejected", "area of interest"]
    )
    write_proposal(
        replace(plain, tables={**plain.tables, "conservation_units": units}),
        round_dir.parent / "with_rejected",
    )
    rows = [("A1", "CU-001"), ("A2", "CU-002"), ("A3", "CU-003")]
    table = some(*((one, unit_id, "finance", "Pay rangers") for one, unit_id in rows))
    folder = round_dir.parent / "with_rejected"
    table.to_csv(folder / "activities.csv", index=False)
    [found] = activities(folder).suggestions.to_dict("records")
    assert (found["n_units"], found["of_units"], found["share"]) == (2, 2, 1.0)


def test_activities_of_units_that_are_gone_are_told_and_shown(round_dir, tmp_path):
    plain = toy_round()
    units = plain.tables["conservation_units"].copy()
    units["unit_id"] = ["CU-001a", "CU-001b", "CU-003", "CU-004"]
    units["status"] = ["working-group proposal"] * 2 + ["rejected", "merged"]
    write_proposal(
        replace(plain, tables={**plain.tables, "conservation_units": units}), tmp_path / "r"
    )
    some(
        ("A1", "CU-001", "finance", "For the whole"),
        ("A2", "CU-003", "finance", "For the rejected"),
        ("A3", "CU-009", "finance", "For nobody"),
        ("A4", "CU-001a", "finance", "For a piece"),
    ).to_csv(tmp_path / "r" / "activities.csv", index=False)
    made = activities(tmp_path / "r")
    assert [one.what for one in made.problems] == [
        "3 activities belong to units that are not shown: CU-001 (now CU-001a, CU-001b), "
        "CU-003 (rejected), CU-009 (not in this round)"
    ]
    printed = CliRunner().invoke(cli.app, ["activities", str(tmp_path / "r")]).output
    assert "4 activities: 1 in 1 unit, 0 in the general section, 3 without a unit" in printed
    text = docx.Document(str(tmp_path / "r" / "activities.docx"))
    shown = [row.cells[0].text for table in text.tables for row in table.rows]
    assert {"A1", "A2", "A3", "A4"} <= set(shown)
    rows = list(openpyxl.load_workbook(tmp_path / "r" / "activities.xlsx")["by theme"].values)
    assert [row[0] for row in rows[2:]] == ["CU-001a", "CU-001b", "CU-001", "CU-003", "CU-009"]


def test_a_group_form_a_programme_and_a_move_end_in_tables_and_texts(round_dir, tmp_path):
    packed = pack(round_dir)
    path = form_of(packed, tmp_path)
    book = openpyxl.load_workbook(path)
    sheet = book["activities"]
    columns = {cell.value: cell.column for cell in sheet[1]}
    for field, value in (
        *(("unit_id", "CU-002"), ("theme", "finance"), ("text", "Найти донора"), ("action", "add")),
        *(("cost_band", "over 1 million USD"), ("partner", "a trust fund")),
    ):
        sheet.cell(3, columns[field]).value = value
    book.save(path)
    programme = tmp_path / "programme.csv"
    programme.write_text(
        "unit_name;theme;text\nTalas;finance;Keep the fund\nNowhere;finance;Lost measure\n",
        encoding="cp1251",
    )
    made = activities(round_dir, [path], programme=programme)
    done = made.table.set_index("activity_id")
    assert done["unit_id"].to_dict() == {"P-001": "CU-001", "P-002": "", "S2-001": "CU-002"}
    assert done.at["P-001", "status"] == "current programme"
    assert any(
        "names what is no unit of this round: Nowhere" in problem.what for problem in made.problems
    )
    with (round_dir / "programme_units.csv").open(encoding="utf-8") as stream:
        assert [row["matched_by"] for row in csv.DictReader(stream)] == ["none", "name"]
    book = openpyxl.load_workbook(round_dir / "activities.xlsx")
    assert book.sheetnames == [
        *("by theme", "activities", "general", "suggestions", "species", "completeness"),
        *("sums", "gaps", "offers", "log", "about"),
    ]
    offered = list(book["offers"].iter_rows(min_row=3, values_only=True))
    assert [(row[0], row[2]) for row in offered] == [("a trust fund", "CU-002")]
    across = [cell.value for cell in book["by theme"][1]]
    assert across[2:] == list(THEMES)
    rows = list(book["by theme"].iter_rows(min_row=3, values_only=True))
    assert rows[1][across.index("finance")] == "Найти донора"
    notes = docx.Document(str(round_dir / "funding_notes.docx"))
    # the facts of a unit stand in a cell beside its map
    beside = [
        inner for grid in notes.tables for cell in grid.rows[0].cells for inner in cell.tables
    ]
    told = [
        tuple(cell.text for cell in row.cells)
        for grid in [*notes.tables, *beside]
        for row in grid.rows
    ]
    assert ("Cost band", "over 1 million USD") in told
    assert ("Partner (organisation)", "a trust fund") in told
    assert ("finance", "Найти донора", "", "a trust fund · over 1 million USD") in told
    # a donor sees where each unit is: a map, of the size that its proportions ask for
    units = pd.read_csv(round_dir / "conservation_units.csv")
    assert len(notes.inline_shapes) == (~units["status"].isin(HIDDEN_STATUSES)).sum()
    for map_shape in notes.inline_shapes:
        picture = notes.part.related_parts[
            map_shape._inline.graphic.graphicData.pic.blipFill.blip.embed
        ].blob
        with Image.open(io.BytesIO(picture)) as image:
            assert len(image.getcolors(256)) > 4  # land, water, a unit, letters: not an empty sheet
            assert map_shape.width / map_shape.height == pytest.approx(image.width / image.height)
    text = docx.Document(str(round_dir / "activities.docx"))
    assert "Without a unit" in [paragraph.text for paragraph in text.paragraphs]
    # The next pack's form holds what is known, ready to amend.
    again = pack(round_dir, tmp_path / "pack2")
    form_again = openpyxl.load_workbook(again.directory / "S2" / "form_S2.xlsx")
    assert form_again["activities"]["A3"].value == "S2-001"


def test_moves_are_logged_append_only_and_reversible(round_dir):
    shutil.copy(SAMPLE, round_dir.parent / "ours.csv")
    own = pd.read_csv(round_dir.parent / "ours.csv", dtype=str)
    own["hotspot_id"] = ["H01", "H02"] + ["general"] * (len(own) - 2)
    own.to_csv(round_dir.parent / "ours.csv", index=False)
    first = activities(round_dir, [round_dir.parent / "ours.csv"])
    (suggested,) = first.suggestions.loc[first.suggestions["suggested"], "suggestion_id"]
    before = (round_dir / "activities_log.csv").read_bytes()
    activities(round_dir, general=[suggested], by="plenary", reason="recurs")
    after = (round_dir / "activities_log.csv").read_bytes()
    assert after.startswith(before)
    assert b"A001,move,unit_id,CU-001,general,plenary,recurs" in after
    back = activities(round_dir, back=[suggested], by="plenary", reason="no")
    pd.testing.assert_frame_equal(back.table, first.table)
    with pytest.raises(InputError, match=r"no suggestion or activity R-A00\."):
        activities(round_dir, general=["R-A00"])


def test_a_folder_that_holds_no_file_is_told(round_dir):
    (round_dir.parent / "forms").mkdir()
    (round_dir.parent / "forms" / ".DS_Store").touch()
    problems = activities(round_dir, [round_dir.parent / "forms"]).problems
    (told,) = [problem for problem in problems if problem.as_note().key == "folder empty"]
    assert (told.file, told.what) == ("forms", "the folder holds no file")


def test_a_run_that_fails_leaves_tables_and_log_as_they_were(round_dir, monkeypatch):
    monkeypatch.setattr("cami_units.commands.activities._maps", lambda *_: {})  # only slow
    activities(round_dir)
    before = {path.name: path.read_bytes() for path in round_dir.iterdir() if path.is_file()}

    def no_notes(*_, **__):
        raise InputError("no ink")

    with monkeypatch.context() as patched:
        # the last document but the log: all others are made by then
        patched.setattr("cami_units.commands.activities.write_funding_notes", no_notes)
        with pytest.raises(InputError, match="no ink"):
            activities(round_dir, general=["R-A001"])
    with pytest.raises(InputError, match="grazing"):
        activities(round_dir, general=["R-A001"], session=["grazing"])
    after = {path.name: path.read_bytes() for path in round_dir.iterdir() if path.is_file()}
    assert after == before
    # what failed is done, and logged once, by the next run
    moved = activities(round_dir, general=["R-A001"])
    lines = (round_dir / "activities_log.csv").read_bytes().count(b",move,")
    assert lines == len(moved.log) > 0


def test_many_suggestions_are_moved_by_ticks_in_the_workbook(round_dir):
    own = pd.read_csv(SAMPLE, dtype=str)
    own["hotspot_id"] = ["H01", "H02"] + ["general"] * (len(own) - 2)
    own.to_csv(round_dir.parent / "ours.csv", index=False)
    first = activities(round_dir, [round_dir.parent / "ours.csv"])
    (suggested,) = first.suggestions.loc[first.suggestions["suggested"], "suggestion_id"]
    book = openpyxl.load_workbook(round_dir / "activities.xlsx")
    sheet = book["suggestions"]
    columns = {cell.value: cell.column for cell in sheet[1]}
    for row in sheet.iter_rows(min_row=3):
        if row[columns["suggestion_id"] - 1].value == suggested:
            row[columns["tick"] - 1].value = "x"
    ticked = round_dir.parent / "ticked.xlsx"
    book.save(ticked)
    by_ticks = activities(round_dir, general=[str(ticked)], by="plenary", reason="recurs")
    assert by_ticks.table.loc[0, ["unit_id", "moved_from"]].tolist() == ["general", "CU-001"]
    assert by_ticks.log["action"].unique().tolist() == ["move"]


def test_the_programme_marks_what_is_new_amended_and_dropped(round_dir):
    """Programme: two measures. G1 amends the first, drops the second and adds a third."""
    rows = some(
        ("P-1", "CU-001", "finance", "Keep a fund for rangers"),
        ("P-2", "CU-001", "finance", "Build a tower"),
        ("S1-3", "CU-001", "land use", "Agree pastures"),
    )
    rows.loc[1, "status"] = "dropped"
    rows.to_csv(round_dir / "activities.csv", index=False)
    log = pd.DataFrame(
        [
            ("P-1", "add", "", "", "", workshop.PROGRAMME, ""),
            ("P-1", "amend", "text", "Keep the fund", "Keep a fund for rangers", "G1", "clearer"),
            ("S1-3", "add", "", "", "", "G1", "new"),
        ],
        columns=list(workshop.LOG_COLUMNS),
    )
    log.to_csv(round_dir / "activities_log.csv", index=False)
    activities(round_dir)
    text = docx.Document(str(round_dir / "activities.docx"))
    marks = {
        run.text.strip(): (bool(run.font.underline), bool(run.font.strike))
        for table in text.tables
        for row in table.rows[1:]
        for run in row.cells[2].paragraphs[0].runs
        if run.text.strip()
    }
    told = [row.cells[2].text for table in text.tables for row in table.rows]
    assert "Keep the fund Keep a fund for rangers" in told  # not "fundKeep"
    assert marks == {
        "Keep the fund": (False, True),
        "Keep a fund for rangers": (True, False),
        "Build a tower": (False, True),
        "Agree pastures": (True, False),
    }
    # A page that LibreOffice lays out too: columns of the grid as wide as their cells, 265 mm in all.
    for table in text.tables:
        widths = [column.width for column in table.columns]
        assert widths == [cell.width for cell in table.rows[0].cells]
        assert sum(widths) / 36_000 == pytest.approx(265, abs=1)
        assert min(widths) / sum(widths) > 0.05


def test_sums_count_what_is_not_said_and_each_source_of_funding():
    # A1 has two sources and no partner; A2 nothing at all; A3 is dropped and counts nowhere.
    rows = some(
        ("A1", "CU-001", "finance", "a"),
        ("A2", "CU-002", "finance", "b"),
        ("A3", "CU-002", "finance", "c"),
    )
    rows.loc[0, ["funding_source", "cost_band"]] = ["GEF; GCF", "up to 50,000 USD"]
    rows.loc[2, "status"] = "dropped"
    sums = workshop.activity_sums(rows, [*UNITS["unit_id"]]).set_index(["by", "key"])
    assert sums.loc[("theme", "finance")].tolist() == [2, 1, 1, 2]
    assert sums.loc["funding_source"]["activities"].to_dict() == {"": 1, "GCF": 1, "GEF": 1}
    gaps = workshop.theme_gaps(UNITS, rows, ("finance", "land use")).set_index("unit_id")
    assert gaps.loc["CU-001", ["finance", "land use"]].tolist() == [1, 0]
    assert gaps.loc["general", "finance"] == 0


def test_a_list_that_ends_with_a_semicolon_or_says_a_thing_twice_counts_it_once():
    # Two activities of GEF's, one without a source or a partner, whatever else was typed there.
    rows = some(
        ("A1", "CU-001", "finance", "a"),
        ("A2", "CU-001", "finance", "b"),
        ("A3", "CU-001", "finance", "c"),
    )
    rows["funding_source"] = ["GEF;", "GEF; GEF", " "]
    rows["partner"] = ["WWF; ", "WWF;WWF", "; "]
    sums = workshop.activity_sums(rows, ["CU-001"]).set_index(["by", "key"])
    assert sums.loc["funding_source"]["activities"].to_dict() == {"GEF": 2, "": 1}
    assert sums.loc[("theme", "finance")].tolist() == [3, 3, 1, 1]
    assert workshop.offers(rows)["activity_id"].tolist() == ["A1", "A2"]


def test_one_line_of_the_general_section_is_one_line_wherever_it_is_counted(round_dir):
    """Two units' activity was moved: two rows that can go home, and one line of the programme."""
    rows = some(
        ("A1", "general", "finance", "A fund"),
        ("A2", "general", "finance", "A fund"),
        ("A3", "CU-003", "finance", "A fund"),
    )
    rows.loc[[0, 1], "moved_from"] = ["CU-001", "CU-002"]
    rows.loc[[0, 1], "partner"] = ["WWF", "FZS; WWF"]
    lines = workshop.once_in_general(rows).set_index("activity_id")
    assert list(lines.index) == ["A1", "A3"]
    assert lines.loc["A1", ["moved_from", "partner"]].tolist() == ["CU-001;CU-002", "FZS;WWF"]
    sums = workshop.activity_sums(rows, [*UNITS["unit_id"]]).set_index(["by", "key"])["activities"]
    assert sums["theme", "finance"] == 2
    assert sums["in_no_sum", "general"] == 1  # 2 and 1: all three
    assert sums["unit_id", "general"] == 1
    gaps = workshop.theme_gaps(UNITS, rows, ("finance",)).set_index("unit_id")
    assert gaps.loc["general", "finance"] == 1
    assert list(workshop.offers(rows)["partner"]) == ["FZS", "WWF"]
    rows.to_csv(round_dir / "activities.csv", index=False)
    activities(round_dir)
    book = openpyxl.load_workbook(round_dir / "activities.xlsx")
    assert book["general"].max_row - 2 == 1
    assert book["activities"].max_row - 2 == 3  # each can go home alone
    text = docx.Document(str(round_dir / "activities.docx"))
    general = [row.cells for row in text.tables[0].rows]
    assert sum("A fund" in cell.text for cells in general for cell in cells) == 1


def test_a_session_has_forms_and_a_programme_with_its_themes_only(round_dir):
    rows = some(("A1", "CU-001", "finance", "Keep the fund"), ("A2", "CU-001", "land use", "Graze"))
    rows.to_csv(round_dir / "activities.csv", index=False)
    activities(round_dir, session=["Финансирование", "legislation"])
    names = sorted(path.name for path in (round_dir / "session").iterdir())
    assert names[-1] == "programme.docx"
    assert all(name.startswith("form_") for name in names[:-1])
    told = [
        row[column].value
        for name in names[:-1]
        for book in [openpyxl.load_workbook(round_dir / "session" / name)]
        for row in book["activities"].iter_rows(min_row=3)
        for column in [[cell.value for cell in book["activities"][1]].index("text")]
    ]
    assert [text for text in told if text] == ["Keep the fund"]
    with pytest.raises(InputError, match=r"no theme grazing.*They are anti-poaching"):
        activities(round_dir, session=["grazing"])


def test_how_far_the_last_programme_has_come_is_a_page_with_a_bar_a_theme(round_dir, tmp_path):
    """Words of the lists in any language; a status of no list is not said, never guessed."""
    source = tmp_path / "measures.csv"
    source.write_text(
        "measure_id,theme,text,unit_id,status,note\n"
        "1,finance,Keep the fund,,done,\n2,финансирование,Найти донора,,Выполняется,<b>x</b>\n"
        "3,land use,Agree pastures,cu-1; CU-099,soon,\n4,land use,Fence,,In progress.,\n"
        "5,,Count,general,Завершён,\n",
        encoding="utf-8",
    )
    made = activities(round_dir, implementation=source)
    gone, unknown = [problem for problem in made.problems if problem.file == source.name]
    assert gone.what == "1 activity belongs to units that are not shown: CU-099 (not in this round)"
    assert unknown.what == "1 measure has a status that is in no list (soon): it counts as not said"
    assert {"implementation.csv", "implementation.html"} <= {path.name for path in made.files}
    rows = pd.read_csv(round_dir / "implementation.csv", dtype=str)
    assert rows["theme"].fillna("").tolist() == ["finance", "finance", "land use", "land use", ""]
    assert rows["status"].tolist() == ["done", "under way", "soon", "under way", "done"]
    sums = workshop.implementation(rows).set_index("theme")
    assert sums.loc["finance", ["done", "under way", "measures"]].tolist() == [1, 1, 2]
    assert sums.loc["land use", ["not said", "under way"]].tolist() == [1, 1]
    page = (round_dir / "implementation.html").read_text(encoding="utf-8")
    assert "Measures: 5" in page
    assert "not said: soon" in page  # whoever wrote it finds it again
    # finance has two of the most measures, half of them done: its first bar is 50 of 100 wide
    assert '<rect x="0.0" width="50.0"' in page
    assert "<b>x</b>" not in page
    assert "&lt;b&gt;x" in page


@pytest.mark.browser
def test_sums_gaps_and_offers_are_a_page_for_the_projector(browser, round_dir):
    """CU-001 has two activities, one that G and H offered to pay; CU-002 one; CU-003 none at all."""
    rows = some(
        ("A1", "CU-001", "finance", "Keep the fund"),
        ("A2", "CU-001", "land use", "<b>Graze</b>"),
        ("A3", "CU-002", "finance", "Find a donor"),
        ("A4", "general", "finance", "Name a focal point"),
    )
    rows.loc[0, ["partner", "cost_band"]] = ["G; H", "up to 50,000 USD"]
    rows.to_csv(round_dir / "activities.csv", index=False)
    in_languages(round_dir, "ru")
    made = activities(round_dir)
    assert "sums.html" in {path.name for path in made.files}
    for size in ((1366, 768), (390, 844)):
        browser.size(*size)
        browser.open(round_dir / "sums.html", ready=False)
        assert browser.run("return document.documentElement.scrollWidth <= innerWidth"), size
    assert browser.asked_for() == []
    assert browser.errors == []
    told = browser.run(
        "return Array.from(document.querySelectorAll('tr')).map((tr) => Array.from(tr.cells)"
        ".map((cell) => cell.textContent.trim()))"
    )
    # activities; those without a cost band, a source of funding, a partner
    assert ["CU-001 Талас", "", "2", "1", "2", "1"] in told
    assert ["финансирование", "", "3", "2", "3", "2"] in told
    assert ["до 50 000 долл. США", "", "1", "0", "1", "0"] in told
    assert ["пока не указано", "", "3", "3", "3", "3"] in told
    # ten themes in the order of the agenda: land use is the ninth, finance the tenth
    assert ["CU-001 Талас", *"0000000011"] in told
    assert ["CU-003 Аксу", *"0000000000"] in told
    assert ["G", "CU-001", "Keep the fund", "финансирование", ""] in told
    assert ["H", "CU-001", "Keep the fund", "финансирование", ""] in told
    widths = browser.run(
        "return Array.from(document.querySelectorAll('.sums rect')).map((r) => "
        "r.getAttribute('width'))"
    )
    assert widths[:2] == ["100.0", "50.0"]  # two activities, then one


def test_what_is_planned_in_a_unit_that_plenary_has_dropped_is_in_no_sum(round_dir):
    """CU-002 is rejected, CU-003 merged into CU-001: theirs are in no sum, or with CU-001's.

    Each product that shows fewer than the five of the list, or shows them elsewhere, says so.
    """
    some(
        ("A1", "CU-001", "finance", "Keep the fund"),
        ("A2", "CU-002", "finance", "Find a donor"),
        ("A3", "CU-003", "land use", "Graze"),
        ("A4", "general", "finance", "Name a focal point"),
        ("A5", "", "finance", "Somewhere"),
    ).assign(partner="G").to_csv(round_dir / "activities.csv", index=False)
    decide(round_dir, "CU-002", "reject", reason="no animals", time="2026-11-22T14:05")
    decide(round_dir, "CU-003", "merge", reason="one place", time="2026-11-22T14:05", into="CU-001")
    activities(round_dir)
    page = (round_dir / "sums.html").read_text(encoding="utf-8")
    assert "Activities: 4 · In no sum: 1</p>" in page
    assert "<th>CU-002 (unit not shown: in no sum)</th>" in page
    # above the bars there is nothing to read out
    assert "<th></th>" not in page
    assert "CU-003" not in page
    assert "Find a donor" not in page
    book = openpyxl.load_workbook(round_dir / "activities.xlsx")
    rows = [[cell.value for cell in row] for row in book["sums"].iter_rows(min_row=3)]
    assert ["Theme", "finance", 3] in [row[:3] for row in rows]
    assert ["Unit", "CU-001 Talas", 2] in [row[:3] for row in rows]
    assert ["In no sum", "CU-002 (unit not shown: in no sum)", 1] in [row[:3] for row in rows]
    by_theme = [row[:2] for row in book["by theme"].iter_rows(min_row=3, values_only=True)]
    assert by_theme[-2:] == [
        (None, "Without a unit"),
        ("CU-002", "Without a unit (unit not shown: in no sum)"),
    ]
    lines = [line.text for line in docx.Document(str(round_dir / "activities.docx")).paragraphs]
    at = lines.index("Without a unit")
    assert lines[at + 1] == "CU-002 (unit not shown: in no sum)"


def in_languages(directory: Path, *languages: str) -> None:
    """Let a round on disk speak these languages, the first of all."""
    path = directory / "manifest.json"
    manifest = json.loads(path.read_text("utf-8"))
    manifest["imprint"]["languages"] = list(languages)
    path.write_text(json.dumps(manifest), "utf-8")


@pytest.mark.parametrize("lang", ["ru", "zh", "mn"])
def test_what_is_read_in_the_room_is_in_its_language_to_the_last_cell(round_dir, lang):
    """Work programme, species pages, funding notes and workbook of a round in another language."""
    in_languages(round_dir, lang)
    rows = some(("A1", "CU-001", "finance", "1"), ("A2", "general", "land use", "2"))
    rows["species"], rows["countries"] = "Saiga tatarica;Panthera uncia", "KG;KZ"
    rows["priority"], rows["cost_band"] = "high", "up to 50,000 USD"
    rows.to_csv(round_dir / "activities.csv", index=False)
    activities(round_dir)
    words_of = {}
    for name in ("activities", "species_pages", "funding_notes"):
        document = docx.Document(str(round_dir / f"{name}.docx"))
        cells = [cell.text for grid in document.tables for row in grid.rows for cell in row.cells]
        words_of[name] = "\n".join([*cells, *(line.text for line in document.paragraphs)])
    names = {"ru": "Сайгак, Снежный барс", "zh": "Saiga、Snow leopard", "mn": "Saiga, Snow leopard"}
    states = {"ru": "Кыргызстан, Казахстан", "zh": "Kyrgyzstan、Kazakhstan"}
    assert names[lang] in words_of["activities"]
    assert states.get(lang, "Kyrgyzstan, Kazakhstan") in words_of["activities"]
    for name, said in words_of.items():
        # species pages head each page with the scientific name; no document has ids or our words
        machine = r"KG;|KG, KZ|\bhigh\b|\bproposed\b|finance|land use|\bunit\b|USD|\bnan\b|_id\b"
        assert not re.search(machine, said), (name, re.search(machine, said))
    for sheet in openpyxl.load_workbook(round_dir / "activities.xlsx"):
        if sheet.title == "about":
            continue
        columns, heads = ([cell.value for cell in sheet[number]] for number in (1, 2))
        untold = {
            column
            for column, head in zip(columns, heads, strict=True)
            if column == head and not str(column).startswith("CU-")
        }
        assert untold == set(), (lang, sheet.title)
        for row in sheet.iter_rows(min_row=3, values_only=True) if sheet.title != "log" else ():
            assert not {"finance", "land use", "high", "proposed", "general"} & set(row), (
                sheet.title
            )


def test_a_sheet_of_activities_in_russian_is_read_as_it_was_written(round_dir, tmp_path):
    """The workbook's words are those of the forms' lists: whoever hands it in loses nothing."""
    in_languages(round_dir, "ru")
    rows = some(("A1", "CU-001", "finance", "Фонд"), ("A2", "general", "land use", "Пастбища"))
    rows["priority"], rows["cost_band"] = "high", "up to 50,000 USD"
    rows.to_csv(round_dir / "activities.csv", index=False)
    activities(round_dir)
    book = openpyxl.load_workbook(round_dir / "activities.xlsx")
    sheet = book["activities"]
    columns = [cell.value for cell in sheet[1]]
    table = pd.DataFrame(sheet.iter_rows(min_row=3, values_only=True), columns=columns)
    table.to_csv(tmp_path / "again.csv", index=False)
    (round_dir / "activities.csv").unlink()
    again = activities(round_dir, [tmp_path / "again.csv"]).table
    same = ["unit_id", "theme", "text", "priority", "cost_band"]
    assert again[same].values.tolist() == rows[same].values.tolist()


def test_the_forms_of_a_session_speak_their_groups_language(round_dir):
    """As the packs do: `[workshop.languages]` names what a group reads first.

    Also of a group that shares a section, and so owns no unit.
    """
    path = round_dir / "manifest.json"
    manifest = json.loads(path.read_text("utf-8"))
    manifest["plan"]["workshop"] = {
        **manifest["plan"].get("workshop", {}),
        "groups": {"S1": ["S1"], "S2": ["S2"], "guests": ["S1"]},
        "languages": {"S2": "ru", "guests": "ru"},
    }
    path.write_text(json.dumps(manifest), "utf-8")
    rows = some(("A1", "CU-001", "finance", "Keep the fund"), ("A2", "CU-002", "finance", "Too"))
    rows.to_csv(round_dir / "activities.csv", index=False)
    activities(round_dir, session=["finance"])
    first = {
        group: openpyxl.load_workbook(round_dir / "session" / f"form_{group}.xlsx")["units"]["A2"]
        for group in ("S1", "S2", "guests")  # nobody goes home without a form
    }
    assert first["S2"].value.startswith("Единица") != first["S1"].value.startswith("Единица")
    assert first["guests"].value == first["S2"].value


@pytest.mark.slow
def test_the_same_activities_give_the_same_bytes(written, tmp_path):
    made = []
    for name in "ab":
        directory = Path(shutil.copytree(written, tmp_path / name))
        activities(directory)
        made.append({path.name: path.read_bytes() for path in directory.iterdir()})
    assert made[0] == made[1]


def test_the_bundled_ones_are_taken_only_on_bundled_hotspots_and_said(round_dir, tmp_path):
    made = activities(round_dir)
    assert made.problems[0].what == (
        "no activities were brought: the 79 bundled ILLUSTRATIVE ones are shown"
    )
    plain = toy_round()
    inputs = [{**one, "bundled": False} for one in plain.manifest["inputs"]]
    own = replace(plain, manifest={**plain.manifest, "inputs": inputs})
    write_proposal(own, tmp_path / "own")
    with pytest.raises(InputError, match="has no activities yet, and none were brought"):
        activities(tmp_path / "own")


def test_what_is_still_missing_before_the_final_reading(round_dir):
    made = activities(round_dir)
    lacking = made.completeness.set_index("unit_id")["missing"].to_dict()
    # The sample has activities for H01, H02, H04: CU-003 was drawn where no hotspot is.
    assert lacking == {"CU-001": "", "CU-002": "", "CU-003": "activity", "CU-004": "species"}


def test_who_works_where_is_a_matrix_without_names_of_persons():
    plain = toy_round().tables
    matrix = workshop.species_by_unit(plain["unit_species"], plain["species"])
    assert matrix.columns.tolist() == ["sci_name", "name_en", "CU-001", "CU-002", "CU-003"]
    assert matrix.values.tolist() == [
        ["Camelus ferus", "Wild camel", "", "", "o"],
        ["Panthera uncia", "Snow leopard", "Q", "Q", ""],
        ["Saiga tatarica", "Saiga", "Q", "", ""],
    ]


def test_hostile_text_stays_text(round_dir, tmp_path):
    rows = 'unit_id,theme,text\nCU-001,finance,"=HYPERLINK(""x"")<w:t>{{7*7}}\x0b"\n'
    (tmp_path / "x.csv").write_text(rows, encoding="utf-8")
    activities(round_dir, [tmp_path / "x.csv"])
    assert "'=HYPERLINK" in (round_dir / "activities.csv").read_text(encoding="utf-8")
    cell = openpyxl.load_workbook(round_dir / "activities.xlsx")["activities"]["D3"]
    assert (cell.data_type, cell.value[:10]) == ("s", "=HYPERLINK")
    with zipfile.ZipFile(round_dir / "activities.docx") as archive:
        assert b"&lt;w:t&gt;{{7*7}}" in archive.read("word/document.xml")
    again = activities(round_dir)
    assert again.table["text"].tolist() == ['=HYPERLINK("x")<w:t>{{7*7}}']


def test_an_apostrophe_that_somebody_typed_is_no_guard_of_ours(round_dir, tmp_path):
    """Place names begin with one (ʿayn, okina), and quotations do."""
    typed = ["'Ain Mulla wells", "'Green belt' along the fence", "-5 % of the fence a year"]
    rows = "".join(f'CU-001,finance,"{text}"\n' for text in typed)
    (tmp_path / "x.csv").write_text(f"unit_id,theme,text\n{rows}", encoding="utf-8")
    activities(round_dir, [tmp_path / "x.csv"])
    for _ in range(2):
        again = activities(round_dir)
        assert sorted(again.table["text"]) == sorted(typed)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a,b\n1,2\n", "has no column text; it has a, b"),
        ("", r"is empty \(0 bytes\)"),
        ("\n\n", r"is empty \(2 bytes\)"),
        ("txt,theme\n1,2\n", r"has no column text.*Did you mean 'txt'\?"),
    ],
)
def test_a_table_without_the_column_says_which(round_dir, tmp_path, content, message):
    (tmp_path / "x.csv").write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match=message):
        activities(round_dir, [tmp_path / "x.csv"])
    with pytest.raises(InputError, match=r"There is no file nowhere\.xlsx"):
        activities(round_dir, [tmp_path / "nowhere.xlsx"])
    # a shell that lays "handed-in/*" out names the maps beside the forms
    (tmp_path / "map.kmz").write_bytes(b"PK\x03\x04" + bytes(range(256)))
    with pytest.raises(InputError, match=r"'map.kmz' is no table: a CSV or XLSX.*expected: text"):
        activities(round_dir, [tmp_path / "map.kmz"])


def test_a_species_page_says_no_share_of_a_range_that_is_only_possible(tmp_path):
    species = pd.DataFrame(
        {"sci_name": ["Uncia uncia"], "name_en": "Snow leopard", "iucn_category": "VU"}
    ).assign(cms_appendix="I", range_states="KG;KZ")
    rows = {"unit_id": ["CU-001"], "sci_name": "Uncia uncia", "role": "supporting"}
    write_species_pages(
        tmp_path / "s.docx",
        species,
        pd.DataFrame({**rows, "range_share": float("nan")}),
        pd.DataFrame({"unit_id": ["CU-001"], "name_en": "Altai"}),
        pd.DataFrame({name: [] for name in ("unit_id", "species", "theme", "text", "partner")}),
        names={"state": {"KG": {"name_en": "Kyrgyzstan"}}},
        imprint=imprint(),
        lang="en",
    )
    document = docx.Document(str(tmp_path / "s.docx"))
    assert "States: Kyrgyzstan, KZ" in [line.text for line in document.paragraphs]
    table = document.tables[0]
    assert [cell.text for cell in table.rows[1].cells][-1] == ""


def test_every_piece_of_a_unit_in_thirty_takes_its_activities_along():
    row = dict.fromkeys(workshop.ACTIVITY_COLUMNS, "") | {"activity_id": "A-1", "unit_id": "CU-001"}
    pieces = [f"CU-001 {number}" for number in range(30)]
    table, _ = workshop.followed(pd.DataFrame([row]), {"CU-001": pieces}, by="decision")
    assert sorted(table["unit_id"]) == sorted(pieces)
    assert {"A-1", "A-1.b", "A-1.z", "A-1.ad"} <= set(table["activity_id"])


_STEPS = st.lists(
    st.tuples(st.sampled_from(["split", "merge", "general"]), st.integers(0, 50)), max_size=7
)


@settings(deadline=None)
@given(_STEPS)
def test_activities_go_along_however_often_units_are_split_and_merged(steps):
    """Each unit that stands on ground of CU-001 has its measure, under an id of its own.

    As rounds hold it: a unit that was split leaves the table, its pieces name it; one that was
    merged stays and names where it went.
    """
    units = {"CU-001": {"area_km2": 64.0}, "CU-002": {"area_km2": 50.0}}
    heirs, letters = {"CU-001"}, iter("abcdefghijklmnopqrstuvwxyz")
    measure = dict.fromkeys(workshop.ACTIVITY_COLUMNS, "") | {"text": "Count the herds"}
    first = pd.DataFrame([measure | {"activity_id": "P-001", "unit_id": "CU-001"}])
    table = first
    for what, at in steps:
        live = sorted(name for name, unit in units.items() if not unit.get("merged_into"))
        chosen, other = live[at % len(live)], live[(at + 1) % len(live)]
        if what == "split" and (chosen.startswith("CU-001") or chosen in heirs):
            pieces = [f"{chosen[:6]}{next(letters)}" for _ in range(2)]
            area = units.pop(chosen)["area_km2"] / 2
            units |= {piece: {"area_km2": area, "split_from": chosen} for piece in pieces}
            heirs = heirs - {chosen} | set(pieces) if chosen in heirs else heirs
        elif what == "merge" and chosen != other:
            units[chosen] |= {"merged_into": other, "status": "merged"}
            heirs = heirs - {chosen} | {other} if chosen in heirs else heirs
        elif what == "general":
            table, _ = workshop.moved(table, table["activity_id"].tolist(), by="G", reason="")
        round_units = pd.DataFrame([{"unit_id": name, **unit} for name, unit in units.items()])
        following = workshop.successors(round_units)
        table, _ = workshop.followed(table, following, by="collect")
        home = table["moved_from"].where(table["moved_from"] != "", table["unit_id"])
        assert set(home) == heirs
        assert table["activity_id"].is_unique
        assert workshop.followed(table, following, by="collect")[1].empty
        # the programme may come late: its measures go to the same units
        late, _ = workshop.followed(first, following, by="decision")
        assert set(late["unit_id"]) == heirs


def test_a_piece_that_is_split_again_takes_its_measures_along_under_the_next_letter():
    row = dict.fromkeys(workshop.ACTIVITY_COLUMNS, "") | {"activity_id": "P-1", "unit_id": "CU-016"}
    table, _ = workshop.followed(pd.DataFrame([row]), {"CU-016": ["CU-016a", "CU-016b"]}, by="x")
    table, lines = workshop.followed(table, {"CU-016a": ["CU-016c", "CU-016d"]}, by="x")
    homes = dict(zip(table["activity_id"], table["unit_id"], strict=True))
    assert homes == {"P-1": "CU-016c", "P-1.b": "CU-016b", "P-1.c": "CU-016d"}
    assert lines.query("action == 'add'")["activity_id"].tolist() == ["P-1.c"]


def test_a_measure_that_came_back_to_a_unit_that_was_split_goes_along_once():
    row = dict.fromkeys(workshop.ACTIVITY_COLUMNS, "")
    table = pd.DataFrame(
        [
            row | {"activity_id": "P-1", "unit_id": "CU-016"},
            row | {"activity_id": "P-1.b", "unit_id": "CU-016b"},
        ]
    )
    following = {"CU-016": ["CU-016a", "CU-016b"]}
    table, _ = workshop.followed(table, following, by="x")
    homes = dict(zip(table["activity_id"], table["unit_id"], strict=True))
    assert homes == {"P-1": "CU-016a", "P-1.b": "CU-016b"}


def test_an_activity_of_a_unit_that_was_split_is_read_for_each_of_its_pieces(round_dir, tmp_path):
    """The form knows the unit by the id that it was handed out with; read again, it adds nothing."""
    stored = store.read_round(round_dir)
    units = stored.tables["conservation_units"].assign(split_from="", merged_into="")
    units.loc[units["unit_id"].isin(["CU-003", "CU-004"]), "split_from"] = "CU-006"
    tables = {**stored.tables, "conservation_units": units}
    write_proposal(replace(stored, tables=tables), round_dir, force=True)
    told = {"unit_id": "CU-006", "theme": "finance", "text": "For the whole", "action": "add"}
    file = form_file(round_dir, tmp_path, "", **told)
    made = activities(round_dir, [file])
    assert sorted(made.table["unit_id"]) == ["CU-003", "CU-004"]
    assert [one.what for one in made.problems] == ["no form came from S2"]
    again = activities(round_dir, [file])
    assert again.log.empty
    pd.testing.assert_frame_equal(again.table, made.table)


def test_an_activity_that_a_form_names_and_nobody_knows_is_told():
    """Amended, it is added as a new one; dropped, nothing is: neither in silence."""
    base = pd.DataFrame([dict.fromkeys(workshop.ACTIVITY_COLUMNS, "") | {"activity_id": "P-001"}])
    base = base.assign(unit_id="CU-001", theme="other", text="Count the herds", status="in force")
    rows = pd.concat(
        [
            form({"activity_id": "P-01", "action": "amend", "text": "Count them twice"}),
            form({"activity_id": "P-999", "action": "drop", "text": "Count the herds again"}),
        ]
    )
    brought = [workshop.Contribution("S1", rows)]
    table, lines, problems = workshop.merged_activities(base, brought, owner={})
    assert table["activity_id"].tolist() == ["P-001", "S1-001"]
    told = [(words.said(one.as_note()), words.assumed(one.as_note())) for one in problems]
    assert told == [
        (
            "there is no activity 'P-01' to amend (perhaps P-001?)",
            "added as a new one, S1-001. If another was meant, amend that one and drop this",
        ),
        ("there is no activity 'P-999' to drop", "nothing was dropped, and nothing added"),
    ]
    log = lines.assign(by="S1")
    again = workshop.merged_activities(table, brought, owner={}, log=log)
    assert [one.as_note().key for one in again[2]] == ["activity to drop unknown"]
