"""What only a bucket has: connections that break, presigned addresses, refusals, and the setting that names it."""

from __future__ import annotations

import hashlib
import os
import socket
import sys
import threading
import traceback
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from tests.store.test_blobs_contract import KEY_ID, MISSING, PNG, SECRET, bucket, credentials, joined, s3_port

from fluxroom.errors import FluxroomError, StorageFull, StorageUnwritable
from fluxroom.settings import BadSettings
from fluxroom.store.blobs import open_blobs
from fluxroom.store.blobs_s3 import S3Blobs

__all__ = ["credentials", "s3_port"]  # fixtures


# the bucket -----------------------------------------------------------------------------------------------------------


class Wire:
    """A way to the S3 server that breaks as told: after so many bytes to it or from it, one number per connection."""

    def __init__(self, port: int, *, there: tuple[int, ...] = (), back: tuple[int, ...] = ()) -> None:
        self._target = port
        self._there, self._back = list(there), list(back)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self.connections = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            breaks = [left.pop(0) if left else None for left in (self._there, self._back)]
            threading.Thread(target=self._connect, args=(near, *breaks), daemon=True).start()

    def _connect(self, near: socket.socket, there: int | None, back: int | None) -> None:
        with near, socket.create_connection(("127.0.0.1", self._target)) as far:
            answers = threading.Thread(target=self._carry, args=(far, near, back), daemon=True)
            answers.start()
            self._carry(near, far, there)
            answers.join(10)

    @staticmethod
    def _carry(source: socket.socket, sink: socket.socket, left: int | None) -> None:
        try:
            while data := source.recv(65536):
                sink.sendall(data if left is None else data[:left])
                if left is not None and (left := left - len(data)) <= 0:
                    break
        except OSError:
            pass
        for end in (source, sink):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue

    def close(self) -> None:
        self._listener.close()


@pytest.fixture
def wire(s3_port: int, credentials: None) -> Iterator[Callable[..., Wire]]:
    opened: list[Wire] = []

    def make(**breaks: tuple[int, ...]) -> Wire:
        opened.append(Wire(s3_port, **breaks))
        return opened[-1]

    yield make
    for one in opened:
        one.close()


BIG = os.urandom(2_000_000)
BIG_DIGEST = hashlib.sha256(BIG).hexdigest()


def test_an_interrupted_put_into_a_bucket_leaves_nothing(wire: Callable[..., Wire], s3_port: int) -> None:
    broken = wire(there=(500_000,) * 20)
    with pytest.raises(StorageUnwritable, match=r"s3://pictures/broken/ cannot be reached\.$"):
        bucket(broken.port, "broken").put(BIG)
    assert 3 <= broken.connections <= 9
    assert not bucket(s3_port, "broken").has(BIG_DIGEST)


def test_a_put_that_breaks_once_is_done_again(wire: Callable[..., Wire], s3_port: int) -> None:
    for number in range(8):
        # How the library sees a broken connection, and whether it comes again by itself, is a matter of chance.
        assert bucket(wire(there=(500_000,)).port, f"once/{number}").put(BIG) == BIG_DIGEST
    assert bucket(s3_port, "once/0").get(BIG_DIGEST) == BIG


def test_a_put_whose_answer_is_lost_finds_its_own_bytes(wire: Callable[..., Wire]) -> None:
    lossy = wire(back=(1,))
    assert bucket(lossy.port, "answer").put(BIG) == BIG_DIGEST
    assert lossy.connections >= 2


def test_a_read_that_breaks_goes_on_where_it_broke(wire: Callable[..., Wire], s3_port: int) -> None:
    bucket(s3_port, "read").put(BIG)
    assert bucket(wire(back=(700_000,)).port, "read").get(BIG_DIGEST) == BIG
    assert joined(bucket(wire(back=(700_000,)).port, "read").stream(BIG_DIGEST)) == BIG


def test_a_read_that_breaks_for_good_says_so(wire: Callable[..., Wire], s3_port: int) -> None:
    bucket(s3_port, "gone").put(BIG)
    pieces = bucket(wire(back=(700_000,) + (1,) * 9).port, "gone").stream(BIG_DIGEST)
    with pytest.raises(StorageUnwritable, match="cannot be reached"):
        joined(pieces)


