"""Pipeline files: YAML or JSON, version 1; read, checked and described."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

import jsonschema

from fluxroom.engine.orders import hash_of
from fluxroom.errors import InvalidParams
from fluxroom.flows import plain_text
from fluxroom.flows.pipelines.templates import references
from fluxroom.types import JSON, MODES

VERSION = 1
MOST_STEPS = 50

Kind = Literal["prompt", "generate", "edit", "tool", "select", "webhook"]
PipelineMode = Literal["auto", "manual", "checkpoint"]

_TOOLS = ("fill", "expand", "outpaint", "erase", "deblur", "tryon", "upscale", "vary")
_NAME = {"type": "string", "pattern": "^[A-Za-z_][A-Za-z0-9_-]{0,63}$"}
_WORDS = {"oneOf": [{"type": "string"}, {"type": "object", "additionalProperties": {"type": "string"}}]}

SCHEMA: Mapping[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "$id": "urn:fluxroom:pipeline:1",
    "title": "Pipeline",
    "description": "Steps that make pictures from inputs, one after the other.",
    "type": "object",
    "required": ["version", "name", "steps"],
    "additionalProperties": False,
    "properties": {
        "version": {"const": VERSION},
        "name": {"type": "string", "minLength": 1, "maxLength": 200},
        "title": _WORDS,
        "description": _WORDS,
        "mode": {"enum": list(get_args(PipelineMode))},
        "inputs": {
            "type": "object",
            "propertyNames": _NAME,
            "additionalProperties": {
                "type": "object",
                "required": ["kind"],
                "additionalProperties": False,
                "properties": {
                    "kind": {"enum": ["text", "number", "switch", "choice", "picture", "pictures"]},
                    "title": _WORDS,
                    "help": _WORDS,
                    "choices": {"type": "array", "minItems": 1},
                    "default": {},
                },
            },
        },
        "steps": {
            "type": "array",
            "minItems": 1,
            "maxItems": MOST_STEPS,
            "items": {
                "type": "object",
                "required": ["name", "do"],
                "properties": {
                    "name": _NAME,
                    "do": {"enum": list(get_args(Kind))},
                    "title": _WORDS,
                    "checkpoint": {"type": "boolean"},
                    "each": {"oneOf": [{"type": "string"}, {"type": "array", "minItems": 1}]},
                    "tool": {"enum": list(_TOOLS)},
                },
            },
        },
    },
}
"""What a pipeline file looks like. Fields of a step that are not named here are parameters of its request."""

_OF_STEPS = {"name", "do", "title", "checkpoint"}
_FIELDS: Mapping[str, frozenset[str]] = {
    "prompt": frozenset({"template", "texts", "expand", "instruction"}),
    "select": frozenset({"from", "first", "best", "by"}),
    "webhook": frozenset({"url", "images"}),
}
"""What a step takes that makes no request."""
_NEEDED: Mapping[str, Sequence[frozenset[str]]] = {
    "prompt": (frozenset({"template", "texts"}),),
    "select": (frozenset({"from"}),),
    "webhook": (frozenset({"url"}), frozenset({"images"})),
}
"""Of each of these, a step needs one."""
_ONE_OF = frozenset({"template", "texts", "by", "first", "best"})
"""Of these a step takes one: it would leave the others unread."""
_OF_RUNS = frozenset({"run", "idempotency_key", "priority", "wait"})
"""What a run decides for its steps."""
MOST_CHOSEN = 1000
"""Pictures that go on from a select step."""
MOST_EXPANDED = 20
"""Texts that one text becomes in a prompt step."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a pipeline."""

    name: str
    do: Kind
    fields: Mapping[str, JSON]  # everything but name, kind, title and checkpoint
    checkpoint: bool = False

    @property
    def makes_pictures(self) -> bool:
        """Whether it sends requests."""
        return self.do in {"generate", "edit", "tool"}

    @property
    def needs(self) -> frozenset[str]:
        """The steps whose results it refers to."""
        paths = (path.split(".") for path in references(dict(self.fields)))
        return frozenset(path[1] for path in paths if path[0] == "steps" and len(path) > 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pipeline:
    """A pipeline as its file says it."""

    raw: Mapping[str, JSON]
    steps: Sequence[Step] = field(default_factory=tuple)

    @property
    def name(self) -> str:
        """What it is called."""
        return str(self.raw["name"])

    @property
    def mode(self) -> PipelineMode:
        """auto: to the end; manual: a person looks after every step; checkpoint: after the steps that say so."""
        found: PipelineMode = self.raw.get("mode", "checkpoint" if any(s.checkpoint for s in self.steps) else "auto")
        return found

    @property
    def digest(self) -> str:
        """The same for the same pipeline."""
        return hash_of(dict(self.raw))

    def step(self, name: str) -> Step:
        """A step by its name.

        Raises:
            InvalidParams: there is none.
        """
        for one in self.steps:
            if one.name == name:
                return one
        raise InvalidParams(f"The pipeline has no step {name!r}; it has {', '.join(s.name for s in self.steps)}.")

    def after(self, name: str) -> set[str]:
        """The steps that depend on a step, however far."""
        found: set[str] = set()
        for one in self.steps:
            if one.needs & (found | {name}):
                found.add(one.name)
        return found

    def reviewed(self, step: Step) -> bool:
        """Whether a person looks at what a step has made before it goes on."""
        return self.mode == "manual" or (self.mode == "checkpoint" and step.checkpoint)


def in_language(words: JSON, language: str) -> str:
    """Words of a pipeline file in a language; in English, or any other, where they are not in that one.

    >>> in_language({"en": "Photo", "de": "Foto"}, "de"), in_language("Photo", "de"), in_language(None, "de")
    ('Foto', 'Photo', '')
    """
    if isinstance(words, Mapping):
        return str(words.get(language) or words.get("en") or next(iter(words.values()), ""))
    return str(words or "")


def read(text: str) -> Pipeline:
    """A pipeline from the text of a YAML or JSON file.

    Raises:
        InvalidParams: it is no pipeline; the message names the place.
    """
    return pipeline(plain_text.read(text, "pipeline"))


def pipeline(raw: Any) -> Pipeline:
    """A pipeline from its JSON, checked.

    Raises:
        InvalidParams: it is no pipeline; the message names the place.
    """
    plain_text.check(raw, "the file")
    wrong = jsonschema.exceptions.best_match(jsonschema.Draft202012Validator(SCHEMA).iter_errors(raw))
    if wrong is not None:
        place = ".".join(str(part) for part in wrong.absolute_path) or "the file"
        raise InvalidParams(f"{place}: {wrong.message[:200]}", field=place)
    for name, about in raw.get("inputs", {}).items():
        _check_input(about, f"inputs.{name}")
    for one in raw["steps"]:
        _check_step(one, f"steps.{one['name']}")
    found = kept(raw)
    _check_references(raw, found.steps)
    return found


def kept(raw: Mapping[str, Any]) -> Pipeline:
    """The pipeline of a run, which was checked when that began: an update that looks more closely stops no run."""
    return Pipeline(raw=raw, steps=tuple(_step(one) for one in raw["steps"]))


def _step(raw: Mapping[str, JSON]) -> Step:
    fields = {key: value for key, value in raw.items() if key not in _OF_STEPS}
    if raw["do"] == "tool":
        tool = str(fields.pop("tool"))
        fields["mode"] = "expand" if tool == "outpaint" else tool
    return Step(str(raw["name"]), raw["do"], fields, bool(raw.get("checkpoint")))


def _check_input(about: Mapping[str, JSON], place: str) -> None:
    if (about["kind"] == "choice") != ("choices" in about):
        said = "needs choices" if about["kind"] == "choice" else "takes no choices"
        raise InvalidParams(f"{place}: the kind {about['kind']} {said}.", field=f"{place}.choices")


def _check_step(raw: Mapping[str, JSON], place: str) -> None:
    fields = {key: value for key, value in raw.items() if key not in _OF_STEPS}
    if raw["do"] in _FIELDS:
        _check_own_fields(raw["do"], fields, place)
        return
    if raw["do"] == "tool" and "tool" not in fields:
        raise InvalidParams(f"{place}: say which tool: {', '.join(_TOOLS)}.", field=f"{place}.tool")
    if raw["do"] == "tool" and "mode" in fields:
        raise InvalidParams(f"{place}: the tool is the mode; leave mode out.", field=f"{place}.mode")
    if "mode" in fields and fields["mode"] not in MODES:
        raise InvalidParams(f"{place}: there is no mode {fields['mode']!r}.", field=f"{place}.mode")
    if decided := sorted(_OF_RUNS & fields.keys()):
        raise InvalidParams(f"{place}: {decided[0]} is decided by the run.", field=f"{place}.{decided[0]}")
    if "model" not in fields:
        raise InvalidParams(f"{place}: say which model.", field=f"{place}.model")


def _check_own_fields(do: str, fields: Mapping[str, JSON], place: str) -> None:
    """The fields of a step that makes no request."""
    if strange := sorted(fields.keys() - _FIELDS[do]):
        raise InvalidParams(f"{place}: {do} does not take {strange[0]}.", field=f"{place}.{strange[0]}")
    for needed in _NEEDED[do]:
        if not needed & fields.keys():
            raise InvalidParams(f"{place}: {do} needs {' or '.join(sorted(needed))}.", field=place)
    if len(several := sorted(_ONE_OF & fields.keys())) > 1:
        raise InvalidParams(f"{place}: give just one of {' and '.join(several)}.", field=f"{place}.{several[0]}")
    if fields.get("by", "person") != "person":
        raise InvalidParams(f"{place}: by takes person; else give first or best.", field=f"{place}.by")
    for name, most in (("expand", MOST_EXPANDED), ("first", MOST_CHOSEN), ("best", MOST_CHOSEN)):
        value = fields.get(name, 1)
        if not isinstance(value, str) and (not isinstance(value, int) or not 1 <= value <= most):
            raise InvalidParams(f"{place}: {name} is a number from 1 to {most}.", field=f"{place}.{name}")


def _check_references(raw: Mapping[str, Any], steps: Sequence[Step]) -> None:
    inputs, before = raw.get("inputs", {}), set[str]()
    for step in steps:
        if step.name in before:
            raise InvalidParams(f"Two steps are called {step.name}.", field=f"steps.{step.name}")
        for path in references(dict(step.fields)):
            head, _, rest = path.partition(".")
            name = rest.split(".", 1)[0]
            if head == "item" and "each" in step.fields:
                continue
            if (head == "inputs" and name in inputs) or (head == "steps" and name in before):
                continue
            raise InvalidParams(
                f"steps.{step.name}: there is no {{{{{path}}}}} at this place.",
                advice="Refer to inputs.NAME, to images or texts of an earlier step, or to item where each is given.",
                field=f"steps.{step.name}",
            )
        before.add(step.name)
