"""The ground that commands stand on: options that stand everywhere, settings, signals, closing."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
import time
from pathlib import Path
from typing import Any

import click
import pytest
from tests.cli.told import Run

from fluxroom.cli import shared
from fluxroom.cli.runtime import opened, run
from fluxroom.errors import FluxroomError, StorageUnwritable


@click.command()
@shared.shared
def bare() -> None:
    """A command with nothing of its own."""


def context(*words: str) -> click.Context:
    return bare.make_context("bare", list(words))


class TestShared:
    def test_nothing_given(self) -> None:
        ctx = context()
        assert shared.given(ctx, "data") is None
        assert shared.wants_json(ctx) is False

    def test_settings_come_from_the_environment(self, tmp_path: Path) -> None:
        found = shared.settings(context())
        assert found.data_folder == tmp_path / "data"
        assert found.sandbox is None

    def test_options_win_over_the_environment(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("FLUXROOM_SANDBOX", "0")
        found = shared.settings(context("--data", str(tmp_path / "x"), "--sandbox"))
        assert found.data_folder == tmp_path / "x"
        assert found.sandbox is True

    def test_no_sandbox_is_an_answer(self) -> None:
        assert shared.settings(context("--no-sandbox")).sandbox is False

    def test_they_are_read_once(self) -> None:
        ctx = context()
        assert shared.settings(ctx) is shared.settings(ctx)

    @pytest.mark.parametrize(
        ("words", "level"), [([], "warning"), (["-v"], "info"), (["-vv"], "debug"), (["-vvv"], "debug")]
    )
    def test_verbose(self, words: list[str], level: str) -> None:
        assert shared.settings(context(*words)).log_level == level

    def test_a_dot_env_file_is_read(self, tmp_path: Path) -> None:
        Path(".env").write_text("FLUXROOM_PORT=9999\n", "utf-8")
        assert shared.settings(context()).port == 9999

    def test_json_by_word_and_by_pipe(self) -> None:
        assert shared.wants_json(context("--json"))
        assert not shared.wants_json(context("--text"), piped=True)
        assert shared.wants_json(context(), piped=True)  # under pytest nothing is a terminal


class TestRun:
    def test_the_result_comes_back(self) -> None:
        async def work() -> int:
            await asyncio.sleep(0)
            return 7

        assert run(work) == 7

    def test_errors_come_out(self) -> None:
        async def work() -> None:
            raise StorageUnwritable

        with pytest.raises(StorageUnwritable):
            run(work)

    @pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
    def test_a_signal_ends_the_work_in_good_order(self, number: int, code: int) -> None:
        closed: list[bool] = []

        async def work() -> None:
            try:
                os.kill(os.getpid(), number)
                await asyncio.sleep(30)
            finally:
                await asyncio.sleep(0.01)
                closed.append(True)

        began = time.monotonic()
        with pytest.raises(click.exceptions.Exit) as ended:
            run(work)
        assert ended.value.exit_code == code
        assert closed == [True]
        assert time.monotonic() - began < 5

    def test_in_another_thread_signals_are_not_ours(self) -> None:
        found: list[int] = []

        async def work() -> int:
            return 3

        thread = threading.Thread(target=lambda: found.append(run(work)))
        thread.start()
        thread.join(5)
        assert found == [3]

    def test_ctrl_c_is_python_s_again_afterwards(self) -> None:
        async def work() -> None:
            return None

        before = signal.getsignal(signal.SIGINT)
        run(work)
        assert signal.getsignal(signal.SIGINT) == before


class TestOpened:
    def test_it_closes_whatever_happens(self) -> None:
        ctx = context()
        seen: list[Any] = []

        async def work() -> None:
            async with opened(ctx) as client:
                seen.append(client)
                raise FluxroomError("on purpose")

        with pytest.raises(FluxroomError, match="on purpose"):
            run(work)
        with pytest.raises(RuntimeError, match="not open"):
            seen[0].engine  # noqa: B018  reading it is the test

    def test_closing_does_not_hang(self) -> None:
        ctx = context()

        async def work() -> None:
            async with opened(ctx) as client:
                await client.submit("slow [[duration:60]]", model="bfl/flux-2-klein-4b")

        began = time.monotonic()
        run(work)
        assert time.monotonic() - began < 5

    def test_a_folder_that_cannot_be_opened(self, tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        ctx = context("--data", str(tmp_path / "file"))

        async def work() -> None:
            async with opened(ctx):
                raise AssertionError("unreachable")

        with pytest.raises(StorageUnwritable):
            run(work)


def test_verbose_logs_to_standard_error_only(run: Run) -> None:
    import logging

    root = logging.getLogger("fluxroom")
    before = list(root.handlers)
    root.handlers[:] = [handler for handler in before if type(handler) is logging.NullHandler]
    try:
        told = run("generate", "a fox", "-m", "fal/flux-schnell", "-v")
    finally:
        root.handlers[:] = before
        root.setLevel(logging.NOTSET)
    assert told.code == 0
    assert "Submitting" in told.err
    assert "Submitting" not in told.out
    assert told.last["event"] == "result"
