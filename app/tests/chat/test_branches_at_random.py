"""Whatever is said, answered again, put in other words and chosen, in whatever order: what is shown follows from what was chosen (P4)."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import pytest

from accounts.models import User
from chat.models import Message, Room, RoomEvent
from chat.models.branching import makes_a_branch
from chat.rendering import event_frame
from tests.chat.test_resume import apply, fresh

STEPS = 40


class Talk:
    """A person and a bot, who do anything that can be done with what there is."""

    def __init__(self, room: Room, person: User, bot: User, chance: random.Random) -> None:
        self.room, self.person, self.bot, self.chance = room, person, bot, chance
        self.count = 0

    def go_on(self) -> None:
        act = self.chance.choice([self.say, self.say, self.answer, self.answer, self.answer_again, self.answer_beside, self.rephrase,
                                  self.choose, self.choose, self.answer_late, self.take_back])  # fmt: skip
        act()

    def say(self) -> None:
        self._now().post(self.person, self._words())

    def answer(self) -> None:
        self._now().post(self.bot, self._words())

    def answer_again(self) -> None:
        if reply := self._any(author=self.bot, hidden=False):
            self._now().post_alternative(reply, self.bot, self._words())

    def answer_beside(self) -> None:
        """What was replayed, or generated again for a branch that people have left meanwhile."""
        if reply := self._any(author=self.bot):
            self._now().post_alternative(reply, self.bot, self._words(), choose=self.chance.random() < 0.5)

    def answer_late(self) -> None:
        if asked := self._any(author=self.person):
            self._now().post(self.bot, self._words(), within=asked if makes_a_branch(asked) else asked.within)

    def rephrase(self) -> None:
        if question := self._any(author=self.person, hidden=False, deleted_at=None):
            question.resubmit(self.person, self._words())

    def choose(self) -> None:
        if message := self._any():
            self._now().choose(message, self.person)

    def take_back(self) -> None:
        if message := self._any(deleted_at=None):
            message.retract(message.author)

    def _any(self, **which: Any) -> Message | None:
        found = list(self.room.messages.filter(**which).select_related("room", "author", "within").order_by("created_at", "pk"))
        return self.chance.choice(found) if found else None

    def _now(self) -> Room:
        return Room.objects.get(pk=self.room.pk)

    def _words(self) -> str:
        self.count += 1
        return f"words {self.count}"


def must_follow_from_what_was_chosen(room: Room) -> None:
    """What is shown, by its definition rather than by how it is kept."""
    messages = {message.pk: message for message in room.messages.all()}

    def is_shown(message: Message) -> bool:
        return message.chosen and (message.within_id is None or is_shown(messages[message.within_id]))

    assert {pk for pk, message in messages.items() if not message.hidden} == {pk for pk, message in messages.items() if is_shown(message)}
    chosen = Counter(message.position for message in messages.values() if message.chosen)
    assert set(chosen) == {message.position for message in messages.values()}
    assert set(chosen.values()) <= {1}
    for message in messages.values():
        beside = [other for other in messages.values() if other.position == message.position]
        assert {other.within_id for other in beside} == {message.within_id}
    # What is posted next is shown, and in the innermost branch that is.
    branches = [one for one in messages.values() if not one.hidden and not one.author.is_bot and _has_others(one, messages)]
    innermost = max(branches, key=lambda one: one.position, default=None)
    assert Room.objects.get(pk=room.pk).branch == innermost


def _has_others(message: Message, messages: dict[Any, Message]) -> bool:
    return any(other.position == message.position and other.pk != message.pk for other in messages.values())


@pytest.mark.parametrize("seed", range(6))
def test_p4_what_is_shown_follows_from_what_was_chosen_and_a_client_that_hears_of_it_shows_the_same(
    bea: User, echo: User, seed: int
) -> None:
    room = Room.direct(bea, echo)
    chance = random.Random(seed)
    talk = Talk(room, bea, echo, chance)
    client, seq = fresh(room), 0
    for _ in range(STEPS):
        talk.go_on()
        must_follow_from_what_was_chosen(room)
        if chance.random() < 0.4:  # a client that was away for a while
            for event in RoomEvent.objects.filter(room=room).after(seq):
                apply(client, event_frame(event))
                seq = event.seq
            assert client == fresh(room)
