"""The Python library: one typed call for every FLUX model.

`AsyncClient` runs an engine in this process on the data folder, or lets a gateway do the work (`base_url`); `Client` is
the same, waited for. Without a key both work against the built-in sandbox and say so (`image.sandbox`).
"""

from __future__ import annotations

import warnings
from collections.abc import AsyncGenerator, Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self, Unpack, overload

from fluxroom import terms
from fluxroom.errors import FluxroomError, by_code
from fluxroom.looking import Looking
from fluxroom.parameters import EditParameters, ModelId, Options, Parameters, Picture
from fluxroom.types import Event, Mode, OnUnsupported, Plan, Quote, Request, Size
from fluxroom.working import hire

if TYPE_CHECKING:
    from fluxroom.engine import Engine, Snapshot
    from fluxroom.engine.orders import Terms
    from fluxroom.engine.transport import Transport
    from fluxroom.flows.runs.conductor import Conductor
    from fluxroom.result import Image
    from fluxroom.settings import Settings
    from fluxroom.store.jobs import Job
    from fluxroom.working import Runs, Talks, Worker

DEFAULT_MODEL = "flux-2-pro"

Prompt = str | Mapping[str, Any] | None
"""What to paint; a mapping is a structured prompt."""


class PartialResultWarning(UserWarning):
    """Some pictures of a request were made and others were not."""


