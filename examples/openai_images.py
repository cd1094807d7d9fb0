"""OpenAI's own Python client makes and edits pictures with FLUX models; only the base URL is another one.

Start the gateway with `fluxroom serve`, then: `python examples/openai_images.py "a red fox in fresh snow"`.
"""

from __future__ import annotations

import base64
import os
import sys
from pathlib import Path

from openai import OpenAI
from openai.types import ImagesResponse

GATEWAY = os.environ.get("FLUXROOM_URL", "http://127.0.0.1:7860")


def main() -> None:
    prompt = sys.argv[1] if len(sys.argv) > 1 else "a red fox in fresh snow"
    # On this machine any key will do; elsewhere it is one that `fluxroom keys create` made.
    client = OpenAI(base_url=f"{GATEWAY}/openai/v1", api_key=os.environ.get("FLUXROOM_API_KEY", "none"))

    made = client.images.generate(model="flux-2-pro", prompt=prompt, size="1536x1024", extra_body={"seed": 7})
    day = save(made, "day.png")

    edited = client.images.edit(model="flux-2-pro", image=day, prompt="make it night", extra_body={"seed": 7})
    save(edited, "night.png")
    facts = (edited.model_extra or {})["fluxroom"]
    print(facts["route"], facts["receipt"]["charged"], "US dollars", "(sandbox)" if facts["sandbox"] else "")
    client.close()


def save(answer: ImagesResponse, name: str) -> Path:
    path = Path(name)
    path.write_bytes(base64.b64decode((answer.data or [])[0].b64_json or ""))
    print(path, answer.size)
    return path


if __name__ == "__main__":
    main()
