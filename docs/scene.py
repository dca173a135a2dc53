"""What the pictures of the docs show: rooms in which people and bots talk. docs/screenshots.py runs it inside the app."""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta
from typing import Any

from accounts.models import User
from bots import correcting, waiting
from bots.models import Bot, Run
from chat import drafts
from chat.models import Message, Room
from chat.rendering import as_author
from lib.ids import uuid7

GARDEN = "庭が見える部屋をお願いします\n\nにわが みえる へやを おねがいします: {}"
LETTER = "おはようございます。庭が見える部屋を二泊お願いします。\nGood morning, we would like the garden room for two nights."
ANSWERS = ("朝食は含まれていますか", "駅はどこですか", "おすすめは何ですか", "これをください", "お会計をお願いします")


def steps(question: str, answer: str, took: int) -> list[dict[str, Any]]:
    """What the Japanese tutor does, as its worker would tell it."""
    before = {"messages": [{"author": "ada", "body": question}], "room": {"kind": "group", "name": "Kyoto in May"}}
    prompt = [{"role": "system", "content": "You are a patient Japanese tutor."}, {"role": "user", "content": question}]
    usage = {"model": "gpt-6-luna", "tokens_in": 388, "tokens_out": 24}
    told: list[dict[str, Any]] = [
        {"name": "Draft", "ms": 1, "summary": "fallback text ready", "before": before, "changed": {"draft": {"body": "…", "metadata": {}}}},
        {"name": "Format", "ms": 2, "summary": "3 messages, newest last", "changed": {"prompt": prompt[1:]}},
        {"name": "Guide", "ms": 1, "summary": "instructions above and below", "changed": {"prompt": prompt}},
        {"name": "Chat", "ms": took, "summary": "OpenAIChat · small · 388 in, 24 out", "usage": usage, "prompt": prompt,
         "changed": {"draft": {"body": answer, "metadata": {}}}},
        {"name": "Reply", "ms": 9, "summary": "posted once"},
    ]  # fmt: skip
    return [{"index": index, "state": "done", **step} for index, step in enumerate(told)]


def asked(room: Room, by: User, words: str) -> Run:
    """The run of a question, as the relay would take it."""
    room.post(by, words)
    return next(run for run in Run.objects.claim(50) if run.room_id == room.pk)


def answered(room: Room, by: User, question: str, answer: str, *, took: int = 1862, days: float = 0) -> Message:
    run = asked(room, by, question)
    told = steps(question, answer, took)
    run.record_steps(run.attempt, told[:-1])
    message = run.reply(run.attempt, "4.0", answer, {}).message
    run.finish(run.attempt, "replied", steps=told, usage={"tokens_in": 388, "tokens_out": 24, "estimated": False})
    run = Run.objects.get(pk=run.pk)
    began = (run.ended_at or run.created_at) - timedelta(days=days)
    Run.objects.filter(pk=run.pk).update(
        created_at=began - timedelta(milliseconds=took + 40),
        started_at=began - timedelta(milliseconds=took),
        first_word_at=began - timedelta(milliseconds=took * 3 // 4),
        ended_at=began,
    )
    return message


def waits_for_approval(room: Room, by: User, words: str, to: str) -> None:
    run = asked(room, by, words)
    parts = [
        {"kind": "recipients", "label": "To", "text": to},
        {"kind": "text", "label": "Message", "text": LETTER, "name": "body", "editable": True},
    ]
    content = json.dumps({"action": "Reply", "parts": parts}, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    wish = {"kind": "approval", "step": 4, "payload": {}, "title": "May I send this to Cyd for you?", "content": content, "by": "asker",
            "sha256": hashlib.sha256(content.encode()).hexdigest(), "expires": 86_000, "effect": True}  # fmt: skip
    waiting.wait(run, run.attempt, wish, steps(words, LETTER, 2140)[:4], {"tokens_in": 388, "tokens_out": 24, "estimated": False})


def talk() -> dict[str, str]:
    people = {user.username: user for user in User.objects.all()}
    User.objects.filter(username="bea").update(name="Bea Lang")
    ada, bea, cyd, tutor, diary = (people[name] for name in ("ada", "bea", "cyd", "japanese-bot", "kids-diary-bot"))
    practice = Room.direct(bea, tutor)
    for day in range(24, 0, -1):
        for number in range(1 + day % 3):
            answer = ANSWERS[(day + number) % len(ANSWERS)]
            message = answered(practice, bea, f"One more, the {day}-{number}", answer, took=1400 + 37 * day, days=day + number / 10)
            if (day * 7 + number) % 9 < day // 8:
                correcting.correct(message, bea, answer, f"すみません、{answer}")
    journal = Room.group(bea, "Family journal", [ada, diary])
    journal.post(diary, "That's three good things. See you tomorrow.")
    Room.group(cyd, "Bot workshop", [ada, bea]).post(cyd, "Shall we write one together on Saturday?")
    Room.direct(bea, ada).post(bea, "See you at the station")
    Room.direct(ada, tutor)
    room = Room.group(ada, "Kyoto in May", [bea, cyd, tutor])
    first = GARDEN.format("a room overlooking the garden, please")
    reply = answered(room, bea, "@japanese-bot how do I ask for a room with a view of the garden?", first)
    correcting.correct(reply, bea, first, GARDEN.format("a room with a view of the garden, please"))
    waits_for_approval(room, ada, "@japanese-bot write to Cyd, who calls the ryokan for us", "cyd")
    text = "朝食は含まれていますか, and **は** marks what"
    drafts.put(room.pk, [drafts.Frame(str(uuid7()), 1, as_author(tutor), 0, text, "Chat", "thinking with small")])
    bot = Bot.objects.get(user=tutor)
    return {"room": f"/rooms/{room.pk}/", "run": f"/runs/{reply.metadata['run']}/", "bot": f"/bots/{bot.name}/"}


print(json.dumps(talk()))  # noqa: T201 (this is how it tells)
