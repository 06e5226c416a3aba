"""Records and tracks of animals: read as GBIF, Darwin Core and Movebank write them, told to nobody.

The headings are those of a GBIF "simple" download (tabs, no quotes), of a Darwin Core archive of GBIF
(`meta.xml`, `occurrence.txt`) and of an export of the Movebank Data Repository.
"""

from __future__ import annotations

import datetime as dt
import re
import zipfile
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pytest
import shapely

import cami_units as cu
from cami_units import criteria, layers, overlap, scene, webmap
from cami_units.commands.annex import annex
from cami_units.commands.check import check
from cami_units.commands.figures import write_atlas
from cami_units.commands.pack import pack
from cami_units.commands.plan_layers import reading_of
from cami_units.commands.plenary import plenary
from cami_units.commands.round_files import write_proposal
from cami_units.commands.shown_round import published
from cami_units.layers import _point_tables
from cami_units.layers._gis_files import datasets
from cami_units.layers._layer_rows import layer_reader
from cami_units.layers._occurrences import UNMADE_CHECKS, ranges_from_records, times, year_first
from cami_units.layers._taxa import names_of
from cami_units.layers._telemetry import animal_crossings, with_tracks
from cami_units.model import EQUAL_AREA, Note, SiteTables, notes_as_text, notes_from_text
from cami_units.plan import read_plan, read_profile
from cami_units.words.finding_sentences import because
from tests.rounds import toy_round

HEAD = 'title = "A workshop"\ndate = "2026-11-22"\n'
GBIF = [
    "gbifID",
    "datasetKey",
    "occurrenceID",
    "kingdom",
    "species",
    "infraspecificEpithet",
    "scientificName",
    "countryCode",
    "locality",
    "occurrenceStatus",
    "individualCount",
    "decimalLatitude",
    "decimalLongitude",
    "coordinateUncertaintyInMeters",
    "eventDate",
    "day",
    "month",
    "year",
    "basisOfRecord",
    "license",
    "issue",
]
SAIGA = {"species": "Saiga tatarica", "scientificName": "Saiga tatarica (Linnaeus, 1766)"}
SEEN = {"basisOfRecord": "HUMAN_OBSERVATION", "occurrenceStatus": "PRESENT"}


def gbif(path: Path, rows: list[dict]) -> Path:
    """A simple download: columns by tabs, and quotes are letters."""
    lines = ["\t".join(GBIF)]
    for number, row in enumerate(rows):
        year, month, day = ([int(part) for part in str(row["eventDate"]).split("-")] + [""] * 3)[:3]
        date = {"year": year, "month": month, "day": day}  # of the month, beside the whole date
        filled = {"gbifID": str(4_000_000 + number), **SAIGA, **SEEN, **date, **row}
        lines.append("\t".join(str(filled.get(name, "")) for name in GBIF))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def at(lat: float, lon: float, day: str = "2019-05-01", **more: object) -> dict:
    return {"decimalLatitude": lat, "decimalLongitude": lon, "eventDate": day, **more}


@lru_cache(maxsize=1)
def known() -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """The bundled countries, and the species."""
    return cu.read_countries(), cu.read_species()


def read(layer: str, *paths: Path, text: str = "", folder: Path | None = None):
    """A layer as a plan with this text reads it."""
    plan_file = (folder or paths[0].parent) / "plan.toml"
    plan_file.write_text(HEAD + text, encoding="utf-8")
    countries, species = known()
    reading = reading_of(read_plan(plan_file))
    return layer_reader(layer, reading, countries, names_of(species))(list(paths))


def steps(layer_read) -> dict[str, int]:
    """How many each step left out, by the first words of its reason."""
    return {
        one.what.split(" records " if " records " in one.what else " positions ")[1].split(":")[
            0
        ]: int(one.what.split()[0].replace(",", ""))
        for one in layer_read.problems
        if one.level == "counted"
    }


# -- records --------------------------------------------------------------------------------------


def test_records_of_gbif_are_cleaned_step_by_step(tmp_path):
    """Of 16 records three are good: two days at one place, and one beside it."""
    middle = known()[0].set_index("iso2").geometry["UZ"].centroid
    lon, lat = gpd.GeoSeries([middle], crs=EQUAL_AREA).to_crs(4326).get_coordinates().iloc[0]
    path = gbif(
        tmp_path / "0012345-26.csv",
        [
            at(44.5, 57.1),
            at(44.5, 57.1),  # the same again
            at(44.5, 57.1, "2020-05-01"),
            at(44.6, 57.2, locality='horn 12" long'),  # a lone quote swallows no row
            at(0, 0),
            at(45.5, 45.5),
            at("", ""),
            at(95, 57),
            at(44.7, 57, coordinateUncertaintyInMeters=20_000),
            at(44.7, 57, coordinateUncertaintyInMeters=301),
            at(44.7, 57, basisOfRecord="FOSSIL_SPECIMEN"),
            at(44.7, 57, occurrenceStatus="ABSENT"),
            at(44.7, 57, issue="GEODETIC_DATUM_ASSUMED_WGS84;COUNTRY_COORDINATE_MISMATCH"),
            at(round(lat, 4), round(lon, 4)),
            at(44.7, 57, "2027-01-01"),
            at(44.7, 57, species="Vulpes corsac", scientificName="Vulpes corsac"),
        ],
    )
    found = read("occurrences", path)
    assert steps(found) == {
        "have no coordinates": 1,
        "have coordinates that do not exist": 1,
        "lie at 0° or have one number twice, where nobody saw them": 2,
        "have a place that GBIF doubts": 1,
        "lie in the middle of a state, where one puts them who knows no more": 1,
        "are less certain than 12.5 km": 1,
        "have an uncertainty that programs make up (301, 999, 3036 or 9999 m)": 1,
        "say that nobody was there": 1,
        "are fossils or animals in captivity": 1,
        "is of no taxon of the species table": 1,
        "are dated after the plan (2026-11-22)": 1,
        "repeat species, place and day of another": 1,
    }
    assert found.table[["day", "age_years"]].values.tolist() == [
        ["2019-05-01", 7],
        ["2019-05-01", 7],
        ["2020-05-01", 6],
    ]
    assert [source["restricted"] for source in found.sources] == [True]
    words = (Path(__file__).parents[1] / "docs" / "data.md").read_text(encoding="utf-8")
    assert [name for name in UNMADE_CHECKS if name not in " ".join(words.split())] == []


