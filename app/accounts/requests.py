from django.http import HttpRequest

from accounts.models import User


class SignedIn(HttpRequest):
    """For the types only: a request that `login_required` has let through."""

    user: User
