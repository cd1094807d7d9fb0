"""Log lines: structured, quiet by default, and clean of secrets.

The loggers wrap the standard library's under the name `fluxroom`: an application that uses Fluxroom as a library hears
nothing until it asks for it; `configure` is for the command line and the gateway, which own their process.

Whatever reaches a log passes `clean`: no key, no signed URL, no base64, and no more than 200 characters of a prompt
unless `FLUXROOM_LOG_PROMPTS=1`.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping, MutableMapping, Sequence
from typing import TYPE_CHECKING, Any

import structlog

if TYPE_CHECKING:
    from fluxroom.settings import Settings

_MOST_TEXT = 200
_BASE64 = re.compile(r"(?:data:[\w.+/-]+;base64,)?[A-Za-z0-9+/_-]{120,}={0,2}")
_QUERY = re.compile(r"(https?://[^\s\"'<>?#]+)[?#][^\s\"'<>]*")
_GATEWAY_KEY = re.compile(r"flux_[0-9a-z]{30,}")
_SECRET_NAMES = re.compile(r"(?i)^(authorization|x-key|.*api_?key|.*secret|.*token|password|cookie)$")
_HIDDEN = "[hidden]"

_prompts_in_full = False
_secrets: tuple[str, ...] = ()

logging.getLogger("fluxroom").addHandler(logging.NullHandler())


class _Logger(structlog.stdlib.BoundLogger):
    """Lines that nobody hears cost nothing: every job writes several of them.

    The standard library's `exception` would append a traceback of its own, past our cleaning.
    """

    def debug(self, event: str | None = None, *args: Any, **facts: Any) -> Any:
        return super().debug(event, *args, **facts) if self._logger.isEnabledFor(logging.DEBUG) else None

    def info(self, event: str | None = None, *args: Any, **facts: Any) -> Any:
        return super().info(event, *args, **facts) if self._logger.isEnabledFor(logging.INFO) else None

    def exception(self, event: str | None = None, *args: Any, **facts: Any) -> Any:
        return self.error(event, *args, exc_info=True, **facts)


def get_logger(name: str) -> Any:
    """A structured logger: `log.info("stored", job=…)`."""
    return structlog.wrap_logger(
        logging.getLogger(name),
        wrapper_class=_Logger,
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.contextvars.merge_contextvars,
            structlog.stdlib.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _clean_line,
            _render,
        ],
        cache_logger_on_first_use=True,
    )


def configure(settings: Settings) -> None:
    """Send log lines to standard error in the form and from the level that the settings say."""
    global _prompts_in_full, _as_json  # noqa: PLW0603  logging is process-wide by nature
    _prompts_in_full = settings.log_prompts
    _as_json = settings.log_format == "json"
    hide(settings.secrets())
    root = logging.getLogger("fluxroom")
    root.setLevel(settings.log_level.upper())
    if not any(isinstance(handler, logging.StreamHandler) for handler in root.handlers):
        root.addHandler(logging.StreamHandler())


def hide(secrets: Sequence[str]) -> None:
    """Never let these texts into a log line."""
    global _secrets  # noqa: PLW0603  as above
    # A fal key is "id:secret": each half is hidden as well.
    parts = {part for secret in secrets for part in (secret, *secret.split(":")) if len(part) >= 6}
    _secrets = tuple(sorted({*_secrets, *parts}, key=len, reverse=True))


def clean(value: Any, *, name: str = "") -> Any:
    """The value as it may be logged.

    >>> clean({"authorization": "Key abc", "url": "https://delivery.bfl.ai/x.png?sig=1", "steps": 4})
    {'authorization': '[hidden]', 'url': 'https://delivery.bfl.ai/x.png?…', 'steps': 4}
    """
    if isinstance(value, Mapping):
        return {
            key: _HIDDEN if _SECRET_NAMES.match(str(key)) and inner else clean(inner, name=str(key))
            for key, inner in value.items()
        }
    if isinstance(value, (list, tuple)):
        return [clean(inner, name=name) for inner in value]
    if isinstance(value, bytes):
        return f"[{len(value)} bytes]"
    return _clean_text(value, name) if isinstance(value, str) else value


def _clean_text(text: str, name: str) -> str:
    for secret in _secrets:
        text = text.replace(secret, _HIDDEN)
    text = _GATEWAY_KEY.sub(_HIDDEN, text)
    text = _QUERY.sub(r"\1?…", text)
    text = _BASE64.sub(lambda found: f"[{len(found[0])} characters of base64]", text)
    in_full = name == "exception" or (_prompts_in_full and name.endswith("prompt"))
    return text if in_full or len(text) <= _MOST_TEXT else f"{text[:_MOST_TEXT]}… ({len(text)} characters)"


_as_json = False


def _clean_line(_logger: Any, _method: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    cleaned: dict[str, Any] = clean(dict(line))
    return cleaned


def _render(_logger: Any, _method: str, line: MutableMapping[str, Any]) -> str:
    if _as_json:
        import orjson

        return orjson.dumps(line, default=str).decode()
    time, level, event = line.pop("timestamp"), line.pop("level"), line.pop("event")
    trace = line.pop("exception", None)
    facts = " ".join(f"{key}={value!r}" for key, value in line.items())
    return f"{time[:19]}Z {level:<7} {event}" + (f"  {facts}" if facts else "") + (f"\n{trace}" if trace else "")
