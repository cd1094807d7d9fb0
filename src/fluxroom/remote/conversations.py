"""Conversations at a gateway: the same as `fluxroom.flows.conversations.Conversations`, over HTTP."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from fluxroom.engine.intake import take_in_at
from fluxroom.errors import NotFound, UnknownModel
from fluxroom.flows import picture_places
from fluxroom.identifiers import new_id
from fluxroom.remote.line import Line, Told, segment
from fluxroom.types import JSON, Reference

Answer = dict[str, Any]


class RemoteConversations:
    """A person's conversations at a gateway.

    Args:
        line: an open connection to it.
        take_in: brings a picture there.
    """

    def __init__(self, line: Line, take_in: Callable[[Any], Awaitable[Reference]]) -> None:
        self._line = line
        self._take_in = take_in

    async def begin(self, settings: Mapping[str, JSON], *, title: str = "", assistant: str = "") -> Answer:
        """A new conversation."""
        brought = await self._brought(settings, settings)
        body = {"settings": brought, "title": title, "assistant": assistant}
        answer: Answer = await self._line.post("/v1/conversations", body)
        return answer

    async def page(self, *, limit: int = 50, before: str = "", words: str = "") -> list[Answer]:
        """Conversations, the newest first."""
        asked = {"before": before or None, "q": words or None}
        found: Told = await self._line.get("/v1/conversations", limit=limit, **asked)
        return found.every("conversations")

    async def get(self, conversation_id: str, *, after: str = "") -> Told:
        """A conversation with its messages, those after the message `after`."""
        found: Told = await self._line.get(_at(conversation_id), after=after or None)
        return found

    async def message(self, conversation_id: str, message_id: str = "") -> Answer:
        """One message of a conversation; without an id its last answer."""
        found: Answer = await self._line.get(f"{_at(conversation_id)}/messages/{segment(message_id or 'last')}")
        return found

    async def change(self, conversation_id: str, *, title: str | None = None, settings: Any = None) -> Answer:
        """Another title, other settings for the messages to come."""
        body = {"title": title, "settings": settings and await self._brought(settings, settings)}
        answer: Answer = (await self._line.call("PATCH", _at(conversation_id), json=body)).json()
        return answer

    async def drop(self, conversation_id: str) -> None:
        """Forget a conversation; its pictures stay in the library."""
        await self._line.call("DELETE", _at(conversation_id))

    async def say(
        self,
        conversation_id: str,
        text: str,
        *,
        pictures: Sequence[Any] = (),
        options: Mapping[str, JSON] | None = None,
        key: str = "",
    ) -> Answer:
        """Say something and start its answer. However often the connection breaks: it is one message, paid once."""
        asked = dict(options or {})
        if asked:
            settings = (await self.get(conversation_id, after="~")).part("settings")
            asked = await self._brought(asked, {**settings, **asked})
        named = [_named(await self._take_in(one)) for one in pictures]
        body = {"text": text, "pictures": named, "options": asked}
        answer: Answer = await self._line.post(f"{_at(conversation_id)}/messages", body, key=key or new_id())
        return answer

    async def go_on(self, conversation_id: str) -> Answer | None:
        """The last answer, which the gateway carries; None when there is none."""
        try:
            return await self.message(conversation_id)
        except NotFound:
            return None

    async def stop(self, conversation_id: str) -> Answer:
        """Cancel what is under way: what became of each job, and the truth about its money."""
        answer: Answer = await self._line.post(f"{_at(conversation_id)}/stop", {})
        return answer

    async def assistants(self, language: str = "en") -> Answer:
        """Every assistant and chat model."""
        found: Answer = await self._line.get("/v1/assistants", language=language)
        return found

    async def switch(self, name: str, *, on: bool) -> Answer:
        """Switch an assistant or a chat model on or off."""
        call = self._line.call("PUT", f"/v1/assistants/{segment(name)}", json={"enabled": on})
        answer: Answer = (await call).json()
        return answer

    async def _brought(self, asked: Mapping[str, JSON], whole: Mapping[str, JSON]) -> dict[str, JSON]:
        """The parameters with every picture in them brought to the gateway.

        Args:
            asked: the parameters.
            whole: the same with the model, which says where there are pictures.
        """
        try:
            places = [place for place in picture_places.places(whole) if place[0] in asked]
        except UnknownModel:
            places = []  # a name that only the gateway knows, such as a chat model's

        async def named(source: Any) -> Any:
            return _named(await self._take_in(source))

        return await take_in_at(asked, places, named)


def _named(reference: Reference) -> str:
    return reference.sha256 or reference.url


def _at(conversation_id: str) -> str:
    return f"/v1/conversations/{segment(conversation_id)}"
