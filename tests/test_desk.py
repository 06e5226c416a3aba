"""The facilitator's desk: who gets in, what is kept, what two people may do, and the same bytes as the commands."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from cami_units.commands.init import init
from cami_units.desk import application
from cami_units.desk._day import keep_file, read_day, safe_name, settle, take_out
from cami_units.desk._desk_pages import Desk
from cami_units.desk._guard import COOKIE, MAX_BODY, Keys
from cami_units.desk._worker import BROKEN, DONE, REFUSED, Worker
from cami_units.model import InputError

PORT = 8765
HOME = f"http://127.0.0.1:{PORT}"
SAME = {"origin": HOME}


class NoWorker(Worker):
    """Remembers what was asked for and does none of it."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []

    def ask(self, name: str, work: object) -> None:
        self.asked.append(name)


@pytest.fixture
def workshop(tmp_path: Path) -> Path:
    """A workshop folder with nothing but its plan: enough for whoever only wants in."""
    init(tmp_path / "workshop")
    (tmp_path / "workshop" / "handed-in").mkdir()
    return tmp_path / "workshop"


@pytest.fixture
def desk(workshop: Path, tmp_path: Path) -> Iterator[Desk]:
    (tmp_path / "scratch").mkdir()
    worker = NoWorker()
    yield Desk(workshop, worker, tmp_path / "scratch")
    worker.stop()


@pytest.fixture
def keys() -> Keys:
    return Keys()


@pytest.fixture
def stranger(desk: Desk, keys: Keys) -> TestClient:
    return TestClient(
        application(desk, port=PORT, keys=keys), base_url=HOME, follow_redirects=False
    )


@pytest.fixture
def guest(stranger: TestClient, keys: Keys) -> TestClient:
    """Whoever came with the printed address."""
    assert stranger.get(f"/enter?key={keys.entry}").status_code == 200
    return stranger


# -- who gets in ----------------------------------------------------------------------------------


def test_without_the_key_nothing_is_shown(stranger):
    for path in ("/", "/board", "/files/01/report.html", "/events", "/assets/desk.js"):
        answer = stranger.get(path)
        assert answer.status_code == 403, path
        assert "address that the terminal has printed" in answer.text


def test_the_key_opens_once_and_then_the_cookie_counts(stranger, keys):
    key = keys.entry
    answer = stranger.get(f"/enter?key={key}")
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith(f"{COOKIE}=")
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert stranger.get("/").status_code == 200
    assert stranger.get(f"/enter?key={key}").status_code == 403  # used already
    stranger.cookies.clear()
    assert stranger.get("/").status_code == 403


@pytest.mark.parametrize("key", ["", "wrong", "ключ", "a" * 4000])
def test_a_wrong_key_opens_nothing(stranger, key):
    answer = stranger.get("/enter", params={"key": key})
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:8765", "127.0.0.1", "127.0.0.1:80", "127.0.0.1.evil:8765", ""],
)
def test_a_name_that_points_here_is_not_us(guest, host):
    # DNS rebinding: the page of an attacker's name asks 127.0.0.1, with that name as Host.
    answer = guest.get("/", headers={"host": host})
    assert answer.status_code == 421


@pytest.mark.parametrize(
    "origin", [None, "null", "http://evil.example", "http://127.0.0.1:1", "https://127.0.0.1:8765"]
)
def test_a_page_from_elsewhere_changes_nothing(guest, desk, origin):
    headers = {} if origin is None else {"origin": origin}
    for path in ("/collect", "/settle", "/decide", "/hand-in", "/after", "/open", "/take-out"):
        answer = guest.post(path, data={"unit": "CU-001"}, headers=headers)
        assert answer.status_code == 403, path
        assert "pages of the desk itself" in answer.text
    assert desk.worker.asked == []


@pytest.mark.parametrize("method", ["PUT", "DELETE", "OPTIONS", "TRACE", "PATCH"])
def test_other_methods_are_not_spoken(guest, method):
    assert guest.request(method, "/", headers=SAME).status_code == 405


def test_a_huge_file_is_refused_by_what_it_says_before_it_is_read(guest, workshop):
    def two_gigabytes() -> Iterator[bytes]:
        raise AssertionError("the body was read")
        yield b""

    headers = {
        **SAME,
        "content-length": str(2 << 30),
        "content-type": "multipart/form-data; boundary=x",
    }
    answer = guest.post("/hand-in", content=two_gigabytes(), headers=headers)
    assert answer.status_code == 413
    assert f"{MAX_BODY // 1_000_000} MB" in answer.text
    answer = guest.post("/hand-in", content=iter([b"x"]), headers=SAME)  # chunked, of no length
    assert answer.status_code == 411
    assert list((workshop / "handed-in").iterdir()) == []


def test_every_answer_says_what_a_browser_may_do_with_it(guest):
    headers = guest.get("/").headers
    policy = headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'")
    assert "unsafe" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"
    assert "access-control-allow-origin" not in headers


# -- files in and out -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("edit_S1.kmz", "edit_S1.kmz"),
        ("../../etc/passwd", "passwd"),
        ("..\\..\\boot.ini", "boot.ini"),
        ("C:\\stick\\правка S1.kmz", "правка S1.kmz"),
        ("..", "file"),
        ("", "file"),
        ("con.kml", "_con.kml"),
        (".hidden", "hidden"),
        ("a\x00b<c>.kml", "ab_c_.kml"),
        ("名前.kml", "名前.kml"),
        ("trailing. . ", "trailing"),
        ("resolutions.csv/", "file"),
    ],
)
def test_a_name_from_a_browser_is_one_plain_name(given, kept):
    assert safe_name(given) == kept


