from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.models import ApiToken, User
from accounts.models.token import BOTS, prefix_of


class Command(BaseCommand):
    help = "Make the token with which a bot server registers its bots. With DJANGO_SUPERUSER_TOKEN set, that value becomes the token."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username", nargs="?", help="a superuser; default: DJANGO_SUPERUSER_USERNAME, else the first superuser")

    def handle(self, *args: Any, **options: Any) -> None:
        user = self._superuser(options["username"] or settings.DJANGO_SUPERUSER_USERNAME)
        given = settings.DJANGO_SUPERUSER_TOKEN
        if not given:
            self.stdout.write(ApiToken.objects.make(user, "bot server", [BOTS])[1])
        elif (prefix := prefix_of(given)) is None:
            raise CommandError("DJANGO_SUPERUSER_TOKEN must look like parley_<prefix>_<secret>, the secret at least 32 characters long.")
        elif (known := ApiToken.objects.find(given)) is not None:
            self._must_fit(known, user)
        else:
            # The same prefix with another secret, or revoked: this value is the operator's will now.
            ApiToken.objects.filter(prefix=prefix).delete()
            ApiToken.objects.make(user, "bot server", [BOTS], text=given)

    def _must_fit(self, known: ApiToken, user: User) -> None:
        if known.user_id != user.pk or known.scopes != [BOTS]:
            raise CommandError(
                f"DJANGO_SUPERUSER_TOKEN is known already, as a token of {known.user.username} with the scopes {', '.join(known.scopes)}; "
                f"it should be one of {user.username} with the scope {BOTS} alone. Take another value, or revoke that token first."
            )

    def _superuser(self, username: str) -> User:
        superusers = User.objects.filter(is_superuser=True, is_active=True).order_by("pk")
        user = superusers.filter(username=username.lower()).first() if username else superusers.first()
        if user is None:
            who = f"No superuser is called {username!r}." if username else "There is no superuser."
            raise CommandError(f"{who} Make one with ./go manage createsuperuser.")
        return user
