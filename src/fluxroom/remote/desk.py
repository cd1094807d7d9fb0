"""Runs at a gateway: the same as `fluxroom.flows.desk.Desk`, over HTTP."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict, replace
from functools import partial
from typing import Any

from fluxroom.engine.intake import take_in_at
from fluxroom.errors import RequestError, UnknownModel
from fluxroom.flows import picture_places
from fluxroom.flows.bulk.sheets import Sheet
from fluxroom.flows.comparisons import Comparison
from fluxroom.flows.pipelines.files import Pipeline
from fluxroom.flows.runs.conductor import PRIORITY
from fluxroom.identifiers import new_id
from fluxroom.remote.line import Line, Told, segment
from fluxroom.store.runs import STATES, Wanted
from fluxroom.types import JSON, Reference

Answer = dict[str, Any]
_LOOK = 1.0
"""Seconds between two looks at a run that the gateway carries."""

TakeIn = Callable[[Any], Awaitable[Reference]]


class RemoteDesk:
    """A person's way to the runs of a gateway.

    Args:
        line: an open connection to it.
        take_in: brings a picture there.
    """

    def __init__(self, line: Line, take_in: TakeIn) -> None:
        self._line = line
        self._take_in = take_in

    # sheets, comparisons, pipelines ----------------------------------------------------------------------------------

    async def check_sheet(self, sheet: Sheet) -> Answer:
        """Check and price every row; nothing is sent to a provider."""
        return await self._post("/v1/bulk/check", await self._sheet(sheet))

    async def begin_sheet(self, sheet: Sheet, *, priority: int = 0, budget: str | None = None) -> Answer:
        """Carry a sheet, or go on with the same one."""
        body = {**await self._sheet(sheet), "priority": priority, "budget": budget}
        answer = await self._post("/v1/bulk", body)
        return {**answer, "goes_on": False}

    async def check_comparison(self, found: Comparison) -> Answer:
        """Check and price every cell; nothing is sent to a provider."""
        return await self._post("/v1/comparisons/check", await self._comparison(found))

    async def begin_comparison(self, found: Comparison, *, priority: int = PRIORITY, key: str = "") -> Answer:
        """Carry a comparison."""
        body = {**await self._comparison(found), "priority": priority}
        return await self._post("/v1/comparisons", body, key=key)

    async def say_winner(self, run_id: str, position: int | None) -> Answer:
        """Say which cell is best; None for none."""
        call = self._line.call("PUT", f"/v1/comparisons/{segment(run_id)}/winner", json={"position": position})
        answer: Answer = (await call).json()
        return answer

    async def contact_sheet(self, run_id: str) -> bytes:
        """A comparison as one picture: PNG."""
        return (await self._line.call("GET", f"/v1/comparisons/{segment(run_id)}/sheet")).body

    async def begin_pipeline(
        self,
        found: Pipeline,
        inputs: Mapping[str, JSON],
        *,
        name: str = "",
        priority: int = PRIORITY,
        budget: str | None = None,
        key: str = "",
    ) -> Answer:
        """Carry a pipeline; pictures among its inputs and in its steps are brought there."""
        body = {**await self._pipeline(found, inputs), "name": name, "priority": priority, "budget": budget}
        return await self._post("/v1/pipelines", body, key=key)

    async def check_pipeline(self, found: Pipeline, inputs: Mapping[str, JSON]) -> Answer:
        """What a pipeline would do and cost; nothing is sent to a provider."""
        return await self._post("/v1/pipelines/check", await self._pipeline(found, inputs))

    async def approve(self, run_id: str, step: str) -> Answer:
        """What a step has made is good: go on."""
        return await self._post(_step(run_id, step, "approve"), {})

    async def choose(self, run_id: str, step: str, images: Sequence[str]) -> Answer:
        """These pictures go on from a select step."""
        return await self._post(_step(run_id, step, "choose"), {"images": list(images)})

    async def check_redo(self, run_id: str, step: str, fields: Mapping[str, JSON] | None = None) -> Answer:
        """What making a step again would do and cost; nothing is sent to a provider."""
        brought = await self._fields(run_id, step, fields or {})
        return await self._post(_step(run_id, step, "check"), {"fields": brought})

    async def redo(self, run_id: str, step: str, fields: Mapping[str, JSON] | None = None, *, key: str = "") -> Answer:
        """Make a step again, and what depends on it; however often the connection breaks, once."""
        brought = await self._fields(run_id, step, fields or {})
        return await self._post(_step(run_id, step, "redo"), {"fields": brought}, key=key)

    async def expand(self, prompt: str, number: int, *, instruction: str = "", model: str = "") -> Answer:
        """More prompts out of one, and who wrote them."""
        body = {"prompt": prompt, "count": number, "guidance": instruction, "model": model or None}
        return await self._post("/v1/prompts/expansions", body)

    # all runs --------------------------------------------------------------------------------------------------------

    async def page(self, wanted: Wanted, *, limit: int = 50, before: str = "") -> list[Answer]:
        """Runs, the newest first."""
        if wanted.hidden is None:  # which the gateway has no word for
            both = [await self.page(replace(wanted, hidden=one), limit=limit, before=before) for one in (False, True)]
            return sorted([*both[0], *both[1]], key=lambda run: str(run["id"]), reverse=True)[:limit]
        asked = {name: value for name, value in asdict(wanted).items() if value not in {"", None}}
        asked.pop("owner", None)
        asked["q"] = asked.pop("words", None)
        found: Told = await self._line.get("/v1/runs", limit=limit, before=before or None, **asked)
        return found.every("runs")

    async def get(self, run_id: str) -> Told:
        """A run as it is now."""
        found: Told = await self._line.get(f"/v1/runs/{segment(run_id)}")
        return found

    async def rest(self, run_id: str) -> Answer:
        """Wait until a run rests; the gateway carries it."""
        while True:
            found = await self.get(run_id)
            if found["state"] != "running" and not found.part("counts").get("submitted"):
                return found
            await asyncio.sleep(_LOOK)

    async def items(
        self, run_id: str, *, states: Sequence[str] = STATES, after: int = -1, limit: int = 100
    ) -> list[Answer]:
        """A page of a run's items."""
        wanted = [("state", one) for one in states] if set(states) != set(STATES) else []
        params = [*wanted, ("after", str(after)), ("limit", str(limit))]
        answer: Told = (await self._line.call("GET", f"/v1/runs/{segment(run_id)}/items", params=params)).json()
        return answer.every("items")

    async def describe(self, run_id: str, shown: Mapping[str, JSON]) -> Answer:
        """Change name, description, tags, favourite or hidden."""
        answer: Answer = (await self._line.call("PATCH", f"/v1/runs/{segment(run_id)}", json=dict(shown))).json()
        return answer

    async def pause(self, run_id: str) -> Answer:
        """Send nothing more."""
        return await self._post(f"/v1/runs/{segment(run_id)}/pause", {})

    async def resume(self, run_id: str) -> Answer:
        """Go on with a paused run."""
        return await self._post(f"/v1/runs/{segment(run_id)}/resume", {})

    async def cancel(self, run_id: str) -> tuple[Answer, list[str]]:
        """Send nothing more, cancel what can be."""
        told = await self._post(f"/v1/runs/{segment(run_id)}/cancel", {})
        return told.part("run"), told.every("said")

    async def retry(self, run_id: str, states: Sequence[str] = ("failed", "cancelled")) -> Answer:
        """Send items that failed or were cancelled again."""
        return await self._post(f"/v1/runs/{segment(run_id)}/retry", {"states": list(states)})

    async def table(self, run_id: str) -> AsyncIterator[str]:
        """A run as CSV."""
        text = (await self._line.call("GET", f"/v1/runs/{segment(run_id)}/csv")).body.decode()
        return _lines(text)

    # -----------------------------------------------------------------------------------------------------------------

    async def _post(self, path: str, body: Any, *, key: str = "") -> Told:
        answer: Told = await self._line.post(path, body, key=key or new_id())
        return answer

    async def _sheet(self, sheet: Sheet) -> Answer:
        known: dict[str, str] = {}
        model = sheet.defaults.get("model")
        rows = [await self._row(row, known, row.get("model", model)) for row in sheet.rows]
        defaults = await self._row(sheet.defaults, known, model, *(row.get("model") for row in sheet.rows))
        body = {"name": sheet.name, "rows": rows, "defaults": defaults, "seeds": sheet.seeds}
        return {**body, "file_name": sheet.file_name}

    async def _comparison(self, found: Comparison) -> Answer:
        known: dict[str, str] = {}
        axes = [axis for axis in (found.x, found.y) if axis.name]
        models = [found.request.get("model"), *(one for axis in axes if axis.name == "model" for one in axis.values)]
        brought = [[await self._row({axis.name: one}, known, *models) for one in axis.values] for axis in axes]
        return {
            "name": found.name,
            "request": await self._row(found.request, known, *models),
            "axes": [
                {"name": axis.name, "values": [one[axis.name] for one in values]}
                for axis, values in zip(axes, brought, strict=True)
            ],
        }

    async def _pipeline(self, found: Pipeline, inputs: Mapping[str, JSON]) -> Answer:
        found, _ = await picture_places.taken(found, self._take_in)
        given = await picture_places.inputs_taken(found, inputs, self._take_in)
        return {"pipeline": found.raw, "inputs": given}

    async def _row(self, row: Mapping[str, JSON], known: dict[str, str], *models: JSON) -> dict[str, JSON]:
        """What is asked for, with every picture that one of these models takes brought to the gateway."""
        given = row.get("references")
        row = row if given is None or isinstance(given, list) else {**row, "references": [given]}
        places = {place for model in dict.fromkeys(map(str, models)) for place in _places(row, model)}
        return await take_in_at(row, sorted(places, key=str), partial(self._once, known=known))

    async def _fields(self, run_id: str, step: str, fields: Mapping[str, JSON]) -> dict[str, JSON]:
        if not fields:
            return {}
        steps = (await self.get(run_id))["spec"].get("pipeline", {}).get("steps", [])
        models = [one.get("model") for one in steps if one.get("name") == step]
        return await self._row(fields, {}, fields.get("model"), *models)

    async def _once(self, source: Any, known: dict[str, str]) -> str:
        """A picture's name at the gateway; one that cannot be taken in keeps its own, and the gateway says why."""
        if str(source) not in known:
            try:
                known[str(source)] = await self._named(source)
            except RequestError:
                known[str(source)] = str(source)
        return known[str(source)]

    async def _named(self, source: Any) -> str:
        reference = await self._take_in(source)
        return reference.sha256 or reference.url or ""


def _places(row: Mapping[str, JSON], model: str) -> list[picture_places.Place]:
    try:
        return picture_places.places({**row, "model": model})
    except UnknownModel:  # one that only the gateway knows, or that is none: it says so
        return [("references", number) for number in range(len(row.get("references") or ()))]


def _step(run_id: str, step: str, word: str) -> str:
    return f"/v1/pipelines/{segment(run_id)}/steps/{segment(step)}/{word}"


async def _lines(text: str) -> AsyncIterator[str]:
    for line in io.StringIO(text, newline="\n"):  # `str.splitlines` would break cells apart at every other separator
        yield line
