"""The words of Fluxroom as frozen values; the same names in Python, SQL, JSON, command line and studio.

Units: seconds, pixels, megapixels of 1,048,576 pixels, US dollars as `Decimal`, times in UTC.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal, get_args

MEGAPIXEL = 1024 * 1024
"""Pixels in a megapixel, as both providers count them (BFL submit reply, live sample of 2026)."""

Provider = Literal["bfl", "fal"]
PROVIDERS: tuple[Provider, ...] = get_args(Provider)

Mode = Literal["generate", "edit", "vary", "fill", "expand", "erase", "deblur", "tryon", "upscale"]
MODES: tuple[Mode, ...] = get_args(Mode)

OnUnsupported = Literal["error", "report"]

Routing = Literal["ordered", "cheapest", "fastest", "fixed"]
ROUTINGS: tuple[Routing, ...] = get_args(Routing)
"""How a bare model name becomes a route where several providers have the model. ordered: the first that can do it.
fixed: the first that has the model, and never another."""

ChargeState = Literal["charged", "not_charged", "unknown"]

JSON = Any
"""A value that JSON can hold."""


@dataclass(frozen=True, slots=True)
class Size:
    """Width and height of a picture in pixels.

    >>> Size(1536, 1024).megapixels
    1.5
    >>> str(Size(1536, 1024))
    '1536x1024'
    """

    width: int
    height: int

    @property
    def pixels(self) -> int:
        """Width times height."""
        return self.width * self.height

    @property
    def megapixels(self) -> float:
        """Size in megapixels of 1,048,576 pixels, not rounded."""
        return self.pixels / MEGAPIXEL

    def __str__(self) -> str:
        return f"{self.width}x{self.height}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """An input picture that is ready to be sent: bytes in our store, or a public https URL.

    Exactly one of `sha256` and `url` is set. Width, height and size are 0 for a URL: nobody has looked at it.
    """

    sha256: str = ""
    url: str = ""
    mime: str = ""
    width: int = 0  # pixels
    height: int = 0  # pixels
    size_bytes: int = 0
    name: str = ""  # what the caller called it; for people only

    @property
    def megapixels(self) -> float:
        """Size in megapixels; 1.0 for a URL, whose size is not known before it is billed."""
        return self.width * self.height / MEGAPIXEL if self.width else 1.0

    def as_wire(self) -> JSON:
        """How a stored payload names it: the URL itself, or a marker that holds the hash."""
        return self.url or {"$reference": self.sha256}

    def as_dict(self) -> dict[str, JSON]:
        """The reference as JSON, without empty fields."""
        named = {name: getattr(self, name) for name in self.__slots__}
        return {name: value for name, value in named.items() if value}


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a caller asks for: one generation, before a route has been chosen.

    `params` holds canonical parameters and an endpoint's own ones. A parameter that takes a picture
    (`mask`, `control_image_url`, …) holds a `Reference`.
    """

    model: str  # "flux-2-pro" or "bfl/flux-2-pro"
    prompt: str | Mapping[str, JSON] | None = None
    references: tuple[Reference, ...] = ()  # in order: "image 1", "image 2", …
    params: Mapping[str, JSON] = field(default_factory=dict)
    mode: Mode | None = None  # derived from the request when not given
    extra: Mapping[str, Mapping[str, JSON]] = field(default_factory=dict)  # {provider: {field: value}}
    on_unsupported: OnUnsupported = "error"
    max_references: int | None = None
    region: Literal["global", "eu", "us"] | None = None  # BFL only
    routing: Routing | None = None  # which provider, where only the model is named; None: as the settings say


