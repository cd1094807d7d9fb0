"""Runs over HTTP: sheets, comparisons, pipelines; looked at, paused, exported, and nobody else's."""

from __future__ import annotations

import csv
import io
import time
from typing import Any

import pytest
from fastapi.testclient import TestClient
from PIL import Image
from tests.server.calls import FAST, is_problem, make

ROWS = [{"prompt": "a red cup", "seed": 1}, {"prompt": "a blue cup", "seed": 2}, {"prompt": "x", "guidance_scale": 99}]
SHEET: dict[str, Any] = {
    "name": "cups",
    "rows": ROWS,
    "defaults": {"model": f"bfl/{FAST}"},
    "file_name": "{row}-{seed}",
}


def rested(http: TestClient, run_id: str, seconds: float = 60.0) -> dict[str, Any]:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found: dict[str, Any] = http.get(f"/v1/runs/{run_id}").json()
        if found["state"] != "running":
            return found
        time.sleep(0.05)
    raise AssertionError(f"the run still runs: {found['counts']}")


def items(http: TestClient, run_id: str, **query: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = http.get(f"/v1/runs/{run_id}/items", params=query).json()["items"]
    return found


@pytest.fixture
def cups(http: TestClient) -> dict[str, Any]:
    begun = http.post("/v1/bulk", json=SHEET)
    assert begun.status_code in {200, 201}, begun.text
    return rested(http, begun.json()["id"])


def test_a_dry_run_tells_every_row_and_sends_nothing(quiet: TestClient) -> None:
    told = quiet.post("/v1/bulk/check", json=SHEET).json()
    assert (told["ok"], told["exists"], told["invalid"], told["goes_on"]) == (2, 0, 1, None)
    assert [row["state"] for row in told["rows"]] == ["ok", "ok", "invalid"]
    assert told["rows"][2]["error"]["code"] == "invalid_params"
    assert told["low"] == told["high"] != "0"
    assert quiet.get("/v1/jobs").json()["jobs"] == []


def test_a_sheet_is_carried_and_told(http: TestClient, cups: dict[str, Any]) -> None:
    assert (cups["kind"], cups["state"], cups["total"]) == ("bulk", "finished", 3)
    assert cups["counts"] == {"done": 2, "invalid": 1}
    assert cups["sandbox"] is True
    assert float(cups["charged"]) > 0
    first, _, wrong = items(http, cups["id"])
    assert (first["key"], first["state"], first["charge"]) == ("row 1", "done", "charged")
    assert http.get(first["images"][0]["url"]).headers["content-type"] == "image/png"
    assert http.get(f"/v1/generations/{first['generation']}").json()["run"] == cups["id"]
    assert (wrong["generation"], wrong["error"]["code"]) == (None, "invalid_params")
    assert [one["position"] for one in items(http, cups["id"], state="invalid")] == [2]


def test_the_same_sheet_goes_on_and_pays_nothing(http: TestClient, cups: dict[str, Any]) -> None:
    again = http.post("/v1/bulk", json=SHEET)
    assert (again.status_code, again.json()["id"]) == (200, cups["id"])
    other = http.post("/v1/bulk/check", json={**SHEET, "name": "other cups"}).json()
    assert (other["exists"], other["ok"], other["low"]) == (2, 0, "0")


def test_pages_lead_through_all_items(http: TestClient, cups: dict[str, Any]) -> None:
    page = http.get(f"/v1/runs/{cups['id']}/items", params={"limit": 2}).json()
    assert [one["position"] for one in page["items"]] == [0, 1]
    rest = http.get(page["next"]).json()
    assert ([one["position"] for one in rest["items"]], rest["next"]) == ([2], None)


def test_a_run_as_a_table(http: TestClient, cups: dict[str, Any]) -> None:
    answer = http.get(f"/v1/runs/{cups['id']}/csv")
    assert answer.headers["content-type"].startswith("text/csv")
    lines = list(csv.DictReader(io.StringIO(answer.text)))
    assert [(line["row"], line["state"], line["file"]) for line in lines] == [
        ("1", "done", "1-1.png"),
        ("2", "done", "2-2.png"),
        ("3", "invalid", ""),
    ]
    assert sum(float(line["charged"] or 0) for line in lines) == pytest.approx(float(cups["charged"]))


def test_a_table_in_words_is_read_and_its_columns_named(quiet: TestClient) -> None:
    body = {"name": "t", "csv": "Titel;Zahl\nein Fuchs;3\n", "columns": {"Titel": "prompt", "Zahl": "seed"}}
    told = quiet.post("/v1/bulk/check", json=body).json()
    assert (told["ok"], told["rows"][0]["asked"]["seed"]) == (1, 3)


@pytest.mark.parametrize(
    "body",
    [
        {"name": "empty"},
        {"name": "", "rows": ROWS},
        {"name": "x", "rows": ROWS, "file_name": "{"},
        {"name": "x", "csv": "a,a\n1,2\n"},
        {"name": "x", "rows": ROWS, "seeds": "wild"},
        {"name": "x", "rows": ROWS, "extra": 1},
    ],
)
def test_a_sheet_that_cannot_be_used_is_a_problem(http: TestClient, body: dict[str, Any]) -> None:
    answer = http.post("/v1/bulk", json=body)
    assert answer.json()["code"] in {"invalid_params", "invalid_body"}
    is_problem(answer, 422, answer.json()["code"])


def test_a_file_of_the_gateways_machine_is_no_picture(http: TestClient) -> None:
    row = {"prompt": "x", "references": ["/etc/passwd"]}
    told = http.post("/v1/bulk/check", json={"name": "x", "rows": [row]}).json()
    assert told["invalid"] == 1
    assert "reads no files" in told["rows"][0]["why"]


def test_a_budget_of_the_run_pauses_it(quiet: TestClient) -> None:
    begun = quiet.post("/v1/bulk", json={**SHEET, "budget": "0.001"}).json()
    paused = rested(quiet, begun["id"])
    assert paused["state"] == "paused"
    assert "budget" in paused["why"]
    assert quiet.delete(f"/v1/budgets/run:{begun['id']}/total").status_code == 204
    assert quiet.post(f"/v1/runs/{begun['id']}/resume").status_code == 200
    assert rested(quiet, begun["id"])["counts"] == {"done": 2, "invalid": 1}


def test_words_of_a_person(http: TestClient, cups: dict[str, Any]) -> None:
    at = f"/v1/runs/{cups['id']}"
    changed = http.patch(at, json={"name": "best cups", "tags": ["wip"], "favourite": True, "description": "d"}).json()
    assert (changed["name"], changed["tags"], changed["favourite"]) == ("best cups", ["wip"], True)
    for query in ({"q": "BEST"}, {"q": "red cup"}, {"tag": "wip"}, {"favourite": True}, {"kind": "bulk"}):
        assert cups["id"] in [run["id"] for run in http.get("/v1/runs", params=query).json()["runs"]], query
    for query in ({"q": "100%"}, {"tag": "wi"}, {"kind": "pipeline"}, {"state": "paused"}, {"hidden": True}):
        assert cups["id"] not in [run["id"] for run in http.get("/v1/runs", params=query).json()["runs"]], query
    is_problem(http.post(f"{at}/pause"), 400, "invalid_request")
    is_problem(http.post(f"{at}/retry", json={}), 400, "invalid_request")
    is_problem(http.patch(at, json={"state": "running"}), 422, "invalid_body")
    is_problem(http.get("/v1/runs/01kaz3x9f0m2n4p6q8r0st"), 404, "not_found")
    http.patch(at, json={"name": "cups", "favourite": False, "tags": []})


def test_events_follow_a_run_to_its_end(quiet: TestClient) -> None:
    begun = quiet.post("/v1/bulk", json=SHEET).json()
    with quiet.stream("GET", f"/v1/runs/{begun['id']}/events") as stream:
        told = [line[7:] for line in stream.iter_lines() if line.startswith("event: ")]
    assert told[0] == "run"
    assert told[-1] == "end"


def test_a_comparison_is_priced_carried_judged_and_drawn(http: TestClient) -> None:
    body = {
        "name": "race",
        "request": {"prompt": "a fox", "seed": 5, "image_size": "square"},
        "axes": [{"name": "provider", "values": ["bfl", "fal"]}, {"name": "model", "values": [FAST]}],
    }
    priced = http.post("/v1/comparisons/check", json=body).json()
    assert [row["route"] for row in priced["rows"]] == [f"bfl/{FAST}", f"fal/{FAST}"]
    begun = http.post("/v1/comparisons", json=body)
    assert begun.status_code == 201
    run = rested(http, begun.json()["id"])
    assert run["counts"] == {"done": 2}
    assert [one["key"] for one in items(http, run["id"])] == [
        f"provider bfl, model {FAST}",
        f"provider fal, model {FAST}",
    ]
    won = http.put(f"/v1/comparisons/{run['id']}/winner", json={"position": 1}).json()
    assert won["spec"]["winner"] == 1
    is_problem(http.put(f"/v1/comparisons/{run['id']}/winner", json={"position": 2}), 400, "invalid_request")
    drawn = http.get(f"/v1/comparisons/{run['id']}/sheet")
    with Image.open(io.BytesIO(drawn.content)) as sheet:
        assert (sheet.format, sheet.width > 2 * 384) == ("PNG", True)


def test_a_pipeline_waits_for_its_reviewer(http: TestClient) -> None:
    photo = make(http, "a photo")["images"][0]["id"]
    text = f"""
version: 1
name: evening
mode: manual
inputs: {{photo: {{kind: picture}}}}
steps:
  - {{name: dusk, do: edit, model: {FAST}, references: ["{{{{inputs.photo}}}}"], prompt: at dusk, seed: 3}}
  - {{name: pick, do: select, from: "{{{{steps.dusk.images}}}}", by: person}}
"""
    begun = http.post("/v1/pipelines", json={"pipeline": text, "inputs": {"photo": photo}})
    assert begun.status_code == 201, begun.text
    run = rested(http, begun.json()["id"])
    assert (run["state"], run["why"]) == ("review", "look at what step dusk has made")
    at = f"/v1/pipelines/{run['id']}/steps"
    is_problem(http.post(f"{at}/pick/choose", json={"images": [photo]}), 400, "invalid_request")
    assert http.post(f"{at}/dusk/redo", json={"fields": {"prompt": "at dawn"}}).status_code == 200
    run = rested(http, run["id"])
    assert run["counts"] == {"replaced": 1, "done": 1}
    assert http.post(f"{at}/dusk/approve").status_code == 200
    run = rested(http, run["id"])
    assert run["why"] == "choose pictures for step pick"
    made = run["spec"]["results"]["dusk"]["images"][0]["id"]
    assert http.post(f"{at}/pick/choose", json={"images": [made]}).status_code == 200
    assert rested(http, run["id"])["state"] == "finished"


def test_a_pipeline_that_is_none_is_a_problem_with_its_place(http: TestClient) -> None:
    schema = http.get("/v1/pipelines/schema").json()
    assert schema["$schema"].endswith("2020-12/schema")
    answer = http.post("/v1/pipelines", json={"pipeline": {"version": 1, "name": "x", "steps": []}})
    is_problem(answer, 422, "invalid_params")
    assert "steps" in answer.text


def test_why_a_provider_was_chosen_is_told_before_and_after(http: TestClient) -> None:
    body: dict[str, Any] = {"prompt": "a red fox", "model": FAST, "routing": "cheapest", "seed": 11}
    quoted = http.post("/v1/quotes", json=body).json()
    assert (quoted["provider"], quoted["chosen"].split(",")[0]) == ("fal", "fal")
    assert "it costs least" in quoted["chosen"]
    made = make(http, **body)
    assert (made["route"], made["chosen"], made["state"]) == (f"fal/{FAST}", quoted["chosen"], "succeeded")
    named = make(http, "a red fox", model=f"bfl/{FAST}")
    assert named["chosen"] == ""
    is_problem(http.post("/v1/generations", json={**body, "routing": "best"}), 422, "invalid_body")


def test_a_sheet_and_a_comparison_take_the_routing_like_any_parameter(http: TestClient) -> None:
    rows = [{"prompt": "a", "seed": 1, "routing": "cheapest"}, {"prompt": "b", "seed": 2}]
    told = http.post("/v1/bulk/check", json={"name": "r", "rows": rows, "defaults": {"model": FAST}}).json()
    assert [row["route"] for row in told["rows"]] == [f"fal/{FAST}", f"bfl/{FAST}"]
    axes = [{"name": "routing", "values": ["ordered", "cheapest", "fixed"]}]
    request = {"prompt": "a", "seed": 1, "model": FAST}
    compared = http.post("/v1/comparisons/check", json={"name": "r", "request": request, "axes": axes}).json()
    assert [row["route"] for row in compared["rows"]] == [f"bfl/{FAST}", f"fal/{FAST}", f"bfl/{FAST}"]


def test_a_comparison_that_is_not_finished_goes_on_and_a_finished_one_begins_anew(quiet: TestClient) -> None:
    body = {
        "name": "again",
        "request": {"prompt": "a fox", "model": f"bfl/{FAST}"},
        "axes": [{"name": "image_size", "values": ["square_hd", "portrait_4_3"]}],
    }
    assert quiet.post("/v1/providers/bfl/pause").status_code in {200, 204}
    first = quiet.post("/v1/comparisons", json=body).json()
    told = quiet.post("/v1/comparisons/check", json=body).json()
    assert (told["goes_on"], told["rule"]) == (
        first["id"],
        f"the same comparison, not finished: run {first['id']} goes on",
    )
    assert quiet.post("/v1/comparisons", json=body).json()["id"] == first["id"]
    assert quiet.post("/v1/providers/bfl/resume").status_code in {200, 204}
    assert rested(quiet, first["id"])["counts"] == {"done": 2}
    again = quiet.post("/v1/comparisons", json=body).json()
    assert again["id"] != first["id"]
    assert again["spec"]["request"]["seed"] != first["spec"]["request"]["seed"]
    rested(quiet, again["id"])


def test_missing_cells_are_made_again_and_the_others_stay(quiet: TestClient) -> None:
    body = {
        "name": "gaps",
        "request": {"prompt": "a fox", "seed": 3},
        "axes": [{"name": "model", "values": [f"bfl/{FAST}", "bfl/flux-99"]}],
    }
    run = rested(quiet, quiet.post("/v1/comparisons", json=body).json()["id"])
    assert run["counts"] == {"done": 1, "invalid": 1}
    [cell, missing] = items(quiet, run["id"])
    assert (missing["sent"], missing["route"]) == ([], None)
    picture = cell["images"][0]
    assert cell["sent"][0]["prompt"] == "a fox"
    assert (picture["width"], picture["height"], picture["rating"]) == (1024, 768, None)
    assert quiet.patch(f"/v1/images/{picture['id']}", json={"rating": 4}).status_code == 200
    assert items(quiet, run["id"])[0]["images"][0]["rating"] == 4
    # The same again: what is there is not paid, whatever the comparison is called.
    other = quiet.post("/v1/comparisons/check", json={**body, "name": "other"}).json()
    assert [row["state"] for row in other["rows"]] == ["exists", "invalid"]


def test_what_a_cell_left_out_is_told_with_it(quiet: TestClient) -> None:
    body = {
        "name": "told",
        "request": {"prompt": "a fox", "seed": 3, "model": "bfl/flux-2-pro"},
        "axes": [{"name": "guidance_scale", "values": [2]}],
    }
    run = rested(quiet, quiet.post("/v1/comparisons", json=body).json()["id"])
    [cell] = items(quiet, run["id"])
    assert [note["name"] for note in cell["not_sent"]] == ["guidance_scale"]
    assert "guidance" not in cell["sent"][0]


def test_old_names_in_a_sheet_are_noted_with_its_run(quiet: TestClient) -> None:
    rows = [{"prompt": "a", "fluxSeed": 1}, {"prompt": "b", "fluxSeed": 2}]
    body = {"name": "old", "rows": rows, "defaults": {"model": f"bfl/{FAST}"}}
    run = rested(quiet, quiet.post("/v1/bulk", json=body).json()["id"])
    assert run["notes"] == ["fluxSeed is called seed now."]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"csv": "prompt\nx\n"}, "just one of them: not rows and csv"),
        ({"jsonl": '{"prompt": "x"}'}, "just one of them: not rows and jsonl"),
        ({"prompts": ["x"]}, "just one of them: not rows and prompts"),
        ({"rows": []}, "just one of them: not none of them"),
        ({"rows": [], "sources": ["a" * 64]}, "just one of them: not none of them"),
        ({"sources": ["a" * 64]}, "sources go with prompts, and not with rows"),
        ({"columns": {"Title": "prompt"}}, "columns are those of csv or jsonl, and not of rows"),
        ({"rows": [], "csv": "prompt\nx\n", "columns": {"Title": "prompt"}}, "no column 'Title'; it has prompt"),
        ({"file_name": "{row}-{promtp}"}, "has the field promtp, which is no column of the sheet"),
        ({"rows": [], "csv": "prompt,seed\nx,99999999999999999999999\n"}, "row 1.seed: 99999999999999999999"),
        ({"rows": [], "jsonl": '{"prompt": "\\u0000"}\n'}, "row 1.prompt: a sign in it is none of a text"),
    ],
)
def test_nothing_of_a_sheet_is_dropped_without_a_word(http: TestClient, change: dict[str, Any], why: str) -> None:
    for path in ("/v1/bulk", "/v1/bulk/check"):
        problem = is_problem(http.post(path, json={**SHEET, "name": "dropped", **change}), 422, "invalid_params")
        assert why in problem["detail"]
    assert "dropped" not in [run["name"] for run in http.get("/v1/runs").json()["runs"]]


def test_a_default_may_be_a_field_of_the_file_names(http: TestClient) -> None:
    body = {**SHEET, "rows": ROWS[:2], "file_name": "{image_size}-{model}"}
    body["defaults"] = {**SHEET["defaults"], "image_size": "square_hd"}
    assert http.post("/v1/bulk/check", json=body).status_code == 200


def test_a_sheet_that_goes_on_takes_the_new_budget_priority_and_file_names(quiet: TestClient) -> None:
    begun = quiet.post("/v1/bulk", json={**SHEET, "budget": "0.001"}).json()
    assert rested(quiet, begun["id"])["state"] == "paused"
    again = quiet.post("/v1/bulk", json={**SHEET, "budget": "9", "file_name": "cup-{row}", "priority": 3})
    assert (again.status_code, again.json()["id"]) == (200, begun["id"])
    assert rested(quiet, begun["id"])["counts"] == {"done": 2, "invalid": 1}
    table = quiet.get(f"/v1/runs/{begun['id']}/csv").text
    assert "cup-1.png" in table
    [budget] = quiet.get("/v1/budgets").json()["budgets"]
    assert float(budget["most"]) == 9
