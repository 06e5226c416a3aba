"""Pages in HTML that need nobody: styles and scripts inside, data escaped, nothing else allowed.

:func:`page` fills a template; the two pages that need no more than a template stand below it: how a
group edits and hands in, and how far the last programme has come.
"""

from __future__ import annotations

import base64
import hashlib
import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from importlib.resources import files
from importlib.util import cache_from_source
from pathlib import Path
from pickle import UnpicklingError
from typing import Any, Final

import jinja2
import pandas as pd
from jinja2.bccache import Bucket
from markupsafe import Markup

from cami_units import words
from cami_units.documents.form_words import TYPED_WORDS, in_theme_order, plain_word, theme_said
from cami_units.model import Imprint, clean_name, page_policy, records, version_of
from cami_units.words import LANGUAGES, name_in, text


def page(
    template: str,
    *,
    lang: str,
    styles: Sequence[str] = (),
    scripts: Sequence[str] = (),
    **values: Any,
) -> bytes:
    """A page of the folder `pages`, filled in.

    Parameters
    ----------
    template : str
        The name of its template.
    lang : {"en", "ru"}
        Language of the phrases: a template says ``t("score")``, or ``m("howto pro")`` where the
        phrase itself holds markup.
    styles, scripts : sequence of str
        Names of the files that go inside. A Content-Security-Policy allows these and nothing else:
        the page runs no text from data, and asks no host for anything.
    **values : object
        What the template speaks of. Every string is escaped where it is put in; none is compiled.

    Returns
    -------
    bytes
        UTF-8; the same values give the same bytes.
    """
    blocks = {"styles": [_block(name) for name in styles], "scripts": [_block(n) for n in scripts]}
    filled = _environment().get_template(template)
    if isinstance(values.get("imprint"), Imprint):
        values["imprint"] = words.imprint_in(values["imprint"], lang)
    text = filled.render(
        lang=lang,
        t=lambda key: words.text(key, lang),
        **_said_of(values.get("imprint"), lang),
        m=lambda key, **values_in: _marked_up(words.text(key, lang), values_in),
        csp=page_policy(styles=_hashes(blocks["styles"]), scripts=_hashes(blocks["scripts"])),
        **blocks,
        **values,
    )
    return text.encode("utf-8")


def fragment(template: str, **values: Any) -> Markup:
    """A part of a page: another template, filled in as :func:`page` does; safe to be put into one."""
    return Markup(_environment().get_template(template).render(**values))


def _said_of(imprint: Imprint | None, lang: str) -> dict[str, str]:
    """Round, day and disclaimer of a page as they are read, where it has an imprint."""
    if imprint is None:
        return {}
    return {
        "round_said": words.round_name(imprint, lang),
        "date_said": words.day(imprint.date, lang),
        "disclaimer_said": words.disclaimer(imprint.disclaimer, lang),
    }


def _marked_up(phrase: str, values: Mapping[str, object]) -> Markup:
    """A phrase of ours that holds markup, with values of others escaped where they are put in."""
    return Markup(phrase).format(**{name: _shown(value) for name, value in values.items()})


@cache
def _environment() -> jinja2.Environment:
    """Jinja with every value escaped and every missing one an error."""
    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(_text),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        finalize=_shown,
        bytecode_cache=_Compiled(),
    )
    environment.filters |= words.SIGNS
    return environment


class _Compiled(jinja2.BytecodeCache):
    """Templates compiled before, beside their files where Python keeps compiled modules.

    Jinja knows by their text which they are of, and by their names which Jinja compiled them. As for
    modules: none is kept where Python is told to keep none, and what cannot be written is compiled
    each time.
    """

    def load_bytecode(self, bucket: Bucket) -> None:
        """Take a template from beside its file, if it is there."""
        damage = (OSError, EOFError, UnpicklingError)
        with suppress(*damage), self._place(bucket).open("rb") as stream:
            bucket.load_bytecode(stream)

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Put a template beside its file: whole, or not at all."""
        if sys.dont_write_bytecode:
            return
        place = self._place(bucket)
        staged = place.with_suffix(f".{os.getpid()}")
        with suppress(OSError):
            place.parent.mkdir(exist_ok=True, parents=True)
            staged.write_bytes(bucket.bytecode_to_string())
            staged.replace(place)

    def _place(self, bucket: Bucket) -> Path:
        """The file of a compiled template, by the hash of its name and the version of Jinja."""
        name = f"{bucket.key}-{version_of('jinja2')}.html"
        return Path(cache_from_source(str(Path(__file__).parent / "pages" / name)))


def _shown(value: object) -> object:
    """Whatever is put into a page, cleaned; what is marked as safe markup stays as it is.

    A space at the end stays: it parts a label from its value, an entry from the next.
    """
    if hasattr(value, "__html__") or not (isinstance(value, str) or value is None):
        return value
    return clean_name(value) + " " * (value is not None and value.endswith(" "))


def _text(name: str) -> str:
    return (files("cami_units.documents") / "pages" / name).read_text(encoding="utf-8")


@cache
def _block(name: str) -> str:
    """The content of a script or style element exactly as the parser will see it."""
    return "\n" + _text(name).replace("\r\n", "\n").strip("\n") + "\n"


def _hashes(blocks: Sequence[str]) -> str:
    """The sources that a page's policy allows: its own blocks, by their digests."""
    digests = (hashlib.sha256(block.encode("utf-8")).digest() for block in blocks)
    sources = (f"'sha256-{base64.b64encode(digest).decode('ascii')}'" for digest in digests)
    return " ".join(sources) or "'none'"


