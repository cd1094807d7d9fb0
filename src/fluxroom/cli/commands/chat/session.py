"""A session of `fluxroom chat`: messages one after the other, each followed to its pictures.

The client works in a thread of its own, so that the terminal can be read, and Ctrl-C heard, in the main one.
"""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from fluxroom.cli import voice
from fluxroom.cli.asking import read_request
from fluxroom.cli.delivering import check_target
from fluxroom.cli.runtime import opened
from fluxroom.cli.shared import wants_json
from fluxroom.errors import FluxroomError, NotFound
from fluxroom.identifiers import new_id

if TYPE_CHECKING:
    from anyio.from_thread import BlockingPortal

    from fluxroom.client import AsyncClient

T = TypeVar("T")
Answer = Mapping[str, Any]

_PATIENCE = 5.0
"""Seconds after a stop in which the provider may still say how it has ended."""


def talk(ctx: click.Context, said: Sequence[str], given: Mapping[str, Any], *, asks: bool) -> int:
    """Say these messages, or with `asks` whatever a person types; returns the exit code."""
    from fluxroom.cli.commands.chat.terminal import Terminal

    _, options = read_request({**given, "prompt": None})
    options.pop("references", None)
    extra = {"quality": given["quality"], "write_prompt": given["write_prompt"] or None}
    options |= {name: value for name, value in extra.items() if value is not None}
    if isinstance(options.get("image_size"), str):
        options["size"] = options.pop("image_size")  # the same, and ratios and words too
    check_target(given["output"])
    with _session(ctx, given["output"]) as session:
        if not given["conversation"]:
            session.attach(given["attach"])  # a file that is not there begins no conversation
        session.begin(given, options)
        if given["conversation"]:
            session.attach(given["attach"])  # which may be a picture of the conversation, by its number
        if asks:
            return Terminal(session).run()
        codes = [session.say(text) for text in said]
        return next((code for code in codes if code), 0)


@contextlib.contextmanager
def _session(ctx: click.Context, output: str | None) -> Iterator[Session]:
    from anyio.from_thread import start_blocking_portal

    def end(number: int, _frame: object) -> None:
        raise SystemExit(128 + number)

    before = None
    with contextlib.suppress(ValueError):  # not in the main thread
        before = signal.signal(signal.SIGTERM, end)
    try:
        with start_blocking_portal() as portal, portal.wrap_async_context_manager(opened(ctx)) as client:
            yield Session(ctx, portal, client, output)
    finally:
        if before is not None:
            signal.signal(signal.SIGTERM, before)


