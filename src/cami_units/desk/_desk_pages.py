"""The desk's pages: a request in, a command asked for or a page out.

Each handler reads the folder anew, so a second window, the command line and a restart all show the
same. Whatever changes something first compares the mark of what the page had shown with what is
there now: the second of two people sees the first's change and overwrites nothing.
"""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import jinja2
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
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

from cami_units import palette, store, words
from cami_units.commands.collect import Collected
from cami_units.commands.decide import (
    AGREEING,
    ASKING,
    DECISION_LOG,
    are_decisions_shown,
    read_decisions,
    record_decision,
    show_decisions,
)
from cami_units.desk import _day, _verbs
from cami_units.desk._day import Day, Errand, read_day
from cami_units.desk._guard import LANGUAGE_COOKIE, MAX_BODY, language
from cami_units.desk._page_facts import (
    another_round,
    base_facts,
    complaint_facts,
    conflict_facts,
    file_facts,
    ids_of_units,
    job_text,
    left_open,
    progress_said,
    round_facts,
    round_stays,
    suggestion_facts,
    told,
    unit_facts,
)
from cami_units.desk._verbs import Collecting, LoopTables
from cami_units.desk._worker import DONE, REFUSED, Worker
from cami_units.documents.collect_report import outline_pictures
from cami_units.documents.form_words import THEMES, theme_said
from cami_units.model import DISCLAIMER, InputError, Problem, Progress, clean_name, text_rows

STEPS: Final = (
    ("before", "/before"),
    ("hand_in", "/"),
    ("settle", "/settle"),
    ("board", "/board"),
    ("late", "/late"),
    ("after", "/after"),
)
ORDERS: Final = ("rank", "group", "section", "hand")

_BOARD: Final = "board.html"
_PAGES: Final = ("report.html", "implementation.html", "sums.html", "map.html")
"""Pages of a round that a browser opens from here."""
_NOTHING: Final[Mapping[str, str]] = {}

_POLL_SECONDS: Final = 20.0
_MOST_FILES: Final = 500
_MOST_ORDERED: Final = 2_000
"""Ids of an order that are looked at: far more than a round has units."""
_ASSETS_FOLDER: Final = Path(__file__).parent / "assets"
_ASSETS: Final = {"desk.css": "text/css", "desk.js": "text/javascript"}
_SHOWN_ENDINGS: Final = frozenset({".html", ".png", ".pdf"})
"""Files of a round that a browser may show; all others are opened from their folder."""


