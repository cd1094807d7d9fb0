"""A conversation in which a FLUX model answers with pictures: the last one is what the next message changes.

Start the gateway with `fluxroom serve`, then: `python examples/openai_chat.py`.
"""

from __future__ import annotations

import os

from openai import OpenAI
from openai.types.chat import ChatCompletionMessageParam

GATEWAY = os.environ.get("FLUXROOM_URL", "http://127.0.0.1:7860")


def main() -> None:
    client = OpenAI(base_url=f"{GATEWAY}/openai/v1", api_key=os.environ.get("FLUXROOM_API_KEY", "none"))
    messages: list[ChatCompletionMessageParam] = []
    for words in ("a lighthouse on a cliff, morning light", "make it night", "add a ship on the horizon"):
        messages.append({"role": "user", "content": words})
        answer = ""
        for chunk in client.chat.completions.create(model="flux-2-pro", messages=messages, stream=True):
            delta = chunk.choices[0].delta
            print((delta.model_extra or {}).get("reasoning_content", ""), end="", flush=True)  # how far it is
            answer += delta.content or ""
        print(answer, end="\n\n")  # Markdown with the picture's address
        messages.append({"role": "assistant", "content": answer})
    client.close()


if __name__ == "__main__":
    main()
