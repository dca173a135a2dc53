from __future__ import annotations

from collections.abc import Collection
from typing import Any, ClassVar, Self

from django.contrib.auth.models import AbstractUser, UserManager
from django.db import models, transaction

from accounts.names import check_shape
from accounts.signals import access_revoked


class Users(UserManager["User"]):
    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(username=(username or "").lower())

    def _lower(self, username: str) -> str:
        return username.strip().lower()

    def create_user(self, username: str, email: str | None = None, password: str | None = None, **extra: Any) -> User:
        return super().create_user(self._lower(username), email, password, **extra)

    def create_superuser(self, username: str, email: str | None = None, password: str | None = None, **extra: Any) -> User:
        return super().create_superuser(self._lower(username), email, password, **extra)

    def create_bot(self, username: str, name: str = "") -> User:
        """A user that posts but cannot sign in: it has no usable password and no e-mail address."""
        return self.create_user(username, None, None, name=name, is_bot=True)


class User(AbstractUser):
    """A person or a bot."""

    username = models.CharField(
        max_length=41,
        unique=True,
        validators=[check_shape],
        help_text="2 to 41 small letters, digits and hyphens, a letter first.",
        error_messages={"unique": "Somebody has this username already."},
    )
    name = models.CharField(max_length=80, blank=True, help_text="How others see you. Empty means your username.")
    is_bot = models.BooleanField(default=False, editable=False)
    picture = models.CharField(
        max_length=200, blank=True, editable=False, help_text="The path of their picture; without one, initials stand for them."
    )
    timezone = models.CharField("time zone", max_length=64, default="UTC")
    first_name = None  # type: ignore[assignment]  # one name serves every culture
    last_name = None  # type: ignore[assignment]

    objects: ClassVar[Users] = Users()
    _was_active = False

    class Meta:
        ordering = ["username"]
        constraints = [models.CheckConstraint(condition=models.Q(username__regex=r"^[a-z][a-z0-9-]{1,40}$"), name="username_shape")]

    def __str__(self) -> str:
        return self.username

    @classmethod
    def from_db(cls, db: str | None, field_names: Collection[str], values: Collection[Any], **more: Any) -> Self:
        user = super().from_db(db, field_names, values, **more)
        user._was_active = "is_active" in field_names and user.is_active
        return user

    def save(self, *args: Any, **kwargs: Any) -> None:
        """A new password or a deactivation ends all access that rests on the old state, open sockets too."""
        ended = self.pk is not None and (getattr(self, "_password", None) is not None or (self._was_active and not self.is_active))
        super().save(*args, **kwargs)
        self._was_active = self.is_active
        if ended:
            transaction.on_commit(lambda: access_revoked.send(User, user=self))

    @property
    def label(self) -> str:
        """What pages call this user."""
        return self.name or self.username

    def get_full_name(self) -> str:
        return self.label

    def get_short_name(self) -> str:
        return self.label
