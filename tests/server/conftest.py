from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from tests.server.calls import browser, settings_at
from tests.server.keyed import People, Person, keyed_gateway

from fluxroom.server import create_app


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data")


@pytest.fixture(scope="module")
def http(folder: Path) -> Iterator[TestClient]:
    with browser(create_app(settings_at(folder))) as client:
        yield client


@pytest.fixture
def quiet(tmp_path: Path) -> Iterator[TestClient]:
    """A gateway of its own, for tests that change its state."""
    with browser(create_app(settings_at(tmp_path / "own"))) as client:
        yield client


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> Iterator[People]:
    """A gateway with keys, and those who have one."""
    with keyed_gateway(tmp_path_factory.mktemp("keyed")) as found:
        yield found


@pytest.fixture(scope="module")
def anna(people: People) -> Person:
    return people.join("anna")


@pytest.fixture(scope="module")
def bob(people: People) -> Person:
    return people.join("bob")
