"""The ids of units in words: how people type, number, list, reject and leave out units, and what is a name of one.

In four languages, on their keyboards: a Cyrillic С and У, wide Chinese letters, "units 3 to 5", 2号至4号单元.
Nothing here knows where a shape lies: what a line says is read, and who knows the ground decides.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache, lru_cache
from itertools import count, pairwise, product
from string import ascii_lowercase
from typing import Final

from cami_units.model import clean_name

UNIT_ID: Final = re.compile(r"CU-\d{1,6}[a-z]*")
"""An id as ids are written."""

_X: Final = r"(?:[\[(\"“„«]\s*[XxХхΧχ×✗✘❌✕✖]\s*[\])\"”“»]|[XxХхΧχ×✗✘❌✕✖]{1,3})"
_REJECTED: Final = re.compile(
    rf"{_X}(?:\s*[-–—:.,_]\s+|\s*[–—:.,_]\s*|\s+[-–—]\s*|\s+|(?=\s*[-_/]?\s*[CcСс][UuУу]\W?\d)[\s\-_/]*|$)"
)
"""A Latin, Cyrillic or Greek X, or a cross, in front: whoever types on a Russian keyboard means the same.
A hyphen with a letter behind it ("X-ray") is part of a name, unless the letters are those of an id.
"""
# A Chinese keyboard writes Latin letters and digits as wide as its own: Ｘ ＣＵ－００６.
_WIDE: Final = str.maketrans(
    {chr(code + 0xFEE0): chr(code) for code in range(0x30, 0x7B)} | {"－": "-"}
)
_QUOTES: Final = "\"'“”„‟«»‘’「"
# С and У stand on every Russian keyboard and look the same: each letter may be of either alphabet.
# With case these compile in no time: without, `re` looks at each of 27,000 letters.
_SIGN: Final = r"(?-i:[^\W_\u3400-\u9fff])"
"""A letter or digit, but of Chinese, which is written without spaces: "CU-014至CU-016", "在CU-014"."""
_LETTER: Final = r"(?-i:[^\W\d_\u3400-\u9fff])"
_PIECE_BEHIND: Final = rf"([a-wyzабвгдес]{{0,3}})(?!(?![xх]){_SIGN}|[xх][^\W_])"
_ID: Final = re.compile(rf"[CС][UУ][\s\-‐‑–—_.]*0*(\d{{1,5}}){_PIECE_BEHIND}", re.IGNORECASE)
# а, б, в behind an id are its pieces, as a Russian keyboard has them: В looks like B, в does not.
# An x behind it is no piece: it rejects.
_PIECE_LETTERS: Final = str.maketrans("абвгдесАБВГДЕС", "abvgdecabbgdec")
_IDS: Final = re.compile(rf"{_ID.pattern}(?:\s*[+&/,;]\s*{_ID.pattern})*", re.IGNORECASE)
"""The ids in front of a name: of a merge people write all of them."""
_TO_A_PLACE: Final = r"到|(?<=\s)(?:to|till|до|хүртэл)(?=\s)"
"""What is as well said of ground: "extend CU-003 to CU-005"."""
_TO: Final = (
    r"\s*(?:-?(?:аас|ээс|оос|өөс)(?=\s)|[-‐‑–—−~～…至]|\.{2,3}|(?<=\s)(?:thru|through|по)(?=\s)"
    rf"|{_TO_A_PLACE})\s*"
)
_AND: Final = r"(?:[;,，；、+&/和及与]|(?<=\s)(?:and|и|болон|ба)(?=\s))"
_MONTH: Final = (
    r"(?!(?-i:may)\s+[^\W\d_])"  # "unit 5 may be larger"
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?"
    r"|nov(?:ember)?|dec(?:ember)?|янв(?:ар[ья])?|фев(?:рал[ья])?|марта?|апр(?:ел[ья])?|ма[йя]|ию[нл][ья]?"
    r"|авг(?:уста?)?|сент?(?:ябр[ья])?|окт(?:ябр[ья])?|ноя(?:б(?:р[ья])?)?|дек(?:абр[ья])?|сар(?:ын)?)(?![^\W\d_])"
)
_NO_DATE: Final = (
    r"(?!\d{1,2}(?:[./-]\d{1,2}[./-]\d\d|[./-](?:19|20)\d\d(?!\d)|\s*[-–—]\s*\d{1,2}\.\d|[.:]\d"
    rf"|(?:[-–]\d{{1,2}})?(?:st|nd|rd|th|-?(?:го|ого|ний|ны))?\.?\s*{_MONTH})"
    r"|(?:19|20)\d\d(?!\d)|\d{1,4}\s*[年月日])"
)
"""Before a number that may be that of a unit: no day, month, year or hour, as in "09.2026", "9 May", 9月."""
_TYPED_IDS: Final = re.compile(
    rf"(?<!{_SIGN})({_ID.pattern})(?:{_TO}({_ID.pattern}|{_NO_DATE}\d{{1,5}}(?=\s*(?:$|{_AND}|\)))))?",
    re.IGNORECASE,
)
"""An id, or two with what means "to" between them: "CU-004–CU-006", "cu 4 to 6", "CU-004-006"."""
_NEXT_NUMBER: Final = re.compile(
    rf"({_AND})\s*{_NO_DATE}(?=\d{{1,3}}\s*(?:$|{_AND}|\)|[-‐‑–—−]\s*\d))", re.IGNORECASE
)
"""Before a number in a list that began with an id: "CU-004, 006", "CU-004 and 006"."""
_ONLY_NUMBERS: Final = re.compile(
    rf"(?:(?:from|со?)\s+|从)?(\d{{1,3}}(?:(?:{_TO}|\s*{_AND}\s*){_NO_DATE}\d{{1,3}})+)",
    re.IGNORECASE,
)
"""A list of bare numbers: "3; 4", "3 and 4", "3–5", "с 3 по 5"."""
_NO: Final = r"(?:№|#|n[°º]|(?:no|nr|num|number|ном|номер|дугаар)(?![^\W\d_])\.?|编号)"
_UNIT_WORD: Final = (
    r"(?:(?:(?:(?:priority\s+)?conservation\s+)?units?|p\.?c\.?us?|ед\.?(?=\s*(?:№|\d))|(?:природоохранн\w+\s+)?единиц(?:[аеуы]|ей|а?ми?|ах)?"
    r"|нэгж(?:ийг|ийн|ид|тэй|үүд\w*)?)"
    rf"(?:(?!{_LETTER})|(?=ээс\s))|(?:保护)?单元)"
)
_UNIT: Final = rf"(?:{_UNIT_WORD}|(?:ед|участ(?:ок|ка|ки|ку)|ку)(?![^\W\d_]))"
_GAP: Final = r"[\s\-‐‑–—_.:]*"
_NUMBERED: Final = (
    rf"(?:{_UNIT}{_GAP}(?:{_NO}{_GAP})?|{_NO}{_GAP}){_NO_DATE}0*(\d{{1,5}})号?{_PIECE_BEHIND}",
    rf"第?\s*{_NO_DATE}0*(\d{{1,5}})()(?:号(?:{_UNIT})?|[\s\-‐‑–—]*(?:я|р|st|nd|rd|th)?\s*{_UNIT})",
)
"""The number of a unit as people say it: "Unit 9", "unit no. 9", "№ 9", "Участок 12", 单元-008, "9-р нэгж"."""
_NO_MEASURE: Final = (
    r"(?![.,]?\d|(?:\s*[-–—]\s*\d{1,5})?\s*"
    r"(?:%|平方|公里|千米|公顷|米|只|头|匹|个|群|天|周|小时|(?:(?:sq|кв|дөрвөлжин)\.?\s*)?"
    r"(?:k?m|к?м|ha|га|hectares?|kilomet\w+|met(?:er|re)s?|(?:кило)?метр\w*|гектар\w*"
    r"|hours?|days?|weeks?|months?|years?|час(?:а|ов)?|д(?:ень|ня|ней)|недел[яиью]|месяц(?:а|ев)?|лет|года?"
    r"|цаг|өдөр|хоног|долоо|жил)(?![^\W\d_])))"
)
"""Behind a number within other words, which may be that of a unit: "the unit 5 km north" counts kilometres,
"units 3-5 days a month" days.
"""
_NUMBER_IN_WORDS: Final = rf"(?:{_NO}{_GAP})?{_NO_DATE}\d{{1,5}}{_PIECE_BEHIND}(?:{_NO_MEASURE}|(?=,\d{{1,3}}\s*(?:$|{_AND}|[-‐‑–—−]\d)))"
_BETWEEN_NUMBERS: Final = rf"(?:{_TO}|\s*(?:{_AND}|或|(?<=\s)(?:with|со?|or|или|эсвэл)(?=\s))\s*)"
_ORDINAL: Final = (
    r"(?:号|\s*-?\s*(?:я|ю|й|[оае][йяю]|ую|р|дүгээр|дугаар|дэх|дахь|st|nd|rd|th)(?![^\W\d_]))"
)
_COUNTED: Final = rf"{_NO_DATE}\d{{1,5}}"
_UNITS_WORD: Final = (
    r"(?:units|единиц(?:[аы]ми?|ах|ы)|нэгжүүд\w*|(?:保护)?单元)\s*(?:(?<=\s)(?:from|со?|от)\s+)?"
)


@cache
def _in_a_sentence() -> re.Pattern[str]:
    """Units within other words: "extend CU-014 to here", "merge units 3 and 4", 合并3号和4号单元.

    Behind a single unit a further number is one only where nothing follows that it may count: "unit 3 and 12 argali".
    Compiled when a sentence is read: a decision need not wait for it.
    """
    return re.compile(
        rf"(?<!{_SIGN})(?:{_UNITS_WORD}{_NUMBER_IN_WORDS}"
        rf"(?:{_BETWEEN_NUMBERS}{_NUMBER_IN_WORDS})+"
        rf"|(?:{_ID.pattern}|{_UNIT_WORD}(?:\s*{_NO}{_GAP}|[\s_]*|[-‐‑–—]){_NUMBER_IN_WORDS})"
        rf"(?:{_BETWEEN_NUMBERS}(?:(?=0\d){_NUMBER_IN_WORDS}|(?!0\d){_NUMBER_IN_WORDS}(?=\s*(?:$|{_AND}|[).:!?]|хүртэл))))*"
        # nine before the last: without a bound long lists of anything would take minutes
        rf"|(?:第\s*(?:{_COUNTED}号?{_BETWEEN_NUMBERS}第?\s*){{,9}}{_COUNTED}号?"
        rf"|(?:{_COUNTED}{_ORDINAL}?{_BETWEEN_NUMBERS}){{,9}}{_COUNTED}{_ORDINAL})\s*{_UNIT_WORD})",
        re.IGNORECASE,
    )


_NUMBERS_SAID: Final = re.compile(
    r"0*(\d{1,5})((?:(?!(?:st|nd|rd|th)\b)[a-wyzабвгдес]){0,3})", re.IGNORECASE
)
_TO_A_NUMBER: Final = re.compile(
    rf"{_ORDINAL}?(?:\s*{_UNIT_WORD})?{_TO}(?:[CС][UУ][\s\-‐‑–—_.]*|第|{_UNIT}{_GAP})?(?:{_NO}{_GAP})?",
    re.IGNORECASE,
)
"""What stands between the numbers of the two ends of a range: "3 to 5", "CU-003 … CU-005", "3-р нэгжээс 5"."""
_SAYS_WHERE_TO: Final = re.compile(_TO_A_PLACE, re.IGNORECASE)
_BEGINS_A_LIST: Final = re.compile(
    rf"(?:\A[\W_]*|(?<!{_SIGN}){_UNITS_WORD})(?:[CС][UУ]\W*|{_NO}\W*)?\Z", re.IGNORECASE
)
"""What may stand before the first of several units, where these are all that is spoken of."""
_NEAR: Final = 40
"""Letters beside a number that are looked at."""
_ONLY_NUMBERED: Final = (
    rf"{_NO_DATE}0*(\d{{1,5}})()(?:\s*\Z|[.)、](?=\s)|(?=\s+[-–—]\s))",
    rf"{_NO_DATE}0+(\d{{1,4}})()(?![^\W_])",
)
"""A number in front that may be one of a unit or of anything: "9", "009 Altai", "9. Altai"."""
_BEHIND_ID: Final = " -–—:.,_)]）】"
_BEFORE_ID: Final = re.compile(r"\A\W+(?=[CСＣ][UУＵ]\W?[\d０-９])", re.IGNORECASE)
"""Signs that people put before an id: "(CU-008)", "✅ CU-008"."""
_PART: Final = re.compile(r"\s*\((?:part|часть|部分|хэсэг)\s+\d+\)\s*$", re.IGNORECASE)
_UNTITLED: Final = re.compile(
    r"(?:untitled|unnamed|new|без\s+названия|без\s+имени|новый|новая|未命名)?\s*"
    r"(?:polygon|path|placemark|shape|line|feature|многоугольник|полигон|путь|линия|метка|"
    r"объект|多边形|路径|地标)?(?:\s+без\s+названия|\s+measure(?:ment)?)?\s*\(?\d*\)?",
    re.IGNORECASE,
)
_CYRILLIC: Final = re.compile(r"[\u0400-\u04ff]")


def rejects(name: str, *, own_names: Iterable[str] = ()) -> bool:
    """Whether a name, or what stands behind the id in front of it, begins with the X that rejects a unit.

    Parameters
    ----------
    name : str
        As somebody typed it.
    own_names : iterable of str
        Names that the unit has anyway: one of them that begins with an X rejects nothing.

    Examples
    --------
    >>> rejects("X CU-012 Wakhan"), rejects("х-CU-012"), rejects("Xinjiang steppe")
    (True, True, False)
    >>> rejects("X Valley", own_names=["X Valley"]), rejects("X-ray ridge"), rejects("X Wakhan")
    (False, False, True)
    >>> rejects("CU-012 X Wakhan"), rejects("CU-012 X Valley", own_names=["X Valley"])
    (True, False)
    >>> rejects("CU-012 x CU-020 corridor")  # what is between two units
    False
    """
    own = {clean_name(own_name).casefold() for own_name in own_names if own_name}
    typed_name = _from_its_x(_line(name))
    with_id = _IDS.match(typed_name)
    behind_id = typed_name[with_id.end() :].lstrip(_BEHIND_ID) if with_id else ""
    for said in filter(None, (typed_name, behind_id)):
        glued = re.match(rf"{_X}-", said)
        marked = _REJECTED.match(said)
        if said.casefold() in own:
            return False
        if marked and said is behind_id and _names_another(typed_name, said[marked.end() :]):
            return False
        if marked or (glued and said[glued.end() :].casefold() in own):
            return True
    return False


def _names_another(named: str, behind: str) -> bool:
    """Whether what stands behind an X begins with the id of another unit than the ids before it."""
    ids_before = unit_ids_in(named.removesuffix(behind))
    return spoken_id(behind) not in ("", *ids_before)


def _from_its_x(line: str) -> str:
    """A line without the quotes in front of an X that rejects: the how-to shows it so, and some type them."""
    unquoted = line.lstrip(_QUOTES)
    return unquoted if _REJECTED.match(unquoted) else line


def _line(typed: object) -> str:
    """What somebody typed as one line, its wide letters and digits as narrow ones: to be read, not shown."""
    line = clean_name(typed)
    return line if line.isascii() else line.translate(_WIDE)


@lru_cache(maxsize=20_000)  # evidence comes back in the file of each group, under the same names
def spoken_id(name: str) -> str:
    """The unit id at the front of a name, as ids are written, or an empty string.

    Examples
    --------
    >>> spoken_id("X cu 12 Wakhan"), spoken_id("CU-012a"), spoken_id("CUT-12"), spoken_id("Wakhan")
    ('CU-012', 'CU-012a', '', '')
    >>> spoken_id("СУ-012а Вахан")  # all three letters are Cyrillic
    'CU-012a'
    """
    match = _ID.match(_line(_unmarked(name)))
    return _written_id(match) if match else ""


def ids_in_front(name: str) -> tuple[str, ...]:
    """The ids at the front of a name, of which a merge has several, as ids are written.

    Examples
    --------
    >>> ids_in_front("X CU-004 + cu 5 Kopet Dag"), ids_in_front("Wakhan, CU-004")
    (('CU-004', 'CU-005'), ())
    """
    match = _IDS.match(_line(_unmarked(name)))
    return unit_ids_in(match[0]) if match else ()


def _written_id(match: re.Match[str]) -> str:
    """The id of a number and the letters of a piece behind it."""
    return f"CU-{int(match[1]):03d}{match[2].translate(_PIECE_LETTERS).lower()}"


@lru_cache(maxsize=1_000)  # as :func:`_unmarked`
def numbered_id(name: str, *, patterns: tuple[str, ...] = _NUMBERED) -> str:
    """The unit id at the front of a name that says it in other words, or an empty string.

    People number what they draw in the same words: only who knows where the shape lies can tell whether
    it is that unit.

    Examples
    --------
    >>> [numbered_id(name) for name in ("Unit 9", "№10", "Участок 12 Алтай", "单元-008", "9-р нэгж", "No name")]
    ['CU-009', 'CU-010', 'CU-012', 'CU-008', 'CU-009', '']
    """
    match = _match_of(patterns, _line(_unmarked(name)))
    return _written_id(match) if match else ""


def _match_of(patterns: Iterable[str], line: str) -> re.Match[str] | None:
    """How a line begins with the first of some patterns that it does begin with."""
    matches = (_compiled(pattern).match(line) for pattern in patterns)
    return next(filter(None, matches), None)


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    """A pattern that is looked for by its text: `re` remembers it too, and asks longer whether it does."""
    return re.compile(pattern, re.IGNORECASE)


def with_written_id(name: str, unit_id: str) -> str:
    """A name of a unit with its id as ids are written, where it begins with the unit's number in other words.

    Examples
    --------
    >>> [with_written_id(name, "CU-009") for name in ("X Unit 9: Altai", "009", "9. Altai", "Unit 8", "9 rivers")]
    ['X CU-009: Altai', 'CU-009', 'CU-009 Altai', 'Unit 8', '9 rivers']
    """
    if not unit_id:
        return name
    text = _unmarked(name)
    match = _match_of((*_NUMBERED, *_ONLY_NUMBERED), _line(text))
    written = _written_id(match) if match else ""
    if match is None or spoken_id(name) or unit_id not in _whole_and_piece(written):
        return name
    mark = clean_name(name).removesuffix(text)
    # letter by letter: places are those of the name itself
    return f"{mark}{written}{text[match.end() :]}"


def ids_as_written(line: str) -> str:
    """A list of units with the ids in it as ids are written, in whatever words they stand.

    Examples
    --------
    >>> ids_as_written("Unit 4; unit no. 5 Wakhan and CU-6"), ids_as_written("№ 4–6")
    ('CU-004; CU-005 Wakhan and CU-6', 'CU-004–6')
    """
    parts = re.split(rf"(\s*{_AND}\s*)", line)
    return "".join(with_written_id(part, numbered_id(part)) for part in parts)


def says_another(name: str, unit_id: str) -> bool:
    """Whether a name of a unit begins with the id of another one, or with a number that is not its own.

    Examples
    --------
    >>> [says_another(name, "CU-009") for name in ("Unit 8 Altai", "CU-010", "8. Altai", "Unit 9 Altai", "9 rivers")]
    [True, True, True, False, False]
    """
    typed = with_written_id(name, unit_id)
    said = spoken_id(typed) or numbered_id(typed, patterns=(*_NUMBERED, *_ONLY_NUMBERED))
    return bool(said) and unit_id not in _whole_and_piece(said)


def _whole_and_piece(unit_id: str) -> set[str]:
    """An id, and that of the unit that it is a piece of."""
    return {unit_id, unit_id.rstrip(ascii_lowercase)}


def unit_id_typed(typed: object) -> str:
    """The id of a unit as somebody typed it, as ids are written; what is no id, or several, stays, as one line.

    Examples
    --------
    >>> [unit_id_typed(typed) for typed in (" cu‑3 ", "CU-002 Wakhan", "unit no. 2", "Wakhan")]
    ['CU-003', 'CU-002', 'CU-002', 'Wakhan']
    >>> [unit_id_typed(typed) for typed in ("CU-002–CU-005", "CU-2, cu 3", "CU-2, 3", "CU-004至CU-006")]
    ['CU-002–CU-005', 'CU-2, cu 3', 'CU-2, 3', 'CU-004至CU-006']
    """
    line = _without_decimals(_line(typed))
    return line if len(unit_ids_listed(line)) > 1 else spoken_id(line) or numbered_id(line) or line


def _without_decimals(line: str) -> str:
    """A list of units in which no number has the ".0" of a table without whole numbers."""
    return _WHOLE_NUMBER.sub(r"\1", line)


_WHOLE_NUMBER: Final = re.compile(r"(?<![^\W_]|[.,])(\d{1,5})[.,]0*(?=\s*(?:;|\Z))")


def unit_ids_typed(typed: object) -> str:
    """Ids of units with semicolons between, as :func:`unit_id_typed`, in their order: a pair has none.

    Examples
    --------
    >>> unit_ids_typed("cu-20; CU–19"), unit_ids_typed("cu-20, CU–19"), unit_ids_typed("CU-2 to CU-4")
    ('CU-019;CU-020', 'CU-019;CU-020', 'CU-2 to CU-4')
    """
    line = _line(typed)
    parts = re.split("[;,，；、]", line)
    ids = parts if all(map(spoken_id, parts)) else line.split(";")
    return ";".join(sorted(filter(None, map(unit_id_typed, ids))))


def unit_ids_in(typed: object, unit_ids: Iterable[str] = ()) -> tuple[str, ...]:
    """All ids of units in a line, whatever stands between them, as ids are written.

    Parameters
    ----------
    typed : object
        A line.
    unit_ids : iterable of str
        The units of the round: of these a range takes in what is between its ends, where each number of it
        is that of a unit. What leads from one place to another is none ("extend CU-003 to CU-005").

    Examples
    --------
    >>> units = [f"CU-{number:03d}" for number in range(1, 9)]
    >>> [unit_ids_in(line, units) for line in ("merge units 3-5", "с CU-003 по CU-005", "extend CU-003 to CU-005")]
    [('CU-003', 'CU-004', 'CU-005'), ('CU-003', 'CU-004', 'CU-005'), ('CU-003', 'CU-005')]
    >>> [unit_ids_in(line, units) for line in ("CU-005–CU-003", "CU-007–CU-009")]
    [('CU-005', 'CU-003'), ('CU-007', 'CU-009')]
    >>> [unit_ids_in(line, units) for line in ("units 2-5 except 4", "2-5-р нэгж, 4-өөс бусад", "units 3-5 days a month")]
    [('CU-002', 'CU-003', 'CU-005'), ('CU-002', 'CU-003', 'CU-005'), ()]
    >>> many = [f"CU-{number:03d}" for number in range(1, 38)]
    >>> unit_ids_in("units 1-37", many) == tuple(many), unit_ids_in("CU-001–CU-037", many)
    (True, ('CU-001', 'CU-037'))
    >>> unit_ids_in("CU-003-2"), unit_ids_in("units 4-2")
    (('CU-003',), ('CU-004', 'CU-002'))
    >>> [unit_ids_in(line, units) for line in ("units 1,2,4-6", "ед. 3", "5 дахь нэгж", "2号至4号单元")]
    [('CU-001', 'CU-002', 'CU-004', 'CU-005', 'CU-006'), ('CU-003',), ('CU-005',), ('CU-002', 'CU-003', 'CU-004')]
    >>> unit_ids_in(" cu-3 CU–004 Wakhan"), unit_ids_in("Wakhan"), unit_ids_in("FOCU-12")
    (('CU-003', 'CU-004'), (), ())
    >>> unit_ids_in("merge with unit 11"), unit_ids_in("объединить с единицей"), unit_ids_in("road No 5")
    (('CU-011',), (), ())
    >>> unit_ids_in("move the unit 5 km north"), unit_ids_in("a good unit: 12 argali")
    ((), ())
    >>> unit_ids_in("merge units 3, 4 and 5"), unit_ids_in("unit 3 and 12 argali"), unit_ids_in("unit 9 May 2026")
    (('CU-003', 'CU-004', 'CU-005'), ('CU-003',), ())
    >>> unit_ids_in("unit 5 may be larger"), unit_ids_in("units 3 or 4"), unit_ids_in("единица 3 или 4")
    (('CU-005',), ('CU-003', 'CU-004'), ('CU-003', 'CU-004'))
    """
    line = _line(typed)
    if not _SPEAKS_OF_UNITS.search(line):
        return ()
    before, left_out = _and_left_out(line)
    # nearly every line leaves out none
    ids = _ids_within(before, unit_ids) if left_out else ()
    if not ids:
        return _ids_within(line, unit_ids)
    exceptions = unit_ids_listed(left_out, unit_ids) or _ids_within(left_out, unit_ids)
    return tuple(unit_id for unit_id in ids if unit_id not in exceptions)


_SPEAKS_OF_UNITS: Final = re.compile(r"[CС][UУ]|unit|p\.?c\.?u|ед|нэгж|单元", re.IGNORECASE)
"""What begins each way to speak of a unit within other words: most names have none of it."""


def units_spoken_of(typed: object, unit_ids: Iterable[str]) -> tuple[str, ...]:
    """As :func:`unit_ids_in`, of words that are read and not obeyed: "all units" are all of `unit_ids` here.

    Examples
    --------
    >>> units = ["CU-001", "CU-002", "CU-003"]
    >>> said = ("all units: add the buffer", "Все единицы, кроме CU-003", "所有单元", "бүх нэгж", "все: буфер")
    >>> [len(units_spoken_of(line, units)) for line in said]
    [3, 2, 3, 3, 3]
    >>> [units_spoken_of(line, units) for line in ("all herds", "not all units", "every year in CU-002")]
    [(), (), ('CU-002',)]
    >>> [units_spoken_of(line, units) for line in ("nearly all units", "не для всех единиц", "почти все единицы", "几乎所有单元")]
    [(), (), (), ()]
    >>> [len(units_spoken_of(line, units)) for line in ("all 3 units", "all 5 units", "alle Einheiten", "all units but CU-002")]
    [3, 0, 3, 2]
    """
    line, unit_ids = _line(typed), tuple(unit_ids)
    said = _ALL_UNITS.search(line)
    # "all 5 units" of 37: which ones nobody can say
    if said is None or said["count"] not in (None, str(len(unit_ids))):
        return unit_ids_in(line, unit_ids)
    _, left_out = _and_left_out(line)
    exceptions = {*unit_ids_listed(left_out), *_ids_within(left_out, unit_ids)}
    return tuple(unit_id for unit_id in unit_ids if unit_id not in exceptions)


_NOT_BEHIND: Final = "".join(
    f"(?<!{said} )"
    for said in (
        *("not", "not quite", "not for", "not in", "nearly", "almost", "hardly", "most of"),
        *("не", "не для", "не на", "не во", "не ко", "почти", "почти для", "почти на", "почти во"),
        "бараг",
    )
)
"""No word before "all" that says "not all"."""
_ALL_UNITS: Final = re.compile(
    rf"\A\W*(?:all|alle|все|всем|бүгд|所有|全部)\s*[:：]|(?<!{_SIGN}){_NOT_BEHIND}"
    rf"(?:(?:all|every|each|alle)\s+(?:of\s+)?(?:the\s+|our\s+)?|все[мх]?\s+|кажд\w+\s+|бүх\s+)(?:(?P<count>\d+)\s+)?"
    rf"(?:{_UNIT_WORD}|Einheiten|участ(?:ки|ков|кам|ках|ок|ке)(?!{_LETTER}))"
    rf"|(?<!几乎)(?<!不是)(?<!并非)(?<!非)(?:所有|全部|每个|各)的?{_UNIT_WORD}",
    re.IGNORECASE,
)


def _ids_within(line: str, unit_ids: Iterable[str]) -> tuple[str, ...]:
    """All ids of units in a line, with those of `unit_ids` that a range has between its ends."""
    matches = [*_in_a_sentence().finditer(line)]
    numbers = [
        number for match in matches for number in _NUMBERS_SAID.finditer(line, *match.span())
    ]
    # most lines name one unit, or none
    ordered = _in_order(unit_ids) if len(numbers) > 1 else []
    # "units 1-37" means all of them; "CU-001–CU-037" may as well be what lies between the two
    are_said = any(map(_SAYS_UNITS.match, (match[0] for match in matches)))
    limit = len(ordered) if are_said else _MOST_IN_A_RANGE
    ids = [_written_id(number) for number in numbers[:1]]
    for first, last in pairwise(numbers):
        if ordered and _is_range(line, first, last):
            ids += _round_between(_written_id(first), _written_id(last), ordered, limit=limit)
        if not _is_of_a_part(line, first, last):
            ids.append(_written_id(last))
    return tuple(dict.fromkeys(ids))


def _and_left_out(line: str) -> tuple[str, str]:
    """A line up to what it leaves out, and that: "units 2 to 4", "3" of "units 2 to 4 except 3"."""
    plain_line = _LEFT_OUT_BEHIND.sub(r" except \1", line)
    before, *left_out = _LEFT_OUT.split(plain_line)
    # brackets and commas around what is left out are no part of a list
    return before.rstrip(" (（,;，；"), "; ".join(words.strip(" ).:）。外") for words in left_out)


def leaves_out_only(typed: object, unit_ids: Iterable[str] = ()) -> bool:
    """Whether a line names units, of which `unit_ids` are some, only to leave them out: "all units except CU-003".

    Examples
    --------
    >>> [leaves_out_only(line) for line in ("all but CU-003", "CU-003除外", "units 2-4 except 3", "删除CU-003")]
    [True, True, False, False]
    """
    before, left_out = _and_left_out(_line(typed))
    return bool(left_out) and not (unit_ids_listed(before, unit_ids) or _ids_within(before, ()))


def without_unit_ids(line: str) -> str:
    """A line without the units that :func:`unit_ids_in` reads in it.

    Examples
    --------
    >>> without_unit_ids("2-4-р нэгж"), without_unit_ids("units 3 and 4 herders")
    (' ', '  herders')
    """
    return _in_a_sentence().sub(" ", _line(line))


def _is_range(line: str, first: re.Match[str], last: re.Match[str]) -> bool:
    """Whether two numbers of units in a line are the ends of a range, by what stands around the first."""
    between, start = line[first.end() : last.start()], first.start()
    if len(between) > _NEAR or not _TO_A_NUMBER.fullmatch(between):
        return False
    said_before = line[:start] if start <= _NEAR else f"a {line[start - _NEAR : start]}"
    return not _SAYS_WHERE_TO.search(between) or bool(_BEGINS_A_LIST.search(said_before))


def _is_of_a_part(line: str, first: re.Match[str], last: re.Match[str]) -> bool:
    """Whether the second of two numbers is that of a part, as programs write it behind an id: "CU-003-2"."""
    till_last = line[max(0, first.start() - _NEAR) : last.start()]
    return int(last[1]) < int(first[1]) and _ID_AND_DASH.search(till_last) is not None


_ID_AND_DASH: Final = re.compile(r"[CС][UУ][\s\-‐‑–—_.]{0,4}\d{1,5}[-‐‑–—−_]\Z", re.IGNORECASE)


def _round_between(first: str, last: str, ordered: Iterable[str], *, limit: int) -> list[str]:
    """The units between two others, where these are up to `limit` with them, and each number is a unit's."""
    due = range(number_and_letters(first)[0], number_and_letters(last)[0] + 1)
    if len(due) > limit or {*due} - {number_and_letters(one)[0] for one in ordered}:
        return []
    return _between(first, last, ordered)


