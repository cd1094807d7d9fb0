"""Assistants and chat models as their files say them, and every fault of a file in one clear line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

import jsonschema

from fluxroom import catalog
from fluxroom.errors import InvalidParams, RequestError
from fluxroom.flows import measures, plain_text
from fluxroom.flows.assistants.schemas import ASSISTANT, LANGUAGES, MODEL
from fluxroom.types import JSON, Provider, Reference, Request

Words = Mapping[str, str]
"""A text by language."""

KEYS: Mapping[str, tuple[str, ...]] = {"bfl": ("BFL_API_KEY",), "fal": ("FAL_KEY", "FAL_API_KEY")}
"""The variables that a provider's key is read from; no file holds a key."""

_HOSTS: Mapping[str, tuple[str, str]] = {
    "api.bfl.ai": ("bfl", "global"),
    "api.eu.bfl.ai": ("bfl", "eu"),
    "api.us.bfl.ai": ("bfl", "us"),
    "queue.fal.run": ("fal", ""),
    "fal.run": ("fal", ""),
}
"""Provider and region of every address that a chat model may name."""

_NOT_HERE = frozenset({"prompt", "references", "mask", "idempotency_key", "run", "priority", "wait"})
"""What a message says itself, or what is no matter of an assistant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatModel:
    """A model of the catalog with the settings that conversations use it with."""

    id: str
    model: str  # the route: `bfl/flux-2-pro`
    name: Words
    description: Words
    grounding: bool
    references: int | None  # the most that a message takes along
    defaults: Mapping[str, JSON]
    enabled: bool
    raw: Mapping[str, JSON]


@dataclass(frozen=True, slots=True, kw_only=True)
class Assistant:
    """Who greets, what is proposed, and what a conversation is held to."""

    id: str
    name: Words
    description: Words
    greeting: Words
    starters: Sequence[Mapping[str, Words]]
    guidance: str
    models: Sequence[str]
    defaults: Mapping[str, JSON]
    limits: Mapping[str, JSON] = field(default_factory=dict)  # num_images, references, dollars
    enabled: bool = False

    def allows(self, model: str) -> bool:
        """Whether a model or route is one of those that it works with."""
        return model in self.models or any(_same_model(one, model) for one in self.models)


@lru_cache(maxsize=256)
def read(text: str, name: str) -> Assistant | ChatModel:
    """What a file says: a chat model where it names a `modelId`, else an assistant.

    Args:
        text: YAML or JSON.
        name: the file's name, for the message.

    Raises:
        InvalidParams: one line for every fault, with file and key.
    """
    try:
        raw = plain_text.read(text, "configuration")
    except InvalidParams as error:
        raise _bad(name, [error.detail]) from None
    is_model = isinstance(raw, dict) and "modelId" in raw
    faults = list(_shape(raw, MODEL if is_model else ASSISTANT))
    faults = faults or list(_model_faults(raw) if is_model else _assistant_faults(raw))
    if faults:
        raise _bad(name, faults)
    return _model(raw) if is_model else _assistant(raw)


def _bad(name: str, faults: Sequence[str]) -> InvalidParams:
    said = [f"{name}: {one}" for one in faults]
    return InvalidParams("; ".join(said), advice="Mend the file; nothing was changed.", faults=said)


# shape ---------------------------------------------------------------------------------------------------------------


def _shape(raw: Any, schema: Mapping[str, Any]) -> Iterator[str]:
    """What a JSON Schema has to say, in our words."""
    errors = jsonschema.Draft202012Validator(schema).iter_errors(raw)
    for error in sorted(errors, key=lambda one: [str(part) for part in one.absolute_path]):
        place = ".".join(str(part) for part in error.absolute_path)
        yield from _said(place, error)


def _said(place: str, error: jsonschema.ValidationError) -> Iterator[str]:
    within = f"{place}." if place else ""
    value: Any = error.validator_value
    if error.validator == "required":
        yield from (f"{within}{name} is missing" for name in value if name not in error.instance)
        # jsonschema tells each missing key by itself; the first telling names them all.
    elif error.validator == "additionalProperties":
        known = sorted(error.schema["properties"])
        strange = sorted(set(map(str, error.instance)) - set(known))
        yield from (f"{within}{name} is not known here; known are {', '.join(known)}" for name in strange)
    elif error.validator in {"minItems", "maxItems"}:
        yield f"{place} has {len(error.instance)} entries, not {value}"
    else:
        yield f"{place or 'the file'} {_wanted(error)}, not {_short(error.instance)}"


def _wanted(error: jsonschema.ValidationError) -> str:
    value: Any = error.validator_value
    listed = ", ".join(map(str, value)) if isinstance(value, list) else ""
    return {
        "type": f"must be {_TYPES.get(str(value), value)}",
        "enum": f"must be one of {listed}",
        "const": f"must be {str(value).lower() if isinstance(value, bool) else value}",
        "pattern": f"must look like {_PATTERNS.get(str(value), value)}",
        "minimum": f"must be at least {value}",
        "exclusiveMinimum": f"must be above {value}",
        "maximum": f"must be at most {value}",
        "minLength": "must not be empty",
        "maxLength": f"must have at most {value} characters",
        "uniqueItems": "must name each only once",
    }[str(error.validator)]


_TYPES = {
    "object": "a table of keys",
    "array": "a list",
    "string": "a text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
}
_PATTERNS = {
    "^https://": "https://…",
    "^[a-z0-9][a-z0-9._-]{0,63}$": "my-assistant (small letters, digits, - . _)",
    "^[1-9][0-9]{0,3}:[1-9][0-9]{0,3}$": "16:9",
}


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}…"


# meaning -------------------------------------------------------------------------------------------------------------


def _model_faults(raw: Mapping[str, Any]) -> Iterator[str]:
    provider = raw["provider"]
    if raw["apiKeyEnvVar"] not in KEYS[provider]:
        yield f"apiKeyEnvVar must be {' or '.join(KEYS[provider])}, not {raw['apiKeyEnvVar']!r}"
    try:
        found = catalog.find(f"{provider}/{raw['modelId']}")[0]
    except RequestError as error:
        yield f"modelId: {error.detail}"
        return
    route = found.routes[provider]
    parts = urlsplit(raw["url"])
    host = _HOSTS.get(parts.netloc.lower(), ("", ""))
    path = parts.path.strip("/").removeprefix("v1/")
    if host[0] != provider:
        yield f"url: {parts.netloc} is no address of {provider}"
    elif path not in {*route.endpoints.values(), *route.many.values()}:
        yield f"url: {path} is no endpoint of {route.name}, which has {', '.join(sorted(route.endpoints.values()))}"
    images = raw.get("imageGeneration", {})
    if ("width" in images) != ("height" in images):
        yield "imageGeneration.width and imageGeneration.height go together"
        return
    most = max(route.max_references(mode) for mode in route.modes if route.endpoint(mode).named("references"))
    if images.get("maxReferenceImages", 0) > max(most, _ROUNDED.get(route.name, 0)):
        yield f"imageGeneration.maxReferenceImages must be at most {most}: so many takes {route.name}"
    yield from _refused({"model": route.name, **_model(raw).defaults}, "imageGeneration")


_ROUNDED = {"bfl/flux-2-pro": 10, "bfl/flux-2-max": 10, "bfl/flux-2-flex": 10}
"""What BFL's own table says ("up to 8-10"): files with 10 are known, and held to what the endpoint takes."""


