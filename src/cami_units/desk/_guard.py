"""Who may ask the desk for anything: this machine, this browser, this page, and nobody else.

Loopback alone is not enough. Any page that the same browser has open can send requests to
127.0.0.1, and a name that an attacker owns can be made to point there (DNS rebinding). So every
request must name us as `Host`, carry the cookie that only the address printed in the terminal sets,
and, where it changes something, come from a page of ours (`Origin`).
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie
from typing import Final
from urllib.parse import parse_qs

from starlette.datastructures import MutableHeaders
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cami_units import words

COOKIE: Final = "cami_units_desk"
LANGUAGE_COOKIE: Final = "cami_units_language"
ENTRANCE: Final = "/enter"
MAX_BODY: Final = 250_000_000
"""Bytes of one request: a whole stick of a group, far below what fills a laptop's disk."""

MAX_FORM: Final = 1_000_000
"""Bytes of a form without files, which is read into memory whole."""

_PAGE_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; frame-src 'self'; frame-ancestors 'self'; "
    "base-uri 'none'"
)
# Maps, reports and boards are one file each and carry a stricter policy of their own, with the
# hashes of their scripts; the desk adds only who may frame them.
_PRODUCT_POLICY: Final = "frame-ancestors 'self'; base-uri 'none'; form-action 'none'"

_HEADERS: Final = {
    "x-content-type-options": "nosniff",
    # With "no-referrer" a form of our own page would be sent with "Origin: null" and be refused.
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "x-frame-options": "SAMEORIGIN",
    "cache-control": "no-store",
}
_ALONE: Final = {"content-security-policy": "default-src 'none'", **_HEADERS}
"""Headers of an answer that asks for nothing more."""


@dataclass(slots=True)
class Keys:
    """The key of the printed address, good for one use, and the cookie that it is changed for."""

    entry: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    cookie: str = field(default_factory=lambda: secrets.token_urlsafe(32))

    def take(self, key: str) -> bool:
        """Whether a key is the one that is good now; it is good for nothing afterwards."""
        if not secrets.compare_digest(key.encode(), self.entry.encode()):
            return False
        self.entry = secrets.token_urlsafe(24)
        return True


class Guard:
    """The wall around the desk's pages (an ASGI middleware)."""

    def __init__(self, app: ASGIApp, *, port: int, keys: Keys) -> None:
        self.app = app
        self.keys = keys
        self.hosts = frozenset({f"127.0.0.1:{port}", f"localhost:{port}"})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, change a key for the cookie, or refuse."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        if scope["type"] != "http":  # no websocket is spoken here
            return
        headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
        status, reason = self._verdict(scope, headers)
        if status == 303:
            await _entrance(self.keys.cookie)(scope, receive, send)
        elif status:
            lang = language(headers.get(b"cookie", ""), headers.get(b"accept-language", ""))
            refusal = _refusal(status, words.text(f"desk guard {reason}", lang))
            await refusal(scope, receive, send)
        else:
            await self.app(scope, _counted(receive), _with_headers(send, scope["path"]))

    def _verdict(self, scope: Scope, headers: dict[bytes, str]) -> tuple[int, str]:
        """The status a request is answered with here, and the phrase for why; 0 lets it through."""
        if (host := headers.get(b"host", "")) not in self.hosts:
            return 421, "host"
        if scope["method"] not in ("GET", "HEAD", "POST"):
            return 405, "method"
        is_in = _same(_cookie(headers.get(b"cookie", ""), COOKIE), self.keys.cookie)
        if scope["path"] == ENTRANCE:
            key = parse_qs(scope["query_string"].decode("latin-1")).get("key", [""])[0]
            # whoever is in already may click on the address in the terminal once more
            return (303, "") if self.keys.take(key) or is_in else (403, "key")
        if not is_in:
            return 403, "cookie"
        if scope["method"] == "POST":
            return self._verdict_of_change(headers, host)
        return 0, ""

    @staticmethod
    def _verdict_of_change(headers: dict[bytes, str], host: str) -> tuple[int, str]:
        """The same for a request that changes something."""
        if headers.get(b"origin", "") != f"http://{host}":
            return 403, "origin"
        length = headers.get(b"content-length", "")
        if not length.isascii() or not length.isdigit():
            return 411, "length"
        is_upload = headers.get(b"content-type", "").startswith("multipart/form-data")
        if int(length) > (MAX_BODY if is_upload else MAX_FORM):
            return 413, "size" if is_upload else "form size"
        return 0, ""


def _same(sent_cookie: str, expected: str) -> bool:
    """Compared in a time that does not tell how much of it was right."""
    return secrets.compare_digest(sent_cookie.encode("utf-8", "replace"), expected.encode())


def language(cookies: str, wanted: str) -> str:
    """The language of a browser: what was chosen on a page, else what the browser asks for.

    Examples
    --------
    >>> language("", "ru-RU,ru;q=0.9,en;q=0.8"), language("cami_units_language=en", "ru"), language("", "fi")
    ('ru', 'en', 'en')
    """
    asked = [part.strip()[:2].lower() for part in wanted[:200].split(",")]
    choices = (_cookie(cookies, LANGUAGE_COOKIE), *asked)
    return next((lang for lang in choices if lang in words.LANGUAGES), words.LANGUAGES[0])


def _cookie(header: str, name: str) -> str:
    """One of our cookies out of a request, or nothing."""
    try:
        morsel = SimpleCookie(header).get(name)
    except CookieError:
        return ""
    return morsel.value if morsel else ""


def _counted(receive: Receive) -> Receive:
    """A body that ends at the limit, whatever its header said."""
    received = 0

    async def receive_counted() -> Message:
        """Cut off a request that is larger than anything that is handed in."""
        nonlocal received
        message = await receive()
        received += len(message.get("body", b""))
        return message if received <= MAX_BODY else {"type": "http.disconnect"}

    return receive_counted


def _with_headers(send: Send, path: str) -> Send:
    """Every answer says what a browser may do with it."""
    policy = _PRODUCT_POLICY if path.startswith("/files/") else _PAGE_POLICY

    async def send_with_headers(message: Message) -> None:
        """Add what keeps a page to itself."""
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message).update({**_HEADERS, "content-security-policy": policy})
        await send(message)

    return send_with_headers


def _entrance(cookie: str) -> Response:
    """Swap the key for the cookie: the key must not stay in the address bar or the history."""
    value = f"{COOKIE}={cookie}; Path=/; HttpOnly; SameSite=Strict"
    # A redirect that follows a click in a mail program or terminal would not carry a Strict
    # cookie, since the click came from elsewhere: a page of ours makes the next request.
    page = '<!doctype html><meta http-equiv="refresh" content="0;url=/"><title>cami-units</title>'
    return HTMLResponse(page, headers={"set-cookie": value, **_ALONE})


def _refusal(status: int, reason: str) -> Response:
    """A refusal in one line; nothing of the request is repeated."""
    return PlainTextResponse(reason, status, headers={"connection": "close", **_ALONE})
