"""A person at a terminal: messages, and commands that begin with a stroke."""

from __future__ import annotations

import contextlib
import shlex
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import click

from fluxroom.cli import voice
from fluxroom.cli.asking import pair
from fluxroom.errors import FluxroomError

if TYPE_CHECKING:
    from fluxroom.cli.commands.chat.session import Session

_HELP: Mapping[str, str] = {
    "/start N": "say what the assistant proposes",
    "/attach FILE …": "the next message is about these files or addresses",
    "/pick N …": "the next message is about these pictures of the conversation",
    "/pictures": "list the pictures of the conversation",
    "/save N …": "write these pictures into files once more",
    "/size SIZE": "square, portrait, landscape, wide, tall, 16:9, 1536x1024; nothing: as usual",
    "/quality Q": "low, medium, high; nothing: as usual",
    "/model MODEL": "another model for the messages to come",
    "/set NAME=VALUE": "any other parameter of the model; null takes it back",
    "/title WORDS": "call the conversation so",
    "/help": "this list",
    "/quit": "end; so does Ctrl-D",
}


class Terminal:
    """Reads what a person types until they have enough.

    Args:
        session: the conversation.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._starters: list[str] = []
        self._commands: Mapping[str, Callable[[str], None]] = {
            "attach": self._attach,
            "pick": self._pick,
            "pictures": self._pictures,
            "save": self._save,
            "size": lambda text: self._option("size", text),
            "quality": lambda text: self._option("quality", text),
            "model": lambda text: self._option("model", text),
            "set": self._set,
            "title": self._title,
            "help": self._help,
        }

    def run(self) -> int:
        """Ask until the end; returns the exit code of the last message."""
        with contextlib.suppress(ImportError):
            import readline  # noqa: F401  gives input() its editing and history
        self._starters = self._session.starters()
        voice.note(voice.dim("Say what to paint. /help lists what else there is; Ctrl-D ends."))
        code = 0
        while True:
            try:
                text = input(self._prompt()).strip()
            except EOFError:
                voice.note("")
                return code
            except KeyboardInterrupt:
                voice.note("\nNothing is under way. Ctrl-D ends.")
                continue
            if text in {"/quit", "/exit"}:
                return code
            text = self._started(text)
            if text.startswith("/"):
                self._obey(text)
            elif text:
                code = self._session.say(text)

    def _started(self, text: str) -> str:
        """What is meant: `/start 2` is the assistant's second proposal."""
        name, _, number = text.partition(" ")
        if name != "/start":
            return text
        if number.strip().isdecimal() and 1 <= int(number) <= len(self._starters):
            return self._starters[int(number) - 1]
        voice.note(
            f"/start takes a number up to {len(self._starters)}." if self._starters else "Nobody proposes anything."
        )
        return ""

    def _prompt(self) -> str:
        number = len(self._session.attached)
        return f"[{number} attached] > " if number else "> "

    def _obey(self, text: str) -> None:
        name, _, rest = text[1:].partition(" ")
        command = self._commands.get(name.lower())
        try:
            if command is None:
                raise click.UsageError(f"There is no command /{name}; /help lists them.")
            command(rest.strip())
        except click.ClickException as error:
            voice.note(f"{click.style('Error', fg='red', bold=True)}: {error.format_message()}")
        except FluxroomError as error:
            voice.note(f"{click.style('Error', fg='red', bold=True)}: {error.detail} {error.next_step}")

    def _attach(self, text: str) -> None:
        files = _words(text)
        if not files:
            raise click.UsageError("/attach takes files or addresses.")
        self._session.attach(files)

    def _pick(self, text: str) -> None:
        self._session.attach(_numbers(text, "/pick"))

    def _save(self, text: str) -> None:
        self._session.save([int(one) for one in _numbers(text, "/save")])

    def _pictures(self, _text: str) -> None:
        session = self._session
        found = session.wait(lambda: session.client.conversations.get(session.id))
        images = [image for one in found["messages"] for image in one["images"]]
        session.made = [image["sha256"] for image in images]
        for number, image in enumerate(images, 1):
            about = image["metadata"]
            voice.note(f"  {number}  {about['model']}  {image['width']}x{image['height']}  image {image['id'][-8:]}")
        if not images:
            voice.note("There is none yet.")

    def _option(self, name: str, text: str) -> None:
        self._change({name: text or None})

    def _set(self, text: str) -> None:
        name, value = pair(text, "/set")
        self._change({name: value})

    def _change(self, change: Mapping[str, Any]) -> None:
        changed = {**self._session.options, **change}
        self._session.options = {name: value for name, value in changed.items() if value is not None}
        told = ", ".join(f"{name}={value}" for name, value in self._session.options.items())
        voice.note(voice.dim(f"The messages to come: {told or 'as the conversation was begun'}."))

    def _title(self, text: str) -> None:
        if not text:
            raise click.UsageError("/title takes words.")
        session = self._session
        session.wait(lambda: session.client.conversations.change(session.id, title=text[:200]))

    def _help(self, _text: str) -> None:
        for name, words in _HELP.items():
            voice.note(f"  {name:<16} {words}")


def _numbers(text: str, command: str) -> list[str]:
    found = _words(text)
    if not found or not all(one.isdecimal() for one in found):
        raise click.UsageError(f"{command} takes numbers of pictures: see /pictures.")
    return found


def _words(text: str) -> list[str]:
    """Words as a shell would read them: a file's name may have blanks in quotation marks."""
    try:
        return shlex.split(text)
    except ValueError:
        raise click.UsageError("A quotation mark is not closed.") from None
