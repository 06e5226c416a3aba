"""Layers out of a database, with SQLite in the place of PostGIS: the same driver-neutral path.

PostGIS hands out a geometry as hexadecimal EWKB, SQLite here as EWKB bytes; both are tried.
"""

from __future__ import annotations

import sqlite3
import sys

import geopandas as gpd
import pytest
import shapely

from cami_units import layers
from cami_units.layers import _database
from cami_units.model import InputError

BOX = shapely.box(60, 44, 64, 47)  # western Kazakhstan and Karakalpakstan


def database(folder, *, hexadecimal=False, srid=4326, shape=BOX):
    wkb = shapely.to_wkb(shapely.set_srid(shape, srid), include_srid=True, hex=hexadecimal)
    path = folder / "ranges.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE iucn (binomial, presence, origin, seasonal, geom)")
        connection.execute("INSERT INTO iucn VALUES (?, 1, 1, 1, ?)", ("Saiga tatarica", wkb))
    connection.close()
    return path


def query(folder, text):
    file = folder / "ranges.sql"
    file.write_text(text, encoding="utf-8")
    return file


@pytest.mark.slow
@pytest.mark.parametrize("hexadecimal", [False, True])
def test_a_query_gives_the_same_ranges_as_the_same_rows_in_a_file(tmp_path, hexadecimal):
    path = database(tmp_path, hexadecimal=hexadecimal)
    asked = query(
        tmp_path,
        f"-- database: sqlite:///{path}\n"
        "SELECT binomial, presence, origin, seasonal, geom FROM iucn\nWHERE presence = 1\n",
    )
    plain = gpd.GeoDataFrame(
        {"binomial": ["Saiga tatarica"], "presence": [1], "origin": [1], "seasonal": [1]},
        geometry=[BOX],
        crs="EPSG:4326",
    )
    plain.to_file(tmp_path / "ranges.gpkg")
    one = layers.read_ranges(asked).query("sci_name == 'Saiga tatarica'")
    other = layers.read_ranges(tmp_path / "ranges.gpkg").query("sci_name == 'Saiga tatarica'")
    assert len(one) == 1
    assert one.geometry.geom_equals_exact(other.geometry, 0).all()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("SELECT 1", r"first line should say which database"),
        ("-- database: sqlite:///{db}\nSELECT * FROM none_such", r"no such table: none_such"),
        (
            "-- database: sqlite:///{db}\nSELECT binomial FROM iucn",
            r"returns no geometry(.|\n)*binomial",
        ),
        ("-- database: nonsense\nSELECT 1", r"one looks like postgresql://user@host/name"),
        ("-- database: postgresql+nodriver://u@h/d\nSELECT 1", r"of no database|not installed"),
    ],
)
def test_what_is_wrong_with_a_query_is_said_without_its_address(tmp_path, text, said):
    path = database(tmp_path)
    file = query(tmp_path, text.format(db=path))
    with pytest.raises(InputError, match=said) as told:
        layers.read_ranges(file)
    assert str(path) not in str(told.value)


def test_geometries_of_several_systems_are_refused(tmp_path):
    path = database(tmp_path)
    other = shapely.to_wkb(shapely.set_srid(BOX, 3857), include_srid=True)
    with sqlite3.connect(path) as connection:
        connection.execute("INSERT INTO iucn VALUES ('Bos mutus', 1, 1, 1, ?)", (other,))
    connection.close()
    file = query(tmp_path, f"-- database: sqlite:///{path}\nSELECT * FROM iucn")
    with pytest.raises(InputError, match=r"several systems \(SRID 3857, 4326\)"):
        layers.read_ranges(file)


def test_without_sqlalchemy_the_cure_is_said(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "sqlalchemy", None)
    file = query(tmp_path, "-- database: sqlite:///x.db\nSELECT 1")
    with pytest.raises(InputError, match=r"pip install 'psycopg\[binary\]' sqlalchemy"):
        layers.read_ranges(file)


def test_a_folder_never_makes_a_connection(tmp_path):
    query(tmp_path, "-- database: sqlite:///x.db\nSELECT 1")
    with pytest.raises(InputError, match=r"folder holds no file of a kind that is read"):
        layers.read_ranges(tmp_path)


def test_the_hash_is_that_of_the_rows(tmp_path):
    table = gpd.GeoDataFrame({"a": [1]}, geometry=[BOX], crs=4326)
    other = gpd.GeoDataFrame({"a": [1]}, geometry=[BOX.buffer(1)], crs=4326)
    assert _database.rows_hash([table]) == _database.rows_hash([table.copy()])
    assert _database.rows_hash([table]) != _database.rows_hash([other])


@pytest.mark.parametrize(
    "address",
    [
        *("https://example.org/x", "git@example.org:x.git", "/srv/x.git", "file:///srv/x.git", ""),
        *("postgresql://u@h:port/d", "postgresql://[::1/d"),
    ],
)
def test_what_is_published_to_an_address_of_no_database_is_told_what_one_looks_like(address):
    with pytest.raises(InputError, match=r"of no database: one looks like postgresql://user@host"):
        layers.tables_to_database({}, address, "cami", keys={})
