"""The board of plenary: one unit a screen, in a browser without a network, and as slides."""

from __future__ import annotations

import re
import textwrap
from base64 import b64encode
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, partial
from pathlib import Path
from typing import Any, Final
from xml.sax.saxutils import escape
from zipfile import ZipFile

import jinja2
from markupsafe import Markup

from cami_units import words
from cami_units.backdrop import shadow_picture
from cami_units.documents.board_slides import Board, Slide
from cami_units.documents.html_pages import fragment, page
from cami_units.documents.unit_drawing import (
    BESIDE_LABELS,
    HEIGHT,
    LABEL_SIZES,
    LINES,
    STATUS_FILLS,
    WIDTH,
    Drawing,
    Ink,
    KeptDrawing,
    Shape,
    ink,
    signs,
)
from cami_units.drawn_pieces import Packed, archive, kept_packed, packed, piece
from cami_units.model import Imprint, Progress, clean_name, quiet
from cami_units.palette import WATER
from cami_units.words import (
    day,
    disclaimer,
    imprint_in,
    in_clauses,
    profile_name,
    round_name,
    sources,
    text,
    with_aside,
    with_label,
)

PAGES: Final = Path(__file__).parent / "pages"

# -- in a browser ---------------------------------------------------------------------------------


def write_board(
    path: Path, boards: Sequence[Board], *, imprint: Imprint, progress: Progress = quiet
) -> None:
    """Write the board as one HTML file, in every language that it comes in.

    ← → turn it over, Home goes to the overview, E opens the evidence, A the activities and F the
    fences, L changes the language.

    Parameters
    ----------
    path : Path
        The file to write.
    boards : sequence of Board
        The same units in the same order, a language each; the page opens in the first.
    imprint : Imprint
        Title, date, round, profile, sources, disclaimer.

    Notes
    -----
    The clock is the browser's; the file holds none. Maps stand in the page once: the other
    languages refer to the shapes of the first. Without scripts all units stand below one another,
    and printing gives one unit a page.
    """
    languages = [board.lang for board in boards]
    overviews = _svgs("overview", [board.overview for board in boards], languages)
    content = page(
        "board.html",
        lang=boards[0].lang,
        styles=["board.css"],
        scripts=["board.js"],
        imprint=imprint,
        pages=[
            _page_values(each_board, imprint, overview, sections)
            for each_board, overview, sections in zip(
                boards, overviews, _sections(boards, progress), strict=True
            )
        ],
        **_LOOKS,
    )
    path.write_bytes(content)


_LOOKS: Final = {"fills": STATUS_FILLS, "map_size": (WIDTH, HEIGHT)}


def _page_values(
    board: Board, imprint: Imprint, overview: _Svg | None, sections: Sequence[Markup]
) -> dict[str, Any]:
    """What the template of the board asks for, in one language."""
    return {
        "lang": board.lang,
        "title": imprint_in(imprint, board.lang).title,
        "name": text("language name", board.lang),
        "t": partial(text, lang=board.lang),
        "round_said": round_name(imprint, board.lang),
        "profile_said": profile_name(imprint.profile, board.lang),
        "date_said": day(imprint.date, board.lang),
        "disclaimer": disclaimer(imprint.disclaimer, board.lang),
        "sources": sources(imprint, board.lang),
        "progress": progress_said(board),
        "statuses": board.statuses,
        "total": board.total,
        "fences": board.fences,
        "overview": overview,
        "slides": board.slides,
        "sections": sections,
    }


def progress_said(board: Board) -> str:
    """How far plenary has come: "12 of 39 decided"."""
    return text("board progress", board.lang, decided=board.decided, total=board.total)


_SIGN: Final = Shape("", (((1.0, 2.0), (29.0, 2.0), (29.0, 14.0), (1.0, 14.0)),))
_SIGN_LINE: Final = Shape("", (((1.0, 8.0), (29.0, 8.0)),))
_SIGN_PIN: Final = Shape("", (((15.0, 1.0), (22.0, 8.0), (15.0, 15.0), (8.0, 8.0)),))
"""What a sign of the legend shows, in a box of 30 × 16."""


def _sign(kind: str) -> Shape:
    """The shape that stands for a kind in the legend."""
    shape = _SIGN_PIN if kind == "pin" else _SIGN_LINE if kind in LINES else _SIGN
    return replace(shape, kind=kind)


@dataclass(frozen=True, slots=True)
class _Svg:
    """A map on the page: what stands inside its picture, and the lines of its legend."""

    inside: Markup
    key: Markup


def _sections(boards: Sequence[Board], progress: Progress) -> list[list[Markup]]:
    """What the page says of each unit, in each of its languages: one of them a decision changes."""
    of_units = list(zip(*(board.slides for board in boards), strict=True))
    sections: list[list[Markup]] = [[] for _ in boards]
    languages = [board.lang for board in boards]
    for number, slides in enumerate(of_units, start=1):
        progress("drawing units", number, len(of_units))
        content = [repr((languages, slides)).encode()]
        of_unit = piece("section", content, partial(_drawn_sections, slides, languages))
        for of_language, section in zip(sections, of_unit, strict=True):
            of_language.append(Markup(section.decode()))
    return sections


