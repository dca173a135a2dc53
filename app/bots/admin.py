"""Bots and runs in Django's admin: to look at. Registrations and runs alone write them, so that rooms hear of every change."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from bots.models import Bot, BotVersion, Run, RunStep


class Seen(admin.ModelAdmin):  # type: ignore[type-arg]  # not subscriptable when it runs
    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Bot)
class BotAdmin(Seen):
    list_display = ["user", "owner", "status", "reason", "live", "seen_at"]
    list_filter = ["status"]
    list_select_related = ["user", "owner", "live__bot__user"]
    search_fields = ["user__username", "user__name"]


@admin.register(BotVersion)
class BotVersionAdmin(Seen):
    list_display = ["bot", "number", "source", "created_by", "created_at"]
    list_select_related = ["bot__user", "created_by"]
    search_fields = ["bot__user__username"]


@admin.register(Run)
class RunAdmin(Seen):
    list_display = ["id", "bot", "room", "asker", "state", "outcome", "reason", "attempt", "tries", "created_at"]
    list_filter = ["state", "outcome", "reason"]
    list_select_related = ["bot__user", "room", "asker"]
    search_fields = ["=id", "bot__user__username", "asker__username"]


@admin.register(RunStep)
class RunStepAdmin(Seen):
    list_display = ["run", "index", "name", "state", "attempt", "summary", "ms"]
    list_filter = ["state", "name"]
    list_select_related = ["run__bot__user"]
    search_fields = ["=run__id"]
