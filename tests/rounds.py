"""A small round to hand out, decide on and present: three states, two sections, four units.

Degrees; 1° is about 111 km north-south and 85 km east-west at 40° N::

    lat
    44 +-------+-------+-------+
       |  KZ   |  KG   |  CN   |   S1: everything west of 73.5, S2: the rest
       |    [CU-001]   |       |   CU-001  lon 71–73  lat 41–42   all in S1
       |       |    [CU-002]   |   CU-002  lon 73–75  lat 42–43   a quarter in S1, the rest in S2
       |       |       |       |   CU-003  lon 75–76  lat 40–41   all in S2, two parts
    40 +-------+-------+-------+   CU-004  lon 80–81  lat 41–42   in no section; S2 is nearer
      70      72      74      78
"""

from __future__ import annotations

import geopandas as gpd
import pandas as pd
import shapely

from cami_units.model import FINDINGS, LONLAT, Imprint, Round
from cami_units.plan import read_plan

BOXES = {
    "CU-001": shapely.box(71, 41, 73, 42),
    "CU-002": shapely.box(73, 42, 75, 43),
    "CU-003": shapely.MultiPolygon([shapely.box(75, 40, 76, 41), shapely.box(76.5, 40, 77, 41)]),
    "CU-004": shapely.box(80, 41, 81, 42),
}
AREAS = {"CU-001": 18_600.0, "CU-002": 18_300.0, "CU-003": 14_200.0, "CU-004": 9_300.0}


def imprint(**changes: object) -> Imprint:
    plain: dict[str, object] = {
        "title": "A small workshop",
        "date": "2026-11-22",
        "round": "Round 00",
        "profile": "operational proxy criteria",
        "sources": ("Own layers",),
    }
    return Imprint(**{**plain, **changes})  # type: ignore[arg-type]


def toy_round(**changes: object) -> Round:
    """The round; `changes` are tables to use in place of its own."""
    plan = read_plan(None)
    tables = {
        "conservation_units": _units(),
        "not_proposed": pd.DataFrame(
            {"hotspot_id": ["H09"], "name_en": ["Elsewhere"], "reason": ["As drawn: G2 not met."]}
        ),
        "unit_criteria": _criteria(),
        "unit_species": _species_of_units(),
        "unit_countries": pd.DataFrame(
            {
                "unit_id": ["CU-001", "CU-001", "CU-002", "CU-003", "CU-004"],
                "iso2": ["KG", "KZ", "KG", "CN", "CN"],
                "area_km2": [9_300.0, 9_300.0, 18_300.0, 14_200.0, 9_300.0],
                "share": [50.0, 50.0, 100.0, 100.0, 100.0],
            }
        ),
        "species": _species(),
        **_layers(),
    }
    manifest = {
        "version": "0",
        "round": 0,
        "plan": dict(plan.as_written),
        "profile": dict(plan.profile_as_written),
        "inputs": [
            {"layer": name, "file": f"{name}.geojson", "restricted": False, "bundled": True}
            for name in ("ranges", "hotspots", "corridors")
        ],
        "problems": [],
    }
    return Round(imprint=imprint(), tables={**tables, **changes}, manifest=manifest)


def _units() -> gpd.GeoDataFrame:
    ids = list(BOXES)
    return gpd.GeoDataFrame(
        {
            "unit_id": ids,
            "name_en": ["Talas", "Naryn", "Aksu", "Tarim"],
            "name_ru": ["Талас", "Нарын", "Аксу", None],
            "status": ["modelled candidate"] * 3 + ["area of interest"],
            "origin": ["confirms", "reshapes", "new", "confirms"],
            "hotspot_ids": ["H01", "H02;H03", "", "H04"],
            "rank": [2, 1, 3, 4],
            "rank_label": ["2", "1", "3", "4"],
            "tier": ["high", "very high", "moderate", "moderate"],
            "score": [0.5, 0.7, 0.2, 0.1],
            "area_km2": [AREAS[one] for one in ids],
            "countries": ["KG;KZ", "KG", "CN", "CN"],
            "n_countries": [2, 1, 1, 1],
            "disputed": [False, False, True, False],
            "species": ["Saiga tatarica;Panthera uncia", "Panthera uncia", "Camelus ferus", ""],
            "n_species": [2, 1, 1, 0],
            "species_supporting": ["", "", "", ""],
            "criteria_met": ["C1;C3", "C1", "", ""],
            "confidence": [0.8, 0.7, 0.6, 0.5],
            "rationale": ["Both gates are met."] * 4,
        },
        geometry=[BOXES[one] for one in ids],
        crs=LONLAT,
    )


