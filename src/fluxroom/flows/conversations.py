"""Conversations: every message is a request, and the last picture is what the next one is about.

A message is written down with its answer before anything is sent. The answer's request carries an idempotency key of
its own, so that a message that was sent and not noted is found again instead of being paid again.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection

from fluxroom.engine.lifecycle import SETTLED, State
from fluxroom.engine.orders import Terms
from fluxroom.errors import FluxroomError, NotFound, RequestError
from fluxroom.flows.told import an_image
from fluxroom.identifiers import new_id
from fluxroom.store import conversations, reuse
from fluxroom.store.conversations import Conversation, Message
from fluxroom.types import JSON, Plan, Reference, Request

if TYPE_CHECKING:
    from fluxroom.engine import Engine, Snapshot
    from fluxroom.flows.conductor import PlanWith

Answer = dict[str, Any]

_LOST_AFTER = 60.0
"""Seconds after which an answer without a generation was never sent: the process that wrote it down is gone."""

_LOOKED_BACK = 20
"""Answers that are looked at for the last picture."""

_LONGEST_TITLE = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversations:
    """A person's conversations."""

    engine: Engine
    plan_with: PlanWith
    take_in: Callable[[Any], Awaitable[Reference]]  # how this person's pictures are taken in
    owner: str = "local"
    only: str = ""  # the owner whose conversations are shown; "" for everybody's
    cap: int | None = None

    async def begin(self, settings: Mapping[str, JSON], *, title: str = "", assistant: str = "") -> Answer:
        """A new conversation; `settings` are the model and parameters of its messages."""
        now = self.engine.now()
        new = Conversation(
            id=new_id(),
            owner=self.owner,
            title=title,
            assistant=assistant,
            settings=settings,
            created_at=now,
            changed_at=now,
        )
        await self.engine.store.database.write(lambda connection: conversations.add(connection, new))
        return _shown(new)

    async def page(self, *, limit: int = 50, before: str = "") -> list[Answer]:
        """Conversations, the newest first."""
        found = await self.engine.store.database.read(
            partial(conversations.page, owner=self.only, limit=limit, before=before)
        )
        return [_shown(one) for one in found]

    async def get(self, conversation_id: str, *, after: str = "") -> Answer:
        """A conversation with its messages, those after the message `after`."""
        found = await self._one(conversation_id)
        said = await self.engine.store.database.read(partial(conversations.said, conversation_id=found.id, after=after))
        return {**_shown(found), "messages": [await self._told(one) for one in said]}

    async def change(self, conversation_id: str, *, title: str | None = None, settings: Any = None) -> Answer:
        """Another title, other settings for the messages to come."""
        found = await self._one(conversation_id)
        changed = replace(
            found,
            title=found.title if title is None else title,
            settings=found.settings if settings is None else settings,
            changed_at=self.engine.now(),
        )
        await self.engine.store.database.write(lambda connection: conversations.change(connection, changed))
        return _shown(changed)

    async def drop(self, conversation_id: str) -> None:
        """Forget a conversation; its pictures stay in the library."""
        found = await self._one(conversation_id)
        await self.engine.store.database.write(partial(conversations.drop, conversation_id=found.id))

    async def say(
        self,
        conversation_id: str,
        text: str,
        *,
        pictures: Sequence[Any] = (),
        options: Mapping[str, JSON] | None = None,
    ) -> Answer:
        """Say something and start its answer; returns the answer's message, whose pictures come later.

        Args:
            conversation_id: where.
            text: the prompt.
            pictures: what it is about, the most important first: files, addresses, images made here. Without any it is
                about the last picture of the conversation.
            options: parameters of this message alone.

        Raises:
            RequestError: it cannot be carried out; nothing was written down or sent.
        """
        found = await self._one(conversation_id)
        asked = {**found.settings, **(options or {}), "prompt": text}
        given = [await self.take_in(one) for one in pictures]
        last = [] if given else await self._last_picture(found.id)
        request, plan, note = await self._planned(asked, given, last)
        now = self.engine.now()
        spoken = Message(
            id=new_id(),
            conversation=found.id,
            role="user",
            text=text,
            pictures=[_named(one) for one in given],
            created_at=now,
        )
        answer = Message(
            id=_after(spoken.id),
            conversation=found.id,
            role="assistant",
            asked={**asked, "references": [_named(one) for one in plan.references]},
            note=note,
            created_at=now,
        )
        titled = replace(found, title=found.title or text[:_LONGEST_TITLE], changed_at=now)

        def work(connection: Connection) -> None:
            conversations.say(connection, [spoken, answer])
            conversations.change(connection, titled)

        await self.engine.store.database.write(work)
        return await self._told(await self._send(found, answer, request, plan))

    async def stop(self, conversation_id: str) -> list[str]:
        """Cancel what is under way; what became of each job, and whether it is charged."""
        found = await self._one(conversation_id)
        last = await self.engine.store.database.read(partial(conversations.answers, conversation_id=found.id, limit=1))
        return [words for one in last for _, words in await self.engine.cancel(one.generation)]

    # -----------------------------------------------------------------------------------------------------------------

    async def _one(self, conversation_id: str) -> Conversation:
        found = await self.engine.store.database.read(partial(conversations.get, conversation_id=conversation_id))
        if found is None or self.only not in {"", found.owner}:
            raise NotFound(
                f"There is no conversation {conversation_id}.", advice="List yours with GET /v1/conversations."
            )
        return found

    async def _planned(
        self, asked: Mapping[str, JSON], given: Sequence[Reference], last: Sequence[Reference]
    ) -> tuple[Request, Plan, dict[str, JSON]]:
        """The request at its route. A picture that nobody has named is left out where the model takes none."""
        options: dict[str, Any] = {name: value for name, value in asked.items() if name not in {"prompt", "model"}}
        options |= {"on_unsupported": "report", "references": [*given, *last]}
        note: dict[str, JSON] = {}
        alone = options | {"references": []}
        try:
            request, plan = await self.plan_with(asked.get("prompt"), str(asked["model"]), options)
        except RequestError as error:
            if given or not last:
                raise
            note["left_out"] = f"the last picture: {error.detail}"
            request, plan = await self.plan_with(asked.get("prompt"), str(asked["model"]), alone)
        if last and plan.references and plan.mode != "edit" and "mode" not in asked:
            # Such a model makes variations of a picture; what was asked for are words.
            note["left_out"] = f"the last picture: {plan.model} does not edit pictures"
            request, plan = await self.plan_with(asked.get("prompt"), str(asked["model"]), alone)
        if plan.not_sent:
            note["not_sent"] = [one.as_dict() for one in plan.not_sent]
        return request, plan, note

    async def _send(self, found: Conversation, answer: Message, request: Request, plan: Plan) -> Message:
        terms = Terms(owner=found.owner, cap=self.cap, idempotency_key=_key(answer))
        try:
            generation = await self.engine.submit(request, plan, terms)
        except FluxroomError as error:
            failed = replace(answer, error=error.as_dict())
            await self.engine.store.database.write(lambda connection: conversations.answered(connection, failed))
            return failed
        sent = replace(answer, generation=generation)
        await self.engine.store.database.write(lambda connection: conversations.answered(connection, sent))
        return sent

    async def _last_picture(self, conversation_id: str) -> list[Reference]:
        latest = await self.engine.store.database.read(
            partial(conversations.answers, conversation_id=conversation_id, limit=_LOOKED_BACK)
        )
        for one in latest:
            found = await self.engine.snapshot(one.generation)
            if found.images:
                return [await self.take_in(found.images[-1].sha256)]
        return []

    async def _told(self, message: Message) -> Answer:
        """A message as JSON; an answer with its pictures as they are now."""
        base: Answer = {
            "id": message.id,
            "role": message.role,
            "content": [message.text] if message.text else [],
            "pictures": list(message.pictures),
            "note": dict(message.note),
            "asked": dict(message.asked),
        }
        if message.role == "user":
            return {**base, "images": [], "complete": True, "finishReason": "stop", "error": None, "generation": None}
        message = message if message.generation or message.error else await self._found_again(message)
        if not message.generation:
            return {
                **base,
                "images": [],
                "complete": message.error is not None,
                "finishReason": "error" if message.error else None,
                "error": dict(message.error) if message.error else None,
                "generation": None,
                "usage": _usage(0),
            }
        return {**base, **_answered(await self.engine.snapshot(message.generation))}

    async def _found_again(self, message: Message) -> Message:
        """An answer that was written down and not noted as sent: by its key it is known whether it was."""

        def work(connection: Connection) -> Message:
            conversation = conversations.get(connection, message.conversation)
            known = reuse.known(connection, conversation.owner, _key(message)) if conversation else None
            if known:
                found = replace(message, generation=known.generation)
            elif self.engine.now() - message.created_at > _LOST_AFTER:
                found = replace(message, error=_INTERRUPTED.as_dict())
            else:
                return message
            conversations.answered(connection, found)
            return found

        return await self.engine.store.database.write(work)


