"""The cast of all tests: Ada is the operator, Bea a member, Cyd an outsider, Echo a bot."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from accounts.models import ApiToken, User

PASSWORD = "correct horse battery staple"


@pytest.fixture
def ada(db: None) -> User:
    """The operator."""
    return User.objects.create_superuser("ada", "ada@example.com", PASSWORD, name="Ada")


@pytest.fixture
def bea(db: None) -> User:
    """A member."""
    return User.objects.create_user("bea", "bea@example.com", PASSWORD, name="Bea", timezone="Australia/Melbourne")


@pytest.fixture
def cyd(db: None) -> User:
    """An outsider: signed up, but in nobody's room."""
    return User.objects.create_user("cyd", "cyd@example.com", PASSWORD, name="Cyd")


@pytest.fixture
def echo(db: None) -> User:
    """A bot's user."""
    return User.objects.create_bot("echo", name="Echo")


@pytest.fixture
def client_of() -> Callable[[User], Client]:
    """A browser in which this user is signed in."""

    def make(user: User) -> Client:
        client = Client()
        client.force_login(user)
        return client

    return make


@pytest.fixture
def ada_client(ada: User, client_of: Callable[[User], Client]) -> Client:
    return client_of(ada)


@pytest.fixture
def bea_client(bea: User, client_of: Callable[[User], Client]) -> Client:
    return client_of(bea)


@pytest.fixture
def cyd_client(cyd: User, client_of: Callable[[User], Client]) -> Client:
    return client_of(cyd)


@pytest.fixture
def token_of() -> Callable[..., str]:
    """A fresh API token of this user: its text."""

    def make(user: User, *scopes: str) -> str:
        return ApiToken.objects.make(user, "test", list(scopes) or ["chat"])[1]

    return make
