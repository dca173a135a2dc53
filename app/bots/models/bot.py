from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import models
from django.db.models import Q

if TYPE_CHECKING:
    from accounts.models import User
    from bots.models.version import BotVersion

ON = "on"
OFF = "off"
ALWAYS = "always"
MENTIONED = "mentioned"
CONTEXT = 16
CONTEXT_LIMIT = 200


class Bot(models.Model):
    """What the chat knows of a bot: whose it is, where its deliveries go, and what its file says of it."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="bot")
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="bots")
    endpoint = models.CharField(max_length=500)
    secret = models.CharField(max_length=128, editable=False)
    persona: models.JSONField[Any, Any] = models.JSONField(default=dict, blank=True)
    attend: models.JSONField[Any, Any] = models.JSONField(default=dict, blank=True)
    steps: models.JSONField[Any, Any] = models.JSONField(default=list, blank=True)
    permissions: models.JSONField[Any, Any] = models.JSONField(default=dict, blank=True)
    budget: models.JSONField[Any, Any] = models.JSONField(default=dict, blank=True, help_text="tokens_per_day, tokens_per_person.")
    commands: models.JSONField[Any, Any] = models.JSONField(default=list, blank=True, help_text="Its own: name, about.")
    callees: models.JSONField[Any, Any] = models.JSONField(default=list, blank=True, help_text="The bots it may hand work to, by name.")
    picture = models.FileField(upload_to="bots", blank=True, help_text="Its avatar, made safe.")
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="written_bots",
        help_text="Who wrote it in the browser; may edit it like its owner.",
    )  # fmt: skip
    status = models.CharField(max_length=3, choices=[(ON, "on"), (OFF, "off")], default=ON)
    reason = models.TextField(blank=True, help_text="Why it is off, in plain words.")
    held_back = models.TextField(blank=True, help_text="Why its newest file is not live, in plain words.")
    live: models.ForeignKey[BotVersion | None, BotVersion | None] = models.ForeignKey(
        "bots.BotVersion", on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    seen_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        ordering = ["user__username"]

    def __str__(self) -> str:
        return self.user.username

    @property
    def name(self) -> str:
        return self.user.username

    @property
    def title(self) -> str:
        return self.persona.get("title") or self.user.label

    @property
    def is_on(self) -> bool:
        return self.status == ON

    @property
    def context(self) -> int:
        """How many messages it is shown."""
        return max(1, min(int(self.attend.get("context") or CONTEXT), CONTEXT_LIMIT))

    @property
    def settle(self) -> float:
        """How many seconds it lets somebody finish writing before it answers."""
        return max(0.0, float(self.attend.get("settle") or 0))

    @property
    def why_off(self) -> str:
        """What it says of itself while it is off."""
        because = f": {self.reason.rstrip('.')}" if self.reason else ""
        return f"I am switched off at the moment{because}."

    def permits(self, user: User) -> bool:
        """Whether this user may talk to the bot."""
        lists = self._permitted()
        return lists is None or type(user).objects.filter(lists, pk=user.pk).exists()

    def permitted_authors(self) -> Q | None:
        """The users whose messages the bot may be shown: those who may talk to it, and itself. None means everybody."""
        lists = self._permitted()
        return None if lists is None else lists | Q(pk=self.user_id)

    def is_admin(self, user: User) -> bool:
        """The operator's superusers, its owner, and whom its file names under `attend.admins`."""
        return bool(user.is_superuser or user.pk == self.owner_id or user.username in self.attend.get("admins", []))

    def may_be_edited_by(self, user: User) -> bool:
        """The operator's superusers, its owner, and who wrote it in the browser. Whom `attend.admins` names may stop it, not change it."""
        return bool(user.is_superuser or user.pk in (self.owner_id, self.author_id))

    def _permitted(self) -> Q | None:
        """Blacklists always win. Without a whitelist everybody else may; with one, only whom a whitelist names. Roles are groups."""
        users, roles = self.attend.get("users") or {}, self.attend.get("roles") or {}
        white_users, white_roles = users.get("whitelist") or [], roles.get("whitelist") or []
        black_users, black_roles = users.get("blacklist") or [], roles.get("blacklist") or []
        if not (white_users or white_roles or black_users or black_roles):
            return None
        allowed = Q()
        if white_users or white_roles:
            allowed = Q(username__in=white_users) | _in_groups(white_roles)
        return allowed & ~Q(username__in=black_users) & ~_in_groups(black_roles)


def _in_groups(names: list[str]) -> Q:
    # A subquery, not a join: a user in two of the groups is still one user.
    user = get_user_model()
    return Q(pk__in=user.groups.through.objects.filter(group__name__in=names).values("user_id"))