def test_a_long_name_keeps_its_ending_and_is_short():
    assert safe_name("x" * 5000 + ".kmz").endswith(".kmz")
    assert len(safe_name("x" * 5000 + ".kmz")) <= 120


def test_dropped_files_are_kept_and_the_same_bytes_once(guest, desk, workshop):
    files = [
        ("files", ("../edit_S1.kmz", b"one")),
        ("files", ("edit_S1.kmz", b"two")),
        ("files", ("copy.kmz", b"one")),
    ]
    answer = guest.post("/hand-in", files=files, headers={**SAME, "accept": "application/json"})
    assert answer.json() == {"kept": ["edit_S1.kmz", "edit_S1 (2).kmz", "edit_S1.kmz"]}
    kept = {path.name: path.read_bytes() for path in (workshop / "handed-in").iterdir()}
    assert kept == {"edit_S1.kmz": b"one", "edit_S1 (2).kmz": b"two"}
    assert desk.worker.asked == ["collect"]
    assert not list(workshop.parent.glob("edit_S1*"))


def test_the_desks_own_table_cannot_be_replaced_by_a_file_of_that_name(guest, workshop):
    settle(workshop, "CU-001", "S2", "newer survey")
    before = (workshop / "handed-in" / "resolutions.csv").read_bytes()
    guest.post("/hand-in", files=[("files", ("resolutions.csv", b"unit_id\n"))], headers=SAME)
    assert (workshop / "handed-in" / "resolutions.csv").read_bytes() == before


def test_a_file_taken_out_lies_beside_and_is_not_lost(guest, desk, workshop):
    (workshop / "handed-in" / "edit_S1.kmz").write_bytes(b"one")
    page = guest.get("/").text
    seen = page.split('name="seen" value="')[1].split('"')[0]
    answer = guest.post("/take-out", data={"name": "edit_S1.kmz", "seen": seen}, headers=SAME)
    assert answer.status_code == 303
    assert (workshop / "taken-out" / "edit_S1.kmz").read_bytes() == b"one"
    assert list((workshop / "handed-in").iterdir()) == []
    assert desk.worker.asked == ["collect"]


def test_no_path_of_a_browser_leaves_the_folder(guest, workshop):
    (workshop / "secret.html").write_text("secret")
    for name in ("../secret.html", "..%2Fsecret.html", "%2e%2e/secret.html", "....//secret.html"):
        answer = guest.get(f"/files/{name}")
        assert answer.status_code in (403, 404), name
        assert "secret" not in answer.text
    with pytest.raises(InputError, match=r"no file '\.\./plan\.toml'"):
        take_out(workshop, "../plan.toml")
    assert (workshop / "plan.toml").is_file()


PAYLOADS = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "{{7*7}}",
    "{% raise %}",
    "${alert(1)}",
    "'; alert(1); '",
    "javascript:alert(1)",
    "</title><script>",
    "\u202egpj.kml",
    "=HYPERLINK(1)",
)


@pytest.mark.parametrize("payload", PAYLOADS)
def test_a_hostile_name_is_text_on_the_page(guest, workshop, payload):
    answer = guest.post("/hand-in", files=[("files", (payload + ".kml", b"x"))], headers=SAME)
    assert answer.status_code == 303
    page = guest.get("/").text
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert ">49<" not in page


# -- two people -----------------------------------------------------------------------------------


def test_the_second_of_two_overwrites_nothing(guest, workshop):
    (workshop / "handed-in" / "a.kmz").write_bytes(b"a")
    seen = guest.get("/").text.split('name="seen" value="')[1].split('"')[0]
    keep_file(workshop, "b.kmz", _file(workshop.parent / "b", b"b"))  # the other person
    answer = guest.post("/take-out", data={"name": "a.kmz", "seen": seen}, headers=SAME)
    assert answer.status_code == 409
    assert "Somebody else has changed this meanwhile" in answer.text
    assert (workshop / "handed-in" / "a.kmz").is_file()


def _file(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


# -- the worker -----------------------------------------------------------------------------------


def test_work_is_done_in_order_and_asked_for_twice_once():
    worker = Worker()
    order: list[str] = []
    started = worker.version
    worker.ask("slow", lambda progress: (time.sleep(0.2), order.append("slow"), "made")[2])
    for _ in range(3):
        worker.ask("next", lambda progress: (order.append("next"), "")[1])
    worker.stop()
    assert order == ["slow", "next"]
    assert worker.jobs["slow"].state == DONE
    assert worker.jobs["slow"].message == "made"
    assert worker.version > started


def test_a_fault_of_the_input_and_one_of_ours_are_told_apart_and_end_nothing():
    def faulty(progress: object) -> str:
        raise InputError("no outline")

    def broken(progress: object) -> str:
        raise ZeroDivisionError("1/0")

    worker = Worker()
    worker.ask("faulty", faulty)
    worker.ask("broken", broken)
    worker.ask("after", lambda progress: "went on")
    worker.stop()
    states = {name: (job.state, job.message) for name, job in worker.jobs.items()}
    assert states["faulty"] == (REFUSED, "no outline")
    assert states["broken"] == (BROKEN, "ZeroDivisionError: 1/0")
    assert states["after"] == (DONE, "went on")


def test_a_folder_without_a_workshop_is_refused_with_the_cure(tmp_path):
    with pytest.raises(InputError, match=r"cami-units init .*nowhere"):
        read_day(tmp_path / "nowhere")
