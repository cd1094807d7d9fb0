"""One key makes one of everything; another key tries every address of the application with the ids of it.

New addresses are tried by themselves: what stands in braces is looked up in `things`.
"""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from tests.server.calls import FAST, picture
from tests.server.keyed import People, Person
from tests.server.test_scopes import routes

from fluxroom.server.access.scopes import RIGHTS

ADMINS_ONLY = 403
LEFT_OUT = {
    # Addresses whose braces name nobody's thing, or whose answer is the same for everybody.
    "/v1/pipelines/templates/{name}",
    "/page/{name}", "/problems/{code}", "/v1/models/{model_id:path}", "/v1/models/{model_id:path}/check",
    "/openai/v1/{path:path}", "/openai/v1/models/{model_id:path}", "/bfl/v1/{endpoint:path}",
    "/hooks/{provider}/{job_id}/{token}", "/files/{name}/{proof}/{title}", "/fal/storage/files/{ticket}/{name}",
    "/fal/{app:path}", "/fal/queue/{app:path}", "/v1/keys/{key_id}", "/v1/providers/{name}/pause",
    "/v1/assistants/{assistant_id}", "/v1/providers/{name}/resume", "/v1/providers/{name}/check",
    "/v1/budgets/{scope:path}/{period}",
}  # fmt: skip

BODIES: dict[str, Any] = {
    "PATCH /v1/images/{image_id}": {"favourite": True},
    "PATCH /v1/boards/{board_id}": {"name": "mine now"},
    "PATCH /v1/webhooks/{webhook_id}": {"enabled": False},
    "PATCH /v1/runs/{run_id}": {"name": "mine now"},
    "POST /v1/jobs/{job_id}/resolve": {"choice": "retry"},
    "PUT /v1/comparisons/{run_id}/winner": {"position": 0},
    "POST /v1/runs/{run_id}/retry": {},
    "PATCH /v1/conversations/{conversation_id}": {"title": "mine now"},
    "POST /v1/conversations/{conversation_id}/messages": {"text": "what did she say?"},
    "POST /v1/pipelines/{run_id}/steps/{step}/redo": {},
    "POST /v1/pipelines/{run_id}/steps/{step}/check": {},
    "POST /v1/pipelines/{run_id}/steps/{step}/choose": {"images": ["0" * 22]},
}


@pytest.fixture(scope="module")
def things(people: People, anna: Person) -> dict[str, str]:
    """One of everything that Anna can have, by the words that addresses use for it."""

    def post(path: str, body: Any, **headers: str) -> Any:
        answer = people.ask(anna, "POST", path, json=body, headers=headers)
        assert answer.status_code < 300, answer.text
        return answer.json()

    made = post("/v1/generations", {"prompt": "a secret", "model": FAST}, prefer="wait=60")
    upload = people.ask(anna, "POST", "/v1/assets", content=picture(), headers={"content-type": "image/png"})
    board = post("/v1/boards", {"name": "hers"})
    people.ask(anna, "PATCH", f"/v1/images/{made['images'][0]['id']}", json={"tags": ["hers"]})
    webhook = post("/v1/webhooks", {"url": "https://example.com/hook", "events": ["generation.finished"]})
    axes = [{"name": "seed", "values": [1, 2]}]
    run = post("/v1/comparisons", {"name": "hers", "request": {"prompt": "x", "model": FAST}, "axes": axes})
    talk = post("/v1/conversations", {"title": "hers", "settings": {"model": FAST}})
    said = post(f"/v1/conversations/{talk['id']}/messages", {"text": "a secret"})
    return {
        "message_id": said["id"],
        "conversation_id": talk["id"],
        "generation_id": made["id"],
        "job_id": made["jobs"][0]["id"],
        "image_id": made["images"][0]["id"],
        "sha256": upload.json()["sha256"],
        "board_id": board["id"],
        "webhook_id": webhook["id"],
        "run_id": run["id"],
        "request_id": made["id"],
        "delivery_id": "0" * 22,
        "step": "cups",
        "app": "fal-ai/flux-2",
    }


