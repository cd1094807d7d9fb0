"""The gateway as a page's browser reaches it."""

from tests.server.conftest import folder, http, quiet

__all__ = ["folder", "http", "quiet"]
