"""What a message is asked with, and what it is held to: an assistant's rules, a chat model's, and the message's own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from fluxroom import catalog
from fluxroom.errors import BudgetExceeded, InvalidParams, RequestError
from fluxroom.flows.assistants.shelf import Kept
from fluxroom.flows.measures import over
from fluxroom.types import JSON, Plan, dollars

_OWN_PLACE = {
    "prompt": "what is said is the prompt",
    "idempotency_key": "a message has a key of its own, the header Idempotency-Key",
}
_OF_A_MESSAGE = _OWN_PLACE.keys()


@dataclass(frozen=True, slots=True)
class Rules:
    """A message's model and parameters, and its limits."""

    asked: Mapping[str, JSON]
    guidance: str = ""  # how prompts are written, for whatever writes them
    references: int | None = None  # the most that go along
    dollars: Decimal | None = None  # the most that it may cost

    def check_price(self, plan: Plan) -> None:
        """See that a message costs no more than it may.

        Raises:
            BudgetExceeded: it does, or that cannot be told.
        """
        if self.dollars is None or (plan.quote.high is not None and plan.quote.high <= self.dollars):
            return
        raise BudgetExceeded(
            f"{plan.route} costs {plan.quote.text} for this; the assistant allows {dollars(self.dollars)} a message.",
            advice="Choose a smaller size, fewer pictures or another model; nothing was sent.",
            provider=plan.provider,
            model=plan.model,
        )


def rules(kept: Kept, assistant: str, *said: Mapping[str, JSON]) -> Rules:
    """What holds for a message.

    Args:
        kept: every assistant and chat model.
        assistant: the id of the conversation's assistant; empty for none.
        said: the conversation's settings, then the message's own parameters, which win.

    Raises:
        NotFound, InvalidParams: there is no such assistant or model, it is switched off, or it does not allow this.
    """
    for one in said:
        if strange := sorted(_OF_A_MESSAGE & one.keys()):
            raise InvalidParams(
                f"{strange[0]} is not among the parameters: {_OWN_PLACE[strange[0]]}.", field=strange[0]
            )
    helper = kept.assistant(assistant) if assistant else None
    asked = over(helper.defaults if helper else {}, *said)
    name = asked.get("model")
    if not isinstance(name, str) or not name:
        raise InvalidParams("A conversation needs a model.", advice="Name one: model=flux-2-pro.", field="model")
    if helper and not helper.allows(name):
        raise InvalidParams(
            f"The assistant {helper.id} works with {', '.join(helper.models)}, and not with {name}.",
            advice="Choose one of these, or begin a conversation without an assistant.",
            field="model",
        )
    limits = helper.limits if helper else {}
    most = [limits["references"]] if "references" in limits else []
    if model := kept.model(name):
        asked = {**over(model.defaults, asked), "model": model.model}
        most += [] if model.references is None else [model.references]
    _check_known(name, asked["model"], off=name in kept.models)
    _check_number(asked, limits.get("num_images"))
    return Rules(
        asked,
        guidance=helper.guidance if helper else "",
        references=min(most, default=None),
        dollars=Decimal(str(limits["dollars"])) if "dollars" in limits else None,
    )


def _check_known(name: str, model: str, *, off: bool) -> None:
    """See that there is such a model; a chat model that is off is the catalog's of the same name, if there is one."""
    try:
        catalog.find(model)
    except RequestError:
        if not off:
            raise
        raise InvalidParams(
            f"The chat model {name} is switched off.",
            advice=f"Switch it on: `fluxroom assistants on {name}`, or PUT /v1/assistants/{name}.",
            field="model",
        ) from None


def _check_number(asked: Mapping[str, JSON], most: int | None) -> None:
    number = asked.get("num_images", 1)
    if most is not None and isinstance(number, int) and number > most:
        raise InvalidParams(
            f"num_images {number} is above {most}, which is what the assistant allows.", field="num_images", limit=most
        )
