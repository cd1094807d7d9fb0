"""The state behind both providers, without a server."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from fluxroom.sandbox.faults import Fault, FaultSet
from fluxroom.sandbox.tasks import NEVER, Task
from fluxroom.sandbox.world import DEFAULT_CREDITS, World, key_id_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from fluxroom.sandbox.tasks import Outcome, Provider


class Clock:
    def __init__(self) -> None:
        self.at = 1_000.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def world(clock: Clock) -> World:
    return World(None, clock=clock)


@pytest.fixture
def task(clock: Clock) -> Callable[..., Task]:
    made = iter(range(1_000))

    def make(
        provider: Provider = "bfl", *, seconds: float = 10.0, outcome: Outcome = "ready", faults: str = ""
    ) -> Task:
        endpoint = "flux-2-pro" if provider == "bfl" else "fal-ai/flux-2"
        return Task(
            f"task-{next(made)}",
            provider,
            endpoint,
            "key",
            submitted=clock.at,
            started=clock.at,
            ready=clock.at,
            outcome=outcome,
            cost=3.0,
            seconds=seconds,
            faults=FaultSet.of([Fault(faults)] if faults else []),
        )

    return make


def test_a_task_comes_back_from_its_row_as_it_was(world: World, task: Callable[..., Task]) -> None:
    kept = task("fal", faults="never")
    kept.body, kept.webhook, kept.base = {"prompt": "x"}, {"url": "http://127.0.0.1/x"}, "http://127.0.0.1"
    world.take(kept)
    assert world.task(kept.id) == kept
    assert world.task("none") is None


def test_phases_and_progress_follow_the_clock(world: World, clock: Clock, task: Callable[..., Task]) -> None:
    kept = task("fal")
    world.take(kept)
    seen = []
    for at in (1_000.0, 1_000.25, 1_005.0, 1_010.0):
        clock.at = at
        seen.append((kept.phase(at), round(kept.progress(at), 2)))
    assert seen == [("queued", 0.0), ("running", 0.0), ("running", 0.49), ("done", 1.0)]


def test_a_task_without_an_end_makes_less_and_less_than_whole_progress(world: World, task: Callable[..., Task]) -> None:
    kept = task(faults="never")
    world.take(kept)
    assert kept.ready == NEVER
    assert kept.progress(1_006.0) == 0.1
    assert kept.progress(9e9) == 0.99
    assert not kept.billed(9e9)


@pytest.mark.parametrize(
    ("outcome", "billed"),
    [
        ("ready", True),
        ("request-moderated", False),
        ("content-moderated", False),
        ("error", False),
        ("invalid", False),
        ("cancelled", False),
        ("timeout", False),
    ],
)
def test_only_a_finished_picture_is_billed(
    world: World, clock: Clock, task: Callable[..., Task], outcome: Outcome, billed: bool
) -> None:
    world.take(task(outcome=outcome))
    assert world.tasks()[0]["billed"] is False
    clock.at += 10
    (line,) = world.tasks()
    assert (line["billed"], line["credits"], line["amount_usd"]) == (billed, 3.0 * billed, 0.03 * billed)


def test_credits_are_held_while_a_task_runs_and_come_back_when_it_fails(
    world: World, task: Callable[..., Task]
) -> None:
    assert world.credits() == DEFAULT_CREDITS
    world.set_credits(10)
    world.take(task())
    assert world.credits() == 7
    world.take(task(outcome="error"))
    assert world.credits() == 7
    world.set_credits(100)
    assert world.credits() == 100


def test_a_refused_task_is_not_in_the_books(world: World, task: Callable[..., Task]) -> None:
    assert world.take(task(), refuses=lambda _: "no") == "no"
    assert world.tasks() == []
    assert world.take(task(), refuses=lambda _: None) is None
    assert len(world.tasks()) == 1


def test_a_transaction_ends_also_when_a_check_fails(world: World, task: Callable[..., Task]) -> None:
    def broken(_: Task) -> str:
        raise LookupError

    with pytest.raises(LookupError):
        world.take(task(), refuses=broken)
    world.take(task())
    assert len(world.tasks()) == 1


def test_fal_never_runs_more_than_the_cap_and_keeps_the_order(world: World, task: Callable[..., Task]) -> None:
    world.set_caps({"fal": 3})
    kept = [task("fal", seconds=1.0 + number % 3) for number in range(20)]
    for each in kept:
        world.take(each)
    assert [each.started for each in kept] == sorted(each.started for each in kept)
    for each in kept:
        running = sum(other.started <= each.started < other.ready for other in kept)
        assert running <= 3


def test_a_place_that_never_gets_free_keeps_the_queue_waiting(
    world: World, clock: Clock, task: Callable[..., Task]
) -> None:
    world.set_caps({"fal": 1})
    world.take(task("fal", faults="never"))
    waiting = task("fal")
    world.take(waiting)
    clock.at += 1e6
    assert waiting.phase(clock.at) == "queued"
    assert world.queue_position(waiting) == 0
    assert world.waiting() == 1


def test_durations_come_from_the_request_then_the_admin_then_the_model(world: World) -> None:
    assert world.seconds_for("bfl", "flux-2-pro", None) == 5.0
    assert world.seconds_for("bfl", "flux-2-klein-9b", None) == 0.9
    assert World(None, speed=10).seconds_for("bfl", "flux-2-max", None) == 0.6
    world.set_duration(2.0)
    assert world.seconds_for("fal", "fal-ai/flux-2", None) == 2.0
    world.set_duration(3.0, endpoint="fal")
    world.set_duration(4.0, endpoint="fal/fal-ai/flux-2")
    assert world.seconds_for("fal", "fal-ai/flux-2", None) == 4.0
    assert world.seconds_for("fal", "fal-ai/flux/dev", None) == 3.0
    assert world.seconds_for("bfl", "flux-2-pro", None) == 2.0
    assert world.seconds_for("fal", "fal-ai/flux-2", 0.5) == 0.5
    world.set_duration(None)
    assert world.seconds_for("bfl", "flux-2-pro", None) == 5.0


def test_a_counted_fault_happens_so_often_in_each_scope(world: World) -> None:
    fault = Fault("poll-503", None, 2)
    assert [world.strikes("one", fault) for _ in range(3)] == [True, True, False]
    assert world.strikes("two", fault)
    assert not world.strikes("one", Fault("poll-404", None, 0))
    assert all(world.strikes("one", Fault("poll-429")) for _ in range(5))
    assert not world.strikes("one", None)


def test_plans_are_taken_by_those_whom_they_concern(world: World) -> None:
    world.plan_fault("submit-500", provider="fal", times=1)
    world.plan_fault("media-drip", key="mine", times=None, value="3")
    world.plan_fault("poll-404 x7", endpoint="flux-2-pro", times=2)
    assert world.planned("bfl", "flux-2-max", "other") == []
    assert world.planned("fal", "x", "other") == [Fault("submit-500")]
    assert world.planned("fal", "x", "other") == []
    assert world.planned("bfl", "y", key_id_of("mine")) == [Fault("media-drip", "3", None)]
    assert world.planned("bfl", "flux-2-pro", "z") == [Fault("poll-404", None, 7)]


def test_secrets_are_random_per_world_and_stay(world: World) -> None:
    assert world.secret("delivery") == world.secret("delivery")
    assert world.secret("delivery") != world.secret("ed25519")
    assert world.secret("delivery") != World(None).secret("delivery")
