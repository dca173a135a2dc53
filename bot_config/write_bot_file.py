"""The builder's first step of its own: turns answers into the text of a bot file, with a model's help where there is one."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import yaml
from pydantic import ConfigDict, Field

from dosaku import DosakuError, Learned
from steps import Payload, Step, StepConfig, StepContext

NO_NAME = "my-bot"
MOST_QUESTIONS = 8
LONGEST_NAME = 30
FENCE = re.compile(r"```(?:ya?ml)?\n(.*?)```", re.DOTALL)
DRAFTER = """You write the words of a chat bot. Answer with YAML and nothing else, with exactly these keys:
about: (one line of at most 100 characters, what the bot does)
greeting: (one or two friendly sentences with which it greets people)
before: (its instructions: who it is, how it talks, what it must and must not do; at most 200 words)"""


class WriteBotFileConfig(StepConfig):
    """`model`: which model drafts, where the operator allows one."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    model: str = Field("large", min_length=1)


class WriteBotFile(Step):
    """Puts {"name", "yaml", "drafted", "costs"} into payload['bot_file']."""

    Config = WriteBotFileConfig
    settings: WriteBotFileConfig

    def __init__(self, config: Mapping[str, Any], context: StepContext) -> None:
        """Without a key or the permission the step still works, with the asker's own words."""
        super().__init__(config, context)
        self._chat: Learned | None = None
        with suppress(DosakuError):
            chat = context.agent.learn("Chat", "OpenAIChat", model=self.settings.model)
            chat.check()
            self._chat, self.costs = chat, True

    @property
    def activity(self) -> str:
        """What the room shows meanwhile."""
        return "writing the file"

    def process(self, payload: Payload) -> Payload:
        """Write the file from the answers `bot_title`, `bot_about`, `bot_way`, `bot_questions` and `bot_manner`."""
        title = _line(payload.get("bot_title"), 80) or "My bot"
        words = {"about": _line(payload.get("bot_about"), 300), "greeting": f"Hi, I'm {title}."}
        drafted: dict[str, str] = {}
        if payload.get("bot_manner"):
            words["before"] = _text(payload["bot_manner"])
            drafted = self._drafted(self._chat, payload, title) if self._chat else {}
        name = name_of(title)
        persona = {"title": title, "about": (drafted or words)["about"], "greeting": (drafted or words)["greeting"]}
        file: dict[str, Any] = {"name": name, "persona": {key: value for key, value in persona.items() if value}}
        if "before" in words:
            file |= _thinking(drafted.get("before") or words["before"])
        elif payload.get("bot_questions"):
            file |= _asking(_lines(payload["bot_questions"]))
        else:
            file |= {"steps": ["Chat", "Reply"], "tests": [{"say": "hello", "expect": {"contains": "hello"}}]}
        payload["bot_file"] = {"name": name, "yaml": _dumped(file), "drafted": bool(drafted), "costs": "permissions" in file}
        self.note = f"{name}, {'in words of a model' if drafted else 'in your own words'}"
        return payload

    def _drafted(self, chat: Learned, payload: Payload, title: str) -> dict[str, str]:
        """What a model makes of the answers; {} when it makes nothing that can be used."""
        asked = f"The bot is called {title}.\nWhat it is for: {payload.get('bot_about', '')}\nHow it should be: {payload['bot_manner']}"
        prompt = [{"role": "system", "content": DRAFTER}, {"role": "user", "content": asked}]
        self.context.record(prompt=prompt)
        try:
            answer = chat(prompt, stream=False, cancelled=self.context.cancelled)
        except DosakuError as error:
            self.stop_if_cancelled()
            self.context.log(f"The model did not help: {error.explanation}")
            return {}
        if answer.usage:
            self.context.record(usage=answer.usage)
        return self._usable(str(answer))

    def _usable(self, answer: str) -> dict[str, str]:
        fenced = FENCE.search(answer)
        try:
            found = yaml.safe_load(fenced[1] if fenced else answer)
        except yaml.YAMLError:
            found = None
        if not isinstance(found, dict) or not all(isinstance(found.get(key), str) for key in ("about", "greeting", "before")):
            self.context.log("The model's draft was not what was asked for; the file has your own words.")
            return {}
        return {"about": _line(found["about"], 300), "greeting": _line(found["greeting"], 1000), "before": _text(found["before"])}


def name_of(title: str) -> str:
    """A bot's name for a title: `Tooth Fairy!` is `tooth-fairy`."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    name = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:LONGEST_NAME].rstrip("-")
    name = name if name[:1].isalpha() else f"bot-{name}".rstrip("-")
    return name if len(name) > 1 and name != "bot" else NO_NAME


def _thinking(before: str) -> dict[str, Any]:
    steps = [{"Guide": {"before": before}}, {"Chat": {"module": "OpenAIChat", "model": "small"}}, "Reply"]
    return {"permissions": {"services": True}, "steps": steps}


def _asking(questions: list[str]) -> dict[str, Any]:
    asks: list[Any] = [{"Ask": {"question": question, "into": f"answer_{number}"}} for number, question in enumerate(questions, 1)]
    summary = "\n\n".join(f"**{question}**\n{{answer_{number}}}" for number, question in enumerate(questions, 1))
    answers = [f"Answer {number}" for number in range(1, len(questions) + 1)]
    case = {"say": "hello", "answers": answers, "expect": {"contains": list(answers)}}
    return {"steps": [*asks, {"Draft": {"fallback": summary}}, "Reply"], "tests": [case]}


def _lines(text: Any) -> list[str]:
    """One question a line; braces would be taken for names of values."""
    lines = (_line(line, 300).replace("{", "(").replace("}", ")") for line in str(text).splitlines())
    return [line for line in lines if line][:MOST_QUESTIONS] or ["How are you?"]


def _line(value: Any, most: int) -> str:
    return " ".join(str(value or "").split())[:most]


def _text(value: Any) -> str:
    return str(value).strip()[:4000].replace("{", "(").replace("}", ")")


class _Dumper(yaml.SafeDumper):
    """Writes as people do: texts of several lines under a `|`, lists further in than their key."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        """See yaml.emitter.Emitter."""
        super().increase_indent(flow, False)

    def represent_str(self, text: str) -> yaml.ScalarNode:
        """See yaml.SafeDumper."""
        return self.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _Dumper.represent_str)


def _dumped(file: dict[str, Any]) -> str:
    text = yaml.dump(file, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)
    return f"# Made with the bot builder. The language of bot files: docs/bots.md\n{text}"
