"""The words of the house: codes, coordinate systems, tables, small values, errors.

Every other room imports this one and, as a rule, no other. Nothing here opens a file or computes
a score. The tables are plain (Geo)DataFrames; :data:`TABLES` names their columns and
:func:`check_table` is the door at which a public function looks at what it was handed.
`docs/tables.md` says the same in prose.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
