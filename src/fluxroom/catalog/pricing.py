"""What a request costs, from a formula that is data: the row says the kind and the amounts, this module does the sum.

Amounts are US dollars as `Decimal`; a megapixel is 1,048,576 pixels. Where a provider does not publish how it rounds,
the quote is a range from not rounded to rounded up; where a price is not published at all it is "at least", never
nothing.

BFL's worked examples (docs.bfl.ai pricing and live replies of 2026):

>>> pro = Price(kind="first_further", amount=Decimal("0.03"), further=Decimal("0.015"), input=Decimal("0.015"))
>>> pro.quote(Work(output=1.0)).text
'$0.03'
>>> pro.quote(Work(output=1920 * 1080 / 1048576)).text  # 1.98 MP, a live reply of 4.5 credits
'$0.045'
>>> pro.quote(Work(output=1.0, inputs=(1.0,))).text
'$0.045'
>>> klein = Price(kind="first_further", amount=Decimal("0.014"), further=Decimal("0.001"), input=Decimal("0.001"))
>>> klein.quote(Work(output=768 * 1024 / 1048576)).text
'$0.014'

fal's flux-2 counts input and output, and does not say how it rounds:

>>> dev = Price(kind="per_megapixel", amount=Decimal("0.012"), inputs="all", rounding="unknown")
>>> dev.quote(Work(output=1.5, inputs=(1.0,))).text
'$0.03–0.036'
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Literal

from fluxroom.types import JSON, Quote

Kind = Literal["per_image", "per_megapixel", "first_further", "by_value", "per_second", "unknown"]
Rounding = Literal["up", "none", "unknown"]
Range = tuple[Decimal, Decimal]

LARGEST = 4.0
"""Megapixels assumed at most where only the provider knows the size that comes back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What is paid for: one request, all its jobs together.

    `output` is the size of one picture in megapixels, None when only the provider knows it.
    """

    output: float | None = 1.0
    inputs: tuple[float, ...] = ()  # megapixels of each reference, per job
    images: int = 1  # pictures in all
    jobs: int = 1
    seconds: float = 5.0  # a typical job
    values: Mapping[str, JSON] = field(default_factory=dict)  # the parameters that are sent
    loras: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """A price formula.

    `per_image`: `amount` a picture.
    `per_megapixel`: `amount` for each megapixel of output, and of the references where `inputs` says so.
    `first_further`: `amount` for the first megapixel, `further` for each further one, `input` for each of input; one
    reference is rounded up, several count as one megapixel each or each rounded up (BFL does not say which).
    `by_value`: an amount or a range for each value of a parameter, such as `resolution`.
    `per_second`: `amount` for each second of computing, which nobody knows before; half to twice the typical time.
    `unknown`: nothing is published; at least `amount`.
    """

    kind: Kind
    amount: Decimal = Decimal(0)
    further: Decimal = Decimal(0)
    input: Decimal = Decimal(0)
    inputs: Literal["none", "all", "unknown"] = "none"  # `per_megapixel`: whether references are paid for too
    input_cap: float | None = None  # megapixels to which the provider shrinks each input before it counts it
    input_floor: float = 0.0  # megapixels as which each input counts at least
    rounding: Rounding = "up"
    seconds: float = 0.0  # typical seconds of computing; those of the route when 0
    parameter: str = ""
    fallback: str = ""  # the value that counts when the parameter is not sent
    values: Mapping[str, Range] = field(default_factory=dict)
    source: str = ""
    approximate: bool = False
    surcharge: str = ""  # what comes on top, in words: a price for large LoRAs
    surcharge_de: str = ""  # the same in German

    @classmethod
    def read(cls, raw: Mapping[str, JSON], sources: Mapping[str, str]) -> Price:
        """A price from its row; `source` may name one of the shared sources."""
        named = dict(raw)
        for name in ("amount", "further", "input"):
            if name in named:
                named[name] = Decimal(named[name])
        if "values" in named:
            named["values"] = {value: _range(amount) for value, amount in named["values"].items()}
        source = str(named.get("source", ""))
        named["source"] = sources.get(source, source)
        return cls(**named)

    def scaled(self, factor: Decimal, source: str) -> Price:
        """The same formula after the provider changed its unit price: every amount in proportion, and only about."""
        if not factor:
            return self
        values = {value: (low * factor, high * factor) for value, (low, high) in self.values.items()}
        amounts = {name: (getattr(self, name) * factor).normalize() for name in ("amount", "further", "input")}
        return replace(self, **amounts, values=values, source=source, approximate=True)

    @property
    def text(self) -> str:
        """The formula for people: `$0.03 first MP, $0.015 each further MP of input and output`."""
        return self.words("en")

    def words(self, lang: Literal["en", "de"]) -> str:
        """The same in English or German.

        >>> Price(kind="per_image", amount=Decimal("0.04")).words("de")
        '$0.04 je Bild'
        """
        if self.kind == "by_value":
            return ", ".join(f"{value} {_money(amounts)}" for value, amounts in self.values.items())
        said = _WORDS[lang]
        text = said[self.kind].format(self.amount, self.further)
        if self.kind == "per_megapixel" and self.inputs == "all":
            text += said["all"]
        if self.kind == "first_further" and self.input:
            text += said["input"].format(self.input)
        more = (self.surcharge_de if lang == "de" else "") or self.surcharge
        return text + (f" ({more})" if more else "")

    def quote(self, work: Work) -> Quote:
        """What this work costs, as a range with the sum spelled out."""
        (low, high), formula = _SUMS[self.kind](self, work)
        if work.loras and self.surcharge:
            high, formula = None, f"{formula}; {self.surcharge}"
        return Quote(
            low=low,
            high=high,
            formula=formula,
            source=self.source,
            approximate=self.approximate or self.kind == "per_second",
            jobs=work.jobs,
            images=work.images,
        )


_WORDS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "per_image": "${0:f} per image",
        "per_megapixel": "${0:f} per MP",
        "all": " of input and output",
        "first_further": "${0:f} first MP, ${1:f} each further",
        "input": ", ${0:f} per MP of input",
        "per_second": "${0:f} per second of computing",
        "unknown": "not published, at least ${0:f}",
    },
    "de": {
        "per_image": "${0:f} je Bild",
        "per_megapixel": "${0:f} je MP",
        "all": " Ein- und Ausgabe",
        "first_further": "${0:f} das erste MP, ${1:f} jedes weitere",
        "input": ", ${0:f} je MP Eingabe",
        "per_second": "${0:f} je Rechensekunde",
        "unknown": "nicht veröffentlicht, mindestens ${0:f}",
    },
}

Sum = tuple[tuple[Decimal, Decimal | None], str]


def _range(amount: JSON) -> Range:
    low, high = amount if isinstance(amount, list) else (amount, amount)
    return Decimal(low), Decimal(high)


def _money(amounts: Range) -> str:
    low, high = amounts
    return f"${low:f}" if low == high else f"${low:f}–{high:f}"


def _units(megapixels: float, rounding: Rounding) -> Range:
    """Billed megapixels, lowest and highest."""
    exact = Decimal(str(round(megapixels, 4)))
    up = Decimal(max(1, math.ceil(round(megapixels, 4))))
    if rounding == "up":
        return up, up
    return (exact, exact) if rounding == "none" else (exact, up)


def _outputs(work: Work) -> tuple[float, float]:
    """Megapixels of one picture, lowest and highest."""
    return (1.0, LARGEST) if work.output is None else (work.output, work.output)


def _per_image(price: Price, work: Work) -> Sum:
    total = price.amount * work.images
    return (total, total), f"{work.images} x ${price.amount:f}"


def _per_megapixel(price: Price, work: Work) -> Sum:
    smallest, largest = _outputs(work)
    low, high = _units(smallest, price.rounding)[0], _units(largest, price.rounding)[1]
    taken = _counted(price, work) if price.inputs != "none" else ()
    low_in = Decimal(0)
    if price.inputs == "all":
        low_in = sum((_units(size, price.rounding)[0] for size in taken), low_in)
    high_in = sum((_units(size, price.rounding)[1] for size in taken), Decimal(0))
    lowest = price.amount * (low * work.images + low_in * work.jobs)
    highest = price.amount * (high * work.images + high_in * work.jobs)
    formula = f"{work.images} x {_span(low, high)} MP x ${price.amount:f}"
    if taken:
        formula += f" + {work.jobs} x {_span(low_in, high_in)} MP of input x ${price.amount:f}"
    return (lowest, highest), formula


def _first_further(price: Price, work: Work) -> Sum:
    smallest, largest = _outputs(work)
    low, high = _units(smallest, "up")[0], _units(largest, "up")[1]
    taken = _counted(price, work)
    most = sum((_units(size, "up")[0] for size in taken), Decimal(0))
    least = Decimal(len(taken)) if len(taken) > 1 and not price.input_floor else most
    each = tuple(price.amount + price.further * (units - 1) for units in (low, high))
    fed = tuple(price.input * units * work.jobs for units in (least, most))
    formula = f"{work.images} x (${price.amount:f} + {_span(low - 1, high - 1)} further MP x ${price.further:f})"
    if taken and price.input:
        formula += f" + {work.jobs} x {_span(least, most)} MP of input x ${price.input:f}"
    return (each[0] * work.images + fed[0], each[1] * work.images + fed[1]), formula


def _by_value(price: Price, work: Work) -> Sum:
    value = str(work.values.get(price.parameter, price.fallback))
    low, high = price.values.get(value) or (min(price.values.values())[0], max(price.values.values())[1])
    return (low * work.images, high * work.images), f"{work.images} x {_money((low, high))} ({price.parameter} {value})"


def _per_second(price: Price, work: Work) -> Sum:
    seconds = price.seconds or work.seconds
    typical = price.amount * Decimal(str(seconds)) * work.images
    formula = f"{work.images} x half to twice {seconds:g} s x ${price.amount:f}"
    return (typical / 2, typical * 2), formula


def _unknown(price: Price, work: Work) -> Sum:
    return (price.amount * work.images, None), f"not published; at least {work.images} x ${price.amount:f}"


_SUMS = {
    "per_image": _per_image,
    "per_megapixel": _per_megapixel,
    "first_further": _first_further,
    "by_value": _by_value,
    "per_second": _per_second,
    "unknown": _unknown,
}


def _counted(price: Price, work: Work) -> tuple[float, ...]:
    """Megapixels of each reference as the provider counts them."""
    most = float("inf") if price.input_cap is None else price.input_cap
    return tuple(max(price.input_floor, min(size, most)) for size in work.inputs)


def _span(low: Decimal, high: Decimal) -> str:
    return f"{low:f}" if low == high else f"{low:f}–{high:f}"
