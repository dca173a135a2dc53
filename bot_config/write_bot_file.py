"""The builder's step that writes the file of a bot from a template: where no model does, or none that loads."""

from __future__ import annotations

from typing import Any

from pipeline.composing import name_of, text_of
from steps import Payload, Step, StepConfig

MOST_QUESTIONS = 8


class WriteBotFile(Step):
    """Puts {"name", "yaml", "costs"} into payload['bot_file']."""

    Config = StepConfig

    @property
    def activity(self) -> str:
        """What the room shows meanwhile."""
        return "writing the file"

    def process(self, payload: Payload) -> Payload:
        """Write the file from the answers `bot_title`, `bot_about`, `bot_questions` and `bot_manner`, or from a model's `bot_words`."""
        title = _line(payload.get("bot_title"), 80) or "My bot"
        own = {"about": payload.get("bot_about"), "greeting": f"Hi, I'm {title}.", "before": payload.get("bot_manner")}
        words = payload.get("bot_words") or own
        name = name_of(title)
        persona = {"title": title, "about": _line(words["about"], 300), "greeting": _line(words["greeting"], 1000)}
        file: dict[str, Any] = {"name": name, "persona": {key: value for key, value in persona.items() if value}}
        if words["before"]:
            file |= _thinking(_text(words["before"]))
        elif payload.get("bot_questions"):
            file |= _asking(_lines(payload["bot_questions"]))
        else:
            file |= {"steps": ["Chat", "Reply"], "tests": [{"say": "hello", "expect": {"contains": "hello"}}]}
        payload["bot_file"] = {"name": name, "yaml": text_of(file), "costs": "permissions" in file}
        self.note = f"{name}, {'in words of a model' if words is not own else 'in your own words'}"
        return payload


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