META = """<?xml version="1.0" encoding="UTF-8"?>
<archive xmlns="http://rs.tdwg.org/dwc/text/" metadata="metadata.xml">
  <core encoding="utf-8" fieldsTerminatedBy="\\t" linesTerminatedBy="\\n" fieldsEnclosedBy=""
        ignoreHeaderLines="1" rowType="http://rs.tdwg.org/dwc/terms/Occurrence">
    <files><location>occurrence.txt</location></files>
    <id index="0"/>
    <field index="1" term="http://rs.tdwg.org/dwc/terms/decimalLatitude"/>
    <field index="2" term="http://rs.tdwg.org/dwc/terms/decimalLongitude"/>
    <field index="4" term="http://rs.tdwg.org/dwc/terms/eventDate"/>
    <field index="5" term="http://rs.gbif.org/terms/1.0/species"/>
    <field term="http://rs.tdwg.org/dwc/terms/basisOfRecord" default="HumanObservation"/>
  </core>
  <extension encoding="utf-8" fieldsTerminatedBy="\\t" fieldsEnclosedBy="" ignoreHeaderLines="1"
        rowType="http://rs.gbif.org/terms/1.0/Multimedia">
    <files><location>multimedia.txt</location></files><coreid index="0"/>
  </extension>
</archive>"""


def archive(path: Path, meta: str = META) -> Path:
    rows = [
        "id\tlat\tlon\tother\tday\tspecies",
        '1\t44.5\t57.1\tsaid "yes\t2019-05-01\tSaiga tatarica',
    ]
    rows.append("2\t44.6\t57.2\t\t2019-05-01/2019-05-14\tSaiga tatarica")
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("meta.xml", meta)
        packed.writestr("occurrence.txt", "\n".join(rows) + "\n")
        packed.writestr("multimedia.txt", "coreid\tidentifier\n1\thttp://example.org/a.jpg\n" * 200)
    return path


def test_a_darwin_core_archive_is_read_as_its_meta_xml_says(tmp_path):
    """Column 3 is no term, the basis of record is said once for all, and the largest file is media."""
    found = read("occurrences", archive(tmp_path / "dwca.zip"))
    assert found.table["day"].tolist() == ["2019-05-01", "2019-05-01"]
    assert not found.is_refused
    fossils = META.replace("HumanObservation", "FossilSpecimen")
    assert read("occurrences", archive(tmp_path / "old.zip", fossils)).table is None
    taxa = META.replace("terms/Occurrence", "terms/Taxon")
    [problem] = read("occurrences", archive(tmp_path / "names.zip", taxa)).problems[:1]
    assert "archive of Taxon, and holds no occurrences" in problem.what
    evil = META.replace("<archive", '<!DOCTYPE a [<!ENTITY b "c">]>\n<archive')
    assert "entities" in read("occurrences", archive(tmp_path / "evil.zip", evil)).problems[0].what


@pytest.mark.parametrize("has_term", [True, False])
def test_records_of_an_archive_of_events_lie_where_and_when_their_event_does(tmp_path, has_term):
    """A stop of a transect: its own place, the day of the transect; a record with a place of its own has it."""
    terms = "http://rs.tdwg.org/dwc/terms/"

    def table(tag: str, kind: str, file: str, id_tag: str, *names: str) -> str:
        fields = [(at, name) for at, name in enumerate(names) if name]
        inner = "".join(f'<field index="{at}" term="{terms}{name}"/>' for at, name in fields)
        return (
            f'<{tag} rowType="{terms}{kind}" fieldsTerminatedBy="\\t" fieldsEnclosedBy="" '
            f'ignoreHeaderLines="1"><files><location>{file}</location></files>'
            f'<{id_tag} index="0"/>{inner}</{tag}>'
        )

    first = "eventID" if has_term else ""
    place = ("decimalLatitude", "decimalLongitude")
    meta = "<archive>" + table(
        "core", "Event", "event.txt", "id", first, "parentEventID", "eventDate", *place
    )
    meta += table(
        "extension",
        "Occurrence",
        "occurrence.txt",
        "coreid",
        first,
        "occurrenceID",
        "scientificName",
        *place,
    )
    events = ["id\tparent\tday\tlat\tlon", "T\t\t2019-05-01\t\t", "T:1\tT\t\t44.5\t57.1"]
    events += ["T:2\tT\t2019-05-02\t44.6\t57.2"]
    records = [
        "id\trecord\tname\tlat\tlon",
        "T:1\ta\tSaiga tatarica\t\t",
        "T:2\tb\tSaiga tatarica\t\t",
    ]
    records += ["T:2\tc\tSaiga tatarica\t44.7\t57.3", "none\td\tSaiga tatarica\t\t"]
    path = tmp_path / "events.zip"
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("meta.xml", f"{meta}</archive>")
        packed.writestr("event.txt", "\n".join(events) + "\n")
        packed.writestr("occurrence.txt", "\n".join(records) + "\n")
    found = read("occurrences", path)
    table_read = found.table.to_crs(4326).set_axis(list("abc"), axis=0)
    assert table_read["day"].to_dict() == {"a": "2019-05-01", "b": "2019-05-02", "c": "2019-05-02"}
    assert table_read.loc["a"].geometry.distance(shapely.Point(57.1, 44.5)) < 1e-6
    assert table_read.loc["c"].geometry.distance(shapely.Point(57.3, 44.7)) < 1e-6
    assert steps(found) == {"have no coordinates": 1}


def test_an_archive_that_unpacks_to_far_more_than_it_says_is_refused_unread(tmp_path, monkeypatch):
    monkeypatch.setattr(_point_tables, "_LARGE", 100_000)
    path = archive(tmp_path / "dwca.zip")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("meta.xml", META)
        packed.writestr("occurrence.txt", "x\n" * 500_000)
    [problem] = read("occurrences", path).problems
    assert "as a zip bomb does" in problem.what


def test_a_line_without_end_is_no_table(tmp_path, monkeypatch):
    monkeypatch.setattr(_point_tables, "_LONGEST_LINE", 1_000)
    for text in ("species,lon,lat\n" + "x" * 2_000, "x" * 2_000):
        path = tmp_path / "long.csv"
        path.write_text(text)
        [problem] = read("occurrences", path).problems
        assert "no table (field larger than field limit (1000))" in problem.what


def test_rows_that_lack_cells_are_rows(tmp_path):
    path = tmp_path / "short.csv"
    path.write_text(
        "species,lon,lat,note\nSaiga tatarica,60,47\n\nSaiga tatarica\nSaiga tatarica,61,47,a,b\n"
    )
    found = read("occurrences", path)
    assert found.table["record_id"].tolist() == ["short.csv 1", "short.csv 3"]
    assert steps(found) == {"have no coordinates": 1}


@pytest.mark.parametrize(
    "content",
    [
        "lon;lat;species;date\n57,1;44,5;Saiga tatarica;01.05.2019\n",  # Excel in Almaty
        'WKT,Species,Observed on\n"POINT (57.1 44.5)",Saiga tatarica,2019-05-01\n',  # QGIS
        "x\ty\tsciname\tyear\n57.1\t44.5\tSaiga tatarica\t2019\n",
        "x,y,species,year,month,day\n57.1,44.5,Saiga tatarica,2019,5,1\n",
    ],
)
def test_tables_of_people_are_records_too(tmp_path, content):
    path = tmp_path / "seen.csv"
    path.write_text(content, encoding="utf-8")
    table = read("occurrences", path).table
    assert table["sci_name"].tolist() == ["Saiga tatarica"]
    assert table["age_years"].tolist() == [7]
    assert table["day"].tolist() == ["2019" if "year\n57" in content else "2019-05-01"]
    point = table.geometry.to_crs(4326).iloc[0]
    assert (point.x, point.y) == pytest.approx((57.1, 44.5))


