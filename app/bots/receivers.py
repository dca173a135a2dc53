"""What bots hear of the chat."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.dispatch import receiver

from bots import alerting, regenerating, resuming, waiting
from bots.addressing import address, withdraw_all, withdraw_answers, withdraw_waiting
from bots.models import Bot
from bots.signals import run_ended
from chat.signals import member_left, message_posted, message_resubmitted, message_retracted

if TYPE_CHECKING:
    from accounts.models import User
    from bots.models import Run
    from chat.models import Message, Room


@receiver(message_posted)
def ask_bots(message: Message, mentions: list[User], **_: Any) -> None:
    address(message, mentions)


@receiver(message_resubmitted)
def stop_answering(message: Message, **_: Any) -> None:
    withdraw_answers(message)


@receiver(message_retracted)
def ask_no_more(message: Message, **_: Any) -> None:
    withdraw_waiting(message)


@receiver(member_left)
def end_runs(room: Room, user: User, **_: Any) -> None:
    bot = Bot.objects.filter(user=user).first() if user.is_bot else None
    if bot:
        withdraw_all(bot, room.pk, "bot_left", f"{user.label} left the room.")
    for run in waiting.forsaken(room.pk):
        waiting.give_up(run)


@receiver(run_ended)
def tell_who_runs_it(run: Run, **_: Any) -> None:
    alerting.hear(run)


@receiver(run_ended)
def go_on_without(run: Run, **_: Any) -> None:
    waiting.run_ended(run)


@receiver(run_ended)
def give_the_button_back(run: Run, **_: Any) -> None:
    regenerating.run_ended(run)


@receiver(run_ended)
def show_what_it_passed(run: Run, **_: Any) -> None:
    resuming.run_ended(run)
