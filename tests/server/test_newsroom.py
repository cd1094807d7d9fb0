"""Everything that happens, to everybody who listens: in process over both databases, and over a real socket."""

from __future__ import annotations

import asyncio
import http.client
import json
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import Connection
from tests.remote.gateways import Gate
from tests.store.rows import generation, move, row

from fluxroom.server.webhooks import newsroom
from fluxroom.server.webhooks.newsroom import Newsroom, Round
from fluxroom.store import Store, jobs, news
from fluxroom.store.news import Item
from fluxroom.types import Running


@pytest.fixture
async def room(store: Store) -> AsyncIterator[Newsroom]:
    def progress(job: jobs.Job) -> Running:
        return Running(job=job.id, elapsed=1.0, expected=5.0, progress=None)

    engine: Any = SimpleNamespace(store=store, progress=progress)
    made = Newsroom(engine, asyncio.Event())
    yield made
    made.closing.set()
    for task in made._work:
        task.cancel()


async def happen(store: Store, owner: str = "anna", changes: int = 0, **more: Any) -> str:
    """A job with its first event and as many more; returns its id."""
    one = generation(owner=owner)
    listed = row(one, **more)

    def work(connection: Connection) -> None:
        jobs.add(connection, one, [listed])
        job = jobs.get(connection, listed["id"])
        assert job
        for number in range(changes):
            assert jobs.move(connection, move(job, job.state, why=f"change {number}"))

    await store.database.write(work)
    identity: str = listed["id"]
    return identity


async def heard(rounds: Any, count: int) -> list[Item]:
    """The next so many changes of state."""
    found: list[Item] = []
    while len(found) < count:
        told: Round = await asyncio.wait_for(anext(rounds), 20)
        found += told.items
    assert len(found) == count
    return found


pytestmark = pytest.mark.anyio


async def test_whoever_listens_hears_what_happens_from_now_on(room: Newsroom, store: Store) -> None:
    await happen(store)
    async with aclosing(room.follow("", None)) as rounds:
        assert (await anext(rounds)).place == await store.database.read(jobs.last_event)
        made = await happen(store, changes=2)
        told = await heard(rounds, 3)
    assert {one.job for one in told} == {made}
    assert [one.why for one in told] == ["asked for", "change 0", "change 1"]


async def test_whoever_comes_back_misses_nothing(room: Newsroom, store: Store) -> None:
    ids = [await happen(store) for _ in range(3)]
    first = await store.database.read(lambda connection: news.since(connection, 0))
    async with aclosing(room.follow("", first[0].id)) as rounds:
        assert [one.job for one in await heard(rounds, 2)] == ids[1:]
        ids.append(await happen(store))
        assert [one.job for one in await heard(rounds, 1)] == ids[3:]


