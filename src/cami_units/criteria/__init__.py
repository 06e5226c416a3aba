"""Findings from tables of overlaps: the gates G1, G2 and the criteria C1–C9, met or not, and why.

Arithmetic on tables, no geometry. Three steps that can be had one by one: :func:`measures` gives
the bare numbers of each site, :func:`verdicts` holds them against a profile, and :func:`assess`
does both and adds a sentence of evidence to each. :func:`score_cells` scores planning units.
No threshold lives here: they all come with the profile.

A criterion beyond C9 is one function of the tables of overlaps, which gives a number for every site,
in :data:`FURTHER` under its id, and one table of `criteria.toml`, which says what it is called and
what meets it::

    [further.C10]
    name_en = "share of the largest state"
    name_ru = "доля крупнейшего государства"
    unit = "% of site"
    at_least = 60

It is then found, told and shown wherever the nine are. It decides where ``[decision]`` names it,
is repeated in every run of `sensitivity`, and is never scored. A site of which a function says
nothing (``NaN``, or no row) is *not assessed* there.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
