"""The ways into Fluxroom: each takes the same request, in the form that its users would write it.

Nothing here knows what a parameter means; whoever sends compares what arrived with what the providers publish.
"""

from __future__ import annotations

import base64
import csv
import io
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from click import Command, Context, Option
from click.testing import CliRunner
from fastapi.testclient import TestClient
from tests.server.calls import browser
from tests.worlds import environment_for, sandbox_in_thread, settings_for

from fluxroom import Client
from fluxroom.cli.commands.generate import command as generate
from fluxroom.cli.root import root
from fluxroom.sandbox import Sandbox
from fluxroom.server import create_app


@dataclass(frozen=True)
class Wish:
    """A request: what a person sets, in canonical words; a picture is its bytes."""

    route: str
    mode: str
    prompt: str
    options: Mapping[str, Any]

    @property
    def pictures(self) -> list[bytes]:
        """The references, in order."""
        return list(self.options.get("references", ()))

    def others(self, form: Callable[[bytes], Any]) -> dict[str, Any]:
        """Everything but prompt and references, with each picture in this form."""
        rest = {name: value for name, value in self.options.items() if name not in {"prompt", "references"}}
        named: dict[str, Any] = replaced(rest, form)
        return named


@dataclass
class World:
    """Both providers, a gateway, a library and a command line of their own."""

    box: Sandbox
    http: TestClient
    library: Client
    folder: Path
    environment: Mapping[str, str]  # of a command line
    refused: list[str] = field(default_factory=list)

    def file(self, data: bytes) -> str:
        """The picture as a file, as the command line takes it."""
        path = self.folder / f"{hash(data) & 0xFFFFFFFF:08x}.png"
        path.write_bytes(data)
        return str(path)

    def asset(self, data: bytes) -> str:
        """The picture as the gateway keeps it."""
        answer = self.http.post("/v1/assets", content=data, headers={"content-type": "image/png"})
        assert answer.status_code in {200, 201}, answer.text
        return str(answer.json()["sha256"])


Send = Callable[[World, Sequence[Wish]], None]
"""Sends requests in one way. What is refused stands in `World.refused` afterwards."""


@contextmanager
def worlds(folder: Path) -> Iterator[World]:
    """Everything started, and stopped again. The providers fail every job: what arrives is all that matters."""
    with sandbox_in_thread(seconds=0.01) as box:
        box.world.set_caps({"bfl": 10_000, "flux-kontext-max": 10_000})
        box.world.plan_fault("error", times=None)
        quick: dict[str, Any] = {"bfl_cap": 400, "fal_cap": 400, "submit_gate": 32, "poll_max": 0.3}
        gateway, own = (settings_for(box, folder / name, **quick) for name in ("gateway", "library"))
        with browser(create_app(gateway)) as http, Client(settings=own) as library:
            yield World(box, http, library, folder, environment_for(box, folder / "typed"))


def replaced(value: Any, form: Callable[[bytes], Any]) -> Any:
    """A value with every picture in it in this form."""
    if isinstance(value, bytes):
        return form(value)
    if isinstance(value, Mapping):
        return {name: replaced(inner, form) for name, inner in value.items()}
    return [replaced(inner, form) for inner in value] if isinstance(value, list) else value


def uri(data: bytes) -> str:
    """A picture as text."""
    return f"data:image/png;base64,{base64.b64encode(data).decode()}"


# the ways ------------------------------------------------------------------------------------------------------------


def python(world: World, wishes: Sequence[Wish]) -> None:
    """The library: pictures as bytes."""
    for wish in wishes:
        options = {name: value for name, value in wish.options.items() if name != "prompt"}
        world.library.submit(wish.prompt, model=wish.route, mode=wish.mode, **options)  # type: ignore[arg-type]


