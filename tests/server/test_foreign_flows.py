"""Somebody else's runs, pipelines and conversations: not there on any way, and untouched after every try.

`test_foreign` tries every address; here the run is a pipeline that waits for its person, so that each word would count.
"""

from __future__ import annotations

import io
import zipfile
from typing import Any

import pytest
from tests.server.calls import FAST, is_problem, picture, read_events
from tests.server.keyed import People, Person

REVIEWED: dict[str, Any] = {
    "version": 1,
    "name": "hers",
    "inputs": {"colour": {"kind": "text", "default": "red"}},
    "steps": [
        {
            "name": "cups",
            "do": "generate",
            "model": FAST,
            "prompt": ["a secret {{inputs.colour}} cup", "a bowl"],
            "seed": 1,
            "checkpoint": True,
        },
        {"name": "best", "do": "select", "from": "{{steps.cups.images}}", "by": "person"},
        {"name": "dusk", "do": "edit", "model": FAST, "references": ["{{steps.best.image}}"], "prompt": "at dusk"},
    ],
}


def told(people: People, person: Person, path: str) -> dict[str, Any]:
    answer = people.ask(person, "GET", path)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def rested(people: People, person: Person, run: str) -> dict[str, Any]:
    """A run, followed until it rests."""
    events = read_events(people.ask(person, "GET", f"/v1/runs/{run}/events").text)
    assert events[-1][0] == "end"
    found: dict[str, Any] = events[-1][2]
    return found


def begun(people: People, person: Person, pipeline: dict[str, Any] = REVIEWED, **headers: str) -> str:
    answer = people.ask(person, "POST", "/v1/pipelines", json={"pipeline": pipeline}, headers=headers)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


@pytest.fixture(scope="module")
def hers(people: People, anna: Person) -> str:
    """Anna's pipeline, which waits for her."""
    run = begun(people, anna)
    assert rested(people, anna, run)["state"] == "review"
    return run


def whole(people: People, anna: Person, run: str) -> tuple[Any, Any]:
    return told(people, anna, f"/v1/runs/{run}"), told(people, anna, f"/v1/runs/{run}/items")


WORDS: list[tuple[str, str, Any]] = [
    ("GET", "/v1/runs/{}", None),
    ("GET", "/v1/runs/{}/items", None),
    ("GET", "/v1/runs/{}/items?state=done&limit=1", None),
    ("GET", "/v1/runs/{}/events", None),
    ("GET", "/v1/runs/{}/zip", None),
    ("GET", "/v1/runs/{}/zip?metadata=false", None),
    ("GET", "/v1/runs/{}/csv", None),
    ("PATCH", "/v1/runs/{}", {"name": "mine now", "hidden": True, "tags": ["x"]}),
    ("POST", "/v1/runs/{}/pause", None),
    ("POST", "/v1/runs/{}/resume", None),
    ("POST", "/v1/runs/{}/cancel", None),
    ("POST", "/v1/runs/{}/retry", {"states": ["failed"]}),
    ("POST", "/v1/pipelines/{}/steps/cups/approve", None),
    ("POST", "/v1/pipelines/{}/steps/nothing/approve", None),
    ("POST", "/v1/pipelines/{}/steps/best/choose", {"images": ["0" * 22]}),
    ("POST", "/v1/pipelines/{}/steps/cups/check", {"fields": {"prompt": "mine"}}),
    ("POST", "/v1/pipelines/{}/steps/cups/redo", {"fields": {"prompt": "mine"}}),
    ("POST", "/v1/pipelines/{}/steps/cups/redo", {}),
    ("GET", "/v1/comparisons/{}/sheet", None),
    ("PUT", "/v1/comparisons/{}/winner", {"position": 0}),
]


def test_a_run_that_waits_for_somebody_is_not_there_for_anybody_else(
    people: People, anna: Person, bob: Person, hers: str
) -> None:
    before = whole(people, anna, hers)
    for method, path, body in WORDS:
        more = {} if body is None else {"json": body}
        real = people.ask(bob, method, path.format(hers), **more)
        none = people.ask(bob, method, path.format("0" * 22), **more)
        is_problem(real, 404, "not_found")
        assert real.text.replace(hers, "ID") == none.text.replace("0" * 22, "ID"), (method, path)
    assert whole(people, anna, hers) == before