def _drawn_sections(slides: Sequence[Slide], languages: Sequence[str]) -> list[bytes]:
    """What the page says of one unit in each language."""
    svgs = _svgs(slides[0].unit_id, [slide.drawing for slide in slides], languages)
    return [
        fragment(
            "board_unit.html",
            slide=slide,
            map=svg,
            t=partial(text, lang=lang),
            lang=lang,
            is_first=not place,
            **_LOOKS,
        ).encode()
        for place, (slide, svg, lang) in enumerate(zip(slides, svgs, languages, strict=True))
    ]


def _svgs(
    name: str, drawings: Sequence[KeptDrawing | None], languages: Sequence[str]
) -> list[_Svg | None]:
    """A map in some languages: the first holds its shapes, the others refer to them."""
    return [
        None
        if drawing is None
        else _svg(drawing.opened(), lang, f"map-{name}", is_first=not number)
        for number, (drawing, lang) in enumerate(zip(drawings, languages, strict=True))
    ]


def _svg(drawing: Drawing, lang: str, name: str, *, is_first: bool) -> _Svg:
    """A drawing as the inside of an SVG, and its legend."""
    shapes: list[tuple[str, Ink, str]] = []
    marks: list[tuple[str, Ink, str]] = []
    for shape in drawing.shapes:
        if (is_mark := shape.kind in BESIDE_LABELS) or is_first:
            drawn_shape = (shape.kind, ink(shape.kind, shape.status), _d(shape))
            (marks if is_mark else shapes).append(drawn_shape)
    status = {shape.kind: shape.status for shape in drawing.shapes}
    macros = _macros("board_map.svg")
    inside = macros.inside(
        drawing,
        name,
        shapes if is_first else None,
        marks,
        relief=b64encode(drawing.relief).decode(),
        water=WATER,
        sizes=LABEL_SIZES,
        labels=[(label.kind, label.x, label.y, clean_name(label.text)) for label in drawing.labels],
        scale=f"{words.number(drawing.bar_km, lang)} {text('km', lang)}" if drawing.bar else "",
    )
    legend = [
        (ink(kind, status[kind]), _d(_sign(kind)), text(word, lang))
        for kind, word in signs(drawing)
    ]
    return _Svg(Markup(inside), Markup(macros.key(legend)))


@cache
def _macros(file: str) -> Any:
    """The macros of a template, of which line breaks and what stands before a line are for its reader."""
    source = re.sub(r"\n\s*", "", (PAGES / file).read_text(encoding="utf-8"))
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined)
    return environment.from_string(source).module


def _d(shape: Shape) -> str:
    """A shape as the path of an SVG; lines stay open."""
    end = "" if shape.kind in LINES else "Z"
    return "".join("M" + "L".join(f"{x:g},{y:g}" for x, y in ring) + end for ring in shape.rings)


# -- as slides ------------------------------------------------------------------------------------


def _mm(millimetres: float) -> int:
    """A length in EMU, in which a slide is measured: 36,000 to a millimetre, 12,700 to a point."""
    return int(millimetres * 36_000)


def _pt(points: float) -> int:
    """A length of points in EMU."""
    return int(points * 12_700)


def _points(emu: int) -> float:
    """A length in points."""
    return emu / 12_700


# A slide of 16 : 9 as PowerPoint itself makes it, 13.33 by 7.5 inches.
_WIDE: Final = _mm(338.7)
_HIGH: Final = _mm(190.5)
_EDGE: Final = _mm(9)
_TOP: Final = _mm(24.5)
_RIGHT: Final = _mm(176)
_BODY_HIGH: Final = _mm(150)
_MAP: Final = (_EDGE, _TOP, _mm(160), _mm(128))
"""Where the map of a slide stands: left, top, width, height. Titles end above it, words begin right
of it."""


@dataclass(frozen=True, slots=True)
class _Sheet:
    """A slide as its file holds it: its shapes as XML, the picture on its map, and its notes.

    A board has hundreds of shapes with tens of thousands of points. python-pptx makes an element of
    each through some twenty calls, and half of the time of a board was that: what it would write is
    written here, to the byte.
    """

    shapes: list[str] = field(default_factory=list)
    pictures: list[bytes] = field(default_factory=list)

    def add(self, shape: str, *facts: Any) -> None:
        """Add a shape of `slide.xml` with the next number; the slide itself has the first."""
        self.shapes.append(getattr(_macros("slide.xml"), shape)(len(self.shapes) + 2, *facts))


def write_slides(path: Path, board: Board, *, imprint: Imprint) -> None:
    """Write the same board as PPTX, its maps as shapes that a presenter can enlarge.

    Parameters
    ----------
    path : Path
        The file to write.
    board : Board
        In one language: slides of two are two files.
    imprint : Imprint
        Title, date, round, profile, sources, disclaimer.

    Notes
    -----
    The dates inside are the round's, so the same slides give the same bytes. The font is one that
    every Office has.
    """
    imprint = imprint_in(imprint, board.lang)
    sheets = [_cover(imprint, board)]
    if board.overview is not None:
        sheets.append(_overview(imprint, board, board.overview.opened()))
    if board.fences:
        sheets.append(_fences(imprint, board))
    whole_slides = [(_whole(sheet, board.lang), "") for sheet in sheets]
    for number, slide in enumerate(board.slides, start=1):
        place = f"{number} / {len(board.slides)}"
        whole_slides.append(_unit_slide(slide, imprint, place, board.lang))
        sheets = _activities(slide, imprint, place, board.lang) if slide.activities else []
        whole_slides += [(_whole(sheet, board.lang), "") for sheet in sheets]
    path.write_bytes(_presentation(whole_slides, imprint, board.lang))


