"""A folder to start a workshop from."""

from __future__ import annotations

from pathlib import Path

from cami_units import store
from cami_units.model import data_dir


def init(directory: Path) -> list[Path]:
    """A workshop folder to start from: plan, criteria, a place for inputs, and what to do next.

    Raises
    ------
    InputError
        The folder exists and is not empty.
    """
    return store.write_workshop(
        directory, plan=data_dir() / "plan.toml", criteria=data_dir() / "criteria.toml"
    )
