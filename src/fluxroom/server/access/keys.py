"""Keys of the gateway over HTTP: make one, list them, revoke one. For admins."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from fluxroom.engine.keyring import DEFAULT_SCOPES, Keyring, NewKey, as_dict
from fluxroom.server.gateway import Gateway, Running
from fluxroom.store.keys import Scope

router = APIRouter(prefix="/v1/keys", tags=["keys"])

_Limit = Annotated[int, Field(ge=1, le=1_000_000)]
_Dollars = Annotated[str, Field(max_length=40, description="US dollars as a decimal string; empty: none is set.")]


class KeyBody(BaseModel):
    """A key that is wished for."""

    model_config = ConfigDict(strict=True, extra="forbid", title="KeyRequest")

    name: Annotated[str, Field(min_length=1, max_length=100, description="To tell keys apart.", examples=["anna"])]
    owner: Annotated[
        str, Field(max_length=100, description="Whose pictures and budgets it uses; empty: as the name.")
    ] = ""
    scopes: Annotated[list[Scope], Field(min_length=1, max_length=3)] = list(DEFAULT_SCOPES)
    cap: _Limit | None = Field(None, description="Most jobs of the owner at the providers at once; more wait.")
    per_minute: _Limit | None = Field(None, description="Most requests in a minute.")
    budget_day: _Dollars = ""
    budget_month: _Dollars = ""


class KeyAnswer(BaseModel):
    """What is known of a key. The key itself is not kept."""

    id: str
    name: str
    owner: str
    hint: str = Field(description="Its last four characters.")
    scopes: list[Scope]
    cap: int | None
    per_minute: int | None
    created_at: str
    used_at: str | None = Field(description="Not to the second: noted at most once a minute.")
    revoked_at: str | None


class NewKeyAnswer(KeyAnswer):
    """A key that was just made."""

    key: str = Field(description="The key itself. Nobody can show it again.")


class KeyList(BaseModel):
    """All keys, the oldest first."""

    keys: list[KeyAnswer]


@router.get("", summary="List the keys")
async def listing(gateway: Running) -> KeyList:
    """Every key, those that were revoked too."""
    return KeyList(keys=[KeyAnswer(**as_dict(key)) for key in await _ring(gateway).all()])


@router.post("", status_code=201, summary="Make a key")
async def create(gateway: Running, body: KeyBody) -> NewKeyAnswer:
    """The answer holds the key; only its hash is kept. Budgets are the owner's and change what was set before."""
    key, secret = await _ring(gateway).create(NewKey(**body.model_dump()))
    return NewKeyAnswer(**as_dict(key), key=secret)


@router.delete("/{key_id}", status_code=204, summary="Revoke a key")
async def revoke(gateway: Running, key_id: str) -> None:
    """The key opens nothing any more, here at once and at other gateways of the database within two seconds."""
    await _ring(gateway).revoke(key_id)
    gateway.identities.forget()


def _ring(gateway: Gateway) -> Keyring:
    return Keyring(gateway.engine.store)