_Whole = tuple[Packed, Packed | None]
"""A slide that is written: its file, and that of the picture on its map."""

_OPEN: Final = {
    "types": "[Content_Types].xml",
    "book": "ppt/presentation.xml",
    "relations": "ppt/_rels/presentation.xml.rels",
    "slide": "ppt/slides/slide1.xml",
    "notes": "ppt/notesSlides/notesSlide1.xml",
}
"""Files of a presentation of one slide out of which those of many are made."""

_OF_NOTES: Final = re.compile(r"ppt/(notesMasters/|theme/theme2)")
"""Files that are there only where a slide has notes."""

_XML: Final = "<?xml version='1.0' encoding='UTF-8' standalone='yes'?>\n"
_RELATION: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


FRAME: Final = PAGES / "board.pptx"
"""A presentation of one empty slide with notes; `scripts/make_slides_frame.py` makes it."""
FRAME_TITLE: Final = "title stands here"
FRAME_NOTES: Final = "notes stand here"
FRAME_DATE: Final = "2000-01-01"
FRAME_SIZE: Final = (_WIDE, _HIGH)


def _frame(imprint: Imprint) -> tuple[dict[str, str], dict[str, Packed]]:
    """What a presentation has beside its slides: the files of :data:`_OPEN`, and the others."""
    with ZipFile(FRAME) as source:
        parts = {name: source.read(name) for name in source.namelist()}
    # what Office shows of a file may have 255 letters
    title = escape(clean_name(imprint.title)[:255])
    properties = parts["docProps/core.xml"].decode().replace(FRAME_DATE, imprint.date)
    parts["docProps/core.xml"] = properties.replace(FRAME_TITLE, title).encode()
    texts = {key: parts.pop(name).decode() for key, name in _OPEN.items()}
    others = {
        name: packed(part)
        for name, part in parts.items()
        if not name.startswith(("ppt/slides/", "ppt/notesSlides/"))
    }
    return texts, others


def _presentation(slides: Sequence[tuple[_Whole, str]], imprint: Imprint, lang: str) -> bytes:
    """A presentation of slides, each with its notes or without."""
    texts, frame = _frame(imprint)
    files = dict(frame)
    notes_head, notes_tail = texts["notes"].split(f"<a:p><a:r><a:t>{FRAME_NOTES}</a:t></a:r></a:p>")
    pictures: dict[Packed, str] = {}
    # of the presentation's relations the first six are not slides
    relations = re.findall(r"<Relationship [^>]*/>", texts["relations"])[:6]
    slide_list, n_notes = [], 0
    for number, ((body, picture), notes) in enumerate(slides, start=1):
        slide_list.append(f'<p:sldId id="{255 + number}" r:id="rId{len(relations) + 1}"/>')
        relations.append(_related(len(relations) + 1, "slide", f"slides/slide{number}.xml"))
        of_slide = [_related(1, "slideLayout", "../slideLayouts/slideLayout7.xml")]
        if picture is not None:
            # slides that lie on the same ground share its relief
            name = pictures.setdefault(picture, f"image{len(pictures) + 1}.png")
            of_slide.append(_related(2, "image", f"../media/{name}"))
            files[f"ppt/media/{name}"] = picture
        if notes:
            if not n_notes:
                target = "notesMasters/notesMaster1.xml"
                relations.append(_related(len(relations) + 1, "notesMaster", target))
            n_notes += 1
            name = f"notesSlide{n_notes}.xml"
            of_slide.append(_related(len(of_slide) + 1, "notesSlide", f"../notesSlides/{name}"))
            of_notes = [
                _related(1, "notesMaster", "../notesMasters/notesMaster1.xml"),
                _related(2, "slide", f"../slides/slide{number}.xml"),
            ]
            lines = [
                f"<a:p><a:r><a:rPr {_language(line, lang)}/>{_words(line)}</a:r></a:p>"
                for line in notes.split("\n")
            ]
            files[f"ppt/notesSlides/{name}"] = packed(
                f"{notes_head}{''.join(lines)}{notes_tail}".encode()
            )
            files[f"ppt/notesSlides/_rels/{name}.rels"] = _relations(of_notes)
        files[f"ppt/slides/slide{number}.xml"] = body
        files[f"ppt/slides/_rels/slide{number}.xml.rels"] = _relations(of_slide)
    if not n_notes:
        files = {name: file for name, file in files.items() if not _OF_NOTES.match(name)}
    files[_OPEN["relations"]] = _relations(relations)
    slide_ids = f"<p:sldIdLst>{''.join(slide_list)}</p:sldIdLst>"
    book = re.sub(r"<p:sldIdLst>.*?</p:sldIdLst>", slide_ids, texts["book"])
    files[_OPEN["book"]] = packed(book.encode())
    types = packed(_content_types(texts["types"], files).encode())
    return archive({_OPEN["types"]: types, **dict(sorted(files.items()))})


