"""Our KML dialect, written, read and checked in one place.

:func:`write_kml` makes files for Google Earth, :func:`read_kml` takes whatever people send back,
:func:`lint_kml` says whether any KML is fit for Google Earth. Nothing that a file names is ever
fetched, and no string from a file is trusted.
"""

from cami_units.kml._containers import Entry, geojson_of, inner_files
from cami_units.kml._contents import Pack, Sign, legend_signs
from cami_units.kml._earth_files import earth_writers, write_kml
from cami_units.kml._lint import lint_kml
from cami_units.kml._marks import Profile
from cami_units.kml._placemarks import SMALLEST_KM2, read_kml, read_placemarks
from cami_units.kml._written_shapes import as_written, degrees_to_km2, geom_hash, sorted_parts

__all__ = [
    "SMALLEST_KM2",
    "Entry",
    "Pack",
    "Profile",
    "Sign",
    "as_written",
    "degrees_to_km2",
    "earth_writers",
    "geojson_of",
    "geom_hash",
    "inner_files",
    "legend_signs",
    "lint_kml",
    "read_kml",
    "read_placemarks",
    "sorted_parts",
    "write_kml",
]
