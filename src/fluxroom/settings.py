"""Every environment variable once: name, unit, default, secret or not. A `.env` file in the working folder is read too.

`.env.example` is generated from here. Keys come only from the environment or `.env`, never through the browser.
"""

from __future__ import annotations

import re
from functools import cached_property
from pathlib import Path
from typing import Any, Literal
from urllib.parse import parse_qs, unquote, urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from fluxroom.errors import RequestError
from fluxroom.types import PROVIDERS, Provider, Routing

_BFL_HOSTS = {"global": "https://api.bfl.ai", "eu": "https://api.eu.bfl.ai", "us": "https://api.us.bfl.ai"}
"""BFL integration guide: global with failover, EU (GDPR) and US (data residency)."""

_LONGEST_PUBLIC_URL = 1500
"""Characters: with the path of a callback it stays below the 2083 that BFL takes."""


class BadSettings(RequestError):
    """An environment variable has a value that cannot be used."""

    code = "bad_settings"
    advice = "Mend the variable in the environment or in .env; `fluxroom doctor` shows all of them."


def _variable(name: str, description: str, *, default: Any, unit: str = "") -> Any:
    return Field(
        default, validation_alias=name, description=description, json_schema_extra={"unit": unit} if unit else None
    )


class Settings(BaseSettings):
    """What the environment says. Build it with `load()`, which names the variable when a value is wrong."""

    model_config = SettingsConfigDict(
        env_file=".env", env_ignore_empty=True, extra="ignore", frozen=True, populate_by_name=True
    )

    bfl_api_key: SecretStr | None = _variable("BFL_API_KEY", "Key for Black Forest Labs' API.", default=None)
    fal_key: SecretStr | None = _variable("FAL_KEY", "Key for fal.ai, as `id:secret`.", default=None)
    fal_api_key: SecretStr | None = _variable("FAL_API_KEY", "The same as FAL_KEY; FAL_KEY wins.", default=None)
    fal_key_id: SecretStr | None = _variable(
        "FAL_KEY_ID", "First half of a fal.ai key; needs FAL_KEY_SECRET.", default=None
    )
    fal_key_secret: SecretStr | None = _variable("FAL_KEY_SECRET", "Second half of a fal.ai key.", default=None)

    bfl_url: str = _variable("FLUXROOM_BFL_URL", "Base of BFL's API, without /v1; default by region.", default="")
    bfl_region: Literal["global", "eu", "us"] = _variable(
        "FLUXROOM_BFL_REGION", "Where BFL works on jobs that name no region themselves.", default="global"
    )
    fal_queue_url: str = _variable("FLUXROOM_FAL_QUEUE_URL", "Base of fal's queue.", default="https://queue.fal.run")
    fal_run_url: str = _variable("FLUXROOM_FAL_RUN_URL", "Base of fal's direct calls.", default="https://fal.run")
    fal_rest_url: str = _variable("FLUXROOM_FAL_REST_URL", "Base of fal's uploads.", default="https://rest.fal.ai")
    fal_api_url: str = _variable(
        "FLUXROOM_FAL_API_URL", "Base of fal's list of models and prices.", default="https://api.fal.ai"
    )
    fal_store_io: bool = _variable("FLUXROOM_FAL_STORE_IO", "Whether fal keeps a job's input and output.", default=True)
    fal_lifecycle: dict[str, Any] | None = _variable(
        "FLUXROOM_FAL_LIFECYCLE", "JSON for fal's X-Fal-Object-Lifecycle-Preference header.", default=None
    )

    bfl_cap: int = _variable("FLUXROOM_BFL_CAP", "Most jobs in flight at BFL.", default=24, unit="jobs")
    fal_cap: int = _variable("FLUXROOM_FAL_CAP", "Most jobs in flight at fal.", default=40, unit="jobs")
    submit_gate: int = _variable(
        "FLUXROOM_SUBMIT_GATE", "Most submits under way at once per provider and process.", default=8, unit="calls"
    )
    poll_first: float = _variable(
        "FLUXROOM_POLL_FIRST", "Time before the first poll of a job.", default=0.5, unit="seconds"
    )
    poll_max: float = _variable("FLUXROOM_POLL_MAX", "Longest time between two polls.", default=5.0, unit="seconds")
    wait: float = _variable(
        "FLUXROOM_WAIT", "How long a caller waits; the job itself goes on.", default=600.0, unit="seconds"
    )
    unknown_grace: float = _variable(
        "FLUXROOM_UNKNOWN_GRACE", "How long a job in doubt keeps its seat under the cap.", default=300.0, unit="seconds"
    )
    route_order: str = _variable(
        "FLUXROOM_ROUTE_ORDER", "Providers in the order to use for a bare model name, such as `fal,bfl`.", default=""
    )
    routing: Routing = _variable(
        "FLUXROOM_ROUTING", "Which provider, where only the model is named: docs/routing.md.", default="ordered"
    )

    data: Path | None = _variable(
        "FLUXROOM_DATA", "The data folder; default: the platform's user data folder.", default=None
    )
    assistants: Path | None = _variable(
        "FLUXROOM_ASSISTANTS", "Folder of your own assistants; default: `assistants` in the data folder.", default=None
    )
    database_url: SecretStr | None = _variable(
        "FLUXROOM_DATABASE_URL",
        "A PostgreSQL database instead of the data folder's own, as `postgresql://user:password@host/name`.",
        default=None,
    )
    heartbeat: float = _variable(
        "FLUXROOM_HEARTBEAT",
        "Time between two signs of life on PostgreSQL; jobs of a process that misses two are taken over.",
        default=10.0,
        unit="seconds",
    )
    blobs: str = _variable(
        "FLUXROOM_BLOBS",
        "Where pictures are kept: empty for the data folder, or `s3://bucket/prefix?endpoint=…&region=…`.",
        default="",
    )
    trash_days: float = _variable(
        "FLUXROOM_TRASH_DAYS", "How long pictures stay in the trash; 0: for ever.", default=30.0, unit="days"
    )
    keep_pictures_days: float = _variable(
        "FLUXROOM_KEEP_PICTURES_DAYS",
        "How long pictures are kept that are neither favourites nor on a board; 0: for ever.",
        default=0.0,
        unit="days",
    )
    keep_records_days: float = _variable(
        "FLUXROOM_KEEP_RECORDS_DAYS",
        "How long prompts and parameters of requests without pictures are kept; what they cost stays. 0: for ever.",
        default=0.0,
        unit="days",
    )
    sandbox: bool | None = _variable(
        "FLUXROOM_SANDBOX", "1: work against the built-in sandbox, free of charge.", default=None
    )
    sandbox_speed: float = _variable(
        "FLUXROOM_SANDBOX_SPEED", "How many times faster than the real models the built-in sandbox works.", default=1.0
    )
    url: str = _variable(
        "FLUXROOM_URL",
        "Base of a gateway that does the work, such as `http://127.0.0.1:7860`; empty: this process does it.",
        default="",
    )
    api_key: SecretStr | None = _variable("FLUXROOM_API_KEY", "Key for the gateway at FLUXROOM_URL.", default=None)
    host: str = _variable("FLUXROOM_HOST", "Address that the gateway listens on.", default="127.0.0.1")
    port: int = _variable("FLUXROOM_PORT", "Port that the gateway listens on.", default=7860)
    fal_port: int | None = _variable(
        "FLUXROOM_FAL_PORT", "A second port, with fal's paths at its root, for fal's own clients.", default=None
    )
    tls: bool = _variable(
        "FLUXROOM_TLS", "1: speak https, with a certificate that the gateway makes itself.", default=False
    )
    tls_cert: Path | None = _variable(
        "FLUXROOM_TLS_CERT", "Speak https with this certificate (PEM, with its chain).", default=None
    )
    tls_key: Path | None = _variable("FLUXROOM_TLS_KEY", "The key of FLUXROOM_TLS_CERT (PEM).", default=None)
    public_url: str = _variable(
        "FLUXROOM_PUBLIC_URL",
        "Base under which providers reach the gateway, such as `https://pictures.example.com`: turns callbacks on.",
        default="",
    )
    hosts: str = _variable(
        "FLUXROOM_HOSTS", "More names under which the gateway is called, such as `studio.lan,fluxroom`.", default=""
    )
    cors: str = _variable(
        "FLUXROOM_CORS", "Origins of other web sites whose scripts may use it: `https://chat.example.com`.", default=""
    )
    per_minute: int = _variable(
        "FLUXROOM_PER_MINUTE", "Requests that a gateway key may make, unless it says otherwise.", default=1200
    )
    most_open: int = _variable(
        "FLUXROOM_MOST_OPEN", "Requests of one gateway key that may be under way at once.", default=256
    )
    bfl_webhook: bool = _variable(
        "FLUXROOM_BFL_WEBHOOK", "1: ask BFL for callbacks too; it then names no polling address.", default=False
    )
    openai_aliases: str = _variable(
        "FLUXROOM_OPENAI_ALIASES",
        "Other names of models at the OpenAI door, such as `gpt-image-2=flux-2-pro,dall-e-3=bfl/flux-2-max`.",
        default="",
    )
    openai_unsupported: Literal["error", "report"] = _variable(
        "FLUXROOM_OPENAI_UNSUPPORTED",
        "What the OpenAI door does with what a FLUX model cannot do: refuse it, or leave it out and report it.",
        default="error",
    )
    openai_chat_images: Literal["link", "data"] = _variable(
        "FLUXROOM_OPENAI_CHAT_IMAGES", "Form of the pictures in `message.images` of a chat.", default="link"
    )
    writer_url: str = _variable(
        "FLUXROOM_WRITER_URL",
        "Base of a chat completions service that writes more prompts, such as `https://api.openai.com/v1`.",
        default="",
    )
    writer_key: SecretStr | None = _variable("FLUXROOM_WRITER_KEY", "Key for FLUXROOM_WRITER_URL.", default=None)
    writer_model: str = _variable(
        "FLUXROOM_WRITER_MODEL", "The language model at FLUXROOM_WRITER_URL, by its name there.", default=""
    )
    writer_timeout: float = _variable(
        "FLUXROOM_WRITER_TIMEOUT", "How long the language model may take for an answer.", default=30.0, unit="seconds"
    )
    webhook_hosts: str = _variable(
        "FLUXROOM_WEBHOOK_HOSTS",
        "Hosts on a private network that webhooks may go to, such as `video.lan`; others must be public.",
        default="",
    )
    mcp: bool = _variable(
        "FLUXROOM_MCP", "0: the gateway has no tools for AI agents at /mcp; they need the extra `mcp`.", default=True
    )
    log_level: Literal["debug", "info", "warning", "error"] = _variable(
        "FLUXROOM_LOG_LEVEL", "Least level that is logged; debug also logs payloads and answers.", default="warning"
    )
    log_format: Literal["text", "json"] = _variable("FLUXROOM_LOG_FORMAT", "Form of a log line.", default="text")
    log_prompts: bool = _variable(
        "FLUXROOM_LOG_PROMPTS", "Log prompts in full instead of 200 characters.", default=False
    )

    @field_validator("bfl_url", "fal_queue_url", "fal_run_url", "fal_rest_url", "fal_api_url", "public_url")
    @classmethod
    def _is_base_url(cls, value: str) -> str:
        if value and not value.startswith(("https://", "http://")):
            raise ValueError("must begin with https:// or http://")
        if value.startswith("http://") and not is_loopback(value):
            raise ValueError("plain http is for this machine only (127.0.0.1, localhost, ::1)")
        return value.rstrip("/")

    @field_validator("url", "writer_url")
    @classmethod
    def _is_an_address(cls, value: str) -> str:
        if value and re.fullmatch(r"https?://[^/?#@\\\s]+(/[^?#@\\\s]*)?", value) is None:
            raise ValueError("must be an address such as https://pictures.example.com, without user name or query")
        return value.rstrip("/")

    @field_validator("public_url")
    @classmethod
    def _is_plain(cls, value: str) -> str:
        plain = re.fullmatch(r"https?://[^/?#@\\\s]+(/[^?#@\\\s]*)?", value)
        if value and (plain is None or len(value) > _LONGEST_PUBLIC_URL):
            raise ValueError("must be a plain address with a host, without user name, query or fragment")
        return value

    @field_validator("openai_aliases")
    @classmethod
    def _is_pairs(cls, value: str) -> str:
        for pair in filter(None, (one.strip() for one in value.split(","))):
            if not re.fullmatch(r"[^=\s]+\s*=\s*[^=\s]+", pair):
                raise ValueError(f"{pair!r} is not ALIAS=MODEL")
        return value

    @field_validator("bfl_cap", "fal_cap", "submit_gate", "per_minute", "most_open")
    @classmethod
    def _is_positive(cls, value: int) -> int:
        if value < 1:
            raise ValueError("must be 1 or more")
        return value

    @field_validator("poll_first", "poll_max", "wait", "sandbox_speed", "heartbeat", "writer_timeout")
    @classmethod
    def _is_a_duration(cls, value: float) -> float:
        if not 0 < value < 1e9:
            raise ValueError("must be above 0")
        return value

    @field_validator("trash_days", "keep_pictures_days", "keep_records_days")
    @classmethod
    def _is_a_number_of_days(cls, value: float) -> float:
        if not 0 <= value < 1e6:
            raise ValueError("must be 0 or more")
        return value

    @field_validator("database_url")
    @classmethod
    def _is_postgresql(cls, value: SecretStr | None) -> SecretStr | None:
        if value and not value.get_secret_value().startswith(("postgresql://", "postgres://")):
            raise ValueError("must begin with postgresql://")
        return value

    @field_validator("hosts", "webhook_hosts")
    @classmethod
    def _is_names(cls, value: str) -> str:
        for name in listed(value):
            if not re.fullmatch(r"[A-Za-z0-9.-]{1,253}|\[[0-9a-fA-F:.]+\]", name):
                raise ValueError(f"{name!r} is no host name; ports and https:// are left out")
        return value

    @field_validator("cors")
    @classmethod
    def _is_origins(cls, value: str) -> str:
        for origin in listed(value):
            if not re.fullmatch(r"https?://[A-Za-z0-9.-]{1,253}(:[0-9]{1,5})?", origin):
                raise ValueError(f"{origin!r} is no origin such as https://chat.example.com")
        return value

    @field_validator("route_order")
    @classmethod
    def _names_providers(cls, value: str) -> str:
        for name in filter(None, value.replace(" ", "").split(",")):
            if name not in PROVIDERS:
                raise ValueError(f"{name!r} is not one of {', '.join(PROVIDERS)}")
        return value

    def key(self, provider: Provider) -> str:
        """The key of a provider; empty when none is set."""
        if provider == "bfl":
            return _text(self.bfl_api_key)
        pair = [_text(self.fal_key_id), _text(self.fal_key_secret)]
        return _text(self.fal_key) or _text(self.fal_api_key) or (":".join(pair) if all(pair) else "")

    def submit_url(self, provider: Provider, region: str = "") -> str:
        """Where jobs are submitted: BFL's base by region, or fal's queue."""
        if provider == "fal":
            return self.fal_queue_url
        return self.bfl_url or _BFL_HOSTS[region or self.bfl_region]

    @property
    def providers_by_order(self) -> tuple[Provider, ...]:
        """The providers in the order in which a bare model name tries them."""
        named = listed(self.route_order)
        rest = sorted(PROVIDERS, key=lambda name: not self.key(name))
        return tuple(dict.fromkeys([*(p for n in named for p in PROVIDERS if p == n), *rest]))

    @cached_property
    def data_folder(self) -> Path:
        """The folder that holds database, pictures and locks; not made yet."""
        if self.data:
            return self.data.expanduser().absolute()
        from platformdirs import user_data_path

        return user_data_path("fluxroom", appauthor=False)

    @property
    def database(self) -> str:
        """The URL of the PostgreSQL database; empty when the data folder has its own."""
        return _text(self.database_url)

    @property
    def gateway_key(self) -> str:
        """The key for the gateway at `url`; empty when none is set."""
        return _text(self.api_key)

    def secrets(self) -> list[str]:
        """All secret values that are set, for redaction; of the database's URL its password."""
        names = [name for name, field in type(self).model_fields.items() if is_secret(field.annotation)]
        values = [_text(getattr(self, name)) for name in names if name != "database_url"]
        return [text for text in [*values, *_passwords(self.database)] if text]


