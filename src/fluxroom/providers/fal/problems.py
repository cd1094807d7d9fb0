"""fal's error words and what they mean to us (fal.ai docs, errors and request-errors, 2026)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from fluxroom.errors import (
    Cancelled,
    FluxroomError,
    Forbidden,
    InsufficientCredits,
    InvalidParams,
    InvalidReference,
    ModeratedInput,
    ModeratedOutput,
    ProviderError,
    RateLimited,
    Unauthorized,
    Unavailable,
    UnknownModel,
)
from fluxroom.providers import Reply
from fluxroom.providers.untrusted import amount, parsed, plain, wording
from fluxroom.types import JSON

Kind = type[FluxroomError]

MODEL: Mapping[str, Kind] = {
    "internal_server_error": ProviderError,
    "generation_timeout": Unavailable,
    "downstream_service_error": ProviderError,
    "downstream_service_unavailable": Unavailable,
    "content_policy_violation": ModeratedOutput,  # ModeratedInput when it names an input: see `kind_of`
    "no_media_generated": ProviderError,
    "image_too_small": InvalidReference,
    "image_too_large": InvalidReference,
    "image_load_error": InvalidReference,
    "file_download_error": InvalidReference,
    "face_detection_error": InvalidReference,
    "file_too_large": InvalidReference,
    "greater_than": InvalidParams,
    "greater_than_equal": InvalidParams,
    "less_than": InvalidParams,
    "less_than_equal": InvalidParams,
    "multiple_of": InvalidParams,
    "sequence_too_short": InvalidParams,
    "sequence_too_long": InvalidParams,
    "one_of": InvalidParams,
    "feature_not_supported": InvalidParams,
    "invalid_archive": InvalidReference,
    "archive_file_count_below_minimum": InvalidReference,
    "archive_file_count_exceeds_maximum": InvalidReference,
    "unsupported_image_format": InvalidReference,
    "unsupported_audio_format": InvalidReference,
    "unsupported_video_format": InvalidReference,
    "audio_duration_too_short": InvalidReference,
    "audio_duration_too_long": InvalidReference,
    "video_duration_too_short": InvalidReference,
    "video_duration_too_long": InvalidReference,
}
"""`detail[].type` of a model's own error. Types of pydantic (missing, literal_error, …) go by their HTTP status."""

PLATFORM: Mapping[str, Kind] = {
    "request_timeout": Unavailable,
    "startup_timeout": Unavailable,
    "runner_scheduling_failure": Unavailable,
    "runner_connection_timeout": Unavailable,
    "runner_disconnected": Unavailable,
    "runner_connection_refused": Unavailable,
    "runner_connection_error": Unavailable,
    "runner_incomplete_response": ProviderError,
    "runner_server_error": ProviderError,
    "internal_error": ProviderError,
    "client_disconnected": Cancelled,
    "client_cancelled": Cancelled,
    "bad_request": InvalidParams,
    "concurrent_requests_limit": RateLimited,
}
"""`error_type` of the infrastructure around a model, in the body or in `X-Fal-Error-Type`."""

STATUS: Mapping[int, Kind] = {
    400: InvalidParams,
    401: Unauthorized,
    402: InsufficientCredits,
    403: Forbidden,
    404: UnknownModel,
    413: InvalidReference,
    422: InvalidParams,
    429: RateLimited,
    499: Cancelled,
    503: Unavailable,
    504: Unavailable,
}
"""HTTP status -> error, where no type is known."""

NO_MONEY = re.compile(r"exhausted balance|insufficient (balance|credit|fund)|top up|out of credit", re.IGNORECASE)
"""A locked account is a 403 whose text alone says that the balance is gone: "User is locked. Reason: Exhausted …"."""

INPUTS = re.compile(r"(.*_)?prompt|.*_urls?(\.\d+)?|fill_image(\..*)?")
"""Fields of a request that moderation looks at: prompt, image_url, image_urls.0, mask_url, fill_image."""


@dataclass(frozen=True, slots=True)
class Problem:
    """An error body of fal's, read."""

    type: str = ""
    field: str = ""
    reason: str = ""


def problem(body: Mapping[str, JSON] | None, headers: Mapping[str, str]) -> Problem:
    """What an error body says.

    It has `detail` as a list (a model's own checks) or as a text, with `error_type` when it comes from around the
    model; the platform API wraps `type` and `message` into `error`. The `input` in a list echoes what was sent,
    pictures included, so it is never read.
    """
    body = body or {}
    told = _word(body.get("error_type")) or _word(headers.get("x-fal-error-type"))
    detail = body.get("detail")
    items = [item for item in detail[:3] if isinstance(item, dict)] if isinstance(detail, list) else []
    if items:
        fields = [_field(item.get("loc")) for item in items]
        said = [wording(item.get("msg")) for item in items]
        rest = "; ".join(f"`{field}`: {why}" if field else why for field, why in zip(fields[1:], said[1:], strict=True))
        return Problem(_word(items[0].get("type")) or told, fields[0], f"{said[0]}; {rest}" if rest else said[0])
    wrapped = body.get("error")
    if isinstance(wrapped, dict):
        return Problem(told or _word(wrapped.get("type")), "", wording(wrapped.get("message")))
    return Problem(told, "", wording(detail) or wording(wrapped) or wording(body.get("message")))


def _word(value: JSON) -> str:
    word = plain(value)
    return word if re.fullmatch(r"[a-z0-9_.]{1,80}", word) else ""


def _field(loc: JSON) -> str:
    """`["body", "image_urls", 0]` -> `image_urls.0`."""
    parts = [str(part) for part in loc if isinstance(part, str | int)] if isinstance(loc, list) else []
    return wording(".".join(parts[1:] if parts[:1] == ["body"] else parts))[:80]


def error(found: Problem, status: int, **facts: Any) -> FluxroomError:
    """The error that a problem stands for; the message names the field and fal's reason."""
    kind = kind_of(found, status)
    facts = {"provider": "fal", "field": found.field or None, "provider_code": found.type or None, **facts}
    reason = found.reason or found.type.replace("_", " ")
    if kind is Cancelled:
        return kind(f"fal cancelled the request{f': {reason}' if reason else ''}", **facts)
    if kind in {ModeratedInput, ModeratedOutput}:
        what = f"`{found.field}`" if found.field else "the picture that was made"
        return kind(f"fal's moderation refused {what}{f': {reason}' if reason else ''}", **facts)
    about = f"fal does not accept `{found.field}`" if found.field else f"fal refused the request ({status})"
    if status >= 500:
        about = f"fal could not make the picture ({status})"
    return kind(f"{about}: {reason}" if reason else f"{about}.", **facts)


def kind_of(found: Problem, status: int) -> Kind:
    """The class of error: by type where fal names one, else by HTTP status."""
    if found.type == "content_policy_violation":
        # The same type for both. What it names tells: a field of the request was refused before anything was made.
        return ModeratedInput if INPUTS.fullmatch(found.field) else ModeratedOutput
    if status in {402, 403} and NO_MONEY.search(found.reason):
        return InsufficientCredits
    return MODEL.get(found.type) or PLATFORM.get(found.type) or STATUS.get(status, ProviderError)


def refusal(reply: Reply, **facts: Any) -> FluxroomError:
    """The error that a refusing answer stands for."""
    return error(problem(parsed(reply), reply.headers), reply.status, http_status=reply.status, **facts)


def units(reply: Reply) -> Decimal | None:
    """`X-Fal-Billable-Units`, in the endpoint's own pricing unit."""
    return amount(reply.headers.get("x-fal-billable-units"))
