"""What the gateway says about models: the catalog as JSON, how their providers stand, and what was measured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any, Literal, cast

from pydantic import BaseModel, ConfigDict, Field

from fluxroom.catalog import Model, Route, forms
from fluxroom.catalog.controls import Parameter
from fluxroom.catalog.forms import Language
from fluxroom.catalog.pricing import Price, Work
from fluxroom.engine.accounting import AccountState, plain
from fluxroom.store.measured import Measured, Place
from fluxroom.types import Mode, Provider, dollars

_EXACT = Decimal("0.0001")
"""How exactly an average price is told, in US dollars."""

Words = Annotated[dict[Language, str], Field(examples=[{"en": "Steps", "de": "Schritte"}])]
"""The same words in every language."""


class MeasuredAnswer(BaseModel):
    """What this gateway has seen of a route: the caller's own prices, everybody's times."""

    jobs: int = Field(description="Whose time is known.")
    seconds: float | None = Field(description="From submit to ready, the middle one of the newest.")
    price: str | None = Field(description="US dollars a picture, as charged in the last 30 days.")


class ExampleAnswer(BaseModel):
    """What a plain request costs: one picture of one megapixel, from one reference where the mode works on one."""

    low: str = Field(examples=["0.03"])
    high: str | None = Field(description="Null: nobody knows before; at least `low`.")
    text: str = Field(examples=["$0.03"])
    formula: str


class PriceAnswer(BaseModel):
    """A price formula."""

    text: str
    texts: Words
    source: str = Field(description="Where it was published, and when it was read.")
    approximate: bool
    example: ExampleAnswer


class ReferencesAnswer(BaseModel):
    """How references are taken."""

    style: Literal["none", "one", "list", "slots"] = Field(description="slots: each place means something of its own.")
    min: int
    max: int
    slots: list[str] = Field(description="What each place is for, in the provider's words.")
    min_side: int = Field(description="Pixels that each side must have at least; 0 when nothing is known.")
    source: str


class SizePreset(BaseModel):
    """A size by name."""

    id: str
    width: int
    height: int
    megapixels: float


class SizeAnswer(BaseModel):
    """What a route takes for a size."""

    by: Literal["pixels", "ratio", "input"] = Field(description="input: the size follows the picture that is given.")
    min_side: int
    max_side: int
    step: int
    floored: bool = Field(description="The provider rounds down to `step` itself instead of refusing.")
    max_pixels: int | None
    source: str
    presets: list[SizePreset]
    resolutions: dict[str, int] = Field(description="Sides in pixels of a square of each size class.")


class PresetAnswer(BaseModel):
    """Ready settings: the values to set; balanced sets none."""

    id: Literal["balanced", "quality", "speed"]
    title: Words
    values: dict[str, Any]


class Hint(BaseModel):
    """How a form shows a parameter."""

    kind: str = Field(
        description="prompt, text, refs, ref, mask, size, aspect, seed, slider, number, switch, enum, lora, safety, "
        "format or json; show what you do not know as JSON."
    )
    title: Words
    help: Words
    group: Literal["prompt", "size", "output", "quality", "safety", "lora", "control", "camera", "tool", "expert"]
    order: int
    advanced: bool
    cost: bool = Field(description="Another value may be another price: ask for a quote again.")
    step: float | None = Field(None, description="How far one press of a key moves the value.")
    unit: str | None = None
    placeholder: Words | None = None
    hints: list[str] | None = Field(None, description="Of a prompt: colors, references, quotes, json, boxes.")
    visible_if: dict[str, Any] | None = Field(
        None, description='Shown only while the other parameter has this value; "*" stands for any.'
    )


class ParameterAnswer(BaseModel):
    """One parameter under its canonical name."""

    model_config = ConfigDict(populate_by_name=True, serialize_by_alias=True)

    name: str
    wire: list[str] = Field(description="The endpoint's own names; empty when Fluxroom carries it out itself.")
    value_schema: dict[str, Any] = Field(alias="schema", description="JSON Schema of the value.")
    default: Any = Field(description="What is sent when nothing is said; null: nothing is.")
    provider_default: Any = Field(description="What the provider then takes by itself; null: not known, or nothing.")
    help: str
    required: bool
    ui: Hint = Field(alias="x-ui")


class ModeAnswer(BaseModel):
    """A model at a provider in one mode."""

    model_config = ConfigDict(populate_by_name=True, serialize_by_alias=True)

    endpoint: str
    source: str = Field(description="Where the endpoint's schema was published, and when it was read.")
    max_references: int
    references: ReferencesAnswer
    size: SizeAnswer
    price: PriceAnswer
    seconds: float = Field(description="A typical job, as published.")
    measured: MeasuredAnswer | None
    presets: list[PresetAnswer] = Field(description="Empty where there is nothing to tune for speed or quality.")
    parameters: list[ParameterAnswer] = Field(description="In the order of a form.")
    form_schema: dict[str, Any] = Field(
        alias="schema", description="The same as one JSON Schema (draft 2020-12), with `x-ui` in every property."
    )


class RouteRow(BaseModel):
    """A model at a provider."""

    route: str = Field(examples=["bfl/flux-2-pro"])
    endpoints: dict[Mode, str]
    max_references: dict[Mode, int]
    price: dict[Mode, str]
    prices: dict[Mode, PriceAnswer]
    seconds: float
    measured: dict[Mode, MeasuredAnswer]
    notes: list[str] = Field(description="Where sources disagree, and which one was taken.")
    available: bool = Field(description="A key is set for the provider, or the sandbox stands in for it.")
    sandbox: bool
    paused: bool = Field(description="By a person: jobs for it wait.")
    why: str = Field(description="Why nothing, or less than usual, is sent to it at the moment.")


class RouteAnswer(RouteRow):
    """A model at a provider with everything that can be set."""

    modes: dict[Mode, ModeAnswer]


class ModelRow(BaseModel):
    """A model."""

    id: str
    title: str
    description: str
    titles: Words
    descriptions: Words
    family: str
    family_title: str
    base: str = Field(description="The weights it runs on.")
    released: str = Field(description="Date or month; empty when nobody published it.")
    status: Literal["active", "legacy", "retired"]
    successor: str | None = Field(description="The model to use instead.")
    lora: bool = Field(description="Takes LoRAs.")
    seconds: float
    aliases: list[str]
    modes: list[Mode]
    available: bool
    routes: Mapping[Provider, RouteRow]


class ModelList(BaseModel):
    """All models in the order in which people are shown them."""

    default: str = Field(description="The model of a request that names none.")
    models: list[ModelRow]


class ModelAnswer(ModelRow):
    """A model with everything that can be set, per provider and mode."""

    routes: Mapping[Provider, RouteAnswer]
    why_not: dict[str, Words] = Field(description="What people expect and the model does not take, and why.")


@dataclass(frozen=True, slots=True)
class Circumstances:
    """How things stand at the moment."""

    accounts: Mapping[Provider, AccountState]
    measured: Mapping[Place, Measured]


def row(model: Model, now: Circumstances, lang: Language) -> ModelRow:
    """A model for a list."""
    return ModelRow(**_about(model, now, lang), routes={name: _route(one, now) for name, one in model.routes.items()})


def whole(model: Model, routes: Mapping[Provider, Route], now: Circumstances, lang: Language) -> ModelAnswer:
    """A model with every parameter of these of its routes."""
    return ModelAnswer(
        **_about(model, now, lang),
        routes={
            name: RouteAnswer(
                **dict(_route(route, now)),
                modes={mode: _mode(model, route, mode, now, lang) for mode in route.modes},
            )
            for name, route in routes.items()
        },
        why_not=cast("Any", {name: dict(texts) for name, texts in model.why_not.items()}),
    )


def _about(model: Model, now: Circumstances, lang: Language) -> dict[str, Any]:
    told = model.as_dict(lang)
    return {
        **{name: value for name, value in told.items() if name not in {"routes", "why_not"}},
        "titles": dict(model.titles),
        "descriptions": dict(model.descriptions),
        "available": any(now.accounts[name].set_up for name in model.routes),
    }


def _route(route: Route, now: Circumstances) -> RouteRow:
    account = now.accounts[route.provider]
    seen = {mode: _measured(route, mode, now) for mode in route.modes}
    return RouteRow(
        route=route.name,
        endpoints=dict(route.endpoints),
        max_references={mode: route.max_references(mode) for mode in route.modes},
        price={mode: route.price(mode).text for mode in route.modes},
        prices={mode: _price(route, mode) for mode in route.modes},
        seconds=route.seconds,
        measured={mode: found for mode, found in seen.items() if found},
        notes=list(route.notes),
        available=account.set_up,
        sandbox=account.sandbox,
        paused=account.paused,
        why=account.why,
    )


def _mode(model: Model, route: Route, mode: Mode, now: Circumstances, lang: Language) -> ModeAnswer:
    listed = forms.controls(model, route, mode)
    return ModeAnswer(
        endpoint=route.endpoints[mode],
        source=route.endpoint(mode).source,
        max_references=route.max_references(mode),
        references=ReferencesAnswer(**forms.references(route, mode)),
        size=SizeAnswer(**forms.size_limits(route, mode)),
        price=_price(route, mode),
        seconds=route.seconds,
        measured=_measured(route, mode, now),
        presets=[PresetAnswer(**one) for one in forms.presets(listed)],
        parameters=[_parameter(model, route, mode, one, place) for place, one in enumerate(listed)],
        form_schema=forms.schema(model, route, mode, lang),
    )


def _parameter(model: Model, route: Route, mode: Mode, one: Parameter, place: int) -> ParameterAnswer:
    return ParameterAnswer(
        name=one.name,
        wire=list(one.wire),
        value_schema=dict(one.schema),
        default=one.default,
        provider_default=one.provider_default,
        help=one.help,
        required=one.required,
        ui=Hint(**forms.hint(model, route, mode, one, place)),
    )


def _price(route: Route, mode: Mode) -> PriceAnswer:
    price = route.price(mode)
    return PriceAnswer(
        text=price.text,
        texts={"en": price.words("en"), "de": price.words("de")},
        source=price.source,
        approximate=price.approximate,
        example=_example(price, route, mode),
    )


def _example(price: Price, route: Route, mode: Mode) -> ExampleAnswer:
    quote = price.quote(Work(output=1.0, inputs=() if mode == "generate" else (1.0,), seconds=route.seconds))
    return ExampleAnswer(
        low=plain(quote.low),
        high=None if quote.high is None else plain(quote.high),
        text=quote.text,
        formula=quote.formula,
    )


def _measured(route: Route, mode: Mode, now: Circumstances) -> MeasuredAnswer | None:
    found = now.measured.get((route.name, mode))
    if found is None:
        return None
    price = None if found.price is None else dollars(found.price.quantize(_EXACT)).removeprefix("$")
    return MeasuredAnswer(jobs=found.jobs, seconds=found.seconds and round(found.seconds, 2), price=price)
