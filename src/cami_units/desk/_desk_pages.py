"""The desk's pages: a request in, a command asked for or a page out.

Each handler reads the folder anew, so a second window, the command line and a restart all show the
same. Whatever changes something first compares the mark of what the page had shown with what is
there now: the second of two people sees the first's change and overwrites nothing.
"""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import jinja2
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import (
    FileResponse,
    HTMLResponse,
    JSONResponse,
    PlainTextResponse,
    RedirectResponse,
    Response,
)
from starlette.routing import Route

from cami_units import words
from cami_units.commands.decide import record_decision, show_decisions
from cami_units.commands.plenary import plenary
from cami_units.desk import _day, _verbs
from cami_units.desk._day import Day, read_day
from cami_units.desk._page_facts import (
    base_facts,
    conflict_facts,
    decided_units,
    file_facts,
    job_text,
    round_facts,
    rows_of,
    unit_facts,
)
from cami_units.desk._worker import DONE, Worker
from cami_units.model import DISCLAIMER, InputError, Progress, clean_name

STEPS: Final = (
    ("hand_in", "/"),
    ("settle", "/settle"),
    ("board", "/board"),
    ("late", "/late"),
    ("after", "/after"),
)
ORDERS: Final = ("rank", "group", "section", "hand")
LANGUAGE_COOKIE: Final = "cami_units_language"

_POLL_SECONDS: Final = 20.0
_MOST_FILES: Final = 500
_ASSETS_FOLDER: Final = Path(__file__).parent / "assets"
_ASSETS: Final = {"desk.css": "text/css", "desk.js": "text/javascript"}
_SHOWN_ENDINGS: Final = frozenset({".html", ".png", ".pdf"})
"""Files of a round that a browser may show; all others are opened from their folder."""


@dataclass(slots=True)
class Desk:
    """What the pages share: the folder, the worker, and which unit the second window shows."""

    directory: Path
    worker: Worker
    scratch: Path
    unit: str = ""
    banner: str = ""
    order: tuple[str, ...] = ()
    board_version: int = 0
    board_folder: tempfile.TemporaryDirectory[str] | None = None
    places: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def start(self) -> None:
        """Make the board of the round that is there, and take in what waits."""
        day = read_day(self.directory)
        if day.current is not None and day.current.is_collected:
            self.ask_board()
        if day.waiting:
            self.ask_collect()

    def ask_collect(self) -> None:
        """Collect what was handed in; the board follows."""

        def work(progress: Progress) -> str:
            target = _verbs.collect_day(self.directory, progress)
            self.ask_board()
            return target.name

        self.worker.ask("collect", work)

    def ask_board(self) -> None:
        """Make the board that the windows show."""

        def work(progress: Progress) -> str:
            self._make_board(progress)
            return ""

        self.worker.ask("board", work)

    def _make_board(self, progress: Progress) -> None:
        """The board page of the current round, in a scratch folder: a live page is no product."""
        day = read_day(self.directory)
        if day.current is None:
            return
        folder = tempfile.TemporaryDirectory(dir=self.scratch, ignore_cleanup_errors=True)
        plenary(day.current.path, Path(folder.name) / "board", progress=progress)
        self.places = _verbs.places_of(self.directory, day.current.path)
        old, self.board_folder = self.board_folder, folder
        self.board_version += 1
        if old is not None:
            old.cleanup()

    @property
    def board_file(self) -> Path | None:
        """The board page as it was last made."""
        return Path(self.board_folder.name) / "board" / "board.html" if self.board_folder else None


