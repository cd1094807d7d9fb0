"""What each address of the gateway asks of its caller: one table, without which no address is open.

A test compares it with the application's routes. What is not in it does not exist for any key but an admin's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Literal

from starlette.routing import compile_path

from fluxroom.server.page import SCREENS
from fluxroom.store.keys import Scope

Right = Scope | Literal["public", "any"]
"""public: everybody, without a key; any: whoever has a key; else the scope that the key must have."""

RIGHTS: Mapping[str, Right] = {
    # the gateway itself
    "GET /healthz": "public",
    "GET /readyz": "public",
    "GET /metrics": "admin",
    "GET /": "public",
    **{f"GET /{screen}": "public" for screen in ("icon.svg", "page/{name}", *SCREENS)},
    "POST /hooks/{provider}/{job_id}/{token}": "public",  # an address that proves itself, and a signature
    "GET /files/{name}/{proof}/{title}": "public",  # links that prove themselves
    "GET /problems": "any",
    "GET /problems/{code}": "any",
    "GET /v1/openapi.json": "any",
    "GET /v1/settings": "admin",
    "GET /v1/session": "any",
    "POST /v1/session": "public",  # the key is in the body
    "DELETE /v1/session": "public",  # whoever has none loses nothing
    "GET /v1/keys": "admin",
    "POST /v1/keys": "admin",
    "DELETE /v1/keys/{key_id}": "admin",
    # pictures
    "POST /v1/quotes": "generate",
    "POST /v1/generations": "generate",
    "GET /v1/generations": "read",
    "GET /v1/generations/{generation_id}": "read",
    "DELETE /v1/generations/{generation_id}": "generate",
    "GET /v1/generations/{generation_id}/events": "read",
    "POST /v1/generations/{generation_id}/retry": "generate",
    "GET /v1/events": "read",
    "GET /v1/jobs": "read",
    "GET /v1/jobs/{job_id}": "read",
    "POST /v1/jobs/{job_id}/resolve": "generate",
    "GET /v1/models": "read",
    "GET /v1/models/{model_id:path}": "read",
    "POST /v1/models/{model_id:path}/check": "read",
    "GET /v1/catalog/overlay": "read",
    "POST /v1/catalog/sync": "admin",
    "POST /v1/assets": "generate",
    "GET /v1/assets": "read",
    "GET /v1/assets/{sha256}": "read",
    "DELETE /v1/assets/{sha256}": "generate",
    "GET /v1/assets/{sha256}/file": "read",
    "GET /v1/assets/{sha256}/thumbnail": "read",
    "GET /v1/images": "read",
    "GET /v1/images/facets": "read",
    "POST /v1/images/actions": "generate",
    "POST /v1/images/empty-trash": "generate",
    "POST /v1/images/zip": "read",
    "GET /v1/images/{image_id}": "read",
    "PATCH /v1/images/{image_id}": "generate",
    "DELETE /v1/images/{image_id}": "generate",
    "POST /v1/images/{image_id}/restore": "generate",
    "GET /v1/images/{image_id}/lineage": "read",
    "GET /v1/images/{image_id}/file": "read",
    "GET /v1/images/{image_id}/thumbnail": "read",
    "GET /v1/webhooks": "read",
    "POST /v1/webhooks": "generate",
    "GET /v1/webhooks/{webhook_id}": "read",
    "PATCH /v1/webhooks/{webhook_id}": "generate",
    "DELETE /v1/webhooks/{webhook_id}": "generate",
    "GET /v1/webhooks/{webhook_id}/deliveries": "read",
    "POST /v1/webhooks/{webhook_id}/deliveries/{delivery_id}/replay": "generate",
    "POST /v1/webhooks/{webhook_id}/replay": "generate",
    "POST /v1/webhooks/{webhook_id}/test": "generate",
    "GET /v1/boards": "read",
    "POST /v1/boards": "generate",
    "GET /v1/boards/{board_id}": "read",
    "PATCH /v1/boards/{board_id}": "generate",
    "DELETE /v1/boards/{board_id}": "generate",
    # runs
    "GET /v1/runs": "read",
    "GET /v1/runs/{run_id}": "read",
    "PATCH /v1/runs/{run_id}": "generate",
    "GET /v1/runs/{run_id}/items": "read",
    "GET /v1/runs/{run_id}/events": "read",
    "GET /v1/runs/{run_id}/csv": "read",
    "GET /v1/runs/{run_id}/zip": "read",
    **{f"POST /v1/runs/{{run_id}}/{word}": "generate" for word in ("pause", "resume", "cancel", "retry")},
    "POST /v1/bulk/check": "generate",
    "POST /v1/bulk": "generate",
    "POST /v1/comparisons/check": "generate",
    "POST /v1/comparisons": "generate",
    "PUT /v1/comparisons/{run_id}/winner": "generate",
    "GET /v1/comparisons/{run_id}/sheet": "read",
    "GET /v1/conversations": "read",
    "POST /v1/conversations": "generate",
    "GET /v1/conversations/{conversation_id}": "read",
    "PATCH /v1/conversations/{conversation_id}": "generate",
    "DELETE /v1/conversations/{conversation_id}": "generate",
    "POST /v1/conversations/{conversation_id}/messages": "generate",
    "GET /v1/conversations/{conversation_id}/messages/{message_id}": "read",
    "GET /v1/conversations/{conversation_id}/events": "read",
    "POST /v1/conversations/{conversation_id}/stop": "generate",
    "GET /v1/assistants": "read",
    "GET /v1/assistants/{assistant_id}": "read",
    "PUT /v1/assistants/{assistant_id}": "admin",
    "GET /v1/pipelines/schema": "read",
    "GET /v1/pipelines/templates": "read",
    "GET /v1/pipelines/templates/{name}": "read",
    "POST /v1/pipelines/check": "generate",
    "POST /v1/pipelines": "generate",
    "POST /v1/prompts/expansions": "generate",
    **{
        f"POST /v1/pipelines/{{run_id}}/steps/{{step}}/{word}": "generate"
        for word in ("approve", "choose", "check", "redo")
    },
    # doors: OpenAI's clients
    "POST /openai/v1/images/generations": "generate",
    "POST /openai/v1/images/edits": "generate",
    "POST /openai/v1/chat/completions": "generate",
    "GET /openai/v1/models": "read",
    "GET /openai/v1/models/{model_id:path}": "read",
    "* /openai/v1/{path:path}": "any",  # says what is there instead
    # agents: each tool asks for its own scope
    "* /mcp": "any",
    # money
    "GET /v1/usage": "read",
    "GET /v1/budgets": "read",
    "PUT /v1/budgets/{scope:path}/{period}": "admin",
    "DELETE /v1/budgets/{scope:path}/{period}": "admin",
    "GET /v1/providers": "read",
    "POST /v1/providers/{name}/pause": "admin",
    "POST /v1/providers/{name}/resume": "admin",
    "POST /v1/providers/{name}/check": "admin",
    # BFL's protocol
    "GET /bfl/v1/get_result": "read",
    "GET /bfl/v1/credits": "read",
    "POST /bfl/v1/{endpoint:path}": "generate",
    # fal's protocol
    "GET /fal/.well-known/jwks.json": "public",
    "POST /fal/storage/auth/token": "generate",
    "POST /fal/storage/upload/initiate": "generate",
    "POST /fal/storage/upload/initiate-multipart": "generate",
    "PUT /fal/storage/files/{ticket}/{name}": "public",  # the ticket proves itself
    "POST /fal/storage/files/upload": "public",  # likewise, as a Bearer token of its own
    "GET /fal/storage/files/{ticket}/{name}": "public",
    "GET /fal/queue/{app:path}/requests/{request_id}": "read",
    "GET /fal/queue/{app:path}/requests/{request_id}/response": "read",
    "GET /fal/queue/{app:path}/requests/{request_id}/status": "read",
    "GET /fal/queue/{app:path}/requests/{request_id}/status/stream": "read",
    "PUT /fal/queue/{app:path}/requests/{request_id}/cancel": "generate",
    "POST /fal/queue/{app:path}": "generate",
    "GET /fal/{app:path}/requests/{request_id}": "read",
    "GET /fal/{app:path}/requests/{request_id}/response": "read",
    "GET /fal/{app:path}/requests/{request_id}/status": "read",
    "GET /fal/{app:path}/requests/{request_id}/status/stream": "read",
    "PUT /fal/{app:path}/requests/{request_id}/cancel": "generate",
    "POST /fal/{app:path}": "generate",
}
"""Method and address, as the application has them; `*` is every method."""


class Rights:
    """The table, ready to be asked.

    Args:
        table: as `RIGHTS`; the first line that fits an address counts.
    """

    def __init__(self, table: Mapping[str, Right] = RIGHTS) -> None:
        self._plain = {line: right for line, right in table.items() if "{" not in line}
        self._patterns = [(*_pattern(line), line, right) for line, right in table.items() if "{" in line]

    def of(self, method: str, path: str) -> Right | None:
        """What a request asks of its caller; None when the address is not in the table."""
        found = self.line(method, path)
        return found[1] if found else None

    def knows(self, path: str) -> bool:
        """Whether some method is known at this address."""
        return any(line.endswith(f" {path}") for line in self._plain) or any(
            pattern.match(path) for _, pattern, _, _ in self._patterns
        )

    def line(self, method: str, path: str) -> tuple[str, Right] | None:
        """The line of the table that a request falls under."""
        wanted = "GET" if method == "HEAD" else method
        for line in (f"{wanted} {path}", f"* {path}"):
            if line in self._plain:
                return line, self._plain[line]
        return next(self._fitting(wanted, path), None)

    def methods(self, path: str) -> list[str]:
        """Every method that an address knows; of several lines that fit it, those that name it most exactly."""
        fitting = [line for _, pattern, line, _ in self._patterns if pattern.match(path)]
        fitting += [line for line in self._plain if line.partition(" ")[2] == path]
        places = {line.partition(" ")[2] for line in fitting}
        exact = min(places, key=lambda place: (place.count("{"), -len(place)), default="")
        return sorted({line.partition(" ")[0] for line in fitting if line.partition(" ")[2] == exact} - {"*"})

    def _fitting(self, method: str, path: str) -> Iterator[tuple[str, Right]]:
        for known, pattern, line, right in self._patterns:
            if known in {method, "*"} and pattern.match(path):
                yield line, right


def _pattern(line: str) -> tuple[str, re.Pattern[str]]:
    method, _, template = line.partition(" ")
    return method, compile_path(template)[0]
