"""Following a run: what it says, how it ends, what Ctrl-C does here and at a gateway, and what a terminal is told."""

from __future__ import annotations

import asyncio
import contextlib
import io
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import click
import pytest
from rich.console import Console
from tests.remote.gateways import Gate
from tests.server.calls import settings_at

from fluxroom.cli import following, progress
from fluxroom.cli.following import asked, carried, folder_for, short_line, told
from fluxroom.cli.progress import Line, counting, teller
from fluxroom.client import AsyncClient
from fluxroom.errors import StorageUnwritable
from fluxroom.flows.bulk.sheets import Sheet
from fluxroom.types import Done, Event, Queued, Running

pytestmark = pytest.mark.anyio

FAST = "bfl/flux-2-klein-4b"


def context(**given: Any) -> click.Context:
    ctx = click.Context(click.Command("runs"))
    ctx.meta["fluxroom.given"] = given
    return ctx


def a_run(**more: Any) -> dict[str, Any]:
    """A run as it is told."""
    run: dict[str, Any] = {
        "id": "01kaz3x9f0m2n4p6q8r0st",
        "name": "cups",
        "state": "finished",
        "why": "",
        "notes": [],
        "waits_for": None,
        "counts": {"done": 2},
        "total": 2,
        "charged": "0.06",
        "sandbox": False,
    }
    return run | more


