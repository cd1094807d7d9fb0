"""Budgets: how much may be spent, and what is left of it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict, Field

from fluxroom.engine.accounting import checked_budget
from fluxroom.server.access.callers import Asking
from fluxroom.server.gateway import Running
from fluxroom.server.money.usage import accounting
from fluxroom.store.ledger import Period

router = APIRouter(prefix="/v1/budgets", tags=["money"])

Scope = Annotated[str, Path(max_length=210, description="all, owner:NAME or run:ID", examples=["all"])]
Sandbox = Annotated[bool, Query(description="With the figures of practice instead of the real ones")]


class BudgetBody(BaseModel):
    """How much may be spent in each period."""

    model_config = ConfigDict(strict=True, extra="forbid", title="BudgetRequest")

    most: str = Field(
        max_length=40, description="US dollars as a decimal string; 0 forbids everything.", examples=["25"]
    )


class BudgetAnswer(BaseModel):
    """A budget and what is left of it, in US dollars."""

    scope: str
    period: Period
    most: str
    spent: str = Field(description="Charged, reserved or in doubt, in the running period.")
    left: str
    resets_at: str | None = Field(description="When the next period begins; null: never.")
    sandbox: bool


class BudgetList(BaseModel):
    """Every budget that is set."""

    budgets: list[BudgetAnswer]


@router.get("", summary="List the budgets")
async def listing(gateway: Running, caller: Asking, *, sandbox: Sandbox = False) -> BudgetList:
    """Every budget with what is spent, what is left and when it resets; who is no admin sees their own."""
    found = await accounting(gateway).budgets(sandbox=sandbox)
    if caller.only:
        found = [standing for standing in found if standing.budget.scope == f"owner:{caller.only}"]
    return BudgetList(budgets=[BudgetAnswer(**standing.as_dict()) for standing in found])


@router.put("/{scope:path}/{period}", summary="Set a budget")
async def put(gateway: Running, scope: Scope, period: Period, body: BudgetBody) -> BudgetAnswer:
    """Set a budget or change it. What was spent in the running period already counts."""
    standing = await accounting(gateway).set_budget(checked_budget(scope, period, body.most))
    return BudgetAnswer(**standing.as_dict())


@router.delete("/{scope:path}/{period}", status_code=204, summary="Remove a budget")
async def drop(gateway: Running, scope: Scope, period: Period) -> None:
    """Remove a budget: from the next request on it holds nobody back."""
    await accounting(gateway).drop_budget(scope, period)
