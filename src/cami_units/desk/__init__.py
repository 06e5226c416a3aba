"""The facilitator's desk: one local page for the day, over the files of the workshop folder.

Requests in, commands called, pages out. All state is in the workshop's files, the same bytes as the
commands make; only this browser on this machine gets in.
"""

from cami_units.desk._server import application, serve

__all__ = ["application", "serve"]