def _assistant_faults(raw: Mapping[str, Any]) -> Iterator[str]:
    defaults = dict(raw["defaults"])
    for name in sorted(_NOT_HERE & defaults.keys()):
        yield f"defaults.{name} is said by each message, not by an assistant"
        del defaults[name]
    if not any(_same_model(one, defaults["model"]) for one in raw["models"]):
        yield f"defaults.model {defaults['model']!r} is not one of models"
    for number, one in enumerate(raw["models"]):
        try:
            catalog.find(one)
        except RequestError:
            continue  # a chat model of this name may stand beside it; `Shelf` knows
        yield from _refused({**defaults, "model": one}, f"defaults at models.{number}")


def _refused(asked: Mapping[str, Any], where: str) -> Iterator[str]:
    """What the catalog refuses of some defaults; what a model does not take at all is left out at every message."""
    said = ""
    try:
        for way in measures.ways(asked, ()):
            said = _checked(way.asked)
            if not said:
                return
    except RequestError as error:
        said = error.detail
    yield f"{where}: {said}"


def _checked(asked: Mapping[str, Any]) -> str:
    """What is wrong with a message's parameters; empty when nothing is."""
    model, named, _ = catalog.find(asked["model"])
    provider: Provider = named or list(model.routes)[0]  # noqa: RUF015  keeps its type
    mode = next((one for one in ("generate", "edit") if one in model.routes[provider].modes), None)
    request = Request(
        model=model.id,
        prompt="a fox",
        params={name: value for name, value in asked.items() if name not in _TERMS},
        references=(_ANY,) if mode != "generate" and model.takes("references") else (),
        mode=mode,
        on_unsupported="report",
    )
    try:
        catalog.check(request, provider=provider)
    except RequestError as error:
        return error.detail
    return ""


