"""What to try instead when a route fails: the other provider, another variant, FLUX.1."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fluxroom.errors import FluxroomError

if TYPE_CHECKING:
    from fluxroom.catalog import Model
    from fluxroom.types import Provider

_MODEL_FAILED = frozenset({"provider_error", "unavailable", "rate_limited", "job_failed"})
"""Errors that another model at the same provider may not have."""

_DOOR_CLOSED = frozenset({"insufficient_credits", "forbidden", "unauthorized", "missing_key"})
"""Errors that everything at this provider has. All other errors help nobody elsewhere: a refused prompt or parameter
would be refused there as well, and a job in doubt or at work must not be sent a second time."""


def suggestions(error: FluxroomError, route: str) -> list[str]:
    """Other routes for a request that failed at this one, the nearest first; empty when another would not help.

    >>> from fluxroom.errors import InvalidParams, Unavailable
    >>> suggestions(Unavailable(), "bfl/flux-2-pro")[0]
    '-m fal/flux-2-pro (the same model at fal)'
    >>> suggestions(InvalidParams(), "bfl/flux-2-pro")
    []
    """
    if error.code not in _MODEL_FAILED | _DOOR_CLOSED or not route:
        return []
    from fluxroom import catalog
    from fluxroom.errors import UnknownModel

    try:
        model, provider, _ = catalog.find(route)
    except UnknownModel:
        return []
    closed = provider if error.code in _DOOR_CLOSED else None
    found = [f"-m {at}/{model.id} (the same model at {at})" for at in model.routes if provider and at != provider]
    found += [named for row in _variants(model) if (named := _named(row, closed))][:1]
    if model.family != "flux-1":
        found += [named for row in _alike(model, "flux-1") if (named := _named(row, closed))][:1]
    # Old families may live at one provider only; when that is closed, the newest model elsewhere is better than none.
    return found or [named for row in _alike(model) if row.id != model.id and (named := _named(row, closed))][:1]


def _variants(model: Model) -> list[Model]:
    """Other models of the family."""
    return [row for row in _alike(model, model.family) if row.id != model.id]


def _alike(model: Model, family: str = "") -> list[Model]:
    """The models of a family, or of all, that do what this one does."""
    from fluxroom import catalog

    wanted = model.modes[0] if model.modes else "generate"
    rows = catalog.models().values()
    return [row for row in rows if family in {"", row.family} and row.status == "active" and wanted in row.modes]


def _named(row: Model, closed: Provider | None) -> str:
    """The row as an option; at another provider where one is closed, and empty where that is the only one."""
    open_at = [at for at in row.routes if at != closed]
    if not open_at:
        return ""
    return f"-m {row.id if closed is None else f'{open_at[0]}/{row.id}'} ({row.title})"
