"""The same request to several models at once, with price, time and what each of them did not take."""

from __future__ import annotations

import asyncio
import time

from fluxroom import AsyncClient

ROUTES = ("bfl/flux-2-pro", "fal/flux-2-flex", "fal/flux-2-dev", "bfl/flux-2-klein-9b")


async def one(client: AsyncClient, route: str) -> str:
    began = time.perf_counter()
    image = await client.generate(
        "a lighthouse at dusk, the word FLUX in neon",
        model=route,
        seed=7,
        guidance_scale=4.0,
        on_unsupported="report",  # a model that has no guidance leaves it out and says so
    )
    missing = ", ".join(note["name"] for note in image.not_sent) or "nothing"
    return f"{route:20} {image.size}  ${image.cost}  {time.perf_counter() - began:.1f} s  not sent: {missing}"


async def main() -> None:
    async with AsyncClient() as client:
        for line in await asyncio.gather(*(one(client, route) for route in ROUTES)):
            print(line)


if __name__ == "__main__":
    asyncio.run(main())
