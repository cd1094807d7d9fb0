"""Pictures handed on: one message a step, written down before it is sent, sent until it is taken, under one id."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks import Webhook
from tests.server.calls import browser, settings_at
from tests.server.keyed import keyed_gateway
from tests.server.test_runs import rested
from tests.server.test_webhooks_out import Receiver, receiving
from tests.worlds import sandbox, settings_for

from fluxroom.client import AsyncClient
from fluxroom.flows.pipelines import posting
from fluxroom.flows.pipelines.files import Pipeline, pipeline
from fluxroom.flows.pipelines.posting import may_be_called
from fluxroom.server import create_app
from fluxroom.server.webhooks import postman

pytestmark = pytest.mark.anyio


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as found:
        yield found


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Further attempts come soon; what is tested is that they come."""
    monkeypatch.setattr(postman, "PAUSES", (0.05, 0.05, 0.05, 0.05))
    monkeypatch.setattr(postman, "_LOOK", 0.02)


def handing(url: str, *, more: tuple[dict[str, Any], ...] = ()) -> Pipeline:
    steps = [
        {"name": "shots", "do": "generate", "model": "flux-2-klein-4b", "prompt": ["a cup", "a spoon"], "seed": 1},
        {"name": "film", "do": "webhook", "url": url, "images": "{{steps.shots.images}}"},
        *more,
    ]
    return pipeline({"version": 1, "name": "to film", "steps": steps})


@pytest.fixture
def http(tmp_path: Path) -> Iterator[Any]:
    with browser(create_app(settings_at(tmp_path / "data", port=7860))) as client:
        yield client


def begun(http: Any, found: Pipeline, **more: Any) -> dict[str, Any]:
    answer = http.post("/v1/pipelines", json={"pipeline": found.raw, **more})
    assert answer.status_code == 201, answer.text
    run: dict[str, Any] = answer.json()
    return run


def test_pictures_are_handed_on_signed_and_with_links_that_work(http: Any, receiver: Receiver) -> None:
    hook = http.post("/v1/webhooks", json={"url": receiver.url, "events": ["pipeline.images"]}).json()
    run = rested(http, begun(http, handing(receiver.url))["id"])
    assert (run["state"], run["why"]) == ("finished", "")
    ((headers, body),) = receiver.heard
    told = Webhook(hook["secret"]).verify(body, headers)
    assert told["type"] == "pipeline.images"
    assert (told["data"]["run"], told["data"]["step"], told["data"]["name"]) == (run["id"], "film", "to film")
    pictures = told["data"]["images"]
    assert [one["prompt"] for one in pictures] == ["a cup", "a spoon"]
    made = run["spec"]["results"]
    assert [one["id"] for one in pictures] == [one["id"] for one in made["shots"]["images"]]
    assert made["film"]["message"] == headers["webhook-id"]
    assert made["film"]["webhook"] == hook["id"]
    for one in pictures:
        link = one["link"]
        assert link.startswith("http://127.0.0.1:7860/files/")
        picture = http.get(link.removeprefix("http://127.0.0.1:7860"))
        assert picture.headers["content-type"] == "image/png"
        assert http.get(one["url"]).content == picture.content
    listed = http.get(f"/v1/webhooks/{hook['id']}/deliveries").json()["deliveries"]
    assert [(one["id"], one["state"], one["subject"]) for one in listed] == [
        (headers["webhook-id"], "delivered", run["id"])
    ]


def test_without_a_webhook_of_that_address_one_is_made_that_hears_nothing_else(http: Any, receiver: Receiver) -> None:
    run = rested(http, begun(http, handing(receiver.url))["id"])
    assert run["state"] == "finished"
    (hook,) = http.get("/v1/webhooks").json()["webhooks"]
    assert (hook["url"], hook["events"]) == (receiver.url, ["pipeline.images"])
    rested(http, begun(http, handing(receiver.url))["id"])
    assert len(http.get("/v1/webhooks").json()["webhooks"]) == 1
    assert len(set(receiver.ids)) == len(receiver.ids) == 2


def test_a_receiver_that_fails_once_gets_it_again_under_the_same_id(http: Any, receiver: Receiver) -> None:
    receiver.statuses[:] = [503]
    run = rested(http, begun(http, handing(receiver.url))["id"])
    assert run["state"] == "finished"
    assert len(receiver.ids) == 2
    assert len(set(receiver.ids)) == 1


def test_one_that_does_not_take_it_pauses_the_run_and_resume_sends_it_again(
    http: Any, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postman, "PAUSES", (0.05, 3600.0))
    receiver.statuses[:] = [500, 500]
    after = ({"name": "last", "do": "generate", "model": "flux-2-klein-4b", "prompt": "an end", "seed": 2},)
    run = rested(http, begun(http, handing(receiver.url, more=after))["id"])
    assert run["state"] == "paused"
    assert run["why"].startswith("Step film: 127.0.0.1 has not taken the pictures (HTTP 500, 2 attempts)")
    assert "planted-token" not in run["why"]
    assert run["counts"] == {"done": 2}
    assert http.post(f"/v1/runs/{run['id']}/resume").status_code == 200
    run = rested(http, run["id"])
    assert (run["state"], run["counts"]) == ("finished", {"done": 3})
    assert len(receiver.ids) == 3
    assert len(set(receiver.ids)) == 1


