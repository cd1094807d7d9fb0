"""Which pictures go along with a message: one rule for our own conversations and for OpenAI's protocol.

A message is about the pictures that came with it and, unless a person has chosen, about everything since the last
picture that was made, and that picture: so "make it night" changes what was just made. The newest come first; what the
model has no room for is left out, the oldest first, and told.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass

from fluxroom import catalog
from fluxroom.types import Mode, Provider


@dataclass(frozen=True, slots=True)
class Turn:
    """A message, as far as its pictures go."""

    role: str  # user, assistant, …
    pictures: Sequence[str] = ()
    chosen: bool = False  # a person has named what it is about: nothing else goes along


@dataclass(frozen=True, slots=True)
class Fitting:
    """The earlier pictures that go along, and what is said about the others."""

    pictures: Sequence[str]
    why: str = ""


def before(now: Turn, earlier: Iterable[Turn], *, whole: bool = False) -> tuple[str, ...]:
    """The pictures of earlier messages that a message is about, the newest first.

    Args:
        now: the message.
        earlier: those before it, the newest first; no more are looked at than are needed.
        whole: the pictures of the whole conversation instead of those since the last one that was made.
    """
    if now.chosen and not whole:
        return ()
    return tuple(dict.fromkeys(_back(earlier, whole=whole)))


def _back(earlier: Iterable[Turn], *, whole: bool) -> Iterator[str]:
    for one in earlier:
        if one.role == "assistant" and one.pictures:
            yield from (reversed(one.pictures) if whole else one.pictures[-1:])
            if not whole:
                return
        elif one.role == "user":
            yield from one.pictures


def room(model: str, providers: Container[Provider], *, mode: str | None = None) -> int:
    """How many pictures a model takes along, at its best route among these providers.

    >>> room("flux-2-pro", {"bfl", "fal"}), room("fal/flux-schnell", {"fal"})
    (9, 0)

    Raises:
        UnknownModel: there is no such model.
    """
    row, named, known = catalog.find(model)
    wanted = mode or known
    routes = [
        route for provider, route in row.routes.items() if named == provider or (not named and provider in providers)
    ]
    found = (route.max_references(one) for route in routes for one in route.modes if _takes(route, one, wanted))
    return max(found, default=0)


def _takes(route: catalog.Route, mode: Mode, wanted: str | None) -> bool:
    """Whether a message in words can be about pictures in this mode.

    A model that makes pictures from words and besides only varies others would not do what the words say.
    """
    if wanted is not None and wanted != "generate":
        return mode == wanted
    if mode == "generate" or (mode == "vary" and "generate" in route.modes):
        return False
    return bool(route.endpoint(mode).named("references"))


def fitting(earlier: Sequence[str], *, attached: int, most: int) -> Fitting:
    """What of the earlier pictures goes along.

    Args:
        earlier: as `before` says.
        attached: how many came with the message itself.
        most: how many the model takes, or the caller wants.
    """
    taken = earlier[: max(0, most - attached)]
    left = len(earlier) - len(taken)
    if not left:
        return Fitting(taken)
    why = f"{left} earlier picture(s) are left out: the model takes {most}" if most else "the model takes no pictures"
    return Fitting(taken, why)
