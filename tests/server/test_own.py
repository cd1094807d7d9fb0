"""What is whose, on a gateway with keys: pictures to work from, requests to repeat, prices that were paid."""

from __future__ import annotations

from typing import Any

from tests.server.calls import FAST, is_problem, picture
from tests.server.keyed import People, Person

WAIT = {"prefer": "wait=60"}


def make(people: People, person: Person, **body: Any) -> Any:
    asked = {"prompt": "a fox", "model": f"bfl/{FAST}", **body}
    return people.ask(person, "POST", "/v1/generations", json=asked, headers=WAIT)


def test_files_of_a_form_are_ones_own(people: People, anna: Person) -> None:
    files = {"references": ("a.png", picture((1, 2, 3)), "image/png")}
    fields = {"prompt": "make it dusk", "model": "bfl/flux-2-pro"}
    answer = people.ask(anna, "POST", "/v1/generations", data=fields, files=files, headers=WAIT)
    assert (answer.status_code, answer.json()["mode"]) == (200, "edit")


def test_what_was_sent_along_once_can_be_named_again_by_its_sender_alone(
    people: People, anna: Person, bob: Person
) -> None:
    files = {"references": ("a.png", picture((7, 8, 9)), "image/png")}
    fields = {"prompt": "make it dawn", "model": "bfl/flux-2-pro"}
    first = people.ask(anna, "POST", "/v1/generations", data=fields, files=files, headers=WAIT).json()
    sha256 = first["references"][0]["sha256"]
    again = make(people, anna, model="bfl/flux-2-pro", references=[sha256])
    assert again.status_code == 200
    is_problem(make(people, bob, model="bfl/flux-2-pro", references=[sha256]), 422, "invalid_reference")
    assert make(people, people.admin, model="bfl/flux-2-pro", references=[sha256]).status_code == 200


def test_a_mask_is_looked_at_like_a_reference(people: People, anna: Person, bob: Person) -> None:
    made = make(people, anna, prompt="a secret mask").json()["images"][0]
    own = make(people, bob, prompt="a room").json()["images"][0]
    for stolen in (made["id"], made["sha256"]):
        body = {"model": "bfl/flux-pro-fill", "references": [own["id"]], "mask": stolen}
        is_problem(make(people, bob, **body), 422, "invalid_reference")


def test_an_upload_is_its_owners(people: People, anna: Person, bob: Person) -> None:
    headers = {"content-type": "image/png"}
    data = picture((50, 60, 70))
    sha256 = people.ask(anna, "POST", "/v1/assets", content=data, headers=headers).json()["sha256"]
    body = {"model": "bfl/flux-2-pro", "references": [sha256]}
    assert make(people, anna, **body).status_code == 200
    is_problem(make(people, bob, **body), 422, "invalid_reference")
    people.ask(bob, "POST", "/v1/assets", content=data, headers=headers)
    assert make(people, bob, **body).status_code == 200


def test_nobody_repeats_what_is_not_theirs(people: People, anna: Person, bob: Person) -> None:
    failed = make(people, anna, prompt="a fox [[fault:submit-402 x1]]").json()
    assert failed["state"] == "failed"
    address = f"/v1/generations/{failed['id']}/retry"
    is_problem(people.ask(bob, "POST", address), 404, "not_found")
    told = people.ask(anna, "POST", address, headers=WAIT).json()
    assert told["state"] == "succeeded"


def test_lists_and_searches_show_ones_own(people: People, anna: Person, bob: Person) -> None:
    made = make(people, anna, prompt="an unmistakable walrus").json()["id"]
    for query in ("q=walrus", "state=succeeded", f"model={FAST}", "sandbox=true"):
        address = f"/v1/generations?{query}&limit=200"
        ids = [one["id"] for one in people.ask(bob, "GET", address).json()["generations"]]
        assert made not in ids
        assert made in [one["id"] for one in people.ask(anna, "GET", address).json()["generations"]]
        assert made in [one["id"] for one in people.ask(people.admin, "GET", address).json()["generations"]]


def test_prices_that_were_paid_are_told_to_who_paid_them(people: People, anna: Person) -> None:
    def price(person: Person) -> Any:
        told = people.ask(person, "GET", "/v1/models/bfl/flux-2-max")
        found = told.json()["routes"]["bfl"]["modes"]["generate"]["measured"]
        return found and found["price"]

    make(people, anna, model="bfl/flux-2-max")
    assert price(anna) is not None
    assert price(people.join("somebody-new")) is None


def test_an_idempotency_key_is_ones_own(people: People, anna: Person, bob: Person) -> None:
    body = {"prompt": "a fox", "model": f"bfl/{FAST}"}
    headers = {"idempotency-key": "the-same", **WAIT}
    first = people.ask(anna, "POST", "/v1/generations", json=body, headers=headers).json()
    other = people.ask(bob, "POST", "/v1/generations", json=body, headers=headers).json()
    assert first["id"] != other["id"]
    assert people.ask(anna, "POST", "/v1/generations", json=body, headers=headers).json()["id"] == first["id"]
