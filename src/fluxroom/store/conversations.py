"""Conversations and their messages as rows. An answer is a generation; its pictures are looked up there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
from sqlalchemy import Connection, Text, bindparam, case, cast, delete, exists, insert, or_, select, update

from fluxroom.store.tables import conversations, messages
from fluxroom.types import JSON


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """Messages that belong together, and what the next one is asked with."""

    id: str
    owner: str
    title: str
    assistant: str = ""
    settings: Mapping[str, JSON] = field(default_factory=dict)  # model and parameters
    created_at: float
    changed_at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What a person said, or the answer."""

    id: str
    conversation: str
    role: str  # user, assistant
    text: str = ""
    pictures: Sequence[str] = ()  # a person's, by hash or address
    asked: Mapping[str, JSON] = field(default_factory=dict)  # of an answer: the request
    generation: str = ""
    error: Mapping[str, JSON] | None = None
    note: Mapping[str, JSON] = field(default_factory=dict)
    created_at: float


_ADD = insert(conversations)
_SAY = insert(messages)
_GET = select(conversations).where(conversations.c.id == bindparam("b_id"))
_CHANGE = (
    update(conversations)
    .where(conversations.c.id == bindparam("b_id"))
    .values(changed_at=bindparam("v_at"), settings=bindparam("v_settings"), title=bindparam("v_title"))
)
_TOUCH = (
    update(conversations)
    .where(conversations.c.id == bindparam("b_id"))
    .values(
        changed_at=bindparam("v_at"),
        title=case((conversations.c.title == "", bindparam("v_title", type_=Text)), else_=conversations.c.title),
    )
)
_DROP = delete(conversations).where(conversations.c.id == bindparam("b_id"))
_DROP_MESSAGES = delete(messages).where(messages.c.conversation == bindparam("b_id"))
_MESSAGES = (
    select(messages)
    .where(messages.c.conversation == bindparam("b_id"), messages.c.id > bindparam("b_after"))
    .order_by(messages.c.id)
    .limit(bindparam("b_limit"))
)
_RECENT = (
    select(messages)
    .where(messages.c.conversation == bindparam("b_id"))
    .order_by(messages.c.id.desc())
    .limit(bindparam("b_limit"))
)
_MESSAGE = select(messages).where(messages.c.conversation == bindparam("b_id"), messages.c.id == bindparam("b_message"))
_ANSWERED = (
    update(messages)
    .where(messages.c.id == bindparam("b_id"), messages.c.generation == "")
    .values(generation=bindparam("v_generation"), error=bindparam("v_error"), note=bindparam("v_note"))
)


def add(connection: Connection, conversation: Conversation) -> None:
    """Write a conversation down."""
    connection.execute(_ADD, {name: _plain(getattr(conversation, name)) for name in conversation.__slots__})


def get(connection: Connection, conversation_id: str) -> Conversation | None:
    """A conversation by its id."""
    row = connection.execute(_GET, {"b_id": conversation_id}).mappings().one_or_none()
    return None if row is None else Conversation(**row)


def page(connection: Connection, owner: str, *, limit: int, before: str = "", words: str = "") -> list[Conversation]:
    """An owner's conversations ("" for everybody's), the newest first; with `words`, those that have them somewhere."""
    asked = select(conversations).order_by(conversations.c.id.desc()).limit(limit)
    if owner:
        asked = asked.where(conversations.c.owner == owner)
    if before:
        asked = asked.where(conversations.c.id < before)
    if words:
        asked = asked.where(
            or_(
                conversations.c.title.icontains(words, autoescape=True),
                exists().where(
                    messages.c.conversation == conversations.c.id,
                    messages.c.role == "user",
                    messages.c.text.icontains(words, autoescape=True),
                ),
            )
        )
    return [Conversation(**row) for row in connection.execute(asked).mappings()]


def change(connection: Connection, conversation: Conversation) -> None:
    """Keep title, settings and the time of the last change."""
    values = {"v_at": conversation.changed_at, "v_settings": dict(conversation.settings), "v_title": conversation.title}
    connection.execute(_CHANGE, {"b_id": conversation.id} | values)


def touch(connection: Connection, conversation_id: str, *, at: float, title: str) -> bool:
    """Something is said: `title` is its title unless it has one; False when it is no longer there.

    Until the transaction ends, nobody else says anything in it.
    """
    return connection.execute(_TOUCH, {"b_id": conversation_id, "v_at": at, "v_title": title}).rowcount == 1


def drop(connection: Connection, conversation_id: str) -> None:
    """Forget a conversation; its pictures stay in the library."""
    connection.execute(_DROP_MESSAGES, {"b_id": conversation_id})
    connection.execute(_DROP, {"b_id": conversation_id})


def say(connection: Connection, said: Sequence[Message]) -> None:
    """Write messages down."""
    connection.execute(_SAY, [{name: _plain(getattr(one, name)) for name in one.__slots__} for one in said])


def said(connection: Connection, conversation_id: str, *, after: str = "", limit: int = 200) -> list[Message]:
    """The messages of a conversation in their order, those after the message `after`."""
    values = {"b_id": conversation_id, "b_after": after, "b_limit": limit}
    return [Message(**row) for row in connection.execute(_MESSAGES, values).mappings()]


def message(connection: Connection, conversation_id: str, message_id: str) -> Message | None:
    """One message of a conversation."""
    row = connection.execute(_MESSAGE, {"b_id": conversation_id, "b_message": message_id}).mappings().one_or_none()
    return None if row is None else Message(**row)


def asked_with(connection: Connection, conversation_id: str, word: str) -> list[Message]:
    """A person's messages in whose parameters this word stands somewhere, the oldest first."""
    asked = (
        select(messages)
        .where(
            messages.c.conversation == conversation_id,
            messages.c.role == "user",
            # As it is written in JSON, without the quotation marks around it.
            cast(messages.c.asked, Text).contains(orjson.dumps(word).decode()[1:-1], autoescape=True),
        )
        .order_by(messages.c.id)
    )
    return [Message(**row) for row in connection.execute(asked).mappings()]


def recent(connection: Connection, conversation_id: str, *, limit: int) -> list[Message]:
    """The last messages of a conversation, the newest first."""
    rows = connection.execute(_RECENT, {"b_id": conversation_id, "b_limit": limit}).mappings()
    return [Message(**row) for row in rows]


def answered(connection: Connection, message: Message) -> None:
    """Keep what an answer has become: its generation, or why there is none."""
    values = {
        "v_generation": message.generation,
        "v_error": None if message.error is None else dict(message.error),
        "v_note": dict(message.note),
    }
    connection.execute(_ANSWERED, {"b_id": message.id} | values)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    return list(value) if isinstance(value, tuple) else value
