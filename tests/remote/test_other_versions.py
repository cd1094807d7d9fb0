"""A gateway of another version: fields that are new, gone or of another form. What is told is read, or it is our error.

What a real gateway answers is recorded once; then one thing in it is changed, and the same is asked again.
"""

from __future__ import annotations

import asyncio
import copy
import json
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.remote.gateways import FAST, Gate, client_settings
from tests.remote.test_strange_gateways import followed, scripted

from fluxroom.cli.following import _next, short_line
from fluxroom.client import AsyncClient
from fluxroom.errors import FluxroomError, GatewayUnreachable, RequestError
from fluxroom.flows.bulk.sheets import Sheet
from fluxroom.flows.comparisons import comparison
from fluxroom.remote import events, line
from fluxroom.remote.worker import RemoteWorker
from fluxroom.store.runs import Wanted

pytestmark = pytest.mark.anyio

NOWHERE = "http://127.0.0.1:1"


@dataclass
class Ids:
    """What was made at the gateway that was recorded."""

    run: str = ""
    talk: str = ""
    generation: str = ""
    job: str = ""
    image: str = ""


@dataclass
class Recorded:
    """Answers of a real gateway, by method and path."""

    ids: Ids = field(default_factory=Ids)
    answers: dict[str, Any] = field(default_factory=dict)


Ask = Callable[[RemoteWorker, Ids], Awaitable[Any]]
NOBODY: Any = None

ASKED: Mapping[str, Ask] = {
    "a list of runs": lambda at, _: at.runs(NOBODY, NOBODY).page(Wanted()),
    "a run": lambda at, ids: at.runs(NOBODY, NOBODY).get(ids.run),
    "a run that rests": lambda at, ids: at.runs(NOBODY, NOBODY).rest(ids.run),
    "items": lambda at, ids: at.runs(NOBODY, NOBODY).items(ids.run),
    "a sheet's price": lambda at, _: at.runs(NOBODY, NOBODY).check_sheet(sheet()),
    "a winner": lambda at, ids: at.runs(NOBODY, NOBODY).say_winner(ids.run, 1),
    "a list of talks": lambda at, _: at.conversations(NOBODY).page(),
    "a talk": lambda at, ids: at.conversations(NOBODY).get(ids.talk),
    "an answer": lambda at, ids: at.conversations(NOBODY).message(ids.talk),
    "something said": lambda at, ids: at.conversations(NOBODY).say(ids.talk, "a fox", options={"seed": 1}, key="k"),
    "what was stopped": lambda at, ids: at.conversations(NOBODY).stop(ids.talk),
    "assistants": lambda at, _: at.conversations(NOBODY).assistants(),
    "a generation": lambda at, ids: at.snapshot(ids.generation),
    "what was cancelled": lambda at, ids: at.cancel(ids.generation),
    "a job with its story": lambda at, ids: at.books.record(ids.job),
    "jobs": lambda at, _: at.books.jobs(),
    "pictures": lambda at, _: at.books.search(),
    "a picture": lambda at, ids: at.books.picture(ids.image),
    "usage": lambda at, _: at.books.usage("model", sandbox=True),
    "accounts": lambda at, _: at.books.providers(),
    "what is offered": lambda at, _: at.offered(f"bfl/{FAST}"),
}
"""Everything that is asked of a gateway."""


def sheet() -> Sheet:
    return Sheet(name="s", rows=[{"prompt": "a cup", "seed": 1}], defaults={"model": f"bfl/{FAST}"})


async def some_of_everything(client: AsyncClient) -> Ids:
    axes = comparison("race", {"prompt": "x", "model": FAST, "seed": 3}, [("provider", ["bfl", "fal"])])
    run = await client.runs.rest((await client.runs.begin_comparison(axes))["id"])
    talk = (await client.conversations.begin({"model": f"bfl/{FAST}"}))["id"]
    said = await client.conversations.say(talk, "a fox", options={"seed": 1}, key="k")
    image = (await client.wait(said["generation"], 30)).images[0]
    return Ids(run["id"], talk, said["generation"], image.job, image.id)


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    gate = Gate(tmp_path_factory.mktemp("recorded")).start()
    found = Recorded()
    real = line.Line._once

    async def noted(self: line.Line, method: str, path: str, more: Mapping[str, Any]) -> line.Answer:
        answer = await real(self, method, path, more)
        found.answers[f"{method} {path}"] = json.loads(answer.body)
        return answer

    async def record() -> None:
        async with gate.client() as client:
            found.ids = await some_of_everything(client)
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(line.Line, "_once", noted)
                worker = client.worker
                assert isinstance(worker, RemoteWorker)
                for ask in ASKED.values():
                    await ask(worker, found.ids)

    asyncio.run(record())
    gate.stop()
    return found


