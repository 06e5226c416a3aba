"""Figures as files: PDF that stays vector and text, PNG for a screen; the same figure, the same bytes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from io import BytesIO
from pathlib import Path
from typing import Any, Final

import matplotlib as mpl
from matplotlib.figure import Figure

from cami_units.model import InputError
from cami_units.scene import Scene

Draw = Callable[[Scene, str], Figure]
"""What draws a sheet about one unit or section of a scene."""

SCREEN_DPI: Final = 152.4
"""A sheet of 320 × 180 mm then has 1920 × 1080 pixels."""

_TYPE: Final[Any] = {
    "pdf.fonttype": 42,
    "pdf.compression": 6,
    "path.simplify": False,
    "text.hinting": "none",
}
_PDF: Final = {"Creator": "cami_units", "Producer": None, "CreationDate": None, "ModDate": None}


def write_figure(path: str | Path, figure: Figure) -> None:
    """Write a figure as ``….pdf`` or ``….png``, by the ending.

    Raises
    ------
    InputError
        Another ending.
    """
    target = Path(path)
    if target.suffix.lower() == ".pdf":
        write_pages(target, [figure])
    elif target.suffix.lower() == ".png":
        target.write_bytes(png(figure))
    else:
        raise InputError(f"A figure is written as .pdf or .png; '{target.name}' ends otherwise.")


def write_pages(path: str | Path, pages: Iterable[Figure]) -> None:
    """Write figures as the pages of one PDF, drawn one after another."""
    from matplotlib.backends.backend_pdf import PdfPages  # a quarter of a second, for PDFs only

    with mpl.rc_context(_TYPE), PdfPages(str(path), metadata=_PDF) as book:
        for page in pages:
            book.savefig(page)


def png(figure: Figure, *, dpi: float = SCREEN_DPI) -> bytes:
    """A figure as the bytes of a PNG."""
    buffer = BytesIO()
    with mpl.rc_context(_TYPE):
        figure.savefig(buffer, format="png", dpi=dpi, metadata={"Software": None})
    return buffer.getvalue()
