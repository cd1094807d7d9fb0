"""The gateway against its own contract: requests made up from it are answered as it says."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.server.fuzzing import LEFT_OUT, Outcome, World

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = World(tmp_path_factory.mktemp("world"))
    yield made
    made.gate.stop()


@pytest.fixture(scope="module")
def outcome(world: World) -> Outcome:
    return world.fuzz(examples=2, phases="examples,fuzzing,stateful", seed=7)


def test_it_finds_nothing(outcome: Outcome) -> None:
    assert not outcome.failed, outcome.text
    assert outcome.sent > 250


def test_most_operations_were_really_reached(world: World, outcome: Outcome) -> None:
    operations = {
        f"{method.upper()} {path}"
        for path, methods in world.contract["paths"].items()
        for method, operation in methods.items()
        if operation["operationId"] not in LEFT_OUT
    }
    missed = sorted(operations - outcome.reached)
    print(f"{len(operations) - len(missed)} of {len(operations)} answered 2xx; not: {missed}")
    assert len(missed) <= 0.2 * len(operations), missed


def test_nobody_was_told_of_an_error_of_ours(outcome: Outcome) -> None:
    broken = {name: seen for name, seen in outcome.statuses.items() if any(status >= 500 for status in seen)}
    assert not broken
