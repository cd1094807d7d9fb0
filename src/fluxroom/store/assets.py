"""Pictures that people upload: each sees those that they sent, the bytes are kept once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Boolean, Connection, bindparam, delete, insert, select

from fluxroom.store.tables import assets


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """An uploaded picture; its bytes are the blob `sha256`."""

    owner: str
    sha256: str
    name: str
    mime: str
    width: int  # pixels
    height: int  # pixels
    size_bytes: int
    created_at: float


_OWN = bindparam("b_everyone", type_=Boolean) | (assets.c.owner == bindparam("b_owner"))
_ONE = select(assets).where(assets.c.sha256 == bindparam("b_sha256"), _OWN).order_by(assets.c.created_at).limit(1)
_PAGE = (
    select(assets)
    .where(
        _OWN,
        (assets.c.created_at < bindparam("b_at"))
        | ((assets.c.created_at == bindparam("b_at")) & (assets.c.sha256 < bindparam("b_sha256"))),
    )
    .order_by(assets.c.created_at.desc(), assets.c.sha256.desc())
    .limit(bindparam("b_limit"))
)
_DROP = delete(assets).where(assets.c.sha256 == bindparam("b_sha256"), assets.c.owner == bindparam("b_owner"))
_NEVER = 1e18


def add(connection: Connection, asset: Asset) -> Asset:
    """Write an upload down; the same picture again changes nothing. Returns the row as it is."""
    known = get(connection, asset.owner, asset.sha256)
    if known:
        return known
    connection.execute(insert(assets), {slot: getattr(asset, slot) for slot in asset.__slots__})
    return asset


def get(connection: Connection, owner: str, sha256: str) -> Asset | None:
    """An upload of the owner's ("": of anybody's)."""
    binds = {"b_sha256": sha256, "b_owner": owner, "b_everyone": not owner}
    row = connection.execute(_ONE, binds).mappings().one_or_none()
    return None if row is None else Asset(**row)


def page(connection: Connection, owner: str, *, limit: int, after: Asset | None = None) -> Sequence[Asset]:
    """Uploads, the newest first; `after` is the last one of the page before."""
    binds = {
        "b_owner": owner,
        "b_everyone": not owner,
        "b_at": after.created_at if after else _NEVER,
        "b_sha256": after.sha256 if after else "",
        "b_limit": limit,
    }
    return [Asset(**row) for row in connection.execute(_PAGE, binds).mappings()]


def drop(connection: Connection, owner: str, sha256: str) -> bool:
    """Forget an upload of exactly this owner. False: there was none."""
    return connection.execute(_DROP, {"b_sha256": sha256, "b_owner": owner}).rowcount > 0
