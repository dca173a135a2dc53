"""C26, C30: a person corrects a bot's reply in its place; both versions stay, and how far they are apart is known."""

from __future__ import annotations

import re

import pytest
from django.core.exceptions import ObjectDoesNotExist
from django.test import Client

from accounts.models import User
from bots import correcting
from bots.correcting import ChangedMeanwhile
from bots.differences import excerpt, pieces, share
from bots.errors import BadInput, NotAllowed
from bots.models import Case, Correction, Run
from chat.errors import NotFound
from chat.models import Message, Room
from tests.bots.program import in_threads
from tests.bots.test_strip import answered, words_of

BEFORE, AFTER = "A room overlooking the garden", "A room with a view of the garden"


@pytest.fixture
def reply(at_work: Run) -> Message:
    """Echo has answered Bea."""
    return answered(at_work, BEFORE)


@pytest.fixture
def place(reply: Message) -> str:
    return f"/rooms/{reply.room_id}/messages/{reply.pk}/correction/"


def test_c26_a_member_corrects_a_reply_and_both_versions_stay(reply: Message, place: str, bea_client: Client, bea: User) -> None:
    answer = bea_client.post(place, {"before": BEFORE, "body": AFTER})

    assert (answer.status_code, answer.headers["Location"]) == (302, place)
    reply.refresh_from_db()
    assert (reply.body, reply.author.username) == (AFTER, "echo")
    assert "with a view of" in reply.html
    correction = Correction.objects.get()
    assert (correction.before, correction.after, correction.by, correction.bot.name) == (BEFORE, AFTER, bea, "echo")
    assert (correction.distance, round(correction.share, 3)) == (13, 0.406)
    page = words_of(bea_client.get(place).content)
    assert re.search(
        r"Echo bot .* A room overlooking the garden Bea .* 13 characters · 41 % changed A room overlooking with a view of", page
    )


def test_c26_the_room_shows_who_corrected_what_and_how_much(reply: Message, bea: User, bea_client: Client) -> None:
    correcting.correct(reply, bea, BEFORE, AFTER)

    page = bea_client.get(f"/rooms/{reply.room_id}/").content.decode()

    assert "<del>overlooking</del> <ins>with a view of</ins>" in page
    assert re.search(r"Corrected by Bea \d\d:\d\d · overlooking with a view of · 41 % changed · both versions", words_of(page))


def test_the_room_hears_of_a_correction(reply: Message, bea: User) -> None:
    correcting.correct(reply, bea, BEFORE, AFTER)
    event = reply.room.events.latest("seq")
    assert (event.kind, event.message) == ("message.edited", reply)


def test_a_correction_is_proposed_as_a_case_in_the_words_that_were_said(reply: Message, bea: User, ada: User) -> None:
    correcting.correct(reply, bea, BEFORE, AFTER)

    case = Case.objects.get()
    assert (case.say, case.expect, case.state, case.source) == (["Let's go for a walk"], {"equals": AFTER}, "proposed", "correction")
    assert (case.author, case.made_by, case.message, case.run.outcome if case.run else "") == (bea, bea, reply, "replied")


def test_correcting_again_keeps_every_version_and_changes_the_proposed_case(reply: Message, bea: User, bea_client: Client) -> None:
    correcting.correct(reply, bea, BEFORE, AFTER)
    correcting.correct(reply, bea, AFTER, "A garden room")

    assert list(Correction.objects.values_list("before", "after")) == [(BEFORE, AFTER), (AFTER, "A garden room")]
    assert Case.objects.get().expect == {"equals": "A garden room"}
    assert "all 3 versions" in words_of(bea_client.get(f"/rooms/{reply.room_id}/").content)


def test_nobodys_words_are_overwritten_unseen(reply: Message, place: str, bea: User, bea_client: Client) -> None:
    correcting.correct(reply, bea, BEFORE, AFTER)

    answer = bea_client.post(place, {"before": BEFORE, "body": "Mine"})

    assert answer.status_code == 422
    assert "Somebody has changed this reply meanwhile." in words_of(answer.content)
    # The form holds their own words, and knows what stands now: saving once more is a choice.
    assert ">\nMine</textarea>" in answer.content.decode() and f">\n{AFTER}</textarea>" in answer.content.decode()
    reply.refresh_from_db()
    assert reply.body == AFTER


@pytest.mark.django_db(transaction=True)
def test_of_two_who_correct_at_once_one_is_told(reply: Message, bea: User) -> None:
    def attempt(words: str) -> str:
        try:
            correcting.correct(Message.objects.select_related("room", "author").get(pk=reply.pk), bea, BEFORE, words)
        except ChangedMeanwhile as error:
            return f"no: {error.now}"
        return words

    results = in_threads([lambda words=words: attempt(words) for words in ("one", "two", "three")])  # type: ignore[misc]

    (won,) = [result for result in results if not result.startswith("no: ")]
    assert sorted(results) == sorted([won, f"no: {won}", f"no: {won}"])
    assert Correction.objects.get().after == won


