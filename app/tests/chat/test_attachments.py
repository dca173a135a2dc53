"""Pictures and files: put into a room, carried by a message, read by its members alone, gone with it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from django.core.files.storage import default_storage
from django.test import Client
from django.utils import timezone

from accounts.models import User
from chat import uploading
from chat.errors import BadInput, NoSpace, NotFound
from chat.models import Attachment, Message, Room
from chat.posting import post
from chat.rendering import message_html, message_json
from chat.uploading import sweep, upload, upload_all
from tests.chat import files

NEVER = "01990000-0000-7000-8000-000000000000"
# The address itself, and what is drawn anew for each request.
OF_THE_REQUEST = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}|[A-Za-z0-9]{64}|nonce[^>]+>")
Put = Callable[..., Attachment]


@pytest.fixture(autouse=True)
def media(settings: LazySettings, tmp_path: Path) -> Iterator[Path]:
    settings.MEDIA_ROOT = tmp_path
    yield tmp_path


@pytest.fixture
def put(room: Room, bea: User) -> Put:
    """Bea puts a file into the room, unless told otherwise."""
    return lambda name="words.txt", content=b"some words", by=None: upload(by or bea, room.pk, files.named(name, content))


def read(attachment: Attachment) -> bytes:
    with attachment.content.open() as file:
        return bytes(file.read())


def on_disk(media: Path) -> int:
    return sum(path.is_file() for path in media.rglob("*"))


def test_a_file_is_kept_as_it_is_and_a_picture_is_made_anew(put: Put, media: Path) -> None:
    words, photo = put(), put("holiday.exe", files.picture("PNG", (64, 48)))

    assert (words.kind, words.name, words.content_type, words.size) == ("file", "words.txt", "text/plain", 10)
    assert read(words) == b"some words"
    assert (photo.kind, photo.name, photo.content_type, photo.width, photo.height) == ("image", "holiday.png", "image/png", 64, 48)
    assert photo.size == len(read(photo))
    assert on_disk(media) == 3


def test_w6_nothing_is_stored_under_the_name_it_came_with(put: Put, media: Path) -> None:
    for name in ("../../evil.txt", "/etc/cron.d/evil", "evil\x00.txt", "e" * 300, "CON", "\u202eevil.exe", "🎉.png"):
        put(name)

    stored = [path.relative_to(media) for path in media.rglob("*") if path.is_file()]
    assert {str(path) for path in stored} == {f"attachments/{pk}" for pk in Attachment.objects.values_list("pk", flat=True)}


def test_w4_a_picture_that_is_none_is_a_file_like_any_other(put: Put) -> None:
    for name, content in files.HOSTILE.items():
        found = put(name, content)
        assert (found.kind, found.preview.name, read(found)) == ("file", "", content)


def test_limits_are_said_in_plain_words(put: Put, settings: LazySettings, bea: User, room: Room) -> None:
    settings.UPLOAD_MEGABYTES = 1
    with pytest.raises(BadInput, match=r"^The file “film\.mov” has 1\.5 MB; 1 MB is the most one file can have\.$"):
        put("film.mov", b"x" * 1_500_000)
    with pytest.raises(BadInput, match=r"^The file “void\.txt” is empty\. Choose another one\.$"):
        put("void.txt", b"")
    with pytest.raises(BadInput, match="has more than 25 million pixels"):
        put("bomb.png", files.huge_png(6000, 6000))
    with pytest.raises(BadInput, match=r"^A message carries at most 10 files, and these are 11"):
        upload_all(bea, room.pk, [files.named("x.txt", b"x")] * 11)
    assert not Attachment.objects.exists()


def test_nobody_fills_the_disk_with_what_is_never_sent(put: Put, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploading, "MOST_UNSENT", 2)
    put(), put()
    with pytest.raises(BadInput, match=r"^You have 2 files here that are not sent"):
        put()


def test_a_disk_that_is_full_is_said(put: Put, monkeypatch: pytest.MonkeyPatch) -> None:
    """I9, I10."""

    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(type(default_storage._wrapped), "_save", full)  # type: ignore[attr-defined]
    with pytest.raises(NoSpace, match="no space"):
        put()
    assert not Attachment.objects.exists()


def test_one_form_brings_all_its_files_or_none(bea: User, room: Room, media: Path, django_capture_on_commit_callbacks: Any) -> None:
    with django_capture_on_commit_callbacks(execute=True), pytest.raises(BadInput):
        upload_all(bea, room.pk, [files.named("a.txt", b"a"), files.named("b.txt", b"")])
    assert (Attachment.objects.count(), on_disk(media)) == (0, 0)


# Sending


def test_a_message_carries_them_and_needs_no_words_then(put: Put, bea: User, room: Room) -> None:
    words, photo = put(), put("a.png", files.picture())

    message = post(bea, room.pk, " \n", "c-1", attachments=[str(words.pk), str(photo.pk)]).message

    assert (message.body, message.html) == ("", "")
    assert [each["name"] for each in message_json(message)["attachments"]] == ["words.txt", "a.png"]
    html = message_html(Message.objects.get(pk=message.pk))
    assert f'href="/attachments/{words.pk}/words.txt" download' in html
    assert f'src="/attachments/{photo.pk}/preview/"' in html and 'alt="a.png"' in html


def test_the_list_of_rooms_names_the_files_of_a_message_without_words(put: Put, bea: User, room: Room, bea_client: Client) -> None:
    post(bea, room.pk, "", attachments=[put("a.txt").pk, put("b.txt").pk])
    assert "You: a.txt, b.txt" in bea_client.get(f"/rooms/{room.pk}/").content.decode()


def test_without_files_a_message_still_needs_words(bea: User, room: Room) -> None:
    with pytest.raises(BadInput, match="needs some text"):
        post(bea, room.pk, " ", attachments=[])


def test_p2_the_same_post_again_is_the_same_message_with_its_files(put: Put, bea: User, room: Room) -> None:
    words = put()
    first = post(bea, room.pk, "look", "c-1", attachments=[words.pk])
    again = post(bea, room.pk, "look", "c-1", attachments=[words.pk])
    assert (first.created, again.created, again.message) == (True, False, first.message)


def test_a_file_is_sent_once(put: Put, bea: User, room: Room) -> None:
    words = put()
    post(bea, room.pk, "look", "c-1", attachments=[words.pk])
    with pytest.raises(BadInput, match="not here any more"):
        post(bea, room.pk, "look again", "c-2", attachments=[words.pk])
    assert room.messages.count() == 1


def test_w11_nobody_sends_what_another_put_in_or_what_lies_in_another_room(
    put: Put, ada: User, bea: User, room: Room, direct: Room
) -> None:
    words = put()
    for by, place in ((ada, room), (bea, direct)):
        with pytest.raises(NotFound):
            post(by, place.pk, "mine now", attachments=[words.pk])
    assert Attachment.objects.get().message is None


def test_names_in_pages_are_inert(put: Put, bea: User, room: Room) -> None:
    """W1, W6."""
    evil = put('"><img src=x onerror=alert(1)>.txt')
    html = message_html(post(bea, room.pk, "", attachments=[evil.pk]).message)
    assert "<img" not in html and "onerror" in html


# Reading


def sent(put: Put, bea: User, room: Room, name: str = "words.txt", content: bytes = b"some words") -> Attachment:
    found = put(name, content)
    post(bea, room.pk, "look", attachments=[found.pk])
    return found


def test_w4_a_file_is_saved_and_never_opened(put: Put, bea: User, room: Room, ada_client: Client) -> None:
    for name, content in files.HOSTILE.items():
        found = sent(put, bea, room, name, content)
        answer = ada_client.get(f"/attachments/{found.pk}/{name}")
        assert answer.content == content
        assert answer["Content-Type"] == "application/octet-stream"
        assert answer["Content-Disposition"] == f'attachment; filename="{name}"'
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert answer["Content-Security-Policy"] == "default-src 'none'; style-src 'unsafe-inline'; sandbox"
        assert answer["Cross-Origin-Resource-Policy"] == "same-origin"
        assert answer["X-Frame-Options"] == "DENY"


def test_w4_a_picture_is_shown_as_we_made_it(put: Put, bea: User, room: Room, ada_client: Client) -> None:
    original = files.picture("JPEG") + files.HTML
    found = sent(put, bea, room, "photo.jpg", original)

    whole = ada_client.get(f"/attachments/{found.pk}/photo.jpg")
    small = ada_client.get(f"/attachments/{found.pk}/preview/")

    assert (whole["Content-Type"], small["Content-Type"]) == ("image/jpeg", "image/webp")
    for answer in (whole, small):
        assert answer["Content-Disposition"] == 'inline; filename="photo.jpg"'
        assert "sandbox" in answer["Content-Security-Policy"] and answer["X-Content-Type-Options"] == "nosniff"
        assert b"<html" not in answer.content


@pytest.mark.parametrize(
    ("name", "header"),
    [
        ("日本.txt", "attachment; filename*=utf-8''%E6%97%A5%E6%9C%AC.txt"),
        ('a"b.txt', 'attachment; filename="a_b.txt"'),
        ("x\r\nSet-Cookie: a=b.txt", 'attachment; filename="x Set-Cookie_ a=b.txt"'),
        ("🎉.txt", "attachment; filename*=utf-8''%F0%9F%8E%89.txt"),
    ],
)
def test_w6_the_header_names_the_file_and_says_nothing_else(
    put: Put, bea: User, room: Room, bea_client: Client, name: str, header: str
) -> None:
    found = sent(put, bea, room, name)
    answer = bea_client.get(f"/attachments/{found.pk}/anything")
    assert answer["Content-Disposition"] == header
    assert "Set-Cookie" not in answer.headers


def test_w11_a_stranger_gets_what_never_existed(put: Put, bea: User, room: Room, cyd_client: Client, client: Client) -> None:
    found = sent(put, bea, room, "a.png", files.picture())
    for path in (f"/attachments/{found.pk}/a.png", f"/attachments/{found.pk}/preview/"):
        there, never = cyd_client.get(path), cyd_client.get(path.replace(str(found.pk), NEVER))
        assert there.status_code == never.status_code == 404
        assert OF_THE_REQUEST.sub("", there.content.decode()) == OF_THE_REQUEST.sub("", never.content.decode())
        assert client.get(path).status_code == 302  # signed out: to the sign-in


def test_w11_who_has_left_reads_no_more(put: Put, bea: User, ada: User, room: Room, ada_client: Client) -> None:
    found = sent(put, bea, room)
    assert ada_client.get(f"/attachments/{found.pk}/x").status_code == 200
    room.remove(ada, ada)
    assert ada_client.get(f"/attachments/{found.pk}/x").status_code == 404


def test_what_is_not_sent_is_its_uploaders_alone(put: Put, ada_client: Client, bea_client: Client) -> None:
    found = put()
    assert ada_client.get(f"/attachments/{found.pk}/x").status_code == 404
    assert bea_client.get(f"/attachments/{found.pk}/x").status_code == 200


def test_a_file_has_no_preview(put: Put, bea: User, room: Room, bea_client: Client) -> None:
    assert bea_client.get(f"/attachments/{sent(put, bea, room).pk}/preview/").status_code == 404


def test_a_browser_asks_each_time_and_is_told_when_nothing_changed(put: Put, bea: User, room: Room, bea_client: Client) -> None:
    path = f"/attachments/{sent(put, bea, room).pk}/x"
    first = bea_client.get(path)
    assert first["Cache-Control"] == "private, no-cache"
    again = bea_client.get(path, headers={"if-none-match": first["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert bea_client.head(path)["Content-Length"] == "10"


# Going


def test_a_deleted_message_takes_its_files_along(
    put: Put, bea: User, room: Room, bea_client: Client, media: Path, django_capture_on_commit_callbacks: Any
) -> None:
    found = sent(put, bea, room, "a.png", files.picture())
    message = Message.objects.get()
    assert on_disk(media) == 2

    with django_capture_on_commit_callbacks(execute=True):
        message.retract(bea)

    assert (Attachment.objects.count(), on_disk(media)) == (0, 0)
    for path in (f"/attachments/{found.pk}/a.png", f"/attachments/{found.pk}/preview/"):
        assert bea_client.get(path).status_code == 404
    assert "attachments" not in message_html(Message.objects.get())
    assert message_json(Message.objects.get())["attachments"] == []


def test_a_copy_keeps_the_bytes_until_it_goes_too(
    put: Put, bea: User, room: Room, media: Path, django_capture_on_commit_callbacks: Any
) -> None:
    found = sent(put, bea, room)
    other = room.post(bea, "an alternative").message
    found.copied_to(other)

    with django_capture_on_commit_callbacks(execute=True):
        Message.objects.exclude(pk=other.pk).get().retract(bea)
    assert (Attachment.objects.count(), on_disk(media)) == (1, 1)

    with django_capture_on_commit_callbacks(execute=True):
        other.retract(bea)
    assert on_disk(media) == 0


def test_what_was_never_sent_is_swept_after_a_day(
    put: Put, bea: User, room: Room, media: Path, django_capture_on_commit_callbacks: Any
) -> None:
    old, fresh, kept = put(), put(), sent(put, bea, room)
    Attachment.objects.filter(pk__in=[old.pk, kept.pk]).update(created_at=timezone.now() - timedelta(days=2))

    with django_capture_on_commit_callbacks(execute=True):
        assert sweep() == 1

    assert set(Attachment.objects.all()) == {fresh, kept}
    assert on_disk(media) == 2


# Without script


def test_a_plain_form_posts_words_and_files_once(
    bea_client: Client, room: Room, media: Path, django_capture_on_commit_callbacks: Any
) -> None:
    for _ in range(2):
        form = {"body": "look", "client_id": "c-1", "files": [files.named("a.txt", b"a"), files.named("b.png", files.picture())]}
        with django_capture_on_commit_callbacks(execute=True):
            assert bea_client.post(f"/rooms/{room.pk}/messages/", form).status_code == 302

    message = Message.objects.get()
    assert [each.name for each in message.attachments.all()] == ["a.txt", "b.png"]
    assert (Attachment.objects.count(), on_disk(media)) == (2, 3)
    page = bea_client.get(f"/rooms/{room.pk}/").content.decode()
    assert page.count("/preview/") == 1 and "a.txt" in page


def test_a_plain_form_with_files_alone_is_a_message(bea_client: Client, room: Room) -> None:
    assert bea_client.post(f"/rooms/{room.pk}/messages/", {"body": "", "files": [files.named("a.txt", b"a")]}).status_code == 302
    assert Message.objects.get().body == ""


@pytest.mark.parametrize(
    ("body", "content", "words"),
    [
        ("look", b"", "is empty. Choose another one."),
        ("x" * 20_001, b"a", "20,000 is the most"),
        ("look", files.huge_png(6000, 6000), "zip"),
    ],
    ids=["an empty file", "too many words", "a bomb"],
)
def test_a_plain_form_that_cannot_be_taken_comes_back_and_leaves_nothing(
    bea_client: Client, room: Room, body: str, content: bytes, words: str
) -> None:
    answer = bea_client.post(f"/rooms/{room.pk}/messages/", {"body": body, "files": [files.named("a.png", content)]})
    assert answer.status_code == 422
    assert words in answer.content.decode() and body in answer.content.decode()
    assert not Attachment.objects.exists() and not Message.objects.exists()
