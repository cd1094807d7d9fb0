"""Make a picture and write it to a file: `python examples/generate.py "a red fox in fresh snow"`."""

from __future__ import annotations

import sys

from fluxroom import Client


def main() -> None:
    prompt = sys.argv[1] if len(sys.argv) > 1 else "a red fox in fresh snow"
    with Client() as client:
        image = client.generate(prompt, model="flux-2-pro", seed=7)
        print(image.save("fox.png"), image.size, f"${image.cost}", "(sandbox)" if image.sandbox else "")


if __name__ == "__main__":
    main()
