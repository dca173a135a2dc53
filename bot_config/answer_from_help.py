"""Answers questions from a help file by the words they share: no model, no network, no key.

The help file is markdown. Each `## Topic` is one answer; a line `Asked as: …` right below it lists other words people use for it, and is
not part of the answer. Text above the first topic is not used.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import Field

from steps import Payload, Step, StepConfig

FOLDER = Path(__file__).resolve().parent / "knowledge"
WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)?")
ASKED_AS = re.compile(r"\AAsked as:(.*?)(?:\n\s*\n|\Z)", re.DOTALL)
MENTION = re.compile(r"(?<!\w)@[a-z][a-z0-9-]*")
_GREETINGS = "hello hi hey hallo howdy greetings morning afternoon evening day good there guide hiya yo"
_EMPTY = """
    a about again always am an and any anything are as at be been being but by can could did do does doing ever every for from get
    gets give had has have how i i'd i'm i've if in into is it it's its just know let like made make makes many may me mean more
    much must my need now of on one or our out please possible s said say see shall should so some something such t tell than that
    that's the their them then there these they thing things this those to today too tomorrow up us use used using want was way we
    were what what's when where which while who whose why will with won't work works would yesterday you your
"""
GREETINGS = frozenset(_GREETINGS.split())
HELP = frozenset({"help", "topic", "topics"})
THANKS = frozenset({"thanks", "thank", "thx", "cheers", "ta"})
EMPTY = frozenset(_EMPTY.split())
# How well an answer must fit: its share of what the question's words weigh. Below it, the bot says that it does not know.
ENOUGH = 0.4
_ENDINGS = "ization ations ation ingly ments ment ness ings ing ies ied edly ers ed er es ly s"
ENDINGS = tuple(_ENDINGS.split())


class AnswerFromHelpConfig(StepConfig):
    """`file`: the help file in `knowledge/`."""

    file: str = Field("guide.md", pattern=r"^[a-z0-9_-]+\.md$")


@dataclass(frozen=True)
class Topic:
    """One answer: its title, its text, and how often each word (its stem) stands for it."""

    title: str
    answer: str
    words: Counter[str]


class AnswerFromHelp(Step):
    """Puts the topic that fits the last message best into the draft; greets who greets; says so when no topic fits, and lists them all."""

    Config = AnswerFromHelpConfig

    def process(self, payload: Payload) -> Payload:
        """Set payload['draft']['body']."""
        topics = read((FOLDER / str(self.config.get("file", "guide.md"))).read_text(encoding="utf-8"))
        question = _question(payload)
        words = {word.lower() for word in WORD.findall(question)}
        found = None if words <= GREETINGS | EMPTY | HELP else best(question, topics)
        if found is not None:
            body, self.note = f"**{found[0].title}**\n\n{found[0].answer}", f"{found[0].title} (fits {found[1]:.0%})"
        elif words & THANKS and words <= THANKS | GREETINGS | EMPTY | {"lot", "very"}:
            body, self.note = "You are welcome. Ask me anything else.", "thanked"
        elif words and words <= GREETINGS | EMPTY | HELP:
            body, self.note = f"Hello. I answer questions about this chat and about writing bots.\n\n{_list(topics)}", "greeted"
        else:
            body, self.note = f"I do not know that. I only know what is in my help file:\n\n{_list(topics)}", "not known"
        payload["draft"] = {"body": body, "metadata": {}}
        return payload


def read(text: str) -> list[Topic]:
    """The topics of a help file."""
    topics = []
    for part in re.split(r"^## +", text, flags=re.MULTILINE)[1:]:
        title, _, body = part.partition("\n")
        body = body.strip()
        asked = ASKED_AS.match(body)
        answer = body[asked.end() :].strip() if asked else body
        # The title and the other words for it say what a topic is about; its text merely mentions things.
        words = Counter(dict.fromkeys(stems(f"{title} {asked[1] if asked else ''}"), 6))
        words.update({stem: min(count, 3) for stem, count in Counter(stems(answer)).items()})
        topics.append(Topic(title.strip(), answer, words))
    return topics


def best(question: str, topics: list[Topic]) -> tuple[Topic, float] | None:
    """The topic that fits a question best, and how well (0 to 1); None when none fits well enough."""
    asked = list(dict.fromkeys(stems(question)))
    rarity = {stem: math.log(1 + len(topics) / (1 + sum(stem in topic.words for topic in topics))) for stem in asked}
    weight = sum(rarity.values())
    if not weight or not topics:
        return None
    fits = [(sum(rarity[stem] * topic.words[stem] / (topic.words[stem] + 2) for stem in asked) / weight, topic) for topic in topics]
    fit, topic = max(fits, key=lambda pair: pair[0])
    return (topic, min(1.0, fit / 0.75)) if fit / 0.75 >= ENOUGH else None


def stems(text: str) -> list[str]:
    """The words that carry meaning, without their endings: "writing", "writes" and "write" are one word."""
    words = (found.lower() for found in WORD.findall(text))
    return [stem(word) for word in words if word not in EMPTY and (len(word) > 1 or word.isdigit())]


def stem(word: str) -> str:
    """A word without its ending. Crude, and the same for questions and answers, which is all that counts."""
    word = word.removesuffix("'s")
    for ending in ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            word = word.removesuffix(ending)
            break
    if len(word) > 3 and word[-1] == word[-2] and word[-1] not in "aeiou":
        word = word[:-1]
    return word[:-1] if len(word) > 3 and word[-1] in "eyi" else word


def _question(payload: Payload) -> str:
    messages: list[dict[str, Any]] = payload["messages"]
    return MENTION.sub(" ", str(messages[-1]["body"])) if messages else ""


def _list(topics: list[Topic]) -> str:
    return "\n".join(f"- {topic.title}" for topic in topics)
