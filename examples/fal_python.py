"""fal's own Python client on the gateway: a generation with its log, and an edit.

fal's client speaks https to the hosts in `FAL_RUN_HOST` and `FAL_QUEUE_RUN_HOST`, which `fluxroom serve --tls
--fal-port 7862` prints: then not a line of a program changes. This example is for a gateway without TLS, so it sets the
addresses itself.

Start the gateway with `fluxroom serve`, then: `python examples/fal_python.py "a red fox in fresh snow"`.
"""

from __future__ import annotations

import os
import sys
import urllib.request
from pathlib import Path
from typing import Any

import fal_client

GATEWAY = os.environ.get("FLUXROOM_URL", "http://127.0.0.1:7860")
# On this machine any key will do; elsewhere it is one that `fluxroom keys create` made.
os.environ.setdefault("FAL_KEY", os.environ.get("FLUXROOM_API_KEY", "none"))
fal_client.client.RUN_URL_FORMAT = f"{GATEWAY}/fal/"
fal_client.client.QUEUE_URL_FORMAT = f"{GATEWAY}/fal/queue/"
fal_client.client.REST_URL = f"{GATEWAY}/fal"  # uploads
fal_client.client.CDN_URL = f"{GATEWAY}/fal/storage"


def main() -> None:
    prompt = sys.argv[1] if len(sys.argv) > 1 else "a red fox in fresh snow"
    day = fal_client.subscribe("fal-ai/flux-2", {"prompt": prompt, "seed": 7}, with_logs=True, on_queue_update=print)
    save(day, "day.png")
    night = fal_client.run(
        "fal-ai/flux-2/edit",
        {"prompt": "make it night", "image_urls": [fal_client.upload_file(Path("day.png"))], "seed": 7},
    )
    save(night, "night.png")


def save(made: dict[str, Any], name: str) -> None:
    with urllib.request.urlopen(made["images"][0]["url"]) as answer:
        Path(name).write_bytes(answer.read())
    print(name, made["seed"])


if __name__ == "__main__":
    main()
