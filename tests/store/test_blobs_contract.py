"""What every place for bytes promises, asked of each: a folder, and a bucket of an S3-compatible store over HTTP."""

from __future__ import annotations

import contextlib
import hashlib
import os
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from fluxroom.errors import NotFound, StorageFull, StorageUnwritable
from fluxroom.store.blobs import Blobs, BlobStore, FolderBlobs, check_blobs
from fluxroom.store.blobs_s3 import S3Blobs
from fluxroom.store.digests import CHUNK

KEY_ID, SECRET = "AKIAFLUXROOMTESTKEY1", "not-a-real-secret-but-as-long-as-one-1234"
PNG = b"\x89PNG\r\n\x1a\n" + b"picture" * 1000
MISSING = "0" * 64

SERVER = """
import sys
from moto.server import ThreadedMotoServer
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
print(server.get_host_and_port()[1], flush=True)
sys.stdin.read()
"""


@pytest.fixture(scope="module")
def s3_port() -> Iterator[int]:
    """An S3 server in a process of its own, which ends when its standard input does."""
    process = subprocess.Popen(
        [sys.executable, "-c", SERVER],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "AWS_ACCESS_KEY_ID": "server", "AWS_SECRET_ACCESS_KEY": "server"},
        text=True,
    )
    assert process.stdin
    assert process.stdout
    try:
        port = int(process.stdout.readline())
        request = urllib.request.Request(f"http://127.0.0.1:{port}/pictures", method="PUT")
        urllib.request.urlopen(request, timeout=60).close()
        yield port
    finally:
        process.stdin.close()
        process.stdout.close()
        process.wait(10)


