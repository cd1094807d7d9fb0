"""An attacker's walk around a gateway that others can reach, over real sockets: every door is tried, none opens.

What each guard is worth without it is in `test_guards.py`.
"""

from __future__ import annotations

import json
import re
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from tests.server.calls import FAST, picture
from tests.server.live import NAME, Live, drained, read, running

from fluxroom.server.access.security import MOST_BODY
from fluxroom.server.connections import MOST_HEAD
from fluxroom.store.keys import new_secret

BODY = {"prompt": "a fox", "model": FAST}


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    with running(tmp_path_factory.mktemp("live")) as found:
        yield found


@pytest.fixture(autouse=True)
def still_well(gateway: Live) -> Iterator[None]:
    """After every attack the gateway works for everybody else."""
    yield
    assert gateway.process.poll() is None
    assert gateway.ask("GET", "/readyz").status == 200


def join(gateway: Live, name: str, **wishes: Any) -> str:
    made = gateway.as_admin("POST", "/v1/keys", {"name": name, **wishes})
    assert made.status == 201, made.body
    return str(json.loads(made.body)["key"])


# without a key -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/v1/generations"), ("POST", "/v1/generations"), ("GET", "/v1/keys"), ("POST", "/v1/keys"),
     ("GET", "/v1/settings"), ("GET", "/v1/openapi.json"), ("GET", "/v1/models"), ("PUT", "/v1/budgets/all/day"),
     ("GET", "/problems"), ("GET", "/v1/nothing"), ("DELETE", "/v1/anything"), ("GET", "/metrics")],
)  # fmt: skip
def test_nothing_is_told_without_a_key(gateway: Live, method: str, path: str) -> None:
    answer = gateway.ask(method, path, BODY if method == "POST" else None)
    assert (answer.status, answer.code) == (401, "invalid_key")


@pytest.mark.parametrize("path", ["/v1/models", "/v1/generations", "/v1/keys"])
def test_a_made_up_key_opens_nothing(gateway: Live, path: str) -> None:
    for key in (new_secret(), gateway.key[:-1] + ("0" if gateway.key[-1] != "0" else "1"), gateway.key.upper()):
        answer = gateway.ask("GET", path, authorization=f"Bearer {key}")
        assert (answer.status, answer.code) == (401, "invalid_key")
        assert key.encode() not in answer.body


def test_a_key_in_the_address_is_refused(gateway: Live) -> None:
    assert gateway.ask("GET", f"/v1/models?api_key={gateway.key}").status == 401


@pytest.mark.parametrize(
    "host", ["attacker.example", "127.0.0.1.attacker.example", "pictures.example.com.attacker.example", "", "a@b"]
)
def test_a_name_that_is_not_ours_is_not_answered(gateway: Live, host: str) -> None:
    answer = gateway.as_admin("GET", "/v1/models", host=host)
    assert answer.status in {400, 421}


def test_what_is_not_http_is_not_answered(gateway: Live) -> None:
    for junk in (
        b"\x16\x03\x01\x02\x00\x01\x00",
        b"GET / HTTP/9.9\r\n\r\n",
        b"\x00" * 100 + b"\r\n\r\n",
        b"GET\r\n\r\n",
    ):
        assert not gateway.say(junk + b"\r\n\r\n").startswith(b"HTTP/1.1 2")


@pytest.mark.parametrize(
    "head",
    [
        "content-length: 5\r\ntransfer-encoding: chunked",
        "transfer-encoding: chunked\r\ncontent-length: 5",
        "content-length: 5\r\ncontent-length: 6",
        "content-length: +5",
        "content-length: 5, 5",
        "transfer-encoding: chunked, identity",
        "transfer-encoding: xchunked\r\ncontent-length: 5",
        "content-length: 5\r\n folded: x",
        "content length: 5",
    ],
)
def test_a_request_that_proxies_could_read_differently_is_refused(gateway: Live, head: str) -> None:
    smuggled = b"0\r\n\r\nGET /v1/keys HTTP/1.1\r\nhost: %b\r\n\r\n" % NAME.encode()
    request = f"POST /v1/quotes HTTP/1.1\r\nhost: {NAME}\r\nauthorization: Bearer {gateway.key}\r\n{head}\r\n\r\n"
    answer = gateway.say(request.encode() + smuggled)
    assert answer.startswith((b"HTTP/1.1 4", b"HTTP/1.1 501")) or answer == b""
    assert b'"keys":' not in answer