def write_howto(
    path: Path,
    units: pd.DataFrame,
    *,
    imprint: Imprint,
    group: str,
    sections: Sequence[str],
    paper: bool,
    lang: str,
) -> None:
    """Write the page of one group, in one language; it prints on one side of A4.

    Parameters
    ----------
    path : Path
        The HTML file to write.
    units : DataFrame
        The units that this group edits: ``unit_id``, ``name_en``, ``name_ru``.
    imprint : Imprint
        Title, date, round, disclaimer.
    group : str
        The name of the group, as in the names of its files.
    sections : sequence of str
        The names of its sections.
    paper : bool
        Whether there is a sheet to draw on by pen.
    lang : {"en", "ru"}
        Language of the page.
    """
    listed = [
        {"unit_id": clean_name(unit["unit_id"]), "name": name_in(unit, lang)}
        for unit in records(units.sort_values("unit_id"))
    ]
    content = page(
        "howto.html",
        lang=lang,
        styles=["howto.css"],
        imprint=imprint,
        group=group,
        sections=words.in_list(sections, lang),
        paper=paper,
        units=listed,
    )
    path.write_bytes(content)


MEASURE_COLUMNS: Final = ("measure_id", "theme", "text", "unit_id", "status", "note")

_COLOURS: Final = {
    "done": "#0a4e27",
    "under way": "#80ba80",
    "planned": "#e2b100",
    "not started": "#ba3b00",
    "not said": "#cccccc",
}
"""From the palette's statuses: the further a measure has come, the greener and darker."""


def known_status(word: str, statuses: Sequence[str]) -> str:
    """How far a measure has come, as the list has it, whatever language it was written in."""
    plain = plain_word(word)
    for status in statuses:
        ours = (status, *(text(f"measure is {status}", lang) for lang in LANGUAGES))
        spellings = (*ours, *TYPED_WORDS["measures"].get(status, "").split(","))
        if plain in map(plain_word, spellings):
            return status
    return word


def write_implementation(
    path: Path, sums: pd.DataFrame, measures: pd.DataFrame, *, imprint: Imprint, lang: str
) -> None:
    """Write the page on how far the measures of the last programme have come.

    Parameters
    ----------
    path : Path
        The HTML file to write.
    sums : DataFrame
        ``theme``, a column for each status, ``measures``: as `workshop.implementation` gives them.
    measures : DataFrame
        :data:`MEASURE_COLUMNS`, text.
    imprint : Imprint
        Title, date, round, disclaimer.
    lang : str
        Language of the headings.
    """
    order = in_theme_order(sums, "theme").to_dict("records")
    largest = max((int(row["measures"]) for row in order), default=1)
    lines = in_theme_order(measures, "theme", "measure_id")
    content = page(
        "implementation.html",
        lang=lang,
        styles=["implementation.css"],
        imprint=imprint,
        total=len(measures),
        statuses=[
            (_status_said(status, lang), colour, int(sums[status].sum()))
            for status, colour in _COLOURS.items()
        ],
        bars=[_bar(row, largest, lang) for row in order],
        measures=[
            {
                "id": clean_name(row["measure_id"]),
                "theme": theme_said(str(row["theme"]), lang),
                "text": clean_name(row["text"]),
                "unit": clean_name(row["unit_id"]),
                "status": _status_said(str(row["status"]), lang)
                if not row["status"] or row["status"] in _COLOURS
                else words.with_label(_status_said(str(row["status"]), lang), row["status"], lang),
                "colour": _COLOURS.get(str(row["status"]), _COLOURS["not said"]),
                "note": clean_name(row["note"]),
            }
            for row in lines.to_dict("records")
        ],
    )
    path.write_bytes(content)


def _bar(row: dict[Any, Any], largest: int, lang: str) -> dict[str, Any]:
    """The bar of one theme: where each part begins and how wide it is, of 100."""
    parts, left = [], 0.0
    for status, colour in _COLOURS.items():
        if wide := 100 * int(row[status]) / largest:
            parts.append({"x": left, "width": wide, "colour": colour, "count": int(row[status])})
        left += wide
    return {
        "theme": theme_said(str(row["theme"]), lang) or text("measure is not said", lang),
        "parts": parts,
        "measures": int(row["measures"]),
    }


def _status_said(status: str, lang: str) -> str:
    return text(f"measure is {status if status in _COLOURS else 'not said'}", lang)
