"""Maps for paper and projector: posters, section sheets, unit pages, slides.

A :class:`Scene` holds what is drawn; a function named after each sheet gives a matplotlib figure;
:func:`write_figure` and :func:`write_pages` make files. Nothing is computed here but where things
stand on the sheet. Commands that draw nothing do not wait for matplotlib: each name is fetched when
it is first asked for.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
