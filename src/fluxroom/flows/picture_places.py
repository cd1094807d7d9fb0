"""Where a pipeline's steps name pictures, and whose pictures those may be.

A step may use what the run was given by the person who began it, and what its own steps have made; nothing else,
however the name of it came into a field. So a text input can never make a gateway read a file, or show somebody
else's picture.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from typing import Any

from fluxroom import catalog
from fluxroom.engine.intake import take_in_at
from fluxroom.errors import InvalidParams, UnknownModel
from fluxroom.flows.pipelines.files import Pipeline, Step, pipeline
from fluxroom.flows.pipelines.inputs import declared
from fluxroom.flows.pipelines.templates import references
from fluxroom.store.runs import Run
from fluxroom.types import JSON, Reference

Place = tuple[str | int, ...]
TakeIn = Callable[[Any], Awaitable[Reference]]

_KINDS = ("picture", "pictures")


def places(asked: Mapping[str, JSON]) -> list[Place]:
    """Where a request names pictures: among its references, and in every parameter that takes one.

    Raises:
        UnknownModel: it names no model that there is.
    """
    row, provider, _ = catalog.find(str(asked.get("model") or ""))
    rest = {name: value for name, value in asked.items() if name != "references"}
    found = {
        place
        for name in ([provider] if provider else row.routes)
        for mode in row.routes[name].modes
        for place in catalog.locate_images(row.id, name, mode, rest)
    }
    given = asked.get("references")
    if isinstance(given, list):
        found |= {("references", number) for number in range(len(given))}
    elif given is not None:
        found.add(("references",))
    return sorted(found, key=str)


def pictures(asked: Mapping[str, JSON]) -> Iterator[JSON]:
    """Every picture that a request names, as it names it."""
    for place in places(asked):
        inner: Any = asked
        for step in place:
            inner = inner[step]
        yield inner


def check(run: Run, step: Step, asked: Mapping[str, JSON]) -> None:
    """See that a request uses only the run's own pictures, and public addresses.

    Raises:
        InvalidParams: it names another one.
    """
    own = {*run.spec.get("pictures", ()), *_given(run)}
    own |= {one["sha256"] for made in run.spec["results"].values() for one in made.get("images", [])}
    for one in pictures(asked):
        if not isinstance(one, str) or not (one in own or one.startswith("https://")):
            raise InvalidParams(
                f"Step {step.name} names {str(one)[:60]!r} as a picture, which was not given to the run.",
                advice="Declare an input of the kind picture or pictures, and refer to that.",
                field=f"steps.{step.name}",
            )


async def taken(found: Pipeline, take_in: TakeIn) -> tuple[Pipeline, list[str]]:
    """The pipeline with the pictures that stand in its steps taken in for whoever asks, and their hashes or addresses.

    Raises:
        InvalidReference: one cannot be used, or is not this person's.
    """
    own: list[str] = []

    async def take(source: Any) -> Any:
        if not isinstance(source, str) or any(references(source)):
            return source
        named = _named(await take_in(source))
        own.append(named)
        return named

    steps = []
    for step, raw in zip(found.steps, _raw_steps(found), strict=True):
        fixed = step.makes_pictures and not any(references(raw.get("model")))
        steps.append(await take_in_at(raw, places(raw), take) if fixed and _is_known(raw) else raw)
    return pipeline({**found.raw, "steps": steps}), own


async def inputs_taken(found: Pipeline, given: Mapping[str, JSON], take_in: TakeIn) -> dict[str, JSON]:
    """The inputs with their pictures taken in, those too that the file gives; each named by its hash or address."""
    inputs = dict(given)
    for name, about in declared(found).items():
        value = inputs.get(name)
        value = about.get("default") if value is None else value
        if about["kind"] in _KINDS and value is not None:
            many = [_named(await take_in(one)) for one in (value if isinstance(value, list) else [value])]
            inputs[name] = many if about["kind"] == "pictures" else next(iter(many), None)
    return inputs


def _given(run: Run) -> Iterator[str]:
    asked: Mapping[str, Mapping[str, Any]] = run.spec["pipeline"].get("inputs", {})
    for name, about in asked.items():
        if about["kind"] in _KINDS:
            value = run.spec["inputs"].get(name)
            yield from (value if isinstance(value, list) else [value])


def _named(reference: Reference) -> str:
    return reference.sha256 or reference.url


def _is_known(raw: Mapping[str, JSON]) -> bool:
    """Whether the model of a step is one that there is; the step's own check says it when it is not."""
    try:
        catalog.find(str(raw.get("model") or ""))
    except UnknownModel:
        return False
    return True


def _raw_steps(found: Pipeline) -> Sequence[Mapping[str, Any]]:
    steps: Sequence[Mapping[str, Any]] = found.raw["steps"]
    return steps