def _between(first: str, last: str, ordered: Iterable[str]) -> list[str]:
    """The units between two others, by their numbers and letters."""
    low, high = number_and_letters(first), number_and_letters(last)
    return [one for one in ordered if low < number_and_letters(one) < high]


_MOST_IN_A_RANGE: Final = 10
_SAYS_UNITS: Final = re.compile(rf"{_UNITS_WORD}|第?\s*\d", re.IGNORECASE)
"""What begins with the word for several units, or with their numbers, behind which that word stands."""
_LEFT_OUT: Final = re.compile(
    r"(?<![^\W_])(?:except|excluding|excl|other\s+than|apart\s+from|but\s+not|all\s+but"
    r"|(?<=units\s)but|кроме|исключая|за\s+исключением|но\s+не|не\s+считая)(?![^\W\d_])|(?<![删移拆去清消免解])除了?(?!外)|不包括",
    re.IGNORECASE,
)
"""Before the units that a line leaves out."""
_LEFT_OUT_BEHIND: Final = re.compile(
    r"[,;，；、(（]?\s?((?:[CС][UУ]\W?)?\d{1,5})(?:号|单元)?\s?(?:除外|-?(?:аас|ээс|оос|өөс)\s(?:бусад|гадна))",
    re.IGNORECASE,
)
"""A unit that is left out by what stands behind it: "CU-004除外", "4-өөс бусад"."""


