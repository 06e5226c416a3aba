"""The names of `kml`, and where each lives."""

from ._containers import Entry as Entry
from ._containers import geojson_of as geojson_of
from ._containers import inner_files as inner_files
from ._contents import Pack as Pack
from ._contents import legend_signs as legend_signs
from ._coordinates import Effort as Effort
from ._coordinates import crosses_too_often as crosses_too_often
from ._coordinates import is_tangled as is_tangled
from ._coordinates import mended_area as mended_area
from ._earth_files import earth_writers as earth_writers
from ._earth_files import write_kml as write_kml
from ._lint import lint_kml as lint_kml
from ._marks import Profile as Profile
from ._marks import Sign as Sign
from ._placemarks import SMALLEST_KM2 as SMALLEST_KM2
from ._placemarks import boxes_meet as boxes_meet
from ._placemarks import is_below_a_unit as is_below_a_unit
from ._placemarks import read_kml as read_kml
from ._placemarks import read_placemarks as read_placemarks
from ._placemarks import turned_meet as turned_meet
from ._written_shapes import as_written as as_written
from ._written_shapes import geom_hash as geom_hash
from ._written_shapes import hash_of_written as hash_of_written
from ._written_shapes import long_side_km as long_side_km
from ._written_shapes import unit_outlines as unit_outlines
from ._written_shapes import written_pieces as written_pieces
