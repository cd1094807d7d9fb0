"""Pipelines over HTTP: templates, prices, prompts, what a person says, and a run as a ZIP file."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from jsonschema import Draft202012Validator
from PIL import Image
from tests.flows.chat_server import Chat, chatting, raw, writing
from tests.server.calls import FAST, browser, is_problem, make, picture, settings_at
from tests.server.keyed import People, Person, keyed_gateway
from tests.server.test_runs import items, rested

from fluxroom.flows.pipelines.shipped import NAMES
from fluxroom.server import create_app

CUPS: dict[str, Any] = {
    "version": 1,
    "name": "two cups",
    "inputs": {"colours": {"kind": "text", "default": "red|blue"}},
    "steps": [
        {"name": "words", "do": "prompt", "template": "a {{{inputs.colours}}} cup"},
        {"name": "cups", "do": "generate", "model": f"bfl/{FAST}", "prompt": "{{steps.words.texts}}", "seed": 4},
    ],
}


def begun(http: TestClient, body: dict[str, Any], **headers: str) -> dict[str, Any]:
    answer = http.post("/v1/pipelines", json=body, headers=headers)
    assert answer.status_code == 201, answer.text
    assert answer.headers["location"] == f"/v1/runs/{answer.json()['id']}"
    found: dict[str, Any] = answer.json()
    return found


# templates -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("language", "title"), [("en", "Product shot set"), ("de", "Produktfotos in Serie")])
def test_templates_in_the_language_that_is_asked_for(http: TestClient, language: str, title: str) -> None:
    listed = http.get("/v1/pipelines/templates", params={"language": language}).json()["templates"]
    assert [one["name"] for one in listed] == list(NAMES)
    assert listed[0]["title"] == title
    schema = Draft202012Validator(http.get("/v1/pipelines/schema").json())
    for one in listed:
        schema.validate(one["pipeline"])
        assert one == http.get(f"/v1/pipelines/templates/{one['name']}", params={"language": language}).json()
    is_problem(http.get("/v1/pipelines/templates/none"), 404, "not_found")
    assert http.get("/v1/pipelines/templates?language=fr").status_code == 422


def test_a_template_is_what_the_gateway_runs(http: TestClient) -> None:
    one = http.get("/v1/pipelines/templates/background-change").json()
    photo = http.post("/v1/assets", content=picture(), headers={"content-type": "image/png"}).json()["sha256"]
    given = {"photos": [photo], "background": "a beach", "variants": 1}
    for form in (one["pipeline"], one["text"]):
        priced = http.post("/v1/pipelines/check", json={"pipeline": form, "inputs": given}).json()
        assert [step["state"] for step in priced["steps"]] == ["ok", "ok", "ok"]
        assert priced["pipeline"] == one["pipeline"]
    run = rested(http, begun(http, {"pipeline": one["text"], "inputs": given})["id"])
    assert (run["state"], run["waits_for"]["step"], run["waits_for"]["to_do"]) == ("review", "change", "approve")
    at = f"/v1/pipelines/{run['id']}/steps"
    http.post(f"{at}/change/approve")
    run = rested(http, run["id"])
    assert run["waits_for"]["to_do"] == "choose"
    http.post(f"{at}/pick/choose", json={"images": [run["waits_for"]["images"][0]["id"]]})
    run = rested(http, run["id"])
    assert (run["state"], run["waits_for"], run["counts"]) == ("finished", None, {"done": 2})


# prices --------------------------------------------------------------------------------------------------------------


def test_a_price_before_anything_is_sent(quiet: TestClient) -> None:
    priced = quiet.post("/v1/pipelines/check", json={"pipeline": CUPS}).json()
    assert [(step["name"], step["state"], step["requests"]) for step in priced["steps"]] == [
        ("words", "ok", 0),
        ("cups", "ok", 2),
    ]
    assert priced["low"] == priced["high"]
    assert priced["text"].startswith("2 requests for $")
    assert quiet.get("/v1/jobs").json()["jobs"] == []
    assert quiet.get("/v1/runs").json()["runs"] == []
    run = rested(quiet, begun(quiet, {"pipeline": CUPS})["id"])
    assert run["charged"] == priced["low"]
    again = quiet.post("/v1/pipelines/check", json={"pipeline": CUPS}).json()
    assert (again["low"], again["steps"][1]["exists"]) == ("0", 2)


def test_a_missing_input_is_no_problem_for_a_price_and_one_for_a_run(http: TestClient) -> None:
    asked = {**CUPS, "inputs": {"colours": {"kind": "text"}}}
    priced = http.post("/v1/pipelines/check", json={"pipeline": asked})
    assert (priced.status_code, priced.json()["missing"], priced.json()["high"]) == (200, ["colours"], None)
    is_problem(http.post("/v1/pipelines", json={"pipeline": asked}), 422, "invalid_params")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"pipeline": "version: 1\nname: x"},
        {"pipeline": 7},
        {"pipeline": CUPS, "inputs": {"size": 1}},
        {"pipeline": CUPS, "inputs": {"colours": 5}},
        {"pipeline": CUPS, "speed": "1"},
    ],
)
@pytest.mark.parametrize("path", ["/v1/pipelines", "/v1/pipelines/check"])
def test_what_is_no_pipeline_is_a_problem(http: TestClient, path: str, body: dict[str, Any]) -> None:
    answer = http.post(path, json=body)
    is_problem(answer, 422, answer.json()["code"])


def test_a_step_that_cannot_be_is_told_by_its_name_and_nothing_is_sent(quiet: TestClient) -> None:
    wrong = {**CUPS, "steps": [*CUPS["steps"], {"name": "last", "do": "generate", "model": "flux-9", "prompt": "x"}]}
    priced = quiet.post("/v1/pipelines/check", json={"pipeline": wrong}).json()
    assert (priced["steps"][2]["state"], priced["steps"][2]["error"]["code"]) == ("invalid", "unknown_model")
    problem = is_problem(quiet.post("/v1/pipelines", json={"pipeline": wrong}), 422, "invalid_params")
    assert problem["detail"].startswith("steps.last: There is no model 'flux-9'")
    assert quiet.get("/v1/jobs").json()["jobs"] == []


def test_the_price_of_making_a_step_again(http: TestClient) -> None:
    run = rested(http, begun(http, {"pipeline": {**CUPS, "name": "again"}})["id"])
    at = f"/v1/pipelines/{run['id']}/steps/cups"
    same = http.post(f"{at}/check", json={}).json()
    assert (same["low"], same["steps"][0]["state"], same["steps"][1]["exists"]) == ("0", "made", 2)
    other = http.post(f"{at}/check", json={"fields": {"seed": 77}}).json()
    assert float(other["low"]) > 0
    assert http.get(f"/v1/runs/{run['id']}").json() == run
    assert http.post(f"{at}/check", json={"fields": {"glow": 1}}).json()["steps"][1]["state"] == "invalid"
    is_problem(http.post(f"{at}/redo", json={"fields": {"glow": 1}}), 422, "invalid_params")
    is_problem(http.post(f"/v1/pipelines/{run['id']}/steps/none/check", json={}), 422, "invalid_params")


def test_the_same_idempotency_key_leads_to_the_same_run(http: TestClient) -> None:
    body = {"pipeline": {**CUPS, "name": "once"}}
    key = {"idempotency-key": "once-and-for-all"}
    first, second = begun(http, body, **key), begun(http, body, **key)
    assert first["id"] == second["id"]
    other = http.post("/v1/pipelines", json={**body, "inputs": {"colours": "blue"}}, headers=key)
    is_problem(other, 409, "idempotency_conflict")
    rested(http, first["id"])
    http.post(f"/v1/pipelines/{first['id']}/steps/cups/redo", json={"fields": {"seed": 99}})
    assert begun(http, body, **key)["id"] == first["id"]  # as it was asked for, whatever was changed since


def test_a_budget_of_the_run_pauses_it_and_nobody_elses(quiet: TestClient) -> None:
    run = rested(quiet, begun(quiet, {"pipeline": CUPS, "budget": "0.001"})["id"])
    assert run["state"] == "paused"
    assert "budget" in run["why"]
    assert quiet.get("/v1/jobs").json()["jobs"] == []
    assert quiet.delete(f"/v1/budgets/run:{run['id']}/total").status_code == 204
    assert quiet.post(f"/v1/runs/{run['id']}/resume").status_code == 200
    assert rested(quiet, run["id"])["counts"] == {"done": 2}
    assert quiet.post("/v1/pipelines", json={"pipeline": CUPS, "budget": "much"}).status_code == 400


def test_a_pipeline_that_goes_on_takes_the_new_budget_and_a_repetition_under_its_key_takes_none(
    quiet: TestClient,
) -> None:
    def most(run: str) -> list[float]:
        found = quiet.get("/v1/budgets").json()["budgets"]
        return [float(one["most"]) for one in found if one["scope"] == f"run:{run}"]

    run = rested(quiet, begun(quiet, {"pipeline": CUPS, "budget": "0.001"})["id"])
    assert (run["state"], most(run["id"])) == ("paused", [0.001])
    assert begun(quiet, {"pipeline": CUPS, "budget": "0.002"})["id"] == run["id"]
    assert most(run["id"]) == [0.002]
    assert begun(quiet, {"pipeline": CUPS})["id"] == run["id"]
    assert most(run["id"]) == [0.002]
    assert begun(quiet, {"pipeline": CUPS, "budget": "5"})["id"] == run["id"]
    assert quiet.post(f"/v1/runs/{run['id']}/resume").status_code == 200
    assert rested(quiet, run["id"])["counts"] == {"done": 2}
    # Under a key the same call may come late: what a person has decided since then stays.
    keyed = {"pipeline": {**CUPS, "name": "keyed"}, "budget": "0.001"}
    late = begun(quiet, keyed, **{"idempotency-key": "k"})["id"]
    assert quiet.put(f"/v1/budgets/run:{late}/total", json={"most": "7"}).status_code == 200
    assert begun(quiet, keyed, **{"idempotency-key": "k"})["id"] == late
    assert most(late) == [7.0]


def test_a_priority_before_everybody_elses_is_for_admins(tmp_path: Path) -> None:
    with keyed_gateway(tmp_path / "data") as people:
        anna = people.join("anna", scopes=["generate", "read"])
        for path, body in (
            ("/v1/pipelines", {"pipeline": CUPS}),
            ("/v1/comparisons", {"name": "c", "request": {"prompt": "x"}, "axes": [{"name": "seed", "values": [1]}]}),
        ):
            is_problem(people.ask(anna, "POST", path, json={**body, "priority": 11}), 403, "scope_missing")
            is_problem(people.ask(anna, "POST", path, json={**body, "priority": 101}), 422, "invalid_body")
            assert people.ask(anna, "POST", path, json={**body, "priority": 10}).status_code == 201
            assert people.ask(people.admin, "POST", path, json={**body, "priority": 100}).status_code == 201


# prompts -------------------------------------------------------------------------------------------------------------


@pytest.fixture
def chat() -> Iterator[Chat]:
    with chatting(writing()) as found:
        yield found


@pytest.fixture
def written(chat: Chat, tmp_path: Path) -> Iterator[TestClient]:
    settings = settings_at(
        tmp_path / "data", writer_url=chat.url, writer_key="planted-writer-key-123456", writer_model="small-1"
    )
    with browser(create_app(settings)) as client:
        yield client


def test_prompts_by_a_language_model(written: TestClient, chat: Chat) -> None:
    body = {"prompt": "a red fox", "model": "flux-2-pro", "count": 4, "guidance": "other seasons"}
    told = written.post("/v1/prompts/expansions", json=body).json()
    assert (len(told["prompts"]), told["by"], told["note"]) == (4, "small-1", "")
    assert "other seasons" in json.dumps(chat.asked)
    chat.say = raw(b"{}", status=429)
    told = written.post("/v1/prompts/expansions", json=body).json()
    assert (len(told["prompts"]), told["by"]) == (4, "template")
    assert "quota" in told["note"]
    assert "planted" not in json.dumps(told)


def test_its_key_is_on_no_page(written: TestClient) -> None:
    for path in ("/v1/settings", "/v1/providers", "/healthz", "/metrics"):
        assert "planted-writer" not in written.get(path).text


def test_prompts_without_a_language_model(http: TestClient) -> None:
    told = http.post("/v1/prompts/expansions", json={"prompt": "a red fox", "count": 5}).json()
    assert (told["by"], told["prompts"][0], len(set(told["prompts"]))) == ("template", "a red fox", 5)
    assert "FLUXROOM_WRITER_URL" in told["note"]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"prompt": ""},
        {"prompt": "   "},
        {"prompt": "x", "count": 0},
        {"prompt": "x", "count": 21},
        {"prompt": "x" * 8001},
        {"prompt": "x", "guidance": "y" * 2001},
        {"prompt": "x", "url": "http://169.254.169.254/"},
    ],
)
def test_what_cannot_be_expanded_is_a_problem(http: TestClient, body: dict[str, Any]) -> None:
    is_problem(http.post("/v1/prompts/expansions", json=body), 422, "invalid_body")


def test_prompts_for_a_model_that_there_is_not(http: TestClient) -> None:
    is_problem(http.post("/v1/prompts/expansions", json={"prompt": "x", "model": "flux-9"}), 404, "unknown_model")


# as a ZIP file -------------------------------------------------------------------------------------------------------


def test_a_run_as_a_zip_with_its_pictures_and_costs(http: TestClient) -> None:
    run = rested(
        http, begun(http, {"pipeline": {**CUPS, "name": "zipped"}, "inputs": {"colours": "green|black"}})["id"]
    )
    answer = http.get(run["links"]["zip"])
    assert answer.headers["content-type"] == "application/zip"
    assert f'filename="fluxroom-run-{run["id"][-6:]}.zip"' in answer.headers["content-disposition"]
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.testzip() is None
        lines = list(csv.DictReader(io.StringIO(archive.read("results.csv").decode("utf-8-sig"))))
        assert sorted(archive.namelist()) == sorted(["results.csv", *(line["file"] for line in lines)])
        assert [line["prompt"] for line in lines] == ["a green cup", "a black cup"]
        assert sum(float(line["charged"]) for line in lines) == pytest.approx(float(run["charged"]))
        for line in lines:
            with Image.open(io.BytesIO(archive.read(line["file"]))) as image:
                assert image.size == (int(line["width"]), int(line["height"]))
                assert "a green cup" in str(image.info) or "a black cup" in str(image.info)
    bare = http.get(run["links"]["zip"], params={"metadata": False})
    with zipfile.ZipFile(io.BytesIO(bare.content)) as archive:
        first = items(http, run["id"])[0]["images"][0]
        assert archive.read(lines[0]["file"]) == http.get(first["url"]).content


def test_what_was_made_again_is_in_the_table_and_not_among_the_files(http: TestClient) -> None:
    body = {"pipeline": {**CUPS, "name": "twice"}, "inputs": {"colours": "pink|grey"}}
    run = rested(http, begun(http, body)["id"])
    http.post(f"/v1/pipelines/{run['id']}/steps/cups/redo", json={"fields": {"seed": 12}})
    run = rested(http, run["id"])
    with zipfile.ZipFile(io.BytesIO(http.get(run["links"]["zip"]).content)) as archive:
        lines = list(csv.DictReader(io.StringIO(archive.read("results.csv").decode("utf-8-sig"))))
        assert [(line["state"], bool(line["file"])) for line in lines] == [("replaced", False)] * 2 + [
            ("done", True)
        ] * 2
        assert sorted(archive.namelist()) == sorted(["results.csv", *(line["file"] for line in lines[2:])])
        assert sum(float(line["charged"]) for line in lines) == pytest.approx(float(run["charged"]))


def test_a_zip_of_what_made_nothing_is_its_table(http: TestClient) -> None:
    sheet = {"name": "wrong", "rows": [{"prompt": "x", "guidance_scale": 99, "model": FAST}]}
    run = rested(http, http.post("/v1/bulk", json=sheet).json()["id"])
    with zipfile.ZipFile(io.BytesIO(http.get(f"/v1/runs/{run['id']}/zip").content)) as archive:
        assert archive.namelist() == ["results.csv"]
    is_problem(http.get("/v1/runs/01kaz3x9f0m2n4p6q8r0st/zip"), 404, "not_found")


def test_words_are_found_in_names_and_prompts_also_those_with_umlauts(http: TestClient) -> None:
    body = {"pipeline": {**CUPS, "name": "Frühling"}, "inputs": {"colours": "grün|süß"}}
    run = rested(http, begun(http, body)["id"])
    for words in ("Frühling", "a grün cup", "süß", "grün"):
        assert run["id"] in [one["id"] for one in http.get("/v1/runs", params={"q": words}).json()["runs"]], words
    assert run["id"] not in [one["id"] for one in http.get("/v1/runs", params={"q": "gr_n"}).json()["runs"]]


# nobody else's -------------------------------------------------------------------------------------------------------


def one_edit(**fields: Any) -> dict[str, Any]:
    step = {"name": "one", "do": "edit", "model": "flux-2-pro", "prompt": "copy", **fields}
    return {"version": 1, "name": "theft", "steps": [step]}


@pytest.mark.parametrize("path", ["/v1/pipelines", "/v1/pipelines/check"])
@pytest.mark.parametrize("thing", ["sha256", "image", "/etc/passwd", "file:///etc/passwd", "https://169.254.169.254/"])
def test_no_step_and_no_input_takes_what_is_not_ones_own(
    people: People, anna: Person, bob: Person, path: str, thing: str
) -> None:
    upload = people.ask(anna, "POST", "/v1/assets", content=picture(), headers={"content-type": "image/png"}).json()
    body = {"prompt": "a secret", "model": FAST}
    made = people.ask(anna, "POST", "/v1/generations", json=body, headers={"prefer": "wait=60"}).json()
    named = {"sha256": upload["sha256"], "image": made["images"][0]["id"]}.get(thing, thing)
    words = {"inputs": {"words": {"kind": "text"}}}
    tries: list[dict[str, Any]] = [
        {"pipeline": one_edit(references=[named])},
        {"pipeline": one_edit(image_url=named)},
        {"pipeline": one_edit(model="flux-general", references=[], ip_adapters=[{"image_url": named, "path": "x"}])},
        {
            "pipeline": {**one_edit(references=["{{inputs.p}}"]), "inputs": {"p": {"kind": "picture"}}},
            "inputs": {"p": named},
        },
    ]
    for kind, default in (("picture", named), ("pictures", [named])):  # what the file itself gives as an input
        asked = {"p": {"kind": kind, "default": default}}
        tries.append({"pipeline": {**one_edit(references=["{{inputs.p}}"]), "inputs": asked}})
    if not named.startswith("https"):  # a public address in words is fine, and never read by the gateway
        tries.append({"pipeline": {**one_edit(references=["{{inputs.words}}"]), **words}, "inputs": {"words": named}})
    for one in tries:
        answer = people.ask(bob, "POST", path, json=one)
        told = answer.json()
        refused = answer.status_code in {400, 404, 422}
        refused = refused or (path.endswith("check") and told["steps"][0]["state"] == "invalid")
        assert refused, (one, answer.text[:300])
        assert "root:" not in answer.text
    assert people.ask(bob, "GET", "/v1/jobs").json()["jobs"] == []


def test_a_changed_step_takes_nothing_of_somebody_elses_either(people: People) -> None:
    anna, bob = people.join("ann"), people.join("ben")
    upload = people.ask(anna, "POST", "/v1/assets", content=picture(), headers={"content-type": "image/png"}).json()
    run = people.ask(bob, "POST", "/v1/pipelines", json={"pipeline": CUPS}).json()
    while run["state"] == "running":
        run = people.ask(bob, "GET", f"/v1/runs/{run['id']}").json()
    for named in (upload["sha256"], "/etc/passwd"):
        for word in ("redo", "check"):
            body = {"fields": {"model": "flux-2-pro", "references": [named]}}
            answer = people.ask(bob, "POST", f"/v1/pipelines/{run['id']}/steps/cups/{word}", json=body)
            is_problem(answer, 422, "invalid_reference")
    assert people.ask(bob, "GET", f"/v1/runs/{run['id']}").json()["spec"]["results"] == run["spec"]["results"]


def test_made_pictures_are_named_by_their_maker(people: People) -> None:
    carl = people.join("carl")
    upload = people.ask(carl, "POST", "/v1/assets", content=picture(), headers={"content-type": "image/png"}).json()
    body = {"pipeline": one_edit(references=[upload["sha256"]], model=FAST, seed=1)}
    run = people.ask(carl, "POST", "/v1/pipelines", json=body).json()
    while run["state"] == "running":
        run = people.ask(carl, "GET", f"/v1/runs/{run['id']}").json()
    assert (run["state"], run["spec"]["pictures"]) == ("finished", [upload["sha256"]])


def test_a_picture_in_words_may_be_a_public_address(http: TestClient) -> None:
    found = {**one_edit(references=["{{inputs.words}}"], model=FAST), "inputs": {"words": {"kind": "text"}}}
    priced = http.post(
        "/v1/pipelines/check", json={"pipeline": found, "inputs": {"words": "https://example.com/a.png"}}
    ).json()
    assert priced["steps"][0]["state"] == "ok"
    assert make(http)["images"]
