"""The names of `plan`, and where each lives."""

from ._plan_files import read_plan as read_plan
from ._plan_files import read_profile as read_profile
from ._plan_files import stored_plan as stored_plan
from ._plan_keys import Plan as Plan
