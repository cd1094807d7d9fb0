"""SIGINT and SIGTERM: each time a process is told, in its own event loop, and nobody else's business elsewhere."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import click
import pytest

from fluxroom.cli.runtime import run
from fluxroom.cli.stopping import when_told_to_stop

pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True)
def as_it_was() -> Iterator[None]:
    """Signals mean again what they meant before the test."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


async def heard(said: list[int], number: int) -> None:
    async with asyncio.timeout(20):
        while len(said) < number:
            await asyncio.sleep(0.005)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_each_signal_is_heard_with_its_number_as_often_as_it_comes(number: signal.Signals) -> None:
    said: list[int] = []
    when_told_to_stop(said.append)
    for times in (1, 2, 3):
        os.kill(os.getpid(), number)
        await heard(said, times)
    assert said == [number] * 3


async def test_the_last_one_who_asks_is_told() -> None:
    first: list[int] = []
    second: list[int] = []
    when_told_to_stop(first.append)
    when_told_to_stop(second.append)
    os.kill(os.getpid(), signal.SIGTERM)
    await heard(second, 1)
    assert (first, second) == ([], [signal.SIGTERM])


def test_in_another_thread_it_is_nobodys_business_and_no_error() -> None:
    """A library's loop in a thread must not take the signals of its program."""
    before = signal.getsignal(signal.SIGINT)
    told: list[int] = []

    async def work() -> str:
        assert threading.current_thread() is not threading.main_thread()
        when_told_to_stop(told.append)
        return "done"

    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(asyncio.run, work()).result(20) == "done"
    assert signal.getsignal(signal.SIGINT) is before


def test_without_a_running_loop_it_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(RuntimeError, match="no running event loop"):
        when_told_to_stop(lambda _: None)


# what a command does with it -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_command_ends_in_good_order_with_the_signals_code(number: signal.Signals, code: int) -> None:
    cleaned: list[str] = []

    async def work() -> None:
        try:
            os.kill(os.getpid(), number)
            await asyncio.Event().wait()
        finally:
            cleaned.append("books")

    with pytest.raises(click.exceptions.Exit) as ended:
        run(work)
    assert (ended.value.exit_code, cleaned) == (code, ["books"])


def test_what_is_done_before_anybody_says_stop_is_given_back() -> None:
    async def work() -> str:
        return "a picture"

    assert run(work) == "a picture"


def test_a_task_that_was_cancelled_by_itself_is_an_interruption_too() -> None:
    async def work() -> None:
        raise asyncio.CancelledError

    with pytest.raises(click.exceptions.Exit) as ended:
        run(work)
    assert ended.value.exit_code == 130


def test_an_error_while_it_ends_is_not_hidden_by_the_signal() -> None:
    async def work() -> None:
        try:
            os.kill(os.getpid(), signal.SIGINT)
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            raise ValueError("the books could not be closed") from None

    with pytest.raises(ValueError, match="books could not be closed"):
        run(work)


STUBBORN = """
import asyncio, sys
from fluxroom.cli.runtime import run

async def work():
    try:
        print("ready", flush=True)
        await asyncio.Event().wait()
    finally:
        print("ending", flush=True)
        await asyncio.shield(asyncio.sleep(60))

run(work)
"""


@pytest.mark.parametrize(("second", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 130)])
def test_a_second_signal_ends_what_takes_too_long(second: signal.Signals, code: int) -> None:
    """With the first signal's code: that is what it was ended for."""
    with subprocess.Popen([sys.executable, "-c", STUBBORN], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGINT)
        assert process.stdout.readline() == "ending\n"
        assert process.poll() is None, "the first one lets it end in good order"
        process.send_signal(second)
        assert process.wait(20) == code
