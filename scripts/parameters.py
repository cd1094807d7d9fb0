"""Writes `src/fluxroom/parameters.py`: model ids and canonical parameters as types, from the catalog."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from fluxroom import catalog

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "src/fluxroom/parameters.py"

HEAD = '''"""Model ids and parameters as types, so that editors complete them and type checkers find a misspelling.

Generated from the catalog by `make gen`; do not edit. Which of them a given model takes, and between which bounds, is
checked when the request is made: `fluxroom models show MODEL`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from os import PathLike
from typing import Any, Literal, Protocol, TypedDict

from fluxroom.types import Mode, OnUnsupported, Reference, Routing, Size


class HasBytes(Protocol):
    """Anything that holds the bytes of a picture, such as an image that Fluxroom made."""

    @property
    def bytes(self) -> bytes:
        """The file's bytes."""


Picture = str | PathLike[str] | bytes | Reference | HasBytes
"""A picture to work from: a file, an https URL, a data URI, bytes, the hash of a stored picture, an earlier image."""


class Lora(TypedDict, total=False):
    """LoRA weights: where they are and how strongly they work."""

    path: str
    scale: float


'''

TAIL = '''

class Parameters(EditParameters, total=False):
    """Every parameter that some model takes, under its canonical name."""

    references: Sequence[Picture] | Picture
    """Pictures to work from, in order: image 1, image 2, …"""


class Options(Parameters, total=False):
    """Parameters, and how many pictures are wanted."""

    num_images: int
    """How many pictures; one job each where the model makes one at a time."""
'''

SPECIAL = {
    "image_size": "str | Size | Mapping[str, int]",
    "loras": "Sequence[Lora | Mapping[str, Any]]",
    "safety_tolerance": "int | str",
}
"""Types that say more than the schemas do."""

OURS = {
    "mode": ("Mode", "What to do; derived from the request when it is not given."),
    "extra": ("Mapping[str, Mapping[str, Any]]", "Fields that the schema does not know, by provider, sent as is."),
    "on_unsupported": ("OnUnsupported", "`error` (default), or `report`: leave out what the model does not take."),
    "max_references": ("int", "How many of a longer list of references are sent; the first ones win."),
    "cache": ('Literal["on", "off"]', "Give the picture of the same request and seed again, free (`on`), or not."),
    "idempotency_key": ("str", "The same key and request lead to the same pictures, also after a restart."),
    "priority": ("int", "Higher goes first; 10 when nothing is said, 0 for bulk."),
    "run": ("str", "The run that the request belongs to; budgets and sums are kept by it."),
    "region": ('Literal["global", "eu", "us"]', "Where BFL works on the job."),
    "routing": ("Routing", "Which provider, where only the model is named; default: FLUXROOM_ROUTING."),
}

PLAIN = {"string": "str", "integer": "int", "number": "float", "boolean": "bool"}


def page() -> str:
    """The text of the module."""
    return HEAD + "\n".join([*_ids(), "", "", *_parameters(), ""])


def _ids() -> Iterator[str]:
    yield "ModelId = Literal["
    for model in catalog.models().values():
        yield f'    "{model.id}",'
        yield from (f'    "{route.name}",' for route in model.routes.values())
    yield "]"
    yield '"""Models and routes; a provider\'s own endpoint id works as well, as plain text."""'


def _parameters() -> Iterator[str]:
    yield "class EditParameters(TypedDict, total=False):"
    yield '    """Every parameter that some model takes, under its canonical name; without the references."""'
    yield ""
    for name, (schemas, text) in _collected().items():
        yield f"    {name}: {SPECIAL.get(name) or _type(schemas)}"
        yield f'    """{text}"""'
    for name, (kind, text) in OURS.items():
        yield f"    {name}: {kind}"
        yield f'    """{text}"""'
    yield TAIL


def _collected() -> Mapping[str, tuple[list[Mapping[str, Any]], str]]:
    found: dict[str, tuple[list[Mapping[str, Any]], str]] = {}
    for model in catalog.models().values():
        for provider, route in model.routes.items():
            for mode in route.modes:
                for parameter in catalog.parameters(model.id, provider, mode):
                    if parameter.name not in {"prompt", "references", "num_images"}:  # named apart
                        found.setdefault(parameter.name, ([], parameter.help))[0].append(parameter.schema)
    return dict(sorted(found.items()))


def _type(schemas: list[Mapping[str, Any]]) -> str:
    kinds = dict.fromkeys(kind for schema in schemas for kind in _kinds(schema))
    choices = [schema.get("enum") for schema in schemas]
    if all(choices) and list(kinds) == ["str"]:
        members = sorted({str(choice) for some in choices for choice in some or ()})
        return "Literal[" + ", ".join(f'"{member}"' for member in members) + "]"
    return " | ".join(kinds)


def _kinds(schema: Mapping[str, Any]) -> Iterator[str]:
    if "anyOf" in schema:
        for choice in schema["anyOf"]:
            yield from _kinds(choice)
    elif schema.get("format") == "image":
        yield "Picture"
    elif schema.get("type") == "array":
        yield "Sequence[Mapping[str, Any]]"
    elif schema.get("type") == "object":
        yield "Mapping[str, Any]"
    else:
        yield PLAIN.get(str(schema.get("type")), "Any")