def test_without_a_key_nobody_learns_whether_there_is_one(people: People, hers: str) -> None:
    for method, path, body in WORDS:
        more = {} if body is None else {"json": body}
        assert people.ask(None, method, path.format(hers), **more).status_code == 401, (method, path)


def test_who_may_only_read_says_nothing(people: People, hers: str) -> None:
    reader = people.join("reader", scopes=["read"])
    for method, path, body in WORDS:
        answer = people.ask(reader, method, path.format(hers), **({} if body is None else {"json": body}))
        assert answer.status_code == (404 if method == "GET" else 403), (method, path)


def test_a_list_begins_nowhere_where_somebody_elses_run_is(
    people: People, anna: Person, bob: Person, hers: str
) -> None:
    own = begun(people, bob, {**REVIEWED, "name": "his"})
    assert rested(people, bob, own)["state"] == "review"
    for query in ("", "?q=secret", "?q=hers", "?kind=pipeline", "?state=review", "?limit=1", "?hidden=true"):
        found = [run["id"] for run in told(people, bob, f"/v1/runs{query}")["runs"]]
        assert hers not in found, query
    assert told(people, bob, f"/v1/runs?before={hers}")["runs"] == []
    assert [run["id"] for run in told(people, anna, f"/v1/runs?before={own}")["runs"]] == [hers]
    assert {hers, own} <= {run["id"] for run in told(people, people.admin, "/v1/runs")["runs"]}


def test_nobody_lets_somebody_elses_pictures_go_on(people: People, anna: Person, bob: Person, hers: str) -> None:
    """A run in review, of his own: the choice is his, the pictures are hers."""
    theirs = [one["id"] for item in told(people, anna, f"/v1/runs/{hers}/items")["items"] for one in item["images"]]
    own = begun(people, bob, {**REVIEWED, "name": "chooses"})
    rested(people, bob, own)
    assert people.ask(bob, "POST", f"/v1/pipelines/{own}/steps/cups/approve").status_code == 200
    assert rested(people, bob, own)["waits_for"]["to_do"] == "choose"
    refused = people.ask(bob, "POST", f"/v1/pipelines/{own}/steps/best/choose", json={"images": theirs})
    assert refused.status_code == 400
    assert "is none of its pictures" in refused.json()["detail"]
    shown = told(people, bob, f"/v1/runs/{own}")["waits_for"]["images"]
    assert not {one["id"] for one in shown} & set(theirs)
    chosen = people.ask(bob, "POST", f"/v1/pipelines/{own}/steps/best/choose", json={"images": [shown[0]["id"]]})
    assert chosen.status_code == 200
    assert rested(people, bob, own)["state"] == "finished"


def test_the_same_key_and_the_same_pipeline_are_two_runs_of_two_people(
    people: People, anna: Person, bob: Person
) -> None:
    """Neither an idempotency key nor a digest is anybody's but its owner's."""
    headers = {"idempotency-key": "same"}
    named = {**REVIEWED, "name": "both"}
    one, two = begun(people, anna, named, **headers), begun(people, bob, named, **headers)
    assert one != two
    assert begun(people, anna, named, **headers) == one
    sheet = {"name": "both", "rows": [{"prompt": "a cup", "model": FAST, "seed": 5}]}
    first, second = (people.ask(person, "POST", "/v1/bulk", json=sheet) for person in (anna, bob))
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json()["id"] != second.json()["id"]
    for person, run in ((anna, first), (bob, second)):
        assert rested(people, person, run.json()["id"])["counts"] == {"done": 1}
    items = told(people, bob, f"/v1/runs/{second.json()['id']}/items")["items"]
    assert items[0]["charge"] == "charged", "what she has made is no cache of his"
    checked = people.ask(bob, "POST", "/v1/bulk/check", json={**sheet, "name": "again"})
    assert checked.json()["exists"] == 1
    stranger = people.join("carol")
    assert people.ask(stranger, "POST", "/v1/bulk/check", json=sheet).json()["exists"] == 0


def test_what_somebody_hands_over_is_all_their_own(people: People, anna: Person, bob: Person, hers: str) -> None:
    archive = people.ask(anna, "GET", f"/v1/runs/{hers}/zip")
    assert archive.status_code == 200
    with zipfile.ZipFile(io.BytesIO(archive.content)) as packed:
        assert len(packed.namelist()) == 3
        assert b"a secret red cup" in packed.read("results.csv")
    with_admin = people.ask(people.admin, "GET", f"/v1/runs/{hers}/csv")
    assert with_admin.status_code == 200, "an admin sees everybody's"
    assert people.ask(bob, "GET", f"/v1/runs/{hers}/csv").status_code == 404


