"""Follow a request while it runs: its place in the queue, how far it is, and what became of it."""

from __future__ import annotations

import asyncio

from fluxroom import AsyncClient
from fluxroom.types import Done, Queued, Running


async def main() -> None:
    async with AsyncClient() as client:
        async for event in client.stream("a tram in the rain at night", model="fal/flux-2-flex", num_images=2):
            match event:
                case Queued(position=place):
                    print("queued" if place is None else f"queued, {place} before it")
                case Running(elapsed=seconds, expected=usual):
                    print(f"running for {seconds:.1f} s of about {usual:.0f} s")
                case Done(state=state, images=images):
                    print(f"{state}, pictures: {len(images)}")


if __name__ == "__main__":
    asyncio.run(main())
