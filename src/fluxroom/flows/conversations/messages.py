"""Messages of a conversation as JSON: an answer with its pictures, its end and its money, as they are now."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from fluxroom.engine.accounting import plain
from fluxroom.engine.lifecycle import SETTLED, State
from fluxroom.errors import by_code
from fluxroom.flows.told import an_image
from fluxroom.store.conversations import Conversation, Message
from fluxroom.store.jobs import Job

if TYPE_CHECKING:
    from fluxroom.engine import Snapshot

Answer = dict[str, Any]

DONE = "Image generated successfully"
"""What an answer says beside its pictures."""


def a_conversation(found: Conversation) -> Answer:
    """A conversation without its messages."""
    return {
        "id": found.id,
        "title": found.title,
        "assistant": found.assistant or None,
        "settings": dict(found.settings),
        "created_at": found.created_at,
        "changed_at": found.changed_at,
    }


def a_message(message: Message, made: Snapshot | None) -> Answer:
    """A message; an answer with what has become of it.

    Args:
        message: as it is written down.
        made: its generation; None where there is none.
    """
    base: Answer = {
        "id": message.id,
        "role": message.role,
        "content": [message.text] if message.text else [],
        "pictures": list(message.pictures),
        "note": dict(message.note),
        "asked": {name: value for name, value in message.asked.items() if name != "idempotency_key"},
        "created_at": message.created_at,
    }
    if message.role == "user":
        return {**base, "images": [], "complete": True, "finishReason": "stop", "error": None, "generation": None}
    if made is None:
        return {
            **base,
            "images": [],
            "complete": message.error is not None,
            "finishReason": "error" if message.error else None,
            "error": _with_status(message.error),
            "generation": None,
            "usage": _usage(0),
            "money": _money(()),
        }
    return {**base, **_answered(made)}


def _answered(found: Snapshot) -> Answer:
    made = [(picture, job) for job in found.jobs for picture in found.images_of(job)]
    final = [job for job in found.jobs if not job.went_elsewhere]
    failed = [job for job in final if job.state in SETTLED and job.state != State.SUCCEEDED]
    return {
        "content": [DONE] if made else [],
        "images": [
            {
                **an_image(picture),
                "mimeType": picture.mime,
                "metadata": {
                    "model": job.model,
                    "provider": job.provider,
                    "dimensions": {"width": picture.width, "height": picture.height},
                },
            }
            for picture, job in made
        ],
        "complete": found.settled,
        "finishReason": _reason(final, made=bool(made)) if found.settled else None,
        "error": _with_status(failed[0].error) if failed and not made else None,
        "generation": found.generation.id,
        "usage": _usage(len(made)),
        "money": _money(found.jobs),
    }


def _reason(jobs: Sequence[Job], *, made: bool) -> str:
    """Why an answer ends; a picture is a picture, whatever became of the others."""
    states = {job.state for job in jobs}
    if made:
        return "stop"
    if states & {State.MODERATED_INPUT, State.MODERATED_OUTPUT}:
        return "content_filter"
    return "cancelled" if states == {State.CANCELLED} else "error"


def _with_status(error: Any) -> Answer | None:
    """An error with the HTTP status that is its own, for whoever did not wait for it."""
    return {**error, "status": by_code(str(error.get("code"))).status} if error else None


def _usage(images: int) -> Answer:
    return {"images": images, "input_tokens": 0, "output_tokens": 0}


def _money(jobs: Sequence[Job]) -> Answer:
    """What is known to be charged, in US dollars; one job in doubt leaves the answer in doubt."""
    states = {job.charge_state for job in jobs}
    return {
        "charged": plain(sum((job.charged for job in jobs if job.charged is not None), Decimal(0))),
        "charge": "unknown" if "unknown" in states else "charged" if "charged" in states else "not_charged",
        "sandbox": any(job.sandbox for job in jobs),
    }
