"""A plan in the making: what one request has become so far at one route, and how a step refuses or reports."""

from __future__ import annotations

from dataclasses import dataclass, field

from fluxroom.catalog import names, words
from fluxroom.catalog.rows import Model, Route
from fluxroom.catalog.wire import Endpoint
from fluxroom.catalog.words import Asked
from fluxroom.errors import InvalidParams
from fluxroom.types import JSON, Mode, NotSent, Provider, Request, Size

MOST_IMAGES = 100
"""Pictures that one request may ask for; more is a bulk run."""


@dataclass(slots=True)
class Draft:
    """A plan in the making."""

    request: Request
    model: Model
    route: Route
    mode: Mode
    endpoint: Endpoint
    asked: Asked
    wire: dict[str, JSON] = field(default_factory=dict)
    params: dict[str, JSON] = field(default_factory=dict)
    not_sent: list[NotSent] = field(default_factory=list)
    size: Size | None = None

    @property
    def where(self) -> str:
        """How messages name the route: `flux-2-flex at fal`."""
        return f"{self.route.model} at {self.route.provider}"

    def facts(self, name: str) -> dict[str, JSON]:
        """The context of an error about a parameter."""
        return {"field": name, "model": self.route.model, "provider": self.route.provider, "mode": self.mode}


def begin(request: Request, provider: Provider) -> Draft:
    """A draft with nothing in it but what the caller wrote, in canonical words."""
    model, route, _ = names.route_of(request, provider)
    mode = names.route_mode(request, provider)
    asked = words.read(request, route.endpoint(mode))
    limit = asked.values.get("max_references", request.max_references)
    count = len(asked.references) if limit is None else min(len(asked.references), whole("max_references", limit))
    endpoint = route.endpoint(mode, count)
    return Draft(request=request, model=model, route=route, mode=mode, endpoint=endpoint, asked=asked)


def unsupported(draft: Draft, name: str, why: str = "") -> None:
    """Refuse a parameter that cannot be sent, or note it, as the caller wishes."""
    why = why or why_not(draft, name)
    if draft.request.on_unsupported == "report":
        draft.not_sent.append(NotSent(name, why or f"{draft.where} has no such parameter"))
        return
    if not why:
        raise _no_such(draft, name)
    raise InvalidParams(f"{name} cannot be sent to {draft.where}: {why}", **draft.facts(name))


def why_not(draft: Draft, name: str) -> str:
    """The row's reason why the model does not take a parameter; empty when it gives none."""
    text = draft.model.why_not.get(name)
    return "" if text is None else text["en"]


def _no_such(draft: Draft, name: str) -> InvalidParams:
    takes = sorted({*draft.endpoint.canonical, "num_images"})
    close = words.near(name, [*takes, *draft.endpoint.fields])
    hint = f" Did you mean {close}?" if close else ""
    return InvalidParams(
        f"{name} is not a parameter of {draft.where} ({draft.mode}).{hint} It takes {', '.join(takes)}",
        **draft.facts(name),
    )


def whole(name: str, value: JSON) -> int:
    """A number of things that is counted: 1 to `MOST_IMAGES`.

    Raises:
        InvalidParams: it is no whole number, or out of that range.
    """
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise InvalidParams(f"{name} must be an integer, not {value!r}", field=name)
    if not 1 <= value <= MOST_IMAGES:
        raise InvalidParams(
            f"{name} {value} is {'below 1' if value < 1 else f'above {MOST_IMAGES}'}; it takes 1 to {MOST_IMAGES}",
            field=name,
            limit=MOST_IMAGES,
        )
    return value
