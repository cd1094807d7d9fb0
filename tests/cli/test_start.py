"""The command line starts fast: help, version and completion import nothing heavy."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time

import pytest
from tests.cli.told import Run

from fluxroom.cli.root import COMMANDS, root

HEAVY = {"pydantic_settings", "structlog", "aiohttp", "sqlalchemy", "fastapi", "PIL", "rich", "pydantic", "jsonschema"}

_PROBE = """
import json, sys, atexit
atexit.register(lambda: print("\\n" + json.dumps(sorted(sys.modules)), file=sys.stderr))
from fluxroom.cli import main
main()
"""


def modules_after(*words: str, **environment: str) -> tuple[set[str], str]:
    done = subprocess.run(
        [sys.executable, "-c", _PROBE, *words],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    return set(json.loads(done.stderr.splitlines()[-1])), done.stdout


@pytest.mark.parametrize(
    "words",
    [
        ("--help",),
        ("--version",),
        ("generate", "--help"),
        ("edit", "--help"),
        ("models", "--help"),
        ("models", "show", "--help"),
        ("jobs", "--help"),
        ("jobs", "resume", "--help"),
        ("doctor", "--help"),
        ("sandbox", "--help"),
        ("serve", "--help"),
        ("completion", "bash"),
    ],
)
def test_help_version_and_completion_import_nothing_heavy(words: tuple[str, ...]) -> None:
    loaded, out = modules_after(*words)
    assert not HEAVY & loaded
    assert out.strip()


def test_help_imports_no_command() -> None:
    loaded, _ = modules_after("--help")
    assert not [name for name in loaded if name.startswith("fluxroom.cli.commands.")]


def test_completion_of_words_options_and_models_imports_nothing_heavy() -> None:
    for typed, expected in (
        ("fluxroom gen", "generate"),
        ("fluxroom jobs res", "resolve"),
        ("fluxroom generate --gui", "--guidance-scale"),
        ("fluxroom generate -m flux-2-pr", "flux-2-pro"),
        ("fluxroom models show fal/flux-2-pr", "fal/flux-2-pro"),
    ):
        environment = {
            "_FLUXROOM_COMPLETE": "bash_complete",
            "COMP_WORDS": typed,
            "COMP_CWORD": str(len(typed.split()) - 1),
        }
        loaded, out = modules_after(**environment)
        assert f"plain,{expected}" in out.splitlines()
        assert not HEAVY & loaded


def test_help_answers_at_once() -> None:
    best = min(_seconds("--help") for _ in range(5))
    assert best < 0.15  # a person does not notice; 40 ms on a small machine


def _seconds(*words: str) -> float:
    began = time.perf_counter()
    subprocess.run([sys.executable, "-m", "fluxroom", *words], stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - began


def test_the_table_says_what_there_is(run: Run) -> None:
    told = run("--help")
    assert told.code == 0
    for name, text in COMMANDS.items():
        assert name in told.out
        assert text.split(";")[0][:30] in told.out


@pytest.mark.parametrize("name", list(COMMANDS))
def test_every_command_has_help_with_its_own_words(run: Run, name: str) -> None:
    told = run(name, "--help")
    assert told.code == 0
    assert f"fluxroom {name}" in told.out


def test_every_name_in_the_table_is_a_command() -> None:
    import click

    context = click.Context(root)
    for name in root.list_commands(context):
        assert root.get_command(context, name) is not None
    assert root.get_command(context, "nothing") is None


def test_version(run: Run) -> None:
    from importlib.metadata import version

    assert run("--version").out == f"fluxroom {version('fluxroom')}\n"


def test_an_unknown_command_names_the_nearest(run: Run) -> None:
    told = run("generat", "a fox")
    assert told.code == 2
    assert "did you mean 'generate'?" in told.err


def test_an_unknown_command_that_is_like_none(run: Run) -> None:
    told = run("zzz")
    assert told.code == 2
    assert "fluxroom --help" in told.err


def test_no_words_show_the_help(run: Run) -> None:
    told = run()
    assert "Commands:" in told.out + told.err


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts(run: Run, shell: str) -> None:
    told = run("completion", shell)
    assert told.code == 0
    assert "_FLUXROOM_COMPLETE" in told.out


def test_completion_for_another_shell_is_refused(run: Run) -> None:
    assert run("completion", "tcsh").code == 2


def test_python_dash_m(tmp_path: object) -> None:
    done = subprocess.run([sys.executable, "-m", "fluxroom", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("fluxroom ")
