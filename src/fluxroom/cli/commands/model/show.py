"""`fluxroom models show`: everything about a model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from fluxroom.cli import voice
from fluxroom.cli.commands.model.schemas import default, takes
from fluxroom.cli.completing import complete_models
from fluxroom.cli.shared import shared, wants_json

if TYPE_CHECKING:
    from rich.table import Table

    from fluxroom.catalog import Model, Parameter, Route
    from fluxroom.types import Provider

_WORDS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "family": "family",
        "base": "weights",
        "released": "released",
        "successor": "use instead",
        "lora": "takes LoRAs",
        "seconds": "usually {:.0f} s a picture",
        "price": "price",
        "references": "up to {} references",
        "one_reference": "1 reference",
        "note": "note",
        "parameter": "parameter",
        "takes": "takes",
        "default": "when not given",
        "help": "what it does",
        "not_taken": "What it does not take, and why",
        "only": "only in",
        "legend": "* must be given   (…) the provider's own default, not sent",
    },
    "de": {
        "family": "Familie",
        "base": "Gewichte",
        "released": "erschienen",
        "successor": "stattdessen",
        "lora": "nimmt LoRAs",
        "seconds": "meist {:.0f} s je Bild",
        "price": "Preis",
        "references": "bis {} Referenzen",
        "one_reference": "1 Referenz",
        "note": "Hinweis",
        "parameter": "Parameter",
        "takes": "nimmt",
        "default": "ohne Angabe",
        "help": "Wirkung",
        "not_taken": "Was es nicht nimmt, und warum",
        "only": "nur bei",
        "legend": "* muss sein   (…) Vorgabe des Anbieters, wird nicht gesendet",
    },
}


@click.command(name="show")
@click.argument("model", shell_complete=complete_models)
@click.option("--lang", type=click.Choice(["en", "de"]), default="en", show_default=True, help="Language of texts.")
@shared
@click.pass_context
def command(ctx: click.Context, /, model: str, lang: str) -> None:
    """Show MODEL: its parameters per provider and mode, with ranges and defaults, its limits and its price."""
    show(ctx, model, lang=lang)


def show(ctx: click.Context, name: str, *, lang: str) -> None:
    """Show a model; a route shows that provider only."""
    from fluxroom import catalog
    from fluxroom.cli.records import catalogued

    catalogued(ctx)
    model, provider, _ = catalog.find(name)
    routes = {at: route for at, route in model.routes.items() if provider in {None, at}}
    if wants_json(ctx):
        voice.document(_document(model, routes, lang))
        return
    words = _WORDS[lang]
    _head(model, words, lang)
    for route in routes.values():
        _route(route, words)
    voice.say(voice.dim(f" {words['legend']}"))
    _why_not(model, words, lang)


def _document(model: Model, routes: Mapping[Provider, Route], lang: str) -> dict[str, Any]:
    from fluxroom import catalog

    return {
        **model.as_dict(lang),
        "parameters": {
            at: {
                mode: [parameter.as_dict() for parameter in catalog.parameters(model.id, at, mode)]
                for mode in route.modes
            }
            for at, route in routes.items()
        },
        "why_not": {name: text.get(lang, text["en"]) for name, text in model.why_not.items()},
    }


def _head(model: Model, words: Mapping[str, str], lang: str) -> None:
    status = "" if model.status == "active" else f"  {click.style(model.status, fg='yellow', bold=True)}"
    voice.say(f"{click.style(model.titles.get(lang, model.title), bold=True)}  {model.id}{status}")
    voice.say(click.wrap_text(model.descriptions.get(lang, model.description), min(100, voice.width()), "  ", "  "))
    facts = [f"{words['family']} {model.family}", f"{words['base']} {model.base}"]
    facts += [f"{words['released']} {model.released}"] if model.released else []
    facts += [words["lora"]] if model.lora else []
    facts.append(words["seconds"].format(model.seconds))
    voice.say(voice.dim("  " + " · ".join(facts)))
    if model.successor:
        voice.say(f"  {words['successor']}: {model.successor}")


def _route(route: Route, words: Mapping[str, str]) -> None:
    voice.say(f"\n{click.style(route.name, bold=True)}")
    for mode in route.modes:
        most = route.max_references(mode) if route.endpoint(mode).named("references") else 0
        limit = "" if not most else words["one_reference"] if most == 1 else words["references"].format(most)
        facts = [route.price(mode).text, *([limit] if limit else []), route.endpoints[mode]]
        voice.say(f"  {mode:<9} {' · '.join(facts)}")
    voice.say(voice.dim(f"  {words['price']}: {route.price(route.modes[0]).source}"))
    for note in route.notes:
        voice.say(voice.dim(f"  {words['note']}: {note}"))
    _draw(_table(route, words))


def _table(route: Route, words: Mapping[str, str]) -> Table:
    """One row per parameter; what differs between modes has a row each, with the modes named."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, padding=(0, 1), pad_edge=True, header_style="dim")
    for title in ("parameter", "takes", "default", "help"):
        table.add_column(words[title], overflow="fold", ratio={"help": 5, "takes": 3}.get(title))
    for parameter, modes in _rows(route):
        name = Text(parameter.name + ("*" if parameter.required else ""), style="bold")
        only = "" if len(modes) == len(route.modes) else f"({words['only']} {', '.join(modes)}) "
        cells = (takes(parameter.schema), default(parameter), only + " ".join(parameter.help.split()))
        table.add_row(name, *(Text(cell) for cell in cells))
    return table


def _rows(route: Route) -> list[tuple[Parameter, list[str]]]:
    from fluxroom import catalog

    found: list[tuple[Parameter, list[str]]] = []
    for mode in route.modes:
        for parameter in catalog.parameters(route.model, route.provider, mode):
            same = next((modes for other, modes in found if _alike(other, parameter)), None)
            if same is None:
                found.append((parameter, [mode]))
            else:
                same.append(mode)
    order = list(dict.fromkeys(parameter.name for parameter, _ in found))
    return sorted(found, key=lambda row: order.index(row[0].name))


def _alike(one: Parameter, other: Parameter) -> bool:
    """Whether two modes say the same of a parameter, but for the wording of the help."""
    if one.name != other.name or one.required != other.required:
        return False
    return (takes(one.schema), default(one)) == (takes(other.schema), default(other))


def _draw(table: Table) -> None:
    from rich.console import Console

    Console(highlight=False, width=max(60, min(voice.width(), 160))).print(table)


def _why_not(model: Model, words: Mapping[str, str], lang: str) -> None:
    taken = _taken(list(model.routes.values())) | ({"region"} if "bfl" in model.routes else set())
    shown = {name: text for name, text in model.why_not.items() if name not in taken}
    if shown:
        voice.say(f"\n{click.style(words['not_taken'], bold=True)}")
    for name, text in shown.items():
        voice.say(f"  {name}: {text.get(lang, text['en'])}")


def _taken(routes: Sequence[Route]) -> set[str]:
    return {name for route in routes for mode in route.modes for name in route.endpoint(mode).canonical}