def command_line(world: World, wishes: Sequence[Wish]) -> None:
    """`fluxroom generate`: an option of its own where there is one, else `-p`; pictures as files."""
    for wish in wishes:
        words = ["generate", wish.prompt, "-m", wish.route, "--mode", wish.mode]
        for picture in wish.pictures:
            words += ["-r", world.file(picture)]
        for name, value in wish.others(world.file).items():
            words += _typed(name, value)
        told = CliRunner().invoke(root, words, prog_name="fluxroom", env=world.environment)
        if told.exit_code == 2:
            world.refused.append(told.stderr)
        assert "Traceback" not in told.stderr, told.stderr


def _typed(name: str, value: Any) -> list[str]:
    own = _own_options(generate).get(name)
    if own is None or isinstance(value, (list, dict)):
        return ["-p", f"{name}={json.dumps(value)}"]
    if own.secondary_opts:
        return [own.opts[-1] if value else own.secondary_opts[-1]]
    return [own.opts[-1]] if own.is_flag else [own.opts[-1], str(value)]


def _own_options(command: Command) -> dict[str, Option]:
    found = command.get_params(Context(command))
    return {one.name: one for one in found if isinstance(one, Option) and one.name}


def http(world: World, wishes: Sequence[Wish]) -> None:
    """`POST /v1/generations` as JSON: pictures as data URIs."""
    for wish in wishes:
        body = {"prompt": wish.prompt, "model": wish.route, "mode": wish.mode, **wish.others(uri)}
        _post(world, "/v1/generations", {**body, "references": [uri(one) for one in wish.pictures]})


def form(world: World, wishes: Sequence[Wish]) -> None:
    """The same as a form: pictures as files, every parameter a field of its own."""
    for wish in wishes:
        files: list[tuple[str, Any]] = [("references", ("a.png", one, "image/png")) for one in wish.pictures]
        fields = {"prompt": wish.prompt, "model": wish.route, "mode": wish.mode}
        for name, value in wish.others(uri).items():
            if isinstance(wish.options[name], bytes):
                files.append((name, ("b.png", wish.options[name], "image/png")))
            else:
                fields[name] = value if isinstance(value, str) else json.dumps(value)
        files = files or [("mode", (None, wish.mode))]  # a form even without a file
        _told(world, world.http.post("/v1/generations", data=fields, files=files))


def pipeline(world: World, wishes: Sequence[Wish]) -> None:
    """A pipeline of one step: pictures as inputs, also deep inside a parameter."""
    for wish in wishes:
        pictures: dict[str, str] = {}

        def put_in(data: bytes, pictures: dict[str, str] = pictures) -> str:
            name = f"picture{len(pictures)}"
            pictures[name] = uri(data)
            return f"{{{{inputs.{name}}}}}"

        step: dict[str, Any] = {
            "name": "only",
            "do": "edit" if wish.mode == "edit" else "generate",
            **wish.others(put_in),
        }
        step |= {"model": wish.route, "mode": wish.mode, "prompt": wish.prompt}
        step["references"] = [put_in(one) for one in wish.pictures]
        declared = {name: {"kind": "picture"} for name in pictures}
        file = {"version": 1, "name": "walk", "inputs": declared, "steps": [step]}
        _post(world, "/v1/pipelines", {"pipeline": file, "inputs": pictures})


def bulk_csv(world: World, wishes: Sequence[Wish]) -> None:
    """A table as text: a column a parameter, pictures by hash."""
    rows = [_row(world, wish) for wish in wishes]
    names = list(dict.fromkeys(name for row in rows for name in row))
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(names)
    for row in rows:
        cells = [row.get(name, "") for name in names]
        writer.writerow([one if isinstance(one, str) else json.dumps(one) for one in cells])
    _bulk(world, {"name": wishes[0].prompt, "csv": out.getvalue()})


def bulk_rows(world: World, wishes: Sequence[Wish]) -> None:
    """Rows as JSON."""
    _bulk(world, {"name": wishes[0].prompt, "rows": [_row(world, wish) for wish in wishes]})


