"""Make the pictures of the documentation from a round, in a headless Chromium.

    cami-units propose --out rounds/00-proposal --force
    python scripts/make_pictures.py rounds/00-proposal --out docs/images

The pictures show the bundled, INDICATIVE layers: make them again whenever the round or the page
looks different. The browser has no network while it draws.
"""

from __future__ import annotations

import argparse
import base64
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

from selenium import webdriver
from selenium.webdriver.chrome.service import Service

SIZE = (1200, 700)
"""Pixels of a picture: what a README shows without being made smaller."""

VIEWS = {
    "map.png": "",
    "unit.png": "#map=6.00/44.600/100.500&on=units,hotspots,countries,disputed,gazetteer"
    "&unit=CU-020",
}
"""Each picture, and the address of its view: what stands behind the # when the map shows it."""


def browser(profile: str) -> Any:
    """A Chromium that no page can leave."""
    options = webdriver.ChromeOptions()
    options.binary_location = str(shutil.which("chromium"))
    for flag in ("--headless", "--no-sandbox", "--hide-scrollbars", f"--user-data-dir={profile}"):
        options.add_argument(flag)
    driver = webdriver.Chrome(options, Service(str(shutil.which("chromedriver"))))
    driver.execute_cdp_cmd("Network.enable", {})
    driver.execute_cdp_cmd(
        "Network.emulateNetworkConditions",
        {"offline": True, "latency": 0, "downloadThroughput": 0, "uploadThroughput": 0},
    )
    width, height = SIZE
    screen = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", screen)
    return driver


def picture(driver: Any, address: str) -> bytes:
    """What the page at an address looks like, as PNG, once it has come to rest."""
    driver.get("about:blank")
    driver.get(address)
    end = time.monotonic() + 20
    while not driver.execute_script("return document.documentElement.dataset.ready"):
        if time.monotonic() > end:
            raise SystemExit(f"The map was not ready after 20 s: {address}")
        time.sleep(0.1)
    time.sleep(1.0)  # popups slide into view
    shot = driver.execute_cdp_cmd("Page.captureScreenshot", {"format": "png"})
    return base64.b64decode(shot["data"])


def main() -> None:
    """Read the command line, and draw."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("round", type=Path, help="the folder of a round")
    parser.add_argument("--out", type=Path, default=Path("docs/images"))
    chosen = parser.parse_args()
    page = (chosen.round / "map.html").resolve()
    missing = [name for name in ("chromium", "chromedriver") if shutil.which(name) is None]
    if missing:
        raise SystemExit(f"{' and '.join(missing)} is not on the PATH: install Chromium.")
    if not page.is_file():
        raise SystemExit(f"{page} is not there: make a round first (cami-units propose).")
    chosen.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as profile:
        driver = browser(profile)
        try:
            for name, view in VIEWS.items():
                shown = picture(driver, page.as_uri() + view)
                (chosen.out / name).write_bytes(shown)
                print(f"{chosen.out / name}: {len(shown) / 1000:.0f} kB")
        finally:
            driver.quit()


if __name__ == "__main__":
    main()
