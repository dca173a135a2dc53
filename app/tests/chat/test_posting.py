"""Messages come in: stored before they are acknowledged (P1), once for ever (P2), in one gapless order (P3)."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from chat import signals
from chat.errors import BadInput, ClientIdReused, NotFound
from chat.models import Membership, Message, Room, RoomEvent
from chat.posting import post
from tests.chat.at_once import in_threads

WRITERS = 20
EACH = 25


def test_it_stores_the_message_with_the_next_position(room: Room, bea: User) -> None:
    first = room.post(bea, "Hello **there**").message
    second = room.post(bea, "again").message

    assert (first.position, second.position) == (1, 2)
    assert "<strong>there</strong>" in first.html
    assert list(room.events.values_list("seq", "kind", "message_id")) == [
        (1, "message.posted", first.pk),
        (2, "message.posted", second.pk),
    ]


@pytest.mark.django_db(transaction=True)
def test_p1_an_acknowledged_message_is_committed(room: Room, bea: User) -> None:
    message = room.post(bea, "keep me").message

    with psycopg.connect(another_connection()) as other:
        assert other.execute("SELECT body FROM chat_message WHERE id = %s", [message.pk]).fetchone() == ("keep me",)


def test_p2_the_same_client_id_gives_the_same_message(room: Room, bea: User) -> None:
    first = room.post(bea, "once", client_id="c-1")
    again = room.post(bea, "once", client_id="c-1")

    assert (first.created, again.created) == (True, False)
    assert again.message == first.message
    assert Room.objects.get(pk=room.pk).seq == 1


def test_p2_the_same_client_id_with_another_text_is_refused(room: Room, bea: User) -> None:
    room.post(bea, "once", client_id="c-1")

    with pytest.raises(ClientIdReused):
        room.post(bea, "twice", client_id="c-1")
    assert Message.objects.count() == 1


def test_p2_the_same_client_id_in_another_room_is_refused(room: Room, direct: Room, bea: User) -> None:
    room.post(bea, "once", client_id="c-1")

    with pytest.raises(ClientIdReused):
        direct.post(bea, "once", client_id="c-1")


def test_p2_a_client_id_belongs_to_its_author(room: Room, bea: User, ada: User) -> None:
    assert room.post(bea, "mine", client_id="c-1").created
    assert room.post(ada, "mine too", client_id="c-1").created


def test_p2_a_message_edited_since_is_still_the_one_that_was_sent(room: Room, bea: User) -> None:
    message = room.post(bea, "once", client_id="c-1").message
    message.edit(bea, "better")

    again = room.post(bea, "once", client_id="c-1")
    assert (again.created, again.message.body) == (False, "better")


@pytest.mark.django_db(transaction=True)
def test_p2_the_same_client_id_at_the_same_moment_makes_one_message(room: Room, bea: User) -> None:
    start = threading.Barrier(8)

    def send() -> Any:
        start.wait()
        return Room.objects.get(pk=room.pk).post(bea, "once", client_id="c-1")

    posted = in_threads([send] * 8)

    assert {each.message.pk for each in posted} == {Message.objects.get().pk}
    assert [each.created for each in posted].count(True) == 1
    assert Room.objects.get(pk=room.pk).seq == 1


@pytest.mark.django_db(transaction=True)
def test_p3_many_writers_make_one_gapless_order(room: Room, bea: User) -> None:
    def write(writer: int) -> None:
        own = Room.objects.get(pk=room.pk)
        for number in range(EACH):
            own.post(bea, f"{writer}-{number}")
            connection.close()  # back to the pool, as after a request: it has fewer than there are writers

    in_threads([lambda writer=writer: write(writer) for writer in range(WRITERS)])  # type: ignore[misc]

    assert list(room.events.values_list("seq", flat=True)) == list(range(1, WRITERS * EACH + 1))
    assert list(room.messages.values_list("position", flat=True)) == list(range(1, WRITERS * EACH + 1))
    for writer in range(WRITERS):
        bodies = room.messages.filter(body__startswith=f"{writer}-").order_by("position").values_list("body", flat=True)
        assert list(bodies) == [f"{writer}-{number}" for number in range(EACH)]


@pytest.mark.django_db(transaction=True)
def test_p3_what_is_rolled_back_leaves_no_gap(room: Room, bea: User) -> None:
    with pytest.raises(RuntimeError), transaction.atomic():
        room.post(bea, "never was")
        raise RuntimeError
    room.post(bea, "is")

    assert list(room.events.values_list("seq", flat=True)) == [1]


def test_i8_who_is_not_in_the_room_cannot_post(room: Room, cyd: User) -> None:
    with pytest.raises(NotFound):
        room.post(cyd, "let me in")
    assert not Message.objects.exists()


def test_i8_who_has_left_cannot_post(room: Room, ada: User) -> None:
    room.remove(ada, by=ada)

    with pytest.raises(NotFound):
        room.post(ada, "one more thing")


def refused_while(room: Room, member: User, admin: User, act: Callable[[], object]) -> bool:
    """Whether the act of a member is refused, begun while the member is being removed and waiting for that to end."""
    refused: list[NotFound] = []

    def act_late() -> None:
        try:
            act()
        except NotFound as error:
            refused.append(error)
        finally:
            connection.close()

    late = threading.Thread(target=act_late)
    with transaction.atomic():
        room.remove(member, admin)
        late.start()
        with connection.cursor() as cursor:
            waiting = False
            while late.is_alive() and not waiting:
                cursor.execute("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)")
                waiting = cursor.fetchone()[0]
    late.join()

    assert waiting
    return len(refused) == 1


@pytest.mark.django_db(transaction=True)
def test_i8_who_is_removed_while_they_post_does_not_post_after_it(room: Room, ada: User, bea: User) -> None:
    assert refused_while(room, ada, bea, lambda: room.post(ada, "too late"))
    assert list(room.events.values_list("seq", "kind")) == [(1, "member.left")]
    assert room.post(bea, "in time").message.position == 2


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("change", [lambda message, by: message.edit(by, "too late"), lambda message, by: message.retract(by)])
def test_i8_who_is_removed_while_they_change_a_message_does_not_change_it(
    room: Room, ada: User, bea: User, change: Callable[[Message, User], object]
) -> None:
    message = room.post(ada, "as it was").message
    # As a request reads it: the room is an object of its own there.
    theirs = Message.objects.select_related("room", "author").get(pk=message.pk)

    assert refused_while(room, ada, bea, lambda: change(theirs, ada))
    message.refresh_from_db()
    assert (message.body, message.edited_at, message.deleted_at) == ("as it was", None, None)


def test_i8_an_answer_to_a_message_of_another_room_is_refused(room: Room, direct: Room, bea: User) -> None:
    elsewhere = direct.post(bea, "secret").message

    with pytest.raises(NotFound):
        post(bea, room.pk, "as you said", reply_to=elsewhere.pk)


def test_it_takes_an_answer_to_a_message_of_the_room(room: Room, bea: User, ada: User) -> None:
    question = room.post(ada, "Shall we?").message
    assert post(bea, room.pk, "Let's", reply_to=str(question.pk)).message.reply_to == question


@pytest.mark.parametrize("body", ["", " \n\t ", "a\x00b", "half \ud83d", "x" * 20_001])
def test_i10_it_refuses_a_body_that_cannot_be_a_message(room: Room, bea: User, body: str) -> None:
    with pytest.raises(BadInput) as caught:
        room.post(bea, body)
    assert caught.value.message.endswith((".", "again."))
    assert "body" in caught.value.fields or not body.strip()


def test_it_takes_the_longest_body(room: Room, bea: User) -> None:
    assert room.post(bea, "é" * 20_000).created


def test_posting_marks_the_room_as_read_for_its_author_alone(room: Room, bea: User, ada: User) -> None:
    message = room.post(bea, "news").message

    assert Membership.objects.get(room=room, user=bea).last_read == message.position
    assert Membership.objects.get(room=room, user=ada).last_read == 0


def test_listeners_hear_of_it_inside_the_transaction_with_the_mentioned(room: Room, bea: User, ada: User, cyd: User) -> None:
    heard = []

    def listen(message: Message, mentions: list[User], **_: Any) -> None:
        heard.append((message.body, mentions, connection.in_atomic_block))

    signals.message_posted.connect(listen)
    try:
        room.post(bea, "@ada and @cyd, look")
    finally:
        signals.message_posted.disconnect(listen)

    assert heard == [("@ada and @cyd, look", [ada], True)]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("fault", [RuntimeError, IntegrityError])
def test_a_listener_that_fails_takes_the_message_back_and_is_heard(room: Room, bea: User, fault: type[Exception]) -> None:
    def fail(**_: Any) -> None:
        raise fault

    signals.message_posted.connect(fail)
    try:
        with pytest.raises(fault):
            room.post(bea, "never was", client_id="c-1")
    finally:
        signals.message_posted.disconnect(fail)
    assert not RoomEvent.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_posting_costs_one_statement(room: Room, bea: User) -> None:
    with CaptureQueriesContext(connection) as queries:
        post(bea, room.pk, "quick", client_id="c-1")

    work = [query["sql"] for query in queries if not query["sql"].startswith(("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE"))]
    assert len(work) <= 6, "\n".join(work)
    assert len([sql for sql in work if "bots_" not in sql]) == 1


@pytest.mark.django_db(transaction=True)
def test_what_is_posted_is_what_is_read_back(room: Room, bea: User, ada: User) -> None:
    question = room.post(ada, "Shall we?").message
    posted = room.post(
        bea, "Let's, **now**", client_id="c-1", reply_to=question, kind="notice", metadata={"run": "é", "n": [1, None]}
    ).message

    stored = Message.objects.get(pk=posted.pk)
    for field in Message._meta.concrete_fields:
        assert getattr(posted, field.attname) == getattr(stored, field.attname), field.name
    event = room.events.get(seq=2)
    assert (event.kind, event.message, event.data, event.created_at) == ("message.posted", stored, {}, stored.created_at)
    now = Room.objects.get(pk=room.pk)
    for field in Room._meta.concrete_fields:
        assert getattr(posted.room, field.attname) == getattr(now, field.attname), field.name


def test_i8_who_has_left_gets_no_stored_message_back_either(room: Room, ada: User) -> None:
    room.post(ada, "once", client_id="c-1")
    room.remove(ada, by=ada)
    with pytest.raises(NotFound):
        room.post(ada, "once", client_id="c-1")


def another_connection() -> str:
    database = settings.DATABASES["default"]
    return (
        f"host={database['HOST']} port={database['PORT']} user={database['USER']} "
        f"password={database['PASSWORD']} dbname={connection.settings_dict['NAME']}"
    )
