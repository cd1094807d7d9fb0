"""Everything that can go wrong, as one tree.

FluxroomError
├── RequestError            the caller can mend it; nothing was sent to a provider
│   ├── InvalidParams
│   ├── UnknownModel
│   ├── InvalidReference
│   ├── MissingKey
│   ├── BudgetExceeded
│   ├── IdempotencyConflict
│   ├── NotFound
│   ├── InvalidKey
│   ├── ScopeMissing
│   └── TooManyRequests
├── ProviderError           the provider's word about one job
│   ├── Unauthorized
│   ├── Forbidden
│   ├── InsufficientCredits
│   ├── RateLimited
│   ├── Unavailable
│   ├── ModeratedInput
│   ├── ModeratedOutput
│   ├── TaskNotFound
│   └── UntrustedAnswer
├── JobError                what became of a job
│   ├── WaitEnded
│   ├── SubmitUnknown
│   ├── ImageLost
│   ├── Cancelled
│   └── Abandoned
└── LocalError              this machine
    ├── StorageFull
    ├── StorageUnwritable
    ├── StorageBusy
    ├── DatabaseUnavailable
    └── GatewayUnreachable

The first line of a class's docstring is the sentence that people read; `code` is what programs compare. Each class
says whether money was spent (`charge`), whether the same request may succeed later (`retryable`) and what to do next.
"""

from __future__ import annotations

from typing import Any, ClassVar, Literal

Charge = Literal["charged", "not_charged", "unknown"]


class FluxroomError(Exception):
    """Fluxroom could not do what was asked.

    Args:
        detail: what happened this time, in one sentence; defaults to the class's own sentence.
        context: facts that help, without secrets: `provider`, `model`, `request_id`, `job`, `field`, `limit`.
    """

    code: ClassVar[str] = "error"
    status: ClassVar[int] = 500
    exit_code: ClassVar[int] = 1
    retryable: ClassVar[bool] = False
    charge: ClassVar[Charge] = "not_charged"
    advice: ClassVar[str] = "Run `fluxroom doctor` to see what is set up."

    def __init__(self, detail: str = "", *, advice: str = "", **context: Any) -> None:
        self.detail = detail or self.sentence()
        self.next_step = advice or self.advice
        self.context = {name: value for name, value in context.items() if value is not None}
        super().__init__(self.detail)

    @classmethod
    def sentence(cls) -> str:
        """The class's own sentence, for people."""
        return (cls.__doc__ or "").split("\n", 1)[0]

    def as_dict(self) -> dict[str, Any]:
        """The error as JSON: `code`, `message`, `next`, `charge`, `retryable` and the facts."""
        return {
            "code": self.code,
            "message": self.detail,
            "next": self.next_step,
            "charge": self.context.get("charge", self.charge),
            "retryable": self.retryable,
            **{name: value for name, value in self.context.items() if name != "charge"},
        }


class RequestError(FluxroomError):
    """The request cannot be carried out as it stands."""

    code = "invalid_request"
    status = 400
    exit_code = 2
    advice = "Mend the request and send it again; nothing was submitted or charged."


class InvalidParams(RequestError):
    """A parameter is not accepted by this model."""

    code = "invalid_params"
    status = 422
    advice = "See what the model takes with `fluxroom models show MODEL`."


class UnknownModel(RequestError):
    """There is no such model."""

    code = "unknown_model"
    status = 404
    advice = "List the models with `fluxroom models`."


class InvalidReference(RequestError):
    """A reference picture cannot be used."""

    code = "invalid_reference"
    status = 422
    advice = "Use a PNG, JPEG or WebP of at most 20 MB and 40 megapixels, as a file or a public https URL."


class MissingKey(RequestError):
    """No key is set for the provider of this route."""

    code = "missing_key"
    status = 424
    exit_code = 3
    advice = "Set BFL_API_KEY or FAL_KEY in the environment or in .env, or set FLUXROOM_SANDBOX=1 to try without."


class BudgetExceeded(RequestError):
    """The budget does not allow this request."""

    code = "budget_exceeded"
    status = 402
    exit_code = 6
    advice = "Wait until the budget resets, or raise it."


class IdempotencyConflict(RequestError):
    """This idempotency key was used for another request."""

    code = "idempotency_conflict"
    status = 409
    advice = "Use a new key for a new request; the same key and body return the first one's result."


class NotFound(RequestError):
    """There is nothing under this id."""

    code = "not_found"
    status = 404
    advice = "List the jobs with `fluxroom jobs`."


class InvalidKey(RequestError):
    """The gateway does not take this key."""

    code = "invalid_key"
    status = 401
    exit_code = 3
    advice = "Send `Authorization: Bearer flux_…`; whoever runs the gateway makes one with `fluxroom keys create NAME`."


class ScopeMissing(RequestError):
    """The gateway's key is not allowed to do this."""

    code = "scope_missing"
    status = 403
    exit_code = 3
    advice = "Use a key with this scope: `fluxroom keys create NAME --scope SCOPE`."


class TooManyRequests(RequestError):
    """The gateway's key asks more often than it may."""

    code = "too_many_requests"
    status = 429
    exit_code = 5
    retryable = True
    advice = "Wait as long as Retry-After says, or raise the key's limit."


class ProviderError(FluxroomError):
    """The provider reported an error of its own."""

    code = "provider_error"
    status = 502
    exit_code = 4
    retryable = True
    advice = "Try again, or use another route of the model: `fluxroom models show MODEL`."


class Unauthorized(ProviderError):
    """The provider does not know this key."""

    code = "unauthorized"
    status = 401
    exit_code = 3
    retryable = False
    advice = "Check the key with `fluxroom doctor`."


