"""Rounds on disk: a folder with a GeoPackage, the products of other rooms, and a manifest.

A folder appears whole or not at all: it is built beside its target under a hidden name, flushed to
the disk, and renamed into place. The same round gives the same bytes, and the only date inside is
the round's own. Beside rounds: logs that only grow, and the folder of a workshop.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
