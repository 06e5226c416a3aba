"""Every line for the plan that `check` prints: pasted as it is printed, it mends what it was printed for.

The places in the code that print such lines are found by reading the code, not listed: one without a case
here fails. All cases stand in one plan, as a bad day has them; what is printed is taken from the screen.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
from shapely.geometry import LineString, Point, box
from typer.testing import CliRunner

import cami_units
from cami_units import layers
from cami_units.cli import app
from cami_units.commands.check import check
from cami_units.desk._page_facts import complaint_facts
from cami_units.model import Note, assumed, said
from cami_units.phrases import LANGUAGES, table
from cami_units.plan import read_plan
from tests.test_animals import SPRING, at, gbif, walk
from tests.test_field_files import raster, written
from tests.test_words import ENGLISH

SOURCE = Path(cami_units.__file__).parent
MAKERS = {"plan_lines", "rule_lines"}
STEPPE, RAIL = box(60, 45, 62, 46), LineString([(60, 45), (62, 46)])


def advising() -> dict[str, int]:
    """By function how often it makes lines for the plan."""
    found: dict[str, int] = {}
    for path in sorted(SOURCE.rglob("*.py")):
        for function in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(function, ast.FunctionDef) or function.name in MAKERS:
                continue
            calls = [
                node
                for node in ast.walk(function)
                if isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and node.func.id in MAKERS
            ]
            if calls:
                found[f"{path.stem}.{function.name}"] = len(calls)
    return found


def without_a_system(folder: Path) -> str:
    written(folder / "in" / "h.shp", {"name_en": ["A"]}, [STEPPE], crs=None)
    return 'hotspots = ["in/h.shp"]'


def metres_of_the_web(folder: Path) -> str:
    """A section in metres that says degrees: of the usual systems it can be in one only."""
    table = gpd.GeoDataFrame({"name_en": ["A"]}, geometry=[STEPPE], crs=4326).to_crs(3857)
    written(folder / "in" / "s.shp", {"name_en": ["A"]}, table.geometry.tolist(), crs=None)
    return 'sections = ["in/s.shp"]'


def railways(folder: Path) -> str:
    """OpenStreetMap's columns; in Windows' Cyrillic, which the file does not say."""
    path = folder / "in" / 'rail "old".shp'
    written(path, {"osm_id": ["1"], "name": ["Турксиб, дорога"]}, [RAIL], encoding="cp1251")
    path.with_suffix(".cpg").unlink()
    return "barriers = ['in/rail \"old\".shp']"


def corridors(folder: Path) -> str:
    columns = {"sci_name": ["Saiga tatarica"], "evidence_degree": ["B"]}
    written(folder / "in" / "c.geojson", columns, [RAIL])
    return 'corridors = ["in/c.geojson"]'


def ranges(folder: Path) -> str:
    """One species without its name, rasters of suitability, a whole species, a species of old."""
    written(folder / "in" / "r" / "Saiga_tatarica.geojson", {"presence": [1]}, [STEPPE])
    hill = np.array([[0.2, 0.7, 0.9]])
    raster(folder / "in" / "t" / "Equus_kiang.tif", hill, west=85, north=34, cell=0.5)
    names = {"binomial": ["Panthera pardus", "Ovis orientalis"]}
    written(folder / "in" / "leopard.gpkg", names, [box(56, 37, 58, 38), box(58, 37, 59, 38)])
    return 'ranges = ["in/r", "in/t", "in/leopard.gpkg"]'


def places(folder: Path) -> str:
    columns = {"code": ["K-1"], "ort": ["Aral"]}
    written(folder / "in" / "g.geojson", columns, [Point(61, 46)])
    return 'gazetteer = ["in/g.geojson"]'


def records(folder: Path) -> str:
    """Two species seen far from their ranges, one of them as the whole species; odd headings of degrees."""
    leopard = {"species": "Panthera pardus", "scientificName": "Panthera pardus"}
    argali = {"species": "Ovis ammon", "scientificName": "Ovis ammon"}
    rows = [at(52.0, 76.0), at(52.5, 77.0, **argali), at(37.5, 57.0, **leopard)]
    gbif(folder / "in" / "0012345.csv", rows)
    (folder / "in" / "camera.csv").write_text(
        "species,date,x_dd,y_dd\nSaiga tatarica,2020-05-01,61.5,45.5\n", encoding="utf-8"
    )
    return 'occurrences = ["in/0012345.csv", "in/camera.csv"]'


def one_collar(folder: Path) -> str:
    lines = ["timestamp,location-long,location-lat,taxon"]
    for _, time, x, y in walk("S1", SPRING, (56.5, 44.5), (56.6, 44.5), (56.6, 44.6)):
        lines.append(f"{time:%Y-%m-%d %H:%M:%S},{x},{y},Saiga tatarica")
    (folder / "in" / "S1.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return 'telemetry = ["in/S1.csv"]'


def contexts(folder: Path) -> str:
    """A raster without a system, a mean of nobody knows what; names with a space and in Cyrillic."""
    (folder / "in" / "cattle.asc").write_text(
        "ncols 2\nnrows 2\nxllcorner 60\nyllcorner 45\ncellsize 1\n1 2\n3 4\n", encoding="utf-8"
    )
    (folder / "in" / "camps.csv").write_text("name,lon,lat,heads,dogs\nA,61,45.5,9,2\n")
    return (
        '[context."скот 2020"]\npath = "in/cattle.asc"\nsummary = "mean"\n'
        '[context.camps]\npath = "in/camps.csv"\nsummary = "mean"\n'
    )


CASES = {
    "_shape_checks._crs_in_doubt": [r"\[crs\]\nhotspots = ", r'\[crs\]\nsections = "EPSG:3857"'],
    "_dialects._missing_column": [
        r'\[columns\.corridors\]\nevidence_grade = "evidence_degree"',
        r'\[columns\.gazetteer\]\nname_en = "ort"',
        r'\[species\]\n"in/r/\*\.geojson" = "file name"',
        r'\[species\]\n"in/t/\*\.tif" = "file name"',
        r"\[defaults\.barriers\]\nkind = ",
        r"\[defaults\.barriers\]\npermeability = ",
        r'\[defaults\."in/S1\.csv"\]\nanimal = "S1"',
    ],
    "_gis_files._decoded": [r'\[encoding\]\n"in/rail \\"old\\"\.shp" = "cp1251" # or'],
    "_gis_files._raster_datasets": [r"\[defaults\.ranges\]\nat_least = 0\.5"],
    "_ranges._hints": [r'\[taxa\."Ovis vignei"\]\nfrom = "Ovis orientalis"'],
    "_ranges._guarded": [r'\[taxa\."Panthera pardus tulliana"\]\nfrom = "Panthera pardus"'],
    # one line in place of that of a rule which the plan has: pasted in test_layers_taxa
    "_taxa.one_rule_each": [],
    # a study where no bundled row lies: asked for in test_layers
    "_layer_rows.whole_layer": [],
    "_occurrences.taxa_of": [r'\[taxa\."Panthera pardus tulliana"\]\nfrom = "Panthera pardus"'],
    "_point_tables._points": [
        r'\[columns\."in/camera\.csv"\]\nlongitude = "x_dd"\nlatitude = "y_dd"'
    ],
    "_single_layers._unsaid_system": [r'\[crs\]\ncontext\."скот 2020" = "EPSG:4326"'],
    "_single_layers._with_one_column": [r'\[context\.camps\]\ncolumn = "heads"'],
    "check._partial_coverage": [r"\[coverage\]\nbarriers = \["],
    "check._records_and_ranges": [
        r'\[occurrences\.range_km\]\n"Saiga tatarica" = 25',
        r'\[occurrences\.range_km\]\n"Ovis ammon" = 25',
    ],
}
"""By the function that prints them: the lines of the plan that the files below make it print."""


@pytest.mark.slow
def test_every_place_that_prints_lines_for_the_plan_has_its_case():
    assert set(advising()) == set(CASES)


@pytest.mark.slow
def test_lines_for_the_plan_are_made_in_one_place():
    """A table of a plan behind the end of a line is written by `plan_lines` alone, and in no phrase."""
    assert [key for lang in LANGUAGES for key in table(lang) if "\n[" in table(lang)[key]] == []
    for path in SOURCE.rglob("*.py"):
        if path.parent.name == "model":
            continue
        texts = (
            node.value
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(node, ast.Constant) and isinstance(node.value, str)
        )
        for text in texts:
            assert not re.search(r"(plan|degrees)[^\n]*:\n\[", text), (path.name, text)


def printed_blocks(screen: str) -> list[str]:
    """The lines to paste of each advice, as they stand on the screen."""
    blocks, block, is_open = [], "", False
    for line in screen.split("\n"):
        if line.startswith("      → "):
            is_open = line.endswith(":")
            continue
        if is_open and line.startswith("      "):
            block += line + "\n"
            continue
        if block:
            blocks.append(block)
        block, is_open = "", False
    return blocks + ([block] if block else [])


BAD_DAY = (
    *(without_a_system, metres_of_the_web, railways, corridors, ranges, places, records),
    one_collar,
)


def bad_day(folder: Path) -> Path:
    """The plan of a day on which nothing fits."""
    (folder / "in").mkdir()
    named = "\n".join(make(folder) for make in BAD_DAY)
    text = f'title = "A bad day"\ndate = "2026-11-22"\n[layers]\n{named}\n{contexts(folder)}'
    (folder / "plan.toml").write_text(text, encoding="utf-8")
    return folder / "plan.toml"


@pytest.mark.slow
def test_a_bad_day_is_told_in_russian_but_for_what_stands_in_files(tmp_path):
    """What *Check the layers* shows at a Russian desk: no line is marked as English, and none is."""
    problems, _ = check(read_plan(bad_day(tmp_path)))
    assert len(problems) > 12
    for line in complaint_facts(problems, "ru"):
        assert line["lang"] == "ru"
        sentence = line["text"].partition(":\n[")[0]
        assert re.search("[а-яё]{3}", sentence), sentence
        assert not ENGLISH.search(sentence), sentence
    # the lines to paste are those of the command, whoever reads them
    assert {one.lines for one in problems if one.lines} <= {
        line for one in problems for line in [one.cure.partition(":\n")[2].partition(" # ")[0]]
    }


@pytest.mark.slow
def test_every_line_for_the_plan_mends_what_it_was_printed_for(tmp_path):
    plan = bad_day(tmp_path)
    seen: set[str] = set()
    for _ in range(8):
        result = CliRunner().invoke(app, ["check", str(plan)])
        blocks = printed_blocks(result.output)
        plain = {"\n".join(line.strip() for line in block.splitlines()) for block in blocks}
        again = plain & seen
        assert not again, f"pasted before, and no use: {again}"
        seen |= plain
        if not blocks:
            break
        assert len(blocks) == len(plain), "one line is printed twice"
        plan.write_text(plan.read_text(encoding="utf-8") + "".join(blocks), encoding="utf-8")
    assert result.exit_code == 0, result.output
    assert "Ready. Next:" in result.output
    for place, patterns in CASES.items():
        for pattern in patterns:
            assert any(re.match(pattern, block) for block in seen), (place, pattern, sorted(seen))


def test_what_is_to_be_pasted_stands_with_the_file_of_a_group_too(tmp_path):
    """A note that leaves its problem keeps the lines for the plan: they are one of its facts."""
    (tmp_path / "in").mkdir()
    written(tmp_path / "in" / "u.shp", {"name": ["Тарбагатай — Саур"]}, [STEPPE], encoding="cp1251")
    (tmp_path / "in" / "u.cpg").unlink()
    read = layers.read_gis_placemarks(tmp_path / "in" / "u.shp", "u.shp")
    notes = [Note(row["key"], row["facts"]) for row in read.notes.to_dict("records")]
    [note] = [note for note in notes if "encoding" in said(note)]
    assert assumed(note).endswith('[encoding]\n"u.shp" = "cp1251" # or "koi8-r"')
    assert assumed(note, "ru").endswith('[encoding]\n"u.shp" = "cp1251" # или "koi8-r"')
