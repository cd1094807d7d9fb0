"""Who asks, what they may do, and what is theirs.

The key check finds out who calls (`server.keycheck`) and leaves it in the request's scope; every route takes it from
there as `Asking`, whatever protocol it speaks. On loopback without a key the caller is this machine's user, who may
do everything.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Annotated, Any, Self

from fastapi import Depends, Request

from fluxroom.client import terms_of
from fluxroom.engine import Snapshot
from fluxroom.engine.orders import Terms
from fluxroom.errors import NotFound, ScopeMissing
from fluxroom.server.gateway import Gateway, checked_id, is_id
from fluxroom.store import runs
from fluxroom.store.keys import SCOPES, Key, Scope

SCOPE_KEY = "fluxroom.caller"
"""Where the key check leaves the caller in the ASGI scope."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody who asks."""

    owner: str
    scopes: frozenset[Scope]
    key: str = ""  # the key's id; empty for this machine's user
    cap: int | None = None  # jobs in flight at once
    per_minute: int | None = None  # requests
    by_session: bool = False  # a browser that has logged in

    @classmethod
    def with_key(cls, key: Key, *, by_session: bool = False) -> Self:
        """Whoever has this key."""
        scopes = frozenset(scope for scope in SCOPES if scope in key.scopes)
        return cls(key.owner, scopes, key.id, key.cap, key.per_minute, by_session)

    @property
    def is_admin(self) -> bool:
        """Whether everybody's things may be seen."""
        return "admin" in self.scopes

    def may_see(self, owner: str) -> bool:
        """Whether something of `owner` is to be shown."""
        return self.is_admin or owner == self.owner

    @property
    def only(self) -> str:
        """The owner whose things a list is limited to; empty for everybody's."""
        return "" if self.is_admin else self.owner


LOCAL = Caller("local", frozenset({"generate", "read", "admin"}))
"""This machine's user, on loopback and without a key."""

NOBODY = Caller("", frozenset())
"""Whoever asks for what everybody may see."""


def _caller(request: Request) -> Caller:
    found: Caller = request.scope[SCOPE_KEY]  # a way around the key check is a fault, and no way in
    return found


Asking = Annotated[Caller, Depends(_caller)]
"""The caller, as a parameter of a route."""


async def order(gateway: Gateway, caller: Caller, prompt: Any, model: str, options: Mapping[str, Any]) -> str:
    """Write a request down and start it for its caller; returns the generation's id. Every protocol comes through here.

    Raises:
        RequestError: it cannot be carried out; nothing was sent.
        BudgetExceeded: a budget of the caller does not allow it.
        ScopeMissing: it would go before others' requests, and the caller is no admin.
        NotFound: it names a run of somebody else's.
    """
    check_priority(caller, options.get("priority"))
    await check_run(gateway, caller, str(options.get("run") or ""))
    request, plan = await gateway.client.plan_with(prompt, model, options)
    return await gateway.engine.submit(request, plan, replace(terms_of(options, owner=caller.owner), cap=caller.cap))


def check_priority(caller: Caller, priority: int | None) -> None:
    """See that nobody puts their requests before everybody else's; an admin may.

    Raises:
        ScopeMissing: the caller may not.
    """
    if (priority or 0) > Terms().priority and not caller.is_admin:
        raise ScopeMissing(
            f"A priority above {Terms().priority} goes before other owners' requests: that is for admins.",
            advice=f"Leave it out, or use at most {Terms().priority}.",
            field="priority",
            limit=Terms().priority,
        )


async def check_run(gateway: Gateway, caller: Caller, run: str) -> None:
    """A run has a budget and results of its own: nobody adds to somebody else's. Any other word is a label.

    Raises:
        NotFound: it is somebody else's.
    """
    if not is_id(run) or caller.is_admin:
        return
    found = await gateway.engine.store.database.read(lambda connection: runs.get(connection, run))
    if found is not None and not caller.may_see(found.owner):
        raise NotFound(f"There is no run {run}.", advice="List yours with GET /v1/runs.")


async def snapshot(gateway: Gateway, caller: Caller, generation_id: str) -> Snapshot:
    """A generation of the caller's.

    Raises:
        NotFound: there is none, or it is somebody else's: both look the same.
    """
    checked_id(generation_id, "generation")
    with suppress(NotFound):
        found = await gateway.client.snapshot(generation_id)
        if caller.may_see(found.generation.owner):
            return found
    raise NotFound(f"There is no generation {generation_id}.", advice="List yours with GET /v1/generations.")