def test_what_a_table_does_not_say_is_said_in_the_plan_as_advised(tmp_path):
    """The file names neither its coordinates nor its species as anybody does: advice, pasted, works."""
    path = tmp_path / "seen.csv"
    path.write_text("long_dd;lat_dd;when\n57.1;44.5;2019-05-01\n", encoding="utf-8")
    found = read("occurrences", path)
    cure = (
        found.problems[0]
        .cure.split(":", 1)[1]
        .replace('"lon"', '"long_dd"')
        .replace('"lat"', '"lat_dd"')
    )
    text = cure[cure.index("[") :]
    again = read("occurrences", path, text=text)
    assert '[species]\n"*.csv" = "file name"' in again.problems[0].cure
    text += '\n[species]\n"*.csv" = "Saiga tatarica"\n'
    assert read("occurrences", path, text=text).table["sci_name"].tolist() == ["Saiga tatarica"]


def test_a_record_of_the_whole_species_is_none_of_a_taxon_below_it(tmp_path):
    leopards = {"species": "Panthera pardus", "scientificName": "Panthera pardus (Linnaeus, 1758)"}
    path = gbif(
        tmp_path / "g.csv", [at(37.5, 57, **leopards), at(44.5, 57.1), at(31, 76, **leopards)]
    )
    found = read("occurrences", path)
    assert found.table["sci_name"].tolist() == ["Saiga tatarica"]
    [problem] = [one for one in found.problems if "whole species" in one.what]
    rule = problem.cure.split("\n", 1)[1]
    ruled = read("occurrences", path, text=rule)  # the record of India is not in the rule's states
    assert ruled.table["sci_name"].tolist() == ["Panthera pardus tulliana", "Saiga tatarica"]


def test_records_are_counted_by_site_side_and_age(tmp_path, toy_countries, toy_features):
    """Two of the fox in AA (7 and 30 years old), one in BB, one beyond the site; hand-counted."""
    points = gpd.GeoDataFrame(
        {
            "record_id": list("abcd"),
            "sci_name": "fox",
            "day": ["2019", "1996", "", "2019"],
            "age_years": [7.0, 30.0, np.nan, 7.0],
            "source": "f.csv",
        },
        geometry=[shapely.Point(x * 1000, 200_000) for x in (150, 160, 250, 390)],
        crs=EQUAL_AREA,
    )
    sites = gpd.GeoDataFrame(
        {"site": ["s"]}, geometry=[shapely.box(1e5, 1e5, 3e5, 3e5)], crs=EQUAL_AREA
    )
    sided = overlap.split(
        points.assign(age_years=points["age_years"].fillna(-1).astype(int)),
        toy_countries,
        keep=("sci_name", "age_years", "iso2"),
    )
    counted = overlap.overlaps(
        sites, sided, site="site", by=("sci_name", "iso2", "age_years"), kind="point"
    )
    assert counted.to_numpy().tolist() == [
        ["s", "fox", "AA", 7, 1],
        ["s", "fox", "AA", 30, 1],
        ["s", "fox", "BB", -1, 1],
    ]


@pytest.mark.parametrize(
    ("ages", "worth"),
    [([], 0.33), ([1, 2], 0.33), ([1, 2, 10], 1.0), ([1, 2, 11], 0.67), ([-1, -1, -1], 0.33)],
)
def test_recent_records_raise_the_confidence_in_a_range_and_never_lower_it(ages, worth):
    """Three records are needed: within 10 years they are worth "high", within 25 "medium"."""
    profile = read_profile()
    rows = {"site": ["s"], "sci_name": ["Saiga tatarica"]}
    states = pd.DataFrame({"site": "s", "iso2": ["KZ", "UZ"], "km2": 5000.0})
    records = pd.DataFrame({"age_years": sorted(set(ages)) or [0]}).assign(
        site="s", sci_name="Saiga tatarica", iso2="KZ"
    )
    records["n"] = [ages.count(age) for age in records["age_years"]]
    tables = SiteTables(
        sites=pd.DataFrame({"site": ["s"], "area_km2": [10_000.0]}),
        states=states,
        species=states.assign(sci_name="Saiga tatarica"),
        confidence=pd.DataFrame({**rows, "confidence": ["low"], "km2": [10_000.0]}),
        borders=pd.DataFrame({"site": ["s"], "pair": ["KZ;UZ"], "km": [100.0]}),
        shared_borders=pd.DataFrame({**rows, "pair": ["KZ;UZ"], "km": [100.0]}),
        supporting=pd.DataFrame({"site": [], "sci_name": [], "km2": []}),
        records=records[["site", "sci_name", "iso2", "age_years", "n"]],
    )
    species = known()[1].assign(range_km2=1e6)
    found = criteria.measures(tables, species, profile)
    assert found["range_confidence"].tolist() == pytest.approx([worth])
    good = replace(tables, confidence=tables.confidence.assign(confidence="high"))
    assert criteria.measures(good, species, profile)["range_confidence"].tolist() == [1.0]


def test_records_are_range_only_where_the_plan_says_so(tmp_path):
    """Two discs of 10 km that do not touch: 2·π·10², as 64-gons a thousandth less."""
    path = gbif(tmp_path / "g.csv", [at(44.5, 57.1), at(44.5, 58.1)])
    records = read("occurrences", path).table
    parts, problems = ranges_from_records(records, {"Saiga tatarica": 10.0})
    assert parts.area.sum() / 1e6 == pytest.approx(2 * np.pi * 100, rel=2e-3)
    assert "within 10 km of 2 records" in problems[0].what
    assert ranges_from_records(records, {})[0] is None
    assert "no record is left" in ranges_from_records(records, {"Bos mutus": 1.0})[1][0].what
    (tmp_path / "plan.toml").write_text(HEAD + '[occurrences]\nrange_km = { "Bos mutus" = 25 }\n')
    assert read_plan(tmp_path / "plan.toml").occurrences.range_km == {"Bos mutus": 25}


# -- tracks ---------------------------------------------------------------------------------------

MOVEBANK = (
    "event-id,visible,timestamp,location-long,location-lat,algorithm-marked-outlier,argos:lc,"
    "manually-marked-outlier,import-marked-outlier,sensor-type,individual-taxon-canonical-name,tag-local-identifier,"
    "individual-local-identifier,study-name"
)


