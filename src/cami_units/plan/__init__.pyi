"""The names of `plan`, and where each lives."""

from ._plan_files import read_plan as read_plan
from ._plan_files import read_profile as read_profile
from ._plan_files import stored_plan as stored_plan
from ._plan_keys import Plan as Plan
from ._plan_keys import equal_area_fault as equal_area_fault