def routes(desk: Desk) -> list[Route]:
    """Every address of the desk."""
    pages = Pages(desk)
    return [
        Route("/", pages.hand_in, methods=["GET"]),
        Route("/hand-in", pages.take_in, methods=["POST"]),
        Route("/take-out", pages.take_out, methods=["POST"]),
        Route("/collect", pages.collect, methods=["POST"]),
        Route("/settle", pages.settle, methods=["GET"]),
        Route("/settle", pages.write_resolution, methods=["POST"]),
        Route("/board", pages.board, methods=["GET"]),
        Route("/screen", pages.screen, methods=["GET"]),
        Route("/decide", pages.decide, methods=["POST"]),
        Route("/show", pages.show, methods=["POST"]),
        Route("/order", pages.keep_order, methods=["POST"]),
        Route("/late", pages.late, methods=["GET"]),
        Route("/after", pages.after, methods=["GET"]),
        Route("/after", pages.make, methods=["POST"]),
        Route("/open", pages.open_folder, methods=["POST"]),
        Route("/language", pages.language, methods=["POST"]),
        Route("/events", pages.events, methods=["GET"]),
        Route("/files/live/board.html", pages.live_board, methods=["GET"]),
        Route("/files/{round}/{name}", pages.file_of_round, methods=["GET"]),
        Route("/assets/{name}", pages.asset, methods=["GET"]),
    ]


