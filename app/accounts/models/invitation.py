from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.utils import timezone

if TYPE_CHECKING:
    from accounts.models.user import User

LIFE = timedelta(days=7)


def in_seven_days() -> datetime:
    return timezone.now() + LIFE


def hash_of(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


class Invitations(models.Manager["Invitation"]):
    def make(self, by: User | None) -> tuple[Invitation, str]:
        """A new invitation and the text of its link, which is not stored."""
        text = secrets.token_urlsafe(24)
        return self.create(created_by=by, token_hash=hash_of(text)), text

    def find(self, text: str) -> Invitation | None:
        """The invitation with this text that can still be used."""
        return self.filter(token_hash=hash_of(text), used_at=None, expires_at__gt=timezone.now()).first()

    def use(self, text: str, user: User) -> bool:
        """Use it up for this user; false when it cannot be used (any more). Of two at the same moment one gets it."""
        usable = self.filter(token_hash=hash_of(text), used_at=None, expires_at__gt=timezone.now())
        return usable.update(used_by=user, used_at=timezone.now()) == 1


class Invitation(models.Model):
    """A link that lets one person sign up."""

    token_hash = models.CharField(max_length=64, unique=True, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, editable=False, related_name="invitations"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(default=in_seven_days)
    used_by = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, editable=False, related_name="invitation"
    )
    used_at = models.DateTimeField(null=True, editable=False)

    objects = Invitations()

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"invitation of {self.created_at:%Y-%m-%d}"

    @property
    def usable(self) -> bool:
        return self.used_at is None and self.expires_at > timezone.now()
