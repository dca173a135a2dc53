"""Rooms in Django's admin: to look at, mostly. Rows that events rest on cannot be deleted there: seqs are gapless."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Model
from django.forms import ModelForm
from django.http import HttpRequest

from chat.models import Membership, Message, Room, RoomEvent


class Kept(admin.ModelAdmin):  # type: ignore[type-arg]  # not subscriptable when it runs
    """No adding and no deleting: both go through the room, which tells its members."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Model, form: ModelForm[Model], change: bool) -> None:
        # Not the whole row: a seq or a place read up to, as it was when the form was read, would undo what came since.
        obj.save(update_fields=form.changed_data)


@admin.register(Room)
class RoomAdmin(Kept):
    list_display = ["id", "kind", "name", "created_by", "seq", "created_at", "removed_at"]
    list_filter = ["kind"]
    search_fields = ["name", "memberships__user__username"]
    readonly_fields = ["kind", "created_by", "seq", "direct_key", "created_at", "removed_at"]


@admin.register(Membership)
class MembershipAdmin(Kept):
    list_display = ["room", "user", "role", "last_read", "joined_at"]
    list_filter = ["role"]
    list_select_related = ["room", "user"]
    search_fields = ["user__username", "room__name"]
    readonly_fields = ["room", "user", "last_read", "joined_at"]


@admin.register(Message)
class MessageAdmin(Kept):
    list_display = ["room", "position", "author", "kind", "created_at", "edited_at", "deleted_at"]
    list_filter = ["kind"]
    list_select_related = ["room", "author"]
    search_fields = ["author__username", "body"]
    readonly_fields = [
        "room",
        "author",
        "body",
        "html",
        "position",
        "client_id",
        "reply_to",
        "kind",
        "created_at",
        "edited_at",
        "deleted_at",
        "metadata",
    ]


@admin.register(RoomEvent)
class RoomEventAdmin(Kept):
    list_display = ["room", "seq", "kind", "created_at"]
    list_filter = ["kind"]
    list_select_related = ["room"]
    readonly_fields = ["room", "seq", "kind", "message", "data", "created_at"]
