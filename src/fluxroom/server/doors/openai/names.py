"""Models under the names that OpenAI's clients call them by: ours, and aliases for clients that only know OpenAI's."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache

from fluxroom import catalog
from fluxroom.catalog import Model
from fluxroom.client import DEFAULT_MODEL
from fluxroom.errors import UnknownModel
from fluxroom.server.gateway import Gateway

_THEIRS = re.compile(r"(dall-e|gpt-|chatgpt-|o\d|sora)", re.IGNORECASE)


@cache
def aliases(setting: str) -> Mapping[str, str]:
    """What FLUXROOM_OPENAI_ALIASES says.

    >>> dict(aliases("gpt-image-2=flux-2-pro, dall-e-3=bfl/flux-2-max"))
    {'gpt-image-2': 'flux-2-pro', 'dall-e-3': 'bfl/flux-2-max'}
    """
    pairs = (one.split("=", 1) for one in setting.split(",") if "=" in one)
    return {alias.strip(): model.strip() for alias, model in pairs}


def model_named(gateway: Gateway, name: str | None) -> str:
    """The model or route that a client means; the default one when it names none.

    Raises:
        UnknownModel: there is no such model.
    """
    wanted = (name or "").strip() or DEFAULT_MODEL
    wanted = aliases(gateway.settings.openai_aliases).get(wanted, wanted)
    if _THEIRS.match(wanted):
        raise UnknownModel(
            f"{wanted[:80]!r} is a model of OpenAI; this gateway has FLUX models, such as {', '.join(_some(gateway))}.",
            advice=f"Name one of them, or set FLUXROOM_OPENAI_ALIASES={wanted[:80]}={DEFAULT_MODEL} at the gateway.",
            model=wanted[:80],
            field="model",
        )
    catalog.find(wanted)
    return wanted


def offered(gateway: Gateway) -> list[Model]:
    """The models that can be ordered now, in the order in which people are shown them."""
    accounts = gateway.engine.accounts
    return [
        model
        for model in catalog.models().values()
        if model.status != "retired" and any(provider in accounts for provider in model.routes)
    ]


def created(model: Model) -> int:
    """When a model was released, in seconds since 1970; 0 when nobody published it."""
    parts = [int(part) for part in model.released.split("-") if part.isdigit()]
    year, month, day = (*parts, 1, 1, 1)[:3] if parts else (1970, 1, 1)
    return int(datetime(year, month, day, tzinfo=UTC).timestamp())


def _some(gateway: Gateway) -> list[str]:
    return [model.id for model in offered(gateway)][:6]
