"""Runs whose process is killed in the middle, as a user would meet it: a real gateway or command line, and kill -9.

`python -m tests.crash.runs` does the larger ones, on both databases: a sheet of 200 rows, a 3 × 3 comparison over both
providers, a pipeline of four steps with a checkpoint, a conversation of six turns.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from tests.postgres.clusters import cluster
from tests.worlds import environment_for, sandbox_in_thread

from fluxroom.sandbox import Sandbox
from fluxroom.sandbox.painter import paint

_PATIENCE = 120.0
_SIDE = 64  # of the pictures that are really painted

BFL, FAL = "bfl/flux-2-klein-4b", "fal/flux-2-klein-4b"


@dataclass
class Site:
    """Both providers, a data folder, and whatever process works on it at the moment."""

    box: Sandbox
    folder: Path
    environment: Mapping[str, str]
    process: subprocess.Popen[str] | None = None
    url: str = ""
    rows: int = 24  # of a sheet
    kills: int = 0
    doubtful: int = 0

    def spawn(self, *words: str) -> subprocess.Popen[str]:
        """Start `fluxroom …`."""
        ours = ("FLUXROOM_", "BFL_API_KEY", "FAL_KEY", "FAL_API_KEY")
        others = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "fluxroom", *words],
            env={**others, **self.environment},
            cwd=self.folder.parent,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        return self.process

    def serve(self) -> None:
        """Start the gateway, and wait until it listens."""
        process = self.spawn("serve", "--port", "0")
        assert process.stdout
        said = ""
        while "Stop with Ctrl-C" not in said:
            line = process.stdout.readline()
            assert line, said + (process.stderr.read() if process.stderr else "")
            said += line
        found = re.search(r"page\s+(http\S+)", said)
        assert found
        self.url = found[1].rstrip("/")

    def kill(self) -> None:
        """kill -9."""
        self.kills += 1
        self.end(signal.SIGKILL)

    def end(self, how: signal.Signals = signal.SIGTERM) -> None:
        """End the process in this way."""
        if self.process:
            self.process.send_signal(how)
            self.process.communicate()
            self.process = None

    def ask(self, path: str, body: Any = None, method: str = "") -> Any:
        """What the gateway answers."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, {"content-type": "application/json"})
        request.method = method or ("GET" if body is None else "POST")
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.loads(answer.read())

    def until(self, what: Callable[[], Any]) -> Any:
        """Wait until this is so."""
        end = time.monotonic() + _PATIENCE
        while not (found := what()):
            assert time.monotonic() < end, f"never came: {self.tasks} tasks, {self.process and self.process.poll()}"
            time.sleep(0.02)
        return found

    @property
    def taken(self) -> list[dict[str, Any]]:
        """The providers' books: every task that they took."""
        return self.box.world.tasks()

    @property
    def tasks(self) -> int:
        """How many tasks the providers took."""
        return len(self.box.world.tasks())

    @property
    def billed(self) -> int:
        """How many of them are made and charged."""
        return sum(bool(task["billed"]) for task in self.box.world.tasks())

    def items(self, run: str) -> list[dict[str, Any]]:
        """All items of a run."""
        found: list[dict[str, Any]] = self.ask(f"/v1/runs/{run}/items?limit=500")["items"]
        return found

    def rested(self, run: str) -> dict[str, Any]:
        """The run when it rests, after a person has decided about every job in doubt: what the books show not to have
        been taken is sent again, and what was taken is given up."""

        def resting() -> dict[str, Any] | None:
            found: dict[str, Any] = self.ask(f"/v1/runs/{run}")
            return None if found["state"] == "running" or found["counts"].get("submitted") else found

        while True:
            found: dict[str, Any] = self.until(resting)
            doubtful = [one for one in self.items(run) if one["state"] == "unknown"]
            if not doubtful:
                return found
            for one in doubtful:
                self.decide(one["generation"])
            self.until(lambda: not self.ask(f"/v1/runs/{run}")["counts"].get("unknown"))
            if found["state"] == "paused":
                self.ask(f"/v1/runs/{run}/resume", {})

    def decide(self, generation: str) -> None:
        """A person looks into the provider's books and decides."""
        books = Counter(token(task["endpoint"], task["input"]) for task in self.box.world.tasks())
        for job in self.ask(f"/v1/generations/{generation}")["jobs"]:
            if job["state"] == "unknown":
                self.doubtful += 1
                choice = "abandon" if books[token(job["endpoint"], job["wire"])] else "retry"
                self.ask(f"/v1/jobs/{job['id']}/resolve", {"choice": choice})


