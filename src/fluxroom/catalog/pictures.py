"""Which references are sent, and into which fields of the endpoint."""

from __future__ import annotations

from fluxroom.catalog import words
from fluxroom.catalog.draft import Draft, unsupported, whole, why_not
from fluxroom.errors import InvalidParams, InvalidReference
from fluxroom.types import NotSent, Reference


def place(draft: Draft) -> None:
    """Which references are sent, and into which fields."""
    given = draft.asked.references
    if not given:
        return
    fields = draft.endpoint.named("references")
    if not fields:
        unsupported(draft, "references", why_not(draft, "references") or _other_modes(draft))
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


def _other_modes(draft: Draft) -> str:
    able = [mode for mode in draft.route.modes if draft.route.endpoint(mode).named("references")]
    return f"{draft.mode} takes no references" + (f"; {', '.join(able)} does" if able else "")


def _trimmed(draft: Draft, given: list[Reference]) -> list[Reference]:
    limit = draft.route.max_references(draft.mode)
    wish = draft.asked.values.get("max_references", draft.request.max_references)
    most = limit if wish is None else min(limit, whole("max_references", wish))
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


def _large_enough(draft: Draft, picture: Reference) -> None:
    least = draft.route.reference_side
    if picture.width and min(picture.width, picture.height) < least:
        raise InvalidReference(
            f"a reference of {picture.width}x{picture.height} is too small; "
            f"{draft.where} takes pictures of at least {least} pixels a side",
            **draft.facts("references"),
            limit=least,
        )
