"""The step Ask."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field, model_validator

from errors import PayloadError, StepError
from steps.asking import DAY, MAX_CHOICES, By, Expires, Question
from steps.paths import FreeKey, put
from steps.step import Payload, Step, StepConfig
from steps.words import filled

MOST_WORDS = 2000
LONGEST_DETAIL = 60


class AskConfig(StepConfig):
    """`question`, which may name values of the payload; `kind` and `choices` of the answer, and `into` which key it goes."""

    question: str = Field(min_length=1, max_length=MOST_WORDS)
    kind: Literal["choice", "text", "number", "file"] | None = None
    choices: list[str] = Field([], max_length=MAX_CHOICES)
    into: FreeKey = "answer"
    by: By = "asker"
    expires: Expires = DAY

    @model_validator(mode="after")
    def _fitting(self) -> AskConfig:
        if self.kind in (None, "choice") and len(set(self.choices)) != len(self.choices):
            raise ValueError("each of the choices must be another one")
        if any(not choice.strip() or len(choice) > 200 for choice in self.choices):
            raise ValueError("a choice is a text of at most 200 characters")
        if self.kind == "choice" and not self.choices:
            raise ValueError("a question of kind choice needs `choices`, such as [tea, coffee]")
        if self.choices and self.kind not in (None, "choice"):
            raise ValueError(f"`choices` go with the kind choice, not with {self.kind}")
        return self


class Ask(Step):
    """Asks a person, and waits for the answer without holding anybody up."""

    Config = AskConfig
    settings: AskConfig

    @classmethod
    def detail(cls, config: Mapping[str, Any]) -> str:
        """The question, in short."""
        question = " ".join(str(config.get("question", "")).split())
        return question if len(question) <= LONGEST_DETAIL else question[: LONGEST_DETAIL - 1].rstrip() + "…"

    def wants(self, payload: Payload) -> Question:
        """The question with the values it names. Raises PayloadError when there are no words for it."""
        text = filled(self.settings.question, payload).strip()[:MOST_WORDS]
        if not text:
            raise PayloadError("There is nothing to ask: `question` came out empty with this payload.")
        return Question(text, self._kind, tuple(self.settings.choices), self.settings.by, self.settings.expires)

    def answered(self, payload: Payload, answer: Mapping[str, Any]) -> Payload:
        """The answer, in its place. Raises StepError when it is not of the kind that was asked for."""
        value = answer.get("value")
        fits = {
            "choice": isinstance(value, str) and value in self.settings.choices,
            "text": isinstance(value, str),
            "number": isinstance(value, int | float) and not isinstance(value, bool),
            "file": isinstance(value, str | dict),
        }
        if not fits[self._kind]:
            raise StepError("The answer does not fit the question. The bot may have been changed; ask again.", code="answer_unfit")
        put(payload, self.settings.into, value)
        self.note = f"{self.settings.into}: {value if isinstance(value, str | int | float) else 'a file'}"
        return payload

    def process(self, payload: Payload) -> Payload:
        """It was answered."""
        return payload

    @property
    def _kind(self) -> Literal["choice", "text", "number", "file"]:
        return self.settings.kind or ("choice" if self.settings.choices else "text")
