from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models, transaction
from django.utils import timezone

from accounts.signals import access_revoked

if TYPE_CHECKING:
    from accounts.models.user import User

CHAT = "chat"
BOTS = "bots"
WORKSHOP = "workshop"
SCOPES = {
    CHAT: "Read and write in your rooms as you",
    BOTS: "Register bots and answer for them, nothing else",
    WORKSHOP: "Read runs of your rooms, propose changes of bots and run their cases, nothing else",
}
TEXT = re.compile(r"parley_([a-z0-9]{8,16})_([A-Za-z0-9_-]{32,128})")


def new_text() -> str:
    """A token's text: `parley_<prefix>_<secret>`, the secret of 256 random bits."""
    return f"parley_{secrets.token_hex(6)}_{secrets.token_urlsafe(32)}"


def prefix_of(text: str) -> str | None:
    """The part of a token that may be shown, or nothing when this is no token of ours."""
    match = TEXT.fullmatch(text)
    return match[1] if match else None


def hash_of(text: str) -> str:
    # One round of SHA-256 is enough: the secret has 256 random bits, so there is nothing to guess.
    return hashlib.sha256(text.encode()).hexdigest()


class ApiTokens(models.Manager["ApiToken"]):
    def make(self, user: User, name: str, scopes: list[str], text: str | None = None) -> tuple[ApiToken, str]:
        """A new token and its text, which is nowhere else and cannot be shown again."""
        text = text or new_text()
        prefix = prefix_of(text)
        unknown = set(scopes) - set(SCOPES)
        if prefix is None:
            raise ValueError("A token looks like parley_<prefix>_<secret>; the secret has at least 32 characters.")
        if unknown or not scopes:
            raise ValueError(f"A token's scopes are {', '.join(SCOPES)}; not {', '.join(sorted(unknown)) or 'none'}.")
        token = self.create(user=user, name=name, scopes=scopes, prefix=prefix, hash=hash_of(text))
        return token, text

    def find(self, text: str) -> ApiToken | None:
        """The live token with this text."""
        prefix = prefix_of(text)
        if prefix is None:
            return None
        try:  # `get`, not `first`: on the way of every request, and to sort one row costs more than to read it
            token = self.select_related("user").get(prefix=prefix, revoked_at=None, user__is_active=True)
        except ApiToken.DoesNotExist:
            return None
        return token if hmac.compare_digest(token.hash, hash_of(text)) else None


class ApiToken(models.Model):
    """What a program shows instead of a session."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="tokens")
    name = models.CharField(max_length=80)
    prefix = models.CharField(max_length=16, unique=True, editable=False)
    hash = models.CharField(max_length=64, editable=False)
    scopes = models.JSONField(default=list)
    created_at = models.DateTimeField(auto_now_add=True)
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)
    revoked_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = ApiTokens()

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"{self.name} (parley_{self.prefix}_…)"

    def allows(self, scope: str) -> bool:
        return scope in self.scopes

    def touch(self) -> None:
        """Remember the use, at most once a minute: a write for every request would cost more than the request."""
        now = timezone.now()
        if self.last_used_at is None or now - self.last_used_at > timedelta(minutes=1):
            type(self).objects.filter(pk=self.pk).update(last_used_at=now)
            self.last_used_at = now

    def revoke(self) -> None:
        """End it now, and the sockets that rest on it."""
        if self.revoked_at is None:
            self.revoked_at = timezone.now()
            self.save(update_fields=["revoked_at"])
            transaction.on_commit(lambda: access_revoked.send(ApiToken, user=self.user, token_id=self.pk))