# words ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({}, 0),
        ({"counts": {"done": 1, "replaced": 1}}, 0),
        ({"counts": {}, "total": 0}, 0),
        ({"state": "paused"}, 4),
        ({"state": "review"}, 4),
        ({"state": "cancelled"}, 4),
        ({"state": "sleeping"}, 4),
        ({"counts": {"done": 1, "failed": 1}}, 4),
        ({"counts": {"done": 1, "unknown": 1}}, 4),
        ({"counts": {"done": 1, "invalid": 1}}, 4),
        ({"counts": {"done": 1, "cancelled": 1}}, 4),
    ],
)
def test_only_a_whole_run_ends_well(more: dict[str, Any], code: int, capsys: pytest.CaptureFixture[str]) -> None:
    """A script goes on only after 0: pictures that are missing must not look like success."""
    assert told(context(as_json=False), a_run(**more)) == code
    assert told(context(as_json=True), a_run(**more)) == code
    assert '"state"' in capsys.readouterr().out


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"state": "paused"}, ["Go on: fluxroom runs resume p6q8r0st"]),
        ({"state": "paused", "why": "No money is left."}, ["No money is left."]),
        ({"counts": {"failed": 2}}, ["Send what failed again: fluxroom runs retry"]),
        ({"counts": {"unknown": 1}}, ["Decide about jobs in doubt: fluxroom jobs --state unknown"]),
        ({"notes": ["fluxSeed is called seed now."]}, ["fluxSeed is called seed now."]),
        (
            {"state": "review", "waits_for": {"step": "best", "to_do": "choose", "images": ["a"] * 9}},
            ["Next: fluxroom pipeline choose", "best 1 2 3 4 (of 9)", "runs save"],
        ),
        (
            {"state": "review", "waits_for": {"step": "best", "to_do": "choose", "images": ["a"] * 2}},
            ["best 1 2\n"],
        ),
        (
            {"state": "review", "waits_for": {"step": "shots", "to_do": "approve", "images": ["a"] * 9}},
            ["Next: fluxroom pipeline approve", "shots\n"],
        ),
    ],
)
def test_what_a_person_does_next_is_said(
    more: dict[str, Any], words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    told(context(as_json=False), a_run(**more))
    said = capsys.readouterr().err
    for one in words:
        assert one in said


def test_a_line_says_how_far_it_is_and_whose_money_it_was() -> None:
    counts = {"done": 3, "submitted": 2, "failed": 1, "unknown": 1, "invalid": 1, "cancelled": 1, "waiting": 4}
    line = click.unstyle(short_line(a_run(state="running", counts=counts, total=13, sandbox=True)))
    assert line == (
        "running · 3 of 13 done · 2 under way · 1 failed · 1 in doubt · 1 invalid · 1 cancelled · $0.06 (sandbox)"
    )
    assert click.unstyle(short_line(a_run(counts={}, total=0, charged="0"))) == "finished · 0 of 0 done · $0.00"


# asking, folders -----------------------------------------------------------------------------------------------------


def test_nobody_is_asked_where_somebody_has_said_yes_or_there_is_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    asked("Pay?", True)
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n"))
    with pytest.raises(click.UsageError, match="say --yes"):
        asked("Pay?", False)


def test_a_folder_is_made_with_everything_above_it_and_one_that_cannot_be_is_said(tmp_path: Path) -> None:
    assert folder_for(None) is None
    wanted = tmp_path / "a" / "b"
    for _ in range(2):
        assert folder_for(str(wanted)) == wanted
    assert wanted.is_dir()
    (tmp_path / "file").write_text("x")
    for wrong in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(StorageUnwritable, match="cannot be made"):
            folder_for(str(wrong))


# carrying ------------------------------------------------------------------------------------------------------------


def cups(number: int = 2, seconds: float = 0) -> Sheet:
    slow = f" [[duration:{seconds}]]" if seconds else ""
    rows = [{"prompt": f"cup {n}{slow}", "seed": n, "image_size": "256x256"} for n in range(number)]
    return Sheet(name="cups", rows=rows, defaults={"model": FAST})


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[AsyncClient]:
    async with AsyncClient(settings=settings_at(tmp_path / "here")) as client:
        yield client
        await client.close(0)


@pytest.fixture
async def slow(tmp_path: Path) -> AsyncIterator[AsyncClient]:
    """A client whose pictures take as long as their prompts say."""
    async with AsyncClient(settings=settings_at(tmp_path / "slow", sandbox_speed=1.0)) as client:
        yield client
        await client.close(0)


async def test_a_run_is_carried_to_its_end_and_its_files_are_saved(
    here: AsyncClient, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    begun = await here.runs.begin_sheet(cups())
    assert await carried(context(as_json=False), here, begun, folder) == 0
    said = capsys.readouterr()
    assert f"Run {begun['id']} (cups)" in said.err
    assert "2 of 2 done" in said.out
    assert "\x1b[K" not in said.err, "a log has no moving line"
    assert sorted(one.name for one in folder.glob("*")) == ["1-cup-0.png", "2-cup-1.png", "results.csv"]


async def test_a_run_that_was_paused_goes_on_by_being_followed_here(slow: AsyncClient) -> None:
    begun = await slow.runs.begin_sheet(cups(1, seconds=60))
    await slow.runs.pause(begun["id"])
    paused = await slow.runs.get(begun["id"])
    follows = asyncio.ensure_future(carried(context(as_json=True), slow, paused, None))
    async with asyncio.timeout(20):
        while (await slow.runs.get(begun["id"]))["state"] != "running":
            await asyncio.sleep(0.01)
    follows.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await follows


async def stopped(client: AsyncClient, begun: dict[str, Any]) -> None:
    """Follow a run until it is under way, then press Ctrl-C."""
    follows = asyncio.ensure_future(carried(context(as_json=False), client, begun, None))
    async with asyncio.timeout(20):
        while not (await client.runs.get(begun["id"]))["counts"].get("submitted"):
            await asyncio.sleep(0.01)
    follows.cancel()
    with pytest.raises(asyncio.CancelledError):
        await follows


async def test_ctrl_c_pauses_what_is_carried_here(slow: AsyncClient, capsys: pytest.CaptureFixture[str]) -> None:
    begun = await slow.runs.begin_sheet(cups(1, seconds=60))
    await stopped(slow, begun)
    assert (await slow.runs.get(begun["id"]))["state"] == "paused"
    assert f"fluxroom runs resume {begun['id'][-8:]}" in capsys.readouterr().err


async def test_ctrl_c_leaves_a_gateways_run_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Whoever stops looking has not stopped the gateway; a run that is paused there stays so until somebody says."""
    gate = Gate(tmp_path / "gateway", sandbox_speed=1.0).start()
    try:
        async with gate.client() as client:
            begun = await client.runs.begin_sheet(cups(1, seconds=60))
            await stopped(client, begun)
            assert (await client.runs.get(begun["id"]))["state"] == "running"
            assert f"fluxroom runs follow {begun['id'][-8:]}" in capsys.readouterr().err
            await client.runs.cancel(begun["id"])
    finally:
        gate.stop()


# the moving line -----------------------------------------------------------------------------------------------------


class Screen(io.StringIO):
    """A terminal that is written to."""

    def isatty(self) -> bool:
        return True


EVIL = "busy\x1b[2J\x1b]0;title\x07\n\rnow\x9b1;1H \u202epay"


def obeyed(text: str) -> list[str]:
    """What a terminal would obey instead of showing it."""
    return [sign for sign in ("\x1b[2J", "\x1b]", "\x07", "\x9b", "\u202e", "\n") if sign in text]


def a_job(**more: Any) -> Any:
    return SimpleNamespace(id="job-1", route="bfl/flux-2-pro", sandbox=False, **more)


@pytest.mark.parametrize(
    "event",
    [
        Queued(job="job-1", why=EVIL),
        Running(job="job-1", elapsed=1, expected=5, why=EVIL),
        Running(job="job-1", elapsed=1, expected=5, usual=EVIL),
    ],
)
def test_a_reason_is_shown_and_not_obeyed(event: Queued | Running) -> None:
    """Reasons hold words of providers and gateways: they must not clear the screen, or rename the window."""
    line = Line(jobs=(a_job(),))
    line.hear(event)
    out = io.StringIO()
    Console(file=out, width=200, force_terminal=True, color_system=None).print(line, end="")
    assert obeyed(out.getvalue()) == []
    assert "busy" in out.getvalue()
    assert "pay" in out.getvalue()


async def test_a_gateways_words_are_shown_and_not_obeyed_while_a_run_is_followed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looks = 0

    class Runs:
        async def get(self, _: str) -> dict[str, Any]:
            nonlocal looks
            looks += 1
            return a_run(state=f"running {EVIL}")

        async def rest(self, _: str) -> dict[str, Any]:
            while not looks:
                await asyncio.sleep(0.01)
            return a_run()

    screen = Screen()
    monkeypatch.setattr(sys, "stderr", screen)
    client: Any = SimpleNamespace(runs=Runs(), settings=SimpleNamespace(url="http://there"))
    monkeypatch.setattr(following, "_LOOK", 0.01)
    assert await carried(context(as_json=False), client, a_run(), None) == 0
    shown = screen.getvalue().split("\r\x1b[K")
    assert len(shown) >= 3, "a line that moves, and is gone in the end"
    assert obeyed(shown[1].replace("\n", "")) == []


def test_a_log_gets_each_reason_once_and_a_script_gets_every_event(capsys: pytest.CaptureFixture[str]) -> None:
    events: list[Event] = [
        Queued(job="a", why="the provider asks to wait"),
        Queued(job="b", why="the provider asks to wait"),
        Running(job="a", elapsed=1, expected=5, why="the gateway is away"),
        Done(job="a", state="succeeded"),
    ]
    jobs: Any = SimpleNamespace(jobs=[a_job()])
    with teller(context(as_json=False), jobs) as tell:
        for event in events:
            tell(event)
    assert capsys.readouterr().err.splitlines() == ["the provider asks to wait", "the gateway is away"]
    with teller(context(as_json=True), jobs) as tell:
        for event in events:
            tell(event)
    said = capsys.readouterr()
    assert [said.out.count(word) for word in ('"queued"', '"running"', '"done"')] == [2, 1, 1]
    assert said.err == ""


def test_a_script_hears_now_and_then_that_nothing_is_new(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    now = [100.0]
    monkeypatch.setattr(progress, "time", SimpleNamespace(monotonic=lambda: now[0]))
    tell = progress._lines()
    for at in (100.0, 102.0, 104.9, 105.1, 106.0, 110.2):
        now[0] = at
        tell(Running(job="a", elapsed=at, expected=5))
    assert len(capsys.readouterr().out.splitlines()) == 3, "at once, and after five seconds each"


def test_counting_says_how_many_of_how_many(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Screen()
    monkeypatch.setattr(sys, "stderr", screen)
    with counting("Bringing pictures home") as count:
        step: Callable[[int, int], None] = count
        for done in range(3):
            step(done, 2)
    assert "Bringing pictures home" in screen.getvalue()
