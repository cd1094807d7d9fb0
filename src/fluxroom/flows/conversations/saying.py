"""What a message of a conversation asks for: prompt, pictures and parameters, checked before anything is written."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from fluxroom.engine.intake import take_in_at
from fluxroom.errors import InvalidParams, InvalidReference
from fluxroom.flows import measures, picture_places
from fluxroom.flows.assistants.rules import Rules
from fluxroom.flows.conversations import scenes
from fluxroom.flows.conversations.scenes import Turn
from fluxroom.flows.expansion import Writer, WriterFailedError
from fluxroom.types import JSON, Plan, Reference, Request

if TYPE_CHECKING:
    from fluxroom.flows.runs.conductor import PlanWith

TakeIn = Callable[[Any], Awaitable[Reference]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A message as a person says it."""

    text: str
    pictures: Sequence[Any] = ()  # the most important first
    earlier: Sequence[Turn] = ()  # the newest first
    rules: Rules


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A message as it will be sent."""

    request: Request
    plan: Plan
    given: Sequence[Reference]  # what came with it
    asked: Mapping[str, JSON]
    note: Mapping[str, JSON] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads messages on behalf of one person.

    Args:
        plan_with: how a request is planned.
        take_in: how this person's pictures are taken in.
        providers: those that work can be given to.
        writer: writes prompts where a message wants that; None where nobody does.
    """

    plan_with: PlanWith
    take_in: TakeIn
    providers: Sequence[Any]
    writer: Writer | None = None

    async def read(self, wish: Wish) -> Said:
        """What a message becomes.

        Raises:
            RequestError: it cannot be carried out; nothing was written down or sent.
        """
        note: dict[str, JSON] = {}
        asked = await self._taken({**wish.rules.asked, "prompt": wish.text})
        given = [await self.take_in(one) for one in [*wish.pictures, *_listed(asked.pop("references", None))]]
        references = [*given, *await self._earlier(wish, asked, given, note)]
        if asked.get("max_references") == 0:
            del asked["max_references"]  # a fresh start, which is for us alone
        writes = asked.pop("write_prompt", False)
        if not isinstance(writes, bool):
            raise InvalidParams(f"write_prompt is true or false, not {writes!r}.", field="write_prompt")
        if writes:
            asked["prompt"] = await self._written(wish, note)
        request, plan = await self._planned(asked, references, note)
        wish.rules.check_price(plan)
        kept = {name: _named(value) for name, value in asked.items()}
        return Said(
            request=request,
            plan=plan,
            given=given,
            asked={**kept, "references": [_named(one) for one in plan.references]},
            note=note,
        )

    async def again(self, asked: Mapping[str, JSON]) -> tuple[Request, Plan]:
        """The request that `Said.asked` wrote down."""
        taken = await self._taken(asked)
        references = [await self.take_in(one) for one in _listed(taken.pop("references", None))]
        return await self._planned(taken, references, {})

    async def _taken(self, asked: Mapping[str, JSON]) -> dict[str, JSON]:
        """The parameters with every picture in them taken in as this person's (`mask`, …); references stay as named."""
        rest = {name: value for name, value in asked.items() if name != "references"}
        taken = await take_in_at(rest, picture_places.places(rest), self.take_in)
        return taken | ({"references": asked["references"]} if asked.get("references") else {})

    async def _earlier(
        self, wish: Wish, asked: Mapping[str, JSON], given: Sequence[Reference], note: dict[str, JSON]
    ) -> list[Reference]:
        """The earlier pictures that go along; what becomes of the others is noted, unless none are wanted (0)."""
        most = asked.get("max_references")
        now = Turn("user", (), chosen=bool(given))
        earlier = scenes.before(now, wish.earlier, whole=most is not None)
        mode = asked.get("mode")
        room = scenes.room(str(asked["model"]), self.providers, mode=mode if isinstance(mode, str) else None)
        limits = [one for one in (room, most, wish.rules.references) if isinstance(one, int)]
        if wish.rules.references is not None and len(given) > wish.rules.references:
            raise InvalidParams(
                f"{len(given)} pictures are more than {wish.rules.references}, the most that may come along here.",
                field="pictures",
                limit=wish.rules.references,
            )
        own = {_named(one) for one in given}
        found: list[Reference] = []
        gone = 0
        for name in (one for one in earlier if one not in own):
            try:
                found.append(await self.take_in(name))
            except InvalidReference:
                gone += 1
        fits = scenes.fitting([str(_named(one)) for one in found], attached=len(given), most=min(limits))
        whys = [fits.why, f"{gone} earlier picture(s) are no longer there" if gone else ""]
        if any(whys) and most != 0:
            note["left_out"] = "; ".join(filter(None, whys))
        return found[: len(fits.pictures)]

    async def _written(self, wish: Wish, note: dict[str, JSON]) -> str:
        """The prompt as a language model writes it by the assistant's guidance; the person's own where none does."""
        if self.writer is None:
            note["prompt"] = {"by": None, "why": "No language model is set (FLUXROOM_WRITER_URL): sent as it was said."}
            return wish.text
        try:
            found = await self.writer.more(wish.text, 1, wish.rules.guidance)
        except WriterFailedError as error:
            note["prompt"] = {"by": None, "why": f"{error} Sent as it was said."}
            return wish.text
        note["prompt"] = {"by": self.writer.name, "text": found[0]}
        return found[0]

    async def _planned(
        self, asked: Mapping[str, JSON], references: Sequence[Reference], note: dict[str, JSON]
    ) -> tuple[Request, Plan]:
        """The request at its route, in the first of the ways that the model can do."""

        async def plan_of(options: Mapping[str, JSON]) -> tuple[Request, Plan]:
            rest = {name: value for name, value in options.items() if name not in {"prompt", "model"}}
            whole = {"on_unsupported": "report", **rest, "references": list(references)}
            return await self.plan_with(asked.get("prompt"), str(asked["model"]), whole)

        way, (request, plan) = await measures.first(asked, references, plan_of)
        if way.note:
            note["quality"] = way.note
        if plan.not_sent:
            note["not_sent"] = _not_sent(plan, way.names)
        return request, plan


def _not_sent(plan: Plan, names: Mapping[str, str]) -> list[dict[str, str]]:
    """What was left out, in the words that the person has used."""
    told = [{**one.as_dict(), "name": names.get(one.name, one.name)} for one in plan.not_sent]
    return list({(one["name"], one["why"]): one for one in told}.values())


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, (list, tuple)) else [] if value is None else [value]


def _named(value: Any) -> JSON:
    """A value with every picture by its hash or address, as JSON."""
    if isinstance(value, Reference):
        return value.sha256 or value.url
    if isinstance(value, Mapping):
        return {name: _named(inner) for name, inner in value.items()}
    return [_named(one) for one in value] if isinstance(value, (list, tuple)) else value
