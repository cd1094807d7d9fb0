"""The door for clients of Black Forest Labs' API: they change their base URL and their key, and nothing else."""

from __future__ import annotations

from fluxroom.server.doors.bfl import webhooks as _webhooks  # noqa: F401  says how its callers are called
from fluxroom.server.doors.bfl.refusals import translate
from fluxroom.server.doors.bfl.routes import router
from fluxroom.server.problems import speak

speak("/bfl", translate)

__all__ = ["router", "translate"]
