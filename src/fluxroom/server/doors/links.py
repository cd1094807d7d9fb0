"""Links to pictures that work without a key: whoever has one may see that picture, and nothing else.

Clients of the doors download an address without a header, often from another program or another machine. A link
therefore carries its own proof, which nobody can guess. It lives as long as the picture, and it is recognised when a
client gives it back as an input, so that the picture is taken from the store and never fetched.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from base64 import urlsafe_b64encode

from fastapi import APIRouter, Request, Response
from starlette.exceptions import HTTPException

from fluxroom.server.gateway import Gateway, Running
from fluxroom.server.library.deliveries import SUFFIXES, of_blob
from fluxroom.settings import Settings, is_loopback
from fluxroom.store import images
from fluxroom.store.images import StoredImage

router = APIRouter(include_in_schema=False)

_LINK = re.compile(r"/files/([0-9a-z]{22}|[0-9a-f]{64})/([\w-]{22})/[\w-]{1,100}\.[a-z]{3,4}", re.ASCII)
_PROOF = 22  # characters: 128 bits
_MIMES = {suffix: mime for mime, suffix in SUFFIXES.items()}


def is_link(method: str, path: str) -> bool:
    """Whether a request asks for a picture by its link, and so brings its own proof instead of a key.

    >>> is_link("GET", "/files/01kaz3x9f0m2n4p6q8r0st/AAAAAAAAAAAAAAAAAAAAAA/fox.png"), is_link("GET", "/v1/images")
    (True, False)
    """
    return method in {"GET", "HEAD"} and _LINK.fullmatch(path) is not None


class Links:
    """Makes links and recognises them.

    Args:
        key: the secret that proofs are derived from.
        base: under which address the caller reaches this gateway; only for making links.
    """

    def __init__(self, key: bytes, base: str = "") -> None:
        self._key = key
        self._base = base

    def of(self, image: StoredImage) -> str:
        """The address of a picture that was made here."""
        return self._address(image.id, f"picture-{image.id[-6:]}", image.mime)

    def of_asset(self, sha256: str, mime: str) -> str:
        """The address of a picture that somebody brought."""
        return self._address(sha256, f"upload-{sha256[:6]}", mime)

    def named(self, text: str) -> str:
        """The image id or hash that an address stands for, whatever its host; empty when it is no link of ours."""
        found = _LINK.search(text)
        return found[1] if found and self.proven(found[1], found[2]) else ""

    def proven(self, name: str, proof: str) -> bool:
        """Whether the proof is that of this image id or hash."""
        return hmac.compare_digest(proof.encode(), self._proof(name).encode())

    def _address(self, name: str, title: str, mime: str) -> str:
        return f"{self._base}/files/{name}/{self._proof(name)}/{title}.{SUFFIXES.get(mime, 'bin')}"

    def _proof(self, name: str) -> str:
        digest = hmac.new(self._key, f"file\0{name}".encode(), hashlib.sha256).digest()
        return urlsafe_b64encode(digest).decode()[:_PROOF]


async def links(gateway: Gateway, request: Request | None = None) -> Links:
    """The links of this gateway; with a request, as its caller reaches them."""
    return Links(await gateway.secret("links"), base_of(gateway, request) if request else "")


async def resolve(gateway: Gateway, text: str) -> str:
    """The SHA-256 of the picture that a link of ours leads to; empty when it is none, or the picture is gone."""
    name = (await links(gateway)).named(text)
    if len(name) != 22:
        return name
    found = await _image(gateway, name)
    return found.sha256 if found else ""


def base_of(gateway: Gateway, request: Request) -> str:
    """Where the caller reaches the gateway: its public address if it has one, or the host that the caller named.

    A public address on this machine is for providers in a sandbox; some clients take only the host that they called.
    """
    public = gateway.settings.public_url
    return public if public and not is_loopback(public) else f"{request.url.scheme}://{request.url.netloc}"


def own_address(settings: Settings) -> str:
    """Where the gateway is reached by programs that have not called it: its public address, or where it listens."""
    scheme = "https" if settings.tls or settings.tls_cert else "http"
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return settings.public_url or f"{scheme}://{host}:{settings.port}"


@router.api_route("/files/{name}/{proof}/{title}", methods=["GET", "HEAD"])
async def file(gateway: Running, request: Request, name: str, proof: str, title: str) -> Response:
    """The picture as it came; for a link that is not ours, 404 without a look."""
    if not (await links(gateway)).proven(name, proof):
        raise HTTPException(404)
    headers = {"cross-origin-resource-policy": "cross-origin"}  # chat pages of other origins show it
    if len(name) == 64:  # an upload: its kind is the one that the link was made with, and nothing but a picture
        mime = _MIMES.get(title.rpartition(".")[2], "")
        return await of_blob(request, gateway, name, mime=mime, headers=headers)
    image = await _image(gateway, name)
    if image is None:
        raise HTTPException(404)
    return await of_blob(request, gateway, image.sha256, mime=image.mime, headers=headers)


async def _image(gateway: Gateway, name: str) -> StoredImage | None:
    return await gateway.engine.store.database.read(lambda connection: images.get(connection, name))
