"""``python -m cami_units`` is ``cami-units``."""

from cami_units.cli import main

if __name__ == "__main__":
    main()