def unit_ids_listed(typed: object, unit_ids: Iterable[str] = ()) -> tuple[str, ...]:
    """The ids of units in a list that somebody typed, with the units between the two ends of a range.

    Parameters
    ----------
    typed : object
        A cell, or a line.
    unit_ids : iterable of str
        Of the units that a range may take in; its ends are there whether they are of these or not.

    Examples
    --------
    >>> unit_ids_listed("CU-004–CU-006, cu 9", ["CU-003", "CU-005a", "CU-006", "CU-007"])
    ('CU-004', 'CU-005a', 'CU-006', 'CU-009')
    >>> [unit_ids_listed(typed) for typed in ("CU-004-006", "CU-006 to CU-004", "CU-001, 3", "Wakhan")]
    [('CU-004', 'CU-006'), ('CU-006', 'CU-004'), ('CU-001', 'CU-003'), ()]
    >>> [unit_ids_listed(typed, ["CU-005"]) for typed in ("No 4, unit 5", "5.0; 4", "5 AND 4", "6", "05.2026")]
    [('CU-004', 'CU-005'), ('CU-005', 'CU-004'), ('CU-005', 'CU-004'), (), ()]
    >>> [unit_ids_listed(typed, ["CU-003", "CU-004", "CU-005"]) for typed in ("3-5", "с 3 по 5", "5-3", "3-4-5")]
    [('CU-003', 'CU-004', 'CU-005'), ('CU-003', 'CU-004', 'CU-005'), ('CU-005', 'CU-003'), ('CU-003', 'CU-004', 'CU-005')]
    >>> [unit_ids_listed(typed, ["CU-003", "CU-005"]) for typed in ("CU-002–CU-005 except 3", "all except CU-003")]
    [('CU-002', 'CU-005'), ()]
    >>> [unit_ids_listed(typed, ["CU-005"]) for typed in ("CU-004至CU-006", "CU-004-өөс CU-006 хүртэл", "CU-004 and 006")]
    [('CU-004', 'CU-005', 'CU-006'), ('CU-004', 'CU-005', 'CU-006'), ('CU-004', 'CU-006')]
    """
    before, left_out = _and_left_out(_line(typed))
    exceptions = _ids_listed(left_out, unit_ids) if left_out else ()
    ids = _ids_listed(before, unit_ids)
    return tuple(unit_id for unit_id in ids if unit_id not in exceptions)


