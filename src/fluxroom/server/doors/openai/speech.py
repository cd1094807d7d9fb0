"""What a FLUX model says in a chat: pictures, and what is said where there are none."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field
from typing import Any

from fluxroom import catalog
from fluxroom.engine import Snapshot
from fluxroom.errors import FluxroomError, InvalidParams, ModeratedInput, ModeratedOutput
from fluxroom.server.doors.links import Links
from fluxroom.server.doors.openai.chat_parameters import ChatWish
from fluxroom.server.doors.openai.writing import Base64
from fluxroom.store.images import StoredImage
from fluxroom.types import Event, Queued, Running

USAGE = {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}

CHORE = "This model paints pictures; it writes no titles, tags or follow-up questions. Nothing was made or charged."
NO_PICTURE = "This model works on a picture, and there is none in this conversation yet. Attach one and say what to do."
NO_PROMPT = "Say what the picture shall show, or what shall change in it."

_LONGEST_TITLE = 80


@dataclass(frozen=True, slots=True)
class Message:
    """An assistant's message, and why it ends."""

    content: str
    finish: str = "stop"
    refusal: str | None = None
    images: list[dict[str, Any]] = field(default_factory=list)

    @property
    def fields(self) -> dict[str, Any]:
        """The fields beside the role; a picture list only where there are pictures."""
        listed = {"images": self.images} if self.images else {}
        return {"content": self.content, "refusal": self.refusal, **listed}


@dataclass(frozen=True, slots=True)
class Speaker:
    """Who answers one request: keeps what all its answers and chunks have in common."""

    wish: ChatWish
    identity: str
    created: int = field(default_factory=lambda: int(time.time()))

    def completion(self, message: Message, facts: dict[str, Any]) -> dict[str, Any]:
        """The whole answer."""
        choice = {"index": 0, "message": {"role": "assistant", **message.fields}, "logprobs": None}
        return {
            **self._head("chat.completion"),
            "choices": [{**choice, "finish_reason": message.finish}],
            "usage": USAGE,
            "fluxroom": facts,
        }

    def chunk(self, delta: dict[str, Any], *, finish: str | None = None, **more: Any) -> dict[str, Any]:
        """A piece of a streamed answer."""
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        return {**self._head("chat.completion.chunk"), "choices": [choice], **more}

    def usage(self) -> dict[str, Any]:
        """The last piece, for clients that ask what it took."""
        return {**self._head("chat.completion.chunk"), "choices": [], "usage": USAGE}

    def _head(self, kind: str) -> dict[str, Any]:
        return {"id": f"chatcmpl-{self.identity}", "object": kind, "created": self.created, "model": self.wish.name}


def pictures(found: Snapshot, links: Links, *, form: str) -> Message:
    """The message that shows the pictures: as a list, and as Markdown for clients that only show text."""
    title = _title(found.generation.prompt)
    lines = [f"![{title}]({links.of(image)})" for image in found.images]
    missing = len([job for job in found.jobs if job.state != "succeeded" and not job.went_elsewhere])
    if missing:
        lines.append(f"{missing} of {len(found.jobs)} jobs made no picture.")
    listed = [
        {"type": "image_url", "index": number, "image_url": {"url": _url(image, links, form)}}
        for number, image in enumerate(found.images)
    ]
    return Message("\n\n".join(lines), images=listed)


def refused(error: FluxroomError) -> Message | None:
    """Moderation as a refusal, in both fields: most chat programs show only the content. None for other errors."""
    if not isinstance(error, ModeratedInput | ModeratedOutput):
        return None
    words = f"{error.detail.rstrip('.')}. {error.next_step}"
    return Message(words, "content_filter", words)


def wanting(error: InvalidParams, *, prompt: str, with_pictures: bool) -> Message | None:
    """What to say where a picture or a prompt is wanting; None where something else is wrong."""
    field_name = error.context.get("field")
    if field_name == "references" and not with_pictures:
        return Message(NO_PICTURE)
    return Message(NO_PROMPT) if field_name == "prompt" and not prompt.strip() else None


def beginning(found: Snapshot) -> str:
    """What is being made, where, for how long and for how much."""
    model = catalog.models()[found.jobs[0].model]
    seconds = max(job.seconds for job in found.jobs)
    price = str(found.generation.quote.get("text", ""))
    count = f"{len(found.generation.references)} reference(s), " if found.generation.references else ""
    return f"{model.title}: {count}about {seconds:g} s, {price}\n"


def progress(event: Event) -> str:
    """What happens, in a few words; empty for what a reader need not know."""
    if isinstance(event, Queued):
        place = "" if event.position is None else f" (position {event.position})"
        return f"waiting{place}\n"
    if isinstance(event, Running):
        share = "" if event.progress is None else f" {event.progress:.0%}"
        return f"{(event.phase or 'running').lower().replace('_', ' ')}{share}\n"
    return ""


def _url(image: StoredImage, links: Links, form: str) -> str | Base64:
    return Base64(image.sha256, f"data:{image.mime};base64,") if form == "data" else links.of(image)


def _title(prompt: str) -> str:
    """The prompt as the text of a link: one short line without what Markdown would read."""
    words = re.sub(r"[\s\[\]()!`*_<>\\]+", " ", prompt).strip()
    return words if len(words) <= _LONGEST_TITLE else f"{words[: _LONGEST_TITLE - 1]}…"