def movebank(path: Path, fixes: list[tuple], taxon: str = "Saiga tatarica") -> Path:
    """A study as it is exported: (animal, time, longitude, latitude), and marks by name."""
    lines = [MOVEBANK]
    for number, (animal, time, x, y, *marks) in enumerate(fixes):
        mark = marks[0] if marks else {}
        lines.append(
            f"{number},{mark.get('visible', 'true')},{time:%Y-%m-%d %H:%M:%S}.000,{x},{y},,"
            f"{mark.get('lc', '')},{mark.get('outlier', '')},{mark.get('imported', '')},"
            f'gps,"{taxon}",17{animal},"{animal}","Study"'
        )
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def walk(
    animal: str, start: dt.datetime, *places: tuple[float, float], hours: float = 6
) -> list[tuple]:
    return [
        (animal, start + dt.timedelta(hours=hours * step), x, y)
        for step, (x, y) in enumerate(places)
    ]


SPRING = dt.datetime(2020, 4, 1)
# the border of Kazakhstan and Uzbekistan on the Ustyurt runs along 56° E, south from 45° N
WEST, EAST = (55.0, 44.5), (57.0, 44.5)


def test_positions_become_tracks_and_gaps_cut_them(tmp_path):
    """Nine good positions, one gap of three days: two lines of one animal; each mistake is counted."""
    good = walk("S1", SPRING, *[(56.5 + 0.02 * step, 44.5) for step in range(5)])
    later = walk(
        "S1", SPRING + dt.timedelta(days=4), *[(57 + 0.02 * step, 44.5) for step in range(4)]
    )
    bad = [
        ("S1", SPRING + dt.timedelta(hours=1), 56.5, 44.5, {"visible": "false"}),
        ("S1", SPRING + dt.timedelta(hours=2), 56.5, 44.5, {"outlier": "true"}),
        ("S1", SPRING + dt.timedelta(hours=3), 56.5, 44.5, {"lc": "B"}),
        ("S1", SPRING + dt.timedelta(hours=13), 70.5, 44.5),  # and back: 1100 km in an hour
        ("S1", SPRING, 56.9, 44.5),  # at a time of which there is one already
        ("S1", SPRING + dt.timedelta(hours=4), "", ""),
        ("", SPRING + dt.timedelta(hours=5), 57.5, 44.5),  # the collar in its box
        ("S1", SPRING + dt.timedelta(hours=7), 56.5, 44.5, {"imported": "true"}),
    ]
    found = read("telemetry", movebank(tmp_path / "m.csv", [*good, *later, *bad]))
    assert steps(found) == {
        "have no coordinates": 1,
        "are of no animal (a collar before or after it was worn)": 1,
        "are marked as outliers": 3,
        "are of the Argos classes 0, A, B or Z, off by tens of km": 1,
        "are of the same animal at the same time as another": 1,
        "are reached and left faster than 80 km/h": 1,
    }
    [row] = found.table.to_dict("records")
    assert (row["track_id"], row["fixes"], row["evidence_grade"]) == ("T-S1", 9, "A")
    assert [len(part) for part in row["seen"]] == [5, 4]
    assert shapely.get_num_geometries(row["geometry"]) == 2
    whole = read("telemetry", tmp_path / "m.csv", text="[telemetry]\ngap_hours = 100\n").table
    assert shapely.get_num_geometries(whole.geometry.iloc[0]) == 1
    assert found.sources[0] | {"rows": 17, "kept": 9, "dropped": 8} == found.sources[0]


def test_records_under_a_name_of_other_animals_too_are_left_out_with_the_lines_that_say_whose(
    tmp_path,
):
    """A bear of the Tian Shan as GBIF writes it, species and epithet: no Gobi bear by itself."""
    bear = {"species": "Ursus arctos", "infraspecificEpithet": "isabellinus"}
    found = read("occurrences", gbif(tmp_path / "g.csv", [at(43.1, 97.2, **bear), at(47, 66)]))
    assert found.table["sci_name"].tolist() == ["Saiga tatarica"]
    [problem] = [one for one in found.problems if "isabellinus" in one.what]
    assert problem.what.startswith(
        "1 record named Ursus arctos isabellinus, as other animals than "
    )
    assert 'from = "Ursus arctos isabellinus"' in problem.cure
    settled = read(
        "occurrences",
        tmp_path / "g.csv",
        text='[taxa."Ursus arctos gobiensis"]\nfrom = "Ursus arctos isabellinus"\nwithin = ["MN"]\n',
    )
    assert sorted(settled.table["sci_name"]) == ["Saiga tatarica", "Ursus arctos gobiensis"]


def rewritten(path: Path, form: str, target: Path) -> Path:
    """The same positions, their times written in another way."""

    def again(match: re.Match[str]) -> str:
        return dt.datetime.fromisoformat(match.group()).strftime(form)

    text = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", again, path.read_text(encoding="utf-8"))
    target.write_text(text.replace(".000,", ","), encoding="utf-8")
    return target


@pytest.mark.parametrize(
    ("form", "word"),
    [
        ("%d.%m.%Y %H:%M", ""),  # as a Russian Excel saves it
        ("%d.%m.%y %H:%M", ""),
        ("%H:%M:%S %d.%m.%Y", ""),
        ("%d/%m/%Y %H:%M", "may be read day first or month first"),
        ("%d-%m-%Y %H:%M", "may be read day first or month first"),
        ("%Y/%m/%d %H:%M", ""),
        ("%Y%m%dT%H%M%S", ""),
    ],
)
def test_times_are_read_day_first_however_they_are_written(tmp_path, form, word):
    """Ten days of April, a position each six hours: none is later than the 12th, and all of them are
    of one way. Read month first they were of ten months, and nine gaps."""
    places = [(56.5 + 0.02 * step, 44.5) for step in range(37)]
    whole = movebank(tmp_path / "m.csv", walk("S1", SPRING, *places))
    expected = read("telemetry", whole).table
    found = read("telemetry", rewritten(whole, form, tmp_path / "again.csv"))
    columns = ["begins", "ends", "fixes", "geometry"]
    assert found.table[columns].to_dict("records") == expected[columns].to_dict("records")
    assert found.table["begins"].tolist() == ["2020-04-01"]
    said = [one.what for one in found.problems if "day first" in one.what]
    assert [word in one for one in said] == ([True] if word else [])


def test_one_day_beyond_the_twelfth_decides_for_the_whole_column(tmp_path):
    """Seventeen days of April: 04/13/2020 is no day of a 13th month, so all are read month first."""
    places = [(56.5 + 0.01 * step, 44.5) for step in range(65)]
    whole = movebank(tmp_path / "m.csv", walk("S1", SPRING, *places))
    found = read("telemetry", rewritten(whole, "%m/%d/%Y %H:%M", tmp_path / "us.csv"))
    [row] = found.table.to_dict("records")
    assert (row["begins"], row["ends"], len(row["seen"])) == ("2020-04-01", "2020-04-17", 1)
    [told] = [one.what for one in found.problems if "month first" in one.what]
    assert told.startswith("65 dates are read month first, as 04/13/2020 00:00 ")


