"""A PostGIS server of the tests' own: layers out of it, a round into it.

Skipped, aloud, where PostgreSQL with PostGIS or its driver is not installed (Debian: postgresql,
postgresql-postgis). The server runs on the loopback in a folder that is thrown away, as a user that is
not root: PostgreSQL refuses that one.
"""

from __future__ import annotations

import os
import pwd
import re
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import geopandas as gpd
import pytest
import shapely

from cami_units import layers
from cami_units.cli import main
from cami_units.commands.publish import publish
from cami_units.layers import read_ranges
from cami_units.model import EQUAL_AREA, InputError
from tests.test_qgis import in_qgis
from tests.test_r import in_r

PASSWORD = "Sp@ss/wörd:1"
BINARIES = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
SHARED = list(Path("/usr/share/postgresql").glob("*/extension/postgis.control"))


class Server:
    """A server on the loopback, with a database `cami` and a user `reader` that needs a password."""

    def __init__(self, folder: Path, user: str | None) -> None:
        self.folder, self.user, self.bin = folder, user, BINARIES[-1].parent
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]

    def run(self, *words: str, **options: object) -> subprocess.CompletedProcess:
        environment = {**os.environ, "LC_ALL": "C.UTF-8", "HOME": str(self.folder)}
        return subprocess.run(
            [str(self.bin / words[0]), *words[1:]],
            user=self.user,
            env=environment,
            cwd=self.folder,
            check=True,
            capture_output=True,
            timeout=120,
            **options,
        )

    def start(self) -> None:
        data = str(self.folder / "data")
        self.run(
            "initdb", "-D", data, "-U", "owner", "--auth-local=trust", "--auth-host=scram-sha-256"
        )
        options = f"-p {self.port} -k {self.folder} -c listen_addresses=127.0.0.1 -c fsync=off"
        self.run("pg_ctl", "-D", data, "-w", "-o", options, "-l", str(self.folder / "log"), "start")
        self.sql("CREATE DATABASE cami", database="postgres")
        quoted = PASSWORD.replace("'", "''")
        self.sql(
            "CREATE EXTENSION postgis;"
            f"CREATE ROLE reader LOGIN PASSWORD '{quoted}'; CREATE ROLE writer LOGIN PASSWORD '{quoted}';"
            "GRANT CREATE ON DATABASE cami TO writer; CREATE SCHEMA iucn; GRANT USAGE ON SCHEMA iucn TO reader;"
        )

    def sql(self, text: str, database: str = "cami") -> str:
        words = ("-h", str(self.folder), "-p", str(self.port), "-U", "owner", "-d", database)
        done = self.run("psql", *words, "-v", "ON_ERROR_STOP=1", "-Atc", text)
        return done.stdout.decode().strip()

    def stop(self) -> None:
        self.run("pg_ctl", "-D", str(self.folder / "data"), "-m", "immediate", "stop")

    def address(self, user: str = "reader") -> str:
        return f"postgresql://{user}@127.0.0.1:{self.port}/cami"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    pytest.importorskip("psycopg", reason="the driver of PostgreSQL is not installed")
    if not BINARIES or not SHARED:
        pytest.skip("PostgreSQL with PostGIS is not installed: nothing of it is tried here")
    user = None
    if os.getuid() == 0:
        names = {entry.pw_name for entry in pwd.getpwall()}
        user = next((name for name in ("postgres", "nobody") if name in names), None)
        if user is None:
            pytest.skip("root may not run PostgreSQL, and there is no other user: not tried here")
    folder = Path(tempfile.mkdtemp(prefix="pg", dir="/tmp"))
    if user:
        shutil.chown(folder, user)
    made = Server(folder, user)
    try:
        made.start()
        yield made
    finally:
        if (folder / "data" / "postmaster.pid").exists():
            made.stop()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(autouse=True)
def password(request, tmp_path, monkeypatch) -> None:
    """The password where people keep it."""
    made = request.getfixturevalue("server")
    kept = PASSWORD.replace("\\", "\\\\").replace(":", "\\:")
    file = tmp_path / "pgpass"
    file.write_text(f"127.0.0.1:{made.port}:cami:*:{kept}\n", encoding="utf-8")
    file.chmod(0o600)
    monkeypatch.setenv("PGPASSFILE", str(file))


