"""The plan of a workshop and its criteria: `plan.toml` and `criteria.toml` as checked, frozen values.

The two readers open their files, look at everything, and name every fault in one message. What
they hand on is a value: nothing here computes, and no computing room needs a plan.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