# with a key that may little ------------------------------------------------------------------------------------------


def test_a_key_does_not_reach_beyond_its_scopes_and_its_owner(gateway: Live) -> None:
    anna, bob = join(gateway, "anna"), join(gateway, "bob")
    made = gateway.ask("POST", "/v1/generations", BODY, authorization=f"Bearer {anna}", prefer="wait=60")
    assert made.status == 200, made.body
    identity = json.loads(made.body)["id"]
    theirs = {"authorization": f"Bearer {bob}"}
    assert gateway.ask("GET", f"/v1/generations/{identity}", **theirs).status == 404
    assert gateway.ask("DELETE", f"/v1/generations/{identity}", **theirs).status == 404
    for method, path in (("GET", "/v1/keys"), ("PUT", "/v1/budgets/all/day"), ("POST", "/v1/providers/bfl/pause")):
        answer = gateway.ask(method, path, {"most": "1000"} if method == "PUT" else None, **theirs)
        assert (answer.status, answer.code) == (403, "scope_missing")
    grown = gateway.ask("POST", "/v1/keys", {"name": "mine", "scopes": ["admin"]}, **theirs)
    assert grown.status == 403


def test_money_ends_where_the_budget_ends(gateway: Live) -> None:
    poor = join(gateway, "poor", budget_day="0.001")
    for _ in range(3):
        answer = gateway.ask("POST", "/v1/generations", BODY, authorization=f"Bearer {poor}")
        assert (answer.status, answer.code) == (402, "budget_exceeded")


def test_asking_without_pause_ends(gateway: Live) -> None:
    eager = join(gateway, "eager", per_minute=5)
    statuses = [gateway.ask("GET", "/v1/models", authorization=f"Bearer {eager}").status for _ in range(8)]
    assert statuses[:5] == [200] * 5
    assert 429 in statuses


def test_a_revoked_key_is_dead(gateway: Live) -> None:
    anna = join(gateway, "leaver")
    listed = json.loads(gateway.as_admin("GET", "/v1/keys").body)["keys"]
    identity = next(one["id"] for one in listed if one["name"] == "leaver")
    assert gateway.as_admin("DELETE", f"/v1/keys/{identity}").status == 204
    assert gateway.ask("GET", "/v1/models", authorization=f"Bearer {anna}").status == 401


# too much ------------------------------------------------------------------------------------------------------------


def test_a_huge_body_is_refused_before_it_is_sent(gateway: Live) -> None:
    answer = gateway.ask("POST", "/v1/assets", b"", authorization=f"Bearer {gateway.key}", content_length=str(10**12))
    assert (answer.status, answer.code) == (413, "too_large")


def test_a_huge_body_that_hides_its_size_is_cut_off(gateway: Live) -> None:
    with gateway.connect() as line:
        line.sendall(
            f"POST /v1/assets HTTP/1.1\r\nhost: {NAME}\r\nauthorization: Bearer {gateway.key}\r\n"
            "content-type: image/png\r\ntransfer-encoding: chunked\r\n\r\n".encode()
        )
        chunk = b"%x\r\n%b\r\n" % (2**20, b"x" * 2**20)
        sent = 0
        try:
            while sent < 4 * MOST_BODY:
                line.sendall(chunk)
                sent += 2**20
        except OSError:
            pass  # the other side has had enough
        assert sent < 2 * MOST_BODY


def test_a_head_without_end_is_refused(gateway: Live) -> None:
    with gateway.connect() as line:
        line.sendall(b"GET / HTTP/1.1\r\nhost: x\r\n")
        sent = 0
        try:
            while sent < 1000 * MOST_HEAD:
                line.sendall(b"x-%d: " % sent + b"y" * 65536 + b"\r\n")
                sent += 65536
        except OSError:
            pass
        assert sent < 1000 * MOST_HEAD
    with gateway.connect() as line:
        line.sendall(b"GET /" + b"a" * (MOST_HEAD + 1000))
        assert read(drained(line)).status == 431


