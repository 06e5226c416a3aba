"""Web maps: one HTML file that opens by double-click with the network off.

The map of a round: units, their cards, the evidence around them, a table twin, in the languages of
the plan. The page fetches nothing, runs no text from data, and is the same bytes every time.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
