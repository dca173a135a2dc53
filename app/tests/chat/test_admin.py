"""The operator's pages of chat."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from chat.admin import Kept
from chat.models import Room


@pytest.mark.parametrize("model", ["room", "membership", "message", "roomevent"])
def test_every_model_of_chat_can_be_looked_at_and_searched(model: str, room: Room, bea: User, ada_client: Client) -> None:
    message = room.post(bea, "Hello").message
    row = {"room": room, "message": message, "membership": room.memberships.get(user=bea), "roomevent": room.events.get()}[model]

    assert ada_client.get(reverse(f"admin:chat_{model}_changelist")).status_code == 200
    assert ada_client.get(reverse(f"admin:chat_{model}_changelist") + "?q=bea").status_code == 200
    assert ada_client.get(reverse(f"admin:chat_{model}_change", args=[row.pk])).status_code == 200


def test_p3_what_seqs_rest_on_cannot_be_deleted_there(room: Room, bea: User, ada_client: Client) -> None:
    message = room.post(bea, "Hello").message
    assert ada_client.post(reverse("admin:chat_message_delete", args=[message.pk]), {"post": "yes"}).status_code == 403
    assert room.events.count() == 1


@pytest.mark.parametrize(("model", "form"), [("room", {"name": "Osaka"}), ("membership", {"role": "admin"})])
def test_p3_a_form_saved_there_undoes_nothing_that_came_since(
    model: str, form: dict[str, str], room: Room, bea: User, ada_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = {"room": Room.objects.get(pk=room.pk), "membership": room.memberships.get(user=bea)}[model]
    monkeypatch.setattr(Kept, "get_object", lambda *_: row)  # read before the next line, saved after it
    room.post(bea, "Hello")

    assert ada_client.post(reverse(f"admin:chat_{model}_change", args=[row.pk]), form).status_code == 302
    row.refresh_from_db()
    assert getattr(row, next(iter(form))) == next(iter(form.values()))
    assert room.memberships.get(user=bea).last_read == 1
    assert room.post(bea, "and again").message.position == 2
