"""Assistants and chat models as JSON, in one language: the same over HTTP, on the command line and in the library."""

from __future__ import annotations

from typing import Any

from fluxroom.flows.assistants.files import Assistant, ChatModel, Words
from fluxroom.flows.assistants.shelf import Kept


def an_assistant(one: Assistant, language: str) -> dict[str, Any]:
    """An assistant, its texts in `language` (`en` or `de`)."""
    return {
        "id": one.id,
        "name": _in(one.name, language),
        "description": _in(one.description, language),
        "greeting": _in(one.greeting, language),
        "starters": [{name: _in(words, language) for name, words in starter.items()} for starter in one.starters],
        "guidance": one.guidance,
        "models": list(one.models),
        "defaults": dict(one.defaults),
        "limits": {name: str(value) if name == "dollars" else value for name, value in one.limits.items()},
        "enabled": one.enabled,
    }


def a_chat_model(one: ChatModel, language: str) -> dict[str, Any]:
    """A chat model, its texts in `language` (`en` or `de`)."""
    return {
        "id": one.id,
        "model": one.model,
        "name": _in(one.name, language),
        "description": _in(one.description, language),
        "grounding": one.grounding,
        "references": one.references,
        "defaults": dict(one.defaults),
        "enabled": one.enabled,
    }


def everything(kept: Kept, language: str) -> dict[str, Any]:
    """All that there is, and what is wrong with files that cannot be used."""
    return {
        "assistants": [an_assistant(one, language) for one in kept.assistants.values()],
        "models": [a_chat_model(one, language) for one in kept.models.values()],
        "faults": list(kept.faults),
    }


def _in(words: Words, language: str) -> str:
    return words.get(language, words["en"])
