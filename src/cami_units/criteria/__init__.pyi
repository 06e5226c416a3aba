"""The names of `criteria`, and where each lives."""

from ._cell_scores import score_cells as score_cells
from ._findings import assess as assess
from ._findings import lacking_km2 as lacking_km2
from ._findings import measuring_rules as measuring_rules
from ._findings import summary as summary
from ._findings import verdicts as verdicts
from ._findings import what_it_takes as what_it_takes
from ._measures import FURTHER as FURTHER
from ._measures import Evidence as Evidence
from ._measures import category_weights as category_weights
from ._measures import evidence as evidence
from ._measures import least_overlap as least_overlap
from ._measures import measures as measures
from ._measures import measures_within as measures_within
from ._measures import occurrence_km2 as occurrence_km2
from ._measures import threshold_km2 as threshold_km2
from ._measures import unknown_criteria as unknown_criteria
from ._measures import without_strips as without_strips