_TERMS = frozenset({"model", "mode", "region", "max_references", "cache", "extra", "on_unsupported"})
_ANY = Reference(url="https://example.com/picture.png")


def _same_model(one: str, other: str) -> bool:
    """Whether two names mean the same: a bare name means the model at every provider.

    >>> _same_model("flux-2-pro", "bfl/flux-2-pro"), _same_model("fal/flux-2-pro", "bfl/flux-2-pro")
    (True, False)
    """
    if one == other:
        return True
    try:
        first, second = catalog.find(one), catalog.find(other)
    except RequestError:
        return False
    return first[0].id == second[0].id and first[1] in {None, second[1]}


# values --------------------------------------------------------------------------------------------------------------


def _model(raw: Mapping[str, Any]) -> ChatModel:
    images = raw.get("imageGeneration", {})
    defaults: dict[str, JSON] = {}
    if "width" in images:
        defaults["image_size"] = {"width": images["width"], "height": images["height"]}
    elif "aspectRatio" in images:
        defaults["aspect_ratio"] = images["aspectRatio"]
    if "safetyTolerance" in images:
        defaults["safety_tolerance"] = int(images["safetyTolerance"])
    region = _HOSTS.get(urlsplit(raw["url"]).netloc.lower(), ("", ""))[1]
    if region in {"eu", "us"}:
        defaults["region"] = region
    return ChatModel(
        id=raw["id"],
        model=f"{raw['provider']}/{raw['modelId']}",
        name=_in_order(raw["name"]),
        description=_in_order(raw["description"]),
        grounding=bool(images.get("supportsGrounding")),
        references=images.get("maxReferenceImages"),
        defaults=defaults,
        enabled=raw["enabled"],
        raw=dict(raw),
    )


def _assistant(raw: Mapping[str, Any]) -> Assistant:
    starters = [{name: _in_order(words) for name, words in one.items()} for one in raw["starters"]]
    return Assistant(
        id=raw["id"],
        **{name: _in_order(raw[name]) for name in ("name", "description", "greeting")},
        starters=starters,
        guidance=raw["guidance"].strip(),
        models=list(raw["models"]),
        defaults=dict(raw["defaults"]),
        limits=dict(raw.get("limits", {})),
        enabled=raw.get("enabled", False),
    )


def _in_order(words: Mapping[str, str]) -> dict[str, str]:
    return {language: " ".join(words[language].split()) for language in LANGUAGES}
