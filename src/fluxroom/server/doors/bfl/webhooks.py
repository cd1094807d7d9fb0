"""BFL's webhooks: the task by a POST as a poll would answer it, with the caller's own secret in a header."""

from __future__ import annotations

import orjson

from fluxroom.engine import Snapshot
from fluxroom.server.doors import call_backs
from fluxroom.server.doors.bfl import tasks
from fluxroom.server.doors.call_backs import Message
from fluxroom.server.doors.links import Links
from fluxroom.server.gateway import Gateway
from fluxroom.store.doors import CallBack


async def message(gateway: Gateway, found: Snapshot, wanted: CallBack, secret: str) -> Message:
    """What is sent about a settled task."""
    made = found.images_of(found.jobs[0])
    sample = Links(await gateway.secret("links"), wanted.base).of(made[0]) if made else ""
    headers = {"x-webhook-secret": secret} if secret else {}
    return Message(orjson.dumps(tasks.task(found, sample, None)), headers)


call_backs.speak("bfl", message)