def test_a_bucket_has_addresses_and_no_files(s3_port: int, credentials: None) -> None:
    blobs = bucket(s3_port, "links")
    digest = blobs.put(PNG)
    assert blobs.local_path(digest) is None
    url = blobs.url(digest, 60)
    assert url
    with urllib.request.urlopen(url, timeout=60) as reply:
        assert reply.read() == PNG
        assert reply.headers["content-type"] == "image/png"
        assert "immutable" in reply.headers["cache-control"]
    assert urlsplit(url).path == f"/pictures/links/{digest[:2]}/{digest}"
    assert "X-Amz-Expires=60&" in url
    assert SECRET not in url
    assert "X-Amz-Expires=604800&" in str(blobs.url(digest, 10**9))
    nothing = blobs.url(MISSING, 60)
    assert nothing
    with pytest.raises(urllib.error.HTTPError, match="404") as refused:
        urllib.request.urlopen(nothing, timeout=60)
    refused.value.close()


@pytest.mark.parametrize(
    ("data", "mime"),
    [
        (PNG, "image/png"),
        (b"\xff\xd8\xff\xe0JFIF", "image/jpeg"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "image/webp"),
        (b"<svg onload=alert(1)>", "application/octet-stream"),
        (b"", "application/octet-stream"),
    ],
)
def test_the_type_is_what_the_bytes_are(s3_port: int, credentials: None, data: bytes, mime: str) -> None:
    blobs = bucket(s3_port, "types")
    url = blobs.url(blobs.put(data), 60)
    assert url
    with urllib.request.urlopen(url, timeout=60) as reply:
        assert reply.headers["content-type"] == mime


def test_half_bytes_under_a_hash_are_replaced(s3_port: int, credentials: None) -> None:
    blobs = bucket(s3_port, "half")
    blobs._send(blobs._key(BIG_DIGEST), BIG[:1000], "create")
    assert blobs.put(BIG) == BIG_DIGEST
    assert blobs.get(BIG_DIGEST) == BIG


# errors of the bucket -------------------------------------------------------------------------------------------------


class Refusing:
    """An S3 server that answers every request the same."""

    def __init__(self, status: str, code: str, *, echo: bool = True) -> None:
        said = f"<Key>{KEY_ID}</Key><Signed>{SECRET}</Signed>" if echo else ""
        body = f"<Error><Code>{code}</Code><Message>no</Message>{said}</Error>" if code else ""
        self._answer = f"HTTP/1.1 {status}\r\ncontent-length: {len(body)}\r\nconnection: close\r\n\r\n{body}".encode()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self.asked = 0
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            self.asked += 1
            with near:
                near.recv(65536)
                near.sendall(self._answer)
                near.shutdown(socket.SHUT_WR)
                while near.recv(65536):
                    pass

    def close(self) -> None:
        self._listener.close()


def everything_told(error: BaseException) -> str:
    return "".join(traceback.format_exception(error)) + repr(error) + repr(getattr(error, "context", ""))


TROUBLES = [
    ("403 Forbidden", "AccessDenied", StorageUnwritable, r"refuses this access \(AccessDenied\)\.$", 1),
    ("403 Forbidden", "SignatureDoesNotMatch", StorageUnwritable, r"refuses this access \(SignatureDoesNotMatch\)", 1),
    ("403 Forbidden", "", StorageUnwritable, r"refuses this access \(HTTP 403\)", 1),
    ("403 Forbidden", "QuotaExceeded", StorageFull, r"takes no more \(QuotaExceeded\)\.$", 1),
    ("507 Insufficient Storage", "XMinioStorageFull", StorageFull, r"takes no more \(XMinioStorageFull\)", 2),
    ("404 Not Found", "NoSuchBucket", StorageUnwritable, r"There is no bucket pictures\.$", 1),
    ("404 Not Found", "", StorageUnwritable, r"does not work at the moment \(HTTP 404\)", 1),
    ("301 Moved Permanently", "PermanentRedirect", StorageUnwritable, r"in another region \(HTTP 301\)", 1),
    (
        "400 Bad Request",
        "AuthorizationHeaderMalformed",
        StorageUnwritable,
        r"region \(AuthorizationHeaderMalformed\)",
        1,
    ),
    ("503 Slow Down", "SlowDown", StorageUnwritable, r"does not work at the moment \(SlowDown\)", 2),
    ("500 Internal Server Error", "", StorageUnwritable, r"does not work at the moment \(HTTP 500\)", 2),
]


@pytest.mark.parametrize(("status", "code", "kind", "words", "asked"), TROUBLES)
def test_trouble_with_a_bucket_is_one_clear_line_without_a_credential(
    credentials: None,
    caplog: pytest.LogCaptureFixture,
    status: str,
    code: str,
    kind: type[FluxroomError],
    words: str,
    asked: int,
) -> None:
    server = Refusing(status, code)
    try:
        with pytest.raises(kind, match=words) as caught:
            bucket(server.port, "x", retries=1).put(PNG)
    finally:
        server.close()
    assert server.asked == asked
    told = everything_told(caught.value) + caplog.text + repr(bucket(1, "x"))
    assert KEY_ID not in told
    assert SECRET not in told
    assert "\n" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


