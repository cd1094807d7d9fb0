"""Conversations: every message is a request, and the last picture is what the next one is about.

A message is written down with its answer before anything is sent. The answer's request carries an idempotency key of
its own, so that a message that was sent and not noted is found again instead of being paid again. A message that comes
with a key of its caller's is one message, however often it comes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection

from fluxroom.engine.orders import Terms, hash_of
from fluxroom.errors import FluxroomError, IdempotencyConflict, NotFound, RequestError
from fluxroom.flows import plain_text
from fluxroom.flows.assistants.rules import rules
from fluxroom.flows.assistants.shelf import Kept, Shelf
from fluxroom.flows.assistants.telling import a_chat_model, an_assistant, everything
from fluxroom.flows.conversations.messages import Answer, a_conversation, a_message
from fluxroom.flows.conversations.saying import Reader, Said, Wish
from fluxroom.flows.conversations.scenes import Turn
from fluxroom.flows.expansion import Writer
from fluxroom.identifiers import new_id
from fluxroom.store import conversations, reuse
from fluxroom.store.conversations import Conversation, Message
from fluxroom.types import JSON, Plan, Reference, Request

if TYPE_CHECKING:
    from fluxroom.engine import Engine
    from fluxroom.flows.runs.conductor import PlanWith

_LOST_AFTER = 60.0
"""Seconds after which an answer without a generation was never sent: the process that wrote it down is gone."""

_LOOKED_BACK = 40
"""Messages that are looked at for earlier pictures."""

_LONGEST_TITLE = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversations:
    """A person's conversations."""

    engine: Engine
    plan_with: PlanWith
    take_in: Callable[[Any], Awaitable[Reference]]  # how this person's pictures are taken in
    shelf: Shelf | None = None  # where assistants are
    writer: Writer | None = None  # who writes prompts, where a message wants that
    owner: str = "local"
    only: str = ""  # the owner whose conversations are shown; "" for everybody's
    cap: int | None = None

    async def begin(self, settings: Mapping[str, JSON], *, title: str = "", assistant: str = "") -> Answer:
        """A new conversation.

        Args:
            settings: model and parameters of its messages; with an assistant, those that differ from its own.
            title: else the first message is.
            assistant: the id of one that is switched on.

        Raises:
            RequestError: there is no such model or assistant, or the assistant does not allow this.
        """
        plain_text.check({"title": title, **settings}, "settings")
        rules(await self._kept(), assistant, settings)
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
        return a_conversation(new)

    async def page(self, *, limit: int = 50, before: str = "", words: str = "") -> list[Answer]:
        """Conversations, the newest first; with `words`, those whose title or messages have them."""
        found = await self.engine.store.database.read(
            partial(conversations.page, owner=self.only, limit=limit, before=before, words=words)
        )
        return [a_conversation(one) for one in found]

    async def get(self, conversation_id: str, *, after: str = "") -> Answer:
        """A conversation with its messages, those after the message `after`."""
        found = await self._one(conversation_id)
        said = await self.engine.store.database.read(partial(conversations.said, conversation_id=found.id, after=after))
        return {**a_conversation(found), "messages": [await self._told(one) for one in said]}

    async def message(self, conversation_id: str, message_id: str = "") -> Answer:
        """One message of a conversation; without an id its last answer.

        Raises:
            NotFound: there is none.
        """
        found = await self._one(conversation_id)
        if message_id:
            asked = partial(conversations.message, conversation_id=found.id, message_id=message_id)
            wanted = await self.engine.store.database.read(asked)
        else:
            wanted = next((one for one in await self._recent(found.id) if one.role == "assistant"), None)
        if wanted is None:
            raise NotFound(f"There is no message {message_id or 'yet'} in this conversation.", advice="Say something.")
        return await self._told(wanted)

    async def change(self, conversation_id: str, *, title: str | None = None, settings: Any = None) -> Answer:
        """Another title, other settings for the messages to come."""
        found = await self._one(conversation_id)
        plain_text.check({"title": title, **(settings or {})}, "settings")
        if settings is not None:
            rules(await self._kept(), found.assistant, settings)

        def work(connection: Connection) -> Conversation:
            now = conversations.get(connection, found.id) or found
            changed = replace(
                now,
                title=now.title if title is None else title,
                settings=now.settings if settings is None else settings,
                changed_at=self.engine.now(),
            )
            conversations.change(connection, changed)
            return changed

        return a_conversation(await self.engine.store.database.write(work))

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
        key: str = "",
    ) -> Answer:
        """Say something and start its answer; returns the answer's message, whose pictures come later.

        Args:
            conversation_id: where.
            text: the prompt.
            pictures: what it is about, the most important first: files, addresses, images made here. Without any it is
                about the last picture of the conversation.
            options: parameters of this message alone; `size` and `quality` are for every model.
            key: the same key and message lead to the same answer, which is paid once.

        Raises:
            RequestError: it cannot be carried out; nothing was written down or sent.
            IdempotencyConflict: the key was used for another message.
            FluxroomError: it was written down and could not be sent, such as for want of money; the answer says so too.
        """
        found = await self._one(conversation_id)
        body = await asyncio.to_thread(_digest, text, pictures, options or {}) if key else ""
        known = await self._said_before(found, key, body)
        if known is not None:
            return await self._told(await self._sent_again(found, known))
        said = await self._read(found, text, pictures, options or {})
        spoken, answer = self._written(found, text, said, options or {})
        if key:
            spoken = replace(spoken, asked={**spoken.asked, "idempotency_key": [key, body, answer.id]})
        now = self.engine.now()

        def work(connection: Connection) -> Message | None:
            # The conversation's row first: of two that bring the same key at once, the second one waits and finds it.
            if not conversations.touch(connection, found.id, at=now, title=text[:_LONGEST_TITLE]):
                raise _not_there(found.id)
            before = _with_key(connection, found.id, key, body)
            if before is None:
                conversations.say(connection, [spoken, answer])
            return before

        before = await self.engine.store.database.write(work)
        if before is not None:
            return await self._told(await self._sent_again(found, before))
        return await self._told(await self._send(found, answer, said.request, said.plan))

    async def go_on(self, conversation_id: str) -> Answer | None:
        """See that the last answer comes, whatever became of the process that asked for it; None when there is none.

        What was written down and not sent is sent now, under the same key; nothing is paid twice.
        """
        found = await self._one(conversation_id)
        answer = next((one for one in await self._recent(found.id) if one.role == "assistant"), None)
        if answer is None:
            return None
        return await self._told(answer if answer.error else await self._sent_again(found, answer))

    async def stop(self, conversation_id: str) -> Answer:
        """Cancel what is under way: what became of each job, and the truth about its money."""
        found = await self._one(conversation_id)
        last = [one for one in await self._recent(found.id) if one.generation]
        open_ones = [one for one in last if not (await self.engine.snapshot(one.generation)).settled]
        stopped = [said for one in open_ones for said in await self.engine.cancel(one.generation)]
        fresh = [await self.engine.job(job.id) for job, _ in stopped]
        return {
            "said": [said for _, said in stopped],
            "jobs": [
                {"job": job.id, "route": job.route, "state": job.state, "said": said}
                for job, (_, said) in zip(fresh, stopped, strict=True)
            ],
            "message": await self._told(open_ones[0]) if open_ones else None,
        }

    async def assistants(self, language: str = "en") -> Answer:
        """Every assistant and chat model, and what is wrong with files that cannot be used."""
        return everything(await self._kept(), language)

    async def switch(self, name: str, *, on: bool) -> Answer:
        """Switch an assistant or a chat model on or off.

        Raises:
            NotFound: there is none of this id.
        """
        if self.shelf is None:
            raise NotFound(f"There is no assistant or chat model {name[:64]!r}.")
        kept = await asyncio.to_thread(partial(self.shelf.switch, name, on=on))
        one = kept.models.get(name)
        return a_chat_model(one, "en") if one else an_assistant(kept.assistants[name], "en")

    # -----------------------------------------------------------------------------------------------------------------

    async def _one(self, conversation_id: str) -> Conversation:
        found = await self.engine.store.database.read(partial(conversations.get, conversation_id=conversation_id))
        if found is None or self.only not in {"", found.owner}:
            raise _not_there(conversation_id)
        return found

    async def _kept(self) -> Kept:
        return Kept() if self.shelf is None else await asyncio.to_thread(self.shelf.kept)

    async def _recent(self, conversation_id: str) -> list[Message]:
        asked = partial(conversations.recent, conversation_id=conversation_id, limit=_LOOKED_BACK)
        return await self.engine.store.database.read(asked)

    @property
    def _reader(self) -> Reader:
        providers = list(self.engine.accounts)
        return Reader(plan_with=self.plan_with, take_in=self.take_in, providers=providers, writer=self.writer)

    async def _read(self, found: Conversation, text: str, pictures: Sequence[Any], options: Mapping[str, JSON]) -> Said:
        held = rules(await self._kept(), found.assistant, found.settings, options)
        whole = held.asked.get("max_references") is not None
        earlier = [] if pictures and not whole else await self._turns(found.id, whole=whole)
        return await self._reader.read(Wish(text=text, pictures=pictures, earlier=earlier, rules=held))

    async def _turns(self, conversation_id: str, *, whole: bool) -> list[Turn]:
        """Earlier messages with their pictures, the newest first, as far back as they can matter."""
        turns: list[Turn] = []
        for one in await self._recent(conversation_id):
            made = await self.engine.snapshot(one.generation) if one.generation else None
            pictures = [image.sha256 for image in made.images] if made else list(one.pictures)
            turns.append(Turn(one.role, pictures))
            if made and pictures and not whole:
                break
        return turns

    def _written(
        self, found: Conversation, text: str, said: Said, options: Mapping[str, JSON]
    ) -> tuple[Message, Message]:
        """The message and its answer, as they are written down."""
        now = self.engine.now()
        spoken = Message(
            id=new_id(),
            conversation=found.id,
            role="user",
            text=text,
            pictures=[one.sha256 or one.url for one in said.given],
            asked={name: said.asked.get(name, value) for name, value in options.items() if name != "references"},
            created_at=now,
        )
        answer = Message(
            id=_after(spoken.id),
            conversation=found.id,
            role="assistant",
            asked=said.asked,
            note=said.note,
            created_at=now,
        )
        return spoken, answer

    async def _said_before(self, found: Conversation, key: str, body: str) -> Message | None:
        if not key:
            return None
        return await self.engine.store.database.read(lambda connection: _with_key(connection, found.id, key, body))

    async def _sent_again(self, found: Conversation, answer: Message) -> Message:
        """An answer that was written down before; sent now where it was not, under the same key as then."""
        if not answer.generation:
            answer = await self._found_again(answer)
        if answer.generation:
            await self.engine.take_up(answer.generation)
            return answer
        return await self._send(found, answer, *await self._reader.again(answer.asked))

    async def _send(self, found: Conversation, answer: Message, request: Request, plan: Plan) -> Message:
        wanted = {name: answer.asked[name] for name in ("cache", "run", "priority") if answer.asked.get(name)}
        terms = Terms(owner=found.owner, cap=self.cap, idempotency_key=_key(answer), **wanted)
        try:
            generation = await self.engine.submit(request, plan, terms)
        except FluxroomError as error:
            failed = replace(answer, error=error.as_dict())
            await self.engine.store.database.write(lambda connection: conversations.answered(connection, failed))
            raise
        sent = replace(answer, generation=generation, error=None)
        await self.engine.store.database.write(lambda connection: conversations.answered(connection, sent))
        return sent

    async def _told(self, message: Message) -> Answer:
        """A message as JSON; an answer with its pictures as they are now."""
        if message.role == "assistant" and not message.generation and not message.error:
            message = await self._found_again(message)
        return a_message(message, await self.engine.snapshot(message.generation) if message.generation else None)

    async def _found_again(self, message: Message) -> Message:
        """An answer that was written down and not noted as sent: by its key it is known whether it was."""

        def work(connection: Connection) -> Message:
            conversation = conversations.get(connection, message.conversation)
            known = reuse.known(connection, conversation.owner, _key(message)) if conversation else None
            if known:
                found = replace(message, generation=known.generation, error=None)
            elif self.engine.now() - message.created_at > _LOST_AFTER:
                found = replace(message, error=_INTERRUPTED.as_dict())
            else:
                return message
            conversations.answered(connection, found)
            return found

        return await self.engine.store.database.write(work)


