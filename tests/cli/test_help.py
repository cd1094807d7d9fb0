"""Help pages that a person finds their way in."""

from __future__ import annotations

import click
import pytest
from tests.cli.told import Run

from fluxroom.cli.lazy import LazyGroup
from fluxroom.cli.root import root

HEADINGS = ["Model and reference:", "Picture:", "Guidance and safety:", "Anything else:", "Result:", "Everywhere:"]


def commands(group: click.Group = root, path: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], click.Command]]:
    """Every command with the words that lead to it."""
    ctx = click.Context(group)
    found: list[tuple[tuple[str, ...], click.Command]] = []
    for name in group.list_commands(ctx):
        command = group.get_command(ctx, name)
        assert command is not None
        found.append(((*path, name), command))
        if isinstance(command, click.Group):
            found += commands(command, (*path, name))
    return found


ALL = commands()


@pytest.mark.parametrize("name", ["generate", "edit"])
def test_options_stand_under_headings_in_this_order(run: Run, name: str) -> None:
    out = run(name, "--help").out
    places = [out.index(heading) for heading in HEADINGS]
    assert places == sorted(places)


@pytest.mark.parametrize(
    "option",
    [
        "--size, --image-size", "--aspect-ratio", "--resolution", "--seed", "-n, --num-images", "--guidance-scale",
        "--steps, --num-inference-steps", "--strength", "--output-format", "--expand-prompt / --no-expand-prompt",
        "--safety-tolerance", "--safety-checker / --no-safety-checker", "--negative-prompt", "--lora PATH[:SCALE]",
        "--acceleration", "--scheduler", "--raw / --no-raw", "--grounding / --no-grounding", "--region",
        "--max-references", "-p, --param NAME=VALUE", "--extra PROVIDER.FIELD=VALUE", "--on-unsupported",
        "--wait SECONDS", "--metadata / --no-metadata", "--no-wait", "-y, --yes", "--max-price", "--mask", "--mode",
        "--prompt-file", "-o, --output FILE", "-m, --model", "-r, --reference",
    ],
)  # fmt: skip
def test_every_option_is_told(run: Run, option: str) -> None:
    assert option in run("generate", "--help").out


@pytest.mark.parametrize(("words", "command"), ALL, ids=[" ".join(words) for words, _ in ALL])
def test_every_command_and_option_has_help(words: tuple[str, ...], command: click.Command) -> None:
    assert command.help, words
    for parameter in command.params:
        if isinstance(parameter, click.Option) and not parameter.hidden:
            assert parameter.help, (words, parameter.name)
            assert parameter.help.endswith((".", "…", ".)")), (words, parameter.name)


@pytest.mark.parametrize(("words", "command"), ALL, ids=[" ".join(words) for words, _ in ALL])
def test_no_line_is_wider_than_the_terminal(run: Run, words: tuple[str, ...], command: click.Command) -> None:
    assert command.name
    for line in run(*words, "--help").out.splitlines():
        assert len(line) <= 100, line


def test_what_stands_everywhere_stands_on_every_command() -> None:
    for words, command in ALL:
        if isinstance(command, click.Group) or words == ("completion",):
            continue
        names = {parameter.name for parameter in command.params}
        assert {"as_json", "data", "sandbox", "verbose"} <= names, words


def test_short_help_is_help_too(run: Run) -> None:
    assert run("generate", "-h").out == run("generate", "--help").out


class TestLazyGroup:
    def group(self) -> LazyGroup:
        table = {"list": "List.", "save": "Save."}
        return LazyGroup(name="g", package="fluxroom.cli.commands.job", table=table, default="list")

    @pytest.mark.parametrize(
        ("typed", "meant"),
        [
            ([], ["list"]),
            (["abc"], ["list", "abc"]),
            (["--state", "x"], ["list", "--state", "x"]),
            (["save", "abc"], ["save", "abc"]),
            (["list"], ["list"]),
        ],
    )
    def test_the_default_command(self, typed: list[str], meant: list[str]) -> None:
        group = self.group()
        ctx = click.Context(group)
        group.parse_args(ctx, list(typed))
        assert [*ctx._protected_args, *ctx.args] == meant

    def test_completion_offers_names_first(self) -> None:
        group = self.group()
        ctx = click.Context(group, resilient_parsing=True)
        assert [item.value for item in group.shell_complete(ctx, "")][:2] == ["list", "save"]
        assert [item.value for item in group.shell_complete(ctx, "sa")] == ["save"]

    def test_nothing_is_put_in_while_a_name_is_being_typed(self) -> None:
        group = self.group()
        ctx = click.Context(group, resilient_parsing=True)
        group.parse_args(ctx, [])
        assert ctx._protected_args == []
