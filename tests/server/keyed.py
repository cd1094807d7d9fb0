"""A gateway that others can reach, with keys for several people."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastapi.testclient import TestClient
from tests.server.calls import settings_at

from fluxroom.server import create_app

HOST = "http://pictures.example.com"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with a key."""

    name: str
    key: str
    id: str

    @property
    def headers(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.key}"}


class People:
    """A gateway's clients, each with a key of its own."""

    def __init__(self, app: Any, http: TestClient) -> None:
        self.app = app
        self.http = http
        self.admin = self._first()

    def _first(self) -> Person:
        from fluxroom.engine.keyring import Keyring, NewKey

        async def make() -> Person:
            ring = Keyring(self.app.state.gateway.engine.store)
            key, secret = await ring.create(NewKey(name="ops", scopes=("generate", "read", "admin")))
            return Person(key.name, secret, key.id)

        assert self.http.portal is not None
        return self.http.portal.call(make)

    def join(self, name: str, **wishes: Any) -> Person:
        """Somebody new, made by the admin."""
        answer = self.http.post("/v1/keys", json={"name": name, **wishes}, headers=self.admin.headers)
        assert answer.status_code == 201, answer.text
        return Person(name, answer.json()["key"], answer.json()["id"])

    def ask(self, person: Person | None, method: str, path: str, **more: Any) -> Any:
        """A request as somebody; None: without a key."""
        headers = {**(person.headers if person else {}), **more.pop("headers", {})}
        return self.http.request(method, path, headers=headers, **more)


@contextmanager
def keyed_gateway(folder: Path, **settings: Any) -> Iterator[People]:
    """A gateway on every address of the machine, under the name of `HOST`."""
    values = {"host": "0.0.0.0", "hosts": "pictures.example.com", **settings}
    app = create_app(settings_at(folder, **values))
    with TestClient(app, base_url=HOST, raise_server_exceptions=False) as http:
        yield People(app, http)
