"""A prompt as a structure, with exact colours: it is sent as compact JSON and stored as it was given."""

from __future__ import annotations

from fluxroom import Client

SCENE = {
    "scene": "product photo on a stone table",
    "subjects": [{"description": "a ceramic vase", "colour": "gradient from #02EB3C to #EDFA3C"}],
    "style": "editorial, soft daylight",
    "camera": {"lens": "85 mm", "angle": "eye level"},
}


def main() -> None:
    with Client() as client:
        price = client.quote(SCENE, model="flux-2-flex", image_size="1536x1024")
        print(price.text, "=", price.formula)
        image = client.generate(SCENE, model="flux-2-flex", image_size="1536x1024", seed=3)
        print(image.save("vase.png"), image.size)
        print(image.prompt)


if __name__ == "__main__":
    main()
