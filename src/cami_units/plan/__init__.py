"""The plan of a workshop and its criteria: `plan.toml` and `criteria.toml` as checked, frozen values.

The two readers open their files, look at everything, and name every fault in one message. What
they hand on is a value: nothing here computes, and no computing room needs a plan.
"""

from cami_units.plan._plan_files import read_plan, read_profile, stored_plan
from cami_units.plan._plan_keys import Plan, equal_area_fault

__all__ = ["Plan", "equal_area_fault", "read_plan", "read_profile", "stored_plan"]