@pytest.fixture
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("AWS_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY_ID)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)


def bucket(port: int, prefix: str, *, name: str = "pictures", retries: int = 2) -> S3Blobs:
    return S3Blobs(name, prefix, endpoint=f"http://127.0.0.1:{port}", region="us-east-1", retries=retries)


@pytest.fixture(params=["folder", "s3"])
def blobs(request: pytest.FixtureRequest, tmp_path: Path) -> BlobStore:
    if request.param == "folder":
        return FolderBlobs(tmp_path / "blobs")
    request.getfixturevalue("credentials")
    return bucket(request.getfixturevalue("s3_port"), f"tests/{tmp_path.name}")


def joined(pieces: Iterator[bytes]) -> bytes:
    return b"".join(pieces)


# what both promise ----------------------------------------------------------------------------------------------------


def test_what_is_put_can_be_had_again(blobs: BlobStore) -> None:
    digest = blobs.put(PNG)
    assert digest == hashlib.sha256(PNG).hexdigest()
    assert blobs.get(digest) == PNG
    assert blobs.has(digest)
    assert blobs.size(digest) == len(PNG)
    assert joined(blobs.stream(digest)) == PNG


def test_no_bytes_at_all_are_bytes_too(blobs: BlobStore) -> None:
    digest = blobs.put(b"")
    assert (blobs.get(digest), blobs.size(digest), joined(blobs.stream(digest))) == (b"", 0, b"")


def test_the_same_bytes_twice_are_one_blob(blobs: BlobStore) -> None:
    assert blobs.put(PNG) == blobs.put(bytes(bytearray(PNG)))
    assert blobs.get(blobs.put(PNG)) == PNG


def test_many_puts_at_once_of_the_same_bytes_all_succeed(blobs: BlobStore) -> None:
    with ThreadPoolExecutor(8) as pool:
        digests = list(pool.map(blobs.put, [PNG] * 24))
    assert set(digests) == {hashlib.sha256(PNG).hexdigest()}
    assert blobs.get(digests[0]) == PNG


def test_many_puts_at_once_of_other_bytes_keep_them_all(blobs: BlobStore) -> None:
    several = [PNG + bytes([number]) for number in range(24)]
    with ThreadPoolExecutor(8) as pool:
        digests = list(pool.map(blobs.put, several))
        assert list(pool.map(blobs.get, digests)) == several


QUESTIONS: dict[str, Callable[[BlobStore, str], Any]] = {
    "get": lambda blobs, digest: blobs.get(digest),
    "size": lambda blobs, digest: blobs.size(digest),
    "stream": lambda blobs, digest: blobs.stream(digest),
    "part": lambda blobs, digest: blobs.stream(digest, start=1, end=3),
    "no part": lambda blobs, digest: blobs.stream(digest, start=3, end=3),
}


@pytest.mark.parametrize("question", QUESTIONS)
def test_missing_bytes_are_not_found_at_once(blobs: BlobStore, question: str) -> None:
    with pytest.raises(NotFound, match=r"no bytes under 000000000000…"):
        QUESTIONS[question](blobs, MISSING)


def test_missing_bytes_are_not_here(blobs: BlobStore) -> None:
    assert not blobs.has(MISSING)


@pytest.mark.parametrize("digest", ["../../etc/passwd", "", "abc", "A" * 64, "g" * 64, "0" * 63 + "/", "0" * 64 + "\n"])
def test_bytes_have_no_other_name_than_a_hash(blobs: BlobStore, digest: str) -> None:
    others: dict[str, Callable[[BlobStore, str], Any]] = {
        "has": lambda blobs, digest: blobs.has(digest),
        "local_path": lambda blobs, digest: blobs.local_path(digest),
        "url": lambda blobs, digest: blobs.url(digest, 60),
    }
    for ask in (QUESTIONS | others).values():
        with pytest.raises(NotFound, match="not a SHA-256"):
            ask(blobs, digest)


@pytest.mark.parametrize(
    ("start", "end"),
    [(0, None), (0, 1), (1, 3), (5, None), (0, 10**9), (9, 9), (9, 3), (10**9, None), (10**9, 10**9 + 5), (0, 0)],
)
def test_a_range_is_what_a_slice_would_be(blobs: BlobStore, start: int, end: int | None) -> None:
    data = bytes(range(256)) * 5000
    assert joined(blobs.stream(blobs.put(data), start=start, end=end)) == data[start:end]


@pytest.mark.parametrize("span", [(-1, None), (0, -1)])
def test_a_range_does_not_count_from_the_end(blobs: BlobStore, span: tuple[int, int | None]) -> None:
    digest = blobs.put(PNG)
    with pytest.raises(ValueError, match="at 0 or later"):
        blobs.stream(digest, start=span[0], end=span[1])


def test_a_range_across_pieces_is_exact(blobs: BlobStore) -> None:
    data = os.urandom(3 * CHUNK + 17)
    digest = blobs.put(data)
    assert joined(blobs.stream(digest, start=CHUNK - 1, end=2 * CHUNK + 1)) == data[CHUNK - 1 : 2 * CHUNK + 1]


def test_a_reader_may_stop_in_the_middle(blobs: BlobStore) -> None:
    digest = blobs.put(os.urandom(4 * CHUNK))
    pieces = blobs.stream(digest)
    assert next(pieces)
    del pieces
    unread = blobs.stream(digest)
    del unread


def kilobytes(name: str) -> int:
    return int(next(line for line in Path("/proc/self/status").read_text().splitlines() if name in line).split()[1])


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="needs Linux to measure")
def test_twenty_megabytes_are_read_in_pieces_with_flat_memory(blobs: BlobStore) -> None:
    size = 20_000_000
    digest = blobs.put(os.urandom(size))
    sum(map(len, blobs.stream(digest)))  # whatever is loaded once is loaded now
    before = kilobytes("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # the peak counts from here
    pieces = [len(piece) for piece in blobs.stream(digest)]
    assert sum(pieces) == size
    assert max(pieces) <= 8 * CHUNK
    assert kilobytes("VmHWM") - before < 8_000


def test_the_check_at_start_writes_and_reads(blobs: BlobStore) -> None:
    check_blobs(blobs)
    check_blobs(blobs)


# the folder -----------------------------------------------------------------------------------------------------------


def test_a_folder_has_files_and_no_addresses(tmp_path: Path) -> None:
    blobs = FolderBlobs(tmp_path)
    digest = blobs.put(PNG)
    path = blobs.local_path(digest)
    assert path == blobs.path(digest)
    assert path.read_bytes() == PNG
    assert blobs.local_path(MISSING) == tmp_path / "00" / MISSING
    assert blobs.url(digest, 60) is None
    assert Blobs is FolderBlobs


@pytest.mark.parametrize("step", ["write", "fsync", "rename"])
def test_an_interrupted_put_into_a_folder_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    blobs = FolderBlobs(tmp_path)
    if step == "rename":
        monkeypatch.setattr(Path, "replace", full)
    elif step == "fsync":
        monkeypatch.setattr(os, "fsync", full)
    else:
        limited = "import resource, signal\nsignal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        limited += "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        limited += "import sys\nfrom pathlib import Path\nfrom fluxroom.store.blobs import FolderBlobs\n"
        limited += "FolderBlobs(Path(sys.argv[1])).put(bytes(100_000))"
        ran = subprocess.run(
            [sys.executable, "-c", limited, str(tmp_path)], capture_output=True, text=True, check=False
        )
        assert "StorageUnwritable: The data folder cannot be written: File too large." in ran.stderr
        assert not [path for path in tmp_path.rglob("*") if path.is_file()]
        return
    with pytest.raises(StorageFull):
        blobs.put(PNG)
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]
    assert not blobs.has(hashlib.sha256(PNG).hexdigest())


