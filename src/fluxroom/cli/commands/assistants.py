"""`fluxroom assistants`: what conversations can begin with; look, check a file, switch on and off."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fluxroom.cli import voice
from fluxroom.cli.lazy import LazyGroup
from fluxroom.cli.shared import shared, wants_json

if TYPE_CHECKING:
    from fluxroom.flows.assistants.files import Assistant, ChatModel

COMMANDS = {
    "list": "List assistants and chat models. (The default.)",
    "show": "Show an assistant: greeting, starters, guidance, limits.",
    "check": "Check files of assistants and chat models.",
    "on": "Switch an assistant or a chat model on.",
    "off": "Switch an assistant or a chat model off.",
}


class _Assistants(LazyGroup):
    """Its commands are small and stand in this file."""

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002  click's signature
        """The command of this name."""
        return {"list": _list, "show": _show, "check": _check, "on": _on, "off": _off}.get(cmd_name)


@click.group(cls=_Assistants, package=__name__, table=COMMANDS, default="list", name="assistants")
def command() -> None:
    """Assistants greet, propose, and hold a conversation to their models, defaults and limits.

    \b
    fluxroom assistants
    fluxroom assistants on flux-image-generator
    fluxroom chat --assistant flux-image-generator
    fluxroom assistants check my-assistant.yaml
    """  # noqa: D301  \b is click's mark for lines that stay as they are


_language = click.option("--language", type=click.Choice(["en", "de"]), default="en", help="The language of its texts.")


@click.command(name="list")
@_language
@shared
@click.pass_context
def _list(ctx: click.Context, /, language: str) -> None:
    """List assistants and chat models, and whether they are on."""
    told = _asked(ctx, language)
    if wants_json(ctx):
        voice.document(told)
        return
    for title, name in (("Assistants", "assistants"), ("Chat models", "models")):
        voice.say(click.style(title, bold=True))
        for one in told[name]:
            voice.say(f"  {_switch(one)}  {one['id']:<22} {one['name']}")
    for fault in told["faults"]:
        voice.note(f"{click.style('Fault', fg='red', bold=True)}: {fault}")


@click.command(name="show")
@click.argument("name", metavar="ID")
@_language
@shared
@click.pass_context
def _show(ctx: click.Context, /, name: str, language: str) -> None:
    """Show an assistant."""
    from fluxroom.errors import NotFound

    found = next((one for one in _asked(ctx, language)["assistants"] if one["id"] == name), None)
    if found is None:
        raise NotFound(f"There is no assistant {name!r}.", advice="List them: `fluxroom assistants`.")
    if wants_json(ctx):
        voice.document(found)
        return
    voice.say(f"{click.style(found['name'], bold=True)}  {_switch(found)}")
    voice.say(found["description"])
    voice.say(f"\n“{found['greeting']}”\n")
    for number, starter in enumerate(found["starters"], 1):
        voice.say(f"{number}  {click.style(starter['title'], bold=True)}: {starter['message']}")
    for title, key in (("defaults", "defaults"), ("limits", "limits")):
        voice.say(f"\n{title}: " + ", ".join(f"{one}={value}" for one, value in found[key].items()))
    voice.say(f"models: {', '.join(found['models'])}\n\n{found['guidance']}")


@click.command(name="check")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@shared
@click.pass_context
def _check(ctx: click.Context, /, files: tuple[str, ...]) -> None:
    """Check FILEs of assistants and chat models: one line for every fault, with file and key."""
    from fluxroom.errors import InvalidParams
    from fluxroom.flows.assistants.files import Assistant, read

    faults: list[str] = []
    found: dict[str, Assistant | ChatModel] = {}
    for file in files:
        try:
            found[file] = read(Path(file).expanduser().read_text("utf-8-sig"), file)
        except (OSError, UnicodeDecodeError) as error:
            faults.append(f"{file}: {getattr(error, 'strerror', '') or 'it is not text in UTF-8'}")
        except InvalidParams as error:
            faults += error.context["faults"]
    faults += _strangers(ctx, found)
    for file, one in found.items():
        if not wants_json(ctx) and not any(fault.startswith(f"{file}: ") for fault in faults):
            kind = "an assistant" if isinstance(one, Assistant) else "a chat model"
            voice.say(f"{file}: {kind}, {one.id}, {'on' if one.enabled else 'off'}")
    if wants_json(ctx):
        voice.document({"faults": faults})
    for fault in faults:
        voice.note(fault)
    ctx.exit(2 if faults else 0)


@click.command(name="on")
@click.argument("name", metavar="ID")
@shared
@click.pass_context
def _on(ctx: click.Context, /, name: str) -> None:
    """Switch an assistant or a chat model on."""
    _switched(ctx, name, on=True)


@click.command(name="off")
@click.argument("name", metavar="ID")
@shared
@click.pass_context
def _off(ctx: click.Context, /, name: str) -> None:
    """Switch an assistant or a chat model off."""
    _switched(ctx, name, on=False)


def _strangers(ctx: click.Context, found: Mapping[str, Assistant | ChatModel]) -> list[str]:
    """Models that assistants name and that are neither in the catalog nor among the chat models."""
    from fluxroom.cli.shared import settings
    from fluxroom.flows.assistants.files import Assistant
    from fluxroom.flows.assistants.shelf import Shelf, strangers

    models = {*Shelf.of(settings(ctx)).kept().models, *(one.id for one in found.values())}
    said = {file: strangers(one, models) for file, one in found.items() if isinstance(one, Assistant)}
    return [f"{file}: {words}" for file, words in said.items() if words]


def _asked(ctx: click.Context, language: str) -> dict[str, Any]:
    """Everything that there is, here or at the gateway; looking starts no engine."""
    from fluxroom.cli.runtime import opened, run
    from fluxroom.cli.shared import settings
    from fluxroom.flows.assistants.shelf import Shelf
    from fluxroom.flows.assistants.telling import everything

    found = settings(ctx)
    if not found.url:
        return everything(Shelf.of(found).kept(), language)

    async def work() -> dict[str, Any]:
        async with opened(ctx) as client:
            return await client.conversations.assistants(language)

    return run(work)


def _switched(ctx: click.Context, name: str, *, on: bool) -> None:
    from fluxroom.cli.runtime import opened, run
    from fluxroom.cli.shared import settings
    from fluxroom.flows.assistants.shelf import Shelf

    found = settings(ctx)
    if found.url:

        async def work() -> None:
            async with opened(ctx) as client:
                await client.conversations.switch(name, on=on)

        run(work)
    else:
        Shelf.of(found).switch(name, on=on)
    if wants_json(ctx):
        voice.document({"id": name, "enabled": on})
        return
    voice.say(f"{name} is {'on' if on else 'off'}.")


def _switch(one: dict[str, Any]) -> str:
    return click.style("on ", fg="green") if one["enabled"] else voice.dim("off")
