"""The workshop: what groups drew, compared with what they were given, and merged.

Groups edit units in Google Earth; this room says which unit each shape is, what was done to it, and
what the next round is, three-way against the round that was handed out. It opens no file and knows
no KML: shapes come in as tables.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