def test_drawn_tracks_that_end_after_the_plan_are_left_out_as_positions_are(tmp_path):
    """A slip of a year, 2062 for 2026, was new evidence of grade A."""
    columns = {"species": ["Saiga tatarica"] * 2, "animal": ["S1", "S2"]}
    days = {"begin": ["2062-05-01", "2024-05-01"], "end": ["2062-05-02", "2024-05-02"]}
    line = shapely.LineString([WEST, EAST])
    table = gpd.GeoDataFrame({**columns, **days}, geometry=[line, line], crs="EPSG:4326")
    table.to_file(tmp_path / "lines.gpkg")
    found = read("telemetry", tmp_path / "lines.gpkg")
    assert found.table["animal"].tolist() == ["S2"]
    [told] = [one.what for one in found.problems if "after the plan" in one.what]
    assert told.startswith("1 of 2 tracks are dated after the plan (")


def test_a_drawn_track_that_began_before_the_plan_stays_whatever_its_end(tmp_path):
    """One from 2015 whose end was typed as 2062 is old evidence, and is no reason to forget it."""
    columns = {"species": ["Saiga tatarica"], "animal": ["S1"]}
    days = {"begin": ["2015-05-01"], "end": ["2062-05-02"]}
    table = gpd.GeoDataFrame(
        {**columns, **days}, geometry=[shapely.LineString([WEST, EAST])], crs="EPSG:4326"
    )
    table.to_file(tmp_path / "lines.gpkg")
    found = read("telemetry", tmp_path / "lines.gpkg")
    [row] = found.table.to_dict("records")
    assert (row["begins"], row["ends"]) == ("2015-05-01", "2015-05-01")
    assert row["evidence_grade"] != "A"
    [told] = [one.what for one in found.problems if "after the plan" in one.what]
    assert told.startswith("1 track ends after the plan (")


def test_drawn_tracks_and_records_read_days_alike(tmp_path):
    """A line from 1 to 2 May with dots was from January; a record of 05/06 beside one of 05/24 of June."""
    line = shapely.LineString([WEST, EAST])
    drawn = {"species": ["Saiga tatarica"], "animal": ["S1"], "begin": ["01.05.2024"]}
    gpd.GeoDataFrame({**drawn, "end": ["02.05.2024"]}, geometry=[line], crs="EPSG:4326").to_file(
        tmp_path / "lines.gpkg"
    )
    [row] = read("telemetry", tmp_path / "lines.gpkg").table.to_dict("records")
    assert (row["begins"], row["ends"]) == ("2024-05-01", "2024-05-02")
    days = ["05/24/2015", "05/06/2015", "2015/05/07", "45413"]
    rows = "".join(f"Saiga tatarica,{day},6{n},49\n" for n, day in enumerate(days))
    (tmp_path / "r.csv").write_text(f"species,date,lon,lat\n{rows}", encoding="utf-8")
    found = read("occurrences", tmp_path / "r.csv")
    # 45413 is 1 May 2024 in Excel; it was read as the year 4541, after the plan
    assert sorted(found.table["day"]) == ["", "2015-05-06", "2015-05-07", "2015-05-24"]
    [problem] = [one for one in found.problems if "spreadsheet" in one.what]
    assert problem.what.startswith("1 date is a number of a spreadsheet (45413 is 2024-05-01 ")
    assert "year first" in problem.cure


def test_dates_of_a_column_that_go_both_ways_are_told():
    """24/05 and 05/24 in one column: what neither decides, 05/06, is read day first and counted."""
    texts = pd.Series(["24/05/2015", "05/24/2015", "05/06/2015", "07/07/2015", "13.13.2015"])
    iso, [note] = year_first(texts)
    assert iso.tolist() == ["2015-05-24", "2015-05-24", "2015-06-05", "2015-07-07", ""]
    assert (note.key, note.facts["count"], note.facts["day"]) == (
        "dates either way",
        1,
        "2015-06-05",
    )


@pytest.mark.parametrize(
    ("typed", "read_as"),
    [
        ("2024/12", "2024/12"),  # a month, as 2024-12 is
        ("2024.11", "2024.11"),
        ("2004/2006", "2004/2006"),  # an interval of years
        ("2024/13/40", ""),
        ("20240501", "2024-05-01"),
        ("20241345", ""),
        ("2024/5/1 6:00", "2024-05-01 6:00"),
        ("01.05.2024-14.05.2024", "2024-05-01-14.05.2024"),
        ("01.05.2024/14.05.2024", "2024-05-01/14.05.2024"),
        ("10.30.00 24.05.2024", "2024-05-24 10:30:00"),
    ],
)
def test_years_months_and_intervals_become_no_invented_days(typed, read_as):
    assert year_first(pd.Series([typed]))[0].tolist() == [read_as]


def test_one_american_date_turns_no_dates_with_dots_over():
    iso, [note] = year_first(pd.Series(["01.05.2024", "02.06.2024", "05/24/2024", "05/06/2024"]))
    assert iso.tolist() == ["2024-05-01", "2024-06-02", "2024-05-24", "2024-05-06"]
    assert (note.key, note.facts["count"]) == ("dates month first", 2)


def test_fractions_of_seconds_are_read_in_any_writing():
    for typed in ("01.05.2024 00:00:07.125", "2024-05-01 00:00:07.125", "05/24/2024 00:00:07.125"):
        moments, _ = times(pd.Series([typed]))
        assert moments.dt.microsecond.tolist() == [125_000]


def test_the_table_of_animals_that_comes_beside_positions_is_passed_over(tmp_path):
    """Movebank's repository packs both; a folder is named, and holds what it holds."""
    movebank(tmp_path / "m.csv", walk("S1", SPRING, (56.5, 44.5), (56.6, 44.5)))
    (tmp_path / "m-reference-data.csv").write_text(
        "tag-id,animal-id,animal-taxon,deploy-on-date,deploy-off-date,animal-life-stage\n"
        "17,S1,Saiga tatarica,2020-03-01 00:00:00.000,,adult\n",
        encoding="utf-8",
    )
    found = read("telemetry", *sorted(tmp_path.glob("*.csv")))
    assert not found.is_refused
    assert found.table["animal"].tolist() == ["S1"]
    assert [one.file for one in found.problems if "passed over" in one.what] == [
        "m-reference-data.csv"
    ]


def borders_of(
    names: tuple[str, ...] = ("KZ", "UZ", "TM"),
) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    countries = known()[0]
    return cu.shared_borders(countries), countries[countries["range_state"]]


