"""What a pipeline asks a person for: declared, checked, and stood in for while it is missing."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from fluxroom.errors import InvalidParams
from fluxroom.flows import plain_text
from fluxroom.flows.pipelines.files import Pipeline
from fluxroom.types import JSON


def declared(found: Pipeline) -> Mapping[str, Mapping[str, Any]]:
    """The inputs that a pipeline asks for."""
    inputs: Mapping[str, Mapping[str, Any]] = found.raw.get("inputs", {})
    return inputs


def checked_inputs(found: Pipeline, given: Mapping[str, JSON]) -> dict[str, JSON]:
    """The inputs with their defaults.

    Raises:
        InvalidParams: one is missing, unknown or not of its kind.
    """
    plain_text.check(dict(given), "inputs")  # they are written down, as JSON
    declared: Mapping[str, Any] = found.raw.get("inputs", {})
    if strange := sorted(given.keys() - declared.keys()):
        raise InvalidParams(
            f"The pipeline has no input {strange[0]!r}; it has {', '.join(declared) or 'none'}.", advice=_INPUTS_ADVICE
        )
    values: dict[str, JSON] = {}
    for name, about in declared.items():
        value = given.get(name, about.get("default"))
        if value is None:
            raise InvalidParams(f"The input {name} is missing.", advice=_INPUTS_ADVICE, field=f"inputs.{name}")
        if about["kind"] == "pictures" and not isinstance(value, list):
            value = [value]
        if not _fits(about, value):
            raise InvalidParams(
                f"The input {name} must be {_wanted(about)}.", advice=_INPUTS_ADVICE, field=f"inputs.{name}"
            )
        values[name] = value
    return values


def standing_in(found: Pipeline, inputs: Mapping[str, JSON]) -> tuple[dict[str, JSON], list[str]]:
    """The inputs with something in the place of those that are missing, and the names of these."""
    whole, missing = dict(inputs), []
    for name, about in declared(found).items():
        if whole.get(name, about.get("default")) is None:
            missing.append(name)
            whole[name] = _STAND_INS[about["kind"]](name, about)
    return whole, missing


def stand_in(name: str) -> str:
    """The name of a picture that is not there yet, in the form of a hash."""
    return hashlib.sha256(f"stand-in\0{name}".encode()).hexdigest()


_STAND_INS: Mapping[str, Any] = {
    "text": lambda name, _: name,
    "number": lambda _name, _: 1,
    "switch": lambda _name, _: False,
    "choice": lambda _name, about: about.get("choices", [""])[0],
    "picture": lambda name, _: stand_in(name),
    "pictures": lambda name, _: [stand_in(name)],
}


def _wanted(about: Mapping[str, Any]) -> str:
    """What an input must be, for people."""
    if about["kind"] == "choice":
        return f"one of {', '.join(map(str, about.get('choices', [])))}"
    return {"pictures": "a list of pictures", "switch": "true or false"}.get(about["kind"], f"a {about['kind']}")


_INPUTS_ADVICE = "See what the pipeline asks for with `fluxroom pipeline check FILE`."


def _fits(about: Mapping[str, Any], value: JSON) -> bool:
    kind = about["kind"]
    if kind == "pictures":  # none at all only where the file says that they may be left out
        enough = bool(value) or about.get("default") == []
        return enough and all(isinstance(one, str) for one in value)
    if kind == "choice":
        return value in about.get("choices", [])
    if kind == "switch":
        return isinstance(value, bool)
    if kind == "number":
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    return isinstance(value, str)
