"""What BFL says when it does not take a job, or gives one up."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from fluxroom.errors import (
    FluxroomError,
    Forbidden,
    InsufficientCredits,
    InvalidParams,
    InvalidReference,
    ProviderError,
    RateLimited,
    Unauthorized,
    Unavailable,
    UnknownModel,
)
from fluxroom.providers import Reply
from fluxroom.providers.untrusted import amount, parsed, wording
from fluxroom.types import JSON

STATUS: Mapping[int, type[FluxroomError]] = {
    400: InvalidParams,  # "Finetune not found or not ready" (live, 2026)
    401: Unauthorized,  # not in BFL's documents; only its skills page names it
    402: InsufficientCredits,  # "Insufficient credits" (live, 2026)
    403: Forbidden,
    404: UnknownModel,
    413: InvalidReference,  # a body too large: only pictures are
    422: InvalidParams,
    429: RateLimited,  # "too many active tasks" (docs.bfl.ai errors page)
    503: Unavailable,
}
"""HTTP status of a refusal -> error."""

WORDS: tuple[tuple[int, str, type[FluxroomError]], ...] = (
    (403, "not authenticated", Unauthorized),  # the 2025 and the 2026 wording for an unknown key
    (422, "api key", Unauthorized),  # "Invalid API key format" (live, 2026)
    (404, "finetune", InvalidParams),  # "Finetune not found or access denied" (live, 2026)
    (400, "image", InvalidReference),  # a reference that cannot be read (FLUX 3)
)
"""HTTP status and a word of the message -> a better error than the status alone."""

PICTURES = re.compile(r"(input_image(_\d+)?|images?|image_prompt|mask|person|garment|control_image)(\..*)?")
"""Fields that hold a picture (BFL OpenAPI, October 2026)."""

CREDIT = Decimal("0.01")
"""US dollars (docs.bfl.ai pricing: 1 credit = $0.01)."""


def refusal(reply: Reply, endpoint: str) -> FluxroomError:
    """The error that a refusing answer stands for; the message names the field and BFL's reason."""
    field, reason = complaint(parsed(reply))
    kind = STATUS.get(reply.status, ProviderError)
    for status, word, better in WORDS:
        if status == reply.status and word in reason.lower():
            kind = better
    if kind is InvalidParams and PICTURES.fullmatch(field) and "required" not in reason.lower():
        kind = InvalidReference
    facts: dict[str, Any] = {"provider": "bfl", "endpoint": endpoint, "http_status": reply.status}
    if kind is UnknownModel:
        return kind(f"BFL has no endpoint {endpoint}: {reason or 'not found'}", **facts)
    about = f"BFL does not accept `{field}`" if field else f"BFL refused the request ({reply.status})"
    return kind(f"{about}: {reason}" if reason else f"{about}.", field=field or None, **facts)


def complaint(body: Mapping[str, JSON] | None) -> tuple[str, str]:
    """Field and reason of an error body.

    Live bodies are FastAPI's `detail`, a text or a list; BFL's skills page shows `message` and `error`. The `input` in
    a list echoes what was sent, pictures included, so it is never read.
    """
    detail = (body or {}).get("detail")
    if isinstance(detail, list):
        items = [item for item in detail[:3] if isinstance(item, dict)]
        found = [(_field(item.get("loc")), wording(item.get("msg"))) for item in items]
        if not found:
            return "", ""
        others = "; ".join(f"`{field}`: {reason}" if field else reason for field, reason in found[1:])
        return found[0][0], f"{found[0][1]}; {others}" if others else found[0][1]
    for said in (detail, (body or {}).get("message"), (body or {}).get("error")):
        if isinstance(said, str) and said:
            return "", wording(said)
    return "", ""


def _field(loc: JSON) -> str:
    """`["body", "images", 0]` -> `images.0`."""
    parts = [str(part) for part in loc if isinstance(part, str | int)] if isinstance(loc, list) else []
    return wording(".".join(parts[1:] if parts[:1] in (["body"], ["query"]) else parts))[:80]


def dollars(credit: JSON) -> Decimal | None:
    """Credits as US dollars; None where BFL says no cost (FLUX.1 at submit)."""
    found = amount(credit)
    return None if found is None else found * CREDIT
