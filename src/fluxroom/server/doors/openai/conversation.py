"""What a conversation asks for: the prompt, and the pictures that it is about.

The text of the last user message is the prompt; which pictures go along is the rule of our own conversations
(`fluxroom.flows.conversations.scenes`), where a link of ours in the message is a picture that the person has chosen.
Earlier words and system prompts are not sent: a FLUX model reads one prompt.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fluxroom.errors import InvalidParams
from fluxroom.flows.conversations import scenes
from fluxroom.flows.conversations.scenes import Turn
from fluxroom.server.doors.links import Links

# Nothing here may be tried at every place of a long text up to its end: neither part reaches beyond the next "[".
_MARKDOWN = re.compile(r"!\[[^\[\]]*+\]\(\s{0,9}+<?([^)\s>\[]++)>?[^)\[]{0,300}+\)")
_ADDRESS = re.compile(r"https?://[^\s)\"'<>\]]+")
_CHORE = re.compile(r"\s*#{1,4}\s*Task:")
_SPEAKERS = frozenset({"user", "assistant", "system", "developer"})


@dataclass(frozen=True, slots=True)
class Said:
    """One message: its text without the pictures in it, and the pictures in order, as they were named."""

    role: str
    text: str
    pictures: tuple[str, ...] = ()
    ours: bool = False  # at least one of them is a link of ours

    @property
    def turn(self) -> Turn:
        """The message, as far as its pictures go."""
        return Turn(self.role, self.pictures, chosen=self.ours)


@dataclass(frozen=True, slots=True)
class Scene:
    """What shall be painted of what."""

    prompt: str
    attached: tuple[str, ...]  # came with the last message
    before: tuple[str, ...]  # from the conversation, the newest first
    notes: list[dict[str, str]] = field(default_factory=list)

    @property
    def is_chore(self) -> bool:
        """Whether a front end wants a title, tags or the like, for which nobody wants to pay a picture."""
        return _CHORE.match(self.prompt) is not None


def scene_of(messages: Any, links: Links, *, whole: bool) -> Scene:
    """What the messages of a chat ask for.

    Args:
        messages: as in a body.
        links: recognises pictures of ours.
        whole: take the pictures of the whole conversation instead of those since the last one that was made.

    Raises:
        InvalidParams: they are no conversation that a FLUX model can answer.
    """
    if not isinstance(messages, list) or not messages:
        raise InvalidParams("messages must be a list with at least one message.", field="messages")
    said = [_said(one, links, f"messages.{number}") for number, one in enumerate(messages)]
    last = max((number for number, one in enumerate(said) if one.role == "user"), default=-1)
    if last < 0:
        raise InvalidParams("There is no user message, so there is no prompt.", field="messages")
    now, earlier = said[last], (one.turn for one in reversed(said[:last]))
    before = scenes.before(now.turn, earlier, whole=whole)
    return Scene(now.text, now.pictures, before, list(_notes(said, last)))


def _notes(said: Sequence[Said], last: int) -> Iterator[dict[str, str]]:
    if any(one.role in {"system", "developer"} and one.text for one in said):
        yield {"name": "messages.system", "why": "a FLUX model has no system prompt"}
    if any(one.text for one in said[:last] if one.role == "user"):
        yield {"name": "messages", "why": "the last user message is the prompt; earlier text is not sent"}


def _said(message: Any, links: Links, where: str) -> Said:
    if not isinstance(message, Mapping):
        raise InvalidParams(f"{where} is not a message.", field=where)
    role = str(message.get("role"))
    if role in {"tool", "function"} or message.get("tool_calls"):
        raise InvalidParams("A FLUX model calls no tools, so there are no results of any.", field=where)
    if role not in _SPEAKERS:
        raise InvalidParams(f"{where}.role is user, assistant, system or developer.", field=f"{where}.role")
    text, pictures = _content(message.get("content"), where)
    words, written = _without_pictures(text, links, made=role == "assistant")
    listed = [*pictures, *written, *_listed(message.get("images"), f"{where}.images")]
    named = tuple({_same(address, links): address for address in listed}.values())
    return Said(role, words, named, any(links.named(address) for address in named))


def _content(content: Any, where: str) -> tuple[str, list[str]]:
    """Text and pictures of a message's content, which is a text or a list of parts."""
    if content is None or isinstance(content, str):
        return content or "", []
    if not isinstance(content, list):
        raise InvalidParams(f"{where}.content is a text or a list of parts.", field=f"{where}.content")
    texts: list[str] = []
    pictures: list[str] = []
    for number, part in enumerate(content):
        kind = str(part.get("type")) if isinstance(part, Mapping) else ""
        if kind in {"text", "input_text", "output_text"}:
            texts.append(str(part.get("text") or ""))
        elif kind in {"image_url", "input_image"}:
            pictures.append(_address(part.get("image_url"), f"{where}.content.{number}"))
        elif kind != "refusal":
            raise InvalidParams(
                f"A FLUX model reads text and pictures, not {kind[:40]!r}.", field=f"{where}.content.{number}"
            )
    return "\n".join(filter(None, texts)), pictures


def _listed(images: Any, where: str) -> list[str]:
    """The pictures that an assistant's message was answered with, and that some clients send back."""
    if not isinstance(images, list):
        return []
    return [_address(one.get("image_url") if isinstance(one, Mapping) else one, where) for one in images]


def _address(given: Any, where: str) -> str:
    address = given.get("url") if isinstance(given, Mapping) else given
    if not isinstance(address, str) or not address:
        raise InvalidParams(f"{where} names no picture: give image_url.url.", field=where)
    return address


def _without_pictures(text: str, links: Links, *, made: bool) -> tuple[str, list[str]]:
    """The text without the pictures that are written into it, and those: ours, and embedded ones."""
    found: list[str] = []

    def take(match: re.Match[str]) -> str:
        address = match[1] if match.re is _MARKDOWN else match[0]
        if links.named(address) or (made and address.startswith("data:image/")):
            found.append(address)
            return ""
        return match[0]

    if "/files/" not in text and "data:image/" not in text:
        return text.strip(), found
    return _ADDRESS.sub(take, _MARKDOWN.sub(take, text)).strip(), found


def _same(address: str, links: Links) -> str:
    """By what two names of one picture are seen to be the same."""
    return links.named(address) or address