@dataclass(slots=True)
class Desk:
    """What the pages share: the folder, the worker, and which unit the second window shows.

    `collecting` are the files as they were read last, `fresh` a round that is measured and on its
    way to the disk: both are here to be quicker, and a desk that is started anew makes them again.
    `noticed` is what each command had to say of its work, as on the command line.
    """

    directory: Path
    worker: Worker
    scratch: Path
    unit: str = ""
    banner: dict[str, str] = field(default_factory=dict)
    board_version: int = 0
    board_folder: tempfile.TemporaryDirectory[str] | None = None
    collecting: Collecting | None = None
    fresh: LoopTables | None = None
    noticed: dict[str, Sequence[Problem]] = field(default_factory=dict)
    stored: tuple[str, LoopTables] | None = None
    places: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def start(self) -> None:
        """Make the board of the round that is there, and end what a power cut left half done."""
        day = read_day(self.directory)
        if day.current is not None and day.current.is_collected:
            self.ask_board()
        round_ = day.current.path if day.current is not None else self.directory
        if day.current is not None and day.current.is_decided and not are_decisions_shown(round_):
            self.worker.ask("decide", lambda progress: show_decisions(round_, progress=progress))
        if not _day.is_collected_in_full(day):
            self.ask_collect()
        for errand in _day.read_errands(self.directory):
            self.ask(errand)

    def ask(self, errand: Errand) -> None:
        """Have something made in its turn: a file says so until it is done, and no click is lost."""
        if errand.name != "make_workshop":  # that wants an empty folder
            self._note_errand(errand, is_done=False)
        self.worker.ask(errand.name, partial(self._make, errand), key=repr(errand))

    def _make(self, errand: Errand, progress: Progress) -> None:
        """Make it, unless its round is gone; a refusal is said on the page and not tried again."""
        try:
            if errand.name not in (*_verbs.BEFORE, *_verbs.PRODUCTS):
                return
            _, self.noticed[errand.name] = _verbs.make(self.directory, errand, progress)
            if errand.choices and errand.name in _verbs.PRODUCTS:
                self.make_board(progress)
        finally:
            self._note_errand(errand, is_done=True)

    def _note_errand(self, errand: Errand, *, is_done: bool) -> None:
        """Write down that something is still to be made, or no more."""
        with self.lock:
            others = [other for other in _day.read_errands(self.directory) if other != errand]
            _day.write_errands(self.directory, others if is_done else [*others, errand])

    def ask_collect(self) -> None:
        """Collect what was handed in: measured and shown first, then written."""
        self.worker.ask("collect", self._collect)

    def _collect(self, progress: Progress) -> None:
        """The round in memory, on the windows, and on the disk."""
        if (day := read_day(self.directory)).current is None:
            return
        if not day.inputs:  # the last file was taken out again, and with it what it had made
            _verbs.take_back(day)
            self.make_board(progress)
            return
        self.collecting = _verbs.read_day_files(self.directory, day, self.collecting, progress)
        collected = _verbs.settle_day(self.directory, day, self.collecting, progress)
        folder = self._new_folder()
        try:
            self.fresh = _verbs.fresh_loop(collected, Path(folder.name))
            self.worker.touch()
            self._show_board(day, folder, collected, progress)
            _verbs.write_day(day, collected, progress)
        finally:
            self.fresh = None
            if folder is not self.board_folder:
                folder.cleanup()

    def ask_board(self) -> None:
        """Make the board that the windows show."""
        self.worker.ask("board", self.make_board)

    def make_board(self, progress: Progress) -> None:
        """The board page of the round on the disk."""
        if (day := read_day(self.directory)).current is not None:
            self._show_board(day, self._new_folder(), None, progress)

    def _show_board(
        self,
        day: Day,
        folder: tempfile.TemporaryDirectory[str],
        fresh: Collected | None,
        progress: Progress,
    ) -> None:
        """A board page in a scratch folder: a live page is no product."""
        if day.current is None:
            return
        page = Path(folder.name) / _BOARD
        _verbs.draw_board(self.directory, day, page, fresh, progress)
        # a unit that a group drew has a place too, once its round is on the disk
        known_ids = ids_of_units(day)
        if known_ids - set(self.places):
            places = _verbs.places_of(self.directory, day.current.path)
            self.places = {unit_id: places.get(unit_id, ("", "")) for unit_id in known_ids}
        former, self.board_folder = self.board_folder, folder
        self.board_version += 1
        if former is not None:
            former.cleanup()

    def _new_folder(self) -> tempfile.TemporaryDirectory[str]:
        """A folder of its own in the scratch; on Windows a window may still read what is in it."""
        return tempfile.TemporaryDirectory(dir=self.scratch, ignore_cleanup_errors=True)

    @property
    def board_page(self) -> Path | None:
        """The page of the board as it was last made."""
        return Path(self.board_folder.name) / _BOARD if self.board_folder else None

    def close(self) -> None:
        """Clear away the page of the board: it was only for the windows."""
        if self.board_folder is not None:
            self.board_folder.cleanup()

    def loop(self, day: Day) -> LoopTables | None:
        """What the loop left beside the current round, as it is in memory or on the disk."""
        if self.fresh is not None:
            return self.fresh
        if day.current is None:
            return None
        mark = _day.mark_of([day.current.path / "manifest.json"])
        if self.stored is None or self.stored[0] != mark:
            base = next((one.path for one in reversed(day.rounds[:-1])), None)
            self.stored = (mark, _verbs.stored_loop(day.current.path, base))
        return self.stored[1]


def routes(pages: Pages) -> list[Route]:
    """Every address of the desk."""
    return [
        Route("/", pages.hand_in),
        Route("/before", pages.before),
        _form("/before", pages.make_before),
        _form("/hand-in", pages.take_in, max_files=_MOST_FILES, max_fields=16),
        _form("/take-out", pages.take_out),
        _form("/collect", pages.collect),
        Route("/settle", pages.settle),
        _form("/settle", pages.write_resolution),
        Route("/board", pages.board),
        Route("/screen", pages.screen),
        _form("/decide", pages.decide),
        _form("/show", pages.show),
        _form("/order", pages.keep_order),
        _form("/general", pages.move_to_general),
        _form("/programme", pages.take_programme, max_files=1, max_fields=4),
        _form("/session", pages.make_session),
        Route("/late", pages.late),
        Route("/after", pages.after),
        _form("/after", pages.make),
        _form("/open", pages.open_folder),
        _form("/language", pages.language),
        Route("/events", pages.events),
        Route("/files/live/board.html", pages.live_board),
        Route("/files/{round}/{name}", pages.file_of_round),
        Route("/assets/{name}", pages.asset),
    ]


