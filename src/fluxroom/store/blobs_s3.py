"""Bytes by content in a bucket of an S3-compatible store.

The work is obstore's; the keys are those of a folder (`ab/abcdef…`), so either can be copied into the other. A put is
conditional: whoever is second finds the bytes there, which is just as good, since the name is their hash. That is also
why a put may be repeated when its answer was lost.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import time
from collections.abc import Callable, Collection, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal, Self, TypeVar
from urllib.parse import parse_qsl, unquote, urlsplit

from fluxroom.errors import FluxroomError, StorageFull, StorageUnwritable
from fluxroom.settings import BadSettings
from fluxroom.store.digests import CHUNK, key_of, missing, span

T = TypeVar("T")

_LONGEST_CALL = timedelta(minutes=5)
"""For one request with all its bytes: 128 MB through 4 Mbit/s."""

_LONGEST_URL = 7 * 24 * 3600
"""Seconds that a presigned address may live (AWS, Signature Version 4)."""

_PAUSES = (0.2, 0.8)
"""Seconds before a put is done again that found no answer."""

_RENEWED_AFTER = 600.0
"""Seconds after which bytes that are put again are written again, so that they count as new."""

_SOURCES = (
    ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"),
    ("AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_ROLE_ARN"),
    ("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",),
    ("AWS_CONTAINER_CREDENTIALS_FULL_URI",),
)
"""Variables that give credentials. Without any, obstore would ask the network's metadata address, and wait for it."""

_ENDPOINTS = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT")
"""Variables that name a store which is not Amazon's, in the order in which they count."""

