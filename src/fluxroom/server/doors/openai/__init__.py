"""OpenAI's protocol at `/openai/v1`: its clients change only their base URL, and make pictures with FLUX models."""

from __future__ import annotations

from fluxroom.server import problems
from fluxroom.server.doors.openai import errors
from fluxroom.server.doors.openai.routes import PREFIX, router

problems.speak(PREFIX, errors.shape)

__all__ = ["router"]
