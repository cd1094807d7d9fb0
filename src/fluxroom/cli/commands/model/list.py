"""`fluxroom models`: one line per model."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from fluxroom.cli import voice
from fluxroom.cli.completing import complete_models
from fluxroom.cli.shared import shared, wants_json

if TYPE_CHECKING:
    from fluxroom.catalog import Model


@click.command(name="models")
@click.argument("model", required=False, shell_complete=complete_models)
@click.option("--lang", type=click.Choice(["en", "de"]), default="en", show_default=True, help="Language of texts.")
@click.option("--retired", is_flag=True, help="Also list models that can no longer be ordered.")
@shared
@click.pass_context
def command(ctx: click.Context, /, model: str | None, lang: str, *, retired: bool) -> None:
    """List all models, or show MODEL."""
    if model is not None:
        from fluxroom.cli.commands.model.show import show

        show(ctx, model, lang=lang)
        return
    from fluxroom import catalog
    from fluxroom.cli.records import catalogued

    catalogued(ctx)
    rows = list(catalog.models().values())
    if wants_json(ctx):
        voice.document([row.as_dict(lang) for row in rows])
        return
    shown = [row for row in rows if retired or row.status != "retired"]
    family = ""
    for row in shown:
        if row.family != family:
            family = row.family
            voice.say(click.style(f"{'' if row is shown[0] else chr(10)}{family}", bold=True))
        voice.say(_line(row, lang))
    voice.note(f"\n{len(shown)} models. Everything about one: fluxroom models show {shown[0].id}")


def _line(row: Model, lang: str) -> str:
    status = "" if row.status == "active" else f" {row.status}"
    line = f"  {row.id:<35} {','.join(row.routes):<7} {','.join(row.modes):<20} {_price(row):<16}{status}"
    # On a narrow terminal the title goes: the id says nearly the same.
    title = row.titles.get(lang, row.title)
    return f"{line} {voice.dim(title)}" if len(line) + len(title) < voice.width() else line.rstrip()


def _price(row: Model) -> str:
    """A picture of one megapixel at the cheaper provider, told by the quote of a plain request; empty when unknown."""
    from fluxroom import catalog
    from fluxroom.errors import FluxroomError
    from fluxroom.types import Quote, Request

    quotes: list[Quote] = []
    for provider, route in row.routes.items():
        if "generate" in route.modes:
            try:
                quotes.append(catalog.quote(Request(model=row.id, prompt="a fox", mode="generate"), provider=provider))
            except FluxroomError:
                continue
    return min(quotes, key=lambda quote: quote.low).text if quotes else ""
