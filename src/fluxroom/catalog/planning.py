"""From a request to a plan: what exactly will be sent, what is left out and why, what it costs and what comes back.

Pure: no network, no files but the catalog's own. Nothing is dropped in silence: a parameter that the endpoint does not
take is an error, or with `on_unsupported="report"` an entry of `not_sent`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from fluxroom.catalog import estimate, jobs, pictures, sizes, values
from fluxroom.catalog.draft import Draft, begin, unsupported
from fluxroom.errors import InvalidParams, RequestError
from fluxroom.types import JSON, NotSent, Plan, Provider, Quote, Request

REGIONS = ("global", "eu", "us")
"""Where BFL can be asked to work on a job (BFL docs, regional endpoints, read 2026-11-20)."""

_OWN_STEPS = ("prompt", "image_size", "aspect_ratio", "resolution", "num_images", "seed", "region", "max_references")


def check(request: Request, *, provider: Provider) -> Plan:
    """What a request becomes at one route.

    >>> plan = check(Request(model="flux-2-pro", prompt="a fox", params={"seed": 7}), provider="bfl")
    >>> dict(plan.wire[0])["width"], plan.quote.text
    (1024, '$0.03')

    Raises:
        UnknownModel: there is no such model, or not at this provider.
        InvalidParams: a parameter that the endpoint does not take, or a value that its schema refuses.
        InvalidReference: a picture that cannot be sent.
    """
    try:
        return _plan(begin(request, provider))
    except RequestError as error:  # whatever was wrong, the caller learns at which route
        error.context = {"model": request.model, "provider": provider, **error.context}
        raise


def _plan(draft: Draft) -> Plan:
    """Every step in its order: what was asked, then our defaults, then what must be there."""
    for step in (_plain, pictures.place, _prompt, _size, _values, _defaults, _region, _required):
        step(draft)
    bodies, per_job = jobs.split(draft)
    size = draft.size or estimate.expanded(draft.endpoint, bodies[0], draft.asked.references)
    jobs.add_extra(draft, bodies)
    return Plan(
        model=draft.model.id,
        provider=draft.route.provider,
        mode=draft.mode,
        endpoint=draft.endpoint.id,
        wire=tuple(bodies),
        params=draft.params,
        not_sent=tuple(draft.not_sent),
        renamed=draft.asked.renamed,
        references=tuple(draft.asked.references),
        size=size,
        quote=estimate.quote(draft.route, draft.mode, bodies, draft.asked.references, size),
        images_per_job=per_job,
        seconds=draft.route.seconds,
        caps=draft.route.caps,
        webhooks=draft.endpoint.webhooks,
        region=_region_of(draft),
    )


def quote(request: Request, *, provider: Provider) -> Quote:
    """What a request costs at one route, before it is sent.

    >>> quote(Request(model="flux-2-pro", prompt="a fox", params={"num_images": 4}), provider="bfl").text
    '$0.12'

    Raises:
        RequestError: whatever `check` raises.
    """
    return check(request, provider=provider).quote


def _plain(draft: Draft) -> None:
    """What is asked for is stored as it was asked, whatever is sent of it."""
    for name, value in draft.asked.values.items():
        values.check_plain(value, name)
    for provider, fields in draft.request.extra.items():
        values.check_plain(fields, f"extra.{provider}")


MOST_PROMPT = 100_000
"""Characters: several times what the longest context of a FLUX model holds."""


def _prompt(draft: Draft) -> None:
    """A structured prompt travels as compact JSON text, and is kept as it was given in the request."""
    prompt = draft.asked.values.get("prompt")
    if prompt is None:
        return
    if not draft.endpoint.named("prompt"):
        unsupported(draft, "prompt")
        return
    if isinstance(prompt, Mapping):
        prompt = json.dumps(prompt, ensure_ascii=False, separators=(",", ":"))
    if isinstance(prompt, str) and len(prompt) > MOST_PROMPT:
        said = f"the prompt has {len(prompt)} characters; at most {MOST_PROMPT} are sent"
        raise InvalidParams(said, **draft.facts("prompt"), limit=MOST_PROMPT)
    field = draft.endpoint.named("prompt")[0]
    if field.required and isinstance(prompt, str) and not prompt.strip():
        raise InvalidParams(f"the prompt is empty; {draft.where} needs one to {draft.mode}", **draft.facts("prompt"))
    draft.wire[field.wire] = values.on_wire(field, prompt, draft.where)


def _size(draft: Draft) -> None:
    """The size, from whichever of the three parameters decides; ours in `generate` when nothing was said."""
    asked = {name: draft.asked.values[name] for name in sizes.NAMES if name in draft.asked.values}
    if draft.asked.sides:
        asked["image_size"] = _sides(draft, asked)
    named = draft.endpoint.named
    if "resolution" in asked and named("aspect_ratio") and not named("resolution"):
        unsupported(draft, "resolution", "it takes a ratio only")
        del asked["resolution"]
    wish = _standard(draft, asked) if not {"image_size", "aspect_ratio"} & set(asked) else {}
    if asked or wish:
        _fitted(draft, {**asked, **wish}, asked)
    if draft.size is None and not any(field.wire in draft.wire for field in named("image_size")):
        draft.size = estimate.unasked(draft.endpoint, draft.asked.references, draft.route.size)


def _standard(draft: Draft, asked: Mapping[str, JSON]) -> dict[str, JSON]:
    """Our own size, in the words that the endpoint has for it; with a resolution it is our ratio."""
    ours = draft.route.ours(draft.mode).get("image_size")
    if ours is None:
        return {}
    if draft.endpoint.named("image_size") and "resolution" not in asked:
        return {"image_size": ours}
    has_size = draft.endpoint.named("image_size") or draft.endpoint.named("aspect_ratio")
    return {"aspect_ratio": sizes.STANDARD_RATIO} if has_size else {}


def _fitted(draft: Draft, wish: Mapping[str, JSON], asked: Mapping[str, JSON]) -> None:
    try:
        sized = sizes.fit(wish, draft.endpoint, draft.route.size, draft.where)
    except sizes.Unfit as error:
        for name in asked:
            unsupported(draft, name, error.why if name == error.name else "")
        if standard := _standard(draft, {}):
            _fitted(draft, standard, {})
        return
    lost = {note.name for note in sized.not_sent}
    draft.params |= {name: value for name, value in wish.items() if name not in lost}
    draft.not_sent += sized.not_sent
    for name, value in sized.wire.items():
        field = draft.endpoint.fields[name]
        draft.wire[name] = values.on_wire(field, value, draft.where, "image_size" if field.part else "")
    draft.size = sized.expected


def _sides(draft: Draft, asked: Mapping[str, JSON]) -> JSON:
    if set(draft.asked.sides) != {"width", "height"}:
        raise InvalidParams("width and height are given together", **draft.facts("image_size"))
    if "image_size" in asked and sizes.parse(asked["image_size"]) != sizes.parse(draft.asked.sides):
        draft.not_sent.append(NotSent("image_size", "width and height were given and decide"))
    return dict(draft.asked.sides)


def _values(draft: Draft) -> None:
    """Every parameter that needs no step of its own."""
    for name, value in draft.asked.values.items():
        if name in _OWN_STEPS:
            continue
        fields = draft.endpoint.named(name)
        if not fields:
            unsupported(draft, name)
            continue
        for wired in fields:
            draft.wire[wired.wire] = values.on_wire(wired, value, draft.where)
            draft.params[name] = values.stored(wired, value)


def _defaults(draft: Draft) -> None:
    """Our own values, where the endpoint has the field and the caller said nothing; nothing else is sent unasked."""
    for name, value in draft.route.ours(draft.mode).items():
        if name in _OWN_STEPS or name in draft.asked.values:
            continue
        for field in draft.endpoint.named(name):
            draft.wire[field.wire] = values.on_wire(field, value, draft.where)
            draft.params[name] = value


def _region_of(draft: Draft) -> str:
    region = draft.asked.values.get("region", draft.request.region) or ""
    return "" if draft.route.provider != "bfl" or region == "global" else str(region)


def _region(draft: Draft) -> None:
    region = draft.asked.values.get("region", draft.request.region)
    if region is None:
        return
    if not isinstance(region, str) or region not in REGIONS:
        raise InvalidParams(f"region {region!r} is not one of {', '.join(REGIONS)}", **draft.facts("region"))
    if draft.route.provider == "bfl":
        draft.params["region"] = region
    elif region != "global":
        unsupported(draft, "region")


def _required(draft: Draft) -> None:
    """Whatever the endpoint cannot do without, and a picture wherever one is to be changed."""
    places = draft.endpoint.named("references")
    if draft.mode != "generate" and places and not draft.asked.references:
        raise _lacking(draft, max(1, sum(field.required for field in places)))
    missing = [field for field in draft.endpoint.fields.values() if field.required and field.wire not in draft.wire]
    if not missing:
        return
    name = missing[0].canonical
    if name == "references":
        raise _lacking(draft, sum(field.required for field in places))
    described = missing[0].schema.get("description", "").rstrip(".")
    raise InvalidParams(f"{draft.where} needs {name} to {draft.mode} ({described})", **draft.facts(name))


def _lacking(draft: Draft, number: int) -> InvalidParams:
    what = "a reference picture" if number == 1 else f"{number} reference pictures"
    return InvalidParams(f"{draft.where} needs {what} to {draft.mode}", **draft.facts("references"))
