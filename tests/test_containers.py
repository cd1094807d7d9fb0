"""Dockerfile and compose.yaml hold their rules; no engine runs where these tests do."""

from __future__ import annotations

import fnmatch
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml

from fluxroom.cli.root import COMMANDS
from fluxroom.settings import Settings

ROOT = Path(__file__).parent.parent
SETTINGS = {str(field.validation_alias) for field in Settings.model_fields.values()}
OFFICIAL = re.compile(r"[a-z]+:[0-9][\w.-]*")


def instructions() -> list[tuple[str, str]]:
    """Every instruction of the Dockerfile with its arguments, continued lines joined."""
    text = re.sub(r"\\\n", " ", (ROOT / "Dockerfile").read_text())
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    found = [line.strip().partition(" ") for line in lines]
    return [(name.upper(), rest.strip()) for name, _, rest in found]


def stages() -> list[list[tuple[str, str]]]:
    """The instructions, stage by stage."""
    found: list[list[tuple[str, str]]] = []
    for name, rest in instructions():
        if name == "FROM":
            found.append([])
        found[-1].append((name, rest))
    return found


def of(stage: list[tuple[str, str]], name: str) -> list[str]:
    """The arguments of every such instruction of a stage."""
    return [rest for found, rest in stage if found == name]


def compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
    return found


def test_images_are_public_and_their_versions_fixed() -> None:
    named = [rest.split()[0] for name, rest in instructions() if name == "FROM"]
    named.append(compose()["services"]["database"]["image"])
    for image in named:
        assert OFFICIAL.fullmatch(image), image  # of Docker's own library: no registry, no account
        assert not image.endswith(":latest")


def test_the_last_stage_holds_only_what_runs() -> None:
    first, second, last = stages()
    assert of(last, "COPY") == ["--from=build /opt/fluxroom /opt/fluxroom"]
    assert not any("pip" in rest or "apt" in rest for rest in of(last, "RUN"))
    assert "node" in of(first, "FROM")[0]
    assert any("pip uninstall" in rest for rest in of(second, "RUN"))


def test_it_runs_without_rights() -> None:
    last = stages()[-1]
    names = [name for name, _ in last]
    assert of(last, "USER") == ["10001:10001"]
    assert names.index("USER") < names.index("ENTRYPOINT")
    assert not of(last, "ADD")
    assert "sudo" not in (ROOT / "Dockerfile").read_text()


def test_what_is_installed_is_locked() -> None:
    installs = [part for rest in of(stages()[1], "RUN") for part in rest.split("&&") if "pip install" in part]
    assert "--require-hashes -r requirements.lock" in installs[0]
    for part in installs[1:]:
        assert "-c constraints.txt" in part or "--no-deps" in part, part
    locked = (ROOT / "requirements-dev.lock").read_text()
    for part in installs[1:-1]:
        for name in shlex.split(part)[4:]:
            assert re.search(rf"^{re.escape(name)}==", locked, re.MULTILINE), name


def test_the_extras_are_all_there() -> None:
    import tomllib

    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    wanted = {re.split(r"[>=\[]", one)[0] for name, needs in extras.items() if name != "dev" for one in needs}
    installed = " ".join(of(stages()[1], "RUN"))
    assert {name for name in wanted if not re.search(rf"\b{re.escape(name)}\b", installed)} == set()


def test_nothing_secret_gets_in() -> None:
    for name, rest in instructions():
        assert not (name in {"ENV", "ARG"} and re.search(r"(?i)key|secret|password|token", rest)), rest
    rules = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and not line.startswith("#")]
    assert rules[0] == "*"

    def sent(path: str) -> bool:
        kept = False
        for rule in rules:
            pattern = rule.removeprefix("!").removeprefix("**/")
            if (
                fnmatch.fnmatch(path, pattern)
                or path.startswith(f"{pattern}/")
                or fnmatch.fnmatch(Path(path).name, pattern)
            ):
                kept = rule.startswith("!")
        return kept

    assert not any(sent(path) for path in (".env", ".git/config", "data/fluxroom.db", "src/.env", "tests/x.py"))
    copied = [
        word
        for stage in stages()[:2]
        for rest in of(stage, "COPY")
        if "--from" not in rest
        for word in rest.split()[:-1]
    ]
    assert all(sent(path.rstrip("/")) for path in copied), copied


def test_copied_files_exist() -> None:
    for stage in stages()[:2]:
        for rest in of(stage, "COPY"):
            if "--from" not in rest:
                assert all((ROOT / path).exists() for path in rest.split()[:-1]), rest


def test_its_health_is_asked_for() -> None:
    (check,) = of(stages()[-1], "HEALTHCHECK")
    assert "/healthz" in check
    assert "127.0.0.1:7860" in check
    database = compose()["services"]["database"]
    assert "pg_isready" in database["healthcheck"]["test"]
    for name in ("gateway", "worker"):
        assert compose()["services"][name]["depends_on"]["database"]["condition"] == "service_healthy"


def test_settings_and_commands_are_ours() -> None:
    named = set(re.findall(r"\b(?:FLUXROOM_\w+|BFL_API_KEY|FAL_KEY)\b", (ROOT / "Dockerfile").read_text()))
    named |= set(compose()["x-fluxroom"]["environment"])
    assert named <= SETTINGS
    assert compose()["services"]["worker"]["command"][0] in COMMANDS
    assert of(stages()[-1], "CMD") == ['["serve"]']
    assert of(stages()[-1], "ENTRYPOINT") == ['["fluxroom"]']
    assert "serve" in COMMANDS


@pytest.mark.parametrize("name", ["gateway", "worker"])
def test_services_may_do_little(name: str) -> None:
    service = compose()["services"][name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]
    assert "privileged" not in service
    assert service["volumes"] == ["pictures:/data"]  # no folder and no socket of the host


def test_it_is_published_on_this_machine_only() -> None:
    services = compose()["services"]
    assert services["gateway"]["ports"] == ["127.0.0.1:7860:7860"]
    assert [name for name, service in services.items() if "ports" in service] == ["gateway"]


def test_no_password_is_written_down() -> None:
    text = (ROOT / "compose.yaml").read_text()
    assert text.count("${POSTGRES_PASSWORD:?") == 2  # without one it does not start
    for line in text.splitlines():
        if re.search(r"(?i)(password|_key)\b.*:", line):
            assert "${" in line, line


def test_volumes_are_declared_and_outlive_the_containers() -> None:
    found = compose()
    used = {one.split(":")[0] for service in found["services"].values() for one in service.get("volumes", ())}
    assert used == set(found["volumes"])


def test_there_is_time_to_stop() -> None:
    from fluxroom.server.app import DRAIN

    service = compose()["services"]["gateway"]
    assert int(service["stop_grace_period"].removesuffix("s")) > DRAIN + 4
    assert service["init"] is True
    assert of(stages()[-1], "STOPSIGNAL") == ["SIGTERM"]