_INTERRUPTED = RequestError("The process ended before the message was sent.", advice="Say it again; nothing was paid.")


def _not_there(conversation_id: str) -> NotFound:
    return NotFound(f"There is no conversation {conversation_id}.", advice="List yours with GET /v1/conversations.")


def _digest(text: str, pictures: Sequence[Any], options: Mapping[str, JSON]) -> str:
    """By what a message that comes again under its key is known to be the same."""
    named = [sha256(one).hexdigest() if isinstance(one, bytes) else str(one) for one in pictures]
    return hash_of({"text": text, "pictures": named, "options": repr(options)})


def _with_key(connection: Connection, conversation_id: str, key: str, body: str) -> Message | None:
    """The answer of a message that came with this key before.

    Raises:
        IdempotencyConflict: it was another message.
    """
    if not key:
        return None
    for one in conversations.asked_with(connection, conversation_id, key):
        known, was, *answer = one.asked.get("idempotency_key") or ("", "")
        if known == key and was != body:
            raise IdempotencyConflict("This key came with another message before.", field="idempotency_key")
        if known == key and answer:
            return conversations.message(connection, conversation_id, answer[0])
        if known == key:  # of a version that did not write it down: it is the next one
            following = conversations.said(connection, conversation_id, after=one.id, limit=2)
            return next((later for later in following if later.role == "assistant"), None)
    return None


def _key(answer: Message) -> str:
    return f"fluxroom-message/{answer.id}"


def _after(message_id: str) -> str:
    """An id that sorts behind a message's, even within a millisecond."""
    while (later := new_id()) <= message_id:
        continue
    return later