def addressed(path: str, things: dict[str, str]) -> str:
    """The address with Anna's things in it."""
    return re.sub(r"\{(\w+)(?::path)?\}", lambda found: things[found[1]], path)


def test_no_address_gives_somebody_elses_things(
    people: People, bob: Person, things: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    tried = 0
    for line in sorted(routes(tmp_path_factory.mktemp("app"))):
        method, path = line.split(" ", 1)
        if "{" not in path or path in LEFT_OUT or RIGHTS.get(line) == "public":  # the studio's screens
            continue
        more: dict[str, Any] = {} if method in {"GET", "DELETE"} else {"json": BODIES.get(line)}
        answer = people.ask(bob, method, addressed(path, things), **more)
        assert answer.status_code == 404, (line, answer.status_code, answer.text[:300])
        tried += 1
    assert tried > 25


def test_what_is_somebody_elses_answers_word_for_word_like_what_is_not_there(
    people: People, bob: Person, things: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Another hint of what to do next was enough to tell which runs there are."""
    nothing = {name: value if name in {"step", "app"} else "0" * len(value) for name, value in things.items()}
    told_apart = []
    for line in sorted(routes(tmp_path_factory.mktemp("app"))):
        method, path = line.split(" ", 1)
        if "{" not in path or path in LEFT_OUT or RIGHTS.get(line) == "public":
            continue
        more: dict[str, Any] = {} if method in {"GET", "DELETE"} else {"json": BODIES.get(line)}
        hers, none = (
            without_ids(people.ask(bob, method, addressed(path, some), **more).text, some) for some in (things, nothing)
        )
        told_apart += [] if hers == none else [(line, hers, none)]
    assert told_apart == []


def without_ids(text: str, things: dict[str, str]) -> str:
    """An answer without the ids that were asked for, also where they are shown in part."""
    for value in sorted(things.values(), key=len, reverse=True):
        text = text.replace(value, "ID").replace(f"{value[:12]}…", "ID")
    return text


def test_the_addresses_were_right(people: People, anna: Person, things: dict[str, str]) -> None:
    for path in (
        "/v1/generations/{generation_id}",
        "/v1/jobs/{job_id}",
        "/v1/images/{image_id}",
        "/v1/images/{image_id}/lineage",
        "/v1/assets/{sha256}",
        "/v1/boards/{board_id}",
        "/v1/webhooks/{webhook_id}",
        "/v1/runs/{run_id}",
        "/v1/runs/{run_id}/items",
    ):
        for person in (anna, people.admin):
            answer = people.ask(person, "GET", addressed(path, things))
            assert answer.status_code == 200, (person.name, path, answer.text[:300])


def test_no_list_shows_somebody_elses_things(
    people: People, bob: Person, things: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    told = ""
    for line in sorted(routes(tmp_path_factory.mktemp("app"))):
        method, path = line.split(" ", 1)
        if method == "GET" and "{" not in path and path.startswith("/v1") and not path.endswith("/events"):
            answer = people.ask(bob, "GET", f"{path}?sandbox=true")
            if answer.status_code == 422:
                answer = people.ask(bob, "GET", path)
            told += answer.text if answer.status_code == 200 else ""
    hers = {name: value for name, value in things.items() if name.endswith("_id") and value != "0" * 22}
    assert not [name for name, value in hers.items() if value in told]
    assert '"hers"' not in told
    assert "a secret" not in told


def test_what_is_done_to_many_leaves_somebody_elses_alone(
    people: People, anna: Person, bob: Person, things: dict[str, str]
) -> None:
    image = things["image_id"]
    before = people.ask(anna, "GET", f"/v1/images/{image}").json()
    for action in ("trash", "delete", "favourite", "hide"):
        answer = people.ask(bob, "POST", "/v1/images/actions", json={"ids": [image], "action": action})
        assert answer.json() == {"done": [], "missing": [image]}
    assert people.ask(bob, "POST", "/v1/images/zip", json={"ids": [image]}).status_code in {400, 404}
    people.ask(bob, "POST", "/v1/images/empty-trash")
    assert people.ask(anna, "GET", f"/v1/images/{image}").json() == before


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/generations", {"prompt": "x", "model": "flux-2-pro", "references": ["{}"]}),
        ("/v1/bulk", {"name": "b", "rows": [{"prompt": "x", "model": "flux-2-pro", "references": ["{}"]}]}),
        ("/v1/bulk", {"name": "b", "sources": ["{}"], "prompts": ["x"]}),
        ("/v1/comparisons", {"name": "c", "request": {"prompt": "x", "references": ["{}"]},
                             "axes": [{"name": "seed", "values": [1, 2]}]}),
        ("/openai/v1/chat/completions", {"model": "flux-2-pro", "messages": [{"role": "user", "content": [
            {"type": "text", "text": "copy"}, {"type": "image_url", "image_url": {"url": "{}"}}]}]}),
        ("/bfl/v1/flux-2-pro", {"prompt": "x", "input_image": "{}"}),
        ("/fal/queue/fal-ai/flux-2-pro/edit", {"prompt": "x", "image_urls": ["{}"]}),
    ],
)  # fmt: skip
@pytest.mark.parametrize(
    "thing", ["image_id", "sha256", "/etc/passwd", "file:///etc/passwd", "https://169.254.169.254/"]
)
def test_no_way_in_takes_what_is_not_ones_own(
    people: People, bob: Person, things: dict[str, str], path: str, body: Any, thing: str
) -> None:
    sent = json.loads(json.dumps(body).replace("{}", things.get(thing, thing)))
    answer = people.ask(bob, "POST", path, json=sent)
    refused = 400 <= answer.status_code < 500
    if path in {"/v1/bulk", "/v1/comparisons"}:  # a run goes on without the items that are wrong
        refused = set(answer.json()["counts"]) == {"invalid"}
    assert refused, answer.text[:300]
    assert "root:" not in answer.text


def test_a_jobs_id_at_a_door_is_no_key_to_it(people: People, anna: Person, bob: Person) -> None:
    made = people.ask(anna, "POST", "/bfl/v1/flux-2-pro", json={"prompt": "a secret"}).json()
    polled = f"/bfl/v1/get_result?id={made['id']}"
    assert people.ask(anna, "GET", polled).status_code == 200
    assert "secret" not in people.ask(bob, "GET", polled).text
    assert people.ask(bob, "GET", polled).json().get("result") is None
    assert people.ask(bob, "GET", polled).json() == people.ask(
        bob, "GET", polled.replace(made["id"], "0" * 22)
    ).json() | {"id": made["id"]}
    queued = people.ask(anna, "POST", "/fal/queue/fal-ai/flux-2-pro", json={"prompt": "a secret"}).json()
    for end in ("", "/status", "/response", "/status/stream"):
        address = f"/fal/queue/fal-ai/flux-2-pro/requests/{queued['request_id']}{end}"
        assert people.ask(bob, "GET", address).status_code == 404, end


def test_nobody_adds_to_somebody_elses_run_or_goes_before_others(
    people: People, anna: Person, bob: Person, things: dict[str, str]
) -> None:
    body = {"prompt": "x", "model": FAST}
    theirs = people.ask(bob, "POST", "/v1/generations", json=body | {"run": things["run_id"]})
    nothing = people.ask(bob, "POST", "/v1/generations", json=body | {"run": "summer"})
    assert (theirs.status_code, nothing.status_code) == (404, 202), "a label of one's own is fine"
    assert people.ask(anna, "POST", "/v1/generations", json=body | {"run": things["run_id"]}).status_code == 202
    rows = {"name": "b", "rows": [body]}
    for path, asked in (("/v1/generations", body), ("/v1/bulk", rows)):
        refused = people.ask(bob, "POST", path, json=asked | {"priority": 11})
        assert (refused.status_code, refused.json()["code"]) == (403, "scope_missing"), path
        assert people.ask(bob, "POST", path, json=asked | {"priority": 10}).status_code < 300
        assert people.ask(people.admin, "POST", path, json=asked | {"priority": 100}).status_code < 300
