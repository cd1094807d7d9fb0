"""How a door orders pictures: a provider's body in, the id of an ordinary generation out."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from copy import deepcopy
from typing import Any

import orjson
from fastapi import Request

from fluxroom.catalog.wire import Endpoint
from fluxroom.engine import Snapshot
from fluxroom.errors import InvalidParams
from fluxroom.server.access import callers
from fluxroom.server.access.callers import Caller
from fluxroom.server.doors import debts, links, uploads
from fluxroom.server.doors.complaints import complaint
from fluxroom.server.doors.debts import Debt
from fluxroom.server.doors.wire_body import options_of
from fluxroom.server.gateway import Gateway
from fluxroom.server.generations.references import usable
from fluxroom.types import JSON


async def object_in(request: Request) -> dict[str, JSON]:
    """The JSON object that a request carries.

    Raises:
        InvalidParams: it carries none; `errors` has what the provider would say.
    """
    try:
        raw = await request.body()
        found = orjson.loads(raw or b"null")
    except orjson.JSONDecodeError as error:
        told = complaint([], "json_invalid", "JSON decode error", {}, error=str(error))
        raise InvalidParams("The body is not valid JSON.", errors=[told]) from None
    if not isinstance(found, dict):
        words = "Input should be a valid dictionary or object to extract fields from"
        told = complaint([], "model_attributes_type", words, found)
        raise InvalidParams("The body is not a JSON object.", errors=[told])
    if b"\\u0000" in raw and (place := _place_of_nul(found)) is not None:
        told = complaint(place, "value_error", "Value error, a NUL character is not text", None)
        raise InvalidParams("A NUL character is not text.", field=str(place[0]), errors=[told])
    return found


def _place_of_nul(body: Mapping[str, JSON]) -> list[str | int] | None:
    """Where a text with a NUL in it stands, which no database keeps; None when there is none."""
    waiting: list[tuple[list[str | int], JSON]] = [([], body)]
    while waiting:
        place, value = waiting.pop()
        if isinstance(value, str) and "\0" in value:
            return place
        if isinstance(value, Mapping):
            if any("\0" in name for name in value):
                return [*place, "NUL"]
            waiting += [([*place, name], inner) for name, inner in value.items()]
        elif isinstance(value, list):
            waiting += [([*place, number], inner) for number, inner in enumerate(value)]
    return None


@asynccontextmanager
async def ordered(
    gateway: Gateway, caller: Caller, endpoint: Endpoint, body: Mapping[str, JSON], **terms: Any
) -> AsyncIterator[Debt]:
    """Order what a provider's body asks for, at the endpoint that it was sent to; its answer is owed until it is paid.

    Args:
        gateway: as everywhere.
        caller: who asks, and pays.
        endpoint: where it was sent to.
        body: in the provider's own words.
        terms: `priority`, and the `idempotency_key` of a caller who has one: then that decides what is the same.

    Raises:
        RequestError: it cannot be carried out; nothing was sent.
        BudgetExceeded: a budget of the caller does not allow it.
    """
    own = str(terms.pop("idempotency_key", ""))

    async def under(key: str) -> str:
        return await _order(gateway, caller, endpoint, body, {**terms, "idempotency_key": key})

    if own:
        yield Debt(await under(own), caller.owner, "")
        return
    digest = debts.digest_of(endpoint.provider, endpoint.id, body)
    async with debts.owing(gateway, caller, digest, under) as debt:
        yield debt


async def _order(
    gateway: Gateway, caller: Caller, endpoint: Endpoint, body: Mapping[str, JSON], terms: Mapping[str, Any]
) -> str:
    async def opened(text: str) -> str:
        if not text.lower().startswith(("https://", "http://")):
            # BFL takes bare base64 where others want a data URI; what kind of picture it is, its bytes say.
            return text if text.startswith("data:") else f"data:image/png;base64,{''.join(text.split())}"
        ours = await links.resolve(gateway, text) or await uploads.resolve(gateway, text)
        return ours or await usable(gateway, caller, text)

    options: dict[str, Any] = {**await options_of(endpoint, deepcopy(body), opened), **terms}
    return await callers.order(
        gateway, caller, options.pop("prompt", None), f"{endpoint.provider}/{endpoint.id}", options
    )


def headers(found: Snapshot) -> dict[str, str]:
    """What a submit says besides: which of the body's fields were not sent, because the model has no such thing."""
    names = ", ".join(dict.fromkeys(str(note["name"]) for note in found.generation.not_sent))
    return {"x-fluxroom-not-sent": names} if names else {}