def _row(world: World, wish: Wish) -> dict[str, Any]:
    row = {"prompt": wish.prompt, "model": wish.route, "mode": wish.mode, **wish.others(world.asset)}
    return {**row, "references": [world.asset(one) for one in wish.pictures]} if wish.pictures else row


def _bulk(world: World, body: Mapping[str, Any]) -> None:
    checked = world.http.post("/v1/bulk/check", json=body).json()
    world.refused += [row["why"] for row in checked["rows"] if row["state"] == "invalid"]
    _told(world, world.http.post("/v1/bulk", json=body))


def compare(world: World, wishes: Sequence[Wish]) -> None:
    """A comparison of one cell: two of its parameters are the axes."""
    for wish in wishes:
        request = {"prompt": wish.prompt, "model": wish.route, "mode": wish.mode, **wish.others(uri)}
        request["references"] = [uri(one) for one in wish.pictures]
        axes = [{"name": name, "values": [request.pop(name)]} for name in sorted(wish.others(uri))[:2]]
        body = {"name": wish.prompt, "request": {**request, "on_unsupported": "error"}, "axes": axes}
        checked = world.http.post("/v1/comparisons/check", json=body).json()
        world.refused += [row["why"] for row in checked.get("rows", ()) if row["state"] == "invalid"]
        _post(world, "/v1/comparisons", body)


def conversation(world: World, wishes: Sequence[Wish]) -> None:
    """A message: half of the parameters are the conversation's, half its own."""
    for wish in wishes:
        options = {"mode": wish.mode, **wish.others(uri)}
        names = sorted(options)
        settings = {"model": wish.route, **{name: options.pop(name) for name in names[::2]}}
        begun = world.http.post("/v1/conversations", json={"settings": settings})
        if _told(world, begun):
            body = {"text": wish.prompt, "options": options, "pictures": [uri(one) for one in wish.pictures]}
            _post(world, f"/v1/conversations/{begun.json()['id']}/messages", body)


def chat_door(world: World, wishes: Sequence[Wish]) -> None:
    """OpenAI's chat: parameters as fields of their own, references in the message."""
    for wish in wishes:
        parts: list[dict[str, Any]] = [{"type": "image_url", "image_url": {"url": uri(one)}} for one in wish.pictures]
        message = {"role": "user", "content": [{"type": "text", "text": wish.prompt}, *parts]}
        body = {"model": wish.route, "mode": wish.mode, **wish.others(uri), "messages": [message]}
        answer = world.http.post("/openai/v1/chat/completions", json=body)
        if answer.status_code in {400, 404, 422}:
            world.refused.append(answer.text)


def _post(world: World, path: str, body: Any) -> bool:
    return _told(world, world.http.post(path, json=body))


def _told(world: World, answer: Any) -> bool:
    if answer.status_code in {400, 404, 422}:
        world.refused.append(answer.text)
        return False
    assert answer.status_code in {200, 201, 202}, answer.text
    return True


def failures(world: World) -> list[str]:
    """Why items of runs were not sent, once every run rests."""
    end = time.monotonic() + 30
    while (found := world.http.get("/v1/runs", params={"state": "running"}).json()["runs"]) and time.monotonic() < end:
        time.sleep(0.05)
    assert not found, f"still running: {found[0]}"
    listed = world.http.get("/v1/runs", params={"limit": 200}).json()["runs"]
    items = [one for run in listed for one in world.http.get(f"/v1/runs/{run['id']}/items").json()["items"]]
    return [
        f"{one['asked'].get('prompt')}: {one['error']['message']}"
        for one in items
        if one["error"] and not one["generation"]
    ]


PATHS: Mapping[str, Send] = {
    "python": python,
    "command line": command_line,
    "http": http,
    "form": form,
    "pipeline": pipeline,
    "bulk csv": bulk_csv,
    "bulk rows": bulk_rows,
    "compare": compare,
    "conversation": conversation,
    "chat door": chat_door,
}