def _criteria() -> pd.DataFrame:
    rows = [
        {
            "unit_id": unit_id,
            "criterion": name,
            "met": None if name == "C5" else name in ("G1", "G2", "C1"),
            "value": None if name == "C5" else 1.0,
            "unit": "%" if name in ("C6", "C7") else "species",
            "threshold": 1.0,
            "because": f"{name} of {unit_id}, as measured.",
        }
        for unit_id in BOXES
        for name in FINDINGS
    ]
    return pd.DataFrame(rows).astype({"met": "boolean"})


def _species_of_units() -> pd.DataFrame:
    return pd.DataFrame(
        [
            ("CU-001", "Saiga tatarica", "qualifying", 9_000.0, 1.0, "KG;KZ"),
            ("CU-001", "Panthera uncia", "qualifying", 8_000.0, 1.0, "KG;KZ"),
            ("CU-002", "Panthera uncia", "qualifying", 9_000.0, 1.0, "KG"),
            ("CU-003", "Camelus ferus", "occurs", 5_000.0, 2.0, "CN"),
        ],
        columns=["unit_id", "sci_name", "role", "overlap_km2", "range_share", "sides"],
    )


def _species() -> pd.DataFrame:
    names = ["Camelus ferus", "Panthera uncia", "Saiga tatarica"]
    return pd.DataFrame(
        {
            "sci_name": names,
            "code": ["CFE", "PUN", "SAI"],
            "name_en": ["Wild camel", "Snow leopard", "Saiga"],
            "name_ru": ["Дикий верблюд", "Снежный барс", "Сайгак"],
            "cms_name": names,
            "iucn_name": names,
            "synonyms": "",
            "iucn_category": ["CR", "VU", "NT"],
            "cms_appendix": ["I", "I", "II"],
            "range_states": ["CN;MN", "KG;KZ", "KZ;UZ"],
            "in_cami": "yes",
            "taxon_level": "species",
            "sensitive": ["yes", "no", "no"],
            "confidence": "high",
        }
    )


def _layers() -> dict[str, gpd.GeoDataFrame]:
    def table(columns: dict[str, list[object]], shapes: list[object]) -> gpd.GeoDataFrame:
        return gpd.GeoDataFrame(columns, geometry=shapes, crs=LONLAT)

    box = shapely.box
    ranges = [box(74, 40, 78, 41.5), box(71, 41, 76, 43), box(70, 40, 73, 43)]
    names = ["Camelus ferus", "Panthera uncia", "Saiga tatarica"]
    return {
        "countries": table(
            {
                "iso2": ["CN", "KG", "KZ"],
                "name_en": ["China", "Kyrgyzstan", "Kazakhstan"],
                "name_ru": ["Китай", "Кыргызстан", "Казахстан"],
                "range_state": [True, True, True],
            },
            [box(74, 39, 82, 44), box(72, 39, 74, 44), box(70, 39, 72, 44)],
        ),
        "borders": table(
            {"pair": ["CN;KG", "KG;KZ"], "disputed": [False, False]},
            [
                shapely.LineString([(74, 39), (74, 44)]),
                shapely.LineString([(72, 39), (72, 44)]),
            ],
        ),
        "sections": table(
            {
                "section_id": ["S1", "S2"],
                "name_en": ["West", "East"],
                "name_ru": ["Запад", "Восток"],
            },
            [box(70, 39, 73.5, 44), box(73.5, 39, 78, 44)],
        ),
        "hotspots": table(
            {"hotspot_id": ["H01"], "name_en": ["Talas"], "name_ru": ["Талас"]},
            [box(71, 41, 72.5, 42)],
        ),
        "corridors": table(
            {
                "corridor_id": ["K1", "K2"],
                "name": ["Camel track", "Saiga track"],
                "sci_name": ["Camelus ferus", "Saiga tatarica"],
                "evidence_grade": ["A", "B"],
            },
            [
                shapely.LineString([(74.123, 40.123), (77.321, 41.217)]),
                shapely.LineString([(70.123, 40.123), (72.321, 41.217)]),
            ],
        ),
        "features": table({"sci_name": names, "range_km2": [50_000.0] * 3}, ranges),
        "ranges_used": table(
            {
                "range_id": ["R1", "R2", "R3"],
                "sci_name": names,
                "presence": [1, 1, 1],
                "origin": [1, 1, 1],
                "seasonal": [1, 1, 1],
                "confidence": ["high"] * 3,
                "source": ["own"] * 3,
                "use": ["kept"] * 3,
            },
            ranges,
        ),
        "planning_units": table(
            {
                "pu_id": ["R0001C0001"],
                "richness": [2],
                "n_shared": [1],
                "threat_weight": [3.0],
                "range_rarity": [0.1],
                "score": [0.5],
                "unit_id": ["CU-001"],
            },
            [box(71, 41, 71.3, 41.3)],
        ),
    }