@pytest.fixture(scope="module")
def ranges(server) -> None:
    """Saiga as a national database keeps it: geometry by another name, in a system that is not EPSG's."""
    wkt = "POLYGON((60 44, 64 44, 64 47, 60 47, 60 44))"
    albers = (
        'PROJCS["Albers of the steppe",GEOGCS["WGS 84",DATUM["WGS_1984",SPHEROID["WGS 84",6378137,298.257223563]],'
        'PRIMEM["Greenwich",0],UNIT["degree",0.0174532925199433]],PROJECTION["Albers_Conic_Equal_Area"],'
        'PARAMETER["latitude_of_center",40],PARAMETER["longitude_of_center",80],PARAMETER["standard_parallel_1",30],'
        'PARAMETER["standard_parallel_2",50],PARAMETER["false_easting",0],PARAMETER["false_northing",0],UNIT["metre",1]]'
    )
    proj = "+proj=aea +lat_1=30 +lat_2=50 +lat_0=40 +lon_0=80 +datum=WGS84 +units=m"
    server.sql(
        "INSERT INTO spatial_ref_sys (srid, auth_name, auth_srid, srtext, proj4text) VALUES "
        f"(990001, 'STEPPE', 1, '{albers}', '{proj}');"
        "CREATE TABLE iucn.r (id int, binomial text, note text, outline geometry);"
        f"INSERT INTO iucn.r VALUES (1, 'Saiga tatarica', 'seen 12:30, 50 % sure',"
        f" ST_Transform(ST_Segmentize(ST_GeomFromText('{wkt}', 4326), 0.05), 990001)),"
        "(2, 'Saiga tatarica', 'nothing drawn', NULL);"
        "CREATE TABLE iucn.closed AS SELECT * FROM iucn.r;"
        "GRANT SELECT ON iucn.r TO reader;"
    )


def query(folder: Path, server: Server, text: str, address: str = "") -> Path:
    path = folder / "ranges.sql"
    path.write_text(f"-- database: {address or server.address()}\n{text}\n", encoding="utf-8")
    return path


def test_a_range_comes_out_as_it_lies_in_the_database(tmp_path, server, ranges):
    """The column is known by its type, the system by what the database knows of it, letters are letters."""
    text = "SELECT binomial, 1 AS presence, 1 AS origin, 1 AS seasonal, note AS source, outline\nFROM iucn.r WHERE note LIKE '%12:30%';"
    found = read_ranges(query(tmp_path, server, text)).query("sci_name == 'Saiga tatarica'")
    assert found["source"].tolist() == ["seen 12:30, 50 % sure"]
    box = shapely.segmentize(shapely.box(60, 44, 64, 47), 0.05)
    expected = gpd.GeoSeries([box], crs=4326).to_crs(EQUAL_AREA).area.sum()
    assert found.area.sum() == pytest.approx(expected, rel=1e-6)


def test_a_row_without_a_shape_is_named(tmp_path, server, ranges):
    with pytest.raises(InputError, match=r"1 of 2 rows has no geometry.*row 2"):
        read_ranges(query(tmp_path, server, "SELECT binomial, outline FROM iucn.r ORDER BY id"))


@pytest.mark.parametrize(
    ("wkt", "said", "cure"),
    [
        ("CURVEPOLYGON(CIRCULARSTRING(60 44,62 46,64 44,62 42,60 44))", "CurvePolygon", "ST_CurveToLine(geom)"),
        ("MULTISURFACE(((60 44,64 44,64 47,60 44)))", "MultiSurface", "ST_CurveToLine(geom)"),
        ("CIRCULARSTRING Z (60 44 1,62 46 1,64 44 1)", "CircularString", "ST_CurveToLine(geom)"),
        ("GEOMETRYCOLLECTION(CURVEPOLYGON(CIRCULARSTRING(60 44,62 46,64 44,62 42,60 44)))", "GeometryCollection", "ST_CurveToLine(geom)"),
        ("TIN(((60 44,64 44,64 47,60 44)))", "3D models", "ST_UnaryUnion(geom)"),
        ("POLYHEDRALSURFACE(((60 44 0,64 44 0,64 47 0,60 44 0)))", "3D models", "ST_CollectionExtract(geom, 3)"),
    ],
)  # fmt: skip
def test_curves_and_surfaces_are_told_with_what_makes_polygons_of_them(
    tmp_path, server, wkt, said, cure
):
    """The cure, put into the query, gives the ground: PostGIS itself is the witness that it does."""
    shape = f"SELECT 'h' AS hotspot_id, ST_GeomFromText('{wkt}', 4326) AS geom"
    with pytest.raises(InputError, match=re.escape(said)) as told:
        layers.read_hotspots(query(tmp_path, server, shape))
    assert f"{cure} AS geom" in str(told.value)
    mended = query(tmp_path, server, f"SELECT hotspot_id, {cure} AS geom FROM ({shape}) AS x")
    if "STRING Z" not in wkt and "COLLECTION" not in wkt:
        assert layers.read_hotspots(mended).area.sum() > 1e10


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("DELETE FROM iucn.r RETURNING binomial, outline", "read-only transaction.*SELECT"),
        ("SELECT 1; SELECT 2", "multiple commands.*One query is expected"),
        ("COMMIT; DELETE FROM iucn.r", "multiple commands"),
        ("SET default_transaction_read_only = off", "returns no rows"),
        ("SELECT binomial FROM iucn.r", "returns no geometry"),
        ("SELECT binomial, outline FROM iucn.none", "does not exist.*schema before it"),
        ("SELECT binomial, outlin FROM iucn.r", "does not exist.*name of the column"),
        ("SELEC binomial FROM iucn.r", "syntax error.*One query is expected"),
        ("SELECT binomial, outline FROM iucn.closed", "permission denied.*GRANT SELECT"),
    ],
)
def test_a_query_can_only_read_and_is_one(tmp_path, server, ranges, text, said):
    with pytest.raises(InputError, match=said):
        read_ranges(query(tmp_path, server, text))
    assert server.sql("SELECT count(*) FROM iucn.r") == "2"


