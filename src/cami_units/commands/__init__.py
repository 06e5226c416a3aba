"""The composition: from a plan to a round, from one round to the next, and to what is handed out.

Every step is one call to a room that knows how; this one only knows the order. A command is a file
of its name, imported where it is needed: a decision need not wait for what measures.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
