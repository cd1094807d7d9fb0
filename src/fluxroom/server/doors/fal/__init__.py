"""The door for fal.ai's clients: direct calls, the queue, uploads and the proxy, on this gateway."""

from __future__ import annotations

from fastapi import APIRouter

from fluxroom.server.doors.fal import queue, run, storage, webhooks
from fluxroom.server.doors.fal.addresses import AtRoot, Mapped
from fluxroom.server.doors.fal.refusals import translate
from fluxroom.server.problems import speak

__all__ = ["AtRoot", "Mapped", "router", "translate"]

router = APIRouter()
for part in (storage, webhooks, queue, run):  # direct calls last: their address takes in every other one
    router.include_router(part.router)

speak("/fal", translate)