def _content_types(of_one: str, files: Collection[str]) -> str:
    """The list of what each file of a presentation is, made of that of a presentation of one slide."""
    head, *_ = of_one.partition("<Default")
    kinds = dict(re.findall(r'<Override PartName="/([^"]+)" (ContentType="[^"]+")/>', of_one))
    for name in files:
        for one in (_OPEN["slide"], _OPEN["notes"]):
            if name.startswith(one.removesuffix("1.xml")):
                kinds[name] = kinds[one]
    defaults = re.findall(r'<Default Extension="[^"]+" ContentType="[^"]+"/>', of_one)
    if any(name.endswith(".png") for name in files):
        defaults.append('<Default Extension="png" ContentType="image/png"/>')
    overrides = [
        f'<Override PartName="/{name}" {kind}/>'
        for name, kind in sorted(kinds.items())
        if name in files
    ]
    return f"{head}{''.join(sorted(defaults))}{''.join(overrides)}</Types>"


def _related(number: int, kind: str, target: str) -> str:
    """A relation of a file of a presentation to another."""
    return f'<Relationship Id="rId{number}" Type="{_RELATION}/{kind}" Target="{target}"/>'


def _relations(lines: Sequence[str]) -> Packed:
    """The file of the relations of a file."""
    head = '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    return packed(f"{_XML}{head}{''.join(lines)}</Relationships>".encode())


def _language(line: str, lang: str) -> str:
    """The language of a line as its run says it: Chinese by its signs, of what is in letters that of the slides.

    Signs without it have the commas of Taiwan, in the middle of their square.
    """
    tag = text("language tag", lang)
    return f'lang="zh-CN" altLang="{tag}"' if _CHINESE.search(line) else f'lang="{tag}"'


_CHINESE: Final = re.compile("[\u3000-\u9fff\uff00-\uffef]")
_RUN: Final = re.compile(r"<a:rPr (.*?</a:rPr><a:t>([^<]*))")


def _whole(sheet: _Sheet, lang: str) -> _Whole:
    """A slide as the file that it is, and its picture."""
    shapes = _RUN.sub(
        lambda run: f"<a:rPr {_language(run[2], lang)} {run[1]}", "".join(sheet.shapes)
    )
    slide = _macros("slide.xml").slide(_XML, _RELATION, shapes)
    picture = packed(sheet.pictures[0]) if sheet.pictures else None
    return packed(slide.encode()), picture


def _cover(imprint: Imprint, board: Board) -> _Sheet:
    """The first slide: what this is, of when, and what is to be said of it."""
    slide, lang = _Sheet(), board.lang
    width = _WIDE - 2 * _EDGE
    _write(slide, imprint.title, _EDGE, _mm(45), width, _mm(40), size=34, bold=True)
    n_units = with_label(text("units", lang), board.shown, lang)
    facts = f"{round_name(imprint, lang)} · {day(imprint.date, lang)} · {n_units}"
    _write(slide, facts, _EDGE, _mm(88), width, _mm(12), size=20)
    profile = with_label(text("profile", lang), profile_name(imprint.profile, lang), lang)
    _write(slide, profile, _EDGE, _mm(101), width, _mm(12), size=16)
    small = [text("indicative", lang)] if imprint.indicative else []
    small += [
        disclaimer(imprint.disclaimer, lang),
        with_label(text("sources", lang), in_clauses(sources(imprint, lang), lang), lang),
    ]
    _write(slide, "\n".join(small), _EDGE, _mm(140), width, _mm(42), size=11)
    return slide


