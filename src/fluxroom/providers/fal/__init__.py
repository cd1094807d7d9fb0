"""fal.ai's queue (fal.ai docs, queue, 2026)."""

from __future__ import annotations

from fluxroom.providers.fal.dialect import DIALECT

__all__ = ["DIALECT"]