def _ids_listed(line: str, unit_ids: Iterable[str]) -> tuple[str, ...]:
    """As :func:`unit_ids_listed`, of a line that leaves out none."""
    ids: list[str] = []
    ordered = _in_order(unit_ids)
    line = _without_decimals(line)
    numbers = _ONLY_NUMBERS.fullmatch(line)
    by_number = "" if numbers else numbered_id(line, patterns=_ONLY_NUMBERED)
    if numbers and spoken_id(f"CU-{numbers[1]}") in ordered:
        line = re.sub(r"\d+", r"CU-\g<0>", numbers[1])
    else:
        line = with_written_id(line, by_number) if by_number in ordered else ids_as_written(line)
    for match in _TYPED_IDS.finditer(
        _NEXT_NUMBER.sub(r"\1 CU-", line) if spoken_id(line) else line
    ):
        first, end = spoken_id(match[1]), match[4] or ""
        last = f"CU-{int(end):03d}" if end.isdecimal() else spoken_id(end)
        # "CU-004 - 2030" has a year behind it
        if end.isdecimal() and ordered and last not in ordered:
            last = ""
        ids.append(first)
        if last and number_and_letters(first) < number_and_letters(last):
            ids += [*_between(first, last, ordered), last]
        elif last and not end.isdecimal():
            ids.append(last)
    return tuple(dict.fromkeys(ids))