async def test_a_long_absence_is_read_page_by_page(
    room: Newsroom, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(newsroom, "_PAGE", 4)
    await happen(store, changes=10)
    async with aclosing(room.follow("", 0)) as rounds:
        await anext(rounds)
        sizes: list[int] = []
        while sum(sizes) < 11:
            sizes.append(len((await asyncio.wait_for(anext(rounds), 20)).items))
    assert sizes == [4, 4, 3]


async def test_a_long_story_of_others_is_passed_in_stretches(
    room: Newsroom, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(newsroom, "_STRETCH", 3)
    first = await happen(store, "ben")
    await happen(store, "anna", changes=10)
    last = await happen(store, "ben")
    async with aclosing(room.follow("ben", 0)) as rounds:
        assert [one.job for one in await heard(rounds, 2)] == [first, last]


async def test_one_hears_only_of_ones_own(room: Newsroom, store: Store) -> None:
    async with aclosing(room.follow("ben", 0)) as bens, aclosing(room.follow("", 0)) as alls:
        await happen(store, "anna")
        his = await happen(store, "ben")
        assert [one.job for one in await heard(bens, 1)] == [his]
        assert [one.owner for one in await heard(alls, 2)] == ["anna", "ben"]


async def test_two_readers_hear_the_same_in_the_same_order(room: Newsroom, store: Store) -> None:
    async with aclosing(room.follow("", None)) as one, aclosing(room.follow("", None)) as other:
        await anext(one)
        await anext(other)
        await asyncio.gather(*(happen(store, changes=3) for _ in range(20)))
        told, same = await heard(one, 80), await heard(other, 80)
    assert told == same
    assert [item.id for item in told] == sorted(item.id for item in told)


async def test_a_slow_reader_costs_no_memory_and_misses_nothing(
    room: Newsroom, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "_kept", type(room._kept)(maxlen=10))
    monkeypatch.setattr(newsroom, "_KEPT", 10)
    async with aclosing(room.follow("", None)) as slow, aclosing(room.follow("", None)) as quick:
        await anext(slow)
        await anext(quick)
        for _ in range(5):
            await happen(store, changes=9)
            await heard(quick, 10)
        assert len(room._kept) == 10
        told = await heard(slow, 50)
    assert [one.id for one in told] == list(range(told[0].id, told[0].id + 50))


@pytest.mark.parametrize("behind", [0.0, 3600.0], ids=["now", "by a clock that is slow"])
async def test_a_missing_number_is_waited_for(room: Newsroom, store: Store, behind: float) -> None:
    """As on PostgreSQL, where a number is given out before its commit."""
    held = await happen(store)
    number = await store.database.read(jobs.last_event)

    def change(connection: Connection, sql: str) -> None:
        connection.exec_driver_sql(sql)

    now = time.time() - behind
    async with aclosing(room.follow("", number)) as rounds:
        await anext(rounds)
        line = "INSERT INTO job_events (id, job, generation, at, from_state, to_state, why) VALUES "
        values = f"('{held}', 'g', {now}, '', 'queued', '')"
        later = f"{line} ({number + 2}, {values[1:-1]})"
        await store.database.write(lambda connection: change(connection, later))
        waiting = asyncio.ensure_future(heard(rounds, 2))
        await asyncio.sleep(0.4)
        assert not waiting.done()
        sooner = f"{line} ({number + 1}, {values[1:-1]})"
        await store.database.write(lambda connection: change(connection, sooner))
        assert [one.id for one in await waiting] == [number + 1, number + 2]


async def test_a_number_that_never_comes_holds_nobody_up_for_long(
    room: Newsroom, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(newsroom, "_GRACE", 0.2)
    held = await happen(store)
    number = await store.database.read(jobs.last_event)
    line = "INSERT INTO job_events (id, job, generation, at, from_state, to_state, why) VALUES "
    sql = f"{line} ({number + 5}, '{held}', 'g', 1.0, '', 'queued', '')"

    def change(connection: Connection) -> None:
        connection.exec_driver_sql(sql)

    async with aclosing(room.follow("", number)) as rounds:
        await anext(rounds)
        await store.database.write(change)
        assert [one.id for one in await heard(rounds, 1)] == [number + 5]


async def test_progress_of_what_runs_is_told_to_its_owner(
    room: Newsroom, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(newsroom, "TICK", 0.05)
    job = await happen(store, "anna", state="running")
    await happen(store, "ben", state="running")
    async with aclosing(room.follow("anna", None)) as rounds:
        await anext(rounds)
        for _ in range(3):
            told = await asyncio.wait_for(anext(rounds), 20)
            assert [one.job.id for one in told.progress] == [job]


async def test_nobody_listens_nothing_is_read(room: Newsroom) -> None:
    async with aclosing(room.follow("", None)) as rounds:
        await anext(rounds)
        assert len(room._work) == 2
    assert room._work == []


async def test_the_end_of_the_process_ends_every_stream(room: Newsroom) -> None:
    async with aclosing(room.follow("", None)) as rounds:
        await anext(rounds)
        waiting = asyncio.ensure_future(anext(rounds, None))
        await asyncio.sleep(0)
        room.closing.set()
        assert await asyncio.wait_for(waiting, 60) is None


async def test_a_database_that_fails_once_is_asked_again(
    room: Newsroom, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with aclosing(room.follow("", None)) as rounds:
        await anext(rounds)
        real, failures = room._look, [OSError("gone"), OSError("still gone")]

        async def broken() -> bool:
            if failures:
                raise failures.pop()
            return await real()

        monkeypatch.setattr(Newsroom, "_look", lambda _self: broken())
        made = await happen(store)
        assert [one.job for one in await heard(rounds, 1)] == [made]


# over a socket -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gate]:
    started = Gate(tmp_path_factory.mktemp("gate")).start()
    yield started
    started.stop()


class Stream:
    """A reader of /v1/events, line by line."""

    def __init__(self, gate: Gate, **headers: str) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", gate.port, timeout=30)
        self._connection.request("GET", "/v1/events", headers=headers)
        self.answer = self._connection.getresponse()

    def next(self, kind: str) -> tuple[str, Any]:
        """(id, data) of the next event of this kind."""
        fields: dict[str, str] = {}
        end = time.monotonic() + 60  # comments keep the socket awake: it would never time out by itself
        while time.monotonic() < end:
            line = self.answer.readline().decode().rstrip("\r\n")
            if line:
                name, _, value = line.partition(": ")
                fields[name] = value
            elif fields.get("event") == kind:
                return fields.get("id", ""), json.loads(fields["data"])
            else:
                fields = {}
        raise AssertionError(f"no {kind} came")

    def close(self) -> None:
        self._connection.close()


def make(gate: Gate, prompt: str) -> dict[str, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", gate.port, timeout=30)
    body = json.dumps({"prompt": prompt, "model": "bfl/flux-2-klein-4b"})
    connection.request("POST", "/v1/generations", body, {"content-type": "application/json"})
    answer = connection.getresponse()
    made: dict[str, Any] = json.loads(answer.read())
    connection.close()
    return made


async def test_two_tabs_see_a_job_from_its_beginning_to_its_end(gate: Gate) -> None:
    def look() -> None:
        tabs = [Stream(gate), Stream(gate)]
        for tab in tabs:
            assert tab.answer.headers["content-type"].startswith("text/event-stream")
            tab.next("ready")
        made = make(gate, "a fox for two [[duration:1.5]]")
        seen = [[tab.next("state") for _ in range(5)] for tab in tabs]
        assert seen[0] == seen[1]
        assert [data["to"] for _, data in seen[0]] == ["queued", "submitting", "running", "fetching", "succeeded"]
        assert {data["generation"] for _, data in seen[0]} == {made["id"]}
        assert {data["job"] for _, data in seen[0]} == {made["jobs"][0]["id"]}
        late = Stream(gate, **{"last-event-id": seen[0][1][0]})
        assert [late.next("state") for _ in range(3)] == seen[0][2:]
        for tab in (*tabs, late):
            tab.close()

    await asyncio.to_thread(look)


async def test_progress_comes_over_the_socket_too(gate: Gate) -> None:
    def look() -> None:
        tab = Stream(gate)
        tab.next("ready")
        made = make(gate, "a slow fox [[duration:4]]")
        number, told = tab.next("progress")
        assert number == ""
        assert told["generation"] == made["id"]
        assert {"job", "phase"} <= told.keys()
        tab.close()

    await asyncio.to_thread(look)
