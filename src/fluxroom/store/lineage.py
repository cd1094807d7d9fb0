"""Where a picture came from, and what came of it: by the hashes that requests took in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Boolean, Connection, bindparam, func, select

from fluxroom.store.library import Picture
from fluxroom.store.tables import images, inputs

_MOST = 200
_OWN = bindparam("b_everyone", type_=Boolean) | (images.c.owner == bindparam("b_owner"))
_TAKEN_IN = select(inputs.c.sha256).where(inputs.c.generation == bindparam("b_generation")).order_by(inputs.c.sha256)
# Of pictures with the same bytes the first one is meant: the others came from the cache.
_PARENTS = (
    select(images.c.sha256, func.min(images.c.id).label("id"))
    .where(images.c.sha256.in_(bindparam("b_hashes", expanding=True)), _OWN)
    .group_by(images.c.sha256)
)
_CHILDREN = (
    select(images.c.id)
    .join(inputs, inputs.c.generation == images.c.generation)
    .where(inputs.c.sha256 == bindparam("b_sha256"), images.c.id != bindparam("b_id"), _OWN)
    .order_by(images.c.id.desc())
    .limit(_MOST)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lineage:
    """One step back and one step on."""

    parents: Sequence[str]  # ids of pictures
    uploads: Sequence[str]  # hashes of pictures that were not made here
    children: Sequence[str]  # ids of pictures, the newest first


def of(connection: Connection, picture: Picture, owner: str) -> Lineage:
    """What the owner ("": everybody) can see of a picture's kin."""
    binds = {"b_owner": owner, "b_everyone": not owner}
    hashes = list(connection.execute(_TAKEN_IN, {"b_generation": picture.generation}).scalars())
    made = connection.execute(_PARENTS, {**binds, "b_hashes": hashes}).all() if hashes else []
    parents = {one.sha256: one.id for one in made}
    asked = {**binds, "b_sha256": picture.sha256, "b_id": picture.id}
    return Lineage(
        parents=sorted(parents.values()),
        uploads=[one for one in hashes if one not in parents],
        children=list(connection.execute(_CHILDREN, asked).scalars()),
    )
