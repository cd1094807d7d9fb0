"""Writes the generated files again, or says which of them are stale: `python scripts/gen.py [--check]`."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from scripts import api, docs, endpoints, parameters

from fluxroom import catalog
from fluxroom.catalog import Model, Route
from fluxroom.flows.pipelines.files import SCHEMA, VERSION
from fluxroom.types import Quote, Reference, Request

ROOT = endpoints.ROOT
MODELS_PAGE = ROOT / "docs/models.md"
README = ROOT / "README.md"
PIPELINE_SCHEMA = ROOT / f"docs/schemas/pipeline-{VERSION}.json"
BEGIN, END = "<!-- models:begin -->", "<!-- models:end -->"
SHOWN = (
    "flux-2-pro", "flux-2-max", "flux-2-flex", "flux-2-dev", "flux-2-klein-4b", "flux-2-klein-9b", "flux-2-lora",
    "flux-3-image", "flux-kontext-pro", "flux-kontext-max", "flux-kontext-dev", "flux-general", "flux-lora",
    "flux-pro-1.1-ultra", "flux-pro-1.1", "flux-dev", "flux-schnell",
)  # fmt: skip
"""The models that the README names; `docs/models.md` has all."""


def models_page() -> str:
    """The table of every model, from the catalog."""
    rows = list(catalog.models().values())
    lines = [
        "# Models",
        "",
        "Generated from the catalog by `make gen`. A model is named by its id (`flux-2-pro`), by a route",
        "(`bfl/flux-2-pro`) or by a provider's own endpoint id (`fal-ai/flux-2/edit`).",
    ]
    for family in dict.fromkeys(model.family_titles["en"] for model in rows):
        lines += ["", f"## {family}", "", *_table([model for model in rows if model.family_titles["en"] == family])]
    return "\n".join(lines) + "\n"


def _table(rows: list[Model]) -> Iterator[str]:
    yield "| Model | What it is | At | Modes | References | Price | LoRA |"
    yield "|---|---|---|---|---|---|---|"
    for model in rows:
        title = f"**{model.title}**<br>`{model.id}`"
        status = f" *{model.status}: use {model.successor}.*" if model.successor else ""
        routes = list(model.routes.values())
        cells = (
            title,
            model.description + status,
            "<br>".join(route.provider for route in routes) or "nobody",
            "<br>".join(", ".join(route.modes) for route in routes),
            "<br>".join(str(max(route.max_references(mode) for mode in route.modes)) for route in routes),
            "<br>".join(_prices(route) for route in routes),
            "yes" if model.lora else "",
        )
        yield "| " + " | ".join(cells) + " |"


def _prices(route: Route) -> str:
    by_mode = {mode: route.price(mode).text for mode in route.modes}
    if len(set(by_mode.values())) == 1:
        return next(iter(by_mode.values()))
    return "; ".join(f"{mode}: {text}" for mode, text in by_mode.items())


def main() -> int:
    """Write what differs, or with `--check` name it and answer 1."""
    check = "--check" in sys.argv[1:]
    wanted = endpoints.published()
    changed = _settle(wanted, [path for path in endpoints.OUT.rglob("*.json") if path not in wanted], check=check)
    changed |= _settle(_from_catalog() | docs.pages(), [], check=check)  # after the schemas, which it is made from
    return 1 if check and changed else 0


def _from_catalog() -> dict[Path, str]:
    return {
        api.PAGE: api.page(),
        MODELS_PAGE: models_page(),
        parameters.PAGE: parameters.page().rstrip() + "\n",
        README: readme(),
        PIPELINE_SCHEMA: json.dumps(SCHEMA, indent=2, ensure_ascii=False) + "\n",
    }


def readme() -> str:
    """The README with its short table of models brought up to date."""
    text = README.read_text()
    head, _, rest = text.partition(BEGIN)
    _, _, tail = rest.partition(END)
    return f"{head}{BEGIN}\n{_short_table()}\n{END}{tail}"


def _short_table() -> str:
    lines = ["| Model | At | Does | References | Price of one picture of about 1 MP |", "|---|---|---|---|---|"]
    for name in SHOWN:
        model = catalog.models()[name]
        modes = dict.fromkeys(mode for route in model.routes.values() for mode in route.modes)
        most = max(route.max_references(mode) for route in model.routes.values() for mode in route.modes)
        prices = [f"{_quoted(route).text} at {route.provider}" for route in model.routes.values()]
        lines.append(
            f"| `{model.id}` | {', '.join(model.routes)} | {', '.join(modes)} | {most or ''} | {'<br>'.join(prices)} |"
        )
    others = len(catalog.models()) - len(SHOWN)
    return "\n".join([*lines, "", f"…and {others} more."])


def _quoted(route: Route) -> Quote:
    """The price of a plain request; of an edit of one picture for a route that only edits."""
    request = Request(model=route.name, prompt="a fox")
    if "generate" not in route.modes:
        picture = Reference(sha256="0" * 64, mime="image/png", width=1024, height=1024, size_bytes=1)
        request = replace(request, references=(picture,), mode=route.modes[0])
    return catalog.quote(request, provider=route.provider)


def _settle(wanted: dict[Path, str], gone: list[Path], *, check: bool) -> bool:
    """Bring the files to what is wanted, or only say what differs; whether anything did."""
    stale = [path for path, text in wanted.items() if not path.exists() or path.read_text() != text]
    for path in [*stale, *gone]:
        print(f"{'stale' if check else 'written'}: {path.relative_to(ROOT)}")
    if not check:
        for path in stale:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(wanted[path])
        for path in gone:
            path.unlink()
    return bool(stale or gone)


if __name__ == "__main__":
    sys.exit(main())