def _form(address: str, handler: Callable[[Request, FormData], Response], **limits: int) -> Route:
    """An address that takes a form: read by the event loop, the rest in a thread, as for pages."""

    async def endpoint(request: Request) -> Response:
        async with request.form(**limits) as form:
            return await run_in_threadpool(handler, request, form)

    return Route(address, endpoint, methods=["POST"])


def _text(form: FormData, name: str) -> str:
    """A field of a form; empty where it is not there, or is a file."""
    value = form.get(name, "")
    return value if isinstance(value, str) else ""


class _StaleError(Exception):
    """Somebody else has changed meanwhile what the page still shows as it was."""


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
        self.templates.filters |= words.SIGNS

    # -- what every page has ----------------------------------------------------------------------

    def _lang(self, request: Request) -> str:
        """The language of the page that a browser asks for."""
        headers = request.headers
        return language(headers.get("cookie", ""), headers.get("accept-language", ""))

    def _marks(self, day: Day) -> dict[str, str]:
        """What the files that people change hold now, one mark each."""
        current = day.current.path if day.current else self.desk.directory
        return {
            "files": _day.mark_of(file.path for file in day.files),
            "resolutions": _day.mark_of([_day.resolution_file(self.desk.directory)]),
            "decisions": _day.mark_of([current / DECISION_LOG]),
            "activities": _day.mark_of([current / "activities.csv"]),
            "order": _day.mark_of([self.desk.directory / _day.ORDER]),
        }

    def _mark(self, day: Day, marks: Mapping[str, str]) -> str:
        """What a page shows, as one mark: once it is another, the page is fetched anew.

        What a command noticed stands on a page once it has ended, whatever it has changed.
        """
        current = day.current.path.name if day.current else ""
        made = f"{current} {self.desk.board_version} {self.desk.worker.ended}"
        return "".join(marks.values()) + made

    @staticmethod
    def _decision_mark(day: Day, unit_id: str) -> str:
        """What is decided on one unit, as a mark."""
        return _day.mark_of_rows(read_decisions(day.current.path), unit_id) if day.current else ""

    def _page(
        self,
        request: Request,
        page: str,
        day: Day,
        *,
        status: int = 200,
        notice: str = "",
        **content: Any,
    ) -> HTMLResponse:
        """A page in the reader's language."""
        lang = self._lang(request)
        conflicts = self._conflicts(day, lang) if day.current else []
        left = left_open(day, lang)
        marks = self._marks(day)
        # each step counts what stands open on its page
        counts = {
            "hand_in": len(day.waiting),
            "settle": sum(row["is_open"] for row in conflicts) + len(left),
            "late": sum(row["is_open"] for row in conflicts if row["late"]),
        }
        imprint = day.current.imprint if day.current else {}
        title = str(imprint.get("title", "")) or self.desk.directory.name
        html = self.templates.get_template(f"{page}.html").render(
            page=page,
            lang=lang,
            languages=words.LANGUAGES,
            t=lambda key: words.text(key, lang),
            title=words.title_in(title, lang, is_ours=imprint.get("demonstration")),
            steps=STEPS,
            counts={name: counts.get(name, 0) for name, _ in STEPS},
            jobs=self._jobs(lang),
            marks=marks,
            mark=self._mark(day, marks),
            place=_day.mark_of_place(self.desk.directory),
            version=self.desk.worker.version,
            notice=notice,
            disclaimer=words.disclaimer(str(imprint.get("disclaimer", DISCLAIMER)), lang),
            round=round_facts(day),
            base=base_facts(day),
            conflicts=conflicts,
            left=left,
            **content,
        )
        return HTMLResponse(html, status_code=status)

    def _jobs(self, lang: str) -> list[dict[str, str]]:
        """What is under way, waits, or went wrong."""
        return [
            {"state": job.state, "text": job_text(job, lang)}
            for job in self.desk.worker.jobs.values()
            if job.state != DONE
        ]

    def _read_day(self) -> Day:
        return read_day(self.desk.directory)

    def _refusal(self, request: Request, key: str, status: int = 400) -> Response:
        """A refusal in the reader's language."""
        return PlainTextResponse(words.text(key, self._lang(request)), status_code=status)

    async def refused(self, request: Request, error: Exception) -> Response:
        """What a full disk, a vanished folder or a damaged file says of itself, wherever it is met."""
        lang = self._lang(request)
        said = told(error.note, lang)[0] if isinstance(error, InputError) else ""
        if request.headers.get("accept", "").startswith("application/json"):
            return PlainTextResponse(said, status_code=409)
        html = self.templates.get_template("refused.html").render(
            lang=lang, said=said, t=lambda key: words.text(key, lang)
        )
        return HTMLResponse(html, status_code=409)

    async def odd(self, request: Request, error: Exception) -> Response:
        """What the library refuses by itself, in the reader's language: no such page, too many files."""
        status = getattr(error, "status_code", 400)
        is_upload = request.url.path == "/hand-in" and status == 400
        key = "desk too many files" if is_upload else "desk no such choice"
        return self._refusal(request, key, status)

    # -- before -----------------------------------------------------------------------------------

    def before(self, request: Request) -> Response:
        """What is made before the day: the folder, the first round, the packs."""
        day = self._read_day()
        done = _verbs.done_before(self.desk.directory)
        has_plan, is_stopped = done["make_workshop"] is not None, self._is_stopped()
        ready = {
            "make_workshop": not has_plan,
            "propose": has_plan and not day.rounds and not is_stopped,
            "stability": done["propose"] is not None and len(day.rounds) == 1,
            "hand_out": done["propose"] is not None and len(day.rounds) == 1,
        }
        root = self.desk.directory
        verbs = [
            {
                "name": name,
                "ready": ready[name],
                "folder": f"{folder.relative_to(root.parent).as_posix()}/" if folder else "",
                "noticed": self._noticed(request, name),
            }
            for name, folder in done.items()
        ]
        return self._page(
            request,
            "before",
            day,
            verbs=verbs,
            has_plan=has_plan,
            checked=self._noticed(request, "check"),
            was_checked="check" in self.desk.noticed,
            is_stopped=is_stopped,
            sources=self._sources(),
        )

    def _is_stopped(self) -> bool:
        """Whether the last look at plan and layers found what nothing can be computed with."""
        job = self.desk.worker.jobs.get("check")
        levels = {problem.level for problem in self.desk.noticed.get("check", ())}
        return bool(job and job.state == REFUSED) or "refuses" in levels

    def _noticed(self, request: Request, name: str) -> list[dict[str, str]]:
        """What a command had to say of its work, in the reader's language."""
        return complaint_facts(self.desk.noticed.get(name, ()), self._lang(request))

    def _sources(self) -> dict[str, str]:
        """The files of the programme in force that were taken, by their kind."""
        files = {
            name: _day.only_file(self.desk.directory, name)
            for name in (_day.PROGRAMME, _day.IMPLEMENTATION)
        }
        return {name: path.name if path else "" for name, path in files.items()}

    def make_before(self, request: Request, form: FormData) -> Response:
        """Make one of the things of before, or check the plan, in its turn."""
        name = _text(form, "product")
        if name not in _verbs.BEFORE and name != "check":
            return self._refusal(request, "desk no such choice")

        def check(progress: Progress) -> None:
            self.desk.noticed.pop("check", None)  # of a plan that cannot be read nothing is known
            self.desk.noticed["check"] = _verbs.check_plan(self.desk.directory, progress)

        if name == "check":
            self.desk.worker.ask(name, check)
        else:
            # a workshop begun on a page in Russian has a plan that explains itself in Russian
            choices = {"lang": self._lang(request)} if name == "make_workshop" else {}
            self.desk.ask(Errand(name, choices=choices))
        return _back(request, "/before")

    # -- hand in ----------------------------------------------------------------------------------

    def hand_in(self, request: Request) -> Response:
        """The files, what each of them gave, and where to drop more."""
        if (day := self._read_day()).current is None and not day.files:
            return RedirectResponse("/before", status_code=303)
        lang = self._lang(request)
        files = file_facts(day, lang)
        notice = " ".join(filter(None, (another_round(day, lang), round_stays(day, lang))))
        return self._page(request, "hand_in", day, files=files, most=MAX_BODY, notice=notice)

    def take_in(self, request: Request, form: FormData) -> Response:
        """Files from the browser, copied into the folder; the round is then made anew."""
        kept_names = [
            _day.keep_file(self.desk.directory, upload.filename, upload.file).name
            for upload in form.getlist("files")
            if not isinstance(upload, str) and upload.filename
        ]
        if kept_names:
            self.desk.ask_collect()
        return _back(request, "/", {"kept": kept_names})

    def take_out(self, request: Request, form: FormData) -> Response:
        """A file that was handed in by mistake goes aside, and the round is made without it."""
        if _text(form, "seen") != self._marks(self._read_day())["files"]:
            return self._refusal(request, "desk changed meanwhile", 409)
        try:
            _day.take_out(self.desk.directory, _text(form, "name"))
        except InputError as error:
            return PlainTextResponse(told(error.note, self._lang(request))[0], status_code=400)
        self.desk.ask_collect()
        return _back(request, "/")

    def collect(self, request: Request, _: FormData) -> Response:
        """Collect once more, asked for by hand."""
        self.desk.ask_collect()
        return _back(request, "/")

    # -- settle -----------------------------------------------------------------------------------

    def _conflicts(self, day: Day, lang: str) -> list[dict[str, Any]]:
        """Each conflict of the current round, with its picture and what can be chosen."""
        if (loop := self.desk.loop(day)) is None:
            return []
        onto = day.base if self.desk.fresh else next(reversed(day.rounds[:-1]), None)
        table = _day.read_resolutions(self.desk.directory)
        resolutions = {
            row["unit_id"]: row for row in text_rows(_day.open_resolutions(day, onto, table))
        }
        has_decided = any(folder.is_decided for folder in day.rounds)
        is_decided = day.current is not None and day.current.is_decided
        units = unit_facts(day, lang) if is_decided and len(loop.conflicts) else []
        # by plenary in this round: what was settled before did not settle what arose since
        settled_ids = {unit["unit_id"] for unit in units if unit["is_settled"] and unit["can_undo"]}
        return [
            conflict_facts(
                row,
                resolutions.get(row["unit_id"], {}),
                loop,
                picture,
                lang,
                has_decided=has_decided,
                settled_ids=settled_ids,
            )
            | {"seen": _day.mark_of_rows(table, row["unit_id"])}
            for row, picture in zip(
                text_rows(loop.conflicts), outline_pictures(loop.pictures, lang), strict=True
            )
        ]

    def settle(self, request: Request, notice: str = "") -> Response:
        """Every conflict, with buttons; 409 with a notice of what stood against a choice."""
        day = self._read_day()
        why = words.text(_why_on_the_board(day), self._lang(request)) if day.is_closed else ""
        status = 409 if notice else 200
        return self._page(request, "settle", day, status=status, notice=notice, on_the_board=why)

    def write_resolution(self, request: Request, form: FormData) -> Response:
        """What is to become of one conflict, into `resolutions.csv`; measured again at once."""
        lang = self._lang(request)
        if key := self._resolve(self._read_day(), form, lang):
            return self.settle(request, words.text(key, lang))
        self.desk.ask_collect()
        return _back(request, "/settle")

    def _resolve(self, day: Day, form: FormData, lang: str) -> str:
        """Write one resolution; hands back the phrase that says why not."""
        unit_id, resolution = _text(form, "unit_id"), _text(form, "resolution")
        if day.is_closed:
            return _why_on_the_board(day)
        # of one unit there may be several: two files of a group, and another group
        choices = {
            value
            for row in self._conflicts(day, lang)
            if row["unit_id"] == unit_id
            for value, _ in row["choices"]
        }
        if resolution not in choices:
            return "desk no such choice"
        with self.desk.lock:
            table = _day.read_resolutions(self.desk.directory)
            if _text(form, "seen") != _day.mark_of_rows(table, unit_id):
                return "desk changed meanwhile"
            reason = clean_name(_text(form, "reason"))
            _day.settle(self.desk.directory, unit_id, resolution, reason)
        return ""

    # -- board ------------------------------------------------------------------------------------

    def board(
        self, request: Request, notice: str = "", typed: Mapping[str, str] = _NOTHING
    ) -> Response:
        """The board, and beside it what plenary can decide; with what could not be taken as typed."""
        day, lang = self._read_day(), self._lang(request)
        if day.current is not None and self.desk.board_page is None:
            self.desk.ask_board()
        asked = typed.get("order") or request.query_params.get("order", "")
        by_hand = _day.read_order(self.desk.directory)
        order = asked if asked in ORDERS else "hand" if by_hand else "rank"
        units = unit_facts(day, lang, order, by_hand, self.desk.places)
        gone = sorted({*by_hand} - {row["unit_id"] for row in units})
        unit_id = typed.get("unit") or request.query_params.get("unit", "") or self.desk.unit
        unit = next((row for row in units if row["unit_id"] == unit_id), next(iter(units), None))
        return self._page(
            request,
            "board",
            day,
            status=409 if notice else 200,
            notice=notice,
            has_round=day.current is not None,
            units=units,
            unit=unit,
            typed=typed,
            asking=ASKING,
            seen=self._decision_mark(day, unit["unit_id"]) if unit else "",
            order=order,
            order_asked=asked if asked in ORDERS else "",
            orders=ORDERS,
            not_ordered=words.text("desk order unknown", lang, names=words.in_list(gone, lang))
            if gone
            else "",
            progress=progress_said(units, lang),
        )

    def decide(self, request: Request, form: FormData) -> Response:
        """One decision: on the disk first, then on every screen, then in tables and maps."""
        typed = {name: str(value) for name, value in form.items()}
        day, lang = self._read_day(), self._lang(request)
        if day.current is None:
            return self._refusal(request, "desk no round")
        if fault := _decision_fault(typed):
            return self.board(request, words.text(fault, lang), typed)
        try:
            line = self._record(day, typed)
        except _StaleError:
            return self.board(request, words.text("desk changed meanwhile", lang), typed)
        except InputError as error:
            return self.board(request, told(error.note, lang)[0], typed)
        self.desk.worker.touch()
        return _back(request, _of_unit("/board", line["unit_id"], typed.get("order", "")))

    def _record(self, day: Day, form: Mapping[str, str]) -> Mapping[str, str]:
        """The line in the log, and the job that shows it in tables and maps."""
        assert day.current is not None
        round_, unit_id = day.current.path, form.get("unit", "")
        options: dict[str, str] = {
            name: value
            for name in ("name_en", "name_ru", "outline", "into", "question")
            if (value := clean_name(form.get(name, "")))
        }
        units = unit_facts(day, "en") if options.get("question") else []
        questions: dict[str, str] = next(
            (unit["asked"] for unit in units if unit["unit_id"] == unit_id), {}
        )
        with self.desk.lock:
            if form.get("seen", "") != self._decision_mark(day, unit_id):
                raise _StaleError
            line = record_decision(
                round_,
                unit_id,
                form.get("decision", ""),
                reason=form.get("reason", ""),
                time=_now(),
                by=form.get("by", "") or "plenary",
                **options,
            )

        def work(progress: Progress) -> None:
            banner = self.desk.banner  # what this board will show: windows need not say it any more
            self.desk.make_board(progress)  # the room looks at the board; nobody at the files yet
            banner["drawn"] = str(self.desk.board_version)
            self.desk.worker.touch()
            show_decisions(round_, progress=progress)

        # what windows show meanwhile: the question, also where an answer closes it
        line["asked"] = (
            line["reason"] if line["decision"] == "ask" else questions.get(line["question"], "")
        )
        # before the job: it says of the line that windows show in which board it stands
        self.desk.unit = unit_id
        self.desk.banner = {str(name): str(value) for name, value in line.items()}
        self.desk.worker.ask("decide", work)
        return self.desk.banner

    def show(self, _: Request, form: FormData) -> Response:
        """Which unit the board is at: the second window follows."""
        self.desk.unit = clean_name(_text(form, "unit"))[:40]
        if self.desk.unit != self.desk.banner.get("unit_id"):  # that unit's own page says so too
            self.desk.banner = {}
        self.desk.worker.touch()
        return Response(status_code=204)

    def keep_order(self, _: Request, form: FormData) -> Response:
        """An order by hand: into the workshop's files, and the board follows."""
        known_ids = ids_of_units(self._read_day())
        order = _text(form, "order").split(";")[:_MOST_ORDERED]
        with self.desk.lock:
            _day.write_order(self.desk.directory, [name for name in order if name in known_ids])
        self.desk.ask_board()
        return Response(status_code=204)

    def screen(self, request: Request) -> Response:
        """The board alone, for the projector; it follows the other window."""
        return self._page(request, "screen", self._read_day())

    def live_board(self, request: Request) -> Response:
        """The board as it was last made."""
        # read at once: a newer one may take its place between a look and the reading, and stay then
        for path in (self.desk.board_page for _ in range(2)):
            page = None if path is None else store.content_of(path)
            if page is not None:
                return Response(page, media_type="text/html")
        return PlainTextResponse(words.text("desk no board", self._lang(request)))

    # -- late, after ------------------------------------------------------------------------------

    def late(self, request: Request) -> Response:
        """What came after plenary had decided: each difference is a question."""
        day = self._read_day()
        return self._page(request, "late", day, notice=round_stays(day, self._lang(request)))

    def after(self, request: Request, notice: str = "") -> Response:
        """What can be made of the round, and what recurs in its activities."""
        day, lang = self._read_day(), self._lang(request)
        products = [
            {
                "name": name,
                "folder": self._folder_of(day, name),
                "noticed": self._noticed(request, name),
            }
            for name in _verbs.PRODUCTS
        ]
        suggestions = _verbs.suggestions_of(day.current.path) if day.current else []
        return self._page(
            request,
            "after",
            day,
            status=409 if notice else 200,
            notice=notice,
            products=products,
            sources=self._sources(),
            session=self._folder_of(day, _verbs.SESSION),
            suggestions=[suggestion_facts(row, lang) for row in suggestions],
            themes=[(theme, theme_said(theme, lang)) for theme in THEMES],
            pages=[name for name in _PAGES if day.current and (day.current.path / name).is_file()],
        )

    def move_to_general(self, request: Request, form: FormData) -> Response:
        """What is ticked goes to the general section, what is not goes back, all of it at once."""
        day = self._read_day()
        if day.current and _text(form, "seen") != self._marks(day)["activities"]:
            return self.after(request, words.text("desk changed meanwhile", self._lang(request)))
        ticked_ids = sorted({str(value) for value in form.getlist("id")})
        reason = clean_name(_text(form, "reason"))
        choices = {"ticked": ticked_ids, "by": "plenary", "reason": reason}
        return self._ask_product(request, "activities", choices)

    def take_programme(self, request: Request, form: FormData) -> Response:
        """The measures of the programme in force, or how far they have come: one file each."""
        upload, kind = form.get("file"), _text(form, "kind")
        if isinstance(upload, str) or upload is None or not upload.filename:
            return self._refusal(request, "desk no such choice")
        if kind not in (_day.PROGRAMME, _day.IMPLEMENTATION):
            return self._refusal(request, "desk no such choice")
        _day.keep_only_file(self.desk.directory, kind, upload.filename, upload.file)
        return self._ask_product(request, "activities")

    def make_session(self, request: Request, form: FormData) -> Response:
        """Forms and the programme with the themes of one session only."""
        if not (themes := [str(theme) for theme in form.getlist("theme") if theme in THEMES]):
            return self._refusal(request, "desk no such choice")
        return self._ask_product(request, "activities", {"session": themes})

    def make(self, request: Request, form: FormData) -> Response:
        """Make one product, in its turn."""
        if (name := _text(form, "product")) not in _verbs.PRODUCTS:
            return self._refusal(request, "desk no such choice")
        return self._ask_product(request, name)

    def _ask_product(
        self, request: Request, name: str, choices: Mapping[str, Any] = _NOTHING
    ) -> Response:
        """Have a product of the current round made, in its turn."""
        if (day := self._read_day()).current is None:
            return self._refusal(request, "desk no round")
        self.desk.ask(Errand(name, day.current.path.name, choices))
        return _back(request, "/after")

    def _folder_of(self, day: Day, name: str) -> str:
        """Where a product lies, from the workshop's folder on; nothing where it is not there."""
        if day.current is None:
            return ""
        path = _verbs.product_folder(self.desk.directory, day.current.path, name)
        return path.relative_to(self.desk.directory).as_posix() if path.is_dir() else ""

    def open_folder(self, request: Request, form: FormData) -> Response:
        """Open the folder of a product with the program that this machine opens folders with."""
        import typer

        if (name := _text(form, "product")) in (*_verbs.PRODUCTS, _verbs.SESSION):
            if path := self._folder_of(self._read_day(), name):
                typer.launch(str(self.desk.directory / path))
        elif name in _verbs.BEFORE and (folder := _verbs.done_before(self.desk.directory)[name]):
            typer.launch(str(folder))
            return _back(request, "/before")
        return _back(request, "/after")

    # -- the rest ---------------------------------------------------------------------------------

    def language(self, _: Request, form: FormData) -> Response:
        """The language of this browser."""
        lang, address = _text(form, "lang"), dict(STEPS).get(_text(form, "back"), "/")
        if unit_id := _text(form, "unit"):
            address = _of_unit(address, unit_id, _text(form, "order"))
        answer = RedirectResponse(address, status_code=303)
        if lang in words.LANGUAGES:
            answer.set_cookie(LANGUAGE_COOKIE, lang, samesite="strict", httponly=True)
        return answer

    async def events(self, request: Request) -> Response:
        """What is new since a version: answers when something is, or after some seconds."""
        raw = request.query_params.get("version", "0")
        shown_version = int(raw) if raw.isdigit() and len(raw) < 12 else 0
        version = await self.desk.worker.newer(shown_version, _POLL_SECONDS)
        state = await run_in_threadpool(self._state, self._lang(request))
        return JSONResponse({"version": version, **state})

    def _state(self, lang: str) -> dict[str, Any]:
        """What windows follow: the unit, the last decision, how far all is, and what is under way."""
        day = self._read_day()
        return {
            "unit": self.desk.unit,
            **self._decided(lang),
            "decided": progress_said(unit_facts(day, lang), lang) if day.current else "",
            "board": str(self.desk.board_version),
            "mark": self._mark(day, self._marks(day)),
            "jobs": self._jobs(lang),
        }

    def _decided(self, lang: str) -> dict[str, str]:
        """The last decision, for windows whose board is still being drawn: on which unit, and in a line.

        One more question is no new status: it comes, or goes, among those that are open.
        """
        line = self.desk.banner
        version = {"drawn": line.get("drawn", "")}
        status, decision = line.get("status", ""), line.get("decision", "")
        said = words.text(status, lang) if status else ""
        if decision in ASKING:
            question = line["asked"]
            return version | {
                "decided_unit": line["unit_id"],
                "asked": question if decision == "ask" else "",
                "closed": "" if decision == "ask" else question,
                "open_said": words.text("open_questions", lang),
                "banner": words.with_label(line["unit_id"], words.text(decision, lang), lang),
            }
        # a unit that is parked keeps its status: the room is told what was decided
        shown = words.text(decision, lang) if decision == "park" else said
        return version | {
            "decided_unit": line.get("unit_id", ""),
            "decided_status": said,
            "decided_colour": palette.ANY_STATUS.get(status, palette.HIDDEN_STATUS["rejected"]),
            "banner": words.with_label(line["unit_id"], shown, lang) if line else "",
        }

    def file_of_round(self, request: Request) -> Response:
        """A page or picture of a round, by its plain name: a path of a browser is no path here."""
        round_name, file_name = request.path_params["round"], request.path_params["name"]
        for folder in self._read_day().rounds:
            for path in folder.path.iterdir() if folder.path.name == round_name else ():
                if path.name == file_name and path.suffix in _SHOWN_ENDINGS and path.is_file():
                    return FileResponse(path)
        return self._refusal(request, "desk no such choice", 404)

    def asset(self, request: Request) -> Response:
        """The style and the script of the pages."""
        if (name := request.path_params["name"]) not in _ASSETS:
            return self._refusal(request, "desk no such choice", 404)
        return FileResponse(_ASSETS_FOLDER / name, media_type=_ASSETS[name])