def test_a_statement_that_takes_too_long_says_so(tmp_path, server, ranges, monkeypatch):
    monkeypatch.setattr("cami_units.layers._database._STATEMENT_SECONDS", 1)
    text = "SELECT binomial, outline, pg_sleep(20)::text FROM iucn.r"
    with pytest.raises(InputError, match=r"statement timeout.*Ask for less"):
        read_ranges(query(tmp_path, server, text))


@pytest.mark.parametrize(
    ("address", "said"),
    [
        (
            "postgresql://reader:Sp%40ss/wrong@127.0.0.1:{port}/cami",
            "password authentication failed.*pgpass",
        ),
        ("postgresql://reader:Sp@ss/wörd@127.0.0.1:{port}/cami", "more than one '@'.*pgpass"),
        ("postgresql://reader:Sp%40ss@127.0.0.1:1/cami", "refused.*server running"),
        ("postgresql://reader:Sp%40ss@127.0.0.1:{port}/none", "does not exist|password"),
    ],
)
def test_no_part_of_a_password_is_on_a_screen(tmp_path, server, address, said, capsys):
    file = query(tmp_path, server, "SELECT 1", address.format(port=server.port))
    with pytest.raises(InputError, match=said) as told:
        read_ranges(file)
    shown = "".join(capsys.readouterr()) + str(told.value)
    for part in ("Sp@", "Sp%40", "ss/w", "wörd", "wrong"):
        assert part not in shown


# -- a round into a database ----------------------------------------------------------------------


def test_a_round_is_published_whole_and_can_be_again(server, written, monkeypatch):
    """With a key, one kind of shape and its system, as QGIS and sf want it; a second run replaces it; a table of others is never touched."""
    names = publish(written, server.address("writer"), schema="cami")
    assert {"conservation_units", "unit_criteria", "hotspots"} <= set(names)
    assert not {"occurrences", "ranges_used", "nearest_ground"} & set(names)
    units = gpd.read_file(written / "conservation_units.gpkg", layer="conservation_units")
    counted = server.sql("SELECT count(*), bool_and(ST_IsValid(geom)) FROM cami.conservation_units")
    assert counted == f"{len(units)}|t"
    kinds = server.sql(
        "SELECT type, srid FROM geometry_columns WHERE f_table_name = 'conservation_units'"
    )
    assert kinds == "MULTIPOLYGON|4326"
    publish(written, server.address("writer"), schema="cami")
    assert server.sql("SELECT count(*) FROM cami.conservation_units") == str(len(units))

    server.sql(
        "CREATE TABLE cami.zones (a int); DROP TABLE cami.unit_species; CREATE TABLE cami.unit_species (mine int)"
    )
    server.sql("DELETE FROM cami.conservation_units")
    with pytest.raises(
        InputError, match=r"cami\.unit_species is there and was not written by this"
    ):
        publish(written, server.address("writer"), schema="cami")
    assert server.sql("SELECT count(*) FROM cami.conservation_units") == "0"  # nothing was written


