from __future__ import annotations

import inspect
import subprocess
import sys
from pathlib import Path

import pytest

import fluxroom
from fluxroom import errors

ROOT = Path(__file__).parent.parent


@pytest.mark.parametrize("name", fluxroom.__all__)
def test_every_public_name_can_be_had(name: str) -> None:
    assert getattr(fluxroom, name) is not None


def test_nothing_else_can() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = fluxroom.nothing
    assert dir(fluxroom) == fluxroom.__all__


def test_public_classes_and_methods_say_what_you_get() -> None:
    for name in fluxroom.__all__:
        thing = getattr(fluxroom, name)
        if not inspect.isclass(thing):
            continue
        assert inspect.getdoc(thing), name
        for method, function in inspect.getmembers(thing, inspect.isfunction):
            if not method.startswith("_") and function.__module__.startswith("fluxroom."):
                assert function.__doc__, f"{name}.{method}"


def test_the_blocking_client_has_every_method_of_the_other() -> None:
    own = {"conductor", "engine", "plan_with", "settings", "worker"}  # the engine is for async code only
    methods = {name for name in dir(fluxroom.AsyncClient) if not name.startswith("_")}
    assert methods - own <= set(vars(fluxroom.Client))


def test_importing_the_package_loads_nothing_heavy() -> None:
    heavy = ["aiohttp", "sqlalchemy", "pydantic", "pydantic_settings", "structlog", "fastapi", "PIL", "anyio", "rich"]
    code = f"import sys, fluxroom, fluxroom.errors; print([m for m in {heavy!r} if m in sys.modules])"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "[]"


@pytest.mark.parametrize("checker", ["mypy", "pyright"])
def test_the_types_are_as_users_write_them(checker: str) -> None:
    program = Path(sys.executable).parent / checker
    options = ["--pythonpath", sys.executable] if checker == "pyright" else []
    done = subprocess.run(
        [program, *options, "tests/typing/api.py"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_by_code_is_complete_without_importing_the_settings() -> None:
    assert {error.code for error in errors.tree()} >= {"invalid_params", "storage_full"}
