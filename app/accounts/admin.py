from __future__ import annotations

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts.models import ApiToken, Invitation, User


@admin.register(User)
class PeopleAdmin(UserAdmin):  # type: ignore[type-arg]  # Django's own is not generic at run time
    list_display = ["username", "name", "email", "is_bot", "is_active", "is_staff", "last_login"]
    list_filter = ["is_bot", "is_active", "is_staff", "is_superuser", "groups"]
    search_fields = ["username", "name", "email"]
    readonly_fields = ["is_bot", "last_login", "date_joined"]
    fieldsets = [
        (None, {"fields": ["username", "password"]}),
        ("Person", {"fields": ["name", "email", "timezone", "is_bot"]}),
        ("Permissions", {"fields": ["is_active", "is_staff", "is_superuser", "groups", "user_permissions"]}),
        ("Dates", {"fields": ["last_login", "date_joined"]}),
    ]
    add_fieldsets = [(None, {"classes": ["wide"], "fields": ["username", "email", "usable_password", "password1", "password2"]})]


@admin.register(ApiToken)
class ApiTokenAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Tokens can be seen and revoked here; their owners make them, so nobody else ever sees one."""

    list_display = ["name", "user", "prefix", "scopes", "created_at", "last_used_at", "revoked_at"]
    list_select_related = ["user"]
    search_fields = ["name", "user__username", "prefix"]
    fields = ("name", "user", "prefix", "scopes", "created_at", "last_used_at", "revoked_at")
    readonly_fields = fields
    actions = ["revoke"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    @admin.action(description="Revoke")
    def revoke(self, request: HttpRequest, tokens: QuerySet[ApiToken]) -> None:
        for token in tokens:
            token.revoke()


@admin.register(Invitation)
class InvitationAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Links are made on the page for it: only there the link can be shown."""

    list_display = ["created_at", "created_by", "expires_at", "used_by", "used_at"]
    list_select_related = ["created_by", "used_by"]
    readonly_fields = ("created_at", "created_by", "used_by", "used_at")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False
