"""Everything below `/openai/v1`, and clear words for what is not there."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from fluxroom.server.doors.openai import chat, errors, images, models

PREFIX = "/openai/v1"

router = APIRouter(prefix=PREFIX, include_in_schema=False)
for part in (models, images, chat):
    router.include_router(part.router)

_INSTEAD = {
    "responses": "POST /openai/v1/chat/completions answers with pictures, and POST /openai/v1/images/generations too",
    "completions": "use POST /openai/v1/chat/completions",
    "images/variations": 'use POST /openai/v1/images/edits, or "mode": "vary" with a model that has it',
    "embeddings": "a FLUX model makes pictures only",
    "moderations": "a FLUX model makes pictures only; the providers moderate by themselves",
    "files": "send pictures with the request, as data URIs or as addresses",
}


@router.api_route("/{path:path}", methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
async def nowhere(path: str) -> JSONResponse:
    """404 for the rest of OpenAI's API, and what to use instead."""
    why = next((words for start, words in _INSTEAD.items() if path == start or path.startswith(f"{start}/")), "")
    message = f"There is no /openai/v1/{path[:200]} here: {why or 'this door has models, images and chat completions'}."
    return JSONResponse(errors.body(message, code="unknown_url"), 404)
