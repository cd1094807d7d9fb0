"""The documentation is run: Python blocks and examples in the sandbox, commands against the command line's own options.

A text block right after a Python block is what that block prints, exactly. Every setting and every error is explained.
"""

from __future__ import annotations

import io
import json
import os
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import click
import pytest
from PIL import Image as Pillow
from tests.docs.conftest import WRITTEN, needs_gateway

from fluxroom.cli.root import root
from fluxroom.errors import tree
from fluxroom.sandbox import FAULTS
from fluxroom.server import problems
from fluxroom.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("docs/**/*.md"), ROOT / "README.md", ROOT / "CONTRIBUTING.md"])
EXAMPLES = sorted(ROOT.glob("examples/*.py"))
MOST_LINES = 260
LISTS = {"models.md", "requirements.md", "api.md"}  # one row per thing

LINKS = (
    "https://fal.ai/flux-2",
    "https://fal.ai/models/fal-ai/flux-kontext/dev/api",
    "https://bfl.ai/models/flux-2",
    "https://docs.bfl.ml/quick_start/introduction",
    "https://docs.bfl.ai/quick_start/generating_images",
    "https://docs.bfl.ai/api_integration/integration_guidelines",
    "https://docs.bfl.ai/api_integration/errors",
    "https://docs.bfl.ai/flux_2/flux2_overview",
    "https://docs.bfl.ai/kontext/kontext_overview",
    "https://docs.bfl.ai/api_integration/skills_integration",
)

_FENCE = re.compile(r"^```(?P<info>[^\n`]*)\n(?P<code>.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)#\s]+)(?:#[\w-]*)?\)")


@dataclass(frozen=True, slots=True)
class Block:
    page: Path
    line: int
    info: str
    code: str
    prints: str | None = None  # the text block that follows


def blocks(page: Path) -> list[Block]:
    text = page.read_text("utf-8")
    found = list(_FENCE.finditer(text))
    result = []
    for one, following in zip(found, [*found, None][1:], strict=True):
        follows = following is not None and not text[one.end() : following.start()].strip()
        prints = following["code"] if follows and following and following["info"] == "text" else None
        result.append(Block(page, text[: one.start("code")].count("\n") + 1, one["info"].strip(), one["code"], prints))
    return result


def python_blocks(page: Path) -> list[Block]:
    return [block for block in blocks(page) if block.info == "python"]


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """A folder with the pictures that the documentation works on, and a quick sandbox."""
    for name, colour in (("photo.jpg", "teal"), ("chair.png", "red"), ("lamp.png", "gold"), ("ref.png", "olive")):
        file = io.BytesIO()
        Pillow.new("RGB", (640, 480), colour).save(file, "JPEG" if name.endswith("jpg") else "PNG")
        (tmp_path / name).write_bytes(file.getvalue())
    mask = io.BytesIO()
    Pillow.new("L", (640, 480), 255).save(mask, "PNG")
    (tmp_path / "mask.png").write_bytes(mask.getvalue())
    return {
        **os.environ,
        "FLUXROOM_DATA": str(tmp_path / "data"),
        "FLUXROOM_SANDBOX_SPEED": "50",
        "FLUXROOM_POLL_FIRST": "0.05",
        "FLUXROOM_POLL_MAX": "0.1",
    }


