"""Propose, map, edit and agree priority conservation units for mammals that cross borders.

``import cami_units as cu`` gives the same verbs as the command line, on tables::

    plan = cu.read_plan(None)                    # None: the bundled demonstration
    pieces = cu.cut(cu.load(plan), plan)         # layers, cut by one another once
    cells = cu.score_cells(pieces, plan)         # scored planning units
    found = cu.assess_sites(my_sites, pieces, plan, site="name")
    found.findings.criteria                      # met / not met / not assessed, and because

Importing the package imports none of its rooms: each name is fetched when it is first asked for. The
names stand in `__init__.pyi`, once, for the loader, for type checkers and for readers.
"""

import lazy_loader

__version__ = "0.1.0"

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
