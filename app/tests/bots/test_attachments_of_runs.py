"""What a run may read of a room's files: what its bot is shown there, while it is at work (W21, W24)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings

from accounts.models import User
from bots.deliveries import delivery_of
from bots.models import Bot, Run
from chat.models import Attachment, Message, Room
from chat.posting import post
from chat.uploading import upload
from tests.bots.program import Api
from tests.chat import files

Send = Callable[..., Attachment]


@pytest.fixture(autouse=True)
def media(settings: LazySettings, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def send(bea: User) -> Send:
    """Somebody sends a file."""

    def put(
        room: Room, name: str = "plan.txt", content: bytes = b"the plan", by: User | None = None, body: str = "@echo look"
    ) -> Attachment:
        found = upload(by or bea, room.pk, files.named(name, content))
        post(by or bea, room.pk, body, attachments=[found.pk])
        return found

    return put


def working(bot: Bot) -> Run:
    (run,) = Run.objects.claim(1)
    assert run.bot == bot
    return run


def read(api: Api, run: Run, attachment: Attachment | str, attempt: int | None = None) -> Any:
    pk = attachment if isinstance(attachment, str) else attachment.pk
    return api.get(f"runs/{run.pk}/attachments/{pk}?attempt={attempt or run.attempt}")


def test_a_delivery_names_them_and_the_bot_reads_them(direct: Room, bot: Bot, send: Send, bots_api: Api) -> None:
    plan = send(direct, "日本.txt", body="")
    run = working(bot)

    delivery = delivery_of(run)

    assert delivery
    reference = {"id": str(plan.pk), "name": "日本.txt", "kind": "file", "content_type": "text/plain", "size": 8}
    assert [message["attachments"] for message in delivery["messages"]] == [[reference]]
    answer = read(bots_api, run, plan)
    assert (answer.status_code, answer.content) == (200, b"the plan")
    assert (answer["X-Attachment-Name"], answer["X-Attachment-Type"]) == ("%E6%97%A5%E6%9C%AC.txt", "text/plain")
    assert answer["Content-Type"] == "application/octet-stream"


def test_references_count_into_what_a_payload_can_carry(direct: Room, bot: Bot, bea: User, send: Send) -> None:
    bot.attend = {"context": 200}
    bot.save()
    names = [f"{number:02} {'n' * 110}.txt" for number in range(10)]
    plan = send(direct)
    for _ in range(40):
        message = direct.post(bea, "look").message
        for name in names:
            plan.name = name
            plan.copied_to(message)

    delivery = delivery_of(working(bot))

    assert delivery
    assert len(str(delivery["messages"])) < 200_000
    assert 10 < len(delivery["messages"]) < 40


def test_a_stale_attempt_reads_nothing(direct: Room, bot: Bot, send: Send, bots_api: Api) -> None:
    plan = send(direct)
    run = working(bot)
    assert read(bots_api, run, plan, run.attempt + 1).status_code == 409
    run.finish(run.attempt, "silent")
    assert read(bots_api, run, plan).status_code == 409


def test_w24_nothing_of_another_room_is_read(direct: Room, group: Room, bot: Bot, send: Send, bots_api: Api, ada: User) -> None:
    """Though the bot is in that room too, and so may be who asks."""
    elsewhere = send(group, by=ada, body="not for bots")
    send(direct)
    assert read(bots_api, working(bot), elsewhere).status_code == 404


def test_w24_nothing_is_read_for_somebody_who_has_left(group: Room, bot: Bot, bea: User, send: Send, bots_api: Api) -> None:
    plan = send(group)
    run = working(bot)
    group.remove(bea, bea)
    assert read(bots_api, run, plan).status_code == 404


def test_files_by_people_the_bot_may_not_talk_to_are_not_read(group: Room, bot: Bot, ada: User, send: Send, bots_api: Api) -> None:
    bot.attend = {"users": {"blacklist": ["ada"]}}
    bot.save()
    hers = send(group, by=ada, body="look")
    send(group)
    assert read(bots_api, working(bot), hers).status_code == 404


def test_what_is_not_sent_or_was_deleted_is_not_read(direct: Room, bot: Bot, bea: User, send: Send, bots_api: Api) -> None:
    unsent = upload(bea, direct.pk, files.named("x.txt", b"x"))
    plan = send(direct)
    run = working(bot)
    assert read(bots_api, run, unsent).status_code == 404
    Message.objects.get().retract(bea)
    assert read(bots_api, run, plan).status_code == 404
    assert read(bots_api, run, "nonsense").status_code == 404


def test_w11_only_the_owner_of_the_bot_reads_for_it(
    direct: Room, bot: Bot, send: Send, bea: User, bea_api: Api, token_of: Callable[..., str]
) -> None:
    plan = send(direct)
    run = working(bot)
    assert read(Api(token_of(bea, "bots")), run, plan).status_code == 404
    assert read(bea_api, run, plan).status_code == 403  # a token for the chat is not for bots
    assert bea_api.get(f"attachments/{plan.pk}/content").content == b"the plan"  # hers anyway


def test_the_file_that_answers_a_question_is_read(direct: Room, bot: Bot, send: Send, bots_api: Api) -> None:
    send(direct)
    run = working(bot)
    own, other = (direct.post(bot.user, "Which file?", kind="card", metadata={"run": pk}).message for pk in (str(run.pk), "another"))
    plan = Attachment.objects.get()
    assert read(bots_api, run, plan.copied_to(own)).status_code == 200
    assert read(bots_api, run, plan.copied_to(other)).status_code == 404