@contextmanager
def site(folder: Path, *, database: str = "", seconds: float = 0.3) -> Iterator[Site]:
    """Everything started but Fluxroom itself; whatever is left of it in the end is killed."""
    with pytest.MonkeyPatch.context() as patch, sandbox_in_thread(seconds=seconds) as box:
        patch.setattr("fluxroom.sandbox.gallery.paint", lambda what: paint(replace(what, width=_SIDE, height=_SIDE)))
        environment = {**environment_for(box, folder), "FLUXROOM_BFL_CAP": "3", "FLUXROOM_FAL_CAP": "3"}
        # Jobs in doubt keep their seats for so long; there are few seats here.
        environment |= {"FLUXROOM_UNKNOWN_GRACE": "1"}
        if database:
            environment |= {"FLUXROOM_DATABASE_URL": database, "FLUXROOM_HEARTBEAT": "0.5"}
        one = Site(box, folder, environment)
        try:
            yield one
        finally:
            one.end(signal.SIGKILL)


def token(endpoint: str, sent: Mapping[str, Any]) -> str:
    """What tells one request of a run from all others: everything but its pictures."""
    plain = {name: value for name, value in sent.items() if name == "prompt" or isinstance(value, (int, float))}
    return json.dumps([endpoint, plain], sort_keys=True)


def paid_once(one: Site, pictures: int) -> None:
    """Hold the providers' books against what a person has: so many requests, each taken and billed exactly once."""
    tasks = one.box.world.tasks()
    twice = {
        key: number for key, number in Counter(token(t["endpoint"], t["input"]) for t in tasks).items() if number > 1
    }
    assert not twice, f"paid twice: {twice}"
    assert all(task["billed"] for task in tasks)
    assert len(tasks) == pictures, f"{len(tasks)} tasks for {pictures} pictures"


def rows(number: int) -> list[dict[str, Any]]:
    """A sheet over both providers."""
    return [{"prompt": f"picture {n}", "seed": n, "model": (BFL, FAL)[n % 2]} for n in range(number)]


# the kinds -----------------------------------------------------------------------------------------------------------


