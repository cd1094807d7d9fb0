"""What the providers have published since this version: schemas and rows that lie over the catalog's own.

The overlay is one file in the data folder, written whole by `fluxroom catalog sync`. Whatever in it cannot be used is
left out and said in the log: a garbled file never takes the catalog with it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING

from fluxroom.types import JSON, PROVIDERS, Provider

if TYPE_CHECKING:
    from fluxroom.catalog.rows import Model

FILE = "catalog-overlay.json"
_VERSION = 1
_LARGEST = 32 * 1024 * 1024  # bytes of a file that is read


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlay:
    """Schemas and rows on top of the catalog's own."""

    read: str = ""  # the day on which the providers were asked
    endpoints: Mapping[str, Mapping[str, JSON]] = field(default_factory=dict)  # wire schemas by "provider endpoint"
    rows: Mapping[str, JSON] = field(default_factory=dict)  # new models by id, as the files in `models/` have them
    removed: tuple[str, ...] = ()  # "provider endpoint" that is no longer published

    def as_dict(self) -> dict[str, JSON]:
        """The overlay as JSON."""
        return {
            "version": _VERSION,
            "read": self.read,
            "endpoints": dict(self.endpoints),
            "rows": dict(self.rows),
            "removed": list(self.removed),
        }


_now = Overlay()
_seen: tuple[str, int, int] | None = None
_forget: list[Callable[[], None]] = []


def current() -> Overlay:
    """The overlay that is in use."""
    return _now


def document(provider: Provider, endpoint: str) -> Mapping[str, JSON] | None:
    """The overlay's schema of an endpoint; None where the catalog's own counts."""
    return _now.endpoints.get(f"{provider} {endpoint}")


def on_change(forget: Callable[[], None]) -> None:
    """Call this whenever another overlay comes into use: what was worked out from the old one is stale."""
    _forget.append(forget)


def use(folder: Path) -> None:
    """Lay the overlay of a data folder over the catalog; costs a look at the file when nothing has changed."""
    global _seen  # noqa: PLW0603  the catalog is one for the process
    path = folder / FILE
    try:
        about = path.stat()
        seen = (str(path), about.st_mtime_ns, about.st_size)
    except OSError:
        seen = None
    if seen != _seen:
        _seen = seen
        lay(read(path) if seen else Overlay())


def lay(found: Overlay) -> None:
    """Put an overlay into use, without whatever in it cannot be used."""
    bad = unusable(found)
    _take(replace(found, rows={name: row for name, row in found.rows.items() if name not in bad}) if bad else found)


def _take(found: Overlay) -> None:
    global _now  # noqa: PLW0603  as above
    _now = found
    for forget in _forget:
        forget()


def unusable(found: Overlay) -> set[str]:
    """The models of an overlay that are not whole: some question about them has no answer."""
    before = _now
    _take(found)
    try:
        return {name for name in found.rows if not _usable(name)}
    finally:
        _take(before)


def _usable(name: str) -> bool:
    from fluxroom.catalog.rows import overlaid

    try:
        _ask_everything(overlaid(name))
    except Exception as error:  # noqa: BLE001  a row from outside may be wrong in any way
        _warn("a model of the overlay is not whole", model=name, why=f"{type(error).__name__}: {error}")
        return False
    return True


def _warn(what: str, **facts: str) -> None:
    from fluxroom.logs import get_logger  # not before it is needed: the catalog is looked at while a word is completed

    get_logger("fluxroom.catalog").warning(what, **facts)


def _ask_everything(model: Model) -> None:
    from fluxroom.catalog.pricing import Work

    model.as_dict()
    if not model.routes or not model.modes:
        raise ValueError("it has no route")
    for route in model.routes.values():
        for mode in route.modes:
            fields = route.endpoint(mode).fields
            route.max_references(mode)
            route.price(mode).quote(Work())
            _ = [one.canonical for one in fields.values()], [one.value_schema for one in fields.values()]


def read(path: Path) -> Overlay:
    """The overlay in a file; an empty one where it cannot be read."""
    import orjson

    try:
        data = path.read_bytes()
        return from_dict(orjson.loads(data if len(data) <= _LARGEST else b""))
    except (OSError, ValueError) as error:
        _warn("the catalog's overlay cannot be read and is left out", file=str(path), why=str(error))
        return Overlay()


def from_dict(told: JSON) -> Overlay:
    """An overlay from JSON.

    Raises:
        ValueError: it is none.
    """
    if not isinstance(told, dict) or told.get("version") != _VERSION:
        raise ValueError("it is of another version")
    endpoints, rows, removed = (told.get(name) for name in ("endpoints", "rows", "removed"))
    if not (isinstance(endpoints, dict) and isinstance(rows, dict) and isinstance(removed, list)):
        raise ValueError("it has not the form of an overlay")  # noqa: TRY004  of whatever type it is
    return Overlay(
        read=str(told.get("read", "")),
        endpoints={name: one for name, one in endpoints.items() if _is_document(name, one)},
        rows={name: row for name, row in rows.items() if isinstance(row, dict)},
        removed=tuple(str(name) for name in removed),
    )


def _is_document(name: str, told: JSON) -> bool:
    return (
        name.partition(" ")[0] in PROVIDERS
        and isinstance(told, dict)
        and isinstance(told.get("properties"), dict)
        and all(isinstance(one, dict) for one in told["properties"].values())
        and isinstance(told.get("required"), list)
        and {"source", "read"} <= told.keys()
    )


def write(folder: Path, found: Overlay) -> Path:
    """Write the overlay of a data folder whole, or not at all.

    Raises:
        OSError: it cannot be written; the old one is as it was.
    """
    import orjson

    folder.mkdir(parents=True, exist_ok=True)
    with NamedTemporaryFile(dir=folder, prefix=f".{FILE}-", delete=False) as file:
        temporary = Path(file.name)
        try:
            file.write(orjson.dumps(found.as_dict(), option=orjson.OPT_INDENT_2))
            file.flush()
            os.fsync(file.fileno())
            temporary.replace(folder / FILE)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
    return folder / FILE
