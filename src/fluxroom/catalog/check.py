"""From a request to a plan: what exactly will be sent, what is left out and why, what it costs and what comes back.

Pure: no network, no files but the catalog's own. Nothing is dropped in silence: a parameter that the endpoint does not
take is an error, or with `on_unsupported="report"` an entry of `not_sent`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from fluxroom.catalog import estimate, names, sizes, values, words
from fluxroom.catalog.rows import Model, Route
from fluxroom.catalog.wire import Endpoint
from fluxroom.catalog.words import Asked
from fluxroom.errors import InvalidParams, InvalidReference
from fluxroom.types import JSON, Mode, NotSent, Plan, Provider, Quote, Reference, Request, Size

MOST_IMAGES = 100
"""Pictures that one request may ask for; more is a bulk run."""

_OWN_STEPS = ("prompt", "image_size", "aspect_ratio", "resolution", "num_images", "seed", "region", "max_references")


@dataclass(slots=True)
class _Draft:
    """A plan in the making."""

    request: Request
    model: Model
    route: Route
    mode: Mode
    endpoint: Endpoint
    asked: Asked
    wire: dict[str, JSON] = field(default_factory=dict)
    params: dict[str, JSON] = field(default_factory=dict)
    not_sent: list[NotSent] = field(default_factory=list)
    size: Size | None = None

    @property
    def where(self) -> str:
        """How messages name the route: `flux-2-flex at fal`."""
        return f"{self.route.model} at {self.route.provider}"

    def facts(self, name: str) -> dict[str, JSON]:
        """The context of an error about a parameter."""
        return {"field": name, "model": self.route.model, "provider": self.route.provider, "mode": self.mode}


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
    draft = _draft(request, provider)
    _references(draft)
    _prompt(draft)
    _size(draft)
    _values(draft)
    _defaults(draft)
    _region(draft)
    _required(draft)
    jobs, per_job = _jobs(draft)
    _extra(draft, jobs)
    return Plan(
        model=draft.model.id,
        provider=provider,
        mode=draft.mode,
        endpoint=draft.endpoint.id,
        wire=tuple(jobs),
        params=draft.params,
        not_sent=tuple(draft.not_sent),
        renamed=draft.asked.renamed,
        references=tuple(draft.asked.references),
        size=draft.size,
        quote=estimate.quote(draft.route, draft.mode, jobs, draft.asked.references, draft.size),
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


def _draft(request: Request, provider: Provider) -> _Draft:
    model, route, _ = names.route_of(request, provider)
    mode = names.route_mode(request, provider)
    asked = words.read(request, route.endpoint(mode))
    limit = asked.values.get("max_references", request.max_references)
    count = len(asked.references) if limit is None else min(len(asked.references), _count("max_references", limit))
    endpoint = route.endpoint(mode, count)
    return _Draft(request=request, model=model, route=route, mode=mode, endpoint=endpoint, asked=asked)


def _unsupported(draft: _Draft, name: str, why: str = "") -> None:
    """Refuse a parameter that cannot be sent, or note it, as the caller wishes."""
    why = why or _why_not(draft, name)
    if draft.request.on_unsupported == "report":
        draft.not_sent.append(NotSent(name, why or f"{draft.where} has no such parameter"))
        return
    raise InvalidParams(f"{name} cannot be sent to {draft.where}: {why}", **draft.facts(name)) if why else _no_such(
        draft, name
    )


def _why_not(draft: _Draft, name: str) -> str:
    text = draft.model.why_not.get(name)
    return "" if text is None else text["en"]


def _no_such(draft: _Draft, name: str) -> InvalidParams:
    takes = sorted({*draft.endpoint.canonical, "num_images"})
    close = words.near(name, [*takes, *draft.endpoint.fields])
    hint = f" Did you mean {close}?" if close else ""
    return InvalidParams(
        f"{name} is not a parameter of {draft.where} ({draft.mode}).{hint} It takes {', '.join(takes)}",
        **draft.facts(name),
    )


def _references(draft: _Draft) -> None:
    """Which references are sent, and into which fields."""
    given = draft.asked.references
    if not given:
        return
    fields = draft.endpoint.named("references")
    if not fields:
        _unsupported(draft, "references", _why_not(draft, "references") or _other_modes(draft))
        draft.asked.references = []
        return
    draft.asked.references = given = _trimmed(draft, given)
    for picture in given:
        words.picture(picture, "references")
        _large_enough(draft, picture)
    wired = [picture.as_wire() for picture in given]
    if fields[0].listed:
        draft.wire[fields[0].wire] = wired
        return
    ordered = sorted(fields, key=lambda field: field.place)
    draft.wire |= {field.wire: value for field, value in zip(ordered, wired, strict=False)}


def _other_modes(draft: _Draft) -> str:
    able = [mode for mode in draft.route.modes if draft.route.endpoint(mode).named("references")]
    return f"{draft.mode} takes no references" + (f"; {', '.join(able)} does" if able else "")


def _trimmed(draft: _Draft, given: list[Reference]) -> list[Reference]:
    limit = draft.route.max_references(draft.mode)
    wish = draft.asked.values.get("max_references", draft.request.max_references)
    most = limit if wish is None else min(limit, _count("max_references", wish))
    if len(given) <= most:
        return given
    if wish is None and draft.request.on_unsupported != "report":
        raise InvalidParams(
            f"{len(given)} references are above {limit}; {draft.where} takes up to {limit}. "
            f"Set max_references to send the first {limit}",
            **draft.facts("references"),
            limit=limit,
        )
    why = f"max_references is {wish}" if most != limit else f"{draft.where} takes up to {limit}"
    draft.not_sent.append(NotSent("references", f"the last {len(given) - most} of {len(given)} are left out: {why}"))
    return given[:most]


def _large_enough(draft: _Draft, picture: Reference) -> None:
    least = draft.route.reference_side
    if picture.width and min(picture.width, picture.height) < least:
        raise InvalidReference(
            f"a reference of {picture.width}x{picture.height} is too small; "
            f"{draft.where} takes pictures of at least {least} pixels a side",
            **draft.facts("references"),
            limit=least,
        )


def _prompt(draft: _Draft) -> None:
    """A structured prompt travels as compact JSON text, and is kept as it was given in the request."""
    prompt = draft.asked.values.get("prompt")
    if prompt is None:
        return
    if not draft.endpoint.named("prompt"):
        _unsupported(draft, "prompt")
        return
    if isinstance(prompt, Mapping):
        prompt = json.dumps(prompt, ensure_ascii=False, separators=(",", ":"))
    field = draft.endpoint.named("prompt")[0]
    draft.wire[field.wire] = values.on_wire(field, prompt, draft.where)


def _size(draft: _Draft) -> None:
    """The size, from whichever of the three parameters decides; ours in `generate` when nothing was said."""
    asked = {name: draft.asked.values[name] for name in sizes.NAMES if name in draft.asked.values}
    if draft.asked.sides:
        asked["image_size"] = _sides(draft, asked)
    takes = draft.endpoint.named("image_size") or draft.endpoint.named("aspect_ratio")
    ours = draft.route.ours(draft.mode).get("image_size")
    wish = dict(asked)
    if not {"image_size", "aspect_ratio"} & set(asked) and ours is not None and takes:
        standard = "image_size" if draft.endpoint.named("image_size") else "aspect_ratio"
        ratio = "4:3" if standard == "aspect_ratio" else ours
        if "resolution" in asked and standard == "image_size":
            standard, ratio = "aspect_ratio", "4:3"
        wish[standard] = draft.params[standard] = ratio
    draft.params |= asked
    if wish:
        _fitted(draft, wish)
    elif draft.route.provider == "bfl" and takes and draft.route.size.floored:
        draft.size = estimate.like_first(draft.asked.references, draft.route.size)


def _fitted(draft: _Draft, wish: dict[str, JSON]) -> None:
    try:
        sized = sizes.fit(wish, draft.endpoint, draft.route.size, draft.where)
    except sizes.Unfit as error:
        for name in wish:
            draft.params.pop(name, None)
            _unsupported(draft, name, error.why if name == error.name else "")
        return
    for note in sized.not_sent:
        draft.params.pop(note.name, None)
        draft.not_sent.append(note)
    for name, value in sized.wire.items():
        field = draft.endpoint.fields[name]
        draft.wire[name] = values.on_wire(field, value, draft.where, "image_size" if field.part else "")
    draft.size = sized.expected


def _sides(draft: _Draft, asked: Mapping[str, JSON]) -> JSON:
    if set(draft.asked.sides) != {"width", "height"}:
        raise InvalidParams("width and height are given together", **draft.facts("image_size"))
    if "image_size" in asked and sizes.parse(asked["image_size"]) != sizes.parse(draft.asked.sides):
        draft.not_sent.append(NotSent("image_size", "width and height were given and decide"))
    return dict(draft.asked.sides)


def _values(draft: _Draft) -> None:
    """Every parameter that needs no step of its own."""
    for name, value in draft.asked.values.items():
        if name in _OWN_STEPS:
            continue
        fields = draft.endpoint.named(name)
        if not fields:
            _unsupported(draft, name)
            continue
        for field in fields:
            sent = values.on_wire(field, value, draft.where)
            draft.wire[field.wire] = sent
            draft.params[name] = sent if name in values.picture_fields(draft.endpoint) else value


def _defaults(draft: _Draft) -> None:
    """Our own values, where the endpoint has the field and the caller said nothing; nothing else is sent unasked."""
    for name, value in draft.route.ours(draft.mode).items():
        if name in _OWN_STEPS or name in draft.asked.values:
            continue
        for field in draft.endpoint.named(name):
            draft.wire[field.wire] = values.on_wire(field, value, draft.where)
            draft.params[name] = value


def _region_of(draft: _Draft) -> str:
    region = draft.asked.values.get("region", draft.request.region) or ""
    return "" if draft.route.provider != "bfl" or region == "global" else str(region)


def _region(draft: _Draft) -> None:
    region = draft.asked.values.get("region", draft.request.region)
    if region is None:
        return
    if region not in {"global", "eu", "us"}:
        raise InvalidParams(f"region {region!r} is not one of global, eu, us", **draft.facts("region"))
    if draft.route.provider == "bfl":
        draft.params["region"] = region
    elif region != "global":
        _unsupported(draft, "region", "fal has no regions to choose from; bfl has")


def _required(draft: _Draft) -> None:
    missing = [field for field in draft.endpoint.fields.values() if field.required and field.wire not in draft.wire]
    if not missing:
        return
    name = missing[0].canonical
    if name == "references":
        count = max(1, sum(field.required for field in draft.endpoint.named("references")))
        what = "a reference picture" if count == 1 else f"{count} reference pictures"
        raise InvalidParams(f"{draft.where} needs {what} to {draft.mode}", **draft.facts(name))
    described = missing[0].schema.get("description", "").rstrip(".")
    raise InvalidParams(f"{draft.where} needs {name} to {draft.mode} ({described})", **draft.facts(name))


def _count(name: str, value: JSON) -> int:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise InvalidParams(f"{name} must be an integer, not {value!r}", field=name)
    if not 1 <= value <= MOST_IMAGES:
        raise InvalidParams(
            f"{name} {value} is {'below 1' if value < 1 else f'above {MOST_IMAGES}'}; it takes 1 to {MOST_IMAGES}",
            field=name,
            limit=MOST_IMAGES,
        )
    return value


def _jobs(draft: _Draft) -> tuple[list[dict[str, JSON]], int]:
    """One body per job: several pictures become several jobs where the endpoint makes fewer, seeds counted on."""
    asked = draft.asked.values.get("num_images")
    images = 1 if asked is None else _count("num_images", asked)
    if asked is not None:
        draft.params["num_images"] = images
    fields = draft.endpoint.named("num_images")
    most = int(fields[0].schema.get("maximum", 4)) if fields else 1
    count = -(-images // most)
    shares = [images // count + (index < images % count) for index in range(count)]
    seed = _seed(draft, count)
    jobs: list[dict[str, JSON]] = []
    made = 0
    for share in shares:
        job = dict(draft.wire)
        if fields and asked is not None:
            job[fields[0].wire] = share
        if seed is not None:
            job[seed[0]] = seed[1] + made
        jobs.append(job)
        made += share
    return jobs, max(shares)


def _seed(draft: _Draft, jobs: int) -> tuple[str, int] | None:
    """The wire name of the seed and its first value."""
    value = draft.asked.values.get("seed")
    if value is None:
        return None
    fields = draft.endpoint.named("seed")
    if not fields:
        _unsupported(draft, "seed")
        return None
    sent = values.on_wire(fields[0], value, draft.where)
    if jobs > 1:  # the last one must be allowed too
        values.on_wire(fields[0], sent + MOST_IMAGES, draft.where)
    draft.params["seed"] = value
    return fields[0].wire, sent


def _extra(draft: _Draft, jobs: list[dict[str, JSON]]) -> None:
    """Fields that the schema does not know, sent as they are; those that it knows have a name of their own."""
    extra = draft.request.extra.get(draft.route.provider, {})
    for name in extra:
        if name in draft.endpoint.known:
            field = draft.endpoint.fields.get(name)
            use = f"use {field.canonical}" if field is not None else "webhooks are set by Fluxroom itself"
            raise InvalidParams(f"extra: {draft.where} knows {name}; {use}", **draft.facts(name))
    for job in jobs:
        job.update(extra)
