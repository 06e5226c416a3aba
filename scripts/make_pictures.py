"""Make the pictures of the documentation from a round, in a headless Chromium.

    cami-units propose --out rounds/00-proposal --force
    python scripts/make_pictures.py rounds/00-proposal --out docs/images

The pictures show the bundled, INDICATIVE layers: make them again whenever the round or the page
looks different. Those of the workshop are taken from a round trip in a temporary folder: activities,
packs, ten files as :mod:`play_groups` hands them in, collect, board. The browser has no network.
"""

from __future__ import annotations

import argparse
import base64
import html
import io
import shutil
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import openpyxl
from lxml import etree
from PIL import Image
from selenium import webdriver
from selenium.webdriver.chrome.service import Service

import play_groups
from cami_units.commands.activities import activities
from cami_units.commands.collect import collect, write_collected
from cami_units.commands.decide import decided_round
from cami_units.commands.pack import pack as run_pack
from cami_units.commands.plenary import plenary

SIZE = (1200, 700)
"""Pixels of a picture: what a README shows without being made smaller."""

BOARD = (1280, 720)
"""Pixels of the board: a projector's shape."""

VIEWS = {
    "map.png": ("", SIZE),
    "unit.png": (
        "#map=6.00/44.600/100.500&on=units,hotspots,countries,disputed,gazetteer,relief,water"
        "&unit=CU-021",
        (1200, 880),
    ),
    "phone.png": ("", (390, 844)),
}
"""Each picture, the address of its view (what stands behind the # when the map shows it) and its size:
a card that is not cut wants a higher window."""

GROUP = "S3"
"""The group whose pack is shown."""

_FIVE_PAST_TWO = "Date.prototype.getHours = () => 14; Date.prototype.getMinutes = () => 5;"
"""The board shows the hour; a picture made twice should be the same."""

_KML = "{http://www.opengis.net/kml/2.2}"
_MOST_BYTES = 280_000
_COLOURS = 200
"""Colours that a picture of a page needs, so that it weighs a third."""
_STYLE = (
    "body{font:15px/1.5 system-ui,'DejaVu Sans',sans-serif;color:#161616;margin:18px;"
    "width:max-content;max-width:1164px}ul{list-style:none;margin:0;padding-left:1.5em}"
    "li{white-space:nowrap}b{font-weight:600}.n{color:#555}.off{color:#555}"
    "table{border-collapse:collapse}td,th{border:1px solid #bbb;padding:4px 8px;"
    "vertical-align:top;text-align:left;font-size:13px;max-width:230px}"
    "th{background:#1f3a4d;color:#fff}"
)


# -- a browser ------------------------------------------------------------------------------------


@contextmanager
def browser() -> Iterator[Any]:
    """A Chromium that no page can leave."""
    with tempfile.TemporaryDirectory() as profile:
        options = webdriver.ChromeOptions()
        options.binary_location = str(shutil.which("chromium"))
        flags = ("--headless", "--no-sandbox", "--hide-scrollbars", f"--user-data-dir={profile}")
        for flag in flags:
            options.add_argument(flag)
        driver = webdriver.Chrome(options, Service(str(shutil.which("chromedriver"))))
        driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": _FIVE_PAST_TWO})
        driver.execute_cdp_cmd("Network.enable", {})
        driver.execute_cdp_cmd(
            "Network.emulateNetworkConditions",
            {"offline": True, "latency": 0, "downloadThroughput": 0, "uploadThroughput": 0},
        )
        try:
            yield driver
        finally:
            driver.quit()


def look_at(driver: Any, address: str, size: tuple[int, int], *, ready: bool = True) -> None:
    """Open a page in a window of this size, and wait until it has come to rest."""
    width, height = size
    screen = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", screen)
    driver.get("about:blank")
    driver.get(address)
    end = time.monotonic() + 20
    while ready and not driver.execute_script("return document.documentElement.dataset.ready"):
        if time.monotonic() > end:
            raise SystemExit(f"The page was not ready after 20 s: {address}")
        time.sleep(0.1)
    time.sleep(1.0 if ready else 0.3)  # popups slide into view