def _decision_fault(form: Mapping[str, str]) -> str:
    """The phrase for what is missing in a decision, or does not go with it; empty where all is well.

    The command says the same, of its options and in English.
    """
    decision = form.get("decision", "")
    typed = {
        name for name in ("name_en", "name_ru", "outline", "into") if form.get(name, "").strip()
    }
    fitting = {"name_en", "name_ru", "outline"} if decision in AGREEING else set()
    if not clean_name(form.get("reason", "")):
        return "desk reason wanted"
    if decision == "merge":
        if "into" not in typed:
            return "desk into wanted"
        return "" if typed == {"into"} else "desk does not go together"
    return "" if typed <= fitting else "desk does not go together"


def _why_on_the_board(day: Day) -> str:
    """The phrase for why a conflict of a round that stays as it is, is settled on the board."""
    has_begun = day.current is not None and day.current.is_begun
    return "desk settle on the board" if has_begun else "desk settle as it stands"


def _of_unit(address: str, unit_id: str, order: str) -> str:
    """The address of a page at one of its units, in the order that was asked for."""
    return f"{address}?unit={quote(unit_id)}" + (f"&order={order}" if order in ORDERS else "")


def _back(request: Request, address: str, answer: Mapping[str, Any] = _NOTHING) -> Response:
    """Back to a page, or plain data where the script asked."""
    if request.headers.get("accept", "").startswith("application/json"):
        return JSONResponse(dict(answer))
    return RedirectResponse(address, status_code=303)


def _now() -> str:
    """The moment of a decision, as the command line writes it."""
    return datetime.now().astimezone().isoformat(timespec="seconds")
