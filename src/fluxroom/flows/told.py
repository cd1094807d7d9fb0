"""Runs, items and dry runs as JSON: the same words over HTTP, on the command line and in the library."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection

from fluxroom.engine.accounting import plain
from fluxroom.flows.bulk import DryRun
from fluxroom.flows.expansion import Written
from fluxroom.flows.pipelines import walk
from fluxroom.flows.pipelines.rehearsed import Rehearsal, Rehearsed
from fluxroom.flows.runs.results import Result
from fluxroom.store import ledger, runs
from fluxroom.store.images import StoredImage
from fluxroom.store.runs import Run

MOST_ROWS = 1000
"""Rows that a dry run tells one by one; the others are counted."""


def some_runs(connection: Connection, found: Sequence[Run]) -> list[dict[str, Any]]:
    """Runs with their counts and money."""
    counts = runs.counts(connection, [run.id for run in found])
    return [_run(connection, run, counts[run.id]) for run in found]


def an_item(one: Result) -> dict[str, Any]:
    """An item with its pictures and money."""
    item = one.item
    return {
        "position": item.position,
        "key": item.key,
        "step": item.step,
        "state": item.state,
        "asked": dict(item.asked),
        "generation": item.generation or None,
        "attempt": item.attempt,
        "route": one.jobs[-1].route if one.jobs else None,
        "sent": [dict(job.wire) for job in one.jobs],
        "not_sent": [dict(note) for note in one.made.not_sent],
        "gone": one.gone,
        "seconds": one.seconds,
        "charged": plain(one.charged),
        "charge": one.charge,
        "error": dict(item.error) if item.error else None,
        "note": dict(item.note),
        "images": [{**an_image(picture), "rating": one.made.ratings.get(picture.id)} for picture in one.images],
    }


def an_image(stored: StoredImage) -> dict[str, Any]:
    """A picture with its addresses at a gateway."""
    at = f"/v1/images/{stored.id}"
    facts = ("id", "job", "sha256", "mime", "width", "height", "size_bytes", "seed")
    return {
        **{name: getattr(stored, name) for name in facts},
        "url": f"{at}/file",
        "thumbnail": f"{at}/thumbnail",
        "download": f"{at}/file?metadata=1",
    }


def a_dry_run(found: DryRun) -> dict[str, Any]:
    """What a sheet would become and cost: the first thousand rows, and all that are invalid."""
    rows = [row for row in found.rows if row.number <= MOST_ROWS or row.state == "invalid"]
    return {
        "text": found.text,
        "ok": found.count("ok"),
        "exists": found.count("exists"),
        "invalid": found.count("invalid"),
        "low": plain(found.low),
        "high": None if found.high is None else plain(found.high),
        "rule": found.rule,
        "goes_on": found.goes_on.id if found.goes_on else None,
        "open_rows": found.open_rows,
        "renamed": dict(found.renamed),
        "rows": [row.as_dict() for row in rows],
    }


def a_rehearsal(found: Rehearsal) -> dict[str, Any]:
    """What a pipeline would do and cost, step by step."""
    return {
        "text": found.text,
        "low": plain(found.low),
        "high": None if found.high is None or found.missing else plain(found.high),
        "missing": list(found.missing),
        "renamed": found.renamed,
        "steps": [_a_step(step) for step in found.steps],
        "pipeline": dict(found.pipeline.raw),
    }


def written(found: Written) -> dict[str, Any]:
    """Prompts, and who wrote them."""
    return {"prompts": list(found.texts), "by": found.by, "note": found.note}


def _a_step(step: Rehearsed) -> dict[str, Any]:
    facts = ("name", "do", "state", "requests", "most", "exists", "images", "text", "why")
    return {
        **{name: getattr(step, name) for name in facts},
        "low": plain(step.low),
        "high": None if step.high is None else plain(step.high),
        "routes": list(step.routes),
        "error": dict(step.error) if step.error else None,
        "not_sent": [dict(note) for note in step.not_sent],
    }


def _waits_for(run: Run) -> dict[str, Any] | None:
    """What a person has to do about a run in review."""
    found = walk.waits_for(run)
    if found is None:
        return None
    step, pictures = found
    to_do = "approve" if step.name in run.spec["results"] else "choose"
    texts = run.spec["results"].get(step.name, {}).get("texts", [])
    return {"step": step.name, "to_do": to_do, "images": pictures, "texts": list(texts)}


def _notes(run: Run) -> list[str]:
    """What somebody should know about a run, besides what it waits for."""
    notes = [f"{old} is called {new} now." for old, new in run.spec.get("renamed", {}).items()]
    for name, made in run.spec.get("results", {}).items():
        if made.get("note"):
            notes.append(f"Step {name}: {made['note']}")
        if made.get("missing"):
            notes.append(f"Step {name}: {made['missing']} of its requests made no picture.")
    return notes


def _run(connection: Connection, run: Run, counts: Mapping[str, int]) -> dict[str, Any]:
    real, practice = (ledger.spent(connection, f"run:{run.id}", since=0, sandbox=box) for box in (False, True))
    at = f"/v1/runs/{run.id}"
    return {
        "id": run.id,
        "kind": run.kind,
        "name": run.name,
        "state": run.state,
        "why": run.why,
        "notes": _notes(run),
        "waits_for": _waits_for(run),
        "counts": dict(counts),
        "total": sum(number for state, number in counts.items() if state != "replaced"),
        "charged": plain(real or practice),
        "sandbox": bool(practice) and not real,
        "created_at": _moment(run.created_at),
        "changed_at": _moment(run.changed_at),
        "description": run.description,
        "tags": list(run.tags),
        "favourite": run.favourite,
        "hidden": run.hidden,
        "spec": dict(run.spec),
        "links": {"self": at, "items": f"{at}/items", "events": f"{at}/events", "csv": f"{at}/csv", "zip": f"{at}/zip"},
    }


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