def bulk(one: Site) -> None:
    """A sheet at the gateway, killed when a third is made."""
    number = one.rows
    one.serve()
    run = one.ask("/v1/bulk", {"name": "sheet", "rows": rows(number)})["id"]
    one.until(lambda: one.tasks >= number // 3)
    one.kill()
    one.serve()
    ended = one.rested(run)
    _whole(one, ended, number)
    again = one.ask("/v1/bulk", {"name": "sheet", "rows": rows(number)})
    assert again["id"] == run
    paid_once(one, number)


def sheet_on_the_command_line(one: Site) -> None:
    """The same by `fluxroom bulk run`: the command is killed, and given again."""
    number = one.rows
    lines = [f"{row['prompt']},{row['seed']},{row['model']}" for row in rows(number)]
    (one.folder.parent / "sheet.csv").write_text("\n".join(["prompt,seed,model", *lines]))
    command = ("bulk", "run", "sheet.csv", "--yes", "-o", "out")
    one.spawn(*command)
    one.until(lambda: one.tasks >= number // 3)
    one.kill()
    process = one.spawn(*command)
    out, said = process.communicate(timeout=_PATIENCE)
    one.process = None
    one.serve()  # to look, and to decide about what is in doubt
    [run] = one.ask("/v1/runs")["runs"]
    ended = one.rested(run["id"])
    _whole(one, ended, number)
    if not one.doubtful:
        assert process.returncode == 0, out + said
        assert len(list((one.folder.parent / "out").glob("*.png"))) == number
    paid_once(one, number)


def comparison(one: Site) -> None:
    """3 × 3 over both providers, killed when a third is made."""
    one.serve()
    body = {
        "name": "3x3",
        "request": {"seed": 7},
        "axes": [
            {"name": "prompt", "values": ["a fox", "an owl", "a hare"]},
            {"name": "model", "values": [BFL, FAL, "fal/flux-2-dev"]},
        ],
    }
    run = one.ask("/v1/comparisons", body)["id"]
    one.until(lambda: one.tasks >= 3)
    one.kill()
    one.serve()
    _whole(one, one.rested(run), 9)
    paid_once(one, 9)


def comparison_on_the_command_line(one: Site) -> None:
    """`fluxroom compare` without a seed: the command is killed, and given again; it goes on with the seed it had."""
    axes = ("-m", BFL, "-m", FAL, "--vary", "image_size=square_hd,portrait_4_3,landscape_4_3")
    command = ("compare", "a fox", *axes, "--yes", "-o", "sheet.png")
    one.spawn(*command)
    one.until(lambda: one.billed >= 1)
    one.kill()
    process = one.spawn(*command)
    out, said = process.communicate(timeout=_PATIENCE)
    one.process = None
    one.serve()
    [run] = one.ask("/v1/runs")["runs"]
    _whole(one, one.rested(run["id"]), 6)
    if not one.doubtful:
        assert process.returncode == 0, out + said
    assert (one.folder.parent / "sheet.png").stat().st_size > 1000
    sizes = [
        (task["endpoint"], *(str(task["input"].get(name)) for name in ("image_size", "width", "height")))
        for task in one.taken
    ]
    assert len(set(sizes)) == len(sizes) == 6, f"paid twice: {sizes}"
    assert len({task["input"]["seed"] for task in one.taken}) == 1


PIPELINE = {
    "version": 1,
    "name": "killed",
    "mode": "checkpoint",
    "steps": [
        {"name": "words", "do": "prompt", "template": "a cup on {marble|oak|slate|linen}"},
        {
            "name": "shots",
            "do": "generate",
            "model": BFL,
            "prompt": "{{steps.words.texts}}",
            "seed": 7,
            "checkpoint": True,
        },
        {"name": "best", "do": "select", "from": "{{steps.shots.images}}", "first": 3},
        {
            "name": "night",
            "do": "edit",
            "model": BFL,
            "each": "{{steps.best.images}}",
            "references": ["{{item}}"],
            "prompt": "at night: {{item}}",
            "seed": 8,
        },
    ],
}


def pipeline(one: Site) -> None:
    """Four steps with a checkpoint, killed before it and behind it."""
    one.serve()
    run = one.ask("/v1/pipelines", {"pipeline": PIPELINE})["id"]
    one.until(lambda: one.billed >= 1)
    one.kill()
    one.serve()
    ended = one.rested(run)
    assert ended["state"] == "review", ended["why"]
    made = one.billed
    one.ask(f"/v1/pipelines/{run}/steps/shots/approve", {})
    one.until(lambda: one.billed > made)
    one.kill()
    one.serve()
    _whole(one, one.rested(run), 7)
    paid_once(one, 7)


def conversation(one: Site, turns: int = 6) -> None:
    """Six turns, killed while the third is made; each turn is about the picture before it."""
    one.serve()
    talk = one.ask("/v1/conversations", {"settings": {"model": BFL}})["id"]
    for turn in range(turns):
        body = {"text": f"turn {turn}", "options": {"seed": turn}}
        answer = one.ask(f"/v1/conversations/{talk}/messages", body)
        if turn == 2:
            one.until(partial(_is_taken, one, answer["generation"]))
            one.kill()
            one.serve()
        last = one.until(lambda: _answered(one, talk))
        assert last["finishReason"] == "stop", last
    said = [one for one in one.ask(f"/v1/conversations/{talk}")["messages"] if one["role"] == "assistant"]
    assert [len(answer["images"]) for answer in said] == [1] * turns
    used = [answer["asked"]["references"] for answer in said]
    shown = [[answer["images"][0]["sha256"]] for answer in said]
    assert used == [[], *shown[:-1]]
    paid_once(one, turns)


def _is_taken(one: Site, generation: str) -> bool:
    """Whether the provider has taken it, and that is on disk: a conversation has no second try for what is in doubt."""
    return all(job["request_id"] for job in one.ask(f"/v1/generations/{generation}")["jobs"])


def _answered(one: Site, talk: str) -> dict[str, Any] | None:
    last: dict[str, Any] = one.ask(f"/v1/conversations/{talk}")["messages"][-1]
    return last if last["complete"] else None


def _whole(one: Site, ended: Mapping[str, Any], number: int) -> None:
    """Every item has its picture, or was taken and given up by a person."""
    states = Counter(item["state"] for item in one.items(ended["id"]))
    assert states["done"] + states["cancelled"] == number, states
    assert states["cancelled"] <= one.doubtful, states
    assert ended["state"] == "finished", ended["why"]


KINDS: Mapping[str, Callable[[Site], None]] = {
    "bulk": bulk,
    "sheet on the command line": sheet_on_the_command_line,
    "comparison": comparison,
    "comparison on the command line": comparison_on_the_command_line,
    "pipeline": pipeline,
    "conversation": conversation,
}


def main() -> None:
    """The larger ones, on both databases."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=200)
    parser.add_argument("--only", choices=KINDS)
    asked = parser.parse_args()
    with cluster() as server:
        for name, kind in KINDS.items():
            for database in ("", server.fresh()) if asked.only in {None, name} else ():
                begun = time.monotonic()
                with tempfile.TemporaryDirectory() as folder, site(Path(folder) / "data", database=database) as one:
                    one.rows = asked.rows
                    kind(one)
                    where = "PostgreSQL" if database else "SQLite"
                    print(
                        f"{name:31} {where:11} {one.kills} kills, {one.tasks} pictures paid once, "
                        f"{one.doubtful} in doubt, {time.monotonic() - begun:.0f} s",
                        flush=True,
                    )


if __name__ == "__main__":
    main()