_INTERRUPTED = RequestError("The process ended before the message was sent.", advice="Say it again; nothing was paid.")


def _answered(found: Snapshot) -> Answer:
    made = [(picture, job) for job in found.jobs for picture in found.images_of(job)]
    failed = next((job.error for job in found.jobs if job.state in SETTLED and job.state != State.SUCCEEDED), None)
    moderated = any(job.state in {State.MODERATED_INPUT, State.MODERATED_OUTPUT} for job in found.jobs)
    reason = "stop" if made else "content_filter" if moderated else "error"
    return {
        "content": ["Image generated successfully"] if made else [],
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
        "finishReason": reason if found.settled else None,
        "error": dict(failed) if failed and not made else None,
        "generation": found.generation.id,
        "usage": _usage(len(made)),
    }


def _usage(images: int) -> Answer:
    return {"images": images, "input_tokens": 0, "output_tokens": 0}


def _shown(found: Conversation) -> Answer:
    return {
        "id": found.id,
        "title": found.title,
        "assistant": found.assistant or None,
        "settings": dict(found.settings),
        "created_at": found.created_at,
        "changed_at": found.changed_at,
    }


def _named(reference: Reference) -> str:
    return reference.sha256 or reference.url or ""


def _key(answer: Message) -> str:
    return f"fluxroom-message/{answer.id}"


def _after(message_id: str) -> str:
    """An id that sorts behind a message's, even within a millisecond."""
    while (later := new_id()) <= message_id:
        continue
    return later
