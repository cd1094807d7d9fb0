"""Writes the parts of the documentation that the code knows best, or says which of them are stale.

`python scripts/docs.py [--check]` settles `.env.example`, `docs/settings.md`, `docs/errors.md` and `docs/faults.md`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fluxroom import errors
from fluxroom.sandbox import FAULTS
from fluxroom.settings import Settings, is_secret

ROOT = Path(__file__).resolve().parents[1]

GROUPS = {
    "bfl_api_key": "Keys of the providers",
    "bfl_url": "Addresses of the providers",
    "bfl_cap": "How much at once, and how often to ask",
    "data": "This machine",
    "log_level": "Logs",
}
"""The first setting of a group -> the group's heading, in the order of `fluxroom.settings`."""

MONEY = {"charged": "yes", "not_charged": "no", "unknown": "not known"}

FAULT_GROUPS = {
    "submit-": "Submit",
    "poll": "Polling",
    "media-": "Pictures",
    "webhook-": "Webhooks",
    "": "The task itself",
}


def pages() -> dict[Path, str]:
    """Every generated file with its text."""
    return {
        ROOT / ".env.example": _env_example(),
        ROOT / "docs/settings.md": _settings_page(),
        ROOT / "docs/errors.md": _errors_page(),
        ROOT / "docs/faults.md": _faults_page(),
    }


def generate(check: bool) -> list[str]:  # noqa: FBT001  the one switch of every generator
    """Write what differs, or with `check` only find it; the paths of the files that differed."""
    changed = [path for path, text in pages().items() if not path.exists() or path.read_text("utf-8") != text]
    if not check:
        for path in changed:
            path.write_text(pages()[path], "utf-8")
    return [str(path.relative_to(ROOT)) for path in changed]


# settings ------------------------------------------------------------------------------------------------------------


def _fields() -> Iterator[tuple[str, str, Any]]:
    """Field name, variable and definition of every setting."""
    for name, field in Settings.model_fields.items():
        yield name, str(field.validation_alias), field


def _unit(field: Any) -> str:
    return str((field.json_schema_extra or {}).get("unit", ""))


def _default(field: Any) -> str:
    """The default as it is written in an environment variable; empty when there is none."""
    value = field.default
    if isinstance(value, bool):
        return str(int(value))
    return "" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


def _env_example() -> str:
    lines = [
        "# Settings of Fluxroom, generated from src/fluxroom/settings.py by `make gen`.",
        "# Copy this file to .env in the folder where you start Fluxroom, and set what you need.",
        "# The environment wins over .env. With no key set, Fluxroom works in the free sandbox.",
    ]
    for name, variable, field in _fields():
        if name in GROUPS:
            lines += ["", f"# --- {GROUPS[name]} " + "-" * max(3, 90 - len(GROUPS[name]))]
        unit = f" Unit: {_unit(field)}." if _unit(field) else ""
        lines += ["", f"# {field.description}{unit}", f"#{variable}={_default(field)}"]
    return "\n".join(lines) + "\n"


def _settings_page() -> str:
    lines = [
        "# Settings",
        "",
        "Generated from `src/fluxroom/settings.py` by `make gen`. Every setting is an environment variable; a `.env`",
        "file in the working folder is read too, and the environment wins. An empty variable counts as not set.",
        "`.env.example` has all of them to copy. In Python, `Client` and `AsyncClient` take the same settings by their",
        'field name: `Client(data="pictures", sandbox=True)`. How to get and set keys: [keys](keys.md).',
    ]
    for name, variable, field in _fields():
        if name in GROUPS:
            lines += [
                "",
                f"## {GROUPS[name]}",
                "",
                "| Variable | Field | What it says | Default |",
                "|---|---|---|---|",
            ]
        unit = f" In {_unit(field)}." if _unit(field) else ""
        secret = " Secret: never logged or shown." if is_secret(field.annotation) else ""
        default = f"`{_default(field)}`" if _default(field) else ""
        lines.append(f"| `{variable}` | `{name}` | {field.description}{unit}{secret} | {default} |")
    return "\n".join(lines) + "\n"


# errors --------------------------------------------------------------------------------------------------------------


def _errors_page() -> str:
    lines = [
        "# Errors",
        "",
        "Generated from the error classes by `make gen`. They are one tree below `FluxroomError`, in",
        "`fluxroom.errors` (`BadSettings` is in `fluxroom.settings`). Programs compare the `code`; it does not change.",
        "*HTTP* is the status of the gateway's answer, *exit* the exit code of the command line, *again* whether the",
        "same request may succeed later, and *charged* what is usual; an error about one job says in its `charge` what",
        "is true for that job.",
        "What to do about each: [troubleshooting](troubleshooting.md).",
    ]
    for top in errors.FluxroomError.__subclasses__():
        members = [error for error in errors.tree() if issubclass(error, top)]
        lines += ["", f"## {top.__name__}: {_lower(top.sentence())}", ""]
        lines += [
            "| Code | Class | What happened | HTTP | Exit | Again | Charged | Next |",
            "|---|---|---|---|---|---|---|---|",
        ]
        lines += [_error_row(error) for error in members]
    lines += [
        "",
        f"`FluxroomError` itself has the code `{errors.FluxroomError.code}`; it stands for a fault of ours.",
        "",
    ]
    return "\n".join(lines)


def _lower(sentence: str) -> str:
    return sentence[0].lower() + sentence[1:].rstrip(".")


def _error_row(error: type[errors.FluxroomError]) -> str:
    cells = (
        f"`{error.code}`",
        f"`{error.__name__}`",
        error.sentence(),
        str(error.status),
        str(error.exit_code),
        "yes" if error.retryable else "no",
        MONEY[error.charge],
        error.advice.replace("|", "\\|"),
    )
    return f"| {' | '.join(cells)} |"


# faults of the sandbox ----------------------------------------------------------------------------------------------


def _faults_page() -> str:
    lines = [
        "# Faults of the sandbox",
        "",
        "Generated from `fluxroom.sandbox.FAULTS` by `make gen`. How to ask for them: [sandbox](sandbox.md#faults).",
    ]
    left = dict(FAULTS)
    for prefix, title in FAULT_GROUPS.items():
        group = [name for name in left if name.startswith(prefix)]
        lines += ["", f"## {title}", "", "| Fault | What happens |", "|---|---|"]
        lines += [f"| `{name}` | {left.pop(name)} |" for name in group]
    return "\n".join(lines) + "\n"


def main() -> int:
    """Settle the files, or with `--check` name the stale ones and answer 1."""
    check = "--check" in sys.argv[1:]
    changed = generate(check)
    for path in changed:
        print(f"{'stale' if check else 'written'}: {path}")
    return 1 if check and changed else 0


if __name__ == "__main__":
    sys.exit(main())