@dataclass(frozen=True, slots=True)
class NotSent:
    """A value that was asked for and not sent, and why."""

    name: str
    why: str

    def as_dict(self) -> dict[str, str]:
        """The note as JSON."""
        return {"name": self.name, "why": self.why}


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """What a request will cost, before it is sent, in US dollars.

    `high` is None when the price is not fully known: it costs at least `low`.
    """

    low: Decimal
    high: Decimal | None
    formula: str  # spelled out with this request's numbers
    source: str  # where the price was published, and when it was read
    approximate: bool = False
    jobs: int = 1
    images: int = 1

    @property
    def text(self) -> str:
        """The price for people: `$0.045`, `$0.03–0.06` or `at least $0.03`."""
        if self.high is None:
            return f"at least {dollars(self.low)}"
        about = "about " if self.approximate else ""
        if self.high == self.low:
            return f"{about}{dollars(self.low)}"
        return f"{about}{dollars(self.low)}–{dollars(self.high)[1:]}"

    def as_dict(self) -> dict[str, JSON]:
        """The quote as JSON; money as decimal strings."""
        return {
            "low": _plain(self.low),
            "high": None if self.high is None else _plain(self.high),
            "text": self.text,
            "formula": self.formula,
            "source": self.source,
            "approximate": self.approximate,
            "jobs": self.jobs,
            "images": self.images,
        }


def _plain(amount: Decimal) -> str:
    return f"{amount.normalize():f}"


def dollars(amount: Decimal) -> str:
    """An amount for people: at least two decimals, and no more than it has.

    >>> dollars(Decimal("0.1")), dollars(Decimal("0.0375")), dollars(Decimal(3))
    ('$0.10', '$0.0375', '$3.00')
    """
    return f"${max(amount.normalize(), amount.quantize(Decimal('0.01')), key=_decimals):f}"


def _decimals(amount: Decimal) -> int:
    return -int(amount.as_tuple().exponent)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a request becomes at one route: exactly what will be sent, what it costs and what comes back.

    `wire` has one body per job, as JSON; a picture stands in it as a URL or as `{"$reference": sha256}`.
    """

    model: str
    provider: Provider
    mode: Mode
    endpoint: str  # the provider's own path: "flux-2-pro", "fal-ai/flux-2/edit"
    wire: tuple[Mapping[str, JSON], ...]
    params: Mapping[str, JSON]  # canonical, as asked, with our defaults
    not_sent: tuple[NotSent, ...]
    renamed: Mapping[str, str]  # old name -> the name that is used now
    references: tuple[Reference, ...]  # the ones that are sent, in order
    size: Size | None  # expected to come back; None when only the provider knows
    quote: Quote  # the whole request
    images_per_job: int
    seconds: float  # a typical job, from the catalog
    caps: Mapping[str, int]  # cap group -> jobs in flight: {"bfl": 24, "bfl/flux-kontext-max": 6}
    webhooks: bool  # the endpoint's schema takes a webhook address
    region: str = ""
    sandbox: bool = False  # the route's account is the sandbox: nothing is really charged
    chosen: str = ""  # why this provider, where there was something to choose

    @property
    def route(self) -> str:
        """Provider and model: `bfl/flux-2-pro`."""
        return f"{self.provider}/{self.model}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """The money of a job, in US dollars."""

    estimated: Decimal
    reserved: Decimal
    charged: Decimal | None  # None while it is not known
    state: ChargeState
    source: str = "estimate"  # "provider" when the figure is the provider's own, "cache" when nothing was sent
    doubtful: Decimal = Decimal(0)  # what attempts before the last one may have cost besides

    def as_dict(self) -> dict[str, JSON]:
        """The receipt as JSON; money as decimal strings."""
        return {
            "estimated": _plain(self.estimated),
            "reserved": _plain(self.reserved),
            "charged": None if self.charged is None else _plain(self.charged),
            "state": self.state,
            "source": self.source,
            "doubtful": _plain(self.doubtful),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Queued:
    """The job waits: here, or at the provider."""

    job: str
    position: int | None = None  # how many are before it, where that is known
    why: str = ""  # what it waits for, where that is not just its turn


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """The provider works on the job."""

    job: str
    elapsed: float  # seconds since it was submitted
    expected: float  # seconds that such a job usually takes
    progress: float | None = None  # 0 to 1, where the provider tells
    phase: str = ""  # the provider's own word: "Generating", "IN_PROGRESS"
    usual: str = ""  # what earlier jobs of this kind say, for people: "usually 4–6 s"
    why: str = ""  # what stands in the way of hearing more, where something does


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """The job has ended; `state` is a final state, `error` says why there is no picture."""

    job: str
    state: str
    images: Sequence[Any] = ()
    error: Mapping[str, JSON] | None = None


Event = Queued | Running | Done
