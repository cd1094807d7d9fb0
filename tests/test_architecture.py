"""The floor plan and the budgets of the code, held by a test."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).parent.parent / "src" / "fluxroom"

FLOORS = {
    "errors": 0,
    "types": 1,
    "identifiers": 1,
    "interpreter": 1,
    "settings": 2,
    "parameters": 2,
    "terms": 2,
    "logs": 3,
    "catalog": 4,
    "providers": 5,
    "store": 5,
    "imaging": 5,
    "sandbox": 5,
    "engine": 6,
    "flows": 7,
    "result": 8,
    "records": 9,
    "local": 10,
    "remote": 10,
    "working": 11,
    "looking": 12,
    "client": 13,
    "blocking": 14,
    "again": 14,
    "mcp": 14,
    "cli": 15,
    "server": 15,
}
"""A room imports only lower floors, never a neighbour."""

ALLOWED = {("cli", "server"): "`fluxroom serve` starts the gateway; it imports it when it is called"}
MAY_BE_LARGE = {"parameters.py"}  # generated, and says so
BAD_NAMES = {"utils.py", "common.py", "base.py", "helpers.py", "misc.py"}

FILES = sorted(path for path in SOURCE.rglob("*.py") if "migrations/versions" not in str(path))


def room_of(path: Path) -> str:
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


def imports_of(path: Path) -> Iterator[str]:
    yield from imports_in(path.read_text())


def imports_in(text: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names if node.module == "fluxroom")


def wrong_imports(room: str, text: str) -> list[str]:
    wrong = []
    for module in imports_in(text):
        parts = module.split(".")
        if parts[0] != "fluxroom" or len(parts) < 2 or room in {"__init__", "__main__"}:
            continue
        other = parts[1]
        if other == room or other not in FLOORS or (room, other) in ALLOWED:
            continue
        if FLOORS[other] >= FLOORS[room]:
            wrong.append(f"{room} imports {module}")
    return wrong


def test_every_room_is_on_the_plan() -> None:
    rooms = {room_of(path) for path in FILES} - {"__init__", "__main__"}
    assert rooms <= set(FLOORS), f"rooms without a floor: {rooms - set(FLOORS)}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_a_room_imports_only_lower_floors(path: Path) -> None:
    assert wrong_imports(room_of(path), path.read_text()) == []


def test_the_check_fails_when_it_should() -> None:
    assert wrong_imports("catalog", "from fluxroom.engine import Engine\n") == ["catalog imports fluxroom.engine"]
    assert wrong_imports("store", "import fluxroom.providers.bfl\n") == ["store imports fluxroom.providers.bfl"]
    assert wrong_imports("engine", "from fluxroom.store import jobs\n") == []


def test_the_sandbox_imports_nothing_of_ours_and_the_dialects_nothing_of_the_sandbox() -> None:
    for path in FILES:
        ours = [module for module in imports_of(path) if module.startswith("fluxroom.")]
        if room_of(path) == "sandbox":
            assert all(module.startswith("fluxroom.sandbox") for module in ours), path
        if room_of(path) in {"providers", "catalog", "engine", "store"}:
            assert not any(module.startswith("fluxroom.sandbox") for module in ours), path


def test_exactly_one_function_sends_a_job() -> None:
    """The law of the design: one function in the code POSTs to a generation endpoint."""
    senders = []
    for path in FILES:
        if room_of(path) == "sandbox":
            continue
        for function in ast.walk(ast.parse(path.read_text())):
            if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            keywords = [word for node in ast.walk(function) if isinstance(node, ast.Call) for word in node.keywords]
            if any(word.arg == "submit" and ast.unparse(word.value) == "True" for word in keywords):
                senders.append(f"{path.relative_to(SOURCE)}:{function.name}")
    assert senders == ["engine/submission.py:_send"]


def test_only_the_courier_and_the_fetcher_use_the_transport() -> None:
    users = set()
    for path in FILES:
        if room_of(path) != "engine":
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr in {"request", "download", "stream"}
                and "transport" in ast.unparse(node.func.value).lower()
            ):
                users.add(path.name)
    assert users <= {"courier.py", "fetch.py"}


def test_dialects_do_no_input_or_output() -> None:
    banned = {"aiohttp", "asyncio", "socket", "time", "requests", "httpx", "httpx2", "os", "structlog", "logging"}
    for path in FILES:
        if room_of(path) == "providers":
            assert not {module.split(".")[0] for module in imports_of(path)} & banned, path


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_budgets(path: Path) -> None:
    text = path.read_text()
    assert path.name not in BAD_NAMES
    if path.name not in MAY_BE_LARGE:
        assert text.count("\n") <= 400
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        body = node.body[1:] if ast.get_docstring(node) else node.body
        if body:
            assert (body[-1].end_lineno or 0) - body[0].lineno + 1 <= 50, f"{node.name} is too long"
        arguments = [a for a in (*node.args.args, *node.args.kwonlyargs) if a.arg not in {"self", "cls"}]
        assert len(arguments) <= 8, f"{node.name} takes {len(arguments)} parameters"


def test_no_import_cycle() -> None:
    graph = {
        ".".join(path.relative_to(SOURCE.parent).with_suffix("").parts).removesuffix(".__init__"): path
        for path in FILES
    }
    edges = {name: {m for m in top_level_imports(path) if m in graph and m != name} for name, path in graph.items()}
    done: set[str] = set()

    def visit(name: str, way: tuple[str, ...]) -> None:
        assert name not in way, f"cycle: {' -> '.join([*way[way.index(name) :], name])}"
        if name not in done:
            for other in edges[name]:
                visit(other, (*way, name))
            done.add(name)

    for name in graph:
        visit(name, ())


def top_level_imports(path: Path) -> set[str]:
    found = set()
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.ImportFrom) and node.module:
            package = {f"{node.module}.{alias.name}" for alias in node.names}
            inner = {m for m in package if (SOURCE.parent / (m.replace(".", "/") + ".py")).exists()}
            inner |= {m for m in package if (SOURCE.parent / m.replace(".", "/") / "__init__.py").exists()}
            # `from package import module` needs the module; `from module import name` the module itself.
            found |= inner or {node.module}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return found