@pytest.mark.slow
def test_a_crossing_is_told_by_animal_and_date_and_counts_as_one_drawn_by_hand(tmp_path):
    """36 animals wander about the border. Independent count: sides of the positions one after another,
    where both are more than 1 km off it, by polygons of the states and nothing of ours."""
    rng = np.random.default_rng(7)
    fixes = []
    for number in range(36):
        x = 56 + np.cumsum(rng.normal(0, 0.12, 80))
        y = 44.3 + 0.1 * np.sin(np.arange(80) / 9)
        start = dt.datetime(2017 + number % 9, 4, 1)
        fixes += walk(f"S{number:02d}", start, *zip(x.round(5), y.round(5), strict=True))
    tracks = read("telemetry", movebank(tmp_path / "m.csv", fixes)).table
    borders, states = borders_of()
    found = animal_crossings(tracks, borders, states)

    # drawn by hand in a GIS: the same lines as a layer of corridors
    table = pd.DataFrame([fix[:4] for fix in fixes], columns=["animal", "time", "x", "y"])
    drawn = gpd.GeoDataFrame(
        {
            "id": [f"D{name}" for name in table["animal"].unique()],
            "sci_name": "Saiga tatarica",
            "grade": "A",
        },
        geometry=[
            shapely.linestrings(rows[["x", "y"]].to_numpy()) for _, rows in table.groupby("animal")
        ],
        crs=4326,
    )
    drawn.to_file(tmp_path / "drawn.geojson")
    corridors = layers.read_corridors(tmp_path / "drawn.geojson")
    by_hand = overlap.border_crossings(corridors, borders, states)
    counts = by_hand["corridor_id"].str[1:].value_counts().to_dict()
    assert found["animal"].value_counts().to_dict() == counts
    assert sum(counts.values()) > 30

    # and the sides of positions, one after another
    points = gpd.GeoSeries(gpd.points_from_xy(table["x"], table["y"]), crs=4326).to_crs(EQUAL_AREA)
    ground = states.set_index("iso2").geometry
    side = np.where(points.within(ground["KZ"]), "KZ", "UZ")
    for row in found.to_dict("records"):
        mine = table["animal"] == row["animal"]
        place = {
            str(time): name for time, name in zip(table["time"][mine], side[mine], strict=True)
        }
        assert {place[row["last_seen"]], place[row["first_seen"]]} == {"KZ", "UZ"}
        hours = (pd.Timestamp(row["first_seen"]) - pd.Timestamp(row["last_seen"])) / pd.Timedelta(
            hours=1
        )
        assert row["hours"] == hours
    for animal, some in table.assign(side=side).groupby("animal"):
        changes = int((some["side"] != some["side"].shift()).sum()) - 1
        assert (
            counts.get(animal, 0) <= changes
        )  # those within 5 km of way, or 1 km of the border, are none
        if some["side"].iloc[0] != some["side"].iloc[-1]:
            assert counts.get(animal, 0) % 2 == 1 or counts.get(animal, 0) < changes
    sites = gpd.GeoDataFrame({"site": ["u"]}, geometry=[shapely.box(54.5, 43.5, 58, 45)], crs=4326)
    sites = cu.to_equal_area(sites)
    merged = with_tracks({"corridors": None, "telemetry": tracks}, found)["corridors"]
    km = {
        name: overlap.overlaps(sites, lines, site="site", by=("sci_name",), kind="line")["km"].sum()
        for name, lines in {"tracked": merged, "drawn": corridors}.items()
    }
    assert km["tracked"] == pytest.approx(km["drawn"], rel=1e-9)


def test_a_crossing_within_ten_years_is_of_grade_a_and_an_older_one_is_not(tmp_path):
    """One animal crosses in 2015 and in 2020; the plan is of November 2026: one A, one C."""
    fixes = walk("S1", dt.datetime(2015, 4, 1), WEST, EAST) + walk("S1", SPRING, EAST, WEST)
    tracks = read("telemetry", movebank(tmp_path / "m.csv", fixes)).table
    found = animal_crossings(tracks, *borders_of())
    assert found[
        ["corridor_id", "last_seen", "evidence_grade", "pair", "hours"]
    ].values.tolist() == [
        ["T-S1", "2015-04-01 00:00:00", "C", "KZ;UZ", 6.0],
        ["T-S1 (2)", "2020-04-01 00:00:00", "A", "KZ;UZ", 6.0],
    ]
    row = (
        with_tracks({"corridors": None, "telemetry": tracks}, found)["corridors"]
        .set_index("corridor_id")
        .loc["T-S1 (2)"]
    )
    assert row["crossing_seen_year"] == 2020
    assert row["source"] == "m.csv: animal S1, 2020-04-01 to 2020-04-01; crossed on 2020-04-01"
    evidence = notes_as_text(
        [Note("C5 evidence", {"sources": notes_from_text(row["source_facts"])})]
    )
    assert because(evidence, {}, "ru") == (
        "Источники: m.csv: животное S1, с 2020-04-01 по 2020-04-01; пересекло границу: 2020-04-01."
    )


def test_across_a_gap_nobody_knows_where_so_nothing_is_counted(tmp_path):
    fixes = walk("S1", SPRING, WEST, (55.1, 44.5)) + walk(
        "S1", SPRING + dt.timedelta(days=9), EAST, (57.1, 44.5)
    )
    tracks = read("telemetry", movebank(tmp_path / "m.csv", fixes)).table
    assert animal_crossings(tracks, *borders_of()).empty


def test_lines_are_tracks_too_with_the_columns_that_movebank_gives_them(tmp_path):
    """A shapefile of Movebank's map: names are cut to ten letters."""
    gpd.GeoDataFrame(
        {
            "ind_ident": ["S1"],
            "taxon": ["Saiga tatarica"],
            "starttime": ["2020-04-01"],
            "endtime": ["2020-05-01"],
        },
        geometry=[shapely.LineString([WEST, EAST])],
        crs=4326,
    ).to_file(tmp_path / "lines.shp")
    tracks = read("telemetry", tmp_path / "lines.shp").table
    found = animal_crossings(tracks, *borders_of())
    assert found[["animal", "evidence_grade", "last_seen"]].values.tolist() == [["S1", "A", ""]]


def test_no_position_is_in_anything_that_is_shown_or_handed_out(tmp_path):
    """Not of a species that is sensitive, and not of one that is not."""
    fixes = walk("K1", SPRING, *[(60.123 + 0.31 * step, 45.678) for step in range(4)])
    tracks = read("telemetry", movebank(tmp_path / "m.csv", fixes)).table
    crossings = animal_crossings(tracks, *borders_of())
    corridors = cu.to_lonlat(
        with_tracks({"corridors": None, "telemetry": tracks}, crossings)["corridors"], decimals=6
    )
    records = read("occurrences", gbif(tmp_path / "g.csv", [at(45.678, 60.123)])).table
    full = toy_round(corridors=corridors, occurrences=cu.to_lonlat(records, decimals=6))
    handed_out = published(full)
    assert "occurrences" not in handed_out.tables
    seen = {(round(x, 3), round(y, 3)) for _, _, x, y in fixes}
    for table in (
        handed_out.tables["corridors"],
        scene.coarse_layers({"corridors": corridors}, known()[1])["corridors"],
    ):
        places = {(round(x, 3), round(y, 3)) for x, y in table.get_coordinates().to_numpy()}
        assert places
        assert not places & seen
        flat = table.to_crs(EQUAL_AREA).get_coordinates().to_numpy() / 1000
        assert np.abs(flat - flat.round()).max() < 0.01  # corners of a lattice of whole kilometres