def test_qgis_and_sf_open_what_was_published(server, written, tmp_path):
    """Each by the driver that it has; numbers stay numbers, and shapes have their system."""
    publish(written, server.address("writer"), schema="shown")
    units = gpd.read_file(written / "conservation_units.gpkg", layer="conservation_units")
    said = in_r(
        f"""
        x <- st_read("PG:host=127.0.0.1 port={server.port} dbname=cami user=writer",
                     "shown.conservation_units", quiet = TRUE)
        cat(nrow(x), st_crs(x)$epsg, as.character(st_geometry_type(x, FALSE)), class(x$score), all(st_is_valid(x)))
        """,
        tmp_path,
    )
    assert said.split() == [str(len(units)), "4326", "MULTIPOLYGON", "numeric", "TRUE"]
    source = (
        f"dbname='cami' host=127.0.0.1 port={server.port} user='writer' key='unit_id' srid=4326 "
        'type=MultiPolygon table="shown"."conservation_units" (geom)'
    )
    said = in_qgis(
        f"""
        layer = QgsVectorLayer({source!r}, "units", "postgres")
        print(layer.isValid(), layer.featureCount(), layer.crs().authid())
        print(sorted(str(row["unit_id"]) for row in layer.getFeatures())[0])
        """,
        tmp_path,
    )
    first = sorted(units["unit_id"])[0]
    assert said.split() == ["True", str(len(units)), "EPSG:4326", first]


def test_who_was_given_a_schema_writes_there_and_is_told_where_not(server, written):
    """They may make no schema: one that is there is used, and elsewhere the cure says what to ask for."""
    server.sql("CREATE SCHEMA given AUTHORIZATION reader")
    assert "conservation_units" in publish(written, server.address(), schema="given")
    with pytest.raises(InputError, match=r"permission denied.*schema of your own.*GRANT CREATE"):
        publish(written, server.address(), schema="elsewhere")


@pytest.mark.slow
def test_a_password_that_is_nowhere_is_asked_for_where_it_belongs(
    tmp_path, server, ranges, monkeypatch
):
    """The line that is printed, typed as it says, with a sign before each colon, lets them in."""
    monkeypatch.setenv("PGPASSFILE", str(tmp_path / "none"))
    file = query(
        tmp_path, server, "SELECT 'Saiga tatarica' AS binomial, outline FROM iucn.r LIMIT 1"
    )
    with pytest.raises(InputError, match=r"no password.*~/\.pgpass.*before each : and"):
        read_ranges(file)
    typed = PASSWORD.replace("\\", "\\\\").replace(":", "\\:")
    kept = tmp_path / ".pgpass"
    kept.write_text(f"127.0.0.1:{server.port}:cami:reader:{typed}\n", encoding="utf-8")
    kept.chmod(0o600)
    monkeypatch.delenv("PGPASSFILE")
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.warns(UserWarning, match="taken as presence 1"):
        assert "Saiga tatarica" in set(read_ranges(file)["sci_name"])


def test_a_layer_is_itself_published_and_read_again(server, written, tmp_path):
    """What one office publishes another one names in its plan."""
    publish(written, server.address("writer"), schema="office")
    text = "SELECT hotspot_id, name_en, name_ru, geom FROM office.hotspots ORDER BY 1"
    path = query(tmp_path, server, text, server.address("writer"))
    again = layers.read_hotspots(path)
    ours = layers.read_hotspots(written / "conservation_units.gpkg")
    assert again["hotspot_id"].tolist() == ours["hotspot_id"].tolist()
    assert again.area.tolist() == pytest.approx(ours.area.tolist())


def test_a_server_that_does_not_answer_is_given_up_soon(tmp_path, server, monkeypatch):
    """A port that takes connections and says nothing, as behind some firewalls."""
    monkeypatch.setattr("cami_units.layers._database._CONNECT_SECONDS", 2)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        file = query(
            tmp_path,
            server,
            "SELECT 1",
            f"postgresql://reader@127.0.0.1:{silent.getsockname()[1]}/cami",
        )
        begun = time.monotonic()
        with pytest.raises(InputError, match=r"timeout expired.*may this machine reach it"):
            read_ranges(file)
        assert time.monotonic() - begun < 15


def code_of(*words: str) -> int:
    """The exit code of the command line."""
    with pytest.raises(SystemExit) as end:
        main([*words])
    return int(end.value.code or 0)


def test_the_command_says_what_it_wrote_and_why_not(server, written, capsys):
    assert code_of("publish", str(written), server.address("writer"), "--schema", "two") == 0
    assert "tables are in the schema two" in capsys.readouterr().out
    assert code_of("publish", str(written), server.address("reader"), "--schema", "three") == 1
    assert "permission denied" in capsys.readouterr().err
    assert code_of("publish", str(written), server.address("writer"), "--schema", 'a"b') == 1
    assert "no name of a schema" in capsys.readouterr().err
    assert layers.tables_to_database.__doc__
