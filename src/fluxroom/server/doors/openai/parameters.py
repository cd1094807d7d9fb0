"""OpenAI's picture parameters in Fluxroom's words.

What a FLUX model can do is translated; everything else that a body holds is a parameter of the model (`seed`,
`guidance_scale`, …: the `extra_body` of OpenAI's clients). What no FLUX model can do is refused, or left out and
reported where the request (`on_unsupported`) or the gateway (`FLUXROOM_OPENAI_UNSUPPORTED`) says so. Nothing is dropped
in silence.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import ValidationError

from fluxroom import catalog
from fluxroom.errors import InvalidParams
from fluxroom.server.doors.openai.names import model_named
from fluxroom.server.gateway import Gateway
from fluxroom.server.schemas import GenerationBody

MOST_IMAGES = 10
"""Pictures in one request, as at OpenAI."""

Form = Literal["b64_json", "url"]


@dataclass(slots=True)
class Wish:
    """What a client asks for, in Fluxroom's words."""

    model: str
    given: dict[str, Any]  # the fields of a `GenerationBody`
    reported: list[dict[str, str]] = field(default_factory=list)  # what the door itself left out
    form: Form = "b64_json"
    stream: bool = False
    user: str = ""

    @property
    def body(self) -> GenerationBody:
        """The request as the native route would read it.

        Raises:
            InvalidParams: a field has the wrong form.
        """
        try:
            return GenerationBody.model_validate(self.given)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            name = str(first["loc"][0]) if first["loc"] else None
            said = f"{name or 'The request'}: {first['msg'].removeprefix('Value error, ')}."
            raise InvalidParams(said, field=name) from None


class Reading:
    """Reads the fields of a body one by one; what is left over belongs to the model.

    Args:
        body: the fields; null counts as not given.
        unsupported: what to do with what no FLUX model can do, unless the body says it itself.
    """

    def __init__(self, body: Mapping[str, Any], unsupported: str) -> None:
        self.rest = {name: value for name, value in body.items() if value is not None}
        self.reported: list[dict[str, str]] = []
        self.reports = self.rest.get("on_unsupported", unsupported) == "report"
        if self.reports:
            self.rest["on_unsupported"] = "report"

    def take(self, name: str, kind: type | tuple[type, ...], default: Any = None) -> Any:
        """A field of this kind, which then no longer belongs to the model.

        Raises:
            InvalidParams: it is of another kind.
        """
        value = self.rest.pop(name, default)
        wrong = isinstance(value, bool) and kind is int
        if value is not default and (wrong or not isinstance(value, kind)):
            raise InvalidParams(f"{name} must be {_KINDS[kind]}, not {_short(value)}.", field=name)
        return value

    def refuse(self, name: str, value: Any, why: str) -> None:
        """Something that FLUX cannot do: an error, or a note when the caller wants notes.

        Raises:
            InvalidParams: notes are not wanted.
        """
        if not self.reports:
            raise InvalidParams(
                f"{name} {_short(value)} is nothing that a FLUX model can do: {why}.",
                advice=f'Leave {name} out, or send "on_unsupported": "report" to have it left out and reported.',
                field=name,
            )
        self.report(name, why)

    def report(self, name: str, why: str) -> None:
        """Note something that is left out."""
        self.reported.append({"name": name, "why": why})

    def only(self, name: str, taken: frozenset[Any], why: str) -> None:
        """A field of which only some values mean what FLUX does anyway."""
        value = self.rest.pop(name, None)
        if value is not None and not (isinstance(value, str | int | float) and value in taken):
            self.refuse(name, value, why)


_KINDS: Mapping[Any, str] = {str: "a text", int: "a whole number", bool: "true or false", list: "a list"}

_ONLY: Mapping[str, tuple[frozenset[Any], str]] = {
    "quality": (
        frozenset({"auto", "standard"}),
        "quality comes with the model: flux-2-max is the best, flux-2-klein-4b the quickest",
    ),
    "background": (frozenset({"auto", "opaque"}), "its pictures have no transparent background"),
    "moderation": (frozenset({"auto"}), "use safety_tolerance or enable_safety_checker, where the model has them"),
    "output_compression": (frozenset({100}), "pictures are kept as the provider made them"),
    "style": (frozenset[Any](), "say the style in the prompt"),
    "input_fidelity": (frozenset[Any](), "a reference is used as the model does; say in the prompt what must stay"),
    "complexity": (frozenset[Any](), "it has no planning step; some models take num_inference_steps"),
    "frame_count": (frozenset[Any](), "it makes no animations"),
    "frame_duration_ms": (frozenset[Any](), "it makes no animations"),
    "svg": (frozenset[Any](), "it makes no drawings of lines"),
    "prompt_rewriter": (frozenset[Any](), "use enable_prompt_expansion, where the model has it"),
    "markup": (frozenset[Any](), "use a mask with a model that takes one, or say it in the prompt"),
}
"""Fields of OpenAI's image API: the values that FLUX fulfils anyway, and why it cannot do the others."""


def of_picture(gateway: Gateway, body: Mapping[str, Any]) -> Wish:
    """What a body of `/images/generations` or the fields of `/images/edits` ask for.

    Raises:
        UnknownModel: there is no such model.
        InvalidParams: a field that cannot be carried out.
    """
    read = Reading(body, gateway.settings.openai_unsupported)
    model = model_named(gateway, read.take("model", str))
    for name, (taken, why) in _ONLY.items():
        read.only(name, taken, why)
    wished = read.take("response_format", str)
    if wished not in {None, "b64_json", "url"}:
        raise InvalidParams("response_format is b64_json or url.", field="response_format")
    partial = read.take("partial_images", int, 0)
    if not 0 <= partial <= 3:
        raise InvalidParams("partial_images is 0 to 3; FLUX models send none on the way.", field="partial_images")
    user = _user(gateway, read, model)
    wish = Wish(
        model=model,
        given={"model": model},
        stream=read.take("stream", bool, default=False),
        form=wished or "b64_json",  # what OpenAI's present models answer with
        user=read.take("safety_identifier", str) or user,
    )
    _shared(read, wish)
    return wish


def _user(gateway: Gateway, read: Reading, model: str) -> str:
    """Who asks, as OpenAI's older field says it: the model's own parameter where it has one, else only repeated."""
    user = read.take("user", str)
    row, named, _ = catalog.find(model)
    routes = [row.routes[one] for one in ([named] if named else row.routes) if named or one in gateway.engine.accounts]
    if user and all(route.endpoint(mode).named("user") for route in routes for mode in route.modes):
        read.rest["user"] = user  # elsewhere it means what it means at OpenAI: the answer repeats it
    return user or ""


def _shared(read: Reading, wish: Wish) -> None:
    """How many and how large; then whatever belongs to the model."""
    size = read.rest.pop("size", None)
    if (
        size is not None and size != "auto"
    ):  # auto is the model's own: its standard size, or that of the picture to edit
        read.rest["image_size"] = size
    count = read.take("n", int)
    if count is not None:
        if not 1 <= count <= MOST_IMAGES:
            raise InvalidParams(f"n must be 1 to {MOST_IMAGES}.", field="n")
        read.rest["num_images"] = count
    wish.given |= read.rest
    wish.reported = read.reported


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}…"