@dataclass
class Session:
    """One conversation on this command line."""

    ctx: click.Context
    portal: BlockingPortal
    client: AsyncClient
    output: str | None
    id: str = ""
    attached: list[Any] = field(default_factory=list)  # goes with the next message
    options: dict[str, Any] = field(default_factory=dict)  # of the messages to come
    assistant: str = ""
    made: list[str] = field(default_factory=list)  # every picture of the conversation by its hash, the oldest first

    # the conversation ------------------------------------------------------------------------------------------------

    def begin(self, given: Mapping[str, Any], options: dict[str, Any]) -> None:
        """A new conversation, or the one that is named, whose last answer is brought to its end."""
        if given["conversation"]:
            if given["assistant"]:
                raise click.UsageError("A conversation keeps the assistant that it was begun with.")
            self._resume(given["conversation"], given["title"])
            self.options = options
            return
        if not given["assistant"] and "model" not in options:
            from fluxroom.client import DEFAULT_MODEL

            options = {"model": DEFAULT_MODEL, **options}
        begun = self._wait(
            lambda: self.client.conversations.begin(options, title=given["title"], assistant=given["assistant"] or "")
        )
        self.id = begun["id"]
        self.assistant = given["assistant"] or ""
        self._head(begun, "begun")

    def _resume(self, part: str, title: str) -> None:
        found = self._wait(lambda: _named(self.client, part))
        self.id = found["id"]
        if title:
            self._wait(lambda: self.client.conversations.change(self.id, title=title))
        self.made = [image["sha256"] for one in found["messages"] for image in one["images"]]
        self._head(found, _counted(found, self.made))
        last = self._wait(lambda: self.client.conversations.go_on(self.id))
        if last and not last["complete"]:
            voice.note("The last message is still being answered.")
            self.made = [one for one in self.made if one not in {image["sha256"] for image in last["images"]}]
            self._followed(last)

    def starters(self) -> list[str]:
        """What the assistant proposes to begin with, after its greeting; nothing where there is none."""
        if not self.assistant:
            return []
        language = "de" if os.environ.get("LC_ALL", os.environ.get("LANG", "")).startswith("de") else "en"
        told = self._wait(lambda: self.client.conversations.assistants(language))
        found = next(one for one in told["assistants"] if one["id"] == self.assistant)
        voice.note(f"{click.style(found['name'], bold=True)}: {found['greeting']}")
        for number, one in enumerate(found["starters"], 1):
            voice.note(f"  /start {number}  {one['title']}: {voice.dim(one['message'])}")
        return [one["message"] for one in found["starters"]]

    def say(self, text: str) -> int:
        """Say something and wait for its pictures; returns the exit code."""
        key, pictures = new_id(), list(self.attached)
        try:
            answer = self._wait(
                lambda: self.client.conversations.say(self.id, text, pictures=pictures, options=self.options, key=key)
            )
        except FluxroomError as error:
            return self._failed(error)
        self.attached.clear()
        self._noted(answer)
        return self._followed(answer)

    def attach(self, files: Sequence[str]) -> None:
        """What the next message is about: files, addresses, or pictures of the conversation by number."""
        for one in files:
            text = one.strip()
            if text.isdecimal():
                self.attached.append(self._picture(int(text)))
            elif not text.lower().startswith(("https://", "http://")) and not Path(text).expanduser().is_file():
                raise click.UsageError(f"There is no file {text}.")
            else:
                self.attached.append(text)

    def save(self, numbers: Sequence[int]) -> None:
        """Write pictures of the conversation, by number, into files once more."""
        from fluxroom.cli.delivering import deliver

        wanted = [self._picture(number) for number in numbers]
        found = self._wait(lambda: self.client.conversations.get(self.id))
        made = {image["sha256"]: one["generation"] for one in found["messages"] for image in one["images"]}
        for sha256 in wanted:
            generation = self._wait(partial(self.client.snapshot, made[sha256]))
            pictures = self._wait(partial(self.client.images, generation))
            for file in deliver([one for one in pictures if one.sha256 == sha256], self.output, metadata=True):
                voice.say(str(file))

    def _picture(self, number: int) -> str:
        if not 1 <= number <= len(self.made):
            raise click.UsageError(f"There is no picture {number}; there are {len(self.made)}.")
        return self.made[number - 1]

    # one answer ------------------------------------------------------------------------------------------------------

    def _followed(self, answer: Answer) -> int:
        """Follow an answer to its end; Ctrl-C stops it."""
        future = self.portal.start_task_soon(self._watched, answer)
        try:
            future.result()
        except KeyboardInterrupt:
            future.cancel()
            self._stopped()
            return 130
        except FluxroomError as error:
            return self._failed(error)
        return self._shown(self._wait(lambda: self.client.conversations.message(self.id, answer["id"])))

    async def _watched(self, answer: Answer) -> None:
        from fluxroom.cli.progress import teller

        if not answer["generation"]:
            return
        started = await self.client.snapshot(answer["generation"])
        with teller(self.ctx, started) as tell:
            async for event in self.client.worker.events(answer["generation"]):
                tell(event)

    def _shown(self, answer: Answer) -> int:
        """Write the pictures of an answer and tell about them."""
        from fluxroom.cli.delivering import deliver
        from fluxroom.cli.results import show_result
        from fluxroom.client import error_of

        if not answer["generation"]:
            error = answer["error"] or {"message": "The answer was not sent.", "next": "Say it again."}
            voice.note(f"{click.style('Error', fg='red', bold=True)}: {error['message']} {error['next']}")
            return 1
        found = self._wait(lambda: self.client.snapshot(answer["generation"]))
        failed = [job for job in found.jobs if job.state != "succeeded" and not job.went_elsewhere]
        if found.images:
            pictures = self._wait(lambda: self.client.images(found))
            files = deliver(pictures, self.output, metadata=True)
            self.made += [image["sha256"] for image in answer["images"]]
            if not wants_json(self.ctx, piped=True):
                first = len(self.made) - len(pictures) + 1
                voice.note(
                    voice.dim(f"picture {first}" if len(pictures) == 1 else f"pictures {first}–{len(self.made)}")
                )
            show_result(found, pictures, files, as_json=wants_json(self.ctx, piped=True))
        return self._failed(error_of(failed[0])) if failed else 0

    def _stopped(self) -> None:
        """Stop what is under way, and tell the truth about its money."""
        stopped = self._wait(lambda: self.client.conversations.stop(self.id))
        if not stopped["message"]:
            voice.note("Nothing was under way any more.")
            return
        voice.note("")
        for said in stopped["said"]:
            voice.note(f"Stopped: {said}.")
        answer = self._wait(lambda: self._ended(stopped["message"]))
        if wants_json(self.ctx, piped=True):
            voice.line(event="stopped", **{name: answer[name] for name in ("id", "complete", "finishReason", "money")})
        money, quote = answer["money"], self._quote(answer)
        practice = " (sandbox: nothing is really charged)" if money["sandbox"] else ""
        if answer["complete"]:
            voice.note(f"It has cost ${money['charged']}{practice}.")
        else:
            voice.note(f"It goes on and may cost {quote}{practice}; its picture comes into this conversation.")

    async def _ended(self, answer: Answer) -> Answer:
        """The answer, if it ends soon; else as it is."""
        from fluxroom.errors import WaitEnded

        with contextlib.suppress(WaitEnded):
            await self.client.wait(answer["generation"], _PATIENCE)
        return await self.client.conversations.message(self.id, answer["id"])

    def _quote(self, answer: Answer) -> str:
        found = self._wait(lambda: self.client.snapshot(answer["generation"]))
        return str(found.generation.quote.get("text", "what was quoted"))

    # words -----------------------------------------------------------------------------------------------------------

    def _head(self, found: Answer, about: str) -> None:
        if wants_json(self.ctx, piped=True):
            voice.line(event="conversation", **{name: found[name] for name in ("id", "title", "assistant", "settings")})
            return
        title = f" “{found['title']}”" if found["title"] else ""
        voice.note(f"Conversation {found['id'][-8:]}{title}: {about}")

    def _noted(self, answer: Answer) -> None:
        """What has become of the wish, where that is not all of it."""
        if wants_json(self.ctx, piped=True):
            voice.line(event="message", **{name: answer[name] for name in ("id", "generation", "asked", "note")})
            return
        note = answer["note"]
        if note.get("prompt", {}).get("text"):
            voice.note(voice.dim(f"{note['prompt']['by']} writes: {note['prompt']['text']}"))
        for words in (note.get("prompt", {}).get("why"), note.get("left_out"), note.get("quality")):
            if words:
                voice.note(f"{click.style('Note', fg='yellow')}: {words}")

    def _failed(self, error: FluxroomError) -> int:
        from fluxroom.cli.problems import show

        show(self.ctx, error)
        return error.exit_code

    def wait(self, work: Callable[[], Awaitable[T]]) -> T:
        """What the client's thread comes to."""
        return self._wait(work)

    def _wait(self, work: Callable[[], Awaitable[T]]) -> T:
        return self.portal.call(work)


async def _named(client: AsyncClient, part: str) -> Answer:
    """The conversation of this id, or whose id ends so; `last` for the newest.

    Raises:
        NotFound: there is none, or more than one.
    """
    if len(part) >= len(new_id()):
        return await client.conversations.get(part)
    found = await client.conversations.page(limit=200)
    fitting = found[:1] if part == "last" else [one for one in found if one["id"].endswith(part)]
    if len(fitting) != 1:
        many = "More than one conversation ends" if fitting else "No conversation ends"
        said = "There is no conversation yet" if part == "last" else f"{many} with {part!r}"
        raise NotFound(f"{said}.", advice="Begin one with `fluxroom chat`.")
    return await client.conversations.get(fitting[0]["id"])


def _counted(found: Answer, made: Sequence[str]) -> str:
    """What there is of a conversation."""
    said = len([one for one in found["messages"] if one["role"] == "user"])
    counts = ((said, "message"), (len(made), "picture"))
    return ", ".join(f"{number} {word}{'' if number == 1 else 's'}" for number, word in counts)
