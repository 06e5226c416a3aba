"""Propose, map, edit and agree priority conservation units for mammals that cross borders."""

__version__ = "0.1.0"
