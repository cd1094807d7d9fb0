"""The public types as users write them. Only type-checked, by mypy and pyright; never run."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import assert_type

from fluxroom import AsyncClient, Client, Done, Event, Image, InvalidParams, Quote, Reference, Size


def one_picture(client: Client) -> None:
    image = client.generate("a red fox", model="flux-2-pro", seed=7)
    assert_type(image, Image)
    assert_type(image.bytes, bytes)
    assert_type(image.size, Size)
    assert_type(image.cost, Decimal | None)
    assert_type(image.save("fox.png"), Path)
    assert_type(image.sandbox, bool)


def several_pictures(client: Client, number: int) -> None:
    assert_type(client.generate("x", num_images=4), list[Image])
    assert_type(client.generate("x", num_images=1), Image)
    assert_type(client.generate("x", num_images=number), Image | list[Image])


def every_form_of_a_picture(client: Client, image: Image) -> None:
    client.edit("photo.jpg", "dusk", references=[Path("a.png"), b"bytes", image, "https://example.org/a.png"])
    client.generate("x", references=[Reference(url="https://example.org/a.png")], mask=Path("mask.png"))
    client.generate("x", references=image, image_size=Size(1024, 768))
    client.generate({"subject": "fox", "style": "ink"}, image_size={"width": 512, "height": 512})


def parameters_are_known(client: Client) -> None:
    client.generate("x", guidance_scale=3.5, num_inference_steps=28, output_format="webp", loras=[{"path": "a/b"}])
    client.generate("x", extra={"fal": {"new_field": 1}}, on_unsupported="report", region="eu", wait=30)
    client.generate("x", model="some-model-of-tomorrow")
    client.generate("x", gidance_scale=3.5)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
    client.generate("x", seed="seven")  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]
    client.edit("a.png", "x", num_images=2)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


def events(client: Client) -> None:
    for event in client.stream("x", num_images=2):
        assert_type(event, Event)
        if isinstance(event, Done):
            assert_type(event.state, str)


def errors(client: Client) -> None:
    try:
        client.generate("x")
    except InvalidParams as error:
        assert_type(error.detail, str)
        assert_type(error.next_step, str)


async def the_same_without_waiting() -> None:
    async with AsyncClient(sandbox=True) as client:
        assert_type(await client.generate("x"), Image)
        assert_type(await client.generate("x", num_images=2), list[Image])
        assert_type(await client.edit("a.png", "x"), Image)
        assert_type(await client.quote("x", image_size="square_hd"), Quote)
        assert_type(await client.submit("x"), str)
        assert_type(await client.check_available("bfl/flux-2-pro"), bool | None)
        async for event in client.stream("x"):
            assert_type(event, Event)