def test_one_that_says_gone_is_switched_off_and_told(http: Any, receiver: Receiver) -> None:
    receiver.statuses[:] = [410]
    run = rested(http, begun(http, handing(receiver.url))["id"])
    assert run["state"] == "paused"
    assert "has not taken the pictures (HTTP 410)" in run["why"]
    http.post(f"/v1/runs/{run['id']}/resume")
    assert rested(http, run["id"])["state"] == "finished"


def test_made_again_it_is_another_message(http: Any, receiver: Receiver) -> None:
    run = rested(http, begun(http, handing(receiver.url))["id"])
    for step, number in (("film", 2), ("shots", 3)):
        assert http.post(f"/v1/pipelines/{run['id']}/steps/{step}/redo", json={}).status_code == 200
        assert rested(http, run["id"])["state"] == "finished"
        assert len(set(receiver.ids)) == len(receiver.ids) == number


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/in", "ftp://example.com", "https://", "https://me:pw@example.com/in", "https://10.0.0.1/in",
        "https://169.254.169.254/latest", "https://[::1]:0/", "https://192.168.1.5/in", "https://example.com/a b", "in",
        "https://[fe80::1]/", "https://100.64.0.1/", "file:///etc/passwd", "https://e.com/" + "x" * 2100,
    ],
)  # fmt: skip
def test_an_address_that_may_not_be_called_is_refused_when_the_step_comes(http: Any, url: str) -> None:
    run = rested(http, begun(http, handing(url))["id"])
    assert run["state"] == "paused"
    assert run["why"].startswith("Step film: url must be a public https address.")
    assert "FLUXROOM_WEBHOOK_HOSTS" in run["why"]
    assert http.get("/v1/webhooks").json()["webhooks"] == []


def test_hosts_that_the_operator_names_may_be_private() -> None:
    inside = frozenset({"video.lan", "10.0.0.7"})
    assert may_be_called("http://video.lan:8080/in", inside)
    assert may_be_called("https://10.0.0.7/in", inside)
    assert may_be_called("http://127.0.0.1:8080/in", frozenset())
    assert not may_be_called("http://other.lan/in", inside)
    assert not may_be_called("https://10.0.0.8/in", inside)


def test_a_gateway_for_many_calls_nobody_on_its_own_machine(
    tmp_path: Path, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postman, "PAUSES", (0.05, 3600.0))
    with keyed_gateway(tmp_path / "data") as people:
        anna = people.join("anna")
        answer = people.ask(anna, "POST", "/v1/pipelines", json={"pipeline": handing(receiver.url).raw})
        assert answer.status_code == 201, answer.text
        run = answer.json()
        while run["state"] == "running":
            run = people.ask(anna, "GET", f"/v1/runs/{run['id']}").json()
        assert run["state"] == "paused"
        assert "its address is not public" in run["why"]
        assert receiver.heard == []


def test_nobody_has_more_addresses_than_webhooks(http: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(posting, "MOST_ENDPOINTS", 1)
    http.post("/v1/webhooks", json={"url": "https://example.com/first"})
    run = rested(http, begun(http, handing("https://example.com/second"))["id"])
    assert run["state"] == "paused"
    assert "You have 1 webhooks already" in run["why"]


# without a gateway ---------------------------------------------------------------------------------------------------


@asynccontextmanager
async def command(folder: Path) -> AsyncIterator[AsyncClient]:
    async with sandbox() as box, AsyncClient(settings=settings_for(box, folder)) as client:
        yield client


async def test_a_command_writes_it_down_and_says_who_sends_it(
    tmp_path: Path, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(posting, "_PATIENCE", 0.0)
    async with command(tmp_path) as client:
        runs: Any = client.runs
        run = await runs.rest((await runs.begin_pipeline(handing(receiver.url), {}))["id"])
        assert run["state"] == "paused"
        assert "start `fluxroom serve`, then resume" in run["why"]
        assert receiver.heard == []
    # A gateway on the same data sends what was written down; the run then goes on.
    with browser(create_app(settings_at(tmp_path))) as http:
        http.post(f"/v1/runs/{run['id']}/resume")
        assert rested(http, run["id"])["state"] == "finished"
    assert len(receiver.ids) == 1


async def test_the_message_is_the_same_whoever_writes_it_down(tmp_path: Path) -> None:
    """As after a kill between writing it down and remembering that: the second one finds the first one's."""
    from fluxroom.flows.pipelines import walk
    from fluxroom.flows.pipelines.posting import Post
    from fluxroom.store import webhooks_out

    images = [{"id": "0" * 22, "sha256": "a" * 64, "prompt": "a cup"}]
    async with command(tmp_path) as client:
        run = walk.new_run(handing("https://example.com/in"), {})
        post = Post(client.engine.store, client.settings, client.engine.now)
        first = await post.hand_on(run, "film", "https://example.com/in", images)
        second = await post.hand_on(run, "film", "https://example.com/in", images)
        assert first == second
        other = await post.hand_on(run, "other", "https://example.com/in", images)
        assert other.id != first.id
        assert other.endpoint == first.endpoint
        database = client.engine.store.database
        due = await database.read(lambda connection: webhooks_out.due(connection, client.engine.now() + 1, 10))
        assert sorted(message.id for message, _ in due) == sorted([first.id, other.id])
        assert "planted" not in json.dumps([dict(message.body) for message, _ in due])