def test_line_ends_of_a_form_are_not_a_change(at_work: Run, bea: User) -> None:
    reply = answered(at_work, "one\r\ntwo")
    assert correcting.correct(reply, bea, "one\ntwo", "one\nthree").distance > 0
    with pytest.raises(BadInput):
        correcting.correct(reply, bea, "one\nthree", "one\r\nthree")


@pytest.mark.parametrize("body", ["", "  \n", BEFORE, "x" * 20_001, "nul \x00"])
def test_what_cannot_be_taken_comes_back_with_the_reason(reply: Message, place: str, bea_client: Client, body: str) -> None:
    answer = bea_client.post(place, {"before": BEFORE, "body": body}, headers={"Turbo-Frame": "correction"})

    assert answer.status_code == 422
    assert re.search(r'role="alert">[A-Z][^<]+\.', answer.content.decode())
    assert "<html" not in answer.content.decode()
    assert not Correction.objects.exists()


def test_saving_in_the_room_answers_with_nothing_to_show(reply: Message, place: str, bea_client: Client) -> None:
    answer = bea_client.post(place, {"before": BEFORE, "body": AFTER}, headers={"Turbo-Frame": "correction"})
    assert (answer.status_code, answer.content) == (204, b"")


def test_i8_a_stranger_finds_nothing_to_correct_nor_to_read(reply: Message, place: str, cyd_client: Client) -> None:
    assert cyd_client.get(place).status_code == 404
    assert cyd_client.post(place, {"before": BEFORE, "body": AFTER}).status_code == 404
    assert not Correction.objects.exists()


def test_i8_a_message_is_reached_through_its_own_room_only(reply: Message, bea: User, cyd: User, bea_client: Client) -> None:
    other = Room.direct(bea, cyd)
    assert bea_client.get(f"/rooms/{other.pk}/messages/{reply.pk}/correction/").status_code == 404


def test_who_has_left_the_room_meanwhile_corrects_nothing(reply: Message, group: Room, bea: User, cyd: User) -> None:
    with pytest.raises(NotFound):
        correcting.correct(reply, cyd, BEFORE, AFTER)
    assert not Correction.objects.exists()


def test_a_bot_corrects_nobody(reply: Message) -> None:
    with pytest.raises(NotAllowed):
        correcting.correct(reply, reply.author, BEFORE, AFTER)


@pytest.mark.parametrize("kind", ["of a person", "a notice", "a failure", "deleted"])
def test_only_replies_of_bots_can_be_corrected(at_work: Run, direct: Room, bea: User, kind: str) -> None:
    match kind:
        case "of a person":
            message = direct.post(bea, "mine", metadata={"run": str(at_work.pk)}).message
        case "deleted":
            message = answered(at_work)
            message.retract(at_work.bot.user)
            message.refresh_from_db()
        case _:
            about = {"run": str(at_work.pk)}
            message = direct.post(at_work.bot.user, "I cannot", kind=kind.split()[1], metadata=about).message
    with pytest.raises((BadInput, ObjectDoesNotExist)):
        correcting.correct(message, bea, message.body, "something else")


# The difference


@pytest.mark.parametrize(
    ("before", "after", "shown"),
    [
        ("庭を見える部屋をお願いします", "庭が見える部屋をお願いします", ("庭を見える", "庭が見える")),
        (BEFORE, AFTER, ("overlooking", "with a view of")),
        ("The cat sat", "The hat sat", ("cat", "hat")),
        ("one two", "one two three", ("", "three")),
        ("x" * 200, "y" * 200, ("x" * 58 + " …", "y" * 58 + " …")),
        ("same", "same", ("", "")),
    ],
)
def test_the_line_shows_where_the_texts_part(before: str, after: str, shown: tuple[str, str]) -> None:
    assert excerpt(before, after) == shown


@pytest.mark.parametrize(
    ("before", "after"), [("", "a"), (BEFORE, AFTER), ("a b c d", "a x y d"), ("漢字 です", "仮名 です"), ("a\nb", "a\n\nb")]
)
def test_the_pieces_hold_both_texts_whole(before: str, after: str) -> None:
    found = pieces(before, after)
    assert "".join(piece.text for piece in found if piece.kind != "new") == before
    assert "".join(piece.text for piece in found if piece.kind != "gone") == after


def test_two_changed_words_in_a_row_are_one_change() -> None:
    kinds = [piece.kind for piece in pieces("we take the early train", "we take a late train")]
    assert kinds == ["same", "gone", "new", "same"]


def test_the_share_is_between_nothing_and_all() -> None:
    assert (share("", ""), share("abc", "abc"), share("abc", "xyz"), share("", "abc")) == (0, 0, 1, 1)


@pytest.mark.parametrize("hostile", ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>'])
def test_a_correction_is_text_wherever_it_is_shown(reply: Message, place: str, bea: User, bea_client: Client, hostile: str) -> None:
    correcting.correct(reply, bea, BEFORE, hostile)
    for path in (f"/rooms/{reply.room_id}/", place):
        page = bea_client.get(path).content.decode()
        assert hostile not in page