def test_a_store_without_conditional_puts_is_written_to_all_the_same(
    s3_port: int, credentials: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    from obstore.exceptions import NotSupportedError

    blobs, modes = bucket(s3_port, "old"), []
    send = blobs._send

    def old(key: str, data: bytes, mode: Any) -> None:
        modes.append(mode)
        if mode == "create":
            raise NotSupportedError
        send(key, data, mode)

    monkeypatch.setattr(blobs, "_send", old)
    assert blobs.get(blobs.put(PNG)) == PNG
    blobs.put(PNG)
    assert modes == ["create", "overwrite", "create"]


def test_nothing_that_answers_cannot_be_reached(credentials: None) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = int(listener.getsockname()[1])
    blobs = bucket(port, "", retries=0)
    for ask in (blobs.put, blobs.get, blobs.has):
        with pytest.raises(StorageUnwritable, match=r"^s3://pictures/ cannot be reached\.$"):
            ask(b"x" if ask == blobs.put else MISSING)  # type: ignore[arg-type]


# the setting ----------------------------------------------------------------------------------------------------------


def test_a_setting_names_the_place(tmp_path: Path, s3_port: int, credentials: None) -> None:
    default, other = open_blobs("", tmp_path), open_blobs(str(tmp_path / "other"), tmp_path)
    assert (default.local_path(MISSING), other.local_path(MISSING)) == (
        tmp_path / "00" / MISSING,
        tmp_path / "other" / "00" / MISSING,
    )
    s3 = open_blobs(f"s3://pictures/a/b/?endpoint=http://127.0.0.1:{s3_port}&region=us-east-1", tmp_path)
    assert isinstance(s3, S3Blobs)
    assert repr(s3) == "S3Blobs('s3://pictures/a/b/')"
    assert s3.get(s3.put(PNG)) == PNG


def test_what_the_setting_says_beats_the_environment(
    tmp_path: Path, s3_port: int, credentials: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_REGION", "nowhere-1")
    blobs = open_blobs(f"s3://pictures/env?endpoint=http://127.0.0.1:{s3_port}&region=us-east-1", tmp_path)
    assert blobs.get(blobs.put(PNG)) == PNG
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", f"http://127.0.0.1:{s3_port}")
    assert open_blobs("s3://pictures/env?region=us-east-1", tmp_path).get(hashlib.sha256(PNG).hexdigest()) == PNG


@pytest.mark.parametrize(
    ("location", "words"),
    [
        ("gs://pictures", "must be a folder or begin with s3://"),
        ("s3://", "must begin with a bucket's name"),
        ("s3:///prefix", "must begin with a bucket's name"),
        (f"s3://{KEY_ID}:{SECRET}@pictures", "holds no credentials"),
        (f"s3://pictures?endpoint=https://{KEY_ID}:{SECRET}@store.example", "holds no credentials"),
        ("s3://pictures?endpoint=store.example", "endpoint that does not begin with"),
        ("s3://pictures?endpoint=ftp://store.example", "endpoint that does not begin with"),
        (f"s3://pictures?secret_access_key={SECRET}", "not secret_access_key"),
        ("s3://pictures?region", "no address that can be read"),
        ("s3://pictures/a/../b", "prefix that cannot be used"),
        ("s3://pictures/a//b", "prefix that cannot be used"),
        ("s3://pictures/%2e%2e/b", "prefix that cannot be used"),
        ("s3://pictures:99999999/b", "no address that can be read"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named(tmp_path: Path, credentials: None, location: str, words: str) -> None:
    with pytest.raises(BadSettings, match="FLUXROOM_BLOBS") as caught:
        open_blobs(location, tmp_path)
    assert words in str(caught.value)
    assert SECRET not in everything_told(caught.value)
    assert KEY_ID not in str(caught.value)


def test_without_credentials_nothing_is_asked(
    tmp_path: Path, credentials: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(BadSettings, match="credentials, and none are set") as caught:
        open_blobs("s3://pictures", tmp_path)
    assert "AWS_SECRET_ACCESS_KEY" in caught.value.next_step


def test_without_the_package_it_says_what_to_install(
    tmp_path: Path, credentials: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "obstore", None)
    monkeypatch.setitem(sys.modules, "obstore.exceptions", None)
    with pytest.raises(BadSettings, match="needs the package obstore") as caught:
        open_blobs("s3://pictures", tmp_path)
    assert 'pip install "fluxroom[s3]"' in caught.value.next_step