def texts_of(path: Path) -> list[bytes]:
    """What a file says: itself, and every member of it where it is an archive (KMZ, XLSX, DOCX, PPTX)."""
    if not zipfile.is_zipfile(path):
        return [path.read_bytes()]
    with zipfile.ZipFile(path) as opened:
        return [opened.read(name) for name in opened.namelist()]


def places_in(path: Path) -> np.ndarray:
    """Every pair of numbers in a file that can be a place in degrees, however they are parted."""
    if path.suffix == ".gpkg":
        tables = [
            gpd.read_file(path, layer=name) for name, kind in pyogrio.list_layers(path) if kind
        ]
        return np.concatenate([table.get_coordinates().to_numpy() for table in tables])
    number = rb"(-?[0-9]{1,3}\.[0-9]{2,})"
    pairs = [
        pair
        for text in texts_of(path)
        for parting in (rb"\s*,\s*", rb"\s+", rb"\D{1,40}?")
        for pair in re.findall(number + parting + number, text)
    ]
    return np.array(pairs, dtype=float).reshape(-1, 2)


@pytest.mark.slow
def test_no_fix_and_no_record_is_in_any_file_that_is_handed_out(tmp_path, monkeypatch):
    """Packs, board, annex, figures for a browser and the maps of the round itself, file by file."""
    fixes = walk(
        "K1", SPRING, *[(72.1237 + 0.31 * step, 41.5673 + 0.07 * step) for step in range(8)]
    )
    tracks = read("telemetry", movebank(tmp_path / "m.csv", fixes)).table
    crossings = animal_crossings(tracks, *borders_of())
    corridors = cu.to_lonlat(
        with_tracks({"corridors": None, "telemetry": tracks}, crossings)["corridors"], decimals=6
    )
    seen = np.array([(x, y) for _, _, x, y in fixes])
    rows = [at(round(y + 0.0213, 4), round(x + 0.0117, 4)) for x, y in seen]
    records = cu.to_lonlat(read("occurrences", gbif(tmp_path / "g.csv", rows)).table, decimals=6)
    assert len(records) == 8
    seen = np.concatenate([seen, records.get_coordinates().to_numpy()])
    own = toy_round(corridors=corridors, occurrences=records)
    measured: list[np.ndarray] = []
    plain = webmap.add_points

    def watched(block, table, table_rows, xy, *rest):
        if table in ("corridors", "crossings"):
            measured.append(np.asarray(xy))
        return plain(block, table, table_rows, xy, *rest)

    monkeypatch.setattr(webmap, "add_points", watched)
    directory = tmp_path / "00-proposal"
    write_proposal(own, directory)
    pack(directory, tmp_path / "pack")
    plenary(directory, tmp_path / "plenary")
    annex(directory, tmp_path / "annex")
    write_atlas(tmp_path / "atlas.html", published(own))
    kept = {"conservation_units.gpkg"}  # on the machine, to measure redrawn units
    files = [path for path in directory.iterdir() if path.is_file() and path.name not in kept]
    for folder in ("pack", "plenary", "annex"):
        files += [path for path in (tmp_path / folder).rglob("*") if path.is_file()]
    files.append(tmp_path / "atlas.html")
    assert len(files) > 30
    tree = shapely.STRtree(shapely.points(seen))
    looked_at = 0
    for path in files:
        places = places_in(path)
        looked_at += len(places)
        for turned in (places, places[:, ::-1]):
            near = tree.query(shapely.points(turned), predicate="dwithin", distance=0.002)[0]
            assert not len(near), (path.name, turned[near[:3]])
    assert looked_at > 10_000
    assert measured
    assert all(len(xy) == 0 for xy in measured)
    # and they are in what is kept, or nothing was tried here
    assert tree.query(
        shapely.points(places_in(directory / "conservation_units.gpkg")), "dwithin", 1e-5
    ).size


def test_check_holds_records_and_tracks_against_ranges_and_borders(tmp_path):
    gbif(
        tmp_path / "g.csv",
        [at(44.5 + step / 10, 57.1) for step in range(3)] + [at(37.5, 57, "2018")],
    )
    movebank(tmp_path / "m.csv", walk("S1", SPRING, WEST, EAST))
    text = '[layers]\noccurrences = ["g.csv"]\ntelemetry = ["m.csv"]\n'
    (tmp_path / "plan.toml").write_text(HEAD + text, encoding="utf-8")
    problems, sources = check(read_plan(tmp_path / "plan.toml"))
    said = [one.what for one in problems if one.layer in ("occurrences", "telemetry")]
    assert any(
        what.startswith("4 of 4 records since 2016 (")
        and "none on the side of" in what
        and "1 record lies outside" in what
        for what in said
    ), said
    assert "1 crossing of KZ/UZ by 1 animal, 2020-04-01 to 2020-04-01: grade A" in said
    assert {source["file"] for source in sources if source["restricted"]} == {"g.csv", "m.csv"}


def test_a_table_of_points_is_no_polygon(tmp_path):
    path = gbif(tmp_path / "g.csv", [at(44.5, 57.1)])
    [problem] = datasets("hotspots", path)[1]
    assert "occurrences or telemetry" in problem.cure
    assert set(layers.Reading(sources={"occurrences": [path]}).files_of("occurrences")) == {path}


@pytest.mark.parametrize(
    ("columns", "is_line", "layer"),
    [
        ({"species": ["Panthera uncia"], "seen": ["2024-05-01"]}, False, "context"),
        ({"ind_ident": ["M1"], "taxon": ["Panthera uncia"]}, False, "context"),
        ({"tag_local_identifier": ["77"], "name": ["Aika"]}, True, "context"),
        ({"gbifID": [4_000_000], "name": ["x"]}, False, "gazetteer"),
        (
            {"ind_ident": ["M1"], "sci_name": ["Panthera uncia"], "evidence_grade": ["A"]},
            True,
            "corridors",
        ),
    ],
)
def test_places_of_animals_in_any_layer_are_never_shown(tmp_path, columns, is_line, layer):
    """A GIS file of collars or camera traps, named as context, gazetteer or corridors."""
    shape = shapely.LineString([(75, 42), (76, 42.5)]) if is_line else shapely.Point(75, 42)
    path = tmp_path / "seen.gpkg"
    gpd.GeoDataFrame(columns, geometry=[shape], crs=4326).to_file(path)
    if layer == "context":
        around = gpd.GeoDataFrame(geometry=[shapely.box(70, 40, 80, 45)], crs=4326)
        found = layers.read_context(path, around=around)
    else:
        found = read(layer, path)
    assert [source["restricted"] for source in found.sources] == [True]
    assert any("places of single animals" in one.what for one in found.problems)


