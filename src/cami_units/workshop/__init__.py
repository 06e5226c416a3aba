"""The workshop: what groups drew, compared with what they were given, and merged.

Groups edit units in Google Earth; this room says which unit each shape is, what was done to it, and
what the next round is, three-way against the round that was handed out. It opens no file and knows
no KML: shapes come in as tables.
"""

from cami_units.workshop._activities import (
    ACTIVITY_COLUMNS,
    DROPPED,
    GENERAL,
    LOG_COLUMNS,
    PROGRAMME,
    Contribution,
    completeness,
    followed,
    merged_activities,
    moved,
    numbered,
    placed,
    recurring,
    species_by_unit,
    successors,
)
from cami_units.workshop._activity_sums import (
    IMPLEMENTATION_STATUSES,
    activity_sums,
    implementation,
    offers,
    theme_gaps,
)
from cami_units.workshop._allocation import (
    EVERYBODY,
    allocated,
    groups_of,
    section_owners,
    units_in_packs,
)
from cami_units.workshop._drawn_facts import DrawnFacts, drawn_facts
from cami_units.workshop._identity import (
    PLACEMARK_COLUMNS,
    SAME_PLACE,
    Ground,
    Notice,
    Placemark,
    note,
    placemarks_of,
)
from cami_units.workshop._lasting_ids import lasting_ids
from cami_units.workshop._merge import merged
from cami_units.workshop._merge_tables import Conflict, Merge, NextUnit, UnitChange, outlines
from cami_units.workshop._resolutions import Resolution, Rules, is_decided, resolutions_of
from cami_units.workshop._unit_names import bare_name, is_cyrillic, rejects, spoken_id
from cami_units.workshop._versions import (
    FormRow,
    GroupFile,
    GroupVersions,
    Version,
    fullest_first,
    same_outline,
    versions_of_group,
)

__all__ = [
    "ACTIVITY_COLUMNS",
    "DROPPED",
    "EVERYBODY",
    "GENERAL",
    "IMPLEMENTATION_STATUSES",
    "LOG_COLUMNS",
    "PLACEMARK_COLUMNS",
    "PROGRAMME",
    "SAME_PLACE",
    "Conflict",
    "Contribution",
    "DrawnFacts",
    "FormRow",
    "Ground",
    "GroupFile",
    "GroupVersions",
    "Merge",
    "NextUnit",
    "Notice",
    "Placemark",
    "Resolution",
    "Rules",
    "UnitChange",
    "Version",
    "activity_sums",
    "allocated",
    "bare_name",
    "completeness",
    "drawn_facts",
    "followed",
    "fullest_first",
    "groups_of",
    "implementation",
    "is_cyrillic",
    "is_decided",
    "lasting_ids",
    "merged",
    "merged_activities",
    "moved",
    "note",
    "numbered",
    "offers",
    "outlines",
    "placed",
    "placemarks_of",
    "recurring",
    "rejects",
    "resolutions_of",
    "same_outline",
    "section_owners",
    "species_by_unit",
    "spoken_id",
    "successors",
    "theme_gaps",
    "units_in_packs",
    "versions_of_group",
]