# conversations -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def talk(people: People, anna: Person) -> dict[str, str]:
    """Anna's conversation, with one answer."""
    where = people.ask(anna, "POST", "/v1/conversations", json={"title": "hers", "settings": {"model": FAST}}).json()
    path = f"/v1/conversations/{where['id']}/messages"
    said = people.ask(anna, "POST", path, json={"text": "a secret"}, headers={"prefer": "wait=30"})
    assert said.status_code == 200, said.text
    return {"id": where["id"], "message": said.json()["id"], "image": said.json()["images"][0]["id"]}


def test_a_message_is_found_only_in_its_own_talk(
    people: People, anna: Person, bob: Person, talk: dict[str, str]
) -> None:
    own = people.ask(bob, "POST", "/v1/conversations", json={"settings": {"model": FAST}}).json()["id"]
    for where in (own, talk["id"]):
        for query in ("", "?images=data"):
            answer = people.ask(bob, "GET", f"/v1/conversations/{where}/messages/{talk['message']}{query}")
            is_problem(answer, 404, "not_found")
    after = told(people, bob, f"/v1/conversations/{own}?after={talk['message']}")
    assert after["messages"] == []
    assert told(people, bob, "/v1/conversations?q=secret")["conversations"] == []
    assert talk["id"] not in str(told(people, bob, f"/v1/conversations?before={'z' * 22}"))


def test_every_way_into_a_talk_is_closed_and_nothing_in_it_changes(
    people: People, anna: Person, bob: Person, talk: dict[str, str]
) -> None:
    at = f"/v1/conversations/{talk['id']}"
    before = told(people, anna, at)
    for method, path, body in (
        ("GET", at, None),
        ("GET", f"{at}/events", None),
        ("GET", f"{at}/messages/last", None),
        ("GET", f"{at}/messages/last?images=data", None),
        ("POST", f"{at}/messages", {"text": "mine"}),
        ("POST", f"{at}/messages", {"text": "mine", "options": {"priority": 3}}),
        ("POST", f"{at}/stop", None),
        ("PATCH", at, {"title": "mine"}),
        ("PATCH", at, {"settings": {"model": "flux-2-pro"}}),
        ("DELETE", at, None),
    ):
        answer = people.ask(bob, method, path, **({} if body is None else {"json": body}))
        is_problem(answer, 404, "not_found")
        assert "secret" not in answer.text
    assert told(people, anna, at) == before


def test_a_talk_takes_no_picture_of_somebody_elses_in_any_field(
    people: People, anna: Person, bob: Person, talk: dict[str, str]
) -> None:
    uploaded = people.ask(anna, "POST", "/v1/assets", content=picture(), headers={"content-type": "image/png"}).json()
    own = people.ask(bob, "POST", "/v1/conversations", json={"settings": {"model": "flux-pro-fill"}}).json()["id"]
    for name in (uploaded["sha256"], talk["image"]):
        for body in (
            {"text": "x", "pictures": [name]},
            {"text": "x", "options": {"references": [name]}},
            {"text": "x", "options": {"mask": name}},
        ):
            answer = people.ask(bob, "POST", f"/v1/conversations/{own}/messages", json=body)
            is_problem(answer, 422, "invalid_reference")
        settled = people.ask(bob, "PATCH", f"/v1/conversations/{own}", json={"settings": {"mask": name}})
        if settled.status_code == 200:  # kept as words; used, it is refused
            said = people.ask(bob, "POST", f"/v1/conversations/{own}/messages", json={"text": "x"})
            is_problem(said, 422, "invalid_reference")
    assert told(people, bob, f"/v1/conversations/{own}")["messages"] == []


def test_a_key_that_is_gone_leaves_what_it_has_made_to_the_admin(people: People) -> None:
    gone = people.join("gone")
    run = begun(people, gone, {**REVIEWED, "name": "left"})
    rested(people, gone, run)
    assert people.ask(people.admin, "DELETE", f"/v1/keys/{gone.id}").status_code in {200, 204}
    assert people.ask(gone, "GET", f"/v1/runs/{run}").status_code == 401
    assert told(people, people.admin, f"/v1/runs/{run}")["state"] == "review"
    stopped = people.ask(people.admin, "POST", f"/v1/runs/{run}/cancel")
    assert stopped.json()["run"]["state"] == "cancelled"
