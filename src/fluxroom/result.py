"""What a caller gets back: a picture with its bytes at home."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from fluxroom.types import Receipt, Size

Bytes = bytes  # `Image.bytes` hides the type's own name inside the class

if TYPE_CHECKING:
    from fluxroom.store.images import StoredImage
    from fluxroom.store.jobs import Generation, Job


class Shelf(Protocol):
    """Where the bytes of pictures are: a store of blobs, or what was fetched from a gateway."""

    def get(self, digest: str) -> Bytes:
        """The bytes of this hash."""

    def local_path(self, digest: str) -> Path | None:
        """The file of this hash on this machine; None where there is none."""


class Image:
    """A finished picture. Its bytes are the provider's, untouched, in the data folder."""

    def __init__(self, stored: StoredImage, job: Job, blobs: Shelf, generation: Generation) -> None:
        self._stored = stored
        self._job = job
        self._generation = generation
        self._blobs = blobs

    def __repr__(self) -> str:
        return f"Image({self.route}, {self.size}, {self.mime}, seed={self.seed}, cost={self.cost})"

    @property
    def id(self) -> str:
        """The image's id."""
        return self._stored.id

    @property
    def bytes(self) -> bytes:
        """The file as the provider made it."""
        return self._blobs.get(self.sha256)

    @property
    def path(self) -> Path | None:
        """The file in the data folder; None when the pictures are kept in a bucket."""
        return self._blobs.local_path(self.sha256)

    @property
    def sha256(self) -> str:
        """The hash of the bytes; the name under which they are stored, and a reference for the next request."""
        return self._stored.sha256

    @property
    def mime(self) -> str:
        """`image/png`, `image/jpeg` or `image/webp`."""
        return self._stored.mime

    @property
    def size(self) -> Size:
        """Width and height in pixels, as the picture really is."""
        return Size(self._stored.width, self._stored.height)

    @property
    def seed(self) -> int | None:
        """The seed that was used, where the provider says it."""
        return self._stored.seed if self._stored.seed is not None else self._job.seed

    @property
    def cost(self) -> Decimal | None:
        """What the job was charged in US dollars; `receipt.source` says whether the figure is the provider's."""
        return self._job.charged

    @property
    def receipt(self) -> Receipt:
        """The money of the job that made it."""
        return self._job.receipt

    @property
    def provider(self) -> str:
        """`bfl` or `fal`."""
        return str(self._job.provider)

    @property
    def model(self) -> str:
        """The model's id."""
        return self._job.model

    @property
    def route(self) -> str:
        """Provider and model: `bfl/flux-2-pro`."""
        return self._job.route

    @property
    def request_id(self) -> str:
        """The provider's id of the job."""
        return self._job.request_id

    @property
    def job(self) -> str:
        """The id of the job that made it."""
        return self._job.id

    @property
    def cached_from(self) -> str:
        """The job whose picture this is, given again free of charge; empty when it was made for this request."""
        return self._job.cached_from

    @property
    def sandbox(self) -> bool:
        """Whether it comes from the sandbox instead of a provider."""
        return self._job.sandbox

    @property
    def prompt(self) -> str:
        """The prompt as it was sent."""
        return self._generation.prompt

    @property
    def not_sent(self) -> list[Mapping[str, str]]:
        """Values that were asked for and not sent, with the reason."""
        return list(self._generation.not_sent)

    def save(self, path: str | Path, *, metadata: bool = True) -> Path:
        """Write the picture to a file; a folder gets a name of its own.

        Args:
            path: the file. Its folder must exist.
            metadata: write prompt, model, parameters, seed and request id into the file, without re-encoding.

        Raises:
            StorageFull, StorageUnwritable: the file cannot be written.
        """
        from fluxroom.store.blobs import storage_error

        target = Path(path).expanduser()
        if target.is_dir():
            target /= f"{self.model}-{self.id[-6:]}.{self.mime.rsplit('/', 1)[-1].replace('jpeg', 'jpg')}"
        try:
            target.write_bytes(self.with_metadata() if metadata else self.bytes)
        except OSError as error:
            raise storage_error(error) from error
        return target

    def with_metadata(self) -> Bytes:
        """The file with what made it written into it; the pixels are untouched."""
        from fluxroom.imaging.metadata import write

        return write(self.bytes, self.facts())

    def _asked(self) -> dict[str, Any]:
        """What it takes to ask for this picture again; pictures by hash or address."""
        references = [one.get("url") or one.get("sha256") for one in self._generation.references]
        return {"params": dict(self._generation.params)} | ({"references": references} if references else {})

    def facts(self) -> dict[str, Any]:
        """What is written into files: prompt, route, parameters as asked and as sent, seed and request id."""
        return {
            "software": "Fluxroom",
            "prompt": self.prompt,
            "model": self.model,
            "provider": self.provider,
            "endpoint": self._job.endpoint,
            "mode": self._job.mode,
            "parameters": dict(self._job.wire),
            "asked": self._asked(),
            "seed": self.seed,
            "request_id": self.request_id,
            "job": self.job,
            **({"sandbox": True} if self.sandbox else {}),
        }
