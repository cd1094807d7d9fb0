"""The Python library: one typed call for every FLUX model.

`AsyncClient` runs an engine in this process on the data folder; `Client` is the same, waited for. Without a key both
work against the built-in sandbox and say so (`image.sandbox`).
"""

from __future__ import annotations

import warnings
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import AsyncExitStack
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self, Unpack, overload

from fluxroom.errors import FluxroomError, by_code
from fluxroom.parameters import EditParameters, ModelId, Options, Parameters, Picture
from fluxroom.types import Event, Mode, OnUnsupported, Plan, Quote, Request, Size

if TYPE_CHECKING:
    from fluxroom.catalog import Model
    from fluxroom.engine import Engine, Snapshot
    from fluxroom.engine.orders import Terms
    from fluxroom.engine.transport import Transport
    from fluxroom.result import Image
    from fluxroom.settings import Settings
    from fluxroom.store.jobs import Job

DEFAULT_MODEL = "flux-2-pro"

Prompt = str | Mapping[str, Any] | None
"""What to paint; a mapping is a structured prompt."""


class PartialResultWarning(UserWarning):
    """Some pictures of a request were made and others were not."""


class AsyncClient:
    """Makes and edits pictures with any FLUX model.

    Args:
        settings: where everything else comes from; default: the environment and `.env`.
        transport: another way out, for tests.
        everyones: also carry queued jobs that other processes left on the data folder, as a gateway does.
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
        settings: Settings | None = None,
        transport: Transport | None = None,
        everyones: bool = False,
        **overrides: Any,
    ) -> None:
        if settings is None or overrides:
            from fluxroom.settings import load

            settings = load(**overrides)
        self.settings = settings
        self._transport = transport
        self._everyones = everyones
        self._engine: Engine | None = None
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        await self._open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self, drain: float = 10.0) -> None:
        """Let submits under way finish (at most `drain` seconds), then release everything.

        Running jobs stay resumable.
        """
        if self._engine:
            engine, self._engine = self._engine, None
            await engine.stop(drain)
        await self._stack.aclose()

    @property
    def engine(self) -> Engine:
        """The engine of this process; the client must be open."""
        if self._engine is None:
            raise RuntimeError("The client is not open: use `async with AsyncClient() as client:`.")
        return self._engine

    async def _open(self) -> Engine:
        if self._engine:
            return self._engine
        import asyncio

        from fluxroom.engine import Engine
        from fluxroom.engine.accounts import SANDBOX_ORIGIN, accounts, in_sandbox
        from fluxroom.engine.transport import AiohttpTransport
        from fluxroom.store import open_store

        store = await asyncio.to_thread(
            open_store, self.settings.data_folder, self.settings.database, self.settings.blobs
        )
        self._stack.callback(store.close)
        aliases = {}
        if in_sandbox(self.settings) and self._transport is None:
            from fluxroom.sandbox import Sandbox

            box = Sandbox(books=store.folder / "sandbox.db", speed=self.settings.sandbox_speed)
            await self._stack.enter_async_context(box)
            aliases[SANDBOX_ORIGIN] = box.url
        engine = Engine(
            store,
            accounts(self.settings),
            self.settings,
            transport=self._transport or AiohttpTransport(aliases),
            everyones=self._everyones,
        )
        await engine.start()
        self._engine = engine
        return engine

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
        found = await self.engine.wait(identity, self.settings.wait if wait is None else wait)
        pictures = self.images(found)
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
        request, plan = await self.plan_with(prompt, model, options)
        return await self.engine.submit(request, plan, terms_of(options))

    async def plan(
        self, prompt: Prompt = None, *, model: ModelId | str = DEFAULT_MODEL, **options: Unpack[Options]
    ) -> tuple[Request, Plan]:
        """What a request would become, checked and priced, without sending it."""
        return await self.plan_with(prompt, model, options)

    async def plan_with(self, prompt: Prompt, model: str, options: Mapping[str, Any]) -> tuple[Request, Plan]:
        """As `plan`, for options that come from outside: their names may be anything."""
        from fluxroom.engine.routing import plan

        request = await self._request(prompt, model, options)
        return request, plan(request, self.engine.accounts, self.settings)

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
        async for event in self.engine.events(identity):
            yield event

    async def job(self, part: str) -> Job:
        """A job by its id, or by the end of it."""
        return await self.engine.job(part)

    async def snapshot(self, generation: str) -> Snapshot:
        """A generation with its jobs and pictures."""
        return await self.engine.snapshot(generation)

    async def cancel(self, generation: str) -> list[tuple[Job, str]]:
        """Cancel what can be cancelled; says for each job what became of it and whether it is charged."""
        return await self.engine.cancel(generation)

    async def resolve(self, job: str, choice: Literal["retry", "abandon"]) -> Job:
        """Decide about a job that is in doubt."""
        return await self.engine.resolve(job, choice)

    def images(self, found: Snapshot) -> list[Image]:
        """The pictures of a settled generation.

        Raises:
            FluxroomError: there is no picture; the error of its first job.
        """
        from fluxroom.result import Image

        pictures = [
            Image(stored, job, self.engine.store.blobs, found.generation)
            for job in found.jobs
            for stored in found.images_of(job)
        ]
        failed = [job for job in found.jobs if job.state != "succeeded"]
        if failed and not pictures:
            raise error_of(failed[0])
        if failed:
            warnings.warn(
                f"{len(failed)} of {len(found.jobs)} jobs made no picture: {error_of(failed[0]).detail}",
                PartialResultWarning,
                stacklevel=3,
            )
        return pictures

    # models ----------------------------------------------------------------------------------------------------------

    def models(self) -> Mapping[str, Model]:
        """All models by id."""
        from fluxroom import catalog

        return catalog.models()

    async def check_available(self, route: str) -> bool | None:
        """Whether the provider offers a route now; None when it cannot be told. Costs nothing."""
        from fluxroom.engine.availability import offered

        engine = self.engine
        return await offered(engine.courier, route, self.settings)

    async def _request(self, prompt: Prompt, model: str, options: Mapping[str, Any]) -> Request:
        from fluxroom import catalog
        from fluxroom.engine.intake import take_in, take_in_at

        engine = self.engine
        given = {name: _plain(value) for name, value in options.items() if value is not None}
        sources = given.pop("references", None) or ()
        if isinstance(sources, (str, bytes)) or not isinstance(sources, Sequence):
            sources = [sources]
        mode: Mode | None = given.pop("mode", None)
        on_unsupported: OnUnsupported = given.pop("on_unsupported", "error")
        for name in _TERMS:
            given.pop(name, None)
        fixed = {name: given.pop(name) for name in ("extra", "max_references", "region") if name in given}
        row, provider, _ = catalog.find(model)
        places = {
            place
            for name in ([provider] if provider else row.routes)
            for possible in row.routes[name].modes
            for place in catalog.locate_images(row.id, name, possible, given)
        }
        params = await take_in_at(given, sorted(places, key=str), engine.store.blobs)
        return Request(
            model=model,
            prompt=prompt,
            references=tuple([await take_in(source, engine.store.blobs) for source in sources]),
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
