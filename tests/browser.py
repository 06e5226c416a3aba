"""Headless Chromium for tests: opens a page with the network cut, and says what the page asked for.

Use the fixture of a test file: ``browser = pytest.fixture(scope="module")(chromium)``.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
    "--lang=en-GB",
)


@dataclass
class Page:
    """A browser window. `requests` and `errors` are of the page that was opened last."""

    driver: Any
    requests: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def open(self, path: Path, *, ready: bool = True, anchor: str = "") -> None:
        """Open a file by its `file://` address and wait until it calls itself ready."""
        self.driver.get("about:blank")
        self.listen()
        self.requests, self.errors = [], []
        self.driver.get(path.resolve().as_uri() + anchor)
        if ready:
            self.wait("return document.documentElement.dataset.ready")
        else:
            time.sleep(0.6)
        self.listen()

    def listen(self) -> None:
        """Add what was asked for, and what went wrong, since the last look."""
        for entry in self.driver.get_log("performance"):
            message = json.loads(entry["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                self.requests.append(message["params"]["request"]["url"])
        self.errors += [
            entry["message"]
            for entry in self.driver.get_log("browser")
            if entry["level"] == "SEVERE"
        ]

    def asked_for(self) -> list[str]:
        """Every address that was fetched, the page's own file and data in it aside."""
        self.listen()
        return [
            url
            for url in self.requests[0:]
            if not url.startswith(("data:", "about:", "blob:")) and not url.startswith("file:")
        ] + [url for url in self.requests if url.startswith("file:")][1:]

    def run(self, script: str, *arguments: object) -> Any:
        """The value that a script returns in the page."""
        return self.driver.execute_script(script, *arguments)

    def wait(self, script: str, *, seconds: float = 15) -> Any:
        """The first true value that a script returns."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            value = self.run(script)
            if value:
                return value
            time.sleep(0.03)
        self.listen()
        raise AssertionError(f"Still not true after {seconds} s: {script}\n{self.errors}")

    def size(self, width: int, height: int) -> None:
        """Give the page this many CSS pixels."""
        self.driver.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False},
        )

    def picture(self, path: Path) -> None:
        """Save what the window shows as a PNG."""
        shot = self.driver.execute_cdp_cmd("Page.captureScreenshot", {"format": "png"})
        path.write_bytes(base64.b64decode(shot["data"]))

    def pdf(self) -> bytes:
        """What would come out of the printer."""
        printed = self.driver.execute_cdp_cmd(
            "Page.printToPDF", {"preferCSSPageSize": True, "printBackground": True}
        )
        return base64.b64decode(printed["data"])

    def key(self, name: str) -> None:
        """Press a key on whatever has the focus."""
        from selenium.webdriver.common.action_chains import ActionChains

        ActionChains(self.driver).send_keys(name).perform()


def chromium() -> Iterator[Page]:
    """A fixture: a fresh Chromium with no network, skipped with a reason where there is none."""
    missing = [name for name in ("chromium", "chromedriver") if shutil.which(name) is None]
    if missing:
        reason = f"{' and '.join(missing)} not on the PATH: the browser tests need Chromium"
        if os.environ.get("CAMI_UNITS_BROWSER") == "required":
            pytest.fail(reason)
        pytest.skip(reason)
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    with tempfile.TemporaryDirectory(prefix="cami-units-chromium-") as profile:
        options = webdriver.ChromeOptions()
        options.binary_location = str(shutil.which("chromium"))
        for flag in (*_FLAGS, f"--user-data-dir={profile}", "--window-size=1366,768"):
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
        driver = webdriver.Chrome(options, Service(str(shutil.which("chromedriver"))))
        try:
            driver.execute_cdp_cmd("Network.enable", {})
            driver.execute_cdp_cmd(
                "Network.emulateNetworkConditions",
                {"offline": True, "latency": 0, "downloadThroughput": 0, "uploadThroughput": 0},
            )
            yield Page(driver)
        finally:
            driver.quit()


def node_module(name: str) -> Path:
    """The folder of a package of npm that only tests use; skipped with a reason where there is none.

    Looked for in `node_modules/` of the checkout, or where ``CAMI_UNITS_NODE_MODULES`` says.
    """
    place = os.environ.get("CAMI_UNITS_NODE_MODULES")
    folder = Path(place) if place else Path(__file__).resolve().parents[1] / "node_modules"
    if not (folder / name).is_dir():
        reason = f"{name} is not in node_modules: npm install --no-save axe-core@4 cesium@1"
        if os.environ.get("CAMI_UNITS_NODE") == "required":
            pytest.fail(reason)
        pytest.skip(reason)
    return folder / name