def test_so_many_headers_are_refused(gateway: Live) -> None:
    for count in (250, 4_000, 12_000):
        flood = b"".join(b"a%d: b\r\n" % number for number in range(count))
        answer = gateway.say(b"GET /healthz HTTP/1.1\r\nhost: 127.0.0.1\r\n" + flood + b"\r\n")
        assert not answer or read(answer).status == 431


def test_a_long_sheet_holds_nobody_up(gateway: Live) -> None:
    """While thousands of rows are checked, others are answered: many times, not once at the end."""
    sheet = {"name": "long", "rows": [{"prompt": f"cup {number}"} for number in range(3000)]}
    with ThreadPoolExecutor(1) as beside:
        checking = beside.submit(gateway.as_admin, "POST", "/v1/bulk/check", sheet)
        answered = 0
        while not checking.done():
            answered += gateway.ask("GET", "/readyz").status == 200
    assert checking.result().status == 200
    assert answered > 5


def test_a_product_of_sheets_is_counted_before_it_is_made(gateway: Live) -> None:
    sheet = {"name": "wide", "sources": ["https://example.com/a.png"] * 5000, "prompts": ["y"] * 5000}
    answer = gateway.as_admin("POST", "/v1/bulk/check", sheet)
    assert (answer.status, answer.code) == (422, "invalid_params")
    assert b"25000000 rows" in answer.body


@pytest.mark.parametrize(
    "text", ["[" * 90_000, "[" + "1," * 400_000 + "1]", "a: &a [x]\nb: [*a, *a]", "!!python/name:os.system"]
)
def test_yaml_that_grows_or_acts_is_refused(gateway: Live, text: str) -> None:
    answer = gateway.as_admin("POST", "/v1/pipelines", {"pipeline": text})
    assert answer.status in {413, 422}


def test_a_prompt_without_end_is_refused(gateway: Live) -> None:
    answer = gateway.as_admin("POST", "/v1/generations", {"prompt": "x" * 5_000_000, "model": FAST})
    assert (answer.status, answer.code) == (422, "invalid_params")
    assert len(answer.body) < 10_000


# too slow ------------------------------------------------------------------------------------------------------------


def ends(line: socket.socket) -> bytes:
    """What the gateway says before it closes; a time-out means that it never would have."""
    line.settimeout(60)
    return drained(line)


def test_a_connection_that_says_nothing_is_closed(gateway: Live) -> None:
    with gateway.connect() as line:
        assert read(ends(line)).status == 408


def test_a_head_that_comes_in_drops_is_closed(gateway: Live) -> None:
    with gateway.connect() as line:
        data = b""
        try:
            for byte in b"GET /healthz HTTP/1.1\r\nhost: 127.0.0.1\r\nx: " + b"y" * 200:
                line.sendall(bytes([byte]))
                time.sleep(0.05)
        except OSError:
            pass
        else:
            data = ends(line)
        assert b"200 OK" not in data


def test_a_body_that_comes_in_drops_is_closed(gateway: Live) -> None:
    with gateway.connect() as line:
        line.sendall(
            f"POST /v1/assets HTTP/1.1\r\nhost: {NAME}\r\nauthorization: Bearer {gateway.key}\r\n"
            "content-type: image/png\r\ncontent-length: 100000\r\n\r\nx".encode()
        )
        answer = read(ends(line))
        assert (answer.status, answer.code) == (408, "too_slow")


