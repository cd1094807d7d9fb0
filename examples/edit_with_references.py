"""Edit a picture with two more as references; the order decides which one is "image 2" in the prompt.

`python examples/edit_with_references.py photo.jpg chair.png lamp.png`; without files it makes its own three first.
"""

from __future__ import annotations

import sys

from fluxroom import Client
from fluxroom.parameters import Picture


def main() -> None:
    with Client() as client:
        pictures: list[Picture] = list(sys.argv[1:4])
        if len(pictures) < 3:
            words = ("an empty room with a window", "a red armchair on white", "a brass lamp on white")
            pictures = [client.generate(text, model="flux-2-klein-4b", seed=1) for text in words]
        room, chair, lamp = pictures
        image = client.edit(
            room,
            "put the armchair of image 2 under the window, and the lamp of image 3 beside it",
            references=[chair, lamp],
            model="flux-2-pro",
            seed=1,
        )
        print(image.save("room.png"), image.size)


if __name__ == "__main__":
    main()
