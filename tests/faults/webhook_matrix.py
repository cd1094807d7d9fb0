"""What becomes of one job whose end is told by a webhook, at both providers. Data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal

from fluxroom.types import PROVIDERS, Provider

Answer = Literal["used", "known", "refused"]
"""What we make of a delivery: it moved the job on; it told nothing new, and is thanked for; it is not believed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookRow:
    """One line: how the webhook arrives, and what must come of it."""

    provider: Provider
    title: str
    how: str  # in a sentence
    faults: tuple[str, ...] = ()
    submit: tuple[str, ...] = ()  # faults of the submit, besides
    polls: bool = True  # whether the job is polled too, so that the webhook is not the only way
    deliveries: tuple[Answer, ...]  # what each delivery is worth, in their order
    state: str = "succeeded"
    taken: int = 1
    billed: int = 1
    submits: int = 1
    charge: str = "charged"
    code: str = ""

    @property
    def names(self) -> set[str]:
        """The names of the faults in it."""
        return {fault.split("=")[0].split(" ")[0] for fault in (*self.faults, *self.submit)}


def _both(title: str, how: str, **expected: Any) -> tuple[WebhookRow, ...]:
    return tuple(WebhookRow(provider=provider, title=title, how=how, **expected) for provider in PROVIDERS)


_TOLD: Final = (
    *_both("good", "The webhook comes when the picture is ready.", polls=False, deliveries=("used",)),
    *_both(
        "duplicate",
        "The webhook comes twice.",
        faults=("webhook-duplicate",),
        polls=False,
        deliveries=("used", "known"),
    ),
    *_both(
        "late",
        "The webhook comes after polling has brought the picture home.",
        faults=("webhook-late=0.5",),
        deliveries=("known",),
    ),
    *_both(
        "early",
        "The webhook comes before the answer to the submit is on disk.",
        faults=("webhook-early",),
        deliveries=("used",),
    ),
    *_both("never", "The webhook does not come at all: the address cannot be reached.", deliveries=()),
    *(
        WebhookRow(
            provider=provider,
            title="failure",
            how="The webhook tells of a failure.",
            faults=("error",),
            polls=False,
            deliveries=("used",),
            state="failed",
            billed=0,
            charge=charge,  # fal says how many units it billed, BFL says nothing
            code="provider_error",
        )
        for provider, charge in zip(PROVIDERS, ("unknown", "not_charged"), strict=True)
    ),
)

_HEALS: Final = (
    *_both(
        "heals",
        "The answer to the submit is lost, and the webhook tells that the job was taken.",
        submit=("submit-drop-after",),
        polls=False,
        deliveries=("used",),
    ),
    *_both(
        "heals from a bad gateway",
        "The submit is answered 502 although the job was taken; the webhook tells.",
        submit=("submit-502-taken",),
        polls=False,
        deliveries=("used",),
    ),
    *_both(
        "too late to heal",
        "A person has given the job up before the webhook comes.",
        submit=("submit-drop-after",),
        faults=("webhook-late=0.5",),
        polls=False,
        deliveries=("known",),
        state="abandoned",
        charge="unknown",
        code="abandoned",
    ),
)

_FALSE: Final = (
    *_both(
        "forged",
        "A webhook with a false signature and a foreign picture comes before the true one.",
        faults=("webhook-forged",),
        polls=False,
        deliveries=("refused", "used"),
    ),
    WebhookRow(
        provider="fal",
        title="old",
        how="A correctly signed webhook of an hour ago comes before the true one.",
        faults=("webhook-old",),
        polls=False,
        deliveries=("refused", "used"),
    ),
    WebhookRow(
        provider="bfl",
        title="old",
        how="A Pending body of an hour ago comes before the true one; BFL sends no time, and it tells nothing new.",
        faults=("webhook-old",),
        polls=False,
        deliveries=("known", "used"),
    ),
    *_both(
        "replayed",
        "The true webhook of another job, byte for byte, is sent to this job's address.",
        polls=False,
        deliveries=("refused", "used"),
    ),
    *_both(
        "unknown job",
        "A webhook comes for a job that nobody knows.",
        polls=False,
        deliveries=("refused", "used"),
    ),
    *_both(
        "no signature",
        "A webhook comes without any signature or secret.",
        polls=False,
        deliveries=("refused", "used"),
    ),
)

WEBHOOK_MATRIX: Final[tuple[WebhookRow, ...]] = (*_TOLD, *_HEALS, *_FALSE)
"""All rows."""