def test_a_folder_that_cannot_be_read_says_so(tmp_path: Path) -> None:
    blobs = FolderBlobs(tmp_path)
    digest = hashlib.sha256(PNG).hexdigest()
    blobs.path(digest).mkdir(parents=True)
    with pytest.raises(StorageUnwritable, match="cannot be read: Is a directory"):
        blobs.get(digest)
    with pytest.raises(StorageUnwritable, match="cannot be read: Is a directory"):
        blobs.stream(digest)


def test_bytes_are_removed_once_nobody_has_put_them_for_long(blobs: BlobStore) -> None:
    digest = blobs.put(PNG)
    assert not blobs.remove(digest, older_than=3600)
    assert blobs.get(digest) == PNG
    assert blobs.remove(digest, older_than=0)
    assert not blobs.has(digest)
    assert blobs.remove(digest, older_than=0), "what is not there is removed"
    assert blobs.put(PNG) == digest
    assert blobs.get(digest) == PNG
    with pytest.raises(NotFound):
        blobs.remove("../../etc/passwd", older_than=0)


def test_a_put_makes_old_bytes_new_again(tmp_path: Path) -> None:
    blobs = FolderBlobs(tmp_path)
    digest = blobs.put(PNG)
    os.utime(blobs.path(digest), (1, 1))
    blobs.put(PNG)
    assert not blobs.remove(digest, older_than=60)
    assert blobs.get(digest) == PNG
    os.utime(blobs.path(digest), (1, 1))
    assert blobs.remove(digest, older_than=60)
    assert not list(tmp_path.rglob(".*-*")), "nothing is left aside"


def test_whoever_puts_while_another_removes_has_the_bytes_afterwards(tmp_path: Path) -> None:
    """The bytes are old whenever a remover comes, and new whenever somebody has put them."""
    blobs = FolderBlobs(tmp_path)

    def puts() -> list[str]:
        digests = []
        for number in range(300):
            data = PNG + bytes([number % 5])
            digests.append(blobs.put(data))
            blobs.put(data)
        return digests

    def removes(digests: list[str]) -> None:
        for number in range(600):
            digest = digests[number % 5]
            with contextlib.suppress(FileNotFoundError):
                os.utime(blobs.path(digest), (1, 1))
            blobs.remove(digest, older_than=60)

    digests = [blobs.put(PNG + bytes([number])) for number in range(5)]
    with ThreadPoolExecutor(3) as pool:
        works: list[Future[Any]] = [pool.submit(removes, digests), pool.submit(removes, digests), pool.submit(puts)]
        for work in works:
            work.result()
    for number, digest in enumerate(digests):
        assert blobs.put(PNG + bytes([number])) == digest
        assert not blobs.remove(digest, older_than=60)
        assert blobs.get(digest) == PNG + bytes([number])
    assert not list(tmp_path.rglob(".*-*")), "nothing is left aside"
