"""What to try instead when a route fails: the other provider, another variant, FLUX.1."""

from __future__ import annotations

from fluxroom.errors import FluxroomError

_ELSEWHERE = frozenset(
    {
        "provider_error", "unavailable", "rate_limited", "insufficient_credits", "forbidden", "unauthorized",
        "missing_key", "job_failed",
    }
)  # fmt: skip
"""Errors that another route may not have. A refused prompt or parameter would be refused there as well, and a job in
doubt or at work must not be sent a second time."""


def suggestions(error: FluxroomError, route: str) -> list[str]:
    """Other routes for a request that failed at this one, the nearest first; empty when another would not help.

    >>> from fluxroom.errors import InvalidParams, Unavailable
    >>> suggestions(Unavailable(), "bfl/flux-2-pro")[0]
    '-m fal/flux-2-pro (the same model at fal)'
    >>> suggestions(InvalidParams(), "bfl/flux-2-pro")
    []
    """
    if error.code not in _ELSEWHERE or not route:
        return []
    from fluxroom import catalog
    from fluxroom.errors import UnknownModel

    try:
        model, provider, _ = catalog.find(route)
    except UnknownModel:
        return []
    rows = catalog.models()
    found = [
        f"-m {other}/{model.id} (the same model at {other})"
        for other in model.routes
        if provider is not None and other != provider
    ]
    wanted = model.modes[0] if model.modes else "generate"
    near = [
        row
        for row in rows.values()
        if row.family == model.family and row.id != model.id and row.status == "active" and wanted in row.modes
    ]
    # A variant that needs the same provider would meet the same closed door; one that has another way comes first.
    near.sort(key=lambda row: provider is not None and set(row.routes) == {provider})
    found += [f"-m {row.id} ({row.title})" for row in near[:1]]
    if model.family != "flux-1":
        older = (row for row in rows.values() if row.family == "flux-1" and row.status == "active")
        found += [f"-m {row.id} ({row.title})" for row in older if wanted in row.modes][:1]
    return found
