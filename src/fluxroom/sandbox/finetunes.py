"""The finetunes that the sandbox's BFL account owns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from fluxroom.sandbox.world import World

FINETUNES: Final = {
    "sandbox-org/fox-style": {
        "finetune_id": "sandbox-org/fox-style",
        "finetune_comment": "fox",
        "mode": "style",
        "trigger_word": "TOK",
        "model": "flux-pro-1.1-ultra",
    }
}
_SETTING: Final = "deleted-finetunes"


def finetunes_left(world: World) -> list[str]:
    """The names of those that were not deleted."""
    deleted = world.books.setting(_SETTING) or []
    return [name for name in FINETUNES if name not in deleted]


def delete(world: World, name: str) -> None:
    """Forget one of them."""
    world.books.set(_SETTING, [*(world.books.setting(_SETTING) or []), name])