def _in_order(unit_ids: Iterable[str]) -> list[str]:
    """Ids of units in the order of their numbers."""
    return sorted(filter(UNIT_ID.fullmatch, unit_ids), key=number_and_letters)


def number_and_letters(unit_id: str) -> tuple[int, str]:
    """By what ids are in order: the number, then the letters of a piece."""
    digits = unit_id.removeprefix("CU-").rstrip(ascii_lowercase)
    return int(digits), unit_id.removeprefix(f"CU-{digits}")


@lru_cache(maxsize=1_000)  # as :func:`_unmarked`
def bare_name(name: str) -> str:
    """A name without the X, the id in front and the part behind; empty for "Untitled Polygon".

    Examples
    --------
    >>> bare_name("X CU-012 Wakhan (part 2)"), bare_name("Untitled Polygon"), bare_name("Polygon Measure")
    ('Wakhan', '', '')
    >>> bare_name("CU-004 + CU-005 Kopet Dag")
    'Kopet Dag'
    """
    text = _unmarked(name)
    # letter by letter: places are those of the name itself
    match = _IDS.match(text.translate(_WIDE))
    text = text[match.end() :].lstrip(_BEHIND_ID) if match else text
    text = _PART.sub("", text)
    return "" if _UNTITLED.fullmatch(text) else text


