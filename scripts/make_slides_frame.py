"""Make `src/cami_units/documents/pages/board.pptx`: a presentation of one empty slide with notes.

    python scripts/make_slides_frame.py

Boards lay their slides into its files. It is the template of python-pptx (MIT, its notice lies beside it), which the
program then need not have: to import it and to make this took longer than to write forty slides.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from pptx import Presentation

from cami_units.documents._worksheets import settled_parts
from cami_units.documents.board import FRAME, FRAME_DATE, FRAME_NOTES, FRAME_SIZE, FRAME_TITLE
from cami_units.drawn_pieces import packed_archive
from cami_units.model import Imprint


def frame() -> dict[str, bytes]:
    """The files of the presentation by name, without the hour at which they were made."""
    book = Presentation()
    book.slide_width, book.slide_height = FRAME_SIZE
    properties = book.core_properties
    properties.title = FRAME_TITLE
    properties.author, properties.last_modified_by = "cami_units", ""
    properties.created = properties.modified = datetime.fromisoformat(FRAME_DATE)
    # the seventh layout of the library's template is empty
    slide = book.slides.add_slide(book.slide_layouts[6])
    slide.notes_slide.notes_text_frame.text = FRAME_NOTES
    return settled_parts(book, Imprint(FRAME_TITLE, FRAME_DATE, "", ""))


def main() -> None:
    """Write it."""
    content = packed_archive(frame())
    Path(FRAME).write_bytes(content)
    print(f"{FRAME}: {len(content)} bytes")


if __name__ == "__main__":
    main()