def picture(driver: Any, element: str = "") -> bytes:
    """What the window shows, or one element of its page, as PNG."""
    wanted: dict[str, Any] = {"format": "png"}
    if element:
        box = driver.execute_script(
            "const b = document.querySelector(arguments[0]).getBoundingClientRect();"
            "return [b.x + scrollX, b.y + scrollY, b.width, b.height]",
            element,
        )
        x, y, width, height = box
        clip = {"x": x - 8, "y": y - 8, "width": width + 16, "height": height + 16, "scale": 1}
        wanted |= {"clip": clip, "captureBeyondViewport": True}
    shot = base64.b64decode(driver.execute_cdp_cmd("Page.captureScreenshot", wanted)["data"])
    return _light(shot)


def _light(png: bytes) -> bytes:
    """The same picture in few colours, without the hour at which it was made."""
    shot = Image.open(io.BytesIO(png)).convert("RGB")
    content = b""
    # Relief does not pack well: as many colours as a picture of a page may weigh. An octree keeps the
    # few bright dots of a legend, which median cut makes grey.
    for colours in (_COLOURS, _COLOURS // 2, _COLOURS // 4):
        few = shot.quantize(colours, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
        light = io.BytesIO()
        few.save(light, "PNG", optimize=True)
        content = light.getvalue()
        if len(content) <= _MOST_BYTES:
            break
    return content


# -- pages that are drawn for a picture -----------------------------------------------------------


def folder_page(pack: Path) -> str:
    """What a pack folder holds, from the folder itself: its files with their sizes."""
    own = [path for path in sorted((pack / GROUP).iterdir()) if path.is_file()]
    sized = [f"{_file(path.name)} <span class=n>{_size(path)}</span>" for path in own]
    inner = f"<ul>{_items(sized)}</ul>"
    there = sorted(pack.iterdir(), key=lambda path: (path.is_file(), path.name))
    shown = [
        f"<b>{_file(path.name)}/</b>{inner if path.name == GROUP else ''}"
        if path.is_dir()
        else _file(path.name)
        for path in there
    ]
    return f"<b>{html.escape(pack.name)}/</b><ul>{_items(shown)}</ul>"


def tree_page(kmz: Path) -> str:
    """The folders of a KMZ as Google Earth lists them: what is switched on, and how much is in it."""
    with zipfile.ZipFile(kmz) as archive:
        root = etree.fromstring(archive.read("doc.kml"))
    document = next(root.iter(f"{_KML}Document"))
    return f"<b>{html.escape(kmz.name)}</b><ul>{_items(map(_branch, _folders(document)))}</ul>"


def _folders(above: Any) -> list[Any]:
    return list(above.findall(f"{_KML}Folder"))


def _branch(folder: Any, depth: int = 0) -> str:
    marks = list(folder.iter(f"{_KML}Placemark"))
    on = folder.findtext(f"{_KML}visibility", "1") == "1"
    counted = f"<span class=n>{len(marks):,}</span>" if marks else "<span class=n>empty</span>"
    name = html.escape(folder.findtext(f"{_KML}name", ""))
    line = f"<span class={'on' if on else 'off'}>{'☑' if on else '☐'} {name}</span> {counted}"
    inner: list[str] = []
    if depth == 0:
        inner = [_branch(one, depth + 1) for one in _folders(folder)]
        own = folder.findall(f"{_KML}Placemark")
        if folder.findtext(f"{_KML}open") == "1":
            inner += [f"☑ {html.escape(one.findtext(f'{_KML}name', ''))}" for one in own[:4]]
            inner += [f"<span class=n>… and {len(own) - 4} more</span>"] if len(own) > 4 else []
    return line + (f"<ul>{_items(inner)}</ul>" if inner else "")


def table_page(workbook: Path, units: Sequence[str], themes: Sequence[str]) -> str:
    """A part of the sheet `by theme` of the activities: these units, these themes."""
    rows = list(openpyxl.load_workbook(workbook)["by theme"].iter_rows(values_only=True))
    head = [str(cell) for cell in rows[0]]
    # id and name come first; the name's column is called by the languages of the round
    shown = [0, 1, *(head.index(name) for name in themes)]
    lines = [[row[place] or "" for place in shown] for row in rows[1:] if row[0] in units]
    cells = [
        "".join(f"<td>{html.escape(str(cell)).replace(chr(10), '<br>')}</td>" for cell in line)
        for line in lines
    ]
    heads = "".join(f"<th>{html.escape(head[place])}</th>" for place in shown)
    body = "".join(f"<tr>{line}</tr>" for line in cells)
    return f"<table><tr>{heads}</tr>{body}</table>"


def _items(lines: Any) -> str:
    return "".join(f"<li>{line}</li>" for line in lines)


def _file(name: str) -> str:
    return html.escape(name)


def _size(path: Path) -> str:
    kilobytes = path.stat().st_size / 1000
    return f"{kilobytes / 1000:.1f} MB" if kilobytes >= 1000 else f"{kilobytes:.0f} kB"


# -- the round trip -------------------------------------------------------------------------------


def round_trip(base: Path, folder: Path) -> Path:
    """The workshop on a round, up to the board and the activities; the folder it is in."""
    first = Path(shutil.copytree(base, folder / "rounds" / "00-proposal"))
    activities(first)
    packed = run_pack(first)
    handed_in = folder / "handed-in"
    play_groups.handed_in(packed.directory, handed_in)
    before = decided_round(first)
    made = collect([handed_in], before, base_dir=first, pack=packed.directory)
    later = folder / "rounds" / "01-collected"
    write_collected(made, later)
    plenary(later)
    activities(later, [handed_in])
    return folder


def shots(base: Path, trip: Path) -> dict[str, Callable[[Any], bytes]]:
    """Each picture by its file name, and how it is taken."""
    later = trip / "rounds" / "01-collected"
    pack = trip / "rounds" / "pack"
    report = (later / "report.html").as_uri()
    themes = ("anti-poaching", "community", "infrastructure and barriers")

    def view(address: str, size: tuple[int, int]) -> Callable[[Any], bytes]:
        def take(driver: Any) -> bytes:
            look_at(driver, address, size)
            return picture(driver)

        return take

    def part(address: str, element: str, width: int) -> Callable[[Any], bytes]:
        def take(driver: Any) -> bytes:
            look_at(driver, address, (width, 800), ready=False)
            return picture(driver, element)

        return take

    def drawn(name: str, body: str) -> Callable[[Any], bytes]:
        page = trip / f"{name}.html"
        page.write_text(
            f"<!doctype html><meta charset=utf-8><style>{_STYLE}</style>{body}", encoding="utf-8"
        )
        return part(page.as_uri(), "body", 1200)

    found = {
        name: view((base / "map.html").resolve().as_uri() + address, size)
        for name, (address, size) in VIEWS.items()
    }
    return found | {
        "workshop_pack.png": drawn("pack", folder_page(pack)),
        "workshop_kmz.png": drawn("kmz", tree_page(pack / GROUP / f"edit_{GROUP}.kmz")),
        "workshop_report.png": lambda driver: _top(driver, report),
        "workshop_conflict.png": part(report, "article", 900),
        "workshop_board.png": view(f"{(later / 'plenary/board.html').as_uri()}#CU-021", BOARD),
        "workshop_question.png": view(f"{(later / 'plenary/board.html').as_uri()}#CU-001", BOARD),
        "workshop_activities.png": drawn(
            "activities",
            table_page(later / "activities.xlsx", ("CU-001", "CU-014", "CU-021"), themes),
        ),
    }


def _top(driver: Any, report: str) -> bytes:
    look_at(driver, report, (1280, 700), ready=False)
    return picture(driver)


def main() -> None:
    """Read the command line, and draw."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("round", type=Path, help="the folder of round 00 of the demonstration")
    parser.add_argument("--out", type=Path, default=Path("docs/images"))
    chosen = parser.parse_args()
    missing = [name for name in ("chromium", "chromedriver") if shutil.which(name) is None]
    if missing:
        raise SystemExit(f"{' and '.join(missing)} is not on the PATH: install Chromium.")
    if not (chosen.round / "map.html").is_file():
        raise SystemExit(
            f"There is no round in {chosen.round}: make one first (cami-units propose)."
        )
    chosen.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, browser() as driver:
        trip = round_trip(chosen.round, Path(folder))
        for name, take in shots(chosen.round, trip).items():
            shown = take(driver)
            (chosen.out / name).write_bytes(shown)
            print(f"{chosen.out / name}: {len(shown) / 1000:.0f} kB")


if __name__ == "__main__":
    main()
