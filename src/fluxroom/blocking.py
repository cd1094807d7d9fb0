"""The library without `async`: the same methods, waited for. No logic of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self, Unpack, overload

from fluxroom.client import DEFAULT_MODEL, AsyncClient, Prompt
from fluxroom.parameters import EditParameters, ModelId, Options, Parameters, Picture
from fluxroom.types import Event, Plan, Quote, Request

if TYPE_CHECKING:
    from datetime import date

    from anyio.from_thread import BlockingPortal

    from fluxroom.catalog import Model
    from fluxroom.catalog.sync import Difference
    from fluxroom.engine import Snapshot
    from fluxroom.engine.accounting import Standing, Usage
    from fluxroom.flows.blocking import BlockingConversations, BlockingDesk
    from fluxroom.result import Image
    from fluxroom.store.jobs import Job
    from fluxroom.store.ledger import By
    from fluxroom.store.library import Picture as Found


class Client:
    """Makes and edits pictures with any FLUX model. Arguments as for `AsyncClient`.

    Example:
        >>> import tempfile
        >>> with Client(sandbox=True, sandbox_speed=100, data=tempfile.mkdtemp()) as client:
        ...     image = client.generate("a red fox in fresh snow", model="flux-2-klein-4b", seed=7)
        >>> str(image.size), image.mime
        ('1024x768', 'image/png')
    """

    def __init__(self, **arguments: Any) -> None:
        self._client = AsyncClient(**arguments)
        self._runner: AbstractContextManager[BlockingPortal] | None = None
        self._portal: BlockingPortal | None = None

    def __enter__(self) -> Self:
        from anyio.from_thread import start_blocking_portal

        self._runner = start_blocking_portal()
        self._portal = self._runner.__enter__()
        try:
            self._portal.call(self._client.__aenter__)
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let submits under way finish and release everything; running jobs stay resumable."""
        if self._portal:
            try:
                self._portal.call(self._client.close)
            finally:
                self._stop()

    def _stop(self) -> None:
        runner, self._runner, self._portal = self._runner, None, None
        if runner:
            runner.__exit__(None, None, None)

    def _call(self, method: Any, *positional: Any, **named: Any) -> Any:
        if self._portal is None:
            raise RuntimeError("The client is not open: use `with Client() as client:`.")
        return self._portal.call(partial(method, *positional, **named))

    @property
    def runs(self) -> BlockingDesk:
        """See `AsyncClient.runs`."""
        from fluxroom.flows.blocking import BlockingDesk

        return BlockingDesk(lambda: self._client.runs, self._call)

    @property
    def conversations(self) -> BlockingConversations:
        """See `AsyncClient.conversations`."""
        from fluxroom.flows.blocking import BlockingConversations

        return BlockingConversations(lambda: self._client.conversations, self._call)

    @overload
    def generate(
        self,
        prompt: Prompt = None,
        *,
        model: ModelId | str = DEFAULT_MODEL,
        num_images: Literal[1] = 1,
        wait: float | None = None,
        **options: Unpack[Parameters],
    ) -> Image: ...

    @overload
    def generate(
        self,
        prompt: Prompt = None,
        *,
        model: ModelId | str = DEFAULT_MODEL,
        num_images: Literal[2, 3, 4, 5, 6, 7, 8, 9, 10],
        wait: float | None = None,
        **options: Unpack[Parameters],
    ) -> list[Image]: ...

    @overload
    def generate(
        self,
        prompt: Prompt = None,
        *,
        model: ModelId | str = DEFAULT_MODEL,
        num_images: int,
        wait: float | None = None,
        **options: Unpack[Parameters],
    ) -> Image | list[Image]: ...

    def generate(self, prompt: Prompt = None, **options: Any) -> Image | list[Image]:
        """See `AsyncClient.generate`."""
        made: Image | list[Image] = self._call(self._client.generate, prompt, **options)
        return made

    def edit(
        self,
        image: Picture,
        prompt: Prompt = None,
        *,
        references: Sequence[Picture] = (),
        model: ModelId | str = DEFAULT_MODEL,
        wait: float | None = None,
        **options: Unpack[EditParameters],
    ) -> Image:
        """See `AsyncClient.edit`."""
        made: Image = self._call(
            self._client.edit, image, prompt, references=references, model=model, wait=wait, **options
        )
        return made

    def submit(self, prompt: Prompt = None, *, model: ModelId | str = DEFAULT_MODEL, **options: Unpack[Options]) -> str:
        """See `AsyncClient.submit`."""
        identity: str = self._call(self._client.submit, prompt, model=model, **options)
        return identity

    def stream(
        self, prompt: Prompt = None, *, model: ModelId | str = DEFAULT_MODEL, **options: Unpack[Options]
    ) -> Iterator[Event]:
        """See `AsyncClient.stream`."""
        events = self._client.stream(prompt, model=model, **options)
        try:
            while True:
                try:
                    event: Event = self._call(events.__anext__)
                except StopAsyncIteration:
                    return
                yield event
        finally:
            if self._portal:
                self._call(events.aclose)

    def quote(
        self, prompt: Prompt = None, *, model: ModelId | str = DEFAULT_MODEL, **options: Unpack[Options]
    ) -> Quote:
        """See `AsyncClient.quote`."""
        quoted: Quote = self._call(self._client.quote, prompt, model=model, **options)
        return quoted

    def plan(
        self, prompt: Prompt = None, *, model: ModelId | str = DEFAULT_MODEL, **options: Unpack[Options]
    ) -> tuple[Request, Plan]:
        """See `AsyncClient.plan`."""
        planned: tuple[Request, Plan] = self._call(self._client.plan, prompt, model=model, **options)
        return planned

    def jobs(self, *, states: Sequence[str] = (), limit: int = 20, before: str = "") -> list[Job]:
        """See `AsyncClient.jobs`."""
        found: list[Job] = self._call(self._client.jobs, states=states, limit=limit, before=before)
        return found

    def job(self, part: str) -> Job:
        """See `AsyncClient.job`."""
        found: Job = self._call(self._client.job, part)
        return found

    def snapshot(self, generation: str) -> Snapshot:
        """See `AsyncClient.snapshot`."""
        found: Snapshot = self._call(self._client.snapshot, generation)
        return found

    def send(self, request: Request, plan: Plan, options: Mapping[str, Any]) -> str:
        """See `AsyncClient.send`."""
        identity: str = self._call(self._client.send, request, plan, options)
        return identity

    def wait(self, generation: str, seconds: float | None = None) -> Snapshot:
        """See `AsyncClient.wait`."""
        found: Snapshot = self._call(self._client.wait, generation, seconds)
        return found

    def images(self, found: Snapshot) -> list[Image]:
        """See `AsyncClient.images`."""
        made: list[Image] = self._call(self._client.images, found)
        return made

    def cancel(self, generation: str) -> list[tuple[Job, str]]:
        """See `AsyncClient.cancel`."""
        said: list[tuple[Job, str]] = self._call(self._client.cancel, generation)
        return said

    def resolve(self, job: str, choice: Literal["retry", "abandon"]) -> Job:
        """See `AsyncClient.resolve`."""
        decided: Job = self._call(self._client.resolve, job, choice)
        return decided

    def search(self, words: str = "", *, model: str = "", limit: int = 20, before: str = "") -> list[Found]:
        """See `AsyncClient.search`."""
        found: list[Found] = self._call(self._client.search, words, model=model, limit=limit, before=before)
        return found

    def usage(
        self, by: By = "day", *, since: date | None = None, until: date | None = None, sandbox: bool = False
    ) -> Usage:
        """See `AsyncClient.usage`."""
        found: Usage = self._call(self._client.usage, by, since=since, until=until, sandbox=sandbox)
        return found

    def budgets(self, *, sandbox: bool = False) -> list[Standing]:
        """See `AsyncClient.budgets`."""
        found: list[Standing] = self._call(self._client.budgets, sandbox=sandbox)
        return found

    def models(self) -> Mapping[str, Model]:
        """See `AsyncClient.models`."""
        return self._client.models()

    def sync_catalog(self, *, write: bool = True) -> Difference:
        """See `AsyncClient.sync_catalog`."""
        found: Difference = self._call(self._client.sync_catalog, write=write)
        return found

    def check_available(self, route: str) -> bool | None:
        """See `AsyncClient.check_available`."""
        answer: bool | None = self._call(self._client.check_available, route)
        return answer