class AsyncClient(Looking):
    """Makes and edits pictures with any FLUX model.

    Args:
        base_url: a gateway that does the work, such as `http://127.0.0.1:7860`; default: FLUXROOM_URL, and without it
            this process does it.
        api_key: the key for that gateway; default: FLUXROOM_API_KEY.
        settings: where everything else comes from; default: the environment and `.env`.
        transport: another way out, for tests; the work is then done in this process.
        everyones: do the work in this process, and carry queued jobs that other processes left, as a gateway does.
        overrides: settings by name, such as `data="pictures"` or `sandbox=True`.

    Raises:
        BadSettings: a setting cannot be used.

    Example:
        >>> import asyncio, tempfile
        >>> async def main():
        ...     async with AsyncClient(sandbox=True, sandbox_speed=100, data=tempfile.mkdtemp()) as client:
        ...         image = await client.generate("a red fox in fresh snow", model="flux-2-klein-4b", seed=7)
        ...         return image.size, image.seed, image.sandbox
        >>> asyncio.run(main())
        (Size(width=1024, height=768), 7, True)
    """

    def __init__(
        self,
        *,
        base_url: str | None = None,
        api_key: str | None = None,
        settings: Settings | None = None,
        transport: Transport | None = None,
        everyones: bool = False,
        **overrides: Any,
    ) -> None:
        gateway = {"url": base_url, "api_key": api_key}
        overrides |= {name: value for name, value in gateway.items() if value is not None}
        if settings is None or overrides:
            from fluxroom.settings import load

            known = {name: getattr(settings, name) for name in settings.model_fields_set} if settings else {}
            settings = load(**known | overrides)
        self.settings = settings
        self._transport = transport
        self._everyones = everyones
        self._worker: Worker | None = None
        self._conductor: Conductor | None = None

    async def __aenter__(self) -> Self:
        if self._worker is None:
            worker = hire(self.settings, transport=self._transport, everyones=self._everyones)
            await worker.start()
            self._worker = worker
            if self._everyones:
                self.conductor.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self, drain: float = 10.0) -> None:
        """Let submits under way finish (at most `drain` seconds), then release everything.

        Running jobs stay resumable.
        """
        worker, self._worker = self._worker, None
        conductor, self._conductor = self._conductor, None
        if conductor:
            await conductor.stop()
        if worker:
            await worker.stop(drain)

    @property
    def worker(self) -> Worker:
        """Where the work is done; the client must be open."""
        if self._worker is None:
            raise RuntimeError("The client is not open: use `async with AsyncClient() as client:`.")
        return self._worker

    @property
    def engine(self) -> Engine:
        """The engine of this process; the client must be open, and a client of a gateway has none."""
        engine: Engine | None = getattr(self.worker, "engine", None)
        if engine is None:
            raise RuntimeError(f"The work is done by the gateway at {self.settings.url}: there is no engine here.")
        return engine

    @property
    def conductor(self) -> Conductor:
        """Carries runs in this process: those that it is asked to, and for `everyones` all that nobody else carries."""
        if self._conductor is None:
            from fluxroom.flows.expansion import writer_of
            from fluxroom.flows.pipelines.posting import Post
            from fluxroom.flows.pipelines.walk import Pipelines
            from fluxroom.flows.runs.conductor import Conductor

            post = Post(self.engine.store, self.settings, self.engine.now)
            steps = Pipelines(self.engine.store, writer=writer_of(self.settings), messenger=post)
            kinds = {"pipeline": steps.advance}
            self._conductor = Conductor(self.engine, self.plan_with, kinds=kinds)
        return self._conductor

    @property
    def runs(self) -> Runs:
        """Sheets, comparisons and pipelines: many requests with one purpose, here or at the gateway."""
        return self.worker.runs(lambda: self.conductor, self.plan_with)

    @property
    def conversations(self) -> Talks:
        """Conversations and assistants: messages that are answered with pictures, here or at the gateway."""
        return self.worker.conversations(self.plan_with)

    # pictures --------------------------------------------------------------------------------------------------------

    @overload
    async def generate(
        self,
        prompt: Prompt = None,
        *,
        model: ModelId | str = DEFAULT_MODEL,
        num_images: Literal[1] = 1,
        wait: float | None = None,
        **options: Unpack[Parameters],
    ) -> Image: ...

    @overload
    async def generate(
        self,
        prompt: Prompt = None,
        *,
        model: ModelId | str = DEFAULT_MODEL,
        num_images: Literal[2, 3, 4, 5, 6, 7, 8, 9, 10],
        wait: float | None = None,
        **options: Unpack[Parameters],
    ) -> list[Image]: ...

    @overload
    async def generate(
        self,
        prompt: Prompt = None,
        *,
        model: ModelId | str = DEFAULT_MODEL,
        num_images: int,
        wait: float | None = None,
        **options: Unpack[Parameters],
    ) -> Image | list[Image]: ...

    async def generate(
        self,
        prompt: Prompt = None,
        *,
        model: ModelId | str = DEFAULT_MODEL,
        num_images: int = 1,
        wait: float | None = None,
        **options: Unpack[Parameters],
    ) -> Image | list[Image]:
        """Make a picture and wait for it; a list when `num_images` is above 1.

        Args:
            prompt: what to paint; a mapping is sent as compact JSON text.
            model: a model (`flux-2-pro`) or a route (`bfl/flux-2-pro`).
            num_images: how many pictures; one job each where the model makes one at a time.
            wait: seconds to wait; the job goes on afterwards and the picture is kept when it comes.
            options: parameters (`seed`, `image_size`, `references`, …): see `fluxroom models show MODEL`.

        Raises:
            RequestError: the request cannot be carried out; nothing was sent.
            ProviderError: the provider refused or failed.
            WaitEnded: not finished in time; the job goes on.
            SubmitUnknown: the provider may have taken it; a person decides.
        """
        if num_images == 1:
            identity = await self.submit(prompt, model=model, **options)
        else:
            identity = await self.submit(prompt, model=model, num_images=num_images, **options)
        pictures = await self.images(await self.wait(identity, wait))
        return pictures[0] if num_images == 1 and len(pictures) == 1 else pictures

    async def edit(
        self,
        image: Picture,
        prompt: Prompt = None,
        *,
        references: Sequence[Picture] = (),
        model: ModelId | str = DEFAULT_MODEL,
        wait: float | None = None,
        **options: Unpack[EditParameters],
    ) -> Image:
        """Edit a picture: `image` is reference 1 ("image 1"), `references` are 2, 3, …. As `generate` otherwise."""
        return await self.generate(prompt, model=model, wait=wait, references=[image, *references], **options)

    async def submit(
        self, prompt: Prompt = None, *, model: ModelId | str = DEFAULT_MODEL, **options: Unpack[Options]
    ) -> str:
        """Send a request without waiting; returns the generation's id. Options as in `generate`."""
        return await self.worker.submit(await self._request(prompt, model, options), terms_of(options))

    async def plan(
        self, prompt: Prompt = None, *, model: ModelId | str = DEFAULT_MODEL, **options: Unpack[Options]
    ) -> tuple[Request, Plan]:
        """What a request would become, checked and priced, without sending it."""
        return await self.plan_with(prompt, model, options)

    async def plan_with(self, prompt: Prompt, model: str, options: Mapping[str, Any]) -> tuple[Request, Plan]:
        """As `plan`, for options that come from outside: their names may be anything."""
        request = await self._request(prompt, model, options)
        return request, await self.worker.plan(request)

    async def send(self, request: Request, plan: Plan, options: Mapping[str, Any]) -> str:
        """Send what `plan` gave, without waiting; `options` are the same again. Returns the generation's id."""
        return await self.worker.submit(request, terms_of(options), plan)

    async def quote(
        self, prompt: Prompt = None, *, model: ModelId | str = DEFAULT_MODEL, **options: Unpack[Options]
    ) -> Quote:
        """What a request would cost; nothing is sent. Options as in `generate`."""
        return (await self.plan(prompt, model=model, **options))[1].quote

    async def stream(
        self, prompt: Prompt = None, *, model: ModelId | str = DEFAULT_MODEL, **options: Unpack[Options]
    ) -> AsyncGenerator[Event, None]:
        """Send a request and tell what happens: `Queued`, `Running`, and one `Done` per job."""
        identity = await self.submit(prompt, model=model, **options)
        async for event in self.worker.events(identity):
            yield event

    async def wait(self, generation: str, seconds: float | None = None) -> Snapshot:
        """Wait until a generation is settled; its jobs go on whether anybody waits or not.

        Raises:
            WaitEnded: it is not settled after so many seconds (default: FLUXROOM_WAIT).
        """
        return await self.worker.wait(generation, self.settings.wait if seconds is None else seconds)

    async def snapshot(self, generation: str) -> Snapshot:
        """A generation with its jobs and pictures."""
        return await self.worker.snapshot(generation)

    async def cancel(self, generation: str) -> list[tuple[Job, str]]:
        """Cancel what can be cancelled; says for each job what became of it and whether it is charged."""
        return await self.worker.cancel(generation)

    async def resolve(self, job: str, choice: Literal["retry", "abandon"]) -> Job:
        """Decide about a job that is in doubt."""
        return await self.worker.resolve(job, choice)

    async def images(self, found: Snapshot) -> list[Image]:
        """The pictures of a settled generation, with their bytes.

        Raises:
            FluxroomError: there is no picture; the error of its first job.
        """
        from fluxroom.result import Image

        made = [(stored, job) for job in found.jobs for stored in found.images_of(job)]
        failed = [job for job in found.jobs if job.state != "succeeded" and not job.went_elsewhere]
        if failed and not made:
            raise error_of(failed[0])
        if failed:
            warnings.warn(
                f"{len(failed)} of {len(found.jobs)} jobs made no picture: {error_of(failed[0]).detail}",
                PartialResultWarning,
                stacklevel=3,
            )
        withheld = sum(job.withheld for job in found.jobs)
        if withheld:
            warnings.warn(
                f"{withheld} of {len(made) + withheld} pictures were withheld by the provider's moderation.",
                PartialResultWarning,
                stacklevel=3,
            )
        blobs = await self.worker.books.fetched([stored for stored, _ in made])
        return [Image(stored, job, blobs, found.generation) for stored, job in made]

    async def _request(self, prompt: Prompt, model: str, options: Mapping[str, Any]) -> Request:
        from fluxroom import catalog

        await self.worker.refresh()
        terms.check(options)
        given = {name: _plain(value) for name, value in options.items() if value is not None}
        sources = given.pop("references", None) or ()
        if isinstance(sources, (str, bytes)) or not isinstance(sources, Sequence):
            sources = [sources]
        mode: Mode | None = given.pop("mode", None)
        on_unsupported: OnUnsupported = given.pop("on_unsupported", "error")
        for name in _TERMS:
            given.pop(name, None)
        fixed = {name: given.pop(name) for name in ("extra", "max_references", "region", "routing") if name in given}
        row, provider, _ = catalog.find(model)
        places = {
            place
            for name in ([provider] if provider else row.routes)
            for possible in row.routes[name].modes
            for place in catalog.locate_images(row.id, name, possible, given)
        }
        references, params = await self.worker.take_in(sources, given, sorted(places, key=str))
        return Request(
            model=model,
            prompt=prompt,
            references=tuple(references),
            params=params,
            mode=mode,
            on_unsupported=on_unsupported,
            **fixed,
        )


_TERMS = ("cache", "idempotency_key", "priority", "run")


def terms_of(options: Mapping[str, Any], *, owner: str = "local") -> Terms:
    """The terms among a request's options: `cache`, `idempotency_key`, `priority` and `run`."""
    from fluxroom.engine.orders import Terms

    return Terms(owner=owner, **{name: options[name] for name in _TERMS if options.get(name) is not None})


def _plain(value: Any) -> Any:
    return {"width": value.width, "height": value.height} if isinstance(value, Size) else value


def error_of(job: Job) -> FluxroomError:
    """The error of a job that made no picture."""
    facts = dict(job.error or {})
    code, message, advice = facts.pop("code", "job_failed"), facts.pop("message", ""), facts.pop("next", "")
    for name in ("retryable", "job", "route"):
        facts.pop(name, None)
    return by_code(code)(message, advice=advice, job=job.id, route=job.route, **facts)
