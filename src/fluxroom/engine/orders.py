"""What a plan becomes in the ledger: a generation, its jobs, and the key under which their pictures are found again."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

import orjson

from fluxroom.engine.accounts import Account
from fluxroom.engine.lifecycle import State
from fluxroom.identifiers import new_id
from fluxroom.store.jobs import Generation
from fluxroom.types import JSON, Plan, Reference, Request

CacheMode = Literal["on", "off"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """Who asks, and under which terms."""

    owner: str = "local"  # who pays; budgets and fairness are counted by it
    run: str = ""  # the run it belongs to
    priority: int = 10  # higher goes first; bulk is 0
    cache: CacheMode = "on"  # whether a picture of the same request may be given again
    idempotency_key: str = ""  # the same key and body lead to the same generation
    cap: int | None = None  # jobs of the owner in flight at once; more wait


def generation_of(request: Request, plan: Plan, terms: Terms, now: float) -> Generation:
    """The generation that a request becomes."""
    return Generation(
        id=new_id(),
        owner=terms.owner,
        run=terms.run,
        created_at=now,
        route=plan.route,
        mode=plan.mode,
        prompt=_prompt_text(plan),
        asked=as_asked(request),
        params=dict(plan.params),
        references=[reference.as_dict() for reference in plan.references],
        not_sent=[note.as_dict() for note in plan.not_sent],
        quote={**plan.quote.as_dict(), "chosen": plan.chosen},
    )


def as_asked(request: Request) -> dict[str, JSON]:
    """The request as the caller wrote it, as JSON."""
    return {
        "model": request.model,
        "prompt": request.prompt,
        "references": [reference.as_dict() for reference in request.references],
        "params": {name: _plain(value) for name, value in request.params.items()},
        "mode": request.mode,
        "extra": {provider: dict(fields) for provider, fields in request.extra.items()},
        "on_unsupported": request.on_unsupported,
        "max_references": request.max_references,
        "region": request.region,
        # Only where it was said: what was asked under an idempotency key before there was a choice stays the same.
        **({"routing": request.routing} if request.routing else {}),
    }


def request_of(asked: Mapping[str, JSON]) -> Request:
    """The request that `as_asked` wrote down."""
    fixed = {name: asked[name] for name in ("model", "prompt", "mode", "on_unsupported", "max_references", "region")}
    return Request(
        **fixed,
        references=tuple(Reference(**one) for one in asked["references"]),
        params={name: _opened(value) for name, value in asked["params"].items()},
        extra=asked["extra"],
        routing=asked.get("routing"),
    )


def _opened(value: JSON) -> Any:
    """A value with every picture in it as a `Reference` again."""
    if isinstance(value, Mapping):
        if bool(value.get("sha256")) != bool(value.get("url")) and value.keys() <= set(Reference.__slots__):
            return Reference(**value)
        return {name: _opened(inner) for name, inner in value.items()}
    return [_opened(inner) for inner in value] if isinstance(value, list) else value


def hash_of(value: JSON) -> str:
    """A hash of a JSON value that does not depend on the order of its keys."""
    return hashlib.sha256(orjson.dumps(value, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS)).hexdigest()


def job_of(
    plan: Plan, generation: Generation, number: int, *, account: Account, maker: str, terms: Terms
) -> dict[str, Any]:
    """The row of one of a generation's jobs, queued."""
    wire = plan.wire[number]
    estimate = estimate_of(plan)
    return {
        "id": new_id(),
        "generation": generation.id,
        "number": number,
        "owner": terms.owner,
        "run": terms.run,
        "state": State.QUEUED.value,
        "created_at": generation.created_at,
        "changed_at": generation.created_at,
        "priority": terms.priority,
        "provider": plan.provider,
        "model": plan.model,
        "mode": plan.mode,
        "endpoint": plan.endpoint,
        "region": plan.region,
        "account": account.id,
        "sandbox": account.sandbox,
        "caps": {**plan.caps, **({f"owner:{terms.owner}": terms.cap} if terms.cap else {})},
        "wire": dict(wire),
        "seconds": plan.seconds,
        "maker": maker,
        "holder": "",
        "attempt": 0,
        "not_before": 0.0,
        "first_try_at": 0.0,
        "seat_until": 0.0,
        "ticket": None,
        "request_id": "",
        "submitted_at": 0.0,
        "ready_at": 0.0,
        "seed": wire.get("seed"),
        "cancel_asked": False,
        "error": None,
        "estimated": estimate,
        "reserved": estimate,
        "charged": None,
        "doubted": Decimal(0),
        "charge_state": "not_charged",
        "charge_source": "estimate",
        "cache_key": "" if terms.cache == "off" else cache_key(plan, wire, account),
        "cached_from": "",
    }


def estimate_of(plan: Plan) -> Decimal:
    """What one job of the plan is estimated to cost: the upper end of the quote."""
    return (plan.quote.low if plan.quote.high is None else plan.quote.high) / len(plan.wire)


def cache_key(plan: Plan, wire: Mapping[str, JSON], account: Account) -> str:
    """The key of a job's picture; empty when the same request need not make the same picture again.

    That takes a seed, and inputs that cannot change behind our back: a picture by its hash, not by a URL.
    """
    if wire.get("seed") is None or any(reference.url for reference in plan.references) or _names_url(wire):
        return ""
    return hash_of([plan.endpoint, plan.provider, plan.region, account.sandbox, dict(wire)])


def _names_url(value: JSON) -> bool:
    if isinstance(value, Mapping):
        return any(_names_url(inner) for inner in value.values())
    if isinstance(value, (list, tuple)):
        return any(_names_url(inner) for inner in value)
    return isinstance(value, str) and value.startswith(("https://", "http://"))


def _plain(value: Any) -> JSON:
    if hasattr(value, "as_dict"):
        return value.as_dict()
    if isinstance(value, Mapping):
        return {name: _plain(inner) for name, inner in value.items()}
    return [_plain(inner) for inner in value] if isinstance(value, (list, tuple)) else value


def _prompt_text(plan: Plan) -> str:
    prompt = plan.wire[0].get("prompt", "") if plan.wire else ""
    return prompt if isinstance(prompt, str) else ""
