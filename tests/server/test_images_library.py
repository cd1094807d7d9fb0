"""The library over HTTP: searched, filtered, counted, marked, trashed and packed."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from tests.server.calls import browser, is_problem, make, picture, settings_at
from tests.server.keyed import keyed_gateway

from fluxroom.imaging import read
from fluxroom.server import create_app

BFL, KLEIN = "bfl/flux-2-pro", "fal/flux-2-klein-4b"


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """A library that the tests only look at."""
    with browser(create_app(settings_at(tmp_path_factory.mktemp("shelf")))) as http:
        make(http, "a red fox in fresh snow", model=BFL, seed=1, image_size={"width": 1024, "height": 768})
        make(http, "a Red lantern by the harbour", model=KLEIN, seed=2, image_size="square")
        make(http, "a blue whale in snow", model=BFL, seed=3, image_size={"width": 768, "height": 1024})
        source = make(http, "ein grüner Garten", model=BFL, seed=4)["images"][0]["id"]
        make(http, "the same at night", model=BFL, seed=5, references=[source])
        yield http


def prompts(http: TestClient, **asked: Any) -> list[str]:
    answer = http.get("/v1/images", params=asked)
    assert answer.status_code == 200, answer.text
    return [one["prompt"] for one in answer.json()["images"]]


def ids(http: TestClient, **asked: Any) -> list[str]:
    return [one["id"] for one in http.get("/v1/images", params=asked).json()["images"]]


def act(http: TestClient, action: str, *some: str, **more: Any) -> dict[str, Any]:
    answer = http.post("/v1/images/actions", json={"ids": list(some), "action": action, **more})
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


def test_the_newest_come_first(shelf: TestClient) -> None:
    assert prompts(shelf)[0] == "the same at night"
    assert prompts(shelf)[-1] == "a red fox in fresh snow"
    assert len(prompts(shelf)) == 5


@pytest.mark.parametrize(
    ("words", "number"),
    [
        ("snow", 2),
        ("SNOW fox", 1),
        ("sno", 2),
        ("sno ", 0),
        ('"fresh snow"', 1),
        ('"snow fresh"', 0),
        ("red", 2),
        ("Grüner", 1),
        ("fox lantern", 0),
        ("'; DROP TABLE images; --", 0),
        ("!!!", 0),
        ("prompt : fox", 0),
        ("fox OR whale", 0),
        ("fox*", 1),
        ("", 5),
        ("   ", 5),
    ],
)
def test_words_find_prompts(shelf: TestClient, words: str, number: int) -> None:
    assert len(prompts(shelf, q=words)) == number


@pytest.mark.parametrize(
    ("asked", "number"),
    [
        ({"model": "flux-2-pro"}, 4),
        ({"model": KLEIN}, 1),
        ({"model": "fal/flux-2-pro"}, 0),
        ({"provider": "fal"}, 1),
        ({"mode": "edit"}, 1),
        ({"sandbox": "true"}, 5),
        ({"sandbox": "false"}, 0),
        ({"orientation": "square"}, 1),
        ({"orientation": "portrait"}, 1),
        ({"longest": 1025}, 0),
        ({"since": "2000-01-01", "until": "2199-01-01"}, 5),
        ({"until": "2000-01-01"}, 0),
        ({"favourite": "true"}, 0),
        ({"trashed": "true"}, 0),
        ({"rating": 1}, 0),
        ({"tag": "nothing"}, 0),
        ({"board": "0" * 22}, 0),
        ({"q": "snow", "model": "flux-2-pro", "orientation": "portrait"}, 1),
    ],
)
def test_filters(shelf: TestClient, asked: dict[str, Any], number: int) -> None:
    assert len(prompts(shelf, **asked)) == number


def test_wrong_filters_are_refused(shelf: TestClient) -> None:
    is_problem(shelf.get("/v1/images?model=nothing"), 404, "unknown_model")
    is_problem(shelf.get("/v1/images?since=2026-02-02&until=2026-02-01"), 400, "invalid_request")
    is_problem(shelf.get("/v1/images?limit=0"), 422, "invalid_body")
    is_problem(shelf.get("/v1/images?before=xyz"), 404, "not_found")


@pytest.mark.parametrize("asked", [{}, {"q": "a"}, {"q": "snow"}, {"provider": "bfl"}])
def test_pages_follow_each_other(shelf: TestClient, asked: dict[str, str]) -> None:
    whole = ids(shelf, **asked)
    found, path = [], shelf.get("/v1/images", params={**asked, "limit": "1"}).json()
    while path["next"]:
        found += [one["id"] for one in path["images"]]
        path = shelf.get(path["next"]).json()
    assert found + [one["id"] for one in path["images"]] == whole


def test_facets_count_as_if_their_own_kind_were_not_asked_for(shelf: TestClient) -> None:
    told = shelf.get("/v1/images/facets").json()
    assert told["total"] == 5
    assert told["provider"] == {"bfl": 4, "fal": 1}
    assert told["mode"] == {"generate": 4, "edit": 1}
    one = shelf.get("/v1/images/facets", params={"model": KLEIN, "q": "a "}).json()
    assert (one["total"], one["provider"]) == (1, {"fal": 1})
    assert one["model"] == {"flux-2-klein-4b": 1}
    other = shelf.get("/v1/images/facets", params={"model": "flux-2-pro", "q": "a "}).json()
    assert other["model"] == {"flux-2-pro": 2, "flux-2-klein-4b": 1}


def test_lineage_goes_both_ways(shelf: TestClient) -> None:
    parent, child = ids(shelf, q="garten")[0], ids(shelf, q="night")[0]
    told = shelf.get(f"/v1/images/{child}/lineage").json()
    assert [one["id"] for one in told["parents"]] == [parent]
    assert (told["children"], told["uploads"]) == ([], [])
    assert [one["id"] for one in shelf.get(f"/v1/images/{parent}/lineage").json()["children"]] == [child]
    assert shelf.get(f"/v1/images/{parent}").json()["lineage"]["children"] == [child]


def test_an_upload_is_a_parent_too(quiet: TestClient) -> None:
    headers = {"content-type": "image/png"}
    digest = quiet.post("/v1/assets", content=picture(), headers=headers).json()["sha256"]
    made = make(quiet, "as a drawing", model=BFL, references=[digest])["images"][0]["id"]
    assert quiet.get(f"/v1/images/{made}/lineage").json()["uploads"] == [digest]


def test_marks(quiet: TestClient) -> None:
    first, second = (make(quiet, f"number {n}")["images"][0]["id"] for n in range(2))
    path = f"/v1/images/{first}"
    told = quiet.patch(path, json={"favourite": True, "rating": 4, "tags": ["night", "client a", "night"]}).json()
    assert (told["favourite"], told["rating"], told["tags"]) == (True, 4, ["client a", "night"])
    assert quiet.patch(path, json={"rating": 5}).json()["tags"] == ["client a", "night"], "what is not named stays"
    assert ids(quiet, favourite="true") == ids(quiet, rating=5) == ids(quiet, tag=["night", "client a"]) == [first]
    assert ids(quiet, favourite="false") == [second]
    assert quiet.patch(path, json={"tags": ["night"]}).json()["tags"] == ["night"]
    assert quiet.get("/v1/images/facets").json()["tag"] == {"night": 1}
    quiet.patch(path, json={"hidden": True})
    assert ids(quiet) == [second]
    assert ids(quiet, hidden="yes") == [second, first]
    assert ids(quiet, hidden="only") == [first]


@pytest.mark.parametrize(
    "body", [{"rating": 6}, {"rating": "5"}, {"tags": [""]}, {"tags": ["  "]}, {"tags": ["a\nb"]}, {"seed": 1}, []]
)
def test_marks_that_cannot_be(shelf: TestClient, body: Any) -> None:
    is_problem(shelf.patch(f"/v1/images/{ids(shelf)[0]}", json=body), 422, "invalid_body")


def test_many_at_once(quiet: TestClient) -> None:
    made = [make(quiet, f"number {n}")["images"][0]["id"] for n in range(3)]
    missing = "0" * 22
    told = act(quiet, "favourite", *made[:2], missing)
    assert (set(told["done"]), told["missing"]) == (set(made[:2]), [missing])
    assert set(ids(quiet, favourite="true")) == set(made[:2])
    act(quiet, "unfavourite", made[0])
    act(quiet, "rate", *made, rating=3)
    act(quiet, "tag", *made, tags=["x", "y"])
    act(quiet, "tag", *made, tags=["y"])
    act(quiet, "untag", made[0], tags=["x"])
    act(quiet, "hide", made[2])
    assert ids(quiet, favourite="true") == [made[1]]
    assert ids(quiet, tag="x", rating=3) == [made[1]]
    act(quiet, "show", made[2])
    assert len(ids(quiet, tag="y")) == 3


def test_the_trash_and_back(quiet: TestClient) -> None:
    one, other = (make(quiet, f"number {n}")["images"][0] for n in range(2))
    path = f"/v1/images/{one['id']}"
    assert quiet.delete(path).status_code == 204
    assert quiet.get(path).json()["trashed_at"]
    assert (ids(quiet), ids(quiet, trashed="true")) == ([other["id"]], [one["id"]])
    assert quiet.get(one["url"]).status_code == 200, "it can still be looked at"
    edited = make(quiet, "from the trash", model=BFL, references=[one["id"]])
    assert edited["state"] == "succeeded", "and used, for as long as it is there"
    assert quiet.post(f"{path}/restore").json()["trashed_at"] is None
    assert one["id"] in ids(quiet)


def test_gone_for_good(quiet: TestClient, tmp_path: Path) -> None:
    made = make(quiet, "soon gone", model=BFL, seed=9)
    one = made["images"][0]
    cached = make(quiet, "soon gone", model=BFL, seed=9)
    again = cached["images"][0]
    assert (again["sha256"], cached["jobs"][0]["cached_from"]) == (one["sha256"], made["jobs"][0]["id"])
    act(quiet, "trash", one["id"])
    third = make(quiet, "soon gone", model=BFL, seed=9)
    assert third["jobs"][0]["cached_from"], "what is in the trash is still there to be given again"
    assert third["images"][0]["id"] in ids(quiet)
    assert quiet.delete(f"/v1/images/{one['id']}?forever=1").status_code == 204
    is_problem(quiet.get(one["url"]), 404, "not_found")
    assert quiet.get(again["url"]).status_code == 200, "the copy lives on, with its bytes"
    kept = quiet.get(f"/v1/generations/{made['id']}").json()
    assert (kept["state"], kept["images"]) == ("succeeded", [])
    assert act(quiet, "delete", again["id"], third["images"][0]["id"])["missing"] == []
    fresh = make(quiet, "soon gone", model=BFL, seed=9)
    assert fresh["jobs"][0]["cached_from"] is None, "nothing is promised that is gone"
    assert len(fresh["images"]) == 1


def test_an_emptied_trash(quiet: TestClient) -> None:
    made = [make(quiet, f"number {n}")["images"][0]["id"] for n in range(3)]
    act(quiet, "trash", *made[:2])
    assert quiet.post("/v1/images/empty-trash").json() == {"deleted": 2}
    assert (ids(quiet), ids(quiet, trashed="true")) == ([made[2]], [])
    assert ids(quiet, q="number") == [made[2]], "and no words of them are left"


def test_boards(quiet: TestClient) -> None:
    made = [make(quiet, f"number {n}")["images"][0]["id"] for n in range(3)]
    board = quiet.post("/v1/boards", json={"name": " Winter "}).json()
    assert (board["name"], board["images"], board["cover"]) == ("Winter", 0, None)
    act(quiet, "add_to_board", *made[:2], board=board["id"])
    act(quiet, "add_to_board", made[1], board=board["id"])
    told = quiet.get(f"/v1/boards/{board['id']}").json()
    assert (told["images"], told["cover"]) == (2, made[1])
    assert ids(quiet, board=board["id"]) == [made[1], made[0]]
    assert [one["id"] for one in quiet.get(board["url"]).json()["images"]] == [made[1], made[0]]
    assert ids(quiet, board=board["id"], q="0") == [made[0]]
    assert quiet.get(f"/v1/images/{made[0]}").json()["boards"] == [board["id"]]
    assert quiet.get("/v1/images/facets", params={"board": board["id"]}).json()["total"] == 2
    act(quiet, "remove_from_board", made[0], board=board["id"])
    act(quiet, "trash", made[1])
    assert quiet.patch(f"/v1/boards/{board['id']}", json={"name": "Summer"}).json()["images"] == 0
    assert [one["name"] for one in quiet.get("/v1/boards").json()["boards"]] == ["Summer"]
    assert quiet.delete(f"/v1/boards/{board['id']}").status_code == 204
    assert quiet.get("/v1/boards").json() == {"boards": []}
    assert len(ids(quiet, trashed="true")) + len(ids(quiet)) == 3, "the images stay"
    is_problem(quiet.get(f"/v1/boards/{board['id']}"), 404, "not_found")
    body = {"ids": made, "action": "add_to_board", "board": board["id"]}
    is_problem(quiet.post("/v1/images/actions", json=body), 404, "not_found")
    is_problem(quiet.post("/v1/boards", json={"name": " "}), 422, "invalid_body")


def packed(http: TestClient, *some: str, **more: Any) -> zipfile.ZipFile:
    answer = http.post("/v1/images/zip", json={"ids": list(some), **more})
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/zip"
    assert "attachment" in answer.headers["content-disposition"]
    return zipfile.ZipFile(io.BytesIO(answer.content))


def test_a_zip_of_a_selection(quiet: TestClient, tmp_path: Path) -> None:
    wanted = [make(quiet, f"=fox {n}", model=BFL, seed=n)["images"][0] for n in range(3)]
    (tmp_path / "own" / "blobs" / wanted[2]["sha256"][:2] / wanted[2]["sha256"]).unlink()
    archive = packed(quiet, *(one["id"] for one in wanted), "0" * 22)
    assert archive.testzip() is None
    assert all(entry.compress_type == zipfile.ZIP_STORED for entry in archive.infolist())
    assert all(not entry.flag_bits & 0x08 for entry in archive.infolist()), "sizes stand before the bytes"
    *names, table = archive.namelist()
    assert table == "images.csv"
    assert all(name.isascii() and "/" not in name for name in names)
    assert read(archive.read(names[0]))["prompt"] == "=fox 0"
    rows = list(csv.DictReader(io.StringIO(archive.read(table).decode("utf-8-sig"))))
    assert [row["file"] for row in rows] == [*names, ""], "the one whose bytes are gone is named"
    assert [row["prompt"] for row in rows] == ["'=fox 0", "'=fox 1", "'=fox 2"], "no formula for a spreadsheet"
    assert rows[0]["charge_state"] == "charged"
    plain = packed(quiet, wanted[0]["id"], metadata=False)
    assert plain.read(plain.namelist()[0]) == quiet.get(wanted[0]["url"]).content
    is_problem(quiet.post("/v1/images/zip", json={"ids": ["0" * 22]}), 400, "invalid_request")
    is_problem(quiet.post("/v1/images/zip", json={"ids": []}), 422, "invalid_body")


def test_nobody_sees_or_changes_what_is_anothers(tmp_path: Path) -> None:
    with keyed_gateway(tmp_path) as people:
        anna, ben = people.join("anna"), people.join("ben")
        body = {"prompt": "a secret fox", "model": BFL}
        asked = people.ask(anna, "POST", "/v1/generations", json=body, headers={"prefer": "wait=60"})
        one = asked.json()["images"][0]["id"]
        board = people.ask(anna, "POST", "/v1/boards", json={"name": "mine"}).json()["id"]
        actions = "/v1/images/actions"
        people.ask(anna, "POST", actions, json={"ids": [one], "action": "add_to_board", "board": board})

        assert people.ask(ben, "GET", "/v1/images").json()["images"] == []
        assert people.ask(ben, "GET", f"/v1/images?board={board}").json()["images"] == []
        assert people.ask(ben, "GET", "/v1/images?q=fox").json()["images"] == []
        assert people.ask(ben, "GET", "/v1/images/facets").json()["total"] == 0
        for method, path in (
            ("GET", ""), ("GET", "/file"), ("GET", "/thumbnail"), ("GET", "/lineage"), ("DELETE", ""),
            ("DELETE", "?forever=1"), ("POST", "/restore"),
        ):  # fmt: skip
            assert people.ask(ben, method, f"/v1/images/{one}{path}").status_code == 404, path
        assert people.ask(ben, "PATCH", f"/v1/images/{one}", json={"rating": 1}).status_code == 404
        for action in ("favourite", "trash", "delete", "tag"):
            told = people.ask(ben, "POST", actions, json={"ids": [one], "action": action, "tags": ["x"]}).json()
            assert told == {"done": [], "missing": [one]}
        assert people.ask(ben, "POST", "/v1/images/zip", json={"ids": [one]}).status_code == 400
        for method, path in (("GET", ""), ("DELETE", "")):
            assert people.ask(ben, method, f"/v1/boards/{board}{path}").status_code == 404
        assert people.ask(ben, "PATCH", f"/v1/boards/{board}", json={"name": "x"}).status_code == 404
        assert people.ask(ben, "POST", "/v1/images/empty-trash").json() == {"deleted": 0}

        seen = people.ask(anna, "GET", f"/v1/images/{one}").json()
        assert (seen["favourite"], seen["tags"], seen["trashed_at"]) == (False, [], None)
        assert len(people.ask(people.admin, "GET", "/v1/images").json()["images"]) == 1, "an admin sees everybody's"


def test_a_selection_larger_than_memory_would_like(shelf: TestClient) -> None:
    """The same few pictures many times over are packed one by one: what is kept is one picture."""
    from fluxroom.flows.runs.packing import _Window

    window = _Window()
    largest = 0
    with zipfile.ZipFile(window, "w", zipfile.ZIP_STORED) as archive:
        for number in range(50):
            archive.writestr(f"{number}.bin", bytes(100_000))
            largest = max(largest, len(window.taken()))
    assert largest < 101_000