class Pages:
    """The handlers, over one desk."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.templates = jinja2.Environment(
            loader=jinja2.PackageLoader("cami_units.desk", "templates"),
            autoescape=True,
            trim_blocks=True,
            undefined=jinja2.StrictUndefined,
        )

    # -- what every page has ----------------------------------------------------------------------

    def _lang(self, request: Request) -> str:
        """The language of a browser: what it chose, else the plan's first."""
        lang = request.cookies.get(LANGUAGE_COOKIE, "")
        return lang if lang in words.LANGUAGES else words.LANGUAGES[0]

    def _marks(self, day: Day) -> dict[str, str]:
        """What the files that people change hold now, one mark each."""
        current = day.current.path if day.current else self.desk.directory
        return {
            "files": _day.mark_of(file.path for file in day.files),
            "resolutions": _day.mark_of([self.desk.directory / _day.HANDED_IN / _day.RESOLUTIONS]),
            "decisions": _day.mark_of([current / _day.DECISION_LOG]),
            "activities": _day.mark_of([current / "activities.csv"]),
        }

    def _page(
        self, request: Request, page: str, day: Day, *, status: int = 200, **content: Any
    ) -> HTMLResponse:
        """A page in the reader's language."""
        lang = self._lang(request)
        conflicts = self._conflicts(day, lang) if day.current else []
        counts = {
            "hand_in": len(day.waiting),
            "settle": sum(not row["resolution"] for row in conflicts if not row["decided"]),
            "late": sum(not row["resolution"] for row in conflicts if row["decided"]),
        }
        html = self.templates.get_template(f"{page}.html").render(
            page=page,
            lang=lang,
            languages=words.LANGUAGES,
            t=lambda key: words.text(key, lang),
            title=self.desk.directory.name,
            steps=STEPS,
            counts={name: counts.get(name, 0) for name, _ in STEPS},
            jobs=[job for job in self.desk.worker.jobs.values() if job.state != DONE],
            marks=self._marks(day),
            version=self.desk.worker.version,
            notice=content.pop("notice", ""),
            disclaimer=DISCLAIMER,
            round=round_facts(day, lang),
            base=base_facts(day, lang),
            conflicts=conflicts,
            **content,
        )
        return HTMLResponse(html, status_code=status)

    async def _day(self) -> Day:
        return await run_in_threadpool(read_day, self.desk.directory)

    async def _stale(self, request: Request, mark: str, seen_mark: str) -> Response | None:
        """A refusal where somebody else has changed meanwhile what the page still shows as it was."""
        if seen_mark == mark:
            return None
        text = words.text("desk changed meanwhile", self._lang(request))
        return PlainTextResponse(text, status_code=409)

    # -- hand in ----------------------------------------------------------------------------------

    async def hand_in(self, request: Request) -> Response:
        """The files, what each of them gave, and where to drop more."""
        day = await self._day()
        return await run_in_threadpool(
            self._page, request, "hand_in", day, files=file_facts(day, self._lang(request))
        )

    async def take_in(self, request: Request) -> Response:
        """Files from the browser, copied into the folder; the round is then made anew."""
        kept_names: list[str] = []
        async with request.form(max_files=_MOST_FILES, max_fields=16) as form:
            for upload in form.getlist("files"):
                if isinstance(upload, str) or not upload.filename:
                    continue
                name = upload.filename
                with tempfile.NamedTemporaryFile(dir=self.desk.scratch) as scratch:
                    while block := await upload.read(1 << 20):
                        scratch.write(block)
                    scratch.flush()
                    content = Path(scratch.name)
                    path, _ = await run_in_threadpool(
                        _day.keep_file, self.desk.directory, name, content
                    )
                kept_names.append(path.name)
        if kept_names:
            self.desk.ask_collect()
        return _back(request, "/", {"kept": kept_names})

    async def take_out(self, request: Request) -> Response:
        """A file that was handed in by mistake goes aside, and the round is made without it."""
        form = await request.form()
        day = await self._day()
        refusal = await self._stale(request, self._marks(day)["files"], str(form.get("seen")))
        if refusal:
            return refusal
        try:
            await run_in_threadpool(_day.take_out, self.desk.directory, str(form.get("name", "")))
        except InputError as error:
            return PlainTextResponse(str(error), status_code=400)
        self.desk.ask_collect()
        return _back(request, "/", {})

    async def collect(self, request: Request) -> Response:
        """Collect once more, asked for by hand."""
        self.desk.ask_collect()
        return _back(request, "/", {})

    # -- settle -----------------------------------------------------------------------------------

    def _conflicts(self, day: Day, lang: str) -> list[dict[str, Any]]:
        """Each conflict of the current round, with what can be chosen."""
        if day.current is None:
            return []
        resolutions = {
            row["unit_id"]: row for row in rows_of(_day.read_resolutions(self.desk.directory))
        }
        decided = decided_units(day)
        return [
            conflict_facts(row, resolutions.get(row["unit_id"], {}), decided, lang)
            for row in rows_of(_verbs.conflicts_of(day.current.path))
        ]

    async def settle(self, request: Request) -> Response:
        """Every conflict, with buttons."""
        day = await self._day()
        return await run_in_threadpool(self._page, request, "settle", day)

    async def write_resolution(self, request: Request) -> Response:
        """What is to become of one conflict, into `resolutions.csv`; measured again at once."""
        form = await request.form()
        unit_id, resolution = str(form.get("unit_id", "")), str(form.get("resolution", ""))
        day = await self._day()
        refusal = await self._stale(request, self._marks(day)["resolutions"], str(form.get("seen")))
        if refusal:
            return refusal
        conflicts = {row["unit_id"]: row for row in self._conflicts(day, self._lang(request))}
        if unit_id not in conflicts or resolution not in dict(conflicts[unit_id]["choices"]):
            return PlainTextResponse("There is no such conflict or choice.", status_code=400)
        with self.desk.lock:
            await run_in_threadpool(
                _day.settle,
                self.desk.directory,
                unit_id,
                resolution,
                clean_name(str(form.get("reason", ""))),
            )
        self.desk.ask_collect()
        return _back(request, "/settle", {})

    # -- board ------------------------------------------------------------------------------------

    async def board(self, request: Request) -> Response:
        """The board, and beside it what plenary can decide."""
        day = await self._day()
        return await run_in_threadpool(self._board_page, request, day)

    def _board_page(self, request: Request, day: Day, notice: str = "") -> Response:
        """The page of the board, with the unit in hand."""
        lang = self._lang(request)
        order = request.query_params.get("order", "")
        order = order if order in ORDERS else "hand" if self.desk.order else "rank"
        units = unit_facts(day, lang, order, self.desk.order, self.desk.places)
        unit_id = request.query_params.get("unit", "") or self.desk.unit
        unit = next(
            (row for row in units if row["unit_id"] == unit_id), units[0] if units else None
        )
        return self._page(
            request,
            "board",
            day,
            status=409 if notice else 200,
            notice=notice,
            units=units,
            unit=unit,
            order=order,
            orders=ORDERS,
            decided=sum(bool(row["decision"]) for row in units),
        )

    async def decide(self, request: Request) -> Response:
        """One decision: on the disk first, then on every screen, then in tables and maps."""
        form = {name: str(value) for name, value in (await request.form()).items()}
        day = await self._day()
        if day.current is None:
            return PlainTextResponse("There is no round yet.", status_code=400)
        refusal = await self._stale(request, self._marks(day)["decisions"], form.get("seen", ""))
        if refusal:
            return refusal
        try:
            line = await run_in_threadpool(self._record, day.current.path, form)
        except InputError as error:
            return await run_in_threadpool(self._board_page, request, day, str(error))
        lang = self._lang(request)
        self.desk.unit = form.get("unit", "")
        self.desk.banner = f"{line['unit_id']}: {words.text(line['status'], lang)}"
        self.desk.worker.touch()
        return _back(request, f"/board?unit={line['unit_id']}", {})

    def _record(self, round_: Path, form: Mapping[str, str]) -> Mapping[str, str]:
        """The line in the log, and the job that shows it in tables and maps."""
        options = {
            name: value
            for name in ("name_en", "name_ru", "outline", "into")
            if (value := clean_name(form.get(name, "")))
        }
        with self.desk.lock:
            line = record_decision(
                round_,
                form.get("unit", ""),
                form.get("decision", ""),
                reason=form.get("reason", ""),
                by=form.get("by", "") or "plenary",
                time=_now(),
                **options,
            )

        def work(progress: Progress) -> str:
            show_decisions(round_, progress=progress)
            self.desk._make_board(progress)
            return ""

        self.desk.worker.ask("decide", work)
        return {str(name): str(value) for name, value in line.items()}

    async def show(self, request: Request) -> Response:
        """Which unit the board is at: the second window follows."""
        form = await request.form()
        self.desk.unit = clean_name(str(form.get("unit", "")))[:40]
        self.desk.banner = ""
        self.desk.worker.touch()
        return Response(status_code=204)

    async def keep_order(self, request: Request) -> Response:
        """An order by hand."""
        form = await request.form()
        names = str(form.get("order", "")).split(";")
        self.desk.order = tuple(clean_name(name)[:40] for name in names[:2000])
        return Response(status_code=204)

    async def screen(self, request: Request) -> Response:
        """The board alone, for the projector; it follows the other window."""
        day = await self._day()
        return await run_in_threadpool(self._page, request, "screen", day)

    async def live_board(self, request: Request) -> Response:
        """The board as it was last made."""
        path = self.desk.board_file
        if path is None:
            return PlainTextResponse(words.text("desk no board", self._lang(request)))
        return FileResponse(path, media_type="text/html")

    # -- late, after ------------------------------------------------------------------------------

    async def late(self, request: Request) -> Response:
        """What came after plenary had decided: each difference is a question."""
        day = await self._day()
        rows = self._conflicts(day, self._lang(request))
        questions = [row for row in rows if row["decided"]]
        return await run_in_threadpool(self._page, request, "late", day, questions=questions)

    async def after(self, request: Request) -> Response:
        """What can be made of the round, and what recurs in its activities."""
        day = await self._day()
        products = [
            {"name": name, "folder": self._folder_of(day, name)} for name in _verbs.PRODUCTS
        ]
        return await run_in_threadpool(
            self._page, request, "after", day, products=products, suggestions=[]
        )

    def _folder_of(self, day: Day, name: str) -> str:
        """Where a product lies, from the workshop's folder on; nothing where it is not there."""
        if day.current is None:
            return ""
        path = _verbs.product_folder(self.desk.directory, day.current.path, name)
        return path.relative_to(self.desk.directory).as_posix() if path.is_dir() else ""

    async def make(self, request: Request) -> Response:
        """Make one product, in its turn."""
        form = await request.form()
        name = str(form.get("product", ""))
        day = await self._day()
        if name not in _verbs.PRODUCTS or day.current is None:
            return PlainTextResponse("There is no such product.", status_code=400)
        round_ = day.current.path

        def work(progress: Progress) -> str:
            folder = _verbs.PRODUCTS[name](self.desk.directory, round_, progress)
            return folder.relative_to(self.desk.directory).as_posix()

        self.desk.worker.ask(name, work)
        return _back(request, "/after", {})

    async def open_folder(self, request: Request) -> Response:
        """Open the folder of a product with the program that this machine opens folders with."""
        import typer

        form = await request.form()
        day = await self._day()
        name = str(form.get("product", ""))
        if name in _verbs.PRODUCTS and self._folder_of(day, name):
            typer.launch(str(self.desk.directory / self._folder_of(day, name)))
        return _back(request, "/after", {})

    # -- the rest ---------------------------------------------------------------------------------

    async def language(self, request: Request) -> Response:
        """The language of this browser."""
        form = await request.form()
        lang, back = str(form.get("lang", "")), str(form.get("back", ""))
        answer = RedirectResponse(dict(STEPS).get(back, "/"), status_code=303)
        if lang in words.LANGUAGES:
            answer.set_cookie(LANGUAGE_COOKIE, lang, samesite="strict", httponly=True)
        return answer

    async def events(self, request: Request) -> Response:
        """What is new since a version: answers when something is, or after some seconds."""
        raw = request.query_params.get("version", "0")
        shown_version = int(raw) if raw.isdigit() and len(raw) < 12 else 0
        version = await run_in_threadpool(self.desk.worker.wait, shown_version, _POLL_SECONDS)
        lang = self._lang(request)
        day = await self._day()
        marks = self._marks(day)
        current = day.current.path.name if day.current else ""
        return JSONResponse(
            {
                "version": version,
                "unit": self.desk.unit,
                "banner": self.desk.banner,
                "board": str(self.desk.board_version),
                "mark": "".join(marks.values()) + current + str(self.desk.board_version),
                "jobs": [
                    {"state": job.state, "text": job_text(job, lang)}
                    for job in self.desk.worker.jobs.values()
                    if job.state != DONE
                ],
            }
        )

    async def file_of_round(self, request: Request) -> Response:
        """A page or picture of a round, by its plain name: a path of a browser is no path here."""
        day = await self._day()
        folder = next(
            (
                folder.path
                for folder in day.rounds
                if folder.path.name == request.path_params["round"]
            ),
            None,
        )
        file_name = request.path_params["name"]
        for path in folder.iterdir() if folder else ():
            if path.name == file_name and path.suffix in _SHOWN_ENDINGS and path.is_file():
                return FileResponse(path)
        return PlainTextResponse("There is no such file.", status_code=404)

    async def asset(self, request: Request) -> Response:
        """The style and the script of the pages."""
        name = request.path_params["name"]
        if name not in _ASSETS:
            return PlainTextResponse("There is no such file.", status_code=404)
        return FileResponse(_ASSETS_FOLDER / name, media_type=_ASSETS[name])


def _back(request: Request, address: str, answer: Mapping[str, Any]) -> Response:
    """Back to a page, or plain data where the script asked."""
    if request.headers.get("accept", "").startswith("application/json"):
        return JSONResponse(dict(answer))
    return RedirectResponse(address, status_code=303)


def _now() -> str:
    """The moment of a decision, as the command line writes it."""
    return datetime.now().astimezone().isoformat(timespec="seconds")
