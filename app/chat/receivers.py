"""What the chat hears from accounts, and of its own rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models.signals import post_delete
from django.dispatch import receiver

from accounts.signals import access_revoked
from chat import broadcasts
from chat.models.attachment import Attachment, forget_files

if TYPE_CHECKING:
    from accounts.models import User


@receiver(access_revoked)
def close_sockets(user: User, session_key: str | None = None, token_id: int | None = None, **_: Any) -> None:
    """Signed out, password changed, token revoked: the sockets that rest on it close."""
    broadcasts.revoke(user.pk, session_key, token_id)


@receiver(post_delete, sender=Attachment)
def delete_files(instance: Attachment, **_: Any) -> None:
    """However the row went: taken back, never sent, or with its room."""
    forget_files(instance)
