"""Black Forest Labs' own API (BFL OpenAPI, October 2026; docs.bfl.ai)."""

from __future__ import annotations

from fluxroom.providers.bfl.dialect import DIALECT

__all__ = ["DIALECT"]
