"""The step Chat, and Gpt, its older name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from dosaku import Agent, Module
from dosaku import errors as dosaku_errors
from dosaku.tasks.chat import Answer
from errors import Cancelled, StepError, StepMisconfigured
from steps.asking import Part
from steps.conversation import draft_of, prompt_of, turns
from steps.step import Payload, Step, StepConfig, StepContext

REMARKS = {
    "length": "*The answer ends here because it reached the model's length limit.*",
    "content_filter": "*The answer ends here because the model's content filter stopped it.*",
}


class ChatConfig(StepConfig):
    """`module` does the task (by default EchoBot, local and free); the rest but `stream` are settings of the module."""

    module: str | None = None
    model: str | None = None
    stream: bool = True
    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = None
    stop: list[str] | None = None


class Chat(Step):
    """Has the task Chat answer the prompt, and shows the text as it grows."""

    Config = ChatConfig
    settings: ChatConfig
    task: ClassVar[str] = "Chat"
    default_module: ClassVar[str | None] = None

    def __init__(self, config: Mapping[str, Any], context: StepContext) -> None:
        """Learn the task. Raises PermissionRequired or KeyMissing when the bot may not or cannot."""
        super().__init__(config, context)
        agent = context.agent
        self._module = self.module(config, agent)
        given = self.settings.model_dump(exclude={"module", "stream"}, exclude_none=True)
        if unknown := [name for name in given if name not in self._module.settings()]:
            raise StepMisconfigured(f"{self._module.__name__} has no setting {unknown[0]}. Its settings are: {_settings(self._module)}.")
        self._chat = agent.learn(self.task, self._module.__name__, force_relearn=True, **given)
        self._chat.check()
        self.costs = self._module.is_service

    @classmethod
    def module(cls, config: Mapping[str, Any], agent: Agent | None = None) -> type[Module]:
        """The class of the module that a step with these settings would use; its attributes say which permission it needs."""
        return (agent or Agent()).module(cls.task, config.get("module") or cls.default_module)

    @classmethod
    def detail(cls, config: Mapping[str, Any]) -> str:
        """The module, and the model if one is set."""
        module = config.get("module") or cls.default_module or Agent().module(cls.task).__name__
        return " · ".join(str(part) for part in (module, config.get("model")) if part)

    @property
    def activity(self) -> str:
        """Such as "thinking with small"."""
        return f"thinking with {self.settings.model or self._module.__name__}"

    def preview(self, payload: Payload) -> list[Part]:
        """The module, and the whole prompt."""
        said = "\n\n".join(f"{turn['role']}: {turn['content']}" for turn in self._prompt(payload))
        return [Part("recipients", "Goes to", self.detail(self.config)), Part("text", "Prompt", said)]

    def process(self, payload: Payload) -> Payload:
        """Send payload['prompt'] and put the answer into payload['draft']['body'].

        Without a prompt, the messages of the room are sent. An empty answer leaves the draft as it was.
        """
        draft = draft_of(payload)
        prompt = self._prompt(payload)
        self.context.record(prompt=prompt)
        answer = self._answer(prompt)
        self._note(answer)
        if answer.usage:
            self.context.record(usage=answer.usage)
        if not answer.strip() and not draft["body"]:
            raise StepError("The model answered nothing.", code="answer_empty", permanent=False)
        if answer.strip():
            draft["body"] = _with_remark(answer)
        return payload

    def _prompt(self, payload: Payload) -> list[dict[str, Any]]:
        # A local module is told only what was said: EchoBot would repeat a name in front as well.
        return prompt_of(payload) if "prompt" in payload else turns(payload, self.context, named=self._module.is_service)

    def _answer(self, prompt: list[dict[str, Any]]) -> Answer:
        try:
            if not self.settings.stream:
                answer: Answer = self._chat(prompt, stream=False, cancelled=self.context.cancelled)
                return answer
            last = Answer("")
            for last in self._chat(prompt, stream=True, cancelled=self.context.cancelled):
                self.context.draft(str(last))
            return last
        except (dosaku_errors.Cancelled, dosaku_errors.ServiceError) as error:
            if error.usage:
                self.context.record(usage=error.usage)
            if isinstance(error, dosaku_errors.Cancelled):
                raise Cancelled from None
            raise

    def _note(self, answer: Answer) -> None:
        parts = [self._module.__name__, self.settings.model or ""]
        if answer.usage:
            about = "about " if answer.usage.estimated else ""
            parts.append(f"{about}{answer.usage.tokens_in} in, {answer.usage.tokens_out} out")
        if answer.finish in REMARKS:
            parts.append(f"ended early ({answer.finish})")
        if not answer.strip():
            parts.append("answered nothing")
        self.note = " · ".join(part for part in parts if part)


class Gpt(Chat):
    """Chat by OpenAIChat: the older name of the step."""

    default_module = "OpenAIChat"


def _with_remark(answer: Answer) -> str:
    remark = REMARKS.get(answer.finish)
    return f"{answer}\n\n{remark}" if remark else str(answer)


def _settings(module: type[Module]) -> str:
    return ", ".join(name for name in module.settings() if name in ChatConfig.model_fields and name != "stream") or "none"
