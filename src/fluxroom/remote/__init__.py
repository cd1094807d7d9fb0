"""A client's work at a gateway: the same as `fluxroom.local`, over its HTTP API.

Nothing is made twice because a connection broke: every POST carries an idempotency key of its own and is repeated under
that same key; whoever waits comes back with `Last-Event-ID`.
"""

from __future__ import annotations

from fluxroom.remote.books import RemoteBooks, open_books
from fluxroom.remote.worker import RemoteWorker

__all__ = ["RemoteBooks", "RemoteWorker", "open_books"]
