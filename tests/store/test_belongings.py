"""Whose picture a hash is, on SQLite and on PostgreSQL."""

from __future__ import annotations

import pytest
from sqlalchemy import Connection, insert
from tests.store.rows import generation, picture, row

from fluxroom.store import Store, belongings, images, jobs
from fluxroom.store.tables import assets

pytestmark = pytest.mark.anyio

MADE, SENT, UPLOADED, NOBODYS = ("a" * 64, "b" * 64, "c" * 64, "d" * 64)


def annas(connection: Connection) -> None:
    one = generation(owner="anna", references=[{"sha256": SENT, "mime": "image/png"}])
    job = row(one)
    jobs.add(connection, one, [job])
    images.add(connection, [picture(job["id"], sha256=MADE, owner="anna")])
    facts = {"name": "", "mime": "image/png", "width": 8, "height": 8, "size_bytes": 9, "created_at": 1.0}
    connection.execute(insert(assets), [{"owner": "anna", "sha256": UPLOADED, **facts}])


@pytest.mark.parametrize("sha256", [MADE, SENT, UPLOADED])
async def test_what_was_made_sent_or_uploaded_is_ones_own(store: Store, sha256: str) -> None:
    await store.database.write(annas)
    assert await store.database.read(lambda connection: belongings.belongs(connection, "anna", sha256))
    assert not await store.database.read(lambda connection: belongings.belongs(connection, "ben", sha256))


async def test_what_nobody_has_is_nobodys(store: Store) -> None:
    await store.database.write(annas)
    assert not await store.database.read(lambda connection: belongings.belongs(connection, "anna", NOBODYS))
    assert not await store.database.read(lambda connection: belongings.belongs(connection, "", SENT))