def _overview(imprint: Imprint, board: Board, drawing: Drawing) -> _Sheet:
    """All units on one map, how many are decided, and their list."""
    slide, lang = _Sheet(), board.lang
    _write_title(slide, progress_said(board), _WIDE - 2 * _EDGE)
    _draw(slide, drawing, _MAP, lang)
    signs_of_statuses = [
        (status, with_label(phrase, count, lang))
        for status, phrase, count in board.statuses
        if count
    ]
    for number, (status, phrase) in enumerate(signs_of_statuses):
        x, y = _EDGE + (number % 2) * _mm(80), _mm(155.5) + (number // 2) * _mm(5.2)
        look = Ink("333333", 0.8, STATUS_FILLS.get(status, "999999"), 1.0)
        # The signs are 30 wide in their own units, and 7 mm on the slide.
        _add_shape(slide, _sign(""), look, x, y, _mm(7) / 30)
        _write(slide, phrase, x + _mm(8.5), y, _mm(70), _mm(5), size=9)
    lines = [
        with_aside(
            f"{'✓ ' if unit.standing else ''}{unit.unit_id} {unit.name}",
            f"{len(unit.questions)}?" if unit.questions else "",
            lang,
        )
        for unit in board.slides
    ]
    # two columns beside the map: a list of forty in one would be too small to read
    half = (len(lines) + 1) // 2
    width = (_WIDE - _RIGHT - _EDGE) // 2 - _mm(1)
    room, columns = (_points(width), _points(_BODY_HIGH)), (lines[:half], lines[half:])
    # one size for both: two columns of different letters look like two lists
    size = min(_fitted(column, *room, sizes=_LIST_SIZES)[1] for column in columns)
    for number, column in enumerate(columns):
        fitting, _ = _fitted(column, *room, sizes=(size,))
        left = _RIGHT + number * (width + _mm(2))
        _write(slide, "\n".join(fitting), left, _TOP, width, _BODY_HIGH, size=size)
    _write_foot(slide, imprint, lang, "")
    return slide


_LIST_SIZES: Final = (12.0, 11.0, 10.0, 9.0, 8.0, 7.0)
"""Type sizes of the list of all units: both of its columns have the same."""


def _fences(imprint: Imprint, board: Board) -> _Sheet:
    """Which fence first: a table of the first stretches, and what it leaves out."""
    slide, lang = _Sheet(), board.lang
    _write_title(slide, text("which fence first", lang), _WIDE - 2 * _EDGE)
    widths = [_mm(100), _mm(220.7)]
    # the caution stands below, however long the table is: it goes on at no other slide
    size, _ = _table_pages(board.fences, widths, _mm(160) - _TOP, _FENCE_SIZES)
    heads = [text(key, lang) for key in ("fence column", "fence column says")]
    _write_table(slide, heads, board.fences, widths, size)
    _write(slide, text("fence caution", lang), _EDGE, _mm(160), _WIDE - 2 * _EDGE, _mm(12), size=11)
    _write_foot(slide, imprint, lang, "")
    return slide


_FENCE_SIZES: Final = (12.0, 11.0, 10.0, 9.0, 8.0)


def _unit_slide(unit: Slide, imprint: Imprint, place: str, lang: str) -> tuple[_Whole, str]:
    """The slide of a unit, and its notes. A decision changes one: the others are kept, if anywhere."""

    def drawn() -> list[bytes]:
        """Its file, its notes, and its picture if it has one."""
        slide = _Sheet()
        notes = _draw_unit(slide, unit, imprint, place, lang)
        body, picture = _whole(slide, lang)
        return [bytes(body), "\n".join(notes).encode(), *([bytes(picture)] if picture else [])]

    body, notes, *pictures = piece("slide", [repr((unit, imprint, place, lang)).encode()], drawn)
    picture = kept_packed(pictures[0]) if pictures else None
    return (kept_packed(body), picture), notes.decode()


def _draw_unit(slide: _Sheet, unit: Slide, imprint: Imprint, place: str, lang: str) -> list[str]:
    """The map on the left, what is to be said on the right, the decision on top; lines for the notes."""
    _write_heading(slide, unit)
    if unit.drawing is not None:
        drawing = unit.drawing.opened()
        _draw(slide, drawing, _MAP, lang)
        _draw_key(slide, drawing, _EDGE, _mm(156), lang)
    top, width = _TOP, _WIDE - _RIGHT - _EDGE
    if unit.standing:
        decision, size = _shortened(unit.standing, _points(width), _points(_mm(12)), _SIZES)
        paragraphs = _paragraphs(decision, size=size, bold=True, centre=True, ink="FFFFFF")
        look = Ink("143d26", 0.5, "143d26", 1.0)
        _add_box(slide, "rect", (_RIGHT, top, width, _mm(13)), look, paragraphs)
        top += _mm(15)
    body, height = _body(unit, lang), _TOP + _BODY_HIGH - top
    lines, size = _fitted(body, _points(width), _points(height))
    _write(slide, "\n".join(lines), _RIGHT, top, width, height, size=size)
    _write_foot(slide, imprint, lang, place)
    notes = [*body, *unit.decisions] if lines != body else list(unit.decisions)
    return list(map(clean_name, notes))


def _shadows(drawing: Drawing) -> bytes:
    """The relief of a drawing as shadows to lay on its land."""
    [shadows] = piece("shadows", [drawing.relief], lambda: [shadow_picture(drawing.relief)])
    return shadows


def _activities(unit: Slide, imprint: Imprint, place: str, lang: str) -> list[_Sheet]:
    """What is to be done in a unit: by theme, the old text beside the new, dropped ones struck out.

    In the largest letters in which all of it fits one slide; else on as many slides as it takes.
    """
    rows = [(theme, row) for theme, activities in unit.activities for row in activities]
    # The column of the old text is there only where something was changed.
    keys = ["column theme", "before", "after", "column timeframe"]
    widths = [_mm(46), _mm(112), _mm(112), _mm(50.7)]
    if not any(row.old_text for _, row in rows):
        keys = ["column theme", "column text", "column timeframe"]
        widths = [_mm(46), _mm(214), _mm(60.7)]
    cells = [
        [theme, *([row.old_text] if len(keys) == 4 else []), row.text, row.facts]
        for theme, row in rows
    ]
    size, pages = _table_pages(cells, widths, _mm(_TABLE_HIGH), _TABLE_SIZES)
    slides = [_Sheet() for _ in pages]
    for number, (slide, page_rows) in enumerate(zip(slides, pages, strict=True), start=1):
        _write_heading(slide, unit, f" ({number} / {len(pages)})" if len(pages) > 1 else "")
        dropped = [line for line, at in enumerate(page_rows) if rows[at][1].is_dropped]
        struck = {(line, len(keys) - 2) for line in dropped}
        heads = [text(key, lang) for key in keys]
        _write_table(slide, heads, [cells[at] for at in page_rows], widths, size, struck)
        _write_foot(slide, imprint, lang, place)
    return slides


def _write_table(
    slide: _Sheet,
    heads: Sequence[str],
    cells: Sequence[Sequence[str]],
    widths: Sequence[int],
    size: float,
    struck: Collection[tuple[int, int]] = (),
) -> None:
    """A table below the title of a slide; `struck` are the cells, line and column, struck out."""
    high = _mm(8)
    rows = [[_paragraphs(head, size=size, bold=True, ink="FFFFFF") for head in heads]]
    rows += [
        [
            _paragraphs(content, size=size, struck=(line, n) in struck)
            for n, content in enumerate(row)
        ]
        for line, row in enumerate(cells)
    ]
    box = (_EDGE, _TOP, sum(widths), high * len(rows))
    slide.add("table", box, widths, rows, high)


def _table_pages(
    cells: Sequence[Sequence[str]], widths: Sequence[int], high: int, sizes: Sequence[float]
) -> tuple[float, list[list[int]]]:
    """The largest letters in which all rows fit one slide, and the rows of each slide.

    In the smallest letters as many slides as it takes.
    """
    for size in sizes:
        heights = [_row_height(row, widths, size) for row in cells]
        # the head of the table is a row too
        pages = _dealt(heights, _points(high) - _LEADING * size - _ROW_EDGE)
        if len(pages) == 1:
            break
    return size, pages


_TABLE_SIZES: Final = (16.0, 14.0, 12.0)
"""Type sizes of a table of activities, points: what does not fit at the last goes on."""

_TABLE_HIGH: Final = 150.0
"""How high such a table may be, mm: from the title down to the foot."""

_ROW_EDGE: Final = 9.0
"""What the margins of a row of a table add to the lines in it, points."""


def _row_height(line: Sequence[str], widths: Sequence[int], size: float) -> float:
    """How high a row of a table is, in points: as its fullest cell."""
    # a cell keeps its own margins at its sides, a tenth of an inch each
    room = [_points(width) - 14.4 for width in widths]
    rows = [_rows(words_in, width, size) for words_in, width in zip(line, room, strict=True)]
    return max(rows) * size * _LEADING + _ROW_EDGE


def _dealt(heights: Sequence[float], room: float) -> list[list[int]]:
    """The numbers of rows page by page: as many to each as fit, at least one."""
    pages: list[list[int]] = [[]]
    left = room
    for number, height in enumerate(heights):
        if height > left and pages[-1]:
            pages.append([])
            left = room
        pages[-1].append(number)
        left -= height
    return pages


def _write_heading(slide: _Sheet, unit: Slide, part: str = "") -> None:
    """Id and name of a unit, and its status as a badge."""
    _write_title(slide, f"{unit.unit_id}  {unit.name}{part}", _mm(250))
    fill = STATUS_FILLS.get(unit.status, "999999")
    room, sizes = (_points(_mm(60)), _points(_mm(7))), (12.0, 11.0, 10.0, 9.0, 8.0)
    phrase, size = _shortened(unit.status_said, *room, sizes)
    paragraphs = _paragraphs(phrase, size=size, bold=True, centre=True, ink=_readable(fill))
    box = (_WIDE - _EDGE - _mm(62), _mm(7), _mm(62), _mm(11))
    _add_box(slide, "roundRect", box, Ink("333333", 1.0, fill, 1.0), paragraphs)


def _readable(fill: str) -> str:
    """Black or white, whichever can be read on this colour (relative luminance of WCAG 2)."""
    channels = [int(fill[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    # where black and white stand out alike: (L + 0.05)² = 1.05 × 0.05
    return "1B1B1B" if luminance > 0.179 else "FFFFFF"


def _write_title(slide: _Sheet, title: str, width: int) -> None:
    """A title in the largest letters in which it stays above the map, on one line or two."""
    height = _mm(18)
    shortened, size = _shortened(title, _points(width), _points(height), _TITLE_SIZES)
    _write(slide, shortened, _EDGE, _mm(5), width, height, size=size, bold=True)


def _write_foot(slide: _Sheet, imprint: Imprint, lang: str, place: str) -> None:
    """What every slide says of itself, small."""
    parts = [
        clean_name(imprint.title),
        round_name(imprint, lang),
        day(imprint.date, lang),
        place,
        text("indicative", lang) if imprint.indicative else "",
    ]
    foot = " · ".join(part for part in parts if part)
    lines, width, height = [foot, disclaimer(imprint.disclaimer, lang)], _WIDE - 2 * _EDGE, _mm(12)
    _, size = _fitted(lines, _points(width), _points(height), sizes=_FOOT_SIZES)
    _write(slide, "\n".join(lines), _EDGE, _mm(178), width, height, size=size)


def _said_in(decision: str) -> set[str]:
    """A line of the log, and its parts without the quotes around what was typed."""
    return {decision, *(part.strip('“”«»‹›"') for part in decision.split(" · "))}


def _body(unit: Slide, lang: str) -> list[str]:
    """What a slide says beside its map, the most important first."""
    by = unit.proposed_by
    lines = [with_label(text("proposed by", lang), by, lang)] if by else []
    lines += [f"? {question}" for question in unit.questions]
    changed = [(label, f"{before} → {after}") for label, before, after in unit.compared]
    lines += [with_label(label, value, lang) for label, value in (*changed, *unit.facts)]
    lines.append("  ".join(f"{name}{_GLUE}{mark}" for name, mark, _, _ in unit.criteria))
    # what is parked or asked stands above as a question, and who wrote it down among the notes
    told = {unit.standing, *unit.questions}
    earlier = [line for line in unit.decisions if not told.intersection(_said_in(line))]
    # the one that stands is in the banner; of the others the last two
    lines += [f"• {decision}" for decision in earlier[-2:]]
    return [*lines, *unit.remarks]


_SIZES: Final = (16.0, 14.0, 12.0, 11.0)
"""Type sizes of a slide, points: nothing smaller is read in a room."""

_FOOT_SIZES: Final = (8.0, 7.0, 6.0)

_TITLE_SIZES: Final = (26.0, 22.0, 20.0, 18.0, 16.0, 14.0)

_FONT: Final = "Arial"
"""Every Office has it, or one of the same widths (Liberation Sans)."""

_LETTER: Final = 0.62
"""Width of a letter beside its size, in sans-serif fonts: wider than the mean of either alphabet."""

_AFTER: Final = 0.25
"""Space after a paragraph beside its size."""

_LEADING: Final = 1.45
"""Height of a line beside its size, the space after a paragraph included."""


def _fitted(
    lines: Sequence[str], width: float, height: float, *, sizes: Sequence[float] = _SIZES
) -> tuple[list[str], float]:
    """The lines that fit a box of these points, and the largest size at which they do.

    What does not fit at the smallest size is left to the notes of the slide, and "…" says so.
    """
    # The largest first: a slide is read from the back of a room.
    for size in sizes:
        rows = sum(_rows(line, width, size) for line in lines)
        # the space after a paragraph stands once, however many rows it has
        if (rows * (_LEADING - _AFTER) + len(lines) * _AFTER) * size <= height:
            return list(lines), size
    fitting, room = [], height / (sizes[-1] * _LEADING) - 1
    for line in lines:
        room -= _rows(line, width, sizes[-1])
        if room < 0:
            break
        fitting.append(line)
    return [*fitting, "…"], sizes[-1]


def _shortened(line: str, width: float, height: float, sizes: Sequence[float]) -> tuple[str, float]:
    """One line of text in the largest letters in which it fits a box; in the smallest, cut by words."""
    for size in sizes:
        if _rows(line, width, size) * size * _LEADING <= height:
            return line, size
    size = sizes[-1]
    # As many letters as the rows of the box hold, less the sign that something is missing.
    letters = int(width / (_LETTER * size)) * max(1, int(height / (size * _LEADING)))
    return textwrap.shorten(line, letters - 2, placeholder=" …"), size


def _rows(line: str, width: float, size: float) -> int:
    """How many rows a line takes when it is broken between words."""
    letters = max(1, int(width / (_LETTER * size)))
    return len(textwrap.wrap(line, letters, break_on_hyphens=False)) or 1


def _write(
    slide: _Sheet,
    content: str,
    left: int,
    top: int,
    width: int,
    height: int,
    *,
    ground: Ink | None = None,
    wraps: bool = True,
    **letters: Any,
) -> None:
    """A text box, on a ground if its letters need one; `letters` as :func:`_paragraphs` takes them.

    One that does not wrap keeps its line whole where an Office has only wider letters.
    """
    paragraphs, box = _paragraphs(content, **letters), (left, top, width, height)
    slide.add("text_box", box, paragraphs, ground, wraps, letters.get("centre", False))


def _add_box(
    slide: _Sheet, form: str, box: tuple[int, int, int, int], look: Ink, said: str = ""
) -> None:
    """A box of a form of DrawingML with paragraphs in its middle."""
    slide.add("box", form, box, look, _line_width(look), said)


def _line_width(look: Ink) -> int:
    """How thick a line is, beside the map as on the page: 800 pixels of a drawing are 160 mm here."""
    return round(look.width * _MAP[2] / WIDTH)


def _paragraphs(
    content: str,
    *,
    size: float,
    bold: bool = False,
    centre: bool = False,
    struck: bool = False,
    haloed: bool = False,
    ink: str = "1B1B1B",
) -> str:
    """Lines of text as XML, in the font of the slides; `haloed`: to be read on a dark shape."""
    lines: str = _macros("slide.xml").paragraphs(
        [_words(line) for line in content.split("\n")],
        _pt(size) // 127,
        _pt(size * _AFTER) // 127,
        *(_FONT, bold, centre, struck, haloed, ink),
    )
    return lines


_GLUE: Final = "\N{NO-BREAK SPACE}"


def _words(line: str) -> str:
    """The text of a paragraph; no line ends within "12 345", nor between a criterion and its mark."""
    content = escape(_GLUE.join(map(clean_name, line.split(_GLUE))))
    return f"<a:t>{content}</a:t>" if content else "<a:t/>"


def _draw(slide: _Sheet, drawing: Drawing, box: tuple[int, int, int, int], lang: str) -> None:
    """A map in its box on a slide: shapes, labels and the bar of its scale."""
    left, top, width, height = box
    scale = min(width / drawing.width, height / drawing.height)
    frame = (left, top, round(drawing.width * scale), round(drawing.height * scale))
    _add_box(slide, "rect", frame, Ink("999999", 0.8, WATER.removeprefix("#"), 1.0))
    # states and disputed ground are land: the shadows lie on all of it, once
    ground = [number for number, shape in enumerate(drawing.shapes) if shape.kind == "land"]
    for number, shape in enumerate(drawing.shapes):
        _add_shape(slide, shape, ink(shape.kind, shape.status), left, top, scale)
        if drawing.relief and number in ground[-1:]:
            slide.pictures.append(_shadows(drawing))
            slide.add("picture", frame)
    for label in drawing.labels:
        # a pixel of the drawing is 0.57 points of its 160 mm; below seven points nothing can be
        # read
        size = max(7.0, LABEL_SIZES[label.kind] * 0.6)
        on_unit = label.kind in ("unit", "id")
        # bold capitals and digits of the font are six tenths of its size wide: no more of the map
        half = _pt(len(label.text) * size * 0.3 + 1.5) if on_unit else _mm(30)
        high = _pt(size * 1.15) if on_unit else _mm(6)
        x, y = left + round(label.x * scale), top + round(label.y * scale)
        _write(
            slide,
            label.text,
            x - half,
            y - _mm(1) - high // 2,
            2 * half,
            high,
            # not every Office draws a glow: on a dark unit letters need a ground
            ground=_LETTERS_GROUND if on_unit else None,
            wraps=False,
            size=size,
            bold=label.kind in ("unit", "id", "state"),
            centre=True,
            haloed=True,
        )
    if drawing.bar:
        bottom = top + round((drawing.height - 14) * scale)
        slide.add("bar", (left + _mm(4), bottom, round(drawing.bar * scale), 0), _pt(2))
        scale_words = f"{words.number(drawing.bar_km, lang)} {text('km', lang)}"
        # a coast or border may run below it
        box = (left + _mm(4), bottom - _mm(5.5), _mm(17), _mm(4.6))
        _write(slide, scale_words, *box, ground=_LETTERS_GROUND, wraps=False, size=9)


_LETTERS_GROUND: Final = Ink("", 0.0, "FFFFFF", 0.75)
"""What lies under letters on a dark unit or a line: not every Office draws a glow round them."""


def _draw_key(slide: _Sheet, drawing: Drawing, left: int, top: int, lang: str) -> None:
    """The legend below the map: three signs a row."""
    scale = _mm(7) / 30
    status = {shape.kind: shape.status for shape in drawing.shapes}
    own_signs = signs(drawing)
    for place, (kind, word) in enumerate(own_signs):
        x, y = left + (place % 3) * _mm(54), top + (place // 3) * _mm(5.2)
        _add_shape(slide, _sign(kind), ink(kind, status[kind]), x, y, scale)
        # the last sign has the rest of its row
        columns = 3 - place % 3 if place == len(own_signs) - 1 else 1
        wide = _mm(54 * columns - 9)
        # a sixth to spare: an Office with wider letters must not break a line, over the row below
        phrase, size = _shortened(
            text(word, lang), _points(wide) * 5 / 6, _points(_mm(5)), (9.0, 8.0, 7.0, 6.0)
        )
        _write(slide, phrase, x + _mm(8.5), y, wide, _mm(5), size=size)


def _add_shape(slide: _Sheet, shape: Shape, look: Ink, left: int, top: int, scale: float) -> None:
    """All rings of a shape as the contours of one freeform."""
    closed = shape.kind not in LINES
    rings = [[(round(x * scale), round(y * scale)) for x, y in ring] for ring in shape.rings]
    xs, ys = ([point[axis] for ring in rings for point in ring] for axis in (0, 1))
    x, y = min(xs), min(ys)
    size = max(xs) - x, max(ys) - y
    contours = "".join(_contour([(px - x, py - y) for px, py in ring], closed) for ring in rings)
    painted = look if closed else replace(look, fill="")
    slide.add("freeform", (left + x, top + y, *size), contours, painted, _line_width(look))


def _contour(ring: Sequence[tuple[int, int]], closed: bool) -> str:
    """A ring, counted from the corner of its freeform, as XML."""
    first, *others = (f'<a:pt x="{x}" y="{y}"/>' for x, y in ring)
    lines = "".join(f"<a:lnTo>{point}</a:lnTo>" for point in others)
    return f"<a:moveTo>{first}</a:moveTo>{lines}" + "<a:close/>" * closed
