"""Pages in HTML that need nobody: styles and scripts inside, data escaped, nothing else allowed."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

import jinja2
from markupsafe import Markup

from cami_units import words
from cami_units.model import Imprint, clean_name, page_policy


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
    return jinja2.Environment(
        loader=jinja2.FunctionLoader(_text),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        finalize=_shown,
    )


def _shown(value: object) -> object:
    """Whatever is put into a page, cleaned; what is marked as safe markup stays as it is."""
    if hasattr(value, "__html__"):
        return value
    return clean_name(value) if isinstance(value, str) or value is None else value


def _text(name: str) -> str:
    return (files("cami_units.documents") / "pages" / name).read_text(encoding="utf-8")


@cache
def _block(name: str) -> str:
    """The content of a script or style element exactly as the parser will see it."""
    return "\n" + _text(name).replace("\r\n", "\n").strip("\n") + "\n"


def _hashes(blocks: Sequence[str]) -> str:
    digests = (hashlib.sha256(block.encode("utf-8")).digest() for block in blocks)
    sources = (f"'sha256-{base64.b64encode(digest).decode('ascii')}'" for digest in digests)
    return " ".join(sources) or "'none'"
