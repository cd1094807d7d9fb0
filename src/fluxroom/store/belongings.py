"""Which pictures somebody may name: what they uploaded, what was made for them, and what they once sent along."""

from __future__ import annotations

from sqlalchemy import Connection, bindparam, or_, select

from fluxroom.store.tables import assets, generations, images, inputs

_UPLOADED = select(assets.c.sha256).where(
    assets.c.owner == bindparam("b_owner"), assets.c.sha256 == bindparam("b_sha256")
)
_MADE = select(images.c.id).where(images.c.sha256 == bindparam("b_sha256"), images.c.owner == bindparam("b_owner"))
_SENT = (
    select(inputs.c.generation)
    .join(generations, generations.c.id == inputs.c.generation)
    .where(inputs.c.sha256 == bindparam("b_sha256"), generations.c.owner == bindparam("b_owner"))
)
_BELONGS = select(or_(_UPLOADED.exists(), _MADE.exists(), _SENT.exists()))


def belongs(connection: Connection, owner: str, sha256: str) -> bool:
    """Whether the picture with this hash is one of the owner's own. Knowing a hash is not owning a picture."""
    return bool(connection.execute(_BELONGS, {"b_owner": owner, "b_sha256": sha256}).scalar_one())
