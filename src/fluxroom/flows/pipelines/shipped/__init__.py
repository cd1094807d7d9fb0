"""Pipelines that come with Fluxroom: a person gives their pictures and words, and they run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any, Literal

from fluxroom.errors import NotFound
from fluxroom.flows.pipelines.files import Pipeline, in_language, read
from fluxroom.types import JSON

Language = Literal["en", "de"]

NAMES = ("product-shots", "background-change", "character-sheet", "style-lora")
"""In the order in which they are shown."""

_INPUT_WORDS = ("title", "help")


@dataclass(frozen=True, slots=True)
class Template:
    """A pipeline that comes with Fluxroom, as its file and as what is in it."""

    text: str  # the YAML file, with its words in every language
    pipeline: Pipeline

    @property
    def name(self) -> str:
        """What it is called by programs."""
        return self.pipeline.name

    def told(self, language: str = "en") -> dict[str, Any]:
        """Everything that a form needs, in one language; English where there are no such words."""
        raw: Mapping[str, Any] = self.pipeline.raw
        return {
            "name": self.name,
            "title": in_language(raw.get("title"), language) or self.name,
            "description": in_language(raw.get("description"), language),
            "mode": self.pipeline.mode,
            "inputs": [_input(name, about, language) for name, about in raw["inputs"].items()],
            "steps": [
                {
                    "name": step["name"],
                    "do": step["do"],
                    "title": in_language(step.get("title"), language) or step["name"],
                    "model": step.get("model"),
                    "reviewed": self.pipeline.reviewed(self.pipeline.step(step["name"])),
                }
                for step in raw["steps"]
            ],
            "text": self.text,
            "pipeline": dict(raw),
        }


@lru_cache(maxsize=1)
def templates() -> Sequence[Template]:
    """All of them."""
    texts = [(files(__name__) / f"{name}.yaml").read_text("utf-8") for name in NAMES]
    return tuple(Template(text, read(text)) for text in texts)


def template(name: str) -> Template:
    """The one of this name.

    Raises:
        NotFound: there is none.
    """
    for one in templates():
        if one.name == name:
            return one
    raise NotFound(
        f"There is no template {name[:40]!r}; there are {', '.join(NAMES)}.",
        advice="List them with `fluxroom pipeline templates` or GET /v1/pipelines/templates.",
    )


def _input(name: str, about: Mapping[str, JSON], language: str) -> dict[str, JSON]:
    words = {word: in_language(about.get(word), language) for word in _INPUT_WORDS}
    return {
        "name": name,
        "kind": about["kind"],
        "title": words["title"] or name,
        "help": words["help"],
        "required": "default" not in about,
        "default": about.get("default"),
        "choices": about.get("choices"),
    }
