"""The commands, each by the file of its name."""

from . import activities as activities
from . import annex as annex
from . import assess as assess
from . import check as check
from . import collect as collect
from . import decide as decide
from . import fences as fences
from . import figures as figures
from . import group_folders as group_folders
from . import init as init
from . import lasting_ids as lasting_ids
from . import overlaps as overlaps
from . import pack as pack
from . import plenary as plenary
from . import propose as propose
from . import publish as publish
from . import rehearse as rehearse
from . import richness as richness
from . import round_files as round_files
from . import sensitivity as sensitivity
from . import shown_round as shown_round