def test_a_body_after_its_refusal_is_let_pass_and_the_connection_goes_on(gateway: Live) -> None:
    """What was refused for want of a key is no head of a next request, however long it is."""
    body = b"x" * 5_000_000
    refused = (
        f"POST /v1/assets HTTP/1.1\r\nhost: {NAME}\r\ncontent-type: image/png\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    following = f"GET /readyz HTTP/1.1\r\nhost: {NAME}\r\nconnection: close\r\n\r\n"
    said = gateway.say(refused.encode() + body + following.encode())
    assert said.startswith(b"HTTP/1.1 401")
    assert said.count(b"HTTP/1.1 ") == 2
    assert b"HTTP/1.1 200" in said


def test_a_body_that_drips_after_its_refusal_is_cut_off(gateway: Live) -> None:
    with gateway.connect() as line:
        line.sendall(f"POST /v1/assets HTTP/1.1\r\nhost: {NAME}\r\ncontent-length: 100000\r\n\r\n".encode())
        assert line.recv(65536).startswith(b"HTTP/1.1 401")
        cut = False
        for _ in range(300):
            try:
                line.sendall(b"x")
            except OSError:
                cut = True
                break
            time.sleep(0.05)
        assert cut


def test_a_reader_who_takes_nothing_is_cut_off(gateway: Live) -> None:
    lines = []
    for _ in range(3):
        line = socket.socket()
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        line.settimeout(60)
        line.connect(("127.0.0.1", gateway.port))
        request = f"GET /v1/models HTTP/1.1\r\nhost: {NAME}\r\nauthorization: Bearer {gateway.key}\r\n\r\n"
        line.sendall(request.encode() * 200)
        lines.append(line)
    time.sleep(6)  # three times the gateway's patience in this test
    for line in lines:
        received = drained(line)
        assert received.count(b"HTTP/1.1 200") < 200
        line.close()


# what must not be reached --------------------------------------------------------------------------------------------

INSIDE = [
    "http://169.254.169.254/latest/meta-data/", "https://169.254.169.254/", "https://127.0.0.1:7860/v1/keys",
    "https://localhost/x.png", "https://[::1]/x.png", "https://10.0.0.1/x", "https://192.168.0.1/x",
    "https://100.64.0.1/", "https://[::ffff:127.0.0.1]/", "https://[fd00::1]/", "https://[64:ff9b::7f00:1]/",
    "https://0/", "https://2130706433/", "https://0x7f.1/", "https://127.1/", "https://metadata.google.internal/",
    "https://user:pass@example.com/", "file:///etc/passwd", "gopher://127.0.0.1:6379/_x", "ftp://example.com/x",
    "https://example.com\\@127.0.0.1/", "//127.0.0.1/x", "https://router.lan/x", "dict://127.0.0.1:11211/",
]  # fmt: skip


@pytest.mark.parametrize("url", INSIDE)
def test_nothing_inside_can_be_named_as_a_picture(gateway: Live, url: str) -> None:
    body = {"prompt": "a", "model": "flux-2-pro", "references": [url]}
    answer = gateway.as_admin("POST", "/v1/generations", body)
    assert (answer.status, answer.code) == (422, "invalid_reference")


@pytest.mark.parametrize(
    "path",
    ["/page/../../../../etc/passwd", "/page/..%2f..%2f..%2fetc%2fpasswd", "/page/%2e%2e/%2e%2e/etc/passwd",
     "/page/....//....//etc/passwd", "/page/..\\..\\etc\\passwd", "/page/%00", "/page/fluxroom.db",
     "/v1/images/..%2f..%2ffluxroom.db/file", "/v1/images/%2e%2e/file", "/v1/models/../../etc/passwd",
     "/v1/assets/..%2f..%2fhooks.key", "/files/../../fluxroom.db/x", "/files/..%2f..%2ffluxroom.db/p/x.png",
     "//etc/passwd", "/../../../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/.env", "/.git/config"],
)  # fmt: skip
def test_no_path_leads_to_a_file(gateway: Live, path: str) -> None:
    answer = gateway.as_admin("GET", path)
    assert answer.status in {400, 404, 405, 422}
    for sign in (b"root:", b"SQLite format", b"[core]", b"FLUXROOM_"):
        assert sign not in answer.body


def test_json_without_bottom_is_refused(gateway: Live) -> None:
    for depth in (100, 500, 900, 5_000, 200_000):
        for opening, closing in (("[", "]"), ('{"a":', "}")):
            inner = opening * depth + ("1" if opening != "[" else "") + closing * depth
            data = f'{{"prompt": "a", "model": "{FAST}", "seed": {inner}}}'.encode()
            for path in ("/v1/quotes", "/v1/generations"):
                answer = gateway.as_admin("POST", path, data)
                assert 400 <= answer.status < 500, (depth, opening, answer.body[:300])


@pytest.mark.parametrize("number", ["1e999", "-1e999", "9" * 5000, "0." + "1" * 5000, "1E+400"])
def test_numbers_without_end_are_refused(gateway: Live, number: str) -> None:
    data = f'{{"prompt": "a", "model": "{FAST}", "seed": {number}}}'.encode()
    assert 400 <= gateway.as_admin("POST", "/v1/quotes", data).status < 500


# what must not be taken for a picture --------------------------------------------------------------------------------


def png_head(width: int, height: int) -> bytes:
    """A small file that says it is huge."""
    import struct
    import zlib

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", head), (b"IDAT", zlib.compress(b"\0" * 10_000)), (b"IEND", b"")]
    parts = (
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


@pytest.mark.parametrize(
    "data",
    [
        png_head(30_000, 30_000),
        png_head(2**31 - 1, 2**31 - 1),
        png_head(0, 0),
        picture()[:200],
        b"GIF89a" + b"\0" * 100,
        b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
        b"<html><script>alert(1)</script>",
        b"%!PS-Adobe-3.0 EPSF-3.0\n",
        b"PK\x03\x04" + b"\0" * 100,
        b"II*\0" + b"\0" * 100,
        b"",
    ],
)
def test_what_only_looks_like_a_picture_is_refused(gateway: Live, data: bytes) -> None:
    answer = gateway.as_admin("POST", "/v1/assets", data, content_type="image/png")
    assert (answer.status, answer.code) == (422, "invalid_reference")


# what must not be believed -------------------------------------------------------------------------------------------

FORGERY = "a fox\r\n2026-01-01T00:00:00Z error   FORGED LINE\x1b[2J\x1b]0;owned\x07\u2028FORGED\u0085FORGED"


def test_nobody_writes_lines_of_their_own_into_the_log(gateway: Live) -> None:
    gateway.as_admin("POST", "/v1/generations", {"prompt": FORGERY, "model": FAST}, prefer="wait=60")
    gateway.as_admin("POST", "/v1/generations", {"prompt": "a", "model": FORGERY})
    gateway.as_admin("POST", "/v1/generations", BODY, idempotency_key="a\tFORGED")
    gateway.as_admin("GET", "/v1/images/x%0d%0aFORGED%1b%5b2J")
    gateway.as_admin("POST", "/v1/keys", {"name": FORGERY})
    gateway.ask("GET", "/v1/models", authorization="Bearer \x1b[2JFORGED")
    log = gateway.log.read_text("utf-8", "replace")
    assert "a fox" in log, "the log does have the prompt"
    assert not re.search(r"^\W*(2026-01-01|FORGED)", log, re.MULTILINE)
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f\x85\u2028]", log)


def test_nobody_writes_headers_of_their_own(gateway: Live) -> None:
    for path in ("/v1/generations/x%0d%0aset-cookie:%20a=b", "/%0d%0aset-cookie:%20a=b", "/v1/usage?by=x%0d%0aa:b"):
        answer = gateway.as_admin("GET", path)
        assert "set-cookie" not in answer.headers
        assert "a" not in answer.headers
    moved = gateway.as_admin("POST", "/v1/generations", BODY, prefer="wait=1\t\x0bset-cookie: a=b")
    assert "set-cookie" not in moved.headers


def test_the_log_and_the_answers_hold_no_key(gateway: Live) -> None:
    assert gateway.key not in gateway.log.read_text("utf-8", "replace")
    for path in ("/v1/keys", "/v1/settings", "/v1/session", "/problems"):
        assert gateway.key.encode() not in gateway.as_admin("GET", path).body


def test_nothing_went_wrong_inside_in_all_this(gateway: Live) -> None:
    log = gateway.log.read_text("utf-8", "replace")
    assert "unexpected error" not in log
    assert "Traceback" not in log
