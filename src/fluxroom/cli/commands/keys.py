"""`fluxroom keys`: who may use the gateway, for what, and how much."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, TypeVar

import click

from fluxroom.cli import voice
from fluxroom.cli.lazy import LazyGroup
from fluxroom.cli.shared import shared, wants_json

if TYPE_CHECKING:
    from fluxroom.engine.keyring import Keyring
    from fluxroom.store.keys import Key

T = TypeVar("T")

COMMANDS = {
    "list": "List the keys. (The default.)",
    "create": "Make a key; it is shown once.",
    "show": "Show one key: whose it is, what it may do, when it was used.",
    "revoke": "Make a key worthless.",
}


class _Keys(LazyGroup):
    """Its commands are small and stand in this file."""

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002  click's signature
        """The command of this name."""
        return {"list": _list, "create": _create, "show": _show, "revoke": _revoke}.get(cmd_name)


@click.group(cls=_Keys, package=__name__, table=COMMANDS, default="list", name="keys")
def command() -> None:
    """Say who may use the gateway: a key for each person or program, with scopes, budgets and caps.

    On this machine alone the gateway needs no key. Providers' keys are something else: they are set in the environment.

    \b
    fluxroom keys create anna                            may make pictures and see her own
    fluxroom keys create shop --budget-day 5 --cap 4     at most $5 a day, 4 jobs at once
    fluxroom keys create ops --scope admin --scope read  sees everybody's, sets budgets and keys
    fluxroom keys revoke anna
    """  # noqa: D301  \b is click's mark for lines that stay as they are


@click.command(name="list")
@click.option("--all", "everything", is_flag=True, help="Those that were revoked too.")
@shared
@click.pass_context
def _list(ctx: click.Context, /, *, everything: bool) -> None:
    """List the keys: name, owner, scopes, limits, last use. Of a key itself only the last four characters are known."""
    from fluxroom.cli.records import is_new
    from fluxroom.engine.keyring import as_dict

    found = [] if is_new(ctx) else _with_keyring(ctx, lambda ring: ring.all())
    shown = [key for key in found if everything or not key.revoked_at]
    if wants_json(ctx):
        voice.document([as_dict(key) for key in shown])
    elif shown:
        for key in shown:
            voice.say(_line(key))
    else:
        voice.note("There is no key. Make one: fluxroom keys create NAME")


@click.command(name="create")
@click.argument("name")
@click.option("--owner", default="", help="Whose pictures and budgets it uses; default: NAME.")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    metavar="SCOPE",
    help="generate, read or admin; give it again for more. Default: generate and read.",
)
@click.option("--budget-day", default="", metavar="DOLLARS", help="Most that the owner may spend in a day.")
@click.option("--budget-month", default="", metavar="DOLLARS", help="Most that the owner may spend in a month.")
@click.option("--cap", type=int, metavar="JOBS", help="Most jobs of the owner at the providers at once; more wait.")
@click.option("--per-minute", type=int, metavar="REQUESTS", help="Most requests in a minute.")
@shared
@click.pass_context
def _create(ctx: click.Context, /, name: str, **wishes: Any) -> None:
    """Make a key named NAME and show it once: only its hash is kept.

    Budgets belong to the owner: they hold for all of the owner's keys together, and `fluxroom budget` changes them.
    """
    from fluxroom.engine.keyring import NewKey, as_dict

    given = {option: value for option, value in wishes.items() if value not in (None, "", ())}
    key, secret = _with_keyring(ctx, lambda ring: ring.create(NewKey(name=name, **given)))
    if wants_json(ctx):
        voice.document({**as_dict(key), "key": secret})
        return
    voice.say(secret)
    voice.note(f"This key of {key.owner} is shown only now. {_may(key)}.")
    voice.note("Programs send it as `Authorization: Bearer KEY`; FLUXROOM_API_KEY holds it for this command line.")


@click.command(name="show")
@click.argument("name")
@shared
@click.pass_context
def _show(ctx: click.Context, /, name: str) -> None:
    """Show the key NAME (or its id): whose it is, what it may do, when it was last used."""
    from fluxroom.engine.keyring import as_dict

    told = as_dict(_with_keyring(ctx, lambda ring: ring.find(name)))
    if wants_json(ctx):
        voice.document(told)
        return
    for field, value in told.items():
        shown = ", ".join(value) if isinstance(value, list) else "-" if value is None else value
        voice.say(f"{field:<11} {shown}")


@click.command(name="revoke")
@click.argument("name")
@shared
@click.pass_context
def _revoke(ctx: click.Context, /, name: str) -> None:
    """Make the key NAME (or its id) worthless. What was asked for with it goes on; running gateways notice at once."""
    from fluxroom.engine.keyring import as_dict

    key = _with_keyring(ctx, lambda ring: ring.revoke(name))
    if wants_json(ctx):
        voice.document({**as_dict(key), "revoked": True})
    else:
        voice.say(f"The key {key.name} (…{key.hint}) is revoked.")


def _with_keyring(ctx: click.Context, work: Callable[[Keyring], Coroutine[Any, Any, T]]) -> T:
    from fluxroom.cli.records import opened_store
    from fluxroom.cli.runtime import run
    from fluxroom.engine.keyring import Keyring

    async def opened() -> T:
        async with opened_store(ctx) as store:
            return await work(Keyring(store))

    return run(opened)


def _line(key: Key) -> str:
    from datetime import UTC, datetime

    used = datetime.fromtimestamp(key.used_at, UTC).strftime("used %Y-%m-%d %H:%M UTC") if key.used_at else "never used"
    if key.revoked_at:
        used = click.style("revoked", fg="red")
    return f"{key.name:<20} {key.owner:<20} …{key.hint}  {_may(key):<48}  {voice.dim(used)}"


def _may(key: Key) -> str:
    parts = [", ".join(key.scopes)]
    if key.cap is not None:
        parts.append(f"at most {key.cap} jobs at once")
    if key.per_minute is not None:
        parts.append(f"{key.per_minute} requests a minute")
    return "; ".join(parts)
