"""What is left of the budgets that a run is held to."""

from __future__ import annotations

from typing import Annotated, Any

from ninja import Router, Schema
from pydantic import Field

from api.auth import ApiRequest, for_bots
from api.v1.runs import LARGEST
from bots import access, budgets

router = Router(tags=["runs"])


class Remaining(Schema):
    tokens_left: int | None = Field(description="Today (UTC), of the tightest budget; null without one")
    said: str = Field(description="What to say when nothing is left")


@router.get("/runs/{run_id}/budget", auth=for_bots, response=Remaining, summary="What a run of your bot may still use")
def budget(request: ApiRequest, run_id: str, attempt: Annotated[int, Field(ge=1, le=LARGEST)]) -> Any:
    """To be asked before a step that costs, when the delivery says `budgeted`. With nothing left, end the run as failed(budget_spent)."""
    with access.own_run(request.auth.user, run_id).held(attempt) as run:
        left = budgets.left(run.bot, run.asker)
    return {"tokens_left": left.tokens, "said": left.said}
