"""The public names: what `cami_units` promises, and where each lives. Written here and nowhere else."""

from .cache import (
    cache_beside as cache_beside,
)
from .commands.assess import (
    assess as assess,
)
from .commands.assess import (
    assess_sites as assess_sites,
)
from .commands.assess import (
    cut as cut,
)
from .commands.assess import (
    decide as decide,
)
from .commands.assess import (
    measure as measure,
)
from .commands.collect import (
    collect as collect,
)
from .commands.evaluate import (
    evaluate_units as evaluate_units,
)
from .commands.fences import (
    with_fences as with_fences,
)
from .commands.overlaps import (
    overlap_bands as overlap_bands,
)
from .commands.overlaps import (
    write_overlaps as write_overlaps,
)
from .commands.pack import (
    draw_map as draw_map,
)
from .commands.plan_layers import (
    load as load,
)
from .commands.propose import (
    grow as grow,
)
from .commands.propose import (
    propose as propose,
)
from .commands.propose import (
    score_cells as score_cells,
)
from .commands.richness import (
    write_richness as write_richness,
)
from .commands.round_files import (
    write_proposal as write_proposal,
)
from .commands.sensitivity import (
    with_sensitivity as with_sensitivity,
)
from .commands.stored_round import (
    reopened as reopened,
)
from .complementarity import (
    smallest_set as smallest_set,
)
from .grid import (
    planning_units as planning_units,
)
from .grid import (
    pu_ids as pu_ids,
)
from .kml import (
    lint_kml as lint_kml,
)
from .kml import (
    read_kml as read_kml,
)
from .kml import (
    write_kml as write_kml,
)
from .layers import (
    Reading as Reading,
)
from .layers import (
    features as features,
)
from .layers import (
    read_countries as read_countries,
)
from .layers import (
    read_hotspots as read_hotspots,
)
from .layers import (
    read_layers as read_layers,
)
from .layers import (
    read_protected_areas as read_protected_areas,
)
from .layers import (
    read_ranges as read_ranges,
)
from .layers import (
    read_sites as read_sites,
)
from .layers import (
    read_species as read_species,
)
from .layers import (
    shared_borders as shared_borders,
)
from .layers import (
    to_equal_area as to_equal_area,
)
from .layers import (
    to_lonlat as to_lonlat,
)
from .model import (
    EQUAL_AREA as EQUAL_AREA,
)
from .model import (
    ArgumentError as ArgumentError,
)
from .model import (
    CamiUnitsError as CamiUnitsError,
)
from .model import (
    InputError as InputError,
)
from .model import (
    PlanError as PlanError,
)
from .overlap import (
    area_km2 as area_km2,
)
from .overlap import (
    crossings as crossings,
)
from .overlap import (
    near as near,
)
from .overlap import (
    overlaps as overlaps,
)
from .overlap import (
    range_states as range_states,
)
from .overlap import (
    split as split,
)
from .plan import (
    read_plan as read_plan,
)
from .plan import (
    read_profile as read_profile,
)
from .rank import (
    rank_units as rank_units,
)
from .store import (
    read_round as read_round,
)
from .webmap import (
    unit_map as unit_map,
)
from .webmap import (
    write_map as write_map,
)
from .words.unit_card import (
    unit_cards as unit_cards,
)

__version__: str