def test_points_of_other_things_are_shown(tmp_path):
    """Towns, and livestock by its word: nothing of a wild animal's place."""
    around = gpd.GeoDataFrame(geometry=[shapely.box(70, 40, 80, 45)], crs=4326)
    for columns in ({"name": ["Naryn"]}, {"species": ["sheep"], "heads": [400]}):
        path = tmp_path / "x.gpkg"
        gpd.GeoDataFrame(columns, geometry=[shapely.Point(75, 42)], crs=4326).to_file(path)
        found = layers.read_context(path, around=around)
        assert [source["restricted"] for source in found.sources] == [False]


def test_records_in_metres_and_in_minutes_are_where_those_in_degrees_are(tmp_path):
    """`[crs]` of a table was ignored in silence, and degrees with minutes were no coordinates."""
    rows = "Saiga tatarica,2020-05-01,{},{}\n"
    texts = {
        "degrees.csv": ("57.0", "42.50416667"),
        "minutes.csv": ("57°E", '42°30\'15""N'),
        # 57° E is the middle meridian of UTM 40: x 500,000, and 42.504167° N is y 4,705,756
        "utm.csv": ("500000", "4705756"),
    }
    places = {}
    for name, (x, y) in texts.items():
        line = rows.format(x, f'"{y}"')
        (tmp_path / name).write_text(f"species,date,x,y\n{line}", encoding="utf-8")
        packed = (tmp_path / name).with_suffix(".zip")
        with zipfile.ZipFile(packed, "w") as archive:
            archive.write(tmp_path / name, name)
        # said of the layer, it concerns the table in metres and not those in degrees, which is told
        for path in (packed, tmp_path / name):
            found = read("occurrences", path, text='[crs]\noccurrences = "EPSG:32640"\n')
            said = "\n".join(problem.sentence() for problem in found.problems)
            told = "coordinates look like degrees and are taken as longitude and latitude"
            assert (told in said) == (name != "utm.csv")
            assert "is for files without one" not in said
            [point] = found.table.geometry
            assert places.setdefault(name, (point.x, point.y)) == (point.x, point.y)
        plain = read("occurrences", tmp_path / name, text='[crs]\noccurrences = "EPSG:4326"\n')
        assert not any("degrees and are taken" in one.sentence() for one in plain.problems)
    assert places["minutes.csv"] == pytest.approx(places["degrees.csv"], abs=1)
    assert places["utm.csv"] == pytest.approx(places["degrees.csv"], abs=1)


TIMES = ["2023-05-13 00:00", "2023-05-13 12:00", "2023-05-14 00:00"]


@pytest.mark.parametrize(
    ("headings", "form"),
    [
        ("Date,Time,Longitude,Latitude", "%d/%m/%Y,%H:%M"),
        ("UTC_Date,UTC_Time,lon,lat", "%Y-%m-%d,%H:%M:%S"),
        ("Date,Time,lon,lat", "%d-%b-%y,%H:%M"),
        ("other,timestamp,lon,lat", "x,%d-%b-%y %H:%M"),
        ("timestamp,time,lon,lat", "%Y-%m-%dT%H:%M:%SZ,%H:%M"),
        ("Fix Date,Fix Time,lon,lat", "%m/%d/%Y 12:00:00 AM,%H:%M"),
        ("Дата,время,Долгота,Широта", "%d.%m.%Y,%H:%M"),
        ("other,Loc. date,Longitude,Latitude", "x,%Y-%m-%d %H:%M"),
    ],
)
def test_days_in_a_column_of_their_own_are_those_of_the_times(tmp_path, headings, form):
    """Times without a day were taken for times of today, whenever that was, and left out as such."""
    rows = [
        f"S1,Saiga tatarica,{pd.Timestamp(time).strftime(form)},{55 + number},43.5\n"
        for number, time in enumerate(TIMES)
    ]
    path = tmp_path / "collar.csv"
    path.write_text(f"animal,species,{headings}\n" + "".join(rows), encoding="utf-8")
    [track] = read("telemetry", path).table.itertuples()
    assert (str(track.begins)[:10], str(track.ends)[:10], track.fixes) == (
        "2023-05-13",
        "2023-05-14",
        3,
    )


@pytest.mark.parametrize("time", ["12:30", "6:30 pm", "5 May", "5 May 06:30"])
def test_a_time_without_a_day_is_none(tmp_path, time):
    path = tmp_path / "collar.csv"
    path.write_text(
        f"animal,species,time,lon,lat\nS1,Saiga tatarica,{time},55,43.5\n"
        "S1,Saiga tatarica,2023-05-13 00:00,55,43.5\nS1,Saiga tatarica,2023-05-14 00:00,56,43.5\n",
        encoding="utf-8",
    )
    found = read("telemetry", path)
    assert "1 of 3 positions have no time that can be read" in found.problems[0].sentence()
    assert found.table["fixes"].tolist() == [2]


def test_places_that_inaturalist_obscures_are_as_uncertain_as_it_says(tmp_path):
    """The observer's 10 m stand beside a place that was moved by up to 28 km; both columns are exported."""
    (tmp_path / "observations-1.csv").write_text(
        "id,observed_on,latitude,longitude,positional_accuracy,public_positional_accuracy,"
        "coordinates_obscured,captive_cultivated,scientific_name\n"
        "1,2020-05-01,42.51,57.02,10,28000,true,false,Saiga tatarica\n"
        "2,2020-05-02,42.52,57.03,,28000,true,false,Saiga tatarica\n"
        "3,2020-05-03,42.53,57.04,25,25,false,false,Saiga tatarica\n"
        "4,2020-05-04,42.54,57.05,50000,,false,false,Saiga tatarica\n",
        encoding="utf-8",
    )
    found = read("occurrences", tmp_path / "observations-1.csv")
    assert found.table["day"].astype(str).tolist() == ["2020-05-03"]
    assert "3 of 4 records are less certain than 12.5 km" in found.problems[0].sentence()


def test_degrees_of_another_datum_are_moved_as_the_plan_says(tmp_path):
    """Degrees of SK-42 lie some hundred metres from those of WGS 84: `[crs]` of a table had no effect."""
    (tmp_path / "r.csv").write_text(
        "species,date,x,y\nSaiga tatarica,2020-05-01,57.0,42.5\n", encoding="utf-8"
    )
    [ours], [theirs] = (
        read(
            "occurrences", tmp_path / "r.csv", text=f'[crs]\noccurrences = "{crs}"\n'
        ).table.geometry
        for crs in ("EPSG:4326", "EPSG:4284")
    )
    assert 20 < ours.distance(theirs) < 300
