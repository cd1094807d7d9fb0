"""Every assistant and chat model that there is: those that are shipped, and the files of a folder, which win.

Switching one on is what a person would do by hand: its file is put into the folder and says `enabled: true`. So the
folder alone says what is on, survives every update, and can be kept with the rest of a deployment.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Self

from fluxroom import catalog
from fluxroom.errors import InvalidParams, NotFound, RequestError, StorageUnwritable
from fluxroom.flows.assistants.files import Assistant, ChatModel, read

if TYPE_CHECKING:
    from fluxroom.settings import Settings

ENDINGS = (".yaml", ".yml", ".json")
_YAML_SWITCH = re.compile(r"^enabled[ \t]*:[^\n]*$", re.MULTILINE)
_JSON_SWITCH = re.compile(r'("enabled"\s*:\s*)(true|false)')


@dataclass(frozen=True, slots=True)
class Kept:
    """What there is, by id, and what is wrong with files that cannot be used."""

    assistants: Mapping[str, Assistant] = field(default_factory=dict)
    models: Mapping[str, ChatModel] = field(default_factory=dict)
    faults: tuple[str, ...] = ()

    def assistant(self, name: str) -> Assistant:
        """An assistant that is switched on.

        Raises:
            NotFound: there is none of this id.
            InvalidParams: it is switched off.
        """
        found = self.assistants.get(name)
        if found is None:
            raise NotFound(f"There is no assistant {name[:64]!r}.", advice="List them: `fluxroom assistants`.")
        if not found.enabled:
            raise InvalidParams(
                f"The assistant {name} is switched off.",
                advice=f"Switch it on: `fluxroom assistants on {name}`, or PUT /v1/assistants/{name}.",
                field="assistant",
            )
        return found

    def model(self, name: str) -> ChatModel | None:
        """The chat model of this id where it is switched on; None for every other name of a model."""
        found = self.models.get(name)
        return found if found and found.enabled else None


class Shelf:
    """The files, read anew whenever somebody asks: they are small, and people mend them while a gateway runs.

    Args:
        folder: where a person's own files are; it need not exist.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """The files that these settings name."""
        folder = settings.assistants or settings.data_folder / "assistants"
        return cls(folder.expanduser().absolute())

    def kept(self) -> Kept:
        """Everything that there is. Blocks."""
        found: dict[str, Assistant | ChatModel] = {}
        places: dict[str, str] = {}
        faults: list[str] = []
        for path, text, own in self._texts():
            if text is None:
                faults.append(f"{path}: it cannot be read")
                continue
            try:
                one = read(text, path)
            except InvalidParams as error:
                faults += error.context["faults"]
                continue
            if own and places.get(one.id):
                faults.append(f"{path}: id {one.id} is used by {places[one.id]} already")
                continue
            found[one.id] = one
            places[one.id] = path if own else ""
        models = {name: one for name, one in found.items() if isinstance(one, ChatModel)}
        assistants = {name: one for name, one in found.items() if isinstance(one, Assistant)}
        for name, one in list(assistants.items()):
            strange = strangers(one, models)
            if strange:
                del assistants[name]
                faults.append(f"{places[name] or name}: {strange}")
        return Kept(assistants, models, tuple(faults))

    def switch(self, name: str, *, on: bool) -> Kept:
        """Switch an assistant or a chat model on or off; returns everything as it is then. Blocks.

        Raises:
            NotFound: there is none of this id.
            InvalidParams: a file of the same name stands in the way, and cannot be used itself.
            StorageUnwritable: the folder cannot be written.
        """
        for path, text, own in reversed(list(self._texts())):
            if text is None:
                continue
            try:
                found = read(text, path)
            except InvalidParams:
                continue
            if found.id == name:
                target = Path(path) if own else self.folder / path
                if not own and target.exists():
                    read(target.read_text("utf-8", errors="replace"), str(target))  # says what is wrong with it
                    raise InvalidParams(f"{target} stands in the way: it is about something else.", field="id")
                self._write(target, switched(text, on=on))
                return self.kept()
        raise NotFound(
            f"There is no assistant or chat model {name[:64]!r}.", advice="List them: `fluxroom assistants`."
        )

    def _texts(self) -> Iterator[tuple[str, str | None, bool]]:
        """Name and text (None: not readable) of every file, the shipped ones first; whether it is a person's own."""
        for one in sorted(files(__package__).joinpath("shipped").iterdir(), key=lambda one: one.name):
            if one.name.endswith(ENDINGS):
                yield one.name, one.read_text("utf-8"), False
        for path in sorted(self.folder.glob("*")) if self.folder.is_dir() else ():
            if path.suffix in ENDINGS and path.is_file():
                yield str(path), _text(path), True

    def _write(self, path: Path, text: str) -> None:
        draft = path.with_name(f".{path.name}.new")
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            draft.write_text(text, "utf-8")
            draft.replace(path)
        except OSError as error:
            raise StorageUnwritable(f"{path} cannot be written: {error.strerror}.") from error


def _text(path: Path) -> str | None:
    """The text of a file; None where this process may not read it, or somebody has just taken it away."""
    try:
        return path.read_text("utf-8", errors="replace")
    except OSError:
        return None


def switched(text: str, *, on: bool) -> str:
    """The text of a file with its switch turned; everything else stays as a person wrote it.

    >>> switched('{"id": "x", "enabled": false}', on=True)
    '{"id": "x", "enabled": true}'
    """
    word = "true" if on else "false"
    if text.lstrip().startswith("{"):
        return _JSON_SWITCH.sub(rf"\g<1>{word}", text)
    if _YAML_SWITCH.search(text):
        return _YAML_SWITCH.sub(f"enabled: {word}", text, count=1)
    return f"{text.rstrip()}\nenabled: {word}\n"


def strangers(one: Assistant, models: Collection[str]) -> str:
    """What is wrong with the models that an assistant names; empty when all are there.

    Args:
        one: the assistant.
        models: the ids of the chat models that there are.
    """
    strange = [name for name in one.models if name not in models and not _is_in_catalog(name)]
    return f"models: there is no model {', '.join(strange)}" if strange else ""


def _is_in_catalog(name: str) -> bool:
    try:
        catalog.find(name)
    except RequestError:
        return False
    return True
