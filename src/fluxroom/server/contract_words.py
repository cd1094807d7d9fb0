"""Words and examples of the contract that are the same at many addresses, where a route has none of its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_ID = "01kaz3x9f0m2n4p6q8r0st"

PARAMETERS: Mapping[str, tuple[str, Any]] = {
    "limit": ("How many at most", 50),
    "provider": ("Only those of this provider", "bfl"),
    "mode": ("Only those of this mode", "generate"),
    "kind": ("Only those of this kind", None),
    "state": ("Only those in this state", None),
    "tag": ("Only those with this tag", None),
    "favourite": ("Only favourites, or only the others", True),
    "orientation": ("Only those of this shape", "landscape"),
    "period": ("How long it holds, in UTC", "day"),
    "if-none-match": ("The ETag of what the caller has: 304 when nothing has changed", None),
    "generation_id": ("The id of a generation", _ID),
    "image_id": ("The id of an image", _ID),
    "job_id": ("The id of a job", _ID),
    "run_id": ("The id of a run", _ID),
    "board_id": ("The id of a board", _ID),
    "conversation_id": ("The id of a conversation", _ID),
    "webhook_id": ("The id of a webhook", _ID),
    "delivery_id": ("The id of a delivery", _ID),
    "key_id": ("The id of a key, never the key itself", _ID),
    "sha256": ("The hash of a picture that was uploaded, made or sent along", "ab" * 32),
}
"""What a parameter means, and an example of it, by its name."""

BODIES: Mapping[str, Mapping[str, Any]] = {
    "ActionBody": {"ids": [_ID], "action": "tag", "tags": ["winter"]},
    "BoardBody": {"name": "Spring campaign"},
    "BudgetBody": {"most": "25"},
    "ChooseBody": {"images": [_ID]},
    "ConversationBody": {"title": "A fox in winter"},
    "ConversationChange": {"title": "A fox in winter"},
    "EndpointPatch": {"enabled": True},
    "KeyBody": {"name": "anna", "scopes": ["generate", "read"], "budget_day": "5"},
    "LoginBody": {"key": "flux_…"},
    "PicturePatch": {"favourite": True, "rating": 5, "tags": ["winter"]},
    "RedoBody": {"fields": {"seed": 8}},
    "ResolveBody": {"choice": "abandon"},
    "RetryBody": {"states": ["failed"]},
    "RunChange": {"name": "Spring campaign", "favourite": True},
    "SwitchBody": {"enabled": True},
    "SyncBody": {"write": False},
    "WinnerBody": {"position": 0},
    "ZipBody": {"ids": [_ID], "metadata": True},
}
"""An example of each body, by the name of its schema."""

PROBLEM: Mapping[str, Any] = {
    "type": "/problems/invalid_params",
    "title": "A parameter is not accepted by this model.",
    "status": 422,
    "detail": "guidance_scale 20 is above 10; flux-2-flex at bfl takes 1.5 to 10",
    "code": "invalid_params",
    "next": "See what the model takes with `fluxroom models show MODEL`.",
    "charge": "not_charged",
    "field": "guidance_scale",
    "limit": 10,
}
"""What a problem looks like."""