def _passwords(url: str) -> list[str]:
    """The password of a database's URL, as it is written there and as it is."""
    try:
        parts = urlsplit(url)
    except ValueError:  # whoever opens it says so; until then nothing of it may be shown
        return [url]
    found = [parts.password or "", *parse_qs(parts.query).get("password", [])]
    return list(dict.fromkeys(text for password in found for text in (password, unquote(password))))


def listed(text: str) -> list[str]:
    """The parts of a list as it is written in a variable.

    >>> listed("studio.lan, fluxroom")
    ['studio.lan', 'fluxroom']
    """
    return [part for part in text.replace(" ", "").split(",") if part]


def is_secret(annotation: Any) -> bool:
    """Whether a setting of this type is a secret."""
    return annotation is SecretStr or SecretStr in getattr(annotation, "__args__", ())


def is_loopback(url: str) -> bool:
    """Whether an address names this machine: 127.0.0.0/8, ::1, localhost or a name under it (RFC 6761).

    >>> is_loopback("http://127.0.0.1:9000/bfl"), is_loopback("http://127.0.0.1.example.org")
    (True, False)
    """
    from ipaddress import ip_address

    try:
        host = urlsplit(url).hostname or ""
        return host == "localhost" or host.endswith(".localhost") or ip_address(host).is_loopback
    except ValueError:
        return False


def load(**overrides: Any) -> Settings:
    """The settings of this process; `overrides` by field name win over the environment.

    Raises:
        BadSettings: a value cannot be used; the message names the variable and the reason.
    """
    try:
        return Settings(**overrides)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        name = str(first["loc"][0]) if first["loc"] else "settings"
        field = Settings.model_fields.get(name)
        variable = str(field.validation_alias) if field else name
        raise BadSettings(f"{variable}: {first['msg'].removeprefix('Value error, ')}", field=variable) from None


def _text(secret: SecretStr | None) -> str:
    return secret.get_secret_value().strip() if secret else ""
