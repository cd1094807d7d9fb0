"""The tools: make and edit pictures, ask for prices and models, search and look at what was made."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any

from mcp.server.mcpserver import Context, MCPServer
from mcp.server.mcpserver.exceptions import ResourceNotFoundError, ToolError
from mcp_types import TextContent, ToolAnnotations
from pydantic import BaseModel, ConfigDict, Field

from fluxroom.client import DEFAULT_MODEL, error_of
from fluxroom.errors import BudgetExceeded, FluxroomError, NotFound
from fluxroom.mcp import showing
from fluxroom.mcp.desks import Desk
from fluxroom.mcp.showing import Content
from fluxroom.types import Done, Running

if TYPE_CHECKING:
    from fluxroom.engine import Snapshot
    from fluxroom.types import Event

DeskOf = Callable[[Context[Any, Any]], Desk]

INSTRUCTIONS = """Makes and edits pictures with every FLUX model of Black Forest Labs and fal.ai. Pictures cost money
unless the answer says sandbox: ask `quote` before large orders, and pass max_price. A picture that is not ready in time
goes on: ask `job_status` for it, and do not order it again, because that would pay twice. Pictures are named by
image_id."""

WAIT = 120.0
"""Seconds that a tool waits for pictures; the job itself goes on."""

_MOST_SHOWN = 4
"""Pictures that one answer shows; further ones are linked."""

_LOOKS = ToolAnnotations(read_only_hint=True, open_world_hint=False)
_MAKES = ToolAnnotations(read_only_hint=False, destructive_hint=False, idempotent_hint=False, open_world_hint=True)

Prompt = Annotated[str, Field(description="What to paint, or how to change the references.", max_length=20_000)]
Model = Annotated[
    str, Field(description="A model (flux-2-pro) or a route (bfl/flux-2-pro); see list_models.", max_length=200)
]
Sources = Annotated[
    list[str],
    Field(
        description="Pictures in order (image 1, image 2, …): image_id, sha256, https URL or data URI.", max_length=20
    ),
]
Maybe = Annotated[list[str] | None, Field(description="Pictures of an edit, named as edit_image takes them.")]
Count = Annotated[int, Field(description="How many pictures.", ge=1, le=10)]


class Parameters(BaseModel):
    """What the model takes besides words and pictures; list_models names all of it."""

    model_config = ConfigDict(extra="allow")

    image_size: str | None = Field(None, description="1536x1024, or a preset such as landscape_4_3.")
    aspect_ratio: str | None = Field(None, description="Such as 16:9; image_size wins over it.")
    seed: int | None = Field(None, description="The same seed and request give the same picture.")
    output_format: str | None = Field(None, description="png, jpeg or webp, as the model has it.")

    def given(self) -> dict[str, Any]:
        """Those that were given."""
        return {name: value for name, value in self.model_dump().items() if value is not None}


More = Annotated[Parameters | None, Field(description="image_size, aspect_ratio, seed and others.")]
Most = Annotated[float | None, Field(description="US dollars; nothing is sent if it may cost more.", ge=0)]
Wait = Annotated[float, Field(description="Seconds to wait; the job goes on afterwards.", ge=0, le=600)]


def add(server: MCPServer[Any], desk_of: DeskOf) -> None:
    """Give a server all tools and the originals as resources.

    Args:
        server: of the official SDK.
        desk_of: who does the work for the caller of a call.
    """
    _add_making(server, desk_of)
    _add_asking(server, desk_of)
    _add_looking(server, desk_of)

    @server.resource(
        "fluxroom://images/{image_id}",
        name="image",
        description="A picture as the provider made it.",
        mime_type="image/*",
    )
    async def original(image_id: str, ctx: Context[Any, Any]) -> bytes:
        desk = desk_of(ctx)
        try:
            return await desk.file(await desk.picture(image_id))
        except NotFound as error:
            raise ResourceNotFoundError(error.detail) from None


def _add_making(server: MCPServer[Any], desk_of: DeskOf) -> None:
    @server.tool(annotations=_MAKES, structured_output=False)
    async def generate_image(
        prompt: Prompt,
        ctx: Context[Any, Any],
        model: Model = DEFAULT_MODEL,
        num_images: Count = 1,
        parameters: More = None,
        max_price: Most = None,
        wait: Wait = WAIT,
    ) -> list[Content]:
        """Make pictures from words. Answers with the pictures, their ids, what they cost and links to the originals."""
        options = _options(parameters, num_images=num_images)
        return await _told(_made(desk_of(ctx), ctx, prompt, model, options, most=max_price, wait=wait))

    @server.tool(annotations=_MAKES, structured_output=False)
    async def edit_image(
        images: Sources,
        prompt: Prompt,
        ctx: Context[Any, Any],
        model: Model = DEFAULT_MODEL,
        parameters: More = None,
        max_price: Most = None,
        wait: Wait = WAIT,
    ) -> list[Content]:
        """Edit a picture, or make one from several. In the prompt they are "image 1", "image 2" and so on."""
        options = _options(parameters, references=images)
        return await _told(_made(desk_of(ctx), ctx, prompt, model, options, most=max_price, wait=wait))


def _add_asking(server: MCPServer[Any], desk_of: DeskOf) -> None:
    @server.tool(annotations=_LOOKS, structured_output=False)
    async def quote(
        prompt: Prompt,
        ctx: Context[Any, Any],
        model: Model = DEFAULT_MODEL,
        images: Maybe = None,
        num_images: Count = 1,
        parameters: More = None,
    ) -> list[Content]:
        """Say what a request would cost, where it would go and what would come back. Nothing is sent or charged."""
        options = _options(parameters, num_images=num_images, references=images)

        async def work() -> list[Content]:
            return [_json(showing.plan_fact(await desk_of(ctx).quote(prompt, model, options)))]

        return await _told(work())

    @server.tool(annotations=_LOOKS, structured_output=False)
    async def list_models(
        ctx: Context[Any, Any],
        model: Annotated[str | None, Field(description="Everything about this one: parameters, limits, price.")] = None,
        mode: Annotated[str | None, Field(description="Only models that can: generate, edit, fill, expand, …")] = None,
    ) -> list[Content]:
        """List the models with what they can do and cost, or show one with all of its parameters."""
        desk_of(ctx)

        async def work() -> list[Content]:
            return [_json(_model(model) if model else _models(mode))]

        return await _told(work())


def _add_looking(server: MCPServer[Any], desk_of: DeskOf) -> None:
    @server.tool(annotations=_LOOKS, structured_output=False)
    async def search_images(
        ctx: Context[Any, Any],
        query: Annotated[str, Field(description="Words of the prompt; empty for the newest.", max_length=500)] = "",
        model: Annotated[str, Field(description="Only of this model.", max_length=200)] = "",
        limit: Annotated[int, Field(description="How many.", ge=1, le=50)] = 10,
        before: Annotated[str, Field(description="The last image_id of the page before.", max_length=22)] = "",
    ) -> list[Content]:
        """Search the pictures that were made, the newest first; get_image shows one."""
        return await _told(_searched(desk_of(ctx), query, model, limit, before))

    @server.tool(annotations=_LOOKS, structured_output=False)
    async def get_image(
        image_id: Annotated[str, Field(description="As other tools name it.", max_length=40)],
        ctx: Context[Any, Any],
        max_side: Annotated[int, Field(description="Pixels of the longer side to show.", ge=64, le=2048)] = 1024,
    ) -> list[Content]:
        """Look at a picture that was made: the picture itself, its prompt, and a link to the original."""

        async def work() -> list[Content]:
            desk = desk_of(ctx)
            found = await desk.picture(image_id)
            return [
                *await showing.shown(desk, found, longest=max_side),
                _json(showing.fact(found, await desk.link(found))),
            ]

        return await _told(work())

    @server.tool(annotations=_LOOKS, structured_output=False)
    async def job_status(
        job_id: Annotated[str, Field(description="A generation_id or job_id.", max_length=40)], ctx: Context[Any, Any]
    ) -> list[Content]:
        """Say what became of an order: waiting, running, finished with which pictures, or why not, and the money."""

        async def work() -> list[Content]:
            desk = desk_of(ctx)
            found = await desk.snapshot(job_id)
            links = [await showing.linked(desk, await desk.picture(image.id)) for image in found.images]
            return [_json(showing.state_fact(found)), *links]

        return await _told(work())


# what they do --------------------------------------------------------------------------------------------------------


async def _told(work: Awaitable[list[Content]]) -> list[Content]:
    """The answer, or an error that says what is wrong and what to do next."""
    try:
        return await work
    except FluxroomError as error:
        charge = error.context.get("charge", error.charge)
        money = {"charged": " It was charged.", "unknown": " Whether it was charged is not known."}.get(charge, "")
        detail = error.detail.rstrip(".")
        raise ToolError(f"{detail}. {error.next_step}{money} [{error.code}]") from None


def _options(parameters: Parameters | None, **named: Any) -> dict[str, Any]:
    given = {name: value for name, value in named.items() if value is not None}
    if given.get("num_images") == 1:
        del given["num_images"]
    return {**(parameters.given() if parameters else {}), **given}


async def _made(
    desk: Desk,
    ctx: Context[Any, Any],
    prompt: str,
    model: str,
    options: dict[str, Any],
    *,
    most: float | None,
    wait: float,
) -> list[Content]:
    if most is not None:
        plan = await desk.quote(prompt, model, options)
        if plan.quote.high is None or plan.quote.high > Decimal(str(most)):
            raise BudgetExceeded(
                f"{plan.route} costs {plan.quote.text} for this, and max_price is ${most:g}",
                advice="Raise max_price, or choose a cheaper model with list_models; nothing was sent.",
            )
    generation = await desk.order(prompt, model, options)
    await _followed(desk, ctx, generation, wait)
    found = await desk.snapshot(generation)
    facts = showing.state_fact(found)
    if not found.settled:
        facts["next"] = f"Not ready after {wait:g} s. Ask job_status with {generation}; do not order it again."
        return [_json(facts)]
    if not found.images:
        raise error_of(next(job for job in found.jobs if job.state != "succeeded"))
    return [*await _pictures(desk, found), _json(facts)]


async def _pictures(desk: Desk, found: Snapshot) -> list[Content]:
    content: list[Content] = []
    for number, image in enumerate(found.images):
        picture = await desk.picture(image.id)
        content += await showing.shown(desk, picture) if number < _MOST_SHOWN else [await showing.linked(desk, picture)]
    return content


async def _followed(desk: Desk, ctx: Context[Any, Any], generation: str, wait: float) -> None:
    """Tell how far it is, until it is settled or the time is over."""
    told = -1.0
    try:
        async with asyncio.timeout(wait), aclosing(desk.events(generation)) as events:
            async for event in events:
                share = _share(event)
                if share > told:  # progress must grow
                    told = share
                    await ctx.report_progress(share, 1.0, _words(event))
    except TimeoutError:
        return


def _share(event: Event) -> float:
    if isinstance(event, Done):
        return 1.0
    if isinstance(event, Running):
        return event.progress or min(0.95, round(event.elapsed / max(event.expected, 0.1), 2))
    return 0.0


def _words(event: Event) -> str:
    if isinstance(event, Done):
        return event.state
    if isinstance(event, Running):
        return event.why or f"{event.phase or 'running'}, {event.elapsed:.0f} s of about {event.expected:.0f} s"
    return event.why or "queued"


async def _searched(desk: Desk, query: str, model: str, limit: int, before: str) -> list[Content]:
    found = await desk.search(query, model=model, limit=limit, before=before)
    rows = [showing.fact(picture, await desk.link(picture)) for picture in found]
    more = found[-1].id if len(found) == limit else None
    links: list[Content] = [await showing.linked(desk, picture) for picture in found]
    return [_json({"images": rows, "next_before": more}), *links]


def _models(mode: str | None) -> list[dict[str, Any]]:
    from fluxroom import catalog

    return [
        {
            "model": row.id,
            "title": row.title,
            "about": row.description,
            "modes": list(row.modes),
            "routes": list(row.routes),
            "price": {name: route.price(route.modes[0]).text for name, route in row.routes.items()},
            "seconds": row.seconds,
        }
        for row in catalog.models().values()
        if row.status != "retired" and (mode is None or mode in row.modes)
    ]


def _model(name: str) -> dict[str, Any]:
    from fluxroom import catalog

    row, provider, _ = catalog.find(name)
    routes = {at: route for at, route in row.routes.items() if provider in {None, at}}
    return row.as_dict() | {
        "parameters": {
            f"{at}/{mode}": [one.as_dict() for one in catalog.parameters(row.id, at, mode)]
            for at, route in routes.items()
            for mode in route.modes
        }
    }


def _json(value: Any) -> TextContent:
    return TextContent(type="text", text=json.dumps(value, ensure_ascii=False, default=str))