def is_no_name_of(typed: str, unit_id: str) -> bool:
    """Whether what stands for a new name of a unit is none: as :func:`is_no_name`, or as :func:`says_another`.

    Its own id, in whatever words, asks for nothing.
    """
    is_own_id = spoken_id(with_written_id(typed, unit_id)) == unit_id
    return says_another(typed, unit_id) or (not is_own_id and is_no_name(typed))


def is_no_name(typed: str) -> bool:
    """Whether what somebody typed for a name can hardly be one: a number, a day, yes or no, "Untitled".

    Examples
    --------
    >>> [is_no_name(typed) for typed in ("12", "2026-03-05", "True", "CU-003", "unit no. 3", "Km 12")]
    [True, True, True, True, True, False]
    """
    bare = bare_name(with_written_id(typed, numbered_id(typed)))
    has_letters = any(letter.isalpha() for letter in bare)
    return not has_letters or bare.casefold() in _TRUTHS


_TRUTHS: Final = frozenset({"true", "false", "истина", "ложь"})
"""What spreadsheets in English and in Russian show where somebody typed one of these words."""


def is_cyrillic(name: str) -> bool:
    """Whether a name is written in Cyrillic, so that it is the Russian one."""
    return _CYRILLIC.search(name) is not None


def without_same_words(old_name: str, new_name: str, other_name: str) -> str:
    """A unit's name in the other language, when its name in one has become a new one.

    Where words were only taken out, they must not go on standing in the other language: its name
    loses the parts in the same places, or is the new name where the places cannot be told.

    Examples
    --------
    >>> without_same_words("Ustyurt – Aral", "Ustyurt", "Устюрт – Арал")
    'Устюрт'
    >>> without_same_words("Western Tian Shan", "Tian Shan", "Западный Тянь-Шань")
    'Tian Shan'
    >>> without_same_words("Talas", "Talas Alatau", "Талас")
    'Талас'
    >>> without_same_words("Talas", "Chu", "Talas")
    'Chu'
    """
    if other_name == old_name:  # one name stood for both
        return new_name
    old_words, new_words = _words(old_name), _words(new_name)
    left_out = [word for word in old_words if word not in new_words]
    if not new_words or not left_out or set(new_words) - set(old_words):
        return other_name
    parts, others = _NAME_PARTS.split(old_name), _NAME_PARTS.split(other_name)
    kept = [
        place
        for place, part in enumerate(parts)
        if _words(part) and not set(_words(part)) & set(left_out)
    ]
    halved = [
        part
        for place, part in enumerate(parts)
        if place not in kept and set(_words(part)) - set(left_out)
    ]
    if halved or len(parts) != len(others) or not kept:
        return new_name
    joiner = " – " if len(kept) > 1 else ""
    return joiner.join(others[place].strip() for place in kept)


_NAME_PARTS: Final = re.compile(r"\s[–—-]\s|[,;/()]|\s(?:and|и|&)\s")
"""What stands between the parts of a name: dashes, brackets and *and* in both languages."""


def _words(name: str) -> list[str]:
    return re.findall(r"[^\W_]+", name.casefold())


def letters_in_order() -> Iterator[str]:
    """The letters of pieces: a, b … z, then aa, ab; never x, which rejects."""
    for length in count(1):
        yield from map("".join, product(ascii_lowercase.replace("x", ""), repeat=length))


@lru_cache(maxsize=1_000)  # a name is looked at from several sides in turn
def _unmarked(name: str) -> str:
    """A name without the mark of its rejection."""
    text = clean_name(name)
    narrow = _from_its_x(text.translate(_WIDE))
    match = _REJECTED.match(narrow)
    # letter by letter: what follows the X is as long in the name itself
    text = text[len(text) - len(narrow) + match.end() :] if match else text
    return _BEFORE_ID.sub("", text)
