from __future__ import annotations

import re
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from tests.server.calls import is_problem

from fluxroom.server import page

ROUTER = Path(__file__).parents[2] / "studio" / "src" / "router.tsx"
HTML = '<!doctype html><script type="module" src="/page/index-abc123.js"></script>'


@pytest.fixture
def built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A build as Vite leaves one."""
    (tmp_path / "page").mkdir()
    (tmp_path / "index.html").write_text(HTML)
    (tmp_path / "manifest.json").write_text("{}")
    (tmp_path / "page" / "index-abc123.js").write_text("export {};")
    (tmp_path / "page" / "inter-abc123.woff2").write_bytes(b"wOF2")
    monkeypatch.setattr(page, "BUILD", tmp_path)
    return tmp_path


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page, "BUILD", tmp_path / "none")


@pytest.mark.usefixtures("built")
def test_every_screen_can_be_opened_by_its_address(http: TestClient) -> None:
    for screen in ("/", "/create", "/gallery", "/i/01kaz3x9f0m2n4p6q8r0st", "/settings"):
        answer = http.get(screen)
        assert answer.text == HTML, screen
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        assert answer.headers["cache-control"] == "no-cache"


def test_the_screens_are_those_of_the_studios_router() -> None:
    told = set(re.findall(r'path: "/([^"]+)"', ROUTER.read_text()))
    assert {re.sub(r"\{(\w+)\}", r"$\1", screen) for screen in page.SCREENS} == told


@pytest.mark.usefixtures("built")
def test_an_unchanged_page_is_not_sent_again(http: TestClient) -> None:
    tag = http.get("/").headers["etag"]
    assert http.get("/create", headers={"if-none-match": tag}).status_code == 304


def test_a_new_build_is_seen_at_once(http: TestClient, built: Path) -> None:
    before = http.get("/").headers["etag"]
    (built / "index.html").write_text(HTML + "<p>new")
    answer = http.get("/", headers={"if-none-match": before})
    assert answer.status_code == 200
    assert answer.text.endswith("new")


@pytest.mark.usefixtures("built")
def test_files_with_a_hash_in_their_name_are_kept_for_good(http: TestClient) -> None:
    script = http.get("/page/index-abc123.js")
    assert script.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert script.headers["content-type"] == "text/javascript; charset=utf-8"
    assert http.get("/page/inter-abc123.woff2").headers["content-type"] == "font/woff2"


@pytest.mark.usefixtures("built")
@pytest.mark.parametrize(
    "path",
    ["/page/none.js", "/page/..%2findex.html", "/page/%2e%2e", "/manifest.json", "/index.html", "/page", "/elsewhere"],
)
def test_nothing_else_is_served(http: TestClient, path: str) -> None:
    is_problem(http.get(path), 404, "no_such_path")


@pytest.mark.usefixtures("built")
def test_no_script_of_others_and_none_in_the_page_runs(http: TestClient) -> None:
    policy = http.get("/").headers["content-security-policy"]
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == "'none'"
    assert rules["script-src"] == "'self'"
    assert rules["connect-src"] == "'self'"
    assert rules["frame-ancestors"] == "'none'"


@pytest.mark.usefixtures("bare")
def test_without_a_build_the_small_page_says_so_and_the_gateway_works(http: TestClient) -> None:
    answer = http.get("/")
    assert answer.status_code == 200
    assert "make studio" in answer.text
    assert 'lang="de"' in answer.text
    assert "<script" not in answer.text
    assert http.get("/create").text == answer.text
    assert http.get("/icon.svg").headers["content-type"] == "image/svg+xml"
    assert http.get("/v1/models").status_code == 200
