"""GIS layers in: found, read, checked, repaired, selected, projected; every step is told.

What people bring is never quite right, so this room trusts nothing: it knows the dialects of the
Red List, of WDPA and of Google Earth, keeps a whole-species polygon from standing for a
sub-species, repairs shapes with a witness, and names what it kept, dropped, repaired or refused,
with the cure. Everything it hands on is valid and in one equal-area CRS.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