async def asked(recorded: Recorded, ask: Ask, change: Callable[[Any], Any]) -> Any:
    """What comes of asking a gateway whose answers are changed."""

    async def once(_self: line.Line, method: str, path: str, _more: Mapping[str, Any]) -> line.Answer:
        told = change(copy.deepcopy(recorded.answers[f"{method} {path}"]))
        return line.Answer(200, {"Content-Type": "application/json"}, json.dumps(told).encode())

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(line.Line, "_once", once)
        worker = RemoteWorker(client_settings(NOWHERE))
        await worker.start()
        try:
            return await ask(worker, recorded.ids)
        finally:
            await worker.stop(0)


def same(told: Any) -> Any:
    return told


def always(told: Any) -> Callable[[Any], Any]:
    return lambda _: told


def places(told: Any, here: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in JSON, by the way that leads there."""
    inner = told.items() if isinstance(told, dict) else enumerate(told) if isinstance(told, list) else ()
    for name, one in inner:
        yield (*here, name)
        yield from places(one, (*here, name))


def at(told: Any, way: tuple[Any, ...]) -> Any:
    for step in way:
        told = told[step]
    return told


def newer(told: Any) -> Any:
    """The same from a gateway that knows more of everything."""
    if isinstance(told, list):
        return [newer(one) for one in told]
    if not isinstance(told, dict):
        return told
    return {name: newer(one) for name, one in told.items()} | {"later": {"version": 2}, "self": 1, "class": None}


def without(told: Any) -> Any:
    """What is told without what only a newer gateway tells."""
    if isinstance(told, list):
        return [without(one) for one in told]
    if not isinstance(told, dict):
        return told
    return {name: without(one) for name, one in told.items() if name not in {"later", "self", "class"}}


# fields --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ASKED)
async def test_what_a_newer_gateway_tells_besides_does_no_harm(recorded: Recorded, name: str) -> None:
    now = await asked(recorded, ASKED[name], same)
    later = await asked(recorded, ASKED[name], newer)
    assert without(later) == without(now) or repr(without(later)).count("later") > 0, "told on, or left out"
    assert type(later) is type(now)


@pytest.mark.parametrize("name", ASKED)
async def test_an_answer_without_anything_in_it_is_read_or_said(recorded: Recorded, name: str) -> None:
    for told in ({}, {"id": None}, {"error": "x"}):
        try:
            await asked(recorded, ASKED[name], always(told))
        except GatewayUnreachable as wrong:
            said = wrong
            assert "not of this version" in said.detail


STRANGE = [None, [], {}, [1], {"a": 1}, "x", "", "2026-13-45", "NaN", -1, 1.5, 2**70, True, [None]]


def test_whatever_one_thing_is_it_is_read_or_one_of_our_errors(recorded: Recorded) -> None:
    @given(st.sampled_from(sorted(ASKED)), st.booleans(), st.sampled_from(STRANGE), st.floats(0, 1, exclude_max=True))
    @settings(max_examples=150, deadline=None)
    def holds(name: str, gone: bool, new: Any, pick: float) -> None:
        def change(told: Any) -> Any:
            ways = list(places(told))
            *way, last = ways[int(pick * len(ways))]
            if gone and isinstance(last, str):
                del at(told, tuple(way))[last]
            else:
                at(told, tuple(way))[last] = new
            return told

        with suppress(FluxroomError):
            asyncio.run(asked(recorded, ASKED[name], change))

    holds()


@pytest.mark.parametrize("name", ["a list of runs", "a run"])
async def test_a_run_that_lacks_a_field_is_our_error_where_it_is_told_to_people(recorded: Recorded, name: str) -> None:
    """The command line had a bare KeyError, without a word of the gateway."""
    told = await asked(recorded, ASKED[name], same)
    run = told[0] if isinstance(told, list) else told
    assert "2 of 2 done" in short_line(run)
    for gone in ("id", "counts", "total", "charged", "sandbox", "state", "why", "waits_for"):
        lacking = copy.copy(run)
        del lacking[gone]
        with pytest.raises(GatewayUnreachable, match=f"it has no '{gone}'"):
            [short_line(lacking), *_next(lacking)]


@pytest.mark.parametrize("state", ["sleeping", "", "RUNNING"])
async def test_a_run_in_a_state_that_is_not_known_here_rests(recorded: Recorded, state: str) -> None:
    """Nobody waits for ever for a state of a later version to pass."""
    change = {"state": state}
    async with asyncio.timeout(20):
        found = await asked(recorded, ASKED["a run that rests"], lambda told: told | change)
    assert found["state"] == state


async def test_a_job_in_a_state_that_is_not_known_here_has_not_ended(recorded: Recorded) -> None:
    def change(told: Any) -> Any:
        for job in told["jobs"]:
            job["state"] = "archived"
        return told

    found = await asked(recorded, ASKED["a generation"], change)
    assert ([job.state for job in found.jobs], found.settled) == (["archived"], False)


# ids -----------------------------------------------------------------------------------------------------------------

BY_ID: Mapping[str, Callable[[AsyncClient, str], Awaitable[Any]]] = {
    "a run": lambda client, name: client.runs.get(name),
    "its items": lambda client, name: client.runs.items(name),
    "its table": lambda client, name: client.runs.table(name),
    "its sheet": lambda client, name: client.runs.contact_sheet(name),
    "its end": lambda client, name: client.runs.cancel(name),
    "its name": lambda client, name: client.runs.describe(name, {"name": "mine"}),
    "its step": lambda client, name: client.runs.approve(name, name),
    "a talk": lambda client, name: client.conversations.get(name),
    "a talk's end": lambda client, name: client.conversations.drop(name),
    "a message": lambda client, name: client.conversations.message(name, name),
    "an assistant": lambda client, name: client.conversations.switch(name, on=True),
    "a generation": lambda client, name: client.snapshot(name),
    "a generation's end": lambda client, name: client.cancel(name),
    "a job": lambda client, name: client.job(name),
    "a picture": lambda client, name: client.worker.books.picture(name),
    "a provider": lambda client, name: client.worker.books.pause(name, paused=True),
}


async def test_an_id_of_any_form_leads_to_nothing_else(gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    """`cancel("../conversations/…")` was a DELETE of the conversation: an id is one segment of the path."""
    heard: list[str] = []
    real = line.Line._once

    async def noted(self: line.Line, method: str, path: str, more: Mapping[str, Any]) -> line.Answer:
        heard.append(path)
        return await real(self, method, path, more)

    async with gate.client() as client:
        talk = (await client.conversations.begin({"model": FAST}))["id"]
        monkeypatch.setattr(line.Line, "_once", noted)
        for name in ("", "..", f"../conversations/{talk}", "?a=b#c", "\ud800\0"):
            for what, ask in BY_ID.items():
                with pytest.raises(RequestError):
                    await ask(client, name)
                assert "/../" not in heard[-1], (what, name)
                assert not heard[-1].endswith(("/", "/..", "/.")), (what, name)
        assert (await client.conversations.get(talk))["id"] == talk


# events --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["state", "progress", "problem", "end"])
@pytest.mark.parametrize("told", ["[1]", "null", "5", '"x"', "[]", "{}"])
async def test_an_event_of_another_form_is_one_of_our_errors(
    kind: str, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "_AGAIN", 0.01)

    async def answer(_request: web.Request) -> web.Response:
        return web.Response(text=f"event: {kind}\ndata: {told}\n\n", content_type="text/event-stream")

    async with scripted(answer) as url:
        with pytest.raises(FluxroomError):
            await followed(url, patience=0.1)


@pytest.mark.parametrize(
    "told",
    [
        {"job": "j", "phase": "new", "elapsed": "x", "expected": 1},
        {"job": "j", "phase": "new", "elapsed": 1, "expected": None},
        {"job": "j", "phase": "new", "elapsed": 1, "expected": 1, "progress": "half"},
        {"job": "j", "phase": "new", "elapsed": []},
    ],
)
async def test_progress_that_is_no_number_is_one_of_our_errors(
    told: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It reached the moving line, which adds to it."""
    monkeypatch.setattr(events, "_AGAIN", 0.01)

    async def answer(_request: web.Request) -> web.Response:
        return web.Response(text=f"event: progress\ndata: {json.dumps(told)}\n\n", content_type="text/event-stream")

    async with scripted(answer) as url:
        with pytest.raises(GatewayUnreachable):
            await followed(url, patience=0.1)


async def test_events_that_are_not_known_here_are_passed_over(recorded: Recorded) -> None:
    """A later version may tell of more; what is known of it is still heard."""
    end = json.dumps(recorded.answers[f"GET /v1/generations/{recorded.ids.generation}"])
    told = "".join(
        f"event: {kind}\ndata: {data}\n\n"
        for kind, data in (
            ("applause", "[1, 2]"),
            ("message", "5"),
            ("state", '{"job": "j", "to": "archived", "from": "queued", "why": ""}'),
            ("state", '{"job": "j", "to": ["odd"], "from": "queued", "why": ""}'),
            ("progress", '{"job": "j", "phase": "dreaming", "elapsed": 1, "expected": 2, "mood": "good"}'),
            ("end", end),
        )
    )

    async def answer(_request: web.Request) -> web.Response:
        return web.Response(text=told, content_type="text/event-stream")

    async with scripted(answer) as url:
        running, last = await followed(url)
    assert (running.phase, running.elapsed, running.expected) == ("dreaming", 1.0, 2.0)
    assert last.end.generation.id == recorded.ids.generation
    assert last.end.settled