class Forbidden(ProviderError):
    """The provider knows the key but does not allow this call."""

    code = "forbidden"
    status = 403
    exit_code = 3
    retryable = False
    advice = "Check the account at the provider (locked, no access to the model), then `fluxroom doctor`."


class InsufficientCredits(ProviderError):
    """The account at the provider has no credit left."""

    code = "insufficient_credits"
    status = 402
    exit_code = 6
    retryable = False
    advice = "Add credit at the provider, then send the request again; or use the other provider's route."


class RateLimited(ProviderError):
    """The provider takes no more requests at the moment."""

    code = "rate_limited"
    status = 429
    exit_code = 5
    advice = "Wait and send it again, or lower FLUXROOM_BFL_CAP or FLUXROOM_FAL_CAP."


class Unavailable(ProviderError):
    """The provider could not be reached or is overloaded."""

    code = "unavailable"
    status = 503
    exit_code = 5
    advice = "Try again in a few minutes, or use the other provider's route of this model."


class ModeratedInput(ProviderError):
    """The provider's moderation refused the prompt or a reference."""

    code = "moderated_input"
    status = 422
    exit_code = 7
    retryable = False
    advice = "Rephrase the prompt or change the reference; raise safety_tolerance where the model has it."


class ModeratedOutput(ProviderError):
    """The picture was made, and the provider's moderation withheld it."""

    code = "moderated_output"
    status = 422
    exit_code = 7
    charge: ClassVar[Charge] = "unknown"
    advice = "Try another seed, or rephrase the prompt."


class TaskNotFound(ProviderError):
    """The provider no longer knows the task."""

    code = "task_not_found"
    retryable = False
    charge: ClassVar[Charge] = "unknown"
    advice = "Look at the account at the provider, then `fluxroom jobs resolve ID --retry` or `--abandon`."


class UntrustedAnswer(ProviderError):
    """The provider's answer names an address that is not the provider's."""

    code = "untrusted_answer"
    retryable = False
    charge: ClassVar[Charge] = "unknown"
    advice = "Nothing was fetched from it. Check FLUXROOM_BFL_URL and the FLUXROOM_FAL_*_URL settings."


class JobError(FluxroomError):
    """The job did not end with a picture."""

    code = "job_failed"
    exit_code = 4
    charge: ClassVar[Charge] = "unknown"
    advice = "Look at it with `fluxroom jobs ID`."


class WaitEnded(JobError):
    """The time to wait is over; the job goes on."""

    code = "timeout"
    status = 504
    exit_code = 8
    retryable = True
    advice = "The picture is kept when it comes: `fluxroom jobs resume`. Do not send it again: that would pay twice."


class SubmitUnknown(JobError):
    """The provider may or may not have taken the job; it is not sent again by itself."""

    code = "submit_unknown"
    status = 502
    exit_code = 9
    advice = "Look at the account at the provider, then `fluxroom jobs resolve ID --retry` or `--abandon`."


class ImageLost(JobError):
    """The picture was made and charged, and its bytes can no longer be had."""

    code = "image_lost"
    status = 502
    exit_code = 9
    charge: ClassVar[Charge] = "charged"
    advice = "Ask the provider with the request id of the job; a new request makes and charges a new picture."


class Cancelled(JobError):
    """The job was cancelled."""

    code = "cancelled"
    status = 409
    exit_code = 10
    charge: ClassVar[Charge] = "not_charged"
    advice = "Send the request again if you want the picture after all."


class Abandoned(JobError):
    """A person gave up a job that the provider may have taken."""

    code = "abandoned"
    status = 410
    exit_code = 10
    advice = "Send the request again if you want the picture after all."


class LocalError(FluxroomError):
    """Something on this machine stands in the way."""

    code = "local_error"
    exit_code = 11


class StorageFull(LocalError):
    """The disk of the data folder is full."""

    code = "storage_full"
    status = 507
    retryable = True
    advice = "Make room, or set FLUXROOM_DATA to another folder; waiting jobs then go on by themselves."


class StorageUnwritable(LocalError):
    """The data folder cannot be written."""

    code = "storage_unwritable"
    advice = "Give this user the right to write there, or set FLUXROOM_DATA to another folder."


class StorageBusy(LocalError):
    """The database of the data folder is held by another process for too long."""

    code = "storage_busy"
    status = 503
    retryable = True
    advice = "See which process holds it (a backup, a frozen process) and end that; jobs then go on by themselves."


class DatabaseUnavailable(LocalError):
    """The PostgreSQL database cannot be reached."""

    code = "database_unavailable"
    status = 503
    retryable = True
    advice = "See that the server runs and FLUXROOM_DATABASE_URL is right; waiting jobs then go on by themselves."


class GatewayUnreachable(LocalError):
    """The gateway cannot be reached."""

    code = "gateway_unreachable"
    status = 503
    exit_code = 5
    retryable = True
    charge: ClassVar[Charge] = "unknown"
    advice = "See that it runs (`fluxroom serve`) and that FLUXROOM_URL is right; what it has taken goes on there."


def tree() -> list[type[FluxroomError]]:
    """All error classes, parents before children."""
    found: list[type[FluxroomError]] = []
    waiting: list[type[FluxroomError]] = [FluxroomError]
    while waiting:
        error = waiting.pop(0)
        found.append(error)
        waiting.extend(error.__subclasses__())
    return found


def by_code(code: str) -> type[FluxroomError]:
    """The class with this code; `ProviderError` for a code of a later version."""
    return next((error for error in tree() if error.code == code), ProviderError)
