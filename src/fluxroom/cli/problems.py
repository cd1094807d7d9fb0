"""What went wrong, in one line: what — why — what next. With `--json` an object."""

from __future__ import annotations

from typing import Any

import click

from fluxroom.cli import voice
from fluxroom.cli.shared import given, wants_json
from fluxroom.errors import FluxroomError

PIPED = "fluxroom.piped"
"""In `ctx.meta`: the command answers with JSON lines when its output goes to another program."""

ASKED = "fluxroom.asked"
"""In `ctx.meta`: the model that was typed; not every error knows it."""


def sentence(error: FluxroomError) -> str:
    """The error for people: what happened, why, and what to do next."""
    what, why = error.sentence().rstrip("."), error.detail.rstrip(".")
    # Many details begin with the class's own words; saying them twice explains nothing.
    said = why.lower().startswith(" ".join(what.lower().split()[:3]))
    parts = [why] if said else [what, why]
    return " — ".join([*parts, _filled(error.next_step, error.context)]) + _money(error)


def _filled(advice: str, facts: dict[str, Any]) -> str:
    """The advice with this error's own names in place of the words in capitals."""
    model = facts.get("model") or str(facts.get("route", "")).rpartition("/")[2]
    for word, name, fact in (("MODEL", "model", model), ("ID", "job", facts.get("job"))):
        value = str(fact or "")
        if value:
            advice = advice.replace(f" {word}`", f" {value}`").replace(f" {word} ", f" {_short(name, value)} ")
    return advice


def _short(name: str, value: str) -> str:
    return value[-8:] if name == "job" else value


def _money(error: FluxroomError) -> str:
    charge = error.context.get("charge", error.charge)
    return {"charged": " (It was charged.)", "unknown": " (Whether it was charged is not known.)"}.get(charge, "")


def as_object(error: FluxroomError, hints: list[str]) -> dict[str, Any]:
    """The error for programs."""
    found = {**error.as_dict(), "exit_code": error.exit_code}
    return {**found, "suggestions": hints} if hints else found


def show(ctx: click.Context, error: FluxroomError) -> None:
    """Tell about an error: for people on standard error, for programs on standard output."""
    from fluxroom.cli.suggestions import suggestions

    route = str(error.context.get("route", "") or _route(error, str(ctx.meta.get(ASKED) or "")))
    hints = suggestions(error, route)
    if wants_json(ctx, piped=bool(ctx.meta.get(PIPED))):
        voice.line(event="error", error=as_object(error, hints))
    voice.note(f"{click.style('Error', fg='red', bold=True)}: {sentence(error)}")
    for hint in hints:
        voice.note(f"  Or try {hint}")


def _route(error: FluxroomError, asked: str) -> str:
    """The route that failed, from the error and from what was typed for the model."""
    provider = str(error.context.get("provider", ""))
    model = str(error.context.get("model", "")) or asked
    if "/" in model or not model:
        return model
    return f"{provider}/{model}" if provider else model


def show_fault(ctx: click.Context, error: Exception) -> None:
    """Tell about a mistake of ours; the traceback only for those who ask for it."""
    import os
    import traceback

    text = f"{type(error).__name__}: {error}".split("\n", 1)[0]
    if wants_json(ctx, piped=bool(ctx.meta.get(PIPED))):
        voice.line(event="error", error={"code": "internal", "message": text, "exit_code": 1})
    debug = os.environ.get("FLUXROOM_LOG_LEVEL", "").lower() == "debug" or (given(ctx, "verbose") or 0) > 1
    if debug:
        voice.note("".join(traceback.format_exception(error)))
    voice.note(
        f"{click.style('Error', fg='red', bold=True)}: A fault in Fluxroom — {text}"
        + ("" if debug else " — for the traceback, run it again with FLUXROOM_LOG_LEVEL=debug; jobs are not lost.")
    )
