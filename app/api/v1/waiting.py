"""What a run may wait for, as its bot says it: a person's leave, a person's answer, or another bot."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

from ninja import Schema
from pydantic import Field, field_validator, model_validator

PAYLOAD_LIMIT = 256 * 1024
DAY = 24 * 3600
LATEST = 30 * DAY

Username = Annotated[str, Field(min_length=1, max_length=41)]
By = Literal["asker", "admins"] | Annotated[list[Username], Field(min_length=1, max_length=50)]
Expires = Annotated[float, Field(ge=1, le=LATEST, description="Seconds; 30 days at most")]


class _Wait(Schema):
    step: int = Field(ge=0, le=999, description="The step that waits")
    payload: dict[str, Any] = Field(description="The whole payload before that step: it is given back with the answer")

    @field_validator("payload")
    @classmethod
    def _fits(cls, value: Any) -> Any:
        if len(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()) > PAYLOAD_LIMIT:
            raise ValueError("a payload has at most 256 KB")
        return value


class ApprovalWait(_Wait):
    kind: Literal["approval"]
    title: str = Field(min_length=1, max_length=200, description="What a person would ask: “May I send this?”")
    content: str = Field(min_length=2, max_length=PAYLOAD_LIMIT, description="Canonical JSON of the action and its parts")
    sha256: str = Field(pattern=r"^[0-9a-fA-F]{64}$", description="Of the content's UTF-8 bytes")
    by: By = "asker"
    expires: Expires = DAY
    effect: bool = Field(default=True, description="Whether something leaves the room or cannot be undone")


class QuestionWait(_Wait):
    kind: Literal["question"]
    text: str = Field(min_length=1, max_length=2000)
    question: Literal["choice", "text", "number", "file"] = Field(default="text", description="What kind of answer")
    choices: list[Annotated[str, Field(min_length=1, max_length=200)]] = Field(default=[], max_length=20)
    by: By = "asker"
    expires: Expires = DAY

    @model_validator(mode="after")
    def _choosable(self) -> QuestionWait:
        if (self.question == "choice") != bool(self.choices):
            raise ValueError("choices are for a question of kind choice, which needs them")
        return self


class DelegationWait(_Wait):
    kind: Literal["delegation"]
    to: Username = Field(description="The bot that is handed the work")
    body: str = Field(min_length=1, max_length=20_000)


Waiting = Annotated[ApprovalWait | QuestionWait | DelegationWait, Field(discriminator="kind")]