def run(arguments: list[str], environment: dict[str, str], folder: Path, given: str = "") -> str:
    done = subprocess.run(
        [sys.executable, *arguments],
        env=environment,
        cwd=folder,
        input=given,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


@pytest.mark.parametrize("page", [page for page in PAGES if python_blocks(page)], ids=name_of)
def test_the_python_of_a_page_runs(
    page: Path, environment: dict[str, str], tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    found = python_blocks(page)
    there = request.getfixturevalue("gateway") if needs_gateway(page) else WRITTEN
    codes = [block.code.replace(WRITTEN, there) for block in found]
    told = {"page": str(page), "goes_on": page.name == "user-guide.md"}  # one story from its beginning to its end
    given = json.dumps([{**told, "line": block.line, "code": code} for block, code in zip(found, codes, strict=True)])
    said = json.loads(run([str(Path(__file__).with_name("blocks.py"))], environment, tmp_path, given))
    for block, printed in zip(found, said, strict=True):
        if block.prints is not None:
            assert printed == block.prints, f"{page.name}:{block.line}"


@pytest.mark.parametrize("example", EXAMPLES, ids=name_of)
def test_an_example_runs(
    example: Path, environment: dict[str, str], tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    if needs_gateway(example):
        environment = {**environment, "FLUXROOM_URL": request.getfixturevalue("gateway")}
    assert run([str(example)], environment, tmp_path)


def test_a_block_that_does_not_run_says_why() -> None:
    for page in PAGES:
        lines = page.read_text("utf-8").splitlines()
        for block in blocks(page):
            if block.info.startswith("python ") or block.info == "py":
                assert block.info == "python no-run", f"{page.name}:{block.line}"
                assert lines[block.line - 3].strip(), f"{page.name}:{block.line} gives no reason"


def commands() -> list[tuple[str, list[str]]]:
    """Every command line of ours in the documentation, up to a pipe or a redirection."""
    found = []
    for page in PAGES:
        for block in blocks(page):
            if block.info not in {"sh", "console"}:
                continue
            for line in block.code.replace("\\\n", " ").splitlines():
                told = line.removeprefix("$ ") if block.info == "console" else line
                if block.info == "console" and told == line:
                    continue  # output
                words = shlex.split(told, comments=True)
                while words and re.fullmatch(r"[A-Z_]+=.*", words[0]):
                    words = words[1:]
                if words[:1] == ["fluxroom"]:
                    ends = [n for n, word in enumerate(words) if word in {"|", ">", "&&", "&", ";"}]
                    found.append((f"{page.name}: {told}", words[1 : ends[0] if ends else None]))
    return found


@pytest.mark.parametrize(("line", "words"), commands(), ids=[line for line, _ in commands()])
def test_a_command_exists_and_takes_what_is_written(line: str, words: list[str]) -> None:
    command: click.Command = root
    context: click.Context | None = None
    rest = words
    while True:
        try:
            context = command.make_context(command.name, list(rest), parent=context)
        except click.exceptions.Exit:  # --help and --version
            return
        if not isinstance(command, click.Group):
            return
        rest = [*getattr(context, "_protected_args", []), *context.args]  # click 9 has all of them in `args`
        if not rest:
            return
        _, following, rest = command.resolve_command(context, list(rest))
        assert following is not None
        command = following


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_somewhere_and_pages_are_short(page: Path) -> None:
    text = page.read_text("utf-8")
    for target in _LINK.findall(text):
        assert (page.parent / target).exists(), target
    if page.name not in LISTS:
        assert text.count("\n") <= MOST_LINES


def test_every_page_is_reached_from_the_index() -> None:
    text = (ROOT / "docs/index.md").read_text("utf-8")
    for page in ROOT.glob("docs/*.md"):
        assert page.name == "index.md" or f"({page.name})" in text, page.name


def test_the_links_of_the_earlier_documents_are_kept() -> None:
    text = (ROOT / "docs/index.md").read_text("utf-8")
    for link in LINKS:
        assert re.search(re.escape(link) + r"[)>\s]", text), link


def test_troubleshooting_has_every_error_once() -> None:
    text = (ROOT / "docs/troubleshooting.md").read_text("utf-8")
    codes = [error.code for error in tree()] + [kind.code for kind in problems._HTTP.values()]
    for code in codes:
        assert text.count(f"| `{code}` |") == 1, code


def test_every_setting_error_and_fault_is_in_the_docs() -> None:
    settings, errors, faults = (
        (ROOT / f"docs/{page}.md").read_text("utf-8") for page in ("settings", "errors", "faults")
    )
    example = (ROOT / ".env.example").read_text("utf-8")
    for field in Settings.model_fields.values():
        assert f"| `{field.validation_alias}` |" in settings
        assert f"\n#{field.validation_alias}=" in example
    assert all(f"`{error.code}`" in errors for error in tree())
    assert all(f"| `{fault}` |" in faults for fault in FAULTS)


def test_generated_pages_are_fresh() -> None:
    run([str(ROOT / "scripts/docs.py"), "--check"], dict(os.environ), ROOT)


def test_every_dependency_has_its_reason() -> None:
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    text = (ROOT / "docs/decisions/dependencies.md").read_text("utf-8")
    for group in (project["dependencies"], *project["optional-dependencies"].values()):
        for requirement in group:
            name = re.split(r"[\[>=<;~ ]", requirement, maxsplit=1)[0]
            assert re.search(rf"^\| {re.escape(name)} \|", text, re.MULTILINE), name


def test_nothing_points_at_one_machine() -> None:
    for page in [*PAGES, *EXAMPLES, ROOT / "CHANGELOG.md", ROOT / ".env.example"]:
        text = page.read_text("utf-8")
        assert str(ROOT) not in text, page.name
        assert not re.search(r"/(?:home|root|Users)/", text), page.name
