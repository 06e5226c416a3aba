"""Our KML dialect, written, read and checked in one place.

:func:`write_kml` makes files for Google Earth, :func:`read_kml` takes whatever people send back,
:func:`lint_kml` says whether any KML is fit for Google Earth. Nothing that a file names is ever
fetched, and no string from a file is trusted.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