_FULL = {
    "QuotaExceeded",
    "XMinioStorageFull",
    "XMinioBucketQuotaExceeded",
    "InsufficientStorage",
    "ServiceQuotaExceeded",
}
_REFUSED = {"AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "InvalidToken"}
_MOVED = {
    "PermanentRedirect",
    "AuthorizationHeaderMalformed",
    "TemporaryRedirect",
    "IllegalLocationConstraintException",
}

_MAGIC = ((b"\x89PNG\r\n\x1a\n", 0, "image/png"), (b"\xff\xd8\xff", 0, "image/jpeg"), (b"WEBP", 8, "image/webp"))


class S3Blobs:
    """A bucket, or the part of it below a prefix. Credentials come from the usual AWS variables.

    Args:
        bucket, prefix: where the bytes lie.
        endpoint: base address of a store that is not Amazon's; default: `AWS_ENDPOINT_URL_S3`, `AWS_ENDPOINT_URL`.
        region: where the bucket is; default: `AWS_REGION`, `AWS_DEFAULT_REGION`, us-east-1.
        retries: how often a call is repeated that found no answer, or one of 5xx.

    Raises:
        BadSettings: no credentials are set, or the extra `s3` is not installed.
    """

    def __init__(
        self, bucket: str, prefix: str = "", *, endpoint: str = "", region: str = "", retries: int = 4
    ) -> None:
        self.bucket = bucket
        self.prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""
        try:
            import obstore.exceptions
            from obstore.store import S3Store
        except ImportError:
            raise BadSettings(
                "FLUXROOM_BLOBS: s3:// needs the package obstore.",
                advice='Install it with: pip install "fluxroom[s3]".',
                field="FLUXROOM_BLOBS",
            ) from None
        if not any(all(map(os.environ.get, names)) for names in _SOURCES):
            raise BadSettings(
                "FLUXROOM_BLOBS: s3:// needs credentials, and none are set.",
                advice="Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment.",
                field="FLUXROOM_BLOBS",
            )
        place: dict[str, Any] = {"region": region} if region else {}
        if endpoint := endpoint or next(filter(None, map(os.environ.get, _ENDPOINTS)), ""):
            # What is written here wins; the first name alone would be overruled by the environment's.
            place |= {"endpoint": endpoint, "aws_endpoint_url_s3": endpoint}
        self._obstore = obstore
        try:
            self._store = S3Store(bucket, **place, **_client(retries, plain=endpoint.startswith("http://")))
        except obstore.exceptions.BaseError:
            raise _bad("names a place that cannot be used; check it and the AWS_ variables") from None

    @classmethod
    def at(cls, location: str) -> Self:
        """The bucket that `s3://bucket/prefix?endpoint=…&region=…` names.

        Raises:
            BadSettings: it cannot be read; the message repeats nothing that could be a secret.
        """
        try:
            parts = urlsplit(location)
            given = dict(parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query)))
            endpoint = urlsplit(given.get("endpoint", ""))
            _ = parts.port, endpoint.port
        except ValueError:
            raise _bad("is no address that can be read") from None
        if parts.username or parts.password or endpoint.username or endpoint.password:
            raise _bad("holds no credentials; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY instead")
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{1,254}", parts.netloc):
            raise _bad("must begin with a bucket's name: s3://bucket/prefix")
        prefix = unquote(parts.path).strip("/")
        if prefix and not re.fullmatch(r"(?!\.)[^/\x00-\x1f]+(/(?!\.)[^/\x00-\x1f]+)*", prefix):
            raise _bad("has a prefix that cannot be used: no empty parts, and none that begin with a dot")
        if wrong := sorted(set(given) - {"endpoint", "region"}):
            raise _bad(f"takes endpoint and region after the question mark, not {wrong[0][:40]}")
        if given.get("endpoint") and (endpoint.scheme not in {"http", "https"} or not endpoint.hostname):
            raise _bad("has an endpoint that does not begin with https:// or http://")
        return cls(
            parts.netloc,
            prefix,
            endpoint=given.get("endpoint", "").rstrip("/"),
            region=given.get("region", ""),
        )

    def __repr__(self) -> str:
        return f"S3Blobs({self._place!r})"

    @property
    def _place(self) -> str:
        return f"s3://{self.bucket}/{self.prefix}"

    def put(self, data: bytes) -> str:
        """See `BlobStore.put`. Bytes that are there already are success."""
        digest = hashlib.sha256(data).hexdigest()
        key = self._key(digest)
        for pause in (*_PAUSES, None):
            expect = {"there", "unconditional"} | ({"no answer"} if pause is not None else set())
            try:
                self._call(lambda: self._send(key, data, "create"), expect=expect)
            except _ExpectedError as known:
                if known.kind == "no answer":
                    # obstore does not repeat a put whose connection broke half-way; ours may be, for the name is the
                    # bytes' hash.
                    time.sleep(pause or 0.0)
                    continue
                # "There" is also said while somebody else's put is under way, which may still fail; and not every
                # store knows a conditional put.
                found = self._look(key)
                if found is None or found[0] != len(data) or found[1] > _RENEWED_AFTER:
                    self._call(lambda: self._send(key, data, "overwrite"))
            return digest
        return digest

    def get(self, digest: str) -> bytes:
        """See `BlobStore.get`."""
        key = self._key(digest)
        return self._call(lambda: bytes(self._obstore.get(self._store, key).bytes()), digest=digest)

    def has(self, digest: str) -> bool:
        """See `BlobStore.has`."""
        return self._size(self._key(digest)) is not None

    def size(self, digest: str) -> int:
        """See `BlobStore.size`."""
        found = self._size(self._key(digest))
        if found is None:
            raise missing(digest)
        return found

    def stream(self, digest: str, *, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """See `BlobStore.stream`. A connection that breaks is taken up again where it broke."""
        key = self._key(digest)
        start, end = span(start, end)
        if end is not None and end <= start:
            self.size(digest)
            return iter(())
        options: Any = {"range": {"offset": start} if end is None else (start, end)} if start or end else {}
        try:
            found = self._call(
                lambda: self._obstore.get(self._store, key, options=options), digest=digest, expect={"beyond the end"}
            )
        except _ExpectedError:
            return iter(())
        return self._pieces(iter(found.stream(min_chunk_size=CHUNK)), digest)

    def local_path(self, digest: str) -> Path | None:
        """None: the bytes are elsewhere."""
        self._key(digest)
        return None

    def remove(self, digest: str, *, older_than: float) -> bool:
        """See `BlobStore.remove`. A put in the very moment between the look at its age and the deletion is not seen."""
        key = self._key(digest)
        found = self._look(key)
        if found and found[1] < (max(older_than, 2 * _RENEWED_AFTER) if older_than else 0.0):
            return False
        if found:
            with contextlib.suppress(_ExpectedError):
                self._call(lambda: self._obstore.delete(self._store, key), expect={"missing"})
        return True

    def url(self, digest: str, seconds: float) -> str | None:
        """See `BlobStore.url`. It lives a week at the most."""
        key, life = self._key(digest), timedelta(seconds=min(max(1, int(seconds)), _LONGEST_URL))
        return self._call(lambda: str(self._obstore.sign(self._store, "GET", key, life)), digest=digest)

    def _key(self, digest: str) -> str:
        return self.prefix + key_of(digest)

    def _send(self, key: str, data: bytes, mode: Literal["create", "overwrite"]) -> None:
        attributes = {"Content-Type": _mime(data), "Cache-Control": "private, max-age=31536000, immutable"}
        # In one piece: of an upload in parts that breaks off, the parts would stay and cost.
        self._obstore.put(self._store, key, data, attributes=attributes, mode=mode, use_multipart=False)

    def _size(self, key: str) -> int | None:
        found = self._look(key)
        return found and found[0]

    def _look(self, key: str) -> tuple[int, float] | None:
        """How many bytes there are, and for how many seconds they have been; None: there are none."""
        try:
            found = self._call(lambda: self._obstore.head(self._store, key), expect={"missing"})
        except _ExpectedError:
            return None
        return int(found["size"]), time.time() - found["last_modified"].timestamp()

    def _pieces(self, source: Iterator[Any], digest: str) -> Iterator[bytes]:
        while (piece := self._call(lambda: next(source, None), digest=digest)) is not None:
            yield bytes(piece)

    def _call(self, work: Callable[[], T], *, digest: str = "", expect: Collection[str] = ()) -> T:
        """Do one thing with the store; what goes wrong is told in our words, once nothing of the original is left.

        Its text may hold addresses, key ids and what was signed, so it is not even the context of ours.
        """
        from obstore.exceptions import BaseError

        try:
            return work()
        except (BaseError, OSError) as error:
            code, status = _code_and_status(error)
            kind = _kind(error, code, status)
            failure = self._trouble(error, code, status)
        if kind in expect:
            raise _ExpectedError(kind)
        raise missing(digest) if kind == "missing" and digest else failure

    def _trouble(self, error: Exception, code: str, status: int) -> FluxroomError:
        said = f" ({code})" if code else f" (HTTP {status})" if status else ""
        if code == "NoSuchBucket":
            return StorageUnwritable(f"There is no bucket {self.bucket}.", advice="Make it, or mend FLUXROOM_BLOBS.")
        if code in _FULL or status == 507:
            advice = "Make room there, or raise its quota; waiting jobs then go on by themselves."
            return StorageFull(f"{self._place} takes no more{said}.", advice=advice)
        if code in _MOVED or status in {301, 307}:
            advice = "Name its region in FLUXROOM_BLOBS (?region=…) or AWS_REGION."
            return StorageUnwritable(f"{self._place} is in another region{said}.", advice=advice)
        if code in _REFUSED or status in {401, 403} or isinstance(error, PermissionError):
            advice = "Check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and what they may do with the bucket."
            return StorageUnwritable(f"{self._place} refuses this access{said}.", advice=advice)
        advice = "Check FLUXROOM_BLOBS, and that the store runs; waiting jobs then go on by themselves."
        what = "does not work at the moment" if said else "cannot be reached"
        return StorageUnwritable(f"{self._place} {what}{said}.", advice=advice)


def _client(retries: int, *, plain: bool) -> dict[str, Any]:
    """How obstore is to call, in its own words."""
    return {
        "client_options": {
            "allow_http": plain,
            "connect_timeout": timedelta(seconds=5),
            "timeout": _LONGEST_CALL,
            "user_agent": "fluxroom",
        },
        "retry_config": {
            "max_retries": retries,
            "retry_timeout": timedelta(seconds=60),
            "backoff": {
                "init_backoff": timedelta(milliseconds=100),
                "max_backoff": timedelta(seconds=5),
                "base": 2,
            },
        },
    }


class _ExpectedError(Exception):
    """Something that the caller knows what to do about."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        super().__init__(kind)


def _kind(error: Exception, code: str, status: int) -> str:
    """What this failure means, where it can mean something else than trouble."""
    from obstore.exceptions import AlreadyExistsError, NotSupportedError

    if isinstance(error, AlreadyExistsError):
        return "there"
    if isinstance(error, (NotSupportedError, NotImplementedError)) or status == 501:
        return "unconditional"
    if status == 416:
        return "beyond the end"
    if isinstance(error, FileNotFoundError) or status == 404:
        return "" if code == "NoSuchBucket" else "missing"
    return "" if code or status or isinstance(error, PermissionError) else "no answer"


def _bad(what: str) -> BadSettings:
    return BadSettings(f"FLUXROOM_BLOBS: {what}.", field="FLUXROOM_BLOBS")


def _code_and_status(error: Exception) -> tuple[str, int]:
    """The store's own word for what is wrong, and its HTTP status; "" and 0 where there was no answer."""
    text = str(error)
    if "redirect without LOCATION" in text:
        return "", 301  # obstore's words for a bucket in another region
    code = re.search(r"<Code>([A-Za-z]{3,60})</Code>", text)
    status = re.search(r"status code: (\d{3})\b", text)
    return code[1] if code else "", int(status[1]) if status else 0


def _mime(data: bytes) -> str:
    return next((mime for magic, at, mime in _MAGIC if data[at : at + len(magic)] == magic), "application/octet-stream")
