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


def test_what_the_build_has_packed_goes_to_browsers_that_take_it(http: TestClient, built: Path) -> None:
    (built / "page" / "index-abc123.js.br").write_bytes(b"brotli")

    def told(accepted: str) -> tuple[str | None, int]:
        with http.stream("GET", "/page/index-abc123.js", headers={"accept-encoding": accepted}) as answer:
            return answer.headers.get("content-encoding"), len(b"".join(answer.iter_raw()))

    assert told("gzip, deflate, br, zstd") == ("br", len(b"brotli"))
    assert told("gzip, br;q=0")[0] == "gzip"
    assert told("identity") == (None, len("export {};"))
    assert http.get("/page/index-abc123.js.br").status_code == 404


MANIFEST = """{
  "index.html": {"file": "page/index-abc123.js", "isEntry": true},
  "_grid-d.js": {"file": "page/grid-d.js", "imports": ["index.html"]},
  "src/features/gallery/GalleryPage.tsx": {
    "file": "page/GalleryPage-e.js", "css": ["page/GalleryPage-f.css"], "imports": ["index.html", "_grid-d.js"]
  }
}"""


def test_a_screen_names_its_own_files_before_the_first_script_runs(http: TestClient, built: Path) -> None:
    (built / "manifest.json").write_text(MANIFEST)
    script = "rel=modulepreload; crossorigin"
    assert http.get("/gallery").headers["link"].split(", ") == [
        f"</page/GalleryPage-e.js>; {script}",
        "</page/GalleryPage-f.css>; rel=preload; as=style; crossorigin",
        f"</page/grid-d.js>; {script}",
    ]  # not the page's own script, which the page names
    for path in ("/", "/create", "/costs"):
        assert "link" not in http.get(path).headers
    assert http.get("/gallery", headers={"if-none-match": http.get("/").headers["etag"]}).status_code == 304


def test_every_screen_begins_in_a_file_that_is_there() -> None:
    features = ROUTER.parent / "features"
    assert [begins for begins in page.SCREENS.values() if begins and not (features / f"{begins}.tsx").is_file()] == []
    lazy = set(re.findall(r'import\("./features/([^"]+)"\)', ROUTER.read_text()))
    assert set(page.SCREENS.values()) - {""} == lazy


@pytest.mark.usefixtures("built")
@pytest.mark.parametrize("path", ["/create", "/page/index-abc123.js", "/icon.svg"])
def test_what_packs_well_is_sent_packed(http: TestClient, path: str) -> None:
    packed = http.get(path, headers={"accept-encoding": "br, gzip"})
    plain = http.get(path, headers={"accept-encoding": "identity"})
    assert packed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert packed.content == plain.content  # the client has unpacked it
    assert packed.headers["vary"] == plain.headers["vary"] == "accept-encoding"


@pytest.mark.usefixtures("built")
def test_packed_and_plain_have_each_a_tag_of_their_own(http: TestClient) -> None:
    tags = [http.get("/", headers={"accept-encoding": one}).headers["etag"] for one in ("gzip", "identity")]
    assert len(set(tags)) == 2
    for encoding, tag in zip(("gzip", "identity"), tags, strict=True):
        again = http.get("/", headers={"accept-encoding": encoding, "if-none-match": tag})
        assert again.status_code == 304, encoding


@pytest.mark.usefixtures("built")
def test_a_font_is_packed_already(http: TestClient) -> None:
    font = http.get("/page/inter-abc123.woff2", headers={"accept-encoding": "gzip"})
    assert "content-encoding" not in font.headers
    assert font.content == b"wOF2"


def test_a_large_script_is_a_third_of_its_size_on_the_wire(built: Path, http: TestClient) -> None:
    (built / "page" / "big-abc123.js").write_text("export const sentence = 'The same words again and again.';\n" * 2000)
    size = (built / "page" / "big-abc123.js").stat().st_size
    with http.stream("GET", "/page/big-abc123.js", headers={"accept-encoding": "gzip"}) as answer:
        assert int(answer.headers["content-length"]) < size / 3


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
